#include "libs/runtime/fact_spans.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>
#include <vector>

#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"

namespace gannet::runtime {
namespace {

using namespace std::chrono_literals;
using telemetry::Span;

struct Kept : telemetry::SpanSink {
  void Take(Span span) override { spans.push_back(std::move(span)); }
  const Span& Named(std::string_view name) const {
    for (const Span& span : spans) {
      if (span.name == name) return span;
    }
    FAIL("no span " << name);
    return spans.front();
  }
  std::vector<Span> spans;
};

// The chain of a whole platform on one shard: what an input brings is what each fact of
// the chain begins with.
struct Fixture {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000)};
  Shard shard{{.name = "test"}, executor, executor, nullptr, nullptr};
  Kept kept;
  FactSpans spans;
  FactStream<market::NewsItem> items{shard, bus::kNewsRaw, nullptr};
  FactStream<market::NewsSignal> signals{shard, bus::kNewsSignals, nullptr};
  FactStream<market::Prediction> predictions{shard, bus::kPredictions, nullptr};
  FactStream<market::OrderIntent> intents{shard, bus::kOrderIntents, nullptr};
  FactStream<market::RiskDecision> decisions{shard, bus::kRiskDecisions, nullptr};
  FactStream<market::ExecReport> reports{shard, bus::kExecReports, nullptr};
  bool denied = false;
  market::EventId chain;  // correlation of the order, as execution keeps it
  std::function<void(const market::Header&)> input;
  InputPort port =
      shard.AddInput("in", [this](std::string_view, const market::Header& cause) { input(cause); });

  explicit Fixture(double ratio = 1) : spans(shard, kept, ratio) {
    shard.Consume<market::NewsItem>(bus::kNewsRaw, nullptr, [this](const auto& event) {
      signals.Emit({.item = event.header.id, .title = event.value.title}, event.header);
    });
    shard.Consume<market::NewsSignal>(bus::kNewsSignals, nullptr, [this](const auto& event) {
      if (event.value.title == "trade") Intend(event.header);
    });
    shard.Consume<market::Quote>(bus::kQuotes, nullptr,
                                 [this](const auto& event) { Intend(event.header); });
    shard.Consume<market::OrderIntent>(bus::kOrderIntents, nullptr, [this](const auto& event) {
      market::RiskDecision decision;
      decision.intent = event.value;
      decision.permitted = !denied;
      decision.reason = denied ? market::RejectReason::kMaxNotional : market::RejectReason::kNone;
      decisions.Emit(std::move(decision), event.header);
    });
    shard.Consume<market::RiskDecision>(bus::kRiskDecisions, nullptr, [this](const auto& event) {
      if (!event.value.permitted) return;
      chain = event.header.correlation;
      reports.Emit(Report(market::ExecKind::kJournaled), event.header);
    });
  }
  static market::ExecReport Report(market::ExecKind kind) {
    market::ExecReport report;
    report.kind = kind;
    report.client_order_id = market::ClientOrderId("g1-order");
    report.instrument = market::InstrumentId("binance-spot:BTCUSDT");
    return report;
  }
  void Intend(const market::Header& cause) {
    market::OrderIntent intent;
    intent.client_order_id = market::ClientOrderId("g1-order");
    intents.Emit(std::move(intent), cause);
  }
  void Turn(std::function<void(const market::Header&)> run) {
    input = std::move(run);
    shard.Deliver(port, "", executor.Now());
  }
  void Headline(const char* title) {
    Turn([this, title](const market::Header& cause) { items.Emit({.title = title}, cause); });
  }
  // What the venue says, as execution hangs it on the order's chain.
  void Venue(market::ExecKind kind) {
    Turn([this, kind](const market::Header& cause) {
      market::Header header = cause;
      header.correlation = chain;
      header.trace = market::TraceOf(chain, chain);
      market::ExecReport report = Report(kind);
      if (kind == market::ExecKind::kFill) report.fill = market::Fill{.trade_id = "7"};
      reports.Emit(std::move(report), header);
    });
  }
};

