// Bybit's category spot: the orders of the spot market.
#include <algorithm>

#include "services/venue-sim/bybit.h"
#include "services/venue-sim/bybit_payloads.h"

namespace gannet::venue_sim::bybit {
namespace {

// What the spot core refuses, in Bybit's codes.
std::pair<int, std::string> CodeOf(const ApiError& error) {
  const auto says = [&](std::string_view words) {
    return error.message.find(words) != std::string::npos;
  };
  if (says("Market is closed")) return {170209, "This trading pair is not open for trading."};
  if (says("Duplicate order")) return {170141, "Duplicate clientOrderId."};
  if (says("insufficient balance")) return {170131, "Balance insufficient."};
  if (says("PRICE_FILTER")) return {170134, "Order price has too many decimals."};
  if (says("PERCENT_PRICE")) return {170193, "Order price is out of range."};
  if (says("MARKET_LOT_SIZE")) return {170136, "Order quantity exceeded upper limit."};
  if (says("LOT_SIZE")) return {170137, "Order quantity has too many decimals."};
  if (says("NOTIONAL")) return {170140, "Order value exceeded lower limit."};
  if (says("immediately match")) return {170217, "Only LIMIT-MAKER order is supported."};
  if (error.code == -1121) return {170121, "Invalid symbol."};
  if (error.code <= -1100 && error.code > -1200)
    return {170130, "Data sent for parameter is not valid."};
  return {170210, "New order rejected."};
}

// A trigger price makes it wait: above the market for its rise, below for its fall.
void ReadTrigger(const Params& sent, bool limited, int64_t last, PlaceRequest& request,
                 ParamReader& params) {
  const std::string_view filter = sent.Get("orderFilter");
  if (!sent.Has("triggerPrice")) return;
  if (filter != "StopOrder" && filter != "tpslOrder") params.Refuse(-1116, "orderFilter");
  request.stop_price = params.Decimal("triggerPrice");
  const bool rises = request.stop_price > last;
  if (rises == (request.side == market::Side::kBuy)) {
    request.kind = limited ? OrderKind::kStopLossLimit : OrderKind::kStopLoss;
  } else {
    request.kind = limited ? OrderKind::kTakeProfitLimit : OrderKind::kTakeProfit;
  }
}

}  // namespace

void Door::CreateSpot(Call& call) {
  ParamReader params(call.params);
  PlaceRequest request;
  request.symbol = params.Symbol();
  const std::string_view side = params.Text("side"), type = params.Text("orderType");
  if (side != "Buy" && side != "Sell") params.Refuse(-1117, "side");
  if (type != "Limit" && type != "Market") params.Refuse(-1116, "orderType");
  request.side = side == "Sell" ? market::Side::kSell : market::Side::kBuy;
  const bool limited = type == "Limit";
  request.kind = limited ? OrderKind::kLimit : OrderKind::kMarket;
  const int64_t quantity = params.Decimal("qty");
  const std::string_view unit = call.params.Get("marketUnit");
  const bool by_value = !limited && (unit == "quoteCoin" || (unit.empty() && side == "Buy"));
  (by_value ? request.quote_quantity : request.quantity) = quantity;
  if (request.kind == OrderKind::kLimit) {
    request.price = params.Decimal("price");
    const std::string_view time = params.TextOr("timeInForce", "GTC");
    if (time == "PostOnly") {
      request.kind = OrderKind::kLimitMaker;
    } else if (time == "IOC") {
      request.time_in_force = TimeInForce::kIoc;
    } else if (time == "FOK") {
      request.time_in_force = TimeInForce::kFok;
    } else if (time != "GTC") {
      params.Refuse(-1115, "timeInForce");
    }
  }
  if (params.ok()) {
    ReadTrigger(call.params, limited, exchange_.core().tape(request.symbol).last_price(), request,
                params);
  }
  request.client_order_id = params.ClientOrderId("orderLinkId");
  request.rejected_later = call.rejected_later;
  if (!params.ok()) return Refuse(call, CodeOf(params.error()));
  const venue_sim::Answer<Placed> placed = exchange_.Place(call.account, request);
  if (const ApiError* error = Failed(placed)) return Refuse(call, CodeOf(*error));
  const VenueOrder& order = Ok(placed)->order;
  WriteIds(call, OrderId(order.request.symbol, order.order_id), order.request.client_order_id);
}

bool Door::DispatchSpot(std::string_view endpoint, Call& call) {
  if (endpoint == "POST /v5/order/create") {
    CreateSpot(call);
  } else if (endpoint == "POST /v5/order/amend") {
    AmendSpot(call);
  } else if (endpoint == "POST /v5/order/cancel") {
    CancelSpot(call);
  } else if (endpoint == "POST /v5/order/cancel-all") {
    CancelAllSpot(call);
  } else if (endpoint == "GET /v5/order/realtime" || endpoint == "GET /v5/order/history") {
    SpotOrders(call, endpoint.ends_with("history"));
  } else if (endpoint == "GET /v5/execution/list") {
    SpotExecutions(call);
  } else {
    return false;
  }
  return true;
}

void Door::CancelSpot(Call& call) {
  ParamReader params(call.params);
  OrderRef ref;
  ref.symbol = params.Symbol();
  ref.client_order_id = call.params.Get("orderLinkId");
  if (const auto id = ParseOrderId(call.params.Get("orderId"))) ref.order_id = id->second;
  // Waiting orders are another kind, to be named by it.
  const auto known = exchange_.core().FindOrder(call.account, ref);
  const bool waits = Ok(known) != nullptr && Waits(*Ok(known));
  const bool named = call.params.Get("orderFilter") == "StopOrder";
  const venue_sim::Answer<Canceled> canceled =
      params.ok() && waits == named ? exchange_.Cancel(call.account, ref, "") : ApiError{-2011, ""};
  if (Failed(canceled) != nullptr) {
    call.refusal = Refusal{170213, "Order does not exist."};
    return;
  }
  const VenueOrder& order = Ok(canceled)->order;
  WriteIds(call, OrderId(order.request.symbol, order.order_id), order.request.client_order_id);
}

// Of one symbol, or of all; waiting orders only when asked for by their kind.
void Door::CancelAllSpot(Call& call) {
  const bool stops = call.params.Get("orderFilter") == "StopOrder";
  std::optional<SymbolIndex> only;
  if (call.params.Has("symbol")) {
    ParamReader params(call.params);
    only = params.Symbol();
    if (!params.ok()) return Refuse(call, 170121, "Invalid symbol.");
  }
  std::vector<OrderRef> refs;
  for (const VenueOrder* order : exchange_.core().OpenOrders(call.account, only)) {
    if (Waits(*order) == stops) refs.push_back({order->request.symbol, order->order_id, ""});
  }
  for (const OrderRef& ref : refs) (void)exchange_.Cancel(call.account, ref, "");
  call.result.Object().Text("success", "1").EndObject();
}

// The quantity, where it becomes less; anything else enters the book anew, under its old id,
// which this market cannot do.
void Door::AmendSpot(Call& call) {
  ParamReader params(call.params);
  OrderRef ref;
  ref.symbol = params.Symbol();
  ref.client_order_id = call.params.Get("orderLinkId");
  if (const auto id = ParseOrderId(call.params.Get("orderId"))) ref.order_id = id->second;
  const int64_t quantity = params.Decimal("qty");
  const auto known = exchange_.core().FindOrder(call.account, ref);
  if (!params.ok() || call.params.Has("price") || call.params.Has("triggerPrice"))
    return Refuse(call, 170130, "Data sent for parameter is not valid.");
  const VenueOrder* order_known = Ok(known);
  const bool open = order_known != nullptr && IsOpen(order_known->status);
  // It keeps its name.
  const venue_sim::Answer<Amended> amended =
      open ? exchange_.Amend(call.account, ref, quantity, order_known->request.client_order_id)
           : ApiError{-2013, ""};
  if (const ApiError* error = Failed(amended)) {
    return error->code == -2013 ? Refuse(call, 170213, "Order does not exist.")
                                : Refuse(call, 170312, "No need to modify the order.");
  }
  const VenueOrder& order = Ok(amended)->order;
  WriteIds(call, OrderId(order.request.symbol, order.order_id), order.request.client_order_id);
}

// Working orders; by id also those that ended, which the history has alone.
void Door::SpotOrders(Call& call, bool closed_only) {
  const std::string_view id = call.params.Get("orderId"), link = call.params.Get("orderLinkId");
  std::vector<const VenueOrder*> rows;
  venue_sim::Answer<VenueOrder> found = ApiError{};
  if (!id.empty() || !link.empty()) {
    OrderRef ref;
    ref.symbol = ParamReader(call.params).Symbol();
    ref.client_order_id = link;
    if (const auto parsed = ParseOrderId(id)) {
      ref = OrderRef{parsed->first, parsed->second, ""};
    }
    found = exchange_.core().FindOrder(call.account, ref);
    if (const VenueOrder* order = Ok(found);
        order != nullptr && !(closed_only && IsOpen(order->status)))
      rows.push_back(order);
  } else if (!closed_only) {
    rows = exchange_.core().OpenOrders(call.account, std::nullopt);
    std::reverse(rows.begin(), rows.end());
  }
  const Range page = PageOf(call, rows.size(), 20, 50);
  call.result.Object().Text("category", "spot").Text("nextPageCursor", page.next).Array("list");
  for (size_t i = page.begin; i < page.end; ++i) WriteOrder(call.result, *rows[i]);
  call.result.EndArray().EndObject();
}

// Newest first, page by page; the cursor counts the rows that were listed.
void Door::SpotExecutions(Call& call) {
  ParamReader params(call.params);
  const SymbolIndex symbol = params.Symbol();
  const int64_t start = params.IntegerOr("startTime", 0);
  const auto wanted = ParseOrderId(call.params.Get("orderId"));
  if (!params.ok()) {
    call.refusal = Refusal{10001, "Request parameter error."};
    return;
  }
  std::vector<const AccountTrade*> rows;
  const auto& trades = exchange_.core().account_trades(call.account);
  for (auto at = trades.rbegin(); at != trades.rend(); ++at) {
    if (at->symbol == symbol && at->time_ms >= start && (!wanted || at->order_id == wanted->second))
      rows.push_back(&*at);
  }
  const Range page = PageOf(call, rows.size(), 50, 100);
  call.result.Object().Text("category", "spot").Text("nextPageCursor", page.next).Array("list");
  for (size_t i = page.begin; i < page.end; ++i) {
    const auto order = exchange_.core().FindOrder(call.account, {symbol, rows[i]->order_id, ""});
    WriteExecution(call.result, *rows[i], Ok(order));
  }
  call.result.EndArray().EndObject();
}

}  // namespace gannet::venue_sim::bybit
