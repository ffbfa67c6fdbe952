#include "services/gateway/users.h"

#include <sodium.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"

namespace gannet::gateway {
namespace {

constexpr std::pair<Role, const char*> kRoles[] = {{Role::kViewer, "viewer"},
                                                   {Role::kTrader, "trader"},
                                                   {Role::kRisk, "risk"},
                                                   {Role::kAdmin, "admin"}};
constexpr int kFormat = 1;

bool IsName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  for (const char c : name) {
    const bool ok =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!ok) return false;
  }
  return true;
}

absl::Status NoSuchUser(std::string_view name) {
  return absl::NotFoundError(
      absl::StrCat("there is no user '", std::string(name), "'; `gannet user list` shows all"));
}

}  // namespace

const std::string_view kRiskDisclaimer =
    "Trading can lose all the money put into it. Gannet executes what you and the configured "
    "strategies tell it to; nothing it shows is financial advice, a forecast that must come true, "
    "or a promise of profit. Past and simulated results say little about future ones. Software, "
    "venues and networks fail; an order may be filled late, partly, at a worse price, or its fate "
    "may not be known for a while. You are responsible for the orders you place, for the limits "
    "you set, and for the laws that apply to you.";

const char* Name(Role role) {
  for (const auto& [known, name] : kRoles) {
    if (known == role) return name;
  }
  return "?";
}

std::optional<Role> ParseRole(std::string_view text) {
  for (const auto& [role, name] : kRoles) {
    if (text == name) return role;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> HashPassword(std::string_view password, const PasswordCost& cost) {
  GANNET_CHECK(sodium_init() >= 0, "libsodium does not start");
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), cost.operations,
                            cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return absl::ResourceExhaustedError(
        "hashing a password needs 64 MiB of memory; close something and try again");
  }
  hash.resize(hash.find('\0'));
  return hash;
}

bool VerifyPassword(const std::string& hash, std::string_view password) {
  GANNET_CHECK(sodium_init() >= 0, "libsodium does not start");
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

std::string MakePassword() {
  GANNET_CHECK(sodium_init() >= 0, "libsodium does not start");
  static constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string out;
  for (int i = 0; i < 24; ++i) {
    if (i % 5 == 4) {
      out += '-';
    } else {
      out += kLetters[randombytes_uniform(static_cast<uint32_t>(kLetters.size()))];
    }
  }
  return out;
}

absl::Status Users::Load() {
  if (!files_.Exists(path_)) return absl::NotFoundError(path_ + " does not exist");
  GANNET_ASSIGN_OR_RETURN(const int mode, files_.Mode(path_));
  if ((mode & 077) != 0)
    return absl::PermissionDeniedError(path_ + " may be read by others; run chmod 600 on it");
  GANNET_ASSIGN_OR_RETURN(const std::string text, files_.Read(path_));
  const absl::Status broken = absl::DataLossError(
      path_ + " is not a list of users; restore it, or remove it to begin with a new admin");
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return broken;
  std::map<std::string, User, std::less<>> users;
  try {
    if (json.at("format").get<int>() != kFormat) return broken;
    for (const auto& row : json.at("users")) {
      User user;
      user.name = row.at("name").get<std::string>();
      const auto role = ParseRole(row.at("role").get<std::string>());
      if (!role || !IsName(user.name) || users.size() >= kMaxUsers) return broken;
      user.role = *role;
      user.hash = row.at("password").get<std::string>();
      user.disabled = row.at("disabled").get<bool>();
      // Earlier builds wrote none of these; whom they had counts.
      user.generation = row.value("generation", uint32_t{0});
      user.added_by = row.value("added_by", std::string());
      user.own_password = row.value("own_password", false);
      user.created = base::FromUnixNanos(row.at("created_ns").get<int64_t>());
      user.consent_version = row.at("consent_version").get<uint32_t>();
      user.consent_time = base::FromUnixNanos(row.at("consent_ns").get<int64_t>());
      if (const auto heard = heard_.find(user.name); heard != heard_.end())
        Merge(user, heard->second);
      users.insert_or_assign(user.name, std::move(user));
    }
  } catch (const nlohmann::json::exception&) {
    return broken;
  }
  users_ = std::move(users);
  return absl::OkStatus();
}

// What another program has changed since is kept.
absl::Status Users::Refresh() {
  const absl::Status loaded = Load();
  return absl::IsNotFound(loaded) ? absl::OkStatus() : loaded;
}

absl::Status Users::Save(std::map<std::string, User, std::less<>> users) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto& [name, user] : users) {
    rows.push_back({{"name", user.name},
                    {"role", Name(user.role)},
                    {"password", user.hash},
                    {"disabled", user.disabled},
                    {"generation", user.generation},
                    {"created_ns", base::UnixNanos(user.created)},
                    {"consent_version", user.consent_version},
                    {"consent_ns", base::UnixNanos(user.consent_time)},
                    {"added_by", user.added_by},
                    {"own_password", user.own_password}});
  }
  const nlohmann::ordered_json json{{"format", kFormat}, {"users", rows}};
  GANNET_RETURN_IF_ERROR(files_.WriteAtomically(path_, json.dump(1) + "\n", 0600));
  users_ = std::move(users);
  return absl::OkStatus();
}

