#include "libs/net/beast_websocket.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <utility>

#include "libs/net/http_text.h"

namespace gannet::net::internal {
namespace {

namespace http = beast::http;
namespace websocket = beast::websocket;

websocket::stream_base::timeout TimeoutsOf(const WebSocketOptions& options) {
  websocket::stream_base::timeout timeouts;
  timeouts.handshake_timeout = kCloseTimeout;
  const bool never = options.idle_timeout.count() == 0;
  timeouts.idle_timeout = never ? websocket::stream_base::none() : options.idle_timeout;
  timeouts.keep_alive_pings = !never;
  return timeouts;
}

absl::Status StatusOfRefusal(const std::string& place, unsigned code) {
  const std::string text =
      place + ": the server answered the upgrade with HTTP " + std::to_string(code);
  switch (code) {
    case 401:
    case 403:
      return absl::PermissionDeniedError(text + "; check the credentials in the headers");
    case 404:
      return absl::NotFoundError(text + "; check the path");
    case 418:
    case 429:
      return absl::ResourceExhaustedError(text + "; connect less often");
    default:
      return absl::UnavailableError(text + "; check the address and path");
  }
}

// 1000 normal, 1001 going away, 1005 no code given (RFC 6455 section 7.4.1).
bool IsNormalClose(unsigned code) {
  return code == 1000 || code == 1001 || code == 1005 || code == 0;
}

absl::Status CheckSocketHeaders(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (EqualsIgnoreCase(std::string_view(name).substr(0, 14), "sec-websocket-")) {
      return absl::InvalidArgumentError("header " + name +
                                        " is set by the transport; leave it out");
    }
  }
  return CheckHeaders(headers);
}

class Session final : public ServerWebSocket, public std::enable_shared_from_this<Session> {
 public:
  Session(asio::io_context& io, std::string place, std::shared_ptr<NetworkStats> stats)
      : io_(io), place_(std::move(place)), stats_(std::move(stats)), timer_(io) {}

  // Client.
  void Open(std::shared_ptr<asio::ssl::context> tls, const Url& url,
            const WebSocketOptions& options, WebSocket::Handler handler);
  // Server.
  std::shared_ptr<WebSocket> socket() override;
  void Accept(Stream stream, const http::request<http::string_body>& request,
              const WebSocketOptions& options, WebSocket::Handler handler,
              std::function<void()> on_gone) override;

  bool Send(std::string text);
  void Close();
  void Abandon() override;

 private:
  void ShakeHands(Stream stream, const Url& url);
  void Prepare(Stream stream);
  void OnOpen();
  void Read();
  void OnRead(const error_code& error);
  void Write();
  void OnWritten(const error_code& error);
  void BeginClose();
  absl::Status StatusOfEnd(const error_code& error, const char* step) const;
  // After the cap on the opening or closing handshake.
  void ArmTimer(base::Duration limit, absl::Status status);
  void FinishSoon(absl::Status status);
  void Finish(absl::Status status);
  void Release();

