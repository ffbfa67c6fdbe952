// gannet.ops.v1.AdminService of one process: what it is, how it does, its
// journal, drain, snapshot.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "libs/bus/bus.h"
#include "libs/journal/journal.h"
#include "libs/rpc/server.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"
#include "libs/telemetry/log.h"

namespace gannet::api {

struct AdminParts {
  std::string build_id, config_hash;
  std::string config_text;  // YAML; secrets lie in files that it names
  base::Time started;
  runtime::Shard& shard;
  const journal::Writer* journal = nullptr;  // null: nothing is recorded
  std::string journal_dir;
  base::Files* files = nullptr;  // for VerifyJournal, with the two executors
  base::Executor* executor = nullptr;
  base::Executor* background = nullptr;
  std::function<std::vector<std::pair<std::string, runtime::Health>>()> health;
  std::function<void(std::string reason)> drain;
  std::function<std::map<std::string, uint64_t>()> counters;
  bus::Bus* bus = nullptr;        // for ResolveRecord, with `background`
  telemetry::Log* log = nullptr;  // for SetLogLevel
};

// `parts` live as long as the server.
void ServeAdmin(rpc::Server& server, AdminParts parts);

}  // namespace gannet::api
