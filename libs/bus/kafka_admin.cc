#include "libs/bus/kafka_admin.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/bus/kafka_client.h"
#include "libs/bus/topics.h"

namespace gannet::bus {
namespace {

constexpr int kAdminMs = 15'000;
constexpr int kPollMs = 200;
// Empty polls in a row after which a partition says nothing more.
constexpr int kPatience = 50;

std::string Milliseconds(base::Duration span) {
  return std::to_string(span / std::chrono::milliseconds(1));
}

}  // namespace

std::vector<KafkaTopicSpec> KafkaTopicTable(const std::string& prefix, uint32_t replication) {
  std::vector<KafkaTopicSpec> table;
  const std::string in_sync = std::to_string(replication > 1 ? replication - 1 : 1);
  for (const TopicInfo* topic : AllTopics()) {
    KafkaTopicSpec spec{.name = prefix + std::string(topic->name),
                        .partitions = topic->partitions,
                        .replication = replication,
                        .config = {{"max.message.bytes", std::to_string(kMaxKafkaMessageBytes)},
                                   {"min.insync.replicas", in_sync},
                                   {"unclean.leader.election.enable", "false"}}};
    KafkaTopicSpec letters = spec;
    letters.name += kDeadLetterSuffix;
    letters.config["cleanup.policy"] = "delete";
    letters.config["retention.ms"] = Milliseconds(kLong);
    spec.config["cleanup.policy"] = topic->compacted ? "compact" : "delete";
    spec.config[topic->compacted ? "delete.retention.ms" : "retention.ms"] =
        Milliseconds(topic->retention);
    table.push_back(std::move(spec));
    table.push_back(std::move(letters));
  }
  return table;
}

std::vector<std::string> KafkaTopicDrift(const KafkaTopicSpec& wanted,
                                         const KafkaTopicSpec& found) {
  std::vector<std::string> drift;
  const auto differs = [&](const std::string& what, const std::string& is,
                           const std::string& must) {
    if (is != must) drift.push_back(wanted.name + ": " + what + " is " + is + ", must be " + must);
  };
  differs("partitions", std::to_string(found.partitions), std::to_string(wanted.partitions));
  differs("replication", std::to_string(found.replication), std::to_string(wanted.replication));
  for (const auto& [name, value] : wanted.config) {
    const auto is = found.config.find(name);
    differs(name, is == found.config.end() ? "unknown" : is->second, value);
  }
  return drift;
}

class KafkaAdmin::Core {
 public:
  Core(KafkaCluster cluster, std::string client_id, KafkaOwned<rd_kafka_t> client)
      : cluster_(std::move(cluster)),
        client_id_(std::move(client_id)),
        client_(std::move(client)),
        queue_(rd_kafka_queue_new(client_.get())) {}

  absl::StatusOr<uint32_t> Brokers();
  absl::StatusOr<std::map<std::string, KafkaTopicSpec>> Describe(
      const std::vector<std::string>& names);
  absl::Status Create(const std::vector<KafkaTopicSpec>& topics);
  absl::StatusOr<std::vector<DeadLetterEntry>> ReadDeadLetters(const std::string& topic,
                                                               uint32_t partition, size_t limit);
  absl::Status Read(const std::string& topic, uint32_t partition, uint64_t newest,
                    const std::function<absl::Status(const rd_kafka_message_t&)>& take);
  absl::Status Append(const KafkaRecord& record);
  absl::StatusOr<KafkaOwned<const rd_kafka_metadata_t>> Metadata();
  rd_kafka_t* client() { return client_.get(); }

 private:
  absl::Status DescribeConfigs(std::map<std::string, KafkaTopicSpec>& topics);
  absl::Status WaitUntilThere(const std::vector<KafkaTopicSpec>& topics);
  absl::StatusOr<KafkaOwned<rd_kafka_event_t>> Wait(rd_kafka_event_type_t type);
  KafkaOwned<rd_kafka_AdminOptions_t> Options(rd_kafka_admin_op_t operation);
  absl::Status Unreachable(rd_kafka_resp_err_t error) const {
    return absl::UnavailableError(absl::StrCat("no Kafka broker of ", cluster_.brokers,
                                               " answers: ", KafkaErrorText(error),
                                               "; look whether it runs (--brokers)"));
  }

