#include "services/ingest/market_ingest.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"
#include "services/ingest/definitions.h"

namespace gannet::ingest {
namespace {

using Kind = wire::StreamEvent::Kind;

struct Bench {
  explicit Bench(bool wire_mode = false)
      : shard(Options(wire_mode), executor, executor, nullptr, nullptr), market(shard, Venue()) {
    shard.Consume<market::BookUpdate>(
        bus::kBooks,
        [this](const market::Event<market::BookUpdate>& event) { books.push_back(event); });
    shard.Consume<market::Trade>(bus::kTrades, [this](const market::Event<market::Trade>& event) {
      trades.push_back(event);
    });
  }
  static runtime::ShardOptions Options(bool wire_mode) {
    runtime::ShardOptions options;
    options.wire_mode = wire_mode;
    return options;
  }
  static VenueOptions Venue() {
    VenueOptions options;
    options.infer_definitions = true;
    return options;
  }
  CaptureLine Frame(std::string body) const {
    CaptureLine line;
    line.receive_time = now;
    line.venue = "binance-spot";
    line.input = wire::StreamEvent{"c", Kind::kFrame, std::move(body)};
    return line;
  }
  void MakeValid() {
    market.Deliver(wire::StreamEvent{"c", Kind::kOpened, ""}, now);
    REQUIRE(
        Deliver(
            {&market},
            Frame(
                R"({"e":"depthUpdate","E":1700000000500,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]})"))
            .ok());
    wire::HttpExchange snapshot;
    snapshot.status = 200;
    snapshot.headers = {{":path", "/api/v3/depth?symbol=BTCUSDT&limit=1000"}};
    snapshot.body = R"({"lastUpdateId":2,"bids":[["100","1"]],"asks":[["101","1"]]})";
    market.Deliver(snapshot, now);
  }

