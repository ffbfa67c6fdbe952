#include "libs/venue/binance/order_codec.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/market/decimal.h"

namespace gannet::venue::binance {
namespace {

// A published example pair; it opens no account.
constexpr std::string_view kSecret =
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

TEST_CASE("Signed query agrees with the published example") {
  const base::HmacSha256Key key(kSecret);
  std::string out;
  QueryWriter query(out, "/api/v3/order");
  query.Add("symbol", "LTCBTC");
  query.Add("side", "BUY");
  query.Add("type", "LIMIT");
  query.Add("timeInForce", "GTC");
  query.AddDecimal("quantity", 100000000, 8);
  query.AddDecimal("price", 10000000, 8);
  query.AddNumber("recvWindow", 5000);
  query.AddNumber("timestamp", 1499827319559);
  query.Sign(key);
  CHECK(
      out ==
      "/api/v3/"
      "order?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
      "&timestamp=1499827319559&signature="
      "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
}

TEST_CASE("A symbol outside ASCII is percent-encoded before it is signed") {
  const base::HmacSha256Key key(kSecret);
  std::string out;
  QueryWriter query(out, "");
  query.Add("symbol", "１２３４５６");
  for (const auto& [name, value] :
       {std::pair("side", "BUY"), {"type", "LIMIT"}, {"timeInForce", "GTC"}})
    query.Add(name, value);
  query.AddDecimal("quantity", 1, 0);
  query.AddDecimal("price", 1, 1);
  query.AddNumber("recvWindow", 5000);
  query.AddNumber("timestamp", 1499827319559);
  query.Sign(key);
  CHECK(out.starts_with("?symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY"));
  CHECK(
      out.ends_with("&signature=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"));
}

TEST_CASE("Decimals are written exactly and shortest") {
  const auto text = [](int64_t mantissa, int scale) {
    std::string out;
    AppendDecimal(out, mantissa, scale);
    return out;
  };
  CHECK(text(0, 8) == "0");
  CHECK(text(1, 8) == "0.00000001");
  CHECK(text(100000000, 8) == "1");
  CHECK(text(2500050, 2) == "25000.5");
  CHECK(text(-15, 1) == "-1.5");
  CHECK(text(INT64_MIN, 0) == "-9223372036854775808");
  CHECK(text(INT64_MAX, 18) == "9.223372036854775807");
  for (int scale = 0; scale <= 18; ++scale) {
    for (const int64_t mantissa :
         {7ll, 70ll, 12'345'000ll, 999'999'999'999ll, 1'000'000'000'000'000'000ll}) {
      CHECK(text(mantissa, scale) == market::FormatDecimal(mantissa, scale));
    }
  }
}

struct Case {
  market::OrderType type;
  market::TimeInForce time_in_force;
  std::string_view expected;  // empty: not offered
};

TEST_CASE("Order types and times in force become the parameters that Binance takes") {
  using enum market::OrderType;
  using enum market::TimeInForce;
  const Case cases[] = {
      {kMarket, kGtc, "?side=SELL&type=MARKET&quantity=1.25"},
      {kMarket, kIoc, "?side=SELL&type=MARKET&quantity=1.25"},
      {kMarket, kFok, ""},
      {kMarket, kPostOnly, ""},
      {kLimit, kGtc, "?side=SELL&type=LIMIT&timeInForce=GTC&quantity=1.25&price=99.5"},
      {kLimit, kIoc, "?side=SELL&type=LIMIT&timeInForce=IOC&quantity=1.25&price=99.5"},
      {kLimit, kFok, "?side=SELL&type=LIMIT&timeInForce=FOK&quantity=1.25&price=99.5"},
      {kLimit, kPostOnly, "?side=SELL&type=LIMIT_MAKER&quantity=1.25&price=99.5"},
      {kLimit, kGtd, ""},
      {kStop, kGtc, "?side=SELL&type=STOP_LOSS&quantity=1.25&stopPrice=98"},
      {kStop, kPostOnly, ""},
      {kStopLimit, kGtc,
       "?side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=1.25&price=99.5&stopPrice=98"},
      {kStopLimit, kPostOnly, ""},
      {kTakeProfit, kGtc, "?side=SELL&type=TAKE_PROFIT&quantity=1.25&stopPrice=98"},
      {kTakeProfitLimit, kFok,
       "?side=SELL&type=TAKE_PROFIT_LIMIT&timeInForce=FOK&quantity=1.25&price=99.5&stopPrice=98"},
      {kTrailingStop, kGtc, ""},
  };
  market::Instrument instrument;
  instrument.price_scale = 2;
  instrument.quantity_scale = 5;
  for (const Case& row : cases) {
    CAPTURE(static_cast<int>(row.type), static_cast<int>(row.time_in_force));
    market::OrderIntent intent;
    intent.side = market::Side::kSell;
    intent.type = row.type;
    intent.time_in_force = row.time_in_force;
    intent.price = {9950};
    intent.stop_price = {9800};
    std::string out;
    QueryWriter query(out, "");
    const absl::Status status =
        AddOrderParameters(query, intent, market::Quantity{125000}, instrument);
    CHECK(status.ok() == !row.expected.empty());
    if (status.ok()) CHECK(out == row.expected);
  }
}

TEST_CASE("Answers that are cut, mistyped or not JSON are refused by name") {
  AnswerReader reader;
  const std::string good =
      R"({"symbol":"A","orderId":1,"clientOrderId":"c","status":"NEW","executedQty":"0"})";
  REQUIRE(reader.Order(good).ok());
  for (size_t length = 0; length < good.size(); ++length) {
    CHECK_FALSE(reader.Order(std::string_view(good).substr(0, length)).ok());
  }
  const auto message = [&](std::string_view body) {
    return std::string(reader.Order(body).status().message());
  };
  CHECK(message(R"({"orderId":1,"clientOrderId":"c"})") == "field symbol is missing");
  CHECK(message(R"({"symbol":"A","clientOrderId":"c"})") == "field orderId is missing");
  CHECK(message(R"({"symbol":"A","orderId":"1","clientOrderId":"c"})") ==
        "field orderId is not a whole number");
  CHECK(message(R"({"symbol":"A","orderId":1.5,"clientOrderId":"c"})") ==
        "field orderId is not a whole number");
  CHECK(message(R"({"symbol":"A","orderId":1,"clientOrderId":"c","executedQty":1})") ==
        "field executedQty is not text");
  CHECK(message(R"({"symbol":"A","orderId":1,"clientOrderId":"c","fills":{}})") ==
        "field fills is not a list");
  CHECK(
      message(
          R"({"symbol":"A","orderId":1,"clientOrderId":"c","fills":[{"price":"1","qty":"1"}]})") ==
      "field fills.tradeId is missing");
  CHECK(message("[]") == "an order is not an object");
  CHECK_FALSE(reader.Order("{\"symbol\":\"\xff\xfe\"}").ok());
  CHECK_FALSE(
      reader.Order(R"({"symbol":"A","orderId":99999999999999999999999999,"clientOrderId":"c"})")
          .ok());
  CHECK_FALSE(reader.Order(std::string(5000, '[')).ok());
  CHECK_FALSE(reader.Orders(good).ok());
  CHECK_FALSE(reader.Trades(R"([{"id":1}])").ok());
  CHECK_FALSE(reader.Account(R"({"balances":{}})").ok());
  CHECK_FALSE(reader.Account(R"({})").ok());
  CHECK_FALSE(reader.Error(R"({"code":200})").ok());
  CHECK_FALSE(reader.Error(R"({"code":-99999999999})").ok());
  CHECK_FALSE(reader.ServerTime(R"({"serverTime":"now"})").ok());
  CHECK_FALSE(reader.CancelReplace(R"({"cancelResult":"SUCCESS"})").ok());
}

TEST_CASE("An order id beyond the reach of a double is read exactly") {
  AnswerReader reader;
  const auto order =
      reader.Order(R"({"symbol":"A","orderId":9223372036854775807,"clientOrderId":"c"})");
  REQUIRE(order.ok());
  CHECK(order->order_id == INT64_MAX);
}

}  // namespace
}  // namespace gannet::venue::binance
