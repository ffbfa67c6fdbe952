#include "services/venue-sim/usdm_payloads.h"

#include <algorithm>
#include <iterator>

#include "services/venue-sim/filters.h"
#include "services/venue-sim/payloads.h"

namespace gannet::venue_sim {
namespace {

struct TypeName {
  UsdmType type;
  std::string_view name;
};
constexpr TypeName kTypes[] = {{UsdmType::kLimit, "LIMIT"},
                               {UsdmType::kMarket, "MARKET"},
                               {UsdmType::kStop, "STOP"},
                               {UsdmType::kStopMarket, "STOP_MARKET"},
                               {UsdmType::kTakeProfit, "TAKE_PROFIT"},
                               {UsdmType::kTakeProfitMarket, "TAKE_PROFIT_MARKET"},
                               {UsdmType::kTrailingStopMarket, "TRAILING_STOP_MARKET"}};
struct TimeName {
  UsdmTime time;
  std::string_view name;
};
constexpr TimeName kTimes[] = {{UsdmTime::kGtc, "GTC"},
                               {UsdmTime::kIoc, "IOC"},
                               {UsdmTime::kFok, "FOK"},
                               {UsdmTime::kPostOnly, "GTX"},
                               {UsdmTime::kGtd, "GTD"}};

std::string_view Name(UsdmType type) { return kTypes[static_cast<size_t>(type) - 1].name; }
std::string_view Name(UsdmTime time) { return kTimes[static_cast<size_t>(time) - 1].name; }
std::string_view Name(AlgoStatus status) {
  constexpr std::string_view kNames[] = {"NEW", "TRIGGERED", "FINISHED", "CANCELED", "REJECTED"};
  return kNames[static_cast<size_t>(status) - 1];
}

std::string_view NameOf(SymbolIndex symbol) { return ListedSymbols()[symbol].name; }

Amount AveragePrice(Amount quote, int64_t quantity) {
  return quantity == 0 ? 0 : quote * kOne / quantity;
}

std::string ActualId(const UsdmAlgo& algo) {
  return algo.actual_order == 0 ? std::string() : std::to_string(algo.actual_order);
}

// Told of trailing stops alone. The rate is in per cent.
void WriteTrailing(JsonText& json, const UsdmPlace& place, std::string_view activation,
                   std::string_view rate) {
  if (place.trailing_bps == 0) return;
  json.Decimal(activation, place.trigger).Text(rate, market::FormatDecimal(place.trailing_bps, 2));
}

void WriteSymbol(JsonText& json, const Symbol& symbol) {
  json.Object()
      .Text("symbol", symbol.name)
      .Text("pair", symbol.name)
      .Text("contractType", "PERPETUAL")
      .Int("deliveryDate", 4'133'404'800'000)
      .Int("onboardDate", 1'569'398'400'000)
      .Text("status", symbol.halted ? "SETTLING" : "TRADING")
      .Text("baseAsset", symbol.base)
      .Text("quoteAsset", symbol.quote)
      .Text("marginAsset", symbol.quote)
      .Int("baseAssetPrecision", kScale)
      .Int("quotePrecision", kScale)
      .Text("underlyingType", "COIN");
  json.Array("orderTypes");
  for (const TypeName& row : kTypes) json.Text(row.name);
  json.EndArray().Array("timeInForce");
  for (const TimeName& row : kTimes) json.Text(row.name);
  json.EndArray().Array("filters");
  const auto filter = [&json](std::string_view type) { json.Object().Text("filterType", type); };
  const auto sizes = [&](std::string_view type, int64_t most) {
    filter(type);
    json.Decimal("minQty", symbol.lot).Decimal("maxQty", most).Decimal("stepSize", symbol.lot);
    json.EndObject();
  };
  filter("PRICE_FILTER");
  json.Decimal("minPrice", symbol.min_price)
      .Decimal("maxPrice", symbol.max_price)
      .Decimal("tickSize", symbol.tick)
      .EndObject();
  sizes("LOT_SIZE", symbol.max_quantity);
  sizes("MARKET_LOT_SIZE", symbol.max_market_quantity);
  filter("MAX_NUM_ORDERS");
  json.Unsigned("limit", UsdmMarket::kMaxOpenOrders).EndObject();
  filter("MAX_NUM_ALGO_ORDERS");
  json.Unsigned("limit", UsdmMarket::kMaxOpenAlgos).EndObject();
  filter("MIN_NOTIONAL");
  json.Decimal("notional", symbol.min_notional).EndObject();
  filter("PERCENT_PRICE");
  json.Text("multiplierUp", market::FormatDecimal(kBidUpTenths, 1))
      .Text("multiplierDown", market::FormatDecimal(kBidDownTenths, 1))
      .Text("multiplierDecimal", "1")
      .EndObject();
  json.EndArray().EndObject();
}

}  // namespace

void WriteUsdmExchangeInfo(JsonText& json, const VenueCore& core, RateLimits& limits,
                           base::Time now) {
  json.Object()
      .Text("timezone", "UTC")
      .Int("serverTime", base::UnixMillis(now))
      .Array("rateLimits");
  limits.WriteWeight(json, std::nullopt, now);
  limits.WriteOrders(json, std::nullopt, now);
  json.EndArray().Array("exchangeFilters").EndArray();
  json.Array("assets").Object().Text("asset", "USDT").Bool("marginAvailable", true);
  json.EndObject().EndArray().Array("symbols");
  for (SymbolIndex symbol = 0; symbol < ListedSymbols().size(); ++symbol) {
    if (UsdmMarket::Lists(symbol)) WriteSymbol(json, core.symbol(symbol));
  }
  json.EndArray().EndObject();
}

void WriteUsdmDepth(JsonText& json, const VenueCore& core, SymbolIndex symbol, size_t limit,
                    base::Time now) {
  const int64_t time = base::UnixMillis(now);
  json.Object().Unsigned("lastUpdateId", core.update_id(symbol)).Int("E", time).Int("T", time);
  WriteLevels(json, core, symbol, limit);
  json.EndObject();
}

std::string UsdmBookTickerEvent(const VenueCore& core, SymbolIndex symbol) {
  const int64_t time = base::UnixMillis(core.now());
  JsonText json;
  json.Object().Text("e", "bookTicker").Int("E", time).Int("T", time);
  WriteBest(json, core, symbol);
  return json.EndObject().Take();
}

std::optional<UsdmType> ParseUsdmType(std::string_view text) {
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                   [text](const TypeName& row) { return row.name == text; });
  return found == std::end(kTypes) ? std::nullopt : std::optional(found->type);
}