  const KafkaCluster cluster_;
  const std::string client_id_;
  const KafkaOwned<rd_kafka_t> client_;
  const KafkaOwned<rd_kafka_queue_t> queue_;
  uint64_t readers_ = 0;
};

absl::StatusOr<KafkaOwned<const rd_kafka_metadata_t>> KafkaAdmin::Core::Metadata() {
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client_.get(), 1, nullptr, &found, kAdminMs);
  KafkaOwned<const rd_kafka_metadata_t> metadata(found);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return Unreachable(error);
  return metadata;
}

absl::StatusOr<uint32_t> KafkaAdmin::Core::Brokers() {
  GANNET_ASSIGN_OR_RETURN(const KafkaOwned<const rd_kafka_metadata_t> metadata, Metadata());
  return static_cast<uint32_t>(metadata->broker_cnt);
}

absl::StatusOr<std::map<std::string, KafkaTopicSpec>> KafkaAdmin::Core::Describe(
    const std::vector<std::string>& names) {
  GANNET_ASSIGN_OR_RETURN(const KafkaOwned<const rd_kafka_metadata_t> metadata, Metadata());
  std::map<std::string, KafkaTopicSpec> topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (std::find(names.begin(), names.end(), topic.topic) == names.end()) continue;
    KafkaTopicSpec& spec = topics[topic.topic];
    spec.name = topic.topic;
    spec.partitions = static_cast<uint32_t>(topic.partition_cnt);
    int fewest = topic.partition_cnt > 0 ? topic.partitions[0].replica_cnt : 0;
    for (int p = 0; p < topic.partition_cnt; ++p) {
      fewest = std::min(fewest, topic.partitions[p].replica_cnt);
    }
    spec.replication = static_cast<uint32_t>(fewest);
  }
  GANNET_RETURN_IF_ERROR(DescribeConfigs(topics));
  return topics;
}

KafkaOwned<rd_kafka_AdminOptions_t> KafkaAdmin::Core::Options(rd_kafka_admin_op_t operation) {
  KafkaOwned<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(client_.get(), operation));
  std::array<char, 256> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kAdminMs, why.data(), why.size());
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), kAdminMs, why.data(), why.size());
  }
  return options;
}

absl::StatusOr<KafkaOwned<rd_kafka_event_t>> KafkaAdmin::Core::Wait(rd_kafka_event_type_t type) {
  KafkaOwned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue_.get(), 2 * kAdminMs));
  if (event == nullptr) return Unreachable(RD_KAFKA_RESP_ERR__TIMED_OUT);
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return Unreachable(error);
  if (rd_kafka_event_type(event.get()) != type) {
    return absl::InternalError("Kafka answered another question than it was asked");
  }
  return event;
}

