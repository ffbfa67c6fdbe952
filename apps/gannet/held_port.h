// A port of 127.0.0.1 kept for a program that listens there, ends and comes back.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

namespace gannet::app {

// Bound and not listened on. A server that allows the reuse of its address, as all of ours do,
// listens on it beside this; whoever asks Linux for any port, client or server, is given another,
// also while the server is away; clients are refused then.
class HeldPort {
 public:
  // Chosen by the system. UNAVAILABLE when there is none.
  static absl::StatusOr<HeldPort> Any();
  HeldPort(HeldPort&& other) noexcept;
  HeldPort& operator=(HeldPort&&) = delete;
  ~HeldPort();

  uint16_t number() const { return number_; }

 private:
  HeldPort(int socket, uint16_t number) : socket_(socket), number_(number) {}

  int socket_;
  uint16_t number_;
};

}  // namespace gannet::app