std::optional<UsdmTime> ParseUsdmTime(std::string_view text) {
  const auto* found = std::find_if(std::begin(kTimes), std::end(kTimes),
                                   [text](const TimeName& row) { return row.name == text; });
  return found == std::end(kTimes) ? std::nullopt : std::optional(found->time);
}

std::string_view Name(UsdmLeg leg) {
  return leg == UsdmLeg::kBoth ? "BOTH" : leg == UsdmLeg::kLong ? "LONG" : "SHORT";
}
std::optional<UsdmLeg> ParseUsdmLeg(std::string_view text) {
  for (const UsdmLeg leg : {UsdmLeg::kBoth, UsdmLeg::kLong, UsdmLeg::kShort}) {
    if (Name(leg) == text) return leg;
  }
  return std::nullopt;
}

void WriteUsdmOrder(JsonText& json, const UsdmOrder& order) {
  const UsdmPlace& r = order.request;
  json.Object()
      .Unsigned("orderId", order.id)
      .Text("symbol", NameOf(r.symbol))
      .Text("status", Name(order.status))
      .Text("clientOrderId", r.client_id)
      .Decimal("price", r.price)
      .Decimal("avgPrice", AveragePrice(order.quote, order.executed));
  json.Decimal("origQty", r.quantity)
      .Decimal("executedQty", order.executed)
      .Decimal("cumQty", order.executed)
      .Decimal("cumQuote", order.quote)
      .Text("timeInForce", Name(r.time_in_force))
      .Text("type", Name(r.type))
      .Text("origType", Name(order.original_type));
  json.Bool("reduceOnly", r.reduce_only)
      .Bool("closePosition", false)
      .Text("side", Name(r.side))
      .Text("positionSide", Name(r.leg))
      .Decimal("stopPrice", r.trigger)
      .Text("workingType", "CONTRACT_PRICE")
      .Bool("priceProtect", false);
  WriteTrailing(json, r, "activatePrice", "priceRate");
  json.Text("priceMatch", "NONE")
      .Text("selfTradePreventionMode", "NONE")
      .Int("goodTillDate", r.good_till_ms)
      .Int("time", base::UnixMillis(order.created))
      .Int("updateTime", base::UnixMillis(order.updated))
      .EndObject();
}

