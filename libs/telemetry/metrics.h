// What a process counts and measures, for Prometheus. Every metric has a row in
// metric_names.h; a series is a metric with values for its labels:
//
//   Counter& denied = metrics.CounterOf(metric::kDecisions, {"denied", "STALE_PRICE"});
//   denied.Add();                                             // any thread, no lock
//
// Series are found under a lock, so a hot path looks its own up once and keeps them;
// Add, Set and Observe are single atomic operations. A metric has at most as many
// series as its row allows: what comes after shares one whose labels say "other", and
// is counted (gannet_metric_labels_refused_total).
//
// What engines know of themselves is asked for at a scrape: Collect. Exposition runs on
// the thread that owns them, the executor's.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/time.h"
#include "libs/telemetry/metric_names.h"

namespace gannet::telemetry {

class Counter {
 public:
  void Add(uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  // For what somebody else has counted since the start of the process.
  void SetTotal(uint64_t total) { value_.store(total, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

// Times from 10 us to 10 s in steps of 1, 2.5, 5; what took longer is in +Inf.
class Histogram {
 public:
  static constexpr std::array<int64_t, 19> kBoundsNs = {
      10'000,        25'000,        50'000,        100'000,       250'000,
      500'000,       1'000'000,     2'500'000,     5'000'000,     10'000'000,
      25'000'000,    50'000'000,    100'000'000,   250'000'000,   500'000'000,
      1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

  // A negative time (two clocks) counts as none.
  void Observe(base::Duration time);
  uint64_t count() const;

 private:
  friend class Metrics;
  std::array<std::atomic<uint64_t>, kBoundsNs.size() + 1> buckets_{};
  std::atomic<int64_t> sum_ns_ = 0;
};

class Metrics {
 public:
  using Labels = std::initializer_list<std::string_view>;

  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The series with these values, one for each label of the row (a bug otherwise). It
  // lives as long as this, but for what Reset takes away.
  Counter& CounterOf(const MetricInfo& info, Labels labels = {});
  Gauge& GaugeOf(const MetricInfo& info, Labels labels = {});
  Histogram& HistogramOf(const MetricInfo& info, Labels labels = {});
  // Takes all series of a gauge away: first thing in a collector of what comes and goes.
  void Reset(const MetricInfo& info);

  // `fill` runs at each exposition, before anything is read, for as long as what is
  // returned lives. On the thread of Exposition.
  class Collector {
   public:
    Collector() = default;
    Collector(Collector&& other) noexcept = default;
    Collector& operator=(Collector&& other) noexcept = default;

   private:
    friend class Metrics;
    std::shared_ptr<void> held_;
  };
  [[nodiscard]] Collector Collect(std::function<void(Metrics&)> fill);

  // Prometheus text format 0.0.4.
  std::string Exposition();

 private:
  struct Series {
    std::vector<std::string> labels;
    Counter counter;
    Gauge gauge;
    Histogram histogram;
  };
  // Of the values joined by an unused byte.
  using Family = std::map<std::string, std::unique_ptr<Series>, std::less<>>;

  Series& Find(const MetricInfo& info, MetricType type, Labels labels);
  Series& Make(Family& family, std::vector<std::string> labels);
  static void Append(const MetricInfo& info, const Series& series, std::string& out);

  std::mutex mutex_;
  std::map<const MetricInfo*, Family> families_;
  std::list<std::weak_ptr<std::function<void(Metrics&)>>> collectors_;
};

}  // namespace gannet::telemetry
