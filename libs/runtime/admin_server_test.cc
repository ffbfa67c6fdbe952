#include "libs/runtime/admin_server.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>

#include "libs/base/virtual_executor.h"
#include "libs/net/sim_network.h"

namespace gannet::runtime {
namespace {

struct Fixture {
  base::VirtualExecutor executor{base::FromUnixMillis(1'700'000'000'000)};
  net::SimNetwork network{executor, executor, base::Rng(7)};
  telemetry::Log log{"test", telemetry::Level::kError, executor, [](std::string_view) {}};
  HealthBoard health;
  telemetry::Metrics metrics;
  std::unique_ptr<AdminServer> server;

  explicit Fixture(const std::string& address = "127.0.0.1:0") {
    auto started = AdminServer::Start(address, network, health, metrics, log);
    REQUIRE(started.ok());
    server = *std::move(started);
  }
  net::HttpResponse Ask(const std::string& target, const std::string& method = "GET") {
    std::optional<net::HttpResult> result;
    net::Url url{.scheme = "http", .host = "127.0.0.1", .path = "/", .port = server->port()};
    network.Http(url, {.method = method, .target = target}, {},
                 [&](net::HttpResult got) { result = std::move(got); });
    while (!result && executor.RunOne()) {
    }
    REQUIRE(result);
    REQUIRE(result->status.ok());
    return result->response;
  }
};

TEST_CASE("AdminServer tells alive from ready") {
  Fixture f;
  CHECK(f.Ask("/livez").status == 200);
  CHECK(f.Ask("/readyz").status == 503);  // nothing runs yet
  Health part{HealthState::kServing, {}};
  f.health.Add("part", [&part] { return part; });
  CHECK(f.Ask("/readyz?verbose").status == 200);
  part = {HealthState::kDegraded, {"slow"}};
  CHECK(f.Ask("/readyz").status == 200);
  CHECK(f.Ask("/readyz").body == "degraded\npart: slow\n");
  f.health.SetDraining();
  CHECK(f.Ask("/readyz").status == 503);
  CHECK(f.Ask("/livez").status == 200);
}

TEST_CASE("AdminServer beyond loopback keeps the reasons to itself") {
  Fixture f("0.0.0.0:0");
  f.health.Add("part", [] { return Health{HealthState::kNotServing, {"account main/x"}}; });
  CHECK(f.Ask("/readyz").body == "not serving\n");
}

TEST_CASE("AdminServer serves metrics and changes nothing") {
  Fixture f;
  f.metrics.CounterOf(telemetry::metric::kFills).Add();
  const net::HttpResponse answer = f.Ask("/metrics");
  CHECK(answer.status == 200);
  CHECK(net::FindHeader(answer.headers, "content-type") ==
        "text/plain; version=0.0.4; charset=utf-8");
  CHECK(answer.body.find("gannet_fills_total 1\n") != std::string::npos);
  CHECK(f.Ask("/metrics", "HEAD").status == 200);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"})
    CHECK(f.Ask("/metrics", method).status == 405);
  for (const char* path : {"/", "/metrics/", "/healthz", "/../livez"})
    CHECK(f.Ask(path).status == 404);
}

TEST_CASE("AdminServer refuses an address that is none") {
  for (const char* address : {"9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999",
                              "127.0.0.1:94x", "127.0.0.1:-1"}) {
    INFO(address);
    CHECK(absl::IsInvalidArgument(CheckAdminAddress(address)));
  }
  CHECK(CheckAdminAddress("off").ok());
  CHECK(CheckAdminAddress("").ok());
  CHECK(CheckAdminAddress("[::1]:9464").ok());
}

}  // namespace
}  // namespace gannet::runtime
