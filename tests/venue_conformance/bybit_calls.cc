#include <functional>
#include <map>

#include "libs/base/status.h"
#include "libs/venue/bybit/requests.h"
#include "tests/venue_conformance/steps.h"
#include "tests/venue_conformance/unified.h"

namespace gannet::venue::conformance {
namespace {

using bybit::Category;

struct Asked {
  const Context& context;
  Arguments args;
};
using Answer = absl::StatusOr<Call>;

struct Target {
  std::string id;
  Category category = Category::kSpot;
  Market market;
};
absl::StatusOr<Target> TargetOf(Asked& asked, size_t index = 0) {
  Target target;
  const std::vector<std::string> symbols = asked.args.List(index);
  const std::string type = asked.args.TakeText({"type", "category"});
  const std::string sub_type = asked.args.TakeText({"subType"});
  if (sub_type == "inverse" || type == "inverse" || type == "option")
    return Unsupported("market type " + type + sub_type);
  if (symbols.empty()) {
    if (type != "spot") target.category = Category::kLinear;  // the client's default
    return target;
  }
  GANNET_ASSIGN_OR_RETURN(target.market, MarketOf(asked.context, symbols[0]));
  target.id = target.market.id;
  target.category = target.market.spot ? Category::kSpot : Category::kLinear;
  return target;
}

absl::StatusOr<Target> Linear(Asked& asked, size_t index = 0) {
  GANNET_ASSIGN_OR_RETURN(Target target, TargetOf(asked, index));
  if (!target.id.empty() && target.category == Category::kSpot)
    return Unsupported("spot has no such call");
  return target;
}

// Linear without a symbol is asked by the coin that it settles in.
std::string SettleCoin(Asked& asked, const Target& target) {
  const std::string coin = asked.args.TakeText({"settleCoin"});
  if (target.category == Category::kSpot || !target.id.empty()) return coin;
  return coin.empty() ? "USDT" : coin;
}

absl::StatusOr<UnifiedOrder> Order(const Context& context, Arguments& args) {
  const bool exit = args.Has("stopLossPrice") || args.Has("takeProfitPrice");
  GANNET_ASSIGN_OR_RETURN(UnifiedOrder order, OrderOf(context, args, /*rounded_cost=*/true));
  // The client's stopLossPrice and takeProfitPrice close something that is held.
  if (exit && order.market.spot) order.spec.funds_reserved = true;
  if (exit && !order.market.spot) order.spec.reduce_only = true;
  if (order.test) return Unsupported("Bybit has no test of an order that places nothing");
  return order;
}

Answer CreateOrder(Asked& asked) {
  // A trailing distance in price is set on the position.
  if (const auto distance = asked.args.TakeNumber({"trailingAmount", "trailingStop"})) {
    GANNET_ASSIGN_OR_RETURN(const Target target, Linear(asked));
    bybit::TradingStop stop;
    stop.symbol = target.id;
    stop.trailing_distance = distance;
    std::optional<Decimal> active = asked.args.TakeNumber({"trailingTriggerPrice", "activePrice"});
    if (!active) active = asked.args.Number(4);
    if (active) stop.activation_price = RoundToStep(*active, target.market.price_step);
    asked.args.Take({"clientOrderId", "reduceOnly"});
    return bybit::SetTradingStop(stop);
  }
  GANNET_ASSIGN_OR_RETURN(const UnifiedOrder order, Order(asked.context, asked.args));
  return bybit::Place(order.market.spot ? Category::kSpot : Category::kLinear, order.spec);
}

Answer MarketWithCost(Asked& asked, const char* side) {
  json args = {asked.args.at(0), "market", side, nullptr, nullptr};
  json options = {{"cost", asked.args.at(1)}};
  if (const std::string id = asked.args.TakeText({"clientOrderId"}); !id.empty())
    options["clientOrderId"] = id;
  asked.args.Take({"quoteOrderQty", "cost"});  // the same amount again
  args.push_back(options);
  Asked order{asked.context, Arguments(args)};
  return CreateOrder(order);
}

Answer CreateOrders(Asked& asked) {
  std::vector<OrderSpec> specs;
  Category category = Category::kSpot;
  for (const json& member : asked.args.at(0)) {
    if (!member.is_object()) return Unsupported("a batch of something else than orders");
    Arguments one(
        json::array({member.value("symbol", json()), member.value("type", json()),
                     member.value("side", json()), member.value("amount", json()),
                     member.value("price", json()), member.value("params", json::object())}));
    GANNET_ASSIGN_OR_RETURN(UnifiedOrder order, Order(asked.context, one));
    GANNET_RETURN_IF_ERROR(one.Rest());
    category = order.market.spot ? Category::kSpot : Category::kLinear;
    specs.push_back(std::move(order.spec));
  }
  return bybit::PlaceBatch(category, specs);
}

struct Edit {
  Category category = Category::kSpot;
  bybit::Amendment amendment;
};
// (id, symbol, type, side, amount, price, options)
absl::StatusOr<Edit> EditOf(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  Edit edit;
  edit.category = target.category;
  edit.amendment.symbol = target.id;
  edit.amendment.order = RefOf(asked.args, 0);
  const auto price = [&](const std::optional<Decimal>& value) -> std::optional<Decimal> {
    return value ? RoundToStep(*value, target.market.price_step) : std::nullopt;
  };
  if (const auto amount = asked.args.Number(4))
    edit.amendment.quantity = FloorToStep(*amount, target.market.amount_step);
  edit.amendment.price = price(asked.args.Number(5));
  asked.args.Take({"postOnly"});  // the order keeps its own
  if (asked.args.Has("triggerPrice") || asked.args.Has("stopPrice"))
    return Unsupported("amended trigger with the client's own trigger source");
  return edit;
}

Answer EditOrder(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Edit edit, EditOf(asked));
  return bybit::Amend(edit.category, edit.amendment);
}

Answer EditOrders(Asked& asked) {
  std::vector<bybit::Amendment> amendments;
  Category category = Category::kSpot;
  for (const json& member : asked.args.at(0)) {
    if (!member.is_object()) return Unsupported("a batch of something else than orders");
    Asked one{asked.context,
              Arguments(json::array({member.value("id", json()), member.value("symbol", json()),
                                     member.value("type", json()), member.value("side", json()),
                                     member.value("amount", json()), member.value("price", json()),
                                     member.value("params", json::object())}))};
    GANNET_ASSIGN_OR_RETURN(Edit edit, EditOf(one));
    GANNET_RETURN_IF_ERROR(one.args.Rest());
    category = edit.category;
    amendments.push_back(std::move(edit.amendment));
  }
  return bybit::AmendBatch(category, amendments);
}

Answer CancelOrder(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  const OrderRef order = RefOf(asked.args, 0);
  return bybit::Cancel(target.category, target.id, order, TakeTrigger(asked.args));
}

Answer CancelOrders(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  std::vector<bybit::SymbolOrder> orders;
  for (const json& id : asked.args.Take({"clientOrderIds", "clientOids"}))
    orders.push_back({target.id, {"", id.get<std::string>()}});
  for (const std::string& id : asked.args.List(0)) orders.push_back({target.id, {id, ""}});
  return bybit::CancelBatch(target.category, orders);
}

Answer CancelOrdersForSymbols(Asked& asked) {
  std::vector<bybit::SymbolOrder> orders;
  Category category = Category::kSpot;
  for (const json& member : asked.args.at(0)) {
    if (!member.is_object()) return Unsupported("a list of something else than orders");
    GANNET_ASSIGN_OR_RETURN(const Market market,
                            MarketOf(asked.context, member.value("symbol", "")));
    category = market.spot ? Category::kSpot : Category::kLinear;
    const std::string client_id = member.value("clientOrderId", "");
    orders.push_back({market.id, {client_id.empty() ? member.value("id", "") : "", client_id}});
  }
  return bybit::CancelBatch(category, orders);
}

Answer CancelAll(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  return bybit::CancelAll(target.category, target.id, SettleCoin(asked, target),
                          TakeTrigger(asked.args));
}

Answer FetchOrder(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  asked.args.Take({"acknowledged"});
  return bybit::QueryOrder(target.category, target.id, RefOf(asked.args, 0));
}

Answer FetchOpenOrder(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  return bybit::QueryOrder(target.category, target.id, RefOf(asked.args, 0));
}

Answer FetchOpenOrders(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  Page page;
  page.limit = asked.args.Count(2);
  return bybit::OpenOrders(target.category, target.id, SettleCoin(asked, target), page,
                           TakeTrigger(asked.args));
}

Answer FetchHistory(Asked& asked, const char* status) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  return bybit::OrderHistory(target.category, target.id, {}, status, PageOf(asked.args, 1, 2));
}

