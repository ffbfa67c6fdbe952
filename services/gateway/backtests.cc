#include "services/gateway/backtests.h"

#include <algorithm>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "services/gateway/view_rows.h"

namespace gannet::gateway {
namespace {

constexpr size_t kMaxNameLength = 100;

// One folder below, never out of it.
bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameLength && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

absl::StatusOr<Json> ReadRun(base::Files& files, const std::string& path) {
  GANNET_ASSIGN_OR_RETURN(const uint64_t size, files.Size(path));
  if (size > kMaxBacktestBytes)
    return absl::DataLossError(base::Concat({path, " is larger than replay writes it"}));
  GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("decisions") || !json.contains("summary")) {
    return absl::DataLossError(
        base::Concat({path, " is not what `gannet replay` writes; make the run again"}));
  }
  return json;
}

Json RowOf(const std::string& name, const absl::StatusOr<Json>& run) {
  Json row{{"name", name}};
  if (!run.ok()) {
    row["error"] = std::string(run.status().message());
    return row;
  }
  for (const char* part : {"made", "build", "decisions", "summary"})
    row[part] = run->contains(part) ? run->at(part) : Json(nullptr);
  return row;
}

}  // namespace

std::map<std::string, std::string> BacktestRows(base::Files& files, const std::string& folder) {
  std::map<std::string, std::string> rows;
  const auto names = folder.empty() ? std::vector<std::string>()
                                    : files.List(folder).value_or(std::vector<std::string>());
  for (const std::string& name : names) {
    const std::string path = base::Concat({folder, "/", name, "/", kBacktestFile});
    if (!IsName(name) || rows.size() >= kMaxBacktests || !files.Exists(path)) continue;
    rows[name] = Text(RowOf(name, ReadRun(files, path)));
  }
  return rows;
}

absl::StatusOr<std::string> BacktestDocument(base::Files& files, const std::string& folder,
                                             const std::string& name) {
  const std::string path = base::Concat({folder, "/", name, "/", kBacktestFile});
  if (!IsName(name) || folder.empty() || !files.Exists(path)) {
    return absl::NotFoundError("there is no backtest of that name; /api/v1/backtests lists all");
  }
  GANNET_ASSIGN_OR_RETURN(Json run, ReadRun(files, path));
  run["name"] = name;
  return Text(run);
}

}  // namespace gannet::gateway
