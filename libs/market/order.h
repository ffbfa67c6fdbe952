// Orders as they pass strategy → risk → execution, and what comes back.
// The contract behind the states and classes: docs/orders.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/digest.h"
#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/market/ids.h"
#include "libs/market/instrument.h"
#include "libs/market/money.h"
#include "libs/market/price.h"

namespace gannet::market {

enum class OrderType : uint8_t {
  kMarket = 1,
  kLimit,
  kStop,
  kStopLimit,
  kTakeProfit,
  kTakeProfitLimit,
  kTrailingStop
};
enum class TimeInForce : uint8_t { kGtc = 1, kIoc, kFok, kGtd, kPostOnly };

// kParent asks for the reservation of a parent order (parent.h): the gate answers it,
// execution never sees it. A cancel of a parent names it as target and as parent. kAmend gives
// a working order (`target`, which keeps its id) another price and quantity; the rest of it
// repeats the order.
enum class IntentKind : uint8_t { kNew = 1, kCancel, kReplace, kParent, kAmend };

// What a strategy (or a person) wants done. Immutable once made; `hash` covers
// its meaning and is made once, by wire::IntentHash.
struct OrderIntent {
  IntentKind kind = IntentKind::kNew;
  AccountId account;
  StrategyId strategy;
  uint64_t sequence = 0;  // of this strategy in this run
  uint32_t attempt = 1;   // resubmission after proven absence is attempt 2, …
  ClientOrderId client_order_id;
  ClientOrderId target;  // kCancel, kReplace, kAmend: the order meant
  ClientOrderId parent;  // of a child: the parent order whose reservation it is part of
  InstrumentId instrument;
  uint32_t instrument_version = 1;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  TimeInForce time_in_force = TimeInForce::kGtc;
  Price price;        // kMarket: 0
  Price stop_price;   // stop orders; kTrailingStop: from which price on it trails, 0: at once
  Quantity quantity;  // kAmend: total, what is filled already included
  bool reduce_only = false;
  // kTrailingStop: the distance of its trigger from the best price, in basis points of that.
  uint32_t trailing_bps = 0;
  base::Time created;
  base::Time expires;         // kGtd
  std::string reason;         // for people: "HACK playbook", "quote refresh"
  std::string model_version;  // of the prediction that it rests on; may be empty
  EventId signal;             // news signal or prediction that it rests on; may be empty
  base::Sha256Digest hash{};  // canonical hash of the above
  bool operator==(const OrderIntent&) const = default;
};
inline bool CancelsParent(const OrderIntent& intent) {
  return intent.kind == IntentKind::kCancel && !intent.parent.empty() &&
         intent.parent == intent.target;
}

// In order of precedence: the first control that fails is the answer. Mirrored
// in proto; the numbers of the controls are those of docs/risk-controls.md.
enum class RejectReason : uint8_t {
  kNone = 0,
  kMalformed = 1,  // 21 non-finite, zero, negative, inconsistent fields, wrong hash
  kUnknownAccount,
  kUnknownInstrument,
  kInstrumentVersion,  // intent speaks of another version
  kKillSwitch,         // 23
  kTradingState,       // 19
  kGateClosed,         // 26 lease, journal or a needed service is gone
  kMissingLimit,       // absence of a limit is a rejection
  kNotPermitted,       // 16
  kOffTick,            // 21
  kOffLot,             // 21
  kBelowMinimum,       // 21 quantity or notional
  kNoPrice,            // 20 no reference price
  kStalePrice,         // 20
  kBookInvalid,        // 20
  kCrossedBook,        // 20
  kMaxQuantity,        // 1
  kMaxNotional,        // 2
  kPriceCollar,        // 3
  kDuplicate,          // 4
  kMessageRate,        // 6
  kOpenOrders,         // 8 count
  kOpenNotional,       // 8 unexecuted value
  kPositionLimit,      // 9
  kGrossExposure,      // 10
  kNetExposure,        // 10
  kBalance,            // 11
  kDailyLoss,          // 13
  kDrawdown,           // 13
  kReduceOnly,         // 19 would not reduce, or would flip
  kInventory,          // 17
  kSelfTrade,          // 18
  kThrottled,          // 5 repeated automated execution; a person re-enables
  kClipQuantity,       // 7
  kClipNotional,       // 7
  kClipFills,          // 7
  kCapital,            // 12
  kConcentration,      // 14
  kCorrelation,        // 14
  kInstrumentCount,    // 15
  kVenueCount,         // 15
  kVenueStatus,        // 22 the venue does not trade the instrument
  kVelocity,           // 22
  kVolatility,         // 22
  kDeadMan,            // 24 no sign of life from a person
  kOrderToTrade,       // 25
  kCancelRatio,        // 25
  kCircuitBreaker,     // 26 too many failures in a scope; a person re-enables
  kPositionMismatch,   // 28 execution's position differs from the gate's
  kNotTraceable,       // 29
  kReleaseStage,       // 30 shadow, or paper on an account that is not
  kCanaryNotional,     // 30
};
inline constexpr RejectReason kLastRejectReason = RejectReason::kCanaryNotional;

enum class TradingState : uint8_t { kActive = 1, kReducing, kCancelOnly, kHalted };

// The gate's answer; it carries the intent, so execution needs no other topic.
struct RiskDecision {
  OrderIntent intent;
  bool permitted = false;
  RejectReason reason = RejectReason::kNone;
  std::vector<RejectReason> failing;  // all controls that failed, in precedence order
  std::string detail;                 // limit, value and scope of `reason`, for people
  uint64_t limit_version = 0;
  uint64_t epoch = 0;
  base::Time decided;
  base::Time expires;  // execution must have journaled it by then
  Money reserved;      // worst-case notional reserved, quote asset
  Price reference_price;
  bool operator==(const RiskDecision&) const = default;
};

enum class OrderState : uint8_t {
  kInitialized = 1,
  kDenied,
  kSubmitted,
  kUnknown,
  kAccepted,
  kTriggered,
  kPendingUpdate,
  kPendingCancel,
  kPartiallyFilled,
  kFilled,
  kCanceled,
  kExpired,
  kRejected,
  kAbsent,
};
bool IsTerminal(OrderState state);  // DENIED FILLED CANCELED EXPIRED REJECTED ABSENT

enum class ExecKind : uint8_t {
  kJournaled = 1,  // first answer to a verdict: written, about to be sent
  kNotSent,        // first answer to a verdict: refused here, nothing left
  kAccepted,
  kRejected,
  kFill,
  kCanceled,
  kExpired,
  kTriggered,
  kUnknown,  // fate not known: reservation stays
  kAbsent,   // proven never taken
  kCancelRejected,
  kReplaced,         // an amendment took effect: price and quantity are the new ones
  kReplaceRejected,  // an amendment had no effect, or was not sent
  kPendingCancel,
  kIllegal,        // an event the state table does not allow: kept, counted, alarmed
  kPendingUpdate,  // first answer to the verdict on an amendment: written, about to be sent
};

enum class Liquidity : uint8_t { kNone = 0, kMaker = 1, kTaker = 2 };

struct Fill {
  std::string trade_id;  // the venue's; unique per instrument
  Price price;
  Quantity quantity;
  Money fee;  // > 0: paid
  AssetId fee_asset;
  Liquidity liquidity = Liquidity::kNone;
  bool operator==(const Fill&) const = default;
};

// A step in the life of an order, with the evidence it rests on.
struct ExecReport {
  ExecKind kind = ExecKind::kJournaled;
  AccountId account;
  StrategyId strategy;
  InstrumentId instrument;
  uint32_t instrument_version = 1;
  ClientOrderId client_order_id;
  VenueOrderId venue_order_id;
  // Cancel and replace legs: the order meant. kPendingUpdate, kReplaced, kReplaceRejected: the
  // amendment, by the name of its intent.
  ClientOrderId target;
  Side side = Side::kBuy;
  OrderState previous = OrderState::kInitialized;
  OrderState state = OrderState::kInitialized;
  Quantity quantity;    // ordered
  Quantity cumulative;  // filled so far
  Price price;          // limit price, 0 for market orders
  std::optional<Fill> fill;
  RejectReason local_reason = RejectReason::kNone;  // kNotSent, kReplaceRejected
  std::string venue_code;  // kRejected, kCancelRejected, kReplaceRejected: the venue's own code
  std::string detail;
  base::Sha256Digest intent_hash{};
  std::string
      evidence;  // what it rests on: "stream:executionReport:123", "http:POST /api/v3/order 200"
  EventId signal;
  std::string model_version;
  bool operator==(const ExecReport&) const = default;
};

// What every report of an intent's order carries over from it. `previous` is kInitialized,
// nothing is filled; the rest is the caller's.
ExecReport ReportOf(const OrderIntent& intent, ExecKind kind, OrderState state);

}  // namespace gannet::market
