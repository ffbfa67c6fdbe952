// Takes news by signed HTTP POST. A request carries
//   X-Gannet-Timestamp: seconds since the epoch, within five minutes of now
//   X-Gannet-Signature: sha256=<hex of HMAC-SHA-256(secret, timestamp + "." + body)>
// and JSON lines as its body. 202 says that what it brought is durable.
//
// Lives on the executor's thread; stops listening when destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/base/hmac_key.h"
#include "libs/net/network.h"
#include "services/ingest/news_config.h"

namespace gannet::ingest {

inline constexpr size_t kMaxWebhookBody = 256u << 10;
inline constexpr size_t kMaxRememberedSignatures = 10'000;
inline constexpr base::Duration kWebhookClockSkew = std::chrono::minutes(5);

class NewsWebhook : public net::ServerHandler {
 public:
  struct Hooks {
    // Hands the lines in and calls `durable` once they are recorded for good.
    std::function<void(std::string_view lines, std::function<void(std::string answer)> durable)>
        lines;
  };
  struct Stats {
    uint64_t accepted = 0, unsigned_requests = 0, bad_signatures = 0, stale = 0, replayed = 0,
             too_many = 0, malformed = 0;
  };

  // FAILED_PRECONDITION: the secret cannot be read or is too short; or what
  // Network::Listen says.
  static absl::StatusOr<std::unique_ptr<NewsWebhook>> Open(const NewsWebhookConfig& config,
                                                           base::Files& files,
                                                           net::Network& network,
                                                           const base::Clock& clock, Hooks hooks);

  void OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) override;
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest& request, std::string_view peer,
                                      std::shared_ptr<net::WebSocket> socket) override;

  uint16_t port() const { return listener_->port(); }
  const Stats& stats() const { return stats_; }

 private:
  NewsWebhook(const NewsWebhookConfig& config, const std::string& secret, const base::Clock& clock,
              Hooks hooks)
      : config_(config), key_(secret), clock_(clock), hooks_(std::move(hooks)) {}
  // Empty when the request may pass; otherwise the answer to it.
  std::string Refusal(const net::HttpRequest& request, int& status);
  bool WithinRate();

  const NewsWebhookConfig config_;
  const base::HmacSha256Key key_;
  const base::Clock& clock_;
  const Hooks hooks_;
  Stats stats_;
  std::map<std::string, base::Time>
      signatures_;  // seen, with the time from which they are too old anyway
  base::Time minute_{};
  uint64_t in_minute_ = 0;
  std::unique_ptr<net::Listener> listener_;  // last: no request after it is gone
};

}  // namespace gannet::ingest
