#include "tests/simulation/policies.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>
#include <vector>

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;

// A back end that overloads: placements are done and answered by an error, most queries are
// refused, and an order is not to be found for some seconds after it was placed.
std::vector<venue_sim::FaultRule> Overload() {
  using venue_sim::FaultKind;
  using venue_sim::FaultRule;
  using venue_sim::RequestClass;
  const FaultRule done{.kind = FaultKind::kHandledError, .chance = {50'000}, .answer = "503"};
  const FaultRule refused{.kind = FaultKind::kRefusedError,
                          .of = RequestClass::kQuery,
                          .chance = {600'000},
                          .answer = "503"};
  const FaultRule late{.kind = FaultKind::kLookupLag, .of = RequestClass::kAny, .delay = 8s};
  return {done, refused, late};
}

TEST_CASE("What others do about orders of unknown fate goes wrong under the same faults",
          "[.][policies]") {
  for (const Policy policy : kPolicies) {
    CAPTURE(Name(policy));
    uint64_t orders = 0, wrong = 0;
    std::map<std::string, uint64_t> strikes;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      SimulationOptions options;
      options.seed = seed;
      options.script.emplace().rules = Overload();
      const auto result = TradeBy(policy, options);
      REQUIRE(result.status().ToString() == "OK");
      orders += result->orders;
      wrong += result->wrong();
      for (const auto& [fault, count] : result->strikes) strikes[fault] += count;
    }
    for (const char* fault : {"handled_error", "refused_error", "lookup_lag"}) {
      CAPTURE(fault);
      CHECK(strikes[fault] > 0);
    }
    CHECK(orders > 500);
    // Five looks over 13 s outlast that lag.
    if (policy != Policy::kRejectedAfterChecks) CHECK(wrong > 0);
    CHECK(wrong < orders / 10);  // they are no straw men
  }
}

}  // namespace
}  // namespace gannet::simulation