  asio::io_context& io_;
  const std::string place_;
  const std::shared_ptr<NetworkStats> stats_;
  WebSocketOptions options_;
  std::shared_ptr<WebSocket::Handler>
      handler_;  // shared: a callback may end the session that runs it
  std::function<void()> on_gone_;
  asio::steady_timer timer_;
  std::shared_ptr<Dial> dial_;
  std::optional<websocket::stream<Stream>> stream_;
  websocket::response_type answer_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;  // the front is being written
  size_t queued_bytes_ = 0;
  bool open_ = false;
  bool writing_ = false;
  bool closing_ = false;  // we asked for the close
  bool close_sent_ = false;
  bool finished_ = false;
};

// What the user holds; dropping it ends the session.
class Handle final : public WebSocket {
 public:
  explicit Handle(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~Handle() override { session_->Abandon(); }
  bool Send(std::string text) override { return session_->Send(std::move(text)); }
  void Close() override { session_->Close(); }

 private:
  const std::shared_ptr<Session> session_;
};

void Session::Open(std::shared_ptr<asio::ssl::context> tls, const Url& url,
                   const WebSocketOptions& options, WebSocket::Handler handler) {
  options_ = options;
  handler_ = std::make_shared<WebSocket::Handler>(std::move(handler));
  if (url.scheme != "ws" && url.scheme != "wss") {
    return FinishSoon(
        absl::InvalidArgumentError(place_ + ": not a ws or wss URL; change its scheme"));
  }
  if (absl::Status status = CheckSocketHeaders(options.headers); !status.ok())
    return FinishSoon(std::move(status));
  ArmTimer(options_.connect_timeout,
           absl::DeadlineExceededError(place_ + ": not connected within " +
                                       base::FormatDuration(options_.connect_timeout)));
  dial_ = Dial::Start(
      io_, std::move(tls), url,
      [weak = weak_from_this(), url](absl::Status status, std::optional<Stream> stream) {
        const auto self = weak.lock();
        if (!self || self->finished_) return;
        self->dial_.reset();
        if (!status.ok()) return self->Finish(std::move(status));
        self->ShakeHands(*std::move(stream), url);
      });
}

void Session::Prepare(Stream stream) {
  stream_.emplace(std::move(stream));
  stream_->read_message_max(options_.max_message_bytes);
  stream_->text(true);
}

void Session::ShakeHands(Stream stream, const Url& url) {
  Prepare(std::move(stream));
  stream_->set_option(websocket::stream_base::decorator(
      [headers = options_.headers](websocket::request_type& request) {
        request.set(http::field::user_agent, "gannet");
        for (const auto& [name, value] : headers) request.set(name, value);
      }));
  stream_->async_handshake(
      answer_, HostHeader(url), url.path, [self = shared_from_this()](const error_code& error) {
        if (self->finished_) return;
        if (error == websocket::error::upgrade_declined) {
          return self->Finish(StatusOfRefusal(self->place_, self->answer_.result_int()));
        }
        if (error) return self->Finish(StatusOf(error, self->place_ + ": WebSocket handshake"));
        self->OnOpen();
      });
}

std::shared_ptr<WebSocket> Session::socket() {
  return std::make_shared<Handle>(shared_from_this());
}

void Session::Accept(Stream stream, const http::request<http::string_body>& request,
                     const WebSocketOptions& options, WebSocket::Handler handler,
                     std::function<void()> on_gone) {
  options_ = options;
  on_gone_ = std::move(on_gone);
  if (finished_) {  // the handler dropped its socket at once
    stream.Close();
    return Release();
  }
  handler_ = std::make_shared<WebSocket::Handler>(std::move(handler));
  Prepare(std::move(stream));
  ArmTimer(options_.connect_timeout,
           absl::DeadlineExceededError(place_ + ": no WebSocket handshake in time"));
  stream_->async_accept(request, [self = shared_from_this()](const error_code& error) {
    if (self->finished_) return;
    if (error) return self->Finish(StatusOf(error, self->place_ + ": WebSocket handshake"));
    self->OnOpen();
  });
}

void Session::OnOpen() {
  timer_.cancel();
  open_ = true;
  ++stats_->sockets_opened;
  stream_->set_option(TimeoutsOf(options_));
  Read();
  const auto handler = handler_;
  if (closing_) return BeginClose();
  if (handler->on_open) handler->on_open();
}

void Session::Read() {
  stream_->async_read(buffer_, [self = shared_from_this()](const error_code& error, size_t) {
    self->OnRead(error);
  });
}

void Session::OnRead(const error_code& error) {
  if (finished_) return;
  if (error) return Finish(StatusOfEnd(error, "reading"));
  if (!closing_ && handler_->on_message) {
    const auto handler = handler_;
    const auto data = buffer_.cdata();
    handler->on_message(std::string_view(static_cast<const char*>(data.data()), data.size()));
    if (finished_) return;
  }
  buffer_.consume(buffer_.size());
  Read();
}

bool Session::Send(std::string text) {
  if (!open_ || closing_ || finished_) return false;
  if (text.size() > options_.max_send_buffer_bytes - queued_bytes_) {
    ++stats_->messages_refused;
    return false;
  }
  queued_bytes_ += text.size();
  queue_.push_back(std::move(text));
  if (!writing_) Write();
  return true;
}

void Session::Write() {
  writing_ = true;
  stream_->async_write(
      asio::buffer(queue_.front()),
      [self = shared_from_this()](const error_code& error, size_t) { self->OnWritten(error); });
}

void Session::OnWritten(const error_code& error) {
  if (finished_) return;
  writing_ = false;
  // The pending read ends too, and knows more about why.
  if (error)
    return close_sent_ || error == asio::error::operation_aborted
               ? void()
               : Finish(StatusOfEnd(error, "writing"));
  queued_bytes_ -= queue_.front().size();
  queue_.pop_front();
  if (!queue_.empty()) return Write();
  if (closing_) BeginClose();
}

void Session::Close() {
  if (closing_ || finished_) return;
  closing_ = true;
  if (!open_) return FinishSoon(absl::OkStatus());
  ArmTimer(kCloseTimeout, absl::OkStatus());  // a peer that does not answer does not hold us
  if (!writing_) BeginClose();
}

void Session::BeginClose() {
  if (close_sent_) return;
  close_sent_ = true;
  stream_->async_close(websocket::close_code::normal,
                       [self = shared_from_this()](const error_code&) {
                         if (!self->finished_) self->Finish(absl::OkStatus());
                       });
}

absl::Status Session::StatusOfEnd(const error_code& error, const char* step) const {
  if (closing_) return absl::OkStatus();
  if (error == websocket::error::closed) {
    const websocket::close_reason& reason = stream_->reason();
    if (IsNormalClose(reason.code)) return absl::OkStatus();
    return absl::UnavailableError(place_ + ": closed by the peer with code " +
                                  std::to_string(reason.code) + " \"" +
                                  std::string(reason.reason.data(), reason.reason.size()) + "\"");
  }
  if (error == beast::error::timeout) {
    ++stats_->timed_out;
    return absl::DeadlineExceededError(place_ + ": silent for " +
                                       base::FormatDuration(options_.idle_timeout));
  }
  return StatusOf(error, place_ + ": " + step);
}

void Session::ArmTimer(base::Duration limit, absl::Status status) {
  timer_.expires_after(limit);
  timer_.async_wait([weak = weak_from_this(), status = std::move(status)](const error_code& error) {
    if (const auto self = weak.lock(); self && !error && !self->finished_) self->Finish(status);
  });
}

void Session::FinishSoon(absl::Status status) {
  asio::post(io_, [weak = weak_from_this(), status = std::move(status)] {
    if (const auto self = weak.lock(); self && !self->finished_) self->Finish(status);
  });
}

void Session::Finish(absl::Status status) {
  if (!status.ok()) ++stats_->sockets_failed;
  const auto self = shared_from_this();
  const auto handler = std::exchange(handler_, nullptr);
  Release();
  if (handler && handler->on_close) handler->on_close(std::move(status));
}

void Session::Abandon() {
  if (finished_) return;
  const auto self = shared_from_this();
  const auto handler = std::exchange(handler_, nullptr);  // its captures may own the caller
  Release();
}

void Session::Release() {
  finished_ = true;
  open_ = false;
  timer_.cancel();
  if (dial_) dial_->Cancel();
  if (stream_) stream_->next_layer().Close();
  const std::function<void()> on_gone = std::exchange(on_gone_, nullptr);
  if (on_gone) on_gone();
}

}  // namespace

std::unique_ptr<WebSocket> ConnectWebSocket(asio::io_context& io,
                                            std::shared_ptr<asio::ssl::context> tls, const Url& url,
                                            const WebSocketOptions& options,
                                            WebSocket::Handler handler,
                                            std::shared_ptr<NetworkStats> stats) {
  auto session = std::make_shared<Session>(io, Place(url), std::move(stats));
  session->Open(std::move(tls), url, options, std::move(handler));
  return std::make_unique<Handle>(std::move(session));
}

std::shared_ptr<ServerWebSocket> MakeServerWebSocket(asio::io_context& io, std::string peer,
                                                     std::shared_ptr<NetworkStats> stats) {
  return std::make_shared<Session>(io, std::move(peer), std::move(stats));
}

}  // namespace gannet::net::internal
