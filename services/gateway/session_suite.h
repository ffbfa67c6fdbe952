// What every keeper of sessions and every limiter of rates must do, as Catch2 sections. A new
// one passes a harness and runs this from one TEST_CASE.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "services/gateway/rates.h"
#include "services/gateway/sessions.h"

namespace gannet::gateway {

class SessionHarness {
 public:
  virtual ~SessionHarness() = default;
  // They share what is kept where it can be shared; gone before this is.
  virtual std::unique_ptr<Sessions> MakeSessions(SessionLimits limits) = 0;
  virtual std::unique_ptr<RateLimiter> MakeLimiter(const std::string& kind, Rate rate) = 0;
  // Lets it work until `done`; false when it gave up waiting.
  virtual bool RunUntil(const std::function<bool()>& done) = 0;
  // Whatever is kept becomes older by so much, as if the time had passed.
  virtual void Age(base::Duration by) = 0;

  // What they answer.
  absl::StatusOr<std::string> Open(Sessions& sessions, const std::string& user,
                                   uint32_t generation = 0);
  absl::StatusOr<SessionOwner> FindOwner(Sessions& sessions, std::string_view token);
  absl::StatusOr<std::string> Find(Sessions& sessions, std::string_view token);  // the user
  absl::StatusOr<std::string> Look(Sessions& sessions, std::string_view token);  // the user
  absl::Status Close(Sessions& sessions, std::string_view token);
  absl::Status CloseAllOf(Sessions& sessions, const std::string& user);
  bool Allow(RateLimiter& limiter, const std::string& name);
};

void RunSessionConformance(const std::function<std::unique_ptr<SessionHarness>()>& make);

}  // namespace gannet::gateway
