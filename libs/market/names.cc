#include "libs/market/names.h"

#include "libs/market/heartbeat.h"

namespace gannet::market {

const char* Name(Side side) {
  switch (side) {
    case Side::kBuy:
      return "buy";
    case Side::kSell:
      return "sell";
  }
  return "?";
}

const char* Name(OrderType type) {
  switch (type) {
    case OrderType::kMarket:
      return "MARKET";
    case OrderType::kLimit:
      return "LIMIT";
    case OrderType::kStop:
      return "STOP";
    case OrderType::kStopLimit:
      return "STOP_LIMIT";
    case OrderType::kTakeProfit:
      return "TAKE_PROFIT";
    case OrderType::kTakeProfitLimit:
      return "TAKE_PROFIT_LIMIT";
    case OrderType::kTrailingStop:
      return "TRAILING_STOP";
  }
  return "?";
}

const char* Name(TimeInForce tif) {
  switch (tif) {
    case TimeInForce::kGtc:
      return "GTC";
    case TimeInForce::kIoc:
      return "IOC";
    case TimeInForce::kFok:
      return "FOK";
    case TimeInForce::kGtd:
      return "GTD";
    case TimeInForce::kPostOnly:
      return "POST_ONLY";
  }
  return "?";
}

const char* Name(IntentKind kind) {
  switch (kind) {
    case IntentKind::kNew:
      return "NEW";
    case IntentKind::kCancel:
      return "CANCEL";
    case IntentKind::kReplace:
      return "REPLACE";
    case IntentKind::kParent:
      return "PARENT";
    case IntentKind::kAmend:
      return "AMEND";
  }
  return "?";
}

const char* Name(ExecKind kind) {
  switch (kind) {
    case ExecKind::kJournaled:
      return "JOURNALED";
    case ExecKind::kNotSent:
      return "NOT_SENT";
    case ExecKind::kAccepted:
      return "ACCEPTED";
    case ExecKind::kRejected:
      return "REJECTED";
    case ExecKind::kFill:
      return "FILL";
    case ExecKind::kCanceled:
      return "CANCELED";
    case ExecKind::kExpired:
      return "EXPIRED";
    case ExecKind::kTriggered:
      return "TRIGGERED";
    case ExecKind::kUnknown:
      return "UNKNOWN";
    case ExecKind::kAbsent:
      return "ABSENT";
    case ExecKind::kCancelRejected:
      return "CANCEL_REJECTED";
    case ExecKind::kReplaced:
      return "REPLACED";
    case ExecKind::kReplaceRejected:
      return "REPLACE_REJECTED";
    case ExecKind::kPendingCancel:
      return "PENDING_CANCEL";
    case ExecKind::kIllegal:
      return "ILLEGAL";
    case ExecKind::kPendingUpdate:
      return "PENDING_UPDATE";
  }
  return "?";
}

const char* Name(Liquidity liquidity) {
  switch (liquidity) {
    case Liquidity::kNone:
      return "";
    case Liquidity::kMaker:
      return "maker";
    case Liquidity::kTaker:
      return "taker";
  }
  return "?";
}

const char* Name(RejectReason reason) {
  switch (reason) {
    case RejectReason::kNone:
      return "NONE";
    case RejectReason::kMalformed:
      return "MALFORMED";
    case RejectReason::kUnknownAccount:
      return "UNKNOWN_ACCOUNT";
    case RejectReason::kUnknownInstrument:
      return "UNKNOWN_INSTRUMENT";
    case RejectReason::kInstrumentVersion:
      return "INSTRUMENT_VERSION";
    case RejectReason::kKillSwitch:
      return "KILL_SWITCH";
    case RejectReason::kTradingState:
      return "TRADING_STATE";
    case RejectReason::kGateClosed:
      return "GATE_CLOSED";
    case RejectReason::kMissingLimit:
      return "MISSING_LIMIT";
    case RejectReason::kNotPermitted:
      return "NOT_PERMITTED";
    case RejectReason::kOffTick:
      return "OFF_TICK";
    case RejectReason::kOffLot:
      return "OFF_LOT";
    case RejectReason::kBelowMinimum:
      return "BELOW_MINIMUM";
    case RejectReason::kNoPrice:
      return "NO_PRICE";
    case RejectReason::kStalePrice:
      return "STALE_PRICE";
    case RejectReason::kBookInvalid:
      return "BOOK_INVALID";
    case RejectReason::kCrossedBook:
      return "CROSSED_BOOK";
    case RejectReason::kMaxQuantity:
      return "MAX_QUANTITY";
    case RejectReason::kMaxNotional:
      return "MAX_NOTIONAL";
    case RejectReason::kPriceCollar:
      return "PRICE_COLLAR";
    case RejectReason::kDuplicate:
      return "DUPLICATE";
    case RejectReason::kMessageRate:
      return "MESSAGE_RATE";
    case RejectReason::kOpenOrders:
      return "OPEN_ORDERS";
    case RejectReason::kOpenNotional:
      return "OPEN_NOTIONAL";
    case RejectReason::kPositionLimit:
      return "POSITION_LIMIT";
    case RejectReason::kGrossExposure:
      return "GROSS_EXPOSURE";
    case RejectReason::kNetExposure:
      return "NET_EXPOSURE";
    case RejectReason::kBalance:
      return "BALANCE";
    case RejectReason::kDailyLoss:
      return "DAILY_LOSS";
    case RejectReason::kDrawdown:
      return "DRAWDOWN";
    case RejectReason::kReduceOnly:
      return "REDUCE_ONLY";
    case RejectReason::kInventory:
      return "INVENTORY";
    case RejectReason::kSelfTrade:
      return "SELF_TRADE";
    case RejectReason::kThrottled:
      return "THROTTLED";
    case RejectReason::kClipQuantity:
      return "CLIP_QUANTITY";
    case RejectReason::kClipNotional:
      return "CLIP_NOTIONAL";
    case RejectReason::kClipFills:
      return "CLIP_FILLS";
    case RejectReason::kCapital:
      return "CAPITAL";
    case RejectReason::kConcentration:
      return "CONCENTRATION";
    case RejectReason::kCorrelation:
      return "CORRELATION";
    case RejectReason::kInstrumentCount:
      return "INSTRUMENT_COUNT";
    case RejectReason::kVenueCount:
      return "VENUE_COUNT";
    case RejectReason::kVenueStatus:
      return "VENUE_STATUS";
    case RejectReason::kVelocity:
      return "VELOCITY";
    case RejectReason::kVolatility:
      return "VOLATILITY";
    case RejectReason::kDeadMan:
      return "DEAD_MAN";
    case RejectReason::kOrderToTrade:
      return "ORDER_TO_TRADE";
    case RejectReason::kCancelRatio:
      return "CANCEL_RATIO";
    case RejectReason::kCircuitBreaker:
      return "CIRCUIT_BREAKER";
    case RejectReason::kPositionMismatch:
      return "POSITION_MISMATCH";
    case RejectReason::kNotTraceable:
      return "NOT_TRACEABLE";
    case RejectReason::kReleaseStage:
      return "RELEASE_STAGE";
    case RejectReason::kCanaryNotional:
      return "CANARY_NOTIONAL";
  }
  return "?";
}

const char* Name(TradingState state) {
  switch (state) {
    case TradingState::kActive:
      return "ACTIVE";
    case TradingState::kReducing:
      return "REDUCING";
    case TradingState::kCancelOnly:
      return "CANCEL_ONLY";
    case TradingState::kHalted:
      return "HALTED";
  }
  return "?";
}

const char* Name(ScopeKind kind) {
  switch (kind) {
    case ScopeKind::kFirm:
      return "firm";
    case ScopeKind::kAccount:
      return "account";
    case ScopeKind::kStrategy:
      return "strategy";
    case ScopeKind::kVenue:
      return "venue";
    case ScopeKind::kInstrument:
      return "instrument";
    case ScopeKind::kModel:
      return "model";
    case ScopeKind::kService:
      return "service";
  }
  return "?";
}

const char* Name(BookState state) {
  switch (state) {
    case BookState::kValid:
      return "VALID";
    case BookState::kInvalid:
      return "INVALID";
  }
  return "?";
}

const char* Name(BookFault fault) {
  switch (fault) {
    case BookFault::kNone:
      return "none";
    case BookFault::kNoSnapshot:
      return "no snapshot";
    case BookFault::kGap:
      return "gap";
    case BookFault::kCrossed:
      return "crossed";
    case BookFault::kStale:
      return "stale";
    case BookFault::kDisconnected:
      return "disconnected";
    case BookFault::kBadData:
      return "bad data";
  }
  return "?";
}

const char* Name(FeedState state) {
  switch (state) {
    case FeedState::kConnected:
      return "connected";
    case FeedState::kDisconnected:
      return "disconnected";
    case FeedState::kStale:
      return "stale";
  }
  return "?";
}

const char* Name(NewsEventType type) {
  switch (type) {
    case NewsEventType::kNone:
      return "NONE";
    case NewsEventType::kFedSpeech:
      return "FED_SPEECH";
    case NewsEventType::kPoliticalPost:
      return "POLITICAL_POST";
    case NewsEventType::kHack:
      return "HACK";
    case NewsEventType::kRegulation:
      return "REGULATION";
    case NewsEventType::kPartnership:
      return "PARTNERSHIP";
    case NewsEventType::kTechnical:
      return "TECHNICAL";
  }
  return "?";
}

const char* Name(NewsRelation relation) {
  switch (relation) {
    case NewsRelation::kOriginal:
      return "original";
    case NewsRelation::kRepeat:
      return "repeat";
    case NewsRelation::kCorrection:
      return "correction";
    case NewsRelation::kRetraction:
      return "retraction";
  }
  return "?";
}

const char* Name(ServiceState state) {
  switch (state) {
    case ServiceState::kReady:
      return "ready";
    case ServiceState::kDegraded:
      return "degraded";
    case ServiceState::kNotReady:
      return "not ready";
    case ServiceState::kStopping:
      return "stopping";
  }
  return "?";
}

const char* Name(DriftState state) {
  switch (state) {
    case DriftState::kOk:
      return "ok";
    case DriftState::kWarning:
      return "warning";
    case DriftState::kDrifted:
      return "drifted";
    case DriftState::kUnknown:
      return "unknown";
  }
  return "?";
}

const char* Name(InstrumentKind kind) {
  switch (kind) {
    case InstrumentKind::kSpot:
      return "spot";
    case InstrumentKind::kPerpetual:
      return "perpetual";
    case InstrumentKind::kFuture:
      return "future";
  }
  return "?";
}

const char* Name(CommandKind kind) {
  switch (kind) {
    case CommandKind::kKill:
      return "KILL";
    case CommandKind::kResume:
      return "RESUME";
    case CommandKind::kSetTradingState:
      return "SET_TRADING_STATE";
    case CommandKind::kCancelAll:
      return "CANCEL_ALL";
    case CommandKind::kDrain:
      return "DRAIN";
    case CommandKind::kSubmitOrder:
      return "SUBMIT_ORDER";
    case CommandKind::kReplaceOrder:
      return "REPLACE_ORDER";
    case CommandKind::kCancelOrder:
      return "CANCEL_ORDER";
    case CommandKind::kProposeLimits:
      return "PROPOSE_LIMITS";
    case CommandKind::kApproveLimits:
      return "APPROVE_LIMITS";
    case CommandKind::kRejectLimits:
      return "REJECT_LIMITS";
    case CommandKind::kAmendOrder:
      return "AMEND_ORDER";
  }
  return "?";
}

std::string FormatEventId(const EventId& id) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kHex[(id.stream >> shift) & 15];
  return text + "-" + std::to_string(id.sequence);
}

}  // namespace gannet::market
