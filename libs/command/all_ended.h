// Execution answers a cancel-all twice: at once with how many orders it cancels, and again when
// the last of them has ended. What those who face people have heard of the orders may be older
// than the command, so only the second answer says that it is done.
#pragma once

#include <string>
#include <string_view>

namespace gannet::command {

// How the detail of the second answer begins.
inline constexpr std::string_view kAllEnded = "all ended: ";

// What execution says of a kill switch that closes positions, at its end, has this in it.
inline constexpr std::string_view kSentToClose = " orders sent to close positions";

inline bool SaysClosed(std::string_view detail) {
  return detail.find(kSentToClose) != std::string_view::npos;
}
// From the number of those orders on: what became of positions, parted by "; ".
inline std::string ClosedIn(std::string_view detail) {
  const size_t before = detail.rfind("; ", detail.find(kSentToClose));
  return std::string(before == std::string_view::npos ? detail : detail.substr(before + 2));
}
inline bool SaysAllEnded(std::string_view detail) { return detail.starts_with(kAllEnded); }

}  // namespace gannet::command
