#include "apps/gannet/venue_check.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>

#include "libs/base/virtual_executor.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;

constexpr char kInfo[] = R"({"rateLimits":[
  {"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},
  {"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100},
  {"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":200000}],
 "symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","baseAssetPrecision":8,
  "quoteAsset":"USDT","quotePrecision":8,"quoteAssetPrecision":8,
  "orderTypes":["LIMIT","LIMIT_MAKER","MARKET"],"isSpotTradingAllowed":true,
  "allowedSelfTradePreventionModes":["EXPIRE_TAKER"],
  "filters":[
   {"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000.00","tickSize":"0.01"},
   {"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000.00","stepSize":"0.00001"},
   {"filterType":"NOTIONAL","minNotional":"5.00","applyMinToMarket":true,"maxNotional":"9000000.00",
    "applyMaxToMarket":false,"avgPriceMins":5}]}]})";

struct Venue {
  Venue() {
    venue.name = "binance-spot";
    venue.rest_url = "https://api.example.com";
    venue.symbols = {"BTCUSDT"};
    venue.trades = true;
    venue.order_url = "wss://ws-api.example.com/ws-api/v3";
    venue.key = "k";
    venue.secret = "s";
    answers["/api/v3/ping"] = {200, "{}"};
    answers["/api/v3/exchangeInfo"] = {200, kInfo};
    answers["/api/v3/account"] = {200, R"({"canTrade":true,"accountType":"SPOT"})"};
    answers["/sapi/v1/account/apiRestrictions"] = {
        200, R"({"ipRestrict":true,"enableReading":true,"enableWithdrawals":false,)"
             R"("enableSpotAndMarginTrading":true})"};
  }
  std::map<std::string, CheckRow> Run() {
    const Fetch fetch = [this](const net::HttpRequest& request) {
      targets.push_back(request.target);
      CHECK(request.method == "GET");
      net::HttpResult result;
      const std::string path = request.target.substr(0, request.target.find('?'));
      if (path == "/api/v3/time" && !down) {
        result.response.status = 200;
        result.response.body =
            "{\"serverTime\":" + std::to_string(base::UnixMillis(clock.Now() + ahead)) + "}";
      } else if (const auto found = answers.find(path); found != answers.end() && !down) {
        result.response.status = found->second.first;
        result.response.body = found->second.second;
      } else {
        result.status = absl::UnavailableError("connection refused");
      }
      return result;
    };
    std::map<std::string, CheckRow> rows;
    const Knock knock = [this](const std::string& url) {
      CHECK(url == venue.order_url);
      return order_socket;
    };
    for (CheckRow& row : CheckVenue(venue, fetch, knock, clock)) rows[row.name] = std::move(row);
    for (const auto& [name, row] : rows) {
      const bool needs = row.verdict == Verdict::kFailed || row.verdict == Verdict::kWarning;
      INFO(name << ": " << row.detail);
      CHECK(needs == !row.remedy.empty());
    }
    return rows;
  }

  base::VirtualExecutor clock{base::FromUnixMillis(1'700'000'000'000)};
  VenueToCheck venue;
  base::Duration ahead{0};
  bool down = false;
  absl::Status order_socket;
  std::map<std::string, std::pair<int, std::string>> answers;
  std::vector<std::string> targets;
};

TEST_CASE("A venue where all is well passes every check") {
  Venue v;
  const auto rows = v.Run();
  CHECK(rows.size() == 9);
  for (const auto& [name, row] : rows) {
    INFO(name << ": " << row.detail);
    CHECK(row.verdict == Verdict::kOk);
  }
}

TEST_CASE("A clock that is off is found, and what is signed uses the venue's time") {
  Venue v;
  v.ahead = 10s;
  const auto rows = v.Run();
  CHECK(rows.at("clock").verdict == Verdict::kFailed);
  CHECK(rows.at("clock").detail.find("10000 ms behind") != std::string::npos);
  CHECK(rows.at("key").verdict == Verdict::kOk);
  const std::string time = std::to_string(base::UnixMillis(v.clock.Now() + v.ahead));
  CHECK(v.targets.back().find("timestamp=" + time) != std::string::npos);
  v.ahead = -400ms;
  CHECK(v.Run().at("clock").verdict == Verdict::kWarning);
}

