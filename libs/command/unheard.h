// A kill or a halt holds for a name that nothing has been heard of too: it may be yet to come. It
// may also be misspelt, and whoever gave it must not take it for done: risk says so in its answer,
// and those who face people tell it.
#pragma once

#include <string_view>

namespace gannet::command {

// In the detail of the answer.
inline constexpr std::string_view kUnheard = "nothing of that name has been heard of";

inline bool SaysUnheard(std::string_view detail) {
  return detail.find(kUnheard) != std::string_view::npos;
}

}  // namespace gannet::command
