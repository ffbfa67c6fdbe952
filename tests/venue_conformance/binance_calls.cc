#include <algorithm>
#include <functional>
#include <map>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/venue/binance/spot_requests.h"
#include "libs/venue/binance/usdm_requests.h"
#include "tests/venue_conformance/steps.h"
#include "tests/venue_conformance/unified.h"

namespace gannet::venue::conformance {
namespace {

using namespace std::chrono_literals;
namespace spot = binance::spot;
namespace usdm = binance::usdm;

struct Asked {
  const Context& context;
  Arguments args;
};
using Answer = absl::StatusOr<Call>;

// Of the first argument; of the options' type when there is no symbol.
struct Target {
  std::string id;
  bool spot = true;
  Market market;
};
absl::StatusOr<Target> TargetOf(Asked& asked, size_t index = 0) {
  Target target;
  const std::vector<std::string> symbols = asked.args.List(index);
  const std::string type =
      asked.args.TakeText({"type", "defaultType"}) + asked.args.TakeText({"subType"});
  if (symbols.empty()) {
    target.spot = type.empty() || type == "spot";
    if (!target.spot && type != "swap" && type != "future" && type != "linear" &&
        type != "swaplinear" && type != "futurelinear") {
      return Unsupported("market type " + type);
    }
    return target;
  }
  GANNET_ASSIGN_OR_RETURN(target.market, MarketOf(asked.context, symbols[0]));
  target.id = target.market.id;
  target.spot = target.market.spot;
  return target;
}

absl::StatusOr<Target> Futures(Asked& asked, size_t index = 0) {
  GANNET_ASSIGN_OR_RETURN(Target target, TargetOf(asked, index));
  if (!target.id.empty() && target.spot) return Unsupported("spot has no such call");
  return target;
}

Answer CreateOrder(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const UnifiedOrder order, OrderOf(asked.context, asked.args));
  if (order.market.spot) return order.test ? spot::TestOrder(order.spec) : spot::Place(order.spec);
  if (order.test) return Unsupported("a test, for which the client places a real order");
  return usdm::Place(order.spec);
}

// (symbol, cost) or (symbol, side, cost)
Answer MarketWithCost(Asked& asked, const char* side) {
  const size_t cost = side == nullptr ? 2 : 1;
  json args = {asked.args.at(0), "market", side == nullptr ? asked.args.at(1) : json(side), nullptr,
               nullptr};
  json options = {{"cost", asked.args.at(cost)}};
  for (const char* name : {"clientOrderId", "newClientOrderId"}) {
    if (const std::string id = asked.args.TakeText({name}); !id.empty()) options[name] = id;
  }
  asked.args.Take({"quoteOrderQty", "cost"});  // the same amount again
  args.push_back(options);
  Asked order{asked.context, Arguments(args)};
  return CreateOrder(order);
}

Answer CreateOrders(Asked& asked) {
  std::vector<OrderSpec> specs;
  for (const json& member : asked.args.at(0)) {
    if (!member.is_object()) return Unsupported("a batch of something else than orders");
    Arguments one(
        json::array({member.value("symbol", json()), member.value("type", json()),
                     member.value("side", json()), member.value("amount", json()),
                     member.value("price", json()), member.value("params", json::object())}));
    GANNET_ASSIGN_OR_RETURN(UnifiedOrder order, OrderOf(asked.context, one));
    GANNET_RETURN_IF_ERROR(one.Rest());
    if (order.market.spot) return Unsupported("Binance spot has no batch of orders");
    specs.push_back(std::move(order.spec));
  }
  return usdm::PlaceBatch(specs);
}

// (id, symbol, type, side, amount, price)
Answer EditOrder(Asked& asked) {
  const OrderRef target{asked.args.Text(0), ""};
  json args = json::array();
  for (size_t i = 1; i < 6; ++i) args.push_back(asked.args.at(i));
  json options = json::object();
  for (const char* name : {"clientOrderId", "newClientOrderId", "timeInForce", "postOnly",
                           "triggerPrice", "stopPrice", "origClientOrderId"}) {
    if (const json value = asked.args.Take({name}); !value.is_null()) options[name] = value;
  }
  args.push_back(options);
  Arguments order_args(args);
  GANNET_ASSIGN_OR_RETURN(const UnifiedOrder order, OrderOf(asked.context, order_args));
  if (order.market.spot) return spot::CancelReplace(order.spec, target);
  if (!order.spec.price || !order.spec.quantity) return Unsupported("amendment without both sizes");
  usdm::Amendment amendment;
  amendment.symbol = order.market.id;
  amendment.order = target;
  amendment.side = order.spec.side;
  amendment.quantity = *order.spec.quantity;
  amendment.price = *order.spec.price;
  return usdm::Amend(amendment);
}

Answer CancelOrder(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  const OrderRef order = RefOf(asked.args, 0);
  const bool algo = TakeTrigger(asked.args);
  if (target.spot) return spot::Cancel(target.id, order);
  return algo ? usdm::CancelAlgo(order) : usdm::Cancel(target.id, order);
}

Answer CancelOrders(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, Futures(asked, 1));
  std::vector<OrderRef> orders;
  for (const json& id : asked.args.Take({"clientOrderIds", "origClientOrderIdList"}))
    orders.push_back({"", id.get<std::string>()});
  if (orders.empty()) {
    for (const std::string& id : asked.args.List(0)) orders.push_back({id, ""});
  }
  return usdm::CancelBatch(target.id, orders);
}

