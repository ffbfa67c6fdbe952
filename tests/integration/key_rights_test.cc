// The rights of a key, told by the venue simulator as each venue documents them.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/integration/venue_match_for_test.h"

namespace gannet::execution {
namespace {

using namespace std::chrono_literals;

enum class Product { kSpot, kUsdm, kBybit };

std::unique_ptr<VenueTruth> TruthOf(Product product, const venue_sim::Exchange& exchange) {
  if (product == Product::kSpot) return std::make_unique<SpotTruth>(exchange);
  if (product == Product::kUsdm) return std::make_unique<UsdmTruth>(exchange);
  return std::make_unique<BybitTruth>(exchange);
}

TEST_CASE("A session trades only with a key that the venue says is fit") {
  const auto product = GENERATE(Product::kSpot, Product::kUsdm, Product::kBybit);
  const auto [withdraws, anywhere, main_net] =
      GENERATE(std::tuple(false, false, true), std::tuple(true, false, true),
               std::tuple(false, true, true), std::tuple(false, true, false));
  const bool fit = !withdraws && (!anywhere || !main_net);
  venue_sim::VenueHarness venue;
  venue_sim::ApiKey& key = venue.options().keys[0];
  key.may_withdraw = withdraws;
  key.ip_restricted = !anywhere;
  key.may_trade_futures = true;
  venue.Start();
  const auto truth = TruthOf(product, venue.server->exchange());
  ExecutionConfig config;
  truth->Configure("127.0.0.1:" + std::to_string(venue.port), config);
  config.live.rights_url.clear();
  config.check_key = true;
  if (main_net) config.environment = Environment::kMainNet;  // where only the address decides
  WriteKeys(venue.files, config);
  ServiceHost host(World(venue.executor, venue.files, venue.network), config);
  truth->Define(host.btc);
  host.Start();
  const auto until = [&](const std::function<bool()>& reached) {
    for (int i = 0; i < 1'000 && !reached(); ++i) venue.Run(20ms);
    return reached();
  };
  REQUIRE(until([&] { return host.service->engine().ready(); }));
  venue.Run(5s);
  const int64_t best = venue.server->exchange().core().Best(0, market::Side::kBuy)->price.mantissa;
  host.Decide(host.Intent("g1a", market::Side::kBuy, "0.001",
                          market::FormatDecimal(best / 1'000'000 - 500'000, 2)),
              10s);
  venue.Run(5s);
  CHECK(truth->open_orders() == (fit ? 1 : 0));
  if (fit) return;
  const std::string why = host.Last("g1a").detail;
  CHECK(why.find(withdraws ? "may withdraw" : "restrict it") != std::string::npos);
  const auto problems = host.service->engine().Problems(host.shard().now());
  CHECK(std::find(problems.begin(), problems.end(), why) != problems.end());
}

}  // namespace
}  // namespace gannet::execution
