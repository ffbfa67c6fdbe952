// Who is signed in. Tokens are random; only their hashes are kept, in memory: a
// restart signs everybody out. Also the limits on how fast anybody may ask.
//
// Pure; one thread. Bounded by kMax…; what finds no room pushes the oldest out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "libs/base/digest.h"
#include "libs/base/time.h"
#include "services/gateway/users.h"

namespace gannet::gateway {

struct SessionLimits {
  base::Duration idle = std::chrono::hours(8);
  base::Duration absolute = std::chrono::hours(24);
};

class Sessions {
 public:
  static constexpr size_t kMaxSessions = 512, kMaxPerUser = 16;

  struct Session {
    std::string user;
    std::string csrf;  // asked for again with each request that changes something
    base::Duration created{0}, used{0};
  };
  explicit Sessions(SessionLimits limits) : limits_(limits) {}

  // The token that goes into the cookie. Times are of the monotonic clock.
  std::string Open(const std::string& user, base::Duration now);
  // Null: unknown or expired. Notes that it was used.
  const Session* Find(std::string_view token, base::Duration now);
  void Close(std::string_view token);
  void CloseAllOf(std::string_view user);
  size_t size() const { return sessions_.size(); }

 private:
  bool Expired(const Session& session, base::Duration now) const {
    return now - session.used > limits_.idle || now - session.created > limits_.absolute;
  }
  const SessionLimits limits_;
  std::map<base::Sha256Digest, Session> sessions_;
};

// Token buckets by name: `burst` at once, then `per_second`.
class RateLimiter {
 public:
  static constexpr size_t kMaxNames = 10'000;
  RateLimiter(double burst, double per_second) : burst_(burst), per_second_(per_second) {}
  bool Allow(const std::string& name, base::Duration now);

 private:
  struct Bucket {
    double tokens = 0;
    base::Duration at{0};
  };
  const double burst_, per_second_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace gannet::gateway
