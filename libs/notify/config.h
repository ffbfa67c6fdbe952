// Who is told, and how: the section `notify` (docs/notifications.md).
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/files.h"
#include "libs/notify/channel.h"
#include "libs/notify/notifier.h"

namespace gannet::config {
class Section;
}

namespace gannet::notify {

inline constexpr size_t kMaxChannels = 32;

// Where Alertmanager's posts are taken.
struct AlertsConfig {
  bool enabled = false;
  std::string address = "127.0.0.1";
  uint16_t port = 7190;
  std::string token_file;  // required: what callers show as "Authorization: Bearer …"
  std::string certificate_file, key_file;
};

struct NotifyConfig {
  std::vector<Channel> channels;  // none: nobody is told, nothing is started
  NotifierOptions options;
  AlertsConfig alerts;
  std::string runbooks;  // before docs/runbooks/PAGE.md
};

void Read(config::Section& in, NotifyConfig& out);

// Reads the files that the channels name. FAILED_PRECONDITION, PERMISSION_DENIED, … name the
// channel and the file, never what is in it.
absl::Status LoadSecrets(base::Files& files, NotifyConfig& config);

}  // namespace gannet::notify
