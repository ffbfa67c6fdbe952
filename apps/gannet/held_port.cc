#include "apps/gannet/held_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace gannet::app {

absl::StatusOr<HeldPort> HeldPort::Any() {
  HeldPort held(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const address = reinterpret_cast<sockaddr*>(&place);
  socklen_t size = sizeof place;
  const int yes = 1;
  if (held.socket_ < 0 ||
      ::setsockopt(held.socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(held.socket_, address, size) != 0 ||
      ::getsockname(held.socket_, address, &size) != 0) {
    return absl::UnavailableError(absl::StrCat("no port of 127.0.0.1: ", std::strerror(errno),
                                               "; look at open files and ports in use (ss -ltn)"));
  }
  held.number_ = ntohs(place.sin_port);
  return held;
}

HeldPort::HeldPort(HeldPort&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), number_(other.number_) {}

HeldPort::~HeldPort() {
  if (socket_ >= 0) ::close(socket_);
}

}  // namespace gannet::app
