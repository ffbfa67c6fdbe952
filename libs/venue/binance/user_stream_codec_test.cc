#include "libs/venue/binance/user_stream_codec.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::venue::binance {
namespace {

constexpr std::string_view kKey =
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
constexpr std::string_view kSecret =
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

TEST_CASE("WebSocket API signatures agree with the published examples") {
  const base::HmacSha256Key key(kSecret);
  CHECK(SignParameters(key, {{"symbol", "BTCUSDT"},
                             {"side", "SELL"},
                             {"type", "LIMIT"},
                             {"timeInForce", "GTC"},
                             {"quantity", "0.01000000"},
                             {"price", "52000.00"},
                             {"recvWindow", "100"},
                             {"timestamp", "1645423376532"},
                             {"apiKey", std::string(kKey)}}) ==
        "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24");
  CHECK(SignParameters(key, {{"symbol", "１２３４５６"},
                             {"side", "BUY"},
                             {"type", "LIMIT"},
                             {"timeInForce", "GTC"},
                             {"quantity", "1.00000000"},
                             {"price", "0.10000000"},
                             {"recvWindow", "5000"},
                             {"timestamp", "1645423376532"},
                             {"apiKey", std::string(kKey)}}) ==
        "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd");
}

TEST_CASE("The subscription to own updates carries sorted, signed parameters") {
  const base::HmacSha256Key key(kSecret);
  const std::string frame = EncodeSubscribe(
      key, "theKey", "own", base::FromUnixMillis(1747385641636), std::chrono::seconds(5));
  const std::string signature =
      base::Hex(base::HmacSha256(kSecret, "apiKey=theKey&recvWindow=5000&timestamp=1747385641636"));
  CHECK(
      frame ==
      R"({"id":"own","method":"userDataStream.subscribe.signature","params":{"apiKey":"theKey","recvWindow":5000,)"
      R"("timestamp":1747385641636,"signature":")" +
          signature + R"("}})");
}

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
