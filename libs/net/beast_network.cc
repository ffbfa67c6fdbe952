#include "libs/net/beast_network.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include "libs/net/beast_http_client.h"
#include "libs/net/beast_server.h"
#include "libs/net/beast_websocket.h"

namespace gannet::net {

struct BeastNetwork::State {
  State(boost::asio::io_context& io_context, const BeastOptions& options)
      : io(io_context), http(io, tls, options, stats) {}

  boost::asio::io_context& io;
  const std::shared_ptr<NetworkStats> stats = std::make_shared<NetworkStats>();
  const std::shared_ptr<boost::asio::ssl::context> tls =
      std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  internal::HttpClient http;
};

BeastNetwork::BeastNetwork(std::unique_ptr<State> state) : state_(std::move(state)) {}
BeastNetwork::~BeastNetwork() = default;

absl::StatusOr<std::unique_ptr<BeastNetwork>> BeastNetwork::Create(boost::asio::io_context& io,
                                                                   BeastOptions options) {
  using Context = boost::asio::ssl::context;
  auto state = std::make_unique<State>(io, options);
  state->tls->set_options(Context::default_workarounds | Context::no_tlsv1 | Context::no_tlsv1_1);
  boost::system::error_code error;
  state->tls->set_default_verify_paths(error);
  if (error)
    return absl::InternalError("the system's CA certificates: " + error.message() +
                               "; install ca-certificates");
  if (!options.extra_ca_file.empty()) {
    state->tls->load_verify_file(options.extra_ca_file, error);
    if (error)
      return absl::InvalidArgumentError(options.extra_ca_file + ": " + error.message() +
                                        "; name a PEM file of CA certificates");
  }
  return std::unique_ptr<BeastNetwork>(new BeastNetwork(std::move(state)));
}

void BeastNetwork::Http(const Url& base, HttpRequest request, HttpLimits limits,
                        std::function<void(HttpResult)> done) {
  state_->http.Send(base, request, limits, std::move(done));
}

std::unique_ptr<WebSocket> BeastNetwork::Connect(const Url& url, WebSocketOptions options,
                                                 WebSocket::Handler handler) {
  return internal::ConnectWebSocket(state_->io, state_->tls, url, options, std::move(handler),
                                    state_->stats);
}

absl::StatusOr<std::unique_ptr<Listener>> BeastNetwork::Listen(ListenOptions options,
                                                               ServerHandler& handler) {
  return internal::StartServer(state_->io, options, handler, state_->stats);
}

const NetworkStats& BeastNetwork::stats() const { return *state_->stats; }

}  // namespace gannet::net
