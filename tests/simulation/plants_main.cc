// gannet-plants NUMBER SEEDS [FIRST]: the platform with one planted bug (plants.py), simulated
// with seed FIRST, then from 1 on, until an invariant breaks or the seeds are through. Prints
// "caught by seed N: why" and exits with 0, or "not caught" and 1. NUMBER 0 is the product as it
// is.
#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/simulation/planted.h"
#include "tests/simulation/workers.h"
#include "tests/simulation/world.h"

namespace gannet::simulation {
namespace {

int awake = 0;  // set once, before anything runs

constexpr const char* kNames[] = {
#include "plants.inc"
};
// A bug may keep the platform busy without end.
constexpr unsigned kSecondsForASeed = 60;

// Why the seed shows the bug; empty: it does not.
std::string Symptom(uint64_t seed) {
  alarm(kSecondsForASeed);
  SimulationOptions options;
  options.seed = seed;
  options.focused = true;
  const absl::StatusOr<SimulationResult> result = Simulate(options);
  if (!result.ok()) return std::string(result.status().message());
  return result->violations.empty() ? "" : result->violations.front();
}

int Main(int number, uint64_t seeds, uint64_t first) {
  Plant(number);
  std::optional<std::pair<uint64_t, std::string>> caught;
  const auto try_seeds = [&](uint64_t from, uint64_t to) {
    ForEachSeed({from, to, 1, [&] { return !caught; }}, Symptom,
                [&](uint64_t seed, const absl::StatusOr<std::string>& symptom) {
                  const std::string why =
                      symptom.ok() ? *symptom : std::string(symptom.status().message());
                  if (!why.empty()) caught = {seed, why};
                });
  };
  if (first > 1) try_seeds(first, first);
  try_seeds(1, seeds);
  if (!caught) {
    std::cout << "not caught by seeds 1-" << seeds << "\n";
    return 1;
  }
  std::cout << "caught by seed " << caught->first << ": " << caught->second << "\n";
  return 0;
}

}  // namespace

bool Planted(int number) { return number == awake; }
void Plant(int number) { awake = number; }

}  // namespace gannet::simulation

int main(int argc, char** argv) {
  int number = 0;
  uint64_t seeds = 0, first = 1;
  if (argc < 3 || argc > 4 || (argc == 4 && !absl::SimpleAtoi(argv[3], &first)) ||
      !absl::SimpleAtoi(argv[1], &number) || !absl::SimpleAtoi(argv[2], &seeds) || number < 0 ||
      number > static_cast<int>(std::size(gannet::simulation::kNames)) || seeds == 0) {
    std::cerr << "usage: gannet-plants NUMBER SEEDS [FIRST]\n";
    return 2;
  }
  return gannet::simulation::Main(number, seeds, first);
}
