// The newest answered orders of one (account, strategy, instrument), for control 4.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/order.h"
#include "services/risk/fetch_lines.h"

namespace gannet::risk {

// What makes two orders of one leaf identical.
struct OrderShape {
  uint32_t version = 0;
  uint8_t side = 0, type = 0, time_in_force = 0;
  bool reduce_only = false;
  int64_t price = 0, stop_price = 0, quantity = 0;
  uint32_t trailing_bps = 0;
  bool operator==(const OrderShape&) const = default;

  static OrderShape Of(const market::OrderIntent& intent) {
    return {intent.instrument_version,
            static_cast<uint8_t>(intent.side),
            static_cast<uint8_t>(intent.type),
            static_cast<uint8_t>(intent.time_in_force),
            intent.reduce_only,
            intent.price.mantissa,
            intent.stop_price.mantissa,
            intent.quantity.mantissa,
            intent.trailing_bps};
  }
};

class OrderMemory {
 public:
  static constexpr size_t kSize = 256;
  static constexpr size_t kFirst = 16;  // room to begin with
  struct Entry {
    base::Time at;
    OrderShape shape;
  };

  void Add(base::Time at, const OrderShape& shape) {
    ordered_ = ordered_ && (entries_.empty() || at >= newest_);
    newest_ = entries_.empty() ? at : std::max(newest_, at);
    if (entries_.size() < kSize) {
      entries_.push_back({at, shape});
    } else {
      entries_[next_] = {at, shape};
      next_ = (next_ + 1) % kSize;
    }
  }
  // Whether there are any.
  bool AnyAfter(base::Time since) const { return !entries_.empty() && newest_ > since; }
  // Identical ones whose time is after `since`; kSize when more may have been.
  size_t Count(const OrderShape& shape, base::Time since) const {
    if (entries_.empty() || newest_ <= since) return 0;
    if (entries_.size() == kSize && entries_[next_].at > since) return kSize;
    size_t count = 0;
    for (size_t i = 0, at = next_ == 0 ? entries_.size() : next_; i < entries_.size(); ++i) {
      const Entry& entry = entries_[--at];  // the newest first
      if (entry.at > since) {
        count += entry.shape == shape ? 1 : 0;
      } else if (ordered_) {
        break;
      }
      if (at == 0) at = entries_.size();
    }
    return count;
  }
  bool empty() const { return entries_.empty(); }
  // Where the next one goes, on its way into the cache.
  void Fetch() const {
    const size_t next = entries_.size() < kSize ? entries_.size() : next_;
    if (next < entries_.capacity()) FetchLines(entries_.data() + next, entries_.data() + next + 1);
  }
  // For one more, so that adding it allocates nothing.
  void MakeRoom() {
    if (entries_.size() == entries_.capacity() && entries_.size() < kSize)
      entries_.reserve(std::max(kFirst, 2 * entries_.size()));
  }
  // Oldest first.
  std::vector<Entry> entries() const {
    std::vector<Entry> all(entries_.begin() + static_cast<ptrdiff_t>(next_), entries_.end());
    all.insert(all.end(), entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(next_));
    return all;
  }

 private:
  std::vector<Entry> entries_;  // a ring once it is full
  size_t next_ = 0;             // the oldest, when full
  base::Time newest_;
  bool ordered_ = true;  // no entry is older than the one before it
};

}  // namespace gannet::risk
