#include "gannet/exec/v1/exec.pb.h"
#include "gannet/ops/v1/ops.pb.h"
#include "gannet/risk/v1/risk.pb.h"
#include "libs/market/account_event.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace exec_pb = ::gannet::exec::v1;
namespace ops_pb = ::gannet::ops::v1;
namespace risk_pb = ::gannet::risk::v1;
using market::AccountEventKind;
using market::CommandKind;
using market::CommandOutcome;
using market::LimitStep;
using market::TradingState;

constexpr EnumTable<TradingState, risk_pb::TradingState, 4> kTradingStates({
    {TradingState::kActive, risk_pb::TRADING_STATE_ACTIVE},
    {TradingState::kReducing, risk_pb::TRADING_STATE_REDUCING},
    {TradingState::kCancelOnly, risk_pb::TRADING_STATE_CANCEL_ONLY},
    {TradingState::kHalted, risk_pb::TRADING_STATE_HALTED},
});
constexpr EnumTable<CommandKind, ops_pb::CommandKind, 12> kCommandKinds({
    {CommandKind::kKill, ops_pb::COMMAND_KIND_KILL},
    {CommandKind::kResume, ops_pb::COMMAND_KIND_RESUME},
    {CommandKind::kSetTradingState, ops_pb::COMMAND_KIND_SET_TRADING_STATE},
    {CommandKind::kCancelAll, ops_pb::COMMAND_KIND_CANCEL_ALL},
    {CommandKind::kDrain, ops_pb::COMMAND_KIND_DRAIN},
    {CommandKind::kSubmitOrder, ops_pb::COMMAND_KIND_SUBMIT_ORDER},
    {CommandKind::kReplaceOrder, ops_pb::COMMAND_KIND_REPLACE_ORDER},
    {CommandKind::kCancelOrder, ops_pb::COMMAND_KIND_CANCEL_ORDER},
    {CommandKind::kProposeLimits, ops_pb::COMMAND_KIND_PROPOSE_LIMITS},
    {CommandKind::kApproveLimits, ops_pb::COMMAND_KIND_APPROVE_LIMITS},
    {CommandKind::kRejectLimits, ops_pb::COMMAND_KIND_REJECT_LIMITS},
    {CommandKind::kAmendOrder, ops_pb::COMMAND_KIND_AMEND_ORDER},
});
constexpr EnumTable<AccountEventKind, exec_pb::AccountEventKind, 8> kAccountEventKinds({
    {AccountEventKind::kFill, exec_pb::ACCOUNT_EVENT_KIND_FILL},
    {AccountEventKind::kFee, exec_pb::ACCOUNT_EVENT_KIND_FEE},
    {AccountEventKind::kFunding, exec_pb::ACCOUNT_EVENT_KIND_FUNDING},
    {AccountEventKind::kLiquidation, exec_pb::ACCOUNT_EVENT_KIND_LIQUIDATION},
    {AccountEventKind::kAdl, exec_pb::ACCOUNT_EVENT_KIND_ADL},
    {AccountEventKind::kTransfer, exec_pb::ACCOUNT_EVENT_KIND_TRANSFER},
    {AccountEventKind::kSettlement, exec_pb::ACCOUNT_EVENT_KIND_SETTLEMENT},
    {AccountEventKind::kAdjustment, exec_pb::ACCOUNT_EVENT_KIND_ADJUSTMENT},
});
constexpr EnumTable<LimitStep, risk_pb::LimitStep, 4> kLimitSteps({
    {LimitStep::kInForce, risk_pb::LIMIT_STEP_IN_FORCE},
    {LimitStep::kProposed, risk_pb::LIMIT_STEP_PROPOSED},
    {LimitStep::kApproved, risk_pb::LIMIT_STEP_APPROVED},
    {LimitStep::kRejected, risk_pb::LIMIT_STEP_REJECTED},
});
constexpr EnumTable<CommandOutcome, ops_pb::CommandOutcome, 2> kCommandOutcomes({
    {CommandOutcome::kApplied, ops_pb::COMMAND_OUTCOME_APPLIED},
    {CommandOutcome::kRefused, ops_pb::COMMAND_OUTCOME_REFUSED},
});

