// The venue on the wire: REST, market streams, WebSocket API and the news feed
// behind one listener, over an Exchange.
//
//   /api/v3, /sapi/v1, /fapi/v1, /dapi/v1   REST (api.h)
//   /ws, /ws/<names>, /stream?streams=…      market streams (stream_hub.h)
//   /public/…, /market/…                     the same of the perpetuals
//   /v5, /v5/private, /v5/trade              Bybit's door to the markets (bybit.h)
//   /v5/public/spot, /v5/public/linear       its market streams (bybit_market.h)
//   /private/ws/<listen key>                 user stream of the perpetuals (usdm_streams.h)
//   /ws-api/v3, /ws-fapi/v1                  WebSocket APIs (ws_api.h)
//   /news/rss                                RSS 2.0 (rss.h)
//
// Runs on one executor thread, over real sockets or simulated ones alike: all it
// needs is handed in. Nothing it says is said before its cause is durable.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "libs/net/network.h"
#include "services/venue-sim/api.h"
#include "services/venue-sim/auth.h"
#include "services/venue-sim/bybit.h"
#include "services/venue-sim/bybit_market.h"
#include "services/venue-sim/exchange.h"
#include "services/venue-sim/outbox.h"
#include "services/venue-sim/rate_limits.h"
#include "services/venue-sim/stream_hub.h"
#include "services/venue-sim/ws_api.h"

namespace gannet::venue_sim {

// As the perpetuals' exchangeInfo states them; the limit of a minute is not kept here.
inline RateLimitOptions UsdmLimits() {
  RateLimitOptions limits;
  limits.weight_per_minute = 2400;
  limits.orders_per_10_seconds = 300;
  return limits;
}

struct ServerOptions {
  ExchangeOptions exchange;
  RateLimitOptions limits;
  RateLimitOptions usdm_limits = UsdmLimits();
  std::vector<ApiKey> keys;
  base::Duration tick_interval = std::chrono::milliseconds(50);
  base::Duration flush_interval = std::chrono::milliseconds(100);
  base::Duration connection_lifetime = std::chrono::hours(24);  // a WebSocket is closed then
  int max_connections_per_5_minutes = 300;                      // WebSockets of one address
};

struct ServerDeps {
  base::Executor& executor;
  const base::Clock& clock;
  base::Files& files;
};

struct ServerStats {
  uint64_t requests = 0, unknown_paths = 0, sockets = 0, sockets_refused = 0;
  uint64_t slow_sockets_closed = 0, messages_sent = 0;
};

class VenueSimServer : public net::ServerHandler, private VenueEvents, private UsdmEvents {
 public:
  // `on_failure` runs when nothing can be recorded any more; from then on every
  // request is answered with 503.
  static absl::StatusOr<std::unique_ptr<VenueSimServer>> Open(
      ServerDeps deps, ServerOptions options, std::function<void(absl::Status)> on_failure);
  ~VenueSimServer() override;

  void Start();
  // Stops the market, tells the streams, closes them, saves all; then `done`.
  void Stop(std::function<void(absl::Status)> done);

  const Exchange& exchange() const { return *exchange_; }
  const ServerStats& stats() const { return stats_; }
  // The address in the feed's links.
  void set_public_url(std::string url) { public_url_ = std::move(url); }

  // net::ServerHandler.
  void OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) override;
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest& request, std::string_view peer,
                                      std::shared_ptr<net::WebSocket> socket) override;

 private:
  struct Socket {
    std::shared_ptr<net::WebSocket> socket;
    base::TimerId end = base::TimerId::kNone;
  };
  struct ConnectWindow {
    int64_t index = -1;
    int count = 0;
  };

  VenueSimServer(ServerDeps deps, ServerOptions options);

  // VenueEvents.
  void OnLevel(SymbolIndex symbol, market::Side side, int64_t price, int64_t quantity,
               uint64_t update_id) override;
  void OnBest(SymbolIndex symbol) override;
  void OnTrade(SymbolIndex symbol, const TradePrint& trade) override;
  void OnAggregate(SymbolIndex symbol, const AggregateTrade& trade) override;
  void OnExecution(const Execution& execution) override;
  void OnBalances(AccountIndex account, const std::vector<std::string>& assets,
                  base::Time now) override;
  void OnDeposit(AccountIndex account, const std::string& asset, Amount change,
                 base::Time now) override;
  void OnStory(const Story&) override {}
  // UsdmEvents.
  void OnUsdmOrder(const UsdmExecution& execution) override;
  void OnUsdmAlgo(const UsdmAlgo& algo) override;
  void OnUsdmAccount(AccountIndex account, const std::string& reason, Amount change,
                     std::optional<SymbolIndex> symbol, base::Time now) override;

  void Tick();
  void FlushStreams();
  // Lets out, once durable, what the outbox holds.
  void Release();
  void Deliver(const std::vector<Outbox::Item>& items);
  void DropSocket(ConnectionId id);
  bool AdmitSocket(std::string_view address);
  net::HttpResponse Answer(const net::HttpRequest& request, std::string_view address);
  net::HttpResponse AnswerApi(const Endpoint& endpoint, const net::HttpRequest& request,
                              std::string_view query, std::string_view address);
  net::HttpResponse AnswerFeed(const net::HttpRequest& request);

  ServerDeps deps_;
  const ServerOptions options_;
  Authenticator authenticator_;
  RateLimits limits_, usdm_limits_;
  Outbox outbox_;
  UsdmStreams usdm_streams_{outbox_};
  std::unique_ptr<Exchange> exchange_;  // these: from Open on
  std::unique_ptr<bybit::PublicMarket> bybit_market_;
  std::unique_ptr<bybit::Door> bybit_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<StreamHub> hub_, usdm_hub_;
  std::unique_ptr<WsApi> ws_api_;
  std::map<ConnectionId, Socket> sockets_;
  std::map<std::string, ConnectWindow, std::less<>> connects_;
  uint64_t last_connection_ = 0;
  base::TimerId tick_ = base::TimerId::kNone, flush_ = base::TimerId::kNone;
  bool stopping_ = false;
  std::string public_url_ = "http://127.0.0.1";
  ServerStats stats_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::venue_sim
