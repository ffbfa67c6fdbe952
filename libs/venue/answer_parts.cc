#include "libs/venue/answer_parts.h"

#include <algorithm>
#include <charconv>

#include "libs/base/concat.h"
#include "libs/market/decimal.h"
#include "libs/venue/socket_answer.h"

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

bool CameBySocket(const wire::HttpExchange& exchange) {
  return HeaderOf(exchange, kByHeader) == kBySocket;
}

std::string_view WireOf(const wire::HttpExchange& exchange) {
  return CameBySocket(exchange) ? "ws:" : "http:";
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

bool AddPosition(std::vector<PositionEntry>& positions, market::InstrumentId instrument,
                 std::string_view amount, bool is_short) {
  const std::optional<market::Money> read = AmountOf(amount);
  if (!read) return false;
  market::Money held = is_short ? -*read : *read;
  const auto known = std::find_if(positions.begin(), positions.end(), [&](const auto& entry) {
    return entry.instrument == instrument;
  });
  if (known == positions.end()) {
    if (!held.zero()) positions.push_back({std::move(instrument), held.ToString(), {}, {}});
    return true;
  }
  const market::Money before = AmountOf(known->quantity).value_or(market::Money());
  const auto side = [known](const market::Money& of) -> market::Money& {
    return of > market::Money() ? known->longs : known->shorts;
  };
  if (known->longs.zero() && known->shorts.zero()) side(before) = before.Abs();
  side(held) += held.Abs();
  known->quantity = (before + held).ToString();
  return true;
}

void AddPosition(std::vector<PositionEntry>& positions, const PositionEntry& more) {
  if (more.longs.zero() && more.shorts.zero()) {
    AddPosition(positions, more.instrument, more.quantity);
    return;
  }
  AddPosition(positions, more.instrument, more.longs.ToString());
  AddPosition(positions, more.instrument, more.shorts.ToString(), /*is_short=*/true);
}

void MakeUnparsable(Answer& answer, std::string_view why) {
  answer.outcome = OutcomeClass::kUnknown;
  answer.not_found = false;
  answer.orders.clear();
  answer.trades.clear();
  answer.balances.clear();
  answer.legs.clear();
  answer.code = "unparsable";
  answer.message = std::string(why);
}

}  // namespace gannet::venue
