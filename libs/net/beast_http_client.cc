#include "libs/net/beast_http_client.h"

#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "libs/net/beast_stream.h"
#include "libs/net/http_text.h"

namespace gannet::net::internal {
namespace {

namespace http = beast::http;

constexpr int kMaxInterimResponses = 8;  // 1xx before the answer
constexpr size_t kReadBufferBytes = 128u << 10;

// A connection and what has been read from it beyond the last answer.
struct Connection {
  explicit Connection(Stream s) : stream(std::move(s)) {}
  Stream stream;
  beast::flat_buffer buffer{kReadBufferBytes};
};

// Nothing waits to be read and the peer has not closed. Anything else on an idle
// connection is a close, or an answer that no request asked for.
bool IsQuiet(Connection& connection) {
  if (connection.buffer.size() != 0) return false;
  char byte;
  const ssize_t got =
      ::recv(connection.stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

using Key = std::tuple<std::string, std::string, uint16_t>;

class HttpClient::Pool : public std::enable_shared_from_this<HttpClient::Pool> {
 public:
  Pool(asio::io_context& io_context, std::shared_ptr<asio::ssl::context> tls_context,
       const BeastOptions& pool_options, std::shared_ptr<NetworkStats> shared_stats)
      : io(io_context),
        tls(std::move(tls_context)),
        options(pool_options),
        stats(std::move(shared_stats)) {}

  void Admit(const std::shared_ptr<Exchange>& exchange);
  // The exchange has ended; `connection` is null unless it can be used again.
  void Return(const Key& key, std::unique_ptr<Connection> connection);
  void StopWaiting(const Key& key, const Exchange* exchange);
  void Close();

  asio::io_context& io;
  const std::shared_ptr<asio::ssl::context> tls;
  const BeastOptions options;
  const std::shared_ptr<NetworkStats> stats;
  std::set<std::shared_ptr<Exchange>> live;

 private:
  struct Idle {
    Idle(std::unique_ptr<Connection> c, asio::io_context& io_context)
        : connection(std::move(c)), timer(io_context) {}
    std::unique_ptr<Connection> connection;
    asio::steady_timer timer;
  };
  struct Host {
    size_t active = 0;
    std::deque<std::unique_ptr<Idle>> idle;  // newest last
    std::deque<std::shared_ptr<Exchange>> waiting;
  };

  std::unique_ptr<Connection> TakeIdle(Host& host);
  void Keep(const Key& key, Host& host, std::unique_ptr<Connection> connection);
  void Expire(const Key& key, const Idle* idle);

  std::map<Key, Host> hosts_;
};

// One request from Send to its callback.
class HttpClient::Exchange : public std::enable_shared_from_this<HttpClient::Exchange> {
 public:
  Exchange(std::shared_ptr<Pool> pool, const Url& url, const HttpRequest& request,
           const HttpLimits& limits, Done done)
      : pool_(std::move(pool)),
        url_(url),
        limits_(limits),
        head_(request.method == "HEAD"),
        done_(std::move(done)),
        timer_(pool_->io) {}

  const Url& url() const { return url_; }
  Key key() const { return {url_.scheme, url_.host, url_.port}; }

  void Start(const HttpRequest& request) {
    absl::StatusOr<std::string> bytes = SerializeRequest(url_, request);
    if (!bytes.ok()) return FinishSoon(bytes.status());
    if (url_.scheme != "http" && url_.scheme != "https") {
      return FinishSoon(absl::InvalidArgumentError(
          Place(url_) + ": not an http or https URL; change its scheme"));
    }
    bytes_ = *std::move(bytes);
    timer_.expires_after(limits_.timeout);
    timer_.async_wait([weak = weak_from_this()](const error_code& error) {
      if (const auto self = weak.lock(); self && !error) self->OnTimeout();
    });
    pool_->Admit(shared_from_this());
  }

  void Wait() { phase_ = Phase::kWaiting; }

  void DialNew() {
    phase_ = Phase::kDialing;
    dial_ =
        Dial::Start(pool_->io, pool_->tls, url_,
                    [weak = weak_from_this()](absl::Status status, std::optional<Stream> stream) {
                      const auto self = weak.lock();
                      if (!self) return;
                      self->dial_.reset();
                      if (!status.ok()) return self->Finish(std::move(status), SendFate::kNotSent);
                      ++self->pool_->stats->connections_opened;
                      self->Use(std::make_unique<Connection>(*std::move(stream)));
                    });
  }

  void Use(std::unique_ptr<Connection> connection) {
    phase_ = Phase::kWriting;
    connection_ = std::move(connection);
    written_before_ = connection_->stream.written();
    asio::async_write(
        connection_->stream, asio::buffer(bytes_),
        [self = shared_from_this()](const error_code& error, size_t) { self->OnWritten(error); });
  }

  // Refused before it had a connection.
  void FinishSoon(absl::Status status) {
    phase_ = Phase::kRefused;
    asio::post(pool_->io, [weak = weak_from_this(), status = std::move(status)] {
      if (const auto self = weak.lock()) self->Finish(status, SendFate::kNotSent);
    });
  }

  // Ends without a callback.
  void Abandon() {
    phase_ = Phase::kDone;
    done_ = nullptr;
    timer_.cancel();
    if (dial_) dial_->Cancel();
    if (connection_) connection_->stream.Close();
  }

 private:
  enum class Phase { kRefused, kWaiting, kDialing, kWriting, kReading, kDone };

  void OnTimeout() {
    timed_out_ = true;
    absl::Status status = absl::DeadlineExceededError(Place(url_) + ": no answer within " +
                                                      base::FormatDuration(limits_.timeout));
    switch (phase_) {
      case Phase::kRefused:
      case Phase::kDone:
        return;
      case Phase::kWaiting:
        pool_->StopWaiting(key(), this);
        return Finish(std::move(status), SendFate::kNotSent);
      case Phase::kDialing:
        dial_->Cancel();
        return Finish(std::move(status), SendFate::kNotSent);
      case Phase::kWriting:
        // What the kernel took is known only once the write has ended.
        return connection_->stream.Close();
      case Phase::kReading:
        connection_->stream.Close();
        return Finish(std::move(status), SendFate::kMaybeSent);
    }
  }

  void OnWritten(const error_code& error) {
    if (phase_ == Phase::kDone) return;
    const bool nothing_left = connection_->stream.written() == written_before_;
    if (timed_out_) {
      return Finish(absl::DeadlineExceededError(Place(url_) + ": not written within " +
                                                base::FormatDuration(limits_.timeout)),
                    nothing_left ? SendFate::kNotSent : SendFate::kMaybeSent);
    }
    if (error) {
      return Finish(StatusOf(error, Place(url_) + ": writing the request"),
                    nothing_left ? SendFate::kNotSent : SendFate::kMaybeSent);
    }
    phase_ = Phase::kReading;
    Read();
  }

  void Read() {
    parser_.emplace();
    parser_->header_limit(kMaxResponseHeaderBytes);
    parser_->body_limit(limits_.max_body_bytes);
    if (head_) parser_->skip(true);
    http::async_read(
        connection_->stream, connection_->buffer, *parser_,
        [self = shared_from_this()](const error_code& error, size_t) { self->OnRead(error); });
  }

  void OnRead(const error_code& error) {
    if (phase_ == Phase::kDone) return;
    if (error)
      return Finish(StatusOf(error, Place(url_) + ": reading the answer"), SendFate::kMaybeSent);
    const int code = static_cast<int>(parser_->get().result_int());
    if (code < 200) {
      if (code == 101 || ++interim_ > kMaxInterimResponses) {
        return Finish(
            absl::DataLossError(Place(url_) +
                                ": an answer that was not asked for; is this an HTTP server?"),
            SendFate::kMaybeSent);
      }
      return Read();
    }
    const bool reusable = parser_->keep_alive() && connection_->buffer.size() == 0;
    http::response<http::string_body> message = parser_->release();
    HttpResult result{absl::OkStatus(), SendFate::kMaybeSent, {}};
    result.response.status = code;
    for (const auto& field : message)
      result.response.headers.emplace_back(field.name_string(), field.value());
    result.response.body = std::move(message.body());
    End(std::move(result), reusable);
  }

  void Finish(absl::Status status, SendFate fate) {
    End(HttpResult{std::move(status), fate, {}}, /*reusable=*/false);
  }

  void End(HttpResult result, bool reusable) {
    const auto self = shared_from_this();
    const Phase ended_in = std::exchange(phase_, Phase::kDone);
    timer_.cancel();
    if (!result.status.ok()) ++pool_->stats->requests_failed;
    if (connection_ && !reusable) connection_->stream.Close();
    const std::shared_ptr<Pool> pool = pool_;
    pool->live.erase(self);
    if (ended_in != Phase::kRefused && ended_in != Phase::kWaiting) {
      pool->Return(key(), reusable ? std::move(connection_) : nullptr);
    }
    const Done done = std::exchange(done_, nullptr);
    if (done) done(std::move(result));
  }

  const std::shared_ptr<Pool> pool_;
  const Url url_;
  const HttpLimits limits_;
  const bool head_;
  Done done_;
  asio::steady_timer timer_;
  std::string bytes_;
  Phase phase_ = Phase::kRefused;
  bool timed_out_ = false;
  int interim_ = 0;
  std::shared_ptr<Dial> dial_;
  std::unique_ptr<Connection> connection_;
  uint64_t written_before_ = 0;
  std::optional<http::response_parser<http::string_body>> parser_;
};

// --- pool --------------------------------------------------------------------

void HttpClient::Pool::Admit(const std::shared_ptr<Exchange>& exchange) {
  Host& host = hosts_[exchange->key()];
  if (std::unique_ptr<Connection> connection = TakeIdle(host)) {
    ++host.active;
    ++stats->connections_reused;
    return exchange->Use(std::move(connection));
  }
  if (host.active < options.max_connections_per_host) {
    ++host.active;
    return exchange->DialNew();
  }
  if (host.waiting.size() < options.max_waiting_per_host) {
    exchange->Wait();
    host.waiting.push_back(exchange);
    return;
  }
  ++stats->requests_refused;
  exchange->FinishSoon(absl::ResourceExhaustedError(
      exchange->url().host + ": " + std::to_string(options.max_waiting_per_host) +
      " requests wait already; send fewer at once or raise max_connections_per_host"));
}

void HttpClient::Pool::Return(const Key& key, std::unique_ptr<Connection> connection) {
  const auto found = hosts_.find(key);
  if (found == hosts_.end()) return;
  Host& host = found->second;
  --host.active;
  if (!host.waiting.empty()) {
    const std::shared_ptr<Exchange> next = std::move(host.waiting.front());
    host.waiting.pop_front();
    ++host.active;
    if (connection && IsQuiet(*connection)) {
      ++stats->connections_reused;
      return next->Use(std::move(connection));
    }
    return next->DialNew();
  }
  if (connection) return Keep(key, host, std::move(connection));
  if (host.active == 0 && host.idle.empty()) hosts_.erase(found);
}

std::unique_ptr<Connection> HttpClient::Pool::TakeIdle(Host& host) {
  while (!host.idle.empty()) {
    std::unique_ptr<Connection> connection = std::move(host.idle.back()->connection);
    host.idle.pop_back();
    if (IsQuiet(*connection)) return connection;
    ++stats->connections_stale;
  }
  return nullptr;
}

void HttpClient::Pool::Keep(const Key& key, Host& host, std::unique_ptr<Connection> connection) {
  if (host.idle.size() >= options.max_idle_per_host) host.idle.pop_front();
  host.idle.push_back(std::make_unique<Idle>(std::move(connection), io));
  Idle* idle = host.idle.back().get();
  idle->timer.expires_after(options.idle_connection);
  idle->timer.async_wait([weak = weak_from_this(), key, idle](const error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->Expire(key, idle);
  });
}

void HttpClient::Pool::Expire(const Key& key, const Idle* idle) {
  const auto found = hosts_.find(key);
  if (found == hosts_.end()) return;
  Host& host = found->second;
  std::erase_if(host.idle, [idle](const auto& other) { return other.get() == idle; });
  if (host.active == 0 && host.idle.empty() && host.waiting.empty()) hosts_.erase(found);
}

void HttpClient::Pool::StopWaiting(const Key& key, const Exchange* exchange) {
  const auto found = hosts_.find(key);
  if (found == hosts_.end()) return;
  std::erase_if(found->second.waiting,
                [exchange](const auto& other) { return other.get() == exchange; });
}

void HttpClient::Pool::Close() {
  hosts_.clear();
  const std::set<std::shared_ptr<Exchange>> ended = std::exchange(live, {});
  for (const std::shared_ptr<Exchange>& exchange : ended) exchange->Abandon();  // each on its own
}

HttpClient::HttpClient(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls,
                       const BeastOptions& options, std::shared_ptr<NetworkStats> stats)
    : pool_(std::make_shared<Pool>(io, std::move(tls), options, std::move(stats))) {}

HttpClient::~HttpClient() { pool_->Close(); }

void HttpClient::Send(const Url& base, const HttpRequest& request, const HttpLimits& limits,
                      Done done) {
  ++pool_->stats->requests;
  const auto exchange = std::make_shared<Exchange>(pool_, base, request, limits, std::move(done));
  pool_->live.insert(exchange);
  exchange->Start(request);
}

}  // namespace gannet::net::internal
