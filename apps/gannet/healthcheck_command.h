// gannet healthcheck: what the standard health service (grpc.health.v1) of a running
// process says, as an exit code. For probes of containers, where there is no shell and
// nothing else that could ask; it shows no secret and needs none.
#pragma once

#include <string>

#include "apps/gannet/control_command.h"
#include "libs/base/time.h"

namespace gannet::app {

inline constexpr int kHealthServing = 0;
inline constexpr int kHealthNotServing = 1;   // it answers, and says that it does not serve
inline constexpr int kHealthUnreachable = 4;  // nothing answers there in time

struct HealthcheckOptions {
  std::string data_dir;  // of the running process: its socket
  std::string address;   // HOST:PORT instead of the socket
  std::string ca_file;   // with an address over TLS: whom the server's certificate is from
  std::string certificate_file, key_file;  // where clients have to show one
  std::string server_name;                 // in its certificate, when it is not the host's
  std::string service;                     // "gannet.risk.v1.RiskService"; empty: the process
  bool alive = false;                      // any answer will do: a process that drains lives
  base::Duration timeout = std::chrono::seconds(2);
};

// Blocks for at most `timeout`. Says what it found in one line; the exit code.
int CheckHealth(const HealthcheckOptions& options, Console console);

}  // namespace gannet::app
