#include "libs/wire/codec.h"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

#include "libs/wire/random_events.h"

namespace gannet::wire {
namespace {

using Catch::Matchers::ContainsSubstring;

constexpr int kRounds = 300;

// Instrument has no operator==: its bytes stand for it.
template <class T>
bool Same(const market::Event<T>& a, const market::Event<T>& b) {
  if constexpr (requires { a == b; }) {
    return a == b;
  } else {
    return a.header == b.header && Encode(a) == Encode(b);
  }
}

TEMPLATE_TEST_CASE("Every event comes back from its bytes as it was", "", market::Instrument,
                   market::Trade, market::Quote, market::BookUpdate, market::Bar,
                   market::MarketStatus, market::NewsItem, market::NewsSignal, market::Prediction,
                   market::OrderIntent, market::RiskDecision, market::ExecReport,
                   market::PositionUpdate, market::BalanceUpdate, market::RiskState,
                   market::Command, EngineNote) {
  base::Rng rng(17);
  for (int i = 0; i < kRounds; ++i) {
    const auto event = RandomEvent<TestType>(rng);
    const auto back = Decode<TestType>(Encode(event));
    REQUIRE(back.ok());
    REQUIRE(Same(*back, event));
  }
}

}  // namespace
}  // namespace gannet::wire
