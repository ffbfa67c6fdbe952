// The Redis that the configuration names. Apart from the rest of the gateway, which knows the
// interface only: this one needs sockets.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/net/redis.h"
#include "services/gateway/config.h"

namespace boost::asio {
class io_context;
}

namespace gannet::gateway {

// The password and the certificates, where a Redis is configured.
absl::Status CheckFiles(base::Files& files, const RedisConfig& config);

// Null: none is configured. It connects by itself, and may be away: that is no error. An error is a
// password that cannot be read, or guards nothing. `files` and `clock` outlive it.
absl::StatusOr<std::unique_ptr<net::Redis>> OpenRedis(const RedisConfig& config,
                                                      boost::asio::io_context& io,
                                                      base::Files& files, const base::Clock& clock);

}  // namespace gannet::gateway
