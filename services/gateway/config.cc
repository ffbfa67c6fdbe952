#include "services/gateway/config.h"

#include "libs/config/config.h"

namespace gannet::gateway {

void Read(config::Section& in, GatewayConfig& out) {
  in.Optional("address", out.address);
  in.Optional("port", out.port, config::Between(0, 65'535));
  if (out.address != "127.0.0.1" && out.address != "::1") {
    in.Problem("address", "must be 127.0.0.1 or ::1: the gateway has no sign-in yet");
  }
}

}  // namespace gannet::gateway
