#include "services/gateway/config.h"

#include "libs/base/concat.h"
#include "libs/base/loopback.h"
#include "libs/config/config.h"
#include "libs/net/network.h"

namespace gannet::gateway {
namespace {

constexpr size_t kMaxPrefixBytes = 64;

// A program may be started from anywhere.
void ReadPath(config::Section& in, const char* key, std::string& out) {
  in.Optional(key, out);
  if (!out.empty() && out[0] != '/')
    in.Problem(key, base::Concat({"'", out, "' is not absolute; begin it with a slash"}));
}

void ReadAddress(config::Section& in, RedisConfig& out) {
  std::string address;
  in.Required("address", address);
  if (address.empty()) return;
  const auto url = net::Url::Parse(base::Concat({"http://", address}));
  // What is left out becomes HTTP's own port, which no Redis has.
  const bool has_port = address.rfind(':') != std::string::npos && !address.ends_with(']');
  if (!url.ok() || url->path != "/" || !has_port ||
      address.find_first_of("@#?/") != std::string::npos) {
    return in.Problem("address",
                      "write HOST:PORT, such as redis.example:6379, and the password into a file");
  }
  out.host = url->host;
  out.port = url->port;
}

void ReadRedis(config::Section& in, RedisConfig& out) {
  ReadAddress(in, out);
  in.Optional("user", out.user);
  ReadPath(in, "password_file", out.password_file);
  ReadPath(in, "root_certificate", out.root_certificate);
  ReadPath(in, "client_certificate", out.client_certificate);
  ReadPath(in, "client_key", out.client_key);
  in.Optional("prefix", out.prefix);
  in.Optional("timeout", out.timeout,
              config::Between(std::chrono::milliseconds(50), std::chrono::seconds(5)));
  if (out.prefix.empty() || out.prefix.size() > kMaxPrefixBytes)
    in.Problem("prefix", "1 to 64 characters, such as 'gannet:'");
  if (out.client_certificate.empty() != out.client_key.empty())
    in.Problem("client_certificate", "goes together with client_key; name both or none");
  if (!out.user.empty() && out.password_file.empty())
    in.Problem("user", "goes together with password_file");
  if (out.host.empty() || base::IsLoopbackHost(out.host)) return;
  if (out.root_certificate.empty()) {
    in.Problem("root_certificate",
               base::Concat({out.host,
                             " is another machine, which is reached over TLS only; name the PEM "
                             "file of the authority that signed its certificate"}));
  }
  if (out.password_file.empty()) {
    in.Problem("password_file",
               base::Concat({"whoever may write to the Redis at ", out.host,
                             " may sign in as anybody; give it a password, and name the file"}));
  }
}

}  // namespace

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
  in.OptionalSection("redis", out.redis, ReadRedis);
  ReadPath(in, "users_file", out.users_file);
  ReadPath(in, "token_file", out.token_file);
  if (out.users_file.empty() && !out.token_file.empty())
    in.Problem("token_file", "goes together with users_file");
  if (out.certificate_file.empty() != out.key_file.empty())
    in.Problem("certificate", "certificate and key go together; give both or none");
  if (out.address != "127.0.0.1" && out.address != "::1" && !out.tls())
    in.Problem("address", "beyond 127.0.0.1 and ::1 only with certificate and key (TLS)");
}

absl::Status CheckCommon(const GatewayConfig& config, bool joined, bool several) {
  const auto lacks = [](std::string_view what) {
    return absl::InvalidArgumentError(base::Concat({"several gateways need ", what}));
  };
  if (several && config.redis.host.empty())
    return lacks("one place for sessions and rates; state redis");
  if (several && config.users_file.empty()) {
    return lacks(
        "one list of people; state users_file, which `gannet user add NAME --file FILE` makes");
  }
  if (!config.users_file.empty() && !joined) {
    return absl::InvalidArgumentError(
        "users_file: the gateway does not write it, and keeps consent on the bus; name one with "
        "--bus, or leave users_file out");
  }
  return absl::OkStatus();
}

std::string PeopleFile(const GatewayConfig& config, const std::string& data_dir) {
  return config.users_file.empty() ? Users::PathIn(data_dir) : config.users_file;
}

absl::Status LoadPeople(const GatewayConfig& config, Users& users) {
  const absl::Status loaded = users.Load();
  if (config.users_file.empty() || !absl::IsNotFound(loaded)) return loaded;
  return absl::NotFoundError(base::Concat(
      {config.users_file, " (users_file) does not exist; `gannet user add NAME --role admin ",
       "--file ", config.users_file, "` makes it"}));
}

}  // namespace gannet::gateway
