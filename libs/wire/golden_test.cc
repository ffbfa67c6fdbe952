// Bytes that earlier builds wrote, in golden.txt: "name hex" a line. What is there
// must decode for ever, and this build must write the same.
//
// After a change of proto that only adds, or of random_events.cc, run from the
// project's root and look at the difference before committing it:
//   build/ci/bin/gannet_wire_test "[update-golden]"
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "libs/base/digest.h"
#include "libs/market/account_event.h"
#include "libs/market/heartbeat.h"
#include "libs/wire/canonical.h"
#include "libs/wire/canonical_account.h"
#include "libs/wire/codec.h"
#include "libs/wire/random_events.h"

namespace gannet::wire {
namespace {

constexpr const char* kGoldenFile = "libs/wire/golden.txt";
constexpr uint64_t kSamples = 2;  // of each type

struct Golden {
  std::function<std::string(uint64_t seed)> write;
  // Empty: bytes that are only hashed, never read back.
  std::function<absl::StatusOr<std::string>(std::string_view)> rewrite;
};

template <class T>
Golden Event() {
  return {[](uint64_t seed) {
            base::Rng rng(seed);
            return Encode(RandomEvent<T>(rng));
          },
          [](std::string_view bytes) -> absl::StatusOr<std::string> {
            const auto event = Decode<T>(bytes);
            if (!event.ok()) return event.status();
            return Encode(*event);
          }};
}

template <class T>
Golden Hashed() {
  return {[](uint64_t seed) {
            base::Rng rng(seed);
            return Canonical(RandomValue<T>(rng));
          },
          nullptr};
}

template <class T, class Decoder>
Golden Input(Decoder decode) {
  return {[](uint64_t seed) {
            base::Rng rng(seed);
            return EncodeInput(RandomValue<T>(rng));
          },
          [decode](std::string_view bytes) -> absl::StatusOr<std::string> {
            const auto input = decode(bytes);
            if (!input.ok()) return input.status();
            return EncodeInput(*input);
          }};
}

std::map<std::string, Golden> Goldens() {
  return {
      {"event.Instrument", Event<market::Instrument>()},
      {"event.Trade", Event<market::Trade>()},
      {"event.Quote", Event<market::Quote>()},
      {"event.BookUpdate", Event<market::BookUpdate>()},
      {"event.Bar", Event<market::Bar>()},
      {"event.MarketStatus", Event<market::MarketStatus>()},
      {"event.NewsItem", Event<market::NewsItem>()},
      {"event.NewsSignal", Event<market::NewsSignal>()},
      {"event.Prediction", Event<market::Prediction>()},
      {"event.OrderIntent", Event<market::OrderIntent>()},
      {"event.ParentOrder", Event<market::ParentOrder>()},
      {"event.RiskDecision", Event<market::RiskDecision>()},
      {"event.ExecReport", Event<market::ExecReport>()},
      {"event.PositionUpdate", Event<market::PositionUpdate>()},
      {"event.BalanceUpdate", Event<market::BalanceUpdate>()},
      {"event.AccountEvent", Event<market::AccountEvent>()},
      {"event.RiskState", Event<market::RiskState>()},
      {"event.LimitEvent", Event<market::LimitEvent>()},
      {"event.Command", Event<market::Command>()},
      {"event.CommandAnswer", Event<market::CommandAnswer>()},
      {"event.EngineNote", Event<EngineNote>()},
      {"event.Heartbeat", Event<market::Heartbeat>()},
      {"input.HttpExchange", Input<HttpExchange>(DecodeHttpExchange)},
      {"input.StreamEvent", Input<StreamEvent>(DecodeStreamEvent)},
      {"canonical.OrderIntent", Hashed<market::OrderIntent>()},
      {"canonical.RiskDecision", Hashed<market::RiskDecision>()},
      {"canonical.ExecReport", Hashed<market::ExecReport>()},
      {"canonical.NewsSignal", Hashed<market::NewsSignal>()},
      {"canonical.Prediction", Hashed<market::Prediction>()},
      {"canonical.RiskState", Hashed<market::RiskState>()},
      {"canonical.PositionUpdate", Hashed<market::PositionUpdate>()},
      {"canonical.BalanceUpdate", Hashed<market::BalanceUpdate>()},
      {"canonical.AccountEvent", Hashed<market::AccountEvent>()},
  };
}

std::string LineName(const std::string& name, uint64_t seed) {
  return name + "." + std::to_string(seed);
}

std::map<std::string, std::string> ReadGolden() {
  std::map<std::string, std::string> lines;
  std::ifstream in(kGoldenFile);
  REQUIRE(in.is_open());
  std::string name, hex;
  while (in >> name >> hex) lines[name] = hex;
  return lines;
}

TEST_CASE("Bytes written by earlier builds are read and written as they were") {
  const std::map<std::string, std::string> golden = ReadGolden();
  size_t checked = 0;
  for (const auto& [name, type] : Goldens()) {
    for (uint64_t seed = 1; seed <= kSamples; ++seed) {
      CAPTURE(name, seed);
      const auto line = golden.find(LineName(name, seed));
      REQUIRE(line != golden.end());
      const auto bytes = base::FromHex(line->second);
      REQUIRE(bytes.has_value());
      CHECK(base::Hex(type.write(seed)) == line->second);
      ++checked;
      if (!type.rewrite) continue;
      const auto rewritten = type.rewrite(*bytes);
      REQUIRE(rewritten.ok());
      CHECK(base::Hex(*rewritten) == line->second);
    }
  }
  CHECK(checked == golden.size());
}

TEST_CASE("Writes golden.txt anew", "[.update-golden]") {
  std::ofstream out(kGoldenFile);
  for (const auto& [name, type] : Goldens()) {
    for (uint64_t seed = 1; seed <= kSamples; ++seed) {
      out << LineName(name, seed) << ' ' << base::Hex(type.write(seed)) << '\n';
    }
  }
  REQUIRE(out.good());
}

}  // namespace
}  // namespace gannet::wire
