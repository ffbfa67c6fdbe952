// The incremental SHA-256 of OpenSSL 3 that needs no look-up and no allocation of its
// own is marked deprecated in favour of EVP, which costs a multiple of a short hash.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "libs/base/digest.h"

#include <nmmintrin.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstring>

#include "libs/base/check.h"

namespace gannet::base {
namespace {

SHA256_CTX* Context(void* context) { return static_cast<SHA256_CTX*>(context); }

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

std::string EncodeBase64(std::string_view bytes, const char* alphabet, bool pad) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  char* end = out.data();
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t have = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < have ? static_cast<uint8_t>(bytes[i + j]) : 0u);
    }
    for (size_t j = 0; j <= have; ++j) *end++ = alphabet[group >> (18 - 6 * j) & 63];
  }
  if (!pad) out.resize(static_cast<size_t>(end - out.data()));
  return out;
}

constexpr char kUrlAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  SHA256_CTX context;
  Sha256Digest digest;
  GANNET_CHECK(SHA256_Init(&context) == 1 &&
                   SHA256_Update(&context, bytes.data(), bytes.size()) == 1 &&
                   SHA256_Final(digest.data(), &context) == 1,
               "SHA-256 failed");
  return digest;
}

uint64_t Sha256First64(std::string_view bytes) {
  const Sha256Digest digest = Sha256(bytes);
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof number; ++i) number = number << 8 | digest[i];
  return number;
}

Sha256Stream::Sha256Stream() : context_(new SHA256_CTX) {
  GANNET_CHECK(SHA256_Init(Context(context_)) == 1, "SHA-256 failed");
}

Sha256Stream::~Sha256Stream() { delete Context(context_); }

void Sha256Stream::Update(std::string_view bytes) {
  GANNET_CHECK(SHA256_Update(Context(context_), bytes.data(), bytes.size()) == 1, "SHA-256 failed");
}

Sha256Digest Sha256Stream::Peek() const {
  SHA256_CTX copy = *Context(context_);
  Sha256Digest digest;
  GANNET_CHECK(SHA256_Final(digest.data(), &copy) == 1, "SHA-256 failed");
  return digest;
}

Sha256Digest HmacSha256(std::string_view key, std::string_view message) {
  Sha256Digest digest;
  GANNET_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Unsigned(message),
                    message.size(), digest.data(), nullptr) != nullptr,
               "HMAC-SHA-256 failed");
  return digest;
}

uint32_t Crc32c(std::string_view bytes, uint32_t seed) {
  uint64_t crc = ~seed;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  uint32_t tail = static_cast<uint32_t>(crc);
  for (; left > 0; ++at, --left) tail = _mm_crc32_u8(tail, static_cast<uint8_t>(*at));
  return ~tail;
}

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string Hex(const Sha256Digest& digest) {
  return Hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::optional<std::string> FromHex(std::string_view text) {
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = value(text[i]), low = value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

std::string Base64Url(std::string_view bytes) { return EncodeBase64(bytes, kUrlAlphabet, false); }
std::string Base64(std::string_view bytes) { return EncodeBase64(bytes, kAlphabet, true); }

std::optional<std::string> FromBase64(std::string_view text) {
  size_t padding = 0;
  for (; !text.empty() && text.back() == '='; ++padding) text.remove_suffix(1);
  const size_t full = (4 - text.size() % 4) % 4;
  if (full == 3 || (padding != 0 && padding != full)) return std::nullopt;
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const int value = Base64Value(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 255);
    }
  }
  if ((bits & ((1u << have) - 1)) != 0) return std::nullopt;  // two texts for one value
  return out;
}

std::string RandomBytes(size_t count) {
  std::string out(count, '\0');
  GANNET_CHECK(
      RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1,
      "the operating system gave no random bytes");
  return out;
}

}  // namespace gannet::base
