#include "apps/gannet/journal_command.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "apps/gannet/message_json.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"
#include "libs/journal/read_mark.h"
#include "libs/wire/codec.h"

namespace gannet::app {
namespace {

using Catch::Matchers::ContainsSubstring;
using journal::RecordType;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr char kData[] = "/data";
constexpr char kJournal[] = "/data/journal";

// A journal in which something of everything was recorded.
struct Recorded {
  base::SimFiles files;
  base::VirtualExecutor executor{base::FromUnixMillis(1'700'000'000'000)};
  std::unique_ptr<journal::Writer> writer;

  Recorded() { Open("build-1"); }
  void Open(const std::string& build) {
    writer.reset();
    journal::WriterOptions options;
    options.own_thread = false;
    options.reserve_bytes = 0;
    auto opened = journal::Writer::Open(files, executor, kJournal,
                                        {7, build, "config", 3, {{"limits", "2"}}}, options);
    REQUIRE(opened.ok());
    writer = *std::move(opened);
  }
  void Append(RecordType type, std::string_view channel, std::string_view payload) {
    writer->Append(type, executor.Now(), channel, payload);
    writer->Commit();
    executor.RunFor(1s);
  }
};

std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(json::parse(line, nullptr, /*allow_exceptions=*/false));
    REQUIRE_FALSE(lines.back().is_discarded());
  }
  return lines;
}

std::vector<json> Dump(Recorded& recorded, const JournalDumpOptions& options = {},
                       const char* dir = kJournal) {
  std::ostringstream out;
  REQUIRE(DumpJournal(recorded.files, dir, options, out).ok());
  return Lines(out.str());
}

std::string SomeBalance() {
  market::Event<market::BalanceUpdate> event;
  event.header.id = {0xabc, 5};
  event.header.event_time = base::FromUnixNanos(1'700'000'000'000'000'001);
  event.header.tenant = "main";
  event.value.account = market::AccountId("main/paper");
  event.value.asset = market::AssetId("USDT");
  event.value.free = market::Money(-12'345'678'901'234'567, 8);
  return wire::Encode(event);
}

}  // namespace

TEST_CASE("journal dump prints one JSON object a record, decoded where it is known") {
  Recorded recorded;
  recorded.Append(RecordType::kInput, "market:binance",
                  wire::EncodeInput(wire::StreamEvent{"c1", wire::StreamEvent::Kind::kFrame,
                                                      R"({"u":1,"s":"BTCUSDT"})"}));
  recorded.Append(
      RecordType::kInput, "rest",
      wire::EncodeInput(wire::HttpExchange{4, "", 200, {{"etag", "x\"y"}}, "\xff\x01"}));
  recorded.Append(RecordType::kFact, bus::kBalances.info.name, SomeBalance());
  recorded.Append(RecordType::kInput, "@tick", "");
  recorded.Append(RecordType::kInput, "feed", "a headline\nin two lines");
  recorded.Append(RecordType::kInput, "odd", std::string("\0\x01\x02", 3));
  recorded.Append(RecordType::kFact, "unknown.topic", "abc");
  const std::vector<json> lines = Dump(recorded);
  REQUIRE(lines.size() == 7);
  CHECK(lines[0]["sequence"] == 1);
  CHECK(lines[0]["type"] == "input");
  CHECK(lines[0]["time"] == "2023-11-14T22:13:20.000000000Z");
  CHECK(lines[0]["channel"] == "market:binance");
  CHECK(lines[0]["stream"]["connection"] == "c1");
  CHECK(lines[0]["stream"]["kind"] == "frame");
  CHECK(lines[0]["stream"]["body"] == R"({"u":1,"s":"BTCUSDT"})");
  CHECK(lines[1]["http"]["status"] == 200);
  CHECK(lines[1]["http"]["headers"][0][1] == "x\"y");
  CHECK(lines[1]["http"]["body"]["hex"] == "ff01");
  CHECK(lines[2]["event"]["value"]["free"] == "-123456789.01234567");
  CHECK(lines[2]["event"]["value"]["account"] == "main/paper");
  CHECK(lines[2]["event"]["header"]["id"] == "0000000000000abc-5");
  CHECK(lines[2]["event"]["header"]["event_time_ns"] == 1'700'000'000'000'000'001);
  CHECK(lines[3]["text"] == "");
  CHECK(lines[4]["text"] == "a headline\nin two lines");
  CHECK(lines[5]["hex"] == "000102");
  CHECK(lines[6]["hex"] == "616263");
}

