#include "tests/simulation/campaign.h"

#include <ostream>

#include "absl/strings/str_format.h"
#include "libs/base/status.h"

namespace gannet::simulation {
namespace {

constexpr const char* kNever = "no seed reached '%s'; the faults no longer strike there";

// What a campaign must have done to be worth its time, beside the rare paths.
const std::vector<std::string> kExpectedFaults = {
    "request lost",        "response lost",   "request doubled",       "connection reset",
    "partition",           "platform killed", "power lost in a write", "venue killed",
    "user frame left out", "gateway error"};

class Sums {
 public:
  void Add(const SimulationResult& result) {
    ++seeds_;
    failed_ += result.violations.empty() ? 0 : 1;
    orders_ += result.orders;
    fills_ += result.fills;
    checks_ += result.checks;
    replayed_ += result.replayed_facts;
    simulated_ += result.simulated;
    for (const auto& [name, count] : result.faults) faults_[name] += count;
    for (const auto& [name, count] : result.probes) seeds_with_[name] += count > 0 ? 1 : 0;
  }

  void Print(base::Duration real_time, std::ostream& out) const {
    const double real = std::chrono::duration<double>(real_time).count();
    const double simulated = std::chrono::duration<double>(simulated_).count();
    out << absl::StrFormat("%d seeds, %.0f s simulated", seeds_, simulated);
    if (real > 0) out << absl::StrFormat(" in %.1f s (%.0fx real time)", real, simulated / real);
    out << absl::StrFormat(
        "\n%d orders permitted, %d fills booked, %d looks at the invariants, %d recorded facts "
        "decided again\n",
        orders_, fills_, checks_, replayed_);
    PrintCounts("faults that struck", faults_, out);
    PrintCounts("seeds that reached", seeds_with_, out);
    out << (failed_ == 0 ? "every invariant held\n"
                         : absl::StrFormat("%d seeds broke an invariant\n", failed_));
  }

  absl::Status Status(bool require_probes) const {
    if (failed_ > 0)
      return absl::InternalError(absl::StrFormat("%d seeds broke an invariant", failed_));
    if (!require_probes) return absl::OkStatus();
    for (const std::string& name : RareProbes()) {
      if (!seeds_with_.contains(name)) return absl::InternalError(absl::StrFormat(kNever, name));
    }
    for (const std::string& name : kExpectedFaults) {
      const auto found = faults_.find(name);
      if (found == faults_.end() || found->second == 0)
        return absl::InternalError(absl::StrFormat(kNever, name));
    }
    if (orders_ == 0 || fills_ == 0)
      return absl::InternalError("no order was placed or none was filled");
    return absl::OkStatus();
  }

 private:
  static void PrintCounts(const char* title, const std::map<std::string, uint64_t>& counts,
                          std::ostream& out) {
    out << title << ":\n";
    for (const auto& [name, count] : counts) out << absl::StrFormat("  %-24s %d\n", name, count);
  }

  uint64_t seeds_ = 0, failed_ = 0, orders_ = 0, fills_ = 0, checks_ = 0, replayed_ = 0;
  base::Duration simulated_{0};
  std::map<std::string, uint64_t> faults_, seeds_with_;
};

}  // namespace

absl::Status RunCampaign(const CampaignOptions& options, const base::Clock& clock,
                         std::ostream& out) {
  const base::Duration began = clock.Monotonic();
  Sums sums;
  for (uint64_t seed = options.first_seed; seed <= options.last_seed; ++seed) {
    SimulationOptions one = options.each;
    one.seed = seed;
    GANNET_ASSIGN_OR_RETURN(const SimulationResult result, Simulate(one));
    sums.Add(result);
    if (options.first_seed == options.last_seed) {
      out << "decisions sha256=" << result.decisions << "\n";
      out << "journal   sha256=" << result.journal << "\n";
    }
    if (result.violations.empty()) continue;
    for (const std::string& violation : result.violations)
      out << absl::StrFormat("seed %d: %s\n", seed, violation);
    out << "  reproduce with: gannet sim --seeds " << seed << options.same_options << "\n"
        << std::flush;
  }
  sums.Print(clock.Monotonic() - began, out);
  return sums.Status(options.require_probes);
}

}  // namespace gannet::simulation
