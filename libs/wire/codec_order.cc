#include "gannet/exec/v1/exec.pb.h"
#include "gannet/order/v1/order.pb.h"
#include "gannet/risk/v1/risk.pb.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace pb = ::gannet::order::v1;
namespace risk_pb = ::gannet::risk::v1;
namespace exec_pb = ::gannet::exec::v1;
using market::ExecKind;
using market::IntentKind;
using market::Liquidity;
using market::OrderState;
using market::OrderType;
using market::RejectReason;
using market::TimeInForce;

constexpr EnumTable<IntentKind, pb::IntentKind, 5> kIntentKinds({
    {IntentKind::kNew, pb::INTENT_KIND_NEW},
    {IntentKind::kCancel, pb::INTENT_KIND_CANCEL},
    {IntentKind::kReplace, pb::INTENT_KIND_REPLACE},
    {IntentKind::kParent, pb::INTENT_KIND_PARENT},
    {IntentKind::kAmend, pb::INTENT_KIND_AMEND},
});
constexpr EnumTable<RejectReason, pb::RejectReason, 53> kRejectReasons({
    {RejectReason::kNone, pb::REJECT_REASON_NONE},
    {RejectReason::kMalformed, pb::REJECT_REASON_MALFORMED},
    {RejectReason::kUnknownAccount, pb::REJECT_REASON_UNKNOWN_ACCOUNT},
    {RejectReason::kUnknownInstrument, pb::REJECT_REASON_UNKNOWN_INSTRUMENT},
    {RejectReason::kInstrumentVersion, pb::REJECT_REASON_INSTRUMENT_VERSION},
    {RejectReason::kKillSwitch, pb::REJECT_REASON_KILL_SWITCH},
    {RejectReason::kTradingState, pb::REJECT_REASON_TRADING_STATE},
    {RejectReason::kGateClosed, pb::REJECT_REASON_GATE_CLOSED},
    {RejectReason::kMissingLimit, pb::REJECT_REASON_MISSING_LIMIT},
    {RejectReason::kNotPermitted, pb::REJECT_REASON_NOT_PERMITTED},
    {RejectReason::kOffTick, pb::REJECT_REASON_OFF_TICK},
    {RejectReason::kOffLot, pb::REJECT_REASON_OFF_LOT},
    {RejectReason::kBelowMinimum, pb::REJECT_REASON_BELOW_MINIMUM},
    {RejectReason::kNoPrice, pb::REJECT_REASON_NO_PRICE},
    {RejectReason::kStalePrice, pb::REJECT_REASON_STALE_PRICE},
    {RejectReason::kBookInvalid, pb::REJECT_REASON_BOOK_INVALID},
    {RejectReason::kCrossedBook, pb::REJECT_REASON_CROSSED_BOOK},
    {RejectReason::kMaxQuantity, pb::REJECT_REASON_MAX_QUANTITY},
    {RejectReason::kMaxNotional, pb::REJECT_REASON_MAX_NOTIONAL},
    {RejectReason::kPriceCollar, pb::REJECT_REASON_PRICE_COLLAR},
    {RejectReason::kDuplicate, pb::REJECT_REASON_DUPLICATE},
    {RejectReason::kMessageRate, pb::REJECT_REASON_MESSAGE_RATE},
    {RejectReason::kOpenOrders, pb::REJECT_REASON_OPEN_ORDERS},
    {RejectReason::kOpenNotional, pb::REJECT_REASON_OPEN_NOTIONAL},
    {RejectReason::kPositionLimit, pb::REJECT_REASON_POSITION_LIMIT},
    {RejectReason::kGrossExposure, pb::REJECT_REASON_GROSS_EXPOSURE},
    {RejectReason::kNetExposure, pb::REJECT_REASON_NET_EXPOSURE},
    {RejectReason::kBalance, pb::REJECT_REASON_BALANCE},
    {RejectReason::kDailyLoss, pb::REJECT_REASON_DAILY_LOSS},
    {RejectReason::kDrawdown, pb::REJECT_REASON_DRAWDOWN},
    {RejectReason::kReduceOnly, pb::REJECT_REASON_REDUCE_ONLY},
    {RejectReason::kInventory, pb::REJECT_REASON_INVENTORY},
    {RejectReason::kSelfTrade, pb::REJECT_REASON_SELF_TRADE},
    {RejectReason::kThrottled, pb::REJECT_REASON_THROTTLED},
    {RejectReason::kClipQuantity, pb::REJECT_REASON_CLIP_QUANTITY},
    {RejectReason::kClipNotional, pb::REJECT_REASON_CLIP_NOTIONAL},
    {RejectReason::kClipFills, pb::REJECT_REASON_CLIP_FILLS},
    {RejectReason::kCapital, pb::REJECT_REASON_CAPITAL},
    {RejectReason::kConcentration, pb::REJECT_REASON_CONCENTRATION},
    {RejectReason::kCorrelation, pb::REJECT_REASON_CORRELATION},
    {RejectReason::kInstrumentCount, pb::REJECT_REASON_INSTRUMENT_COUNT},
    {RejectReason::kVenueCount, pb::REJECT_REASON_VENUE_COUNT},
    {RejectReason::kVenueStatus, pb::REJECT_REASON_VENUE_STATUS},
    {RejectReason::kVelocity, pb::REJECT_REASON_VELOCITY},
    {RejectReason::kVolatility, pb::REJECT_REASON_VOLATILITY},
    {RejectReason::kDeadMan, pb::REJECT_REASON_DEAD_MAN},
    {RejectReason::kOrderToTrade, pb::REJECT_REASON_ORDER_TO_TRADE},
    {RejectReason::kCancelRatio, pb::REJECT_REASON_CANCEL_RATIO},
    {RejectReason::kCircuitBreaker, pb::REJECT_REASON_CIRCUIT_BREAKER},
    {RejectReason::kPositionMismatch, pb::REJECT_REASON_POSITION_MISMATCH},
    {RejectReason::kNotTraceable, pb::REJECT_REASON_NOT_TRACEABLE},
    {RejectReason::kReleaseStage, pb::REJECT_REASON_RELEASE_STAGE},
    {RejectReason::kCanaryNotional, pb::REJECT_REASON_CANARY_NOTIONAL},
});
constexpr EnumTable<OrderState, pb::OrderState, 14> kOrderStates({
    {OrderState::kInitialized, pb::ORDER_STATE_INITIALIZED},
    {OrderState::kDenied, pb::ORDER_STATE_DENIED},
    {OrderState::kSubmitted, pb::ORDER_STATE_SUBMITTED},
    {OrderState::kUnknown, pb::ORDER_STATE_UNKNOWN},
    {OrderState::kAccepted, pb::ORDER_STATE_ACCEPTED},
    {OrderState::kTriggered, pb::ORDER_STATE_TRIGGERED},
    {OrderState::kPendingUpdate, pb::ORDER_STATE_PENDING_UPDATE},
    {OrderState::kPendingCancel, pb::ORDER_STATE_PENDING_CANCEL},
    {OrderState::kPartiallyFilled, pb::ORDER_STATE_PARTIALLY_FILLED},
    {OrderState::kFilled, pb::ORDER_STATE_FILLED},
    {OrderState::kCanceled, pb::ORDER_STATE_CANCELED},
    {OrderState::kExpired, pb::ORDER_STATE_EXPIRED},
    {OrderState::kRejected, pb::ORDER_STATE_REJECTED},
    {OrderState::kAbsent, pb::ORDER_STATE_ABSENT},
});
constexpr EnumTable<ExecKind, exec_pb::ExecKind, 16> kExecKinds({
    {ExecKind::kJournaled, exec_pb::EXEC_KIND_JOURNALED},
    {ExecKind::kNotSent, exec_pb::EXEC_KIND_NOT_SENT},
    {ExecKind::kAccepted, exec_pb::EXEC_KIND_ACCEPTED},
    {ExecKind::kRejected, exec_pb::EXEC_KIND_REJECTED},
    {ExecKind::kFill, exec_pb::EXEC_KIND_FILL},
    {ExecKind::kCanceled, exec_pb::EXEC_KIND_CANCELED},
    {ExecKind::kExpired, exec_pb::EXEC_KIND_EXPIRED},
    {ExecKind::kTriggered, exec_pb::EXEC_KIND_TRIGGERED},
    {ExecKind::kUnknown, exec_pb::EXEC_KIND_UNKNOWN},
    {ExecKind::kAbsent, exec_pb::EXEC_KIND_ABSENT},
    {ExecKind::kCancelRejected, exec_pb::EXEC_KIND_CANCEL_REJECTED},
    {ExecKind::kReplaced, exec_pb::EXEC_KIND_REPLACED},
    {ExecKind::kReplaceRejected, exec_pb::EXEC_KIND_REPLACE_REJECTED},
    {ExecKind::kPendingCancel, exec_pb::EXEC_KIND_PENDING_CANCEL},
    {ExecKind::kIllegal, exec_pb::EXEC_KIND_ILLEGAL},
    {ExecKind::kPendingUpdate, exec_pb::EXEC_KIND_PENDING_UPDATE},
});
constexpr EnumTable<Liquidity, exec_pb::Liquidity, 3> kLiquidities({
    {Liquidity::kNone, exec_pb::LIQUIDITY_NONE},
    {Liquidity::kMaker, exec_pb::LIQUIDITY_MAKER},
    {Liquidity::kTaker, exec_pb::LIQUIDITY_TAKER},
});

