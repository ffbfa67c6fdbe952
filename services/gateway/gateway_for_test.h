// A gateway on a simulated network and virtual time, and a client that signs in.
// Tests only.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/access_topic.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/net/sim_network.h"
#include "libs/runtime/shard.h"
#include "services/gateway/app.h"
#include "services/gateway/commands.h"

namespace gannet::gateway {

inline constexpr PasswordCost kCheap{.operations = 1, .memory_bytes = 8192};

// Records what is asked for; carries out kills by telling the bus.
class FakeCommands : public Commands {
 public:
  explicit FakeCommands(base::Executor& executor) : executor_(executor) {}
  void Submit(market::Command command, SubmitOptions, Done done) override {
    asked.push_back(std::move(command));
    executor_.Post([this, done = std::move(done)] { done(outcome); });
  }
  void Record(command::AccessNote note) override {
    market::Event<wire::EngineNote> event;
    event.header.id = {9, ++noted};
    event.header.event_time = base::FromUnixMillis(1'000'000 + static_cast<int64_t>(noted));
    event.value = command::ToNote(note);
    record.Apply(event);
    if (bus != nullptr)
      (void)bus->Publish(bus::kAccess,
                         std::make_shared<const market::Event<wire::EngineNote>>(event));
  }
  bus::Bus* bus = nullptr;  // where notes are told, too
  const command::AuditRecord* audit() override { return &record; }
  command::AuditRecord record{true};
  uint64_t noted = 0;
  std::vector<market::Command> asked;
  absl::StatusOr<CommandResult> outcome = CommandResult{.reached = Progress::kApplied};

 private:
  base::Executor& executor_;
};

// A Redis that is away: each call fails, some time later.
class AwayRedis : public net::Redis {
 public:
  explicit AwayRedis(base::Executor& executor) : executor_(executor) {}
  void Call(std::vector<std::string>, Done done) override {
    ++stats_.failed;
    executor_.After(std::chrono::milliseconds(20),
                    [done = std::move(done)] { done(absl::UnavailableError("it is away")); });
  }
  absl::Status health() const override { return absl::UnavailableError("it is away"); }
  const net::RedisStats& stats() const override { return stats_; }

 private:
  base::Executor& executor_;
  net::RedisStats stats_;
};

struct GatewayFixture {
  explicit GatewayFixture(GatewayConfig given = {}) : config(std::move(given)) {
    config.password_cost = kCheap;
    Build();
  }

  void Build() {
    service = BuildGateway(
        config, deps,
        {.platform_health = [this] { return health; },
         .commands = [this] { return &commands; },
         .mode = "test",
         .build_id = "test",
         .first_password = [this](const std::string&, const std::string& text) { password = text; },
         .standing = [this] { return standing; },
         .portfolio_risk = [] { return std::string(R"({"state":"waiting"})"); },
         .make_report =
             [this](const ReportAsk& ask) {
               report_asks.push_back(ask);
               return report;
             },
         .reports = reports,
         .redis = redis_away ? std::make_unique<AwayRedis>(executor) : nullptr});
  }

  net::HttpResponse Send(net::HttpRequest request, const std::string& host = "127.0.0.1") {
    const auto result = std::make_shared<net::HttpResult>();  // a late answer outlives this call
    const std::string url = "http://" + host + ":" + std::to_string(service->port());
    network.Http(net::Url::Parse(url).value(), std::move(request), {},
                 [result](net::HttpResult r) { *result = std::move(r); });
    executor.RunFor(std::chrono::milliseconds(500));
    if (!result->status.ok()) return {};
    return result->response;
  }
  // As somebody signed in, when `cookie` is set.
  net::HttpResponse Call(const std::string& method, const std::string& target,
                         const std::string& body = "") {
    net::HttpRequest request{method, target, {}, body};
    if (!cookie.empty()) request.headers.emplace_back("Cookie", "gannet_session=" + cookie);
    if (!csrf.empty()) request.headers.emplace_back("X-CSRF-Token", csrf);
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    return Send(std::move(request));
  }
  net::HttpResponse SignIn(const std::string& user, const std::string& secret) {
    cookie.clear();
    csrf.clear();
    net::HttpResponse response = Call("POST", "/api/v1/session",
                                      nlohmann::json{{"user", user}, {"password", secret}}.dump());
    if (response.status != 200) return response;
    const std::string text(net::FindHeader(response.headers, "set-cookie"));
    cookie = text.substr(text.find('=') + 1);
    cookie.resize(cookie.find(';'));
    csrf = nlohmann::json::parse(response.body).at("csrf");
    return response;
  }
  // Somebody of that role, signed in.
  void SignInAs(Role role) {
    const std::string name = std::string("some-") + Name(role);
    Users users(files, Users::PathIn("data"));
    if (users.Load().ok() && users.Find(name) == nullptr) {
      const auto added =
          users.Add(name, role, HashPassword("correct horse", kCheap).value(), executor.Now());
      if (!added.ok()) return;
    }
    executor.RunFor(std::chrono::minutes(5));  // sign-ins are limited
    SignIn(name, "correct horse");
  }
  template <class T>
  bool Publish(const bus::Topic<T>& topic, T value) {
    auto event = std::make_shared<market::Event<T>>();
    event->header.id = {7, ++published};
    event->header.event_time = event->header.receive_time = event->header.publish_time =
        executor.Now();
    event->value = std::move(value);
    return bus.Publish(topic, std::shared_ptr<const market::Event<T>>(event)).ok();
  }

  GatewayConfig config;
  base::VirtualExecutor executor{base::FromUnixMillis(1'000'000)};
  base::SimFiles files;
  net::SimNetwork network{executor, executor, base::Rng(1)};
  bus::MemoryBus bus{executor};
  runtime::Shard shard{{}, executor, executor, nullptr, &bus};
  telemetry::Log log{"test", telemetry::Level::kError, executor, [](std::string_view) {}};
  runtime::Deps deps{shard, bus,     executor, executor,     executor,
                     files, network, log,      base::Rng(1), "data"};
  runtime::Health health{runtime::HealthState::kServing, {}};
  FakeCommands commands{executor};
  absl::StatusOr<std::string> report = std::string("%PDF");
  std::vector<ReportAsk> report_asks;
  market::Standing standing;          // at the next start
  base::Executor* reports = nullptr;  // where they are made, from the next Build on
  bool redis_away = false;            // from the next Build on
  std::string password, cookie, csrf;
  uint64_t published = 0;
  std::unique_ptr<GatewayService> service;
};

}  // namespace gannet::gateway
