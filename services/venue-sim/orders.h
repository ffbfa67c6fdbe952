// Orders of the venue's accounts, what is asked for them and what is told about
// them. Prices, quantities and amounts are integers at scale 8.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/price.h"
#include "libs/matching/self_trade.h"
#include "services/venue-sim/ledger.h"
#include "services/venue-sim/symbols.h"

namespace gannet::venue_sim {

// As Binance's spot enum definitions name them.
enum class OrderKind : uint8_t {
  kLimit = 1,
  kLimitMaker,
  kMarket,
  kStopLoss,
  kStopLossLimit,
  kTakeProfit,
  kTakeProfitLimit
};
enum class TimeInForce : uint8_t { kGtc = 1, kIoc, kFok };
enum class OrderStatus : uint8_t {
  kNew = 1,
  kPartiallyFilled,
  kFilled,
  kCanceled,
  kExpired,
  kExpiredInMatch,
  kRejected
};
enum class ExecutionType : uint8_t {
  kNew = 1,
  kCanceled,
  kReplaced,
  kTrade,
  kExpired,
  kTradePrevention,
  kRejected
};

constexpr bool HasPrice(OrderKind kind) {
  return kind == OrderKind::kLimit || kind == OrderKind::kLimitMaker ||
         kind == OrderKind::kStopLossLimit || kind == OrderKind::kTakeProfitLimit;
}
constexpr bool HasStop(OrderKind kind) { return kind >= OrderKind::kStopLoss; }
constexpr bool IsOpen(OrderStatus status) {
  return status == OrderStatus::kNew || status == OrderStatus::kPartiallyFilled;
}

struct PlaceRequest {
  SymbolIndex symbol = 0;
  std::string client_order_id;  // empty: the venue makes one
  market::Side side = market::Side::kBuy;
  OrderKind kind = OrderKind::kLimit;
  TimeInForce time_in_force = TimeInForce::kGtc;
  matching::SelfTrade self_trade = matching::SelfTrade::kExpireMaker;
  int64_t price = 0, stop_price = 0, quantity = 0;
  int64_t quote_quantity = 0;  // market orders by value; then quantity is 0
  // Stop types, above 0: a trailing one, in basis points; `stop_price` is then where it begins to
  // track, 0: at once.
  uint32_t trailing_delta = 0;
  bool rejected_later = false;  // Bybit's manner: acknowledged, and REJECTED at once
};

// Names an order: by number when above 0, else by client order id.
struct OrderRef {
  SymbolIndex symbol = 0;
  uint64_t order_id = 0;
  std::string client_order_id;
};

struct VenueOrder {
  uint64_t order_id = 0;
  AccountIndex account = 0;
  PlaceRequest request;  // client_order_id as in force; quantity as in force
  OrderStatus status = OrderStatus::kNew;
  int64_t executed = 0;
  Amount cumulative_quote = 0;
  Amount locked = 0;                     // what remains locked for it, of LockedAsset
  base::Time created, updated, working;  // working: the epoch until it is on the book
  bool is_working = false;
  uint32_t amends = 0;
  int64_t prevented_match = -1;
  int64_t prevented_quantity = 0;
  int64_t remaining() const { return request.quantity - executed; }
  const std::string& LockedAsset() const {
    const Symbol& symbol = ListedSymbols()[request.symbol];
    return request.side == market::Side::kBuy ? symbol.quote : symbol.base;
  }
};

struct FillReport {
  uint64_t trade_id = 0;
  int64_t price = 0, quantity = 0;
  Amount quote = 0, commission = 0;
  std::string commission_asset;
  bool is_maker = false;
};

struct PreventedMatch {
  int64_t id = 0;
  uint64_t maker_order = 0;
  int64_t price = 0;
  int64_t taker_quantity = 0, maker_quantity = 0;  // 0: that side goes on
};

// A trade of an account, as myTrades lists it.
struct AccountTrade {
  SymbolIndex symbol = 0;
  uint64_t order_id = 0;
  FillReport fill;
  int64_t time_ms = 0;
  bool is_buyer = false;
};

// What the venue answers instead: Binance's code, its message, the HTTP status.
struct ApiError {
  int code = 0;
  std::string message;
  int http_status = 400;
  int retry_after_s = 0;
};

template <class T>
using Answer = std::variant<T, ApiError>;
template <class T>
const T* Ok(const Answer<T>& answer) {
  return std::get_if<T>(&answer);
}
template <class T>
const ApiError* Failed(const Answer<T>& answer) {
  return std::get_if<ApiError>(&answer);
}

struct Placed {
  VenueOrder order;
  std::vector<FillReport> fills;
  std::vector<PreventedMatch> prevented;
};
struct Canceled {
  VenueOrder order;
  std::string cancel_client_order_id;  // names the cancel itself
};
struct Amended {
  VenueOrder order;  // under its new client order id
  std::string original_client_order_id;
  uint64_t execution_id = 0;
};
enum class LegResult : uint8_t { kSuccess = 1, kFailure, kNotAttempted };
struct CancelReplaced {
  LegResult cancel = LegResult::kNotAttempted, place = LegResult::kNotAttempted;
  Answer<Canceled> canceled;
  Answer<Placed> placed;
};

// One executionReport.
struct Execution {
  ExecutionType type = ExecutionType::kNew;
  uint64_t execution_id = 0;
  VenueOrder order;                      // after it
  std::string client_order_id;           // of what was asked: the cancel's own on kCanceled
  std::string original_client_order_id;  // kCanceled, kReplaced: the order's
  FillReport fill;                       // kTrade
  base::Time time;
};

}  // namespace gannet::venue_sim
