#include "services/gateway/first_password.h"

#include "libs/base/concat.h"

namespace gannet::gateway {

std::string TellFirstPassword(base::Files& files, const std::string& data_dir, bool terminal,
                              const std::string& user, const std::string& password) {
  if (terminal) {
    return base::Concat({"sign in as user ", user, ", password ", password,
                         " (shown this once; `gannet user` makes others)"});
  }
  const std::string path = base::Concat({data_dir, "/", kFirstPasswordFile});
  const absl::Status written = files.WriteAtomically(
      path, base::Concat({"user ", user, "\npassword ", password, "\n"}), 0600);
  if (!written.ok()) {
    return base::Concat({"the first password of ", user, " could not be kept in ", path, ": ",
                         std::string(written.message()), "; `gannet user reset ", user,
                         "` makes another"});
  }
  return base::Concat({"the first password, of user ", user, ", is in ", path,
                       " (0600); the file goes when another is set"});
}

}  // namespace gannet::gateway
