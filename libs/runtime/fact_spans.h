// The spans of a process, made from the facts that its shard decides: headline → signal
// (→ prediction) → intent → verdict → order → answers of the venue → fill, one trace an
// order, however many processes have a part in it. Engines know nothing of it; a process
// without a collector has none of this.
//
// Ids follow from the facts: the span of a fact has the ids of its header's trace context,
// its parent is the context of the cause. That of an order, from its record to the first
// word of the venue, is named by its client order id (OrderSpan), so that whoever hears
// of the order later finds its place, also after a restart.
//
// Kept: whatever has an order id, a rejection, an error. Of headlines, signals and
// predictions a share (by trace id, the same in every process); the newest others wait
// here for an intent of their trace, and come with it. Market data has no spans.
//
// Drawn once the facts are durable: no order waits for it. On the executor's thread. Shard and
// sink outlive it, or end in the same breath.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/news.h"
#include "libs/market/order.h"
#include "libs/market/prediction.h"
#include "libs/runtime/shard.h"
#include "libs/telemetry/trace.h"

namespace gannet::runtime {

// Of an order's span, and of that of the venue under it.
telemetry::SpanId OrderSpan(const market::ClientOrderId& order);
telemetry::SpanId VenueSpan(const market::ClientOrderId& order);

// The beginning of a span for an event: ids, parent, links; the caller says whose it is
// and how long it took.
telemetry::Span SpanOf(const market::Header& header, const market::Header& cause);

// The same for who reads an event and makes no fact of it: `reader` is the service.
telemetry::Span ReaderSpan(const market::Header& header, std::string_view reader);

class FactSpans {
 public:
  static constexpr size_t kMaxHeld = 1'024;     // spans that wait for an intent
  static constexpr size_t kMaxOrders = 10'000;  // on their way to the venue
  static constexpr size_t kRecent = 64;         // facts whose end is the start of the next

  // `ratio`: of traces that have come to no order (yet), 0 to 1.
  FactSpans(Shard& shard, telemetry::SpanSink& sink, double ratio);
  FactSpans(const FactSpans&) = delete;
  FactSpans& operator=(const FactSpans&) = delete;

 private:
  void Draw(const Shard::Link& link);
  void OnNews(const market::Event<market::NewsItem>& event, telemetry::Span span);
  void OnSignal(const market::Event<market::NewsSignal>& event, telemetry::Span span);
  void OnPrediction(const market::Event<market::Prediction>& event, telemetry::Span span);
  void OnCommand(const market::Event<market::Command>& event, telemetry::Span span);
  void OnRiskState(const market::Event<market::RiskState>& event, telemetry::Span span);
  void OnIntent(const market::Event<market::OrderIntent>& event, telemetry::Span span);
  void OnDecision(const market::Event<market::RiskDecision>& event, telemetry::Span span);
  void OnReport(const market::Event<market::ExecReport>& event, telemetry::Span span);
  // The first word of the venue on an order: its span, and the venue's, are over.
  void EndOrder(const market::ExecReport& report, base::Time end);
  base::Time StartOf(const market::Header& fact) const;
  bool Sampled(const telemetry::TraceId& trace) const;
  void Give(telemetry::Span span, bool keep);
  void Release(const telemetry::TraceId& trace);

  telemetry::SpanSink& sink_;
  const uint64_t threshold_;  // of the last eight bytes of a trace id
  std::deque<telemetry::Span> held_;
  std::deque<std::pair<market::EventId, base::Time>> recent_;
  std::map<market::ClientOrderId, telemetry::Span> sent_;  // their ends are open
};

}  // namespace gannet::runtime
