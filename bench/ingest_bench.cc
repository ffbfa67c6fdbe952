// Frame → domain value → book: decoding alone and the whole engine, beside the floor
// of the same run: simdjson parsing the same bytes and reading nothing.
// The last benchmark runs a recorded session where there is one.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <string>
#include <variant>
#include <vector>

#include "libs/base/concat.h"
#include "libs/base/posix_files.h"
#include "libs/base/rng.h"
#include "libs/venue/binance/market_codec.h"
#include "services/ingest/capture.h"
#include "services/ingest/ingest_engine.h"

namespace gannet::ingest {
namespace {

using base::Concat;

constexpr uint64_t kFirstId = 1'000;
constexpr int kFrames = 4'096;

class NoOutput : public MarketOutput {
 public:
  void Publish(market::Instrument value, const market::Header&) override { Keep(value); }
  void Publish(market::Trade value, const market::Header&) override { Keep(value); }
  void Publish(market::Quote value, const market::Header&) override { Keep(value); }
  void Publish(market::BookUpdate value, const market::Header&) override { Keep(value); }
  void Publish(market::Bar value, const market::Header&) override { Keep(value); }
  void Publish(market::MarketStatus value, const market::Header&) override { Keep(value); }
  void WantSnapshot(const std::string&) override {}
  void WantReconnect(const std::string&, std::string_view) override {}
  void SubscriptionAnswered(const std::string&, const venue::RequestResult&) override {}
  uint64_t events = 0;

 private:
  template <class T>
  void Keep(const T& value) {
    benchmark::DoNotOptimize(&value);
    ++events;
  }
};

// Prices in cents around 60,000.00; never crossed: bids below, asks above.
std::string Level(base::Rng& rng, bool bid) {
  const int64_t cents = 6'000'000 + (bid ? -1 - static_cast<int64_t>(rng.Below(400))
                                         : 1 + static_cast<int64_t>(rng.Below(400)));
  const std::string fraction = std::to_string(100 + cents % 100).substr(1);
  return Concat({R"([")", std::to_string(cents / 100), ".", fraction, R"(000000","0.)",
                 std::to_string(10'000'000 + rng.Below(89'999'999)), R"("])"});
}

// The mix of a busy symbol: of ten messages one is a diff of 20 levels, seven are
// bookTickers, two are trades.
std::vector<std::string> Frames() {
  base::Rng rng(1);
  std::vector<std::string> frames;
  uint64_t id = kFirstId, trade = 0;
  for (int i = 0; i < kFrames; ++i) {
    if (i % 10 == 0) {
      std::string bids = Level(rng, true), asks = Level(rng, false);
      for (int k = 1; k < 10; ++k) {
        bids += "," + Level(rng, true);
        asks += "," + Level(rng, false);
      }
      const std::string first = std::to_string(++id);
      frames.push_back(Concat(
          {R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT","U":)",
           first, R"(,"u":)", first, R"(,"b":[)", bids, R"(],"a":[)", asks, "]}}"}));
    } else if (i % 5 == 1) {
      frames.push_back(Concat(
          {R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000000,"s":"BTCUSDT","t":)",
           std::to_string(++trade),
           R"(,"p":"60000.01000000","q":"0.02000000","T":1700000000000,"m":true,"M":true}})"}));
    } else {
      frames.push_back(Concat({R"({"stream":"btcusdt@bookTicker","data":{"u":)", std::to_string(id),
                               R"(,"s":"BTCUSDT","b":"59999.99000000","B":"3.)",
                               std::to_string(10'000'000 + rng.Below(89'999'999)),
                               R"(","a":"60000.01000000","A":"1.54698000"}})"}));
    }
  }
  return frames;
}

void Report(benchmark::State& state, const std::vector<std::string>& frames) {
  uint64_t bytes = 0;
  for (const std::string& frame : frames) bytes += frame.size();
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(frames.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

void BM_FloorParseOnly(benchmark::State& state) {
  const std::vector<std::string> frames = Frames();
  simdjson::dom::parser parser;
  for (auto _ : state) {
    for (const std::string& frame : frames) benchmark::DoNotOptimize(parser.parse(frame).error());
  }
  Report(state, frames);
}
BENCHMARK(BM_FloorParseOnly)->Unit(benchmark::kMicrosecond);

void BM_Decode(benchmark::State& state) {
  const std::vector<std::string> frames = Frames();
  venue::binance::MarketDecoder decoder;
  for (auto _ : state) {
    for (const std::string& frame : frames)
      benchmark::DoNotOptimize(decoder.DecodeFrame(frame).ok());
  }
  Report(state, frames);
}
BENCHMARK(BM_Decode)->Unit(benchmark::kMicrosecond);

// Decode, splice, book, quote, trade, bar, agreement; a new book each round.
void BM_Engine(benchmark::State& state) {
  const std::vector<std::string> frames = Frames();
  std::vector<wire::StreamEvent> events;
  for (const std::string& frame : frames)
    events.push_back({"c", wire::StreamEvent::Kind::kFrame, frame});
  wire::HttpExchange snapshot;
  snapshot.status = 200;
  snapshot.headers = {{":path", "/api/v3/depth?symbol=BTCUSDT&limit=1000"}};
  snapshot.body = Concat({R"({"lastUpdateId":)", std::to_string(kFirstId),
                          R"(,"bids":[["59000","1"]],"asks":[["61000","1"]]})"});
  market::Header cause;
  cause.receive_time = cause.event_time = base::FromUnixMillis(1'700'000'000'000);
  for (auto _ : state) {
    NoOutput output;
    VenueOptions options;
    options.infer_definitions = true;
    IngestEngine engine(options, output);
    engine.OnStream({"c", wire::StreamEvent::Kind::kOpened, ""}, cause);
    engine.OnHttp(snapshot, cause);
    for (const wire::StreamEvent& event : events) engine.OnStream(event, cause);
    if (output.events < kFrames / 2 || engine.counters().undecodable != 0)
      state.SkipWithError("frames were refused");
  }
  Report(state, frames);
}
BENCHMARK(BM_Engine)->Unit(benchmark::kMicrosecond);

// A recorded file from disk to events: inflate, lines, decode, book.
void BM_Recording(benchmark::State& state) {
  const std::string path = "../shared/data/l2-binance-2024-08/usdm-btcusdt_20240808.gz";
  base::PosixFiles files;
  if (!files.Exists(path))
    return state.SkipWithError("SKIPPED: ../shared/data/l2-binance-2024-08 not present");
  uint64_t lines = 0;
  for (auto _ : state) {
    auto set = CaptureSet::Open(files, {{.path = path}}, {});
    if (!set.ok()) return state.SkipWithError("the recording does not open");
    NoOutput output;
    VenueOptions options;
    options.venue = "binance-usdm";
    options.product = venue::binance::Product::kUsdm;
    options.infer_definitions = true;
    IngestEngine engine(options, output);
    market::Header cause;
    for (;;) {
      auto line = set->Next();
      if (!line.ok() || !*line) break;
      cause.receive_time = cause.event_time = (*line)->receive_time;
      if (const auto* event = std::get_if<wire::StreamEvent>(&(*line)->input))
        engine.OnStream(*event, cause);
      if (const auto* answer = std::get_if<wire::HttpExchange>(&(*line)->input))
        engine.OnHttp(*answer, cause);
      ++lines;
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(lines));
}
BENCHMARK(BM_Recording)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gannet::ingest

BENCHMARK_MAIN();
