#include "services/venue-sim/server.h"

#include <algorithm>
#include <utility>

#include "libs/base/digest.h"
#include "services/venue-sim/payloads.h"
#include "services/venue-sim/rss.h"

namespace gannet::venue_sim {
namespace {

constexpr size_t kMaxConnectWindows = 10'000;

net::HttpResponse JsonResponse(int status, std::string body) {
  return {status, {{"Content-Type", "application/json;charset=UTF-8"}}, std::move(body)};
}

net::HttpResponse ErrorResponse(const ApiError& error, std::string_view data = {}) {
  JsonText json;
  WriteError(json, error, data);
  return JsonResponse(error.http_status, json.Take());
}

std::string_view WithoutPort(std::string_view peer) {
  const size_t colon = peer.rfind(':');
  return colon == std::string_view::npos ? peer : peer.substr(0, colon);
}

std::pair<std::string_view, std::string_view> SplitTarget(std::string_view target) {
  const size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::vector<std::string> SplitNames(std::string_view names) {
  std::vector<std::string> all;
  while (!names.empty()) {
    const size_t slash = names.find('/');
    if (slash != 0) all.emplace_back(names.substr(0, slash));
    if (slash == std::string_view::npos) break;
    names.remove_prefix(slash + 1);
  }
  return all;
}

}  // namespace

VenueSimServer::VenueSimServer(ServerDeps deps, ServerOptions options)
    : deps_(deps),
      options_(std::move(options)),
      authenticator_(options_.keys),
      limits_(options_.limits),
      usdm_limits_(options_.usdm_limits) {}

absl::StatusOr<std::unique_ptr<VenueSimServer>> VenueSimServer::Open(
    ServerDeps deps, ServerOptions options, std::function<void(absl::Status)> on_failure) {
  std::unique_ptr<VenueSimServer> server(new VenueSimServer(deps, std::move(options)));
  auto exchange = Exchange::Open(deps.files, deps.executor, deps.clock, server->options_.exchange,
                                 *server, std::move(on_failure));
  if (!exchange.ok()) return exchange.status();
  server->exchange_ = *std::move(exchange);
  server->exchange_->set_usdm_events(server.get());
  server->api_ = std::make_unique<Api>(*server->exchange_, server->authenticator_, server->limits_,
                                       server->usdm_limits_, server->usdm_streams_);
  server->bybit_market_ =
      std::make_unique<bybit::PublicMarket>(server->exchange_->core(), server->outbox_);
  server->bybit_ = std::make_unique<bybit::Door>(*server->exchange_, server->authenticator_,
                                                 server->outbox_, *server->bybit_market_);
  server->hub_ = std::make_unique<StreamHub>(server->exchange_->core(), server->outbox_);
  server->usdm_hub_ = std::make_unique<StreamHub>(server->exchange_->core(), server->outbox_, true);
  server->ws_api_ = std::make_unique<WsApi>(*server->api_, server->limits_, server->usdm_limits_,
                                            *server->exchange_, server->outbox_);
  return server;
}

VenueSimServer::~VenueSimServer() {
  *alive_ = false;
  deps_.executor.Cancel(tick_);
  deps_.executor.Cancel(flush_);
  for (auto& [id, socket] : sockets_) deps_.executor.Cancel(socket.end);
}

void VenueSimServer::Start() {
  tick_ = deps_.executor.After(options_.tick_interval, [this] { Tick(); });
  flush_ = deps_.executor.After(options_.flush_interval, [this] { FlushStreams(); });
}

void VenueSimServer::Tick() {
  tick_ = deps_.executor.After(options_.tick_interval, [this] { Tick(); });
  exchange_->Tick();
  Release();
}

void VenueSimServer::FlushStreams() {
  flush_ = deps_.executor.After(options_.flush_interval, [this] { FlushStreams(); });
  hub_->Flush(exchange_->now());
  usdm_hub_->Flush(exchange_->now());
  bybit_market_->Flush(exchange_->now());
  usdm_streams_.Expire(exchange_->now());
  bybit_->Expire();
  Release();
}

void VenueSimServer::Stop(std::function<void(absl::Status)> done) {
  if (std::exchange(stopping_, true)) return;
  deps_.executor.Cancel(tick_);
  deps_.executor.Cancel(flush_);
  const int64_t now = base::UnixMillis(exchange_->now());
  ws_api_->PublishAll("{\"event\":{\"e\":\"serverShutdown\",\"E\":" + std::to_string(now) + "}}");
  for (const auto& [id, socket] : sockets_) outbox_.Close(id);
  const auto finish = [this, alive = alive_, done = std::move(done)] {
    if (!*alive) return;
    done(exchange_->Close());
  };
  if (exchange_->failed()) return finish();
  Release();
  exchange_->WhenDurable([this, alive = alive_, finish] {
    if (*alive) deps_.executor.Post(finish);
  });
}

// ---- events of the core

void VenueSimServer::OnLevel(SymbolIndex symbol, market::Side side, int64_t price, int64_t quantity,
                             uint64_t update_id) {
  if (hub_) hub_->OnLevel(symbol, side, price, quantity, update_id);
  if (usdm_hub_) usdm_hub_->OnLevel(symbol, side, price, quantity, update_id);
}
void VenueSimServer::OnBest(SymbolIndex symbol) {
  if (hub_) hub_->OnBest(symbol);
  if (usdm_hub_) usdm_hub_->OnBest(symbol);
}
void VenueSimServer::OnTrade(SymbolIndex symbol, const TradePrint& trade) {
  if (hub_) hub_->OnTrade(symbol, trade);
  if (bybit_market_) bybit_market_->OnTrade(symbol, trade);
}
void VenueSimServer::OnAggregate(SymbolIndex symbol, const AggregateTrade& trade) {
  if (hub_) hub_->OnAggregate(symbol, trade);
  if (usdm_hub_) usdm_hub_->OnAggregate(symbol, trade);
}
void VenueSimServer::OnExecution(const Execution& execution) {
  if (ws_api_ && ws_api_->connections() > 0)
    ws_api_->Publish(execution.order.account, ExecutionEvent(execution));
  if (bybit_) bybit_->OnExecution(execution);
}
void VenueSimServer::OnBalances(AccountIndex account, const std::vector<std::string>& assets,
                                base::Time now) {
  if (ws_api_ && ws_api_->connections() > 0) {
    ws_api_->Publish(account, AccountPositionEvent(exchange_->core(), account, assets, now));
  }
  if (bybit_) bybit_->OnBalances(account, assets, now);
}
void VenueSimServer::OnDeposit(AccountIndex account, const std::string& asset, Amount change,
                               base::Time now) {
  if (ws_api_) ws_api_->Publish(account, BalanceUpdateEvent(asset, change, now));
}

void VenueSimServer::OnUsdmOrder(const UsdmExecution& execution) {
  usdm_streams_.OnOrder(execution);
  if (bybit_) bybit_->OnUsdmOrder(execution);
}
void VenueSimServer::OnUsdmAlgo(const UsdmAlgo& algo) {
  usdm_streams_.OnAlgo(algo, exchange_->now());
  if (bybit_) bybit_->OnUsdmAlgo(algo, exchange_->now());
}
void VenueSimServer::OnUsdmAccount(AccountIndex account, const std::string& reason, Amount change,
                                   std::optional<SymbolIndex> symbol, base::Time now) {
  usdm_streams_.OnAccount(exchange_->usdm(), account, reason, change, symbol, now);
  if (bybit_) bybit_->OnUsdmAccount(account, symbol, now);
}

// ---- sending

void VenueSimServer::Release() {
  if (outbox_.empty()) return;
  exchange_->WhenDurable([this, alive = alive_, items = outbox_.Take()] {
    if (*alive) Deliver(items);
  });
}

void VenueSimServer::Deliver(const std::vector<Outbox::Item>& items) {
  for (const Outbox::Item& item : items) {
    const auto found = sockets_.find(item.to);
    if (found == sockets_.end()) continue;
    if (item.text && !found->second.socket->Send(*item.text)) {
      ++stats_.slow_sockets_closed;  // its buffer is full: it would miss messages
      found->second.socket->Close();
      DropSocket(item.to);
      continue;
    }
    stats_.messages_sent += item.text ? 1 : 0;
    if (item.close) found->second.socket->Close();
  }
}

void VenueSimServer::DropSocket(ConnectionId id) {
  hub_->Close(id);
  usdm_hub_->Close(id);
  bybit_market_->Close(id);
  ws_api_->Close(id);
  usdm_streams_.Close(id);
  bybit_->Close(id);
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  deps_.executor.Cancel(found->second.end);
  sockets_.erase(found);
}

// ---- WebSocket

bool VenueSimServer::AdmitSocket(std::string_view address) {
  if (connects_.size() >= kMaxConnectWindows) connects_.clear();
  ConnectWindow& window = connects_[std::string(address)];
  const int64_t index = base::UnixMillis(exchange_->now()) / 300'000;
  if (window.index != index) window = {index, 0};
  return ++window.count <= options_.max_connections_per_5_minutes;
}

net::WebSocket::Handler VenueSimServer::OnWebSocket(const net::HttpRequest& request,
                                                    std::string_view peer,
                                                    std::shared_ptr<net::WebSocket> socket) {
  const auto [path, query] = SplitTarget(request.target);
  const std::string_view address = WithoutPort(peer);
  constexpr std::string_view kPrivate = "/private/ws/";
  const std::string_view listen_key =
      path.starts_with(kPrivate) ? path.substr(kPrivate.size()) : std::string_view();
  const bool is_private =
      !listen_key.empty() && usdm_streams_.KnowsKey(listen_key, exchange_->now());
  const bool usdm_api = path == "/ws-fapi/v1", api = usdm_api || path == "/ws-api/v3";
  const bool trades = path == bybit::kTradePath, of_bybit = trades || path == bybit::kStreamPath;
  const bool public_linear = path == bybit::kPublicLinearPath,
             public_bybit = public_linear || path == bybit::kPublicSpotPath;
  // Of the perpetuals the same below /public and /market.
  const bool usdm_streams = path.starts_with("/public/") || path.starts_with("/market/");
  constexpr size_t kDoor = std::string_view("/public").size();
  const std::string_view streams_path = usdm_streams ? path.substr(kDoor) : path;
  const bool combined = streams_path == "/stream";
  const bool streams = combined || streams_path == "/ws" || streams_path.starts_with("/ws/");
  StreamHub& hub = usdm_streams ? *usdm_hub_ : *hub_;
  if ((!api && !streams && !is_private && !of_bybit && !public_bybit) || stopping_ ||
      exchange_->failed() || !AdmitSocket(address)) {
    ++stats_.sockets_refused;
    return {};
  }
  const auto id = static_cast<ConnectionId>(++last_connection_);
  if (api) {
    ws_api_->Open(id, std::string(address), usdm_api);
  } else if (is_private) {
    usdm_streams_.Open(id, listen_key);
  } else if (of_bybit) {
    bybit_->Open(id, trades);
  } else if (public_bybit) {
    bybit_market_->Open(id, public_linear);
  } else {
    Params params;
    const bool sound = params.AddForm(query);
    const std::vector<std::string> names =
        SplitNames(combined ? params.Get("streams")
                            : streams_path.substr(std::min<size_t>(4, streams_path.size())));
    if (!sound || !hub.Open(id, names, combined)) {
      ++stats_.sockets_refused;
      return {};
    }
  }
  ++stats_.sockets;
  Socket& entry = sockets_[id];
  entry.socket = std::move(socket);
  entry.end = deps_.executor.After(options_.connection_lifetime, [this, id] {
    outbox_.Close(id);
    Release();
  });
  net::WebSocket::Handler handler;
  handler.on_message = [this, alive = alive_, id, api, is_private, of_bybit, public_bybit,
                        &hub](std::string_view text) {
    if (!*alive || stopping_) return;
    if (api) {
      ws_api_->OnMessage(id, text);
    } else if (of_bybit) {
      bybit_->OnMessage(id, text);
    } else if (public_bybit) {
      bybit_market_->OnMessage(id, text, exchange_->now());
    } else if (!is_private) {  // a user stream takes no requests
      hub.OnMessage(id, text, exchange_->now());
    }
    Release();
  };
  handler.on_close = [this, alive = alive_, id](absl::Status) {
    if (*alive) DropSocket(id);
  };
  return handler;
}

// ---- HTTP

void VenueSimServer::OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) {
  ++stats_.requests;
  if (exchange_->failed() || stopping_) {
    return respond(ErrorResponse({-1016, "This service is no longer available.", 503}));
  }
  net::HttpResponse response = Answer(request, WithoutPort(peer));
  Release();
  exchange_->WhenDurable([respond = std::move(respond), response = std::move(response)]() mutable {
    respond(std::move(response));
  });
}

net::HttpResponse VenueSimServer::Answer(const net::HttpRequest& request,
                                         std::string_view address) {
  const auto [path, query] = SplitTarget(request.target);
  if (path == "/news/rss" && (request.method == "GET" || request.method == "HEAD"))
    return AnswerFeed(request);
  if (path.starts_with(bybit::kRestPrefix)) return bybit_->Answer(request, path, query);
  bool path_known = false;
  if (const Endpoint* endpoint = Api::FindRest(request.method, path, &path_known)) {
    return AnswerApi(*endpoint, request, query, address);
  }
  ++stats_.unknown_paths;
  ApiError error{-5000,
                 "Path " + std::string(path.substr(0, 200)) + ", Method " +
                     request.method.substr(0, 20) + " is invalid",
                 404};
  if (path_known) error.http_status = 405;
  return ErrorResponse(error);
}

net::HttpResponse VenueSimServer::AnswerApi(const Endpoint& endpoint,
                                            const net::HttpRequest& request, std::string_view query,
                                            std::string_view address) {
  ApiRequest call;
  // Parameters may come in the query, in the body, or in both.
  const bool sound = call.params.AddForm(query) && call.params.AddForm(request.body);
  const std::string payload = WithoutSignature(query) + WithoutSignature(request.body);
  call.address = address;
  call.api_key = net::FindHeader(request.headers, "X-MBX-APIKEY");
  call.payload = payload;
  ApiReply reply;
  if (sound) {
    reply = api_->Call(endpoint, call);
  } else {
    reply.error = ApiError{-1100, "Illegal characters found in a parameter."};
  }
  net::HttpResponse response = reply.error ? ErrorResponse(*reply.error, reply.error_data)
                                           : JsonResponse(200, std::move(reply.result));
  const base::Time now = exchange_->now();
  RateLimits& limits = IsUsdmPath(endpoint.path) ? usdm_limits_ : limits_;
  const std::string used = std::to_string(limits.used_weight(address, now));
  response.headers.emplace_back("X-MBX-USED-WEIGHT", used);
  response.headers.emplace_back("X-MBX-USED-WEIGHT-1M", used);
  if (reply.ordered_by) {
    response.headers.emplace_back(
        "X-MBX-ORDER-COUNT-10S",
        std::to_string(limits.orders_in_10_seconds(*reply.ordered_by, now)));
    response.headers.emplace_back("X-MBX-ORDER-COUNT-1D",
                                  std::to_string(limits.orders_in_day(*reply.ordered_by, now)));
  }
  if (reply.error && reply.error->retry_after_s > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(reply.error->retry_after_s));
  }
  return response;
}

net::HttpResponse VenueSimServer::AnswerFeed(const net::HttpRequest& request) {
  const NewsWire& news = exchange_->core().news();
  std::string xml = RssFeed(news, public_url_, exchange_->now());
  const std::string etag = "\"" + base::Hex(base::Sha256(xml)).substr(0, 16) + "\"";
  net::HttpResponse response{
      200,
      {{"Content-Type", "application/rss+xml; charset=utf-8"}, {"ETag", etag}},
      std::move(xml)};
  if (!news.stories().empty())
    response.headers.emplace_back("Last-Modified", RssDate(news.stories().back().published));
  if (net::FindHeader(request.headers, "If-None-Match") == etag) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

}  // namespace gannet::venue_sim
