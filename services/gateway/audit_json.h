// The audit as the REST answer and the live stream say it. Heavy header: for .cc files only.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "libs/command/audit.h"
#include "services/gateway/view_rows.h"

namespace gannet::gateway {

Json AuditRow(const command::AuditEntry& entry);
// By the parameters of the route. INVALID_ARGUMENT says which is wrong.
absl::StatusOr<std::string> AuditJson(const command::AuditRecord& record,
                                      const std::map<std::string, std::string>& parameters);

}  // namespace gannet::gateway
