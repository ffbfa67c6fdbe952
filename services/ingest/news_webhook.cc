#include "services/ingest/news_webhook.h"

#include <optional>

#include "libs/base/digest.h"
#include "libs/base/secrets.h"
#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "services/ingest/feed_text.h"

namespace gannet::ingest {
namespace {

std::optional<base::Time> ParseSeconds(std::string_view text) {
  if (text.empty() || text.size() > 10 ||
      text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return base::FromUnixMillis(std::stoll(std::string(text)) * 1000);
}

net::HttpResponse Answer(int status, std::string text) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text) + "\n"};
}

}  // namespace

absl::StatusOr<std::unique_ptr<NewsWebhook>> NewsWebhook::Open(const NewsWebhookConfig& config,
                                                               base::Files& files,
                                                               net::Network& network,
                                                               const base::Clock& clock,
                                                               Hooks hooks) {
  GANNET_ASSIGN_OR_RETURN(std::string secret,
                          config::ReadSecret(files, config.secret_file, "webhook.secret_file"));
  std::unique_ptr<NewsWebhook> webhook(new NewsWebhook(config, secret, clock, std::move(hooks)));
  net::ListenOptions options;
  options.address = config.address;
  options.port = config.port;
  options.certificate_file = config.certificate_file;
  options.key_file = config.key_file;
  options.max_body_bytes = kMaxWebhookBody;
  options.max_connections = 64;
  GANNET_ASSIGN_OR_RETURN(webhook->listener_, network.Listen(options, *webhook));
  return webhook;
}

bool NewsWebhook::WithinRate() {
  const base::Time now = clock_.Now();
  if (now >= minute_ + std::chrono::minutes(1) || now < minute_) {
    minute_ = now;
    in_minute_ = 0;
  }
  return ++in_minute_ <= config_.max_per_minute;
}

std::string NewsWebhook::Refusal(const net::HttpRequest& request, int& status) {
  const base::Time now = clock_.Now();
  const auto refuse = [&](int code, uint64_t& counter, const char* why) {
    status = code;
    ++counter;
    return std::string(why);
  };
  if (request.target != "/news") return refuse(404, stats_.malformed, "POST JSON lines to /news");
  if (request.method != "POST") return refuse(405, stats_.malformed, "POST JSON lines to /news");
  const std::string timestamp(net::FindHeader(request.headers, "X-Gannet-Timestamp"));
  std::string signature = LowerAscii(net::FindHeader(request.headers, "X-Gannet-Signature"));
  const std::optional<base::Time> signed_at = ParseSeconds(timestamp);
  if (!signed_at || signature.substr(0, 7) != "sha256=") {
    return refuse(401, stats_.unsigned_requests,
                  "X-Gannet-Timestamp and X-Gannet-Signature are needed");
  }
  if (!base::EqualSecrets(signature.substr(7),
                          base::Hex(key_.Sign(timestamp + "." + request.body)))) {
    return refuse(401, stats_.bad_signatures, "the signature is wrong");
  }
  if (*signed_at > now + kWebhookClockSkew || *signed_at < now - kWebhookClockSkew) {
    return refuse(401, stats_.stale,
                  "the timestamp is more than five minutes off; check the clock");
  }
  // Counted last: what strangers send takes no room from who may sign.
  if (!WithinRate())
    return refuse(429, stats_.too_many, "too many requests this minute; send several lines in one");
  std::erase_if(signatures_, [&](const auto& seen) { return seen.second < now; });
  if (signatures_.contains(signature))
    return refuse(409, stats_.replayed, "this request was taken before");
  if (signatures_.size() >= kMaxRememberedSignatures)
    return refuse(429, stats_.too_many, "too many requests; slow down");
  if (StripAscii(request.body).empty()) return refuse(400, stats_.malformed, "no lines");
  signatures_.emplace(std::move(signature), *signed_at + kWebhookClockSkew);
  return {};
}

void NewsWebhook::OnRequest(net::HttpRequest request, std::string_view, Respond respond) {
  int status = 0;
  const std::string refusal = Refusal(request, status);
  if (!refusal.empty()) return respond(Answer(status, refusal));
  ++stats_.accepted;
  hooks_.lines(request.body, [respond = std::move(respond)](std::string answer) {
    respond(Answer(202, std::move(answer)));
  });
}

net::WebSocket::Handler NewsWebhook::OnWebSocket(const net::HttpRequest&, std::string_view,
                                                 std::shared_ptr<net::WebSocket>) {
  return {};
}

}  // namespace gannet::ingest
