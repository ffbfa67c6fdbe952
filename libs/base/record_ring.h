// The newest records of something, each a small tag and some bytes, in memory that is
// taken whole when the ring is made: it does not grow while they come.
//
// One thread. Bounded by records and bytes: the oldest fall out. One that is larger than
// all of it empties the ring and is not kept. What is handed out holds until the next Push.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "libs/base/check.h"

namespace gannet::base {

template <class Tag>
class RecordRing {
 public:
  RecordRing(size_t records, size_t bytes) : slots_(records), bytes_(bytes) {
    GANNET_CHECK(records > 0 && bytes <= UINT32_MAX, "a ring has room, and 32 bits count it");
  }

  void Push(const Tag& tag, std::string_view record) {
    if (record.size() > bytes_.size()) {
      size_ = 0;
      return;
    }
    if (end_ + record.size() > bytes_.size()) {  // whole, from the beginning
      while (size_ > 0 && SlotOf(0).begin >= end_) DropOldest();
      end_ = 0;
    }
    while (size_ > 0 && (size_ == slots_.size() || IsWithin(SlotOf(0).begin, record.size())))
      DropOldest();
    std::memcpy(bytes_.data() + end_, record.data(), record.size());
    slots_[(first_ + size_++) % slots_.size()] = {tag, static_cast<uint32_t>(end_),
                                                  static_cast<uint32_t>(record.size())};
    end_ += record.size();
  }

  size_t size() const { return size_; }
  // By age, 0 the oldest.
  const Tag& tag(size_t index) const { return SlotOf(index).tag; }
  std::string_view record(size_t index) const {
    const Slot& slot = SlotOf(index);
    return {bytes_.data() + slot.begin, slot.size};
  }

 private:
  struct Slot {
    Tag tag;
    uint32_t begin, size;
  };
  const Slot& SlotOf(size_t index) const { return slots_[(first_ + index) % slots_.size()]; }
  bool IsWithin(size_t begin, size_t size) const { return begin >= end_ && begin < end_ + size; }
  void DropOldest() {
    first_ = (first_ + 1) % slots_.size();
    --size_;
  }

  std::vector<Slot> slots_;
  size_t first_ = 0, size_ = 0;
  std::vector<char> bytes_;
  size_t end_ = 0;  // of the newest record
};

}  // namespace gannet::base
