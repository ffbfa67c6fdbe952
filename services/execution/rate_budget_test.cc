#include "services/execution/rate_budget.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::execution {
namespace {

using std::chrono::seconds;
using Use = RateBudget::Use;

constexpr base::Time kNow = base::FromUnixMillis(1'700'000'040'000);  // a whole minute

RateLimits Small() {
  RateLimits limits;
  limits.weight_per_minute = 10;
  limits.orders_per_10s = 3;
  limits.orders_per_day = 100;
  limits.reserve_ppm = 200'000;
  return limits;
}

TEST_CASE("RateBudget keeps a reserve of the weight for cancels") {
  RateBudget budget(Small());
  for (int i = 0; i < 8; ++i) CHECK(budget.Take(1, false, Use::kNormal, kNow));
  CHECK_FALSE(budget.Take(1, false, Use::kNormal, kNow));
  CHECK(budget.Take(1, false, Use::kCancel, kNow));
  CHECK(budget.Take(1, false, Use::kCancel, kNow));
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow));
  CHECK(budget.Take(1, false, Use::kNormal, kNow + seconds(60)));
  CHECK(budget.stats().refused_here == 2);
}

TEST_CASE("RateBudget counts orders by ten seconds and by day") {
  RateLimits limits = Small();
  limits.weight_per_minute = 1000;
  limits.orders_per_day = 5;
  RateBudget budget(limits);
  for (int i = 0; i < 3; ++i) CHECK(budget.Take(1, true, Use::kNormal, kNow));
  CHECK_FALSE(budget.Take(1, true, Use::kNormal, kNow + seconds(9)));
  CHECK(budget.NextTry(kNow + seconds(9)) == kNow + seconds(10));
  CHECK(budget.Take(1, true, Use::kNormal, kNow + seconds(10)));
  CHECK(budget.Take(1, true, Use::kNormal, kNow + seconds(10)));
  CHECK_FALSE(budget.Take(1, true, Use::kNormal, kNow + seconds(20)));  // the day is full
  CHECK(budget.Take(1, false, Use::kNormal, kNow + seconds(20)));
}

TEST_CASE("RateBudget counts a request as the orders that the venue counts it as") {
  RateLimits limits = Small();
  limits.orders_per_10s = 10;
  limits.orders_per_minute = 4;
  RateBudget budget(limits);
  const venue::WireRequest batch{.weight = 2, .counts_as_order = true, .orders = 5};
  CHECK(budget.Take(batch, Use::kNormal, kNow));
  CHECK(budget.Take(batch, Use::kNormal, kNow));
  CHECK_FALSE(budget.Take(0, true, Use::kNormal, kNow));  // ten in ten seconds
  CHECK(budget.Take(0, true, Use::kNormal, kNow + seconds(10)));
  CHECK(budget.Take(0, true, Use::kNormal, kNow + seconds(10)));
  CHECK_FALSE(budget.Take(0, true, Use::kNormal, kNow + seconds(10)));  // four in a minute
}

TEST_CASE("RateBudget counts orders, and cancels for themselves, by the second") {
  RateLimits limits = Small();
  limits.weight_per_minute = 1000;
  limits.orders_per_10s = 50;
  limits.orders_per_second = 4;
  limits.cancels_per_second = 2;
  RateBudget budget(limits);
  const venue::WireRequest batch{.weight = 4, .counts_as_order = true, .orders = 4};
  const venue::WireRequest cancels{
      .kind = venue::RequestKind::kCancelBatch, .weight = 2, .orders = 2};
  const venue::WireRequest cancel{.kind = venue::RequestKind::kCancel};
  CHECK(budget.Take(batch, Use::kSpare, kNow));  // all of a second: it costs what its orders cost
  CHECK_FALSE(budget.Take(1, true, Use::kNormal, kNow));
  CHECK(budget.Take(cancel, Use::kCancel, kNow));
  CHECK_FALSE(budget.Take(cancels, Use::kCancel, kNow));
  CHECK(budget.Take(cancel, Use::kCancel, kNow));
  CHECK_FALSE(budget.Take(cancel, Use::kCancel, kNow));
  CHECK(budget.Take(1, false, Use::kNormal, kNow));  // a question
  CHECK(budget.NextTry(kNow) == kNow + seconds(1));
  CHECK(budget.Take(batch, Use::kNormal, kNow + seconds(1)));
  CHECK(budget.Take(cancels, Use::kCancel, kNow + seconds(1)));
}

TEST_CASE("RateBudget gives what may go another way half of each limit at most") {
  RateLimits limits = Small();
  limits.orders_per_10s = 10;
  RateBudget budget(limits);
  const venue::WireRequest batch{.weight = 3, .counts_as_order = true, .orders = 3};
  CHECK(budget.Take(batch, Use::kSpare, kNow));
  CHECK_FALSE(budget.Take(batch, Use::kSpare, kNow));
  CHECK(budget.stats().refused_here == 0);
  CHECK(budget.Take(batch, Use::kNormal, kNow));
  CHECK_FALSE(budget.Take({.weight = 0, .counts_as_order = true}, Use::kSpare, kNow));
  CHECK(budget.Take(0, true, Use::kNormal, kNow));
}

