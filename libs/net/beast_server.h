// HTTP and WebSocket server on one listening address. Private to the Beast
// implementation.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/net/beast_network.h"
#include "libs/net/network.h"

namespace gannet::net::internal {

absl::StatusOr<std::unique_ptr<Listener>> StartServer(boost::asio::io_context& io,
                                                      const ListenOptions& options,
                                                      ServerHandler& handler,
                                                      std::shared_ptr<NetworkStats> stats);

}  // namespace gannet::net::internal
