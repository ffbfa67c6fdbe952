// The platform judged in whole, on virtual time. The campaign's ranges of seeds are
// hidden from a plain run of this binary and are tests of their own (CMakeLists.txt),
// so that they run side by side.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/virtual_executor.h"
#include "tests/simulation/campaign.h"
#include "tests/simulation/crash_sweep.h"
#include "tests/simulation/workers.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;

// Reports no real time: a test asserts on none.
const base::VirtualExecutor kNoClock{base::Time{}};

void RunSeeds(uint64_t first, uint64_t last, int venues = 1,
              Product product = Product::kBinanceSpot) {
  CampaignOptions options;
  options.each.venues = venues;
  options.each.product = product;
  options.first_seed = first;
  options.last_seed = last;
  options.require_probes = true;
  std::ostringstream out;
  const absl::Status status = RunCampaign(options, kNoClock, out);
  INFO(out.str());
  CHECK(status.ToString() == "OK");
}

TEST_CASE("A campaign without its configuration blames no seed") {
  CampaignOptions options;
  options.each.config_dir = "nowhere";
  options.first_seed = 1;
  options.last_seed = GENERATE(1, 3);
  std::ostringstream out;
  const absl::Status status = RunCampaign(options, kNoClock, out);
  CHECK(absl::IsNotFound(status));
  CHECK(status.message().find("nowhere/limits.yaml") != std::string_view::npos);
  CHECK(out.str().empty());
}

TEST_CASE("Invariants hold over seeds 1 to 125", "[.][seeds-1]") { RunSeeds(1, 125); }
TEST_CASE("Invariants hold over seeds 126 to 250", "[.][seeds-2]") { RunSeeds(126, 250); }
TEST_CASE("Invariants hold over seeds 251 to 375", "[.][seeds-3]") { RunSeeds(251, 375); }
TEST_CASE("Invariants hold over seeds 376 to 500", "[.][seeds-4]") { RunSeeds(376, 500); }

TEST_CASE("Invariants hold at two venues over seeds 1 to 60", "[.][seeds-venues]") {
  RunSeeds(1, 60, 2);
}

TEST_CASE("Invariants hold at Binance USD-M over seeds 1 to 60", "[.][seeds-binance-usdm]") {
  RunSeeds(1, 60, 1, Product::kBinanceUsdm);
}
TEST_CASE("Invariants hold at Bybit spot over seeds 1 to 30", "[.][seeds-bybit-spot]") {
  RunSeeds(1, 30, 1, Product::kBybitSpot);
}
TEST_CASE("Invariants hold at Bybit linear over seeds 1 to 30", "[.][seeds-bybit-linear]") {
  RunSeeds(1, 30, 1, Product::kBybitLinear);
}

SimulationResult Run(const SimulationOptions& options) {
  const auto result = Simulate(options);
  REQUIRE(result.status().ToString() == "OK");
  return *result;
}

SimulationOptions Calm() {
  SimulationOptions options;
  options.faults = false;
  options.safety = options.liveness = 20s;
  return options;
}

bool Names(const std::vector<std::string>& violations, std::string_view invariant) {
  return std::any_of(violations.begin(), violations.end(),
                     [invariant](const auto& text) { return text.starts_with(invariant); });
}

TEST_CASE("Simulation is a function of its seed, and wire mode decides the same") {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    SimulationOptions options;
    options.seed = seed;
    options.safety = 20s;
    const SimulationResult first = Run(options), second = Run(options);
    CHECK(first.orders > 0);
    CHECK(first.violations == std::vector<std::string>{});
    CHECK(first.decisions == second.decisions);
    CHECK(first.journal == second.journal);
    CHECK(first.faults == second.faults);
    options.wire_mode = true;
    const SimulationResult wire = Run(options);
    CHECK(wire.decisions == first.decisions);
    CHECK(wire.journal == first.journal);
    options.seed = seed + 100;
    CHECK(Run(options).decisions != first.decisions);
  }
}

TEST_CASE("No order passes while a service that it needs is silent, and orders go on after it") {
  uint64_t refused = 0, orders = 0;
  std::set<std::string> silent;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    SimulationOptions options;
    options.seed = seed;
    options.silence = true;
    options.faults = seed % 3 == 0;  // alone, and among all the others
    options.safety = 90s;
    const SimulationResult result = Run(options);
    CHECK(result.violations == std::vector<std::string>{});
    refused += result.gate_closed;
    orders += result.orders;
    for (const auto& [fault, count] : result.faults)
      if (fault.ends_with(" silent")) silent.insert(fault);
  }
  CHECK(refused > 0);
  CHECK(orders > 0);
  CHECK(silent.size() == 5);
}

TEST_CASE("Without faults orders are filled, and nothing is unknown, refused or restarted") {
  const SimulationResult result = Run(Calm());
  CHECK(result.violations == std::vector<std::string>{});
  CHECK(result.orders > 0);
  CHECK(result.fills > 0);
  CHECK(result.replayed_facts > result.orders);
  CHECK_FALSE(result.probes.contains("outcome unknown"));
  CHECK_FALSE(result.probes.contains("restarted"));
  for (const auto& [name, count] : result.faults) {
    CAPTURE(name);
    CHECK(count == 0);
  }
}

