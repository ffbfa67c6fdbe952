// Positions in lots, first in first out, from fills. Exact: every unit of cash
// that a fill moved is either in the realised result or in an open lot, so
//   sum of cash flows = realized + sum of the open lots' cash
// holds to the last unit whatever the rounding of the parts.
//
// One thread owns a position. Nothing is read or written outside it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "libs/market/ids.h"
#include "libs/market/instrument.h"
#include "libs/market/order.h"

namespace gannet::market {

struct PositionKey {
  AccountId account;
  StrategyId strategy;
  InstrumentId instrument;
  auto operator<=>(const PositionKey&) const = default;
};

// Part of a position that one fill opened and nothing has closed yet.
struct Lot {
  Quantity quantity;  // never 0; short: negative
  Money cash;         // that its opening moved: paid is negative, received positive
  bool operator==(const Lot&) const = default;
};

// What one fill closed of one lot. `opened` + `closed` is what that realised.
struct ClosedLot {
  Quantity quantity;   // signed as the lot; 0: a fee ate the whole fill and closed nothing
  Money opened;        // cash that opening this part had moved
  Money closed;        // cash that closing it moved
  bool whole = false;  // nothing of the lot is left
  bool operator==(const ClosedLot&) const = default;
};

// The whole state, plain, so that its owner can save and load it.
struct Position {
  Quantity net;          // sum of the lots; short: negative
  std::deque<Lot> lots;  // oldest first, all of one sign
  Money realized;        // quote asset, fees not taken off, see fees
  // Paid (negative: rebated) by asset. A fee in the base asset of a spot
  // instrument is listed here too although it has already left `net`.
  std::map<AssetId, Money> fees;
  // Part of base-asset fees smaller than one unit of quantity, not yet in `net`.
  Money base_fee_rest;
  uint64_t fills = 0;
  uint64_t merged_lots = 0;  // lots joined because of kMaxLots
  int quantity_scale = -1;   // of `net` and the lots; -1: no fill yet
  bool operator==(const Position&) const = default;
};

// Above this the two newest lots become one (their cash stays exact; only the
// order of closing inside them is lost).
inline constexpr size_t kMaxLots = 50'000;

// Books one fill: closes lots of the other side, oldest first, and opens a lot
// with what is left (a flip through zero). A fee in the base asset of a spot
// instrument takes its quantity away (a buy brings in less, a sell takes out
// more); any other fee is kept by asset. The caller sees to it that each trade
// is applied once.
// INVALID_ARGUMENT: quantity or price not positive. OUT_OF_RANGE: an amount no
// real market has. FAILED_PRECONDITION: the instrument's new quantity scale
// cannot hold the position. On an error nothing has changed.
//
// `closed` (may be null) gets one entry a lot that was closed, oldest first; their
// sum is exactly what `realized` gained.
absl::Status ApplyFill(Position& position, const Instrument& instrument, Side side,
                       const Fill& fill, std::vector<ClosedLot>* closed = nullptr);

// Of the open lots, rounded half even to the price scale; 0 when flat or when a
// price of that size cannot be written.
Price AveragePrice(const Position& position, const Instrument& instrument);
// Realised result less the fees paid in the quote asset.
Money RealizedPnl(const Position& position, const Instrument& instrument);
// Fees paid in the quote asset.
Money QuoteFees(const Position& position, const Instrument& instrument);
// What closing everything at `mark` would add to `realized`, rounded against us;
// nothing on overflow.
std::optional<Money> UnrealizedPnl(const Position& position, const Instrument& instrument,
                                   Price mark);
// The cash of all open lots: what opening them has moved.
Money OpenCash(const Position& position);

// All positions of one owner, in the order of their keys.
class Positions {
 public:
  absl::Status Apply(const PositionKey& key, const Instrument& instrument, Side side,
                     const Fill& fill) {
    return ApplyFill(all_[key], instrument, side, fill);
  }
  const Position* Find(const PositionKey& key) const {
    const auto found = all_.find(key);
    return found == all_.end() ? nullptr : &found->second;
  }
  void Restore(PositionKey key, Position position) {
    all_.insert_or_assign(std::move(key), std::move(position));
  }
  void Clear() { all_.clear(); }
  const std::map<PositionKey, Position>& all() const { return all_; }

 private:
  std::map<PositionKey, Position> all_;
};

}  // namespace gannet::market
