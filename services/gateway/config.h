// Settings of gateway.
#pragma once

#include <cstdint>
#include <string>

namespace gannet::gateway {

struct GatewayConfig {
  std::string address = "127.0.0.1";  // loopback only: there is no sign-in yet
  uint16_t port = 0;                  // 0: any free one
};

}  // namespace gannet::gateway
