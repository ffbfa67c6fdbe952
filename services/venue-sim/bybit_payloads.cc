#include "services/venue-sim/bybit_payloads.h"

#include <charconv>

#include "libs/base/digest.h"

namespace gannet::venue_sim::bybit {
namespace {

std::string_view TimeName(const PlaceRequest& request) {
  if (request.kind == OrderKind::kLimitMaker) return "PostOnly";
  switch (request.time_in_force) {
    case TimeInForce::kGtc:
      return HasPrice(request.kind) ? "GTC" : "IOC";
    case TimeInForce::kIoc:
      return "IOC";
    case TimeInForce::kFok:
      return "FOK";
  }
  return "GTC";
}

std::string_view StatusName(const VenueOrder& order) {
  const bool conditional = HasStop(order.request.kind);
  if (Waits(order)) return "Untriggered";
  switch (order.status) {
    case OrderStatus::kNew:
      return "New";
    case OrderStatus::kPartiallyFilled:
      return "PartiallyFilled";
    case OrderStatus::kFilled:
      return "Filled";
    case OrderStatus::kRejected:
      return "Rejected";
    default:
      if (conditional && !order.is_working && order.executed == 0) return "Deactivated";
      return order.executed > 0 ? "PartiallyFilledCanceled" : "Cancelled";
  }
}

void WriteTrade(JsonText& json, SymbolIndex symbol, market::Side side, uint64_t order_id,
                std::string_view link_id, int64_t asked, const FillReport& fill, base::Time time) {
  json.Object()
      .Text("category", "spot")
      .Text("symbol", ListedSymbols()[symbol].name)
      .Text("execFee", EightDecimals(fill.commission))
      .Text("feeCurrency", fill.commission_asset)
      .Text("execId", TradeId(symbol, fill.trade_id))
      .Text("execPrice", EightDecimals(fill.price))
      .Text("execQty", EightDecimals(fill.quantity));
  if (asked > 0) json.Text("orderQty", EightDecimals(asked));
  json.Text("execType", "Trade")
      .Text("execValue", EightDecimals(fill.quote))
      .Bool("isMaker", fill.is_maker)
      .Text("orderId", OrderId(symbol, order_id))
      .Text("orderLinkId", link_id)
      .Text("side", SideName(side))
      .Text("execTime", Millis(time))
      .Unsigned("seq", fill.trade_id)
      .EndObject();
}

// Of the unified account: spot and contracts draw on it.
Amount HeldOf(const Exchange& exchange, AccountIndex account, const std::string& asset) {
  const Balance balance = exchange.core().ledger().balance(account, asset);
  return balance.free + balance.locked +
         (asset == "USDT" ? exchange.usdm().wallet(account) : Amount{0});
}

}  // namespace

std::string_view SideName(market::Side side) { return side == market::Side::kBuy ? "Buy" : "Sell"; }

std::string Millis(base::Time time) { return std::to_string(base::UnixMillis(time)); }

void OpenFrame(JsonText& json, std::string_view topic, base::Time now) {
  json.Object()
      .Text("id", "frame-" + std::to_string(base::UnixNanos(now)))
      .Text("topic", topic)
      .Int("creationTime", base::UnixMillis(now))
      .Array("data");
}

std::string CloseFrame(JsonText& json) {
  json.EndArray().EndObject();
  return json.Take();
}

std::string OrderId(SymbolIndex symbol, uint64_t order) {
  return std::to_string(symbol) + "-" + std::to_string(order);
}

std::optional<std::pair<SymbolIndex, uint64_t>> ParseOrderId(std::string_view text) {
  SymbolIndex symbol = 0;
  uint64_t order = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, symbol);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, order);
  if (second.ec != std::errc() || second.ptr != end || symbol >= ListedSymbols().size())
    return std::nullopt;
  return std::pair(symbol, order);
}

std::string TradeId(SymbolIndex symbol, uint64_t trade) {
  return base::Hex(base::Sha256(std::to_string(symbol) + " " + std::to_string(trade)))
      .substr(0, 32);
}

void WriteSpotInstrument(JsonText& json, const Symbol& symbol) {
  json.Object()
      .Text("symbol", symbol.name)
      .Text("baseCoin", symbol.base)
      .Text("quoteCoin", symbol.quote)
      .Text("innovation", "0")
      .Text("status", symbol.halted ? "PreLaunch" : "Trading")
      .Text("marginTrading", "none")
      .Text("stTag", "0");
  json.Object("lotSizeFilter")
      .Text("basePrecision", EightDecimals(symbol.lot))
      .Text("quotePrecision", EightDecimals(1))
      .Text("minOrderQty", EightDecimals(symbol.lot))
      .Text("maxOrderQty", EightDecimals(symbol.max_quantity))
      .Text("minOrderAmt", EightDecimals(symbol.min_notional))
      .Text("maxOrderAmt", EightDecimals(symbol.max_notional))
      .Text("maxLimitOrderQty", EightDecimals(symbol.max_quantity))
      .Text("maxMarketOrderQty", EightDecimals(symbol.max_market_quantity))
      .EndObject();
  json.Object("priceFilter").Text("tickSize", EightDecimals(symbol.tick)).EndObject().EndObject();
}

