// One byte stream for client and server, plain or TLS, so that Beast's templates
// are instantiated once. Private to the Beast implementation.
#pragma once

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "libs/net/network.h"

namespace gannet::net::internal {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using boost::system::error_code;

// A socket that counts what the kernel took, below TLS.
class Wire {
 public:
  using executor_type = tcp::socket::executor_type;
  using lowest_layer_type = tcp::socket::lowest_layer_type;

  explicit Wire(tcp::socket socket) : socket_(std::move(socket)) {}
  executor_type get_executor() { return socket_.get_executor(); }
  lowest_layer_type& lowest_layer() { return socket_.lowest_layer(); }
  tcp::socket& socket() { return socket_; }
  uint64_t written() const { return written_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, size_t)>(
        [this](auto handler, const Buffers& from) {
          auto executor = asio::get_associated_executor(handler, socket_.get_executor());
          socket_.async_write_some(
              from,
              asio::bind_executor(std::move(executor), [this, handler = std::move(handler)](
                                                           error_code error, size_t count) mutable {
                written_ += count;
                std::move(handler)(error, count);
              }));
        },
        token, buffers);
  }

 private:
  tcp::socket socket_;
  uint64_t written_ = 0;
};

class Stream {
 public:
  using executor_type = Wire::executor_type;

  explicit Stream(tcp::socket socket) : impl_(std::make_unique<Impl>(std::move(socket))) {}
  Stream(Stream&&) = default;
  Stream& operator=(Stream&&) = default;

  // Before the first byte.
  asio::ssl::stream<Wire&>& UseTls(asio::ssl::context& context) {
    impl_->tls.emplace(impl_->wire, context);
    return *impl_->tls;
  }
  tcp::socket& socket() { return impl_->wire.socket(); }
  uint64_t written() const { return impl_->wire.written(); }
  // Ends what is under way; its handlers run with an error. Without a TLS
  // close_notify: HTTP and WebSocket say themselves where a message ends.
  void Close() {
    error_code ignored;
    impl_->wire.socket().shutdown(tcp::socket::shutdown_both, ignored);
    impl_->wire.socket().close(ignored);
  }

  executor_type get_executor() { return impl_->wire.get_executor(); }
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (impl_->tls) return impl_->tls->async_read_some(buffers, std::forward<Token>(token));
    return impl_->wire.async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (impl_->tls) return impl_->tls->async_write_some(buffers, std::forward<Token>(token));
    return impl_->wire.async_write_some(buffers, std::forward<Token>(token));
  }

  // What Beast calls when its own timers end a WebSocket, and after the closing
  // handshake.
  friend void beast_close_socket(Stream& stream) { stream.Close(); }
  template <class Handler>
  friend void async_teardown(beast::role_type, Stream& stream, Handler&& handler) {
    stream.Close();
    asio::post(stream.get_executor(),
               beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
  }

 private:
  struct Impl {
    explicit Impl(tcp::socket socket) : wire(std::move(socket)) {}
    Wire wire;
    std::optional<asio::ssl::stream<Wire&>> tls;
  };
  std::unique_ptr<Impl> impl_;  // operations under way refer to it
};

// "context: what happened"; the code says what kind (network.h, Network::Http).
absl::Status StatusOf(const error_code& error, const std::string& context);

// Resolves, connects and, for a TLS scheme, shakes hands. No bytes of a request
// leave. The owner caps the time by calling Cancel.
class Dial : public std::enable_shared_from_this<Dial> {
 public:
  using Done = std::function<void(absl::Status, std::optional<Stream>)>;
  static std::shared_ptr<Dial> Start(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls,
                                     const Url& url, Done done);
  // No callback runs after this.
  void Cancel();

 private:
  Dial(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls, const Url& url, Done done);
  void Resolve();
  void ConnectTo(const tcp::resolver::results_type& endpoints);
  void ShakeHands();
  void Finish(const error_code& error, const char* step);

  const std::shared_ptr<asio::ssl::context> tls_;
  const Url url_;
  Done done_;
  tcp::resolver resolver_;
  Stream stream_;
};

}  // namespace gannet::net::internal
