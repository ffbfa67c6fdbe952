// Hashes, message authentication and their text forms. OpenSSL underneath.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gannet::base {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view bytes);
// The first 64 bits of the SHA-256, the most significant byte first.
uint64_t Sha256First64(std::string_view bytes);
// Incremental SHA-256, for hashes over a stream of records.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void Update(std::string_view bytes);
  // The digest of all so far; more may be added afterwards.
  Sha256Digest Peek() const;

 private:
  void* context_;
};

Sha256Digest HmacSha256(std::string_view key, std::string_view message);
// CRC-32C (Castagnoli), as in iSCSI; `seed` continues an earlier value.
uint32_t Crc32c(std::string_view bytes, uint32_t seed = 0);

std::string Hex(std::string_view bytes);
std::string Hex(const Sha256Digest& digest);
std::optional<std::string> FromHex(std::string_view text);
// RFC 4648 section 5, without padding.
std::string Base64Url(std::string_view bytes);
// Both alphabets; padding in full or not at all; unused bits must be zero.
std::optional<std::string> FromBase64(std::string_view text);
std::string Base64(std::string_view bytes);  // RFC 4648 section 4, padded

// Random bytes from the operating system: keys and passwords only.
std::string RandomBytes(size_t count);

}  // namespace gannet::base
