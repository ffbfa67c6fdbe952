// Who may sign in: names, roles, Argon2id password hashes and the consent given,
// in one file readable by its owner only. The gateway reads it anew when another
// program (`gannet user`) has changed it. Several gateways read one that none of them
// writes; of consent they hear on the bus.
//
// Not thread-safe; `VerifyPassword` and `HashPassword` are slow on purpose and may
// run on any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/base/time.h"

namespace gannet::gateway {

// What a person may do; each is a bit of a route's set.
enum class Role : uint8_t { kViewer = 1, kTrader = 2, kRisk = 4, kAdmin = 8 };
const char* Name(Role role);  // "viewer"
std::optional<Role> ParseRole(std::string_view text);

// Cost of a password hash: as libsodium's "interactive" limits unless a test says less.
struct PasswordCost {
  uint64_t operations = 2;
  size_t memory_bytes = size_t{64} << 20;
};

// Argon2id in libsodium's text form. RESOURCE_EXHAUSTED: not enough memory.
absl::StatusOr<std::string> HashPassword(std::string_view password, const PasswordCost& cost);
bool VerifyPassword(const std::string& hash, std::string_view password);
// Random, 20 characters that are told apart easily, about 100 bits.
std::string MakePassword();

struct User {
  std::string name;
  Role role = Role::kViewer;
  std::string hash;
  bool disabled = false;
  // Raised by what ends all sessions: being shut out, another password. Those that were opened
  // under a lower one are over.
  uint32_t generation = 0;
  base::Time created{};
  // Of the risk disclaimer; 0: never accepted.
  uint32_t consent_version = 0;
  base::Time consent_time{};
  // The admin who made this user alone, with a role that decides about limits, and may be the
  // same person; empty: counts as somebody else than all others (docs/limits.md).
  std::string added_by;
  bool own_password = false;  // chosen by who signs in with it: nobody else has seen it

  bool decides() const { return role == Role::kRisk || role == Role::kAdmin; }
};

// Version of the text in kRiskDisclaimer; a new text asks again.
inline constexpr uint32_t kConsentVersion = 1;
extern const std::string_view kRiskDisclaimer;

inline constexpr size_t kMaxUsers = 1'000;
inline constexpr size_t kMaxNameBytes = 64, kMinPasswordBytes = 12, kMaxPasswordBytes = 256;

class Users {
 public:
  Users(base::Files& files, std::string path) : files_(files), path_(std::move(path)) {}

  static std::string PathIn(const std::string& data_dir) { return data_dir + "/users.json"; }

  // NOT_FOUND: there is no file yet. DATA_LOSS: not what we wrote. PERMISSION_DENIED:
  // others may read it.
  absl::Status Load();
  // Each writes the file before it returns.
  // `by`: the admin of the page who adds; empty: whoever has the host.
  absl::Status Add(std::string_view name, Role role, std::string hash, base::Time now,
                   std::string_view by = "");
  // That it is another person than who added it. FAILED_PRECONDITION: somebody else knows the
  // password.
  absl::Status Confirm(std::string_view name);
  absl::Status SetDisabled(std::string_view name, bool disabled);
  absl::Status SetPassword(std::string_view name, std::string hash, bool own);
  absl::Status Consent(std::string_view name, uint32_t version, base::Time now);
  // Consent that was given elsewhere: not written, and kept over Load. Of at most kMaxHeard
  // names, known or not.
  void HearConsent(std::string_view name, uint32_t version, base::Time time);
  static constexpr size_t kMaxHeard = 10 * kMaxUsers;

  const User* Find(std::string_view name) const;
  // Whether a decision of this user may be the second of two people. FAILED_PRECONDITION: who
  // added it alone may be the same person, and what helps.
  absl::Status MayBeSecond(std::string_view name) const;
  const std::map<std::string, User, std::less<>>& all() const { return users_; }

 private:
  struct Consented {
    uint32_t version = 0;
    base::Time time{};
  };
  absl::Status Refresh();
  absl::Status Save(std::map<std::string, User, std::less<>> users);
  static void Merge(User& user, const Consented& heard);

  base::Files& files_;
  const std::string path_;
  std::map<std::string, User, std::less<>> users_;
  std::map<std::string, Consented, std::less<>> heard_;
};

}  // namespace gannet::gateway
