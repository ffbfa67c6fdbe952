#include "libs/telemetry/metric_names.h"

namespace gannet::telemetry {
namespace {

constexpr std::array kAll = std::to_array<const MetricInfo*>({
    &metric::kBuildInfo,      &metric::kUp,
    &metric::kHealth,         &metric::kUptime,
    &metric::kClockAhead,     &metric::kLabelsRefused,
    &metric::kCounts,         &metric::kShardInputs,
    &metric::kShardFacts,     &metric::kQueueDepth,
    &metric::kQueueLimit,     &metric::kQueueFull,
    &metric::kJournalRecords, &metric::kLeaseHeld,
    &metric::kRpcCalls,       &metric::kRpcSeconds,
    &metric::kHttpCalls,      &metric::kBusLag,
    &metric::kBusRead,        &metric::kBusWritten,
    &metric::kDeadLetters,    &metric::kHaltedTopics,
    &metric::kNewsItems,      &metric::kNewsSignals,
    &metric::kStoriesEvicted, &metric::kPredictions,
    &metric::kModelSeconds,   &metric::kModelFailures,
    &metric::kModelDrift,     &metric::kBooks,
    &metric::kBookAge,        &metric::kMarketOpen,
    &metric::kGaps,           &metric::kFrames,
    &metric::kUndecodable,    &metric::kBarsIncomplete,
    &metric::kLateTrades,     &metric::kIntents,
    &metric::kDecisions,      &metric::kRiskSeconds,
    &metric::kTickAge,        &metric::kTradingState,
    &metric::kKilled,         &metric::kExposureUse,
    &metric::kDrawdownUse,    &metric::kOpenOrders,
    &metric::kUnanswered,     &metric::kServiceOpen,
    &metric::kHeartbeatAge,   &metric::kModelsStopped,
    &metric::kReports,        &metric::kRejections,
    &metric::kOrders,         &metric::kUnknownAge,
    &metric::kSignalToOrder,  &metric::kOrderToAck,
    &metric::kFills,          &metric::kReconciliations,
    &metric::kBreaks,         &metric::kForeign,
    &metric::kVenueStream,    &metric::kOrderSocket,
    &metric::kStoreFailing,   &metric::kReportOverdue,
    &metric::kStoredReports,  &metric::kSessions,
    &metric::kSpans,          &metric::kExports,
});

}  // namespace

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

std::span<const MetricInfo* const> AllMetrics() { return kAll; }

std::string MetricsPage() {
  std::string page =
      "# Metrics\n\n"
      "Made by `gannet metrics` (`tools/make-docs`) from `libs/telemetry/metric_names.h`. Every "
      "process serves its own on\n"
      "`/metrics` of the admin port (`--admin-address`; [observability.md](observability.md)). "
      "Histograms have buckets from 10 us to 10 s in\n"
      "steps of 1, 2.5, 5. No label names an account or an instrument; a metric has at most the "
      "series stated, what comes after shares\n"
      "one whose labels say `other`, and is counted in `gannet_metric_labels_refused_total`.\n\n"
      "| metric | type | unit | labels (most series) | what | where |\n|---|---|---|---|---|---|\n";
  for (const MetricInfo* info : kAll) {
    ((page += "| `") += info->name) += "` | ";
    (((page += TypeName(info->type)) += " | ") += info->unit == "1" ? "" : info->unit) += " | ";
    for (size_t i = 0; i < info->label_count(); ++i)
      (((page += i > 0 ? ", `" : "`") += info->labels[i]) += '`');
    if (info->label_count() > 0) page += " (" + std::to_string(info->max_series) + ")";
    ((((page += " | ") += info->help) += " | ") += info->where) += " |\n";
  }
  return page;
}

}  // namespace gannet::telemetry
