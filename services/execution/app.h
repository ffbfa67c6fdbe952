// Assembles the service from its configuration and what the process hands in.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/runtime/service.h"
#include "services/execution/config.h"
#include "services/execution/execution_service.h"

namespace gannet::execution {

// One a venue, in the order of the configuration; the first answers for what is no other's.
using Executions = std::vector<std::unique_ptr<ExecutionService>>;

// The keys of every venue, read as BuildExecution does.
absl::Status CheckFiles(base::Files& files, const ExecutionConfig& config);

// INVALID_ARGUMENT, PERMISSION_DENIED, NOT_FOUND: a URL or key file cannot be used;
// the message says what to change. `gate`: see SendGate; may be empty.
absl::StatusOr<Executions> BuildExecution(const ExecutionConfig& config, runtime::Deps& deps,
                                          const SendGate& gate = nullptr);

}  // namespace gannet::execution
