#include "libs/net/beast_server.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <map>
#include <utility>

#include "libs/base/status.h"
#include "libs/net/beast_stream.h"
#include "libs/net/beast_websocket.h"
#include "libs/net/certificate.h"
#include "libs/net/http_text.h"

namespace gannet::net::internal {
namespace {

namespace http = beast::http;

constexpr size_t kReadBufferBytes = 64u << 10;
constexpr size_t kFirstReadBytes = 4u << 10;
constexpr size_t kMaxLingerBytes =
    1u << 20;  // read and dropped so that a refused client sees the answer
constexpr base::Duration kLingerTimeout = std::chrono::seconds(2);
constexpr base::Duration kHandshakeTimeout = std::chrono::seconds(10);
constexpr base::Duration kAcceptRetry = std::chrono::milliseconds(100);

HttpResponse PlainAnswer(int status, std::string_view text) {
  return {status, {{"Content-Type", "text/plain"}}, std::string(text) + "\n"};
}

// What all connections of one listener share. They hold it; it holds them by the
// function that ends each, until they have ended.
struct Server {
  Server(asio::io_context& io_context, const ListenOptions& listen_options,
         ServerHandler& server_handler, std::shared_ptr<NetworkStats> shared_stats)
      : io(io_context),
        options(listen_options),
        handler(&server_handler),
        stats(std::move(shared_stats)) {}

  // A connection; `waiting`: for its next request, so that it may be ended for another.
  struct Held {
    std::function<void()> end;
    bool waiting = false;
  };
  uint64_t Add(std::function<void()> end) {
    connections.emplace(++created, Held{std::move(end)});
    return created;
  }
  void SetWaiting(uint64_t id, bool waiting) {
    const auto held = connections.find(id);
    if (held != connections.end()) held->second.waiting = waiting;
  }
  // Ends the oldest connection that asks nothing at the moment: whoever only holds
  // connections keeps nobody out. False: all are at work.
  bool EndOldestWaiting() {
    for (const auto& [id, held] : connections) {
      if (!held.waiting) continue;
      ++stats->connections_ended;
      const std::function<void()> end = held.end;  // takes itself off the map
      end();
      return true;
    }
    return false;
  }

  asio::io_context& io;
  const ListenOptions options;
  ServerHandler* handler;  // null once the listener is gone
  const std::shared_ptr<NetworkStats> stats;
  std::shared_ptr<asio::ssl::context> tls;  // of the next connections; null: plain
  std::map<uint64_t, Held> connections;
  uint64_t created = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Server> server, tcp::socket socket, std::string peer)
      : server_(std::move(server)),
        stream_(std::move(socket)),
        peer_(std::move(peer)),
        timer_(server_->io) {}

  void Start() {
    id_ = server_->Add([self = shared_from_this()] { self->End(); });
    server_->SetWaiting(id_, true);
    if (!server_->tls) return ReadNext();
    Arm(std::min(kHandshakeTimeout, server_->options.idle_timeout));
    stream_.UseTls(*server_->tls)
        .async_handshake(asio::ssl::stream_base::server,
                         [self = shared_from_this()](const error_code& error) {
                           if (self->ended_) return;
                           if (!error) return self->ReadNext();
                           ++self->server_->stats->bad_requests;
                           self->End();
                         });
  }

  void Answer(const HttpResponse& response);

 private:
  using Request = http::request<http::string_body>;

  // One per request: answers 500 when a handler drops it.
  struct Responder {
    explicit Responder(std::weak_ptr<Connection> c) : connection(std::move(c)) {}
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;
    ~Responder() {
      if (!used) Respond(PlainAnswer(500, "no answer was made"));
    }
    void Respond(const HttpResponse& response) {
      if (std::exchange(used, true)) return;
      if (const auto self = connection.lock()) self->Answer(response);
    }
    const std::weak_ptr<Connection> connection;
    bool used = false;
  };

