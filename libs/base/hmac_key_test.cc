#include "libs/base/hmac_key.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace gannet::base {
namespace {

TEST_CASE("HmacSha256Key agrees with the vectors of RFC 4231") {
  const std::string key_20(20, '\x0b');
  CHECK(Hex(HmacSha256Key(key_20).Sign("Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(Hex(HmacSha256Key("Jefe").Sign("what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string key_131(131, '\xaa');  // longer than a block
  CHECK(
      Hex(HmacSha256Key(key_131).Sign("Test Using Larger Than Block-Size Key - Hash Key First")) ==
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("HmacSha256Key agrees with HmacSha256 at every length around a block, again and again") {
  for (const size_t key_length : {0u, 1u, 63u, 64u, 65u, 200u}) {
    const std::string key(key_length, 'k');
    const HmacSha256Key prepared(key);
    for (size_t length = 0; length < 200; ++length) {
      const std::string message(length, static_cast<char>('a' + length % 26));
      REQUIRE(prepared.Sign(message) == HmacSha256(key, message));
    }
  }
}

}  // namespace
}  // namespace gannet::base
