// `gannet trace`: the story of one order from the journal, as a trace tool would draw it:
// headline or prediction, signal, intent, verdict, order, what the venue said, fills.
// Whole where the collector of traces saw a part, or nothing.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/files.h"

namespace gannet::app {

struct TraceOptions {
  std::string order;              // client order id
  std::vector<std::string> dirs;  // data folders or journals of all services that had a part
};

// One line a step, oldest first, under the ids that the trace has in Jaeger. NOT_FOUND:
// no such order there. DATA_LOSS: damage before its end, after printing what was found.
absl::Status TraceOrder(base::Files& files, const TraceOptions& options, std::ostream& out);

}  // namespace gannet::app
