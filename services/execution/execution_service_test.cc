// The live edges: REST and user stream against a small exchange that speaks
// Binance's protocol, on a network in memory with faults.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "libs/base/hmac_key.h"
#include "libs/journal/journal.h"
#include "services/execution/service_host_for_test.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using market::Side;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::string_view kKey = "theKeyOfTheTest", kSecret = "theSecretOfTheTest";

std::map<std::string, std::string> Parse(std::string_view query) {
  std::map<std::string, std::string> out;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    out[std::string(pair.substr(0, pair.find('=')))] = pair.substr(pair.find('=') + 1);
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return out;
}

// Accepts every limit order and fills none by itself.
class SmallExchange : public net::ServerHandler {
 public:
  explicit SmallExchange(Outside& outside) : outside_(outside) {
    listener_ = *outside.network.Listen({}, *this);
  }
  uint16_t port() const { return listener_->port(); }

  void OnRequest(net::HttpRequest request, std::string_view, Respond respond) override {
    const size_t mark = request.target.find('?');
    const std::string path = request.target.substr(0, mark);
    const std::string query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
    seen.push_back(request.method + " " + path);
    if (path == "/api/v3/time")
      return respond(Json(200, {{"serverTime", base::UnixMillis(outside_.executor.Now())}}));
    const size_t signature = query.find("&signature=");
    if (net::FindHeader(request.headers, "x-mbx-apikey") != kKey ||
        signature == std::string::npos ||
        query.substr(signature + 11) !=
            base::Hex(base::HmacSha256(kSecret, query.substr(0, signature)))) {
      return respond(
          Json(400, {{"code", -1022}, {"msg", "Signature for this request is not valid."}}));
    }
    if (next) return respond(std::exchange(next, std::nullopt).value());
    const auto fields = Parse(query.substr(0, signature));
    if (path == "/api/v3/account") return respond(Json(200, Account()));
    if (path == "/api/v3/openOrders") return respond(Json(200, Open()));
    if (path == "/api/v3/myTrades") return respond(Json(200, json::array()));
    if (path != "/api/v3/order") return respond(Json(404, {}));
    if (request.method == "POST") {
      json order = {{"symbol", fields.at("symbol")},
                    {"orderId", ++last_order_},
                    {"clientOrderId", fields.at("newClientOrderId")},
                    {"price", fields.at("price")},
                    {"origQty", fields.at("quantity")},
                    {"executedQty", "0"},
                    {"status", "NEW"},
                    {"timeInForce", "GTC"},
                    {"type", "LIMIT"},
                    {"side", fields.at("side")},
                    {"transactTime", base::UnixMillis(outside_.executor.Now())},
                    {"fills", json::array()}};
      orders[fields.at("newClientOrderId")] = order;
      return respond(Json(200, order));
    }
    const auto found = orders.find(fields.at("origClientOrderId"));
    if (request.method == "GET") {
      return respond(found == orders.end()
                         ? Json(400, {{"code", -2013}, {"msg", "Order does not exist."}})
                         : Json(200, found->second));
    }
    if (found == orders.end() || found->second["status"] != "NEW") {
      return respond(Json(400, {{"code", -2011}, {"msg", "Unknown order sent."}}));
    }
    found->second["status"] = "CANCELED";
    json answer = found->second;
    answer["origClientOrderId"] = found->first;
    answer["clientOrderId"] = "auto";
    respond(Json(200, answer));
  }

