// Market data that Kafka does not take at the moment: of each key only the newest
// waits, and what is left out is counted by partition, so that the next record of that
// partition can say so (header "gannet-gap"). Order among what waits is the order of
// arrival of the newest. At most `limit` keys; beyond that the oldest goes, counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "libs/bus/kafka_record.h"

namespace gannet::bus {

class KafkaConflator {
 public:
  explicit KafkaConflator(size_t limit) : limit_(limit) {}

  void Put(KafkaRecord record) {
    const Key key{record.topic, record.partition, record.key};
    if (const auto found = by_key_.find(key); found != by_key_.end()) Drop(found);
    if (by_key_.size() >= limit_) Drop(by_key_.find(KeyOf(waiting_.begin()->second)));
    const uint64_t arrival = ++arrivals_;
    by_key_[key] = arrival;
    waiting_.emplace(arrival, std::move(record));
  }
  std::optional<KafkaRecord> Take() {
    if (waiting_.empty()) return std::nullopt;
    auto first = waiting_.extract(waiting_.begin());
    by_key_.erase(KeyOf(first.mapped()));
    return std::move(first.mapped());
  }
  bool empty() const { return waiting_.empty(); }
  size_t size() const { return waiting_.size(); }

  void AddGap(const std::string& topic, uint32_t partition, uint64_t count) {
    gaps_[{topic, partition}] += count;
    left_out_ += count;
  }
  // What was left out of that partition since the last call.
  uint64_t TakeGap(const std::string& topic, uint32_t partition) {
    const auto found = gaps_.find({topic, partition});
    if (found == gaps_.end()) return 0;
    return gaps_.extract(found).mapped();
  }
  uint64_t left_out() const { return left_out_; }

 private:
  using Key = std::tuple<std::string, uint32_t, std::string>;
  static Key KeyOf(const KafkaRecord& record) {
    return {record.topic, record.partition, record.key};
  }
  void Drop(std::map<Key, uint64_t>::iterator entry) {
    AddGap(std::get<0>(entry->first), std::get<1>(entry->first), 1);
    waiting_.erase(entry->second);
    by_key_.erase(entry);
  }

  const size_t limit_;
  uint64_t arrivals_ = 0;
  uint64_t left_out_ = 0;
  std::map<uint64_t, KafkaRecord> waiting_;  // by arrival
  std::map<Key, uint64_t> by_key_;
  std::map<std::pair<std::string, uint32_t>, uint64_t> gaps_;
};

}  // namespace gannet::bus
