#include "libs/runtime/run.h"

#include <signal.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/runtime/system_clock.h"

namespace gannet::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Script {
  std::string name;
  bool starts = true;
  enum class End { kAtOnce, kLater, kNever } end = End::kAtOnce;
};

struct Host {
  SystemClock clock;
  AsioExecutor executor{clock};
  HealthBoard health;
  std::string trace;
  telemetry::Log log{"test", telemetry::Level::kInfo, clock,
                     [this](std::string_view line) { lines += std::string(line) + "\n"; }};
  std::string lines;
  Runner runner{executor,
                health,
                log,
                {.service_drain_limit = milliseconds(30),
                 .drain_limit = seconds(60),
                 .finish_limit = milliseconds(30)}};

  class Scripted : public Service {
   public:
    Scripted(Host& host, Script script) : host_(host), script_(std::move(script)) {}
    ~Scripted() override { host_.trace += "~" + script_.name + " "; }
    std::string_view name() const override { return script_.name; }
    absl::Status Start() override {
      host_.trace += "+" + script_.name + " ";
      return script_.starts ? absl::OkStatus() : absl::UnavailableError("no port; choose another");
    }
    void Drain(std::function<void()> done) override {
      host_.trace +=
          "-" + script_.name +
          (host_.health.Overall().state == HealthState::kNotServing ? " " : "(healthy?) ");
      if (script_.end == Script::End::kAtOnce) done();
      if (script_.end == Script::End::kLater) host_.executor.After(milliseconds(1), done);
      if (script_.end == Script::End::kNever) kept_ = std::move(done);
    }
    runtime::Health health() const override { return {HealthState::kServing, {}}; }

   private:
    Host& host_;
    const Script script_;
    std::function<void()> kept_;
  };

  int Run(const std::vector<Script>& scripts, absl::Status end = absl::OkStatus(),
          bool finishes = true) {
    std::vector<std::unique_ptr<Service>> services;
    for (const Script& script : scripts) {
      services.push_back(std::make_unique<Scripted>(*this, script));
      health.Add(script.name, [raw = services.back().get()] { return raw->health(); });
    }
    return runner.Run(services, [&, end](Runner::Done done) {
      trace += "finish ";
      if (finishes) done(end);
    });
  }
};

using End = Script::End;

TEST_CASE("Run starts in order and drains in reverse, health first, journal last") {
  Host host;
  host.executor.After(milliseconds(2), [&] {
    CHECK(host.health.Overall().state == HealthState::kServing);
    host.runner.Stop("test");
    host.runner.Stop("twice is once");
  });
  CHECK(host.Run({{"a"}, {"b", true, End::kLater}, {"c"}}) == kExitClean);
  CHECK(host.trace == "+a +b +c -c -b -a finish ~a ~b ~c ");
  CHECK(host.lines.find(R"("event":"draining","reason":"test")") != std::string::npos);
  CHECK(host.lines.find("twice") == std::string::npos);
}

TEST_CASE("Run drains on SIGTERM and on SIGINT, and ignores SIGPIPE") {
  for (const int signal : {SIGTERM, SIGINT}) {
    Host host;
    host.executor.Post([] { ::raise(SIGPIPE); });
    host.executor.After(milliseconds(2), [signal] { ::raise(signal); });
    CHECK(host.Run({{"a"}}) == kExitClean);
    CHECK(host.trace == "+a -a finish ~a ");
    CHECK(host.lines.find(signal == SIGTERM ? "SIGTERM" : "SIGINT") != std::string::npos);
  }
}

TEST_CASE("Run heeds a signal that came before it") {
  Host host;
  ::raise(SIGTERM);
  CHECK(host.Run({{"a"}}) == kExitClean);
  CHECK(host.trace == "+a -a finish ~a ");
}

TEST_CASE(
    "Run cuts a drain that does not end, goes on with the rest, and says so by its exit code") {
  Host host;
  host.executor.Post([&] { host.runner.Stop("test"); });
  CHECK(host.Run({{"a"}, {"b", true, End::kNever}, {"c", true, End::kLater}}) == kExitNotClean);
  CHECK(host.trace == "+a +b +c -c -b -a finish ~a ~b ~c ");
  CHECK(host.lines.find(R"("event":"drain_cut_short","name":"b")") != std::string::npos);
}

TEST_CASE("Run drains what had started when a service does not start") {
  Host host;
  CHECK(host.Run({{"a"}, {"b", false}, {"c"}}) == kExitNotStarted);
  CHECK(host.trace == "+a +b -a finish ~a ~b ~c ");
  CHECK(host.lines.find("no port; choose another") != std::string::npos);
}

TEST_CASE("Run reports a journal that does not close") {
  SECTION("it fails") {
    Host host;
    host.executor.Post([&] { host.runner.Stop("test"); });
    CHECK(host.Run({}, absl::UnavailableError("disk gone")) == kExitNotClean);
    CHECK(host.lines.find("disk gone") != std::string::npos);
  }
  SECTION("it hangs") {
    Host host;
    host.executor.Post([&] { host.runner.Stop("test"); });
    CHECK(host.Run({}, absl::OkStatus(), false) == kExitNotClean);
  }
}

TEST_CASE("HealthBoard gives the worst of all with its reasons") {
  HealthBoard board;
  CHECK(board.Overall().state == HealthState::kNotServing);
  board.Add("a", [] { return Health{HealthState::kServing, {}}; });
  CHECK(board.Overall().state == HealthState::kServing);
  board.Add("b", [] { return Health{HealthState::kDegraded, {"feed stale; see /v1/state"}}; });
  CHECK(board.Overall().state == HealthState::kDegraded);
  CHECK(board.Overall().reasons == std::vector<std::string>{"b: feed stale; see /v1/state"});
  board.SetDraining();
  CHECK(board.Overall().state == HealthState::kNotServing);
  REQUIRE(board.Each().size() == 2);
  CHECK(board.Each()[0].second.state == HealthState::kNotServing);
}

}  // namespace
}  // namespace gannet::runtime