TEST_CASE("RateBudget believes the venue when it counts more") {
  RateBudget budget(Small());
  budget.Report({.used_weight = 8}, false, kNow, kNow);
  CHECK_FALSE(budget.Take(1, false, Use::kNormal, kNow));
  budget.Report({.used_weight = 1}, false, kNow,
                kNow);  // an older answer does not give anything back
  CHECK_FALSE(budget.Take(1, false, Use::kNormal, kNow));
}

TEST_CASE("RateBudget does not take the count of a window that is over for that of the next") {
  RateBudget budget(Small());
  budget.Report({.used_weight = 8}, false, kNow - seconds(1), kNow);
  CHECK(budget.Take(1, false, Use::kNormal, kNow));
  budget.Report({.retry_after = seconds(7)}, true, kNow - seconds(1),
                kNow);  // a pause it is all the same
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow + seconds(6)));
}

TEST_CASE("RateBudget sends nothing at all during a pause or a ban, cancels included") {
  RateBudget budget(Small());
  budget.Report({.retry_after = seconds(7)}, true, kNow, kNow);
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow + seconds(6)));
  CHECK_FALSE(budget.banned(kNow));
  CHECK(budget.NextTry(kNow) == kNow + seconds(7));
  CHECK(budget.Take(1, false, Use::kCancel, kNow + seconds(7)));
  budget.Report({.retry_after = seconds(300), .banned = true}, true, kNow + seconds(8),
                kNow + seconds(8));
  CHECK(budget.banned(kNow + seconds(100)));
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow + seconds(307)));
  CHECK(budget.Take(1, false, Use::kCancel, kNow + seconds(308)));
  CHECK(budget.stats().bans == 1);
}

TEST_CASE("A milder answer to what was asked before a ban does not lift it") {
  RateBudget budget(Small());
  budget.Report({.retry_after = seconds(300), .banned = true}, true, kNow, kNow);
  budget.Report({.retry_after = seconds(7)}, true, kNow, kNow + seconds(1));
  CHECK(budget.banned(kNow + seconds(299)));
  CHECK(budget.paused_until() == kNow + seconds(300));
}

TEST_CASE("RateBudget keeps a pause that the process before it heard of") {
  RateBudget budget(Small());
  budget.Restore(kNow + seconds(7), true);
  CHECK(budget.banned(kNow));
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow + seconds(6)));
  CHECK(budget.NextTry(kNow) == kNow + seconds(7));
  CHECK(budget.Take(1, false, Use::kCancel, kNow + seconds(7)));
}

TEST_CASE(
    "RateBudget pauses on a refusal without Retry-After, and a shorter pause does not end a longer "
    "one") {
  RateBudget budget(Small());
  budget.Report({}, true, kNow, kNow);
  CHECK(budget.paused_until() == kNow + seconds(60));
  budget.Report({.retry_after = seconds(1)}, true, kNow, kNow);
  CHECK(budget.paused_until() == kNow + seconds(60));
}

TEST_CASE("A pause lasts as long as the venue said, whatever is learnt of its clock meanwhile") {
  RateBudget budget(Small());
  budget.Report({.retry_after = seconds(7)}, true, kNow, kNow);
  budget.SetVenueClock(seconds(3));
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow + seconds(6)));
  CHECK(budget.paused_until() == kNow + seconds(7));
  CHECK(budget.NextTry(kNow) == kNow + seconds(7));
  CHECK(budget.Take(1, false, Use::kCancel, kNow + seconds(7)));
}

TEST_CASE("Windows of RateBudget are the venue's, by its clock") {
  RateBudget budget(Small());
  budget.SetVenueClock(seconds(4));  // its ten seconds are over six seconds from now
  for (int i = 0; i < 3; ++i) CHECK(budget.Take(1, true, Use::kNormal, kNow));
  CHECK_FALSE(budget.Take(1, true, Use::kNormal, kNow + seconds(5)));
  CHECK(budget.NextTry(kNow) == kNow + seconds(6));
  CHECK(budget.Take(1, true, Use::kNormal, kNow + seconds(6)));
}

TEST_CASE("A clock set back does not reopen a window of RateBudget") {
  RateBudget budget(Small());
  for (int i = 0; i < 8; ++i) CHECK(budget.Take(1, false, Use::kNormal, kNow + seconds(60)));
  CHECK_FALSE(budget.Take(1, false, Use::kNormal, kNow));
}

}  // namespace
}  // namespace gannet::execution
