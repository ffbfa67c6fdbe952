// How portfolio risk is worked out (docs/portfolio-risk.md); the limits that it is held
// against are in limits.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/ids.h"
#include "libs/market/order.h"

namespace gannet::risk {

// Changes of prices one after the other, ppm of the price before: -1,000,000 is to nothing.
struct StressPath {
  std::map<market::AssetId, std::vector<int64_t>> assets;  // by base asset
  std::vector<int64_t> others;                             // of every other; as many steps
  bool operator==(const StressPath&) const = default;
};
inline constexpr size_t kMaxStressPaths = 20;
inline constexpr size_t kMaxStressSteps = 50;

// When the market is another than the one that prices come from: so many signals at once.
struct AlarmSettings {
  uint32_t signals = 2;
  market::TradingState state = market::TradingState::kReducing;
  uint32_t window = 60;               // newest observations, for correlation and depth
  int64_t tail_ppm = 999'000;         // the newest loss is beyond this quantile of the fitted tail
  int64_t jump_ppm = 1'000;           // the newest move has this chance or less without a jump
  int64_t depth_ppm = 200'000;        // what rests at the best prices, of what usually does
  int64_t correlation_ppm = 950'000;  // mean of all pairs
  int64_t peg_ppm = 20'000;           // an asset counted at par trades so far from it
  bool operator==(const AlarmSettings&) const = default;
};

struct PortfolioSettings {
  base::Duration interval = std::chrono::minutes(1);  // between prices kept, and figures
  uint32_t observations = 500;                        // prices kept of an instrument
  uint32_t minimum = 60;                              // returns without which nothing is said
  uint32_t instruments = 64;                          // prices kept of at most so many
  base::Duration horizon = std::chrono::hours(24);    // of VaR and ES
  int64_t confidence_ppm = 990'000;
  uint32_t paths = 20'000;
  uint32_t degrees_of_freedom = 5;  // of simulated returns; 0: normal
  uint64_t seed = 1;
  int64_t decay_ppm = 0;              // of volatility from return to return; 0: all count alike
  int64_t max_scale_ppm = 2'000'000;  // of the volatility target
  int64_t kelly_drawdown_ppm = 200'000, kelly_chance_ppm = 50'000;
  AlarmSettings alarm;
  std::map<std::string, StressPath> stress;
  bool operator==(const PortfolioSettings&) const = default;
};
// INVALID_ARGUMENT naming the key that makes no sense beside another.
absl::Status Validate(const PortfolioSettings& settings);

inline constexpr uint32_t kMaxPortfolioInstruments = 100;
inline constexpr uint32_t kMaxPortfolioObservations = 1'000;

}  // namespace gannet::risk
