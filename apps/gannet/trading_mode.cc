#include "apps/gannet/trading_mode.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/str_join.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"

namespace gannet::app {
namespace {

struct Change {
  base::Time time;
  std::string mode;
};

std::string PathIn(const std::string& data_dir) { return data_dir + "/trading-mode"; }

// Lines that say nothing are passed over: the file is there to be read by people too.
absl::StatusOr<std::vector<Change>> ReadChanges(base::Files& files, const std::string& path) {
  std::vector<Change> changes;
  if (!files.Exists(path)) return changes;
  GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || space + 1 >= line.size()) continue;
    const auto time = base::ParseRfc3339(std::string(line.substr(0, space)));
    if (time) changes.push_back({*time, std::string(line.substr(space + 1))});
  }
  return changes;
}

}  // namespace

absl::Status RecordTradingMode(base::Files& files, const std::string& data_dir, base::Time now,
                               const std::string& mode) {
  const std::string path = PathIn(data_dir);
  GANNET_ASSIGN_OR_RETURN(std::vector<Change> changes, ReadChanges(files, path));
  if (!changes.empty() && changes.back().mode == mode) return absl::OkStatus();
  changes.push_back({now, mode});
  std::string text;
  const size_t first = changes.size() - std::min(changes.size(), kMaxModeChanges);
  for (size_t i = first; i < changes.size(); ++i)
    text += base::Concat({base::FormatTime(changes[i].time), " ", changes[i].mode, "\n"});
  return files.WriteAtomically(path, text);
}

absl::StatusOr<std::string> TradingModeIn(base::Files& files, const std::string& data_dir,
                                          base::Time from, base::Time to) {
  GANNET_ASSIGN_OR_RETURN(const std::vector<Change> changes, ReadChanges(files, PathIn(data_dir)));
  std::vector<std::string> modes;
  for (size_t i = 0; i < changes.size(); ++i) {
    const bool ended = i + 1 < changes.size() && changes[i + 1].time <= from;
    if (ended || changes[i].time >= to) continue;
    if (std::find(modes.begin(), modes.end(), changes[i].mode) == modes.end())
      modes.push_back(changes[i].mode);
  }
  return absl::StrJoin(modes, ", ");
}

}  // namespace gannet::app
