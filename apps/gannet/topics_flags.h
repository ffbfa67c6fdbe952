// The command line of gannet topics.
#pragma once

#include <cstddef>
#include <string>

#include "apps/gannet/flags.h"
#include "apps/gannet/topics_command.h"

namespace gannet::app {

struct TopicsFlags {
  TopicsOptions topics;
  ResolveOptions resolve;
  std::string password_file;
  size_t letters_limit = 100;
};
void AddTopics(CLI::App& app, TopicsFlags& flags, const CommandDeps& deps);

}  // namespace gannet::app
