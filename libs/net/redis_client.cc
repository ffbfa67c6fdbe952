#include "libs/net/redis_client.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/net/beast_stream.h"
#include "libs/net/http_text.h"
#include "libs/net/reconnect.h"
#include "libs/net/resp.h"

namespace gannet::net {

using internal::error_code;
using internal::asio::steady_timer;

class RedisClient::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(internal::asio::io_context& io, const base::Clock& clock, base::Rng rng,
          RedisOptions options)
      : io_(io),
        clock_(clock),
        options_(std::move(options)),
        url_{options_.root_certificate.empty() ? "redis" : "rediss", options_.host, "/",
             options_.port},
        reconnect_({.first = std::chrono::milliseconds(100),
                    .limit = std::chrono::seconds(2),
                    .stable_after = std::chrono::seconds(10)},
                   rng),
        deadline_(io),
        pause_(io) {}

  void Connect();
  void Call(std::vector<std::string> command, Done done);
  void Close();
  const absl::Status& health() const { return health_; }
  const RedisStats& stats() const { return stats_; }

 private:
  struct Waiting {
    base::Duration deadline;  // monotonic
    Done done;
    bool ours;  // no call of somebody's
  };
  // A connection, with what Asio reads from and writes to: it lives as long as its handlers.
  struct Link {
    explicit Link(internal::Stream s) : stream(std::move(s)) {}
    internal::Stream stream;
    RespReader reader;
    std::array<char, 16u << 10> bytes{};
    std::string sending;
  };

  absl::StatusOr<std::shared_ptr<internal::asio::ssl::context>> MakeTls() const;
  void Introduce(internal::Stream stream);
  void OnIntroduced(const absl::StatusOr<RedisReply>& reply);
  void Send(const std::vector<std::string>& command, Done done, bool ours);
  void Write();
  void Read();
  void TakeReplies();
  void WatchDeadline();
  void Beat();
  void Lose(const absl::Status& why);

  internal::asio::io_context& io_;
  const base::Clock& clock_;
  const RedisOptions options_;
  const Url url_;
  ReconnectPolicy reconnect_;
  steady_timer deadline_, pause_;  // of what waits; until the next attempt or beat
  std::shared_ptr<internal::Dial> dial_;
  std::shared_ptr<Link> link_;  // null: no connection
  bool ready_ = false;          // it has let us in
  bool closed_ = false;
  base::Duration opened_{0};
  std::string to_send_;
  std::deque<Waiting> waiting_;  // in the order of their commands
  absl::Status health_ = absl::UnavailableError("not connected yet");
  RedisStats stats_;
};

absl::StatusOr<std::shared_ptr<internal::asio::ssl::context>> RedisClient::Session::MakeTls()
    const {
  using Context = internal::asio::ssl::context;
  auto tls = std::make_shared<Context>(Context::tls_client);
  if (options_.root_certificate.empty()) return tls;
  tls->set_options(Context::default_workarounds | Context::no_tlsv1 | Context::no_tlsv1_1);
  error_code error;
  const std::string* file = &options_.root_certificate;
  tls->load_verify_file(*file, error);
  if (!error && !options_.client_certificate.empty()) {
    file = &options_.client_certificate;
    tls->use_certificate_chain_file(*file, error);
    if (!error) {
      file = &options_.client_key;
      tls->use_private_key_file(*file, Context::pem, error);
    }
  }
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat(*file, ": ", error.message(), "; name a PEM file that this process may read"));
  }
  return tls;
}

void RedisClient::Session::Connect() {
  if (closed_) return;
  const auto tls = MakeTls();
  if (!tls.ok()) return Lose(tls.status());
  dial_ =
      internal::Dial::Start(io_, *tls, url_,
                            [self = shared_from_this()](const absl::Status& status,
                                                        std::optional<internal::Stream> stream) {
                              self->dial_.reset();
                              self->deadline_.cancel();
                              if (!status.ok()) return self->Lose(status);
                              self->Introduce(*std::move(stream));
                            });
  deadline_.expires_after(options_.connect_timeout);
  deadline_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->dial_ == nullptr) return;
    self->Lose(absl::DeadlineExceededError(absl::StrCat(
        Place(self->url_), ": no connection within ",
        base::FormatDuration(self->options_.connect_timeout), "; check that it is reachable")));
  });
}

// Says who we are; until the server has let us in nobody else may speak.
void RedisClient::Session::Introduce(internal::Stream stream) {
  link_ = std::make_shared<Link>(std::move(stream));
  opened_ = clock_.Monotonic();
  ++stats_.connections;
  std::vector<std::string> hello = {"PING"};
  if (options_.password) {
    auto password = options_.password();
    if (!password.ok()) return Lose(password.status());
    hello = {"AUTH"};
    if (!options_.user.empty()) hello.push_back(options_.user);
    hello.push_back(*std::move(password));
  }
  Read();
  Send(
      hello, [this](const absl::StatusOr<RedisReply>& reply) { OnIntroduced(reply); },
      /*ours=*/true);
}

void RedisClient::Session::OnIntroduced(const absl::StatusOr<RedisReply>& reply) {
  if (link_ == nullptr) return;  // lost; that was told
  if (!reply.ok()) {
    return Lose(absl::UnauthenticatedError(
        absl::StrCat(Place(url_), " does not let us in: ", std::string(reply.status().message()),
                     "; check user and password_file")));
  }
  ready_ = true;
  health_ = absl::OkStatus();
  Beat();
}