TEST_CASE("journal dump takes a part, and a data folder for its journal") {
  Recorded recorded;
  for (int i = 0; i < 5; ++i) {
    recorded.Append(RecordType::kInput, i % 2 == 0 ? "even" : "odd", "x");
    recorded.Append(RecordType::kVersions, "limits", "3");
  }
  CHECK(Dump(recorded, {}, kData).size() == 10);
  CHECK(Dump(recorded, {.after = 4}).size() == 6);
  CHECK(Dump(recorded, {.after = 4}).front()["sequence"] == 5);
  CHECK(Dump(recorded, {.after = 4, .limit = 2}).size() == 2);
  CHECK(Dump(recorded, {.channel = "odd"}).size() == 2);
  CHECK(Dump(recorded, {.limit = 1, .channel = "odd"}).front()["sequence"] == 3);
  // Nothing was said on a topic yet; another name is none.
  CHECK(Dump(recorded, {.channel = "exec.reports.v1"}).empty());
  std::ostringstream none;
  CHECK_THAT(DumpJournal(recorded.files, kJournal, {.channel = "ood"}, none).ToString(),
             ContainsSubstring("--channel: no record is of 'ood'; there are even, limits, odd"));
  CHECK(Dump(recorded, {.type = RecordType::kVersions}).size() == 5);
  recorded.Open("build-2");
  recorded.Append(RecordType::kInput, "even", "x");
  const std::vector<json> lines = Dump(recorded, {.segments = true});
  REQUIRE(lines.size() == 13);
  CHECK(lines.front()["type"] == "segment");
  CHECK(lines.front()["build_id"] == "build-1");
  CHECK(lines.front()["run"] == "0000000000000007");
  CHECK(lines.front()["versions"]["limits"] == "2");
  CHECK(lines[11]["build_id"] == "build-2");
}

TEST_CASE("journal verify says what is there") {
  Recorded recorded;
  for (int i = 0; i < 5; ++i) recorded.Append(RecordType::kInput, "c", "x");
  REQUIRE(recorded.writer->WriteSnapshot("s").ok());
  std::ostringstream out;
  CHECK(VerifyJournal(recorded.files, kData, out).ok());
  CHECK(out.str().find("records   5, from 1 to 5\n") != std::string::npos);
  CHECK(out.str().find("snapshots 1\n") != std::string::npos);
  CHECK(out.str().find("\nvalid\n") != std::string::npos);
}

TEST_CASE("journal verify names the first bad record and the longest valid prefix") {
  Recorded recorded;
  for (int i = 0; i < 5; ++i) recorded.Append(RecordType::kInput, "c", "x");
  const std::string path = std::string(kJournal) + "/journal-00000000000000000001.gnj";
  const uint64_t size = *recorded.files.Size(path);
  recorded.files.FlipBit(path, size - 1, 0);
  std::ostringstream tail;
  CHECK(VerifyJournal(recorded.files, kJournal, tail).ok());
  CHECK(tail.str().find("unfinished tail: " + path) != std::string::npos);
  CHECK(tail.str().find("up to record 4\n") != std::string::npos);

  recorded.files.FlipBit(path, size - 1, 0);
  recorded.files.FlipBit(path, size / 2, 0);
  std::ostringstream damaged;
  const absl::Status status = VerifyJournal(recorded.files, kJournal, damaged);
  CHECK(absl::IsDataLoss(status));
  CHECK(std::string(status.message()).find(path) != std::string::npos);
  CHECK(damaged.str().find("FIRST DAMAGE: " + path) != std::string::npos);
  CHECK(damaged.str().find("first bad record: ") != std::string::npos);
  CHECK(damaged.str().find("longest valid prefix: up to record") != std::string::npos);
  std::ostringstream out;
  CHECK(absl::IsDataLoss(DumpJournal(recorded.files, kJournal, {}, out)));
  CHECK(Lines(out.str()).size() < 5);
}

