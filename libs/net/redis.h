// Talking to a Redis: one command, one answer, never waited for. The real one is
// redis_client.h.
//
// On one thread, the executor's. What holds for `Call`: `done` runs once, later, on that
// thread; destroying the Redis drops what is under way, without callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gannet::net {

struct RedisReply {
  enum class Type : uint8_t { kNothing = 1, kText, kNumber, kList, kError };
  Type type = Type::kNothing;
  std::string text;  // of kText and kError
  int64_t number = 0;
  std::vector<RedisReply> items;
};

struct RedisStats {
  uint64_t answered = 0, failed = 0;  // calls
  uint64_t connections = 0;           // that were made
  uint64_t lost = 0;                  // connections, and attempts at one that failed
};

class Redis {
 public:
  using Done = std::function<void(absl::StatusOr<RedisReply>)>;
  virtual ~Redis() = default;
  // UNAVAILABLE: there is no connection, or it was lost; whether the command was carried
  // out is then not known. DEADLINE_EXCEEDED: the same, after the time limit.
  // RESOURCE_EXHAUSTED: too many wait; nothing was sent. FAILED_PRECONDITION: the server
  // refused the command, with its words.
  virtual void Call(std::vector<std::string> command, Done done) = 0;
  // Whether it answers; otherwise why not, and what helps.
  virtual absl::Status health() const = 0;
  virtual const RedisStats& stats() const = 0;
};

}  // namespace gannet::net