market::Fill FillFrom(const exec_pb::Fill& message, Problem& problem) {
  market::Fill fill;
  fill.trade_id = message.trade_id();
  fill.price.mantissa = message.price();
  fill.quantity.mantissa = message.quantity();
  fill.fee = problem.Money(message.has_fee(), message.fee(), "value.fill.fee");
  fill.fee_asset = market::AssetId(message.fee_asset());
  fill.liquidity = problem.Enum(kLiquidities, message.liquidity(), "value.fill.liquidity");
  return fill;
}

void WriteFill(const market::Fill& fill, MessageWriter& out) {
  using Proto = exec_pb::Fill;
  out.Text(Proto::kTradeIdFieldNumber, fill.trade_id);
  out.Zigzag(Proto::kPriceFieldNumber, fill.price.mantissa);
  out.Zigzag(Proto::kQuantityFieldNumber, fill.quantity.mantissa);
  out.Money(Proto::kFeeFieldNumber, fill.fee);
  out.Text(Proto::kFeeAssetFieldNumber, fill.fee_asset);
  out.Enum(Proto::kLiquidityFieldNumber, kLiquidities.ToProto(fill.liquidity));
}

}  // namespace

template <>
struct Convert<market::OrderIntent> {
  using Envelope = pb::OrderIntentEvent;

