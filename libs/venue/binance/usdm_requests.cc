#include "libs/venue/binance/usdm_requests.h"

#include "libs/base/concat.h"
#include "libs/base/percent.h"
#include "libs/base/status.h"
#include "libs/venue/binance/parameter_names.h"

namespace gannet::venue::binance::usdm {
namespace {

using market::OrderType;
using market::TimeInForce;

absl::Status NotOffered(std::string_view what) {
  return absl::InvalidArgumentError(
      base::Concat({"Binance USD-M offers no ", what, "; send another order"}));
}

absl::StatusOr<std::string_view> TypeText(const OrderSpec& spec) {
  switch (spec.type) {
    case OrderType::kMarket:
      return std::string_view("MARKET");
    case OrderType::kLimit:
      return std::string_view("LIMIT");
    case OrderType::kStop:
      return std::string_view("STOP_MARKET");
    case OrderType::kStopLimit:
      return std::string_view("STOP");
    case OrderType::kTakeProfit:
      return std::string_view("TAKE_PROFIT_MARKET");
    case OrderType::kTakeProfitLimit:
      return std::string_view("TAKE_PROFIT");
    case OrderType::kTrailingStop:
      return std::string_view("TRAILING_STOP_MARKET");
  }
  return NotOffered("such order type");
}

bool IsLimited(OrderType type) {
  return type == OrderType::kLimit || type == OrderType::kStopLimit ||
         type == OrderType::kTakeProfitLimit;
}

std::string_view TimeInForceText(TimeInForce time_in_force) {
  switch (time_in_force) {
    case TimeInForce::kGtc:
      return "GTC";
    case TimeInForce::kIoc:
      return "IOC";
    case TimeInForce::kFok:
      return "FOK";
    case TimeInForce::kGtd:
      return "GTD";
    case TimeInForce::kPostOnly:
      return "GTX";
  }
  return "GTC";
}

absl::Status CheckOffered(const OrderSpec& spec) {
  if (spec.quote_quantity) return NotOffered("quantity in the quote asset");
  if (spec.iceberg_quantity) return NotOffered("iceberg order");
  if (spec.take_profit || spec.stop_loss) return NotOffered("attached exits; place them apart");
  if (spec.trigger_source == TriggerSource::kIndex) return NotOffered("trigger by index price");
  if (spec.trigger_source != TriggerSource::kVenueDefault && !IsAlgo(spec.type))
    return NotOffered("trigger price on such an order");
  // The venue refuses the pair (-1106): in hedge mode the position side says it.
  if (spec.reduce_only && spec.position_side != PositionSide::kOneWay)
    return NotOffered("reduce-only in hedge mode; name the position side alone");
  if (spec.close_position && (spec.reduce_only || spec.quantity))
    return NotOffered("close-position with a quantity or with reduce-only");
  if (spec.close_position && spec.type != OrderType::kStop && spec.type != OrderType::kTakeProfit)
    return NotOffered("close-position but on market stops");
  if (!spec.close_position && !spec.quantity) return NotOffered("order without a quantity");
  if (spec.self_trade == SelfTrade::kDecrement) return NotOffered("self-trade mode DECREMENT");
  return absl::OkStatus();
}

absl::Status AddTimeInForce(const OrderSpec& spec, Parameters& out) {
  if (!IsLimited(spec.type)) {
    if (!spec.time_in_force || spec.time_in_force == TimeInForce::kGtc ||
        spec.time_in_force == TimeInForce::kIoc) {
      return absl::OkStatus();
    }
    return NotOffered("market order with that time in force");
  }
  // Mandatory on LIMIT; GTC by default elsewhere.
  if (!spec.time_in_force && spec.type != OrderType::kLimit) return absl::OkStatus();
  const TimeInForce time_in_force = spec.time_in_force.value_or(TimeInForce::kGtc);
  out.Plain("timeInForce", TimeInForceText(time_in_force));
  if (time_in_force == TimeInForce::kGtd) {
    // Milliseconds, of which the venue keeps whole seconds.
    out.Number("goodTillDate", base::UnixMillis(spec.expires) / 1000 * 1000);
  }
  return absl::OkStatus();
}

absl::Status AddTrigger(const OrderSpec& spec, Parameters& out) {
  if (spec.type == OrderType::kTrailingStop) {
    if (!spec.trailing_percent) return NotOffered("trailing stop without a distance in per cent");
    // "min 0.1, max 10 where 1 for 1%", with one digit.
    const auto tenths = market::Rescale(spec.trailing_percent->mantissa,
                                        spec.trailing_percent->scale, 1, market::Rounding::kDown);
    const bool exact =
        tenths && market::Rescale(*tenths, 1, spec.trailing_percent->scale,
                                  market::Rounding::kDown) == spec.trailing_percent->mantissa;
    if (!exact || *tenths < 1 || *tenths > 100)
      return NotOffered("trailing distance but tenths of a per cent from 0.1 to 10");
    out.Add("callbackRate", *spec.trailing_percent);
    if (spec.activation_price) out.Add("activatePrice", *spec.activation_price);
  } else {
    if (!spec.stop_price) return NotOffered("stop order without a stop price");
    out.Add("triggerPrice", *spec.stop_price);
  }
  if (spec.trigger_source != TriggerSource::kVenueDefault) {
    out.Plain("workingType",
              spec.trigger_source == TriggerSource::kMark ? "MARK_PRICE" : "CONTRACT_PRICE");
  }
  if (spec.close_position) out.Plain("closePosition", "true");
  return absl::OkStatus();
}

absl::Status AddOrder(const OrderSpec& spec, Parameters& out) {
  GANNET_RETURN_IF_ERROR(CheckOffered(spec));
  GANNET_ASSIGN_OR_RETURN(const std::string_view type, TypeText(spec));
  const bool algo = IsAlgo(spec.type);
  if (algo) out.Plain("algoType", "CONDITIONAL");
  out.Text("symbol", spec.symbol);
  out.Plain("side", SideText(spec.side));
  if (spec.position_side != PositionSide::kOneWay)
    out.Plain("positionSide", spec.position_side == PositionSide::kLong ? "LONG" : "SHORT");
  out.Plain("type", type);
  GANNET_RETURN_IF_ERROR(AddTimeInForce(spec, out));
  if (spec.quantity) out.Add("quantity", *spec.quantity);
  if (IsLimited(spec.type)) {
    if (!spec.price) return NotOffered("limit order without a price");
    out.Add("price", *spec.price);
  }
  if (algo) GANNET_RETURN_IF_ERROR(AddTrigger(spec, out));
  if (spec.reduce_only) out.Plain("reduceOnly", "true");
  if (!spec.client_order_id.empty())
    out.Text(algo ? "clientAlgoId" : "newClientOrderId", spec.client_order_id);
  out.Plain("newOrderRespType", "RESULT");
  if (const std::string_view mode = SelfTradeText(spec.self_trade); !mode.empty())
    out.Plain("selfTradePreventionMode", mode);
  return absl::OkStatus();
}

void AddAmendment(const Amendment& amendment, Parameters& out) {
  out.Text("symbol", amendment.symbol);
  AddOrderRef(out, amendment.order);
  out.Plain("side", SideText(amendment.side));
  out.Add("quantity", amendment.quantity);
  out.Add("price", amendment.price);
}

void AddAlgoRef(Parameters& out, const OrderRef& order) {
  if (!order.venue_id.empty()) {
    out.Digits("algoId", order.venue_id);
  } else {
    out.Text("clientAlgoId", order.client_id);
  }
}

template <class Member, class Write>
absl::StatusOr<std::string> List(std::span<const Member> members, Write write) {
  if (members.empty() || members.size() > kMaxBatch)
    return NotOffered("batch of none or of more than 5 orders");
  std::string list = "[";
  for (const Member& member : members) {
    Parameters parameters;
    GANNET_RETURN_IF_ERROR(write(member, parameters));
    if (list.size() > 1) list += ',';
    parameters.AppendJson(list);
  }
  return list + "]";
}

void AddSymbol(Call& call, std::string_view symbol) {
  if (!symbol.empty()) call.parameters.Text("symbol", symbol);
}

Call WithSymbol(RequestKind kind, std::string_view method, std::string_view path,
                std::string_view operation, uint32_t weight, std::string_view symbol,
                Security security = Security::kSigned) {
  Call call = MakeCall(kind, method, path, operation, weight, security);
  AddSymbol(call, symbol);
  return call;
}

}  // namespace

bool IsAlgo(OrderType type) { return type != OrderType::kMarket && type != OrderType::kLimit; }

absl::StatusOr<Call> Place(const OrderSpec& spec) {
  Call call =
      IsAlgo(spec.type)
          ? MakeCall(RequestKind::kPlace, "POST", "/fapi/v1/algoOrder", "algoOrder.place", 0)
          : MakeCall(RequestKind::kPlace, "POST", "/fapi/v1/order", "order.place", 0);
  call.counts_as_order = true;
  GANNET_RETURN_IF_ERROR(AddOrder(spec, call.parameters));
  return call;
}

absl::StatusOr<Call> TestOrder(const OrderSpec& spec) {
  if (IsAlgo(spec.type)) return NotOffered("test of such an order");
  GANNET_ASSIGN_OR_RETURN(Call call, Place(spec));
  call.kind = RequestKind::kAccountMode;  // nothing is placed
  call.path = "/fapi/v1/order/test";
  call.operation = "";
  call.counts_as_order = false;
  return call;
}

absl::StatusOr<Call> PlaceBatch(std::span<const OrderSpec> specs) {
  Call call = MakeCall(RequestKind::kPlaceBatch, "POST", "/fapi/v1/batchOrders", "", 5);
  call.counts_as_order = true;
  GANNET_ASSIGN_OR_RETURN(const std::string list,
                          List(specs, [](const OrderSpec& spec, Parameters& out) -> absl::Status {
                            if (IsAlgo(spec.type)) return NotOffered("stop order in a batch");
                            return AddOrder(spec, out);
                          }));
  call.parameters.Json("batchOrders", list);
  return call;
}

Call Amend(const Amendment& amendment) {
  Call call = MakeCall(RequestKind::kAmend, "PUT", "/fapi/v1/order", "order.modify", 1);
  call.counts_as_order = true;
  AddAmendment(amendment, call.parameters);
  return call;
}

absl::StatusOr<Call> AmendBatch(std::span<const Amendment> amendments) {
  Call call = MakeCall(RequestKind::kAmendBatch, "PUT", "/fapi/v1/batchOrders", "", 5);
  call.counts_as_order = true;
  GANNET_ASSIGN_OR_RETURN(const std::string list,
                          List(amendments, [](const Amendment& amendment, Parameters& out) {
                            AddAmendment(amendment, out);
                            return absl::OkStatus();
                          }));
  call.parameters.Json("batchOrders", list);
  return call;
}

Call Cancel(std::string_view symbol, const OrderRef& order) {
  Call call =
      WithSymbol(RequestKind::kCancel, "DELETE", "/fapi/v1/order", "order.cancel", 1, symbol);
  AddOrderRef(call.parameters, order);
  return call;
}

Call CancelAlgo(const OrderRef& order) {
  Call call = MakeCall(RequestKind::kCancel, "DELETE", "/fapi/v1/algoOrder", "algoOrder.cancel", 1);
  AddAlgoRef(call.parameters, order);
  return call;
}

Call CancelAll(std::string_view symbol) {
  return WithSymbol(RequestKind::kCancelAll, "DELETE", "/fapi/v1/allOpenOrders", "", 1, symbol);
}
Call CancelAllAlgo(std::string_view symbol) {
  return WithSymbol(RequestKind::kCancelAll, "DELETE", "/fapi/v1/algoOpenOrders", "", 1, symbol);
}

absl::StatusOr<Call> CancelBatch(std::string_view symbol, std::span<const OrderRef> orders) {
  if (orders.empty() || orders.size() > kMaxCancelBatch)
    return NotOffered("cancel of none or of more than 10 orders at once");
  const bool by_venue_id = !orders[0].venue_id.empty();
  std::string list = "[";
  for (const OrderRef& order : orders) {
    if (order.venue_id.empty() == by_venue_id) return NotOffered("cancel by both kinds of id");
    if (list.size() > 1) list += ',';
    if (by_venue_id) {
      list += order.venue_id;
    } else {
      AppendJsonString(list, order.client_id);
    }
  }
  Call call =
      WithSymbol(RequestKind::kCancelBatch, "DELETE", "/fapi/v1/batchOrders", "", 1, symbol);
  call.parameters.Json(by_venue_id ? "orderIdList" : "origClientOrderIdList", list + "]");
  return call;
}

Call QueryOrder(std::string_view symbol, const OrderRef& order) {
  Call call =
      WithSymbol(RequestKind::kQueryOrder, "GET", "/fapi/v1/order", "order.status", 1, symbol);
  AddOrderRef(call.parameters, order);
  return call;
}

Call QueryAlgo(const OrderRef& order) {
  Call call = MakeCall(RequestKind::kQueryOrder, "GET", "/fapi/v1/algoOrder", "", 1);
  AddAlgoRef(call.parameters, order);
  return call;
}

Call OpenOrder(std::string_view symbol, const OrderRef& order) {
  Call call = WithSymbol(RequestKind::kQueryOrder, "GET", "/fapi/v1/openOrder", "", 1, symbol);
  AddOrderRef(call.parameters, order);
  return call;
}

Call OpenOrders(std::string_view symbol) {
  return WithSymbol(RequestKind::kOpenOrders, "GET", "/fapi/v1/openOrders", "",
                    symbol.empty() ? 40 : 1, symbol);
}
Call OpenAlgoOrders(std::string_view symbol) {
  return WithSymbol(RequestKind::kOpenOrders, "GET", "/fapi/v1/openAlgoOrders", "",
                    symbol.empty() ? 40 : 1, symbol);
}

Call AllOrders(std::string_view symbol, const Page& page) {
  Call call = WithSymbol(RequestKind::kOrderHistory, "GET", "/fapi/v1/allOrders", "", 5, symbol);
  AddPage(call.parameters, page, "orderId");
  return call;
}
Call AllAlgoOrders(std::string_view symbol, const Page& page) {
  Call call =
      WithSymbol(RequestKind::kOrderHistory, "GET", "/fapi/v1/allAlgoOrders", "", 5, symbol);
  AddPage(call.parameters, page, "algoId");
  return call;
}

Call Trades(std::string_view symbol, const OrderRef& order, const Page& page) {
  Call call = WithSymbol(RequestKind::kTrades, "GET", "/fapi/v1/userTrades", "", 5, symbol);
  if (!order.venue_id.empty()) call.parameters.Text("orderId", order.venue_id);
  AddPage(call.parameters, page);
  return call;
}

// --- account -----------------------------------------------------------------

Call QueryBalances() {
  return MakeCall(RequestKind::kAccount, "GET", "/fapi/v3/balance", "v2/account.balance", 5);
}
Call QueryAccount() {
  return MakeCall(RequestKind::kAccount, "GET", "/fapi/v3/account", "v2/account.status", 5);
}
Call Positions(std::string_view symbol) {
  return WithSymbol(RequestKind::kPositions, "GET", "/fapi/v3/positionRisk", "v2/account.position",
                    5, symbol);
}
Call AccountConfig() {
  return MakeCall(RequestKind::kAccountMode, "GET", "/fapi/v1/accountConfig", "", 5);
}
Call SymbolConfig(std::string_view symbol) {
  return WithSymbol(RequestKind::kAccountMode, "GET", "/fapi/v1/symbolConfig", "", 5, symbol);
}
Call LeverageBrackets(std::string_view symbol) {
  return WithSymbol(RequestKind::kAccountMode, "GET", "/fapi/v1/leverageBracket", "", 1, symbol);
}
Call PositionMode() {
  return MakeCall(RequestKind::kAccountMode, "GET", "/fapi/v1/positionSide/dual", "", 30);
}
Call MultiAssetMode() {
  return MakeCall(RequestKind::kAccountMode, "GET", "/fapi/v1/multiAssetsMargin", "", 30);
}
Call Commission(std::string_view symbol) {
  return WithSymbol(RequestKind::kAccountMode, "GET", "/fapi/v1/commissionRate", "", 20, symbol);
}
Call Income(std::string_view symbol, std::string_view type, const Page& page) {
  Call call = WithSymbol(RequestKind::kOrderHistory, "GET", "/fapi/v1/income", "", 30, symbol);
  if (!type.empty()) call.parameters.Text("incomeType", type);
  AddPage(call.parameters, page);
  return call;
}
Call OrderLimits() {
  return MakeCall(RequestKind::kAccountMode, "GET", "/fapi/v1/rateLimit/order", "", 1);
}
Call SetLeverage(std::string_view symbol, int leverage) {
  Call call = WithSymbol(RequestKind::kSetAccountMode, "POST", "/fapi/v1/leverage", "", 1, symbol);
  call.parameters.Number("leverage", leverage);
  return call;
}
Call SetMarginType(std::string_view symbol, bool isolated) {
  Call call =
      WithSymbol(RequestKind::kSetAccountMode, "POST", "/fapi/v1/marginType", "", 1, symbol);
  call.parameters.Plain("marginType", isolated ? "ISOLATED" : "CROSSED");
  return call;
}
Call SetPositionMode(bool hedge) {
  Call call = MakeCall(RequestKind::kSetAccountMode, "POST", "/fapi/v1/positionSide/dual", "", 1);
  call.parameters.Flag("dualSidePosition", hedge);
  return call;
}
Call SetMultiAssetMode(bool on) {
  Call call = MakeCall(RequestKind::kSetAccountMode, "POST", "/fapi/v1/multiAssetsMargin", "", 1);
  call.parameters.Flag("multiAssetsMargin", on);
  return call;
}
Call ChangeMargin(std::string_view symbol, Decimal amount, bool add, PositionSide side) {
  Call call =
      WithSymbol(RequestKind::kSetAccountMode, "POST", "/fapi/v1/positionMargin", "", 1, symbol);
  call.parameters.Number("type", add ? 1 : 2);
  call.parameters.Add("amount", amount);
  if (side != PositionSide::kOneWay)
    call.parameters.Plain("positionSide", side == PositionSide::kLong ? "LONG" : "SHORT");
  return call;
}

Call Countdown(std::string_view symbol, base::Duration timeout) {
  Call call =
      WithSymbol(RequestKind::kDeadMan, "POST", "/fapi/v1/countdownCancelAll", "", 10, symbol);
  call.parameters.Number("countdownTime",
                         std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
  return call;
}

Call StartStream() {
  return MakeCall(RequestKind::kStreamKey, "POST", "/fapi/v1/listenKey", "userDataStream.start", 1,
                  Security::kKey);
}
Call KeepStream() {
  return MakeCall(RequestKind::kStreamKey, "PUT", "/fapi/v1/listenKey", "userDataStream.ping", 1,
                  Security::kKey);
}
Call CloseStream() {
  return MakeCall(RequestKind::kStreamKey, "DELETE", "/fapi/v1/listenKey", "userDataStream.stop", 1,
                  Security::kKey);
}
std::string StreamPath(std::string_view listen_key) {
  std::string path = "/ws/";
  base::AppendPercentEncoded(path, listen_key);
  return path;
}

Call ServerTime() {
  return MakeCall(RequestKind::kServerTime, "GET", "/fapi/v1/time", "", 1, Security::kPublic);
}

// --- public data -------------------------------------------------------------

namespace {
Call Public(std::string_view path, uint32_t weight, std::string_view symbol) {
  return WithSymbol(RequestKind::kMarketData, "GET", path, "", weight, symbol, Security::kPublic);
}
Call Statistics(std::string_view path, std::string_view symbol, std::string_view period,
                const Page& page) {
  Call call = Public(path, 0, symbol);
  call.parameters.Text("period", period);
  AddPage(call.parameters, page);
  return call;
}
}  // namespace

Call Depth(std::string_view symbol, int limit) {
  Call call = Public("/fapi/v1/depth",
                     limit <= 50    ? 2
                     : limit <= 100 ? 5
                     : limit <= 500 ? 10
                                    : 20,
                     symbol);
  if (limit > 0) call.parameters.Number("limit", limit);
  return call;
}
Call AggregateTrades(std::string_view symbol, const Page& page) {
  Call call = Public("/fapi/v1/aggTrades", 20, symbol);
  AddPage(call.parameters, page);
  return call;
}
Call Klines(CandleKind kind, std::string_view symbol, std::string_view interval, const Page& page) {
  constexpr std::string_view kPaths[] = {"/fapi/v1/klines", "/fapi/v1/markPriceKlines",
                                         "/fapi/v1/indexPriceKlines",
                                         "/fapi/v1/premiumIndexKlines"};
  Call call = Public(kPaths[static_cast<size_t>(kind) - 1], 5, "");
  // Index candles are of a pair, which has the name of the perpetual.
  call.parameters.Text(kind == CandleKind::kIndex ? "pair" : "symbol", symbol);
  call.parameters.Text("interval", interval);
  AddPage(call.parameters, page);
  return call;
}
Call DayTicker(std::string_view symbol) {
  return Public("/fapi/v1/ticker/24hr", symbol.empty() ? 40 : 1, symbol);
}
Call BookTicker(std::string_view symbol) {
  return Public("/fapi/v1/ticker/bookTicker", symbol.empty() ? 5 : 2, symbol);
}
Call Price(std::string_view symbol) {
  return Public("/fapi/v1/ticker/price", symbol.empty() ? 2 : 1, symbol);
}
Call PremiumIndex(std::string_view symbol) {
  return Public("/fapi/v1/premiumIndex", symbol.empty() ? 10 : 1, symbol);
}
Call FundingRates(std::string_view symbol, const Page& page) {
  Call call = Public("/fapi/v1/fundingRate", 1, symbol);
  AddPage(call.parameters, page);
  return call;
}
Call FundingInfo() { return Public("/fapi/v1/fundingInfo", 1, ""); }
Call OpenInterest(std::string_view symbol) { return Public("/fapi/v1/openInterest", 1, symbol); }
Call OpenInterestHistory(std::string_view symbol, std::string_view period, const Page& page) {
  return Statistics("/futures/data/openInterestHist", symbol, period, page);
}
Call LongShortRatio(std::string_view symbol, std::string_view period, const Page& page) {
  return Statistics("/futures/data/globalLongShortAccountRatio", symbol, period, page);
}

}  // namespace gannet::venue::binance::usdm
