#include "apps/gannet/topics_command.h"

#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status.h"
#include "libs/base/time.h"
#include "libs/bus/kafka_admin.h"
#include "libs/bus/kafka_dead_letter.h"
#include "libs/bus/topics.h"

namespace gannet::app {
namespace {

using bus::KafkaAdmin;
using bus::KafkaTopicSpec;
using bus::TopicInfo;

constexpr uint32_t kCopies = 3;

std::string Kept(const TopicInfo& topic) {
  if (topic.compacted) return "newest of each key";
  const int64_t hours = topic.retention / std::chrono::hours(1);
  return hours % 24 == 0 ? absl::StrCat(hours / 24, hours == 24 ? " day" : " days")
                         : absl::StrCat(hours, hours == 1 ? " hour" : " hours");
}

absl::StatusOr<std::unique_ptr<KafkaAdmin>> Connect(const TopicsOptions& options) {
  return KafkaAdmin::Connect(options.cluster, "gannet-topics");
}

absl::StatusOr<const TopicInfo*> Find(const std::string& name) {
  const TopicInfo* topic = bus::FindTopic(name);
  if (topic != nullptr) return topic;
  return absl::NotFoundError(
      absl::StrCat("there is no topic '", name, "'; see gannet topics table"));
}

struct Plan {
  uint32_t brokers = 0;
  std::vector<KafkaTopicSpec> table;
  std::vector<KafkaTopicSpec> missing;
  std::vector<std::string> drift;
};

absl::StatusOr<Plan> MakePlan(KafkaAdmin& admin, const TopicsOptions& options) {
  Plan plan;
  GANNET_ASSIGN_OR_RETURN(plan.brokers, admin.Brokers());
  const uint32_t copies = options.replication.value_or(std::min(kCopies, plan.brokers));
  if (copies == 0 || copies > plan.brokers) {
    return absl::InvalidArgumentError(
        absl::StrCat(copies, " copies of each partition on ", plan.brokers,
                     " brokers are not possible; change --replication"));
  }
  plan.table = bus::KafkaTopicTable(options.prefix, copies);
  std::vector<std::string> names;
  for (const KafkaTopicSpec& spec : plan.table) names.push_back(spec.name);
  std::map<std::string, KafkaTopicSpec> found;
  GANNET_ASSIGN_OR_RETURN(found, admin.Describe(names));
  for (const KafkaTopicSpec& spec : plan.table) {
    const auto is = found.find(spec.name);
    if (is == found.end()) {
      plan.missing.push_back(spec);
      continue;
    }
    for (std::string& line : bus::KafkaTopicDrift(spec, is->second)) {
      plan.drift.push_back(std::move(line));
    }
  }
  return plan;
}

void PrintPlan(const Plan& plan, std::ostream& out) {
  out << plan.brokers << (plan.brokers == 1 ? " broker, " : " brokers, ") << plan.table.size()
      << " topics\n";
  for (const KafkaTopicSpec& spec : plan.missing) {
    out << absl::StreamFormat("missing  %-28s %2d partitions, %d copies, %s\n", spec.name,
                              spec.partitions, spec.replication, spec.config.at("cleanup.policy"));
  }
  for (const std::string& line : plan.drift) out << "drifted  " << line << "\n";
  if (plan.missing.empty() && plan.drift.empty()) out << "all as they must be\n";
}

absl::Status DriftStatus(const Plan& plan) {
  if (plan.drift.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      plan.drift.size(), " settings of topics are not what they must be (", plan.drift.front(),
      "); nothing was changed: partitions move keys and retention deletes, so set "
      "them with Kafka's own tools, or let the data run out in a new cluster"));
}

std::string PlaceText(const bus::DeadLetter& letter) {
  return absl::StrCat(letter.topic, " --partition ", letter.position.partition, " --offset ",
                      letter.position.offset);
}

}  // namespace

void PrintTopicTable(std::ostream& out) {
  out << "| topic | partitions | goes by | kept | when Kafka or a reader is slow | poison |\n"
         "|---|---|---|---|---|---|\n";
  for (const TopicInfo* topic : bus::AllTopics()) {
    out << "| `" << topic->name << "` | " << topic->partitions << " | "
        << (topic->order_shard ? "tenant" : "key") << " | " << Kept(*topic) << " | "
        << (topic->delivery == bus::Delivery::kConflate ? "conflates, counted" : "blocks") << " | "
        << (topic->order_shard ? "halts its partition" : "put aside") << " |\n";
  }
}

absl::Status PlanTopics(const TopicsOptions& options, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<KafkaAdmin> admin, Connect(options));
  GANNET_ASSIGN_OR_RETURN(const Plan plan, MakePlan(*admin, options));
  PrintPlan(plan, out);
  return DriftStatus(plan);
}

