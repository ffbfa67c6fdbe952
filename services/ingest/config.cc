#include "services/ingest/config.h"

#include <set>

#include "libs/base/loopback.h"
#include "libs/net/network.h"

namespace gannet::ingest {
namespace {

using config::Between;
using config::Section;
using venue::binance::Product;
using venue::binance::TradeStream;
using namespace std::chrono_literals;

constexpr config::Name<Product> kKinds[] = {
    {"spot", Product::kSpot}, {"usdm", Product::kUsdm}, {"coinm", Product::kCoinm}};
constexpr config::Name<TradeStream> kTrades[] = {{"none", TradeStream::kNone},
                                                 {"each", TradeStream::kEach},
                                                 {"aggregate", TradeStream::kAggregate}};

void CheckUrl(Section& in, std::string_view key, const std::string& url, std::string_view plain,
              std::string_view secure) {
  const auto starts = [&url](std::string_view scheme) {
    return url.substr(0, scheme.size()) == scheme;
  };
  if (!url.empty() && !starts(plain) && !starts(secure)) {
    in.Problem(key, "must begin with " + std::string(secure) + " or " + std::string(plain));
  }
  if (!url.empty() && url.back() == '/') in.Problem(key, "must not end with /");
  const absl::StatusOr<net::Url> parsed = net::Url::Parse(url);
  if (parsed.ok() && !parsed->tls() && !base::IsLoopbackHost(parsed->host)) {
    in.Problem(key, "must begin with " + std::string(secure) +
                        ": on the way from another machine prices could be changed");
  }
}

void ReadVenue(Section& in, VenueConfig& out) {
  in.Required("name", out.name);
  in.Required("kind", out.kind, kKinds);
  in.Optional("ws_url", out.ws_url);
  in.Optional("ws_trades_url", out.ws_trades_url);
  in.Optional("rest_url", out.rest_url);
  in.List("instruments", out.instruments, {.min = 1, .max = 500});
  in.Optional("depth_speed", out.depth_speed);
  in.Optional("snapshot_depth", out.snapshot_depth, Between(5u, 5000u));
  in.Optional("klines", out.klines);
  out.trades = out.kind == Product::kSpot ? TradeStream::kEach : TradeStream::kAggregate;
  in.Optional("trades", out.trades, kTrades);
  in.Optional("rotate_after", out.rotate_after, Between(1min, 24h));
  in.Optional("connection_silence", out.connection_silence, Between(1s, 10min));
  in.Optional("book_silence", out.book_silence, Between(0s, 24h));
  in.Optional("book_refresh", out.book_refresh, Between(0s, 1h));
  in.Optional("definitions_every", out.definitions_every, Between(1min, 24h));

  if (out.name.empty() || out.name.find_first_of(": \t|/") != std::string::npos) {
    in.Problem("name", "must not be empty or contain space, ':', '|' or '/'");
  }
  CheckUrl(in, "ws_url", out.ws_url, "ws://", "wss://");
  CheckUrl(in, "ws_trades_url", out.ws_trades_url, "ws://", "wss://");
  CheckUrl(in, "rest_url", out.rest_url, "http://", "https://");
  const std::set<std::string> speeds = out.kind == Product::kSpot
                                           ? std::set<std::string>{"100ms", "1s"}
                                           : std::set<std::string>{"100ms", "250ms", "500ms"};
  if (!speeds.contains(out.depth_speed)) {
    in.Problem("depth_speed", out.kind == Product::kSpot
                                  ? "must be 100ms or 1s on spot"
                                  : "must be 100ms, 250ms or 500ms on futures");
  }
  if (out.kind != Product::kSpot && out.snapshot_depth > 1000)
    in.Problem("snapshot_depth", "must be at most 1000 on futures");
  std::set<std::string> seen;
  for (const std::string& symbol : out.instruments) {
    if (!venue::binance::IsSymbol(symbol))
      in.Problem("instruments", "'" + symbol + "' is not a symbol such as BTCUSDT");
    if (!seen.insert(symbol).second) in.Problem("instruments", "'" + symbol + "' appears twice");
  }
}

}  // namespace

std::string DefaultWsUrl(Product kind) {
  switch (kind) {
    case Product::kSpot:
      return "wss://stream.binance.com:9443";
    case Product::kUsdm:
      return "wss://fstream.binance.com";
    case Product::kCoinm:
      return "wss://dstream.binance.com";
  }
  return "";
}

std::string DefaultRestUrl(Product kind) {
  switch (kind) {
    case Product::kSpot:
      return "https://api.binance.com";
    case Product::kUsdm:
      return "https://fapi.binance.com";
    case Product::kCoinm:
      return "https://dapi.binance.com";
  }
  return "";
}

void ReadIngestConfig(Section& in, IngestConfig& out) {
  in.Items("venues", out.venues, ReadVenue, {.max = 8});
  in.OptionalSection("news", [&out](Section& news) { Read(news, out.news); });
  std::set<std::string> names;
  for (const VenueConfig& venue : out.venues) {
    if (!names.insert(venue.name).second)
      in.Problem("venues", "two venues are named '" + venue.name + "'");
  }
}

absl::StatusOr<IngestConfig> LoadIngestConfig(base::Files& files, const std::string& path) {
  return config::LoadFile<IngestConfig>(files, path, ReadIngestConfig);
}

absl::StatusOr<IngestConfig> ParseIngestConfig(std::string_view yaml, std::string_view name) {
  return config::LoadText<IngestConfig>(yaml, name, ReadIngestConfig);
}

}  // namespace gannet::ingest
