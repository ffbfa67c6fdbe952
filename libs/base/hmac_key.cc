// The incremental SHA-256 of OpenSSL 3 that can be copied without allocation is
// marked deprecated in favour of EVP, which cannot.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "libs/base/hmac_key.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <cstring>

namespace gannet::base {
namespace {

constexpr size_t kBlock = 64;

SHA256_CTX StartWith(const std::array<unsigned char, kBlock>& key, unsigned char pad) {
  std::array<unsigned char, kBlock> block;
  for (size_t i = 0; i < kBlock; ++i) block[i] = key[i] ^ pad;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return context;
}

}  // namespace

HmacSha256Key::HmacSha256Key(std::string_view key) {
  static_assert(sizeof(SHA256_CTX) <= kContextBytes);
  std::array<unsigned char, kBlock> padded{};
  if (key.size() > kBlock) {
    SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), padded.data());
  } else {
    std::memcpy(padded.data(), key.data(), key.size());
  }
  const SHA256_CTX inner = StartWith(padded, 0x36), outer = StartWith(padded, 0x5c);
  std::memcpy(inner_.bytes, &inner, sizeof inner);
  std::memcpy(outer_.bytes, &outer, sizeof outer);
  OPENSSL_cleanse(padded.data(), padded.size());
}

HmacSha256Key::~HmacSha256Key() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

Sha256Digest HmacSha256Key::Sign(std::string_view message) const {
  SHA256_CTX context;
  std::memcpy(&context, inner_.bytes, sizeof context);
  SHA256_Update(&context, message.data(), message.size());
  Sha256Digest digest;
  SHA256_Final(digest.data(), &context);
  std::memcpy(&context, outer_.bytes, sizeof context);
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

}  // namespace gannet::base
