#include "apps/gannet/decisions_hash.h"

#include "libs/bus/topics.h"

namespace gannet::app {
namespace {

template <class T>
const market::Event<T>& As(const bus::Topic<T>&, const void* event) {
  return *static_cast<const market::Event<T>*>(event);
}

}  // namespace

DecisionsHash::DecisionsHash(runtime::Shard& shard) {
  shard.ObserveFacts(
      [this](const bus::TopicInfo& topic, const void* event) { Observe(topic, event); });
}

void DecisionsHash::Add(std::string_view topic, const std::string& header,
                        const std::string& value) {
  wire::CanonicalWriter record;
  record.Bytes(topic);
  record.Bytes(header);
  record.Bytes(value);
  hash_.Update(record.bytes());
}

void DecisionsHash::Observe(const bus::TopicInfo& topic, const void* event) {
  if (&topic == &bus::kOrderIntents.info) {
    const auto& intent = As(bus::kOrderIntents, event);
    ++intents_;
    Add(topic.name, wire::Canonical(intent.header), wire::Canonical(intent.value));
  } else if (&topic == &bus::kRiskDecisions.info) {
    const auto& decision = As(bus::kRiskDecisions, event);
    ++(decision.value.permitted ? permitted_ : rejected_);
    if (!decision.value.permitted) {
      Refusals& refusals = refusals_[decision.value.reason];
      if (refusals.count++ == 0) refusals.first_detail = decision.value.detail;
    }
    Add(topic.name, wire::Canonical(decision.header), wire::Canonical(decision.value));
  } else if (&topic == &bus::kExecReports.info) {
    const auto& report = As(bus::kExecReports, event);
    ++reports_;
    if (report.value.fill) ++fills_;
    Add(topic.name, wire::Canonical(report.header), wire::Canonical(report.value));
  }
}

}  // namespace gannet::app
