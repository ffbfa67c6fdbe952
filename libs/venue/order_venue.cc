#include "libs/venue/order_venue.h"

namespace gannet::venue {

const char* Name(RequestKind kind) {
  switch (kind) {
    case RequestKind::kPlace:
      return "place";
    case RequestKind::kCancel:
      return "cancel";
    case RequestKind::kCancelReplace:
      return "cancel-replace";
    case RequestKind::kQueryOrder:
      return "query-order";
    case RequestKind::kTrades:
      return "trades";
    case RequestKind::kOpenOrders:
      return "open-orders";
    case RequestKind::kAccount:
      return "account";
    case RequestKind::kServerTime:
      return "server-time";
    case RequestKind::kSubscribe:
      return "subscribe";
    case RequestKind::kAmend:
      return "amend";
    case RequestKind::kCancelAll:
      return "cancel-all";
    case RequestKind::kPlaceBatch:
      return "place-batch";
    case RequestKind::kAmendBatch:
      return "amend-batch";
    case RequestKind::kCancelBatch:
      return "cancel-batch";
    case RequestKind::kOrderHistory:
      return "order-history";
    case RequestKind::kPositions:
      return "positions";
    case RequestKind::kAccountMode:
      return "account-mode";
    case RequestKind::kSetAccountMode:
      return "set-account-mode";
    case RequestKind::kStreamKey:
      return "stream-key";
    case RequestKind::kDeadMan:
      return "dead-man";
    case RequestKind::kMarketData:
      return "market-data";
    case RequestKind::kBalanceChanges:
      return "balance-changes";
    case RequestKind::kKeyRights:
      return "key-rights";
  }
  return "?";
}

const char* Name(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kTransfer:
      return "transfer";
    case ChangeKind::kFunding:
      return "funding";
    case ChangeKind::kLiquidation:
      return "liquidation";
    case ChangeKind::kSettlement:
      return "settlement";
    case ChangeKind::kRealized:
      return "realized";
    case ChangeKind::kAdjustment:
      return "adjustment";
  }
  return "?";
}

const char* Name(OutcomeClass outcome) {
  switch (outcome) {
    case OutcomeClass::kConfirmed:
      return "confirmed";
    case OutcomeClass::kAcknowledged:
      return "acknowledged";
    case OutcomeClass::kRefused:
      return "refused";
    case OutcomeClass::kUnknown:
      return "unknown";
    case OutcomeClass::kTurnedAway:
      return "turned away";
  }
  return "?";
}

const char* Name(VenueOrderStatus status) {
  switch (status) {
    case VenueOrderStatus::kNew:
      return "NEW";
    case VenueOrderStatus::kPendingNew:
      return "PENDING_NEW";
    case VenueOrderStatus::kPartiallyFilled:
      return "PARTIALLY_FILLED";
    case VenueOrderStatus::kFilled:
      return "FILLED";
    case VenueOrderStatus::kCanceled:
      return "CANCELED";
    case VenueOrderStatus::kPendingCancel:
      return "PENDING_CANCEL";
    case VenueOrderStatus::kRejected:
      return "REJECTED";
    case VenueOrderStatus::kExpired:
      return "EXPIRED";
  }
  return "?";
}

}  // namespace gannet::venue
