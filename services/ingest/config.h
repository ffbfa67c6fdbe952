// Settings of ingest. Example: config/ingest.yaml.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "libs/config/config.h"
#include "services/ingest/market_product.h"
#include "services/ingest/news_config.h"

namespace gannet::ingest {

struct VenueConfig {
  std::string name = "binance-spot";  // first part of the instrument ids
  MarketProduct kind = venue::binance::Product::kSpot;
  // Base addresses; "/stream" and "/api/v3/…" (Bybit: "/v5/…") are put behind them. Empty: the
  // venue's own. Trades and klines may be served elsewhere than the book (USD-M); empty beside an
  // address of one's own: not.
  std::string ws_url, ws_trades_url, rest_url;
  std::vector<std::string> instruments;  // symbols as the venue writes them
  std::string depth_speed = "100ms";     // "100ms", "250ms", "500ms", "1s"; Bybit: by the depth
  uint32_t snapshot_depth = 1000;        // levels a side; Bybit: of its book, 1, 50, 200 or 1000
  bool klines = false;
  venue::TradeStream trades = venue::TradeStream::kEach;  // futures: kAggregate
  base::Duration rotate_after = std::chrono::hours(23);   // the venue cuts a connection after 24 h
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

void ReadIngestConfig(config::Section& in, IngestConfig& out);
// Strict: INVALID_ARGUMENT with every error of the file, or what reading it says.
absl::StatusOr<IngestConfig> LoadIngestConfig(base::Files& files, const std::string& path);
absl::StatusOr<IngestConfig> ParseIngestConfig(std::string_view yaml, std::string_view name);

}  // namespace gannet::ingest
