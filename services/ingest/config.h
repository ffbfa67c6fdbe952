// Settings of ingest. Example: config/ingest.yaml.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "libs/config/config.h"
#include "libs/venue/binance/market_codec.h"
#include "libs/venue/binance/product.h"
#include "services/ingest/news_config.h"

namespace gannet::ingest {

struct VenueConfig {
  std::string name = "binance-spot";  // first part of the instrument ids
  venue::binance::Product kind = venue::binance::Product::kSpot;
  // Base addresses; "/stream" and "/api/v3/…" are put behind them. Empty: the venue's
  // own. Trades and klines may be served elsewhere than the book (USD-M); empty: not.
  std::string ws_url, ws_trades_url, rest_url;
  std::vector<std::string> instruments;  // symbols as the venue writes them
  std::string depth_speed = "100ms";     // "100ms", "250ms", "500ms", "1s"
  uint32_t snapshot_depth = 1000;        // levels a side
  bool klines = false;
  venue::binance::TradeStream trades = venue::binance::TradeStream::kEach;  // futures: kAggregate
  base::Duration rotate_after = std::chrono::hours(23);  // the venue cuts a connection after 24 h
  base::Duration connection_silence = std::chrono::seconds(30);
  base::Duration book_silence{0};
  // The whole of each VALID book again this often, for consumers in other processes that
  // came later or missed something; 0: never.
  base::Duration book_refresh{0};
  base::Duration definitions_every = std::chrono::hours(1);
};

struct IngestConfig {
  std::vector<VenueConfig> venues;
  NewsConfig news;
};

// The addresses that Binance publishes for this product.
std::string DefaultWsUrl(venue::binance::Product kind);
std::string DefaultRestUrl(venue::binance::Product kind);

void ReadIngestConfig(config::Section& in, IngestConfig& out);
// Strict: INVALID_ARGUMENT with every error of the file, or what reading it says.
absl::StatusOr<IngestConfig> LoadIngestConfig(base::Files& files, const std::string& path);
absl::StatusOr<IngestConfig> ParseIngestConfig(std::string_view yaml, std::string_view name);

}  // namespace gannet::ingest
