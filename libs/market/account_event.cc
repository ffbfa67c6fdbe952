#include "libs/market/account_event.h"

namespace gannet::market {

const char* Name(AccountEventKind kind) {
  switch (kind) {
    case AccountEventKind::kFill:
      return "fill";
    case AccountEventKind::kFee:
      return "fee";
    case AccountEventKind::kFunding:
      return "funding";
    case AccountEventKind::kLiquidation:
      return "liquidation";
    case AccountEventKind::kAdl:
      return "adl";
    case AccountEventKind::kTransfer:
      return "transfer";
    case AccountEventKind::kSettlement:
      return "settlement";
    case AccountEventKind::kAdjustment:
      return "adjustment";
  }
  return "?";
}

}  // namespace gannet::market
