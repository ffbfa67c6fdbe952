// Who did what, when, and with what result: commands with what the engines answered, and
// what people do beside commands (signing in, users, consent). Folded from facts:
// ops.commands, ops.answers and the notes of engine "access" (ops.access).
//
// Pure; one thread. Bounded by kKept: the oldest fall out, counted; the journals have all.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"

namespace gannet::command {

// What people do beside commands.
enum class AccessKind : uint8_t {
  kSignIn,
  kSignOut,
  kPasswordChange,
  kConsent,
  kUserAdd,
  kUserConfirm,
  kUserDisable,
  kUserEnable,
  kReport
};
const char* Name(AccessKind kind);  // "SIGN_IN"; "?": there is none such

// What somebody did beside commands. Becomes a note of engine "access".
struct AccessNote {
  std::string person;  // of a sign-in that was refused: the name, if there is such a user
  std::string action;  // the name of an AccessKind; another build may have more of them
  std::string about;   // the user meant, the account of a report
  std::string detail;  // from where, with which role
  bool refused = false;
};
wire::EngineNote ToNote(const AccessNote& note);
// Nothing: the note is of another engine, or not whole.
std::optional<AccessNote> AccessOf(const wire::EngineNote& note);

struct AuditEntry {
  market::EventId id;  // of the command or the note
  base::Time time;
  std::string person;
  std::string action;  // "KILL", "SIGN_IN"
  std::string about;   // "firm", "proposal 3", "buy binance-spot:BTCUSDT for main/paper"
  std::string reason;
  std::string request_id;  // of a command
  std::string result;      // "RECORDED": not answered yet; "APPLIED", "REFUSED"
  std::string detail;      // what was answered
  std::string order;       // client order id of the intent that was made
  uint64_t version = 0;    // of the record when this changed last; not kept
};

class AuditRecord {
 public:
  static constexpr size_t kKept = 2'000;
  static constexpr size_t kKeptAnswers = 1'000;  // whose command has not come yet

  // `waits`: an answer may come before its command, as from several topics.
  explicit AuditRecord(bool waits) : waits_(waits) {}

  // One that is known already changes nothing.
  void Apply(const market::Event<market::Command>& event);
  void Apply(const market::Event<market::CommandAnswer>& event);
  void Apply(const market::Event<wire::EngineNote>& event);
  void Merge(const AuditRecord& other);

  using Place = std::pair<base::Time, market::EventId>;
  const std::map<Place, AuditEntry>& entries() const { return entries_; }  // oldest first
  const AuditEntry* Find(const market::EventId& id) const;
  uint64_t version() const { return version_; }
  uint64_t forgotten() const { return forgotten_; }

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

 private:
  void Put(AuditEntry entry);
  void Answer(AuditEntry& entry, const market::CommandAnswer& answer);

  const bool waits_;
  std::map<Place, AuditEntry> entries_;
  std::map<market::EventId, base::Time> places_;
  std::map<market::EventId, market::CommandAnswer> early_;  // by command
  uint64_t version_ = 0, forgotten_ = 0;
};

// What somebody asks for; empty lists and times do not filter.
struct AuditFilter {
  std::vector<std::string> persons, actions;
  base::Time from = base::Time::min(), to = base::Time::max();  // [from, to)
  std::optional<market::EventId> before;                        // older than this entry
  size_t limit = 100;
};
// Newest first.
std::vector<const AuditEntry*> Select(const AuditRecord& record, const AuditFilter& filter);

}  // namespace gannet::command
