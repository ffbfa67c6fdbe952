#include "services/gateway/audit_json.h"

#include <charconv>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/status.h"

namespace gannet::gateway {
namespace {

constexpr int kMostRows = 1'000;

using Parameters = std::map<std::string, std::string>;

absl::Status ReadTime(const Parameters& parameters, const char* name, base::Time& into) {
  const auto given = parameters.find(name);
  if (given == parameters.end() || given->second.empty()) return absl::OkStatus();
  const std::string& text = given->second;
  const auto time = base::ParseRfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!time) {
    return absl::InvalidArgumentError(
        base::Concat({"'", name, "' must be a date or a time, as 2026-11-01T00:00:00Z"}));
  }
  into = *time;
  return absl::OkStatus();
}

}  // namespace

Json AuditRow(const command::AuditEntry& entry) {
  return {{"id", IdText(entry.id)},         {"time", base::FormatTime(entry.time)},
          {"person", entry.person},         {"action", entry.action},
          {"about", entry.about},           {"reason", entry.reason},
          {"request_id", entry.request_id}, {"result", entry.result},
          {"detail", entry.detail},         {"client_order_id", entry.order}};
}

absl::StatusOr<std::string> AuditJson(const command::AuditRecord& record,
                                      const Parameters& parameters) {
  command::AuditFilter filter;
  const auto list = [&](const char* name, std::vector<std::string>& into) {
    const auto given = parameters.find(name);
    if (given != parameters.end() && !given->second.empty()) into.push_back(given->second);
  };
  list("person", filter.persons);
  list("action", filter.actions);
  GANNET_RETURN_IF_ERROR(ReadTime(parameters, "from", filter.from));
  GANNET_RETURN_IF_ERROR(ReadTime(parameters, "to", filter.to));
  if (const auto given = parameters.find("limit"); given != parameters.end()) {
    const std::string& text = given->second;
    int limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || end != text.data() + text.size() || limit < 1 ||
        limit > kMostRows) {
      return absl::InvalidArgumentError("'limit' must be a number from 1 to 1000");
    }
    filter.limit = static_cast<size_t>(limit);
  }
  Json rows = Json::array();
  for (const command::AuditEntry* entry : Select(record, filter)) rows.push_back(AuditRow(*entry));
  return Text(rows);
}

}  // namespace gannet::gateway