  using Proto = pb::OrderIntent;

  static void Write(const market::OrderIntent& value, MessageWriter& out) {
    out.Enum(Proto::kKindFieldNumber, kIntentKinds.ToProto(value.kind));
    out.Text(Proto::kAccountFieldNumber, value.account);
    out.Text(Proto::kStrategyFieldNumber, value.strategy);
    out.Unsigned(Proto::kSequenceFieldNumber, value.sequence);
    out.Unsigned(Proto::kAttemptFieldNumber, value.attempt);
    out.Text(Proto::kClientOrderIdFieldNumber, value.client_order_id);
    out.Text(Proto::kTargetFieldNumber, value.target);
    out.Text(Proto::kParentFieldNumber, value.parent);
    out.Text(Proto::kInstrumentFieldNumber, value.instrument);
    out.Unsigned(Proto::kInstrumentVersionFieldNumber, value.instrument_version);
    out.Enum(Proto::kSideFieldNumber, kSides.ToProto(value.side));
    out.Enum(Proto::kTypeFieldNumber, kOrderTypes.ToProto(value.type));
    out.Enum(Proto::kTimeInForceFieldNumber, kTimesInForce.ToProto(value.time_in_force));
    out.Zigzag(Proto::kPriceFieldNumber, value.price.mantissa);
    out.Zigzag(Proto::kStopPriceFieldNumber, value.stop_price.mantissa);
    out.Zigzag(Proto::kQuantityFieldNumber, value.quantity.mantissa);
    out.Bool(Proto::kReduceOnlyFieldNumber, value.reduce_only);
    out.Time(Proto::kCreatedNsFieldNumber, value.created);
    out.Time(Proto::kExpiresNsFieldNumber, value.expires);
    out.Text(Proto::kReasonFieldNumber, value.reason);
    out.Text(Proto::kModelVersionFieldNumber, value.model_version);
    if (value.signal != market::EventId{}) out.EventId(Proto::kSignalFieldNumber, value.signal);
    out.Bytes(Proto::kHashFieldNumber, value.hash);
    out.Unsigned(Proto::kTrailingBpsFieldNumber, value.trailing_bps);
  }