void WriteRequest(const market::OrderRequest& value, MessageWriter& out) {
  using Proto = ops_pb::OrderRequest;
  out.Text(Proto::kAccountFieldNumber, value.account);
  out.Text(Proto::kInstrumentFieldNumber, value.instrument);
  out.Unsigned(Proto::kInstrumentVersionFieldNumber, value.instrument_version);
  out.Text(Proto::kTargetFieldNumber, value.target);
  out.Enum(Proto::kSideFieldNumber, kSides.ToProto(value.side));
  out.Enum(Proto::kTypeFieldNumber, kOrderTypes.ToProto(value.type));
  out.Enum(Proto::kTimeInForceFieldNumber, kTimesInForce.ToProto(value.time_in_force));
  out.Zigzag(Proto::kPriceFieldNumber, value.price.mantissa);
  out.Zigzag(Proto::kStopPriceFieldNumber, value.stop_price.mantissa);
  out.Zigzag(Proto::kQuantityFieldNumber, value.quantity.mantissa);
  out.Bool(Proto::kReduceOnlyFieldNumber, value.reduce_only);
  out.Time(Proto::kExpiresNsFieldNumber, value.expires);
  if (value.plan)
    out.Message(Proto::kPlanFieldNumber,
                [&](MessageWriter& part) { WritePlan(*value.plan, part); });
  out.Unsigned(Proto::kTrailingBpsFieldNumber, value.trailing_bps);
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
  if (message.has_plan()) value.plan = PlanFrom(message.plan(), problem, "value.order.plan.algo");
  value.trailing_bps = message.trailing_bps();
  return value;
}

}  // namespace

template <>
struct Convert<market::PositionUpdate> {
  using Envelope = exec_pb::PositionUpdateEvent;

  using Proto = exec_pb::PositionUpdate;

