#include "libs/runtime/fact_metrics.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"

namespace gannet::runtime {
namespace {

using namespace std::chrono_literals;
namespace metric = telemetry::metric;

struct Fixture {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000)};
  Shard shard{{.name = "test"}, executor, executor, nullptr, nullptr};
  telemetry::Metrics metrics;
  FactMetrics facts{shard, metrics, executor};
  FactStream<market::ExecReport> reports{shard, bus::kExecReports, nullptr};
  FactStream<market::RiskDecision> decisions{shard, bus::kRiskDecisions, nullptr};
  market::ExecReport next;
  InputPort port = shard.AddInput(
      "in", [this](std::string_view, const market::Header& cause) { reports.Emit(next, cause); });
  InputPort verdict = shard.AddInput("verdict", [this](std::string_view, const market::Header& c) {
    decisions.Emit({.permitted = false, .reason = market::RejectReason::kStalePrice}, c);
  });

  void Report(market::ExecKind kind, const char* order, base::Duration ago = 0ms) {
    next = {};
    next.kind = kind;
    next.client_order_id = market::ClientOrderId(order);
    shard.Deliver(port, "", executor.Now() - ago);
  }
};

TEST_CASE("FactMetrics counts verdicts and reports by what they say") {
  Fixture f;
  f.shard.Deliver(f.verdict, "", f.executor.Now());
  f.Report(market::ExecKind::kUnknown, "a");
  f.Report(market::ExecKind::kIllegal, "a");
  CHECK(f.metrics.CounterOf(metric::kDecisions, {"denied", "STALE_PRICE"}).value() == 1);
  CHECK(f.metrics.CounterOf(metric::kReports, {"UNKNOWN"}).value() == 1);
  CHECK(f.metrics.CounterOf(metric::kReports, {"ILLEGAL"}).value() == 1);
  CHECK(f.metrics.CounterOf(metric::kShardFacts).value() == 3);
}

TEST_CASE("FactMetrics times an order from its cause to the wire and to its first answer") {
  Fixture f;
  f.Report(market::ExecKind::kJournaled, "a", 40ms);
  CHECK(f.metrics.HistogramOf(metric::kSignalToOrder).count() == 1);
  CHECK(f.metrics.HistogramOf(metric::kOrderToAck).count() == 0);
  f.executor.RunFor(3ms);
  f.Report(market::ExecKind::kAccepted, "a");
  f.Report(market::ExecKind::kFill, "a");      // only the first word counts
  f.Report(market::ExecKind::kAccepted, "b");  // sent before this process began
  CHECK(f.metrics.HistogramOf(metric::kOrderToAck).count() == 1);
  const std::string text = f.metrics.Exposition();
  CHECK(text.find("gannet_signal_to_order_seconds_sum 0.04\n") != std::string::npos);
  CHECK(text.find("gannet_order_to_ack_seconds_sum 0.003\n") != std::string::npos);
  CHECK(text.find("gannet_fills_total 1\n") != std::string::npos);
}

TEST_CASE("FactMetrics waits for a bounded number of answers") {
  Fixture f;
  for (size_t i = 0; i < FactMetrics::kMaxAwaited + 5; ++i)
    f.Report(market::ExecKind::kJournaled, std::to_string(i).c_str());
  CHECK(f.metrics.CounterOf(metric::kQueueFull, {"acks_awaited"}).value() == 5);
}

}  // namespace
}  // namespace gannet::runtime
