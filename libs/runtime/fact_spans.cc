#include "libs/runtime/fact_spans.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "libs/base/concat.h"
#include "libs/bus/topics.h"
#include "libs/market/names.h"
#include "libs/telemetry/trace_names.h"

namespace gannet::runtime {
namespace {

namespace trace = telemetry::trace;
using telemetry::Span;

// FNV-1a, 64 bits: the same everywhere, and no id is zero but by one chance in 2^64.
telemetry::SpanId HashOf(std::string_view what, std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view part : {what, name}) {
    for (const char c : part) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  telemetry::SpanId id;
  for (size_t i = 0; i < id.size(); ++i) id[i] = static_cast<uint8_t>(hash >> (56 - 8 * i));
  return id;
}

uint64_t Threshold(double ratio) {
  if (ratio >= 1) return std::numeric_limits<uint64_t>::max();
  return static_cast<uint64_t>(std::ldexp(std::max(ratio, 0.0), 64));
}

void Add(Span& span, std::string_view key, std::string_view value) {
  if (!value.empty()) span.attributes.push_back({key, std::string(value)});
}
void Add(Span& span, std::string_view key, int64_t value) {
  span.attributes.push_back({key, value});
}

void Fail(Span& span, std::string_view type, std::string_view message) {
  span.error = true;
  span.message = message;
  Add(span, trace::kErrorType, type);
}

template <class T>
const market::Event<T>& As(const bus::Topic<T>&, const void* event) {
  return *static_cast<const market::Event<T>*>(event);
}

std::string_view NameOf(market::ExecKind kind) {
  switch (kind) {
    case market::ExecKind::kJournaled:
      return "order journaled";
    case market::ExecKind::kNotSent:
      return "order not sent";
    case market::ExecKind::kAccepted:
      return "order accepted";
    case market::ExecKind::kRejected:
      return "order rejected";
    case market::ExecKind::kFill:
      return "fill";
    case market::ExecKind::kCanceled:
      return "order canceled";
    case market::ExecKind::kExpired:
      return "order expired";
    case market::ExecKind::kUnknown:
      return "order unknown";
    default:
      return "order update";
  }
}

bool IsFailure(market::ExecKind kind) {
  return kind == market::ExecKind::kNotSent || kind == market::ExecKind::kRejected ||
         kind == market::ExecKind::kUnknown || kind == market::ExecKind::kIllegal ||
         kind == market::ExecKind::kAbsent;
}

}  // namespace

telemetry::SpanId OrderSpan(const market::ClientOrderId& order) {
  return HashOf("order:", order.text());
}
telemetry::SpanId VenueSpan(const market::ClientOrderId& order) {
  return HashOf("venue:", order.text());
}

Span ReaderSpan(const market::Header& header, std::string_view reader) {
  Span span;
  span.trace = header.trace.trace_id;
  span.id = HashOf(reader, market::FormatEventId(header.id));
  span.parent = header.trace.span_id;
  span.service = reader;
  span.kind = telemetry::SpanKind::kConsumer;
  return span;
}

Span SpanOf(const market::Header& header, const market::Header& cause) {
  Span span;
  span.trace = header.trace.trace_id;
  span.id = header.trace.span_id;
  if (cause.trace.trace_id == header.trace.trace_id) {
    span.parent = cause.trace.span_id;
  } else {
    // Its trace begins here: with an input, or with a tick, which has no span either but
    // an id that finds it in the journal.
    const bool is_input = cause.correlation == cause.id;
    const market::TraceContext other =
        cause.trace == market::TraceContext() ? market::TraceOf(cause.id, cause.id) : cause.trace;
    if (!is_input) span.links.push_back({other.trace_id, other.span_id});
    Add(span, trace::kCauseId, market::FormatEventId(cause.id));
  }
  Add(span, trace::kEventId, market::FormatEventId(header.id));
  return span;
}

FactSpans::FactSpans(Shard& shard, telemetry::SpanSink& sink, double ratio)
    : sink_(sink), threshold_(Threshold(ratio)) {
  shard.WatchLinks([this](const Shard::Link& link) { Draw(link); });
}

base::Time FactSpans::StartOf(const market::Header& fact) const {
  for (auto earlier = recent_.rbegin(); earlier != recent_.rend(); ++earlier) {
    if (earlier->first == fact.causation) return earlier->second;
  }
  return fact.publish_time;  // engine time of its turn
}

void FactSpans::Draw(const Shard::Link& link) {
  const auto begin = [&](const auto& fact) {
    Span span = SpanOf(fact.header, link.cause);
    span.end = link.decided;
    span.start = std::min(StartOf(fact.header), span.end);
    recent_.emplace_back(fact.header.id, span.end);
    if (recent_.size() > kRecent) recent_.pop_front();
    return span;
  };
  const auto on = [&](const auto& one, auto handler) {
    if (link.topic != &one.info) return false;
    const auto& fact = As(one, link.event.get());
    (this->*handler)(fact, begin(fact));
    return true;
  };
  (void)(on(bus::kExecReports, &FactSpans::OnReport) ||
         on(bus::kRiskDecisions, &FactSpans::OnDecision) ||
         on(bus::kOrderIntents, &FactSpans::OnIntent) ||
         on(bus::kNewsSignals, &FactSpans::OnSignal) ||
         on(bus::kPredictions, &FactSpans::OnPrediction) || on(bus::kNewsRaw, &FactSpans::OnNews) ||
         on(bus::kCommands, &FactSpans::OnCommand) || on(bus::kRiskState, &FactSpans::OnRiskState));
}

void FactSpans::OnNews(const market::Event<market::NewsItem>& event, Span span) {
  span.service = "ingest";
  span.name = "headline";
  span.kind = telemetry::SpanKind::kConsumer;
  span.start =
      std::min(std::max(event.header.receive_time, span.start - std::chrono::hours(1)), span.end);
  Add(span, trace::kSource, event.value.source);
  Add(span, trace::kTitle, event.value.title);
  Give(std::move(span), false);
}

void FactSpans::OnSignal(const market::Event<market::NewsSignal>& event, Span span) {
  span.service = "news-signal";
  span.name = "signal";
  Add(span, trace::kTitle, event.value.title);
  Add(span, trace::kOutcome, market::Name(event.value.type));
  Add(span, trace::kSentiment, int64_t{event.value.sentiment_ppm});
  Add(span, trace::kConfidence, int64_t{event.value.confidence_ppm});
  Give(std::move(span), false);
}

void FactSpans::OnPrediction(const market::Event<market::Prediction>& event, Span span) {
  span.service = "ml-inference";
  span.name = "prediction";
  Add(span, trace::kInstrument, event.value.instrument.text());
  Add(span, trace::kModel, base::Concat({event.value.model, "@", event.value.version}));
  Add(span, trace::kUp, int64_t{event.value.up_ppm});
  Add(span, trace::kDown, int64_t{event.value.down_ppm});
  Give(std::move(span), false);
}

// What people ask is always kept.
void FactSpans::OnCommand(const market::Event<market::Command>& event, Span span) {
  span.service = "gateway";
  span.name = "command";
  span.kind = telemetry::SpanKind::kServer;
  Add(span, trace::kOutcome, market::Name(event.value.kind));
  Give(std::move(span), true);
}

void FactSpans::OnRiskState(const market::Event<market::RiskState>& event, Span span) {
  span.service = "risk";
  span.name = "trading state";
  Add(span, trace::kOutcome, market::Name(event.value.state));
  Add(span, trace::kReason, event.value.reason);
  Give(std::move(span), true);
}

void FactSpans::OnIntent(const market::Event<market::OrderIntent>& event, Span span) {
  const market::OrderIntent& intent = event.value;
  Release(span.trace);
  span.service = "strategy";
  span.name = intent.kind == market::IntentKind::kCancel ? "cancel intent" : "intent";
  Add(span, trace::kOrderId, intent.client_order_id.text());
  Add(span, trace::kTarget, intent.target.text());
  Add(span, trace::kStrategy, intent.strategy.text());
  Add(span, trace::kInstrument, intent.instrument.text());
  Add(span, trace::kSide, market::Name(intent.side));
  Add(span, trace::kReason, intent.reason);
  if (!intent.signal.empty()) Add(span, trace::kSignalId, market::FormatEventId(intent.signal));
  Give(std::move(span), true);
}

void FactSpans::OnDecision(const market::Event<market::RiskDecision>& event, Span span) {
  const market::RiskDecision& decision = event.value;
  span.service = "risk";
  span.name = "verdict";
  Add(span, trace::kOrderId, decision.intent.client_order_id.text());
  Add(span, trace::kOutcome, decision.permitted ? "permitted" : "denied");
  if (!decision.permitted) Fail(span, market::Name(decision.reason), decision.detail);
  Give(std::move(span), true);
}

void FactSpans::OnReport(const market::Event<market::ExecReport>& event, Span span) {
  const market::ExecReport& report = event.value;
  const base::Time now = span.end;
  Add(span, trace::kOrderId, report.client_order_id.text());
  Add(span, trace::kInstrument, report.instrument.text());
  if (report.kind == market::ExecKind::kJournaled) {
    Span order = span;
    order.service = "execution";
    order.name = "order";
    order.kind = telemetry::SpanKind::kClient;
    order.id = OrderSpan(report.client_order_id);
    order.start = now;
    if (sent_.size() < kMaxOrders) sent_.emplace(report.client_order_id, std::move(order));
  } else if (report.kind != market::ExecKind::kNotSent) {
    EndOrder(report, now);
  }
  span.service = "execution";
  span.name = NameOf(report.kind);
  // In the order's own trace its span is above all that follows from it.
  const bool own_trace = span.parent != telemetry::SpanId{};
  if (own_trace && report.kind != market::ExecKind::kNotSent)
    span.parent = OrderSpan(report.client_order_id);
  Add(span, trace::kOutcome, market::Name(report.state));
  Add(span, trace::kEvidence, report.evidence);
  if (report.fill) Add(span, trace::kTradeId, report.fill->trade_id);
  if (IsFailure(report.kind)) {
    const std::string type = report.kind == market::ExecKind::kNotSent
                                 ? market::Name(report.local_reason)
                             : report.venue_code.empty() ? market::Name(report.kind)
                                                         : report.venue_code;
    Fail(span, type, report.detail);
  }
  Give(std::move(span), true);
}

void FactSpans::EndOrder(const market::ExecReport& report, base::Time end) {
  const auto sent = sent_.find(report.client_order_id);
  if (sent == sent_.end()) return;
  Span order = std::move(sent->second);
  sent_.erase(sent);
  order.end = end;
  if (IsFailure(report.kind)) Fail(order, market::Name(report.kind), report.detail);
  // Nobody at the venue tells us; execution has seen when it was asked and answered.
  Span venue = order;
  venue.service = market::VenueOf(report.instrument);
  venue.name = "venue";
  venue.kind = telemetry::SpanKind::kServer;
  venue.id = VenueSpan(report.client_order_id);
  venue.parent = order.id;
  venue.links.clear();
  Add(venue, trace::kObservedBy, "execution");
  Give(std::move(order), true);
  Give(std::move(venue), true);
}

bool FactSpans::Sampled(const telemetry::TraceId& id) const {
  if (threshold_ == std::numeric_limits<uint64_t>::max()) return true;
  // A trace id is an event's stream and sequence: mixed, for neither is spread evenly.
  uint64_t high = 0, low = 0;
  std::memcpy(&high, id.data(), sizeof high);
  std::memcpy(&low, id.data() + sizeof high, sizeof low);
  uint64_t mixed = high ^ (low * 0x9e3779b97f4a7c15);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return (mixed ^ (mixed >> 31)) < threshold_;
}

void FactSpans::Give(Span span, bool keep) {
  if (keep || Sampled(span.trace)) return sink_.Take(std::move(span));
  held_.push_back(std::move(span));
  if (held_.size() > kMaxHeld) held_.pop_front();
}

void FactSpans::Release(const telemetry::TraceId& id) {
  if (held_.empty()) return;
  const auto waiting = std::stable_partition(held_.begin(), held_.end(),
                                             [&id](const Span& span) { return span.trace != id; });
  for (auto span = waiting; span != held_.end(); ++span) sink_.Take(std::move(*span));
  held_.erase(waiting, held_.end());
}

}  // namespace gannet::runtime
