#include "tests/simulation/restatements.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>

#include "libs/base/rng.h"

namespace gannet::simulation {
namespace {

using venue_sim::FaultKind;
using venue_sim::FaultRule;

constexpr uint64_t kOwnDraws = 0x72756c65;

// What a symbol may be restated to. Listed: ticks of 0.01, and lots of the column's tenth or
// tenfold; orders are worth some 25 to 100 USDT.
struct Choice {
  const char* symbol;
  const char* coarse_lot;
  const char* fine_lot;
  const char* least;  // that the most of an order may be: below what strategies would give
  // A number of such a size leaves seven digits behind the point, which is a new scale. On spot a
  // tenth of a percent of a lot, the fee, must have its place there: the gate shuts an instrument
  // whose positions would be rounded, and execution says so, for as long as the rules last.
  bool loses_digits;
};
constexpr Choice kChoices[] = {
    {"SOLUSDT", "0.01", "0.0001", "0.4", true},
    {"BTCUSDT", "0.0001", "0.000001", "0.001", false},
    {"ETHUSDT", "0.001", "0.00001", "0.02", false},
    {"BNBUSDT", "0.01", "0.0001", "0.1", true},
};
constexpr char kLarge[] = "20000000000";

FaultRule& Now(base::Rng& rng, venue_sim::FaultScript& script, FaultKind kind) {
  FaultRule& rule = script.rules.emplace_back();
  const auto between = [&rng](int64_t least, int64_t most) {
    return std::chrono::milliseconds(rng.Between(least, most));
  };
  rule.kind = kind;
  rule.from = between(4'000, 18'000);
  rule.every = between(8'000, 25'000);
  rule.delay = kind == FaultKind::kHalt ? between(1'000, 9'000) : between(3'000, 16'000);
  return rule;
}

void Draw(base::Rng& rng, const Choice& choice, FaultRule& rule) {
  switch (rng.Below(8)) {
    case 0:
      rule.tick = rng.Chance(0.5) ? "0.05" : "0.1";
      break;
    case 1:
      rule.tick = "0.001";
      break;
    case 2:
      rule.lot = choice.coarse_lot;
      break;
    case 3:
      rule.lot = choice.fine_lot;
      break;
    case 4:
      rule.min_notional = rng.Chance(0.5) ? "40" : "150";
      break;
    case 5:
      rule.max_quantity = choice.least;
      break;
    case 6:
      (choice.loses_digits ? rule.max_quantity : rule.max_price) = kLarge;
      break;
    default:
      rule.max_price = kLarge;
      break;
  }
}

}  // namespace

bool Restates(uint64_t seed) { return seed % 4 == 1; }

bool Restates(const venue_sim::FaultScript& script) {
  return std::any_of(script.rules.begin(), script.rules.end(), [](const FaultRule& rule) {
    return rule.kind == FaultKind::kRestate || rule.kind == FaultKind::kHalt;
  });
}

void StrikeRules(uint64_t seed, venue_sim::FaultScript& script) {
  base::Rng rng(seed ^ kOwnDraws);
  for (const Choice& choice : kChoices) {
    if (rng.Chance(0.6)) {
      FaultRule& rule = Now(rng, script, FaultKind::kRestate);
      rule.symbol = choice.symbol;
      Draw(rng, choice, rule);
      if (rng.Chance(0.3)) Draw(rng, choice, rule);
    }
    if (rng.Chance(0.25)) Now(rng, script, FaultKind::kHalt).symbol = choice.symbol;
  }
}

}  // namespace gannet::simulation
