#include "tests/simulation/campaign.h"

#include <optional>
#include <ostream>

#include "absl/strings/str_format.h"
#include "libs/base/status.h"
#include "tests/simulation/workers.h"

namespace gannet::simulation {
namespace {

constexpr const char* kNever = "no seed reached '%s'; the faults no longer strike there";

// What a campaign must have done to be worth its time, beside the rare paths.
const std::vector<std::string> kExpectedFaults = {"request lost",
                                                  "response lost",
                                                  "request doubled",
                                                  "connection reset",
                                                  "partition",
                                                  "platform killed",
                                                  "power lost in a write",
                                                  "venue killed",
                                                  "ack_then_expire",
                                                  "clock_skew",
                                                  "disconnect",
                                                  "doubled_frame",
                                                  "fill_before_ack",
                                                  "halt",
                                                  "hand_order",
                                                  "handled_error",
                                                  "late_answer",
                                                  "late_frame",
                                                  "lookup_lag",
                                                  "lost_frame",
                                                  "refused_error",
                                                  "restate",
                                                  "short_open_orders",
                                                  "silence",
                                                  "swapped_frames",
                                                  "told_to_wait",
                                                  "transfer",
                                                  "zero_balances"};

std::string Seeds(uint64_t count) {
  return absl::StrFormat("%d seed%s", count, count == 1 ? "" : "s");
}

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

  void AddFailed() {
    ++seeds_;
    ++failed_;
  }

  void Print(base::Duration real_time, std::ostream& out) const {
    const double real = std::chrono::duration<double>(real_time).count();
    const double simulated = std::chrono::duration<double>(simulated_).count();
    out << absl::StrFormat("%s, %.0f s simulated", Seeds(seeds_), simulated);
    if (real > 0) out << absl::StrFormat(" in %.1f s (%.0fx real time)", real, simulated / real);
    out << absl::StrFormat(
        "\n%d orders permitted, %d fills booked, %d looks at the invariants, %d recorded facts "
        "decided again\n",
        orders_, fills_, checks_, replayed_);
    PrintCounts("faults that struck", faults_, out);
    PrintCounts("seeds that reached", seeds_with_, out);
    out << (failed_ == 0 ? "every invariant held\n"
                         : absl::StrFormat("%s broke an invariant\n", Seeds(failed_)));
  }

  absl::Status Status(bool require_probes, Product product) const {
    if (failed_ > 0)
      return absl::InternalError(absl::StrFormat("%s broke an invariant", Seeds(failed_)));
    if (!require_probes) return absl::OkStatus();
    for (const std::string& name : RareProbes(product)) {
      if (!seeds_with_.contains(name)) return absl::InternalError(absl::StrFormat(kNever, name));
    }
    std::vector<std::string> faults = kExpectedFaults;
    if (execution::HasPositions(product))
      faults.insert(faults.end(), {"adl", "funding", "hand_amend", "liquidation"});
    for (const std::string& name : faults) {
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

// A result, or why there is none, from one process to another.
std::string Pack(const absl::StatusOr<SimulationResult>& result) {
  if (result.ok()) return "+" + Encode(*result);
  return absl::StrFormat("%c%s", 'A' + static_cast<int>(result.status().code()),
                         result.status().message());
}

absl::StatusOr<SimulationResult> Unpack(const std::string& packed) {
  if (packed.empty()) return absl::DataLossError("a worker said nothing");
  if (packed[0] == '+') return DecodeResult(std::string_view(packed).substr(1));
  return absl::Status(static_cast<absl::StatusCode>(packed[0] - 'A'), packed.substr(1));
}

// A platform that no seed can be run on, for want of its configuration: no fault of a seed.
bool NotBuilt(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status);
}

}  // namespace

absl::Status RunCampaign(const CampaignOptions& options, const base::Clock& clock,
                         std::ostream& out) {
  const base::Duration began = clock.Monotonic();
  Sums sums;
  absl::Status not_built;
  const bool alone = options.first_seed == options.last_seed;
  const auto failed = [&](uint64_t seed, const std::vector<std::string>& violations) {
    for (const std::string& violation : violations)
      out << absl::StrFormat("seed %d: %s\n", seed, violation);
    out << "  reproduce with: gannet sim --seeds " << seed << options.same_options << "\n"
        << std::flush;
  };
  const auto take = [&](uint64_t seed, const absl::StatusOr<SimulationResult>& result) {
    if (!result.ok()) {
      if (NotBuilt(result.status())) {
        not_built = result.status();
        return;
      }
      sums.AddFailed();
      return failed(seed, {std::string(result.status().message())});
    }
    sums.Add(*result);
    if (alone) {
      out << "decisions sha256=" << result->decisions << "\n";
      out << "journal   sha256=" << result->journal << "\n";
    }
    if (!result->violations.empty()) failed(seed, result->violations);
  };
  const auto simulate = [&](uint64_t seed) {
    SimulationOptions one = options.each;
    one.seed = seed;
    return Simulate(one);
  };
  uint64_t next = options.last_seed + 1;
  if (alone) {  // here, where a debugger sees it
    take(options.first_seed, simulate(options.first_seed));
  } else {
    next = ForEachSeed(
        {options.first_seed, options.last_seed, options.jobs,
         [&] {
           return not_built.ok() &&
                  (options.limit <= base::Duration(0) || clock.Monotonic() - began < options.limit);
         }},
        [&](uint64_t seed) { return Pack(simulate(seed)); },
        [&](uint64_t seed, const absl::StatusOr<std::string>& packed) {
          take(seed, packed.ok() ? Unpack(*packed) : packed.status());
        });
  }
  if (!not_built.ok()) return not_built;
  sums.Print(clock.Monotonic() - began, out);
  if (next <= options.last_seed)
    out << absl::StrFormat("go on with: gannet sim --seeds %d-%d%s\n", next, options.last_seed,
                           options.same_options);
  return sums.Status(options.require_probes, options.each.product);
}

absl::Status TraceSeed(const SimulationOptions& options, std::ostream& out) {
  SimulationOptions told = options;
  std::optional<base::Time> began;
  told.trace = [&](base::Time at, std::string_view text) {
    if (!began) began = at;
    out << absl::StrFormat("%9.4f  %s\n", std::chrono::duration<double>(at - *began).count(), text);
  };
  GANNET_ASSIGN_OR_RETURN(const SimulationResult result, Simulate(told));
  for (const std::string& violation : result.violations) out << "violation: " << violation << "\n";
  if (result.violations.empty()) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("seed %d broke an invariant", options.seed));
}

}  // namespace gannet::simulation
