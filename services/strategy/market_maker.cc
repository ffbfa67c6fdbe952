#include "services/strategy/market_maker.h"

#include <algorithm>

namespace gannet::strategy {
namespace {

using market::Rounding;
using market::Side;

constexpr int64_t kPpm = 1'000'000;
constexpr int64_t kMaxHalfSpreadPpm = 200'000;

int64_t Part(int64_t value, int64_t ppm) {
  return static_cast<int64_t>(market::MulDiv(value, ppm, kPpm, Rounding::kHalfEven).value_or(0));
}

}  // namespace

bool MarketMaker::Trades(const market::Instrument& instrument) const {
  return MatchesAny(settings_.instruments, instrument.id);
}

MarketMaker::Quotes MarketMaker::Wanted(const MarketRow& row, const market::Position& position,
                                        int64_t sigma_ppb) const {
  const int64_t deviation_ppm = SigmaOver(sigma_ppb, settings_.horizon) / 1'000;
  const int64_t half_ppm = std::min(
      std::max(settings_.min_half_spread_ppm, Part(deviation_ppm, settings_.volatility_ppm)) +
          settings_.maker_fee_ppm,
      kMaxHalfSpreadPpm);
  // Inventory as a part of the most that it may be, -1 to 1 in ppm.
  const auto held = row.definition->Notional(row.mid(), position.net, Rounding::kHalfEven);
  const market::Money most = settings_.max_position;
  const auto limit =
      market::Rescale(most.units(), most.scale(), row.definition->quote_scale, Rounding::kHalfEven);
  const auto part = held && limit && *limit > 0
                        ? market::MulDiv(held->units(), kPpm, *limit, Rounding::kHalfEven)
                        : std::nullopt;
  const int64_t inventory_ppm =
      static_cast<int64_t>(std::clamp<market::Int128>(part.value_or(0), -kPpm, kPpm));

  const int64_t fair = row.microprice().mantissa;
  const int64_t half = Part(fair, half_ppm);
  const int64_t centre = fair - Part(Part(half, settings_.skew_ppm), inventory_ppm);
  const market::Instrument& definition = *row.definition;
  Quotes quotes{definition.RoundToTick({centre - half}, Rounding::kFloor),
                definition.RoundToTick({centre + half}, Rounding::kCeiling)};
  // Post-only: never at or through the other side.
  quotes.bid.mantissa =
      std::min(quotes.bid.mantissa, row.ask.price.mantissa - definition.tick.mantissa);
  quotes.ask.mantissa =
      std::max(quotes.ask.mantissa, row.bid.price.mantissa + definition.tick.mantissa);
  return quotes;
}

market::Quantity MarketMaker::SizeOf(const MarketRow& row, Side side, market::Price price,
                                     const market::Position& position, bool reduce) const {
  const market::Instrument& definition = *row.definition;
  const auto whole = QuantityFor(definition, price, settings_.quote_notional);
  if (!whole) return {};
  const int64_t against =
      side == Side::kBuy ? -position.net.mantissa : position.net.mantissa;  // what this side closes
  if (reduce || (side == Side::kSell && !settings_.allow_short)) {
    const market::Quantity size =
        definition.RoundDownToLot({std::min(whole->mantissa, std::max<int64_t>(against, 0))});
    // Of derivatives venues take what only reduces however little it is worth (control 21).
    const auto value = definition.Notional(price, size, Rounding::kDown);
    const bool worth = (reduce && definition.kind != market::InstrumentKind::kSpot) ||
                       (value && *value >= definition.min_notional);
    return worth && size >= definition.min_quantity ? size : market::Quantity{};
  }
  const auto most = QuantityFor(definition, price, settings_.max_position);
  if (!most || whole->mantissa > most->mantissa + against) return {};
  return *whole;
}

void MarketMaker::Quote(const MarketRow& row, Side side, market::Price price, const Slot* slot,
                        bool reduce, const View& view, std::vector<Draft>& out) const {
  static const market::Position kFlat;
  const WorkingOrder* order = slot == nullptr ? nullptr : slot->Order(side);
  if (order == nullptr && slot != nullptr) {
    if (slot->waiting(side, view.now) ||
        view.now - slot->placed[Slot::SideIndex(side)] < settings_.min_life)
      return;
    if (slot->filled != base::Time() && view.now - slot->filled < settings_.pause_after_fill)
      return;
  }
  const market::Quantity size =
      price.mantissa <= 0
          ? market::Quantity{}
          : SizeOf(row, side, price, slot == nullptr ? kFlat : slot->position, reduce);
  if (order != nullptr) {
    const int64_t off = std::abs(order->price.mantissa - price.mantissa);
    const bool stays = size.mantissa > 0 &&
                       off <= Part(row.mid().mantissa, settings_.refresh_ppm) &&
                       order->reduce_only == reduce;
    if (stays) return;
    // What must not stand goes at once; what is merely off has its least life.
    if (size.mantissa > 0 && view.now - order->created < settings_.min_life) return;
    return CancelOne(id(), row.id, *order,
                     size.mantissa > 0 ? "quote refresh" : "no room for this side", view.now, out);
  }
  if (size.mantissa == 0) return;
  Draft draft;
  draft.strategy = id();
  draft.instrument = row.id;
  draft.side = side;
  draft.time_in_force = market::TimeInForce::kPostOnly;
  draft.price = price;
  draft.quantity = size;
  draft.reduce_only = reduce;
  draft.reason = "quote";
  out.push_back(std::move(draft));
}

void MarketMaker::OnMarket(Index instrument, const View& view, std::vector<Draft>& out) const {
  const MarketRow& row = view.market.row(instrument);
  const Slot* slot = view.portfolio.Find(id(), row.id);
  const Permission permission = view.restrictions.For(view.portfolio.account(), id(), row);
  const auto sigma = view.market.Sigma(instrument);
  const char* pull = view.draining                               ? "draining"
                     : !row.tradable(view.now, view.stale_after) ? "book not proven or stale"
                     : permission == Permission::kNothing        ? "trading state"
                     : !sigma                                    ? "warming up"
                                                                 : nullptr;
  if (pull != nullptr) {
    if (slot != nullptr) CancelAll(id(), row.id, *slot, pull, view.now, out);
    return;
  }
  static const market::Position kFlat;
  const Quotes wanted = Wanted(row, slot == nullptr ? kFlat : slot->position, *sigma);
  const bool reduce = permission == Permission::kReduce;
  Quote(row, Side::kBuy, wanted.bid, slot, reduce, view, out);
  Quote(row, Side::kSell, wanted.ask, slot, reduce, view, out);
}

}  // namespace gannet::strategy
