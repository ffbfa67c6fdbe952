// Who is signed in. Tokens are random; only their hashes are kept: in memory, where a
// restart signs everybody out, or in a Redis (redis_sessions.h). One conformance suite
// runs on both.
//
// One thread. Bounded by kMax…; what finds no room pushes the oldest out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/digest.h"
#include "libs/base/time.h"

namespace gannet::gateway {

struct SessionLimits {
  base::Duration idle = std::chrono::hours(8);
  base::Duration absolute = std::chrono::hours(24);
};

struct SessionOwner {
  std::string user;         // empty: nobody
  uint32_t generation = 0;  // User::generation when it was opened
  bool operator==(const SessionOwner&) const = default;
};

// Who watches the stream, and by which session; empty: the scripts' own, which has none.
struct Watcher {
  std::string user;  // empty: nobody
  std::string session;
};

// What goes into the cookie.
std::string MakeSessionToken();
// Asked for again with each request that changes something. It follows from the token, so that
// nobody has to keep it, and says nothing about it.
std::string CsrfOf(std::string_view token);

class Sessions {
 public:
  static constexpr size_t kMaxSessions = 512, kMaxPerUser = 16;

  // `done` runs once, on the same thread, perhaps before the call returns; not after the
  // end of this. UNAVAILABLE: it cannot be known or done now, and whether it was done is not
  // known either.
  using Done = std::function<void(absl::Status)>;
  using Found = std::function<void(absl::StatusOr<SessionOwner>)>;
  virtual ~Sessions() = default;
  // The token of a new session.
  virtual void Open(const SessionOwner& owner,
                    std::function<void(absl::StatusOr<std::string>)> done) = 0;
  // Whose session it is; nobody's: unknown or expired. Notes that it was used.
  virtual void Find(std::string_view token, Found done) = 0;
  // The same, and notes nothing: watching alone keeps no session alive.
  virtual void Look(std::string_view token, Found done) = 0;
  virtual void Close(std::string_view token, Done done) = 0;
  virtual void CloseAllOf(const std::string& user, Done done) = 0;
  // As far as is known here.
  virtual size_t size() const = 0;
  // Whether it can be known who is signed in; otherwise why not, and what helps.
  virtual absl::Status health() const = 0;
};

class MemorySessions : public Sessions {
 public:
  MemorySessions(SessionLimits limits, const base::Clock& clock) : limits_(limits), clock_(clock) {}

  void Open(const SessionOwner& owner,
            std::function<void(absl::StatusOr<std::string>)> done) override;
  void Find(std::string_view token, Found done) override;
  void Look(std::string_view token, Found done) override;
  void Close(std::string_view token, Done done) override;
  void CloseAllOf(const std::string& user, Done done) override;
  size_t size() const override { return sessions_.size(); }
  absl::Status health() const override { return absl::OkStatus(); }

 private:
  struct Session {
    SessionOwner owner;
    base::Duration created{0}, used{0};  // monotonic
  };
  Session* Living(std::string_view token);
  bool Expired(const Session& session, base::Duration now) const {
    return now - session.used > limits_.idle || now - session.created > limits_.absolute;
  }
  const SessionLimits limits_;
  const base::Clock& clock_;
  std::map<base::Sha256Digest, Session> sessions_;
};

}  // namespace gannet::gateway
