#include "tests/simulation/product.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "libs/base/concat.h"
#include "libs/base/rng.h"
#include "tests/simulation/platform_node.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;
using venue_sim::FaultKind;
using venue_sim::FaultRule;

constexpr Product kProducts[] = {Product::kBinanceSpot, Product::kBinanceUsdm, Product::kBybitSpot,
                                 Product::kBybitLinear};
constexpr std::string_view kSpotPrefix = "binance-spot:";
// A tenth of what the limits of USD-M leave, with four markets.
constexpr base::Duration kDeadMan = 15s;
constexpr base::Duration kUsdmReconcileEvery = 15s;
constexpr uint64_t kOwnDraws = 0x70726f64;

void StreamsOf(const std::string& host, Product product, execution::LiveConfig& live) {
  const std::string at = "ws://" + host;
  live.rest_url = "http://" + host;
  live.stream_url = at + (product == Product::kBinanceUsdm ? "/private" : "/v5/private");
  live.order_url = at + (product == Product::kBinanceUsdm ? "/ws-fapi/v1" : "/v5/trade");
}

void MarketOf(const std::string& host, Product product, ingest::VenueConfig& market) {
  market.name = NameOf(product);
  market.kind = *ingest::ProductOfVenueName(market.name);
  if (product == Product::kBinanceUsdm) {
    market.ws_url = "ws://" + host + "/public";
    market.ws_trades_url = "ws://" + host + "/market";
    market.trades = venue::TradeStream::kAggregate;
  } else {
    market.snapshot_depth = 50;
  }
}

// The patterns of spot alone, in the product's name.
void Rename(const std::string& name, std::vector<std::string>& patterns) {
  std::erase_if(patterns,
                [](const std::string& pattern) { return !pattern.starts_with(kSpotPrefix); });
  for (std::string& pattern : patterns)
    pattern = base::Concat({name, ":", pattern.substr(kSpotPrefix.size())});
}

FaultRule& Every(base::Rng& rng, venue_sim::FaultScript& script, FaultKind kind) {
  FaultRule& rule = script.rules.emplace_back();
  rule.kind = kind;
  rule.door = venue_sim::Door::kUsdm;
  rule.from = std::chrono::milliseconds(rng.Between(2'000, 12'000));
  rule.every = std::chrono::milliseconds(rng.Between(3'000, 12'000));
  return rule;
}

}  // namespace

std::string NameOf(Product product) { return execution::DefaultsOf(product).venue; }

std::optional<Product> ProductOf(std::string_view name) {
  for (const Product product : kProducts) {
    if (NameOf(product) == name) return product;
  }
  return std::nullopt;
}

bool TradesHedged(Product product, uint64_t seed) {
  return execution::HasPositions(product) && seed % 3 == 0;
}

void TradeAt(const std::string& host, Product product, uint64_t seed, PlatformOptions& platform) {
  if (product == Product::kBinanceSpot) return;
  const std::string name = NameOf(product);
  MarketOf(host, product, platform.ingest.venues.front());
  execution::ExecutionConfig& orders = platform.pipeline.execution;
  orders.venue = product;
  orders.rate = execution::DefaultRateOf(product);
  orders.live.venue = name;
  StreamsOf(host, product, orders.live);
  orders.live.setup.hedge = TradesHedged(product, seed);
  if (seed % 2 == 0) orders.live.dead_man = kDeadMan;
  // A comparison there costs a twentieth of what may be asked in a minute.
  if (product == Product::kBinanceUsdm)
    orders.reconcile_every = std::max(orders.reconcile_every, kUsdmReconcileEvery);
  for (auto& maker : platform.pipeline.strategy.makers) Rename(name, maker.instruments);
  for (auto& playbook : platform.pipeline.strategy.playbooks) Rename(name, playbook.instruments);
  for (auto& follower : platform.pipeline.strategy.followers) Rename(name, follower.instruments);
  for (auto& [asset, instrument] : platform.pipeline.risk.limits.converted_by) {
    instrument = market::InstrumentId(
        base::Concat({name, ":", instrument.text().substr(kSpotPrefix.size())}));
  }
}

void StrikeProduct(Product product, uint64_t seed, bool compares, venue_sim::FaultScript& script) {
  const bool bybit = product == Product::kBybitSpot || product == Product::kBybitLinear;
  if (bybit && !script.rules.empty() && seed % 2 == 1) {
    FaultRule& rule = script.rules.emplace_back();
    rule.kind = FaultKind::kAckThenReject;
    rule.chance = config::Ppm{50'000};
  }
  if (!execution::HasPositions(product)) return;
  for (FaultRule& rule : script.rules) {
    if (rule.kind == FaultKind::kHandOrder || rule.kind == FaultKind::kTransfer)
      rule.door = venue_sim::Door::kUsdm;
  }
  if (script.rules.empty()) return;  // a day without faults stays one
  base::Rng rng(seed ^ kOwnDraws);
  if (rng.Chance(0.5))
    Every(rng, script, FaultKind::kFunding).amount = rng.Chance(0.5) ? "-1.25" : "0.75";
  for (const FaultKind kind : {FaultKind::kLiquidation, FaultKind::kAdl}) {
    for (const char* side : {"BUY", "SELL"}) {
      if (rng.Chance(0.25)) Every(rng, script, kind).side = side;
    }
  }
  if (rng.Chance(0.3)) Every(rng, script, FaultKind::kHandAmend).symbol = "SOLUSDT";
  if (compares) return;
  std::erase_if(script.rules, [](const FaultRule& rule) {
    return rule.kind == FaultKind::kLiquidation || rule.kind == FaultKind::kAdl;
  });
}

}  // namespace gannet::simulation
