#include "libs/venue/binance/socket_answers.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/venue/answer_parts.h"

namespace gannet::venue::binance {
namespace {

TEST_CASE("Orders on Binance's socket are known by their name, and other requests are not") {
  const SocketProtocol protocol = SocketProtocolOf();
  CHECK(protocol.id_of_request(R"({"id":"o1-1","method":"order.place","params":{}})") == "o1-1");
  CHECK(protocol.id_of_request(R"({"id":"o1-2","method":"algoOrder.cancel","params":{}})") ==
        "o1-2");
  CHECK(protocol.id_of_request(R"({"id":"own","method":"userDataStream.subscribe"})").empty());
  for (const char* odd : {"", "{", R"({"id":"x)", R"({"id":7,"method":"order.place"})"})
    CHECK(protocol.id_of_request(odd).empty());
}

TEST_CASE("An answer on Binance's socket is what REST would have said") {
  const SocketProtocol protocol = SocketProtocolOf();
  const auto placed = protocol.read(
      R"({"id":"o1-1","status":200,"result":{"symbol":"BTCUSDT","orderId":12569099453},)"
      R"("rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50,"count":12},)"
      R"({"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":160000,"count":4043},)"
      R"({"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000,"count":321}]})");
  REQUIRE(placed);
  CHECK(placed->id == "o1-1");
  CHECK(placed->exchange.status == 200);
  CHECK(placed->exchange.body == R"({"symbol":"BTCUSDT","orderId":12569099453})");
  CHECK(HeaderOf(placed->exchange, "x-mbx-order-count-10s") == "12");
  CHECK(HeaderOf(placed->exchange, "x-mbx-order-count-1d") == "4043");
  CHECK(HeaderOf(placed->exchange, "x-mbx-used-weight-1m") == "321");
  CHECK(WireOf(placed->exchange) == "ws:");

  const auto limited = protocol.read(
      R"({"id":"o1-2","status":429,"error":{"code":-1003,"msg":"Too much","data":{"serverTime":1000,"retryAfter":3500}}})");
  REQUIRE(limited);
  CHECK(limited->exchange.status == 429);
  CHECK(HeaderOf(limited->exchange, "retry-after") == "3");
  CHECK(limited->exchange.body.starts_with(R"({"code":-1003)"));

  for (const char* none : {"", "[]", R"({"id":null,"status":400,"error":{}})", R"({"id":"x"})",
                           R"({"subscriptionId":0,"event":{"e":"executionReport"}})"})
    CHECK_FALSE(protocol.read(none));
}

}  // namespace
}  // namespace gannet::venue::binance
