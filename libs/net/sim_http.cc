// One HTTP request through the simulated network.
#include "libs/net/http_text.h"
#include "libs/net/sim_state.h"

namespace gannet::net::sim {
namespace {

size_t HeaderBytes(const HttpRequest& request) {
  size_t bytes = request.method.size() + request.target.size() + 13;
  for (const auto& [name, value] : request.headers) bytes += name.size() + value.size() + 4;
  return bytes;
}

HttpResponse PlainAnswer(int status, std::string_view text) {
  return {status, {{"Content-Type", "text/plain"}}, std::string(text) + "\n"};
}

// Kept alive by what is scheduled for it.
class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(std::shared_ptr<World> world, const Url& url, HttpRequest request, const HttpLimits& limits,
       std::function<void(HttpResult)> done)
      : world_(std::move(world)),
        url_(url),
        request_(std::move(request)),
        limits_(limits),
        done_(std::move(done)) {}

  void Start() {
    if (absl::Status status = CheckRequest(request_); !status.ok())
      return FinishAfter(base::Duration(0), std::move(status), SendFate::kNotSent);
    if (url_.scheme != "http" && url_.scheme != "https") {
      return FinishAfter(
          base::Duration(0),
          absl::InvalidArgumentError(Place(url_) + ": not an http or https URL; change its scheme"),
          SendFate::kNotSent);
    }
    request_.headers.insert(request_.headers.begin(), {"Host", HostHeader(url_)});
    if (!request_.body.empty())
      request_.headers.emplace_back("Content-Length", std::to_string(request_.body.size()));
    id_ = ++world_->created;
    world_->calls[id_] = {url_.host, [weak = weak_from_this()] {
                            if (const auto self = weak.lock()) self->Break();
                          }};
    timer_ = world_->After(limits_.timeout, [self = shared_from_this()] {
      ++self->world_->stats.timed_out;
      self->Finish({absl::DeadlineExceededError(Place(self->url_) + ": no answer within " +
                                                base::FormatDuration(self->limits_.timeout)),
                    self->left_ ? SendFate::kMaybeSent : SendFate::kNotSent,
                    {}});
    });
    Depart();
  }

 private:
  struct Responder {
    explicit Responder(std::shared_ptr<Call> c) : call(std::move(c)) {}
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;
    ~Responder() {
      if (!used) Respond(PlainAnswer(500, "no answer was made"));
    }
    void Respond(HttpResponse response) {
      if (!std::exchange(used, true)) call->Answered(std::move(response));
    }
    const std::shared_ptr<Call> call;
    bool used = false;
  };

  // A connection is kept, and as far as can be seen from here its server lives.
  bool warm() const {
    const auto found = world_->warm.find({url_.host, url_.port});
    if (found == world_->warm.end()) return false;
    const std::shared_ptr<Server> server = found->second.lock();
    return world_->Partitioned(url_.host) || (server != nullptr && server->handler != nullptr);
  }
  void Later(base::Duration delay, void (Call::*step)()) {
    world_->After(delay, [self = shared_from_this(), step] { (self.get()->*step)(); });
  }
  // TCP sends again what a partition swallowed: the step is taken at its end.
  bool HeldUp(void (Call::*step)()) {
    const base::Time end = world_->PartitionEnd(url_.host);
    if (end <= world_->clock.Now()) return false;
    Later(end - world_->clock.Now() + world_->Delay(), step);
    return true;
  }

  void Depart() {
    if (finished_) return;
    if (warm()) {
      left_ = true;
      return Later(world_->Delay(), &Call::Arrive);
    }
    if (HeldUp(&Call::Depart)) return;
    const std::shared_ptr<Server> server = world_->Find(url_);
    const bool refused = world_->rng.Chance(world_->faults.connect_refused);
    if (refused || server == nullptr || (url_.tls() && !server->tls())) {
      ++world_->stats.connects_refused;
      return FinishAfter(
          world_->Delay() * 2,
          absl::UnavailableError(Place(url_) +
                                 ": connecting: refused; check that the peer is up and reachable"),
          SendFate::kNotSent);
    }
    Later(world_->Delay() * 2, &Call::Write);
  }

  void Write() {
    if (finished_) return;
    world_->warm[{url_.host, url_.port}] = world_->Find(url_);
    left_ = true;
    Later(world_->Delay(), &Call::Arrive);
  }