Answer CancelAll(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  const bool algo = TakeTrigger(asked.args);
  if (target.spot) return spot::CancelAll(target.id);
  return algo ? usdm::CancelAllAlgo(target.id) : usdm::CancelAll(target.id);
}

Answer FetchOrder(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  const OrderRef order = RefOf(asked.args, 0);
  const bool algo = TakeTrigger(asked.args);
  asked.args.Take({"acknowledged"});
  if (target.spot) return spot::QueryOrder(target.id, order);
  return algo ? usdm::QueryAlgo(order) : usdm::QueryOrder(target.id, order);
}

Answer FetchOpenOrder(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  const OrderRef order = RefOf(asked.args, 0);
  if (target.spot) return spot::QueryOrder(target.id, order);
  return usdm::OpenOrder(target.id, order);
}

Answer FetchOpenOrders(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  if (target.spot) return spot::OpenOrders(target.id);
  return TakeTrigger(asked.args) ? usdm::OpenAlgoOrders(target.id) : usdm::OpenOrders(target.id);
}

Answer FetchOrders(Asked& asked, bool with_limit) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  Page page = PageOf(asked.args, 1, 2);
  // The client filters afterwards: it asks for all orders without a limit.
  if (!with_limit) page.limit = 0;
  const bool algo = TakeTrigger(asked.args);
  if (target.spot) return spot::AllOrders(target.id, page);
  return algo ? usdm::AllAlgoOrders(target.id, page) : usdm::AllOrders(target.id, page);
}

Answer Trades(Asked& asked, const Target& target, const OrderRef& order, Page page) {
  constexpr auto kWeek = std::chrono::hours(7 * 24);
  if (!target.spot) page.limit = std::min(page.limit, 1000);
  page.from_id = asked.args.TakeText({"fromId"});
  // The client bounds an old window of futures to the week the venue answers for.
  if (!target.spot && page.since && !page.until && asked.context.now - *page.since >= kWeek)
    page.until = std::min(*page.since + kWeek, asked.context.now);
  if (target.spot) return spot::Trades(target.id, order, page);
  return usdm::Trades(target.id, order, page);
}

Answer FetchMyTrades(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  const OrderRef order{asked.args.TakeText({"orderId"}), ""};
  return Trades(asked, target, order, PageOf(asked.args, 1, 2));
}

Answer FetchOrderTrades(Asked& asked) {  // (id, symbol, since, limit)
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 1));
  return Trades(asked, target, {asked.args.Text(0), ""}, PageOf(asked.args, 2, 3));
}

Answer FetchBalance(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked, 99));
  return target.spot ? spot::Account(asked.args.TakeFlag({"omitZeroBalances"}))
                     : usdm::QueryAccount();
}

// --- public data -------------------------------------------------------------

Answer FetchPublicTrades(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  Page page = PageOf(asked.args, 1, 2);
  // The venue answers for one hour from a start on.
  if (page.since && !page.until) page.until = *page.since + std::chrono::hours(1);
  if (target.spot) return spot::AggregateTrades(target.id, page);
  page.limit = std::min(page.limit, 1000);
  return usdm::AggregateTrades(target.id, page);
}

Answer Candles(Asked& asked, std::string price) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  const std::string interval = asked.args.Text(1).empty() ? "1m" : asked.args.Text(1);
  Page page = PageOf(asked.args, 2, 3);
  if (page.limit == 0) page.limit = page.since && page.until ? 1000 : 500;
  page.limit = std::min(page.limit, 1000);
  if (price.empty()) price = asked.args.TakeText({"price"});
  if (target.spot && !price.empty()) return Unsupported("candles of that price on spot");
  if (target.spot) return spot::Klines(target.id, interval, page);
  const usdm::CandleKind kind = price == "mark"           ? usdm::CandleKind::kMark
                                : price == "index"        ? usdm::CandleKind::kIndex
                                : price == "premiumIndex" ? usdm::CandleKind::kPremium
                                                          : usdm::CandleKind::kTrade;
  return usdm::Klines(kind, target.id, interval, page);
}

