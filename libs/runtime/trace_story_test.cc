// What a shard decides arrives at a collector as one trace, with the edges between
// services: facts, spans, OTLP and gRPC together.
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"
#include "libs/otlp/collector_for_test.h"
#include "libs/otlp/exporter.h"
#include "libs/runtime/fact_spans.h"

namespace gannet::runtime {
namespace {

using Edge = std::pair<std::string, std::string>;

// Decides an order on each headline; hears of its fill. With a sink it is traced.
std::vector<std::string> Decide(telemetry::SpanSink* sink) {
  base::VirtualExecutor executor(base::FromUnixMillis(1'700'000'000'000));
  Shard shard({.name = "story"}, executor, executor, nullptr, nullptr);
  std::unique_ptr<FactSpans> spans;
  if (sink != nullptr) spans = std::make_unique<FactSpans>(shard, *sink, 1.0);
  std::vector<std::string> facts;
  shard.ObserveFacts([&](const bus::TopicInfo& topic, const void* event) {
    facts.push_back(topic.encode(event));
  });
  FactStream<market::NewsItem> items(shard, bus::kNewsRaw, nullptr);
  FactStream<market::NewsSignal> signals(shard, bus::kNewsSignals, nullptr);
  FactStream<market::OrderIntent> intents(shard, bus::kOrderIntents, nullptr);
  FactStream<market::RiskDecision> decisions(shard, bus::kRiskDecisions, nullptr);
  FactStream<market::ExecReport> reports(shard, bus::kExecReports, nullptr);
  market::ExecReport report;
  report.client_order_id = market::ClientOrderId("g1-story");
  report.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  market::EventId chain;
  shard.Consume<market::NewsItem>(bus::kNewsRaw, nullptr, [&](const auto& event) {
    signals.Emit({.item = event.header.id}, event.header);
  });
  shard.Consume<market::NewsSignal>(bus::kNewsSignals, nullptr, [&](const auto& event) {
    market::OrderIntent intent;
    intent.client_order_id = report.client_order_id;
    intents.Emit(std::move(intent), event.header);
  });
  shard.Consume<market::OrderIntent>(bus::kOrderIntents, nullptr, [&](const auto& event) {
    market::RiskDecision decision;
    decision.intent = event.value;
    decision.permitted = true;
    decisions.Emit(std::move(decision), event.header);
  });
  shard.Consume<market::RiskDecision>(bus::kRiskDecisions, nullptr, [&](const auto& event) {
    chain = event.header.correlation;
    reports.Emit(report, event.header);
  });
  const InputPort feed = shard.AddInput("feed", [&](std::string_view, const market::Header& cause) {
    items.Emit({.source = "rss:x", .title = "a headline"}, cause);
  });
  const InputPort venue = shard.AddInput("venue", [&](std::string_view, const auto& cause) {
    market::Header header = cause;
    header.correlation = chain;
    header.trace = market::TraceOf(chain, chain);
    report.kind = market::ExecKind::kFill;
    report.fill = market::Fill{.trade_id = "7"};
    reports.Emit(report, header);
  });
  shard.Deliver(feed, "", executor.Now());
  executor.RunFor(std::chrono::milliseconds(3));
  shard.Deliver(venue, "", executor.Now());
  return facts;
}

TEST_CASE("an order arrives at a collector as one trace with the edges between services") {
  otlp::CollectorForTest collector;
  telemetry::TraceOptions options;
  options.endpoint = collector.endpoint();
  auto exporter = otlp::Exporter::Start(options, {}, nullptr);
  REQUIRE(exporter.ok());
  Decide(exporter->get());
  (*exporter)->Shutdown(std::chrono::minutes(1));  // it ends what hangs, not what is slow
  const std::vector<otlp::ReceivedSpan> spans = collector.spans();
  REQUIRE(spans.size() == 8);
  std::map<std::string, std::string> service_of;
  std::set<std::string> traces;
  for (const otlp::ReceivedSpan& span : spans) {
    service_of[span.id] = span.service;
    traces.insert(span.trace);
  }
  CHECK(traces.size() == 1);
  std::set<Edge> edges;
  for (const otlp::ReceivedSpan& span : spans) {
    INFO(span.service << " " << span.name);
    CHECK((span.parent.empty() ? span.name == "headline" : service_of.contains(span.parent)));
    if (!span.parent.empty() && service_of[span.parent] != span.service)
      edges.emplace(service_of[span.parent], span.service);
  }
  CHECK(edges == std::set<Edge>{{"ingest", "news-signal"},
                                {"news-signal", "strategy"},
                                {"strategy", "risk"},
                                {"risk", "execution"},
                                {"execution", "binance-spot"}});
}

TEST_CASE("a shard decides the same bytes with and without a collector") {
  otlp::CollectorForTest collector;
  telemetry::TraceOptions options;
  options.endpoint = collector.endpoint();
  auto exporter = otlp::Exporter::Start(options, {}, nullptr);
  REQUIRE(exporter.ok());
  CHECK(Decide(exporter->get()) == Decide(nullptr));
}

}  // namespace
}  // namespace gannet::runtime
