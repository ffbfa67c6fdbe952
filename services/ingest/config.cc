#include "services/ingest/config.h"

#include <algorithm>
#include <set>

#include "libs/base/loopback.h"
#include "libs/net/network.h"
#include "libs/venue/bybit/market_codec.h"

namespace gannet::ingest {
namespace {

using config::Between;
using config::Section;
using venue::TradeStream;
using venue::binance::Product;
using venue::bybit::Category;
using namespace std::chrono_literals;

enum class Kind { kSpot, kUsdm, kCoinm, kBybitSpot, kBybitLinear };
constexpr config::Name<Kind> kKinds[] = {{"spot", Kind::kSpot},
                                         {"usdm", Kind::kUsdm},
                                         {"coinm", Kind::kCoinm},
                                         {"bybit-spot", Kind::kBybitSpot},
                                         {"bybit-linear", Kind::kBybitLinear}};
constexpr MarketProduct kProducts[] = {Product::kSpot, Product::kUsdm, Product::kCoinm,
                                       Category::kSpot, Category::kLinear};
constexpr config::Name<TradeStream> kTrades[] = {{"none", TradeStream::kNone},
                                                 {"each", TradeStream::kEach},
                                                 {"aggregate", TradeStream::kAggregate}};

constexpr uint32_t kBybitLevels = 50;  // the fastest book that is more than its top

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

// What only one of the venues knows; the rest of its defaults.
void ReadBinance(Section& in, Product product, VenueConfig& out) {
  const bool spot = product == Product::kSpot;
  in.Optional("depth_speed", out.depth_speed);
  in.Optional("snapshot_depth", out.snapshot_depth, Between(5u, 5000u));
  in.Optional("klines", out.klines);
  out.trades = spot ? TradeStream::kEach : TradeStream::kAggregate;
  in.Optional("trades", out.trades, kTrades);
  const std::set<std::string> speeds = spot ? std::set<std::string>{"100ms", "1s"}
                                            : std::set<std::string>{"100ms", "250ms", "500ms"};
  if (!speeds.contains(out.depth_speed)) {
    in.Problem("depth_speed",
               spot ? "must be 100ms or 1s on spot" : "must be 100ms, 250ms or 500ms on futures");
  }
  if (product == Product::kUsdm && out.ws_trades_url.empty() &&
      out.ws_url.starts_with("wss://fstream.binance.com")) {
    in.Problem("ws_url",
               "is without trades since 2026-04-23: take it out, or give ws_trades_url "
               "(wss://fstream.binance.com/market) beside wss://fstream.binance.com/public");
  }
  if (!spot && out.snapshot_depth > 1000)
    in.Problem("snapshot_depth", "must be at most 1000 on futures");
}

void ReadBybit(Section& in, VenueConfig& out) {
  out.depth_speed.clear();
  in.Optional("depth_speed", out.depth_speed);
  out.snapshot_depth = kBybitLevels;
  in.Optional("snapshot_depth", out.snapshot_depth);
  in.Optional("klines", out.klines);
  in.Optional("trades", out.trades, kTrades);
  if (!out.depth_speed.empty())
    in.Problem("depth_speed", "is not Bybit's: its pace follows from snapshot_depth; take it out");
  if (std::ranges::find(venue::bybit::kBookLevels, out.snapshot_depth) ==
      std::end(venue::bybit::kBookLevels))
    in.Problem("snapshot_depth", "must be 1, 50, 200 or 1000 on Bybit");
  if (out.klines)
    in.Problem("klines", "is not read from Bybit: bars are made of its trades; take it out");
  if (out.trades == TradeStream::kAggregate) in.Problem("trades", "must be each or none on Bybit");
}

void ReadVenue(Section& in, VenueConfig& out) {
  in.Required("name", out.name);
  Kind kind = Kind::kSpot;
  in.Required("kind", kind, kKinds);
  out.kind = kProducts[static_cast<size_t>(kind)];
  in.Optional("ws_url", out.ws_url);
  in.Optional("ws_trades_url", out.ws_trades_url);
  in.Optional("rest_url", out.rest_url);
  in.List("instruments", out.instruments, {.min = 1, .max = 500});
  if (const auto* product = std::get_if<Product>(&out.kind)) {
    ReadBinance(in, *product, out);
  } else {
    ReadBybit(in, out);
  }
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
  std::set<std::string> seen;
  for (const std::string& symbol : out.instruments) {
    if (!venue::IsSymbol(symbol))
      in.Problem("instruments", "'" + symbol + "' is not a symbol such as BTCUSDT");
    if (!seen.insert(symbol).second) in.Problem("instruments", "'" + symbol + "' appears twice");
  }
}

}  // namespace

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
