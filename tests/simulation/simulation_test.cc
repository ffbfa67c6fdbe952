// The platform judged in whole, on virtual time. The campaign's ranges of seeds are
// hidden from a plain run of this binary and are tests of their own (CMakeLists.txt),
// so that they run side by side.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "libs/base/virtual_executor.h"
#include "tests/simulation/campaign.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;

// Reports no real time: a test asserts on none.
const base::VirtualExecutor kNoClock{base::Time{}};

void RunSeeds(uint64_t first, uint64_t last) {
  CampaignOptions options;
  options.first_seed = first;
  options.last_seed = last;
  options.require_probes = true;
  std::ostringstream out;
  const absl::Status status = RunCampaign(options, kNoClock, out);
  INFO(out.str());
  CHECK(status.ToString() == "OK");
}

TEST_CASE("Invariants hold over seeds 1 to 50", "[.][seeds-1]") { RunSeeds(1, 50); }
TEST_CASE("Invariants hold over seeds 51 to 100", "[.][seeds-2]") { RunSeeds(51, 100); }
TEST_CASE("Invariants hold over seeds 101 to 150", "[.][seeds-3]") { RunSeeds(101, 150); }
TEST_CASE("Invariants hold over seeds 151 to 200", "[.][seeds-4]") { RunSeeds(151, 200); }

SimulationResult Run(const SimulationOptions& options) {
  const auto result = Simulate(options);
  REQUIRE(result.status().ToString() == "OK");
  return *result;
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

SimulationOptions Calm() {
  SimulationOptions options;
  options.faults = false;
  options.safety = options.liveness = 20s;
  return options;
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

bool Names(const std::vector<std::string>& violations, std::string_view invariant) {
  return std::any_of(violations.begin(), violations.end(),
                     [invariant](const auto& text) { return text.starts_with(invariant); });
}

TEST_CASE("The judge sees an order sent twice, or two live ones of an intent (I1)") {
  CHECK(Names(Doctored([](VenueRecord& record) {
                if (const auto* order = OursIn(record, venue_sim::OrderStatus::kNew)) {
                  record.orders.push_back(*order);
                  record.orders.back().order.order_id += 1'000'000;
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
    if (!record.trades.empty()) record.trades.back().trade.fill.trade_id += 1'000'000;
  });
  CHECK(Names(violations, "I6"));
}

}  // namespace
}  // namespace gannet::simulation
