#include "services/ingest/definitions.h"

#include <algorithm>
#include <numeric>

#include "libs/base/concat.h"

namespace gannet::ingest {
namespace {

using market::Instrument;
using venue::MarketProtocol;

// Assets that venues quote in, the longer before those they end with.
constexpr std::string_view kQuoteAssets[] = {
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "BIDR", "IDRT", "DAI", "USD",
    "BTC",   "ETH",  "BNB",  "TRX",  "XRP",  "EUR",  "GBP",  "TRY",  "BRL", "AUD",
    "JPY",   "RUB",  "UAH",  "PLN",  "ZAR",  "RON",  "ARS",  "MXN",  "CZK", "COP"};

// The time that a dated contract ends with: six digits after the underscore.
bool IsDated(std::string_view suffix) {
  return suffix.size() == 6 &&
         std::all_of(suffix.begin(), suffix.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int64_t CommonDivisor(std::span<const market::Level> levels, bool prices, int64_t so_far) {
  for (const market::Level& level : levels) {
    so_far = std::gcd(so_far, prices ? level.price.mantissa : level.quantity.mantissa);
  }
  return so_far;
}

}  // namespace

Instrument AssumedDefinition(const std::string& venue, const MarketProtocol& protocol,
                             std::string_view symbol) {
  Instrument out;
  out.id = market::InstrumentId(base::Concat({venue, ":", symbol}));
  const size_t underscore = symbol.find('_');
  const std::string_view pair = symbol.substr(0, underscore);
  if (!protocol.is_spot()) {
    const bool dated =
        underscore != std::string_view::npos && IsDated(symbol.substr(underscore + 1));
    out.kind = dated ? market::InstrumentKind::kFuture : market::InstrumentKind::kPerpetual;
  }
  for (const std::string_view quote : kQuoteAssets) {
    if (pair.size() <= quote.size() || pair.substr(pair.size() - quote.size()) != quote) continue;
    out.base = market::AssetId(std::string(pair.substr(0, pair.size() - quote.size())));
    out.quote = market::AssetId(std::string(quote));
    break;
  }
  out.settle = protocol.is_inverse() ? out.base : out.quote;
  return out;
}

bool InferSteps(const MarketProtocol& protocol, std::span<const market::Level> bids,
                std::span<const market::Level> asks, Instrument& definition) {
  const int64_t tick = CommonDivisor(asks, true, CommonDivisor(bids, true, 0));
  const int64_t lot = CommonDivisor(asks, false, CommonDivisor(bids, false, 0));
  if (tick <= 0 || lot <= 0) return false;
  definition.tick = market::Price{tick};
  if (!protocol.is_inverse()) definition.lot = market::Quantity{lot};
  return true;
}

bool SameRules(const Instrument& a, const Instrument& b) {
  return a.id == b.id && a.kind == b.kind && a.status == b.status && a.base == b.base &&
         a.quote == b.quote && a.settle == b.settle && a.price_scale == b.price_scale &&
         a.quantity_scale == b.quantity_scale && a.base_scale == b.base_scale &&
         a.quote_scale == b.quote_scale && a.tick == b.tick && a.lot == b.lot &&
         a.min_quantity == b.min_quantity && a.max_quantity == b.max_quantity &&
         a.min_notional == b.min_notional && a.buy_band == b.buy_band &&
         a.sell_band == b.sell_band && a.multiplier == b.multiplier &&
         a.max_notional == b.max_notional && a.market_lot == b.market_lot &&
         a.min_market_quantity == b.min_market_quantity &&
         a.max_market_quantity == b.max_market_quantity &&
         a.min_notional_limit_only == b.min_notional_limit_only &&
         a.max_notional_limit_only == b.max_notional_limit_only;
}

}  // namespace gannet::ingest