Answer FetchClosedOrder(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  return bybit::OrderHistory(target.category, target.id, {asked.args.Text(0), ""}, "Filled", {});
}

Answer FetchExecutions(Asked& asked, const char* type) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  Page page = PageOf(asked.args, 1, 2);
  if (std::string_view(type) == "Funding" && page.limit == 0) page.limit = 100;
  return bybit::Executions(target.category, target.id, {}, type, page);
}

Answer FetchOrderTrades(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  const OrderRef order = RefOf(asked.args, 0);
  return bybit::Executions(target.category, target.id, order, "Trade", PageOf(asked.args, 2, 3));
}

Answer FetchPositions(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(Target target, Linear(asked));
  target.category = Category::kLinear;
  Page page;
  page.limit = 200;  // the most
  return bybit::Positions(target.id, SettleCoin(asked, target), page);
}

// --- public data -------------------------------------------------------------

int64_t MinutesOf(const std::string& timeframe) {
  if (timeframe.size() < 2) return 0;
  const int64_t count = std::atoll(timeframe.c_str());
  switch (timeframe.back()) {
    case 'm':
      return count;
    case 'h':
      return count * 60;
    case 'd':
      return count * 24 * 60;
    case 'w':
      return count * 7 * 24 * 60;
    default:
      return 0;
  }
}

