// Records that are known to be lost: a journal that was set back goes on behind them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"

namespace gannet::journal {

// Ends the journal with a gap (RecordType::kGap) up to `sequence`, so that no later record
// gets a number that a lost one had. Returns the sequence it ended at before.
//   INVALID_ARGUMENT     no journal gets that far: none could go on behind it
//   NOT_FOUND            there is no journal in `dir`
//   ABORTED              a process has it open
//   FAILED_PRECONDITION  it has that record; written by a newer build
//   DATA_LOSS            damaged: run `gannet journal verify`
absl::StatusOr<uint64_t> SkipTo(base::Files& files, const std::string& dir, uint64_t sequence,
                                base::Time now);

}  // namespace gannet::journal
