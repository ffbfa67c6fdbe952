#include "libs/net/resp.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::net {
namespace {

using Type = RedisReply::Type;

TEST_CASE("Commands may hold any bytes") {
  CHECK(EncodeRespCommand({"GET", "a"}) == "*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
  const std::string odd("\r\n$9\0", 5);
  CHECK(EncodeRespCommand({odd, ""}) == "*2\r\n$5\r\n" + odd + "\r\n$0\r\n\r\n");
}

TEST_CASE("Answers are read however the bytes are cut") {
  const std::string bytes =
      "+OK\r\n"
      "-ERR no\r\n"
      ":-12\r\n"
      "$5\r\na\r\nbc\r\n"
      "$0\r\n\r\n"
      "$-1\r\n"
      "*-1\r\n"
      "*3\r\n:1\r\n$1\r\nx\r\n*1\r\n-ERR in\r\n"
      "*0\r\n";
  for (size_t cut = 1; cut <= bytes.size(); ++cut) {
    RespReader reader;
    std::vector<RedisReply> replies;
    for (size_t at = 0; at < bytes.size(); at += cut) {
      reader.Feed(std::string_view(bytes).substr(at, cut));
      while (auto next = reader.Next()) {
        REQUIRE(next->ok());
        replies.push_back(**std::move(next));
      }
    }
    INFO("cut into pieces of " << cut);
    REQUIRE(replies.size() == 9);
    CHECK((replies[0].type == Type::kText && replies[0].text == "OK"));
    CHECK((replies[1].type == Type::kError && replies[1].text == "ERR no"));
    CHECK((replies[2].type == Type::kNumber && replies[2].number == -12));
    CHECK((replies[3].type == Type::kText && replies[3].text == "a\r\nbc"));
    CHECK((replies[4].type == Type::kText && replies[4].text.empty()));
    CHECK(replies[5].type == Type::kNothing);
    CHECK(replies[6].type == Type::kNothing);
    REQUIRE((replies[7].type == Type::kList && replies[7].items.size() == 3));
    CHECK(replies[7].items[0].number == 1);
    CHECK(replies[7].items[1].text == "x");
    CHECK(replies[7].items[2].items.at(0).text == "ERR in");
    CHECK((replies[8].type == Type::kList && replies[8].items.empty()));
  }
}

TEST_CASE("What is not the protocol, or too much of it, is refused") {
  for (const char* bytes : {"HTTP/1.1 400 Bad Request\r\n", "\r\n", ":1x\r\n", ":\r\n", "$x\r\n",
                            "$-2\r\n", "$99999999999\r\n", "$1\r\nab\r\n", "*-2\r\n", "*5000\r\n",
                            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"}) {
    INFO(bytes);
    RespReader reader;
    reader.Feed(bytes);
    const auto next = reader.Next();
    REQUIRE(next.has_value());
    CHECK(absl::IsDataLoss(next->status()));
  }
  RespReader endless;
  endless.Feed("+" + std::string(RespReader::kMaxBytes + 1, 'x'));
  REQUIRE(endless.Next().has_value());
}

}  // namespace
}  // namespace gannet::net
