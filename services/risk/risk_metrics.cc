#include "services/risk/risk_metrics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "libs/market/names.h"

namespace gannet::risk {
namespace {

namespace metric = telemetry::metric;

double Seconds(base::Duration time) { return std::chrono::duration<double>(time).count(); }

void MeasureMarket(telemetry::Metrics& metrics, const ExposureBook& book, base::Time now) {
  struct Venue {
    std::map<std::string, int> books;
    base::Duration age{0};
    bool open = false;
  };
  std::map<std::string, Venue> venues;
  for (const InstrumentRow& row : book.instruments()) {
    Venue& venue = venues[row.venue];
    const bool valid = row.book == market::BookState::kValid && !row.feed_down;
    ++venue.books[valid ? "valid" : row.feed_down ? "disconnected" : market::Name(row.book_fault)];
    if (row.definition.status != market::InstrumentStatus::kTrading) continue;
    venue.open = true;
    if (row.data_time != base::Time()) venue.age = std::max(venue.age, now - row.data_time);
  }
  for (const telemetry::MetricInfo* info :
       {&metric::kBooks, &metric::kBookAge, &metric::kMarketOpen})
    metrics.Reset(*info);
  for (const auto& [name, venue] : venues) {
    for (const auto& [state, count] : venue.books)
      metrics.GaugeOf(metric::kBooks, {name, state}).Set(count);
    metrics.GaugeOf(metric::kBookAge, {name}).Set(Seconds(venue.age));
    metrics.GaugeOf(metric::kMarketOpen, {name}).Set(venue.open ? 1 : 0);
  }
}

void MeasureScopes(telemetry::Metrics& metrics, const ExposureBook& book) {
  std::map<market::TradingState, int> states = {{market::TradingState::kActive, 0},
                                                {market::TradingState::kReducing, 0},
                                                {market::TradingState::kCancelOnly, 0},
                                                {market::TradingState::kHalted, 0}};
  using Key = std::pair<market::ScopeKind, const char*>;
  std::map<Key, double> exposure, losses;
  const auto use = [](std::map<Key, double>& into, const Key& key, Value used, Value limit) {
    const double ratio = limit > 0  ? static_cast<double>(used) / static_cast<double>(limit)
                         : used > 0 ? 1.0
                                    : 0.0;
    double& largest = into[key];
    largest = std::max(largest, ratio);
  };
  int killed = 0;
  for (const ScopeRow& row : book.scopes()) {
    ++states[row.state];
    killed += row.killed;
    const Limits& limits = row.limits;
    const auto kind = row.scope.kind;
    if (limits.max_gross) use(exposure, {kind, "gross"}, row.gross(), *limits.max_gross);
    if (limits.max_net)
      use(exposure, {kind, "net"}, std::max(row.long_side(), row.short_side()), *limits.max_net);
    if (limits.max_open_notional)
      use(exposure, {kind, "open_notional"}, row.open_value(), *limits.max_open_notional);
    if (limits.max_open_orders)
      use(exposure, {kind, "open_orders"}, row.open_orders, *limits.max_open_orders);
    if (limits.max_daily_loss)
      use(losses, {kind, "daily_loss"}, row.day_baseline - row.result(), *limits.max_daily_loss);
    if (limits.max_drawdown)
      use(losses, {kind, "drawdown"}, row.high - row.result(), *limits.max_drawdown);
  }
  for (const auto& [state, count] : states)
    metrics.GaugeOf(metric::kTradingState, {market::Name(state)}).Set(count);
  metrics.GaugeOf(metric::kKilled).Set(killed);
  for (const auto& [key, ratio] : exposure)
    metrics.GaugeOf(metric::kExposureUse, {market::Name(key.first), key.second}).Set(ratio);
  for (const auto& [key, ratio] : losses)
    metrics.GaugeOf(metric::kDrawdownUse, {market::Name(key.first), key.second}).Set(ratio);
}

void MeasureWatch(telemetry::Metrics& metrics, const ServiceWatch& watch, base::Time now) {
  if (!watch.on()) return;
  for (const auto& [name, service] : watch.services()) {
    if (!service.open() && !service.missed()) continue;  // this platform runs without it
    metrics.GaugeOf(metric::kServiceOpen, {name}).Set(service.open() ? 1 : 0);
    const base::Time since = service.heard() ? std::min(service.seen, now) : watch.started();
    metrics.GaugeOf(metric::kHeartbeatAge, {name}).Set(Seconds(now - since));
  }
  const auto& models = watch.models();
  metrics.GaugeOf(metric::kModelsStopped)
      .Set(static_cast<double>(std::count_if(models.begin(), models.end(), [](const auto& model) {
        return model.second.state != market::TradingState::kActive;
      })));
}

// Of an amount at kValueScale, as figures are; of a share its ppm.
double Units(const market::LimitRow& row) {
  const int scale = row.asset.empty() ? 0 : kValueScale;
  return static_cast<double>(row.value.units()) * std::pow(10.0, scale - row.value.scale());
}

// What the whole portfolio could lose, through the firm's limits on it.
void MeasurePortfolio(telemetry::Metrics& metrics, const LimitSet& limits,
                      const PortfolioFigures& figures) {
  std::optional<Value> stress;
  for (const PortfolioFigures::Stress& path : figures.stress)
    stress = std::max(stress.value_or(0), path.worst_loss);
  const auto amount = [](const std::optional<Value>& value) {
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
  };
  const auto share = [](const std::optional<int64_t>& ppm) {
    return ppm ? std::optional(static_cast<double>(*ppm)) : std::nullopt;
  };
  const struct {
    const char *limit, *label;
    std::optional<double> figure;
  } measured[] = {{"max_var", "value_at_risk", amount(figures.worst(&PortfolioFigures::Risk::var))},
                  {"max_expected_shortfall", "expected_shortfall",
                   amount(figures.worst(&PortfolioFigures::Risk::es))},
                  {"max_stress_loss", "stress_loss", amount(stress)},
                  {"target_volatility", "volatility", share(figures.volatility_ppm)},
                  {"max_risk_share", "risk_share", share(figures.largest_share_ppm)}};
  const market::Scope firm{market::ScopeKind::kFirm, ""};
  for (const market::LimitRow& row : RowsOf(limits, firm)) {
    for (const auto& [limit, label, figure] : measured) {
      if (row.name != limit || !figure || row.value.units() <= 0) continue;
      metrics.GaugeOf(metric::kExposureUse, {market::Name(firm.kind), label})
          .Set(*figure / Units(row));
    }
  }
}

}  // namespace

telemetry::Metrics::Collector MeasureRisk(telemetry::Metrics* metrics, const RiskEngine& engine,
                                          const PortfolioEngine& portfolio,
                                          const runtime::Shard& shard) {
  if (metrics == nullptr) return {};
  return metrics->Collect([&engine, &portfolio, &shard](telemetry::Metrics& into) {
    const ExposureBook& book = engine.book();
    MeasureMarket(into, book, shard.now());
    MeasureScopes(into, book);
    MeasureWatch(into, engine.watch(), shard.now());
    if (portfolio.on() && portfolio.figures())
      MeasurePortfolio(into, engine.limits(), *portfolio.figures());
    for (const market::AccountEventKind kind : kAlarmingEvents) {
      const auto& seen = engine.stats().account_events;
      const auto found = seen.find(kind);
      into.CounterOf(metric::kCounts, {absl::StrCat("account_", market::Name(kind))})
          .SetTotal(found == seen.end() ? 0 : found->second);
    }
    into.GaugeOf(metric::kOpenOrders).Set(static_cast<double>(book.open_order_count()));
    const base::Time oldest = book.oldest_unanswered();
    const bool waiting = oldest != base::Time::max() && oldest < shard.now();
    into.GaugeOf(metric::kUnanswered).Set(waiting ? Seconds(shard.now() - oldest) : 0);
  });
}

VerdictProbe::VerdictProbe(telemetry::Metrics* metrics, const base::Clock& clock) : clock_(clock) {
  if (metrics == nullptr) return;
  seconds_ = &metrics->HistogramOf(metric::kRiskSeconds);
  tick_age_ = &metrics->HistogramOf(metric::kTickAge);
}

void VerdictProbe::End(base::Duration began, const RiskEngine& engine,
                       const market::OrderIntent& intent, base::Time now) const {
  if (seconds_ == nullptr) return;
  seconds_->Observe(clock_.Monotonic() - began);
  const Index at = engine.book().FindInstrument(intent.instrument);
  if (at == kNone) return;
  const base::Time seen = engine.book().instrument(at).data_time;
  if (seen != base::Time()) tick_age_->Observe(now - seen);
}

}  // namespace gannet::risk
