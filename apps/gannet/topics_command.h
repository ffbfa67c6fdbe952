// `gannet topics table | plan | apply | letters | halted | resolve`: the topics of a
// Kafka cluster against the table in libs/bus/topics.h, and what was put aside in them.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka_settings.h"

namespace gannet::app {

struct TopicsOptions {
  bus::KafkaCluster cluster;
  std::string prefix;                   // before every topic's name
  std::optional<uint32_t> replication;  // default: 3, or as many as there are brokers
};

// The table as docs/topics.md has it (Markdown).
void PrintTopicTable(std::ostream& out);

// Says what each topic is and what `apply` would do. FAILED_PRECONDITION: a topic is
// not what it must be.
absl::Status PlanTopics(const TopicsOptions& options, std::ostream& out);
// Makes what is missing. FAILED_PRECONDITION: a topic has drifted; then nothing is made.
absl::Status ApplyTopics(const TopicsOptions& options, std::ostream& out);

// The dead letters of a topic, newest last, with the decisions about them.
absl::Status ListLetters(const TopicsOptions& options, const std::string& topic, size_t limit,
                         std::ostream& out);
// What stands still, of one topic of orders or (empty) of all.
absl::Status ListHalted(const TopicsOptions& options, const std::string& topic, std::ostream& out);

struct ResolveOptions {
  std::string topic;
  bus::Position position;
  std::string group;  // empty: every group that stands still there
  bus::Resolution resolution = bus::Resolution::kSkip;
  std::string person, reason;
};
// Lets what stands still go on; the decision stays in the dead-letter topic.
absl::Status ResolveTopic(const TopicsOptions& options, const ResolveOptions& resolve,
                          const base::Clock& clock, std::ostream& out);

}  // namespace gannet::app
