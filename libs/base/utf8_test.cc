#include "libs/base/utf8.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace gannet::base {
namespace {

TEST_CASE("IsUtf8 takes well-formed sequences of every length") {
  for (const char* text : {"", "plain", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
                           "\xF4\x8F\xBF\xBF", "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x80z"}) {
    CAPTURE(text);
    CHECK(IsUtf8(text));
    CHECK(ReplaceBadUtf8(text) == text);
  }
  CHECK(IsUtf8(std::string_view("\0", 1)));
}

TEST_CASE("IsUtf8 refuses what RFC 3629 forbids") {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "ok\xFE"}) {
    CHECK_FALSE(IsUtf8(text));
    CHECK(IsUtf8(ReplaceBadUtf8(text)));
  }
}

TEST_CASE("IsUtf8 sees a bad byte at every place of texts of every length") {
  for (size_t size = 1; size <= 40; ++size) {
    std::string text(size, 'x');
    CHECK(IsUtf8(text));
    for (char& byte : text) {
      byte = '\xFF';
      CHECK_FALSE(IsUtf8(text));
      byte = 'x';
    }
  }
}

TEST_CASE("ReplaceBadUtf8 replaces each bad byte and keeps the rest") {
  CHECK(ReplaceBadUtf8("a\xFF"
                       "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(ReplaceBadUtf8("\xE2\x82x") == "\xEF\xBF\xBD\xEF\xBF\xBDx");
}

TEST_CASE("ReplaceNoncharacters replaces what Unicode assigns to nobody, and bad bytes") {
  for (const char* text : {"\uFDD0", "\uFDEF", "\uFFFE", "\uFFFF", "\U0001FFFE", "\U0003FFFF",
                           "\U0004FFFE", "\U000FFFFF", "\U0010FFFE", "\U0010FFFF", "\xFF"}) {
    CAPTURE(text);
    CHECK(ReplaceNoncharacters(std::string("a") + text + "b") == "a\uFFFDb");
  }
  for (const char* text : {"", "plain", "\uFDCF", "\uFDF0", "\uFFFD", "\uEFFF", "\U00010000",
                           "\U0001FFFD", "\U0001EFFE", "\U00020000", "\U0010FFFD"}) {
    CAPTURE(text);
    CHECK(ReplaceNoncharacters(text) == text);
  }
}

}  // namespace
}  // namespace gannet::base
