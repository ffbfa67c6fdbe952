// Controls over the market: prices, books, how far and fast they move.
#include <algorithm>
#include <cmath>

#include "services/risk/control_families.h"

namespace gannet::risk::controls {

using market::Int128;
using market::Rounding;

// --- 20 market data ------------------------------------------------------------

namespace {

// Whose price makes an order's value, held to the same tests; null where none is needed.
const InstrumentRow* RateOf(const Context& context) {
  const InstrumentRow& row = *context.instrument;
  return row.conversion == Conversion::kByPrice ? &context.book.instrument(row.rate) : nullptr;
}

bool Unproven(const InstrumentRow& row, Finding* out) {
  if (row.feed_down) return Fail(out, "the feed of ", row.venue, " is down");
  return row.book != market::BookState::kValid &&
         Fail(out, "the order book of ", row.definition.id.text(),
              " is not proven continuous (fault ", static_cast<int>(row.book_fault), ")");
}

bool BidMeetsAsk(const InstrumentRow& row, Finding* out) {
  return row.crossed && Fail(out, "bid ", row.definition.Format(row.bid), " at or above ask ",
                             row.definition.Format(row.ask), " of ", row.definition.id.text());
}

}  // namespace

bool NoPrice(const Context& context, Finding* out) {
  if (context.instrument == nullptr) return false;
  if (context.reference.mantissa <= 0) return Fail(out, "no bid and ask have come");
  if (const InstrumentRow* rate = RateOf(context); rate != nullptr && rate->mid.mantissa <= 0) {
    return Fail(out, "no bid and ask of ", rate->definition.id.text(), " have come, which turns ",
                context.instrument->definition.quote.text(), " into the valuation asset");
  }
  if (context.worst_notional && !context.worst_value) {
    return Fail(out, "no rate from ", context.instrument->definition.quote.text(),
                " to the valuation asset; name one under valuation in the limits file");
  }
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    if (scope->unvalued > 0) {
      return Fail(out, FormatScope(scope->scope), " holds ", scope->unvalued,
                  " positions without a price");
    }
  }
  return false;
}

bool StalePrice(const Context& context, Finding* out) {
  if (context.leaf == nullptr || context.reference.mantissa <= 0) return false;
  base::Time newest = context.instrument->data_time;
  if (const InstrumentRow* rate = RateOf(context); rate != nullptr && rate->mid.mantissa > 0)
    newest = std::min(newest, rate->data_time);
  const base::Duration age = context.now - newest;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.stale_after;
    if (limit && Over(out, *scope, "stale_after", age, *limit)) return true;
  }
  return false;
}

bool BookInvalid(const Context& context, Finding* out) {
  if (context.instrument == nullptr) return false;
  const InstrumentRow* rate = RateOf(context);
  return Unproven(*context.instrument, out) || (rate != nullptr && Unproven(*rate, out));
}

bool Crossed(const Context& context, Finding* out) {
  if (context.instrument == nullptr) return false;
  const InstrumentRow* rate = RateOf(context);
  return BidMeetsAsk(*context.instrument, out) || (rate != nullptr && BidMeetsAsk(*rate, out));
}

// --- 3 -------------------------------------------------------------------------

namespace {

bool OutsideBand(const Context& context, Finding* out) {
  const TradingRules& rules = context.instrument->rules;
  if (BandAllows(context.intent, rules, context.reference)) return false;
  const market::PriceBand& band = context.buy() ? rules.buy_band : rules.sell_band;
  const auto percent = [](int64_t ppm) { return ppm > 0 ? FormatLimit(ppm) : "any"; };
  const market::Instrument& definition = context.instrument->definition;
  return Fail(out, "price ", definition.Format(context.intent.price),
              " outside the venue's band for ", context.buy() ? "buys" : "sells", ", ",
              percent(band.up_ppm), " above and ", percent(band.down_ppm), " below ",
              definition.Format(context.reference));
}

}  // namespace

bool PriceCollar(const Context& context, Finding* out) {
  // A parent's limit only bounds those of its children, and theirs are looked at.
  if (context.leaf == nullptr || context.reference.mantissa <= 0 || context.is_parent())
    return false;
  if (context.collar_ppm <= 0) return OutsideBand(context, out);
  const market::Price low =
      Scaled(context.reference, kPpm - context.collar_ppm, Rounding::kCeiling);
  const market::Price high = Scaled(context.reference, kPpm + context.collar_ppm, Rounding::kFloor);
  const market::Instrument& definition = context.instrument->definition;
  for (const market::Price price : {context.intent.price, context.intent.stop_price}) {
    if (price.mantissa == 0) continue;
    const bool outside = price < low || price > high;
    if (out != nullptr) {
      out->limit_name = "price_collar";
      out->limit = absl::StrCat(definition.Format(low), " to ", definition.Format(high));
      out->value = definition.Format(price);
      for (const ScopeRow* scope : context.scopes) {
        if (scope->limits.price_collar_ppm == context.collar_ppm) out->scope = scope->scope;
      }
    }
    if (!outside) continue;
    return Fail(out, "price ", definition.Format(price), " outside ", definition.Format(low),
                " to ", definition.Format(high), " around ", definition.Format(context.reference));
  }
  return OutsideBand(context, out);
}

// --- 22 ------------------------------------------------------------------------

bool VenueStatus(const Context& context, Finding* out) {
  return context.instrument != nullptr &&
         context.instrument->definition.status != market::InstrumentStatus::kTrading &&
         Fail(out, "the venue does not trade the instrument now");
}

bool Velocity(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  Int128 low = 0, high = 0;
  bool looked = false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_move_ppm;
    if (!limit) continue;
    if (!looked) {
      context.instrument->moves.ForEach(context.now, [&](const MarketSlice& slice) {
        if (slice.low <= 0) return;
        low = low == 0 ? slice.low : std::min<Int128>(low, slice.low);
        high = std::max<Int128>(high, slice.high);
      });
      looked = true;
    }
    const bool over = (high - low) * kPpm > *limit * low;
    if (out != nullptr && low > 0) {
      // For people the move is rounded upwards to a millionth.
      const auto move = static_cast<int64_t>(((high - low) * kPpm + low - 1) / low);
      Over(out, *scope, "max_move", move, *limit);
    }
    if (over) return true;
  }
  return false;
}

bool Volatility(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  Int128 variance = 0;
  bool looked = false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_volatility_ppm;
    if (!limit) continue;
    if (!looked) {
      int64_t before = 0;
      for (const auto& slice : context.instrument->moves.Sorted(context.now)) {
        if (slice.value == nullptr) break;
        if (before > 0) {
          const Int128 change = static_cast<Int128>(slice.value->last - before) * kPpm / before;
          variance += change * change;
        }
        before = slice.value->last;
      }
      looked = true;
    }
    const bool over = variance > static_cast<Int128>(*limit) * *limit;
    if (out != nullptr) {
      // For people its root is rounded upwards to a millionth.
      const auto root = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(variance))));
      Over(out, *scope, "max_volatility", over ? std::max(root, *limit + 1) : root, *limit);
    }
    if (over) {
      return Fail(out, "volatility above max_volatility ", FormatLimit(*limit), " of ",
                  FormatScope(scope->scope));
    }
  }
  return false;
}

}  // namespace gannet::risk::controls
