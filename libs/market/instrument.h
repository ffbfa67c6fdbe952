// What can be traded, and the scales at which its numbers are written. A change
// of scale or rule is a new version; every message carries the version it
// speaks of.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/market/price.h"

namespace gannet::market {

enum class InstrumentKind : uint8_t { kSpot = 1, kPerpetual = 2, kFuture = 3 };
enum class InstrumentStatus : uint8_t { kTrading = 1, kHalted = 2, kCancelOnly = 3, kDelisted = 4 };

// What a venue holds the quantity and the value of one order to; a maximum of 0: none stated.
struct OrderBounds {
  Quantity lot, min_quantity, max_quantity;
  Money min_notional, max_notional;  // in the quote asset
};

// How far above and below a price of its own (an average, a mark price) a venue takes limit
// prices, ppm of that price; 0: not bounded.
struct PriceBand {
  int64_t up_ppm = 0, down_ppm = 0;
  friend bool operator==(const PriceBand&, const PriceBand&) = default;
};

struct Instrument {
  InstrumentId id;
  uint32_t version = 1;
  InstrumentKind kind = InstrumentKind::kSpot;
  InstrumentStatus status = InstrumentStatus::kTrading;
  AssetId base;
  AssetId quote;
  AssetId settle;       // of P&L and margin; the quote asset on spot
  int price_scale = 8;  // digits after the point of a Price mantissa
  int quantity_scale = 8;
  int base_scale = 8;  // of Money in the base, quote asset
  int quote_scale = 8;
  Price tick;    // prices are multiples of it; 0: unknown, orders refused
  Quantity lot;  // quantities are multiples of it; 0: unknown, orders refused
  Quantity min_quantity, max_quantity;  // max 0: none stated
  Money min_notional, max_notional;     // in the quote asset; max 0: none stated
  // Of orders without a limit price; 0: the same as of others.
  Quantity market_lot, min_market_quantity, max_market_quantity;
  // Orders without a limit price may be worth less, more.
  bool min_notional_limit_only = false, max_notional_limit_only = false;
  PriceBand buy_band, sell_band;
  int64_t multiplier = 1;  // quote units per price unit and quantity unit

  // Of an order without a limit price, or with one.
  OrderBounds BoundsOf(bool at_market) const;

  std::optional<Price> ParsePrice(std::string_view text) const;
  std::optional<Quantity> ParseQuantity(std::string_view text) const;
  std::string Format(Price price) const;
  std::string Format(Quantity quantity) const;

  // price × quantity × multiplier in the quote asset at quote_scale. Nothing on
  // overflow. `quantity` may be negative (a short position).
  std::optional<Money> Notional(Price price, Quantity quantity, Rounding rounding) const;
  // A quantity as an amount of the base asset.
  Money BaseAmount(Quantity quantity) const;

  Price RoundToTick(Price price, Rounding rounding) const;  // tick 0: unchanged
  Quantity RoundDownToLot(Quantity quantity) const;         // lot 0: unchanged
  double ToDouble(Price price) const;
  double ToDouble(Quantity quantity) const;
};

// The instruments that a process knows, newest version of each.
class Instruments {
 public:
  // True when this changed anything (new, or a higher version).
  bool Put(Instrument instrument);
  const Instrument* Find(const InstrumentId& id) const;
  const std::map<InstrumentId, Instrument>& all() const { return all_; }

 private:
  std::map<InstrumentId, Instrument> all_;
};

}  // namespace gannet::market
