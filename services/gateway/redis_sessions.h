// Sessions and rates in a Redis: kept over restarts of the gateway, and counted together
// where several gateways share it. There a session is the hash of its token, its user and
// its end; whoever may write to that Redis may sign in as anybody.
//
// What a Redis that is away means: nobody is let in and nobody signed out, since it cannot be
// known who is signed in; rates are those of this process alone. The server's clock decides
// how old anything is.
//
//   PREFIX sessions            sorted set: session → when it was used last, microseconds
//   PREFIX session:HASH        user, generation, ends (milliseconds); expires unused or at its end
//   PREFIX rate:KIND:HASH      tokens, at (seconds) of a bucket; expires when full again
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/net/redis.h"
#include "services/gateway/rates.h"
#include "services/gateway/sessions.h"

namespace gannet::gateway {

class RedisSessions : public Sessions {
 public:
  // `redis` outlives it.
  RedisSessions(net::Redis& redis, SessionLimits limits, std::string prefix)
      : redis_(redis), limits_(limits), prefix_(std::move(prefix)) {}

  void Open(const SessionOwner& owner,
            std::function<void(absl::StatusOr<std::string>)> done) override;
  void Find(std::string_view token, Found done) override;
  void Look(std::string_view token, Found done) override;
  void Close(std::string_view token, Done done) override;
  void CloseAllOf(const std::string& user, Done done) override;
  size_t size() const override { return size_; }
  absl::Status health() const override;

 private:
  void Ask(std::string_view token, bool used, Found done);
  // Runs a script; `done` with what it says first. What it says second is how many there are.
  void Run(const std::string& script, std::vector<std::string> arguments,
           std::function<void(absl::StatusOr<std::string>)> done);

  net::Redis& redis_;
  const SessionLimits limits_;
  const std::string prefix_;
  size_t size_ = 0;
  absl::Status refused_ = absl::OkStatus();  // what the server said of the last call
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The limit of this process decides first, so that a flood ends here; what passes it is counted
// together with the other gateways.
class RedisRateLimiter : public RateLimiter {
 public:
  // `redis` outlives it. `kind` tells its names from those of other limiters.
  RedisRateLimiter(net::Redis& redis, const std::string& prefix, const std::string& kind, Rate rate,
                   const base::Clock& clock);
  void Allow(const std::string& name, std::function<void(bool)> done) override;

 private:
  net::Redis& redis_;
  const std::string prefix_;
  const Rate rate_;
  MemoryRateLimiter here_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::gateway
