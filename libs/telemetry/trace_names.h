// Names of spans' attributes, once. Those of OpenTelemetry follow its conventions as of
// the schema below (they are still moving between its versions); the others are ours.
#pragma once

#include <string_view>

namespace gannet::telemetry::trace {

inline constexpr std::string_view kSchemaUrl = "https://opentelemetry.io/schemas/1.29.0";
inline constexpr std::string_view kScope = "gannet";

// OpenTelemetry's.
inline constexpr std::string_view kServiceName = "service.name";
inline constexpr std::string_view kServiceVersion = "service.version";
inline constexpr std::string_view kServiceInstance = "service.instance.id";
inline constexpr std::string_view kErrorType = "error.type";

// Ours.
inline constexpr std::string_view kEventId = "gannet.event.id";  // stream-sequence
inline constexpr std::string_view kCauseId = "gannet.cause.id";
inline constexpr std::string_view kSignalId = "gannet.signal.id";  // what an intent rests on
inline constexpr std::string_view kSource = "gannet.source";
inline constexpr std::string_view kTitle = "gannet.news.title";
inline constexpr std::string_view kSentiment = "gannet.news.sentiment_ppm";
inline constexpr std::string_view kConfidence = "gannet.news.confidence_ppm";
inline constexpr std::string_view kModel = "gannet.model";
inline constexpr std::string_view kUp = "gannet.prediction.up_ppm";
inline constexpr std::string_view kDown = "gannet.prediction.down_ppm";
inline constexpr std::string_view kOrderId = "gannet.order.id";
inline constexpr std::string_view kTarget = "gannet.order.target";
inline constexpr std::string_view kStrategy = "gannet.strategy";
inline constexpr std::string_view kInstrument = "gannet.instrument";
inline constexpr std::string_view kSide = "gannet.order.side";
inline constexpr std::string_view kReason = "gannet.reason";
inline constexpr std::string_view kOutcome = "gannet.outcome";
inline constexpr std::string_view kTradeId = "gannet.fill.trade_id";
inline constexpr std::string_view kEvidence = "gannet.evidence";
inline constexpr std::string_view kObservedBy = "gannet.observed_by";  // who says it for another

}  // namespace gannet::telemetry::trace
