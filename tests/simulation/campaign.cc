#include "tests/simulation/campaign.h"

#include <ostream>

#include "absl/strings/str_format.h"
#include "libs/base/status.h"

namespace gannet::simulation {
namespace {

void PrintCounts(const char* title, const std::map<std::string, uint64_t>& counts,
                 std::ostream& out) {
  out << title;
  for (const auto& [name, count] : counts) out << absl::StrFormat("  %s %d", name, count);
  out << "\n";
}

}  // namespace

absl::Status RunCampaign(const CampaignOptions& options, const base::Clock& clock,
                         std::ostream& out) {
  const base::Duration began = clock.Monotonic();
  uint64_t failed = 0, orders = 0, fills = 0;
  base::Duration simulated{0};
  std::map<std::string, uint64_t> faults, probes;
  for (uint64_t seed = options.first_seed; seed <= options.last_seed; ++seed) {
    SimulationOptions one = options.each;
    one.seed = seed;
    GANNET_ASSIGN_OR_RETURN(const SimulationResult result, Simulate(one));
    if (options.first_seed == options.last_seed)
      out << "decisions sha256=" << result.decisions << "\n";
    for (const std::string& violation : result.violations)
      out << absl::StrFormat("seed %d: %s\n", seed, violation);
    if (!result.violations.empty()) {
      ++failed;
      out << absl::StrFormat("  reproduce with: gannet sim --seeds %d-%d\n", seed, seed);
    }
    orders += result.orders;
    fills += result.fills;
    simulated += result.simulated;
    for (const auto& [name, count] : result.faults) faults[name] += count;
    for (const auto& [name, count] : result.probes) probes[name] += count > 0 ? 1 : 0;
  }
  const double real = std::chrono::duration<double>(clock.Monotonic() - began).count();
  const double virtual_time = std::chrono::duration<double>(simulated).count();
  out << absl::StrFormat(
      "%d seeds, %.0f s simulated in %.1f s (%.0fx real time), %d orders, %d fills, %d seeds with "
      "violations\n",
      options.last_seed - options.first_seed + 1, virtual_time, real,
      real > 0 ? virtual_time / real : 0, orders, fills, failed);
  PrintCounts("faults:", faults, out);
  PrintCounts("seeds that reached:", probes, out);
  if (failed > 0)
    return absl::InternalError(absl::StrFormat("%d seeds broke an invariant", failed));
  if (options.require_probes) {
    for (const std::string& name : RareProbes()) {
      if (!probes.contains(name))
        return absl::InternalError("no seed reached '" + name +
                                   "'; the faults no longer strike there");
    }
  }
  return absl::OkStatus();
}

}  // namespace gannet::simulation
