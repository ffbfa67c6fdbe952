#include "libs/bus/topics.h"

#include <array>

#include "libs/bus/access_topic.h"
#include "libs/bus/account_topic.h"
#include "libs/bus/heartbeat_topic.h"

namespace gannet::bus {

std::span<const TopicInfo* const> AllTopics() {
  static constexpr std::array<const TopicInfo*, 23> kAll = {
      &kInstruments.info, &kTrades.info,       &kBooks.info,        &kQuotes.info,
      &kBars.info,        &kMarketStatus.info, &kNewsRaw.info,      &kNewsSignals.info,
      &kPredictions.info, &kOrderIntents.info, &kOrderParents.info, &kRiskDecisions.info,
      &kExecReports.info, &kPositions.info,    &kBalances.info,     &kAccountEvents.info,
      &kRiskState.info,   &kRiskLimits.info,   &kCommands.info,     &kAnswers.info,
      &kJournals.info,    &kHeartbeats.info,   &kAccess.info,
  };
  return kAll;
}

const TopicInfo* FindTopic(std::string_view name) {
  for (const TopicInfo* topic : AllTopics()) {
    if (topic->name == name) return topic;
  }
  return nullptr;
}

}  // namespace gannet::bus