  net::WebSocket::Handler OnWebSocket(const net::HttpRequest&, std::string_view,
                                      std::shared_ptr<net::WebSocket> socket) override {
    ++connections;
    socket_ = socket;
    net::WebSocket::Handler handler;
    handler.on_message = [this](std::string_view text) {
      const json frame = json::parse(text);
      ++subscriptions;
      const json parameters = frame["params"];
      const std::string signed_text = "apiKey=" + parameters["apiKey"].get<std::string>() +
                                      "&recvWindow=" + parameters["recvWindow"].dump() +
                                      "&timestamp=" + parameters["timestamp"].dump();
      const bool good =
          frame["method"] == "userDataStream.subscribe.signature" &&
          parameters["apiKey"] == std::string(kKey) &&
          parameters["signature"] == base::Hex(base::HmacSha256(kSecret, signed_text));
      json answer = {{"id", frame["id"]}, {"status", good ? 200 : 400}};
      good ? answer["result"] = {{"subscriptionId", 0}}
           : answer["error"] = {{"code", -1022}, {"msg", "bad"}};
      socket_->Send(answer.dump());
    };
    handler.on_close = [this](absl::Status) { socket_.reset(); };
    return handler;
  }
  void Push(json event) {
    REQUIRE(socket_);
    socket_->Send(json{{"subscriptionId", 0}, {"event", std::move(event)}}.dump());
  }
  void Fill(const std::string& id, const std::string& quantity) {
    json& order = orders.at(id);
    order["status"] = "FILLED";
    order["executedQty"] = quantity;
    const int64_t now = base::UnixMillis(outside_.executor.Now());
    Push({{"e", "executionReport"},
          {"E", now},
          {"s", order["symbol"]},
          {"c", id},
          {"S", order["side"]},
          {"o", "LIMIT"},
          {"f", "GTC"},
          {"q", order["origQty"]},
          {"p", order["price"]},
          {"P", "0"},
          {"C", ""},
          {"x", "TRADE"},
          {"X", "FILLED"},
          {"r", "NONE"},
          {"i", order["orderId"]},
          {"l", quantity},
          {"z", quantity},
          {"L", order["price"]},
          {"n", "0.1"},
          {"N", "USDT"},
          {"T", now},
          {"t", ++last_trade_},
          {"w", false},
          {"m", true}});
  }
  void DropSocket() {
    REQUIRE(socket_);
    socket_->Close();
  }

  std::map<std::string, json> orders;
  std::vector<std::string> seen;
  std::optional<net::HttpResponse> next;  // the answer to the next signed request
  int connections = 0, subscriptions = 0;

  static net::HttpResponse Json(int status, const json& body) {
    net::HttpResponse response;
    response.status = status;
    response.body = body.dump();
    return response;
  }

 private:
  json Account() const {
    return {{"updateTime", 1},
            {"balances", {{{"asset", "USDT"}, {"free", "1000.5"}, {"locked", "0"}}}}};
  }
  json Open() const {
    json list = json::array();
    for (const auto& [id, order] : orders) {
      if (order["status"] == "NEW") list.push_back(order);
    }
    return list;
  }

  Outside& outside_;
  std::unique_ptr<net::Listener> listener_;
  std::shared_ptr<net::WebSocket> socket_;
  int64_t last_order_ = 100, last_trade_ = 5000;
};

ExecutionConfig Config(Outside& outside, uint16_t port) {
  REQUIRE(outside.files.MakeDirs("keys").ok());
  REQUIRE(outside.files.WriteAtomically("keys/key", std::string(kKey) + "\n", 0600).ok());
  REQUIRE(outside.files.WriteAtomically("keys/secret", std::string(kSecret) + "\n", 0600).ok());
  ExecutionConfig config;
  config.venue = VenueKind::kBinanceSpot;
  config.live.rest_url = "http://127.0.0.1:" + std::to_string(port);
  config.live.stream_url = "ws://127.0.0.1:" + std::to_string(port) + "/ws-api/v3";
  config.live.orders_by_socket = false;
  config.live.key_file = "keys/key";
  config.live.secret_file = "keys/secret";
  return config;
}

