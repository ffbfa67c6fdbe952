// What a replay runs on: inputs in the order of their times, handed to a shard.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>

#include "absl/status/status.h"
#include "apps/gannet/virtual_host.h"
#include "libs/base/time.h"

namespace gannet::app {

class ReplayFeed {
 public:
  virtual ~ReplayFeed() = default;
  virtual base::Time first_time() const = 0;
  // Of the next input; nothing at the end.
  virtual std::optional<base::Time> next_time() const = 0;
  // Adds its ports to the host, after the services were built. Before any input.
  virtual void Attach(VirtualHost& host) = 0;
  // Delivers the next input. Only when next_time() says that there is one.
  virtual absl::Status Step() = 0;
  // The end of the input: comparisons that wait for more are made.
  virtual void Finish() = 0;
  virtual uint64_t inputs() const = 0;
  // For people: what the input was, and how far it can be trusted.
  virtual void Report(std::ostream& out) const = 0;
};

}  // namespace gannet::app