  // A request begins: idle until its first byte, then it has to hurry.
  void ReadNext() {
    parser_.emplace();
    parser_->header_limit(kMaxRequestHeaderBytes);
    parser_->body_limit(server_->options.max_body_bytes);
    server_->SetWaiting(id_, true);
    keep_alive_ = false;
    head_ = false;
    if (buffer_.size() != 0) return ReadHeader();
    Arm(server_->options.idle_timeout);
    stream_.async_read_some(buffer_.prepare(kFirstReadBytes),
                            [self = shared_from_this()](const error_code& error, size_t count) {
                              if (self->ended_) return;
                              if (error) return self->End();  // also how a client leaves
                              self->buffer_.commit(count);
                              self->ReadHeader();
                            });
  }

  void ReadHeader() {
    Arm(std::min(kRequestHeaderTimeout, server_->options.idle_timeout));
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](const error_code& error, size_t) {
                              if (self->ended_) return;
                              if (error) return self->Refuse(error);
                              self->OnHeader();
                            });
  }

  void OnHeader() {
    head_ = parser_->get().method() == http::verb::head;
    if (beast::websocket::is_upgrade(parser_->get())) return Upgrade();
    Arm(std::min(kRequestBodyTimeout, server_->options.idle_timeout));
    if (!EqualsIgnoreCase(parser_->get()[http::field::expect], "100-continue") ||
        parser_->is_done())
      return ReadBody();
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(kContinue),
                      [self = shared_from_this()](const error_code& error, size_t) {
                        if (self->ended_) return;
                        if (error) return self->End();
                        self->ReadBody();
                      });
  }

  void ReadBody() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& error, size_t) {
                       if (self->ended_) return;
                       if (error) return self->Refuse(error);
                       self->Dispatch();
                     });
  }

  static HttpRequest ToRequest(Request message) {
    HttpRequest request;
    request.method = message.method_string();
    request.target = message.target();
    for (const auto& field : message)
      request.headers.emplace_back(field.name_string(), field.value());
    request.body = std::move(message.body());
    return request;
  }

  void Dispatch() {
    keep_alive_ = parser_->keep_alive();
    Arm(kAnswerTimeout);
    server_->SetWaiting(id_, false);
    HttpRequest request = ToRequest(parser_->release());
    ++server_->stats->served;
    answering_ = true;
    const auto responder = std::make_shared<Responder>(weak_from_this());
    server_->handler->OnRequest(std::move(request), peer_, [responder](HttpResponse response) {
      responder->Respond(response);
    });
  }

  void Upgrade() {
    if (buffer_.size() != 0) {
      // Frames before the upgrade was accepted: not what a client may send.
      ++server_->stats->bad_requests;
      return AnswerAndClose(PlainAnswer(400, "bytes after the upgrade request"));
    }
    Request message = parser_->release();
    const HttpRequest request = ToRequest(message);
    const std::shared_ptr<ServerWebSocket> session =
        MakeServerWebSocket(server_->io, peer_, server_->stats);
    WebSocket::Handler handler = server_->handler->OnWebSocket(request, peer_, session->socket());
    if (ended_) return;  // the handler ended the listener
    if (!handler.on_message) return AnswerAndClose(PlainAnswer(404, "no WebSocket here"));
    timer_.cancel();
    const std::shared_ptr<Server> server = server_;
    const uint64_t id = server->Add([weak = std::weak_ptr(session)] {
      if (const auto other = weak.lock()) other->Abandon();
    });
    WebSocketOptions options;
    options.idle_timeout = server->options.idle_timeout;
    options.max_message_bytes = server->options.max_body_bytes;
    options.max_send_buffer_bytes = server->options.max_send_buffer_bytes;
    ended_ = true;  // the session owns the stream from here on
    server->connections.erase(id_);
    session->Accept(std::move(stream_), message, options, std::move(handler),
                    [server, id] { server->connections.erase(id); });
  }

  // Bytes that are not a request we take.
  void Refuse(const error_code& error) {
    static const auto& kHttp = error_code(http::error::bad_method).category();
    if (error == http::error::end_of_stream || error == http::error::partial_message ||
        error.category() != kHttp) {
      return End();  // the connection broke: nobody to answer
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      ++server_->stats->too_large;
      return AnswerAndClose(PlainAnswer(431, "the header is larger than 16 KiB"));
    }
    if (error == http::error::body_limit) {
      ++server_->stats->too_large;
      return AnswerAndClose(PlainAnswer(
          413,
          "the body is larger than " + std::to_string(server_->options.max_body_bytes) + " bytes"));
    }
    ++server_->stats->bad_requests;
    AnswerAndClose(PlainAnswer(400, "not an HTTP/1.1 request: " + error.message()));
  }

  void AnswerAndClose(const HttpResponse& response) {
    keep_alive_ = false;
    answering_ = true;
    Answer(response);
  }

  // Lets the client read the answer before a reset for its unread bytes reaches it.
  void Linger() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    Arm(kLingerTimeout);
    DropRest(0);
  }
  void DropRest(size_t dropped) {
    buffer_.clear();
    stream_.socket().async_read_some(
        buffer_.prepare(kFirstReadBytes),
        [self = shared_from_this(), dropped](const error_code& error, size_t count) {
          if (self->ended_) return;
          if (error || dropped + count > kMaxLingerBytes) return self->End();
          self->DropRest(dropped + count);
        });
  }

  void Arm(base::Duration limit) {
    timer_.expires_after(limit);
    timer_.async_wait([weak = weak_from_this()](const error_code& error) {
      const auto self = weak.lock();
      if (!self || error || self->ended_) return;
      ++self->server_->stats->timed_out;
      self->End();
    });
  }

  void End() {
    if (std::exchange(ended_, true)) return;
    const auto self = shared_from_this();
    timer_.cancel();
    stream_.Close();
    server_->connections.erase(id_);
  }

  const std::shared_ptr<Server> server_;
  Stream stream_;
  const std::string peer_;
  asio::steady_timer timer_;
  uint64_t id_ = 0;
  beast::flat_buffer buffer_{kReadBufferBytes};
  std::optional<http::request_parser<http::string_body>> parser_;
  std::string bytes_;
  bool keep_alive_ = false;
  bool head_ = false;
  bool answering_ = false;
  bool ended_ = false;
};

