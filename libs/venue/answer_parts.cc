#include "libs/venue/answer_parts.h"

#include <charconv>

#include "libs/base/concat.h"
#include "libs/market/decimal.h"

namespace gannet::venue {

std::optional<market::Money> AmountOf(std::string_view text) {
  constexpr int kUsualScale = 8;
  for (int scale = kUsualScale; scale <= market::kMaxScale; scale += 5) {
    if (const auto units = market::ParseDecimal128(text, scale))
      return market::Money(*units, scale);
  }
  return std::nullopt;
}

std::optional<uint32_t> NumberOf(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view HeaderOf(const wire::HttpExchange& exchange, std::string_view name) {
  for (const auto& [key, value] : exchange.headers) {
    if (key == name) return value;
  }
  return {};
}

absl::Status CheckAnswersRequest(const OrderUpdate& update, const RequestContext& request) {
  if (!request.venue_order_id.empty()) {
    if (update.venue_order_id == request.venue_order_id) return absl::OkStatus();
    return absl::InvalidArgumentError(
        base::Concat({"the answer speaks of venue order ", update.venue_order_id.text()}));
  }
  const market::ClientOrderId& own =
      request.kind == RequestKind::kCancel ? request.target : request.client_order_id;
  if (own.empty() || update.client_order_id == own) return absl::OkStatus();
  return absl::InvalidArgumentError(
      base::Concat({"the answer speaks of order ", update.client_order_id.text()}));
}

void MakeUnparsable(Answer& answer, std::string_view why) {
  answer.outcome = OutcomeClass::kUnknown;
  answer.not_found = false;
  answer.orders.clear();
  answer.trades.clear();
  answer.balances.clear();
  answer.code = "unparsable";
  answer.message = std::string(why);
}

}  // namespace gannet::venue
