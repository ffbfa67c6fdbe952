// gannet order: by hand.
#include <algorithm>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/gannet/parent_command.h"
#include "apps/gannet/remote.h"
#include "gannet/order/v1/order_service.pb.h"
#include "libs/base/status.h"
#include "libs/market/decimal.h"
#include "libs/runtime/system_clock.h"

namespace gannet::app {
namespace {

namespace pb = ::gannet::order::v1;

std::string Text(pb::OrderState state) { return Short(pb::OrderState_Name(state), "ORDER_STATE_"); }
std::string Text(common::v1::Side side) { return Short(common::v1::Side_Name(side), "SIDE_"); }

absl::StatusOr<int64_t> ParseNumber(const std::string& text, uint32_t scale, const char* what) {
  const auto parsed = market::ParseDecimal(text, static_cast<int>(scale));
  if (!parsed) {
    return absl::InvalidArgumentError(absl::StrCat(what, " '", text, "' is no number with at most ",
                                                   scale, " digits after the point"));
  }
  return *parsed;
}

// `change`: what was asked of an order that was there before, such as "amendment"; empty: the
// order itself was given.
std::string Outcome(const pb::Order& order, pb::OrderProgress progress, const char* change) {
  const bool changes = *change != '\0';
  std::string text = absl::StrCat(change, changes ? " of " : "", order.intent().client_order_id(),
                                  " ", Short(pb::OrderProgress_Name(progress), "ORDER_PROGRESS_"));
  const bool denied = progress == pb::ORDER_PROGRESS_DENIED;
  if (denied) {
    absl::StrAppend(&text, " ",
                    Short(pb::RejectReason_Name(order.reject_reason()), "REJECT_REASON_"));
    if (!order.detail().empty()) absl::StrAppend(&text, ": ", order.detail());
  }
  // A change that was denied leaves the order as it was.
  if (!denied || changes)
    absl::StrAppend(&text, changes ? "; the order is " : ", now ", Text(order.state()));
  return text;
}

template <class Response>
int Told(const absl::StatusOr<Response>& response, Remote& remote, Console& console,
         const char* change = "") {
  if (!response.ok()) return Report(response.status(), console);
  if (!remote.Json(*response))
    console.out << Outcome(response->order(), response->progress(), change) << "\n";
  return response->progress() == pb::ORDER_PROGRESS_DENIED ? kControlDenied : kControlDone;
}

absl::StatusOr<pb::SubmitOrderRequest> RequestOf(const OrderOptions& order, Remote& remote) {
  pb::SubmitOrderRequest request;
  GANNET_ASSIGN_OR_RETURN(const auto definition, remote.Definition(order.instrument));
  request.set_account(order.account);
  request.set_instrument(order.instrument);
  request.set_instrument_version(definition.version());
  GANNET_ASSIGN_OR_RETURN(const auto side, ParseName(order.side, "SIDE_", common::v1::Side_Parse));
  GANNET_ASSIGN_OR_RETURN(const auto type,
                          ParseName(order.type, "ORDER_TYPE_", pb::OrderType_Parse));
  GANNET_ASSIGN_OR_RETURN(const auto time_in_force,
                          ParseName(order.time_in_force, "TIME_IN_FORCE_", pb::TimeInForce_Parse));
  request.set_side(side);
  request.set_type(type);
  request.set_time_in_force(time_in_force);
  GANNET_ASSIGN_OR_RETURN(const int64_t quantity,
                          ParseNumber(order.quantity, definition.quantity_scale(), "quantity"));
  request.set_quantity(quantity);
  for (const auto& [text, set] :
       {std::pair(&order.price, &pb::SubmitOrderRequest::set_price),
        std::pair(&order.stop_price, &pb::SubmitOrderRequest::set_stop_price)}) {
    if (text->empty()) continue;
    GANNET_ASSIGN_OR_RETURN(const int64_t price,
                            ParseNumber(*text, definition.price_scale(), "price"));
    (request.*set)(price);
  }
  if (!order.trail.empty()) {
    const auto bps = order.trail.ends_with('%')
                         ? market::ParseDecimal(order.trail.substr(0, order.trail.size() - 1), 2)
                         : std::nullopt;
    if (!bps || *bps <= 0 || *bps > 10'000)
      return absl::InvalidArgumentError(
          absl::StrCat("--trail '", order.trail, "' is no distance such as 1.5% or 0.25%"));
    request.set_trailing_bps(static_cast<uint32_t>(*bps));
  }
  request.set_reduce_only(order.reduce_only);
  const bool until = time_in_force == pb::TIME_IN_FORCE_GTD;
  if (order.algo.empty() && until == order.life.empty())
    return absl::InvalidArgumentError(
        until ? "--tif gtd takes --for: how long the order stands, as 8h"
              : "--for is of parent orders (--algo) and of orders with --tif gtd");
  const runtime::SystemClock clock;
  if (until)
    request.set_expires_ns(base::UnixNanos(clock.Now() + *base::ParseDuration(order.life)));
  if (!order.algo.empty()) GANNET_RETURN_IF_ERROR(AddPlan(order, definition, clock.Now(), request));
  return request;
}

}  // namespace

int SubmitOrder(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  auto request = RequestOf(order, remote);
  if (!request.ok()) return Report(request.status(), console);
  request->set_request_id(remote.RequestId());
  request->set_reason(control.reason);
  return Told(
      remote.Call<pb::SubmitOrderResponse>("gannet.order.v1.OrderService/SubmitOrder", *request),
      remote, console);
}

namespace {

// What the order has stands, where no other price or quantity is given.
template <class Request>
absl::StatusOr<Request> ChangeOf(const ControlOptions& control, const OrderOptions& order,
                                 Remote& remote) {
  pb::GetOrderRequest get;
  get.set_client_order_id(order.id);
  GANNET_ASSIGN_OR_RETURN(const auto known, remote.Call<pb::GetOrderResponse>(
                                                "gannet.order.v1.OrderService/GetOrder", get));
  const pb::OrderIntent& intent = known.order().intent();
  GANNET_ASSIGN_OR_RETURN(const auto definition,
                          remote.Definition(intent.instrument(), intent.instrument_version()));
  Request request;
  request.set_request_id(remote.RequestId());
  request.set_account(intent.account());
  request.set_client_order_id(order.id);
  request.set_reason(control.reason);
  request.set_price(intent.price());
  request.set_quantity(intent.quantity());
  if (!order.price.empty()) {
    GANNET_ASSIGN_OR_RETURN(const int64_t price,
                            ParseNumber(order.price, definition.price_scale(), "price"));
    request.set_price(price);
  }
  if (!order.quantity.empty()) {
    GANNET_ASSIGN_OR_RETURN(const int64_t quantity,
                            ParseNumber(order.quantity, definition.quantity_scale(), "quantity"));
    request.set_quantity(quantity);
  }
  return request;
}

}  // namespace

int ReplaceOrder(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  const auto request = ChangeOf<pb::ReplaceOrderRequest>(control, order, remote);
  if (!request.ok()) return Report(request.status(), console);
  return Told(
      remote.Call<pb::ReplaceOrderResponse>("gannet.order.v1.OrderService/ReplaceOrder", *request),
      remote, console);
}

int AmendOrder(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  const auto request = ChangeOf<pb::AmendOrderRequest>(control, order, remote);
  if (!request.ok()) return Report(request.status(), console);
  return Told(
      remote.Call<pb::AmendOrderResponse>("gannet.order.v1.OrderService/AmendOrder", *request),
      remote, console, "amendment");
}

int CancelOrder(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  pb::CancelOrderRequest request;
  request.set_request_id(remote.RequestId());
  request.set_account(order.account);
  request.set_client_order_id(order.id);
  request.set_reason(control.reason);
  return Told(
      remote.Call<pb::CancelOrderResponse>("gannet.order.v1.OrderService/CancelOrder", request),
      remote, console, "cancel");
}

int ListOrders(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  pb::ListOrdersRequest request;
  request.mutable_filter()->set_open_only(order.open_only);
  for (const std::string& name : order.strategies) request.mutable_filter()->add_strategies(name);
  for (const std::string& name : order.instruments) request.mutable_filter()->add_instruments(name);
  request.set_page_size(order.limit);
  const auto list =
      remote.Call<pb::ListOrdersResponse>("gannet.order.v1.OrderService/ListOrders", request);
  if (!list.ok()) return Report(list.status(), console);
  if (remote.Json(*list)) return kControlDone;
  Table table({"ORDER", "STATE", "STRATEGY", "INSTRUMENT", "SIDE", "QUANTITY", "FILLED", "PRICE",
               "UPDATED"});
  for (const pb::Order& row : list->orders()) {
    const pb::OrderIntent& intent = row.intent();
    const std::string& id = intent.instrument();
    const uint32_t version = intent.instrument_version();
    table.Add({intent.client_order_id(), Text(row.state()), intent.strategy(), id,
               Text(intent.side()), remote.Quantity(id, version, intent.quantity()),
               remote.Quantity(id, version, row.cumulative_quantity()),
               remote.Price(id, version, intent.price()), TimeOf(row.update_time_ns())});
  }
  table.Print(console.out);
  if (!list->next_page_token().empty()) console.out << "… older ones left out; see --limit\n";
  return kControlDone;
}

int ShowOrder(const ControlOptions& control, const OrderOptions& order, Console console) {
  Remote remote(control, console);
  pb::GetOrderRequest request;
  request.set_client_order_id(order.id);
  const auto response =
      remote.Call<pb::GetOrderResponse>("gannet.order.v1.OrderService/GetOrder", request);
  if (!response.ok()) return Report(response.status(), console);
  if (remote.Json(*response)) return kControlDone;
  const pb::Order& row = response->order();
  if (row.has_parent_order()) {
    PrintParent(*response, remote, console);
    return kControlDone;
  }
  const pb::OrderIntent& intent = row.intent();
  const std::string& id = intent.instrument();
  const uint32_t version = intent.instrument_version();
  Table table({"order", intent.client_order_id()});
  table.Add({"venue's id", row.venue_order_id().empty() ? "-" : row.venue_order_id()});
  table.Add({"state", Text(row.state())});
  table.Add({"strategy", intent.strategy()});
  table.Add({"instrument", id});
  table.Add({"side", Text(intent.side())});
  table.Add({"type", Short(pb::OrderType_Name(intent.type()), "ORDER_TYPE_")});
  table.Add({"in force", Short(pb::TimeInForce_Name(intent.time_in_force()), "TIME_IN_FORCE_")});
  table.Add({"quantity", remote.Quantity(id, version, intent.quantity())});
  table.Add({"filled", remote.Quantity(id, version, row.cumulative_quantity())});
  table.Add({"price", remote.Price(id, version, intent.price())});
  table.Add({"average fill", remote.Price(id, version, row.average_fill_price())});
  if (!intent.parent().empty()) table.Add({"parent order", intent.parent()});
  table.Add({"why", intent.reason()});
  table.Add({"detail", row.detail()});
  table.Add({"updated", TimeOf(row.update_time_ns())});
  table.Print(console.out);
  return kControlDone;
}

}  // namespace gannet::app
