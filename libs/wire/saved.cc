#include "libs/wire/saved.h"

#include <algorithm>

namespace gannet::wire {
namespace {

// Beside the status: bounds, a band of sells follow, which came later. Without them the bytes
// are as they were, when both sides had one band.
constexpr uint8_t kWithOrderBounds = 0x80, kWithSellBand = 0x40;

bool HasOrderBounds(const market::Instrument& instrument) {
  return !instrument.max_notional.zero() || instrument.market_lot.mantissa != 0 ||
         instrument.min_market_quantity.mantissa != 0 ||
         instrument.max_market_quantity.mantissa != 0 || instrument.min_notional_limit_only ||
         instrument.max_notional_limit_only;
}

}  // namespace

void SaveInstrument(CanonicalWriter& out, const market::Instrument& instrument) {
  out.Text(instrument.id);
  out.U32(instrument.version);
  out.U8(static_cast<uint8_t>(instrument.kind));
  const bool bounds = HasOrderBounds(instrument);
  const bool sell_band = instrument.sell_band != instrument.buy_band;
  out.U8(static_cast<uint8_t>(instrument.status) | (bounds ? kWithOrderBounds : 0) |
         (sell_band ? kWithSellBand : 0));
  out.Text(instrument.base);
  out.Text(instrument.quote);
  out.Text(instrument.settle);
  for (const int scale : {instrument.price_scale, instrument.quantity_scale, instrument.base_scale,
                          instrument.quote_scale}) {
    out.U8(static_cast<uint8_t>(scale));
  }
  out.I64(instrument.tick.mantissa);
  out.I64(instrument.lot.mantissa);
  out.I64(instrument.min_quantity.mantissa);
  out.I64(instrument.max_quantity.mantissa);
  out.Money(instrument.min_notional);
  out.I64(instrument.buy_band.up_ppm);
  out.I64(instrument.buy_band.down_ppm);
  out.I64(instrument.multiplier);
  if (sell_band) {
    out.I64(instrument.sell_band.up_ppm);
    out.I64(instrument.sell_band.down_ppm);
  }
  if (!bounds) return;
  out.Money(instrument.max_notional);
  out.I64(instrument.market_lot.mantissa);
  out.I64(instrument.min_market_quantity.mantissa);
  out.I64(instrument.max_market_quantity.mantissa);
  out.Bool(instrument.min_notional_limit_only);
  out.Bool(instrument.max_notional_limit_only);
}

market::Instrument LoadInstrument(CanonicalReader& in) {
  market::Instrument instrument;
  instrument.id = in.Text<market::InstrumentId>();
  instrument.version = in.U32();
  instrument.kind = static_cast<market::InstrumentKind>(in.U8());
  const uint8_t status = in.U8();
  instrument.status =
      static_cast<market::InstrumentStatus>(status & ~(kWithOrderBounds | kWithSellBand));
  instrument.base = in.Text<market::AssetId>();
  instrument.quote = in.Text<market::AssetId>();
  instrument.settle = in.Text<market::AssetId>();
  instrument.price_scale = in.U8();
  instrument.quantity_scale = in.U8();
  instrument.base_scale = in.U8();
  instrument.quote_scale = in.U8();
  instrument.tick = {in.I64()};
  instrument.lot = {in.I64()};
  instrument.min_quantity = {in.I64()};
  instrument.max_quantity = {in.I64()};
  instrument.min_notional = in.Money();
  instrument.buy_band.up_ppm = in.I64();
  instrument.buy_band.down_ppm = in.I64();
  instrument.multiplier = in.I64();
  instrument.sell_band = instrument.buy_band;
  if ((status & kWithSellBand) != 0) {
    instrument.sell_band.up_ppm = in.I64();
    instrument.sell_band.down_ppm = in.I64();
  }
  if ((status & kWithOrderBounds) == 0) return instrument;
  instrument.max_notional = in.Money();
  instrument.market_lot = {in.I64()};
  instrument.min_market_quantity = {in.I64()};
  instrument.max_market_quantity = {in.I64()};
  instrument.min_notional_limit_only = in.Bool();
  instrument.max_notional_limit_only = in.Bool();
  return instrument;
}

void SaveIntent(CanonicalWriter& out, const market::OrderIntent& intent) {
  out.U8(static_cast<uint8_t>(intent.kind));
  out.Text(intent.account);
  out.Text(intent.strategy);
  out.U64(intent.sequence);
  out.U32(intent.attempt);
  out.Text(intent.client_order_id);
  out.Text(intent.target);
  out.Text(intent.parent);
  out.Text(intent.instrument);
  out.U32(intent.instrument_version);
  out.U8(static_cast<uint8_t>(intent.side));
  out.U8(static_cast<uint8_t>(intent.type));
  out.U8(static_cast<uint8_t>(intent.time_in_force));
  out.I64(intent.price.mantissa);
  out.I64(intent.stop_price.mantissa);
  out.I64(intent.quantity.mantissa);
  out.Bool(intent.reduce_only);
  out.Time(intent.created);
  out.Time(intent.expires);
  out.Bytes(intent.reason);
  out.Bytes(intent.model_version);
  out.EventId(intent.signal);
  if (intent.type == market::OrderType::kTrailingStop) out.U32(intent.trailing_bps);
  out.Digest(intent.hash);
}

market::OrderIntent LoadIntent(CanonicalReader& in) {
  market::OrderIntent intent;
  intent.kind = static_cast<market::IntentKind>(in.U8());
  intent.account = in.Text<market::AccountId>();
  intent.strategy = in.Text<market::StrategyId>();
  intent.sequence = in.U64();
  intent.attempt = in.U32();
  intent.client_order_id = in.Text<market::ClientOrderId>();
  intent.target = in.Text<market::ClientOrderId>();
  intent.parent = in.Text<market::ClientOrderId>();
  intent.instrument = in.Text<market::InstrumentId>();
  intent.instrument_version = in.U32();
  intent.side = static_cast<market::Side>(in.U8());
  intent.type = static_cast<market::OrderType>(in.U8());
  intent.time_in_force = static_cast<market::TimeInForce>(in.U8());
  intent.price = {in.I64()};
  intent.stop_price = {in.I64()};
  intent.quantity = {in.I64()};
  intent.reduce_only = in.Bool();
  intent.created = in.Time();
  intent.expires = in.Time();
  intent.reason = in.Bytes();
  intent.model_version = in.Bytes();
  intent.signal = in.EventId();
  if (intent.type == market::OrderType::kTrailingStop) intent.trailing_bps = in.U32();
  intent.hash = in.Digest();
  return intent;
}

void SavePosition(CanonicalWriter& out, const market::Position& position) {
  out.I64(position.net.mantissa);
  out.U32(static_cast<uint32_t>(position.lots.size()));
  for (const market::Lot& lot : position.lots) {
    out.I64(lot.quantity.mantissa);
    out.Money(lot.cash);
  }
  out.Money(position.realized);
  out.U32(static_cast<uint32_t>(position.fees.size()));
  for (const auto& [asset, amount] : position.fees) {
    out.Text(asset);
    out.Money(amount);
  }
  out.Money(position.base_fee_rest);
  out.U64(position.fills);
  out.U64(position.merged_lots);
  out.I64(position.quantity_scale);
}

market::Position LoadPosition(CanonicalReader& in) {
  market::Position position;
  position.net = {in.I64()};
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    market::Lot& lot = position.lots.emplace_back();
    lot.quantity = {in.I64()};
    lot.cash = in.Money();
  }
  position.realized = in.Money();
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const auto asset = in.Text<market::AssetId>();
    position.fees[asset] = in.Money();
  }
  position.base_fee_rest = in.Money();
  position.fills = in.U64();
  position.merged_lots = in.U64();
  position.quantity_scale = static_cast<int>(std::clamp<int64_t>(in.I64(), -1, market::kMaxScale));
  return position;
}

}  // namespace gannet::wire
