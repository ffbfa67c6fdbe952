#include "services/execution/config.h"

#include <algorithm>
#include <iterator>

#include "libs/base/loopback.h"
#include "libs/config/config.h"
#include "libs/net/network.h"
#include "libs/venue/keyed_venue.h"

namespace gannet::execution {
namespace {

using namespace std::chrono_literals;

constexpr config::Name<VenueKind> kVenues[] = {{"paper", VenueKind::kPaper},
                                               {"binance-spot", VenueKind::kBinanceSpot},
                                               {"binance-usdm", VenueKind::kBinanceUsdm},
                                               {"bybit-spot", VenueKind::kBybitSpot},
                                               {"bybit-linear", VenueKind::kBybitLinear}};
enum class PositionMode : uint8_t { kOneWay = 1, kHedge };
constexpr config::Name<PositionMode> kPositionModes[] = {{"one-way", PositionMode::kOneWay},
                                                         {"hedge", PositionMode::kHedge}};
constexpr config::Name<venue::MarginMode> kMarginModes[] = {
    {"any", venue::MarginMode::kAny},
    {"cross", venue::MarginMode::kCross},
    {"isolated", venue::MarginMode::kIsolated}};
constexpr config::Name<Environment> kEnvironments[] = {{"test-net", Environment::kTestNet},
                                                       {"main-net", Environment::kMainNet}};
constexpr config::Name<ForeignPolicy> kPolicies[] = {{"tolerate", ForeignPolicy::kTolerate},
                                                     {"halt", ForeignPolicy::kHalt},
                                                     {"cancel", ForeignPolicy::kCancel}};

void ReadFee(config::Section& in, std::string_view key, int64_t& ppm) {
  config::Ppm value{ppm};
  in.Optional(key, value, config::Between(config::Ppm{-10'000}, config::Ppm{100'000}));
  ppm = value.value;
}

void ReadRate(config::Section& in, RateLimits& out) {
  in.Optional("weight_per_minute", out.weight_per_minute, config::Between(1, 1'000'000));
  in.Optional("orders_per_second", out.orders_per_second, config::Between(0, 10'000));
  in.Optional("cancels_per_second", out.cancels_per_second, config::Between(0, 10'000));
  in.Optional("orders_per_10s", out.orders_per_10s, config::Between(1, 100'000));
  in.Optional("orders_per_minute", out.orders_per_minute, config::Between(0, 1'000'000));
  in.Optional("orders_per_day", out.orders_per_day, config::Between(1, 100'000'000));
  config::Ppm reserve{out.reserve_ppm};
  in.Optional("reserve_for_cancels", reserve,
              config::Between(config::Ppm{0}, config::Ppm{900'000}));
  out.reserve_ppm = static_cast<uint32_t>(reserve.value);
}

void ReadPaper(config::Section& in, PaperConfig& out) {
  in.Map("deposits", out.deposits);
  ReadFee(in, "maker_fee", out.maker_fee_ppm);
  ReadFee(in, "taker_fee", out.taker_fee_ppm);
  in.Optional("fee_in_received_asset", out.fee_in_received_asset);
  in.Optional("order_latency", out.order_latency, config::Between(0s, 10s));
  in.Optional("cancel_latency", out.cancel_latency, config::Between(0s, 10s));
  config::Ppm protection{out.market_protection_ppm};
  in.Optional("market_protection", protection,
              config::Between(config::Ppm{0}, config::Ppm{1'000'000}));
  out.market_protection_ppm = protection.value;
  for (const auto& [asset, amount] : out.deposits) {
    if (amount.units() < 0) in.Problem("deposits", "must not be negative");
  }
}

constexpr base::Duration kLeastDeadMan = 10s;
constexpr std::string_view kRealDomains[] = {"binance.com",     "bybit.com",    "bytick.com",
                                             "bybit.eu",        "bybit.nl",     "bybit.kz",
                                             "bybitgeorgia.ge", "bybit-tr.com", "bybit.tr"};

void CheckUrl(config::Section& in, std::string_view key, const std::string& text,
              std::string_view secure, Environment environment) {
  const absl::StatusOr<net::Url> url = net::Url::Parse(text);
  if (!url.ok()) return in.Problem(key, std::string(url.status().message()));
  if (IsMainNet(url->host) && environment != Environment::kMainNet) {
    in.Problem(key, url->host +
                        " trades with real money; if that is meant, say environment: main-net, "
                        "otherwise give the address of the test net");
  } else if (!IsMainNet(url->host) && environment == Environment::kMainNet) {
    in.Problem(key, url->host +
                        " is no main net of the venue; say environment: test-net, or "
                        "correct the address");
  }
  if (!url->tls() && !base::IsLoopbackHost(url->host)) {
    in.Problem(key,
               "must begin with " + std::string(secure) + ": orders and keys leave this computer");
  }
}

enum class OrderEntry : uint8_t { kRest = 1, kWebSocket };
constexpr config::Name<OrderEntry> kOrderEntries[] = {{"rest", OrderEntry::kRest},
                                                      {"websocket", OrderEntry::kWebSocket}};
// Spot's order socket is the API of its stream, Bybit's is at the same host. USD-M's has a host
// of its own, which cannot be known from the others.
std::string OrderUrlBeside(VenueKind kind, const LiveConfig& live) {
  if (kind == VenueKind::kBinanceSpot) return live.stream_url;
  absl::StatusOr<net::Url> url = net::Url::Parse(live.stream_url);
  if (!IsBybit(kind) || !url.ok()) return live.order_url;
  url->path = "/v5/trade";
  return url->ToString();
}
constexpr uint32_t kMaxLeverage = 1000;

void ReadSetup(config::Section& in, venue::AccountSetup& out) {
  PositionMode mode = PositionMode::kOneWay;
  in.Optional("position_mode", mode, kPositionModes);
  out.hedge = mode == PositionMode::kHedge;
  in.Optional("margin_mode", out.margin, kMarginModes);
  in.Map("leverage", out.leverage);
  for (const auto& [symbol, leverage] : out.leverage) {
    if (leverage < 1 || leverage > kMaxLeverage)
      in.Problem("leverage", symbol + " must be between 1 and 1000");
  }
}

void ReadLive(config::Section& in, const ExecutionConfig& execution, LiveConfig& out) {
  in.Optional("venue", out.venue);
  in.Optional("rest_url", out.rest_url);
  in.Optional("stream_url", out.stream_url);
  in.RequiredPath("key_file", out.key_file);
  in.RequiredPath("secret_file", out.secret_file);
  in.Optional("placement_window", out.placement_window,
              config::Between(base::Duration(100ms), venue::kMaxPlacementWindow));
  in.Optional("query_window", out.query_window, config::Between(100ms, 60s));
  in.Optional("request_timeout", out.request_timeout, config::Between(1s, 60s));
  in.Optional("self_trade_prevention", out.self_trade_prevention);
  OrderEntry entry = out.orders_by_socket ? OrderEntry::kWebSocket : OrderEntry::kRest;
  in.Optional("order_entry", entry, kOrderEntries);
  out.orders_by_socket = entry == OrderEntry::kWebSocket;
  out.order_url = OrderUrlBeside(execution.venue, out);
  in.Optional("order_url", out.order_url);
  if (execution.venue != VenueKind::kBinanceSpot) {  // which has no such timer
    // Bybit: at most 300 s.
    in.Optional("dead_man", out.dead_man,
                config::Between(0s, IsBybit(execution.venue) ? 300s : 3600s));
    if (out.dead_man > 0s && out.dead_man < kLeastDeadMan)
      in.Problem("dead_man", "must be 0s or at least 10s: it is set again every third of it");
  }
  if (HasPositions(execution.venue)) ReadSetup(in, out.setup);
  in.Optional("rights_url", out.rights_url);
  if (execution.venue == VenueKind::kPaper) return;  // nothing is sent there
  if (execution.check_key && !out.rights_url.empty())
    CheckUrl(in, "rights_url", out.rights_url, "https://", execution.environment);
  CheckUrl(in, "rest_url", out.rest_url, "https://", execution.environment);
  if (out.orders_by_socket)
    CheckUrl(in, "order_url", out.order_url, "wss://", execution.environment);
  CheckUrl(in, "stream_url", out.stream_url, "wss://", execution.environment);
}

}  // namespace

// Binance's test nets are at other domains (binance.vision, binancefuture.com), but for the
// demo; Bybit's have the word in the name.
bool IsMainNet(std::string_view host) {
  const bool there = std::any_of(
      std::begin(kRealDomains), std::end(kRealDomains), [host](std::string_view domain) {
        return host == domain ||
               (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
      });
  return there && host.find("demo") == std::string_view::npos &&
         host.find("testnet") == std::string_view::npos;
}

std::string ConfirmationOf(const ExecutionConfig& config) {
  return "trade real money of " + config.account + " on " + config.live.venue;
}

LiveConfig DefaultsOf(VenueKind kind) {
  LiveConfig config;
  config.order_url = config.stream_url;
  if (kind == VenueKind::kBinanceUsdm) {
    config.venue = "binance-usdm";
    config.rest_url = "https://fapi.binance.com";
    config.stream_url = "wss://fstream.binance.com/private";
    config.order_url = "wss://ws-fapi.binance.com/ws-fapi/v1";
    config.rights_url = "https://api.binance.com";  // keys are of the whole venue
  }
  if (IsBybit(kind)) {
    config.venue = kind == VenueKind::kBybitSpot ? "bybit-spot" : "bybit-linear";
    config.rest_url = "https://api.bybit.com";
    config.stream_url = "wss://stream.bybit.com/v5/private";
    config.order_url = "wss://stream.bybit.com/v5/trade";
  }
  return config;
}

// As exchangeInfo of the venue states them; `gannet venue check` compares.
RateLimits DefaultRateOf(VenueKind kind) {
  RateLimits limits;
  if (kind == VenueKind::kBinanceUsdm) {
    limits.weight_per_minute = 2400;
    limits.orders_per_10s = 300;
    limits.orders_per_minute = 1200;
    limits.orders_per_day = UINT32_MAX;  // none
  }
  if (IsBybit(kind)) {
    // "Rate Limit": 600 requests in 5 s of an address; placements of an account, and cancels as
    // many: 20 a second on spot, 10 on linear.
    limits.weight_per_minute = 6000;
    limits.orders_per_second = limits.cancels_per_second = kind == VenueKind::kBybitSpot ? 20 : 10;
    limits.orders_per_10s = kind == VenueKind::kBybitSpot ? 150 : 80;
    limits.orders_per_day = UINT32_MAX;
  }
  return limits;
}

namespace {

// All of one venue's, but for the environment.
void ReadVenue(config::Section& in, ExecutionConfig& out) {
  in.Optional("account", out.account);
  in.Optional("block_on_unknown", out.block_on_unknown);
  in.Optional("foreign_orders", out.foreign_orders, kPolicies);
  config::Ppm collar{out.flatten_collar_ppm};
  in.Optional("flatten_collar", collar, config::Between(config::Ppm{100}, config::Ppm{200'000}));
  out.flatten_collar_ppm = collar.value;
  in.Optional("four_eyes", out.four_eyes);
  if (!out.four_eyes && out.venue != VenueKind::kPaper)
    in.Problem("four_eyes", "may be off for venue: paper only; leave it out");
  in.Optional("reconcile_every", out.reconcile_every, config::Between(1s, 3600s));
  const bool main_net = out.environment == Environment::kMainNet && out.venue != VenueKind::kPaper;
  out.check_key = main_net;
  in.Optional("check_key", out.check_key);
  if (out.check_key && out.venue == VenueKind::kPaper)
    in.Problem("check_key", "has no meaning for venue: paper, which has no key; leave it out");
  if (main_net && !out.check_key)
    in.Problem("check_key", "may be off on a test net only; leave it out");
  out.rate = DefaultRateOf(out.venue);
  out.live = DefaultsOf(out.venue);
  in.OptionalSection("rate", [&](config::Section& part) { ReadRate(part, out.rate); });
  in.OptionalSection("paper", [&](config::Section& part) { ReadPaper(part, out.paper); });
  const auto live = [&](config::Section& part) { ReadLive(part, out, out.live); };
  if (out.venue == VenueKind::kPaper) {
    in.OptionalSection("binance", live);
  } else {
    in.RequiredSection(IsBybit(out.venue) ? "bybit" : "binance", live);
  }
  std::string typed;
  in.Optional("confirm", typed);
  if (main_net && typed != ConfirmationOf(out)) {
    in.Problem("confirm", "orders would trade real money; if that is meant, type\n  confirm: " +
                              ConfirmationOf(out));
  }
  const size_t slash = out.account.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == out.account.size() ||
      out.account.find('/', slash + 1) != std::string::npos) {
    in.Problem("account", "must be tenant/account, for example main/paper");
  }
}

// Two of one wallet would each take what is free for their own.
bool ShareWallet(const ExecutionConfig& one, const ExecutionConfig& other) {
  return IsBybit(one.venue) && IsBybit(other.venue) && one.account == other.account;
}

void ReadMore(config::Section& in, ExecutionConfig& out) {
  ExecutionConfig usual = out;
  in.Items("more_venues", out.more, [&](config::Section& item, ExecutionConfig& more) {
    more = usual;
    item.Required("venue", more.venue, kVenues);
    if (more.venue == VenueKind::kPaper) {
      return item.Problem("venue", "paper stands alone: it takes the orders of every venue");
    }
    ReadVenue(item, more);
  });
  if (out.more.empty()) return;
  if (out.venue == VenueKind::kPaper)
    in.Problem("more_venues", "venue: paper takes the orders of every venue; leave it out");
  for (auto more = out.more.begin(); more != out.more.end(); ++more) {
    const auto clashes = [&](const ExecutionConfig& earlier) {
      if (earlier.live.venue == more->live.venue)
        in.Problem("more_venues", more->live.venue + " stands there twice");
      if (ShareWallet(earlier, *more)) {
        in.Problem("more_venues", more->live.venue + " and " + earlier.live.venue +
                                      " draw on one wallet; name another account");
      }
    };
    clashes(out);
    std::for_each(out.more.begin(), more, clashes);
  }
}

}  // namespace

void Read(config::Section& in, ExecutionConfig& out) {
  in.Optional("venue", out.venue, kVenues);
  in.Optional("environment", out.environment, kEnvironments);
  ReadVenue(in, out);
  ReadMore(in, out);
}

}  // namespace gannet::execution
