#include "apps/gannet/risk_command.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <sstream>

#include "libs/base/sim_files.h"

namespace gannet::app {
namespace {

constexpr char kState[] = R"({"now": "2026-01-02T12:00:00Z",
 "limits": {"version": 3, "valuation": {"asset": "USDT"},
   "firm": {"max_order_notional": 1000, "price_collar": "5%", "stale_after": "10s",
     "message_rate": {"count": 100, "window": "1s"}, "max_open_orders": 10,
     "max_open_notional": 5000, "max_long": 5000, "max_short": 5000, "max_gross": 9000,
     "max_net": 9000, "max_daily_loss": 100, "max_drawdown": 100, "stage": "full"},
   "accounts": {"main/a": {}}, "strategies": {"*": {"max_order_notional": 500}}},
 "history": [
  {"event": "instrument", "id": "v:BTCUSDT", "base": "BTC", "quote": "USDT", "tick": "0.01", "lot": "0.001"},
  {"event": "quote", "instrument": "v:BTCUSDT", "bid": "100", "ask": "100.02"},
  {"event": "book", "instrument": "v:BTCUSDT"},
  {"event": "balance", "account": "main/a", "venue": "v", "asset": "USDT", "total": "700"}]})";
constexpr char kOrder[] =
    R"({"account": "main/a", "strategy": "s", "instrument": "v:BTCUSDT", "side": "buy", "price": "100", "quantity": ")";

struct Case {
  base::SimFiles files;
  RiskOptions options{.state_file = "state.json", .orders_file = "orders.jsonl"};
  std::ostringstream out;

  explicit Case(const std::string& orders, const std::string& state = kState) {
    REQUIRE(files.WriteAtomically("state.json", state).ok());
    REQUIRE(files.WriteAtomically("orders.jsonl", orders).ok());
  }
  std::string Lines(bool sequence = false) {
    options.sequence = sequence;
    const absl::Status done = CheckRisk(files, options, out);
    CHECK(done.ok());
    return out.str();
  }
};

TEST_CASE("gannet risk check answers each order of a file with one line") {
  const std::string orders =
      std::string(kOrder) + "4\"}\n\n" + kOrder + "6\"}\n" + kOrder + "4\"}\n";
  const std::string lines = Case(orders).Lines();
  CHECK(
      lines ==
      R"({"line":1,"client_order_id":"g1case1","permitted":true,"reason":"NONE","failing":[],"detail":"","reserved":"400","reference_price":"100.01","limit_version":3})"
      "\n"
      R"({"line":3,"client_order_id":"g1case2","permitted":false,"reason":"MAX_NOTIONAL","failing":["MAX_NOTIONAL"],"detail":"max_order_notional of strategy s: 600 above 500","reference_price":"100.01","limit_version":3})"
      "\n"
      R"({"line":4,"client_order_id":"g1case3","permitted":true,"reason":"NONE","failing":[],"detail":"","reserved":"400","reference_price":"100.01","limit_version":3})"
      "\n");
  // One after the other, the first reserves what the third would need.
  const std::string sequence = Case(orders).Lines(true);
  CHECK(sequence.find(
            R"("line":4,"client_order_id":"g1case3","permitted":false,"reason":"BALANCE")") !=
        std::string::npos);
}

TEST_CASE("gannet risk check names the line and field of what is wrong") {
  const auto error = [](const std::string& order, const std::string& state = kState) {
    Case c(std::string(kOrder) + "1\"}\n" + order + "\n", state);
    return std::string(CheckRisk(c.files, c.options, c.out).message());
  };
  CHECK(error(std::string(kOrder) + "1.000000001\"}") ==
        "orders.jsonl:2: quantity: '1.000000001' is no decimal with at most 8 digits after the "
        "point");
  CHECK(error(std::string(kOrder) + "1\", \"sidee\": 1}") ==
        "orders.jsonl:2: sidee: there is no such field; see docs/risk-check.md");
  CHECK(error(R"({"account": "main/a"})") == "orders.jsonl:2: strategy: is missing");
  CHECK(error("[]") == "orders.jsonl:2: must be an object {...}");
  CHECK(error("{").starts_with("orders.jsonl:2: is no JSON: "));
  CHECK(
      error(std::string(kOrder) + "1\", \"side\": \"up\"}").starts_with("orders.jsonl:2: side: "));
  CHECK(error("", "{}") == "state.json: now: is missing");
  CHECK(error("", R"({"now": "2026-01-02T12:00:00Z", "limits": {}})")
            .starts_with("state.json: limits"));
  std::string state = kState;
  state.replace(state.find("\"quote\", \"instrument\": \"v:BTC"), 29,
                "\"quote\", \"instrument\": \"v:LTC");
  CHECK(error("", state) ==
        "state.json: history[1]: instrument: 'v:LTCUSDT' has no instrument event before");
}