void Connection::Answer(const HttpResponse& response) {
  if (ended_ || !std::exchange(answering_, false)) return;
  if (response.status == 0) return End();
  bytes_ = SerializeResponse(response, head_, keep_alive_);
  Arm(kResponseTimeout);
  asio::async_write(stream_, asio::buffer(bytes_),
                    [self = shared_from_this()](const error_code& error, size_t) {
                      if (self->ended_) return;
                      if (error) return self->End();
                      self->keep_alive_ ? self->ReadNext() : self->Linger();
                    });
}

// --- listener ----------------------------------------------------------------

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  explicit Acceptor(std::shared_ptr<Server> server)
      : server_(std::move(server)), acceptor_(server_->io), timer_(server_->io) {}

  absl::Status Open(const asio::ip::address& address) {
    const tcp::endpoint endpoint(address, server_->options.port);
    const std::string place = address.to_string() + ":" + std::to_string(endpoint.port());
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error == asio::error::address_in_use) {
      return absl::AlreadyExistsError(
          place + " is in use by another program; stop it or choose another port");
    }
    if (error == asio::error::access_denied) {
      return absl::PermissionDeniedError(place + ": " + error.message() +
                                         "; choose a port above 1023");
    }
    if (error)
      return absl::UnavailableError(place + ": " + error.message() +
                                    "; choose an address of this machine");
    return absl::OkStatus();
  }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void Accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const error_code& error, tcp::socket socket) {
          if (self->server_->handler == nullptr) return;
          if (error) return self->RetryLater();
          self->Admit(std::move(socket));
          self->Accept();
        });
  }

  void Close() {
    error_code ignored;
    acceptor_.close(ignored);
    timer_.cancel();
  }

 private:
  void Admit(tcp::socket socket) {
    if (server_->connections.size() >= server_->options.max_connections &&
        !server_->EndOldestWaiting()) {
      ++server_->stats->connections_refused;
      return;  // closes it
    }
    error_code error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (error) return;  // gone already
    socket.set_option(tcp::no_delay(true), error);
    ++server_->stats->accepted;
    std::make_shared<Connection>(server_, std::move(socket),
                                 peer.address().to_string() + ":" + std::to_string(peer.port()))
        ->Start();
  }

  // Out of descriptors or memory: trying at once would spin.
  void RetryLater() {
    ++server_->stats->accept_failed;
    timer_.expires_after(kAcceptRetry);
    timer_.async_wait([weak = weak_from_this()](const error_code& error) {
      if (const auto self = weak.lock(); self && !error) self->Accept();
    });
  }

  const std::shared_ptr<Server> server_;
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
};

