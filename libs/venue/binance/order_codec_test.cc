#include "libs/venue/binance/order_codec.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace gannet::venue::binance {
namespace {

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
  CHECK_FALSE(reader.Amended(good).ok());
  const auto amended = reader.Amended(
      R"({"transactTime":5,"executionId":60,"amendedOrder":{"symbol":"A","orderId":1,
          "origClientOrderId":"c","clientOrderId":"c","price":"5.0","qty":"3.0"}})");
  REQUIRE(amended.ok());
  CHECK(amended->original_quantity == "3.0");
  CHECK(amended->transact_time == 5);
}

TEST_CASE("What a key may do is read as it is said, and not half") {
  AnswerReader reader;
  const auto key = reader.Restrictions(
      R"({"ipRestrict":true,"createTime":1,"enableReading":true,"enableWithdrawals":false,
          "enableSpotAndMarginTrading":true,"enableFutures":false})");
  REQUIRE(key.ok());
  CHECK(*key->ip_restricted);
  CHECK_FALSE(*key->may_withdraw);
  CHECK(*key->spot);
  CHECK_FALSE(*key->futures);
  CHECK_FALSE(reader.Restrictions(R"({"ipRestrict":true})").ok());
  CHECK_FALSE(reader.Restrictions(R"({"enableWithdrawals":false})").ok());
  CHECK_FALSE(reader.Restrictions(R"({"ipRestrict":1,"enableWithdrawals":false})").ok());
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
