// A headline as the engine reads it: tokens with their place in the original,
// folded so that spelling, case and typography do not matter.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gannet::news_signal {

inline constexpr size_t kMaxTokens = 96;  // further words of a title are not read

enum class TokenKind : uint8_t { kWord = 1, kMoney, kPercent, kNumber, kYear, kEnd };

struct Token {
  std::string folded;  // "coinbase": lower case, no accents, no possessive, no dots of an acronym
  std::string_view text;              // as written, without the possessive; points into the title
  uint32_t offset = 0;                // of `text`, bytes into the title
  TokenKind kind = TokenKind::kWord;  // kEnd: a clause ends here (comma, dash, colon, semicolon)
  bool tagged = false;                // "$LINK" or "#LINK": said to be a ticker
  bool operator==(const Token&) const = default;
};

// `title` must outlive the result.
std::vector<Token> Tokenize(std::string_view title);

// Words that carry no topic ("the", "of"); sorted list behind it.
bool IsStopWord(std::string_view folded);

// "exchanges" → "exchange", "hacked" → "hack": enough for comparing headlines,
// not a linguist's stem.
std::string Stem(std::string_view folded);

// FNV-1a, 64 bits: hashes that are stored or compared, the same everywhere.
constexpr uint64_t HashBytes(std::string_view bytes, uint64_t seed = 14695981039346656037ULL) {
  for (const char c : bytes) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return seed;
}
// SplitMix64's finaliser: spreads a hash over all bits.
constexpr uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace gannet::news_signal