void RedisClient::Session::Call(std::vector<std::string> command, Done done) {
  absl::Status refused = absl::OkStatus();
  if (!ready_) {
    refused = absl::UnavailableError(health_.message());
  } else if (waiting_.size() >= kMaxWaiting) {
    refused = absl::ResourceExhaustedError(
        absl::StrCat(Place(url_), ": ", kMaxWaiting, " calls wait for it already"));
  }
  if (refused.ok()) return Send(command, std::move(done), /*ours=*/false);
  ++stats_.failed;
  internal::asio::post(io_, [self = shared_from_this(), refused, done = std::move(done)] {
    if (!self->closed_) done(refused);
  });
}

void RedisClient::Session::Send(const std::vector<std::string>& command, Done done, bool ours) {
  to_send_ += EncodeRespCommand(command);
  waiting_.push_back({clock_.Monotonic() + options_.timeout, std::move(done), ours});
  if (waiting_.size() == 1) WatchDeadline();
  Write();
}

void RedisClient::Session::Write() {
  if (!link_->sending.empty() || to_send_.empty()) return;
  link_->sending.swap(to_send_);
  internal::asio::async_write(
      link_->stream, internal::asio::buffer(link_->sending),
      [self = shared_from_this(), link = link_](const error_code& error, size_t) {
        if (self->link_ != link) return;
        link->sending.clear();
        if (error) return self->Lose(internal::StatusOf(error, Place(self->url_) + ": writing"));
        self->Write();
      });
}

void RedisClient::Session::Read() {
  link_->stream.async_read_some(
      internal::asio::buffer(link_->bytes),
      [self = shared_from_this(), link = link_](const error_code& error, size_t count) {
        if (self->link_ != link) return;
        if (error) return self->Lose(internal::StatusOf(error, Place(self->url_) + ": reading"));
        link->reader.Feed({link->bytes.data(), count});
        self->TakeReplies();
        if (self->link_ == link) self->Read();
      });
}

void RedisClient::Session::TakeReplies() {
  const auto link = link_;
  // A callback may lose the connection, or end all of this.
  while (link_ == link) {
    auto next = link->reader.Next();
    if (!next) return;
    if (!next->ok() || waiting_.empty()) {
      return Lose(next->ok() ? absl::DataLossError(Place(url_) + " answers what nobody asked")
                             : next->status());
    }
    const Waiting first = std::move(waiting_.front());
    waiting_.pop_front();
    WatchDeadline();
    const bool refused = (*next)->type == RedisReply::Type::kError;
    if (!first.ours) ++(refused ? stats_.failed : stats_.answered);
    if (refused) {
      first.done(absl::FailedPreconditionError((*next)->text));
    } else {
      first.done(**std::move(next));
    }
  }
}

// Of the oldest: those behind it have later ones.
void RedisClient::Session::WatchDeadline() {
  deadline_.cancel();
  if (waiting_.empty()) return;
  deadline_.expires_after(
      std::max(base::Duration(0), waiting_.front().deadline - clock_.Monotonic()));
  deadline_.async_wait([self = shared_from_this(), link = link_](const error_code& error) {
    if (error || self->link_ != link || self->waiting_.empty()) return;
    if (self->waiting_.front().deadline > self->clock_.Monotonic()) return self->WatchDeadline();
    self->Lose(absl::DeadlineExceededError(
        absl::StrCat(Place(self->url_), " does not answer within ",
                     base::FormatDuration(self->options_.timeout), "; look at its load and log")));
  });
}

// A server that has gone without a word is noticed before somebody needs it.
void RedisClient::Session::Beat() {
  pause_.expires_after(kBeat);
  pause_.async_wait([self = shared_from_this(), link = link_](const error_code& error) {
    if (error || self->link_ != link) return;
    if (self->waiting_.empty()) {
      self->Send(
          {"PING"}, [](const absl::StatusOr<RedisReply>&) {}, /*ours=*/true);
    }
    self->Beat();
  });
}

void RedisClient::Session::Lose(const absl::Status& why) {
  if (closed_) return;
  if (dial_ != nullptr) std::exchange(dial_, nullptr)->Cancel();
  if (link_ != nullptr) {
    std::exchange(link_, nullptr)->stream.Close();
    reconnect_.OnClosed(clock_.Monotonic() - opened_);
  }
  deadline_.cancel();
  ready_ = false;
  health_ = why;
  ++stats_.lost;
  to_send_.clear();
  pause_.expires_after(reconnect_.NextDelay());
  pause_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->link_ == nullptr && self->dial_ == nullptr) self->Connect();
  });
  for (const Waiting& one : std::exchange(waiting_, {})) {
    if (!one.ours) ++stats_.failed;
    one.done(absl::IsDeadlineExceeded(why) ? why : absl::UnavailableError(why.message()));
    if (closed_) return;
  }
}

void RedisClient::Session::Close() {
  closed_ = true;
  if (dial_ != nullptr) std::exchange(dial_, nullptr)->Cancel();
  if (link_ != nullptr) std::exchange(link_, nullptr)->stream.Close();
  deadline_.cancel();
  pause_.cancel();
  waiting_.clear();
}

RedisClient::RedisClient(boost::asio::io_context& io, const base::Clock& clock, base::Rng rng,
                         RedisOptions options)
    : session_(std::make_shared<Session>(io, clock, rng, std::move(options))) {
  session_->Connect();
}

RedisClient::~RedisClient() { session_->Close(); }

void RedisClient::Call(std::vector<std::string> command, Done done) {
  session_->Call(std::move(command), std::move(done));
}

absl::Status RedisClient::health() const { return session_->health(); }

const RedisStats& RedisClient::stats() const { return session_->stats(); }

}  // namespace gannet::net
