// WebSocket sessions of both roles. Private to the Beast implementation.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <string>

#include "libs/net/beast_network.h"
#include "libs/net/beast_stream.h"
#include "libs/net/network.h"

namespace gannet::net::internal {

inline constexpr base::Duration kCloseTimeout =
    std::chrono::seconds(5);  // for the closing handshake

std::unique_ptr<WebSocket> ConnectWebSocket(asio::io_context& io,
                                            std::shared_ptr<asio::ssl::context> tls, const Url& url,
                                            const WebSocketOptions& options,
                                            WebSocket::Handler handler,
                                            std::shared_ptr<NetworkStats> stats);

// The server's end of an upgrade. `socket()` is handed to the handler before the
// upgrade is accepted; nothing can be sent until on_open.
class ServerWebSocket {
 public:
  virtual ~ServerWebSocket() = default;
  virtual std::shared_ptr<WebSocket> socket() = 0;
  virtual void Accept(Stream stream, const beast::http::request<beast::http::string_body>& request,
                      const WebSocketOptions& options, WebSocket::Handler handler,
                      std::function<void()> on_gone) = 0;
  // Ends it without callbacks.
  virtual void Abandon() = 0;
};
std::shared_ptr<ServerWebSocket> MakeServerWebSocket(asio::io_context& io, std::string peer,
                                                     std::shared_ptr<NetworkStats> stats);

}  // namespace gannet::net::internal
