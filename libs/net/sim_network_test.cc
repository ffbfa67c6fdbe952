#include "libs/net/sim_network.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/virtual_executor.h"
#include "libs/net/network_conformance_suite.h"

namespace gannet::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const base::Time kStart = base::FromUnixMillis(1'700'000'000'000);

class SimHarness : public NetworkHarness {
 public:
  Network& network() override { return network_; }
  bool RunUntil(const std::function<bool()>& done) override {
    while (!done()) {
      if (!executor_.RunOne()) return false;
    }
    return true;
  }
  void RunFor(base::Duration span) override { executor_.RunFor(span); }
  ListenOptions TlsListen() override {
    ListenOptions options;
    options.certificate_file = "certificate.pem";
    options.key_file = "key.pem";
    return options;
  }

 private:
  base::VirtualExecutor executor_{kStart};
  SimNetwork network_{executor_, executor_, base::Rng(7)};
};

TEST_CASE("SimNetwork keeps the network's contract") {
  RunNetworkConformance([] { return std::make_unique<SimHarness>(); });
}

struct CountingServer : ServerHandler {
  void OnRequest(HttpRequest request, std::string_view, Respond respond) override {
    bodies.push_back(request.body);
    respond({200, {}, request.body});
  }
  WebSocket::Handler OnWebSocket(const HttpRequest&, std::string_view,
                                 std::shared_ptr<WebSocket> s) override {
    socket = s;
    return {nullptr, [this](std::string_view text) { messages.emplace_back(text); },
            [this](absl::Status status) {
              closed = std::move(status);
              socket.reset();
            }};
  }
  std::vector<std::string> bodies, messages;
  std::shared_ptr<WebSocket> socket;
  std::optional<absl::Status> closed;
};

struct Sim {
  explicit Sim(uint64_t seed = 1) : network(executor, executor, base::Rng(seed)) {
    listener = *network.Listen({}, server);
    network.AddName("api.venue.test", 80, listener->port());
  }
  void Call(const std::string& body, std::vector<HttpResult>& results,
            base::Duration timeout = seconds(10)) {
    network.Http(*Url::Parse("http://api.venue.test"), {"POST", "/", {}, body}, {timeout, 1000},
                 [&results](HttpResult result) { results.push_back(std::move(result)); });
  }
  base::VirtualExecutor executor{kStart};
  SimNetwork network;
  CountingServer server;
  std::unique_ptr<Listener> listener;
};

TEST_CASE(
    "SimNetwork loses a request: the caller's limit passes, the fate is open, nothing was "
    "handled") {
  Sim sim;
  sim.network.set_faults({.request_lost = 1});
  std::vector<HttpResult> results;
  sim.Call("order", results);
  sim.executor.RunFor(seconds(9));
  CHECK(results.empty());
  sim.executor.RunFor(seconds(2));
  REQUIRE(results.size() == 1);
  CHECK(absl::IsDeadlineExceeded(results[0].status));
  CHECK(results[0].fate == SendFate::kMaybeSent);
  CHECK(sim.server.bodies.empty());
  CHECK(sim.network.stats().requests_lost == 1);
}

TEST_CASE("SimNetwork loses a response: the request was handled") {
  Sim sim;
  sim.network.set_faults({.response_lost = 1});
  std::vector<HttpResult> results;
  sim.Call("order", results);
  sim.executor.RunFor(seconds(11));
  REQUIRE(results.size() == 1);
  CHECK(absl::IsDeadlineExceeded(results[0].status));
  CHECK(results[0].fate == SendFate::kMaybeSent);
  CHECK(sim.server.bodies == std::vector<std::string>{"order"});
}

TEST_CASE("SimNetwork delivers a request twice and answers once") {
  Sim sim;
  sim.network.set_faults({.duplicate = 1});
  std::vector<std::string> doubled;
  sim.network.ObserveDuplicates(
      [&doubled](const HttpRequest& request) { doubled.push_back(request.body); });
  std::vector<HttpResult> results;
  sim.Call("order", results);
  sim.executor.RunFor(seconds(11));
  REQUIRE(results.size() == 1);
  CHECK(results[0].status.ok());
  CHECK(sim.server.bodies == std::vector<std::string>{"order", "order"});
  CHECK(doubled == std::vector<std::string>{"order"});
}

TEST_CASE("SimNetwork refuses connections before anything leaves") {
  Sim sim;
  sim.network.set_faults({.connect_refused = 1});
  std::vector<HttpResult> results;
  sim.Call("order", results);
  sim.executor.RunFor(seconds(1));
  REQUIRE(results.size() == 1);
  CHECK(results[0].fate == SendFate::kNotSent);
  CHECK(sim.server.bodies.empty());
}

TEST_CASE("SimNetwork resets leave both fates possible") {
  Sim sim;
  sim.network.set_faults({.reset = 1});
  std::vector<HttpResult> results;
  for (int i = 0; i < 100; ++i) sim.Call("order", results);
  sim.executor.RunFor(seconds(1));
  REQUIRE(results.size() == 100);
  for (const HttpResult& result : results) {
    CHECK(absl::IsUnavailable(result.status));
    CHECK(result.fate == SendFate::kMaybeSent);
  }
  CHECK(sim.server.bodies.size() > 20);
  CHECK(sim.server.bodies.size() < 80);
}

