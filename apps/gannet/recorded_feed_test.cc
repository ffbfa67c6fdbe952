#include "apps/gannet/recorded_feed.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sstream>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"

namespace gannet::app {
namespace {

using Catch::Matchers::ContainsSubstring;

const market::InstrumentId kX("v:X");
constexpr char kFolder[] = "rec/journal";

base::Time At(int64_t second) { return base::FromUnixMillis(1'700'000'000'000 + second * 1'000); }

template <class T>
std::string Bytes(const bus::Topic<T>& topic, T value, base::Time time, uint64_t sequence) {
  market::Event<T> event;
  event.header.id = {77, sequence};
  event.header.publish_time = event.header.receive_time = time;
  event.value = std::move(value);
  return topic.info.encode(&event);
}

// A recording as the recorder writes it.
class Recording {
 public:
  explicit Recording(base::Files& files) {
    journal::SegmentInfo info;
    info.versions[std::string(journal::kRecordingVersion)] = journal::kRecordingFormat;
    writer_ = *journal::Writer::Open(files, executor_, kFolder, info,
                                     {.reserve_bytes = 0, .own_thread = false});
  }
  void Put(const bus::TopicInfo& topic, uint32_t partition, std::string payload) {
    const journal::RecordedMessage message{.partition = partition,
                                           .offset = next_[{&topic, partition}]++,
                                           .payload = std::move(payload)};
    Append(topic.name, journal::EncodeRecorded(message));
  }
  void Append(std::string_view channel, std::string payload) {
    writer_->Append(journal::RecordType::kInput, At(0), channel, payload);
  }
  void Close() { REQUIRE(writer_->Close().ok()); }

 private:
  base::VirtualExecutor executor_{At(0)};
  std::unique_ptr<journal::Writer> writer_;
  std::map<std::pair<const bus::TopicInfo*, uint32_t>, uint64_t> next_;
};

market::Trade Trade(uint64_t id) { return {.instrument = kX, .trade_id = id}; }

market::BookUpdate Book(uint64_t update, bool snapshot, int64_t bid) {
  return {.instrument = kX,
          .state = market::BookState::kValid,
          .snapshot = snapshot,
          .last_update_id = update,
          .bids = {{market::Price(bid), market::Quantity(1)}}};
}

market::Quote Quote(uint64_t update, int64_t bid) {
  return {.instrument = kX, .bid = {market::Price(bid), market::Quantity(1)}, .update_id = update};
}

market::Instrument Definition(uint32_t version) {
  market::Instrument definition;
  definition.id = kX;
  definition.version = version;
  return definition;
}

// What the consumers of a shard get of a recording, as "name number".
struct Run {
  std::vector<std::string> seen;
  std::string report;
};

absl::StatusOr<Run> Replay(base::Files& files, std::optional<base::Time> from = {},
                           std::optional<base::Time> to = {}, size_t memory = 1u << 20) {
  auto feed = RecordedFeed::Open(
      {.folder = "rec", .from = from, .to = to, .scratch = "scratch", .max_memory = memory}, files);
  if (!feed.ok()) return feed.status();
  Run run;
  VirtualHost host(
      files, [](std::string_view) {}, {.name = "replay"}, (*feed)->first_time());
  host.shard().Consume<market::Trade>(bus::kTrades, nullptr, [&](const auto& event) {
    run.seen.push_back("trade " + std::to_string(event.value.trade_id));
  });
  host.shard().Consume<market::Instrument>(bus::kInstruments, nullptr, [&](const auto& event) {
    run.seen.push_back("version " + std::to_string(event.value.version));
  });
  host.shard().Consume<market::NewsItem>(bus::kNewsRaw, nullptr, [&](const auto& event) {
    run.seen.push_back("news " + event.value.source_id);
  });
  host.shard().Consume<market::BookUpdate>(bus::kBooks, nullptr, [&](const auto& event) {
    run.seen.push_back((event.value.state == market::BookState::kValid ? "book " : "no book ") +
                       std::to_string(event.value.last_update_id));
  });
  (*feed)->Attach(host);
  host.shard().Resume((*feed)->first_time());
  while (const auto time = (*feed)->next_time()) {
    host.executor().RunUntil(*time);
    const absl::Status stepped = (*feed)->Step();
    if (!stepped.ok()) return stepped;
  }
  std::ostringstream report;
  (*feed)->Report(report);
  run.report = report.str();
  return run;
}

TEST_CASE(
    "A recording is replayed in the order of publication, whatever order it was recorded in") {
  base::SimFiles files;
  Recording recording(files);
  // Partition 5 was read long before the others.
  recording.Put(bus::kTrades.info, 5, Bytes(bus::kTrades, Trade(2), At(2), 20));
  recording.Put(bus::kTrades.info, 5, Bytes(bus::kTrades, Trade(5), At(9), 90));
  recording.Put(bus::kNewsRaw.info, 0,
                Bytes(bus::kNewsRaw, market::NewsItem{.source = "s", .source_id = "n"}, At(3), 25));
  recording.Put(bus::kTrades.info, 1, Bytes(bus::kTrades, Trade(3), At(3), 30));
  recording.Put(bus::kTrades.info, 1, Bytes(bus::kTrades, Trade(4), At(3), 31));
  recording.Put(bus::kInstruments.info, 0, Bytes(bus::kInstruments, Definition(1), At(1), 10));
  recording.Put(bus::kExecReports.info, 0, "no input of a replay");
  recording.Close();
  const std::vector<std::string> all = {"version 1", "trade 2", "news n",
                                        "trade 3",   "trade 4", "trade 5"};
  CHECK(Replay(files)->seen == all);
  CHECK(Replay(files, {}, {}, 100)->seen == all);  // sorted in files
  CHECK(files.List("scratch")->empty());
  // A part: what an instrument is comes from before it.
  CHECK(Replay(files, At(3), At(9))->seen ==
        std::vector<std::string>{"version 1", "news n", "trade 3", "trade 4"});
  CHECK(absl::IsInvalidArgument(Replay(files, At(50)).status()));
}

TEST_CASE("An event that was published twice is replayed once") {
  base::SimFiles files;
  Recording recording(files);
  for (int i = 0; i < 2; ++i)
    recording.Put(bus::kTrades.info, 1, Bytes(bus::kTrades, Trade(1), At(1), 1));
  recording.Put(bus::kTrades.info, 1, "not protobuf \xff");
  recording.Close();
  const auto run = Replay(files);
  CHECK(run->seen == std::vector<std::string>{"trade 1"});
  CHECK_THAT(run->report, ContainsSubstring("1 more were there twice"));
  CHECK_THAT(run->report, ContainsSubstring("1 could not be decoded"));
}

TEST_CASE("Of a recording whose beginning is gone, repeated definitions come first") {
  base::SimFiles files;
  Recording recording(files);
  recording.Put(bus::kTrades.info, 1, Bytes(bus::kTrades, Trade(1), At(100), 5));
  recording.Append(
      journal::kRepeatChannel,
      journal::EncodeRepeat(bus::kInstruments.info.name,
                            {.payload = Bytes(bus::kInstruments, Definition(3), At(-90'000), 1)}));
  recording.Close();
  CHECK(Replay(files)->seen == std::vector<std::string>{"version 3", "trade 1"});
}

TEST_CASE("Books of a recording begin whole, are compared with quotes, and end at a gap") {
  base::SimFiles files;
  Recording recording(files);
  recording.Put(bus::kBooks.info, 1, Bytes(bus::kBooks, Book(1, false, 99), At(1), 1));
  recording.Put(bus::kBooks.info, 1, Bytes(bus::kBooks, Book(2, true, 100), At(2), 2));
  recording.Put(bus::kQuotes.info, 1, Bytes(bus::kQuotes, Quote(2, 100), At(2), 3));
  recording.Put(bus::kBooks.info, 1, Bytes(bus::kBooks, Book(3, false, 101), At(3), 4));
  recording.Put(bus::kQuotes.info, 1, Bytes(bus::kQuotes, Quote(3, 555), At(3), 5));
  recording.Append(journal::kGapChannel,
                   journal::EncodeGap({.topic = std::string(bus::kBooks.info.name),
                                       .partition = 1,
                                       .reason = journal::RecordedGapReason::kConflated,
                                       .from = 3,
                                       .to = 3,
                                       .count = 4}));
  recording.Put(bus::kBooks.info, 1, Bytes(bus::kBooks, Book(9, false, 102), At(4), 6));
  recording.Put(bus::kBooks.info, 1, Bytes(bus::kBooks, Book(10, true, 102), At(5), 7));
  recording.Close();
  const auto run = Replay(files);
  CHECK(run->seen ==
        std::vector<std::string>{"no book 1", "book 2", "book 3", "no book 9", "book 10"});
  CHECK_THAT(run->report, ContainsSubstring("VALID"));
  CHECK_THAT(run->report, ContainsSubstring("agrees with 1 of 2 quotes"));
  CHECK_THAT(run->report, ContainsSubstring("1 gaps in the recording: conflated"));
  CHECK_THAT(run->report, ContainsSubstring("4 messages are missing"));
}

}  // namespace
}  // namespace gannet::app