Answer Candles(Asked& asked, std::string price) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  const std::string timeframe = asked.args.Text(1).empty() ? "1m" : asked.args.Text(1);
  const int64_t minutes = MinutesOf(timeframe);
  const bool month = timeframe == "1M";
  if (minutes == 0 && !month) return Unsupported("candles of " + timeframe);
  const std::string interval = month                    ? "M"
                               : minutes == 7 * 24 * 60 ? "W"
                               : minutes == 24 * 60     ? "D"
                                                        : std::to_string(minutes);
  Page page = PageOf(asked.args, 2, 3);
  if (page.limit == 0) page.limit = 200;
  if (page.since && minutes > 0) {  // up to the start of a candle
    const int64_t length = minutes * 60'000;
    const int64_t start = base::UnixMillis(*page.since);
    page.since = base::FromUnixMillis((start + length - 1) / length * length);
  }
  if (price.empty()) price = asked.args.TakeText({"price"});
  if (target.category == Category::kSpot && !price.empty())
    return Unsupported("candles of that price on spot");
  const bybit::CandleKind kind = price == "mark"           ? bybit::CandleKind::kMark
                                 : price == "index"        ? bybit::CandleKind::kIndex
                                 : price == "premiumIndex" ? bybit::CandleKind::kPremium
                                                           : bybit::CandleKind::kTrade;
  return bybit::Klines(kind, target.category, target.id, interval, page);
}

Answer FetchTickers(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  return bybit::Tickers(target.category, "");
}

Answer FetchFundingRates(Asked& asked, bool one) {
  GANNET_ASSIGN_OR_RETURN(const Target target, Linear(asked));
  const bool named = one || asked.args.List(0).size() == 1;
  return bybit::Tickers(Category::kLinear, named ? target.id : "");
}

