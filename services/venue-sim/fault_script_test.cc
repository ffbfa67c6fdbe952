#include "services/venue-sim/fault_script.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/sim_files.h"

namespace gannet::venue_sim {
namespace {

using namespace std::chrono_literals;

absl::StatusOr<FaultScript> Parsed(std::string_view text) {
  base::SimFiles files;
  REQUIRE(files.WriteAtomically("f.yaml", text).ok());
  return LoadFaultScript(files, "f.yaml");
}

// What is wrong with it, which names the line.
std::string Refused(std::string_view text) {
  const auto script = Parsed(text);
  REQUIRE_FALSE(script.ok());
  return std::string(script.status().message());
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("A fault script is read with its units") {
  const auto script = Parsed(R"(
seed: 9
rules:
  - fault: lost_answer
    door: usdm
    of: cancel
    chance: 25%
    skip: 2
    times: 3
    from: 5s
    until: 1.5h
  - fault: told_to_wait
    wait: 2s
    ban: 1h
  - fault: hand_order
    symbol: ETHUSDT
    side: SELL
    quantity: "0.5"
    every: 10s
)");
  REQUIRE(script.status().ToString() == "OK");
  CHECK(script->seed == 9);
  REQUIRE(script->rules.size() == 3);
  const FaultRule& first = script->rules[0];
  CHECK(first.kind == FaultKind::kLostAnswer);
  CHECK(first.door == Door::kUsdm);
  CHECK(first.of == RequestClass::kCancel);
  CHECK(first.chance.value == 250'000);
  CHECK(first.skip == 2);
  CHECK(first.times == 3);
  CHECK(first.from == 5s);
  CHECK(first.until == 90min);
  CHECK(script->rules[1].ban == 1h);
  CHECK(script->rules[2].every == 10s);
}

TEST_CASE("Every fault can be written with its name alone") {
  for (auto kind = FaultKind::kLostRequest; kind <= kLastFault;
       kind = static_cast<FaultKind>(static_cast<int>(kind) + 1)) {
    const auto script = Parsed("rules:\n  - fault: " + std::string(Name(kind)) + "\n");
    REQUIRE(script.status().ToString() == "OK");
    CHECK(script->rules.front().kind == kind);
  }
}

TEST_CASE("A fault script with an error is refused with the line of each") {
  CHECK(Contains(Refused("rules:\n  - fault: lost_answr\n"), "f.yaml:2"));
  CHECK(Contains(Refused("rules:\n  - fault: lost_answer\n    chanse: 5%\n"), "f.yaml:3"));
  CHECK(Contains(Refused("rules:\n  - fault: lost_answer\n    chance: 5\n"), "f.yaml:3"));
  CHECK(Contains(Refused("rules:\n  - fault: late_answer\n    delay: 5\n"), "f.yaml:3"));
  CHECK(Contains(Refused("rules:\n  - fault: late_answer\n    delay: 48h\n"), "f.yaml:3"));
  CHECK(Contains(Refused("rules:\n  - fault: lost_answer\n    keep: 2\n"),
                 "is not of the fault 'lost_answer'"));
  CHECK(Contains(Refused("rules:\n  - fault: handled_error\n    answer: \"404\"\n"), "f.yaml:3"));
  CHECK(Contains(Refused("rules:\n  - fault: hand_order\n    symbol: NOPE\n"), "f.yaml:3"));
  CHECK(Contains(Refused("rules:\n  - fault: hand_order\n    quantity: \"-1\"\n"), "f.yaml"));
  CHECK(Contains(Refused("rules:\n  - fault: hand_order\n    price: \"0\"\n"), "price"));
  CHECK(Contains(Refused("rules:\n  - fault: transfer\n    price: \"1\"\n"), "price"));
  CHECK(Contains(Refused("rules:\n  - fault: silence\n    from: 5s\n    until: 4s\n"),
                 "must be after 'from'"));
  CHECK(Contains(Refused("rules:\n  - fault: restate\n    tick: \"-1\"\n"), "f.yaml:3"));
  CHECK(Contains(Refused("rules:\n  - fault: restate\n    tick: \"0.00001\"\n"), "not exact"));
  CHECK(
      Contains(Refused("rules:\n  - fault: halt\n    lot: \"1\"\n"), "is not of the fault 'halt'"));
  CHECK(Contains(Refused("rules: []\n"), "rules"));
  CHECK(Contains(Refused("seed: 1\n"), "rules"));
  // All of them at once.
  const std::string two = Refused("rules:\n  - fault: silence\n    oops: 1\n    keep: 3\n");
  CHECK(Contains(two, "f.yaml:3"));
  CHECK(Contains(two, "f.yaml:4"));
}

}  // namespace
}  // namespace gannet::venue_sim
