#include "services/execution/config.h"

#include "libs/config/config.h"
#include "libs/net/network.h"
#include "libs/venue/binance/spot_order_venue.h"

namespace gannet::execution {
namespace {

using namespace std::chrono_literals;

constexpr config::Name<VenueKind> kVenues[] = {{"paper", VenueKind::kPaper},
                                               {"binance-spot", VenueKind::kBinanceSpot}};
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

bool Loopback(const net::Url& url) {
  return url.host == "127.0.0.1" || url.host == "::1" || url.host == "localhost";
}

void CheckUrl(config::Section& in, std::string_view key, const std::string& text,
              std::string_view secure) {
  const absl::StatusOr<net::Url> url = net::Url::Parse(text);
  if (!url.ok()) return in.Problem(key, std::string(url.status().message()));
  if (!url->tls() && !Loopback(*url)) {
    in.Problem(key,
               "must begin with " + std::string(secure) + ": orders and keys leave this computer");
  }
}

void ReadBinance(config::Section& in, BinanceConfig& out) {
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
  CheckUrl(in, "rest_url", out.rest_url, "https://");
  CheckUrl(in, "stream_url", out.stream_url, "wss://");
}

}  // namespace

void Read(config::Section& in, ExecutionConfig& out) {
  in.Optional("venue", out.venue, kVenues);
  in.Optional("account", out.account);
  in.Optional("block_on_unknown", out.block_on_unknown);
  in.Optional("foreign_orders", out.foreign_orders, kPolicies);
  in.Optional("reconcile_every", out.reconcile_every, config::Between(1s, 3600s));
  in.OptionalSection("rate", [&](config::Section& part) { ReadRate(part, out.rate); });
  in.OptionalSection("paper", [&](config::Section& part) { ReadPaper(part, out.paper); });
  if (out.venue == VenueKind::kBinanceSpot) {
    in.RequiredSection("binance", [&](config::Section& part) { ReadBinance(part, out.binance); });
  } else {
    in.OptionalSection("binance", [&](config::Section& part) { ReadBinance(part, out.binance); });
  }
  const size_t slash = out.account.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == out.account.size() ||
      out.account.find('/', slash + 1) != std::string::npos) {
    in.Problem("account", "must be tenant/account, for example main/paper");
  }
}

}  // namespace gannet::execution
