#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <set>

#include "libs/base/line_reader.h"
#include "libs/base/posix_files.h"
#include "services/venue-sim/payloads.h"
#include "services/venue-sim/venue_for_test.h"

namespace gannet::venue_sim {
namespace {

using namespace std::chrono_literals;

TEST_CASE("Stream names are those of the documentation") {
  for (const char* name :
       {"btcusdt@trade", "btcusdt@aggTrade", "ethusdt@depth", "ethusdt@depth@100ms",
        "ethusdt@depth@1000ms", "ethusdt@depth5", "ethusdt@depth20@100ms", "ethbtc@bookTicker",
        "btcusdt@kline_1m", "btcusdt@miniTicker", "btcusdt@ticker", "btcusdt@avgPrice",
        "!miniTicker@arr", "!ticker@arr"}) {
    CHECK(ParseStream(name));
  }
  for (const char* name : {"", "btcusdt", "BTCUSDT@trade", "nonesuch@trade", "btcusdt@depth7",
                           "btcusdt@kline_7m", "btcusdt@", "@trade"}) {
    CHECK_FALSE(ParseStream(name));
  }
}

TEST_CASE("Streams of the perpetuals say where each update continues") {
  CHECK(ParseStream("btcusdt@depth@500ms", /*usdm=*/true));
  for (const char* name : {"ethbtc@depth", "btcusdt@trade", "btcusdt@depth5", "!ticker@arr"})
    CHECK_FALSE(ParseStream(name, /*usdm=*/true));
  VenueHarness venue;
  venue.Start();
  TestSocket books(venue, "/public/ws/btcusdt@depth@100ms/btcusdt@bookTicker");
  TestSocket trades(venue, "/market/stream?streams=btcusdt@aggTrade");
  REQUIRE(books.open);
  REQUIRE(trades.open);
  venue.Run(2s);
  const uint64_t snapshot = venue.Get("/fapi/v1/depth?symbol=BTCUSDT").json["lastUpdateId"];
  venue.Run(10s);
  uint64_t last = 0, tickers = 0;
  bool links = false;
  for (const Json& message : books.messages) {
    REQUIRE(message.contains("T"));
    if (message["e"] == "bookTicker") {
      ++tickers;
      continue;
    }
    const uint64_t first = message["U"], to = message["u"], previous = message["pu"];
    CHECK((last == 0 || previous == last));
    links = links || (first <= snapshot && to >= snapshot);
    last = to;
  }
  CHECK(links);
  CHECK(tickers > 0);
  REQUIRE_FALSE(trades.messages.empty());
  CHECK(trades.messages.front()["data"]["e"] == "aggTrade");
}

TEST_CASE("Depth updates continue from any REST snapshot and rebuild the book") {
  VenueHarness venue;
  venue.Start();
  TestSocket socket(venue, "/ws/btcusdt@depth@100ms/btcusdt@bookTicker");
  REQUIRE(socket.open);
  venue.Run(2s);
  const Json snapshot = venue.Get("/api/v3/depth?symbol=BTCUSDT&limit=5000").json;
  venue.Run(20s);
  std::map<std::string, std::map<double, std::string>> book;
  for (const char* side : {"bids", "asks"}) {
    for (const Json& level : snapshot[side])
      book[side][std::stod(level[0].get<std::string>())] = level[1];
  }
  uint64_t last = snapshot["lastUpdateId"];
  uint64_t applied = 0, compared = 0;
  Json ticker;
  for (const Json& message : socket.messages) {
    if (message.contains("B")) {
      ticker = message;
      continue;
    }
    REQUIRE(message["e"] == "depthUpdate");
    const uint64_t first = message["U"], to = message["u"];
    REQUIRE(first <= to);
    if (to <= last) continue;
    if (applied == 0) {
      REQUIRE(first <= last + 1);
    } else {
      REQUIRE(first == last + 1);
    }
    ++applied;
    last = to;
    for (const auto& [key, side] : {std::pair{"b", "bids"}, std::pair{"a", "asks"}}) {
      for (const Json& level : message[key]) {
        const double price = std::stod(level[0].get<std::string>());
        if (level[1] == "0.00000000") {
          book[side].erase(price);
        } else {
          book[side][price] = level[1];
        }
      }
    }
    REQUIRE(book["bids"].rbegin()->first < book["asks"].begin()->first);
    // The last best-price message up to this update says the same.
    if (ticker.is_null() || ticker["u"].get<uint64_t>() > to) continue;
    ++compared;
    CHECK(std::stod(ticker["b"].get<std::string>()) == book["bids"].rbegin()->first);
    CHECK(ticker["B"] == book["bids"].rbegin()->second);
    CHECK(std::stod(ticker["a"].get<std::string>()) == book["asks"].begin()->first);
    CHECK(ticker["A"] == book["asks"].begin()->second);
  }
  CHECK(applied > 100);
  CHECK(compared > 100);
}

TEST_CASE("Trades, aggregates, candles and tickers arrive on their streams") {
  VenueHarness venue;
  venue.Start();
  TestSocket socket(venue,
                    "/stream?streams=btcusdt@trade/btcusdt@aggTrade/btcusdt@kline_1m/"
                    "btcusdt@miniTicker/btcusdt@ticker/"
                    "btcusdt@avgPrice/btcusdt@depth5/!miniTicker@arr");
  REQUIRE(socket.open);
  venue.Run(70s);
  std::map<std::string, int> counts;
  for (const Json& message : socket.messages) ++counts[message["stream"]];
  for (const char* name :
       {"btcusdt@trade", "btcusdt@aggTrade", "btcusdt@kline_1m", "btcusdt@miniTicker",
        "btcusdt@ticker", "btcusdt@avgPrice", "btcusdt@depth5", "!miniTicker@arr"}) {
    CAPTURE(name);
    CHECK(counts[name] > 20);
  }
  const auto trades = socket.Events("trade");
  for (size_t i = 1; i < trades.size(); ++i)
    REQUIRE(trades[i]["t"].get<uint64_t>() == trades[i - 1]["t"].get<uint64_t>() + 1);
  const auto aggregates = socket.Events("aggTrade");
  CHECK(aggregates.back()["l"] == trades.back()["t"]);
  int closed = 0;
  for (const Json& kline : socket.Events("kline")) closed += kline["k"]["x"].get<bool>() ? 1 : 0;
  CHECK(closed == 1);
}

TEST_CASE("Streams are subscribed, listed and left on the open connection") {
  VenueHarness venue;
  venue.Start();
  TestSocket socket(venue, "/ws");
  CHECK(socket.Ask(R"({"method":"SUBSCRIBE","params":["btcusdt@trade","ethusdt@trade"],"id":1})") ==
        Json::parse(R"({"result":null,"id":1})"));
  CHECK(socket.Ask(R"({"method":"LIST_SUBSCRIPTIONS","id":"list"})")["result"].size() == 2);
  venue.Run(1s);
  CHECK(socket.Ask(R"({"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":2})")["result"]
            .is_null());
  CHECK(socket.Ask(R"({"method":"LIST_SUBSCRIPTIONS","id":3})")["result"] ==
        Json::parse(R"(["ethusdt@trade"])"));
  CHECK(socket.Ask(R"({"method":"GET_PROPERTY","params":["combined"],"id":4})")["result"] == false);
  venue.Run(1s);
  CHECK(socket.Ask(R"({"method":"SET_PROPERTY","params":["combined",true],"id":5})")["result"]
            .is_null());
  socket.messages.clear();
  venue.Run(10s);
  REQUIRE_FALSE(socket.messages.empty());
  CHECK(socket.messages[0]["stream"] == "ethusdt@trade");
  CHECK(socket.Ask("{]").contains("error"));
  CHECK(socket.Ask(R"({"method":"DANCE","id":6})")["error"]["code"] == 2);
  CHECK(socket.Ask(R"({"params":[],"id":7})")["error"]["code"] == 2);
  CHECK(socket.Ask(R"({"method":"SUBSCRIBE","params":["bad name"],"id":8})").contains("error"));
  CHECK(socket.open);
  venue.Run(1s);
  for (int i = 0; i < 5; ++i) socket.Send(R"({"method":"LIST_SUBSCRIPTIONS","id":9})");
  CHECK(socket.open);
  socket.Send(R"({"method":"LIST_SUBSCRIPTIONS","id":9})");  // more than five a second
  venue.Run(100ms);
  CHECK(socket.closed);
}

TEST_CASE("Connections end at unknown paths and after their lifetime") {
  VenueHarness venue;
  venue.options().connection_lifetime = 1min;
  venue.Start();
  TestSocket lost(venue, "/nowhere");
  CHECK(lost.closed);
  TestSocket socket(venue, "/ws/btcusdt@trade");
  CHECK(socket.open);
  venue.Run(59s);
  CHECK(socket.open);
  venue.Run(2s);
  CHECK(socket.closed);
  CHECK(venue.server->stats().sockets_refused == 1);
}

TEST_CASE("WebSocket API answers as REST does, with limits and ids") {
  VenueHarness venue;
  venue.Start();
  TestSocket api(venue, "/ws-api/v3");
  const Json pong = api.Ask(R"({"id":"one","method":"ping"})");
  CHECK(pong["id"] == "one");
  CHECK(pong["status"] == 200);
  CHECK(pong["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT");
  CHECK_FALSE(api.Ask(R"({"id":2,"method":"time","params":{"returnRateLimits":false}})")
                  .contains("rateLimits"));
  CHECK(
      api
          .Ask(R"({"id":null,"method":"depth","params":{"symbol":"BTCUSDT","limit":3}})")["result"]
                                                                                         ["bids"]
          .size() == 3);
  CHECK(api.Ask(R"({"id":3,"method":"exchangeInfo","params":{"symbols":["BTCUSDT","ETHUSDT"]}})")
            ["result"]["symbols"]
                .size() == 2);
  const Json placed = api.Call("order.place", {{"symbol", "BTCUSDT"},
                                               {"side", "BUY"},
                                               {"type", "LIMIT"},
                                               {"timeInForce", "GTC"},
                                               {"quantity", "0.01"},
                                               {"price", "40000"}});
  CHECK(placed["status"] == 200);
  CHECK(placed["rateLimits"].size() == 3);
  const std::string id = placed["result"]["orderId"].dump();
  CHECK(api.Call("order.status", {{"symbol", "BTCUSDT"}, {"orderId", id}})["result"]["status"] ==
        "NEW");
  CHECK(api.Call("order.cancel", {{"symbol", "BTCUSDT"}, {"orderId", id}})["result"]["status"] ==
        "CANCELED");
  CHECK(api.Call("order.cancel", {{"symbol", "BTCUSDT"}, {"orderId", id}})["error"]["code"] ==
        -2011);
  CHECK(api.Call("account.status", {}, "wrong")["error"]["code"] == -2015);
  CHECK(api.Ask("not json")["error"]["code"] == -1135);
  CHECK(api.Ask(R"({"id":4})")["error"]["code"] == -1102);
  CHECK(api.Ask(R"({"id":5,"method":"fly"})")["error"]["code"] == -1020);
  CHECK(api.Ask(R"({"id":6,"method":"userDataStream.start"})")["status"] == 410);
  CHECK(api.Ask(R"({"id":7,"method":"ping"} trailing)")["error"]["code"] == -1135);
}

TEST_CASE("WebSocket API signs numbers as they are written") {
  VenueHarness venue;
  venue.Start();
  TestSocket api(venue, "/ws-api/v3");
  const std::string time = std::to_string(venue.now_ms());
  const std::string payload =
      std::string("apiKey=") + kTestKey +
      "&price=40000.00&quantity=0.010&side=BUY&symbol=BTCUSDT&timeInForce=GTC&timestamp=" + time +
      "&type=LIMIT";
  const std::string frame =
      R"({"id":1,"method":"order.place","params":{"type":"LIMIT","symbol":"BTCUSDT","side":"BUY","timeInForce":"GTC","price":40000.00,"quantity":0.010,"timestamp":)" +
      time + R"(,"apiKey":")" + kTestKey + R"(","signature":")" +
      base::Hex(base::HmacSha256(kTestSecret, payload)) + R"("}})";
  CHECK(api.Ask(frame)["result"]["origQty"] == "0.01000000");
}

