// What is written of the messages that a tap hands over, and how far each partition has
// been recorded. Nothing else knows that: the state follows from the recording alone, so
// that a recorder that was killed goes on behind the last message that it kept, and no
// offset is there twice. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/bus/tap.h"
#include "libs/journal/recording.h"

namespace gannet::recorder {

class RecorderEngine {
 public:
  // Starts of producers that are told apart, a partition.
  static constexpr size_t kMaxStreams = 32;
  // Keys of reference data that are repeated; those beyond are counted.
  static constexpr size_t kMaxReference = 50'000;

  struct Entry {
    std::string channel, payload;
  };
  using Entries = std::vector<Entry>;

  // Each appends to `out` what is to be recorded, in this order, and takes it as recorded.
  // FAILED_PRECONDITION: the recording is of another bus.
  absl::Status TakeCluster(const std::string& cluster, Entries& out);
  void TakeMove(const bus::TapMove& move, Entries& out);
  void TakeMessage(bus::TapMessage message, Entries& out);
  // All reference data once more.
  void TakeRepeats(Entries& out) const;

  // As before anything was recorded; the counts go on.
  void Reset();
  // Recovery: a record of the recording. DATA_LOSS: it is none.
  absl::Status Apply(std::string_view channel, std::string_view payload);
  std::string Save() const;
  absl::Status Load(std::string_view state);

  std::vector<bus::TapPlace> Places() const;
  bool HasReference() const { return !reference_.empty(); }

  struct Stats {
    uint64_t messages = 0, duplicates = 0;
    std::array<uint64_t, 6> gaps{};  // by RecordedGapReason
    uint64_t missing = 0;            // messages forgotten, conflated or compacted away
    uint64_t reference_refused = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  using Place = std::pair<std::string, uint32_t>;  // topic, partition
  struct Partition {
    uint64_t next = 0;
    std::deque<uint64_t> streams;  // starts of producers that were seen, oldest first
  };

  void PutGap(const journal::RecordedGap& gap, Entries& out);
  void ApplyGap(const journal::RecordedGap& gap);
  void ApplyMessage(std::string_view topic, const journal::RecordedMessage& message);
  void ApplyReference(std::string_view topic, const journal::RecordedMessage& message);

  std::string cluster_;
  std::map<Place, Partition> partitions_;
  std::map<std::pair<std::string, std::string>, journal::RecordedMessage> reference_;
  Stats stats_;
};

}  // namespace gannet::recorder
