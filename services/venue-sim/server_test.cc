#include "services/venue-sim/server.h"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "services/venue-sim/filters.h"
#include "services/venue-sim/keys.h"
#include "services/venue-sim/rss.h"
#include "services/venue-sim/venue_for_test.h"

namespace gannet::venue_sim {
namespace {

using namespace std::chrono_literals;

std::string Message(const HttpAnswer& answer) { return answer.json.value("msg", ""); }

TEST_CASE("REST answers the public questions with documented fields") {
  VenueHarness venue;
  venue.Start();
  venue.Run(5s);
  CHECK(venue.Get("/api/v3/ping").text == "{}");
  CHECK(venue.Get("/api/v3/time").json["serverTime"].get<int64_t>() >=
        base::UnixMillis(TestStart()));
  const Json info = venue.Get("/api/v3/exchangeInfo").json;
  REQUIRE(info["symbols"].size() >= 10);
  std::set<std::string> filters;
  for (const Json& filter : info["symbols"][0]["filters"]) filters.insert(filter["filterType"]);
  for (const char* name : {"PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "NOTIONAL",
                           "PERCENT_PRICE_BY_SIDE", "MAX_NUM_ORDERS"}) {
    CHECK(filters.contains(name));
  }
  CHECK(venue.Get("/api/v3/exchangeInfo?symbol=ETHUSDT").json["symbols"].size() == 1);
  CHECK(venue.Get("/api/v3/exchangeInfo?symbols=%5B%22ETHUSDT%22,%22BTCUSDT%22%5D")
            .json["symbols"]
            .size() == 2);

  const Json depth = venue.Get("/api/v3/depth?symbol=BTCUSDT&limit=5").json;
  CHECK(depth["bids"].size() == 5);
  CHECK(depth["lastUpdateId"].get<uint64_t>() > 0);
  CHECK(venue.Get("/api/v3/trades?symbol=BTCUSDT&limit=3").json.size() == 3);
  const Json old = venue.Get("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=2&limit=2").json;
  REQUIRE(old.size() == 2);
  CHECK(old[0]["id"] == 2);
  const Json aggregates = venue.Get("/api/v3/aggTrades?symbol=BTCUSDT&limit=10").json;
  REQUIRE(aggregates.size() > 1);
  for (size_t i = 1; i < aggregates.size(); ++i) {
    CHECK(aggregates[i]["f"].get<uint64_t>() == aggregates[i - 1]["l"].get<uint64_t>() + 1);
  }
  const Json klines = venue.Get("/api/v3/klines?symbol=BTCUSDT&interval=5m&limit=20").json;
  REQUIRE(klines.size() == 20);
  CHECK(klines[0].size() == 12);
  CHECK(klines[1][0].get<int64_t>() - klines[0][0].get<int64_t>() == 300'000);
  CHECK(venue.Get("/api/v3/avgPrice?symbol=BTCUSDT").json["mins"] == 5);
  CHECK(venue.Get("/api/v3/ticker/24hr").json.size() == ListedSymbols().size());
  CHECK(venue.Get("/api/v3/ticker/24hr?symbol=BTCUSDT&type=MINI").json.contains("priceChange") ==
        false);
  CHECK(venue.Get("/api/v3/ticker/price?symbol=BTCUSDT").json.size() == 2);
  CHECK(venue.Get("/api/v3/ticker/bookTicker").json.size() == ListedSymbols().size());
  CHECK(venue.Get("/dapi/v1/exchangeInfo").json["symbols"].empty());
}

TEST_CASE("The perpetuals' market data is that of spot, in their own words") {
  VenueHarness venue;
  venue.Start();
  const Json info = venue.Get("/fapi/v1/exchangeInfo").json;
  REQUIRE(info["symbols"].size() == ListedSymbols().size() - 1);  // none is quoted in BTC
  const Json& symbol = info["symbols"][0];
  CHECK(symbol["contractType"] == "PERPETUAL");
  CHECK(symbol["marginAsset"] == "USDT");
  CHECK(symbol["filters"][0]["tickSize"] == venue.Get("/api/v3/exchangeInfo?symbol=BTCUSDT")
                                                .json["symbols"][0]["filters"][0]["tickSize"]);
  const Json depth = venue.Get("/fapi/v1/depth?symbol=BTCUSDT&limit=20").json;
  const Json spot = venue.Get("/api/v3/depth?symbol=BTCUSDT&limit=20").json;
  CHECK(depth["bids"] == spot["bids"]);
  CHECK(depth["lastUpdateId"] == spot["lastUpdateId"]);
  CHECK(depth.contains("T"));
  CHECK(venue.Get("/fapi/v1/depth?symbol=ETHBTC").code() == -1121);
  CHECK(venue.Get("/fapi/v1/depth?symbol=BTCUSDT&limit=7").code() == -4021);
  const Json best = venue.Get("/fapi/v1/ticker/bookTicker?symbol=BTCUSDT").json;
  CHECK(best["bidPrice"] == depth["bids"][0][0]);
  CHECK(best["askPrice"] == depth["asks"][0][0]);
  CHECK(venue.Get("/fapi/v1/ticker/bookTicker").json.size() == ListedSymbols().size() - 1);
  CHECK(venue.Get("/fapi/v1/ticker/bookTicker?symbol=ETHBTC").code() == -1121);
}

TEST_CASE("REST refuses what is wrong with the documented code and status") {
  VenueHarness venue;
  venue.Start();
  const auto refused = [&](const std::string& target, int status, int64_t code) {
    CAPTURE(target);
    const HttpAnswer answer = venue.Get(target);
    CHECK(answer.status == status);
    CHECK(answer.code() == code);
  };
  refused("/api/v3/depth", 400, -1102);
  refused("/api/v3/depth?symbol=NONE", 400, -1121);
  refused("/api/v3/depth?symbol=btcusdt", 400, -1100);
  refused("/api/v3/depth?symbol=BTCUSDT&limit=x", 400, -1100);
  refused("/api/v3/depth?symbol=BTCUSDT&symbol=ETHUSDT", 400, -1101);
  refused("/api/v3/klines?symbol=BTCUSDT&interval=7m", 400, -1120);
  refused("/api/v3/ticker/24hr?symbol=BTCUSDT&type=HUGE", 400, -1139);
  refused("/api/v3/exchangeInfo?symbol=BTCUSDT&symbols=%5B%22ETHUSDT%22%5D", 400, -1128);
  refused("/api/v3/depth?symbol=%ZZ", 400, -1100);
  refused("/api/v3/nothing", 404, -5000);
  CHECK(venue.Http("POST", "/api/v3/depth").status == 405);
  CHECK(venue.Http("POST", "/api/v3/userDataStream").status == 410);
}

TEST_CASE("REST checks key, signature and time before anything else") {
  VenueHarness venue;
  venue.Start();
  const std::string path = "/api/v3/account?";
  const net::Headers key{{"X-MBX-APIKEY", kTestKey}};
  CHECK(venue.Http("GET", path + venue.SignedQuery({})).code() == -2014);
  CHECK(venue.Http("GET", path + venue.SignedQuery({}), {}, {{"X-MBX-APIKEY", "unknown0unknown0"}})
            .code() == -2015);
  CHECK(venue.Http("GET", path + venue.SignedQuery({}), {}, {{"X-MBX-APIKEY", "unknown0unknown0"}})
            .status == 401);
  CHECK(venue.Http("GET", "/api/v3/account", {}, key).code() == -1102);
  CHECK(venue.Http("GET", path + venue.SignedQuery({}, "wrong"), {}, key).code() == -1022);
  const auto at = [&](int64_t offset_ms, const std::string& window) {
    const std::string query =
        "recvWindow=" + window + "&timestamp=" + std::to_string(venue.now_ms() + offset_ms);
    return venue.Http(
        "GET", path + query + "&signature=" + base::Hex(base::HmacSha256(kTestSecret, query)), {},
        key);
  };
  CHECK(at(-4000, "5000").status == 200);
  CHECK(at(-6000, "5000").code() == -1021);
  CHECK(at(-6000, "10000").status == 200);
  CHECK(at(+2000, "5000").code() == -1021);
  CHECK(at(0, "60001").code() == -1131);
  // The signature covers the query and the body together, wherever it stands.
  const std::string query = "symbol=BTCUSDT&side=BUY&type=LIMIT";
  const std::string body =
      "timeInForce=GTC&quantity=0.01&price=40000&timestamp=" + std::to_string(venue.now_ms());
  const std::string signature = base::Hex(base::HmacSha256(kTestSecret, query + body));
  CHECK(
      venue.Http("POST", "/api/v3/order?" + query, body + "&signature=" + signature, key).status ==
      200);
}

TEST_CASE("HMAC signatures equal the published examples") {
  const std::string secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
  const std::string key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
  const Authenticator authenticator({{key, secret, 0}});
  Params params;
  const std::string query =
      "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&"
      "timestamp=1499827319559";
  REQUIRE(params.AddForm(
      query + "&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"));
  const ApiKey& known = **Ok(authenticator.CheckKey(key));
  CHECK_FALSE(
      authenticator.CheckSignature(known, query, params, base::FromUnixMillis(1499827319560)));
  Params ws;
  for (const auto& [name, value] :
       Fields{{"symbol", "BTCUSDT"},
              {"side", "SELL"},
              {"type", "LIMIT"},
              {"timeInForce", "GTC"},
              {"quantity", "0.01000000"},
              {"price", "52000.00"},
              {"recvWindow", "100"},
              {"timestamp", "1645423376532"},
              {"apiKey", key},
              {"signature", "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"}}) {
    ws.Add(name, value);
  }
  CHECK_FALSE(authenticator.CheckSignature(known, SortedPayload(ws), ws,
                                           base::FromUnixMillis(1645423376533)));
}

TEST_CASE("REST places, queries, lists and cancels orders") {
  VenueHarness venue;
  venue.Start();
  Fields order = venue.Limit("BUY", "40000", "0.01");
  order.emplace_back("newClientOrderId", "mine");
  const HttpAnswer placed = venue.Place(order);
  REQUIRE(placed.status == 200);
  CHECK(placed.json["status"] == "NEW");
  CHECK(placed.json["fills"].empty());
  CHECK(placed.json["price"] == "40000.00000000");
  CHECK(net::FindHeader(placed.headers, "X-MBX-ORDER-COUNT-10S") == "1");
  const Fields by_id{{"symbol", "BTCUSDT"}, {"orderId", placed.json["orderId"].dump()}};
  CHECK(venue.Signed("GET", "/api/v3/order", by_id).json["clientOrderId"] == "mine");
  CHECK(venue.Signed("GET", "/api/v3/openOrders", {}).json.size() == 1);
  CHECK(venue.Place(order).code() == -2010);
  Json account = venue.Signed("GET", "/api/v3/account", {{"omitZeroBalances", "true"}}).json;
  for (const Json& balance : account["balances"]) {
    if (balance["asset"] == "USDT") CHECK(balance["locked"] == "400.00000000");
  }
  const HttpAnswer cancelled = venue.Signed(
      "DELETE", "/api/v3/order",
      {{"symbol", "BTCUSDT"}, {"origClientOrderId", "mine"}, {"newClientOrderId", "bye"}});
  CHECK(cancelled.json["status"] == "CANCELED");
  CHECK(cancelled.json["origClientOrderId"] == "mine");
  CHECK(cancelled.json["clientOrderId"] == "bye");
  CHECK(venue.Signed("DELETE", "/api/v3/order", by_id).code() == -2011);
  CHECK(venue.Signed("GET", "/api/v3/order", {{"symbol", "BTCUSDT"}, {"orderId", "999999999"}})
            .code() == -2013);
  CHECK(venue.Signed("DELETE", "/api/v3/order", {{"symbol", "BTCUSDT"}}).code() == -1102);
  CHECK(venue.Signed("GET", "/api/v3/order", by_id, "2").code() == -2013);  // another account's

  Fields market{{"symbol", "BTCUSDT"},
                {"side", "BUY"},
                {"type", "MARKET"},
                {"quantity", "0.02"},
                {"newClientOrderId", "mine"}};
  const HttpAnswer filled = venue.Place(market);
  CHECK(filled.json["status"] == "FILLED");
  CHECK_FALSE(filled.json["fills"].empty());
  CHECK(venue.Place(market).status == 200);  // the same id, after it has filled: a second position
  market.emplace_back("newOrderRespType", "ACK");
  CHECK(venue.Place(market).json.size() == 5);
  CHECK(venue.Signed("GET", "/api/v3/allOrders", {{"symbol", "BTCUSDT"}}).json.size() == 4);
  CHECK(venue.Signed("GET", "/api/v3/allOrders", {{"symbol", "BTCUSDT"}, {"limit", "2"}})
            .json.size() == 2);
  const Json trades = venue.Signed("GET", "/api/v3/myTrades", {{"symbol", "BTCUSDT"}}).json;
  CHECK(trades.size() >= 3);
  CHECK(venue
            .Signed("GET", "/api/v3/myTrades",
                    {{"symbol", "BTCUSDT"}, {"orderId", filled.json["orderId"].dump()}})
            .json.size() == filled.json["fills"].size());
  CHECK(venue.Signed("GET", "/api/v3/rateLimit/order", {}).json[0]["count"] == 5);
  CHECK(venue.Signed("GET", "/api/v3/account/commission", {{"symbol", "BTCUSDT"}})
            .json["standardCommission"]["taker"] == "0.00100000");
}

TEST_CASE("REST names what is wrong with an order") {
  VenueHarness venue;
  venue.Start();
  const auto refused = [&](Fields change, std::initializer_list<const char*> without, int64_t code,
                           const std::string& message) {
    Fields order = venue.Limit("BUY", "40000", "0.01");
    std::erase_if(order, [&](const auto& field) {
      for (const char* name : without) {
        if (field.first == name) return true;
      }
      return false;
    });
    for (auto& [name, value] : change) {
      std::erase_if(order, [&](const auto& field) { return field.first == name; });
      order.emplace_back(name, value);
    }
    for (const char* path : {"/api/v3/order", "/api/v3/order/test"}) {
      const HttpAnswer answer = venue.Signed("POST", path, order);
      CHECK(answer.code() == code);
      CHECK(Message(answer) == message);
    }
  };
  const auto missing = [](const std::string& name) {
    return "Mandatory parameter '" + name + "' was not sent, was empty/null, or malformed.";
  };
  refused({}, {"price"}, -1102, missing("price"));
  refused({}, {"quantity"}, -1102, missing("quantity"));
  refused({}, {"timeInForce"}, -1102, missing("timeInForce"));
  refused({}, {"side"}, -1102, missing("side"));
  refused({{"side", "HOLD"}}, {}, -1117, "Invalid side.");
  refused({{"type", "MAGIC"}}, {}, -1116, "Invalid orderType.");
  refused({{"timeInForce", "DAY"}}, {}, -1115, "Invalid timeInForce.");
  refused({{"type", "MARKET"}}, {"timeInForce"}, -1106,
          "Parameter 'price' sent when not required.");
  refused({{"type", "LIMIT_MAKER"}}, {}, -1114, "TimeInForce parameter sent when not required.");
  refused({{"price", "1e5"}}, {}, -1100,
          "Illegal characters found in parameter 'price'; legal range is "
          "'^([0-9]{1,20})(\\.[0-9]{1,20})?$'.");
  refused({{"price", "40000.123456789"}}, {}, -1111, "Parameter 'price' has too much precision.");
  refused({{"price", "99999999999999"}}, {}, -1108, "Parameter 'price' overflowed.");
  refused({{"quantity", "0"}}, {}, -1013, "Invalid quantity.");
  refused({{"price", "0.00"}}, {}, -1013, "Invalid price.");
  refused({{"price", "40000.001"}}, {}, -1013, "Filter failure: PRICE_FILTER");
  refused({{"quantity", "0.000001"}}, {}, -1013, "Filter failure: LOT_SIZE");
  refused({{"quantity", "0.0001"}}, {}, -1013, "Filter failure: NOTIONAL");
  refused({{"price", "100"}}, {}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE");
  refused({{"quantity", "20"}}, {}, -2010,
          "Account has insufficient balance for requested action.");
  refused({{"newClientOrderId", "not allowed!"}}, {}, -1100,
          "Illegal characters found in parameter 'newClientOrderId'; legal range is "
          "'^[a-zA-Z0-9-_.:/]{1,36}$'.");
  refused({{"surprise", "1"}}, {}, -1104,
          "Not all sent parameters were read; read '8' parameter(s) but was sent '9'.");
  refused({{"trailingDelta", "100"}}, {}, -1106,
          "Parameter 'trailingDelta' sent when not required.");
  refused({{"type", "STOP_LOSS"}, {"trailingDelta", "2001"}}, {"price", "timeInForce"}, -1013,
          "Filter failure: TRAILING_DELTA");
  refused({{"icebergQty", "0.001"}}, {}, -1013,
          "Iceberg orders are not supported for this symbol.");
  CHECK(venue.Signed("POST", "/api/v3/order/test", venue.Limit("BUY", "40000", "0.01")).text ==
        "{}");
  CHECK(venue.Signed("GET", "/api/v3/openOrders", {}).json.empty());
}

TEST_CASE("REST cancels and replaces with a result for each leg") {
  VenueHarness venue;
  venue.Start();
  const auto replace = [&](const std::string& mode, const std::string& target,
                           const std::string& price) {
    Fields fields = venue.Limit("BUY", price, "0.01");
    fields.emplace_back("cancelReplaceMode", mode);
    fields.emplace_back("cancelOrigClientOrderId", target);
    return venue.Signed("POST", "/api/v3/order/cancelReplace", fields);
  };
  Fields first = venue.Limit("BUY", "40000", "0.01");
  first.emplace_back("newClientOrderId", "first");
  REQUIRE(venue.Place(first).status == 200);
  HttpAnswer answer = replace("STOP_ON_FAILURE", "nobody", "41000");
  CHECK(answer.status == 400);
  CHECK(answer.code() == -2022);
  CHECK(answer.json["data"]["newOrderResult"] == "NOT_ATTEMPTED");
  CHECK(answer.json["data"]["newOrderResponse"].is_null());
  CHECK(answer.json["data"]["cancelResponse"]["code"] == -2011);
  answer = replace("ALLOW_FAILURE", "nobody", "41000");
  CHECK(answer.status == 409);
  CHECK(answer.code() == -2021);
  CHECK(answer.json["data"]["newOrderResponse"]["status"] == "NEW");
  answer = replace("STOP_ON_FAILURE", "first", "41000.001");
  CHECK(answer.code() == -2021);
  CHECK(answer.json["data"]["cancelResponse"]["status"] == "CANCELED");
  REQUIRE(venue.Place(first).status == 200);
  answer = replace("STOP_ON_FAILURE", "first", "42000");
  CHECK(answer.status == 200);
  CHECK(answer.json["cancelResult"] == "SUCCESS");
  CHECK(answer.json["newOrderResponse"]["price"] == "42000.00000000");
  const HttpAnswer amended =
      venue.Signed("PUT", "/api/v3/order/amend/keepPriority",
                   {{"symbol", "BTCUSDT"},
                    {"orderId", answer.json["newOrderResponse"]["orderId"].dump()},
                    {"newQty", "0.005"}});
  CHECK(amended.json["amendedOrder"]["qty"] == "0.00500000");
}

TEST_CASE("REST counts weight, answers 429, then 418") {
  VenueHarness venue;
  venue.options().limits.weight_per_minute = 60;
  venue.options().limits.violations_before_ban = 2;
  venue.Start();
  HttpAnswer answer = venue.Get("/api/v3/exchangeInfo");
  CHECK(net::FindHeader(answer.headers, "X-MBX-USED-WEIGHT-1M") == "20");
  CHECK(venue.Get("/api/v3/exchangeInfo").status == 200);
  CHECK(venue.Get("/api/v3/exchangeInfo").status == 200);
  answer = venue.Get("/api/v3/ping");
  CHECK(answer.status == 429);
  CHECK(answer.code() == -1003);
  CHECK(std::stoi(std::string(net::FindHeader(answer.headers, "Retry-After"))) <= 60);
  CHECK(venue.Get("/api/v3/ping").status == 429);
  answer = venue.Get("/api/v3/ping");
  CHECK(answer.status == 418);
  CHECK(std::stoi(std::string(net::FindHeader(answer.headers, "Retry-After"))) == 120);
  venue.Run(61s);
  CHECK(venue.Get("/api/v3/ping").status == 418);
  venue.Run(60s);
  CHECK(venue.Get("/api/v3/ping").status == 200);
}

TEST_CASE("REST limits new orders per account") {
  VenueHarness venue;
  venue.options().limits.orders_per_10_seconds = 3;
  venue.Start();
  for (int i = 0; i < 3; ++i)
    CHECK(venue.Place(venue.Limit("BUY", "40000", "0.001")).status == 200);
  const HttpAnswer answer = venue.Place(venue.Limit("BUY", "40000", "0.001"));
  CHECK(answer.status == 429);
  CHECK(answer.code() == -1015);
  CHECK(net::FindHeader(answer.headers, "Retry-After").empty());
  CHECK(venue.Signed("DELETE", "/api/v3/openOrders", {{"symbol", "BTCUSDT"}}).json.size() ==
        3);  // cancels go on
  venue.Run(10s);
  CHECK(venue.Place(venue.Limit("BUY", "40000", "0.001")).status == 200);
}

TEST_CASE("The news feed is RSS 2.0 with a growing list of stories") {
  VenueHarness venue;
  venue.options().exchange.core.news_interval = 2s;
  venue.Start();
  const HttpAnswer first = venue.Get("/news/rss");
  REQUIRE(first.status == 200);
  CHECK(net::FindHeader(first.headers, "Content-Type").starts_with("application/rss+xml"));
  CHECK(first.text.find("<rss version=\"2.0\">") != std::string::npos);
  const std::string etag(net::FindHeader(first.headers, "ETag"));
  CHECK(venue.Http("GET", "/news/rss", {}, {{"If-None-Match", etag}}).status == 304);
  venue.Run(60s);
  const HttpAnswer later = venue.Http("GET", "/news/rss", {}, {{"If-None-Match", etag}});
  CHECK(later.status == 200);
  CHECK(later.text.size() > first.text.size());
  CHECK(RssDate(TestStart()) == "Sat, 01 Jun 2024 00:00:00 GMT");
}

TEST_CASE("The newspaper covers every event type in many words") {
  NewsWire wire(5, 1s);
  std::set<std::string> titles;
  std::map<market::NewsEventType, int> types;
  for (int i = 0; i < 2000; ++i) {
    const Story story = wire.Compose(TestStart());
    titles.insert(story.title);
    ++types[story.type];
    CHECK(story.title.find_first_of("{}") == std::string::npos);
    CHECK((story.type != market::NewsEventType::kNone || story.shock.impact == 0));
  }
  CHECK(titles.size() > 800);
  CHECK(types.size() == 7);
  CHECK(wire.stories().size() == NewsWire::kStoriesKept);
}

TEST_CASE("API keys are made once, at random, for their owner only") {
  base::SimFiles files;
  const auto first = LoadOrCreateKeys(files, "/d", 2);
  REQUIRE(first.ok());
  CHECK((*first)[0].key.size() == 64);
  CHECK((*first)[0].key != (*first)[1].key);
  const auto second = LoadOrCreateKeys(files, "/d", 2);
  REQUIRE(second.ok());
  CHECK((*second)[1].secret == (*first)[1].secret);
  base::SimFiles other;
  CHECK((*LoadOrCreateKeys(other, "/d", 1))[0].key != (*first)[0].key);
  REQUIRE(files.WriteAtomically("/d/api-key", "short").ok());
  CHECK_FALSE(LoadOrCreateKeys(files, "/d", 1).ok());
}

TEST_CASE("A deposit shows in balance and stream") {
  VenueHarness venue;
  venue.Start();
  TestSocket user(venue, "/ws-api/v3");
  REQUIRE(user.Call("userDataStream.subscribe.signature", {})["status"] == 200);
  CHECK(venue.Signed("POST", "/sim/v1/deposit", {{"asset", "USDT"}, {"amount", "12.5"}}).status ==
        200);
  CHECK(venue
            .Signed("POST", "/sim/v1/deposit",
                    {{"asset", "USDT"}, {"amount", "99999999"}, {"direction", "OUT"}})
            .code() == -2010);
  CHECK(venue.Signed("POST", "/sim/v1/deposit", {{"asset", "NONE"}, {"amount", "1"}}).code() ==
        -2010);
  venue.Run(10ms);
  const auto updates = user.Events("balanceUpdate");
  REQUIRE(updates.size() == 1);
  CHECK(updates[0]["d"] == "12.50000000");
  CHECK(user.Events("outboundAccountPosition").back()["B"][0]["a"] == "USDT");
}

TEST_CASE("An order that the venue lost is in no list, and stays lost over a restart") {
  VenueHarness venue;
  venue.Start();
  TestSocket user(venue, "/ws-api/v3");
  REQUIRE(user.Call("userDataStream.subscribe.signature", {})["status"] == 200);
  Fields order = venue.Limit("BUY", "40000", "0.001");
  order.emplace_back("newClientOrderId", "mine");
  REQUIRE(venue.Place(order).status == 200);
  const Fields name{{"symbol", "BTCUSDT"}, {"origClientOrderId", "mine"}};
  REQUIRE(venue.Signed("POST", "/sim/v1/lose", name).status == 200);
  venue.Run(10ms);
  CHECK(user.Events("executionReport").size() == 1);  // NEW
  for (int start = 0; start < 2; ++start) {
    CHECK(venue.Signed("GET", "/api/v3/openOrders", {}).json.empty());
    CHECK(venue.Signed("GET", "/api/v3/allOrders", {{"symbol", "BTCUSDT"}}).json.empty());
    CHECK(venue.Signed("GET", "/api/v3/order", name).code() == -2013);
    CHECK(venue.Signed("DELETE", "/api/v3/order", name).code() == -2011);
    venue.Crash();
    venue.Start();
  }
}

TEST_CASE("A symbol that is restated is so at every door, and over a restart") {
  VenueHarness venue;
  venue.Start();
  const auto restate = [&venue](Fields rules) {
    rules.insert(rules.begin(), {"symbol", "BTCUSDT"});
    return venue.Signed("POST", "/sim/v1/restate", rules);
  };
  REQUIRE(restate({{"tickSize", "0.5"}, {"minNotional", "20"}, {"status", "HALT"}}).status == 200);
  CHECK(restate({{"tickSize", "0.00001"}}).code() == -1130);
  const auto symbol = [](const Json& info) {
    for (const Json& one : info["symbols"]) {
      if (one["symbol"] == "BTCUSDT") return one;
    }
    return Json();
  };
  const auto at_bybit = [&venue](const std::string& category) {
    return venue.Get("/v5/market/instruments-info?symbol=BTCUSDT&category=" + category)
        .json["result"]["list"][0];
  };
  for (int start = 0; start < 2; ++start) {
    const Json spot = symbol(venue.Get("/api/v3/exchangeInfo").json),
               usdm = symbol(venue.Get("/fapi/v1/exchangeInfo").json);
    CHECK(spot["status"] == "HALT");
    CHECK(spot["filters"][0]["tickSize"] == "0.50000000");
    CHECK(usdm["status"] == "SETTLING");
    CHECK(usdm["filters"][0]["tickSize"] == "0.50000000");
    CHECK(at_bybit("spot")["status"] == "PreLaunch");
    CHECK(at_bybit("linear")["priceFilter"]["tickSize"] == "0.50000000");
    CHECK(at_bybit("linear")["lotSizeFilter"]["minNotionalValue"] == "20.00000000");
    venue.Crash();
    venue.Start();
  }
  CHECK(venue.Place(venue.Limit("BUY", "40000", "0.001")).code() == -2010);
  REQUIRE(restate({}).status == 200);
  CHECK(symbol(venue.Get("/api/v3/exchangeInfo").json)["status"] == "TRADING");
  CHECK(venue.Place(venue.Limit("BUY", "40000.01", "0.001")).status == 200);
}

TEST_CASE("The venue survives requests made to break it") {
  VenueHarness venue;
  venue.Start();
  base::Rng rng(4);
  const std::vector<std::string> pieces{"/api/v3/order",
                                        "?",
                                        "&",
                                        "=",
                                        "symbol",
                                        "BTCUSDT",
                                        "%",
                                        "%00",
                                        "quantity",
                                        "-1",
                                        "9999999999999999999999",
                                        "/",
                                        "..",
                                        "\xff\xfe",
                                        "signature",
                                        "timestamp",
                                        "[\"",
                                        "]",
                                        "limit",
                                        "0",
                                        "klines",
                                        "interval",
                                        "1m"};
  const char* methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"};
  for (int i = 0; i < 400; ++i) {
    std::string target = "/", body;
    for (uint64_t n = rng.Below(12); n > 0; --n) target += pieces[rng.Below(pieces.size())];
    for (uint64_t n = rng.Below(12); n > 0; --n) body += pieces[rng.Below(pieces.size())];
    // Handed over as it is: a client would refuse to send some of it.
    int status = 0;
    net::HttpRequest request{
        methods[rng.Below(6)], target, {{"X-MBX-APIKEY", rng.Chance(0.5) ? kTestKey : "x"}}, body};
    venue.server->OnRequest(std::move(request), "10.0.0.1:5",
                            [&](net::HttpResponse response) { status = response.status; });
    venue.Run(1ms);
    CHECK((status == 200 || (status >= 400 && status < 500)));
  }
  CHECK(venue.Get("/api/v3/ping").status == 200);
}

}  // namespace
}  // namespace gannet::venue_sim
