// Whether the key that we sign with may do what we need, and nothing that would hurt.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

std::string ProblemOf(const venue::KeyRights& rights, bool addresses) {
  std::vector<std::string> problems;
  if (rights.may_withdraw) problems.emplace_back("may withdraw: take that right from it");
  if (!rights.may_trade) problems.emplace_back("may not trade here: give it the right to trade");
  if (addresses && rights.from_anywhere)
    problems.emplace_back("works from every address: restrict it to those of this computer");
  if (problems.empty()) return "";
  return absl::StrCat("no order leaves: the API key ", absl::StrJoin(problems, "; it "),
                      " (on the venue's web page, or make another key)");
}

}  // namespace

void ExecutionEngine::AskKeyRights() {
  if (!options_.check_key) return;
  std::optional<venue::WireRequest> wire = venue_.RightsOfKey(VenueNow());
  if (!wire) return;  // never: key_problem_ stays
  if (!SendQuery(Purpose::kKeyRights, *std::move(wire), {.kind = venue::RequestKind::kKeyRights}))
    Schedule(now_ + NextSessionPause(), {TaskKind::kKeyRights, {}});
}

void ExecutionEngine::OnKeyRights(const venue::Answer& answer) {
  if (answer.rights) {
    key_problem_ = ProblemOf(*answer.rights, options_.key_addresses);
  } else if (!key_problem_.empty()) {  // of one that fitted a lost answer says nothing
    key_problem_ = absl::StrCat("no order leaves: the venue does not say what the API key may do (",
                                answer.code, " ", answer.message,
                                "); check key_file, secret_file and rights_url");
  }
  Schedule(now_ + (key_problem_.empty() ? kCheckKeyEvery : options_.inquiry_limit),
           {TaskKind::kKeyRights, {}});
}

}  // namespace gannet::execution
