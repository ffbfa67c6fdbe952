// Durable records a second: a record counts once its fdatasync is done and the
// loop was told. Beside it the floor of the same run, on the same disk: write and
// fdatasync of one record after the other, which is what a journal without group
// commit would do. The last lines print the ratios.
//
// Records of 200 bytes, the size of an order intent. "in flight" is how many wait
// for their commit at a time.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/executor.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/journal/journal.h"

namespace gannet::journal {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kRecordBytes = 200;

// The loop: tasks posted by the committer, run by the benchmark's thread.
class Loop : public base::Executor {
 public:
  void Post(std::function<void()> task) override {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }
  base::TimerId After(base::Duration, std::function<void()> task) override {
    Post(std::move(task));
    return base::TimerId::kNone;
  }
  void Cancel(base::TimerId) override {}
  void RunOne() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !tasks_.empty(); });
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
};

void ReportLatency(benchmark::State& state, std::vector<int64_t>& nanos) {
  if (nanos.empty()) return;
  std::sort(nanos.begin(), nanos.end());
  state.counters["p50_us"] = static_cast<double>(nanos[nanos.size() / 2]) / 1000;
  state.counters["p99_us"] = static_cast<double>(nanos[nanos.size() * 99 / 100]) / 1000;
}

void DurableAppends(benchmark::State& state) {
  const auto in_flight = static_cast<uint64_t>(state.range(0));
  base::TempDirForTest temp;
  base::PosixFiles files;
  Loop loop;
  auto writer = Writer::Open(files, loop, temp / "journal", SegmentInfo{1, "bench", "", 0, {}},
                             WriterOptions());
  if (!writer.ok()) return state.SkipWithError(std::string(writer.status().message()).c_str());
  const std::string payload(kRecordBytes, 'x');
  std::vector<int64_t> nanos;
  nanos.reserve(4u << 20);
  uint64_t durable = 0, appended = 0;
  for (auto _ : state) {
    while (appended - durable >= in_flight) loop.RunOne();
    appended = (*writer)->Append(RecordType::kFact, base::Time{}, "order.intents", payload);
    (*writer)->WhenDurable(appended, [&, sequence = appended, start = SteadyClock::now()] {
      durable = sequence;
      if (nanos.size() < nanos.capacity()) nanos.push_back((SteadyClock::now() - start).count());
    });
    (*writer)->Commit();
  }
  while (durable < appended) loop.RunOne();
  state.SetItemsProcessed(static_cast<int64_t>(durable));
  state.counters["records_a_sync"] =
      static_cast<double>(durable) /
      static_cast<double>(std::max<uint64_t>((*writer)->stats().batches, 1));
  ReportLatency(state, nanos);
  if (!(*writer)->Close().ok()) state.SkipWithError("the journal failed");
}

void FloorWriteAndSync(benchmark::State& state) {
  base::TempDirForTest temp;
  const int fd = open((temp / "floor").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return state.SkipWithError("cannot create a file");
  const std::string record(kRecordBytes, 'x');
  std::vector<int64_t> nanos;
  nanos.reserve(1u << 20);
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    if (write(fd, record.data(), record.size()) < 0 || fdatasync(fd) != 0)
      return state.SkipWithError("cannot write");
    if (nanos.size() < nanos.capacity()) nanos.push_back((SteadyClock::now() - start).count());
  }
  state.SetItemsProcessed(state.iterations());
  ReportLatency(state, nanos);
  close(fd);
}

void AppendOnly(benchmark::State& state) {
  base::TempDirForTest temp;
  base::PosixFiles files;
  Loop loop;
  WriterOptions options;
  options.reserve_bytes = 0;
  auto writer =
      Writer::Open(files, loop, temp / "journal", SegmentInfo{1, "bench", "", 0, {}}, options);
  if (!writer.ok()) return state.SkipWithError(std::string(writer.status().message()).c_str());
  const std::string payload(kRecordBytes, 'x');
  uint64_t appended = 0;
  for (auto _ : state) {
    appended = (*writer)->Append(RecordType::kFact, base::Time{}, "order.intents", payload);
    if (appended % 50'000 == 0) {  // the disk catches up outside the time taken
      state.PauseTiming();
      (*writer)->Commit();
      bool done = false;
      (*writer)->WhenDurable(appended, [&] { done = true; });
      while (!done) loop.RunOne();
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations());
  if ((*writer)->stats().dropped > 0) state.SkipWithError("records were dropped");
}

void ReadBack(benchmark::State& state) {
  base::TempDirForTest temp;
  base::PosixFiles files;
  Loop loop;
  constexpr uint64_t kRecords = 100'000;
  {
    auto writer = Writer::Open(files, loop, temp / "journal", SegmentInfo{1, "bench", "", 0, {}},
                               WriterOptions());
    if (!writer.ok()) return state.SkipWithError(std::string(writer.status().message()).c_str());
    const std::string payload(kRecordBytes, 'x');
    for (uint64_t i = 0; i < kRecords; ++i)
      (*writer)->Append(RecordType::kFact, base::Time{}, "order.intents", payload);
    if (!(*writer)->Close().ok()) return state.SkipWithError("the journal failed");
  }
  for (auto _ : state) {
    auto reader = Reader::Open(files, temp / "journal");
    uint64_t records = 0;
    while ((*reader)->Next().value()) ++records;
    if (records != kRecords) return state.SkipWithError("records are missing");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRecords));
}

BENCHMARK(FloorWriteAndSync)->UseRealTime();
BENCHMARK(DurableAppends)
    ->Arg(1)
    ->Arg(16)
    ->Arg(256)
    ->Arg(4096)
    ->ArgName("in_flight")
    ->UseRealTime();
BENCHMARK(AppendOnly);
BENCHMARK(ReadBack)->Unit(benchmark::kMillisecond);

// Keeps the rates, for the ratios.
class Rates : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.counters.contains("items_per_second"))
        rates_[run.benchmark_name()] = run.counters.at("items_per_second");
    }
    ConsoleReporter::ReportRuns(runs);
  }
  void PrintRatios() const {
    const auto floor = rates_.find("FloorWriteAndSync/real_time");
    if (floor == rates_.end()) return;
    for (const auto& [name, rate] : rates_) {
      if (name.starts_with("DurableAppends")) {
        std::printf("%-45s %12.0f records/s, %8.1f x one write+fdatasync a record (%.0f/s)\n",
                    name.c_str(), rate, rate / floor->second, floor->second);
      }
    }
  }

 private:
  std::map<std::string, double> rates_;
};

}  // namespace
}  // namespace gannet::journal

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  gannet::journal::Rates rates;
  benchmark::RunSpecifiedBenchmarks(&rates);
  rates.PrintRatios();
  return 0;
}
