// Settings of gateway.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "services/gateway/users.h"

namespace gannet::config {
class Section;
}

namespace gannet::gateway {

// Where sessions and rates are kept, so that they outlive a restart.
//
//   redis:
//     address: "redis.example:6379"
//     password_file: /run/secrets/redis              # mode 0600; required beyond this machine
//     root_certificate: /etc/gannet/redis-ca.pem     # the same
//     # user, client_certificate, client_key, prefix, timeout
struct RedisConfig {
  std::string host;  // empty: in memory
  uint16_t port = 6379;
  std::string user, password_file;
  std::string root_certificate, client_certificate, client_key;
  std::string prefix = "gannet:";  // of every key: one a platform
  base::Duration timeout = std::chrono::milliseconds(500);
};

struct GatewayConfig {
  std::string address = "127.0.0.1";       // beyond loopback only with TLS
  uint16_t port = 0;                       // 0: any free one
  std::string certificate_file, key_file;  // PEM; both: TLS
  std::vector<std::string> host_names;     // under which it answers, beside loopback
  base::Duration session_idle = std::chrono::hours(8);
  base::Duration session_length = std::chrono::hours(24);
  PasswordCost password_cost;  // not configurable: tests make it cheap
  std::string model_registry;  // folder whose versions the page shows; empty: none
  std::string backtests;       // folder whose runs the page lists; empty: DATA/backtests
  RedisConfig redis;
  // People and the token of scripts, in files that this gateway does not write and takes up anew
  // when they are replaced; empty: in the data folder, of this gateway alone. Consent is then
  // what the bus says.
  std::string users_file, token_file;
  bool tls() const { return !certificate_file.empty() && !key_file.empty(); }
};

// Reads the section of this service.
void Read(config::Section& in, GatewayConfig& out);

// What several gateways must keep in common. `joined`: there is a bus to other processes;
// `several`: this is one of several. INVALID_ARGUMENT: what is missing.
absl::Status CheckCommon(const GatewayConfig& config, bool joined, bool several);

// Where people are kept, and what is there. NOT_FOUND: nothing yet; the rest as Users::Load.
std::string PeopleFile(const GatewayConfig& config, const std::string& data_dir);
absl::Status LoadPeople(const GatewayConfig& config, Users& users);

}  // namespace gannet::gateway
