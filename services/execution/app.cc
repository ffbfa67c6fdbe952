#include "services/execution/app.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "libs/venue/binance/socket_answers.h"
#include "libs/venue/binance/spot_order_venue.h"
#include "libs/venue/binance/usdm_order_venue.h"
#include "libs/venue/binance/usdm_requests.h"
#include "libs/venue/bybit/order_venue.h"
#include "libs/venue/bybit/socket_answers.h"
#include "libs/venue/bybit/transport.h"

namespace gannet::execution {
namespace {

absl::StatusOr<venue::KeyedVenueOptions> ReadOptions(const LiveConfig& config,
                                                     const std::string& section,
                                                     base::Files& files) {
  venue::KeyedVenueOptions out;
  out.venue = config.venue;
  out.placement_window = config.placement_window;
  out.query_window = config.query_window;
  out.self_trade_prevention = config.self_trade_prevention;
  out.setup = config.setup;
  out.dead_man = config.dead_man;
  GANNET_ASSIGN_OR_RETURN(out.api_key,
                          config::ReadSecret(files, config.key_file, section + ".key_file"));
  GANNET_ASSIGN_OR_RETURN(
      out.secret, config::ReadSigningKey(files, config.secret_file, section + ".secret_file"));
  return out;
}

template <class Venue>
absl::StatusOr<ExecutionService::Parts> LiveParts(const LiveConfig& config,
                                                  const std::string& section,
                                                  std::string_view key_header,
                                                  const venue::SocketProtocol& protocol,
                                                  base::Files& files) {
  GANNET_ASSIGN_OR_RETURN(venue::KeyedVenueOptions options, ReadOptions(config, section, files));
  if (const absl::Status usable = Venue::Check(options); !usable.ok())
    return base::Annotate(usable, section);
  VenueSessionOptions session;
  GANNET_ASSIGN_OR_RETURN(session.rest, net::Url::Parse(config.rest_url));
  GANNET_ASSIGN_OR_RETURN(session.stream, net::Url::Parse(config.stream_url));
  GANNET_ASSIGN_OR_RETURN(
      session.rights,
      net::Url::Parse(config.rights_url.empty() ? config.rest_url : config.rights_url));
  session.key_header.assign(key_header);
  session.api_key = options.api_key;
  session.request_timeout = config.request_timeout;
  ExecutionService::Parts parts;
  auto venue = std::make_unique<Venue>(std::move(options));
  if (config.orders_by_socket) {
    OrderSocketOptions& orders = parts.orders.emplace();
    GANNET_ASSIGN_OR_RETURN(orders.url, net::Url::Parse(config.order_url));
    orders.protocol = protocol;
    if (const auto ping = venue->Heartbeat()) orders.ping = ping->body;
    orders.request_timeout = config.request_timeout;
    parts.keyed = venue.get();
  }
  parts.venue = std::move(venue);
  parts.session = std::move(session);
  return parts;
}

absl::StatusOr<std::string> PathOfListenKey(std::string_view body) {
  venue::binance::usdm::Reader reader;
  GANNET_ASSIGN_OR_RETURN(const std::string key, reader.ReadListenKey(body));
  return venue::binance::usdm::StreamPath(key);
}

absl::StatusOr<ExecutionService::Parts> PartsOf(const ExecutionConfig& config, base::Files& files) {
  ExecutionService::Parts parts;
  namespace binance = venue::binance;
  namespace bybit = venue::bybit;
  switch (config.venue) {
    case VenueKind::kPaper:
      break;
    case VenueKind::kBinanceSpot: {
      GANNET_ASSIGN_OR_RETURN(parts, LiveParts<binance::SpotOrderVenue>(
                                         config.live, "execution.binance", binance::kApiKeyHeader,
                                         binance::SocketProtocolOf(), files));
      break;
    }
    case VenueKind::kBinanceUsdm: {
      GANNET_ASSIGN_OR_RETURN(parts, LiveParts<binance::UsdmOrderVenue>(
                                         config.live, "execution.binance", binance::kApiKeyHeader,
                                         binance::SocketProtocolOf(), files));
      parts.session->path_of_key = PathOfListenKey;
      break;
    }
    case VenueKind::kBybitSpot: {
      GANNET_ASSIGN_OR_RETURN(
          parts, LiveParts<bybit::SpotVenue>(config.live, "execution.bybit", bybit::kKeyHeader,
                                             bybit::SocketProtocolOf(), files));
      break;
    }
    case VenueKind::kBybitLinear: {
      GANNET_ASSIGN_OR_RETURN(
          parts, LiveParts<bybit::LinearVenue>(config.live, "execution.bybit", bybit::kKeyHeader,
                                               bybit::SocketProtocolOf(), files));
      break;
    }
  }
  return parts;
}

}  // namespace

absl::Status CheckFiles(base::Files& files, const ExecutionConfig& config) {
  GANNET_RETURN_IF_ERROR(PartsOf(config, files).status());
  for (const ExecutionConfig& more : config.more)
    GANNET_RETURN_IF_ERROR(PartsOf(more, files).status());
  return absl::OkStatus();
}

absl::StatusOr<Executions> BuildExecution(const ExecutionConfig& config, runtime::Deps& deps,
                                          const SendGate& gate) {
  Executions built;
  const auto build = [&](const ExecutionConfig& one, Domain domain) -> absl::Status {
    GANNET_ASSIGN_OR_RETURN(ExecutionService::Parts parts, PartsOf(one, deps.files));
    parts.domain = std::move(domain);
    built.push_back(std::make_unique<ExecutionService>(one, deps, std::move(parts), gate));
    return absl::OkStatus();
  };
  Domain first;
  for (const ExecutionConfig& more : config.more) first.elsewhere.insert(more.live.venue);
  GANNET_RETURN_IF_ERROR(build(config, std::move(first)));
  for (const ExecutionConfig& more : config.more) {
    const std::string& venue = more.live.venue;
    GANNET_RETURN_IF_ERROR(
        build(more, {.engine = absl::StrCat(kEngineName, ":", venue), .venue = venue}));
  }
  return built;
}

}  // namespace gannet::execution
