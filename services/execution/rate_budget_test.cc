#include "services/execution/rate_budget.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::execution {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Use = RateBudget::Use;
using venue::Full;
using venue::RequestKind;
using venue::WireRequest;

constexpr RequestKind kQuery = RequestKind::kQueryOrder;

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

TEST_CASE("Any second holds as many as the venue takes in one, amendments by themselves") {
  RateLimits limits = Small();
  limits.weight_per_minute = 1000;
  limits.orders_per_10s = 50;
  limits.orders_per_second = 2;
  RateBudget budget(limits);
  const WireRequest amend{.kind = RequestKind::kAmend};
  // Not the whole seconds of its clock: two at the end of one leave no room in the next.
  CHECK(budget.Take(1, true, Use::kNormal, kNow + milliseconds(900)));
  CHECK(budget.Take(1, true, Use::kNormal, kNow + milliseconds(950)));
  CHECK_FALSE(budget.Take(1, true, Use::kNormal, kNow + milliseconds(1100)));
  CHECK(budget.NextTry(kNow + milliseconds(1100)) == kNow + milliseconds(1900));
  for (int i = 0; i < 2; ++i) CHECK(budget.Take(amend, Use::kNormal, kNow + milliseconds(1100)));
  CHECK_FALSE(budget.Take(amend, Use::kNormal, kNow + milliseconds(1100)));
  CHECK(budget.Take(1, true, Use::kNormal, kNow + milliseconds(1900)));
  CHECK_FALSE(budget.Take(1, true, Use::kNormal, kNow + milliseconds(1900)));
}

TEST_CASE("A full count of orders stops orders until its window is over, and nothing else") {
  RateLimits limits = Small();
  limits.weight_per_minute = 1000;
  RateBudget budget(limits);
  const WireRequest place{.counts_as_order = true};
  const WireRequest amend{.kind = RequestKind::kAmend, .counts_as_order = true};
  const WireRequest cancel{.kind = RequestKind::kCancel};
  const WireRequest question{.kind = kQuery};
  const auto at = kNow + seconds(5);
  SECTION("of ten seconds") {
    budget.Report({.full = Full::kOrders, .window = seconds(10)}, RequestKind::kPlace, at, at);
    // What we take for the venue's clock may be a little ahead of it.
    CHECK(budget.PausedUntil(place) == kNow + seconds(11));
  }
  SECTION("of a day") {
    budget.Report({.full = Full::kOrders, .window = std::chrono::hours(24)}, RequestKind::kPlace,
                  at, at);
    CHECK(base::UnixMillis(budget.PausedUntil(place)) == 1'700'006'401'000);
  }
  SECTION("that begins anew as it is refused") {
    budget.Report({.full = Full::kOrders, .window = seconds(10)}, RequestKind::kPlace,
                  kNow + milliseconds(300), at);
    CHECK(budget.PausedUntil(place) == kNow + seconds(1));
    return;
  }
  SECTION("of which nothing is said") {
    budget.Report({.full = Full::kOrders}, RequestKind::kPlace, at, at);
    CHECK(budget.PausedUntil(place) == at + seconds(60));
  }
  CHECK_FALSE(budget.Take(place, Use::kNormal, at));
  CHECK_FALSE(budget.Take(amend, Use::kNormal, at));
  CHECK(budget.Take(cancel, Use::kCancel, at));
  CHECK(budget.Take(question, Use::kNormal, at));
  CHECK(budget.paused_until() == base::Time());
  const base::Time end = budget.PausedUntil(place);
  RateBudget next(limits);
  next.Restore(budget.pauses(at));
  CHECK_FALSE(next.Take(place, Use::kNormal, end - milliseconds(1)));
  CHECK(next.Take(place, Use::kNormal, end));
}

