#include "services/recorder/recorder_engine.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>

#include "libs/bus/topics.h"

namespace gannet::recorder {
namespace {

using journal::RecordedGapReason;

const std::string kTrades(bus::kTrades.info.name);
const std::string kReports(bus::kExecReports.info.name);
const std::string kInstruments(bus::kInstruments.info.name);

bus::TapMessage Message(const std::string& topic, uint64_t offset, std::string payload = "p") {
  return {.topic = topic, .partition = 2, .offset = offset, .payload = std::move(payload)};
}

std::string TradeOf(uint64_t stream, uint64_t sequence) {
  market::Event<market::Trade> trade;
  trade.header.id = {stream, sequence};
  trade.value.instrument = market::InstrumentId("v:X");
  return bus::kTrades.info.encode(&trade);
}

struct Bench {
  RecorderEngine engine;
  RecorderEngine::Entries entries;

  void Take(bus::TapMessage message) { engine.TakeMessage(std::move(message), entries); }
  std::optional<journal::RecordedGap> LastGap() const {
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (entry->channel == journal::kGapChannel) return *journal::DecodeGap(entry->payload);
    }
    return std::nullopt;
  }
  uint64_t Next(const std::string& topic) const {
    for (const bus::TapPlace& place : engine.Places()) {
      if (place.topic == topic && place.partition == 2) return place.next;
    }
    return 0;
  }
};

TEST_CASE("RecorderEngine writes each offset once") {
  Bench bench;
  bench.Take(Message(kReports, 0));
  bench.Take(Message(kReports, 1));
  bench.Take(Message(kReports, 1));
  bench.Take(Message(kReports, 0));
  CHECK(bench.entries.size() == 2);
  CHECK(bench.engine.stats().messages == 2);
  CHECK(bench.engine.stats().duplicates == 2);
  CHECK(bench.Next(kReports) == 2);
}

TEST_CASE("RecorderEngine records what the bus has forgotten, and what it compacted away") {
  Bench bench;
  bench.engine.TakeMove({kReports, 2, 0, 7}, bench.entries);
  CHECK(*bench.LastGap() == journal::RecordedGap{.topic = kReports,
                                                 .partition = 2,
                                                 .reason = RecordedGapReason::kForgotten,
                                                 .from = 0,
                                                 .to = 7,
                                                 .count = 7});
  bench.Take(Message(kReports, 7));
  bench.Take(Message(kReports, 9));  // without a move: a jump is a gap all the same
  CHECK(bench.LastGap()->from == 8);
  CHECK(bench.LastGap()->to == 9);
  bench.Take(Message(kInstruments, 3));
  CHECK(bench.LastGap()->reason == RecordedGapReason::kCompacted);
  CHECK(bench.engine.stats().missing == 7 + 1 + 3);
}

TEST_CASE("RecorderEngine says when the offsets of a partition began anew, and records them all") {
  Bench bench;
  for (uint64_t offset = 0; offset < 5; ++offset) bench.Take(Message(kReports, offset));
  bench.engine.TakeMove({kReports, 2, 5, 0}, bench.entries);
  CHECK(bench.LastGap()->reason == RecordedGapReason::kBeganAnew);
  CHECK(bench.LastGap()->from == 5);
  bench.Take(Message(kReports, 0));
  CHECK(bench.engine.stats().messages == 6);
  CHECK(bench.Next(kReports) == 1);
}

TEST_CASE("RecorderEngine notes another start of a producer once, and what it left out") {
  Bench bench;
  bench.Take(Message(kTrades, 0, TradeOf(1, 1)));
  bench.Take(Message(kTrades, 1, TradeOf(1, 2)));
  CHECK_FALSE(bench.LastGap());
  bench.Take(Message(kTrades, 2, TradeOf(9, 1)));
  CHECK(bench.LastGap()->reason == RecordedGapReason::kProducer);
  CHECK(bench.LastGap()->from == 2);
  bench.Take(Message(kTrades, 3, TradeOf(1, 3)));
  bench.Take(Message(kTrades, 4, TradeOf(9, 2)));
  CHECK(bench.engine.stats().gaps[static_cast<size_t>(RecordedGapReason::kProducer)] == 1);

  bus::TapMessage message = Message(kTrades, 5, TradeOf(9, 3));
  message.headers = {{"gannet-gap", "17"}};
  bench.Take(std::move(message));
  CHECK(bench.LastGap()->reason == RecordedGapReason::kConflated);
  CHECK(bench.LastGap()->count == 17);
  CHECK(bench.Next(kTrades) == 6);
}

TEST_CASE("RecorderEngine refuses to mix two clusters in one recording") {
  Bench bench;
  REQUIRE(bench.engine.TakeCluster("one", bench.entries).ok());
  REQUIRE(bench.engine.TakeCluster("one", bench.entries).ok());
  CHECK(bench.entries.size() == 1);
  CHECK(absl::IsFailedPrecondition(bench.engine.TakeCluster("two", bench.entries)));
}

TEST_CASE("The state of RecorderEngine follows from what it wrote, and survives a snapshot") {
  Bench bench;
  REQUIRE(bench.engine.TakeCluster("one", bench.entries).ok());
  bench.engine.TakeMove({kReports, 2, 0, 7}, bench.entries);
  bench.Take(Message(kReports, 7));
  bench.Take(Message(kTrades, 0, TradeOf(1, 1)));
  bus::TapMessage definition = Message(kInstruments, 0, "definition");
  definition.key = "v:X";
  bench.Take(std::move(definition));
  bench.engine.TakeRepeats(bench.entries);
  CHECK(bench.entries.back().channel == journal::kRepeatChannel);

  RecorderEngine again;
  for (const RecorderEngine::Entry& entry : bench.entries)
    REQUIRE(again.Apply(entry.channel, entry.payload).ok());
  CHECK(again.Save() == bench.engine.Save());
  RecorderEngine loaded;
  REQUIRE(loaded.Load(bench.engine.Save()).ok());
  CHECK(loaded.Save() == bench.engine.Save());
  CHECK(loaded.HasReference());
  const std::string state = bench.engine.Save();
  for (size_t size = 0; size < state.size(); ++size) {
    RecorderEngine cut;
    CHECK_FALSE(cut.Load(std::string_view(state).substr(0, size)).ok());
  }
}

}  // namespace
}  // namespace gannet::recorder
