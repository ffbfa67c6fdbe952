#include "libs/venue/binance/user_stream_codec.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::venue::binance {
namespace {

TEST_CASE("User stream frames that are cut, mistyped or unknown never pass for an order") {
  UserStreamReader reader;
  const std::string good =
      R"({"subscriptionId":0,"event":{"e":"executionReport","E":1,"s":"A","c":"c","S":"BUY","o":"LIMIT","f":"GTC","q":"1",)"
      R"("p":"1","x":"NEW","X":"NEW","i":7,"z":"0","T":1,"t":-1}})";
  REQUIRE(reader.Read(good).ok());
  for (size_t length = 0; length < good.size(); ++length) {
    CHECK_FALSE(reader.Read(std::string_view(good).substr(0, length)).ok());
  }
  CHECK_FALSE(reader.Read(R"({"event":{"e":"executionReport","s":"A"}})").ok());
  CHECK_FALSE(
      reader.Read(R"({"event":{"e":"outboundAccountPosition","B":[{"a":"X","f":"1"}]}})").ok());
  CHECK_FALSE(reader.Read(R"({"event":{"e":"outboundAccountPosition","B":7}})").ok());
  CHECK_FALSE(reader.Read(R"({"event":{"e":"balanceUpdate","a":"X"}})").ok());
  CHECK_FALSE(reader.Read(R"({"event":7})").ok());
  CHECK_FALSE(reader.Read("7").ok());
  const auto other = reader.Read(R"({"event":{"e":"somethingNew","x":1}})");
  REQUIRE(other.ok());
  CHECK(std::get<OtherEvent>(other->content).event == "somethingNew");
}

TEST_CASE("Answers of the WebSocket API tell success from refusal") {
  UserStreamReader reader;
  auto frame = reader.Read(R"({"id":"own","status":200,"result":{"subscriptionId":3}})");
  REQUIRE(frame.ok());
  CHECK(std::get<ApiResponse>(frame->content).subscription_id == 3);
  frame = reader.Read(R"({"id":null,"status":401,"error":{"code":-2015,"msg":"Invalid API-key"}})");
  REQUIRE(frame.ok());
  const auto& refused = std::get<ApiResponse>(frame->content);
  CHECK(refused.status == 401);
  REQUIRE(refused.error);
  CHECK(refused.error->code == -2015);
}

}  // namespace
}  // namespace gannet::venue::binance