TEST_CASE("gannet risk explain says of each control the limit, where it came from and the value") {
  Case c(std::string(kOrder) + "6\"}");
  REQUIRE(ExplainRisk(c.files, c.options, c.out).ok());
  const std::string text = c.out.str();
  CHECK(text.find("MAX_NOTIONAL") != std::string::npos);
  CHECK(text.find("max_order_notional  600") != std::string::npos);
  CHECK(text.find("strategy s (\"*\")") != std::string::npos);
  CHECK(text.ends_with("refused: MAX_NOTIONAL\n"));
  c.out.str("");
  c.options.json = true;
  REQUIRE(ExplainRisk(c.files, c.options, c.out).ok());
  CHECK(c.out.str().find("\"reason\": \"GROSS_EXPOSURE\"") != std::string::npos);
}

TEST_CASE("gannet risk explain names the limit and its scope where no number was compared") {
  std::string state = kState;
  const std::string stated = R"("*": {"max_order_notional": 500})";
  state.replace(state.find(stated), stated.size(),
                R"("*": {"max_order_notional": 500}, "s": {"stage": "shadow",
      "permitted_types": ["MARKET"], "max_orders_per_fill": 50, "max_cancel_ratio": "90%",
      "max_concentration": "50%", "max_volatility": "5%", "require_reason": true,
      "self_trade_by_venue": true, "breaker": {"count": 3, "window": "60s"},
      "repeated_executions": {"count": 10, "window": "60s"}})");
  Case c(std::string(kOrder) + "4\"}", state);
  REQUIRE(ExplainRisk(c.files, c.options, c.out).ok());
  std::map<std::string, std::string> lines;
  std::istringstream all(c.out.str());
  for (std::string line; std::getline(all, line);) {
    std::istringstream words(line);
    std::string number, reason;
    words >> number >> reason;
    lines.emplace(reason, line);
  }
  for (const auto& [reason, limit] :
       std::map<std::string, std::string>{{"RELEASE_STAGE", "stage"},
                                          {"NOT_PERMITTED", "permitted_types"},
                                          {"ORDER_TO_TRADE", "max_orders_per_fill"},
                                          {"CANCEL_RATIO", "max_cancel_ratio"},
                                          {"CONCENTRATION", "max_concentration"},
                                          {"VOLATILITY", "max_volatility"},
                                          {"NOT_TRACEABLE", "require_reason"},
                                          {"SELF_TRADE", "self_trade_by_venue"},
                                          {"CIRCUIT_BREAKER", "breaker"},
                                          {"THROTTLED", "repeated_executions"}}) {
    CAPTURE(reason, lines[reason]);
    CHECK(lines[reason].find(limit) != std::string::npos);
    CHECK(lines[reason].find("strategy s") != std::string::npos);
  }
}

TEST_CASE("gannet risk explain does not call passed what it could not look at") {
  const auto verdicts = [](const std::string& order, const std::string& state = kState) {
    Case c(order, state);
    REQUIRE(ExplainRisk(c.files, c.options, c.out).ok());
    std::map<std::string, std::string> by_reason;
    std::istringstream lines(c.out.str());
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string number, reason, verdict;
      words >> number >> reason >> verdict;
      by_reason.emplace(reason, verdict);  // the end repeats the one that decides
    }
    return by_reason;
  };
  auto all = verdicts(std::string(kOrder) + "4\"}");
  CHECK(all["MAX_NOTIONAL"] == "passes");
  CHECK(all["DAILY_LOSS"] == "passes");
  std::string stranger = std::string(kOrder) + "4\"}";
  stranger.replace(stranger.find("v:BTCUSDT"), 9, "v:BTCUSDX");
  all = verdicts(stranger);
  CHECK(all["UNKNOWN_INSTRUMENT"] == "REFUSED");
  CHECK(all["UNKNOWN_ACCOUNT"] == "passes");
  CHECK(all["OFF_TICK"] == "not");
  CHECK(all["MAX_NOTIONAL"] == "not");
  CHECK(all["DAILY_LOSS"] == "not");
  std::string unpriced = kState;
  unpriced.replace(
      unpriced.find("  {\"event\": \"quote\""),
      unpriced.find("  {\"event\": \"book\"") - unpriced.find("  {\"event\": \"quote\""), "");
  all = verdicts(std::string(kOrder) + "4\"}", unpriced);
  CHECK(all["NO_PRICE"] == "REFUSED");
  CHECK(all["OFF_TICK"] == "passes");
  CHECK(all["PRICE_COLLAR"] == "not");
}

}  // namespace
}  // namespace gannet::app