absl::Status KafkaAdmin::Core::DescribeConfigs(std::map<std::string, KafkaTopicSpec>& topics) {
  if (topics.empty()) return absl::OkStatus();
  std::vector<KafkaOwned<rd_kafka_ConfigResource_t>> resources;
  std::vector<rd_kafka_ConfigResource_t*> raw;
  for (const auto& [name, spec] : topics) {
    resources.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    raw.push_back(resources.back().get());
  }
  const auto options = Options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_DescribeConfigs(client_.get(), raw.data(), raw.size(), options.get(), queue_.get());
  GANNET_ASSIGN_OR_RETURN(const KafkaOwned<rd_kafka_event_t> event,
                          Wait(RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT));
  size_t count = 0;
  const rd_kafka_ConfigResource_t** found = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const auto topic = topics.find(rd_kafka_ConfigResource_name(found[i]));
    if (topic == topics.end()) continue;
    if (rd_kafka_ConfigResource_error(found[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return absl::PermissionDeniedError(
          absl::StrCat(topic->first, ": ", rd_kafka_ConfigResource_error_string(found[i])));
    }
    size_t entries = 0;
    const rd_kafka_ConfigEntry_t** config = rd_kafka_ConfigResource_configs(found[i], &entries);
    for (size_t e = 0; e < entries; ++e) {
      const char* value = rd_kafka_ConfigEntry_value(config[e]);
      topic->second.config[rd_kafka_ConfigEntry_name(config[e])] = value != nullptr ? value : "";
    }
  }
  return absl::OkStatus();
}

absl::Status KafkaAdmin::Core::Create(const std::vector<KafkaTopicSpec>& topics) {
  if (topics.empty()) return absl::OkStatus();
  std::vector<KafkaOwned<rd_kafka_NewTopic_t>> made;
  std::vector<rd_kafka_NewTopic_t*> raw;
  std::array<char, 512> why{};
  for (const KafkaTopicSpec& topic : topics) {
    made.emplace_back(rd_kafka_NewTopic_new(topic.name.c_str(), static_cast<int>(topic.partitions),
                                            static_cast<int>(topic.replication), why.data(),
                                            why.size()));
    if (made.back() == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(topic.name, ": ", why.data()));
    }
    for (const auto& [name, value] : topic.config) {
      rd_kafka_NewTopic_set_config(made.back().get(), name.c_str(), value.c_str());
    }
    raw.push_back(made.back().get());
  }
  const auto options = Options(RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_CreateTopics(client_.get(), raw.data(), raw.size(), options.get(), queue_.get());
  GANNET_ASSIGN_OR_RETURN(const KafkaOwned<rd_kafka_event_t> event,
                          Wait(RD_KAFKA_EVENT_CREATETOPICS_RESULT));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(results[i]) == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    return absl::FailedPreconditionError(absl::StrCat(
        "topic ", rd_kafka_topic_result_name(results[i]), " could not be made: ",
        text != nullptr ? text : KafkaErrorText(rd_kafka_topic_result_error(results[i]))));
  }
  return WaitUntilThere(topics);
}

// The controller has made them; the brokers learn of it a little later.
absl::Status KafkaAdmin::Core::WaitUntilThere(const std::vector<KafkaTopicSpec>& topics) {
  for (int turn = 0; turn < kPatience; ++turn) {
    GANNET_ASSIGN_OR_RETURN(const KafkaOwned<const rd_kafka_metadata_t> metadata, Metadata());
    std::set<std::string> led;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
      const bool all =
          topic.partition_cnt > 0 &&
          std::all_of(topic.partitions, topic.partitions + topic.partition_cnt,
                      [](const rd_kafka_metadata_partition_t& one) { return one.leader >= 0; });
      if (all) led.insert(topic.topic);
    }
    if (std::all_of(topics.begin(), topics.end(),
                    [&](const KafkaTopicSpec& topic) { return led.contains(topic.name); })) {
      return absl::OkStatus();
    }
    // A wait that serves the client meanwhile.
    rd_kafka_poll(client_.get(), kPollMs / 4);
  }
  return absl::DeadlineExceededError(
      "the topics are made, and not every partition has a leader yet; run gannet topics plan");
}

