#include "gannet/exec/v1/exec.pb.h"
#include "gannet/ops/v1/ops.pb.h"
#include "gannet/risk/v1/risk.pb.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace exec_pb = ::gannet::exec::v1;
namespace ops_pb = ::gannet::ops::v1;
namespace risk_pb = ::gannet::risk::v1;
using market::CommandKind;
using market::CommandOutcome;
using market::TradingState;

constexpr EnumTable<TradingState, risk_pb::TradingState, 4> kTradingStates({
    {TradingState::kActive, risk_pb::TRADING_STATE_ACTIVE},
    {TradingState::kReducing, risk_pb::TRADING_STATE_REDUCING},
    {TradingState::kCancelOnly, risk_pb::TRADING_STATE_CANCEL_ONLY},
    {TradingState::kHalted, risk_pb::TRADING_STATE_HALTED},
});
constexpr EnumTable<CommandKind, ops_pb::CommandKind, 8> kCommandKinds({
    {CommandKind::kKill, ops_pb::COMMAND_KIND_KILL},
    {CommandKind::kResume, ops_pb::COMMAND_KIND_RESUME},
    {CommandKind::kSetTradingState, ops_pb::COMMAND_KIND_SET_TRADING_STATE},
    {CommandKind::kCancelAll, ops_pb::COMMAND_KIND_CANCEL_ALL},
    {CommandKind::kDrain, ops_pb::COMMAND_KIND_DRAIN},
    {CommandKind::kSubmitOrder, ops_pb::COMMAND_KIND_SUBMIT_ORDER},
    {CommandKind::kReplaceOrder, ops_pb::COMMAND_KIND_REPLACE_ORDER},
    {CommandKind::kCancelOrder, ops_pb::COMMAND_KIND_CANCEL_ORDER},
});
constexpr EnumTable<CommandOutcome, ops_pb::CommandOutcome, 2> kCommandOutcomes({
    {CommandOutcome::kApplied, ops_pb::COMMAND_OUTCOME_APPLIED},
    {CommandOutcome::kRefused, ops_pb::COMMAND_OUTCOME_REFUSED},
});

void SetRequest(const market::OrderRequest& value, ops_pb::OrderRequest& message) {
  SetText(value.account, message.mutable_account());
  SetText(value.instrument, message.mutable_instrument());
  message.set_instrument_version(value.instrument_version);
  SetText(value.target, message.mutable_target());
  message.set_side(kSides.ToProto(value.side));
  message.set_type(kOrderTypes.ToProto(value.type));
  message.set_time_in_force(kTimesInForce.ToProto(value.time_in_force));
  message.set_price(value.price.mantissa);
  message.set_stop_price(value.stop_price.mantissa);
  message.set_quantity(value.quantity.mantissa);
  message.set_reduce_only(value.reduce_only);
  message.set_expires_ns(base::UnixNanos(value.expires));
}

market::OrderRequest RequestFrom(const ops_pb::OrderRequest& message, Problem& problem) {
  market::OrderRequest value;
  value.account = market::AccountId(message.account());
  value.instrument = market::InstrumentId(message.instrument());
  value.instrument_version = message.instrument_version();
  value.target = market::ClientOrderId(message.target());
  value.side = problem.Enum(kSides, message.side(), "value.order.side");
  value.type = problem.Enum(kOrderTypes, message.type(), "value.order.type");
  value.time_in_force =
      problem.Enum(kTimesInForce, message.time_in_force(), "value.order.time_in_force");
  value.price.mantissa = message.price();
  value.stop_price.mantissa = message.stop_price();
  value.quantity.mantissa = message.quantity();
  value.reduce_only = message.reduce_only();
  value.expires = base::FromUnixNanos(message.expires_ns());
  return value;
}

}  // namespace

template <>
struct Convert<market::PositionUpdate> {
  using Envelope = exec_pb::PositionUpdateEvent;

  static void To(const market::PositionUpdate& value, exec_pb::PositionUpdate& message) {
    SetText(value.account, message.mutable_account());
    SetText(value.strategy, message.mutable_strategy());
    SetText(value.instrument, message.mutable_instrument());
    message.set_instrument_version(value.instrument_version);
    message.set_net(value.net.mantissa);
    message.set_average_price(value.average_price.mantissa);
    SetMoney(value.realized_pnl, *message.mutable_realized_pnl());
    SetMoney(value.fees, *message.mutable_fees());
  }

  static market::PositionUpdate From(const exec_pb::PositionUpdate& message, Problem& problem) {
    market::PositionUpdate value;
    value.account = market::AccountId(message.account());
    value.strategy = market::StrategyId(message.strategy());
    value.instrument = market::InstrumentId(message.instrument());
    value.instrument_version = message.instrument_version();
    value.net.mantissa = message.net();
    value.average_price.mantissa = message.average_price();
    value.realized_pnl =
        problem.Money(message.has_realized_pnl(), message.realized_pnl(), "value.realized_pnl");
    value.fees = problem.Money(message.has_fees(), message.fees(), "value.fees");
    return value;
  }
};

