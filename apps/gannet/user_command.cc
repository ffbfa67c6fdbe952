#include "apps/gannet/user_command.h"

#include <iomanip>
#include <ostream>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "services/gateway/users.h"

namespace gannet::app {
namespace {

using gateway::Users;

std::string PathOf(const UserOptions& options) {
  return options.file.empty() ? Users::PathIn(options.data_dir) : options.file;
}

absl::Status Load(Users& users, const UserOptions& options) {
  const absl::Status loaded = users.Load();
  if (!absl::IsNotFound(loaded)) return loaded;
  if (!options.file.empty())
    return absl::NotFoundError(
        base::Concat({"there is no ", options.file, "; `gannet user add NAME --role admin --file ",
                      options.file, "` makes it"}));
  return absl::NotFoundError(base::Concat({"there are no users in ", options.data_dir,
                                           " yet; the first start of `gannet run` makes one"}));
}

}  // namespace

absl::Status AddUser(const UserOptions& options, base::Files& files, const base::Clock& clock,
                     std::ostream& out) {
  const auto role = gateway::ParseRole(options.role);
  if (!role) {
    return absl::InvalidArgumentError(base::Concat(
        {"there is no role '", options.role, "'; choose viewer, trader, risk or admin"}));
  }
  Users users(files, PathOf(options));
  const absl::Status loaded = Load(users, options);
  const bool makes_file = absl::IsNotFound(loaded) && !options.file.empty();
  if (!makes_file) GANNET_RETURN_IF_ERROR(loaded);
  const std::string password = gateway::MakePassword();
  GANNET_ASSIGN_OR_RETURN(std::string hash, gateway::HashPassword(password, {}));
  GANNET_RETURN_IF_ERROR(users.Add(options.name, *role, std::move(hash), clock.Now()));
  out << "user " << options.name << " (" << options.role << "), password " << password
      << " (shown this once)\n";
  return absl::OkStatus();
}

absl::Status ResetPassword(const UserOptions& options, base::Files& files, std::ostream& out) {
  Users users(files, PathOf(options));
  GANNET_RETURN_IF_ERROR(Load(users, options));
  const std::string password = gateway::MakePassword();
  GANNET_ASSIGN_OR_RETURN(std::string hash, gateway::HashPassword(password, {}));
  GANNET_RETURN_IF_ERROR(users.SetPassword(options.name, std::move(hash), /*own=*/false));
  out << "user " << options.name << ", new password " << password << " (shown this once)\n";
  return absl::OkStatus();
}

absl::Status ConfirmUser(const UserOptions& options, base::Files& files, std::ostream& out) {
  Users users(files, PathOf(options));
  GANNET_RETURN_IF_ERROR(Load(users, options));
  GANNET_RETURN_IF_ERROR(users.Confirm(options.name));
  out << options.name << " counts as a person of their own\n";
  return absl::OkStatus();
}

absl::Status DisableUser(const UserOptions& options, base::Files& files, std::ostream& out) {
  Users users(files, PathOf(options));
  GANNET_RETURN_IF_ERROR(Load(users, options));
  GANNET_RETURN_IF_ERROR(users.SetDisabled(options.name, true));
  out << options.name << " may not sign in any more\n";
  return absl::OkStatus();
}

absl::Status EnableUser(const UserOptions& options, base::Files& files, std::ostream& out) {
  Users users(files, PathOf(options));
  GANNET_RETURN_IF_ERROR(Load(users, options));
  GANNET_RETURN_IF_ERROR(users.SetDisabled(options.name, false));
  out << options.name << " may sign in again\n";
  return absl::OkStatus();
}

absl::Status ListUsers(const UserOptions& options, base::Files& files, std::ostream& out) {
  Users users(files, PathOf(options));
  GANNET_RETURN_IF_ERROR(Load(users, options));
  out << std::left << std::setw(24) << "NAME" << std::setw(8) << "ROLE" << std::setw(13) << "STATE"
      << "MADE\n";
  for (const auto& [name, user] : users.all()) {
    out << std::setw(24) << name << std::setw(8) << gateway::Name(user.role) << std::setw(13)
        << (user.disabled           ? "shut out"
            : user.added_by.empty() ? "active"
                                    : "unconfirmed")
        << base::FormatTime(user.created) << "\n";
  }
  return absl::OkStatus();
}

}  // namespace gannet::app
