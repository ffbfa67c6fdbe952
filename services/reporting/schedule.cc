#include "services/reporting/schedule.h"

namespace gannet::reporting {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;

sys_days MonthOf(base::Time time) {
  const std::chrono::year_month_day date(floor<days>(time));
  return sys_days(date.year() / date.month() / 1);
}

// The start of the period that holds `time`.
base::Time StartOf(Every every, base::Time time) {
  switch (every) {
    case Every::kHour:
      return floor<std::chrono::hours>(time);
    case Every::kDay:
      break;
    case Every::kWeek: {
      const sys_days day = floor<days>(time);
      return day - (std::chrono::weekday(day) - std::chrono::Monday);
    }
    case Every::kMonth:
      return MonthOf(time);
  }
  return floor<days>(time);
}

// The end of the period that begins at `start`.
base::Time EndOf(Every every, base::Time start) {
  switch (every) {
    case Every::kHour:
      return start + std::chrono::hours(1);
    case Every::kDay:
      break;
    case Every::kWeek:
      return start + days(7);
    case Every::kMonth:
      return MonthOf(start + days(31));
  }
  return start + days(1);
}

}  // namespace

DueReport NextDue(const Schedule& schedule, base::Time after) {
  // The period that ended last before `after` may be due still: its delay runs.
  const base::Time current = StartOf(schedule.every, after - schedule.delay);
  const base::Time end = EndOf(schedule.every, current);
  return {end + schedule.delay, current, end};
}

std::optional<DueReport> Missed(const Schedule& schedule, std::optional<base::Time> last,
                                base::Time now) {
  if (!last) return std::nullopt;
  const base::Time end = StartOf(schedule.every, now - schedule.delay);
  const base::Time start = StartOf(schedule.every, end - base::Duration(1));
  const DueReport latest{end + schedule.delay, start, end};
  if (latest.due <= *last) return std::nullopt;
  return latest;
}

std::string FolderOf(const Schedule& schedule, const DueReport& report) {
  return base::FormatTime(report.from).substr(0, schedule.every == Every::kHour ? 13 : 10);
}

}  // namespace gannet::reporting
