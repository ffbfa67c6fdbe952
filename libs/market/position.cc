#include "libs/market/position.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"

namespace gannet::market {
namespace {

// Of one fill's cash and fee, in units of their scale: far above any market and
// far enough below 2^127 that no lifetime of fills overflows a sum.
constexpr Int128 kMaxFillUnits = static_cast<Int128>(1'000'000'000'000'000) * 1'000'000'000'000'000;
constexpr int64_t kMaxNet = std::numeric_limits<int64_t>::max() / 4;

Int128 Magnitude(Int128 value) { return value < 0 ? -value : value; }

absl::Status OutOfRange(const Instrument& instrument, const Fill& fill, const char* what) {
  return absl::OutOfRangeError(
      absl::StrCat("trade ", fill.trade_id, " of ", instrument.id.text(), ": ", what,
                   " is beyond what a position can hold; check the venue's record of it"));
}

bool IsBaseFee(const Instrument& instrument, const Fill& fill) {
  return instrument.kind == InstrumentKind::kSpot && fill.fee_asset == instrument.base;
}

// A fill as a change of the position, worked out before anything is touched.
struct Change {
  Quantity delta;  // signed
  Money cash;      // signed
  Money base_fee_rest;
};

// The whole units of quantity in `amount`; `rest` keeps what is smaller.
std::optional<int64_t> TakeWholeUnits(const Money& amount, int quantity_scale, Money* rest) {
  const auto whole = Rescale(amount.units(), amount.scale(), quantity_scale, Rounding::kDown);
  if (!whole || Magnitude(*whole) > kMaxNet) return std::nullopt;
  *rest = amount - Money(*whole, quantity_scale);
  return static_cast<int64_t>(*whole);
}

absl::StatusOr<Change> ChangeOf(const Position& position, const Instrument& instrument, Side side,
                                const Fill& fill) {
  if (fill.quantity.mantissa <= 0 || fill.price.mantissa <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("trade ", fill.trade_id, " of ", instrument.id.text(),
                     ": price and quantity must be positive; check the venue's record"));
  }
  const auto notional = instrument.Notional(fill.price, fill.quantity, Rounding::kHalfEven);
  if (!notional || Magnitude(notional->units()) > kMaxFillUnits)
    return OutOfRange(instrument, fill, "its notional");
  if (Magnitude(fill.fee.units()) > kMaxFillUnits) return OutOfRange(instrument, fill, "its fee");
  if (fill.quantity.mantissa > kMaxNet) return OutOfRange(instrument, fill, "its quantity");
  Change change{.delta = {Sign(side) * fill.quantity.mantissa},
                .cash = side == Side::kBuy ? -*notional : *notional,
                .base_fee_rest = position.base_fee_rest};
  if (IsBaseFee(instrument, fill)) {
    const auto taken = TakeWholeUnits(position.base_fee_rest + fill.fee, instrument.quantity_scale,
                                      &change.base_fee_rest);
    if (!taken) return OutOfRange(instrument, fill, "its fee");
    change.delta.mantissa -= *taken;
  }
  const int64_t net = position.net.mantissa + change.delta.mantissa;
  if (net > kMaxNet || net < -kMaxNet) return OutOfRange(instrument, fill, "the position");
  return change;
}

// Takes `part` of `whole` (both > 0) out of `amount`; what stays is exact.
Money TakePart(Money& amount, int64_t part, int64_t whole) {
  const auto units = MulDiv(amount.units(), part, whole, Rounding::kFloor);
  GANNET_CHECK(units.has_value(), "a part of an amount fits where the amount does");
  const Money taken(*units, amount.scale());
  amount -= taken;
  return taken;
}

// Closes lots with `*delta` (of the other sign) and gives the cash that opening
// them had moved; `*delta` keeps what found nothing to close.
Money CloseLots(Position& position, int64_t* delta, std::vector<ClosedLot>* lots) {
  Money cash;
  while (*delta != 0 && !position.lots.empty()) {
    Lot& lot = position.lots.front();
    const int64_t open = lot.quantity.mantissa;
    if ((open > 0) == (*delta > 0)) break;
    const int64_t size = open < 0 ? -open : open;
    const int64_t closed = std::min(size, *delta < 0 ? -*delta : *delta);
    const Money part = TakePart(lot.cash, closed, size);
    cash += part;
    const int64_t signed_closed = open > 0 ? -closed : closed;
    if (lots != nullptr) lots->push_back({Quantity{-signed_closed}, part, Money(), closed == size});
    lot.quantity.mantissa += signed_closed;
    *delta -= signed_closed;
    position.net.mantissa += signed_closed;
    if (closed == size) {
      position.realized += lot.cash;  // zero: TakePart took all of it
      position.lots.pop_front();
    }
  }
  return cash;
}

void OpenLot(Position& position, Quantity quantity, const Money& cash) {
  position.net += quantity;
  if (position.lots.size() >= kMaxLots) {
    position.lots.back().quantity += quantity;
    position.lots.back().cash += cash;
    ++position.merged_lots;
    return;
  }
  position.lots.push_back(Lot{quantity, cash});
}

// Brings the position to the instrument's quantity scale.
absl::Status AdoptScale(Position& position, const Instrument& instrument) {
  if (position.quantity_scale < 0) {
    position.quantity_scale = instrument.quantity_scale;
    position.realized += Money(0, instrument.quote_scale);
    return absl::OkStatus();
  }
  const int from = position.quantity_scale, to = instrument.quantity_scale;
  const auto convert = [from, to](Quantity quantity) -> std::optional<Quantity> {
    const auto there = Rescale(quantity.mantissa, from, to, Rounding::kDown);
    if (!there || Magnitude(*there) > kMaxNet) return std::nullopt;
    if (Rescale(*there, to, from, Rounding::kDown) != std::optional<Int128>(quantity.mantissa))
      return std::nullopt;
    return Quantity{static_cast<int64_t>(*there)};
  };
  std::deque<Lot> lots = position.lots;
  Quantity net;
  for (Lot& lot : lots) {
    const auto quantity = convert(lot.quantity);
    if (!quantity || Magnitude(static_cast<Int128>(net.mantissa) + quantity->mantissa) > kMaxNet) {
      return absl::FailedPreconditionError(
          absl::StrCat("the position in ", instrument.id.text(), " was kept at quantity scale ",
                       from, " and cannot be written at ", to,
                       "; give the instrument's new version at least as many digits"));
    }
    lot.quantity = *quantity;
    net += *quantity;
  }
  position.lots = std::move(lots);
  position.net = net;
  position.quantity_scale = to;
  return absl::OkStatus();
}

// Spreads what a closing fill moved over the lots that it closed, to the last unit.
void ShareCash(Money cash, std::vector<ClosedLot>& lots) {
  int64_t left = 0;
  for (const ClosedLot& lot : lots)
    left += lot.quantity.mantissa < 0 ? -lot.quantity.mantissa : lot.quantity.mantissa;
  for (ClosedLot& lot : lots) {
    const int64_t part = lot.quantity.mantissa < 0 ? -lot.quantity.mantissa : lot.quantity.mantissa;
    lot.closed = TakePart(cash, part, left);
    left -= part;
  }
}

// The position is at the instrument's quantity scale.
absl::Status ApplyAtScale(Position& position, const Instrument& instrument, Side side,
                          const Fill& fill, std::vector<ClosedLot>* closed_lots) {
  GANNET_ASSIGN_OR_RETURN(Change change, ChangeOf(position, instrument, side, fill));

  const int64_t total = change.delta.mantissa;
  int64_t rest = total;
  const Money opened = CloseLots(position, &rest, closed_lots);
  const int64_t magnitude = total < 0 ? -total : total;
  const int64_t closed = magnitude - (rest < 0 ? -rest : rest);
  if (total == 0) {  // a fee ate the whole fill: its cash is spent all the same
    position.realized += change.cash;
    if (closed_lots != nullptr) closed_lots->push_back({Quantity{}, Money(), change.cash, false});
  } else if (closed > 0) {
    const Money received = TakePart(change.cash, closed, magnitude);
    position.realized += opened + received;
    if (closed_lots != nullptr) ShareCash(received, *closed_lots);
  }
  if (rest != 0) OpenLot(position, Quantity{rest}, change.cash);

  position.base_fee_rest = change.base_fee_rest;
  if (!fill.fee.zero()) position.fees[fill.fee_asset] += fill.fee;
  ++position.fills;
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyFill(Position& position, const Instrument& instrument, Side side,
                       const Fill& fill, std::vector<ClosedLot>* closed) {
  if (closed != nullptr) closed->clear();
  if (position.quantity_scale == instrument.quantity_scale)
    return ApplyAtScale(position, instrument, side, fill, closed);
  Position adopted = position;
  GANNET_RETURN_IF_ERROR(AdoptScale(adopted, instrument));
  GANNET_RETURN_IF_ERROR(ApplyAtScale(adopted, instrument, side, fill, closed));
  position = std::move(adopted);
  return absl::OkStatus();
}

Money OpenCash(const Position& position) {
  Money cash;
  for (const Lot& lot : position.lots) cash += lot.cash;
  return cash;
}

Price AveragePrice(const Position& position, const Instrument& instrument) {
  if (position.net.mantissa == 0) return Price{};
  // |cash| / (|net| × multiplier), from the quote scale to the price scale.
  const Money cash = OpenCash(position).Abs();
  const int digits = instrument.price_scale + instrument.quantity_scale - cash.scale();
  const Int128 net = Magnitude(static_cast<Int128>(position.net.mantissa)) * instrument.multiplier;
  std::optional<Int128> price;
  if (digits >= 0) {
    const Int128 first = PowerOfTen(std::min(digits, kMaxScale));
    const auto scaled =
        MulDiv(cash.units(), PowerOfTen(std::max(digits - kMaxScale, 0)), 1, Rounding::kHalfEven);
    if (scaled) price = MulDiv(*scaled, first, net, Rounding::kHalfEven);
  } else {
    const auto divisor = MulDiv(net, PowerOfTen(-digits), 1, Rounding::kHalfEven);
    if (divisor) price = MulDiv(cash.units(), 1, *divisor, Rounding::kHalfEven);
  }
  if (!price || *price > std::numeric_limits<int64_t>::max()) return Price{};
  return Price{static_cast<int64_t>(*price)};
}

Money QuoteFees(const Position& position, const Instrument& instrument) {
  const auto found = position.fees.find(instrument.quote);
  return found == position.fees.end() ? Money(0, instrument.quote_scale) : found->second;
}

Money RealizedPnl(const Position& position, const Instrument& instrument) {
  return position.realized - QuoteFees(position, instrument);
}

std::optional<Money> UnrealizedPnl(const Position& position, const Instrument& instrument,
                                   Price mark) {
  const auto value = instrument.Notional(mark, position.net, Rounding::kFloor);
  if (!value) return std::nullopt;
  return *value + OpenCash(position);
}

}  // namespace gannet::market
