// What stands still in one subscription, on the reader's thread: writes the dead letter
// of each halted partition and follows "<topic>.dlq" for what a person decides.
//
// A decision to skip holds for ever: a consumer that starts again and meets the same
// poison skips it too. One to retry holds for the halt that it answers.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "libs/bus/kafka_client.h"
#include "libs/bus/kafka_dead_letter.h"
#include "libs/bus/kafka_inbox.h"
#include "libs/bus/kafka_settings.h"

namespace gannet::bus {

class KafkaHalts {
 public:
  // `dead_letters` is the topic as Kafka has it.
  KafkaHalts(KafkaCluster cluster, std::string dead_letters, std::string client_id,
             std::string group, PutAside put_aside)
      : cluster_(std::move(cluster)),
        dead_letters_(std::move(dead_letters)),
        client_id_(std::move(client_id)),
        group_(std::move(group)),
        put_aside_(std::move(put_aside)) {}

  // Looks after what stands still now. Waits for brokers at most a second or so, and
  // only while something stands still. Not OK: says what keeps it from being resolved.
  absl::Status Serve(KafkaInbox& inbox);
  bool empty() const { return watches_.empty(); }

 private:
  struct Watch {
    KafkaReaderClient client;  // null: not yet open
    uint64_t offset = 0;       // of what stands still
    uint64_t next = 0, history_end = 0;
    bool caught_up = false;
    uint32_t written = 0;  // the letter with so many attempts
    std::optional<Resolution> last;
  };

  absl::Status Open(uint32_t partition, Watch& watch);
  void Read(uint32_t partition, Watch& watch, KafkaInbox& inbox, const DeadLetter& letter);

  const KafkaCluster cluster_;
  const std::string dead_letters_, client_id_, group_;
  const PutAside put_aside_;
  std::map<uint32_t, Watch> watches_;  // by partition
  uint64_t clients_ = 0;
};

}  // namespace gannet::bus
