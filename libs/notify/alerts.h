// What Alertmanager posts to a web hook (its format version 4), as messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/notify/message.h"

namespace gannet::notify {

inline constexpr size_t kMaxAlerts = 200;  // of one post; what is above is told as one message

// A message an alert. `runbooks` is put before a runbook_url that is no address yet.
// INVALID_ARGUMENT: not of that format.
absl::StatusOr<std::vector<Message>> ParseAlerts(std::string_view body, std::string_view runbooks,
                                                 base::Time now);

}  // namespace gannet::notify