TEST_CASE("User data stream tells orders, fills and balances in order, to their owner only") {
  VenueHarness venue;
  venue.Start();
  TestSocket mine(venue, "/ws-api/v3"), other(venue, "/ws-api/v3");
  CHECK(mine.Call("userDataStream.subscribe.signature", {})["result"]["subscriptionId"] == 0);
  CHECK(mine.Call("userDataStream.subscribe.signature", {})["error"]["code"] == -2035);
  CHECK(other.Call("userDataStream.subscribe.signature", {}, "2")["status"] == 200);
  Fields order = venue.Limit("BUY", "40000", "0.01");
  order.emplace_back("newClientOrderId", "resting");
  REQUIRE(venue.Place(order).status == 200);
  REQUIRE(venue
              .Signed("DELETE", "/api/v3/order",
                      {{"symbol", "BTCUSDT"},
                       {"origClientOrderId", "resting"},
                       {"newClientOrderId", "bye"}})
              .status == 200);
  const HttpAnswer market = venue.Place(
      {{"symbol", "BTCUSDT"}, {"side", "BUY"}, {"type", "MARKET"}, {"quantity", "0.05"}});
  venue.Run(20ms);
  const auto reports = mine.Events("executionReport");
  REQUIRE(reports.size() == 3 + market.json["fills"].size());
  CHECK(reports[0]["x"] == "NEW");
  CHECK(reports[0]["c"] == "resting");
  CHECK(reports[0]["w"] == true);
  CHECK(reports[1]["x"] == "CANCELED");
  CHECK(reports[1]["c"] == "bye");
  CHECK(reports[1]["C"] == "resting");
  CHECK(reports[2]["x"] == "NEW");
  for (size_t i = 3; i < reports.size(); ++i) {
    CHECK(reports[i]["x"] == "TRADE");
    CHECK(reports[i]["t"] == market.json["fills"][i - 3]["tradeId"]);
    CHECK(reports[i]["N"] == "BTC");
    CHECK(reports[i]["m"] == false);
  }
  CHECK(reports.back()["X"] == "FILLED");
  CHECK(reports.back()["z"] == "0.05000000");
  const auto positions = mine.Events("outboundAccountPosition");
  REQUIRE_FALSE(positions.empty());
  const Json account = venue.Signed("GET", "/api/v3/account", {}).json;
  for (const Json& balance : account["balances"]) {
    for (const Json& told : positions.back()["B"]) {
      if (told["a"] == balance["asset"]) CHECK(told["f"] == balance["free"]);
    }
  }
  CHECK(other.Events("executionReport").empty());
  CHECK(mine.Ask(R"({"id":9,"method":"session.subscriptions"})")["result"].size() == 1);
  CHECK(mine.Ask(R"({"id":10,"method":"userDataStream.unsubscribe","params":{"subscriptionId":0}})")
            ["status"] == 200);
  CHECK(mine.Ask(R"({"id":11,"method":"userDataStream.unsubscribe","params":{"subscriptionId":0}})")
            ["error"]["code"] == -2036);
  const size_t before = mine.messages.size();
  REQUIRE(venue.Place(order).status == 200);
  venue.Run(20ms);
  CHECK(mine.messages.size() == before);
}