absl::Status Users::Add(std::string_view name, Role role, std::string hash, base::Time now,
                        std::string_view by) {
  if (!IsName(name)) {
    return absl::InvalidArgumentError(
        "a user's name is 1 to 64 of a-z, 0-9, '.', '_' and '-'; choose another");
  }
  GANNET_RETURN_IF_ERROR(Refresh());
  if (users_.contains(name))
    return absl::AlreadyExistsError(absl::StrCat("user '", std::string(name), "' exists already"));
  if (users_.size() >= kMaxUsers)
    return absl::ResourceExhaustedError("there are 1000 users already; remove some");
  auto users = users_;
  User user;
  user.name = std::string(name);
  user.role = role;
  user.hash = std::move(hash);
  user.created = now;
  if (user.decides()) user.added_by = std::string(by);
  users.emplace(user.name, user);
  return Save(std::move(users));
}

absl::Status Users::Confirm(std::string_view name) {
  GANNET_RETURN_IF_ERROR(Refresh());
  auto users = users_;
  const auto found = users.find(name);
  if (found == users.end()) return NoSuchUser(name);
  User& user = found->second;
  if (user.added_by.empty()) return absl::OkStatus();
  if (!user.own_password) {
    return absl::FailedPreconditionError(
        absl::StrCat(user.name, " still has a password that somebody else has seen: ", user.name,
                     " signs in and changes it (the page's Settings), then confirm"));
  }
  user.added_by.clear();
  return Save(std::move(users));
}

absl::Status Users::SetDisabled(std::string_view name, bool disabled) {
  GANNET_RETURN_IF_ERROR(Refresh());
  auto users = users_;
  const auto found = users.find(name);
  if (found == users.end()) return NoSuchUser(name);
  if (disabled && !found->second.disabled) ++found->second.generation;
  found->second.disabled = disabled;
  return Save(std::move(users));
}

absl::Status Users::SetPassword(std::string_view name, std::string hash, bool own) {
  GANNET_RETURN_IF_ERROR(Refresh());
  auto users = users_;
  const auto found = users.find(name);
  if (found == users.end()) return NoSuchUser(name);
  found->second.hash = std::move(hash);
  found->second.own_password = own;
  ++found->second.generation;
  return Save(std::move(users));
}

absl::Status Users::Consent(std::string_view name, uint32_t version, base::Time now) {
  GANNET_RETURN_IF_ERROR(Refresh());
  auto users = users_;
  const auto found = users.find(name);
  if (found == users.end()) return NoSuchUser(name);
  found->second.consent_version = version;
  found->second.consent_time = now;
  return Save(std::move(users));
}

void Users::HearConsent(std::string_view name, uint32_t version, base::Time time) {
  auto heard = heard_.find(name);
  if (heard == heard_.end()) {
    if (heard_.size() >= kMaxHeard) return;
    heard = heard_.emplace(std::string(name), Consented()).first;
  }
  if (version > heard->second.version) heard->second = {version, time};
  if (const auto user = users_.find(name); user != users_.end()) Merge(user->second, heard->second);
}

void Users::Merge(User& user, const Consented& heard) {
  if (heard.version <= user.consent_version) return;
  user.consent_version = heard.version;
  user.consent_time = heard.time;
}

const User* Users::Find(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : &found->second;
}

absl::Status Users::MayBeSecond(std::string_view name) const {
  const User* user = Find(name);
  if (user == nullptr) return NoSuchUser(name);
  if (user->added_by.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      user->name, " was added by ", user->added_by,
      " alone, who may be the same person, and decides nothing that takes two: another admin "
      "confirms it in the page's Settings, or whoever has the host with `gannet user confirm ",
      user->name, "`"));
}

}  // namespace gannet::gateway
