// Follows a model: enters when it is sure enough and the move it expects is worth
// the cost, leaves at the end of the horizon, at a loss, or when the model turns.
#pragma once

#include <string>
#include <vector>

#include "services/strategy/taking.h"

namespace gannet::strategy {

struct FollowerSettings {
  market::StrategyId name;
  std::vector<std::string> instruments;   // patterns
  std::string model;                      // registry name; empty: any
  int64_t min_probability_ppm = 550'000;  // of the direction
  int64_t taker_fee_ppm = 1'000;          // of each of the two orders
  int64_t min_edge_ppm = 0;               // expected return beyond all costs
  bool allow_short = true;
  bool allow_drifted = false;  // follow a model whose inputs have drifted
  SizingSettings sizing;
  EntryRules entry;
  ExitRules exits{.horizon =
                      std::chrono::seconds(60)};  // from entry, whatever the prediction's own
  base::Duration cooldown{std::chrono::seconds(30)};
  size_t max_positions = 3;
  // Of a prediction, from when the data behind it came in; at most its horizon.
  base::Duration max_age{std::chrono::seconds(5)};
};

class PredictionFollower : public Strategy {
 public:
  explicit PredictionFollower(FollowerSettings settings) : settings_(std::move(settings)) {}

  const market::StrategyId& id() const override { return settings_.name; }
  bool Trades(const market::Instrument& instrument) const override;
  void OnPrediction(const market::Event<market::Prediction>& prediction, Index instrument,
                    const View& view, std::vector<Draft>& out) const override;
  void OnMarket(Index instrument, const View& view, std::vector<Draft>& out) const override;

  // Return that a prediction promises beyond spread and fees, ppm: the lean of the
  // probabilities times the mean size of a normal move over the horizon.
  static int64_t EdgePpm(const market::Prediction& prediction, int64_t sigma_ppb,
                         int64_t spread_ppm, int64_t fee_ppm);

 private:
  const FollowerSettings settings_;
};

}  // namespace gannet::strategy
