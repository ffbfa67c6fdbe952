// Sessions and rates in memory; in a Redis: redis_sessions_test.cc.
#include <catch2/catch_test_macros.hpp>

#include "libs/base/virtual_executor.h"
#include "services/gateway/session_suite.h"

namespace gannet::gateway {
namespace {

class MemoryHarness : public SessionHarness {
 public:
  std::unique_ptr<Sessions> MakeSessions(SessionLimits limits) override {
    return std::make_unique<MemorySessions>(limits, executor_);
  }
  std::unique_ptr<RateLimiter> MakeLimiter(const std::string&, Rate rate) override {
    return std::make_unique<MemoryRateLimiter>(rate, executor_);
  }
  bool RunUntil(const std::function<bool()>& done) override { return done(); }
  void Age(base::Duration by) override { executor_.RunFor(by); }

 private:
  base::VirtualExecutor executor_{base::FromUnixMillis(1'000'000)};
};

TEST_CASE("Sessions and rates in memory") {
  RunSessionConformance([] { return std::make_unique<MemoryHarness>(); });
}

TEST_CASE("A limiter has a number of names: those whose bucket is full go first") {
  base::VirtualExecutor clock{base::FromUnixMillis(1'000'000)};
  MemoryRateLimiter limiter({.burst = 2, .per_second = 1}, clock);
  for (size_t i = 0; i < MemoryRateLimiter::kMaxNames; ++i)
    REQUIRE(limiter.AllowNow(std::to_string(i)));
  CHECK_FALSE(limiter.AllowNow("one more"));
  clock.RunFor(std::chrono::seconds(1));
  CHECK(limiter.AllowNow("one more"));
}

}  // namespace
}  // namespace gannet::gateway
