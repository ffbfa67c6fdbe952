#include "services/gateway/gateway_service.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/net/beast_network.h"
#include "libs/net/sim_network.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"
#include "services/gateway/app.h"

namespace gannet::gateway {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000'000)};
  base::SimFiles files;
  net::SimNetwork network{executor, executor, base::Rng(1)};
  bus::MemoryBus bus{executor};
  runtime::Shard shard{{}, executor, executor, nullptr, &bus};
  telemetry::Log log{"test", telemetry::Level::kError, executor, [](std::string_view) {}};
  runtime::Deps deps{shard, bus,     executor, executor,     executor,
                     files, network, log,      base::Rng(1), "data"};
  runtime::Health health{runtime::HealthState::kServing, {}};
  std::unique_ptr<GatewayService> service = BuildGateway({}, deps, [this] { return health; });

  net::HttpResponse Get(std::string method, std::string target,
                        const std::string& host = "127.0.0.1") {
    net::HttpResult result;
    net::HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    const std::string url = "http://" + host + ":" + std::to_string(service->port());
    network.Http(net::Url::Parse(url).value(), request, {},
                 [&](net::HttpResult r) { result = std::move(r); });
    executor.RunFor(1s);
    REQUIRE(result.status.ok());
    return result.response;
  }
};

TEST_CASE("Gateway shows what the bus brought, before and after it began to listen") {
  Fixture f;
  auto event = std::make_shared<market::Event<market::NewsSignal>>();
  event->value.title = "Exchange halts withdrawals";
  REQUIRE(f.bus
              .Publish(bus::kNewsSignals,
                       std::shared_ptr<const market::Event<market::NewsSignal>>(event))
              .ok());
  REQUIRE(f.service->Start().ok());
  const net::HttpResponse response = f.Get("GET", "/v1/state?pretty=1");
  CHECK(response.status == 200);
  const auto json = nlohmann::json::parse(response.body);
  CHECK(json.at("signals").at(0).at("title") == "Exchange halts withdrawals");
  CHECK(json.at("as_of").get<std::string>().ends_with("Z"));
  for (const char* part : {"markets", "signals", "orders", "fills", "positions"}) {
    const net::HttpResponse one = f.Get("GET", std::string("/v1/") + part);
    CHECK(one.status == 200);
    CHECK(nlohmann::json::parse(one.body) == json.at(part));
  }
}

TEST_CASE("Gateway tells liveness from readiness and names the reasons") {
  Fixture f;
  REQUIRE(f.service->Start().ok());
  CHECK(f.Get("GET", "/health/ready").status == 200);
  f.health = {runtime::HealthState::kNotServing, {"the journal's disk is full: free some space"}};
  CHECK(f.Get("GET", "/health/live").status == 200);
  const net::HttpResponse response = f.Get("GET", "/health/ready");
  CHECK(response.status == 503);
  CHECK(nlohmann::json::parse(response.body).at("reasons").at(0) == f.health.reasons[0]);
}

TEST_CASE("Gateway answers strange requests with a clear error") {
  Fixture f;
  REQUIRE(f.service->Start().ok());
  CHECK(f.Get("GET", "/").status == 404);
  CHECK(f.Get("GET", "/v1/state/../../etc/passwd").status == 404);
  CHECK(f.Get("POST", "/v1/orders").status == 405);
  CHECK(net::FindHeader(f.Get("DELETE", "/v1/state").headers, "allow") == "GET, HEAD");
  CHECK(f.Get("HEAD", "/v1/state").status == 200);
}

TEST_CASE("Gateway answers under names of this machine only") {
  Fixture f;
  REQUIRE(f.service->Start().ok());
  f.network.AddName("rebound.example", f.service->port(), f.service->port());
  f.network.AddName("127.0.0.1.example", f.service->port(), f.service->port());
  CHECK(f.Get("GET", "/v1/state", "localhost").status == 200);
  CHECK(f.Get("GET", "/v1/state", "[::1]").status == 200);
  CHECK(f.Get("GET", "/v1/state", "rebound.example").status == 421);
  CHECK(f.Get("GET", "/v1/state", "127.0.0.1.example").status == 421);
}

TEST_CASE("Gateway over real sockets") {
  runtime::SystemClock clock;
  runtime::AsioExecutor executor(clock);
  const auto network = *net::BeastNetwork::Create(executor.io(), {});
  base::SimFiles files;
  bus::MemoryBus bus(executor);
  runtime::Shard shard({}, executor, clock, nullptr, &bus);
  telemetry::Log log("test", telemetry::Level::kError, clock, [](std::string_view) {});
  runtime::Deps deps{shard, bus,      executor, executor,     clock,
                     files, *network, log,      base::Rng(1), "data"};
  const auto service = BuildGateway({}, deps, [] {
    return runtime::Health{runtime::HealthState::kServing, {}};
  });
  REQUIRE(service->Start().ok());
  const net::Url url =
      net::Url::Parse("http://127.0.0.1:" + std::to_string(service->port())).value();
  const auto get = [&](net::HttpRequest request) {
    net::HttpResult result;
    network->Http(url, std::move(request), {}, [&](net::HttpResult r) {
      result = std::move(r);
      executor.Stop();
    });
    executor.RunFor(10s);
    REQUIRE(result.status.ok());
    return result.response;
  };
  const net::HttpResponse state = get({"GET", "/v1/state", {}, ""});
  CHECK(state.status == 200);
  CHECK(nlohmann::json::parse(state.body).at("orders").empty());
  CHECK(get({"GET", "/nothing", {}, ""}).status == 404);
  CHECK(get({"PUT", "/v1/state", {}, "{}"}).status == 405);
  CHECK(get({"POST", "/v1/state", {}, std::string(2u << 20, 'x')}).status == 413);
  CHECK(get({"GET", "/health/ready", {}, ""}).status == 200);
}

}  // namespace
}  // namespace gannet::gateway