Answer FetchFundingRateHistory(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, Linear(asked));
  Page page = PageOf(asked.args, 1, 2);
  if (page.limit == 0) page.limit = 200;
  // A window is stated as a whole: as many intervals of eight hours as rows.
  if (page.since && !page.until) page.until = *page.since + std::chrono::hours(8) * page.limit;
  return bybit::FundingRates(target.id, page);
}

std::string OpenInterestInterval(const std::string& timeframe) {
  return timeframe.ends_with('m') ? timeframe + "in" : timeframe;
}

Answer FetchOpenInterestHistory(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, Linear(asked));
  const std::string timeframe = asked.args.Text(1).empty() ? "1h" : asked.args.Text(1);
  Page page = PageOf(asked.args, 2, 3);
  if (page.since && !page.until) {
    page.until = *page.since +
                 std::chrono::minutes(MinutesOf(timeframe)) * (page.limit == 0 ? 50 : page.limit);
  }
  return bybit::OpenInterest(target.id, OpenInterestInterval(timeframe), page);
}

Answer FetchLongShortRatio(Asked& asked) {  // the client drops the start
  GANNET_ASSIGN_OR_RETURN(const Target target, Linear(asked));
  Page page;
  page.limit = asked.args.Count(3);
  const std::string period = asked.args.Text(1).empty() ? "1d" : asked.args.Text(1);
  return bybit::LongShortRatio(target.id, period, page);
}

Answer SetMarginMode(Asked& asked) {
  const std::string mode = asked.args.Text(0);
  asked.args.Take({"leverage"});
  if (mode == "isolated") return bybit::SetMarginMode("ISOLATED_MARGIN");
  if (mode == "cross") return bybit::SetMarginMode("REGULAR_MARGIN");
  if (mode == "portfolio") return bybit::SetMarginMode("PORTFOLIO_MARGIN");
  return Unsupported("margin mode " + mode);
}

