// Order and account endpoints.
#include <algorithm>
#include <initializer_list>

#include "services/venue-sim/api.h"
#include "services/venue-sim/filters.h"
#include "services/venue-sim/payloads.h"

namespace gannet::venue_sim {
namespace {

constexpr std::string_view kPlaceParams[] = {
    "symbol", "side", "type", "timeInForce", "quantity", "quoteOrderQty", "price",
    "newClientOrderId", "strategyId", "strategyType", "stopPrice", "trailingDelta", "icebergQty",
    "newOrderRespType", "selfTradePreventionMode", "recvWindow", "timestamp", "signature", "apiKey",
    "computeCommissionRates", "returnRateLimits", "pegPriceType", "pegOffsetType", "pegOffsetValue",
    // cancelReplace
    "cancelReplaceMode", "cancelNewClientOrderId", "cancelOrigClientOrderId", "cancelOrderId",
    "cancelRestrictions", "orderRateLimitExceededMode"};

void RefuseUnread(ApiCall& call) {
  const auto& sent = call.request.params.all();
  size_t read = 0;
  for (const auto& [name, value] : sent) {
    read +=
        std::find(std::begin(kPlaceParams), std::end(kPlaceParams), name) != std::end(kPlaceParams)
            ? 1
            : 0;
  }
  if (read == sent.size()) return;
  call.params.Refuse(-1104, "Not all sent parameters were read; read '" + std::to_string(read) +
                                "' parameter(s) but was sent '" + std::to_string(sent.size()) +
                                "'.");
}

// What each type needs and does not take, as the order endpoint documents it.
void ReadTypeParams(ApiCall& call, PlaceRequest& request) {
  ParamReader& params = call.params;
  const Params& sent = call.request.params;
  if (request.kind == OrderKind::kMarket) {
    params.RefuseUnneeded("price");
    params.RefuseUnneeded("stopPrice");
    if (sent.Has("quantity") && sent.Has("quoteOrderQty"))
      params.Refuse(-1128, "Combination of optional parameters invalid.");
    if (sent.Has("quoteOrderQty")) {
      request.quote_quantity = params.Decimal("quoteOrderQty");
    } else {
      request.quantity = params.Decimal("quantity");
    }
  } else {
    params.RefuseUnneeded("quoteOrderQty");
    request.quantity = params.Decimal("quantity");
  }
  if (HasPrice(request.kind)) {
    request.price = params.Decimal("price");
  } else {
    params.RefuseUnneeded("price");
  }
  if (HasStop(request.kind)) {
    // Of a trailing one it is optional.
    request.trailing_delta = static_cast<uint32_t>(
        std::clamp<int64_t>(params.IntegerOr("trailingDelta", 0), 0, kMaxTrailingDelta + 1));
    request.stop_price =
        request.trailing_delta > 0 ? params.DecimalOr("stopPrice", 0) : params.Decimal("stopPrice");
  } else {
    params.RefuseUnneeded("trailingDelta");
    params.RefuseUnneeded("stopPrice");
  }
  const bool timed = HasPrice(request.kind) && request.kind != OrderKind::kLimitMaker;
  if (timed) {
    const auto time = ParseTimeInForce(params.Text("timeInForce"));
    if (params.ok() && !time) params.Refuse(-1115, "Invalid timeInForce.");
    request.time_in_force = time.value_or(TimeInForce::kGtc);
  } else if (sent.Has("timeInForce")) {
    params.Refuse(-1114, "TimeInForce parameter sent when not required.");
  }
  if (sent.Has("icebergQty") && params.Decimal("icebergQty") > 0) {
    params.Refuse(-1013, "Iceberg orders are not supported for this symbol.");
  }
  if (sent.Has("pegPriceType"))
    params.Refuse(-1013, "Pegged orders are not supported for this symbol.");
  if (params.ok() && HasPrice(request.kind) && request.price == 0)
    params.Refuse(-1013, "Invalid price.");
  if (params.ok() && HasStop(request.kind) && request.trailing_delta == 0 &&
      request.stop_price == 0)
    params.Refuse(-1013, "Invalid stopPrice.");
  if (params.ok() && request.quantity == 0 && request.quote_quantity == 0)
    params.Refuse(-1013, "Invalid quantity.");
}

PlaceRequest ReadPlace(ApiCall& call) {
  ParamReader& params = call.params;
  PlaceRequest request;
  RefuseUnread(call);
  request.symbol = params.Symbol();
  const std::string_view side_text = params.Text("side");
  const auto side = ParseSide(side_text);
  if (params.ok() && !side) params.Refuse(-1117, "Invalid side.");
  request.side = side.value_or(market::Side::kBuy);
  const std::string_view type_text = params.Text("type");
  const auto kind = ParseOrderKind(type_text);
  if (params.ok() && !kind) params.Refuse(-1116, "Invalid orderType.");
  if (!params.ok()) return request;
  request.kind = *kind;
  ReadTypeParams(call, request);
  request.client_order_id = params.ClientOrderId("newClientOrderId");
  const auto mode = ParseSelfTrade(params.TextOr("selfTradePreventionMode", "EXPIRE_MAKER"));
  if (params.ok() && !mode)
    params.Refuse(-1013, "This symbol does not allow the specified self-trade prevention mode.");
  request.self_trade = mode.value_or(matching::SelfTrade::kExpireMaker);
  return request;
}

Detail ReadDetail(ApiCall& call, OrderKind kind) {
  const bool full = kind == OrderKind::kMarket || kind == OrderKind::kLimit;
  const std::string_view text = call.params.TextOr("newOrderRespType", full ? "FULL" : "ACK");
  if (text == "ACK") return Detail::kAck;
  if (text == "RESULT") return Detail::kResult;
  if (text != "FULL")
    call.params.Refuse(-1130, "Data sent for parameter 'newOrderRespType' is not valid.");
  return Detail::kFull;
}

OrderRef ReadRef(ApiCall& call, std::string_view id_name, std::string_view client_name) {
  OrderRef ref;
  ref.symbol = call.params.Symbol();
  ref.order_id = static_cast<uint64_t>(call.params.IntegerOr(id_name, 0));
  ref.client_order_id = call.params.ClientOrderId(client_name);
  if (ref.order_id == 0 && ref.client_order_id.empty()) {
    call.params.Refuse(-1102, "Param '" + std::string(client_name) + "' or '" +
                                  std::string(id_name) +
                                  "' must be sent, but both were empty/null!");
  }
  return ref;
}

// The order is in another state than the cancel asks for.
std::optional<ApiError> CheckRestriction(ApiCall& call, const VenueCore& core,
                                         const OrderRef& ref) {
  const std::string_view wanted = call.params.TextOr("cancelRestrictions", "");
  if (wanted.empty() || !call.params.ok()) return std::nullopt;
  if (wanted != "ONLY_NEW" && wanted != "ONLY_PARTIALLY_FILLED")
    return ApiError{-1145, "Invalid cancelRestrictions"};
  const auto order = core.FindOrder(call.account, ref);
  const OrderStatus needed =
      wanted == "ONLY_NEW" ? OrderStatus::kNew : OrderStatus::kPartiallyFilled;
  if (Ok(order) && IsOpen(Ok(order)->status) && Ok(order)->status != needed) {
    return ApiError{-2011, "Order was not canceled due to cancel restrictions."};
  }
  return std::nullopt;
}

size_t ReadLimit(ApiCall& call) {
  const int64_t limit = call.params.IntegerOr("limit", 500);
  if (limit == 0 || limit > 1000)
    call.params.Refuse(-1130, "Data sent for parameter 'limit' is not valid.");
  return static_cast<size_t>(limit);
}

std::string_view Name(LegResult result) {
  switch (result) {
    case LegResult::kSuccess:
      return "SUCCESS";
    case LegResult::kFailure:
      return "FAILURE";
    case LegResult::kNotAttempted:
      return "NOT_ATTEMPTED";
  }
  return "";
}

}  // namespace

void Api::PlaceOrder(ApiCall& call) {
  const PlaceRequest request = ReadPlace(call);
  const Detail detail = ReadDetail(call, request.kind);
  if (!call.params.ok()) return;
  call.reply.ordered_by = call.account;
  if (auto error = limits_.UseOrder(call.account, call.now)) return call.Fail(*std::move(error));
  const Answer<Placed> placed = exchange_.Place(call.account, request);
  if (const ApiError* error = Failed(placed)) return call.Fail(*error);
  WritePlaced(call.json, *Ok(placed), detail);
}

void Api::TestOrder(ApiCall& call) {
  const bool rates = call.params.BoolOr("computeCommissionRates", false);
  const PlaceRequest request = ReadPlace(call);
  (void)ReadDetail(call, request.kind);
  if (!call.params.ok()) return;
  if (auto error = core().Check(call.account, request)) return call.Fail(*std::move(error));
  if (!rates) {
    call.json.Object().EndObject();
    return;
  }
  WriteCommission(call.json, core(), request.symbol);
}

void Api::CancelOrder(ApiCall& call) {
  const OrderRef ref = ReadRef(call, "orderId", "origClientOrderId");
  const std::string id = call.params.ClientOrderId("newClientOrderId");
  auto restricted = CheckRestriction(call, core(), ref);
  if (!call.params.ok()) return;
  if (restricted) return call.Fail(*std::move(restricted));
  const Answer<Canceled> canceled = exchange_.Cancel(call.account, ref, id);
  if (const ApiError* error = Failed(canceled)) return call.Fail(*error);
  WriteCanceled(call.json, *Ok(canceled));
}

void Api::QueryOrder(ApiCall& call) {
  const OrderRef ref = ReadRef(call, "orderId", "origClientOrderId");
  if (!call.params.ok()) return;
  const Answer<VenueOrder> order = core().FindOrder(call.account, ref);
  if (const ApiError* error = Failed(order)) return call.Fail(*error);
  WriteOrder(call.json, *Ok(order));
}

void Api::CancelReplaceOrder(ApiCall& call) {
  const PlaceRequest request = ReadPlace(call);
  const Detail detail = ReadDetail(call, request.kind);
  const std::string_view mode = call.params.Text("cancelReplaceMode");
  if (call.params.ok() && mode != "STOP_ON_FAILURE" && mode != "ALLOW_FAILURE") {
    call.params.Refuse(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.");
  }
  const OrderRef ref = ReadRef(call, "cancelOrderId", "cancelOrigClientOrderId");
  const std::string cancel_id = call.params.ClientOrderId("cancelNewClientOrderId");
  if (!call.params.ok()) return;
  call.reply.ordered_by = call.account;
  if (auto error = limits_.UseOrder(call.account, call.now)) return call.Fail(*std::move(error));

  CancelReplaced done;
  if (auto restricted = CheckRestriction(call, core(), ref)) {
    done.cancel = LegResult::kFailure;
    done.canceled = *std::move(restricted);
    if (mode == "ALLOW_FAILURE") {
      done.placed = exchange_.Place(call.account, request);
      done.place = Ok(done.placed) ? LegResult::kSuccess : LegResult::kFailure;
    }
  } else {
    done =
        exchange_.CancelReplace(call.account, ref, cancel_id, mode == "STOP_ON_FAILURE", request);
  }
  JsonText json;
  json.Object().Text("cancelResult", Name(done.cancel)).Text("newOrderResult", Name(done.place));
  JsonText leg;
  if (const Canceled* canceled = Ok(done.canceled);
      done.cancel == LegResult::kSuccess && canceled) {
    WriteCanceled(leg, *canceled);
  } else {
    WriteError(leg, *Failed(done.canceled));
  }
  json.Raw("cancelResponse", leg.text());
  JsonText second;
  if (done.place == LegResult::kNotAttempted) {
    second.Null();
  } else if (const Placed* placed = Ok(done.placed); done.place == LegResult::kSuccess && placed) {
    WritePlaced(second, *placed, detail);
  } else {
    WriteError(second, *Failed(done.placed));
  }
  json.Raw("newOrderResponse", second.text()).EndObject();
  const int successes =
      (done.cancel == LegResult::kSuccess ? 1 : 0) + (done.place == LegResult::kSuccess ? 1 : 0);
  if (successes == 2) {
    call.json.Raw(json.text());
    return;
  }
  call.reply.error_data = json.Take();
  if (successes == 1) return call.Fail({-2021, "Order cancel-replace partially failed.", 409});
  call.Fail({-2022, "Order cancel-replace failed.", 400});
}

void Api::AmendOrder(ApiCall& call) {
  const OrderRef ref = ReadRef(call, "orderId", "origClientOrderId");
  const std::string id = call.params.ClientOrderId("newClientOrderId");
  const int64_t quantity = call.params.Decimal("newQty");
  if (!call.params.ok()) return;
  const Answer<Amended> amended = exchange_.Amend(call.account, ref, quantity, id);
  if (const ApiError* error = Failed(amended)) return call.Fail(*error);
  WriteAmended(call.json, *Ok(amended));
}

void Api::OpenOrders(ApiCall& call) {
  std::optional<SymbolIndex> symbol;
  if (call.request.params.Has("symbol")) symbol = call.params.Symbol();
  if (!call.params.ok()) return;
  call.json.Array();
  for (const VenueOrder* order : core().OpenOrders(call.account, symbol))
    WriteOrder(call.json, *order);
  call.json.EndArray();
}

void Api::CancelOpenOrders(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  if (!call.params.ok()) return;
  const std::vector<Canceled> canceled = exchange_.CancelAll(call.account, symbol);
  if (canceled.empty()) return call.Fail({-2011, "Unknown order sent."});
  call.json.Array();
  for (const Canceled& order : canceled) WriteCanceled(call.json, order);
  call.json.EndArray();
}

void Api::AllOrders(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  const int64_t from = call.params.IntegerOr("orderId", 0);
  const int64_t start = call.params.IntegerOr("startTime", 0);
  const int64_t end = call.params.IntegerOr("endTime", INT64_MAX);
  const size_t limit = ReadLimit(call);
  if (!call.params.ok()) return;
  // From an order or a time on: the first ones. Otherwise the most recent.
  const bool from_the_front = from > 0 || start > 0;
  std::deque<const VenueOrder*> chosen;
  core().ForOrders(call.account, symbol, static_cast<uint64_t>(from), [&](const VenueOrder& order) {
    const int64_t created = base::UnixMillis(order.created);
    if (created < start || created > end) return true;
    chosen.push_back(&order);
    if (chosen.size() > limit) {
      if (from_the_front) {
        chosen.pop_back();
        return false;
      }
      chosen.pop_front();
    }
    return true;
  });
  call.json.Array();
  for (const VenueOrder* order : chosen) WriteOrder(call.json, *order);
  call.json.EndArray();
}

void Api::MyTrades(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  const int64_t order = call.params.IntegerOr("orderId", 0);
  const int64_t from = call.params.IntegerOr("fromId", 0);
  const int64_t start = call.params.IntegerOr("startTime", 0);
  const int64_t end = call.params.IntegerOr("endTime", INT64_MAX);
  const size_t limit = ReadLimit(call);
  if (!call.params.ok()) return;
  std::vector<const AccountTrade*> chosen;
  for (const AccountTrade& trade : core().account_trades(call.account)) {
    if (trade.symbol != symbol || trade.time_ms < start || trade.time_ms > end) continue;
    if (order > 0 && trade.order_id != static_cast<uint64_t>(order)) continue;
    if (trade.fill.trade_id < static_cast<uint64_t>(from)) continue;
    chosen.push_back(&trade);
  }
  const bool from_the_front = from > 0 || start > 0;
  const size_t skip = from_the_front || chosen.size() <= limit ? 0 : chosen.size() - limit;
  call.json.Array();
  for (size_t i = skip; i < chosen.size() && i - skip < limit; ++i)
    WriteAccountTrade(call.json, *chosen[i]);
  call.json.EndArray();
}

void Api::Account(ApiCall& call) {
  const bool omit_zero = call.params.BoolOr("omitZeroBalances", false);
  if (call.params.ok()) WriteAccount(call.json, core(), call.account, omit_zero, call.now);
}

void Api::OrderLimits(ApiCall& call) {
  call.json.Array();
  limits_.WriteOrders(call.json, call.account, call.now);
  call.json.EndArray();
}

void Api::Commission(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  if (call.params.ok()) WriteCommission(call.json, core(), symbol);
}

void Api::Deposit(ApiCall& call) {
  const std::string asset(call.params.Text("asset"));
  const Params& sent = call.request.params;
  // Decimals of the venue have no sign: a withdrawal says so by its direction.
  const int64_t amount = call.params.Decimal("amount");
  const bool out = sent.Get("direction") == "OUT";
  if (!call.params.ok()) return;
  if (!exchange_.Deposit(call.account, asset, out ? -Amount{amount} : Amount{amount})) {
    return call.Fail({-2010, "Account has insufficient balance for requested action."});
  }
  call.json.Object().EndObject();
}

void Api::ExpireOrder(ApiCall& call) {
  EndOfItself(call, UsdmVerb::kExpire, [this, &call](const OrderRef& ref) {
    const Answer<Canceled> expired = exchange_.Expire(call.account, ref);
    const ApiError* error = Failed(expired);
    return error == nullptr ? std::nullopt : std::optional(*error);
  });
}

void Api::LoseOrder(ApiCall& call) {
  EndOfItself(call, UsdmVerb::kLose,
              [this, &call](const OrderRef& ref) { return exchange_.Lose(call.account, ref); });
}

// What is not stated is as it is listed, and whoever states nothing restores it.
void Api::Restate(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  Restatement restatement;
  for (const auto& [name, rule] : {std::pair("tickSize", &restatement.tick),
                                   {"stepSize", &restatement.lot},
                                   {"maxPrice", &restatement.max_price},
                                   {"maxQty", &restatement.max_quantity},
                                   {"minNotional", &restatement.min_notional}}) {
    *rule = call.params.DecimalOr(name, 0);
  }
  restatement.halted = call.request.params.Get("status") == "HALT";
  if (!call.params.ok()) return;
  if (!exchange_.Restate(symbol, restatement))
    return call.Fail({-1130, "tickSize and stepSize leave amounts that are not exact."});
  call.json.Object().EndObject();
}

// What the venue does to an order of itself, on spot or to a perpetual.
void Api::EndOfItself(ApiCall& call, UsdmVerb verb,
                      const std::function<std::optional<ApiError>(const OrderRef&)>& on_spot) {
  const OrderRef ref = ReadRef(call, "orderId", "origClientOrderId");
  const bool usdm = call.request.params.Get("market") == "USDM";
  if (!call.params.ok()) return;
  std::optional<ApiError> error;
  if (usdm) {
    UsdmCommand command{.verb = verb, .account = call.account};
    command.place.symbol = ref.symbol;
    command.id = ref.order_id;
    command.client_id = ref.client_order_id;
    error = exchange_.Usdm(std::move(command)).error;
  } else {
    error = on_spot(ref);
  }
  if (error) return call.Fail(*error);
  call.json.Object().EndObject();
}

void Api::RetiredListenKey(ApiCall& call) {
  call.Fail({-1020,
             "Listen keys are no longer supported. Subscribe with "
             "userDataStream.subscribe.signature of the WebSocket API.",
             410});
}

void Api::AllCoins(ApiCall& call) {
  call.json.Array();
  for (const std::string& asset : ListedAssets()) {
    const Balance balance = core().ledger().balance(call.account, asset);
    call.json.Object()
        .Text("coin", asset)
        .Bool("depositAllEnable", false)
        .Bool("withdrawAllEnable", false)
        .Text("name", asset);
    call.json.Decimal("free", balance.free)
        .Decimal("locked", balance.locked)
        .Text("freeze", "0")
        .Text("withdrawing", "0");
    call.json.Text("ipoing", "0")
        .Text("ipoable", "0")
        .Text("storage", "0")
        .Bool("isLegalMoney", false)
        .Bool("trading", true);
    call.json.Array("networkList").EndArray().EndObject();
  }
  call.json.EndArray();
}

// Fields as developers.binance.com documents them ("Get API Key Permission").
void Api::KeyRestrictions(ApiCall& call) {
  const auto key = authenticator_.CheckKey(call.request.api_key);
  if (const ApiError* error = Failed(key)) return call.Fail(*error);
  const ApiKey& known = **Ok(key);
  call.json.Object()
      .Bool("ipRestrict", known.ip_restricted)
      .Int("createTime", 0)
      .Bool("enableReading", true)
      .Bool("enableSpotAndMarginTrading", true)
      .Bool("enableWithdrawals", known.may_withdraw)
      .Bool("enableInternalTransfer", known.may_withdraw)
      .Bool("permitsUniversalTransfer", false)
      .Bool("enableMargin", false)
      .Bool("enableFutures", known.may_trade_futures)
      .Bool("enableVanillaOptions", false)
      .Bool("enablePortfolioMarginTrading", false)
      .Bool("enableFixApiTrade", false)
      .Bool("enableFixReadOnly", false)
      .EndObject();
}

void Api::TradeFees(ApiCall& call) {
  const auto rate = [](int64_t ppm) {
    return EightDecimals(static_cast<__int128>(ppm) * (kOne / 1'000'000));
  };
  call.json.Array();
  for (const Symbol& symbol : ListedSymbols()) {
    call.json.Object()
        .Text("symbol", symbol.name)
        .Text("makerCommission", rate(core().options().maker_fee_ppm));
    call.json.Text("takerCommission", rate(core().options().taker_fee_ppm)).EndObject();
  }
  call.json.EndArray();
}

}  // namespace gannet::venue_sim
