// What reporting keeps: fills, orders, positions and equity, with the high-water
// marks of the streams they came from. Implementations: MemoryStore, SqliteStore
// (encrypted at rest). conformance_suite.h says what each must do.
//
// Amounts travel as market::Money (mantissa and scale) and are never summed by the
// database. Not thread-safe: one thread owns a store.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/market/order.h"

namespace gannet::store {

// |mantissa| of a stored amount is below this: 38 digits, what numeric(38,0) and
// the fixed-width text of SQLite hold.
market::Int128 AmountLimit();

struct FillRow {
  market::EventId id;  // of the execution report; unique
  base::Time time;     // at the venue
  market::AccountId account;
  market::StrategyId strategy;
  market::InstrumentId instrument;
  market::Side side = market::Side::kBuy;
  market::ClientOrderId client_order_id;
  std::string trade_id;
  market::Money price, quantity, notional, fee;
  market::AssetId fee_asset;
  market::Liquidity liquidity = market::Liquidity::kNone;
  market::EventId signal;  // what the order rested on; may be empty
  std::string model_version;
  bool operator==(const FillRow&) const = default;
};

struct OrderRow {
  market::ClientOrderId client_order_id;  // unique
  market::VenueOrderId venue_order_id;
  market::AccountId account;
  market::StrategyId strategy;
  market::InstrumentId instrument;
  market::Side side = market::Side::kBuy;
  market::Money price, quantity, cumulative;
  market::OrderState state = market::OrderState::kInitialized;
  std::string detail;  // reject code, reason, evidence of the last step
  base::Time created, updated;
  bool operator==(const OrderRow&) const = default;
};

struct PositionRow {
  market::AccountId account;  // account, strategy, instrument: unique
  market::StrategyId strategy;
  market::InstrumentId instrument;
  market::Money net, average_price, realized, unrealized, fees;
  market::AssetId quote_asset;
  base::Time updated;
  bool operator==(const PositionRow&) const = default;
};

struct EquityRow {
  base::Time time;  // time, account, asset: unique
  market::AccountId account;
  market::AssetId asset;
  market::Money realized, unrealized, fees;
  bool operator==(const EquityRow&) const = default;
};

// One transaction.
struct Batch {
  std::vector<FillRow> fills;               // ids already stored are left as they are
  std::vector<OrderRow> orders;             // replace the row of that id
  std::vector<PositionRow> positions;       // likewise
  std::vector<EquityRow> equity;            // likewise
  std::map<uint64_t, uint64_t> high_water;  // stream → sequence; only ever raised
  bool empty() const {
    return fills.empty() && orders.empty() && positions.empty() && equity.empty() &&
           high_water.empty();
  }
};

struct Range {  // [from, to)
  base::Time from = base::Time::min();
  base::Time to = base::Time::max();
};

class Store {
 public:
  virtual ~Store() = default;
  // All of it or nothing; durable when it returns OK. OUT_OF_RANGE: an amount
  // beyond AmountLimit() or a scale beyond 18, nothing was written.
  virtual absl::Status Write(const Batch& batch) = 0;
  virtual absl::StatusOr<std::vector<FillRow>> Fills(Range range) = 0;      // by (time, id)
  virtual absl::StatusOr<std::vector<OrderRow>> Orders(Range created) = 0;  // by (created, id)
  virtual absl::StatusOr<std::vector<PositionRow>> AllPositions() = 0;      // by key
  virtual absl::StatusOr<std::vector<EquityRow>> Equity(
      Range range) = 0;  // by (time, account, asset)
  virtual absl::StatusOr<std::map<uint64_t, uint64_t>> HighWater() = 0;
};

// Shared by implementations: OUT_OF_RANGE naming the row and field, or OK.
absl::Status CheckAmounts(const Batch& batch);

}  // namespace gannet::store