void WriteUsdmAlgo(JsonText& json, const UsdmAlgo& algo) {
  const UsdmPlace& r = algo.request;
  json.Object()
      .Unsigned("algoId", algo.id)
      .Text("clientAlgoId", r.client_id)
      .Text("algoType", "CONDITIONAL")
      .Text("orderType", Name(r.type))
      .Text("symbol", NameOf(r.symbol))
      .Text("side", Name(r.side))
      .Text("positionSide", Name(r.leg));
  json.Text("timeInForce", Name(r.time_in_force))
      .Decimal("quantity", r.quantity)
      .Text("algoStatus", Name(algo.status))
      .Text("actualOrderId", ActualId(algo))
      .Decimal("actualPrice", 0)
      .Decimal("triggerPrice", r.trailing_bps > 0 ? 0 : r.trigger)
      .Decimal("price", r.price);
  WriteTrailing(json, r, "activatePrice", "callbackRate");
  json.Text("workingType", "CONTRACT_PRICE")
      .Text("selfTradePreventionMode", "NONE")
      .Text("priceMatch", "NONE")
      .Bool("closePosition", false)
      .Bool("priceProtect", false)
      .Bool("reduceOnly", r.reduce_only);
  json.Int("createTime", base::UnixMillis(algo.created))
      .Int("updateTime", base::UnixMillis(algo.updated))
      .Int("triggerTime", base::UnixMillis(algo.triggered))
      .Int("goodTillDate", r.good_till_ms)
      .EndObject();
}

void WriteUsdmTrade(JsonText& json, const UsdmTrade& trade) {
  json.Object()
      .Bool("buyer", trade.side == market::Side::kBuy)
      .Decimal("commission", trade.commission)
      .Text("commissionAsset", "USDT")
      .Unsigned("id", trade.id)
      .Bool("maker", trade.is_maker)
      .Unsigned("orderId", trade.order_id)
      .Decimal("price", trade.price);
  json.Decimal("qty", trade.quantity)
      .Decimal("quoteQty", trade.quote)
      .Decimal("realizedPnl", trade.realized)
      .Text("side", Name(trade.side))
      .Text("positionSide", Name(trade.leg))
      .Text("symbol", NameOf(trade.symbol))
      .Int("time", trade.time_ms)
      .EndObject();
}

void WriteUsdmIncome(JsonText& json, const UsdmIncome& income) {
  json.Object()
      .Text("symbol", income.symbol)
      .Text("incomeType", income.type)
      .Decimal("income", income.amount)
      .Text("asset", "USDT")
      .Text("info", income.type);
  json.Int("time", income.time_ms)
      .Unsigned("tranId", income.id)
      .Text("tradeId", income.trade_id == 0 ? "" : std::to_string(income.trade_id))
      .EndObject();
}

void WriteUsdmAccount(JsonText& json, const UsdmMarket& market, AccountIndex account) {
  const Amount wallet = market.wallet(account);
  const int64_t updated = base::UnixMillis(market.wallet_time(account));
  json.Object()
      .Decimal("totalWalletBalance", wallet)
      .Decimal("availableBalance", wallet)
      .Array("assets")
      .Object()
      .Text("asset", "USDT")
      .Decimal("walletBalance", wallet)
      .Decimal("crossWalletBalance", wallet)
      .Decimal("crossUnPnl", 0)
      .Decimal("availableBalance", wallet)
      .Decimal("maxWithdrawAmount", wallet)
      .Int("updateTime", updated)
      .EndObject()
      .EndArray()
      .Array("positions");
  for (const auto& [key, position] : market.positions(account)) {
    json.Object()
        .Text("symbol", NameOf(key.first))
        .Text("positionSide", Name(key.second))
        .Decimal("positionAmt", position.quantity)
        .Decimal("unrealizedProfit", 0)
        .Decimal("isolatedMargin", 0)
        .Decimal("notional", position.cost)
        .Int("updateTime", updated)
        .EndObject();
  }
  json.EndArray().EndObject();
}

