// Compares a recording with what Kafka keeps, read by a plain librdkafka consumer that
// knows nothing of our bus: every record of every topic is in the recording once and
// equal to the byte (offset, time, key, headers, payload), and every offset up to the
// end is there or in a gap record. For tests.
//
// usage: gannet_recording_check BROKERS FOLDER
// Prints what was compared; exit code 1: a difference, which is printed.
#include <librdkafka/rdkafka.h>

#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "libs/base/digest.h"
#include "libs/base/posix_files.h"
#include "libs/bus/topics.h"
#include "libs/journal/recording.h"

namespace gannet {
namespace {

using Place = std::pair<std::string, uint32_t>;  // topic, partition

struct Recorded {
  std::map<uint64_t, base::Sha256Digest> messages;  // by offset
  std::map<uint64_t, uint64_t> gaps;                // from, to
};

class Check {
 public:
  explicit Check(std::string brokers) : brokers_(std::move(brokers)) {}

  bool ReadRecording(const std::string& folder) {
    base::PosixFiles files;
    const auto reader = journal::Reader::Open(files, folder);
    if (!reader.ok()) return Differs(std::string(reader.status().message()));
    for (;;) {
      const auto record = (*reader)->Next();
      if (!record.ok()) return Differs(std::string(record.status().message()));
      if (!*record) return true;
      if ((*record)->channel == journal::kGapChannel) {
        const auto gap = journal::DecodeGap((*record)->payload);
        recorded_[{gap->topic, gap->partition}].gaps[gap->from] = gap->to;
        ++gaps_;
      } else if (bus::FindTopic((*record)->channel) != nullptr) {
        const auto message = journal::DecodeRecorded((*record)->payload);
        if (!message.ok()) return Differs(std::string(message.status().message()));
        const bool first = recorded_[{(*record)->channel, message->partition}]
                               .messages.emplace(message->offset, base::Sha256((*record)->payload))
                               .second;
        if (!first)
          return Differs((*record)->channel, message->partition, message->offset, "twice");
      }
    }
  }

  bool ReadKafka() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"bootstrap.servers", brokers_},
                                            {"group.id", "recording-check"},
                                            {"enable.auto.commit", "false"},
                                            {"enable.partition.eof", "true"}})
      rd_kafka_conf_set(conf, name.c_str(), value.c_str(), nullptr, 0);
    const std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> client(
        rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0), rd_kafka_destroy);
    rd_kafka_poll_set_consumer(client.get());
    std::map<Place, uint64_t> ends;
    rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(0);
    for (const bus::TopicInfo* topic : bus::AllTopics()) {
      for (uint32_t partition = 0; partition < topic->partitions; ++partition) {
        const std::string name(topic->name);
        const auto number = static_cast<int32_t>(partition);
        int64_t begin = 0, end = 0;
        rd_kafka_query_watermark_offsets(client.get(), name.c_str(), number, &begin, &end, 10'000);
        ends[{name, partition}] = static_cast<uint64_t>(end);
        rd_kafka_topic_partition_list_add(all, name.c_str(), number)->offset = begin;
      }
    }
    rd_kafka_assign(client.get(), all);
    rd_kafka_topic_partition_list_destroy(all);
    std::set<Place> open;
    for (const auto& [place, end] : ends) open.insert(place);
    bool good = true;
    while (!open.empty() && good) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(client.get(), 30'000);
      if (message == nullptr) return Differs("Kafka did not answer");
      const Place place(rd_kafka_topic_name(message->rkt),
                        static_cast<uint32_t>(message->partition));
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        open.erase(place);
      } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (static_cast<uint64_t>(message->offset) < ends[place]) good = Compare(place, *message);
      }
      rd_kafka_message_destroy(message);
    }
    for (const auto& [place, end] : ends) good = good && CheckOffsets(place, end);
    rd_kafka_consumer_close(client.get());
    return good;
  }

  void Print() const {
    std::cout << compared_ << " messages equal, " << offsets_ << " offsets accounted for, " << gaps_
              << " gap records\n";
  }

 private:
  static bool Differs(const std::string& text) {
    std::cout << text << "\n";
    return false;
  }
  static bool Differs(const std::string& topic, uint32_t partition, uint64_t offset,
                      const std::string& how) {
    return Differs(topic + " partition " + std::to_string(partition) + " offset " +
                   std::to_string(offset) + " is recorded " + how);
  }

  bool Compare(const Place& place, const rd_kafka_message_t& message) {
    const auto bytes = [](const void* data, size_t size) {
      return data == nullptr ? std::optional<std::string>()
                             : std::string(static_cast<const char*>(data), size);
    };
    journal::RecordedMessage seen{.partition = place.second,
                                  .offset = static_cast<uint64_t>(message.offset)};
    rd_kafka_timestamp_type_t type{};
    seen.timestamp_ms = rd_kafka_message_timestamp(&message, &type);
    seen.key = bytes(message.key, message.key_len);
    seen.payload = bytes(message.payload, message.len);
    rd_kafka_headers_t* headers = nullptr;
    rd_kafka_message_headers(&message, &headers);
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         headers != nullptr &&
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i)
      seen.headers.emplace_back(name, bytes(value, size));
    const auto& messages = recorded_[place].messages;
    const auto found = messages.find(seen.offset);
    ++compared_;
    if (found == messages.end()) return Differs(place.first, place.second, seen.offset, "nowhere");
    if (found->second == base::Sha256(journal::EncodeRecorded(seen))) return true;
    return Differs(place.first, place.second, seen.offset, "otherwise than Kafka has it");
  }

  bool CheckOffsets(const Place& place, uint64_t end) {
    const Recorded& recorded = recorded_[place];
    for (uint64_t offset = 0; offset < end; ++offset) {
      auto gap = recorded.gaps.upper_bound(offset);
      const bool in_gap = gap != recorded.gaps.begin() && offset < std::prev(gap)->second;
      if (!in_gap && !recorded.messages.contains(offset))
        return Differs(place.first, place.second, offset, "neither as a message nor as a gap");
      ++offsets_;
    }
    return true;
  }

  const std::string brokers_;
  std::map<Place, Recorded> recorded_;
  uint64_t compared_ = 0, offsets_ = 0, gaps_ = 0;
};

}  // namespace
}  // namespace gannet

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cout << "usage: gannet_recording_check BROKERS FOLDER\n";
    return 2;
  }
  gannet::Check check(argv[1]);
  if (!check.ReadRecording(argv[2]) || !check.ReadKafka()) return 1;
  check.Print();
  return 0;
}
