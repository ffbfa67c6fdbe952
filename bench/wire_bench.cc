// What it costs to make an event bytes and back, beside the floor of the same run:
// protobuf alone, serializing and parsing a message that is already filled.
#include <benchmark/benchmark.h>

#include <string>

#include "gannet/market/v1/market_data.pb.h"
#include "gannet/order/v1/order.pb.h"
#include "gannet/risk/v1/risk.pb.h"
#include "libs/base/rng.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"

namespace gannet {
namespace {

market::Header SampleHeader() {
  market::Header header;
  header.id = {.stream = 0x1234567890abcdef, .sequence = 123'456};
  header.correlation = header.causation = {.stream = 0x1234567890abcdef, .sequence = 123'400};
  header.event_time = header.receive_time = header.publish_time =
      base::FromUnixMillis(1'723'000'000'000);
  header.source = "binance-spot";
  header.tenant = "main";
  header.trace.trace_id.fill(7);
  header.trace.span_id.fill(9);
  return header;
}

market::OrderIntent SampleIntent() {
  market::OrderIntent intent;
  intent.account = market::AccountId("main/paper");
  intent.strategy = market::StrategyId("news-playbook");
  intent.sequence = 17;
  intent.client_order_id = wire::MakeClientOrderId(intent.account, 1, 1, intent.strategy, 17, 1);
  intent.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  intent.price = {6'012'345'000'000};
  intent.quantity = {1'500'000};
  intent.created = base::FromUnixMillis(1'723'000'000'000);
  intent.reason = "HACK playbook";
  intent.hash = wire::IntentHash(intent);
  return intent;
}

template <class T>
market::Event<T> Sample();
template <>
market::Event<market::OrderIntent> Sample() {
  return {SampleHeader(), SampleIntent()};
}
template <>
market::Event<market::RiskDecision> Sample() {
  market::RiskDecision decision;
  decision.intent = SampleIntent();
  decision.permitted = true;
  decision.reserved = market::Money(90'185'175'000, 8);
  return {SampleHeader(), decision};
}
template <>
market::Event<market::Quote> Sample() {
  market::Quote quote;
  quote.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  quote.bid = {.price = {6'012'345'000'000}, .quantity = {1'500'000}};
  quote.ask = {.price = {6'012'346'000'000}, .quantity = {900'000}};
  quote.update_id = 987'654'321;
  return {SampleHeader(), quote};
}

template <class T>
void Encode(benchmark::State& state) {
  const auto event = Sample<T>();
  for (auto _ : state) benchmark::DoNotOptimize(wire::Encode(event));
}

template <class T>
void Decode(benchmark::State& state) {
  const std::string bytes = wire::Encode(Sample<T>());
  for (auto _ : state) benchmark::DoNotOptimize(wire::Decode<T>(bytes));
}

template <class T, class Message>
void FloorSerialize(benchmark::State& state) {
  Message message;
  message.ParseFromString(wire::Encode(Sample<T>()));
  for (auto _ : state) benchmark::DoNotOptimize(message.SerializeAsString());
}

template <class T, class Message>
void FloorParse(benchmark::State& state) {
  const std::string bytes = wire::Encode(Sample<T>());
  Message message;
  for (auto _ : state) benchmark::DoNotOptimize(message.ParseFromString(bytes));
}

void IntentHash(benchmark::State& state) {
  const market::OrderIntent intent = SampleIntent();
  for (auto _ : state) benchmark::DoNotOptimize(wire::IntentHash(intent));
}

void FloorSha256(benchmark::State& state) {
  const std::string bytes = wire::Canonical(SampleIntent());
  for (auto _ : state) benchmark::DoNotOptimize(base::Sha256(bytes));
}

BENCHMARK(Encode<market::Quote>);
BENCHMARK(FloorSerialize<market::Quote, market::v1::QuoteEvent>);
BENCHMARK(Decode<market::Quote>);
BENCHMARK(FloorParse<market::Quote, market::v1::QuoteEvent>);
BENCHMARK(Encode<market::OrderIntent>);
BENCHMARK(FloorSerialize<market::OrderIntent, order::v1::OrderIntentEvent>);
BENCHMARK(Decode<market::OrderIntent>);
BENCHMARK(FloorParse<market::OrderIntent, order::v1::OrderIntentEvent>);
BENCHMARK(Encode<market::RiskDecision>);
BENCHMARK(FloorSerialize<market::RiskDecision, risk::v1::RiskDecisionEvent>);
BENCHMARK(Decode<market::RiskDecision>);
BENCHMARK(FloorParse<market::RiskDecision, risk::v1::RiskDecisionEvent>);
BENCHMARK(IntentHash);
BENCHMARK(FloorSha256);

}  // namespace
}  // namespace gannet

BENCHMARK_MAIN();