std::string UsdmOrderEvent(const UsdmExecution& execution) {
  const UsdmOrder& order = execution.order;
  const UsdmPlace& r = order.request;
  const UsdmTrade& trade = execution.trade;
  const int64_t now = base::UnixMillis(execution.time);
  const bool traded = execution.type == ExecutionType::kTrade;
  JsonText json;
  json.Object()
      .Text("e", "ORDER_TRADE_UPDATE")
      .Int("E", now)
      .Int("T", now)
      .Object("o")
      .Text("s", NameOf(r.symbol))
      .Text("c", r.client_id)
      .Text("S", Name(r.side))
      .Text("o", Name(r.type))
      .Text("f", Name(r.time_in_force))
      .Decimal("q", r.quantity)
      .Decimal("p", r.price);
  json.Decimal("ap", AveragePrice(order.quote, order.executed))
      .Decimal("sp", r.trigger)
      .Text("x", Name(execution.type))
      .Text("X", Name(order.status))
      .Unsigned("i", order.id)
      .Decimal("l", trade.quantity)
      .Decimal("z", order.executed)
      .Decimal("L", trade.price);
  if (traded) json.Decimal("n", trade.commission).Text("N", "USDT");
  json.Int("T", now)
      .Unsigned("t", trade.id)
      .Decimal("b", 0)
      .Decimal("a", 0)
      .Bool("m", trade.is_maker)
      .Bool("R", r.reduce_only)
      .Text("wt", "CONTRACT_PRICE")
      .Text("ot", Name(order.original_type))
      .Text("ps", Name(r.leg))
      .Bool("cp", false)
      .Decimal("rp", trade.realized);
  WriteTrailing(json, r, "AP", "cr");
  json.Text("V", "NONE").Text("pm", "NONE").Int("gtd", r.good_till_ms).EndObject().EndObject();
  return json.Take();
}

std::string UsdmAlgoEvent(const UsdmAlgo& algo, base::Time now) {
  const UsdmPlace& r = algo.request;
  JsonText json;
  json.Object()
      .Text("e", "ALGO_UPDATE")
      .Int("T", base::UnixMillis(algo.updated))
      .Int("E", base::UnixMillis(now))
      .Object("o")
      .Text("caid", r.client_id)
      .Unsigned("aid", algo.id)
      .Text("at", "CONDITIONAL")
      .Text("o", Name(r.type))
      .Text("s", NameOf(r.symbol))
      .Text("S", Name(r.side))
      .Text("ps", Name(r.leg));
  json.Text("f", Name(r.time_in_force))
      .Decimal("q", r.quantity)
      .Text("X", Name(algo.status))
      .Text("ai", ActualId(algo))
      .Decimal("ap", 0)
      .Decimal("aq", 0)
      .Decimal("tp", r.trailing_bps > 0 ? 0 : r.trigger)
      .Decimal("p", r.price)
      .Text("V", "NONE")
      .Text("wt", "CONTRACT_PRICE");
  json.Bool("cp", false)
      .Bool("pP", false)
      .Bool("R", r.reduce_only)
      .Int("tt", base::UnixMillis(algo.triggered))
      .Int("gtd", r.good_till_ms)
      .Text("rm", algo.reject_reason)
      .EndObject()
      .EndObject();
  return json.Take();
}

std::string UsdmAccountEvent(const UsdmMarket& market, AccountIndex account,
                             const std::string& reason, Amount change,
                             std::optional<SymbolIndex> symbol, base::Time now) {
  const int64_t at = base::UnixMillis(now);
  JsonText json;
  json.Object()
      .Text("e", "ACCOUNT_UPDATE")
      .Int("E", at)
      .Int("T", at)
      .Object("a")
      .Text("m", reason)
      .Array("B")
      .Object()
      .Text("a", "USDT")
      .Decimal("wb", market.wallet(account))
      .Decimal("cw", market.wallet(account))
      .Decimal("bc", change)
      .EndObject()
      .EndArray()
      .Array("P");
  for (const UsdmLeg leg : symbol ? market.legs(account) : std::span<const UsdmLeg>()) {
    const UsdmPosition position = market.position(account, {*symbol, leg});
    json.Object()
        .Text("s", NameOf(*symbol))
        .Decimal("pa", position.quantity)
        .Decimal("ep", AveragePrice(position.cost, std::abs(position.quantity)))
        .Decimal("cr", 0)
        .Decimal("up", 0)
        .Text("mt", "cross")
        .Decimal("iw", 0)
        .Text("ps", Name(leg))
        .EndObject();
  }
  json.EndArray().EndObject().EndObject();
  return json.Take();
}

}  // namespace gannet::venue_sim