TEST_CASE("A stop tells the streams before it closes them") {
  VenueHarness venue;
  venue.Start();
  TestSocket user(venue, "/ws-api/v3"), market(venue, "/ws/btcusdt@trade");
  bool stopped = false;
  venue.server->Stop([&](absl::Status status) { stopped = status.ok(); });
  venue.Run(1s);
  CHECK(stopped);
  CHECK(user.closed);
  CHECK(market.closed);
  REQUIRE_FALSE(user.messages.empty());
  CHECK(user.messages.back()["event"]["e"] == "serverShutdown");
}

std::set<std::string> Keys(const Json& value) {
  std::set<std::string> keys;
  for (const auto& [key, unused] : value.items()) keys.insert(key);
  return keys;
}

using Examples = std::map<std::pair<std::string, int>, Json>;

std::optional<Examples> DocumentedExamples() {
  base::PosixFiles files;
  auto reader = base::LineReader::Open(
      files, "../shared/data/oracle-exchange-docs/binance-spot-docs.jsonl.gz", 1 << 20);
  if (!reader.ok()) return std::nullopt;
  Examples examples;
  for (auto line = (*reader)->Next(); line.ok() && line->has_value(); line = (*reader)->Next()) {
    const Json row = Json::parse((*line)->text);
    if (row.contains("json")) examples[{row["doc"], row["n"]}] = row["json"];
  }
  return examples;
}

