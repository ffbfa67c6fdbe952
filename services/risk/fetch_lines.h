// Memory that is needed soon, brought into the cache by all its lines at once.
#pragma once

#include <cstdint>

namespace gannet::risk {

// The lines of memory from one address to another on their way into the cache,
// all at once. Read and not merely announced: a processor may drop a prefetch
// of a page that it has no translation of, and nearly every row is on such a
// page.
inline void FetchLines(const void* from, const void* to) {
  constexpr uintptr_t kLine = 64;
  const auto begin = reinterpret_cast<uintptr_t>(from), end = reinterpret_cast<uintptr_t>(to);
  // The first line where the memory begins, the others at their own beginnings.
  for (auto at = begin; at < end; at = (at & ~(kLine - 1)) + kLine)
    static_cast<void>(*reinterpret_cast<const volatile char*>(at));
}

}  // namespace gannet::risk
