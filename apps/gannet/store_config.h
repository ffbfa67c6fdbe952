// Where the rows are kept, as a configuration of reporting or of `gannet run` says.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "services/reporting/config.h"

namespace gannet::app {

// INVALID_ARGUMENT: not such a configuration, with file, line and key.
absl::StatusOr<reporting::StoreConfig> StoreOfConfig(const std::string& path, base::Files& files);

}  // namespace gannet::app
