// Settings of gateway.
#pragma once

#include <cstdint>
#include <string>

namespace gannet::config {
class Section;
}

namespace gannet::gateway {

struct GatewayConfig {
  std::string address = "127.0.0.1";  // loopback only: there is no sign-in yet
  uint16_t port = 0;                  // 0: any free one
};

// Reads the section of this service.
void Read(config::Section& in, GatewayConfig& out);

}  // namespace gannet::gateway