  static market::OrderIntent From(const pb::OrderIntent& message, Problem& problem) {
    market::OrderIntent value;
    value.kind = problem.Enum(kIntentKinds, message.kind(), "value.kind");
    value.account = market::AccountId(message.account());
    value.strategy = market::StrategyId(message.strategy());
    value.sequence = message.sequence();
    value.attempt = message.attempt();
    value.client_order_id = market::ClientOrderId(message.client_order_id());
    value.target = market::ClientOrderId(message.target());
    value.parent = market::ClientOrderId(message.parent());
    value.instrument = market::InstrumentId(message.instrument());
    value.instrument_version = message.instrument_version();
    value.side = problem.Enum(kSides, message.side(), "value.side");
    value.type = problem.Enum(kOrderTypes, message.type(), "value.type");
    value.time_in_force =
        problem.Enum(kTimesInForce, message.time_in_force(), "value.time_in_force");
    value.price.mantissa = message.price();
    value.stop_price.mantissa = message.stop_price();
    value.quantity.mantissa = message.quantity();
    value.reduce_only = message.reduce_only();
    value.created = base::FromUnixNanos(message.created_ns());
    value.expires = base::FromUnixNanos(message.expires_ns());
    value.reason = message.reason();
    value.model_version = message.model_version();
    value.signal = EventIdFrom(message.signal());
    value.hash = problem.Digest(message.hash(), "value.hash");
    value.trailing_bps = message.trailing_bps();
    return value;
  }
};

template <>
struct Convert<market::RiskDecision> {
  using Envelope = risk_pb::RiskDecisionEvent;

  using Proto = risk_pb::RiskDecision;

  static void Write(const market::RiskDecision& value, MessageWriter& out) {
    out.LongMessage(Proto::kIntentFieldNumber, [&](MessageWriter& part) {
      Convert<market::OrderIntent>::Write(value.intent, part);
    });
    out.Bool(Proto::kPermittedFieldNumber, value.permitted);
    out.Enum(Proto::kReasonFieldNumber, kRejectReasons.ToProto(value.reason));
    if (!value.failing.empty()) {
      out.Message(Proto::kFailingFieldNumber, [&](MessageWriter& part) {
        for (const RejectReason reason : value.failing)
          part.Element(static_cast<uint64_t>(kRejectReasons.ToProto(reason)));
      });
    }
    out.Text(Proto::kDetailFieldNumber, value.detail);
    out.Unsigned(Proto::kLimitVersionFieldNumber, value.limit_version);
    out.Unsigned(Proto::kEpochFieldNumber, value.epoch);
    out.Time(Proto::kDecidedNsFieldNumber, value.decided);
    out.Time(Proto::kExpiresNsFieldNumber, value.expires);
    out.Money(Proto::kReservedFieldNumber, value.reserved);
    out.Zigzag(Proto::kReferencePriceFieldNumber, value.reference_price.mantissa);
  }

  static market::RiskDecision From(const risk_pb::RiskDecision& message, Problem& problem) {
    market::RiskDecision value;
    problem.Require(message.has_intent(), "value.intent");
    if (problem.found()) return value;
    value.intent = IntentFrom(message.intent(), problem);
    value.permitted = message.permitted();
    value.reason = problem.Enum(kRejectReasons, message.reason(), "value.reason");
    value.failing.reserve(static_cast<size_t>(message.failing_size()));
    for (const int reason : message.failing()) {
      value.failing.push_back(problem.Enum(kRejectReasons, reason, "value.failing"));
    }
    value.detail = message.detail();
    value.limit_version = message.limit_version();
    value.epoch = message.epoch();
    value.decided = base::FromUnixNanos(message.decided_ns());
    value.expires = base::FromUnixNanos(message.expires_ns());
    value.reserved = problem.Money(message.has_reserved(), message.reserved(), "value.reserved");
    value.reference_price.mantissa = message.reference_price();
    return value;
  }

 private:
  static market::OrderIntent IntentFrom(const pb::OrderIntent& message, Problem& problem) {
    Problem inside;
    market::OrderIntent intent = Convert<market::OrderIntent>::From(message, inside);
    if (inside.found()) problem.AddInside("value.intent", inside);
    return intent;
  }
};

