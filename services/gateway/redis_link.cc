#include "services/gateway/redis_link.h"

#include <cstring>

#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "libs/net/certificate.h"
#include "libs/net/redis_client.h"

namespace gannet::gateway {

namespace {

absl::StatusOr<std::string> ReadPassword(base::Files& files, const std::string& path) {
  return config::ReadSecret(files, path, "redis.password_file");
}

}  // namespace

absl::Status CheckFiles(base::Files& files, const RedisConfig& config) {
  if (!config.password_file.empty())
    GANNET_RETURN_IF_ERROR(ReadPassword(files, config.password_file).status());
  return net::CheckClientFiles(
      {config.client_certificate, config.client_key, config.root_certificate});
}

absl::StatusOr<std::unique_ptr<net::Redis>> OpenRedis(const RedisConfig& config,
                                                      boost::asio::io_context& io,
                                                      base::Files& files,
                                                      const base::Clock& clock) {
  if (config.host.empty()) return nullptr;
  net::RedisOptions options;
  options.host = config.host;
  options.port = config.port;
  options.user = config.user;
  options.root_certificate = config.root_certificate;
  options.client_certificate = config.client_certificate;
  options.client_key = config.client_key;
  options.timeout = config.timeout;
  if (!config.password_file.empty()) {
    options.password = [&files, file = config.password_file] { return ReadPassword(files, file); };
    GANNET_RETURN_IF_ERROR(options.password().status());
  }
  // Pauses between attempts differ from process to process.
  uint64_t seed = 0;
  std::memcpy(&seed, base::RandomBytes(sizeof seed).data(), sizeof seed);
  return std::make_unique<net::RedisClient>(io, clock, base::Rng(seed), std::move(options));
}

}  // namespace gannet::gateway
