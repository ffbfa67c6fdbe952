// Dates as feeds write them: RFC 822 and its successors, RFC 3339 and W3CDTF,
// and the broken forms of both that leave no doubt about the moment meant.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "libs/base/time.h"

namespace gannet::ingest {

enum class DateForm : uint8_t { kRfc822 = 1, kRfc3339 };

struct FeedDate {
  base::Time time;
  DateForm form = DateForm::kRfc822;
  // Written as its standard wants it (RFC 2822 with a zone that means one thing,
  // or RFC 3339). Otherwise a lenient reading: part of the day or zone missing
  // (midnight, UTC), two-digit year, military zone, wrong weekday, extra text.
  bool strict = false;
};

// Nothing when no moment can be told: an impossible day or hour is not moved
// to the nearest possible one. Years 1700 to 2199.
std::optional<FeedDate> ParseFeedDate(std::string_view text);

}  // namespace gannet::ingest