TEST_CASE("journal commands say when there is no journal") {
  base::SimFiles files;
  std::ostringstream out;
  CHECK(absl::IsNotFound(VerifyJournal(files, "/none", out)));
  CHECK(absl::IsNotFound(DumpJournal(files, "/none", {}, out)));
  CHECK(absl::IsNotFound(PruneJournal(files, "/none", base::Time{}, 0s, 0, out)));
  CHECK(absl::IsNotFound(SkipLostRecords(files, "/none", base::Time{}, 9, out)));
  REQUIRE(files.MakeDirs("/empty").ok());
  CHECK(absl::IsNotFound(VerifyJournal(files, "/empty", out)));
  CHECK(absl::IsNotFound(PruneJournal(files, "/empty", base::Time{}, 0s, 0, out)));
  CHECK(files.List("/empty")->empty());
}

TEST_CASE("journal skip gives records up for lost, and verify says so") {
  Recorded recorded;
  for (int i = 0; i < 5; ++i) recorded.Append(RecordType::kInput, "c", "x");
  const base::Time now = recorded.executor.Now();
  std::ostringstream out;
  CHECK(absl::IsAborted(SkipLostRecords(recorded.files, kData, now, 9, out)));
  recorded.writer.reset();
  CHECK(SkipLostRecords(recorded.files, kData, now, 9, out).ok());
  CHECK(out.str().find("records 6 to 9 are lost") != std::string::npos);
  std::ostringstream verified;
  CHECK(VerifyJournal(recorded.files, kData, verified).ok());
  CHECK(verified.str().find("4 more were dropped") != std::string::npos);
}

TEST_CASE("journal prune waits for the journal to be free") {
  Recorded recorded;
  recorded.Append(RecordType::kInput, "c", "x");
  std::ostringstream out;
  CHECK(absl::IsAborted(PruneJournal(recorded.files, kData, recorded.executor.Now(), 0s, 0, out)));
  REQUIRE(recorded.writer->WriteSnapshot("one").ok());
  for (int i = 2; i <= 4; ++i) {
    recorded.Open("build-" + std::to_string(i));
    recorded.Append(RecordType::kInput, "c", "x");
    REQUIRE(recorded.writer->WriteSnapshot("more").ok());
  }
  const uint64_t run = recorded.writer->info().run;
  recorded.writer.reset();
  // What is not in the rows yet stays.
  const std::string mark = journal::ReadMarkPath(kJournal);
  REQUIRE(recorded.files.WriteAtomically(mark, journal::ToText({run, 1})).ok());
  CHECK(PruneJournal(recorded.files, kData, recorded.executor.Now(), 0s, 0, out).ok());
  CHECK(out.str().find("removed 1 segment ") != std::string::npos);
  CHECK(out.str().find("or remove " + mark) != std::string::npos);
  REQUIRE(recorded.files.Remove(mark).ok());
  CHECK(PruneJournal(recorded.files, kData, recorded.executor.Now(), 0s, 0, out).ok());
  CHECK(out.str().find("removed 2 segments") != std::string::npos);
}

TEST_CASE("Every topic of the table has a JSON form") {
  for (const bus::TopicInfo* topic : bus::AllTopics()) {
    CAPTURE(std::string(topic->name));
    CHECK(JsonOfEvent(topic->name, "").has_value());
    CHECK_FALSE(JsonOfEvent(topic->name, "\xff\xff").has_value());
  }
  CHECK_FALSE(JsonOfEvent("no.such.topic", ""));
}

TEST_CASE("JSON text escapes what must be, and replaces what is no text") {
  CHECK(JsonText("a\"b\\c\n\x01") == "\"a\\\"b\\\\c\\u000a\\u0001\"");
  CHECK(JsonText("\xff") == "\"\xef\xbf\xbd\"");
  CHECK(JsonBytes("héllo") == "\"héllo\"");
  CHECK(JsonBytes("\x7f") == "{\"hex\":\"7f\"}");
  CHECK(ParseRecordType("fact") == RecordType::kFact);
  CHECK_FALSE(ParseRecordType("Fact"));
}

}  // namespace gannet::app
