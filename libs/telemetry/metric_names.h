// Every metric of the platform, once. What dashboards, rules and docs/metrics.md say is
// checked against this table. Labels name no account and no instrument: the port that
// serves them asks nobody who he is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gannet::telemetry {

enum class MetricType : uint8_t { kCounter = 1, kGauge, kHistogram };
std::string_view TypeName(MetricType type);  // as Prometheus has it

struct MetricInfo {
  std::string_view name;
  MetricType type;
  std::string_view unit;  // "seconds", or "1" for counts and ratios
  std::string_view help;
  std::string_view where;  // which processes have it
  std::array<std::string_view, 2> labels{};
  size_t max_series = 1;  // what comes beyond shares one series, "other"
  size_t label_count() const {
    size_t count = 0;
    for (const std::string_view label : labels) count += label.empty() ? 0 : 1;
    return count;
  }
};

// In the order of the page.
std::span<const MetricInfo* const> AllMetrics();
// docs/metrics.md: `gannet metrics` prints it.
std::string MetricsPage();

namespace metric {

inline constexpr MetricInfo kBuildInfo{.name = "gannet_build_info",
                                       .type = MetricType::kGauge,
                                       .unit = "1",
                                       .help = "The build that runs here; always 1.",
                                       .where = "every process",
                                       .labels = {"build"},
                                       .max_series = 4};
inline constexpr MetricInfo kUp{.name = "gannet_ready",
                                .type = MetricType::kGauge,
                                .unit = "1",
                                .help = "1 while the process serves in full, 0.5 degraded, 0 not.",
                                .where = "every process",
                                .labels = {},
                                .max_series = 1};
inline constexpr MetricInfo kHealth{.name = "gannet_health",
                                    .type = MetricType::kGauge,
                                    .unit = "1",
                                    .help = "The same of each part of the process.",
                                    .where = "every process",
                                    .labels = {"part"},
                                    .max_series = 32};
inline constexpr MetricInfo kUptime{.name = "gannet_uptime_seconds",
                                    .type = MetricType::kGauge,
                                    .unit = "seconds",
                                    .help = "Since the process was started.",
                                    .where = "every process",
                                    .labels = {},
                                    .max_series = 1};
inline constexpr MetricInfo kClockAhead{
    .name = "gannet_clock_ahead_seconds",
    .type = MetricType::kGauge,
    .unit = "seconds",
    .help = "So far the system clock is behind this process, which does not go back with it.",
    .where = "every process",
    .labels = {},
    .max_series = 1};
inline constexpr MetricInfo kLabelsRefused{
    .name = "gannet_metric_labels_refused_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Series that a metric's bound has turned into \"other\".",
    .where = "every process",
    .labels = {"metric"},
    .max_series = 64};
inline constexpr MetricInfo kCounts{.name = "gannet_counts_total",
                                    .type = MetricType::kCounter,
                                    .unit = "1",
                                    .help =
                                        "What the process counts of losses, delays and refusals, "
                                        "by name (gannet.ops.v1 has the same).",
                                    .where = "every process",
                                    .labels = {"what"},
                                    .max_series = 64};
inline constexpr MetricInfo kShardInputs{.name = "gannet_shard_inputs_total",
                                         .type = MetricType::kCounter,
                                         .unit = "1",
                                         .help = "Inputs handed to the engines, by port.",
                                         .where = "every process",
                                         .labels = {"kind"},
                                         .max_series = 4};
inline constexpr MetricInfo kShardFacts{.name = "gannet_shard_facts_total",
                                        .type = MetricType::kCounter,
                                        .unit = "1",
                                        .help = "Facts decided.",
                                        .where = "every process",
                                        .labels = {},
                                        .max_series = 1};
inline constexpr MetricInfo kQueueDepth{.name = "gannet_queue_depth",
                                        .type = MetricType::kGauge,
                                        .unit = "1",
                                        .help = "Entries that wait in a bounded queue.",
                                        .where = "every process",
                                        .labels = {"queue"},
                                        .max_series = 16};
inline constexpr MetricInfo kQueueLimit{.name = "gannet_queue_limit",
                                        .type = MetricType::kGauge,
                                        .unit = "1",
                                        .help = "Entries that it may hold.",
                                        .where = "every process",
                                        .labels = {"queue"},
                                        .max_series = 16};
inline constexpr MetricInfo kQueueFull{.name = "gannet_queue_refused_total",
                                       .type = MetricType::kCounter,
                                       .unit = "1",
                                       .help = "Entries that a full queue has refused or dropped.",
                                       .where = "every process",
                                       .labels = {"queue"},
                                       .max_series = 16};
inline constexpr MetricInfo kJournalRecords{.name = "gannet_journal_records",
                                            .type = MetricType::kGauge,
                                            .unit = "1",
                                            .help = "Sequence of the newest record of the journal.",
                                            .where = "every process with a journal",
                                            .labels = {},
                                            .max_series = 1};
inline constexpr MetricInfo kLeaseHeld{.name = "gannet_lease_held",
                                       .type = MetricType::kGauge,
                                       .unit = "1",
                                       .help = "1 while this process may send for its shard.",
                                       .where = "single writers",
                                       .labels = {},
                                       .max_series = 1};
inline constexpr MetricInfo kRpcCalls{.name = "gannet_rpc_calls_total",
                                      .type = MetricType::kCounter,
                                      .unit = "1",
                                      .help = "gRPC calls that have ended, by method and status.",
                                      .where = "every process that serves gRPC",
                                      .labels = {"method", "code"},
                                      .max_series = 512};
inline constexpr MetricInfo kRpcSeconds{
    .name = "gannet_rpc_call_seconds",
    .type = MetricType::kHistogram,
    .unit = "seconds",
    .help = "How long gRPC calls took on the server, streams left out.",
    .where = "every process that serves gRPC",
    .labels = {"method"},
    .max_series = 128};
inline constexpr MetricInfo kHttpCalls{
    .name = "gannet_http_requests_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Requests that the gateway has answered, by class of status.",
    .where = "gateway",
    .labels = {"class"},
    .max_series = 8};
inline constexpr MetricInfo kBusLag{.name = "gannet_bus_lag_events",
                                    .type = MetricType::kGauge,
                                    .unit = "1",
                                    .help = "Events on the bus that this process has not read yet.",
                                    .where = "every process on Kafka",
                                    .labels = {},
                                    .max_series = 1};
inline constexpr MetricInfo kBusRead{.name = "gannet_bus_read_total",
                                     .type = MetricType::kCounter,
                                     .unit = "1",
                                     .help = "Events read from the bus.",
                                     .where = "every process on Kafka",
                                     .labels = {},
                                     .max_series = 1};
inline constexpr MetricInfo kBusWritten{.name = "gannet_bus_written_total",
                                        .type = MetricType::kCounter,
                                        .unit = "1",
                                        .help = "Events that the bus has accepted.",
                                        .where = "every process on Kafka",
                                        .labels = {},
                                        .max_series = 1};
inline constexpr MetricInfo kDeadLetters{.name = "gannet_dead_letters_total",
                                         .type = MetricType::kCounter,
                                         .unit = "1",
                                         .help = "Records put aside as dead letters.",
                                         .where = "every process on Kafka",
                                         .labels = {},
                                         .max_series = 1};
inline constexpr MetricInfo kHaltedTopics{
    .name = "gannet_bus_halted_partitions",
    .type = MetricType::kGauge,
    .unit = "1",
    .help = "Partitions halted at a record that cannot be read, until a person resolves it.",
    .where = "every process on Kafka",
    .labels = {},
    .max_series = 1};
inline constexpr MetricInfo kNewsItems{.name = "gannet_news_items_total",
                                       .type = MetricType::kCounter,
                                       .unit = "1",
                                       .help = "Headlines taken in.",
                                       .where = "ingest",
                                       .labels = {},
                                       .max_series = 1};
inline constexpr MetricInfo kNewsSignals{
    .name = "gannet_news_signals_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Signals made of headlines, by how they stand to earlier ones.",
    .where = "news-signal",
    .labels = {"relation"},
    .max_series = 8};
inline constexpr MetricInfo kStoriesEvicted{
    .name = "gannet_news_stories_evicted_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Stories forgotten before their time, since max_stories were remembered.",
    .where = "news-signal",
    .labels = {},
    .max_series = 1};
inline constexpr MetricInfo kPredictions{
    .name = "gannet_predictions_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Predictions recorded, by the drift of the model's features.",
    .where = "ml-inference",
    .labels = {"drift"},
    .max_series = 8};
inline constexpr MetricInfo kModelSeconds{
    .name = "gannet_model_seconds",
    .type = MetricType::kHistogram,
    .unit = "seconds",
    .help = "One round of the model over all instruments: features, scores, drift.",
    .where = "ml-inference",
    .labels = {},
    .max_series = 1};
inline constexpr MetricInfo kModelFailures{.name = "gannet_model_failures_total",
                                           .type = MetricType::kCounter,
                                           .unit = "1",
                                           .help = "Scores that the model could not give.",
                                           .where = "ml-inference",
                                           .labels = {},
                                           .max_series = 1};
inline constexpr MetricInfo kModelDrift{
    .name = "gannet_model_drift_state",
    .type = MetricType::kGauge,
    .unit = "1",
    .help = "Of the newest prediction: 1 ok, 2 warning, 3 drifted, 4 unknown.",
    .where = "ml-inference",
    .labels = {},
    .max_series = 1};
inline constexpr MetricInfo kBooks{
    .name = "gannet_books",
    .type = MetricType::kGauge,
    .unit = "1",
    .help =
        "Order books by venue and state: valid, or the fault that keeps them from being traded on.",
    .where = "ingest, risk",
    .labels = {"venue", "state"},
    .max_series = 128};
inline constexpr MetricInfo kBookAge{
    .name = "gannet_market_data_age_seconds",
    .type = MetricType::kGauge,
    .unit = "seconds",
    .help =
        "Age of the newest market data of a venue, over its instruments that trade: the oldest.",
    .where = "risk",
    .labels = {"venue"},
    .max_series = 32};
inline constexpr MetricInfo kMarketOpen{.name = "gannet_market_open",
                                        .type = MetricType::kGauge,
                                        .unit = "1",
                                        .help = "1 while any instrument of the venue trades.",
                                        .where = "risk",
                                        .labels = {"venue"},
                                        .max_series = 32};
inline constexpr MetricInfo kGaps{.name = "gannet_feed_gaps_total",
                                  .type = MetricType::kCounter,
                                  .unit = "1",
                                  .help = "Gaps in the sequence of a venue's book updates.",
                                  .where = "ingest",
                                  .labels = {"venue"},
                                  .max_series = 32};
inline constexpr MetricInfo kFrames{.name = "gannet_feed_frames_total",
                                    .type = MetricType::kCounter,
                                    .unit = "1",
                                    .help = "Frames that a venue has sent.",
                                    .where = "ingest",
                                    .labels = {"venue"},
                                    .max_series = 32};
inline constexpr MetricInfo kUndecodable{
    .name = "gannet_feed_undecodable_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Frames and answers of a venue that could not be read.",
    .where = "ingest",
    .labels = {"venue"},
    .max_series = 32};
inline constexpr MetricInfo kBarsIncomplete{
    .name = "gannet_bars_incomplete_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Minutes of an instrument that gave no bar: a trade of it was missed.",
    .where = "ingest",
    .labels = {"venue"},
    .max_series = 32};
inline constexpr MetricInfo kLateTrades{
    .name = "gannet_bars_late_trades_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Trades that came after the bar of their minute was given out.",
    .where = "ingest",
    .labels = {"venue"},
    .max_series = 32};
inline constexpr MetricInfo kIntents{.name = "gannet_order_intents_total",
                                     .type = MetricType::kCounter,
                                     .unit = "1",
                                     .help = "Order intents by kind.",
                                     .where = "strategy",
                                     .labels = {"kind"},
                                     .max_series = 8};
inline constexpr MetricInfo kDecisions{
    .name = "gannet_risk_decisions_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Verdicts of the risk gate by outcome and first failing control.",
    .where = "risk",
    .labels = {"outcome", "reason"},
    .max_series = 80};
inline constexpr MetricInfo kRiskSeconds{.name = "gannet_risk_decision_seconds",
                                         .type = MetricType::kHistogram,
                                         .unit = "seconds",
                                         .help = "Time of one verdict.",
                                         .where = "risk",
                                         .labels = {},
                                         .max_series = 1};
inline constexpr MetricInfo kTickAge{.name = "gannet_tick_age_seconds",
                                     .type = MetricType::kHistogram,
                                     .unit = "seconds",
                                     .help = "Age of the price that a verdict rested on.",
                                     .where = "risk",
                                     .labels = {},
                                     .max_series = 1};
inline constexpr MetricInfo kTradingState{.name = "gannet_trading_scopes",
                                          .type = MetricType::kGauge,
                                          .unit = "1",
                                          .help = "Scopes by trading state.",
                                          .where = "risk",
                                          .labels = {"state"},
                                          .max_series = 8};
inline constexpr MetricInfo kKilled{.name = "gannet_kill_switches",
                                    .type = MetricType::kGauge,
                                    .unit = "1",
                                    .help = "Scopes whose kill switch is on.",
                                    .where = "risk",
                                    .labels = {},
                                    .max_series = 1};
inline constexpr MetricInfo kExposureUse{
    .name = "gannet_exposure_ratio",
    .type = MetricType::kGauge,
    .unit = "1",
    .help = "Largest use of an exposure limit by kind of scope: exposure through limit.",
    .where = "risk",
    .labels = {"scope", "limit"},
    .max_series = 64};
inline constexpr MetricInfo kDrawdownUse{
    .name = "gannet_drawdown_ratio",
    .type = MetricType::kGauge,
    .unit = "1",
    .help = "Largest use of a loss limit by kind of scope: loss through limit.",
    .where = "risk",
    .labels = {"scope", "limit"},
    .max_series = 32};
inline constexpr MetricInfo kOpenOrders{.name = "gannet_open_orders_at_risk",
                                        .type = MetricType::kGauge,
                                        .unit = "1",
                                        .help = "Open orders that the gate reserves for.",
                                        .where = "risk",
                                        .labels = {},
                                        .max_series = 1};
inline constexpr MetricInfo kServiceOpen{
    .name = "gannet_service_open",
    .type = MetricType::kGauge,
    .unit = "1",
    .help = "Whether a service that orders need is heard, as the gate has it: 1, or 0 closed.",
    .where = "risk",
    .labels = {"service"},
    .max_series = 32};
inline constexpr MetricInfo kHeartbeatAge{
    .name = "gannet_heartbeat_age_seconds",
    .type = MetricType::kGauge,
    .unit = "seconds",
    .help = "Since the newest heartbeat of a service that orders need; none yet: since the start.",
    .where = "risk",
    .labels = {"service"},
    .max_series = 32};
inline constexpr MetricInfo kModelsStopped{
    .name = "gannet_models_stopped",
    .type = MetricType::kGauge,
    .unit = "1",
    .help = "Models whose breaker is open, or that a person stopped: their orders only reduce.",
    .where = "risk",
    .labels = {},
    .max_series = 1};
inline constexpr MetricInfo kUnanswered{
    .name = "gannet_unanswered_verdict_seconds",
    .type = MetricType::kGauge,
    .unit = "seconds",
    .help = "Age of the oldest permitted verdict that execution has not answered.",
    .where = "risk",
    .labels = {},
    .max_series = 1};
inline constexpr MetricInfo kReports{.name = "gannet_exec_reports_total",
                                     .type = MetricType::kCounter,
                                     .unit = "1",
                                     .help = "Execution reports by kind.",
                                     .where = "execution",
                                     .labels = {"kind"},
                                     .max_series = 24};
inline constexpr MetricInfo kRejections{
    .name = "gannet_order_rejections_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Orders refused at the moment of sending, by reason, or by the venue.",
    .where = "execution",
    .labels = {"by", "reason"},
    .max_series = 80};
inline constexpr MetricInfo kOrders{.name = "gannet_orders",
                                    .type = MetricType::kGauge,
                                    .unit = "1",
                                    .help = "Orders that are not over, by state.",
                                    .where = "execution",
                                    .labels = {"venue", "state"},
                                    .max_series = 64};
inline constexpr MetricInfo kUnknownAge{.name = "gannet_unknown_order_seconds",
                                        .type = MetricType::kGauge,
                                        .unit = "seconds",
                                        .help = "Age of the oldest order whose fate is not known.",
                                        .where = "execution",
                                        .labels = {"venue"},
                                        .max_series = 8};
inline constexpr MetricInfo kSignalToOrder{
    .name = "gannet_signal_to_order_seconds",
    .type = MetricType::kHistogram,
    .unit = "seconds",
    .help =
        "From the receipt of the headline, tick or command to the order on its way to the venue.",
    .where = "execution",
    .labels = {},
    .max_series = 1};
inline constexpr MetricInfo kOrderToAck{
    .name = "gannet_order_to_ack_seconds",
    .type = MetricType::kHistogram,
    .unit = "seconds",
    .help = "From the order on its way to the first word of the venue on it.",
    .where = "execution",
    .labels = {},
    .max_series = 1};
inline constexpr MetricInfo kFills{.name = "gannet_fills_total",
                                   .type = MetricType::kCounter,
                                   .unit = "1",
                                   .help = "Fills booked.",
                                   .where = "execution",
                                   .labels = {},
                                   .max_series = 1};
inline constexpr MetricInfo kReconciliations{.name = "gannet_reconciliations_total",
                                             .type = MetricType::kCounter,
                                             .unit = "1",
                                             .help = "Comparisons with the venue, by outcome.",
                                             .where = "execution",
                                             .labels = {"venue", "outcome"},
                                             .max_series = 16};
inline constexpr MetricInfo kBreaks{
    .name = "gannet_reconciliation_breaks",
    .type = MetricType::kGauge,
    .unit = "1",
    .help = "Assets whose balance at the venue the fills do not explain.",
    .where = "execution",
    .labels = {"venue"},
    .max_series = 8};
inline constexpr MetricInfo kForeign{
    .name = "gannet_foreign_orders_total",
    .type = MetricType::kCounter,
    .unit = "1",
    .help = "Orders found at the venue that nobody here asked for.",
    .where = "execution",
    .labels = {"venue"},
    .max_series = 8};
inline constexpr MetricInfo kVenueStream{
    .name = "gannet_venue_stream_up",
    .type = MetricType::kGauge,
    .unit = "1",
    .help = "1 while the venue tells of own orders by its stream.",
    .where = "execution",
    .labels = {"venue"},
    .max_series = 8};
inline constexpr MetricInfo kOrderSocket{
    .name = "gannet_order_socket_up",
    .type = MetricType::kGauge,
    .unit = "1",
    .help =
        "1 while orders go over the venue's order socket, 0 while they go by REST because it is "
        "not open; absent where none is wanted.",
    .where = "execution",
    .labels = {"venue"},
    .max_series = 8};
inline constexpr MetricInfo kStoreFailing{.name = "gannet_report_store_failing",
                                          .type = MetricType::kGauge,
                                          .unit = "1",
                                          .help = "1 while reports cannot be stored.",
                                          .where = "reporting",
                                          .labels = {},
                                          .max_series = 1};
inline constexpr MetricInfo kReportOverdue{.name = "gannet_reports_overdue",
                                           .type = MetricType::kGauge,
                                           .unit = "1",
                                           .help = "Schedules whose newest report is missing.",
                                           .where = "reporting",
                                           .labels = {},
                                           .max_series = 1};
inline constexpr MetricInfo kStoredReports{.name = "gannet_reported_executions_total",
                                           .type = MetricType::kCounter,
                                           .unit = "1",
                                           .help = "Execution reports that reporting has taken up.",
                                           .where = "reporting",
                                           .labels = {},
                                           .max_series = 1};
inline constexpr MetricInfo kSessions{.name = "gannet_gateway_sessions",
                                      .type = MetricType::kGauge,
                                      .unit = "1",
                                      .help = "People signed in.",
                                      .where = "gateway",
                                      .labels = {},
                                      .max_series = 1};
inline constexpr MetricInfo kSpans{.name = "gannet_trace_spans_total",
                                   .type = MetricType::kCounter,
                                   .unit = "1",
                                   .help =
                                       "Spans by what became of them: exported, dropped (queue "
                                       "full, or refused by the collector), held back.",
                                   .where = "every process with a collector",
                                   .labels = {"outcome"},
                                   .max_series = 8};
inline constexpr MetricInfo kExports{.name = "gannet_trace_exports_total",
                                     .type = MetricType::kCounter,
                                     .unit = "1",
                                     .help = "Batches of spans by outcome.",
                                     .where = "every process with a collector",
                                     .labels = {"outcome"},
                                     .max_series = 4};

}  // namespace metric

}  // namespace gannet::telemetry
