// Prints random values as JSON with their canonical bytes, for canonical_check.py:
//   canonical_vectors [SEED COUNT]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "libs/base/digest.h"
#include "libs/base/rng.h"
#include "libs/market/account_event.h"
#include "libs/wire/canonical.h"
#include "libs/wire/canonical_account.h"
#include "libs/wire/random_events.h"

namespace gannet {
namespace {

using nlohmann::json;

json Of(const market::EventId& id) { return {{"stream", id.stream}, {"sequence", id.sequence}}; }
json Of(const market::Money& money) {
  return {{"scale", money.scale()}, {"units", market::FormatDecimal(money.units(), 0)}};
}
json Of(const base::Sha256Digest& digest) { return base::Hex(digest); }
json Of(base::Time time) { return base::UnixNanos(time); }
template <class E>
  requires std::is_enum_v<E>
json Of(E value) {
  return static_cast<int>(value);
}
json Of(const market::InstrumentId& id) { return id.text(); }
json Of(const market::Entity& v) {
  return {{"id", v.id}, {"text", v.text}, {"offset", v.offset}, {"sentiment_ppm", v.sentiment_ppm}};
}
template <class T>
json List(const std::vector<T>& values) {
  json list = json::array();
  for (const T& value : values) list.push_back(Of(value));
  return list;
}

json Of(const market::Header& v) {
  return {{"id", Of(v.id)},
          {"correlation", Of(v.correlation)},
          {"causation", Of(v.causation)},
          {"event_time", Of(v.event_time)},
          {"receive_time", Of(v.receive_time)}};
}

json Of(const market::OrderIntent& v) {
  return {{"kind", Of(v.kind)},
          {"account", v.account.text()},
          {"strategy", v.strategy.text()},
          {"sequence", v.sequence},
          {"attempt", v.attempt},
          {"client_order_id", v.client_order_id.text()},
          {"target", v.target.text()},
          {"parent", v.parent.text()},
          {"instrument", v.instrument.text()},
          {"instrument_version", v.instrument_version},
          {"side", Of(v.side)},
          {"type", Of(v.type)},
          {"time_in_force", Of(v.time_in_force)},
          {"price", v.price.mantissa},
          {"stop_price", v.stop_price.mantissa},
          {"quantity", v.quantity.mantissa},
          {"reduce_only", v.reduce_only},
          {"created", Of(v.created)},
          {"expires", Of(v.expires)},
          {"reason", v.reason},
          {"model_version", v.model_version},
          {"signal", Of(v.signal)},
          {"trailing_bps", v.trailing_bps}};
}

json Of(const market::RiskDecision& v) {
  return {{"intent", Of(v.intent)},           {"intent_hash", Of(v.intent.hash)},
          {"permitted", v.permitted},         {"reason", Of(v.reason)},
          {"failing", List(v.failing)},       {"detail", v.detail},
          {"limit_version", v.limit_version}, {"epoch", v.epoch},
          {"decided", Of(v.decided)},         {"expires", Of(v.expires)},
          {"reserved", Of(v.reserved)},       {"reference_price", v.reference_price.mantissa}};
}

json Of(const market::Fill& v) {
  return {{"trade_id", v.trade_id},          {"price", v.price.mantissa},
          {"quantity", v.quantity.mantissa}, {"fee", Of(v.fee)},
          {"fee_asset", v.fee_asset.text()}, {"liquidity", Of(v.liquidity)}};
}

json Of(const market::ExecReport& v) {
  return {{"kind", Of(v.kind)},
          {"account", v.account.text()},
          {"strategy", v.strategy.text()},
          {"instrument", v.instrument.text()},
          {"instrument_version", v.instrument_version},
          {"client_order_id", v.client_order_id.text()},
          {"venue_order_id", v.venue_order_id.text()},
          {"target", v.target.text()},
          {"side", Of(v.side)},
          {"previous", Of(v.previous)},
          {"state", Of(v.state)},
          {"quantity", v.quantity.mantissa},
          {"cumulative", v.cumulative.mantissa},
          {"price", v.price.mantissa},
          {"fill", v.fill ? Of(*v.fill) : json(nullptr)},
          {"local_reason", Of(v.local_reason)},
          {"venue_code", v.venue_code},
          {"detail", v.detail},
          {"intent_hash", Of(v.intent_hash)},
          {"evidence", v.evidence},
          {"signal", Of(v.signal)},
          {"model_version", v.model_version}};
}

json Of(const market::NewsSignal& v) {
  return {{"item", Of(v.item)},
          {"title", v.title},
          {"source", v.source},
          {"source_id", v.source_id},
          {"type", Of(v.type)},
          {"type_probability_ppm", v.type_probability_ppm},
          {"sentiment_ppm", v.sentiment_ppm},
          {"novelty_ppm", v.novelty_ppm},
          {"confidence_ppm", v.confidence_ppm},
          {"relation", Of(v.relation)},
          {"original", Of(v.original)},
          {"entities", List(v.entities)},
          {"instruments", List(v.instruments)},
          {"classifier_version", v.classifier_version},
          {"dictionary_version", v.dictionary_version},
          {"latency", v.latency.count()}};
}

json Of(const market::Prediction& v) {
  return {{"instrument", v.instrument.text()},
          {"model", v.model},
          {"version", v.version},
          {"horizon", v.horizon.count()},
          {"down_ppm", v.down_ppm},
          {"flat_ppm", v.flat_ppm},
          {"up_ppm", v.up_ppm},
          {"feature_hash", Of(v.feature_hash)},
          {"drift", Of(v.drift)}};
}

json Of(const market::RiskState& v) {
  return {{"scope_kind", Of(v.scope.kind)},
          {"scope_name", v.scope.name},
          {"state", Of(v.state)},
          {"killed", v.killed},
          {"reason", v.reason},
          {"person", v.person},
          {"limit_version", v.limit_version},
          {"epoch", v.epoch}};
}

json Of(const market::PositionUpdate& v) {
  return {{"account", v.account.text()},
          {"strategy", v.strategy.text()},
          {"instrument", v.instrument.text()},
          {"instrument_version", v.instrument_version},
          {"net", v.net.mantissa},
          {"average_price", v.average_price.mantissa},
          {"realized_pnl", Of(v.realized_pnl)},
          {"fees", Of(v.fees)}};
}

json Of(const market::BalanceUpdate& v) {
  return {{"account", v.account.text()},
          {"venue", v.venue},
          {"asset", v.asset.text()},
          {"free", Of(v.free)},
          {"locked", Of(v.locked)}};
}

json Of(const market::AccountEvent& v) {
  json changes = json::array();
  for (const market::AssetChange& change : v.changes)
    changes.push_back({{"asset", change.asset.text()}, {"amount", Of(change.amount)}});
  return {{"kind", static_cast<int>(v.kind)},
          {"account", v.account.text()},
          {"venue", v.venue},
          {"id", v.id},
          {"strategy", v.strategy.text()},
          {"instrument", v.instrument.text()},
          {"instrument_version", v.instrument_version},
          {"client_order_id", v.client_order_id.text()},
          {"quantity", v.quantity.mantissa},
          {"price", v.price.mantissa},
          {"changes", changes},
          {"evidence", v.evidence},
          {"person", v.person},
          {"time", base::UnixNanos(v.time)}};
}

void Print(const json& vector) { std::puts(vector.dump().c_str()); }

template <class T>
void Print(const char* type, const T& value) {
  Print(json{
      {"type", type}, {"fields", Of(value)}, {"canonical", base::Hex(wire::Canonical(value))}});
}

void PrintIntent(const market::OrderIntent& intent) {
  Print(json{{"type", "OrderIntent"},
             {"fields", Of(intent)},
             {"canonical", base::Hex(wire::Canonical(intent))},
             {"sha256", base::Hex(wire::IntentHash(intent))}});
}

// The bytes of an order key are not a value of their own in C++: they are written
// here, by the same writer, and the id that is made of them is checked.
void PrintOrderKey(base::Rng& rng) {
  const auto intent = wire::RandomValue<market::OrderIntent>(rng);
  const uint64_t run = rng.Next(), epoch = rng.Next();
  wire::CanonicalWriter key;
  key.U8(wire::kCanonicalVersion);
  key.U8(10);
  key.Text(intent.account);
  key.U64(run);
  key.U64(epoch);
  key.Text(intent.strategy);
  key.U64(intent.sequence);
  Print(
      json{{"type", "OrderKey"},
           {"fields",
            {{"account", intent.account.text()},
             {"run", run},
             {"epoch", epoch},
             {"strategy", intent.strategy.text()},
             {"sequence", intent.sequence}}},
           {"canonical", base::Hex(key.bytes())},
           {"attempt", intent.attempt},
           {"client_order_id", wire::MakeClientOrderId(intent.account, run, epoch, intent.strategy,
                                                       intent.sequence, intent.attempt)
                                   .text()}});
}

}  // namespace
}  // namespace gannet

int main(int argc, char** argv) {
  using namespace gannet;
  base::Rng rng(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1);
  const int count = argc > 2 ? std::atoi(argv[2]) : 200;
  for (int i = 0; i < count; ++i) {
    Print("Header", wire::RandomHeader(rng));
    PrintIntent(wire::RandomValue<market::OrderIntent>(rng));
    Print("RiskDecision", wire::RandomValue<market::RiskDecision>(rng));
    Print("ExecReport", wire::RandomValue<market::ExecReport>(rng));
    Print("NewsSignal", wire::RandomValue<market::NewsSignal>(rng));
    Print("Prediction", wire::RandomValue<market::Prediction>(rng));
    Print("RiskState", wire::RandomValue<market::RiskState>(rng));
    Print("PositionUpdate", wire::RandomValue<market::PositionUpdate>(rng));
    Print("BalanceUpdate", wire::RandomValue<market::BalanceUpdate>(rng));
    Print("AccountEvent", wire::RandomValue<market::AccountEvent>(rng));
    PrintOrderKey(rng);
  }
  return 0;
}
