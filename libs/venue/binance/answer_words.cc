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
  if (exchange.status == 429 || report.banned) report.full = Full::kAll;
  return report;
}

namespace {

// "Too many new orders; current limit is 50 orders per 10 SECOND."
std::optional<base::Duration> WindowIn(std::string_view message) {
  constexpr std::string_view kPer = " orders per ";
  const size_t at = message.find(kPer);
  if (at == std::string_view::npos) return std::nullopt;
  message.remove_prefix(at + kPer.size());
  const size_t space = message.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::optional<uint32_t> number = NumberOf(message.substr(0, space));
  const std::string_view unit = message.substr(space + 1);
  const base::Duration length = unit.starts_with("SECOND") ? base::Duration(std::chrono::seconds(1))
                                : unit.starts_with("MINUTE") ? std::chrono::minutes(1)
                                : unit.starts_with("HOUR")   ? std::chrono::hours(1)
                                : unit.starts_with("DAY")    ? std::chrono::hours(24)
                                                             : base::Duration(0);
  constexpr uint32_t kMost = 1000;
  if (!number || *number == 0 || *number > kMost || length == base::Duration(0))
    return std::nullopt;
  return *number * length;
}

}  // namespace

void NoteFullOrders(Answer& answer) {
  const auto note = [&](const std::string& code, const std::string& message) {
    if (code != "-1015") return;
    answer.rate.full = Full::kOrders;
    const std::optional<base::Duration> window = WindowIn(message);
    if (!answer.rate.window || window > answer.rate.window) answer.rate.window = window;
  };
  note(answer.code, answer.message);
  if (answer.new_leg) note(answer.new_leg->code, answer.new_leg->message);
  for (const LegOutcome& leg : answer.legs) note(leg.code, leg.message);
}

}  // namespace gannet::venue::binance
