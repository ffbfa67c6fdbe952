#include "services/execution/app.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "libs/venue/binance/spot_order_venue.h"
#include "libs/venue/binance/usdm_order_venue.h"
#include "libs/venue/binance/usdm_requests.h"

namespace gannet::execution {
namespace {

// Key, secret and what else the options of both products share.
template <class Options>
absl::Status ReadOptions(const BinanceConfig& config, base::Files& files, Options& out) {
  out.venue = config.venue;
  out.placement_window = config.placement_window;
  out.query_window = config.query_window;
  out.self_trade_prevention = config.self_trade_prevention;
  GANNET_ASSIGN_OR_RETURN(out.api_key,
                          config::ReadSecret(files, config.key_file, "execution.binance.key_file"));
  GANNET_ASSIGN_OR_RETURN(
      out.secret, config::ReadSecret(files, config.secret_file, "execution.binance.secret_file"));
  return absl::OkStatus();
}

template <class Venue, class Options>
absl::StatusOr<ExecutionService::Parts> BinanceParts(const BinanceConfig& config,
                                                     base::Files& files) {
  Options venue;
  GANNET_RETURN_IF_ERROR(ReadOptions(config, files, venue));
  if (const absl::Status usable = Venue::Check(venue); !usable.ok())
    return base::Annotate(usable, "execution.binance");
  VenueSessionOptions session;
  GANNET_ASSIGN_OR_RETURN(session.rest, net::Url::Parse(config.rest_url));
  GANNET_ASSIGN_OR_RETURN(session.stream, net::Url::Parse(config.stream_url));
  session.key_header.assign(venue::binance::kApiKeyHeader);
  session.api_key = venue.api_key;
  session.request_timeout = config.request_timeout;
  ExecutionService::Parts parts;
  parts.venue = std::make_unique<Venue>(std::move(venue));
  parts.session = std::move(session);
  return parts;
}

absl::StatusOr<std::string> PathOfListenKey(std::string_view body) {
  venue::binance::usdm::Reader reader;
  GANNET_ASSIGN_OR_RETURN(const std::string key, reader.ReadListenKey(body));
  return venue::binance::usdm::StreamPath(key);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExecutionService>> BuildExecution(const ExecutionConfig& config,
                                                                 runtime::Deps& deps,
                                                                 SendGate gate) {
  ExecutionService::Parts parts;
  namespace binance = venue::binance;
  if (config.venue == VenueKind::kBinanceSpot) {
    GANNET_ASSIGN_OR_RETURN(
        parts, (BinanceParts<binance::SpotOrderVenue, binance::SpotOrderOptions>(config.binance,
                                                                                 deps.files)));
  } else if (config.venue == VenueKind::kBinanceUsdm) {
    GANNET_ASSIGN_OR_RETURN(
        parts, (BinanceParts<binance::UsdmOrderVenue, binance::UsdmOrderOptions>(config.binance,
                                                                                 deps.files)));
    parts.session->path_of_key = PathOfListenKey;
  }
  return std::make_unique<ExecutionService>(config, deps, std::move(parts), std::move(gate));
}

}  // namespace gannet::execution
