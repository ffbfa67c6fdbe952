#include "libs/venue/bybit/socket_answers.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/venue/answer_parts.h"

namespace gannet::venue::bybit {
namespace {

TEST_CASE("An answer on Bybit's trade socket is what REST would have said") {
  const SocketProtocol protocol = SocketProtocolOf();
  CHECK(protocol.id_of_request(R"({"reqId":"o1-1","header":{},"op":"order.create","args":[{}]})") ==
        "o1-1");
  CHECK(protocol.id_of_request(R"({"req_id":"auth","op":"auth"})").empty());
  const auto placed = protocol.read(
      R"({"reqId":"o1-1","retCode":0,"retMsg":"OK","op":"order.create",)"
      R"("data":{"orderId":"a4c1718e","orderLinkId":"g1A"},)"
      R"("header":{"X-Bapi-Limit":"10","X-Bapi-Limit-Status":"9","X-Bapi-Limit-Reset-Timestamp":"1711001595208"},"connId":"c"})");
  REQUIRE(placed);
  CHECK(placed->id == "o1-1");
  CHECK(placed->exchange.body ==
        R"({"retCode":0,"retMsg":"OK","result":{"orderId":"a4c1718e","orderLinkId":"g1A"}})");
  CHECK(HeaderOf(placed->exchange, "x-bapi-limit-status") == "9");
  const auto refused =
      protocol.read(R"({"reqId":"o1-2","retCode":10429,"retMsg":"\"slow\"","op":"order.cancel"})");
  REQUIRE(refused);
  CHECK(refused->exchange.body == R"({"retCode":10429,"retMsg":"\"slow\"","result":{}})");
  for (const char* none : {"", "{}", R"({"retCode":0,"retMsg":"OK","op":"auth","connId":"c"})",
                           R"({"retCode":0,"retMsg":"OK","op":"pong","data":["1"]})",
                           R"({"topic":"order","data":[]})"})
    CHECK_FALSE(protocol.read(none));
}

}  // namespace
}  // namespace gannet::venue::bybit
