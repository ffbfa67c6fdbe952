#include "services/ingest/market_product.h"

#include "libs/venue/binance/market_codec.h"
#include "libs/venue/bybit/market_codec.h"

namespace gannet::ingest {
namespace {

using venue::binance::Product;
using venue::bybit::Category;

struct Row {
  MarketProduct product;
  std::string_view name, ws_url, rest_url;
  std::string_view ws_trades_url = {};
};
constexpr Row kRows[] = {
    {Product::kSpot, "binance-spot", "wss://stream.binance.com:9443", "https://api.binance.com"},
    // Apart since 2026-04-23 ("WebSocket URL architecture", 2026-03-06): on one address that has
    // both, trades are subscribed to and never come.
    {Product::kUsdm, "binance-usdm", "wss://fstream.binance.com/public", "https://fapi.binance.com",
     "wss://fstream.binance.com/market"},
    {Product::kCoinm, "binance-coinm", "wss://dstream.binance.com", "https://dapi.binance.com"},
    {Category::kSpot, "bybit-spot", "wss://stream.bybit.com", "https://api.bybit.com"},
    {Category::kLinear, "bybit-linear", "wss://stream.bybit.com", "https://api.bybit.com"},
};

const Row& RowOf(const MarketProduct& product) {
  for (const Row& row : kRows) {
    if (row.product == product) return row;
  }
  return kRows[0];
}

}  // namespace

std::unique_ptr<venue::MarketProtocol> MakeProtocol(MarketProduct product) {
  return std::visit([](auto value) { return MakeMarketProtocol(value); }, product);
}

std::string_view DefaultVenueName(MarketProduct product) { return RowOf(product).name; }
std::string_view DefaultWsUrl(MarketProduct product) { return RowOf(product).ws_url; }
std::string_view DefaultWsTradesUrl(MarketProduct product) { return RowOf(product).ws_trades_url; }
std::string_view DefaultRestUrl(MarketProduct product) { return RowOf(product).rest_url; }

std::optional<MarketProduct> ProductOfVenueName(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.product;
  }
  return std::nullopt;
}

}  // namespace gannet::ingest
