// Parent orders: an intention larger than one order, worked by strategy in child
// orders on a schedule. docs/algos.md says what each algorithm does.
//
// The gate reserves the whole of a parent once; what a child reserves is taken out of
// that. A parent ends in exactly one terminal state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/decimal.h"
#include "libs/market/ids.h"
#include "libs/market/order.h"
#include "libs/market/price.h"

namespace gannet::market {

enum class Algo : uint8_t {
  kTwap = 1,  // equal slices in equal intervals
  kVwap,      // slices by given weights in equal intervals
  kPov,       // a share of what the market trades
  kIceberg,   // one visible part at a time, at the limit price
  kRoute,     // at once, over the venues of the same thing
  kBracket,   // an entry, then its take-profit and stop, one of which ends the other
  kOco,       // take-profit and stop of what is held already
};

inline constexpr uint32_t kMaxSlices = 1'000;
inline constexpr uint32_t kDefaultMaxChildren = 1'000, kMostChildren = 10'000;
inline constexpr size_t kMaxRoutedVenues = 8;

struct AlgoPlan {
  Algo algo = Algo::kTwap;
  uint32_t slices = 0;               // kTwap
  std::vector<uint32_t> weights;     // kVwap: of each slice
  uint32_t participation_ppm = 0;    // kPov: of all traded, ours included
  Quantity visible;                  // kIceberg
  std::vector<InstrumentId> venues;  // kRoute: beside the order's own instrument
  Price take_profit, stop;           // kBracket, kOco: when to leave; 0: not this way
  Price stop_limit;                  // worst price of the order that a stop becomes
  uint32_t max_children = kDefaultMaxChildren;
  bool operator==(const AlgoPlan&) const = default;
};

enum class ParentState : uint8_t {
  kSubmitted = 1,  // waits for the gate
  kWorking,
  kPaused,  // no new children: trading state, book or data; see `detail`
  kDenied,  // terminal from here on
  kCompleted,
  kExpired,
  kCanceled,
  kFailed,  // children used up, or what is left is too small to trade
};
constexpr bool IsTerminal(ParentState state) { return state >= ParentState::kDenied; }

// A parent as it stands, whole in each fact about it.
struct ParentOrder {
  OrderIntent intent;  // kParent; its client order id names the parent, `expires` is its end
  AlgoPlan plan;
  ParentState state = ParentState::kSubmitted;
  Quantity filled;          // of the entry, where there are exits
  Quantity exited;          // kBracket: by take-profit or stop
  Int128 filled_value = 0;  // sum of price × quantity mantissas of `filled`
  Int128 exited_value = 0;  // of `exited`
  Quantity market_volume;   // traded since it began, as far as it was seen
  Int128 market_value = 0;  // sum of price × quantity mantissas of that
  Price arrival;            // mid when it was given; 0: none
  uint32_t children = 0;    // child orders made so far
  std::string detail;       // for people: why it pauses, how it ended
  bool operator==(const ParentOrder&) const = default;

  const ClientOrderId& id() const { return intent.client_order_id; }
  Quantity rest() const { return intent.quantity - filled; }
};

// What a parent cost, made of its sums; prices rounded half even, 0 without trades.
struct ParentFigures {
  Price average, exit_average, market_vwap;
  // Against us above 0, in millionths of what is compared with; 0 without either price.
  int64_t arrival_slippage_ppm = 0, vwap_slippage_ppm = 0;
  bool operator==(const ParentFigures&) const = default;
};
ParentFigures FiguresOf(const ParentOrder& parent);

const char* Name(Algo algo);          // "TWAP"
const char* Name(ParentState state);  // "WORKING"

}  // namespace gannet::market
