// Where the first password is told: on a terminal if there is one, otherwise in a file
// that only its owner reads, since what a program prints without one is kept as a log.
#pragma once

#include <string>

#include "libs/base/files.h"

namespace gannet::gateway {

inline constexpr char kFirstPasswordFile[] = "first-password";  // in the data folder, 0600

// The line for people. Never fails: a file that cannot be written is said, with the way out.
std::string TellFirstPassword(base::Files& files, const std::string& data_dir, bool terminal,
                              const std::string& user, const std::string& password);

}  // namespace gannet::gateway
