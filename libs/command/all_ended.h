// Execution answers a cancel-all twice: at once with how many orders it cancels, and again when
// the last of them has ended. What those who face people have heard of the orders may be older
// than the command, so only the second answer says that it is done.
#pragma once

#include <string_view>

namespace gannet::command {

// How the detail of the second answer begins.
inline constexpr std::string_view kAllEnded = "all ended: ";

inline bool SaysAllEnded(std::string_view detail) { return detail.starts_with(kAllEnded); }

}  // namespace gannet::command
