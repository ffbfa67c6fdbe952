// Asks one feed over HTTP, again and again: conditional requests, redirects,
// back-off with jitter, Retry-After. What comes back, of whatever outcome, is
// handed on as a recorded input; nothing is decided here.
//
// Lives on the executor's thread; stops when destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/digest.h"
#include "libs/base/executor.h"
#include "libs/base/rng.h"
#include "libs/net/network.h"
#include "libs/wire/codec.h"
#include "services/ingest/news_config.h"

namespace gannet::ingest {

inline constexpr int kMaxRedirects = 3;
inline constexpr base::Duration kMaxNewsBackOff = std::chrono::minutes(15);
inline constexpr base::Duration kMaxRetryAfter = std::chrono::hours(1);

class NewsPoller {
 public:
  struct Condition {  // of the next request
    std::string etag, last_modified;
  };
  struct Hooks {
    std::function<Condition()> condition;
    // True: the source is in order; false: wait longer before the next request.
    std::function<bool(const wire::HttpExchange&)> deliver;
  };

  NewsPoller(NewsFeedConfig config, size_t max_body_bytes, base::Executor& executor,
             net::Network& network, base::Rng rng, Hooks hooks);
  ~NewsPoller();
  NewsPoller(const NewsPoller&) = delete;
  NewsPoller& operator=(const NewsPoller&) = delete;

  void Start();
  // No further requests; an answer that is under way is dropped.
  void Stop();
  // The source said that it is gone for good (HTTP 410).
  bool gone() const { return gone_; }

 private:
  void Schedule(base::Duration delay);
  void Ask(const std::string& url, int redirects);
  void OnResult(const std::string& url, int redirects, net::HttpResult result);
  void Finish(wire::HttpExchange exchange, base::Duration retry_after);

  const NewsFeedConfig config_;
  const size_t max_body_bytes_;
  base::Executor& executor_;
  net::Network& network_;
  base::Rng rng_;
  const Hooks hooks_;
  uint64_t requests_ = 0;
  uint64_t failures_ = 0;  // in a row
  base::Sha256Digest last_body_{};
  base::TimerId timer_ = base::TimerId::kNone;
  bool running_ = false, gone_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::ingest