absl::StatusOr<std::shared_ptr<asio::ssl::context>> ServerTls(const CertificateText& text) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                       asio::ssl::context::no_tlsv1_1);
  error_code error;
  context->use_certificate_chain(asio::buffer(text.certificate), error);
  if (!error) context->use_private_key(asio::buffer(text.key), asio::ssl::context::pem, error);
  if (error)
    return absl::InvalidArgumentError("the certificate and its key: " + error.message() +
                                      "; name a PEM certificate chain and its PEM key");
  return context;
}

class BeastListener final : public Listener, public CertificateUser {
 public:
  BeastListener(std::shared_ptr<Server> server, std::shared_ptr<Acceptor> acceptor)
      : server_(std::move(server)), acceptor_(std::move(acceptor)), port_(acceptor_->port()) {}
  ~BeastListener() override {
    server_->handler = nullptr;
    acceptor_->Close();
    const auto connections = std::exchange(server_->connections, {});
    for (const auto& [id, held] : connections) held.end();
  }
  uint16_t port() const override { return port_; }
  absl::Status UseCertificate(const CertificateText& text) override {
    GANNET_ASSIGN_OR_RETURN(server_->tls, ServerTls(text));
    return absl::OkStatus();
  }

 private:
  const std::shared_ptr<Server> server_;
  const std::shared_ptr<Acceptor> acceptor_;
  const uint16_t port_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> StartServer(asio::io_context& io,
                                                      const ListenOptions& options,
                                                      ServerHandler& handler,
                                                      std::shared_ptr<NetworkStats> stats) {
  error_code error;
  const asio::ip::address address =
      asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, error);
  if (error)
    return absl::InvalidArgumentError("\"" + options.address +
                                      "\" is not an IP address; write 127.0.0.1 or ::1");
  const bool tls = !options.certificate_file.empty() && !options.key_file.empty();
  if (!tls && !(options.certificate_file.empty() && options.key_file.empty())) {
    return absl::InvalidArgumentError(
        "TLS needs both a certificate file and a key file; set both or neither");
  }
  if (!address.is_loopback() && !tls && !options.public_plaintext) {
    return absl::PermissionDeniedError(options.address +
                                       " can be reached from outside and has no TLS; listen on "
                                       "127.0.0.1, or set certificate and key files");
  }
  auto server = std::make_shared<Server>(io, options, handler, std::move(stats));
  if (tls) {
    GANNET_ASSIGN_OR_RETURN(const CertificateText text,
                            ReadCertificate({options.certificate_file, options.key_file, ""}));
    GANNET_ASSIGN_OR_RETURN(server->tls, ServerTls(text));
  }
  auto acceptor = std::make_shared<Acceptor>(server);
  if (absl::Status status = acceptor->Open(address); !status.ok()) return status;
  acceptor->Accept();
  return std::make_unique<BeastListener>(std::move(server), std::move(acceptor));
}

}  // namespace gannet::net::internal
