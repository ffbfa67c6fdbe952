// Which hosts are this machine, so that what is said to them needs no TLS.
#pragma once

#include <string_view>

namespace gannet::base {

// "localhost", ::1 (also in brackets) and 127.0.0.0/8 as numbers: "127.example" is a name that
// may lead anywhere. Without a port.
inline bool IsLoopbackHost(std::string_view host) {
  if (host == "localhost" || host == "::1" || host == "[::1]") return true;
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace gannet::base
