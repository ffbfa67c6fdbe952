#include "libs/notify/alerts.h"

#include <nlohmann/json.hpp>

#include "libs/base/concat.h"

namespace gannet::notify {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxTextBytes = 8u << 10;
constexpr size_t kMaxLabels = 64;

std::string Text(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return "";
  return found->get<std::string>().substr(0, kMaxTextBytes);
}

Severity SeverityOf(const std::string& text) {
  if (text == "page" || text == "critical") return Severity::kPage;
  return text == "info" ? Severity::kInfo : Severity::kTicket;
}

Message OneAlert(const Json& alert, std::string_view runbooks, base::Time now) {
  static const Json kNone = Json::object();
  const Json& labels =
      alert.contains("labels") && alert["labels"].is_object() ? alert["labels"] : kNone;
  const Json& notes = alert.contains("annotations") && alert["annotations"].is_object()
                          ? alert["annotations"]
                          : kNone;
  Message message;
  message.kind = Kind::kAlert;
  message.resolved = Text(alert, "status") == "resolved";
  message.severity = SeverityOf(Text(labels, "severity"));
  for (const auto& [name, value] : labels.items()) {
    if (message.labels.size() < kMaxLabels && value.is_string())
      message.labels[name] = value.get<std::string>().substr(0, 256);
  }
  const std::string name = Text(labels, "alertname");
  const std::string summary = Text(notes, "summary");
  message.title = summary.empty() ? name : base::Concat({name, ": ", summary});
  message.text = Text(notes, "description");
  message.link = Text(notes, "runbook_url");
  if (!message.link.empty() && message.link.find("://") == std::string::npos)
    message.link = base::Concat({runbooks, message.link});
  message.time =
      base::ParseRfc3339(Text(alert, message.resolved ? "endsAt" : "startsAt")).value_or(now);
  message.key = "alert:" + Text(alert, "fingerprint");
  if (message.key == "alert:") {
    for (const auto& [label, value] : message.labels) message.key += label + "=" + value + ";";
  }
  return message;
}

}  // namespace

absl::StatusOr<std::vector<Message>> ParseAlerts(std::string_view body, std::string_view runbooks,
                                                 base::Time now) {
  const Json post = Json::parse(body, nullptr, false);
  if (!post.is_object() || !post.contains("alerts") || !post["alerts"].is_array())
    return absl::InvalidArgumentError("this is not what Alertmanager posts to a web hook");
  std::vector<Message> out;
  size_t left_out = 0;
  for (const Json& alert : post["alerts"]) {
    if (!alert.is_object()) return absl::InvalidArgumentError("an alert is no object");
    if (out.size() >= kMaxAlerts) {
      ++left_out;
      continue;
    }
    out.push_back(OneAlert(alert, runbooks, now));
  }
  if (post.contains("truncatedAlerts") && post["truncatedAlerts"].is_number_unsigned())
    left_out += post["truncatedAlerts"].get<size_t>();
  if (left_out > 0) {
    Message more;
    more.severity = Severity::kTicket;
    more.key = "alerts:left out:" + Text(post, "groupKey");
    more.title = std::to_string(left_out) + " more alerts of this group are left out";
    more.time = now;
    out.push_back(std::move(more));
  }
  return out;
}

}  // namespace gannet::notify
