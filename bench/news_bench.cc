// A headline from its JSON line to its recorded signal, over 1,000 different
// headlines: sources, de-duplication, names, event type, tone. Beside it what the
// same lines cost when nobody reads them (floor: decode, parse, publish), and the
// classifier alone. p50 and p95 are in microseconds.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/no_network.h"
#include "libs/wire/codec.h"
#include "services/ingest/news_ingest.h"
#include "services/ingest/news_items.h"
#include "services/news-signal/app.h"
#include "services/news-signal/training.h"

namespace gannet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kHeadlines = 1'000;
const base::Time kStart = base::FromUnixMillis(1'717'243'200'000);

// Corpus lines with names filled in, so that no two are the same.
const std::vector<std::string>& Titles() {
  static const std::vector<std::string> titles = [] {
    base::SimFiles files;
    const auto classifier = *news_signal::LoadClassifier({}, files);
    const auto corpus = *news_signal::ShippedCorpus();
    base::Rng rng(7);
    std::vector<std::string> made;
    for (size_t i = 0; i < kHeadlines; ++i) {
      made.push_back(news_signal::FillPlaceholders(corpus[rng.Below(corpus.size())].text,
                                                   classifier->dictionary(), rng) +
                     " (" + std::to_string(i) + ")");
    }
    return made;
  }();
  return titles;
}

void Report(benchmark::State& state, std::vector<double>& microseconds) {
  std::sort(microseconds.begin(), microseconds.end());
  state.counters["p50_us"] = microseconds[microseconds.size() / 2];
  state.counters["p95_us"] = microseconds[microseconds.size() * 95 / 100];
}

struct Path {
  base::VirtualExecutor executor{kStart};
  base::SimFiles files;
  net::NoNetwork network;
  bus::MemoryBus bus{executor};
  runtime::Shard shard{{}, executor, executor, nullptr, nullptr};
  telemetry::Log log{"bench", telemetry::Level::kError, executor, [](std::string_view) {}};
  runtime::Deps deps{shard, bus,     executor, executor,     executor,
                     files, network, log,      base::Rng(1), ""};
  ingest::NewsIngest news{{}, deps};
  std::unique_ptr<news_signal::NewsSignalService> signals;
};

void Run(benchmark::State& state, bool with_signals) {
  std::vector<std::string> inputs;
  for (size_t i = 0; i < kHeadlines; ++i) {
    market::NewsItem item;
    item.source = "bench";
    item.source_id = std::to_string(i);
    item.title = Titles()[i];
    item.published = item.received = kStart + std::chrono::milliseconds(60 * i);
    inputs.push_back(wire::EncodeInput(wire::StreamEvent{"replay", wire::StreamEvent::Kind::kFrame,
                                                         ingest::FormatNewsLine(item)}));
  }
  std::vector<double> samples;
  for (auto _ : state) {
    Path path;
    if (with_signals) path.signals = *news_signal::BuildNewsSignal({}, path.deps);
    const runtime::InputPort port = *path.shard.FindInput(ingest::kNewsReplayPort);
    double total = 0;
    for (size_t i = 0; i < kHeadlines; ++i) {
      const auto start = Clock::now();
      path.shard.Deliver(port, inputs[i], kStart + std::chrono::milliseconds(60 * i));
      const std::chrono::duration<double> took = Clock::now() - start;
      samples.push_back(took.count() * 1e6);
      total += took.count();
    }
    if (with_signals && path.signals->stats().signals == 0)
      state.SkipWithError("no signal came out");
    state.SetIterationTime(total);
  }
  Report(state, samples);
}

void LineToSignal(benchmark::State& state) { Run(state, true); }
BENCHMARK(LineToSignal)->UseManualTime()->Unit(benchmark::kMillisecond);

void FloorLineToItem(benchmark::State& state) { Run(state, false); }
BENCHMARK(FloorLineToItem)->UseManualTime()->Unit(benchmark::kMillisecond);

void ClassifierAlone(benchmark::State& state) {
  base::SimFiles files;
  const auto classifier = *news_signal::LoadClassifier({}, files);
  std::vector<double> samples;
  size_t next = 0;
  for (auto _ : state) {
    const auto start = Clock::now();
    benchmark::DoNotOptimize(classifier->Read(Titles()[next++ % kHeadlines]));
    samples.push_back(std::chrono::duration<double>(Clock::now() - start).count() * 1e6);
  }
  Report(state, samples);
}
BENCHMARK(ClassifierAlone)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gannet

BENCHMARK_MAIN();
