// How much may still be asked of the venue. Requests for cancels may use all of a
// limit, everything else only what is left above a reserve, so that the kill
// switch never waits for a market maker. Own counting and the venue's own figures
// are combined: the larger one counts.
//
// Pure; one thread; time passed in, on our clock. Windows are aligned as the venue aligns
// them: whole minutes, seconds, tens of seconds, days of its clock (SetVenueClock). A
// pause is a length of time and runs on ours: learning that the venue's clock is ahead
// must not end it early.
#pragma once

#include <array>
#include <cstdint>

#include "libs/base/time.h"
#include "libs/venue/order_venue.h"

namespace gannet::execution {

struct RateLimits {
  uint32_t weight_per_minute = 6000;
  // Each of all that a second takes; 0: the venue has no such limit.
  uint32_t orders_per_second = 0, cancels_per_second = 0;
  uint32_t orders_per_10s = 50;
  uint32_t orders_per_minute = 0;  // 0: the venue has no such limit
  uint32_t orders_per_day = 160'000;
  uint32_t reserve_ppm = 200'000;  // of the weight, kept for cancels
  base::Duration pause_without_header =
      std::chrono::seconds(60);  // after 429 or 418 without Retry-After
};

class RateBudget {
 public:
  // kSpare: what may as well go another way; only while half of each limit stays free, but those
  // of a second.
  enum class Use : uint8_t { kNormal, kCancel, kSpare };

  explicit RateBudget(RateLimits limits) : limits_(limits) {}

  // How far the venue's clock is ahead of ours.
  void SetVenueClock(base::Duration ahead) { venue_ahead_ = ahead; }
  // True, and counted, when this request may go now.
  bool Take(const venue::WireRequest& request, Use use, base::Time now);
  bool Take(uint32_t weight, bool counts_as_order, Use use, base::Time now) {
    return Take({.weight = weight, .counts_as_order = counts_as_order}, use, now);
  }
  // The earliest time at which Take may say yes again.
  base::Time NextTry(base::Time now) const;
  // What the answer said to what was asked at `asked`; `refused`: it was a rate-limit refusal
  // (429, 418).
  void Report(const venue::RateReport& report, bool refused, base::Time asked, base::Time now);
  // What the venue had said to the process before this one.
  void Restore(base::Time paused_until, bool banned) {
    paused_until_ = paused_until;
    banned_ = banned;
  }

  // Nothing may be sent before this.
  base::Time paused_until() const { return paused_until_; }
  bool banned(base::Time now) const { return banned_ && now < paused_until_; }

  struct Stats {
    uint64_t refused_here = 0;   // Take said no
    uint64_t refused_there = 0;  // 429 and 418
    uint64_t bans = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  struct Window {
    int64_t number = -1;  // of the running window since the epoch
    uint64_t used = 0;
  };
  static constexpr std::array<base::Duration, 6> kLengths = {
      std::chrono::minutes(1), std::chrono::seconds(10), std::chrono::hours(24),
      std::chrono::minutes(1), std::chrono::seconds(1),  std::chrono::seconds(1)};
  enum : size_t {
    kWeight = 0,
    kOrders10s,
    kOrdersDay,
    kOrdersMinute,
    kOrdersSecond,
    kCancelsSecond
  };

  int64_t NumberOf(size_t which, base::Time time) const;
  Window& Current(size_t which, base::Time now);

  const RateLimits limits_;
  std::array<Window, 6> windows_;
  base::Duration venue_ahead_{0};
  base::Time paused_until_{};
  bool banned_ = false;
  Stats stats_;
};

}  // namespace gannet::execution
