#include "libs/venue/bybit/requests.h"

#include <utility>

#include "libs/base/concat.h"
#include "libs/base/status.h"

namespace gannet::venue::bybit {
namespace {

using market::OrderType;
using market::TimeInForce;

absl::Status NotOffered(std::string_view what) {
  return absl::InvalidArgumentError(
      base::Concat({"Bybit offers no ", what, "; send another order"}));
}

Call Make(RequestKind kind, std::string_view method, std::string_view path,
          std::string_view operation = "", Security security = Security::kSigned) {
  Call call;
  call.kind = kind;
  call.method = method;
  call.path = path;
  call.operation = operation;
  call.security = security;
  return call;
}

Call Of(Category category, RequestKind kind, std::string_view method, std::string_view path,
        std::string_view operation = "", Security security = Security::kSigned) {
  Call call = Make(kind, method, path, operation, security);
  call.parameters.Plain("category", CategoryText(category));
  return call;
}

void AddText(Parameters& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.Text(name, value);
}
void AddDecimal(Parameters& out, std::string_view name, const std::optional<Decimal>& value) {
  if (value) out.Add(name, *value);
}
void AddOrderRef(Parameters& out, const OrderRef& order) {
  if (!order.venue_id.empty()) {
    out.Text("orderId", order.venue_id);
  } else {
    AddText(out, "orderLinkId", order.client_id);
  }
}
void AddPage(Parameters& out, const Page& page) {
  if (page.since) out.Number("startTime", base::UnixMillis(*page.since));
  if (page.until) out.Number("endTime", base::UnixMillis(*page.until));
  if (page.limit > 0) out.Number("limit", page.limit);
  AddCursor(out, page.cursor);
}

bool IsLimited(OrderType type) {
  return type == OrderType::kLimit || type == OrderType::kStopLimit ||
         type == OrderType::kTakeProfitLimit;
}
bool IsStop(OrderType type) { return type != OrderType::kLimit && type != OrderType::kMarket; }

std::string_view SelfTradeText(SelfTrade mode) {
  switch (mode) {
    case SelfTrade::kAllow:
      return "None";
    case SelfTrade::kExpireMaker:
      return "CancelMaker";
    case SelfTrade::kExpireTaker:
      return "CancelTaker";
    case SelfTrade::kExpireBoth:
      return "CancelBoth";
    default:
      return "";
  }
}

std::string_view SourceText(TriggerSource source) {
  switch (source) {
    case TriggerSource::kLast:
      return "LastPrice";
    case TriggerSource::kMark:
      return "MarkPrice";
    case TriggerSource::kIndex:
      return "IndexPrice";
    case TriggerSource::kVenueDefault:
      return "";
  }
  return "";
}

// A stop works against the position it protects: a buy when the price has risen; a
// take-profit the other way round.
int DirectionOf(const OrderSpec& spec) {
  if (spec.trigger_direction != TriggerDirection::kUnset)
    return spec.trigger_direction == TriggerDirection::kRises ? 1 : 2;
  const bool stop = spec.type == OrderType::kStop || spec.type == OrderType::kStopLimit;
  return stop == (spec.side == market::Side::kBuy) ? 1 : 2;
}

absl::Status CheckOffered(Category category, const OrderSpec& spec) {
  const bool spot = category == Category::kSpot;
  if (spec.type == OrderType::kTrailingStop)
    return NotOffered("trailing stop as an order; set it on the position (SetTradingStop)");
  if (spec.iceberg_quantity) return NotOffered("iceberg order at this endpoint");
  if (spec.close_position) return NotOffered("close-position order; state a quantity");
  if (spec.self_trade == SelfTrade::kDecrement) return NotOffered("self-trade mode DECREMENT");
  if (spot && spec.reduce_only) return NotOffered("reduce-only order on spot");
  if (spot && spec.position_side != PositionSide::kOneWay) return NotOffered("hedge mode on spot");
  if (spot && SourceText(spec.trigger_source) != "" && spec.trigger_source != TriggerSource::kLast)
    return NotOffered("trigger by mark or index price on spot");
  if (!spot && spec.quote_quantity) return NotOffered("quantity in the quote coin but on spot");
  if (spec.quote_quantity && IsLimited(spec.type))
    return NotOffered("quantity in the quote coin but at market");
  if (!spec.quote_quantity && !spec.quantity) return NotOffered("order without a quantity");
  if (IsLimited(spec.type) && !spec.price) return NotOffered("limit order without a price");
  if (IsStop(spec.type) && !spec.stop_price) return NotOffered("stop order without a stop price");
  if ((spec.take_profit || spec.stop_loss) && spot && !IsLimited(spec.type))
    return NotOffered("attached exits on a spot market order");
  return absl::OkStatus();
}

absl::Status AddTimeInForce(const OrderSpec& spec, Parameters& out) {
  if (!spec.time_in_force) return absl::OkStatus();  // GTC; a market order is always IOC
  if (!IsLimited(spec.type)) {
    if (*spec.time_in_force == TimeInForce::kGtc || *spec.time_in_force == TimeInForce::kIoc)
      return absl::OkStatus();
    return NotOffered("market order with that time in force");
  }
  switch (*spec.time_in_force) {
    case TimeInForce::kGtc:
      out.Plain("timeInForce", "GTC");
      return absl::OkStatus();
    case TimeInForce::kIoc:
      out.Plain("timeInForce", "IOC");
      return absl::OkStatus();
    case TimeInForce::kFok:
      out.Plain("timeInForce", "FOK");
      return absl::OkStatus();
    case TimeInForce::kPostOnly:
      out.Plain("timeInForce", "PostOnly");
      return absl::OkStatus();
    case TimeInForce::kGtd:
      return NotOffered("time in force good-till-date");
  }
  return NotOffered("such time in force");
}

void AddSizes(Category category, const OrderSpec& spec, Parameters& out) {
  // A spot market buy is counted in the quote coin unless it says otherwise, a sell
  // in the base coin: the unit is stated but where it is that default of a buy.
  if (category == Category::kSpot && !IsLimited(spec.type)) {
    if (!spec.quote_quantity) {
      out.Plain("marketUnit", "baseCoin");
    } else if (spec.side == market::Side::kSell) {
      out.Plain("marketUnit", "quoteCoin");
    }
  }
  out.Add("qty", spec.quote_quantity ? *spec.quote_quantity : *spec.quantity);
  if (IsLimited(spec.type)) out.Add("price", *spec.price);
}

void AddTrigger(Category category, const OrderSpec& spec, Parameters& out) {
  if (category == Category::kSpot) {
    // "tpslOrder" holds its funds while it waits, "StopOrder" does not.
    out.Plain("orderFilter", spec.funds_reserved ? "tpslOrder" : "StopOrder");
  } else {
    out.Number("triggerDirection", DirectionOf(spec));
  }
  out.Add("triggerPrice", *spec.stop_price);
  if (const std::string_view source = SourceText(spec.trigger_source); !source.empty())
    out.Plain("triggerBy", source);
}

void AddExit(Category category, const AttachedExit& exit, std::string_view trigger,
             std::string_view type, std::string_view limit, Parameters& out) {
  out.Add(trigger, exit.trigger);
  if (exit.limit) {
    out.Plain(type, "Limit");
    out.Add(limit, *exit.limit);
  } else if (category == Category::kSpot) {
    out.Plain(type, "Market");
  }
}

absl::Status AddOrder(Category category, const OrderSpec& spec, Parameters& out) {
  GANNET_RETURN_IF_ERROR(CheckOffered(category, spec));
  out.Text("symbol", spec.symbol);
  out.Plain("side", spec.side == market::Side::kBuy ? "Buy" : "Sell");
  out.Plain("orderType", IsLimited(spec.type) ? "Limit" : "Market");
  GANNET_RETURN_IF_ERROR(AddTimeInForce(spec, out));
  AddSizes(category, spec, out);
  if (IsStop(spec.type)) AddTrigger(category, spec, out);
  if (spec.reduce_only) out.Flag("reduceOnly", true);
  if (spec.position_side != PositionSide::kOneWay)
    out.Number("positionIdx", spec.position_side == PositionSide::kLong ? 1 : 2);
  if (spec.take_profit)
    AddExit(category, *spec.take_profit, "takeProfit", "tpOrderType", "tpLimitPrice", out);
  if (spec.stop_loss)
    AddExit(category, *spec.stop_loss, "stopLoss", "slOrderType", "slLimitPrice", out);
  const bool partial =
      (spec.take_profit && spec.take_profit->limit) || (spec.stop_loss && spec.stop_loss->limit);
  if (partial && category == Category::kLinear) out.Plain("tpslMode", "Partial");
  AddText(out, "orderLinkId", spec.client_order_id);
  if (const std::string_view mode = SelfTradeText(spec.self_trade); !mode.empty())
    out.Plain("smpType", mode);
  return absl::OkStatus();
}

void AddAmendment(const Amendment& amendment, Parameters& out) {
  out.Text("symbol", amendment.symbol);
  AddOrderRef(out, amendment.order);
  AddDecimal(out, "qty", amendment.quantity);
  AddDecimal(out, "price", amendment.price);
  AddDecimal(out, "triggerPrice", amendment.trigger_price);
  AddDecimal(out, "takeProfit", amendment.take_profit);
  AddDecimal(out, "stopLoss", amendment.stop_loss);
}

template <class Member, class Write>
absl::StatusOr<std::string> List(Category category, std::span<const Member> members, Write write) {
  const size_t most = category == Category::kSpot ? kMaxSpotBatch : kMaxLinearBatch;
  if (members.empty() || members.size() > most)
    return NotOffered("batch of none or of so many orders");
  std::string list = "[";
  for (const Member& member : members) {
    Parameters parameters;
    GANNET_RETURN_IF_ERROR(write(member, parameters));
    if (list.size() > 1) list += ',';
    parameters.AppendJson(list);
  }
  return list + "]";
}

}  // namespace

absl::StatusOr<Call> Place(Category category, const OrderSpec& spec) {
  Call call = Of(category, RequestKind::kPlace, "POST", "/v5/order/create", "order.create");
  call.counts_as_order = true;
  GANNET_RETURN_IF_ERROR(AddOrder(category, spec, call.parameters));
  return call;
}

absl::StatusOr<Call> PreCheck(Category category, const OrderSpec& spec) {
  GANNET_ASSIGN_OR_RETURN(Call call, Place(category, spec));
  call.kind = RequestKind::kAccountMode;  // nothing is placed
  call.path = "/v5/order/pre-check";
  call.operation = "";
  call.counts_as_order = false;
  return call;
}

absl::StatusOr<Call> PlaceBatch(Category category, std::span<const OrderSpec> specs) {
  Call call = Of(category, RequestKind::kPlaceBatch, "POST", "/v5/order/create-batch",
                 "order.create-batch");
  call.counts_as_order = true;
  GANNET_ASSIGN_OR_RETURN(const std::string list,
                          List(category, specs, [&](const OrderSpec& spec, Parameters& out) {
                            return AddOrder(category, spec, out);
                          }));
  call.parameters.Json("request", list);
  return call;
}

void AddCursor(Parameters& out, std::string_view cursor) {
  if (!cursor.empty()) out.Plain("cursor", cursor);
}

Call Amend(Category category, const Amendment& amendment) {
  Call call = Of(category, RequestKind::kAmend, "POST", "/v5/order/amend", "order.amend");
  AddAmendment(amendment, call.parameters);
  return call;
}

absl::StatusOr<Call> AmendBatch(Category category, std::span<const Amendment> amendments) {
  Call call =
      Of(category, RequestKind::kAmendBatch, "POST", "/v5/order/amend-batch", "order.amend-batch");
  GANNET_ASSIGN_OR_RETURN(const std::string list,
                          List(category, amendments, [](const Amendment& member, Parameters& out) {
                            AddAmendment(member, out);
                            return absl::OkStatus();
                          }));
  call.parameters.Json("request", list);
  return call;
}

Call Cancel(Category category, std::string_view symbol, const OrderRef& order, bool stop) {
  Call call = Of(category, RequestKind::kCancel, "POST", "/v5/order/cancel", "order.cancel");
  call.parameters.Text("symbol", symbol);
  AddOrderRef(call.parameters, order);
  if (category == Category::kSpot)
    call.parameters.Plain("orderFilter", stop ? "StopOrder" : "Order");
  return call;
}

absl::StatusOr<Call> CancelBatch(Category category, std::span<const SymbolOrder> orders) {
  Call call = Of(category, RequestKind::kCancelBatch, "POST", "/v5/order/cancel-batch",
                 "order.cancel-batch");
  GANNET_ASSIGN_OR_RETURN(const std::string list,
                          List(category, orders, [](const SymbolOrder& member, Parameters& out) {
                            out.Text("symbol", member.symbol);
                            AddOrderRef(out, member.order);
                            return absl::OkStatus();
                          }));
  call.parameters.Json("request", list);
  return call;
}

Call CancelAll(Category category, std::string_view symbol, std::string_view settle_coin,
               bool stop) {
  Call call = Of(category, RequestKind::kCancelAll, "POST", "/v5/order/cancel-all");
  AddText(call.parameters, "symbol", symbol);
  AddText(call.parameters, "settleCoin", settle_coin);
  if (stop) call.parameters.Plain("orderFilter", "StopOrder");
  return call;
}

Call QueryOrder(Category category, std::string_view symbol, const OrderRef& order) {
  Call call = Of(category, RequestKind::kQueryOrder, "GET", "/v5/order/realtime");
  AddText(call.parameters, "symbol", symbol);
  AddOrderRef(call.parameters, order);
  return call;
}

Call OpenOrders(Category category, std::string_view symbol, std::string_view settle_coin,
                const Page& page, bool stop) {
  Call call = Of(category, RequestKind::kOpenOrders, "GET", "/v5/order/realtime");
  AddText(call.parameters, "symbol", symbol);
  AddText(call.parameters, "settleCoin", settle_coin);
  if (stop) call.parameters.Plain("orderFilter", "StopOrder");
  AddPage(call.parameters, page);
  return call;
}

Call OrderHistory(Category category, std::string_view symbol, const OrderRef& order,
                  std::string_view status, const Page& page) {
  Call call = Of(category, RequestKind::kOrderHistory, "GET", "/v5/order/history");
  AddText(call.parameters, "symbol", symbol);
  AddOrderRef(call.parameters, order);
  AddText(call.parameters, "orderStatus", status);
  AddPage(call.parameters, page);
  return call;
}

Call Executions(Category category, std::string_view symbol, const OrderRef& order,
                std::string_view type, const Page& page) {
  Call call = Of(category, RequestKind::kTrades, "GET", "/v5/execution/list");
  AddText(call.parameters, "symbol", symbol);
  AddOrderRef(call.parameters, order);
  AddText(call.parameters, "execType", type);
  AddPage(call.parameters, page);
  return call;
}

Call ClosedPnl(std::string_view symbol, const Page& page) {
  Call call = Of(Category::kLinear, RequestKind::kOrderHistory, "GET", "/v5/position/closed-pnl");
  AddText(call.parameters, "symbol", symbol);
  AddPage(call.parameters, page);
  return call;
}

// --- account -----------------------------------------------------------------

Call WalletBalance(std::string_view coin) {
  Call call = Make(RequestKind::kAccount, "GET", "/v5/account/wallet-balance");
  call.parameters.Plain("accountType", "UNIFIED");
  AddText(call.parameters, "coin", coin);
  return call;
}

Call Positions(std::string_view symbol, std::string_view settle_coin, const Page& page) {
  Call call = Of(Category::kLinear, RequestKind::kPositions, "GET", "/v5/position/list");
  AddText(call.parameters, "symbol", symbol);
  AddText(call.parameters, "settleCoin", settle_coin);
  AddPage(call.parameters, page);
  return call;
}

Call QueryApiKey() { return Make(RequestKind::kKeyRights, "GET", "/v5/user/query-api"); }
Call QueryAccountInfo() { return Make(RequestKind::kAccountMode, "GET", "/v5/account/info"); }
Call FeeRate(Category category, std::string_view symbol) {
  Call call = Of(category, RequestKind::kAccountMode, "GET", "/v5/account/fee-rate");
  AddText(call.parameters, "symbol", symbol);
  return call;
}
Call TransactionLog(std::string_view currency, const Page& page) {
  Call call = Make(RequestKind::kOrderHistory, "GET", "/v5/account/transaction-log");
  AddText(call.parameters, "currency", currency);
  AddPage(call.parameters, page);
  return call;
}
Call SelfTradeGroup() { return Make(RequestKind::kAccountMode, "GET", "/v5/account/smp-group"); }

Call SetLeverage(std::string_view symbol, Decimal leverage) {
  Call call =
      Of(Category::kLinear, RequestKind::kSetAccountMode, "POST", "/v5/position/set-leverage");
  call.parameters.Text("symbol", symbol);
  call.parameters.Add("buyLeverage", leverage);
  call.parameters.Add("sellLeverage", leverage);
  return call;
}
Call SetMarginMode(std::string_view mode) {
  Call call = Make(RequestKind::kSetAccountMode, "POST", "/v5/account/set-margin-mode");
  call.parameters.Text("setMarginMode", mode);
  return call;
}
Call SetPositionMode(std::string_view symbol, std::string_view coin, bool hedge) {
  Call call =
      Of(Category::kLinear, RequestKind::kSetAccountMode, "POST", "/v5/position/switch-mode");
  AddText(call.parameters, "symbol", symbol);
  AddText(call.parameters, "coin", coin);
  call.parameters.Number("mode", hedge ? 3 : 0);
  return call;
}
Call SetTradingStop(const TradingStop& stop) {
  Call call =
      Of(Category::kLinear, RequestKind::kSetAccountMode, "POST", "/v5/position/trading-stop");
  call.parameters.Text("symbol", stop.symbol);
  call.parameters.Plain("tpslMode", "Full");
  call.parameters.Number("positionIdx", static_cast<int64_t>(stop.side));
  AddDecimal(call.parameters, "takeProfit", stop.take_profit);
  AddDecimal(call.parameters, "stopLoss", stop.stop_loss);
  AddDecimal(call.parameters, "trailingStop", stop.trailing_distance);
  AddDecimal(call.parameters, "activePrice", stop.activation_price);
  return call;
}

std::string_view ProductOf(Category category) {
  return category == Category::kSpot ? "SPOT" : "DERIVATIVES";
}
absl::StatusOr<Call> SetDisconnectProtection(Category category, base::Duration window) {
  if (window < kMinDisconnectWindow || window > kMaxDisconnectWindow)
    return NotOffered("disconnect window outside 3 to 300 s");
  Call call = Make(RequestKind::kDeadMan, "POST", "/v5/order/disconnected-cancel-all");
  call.parameters.Plain("product", ProductOf(category));
  call.parameters.Number("timeWindow",
                         std::chrono::duration_cast<std::chrono::seconds>(window).count());
  return call;
}
Call DisconnectProtection() {
  return Make(RequestKind::kAccountMode, "GET", "/v5/account/query-dcp-info");
}

Call ServerTime() {
  return Make(RequestKind::kServerTime, "GET", "/v5/market/time", "", Security::kPublic);
}

// --- public data -------------------------------------------------------------

namespace {
Call Public(Category category, std::string_view path, std::string_view symbol) {
  Call call = Of(category, RequestKind::kMarketData, "GET", path, "", Security::kPublic);
  AddText(call.parameters, "symbol", symbol);
  return call;
}
}  // namespace

Call OrderBook(Category category, std::string_view symbol, int limit) {
  Call call = Public(category, "/v5/market/orderbook", symbol);
  if (limit > 0) call.parameters.Number("limit", limit);
  return call;
}
Call RecentTrades(Category category, std::string_view symbol, int limit) {
  Call call = Public(category, "/v5/market/recent-trade", symbol);
  if (limit > 0) call.parameters.Number("limit", limit);
  return call;
}
Call Klines(CandleKind kind, Category category, std::string_view symbol, std::string_view interval,
            const Page& page) {
  constexpr std::string_view kPaths[] = {"/v5/market/kline", "/v5/market/mark-price-kline",
                                         "/v5/market/index-price-kline",
                                         "/v5/market/premium-index-price-kline"};
  Call call = Public(category, kPaths[static_cast<size_t>(kind) - 1], symbol);
  call.parameters.Text("interval", interval);
  if (page.since) call.parameters.Number("start", base::UnixMillis(*page.since));
  if (page.until) call.parameters.Number("end", base::UnixMillis(*page.until));
  if (page.limit > 0) call.parameters.Number("limit", page.limit);
  return call;
}
Call Tickers(Category category, std::string_view symbol) {
  return Public(category, "/v5/market/tickers", symbol);
}
Call FundingRates(std::string_view symbol, const Page& page) {
  Call call = Public(Category::kLinear, "/v5/market/funding/history", symbol);
  AddPage(call.parameters, page);
  return call;
}
Call OpenInterest(std::string_view symbol, std::string_view interval, const Page& page) {
  Call call = Public(Category::kLinear, "/v5/market/open-interest", symbol);
  call.parameters.Text("intervalTime", interval);
  AddPage(call.parameters, page);
  return call;
}
Call RiskLimits(std::string_view symbol) {
  return Public(Category::kLinear, "/v5/market/risk-limit", symbol);
}
Call LongShortRatio(std::string_view symbol, std::string_view period, const Page& page) {
  Call call = Public(Category::kLinear, "/v5/market/account-ratio", symbol);
  call.parameters.Text("period", period);
  AddPage(call.parameters, page);
  return call;
}
Call Instruments(Category category, std::string_view symbol) {
  return Public(category, "/v5/market/instruments-info", symbol);
}

}  // namespace gannet::venue::bybit
