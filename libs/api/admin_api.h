// gannet.ops.v1.AdminService of one process: what it is, how it does, drain, snapshot.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "libs/journal/journal.h"
#include "libs/rpc/server.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"

namespace gannet::api {

struct AdminParts {
  std::string build_id, config_hash;
  base::Time started;
  runtime::Shard& shard;
  const journal::Writer* journal = nullptr;  // null: nothing is recorded
  std::function<std::vector<std::pair<std::string, runtime::Health>>()> health;
  std::function<void(std::string reason)> drain;
};

// `parts` live as long as the server.
void ServeAdmin(rpc::Server& server, AdminParts parts);

}  // namespace gannet::api