const std::map<std::string, std::function<Answer(Asked&)>>& Table() {
  static const std::map<std::string, std::function<Answer(Asked&)>> kTable = {
      {"createOrder", CreateOrder},
      {"createOrders", CreateOrders},
      {"createMarketBuyOrderWithCost", [](Asked& a) { return MarketWithCost(a, "buy"); }},
      {"createMarketSellOrderWithCost", [](Asked& a) { return MarketWithCost(a, "sell"); }},
      {"editOrder", EditOrder},
      {"editOrders", EditOrders},
      {"cancelOrder", CancelOrder},
      {"cancelOrders", CancelOrders},
      {"cancelOrdersForSymbols", CancelOrdersForSymbols},
      {"cancelAllOrders", CancelAll},
      {"cancelAllOrdersAfter",  // milliseconds; the client knows no other product
       [](Asked& a) -> Answer {
         return bybit::SetDisconnectProtection(Category::kLinear,
                                               std::chrono::milliseconds(a.args.Count(0)));
       }},
      {"fetchOrder", FetchOrder},
      {"fetchOpenOrder", FetchOpenOrder},
      {"fetchClosedOrder", FetchClosedOrder},
      {"fetchOpenOrders", FetchOpenOrders},
      {"fetchClosedOrders", [](Asked& a) { return FetchHistory(a, "Filled"); }},
      {"fetchCanceledOrders", [](Asked& a) { return FetchHistory(a, "Cancelled"); }},
      {"fetchCanceledAndClosedOrders", [](Asked& a) { return FetchHistory(a, ""); }},
      {"fetchMyTrades", [](Asked& a) { return FetchExecutions(a, "Trade"); }},
      {"fetchFundingHistory", [](Asked& a) { return FetchExecutions(a, "Funding"); }},
      {"fetchOrderTrades", FetchOrderTrades},
      {"fetchBalance",
       [](Asked& a) -> Answer {
         const std::string type = a.args.TakeText({"type"});
         a.args.Take({"subType"});
         if (type == "fund" || type == "funding") return Unsupported("the funding account");
         return bybit::WalletBalance(a.args.TakeText({"coin"}));
       }},
      {"fetchPositions", FetchPositions},
      {"fetchPosition",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Linear(a));
         return bybit::Positions(target.id, "", {});
       }},
      {"fetchLeverage",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Linear(a));
         return bybit::Positions(target.id, "", {});
       }},
      {"fetchPositionsHistory",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Linear(a));
         const bool one = a.args.List(0).size() == 1;
         return bybit::ClosedPnl(one ? target.id : "", PageOf(a.args, 1, 2));
       }},
      {"fetchTradingFee",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(a));
         return bybit::FeeRate(target.category, target.id);
       }},
      {"fetchLedger",
       [](Asked& a) -> Answer {
         Page page;
         page.since = a.args.Time(1);
         page.limit = a.args.Count(2);
         return bybit::TransactionLog(a.args.Text(0), page);
       }},
      {"setLeverage",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Linear(a, 1));
         const auto leverage = a.args.Number(0);
         if (!leverage) return Unsupported("leverage that is no number");
         return bybit::SetLeverage(target.id, *leverage);
       }},
      {"setMarginMode", SetMarginMode},
      {"setPositionMode",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Linear(a, 1));
         return bybit::SetPositionMode(target.id, target.id.empty() ? "USDT" : "",
                                       a.args.at(0) == true);
       }},
      {"fetchTime", [](Asked&) -> Answer { return bybit::ServerTime(); }},
      {"fetchOrderBook",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(a));
         const int usual = target.category == Category::kSpot ? 50 : 25;
         const int limit = a.args.Count(1);
         return bybit::OrderBook(target.category, target.id, limit == 0 ? usual : limit);
       }},
      {"fetchTrades",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(a));
         return bybit::RecentTrades(target.category, target.id, a.args.Count(2));
       }},
      {"fetchOHLCV", [](Asked& a) { return Candles(a, ""); }},
      {"fetchMarkOHLCV", [](Asked& a) { return Candles(a, "mark"); }},
      {"fetchIndexOHLCV", [](Asked& a) { return Candles(a, "index"); }},
      {"fetchPremiumIndexOHLCV", [](Asked& a) { return Candles(a, "premiumIndex"); }},
      {"fetchTicker",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(a));
         return bybit::Tickers(target.category, target.id);
       }},
      {"fetchTickers", FetchTickers},
      {"fetchBidsAsks", FetchTickers},
      {"fetchFundingRate", [](Asked& a) { return FetchFundingRates(a, true); }},
      {"fetchFundingRates", [](Asked& a) { return FetchFundingRates(a, false); }},
      {"fetchFundingRateHistory", FetchFundingRateHistory},
      {"fetchOpenInterest",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Linear(a));
         const std::string interval = a.args.TakeText({"interval"});
         return bybit::OpenInterest(target.id,
                                    OpenInterestInterval(interval.empty() ? "1h" : interval), {});
       }},
      {"fetchOpenInterestHistory", FetchOpenInterestHistory},
      {"fetchLeverageTiers", [](Asked&) -> Answer { return bybit::RiskLimits(""); }},
      {"fetchMarketLeverageTiers",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Linear(a));
         return bybit::RiskLimits(target.id);
       }},
      {"fetchLongShortRatioHistory", FetchLongShortRatio},
  };
  return kTable;
}

}  // namespace

absl::StatusOr<Call> BybitCall(const Context& context, const Row& row) {
  const auto found = Table().find(row.method);
  if (found == Table().end()) return Unsupported("no call of ours does " + row.method);
  Asked asked{context, Arguments(row.args)};
  Answer call = found->second(asked);
  if (!call.ok()) return call;
  GANNET_RETURN_IF_ERROR(asked.args.Rest());
  return call;
}

}  // namespace gannet::venue::conformance
