// Assembles the service from its configuration and what the process hands in.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/runtime/service.h"
#include "services/execution/config.h"
#include "services/execution/execution_service.h"

namespace gannet::execution {

// INVALID_ARGUMENT, PERMISSION_DENIED, NOT_FOUND: a URL or key file cannot be used;
// the message says what to change. `gate`: see SendGate; may be empty.
absl::StatusOr<std::unique_ptr<ExecutionService>> BuildExecution(const ExecutionConfig& config,
                                                                 runtime::Deps& deps,
                                                                 SendGate gate = nullptr);

}  // namespace gannet::execution
