#include "services/venue-sim/bybit_linear_payloads.h"

#include <charconv>

#include "libs/base/digest.h"
#include "services/venue-sim/bybit_payloads.h"

namespace gannet::venue_sim::bybit {
namespace {

const std::string& NameOf(SymbolIndex symbol) { return ListedSymbols()[symbol].name; }

std::string_view TimeName(UsdmTime time) {
  switch (time) {
    case UsdmTime::kGtc:
    case UsdmTime::kGtd:  // nobody can ask for it here
      break;
    case UsdmTime::kIoc:
      return "IOC";
    case UsdmTime::kFok:
      return "FOK";
    case UsdmTime::kPostOnly:
      return "PostOnly";
  }
  return "GTC";
}

// "In derivatives, orders with this status (Cancelled) may have an executed qty".
std::string_view StatusName(OrderStatus status) {
  switch (status) {
    case OrderStatus::kNew:
      return "New";
    case OrderStatus::kPartiallyFilled:
      return "PartiallyFilled";
    case OrderStatus::kFilled:
      return "Filled";
    case OrderStatus::kRejected:
      return "Rejected";
    default:
      return "Cancelled";
  }
}

std::string_view StatusName(const UsdmAlgo& algo) {
  switch (algo.status) {
    case AlgoStatus::kNew:
      return "Untriggered";
    case AlgoStatus::kCanceled:
      return "Deactivated";
    case AlgoStatus::kRejected:
      return "Cancelled";
    default:
      return "Triggered";
  }
}

std::string_view RejectName(const UsdmOrder& order) {
  if (order.status == OrderStatus::kRejected) return "EC_Others";
  if (order.status != OrderStatus::kExpired) return "EC_NoError";
  switch (order.request.time_in_force) {
    case UsdmTime::kPostOnly:
      return "EC_PostOnlyWillTakeLiquidity";
    case UsdmTime::kFok:
      return "EC_CancelForNoFullFill";
    default:
      return "EC_NoImmediateQtyToFill";
  }
}

struct Row {
  std::string id, link;
  const UsdmPlace& request;
  bool conditional = false, limited = false;
  std::string_view status, reject = "EC_NoError";
  int64_t executed = 0, remaining = 0;
  Amount quote = 0;
  base::Time created, updated;
};

void WriteRow(JsonText& json, const Row& row) {
  const UsdmPlace& r = row.request;
  const bool rises = r.trigger > 0 && (r.type == UsdmType::kStop || r.type == UsdmType::kStopMarket)
                         ? r.side == market::Side::kBuy
                         : r.side == market::Side::kSell;
  json.Object()
      .Text("category", "linear")
      .Text("orderId", row.id)
      .Text("orderLinkId", row.link)
      .Text("symbol", NameOf(r.symbol))
      .Text("side", SideName(r.side))
      .Text("orderType", row.limited ? "Limit" : "Market")
      .Text("orderStatus", row.status)
      .Text("timeInForce", TimeName(r.time_in_force));
  json.Text("price", EightDecimals(r.price))
      .Text("qty", EightDecimals(r.quantity))
      .Text("leavesQty", EightDecimals(row.remaining))
      .Text("cumExecQty", EightDecimals(row.executed))
      .Text("cumExecValue", EightDecimals(row.quote))
      .Text("cancelType", "UNKNOWN")
      .Text("rejectReason", row.reject)
      .Text("stopOrderType", row.conditional ? "Stop" : "UNKNOWN");
  json.Text("triggerPrice", row.conditional ? EightDecimals(r.trigger) : "0.00")
      .Text("smpType", "None")
      .Text("createdTime", Millis(row.created))
      .Text("updatedTime", Millis(row.updated))
      .Int("positionIdx", static_cast<int64_t>(r.leg))
      .Int("triggerDirection", !row.conditional ? 0
                               : rises          ? 1
                                                : 2)
      .Bool("reduceOnly", r.reduce_only)
      .Bool("closeOnTrigger", false)
      .EndObject();
}

const UsdmAlgo* AlgoOf(const UsdmMarket& market, const UsdmOrder& order) {
  return order.algo_id == 0 ? nullptr : market.FindAlgo(order.account, order.algo_id, "");
}

}  // namespace

std::string LinearOrderId(const UsdmOrder& order) {
  return order.algo_id != 0 ? "c-" + std::to_string(order.algo_id)
                            : "l-" + std::to_string(order.id);
}
std::string LinearOrderId(const UsdmAlgo& algo) { return "c-" + std::to_string(algo.id); }

std::optional<LinearRef> ParseLinearOrderId(std::string_view text) {
  if (text.size() < 3 || (text[0] != 'l' && text[0] != 'c') || text[1] != '-') return std::nullopt;
  LinearRef ref{text[0] == 'c', 0};
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + 2, end, ref.number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return ref;
}

std::string LinearTradeId(uint64_t trade) {
  return base::Hex(base::Sha256("linear " + std::to_string(trade))).substr(0, 32);
}

void WriteLinearOrder(JsonText& json, const UsdmMarket& market, const UsdmOrder& order) {
  const UsdmAlgo* algo = AlgoOf(market, order);
  Row row{.id = LinearOrderId(order),
          .link = algo == nullptr ? order.request.client_id : algo->request.client_id,
          .request = algo == nullptr ? order.request : algo->request};
  row.conditional = algo != nullptr;
  row.limited = HasPrice(order.request.type);
  row.status = StatusName(order.status);
  row.reject = RejectName(order);
  row.executed = order.executed;
  row.remaining = IsOpen(order.status) ? order.remaining() : 0;
  row.quote = order.quote;
  row.created = algo == nullptr ? order.created : algo->created;
  row.updated = order.updated;
  WriteRow(json, row);
}

void WriteLinearOrder(JsonText& json, const UsdmAlgo& algo) {
  Row row{.id = LinearOrderId(algo), .link = algo.request.client_id, .request = algo.request};
  row.conditional = true;
  row.limited = HasPrice(algo.request.type);
  row.status = StatusName(algo);
  row.remaining = algo.status == AlgoStatus::kNew ? algo.request.quantity : 0;
  row.created = algo.created;
  row.updated = algo.updated;
  if (algo.status == AlgoStatus::kRejected) row.reject = "EC_Others";
  WriteRow(json, row);
}

void WriteLinearExecution(JsonText& json, const UsdmMarket& market, AccountIndex account,
                          const UsdmTrade& trade, bool streamed) {
  const UsdmOrder* order = market.Find(account, trade.symbol, trade.order_id, "");
  const UsdmAlgo* algo = order == nullptr ? nullptr : AlgoOf(market, *order);
  const std::string link = algo != nullptr    ? algo->request.client_id
                           : order != nullptr ? order->request.client_id
                                              : std::string();
  json.Object();
  if (streamed) json.Text("category", "linear");
  json.Text("symbol", NameOf(trade.symbol))
      .Text("execFee", EightDecimals(trade.commission))
      // The list leaves it out.
      .Text("feeCurrency", streamed ? "USDT" : "")
      .Text("execId", LinearTradeId(trade.id))
      .Text("execPrice", EightDecimals(trade.price))
      .Text("execQty", EightDecimals(trade.quantity));
  if (order != nullptr) json.Text("orderQty", EightDecimals(order->request.quantity));
  json.Text("execType", link.starts_with("autoclose-")      ? "BustTrade"
                        : link.starts_with("adl_autoclose") ? "AdlTrade"
                                                            : "Trade");
  json.Text("execValue", EightDecimals(trade.quote))
      .Bool("isMaker", trade.is_maker)
      .Text("orderId",
            order == nullptr ? "l-" + std::to_string(trade.order_id) : LinearOrderId(*order))
      .Text("orderLinkId", link)
      .Text("side", SideName(trade.side))
      .Text("execTime", std::to_string(trade.time_ms))
      .Unsigned("seq", trade.id);
  if (streamed) json.Text("execPnl", EightDecimals(trade.realized));
  json.EndObject();
}

void WriteLinearPosition(JsonText& json, const UsdmMarket& market, AccountIndex account,
                         SymbolIndex symbol, UsdmLeg leg) {
  const UsdmPosition position = market.position(account, {symbol, leg});
  const int64_t size = position.quantity < 0 ? -position.quantity : position.quantity;
  const Amount entry = size == 0 ? 0 : position.cost * kOne / size;
  json.Object()
      .Int("positionIdx", static_cast<int64_t>(leg))
      .Text("symbol", NameOf(symbol))
      .Text("side", position.quantity == 0  ? ""
                    : position.quantity > 0 ? "Buy"
                                            : "Sell")
      .Text("size", EightDecimals(size))
      .Text("avgPrice", EightDecimals(entry))
      .Text("positionValue", EightDecimals(position.cost))
      .Int("tradeMode", 0)
      .Text("leverage", std::to_string(market.leverage(account, symbol)));
  json.Text("positionStatus", "Normal")
      .Text("liqPrice", "")
      .Text("takeProfit", "0.00")
      .Text("stopLoss", "0.00")
      .Text("trailingStop", "0.00")
      .Int("autoAddMargin", 0)
      .Text("updatedTime", Millis(market.wallet_time(account)))
      .EndObject();
}

void WriteLinearInstrument(JsonText& json, const Symbol& symbol) {
  json.Object()
      .Text("symbol", symbol.name)
      .Text("contractType", "LinearPerpetual")
      .Text("status", symbol.halted ? "PreLaunch" : "Trading")
      .Text("baseCoin", symbol.base)
      .Text("quoteCoin", symbol.quote)
      .Text("settleCoin", symbol.quote)
      .Object("leverageFilter")
      .Text("minLeverage", "1")
      .Text("maxLeverage", std::to_string(UsdmMarket::kMaxLeverage))
      .Text("leverageStep", "0.01")
      .EndObject();
  json.Object("priceFilter")
      .Text("minPrice", EightDecimals(symbol.min_price))
      .Text("maxPrice", EightDecimals(symbol.max_price))
      .Text("tickSize", EightDecimals(symbol.tick))
      .EndObject()
      .Object("lotSizeFilter")
      .Text("minOrderQty", EightDecimals(symbol.lot))
      .Text("maxOrderQty", EightDecimals(symbol.max_quantity))
      .Text("maxMktOrderQty", EightDecimals(symbol.max_market_quantity))
      .Text("qtyStep", EightDecimals(symbol.lot))
      .Text("minNotionalValue", EightDecimals(symbol.min_notional))
      .EndObject()
      .EndObject();
}

void WriteLogRow(JsonText& json, const UsdmMarket& market, AccountIndex account,
                 const UsdmTrade& trade) {
  const UsdmOrder* order = market.Find(account, trade.symbol, trade.order_id, "");
  json.Object()
      .Text("id", "trade-" + std::to_string(trade.id))
      .Text("symbol", NameOf(trade.symbol))
      .Text("category", "linear")
      .Text("side", SideName(trade.side))
      .Text("transactionTime", std::to_string(trade.time_ms))
      .Text("type", "TRADE")
      .Text("transSubType", "")
      .Text("qty", EightDecimals(trade.quantity))
      .Text("currency", "USDT");
  json.Text("tradePrice", EightDecimals(trade.price))
      .Text("funding", "")
      .Text("fee", EightDecimals(trade.commission))
      .Text("cashFlow", EightDecimals(trade.realized))
      .Text("change", EightDecimals(trade.realized - trade.commission))
      .Text("tradeId", LinearTradeId(trade.id))
      .Text("orderId", order == nullptr ? "" : LinearOrderId(*order))
      .Text("orderLinkId", order == nullptr ? "" : order->request.client_id)
      .EndObject();
}

void WriteLogRow(JsonText& json, const UsdmIncome& income) {
  const bool funding = income.type == "FUNDING_FEE";
  const std::string_view type = funding                     ? "SETTLEMENT"
                                : income.type != "TRANSFER" ? "BONUS"
                                : income.amount < 0         ? "TRANSFER_OUT"
                                                            : "TRANSFER_IN";
  json.Object()
      .Text("id", "income-" + std::to_string(income.id))
      .Text("symbol", funding ? income.symbol : "")
      .Text("category", funding ? "linear" : "")
      .Text("side", funding ? "Buy" : "None")
      .Text("transactionTime", std::to_string(income.time_ms))
      .Text("type", type)
      .Text("transSubType", "")
      .Text("currency", "USDT");
  json.Text("funding", funding ? EightDecimals(income.amount) : "")
      .Text("fee", "0")
      .Text("cashFlow", funding ? "0" : EightDecimals(income.amount))
      .Text("change", EightDecimals(income.amount))
      .Text("tradeId", "")
      .EndObject();
}

std::string LinearOrderFrame(const UsdmMarket& market, const UsdmExecution& execution,
                             bool triggered) {
  JsonText json;
  OpenFrame(json, "order", execution.time);
  const UsdmAlgo* algo = AlgoOf(market, execution.order);
  if (triggered && algo != nullptr) {
    UsdmAlgo moment = *algo;
    moment.status = AlgoStatus::kTriggered;
    WriteLinearOrder(json, moment);
  } else {
    WriteLinearOrder(json, market, execution.order);
  }
  return CloseFrame(json);
}

std::string LinearOrderFrame(const UsdmAlgo& algo, base::Time now) {
  JsonText json;
  OpenFrame(json, "order", now);
  WriteLinearOrder(json, algo);
  return CloseFrame(json);
}

std::string LinearExecutionFrame(const UsdmMarket& market, const UsdmExecution& execution) {
  JsonText json;
  OpenFrame(json, "execution", execution.time);
  WriteLinearExecution(json, market, execution.order.account, execution.trade, /*streamed=*/true);
  return CloseFrame(json);
}

std::string LinearPositionFrame(const UsdmMarket& market, AccountIndex account, SymbolIndex symbol,
                                base::Time now) {
  JsonText json;
  OpenFrame(json, "position", now);
  for (const UsdmLeg leg : market.legs(account))
    WriteLinearPosition(json, market, account, symbol, leg);
  return CloseFrame(json);
}

}  // namespace gannet::venue_sim::bybit
