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

}  // namespace gannet::market
