#include "libs/runtime/fact_metrics.h"

#include "libs/bus/topics.h"
#include "libs/market/names.h"

namespace gannet::runtime {
namespace {

namespace metric = telemetry::metric;

template <class T>
const T& As(const bus::Topic<T>&, const void* event) {
  return static_cast<const market::Event<T>*>(event)->value;
}

}  // namespace

FactMetrics::FactMetrics(Shard& shard, telemetry::Metrics& metrics, const base::Clock& clock)
    : metrics_(metrics),
      clock_(clock),
      facts_(metrics.CounterOf(metric::kShardFacts)),
      signal_to_order_(metrics.HistogramOf(metric::kSignalToOrder)),
      order_to_ack_(metrics.HistogramOf(metric::kOrderToAck)),
      not_awaited_(metrics.CounterOf(metric::kQueueFull, {"acks_awaited"})) {
  shard.ObserveFacts(
      [this](const bus::TopicInfo& topic, const void* event) { Observe(topic, event); });
  shard.WatchDurable<market::ExecReport>(bus::kExecReports,
                                         [this](const auto& event) { OnDurable(event); });
}

void FactMetrics::Observe(const bus::TopicInfo& topic, const void* event) {
  facts_.Add();
  if (&topic == &bus::kExecReports.info) {
    OnReport(As(bus::kExecReports, event));
  } else if (&topic == &bus::kRiskDecisions.info) {
    OnDecision(As(bus::kRiskDecisions, event));
  } else if (&topic == &bus::kOrderIntents.info) {
    OnIntent(As(bus::kOrderIntents, event));
  } else if (&topic == &bus::kPredictions.info) {
    const market::DriftState drift = As(bus::kPredictions, event).drift;
    metrics_.CounterOf(metric::kPredictions, {market::Name(drift)}).Add();
    metrics_.GaugeOf(metric::kModelDrift).Set(static_cast<int>(drift));
  } else if (&topic == &bus::kNewsSignals.info) {
    const market::NewsSignal& signal = As(bus::kNewsSignals, event);
    metrics_.CounterOf(metric::kNewsSignals, {market::Name(signal.relation)}).Add();
  } else if (&topic == &bus::kNewsRaw.info) {
    metrics_.CounterOf(metric::kNewsItems).Add();
  }
}

void FactMetrics::OnIntent(const market::OrderIntent& intent) {
  const auto kind = static_cast<size_t>(intent.kind);
  if (kind >= intents_.size()) return;
  if (intents_[kind] == nullptr)
    intents_[kind] = &metrics_.CounterOf(metric::kIntents, {market::Name(intent.kind)});
  intents_[kind]->Add();
}

void FactMetrics::OnDecision(const market::RiskDecision& decision) {
  if (!decision.permitted) {
    metrics_.CounterOf(metric::kDecisions, {"denied", market::Name(decision.reason)}).Add();
    return;
  }
  if (permitted_ == nullptr)
    permitted_ = &metrics_.CounterOf(metric::kDecisions, {"permitted", "NONE"});
  permitted_->Add();
}

void FactMetrics::OnReport(const market::ExecReport& report) {
  const auto kind = static_cast<size_t>(report.kind);
  if (kind >= reports_.size()) return;
  if (reports_[kind] == nullptr)
    reports_[kind] = &metrics_.CounterOf(metric::kReports, {market::Name(report.kind)});
  reports_[kind]->Add();
  switch (report.kind) {
    case market::ExecKind::kNotSent:
      metrics_.CounterOf(metric::kRejections, {"execution", market::Name(report.local_reason)})
          .Add();
      break;
    case market::ExecKind::kRejected:
      metrics_.CounterOf(metric::kRejections, {"venue", report.venue_code}).Add();
      OnAnswer(report.client_order_id);
      break;
    case market::ExecKind::kFill:
      metrics_.CounterOf(metric::kFills).Add();
      [[fallthrough]];
    case market::ExecKind::kAccepted:
    case market::ExecKind::kCanceled:
    case market::ExecKind::kExpired:
    case market::ExecKind::kAbsent:
      OnAnswer(report.client_order_id);
      break;
    default:
      break;
  }
}

void FactMetrics::OnDurable(const market::Event<market::ExecReport>& event) {
  if (event.value.kind != market::ExecKind::kJournaled) return;
  signal_to_order_.Observe(clock_.Now() - event.header.receive_time);
  if (sent_.size() >= kMaxAwaited) return not_awaited_.Add();
  sent_.emplace(event.value.client_order_id, clock_.Monotonic());
}

void FactMetrics::OnAnswer(const market::ClientOrderId& order) {
  const auto sent = sent_.find(order);
  if (sent == sent_.end()) return;
  order_to_ack_.Observe(clock_.Monotonic() - sent->second);
  sent_.erase(sent);
}

}  // namespace gannet::runtime
