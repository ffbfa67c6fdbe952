// Who trades when nobody else does. Per symbol:
//   market makers    ladders of post-only quotes around a fair price, skewed by
//                    inventory; what is taken from them moves the fair price
//   noise traders    orders at random, with some persistence of the side
//   trend followers  take in the direction of a fast average against a slow one
//   news reactors    take in the direction of a headline until it is priced in
// The fair price is a random walk with a factor common to all markets, a weak
// pull to where it started, and the impact of news.
//
// Deterministic: all randomness comes from the seed, all arithmetic is IEEE
// without libm. Agents have no accounts (ledger.h, the house).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "libs/base/rng.h"
#include "libs/base/time.h"
#include "libs/market/book.h"
#include "libs/matching/matching_engine.h"
#include "libs/wire/canonical.h"
#include "services/venue-sim/symbols.h"

namespace gannet::venue_sim {

// The market as agents reach it.
class AgentMarket {
 public:
  virtual ~AgentMarket() = default;
  virtual const Symbol& symbol(SymbolIndex symbol) const = 0;  // under the rules in force
  virtual std::optional<market::Level> Best(SymbolIndex symbol, market::Side side) const = 0;
  virtual const matching::Order* FindOrder(SymbolIndex symbol, matching::OrderNumber id) const = 0;
  // The id, or 0 when the book refused (post-only that would match).
  virtual matching::OrderNumber SubmitAgentOrder(SymbolIndex symbol,
                                                 const matching::NewOrder& order) = 0;
  virtual void CancelAgentOrder(SymbolIndex symbol, matching::OrderNumber id) = 0;
};

// What a headline does to a market: relative, spread over the next seconds.
struct Shock {
  int symbol = -1;  // -1: all of them
  double impact = 0;
};

class Agents {
 public:
  // `speed` multiplies how much happens in a second.
  Agents(uint64_t seed, double speed);

  // Fills the empty books.
  void Populate(AgentMarket& market);
  void Step(AgentMarket& market, base::Duration elapsed);
  void OnShock(const Shock& shock);
  void set_speed(double speed) { speed_ = speed; }
  // A resting order of an agent was hit.
  void OnMakerFill(SymbolIndex symbol, matching::OwnerNumber owner, market::Side side,
                   int64_t quantity);

  double fair_price(SymbolIndex symbol) const { return markets_[symbol].fair; }

  void Save(wire::CanonicalWriter& writer) const;
  void Load(wire::CanonicalReader& reader);

 private:
  static constexpr size_t kMakers = 3;
  static constexpr size_t kLevels = 25;        // of a maker, each side
  static constexpr size_t kNoiseOrders = 120;  // resting at once, each symbol

  using Ladder = std::array<matching::OrderNumber, kLevels>;
  struct Maker {
    Ladder bids{}, asks{};
    double inventory = 0;  // in typical orders
  };
  struct Market {
    double fair = 0;
    double fast = 0, slow = 0;  // averages of the middle price
    double pending_shock = 0;   // impact not yet in the fair price
    double excitement = 0;      // signed strength of the news reactors
    double trend_rest = 0;      // seconds until trend followers act again
    bool noise_buys = true;
    std::array<Maker, kMakers> makers;
    std::vector<matching::OrderNumber> noise;  // oldest first
  };

  void MoveFair(SymbolIndex symbol, double seconds, double common);
  void Quote(AgentMarket& market, SymbolIndex symbol, size_t maker, size_t level,
             market::Side side);
  void QuoteAll(AgentMarket& market, SymbolIndex symbol);
  void StepMakers(AgentMarket& market, SymbolIndex symbol, double seconds);
  void StepNoise(AgentMarket& market, SymbolIndex symbol, double seconds);
  void StepTrend(AgentMarket& market, SymbolIndex symbol, double seconds);
  void StepReactors(AgentMarket& market, SymbolIndex symbol, double seconds);
  void PlaceNoiseLimit(AgentMarket& market, SymbolIndex symbol);
  void TakeFromBook(AgentMarket& market, SymbolIndex symbol, matching::OwnerNumber owner,
                    market::Side side, double size);
  uint64_t Arrivals(double rate);
  int64_t RandomSize(const Symbol& spec, double scale);

  base::Rng rng_;
  double speed_;
  std::vector<Market> markets_;
};

}  // namespace gannet::venue_sim
