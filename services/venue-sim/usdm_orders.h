// Orders of the venue's perpetuals, what is asked for them and what is told about
// them. Prices, quantities and amounts are integers at scale 8; names as Binance's
// USD-M documentation has them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/venue-sim/orders.h"

namespace gannet::venue_sim {

enum class UsdmType : uint8_t {
  kLimit = 1,
  kMarket,
  kStop,
  kStopMarket,
  kTakeProfit,
  kTakeProfitMarket,
  kTrailingStopMarket
};
enum class UsdmTime : uint8_t { kGtc = 1, kIoc, kFok, kPostOnly, kGtd };
enum class AlgoStatus : uint8_t { kNew = 1, kTriggered, kFinished, kCanceled, kRejected };

// Which position an order belongs to: the only one, or one of two (hedge mode).
enum class UsdmLeg : uint8_t { kBoth = 0, kLong, kShort };

constexpr bool IsAlgo(UsdmType type) { return type >= UsdmType::kStop; }
constexpr bool HasPrice(UsdmType type) {
  return type == UsdmType::kLimit || type == UsdmType::kStop || type == UsdmType::kTakeProfit;
}

struct UsdmPlace {
  SymbolIndex symbol = 0;
  std::string client_id;  // empty: the venue makes one
  market::Side side = market::Side::kBuy;
  UsdmType type = UsdmType::kLimit;
  UsdmTime time_in_force = UsdmTime::kGtc;
  int64_t price = 0, trigger = 0, quantity = 0;
  int64_t good_till_ms = 0;  // kGtd
  bool reduce_only = false;
  UsdmLeg leg = UsdmLeg::kBoth;
  // Bybit's manner: what cannot rest or be filled as asked is taken first, and ended then.
  bool ended_not_refused = false;
  bool rejected_later = false;  // as in PlaceRequest
  // kTrailingStopMarket: callbackRate in basis points; `trigger` is activatePrice, 0: at once.
  uint32_t trailing_bps = 0;
};

struct UsdmOrder {
  uint64_t id = 0;
  AccountIndex account = 0;
  UsdmPlace request;
  UsdmType original_type = UsdmType::kLimit;
  uint64_t algo_id = 0;  // that it was triggered from
  OrderStatus status = OrderStatus::kNew;
  int64_t executed = 0;
  Amount quote = 0;  // cumulative
  base::Time created, updated;
  int64_t remaining() const { return request.quantity - executed; }
};

struct UsdmAlgo {
  uint64_t id = 0;
  AccountIndex account = 0;
  UsdmPlace request;
  AlgoStatus status = AlgoStatus::kNew;
  uint64_t actual_order = 0;
  int64_t best_price = 0;  // kTrailingStopMarket: the lowest (sell: highest) since it was placed
  base::Time created, updated, triggered;
  std::string reject_reason;
};

struct UsdmTrade {
  uint64_t id = 0, order_id = 0;
  SymbolIndex symbol = 0;
  market::Side side = market::Side::kBuy;
  int64_t price = 0, quantity = 0;
  Amount quote = 0, commission = 0, realized = 0;
  bool is_maker = false;
  UsdmLeg leg = UsdmLeg::kBoth;
  int64_t time_ms = 0;
};

struct UsdmIncome {  // a change of the wallet
  std::string type, symbol;
  Amount amount = 0;
  uint64_t id = 0, trade_id = 0;
  int64_t time_ms = 0;
};

struct UsdmPosition {
  int64_t quantity = 0;  // short: negative
  Amount cost = 0;       // what opening it was worth, never negative
};

// How an account is set up.
struct UsdmSetup {
  bool hedge = false;
  std::map<SymbolIndex, uint32_t> leverage;  // where it is not kLeverage
  std::set<SymbolIndex> isolated;
};

enum class UsdmVerb : uint8_t {
  kPlace = 1,
  kPlaceAlgo,
  kCancel,
  kCancelAlgo,
  kCancelAll,
  kCountdown,
  kIncome,       // from outside: funding, a transfer
  kExpire,       // the venue itself ends an order that it had taken
  kAmend,        // `place`: price and quantity, 0 as it is
  kSetHedge,     // `amount`: 1 or 0; refused while anything is held or open
  kSetLeverage,  // `amount`
  kSetMargin,    // `amount`: 1 isolated, 0 cross
  kLose,         // an open order is gone from every list, and nobody is told
};

// One command of an account, as the venue's journal keeps it.
struct UsdmCommand {
  UsdmVerb verb = UsdmVerb::kPlace;
  AccountIndex account = 0;
  UsdmPlace place;
  uint64_t id = 0;        // kCancel, kExpire, kLose, kCancelAlgo: by number when above 0
  std::string client_id;  // else by name
  base::Duration countdown{0};
  std::string income_type;
  Amount amount = 0;
};
// DATA_LOSS through `reader`'s status.
void SaveUsdmCommand(wire::CanonicalWriter& writer, const UsdmCommand& command);
UsdmCommand LoadUsdmCommand(wire::CanonicalReader& reader);

struct UsdmReply {
  std::optional<ApiError> error;
  std::optional<UsdmOrder> order;  // kPlace, kCancel, kAmend
  std::optional<UsdmAlgo> algo;    // kPlaceAlgo, kCancelAlgo
};

// One step of an order: ORDER_TRADE_UPDATE.
struct UsdmExecution {
  ExecutionType type = ExecutionType::kNew;
  UsdmOrder order;  // after it
  UsdmTrade trade;  // kTrade
  base::Time time;
};

}  // namespace gannet::venue_sim
