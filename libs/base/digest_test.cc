#include "libs/base/digest.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/property_suite.h"

namespace gannet::base {
namespace {

std::string Repeat(char c, size_t count) { return std::string(count, c); }
std::string Bytes(std::string_view hex) { return *FromHex(hex); }

}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180-2 and NIST's examples") {
  CHECK(Hex(Sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Hex(Sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Hex(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(Hex(Sha256(Repeat('a', 1'000'000))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE(
    "Sha256Stream gives the digest of what it was fed, in whatever pieces, as often as asked") {
  CHECK(Holds("pieces do not matter", [](const std::vector<std::string>& pieces) {
    Sha256Stream stream;
    std::string whole;
    for (const std::string& piece : pieces) {
      stream.Update(piece);
      whole += piece;
      RC_ASSERT(stream.Peek() == Sha256(whole));
    }
    RC_ASSERT(stream.Peek() == Sha256(whole));
  }));
}

TEST_CASE("HMAC-SHA-256 gives the test vectors of RFC 4231") {
  CHECK(Hex(HmacSha256(Repeat('\x0b', 20), "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(Hex(HmacSha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(Hex(HmacSha256(Repeat('\xaa', 20), Repeat('\xdd', 50))) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  CHECK(Hex(HmacSha256(Bytes("0102030405060708090a0b0c0d0e0f10111213141516171819"),
                       Repeat('\xcd', 50))) ==
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  CHECK(Hex(HmacSha256(Repeat('\xaa', 131),
                       "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(Hex(HmacSha256("", "")) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("HMAC-SHA-256 signs as Binance's published example pair shows") {
  const std::string secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
  CHECK(
      Hex(HmacSha256(
          secret,
          "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&"
          "timestamp=1499827319559")) ==
      "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
}

TEST_CASE("CRC-32C gives the values of RFC 3720, B.4") {
  std::string ascending, descending;
  for (int i = 0; i < 32; ++i) {
    ascending += static_cast<char>(i);
    descending += static_cast<char>(31 - i);
  }
  CHECK(Crc32c(Repeat('\0', 32)) == 0x8a9136aa);
  CHECK(Crc32c(Repeat('\xff', 32)) == 0x62a8ab43);
  CHECK(Crc32c(ascending) == 0x46dd794e);
  CHECK(Crc32c(descending) == 0x113fdb5c);
  CHECK(Crc32c("123456789") == 0xe3069283);
  CHECK(Crc32c("") == 0);
}

TEST_CASE("CRC-32C agrees with the bitwise definition and goes on from a seed") {
  const auto bitwise = [](std::string_view bytes) {
    uint32_t crc = ~0u;
    for (const char c : bytes) {
      crc ^= static_cast<uint8_t>(c);
      for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0u);
    }
    return ~crc;
  };
  CHECK(Holds("CRC-32C", [&](const std::string& a, const std::string& b) {
    RC_ASSERT(Crc32c(a) == bitwise(a));
    RC_ASSERT(Crc32c(b, Crc32c(a)) == bitwise(a + b));
  }));
}

TEST_CASE("Hex goes there and back, and refuses what is none") {
  CHECK(Hex(std::string("\x00\x7f\xff", 3)) == "007fff");
  CHECK(FromHex("DEADbeef") == "\xde\xad\xbe\xef");
  CHECK(FromHex("") == "");
  for (const char* text : {"0", "0g", " 00", "0x00", "00 "}) CHECK_FALSE(FromHex(text));
  CHECK(Holds("hex", [](const std::string& bytes) { RC_ASSERT(FromHex(Hex(bytes)) == bytes); }));
}

TEST_CASE("Base64 gives the vectors of RFC 4648, section 10") {
  const std::pair<const char*, const char*> kVectors[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kVectors) {
    CHECK(Base64(bytes) == text);
    CHECK(FromBase64(text) == bytes);
  }
  CHECK(Base64Url("\xfb\xff\xfe") == "-__-");
  CHECK(Base64("\xfb\xff\xfe") == "+//+");
  CHECK(Base64Url("f") == "Zg");
  CHECK(FromBase64("-__-") == FromBase64("+//+"));
}

TEST_CASE("Base64 refuses what is none, and a second text for the same bytes") {
  for (const char* text : {"Z", "Zg=", "Zg===", "Zm9v=", "Zm9v====", "Z m9", "Zm9v\n",
                           "Zh==", "Zm9=", "=", "====", "*a=="}) {
    CAPTURE(text);
    CHECK_FALSE(FromBase64(text));
  }
  CHECK(Holds("base64", [](const std::string& bytes) {
    RC_ASSERT(FromBase64(Base64(bytes)) == bytes);
    RC_ASSERT(FromBase64(Base64Url(bytes)) == bytes);
  }));
}

TEST_CASE("RandomBytes gives as many as asked, and not the same twice") {
  CHECK(RandomBytes(0).empty());
  CHECK(RandomBytes(32).size() == 32);
  CHECK(RandomBytes(32) != RandomBytes(32));
}

}  // namespace gannet::base
