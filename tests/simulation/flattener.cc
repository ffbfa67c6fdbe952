#include "tests/simulation/flattener.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/rng.h"
#include "libs/market/scope.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;
using execution::StopRun;

constexpr uint64_t kOwnDraws = 0x666c6174;
constexpr double kSeeds = 0.25;
// What is not known to have been taken is given again, under the same request id.
constexpr base::Duration kAgain = 2s;
constexpr base::Duration kInsists = 12s;

bool Names(const std::vector<std::string>& rows, std::string_view name) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const std::string& row) { return row.starts_with(name); });
}

}  // namespace

Flattener::Flattener(const std::string& venue, uint64_t seed) {
  base::Rng rng(seed ^ kOwnDraws);
  strikes_ = rng.Chance(kSeeds);
  const market::Scope scopes[] = {
      {market::ScopeKind::kFirm, ""},
      {market::ScopeKind::kAccount, "main/paper"},
      {market::ScopeKind::kVenue, venue},
      {market::ScopeKind::kInstrument, venue + ":SOLUSDT"},
      {market::ScopeKind::kInstrument, venue + ":BTCUSDT"},
      {market::ScopeKind::kStrategy, "maker"},
  };
  scope_ = scopes[rng.Below(std::size(scopes))];
  kill_at_ = std::chrono::milliseconds(rng.Between(9'000, 18'000));
  lift_at_ = kill_at_ + std::chrono::milliseconds(rng.Between(10'000, 34'000));
}

void Flattener::Give(PlatformNode& platform, market::CommandKind kind) {
  market::Command command;
  command.kind = kind;
  command.scope = scope_;
  command.flatten = kind == market::CommandKind::kKill;
  command.reason = "simulation";
  command.person = "fay";
  command.request_id = command.flatten ? "flatten" : "lift";
  platform.commands().Submit(std::move(command), {.patience = 1s},
                             [](const absl::StatusOr<command::CommandResult>&) {});
}

void Flattener::Step(PlatformNode& platform, base::Duration since) {
  if (!strikes_ || since < kill_at_ || since < next_ || since > lift_at_ + kInsists) return;
  next_ = since + kAgain;
  Give(platform, since < lift_at_ ? market::CommandKind::kKill : market::CommandKind::kResume);
  if (since < lift_at_) next_ = std::min(next_, lift_at_);
}

std::vector<std::string> Flattener::Judge(const execution::ExecutionEngine& execution) {
  std::vector<std::string> violations;
  uint64_t& judged = judged_[&execution];
  for (const StopRun& run : execution.stops()) {
    if (run.number <= judged || !run.flatten || run.step != StopRun::Step::kVerified) continue;
    judged = run.number;
    ++ended_;
    if (!run.waits.empty())
      violations.push_back(absl::StrCat("flatten: ended while it waits: ", run.waits[0]));
    std::map<market::InstrumentId, market::Money> rest;
    std::map<market::InstrumentId, std::string> named;
    for (const auto& [key, position] : execution.state().positions().all()) {
      if (position.net.mantissa == 0 || !market::Covers(run.scope, key)) continue;
      const std::string name = absl::StrCat(key.strategy.text(), " in ", key.instrument.text());
      if (Names(run.left, name) || Names(run.dust, name)) continue;
      rest[key.instrument] += market::Money(position.net.mantissa, position.quantity_scale);
      named[key.instrument] = name;
    }
    for (const auto& [instrument, amount] : rest) {
      if (!amount.zero()) {
        violations.push_back(absl::StrCat("flatten: ended flat, and ", named[instrument],
                                          " among others holds ", amount.ToString()));
      }
    }
  }
  return violations;
}

}  // namespace gannet::simulation
