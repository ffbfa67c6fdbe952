// A look into a request as it passes, for those who judge or disturb it.
#pragma once

#include <string>
#include <string_view>

#include "libs/net/network.h"

namespace gannet::venue_sim {

// The value of a parameter in the query or the form of a request, as it was written;
// empty when there is none.
inline std::string ParameterOf(const net::HttpRequest& request, std::string_view name) {
  const auto find = [name](std::string_view text) -> std::string {
    while (!text.empty()) {
      const size_t end = text.find('&');
      const std::string_view one = text.substr(0, end);
      if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
        return std::string(one.substr(name.size() + 1));
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    return {};
  };
  const size_t query = request.target.find('?');
  if (query != std::string::npos) {
    if (std::string value = find(std::string_view(request.target).substr(query + 1));
        !value.empty())
      return value;
  }
  return find(request.body);
}

}  // namespace gannet::venue_sim
