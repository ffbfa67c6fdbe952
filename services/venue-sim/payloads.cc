#include "services/venue-sim/payloads.h"

#include <array>

#include "libs/market/decimal.h"
#include "services/venue-sim/filters.h"

namespace gannet::venue_sim {
namespace {

using market::Side;

const std::string& NameOf(SymbolIndex symbol) { return ListedSymbols()[symbol].name; }

template <class Enum, size_t kCount>
std::optional<Enum> ParseName(const std::array<std::string_view, kCount>& names,
                              std::string_view text, size_t first) {
  for (size_t i = first; i < kCount; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 3> kSides{"", "BUY", "SELL"};
constexpr std::array<std::string_view, 8> kKinds{
    "",          "LIMIT",           "LIMIT_MAKER", "MARKET",
    "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"};
constexpr std::array<std::string_view, 4> kTimes{"", "GTC", "IOC", "FOK"};
constexpr std::array<std::string_view, 8> kStatuses{
    "", "NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"};
constexpr std::array<std::string_view, 8> kExecutions{
    "", "NEW", "CANCELED", "REPLACED", "TRADE", "EXPIRED", "TRADE_PREVENTION", "REJECTED"};
constexpr std::array<std::string_view, 4> kModes{"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER",
                                                 "EXPIRE_BOTH"};

// "0.00100000" of 1,000 ppm.
std::string Rate(int64_t ppm) {
  return EightDecimals(static_cast<__int128>(ppm) * (kOne / 1'000'000));
}

// numerator / denominator at scale 8; 0 over nothing.
Amount Ratio(Amount numerator, Amount denominator) {
  if (denominator == 0) return 0;
  return market::MulDiv(numerator, kOne, denominator, market::Rounding::kHalfEven).value_or(0);
}

// A change in percent with three decimals: "-1.234".
std::string Percent(int64_t change, int64_t of) {
  const Amount thousandths =
      of == 0 ? 0 : *market::MulDiv(change, 100'000, of, market::Rounding::kHalfEven);
  return market::FormatDecimalFixed(thousandths, 3, 3);
}

void WriteLevels(JsonText& json, std::string_view key, const matching::MatchingEngine& engine,
                 Side side, size_t limit) {
  json.Array(key);
  for (size_t i = 0; i < engine.depth(side) && i < limit; ++i) {
    const market::Level level = engine.level(side, i);
    json.Array().Decimal(level.price.mantissa).Decimal(level.quantity.mantissa).EndArray();
  }
  json.EndArray();
}

// Of orders that wait for a price alone.
void WriteStop(JsonText& json, const PlaceRequest& request) {
  if (!HasStop(request.kind)) return;
  json.Decimal("stopPrice", request.stop_price);
  if (request.trailing_delta > 0) json.Unsigned("trailingDelta", request.trailing_delta);
}

// The fields that every description of an order shares, in documented order.
void WriteOrderFigures(JsonText& json, const VenueOrder& order) {
  const PlaceRequest& r = order.request;
  json.Decimal("price", r.price)
      .Decimal("origQty", r.quantity)
      .Decimal("executedQty", order.executed);
  json.Decimal("origQuoteOrderQty", r.quote_quantity)
      .Decimal("cummulativeQuoteQty", order.cumulative_quote);
  json.Text("status", Name(order.status))
      .Text("timeInForce", Name(r.time_in_force))
      .Text("type", Name(r.kind));
  json.Text("side", Name(r.side));
}

void WritePrevented(JsonText& json, const VenueOrder& order) {
  if (order.prevented_match < 0) return;
  json.Int("preventedMatchId", order.prevented_match)
      .Decimal("preventedQuantity", order.prevented_quantity);
}

void WriteFilter(JsonText& json, std::string_view type,
                 std::initializer_list<std::pair<std::string_view, int64_t>> decimals) {
  json.Object().Text("filterType", type);
  for (const auto& [key, value] : decimals) json.Decimal(key, value);
  json.EndObject();
}

void WriteSymbol(JsonText& json, const Symbol& symbol) {
  json.Object()
      .Text("symbol", symbol.name)
      .Text("status", symbol.halted ? "HALT" : "TRADING")
      .Text("baseAsset", symbol.base);
  json.Int("baseAssetPrecision", kScale)
      .Text("quoteAsset", symbol.quote)
      .Int("quotePrecision", kScale);
  json.Int("quoteAssetPrecision", kScale)
      .Int("baseCommissionPrecision", kScale)
      .Int("quoteCommissionPrecision", kScale);
  json.Array("orderTypes");
  for (size_t i = 1; i < kKinds.size(); ++i) json.Text(kKinds[i]);
  json.EndArray();
  json.Bool("icebergAllowed", false)
      .Bool("ocoAllowed", false)
      .Bool("otoAllowed", false)
      .Bool("opoAllowed", false);
  json.Bool("quoteOrderQtyMarketAllowed", true)
      .Bool("allowTrailingStop", true)
      .Bool("cancelReplaceAllowed", true);
  json.Bool("amendAllowed", true)
      .Bool("pegInstructionsAllowed", false)
      .Bool("isSpotTradingAllowed", true);
  json.Bool("isMarginTradingAllowed", false);
  WriteSymbolFilters(json, symbol);
  json.Array("permissions")
      .EndArray()
      .Array("permissionSets")
      .Array()
      .Text("SPOT")
      .EndArray()
      .EndArray();
  json.Text("defaultSelfTradePreventionMode", "EXPIRE_MAKER")
      .Array("allowedSelfTradePreventionModes");
  for (const std::string_view mode : {"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"})
    json.Text(mode);
  json.EndArray().EndObject();
}

}  // namespace

std::string_view Name(Side side) { return kSides[static_cast<size_t>(side)]; }
std::string_view Name(OrderKind kind) { return kKinds[static_cast<size_t>(kind)]; }
std::string_view Name(TimeInForce time_in_force) {
  return kTimes[static_cast<size_t>(time_in_force)];
}
std::string_view Name(OrderStatus status) { return kStatuses[static_cast<size_t>(status)]; }
std::string_view Name(ExecutionType type) { return kExecutions[static_cast<size_t>(type)]; }
std::string_view Name(matching::SelfTrade mode) { return kModes[static_cast<size_t>(mode)]; }
std::optional<Side> ParseSide(std::string_view text) { return ParseName<Side>(kSides, text, 1); }
std::optional<OrderKind> ParseOrderKind(std::string_view text) {
  return ParseName<OrderKind>(kKinds, text, 1);
}
std::optional<TimeInForce> ParseTimeInForce(std::string_view text) {
  return ParseName<TimeInForce>(kTimes, text, 1);
}
std::optional<matching::SelfTrade> ParseSelfTrade(std::string_view text) {
  return ParseName<matching::SelfTrade>(kModes, text, 0);
}

// ---- general and market data

void WriteSymbolFilters(JsonText& json, const Symbol& symbol) {
  json.Array("filters");
  WriteFilter(
      json, "PRICE_FILTER",
      {{"minPrice", symbol.min_price}, {"maxPrice", symbol.max_price}, {"tickSize", symbol.tick}});
  WriteFilter(json, "LOT_SIZE",
              {{"minQty", symbol.lot}, {"maxQty", symbol.max_quantity}, {"stepSize", symbol.lot}});
  WriteFilter(json, "MARKET_LOT_SIZE",
              {{"minQty", 0}, {"maxQty", symbol.max_market_quantity}, {"stepSize", 0}});
  const auto tenths = [](int64_t value) { return market::FormatDecimal(value, 1); };
  json.Object().Text("filterType", "PERCENT_PRICE_BY_SIDE");
  json.Text("bidMultiplierUp", tenths(kBidUpTenths))
      .Text("bidMultiplierDown", tenths(kBidDownTenths));
  json.Text("askMultiplierUp", tenths(kAskUpTenths))
      .Text("askMultiplierDown", tenths(kAskDownTenths));
  json.Int("avgPriceMins", kAveragePriceMinutes).EndObject();
  json.Object()
      .Text("filterType", "NOTIONAL")
      .Decimal("minNotional", symbol.min_notional)
      .Bool("applyMinToMarket", true);
  json.Decimal("maxNotional", symbol.max_notional)
      .Bool("applyMaxToMarket", false)
      .Int("avgPriceMins", kAveragePriceMinutes)
      .EndObject();
  json.Object()
      .Text("filterType", "TRAILING_DELTA")
      .Unsigned("minTrailingAboveDelta", kMinTrailingDelta)
      .Unsigned("maxTrailingAboveDelta", kMaxTrailingDelta)
      .Unsigned("minTrailingBelowDelta", kMinTrailingDelta)
      .Unsigned("maxTrailingBelowDelta", kMaxTrailingDelta)
      .EndObject();
  json.Object()
      .Text("filterType", "MAX_NUM_ORDERS")
      .Unsigned("maxNumOrders", kMaxOpenOrders)
      .EndObject();
  json.Object()
      .Text("filterType", "MAX_NUM_ALGO_ORDERS")
      .Unsigned("maxNumAlgoOrders", kMaxAlgoOrders)
      .EndObject();
  json.Object()
      .Text("filterType", "MAX_NUM_ORDER_AMENDS")
      .Unsigned("maxNumOrderAmends", kMaxOrderAmends)
      .EndObject();
  json.EndArray();
}

void WriteExchangeInfo(JsonText& json, const VenueCore& core,
                       const std::vector<SymbolIndex>& symbols, RateLimits& limits,
                       base::Time now) {
  json.Object()
      .Text("timezone", "UTC")
      .Int("serverTime", base::UnixMillis(now))
      .Array("rateLimits");
  limits.WriteWeight(json, std::nullopt, now);
  limits.WriteOrders(json, std::nullopt, now);
  limits.WriteRawRequests(json);
  json.EndArray().Array("exchangeFilters").EndArray().Array("symbols");
  for (const SymbolIndex symbol : symbols) WriteSymbol(json, core.symbol(symbol));
  json.EndArray().EndObject();
}

void WriteDepth(JsonText& json, const VenueCore& core, SymbolIndex symbol, size_t limit) {
  json.Object().Unsigned("lastUpdateId", core.update_id(symbol));
  WriteLevels(json, core, symbol, limit);
  json.EndObject();
}

void WriteLevels(JsonText& json, const VenueCore& core, SymbolIndex symbol, size_t limit) {
  WriteLevels(json, "bids", core.engine(symbol), Side::kBuy, limit);
  WriteLevels(json, "asks", core.engine(symbol), Side::kSell, limit);
}

void WriteTrade(JsonText& json, const TradePrint& trade) {
  json.Object()
      .Unsigned("id", trade.id)
      .Decimal("price", trade.price)
      .Decimal("qty", trade.quantity);
  json.Decimal("quoteQty", QuoteAmount(trade.price, trade.quantity)).Int("time", trade.time_ms);
  json.Bool("isBuyerMaker", trade.buyer_is_maker).Bool("isBestMatch", true).EndObject();
}

void WriteAggregate(JsonText& json, const AggregateTrade& trade) {
  json.Object().Unsigned("a", trade.id).Decimal("p", trade.price).Decimal("q", trade.quantity);
  json.Unsigned("f", trade.first_trade).Unsigned("l", trade.last_trade).Int("T", trade.time_ms);
  json.Bool("m", trade.buyer_is_maker).Bool("M", true).EndObject();
}

void WriteKline(JsonText& json, Interval interval, const Candle& c) {
  json.Array()
      .Int(c.open_ms)
      .Decimal(c.open)
      .Decimal(c.high)
      .Decimal(c.low)
      .Decimal(c.close)
      .Decimal(c.volume);
  json.Int(NextOpen(interval, c.open_ms) - 1).Decimal(c.quote_volume).Unsigned(c.trades);
  json.Decimal(c.taker_buy_volume).Decimal(c.taker_buy_quote).Text("0").EndArray();
}

void WriteDayTicker(JsonText& json, const VenueCore& core, SymbolIndex symbol, bool mini) {
  const DayFigures day = core.tape(symbol).Day(base::UnixMillis(core.now()));
  const auto bid = core.Best(symbol, Side::kBuy), ask = core.Best(symbol, Side::kSell);
  json.Object().Text("symbol", NameOf(symbol));
  if (!mini) {
    json.Decimal("priceChange", day.last - day.open)
        .Text("priceChangePercent", Percent(day.last - day.open, day.open));
    json.Decimal("weightedAvgPrice", Ratio(day.quote_volume, day.volume))
        .Decimal("prevClosePrice", day.previous_close);
    json.Decimal("lastPrice", day.last).Decimal("lastQty", day.last_quantity);
    json.Decimal("bidPrice", bid ? bid->price.mantissa : 0)
        .Decimal("bidQty", bid ? bid->quantity.mantissa : 0);
    json.Decimal("askPrice", ask ? ask->price.mantissa : 0)
        .Decimal("askQty", ask ? ask->quantity.mantissa : 0);
  }
  json.Decimal("openPrice", day.open).Decimal("highPrice", day.high).Decimal("lowPrice", day.low);
  if (mini) json.Decimal("lastPrice", day.last);
  json.Decimal("volume", day.volume)
      .Decimal("quoteVolume", day.quote_volume)
      .Int("openTime", day.open_ms);
  json.Int("closeTime", day.close_ms)
      .Unsigned("firstId", day.first_trade)
      .Unsigned("lastId", day.last_trade);
  json.Unsigned("count", day.trades).EndObject();
}

void WriteBookTicker(JsonText& json, const VenueCore& core, SymbolIndex symbol) {
  const auto bid = core.Best(symbol, Side::kBuy), ask = core.Best(symbol, Side::kSell);
  json.Object().Text("symbol", NameOf(symbol));
  json.Decimal("bidPrice", bid ? bid->price.mantissa : 0)
      .Decimal("bidQty", bid ? bid->quantity.mantissa : 0);
  json.Decimal("askPrice", ask ? ask->price.mantissa : 0)
      .Decimal("askQty", ask ? ask->quantity.mantissa : 0)
      .EndObject();
}

// ---- orders and accounts

void WritePlaced(JsonText& json, const Placed& placed, Detail detail) {
  const VenueOrder& order = placed.order;
  json.Object()
      .Text("symbol", NameOf(order.request.symbol))
      .Unsigned("orderId", order.order_id)
      .Int("orderListId", -1);
  json.Text("clientOrderId", order.request.client_order_id)
      .Int("transactTime", base::UnixMillis(order.updated));
  if (detail == Detail::kAck) {
    json.EndObject();
    return;
  }
  WriteOrderFigures(json, order);
  WriteStop(json, order.request);
  json.Int("workingTime", order.is_working ? base::UnixMillis(order.working) : -1);
  if (detail == Detail::kFull) {
    json.Array("fills");
    for (const FillReport& fill : placed.fills) {
      json.Object()
          .Decimal("price", fill.price)
          .Decimal("qty", fill.quantity)
          .Decimal("commission", fill.commission);
      json.Text("commissionAsset", fill.commission_asset)
          .Unsigned("tradeId", fill.trade_id)
          .EndObject();
    }
    json.EndArray();
    if (!placed.prevented.empty()) {
      json.Array("preventedMatches");
      for (const PreventedMatch& match : placed.prevented) {
        json.Object()
            .Int("preventedMatchId", match.id)
            .Text("makerSymbol", NameOf(order.request.symbol));
        json.Unsigned("makerOrderId", match.maker_order).Decimal("price", match.price);
        if (match.taker_quantity > 0) json.Decimal("takerPreventedQuantity", match.taker_quantity);
        if (match.maker_quantity > 0) json.Decimal("makerPreventedQuantity", match.maker_quantity);
        json.EndObject();
      }
      json.EndArray();
    }
  }
  json.Text("selfTradePreventionMode", Name(order.request.self_trade));
  WritePrevented(json, order);
  json.EndObject();
}

void WriteCanceled(JsonText& json, const Canceled& canceled) {
  const VenueOrder& order = canceled.order;
  json.Object()
      .Text("symbol", NameOf(order.request.symbol))
      .Text("origClientOrderId", order.request.client_order_id);
  json.Unsigned("orderId", order.order_id)
      .Int("orderListId", -1)
      .Text("clientOrderId", canceled.cancel_client_order_id);
  json.Int("transactTime", base::UnixMillis(order.updated));
  WriteOrderFigures(json, order);
  WriteStop(json, order.request);
  json.Text("selfTradePreventionMode", Name(order.request.self_trade)).EndObject();
}

void WriteAmended(JsonText& json, const Amended& amended) {
  const VenueOrder& order = amended.order;
  const PlaceRequest& r = order.request;
  json.Object()
      .Int("transactTime", base::UnixMillis(order.updated))
      .Unsigned("executionId", amended.execution_id);
  json.Object("amendedOrder")
      .Text("symbol", NameOf(r.symbol))
      .Unsigned("orderId", order.order_id)
      .Int("orderListId", -1);
  json.Text("origClientOrderId", amended.original_client_order_id)
      .Text("clientOrderId", r.client_order_id);
  json.Decimal("price", r.price).Decimal("qty", r.quantity).Decimal("executedQty", order.executed);
  json.Decimal("preventedQty", order.prevented_quantity).Decimal("quoteOrderQty", r.quote_quantity);
  json.Decimal("cumulativeQuoteQty", order.cumulative_quote).Text("status", Name(order.status));
  json.Text("timeInForce", Name(r.time_in_force))
      .Text("type", Name(r.kind))
      .Text("side", Name(r.side));
  json.Int("workingTime", base::UnixMillis(order.working))
      .Text("selfTradePreventionMode", Name(r.self_trade));
  json.EndObject().EndObject();
}

void WriteOrder(JsonText& json, const VenueOrder& order) {
  const PlaceRequest& r = order.request;
  json.Object()
      .Text("symbol", NameOf(r.symbol))
      .Unsigned("orderId", order.order_id)
      .Int("orderListId", -1);
  json.Text("clientOrderId", r.client_order_id)
      .Decimal("price", r.price)
      .Decimal("origQty", r.quantity);
  json.Decimal("executedQty", order.executed)
      .Decimal("cummulativeQuoteQty", order.cumulative_quote);
  json.Text("status", Name(order.status))
      .Text("timeInForce", Name(r.time_in_force))
      .Text("type", Name(r.kind));
  json.Text("side", Name(r.side)).Decimal("stopPrice", r.stop_price).Decimal("icebergQty", 0);
  if (r.trailing_delta > 0) json.Unsigned("trailingDelta", r.trailing_delta);
  json.Int("time", base::UnixMillis(order.created))
      .Int("updateTime", base::UnixMillis(order.updated));
  json.Bool("isWorking", order.is_working)
      .Int("workingTime", order.is_working ? base::UnixMillis(order.working) : -1);
  json.Decimal("origQuoteOrderQty", r.quote_quantity)
      .Text("selfTradePreventionMode", Name(r.self_trade));
  WritePrevented(json, order);
  json.EndObject();
}

void WriteAccountTrade(JsonText& json, const AccountTrade& trade) {
  json.Object()
      .Text("symbol", NameOf(trade.symbol))
      .Unsigned("id", trade.fill.trade_id)
      .Unsigned("orderId", trade.order_id);
  json.Int("orderListId", -1)
      .Decimal("price", trade.fill.price)
      .Decimal("qty", trade.fill.quantity);
  json.Decimal("quoteQty", trade.fill.quote).Decimal("commission", trade.fill.commission);
  json.Text("commissionAsset", trade.fill.commission_asset)
      .Int("time", trade.time_ms)
      .Bool("isBuyer", trade.is_buyer);
  json.Bool("isMaker", trade.fill.is_maker).Bool("isBestMatch", true).EndObject();
}

void WriteAccount(JsonText& json, const VenueCore& core, AccountIndex account, bool omit_zero,
                  base::Time now) {
  const int64_t maker = core.options().maker_fee_ppm, taker = core.options().taker_fee_ppm;
  json.Object()
      .Int("makerCommission", maker / 100)
      .Int("takerCommission", taker / 100)
      .Int("buyerCommission", 0);
  json.Int("sellerCommission", 0)
      .Object("commissionRates")
      .Text("maker", Rate(maker))
      .Text("taker", Rate(taker));
  json.Text("buyer", Rate(0)).Text("seller", Rate(0)).EndObject();
  json.Bool("canTrade", true)
      .Bool("canWithdraw", false)
      .Bool("canDeposit", false)
      .Bool("brokered", false);
  json.Bool("requireSelfTradePrevention", false)
      .Bool("preventSor", false)
      .Int("updateTime", base::UnixMillis(now));
  json.Text("accountType", "SPOT").Array("balances");
  for (const std::string& asset : ListedAssets()) {
    const Balance balance = core.ledger().balance(account, asset);
    if (omit_zero && balance.free == 0 && balance.locked == 0) continue;
    json.Object()
        .Text("asset", asset)
        .Decimal("free", balance.free)
        .Decimal("locked", balance.locked)
        .EndObject();
  }
  json.EndArray()
      .Array("permissions")
      .Text("SPOT")
      .EndArray()
      .Int("uid", 1'000'000 + account)
      .EndObject();
}

void WriteCommission(JsonText& json, const VenueCore& core, SymbolIndex symbol) {
  const auto write = [&json](std::string_view key, int64_t maker, int64_t taker) {
    json.Object(key)
        .Text("maker", Rate(maker))
        .Text("taker", Rate(taker))
        .Text("buyer", Rate(0))
        .Text("seller", Rate(0))
        .EndObject();
  };
  json.Object().Text("symbol", NameOf(symbol));
  write("standardCommission", core.options().maker_fee_ppm, core.options().taker_fee_ppm);
  write("specialCommission", 0, 0);
  write("taxCommission", 0, 0);
  json.Object("discount")
      .Bool("enabledForAccount", false)
      .Bool("enabledForSymbol", false)
      .Text("discountAsset", "BNB");
  json.Text("discount", Rate(0)).EndObject().EndObject();
}

void WriteError(JsonText& json, const ApiError& error, std::string_view data) {
  json.Object().Int("code", error.code).Text("msg", error.message);
  if (!data.empty()) json.Raw("data", data);
  json.EndObject();
}

// ---- streams

std::string TradeEvent(SymbolIndex symbol, const TradePrint& trade, base::Time now) {
  JsonText json;
  json.Object()
      .Text("e", "trade")
      .Int("E", base::UnixMillis(now))
      .Text("s", NameOf(symbol))
      .Unsigned("t", trade.id);
  json.Decimal("p", trade.price)
      .Decimal("q", trade.quantity)
      .Int("T", trade.time_ms)
      .Bool("m", trade.buyer_is_maker);
  return json.Bool("M", true).EndObject().Take();
}

std::string AggregateEvent(SymbolIndex symbol, const AggregateTrade& trade, base::Time now) {
  JsonText json;
  json.Object()
      .Text("e", "aggTrade")
      .Int("E", base::UnixMillis(now))
      .Text("s", NameOf(symbol))
      .Unsigned("a", trade.id);
  json.Decimal("p", trade.price)
      .Decimal("q", trade.quantity)
      .Unsigned("f", trade.first_trade)
      .Unsigned("l", trade.last_trade);
  return json.Int("T", trade.time_ms)
      .Bool("m", trade.buyer_is_maker)
      .Bool("M", true)
      .EndObject()
      .Take();
}

std::string BookTickerEvent(const VenueCore& core, SymbolIndex symbol) {
  JsonText json;
  json.Object();
  WriteBest(json, core, symbol);
  return json.EndObject().Take();
}

void WriteBest(JsonText& json, const VenueCore& core, SymbolIndex symbol) {
  const auto bid = core.Best(symbol, Side::kBuy), ask = core.Best(symbol, Side::kSell);
  json.Unsigned("u", core.update_id(symbol)).Text("s", NameOf(symbol));
  json.Decimal("b", bid ? bid->price.mantissa : 0).Decimal("B", bid ? bid->quantity.mantissa : 0);
  json.Decimal("a", ask ? ask->price.mantissa : 0).Decimal("A", ask ? ask->quantity.mantissa : 0);
}

std::string KlineEvent(SymbolIndex symbol, Interval interval, const Candle& c, bool closed,
                       base::Time now) {
  JsonText json;
  const auto trade_id = [](uint64_t id) {
    return id == 0 ? int64_t{-1} : static_cast<int64_t>(id);
  };
  json.Object().Text("e", "kline").Int("E", base::UnixMillis(now)).Text("s", NameOf(symbol));
  json.Object("k")
      .Int("t", c.open_ms)
      .Int("T", NextOpen(interval, c.open_ms) - 1)
      .Text("s", NameOf(symbol));
  json.Text("i", Name(interval)).Int("f", trade_id(c.first_trade)).Int("L", trade_id(c.last_trade));
  json.Decimal("o", c.open)
      .Decimal("c", c.close)
      .Decimal("h", c.high)
      .Decimal("l", c.low)
      .Decimal("v", c.volume);
  json.Unsigned("n", c.trades)
      .Bool("x", closed)
      .Decimal("q", c.quote_volume)
      .Decimal("V", c.taker_buy_volume);
  return json.Decimal("Q", c.taker_buy_quote).Text("B", "0").EndObject().EndObject().Take();
}

std::string DayTickerEvent(const VenueCore& core, SymbolIndex symbol, bool mini) {
  const DayFigures day = core.tape(symbol).Day(base::UnixMillis(core.now()));
  JsonText json;
  json.Object()
      .Text("e", mini ? "24hrMiniTicker" : "24hrTicker")
      .Int("E", base::UnixMillis(core.now()))
      .Text("s", NameOf(symbol));
  if (mini) {
    json.Decimal("c", day.last).Decimal("o", day.open).Decimal("h", day.high).Decimal("l", day.low);
    return json.Decimal("v", day.volume).Decimal("q", day.quote_volume).EndObject().Take();
  }
  const auto bid = core.Best(symbol, Side::kBuy), ask = core.Best(symbol, Side::kSell);
  json.Decimal("p", day.last - day.open).Text("P", Percent(day.last - day.open, day.open));
  json.Decimal("w", Ratio(day.quote_volume, day.volume))
      .Decimal("x", day.previous_close)
      .Decimal("c", day.last);
  json.Decimal("Q", day.last_quantity)
      .Decimal("b", bid ? bid->price.mantissa : 0)
      .Decimal("B", bid ? bid->quantity.mantissa : 0);
  json.Decimal("a", ask ? ask->price.mantissa : 0).Decimal("A", ask ? ask->quantity.mantissa : 0);
  json.Decimal("o", day.open)
      .Decimal("h", day.high)
      .Decimal("l", day.low)
      .Decimal("v", day.volume)
      .Decimal("q", day.quote_volume);
  json.Int("O", day.open_ms)
      .Int("C", day.close_ms)
      .Unsigned("F", day.first_trade)
      .Unsigned("L", day.last_trade);
  return json.Unsigned("n", day.trades).EndObject().Take();
}

std::string AveragePriceEvent(const VenueCore& core, SymbolIndex symbol) {
  const int64_t now = base::UnixMillis(core.now());
  JsonText json;
  json.Object().Text("e", "avgPrice").Int("E", now).Text("s", NameOf(symbol)).Text("i", "5m");
  json.Decimal("w", core.tape(symbol).AveragePrice(now, kAveragePriceMinutes));
  const auto& trades = core.tape(symbol).trades();
  return json.Int("T", trades.empty() ? now : trades.back().time_ms).EndObject().Take();
}

std::string PartialDepth(const VenueCore& core, SymbolIndex symbol, size_t levels) {
  JsonText json;
  WriteDepth(json, core, symbol, levels);
  return json.Take();
}

// ---- user data stream

std::string ExecutionEvent(const Execution& execution) {
  const VenueOrder& order = execution.order;
  const PlaceRequest& r = order.request;
  const bool trade = execution.type == ExecutionType::kTrade;
  const int64_t now = base::UnixMillis(execution.time);
  JsonText json;
  json.Object()
      .Text("e", "executionReport")
      .Int("E", now)
      .Text("s", NameOf(r.symbol))
      .Text("c", execution.client_order_id);
  json.Text("S", Name(r.side))
      .Text("o", Name(r.kind))
      .Text("f", Name(r.time_in_force))
      .Decimal("q", r.quantity);
  json.Decimal("p", r.price).Decimal("P", r.stop_price);
  if (r.trailing_delta > 0) json.Unsigned("d", r.trailing_delta);
  json.Decimal("F", 0).Int("g", -1).Text("C", execution.original_client_order_id);
  json.Text("x", Name(execution.type))
      .Text("X", Name(order.status))
      .Text("r", "NONE")
      .Unsigned("i", order.order_id);
  json.Decimal("l", trade ? execution.fill.quantity : 0)
      .Decimal("z", order.executed)
      .Decimal("L", trade ? execution.fill.price : 0);
  if (trade) {
    json.Decimal("n", execution.fill.commission).Text("N", execution.fill.commission_asset);
  } else {
    json.Text("n", "0").Null("N");
  }
  json.Int("T", now).Int("t", trade ? static_cast<int64_t>(execution.fill.trade_id) : -1);
  if (order.prevented_match >= 0) json.Int("v", order.prevented_match);
  json.Unsigned("I", execution.execution_id).Bool("w", order.is_working && IsOpen(order.status));
  json.Bool("m", trade && execution.fill.is_maker)
      .Bool("M", trade)
      .Int("O", base::UnixMillis(order.created));
  json.Decimal("Z", order.cumulative_quote)
      .Decimal("Y", trade ? execution.fill.quote : 0)
      .Decimal("Q", r.quote_quantity);
  if (order.is_working) json.Int("W", base::UnixMillis(order.working));
  json.Text("V", Name(r.self_trade));
  if (order.prevented_match >= 0) json.Decimal("A", order.prevented_quantity);
  if (execution.type == ExecutionType::kTradePrevention)
    json.Decimal("B", order.prevented_quantity);
  return json.EndObject().Take();
}

std::string AccountPositionEvent(const VenueCore& core, AccountIndex account,
                                 const std::vector<std::string>& assets, base::Time now) {
  JsonText json;
  json.Object()
      .Text("e", "outboundAccountPosition")
      .Int("E", base::UnixMillis(now))
      .Int("u", base::UnixMillis(now))
      .Array("B");
  for (const std::string& asset : assets) {
    const Balance balance = core.ledger().balance(account, asset);
    json.Object()
        .Text("a", asset)
        .Decimal("f", balance.free)
        .Decimal("l", balance.locked)
        .EndObject();
  }
  return json.EndArray().EndObject().Take();
}

std::string BalanceUpdateEvent(std::string_view asset, Amount change, base::Time now) {
  JsonText json;
  json.Object()
      .Text("e", "balanceUpdate")
      .Int("E", base::UnixMillis(now))
      .Text("a", asset)
      .Decimal("d", change);
  return json.Int("T", base::UnixMillis(now)).EndObject().Take();
}

}  // namespace gannet::venue_sim
