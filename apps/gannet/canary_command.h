// gannet canary: watches the error budgets of what was just rolled out, by way of Prometheus, and
// says by its exit code whether it may stay. For the chart's Job, and for people.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/gannet/canary_judge.h"
#include "apps/gannet/control_command.h"

namespace CLI {
class App;
}

namespace gannet::app {

inline constexpr int kCanaryHealthy = 0;
inline constexpr int kCanaryBurning = 1;
inline constexpr int kCanaryUsage = 2;
inline constexpr int kCanaryBlind = 4;

struct CanaryOptions {
  std::string prometheus;  // its address; http too, since it is only read
  std::string ca_file;     // of Prometheus, trusted beside the system's
  base::Duration every = std::chrono::seconds(15);
  CanaryRules rules;
  std::vector<std::string> objectives;  // NAME or NAME=BURN; empty: all
  std::string halt;                     // scope that is halted when it burns
  ControlOptions control;               // whom to tell
};

// Blocks until it is decided.
int WatchCanary(const CanaryOptions& options, Console console);

void AddCanary(CLI::App& app, CanaryOptions& options, base::Files& files, std::ostream& out,
               std::ostream& err, std::function<void(int exit_code)> ended);

}  // namespace gannet::app