absl::StatusOr<std::vector<std::string>> Ids(Asked& asked, size_t index) {
  std::vector<std::string> ids;
  for (const std::string& symbol : asked.args.List(index)) {
    GANNET_ASSIGN_OR_RETURN(const Market market, MarketOf(asked.context, symbol));
    ids.push_back(market.id);
  }
  return ids;
}

Answer FetchTickers(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  if (!target.spot) return usdm::DayTicker("");
  GANNET_ASSIGN_OR_RETURN(const std::vector<std::string> ids, Ids(asked, 0));
  return ids.empty() ? spot::DayTicker("") : spot::DayTickers(ids);
}

Answer FetchBidsAsks(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(asked));
  GANNET_ASSIGN_OR_RETURN(const std::vector<std::string> ids, Ids(asked, 0));
  if (!target.spot) return usdm::BookTicker(ids.size() == 1 ? ids[0] : "");
  return ids.empty() ? spot::BookTicker("") : spot::BookTickers(ids);
}

Answer FetchLongShortRatio(Asked& asked) {  // (symbol, timeframe, since, limit)
  GANNET_ASSIGN_OR_RETURN(const Target target, Futures(asked));
  const std::string period = asked.args.Text(1).empty() ? "1d" : asked.args.Text(1);
  return usdm::LongShortRatio(target.id, period, PageOf(asked.args, 2, 3));
}

Answer FetchOpenInterestHistory(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, Futures(asked));
  const std::string period = asked.args.Text(1).empty() ? "5m" : asked.args.Text(1);
  Page page = PageOf(asked.args, 2, 3);
  if (page.since && !page.until) {
    const auto length = asked.args.Text(1) == "1h" ? 1h : asked.args.Text(1) == "1d" ? 24h : 0h;
    if (length == 0h) return Unsupported("open interest with a start by " + period);
    page.until = *page.since + length * (page.limit == 0 ? 30 : page.limit);
  }
  return usdm::OpenInterestHistory(target.id, period, page);
}

// A call of futures that needs the symbol alone.
template <class Make>
std::function<Answer(Asked&)> OfSymbol(Make make) {
  return [make](Asked& asked) -> Answer {
    GANNET_ASSIGN_OR_RETURN(const Target target, Futures(asked));
    return make(target.id);
  };
}

Answer SetMarginMode(Asked& asked) {
  GANNET_ASSIGN_OR_RETURN(const Target target, Futures(asked, 1));
  asked.args.Take({"leverage"});  // no part of this call at the venue
  return usdm::SetMarginType(target.id,
                             asked.args.Text(0) == "isolated" || asked.args.Text(0) == "ISOLATED");
}

Answer ChangeMargin(Asked& asked, bool add) {
  GANNET_ASSIGN_OR_RETURN(const Target target, Futures(asked));
  const auto amount = asked.args.Number(1);
  const auto cut = amount ? FloorToStep(*amount, target.market.amount_step) : std::nullopt;
  if (!cut) return Unsupported("margin without an amount");
  return usdm::ChangeMargin(target.id, *cut, add, PositionSide::kOneWay);
}

