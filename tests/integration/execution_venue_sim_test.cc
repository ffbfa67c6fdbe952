// Execution against the venue simulator, spot and USD-M, whatever happens on the way.
// In the end both must say the same of every order, trade, balance and position.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/venue_match_for_test.h"

namespace gannet::execution {
namespace {

using namespace std::chrono_literals;

TEST_CASE("Execution and the venue simulator agree after a day without faults") {
  Match<SpotTruth> match({.seed = 1, .faults = {}});
  match.Trade(60s);
  match.CancelAll();
  match.Compare();
  CHECK(match.placed > 200);
  CHECK(match.stats().fills > 20);
  CHECK(match.stats().unknown_outcomes == 0);
}

TEST_CASE("Execution and the venue simulator agree whatever the network loses") {
  uint64_t unknown = 0;
  for (uint64_t seed = 2; seed <= 5; ++seed) {
    CAPTURE(seed);
    Match<SpotTruth> match({.seed = seed, .faults = Faults(0.04)});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    unknown += match.stats().unknown_outcomes;
  }
  CHECK(unknown > 10);
}

TEST_CASE("Execution and the venue simulator agree although our process dies again and again") {
  uint64_t restarts = 0;
  for (uint64_t seed = 6; seed <= 11; ++seed) {
    CAPTURE(seed);
    Match<SpotTruth> match({.seed = seed, .faults = Faults(0.02), .restarts = true});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    restarts += match.restarts;
  }
  CHECK(restarts > 8);
}

TEST_CASE("The USD-M session and its venue agree after a day without faults") {
  Match<UsdmTruth> match({.seed = 21, .faults = {}, .stops = true});
  match.Trade(60s);
  match.CancelAll();
  match.Compare();
  CHECK(match.placed > 200);
  CHECK(match.stops > 30);
  CHECK(match.stats().fills > 20);
  CHECK(match.stats().balance_changes > 5);  // what closing realised
  CHECK(match.stats().unknown_outcomes == 0);
}

TEST_CASE("The USD-M session and its venue agree whatever the network loses") {
  uint64_t unknown = 0, awaited = 0;
  for (uint64_t seed = 22; seed <= 29; ++seed) {
    CAPTURE(seed);
    Match<UsdmTruth> match({.seed = seed, .faults = Faults(0.04), .stops = true});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    unknown += match.stats().unknown_outcomes;
    awaited += match.stats().names_awaited;
  }
  CHECK(unknown > 10);
  CHECK(awaited > 0);
}

TEST_CASE("The USD-M session and its venue agree although our process dies again and again") {
  uint64_t restarts = 0;
  for (uint64_t seed = 30; seed <= 37; ++seed) {
    CAPTURE(seed);
    Match<UsdmTruth> match({.seed = seed,
                            .faults = Faults(0.02),
                            .restarts = true,
                            .stops = true,
                            .dead_man = seed % 2 == 0 ? base::Duration(15s) : base::Duration(0)});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    restarts += match.restarts;
  }
  CHECK(restarts > 8);
}

TEST_CASE("The Bybit session and its venue agree after a day without faults") {
  Match<BybitTruth> match({.seed = 51, .faults = {}});
  match.Trade(60s);
  match.CancelAll();
  match.Compare();
  CHECK(match.placed > 200);
  CHECK(match.stats().fills > 20);
  CHECK(match.stats().unknown_outcomes == 0);
}

TEST_CASE("The Bybit session and its venue agree whatever the network loses") {
  uint64_t unknown = 0, absent = 0;
  for (uint64_t seed = 52; seed <= 57; ++seed) {
    CAPTURE(seed);
    Match<BybitTruth> match({.seed = seed, .faults = Faults(0.04)});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    unknown += match.stats().unknown_outcomes;
    absent += match.stats().absences_proven;
  }
  CHECK(unknown > 10);
  CHECK(absent > 0);
}

TEST_CASE("The Bybit session and its venue agree although our process dies again and again") {
  uint64_t restarts = 0;
  for (uint64_t seed = 58; seed <= 63; ++seed) {
    CAPTURE(seed);
    Match<BybitTruth> match({.seed = seed,
                             .faults = Faults(0.02),
                             .restarts = true,
                             .dead_man = seed % 2 == 0 ? base::Duration(15s) : base::Duration(0)});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    restarts += match.restarts;
  }
  CHECK(restarts > 8);
}

TEST_CASE("Bybit's disconnect protection cancels when our process is gone") {
  Match<BybitTruth> match({.seed = 64, .faults = {}, .dead_man = 30s});
  match.host().Decide(match.host().Intent("g1a", market::Side::kBuy, "0.001", "60000"), 10s);
  match.venue().Run(200s);
  REQUIRE(match.truth().open_orders() == 1);
  CHECK(match.stats().dead_man_failures == 0);
  CHECK(match.stats().stream_ends == 0);
  match.Stop();
  match.venue().Run(20s);
  CHECK(match.truth().open_orders() == 1);
  match.venue().Run(15s);
  CHECK(match.truth().open_orders() == 0);
  match.Restart();
  match.venue().Run(10s);
  CHECK(match.host().State("g1a") == market::OrderState::kCanceled);
}

TEST_CASE("Bybit's stop orders keep their name whatever the network loses") {
  uint64_t stops = 0;
  for (uint64_t seed = 65; seed <= 68; ++seed) {
    CAPTURE(seed);
    Match<BybitTruth> match({.seed = seed, .faults = Faults(0.03), .stops = true});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    stops += match.stops;
  }
  CHECK(stops > 20);
}

TEST_CASE("Bybit's contracts and their venue agree whatever the network loses") {
  uint64_t unknown = 0, absent = 0;
  for (uint64_t seed = 70; seed <= 75; ++seed) {
    CAPTURE(seed);
    Match<BybitLinearTruth> match({.seed = seed, .faults = Faults(0.04), .stops = true});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    unknown += match.stats().unknown_outcomes;
    absent += match.stats().absences_proven;
  }
  CHECK(unknown > 10);
  CHECK(absent > 0);
}

TEST_CASE("Bybit's contracts and their venue agree although our process dies again and again") {
  uint64_t restarts = 0;
  for (uint64_t seed = 76; seed <= 81; ++seed) {
    CAPTURE(seed);
    Match<BybitLinearTruth> match(
        {.seed = seed,
         .faults = Faults(0.02),
         .restarts = true,
         .stops = true,
         .dead_man = seed % 2 == 0 ? base::Duration(15s) : base::Duration(0)});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    restarts += match.restarts;
  }
  CHECK(restarts > 8);
}

TEMPLATE_TEST_CASE("Orders over a socket agree with their venue through losses and deaths", "",
                   SpotTruth, UsdmTruth, BybitTruth, BybitLinearTruth) {
  uint64_t unknown = 0, restarts = 0, sent = 0;
  for (uint64_t seed = 90; seed <= 93; ++seed) {
    CAPTURE(seed);
    Match<TestType> match(
        {.seed = seed, .faults = Faults(0.03), .restarts = true, .stops = true, .by_socket = true});
    match.Trade(40s);
    sent += match.sent_by_socket();
    match.CancelAll();
    match.Compare();
    unknown += match.stats().unknown_outcomes;
    restarts += match.restarts;
  }
  CHECK(sent > 20);
  CHECK(restarts > 3);
}

TEST_CASE("The venue's dead-man timer cancels when our process is gone") {
  Match<UsdmTruth> match({.seed = 41, .faults = {}, .dead_man = 30s});
  match.host().Decide(match.host().Intent("g1a", market::Side::kBuy, "0.001", "60000"), 10s);
  match.venue().Run(100s);  // renewed again and again
  REQUIRE(match.truth().open_orders() == 1);
  CHECK(match.stats().dead_man_renewals >= 9);
  CHECK(match.stats().dead_man_failures == 0);
  match.Stop();
  match.venue().Run(20s);
  CHECK(match.truth().open_orders() == 1);
  match.venue().Run(15s);
  CHECK(match.truth().open_orders() == 0);
  match.Restart();
  match.venue().Run(10s);
  CHECK(match.host().State("g1a") == market::OrderState::kCanceled);
}

TEST_CASE("The USD-M user stream lives on while its key is kept, and comes back without it") {
  Match<UsdmTruth> match({.seed = 42, .faults = {}});
  match.venue().Run(3h);
  CHECK(match.engine().stream_up());
  CHECK(match.stats().stream_ends == 0);
  // Closed by another hand: another key, another stream.
  REQUIRE(match.venue()
              .Http("DELETE", "/fapi/v1/listenKey", {}, {{"X-MBX-APIKEY", venue_sim::kTestKey}})
              .status == 200);
  match.venue().Run(10s);
  CHECK(match.stats().stream_ends == 1);
  CHECK(match.engine().stream_up());
  CHECK(match.engine().ready());
  // What is journaled can be read by more eyes than the key is for.
  const std::string key =
      match.venue()
          .Http("POST", "/fapi/v1/listenKey", {}, {{"X-MBX-APIKEY", venue_sim::kTestKey}})
          .json["listenKey"];
  REQUIRE(key.size() == 64);
  auto reader = journal::Reader::Open(match.venue().files, "journal");
  REQUIRE(reader.ok());
  uint64_t records = 0;
  for (auto record = (*reader)->Next(); record.ok() && record->has_value();
       record = (*reader)->Next()) {
    ++records;
    CHECK((*record)->payload.find(key) == std::string::npos);
  }
  CHECK(records > 100);
}

TEST_CASE("Funding and transfers are booked once, by the venue's own ids") {
  Match<UsdmTruth> match({.seed = 43, .faults = {}});
  const auto book = [&](const std::string& type, const std::string& amount,
                        const std::string& direction) {
    const auto answer = match.venue().Signed("POST", "/sim/v1/income",
                                             {{"symbol", "BTCUSDT"},
                                              {"incomeType", type},
                                              {"amount", amount},
                                              {"direction", direction}});
    REQUIRE(answer.status == 200);
  };
  match.venue().Run(2s);
  book("FUNDING_FEE", "1.25", "OUT");
  book("FUNDING_FEE", "0.5", "IN");
  match.venue().Run(2s);
  CHECK(match.stats().balance_changes == 2);
  book("TRANSFER", "1000", "IN");
  match.venue().Run(2s);
  // While nobody listens.
  match.Stop();
  book("FUNDING_FEE", "3", "OUT");
  book("INSURANCE_CLEAR", "2", "OUT");
  match.Restart();
  match.venue().Run(120s);
  CHECK(match.stats().balance_changes == 2);
  match.Compare();
}

TEST_CASE("A position by another hand is EXTERNAL, one that no fill explains halts") {
  Match<UsdmTruth> match({.seed = 44, .faults = {}});
  const auto place = match.venue().Signed("POST", "/fapi/v1/order",
                                          {{"symbol", "BTCUSDT"},
                                           {"side", "BUY"},
                                           {"type", "MARKET"},
                                           {"quantity", "0.01"},
                                           {"newClientOrderId", "web_1"}});
  REQUIRE(place.status == 200);
  match.venue().Run(60s);
  CHECK(match.stats().foreign_orders == 1);
  const ExecutionState& state = match.engine().state();
  CHECK(state.HeldPosition(match.host().btc.id) == market::Money(1, 2));
  CHECK(state.position_differences().empty());
  CHECK(state.differences().empty());
}

}  // namespace
}  // namespace gannet::execution
