// The command line of `gannet certs`.
#pragma once

#include <functional>
#include <iosfwd>

#include "absl/status/status.h"
#include "apps/gannet/certs_command.h"

namespace CLI {
class App;
}

namespace gannet::app {

// `options`, `files`, `clock` and `out` outlive the app; `done` hears what came of it.
void AddCerts(CLI::App& app, CertsOptions& options, base::Files& files, const base::Clock& clock,
              std::ostream& out, std::function<void(const absl::Status&)> done);

}  // namespace gannet::app
