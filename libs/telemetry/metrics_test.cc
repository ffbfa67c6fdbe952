#include "libs/telemetry/metrics.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

namespace gannet::telemetry {
namespace {

using namespace std::chrono_literals;

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("Metrics writes what Prometheus reads") {
  Metrics metrics;
  metrics.CounterOf(metric::kDecisions, {"denied", "STALE_PRICE"}).Add(3);
  metrics.GaugeOf(metric::kUnknownAge, {"binance-spot"}).Set(1.5);
  metrics.GaugeOf(metric::kBooks, {"binance-spot", "a\"b\\c\nd"}).Set(2);
  Histogram& seconds = metrics.HistogramOf(metric::kRiskSeconds);
  seconds.Observe(10us);  // a bound belongs to its own bucket
  seconds.Observe(11us);
  seconds.Observe(-1ms);
  seconds.Observe(11s);
  const std::string text = metrics.Exposition();
  CHECK(Has(text, "# TYPE gannet_risk_decisions_total counter"));
  CHECK(Has(text, "gannet_risk_decisions_total{outcome=\"denied\",reason=\"STALE_PRICE\"} 3"));
  CHECK(Has(text, "gannet_unknown_order_seconds{venue=\"binance-spot\"} 1.5"));
  CHECK(Has(text, "gannet_books{venue=\"binance-spot\",state=\"a\\\"b\\\\c?d\"} 2"));
  CHECK(Has(text, "gannet_risk_decision_seconds_bucket{le=\"1e-05\"} 2"));
  CHECK(Has(text, "gannet_risk_decision_seconds_bucket{le=\"2.5e-05\"} 3"));
  CHECK(Has(text, "gannet_risk_decision_seconds_bucket{le=\"10\"} 3"));
  CHECK(Has(text, "gannet_risk_decision_seconds_bucket{le=\"+Inf\"} 4"));
  CHECK(Has(text, "gannet_risk_decision_seconds_sum 11.000021"));
  CHECK(Has(text, "gannet_risk_decision_seconds_count 4"));
  CHECK(text.find("gannet_fills_total") == std::string::npos);  // not touched, not said
}

TEST_CASE("Metrics keeps a metric to its bound and counts what it refused") {
  Metrics metrics;
  for (size_t i = 0; i < 3 * metric::kRejections.max_series; ++i)
    metrics.CounterOf(metric::kRejections, {"venue", std::to_string(i)}).Add();
  const std::string text = metrics.Exposition();
  const size_t refused = 2 * metric::kRejections.max_series;
  CHECK(Has(text, "gannet_order_rejections_total{by=\"other\",reason=\"other\"} " +
                      std::to_string(refused)));
  CHECK(Has(text, "gannet_metric_labels_refused_total{metric=\"gannet_order_rejections_total\"} " +
                      std::to_string(refused)));
}

TEST_CASE("Metrics asks collectors at each exposition for as long as they live") {
  Metrics metrics;
  int asked = 0;
  Metrics::Collector collector = metrics.Collect([&](Metrics& into) {
    into.Reset(metric::kOrders);
    into.GaugeOf(metric::kOrders, {"binance-spot", ++asked == 1 ? "UNKNOWN" : "ACCEPTED"})
        .Set(asked);
  });
  CHECK(Has(metrics.Exposition(), "gannet_orders{venue=\"binance-spot\",state=\"UNKNOWN\"} 1"));
  const std::string second = metrics.Exposition();
  CHECK(Has(second, "gannet_orders{venue=\"binance-spot\",state=\"ACCEPTED\"} 2"));
  CHECK(second.find("UNKNOWN") == std::string::npos);
  collector = {};
  CHECK(asked == 2);
  CHECK(Has(metrics.Exposition(), "gannet_orders{venue=\"binance-spot\",state=\"ACCEPTED\"} 2"));
}

TEST_CASE("Metrics counts from many threads at once") {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      Counter& fills = metrics.CounterOf(metric::kFills);
      Histogram& model = metrics.HistogramOf(metric::kModelSeconds);
      for (int n = 0; n < 10'000; ++n) {
        fills.Add();
        model.Observe(1ms);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(metrics.CounterOf(metric::kFills).value() == 40'000);
  CHECK(metrics.HistogramOf(metric::kModelSeconds).count() == 40'000);
}

TEST_CASE("every metric is named as Prometheus wants it, and no label names an account") {
  std::set<std::string_view> names;
  for (const MetricInfo* info : AllMetrics()) {
    INFO(info->name);
    CHECK(names.insert(info->name).second);
    CHECK(info->name.starts_with("gannet_"));
    CHECK(std::regex_match(std::string(info->name), std::regex("[a-z][a-z0-9_]*")));
    CHECK(info->name.ends_with("_total") == (info->type == MetricType::kCounter));
    CHECK((info->unit == "seconds") == info->name.ends_with("_seconds"));
    CHECK(info->help.ends_with('.'));
    CHECK(info->max_series >= 1);
    CHECK((info->label_count() > 0 || info->max_series == 1));
    for (const std::string_view label : info->labels)
      CHECK((label != "account" && label != "instrument" && label != "order" && label != "le"));
  }
}

TEST_CASE("docs/metrics.md is what the table of metrics says") {
  std::ifstream file("docs/metrics.md");
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(page == MetricsPage());  // rewritten by `make docs`
}

}  // namespace
}  // namespace gannet::telemetry
