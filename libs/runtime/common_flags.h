// Flags that a service's binary and `gannet run` have in common. Heavy (CLI11): for the
// files that parse command lines.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "libs/runtime/admin_server.h"

namespace gannet::runtime {

inline void AddAdminFlag(CLI::App& app, std::string& address) {
  app.add_option("--admin-address", address,
                 "Where health and metrics are served in plain HTTP, read-only, HOST:PORT (port 0: "
                 "any free one); without it, or 'off', nowhere (docs/observability.md)")
      ->type_name("ADDRESS")
      ->check(
          [](const std::string& text) { return std::string(CheckAdminAddress(text).message()); });
}

}  // namespace gannet::runtime
