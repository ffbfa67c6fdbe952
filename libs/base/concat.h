// Joins pieces of text, for messages: Concat({"field ", name, ": is missing"}).
// (absl::StrCat of this platform does not take std::string_view.)
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace gannet::base {

inline std::string Concat(std::initializer_list<std::string_view> parts) {
  size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string out;
  out.reserve(size);
  for (const std::string_view part : parts) out.append(part);
  return out;
}

}  // namespace gannet::base
