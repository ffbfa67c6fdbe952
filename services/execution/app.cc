#include "services/execution/app.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/venue/binance/spot_order_venue.h"

namespace gannet::execution {
namespace {

constexpr size_t kMaxKeyBytes = 1024;

// One line of letters and digits, in a file that nobody else can read.
absl::StatusOr<std::string> ReadSecret(base::Files& files, const std::string& path,
                                       const char* key) {
  GANNET_ASSIGN_OR_RETURN(const int mode, files.Mode(path));
  if ((mode & 077) != 0) {
    return absl::PermissionDeniedError(absl::StrCat("others may read ", path, "; run chmod 600 ",
                                                    path, " and make a new key if they may have"));
  }
  GANNET_ASSIGN_OR_RETURN(std::string text, files.ReadRange(path, 0, kMaxKeyBytes));
  absl::StripAsciiWhitespace(&text);
  const bool plain =
      !text.empty() && text.size() < kMaxKeyBytes &&
      std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
      });
  if (!plain) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, " holds no key: one line of letters and digits is expected; see execution.binance.",
        key));
  }
  return text;
}

absl::StatusOr<ExecutionService::Parts> BinanceParts(const BinanceConfig& config,
                                                     base::Files& files) {
  venue::binance::SpotOrderOptions venue;
  venue.venue = config.venue;
  venue.placement_window = config.placement_window;
  venue.query_window = config.query_window;
  venue.self_trade_prevention = config.self_trade_prevention;
  GANNET_ASSIGN_OR_RETURN(venue.api_key, ReadSecret(files, config.key_file, "key_file"));
  GANNET_ASSIGN_OR_RETURN(venue.secret, ReadSecret(files, config.secret_file, "secret_file"));
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
