// How fast anybody may ask: token buckets by name, `burst` at once, then `per_second`.
// Counted in memory, or for several gateways together in a Redis (redis_sessions.h). One
// conformance suite runs on both.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/time.h"

namespace gannet::gateway {

struct Rate {
  double burst = 1, per_second = 1;
};

class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  // `done` runs once, on the same thread, perhaps before the call returns; not after the end
  // of this. Never fails: there is always a limit.
  virtual void Allow(const std::string& name, std::function<void(bool)> done) = 0;
};

class MemoryRateLimiter : public RateLimiter {
 public:
  static constexpr size_t kMaxNames = 10'000;
  MemoryRateLimiter(Rate rate, const base::Clock& clock) : rate_(rate), clock_(clock) {}
  void Allow(const std::string& name, std::function<void(bool)> done) override {
    done(AllowNow(name));
  }
  bool AllowNow(const std::string& name);

 private:
  struct Bucket {
    double tokens = 0;
    base::Duration at{0};  // monotonic
  };
  const Rate rate_;
  const base::Clock& clock_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace gannet::gateway
