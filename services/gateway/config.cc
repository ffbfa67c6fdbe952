#include "services/gateway/config.h"

#include "libs/config/config.h"

namespace gannet::gateway {

void Read(config::Section& in, GatewayConfig& out) {
  in.Optional("address", out.address);
  in.Optional("port", out.port, config::Between(0, 65'535));
  in.Optional("certificate", out.certificate_file);
  in.Optional("key", out.key_file);
  in.List("host_names", out.host_names);
  in.Optional("backtests", out.backtests);
  in.Optional("session_idle", out.session_idle,
              config::Between(std::chrono::minutes(1), std::chrono::hours(24)));
  in.Optional("session_length", out.session_length,
              config::Between(std::chrono::minutes(1), std::chrono::hours(24 * 7)));
  if (out.certificate_file.empty() != out.key_file.empty())
    in.Problem("certificate", "certificate and key go together; give both or none");
  if (out.address != "127.0.0.1" && out.address != "::1" && !out.tls())
    in.Problem("address", "beyond 127.0.0.1 and ::1 only with certificate and key (TLS)");
}

}  // namespace gannet::gateway
