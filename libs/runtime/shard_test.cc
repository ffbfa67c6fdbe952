#include "libs/runtime/shard.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"

namespace gannet::runtime {
namespace {

using base::FromUnixMillis;
using base::VirtualExecutor;
using namespace std::chrono_literals;

market::NewsItem Item(std::string title) {
  market::NewsItem item;
  item.source = "test";
  item.source_id = title;
  item.title = std::move(title);
  item.published = item.received = FromUnixMillis(1);
  return item;
}

market::NewsSignal Signal(std::string title) {
  market::NewsSignal signal;
  signal.title = std::move(title);
  signal.source = "test";
  return signal;
}

struct Fixture {
  VirtualExecutor executor{FromUnixMillis(1'000)};
  Shard shard;
  explicit Fixture(bool wire_mode = false)
      : shard(ShardOptions{.name = "test", .wire_mode = wire_mode}, executor, executor, nullptr,
              nullptr) {}
};

TEST_CASE("Shard queues events between engines and runs them in order of publication") {
  for (const bool wire_mode : {false, true}) {
    Fixture f(wire_mode);
    std::vector<std::string> seen;
    const InputPort port =
        f.shard.AddInput("in", [&](std::string_view bytes, const market::Header& cause) {
          f.shard.Publish(bus::kNewsRaw, Item(std::string(bytes) + "1"), cause);
          f.shard.Publish(bus::kNewsRaw, Item(std::string(bytes) + "2"), cause);
          seen.push_back("input done");
        });
    f.shard.Consume<market::NewsItem>(
        bus::kNewsRaw, [&](const auto& event) { seen.push_back("apply " + event.value.title); },
        [&](const auto& event) { seen.push_back("decide " + event.value.title); });
    f.shard.Deliver(port, "a", FromUnixMillis(2'000));
    REQUIRE(seen == std::vector<std::string>{"input done", "apply a1", "decide a1", "apply a2",
                                             "decide a2"});
  }
}

TEST_CASE("Shard runs what waits for the end of a turn once nothing is queued in it") {
  Fixture f;
  std::vector<std::string> seen;
  FactStream<market::NewsSignal> signals(f.shard, bus::kNewsSignals, nullptr);
  f.shard.Consume<market::NewsItem>(bus::kNewsRaw, nullptr, [&](const auto& event) {
    seen.push_back("item " + event.value.title);
    if (event.value.title != "1") return;
    f.shard.AtTurnEnd([&, cause = event.header] {
      seen.push_back("end");
      signals.Emit(Signal("late"), cause);
      f.shard.AtTurnEnd([&] { seen.push_back("end again"); });
    });
  });
  f.shard.Consume<market::NewsSignal>(
      bus::kNewsSignals, [&](const auto& event) { seen.push_back("signal " + event.value.title); });
  const InputPort port = f.shard.AddInput("in", [&](std::string_view, const market::Header& cause) {
    f.shard.Publish(bus::kNewsRaw, Item("1"), cause);
    f.shard.Publish(bus::kNewsRaw, Item("2"), cause);
  });
  f.shard.Deliver(port, "", FromUnixMillis(2'000));
  const std::vector<std::string> turn = {"item 1", "item 2", "end", "signal late", "end again"};
  REQUIRE(seen == turn);
  f.shard.Deliver(port, "", FromUnixMillis(3'000));
  REQUIRE(seen.size() == 2 * turn.size());
}

TEST_CASE("Shard applies a fact to its owner before anything else happens") {
  Fixture f;
  std::vector<std::string> seen;
  FactStream<market::NewsSignal> signals(f.shard, bus::kNewsSignals, [&](const auto& event) {
    seen.push_back("owner " + event.value.title);
  });
  f.shard.Consume<market::NewsSignal>(bus::kNewsSignals, [&](const auto& event) {
    seen.push_back("consumer " + event.value.title);
  });
  const InputPort port = f.shard.AddInput("in", [&](std::string_view, const market::Header& cause) {
    signals.Emit(Signal("x"), cause);
    seen.push_back("emitted x");
  });
  f.shard.Deliver(port, "", FromUnixMillis(2'000));
  REQUIRE(seen == std::vector<std::string>{"owner x", "emitted x", "consumer x"});
}

TEST_CASE("Shard keeps the chain of causes and derives one trace for it") {
  Fixture f;
  std::vector<market::Header> headers;
  FactStream<market::NewsItem> items(f.shard, bus::kNewsRaw, nullptr);
  FactStream<market::NewsSignal> signals(f.shard, bus::kNewsSignals, nullptr);
  f.shard.Consume<market::NewsItem>(
      bus::kNewsRaw, [&](const auto& event) { headers.push_back(event.header); },
      [&](const auto& event) { signals.Emit(Signal("s"), event.header); });
  f.shard.Consume<market::NewsSignal>(bus::kNewsSignals,
                                      [&](const auto& event) { headers.push_back(event.header); });
  market::Header input;
  const InputPort port = f.shard.AddInput("in", [&](std::string_view, const market::Header& cause) {
    input = cause;
    items.Emit(Item("n"), cause);
    items.Emit(Item("m"), cause);  // of the same poll: another story
  });
  f.shard.Deliver(port, "", FromUnixMillis(2'000));
  REQUIRE(headers.size() == 4);
  const market::Header &item = headers[0], &other = headers[1], &signal = headers[2];
  CHECK(item.causation == input.id);
  CHECK(item.correlation == item.id);
  CHECK(signal.causation == item.id);
  CHECK(signal.correlation == item.id);
  CHECK(signal.trace == market::TraceOf(item.id, signal.id));
  CHECK(item.trace.trace_id == signal.trace.trace_id);
  CHECK(item.trace.span_id != signal.trace.span_id);
  CHECK(other.trace.trace_id != item.trace.trace_id);
}

TEST_CASE("Shard gives data no trace, and begins one at the fact that data sets off") {
  Fixture f;
  std::vector<market::Header> quotes, facts;
  FactStream<market::NewsSignal> signals(f.shard, bus::kNewsSignals, nullptr);
  f.shard.Consume<market::Quote>(bus::kQuotes, nullptr, [&](const auto& event) {
    quotes.push_back(event.header);
    signals.Emit(Signal("s"), event.header);
  });
  f.shard.Consume<market::NewsSignal>(bus::kNewsSignals,
                                      [&](const auto& event) { facts.push_back(event.header); });
  const InputPort port = f.shard.AddInput("in", [&](std::string_view, const market::Header& cause) {
    f.shard.Publish(bus::kQuotes, {}, cause);
  });
  f.shard.Deliver(port, "", FromUnixMillis(2'000));
  REQUIRE(facts.size() == 1);
  CHECK(quotes[0].trace == market::TraceContext());
  CHECK(facts[0].causation == quotes[0].id);
  CHECK(facts[0].correlation == facts[0].id);
}

TEST_CASE("Engine time never goes back, and a clock that does is counted") {
  Fixture f;
  std::vector<base::Time> times;
  const InputPort port = f.shard.AddInput(
      "in", [&](std::string_view, const market::Header&) { times.push_back(f.shard.now()); });
  f.shard.Deliver(port, "", FromUnixMillis(2'000));
  f.shard.Deliver(port, "", FromUnixMillis(1'500));
  f.shard.Deliver(port, "", FromUnixMillis(2'500));
  CHECK(times == std::vector{FromUnixMillis(2'000), FromUnixMillis(2'000), FromUnixMillis(2'500)});
  CHECK(f.shard.stats().clock_went_back == 1);
}

TEST_CASE("Timers due by an input's time fire before it, by deadline then creation") {
  Fixture f;
  std::vector<std::string> seen;
  const auto note = [&](std::string what) {
    return [&seen, what](const market::Header&) { seen.push_back(what); };
  };
  const InputPort port = f.shard.AddInput("in", [&](std::string_view bytes, const market::Header&) {
    seen.emplace_back(bytes);
    if (bytes != "start") return;
    f.shard.After(20ms, note("b"));
    f.shard.After(10ms, note("a"));
    f.shard.After(20ms, note("c"));
    f.shard.Cancel(f.shard.After(15ms, note("cancelled")));
    f.shard.After(30ms, note("late"));
  });
  f.shard.Deliver(port, "start", FromUnixMillis(1'000));
  f.shard.Deliver(port, "end", FromUnixMillis(1'020));
  REQUIRE(seen == std::vector<std::string>{"start", "a", "b", "c", "end"});
  CHECK(f.shard.next_deadline() == FromUnixMillis(1'030));
}

TEST_CASE("Timers fire without an input once the executor reaches them") {
  Fixture f;
  int fired = 0;
  const InputPort port = f.shard.AddInput("in", [&](std::string_view, const market::Header&) {
    f.shard.After(50ms, [&](const market::Header& cause) {
      ++fired;
      CHECK(cause.receive_time == FromUnixMillis(1'050));
    });
  });
  f.shard.Deliver(port, "", FromUnixMillis(1'000));
  f.executor.RunFor(49ms);
  CHECK(fired == 0);
  f.executor.RunFor(1ms);
  CHECK(fired == 1);
  CHECK(f.executor.pending() == 0);
}

TEST_CASE("Effects run after the turn, in order, and may deliver inputs") {
  Fixture f;
  std::vector<std::string> seen;
  InputPort port{};
  port = f.shard.AddInput("in", [&](std::string_view bytes, const market::Header&) {
    seen.push_back("turn " + std::string(bytes));
    if (bytes != "first") return;
    f.shard.AfterDurable([&] {
      seen.push_back("effect 1");
      f.shard.Deliver(port, "answer", f.shard.now());
    });
    f.shard.AfterDurable([&] { seen.push_back("effect 2"); });
  });
  f.shard.Deliver(port, "first", FromUnixMillis(1'000));
  REQUIRE(seen == std::vector<std::string>{"turn first", "effect 1", "turn answer", "effect 2"});
}

TEST_CASE("A shard without effects decides and lets nothing out") {
  VirtualExecutor executor{FromUnixMillis(1'000)};
  Shard shard({.name = "test", .run_effects = false}, executor, executor, nullptr, nullptr);
  int facts = 0, effects = 0;
  FactStream<market::NewsSignal> signals(shard, bus::kNewsSignals, [&](const auto&) { ++facts; });
  const InputPort port = shard.AddInput("in", [&](std::string_view, const market::Header& cause) {
    signals.Emit(Signal("x"), cause);
    shard.AfterDurable([&] { ++effects; });
  });
  shard.Deliver(port, "", FromUnixMillis(2'000));
  CHECK(facts == 1);
  CHECK(effects == 0);
}

TEST_CASE("Shard state survives a round trip and refuses what does not fit") {
  const auto with_counter = [](Shard& shard, uint64_t& counter, std::string name) {
    shard.AddState({name, [&counter](wire::CanonicalWriter& out) { out.U64(counter); },
                    [&counter](wire::CanonicalReader& in) {
                      counter = in.U64();
                      return absl::OkStatus();
                    },
                    nullptr});
  };
  Fixture a, b, c;
  uint64_t one = 42, two = 0, three = 0;
  with_counter(a.shard, one, "engine");
  with_counter(b.shard, two, "engine");
  with_counter(c.shard, three, "other");
  const std::string state = a.shard.SaveState();
  REQUIRE(b.shard.LoadState(state).ok());
  CHECK(two == 42);
  CHECK(a.shard.StateHash() == b.shard.StateHash());
  CHECK(c.shard.LoadState(state).code() == absl::StatusCode::kFailedPrecondition);
  for (size_t cut = 0; cut < state.size(); ++cut) {
    Fixture d;
    uint64_t four = 0;
    with_counter(d.shard, four, "engine");
    CHECK_FALSE(d.shard.LoadState(std::string_view(state).substr(0, cut)).ok());
  }
}

TEST_CASE("Market data goes to the outer bus whatever else that does not take") {
  VirtualExecutor executor{FromUnixMillis(1'000)};
  bus::MemoryBusOptions options;
  options.backlog_limit = 2;
  bus::MemoryBus outer(executor, options);
  Shard shard({.name = "test"}, executor, executor, nullptr, &outer);
  FactStream<market::NewsSignal> signals(shard, bus::kNewsSignals, nullptr);
  const auto stuck = outer.Subscribe<market::NewsSignal>(bus::kNewsSignals, {.group = "stuck"},
                                                         [](const auto&, bus::Position) {});
  uint64_t quotes = 0;
  const auto reader =
      outer.Subscribe<market::Quote>(bus::kQuotes, {.group = "", .start = bus::Start::kEarliest},
                                     [&quotes](const auto&, bus::Position) { ++quotes; });
  const InputPort port = shard.AddInput("in", [&](std::string_view, const market::Header& cause) {
    signals.Emit(Signal("x"), cause);
    shard.Publish(bus::kQuotes, market::Quote{}, cause);
  });
  for (int i = 0; i < 5; ++i) shard.Deliver(port, "", FromUnixMillis(2'000));
  executor.RunFor(1s);
  CHECK(shard.outer_backlog() == 3);
  CHECK(quotes == 5);
}

TEST_CASE("Nothing goes to the outer bus while another may speak for the shard") {
  VirtualExecutor executor{FromUnixMillis(1'000)};
  bus::MemoryBus outer(executor);
  Shard shard({.name = "test"}, executor, executor, nullptr, &outer);
  FactStream<market::NewsSignal> signals(shard, bus::kNewsSignals, nullptr);
  std::vector<std::string> heard;
  const auto reader = outer.Subscribe<market::NewsSignal>(
      bus::kNewsSignals, {.group = "", .start = bus::Start::kEarliest},
      [&heard](const market::Event<market::NewsSignal>& event, bus::Position) {
        heard.push_back(event.value.title);
      });
  const InputPort port =
      shard.AddInput("in", [&](std::string_view title, const market::Header& cause) {
        signals.Emit(Signal(std::string(title)), cause);
      });
  bool holds = false;
  shard.GateOuter([&holds] { return holds; });
  shard.Deliver(port, "first", FromUnixMillis(2'000));
  executor.RunFor(5s);
  CHECK(heard.empty());
  CHECK(shard.outer_backlog() == 1);
  holds = true;  // held again, nobody had taken it
  shard.Deliver(port, "second", FromUnixMillis(9'000));
  executor.RunFor(5s);
  CHECK(heard == std::vector<std::string>{"first", "second"});
  CHECK(shard.outer_backlog() == 0);
}

}  // namespace
}  // namespace gannet::runtime
