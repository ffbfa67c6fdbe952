#include "libs/bus/memory_log.h"

#include <algorithm>
#include <utility>

namespace gannet::bus {

uint64_t MemoryLog::Append(std::shared_ptr<const void> event, std::string key) {
  const uint64_t offset = end_++;
  if (compacted_) latest_[key] = offset;
  entries_.push_back({.offset = offset, .event = std::move(event), .key = std::move(key)});
  return offset;
}

size_t MemoryLog::IndexFrom(uint64_t offset) const {
  // Without compaction there are no holes.
  if (!compacted_) return std::clamp(offset, begin(), end_) - begin();
  const auto first =
      std::lower_bound(entries_.begin(), entries_.end(), offset,
                       [](const Entry& entry, uint64_t wanted) { return entry.offset < wanted; });
  return static_cast<size_t>(first - entries_.begin());
}

const MemoryLog::Entry* MemoryLog::FirstFrom(uint64_t offset) const {
  const size_t index = IndexFrom(offset);
  return index < entries_.size() ? &entries_[index] : nullptr;
}

size_t MemoryLog::Count(uint64_t from, uint64_t to) const {
  return from < to ? IndexFrom(to) - IndexFrom(from) : 0;
}

size_t MemoryLog::Trim(size_t keep, uint64_t floor) {
  // Each walk is paid for by as many appends as the last one left entries behind.
  if (compacted_) return entries_.size() > std::max(keep, compact_at_) ? Compact(floor) : 0;
  size_t removed = 0;
  while (entries_.size() > keep && entries_.front().offset < floor) {
    entries_.pop_front();
    ++removed;
  }
  return removed;
}

size_t MemoryLog::Compact(uint64_t floor) {
  const size_t before = entries_.size();
  std::erase_if(entries_, [&](const Entry& entry) {
    return entry.offset < floor && latest_.at(entry.key) != entry.offset;
  });
  compact_at_ = 2 * entries_.size();
  return before - entries_.size();
}

}  // namespace gannet::bus
