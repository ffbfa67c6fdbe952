#include "services/reporting/schedule.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/property_suite.h"

namespace gannet::reporting {
namespace {

using namespace std::chrono_literals;

base::Time At(const char* text) { return base::ParseRfc3339(text).value(); }

Schedule Of(Every every, base::Duration delay = 5min) {
  Schedule schedule;
  schedule.every = every;
  schedule.delay = delay;
  return schedule;
}

TEST_CASE("A report is due a delay after its period, and covers that period") {
  const DueReport day = NextDue(Of(Every::kDay), At("2024-02-28T12:00:00Z"));
  CHECK(day == DueReport{At("2024-02-29T00:05:00Z"), At("2024-02-28T00:00:00Z"),
                         At("2024-02-29T00:00:00Z")});
  // At three past midnight yesterday's is due still.
  CHECK(NextDue(Of(Every::kDay), At("2024-02-29T00:03:00Z")) == day);
  CHECK(NextDue(Of(Every::kDay), At("2024-02-29T00:05:00Z")).from == At("2024-02-29T00:00:00Z"));
  const DueReport week = NextDue(Of(Every::kWeek), At("2024-08-08T23:54:13Z"));  // a Thursday
  CHECK(week.from == At("2024-08-05T00:00:00Z"));
  CHECK(week.due == At("2024-08-12T00:05:00Z"));
  const DueReport month = NextDue(Of(Every::kMonth), At("2024-12-31T23:59:59Z"));
  CHECK(month.from == At("2024-12-01T00:00:00Z"));
  CHECK(month.to == At("2025-01-01T00:00:00Z"));
  CHECK(NextDue(Of(Every::kHour, 10s), At("2024-08-08T23:00:00Z")).from ==
        At("2024-08-08T22:00:00Z"));
  CHECK(FolderOf(Of(Every::kHour), {{}, At("2024-08-08T22:00:00Z"), {}}) == "2024-08-08T22");
  CHECK(FolderOf(Of(Every::kMonth), month) == "2024-12-01");
}

TEST_CASE("After days without the program the latest report is made up for, once") {
  const Schedule daily = Of(Every::kDay);
  const base::Time last = At("2024-08-01T00:05:00Z");
  const auto missed = Missed(daily, last, At("2024-08-08T09:00:00Z"));
  REQUIRE(missed.has_value());
  CHECK(missed->from == At("2024-08-07T00:00:00Z"));
  CHECK(missed->due == At("2024-08-08T00:05:00Z"));
  CHECK_FALSE(Missed(daily, missed->due, At("2024-08-08T09:00:01Z")).has_value());
  CHECK_FALSE(Missed(daily, std::nullopt, At("2024-08-08T09:00:00Z")).has_value());
  // Within the delay the one before is the latest.
  CHECK(Missed(daily, last, At("2024-08-08T00:04:59Z"))->from == At("2024-08-06T00:00:00Z"));
}

TEST_CASE("Due times form one chain, wherever one begins to ask") {
  CHECK(base::Holds("next due is after, unique, without gap, and missed is the one before", [] {
    const Schedule schedule =
        Of(*rc::gen::element(Every::kHour, Every::kDay, Every::kWeek, Every::kMonth),
           std::chrono::seconds(*rc::gen::inRange(0, 3'600)));
    const base::Time now =
        base::FromUnixMillis(*rc::gen::inRange<int64_t>(100'000'000'000, 4'000'000'000'000));
    const DueReport next = NextDue(schedule, now);
    RC_ASSERT(next.due > now);
    RC_ASSERT(next.due == next.to + schedule.delay);
    RC_ASSERT(NextDue(schedule, next.due - base::Duration(1)) == next);
    const DueReport after = NextDue(schedule, next.due);
    RC_ASSERT(after.from == next.to);
    const auto missed = Missed(schedule, base::Time(), now);
    RC_ASSERT(missed.has_value());
    RC_ASSERT(missed->due <= now);
    RC_ASSERT(missed->to == next.from);
    RC_ASSERT(NextDue(schedule, missed->due) == next);
  }));
}

}  // namespace
}  // namespace gannet::reporting
