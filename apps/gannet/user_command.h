// `gannet user`: who may sign in to the page.
#pragma once

#include <iosfwd>
#include <string>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"

namespace gannet::app {

struct UserOptions {
  std::string data_dir;
  std::string file;  // in place of that in the data folder: what several gateways share
  std::string name;
  std::string role = "viewer";
};

// Prints the new user's password, once. The page takes it at the next sign-in.
absl::Status AddUser(const UserOptions& options, base::Files& files, const base::Clock& clock,
                     std::ostream& out);
// A new password for somebody who lost the old one.
absl::Status ResetPassword(const UserOptions& options, base::Files& files, std::ostream& out);
// That a user whom one admin added on the page is a person of their own.
absl::Status ConfirmUser(const UserOptions& options, base::Files& files, std::ostream& out);
// Within seconds nobody is signed in under that name any more.
absl::Status DisableUser(const UserOptions& options, base::Files& files, std::ostream& out);
absl::Status EnableUser(const UserOptions& options, base::Files& files, std::ostream& out);
absl::Status ListUsers(const UserOptions& options, base::Files& files, std::ostream& out);

}  // namespace gannet::app
