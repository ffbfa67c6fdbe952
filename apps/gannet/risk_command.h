// `gannet risk check | explain | controls`: the gate on cases from files
// (docs/risk-check.md). Nothing here talks to a running platform.
#pragma once

#include <iosfwd>
#include <string>

#include "absl/status/status.h"
#include "libs/base/files.h"

namespace gannet::app {

struct RiskOptions {
  std::string state_file;  // explain: may be empty, then `limits_file` is all
  std::string limits_file = "config/limits.yaml";  // explain without a state
  std::string orders_file;                         // one order a line; explain: one order
  bool sequence = false;                           // each order is asked about after those before
  bool json = false;
};

// One verdict a line, as many as orders. INVALID_ARGUMENT names file, line and field of
// what is wrong, after the verdicts before it.
absl::Status CheckRisk(base::Files& files, const RiskOptions& options, std::ostream& out);

// Each control with the limit that came closest, where it came from, value, verdict.
absl::Status ExplainRisk(base::Files& files, const RiskOptions& options, std::ostream& out);

// The table of docs/risk-controls.md (Markdown), from the table in the gate.
void PrintControls(std::ostream& out);

}  // namespace gannet::app
