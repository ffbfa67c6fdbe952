#include "libs/venue/binance/spot_requests.h"

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/market/decimal.h"
#include "libs/venue/binance/parameter_names.h"

namespace gannet::venue::binance::spot {
namespace {

using market::OrderType;
using market::TimeInForce;

absl::Status NotOffered(std::string_view what) {
  return absl::InvalidArgumentError(
      base::Concat({"Binance spot offers no ", what, "; send another order"}));
}

// A trailing order is a stop that carries a distance in place of a stop price, or
// beside it: then that price activates it.
struct Shape {
  std::string_view type;
  bool limited = false, stopped = false, maker = false;
};

absl::StatusOr<Shape> ShapeOf(const OrderSpec& spec) {
  switch (spec.type) {
    case OrderType::kMarket:
      return Shape{"MARKET"};
    case OrderType::kLimit:
      if (spec.time_in_force == TimeInForce::kPostOnly)
        return Shape{"LIMIT_MAKER", true, false, true};
      return Shape{"LIMIT", true};
    case OrderType::kStop:
      return Shape{"STOP_LOSS", false, true};
    case OrderType::kStopLimit:
      return Shape{"STOP_LOSS_LIMIT", true, true};
    case OrderType::kTakeProfit:
      return Shape{"TAKE_PROFIT", false, true};
    case OrderType::kTakeProfitLimit:
      return Shape{"TAKE_PROFIT_LIMIT", true, true};
    case OrderType::kTrailingStop:
      if (!spec.trailing_percent) return NotOffered("trailing stop without a distance in per cent");
      if (spec.price) {
        return Shape{spec.trailing_takes_profit ? "TAKE_PROFIT_LIMIT" : "STOP_LOSS_LIMIT", true,
                     true};
      }
      return Shape{spec.trailing_takes_profit ? "TAKE_PROFIT" : "STOP_LOSS", false, true};
  }
  return NotOffered("such order type");
}

absl::StatusOr<std::string_view> TimeInForceText(const OrderSpec& spec) {
  switch (spec.time_in_force.value_or(TimeInForce::kGtc)) {
    case TimeInForce::kGtc:
      return std::string_view("GTC");
    case TimeInForce::kIoc:
      return std::string_view("IOC");
    case TimeInForce::kFok:
      return std::string_view("FOK");
    case TimeInForce::kGtd:
      return NotOffered("time in force good-till-date");
    case TimeInForce::kPostOnly:
      return NotOffered("post-only order of this type");
  }
  return NotOffered("such time in force");
}

// What spot has no word for must not be dropped in silence.
absl::Status CheckOffered(const OrderSpec& spec) {
  if (spec.reduce_only || spec.close_position) return NotOffered("reduce-only order");
  if (spec.position_side != PositionSide::kOneWay) return NotOffered("hedge mode");
  if (spec.trigger_source == TriggerSource::kMark || spec.trigger_source == TriggerSource::kIndex)
    return NotOffered("trigger by mark or index price");
  if (spec.take_profit || spec.stop_loss) return NotOffered("attached exits; place an order list");
  return absl::OkStatus();
}

absl::Status AddSizes(const OrderSpec& spec, const Shape& shape, Parameters& out) {
  if (spec.quote_quantity) {
    if (shape.type != "MARKET") return NotOffered("quote quantity but on market orders");
    out.Add("quoteOrderQty", *spec.quote_quantity);
  } else if (spec.quantity) {
    out.Add("quantity", *spec.quantity);
  } else {
    return NotOffered("order without a quantity");
  }
  if (shape.limited) {
    if (!spec.price) return NotOffered("limit order without a price");
    out.Add("price", *spec.price);
  }
  if (spec.type == OrderType::kTrailingStop) {
    // In basis points, whole: 1 % is 100.
    const auto points = market::Rescale(spec.trailing_percent->mantissa,
                                        spec.trailing_percent->scale, 2, market::Rounding::kDown);
    const bool exact =
        points && market::Rescale(*points, 2, spec.trailing_percent->scale,
                                  market::Rounding::kDown) == spec.trailing_percent->mantissa;
    if (!exact || *points < 1) return NotOffered("trailing distance but whole basis points");
    out.Number("trailingDelta", static_cast<int64_t>(*points));
    if (spec.activation_price) out.Add("stopPrice", *spec.activation_price);
  } else if (shape.stopped) {
    if (!spec.stop_price) return NotOffered("stop order without a stop price");
    out.Add("stopPrice", *spec.stop_price);
  }
  if (spec.iceberg_quantity) out.Add("icebergQty", *spec.iceberg_quantity);
  return absl::OkStatus();
}

Call Public(std::string_view path, std::string_view operation, uint32_t weight) {
  return MakeCall(RequestKind::kMarketData, "GET", path, operation, weight, Security::kPublic);
}

constexpr std::string_view RestrictionText(CancelRestriction restriction) {
  return restriction == CancelRestriction::kOnlyNew ? "ONLY_NEW" : "ONLY_PARTIALLY_FILLED";
}

absl::Status AddLeg(const OrderSpec& spec, bool above, Parameters& out) {
  GANNET_RETURN_IF_ERROR(CheckOffered(spec));
  GANNET_ASSIGN_OR_RETURN(const Shape shape, ShapeOf(spec));
  const auto name = [above](std::string_view up, std::string_view down) {
    return above ? up : down;
  };
  out.Plain(name("aboveType", "belowType"), shape.type);
  if (!spec.client_order_id.empty())
    out.Text(name("aboveClientOrderId", "belowClientOrderId"), spec.client_order_id);
  if (shape.limited && spec.price) out.Add(name("abovePrice", "belowPrice"), *spec.price);
  if (shape.stopped && spec.stop_price)
    out.Add(name("aboveStopPrice", "belowStopPrice"), *spec.stop_price);
  if (shape.limited && !shape.maker) {
    GANNET_ASSIGN_OR_RETURN(const std::string_view text, TimeInForceText(spec));
    out.Plain(name("aboveTimeInForce", "belowTimeInForce"), text);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AddOrder(const OrderSpec& spec, Parameters& out) {
  GANNET_RETURN_IF_ERROR(CheckOffered(spec));
  GANNET_ASSIGN_OR_RETURN(const Shape shape, ShapeOf(spec));
  out.Text("symbol", spec.symbol);
  out.Plain("side", SideText(spec.side));
  out.Plain("type", shape.type);
  if (shape.limited && !shape.maker) {
    GANNET_ASSIGN_OR_RETURN(const std::string_view text, TimeInForceText(spec));
    out.Plain("timeInForce", text);
  } else if (!shape.limited && spec.time_in_force && spec.time_in_force != TimeInForce::kGtc &&
             spec.time_in_force != TimeInForce::kIoc) {
    // Market orders execute at once and carry no time in force.
    return NotOffered("market order with that time in force");
  }
  GANNET_RETURN_IF_ERROR(AddSizes(spec, shape, out));
  if (!spec.client_order_id.empty()) out.Text("newClientOrderId", spec.client_order_id);
  out.Plain("newOrderRespType", "FULL");  // fills with their trade ids
  if (const std::string_view mode = SelfTradeText(spec.self_trade); !mode.empty())
    out.Plain("selfTradePreventionMode", mode);
  return absl::OkStatus();
}

absl::StatusOr<Call> Place(const OrderSpec& spec) {
  Call call = MakeCall(RequestKind::kPlace, "POST", "/api/v3/order", "order.place", 1);
  call.counts_as_order = true;
  GANNET_RETURN_IF_ERROR(AddOrder(spec, call.parameters));
  return call;
}

absl::StatusOr<Call> TestOrder(const OrderSpec& spec) {
  GANNET_ASSIGN_OR_RETURN(Call call, Place(spec));
  call.kind = RequestKind::kAccountMode;  // nothing is placed
  call.path = "/api/v3/order/test";
  call.operation = "order.test";
  call.counts_as_order = false;
  return call;
}

Call Cancel(std::string_view symbol, const OrderRef& order, CancelRestriction restriction) {
  Call call = MakeCall(RequestKind::kCancel, "DELETE", "/api/v3/order", "order.cancel", 1);
  call.parameters.Text("symbol", symbol);
  AddOrderRef(call.parameters, order);
  if (restriction != CancelRestriction::kNone)
    call.parameters.Plain("cancelRestrictions", RestrictionText(restriction));
  return call;
}

Call CancelAll(std::string_view symbol) {
  Call call =
      MakeCall(RequestKind::kCancelAll, "DELETE", "/api/v3/openOrders", "openOrders.cancelAll", 1);
  call.parameters.Text("symbol", symbol);
  return call;
}

absl::StatusOr<Call> CancelReplace(const OrderSpec& spec, const OrderRef& target,
                                   CancelRestriction restriction) {
  Call call = MakeCall(RequestKind::kCancelReplace, "POST", "/api/v3/order/cancelReplace",
                       "order.cancelReplace", 1);
  call.counts_as_order = true;
  // The new leg only after the cancel took effect. With ONLY_NEW the cancel takes
  // effect only while nothing is filled: the new leg's size is right whatever
  // happens between.
  call.parameters.Plain("cancelReplaceMode", "STOP_ON_FAILURE");
  if (restriction != CancelRestriction::kNone)
    call.parameters.Plain("cancelRestrictions", RestrictionText(restriction));
  if (!target.venue_id.empty()) {
    call.parameters.Digits("cancelOrderId", target.venue_id);
  } else {
    call.parameters.Text("cancelOrigClientOrderId", target.client_id);
  }
  GANNET_RETURN_IF_ERROR(AddOrder(spec, call.parameters));
  return call;
}

Call Amend(std::string_view symbol, const OrderRef& order, Decimal quantity,
           std::string_view client_order_id) {
  Call call = MakeCall(RequestKind::kAmend, "PUT", "/api/v3/order/amend/keepPriority",
                       "order.amend.keepPriority", 4);
  call.parameters.Text("symbol", symbol);
  AddOrderRef(call.parameters, order);
  call.parameters.Add("newQty", quantity);
  if (!client_order_id.empty()) call.parameters.Text("newClientOrderId", client_order_id);
  return call;
}

absl::StatusOr<Call> Oco(const OrderSpec& above, const OrderSpec& below, std::string_view list_id) {
  if (above.symbol != below.symbol || above.side != below.side ||
      above.quantity != below.quantity || !above.quantity) {
    return NotOffered("order list of two symbols, sides or sizes");
  }
  Call call =
      MakeCall(RequestKind::kPlaceBatch, "POST", "/api/v3/orderList/oco", "orderList.place.oco", 1);
  call.counts_as_order = true;
  call.parameters.Text("symbol", above.symbol);
  if (!list_id.empty()) call.parameters.Text("listClientOrderId", list_id);
  call.parameters.Plain("side", SideText(above.side));
  call.parameters.Add("quantity", *above.quantity);
  GANNET_RETURN_IF_ERROR(AddLeg(above, true, call.parameters));
  GANNET_RETURN_IF_ERROR(AddLeg(below, false, call.parameters));
  call.parameters.Plain("newOrderRespType", "FULL");
  if (const std::string_view mode = SelfTradeText(above.self_trade); !mode.empty())
    call.parameters.Plain("selfTradePreventionMode", mode);
  return call;
}

Call QueryOrder(std::string_view symbol, const OrderRef& order) {
  Call call = MakeCall(RequestKind::kQueryOrder, "GET", "/api/v3/order", "order.status", 4);
  call.parameters.Text("symbol", symbol);
  AddOrderRef(call.parameters, order);
  return call;
}

Call OpenOrders(std::string_view symbol) {
  Call call = MakeCall(RequestKind::kOpenOrders, "GET", "/api/v3/openOrders", "openOrders.status",
                       symbol.empty() ? 80 : 6);
  if (!symbol.empty()) call.parameters.Text("symbol", symbol);
  return call;
}

Call AllOrders(std::string_view symbol, const Page& page) {
  Call call = MakeCall(RequestKind::kOrderHistory, "GET", "/api/v3/allOrders", "allOrders", 20);
  call.parameters.Text("symbol", symbol);
  AddPage(call.parameters, page, "orderId");
  return call;
}

Call Trades(std::string_view symbol, const OrderRef& order, const Page& page) {
  Call call = MakeCall(RequestKind::kTrades, "GET", "/api/v3/myTrades", "myTrades",
                       order.venue_id.empty() ? 20 : 5);
  call.parameters.Text("symbol", symbol);
  if (!order.venue_id.empty()) call.parameters.Text("orderId", order.venue_id);
  AddPage(call.parameters, page);
  return call;
}

Call Account(bool omit_zero_balances) {
  Call call = MakeCall(RequestKind::kAccount, "GET", "/api/v3/account", "account.status", 20);
  if (omit_zero_balances) call.parameters.Flag("omitZeroBalances", true);
  return call;
}

Call ApiKeyRestrictions() {
  return MakeCall(RequestKind::kKeyRights, "GET", "/sapi/v1/account/apiRestrictions", "", 1);
}

Call Commission(std::string_view symbol) {
  Call call = MakeCall(RequestKind::kAccountMode, "GET", "/api/v3/account/commission",
                       "account.commission", 20);
  call.parameters.Text("symbol", symbol);
  return call;
}

Call OrderLimits() {
  return MakeCall(RequestKind::kAccountMode, "GET", "/api/v3/rateLimit/order",
                  "account.rateLimits.orders", 40);
}

Call ServerTime() {
  return MakeCall(RequestKind::kServerTime, "GET", "/api/v3/time", "time", 1, Security::kPublic);
}

Call Subscribe() {
  return MakeCall(RequestKind::kSubscribe, "", "", "userDataStream.subscribe.signature", 2);
}
Call Logon() { return MakeCall(RequestKind::kStreamKey, "", "", "session.logon", 2); }
Call SubscribeSession() {
  return MakeCall(RequestKind::kSubscribe, "", "", "userDataStream.subscribe", 2,
                  Security::kPublic);
}
Call Unsubscribe(std::optional<int64_t> subscription) {
  Call call =
      MakeCall(RequestKind::kStreamKey, "", "", "userDataStream.unsubscribe", 2, Security::kPublic);
  if (subscription) call.parameters.Number("subscriptionId", *subscription);
  return call;
}

Call Depth(std::string_view symbol, int limit) {
  Call call = Public("/api/v3/depth", "depth",
                     limit <= 100    ? 5
                     : limit <= 500  ? 25
                     : limit <= 1000 ? 50
                                     : 250);
  call.parameters.Text("symbol", symbol);
  if (limit > 0) call.parameters.Number("limit", limit);
  return call;
}

Call AggregateTrades(std::string_view symbol, const Page& page) {
  Call call = Public("/api/v3/aggTrades", "trades.aggregate", 4);
  call.parameters.Text("symbol", symbol);
  AddPage(call.parameters, page);
  return call;
}

Call Klines(std::string_view symbol, std::string_view interval, const Page& page) {
  Call call = Public("/api/v3/klines", "klines", 2);
  call.parameters.Text("symbol", symbol);
  call.parameters.Text("interval", interval);
  AddPage(call.parameters, page);
  return call;
}

Call DayTicker(std::string_view symbol) {
  Call call = Public("/api/v3/ticker/24hr", "ticker.24hr", symbol.empty() ? 80 : 2);
  if (!symbol.empty()) call.parameters.Text("symbol", symbol);
  return call;
}
Call DayTickers(std::span<const std::string> symbols) {
  Call call = Public("/api/v3/ticker/24hr", "ticker.24hr",
                     symbols.size() <= 20    ? 2
                     : symbols.size() <= 100 ? 40
                                             : 80);
  AddSymbols(call.parameters, symbols);
  return call;
}
Call BookTicker(std::string_view symbol) {
  Call call = Public("/api/v3/ticker/bookTicker", "ticker.book", symbol.empty() ? 4 : 2);
  if (!symbol.empty()) call.parameters.Text("symbol", symbol);
  return call;
}
Call BookTickers(std::span<const std::string> symbols) {
  Call call = Public("/api/v3/ticker/bookTicker", "ticker.book", 4);
  AddSymbols(call.parameters, symbols);
  return call;
}
Call Price(std::string_view symbol) {
  Call call = Public("/api/v3/ticker/price", "ticker.price", symbol.empty() ? 4 : 2);
  if (!symbol.empty()) call.parameters.Text("symbol", symbol);
  return call;
}
Call Prices(std::span<const std::string> symbols) {
  Call call = Public("/api/v3/ticker/price", "ticker.price", 4);
  AddSymbols(call.parameters, symbols);
  return call;
}

}  // namespace gannet::venue::binance::spot
