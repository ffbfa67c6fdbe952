#include "libs/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace gannet::base {

void CheckFailed(const char* condition, const char* message, const char* file, int line) {
  std::fprintf(stderr, "bug: %s (%s) at %s:%d; please report it\n", message, condition, file, line);
  std::abort();
}

}  // namespace gannet::base
