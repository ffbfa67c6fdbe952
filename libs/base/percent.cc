#include "libs/base/percent.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace gannet::base {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

constexpr std::array<bool, 256> kUnreserved = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c : {'-', '.', '_', '~'}) table[static_cast<size_t>(c)] = true;
  return table;
}();

}  // namespace

void AppendPercentEncoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (kUnreserved[byte]) {
      out += c;
    } else {
      const char escaped[3] = {'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
      out.append(escaped, 3);
    }
  }
}

std::string PercentEncoded(std::string_view text) {
  std::string out;
  AppendPercentEncoded(out, text);
  return out;
}

}  // namespace gannet::base
