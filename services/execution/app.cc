#include "services/execution/app.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "libs/venue/binance/spot_order_venue.h"

namespace gannet::execution {
namespace {

absl::StatusOr<ExecutionService::Parts> BinanceParts(const BinanceConfig& config,
                                                     base::Files& files) {
  venue::binance::SpotOrderOptions venue;
  venue.venue = config.venue;
  venue.placement_window = config.placement_window;
  venue.query_window = config.query_window;
  venue.self_trade_prevention = config.self_trade_prevention;
  GANNET_ASSIGN_OR_RETURN(venue.api_key,
                          config::ReadSecret(files, config.key_file, "execution.binance.key_file"));
  GANNET_ASSIGN_OR_RETURN(
      venue.secret, config::ReadSecret(files, config.secret_file, "execution.binance.secret_file"));
  if (const absl::Status usable = venue::binance::SpotOrderVenue::Check(venue); !usable.ok())
    return base::Annotate(usable, "execution.binance");
  VenueSessionOptions session;
  GANNET_ASSIGN_OR_RETURN(session.rest, net::Url::Parse(config.rest_url));
  GANNET_ASSIGN_OR_RETURN(session.stream, net::Url::Parse(config.stream_url));
  session.key_header.assign(venue::binance::kApiKeyHeader);
  session.api_key = venue.api_key;
  session.request_timeout = config.request_timeout;
  ExecutionService::Parts parts;
  parts.venue = std::make_unique<venue::binance::SpotOrderVenue>(std::move(venue));
  parts.session = std::move(session);
  return parts;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExecutionService>> BuildExecution(const ExecutionConfig& config,
                                                                 runtime::Deps& deps,
                                                                 SendGate gate) {
  ExecutionService::Parts parts;
  if (config.venue == VenueKind::kBinanceSpot) {
    GANNET_ASSIGN_OR_RETURN(parts, BinanceParts(config.binance, deps.files));
  }
  return std::make_unique<ExecutionService>(config, deps, std::move(parts), std::move(gate));
}

}  // namespace gannet::execution
