// The command line of the commands that ask a running process (control_command.h).
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "apps/gannet/control_command.h"
#include "apps/gannet/healthcheck_command.h"

namespace CLI {
class App;
}

namespace gannet::app {

// What they need lives as long as the parse.
struct ControlFlags {
  ControlOptions control;
  OrderOptions order;
  AuditOptions audit;
  HealthcheckOptions health;
  AdjustOptions adjust;
  KillOptions kill;
  bool dry_run = false;
  std::string scope, state = "halted";
  std::string file;
  bool show_file = false, new_names = false, open_only = false;
  uint64_t proposal = 0;
  int count = 20;
  bool follow = true;
};

// `run` is called with the command that was chosen; its argument gives the exit code.
void AddControl(CLI::App& app, ControlFlags& flags, base::Files& files, std::ostream& out,
                std::ostream& err, std::function<void(int exit_code)> ended);

// The same for `gannet risk portfolio`, which stands beside commands on files.
void AddPortfolioRisk(CLI::App& risk, ControlFlags& flags, base::Files& files, std::ostream& out,
                      std::ostream& err, std::function<void(int exit_code)> ended);

}  // namespace gannet::app
