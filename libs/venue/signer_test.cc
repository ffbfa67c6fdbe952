#include "libs/venue/signer.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::venue {
namespace {

// RFC 8032, section 7.1, TEST 2: the seed in PKCS #8, and the signature of one byte.
constexpr std::string_view kRfc8032 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";

TEST_CASE("HMAC signatures are lower-case hex") {
  // RFC 4231, test case 2.
  const Signer signer = Signer::Hmac("Jefe");
  CHECK(signer.kind() == SignatureKind::kHmacSha256);
  CHECK(signer.Sign("what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("Ed25519 signatures are base64, percent-encoded in a query") {
  const auto signer = Signer::FromKeyText(kRfc8032);
  REQUIRE(signer.ok());
  CHECK(signer->kind() == SignatureKind::kEd25519);
  const std::string expected =
      "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6w"
      "DSkWErsMAA==";
  CHECK(signer->Sign("\x72") == expected);
  std::string query = "signature=";
  signer->AppendToQuery(query, "\x72");
  CHECK(query.find('+') == std::string::npos);
  CHECK(query.ends_with("%3D%3D"));
}

TEST_CASE("What is no usable key is refused in words") {
  CHECK_FALSE(Signer::FromPem("-----BEGIN PRIVATE KEY-----\nMC4=\n").ok());
  const auto secret = Signer::FromKeyText("secret");
  REQUIRE(secret.ok());
  CHECK(secret->kind() == SignatureKind::kHmacSha256);
}

}  // namespace
}  // namespace gannet::venue