TEST_CASE("FactSpans draws an order from its headline to its fill as one trace") {
  Fixture f;
  f.Headline("trade");
  f.executor.RunFor(20ms);
  f.Venue(market::ExecKind::kAccepted);
  f.executor.RunFor(5ms);
  f.Venue(market::ExecKind::kFill);
  const Kept& kept = f.kept;
  for (const Span& span : kept.spans) {
    INFO(span.name);
    CHECK(span.trace == kept.spans.front().trace);
    CHECK(span.start <= span.end);
    CHECK_FALSE(span.error);
  }
  const auto child_of = [&](std::string_view child, std::string_view parent) {
    INFO(child << " of " << parent);
    CHECK(kept.Named(child).parent == kept.Named(parent).id);
  };
  CHECK(kept.Named("headline").parent == telemetry::SpanId{});
  CHECK(kept.Named("headline").links.empty());
  child_of("signal", "headline");
  child_of("intent", "signal");
  child_of("verdict", "intent");
  child_of("order", "verdict");
  child_of("order journaled", "order");
  child_of("venue", "order");
  child_of("order accepted", "order");
  child_of("fill", "order");
  CHECK(kept.Named("order").end - kept.Named("order").start == 20ms);
  CHECK(kept.Named("headline").service == "ingest");
  CHECK(kept.Named("signal").service == "news-signal");
  CHECK(kept.Named("intent").service == "strategy");
  CHECK(kept.Named("verdict").service == "risk");
  CHECK(kept.Named("order").service == "execution");
  CHECK(kept.Named("venue").service == "binance-spot");
  CHECK(kept.spans.size() == 9);
}

TEST_CASE("FactSpans tells the same story under the same ids each time") {
  const auto story = [] {
    Fixture f;
    f.Headline("trade");
    f.Venue(market::ExecKind::kFill);
    std::vector<std::pair<telemetry::TraceId, telemetry::SpanId>> ids;
    for (const Span& span : f.kept.spans) ids.emplace_back(span.trace, span.id);
    return ids;
  };
  CHECK(story() == story());
}

TEST_CASE("FactSpans begins a trace at what a tick set off, and links to the tick") {
  Fixture f;
  f.Turn([&f](const market::Header& cause) { f.shard.Publish(bus::kQuotes, {}, cause); });
  const Span& intent = f.kept.Named("intent");
  CHECK(intent.parent == telemetry::SpanId{});
  CHECK(intent.links.size() == 1);
  CHECK(f.kept.Named("verdict").trace == intent.trace);
  CHECK(f.kept.spans.size() == 3);  // the tick has none, the order's is not over
}

TEST_CASE(
    "FactSpans keeps what came to an order, a rejection or an error, and a share of the rest") {
  SECTION("none of the rest") {
    Fixture f(0);
    f.Headline("nothing");
    CHECK(f.kept.spans.empty());
    f.Headline("trade");  // it comes with its headline and its signal
    CHECK(f.kept.Named("signal").parent == f.kept.Named("headline").id);
    CHECK(f.kept.spans.size() == 5);
  }
  SECTION("a rejection") {
    Fixture f(0);
    f.denied = true;
    f.Headline("trade");
    CHECK(f.kept.Named("verdict").error);
    CHECK(f.kept.spans.size() == 4);
  }
  SECTION("a share, by trace: all of it or nothing") {
    Fixture f(0.25);
    for (int i = 0; i < 2'000; ++i) f.Headline("nothing");
    CHECK(f.kept.spans.size() > 2 * 400);
    CHECK(f.kept.spans.size() < 2 * 600);
    CHECK(f.kept.spans.size() % 2 == 0);
  }
}

TEST_CASE("FactSpans finds the order's place also after a restart") {
  Fixture before;
  before.Headline("trade");
  Fixture after;
  after.chain = before.chain;
  after.Venue(market::ExecKind::kFill);
  const Span& fill = after.kept.Named("fill");
  CHECK(fill.trace == before.kept.Named("headline").trace);
  CHECK(fill.parent == OrderSpan(market::ClientOrderId("g1-order")));
}

TEST_CASE("FactSpans marks an order whose fate is unknown") {
  Fixture f;
  f.Headline("trade");
  f.Venue(market::ExecKind::kUnknown);
  CHECK(f.kept.Named("order").error);
  CHECK(f.kept.Named("order unknown").error);
}

}  // namespace
}  // namespace gannet::runtime
