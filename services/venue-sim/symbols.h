// What the simulated venue lists: trading rules as its exchangeInfo states them,
// and the character of each market as the agents play it.
//
// Every price, quantity and amount of the venue is an integer at scale 8. Tick
// and lot digits of a symbol add up to at most 8, so price × quantity is an
// exact amount of the quote asset.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gannet::venue_sim {

inline constexpr int kScale = 8;
inline constexpr int64_t kOne = 100'000'000;     // 1 at kScale
inline constexpr int64_t kBasisPoints = 10'000;  // in a whole

using SymbolIndex = uint32_t;

struct Symbol {
  std::string name, base, quote;
  int64_t tick = 0, lot = 0;
  int64_t min_price = 0, max_price = 0;
  int64_t max_quantity = 0, max_market_quantity = 0;  // the least quantity is one lot
  int64_t min_notional = 0, max_notional = 0;         // of the quote asset
  bool halted = false;                                // nothing is taken but cancels

  // The market model (agents.h).
  int64_t start_price = 0;
  int64_t typical_quantity = 0;  // of one order
  double trades_per_second = 1;
  double volatility = 0;  // relative, per square root of a second
  double beta = 1;        // on the common factor of the market
  // A cross listed beside the two markets it derives from has their ratio as
  // its fair price; otherwise -1.
  int ratio_of = -1, ratio_to = -1;
};

// As they are listed; the rules in force are VenueCore's.
const std::vector<Symbol>& ListedSymbols();
// The index of a name, or -1.
int FindSymbol(std::string_view name);
// Every asset of the venue, sorted.
const std::vector<std::string>& ListedAssets();

// What the venue states anew of a symbol. 0: as it is listed.
struct Restatement {
  int64_t tick = 0, lot = 0, max_price = 0, max_quantity = 0, min_notional = 0;
  bool halted = false;
  bool operator==(const Restatement&) const = default;
};
// The symbol under other rules. Nothing when amounts would not be exact any more: those of prices
// and quantities under the listed rules and under these, which stand in one book.
std::optional<Symbol> Restated(const Symbol& listed, const Restatement& restatement);

// price × quantity at scale 8; exact for listed ticks and lots.
__int128 QuoteAmount(int64_t price, int64_t quantity);

}  // namespace gannet::venue_sim