absl::Status ApplyTopics(const TopicsOptions& options, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<KafkaAdmin> admin, Connect(options));
  GANNET_ASSIGN_OR_RETURN(const Plan plan, MakePlan(*admin, options));
  if (!plan.drift.empty()) {
    PrintPlan(plan, out);
    return DriftStatus(plan);
  }
  GANNET_RETURN_IF_ERROR(admin->Create(plan.missing));
  out << "made " << plan.missing.size() << " of " << plan.table.size() << " topics\n";
  // What the brokers made of it.
  GANNET_ASSIGN_OR_RETURN(const Plan after, MakePlan(*admin, options));
  return DriftStatus(after);
}

absl::Status ListLetters(const TopicsOptions& options, const std::string& topic, size_t limit,
                         std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const TopicInfo* info, Find(topic));
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<KafkaAdmin> admin, Connect(options));
  const std::string name = absl::StrCat(options.prefix, topic, std::string(bus::kDeadLetterSuffix));
  size_t printed = 0;
  for (uint32_t p = 0; p < info->partitions; ++p) {
    GANNET_ASSIGN_OR_RETURN(const std::vector<bus::DeadLetterEntry> entries,
                            admin->ReadDeadLetters(name, p, limit));
    for (const bus::DeadLetterEntry& entry : entries) {
      ++printed;
      if (entry.letter) {
        const bus::DeadLetter& letter = *entry.letter;
        out << (letter.halted ? "halted  " : "aside   ") << PlaceText(letter) << "  group "
            << (letter.group.empty() ? "-" : letter.group) << ", " << letter.attempts
            << (letter.attempts == 1 ? " attempt, " : " attempts, ") << letter.payload.size()
            << " bytes: " << letter.error << "\n";
      } else {
        const bus::ResolutionRecord& record = *entry.resolution;
        out << "decided " << record.topic << " --partition " << record.position.partition
            << " --offset " << record.position.offset << "  "
            << bus::ResolutionName(record.resolution) << " by " << record.person << " at "
            << base::FormatTime(record.at) << ": " << record.reason << "\n";
      }
    }
  }
  if (printed == 0) out << "no dead letters in " << name << "\n";
  return absl::OkStatus();
}

absl::Status ListHalted(const TopicsOptions& options, const std::string& topic, std::ostream& out) {
  std::vector<const TopicInfo*> topics;
  if (!topic.empty()) {
    GANNET_ASSIGN_OR_RETURN(const TopicInfo* info, Find(topic));
    topics.push_back(info);
  } else {
    for (const TopicInfo* info : bus::AllTopics()) {
      if (info->order_shard) topics.push_back(info);
    }
  }
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<KafkaAdmin> admin, Connect(options));
  size_t halted = 0;
  for (const TopicInfo* info : topics) {
    GANNET_ASSIGN_OR_RETURN(const std::vector<bus::DeadLetter> letters,
                            KafkaHalted(*admin, options.prefix, *info, info->partitions));
    for (const bus::DeadLetter& letter : letters) {
      out << PlaceText(letter) << "  group " << (letter.group.empty() ? "-" : letter.group) << ", "
          << letter.attempts << (letter.attempts == 1 ? " attempt: " : " attempts: ")
          << letter.error << "\n";
      ++halted;
    }
  }
  if (halted == 0) out << "nothing stands still\n";
  return absl::OkStatus();
}

absl::Status ResolveTopic(const TopicsOptions& options, const ResolveOptions& resolve,
                          const base::Clock& clock, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const TopicInfo* info, Find(resolve.topic));
  if (!info->order_shard) {
    return absl::InvalidArgumentError(absl::StrCat(
        resolve.topic, " never stands still: its poison is put aside; see gannet topics letters"));
  }
  if (resolve.position.partition >= info->partitions) {
    return absl::InvalidArgumentError(absl::StrCat(resolve.topic, " has partitions 0 to ",
                                                   info->partitions - 1, "; change --partition"));
  }
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<KafkaAdmin> admin, Connect(options));
  GANNET_RETURN_IF_ERROR(ResolveHalt(*admin, options.prefix, *info, resolve.position,
                                     {.group = resolve.group,
                                      .resolution = resolve.resolution,
                                      .person = resolve.person,
                                      .reason = resolve.reason,
                                      .at = clock.Now()}));
  out << "decided: " << bus::ResolutionName(resolve.resolution) << " offset "
      << resolve.position.offset << " of " << resolve.topic << " partition "
      << resolve.position.partition << ", by " << resolve.person
      << "; whoever stands there goes on within a second\n";
  return absl::OkStatus();
}

}  // namespace gannet::app
