// The command lines of gannet replay and gannet train, which read the same files.
#pragma once

#include <string>

#include "apps/gannet/flags.h"
#include "apps/gannet/replay.h"
#include "apps/gannet/train_command.h"

namespace gannet::app {

struct ReplayFlags {
  ReplayOptions replay;
  std::string speed = "max", emit = "none";
};
void AddReplay(CLI::App& app, ReplayFlags& flags, const CommandDeps& deps);
void AddTrain(CLI::App& app, TrainOptions& options, const CommandDeps& deps);

}  // namespace gannet::app
