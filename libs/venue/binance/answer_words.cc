#include "libs/venue/binance/answer_words.h"

#include <algorithm>

#include "libs/venue/answer_parts.h"

namespace gannet::venue::binance {

std::optional<VenueOrderStatus> StatusOf(std::string_view text) {
  if (text == "NEW") return VenueOrderStatus::kNew;
  if (text == "PENDING_NEW") return VenueOrderStatus::kPendingNew;
  if (text == "PARTIALLY_FILLED") return VenueOrderStatus::kPartiallyFilled;
  if (text == "FILLED") return VenueOrderStatus::kFilled;
  if (text == "CANCELED") return VenueOrderStatus::kCanceled;
  if (text == "PENDING_CANCEL") return VenueOrderStatus::kPendingCancel;
  if (text == "REJECTED") return VenueOrderStatus::kRejected;
  if (text == "EXPIRED" || text == "EXPIRED_IN_MATCH") return VenueOrderStatus::kExpired;
  return std::nullopt;
}

std::optional<market::Side> SideOf(std::string_view text) {
  if (text == "BUY") return market::Side::kBuy;
  if (text == "SELL") return market::Side::kSell;
  return std::nullopt;
}

RateReport RateOf(const wire::HttpExchange& exchange) {
  constexpr uint32_t kLongestPause = 4 * 24 * 3600;  // bans last up to three days
  RateReport report;
  for (const auto& [name, value] : exchange.headers) {
    const std::optional<uint32_t> number = NumberOf(value);
    if (!number) continue;
    if (name == "x-mbx-used-weight-1m") {
      report.used_weight = *number;
    } else if (name == "x-mbx-order-count-10s") {
      report.orders_10s = *number;
    } else if (name == "x-mbx-order-count-1m") {
      report.orders_1m = *number;
    } else if (name == "x-mbx-order-count-1d") {
      report.orders_1d = *number;
    } else if (name == "retry-after") {
      report.retry_after = std::chrono::seconds(std::min(*number, kLongestPause));
    }
  }
  report.banned = exchange.status == 418;
  return report;
}

}  // namespace gannet::venue::binance
