// Memory that is needed soon, brought into the cache by all its lines at once.
#pragma once

#include <cstddef>

namespace gannet::risk {

// The lines of memory from one address to another on their way into the cache,
// all at once. Read and not merely announced: a processor may drop a prefetch
// of a page that it has no translation of, and nearly every row is on such a
// page.
inline void FetchLines(const void* from, const void* to) {
  constexpr ptrdiff_t kLine = 64;
  for (const char* at = static_cast<const char*>(from); at < to; at += kLine)
    static_cast<void>(*static_cast<const volatile char*>(at));
}

}  // namespace gannet::risk
