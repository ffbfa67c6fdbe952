// Decides again from the recorded inputs of a journal and compares every fact with
// the recorded one, byte by byte. This is verification, not recovery: recovery
// applies facts and decides nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/journal/journal.h"
#include "libs/runtime/service.h"

namespace gannet::app {

// Builds the services that wrote the journal into `deps`; they live as long as the
// returned object.
using ReplayedServices = std::vector<std::unique_ptr<runtime::Service>>;
using ServiceFactory = std::function<absl::StatusOr<ReplayedServices>(
    const journal::SegmentInfo& info, runtime::Deps& deps)>;

struct JournalComparison {
  uint64_t runs = 0;  // starts of the process that the journal covers
  uint64_t inputs = 0;
  uint64_t facts = 0;  // recorded and compared
  uint64_t equal = 0;
  uint64_t missing = 0;     // recorded, not decided again
  uint64_t extra = 0;       // decided again, not recorded
  uint64_t unfinished = 0;  // of turns that a crash cut short: never visible, not compared
  uint64_t gaps = 0;        // where a full disk dropped records: that run goes no further
  uint64_t undecided = 0;   // facts after a gap, up to the next start
  uint64_t snapshots = 0;   // compared with the state here: 0 or 1, the newest
  // What each start knew, made from the facts alone.
  std::vector<runtime::Shard::StateHashes> recovered;
  std::string first_difference;  // empty when all are equal
  bool ok() const { return first_difference.empty(); }
};

// `shard_name` as the process used it (runtime::ShardOptions::name).
absl::StatusOr<JournalComparison> ReplayJournal(base::Files& files, const std::string& dir,
                                                const runtime::ShardOptions& shard,
                                                const ServiceFactory& make_services);

}  // namespace gannet::app
