// When reports are due: a delay after the end of every hour, day, week or month of
// UTC, covering the period that ended. Pure: the same time gives the same answer on
// every machine; a restart changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/ids.h"
#include "services/reporting/report_model.h"

namespace gannet::reporting {

enum class Every : uint8_t { kHour = 1, kDay, kWeek, kMonth };  // weeks begin on Monday

struct Schedule {
  std::string name;  // of its folder and of its runs in the store
  Every every = Every::kDay;
  base::Duration delay = std::chrono::minutes(5);  // after the end of the period
  market::AccountId account;
  std::vector<Format> formats;
  Grid returns = Grid::kDay;
  bool operator==(const Schedule&) const = default;
};

// One report that is to be made at `due` about [from, to).
struct DueReport {
  base::Time due, from, to;
  bool operator==(const DueReport&) const = default;
};

// The first that is due after `after`. Times from 1970 on.
DueReport NextDue(const Schedule& schedule, base::Time after);

// What was missed while nothing ran: of all that came due after `last` until `now`
// the latest one only, since a reader of yesterday's report has no use for the ten
// before. Nothing when none was missed, or when the schedule has never run.
std::optional<DueReport> Missed(const Schedule& schedule, std::optional<base::Time> last,
                                base::Time now);

// "2024-08-08", "2024-08-08T23" for hours: of the period's start.
std::string FolderOf(const Schedule& schedule, const DueReport& report);

}  // namespace gannet::reporting
