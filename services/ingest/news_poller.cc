#include "services/ingest/news_poller.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "services/ingest/feed_text.h"
#include "services/ingest/feed_url.h"
#include "services/ingest/news_engine.h"

namespace gannet::ingest {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 5> kKeptHeaders = {
    "content-type", "content-language", "content-location", "etag", "last-modified"};
constexpr base::Duration kRequestTimeout = 15s;
constexpr base::Duration kFirstDelay = 500ms;  // at most: sources do not all start at once

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Addresses inside: a feed from outside must not lead a request there.
bool IsInside(std::string_view host) {
  for (const std::string_view prefix : {"127.", "10.", "192.168.", "169.254.", "0.", "["}) {
    if (host.substr(0, prefix.size()) == prefix) return true;
  }
  for (int octet = 16; octet < 32; ++octet) {
    if (host.substr(0, 7) == "172." + std::to_string(octet) + ".") return true;
  }
  return host.find('.') == std::string_view::npos;  // "localhost" and other names of one word
}

// Where a redirect leads, if it may be followed.
absl::StatusOr<std::string> Redirected(const std::string& from, std::string_view location) {
  const std::string target = ResolveUrl(location, from);
  const absl::StatusOr<net::Url> before = net::Url::Parse(from), after = net::Url::Parse(target);
  if (!after.ok() || (after->scheme != "http" && after->scheme != "https")) {
    return absl::InvalidArgumentError("redirected to something that is no http address");
  }
  if (before.ok() && before->tls() && !after->tls()) {
    return absl::InvalidArgumentError(
        "redirected from https to http; configure the address it should use");
  }
  if (before.ok() && !IsInside(before->host) && IsInside(after->host)) {
    return absl::InvalidArgumentError(
        "redirected to an address inside this network; configure that address if it is meant");
  }
  return target;
}

base::Duration RetryAfter(std::string_view value) {
  if (value.empty() || value.size() > 6 ||
      value.find_first_not_of("0123456789") != std::string_view::npos)
    return 0s;
  return std::min<base::Duration>(std::chrono::seconds(std::stol(std::string(value))),
                                  kMaxRetryAfter);
}

}  // namespace

NewsPoller::NewsPoller(NewsFeedConfig config, size_t max_body_bytes, base::Executor& executor,
                       net::Network& network, base::Rng rng, Hooks hooks)
    : config_(std::move(config)),
      max_body_bytes_(max_body_bytes),
      executor_(executor),
      network_(network),
      rng_(rng),
      hooks_(std::move(hooks)) {}

NewsPoller::~NewsPoller() { Stop(); }

void NewsPoller::Start() {
  running_ = true;
  Schedule(base::Duration(static_cast<int64_t>(
      rng_.Below(static_cast<uint64_t>(std::min(kFirstDelay, config_.interval).count())))));
}

void NewsPoller::Stop() {
  running_ = false;
  executor_.Cancel(timer_);
  timer_ = base::TimerId::kNone;
  *alive_ = false;
  alive_ = std::make_shared<bool>(true);
}

void NewsPoller::Schedule(base::Duration delay) {
  if (!running_ || gone_) return;
  timer_ = executor_.After(delay, [this] { Ask(config_.url, 0); });
}

void NewsPoller::Ask(const std::string& text, int redirects) {
  const absl::StatusOr<net::Url> url = net::Url::Parse(text);
  ++requests_;
  if (!url.ok())
    return Finish({.request_id = requests_, .transport_error = std::string(url.status().message())},
                  0s);
  net::HttpRequest request;
  request.target = url->path;
  request.headers = {{"User-Agent", "gannet/0.1 (+feed reader)"},
                     {"Accept",
                      "application/rss+xml, application/atom+xml, application/xml;q=0.9, "
                      "application/x-ndjson, */*;q=0.1"}};
  const Condition condition = hooks_.condition();
  if (!condition.etag.empty()) request.headers.emplace_back("If-None-Match", condition.etag);
  if (!condition.last_modified.empty())
    request.headers.emplace_back("If-Modified-Since", condition.last_modified);
  network_.Http(
      *url, std::move(request), {.timeout = kRequestTimeout, .max_body_bytes = max_body_bytes_},
      [this, text, redirects, alive = std::weak_ptr<bool>(alive_)](net::HttpResult result) {
        const std::shared_ptr<bool> held = alive.lock();
        if (held && *held) OnResult(text, redirects, std::move(result));
      });
}

void NewsPoller::OnResult(const std::string& url, int redirects, net::HttpResult result) {
  wire::HttpExchange exchange;
  exchange.request_id = requests_;
  if (!result.status.ok()) {
    exchange.transport_error = std::string(result.status.message());
    if (exchange.transport_error.empty()) exchange.transport_error = "the request failed";
    return Finish(std::move(exchange), 0s);
  }
  net::HttpResponse& response = result.response;
  if (IsRedirect(response.status)) {
    const absl::StatusOr<std::string> target =
        Redirected(url, net::FindHeader(response.headers, "Location"));
    if (target.ok() && redirects < kMaxRedirects) return Ask(*target, redirects + 1);
    exchange.transport_error =
        target.ok() ? "too many redirects" : std::string(target.status().message());
    return Finish(std::move(exchange), 0s);
  }
  exchange.status = response.status;
  for (const std::string_view name : kKeptHeaders) {
    const std::string_view value = net::FindHeader(response.headers, name);
    if (!value.empty()) exchange.headers.emplace_back(name, value);
  }
  // Relative links count from there. Keys are often in the query: not recorded.
  exchange.headers.emplace_back(kFinalUrlHeader, url.substr(0, url.find('?')));
  gone_ = response.status == 410;
  if (response.status == 200) {
    // Many servers answer 200 with the same bytes: recording them again and again
    // would fill the journal.
    const base::Sha256Digest body = base::Sha256(response.body);
    if (body == last_body_) {
      exchange.status = 304;
      exchange.headers.emplace_back(kUnchangedHeader, "1");
    } else {
      last_body_ = body;
      exchange.body = std::move(response.body);
    }
  }
  Finish(std::move(exchange), RetryAfter(net::FindHeader(response.headers, "Retry-After")));
}

void NewsPoller::Finish(wire::HttpExchange exchange, base::Duration retry_after) {
  const bool good = hooks_.deliver(exchange);
  if (!good) last_body_ = {};
  failures_ = good ? 0 : failures_ + 1;
  base::Duration delay = config_.interval;
  if (failures_ > 0) {
    for (uint64_t i = 1; i < std::min<uint64_t>(failures_, 16) && delay < kMaxNewsBackOff; ++i)
      delay *= 2;
    delay = std::max(config_.interval, std::min(delay, kMaxNewsBackOff));
  }
  delay = std::max(delay, retry_after);
  // Ten per cent either way: feeds of one interval spread out.
  const int64_t spread = delay.count() / 10;
  Schedule(delay + base::Duration(spread > 0 ? rng_.Between(-spread, spread) : 0));
}

}  // namespace gannet::ingest
