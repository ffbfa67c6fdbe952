// Counts what a shard decides and how long an order takes, by watching its facts: the
// engines know nothing of it, and nothing that is read here flows back into them.
//
// On the executor's thread. All it is made of outlives it, or ends in the same breath.
#pragma once

#include <array>
#include <cstddef>
#include <map>

#include "libs/base/clock.h"
#include "libs/market/header.h"
#include "libs/market/order.h"
#include "libs/runtime/shard.h"
#include "libs/telemetry/metrics.h"

namespace gannet::runtime {

class FactMetrics {
 public:
  // Orders on their way whose first answer is timed; what comes beyond is not.
  static constexpr size_t kMaxAwaited = 10'000;

  FactMetrics(Shard& shard, telemetry::Metrics& metrics, const base::Clock& clock);
  FactMetrics(const FactMetrics&) = delete;
  FactMetrics& operator=(const FactMetrics&) = delete;

 private:
  void Observe(const bus::TopicInfo& topic, const void* event);
  void OnIntent(const market::OrderIntent& intent);
  void OnDecision(const market::RiskDecision& decision);
  void OnReport(const market::ExecReport& report);
  // The order leaves: its record has just become durable.
  void OnDurable(const market::Event<market::ExecReport>& event);
  void OnAnswer(const market::ClientOrderId& order);

  telemetry::Metrics& metrics_;
  const base::Clock& clock_;
  telemetry::Counter& facts_;
  telemetry::Histogram& signal_to_order_;
  telemetry::Histogram& order_to_ack_;
  telemetry::Counter& not_awaited_;
  // By IntentKind and ExecKind; made when first seen.
  std::array<telemetry::Counter*, 8> intents_{};
  std::array<telemetry::Counter*, 32> reports_{};
  telemetry::Counter* permitted_ = nullptr;
  std::map<market::ClientOrderId, base::Duration> sent_;  // monotonic
};

}  // namespace gannet::runtime
