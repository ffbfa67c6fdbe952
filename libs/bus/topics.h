// Every topic of the platform. docs/topics.md shows this table and a test compares
// the two; `gannet topics apply` makes them on Kafka.
#pragma once

#include <span>

#include "libs/bus/topic.h"
#include "libs/market/account.h"
#include "libs/market/instrument.h"
#include "libs/market/limits.h"
#include "libs/market/market_data.h"
#include "libs/market/news.h"
#include "libs/market/order.h"
#include "libs/market/parent.h"
#include "libs/market/prediction.h"

namespace gannet::bus {

namespace key {
template <class T>
std::string OfInstrument(const T& value) {
  return value.instrument.text();
}
template <class T>
std::string OfAccountInstrument(const T& value) {
  return value.account.text() + "|" + value.instrument.text();
}
inline std::string OfDefinition(const market::Instrument& value) { return value.id.text(); }
inline std::string OfStatus(const market::MarketStatus& value) {
  return value.instrument.empty() ? value.feed : value.instrument.text();
}
inline std::string OfNews(const market::NewsItem& value) {
  return value.source + "|" + value.source_id;
}
inline std::string OfSignal(const market::NewsSignal& value) {
  return value.instruments.empty() ? value.source : value.instruments.front().text();
}
inline std::string OfParent(const market::ParentOrder& value) {
  return OfAccountInstrument(value.intent);
}
inline std::string OfDecision(const market::RiskDecision& value) {
  return OfAccountInstrument(value.intent);
}
// The newest of each strategy, of each venue, is what compaction keeps.
inline std::string OfPosition(const market::PositionUpdate& value) {
  return value.account.text() + "|" + value.strategy.text() + "|" + value.instrument.text();
}
inline std::string OfBalance(const market::BalanceUpdate& value) {
  return value.account.text() + "|" + value.venue + "|" + value.asset.text();
}
inline std::string OfScope(const market::Scope& scope) {
  return std::to_string(static_cast<int>(scope.kind)) + "|" + scope.name;
}
inline std::string OfState(const market::RiskState& value) { return OfScope(value.scope); }
inline std::string OfLimits(const market::LimitEvent&) { return "limits"; }
inline std::string OfCommand(const market::Command& value) { return OfScope(value.scope); }
inline std::string OfAnswer(const market::CommandAnswer& value) { return value.person; }
inline std::string OfNote(const wire::EngineNote& value) { return value.engine; }
}  // namespace key

inline constexpr base::Duration kDay = std::chrono::hours(24);
// What an auditor may ask for; older ones are in the archive of the recorder.
inline constexpr base::Duration kLong = 365 * kDay;
// All topics of orders have as many partitions as there are shards.
inline constexpr uint32_t kShards = 8;

inline constexpr TopicTraits kMarketData{
    .delivery = Delivery::kConflate, .partitions = 12, .retention = kDay};
inline constexpr TopicTraits kFact{.fact = true, .partitions = 12};
inline constexpr TopicTraits kOrderFact{
    .fact = true, .order_shard = true, .partitions = kShards, .retention = kLong};
inline constexpr TopicTraits kStateFact{
    .fact = true, .compacted = true, .order_shard = true, .partitions = kShards};
// In one order for everybody.
inline constexpr TopicTraits kControl{.fact = true, .partitions = 1, .retention = kLong};
// As long as a service keeps its journal on disk: copies of journals are large.
inline constexpr TopicTraits kRecord{.fact = true, .partitions = 12, .retention = 7 * kDay};

inline constexpr auto kInstruments =
    MakeTopic<market::Instrument, key::OfDefinition>("ref.instruments.v1", {.compacted = true});
inline constexpr auto kTrades =
    MakeTopic<market::Trade, key::OfInstrument>("market.trades.v1", kMarketData);
inline constexpr auto kBooks =
    MakeTopic<market::BookUpdate, key::OfInstrument>("market.books.v1", kMarketData);
inline constexpr auto kQuotes =
    MakeTopic<market::Quote, key::OfInstrument>("market.quotes.v1", kMarketData);
inline constexpr auto kBars =
    MakeTopic<market::Bar, key::OfInstrument>("market.bars.v1", kMarketData);
inline constexpr auto kMarketStatus =
    MakeTopic<market::MarketStatus, key::OfStatus>("market.status.v1", {.retention = kDay});
// A fact of ingest: what a source's cursor has passed is never lost.
inline constexpr auto kNewsRaw =
    MakeTopic<market::NewsItem, key::OfNews>("news.raw.v1", {.fact = true});
inline constexpr auto kNewsSignals =
    MakeTopic<market::NewsSignal, key::OfSignal>("news.signals.v1", kFact);
inline constexpr auto kPredictions =
    MakeTopic<market::Prediction, key::OfInstrument>("ml.predictions.v1", kFact);
inline constexpr auto kOrderIntents =
    MakeTopic<market::OrderIntent, key::OfAccountInstrument>("order.intents.v1", kOrderFact);
inline constexpr auto kOrderParents =
    MakeTopic<market::ParentOrder, key::OfParent>("order.parents.v1", kOrderFact);
inline constexpr auto kRiskDecisions =
    MakeTopic<market::RiskDecision, key::OfDecision>("risk.decisions.v1", kOrderFact);
inline constexpr auto kExecReports =
    MakeTopic<market::ExecReport, key::OfAccountInstrument>("exec.reports.v1", kOrderFact);
inline constexpr auto kPositions =
    MakeTopic<market::PositionUpdate, key::OfPosition>("exec.positions.v1", kStateFact);
inline constexpr auto kBalances =
    MakeTopic<market::BalanceUpdate, key::OfBalance>("exec.balances.v1", kStateFact);
inline constexpr auto kRiskState =
    MakeTopic<market::RiskState, key::OfState>("risk.state.v1", kStateFact);
inline constexpr auto kRiskLimits =
    MakeTopic<market::LimitEvent, key::OfLimits>("risk.limits.v1", kControl);
inline constexpr auto kCommands =
    MakeTopic<market::Command, key::OfCommand>("ops.commands.v1", kControl);
inline constexpr auto kAnswers =
    MakeTopic<market::CommandAnswer, key::OfAnswer>("ops.answers.v1", kControl);
inline constexpr auto kJournals =
    MakeTopic<wire::EngineNote, key::OfNote>("ops.journals.v1", kRecord);

// All of the above, in this order.
std::span<const TopicInfo* const> AllTopics();
// Null when there is none of that name.
const TopicInfo* FindTopic(std::string_view name);

}  // namespace gannet::bus
