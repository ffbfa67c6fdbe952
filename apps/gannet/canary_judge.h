// Whether what was just rolled out may stay: the error budgets of charts/gannet/files/rules,
// looked at again and again for a while. Pure: what Prometheus answered and the time go in.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace gannet::app {

// The query that BurnOf reads the answer of: how many times too fast each budget burns over five
// minutes, and, as `processes`, how many of ours Prometheus sees.
inline constexpr std::string_view kBurnQuery =
    "gannet:slo_burn:rate_5m or label_replace(count(gannet_ready), \"slo\", \"processes\", \"\", "
    "\"\")";

// Burn rate by objective, and the entry "processes". An objective without events has none.
using Burn = std::map<std::string, double>;

// From the body of Prometheus' answer to an instant query. INVALID_ARGUMENT: it is none.
absl::StatusOr<Burn> BurnOf(std::string_view body);

// Those of charts/gannet/files/rules/gannet-slo.yaml (tools/make-rules).
inline constexpr std::array<const char*, 5> kObjectives = {
    "order-path", "signal-to-order", "risk-verdict", "tick-freshness", "gateway"};

struct CanaryRules {
  base::Duration watch = std::chrono::minutes(10);    // so long without a fault: it may stay
  base::Duration settle = std::chrono::minutes(1);    // first: starts disturb, nothing is judged
  base::Duration patience = std::chrono::minutes(2);  // without an answer: nothing is known
  double max_burn = 14.4;  // as the fast page: 2 % of a month's budget in an hour
  int looks = 2;           // one after the other above it: burning
  std::map<std::string, double> by_objective;  // watched; empty: all, by max_burn
};

// From "order-path" or "gateway=6", into `rules.by_objective`. INVALID_ARGUMENT: there is no such
// objective, which would be watched and never burn; or no such limit.
absl::Status ReadObjectives(const std::vector<std::string>& texts, CanaryRules& rules);

enum class CanaryState { kWatching, kHealthy, kBurning, kBlind };

class CanaryJudge {
 public:
  CanaryJudge(CanaryRules rules, base::Time began)
      : rules_(std::move(rules)), began_(began), seen_(began) {}

  // Any state but kWatching is final.
  CanaryState Look(base::Time now, const absl::StatusOr<Burn>& burn);
  // Of the last look, for a person: "order-path burns 31.0 times too fast (limit 14.4)".
  const std::string& why() const { return why_; }

 private:
  CanaryState Blind(base::Time now, std::string why);

  const CanaryRules rules_;
  const base::Time began_;
  base::Time seen_;  // the last look that saw processes
  int above_ = 0;    // looks in a row
  std::string why_;
};

}  // namespace gannet::app
