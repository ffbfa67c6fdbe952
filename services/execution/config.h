// Settings of execution.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/venue/keyed_venue.h"
#include "services/execution/execution_engine.h"

namespace gannet::config {
class Section;
}

namespace gannet::execution {

// Where orders go. kPaper: nowhere, they are matched in this process against the
// market that it sees.
enum class VenueKind : uint8_t { kPaper = 1, kBinanceSpot, kBinanceUsdm, kBybitSpot, kBybitLinear };
constexpr bool IsBybit(VenueKind kind) {
  return kind == VenueKind::kBybitSpot || kind == VenueKind::kBybitLinear;
}
constexpr bool HasPositions(VenueKind kind) {
  return kind == VenueKind::kBinanceUsdm || kind == VenueKind::kBybitLinear;
}

// Whose money it is. Orders reach a main net only when the settings say so by name, and
// nothing else then.
enum class Environment : uint8_t { kTestNet = 1, kMainNet };

struct PaperConfig {
  std::map<std::string, market::Money> deposits = {{"USDT", market::Money(100'000, 0)}};
  int64_t maker_fee_ppm = 1000, taker_fee_ppm = 1000;
  bool fee_in_received_asset = false;  // as spot venues do; otherwise in the quote asset
  base::Duration order_latency = std::chrono::milliseconds(20);
  base::Duration cancel_latency = std::chrono::milliseconds(20);
  int64_t market_protection_ppm = 50'000;
};

// Of any venue. Addresses: of the main net of the product unless stated.
struct LiveConfig {
  std::string venue = "binance-spot";  // in instrument ids
  std::string rest_url = "https://api.binance.com";
  std::string stream_url = "wss://ws-api.binance.com:443/ws-api/v3";
  // Each holds one line and is readable by its owner only.
  std::string key_file, secret_file;
  // Where the venue says what a key may do; empty: at rest_url.
  std::string rights_url;
  // Orders go over a WebSocket of their own, at order_url, while it is open; otherwise by REST.
  bool orders_by_socket = true;
  std::string order_url;
  base::Duration placement_window = std::chrono::seconds(2);
  base::Duration query_window = std::chrono::seconds(5);
  base::Duration request_timeout = std::chrono::seconds(10);
  std::string self_trade_prevention;
  venue::AccountSetup setup;  // of accounts with positions
  // The venue cancels what is open this long after it last heard of us; zero: never.
  base::Duration dead_man{0};
};

struct ExecutionConfig {
  VenueKind venue = VenueKind::kPaper;
  Environment environment = Environment::kTestNet;
  std::string account = "main/paper";
  bool block_on_unknown = false;
  ForeignPolicy foreign_orders = ForeignPolicy::kTolerate;
  int64_t flatten_collar_ppm = 10'000;  // as of ExecutionOptions
  bool four_eyes = true;                // of adjustments; off for paper only
  bool check_key = false;               // what the key may do; on a main net always
  base::Duration reconcile_every = std::chrono::seconds(60);
  RateLimits rate;
  PaperConfig paper;
  LiveConfig live;  // `binance` or `bybit` in the file
  // Further venues of the same process, each with a session and an engine of its own
  // (`more_venues`); what is stated above is their default but for venue, rate and live.
  std::vector<ExecutionConfig> more;
};

// Where orders of this kind go, and the venue's limits, unless configured otherwise.
LiveConfig DefaultsOf(VenueKind kind);
RateLimits DefaultRateOf(VenueKind kind);

// What a person types as `confirm` before real money is traded with.
std::string ConfirmationOf(const ExecutionConfig& config);

// True for a host of a venue where real money is.
bool IsMainNet(std::string_view host);

// Reads the section of this service.
void Read(config::Section& in, ExecutionConfig& out);

}  // namespace gannet::execution
