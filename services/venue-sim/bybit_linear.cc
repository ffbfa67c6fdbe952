// Bybit's category linear: orders, positions and the log of the perpetuals.
#include <algorithm>

#include "services/venue-sim/bybit.h"
#include "services/venue-sim/bybit_linear_payloads.h"

namespace gannet::venue_sim::bybit {
namespace {

// What the perpetuals refuse, in Bybit's codes.
std::pair<int, std::string> CodeOf(const ApiError& error) {
  switch (error.code) {
    case -2011:
    case -2013:
      return {110001, "order not exists or too late to cancel"};
    case -2019:
      return {110007, "ab not enough for new order"};
    case -2021:
      return {110092, "expect Rising, but trigger_price <= current"};
    case -2022:
      return {110017, "current position is zero, cannot fix reduce-only order qty"};
    case -2025:
    case -4045:
      return {110020, "Not allowed to have more than 500 active orders"};
    case -4028:
      return {110043, "Set leverage has not been modified"};
    case -4046:
      return {110026, "Cross/isolated margin mode is not modified"};
    case -4059:
      return {110025, "Position mode is not modified"};
    case -4061:
      return {10001, "position idx not match position mode"};
    case -4067:
    case -4068:
      return {110024, "You have an existing position, so position mode cannot be switched"};
    case -4116:
      return {110072, "OrderLinkedID is duplicate"};
    case -4140:
      return {110074, "This contract is not live"};
    case -4164:
      return {110094, "Order does not meet minimum order value 5USDT"};
    case -5027:
      return {110079, "Order is processing and cannot be operated"};
    default:
      return {10001, "params error: " + error.message};
  }
}

std::optional<UsdmTime> TimeOf(std::string_view text) {
  if (text == "GTC") return UsdmTime::kGtc;
  if (text == "IOC") return UsdmTime::kIoc;
  if (text == "FOK") return UsdmTime::kFok;
  if (text == "PostOnly") return UsdmTime::kPostOnly;
  return std::nullopt;
}

SymbolIndex ReadSymbol(ParamReader& params) {
  const SymbolIndex symbol = params.Symbol();
  if (params.ok() && !UsdmMarket::Lists(symbol)) params.Refuse(-1121, "Invalid symbol.");
  return symbol;
}

// A stop when the market must move against the side that it protects.
UsdmType TypeOf(bool limited, bool conditional, bool rises, market::Side side) {
  if (!conditional) return limited ? UsdmType::kLimit : UsdmType::kMarket;
  if (rises == (side == market::Side::kBuy))
    return limited ? UsdmType::kStop : UsdmType::kStopMarket;
  return limited ? UsdmType::kTakeProfit : UsdmType::kTakeProfitMarket;
}

UsdmPlace ReadPlace(const Params& sent, ParamReader& params) {
  UsdmPlace place;
  place.symbol = ReadSymbol(params);
  const std::string_view side = params.Text("side"), type = params.Text("orderType");
  if (side != "Buy" && side != "Sell") params.Refuse(-1117, "side");
  if (type != "Limit" && type != "Market") params.Refuse(-1116, "orderType");
  place.side = side == "Sell" ? market::Side::kSell : market::Side::kBuy;
  const bool limited = type == "Limit", conditional = sent.Has("triggerPrice");
  const int64_t direction = params.IntegerOr("triggerDirection", 0);
  if (conditional && direction != 1 && direction != 2)
    params.Refuse(-1102, "triggerDirection invalid");
  place.type = TypeOf(limited, conditional, direction == 1, place.side);
  place.quantity = params.Decimal("qty");
  if (limited) place.price = params.Decimal("price");
  if (conditional) place.trigger = params.Decimal("triggerPrice");
  const auto time = TimeOf(params.TextOr("timeInForce", "GTC"));
  if (!time) params.Refuse(-1115, "timeInForce invalid");
  place.time_in_force = limited ? time.value_or(UsdmTime::kGtc) : UsdmTime::kIoc;
  place.reduce_only = params.BoolOr("reduceOnly", false);
  const int64_t index = params.IntegerOr("positionIdx", 0);
  if (index < 0 || index > 2) params.Refuse(-1130, "positionIdx invalid");
  place.leg = static_cast<UsdmLeg>(index);
  place.client_id = params.ClientOrderId("orderLinkId");
  place.ended_not_refused = true;
  for (const char* exit : {"takeProfit", "stopLoss"}) {
    if (sent.Has(exit)) params.Refuse(-1116, "attached exits are not served here");
  }
  return place;
}

// The order meant: of the book, or one that waits.
struct Meant {
  const UsdmOrder* order = nullptr;
  const UsdmAlgo* algo = nullptr;
};
Meant Find(const UsdmMarket& market, AccountIndex account, SymbolIndex symbol,
           std::string_view order_id, std::string_view link) {
  Meant meant;
  if (const auto ref = ParseLinearOrderId(order_id)) {
    if (ref->conditional) {
      meant.algo = market.FindAlgo(account, ref->number, "");
    } else {
      meant.order = market.Find(account, symbol, ref->number, "");
      // Of a conditional order that has triggered the number is not its id here.
      if (meant.order != nullptr && meant.order->algo_id != 0) meant.order = nullptr;
    }
  } else if (order_id.empty() && !link.empty()) {
    meant.algo = market.FindAlgo(account, 0, std::string(link));
    if (meant.algo == nullptr) meant.order = market.Find(account, symbol, 0, std::string(link));
  }
  if (meant.algo != nullptr && meant.algo->request.symbol != symbol) meant = {};
  if (meant.algo != nullptr && meant.algo->actual_order != 0)
    meant.order = market.Find(account, symbol, meant.algo->actual_order, "");
  return meant;
}

struct Listed {
  base::Time created;
  const UsdmOrder* order;
  const UsdmAlgo* algo;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> CancelLinearOf(Exchange& exchange,
                                                                AccountIndex account,
                                                                SymbolIndex symbol) {
  std::vector<std::pair<std::string, std::string>> ended;
  std::vector<UsdmCommand> commands;
  for (const UsdmOrder* order : exchange.usdm().OpenOrders(account, symbol)) {
    UsdmCommand command{.verb = UsdmVerb::kCancel, .account = account, .id = order->id};
    command.place.symbol = symbol;
    commands.push_back(command);
    ended.emplace_back(LinearOrderId(*order), order->request.client_id);
  }
  for (const UsdmAlgo* algo : exchange.usdm().OpenAlgos(account, symbol)) {
    commands.push_back({.verb = UsdmVerb::kCancelAlgo, .account = account, .id = algo->id});
    ended.emplace_back(LinearOrderId(*algo), algo->request.client_id);
  }
  for (UsdmCommand& command : commands) (void)exchange.Usdm(std::move(command));
  return ended;
}

bool Door::DispatchLinear(std::string_view endpoint, Call& call) {
  struct Row {
    std::string_view endpoint;
    void (Door::*serve)(Call&);
  };
  constexpr Row kRows[] = {
      {"POST /v5/order/create", &Door::CreateLinear},
      {"POST /v5/order/amend", &Door::AmendLinear},
      {"POST /v5/order/cancel", &Door::CancelLinear},
      {"POST /v5/order/cancel-all", &Door::CancelAllLinear},
      {"GET /v5/execution/list", &Door::LinearExecutions},
      {"GET /v5/position/list", &Door::LinearPositions},
  };
  for (const Row& row : kRows) {
    if (row.endpoint == endpoint) return (this->*row.serve)(call), true;
  }
  if (endpoint == "GET /v5/order/realtime" || endpoint == "GET /v5/order/history") {
    LinearOrders(call, endpoint.ends_with("history"));
  } else if (endpoint == "POST /v5/position/switch-mode") {
    SetUp(call, UsdmVerb::kSetHedge, "mode");
  } else if (endpoint == "POST /v5/position/set-leverage") {
    SetUp(call, UsdmVerb::kSetLeverage, "buyLeverage");
  } else {
    return false;
  }
  return true;
}

void Door::CreateLinear(Call& call) {
  ParamReader params(call.params);
  UsdmPlace place = ReadPlace(call.params, params);
  if (!params.ok()) return Refuse(call, CodeOf(params.error()));
  const UsdmMarket& market = exchange_.usdm();
  const Meant known = Find(market, call.account, place.symbol, "", place.client_id);
  // "always unique", also once the first is over.
  if (known.order != nullptr || known.algo != nullptr)
    return Refuse(call, 110072, "OrderLinkedID is duplicate");
  const bool conditional = IsAlgo(place.type);
  place.rejected_later = call.rejected_later && !conditional;
  const UsdmReply reply =
      exchange_.Usdm({.verb = conditional ? UsdmVerb::kPlaceAlgo : UsdmVerb::kPlace,
                      .account = call.account,
                      .place = std::move(place)});
  if (reply.error) return Refuse(call, CodeOf(*reply.error));
  conditional ? WriteIds(call, LinearOrderId(*reply.algo), reply.algo->request.client_id)
              : WriteIds(call, LinearOrderId(*reply.order), reply.order->request.client_id);
}

void Door::AmendLinear(Call& call) {
  ParamReader params(call.params);
  const SymbolIndex symbol = ReadSymbol(params);
  UsdmCommand command{.verb = UsdmVerb::kAmend, .account = call.account};
  command.place.symbol = symbol;
  command.place.price = params.DecimalOr("price", 0);
  command.place.quantity = params.DecimalOr("qty", 0);
  const Meant meant = params.ok() ? Find(exchange_.usdm(), call.account, symbol,
                                         call.params.Get("orderId"), call.params.Get("orderLinkId"))
                                  : Meant{};
  if (meant.order == nullptr)
    return Refuse(call, 110001, "order not exists or too late to replace");
  const std::string id = LinearOrderId(*meant.order), link = meant.order->request.client_id;
  command.id = meant.order->id;
  const UsdmReply reply = exchange_.Usdm(std::move(command));
  if (reply.error) return Refuse(call, CodeOf(*reply.error));
  WriteIds(call, id, link);
}

void Door::CancelLinear(Call& call) {
  ParamReader params(call.params);
  const SymbolIndex symbol = ReadSymbol(params);
  const Meant meant = params.ok() ? Find(exchange_.usdm(), call.account, symbol,
                                         call.params.Get("orderId"), call.params.Get("orderLinkId"))
                                  : Meant{};
  const bool waits = meant.algo != nullptr && meant.order == nullptr;
  if (meant.order == nullptr && !waits)
    return Refuse(call, 110001, "order not exists or too late to cancel");
  const std::string id = waits ? LinearOrderId(*meant.algo) : LinearOrderId(*meant.order);
  const std::string link =
      meant.algo != nullptr ? meant.algo->request.client_id : meant.order->request.client_id;
  UsdmCommand command{.verb = waits ? UsdmVerb::kCancelAlgo : UsdmVerb::kCancel,
                      .account = call.account,
                      .id = waits ? meant.algo->id : meant.order->id};
  command.place.symbol = symbol;
  const UsdmReply reply = exchange_.Usdm(std::move(command));
  if (reply.error) return Refuse(call, CodeOf(*reply.error));
  WriteIds(call, id, link);
}

// Of a symbol, or of all that settle in the coin.
void Door::CancelAllLinear(Call& call) {
  ParamReader params(call.params);
  const bool one = call.params.Has("symbol");
  const SymbolIndex only = one ? ReadSymbol(params) : 0;
  if (!params.ok() || (!one && call.params.Get("settleCoin") != "USDT"))
    return Refuse(call, 10001, "params error: symbol or settleCoin");
  call.result.Object().Array("list");
  for (SymbolIndex symbol = 0; symbol < ListedSymbols().size(); ++symbol) {
    if ((one && symbol != only) || !UsdmMarket::Lists(symbol)) continue;
    for (const auto& [id, link] : CancelLinearOf(exchange_, call.account, symbol))
      call.result.Object().Text("orderId", id).Text("orderLinkId", link).EndObject();
  }
  call.result.EndArray().Text("success", "1").EndObject();
}

// Newest first. By an id also what has ended, which the history has alone.
void Door::LinearOrders(Call& call, bool closed_only) {
  ParamReader params(call.params);
  const UsdmMarket& market = exchange_.usdm();
  const std::string_view id = call.params.Get("orderId"), link = call.params.Get("orderLinkId");
  const bool one = call.params.Has("symbol");
  const SymbolIndex symbol = one ? ReadSymbol(params) : 0;
  if (!params.ok() || (!one && call.params.Get("settleCoin").empty()))
    return Refuse(call, 10001, "params error: symbol, baseCoin or settleCoin");
  std::vector<Listed> rows;
  if (!id.empty() || !link.empty()) {
    const Meant meant = Find(market, call.account, symbol, id, link);
    const bool open = meant.order != nullptr  ? IsOpen(meant.order->status)
                      : meant.algo != nullptr ? meant.algo->status == AlgoStatus::kNew
                                              : true;
    const bool found = meant.order != nullptr || meant.algo != nullptr;
    if (found && !(closed_only && open)) rows.push_back({{}, meant.order, meant.algo});
  } else if (!closed_only && (one || call.params.Get("settleCoin") == "USDT")) {
    const auto which = one ? std::optional(symbol) : std::nullopt;
    for (const UsdmOrder* order : market.OpenOrders(call.account, which))
      rows.push_back({order->created, order, nullptr});
    for (const UsdmAlgo* algo : market.OpenAlgos(call.account, which))
      rows.push_back({algo->created, nullptr, algo});
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Listed& a, const Listed& b) { return a.created > b.created; });
  }
  const Range page = PageOf(call, rows.size(), 20, 50);
  call.result.Object().Text("category", "linear").Text("nextPageCursor", page.next).Array("list");
  for (size_t i = page.begin; i < page.end; ++i) {
    rows[i].order != nullptr ? WriteLinearOrder(call.result, market, *rows[i].order)
                             : WriteLinearOrder(call.result, *rows[i].algo);
  }
  call.result.EndArray().EndObject();
}

void Door::LinearExecutions(Call& call) {
  ParamReader params(call.params);
  const UsdmMarket& market = exchange_.usdm();
  const bool one = call.params.Has("symbol");
  const SymbolIndex symbol = one ? ReadSymbol(params) : 0;
  const int64_t start = params.IntegerOr("startTime", 0);
  if (!params.ok()) return Refuse(call, 10001, "params error");
  const std::string_view order_id = call.params.Get("orderId"),
                         link = call.params.Get("orderLinkId");
  const bool by_order = !order_id.empty() || !link.empty();
  const Meant meant = by_order ? Find(market, call.account, symbol, order_id, link) : Meant{};
  std::vector<const UsdmTrade*> rows;
  const auto& trades = market.trades(call.account);
  for (auto at = trades.rbegin(); at != trades.rend(); ++at) {
    if ((one && at->symbol != symbol) || at->time_ms < start) continue;
    if (by_order && (meant.order == nullptr || meant.order->id != at->order_id)) continue;
    rows.push_back(&*at);
  }
  const Range page = PageOf(call, rows.size(), 50, 100);
  call.result.Object().Text("category", "linear").Text("nextPageCursor", page.next).Array("list");
  for (size_t i = page.begin; i < page.end; ++i)
    WriteLinearExecution(call.result, market, call.account, *rows[i], /*streamed=*/false);
  call.result.EndArray().EndObject();
}

// Of a symbol also when nothing is held; by coin what is.
void Door::LinearPositions(Call& call) {
  ParamReader params(call.params);
  const UsdmMarket& market = exchange_.usdm();
  std::vector<UsdmMarket::PositionKey> rows;
  if (call.params.Has("symbol")) {
    const SymbolIndex symbol = ReadSymbol(params);
    for (const UsdmLeg leg : market.legs(call.account)) rows.emplace_back(symbol, leg);
  } else if (call.params.Get("settleCoin") == "USDT") {
    for (const auto& [key, position] : market.positions(call.account)) rows.push_back(key);
  }
  if (!params.ok() || (!call.params.Has("symbol") && call.params.Get("settleCoin").empty()))
    return Refuse(call, 10001, "params error: symbol or settleCoin");
  const Range page = PageOf(call, rows.size(), 20, 200);
  call.result.Object().Text("category", "linear").Text("nextPageCursor", page.next).Array("list");
  for (size_t i = page.begin; i < page.end; ++i)
    WriteLinearPosition(call.result, market, call.account, rows[i].first, rows[i].second);
  call.result.EndArray().EndObject();
}

// Newest first: trades, and what else changed the wallet of the perpetuals.
void Door::TransactionLog(Call& call) {
  ParamReader params(call.params);
  const int64_t start = params.IntegerOr("startTime", 0);
  const int64_t end = params.IntegerOr("endTime", INT64_MAX);
  if (!params.ok()) return Refuse(call, 10001, "params error");
  const UsdmMarket& market = exchange_.usdm();
  struct Row {
    int64_t time_ms;
    const UsdmTrade* trade;
    const UsdmIncome* income;
  };
  std::vector<Row> rows;
  const auto inside = [&](int64_t time) { return time >= start && time <= end; };
  for (const UsdmTrade& trade : market.trades(call.account)) {
    if (inside(trade.time_ms)) rows.push_back({trade.time_ms, &trade, nullptr});
  }
  for (const UsdmIncome& income : market.income(call.account)) {
    if (income.trade_id == 0 && inside(income.time_ms))
      rows.push_back({income.time_ms, nullptr, &income});
  }
  std::reverse(rows.begin(), rows.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.time_ms > b.time_ms; });
  const Range page = PageOf(call, rows.size(), 20, 50);
  call.result.Object().Text("nextPageCursor", page.next).Array("list");
  for (size_t i = page.begin; i < page.end; ++i) {
    rows[i].trade != nullptr ? WriteLogRow(call.result, market, call.account, *rows[i].trade)
                             : WriteLogRow(call.result, *rows[i].income);
  }
  call.result.EndArray().EndObject();
}

void Door::SetUp(Call& call, UsdmVerb verb, std::string_view field) {
  ParamReader params(call.params);
  UsdmCommand command{.verb = verb, .account = call.account};
  const bool of_coin = verb == UsdmVerb::kSetHedge && !call.params.Has("symbol");
  if (!of_coin) command.place.symbol = ReadSymbol(params);
  const int64_t value = params.DecimalOr(field, 0);
  if (!params.ok()) return Refuse(call, 10001, "params error");
  command.amount = verb == UsdmVerb::kSetHedge ? value / kOne == 3 : value / kOne;
  const UsdmReply reply = exchange_.Usdm(std::move(command));
  if (reply.error) Refuse(call, CodeOf(*reply.error));
}

}  // namespace gannet::venue_sim::bybit
