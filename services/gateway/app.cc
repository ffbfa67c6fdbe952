#include "services/gateway/app.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "libs/net/certificate.h"
#include "services/gateway/users.h"

namespace gannet::gateway {

absl::Status CheckFiles(base::Files& files, const GatewayConfig& config,
                        const std::string& data_dir) {
  if (config.tls()) {
    GANNET_RETURN_IF_ERROR(
        net::ReadCertificate({config.certificate_file, config.key_file, ""}).status());
  }
  if (!config.users_file.empty() || !data_dir.empty()) {
    Users users(files, PeopleFile(config, data_dir));
    const absl::Status people = LoadPeople(config, users);
    const bool first_start = config.users_file.empty() && absl::IsNotFound(people);
    if (!first_start) GANNET_RETURN_IF_ERROR(people);
  }
  if (config.token_file.empty()) return absl::OkStatus();
  return config::ReadSecret(files, config.token_file, "token_file").status();
}

std::unique_ptr<GatewayService> BuildGateway(const GatewayConfig& config, runtime::Deps& deps,
                                             GatewayParts parts) {
  return std::make_unique<GatewayService>(config, deps, std::move(parts));
}

}  // namespace gannet::gateway
