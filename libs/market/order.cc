#include "libs/market/order.h"

namespace gannet::market {

bool IsTerminal(OrderState state) {
  switch (state) {
    case OrderState::kDenied:
    case OrderState::kFilled:
    case OrderState::kCanceled:
    case OrderState::kExpired:
    case OrderState::kRejected:
    case OrderState::kAbsent:
      return true;
    default:
      return false;
  }
}

ExecReport ReportOf(const OrderIntent& intent, ExecKind kind, OrderState state) {
  return {.kind = kind,
          .account = intent.account,
          .strategy = intent.strategy,
          .instrument = intent.instrument,
          .instrument_version = intent.instrument_version,
          .client_order_id = intent.client_order_id,
          .target = intent.target,
          .side = intent.side,
          .state = state,
          .quantity = intent.quantity,
          .price = intent.price,
          .intent_hash = intent.hash,
          .signal = intent.signal,
          .model_version = intent.model_version};
}

}  // namespace gannet::market
