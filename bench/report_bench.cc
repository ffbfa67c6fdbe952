// A report of 10,000 fills and 26,000 samples: building it, and writing each format.
// Goal: each below five seconds. Beside them as a floor: copying the rows.
#include <benchmark/benchmark.h>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "services/reporting/report_files.h"
#include "services/reporting/report_for_test.h"

namespace gannet::reporting {
namespace {

using namespace std::chrono_literals;

constexpr int kFills = 10'000, kSamples = 26'000;

const store::Batch& History() {
  static const store::Batch history = [] {
    store::Batch batch = TestHistory();
    for (int i = 0; i < kFills; ++i) {
      auto fill = TestFill(static_cast<uint64_t>(1'000 + i),
                           kTestDay + 52h + std::chrono::milliseconds(i * 7'000),
                           i % 2 == 0 ? market::Side::kBuy : market::Side::kSell, 100, 1 + i % 90,
                           i % 13, ("g1o" + std::to_string(i)).c_str());
      fill.price = market::Money(10'000 + i * 37 % 1'000, 2);
      fill.notional = market::Money(fill.price.units() * fill.quantity.units(), 4);
      batch.fills.push_back(std::move(fill));
    }
    for (int i = 0; i < kSamples; ++i)
      AddSample(batch, kTestDay + 52h + std::chrono::seconds(i * 3), 4'600 + i % 977, 2'000, 400,
                22'000);
    return batch;
  }();
  return history;
}

ReportRequest Request() {
  ReportRequest request = TestRequest();
  request.to = kTestDay + 24h * 4;
  request.grid = Grid::kHour;
  return request;
}

const Report& Sample() {
  static const Report report = BuildReport(*StoreWith(History()), Request()).value();
  return report;
}

void BM_CopyRows(benchmark::State& state) {
  for (auto _ : state) {
    auto copy = Sample().tables;
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(BM_CopyRows)->Unit(benchmark::kMillisecond);

void BM_Build(benchmark::State& state) {
  const auto store = StoreWith(History());
  for (auto _ : state) benchmark::DoNotOptimize(BuildReport(*store, Request()));
}
BENCHMARK(BM_Build)->Unit(benchmark::kMillisecond);

void BM_Json(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(JsonBytes(Sample()));
}
BENCHMARK(BM_Json)->Unit(benchmark::kMillisecond);

void BM_Csv(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(CsvFiles(Sample()));
}
BENCHMARK(BM_Csv)->Unit(benchmark::kMillisecond);

void BM_Xlsx(benchmark::State& state) {
  const base::TempDirForTest folder;
  base::PosixFiles files;
  size_t bytes = 0;
  for (auto _ : state) bytes = XlsxBytes(Sample(), files, folder.path()).value().size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_Xlsx)->Unit(benchmark::kMillisecond);

void BM_Pdf(benchmark::State& state) {
  size_t bytes = 0;
  for (auto _ : state) bytes = PdfBytes(Sample()).value().size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_Pdf)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gannet::reporting

BENCHMARK_MAIN();
