#include "libs/telemetry/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "libs/base/check.h"

namespace gannet::telemetry {
namespace {

constexpr char kJoint = '\x1f';
constexpr std::string_view kOther = "other";
constexpr size_t kMaxLabelBytes = 64;

std::string Joined(const std::vector<std::string>& labels) {
  std::string joined;
  for (const std::string& label : labels) (joined += label) += kJoint;
  return joined;
}

// Cut at a length that no name of ours has.
std::vector<std::string> Values(Metrics::Labels labels) {
  std::vector<std::string> values;
  for (const std::string_view label : labels) values.emplace_back(label.substr(0, kMaxLabelBytes));
  return values;
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

double Seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

// Control bytes, and what is no ASCII, are not for a label.
void AppendEscaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c < ' ' || c > '~' ? '?' : c;
  }
}

// {a="x",b="y"}; `more` is another label, already written.
void AppendLabels(const MetricInfo& info, const std::vector<std::string>& values,
                  std::string_view more, std::string& out) {
  if (values.empty() && more.empty()) return;
  out += '{';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    (out += info.labels[i]) += "=\"";
    AppendEscaped(out, values[i]);
    out += '"';
  }
  if (!values.empty() && !more.empty()) out += ',';
  (out += more) += '}';
}

}  // namespace

void Histogram::Observe(base::Duration time) {
  const int64_t ns = std::max<int64_t>(time.count(), 0);
  const auto bound = std::lower_bound(kBoundsNs.begin(), kBoundsNs.end(), ns);
  buckets_[static_cast<size_t>(bound - kBoundsNs.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(ns, std::memory_order_relaxed);
}

uint64_t Histogram::count() const {
  uint64_t count = 0;
  for (const auto& bucket : buckets_) count += bucket.load(std::memory_order_relaxed);
  return count;
}

Metrics::Metrics() {
  for (const MetricInfo* info : AllMetrics()) families_[info];
}

Counter& Metrics::CounterOf(const MetricInfo& info, Labels labels) {
  return Find(info, MetricType::kCounter, labels).counter;
}
Gauge& Metrics::GaugeOf(const MetricInfo& info, Labels labels) {
  return Find(info, MetricType::kGauge, labels).gauge;
}
Histogram& Metrics::HistogramOf(const MetricInfo& info, Labels labels) {
  return Find(info, MetricType::kHistogram, labels).histogram;
}

Metrics::Series& Metrics::Find(const MetricInfo& info, MetricType type, Labels labels) {
  const std::lock_guard lock(mutex_);
  const auto family = families_.find(&info);
  GANNET_CHECK(family != families_.end(), "every metric has its row in AllMetrics()");
  GANNET_CHECK(info.type == type, "a metric is of one type");
  GANNET_CHECK(labels.size() == info.label_count(), "a series has a value for each label");
  std::vector<std::string> values = Values(labels);
  const auto found = family->second.find(Joined(values));
  if (found != family->second.end()) return *found->second;
  if (family->second.size() < info.max_series) return Make(family->second, std::move(values));
  Family& refused = families_.at(&metric::kLabelsRefused);
  const std::vector<std::string> name = {std::string(info.name)};
  const auto counted = refused.find(Joined(name));
  (counted != refused.end() ? *counted->second : Make(refused, name)).counter.Add();
  const std::vector<std::string> others(info.label_count(), std::string(kOther));
  const auto other = family->second.find(Joined(others));
  return other != family->second.end() ? *other->second : Make(family->second, others);
}

Metrics::Series& Metrics::Make(Family& family, std::vector<std::string> labels) {
  auto series = std::make_unique<Series>();
  const std::string key = Joined(labels);
  series->labels = std::move(labels);
  return *family.emplace(key, std::move(series)).first->second;
}

void Metrics::Reset(const MetricInfo& info) {
  GANNET_CHECK(info.type == MetricType::kGauge, "what has been counted stays");
  const std::lock_guard lock(mutex_);
  families_.at(&info).clear();
}

Metrics::Collector Metrics::Collect(std::function<void(Metrics&)> fill) {
  auto held = std::make_shared<std::function<void(Metrics&)>>(std::move(fill));
  const std::lock_guard lock(mutex_);
  collectors_.push_back(held);
  Collector collector;
  collector.held_ = std::move(held);
  return collector;
}

void Metrics::Append(const MetricInfo& info, const Series& series, std::string& out) {
  const auto line = [&](std::string_view suffix, std::string_view more, const std::string& value) {
    (out += info.name) += suffix;
    AppendLabels(info, series.labels, more, out);
    ((out += ' ') += value) += '\n';
  };
  if (info.type == MetricType::kCounter)
    return line("", "", std::to_string(series.counter.value()));
  if (info.type == MetricType::kGauge) return line("", "", Number(series.gauge.value()));
  uint64_t count = 0;
  for (size_t i = 0; i < Histogram::kBoundsNs.size(); ++i) {
    count += series.histogram.buckets_[i].load(std::memory_order_relaxed);
    line("_bucket", "le=\"" + Number(Seconds(Histogram::kBoundsNs[i])) + "\"",
         std::to_string(count));
  }
  count += series.histogram.buckets_.back().load(std::memory_order_relaxed);
  line("_bucket", "le=\"+Inf\"", std::to_string(count));
  line("_sum", "", Number(Seconds(series.histogram.sum_ns_.load(std::memory_order_relaxed))));
  line("_count", "", std::to_string(count));
}

std::string Metrics::Exposition() {
  std::vector<std::shared_ptr<std::function<void(Metrics&)>>> collectors;
  {
    const std::lock_guard lock(mutex_);
    collectors_.remove_if([](const auto& collector) { return collector.expired(); });
    for (const auto& collector : collectors_) collectors.push_back(collector.lock());
  }
  for (const auto& collector : collectors) (*collector)(*this);
  std::string out;
  const std::lock_guard lock(mutex_);
  for (const MetricInfo* info : AllMetrics()) {
    const Family& family = families_.at(info);
    if (family.empty()) continue;
    ((((out += "# HELP ") += info->name) += ' ') += info->help) += '\n';
    ((((out += "# TYPE ") += info->name) += ' ') += TypeName(info->type)) += '\n';
    for (const auto& [key, series] : family) Append(*info, *series, out);
  }
  return out;
}

}  // namespace gannet::telemetry
