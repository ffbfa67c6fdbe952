// What a writer does before its first record: find the end of the journal, and
// cut an unfinished last batch.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/digest.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "libs/journal/journal.h"

namespace gannet::journal {

// Where the next record goes.
struct JournalEnd {
  Recovery recovery;
  uint64_t run = 0;
  base::Sha256Digest chain{};
  base::Time last_time{};
};

// Verifies what a start will read: from the newest verified snapshot on, or all.
// `new_run` is the run of a journal that does not exist yet. DATA_LOSS: damage
// that is no unfinished tail, or records that a snapshot proves are gone.
absl::StatusOr<JournalEnd> Recover(base::Files& files, const std::string& dir, uint64_t new_run);

}  // namespace gannet::journal
