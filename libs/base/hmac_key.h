// HMAC-SHA-256 (RFC 2104) with one key and many messages: the two blocks that
// hold the key are hashed once, and signing allocates nothing. For signatures on
// the order path; elsewhere HmacSha256 of digest.h will do.
//
// Holds key material: the copy is wiped at destruction. Signing is const and may
// be called from several threads.
#pragma once

#include <cstddef>
#include <string_view>

#include "libs/base/digest.h"

namespace gannet::base {

class HmacSha256Key {
 public:
  explicit HmacSha256Key(std::string_view key);
  ~HmacSha256Key();
  HmacSha256Key(const HmacSha256Key&) = delete;
  HmacSha256Key& operator=(const HmacSha256Key&) = delete;

  Sha256Digest Sign(std::string_view message) const;

 private:
  static constexpr size_t kContextBytes = 128;  // of an OpenSSL SHA256_CTX, checked in the source
  struct alignas(16) Context {
    unsigned char bytes[kContextBytes];
  };
  Context inner_, outer_;  // after the key's block
};

}  // namespace gannet::base
