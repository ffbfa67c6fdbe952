// The two product groups of Bybit v5 that we know.
#pragma once

#include <cstdint>
#include <string_view>

namespace gannet::venue::bybit {

enum class Category : uint8_t { kSpot = 1, kLinear };  // linear: contracts settled in USDT, USDC

constexpr std::string_view CategoryText(Category category) {
  return category == Category::kSpot ? "spot" : "linear";
}

}  // namespace gannet::venue::bybit
