// The command line of gannet journal.
#pragma once

#include <cstdint>
#include <string>

#include "apps/gannet/flags.h"
#include "apps/gannet/journal_command.h"
#include "apps/gannet/journal_fetch.h"
#include "libs/runtime/process.h"

namespace gannet::app {

struct JournalFlags {
  std::string dir;
  JournalDumpOptions dump;
  JournalFetchOptions fetch;
  base::Duration keep = runtime::ProcessOptions{}.keep_journal;
  uint64_t max_bytes = runtime::ProcessOptions{}.max_journal_bytes;
  uint64_t skip_to = 0;
};
void AddJournal(CLI::App& app, JournalFlags& flags, const CommandDeps& deps);

}  // namespace gannet::app