TEST_CASE("ExecutionService connects, subscribes with a signature, reconciles and trades") {
  Outside outside;
  SmallExchange exchange(outside);
  ServiceHost host(outside, Config(outside, exchange.port()));
  CHECK(host.service->health().state == runtime::HealthState::kNotServing);
  host.Start();
  host.RunFor(1s);
  CHECK(exchange.subscriptions == 1);
  CHECK(host.service->engine().ready());
  CHECK(host.service->health().state == runtime::HealthState::kServing);
  REQUIRE(host.balances.size() == 1);
  CHECK(host.balances[0].free.ToString() == "1000.5");

  host.Decide(host.Intent("g1a", Side::kBuy, "0.01", "50000"));
  host.RunFor(100ms);
  CHECK(host.State("g1a") == OrderState::kAccepted);
  CHECK(host.Last("g1a").evidence.starts_with("http:POST /api/v3/order 200"));
  exchange.Fill("g1a", "0.01");
  host.RunFor(100ms);
  CHECK(host.State("g1a") == OrderState::kFilled);
  CHECK(host.Last("g1a").evidence == "stream:executionReport:BTCUSDT:101:TRADE:1700000001100:5001");
  CHECK(host.positions.back().net == *host.btc.ParseQuantity("0.01"));

  host.Decide(host.Intent("g1b", Side::kSell, "0.01", "60000"));
  host.RunFor(100ms);
  host.CancelOrder("c1", "g1b");
  host.RunFor(100ms);
  CHECK(host.State("g1b") == OrderState::kCanceled);
  CHECK(host.service->engine().stats().illegal_events == 0);
}

TEST_CASE("A lost answer leaves an order UNKNOWN until the query finds it") {
  Outside outside;
  SmallExchange exchange(outside);
  ServiceHost host(outside, Config(outside, exchange.port()));
  host.Start();
  host.RunFor(1s);
  net::SimFaults faults;
  faults.response_lost = 1;
  outside.network.set_faults(faults);
  host.Decide(host.Intent("g1a", Side::kBuy, "0.01", "50000"));
  host.RunFor(11s);
  CHECK(exchange.orders.contains("g1a"));
  CHECK(host.State("g1a") == OrderState::kUnknown);
  outside.network.set_faults({});
  host.RunFor(40s);
  CHECK(host.State("g1a") == OrderState::kAccepted);
  CHECK(std::count(exchange.seen.begin(), exchange.seen.end(), "POST /api/v3/order") == 1);
}

TEST_CASE("A lost request is proven absent, never sent again") {
  Outside outside;
  SmallExchange exchange(outside);
  ServiceHost host(outside, Config(outside, exchange.port()));
  host.Start();
  host.RunFor(1s);
  net::SimFaults faults;
  faults.request_lost = 1;
  outside.network.set_faults(faults);
  host.Decide(host.Intent("g1a", Side::kBuy, "0.01", "50000"));
  host.RunFor(11s);
  outside.network.set_faults({});
  host.RunFor(60s);
  CHECK(host.State("g1a") == OrderState::kAbsent);
  CHECK(exchange.orders.empty());
  CHECK(std::count(exchange.seen.begin(), exchange.seen.end(), "POST /api/v3/order") == 0);
  CHECK(host.Last("g1a").evidence.find("DELETE /api/v3/order 400") != std::string::npos);
}

TEST_CASE("VenueSession tells apart what may have left and what cannot have") {
  Outside outside;
  SmallExchange exchange(outside);
  telemetry::Log log("test", telemetry::Level::kError, outside.executor, [](std::string_view) {});
  std::vector<wire::HttpExchange> answers;
  const auto send = [&](uint16_t port, const net::SimFaults& faults) {
    outside.network.set_faults(faults);
    VenueSessionOptions options;
    options.rest = *net::Url::Parse("http://127.0.0.1:" + std::to_string(port));
    options.stream = *net::Url::Parse("ws://127.0.0.1:" + std::to_string(port) + "/ws");
    options.key_header = "X-MBX-APIKEY";
    options.api_key = kKey;
    options.request_timeout = 2s;
    VenueSession session(
        options, outside.network, outside.executor, outside.executor, base::Rng(1), log,
        {.on_answer = [&](wire::HttpExchange answer) { answers.push_back(std::move(answer)); },
         .on_stream = [](wire::StreamEvent) {}});
    OutgoingRequest request;
    request.id = 7;
    request.wire.method = "GET";
    request.wire.target = "/api/v3/time";
    session.Send(request);
    outside.executor.RunFor(5s);
    REQUIRE(answers.size() == 1);
    return std::exchange(answers, {}).front();
  };
  net::SimFaults faults;
  faults.connect_refused = 1;  // before a connection is there to be used again
  CHECK(send(exchange.port(), faults).transport_error.starts_with(kNotSentPrefix));
  CHECK(send(1, {}).transport_error.starts_with(kNotSentPrefix));
  CHECK(send(exchange.port(), {}).status == 200);
  for (double net::SimFaults::*fault :
       {&net::SimFaults::request_lost, &net::SimFaults::response_lost, &net::SimFaults::reset}) {
    faults = {};
    faults.*fault = 1;
    const wire::HttpExchange lost = send(exchange.port(), faults);
    CHECK(lost.request_id == 7);
    CHECK_FALSE(lost.transport_error.empty());
    CHECK_FALSE(lost.transport_error.starts_with(kNotSentPrefix));
  }
}

