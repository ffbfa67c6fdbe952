// The newest messages of a scope, as many as its rate limit counts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "libs/base/time.h"
#include "services/risk/fetch_lines.h"
#include "services/risk/limits.h"

namespace gannet::risk {

class RateWindow {
 public:
  // With a count of 0 nothing is kept. Messages counted before stay, the newest of them.
  void SetLimit(const RateLimit& limit) {
    const std::vector<base::Time> before = times();
    window_ = limit.window;
    times_.assign(limit.count, base::Time());
    Clear();
    for (const base::Time at : before) Add(at);
  }

  void Add(base::Time at) {
    if (times_.empty()) return;
    times_[next_] = at;
    next_ = next_ + 1 == times_.size() ? 0 : next_ + 1;
    size_ = std::min(size_ + 1, times_.size());
    full_until_ = size_ == times_.size() ? times_[next_] + window_ : base::Time::min();
  }

  // Where the next one goes, on its way into the cache.
  void Fetch() const {
    if (!times_.empty()) FetchLines(&times_[next_], &times_[next_] + 1);
  }

  // One more message at `now` would exceed the limit.
  bool Full(base::Time now) const { return full_until_ > now; }

  uint32_t CountSince(base::Time since) const {
    uint32_t count = 0;
    for (size_t i = 0; i < size_; ++i) {
      count += times_[(next_ + times_.size() - size_ + i) % times_.size()] > since ? 1 : 0;
    }
    return count;
  }

  // Oldest first.
  std::vector<base::Time> times() const {
    std::vector<base::Time> all;
    all.reserve(size_);
    for (size_t i = 0; i < size_; ++i)
      all.push_back(times_[(next_ + times_.size() - size_ + i) % times_.size()]);
    return all;
  }
  void Clear() {
    next_ = size_ = 0;
    full_until_ = base::Time::min();
  }

 private:
  base::Time full_until_ = base::Time::min();  // when the oldest leaves a full window
  std::vector<base::Time> times_;              // ring
  size_t next_ = 0;                            // where the next one goes: the oldest when full
  size_t size_ = 0;
  base::Duration window_{0};
};

}  // namespace gannet::risk