template <>
struct Convert<market::BalanceUpdate> {
  using Envelope = exec_pb::BalanceUpdateEvent;

  static void To(const market::BalanceUpdate& value, exec_pb::BalanceUpdate& message) {
    SetText(value.account, message.mutable_account());
    SetText(value.venue, message.mutable_venue());
    SetText(value.asset, message.mutable_asset());
    SetMoney(value.free, *message.mutable_free());
    SetMoney(value.locked, *message.mutable_locked());
  }

  static market::BalanceUpdate From(const exec_pb::BalanceUpdate& message, Problem& problem) {
    market::BalanceUpdate value;
    value.account = market::AccountId(message.account());
    value.venue = message.venue();
    value.asset = market::AssetId(message.asset());
    value.free = problem.Money(message.has_free(), message.free(), "value.free");
    value.locked = problem.Money(message.has_locked(), message.locked(), "value.locked");
    return value;
  }
};

template <>
struct Convert<market::RiskState> {
  using Envelope = risk_pb::RiskStateEvent;

  static void To(const market::RiskState& value, risk_pb::RiskState& message) {
    SetScope(value.scope, *message.mutable_scope());
    message.set_state(kTradingStates.ToProto(value.state));
    message.set_killed(value.killed);
    SetText(value.reason, message.mutable_reason());
    SetText(value.person, message.mutable_person());
    message.set_limit_version(value.limit_version);
    message.set_epoch(value.epoch);
  }

  static market::RiskState From(const risk_pb::RiskState& message, Problem& problem) {
    market::RiskState value;
    problem.Require(message.has_scope(), "value.scope");
    value.scope = ScopeFrom(message.scope(), problem);
    value.state = problem.Enum(kTradingStates, message.state(), "value.state");
    value.killed = message.killed();
    value.reason = message.reason();
    value.person = message.person();
    value.limit_version = message.limit_version();
    value.epoch = message.epoch();
    return value;
  }
};

template <>
struct Convert<market::Command> {
  using Envelope = ops_pb::CommandEvent;

  static void To(const market::Command& value, ops_pb::Command& message) {
    message.set_kind(kCommandKinds.ToProto(value.kind));
    SetScope(value.scope, *message.mutable_scope());
    message.set_state(kTradingStates.ToProto(value.state));
    SetText(value.reason, message.mutable_reason());
    SetText(value.person, message.mutable_person());
    SetText(value.request_id, message.mutable_request_id());
    if (value.order) SetRequest(*value.order, *message.mutable_order());
  }

  static market::Command From(const ops_pb::Command& message, Problem& problem) {
    market::Command value;
    value.kind = problem.Enum(kCommandKinds, message.kind(), "value.kind");
    problem.Require(message.has_scope(), "value.scope");
    value.scope = ScopeFrom(message.scope(), problem);
    value.state = problem.Enum(kTradingStates, message.state(), "value.state");
    value.reason = message.reason();
    value.person = message.person();
    value.request_id = message.request_id();
    if (message.has_order()) value.order = RequestFrom(message.order(), problem);
    return value;
  }
};

template <>
struct Convert<market::CommandAnswer> {
  using Envelope = ops_pb::CommandAnswerEvent;

  static void To(const market::CommandAnswer& value, ops_pb::CommandAnswer& message) {
    SetEventId(value.command, *message.mutable_command());
    SetText(value.request_id, message.mutable_request_id());
    SetText(value.person, message.mutable_person());
    message.set_outcome(kCommandOutcomes.ToProto(value.outcome));
    SetText(value.engine, message.mutable_engine());
    SetText(value.client_order_id, message.mutable_client_order_id());
    SetText(value.detail, message.mutable_detail());
  }

  static market::CommandAnswer From(const ops_pb::CommandAnswer& message, Problem& problem) {
    market::CommandAnswer value;
    value.command = EventIdFrom(message.command());
    value.request_id = message.request_id();
    value.person = message.person();
    value.outcome = problem.Enum(kCommandOutcomes, message.outcome(), "value.outcome");
    value.engine = message.engine();
    value.client_order_id = market::ClientOrderId(message.client_order_id());
    value.detail = message.detail();
    return value;
  }
};

template <>
struct Convert<EngineNote> {
  using Envelope = ops_pb::EngineNoteEvent;

  static void To(const EngineNote& value, ops_pb::EngineNote& message) {
    SetText(value.engine, message.mutable_engine());
    SetText(value.kind, message.mutable_kind());
    message.set_body(value.body);
  }

  static EngineNote From(const ops_pb::EngineNote& message, Problem&) {
    EngineNote value;
    value.engine = message.engine();
    value.kind = message.kind();
    value.body = message.body();
    return value;
  }
};

GANNET_WIRE_INSTANTIATE(market::PositionUpdate);
GANNET_WIRE_INSTANTIATE(market::BalanceUpdate);
GANNET_WIRE_INSTANTIATE(market::RiskState);
GANNET_WIRE_INSTANTIATE(market::Command);
GANNET_WIRE_INSTANTIATE(market::CommandAnswer);
GANNET_WIRE_INSTANTIATE(EngineNote);

}  // namespace gannet::wire