TEST_CASE("The stream comes back by itself and everything is compared again") {
  Outside outside;
  SmallExchange exchange(outside);
  ServiceHost host(outside, Config(outside, exchange.port()));
  host.Start();
  host.RunFor(1s);
  host.Decide(host.Intent("g1a", Side::kBuy, "0.01", "50000"));
  host.RunFor(100ms);
  exchange.DropSocket();
  host.RunFor(5ms);
  CHECK_FALSE(host.service->engine().ready());
  CHECK(host.service->health().state == runtime::HealthState::kDegraded);
  exchange.orders.at("g1a")["status"] = "CANCELED";  // while nobody listens
  host.RunFor(5s);
  CHECK(exchange.connections == 2);
  CHECK(exchange.subscriptions == 2);
  CHECK(host.service->engine().ready());
  CHECK(host.State("g1a") == OrderState::kCanceled);
}

TEST_CASE("A rate-limit refusal pauses everything and leaves the fate open") {
  Outside outside;
  SmallExchange exchange(outside);
  ServiceHost host(outside, Config(outside, exchange.port()));
  host.Start();
  host.RunFor(1s);
  exchange.next =
      SmallExchange::Json(429, {{"code", -1003}, {"msg", "Too much request weight used."}});
  exchange.next->headers = {{"Retry-After", "20"}};
  host.Decide(host.Intent("g1a", Side::kBuy, "0.01", "50000"));
  host.RunFor(100ms);
  CHECK(host.State("g1a") == OrderState::kUnknown);
  const size_t requests = exchange.seen.size();
  host.Decide(host.Intent("g1b", Side::kBuy, "0.01", "50000"));
  CHECK(host.State("g1b") == OrderState::kDenied);
  host.RunFor(19s);
  CHECK(exchange.seen.size() == requests);
  host.RunFor(60s);
  CHECK(host.State("g1a") == OrderState::kAbsent);
}

TEST_CASE("A process that is killed within a ban and started again asks nothing before its end") {
  Outside outside;
  SmallExchange exchange(outside);
  {
    std::unique_ptr<journal::Writer> writer = outside.OpenJournal();
    ServiceHost host(outside, Config(outside, exchange.port()), writer.get());
    host.Start();
    host.RunFor(1s);
    REQUIRE(host.service->engine().ready());
    exchange.next = SmallExchange::Json(418, {{"code", -1003}, {"msg", "IP banned."}});
    exchange.next->headers = {{"Retry-After", "300"}};
    host.Decide(host.Intent("g1a", Side::kBuy, "0.01", "50000"));
    host.RunFor(100ms);
    REQUIRE(host.State("g1a") == OrderState::kUnknown);
    base::Rng rng(1);
    outside.files.Restart(rng);  // the power fails
  }
  exchange.seen.clear();
  exchange.subscriptions = 0;
  std::unique_ptr<journal::Writer> writer = outside.OpenJournal();
  ServiceHost host(outside, Config(outside, exchange.port()), writer.get(), {.start_epoch = 2});
  auto reader = journal::Reader::Open(outside.files, "journal");
  REQUIRE(reader.ok());
  REQUIRE(host.shard().Recover(**reader).ok());
  host.Start();
  host.RunFor(290s);
  CHECK(exchange.seen == std::vector<std::string>{});
  CHECK(exchange.subscriptions == 0);
  const std::vector<std::string> reasons = host.service->health().reasons;
  CHECK(std::any_of(reasons.begin(), reasons.end(), [](const std::string& reason) {
    return reason.find("(a ban)") != std::string::npos;
  }));
  host.RunFor(90s);
  CHECK(host.service->engine().ready());
  CHECK(host.State("g1a") == OrderState::kAbsent);
  REQUIRE(writer->Close().ok());
}

