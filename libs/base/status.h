// Operating failures are absl::Status values; these two macros hand them up.
// A message names the place and ends with the setting or action that helps.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gannet::base {

// `status` with "context: " put before its message; OK stays OK.
absl::Status Annotate(const absl::Status& status, std::string_view context);

}  // namespace gannet::base

#define GANNET_CONCAT_INNER(a, b) a##b
#define GANNET_CONCAT(a, b) GANNET_CONCAT_INNER(a, b)
#define GANNET_RETURN_IF_ERROR(expression) \
  GANNET_RETURN_IF_ERROR_IMPL(GANNET_CONCAT(gannet_status_, __LINE__), expression)
#define GANNET_RETURN_IF_ERROR_IMPL(status, expression)     \
  do {                                                      \
    if (absl::Status status = (expression); !status.ok()) { \
      return status;                                        \
    }                                                       \
  } while (false)

#define GANNET_ASSIGN_OR_RETURN(target, expression) \
  GANNET_ASSIGN_OR_RETURN_IMPL(GANNET_CONCAT(gannet_result_, __LINE__), target, expression)
#define GANNET_ASSIGN_OR_RETURN_IMPL(result, target, expression) \
  auto result = (expression);                                    \
  if (!result.ok()) return result.status();                      \
  target = std::move(result).value()
