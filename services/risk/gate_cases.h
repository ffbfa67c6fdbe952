// Cases of the gate as files: a state of the world and orders against it, for
// `gannet risk check` and `explain`. The forms of both: docs/risk-check.md.
//
// One thread. What comes from a file is INVALID_ARGUMENT naming file, place and field.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/risk/config.h"
#include "services/risk/risk_engine.h"

namespace gannet::risk {

// An order of a file, and when it is asked about.
struct OrderCase {
  market::OrderIntent intent;
  base::Time at;
};

// A gate in the state that a file describes.
class GateCases {
 public:
  static absl::StatusOr<std::unique_ptr<GateCases>> Load(std::string_view state_json,
                                                         const std::string& name);
  // Only limits, nothing of the world.
  static std::unique_ptr<GateCases> WithLimits(const RiskConfig& config, base::Time now);

  // `place` names the order in errors: "orders.jsonl:3".
  absl::StatusOr<OrderCase> ReadOrder(std::string_view json, const std::string& place);
  // The gate's answer; `apply`: later orders are asked about after it.
  market::RiskDecision Ask(const OrderCase& order, bool apply);

  const RiskEngine& engine() const { return engine_; }
  const LimitSet& limits() const { return config_.limits; }

 private:
  friend class StateReader;

  GateCases(const RiskConfig& config, base::Time now);
  template <class T>
  void Record(T value, base::Time at);

  const RiskConfig config_;
  base::Time now_;
  uint64_t events_ = 0;
  uint64_t sequence_ = 0;
  RiskEngine engine_;
};

// One JSON object a verdict (docs/risk-check.md), without a newline.
std::string VerdictJson(const market::RiskDecision& decision, const GateCases& cases,
                        uint64_t line);

}  // namespace gannet::risk
