#include "services/venue-sim/symbols.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "libs/base/check.h"
#include "libs/market/decimal.h"

namespace gannet::venue_sim {
namespace {

int64_t Decimal(std::string_view text) {
  const auto mantissa = market::ParseDecimal(text, kScale);
  GANNET_CHECK(mantissa.has_value(), "a constant of the symbol table is not a decimal");
  return *mantissa;
}

struct Row {
  const char* base;
  const char* quote;
  const char* tick;
  const char* lot;
  const char* price;
  const char* quantity;  // typical order
  double trades_per_second, volatility, beta;
};

// Volatility: 4e-5 per square root of a second is about 1.2 % a day; these
// markets are livelier than that, so that a minute of watching shows something.
constexpr Row kRows[] = {
    {"BTC", "USDT", "0.01", "0.00001", "64250", "0.02", 3.0, 9e-5, 1.0},
    {"ETH", "USDT", "0.01", "0.0001", "3180", "0.4", 2.5, 1.1e-4, 1.15},
    {"BNB", "USDT", "0.01", "0.001", "585", "1.2", 1.2, 1.0e-4, 0.8},
    {"SOL", "USDT", "0.01", "0.001", "148.5", "6", 1.8, 1.6e-4, 1.4},
    {"XRP", "USDT", "0.0001", "0.1", "0.5912", "900", 1.2, 1.3e-4, 0.9},
    {"ADA", "USDT", "0.0001", "0.1", "0.4035", "1200", 0.8, 1.4e-4, 1.1},
    {"DOGE", "USDT", "0.00001", "1", "0.12450", "4500", 1.2, 1.7e-4, 1.3},
    {"AVAX", "USDT", "0.01", "0.01", "27.85", "20", 0.7, 1.6e-4, 1.3},
    {"LINK", "USDT", "0.01", "0.01", "13.74", "40", 0.7, 1.5e-4, 1.2},
    {"LTC", "USDT", "0.01", "0.001", "71.2", "6", 0.6, 1.2e-4, 0.9},
    {"DOT", "USDT", "0.001", "0.01", "6.182", "80", 0.6, 1.5e-4, 1.2},
    {"ETH", "BTC", "0.00001", "0.001", "0.04949", "0.3", 0.6, 7e-5, 0.15},
};

std::vector<Symbol> MakeSymbols() {
  std::vector<Symbol> symbols;
  for (const Row& row : kRows) {
    Symbol s;
    s.base = row.base;
    s.quote = row.quote;
    s.name = s.base + s.quote;
    s.tick = Decimal(row.tick);
    s.lot = Decimal(row.lot);
    s.min_price = s.tick;
    s.start_price = Decimal(row.price);
    s.max_price = s.start_price / s.tick * s.tick * 20;
    s.typical_quantity = Decimal(row.quantity);
    s.max_quantity = s.typical_quantity * 20'000 / s.lot * s.lot;
    s.max_market_quantity = s.typical_quantity * 500 / s.lot * s.lot;
    s.min_notional = s.quote == "BTC" ? Decimal("0.0001") : Decimal("5");
    s.max_notional = s.quote == "BTC" ? Decimal("200") : Decimal("9000000");
    s.trades_per_second = row.trades_per_second;
    s.volatility = row.volatility;
    s.beta = row.beta;
    symbols.push_back(std::move(s));
  }
  Symbol& cross = symbols.back();
  cross.ratio_of = 1;
  cross.ratio_to = 0;
  return symbols;
}

}  // namespace

const std::vector<Symbol>& ListedSymbols() {
  static const std::vector<Symbol> symbols = MakeSymbols();
  return symbols;
}

int FindSymbol(std::string_view name) {
  const auto& all = ListedSymbols();
  const auto found =
      std::find_if(all.begin(), all.end(), [name](const Symbol& s) { return s.name == name; });
  return found == all.end() ? -1 : static_cast<int>(found - all.begin());
}

const std::vector<std::string>& ListedAssets() {
  static const std::vector<std::string> assets = [] {
    std::set<std::string> names;
    for (const Symbol& symbol : ListedSymbols()) {
      names.insert(symbol.base);
      names.insert(symbol.quote);
    }
    return std::vector<std::string>(names.begin(), names.end());
  }();
  return assets;
}

std::optional<Symbol> Restated(const Symbol& listed, const Restatement& restatement) {
  Symbol symbol = listed;
  const auto set = [](int64_t& rule, int64_t restated) {
    if (restated > 0) rule = restated;
  };
  set(symbol.tick, restatement.tick);
  set(symbol.lot, restatement.lot);
  set(symbol.max_price, restatement.max_price);
  set(symbol.max_quantity, restatement.max_quantity);
  set(symbol.min_notional, restatement.min_notional);
  symbol.max_market_quantity = std::min(symbol.max_market_quantity, symbol.max_quantity);
  symbol.min_price = symbol.tick;
  symbol.halted = restatement.halted;
  const __int128 step =
      static_cast<__int128>(std::gcd(symbol.tick, listed.tick)) * std::gcd(symbol.lot, listed.lot);
  if (step % kOne != 0) return std::nullopt;
  return symbol;
}

__int128 QuoteAmount(int64_t price, int64_t quantity) {
  return static_cast<__int128>(price) * quantity / kOne;
}

}  // namespace gannet::venue_sim
