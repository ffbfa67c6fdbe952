// Settings of risk: the limits file (config/limits.yaml is the example).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "services/risk/limits.h"

namespace gannet::config {
class Section;
}

namespace gannet::risk {

struct RiskConfig {
  LimitSet limits;
  // Execution must have journaled a permitted order within this.
  base::Duration verdict_lifetime = std::chrono::seconds(2);
  // A verdict unanswered for longer closes the gate until execution reports.
  base::Duration unanswered_alarm = std::chrono::seconds(10);
  bool operator==(const RiskConfig&) const = default;
};

// Strict: INVALID_ARGUMENT with every error of the file, or what reading it says.
absl::StatusOr<RiskConfig> LoadRiskConfig(base::Files& files, const std::string& path);
absl::StatusOr<RiskConfig> ParseRiskConfig(std::string_view yaml, std::string_view name);
void Read(config::Section& in, RiskConfig& out);

}  // namespace gannet::risk