TEST_CASE("One platform trades at two venues, each judged by its own record") {
  SimulationOptions options = Calm();
  options.venues = 2;
  std::set<std::string> traded;
  options.doctor = [&](const VenueRecord& record) {
    for (const VenueRecord::Trade& trade : record.trades)
      traded.emplace(market::VenueOf(trade.instrument));
  };
  CHECK(Run(options).violations == std::vector<std::string>{});
  CHECK(traded == std::set<std::string>{"binance-spot", "second-spot"});
}

TEST_CASE(
    "Each product is traded and judged by its own record, and decides the same in wire mode") {
  for (const Product product :
       {Product::kBinanceUsdm, Product::kBybitSpot, Product::kBybitLinear}) {
    CAPTURE(NameOf(product));
    SimulationOptions options = Calm();
    options.product = product;
    std::set<std::string> traded;
    options.doctor = [&](const VenueRecord& record) {
      for (const VenueRecord::Trade& trade : record.trades)
        traded.emplace(market::VenueOf(trade.instrument));
    };
    const SimulationResult result = Run(options);
    CHECK(result.violations == std::vector<std::string>{});
    CHECK(result.fills > 0);
    CHECK_FALSE(result.probes.contains("outcome unknown"));
    CHECK(traded == std::set<std::string>{NameOf(product)});
    options.wire_mode = true;
    CHECK(Run(options).decisions == result.decisions);
    // A unit of money, and of what is held, is seen.
    options.doctor = [](VenueRecord& record) {
      for (auto& [asset, amount] : record.balances) amount += market::Money(1, 8);
      for (auto& [instrument, held] : record.positions) held += market::Money(1, 8);
    };
    const std::vector<std::string> seen = Run(options).violations;
    CHECK(Names(seen, "I5"));
    CHECK(Names(seen, "I3: held of") == execution::HasPositions(product));
  }
}

TEST_CASE("A fault script strikes in place of what a seed draws") {
  // Not made in place: g++ 12 takes it for uninitialised then.
  venue_sim::FaultScript script;
  script.rules.push_back({.kind = venue_sim::FaultKind::kLostFrame});
  SimulationOptions options;
  options.safety = 15s;
  options.script = std::move(script);
  const SimulationResult result = Run(options);
  CHECK(result.violations == std::vector<std::string>{});
  CHECK(result.faults.at("lost_frame") > 0);
  CHECK_FALSE(result.probes.contains("restarted"));
}

TEST_CASE("A result survives the way from one process to another") {
  SimulationOptions options = Calm();
  options.safety = 10s;
  const SimulationResult result = Run(options);
  const auto copy = DecodeResult(Encode(result));
  REQUIRE(copy.ok());
  CHECK(copy->decisions == result.decisions);
  CHECK(copy->faults == result.faults);
  CHECK(copy->probes == result.probes);
  CHECK(copy->orders == result.orders);
  CHECK_FALSE(DecodeResult("x").ok());
}

TEST_CASE("Seeds run side by side, and one that dies fails alone") {
  std::map<uint64_t, std::string> made;
  int begun = 0;
  const uint64_t next = ForEachSeed(
      {1, 20, 3, [&] { return ++begun <= 12; }},
      [](uint64_t seed) {
        if (seed == 5) std::abort();
        return "seed " + std::to_string(seed);
      },
      [&](uint64_t seed, const absl::StatusOr<std::string>& result) {
        made[seed] = result.ok() ? *result : std::string(result.status().message());
      });
  CHECK(next == 13);
  REQUIRE(made.size() == 12);
  CHECK(made.at(4) == "seed 4");
  CHECK(made.at(5) == "its process died of Aborted");
  CHECK(made.at(12) == "seed 12");
}

TEST_CASE("Seed 0 is a seed like any other") {
  std::set<uint64_t> taken;
  const uint64_t next = ForEachSeed(
      {0, 3, 2, [] { return true; }}, [](uint64_t seed) { return std::to_string(seed); },
      [&](uint64_t seed, const absl::StatusOr<std::string>& made) {
        CHECK(made.value() == std::to_string(seed));
        taken.insert(seed);
      });
  CHECK(next == 4);
  CHECK(taken == std::set<uint64_t>{0, 1, 2, 3});
}

TEST_CASE("A process may die at every message and disk operation, and in the recovery after it",
          "[.][crash-sweep]") {
  // All of them: gannet sim --crashes 1 (make test-long).
  const auto result = SweepCrashes({.every = 4, .jobs = 2});
  REQUIRE(result.status().ToString() == "OK");
  UNSCOPED_INFO(result->messages << " messages, " << result->disk << " disk operations, "
                                 << result->runs << " runs, " << result->recovered << " starts");
  CHECK(result->violations == std::vector<std::string>{});
  CHECK(result->messages > 10);
  CHECK(result->disk > 10);
}