void WriteOrder(JsonText& json, const VenueOrder& order) {
  const PlaceRequest& r = order.request;
  const bool market = !HasPrice(r.kind), for_value = r.quote_quantity > 0;
  json.Object()
      .Text("category", "spot")
      .Text("orderId", OrderId(r.symbol, order.order_id))
      .Text("orderLinkId", r.client_order_id)
      .Text("symbol", ListedSymbols()[r.symbol].name)
      .Text("side", SideName(r.side))
      .Text("orderType", market ? "Market" : "Limit")
      .Text("orderStatus", StatusName(order))
      .Text("timeInForce", TimeName(r))
      .Text("marketUnit", !market     ? ""
                          : for_value ? "quoteCoin"
                                      : "baseCoin");
  json.Text("price", EightDecimals(r.price))
      .Text("qty", EightDecimals(for_value ? r.quote_quantity : r.quantity))
      .Text("leavesQty", EightDecimals(IsOpen(order.status) ? order.remaining() : 0))
      .Text("cumExecQty", EightDecimals(order.executed))
      .Text("cumExecValue", EightDecimals(order.cumulative_quote))
      .Text("cancelType", "UNKNOWN")
      .Text("rejectReason", order.status == OrderStatus::kRejected ? "EC_Others" : "EC_NoError")
      .Text("stopOrderType", HasStop(r.kind) ? "Stop" : "");
  json.Text("triggerPrice", HasStop(r.kind) ? EightDecimals(r.stop_price) : "")
      .Text("smpType", "None")
      .Text("createdTime", Millis(order.created))
      .Text("updatedTime", Millis(order.updated))
      .Int("positionIdx", 0)
      .Int("triggerDirection", 0)
      .Bool("reduceOnly", false)
      .Bool("closeOnTrigger", false)
      .EndObject();
}

void WriteExecution(JsonText& json, const AccountTrade& trade, const VenueOrder* order) {
  WriteTrade(json, trade.symbol, trade.is_buyer ? market::Side::kBuy : market::Side::kSell,
             trade.order_id, order == nullptr ? "" : order->request.client_order_id,
             order == nullptr ? 0 : order->request.quantity, trade.fill,
             base::FromUnixMillis(trade.time_ms));
}

bool Waits(const VenueOrder& order) {
  return HasStop(order.request.kind) && !order.is_working && IsOpen(order.status);
}

std::vector<std::string> HeldAssets(const Exchange& exchange, AccountIndex account) {
  std::vector<std::string> held;
  for (const std::string& asset : ListedAssets()) {
    if (HeldOf(exchange, account, asset) != 0) held.push_back(asset);
  }
  return held;
}

void WriteWallet(JsonText& json, const Exchange& exchange, AccountIndex account,
                 const std::vector<std::string>& assets) {
  json.Object().Text("accountType", "UNIFIED").Array("coin");
  for (const std::string& asset : assets) {
    const Amount held = HeldOf(exchange, account, asset);
    const Balance balance = exchange.core().ledger().balance(account, asset);
    json.Object()
        .Text("coin", asset)
        .Text("equity", EightDecimals(held))
        .Text("walletBalance", EightDecimals(held))
        .Text("locked", EightDecimals(balance.locked))
        .Text("borrowAmount", "0")
        .EndObject();
  }
  json.EndArray().EndObject();
}

std::string OrderFrame(const Execution& execution) {
  JsonText json;
  OpenFrame(json, "order", execution.time);
  WriteOrder(json, execution.order);
  return CloseFrame(json);
}

std::string ExecutionFrame(const Execution& execution) {
  JsonText json;
  OpenFrame(json, "execution", execution.time);
  const VenueOrder& order = execution.order;
  WriteTrade(json, order.request.symbol, order.request.side, order.order_id,
             order.request.client_order_id, order.request.quantity, execution.fill, execution.time);
  return CloseFrame(json);
}

std::string WalletFrame(const Exchange& exchange, AccountIndex account,
                        const std::vector<std::string>& assets, base::Time now) {
  JsonText json;
  OpenFrame(json, "wallet", now);
  WriteWallet(json, exchange, account, assets);
  return CloseFrame(json);
}

}  // namespace gannet::venue_sim::bybit