// From the `newest` last ones on to what is the end now.
absl::Status KafkaAdmin::Core::Read(
    const std::string& topic, uint32_t partition, uint64_t newest,
    const std::function<absl::Status(const rd_kafka_message_t&)>& take) {
  const std::string id = absl::StrCat(client_id_, "-read-", ++readers_);
  GANNET_ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_conf_t> conf,
                          MakeKafkaConf(KafkaRole::kEventConsumer, cluster_, id, id));
  GANNET_ASSIGN_OR_RETURN(const KafkaReaderClient reader, MakeKafkaConsumer(std::move(conf)));
  GANNET_ASSIGN_OR_RETURN(const KafkaExtent extent, KafkaExtentOf(client_.get(), topic, partition));
  uint64_t next = std::max(extent.begin, extent.end - std::min<uint64_t>(extent.end, newest));
  if (next >= extent.end) return absl::OkStatus();
  const auto list = KafkaList(topic, {{.partition = partition, .offset = next}});
  if (const auto error = rd_kafka_assign(reader.get(), list.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Unreachable(error);
  }
  for (int quiet = 0; next < extent.end && quiet < kPatience;) {
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(reader.get(), kPollMs));
    if (message == nullptr || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++quiet;
      continue;
    }
    quiet = 0;
    next = static_cast<uint64_t>(message->offset) + 1;
    GANNET_RETURN_IF_ERROR(take(*message));
  }
  return next < extent.end ? Unreachable(RD_KAFKA_RESP_ERR__TIMED_OUT) : absl::OkStatus();
}

absl::StatusOr<std::vector<DeadLetterEntry>> KafkaAdmin::Core::ReadDeadLetters(
    const std::string& topic, uint32_t partition, size_t limit) {
  std::vector<DeadLetterEntry> entries;
  GANNET_RETURN_IF_ERROR(
      Read(topic, partition, limit, [&entries](const rd_kafka_message_t& message) {
        const KafkaHeaders headers = KafkaHeadersOf(message);
        DeadLetterEntry entry{.offset = static_cast<uint64_t>(message.offset)};
        entry.resolution = ParseResolution(headers);
        if (!entry.resolution) {
          entry.letter =
              ParseDeadLetter(headers, {static_cast<const char*>(message.key), message.key_len},
                              {static_cast<const char*>(message.payload), message.len});
        }
        if (entry.letter || entry.resolution) entries.push_back(std::move(entry));
        return absl::OkStatus();
      }));
  return entries;
}

absl::Status KafkaAdmin::Core::Append(const KafkaRecord& record) {
  rd_kafka_resp_err_t outcome = RD_KAFKA_RESP_ERR__IN_PROGRESS;
  std::string why;
  if (KafkaProduce(client_.get(), nullptr, record, 0, &outcome, why) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::UnavailableError(absl::StrCat(record.topic, ": ", why));
  }
  rd_kafka_flush(client_.get(), kAdminMs);
  if (outcome == RD_KAFKA_RESP_ERR__IN_PROGRESS) {
    // Nothing may write to `outcome` once this has returned.
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_.get(), kAdminMs);
  }
  if (outcome == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(record.topic, ": ", KafkaErrorText(outcome),
                   "; it is not known whether it was written: look with gannet topics letters"));
}

absl::StatusOr<std::unique_ptr<KafkaAdmin>> KafkaAdmin::Connect(const KafkaCluster& cluster,
                                                                const std::string& client_id) {
  GANNET_ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_conf_t> conf,
                          MakeKafkaConf(KafkaRole::kEventProducer, cluster, client_id));
  rd_kafka_conf_set_dr_msg_cb(
      conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
        *static_cast<rd_kafka_resp_err_t*>(message->_private) = message->err;
      });
  std::array<char, 512> why{};
  KafkaOwned<rd_kafka_t> client(
      rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why.data(), why.size()));
  if (client == nullptr) return absl::UnavailableError(why.data());
  conf.release();  // the client's now
  return std::unique_ptr<KafkaAdmin>(
      new KafkaAdmin(std::make_unique<Core>(cluster, client_id, std::move(client))));
}

KafkaAdmin::KafkaAdmin(std::unique_ptr<Core> core) : core_(std::move(core)) {}
KafkaAdmin::~KafkaAdmin() = default;