  static void Write(const market::PositionUpdate& value, MessageWriter& out) {
    out.Text(Proto::kAccountFieldNumber, value.account);
    out.Text(Proto::kStrategyFieldNumber, value.strategy);
    out.Text(Proto::kInstrumentFieldNumber, value.instrument);
    out.Unsigned(Proto::kInstrumentVersionFieldNumber, value.instrument_version);
    out.Zigzag(Proto::kNetFieldNumber, value.net.mantissa);
    out.Zigzag(Proto::kAveragePriceFieldNumber, value.average_price.mantissa);
    out.Money(Proto::kRealizedPnlFieldNumber, value.realized_pnl);
    out.Money(Proto::kFeesFieldNumber, value.fees);
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

  using Proto = exec_pb::BalanceUpdate;

  static void Write(const market::BalanceUpdate& value, MessageWriter& out) {
    out.Text(Proto::kAccountFieldNumber, value.account);
    out.Text(Proto::kVenueFieldNumber, value.venue);
    out.Text(Proto::kAssetFieldNumber, value.asset);
    out.Money(Proto::kFreeFieldNumber, value.free);
    out.Money(Proto::kLockedFieldNumber, value.locked);
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
struct Convert<market::AccountEvent> {
  using Envelope = exec_pb::AccountEventEvent;

  using Proto = exec_pb::AccountEvent;

  static void Write(const market::AccountEvent& value, MessageWriter& out) {
    out.Enum(Proto::kKindFieldNumber, kAccountEventKinds.ToProto(value.kind));
    out.Text(Proto::kAccountFieldNumber, value.account);
    out.Text(Proto::kVenueFieldNumber, value.venue);
    out.Text(Proto::kIdFieldNumber, value.id);
    out.Text(Proto::kStrategyFieldNumber, value.strategy);
    out.Text(Proto::kInstrumentFieldNumber, value.instrument);
    out.Unsigned(Proto::kInstrumentVersionFieldNumber, value.instrument_version);
    out.Text(Proto::kClientOrderIdFieldNumber, value.client_order_id);
    out.Zigzag(Proto::kQuantityFieldNumber, value.quantity.mantissa);
    out.Zigzag(Proto::kPriceFieldNumber, value.price.mantissa);
    for (const market::AssetChange& change : value.changes) {
      out.Message(Proto::kChangesFieldNumber, [&](MessageWriter& part) {
        part.Text(exec_pb::AssetChange::kAssetFieldNumber, change.asset);
        part.Money(exec_pb::AssetChange::kAmountFieldNumber, change.amount);
      });
    }
    out.Text(Proto::kEvidenceFieldNumber, value.evidence);
    out.Text(Proto::kPersonFieldNumber, value.person);
    out.Time(Proto::kTimeNsFieldNumber, value.time);
  }

  static market::AccountEvent From(const exec_pb::AccountEvent& message, Problem& problem) {
    market::AccountEvent value;
    value.kind = problem.Enum(kAccountEventKinds, message.kind(), "value.kind");
    value.account = market::AccountId(message.account());
    value.venue = message.venue();
    value.id = message.id();
    value.strategy = market::StrategyId(message.strategy());
    value.instrument = market::InstrumentId(message.instrument());
    value.instrument_version = message.instrument_version();
    value.client_order_id = market::ClientOrderId(message.client_order_id());
    value.quantity.mantissa = message.quantity();
    value.price.mantissa = message.price();
    for (const exec_pb::AssetChange& change : message.changes()) {
      value.changes.push_back(
          {market::AssetId(change.asset()),
           problem.Money(change.has_amount(), change.amount(), "value.changes.amount")});
    }
    value.evidence = message.evidence();
    value.person = message.person();
    value.time = base::FromUnixNanos(message.time_ns());
    return value;
  }
};

template <>
struct Convert<market::RiskState> {
  using Envelope = risk_pb::RiskStateEvent;

  using Proto = risk_pb::RiskState;

  static void Write(const market::RiskState& value, MessageWriter& out) {
    WriteScope(Proto::kScopeFieldNumber, value.scope, out);
    out.Enum(Proto::kStateFieldNumber, kTradingStates.ToProto(value.state));
    out.Bool(Proto::kKilledFieldNumber, value.killed);
    out.Text(Proto::kReasonFieldNumber, value.reason);
    out.Text(Proto::kPersonFieldNumber, value.person);
    out.Unsigned(Proto::kLimitVersionFieldNumber, value.limit_version);
    out.Unsigned(Proto::kEpochFieldNumber, value.epoch);
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

  using Proto = ops_pb::Command;

  static void Write(const market::Command& value, MessageWriter& out) {
    out.Enum(Proto::kKindFieldNumber, kCommandKinds.ToProto(value.kind));
    WriteScope(Proto::kScopeFieldNumber, value.scope, out);
    out.Enum(Proto::kStateFieldNumber, kTradingStates.ToProto(value.state));
    out.Text(Proto::kReasonFieldNumber, value.reason);
    out.Text(Proto::kPersonFieldNumber, value.person);
    out.Text(Proto::kRequestIdFieldNumber, value.request_id);
    if (value.order)
      out.Message(Proto::kOrderFieldNumber,
                  [&](MessageWriter& part) { WriteRequest(*value.order, part); });
    out.Text(Proto::kTextFieldNumber, value.text);
    out.Bool(Proto::kNewNamesFieldNumber, value.new_names);
    out.Unsigned(Proto::kProposalFieldNumber, value.proposal);
    out.Bool(Proto::kFlattenFieldNumber, value.flatten);
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
    value.text = message.text();
    value.new_names = message.new_names();
    value.proposal = message.proposal();
    value.flatten = message.flatten();
    return value;
  }
};

template <>
struct Convert<market::CommandAnswer> {
  using Envelope = ops_pb::CommandAnswerEvent;

  using Proto = ops_pb::CommandAnswer;

  static void Write(const market::CommandAnswer& value, MessageWriter& out) {
    out.EventId(Proto::kCommandFieldNumber, value.command);
    out.Text(Proto::kRequestIdFieldNumber, value.request_id);
    out.Text(Proto::kPersonFieldNumber, value.person);
    out.Enum(Proto::kOutcomeFieldNumber, kCommandOutcomes.ToProto(value.outcome));
    out.Text(Proto::kEngineFieldNumber, value.engine);
    out.Text(Proto::kClientOrderIdFieldNumber, value.client_order_id);
    out.Text(Proto::kDetailFieldNumber, value.detail);
    out.Unsigned(Proto::kProposalFieldNumber, value.proposal);
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
    value.proposal = message.proposal();
    return value;
  }
};

template <>
struct Convert<market::LimitEvent> {
  using Envelope = risk_pb::LimitEventEvent;

  using Proto = risk_pb::LimitEvent;

  static void Write(const market::LimitEvent& value, MessageWriter& out) {
    out.Enum(Proto::kStepFieldNumber, kLimitSteps.ToProto(value.step));
    out.Unsigned(Proto::kProposalFieldNumber, value.proposal);
    out.Unsigned(Proto::kBaseVersionFieldNumber, value.base_version);
    out.Unsigned(Proto::kVersionFieldNumber, value.version);
    out.Text(Proto::kPersonFieldNumber, value.person);
    out.Text(Proto::kReasonFieldNumber, value.reason);
    out.Text(Proto::kTextFieldNumber, value.text);
    for (const market::LimitChange& change : value.changes) {
      out.Message(Proto::kChangesFieldNumber, [&](MessageWriter& part) {
        using Change = risk_pb::LimitChange;
        WriteScope(Change::kScopeFieldNumber, change.scope, part);
        part.Text(Change::kNameFieldNumber, change.name);
        part.Text(Change::kBeforeFieldNumber, change.before);
        part.Text(Change::kAfterFieldNumber, change.after);
      });
    }
    for (const market::LimitRow& row : value.rows) {
      out.Message(Proto::kRowsFieldNumber, [&](MessageWriter& part) {
        using Row = risk_pb::LimitRow;
        WriteScope(Row::kScopeFieldNumber, row.scope, part);
        part.Text(Row::kNameFieldNumber, row.name);
        part.Money(Row::kValueFieldNumber, row.value);
        part.Text(Row::kAssetFieldNumber, row.asset);
        part.Text(Row::kUnitFieldNumber, row.unit);
      });
    }
  }

  static market::LimitEvent From(const risk_pb::LimitEvent& message, Problem& problem) {
    market::LimitEvent value;
    value.step = problem.Enum(kLimitSteps, message.step(), "value.step");
    value.proposal = message.proposal();
    value.base_version = message.base_version();
    value.version = message.version();
    value.person = message.person();
    value.reason = message.reason();
    value.text = message.text();
    for (const risk_pb::LimitChange& change : message.changes()) {
      value.changes.push_back(
          {ScopeFrom(change.scope(), problem), change.name(), change.before(), change.after()});
    }
    for (const risk_pb::LimitRow& row : message.rows()) {
      value.rows.push_back({ScopeFrom(row.scope(), problem), row.name(),
                            problem.Money(row.has_value(), row.value(), "value.rows.value"),
                            market::AssetId(row.asset()), row.unit()});
    }
    return value;
  }
};

template <>
struct Convert<EngineNote> {
  using Envelope = ops_pb::EngineNoteEvent;

  using Proto = ops_pb::EngineNote;

  static void Write(const EngineNote& value, MessageWriter& out) {
    out.Text(Proto::kEngineFieldNumber, value.engine);
    out.Text(Proto::kKindFieldNumber, value.kind);
    out.Bytes(Proto::kBodyFieldNumber, value.body);
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
GANNET_WIRE_INSTANTIATE(market::AccountEvent);
GANNET_WIRE_INSTANTIATE(market::RiskState);
GANNET_WIRE_INSTANTIATE(market::Command);
GANNET_WIRE_INSTANTIATE(market::CommandAnswer);
GANNET_WIRE_INSTANTIATE(market::LimitEvent);
GANNET_WIRE_INSTANTIATE(EngineNote);

}  // namespace gannet::wire
