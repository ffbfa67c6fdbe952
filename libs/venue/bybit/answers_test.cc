#include "libs/venue/bybit/answers.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include "libs/venue/bybit/outcomes.h"

namespace gannet::venue::bybit {
namespace {

wire::HttpExchange Http(int status, std::string body) {
  wire::HttpExchange exchange;
  exchange.request_id = 7;
  exchange.status = status;
  exchange.body = std::move(body);
  return exchange;
}

Answer Decode(RequestKind kind, const wire::HttpExchange& exchange, std::string_view order = "a") {
  Reader reader;
  RequestContext request;
  request.kind = kind;
  request.client_order_id = market::ClientOrderId(std::string(order));
  request.target = request.client_order_id;
  return DecodeAnswer(reader, {"bybit-linear", Category::kLinear, {}}, request, exchange);
}

std::string Body(int64_t code, const std::string& result = "{}") {
  return R"({"retCode":)" + std::to_string(code) + R"(,"retMsg":"x","result":)" + result +
         R"(,"time":1700000000000})";
}

constexpr char kOrder[] =
    R"({"list":[{"orderId":"9","orderLinkId":"a","symbol":"BTCUSDT","side":"Buy","orderStatus":"PartiallyFilled","orderType":"Limit","timeInForce":"PostOnly","price":"25000.5","qty":"0.02","cumExecQty":"0.01","stopOrderType":"","updatedTime":"1700000000001"}],"nextPageCursor":"","category":"linear"})";

TEST_CASE("A success of placing, amending or cancelling on Bybit is an acknowledgement") {
  for (const RequestKind kind :
       {RequestKind::kPlace, RequestKind::kCancel, RequestKind::kAmend, RequestKind::kCancelAll}) {
    const Answer answer = Decode(kind, Http(200, Body(0, R"({"orderId":"9","orderLinkId":"a"})")));
    CHECK(answer.outcome == OutcomeClass::kAcknowledged);
    CHECK(answer.orders.empty());
  }
  CHECK(Decode(RequestKind::kPlaceBatch, Http(200, Body(0))).outcome == OutcomeClass::kUnknown);
}

TEST_CASE("Only a structured code under status 200 refuses; everything else is unknown") {
  for (const OutcomeRow& row : Outcomes()) {
    CAPTURE(row.code);
    const MeaningRow& meaning = RowOf(row.meaning);
    CHECK(Decode(RequestKind::kPlace, Http(200, Body(row.code))).outcome == meaning.place);
    CHECK(Decode(RequestKind::kCancel, Http(200, Body(row.code))).outcome == meaning.change);
    CHECK(Decode(RequestKind::kPlace, Http(429, Body(row.code))).outcome == OutcomeClass::kUnknown);
  }
  const Answer cancelled = Decode(RequestKind::kCancel, Http(200, Body(110001)));
  CHECK(cancelled.outcome == OutcomeClass::kRefused);
  CHECK(cancelled.not_found);
  for (const auto& exchange : {Http(500, ""), Http(200, ""), Http(200, "{"), Http(200, "[]"),
                               Http(200, R"({"retMsg":"x"})"), Http(200, Body(123456))}) {
    CHECK(Decode(RequestKind::kPlace, exchange).outcome == OutcomeClass::kUnknown);
  }
  wire::HttpExchange lost;
  lost.transport_error = "timeout";
  CHECK(Decode(RequestKind::kPlace, lost).outcome == OutcomeClass::kUnknown);
  const venue::RateReport too_frequent = Decode(RequestKind::kPlace, Http(403, "")).rate;
  CHECK(too_frequent.banned);
  CHECK(too_frequent.retry_after == std::chrono::minutes(10));
}

TEST_CASE("A query confirms what it says, of the order that was asked about") {
  const Answer answer = Decode(RequestKind::kQueryOrder, Http(200, Body(0, kOrder)));
  REQUIRE(answer.outcome == OutcomeClass::kConfirmed);
  REQUIRE(answer.orders.size() == 1);
  const OrderUpdate& order = answer.orders[0];
  CHECK(order.instrument.text() == "bybit-linear:BTCUSDT");
  CHECK(order.venue_order_id.text() == "9");
  CHECK(order.status == VenueOrderStatus::kPartiallyFilled);
  CHECK(order.time_in_force == market::TimeInForce::kPostOnly);
  CHECK(order.cumulative == "0.01");
  CHECK(order.time == base::FromUnixMillis(1700000000001));
  CHECK(Decode(RequestKind::kQueryOrder, Http(200, Body(0, kOrder)), "other").outcome ==
        OutcomeClass::kUnknown);
  const Answer none = Decode(RequestKind::kQueryOrder, Http(200, Body(0, R"({"list":[]})")));
  CHECK(none.not_found);
  CHECK(none.outcome == OutcomeClass::kRefused);
  std::string strange = kOrder;
  strange.replace(strange.find("PartiallyFilled"), 15, "Sleeping");
  CHECK(Decode(RequestKind::kQueryOrder, Http(200, Body(0, strange))).outcome ==
        OutcomeClass::kUnknown);
}

TEST_CASE(
    "What a market order of Bybit's spot is for may be a value; its quantity is unknown then") {
  Reader reader;
  Order order;
  order.order_id = "9";
  order.symbol = "BTCUSDT";
  order.side = "Buy";
  order.order_type = "Market";
  order.order_status = "Filled";
  order.quantity = "1000";
  order.executed_quantity = "0.02";
  const auto quantity = [&](Category category = Category::kSpot) {
    const auto update = Convert(order, "bybit-spot", category);
    REQUIRE(update.ok());
    CHECK(update->cumulative == "0.02");
    return update->quantity;
  };
  CHECK(quantity().empty());  // a buy, unless it says otherwise
  CHECK(quantity(Category::kLinear) == "1000");
  order.market_unit = "quoteCoin";
  CHECK(quantity().empty());
  order.market_unit = "baseCoin";
  CHECK(quantity() == "1000");
  order.side = "Sell";
  order.market_unit = "";
  CHECK(quantity() == "1000");
  order.market_unit = "quoteCoin";
  CHECK(quantity().empty());
  order.order_type = "Limit";
  CHECK(quantity() == "1000");

  const auto rows = reader.ReadOrders(
      R"({"list":[{"orderId":"9","symbol":"BTCUSDT","side":"Buy","orderStatus":"Filled","marketUnit":"quoteCoin"}]})");
  REQUIRE(rows.ok());
  CHECK(rows->rows.at(0).market_unit == "quoteCoin");

  const auto executions = reader.ReadExecutions(
      R"({"list":[{"execId":"e1","orderId":"9","symbol":"BTCUSDT","side":"Buy","execType":"Trade","orderType":"Market","execPrice":"50000","execQty":"0.02","orderQty":"1000"}]})");
  REQUIRE(executions.ok());
  const Execution& execution = executions->rows.at(0);
  CHECK(Convert(execution, "bybit-spot", Category::kSpot)->order_quantity.empty());
  CHECK(Convert(execution, "bybit-linear", Category::kLinear)->order_quantity == "1000");
}

TEST_CASE("What a Bybit key may do is in its lists of permissions") {
  const auto rights = [](const std::string& read_only, const std::string& wallet,
                         const std::string& ips) {
    return Decode(RequestKind::kKeyRights,
                  Http(200, Body(0, R"({"readOnly":)" + read_only +
                                        R"(,"permissions":{"ContractTrade":["Order","Position"],
                                             "Spot":[],"Wallet":[)" +
                                        wallet + R"(]},"ips":[)" + ips + "]}")));
  };
  CHECK(rights("0", R"("AccountTransfer")", R"("1.2.3.4")").rights ==
        KeyRights{true, false, false});
  CHECK(rights("1", R"("Withdraw")", R"("*")").rights == KeyRights{false, true, true});
  CHECK(rights("0", "", "").rights->from_anywhere);
  for (const char* broken : {"{}", R"({"permissions":{},"ips":[]})", R"({"readOnly":0,"ips":[]})",
                             R"({"readOnly":0,"permissions":[],"ips":[]})"}) {
    const Answer answer = Decode(RequestKind::kKeyRights, Http(200, Body(0, broken)));
    CHECK_FALSE(answer.rights.has_value());
    CHECK(answer.outcome == OutcomeClass::kUnknown);
  }
}

TEST_CASE("Best prices are those of the book's first levels; a side may be empty") {
  const auto best = [](const std::string& result) {
    return Decode(RequestKind::kMarketData, Http(200, Body(0, result))).best;
  };
  CHECK(best(R"({"s":"BTCUSDT","b":[["65485.47","47.08"]],"a":[["65557.7","16.60"]],"ts":1})") ==
        BestPrices{"65485.47", "65557.7"});
  CHECK(best(R"({"s":"BTCUSDT","b":[],"a":[["65557.7","16.60"]]})") == BestPrices{"", "65557.7"});
  for (const char* broken :
       {"{}", R"({"b":[],"a":1})", R"({"b":[[1,2]],"a":[]})", R"({"b":[[]],"a":[]})"})
    CHECK_FALSE(best(broken).has_value());
}

TEST_CASE("Executions are trades, funding is none; balances are what is free and what is held") {
  const std::string executions =
      R"({"list":[{"execId":"e1","orderId":"9","symbol":"BTCUSDT","side":"Sell","execType":"Trade","execPrice":"25000","execQty":"0.01","orderQty":"0.03","execFee":"0.1375","feeCurrency":"USDT","isMaker":true,"execTime":"1700000000002"},)"
      R"({"execId":"e2","orderId":"","symbol":"BTCUSDT","side":"Sell","execType":"Funding","execPrice":"1","execQty":"0.01","execFee":"0.2"}],"nextPageCursor":"more"})";
  const Answer trades = Decode(RequestKind::kTrades, Http(200, Body(0, executions)));
  REQUIRE(trades.trades.size() == 1);
  CHECK(trades.trades[0].fee == "0.1375");
  CHECK(trades.trades[0].order_quantity == "0.03");
  CHECK(trades.trades[0].liquidity == market::Liquidity::kMaker);
  CHECK(trades.more_trades);
  const std::string funding =
      R"({"list":[{"execId":"e2","orderId":"","symbol":"BTCUSDT","side":"Sell","execType":"Funding","execPrice":"1","execQty":"0.01"}],"nextPageCursor":"more"})";
  // A fee without its asset is in what the contract settles in.
  for (const auto& [symbol, settles] : {std::pair("BTCUSDT", "USDT"),
                                        {"BTCUSDT-28MAR25", "USDT"},
                                        {"BTCPERP", "USDC"},
                                        {"BTC-28MAR25", "USDC"}}) {
    CAPTURE(symbol);
    const Answer dated = Decode(
        RequestKind::kTrades,
        Http(200,
             Body(0, std::string(R"({"list":[{"execId":"e1","orderId":"9","symbol":")") + symbol +
                         R"(","side":"Sell","execType":"Trade","execPrice":"25000",)"
                         R"("execQty":"0.01","execFee":"0.1375"}]})")));
    REQUIRE(dated.trades.size() == 1);
    CHECK(dated.trades[0].fee_asset.text() == settles);
  }
  const Answer none = Decode(RequestKind::kTrades, Http(200, Body(0, funding)));
  CHECK(none.trades.empty());
  CHECK(none.more_trades);  // there may be trades behind it
  const std::string wallet =
      R"({"list":[{"accountType":"UNIFIED","coin":[{"coin":"USDT","walletBalance":"100.5","locked":"0.5"}]}]})";
  const Answer account = Decode(RequestKind::kAccount, Http(200, Body(0, wallet)));
  REQUIRE(account.balances.size() == 1);
  CHECK(account.balances[0].free == market::Money(100'00000000, 8));
  CHECK(account.balances_time == base::Time());  // it says when it answered, and no more
  CHECK(account.server_time == base::FromUnixMillis(1700000000000));
  wire::HttpExchange limited = Http(200, Body(0));
  limited.headers = {{"x-bapi-limit", "10"},
                     {"x-bapi-limit-status", "9"},
                     {"x-bapi-limit-reset-timestamp", "1711001595208"}};
  CHECK(LimitOf(limited).limit == 10);
  CHECK(LimitOf(limited).left == 9);
  CHECK(LimitOf(limited).reset == base::FromUnixMillis(1711001595208));
}

}  // namespace
}  // namespace gannet::venue::bybit
