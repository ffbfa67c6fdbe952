// Limits that the venue states in exchangeInfo and checks on every order.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gannet::venue_sim {

inline constexpr size_t kMaxOpenOrders = 200;  // MAX_NUM_ORDERS, an account and symbol
// TRAILING_DELTA, basis points, either way.
inline constexpr uint32_t kMinTrailingDelta = 10, kMaxTrailingDelta = 2'000;
inline constexpr size_t kMaxAlgoOrders = 10;   // MAX_NUM_ALGO_ORDERS: stops and take-profits
inline constexpr size_t kMaxOrderAmends = 10;  // MAX_NUM_ORDER_AMENDS
inline constexpr int kAveragePriceMinutes = 5;
// PERCENT_PRICE_BY_SIDE, in tenths.
inline constexpr int64_t kBidUpTenths = 50, kBidDownTenths = 2;
inline constexpr int64_t kAskUpTenths = 50, kAskDownTenths = 2;

}  // namespace gannet::venue_sim