template <>
struct Convert<market::ExecReport> {
  using Envelope = exec_pb::ExecReportEvent;

  using Proto = exec_pb::ExecReport;

  static void Write(const market::ExecReport& value, MessageWriter& out) {
    out.Enum(Proto::kKindFieldNumber, kExecKinds.ToProto(value.kind));
    out.Text(Proto::kAccountFieldNumber, value.account);
    out.Text(Proto::kStrategyFieldNumber, value.strategy);
    out.Text(Proto::kInstrumentFieldNumber, value.instrument);
    out.Unsigned(Proto::kInstrumentVersionFieldNumber, value.instrument_version);
    out.Text(Proto::kClientOrderIdFieldNumber, value.client_order_id);
    out.Text(Proto::kVenueOrderIdFieldNumber, value.venue_order_id);
    out.Text(Proto::kTargetFieldNumber, value.target);
    out.Enum(Proto::kSideFieldNumber, kSides.ToProto(value.side));
    out.Enum(Proto::kPreviousFieldNumber, kOrderStates.ToProto(value.previous));
    out.Enum(Proto::kStateFieldNumber, kOrderStates.ToProto(value.state));
    out.Zigzag(Proto::kQuantityFieldNumber, value.quantity.mantissa);
    out.Zigzag(Proto::kCumulativeFieldNumber, value.cumulative.mantissa);
    out.Zigzag(Proto::kPriceFieldNumber, value.price.mantissa);
    if (value.fill)
      out.Message(Proto::kFillFieldNumber,
                  [&](MessageWriter& part) { WriteFill(*value.fill, part); });
    out.Enum(Proto::kLocalReasonFieldNumber, kRejectReasons.ToProto(value.local_reason));
    out.Text(Proto::kVenueCodeFieldNumber, value.venue_code);
    out.Text(Proto::kDetailFieldNumber, value.detail);
    out.Bytes(Proto::kIntentHashFieldNumber, value.intent_hash);
    out.Text(Proto::kEvidenceFieldNumber, value.evidence);
    if (value.signal != market::EventId{}) out.EventId(Proto::kSignalFieldNumber, value.signal);
    out.Text(Proto::kModelVersionFieldNumber, value.model_version);
  }

  static market::ExecReport From(const exec_pb::ExecReport& message, Problem& problem) {
    market::ExecReport value;
    value.kind = problem.Enum(kExecKinds, message.kind(), "value.kind");
    value.account = market::AccountId(message.account());
    value.strategy = market::StrategyId(message.strategy());
    value.instrument = market::InstrumentId(message.instrument());
    value.instrument_version = message.instrument_version();
    value.client_order_id = market::ClientOrderId(message.client_order_id());
    value.venue_order_id = market::VenueOrderId(message.venue_order_id());
    value.target = market::ClientOrderId(message.target());
    value.side = problem.Enum(kSides, message.side(), "value.side");
    value.previous = problem.Enum(kOrderStates, message.previous(), "value.previous");
    value.state = problem.Enum(kOrderStates, message.state(), "value.state");
    value.quantity.mantissa = message.quantity();
    value.cumulative.mantissa = message.cumulative();
    value.price.mantissa = message.price();
    if (message.has_fill()) value.fill = FillFrom(message.fill(), problem);
    value.local_reason = problem.Enum(kRejectReasons, message.local_reason(), "value.local_reason");
    value.venue_code = message.venue_code();
    value.detail = message.detail();
    value.intent_hash = problem.Digest(message.intent_hash(), "value.intent_hash");
    value.evidence = message.evidence();
    value.signal = EventIdFrom(message.signal());
    value.model_version = message.model_version();
    return value;
  }
};

void WriteIntent(const market::OrderIntent& intent, MessageWriter& out) {
  Convert<market::OrderIntent>::Write(intent, out);
}

market::OrderIntent IntentFrom(const pb::OrderIntent& message, Problem& problem) {
  return Convert<market::OrderIntent>::From(message, problem);
}

GANNET_WIRE_INSTANTIATE(market::OrderIntent);
GANNET_WIRE_INSTANTIATE(market::RiskDecision);
GANNET_WIRE_INSTANTIATE(market::ExecReport);

}  // namespace gannet::wire
