// Since when the rows of a store are whole: a journal that was pruned further than they had
// come leaves a gap that nothing fills, and positions folded across it are wrong.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "libs/base/time.h"

namespace gannet::reporting {

// Kept among the high-water marks, as a stream of its own; its sequence is the end of the
// newest gap in nanoseconds since 1970. (SHA-256 of "reporting/whole-from", first 64 bits.)
inline constexpr uint64_t kWholeFrom = 0x166e9169678c016b;

// Nothing: from the beginning.
inline std::optional<base::Time> WholeFrom(const std::map<uint64_t, uint64_t>& high_water) {
  const auto found = high_water.find(kWholeFrom);
  if (found == high_water.end()) return std::nullopt;
  return base::FromUnixNanos(static_cast<int64_t>(found->second));
}

}  // namespace gannet::reporting
