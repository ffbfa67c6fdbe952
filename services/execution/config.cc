#include "services/execution/config.h"

#include "libs/config/config.h"
#include "libs/net/network.h"
#include "libs/venue/binance/spot_order_venue.h"

namespace gannet::execution {
namespace {

using namespace std::chrono_literals;

constexpr config::Name<VenueKind> kVenues[] = {{"paper", VenueKind::kPaper},
                                               {"binance-spot", VenueKind::kBinanceSpot},
                                               {"binance-usdm", VenueKind::kBinanceUsdm}};
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

bool Loopback(const net::Url& url) {
  return url.host == "127.0.0.1" || url.host == "::1" || url.host == "localhost";
}

void CheckUrl(config::Section& in, std::string_view key, const std::string& text,
              std::string_view secure, Environment environment) {
  const absl::StatusOr<net::Url> url = net::Url::Parse(text);
  if (!url.ok()) return in.Problem(key, std::string(url.status().message()));
  if (IsMainNet(url->host) && environment != Environment::kMainNet) {
    in.Problem(key,
               url->host + " trades with real money; if that is meant, say environment: main-net");
  } else if (!IsMainNet(url->host) && environment == Environment::kMainNet) {
    in.Problem(key, url->host +
                        " is no main net of the venue; say environment: test-net, or "
                        "correct the address");
  }
  if (!url->tls() && !Loopback(*url)) {
    in.Problem(key,
               "must begin with " + std::string(secure) + ": orders and keys leave this computer");
  }
}

void ReadBinance(config::Section& in, const ExecutionConfig& execution, BinanceConfig& out) {
  in.Optional("venue", out.venue);
  in.Optional("rest_url", out.rest_url);
  in.Optional("stream_url", out.stream_url);
  in.RequiredPath("key_file", out.key_file);
  in.RequiredPath("secret_file", out.secret_file);
  in.Optional("placement_window", out.placement_window,
              config::Between(base::Duration(100ms), venue::binance::kMaxPlacementWindow));
  in.Optional("query_window", out.query_window, config::Between(100ms, 60s));
  in.Optional("request_timeout", out.request_timeout, config::Between(1s, 60s));
  in.Optional("self_trade_prevention", out.self_trade_prevention);
  if (execution.venue == VenueKind::kBinanceUsdm) {
    in.Optional("dead_man", out.dead_man, config::Between(0s, 3600s));
    if (out.dead_man > 0s && out.dead_man < kLeastDeadMan)
      in.Problem("dead_man", "must be 0s or at least 10s: it is set again every third of it");
  }
  if (execution.venue == VenueKind::kPaper) return;  // nothing is sent there
  CheckUrl(in, "rest_url", out.rest_url, "https://", execution.environment);
  CheckUrl(in, "stream_url", out.stream_url, "wss://", execution.environment);
}

}  // namespace

// Test nets are at other domains (binance.vision, binancefuture.com), but for the demo.
bool IsMainNet(std::string_view host) {
  constexpr std::string_view kDomain = "binance.com";
  const bool there = host == kDomain || host.ends_with(".binance.com");
  return there && !host.starts_with("demo-") && !host.starts_with("testnet");
}

BinanceConfig DefaultsOf(VenueKind kind) {
  BinanceConfig config;
  if (kind == VenueKind::kBinanceUsdm) {
    config.venue = "binance-usdm";
    config.rest_url = "https://fapi.binance.com";
    config.stream_url = "wss://fstream.binance.com/private";
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
  return limits;
}

void Read(config::Section& in, ExecutionConfig& out) {
  in.Optional("venue", out.venue, kVenues);
  in.Optional("environment", out.environment, kEnvironments);
  in.Optional("account", out.account);
  in.Optional("block_on_unknown", out.block_on_unknown);
  in.Optional("foreign_orders", out.foreign_orders, kPolicies);
  in.Optional("reconcile_every", out.reconcile_every, config::Between(1s, 3600s));
  out.rate = DefaultRateOf(out.venue);
  out.binance = DefaultsOf(out.venue);
  in.OptionalSection("rate", [&](config::Section& part) { ReadRate(part, out.rate); });
  in.OptionalSection("paper", [&](config::Section& part) { ReadPaper(part, out.paper); });
  const auto binance = [&](config::Section& part) { ReadBinance(part, out, out.binance); };
  if (out.venue == VenueKind::kPaper) {
    in.OptionalSection("binance", binance);
  } else {
    in.RequiredSection("binance", binance);
  }
  const size_t slash = out.account.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == out.account.size() ||
      out.account.find('/', slash + 1) != std::string::npos) {
    in.Problem("account", "must be tenant/account, for example main/paper");
  }
}

}  // namespace gannet::execution
