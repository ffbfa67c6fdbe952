// Order and account endpoints of the perpetuals (/fapi).
#include <simdjson.h>

#include <algorithm>

#include "services/venue-sim/api.h"
#include "services/venue-sim/payloads.h"
#include "services/venue-sim/usdm_payloads.h"

namespace gannet::venue_sim {
namespace {

SymbolIndex ReadSymbol(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  if (call.params.ok() && !UsdmMarket::Lists(symbol)) call.params.Refuse(-1121, "Invalid symbol.");
  return symbol;
}

std::optional<SymbolIndex> ReadSymbolOrAll(ApiCall& call) {
  if (!call.request.params.Has("symbol")) return std::nullopt;
  return ReadSymbol(call);
}

// 0.1 to 10 per cent, of which the venue takes one digit.
void ReadTrailing(ParamReader& params, UsdmPlace& place) {
  constexpr int64_t kTenth = kOne / 10;
  const int64_t rate = params.Decimal("callbackRate");
  if (params.ok() && (rate < kTenth || rate > 100 * kTenth || rate % kTenth != 0))
    params.Refuse(-1130, "Data sent for parameter 'callbackRate' is not valid.");
  place.trailing_bps = static_cast<uint32_t>(rate / (kOne / 100));
  place.trigger = params.DecimalOr("activatePrice", 0);
}

UsdmPlace ReadPlace(ApiCall& call, bool algo) {
  ParamReader& params = call.params;
  UsdmPlace place;
  place.symbol = ReadSymbol(call);
  const auto side = ParseSide(params.Text("side"));
  if (params.ok() && !side) params.Refuse(-1117, "Invalid side.");
  place.side = side.value_or(market::Side::kBuy);
  const auto type = ParseUsdmType(params.Text("type"));
  if (params.ok() && !type) params.Refuse(-1116, "Invalid orderType.");
  place.type = type.value_or(UsdmType::kLimit);
  if (params.ok() && !algo && IsAlgo(place.type)) {
    params.Refuse(-4120,
                  "Order type not supported for this endpoint. Please use the Algo Order "
                  "API endpoints instead.");
  }
  if (params.ok() && algo && !IsAlgo(place.type)) params.Refuse(-1116, "Invalid orderType.");
  if (HasPrice(place.type)) {
    // Mandatory on LIMIT only.
    const std::string_view text = place.type == UsdmType::kLimit
                                      ? params.Text("timeInForce")
                                      : params.TextOr("timeInForce", "GTC");
    const auto time = ParseUsdmTime(text);
    if (params.ok() && !time) params.Refuse(-1115, "Invalid timeInForce.");
    place.time_in_force = time.value_or(UsdmTime::kGtc);
    place.price = params.Decimal("price");
    if (place.time_in_force == UsdmTime::kGtd) {
      place.good_till_ms = params.IntegerOr("goodTillDate", 0) / 1000 * 1000;  // seconds count
    } else {
      params.RefuseUnneeded("goodTillDate");
    }
  } else {
    params.RefuseUnneeded("price");
    place.time_in_force = UsdmTime::kIoc;
  }
  if (algo && place.type == UsdmType::kTrailingStopMarket) {
    ReadTrailing(params, place);
  } else if (algo) {
    place.trigger = params.Decimal("triggerPrice");
  }
  place.quantity = params.Decimal("quantity");
  place.reduce_only = params.BoolOr("reduceOnly", false);
  place.client_id = params.ClientOrderId(algo ? "clientAlgoId" : "newClientOrderId");
  const auto leg = ParseUsdmLeg(params.TextOr("positionSide", "BOTH"));
  if (params.ok() && !leg) params.Refuse(-1116, "Invalid positionSide.");
  place.leg = leg.value_or(UsdmLeg::kBoth);
  // "Cannot be sent in Hedge Mode".
  if (place.leg != UsdmLeg::kBoth) params.RefuseUnneeded("reduceOnly");
  return place;
}

// By number or by name; -1102 without either.
void ReadRef(ApiCall& call, std::string_view id, std::string_view name, UsdmCommand& out) {
  out.id = static_cast<uint64_t>(call.params.IntegerOr(id, 0));
  out.client_id = call.params.ClientOrderId(name);
  if (out.id == 0 && out.client_id.empty()) {
    call.params.Refuse(-1102, "Param '" + std::string(name) + "' or '" + std::string(id) +
                                  "' must be sent, but both were empty/null!");
  }
}

// The rows of a history in order, as startTime, endTime, fromId, limit and page choose them.
template <class Rows, class Id, class Write>
void WriteRows(ApiCall& call, const Rows& rows, std::string_view from_name, Id id, Write write) {
  const int64_t from = call.params.IntegerOr(from_name, 0);
  const int64_t start = call.params.IntegerOr("startTime", 0);
  const int64_t end = call.params.IntegerOr("endTime", INT64_MAX);
  const int64_t limit = std::clamp<int64_t>(call.params.IntegerOr("limit", 500), 1, 1000);
  const int64_t page = std::clamp<int64_t>(call.params.IntegerOr("page", 1), 1, 1'000'000);
  if (!call.params.ok()) return;
  std::vector<const typename Rows::value_type*> chosen;
  for (const auto& row : rows) {
    if (row.time_ms >= start && row.time_ms <= end && id(row) >= static_cast<uint64_t>(from))
      chosen.push_back(&row);
  }
  const auto most = static_cast<size_t>(limit);
  const bool from_the_front = from > 0 || start > 0;
  const size_t last = from_the_front || chosen.size() <= most ? 0 : chosen.size() - most;
  const size_t skip = last + most * static_cast<size_t>(page - 1);
  call.json.Array();
  for (size_t i = skip; i < chosen.size() && i - skip < most; ++i) write(*chosen[i]);
  call.json.EndArray();
}

}  // namespace

void Api::UsdmExchangeInfo(ApiCall& call) {
  WriteUsdmExchangeInfo(call.json, core(), usdm_limits_, call.now);
}

void Api::UsdmDepth(ApiCall& call) {
  constexpr int64_t kLimits[] = {5, 10, 20, 50, 100, 500, 1000};
  const SymbolIndex symbol = ReadSymbol(call);
  const int64_t limit = call.params.IntegerOr("limit", 500);
  if (std::find(std::begin(kLimits), std::end(kLimits), limit) == std::end(kLimits))
    call.params.Refuse(-4021, "Invalid depth limit.");
  if (call.params.ok())
    WriteUsdmDepth(call.json, core(), symbol, static_cast<size_t>(limit), call.now);
}

void Api::UsdmBookTicker(ApiCall& call) {
  const std::optional<SymbolIndex> only = ReadSymbolOrAll(call);
  if (!call.params.ok()) return;
  if (only) return WriteBookTicker(call.json, core(), *only);
  call.json.Array();
  for (SymbolIndex symbol = 0; symbol < ListedSymbols().size(); ++symbol) {
    if (UsdmMarket::Lists(symbol)) WriteBookTicker(call.json, core(), symbol);
  }
  call.json.EndArray();
}

void Api::UsdmPlaceOrder(ApiCall& call) { PlaceUsdm(call, UsdmVerb::kPlace); }
void Api::UsdmPlaceAlgo(ApiCall& call) { PlaceUsdm(call, UsdmVerb::kPlaceAlgo); }

void Api::PlaceUsdm(ApiCall& call, UsdmVerb verb) {
  UsdmCommand command{.verb = verb, .account = call.account};
  command.place = ReadPlace(call, verb == UsdmVerb::kPlaceAlgo);
  if (!call.params.ok()) return;
  call.reply.ordered_by = call.account;
  if (auto error = usdm_limits_.UseOrder(call.account, call.now))
    return call.Fail(*std::move(error));
  WriteUsdmReply(call, exchange_.Usdm(std::move(command)));
}

void Api::WriteUsdmReply(ApiCall& call, const UsdmReply& reply) {
  if (reply.error) return call.Fail(*reply.error);
  if (reply.order) WriteUsdmOrder(call.json, *reply.order);
  if (reply.algo) WriteUsdmAlgo(call.json, *reply.algo);
}

void Api::UsdmCancelOrder(ApiCall& call) {
  UsdmCommand command{.verb = UsdmVerb::kCancel, .account = call.account};
  command.place.symbol = ReadSymbol(call);
  ReadRef(call, "orderId", "origClientOrderId", command);
  if (call.params.ok()) WriteUsdmReply(call, exchange_.Usdm(std::move(command)));
}

// An order, or what was wrong with it, of a batch.
void Api::WriteUsdmMember(ApiCall& call, const UsdmReply& reply) {
  if (reply.order) return WriteUsdmOrder(call.json, *reply.order);
  call.json.Object().Int("code", reply.error->code).Text("msg", reply.error->message).EndObject();
}

// Five at most, each as if it came alone. The batch counts as five orders by ten seconds,
// however many it holds.
void Api::UsdmPlaceBatch(ApiCall& call) {
  constexpr size_t kMostOrders = 5;
  const std::string text(call.params.Text("batchOrders"));
  if (!call.params.ok()) return;
  simdjson::dom::parser parser;
  simdjson::dom::array members;
  if (parser.parse(text).get(members)) {
    return call.params.Refuse(-1130, "Data sent for parameter 'batchOrders' is not valid.");
  }
  if (members.size() == 0 || members.size() > kMostOrders)
    return call.Fail({-4082, "Invalid number of batch place orders."});
  call.reply.ordered_by = call.account;
  if (auto error = usdm_limits_.UseOrder(call.account, call.now, kMostOrders))
    return call.Fail(*std::move(error));
  call.json.Array();
  for (const simdjson::dom::element member : members) {
    ApiRequest order;
    simdjson::dom::object fields;
    if (!member.get(fields)) {
      for (const auto [name, value] : fields) {
        std::string_view words;
        order.params.Add(std::string(name),
                         value.get(words) ? simdjson::minify(value) : std::string(words));
      }
    }
    ApiCall one{.request = order,
                .params = ParamReader(order.params),
                .account = call.account,
                .now = call.now};
    UsdmCommand command{.verb = UsdmVerb::kPlace, .account = call.account};
    command.place = ReadPlace(one, /*algo=*/false);
    WriteUsdmMember(call, one.params.ok() ? exchange_.Usdm(std::move(command))
                                          : UsdmReply{.error = one.params.error()});
  }
  call.json.EndArray();
}

// By numbers or by names, ten at most; each has an order or an error in the answer.
void Api::UsdmCancelBatch(ApiCall& call) {
  constexpr size_t kMostOrders = 10;
  const SymbolIndex symbol = ReadSymbol(call);
  const bool by_number = call.request.params.Has("orderIdList");
  const std::string name = by_number ? "orderIdList" : "origClientOrderIdList";
  const std::string text(call.params.Text(name));
  if (!call.params.ok()) return;
  const auto refuse = [&] {
    call.params.Refuse(-1130, "Data sent for parameter '" + name + "' is not valid.");
  };
  simdjson::dom::parser parser;
  simdjson::dom::array members;
  if (parser.parse(text).get(members) || members.size() == 0 || members.size() > kMostOrders)
    return refuse();
  std::vector<UsdmCommand> commands;
  for (const simdjson::dom::element member : members) {
    UsdmCommand& command =
        commands.emplace_back(UsdmCommand{.verb = UsdmVerb::kCancel, .account = call.account});
    command.place.symbol = symbol;
    std::string_view client_id;
    const bool read = by_number ? !member.get(command.id) : !member.get(client_id);
    if (!read) return refuse();
    command.client_id = client_id;
  }
  call.json.Array();
  for (UsdmCommand& command : commands) WriteUsdmMember(call, exchange_.Usdm(std::move(command)));
  call.json.EndArray();
}

void Api::UsdmCancelAlgo(ApiCall& call) {
  UsdmCommand command{.verb = UsdmVerb::kCancelAlgo, .account = call.account};
  ReadRef(call, "algoId", "clientAlgoId", command);
  if (!call.params.ok()) return;
  const UsdmReply reply = exchange_.Usdm(std::move(command));
  if (reply.error) return call.Fail(*reply.error);
  call.json.Object()
      .Unsigned("algoId", reply.algo->id)
      .Text("clientAlgoId", reply.algo->request.client_id)
      .Text("code", "200")
      .Text("msg", "success")
      .EndObject();
}

void Api::UsdmCancelAll(ApiCall& call) {
  UsdmCommand command{.verb = UsdmVerb::kCancelAll, .account = call.account};
  command.place.symbol = ReadSymbol(call);
  if (!call.params.ok()) return;
  (void)exchange_.Usdm(std::move(command));
  call.json.Object()
      .Int("code", 200)
      .Text("msg", "The operation of cancel all open order is done.")
      .EndObject();
}

void Api::UsdmQueryOrder(ApiCall& call) {
  UsdmCommand ref;
  const SymbolIndex symbol = ReadSymbol(call);
  ReadRef(call, "orderId", "origClientOrderId", ref);
  if (!call.params.ok()) return;
  const UsdmOrder* order = usdm().Find(call.account, symbol, ref.id, ref.client_id);
  if (order == nullptr) return call.Fail({-2013, "Order does not exist."});
  WriteUsdmOrder(call.json, *order);
}

void Api::UsdmQueryAlgo(ApiCall& call) {
  UsdmCommand ref;
  ReadRef(call, "algoId", "clientAlgoId", ref);
  if (!call.params.ok()) return;
  const UsdmAlgo* algo = usdm().FindAlgo(call.account, ref.id, ref.client_id);
  if (algo == nullptr) return call.Fail({-2013, "Order does not exist."});
  WriteUsdmAlgo(call.json, *algo);
}

void Api::UsdmOpenOrders(ApiCall& call) {
  const auto symbol = ReadSymbolOrAll(call);
  if (!call.params.ok()) return;
  call.json.Array();
  for (const UsdmOrder* order : usdm().OpenOrders(call.account, symbol))
    WriteUsdmOrder(call.json, *order);
  call.json.EndArray();
}

// From an order on the first ones, otherwise the most recent.
void Api::UsdmAllOrders(ApiCall& call) {
  const SymbolIndex symbol = ReadSymbol(call);
  const auto from = static_cast<uint64_t>(call.params.IntegerOr("orderId", 0));
  const auto limit =
      static_cast<size_t>(std::clamp<int64_t>(call.params.IntegerOr("limit", 500), 1, 1000));
  if (!call.params.ok()) return;
  std::vector<const UsdmOrder*> rows = usdm().AllOrders(call.account, symbol);
  std::erase_if(rows, [from](const UsdmOrder* order) { return order->id < from; });
  const size_t skip = from > 0 || rows.size() <= limit ? 0 : rows.size() - limit;
  call.json.Array();
  for (size_t i = skip; i < rows.size() && i - skip < limit; ++i)
    WriteUsdmOrder(call.json, *rows[i]);
  call.json.EndArray();
}

void Api::UsdmOpenAlgos(ApiCall& call) {
  const auto symbol = ReadSymbolOrAll(call);
  if (!call.params.ok()) return;
  call.json.Array();
  for (const UsdmAlgo* algo : usdm().OpenAlgos(call.account, symbol))
    WriteUsdmAlgo(call.json, *algo);
  call.json.EndArray();
}

void Api::UsdmTrades(ApiCall& call) {
  const SymbolIndex symbol = ReadSymbol(call);
  const auto order = static_cast<uint64_t>(call.params.IntegerOr("orderId", 0));
  std::vector<UsdmTrade> trades;
  for (const UsdmTrade& trade : usdm().trades(call.account)) {
    if (trade.symbol == symbol && (order == 0 || trade.order_id == order)) trades.push_back(trade);
  }
  WriteRows(
      call, trades, "fromId", [](const UsdmTrade& trade) { return trade.id; },
      [&](const UsdmTrade& trade) { WriteUsdmTrade(call.json, trade); });
}

void Api::UsdmIncomes(ApiCall& call) {
  const std::string_view type = call.params.TextOr("incomeType", "");
  std::vector<UsdmIncome> rows;
  for (const UsdmIncome& income : usdm().income(call.account)) {
    if (type.empty() || income.type == type) rows.push_back(income);
  }
  WriteRows(
      call, rows, "", [](const UsdmIncome&) { return uint64_t{0}; },
      [&](const UsdmIncome& income) { WriteUsdmIncome(call.json, income); });
}

void Api::UsdmAccount(ApiCall& call) { WriteUsdmAccount(call.json, usdm(), call.account); }

// Both must be sent; 0 would be "as it is".
void Api::UsdmAmendOrder(ApiCall& call) {
  UsdmCommand command{.verb = UsdmVerb::kAmend, .account = call.account};
  command.place.symbol = ReadSymbol(call);
  ReadRef(call, "orderId", "origClientOrderId", command);
  command.place.quantity = call.params.Decimal("quantity");
  command.place.price = call.params.Decimal("price");
  const auto side = ParseSide(call.params.Text("side"));
  if (call.params.ok() && !side) call.params.Refuse(-1117, "Invalid side.");
  if (!call.params.ok()) return;
  call.reply.ordered_by = call.account;
  if (auto error = usdm_limits_.UseOrder(call.account, call.now))
    return call.Fail(*std::move(error));
  WriteUsdmReply(call, exchange_.Usdm(std::move(command)));
}

void Api::UsdmSymbolConfig(ApiCall& call) {
  const auto only = ReadSymbolOrAll(call);
  if (!call.params.ok()) return;
  call.json.Array();
  for (SymbolIndex symbol = 0; symbol < ListedSymbols().size(); ++symbol) {
    if (!UsdmMarket::Lists(symbol) || (only && *only != symbol)) continue;
    const bool isolated = usdm().setup(call.account).isolated.contains(symbol);
    call.json.Object()
        .Text("symbol", ListedSymbols()[symbol].name)
        .Text("marginType", isolated ? "ISOLATED" : "CROSSED")
        .Bool("isAutoAddMargin", false)
        .Int("leverage", usdm().leverage(call.account, symbol))
        .Text("maxNotionalValue", "1000000")
        .EndObject();
  }
  call.json.EndArray();
}

void Api::UsdmSetPositionMode(ApiCall& call) {
  UsdmCommand command{.verb = UsdmVerb::kSetHedge, .account = call.account};
  command.amount = call.params.BoolOr("dualSidePosition", false) ? 1 : 0;
  SetUpUsdm(call, std::move(command));
}

void Api::UsdmSetLeverage(ApiCall& call) {
  UsdmCommand command{.verb = UsdmVerb::kSetLeverage, .account = call.account};
  command.place.symbol = ReadSymbol(call);
  command.amount = call.params.IntegerOr("leverage", 0);
  SetUpUsdm(call, std::move(command));
}

void Api::UsdmSetMargin(ApiCall& call) {
  UsdmCommand command{.verb = UsdmVerb::kSetMargin, .account = call.account};
  command.place.symbol = ReadSymbol(call);
  command.amount = call.params.Text("marginType") == "ISOLATED" ? 1 : 0;
  SetUpUsdm(call, std::move(command));
}

void Api::SetUpUsdm(ApiCall& call, UsdmCommand command) {
  if (!call.params.ok()) return;
  const UsdmVerb verb = command.verb;
  const SymbolIndex symbol = command.place.symbol;
  const UsdmReply reply = exchange_.Usdm(std::move(command));
  if (reply.error) return call.Fail(*reply.error);
  if (verb == UsdmVerb::kSetLeverage) {
    call.json.Object()
        .Int("leverage", usdm().leverage(call.account, symbol))
        .Text("maxNotionalValue", "1000000")
        .Text("symbol", ListedSymbols()[symbol].name)
        .EndObject();
  } else {
    call.json.Object().Int("code", 200).Text("msg", "success").EndObject();
  }
}

void Api::UsdmPositionMode(ApiCall& call) {
  call.json.Object().Bool("dualSidePosition", usdm().setup(call.account).hedge).EndObject();
}

void Api::UsdmCountdown(ApiCall& call) {
  UsdmCommand command{.verb = UsdmVerb::kCountdown, .account = call.account};
  command.place.symbol = ReadSymbol(call);
  const auto time = call.params.Integer("countdownTime");
  if (call.params.ok() && !time) call.params.RefuseMissing("countdownTime");
  if (!call.params.ok()) return;
  command.countdown = std::chrono::milliseconds(std::min<int64_t>(*time, 86'400'000));
  const std::string& symbol = ListedSymbols()[command.place.symbol].name;
  (void)exchange_.Usdm(std::move(command));
  call.json.Object()
      .Text("symbol", symbol)
      .Text("countdownTime", std::to_string(*time))
      .EndObject();
}

void Api::StartListenKey(ApiCall& call) {
  call.json.Object().Text("listenKey", streams_.Start(call.account, call.now)).EndObject();
}

void Api::KeepListenKey(ApiCall& call) {
  const auto key = streams_.Keep(call.account, call.now);
  if (!key) return call.Fail({-1125, "This listenKey does not exist."});
  call.json.Object().Text("listenKey", *key).EndObject();
}

void Api::EndListenKey(ApiCall& call) {
  streams_.End(call.account);
  call.json.Object().EndObject();
}

void Api::SimIncome(ApiCall& call) {
  UsdmCommand command{.verb = UsdmVerb::kIncome, .account = call.account};
  command.place.symbol = ReadSymbol(call);
  command.income_type = std::string(call.params.Text("incomeType"));
  command.amount = call.params.Decimal("amount");
  if (call.request.params.Get("direction") == "OUT") command.amount = -command.amount;
  if (!call.params.ok()) return;
  (void)exchange_.Usdm(std::move(command));
  call.json.Object().EndObject();
}

}  // namespace gannet::venue_sim
