// MemoryBus: one event from Publish to three groups that acknowledge it, plain and
// in wire mode, beside the floor of the same run: three direct calls of a handler
// with a fresh shared event.
#include <benchmark/benchmark.h>

#include <array>
#include <functional>
#include <memory>

#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"

namespace gannet::bus {
namespace {

using market::Event;
using market::Quote;

constexpr size_t kGroups = 3;

std::shared_ptr<const Event<Quote>> Sample() {
  auto event = std::make_shared<Event<Quote>>();
  event->header.source = "binance-spot";
  event->header.tenant = "main";
  event->value.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  event->value.bid = {.price = {6'012'345}, .quantity = {15}};
  event->value.ask = {.price = {6'012'346}, .quantity = {9}};
  return event;
}

void PublishToGroups(benchmark::State& state, bool wire_mode) {
  base::VirtualExecutor executor(base::FromUnixMillis(0));
  MemoryBus bus(executor, {.wire_mode = wire_mode});
  uint64_t heard = 0;
  std::array<std::unique_ptr<Subscription>, kGroups> subscriptions;
  for (size_t i = 0; i < kGroups; ++i) {
    subscriptions[i] = bus.Subscribe<Quote>(kQuotes, {.group = std::to_string(i)},
                                            [&, i](const Event<Quote>& event, Position position) {
                                              heard += event.value.bid.quantity.mantissa > 0;
                                              subscriptions[i]->Ack(position);
                                            });
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(bus.Publish(kQuotes, Sample()));
    while (executor.RunOne()) {
    }
  }
  if (heard != state.iterations() * kGroups) state.SkipWithError("events were lost");
}

void FloorDirectCalls(benchmark::State& state) {
  uint64_t heard = 0;
  const std::function<void(const Event<Quote>&)> handler = [&](const Event<Quote>& event) {
    heard += event.value.bid.quantity.mantissa > 0;
  };
  for (auto _ : state) {
    const auto event = Sample();
    for (size_t i = 0; i < kGroups; ++i) handler(*event);
  }
  benchmark::DoNotOptimize(heard);
}

BENCHMARK_CAPTURE(PublishToGroups, plain, false);
BENCHMARK_CAPTURE(PublishToGroups, wire, true);
BENCHMARK(FloorDirectCalls);

}  // namespace
}  // namespace gannet::bus

BENCHMARK_MAIN();
