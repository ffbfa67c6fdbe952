// gannet-decide: what the engines of this build decide, as hashes and nothing else.
// tools/check-cross-build runs it from builds by different compilers and compares.
//
//   gannet-decide sim FIRST LAST        a line for each seed's simulation
//   gannet-decide replay CAPTURE...     one line for the captures, merged by time
#include <charconv>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "apps/gannet/replay.h"
#include "libs/base/posix_files.h"
#include "tests/simulation/world.h"

namespace gannet::app {
namespace {

constexpr int kExitOk = 0, kExitFailed = 1, kExitUsage = 2;

int Usage() {
  std::cerr << "usage: gannet-decide sim FIRST LAST | gannet-decide replay CAPTURE...\n";
  return kExitUsage;
}

std::optional<uint64_t> Seed(std::string_view text) {
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return seed;
}

int Simulations(uint64_t first, uint64_t last) {
  int code = kExitOk;
  for (uint64_t seed = first; seed <= last; ++seed) {
    simulation::SimulationOptions options;
    options.seed = seed;
    options.verify_replay = false;  // the comparison here is between builds
    const auto result = simulation::Simulate(options);
    if (!result.ok()) {
      std::cerr << "gannet-decide: " << result.status().message() << "\n";
      return kExitFailed;
    }
    std::cout << "seed " << seed << ": decisions sha256=" << result->decisions
              << " orders=" << result->orders << " fills=" << result->fills << "\n";
    for (const std::string& violation : result->violations) {
      std::cerr << "seed " << seed << ": " << violation << "\n";
      code = kExitFailed;
    }
  }
  return code;
}

int Captures(std::vector<std::string> captures) {
  base::PosixFiles files;
  ReplayOptions options;
  options.captures = std::move(captures);
  std::ostringstream out, diagnostics;
  const auto summary = Replay(options, files, out, diagnostics);
  if (!summary.ok()) {
    std::cerr << "gannet-decide: " << summary.status().message() << "\n" << diagnostics.str();
    return kExitFailed;
  }
  std::cout << "replay: decisions sha256=" << summary->decisions << " inputs=" << summary->inputs
            << " intents=" << summary->intents << " fills=" << summary->fills << "\n";
  return kExitOk;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 3 && arguments[0] == "sim") {
    const auto first = Seed(arguments[1]), last = Seed(arguments[2]);
    return first && last && *first <= *last ? Simulations(*first, *last) : Usage();
  }
  if (arguments.size() >= 2 && arguments[0] == "replay")
    return Captures({arguments.begin() + 1, arguments.end()});
  return Usage();
}

}  // namespace
}  // namespace gannet::app

int main(int argc, char** argv) { return gannet::app::Main({argv + 1, argv + argc}); }
