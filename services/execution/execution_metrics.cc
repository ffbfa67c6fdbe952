#include "services/execution/execution_metrics.h"

#include <algorithm>
#include <map>
#include <utility>

#include "libs/market/names.h"

namespace gannet::execution {
namespace {

namespace metric = telemetry::metric;

constexpr market::OrderState kOpenStates[] = {
    market::OrderState::kInitialized,   market::OrderState::kSubmitted,
    market::OrderState::kUnknown,       market::OrderState::kAccepted,
    market::OrderState::kTriggered,     market::OrderState::kPendingUpdate,
    market::OrderState::kPendingCancel, market::OrderState::kPartiallyFilled};

// By state; and since when the fate of the oldest UNKNOWN one is open: it was sent then.
void MeasureOrders(telemetry::Metrics& metrics, const std::string& venue,
                   const ExecutionState& state, base::Time now) {
  std::map<market::OrderState, int> orders;
  base::Duration unknown{0};
  for (const market::ClientOrderId& id : state.open()) {
    const TrackedOrder* order = state.Find(id);
    if (order == nullptr) continue;
    ++orders[order->life.state()];
    if (order->life.state() == market::OrderState::kUnknown)
      unknown = std::max(unknown, now - std::max(order->place.timestamp, order->intent.created));
  }
  for (const market::OrderState one : kOpenStates)
    metrics.GaugeOf(metric::kOrders, {venue, market::Name(one)}).Set(orders[one]);
  metrics.GaugeOf(metric::kUnknownAge, {venue}).Set(std::chrono::duration<double>(unknown).count());
}

}  // namespace

telemetry::Metrics::Collector MeasureExecution(telemetry::Metrics* metrics,
                                               const std::string& venue,
                                               const ExecutionEngine& engine,
                                               const runtime::Shard& shard,
                                               std::function<std::optional<bool>()> by_socket) {
  if (metrics == nullptr) return {};
  return metrics->Collect([venue, &engine, &shard,
                           by_socket = std::move(by_socket)](telemetry::Metrics& into) {
    MeasureOrders(into, venue, engine.state(), shard.now());
    const ExecutionEngine::Stats& stats = engine.stats();
    into.CounterOf(metric::kReconciliations, {venue, "done"}).SetTotal(stats.reconciliations);
    into.CounterOf(metric::kReconciliations, {venue, "failed"})
        .SetTotal(stats.failed_reconciliations);
    into.CounterOf(metric::kForeign, {venue}).SetTotal(stats.foreign_orders + stats.changed_orders);
    into.GaugeOf(metric::kBreaks, {venue}).Set(static_cast<double>(engine.Halts().size()));
    into.GaugeOf(metric::kVenueStream, {venue}).Set(engine.stream_up() ? 1 : 0);
    if (const std::optional<bool> up = by_socket())
      into.GaugeOf(metric::kOrderSocket, {venue}).Set(*up ? 1 : 0);
  });
}

}  // namespace gannet::execution
