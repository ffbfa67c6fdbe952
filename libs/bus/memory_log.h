// The events of one partition of a MemoryBus topic, by offset. Offsets only grow;
// compaction leaves holes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

namespace gannet::bus {

class MemoryLog {
 public:
  struct Entry {
    uint64_t offset = 0;
    std::shared_ptr<const void> event;
    std::string key;  // compacted topics only
  };

  explicit MemoryLog(bool compacted) : compacted_(compacted) {}

  // The offset given to the event.
  uint64_t Append(std::shared_ptr<const void> event, std::string key);
  uint64_t begin() const { return entries_.empty() ? end_ : entries_.front().offset; }
  uint64_t end() const { return end_; }
  size_t size() const { return entries_.size(); }
  // The first entry at or after `offset`; null at the end.
  const Entry* FirstFrom(uint64_t offset) const;
  // Entries with an offset in [from, to).
  size_t Count(uint64_t from, uint64_t to) const;
  // Removes the oldest entries below `floor` beyond `keep` of them; of a compacted
  // log only those that a later event of their key replaces. The count removed.
  size_t Trim(size_t keep, uint64_t floor);
  // Of a compacted log, whatever its size: removes every entry below `floor` that a
  // later event of its key replaces. Walks the whole log. The count removed.
  size_t Compact(uint64_t floor);

 private:
  size_t IndexFrom(uint64_t offset) const;

  const bool compacted_;
  uint64_t end_ = 0;
  std::deque<Entry> entries_;
  std::unordered_map<std::string, uint64_t> latest_;  // key → offset of its newest event
  size_t compact_at_ = 0;  // size below which compacting again is not worth the walk
};

}  // namespace gannet::bus
