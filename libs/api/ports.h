// Where each program serves gRPC unless told otherwise: loopback, one port a program,
// below the range from which the system gives out ports. docs/rpc.md shows the table.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gannet::api {

struct ProgramPort {
  std::string_view program;
  uint16_t port;
};

inline constexpr std::array kProgramPorts = std::to_array<ProgramPort>({
    {"gannet run", 7100},
    {"ingest", 7101},
    {"news-signal", 7102},
    {"ml-inference", 7103},
    {"strategy", 7104},
    {"risk", 7105},
    {"execution", 7106},
    {"reporting", 7107},
    {"gateway", 7108},
    {"recorder", 7109},
});

// Empty for a program that is not in the table.
inline std::string DefaultAddress(std::string_view program) {
  for (const ProgramPort& row : kProgramPorts) {
    if (row.program == program) return "127.0.0.1:" + std::to_string(row.port);
  }
  return "";
}

}  // namespace gannet::api
