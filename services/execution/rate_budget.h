// How much may still be asked of the venue. Requests for cancels may use all of a
// limit, everything else only what is left above a reserve, so that the kill
// switch never waits for a market maker. Own counting and the venue's own figures
// are combined: the larger one counts. A refusal for want of room pauses what it says is
// full and nothing else: a full count of orders stops no cancel.
//
// Pure; one thread; time passed in, on our clock. Windows are aligned as the venue aligns
// them: whole minutes, tens of seconds, days of its clock (SetVenueClock); a second is any
// second. A pause is a length of time and runs on ours: learning that the venue's clock is
// ahead must not end it early.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <utility>

#include "libs/base/time.h"
#include "libs/venue/order_venue.h"

namespace gannet::execution {

struct RateLimits {
  uint32_t weight_per_minute = 6000;
  // Each of all that a second takes, of amendments as many as of orders; 0: the venue has no
  // such limit.
  uint32_t orders_per_second = 0, cancels_per_second = 0;
  uint32_t orders_per_10s = 50;
  uint32_t orders_per_minute = 0;  // 0: the venue has no such limit
  uint32_t orders_per_day = 160'000;
  uint32_t reserve_ppm = 200'000;  // of the weight, kept for cancels
  base::Duration pause_without_header =
      std::chrono::seconds(60);  // after 429 or 418 without Retry-After
};

// Until when, on our clock, the venue wants to be left alone.
struct Pauses {
  base::Time until{};   // with everything
  bool banned = false;  // the address is shut out (418)
  // With placements and what else counts as an order, with amendments, cancels, the rest.
  base::Time orders{}, amendments{}, cancels{}, queries{};

  base::Time last() const { return std::max({until, orders, amendments, cancels, queries}); }
  bool operator==(const Pauses&) const = default;
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
  // What the answer said to a request of this kind, asked at `asked`.
  void Report(const venue::RateReport& report, venue::RequestKind kind, base::Time asked,
              base::Time now);
  // What the venue had said to the process before this one.
  void Restore(const Pauses& pauses) { pauses_ = pauses; }

  // Nothing may be sent before this.
  base::Time paused_until() const { return pauses_.until; }
  // Nor this, before that.
  base::Time PausedUntil(const venue::WireRequest& request) const;
  bool banned(base::Time now) const { return pauses_.banned && now < pauses_.until; }
  Pauses pauses(base::Time now) const;

  struct Stats {
    uint64_t refused_here = 0;   // Take said no
    uint64_t refused_there = 0;  // for want of room
    uint64_t bans = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  struct Window {
    int64_t number = -1;  // of the running window since the epoch
    uint64_t used = 0;
  };
  static constexpr std::array<base::Duration, 4> kLengths = {
      std::chrono::minutes(1), std::chrono::seconds(10), std::chrono::hours(24),
      std::chrono::minutes(1)};
  enum : size_t { kWeight = 0, kOrders10s, kOrdersDay, kOrdersMinute };
  // What went within the last second.
  struct LastSecond {
    std::deque<std::pair<base::Time, uint64_t>> taken;
    uint64_t used = 0;
  };
  enum : size_t { kOrdersSecond = 0, kAmendmentsSecond, kCancelsSecond, kSeconds };

  int64_t NumberOf(size_t which, base::Time time) const;
  // The end of the window of this length that `time` lies in.
  base::Time EndOf(base::Duration length, base::Time time) const;
  Window& Current(size_t which, base::Time now);
  LastSecond& Running(size_t which, base::Time now);

  const RateLimits limits_;
  std::array<Window, 4> windows_;
  std::array<LastSecond, kSeconds> seconds_;
  base::Duration venue_ahead_{0};
  Pauses pauses_;
  Stats stats_;
};

}  // namespace gannet::execution
