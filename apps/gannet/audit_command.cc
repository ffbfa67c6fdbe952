// Who did what, when, and what came of it: the audit of a running process.
#include <ostream>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/gannet/remote.h"
#include "gannet/ops/v1/admin_service.pb.h"
#include "libs/base/time.h"
#include "libs/command/audit.h"
#include "libs/market/account.h"
#include "libs/market/names.h"

namespace gannet::app {
namespace {

namespace pb = ::gannet::ops::v1;

constexpr char kList[] = "gannet.ops.v1.AdminService/ListAudit";
constexpr int kMostPage = 1'000;

std::vector<std::string> Actions() {
  std::vector<std::string> all;
  const auto add = [&all](const char* name) {
    if (std::string_view(name) != "?") all.emplace_back(name);
  };
  for (int kind = 0; kind <= UINT8_MAX; ++kind) add(Name(static_cast<command::AccessKind>(kind)));
  for (int kind = 0; kind <= UINT8_MAX; ++kind) add(Name(static_cast<market::CommandKind>(kind)));
  return all;
}

// As it is recorded: "sign-in" is SIGN_IN.
absl::StatusOr<std::string> ActionOf(const std::string& text) {
  std::string action = text;
  for (char& c : action)
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string known;
  for (const std::string& each : Actions()) {
    if (each == action) return action;
    absl::StrAppend(&known, known.empty() ? "" : ", ", Short(each, ""));
  }
  for (char& c : known) c = c == '_' ? '-' : c;
  return absl::InvalidArgumentError(
      absl::StrCat("--kind: '", text, "' is no kind; there are ", known));
}

std::string TextOf(const pb::AuditEntry& entry) {
  std::string text = entry.reason();
  if (!entry.detail().empty()) text += (text.empty() ? "" : "; ") + entry.detail();
  return text.empty() ? "-" : text;
}

}  // namespace

int ListAudit(const ControlOptions& control, const AuditOptions& options, Console console) {
  Remote remote(control, console);
  pb::ListAuditRequest request;
  for (const std::string& person : options.persons) request.add_persons(person);
  for (const std::string& text : options.actions) {
    const auto action = ActionOf(text);
    if (!action.ok()) {
      Report(action.status(), console);
      return kControlUsage;
    }
    request.add_actions(*action);
  }
  if (options.from) request.mutable_range()->set_start_ns(base::UnixNanos(*options.from));
  if (options.to) request.mutable_range()->set_end_ns(base::UnixNanos(*options.to));
  pb::ListAuditResponse all;
  do {
    request.set_page_size(std::min(options.limit - all.entries_size(), kMostPage));
    const auto page = remote.Call<pb::ListAuditResponse>(kList, request);
    if (!page.ok()) return Report(page.status(), console);
    all.MergeFrom(*page);
    all.set_next_page_token(page->next_page_token());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && all.entries_size() < options.limit);
  if (remote.Json(all)) return kControlDone;
  Table table({"TIME", "WHO", "WHAT", "OF", "RESULT", "WHY, AND WHAT WAS ANSWERED"});
  for (const pb::AuditEntry& entry : all.entries()) {
    table.Add({TimeOf(entry.time_ns()), entry.person().empty() ? "-" : entry.person(),
               Short(entry.action(), ""), entry.about().empty() ? "-" : entry.about(),
               Short(entry.result(), ""), TextOf(entry)});
  }
  table.Print(console.out);
  if (all.forgotten() > 0)
    console.out << all.forgotten() << " older ones are in the journal only: gannet journal dump\n";
  return kControlDone;
}

}  // namespace gannet::app