TEST_CASE("A venue that ends the stream is connected again") {
  Outside outside;
  SmallExchange exchange(outside);
  ServiceHost host(outside, Config(outside, exchange.port()));
  host.Start();
  host.RunFor(1s);
  exchange.Push({{"e", "eventStreamTerminated"}, {"E", 1}});
  host.RunFor(5s);
  CHECK(exchange.connections == 2);
  CHECK(host.service->engine().ready());
}

TEST_CASE("Without the lease nothing is written to the venue") {
  Outside outside;
  SmallExchange exchange(outside);
  ServiceHost host(outside, Config(outside, exchange.port()));
  host.Start();
  host.RunFor(1s);
  host.Decide(host.Intent("g1a", Side::kBuy, "0.01", "50000"));
  host.RunFor(100ms);
  host.lease.held = false;
  const size_t requests = exchange.seen.size();
  host.Decide(host.Intent("g1b", Side::kBuy, "0.01", "50000"));
  host.CancelOrder("c1", "g1a");
  host.RunFor(90s);
  CHECK(exchange.seen.size() == requests);
  CHECK(host.State("g1b") == OrderState::kDenied);
  CHECK(host.State("g1a") == OrderState::kAccepted);
}

TEST_CASE("Key files that others may read, or that hold no key, refuse the start") {
  Outside outside;
  ExecutionConfig config = Config(outside, 1);
  runtime::ShardOptions shard_options{.name = "test"};
  ServiceHost paper(outside, ExecutionConfig{});  // for its Deps
  const auto code = [&] { return BuildExecution(config, paper.deps()).status(); };
  REQUIRE(outside.files.WriteAtomically("keys/open", "abc", 0644).ok());
  config.live.secret_file = "keys/open";
  CHECK(code().code() == absl::StatusCode::kPermissionDenied);
  CHECK(std::string(code().message()).find("chmod 600 keys/open") != std::string::npos);
  REQUIRE(outside.files.WriteAtomically("keys/bad", "two words", 0600).ok());
  config.live.secret_file = "keys/bad";
  CHECK(code().code() == absl::StatusCode::kInvalidArgument);
  REQUIRE(
      outside.files.WriteAtomically("keys/torn", "-----BEGIN PRIVATE KEY-----\nMC4=\n", 0600).ok());
  config.live.secret_file = "keys/torn";
  CHECK(code().message().find("no private key in PEM") != std::string::npos);
  config.live.secret_file = "keys/absent";
  CHECK(code().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("A private key in PEM signs as a secret does") {
  Outside outside;
  ExecutionConfig config = Config(outside, 1);
  ServiceHost paper(outside, ExecutionConfig{});  // for its Deps
  // RFC 8032, section 7.1, TEST 2.
  REQUIRE(outside.files
              .WriteAtomically("keys/ed25519.pem",
                               "-----BEGIN PRIVATE KEY-----\n"
                               "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
                               "-----END PRIVATE KEY-----\n",
                               0600)
              .ok());
  config.live.secret_file = "keys/ed25519.pem";
  CHECK(BuildExecution(config, paper.deps()).status().ok());
}

}  // namespace
}  // namespace gannet::execution
