#include "services/execution/execution_metrics.h"

#include <algorithm>
#include <map>

#include "libs/market/names.h"

namespace gannet::execution {
namespace {

namespace metric = telemetry::metric;

// By state; and since when the fate of the oldest UNKNOWN one is open: it was sent then.
void MeasureOrders(telemetry::Metrics& metrics, const ExecutionState& state, base::Time now) {
  std::map<market::OrderState, int> orders;
  base::Duration unknown{0};
  for (const market::ClientOrderId& id : state.open()) {
    const TrackedOrder* order = state.Find(id);
    if (order == nullptr) continue;
    ++orders[order->life.state()];
    if (order->life.state() == market::OrderState::kUnknown)
      unknown = std::max(unknown, now - std::max(order->place.timestamp, order->intent.created));
  }
  metrics.Reset(metric::kOrders);
  metrics.GaugeOf(metric::kOrders, {market::Name(market::OrderState::kUnknown)}).Set(0);
  for (const auto& [one, count] : orders)
    metrics.GaugeOf(metric::kOrders, {market::Name(one)}).Set(count);
  metrics.GaugeOf(metric::kUnknownAge).Set(std::chrono::duration<double>(unknown).count());
}

}  // namespace

telemetry::Metrics::Collector MeasureExecution(telemetry::Metrics* metrics,
                                               const ExecutionEngine& engine,
                                               const runtime::Shard& shard) {
  if (metrics == nullptr) return {};
  return metrics->Collect([&engine, &shard](telemetry::Metrics& into) {
    MeasureOrders(into, engine.state(), shard.now());
    const ExecutionEngine::Stats& stats = engine.stats();
    into.CounterOf(metric::kReconciliations, {"done"}).SetTotal(stats.reconciliations);
    into.CounterOf(metric::kReconciliations, {"failed"}).SetTotal(stats.failed_reconciliations);
    into.CounterOf(metric::kForeign).SetTotal(stats.foreign_orders);
    into.GaugeOf(metric::kBreaks).Set(static_cast<double>(engine.Halts().size()));
    into.GaugeOf(metric::kVenueStream).Set(engine.stream_up() ? 1 : 0);
  });
}

}  // namespace gannet::execution