absl::StatusOr<uint32_t> KafkaAdmin::Brokers() { return core_->Brokers(); }
absl::StatusOr<std::map<std::string, KafkaTopicSpec>> KafkaAdmin::Describe(
    const std::vector<std::string>& names) {
  return core_->Describe(names);
}
absl::Status KafkaAdmin::Create(const std::vector<KafkaTopicSpec>& topics) {
  return core_->Create(topics);
}
absl::StatusOr<uint64_t> KafkaAdmin::End(const std::string& topic, uint32_t partition) {
  const absl::StatusOr<KafkaExtent> extent = KafkaExtentOf(core_->client(), topic, partition);
  if (!extent.ok()) return extent.status();
  return extent->end;
}
absl::StatusOr<std::vector<DeadLetterEntry>> KafkaAdmin::ReadDeadLetters(const std::string& topic,
                                                                         uint32_t partition,
                                                                         size_t limit) {
  return core_->ReadDeadLetters(topic, partition, limit);
}
absl::Status KafkaAdmin::ReadAll(
    const std::string& topic, uint32_t partition,
    const std::function<absl::Status(std::string_view payload)>& take) {
  return core_->Read(topic, partition, std::numeric_limits<uint64_t>::max(),
                     [&take](const rd_kafka_message_t& message) {
                       return take({static_cast<const char*>(message.payload), message.len});
                     });
}
absl::Status KafkaAdmin::Append(const KafkaRecord& record) { return core_->Append(record); }

namespace {

constexpr size_t kLettersRead = 100'000;

// By offset and group.
using Standing = std::map<std::pair<uint64_t, std::string>, DeadLetter>;

absl::StatusOr<Standing> StandingStill(KafkaAdmin& admin, const std::string& letters,
                                       uint32_t partition) {
  GANNET_ASSIGN_OR_RETURN(const std::vector<DeadLetterEntry> entries,
                          admin.ReadDeadLetters(letters, partition, kLettersRead));
  Standing standing;
  for (const DeadLetterEntry& entry : entries) {
    if (entry.letter && entry.letter->halted) {
      standing[{entry.letter->position.offset, entry.letter->group}] = *entry.letter;
    }
    if (!entry.resolution) continue;
    const ResolutionRecord& record = *entry.resolution;
    std::erase_if(standing, [&](const auto& one) {
      return one.first.first == record.position.offset &&
             (record.group.empty() || record.group == one.first.second);
    });
  }
  return standing;
}

}  // namespace

absl::StatusOr<std::vector<DeadLetter>> KafkaHalted(KafkaAdmin& admin, const std::string& prefix,
                                                    const TopicInfo& topic, uint32_t partitions) {
  const std::string letters =
      absl::StrCat(prefix, std::string(topic.name), std::string(kDeadLetterSuffix));
  std::vector<DeadLetter> halted;
  for (uint32_t p = 0; p < partitions; ++p) {
    GANNET_ASSIGN_OR_RETURN(const Standing standing, StandingStill(admin, letters, p));
    for (const auto& [place, letter] : standing) halted.push_back(letter);
  }
  return halted;
}

absl::Status ResolveHalt(KafkaAdmin& admin, const std::string& prefix, const TopicInfo& topic,
                         Position position, ResolutionRecord record) {
  if (record.person.empty() || record.reason.empty()) {
    return absl::InvalidArgumentError(
        "a decision about orders needs a person and a reason; pass --by and --reason");
  }
  const std::string letters =
      absl::StrCat(prefix, std::string(topic.name), std::string(kDeadLetterSuffix));
  GANNET_ASSIGN_OR_RETURN(const Standing standing,
                          StandingStill(admin, letters, position.partition));
  const bool known = std::any_of(standing.begin(), standing.end(), [&](const auto& one) {
    return one.first.first == position.offset &&
           (record.group.empty() || record.group == one.first.second);
  });
  if (!known) {
    return absl::NotFoundError(absl::StrCat("nothing stands still at offset ", position.offset,
                                            " of ", std::string(topic.name), " partition ",
                                            position.partition, "; see gannet topics halted"));
  }
  record.topic = std::string(topic.name);
  record.position = position;
  return admin.Append({.topic = letters,
                       .partition = position.partition,
                       .key = "resolution",
                       .headers = FormatResolution(record)});
}

}  // namespace gannet::bus