TEST_CASE("Parent orders fill and end without faults, as the venue has it") {
  SimulationOptions options = Calm();
  options.parents = true;
  options.safety = 40s;
  options.liveness = 60s;
  const SimulationResult result = Run(options);
  CHECK(result.violations == std::vector<std::string>{});
  CHECK(result.parents == 3);
}

TEST_CASE("Parent orders come to one end each under faults and crashes") {
  uint64_t ended = 0, restarts = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    SimulationOptions options;
    options.seed = seed;
    options.parents = true;
    const SimulationResult result = Run(options);
    CHECK(result.violations == std::vector<std::string>{});
    ended += result.parents;
    restarts += result.probes.contains("restarted") ? 1 : 0;
  }
  CHECK(ended >= 20);
  CHECK(restarts > 0);
}

TEST_CASE("Orders are changed in place without faults, as the venue has it") {
  SimulationOptions options = Calm();
  options.amendments = true;
  options.safety = 40s;
  options.liveness = 60s;
  const SimulationResult result = Run(options);
  CHECK(result.violations == std::vector<std::string>{});
  CHECK(result.probes.contains("order amended"));
}

TEST_CASE("Amendments come to one end each under faults and crashes") {
  uint64_t amended = 0, refused = 0, replaced = 0, by_hand = 0, restarts = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    SimulationOptions options;
    options.seed = seed;
    options.amendments = true;
    const SimulationResult result = Run(options);
    CHECK(result.violations == std::vector<std::string>{});
    amended += result.probes.contains("order amended") ? 1 : 0;
    refused += result.probes.contains("amendment refused") ? 1 : 0;
    replaced += result.probes.contains("replacement worked") ? 1 : 0;
    by_hand += result.probes.contains("order changed by hand") ? 1 : 0;
    restarts += result.probes.contains("restarted") ? 1 : 0;
  }
  CHECK(amended >= 30);
  CHECK(refused > 0);
  CHECK(replaced >= 20);
  CHECK(by_hand >= 20);
  CHECK(restarts > 0);
}

// --- the judge itself ---------------------------------------------------------------

VenueRecord::Order* OursIn(VenueRecord& record, venue_sim::OrderStatus status) {
  const auto found =
      std::find_if(record.orders.begin(), record.orders.end(), [status](const auto& order) {
        return order.order.status == status &&
               order.order.request.client_order_id.starts_with(execution::kOwnPrefix);
      });
  return found == record.orders.end() ? nullptr : &*found;
}

// Violations of a calm run whose venue has another record than it should.
std::vector<std::string> Doctored(std::function<void(VenueRecord&)> doctor) {
  SimulationOptions options = Calm();
  options.verify_replay = false;
  options.doctor = std::move(doctor);
  return Run(options).violations;
}

TEST_CASE("The judge sees an order sent twice, or two live ones of an intent (I1)") {
  CHECK(Names(Doctored([](VenueRecord& record) {
                if (const auto* order = OursIn(record, venue_sim::OrderStatus::kNew)) {
                  record.orders.push_back(*order);
                  record.orders.back().id += "000000";
                }
              }),
              "I1"));
}

TEST_CASE("The judge sees an order that no intent is known of (I2)") {
  CHECK(Names(Doctored([](VenueRecord& record) {
                if (auto* order = OursIn(record, venue_sim::OrderStatus::kNew))
                  order->order.request.client_order_id = "g1AAAAAAAAAAAAAAAAAAAA1";
              }),
              "I2"));
}

TEST_CASE("The judge sees a fill that was not booked (I3)") {
  const auto violations = Doctored([](VenueRecord& record) {
    if (!record.trades.empty()) record.trades.back().trade.fill.quantity *= 2;
    if (auto* order = OursIn(record, venue_sim::OrderStatus::kFilled)) order->order.executed += 1;
  });
  CHECK(Names(violations, "I3: position"));
  CHECK(Names(violations, "I3: g1"));
}

TEST_CASE("The judge sees an order closed here that works at the venue (I4)") {
  CHECK(Names(Doctored([](VenueRecord& record) {
                if (auto* order = OursIn(record, venue_sim::OrderStatus::kCanceled))
                  order->order.status = venue_sim::OrderStatus::kNew;
              }),
              "I4"));
}

TEST_CASE("The judge sees a unit of money too much (I5)") {
  CHECK(Names(Doctored([](VenueRecord& record) {
                for (auto& [asset, amount] : record.balances) amount += market::Money(1, 8);
              }),
              "I5"));
}

TEST_CASE("The judge sees a journal that decides differently (I5)") {
  SimulationOptions options = Calm();
  options.replay_with = [](app::PipelineConfig& config) {
    config.risk.limits.firm.max_order_notional = 1;
  };
  CHECK(Names(Run(options).violations, "I5: replay decides differently"));
}

TEST_CASE("The judge sees a trade that reporting has not, or has from nowhere (I6)") {
  const auto violations = Doctored([](VenueRecord& record) {
    if (!record.trades.empty()) record.trades.back().id += "000000";
  });
  CHECK(Names(violations, "I6"));
}

}  // namespace
}  // namespace gannet::simulation