TEST_CASE("Requests of a kind that is full wait, others go on") {
  const WireRequest place{.counts_as_order = true}, amend{.kind = RequestKind::kAmend},
      cancel{.kind = RequestKind::kCancel}, question{.kind = kQuery};
  for (const WireRequest& full : {place, amend, cancel, question}) {
    RateBudget budget(Small());
    budget.Report({.full = Full::kKind, .retry_after = seconds(2)}, full.kind, kNow, kNow);
    for (const WireRequest& asked : {place, amend, cancel, question})
      CHECK(budget.Take(asked, Use::kCancel, kNow + seconds(1)) == (asked.kind != full.kind));
    CHECK(budget.Take(full, Use::kCancel, kNow + seconds(2)));
    CHECK_FALSE(budget.banned(kNow));
  }
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
  const base::Time now = kNow + seconds(2);
  budget.Report({.used_weight = 8}, kQuery, now, now);
  CHECK_FALSE(budget.Take(1, false, Use::kNormal, now));
  // An older answer does not give anything back.
  budget.Report({.used_weight = 1}, kQuery, now, now);
  CHECK_FALSE(budget.Take(1, false, Use::kNormal, now));
}

TEST_CASE("RateBudget does not take the count of a window that is over for that of the next") {
  RateBudget budget(Small());
  budget.Report({.used_weight = 8}, kQuery, kNow - seconds(1), kNow);
  CHECK(budget.Take(1, false, Use::kNormal, kNow));
  budget.Report({.full = Full::kAll, .retry_after = seconds(7)}, kQuery, kNow - seconds(1),
                kNow);  // a pause it is all the same
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow + seconds(6)));
}

TEST_CASE("RateBudget does not take a window for over whose end is a matter of clocks") {
  RateBudget budget(Small());
  // A moment into the minute by our clock, and not yet by the venue's.
  budget.Report({.used_weight = 8}, kQuery, kNow + milliseconds(1), kNow + milliseconds(3));
  CHECK(budget.Take(1, false, Use::kNormal, kNow + milliseconds(4)));
  budget.Report({.used_weight = 8}, kQuery, kNow + seconds(1), kNow + seconds(2));
  CHECK_FALSE(budget.Take(1, false, Use::kNormal, kNow + seconds(2)));
}

TEST_CASE("RateBudget sends nothing at all during a pause or a ban, cancels included") {
  RateBudget budget(Small());
  budget.Report({.full = Full::kAll, .retry_after = seconds(7)}, kQuery, kNow, kNow);
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow + seconds(6)));
  CHECK_FALSE(budget.banned(kNow));
  CHECK(budget.NextTry(kNow) == kNow + seconds(7));
  CHECK(budget.Take(1, false, Use::kCancel, kNow + seconds(7)));
  budget.Report({.retry_after = seconds(300), .banned = true}, kQuery, kNow + seconds(8),
                kNow + seconds(8));
  CHECK(budget.banned(kNow + seconds(100)));
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow + seconds(307)));
  CHECK(budget.Take(1, false, Use::kCancel, kNow + seconds(308)));
  CHECK(budget.stats().bans == 1);
}

TEST_CASE("A milder answer to what was asked before a ban does not lift it") {
  RateBudget budget(Small());
  budget.Report({.retry_after = seconds(300), .banned = true}, kQuery, kNow, kNow);
  budget.Report({.full = Full::kAll, .retry_after = seconds(7)}, kQuery, kNow, kNow + seconds(1));
  CHECK(budget.banned(kNow + seconds(299)));
  CHECK(budget.paused_until() == kNow + seconds(300));
}

TEST_CASE("RateBudget keeps a pause that the process before it heard of") {
  RateBudget budget(Small());
  budget.Restore({.until = kNow + seconds(7), .banned = true});
  CHECK(budget.banned(kNow));
  CHECK_FALSE(budget.Take(1, false, Use::kCancel, kNow + seconds(6)));
  CHECK(budget.NextTry(kNow) == kNow + seconds(7));
  CHECK(budget.Take(1, false, Use::kCancel, kNow + seconds(7)));
}

TEST_CASE(
    "RateBudget pauses on a refusal without Retry-After, and a shorter pause does not end a longer "
    "one") {
  RateBudget budget(Small());
  budget.Report({.full = Full::kAll}, kQuery, kNow, kNow);
  CHECK(budget.paused_until() == kNow + seconds(60));
  budget.Report({.full = Full::kAll, .retry_after = seconds(1)}, kQuery, kNow, kNow);
  CHECK(budget.paused_until() == kNow + seconds(60));
}

TEST_CASE("A pause lasts as long as the venue said, whatever is learnt of its clock meanwhile") {
  RateBudget budget(Small());
  budget.Report({.full = Full::kAll, .retry_after = seconds(7)}, kQuery, kNow, kNow);
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
