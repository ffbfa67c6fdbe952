// The venue's limit on REST requests: each costs weight, and the weights of one
// minute (by the clock's minutes) may not exceed a limit. We keep below a share of
// it, since others may use the same address, and follow what the answers say was
// used (header x-mbx-used-weight-1m). Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "libs/base/time.h"

namespace gannet::ingest {

class WeightBudget {
 public:
  // `limit` a minute; used up to `share_percent` of it.
  explicit WeightBudget(uint64_t limit, uint64_t share_percent = 50)
      : limit_(limit), share_percent_(share_percent) {}

  void set_limit(uint64_t limit) { limit_ = limit; }
  // How long to wait before a request of this weight may go; 0: it may go now, and is
  // counted. One heavier than the whole share goes alone in a fresh minute.
  base::Duration Take(base::Time now, uint64_t weight) {
    if (now < held_until_) return held_until_ - now;
    Turn(now);
    if (used_ > 0 && used_ + weight > limit_ * share_percent_ / 100) return minute_ + kMinute - now;
    used_ += weight;
    return base::Duration(0);
  }
  // What an answer said was used in this minute, by everyone at our address.
  void OnUsed(base::Time now, uint64_t used) {
    Turn(now);
    used_ = std::max(used_, used);
  }
  // 429 and 418: nothing may go before then.
  void HoldUntil(base::Time until) { held_until_ = std::max(held_until_, until); }
  uint64_t used() const { return used_; }

 private:
  static constexpr base::Duration kMinute = std::chrono::minutes(1);
  void Turn(base::Time now) {
    const base::Time minute(now.time_since_epoch() / kMinute * kMinute);
    if (minute == minute_) return;
    minute_ = minute;
    used_ = 0;
  }

  uint64_t limit_, share_percent_;
  base::Time minute_{}, held_until_{};
  uint64_t used_ = 0;
};

}  // namespace gannet::ingest
