// What the gate says of itself to those who watch it (libs/telemetry/metric_names.h).
// By kind of scope: no account and no instrument is named.
#pragma once

#include "libs/base/clock.h"
#include "libs/runtime/shard.h"
#include "libs/telemetry/metrics.h"
#include "services/risk/portfolio_engine.h"
#include "services/risk/risk_engine.h"

namespace gannet::risk {

// What `engine` holds, at each scrape for as long as what is returned lives. `metrics`
// may be null: then nothing.
// `portfolio` too: its figures through the firm's limits on them, while there are any.
telemetry::Metrics::Collector MeasureRisk(telemetry::Metrics* metrics, const RiskEngine& engine,
                                          const PortfolioEngine& portfolio,
                                          const runtime::Shard& shard);

// Times verdicts, and the prices that they rest on.
class VerdictProbe {
 public:
  VerdictProbe(telemetry::Metrics* metrics, const base::Clock& clock);
  // Before and after a verdict on `intent` at engine time `now`.
  base::Duration Begin() const {
    return seconds_ != nullptr ? clock_.Monotonic() : base::Duration(0);
  }
  void End(base::Duration began, const RiskEngine& engine, const market::OrderIntent& intent,
           base::Time now) const;

 private:
  const base::Clock& clock_;
  telemetry::Histogram* seconds_ = nullptr;
  telemetry::Histogram* tick_age_ = nullptr;
};

}  // namespace gannet::risk