  base::Time now = base::FromUnixMillis(1'700'000'000'000);
  base::VirtualExecutor executor{now};
  std::vector<market::Event<market::BookUpdate>> books;
  std::vector<market::Event<market::Trade>> trades;
  runtime::Shard shard;
  MarketIngest market;
};

}  // namespace

TEST_CASE("MarketIngest turns inputs of its ports into events with the venue's time") {
  for (const bool wire_mode : {false, true}) {
    Bench bench(wire_mode);
    bench.MakeValid();
    REQUIRE(bench.books.size() == 1);
    CHECK(bench.books[0].value.state == market::BookState::kValid);
    REQUIRE(
        Deliver(
            {&bench.market},
            bench.Frame(
                R"({"e":"trade","E":1700000000900,"T":1700000000800,"s":"BTCUSDT","t":7,"p":"100.5","q":"2","m":false})"))
            .ok());
    REQUIRE(bench.trades.size() == 1);
    CHECK(bench.trades[0].header.event_time == base::FromUnixMillis(1'700'000'000'800));
    CHECK(bench.trades[0].header.receive_time == bench.now);
    CHECK(bench.trades[0].header.source == "binance-spot");
    CHECK(bench.trades[0].header.source_sequence == 7);
    CHECK_FALSE(bench.trades[0].header.causation.empty());
    CHECK(bench.shard.FindInput("ingest/binance-spot/stream"));
    CHECK(bench.shard.FindInput("ingest/binance-spot/http"));
  }
}

TEST_CASE("MarketIngest checks its books once a second of engine time") {
  Bench bench;
  CHECK(bench.shard.next_deadline() == base::Time::max());
  bench.MakeValid();
  bench.executor.RunUntil(bench.now + std::chrono::seconds(40));
  CHECK(bench.market.engine().feeds().at("BTCUSDT")->book().fault() == market::BookFault::kStale);
  CHECK(bench.books.back().value.fault == market::BookFault::kStale);
}

TEST_CASE("MarketIngest carries wishes out after the turn, and drops them without a taker") {
  Bench bench;
  std::vector<std::string> wanted;
  bench.MakeValid();  // no taker: nothing happens
  bench.market.set_wishes(
      {.snapshot =
           [&](const std::string& symbol) {
             wanted.push_back(symbol);
             // Outside of the turn another input may be delivered.
             bench.market.Deliver(wire::StreamEvent{"c", Kind::kFrame, "{}"}, bench.now);
           },
       .reconnect = nullptr,
       .subscription_answered = nullptr});
  bench.market.Deliver(
      wire::StreamEvent{
          "c", Kind::kFrame,
          R"({"e":"depthUpdate","E":1700000000500,"s":"BTCUSDT","U":9,"u":9,"b":[],"a":[]})"},
      bench.now);
  CHECK(bench.books.back().value.fault == market::BookFault::kGap);
  CHECK(wanted == std::vector<std::string>{"BTCUSDT"});
}

TEST_CASE("MarketIngest counts bytes that are no input, and names a venue that is not there") {
  Bench bench;
  bench.shard.Deliver(*bench.shard.FindInput("ingest/binance-spot/stream"), "\xff\xff\xff",
                      bench.now);
  CHECK(bench.market.undecodable_inputs() == 1);
  CaptureLine line = bench.Frame("{}");
  line.venue = "binance-usdm";
  CHECK(Deliver({&bench.market}, line).code() == absl::StatusCode::kNotFound);
}

TEST_CASE("MarketIngest's definitions are facts: their versions outlive a crash") {
  Bench first, second;
  std::vector<market::Event<wire::EngineNote>> notes;
  first.shard.ObserveFacts([&notes](const bus::TopicInfo& topic, const void* event) {
    REQUIRE(topic.name == bus::kJournals.info.name);
    notes.push_back(*static_cast<const market::Event<wire::EngineNote>*>(event));
  });
  first.MakeValid();
  REQUIRE(notes.size() == 2);  // assumed from the symbol, then inferred from the book
  for (const auto& note : notes) {
    journal::Record record;
    record.type = journal::RecordType::kFact;
    record.channel = bus::kJournals.info.name;
    record.payload = bus::kJournals.info.encode(&note);
    second.shard.ApplyRecorded(record);
  }
  const market::Instrument known = first.market.engine().feeds().at("BTCUSDT")->definition();
  REQUIRE(second.market.engine().Recorded("BTCUSDT") != nullptr);
  CHECK(SameRules(*second.market.engine().Recorded("BTCUSDT"), known));
  CHECK(second.market.engine().Recorded("BTCUSDT")->version == known.version);
  second.MakeValid();
  CHECK(second.market.engine().feeds().at("BTCUSDT")->definition().version > known.version);
}

TEST_CASE("MarketIngest's pause that the venue asked for is a fact: it outlives a crash") {
  Bench first, second;
  std::vector<market::Event<wire::EngineNote>> notes;
  first.shard.ObserveFacts([&notes](const bus::TopicInfo&, const void* event) {
    notes.push_back(*static_cast<const market::Event<wire::EngineNote>*>(event));
  });
  const auto answer = [&first](int status, const char* seconds) {
    wire::HttpExchange exchange;
    exchange.status = status;
    exchange.headers = {{":path", "/api/v3/exchangeInfo"}, {"retry-after", seconds}};
    first.market.Deliver(exchange, first.now);
  };
  answer(418, "120");
  answer(429, "60");  // to an older request: it shortens nothing
  answer(500, "600");
  REQUIRE(notes.size() == 1);
  journal::Record record;
  record.type = journal::RecordType::kFact;
  record.channel = bus::kJournals.info.name;
  record.payload = bus::kJournals.info.encode(&notes[0]);
  second.shard.ApplyRecorded(record);
  for (const Bench* bench : {&first, &second})
    CHECK(bench->market.engine().requests_held_until() == bench->now + std::chrono::minutes(2));
}

TEST_CASE("MarketIngest keeps definitions in the shard's snapshot") {
  Bench first, second;
  first.MakeValid();
  CHECK(second.shard.LoadState(first.shard.SaveState()).ok());
  second.MakeValid();
  CHECK(second.market.engine().feeds().at("BTCUSDT")->definition().version >= 2);
}

}  // namespace gannet::ingest
