// What the firm's portfolio can lose, worked out from prices kept, and its record: whole
// numbers only. Evaluate takes as long as its paths take (tens of milliseconds and up), so
// it runs on the background thread; what it says comes back as a recorded input, so that
// a replay decides by the same figures whatever its processor's mathematics.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "services/risk/limits.h"
#include "services/risk/portfolio_settings.h"

namespace gannet::risk {

// Everything that the figures rest on; a copy, for another thread.
struct PortfolioInputs {
  base::Time at;
  PortfolioSettings settings;
  std::vector<std::string> names;     // of instruments
  std::vector<market::AssetId> base;  // their base assets
  std::vector<double> values;         // held of each, in the valuation asset, short below 0
  uint32_t uncovered = 0;             // held instruments without a value
  std::optional<double> capital;
  struct Observation {
    base::Time at;
    std::vector<double> prices;  // by instrument; 0: none
    std::vector<double> depths;  // worth resting at the best prices; 0: none
  };
  std::vector<Observation> observations;  // oldest first
  double furthest_from_par = 0;           // of assets counted at par: |price - 1|
  std::string furthest;                   // its instrument; empty: none trades
};

enum class Method : uint8_t { kHistorical, kParametric, kCornishFisher, kMonteCarlo };
inline constexpr size_t kMethods = 4;
enum class Signal : uint8_t { kTail, kJump, kDepth, kCorrelation, kPeg };
inline constexpr size_t kSignals = 5;
std::string_view Name(Method method);
std::string_view Name(Signal signal);

// Amounts are of the valuation asset, in whole hundredths; a loss is positive. Nothing:
// `problem` says why.
struct PortfolioFigures {
  base::Time at;
  uint32_t observations = 0;  // returns used
  uint32_t instruments = 0;   // with enough of them
  uint32_t uncovered = 0;     // held instruments that no figure covers
  Value gross = 0;            // of what has a value

  struct Risk {
    std::optional<Value> var, es;
    std::string problem;
  };
  std::array<Risk, kMethods> methods;
  std::optional<Value> simulated_low, simulated_high;  // 95 % interval of the simulated VaR

  struct Stress {
    std::string name;
    Value loss = 0, worst_loss = 0;
    uint32_t worst_step = 0;
  };
  std::vector<Stress> stress;

  std::optional<int64_t> volatility_ppm;  // a year, of capital
  std::optional<int64_t> scale_ppm;       // to multiply positions with for target_volatility
  std::optional<int64_t> kelly_ppm;       // exposure that Kelly's part of capital would have
  std::string largest;                    // instrument with the largest part of the risk
  std::optional<int64_t> largest_share_ppm, effective_ppm;  // positions; 1,000,000 is one

  uint32_t backtested = 0, exceptions = 0;
  uint8_t zone = 0;  // portfolio::BaselZone; 0: not enough outcomes
  std::optional<int64_t> kupiec_ppm, independence_ppm, coverage_ppm;  // p-values

  struct Reading {
    std::optional<int64_t> value_ppm;
    bool up = false;
    std::string detail;  // what it is about, or why there is no value
  };
  std::array<Reading, kSignals> signals;

  uint32_t signals_up() const;
  std::optional<Value> worst(std::optional<Value> Risk::*figure) const;  // of all methods
};

// Never fails: what cannot be said says why. `target_volatility_ppm` 0: none.
PortfolioFigures Evaluate(const PortfolioInputs& inputs, int64_t target_volatility_ppm);

std::string Encode(const PortfolioFigures& figures);
absl::StatusOr<PortfolioFigures> DecodePortfolioFigures(std::string_view bytes);

}  // namespace gannet::risk
