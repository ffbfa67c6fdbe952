// The perpetuals' side over its wire, and what survives of it.
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "services/venue-sim/venue_for_test.h"

namespace gannet::venue_sim {
namespace {

using namespace std::chrono_literals;

HttpAnswer Ask(VenueHarness& venue, const std::string& method, const std::string& path,
               Fields fields) {
  return venue.Signed(method, "/fapi/v1/" + path, std::move(fields));
}
Fields Limit(const std::string& side, const std::string& price, const std::string& id = "") {
  Fields fields = {{"symbol", "BTCUSDT"},  {"side", side},       {"type", "LIMIT"},
                   {"timeInForce", "GTC"}, {"quantity", "0.01"}, {"price", price}};
  if (!id.empty()) fields.emplace_back("newClientOrderId", id);
  return fields;
}
Fields Market(const std::string& side, const std::string& quantity) {
  return {{"symbol", "BTCUSDT"}, {"side", side}, {"type", "MARKET"}, {"quantity", quantity}};
}
Json Account(VenueHarness& venue) { return venue.Signed("GET", "/fapi/v3/account", {}).json; }
std::string Away(VenueHarness& venue, int64_t percent) {
  const int64_t best = venue.server->exchange().core().Best(0, market::Side::kBuy)->price.mantissa;
  return EightDecimals(best / 1'000'000 * percent / 100 * 1'000'000);
}

TEST_CASE("Perpetuals take orders, fill them and keep position and wallet exact") {
  VenueHarness venue;
  venue.Start();
  venue.Run(1s);
  const auto rests = Ask(venue, "POST", "order", Limit("BUY", Away(venue, 90), "mine"));
  REQUIRE(rests.status == 200);
  CHECK(rests.json["status"] == "NEW");
  CHECK(Ask(venue, "POST", "order", Limit("BUY", Away(venue, 90), "mine")).code() == -4116);
  CHECK(Ask(venue, "GET", "openOrders", {}).json.size() == 1);
  CHECK(Ask(venue, "DELETE", "order", {{"symbol", "BTCUSDT"}, {"origClientOrderId", "mine"}})
            .json["status"] == "CANCELED");
  CHECK(Ask(venue, "DELETE", "order", {{"symbol", "BTCUSDT"}, {"origClientOrderId", "mine"}})
            .code() == -2011);

  REQUIRE(Ask(venue, "POST", "order", Market("BUY", "0.02")).json["status"] == "FILLED");
  CHECK(Account(venue)["positions"][0]["positionAmt"] == "0.02000000");
  Fields out = Market("SELL", "0.03");
  out.emplace_back("reduceOnly", "true");
  CHECK(Ask(venue, "POST", "order", out).code() == -2022);
  REQUIRE(Ask(venue, "POST", "order", Market("SELL", "0.05")).json["status"] == "FILLED");
  CHECK(Account(venue)["positions"][0]["positionAmt"] == "-0.03000000");  // through zero
  const UsdmMarket& usdm = venue.server->exchange().usdm();
  Amount moved = 0;
  for (const UsdmTrade& trade : usdm.trades(0)) moved += trade.realized - trade.commission;
  CHECK(usdm.wallet(0) == Amount{100'000} * kOne + moved);
  Amount income = 0;
  for (const UsdmIncome& row : usdm.income(0)) income += row.amount;
  CHECK(income == moved);
}

TEST_CASE("Perpetuals refuse as documented") {
  VenueHarness venue;
  venue.Start();
  venue.Run(1s);
  const auto code = [&](Fields fields) { return Ask(venue, "POST", "order", fields).code(); };
  Fields stop = Limit("BUY", Away(venue, 90));
  stop[2].second = "STOP_MARKET";
  CHECK(code(stop) == -4120);
  Fields tiny = Limit("BUY", Away(venue, 90));
  tiny[4].second = "0.00001";
  CHECK(code(tiny) == -4164);
  tiny[4].second = "0.000001";
  CHECK(code(tiny) == -4023);
  Fields huge = Limit("BUY", Away(venue, 90));
  huge[4].second = "90";
  CHECK(code(huge) == -2019);
  CHECK(code(Market("BUY", "10.001")) == -4005);  // 10 in a market order, 400 in others
  Fields maker = Limit("BUY", Away(venue, 110));
  maker[3].second = "GTX";
  CHECK(code(maker) == -5022);
  Fields cross = Limit("BUY", Away(venue, 90));
  cross[0].second = "ETHBTC";
  CHECK(code(cross) == -1121);
  CHECK(Ask(venue, "GET", "order", {{"symbol", "BTCUSDT"}, {"origClientOrderId", "no"}}).code() ==
        -2013);
  CHECK(venue.Http("PUT", "/fapi/v1/listenKey", {}, {{"X-MBX-APIKEY", kTestKey}}).code() == -1125);
}

TEST_CASE("Perpetuals take up to five orders in one request, each with its own result") {
  VenueHarness venue;
  venue.options().usdm_limits.orders_per_10_seconds = 14;
  venue.Start();
  venue.Run(1s);
  const auto order = [&](const std::string& id, const std::string& quantity) {
    return Json{{"symbol", "BTCUSDT"},   {"side", "BUY"},        {"type", "LIMIT"},
                {"timeInForce", "GTC"},  {"quantity", quantity}, {"price", Away(venue, 90)},
                {"newClientOrderId", id}};
  };
  const auto place = [&](const Json& list) {
    return Ask(venue, "POST", "batchOrders", {{"batchOrders", list.dump()}});
  };
  Json stop = order("stop", "0.01");
  stop["type"] = "STOP_MARKET";
  const HttpAnswer mixed = place(
      {order("a", "0.01"), order("b", "0.00001"), stop, order("a", "0.01"), order("c", "0.02")});
  REQUIRE(mixed.status == 200);
  REQUIRE(mixed.json.size() == 5);
  CHECK(mixed.json[0]["clientOrderId"] == "a");
  CHECK(mixed.json[0]["status"] == "NEW");
  CHECK(mixed.json[1]["code"] == -4164);
  CHECK(mixed.json[2]["code"] == -4120);
  CHECK(mixed.json[3]["code"] == -4116);
  CHECK(mixed.json[4]["clientOrderId"] == "c");
  CHECK(Ask(venue, "GET", "openOrders", {}).json.size() == 2);
  CHECK(net::FindHeader(mixed.headers, "X-MBX-ORDER-COUNT-10S") == "5");
  CHECK(place(Json::array()).code() == -4082);
  CHECK(place(Json::array({1, 2, 3, 4, 5, 6})).code() == -4082);
  CHECK(place("no list").code() == -1130);
  // One order counts as five when it comes so; then the limit is reached for all of a batch.
  CHECK(place(Json::array({order("d", "0.01")})).status == 200);
  const HttpAnswer many = place({order("e", "0.01"), order("f", "0.01")});
  CHECK(many.status == 429);
  CHECK(many.code() == -1015);
  CHECK(Ask(venue, "POST", "order", Limit("BUY", Away(venue, 90), "g")).status == 200);
  CHECK(Ask(venue, "GET", "openOrders", {}).json.size() == 4);
}

TEST_CASE("A stop order waits at the algo endpoint and becomes an order") {
  VenueHarness venue;
  venue.Start();
  venue.Run(1s);
  const std::string key =
      venue.Http("POST", "/fapi/v1/listenKey", {}, {{"X-MBX-APIKEY", kTestKey}}).json["listenKey"];
  TestSocket stream(venue, "/private/ws/" + key);
  REQUIRE(stream.open);
  const auto place = [&](const std::string& side, const std::string& trigger) {
    return Ask(venue, "POST", "algoOrder",
               {{"algoType", "CONDITIONAL"},
                {"symbol", "BTCUSDT"},
                {"side", side},
                {"type", "STOP_MARKET"},
                {"quantity", "0.01"},
                {"triggerPrice", trigger},
                {"clientAlgoId", "stop" + side}});
  };
  CHECK(place("BUY", Away(venue, 99)).code() == -2021);
  // A hair above and below: one of them is reached.
  const int64_t last = venue.server->exchange().core().tape(0).last_price();
  REQUIRE(place("BUY", EightDecimals(last + 2'000'000)).status == 200);
  REQUIRE(place("SELL", EightDecimals(last - 2'000'000)).status == 200);
  CHECK(Ask(venue, "GET", "openAlgoOrders", {}).json.size() == 2);
  venue.Run(30s);
  const auto algos = stream.Events("ALGO_UPDATE");
  std::set<std::string> statuses;
  for (const Json& event : algos) statuses.insert(event["o"]["X"].get<std::string>());
  CHECK(statuses.contains("NEW"));
  REQUIRE(statuses.contains("FINISHED"));
  const Json& done = algos.back()["o"];
  const Json order = Ask(venue, "GET", "order",
                         {{"symbol", "BTCUSDT"}, {"orderId", done["ai"].get<std::string>()}})
                         .json;
  CHECK(order["status"] == "FILLED");
  CHECK(order["origType"] == "STOP_MARKET");
  CHECK_FALSE(stream.Events("ORDER_TRADE_UPDATE").empty());
  CHECK_FALSE(stream.Events("ACCOUNT_UPDATE").empty());
}

TEST_CASE("A trailing stop follows the market at the algo endpoint, over a restart too") {
  VenueHarness venue;
  venue.options().exchange.snapshot_interval = 1s;
  venue.Start();
  venue.Run(1s);
  const auto place = [&](const std::string& side, const std::string& rate, const std::string& at) {
    Fields fields = {{"algoType", "CONDITIONAL"},
                     {"symbol", "BTCUSDT"},
                     {"side", side},
                     {"type", "TRAILING_STOP_MARKET"},
                     {"quantity", "0.01"},
                     {"callbackRate", rate},
                     {"clientAlgoId", "trail" + side + rate}};
    if (!at.empty()) fields.emplace_back("activatePrice", at);
    return Ask(venue, "POST", "algoOrder", fields);
  };
  CHECK(place("BUY", "0.15", "").code() == -1130);
  CHECK(place("BUY", "10.1", "").code() == -1130);
  CHECK(place("BUY", "1", Away(venue, 101)).code() == -2021);
  CHECK(place("SELL", "1", Away(venue, 99)).code() == -2021);
  const auto waits = place("SELL", "0.1", Away(venue, 150));  // is never activated
  REQUIRE(waits.status == 200);
  CHECK(waits.json["callbackRate"] == "0.1");
  CHECK(waits.json["activatePrice"] == Away(venue, 150));
  const int64_t first = venue.server->exchange().core().tape(0).last_price();
  REQUIRE(place("BUY", "0.1", "").status == 200);
  REQUIRE(place("SELL", "0.1", "").code() == -4116);
  venue.Run(3s);  // a snapshot
  venue.Crash();
  venue.Start();
  const UsdmMarket& usdm = venue.server->exchange().usdm();
  const UsdmAlgo* algo = usdm.FindAlgo(0, 0, "trailBUY0.1");
  REQUIRE(algo != nullptr);
  for (int i = 0; i < 20'000 && algo->status == AlgoStatus::kNew; ++i) {
    venue.Run(50ms);
    algo = usdm.FindAlgo(0, 0, "trailBUY0.1");
  }
  REQUIRE(algo->status == AlgoStatus::kFinished);
  CHECK(algo->best_price <= first);
  const Json order = Ask(venue, "GET", "order",
                         {{"symbol", "BTCUSDT"}, {"orderId", std::to_string(algo->actual_order)}})
                         .json;
  CHECK(order["status"] == "FILLED");
  CHECK(order["type"] == "MARKET");
  CHECK(order["origType"] == "TRAILING_STOP_MARKET");
  CHECK(order["priceRate"] == "0.1");
  CHECK(usdm.FindAlgo(0, 0, "trailSELL0.1")->status == AlgoStatus::kNew);
}

TEST_CASE("The countdown cancels what is open, and a key that is not kept ends its stream") {
  VenueHarness venue;
  venue.Start();
  venue.Run(1s);
  REQUIRE(Ask(venue, "POST", "order", Limit("BUY", Away(venue, 90), "mine")).status == 200);
  const Fields armed = {{"symbol", "BTCUSDT"}, {"countdownTime", "5000"}};
  REQUIRE(Ask(venue, "POST", "countdownCancelAll", armed).json["countdownTime"] == "5000");
  venue.Run(4s);
  REQUIRE(Ask(venue, "POST", "countdownCancelAll", armed).status == 200);
  venue.Run(4s);
  CHECK(Ask(venue, "GET", "openOrders", {}).json.size() == 1);
  venue.Run(2s);
  CHECK(Ask(venue, "GET", "openOrders", {}).json.empty());

  const std::string key =
      venue.Http("POST", "/fapi/v1/listenKey", {}, {{"X-MBX-APIKEY", kTestKey}}).json["listenKey"];
  TestSocket stream(venue, "/private/ws/" + key);
  TestSocket guess(venue, "/private/ws/0000");
  CHECK(stream.open);
  CHECK_FALSE(guess.open);
  venue.Run(61min);
  CHECK(stream.closed);
  CHECK(stream.Events("listenKeyExpired").size() == 1);
}

TEST_CASE("An order that is good till a date ends then, over a restart too") {
  VenueHarness venue;
  venue.Start();
  venue.Run(1s);
  const int64_t now = base::UnixMillis(venue.server->exchange().now());
  const auto until = [&](int64_t ms, const std::string& time = "GTD") {
    Fields fields = Limit("BUY", Away(venue, 90), "mine");
    fields[3].second = time;
    fields.emplace_back("goodTillDate", std::to_string(ms));
    return Ask(venue, "POST", "order", fields);
  };
  CHECK(until(now + 590'000).code() == -5040);  // ten minutes at least
  CHECK(until(now + 700'000, "GTC").code() == -1106);
  Fields without = Limit("BUY", Away(venue, 90));
  without[3].second = "GTD";
  CHECK(Ask(venue, "POST", "order", without).code() == -5040);
  const int64_t date = (now / 1000 + 700) * 1000;
  const auto placed = until(date + 999);
  CHECK(placed.json["status"] == "NEW");
  CHECK(placed.json["goodTillDate"] == date);  // whole seconds
  venue.Crash();
  venue.Start();
  venue.Run(690s);
  CHECK(Ask(venue, "GET", "openOrders", {}).json.size() == 1);
  venue.Run(12s);
  CHECK(Ask(venue, "GET", "openOrders", {}).json.empty());
  CHECK(Ask(venue, "GET", "order", {{"symbol", "BTCUSDT"}, {"origClientOrderId", "mine"}})
            .json["status"] == "EXPIRED");
}

TEST_CASE("An order that the perpetuals lost is in no list, and stays lost over a restart") {
  VenueHarness venue;
  venue.Start();
  venue.Run(1s);
  REQUIRE(Ask(venue, "POST", "order", Limit("BUY", Away(venue, 90), "mine")).status == 200);
  const Fields name{{"symbol", "BTCUSDT"}, {"origClientOrderId", "mine"}};
  Fields lost = name;
  lost.emplace_back("market", "USDM");
  REQUIRE(venue.Signed("POST", "/sim/v1/lose", lost).status == 200);
  for (int start = 0; start < 2; ++start) {
    CHECK(Ask(venue, "GET", "openOrders", {}).json.empty());
    CHECK(Ask(venue, "GET", "order", name).code() == -2013);
    CHECK(Ask(venue, "DELETE", "order", name).code() == -2011);
    venue.Crash();
    venue.Start();
  }
  CHECK(venue.Signed("POST", "/sim/v1/lose", lost).code() == -2011);
}

TEST_CASE("Perpetuals survive the death of their process to the last unit") {
  VenueHarness venue;
  venue.options().exchange.snapshot_interval = 3s;
  venue.Start();
  venue.Run(1s);
  REQUIRE(Ask(venue, "POST", "order", Market("BUY", "0.02")).status == 200);
  venue.Run(5s);  // a snapshot
  REQUIRE(Ask(venue, "POST", "order", Limit("BUY", Away(venue, 90), "mine")).status == 200);
  REQUIRE(Ask(venue, "POST", "order", Market("SELL", "0.01")).status == 200);
  REQUIRE(
      Ask(venue, "POST", "countdownCancelAll", {{"symbol", "BTCUSDT"}, {"countdownTime", "60000"}})
          .status == 200);
  const Json before = Account(venue);
  venue.Crash();
  venue.Start();
  CHECK(Account(venue) == before);
  CHECK(Ask(venue, "GET", "openOrders", {}).json.size() == 1);
  CHECK(Ask(venue, "GET", "userTrades", {{"symbol", "BTCUSDT"}}).json.size() ==
        venue.server->exchange().usdm().trades(0).size());
  venue.Run(70s);
  CHECK(Ask(venue, "GET", "openOrders", {}).json.empty());
}

TEST_CASE("The perpetuals' limits are their own") {
  VenueHarness venue;
  venue.options().usdm_limits.weight_per_minute = 100;
  venue.Start();
  HttpAnswer answer;
  for (int i = 0; i < 4; ++i) answer = Ask(venue, "GET", "income", {});
  CHECK(answer.status == 429);
  CHECK_FALSE(net::FindHeader(answer.headers, "Retry-After").empty());
  CHECK(venue.Signed("GET", "/api/v3/account", {}).status == 200);
}

}  // namespace
}  // namespace gannet::venue_sim