TEST_CASE("Payloads have the fields of the documented examples") {
  const auto examples = DocumentedExamples();
  if (!examples) SKIP("SKIPPED: ../shared/data/oracle-exchange-docs not present");
  VenueHarness venue;
  venue.Start();
  TestSocket user(venue, "/ws-api/v3");
  TestSocket streams(venue,
                     "/ws/btcusdt@trade/btcusdt@aggTrade/btcusdt@kline_1m/btcusdt@miniTicker/"
                     "btcusdt@ticker/btcusdt@depth@100ms/"
                     "btcusdt@avgPrice");
  TestSocket best(venue, "/ws/btcusdt@bookTicker");
  REQUIRE(user.Call("userDataStream.subscribe.signature", {})["status"] == 200);
  int compared = 0;
  // `at`: where in the example; a list stands for its first entry.
  const auto same = [&](const Json& ours, const char* doc, int n, const std::string& at = "") {
    CAPTURE(doc, n, at);
    const auto first = [](const Json& value) { return value.is_array() ? value[0] : value; };
    Json example = first(examples->at({doc, n}));
    if (!at.empty()) example = first(example.at(Json::json_pointer(at)));
    CHECK(Keys(first(ours)) == Keys(example));
    ++compared;
  };
  const char* rest = "rest-api.md";
  same(venue.Get("/api/v3/time").json, rest, 36);
  const Json info = venue.Get("/api/v3/exchangeInfo").json;
  same(info["symbols"], rest, 38, "/symbols");
  same(venue.Get("/api/v3/depth?symbol=BTCUSDT").json, rest, 42);
  same(venue.Get("/api/v3/trades?symbol=BTCUSDT").json, rest, 44);
  same(venue.Get("/api/v3/aggTrades?symbol=BTCUSDT").json, rest, 50);
  CHECK(venue.Get("/api/v3/klines?symbol=BTCUSDT&interval=1m").json[0].size() ==
        examples->at({rest, 52})[0].size());
  same(venue.Get("/api/v3/avgPrice?symbol=BTCUSDT").json, rest, 56);
  same(venue.Get("/api/v3/ticker/24hr?symbol=BTCUSDT").json, rest, 58);
  same(venue.Get("/api/v3/ticker/24hr?symbol=BTCUSDT&type=MINI").json, rest, 60);
  same(venue.Get("/api/v3/ticker/price").json, rest, 69);
  same(venue.Get("/api/v3/ticker/bookTicker").json, rest, 72);

  Fields market{{"symbol", "BTCUSDT"}, {"side", "SELL"}, {"type", "MARKET"}, {"quantity", "0.01"}};
  const HttpAnswer full = venue.Place(market);
  same(full.json, rest, 89);
  same(full.json["fills"], rest, 89, "/fills");
  market.emplace_back("newOrderRespType", "RESULT");
  same(venue.Place(market).json, rest, 88);
  market.back().second = "ACK";
  same(venue.Place(market).json, rest, 87);
  const HttpAnswer resting = venue.Place(venue.Limit("BUY", "40000", "0.01"));
  const Fields by_id{{"symbol", "BTCUSDT"}, {"orderId", resting.json["orderId"].dump()}};
  same(venue.Signed("GET", "/api/v3/order", by_id).json, rest, 132);
  same(venue.Signed("GET", "/api/v3/openOrders", {}).json, rest, 134);
  Fields smaller = by_id;
  smaller.emplace_back("newQty", "0.008");
  const HttpAnswer amended = venue.Signed("PUT", "/api/v3/order/amend/keepPriority", smaller);
  same(amended.json, rest, 108);
  same(amended.json["amendedOrder"], rest, 108, "/amendedOrder");
  Fields replace = venue.Limit("BUY", "41000", "0.01");
  replace.emplace_back("cancelReplaceMode", "STOP_ON_FAILURE");
  replace.emplace_back("cancelOrderId", resting.json["orderId"].dump());
  const HttpAnswer replaced = venue.Signed("POST", "/api/v3/order/cancelReplace", replace);
  same(replaced.json, rest, 100);
  same(replaced.json["cancelResponse"], rest, 100, "/cancelResponse");
  same(venue.Signed("DELETE", "/api/v3/openOrders", {{"symbol", "BTCUSDT"}}).json, rest, 98);
  same(venue.Signed("GET", "/api/v3/account", {}).json, rest, 130);
  same(venue.Signed("GET", "/api/v3/myTrades", {{"symbol", "BTCUSDT"}}).json, rest, 144);
  same(venue.Signed("GET", "/api/v3/rateLimit/order", {}).json, rest, 146);
  same(venue.Signed("GET", "/api/v3/account/commission", {{"symbol", "BTCUSDT"}}).json, rest, 152);
  REQUIRE(venue.Signed("POST", "/sim/v1/deposit", {{"asset", "USDT"}, {"amount", "1"}}).status ==
          200);

  venue.Run(5s);
  const char* user_doc = "user-data-stream.md";
  same(user.Events("outboundAccountPosition").front(), user_doc, 0, "/event");
  same(user.Events("balanceUpdate").front(), user_doc, 1, "/event");
  Json report = user.Events("executionReport").front();
  report["v"] = 3;  // of orders that self-trade prevention ended, as the example's
  same(report, user_doc, 2, "/event");
  const char* streams_doc = "web-socket-streams.md";
  same(streams.Events("aggTrade").front(), streams_doc, 13);
  same(streams.Events("trade").front(), streams_doc, 14);
  same(streams.Events("kline").front(), streams_doc, 16);
  same(streams.Events("kline").front()["k"], streams_doc, 16, "/k");
  same(streams.Events("24hrMiniTicker").front(), streams_doc, 18);
  same(streams.Events("24hrTicker").front(), streams_doc, 20);
  same(best.messages.front(), streams_doc, 23);
  same(streams.Events("avgPrice").front(), streams_doc, 24);
  same(streams.Events("depthUpdate").front(), streams_doc, 26);
  CHECK(compared == 37);
}

}  // namespace
}  // namespace gannet::venue_sim
