#include "tests/simulation/crash_sweep.h"

#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "tests/simulation/workers.h"
#include "tests/simulation/world.h"

namespace gannet::simulation {
namespace {

// The operations of one recovery, on end: the second death falls on another each time.
constexpr uint64_t kRecoveryOperations = 12;

struct Point {
  SimulationOptions::Death death;
  std::string words;
};

SimulationOptions Calm(const SweepOptions& options) {
  SimulationOptions calm;
  calm.seed = options.seed;
  calm.faults = false;
  // The last second is for what was under way.
  calm.safety = options.from + options.length + std::chrono::seconds(1);
  calm.count_from = options.from;
  return calm;
}

class Sweep {
 public:
  explicit Sweep(const SweepOptions& options) : options_(options) {}

  absl::StatusOr<SweepResult> Run() {
    GANNET_ASSIGN_OR_RETURN(const SimulationResult calm, Simulate(Calm(options_)));
    Note("without a death", calm);
    result_.messages = AddPoints("message", calm.messages_before, calm.messages,
                                 &SimulationOptions::Death::message);
    result_.disk = AddPoints("disk operation", calm.operations_before, calm.operations,
                             &SimulationOptions::Death::operation);
    ForEachSeed(
        {1, points_.size(), options_.jobs, [] { return true; }},
        [this](uint64_t number) { return DieAt(points_[number - 1]); },
        [this](uint64_t number, const absl::StatusOr<std::string>& packed) {
          Take(points_[number - 1].words, packed);
        });
    return std::move(result_);
  }

 private:
  uint64_t AddPoints(const char* kind, uint64_t before, uint64_t after,
                     uint64_t SimulationOptions::Death::*point) {
    uint64_t count = 0;
    for (uint64_t at = before + 1; at <= after; at += options_.every, ++count) {
      for (const bool twice : {false, true}) {
        Point& added = points_.emplace_back();
        added.death.*point = at;
        if (twice) added.death.in_recovery = at % kRecoveryOperations + 1;
        added.words = absl::StrCat(kind, " ", at, twice ? ", again in recovery" : "");
      }
    }
    return count;
  }

  std::string DieAt(const Point& point) const {
    SimulationOptions dying = Calm(options_);
    dying.death = point.death;
    const absl::StatusOr<SimulationResult> result = Simulate(dying);
    SimulationResult told = result.value_or(SimulationResult{});
    if (!result.ok()) told.violations.push_back(result.status().ToString());
    if (result.ok() && !told.probes.contains("restarted"))
      told.violations.emplace_back("nobody died");
    return Encode(told);
  }

  void Take(const std::string& where, const absl::StatusOr<std::string>& packed) {
    ++result_.runs;
    const absl::StatusOr<SimulationResult> result =
        packed.ok() ? DecodeResult(*packed) : absl::StatusOr<SimulationResult>(packed.status());
    if (result.ok()) return Note(where, *result);
    result_.violations.push_back(absl::StrCat(where, ": ", result.status().ToString()));
  }

  void Note(const std::string& where, const SimulationResult& result) {
    result_.orders += result.orders;
    result_.recovered += result.starts;
    for (const std::string& violation : result.violations)
      result_.violations.push_back(absl::StrCat(where, ": ", violation));
  }

  const SweepOptions options_;
  std::vector<Point> points_;
  SweepResult result_;
};

}  // namespace

absl::StatusOr<SweepResult> SweepCrashes(const SweepOptions& options) {
  return Sweep(options).Run();
}

absl::Status RunSweep(const SweepOptions& options, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const SweepResult result, SweepCrashes(options));
  for (const std::string& violation : result.violations) out << violation << "\n";
  out << absl::StrCat(result.messages, " messages, ", result.disk, " disk operations, ",
                      result.runs, " runs, ", result.recovered, " starts, ", result.orders,
                      " orders\n");
  if (!result.violations.empty()) return absl::InternalError("a death broke an invariant");
  out << "every invariant held\n";
  return absl::OkStatus();
}

}  // namespace gannet::simulation
