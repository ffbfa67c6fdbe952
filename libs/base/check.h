// Assertions that stay on in every build: a failed check is a bug in this
// program, never something that the outside world can cause (see
// docs/ARCHITECTURE.md, "Errors"). The process ends; restart is cheap.
#pragma once

namespace gannet::base {

[[noreturn]] void CheckFailed(const char* condition, const char* message, const char* file,
                              int line);

}  // namespace gannet::base

#define GANNET_CHECK(condition, message)                                    \
  do {                                                                      \
    if (!(condition)) [[unlikely]] {                                        \
      ::gannet::base::CheckFailed(#condition, message, __FILE__, __LINE__); \
    }                                                                       \
  } while (false)
