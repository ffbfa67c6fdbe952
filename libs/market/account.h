// What an account holds, and the state of the gate above it.
#pragma once

#include <optional>
#include <string>

#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/market/order.h"
#include "libs/market/parent.h"

namespace gannet::market {

struct BalanceUpdate {
  AccountId account;
  std::string venue;
  AssetId asset;
  Money free;
  Money locked;
  bool operator==(const BalanceUpdate&) const = default;
};

struct PositionUpdate {
  AccountId account;
  StrategyId strategy;
  InstrumentId instrument;
  uint32_t instrument_version = 1;
  Quantity net;         // short: negative
  Price average_price;  // of the open lots, rounded half even; 0 when flat
  Money realized_pnl;   // quote asset, fees in the quote asset taken off
  Money fees;           // quote asset
  bool operator==(const PositionUpdate&) const = default;
};

// A model (as intents name it: "direction@3") and a service have no orders of their own and
// no limits: what holds is whether orders that need them may pass.
enum class ScopeKind : uint8_t {
  kFirm = 1,
  kAccount,
  kStrategy,
  kVenue,
  kInstrument,
  kModel,
  kService,
};
inline bool HasOrders(ScopeKind kind) { return kind <= ScopeKind::kInstrument; }
struct Scope {
  ScopeKind kind = ScopeKind::kFirm;
  std::string name;  // empty for the firm
  auto operator<=>(const Scope&) const = default;
};

struct RiskState {
  Scope scope;
  TradingState state = TradingState::kActive;
  bool killed = false;
  std::string reason;
  std::string person;  // who asked; empty: the engine itself
  uint64_t limit_version = 0;
  uint64_t epoch = 0;
  bool operator==(const RiskState&) const = default;
};

// What a person asks for: of a scope, of one order, of the limits.
enum class CommandKind : uint8_t {
  kKill = 1,
  kResume,
  kSetTradingState,
  kCancelAll,
  kDrain,
  kSubmitOrder,
  kReplaceOrder,
  kCancelOrder,
  kProposeLimits,
  kApproveLimits,
  kRejectLimits,
  kAmendOrder,
};

// Of a proposed limits file; what carries one (a request, a command, a message of the
// bus) has its own limit above this.
inline constexpr size_t kMaxLimitsFile = 48u << 10;

// An order as a person wants it. The strategy service makes it an intent of
// "manual/<person>", which takes the path of any intent.
struct OrderRequest {
  AccountId account;
  InstrumentId instrument;          // empty, where there is a target: the target's
  uint32_t instrument_version = 0;  // 0: the current one
  ClientOrderId target;             // kReplaceOrder, kAmendOrder, kCancelOrder: the order meant
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  TimeInForce time_in_force = TimeInForce::kGtc;
  Price price;  // kAmendOrder: 0 is as it is
  Price stop_price;
  // kReplaceOrder, kAmendOrder: total, what is filled already included; kAmendOrder: 0 is as it is
  Quantity quantity;
  bool reduce_only = false;
  uint32_t trailing_bps = 0;  // kTrailingStop: as in OrderIntent
  base::Time expires;
  std::optional<AlgoPlan> plan;  // kSubmitOrder: a parent order, which `expires` ends
  bool operator==(const OrderRequest&) const = default;
};

struct Command {
  CommandKind kind = CommandKind::kKill;
  Scope scope;
  TradingState state = TradingState::kHalted;  // kSetTradingState
  std::string reason;
  std::string person;                 // who asks: authenticated, never taken from a request
  std::string request_id;             // with the person: names the command for ever
  std::optional<OrderRequest> order;  // k…Order
  std::string text;                   // kProposeLimits: the file
  bool new_names = false;  // kProposeLimits: names that nothing has been heard of are meant
  uint64_t proposal = 0;   // kApproveLimits, kRejectLimits
  bool flatten = false;    // kKill: what the venue proves to be held is to be closed as well
  bool operator==(const Command&) const = default;
};
inline bool IsAboutOrder(CommandKind kind) {
  return (kind >= CommandKind::kSubmitOrder && kind <= CommandKind::kCancelOrder) ||
         kind == CommandKind::kAmendOrder;
}
inline bool IsAboutLimits(CommandKind kind) {
  return kind >= CommandKind::kProposeLimits && kind <= CommandKind::kRejectLimits;
}

enum class CommandOutcome : uint8_t { kApplied = 1, kRefused };

// What became of a command, by the engine that it is for: risk of trading states,
// the kill switch and limits, execution of cancel-all, strategy of orders and drain.
struct CommandAnswer {
  EventId command;
  std::string request_id;
  std::string person;
  CommandOutcome outcome = CommandOutcome::kApplied;
  std::string engine;
  ClientOrderId client_order_id;  // of the intent that was made
  std::string detail;             // for people; of a refusal: why
  uint64_t proposal = 0;          // of limits: which one it is about
  bool operator==(const CommandAnswer&) const = default;
};

}  // namespace gannet::market
