// A thread with a librdkafka consumer that reads for subscriptions and fills their
// inboxes. One that assigns partitions itself serves any number of them: none costs the
// broker a request of its own, and a topic that several have is read once. (A broker answers
// those who wait for a record one after the other, each with a look at every partition that
// it reads: with 17 readers in six processes that took longer than all the rest of a hop.)
// One that joins a group, or commits, serves one.
//
// What is acknowledged is committed every kCommitPause, on revocation and at the end.
// When partitions are taken away, what is in flight gets `drain_limit` to be
// acknowledged first, so that the next owner does not repeat it.
//
// Of librdkafka 2.0.2's defects it stays clear by: no seek (assign again instead),
// single messages, the eager "range" assignor, unique client ids, no close without a
// coordinator (an abandoned client ends with the process and is counted).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/bus/kafka_reading.h"
#include "libs/bus/kafka_settings.h"

namespace gannet::bus {

struct KafkaConsumerStats {
  uint64_t commits = 0, commit_failures = 0;
  uint64_t rebalances = 0;
  uint64_t malformed_headers = 0;
  uint64_t abandoned = 0;  // clients that could not be closed
};

struct KafkaReaderOptions {
  KafkaCluster cluster;
  KafkaRole role = KafkaRole::kEventConsumer;
  std::string group;      // as Kafka has it; empty: nothing is committed
  std::string client_id;  // unique in the cluster
  base::Duration drain_limit = std::chrono::seconds(2);
  base::Duration close_limit = std::chrono::seconds(5);
  KafkaNoticeSink notice;
  KafkaStatisticsSink statistics;
};

class KafkaReader : public std::enable_shared_from_this<KafkaReader> {
 public:
  static constexpr base::Duration kCommitPause = std::chrono::milliseconds(200);

  KafkaReader(const base::Clock& clock, KafkaReaderOptions options);
  ~KafkaReader();
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;

  // The executor's thread:
  void Add(std::shared_ptr<KafkaReading> reading);
  // Its inbox is closed. With the last one the reader commits, leaves the group, and
  // ends, within the limits.
  void Leave(const std::shared_ptr<KafkaReading>& reading);
  // Takes one more subscription.
  bool Takes(KafkaRole role) const;

  // Any thread.
  void Wake();
  KafkaConsumerStats stats() const;
  const KafkaReaderOptions& options() const { return options_; }
  void Tell(KafkaNotice::Severity severity, std::string event, std::string text) const;

 private:
  struct Opaque;
  using Readings = std::vector<std::shared_ptr<KafkaReading>>;
  static constexpr base::Duration kRetryPause = std::chrono::milliseconds(250);
  static constexpr base::Duration kCommitLimit = std::chrono::seconds(2);

  void Stop();
  void NewOpaque();
  void Run();
  absl::Status Open();
  absl::Status Join(KafkaReading& reading);
  int PollMs() const;
  void Serve();
  void Shut();
  bool CloseGroup();
  void Abandon();
  void Admit();
  bool BeginAll();
  void Wait(KafkaReading& reading, const absl::Status& why, base::Duration pause);
  void AssignAll();
  void PlaceAgain(const Readings& concerned, uint32_t partition);
  void Throttle();
  void Throttle(const std::string& topic, const Readings& crowd);
  void Pause(const std::string& topic, const Readings& crowd);
  void ResumeAll();
  void Handle(const rd_kafka_message_t& message);
  void HandleError(const rd_kafka_message_t& message);
  void Housekeep();
  void Probe();
  void Commit(bool all);
  bool CollectCommit(base::Duration limit);
  void OnGiven(const std::vector<uint32_t>& partitions);
  void OnRevoked(const std::vector<uint32_t>& partitions);
  void SetConnection(const absl::Status& status);
  bool in_group() const { return !readings_.empty() && readings_.front()->in_group(); }
  bool commits() const { return !options_.group.empty(); }
  bool Stopping() const;
  void Rest(base::Duration span);

  static KafkaReader& Of(void* opaque);
  static void OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                          rd_kafka_topic_partition_list_t* list, void* self);
  static void OnError(rd_kafka_t* client, int error, const char* reason, void* self);
  static int OnStatistics(rd_kafka_t* client, char* json, size_t size, void* self);
  static void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text);

  const base::Clock& clock_;
  const KafkaReaderOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  Readings members_;                     // under mutex_
  bool changed_ = false, stop_ = false;  // under mutex_
  KafkaOwned<rd_kafka_queue_t> queue_;   // under mutex_: of the client, to cut its wait short
  KafkaConsumerStats stats_;             // under mutex_

  // Of the thread alone:
  std::unique_ptr<Opaque> opaque_;
  KafkaReaderClient client_;
  KafkaOwned<rd_kafka_queue_t> commit_queue_;
  Readings readings_;
  struct Paused {
    base::Duration since;
    std::vector<Position> places;
  };
  std::map<std::string, Paused, std::less<>> paused_;  // by topic
  size_t ask_alone_ = 0;     // so many more of those who wait are asked for by themselves
  int leader_attempts_ = 0;  // in a row
  bool committing_ = false;  // one at a time
  bool broken_ = false;      // the client must be replaced
  bool unreachable_ = false;
  base::Duration begin_at_{0}, housekeep_at_{0}, ends_at_{0}, commit_at_{0}, probe_at_{0};
  uint64_t clients_ = 0;

  std::thread thread_;  // last: it uses the rest
};

}  // namespace gannet::bus