const std::map<std::string, std::function<Answer(Asked&)>>& Table() {
  static const std::map<std::string, std::function<Answer(Asked&)>> kTable = {
      {"createOrder", CreateOrder},
      {"createOrders", CreateOrders},
      {"createMarketOrderWithCost", [](Asked& a) { return MarketWithCost(a, nullptr); }},
      {"createMarketBuyOrderWithCost", [](Asked& a) { return MarketWithCost(a, "buy"); }},
      {"createMarketSellOrderWithCost", [](Asked& a) { return MarketWithCost(a, "sell"); }},
      {"editOrder", EditOrder},
      {"cancelOrder", CancelOrder},
      {"cancelOrders", CancelOrders},
      {"cancelAllOrders", CancelAll},
      {"fetchOrder", FetchOrder},
      {"fetchOpenOrder", FetchOpenOrder},
      {"fetchOpenOrders", FetchOpenOrders},
      {"fetchOrders", [](Asked& a) { return FetchOrders(a, true); }},
      {"fetchClosedOrders", [](Asked& a) { return FetchOrders(a, false); }},
      {"fetchCanceledOrders", [](Asked& a) { return FetchOrders(a, false); }},
      {"fetchCanceledAndClosedOrders", [](Asked& a) { return FetchOrders(a, false); }},
      {"fetchMyTrades", FetchMyTrades},
      {"fetchOrderTrades", FetchOrderTrades},
      {"fetchBalance", FetchBalance},
      {"fetchTime",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(a, 99));
         return target.spot ? spot::ServerTime() : usdm::ServerTime();
       }},
      // The first request of these is for the brackets.
      {"fetchPositions",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Futures(a));
         return usdm::LeverageBrackets("");
       }},
      {"fetchPositionsRisk", [](Asked&) -> Answer { return usdm::LeverageBrackets(""); }},
      {"fetchAccountPositions", [](Asked&) -> Answer { return usdm::LeverageBrackets(""); }},
      {"fetchLeverages", [](Asked&) -> Answer { return usdm::LeverageBrackets(""); }},
      {"fetchLeverageTiers", [](Asked&) -> Answer { return usdm::LeverageBrackets(""); }},
      {"fetchLeverage", [](Asked&) -> Answer { return usdm::LeverageBrackets(""); }},
      {"fetchMarketLeverageTiers", [](Asked&) -> Answer { return usdm::LeverageBrackets(""); }},
      {"fetchMarginModes", [](Asked&) -> Answer { return usdm::SymbolConfig(""); }},
      {"fetchMarginMode", OfSymbol(usdm::SymbolConfig)},
      {"fetchPositionMode", [](Asked&) -> Answer { return usdm::PositionMode(); }},
      {"setLeverage",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Futures(a, 1));
         return usdm::SetLeverage(target.id, a.args.Count(0));
       }},
      {"setMarginMode", SetMarginMode},
      {"setPositionMode",
       [](Asked& a) -> Answer {
         a.args.Take({"type", "subType"});
         return usdm::SetPositionMode(a.args.at(0) == true);
       }},
      {"addMargin", [](Asked& a) { return ChangeMargin(a, true); }},
      {"reduceMargin", [](Asked& a) { return ChangeMargin(a, false); }},
      {"fetchFundingHistory",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Futures(a));
         return usdm::Income(target.id, "FUNDING_FEE", PageOf(a.args, 1, 2));
       }},
      {"fetchLedger",
       [](Asked& a) -> Answer {
         if (a.args.TakeText({"type"}) == "spot") return Unsupported("spot has no such call");
         return usdm::Income("", "", PageOf(a.args, 1, 2));
       }},
      {"fetchTradingFee", OfSymbol(usdm::Commission)},
      {"fetchOrderBook",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(a));
         const int limit = a.args.Count(1);
         return target.spot ? spot::Depth(target.id, limit) : usdm::Depth(target.id, limit);
       }},
      {"fetchTrades", FetchPublicTrades},
      {"fetchOHLCV", [](Asked& a) { return Candles(a, ""); }},
      {"fetchMarkOHLCV", [](Asked& a) { return Candles(a, "mark"); }},
      {"fetchIndexOHLCV", [](Asked& a) { return Candles(a, "index"); }},
      {"fetchPremiumIndexOHLCV", [](Asked& a) { return Candles(a, "premiumIndex"); }},
      {"fetchTicker",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, TargetOf(a));
         return target.spot ? spot::DayTicker(target.id) : usdm::DayTicker(target.id);
       }},
      {"fetchTickers", FetchTickers},
      {"fetchBidsAsks", FetchBidsAsks},
      {"fetchFundingRate", OfSymbol(usdm::PremiumIndex)},
      {"fetchFundingRates",
       [](Asked& a) -> Answer {
         a.args.Take({"type", "subType"});
         return usdm::PremiumIndex("");
       }},
      {"fetchFundingRateHistory",
       [](Asked& a) -> Answer {
         GANNET_ASSIGN_OR_RETURN(const Target target, Futures(a));
         return usdm::FundingRates(target.id, PageOf(a.args, 1, 2));
       }},
      {"fetchMarkPrice", OfSymbol(usdm::PremiumIndex)},
      {"fetchMarkPrices", [](Asked&) -> Answer { return usdm::PremiumIndex(""); }},
      {"fetchFundingIntervals", [](Asked&) -> Answer { return usdm::FundingInfo(); }},
      {"fetchFundingInterval", [](Asked&) -> Answer { return usdm::FundingInfo(); }},
      {"fetchOpenInterest", OfSymbol(usdm::OpenInterest)},
      {"fetchOpenInterestHistory", FetchOpenInterestHistory},
      {"fetchLongShortRatioHistory", FetchLongShortRatio},
  };
  return kTable;
}

}  // namespace

absl::StatusOr<Call> BinanceCall(const Context& context, const Row& row) {
  const auto found = Table().find(row.method);
  if (found == Table().end()) return Unsupported("no call of ours does " + row.method);
  Asked asked{context, Arguments(row.args)};
  Answer call = found->second(asked);
  if (!call.ok()) return call;
  GANNET_RETURN_IF_ERROR(asked.args.Rest());
  return call;
}

}  // namespace gannet::venue::conformance