TEST_CASE("A key with rights that it must not have is refused") {
  Venue v;
  auto& rights = v.answers["/sapi/v1/account/apiRestrictions"].second;
  rights = R"({"ipRestrict":false,"enableWithdrawals":true,"enableSpotAndMarginTrading":true})";
  auto rows = v.Run();
  CHECK(rows.at("key rights").verdict == Verdict::kFailed);
  CHECK(rows.at("key rights").detail.find("may withdraw") != std::string::npos);
  CHECK(rows.at("ip restriction").verdict == Verdict::kFailed);
  v.venue.rest_url = "http://127.0.0.1:1";
  CHECK(v.Run().at("ip restriction").verdict == Verdict::kWarning);
  rights = R"({"ipRestrict":true,"enableWithdrawals":false,"enableSpotAndMarginTrading":false})";
  CHECK(v.Run().at("key rights").detail == "the key may not trade");
  rights = R"({"ipRestrict":true,"enableWithdrawals":false,"enableSpotAndMarginTrading":true,)"
           R"("enableFutures":true})";
  CHECK(v.Run().at("key rights").verdict == Verdict::kWarning);
  v.answers["/sapi/v1/account/apiRestrictions"] = {404, "<html>"};
  CHECK(v.Run().at("key rights").verdict == Verdict::kWarning);
}

TEST_CASE("A wrong key, a missing one, and an account that may not trade are told apart") {
  Venue v;
  v.answers["/api/v3/account"] = {401,
                                  R"({"code":-2015,"msg":"Invalid API-key, IP, or permissions"})"};
  auto rows = v.Run();
  CHECK(rows.at("key").verdict == Verdict::kFailed);
  CHECK(rows.at("key").remedy.find("test net") != std::string::npos);
  CHECK(rows.at("key rights").verdict == Verdict::kSkipped);
  v.answers["/api/v3/account"] = {
      400, R"({"code":-1022,"msg":"Signature for this request is not valid."})"};
  CHECK(v.Run().at("key").remedy.find("secret") != std::string::npos);
  v.answers["/api/v3/account"] = {200, R"({"canTrade":false})"};
  CHECK(v.Run().at("key").detail == "the account may not trade");
  v.venue.key_problem = "others may read it";
  CHECK(v.Run().at("key").detail == "others may read it");
  v.venue.trades = false;
  CHECK(v.Run().at("key").verdict == Verdict::kSkipped);
}

TEST_CASE("An order socket that does not open is warned of, unless none is wanted") {
  Venue v;
  v.order_socket = absl::UnavailableError("no route to it");
  auto rows = v.Run();
  CHECK(rows.at("order socket").verdict == Verdict::kWarning);
  CHECK(rows.at("order socket").detail.find("ws-api.example.com/ws-api/v3: no route to it") !=
        std::string::npos);
  CHECK(rows.at("key").verdict == Verdict::kOk);
  v.venue.order_url.clear();
  CHECK(v.Run().at("order socket").verdict == Verdict::kOk);
  v.venue.trades = false;
  CHECK(v.Run().at("order socket").verdict == Verdict::kSkipped);
}

TEST_CASE("Rules of the venue are held against the configuration") {
  Venue v;
  v.venue.rate.orders_per_10s = 500;
  v.venue.self_trade_prevention = "DECREMENT";
  v.venue.symbols = {"BTCUSDT", "NOSUCH"};
  const auto rows = v.Run();
  CHECK(rows.at("rate limits").detail == "orders_per_10s 500 above 100");
  CHECK(rows.at("trading modes").detail == "BTCUSDT does not know self_trade_prevention DECREMENT");
  CHECK(rows.at("instruments").detail.find("NOSUCH") != std::string::npos);
}

TEST_CASE("A venue that does not answer, and one that answers nonsense, crash nothing") {
  Venue v;
  v.down = true;
  auto rows = v.Run();
  CHECK(rows.at("reached").verdict == Verdict::kFailed);
  CHECK(rows.at("clock").verdict == Verdict::kSkipped);
  CHECK(rows.size() == 9);
  v.down = false;
  for (const char* body :
       {"", "null", "[]", "{\"symbols\":5,\"rateLimits\":{}}",
        "{\"rateLimits\":[{\"limit\":\"x\"}],\"symbols\":[1]}", "{\"code\":\"x\"}"}) {
    for (auto& [path, answer] : v.answers) answer.second = body;
    CHECK(v.Run().size() == 9);
  }
}

}  // namespace
}  // namespace gannet::app
