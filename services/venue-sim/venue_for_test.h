// Test helper: the whole venue over a simulated network and simulated files, in
// one thread on virtual time, and a client that signs.
#pragma once

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/digest.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/net/sim_network.h"
#include "services/venue-sim/core_for_test.h"
#include "services/venue-sim/server.h"

namespace gannet::venue_sim {

using Json = nlohmann::ordered_json;
using Fields = std::vector<std::pair<std::string, std::string>>;

inline constexpr char kTestKey[] =
    "testkey0testkey0testkey0testkey0testkey0testkey0testkey0testkey0";
inline constexpr char kTestSecret[] =
    "secret00secret00secret00secret00secret00secret00secret00secret00";

struct HttpAnswer {
  int status = 0;
  net::Headers headers;
  std::string text;
  Json json;
  int64_t code() const {
    return json.is_object() && json.contains("code") ? json["code"].get<int64_t>() : 0;
  }
};

class VenueHarness {
 public:
  explicit VenueHarness(uint64_t seed = 3) {
    options_.exchange.core = QuickOptions(seed);
    options_.exchange.core.warm_up = std::chrono::seconds(2);
    options_.exchange.core.accounts = 2;
    options_.exchange.dir = "/venue/journal";
    options_.exchange.own_thread = false;
    options_.keys = {{kTestKey, kTestSecret, 0},
                     {std::string(kTestKey) + "2", std::string(kTestSecret) + "2", 1}};
  }
  ServerOptions& options() { return options_; }

  void Start() {
    auto opened =
        VenueSimServer::Open({executor, executor, files}, options_,
                             [this](absl::Status status) { failure = std::move(status); });
    REQUIRE(opened.ok());
    server = *std::move(opened);
    net::ListenOptions listen;
    listen.port = port;
    auto listening = network.Listen(listen, *server);
    REQUIRE(listening.ok());
    listener = *std::move(listening);
    port = listener->port();
    server->Start();
  }
  // As the power fails: what was not synced is lost.
  void Crash() {
    listener.reset();
    server.reset();
    files.Restart();
  }

  void Run(base::Duration span) { executor.RunFor(span); }
  int64_t now_ms() const { return base::UnixMillis(executor.Now()); }

  HttpAnswer Http(const std::string& method, const std::string& target,
                  const std::string& body = {}, net::Headers headers = {}) {
    HttpAnswer answer;
    bool done = false;
    net::Url url{.scheme = "http", .host = "127.0.0.1", .path = "/", .port = port};
    network.Http(url, {method, target, std::move(headers), body}, {}, [&](net::HttpResult result) {
      done = true;
      if (!result.status.ok()) return;
      answer.status = result.response.status;
      answer.headers = std::move(result.response.headers);
      answer.text = std::move(result.response.body);
    });
    while (!done && executor.RunOne()) {
    }
    answer.json = Json::parse(answer.text, nullptr, /*allow_exceptions=*/false);
    return answer;
  }
  HttpAnswer Get(const std::string& target) { return Http("GET", target); }

  static std::string Query(const Fields& fields) {
    std::string query;
    for (const auto& [name, value] : fields)
      query += (query.empty() ? "" : "&") + name + "=" + value;
    return query;
  }
  std::string SignedQuery(Fields fields, const std::string& secret = kTestSecret) {
    fields.emplace_back("timestamp", std::to_string(now_ms()));
    const std::string query = Query(fields);
    return query + "&signature=" + base::Hex(base::HmacSha256(secret, query));
  }
  // Parameters in the query, or for POST and PUT in the body.
  HttpAnswer Signed(const std::string& method, const std::string& path, const Fields& fields,
                    const std::string& which = "") {
    const std::string query = SignedQuery(fields, kTestSecret + which);
    const net::Headers headers{{"X-MBX-APIKEY", kTestKey + which}};
    if (method == "POST" || method == "PUT") return Http(method, path, query, headers);
    return Http(method, path + "?" + query, {}, headers);
  }
  HttpAnswer Place(Fields fields) { return Signed("POST", "/api/v3/order", std::move(fields)); }
  Fields Limit(const std::string& side, const std::string& price, const std::string& quantity) {
    return {{"symbol", "BTCUSDT"},  {"side", side},         {"type", "LIMIT"},
            {"timeInForce", "GTC"}, {"quantity", quantity}, {"price", price}};
  }
  std::string best(market::Side side, SymbolIndex symbol = 0) {
    return EightDecimals(server->exchange().core().Best(symbol, side)->price.mantissa);
  }

  base::VirtualExecutor executor{TestStart()};
  base::SimFiles files{9};
  net::SimNetwork network{executor, executor, base::Rng(11)};
  std::unique_ptr<VenueSimServer> server;
  std::unique_ptr<net::Listener> listener;  // before the server it serves
  uint16_t port = 0;
  absl::Status failure;

 private:
  ServerOptions options_;
};

// A WebSocket client that keeps what it was told.
class TestSocket {
 public:
  TestSocket(VenueHarness& venue, const std::string& path) : venue_(venue) {
    net::WebSocketOptions options;
    options.idle_timeout = std::chrono::hours(48);
    net::Url url{.scheme = "ws", .host = "127.0.0.1", .path = path, .port = venue.port};
    net::WebSocket::Handler handler;
    handler.on_open = [this] { open = true; };
    handler.on_message = [this](std::string_view text) { messages.push_back(Json::parse(text)); };
    handler.on_close = [this](absl::Status) { open = false, closed = true; };
    socket_ = venue.network.Connect(url, options, std::move(handler));
    venue.Run(std::chrono::milliseconds(5));
  }
  void Send(const std::string& text) {
    REQUIRE(socket_->Send(text));
    venue_.Run(std::chrono::milliseconds(2));
  }
  // The answer to a request with that id.
  Json Ask(const std::string& text) {
    const size_t before = messages.size();
    Send(text);
    for (size_t i = before; i < messages.size(); ++i) {
      if (messages[i].contains("id")) return messages[i];
    }
    return {};
  }
  // A signed WebSocket API request.
  Json Call(const std::string& method, Fields fields, const std::string& which = "") {
    fields.emplace_back("apiKey", kTestKey + which);
    fields.emplace_back("timestamp", std::to_string(venue_.now_ms()));
    std::sort(fields.begin(), fields.end());
    Json params = Json::object();
    for (const auto& [name, value] : fields) params[name] = value;
    params["signature"] =
        base::Hex(base::HmacSha256(kTestSecret + which, VenueHarness::Query(fields)));
    return Ask(Json{{"id", ++last_id_}, {"method", method}, {"params", params}}.dump());
  }
  std::vector<Json> Events(const std::string& type) const {
    std::vector<Json> found;
    for (const Json& message : messages) {
      const Json& event = message.contains("event")  ? message["event"]
                          : message.contains("data") ? message["data"]
                                                     : message;
      if (event.is_object() && event.value("e", "") == type) found.push_back(event);
    }
    return found;
  }

  bool open = false, closed = false;
  std::vector<Json> messages;

 private:
  VenueHarness& venue_;
  std::unique_ptr<net::WebSocket> socket_;
  int last_id_ = 0;
};

}  // namespace gannet::venue_sim