TEST_CASE(
    "SimNetwork partition: a first connection waits and sends nothing, a kept one may deliver "
    "late") {
  Sim sim;
  std::vector<HttpResult> results;
  sim.network.AddPartition(kStart, seconds(60), "api.venue.test");
  sim.executor.RunFor(milliseconds(1));
  sim.Call("cold", results);
  sim.executor.RunFor(seconds(20));
  REQUIRE(results.size() == 1);
  CHECK(absl::IsDeadlineExceeded(results[0].status));
  CHECK(results[0].fate == SendFate::kNotSent);
  sim.executor.RunFor(seconds(60));
  CHECK(sim.server.bodies.empty());

  sim.Call("warm", results);
  sim.executor.RunFor(seconds(1));
  REQUIRE(results.size() == 2);
  CHECK(results[1].status.ok());
  sim.network.AddPartition(sim.executor.Now(), seconds(60));
  sim.Call("late", results);
  sim.executor.RunFor(seconds(20));
  REQUIRE(results.size() == 3);
  CHECK(results[2].fate == SendFate::kMaybeSent);
  CHECK(sim.server.bodies.size() == 1);
  sim.executor.RunFor(seconds(60));
  CHECK(sim.server.bodies ==
        std::vector<std::string>{"warm", "late"});  // long after the caller gave up
}

TEST_CASE("SimNetwork partition holds messages in order, and ends sockets that find it too long") {
  Sim sim;
  sim.network.set_faults({.delay_min = milliseconds(1), .delay_max = milliseconds(500)});
  std::optional<absl::Status> closed;
  WebSocketOptions options;
  options.idle_timeout = seconds(30);
  const auto socket = sim.network.Connect(
      *Url::Parse("ws://api.venue.test/"), options,
      {nullptr, [](std::string_view) {}, [&closed](absl::Status s) { closed = std::move(s); }});
  sim.executor.RunFor(seconds(2));
  std::vector<std::string> sent;
  sim.network.AddPartition(sim.executor.Now() + seconds(1), seconds(20));
  for (int i = 0; i < 100; ++i) {
    sent.push_back(std::to_string(i));
    REQUIRE(socket->Send(sent.back()));
    sim.executor.RunFor(milliseconds(100));
  }
  CHECK(sim.server.messages.size() < 50);
  sim.executor.RunFor(seconds(30));
  CHECK(sim.server.messages == sent);
  CHECK(sim.network.stats().messages_held > 0);
  CHECK(!closed.has_value());
  sim.network.AddPartition(sim.executor.Now(), seconds(120));
  sim.executor.RunFor(seconds(61));
  REQUIRE(closed.has_value());
  CHECK(absl::IsDeadlineExceeded(*closed));
  REQUIRE(sim.server.closed.has_value());
}

TEST_CASE("SimNetwork resets sockets on demand and by chance") {
  Sim sim;
  std::optional<absl::Status> closed;
  const auto open = [&] {
    closed.reset();
    return sim.network.Connect(
        *Url::Parse("ws://api.venue.test/"), {},
        {nullptr, [](std::string_view) {}, [&closed](absl::Status s) { closed = std::move(s); }});
  };
  auto socket = open();
  sim.executor.RunFor(seconds(1));
  sim.network.ResetConnections("another.host");
  CHECK(!closed.has_value());
  sim.network.ResetConnections("api.venue.test");
  REQUIRE(closed.has_value());
  CHECK(absl::IsUnavailable(*closed));
  socket = open();
  sim.executor.RunFor(seconds(1));
  sim.network.set_faults({.socket_reset = 1});
  CHECK(socket->Send("lost"));
  sim.executor.RunFor(seconds(1));
  CHECK(closed.has_value());
  CHECK(sim.server.messages.empty());
}

TEST_CASE("SimNetwork gives the same run for the same seed") {
  const auto run = [](uint64_t seed) {
    Sim sim(seed);
    sim.network.set_faults({.request_lost = 0.1,
                            .response_lost = 0.1,
                            .duplicate = 0.1,
                            .reset = 0.1,
                            .delay_min = milliseconds(1),
                            .delay_max = milliseconds(300)});
    std::vector<HttpResult> results;
    for (int i = 0; i < 200; ++i) {
      sim.Call(std::to_string(i), results);
      sim.executor.RunFor(milliseconds(50));
    }
    sim.executor.RunFor(seconds(20));
    std::string trace;
    for (const HttpResult& result : results)
      trace += result.status.ToString() + result.response.body + "|";
    for (const std::string& body : sim.server.bodies) trace += body + ",";
    CHECK(results.size() == 200);
    return trace;
  };
  CHECK(run(5) == run(5));
  CHECK(run(5) != run(6));
}

}  // namespace
}  // namespace gannet::net