  // What has left may arrive although the caller has given up.
  void Arrive() {
    if (HeldUp(&Call::Arrive)) return;
    server_ = world_->Find(url_);
    if (server_ == nullptr || server_->tls() != url_.tls() ||
        server_->connections >= server_->options.max_connections) {
      world_->warm.erase({url_.host, url_.port});
      return BreakAfter(world_->Delay());
    }
    if (world_->rng.Chance(world_->faults.request_lost)) {
      ++world_->stats.requests_lost;
      return;
    }
    if (world_->rng.Chance(world_->faults.reset)) {
      ++world_->stats.resets;
      BreakAfter(world_->Delay());
      if (world_->rng.Chance(0.5)) return;
    }
    if (world_->rng.Chance(world_->faults.duplicate)) {
      ++world_->stats.duplicates;
      if (world_->on_duplicate) world_->on_duplicate(request_);
      Later(world_->Delay(), &Call::Handle);
    }
    Handle();
  }

  void Handle() {
    if (server_->handler == nullptr) return;
    ++server_->connections;
    server_->on_gone[id_] = [self = shared_from_this()] {
      self->BreakAfter(self->world_->Delay());
    };
    if (HeaderBytes(request_) > kMaxRequestHeaderBytes)
      return Answered(PlainAnswer(431, "the header is larger than 16 KiB"));
    if (request_.body.size() > server_->options.max_body_bytes) {
      return Answered(PlainAnswer(
          413,
          "the body is larger than " + std::to_string(server_->options.max_body_bytes) + " bytes"));
    }
    ++world_->stats.handled;
    const auto responder = std::make_shared<Responder>(shared_from_this());
    server_->handler->OnRequest(
        request_, "127.0.0.1:" + std::to_string(40000 + id_ % 20000),
        [responder](HttpResponse response) { responder->Respond(std::move(response)); });
  }

  void Answered(HttpResponse response) {
    --server_->connections;
    server_->on_gone.erase(id_);
    if (server_->handler == nullptr || answered_) return;
    answered_ = true;
    if (response.status == 0) return BreakAfter(world_->Delay());
    if (world_->rng.Chance(world_->faults.response_lost)) {
      ++world_->stats.responses_lost;
      return;
    }
    response_ = CanSend(response) ? std::move(response) : UnsendableResponse();
    if (response_.status != 204 && response_.status != 304)
      response_.headers.emplace_back("Content-Length", std::to_string(response_.body.size()));
    if (request_.method == "HEAD") response_.body.clear();
    Later(world_->Delay(), &Call::Return);
  }

  void Return() {
    if (HeldUp(&Call::Return)) return;
    if (response_.body.size() > limits_.max_body_bytes) {
      return Finish(
          {absl::ResourceExhaustedError(Place(url_) + ": reading the answer: body limit exceeded; "
                                                      "raise the limit if this size is expected"),
           SendFate::kMaybeSent,
           {}});
    }
    Finish({absl::OkStatus(), SendFate::kMaybeSent, std::move(response_)});
  }

  void Break() {
    Finish({absl::UnavailableError(Place(url_) + ": reading the answer: connection reset by peer; "
                                                 "check that the peer is up and reachable"),
            left_ ? SendFate::kMaybeSent : SendFate::kNotSent,
            {}});
  }
  void BreakAfter(base::Duration delay) { Later(delay, &Call::Break); }

  void FinishAfter(base::Duration delay, absl::Status status, SendFate fate) {
    world_->After(delay, [self = shared_from_this(), status = std::move(status), fate] {
      self->Finish({status, fate, {}});
    });
  }

  void Finish(HttpResult result) {
    if (std::exchange(finished_, true)) return;
    world_->Cancel(timer_);
    world_->calls.erase(id_);
    const auto done = std::exchange(done_, nullptr);
    if (done) done(std::move(result));
  }

  const std::shared_ptr<World> world_;
  const Url url_;
  HttpRequest request_;
  const HttpLimits limits_;
  std::function<void(HttpResult)> done_;
  std::shared_ptr<Server> server_;
  HttpResponse response_;
  base::TimerId timer_ = base::TimerId::kNone;
  uint64_t id_ = 0;
  bool left_ = false;  // bytes of it may be with the peer
  bool answered_ = false;
  bool finished_ = false;
};

}  // namespace

void Http(const std::shared_ptr<World>& world, const Url& url, HttpRequest request,
          const HttpLimits& limits, std::function<void(HttpResult)> done) {
  ++world->stats.requests;
  std::make_shared<Call>(world, url, std::move(request), limits, std::move(done))->Start();
}

}  // namespace gannet::net::sim
