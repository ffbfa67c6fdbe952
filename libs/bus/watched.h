// What a bus says of itself beside what it carries, where it has something to say.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"

namespace gannet::bus {

class Watched {
 public:
  virtual ~Watched() = default;
  // Not OK: what was published is not kept yet and overdue, or never can be, or a
  // subscription is not healthy; says what helps.
  virtual absl::Status health() const = 0;
  // What it counts of losses, delays and refusals, by name.
  virtual std::map<std::string, uint64_t> counters() const = 0;
};

}  // namespace gannet::bus
