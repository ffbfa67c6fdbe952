// What gannet order submit and show do of parent orders (docs/algos.md). Includes
// generated code: for .cc files only.
#pragma once

#include "absl/status/status.h"
#include "apps/gannet/control_command.h"
#include "apps/gannet/remote.h"
#include "gannet/order/v1/order_service.pb.h"
#include "libs/base/time.h"

namespace gannet::app {

// Puts the plan of `order.algo` and its time limit into a request that has its prices.
// INVALID_ARGUMENT naming the option.
absl::Status AddPlan(const OrderOptions& order, const market::v1::Instrument& definition,
                     base::Time now, order::v1::SubmitOrderRequest& request);

// A parent order's plan and figures, one a line, then its children.
void PrintParent(const order::v1::GetOrderResponse& response, Remote& remote, Console& console);

}  // namespace gannet::app
