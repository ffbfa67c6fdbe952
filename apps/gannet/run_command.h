// `gannet run`: all services in one process, on paper, against venue-sim unless a
// configuration names another market.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/runtime/process.h"

namespace gannet::app {

struct RunOptions {
  std::string data_dir;
  bool fresh = false;
  std::string config_file;  // empty: venue-sim with the shipped configuration
  bool check_config = false;
  std::vector<std::string> services;  // empty: all
  std::string bus_file;               // names the bus that joins others; empty: alone
  std::string lease_file;             // of the lease in PostgreSQL; empty: the data folder's
  std::string admin_address;          // health and metrics; empty: nowhere
  telemetry::TraceOptions traces;
  base::Duration run_for{0};  // 0: until a signal
  std::string out_folder;     // empty: no files
  uint64_t seed = 1;
  double market_speed = 1;  // how much venue-sim's market does in a second
  std::string faults_file;  // what venue-sim does wrong; empty: nothing
  bool plain = false;
  // Of the journal; state stays whole whatever goes (journal.h, Prune).
  base::Duration journal_keep = runtime::ProcessOptions{}.keep_journal;
  uint64_t journal_max_bytes = runtime::ProcessOptions{}.max_journal_bytes;
};

// The exit code (libs/runtime/run.h). The view goes to `out`, problems to `err`.
int Run(const RunOptions& options, std::ostream& out, std::ostream& err);

}  // namespace gannet::app
