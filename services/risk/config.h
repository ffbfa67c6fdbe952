// Settings of risk: the limits file (config/limits.yaml is the example). The same file
// is what people propose when limits are to change.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "services/risk/limits.h"
#include "services/risk/service_watch.h"

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
  // Changed limits take two people. Off only where no real venue can be traded.
  bool four_eyes = true;
  std::string text;  // of the file
  // A position that differs from execution's for longer shuts it.
  base::Duration position_alarm = std::chrono::seconds(5);
  WatchSettings watch;  // `heartbeats` and `models`
  // Strategies that this process hosts: they have a name before their first order.
  std::vector<std::string> strategies;
  bool operator==(const RiskConfig&) const = default;
};

// Strict: INVALID_ARGUMENT with every error of the file, or what reading it says.
absl::StatusOr<RiskConfig> LoadRiskConfig(base::Files& files, const std::string& path);
// `refuse_name(kind, name)` says of each name under accounts, strategies, venues and
// instruments why it may not stand there; empty: it may.
using RefuseName = std::function<std::string(market::ScopeKind kind, const std::string& name)>;
absl::StatusOr<RiskConfig> ParseRiskConfig(std::string_view yaml, std::string_view name,
                                           const RefuseName& refuse_name = nullptr);
void Read(config::Section& in, RiskConfig& out);
void Read(config::Section& in, PortfolioSettings& out);  // config_portfolio.cc

}  // namespace gannet::risk
