// Decides again from the recorded inputs of a journal and compares every fact with
// the recorded one, byte by byte. This is verification, not recovery: recovery
// applies facts and decides nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/journal/journal.h"
#include "libs/runtime/service.h"

namespace gannet::app {

// Builds the services that wrote the journal into `deps`; they live as long as what is
// returned.
using ReplayedServices = std::shared_ptr<void>;
using ServiceFactory = std::function<absl::StatusOr<ReplayedServices>(
    const journal::SegmentInfo& info, runtime::Deps& deps)>;

// The first fact that is not the same on both sides; a side without one is empty.
struct FactDifference {
  struct Side {
    std::string topic, payload;
  };
  uint64_t sequence = 0;  // of the recorded fact, else of the input that followed
  Side recorded, decided;
};

struct JournalComparison {
  uint64_t runs = 0;  // starts of the process that the journal covers
  uint64_t inputs = 0;
  uint64_t facts = 0;  // recorded and compared
  uint64_t equal = 0;
  uint64_t missing = 0;     // recorded, not decided again
  uint64_t extra = 0;       // decided again, not recorded
  uint64_t unfinished = 0;  // of turns that a crash cut short: never visible, not compared
  uint64_t gaps = 0;        // where records were dropped or lost: that run goes no further
  uint64_t undecided = 0;   // facts after a gap, up to the next start
  uint64_t snapshots = 0;   // compared with the state here: 0 or 1, the newest
  // What each start knew, made from the facts alone; by epoch.
  std::map<uint64_t, runtime::Shard::StateHashes> recovered;
  struct Topic {
    uint64_t recorded = 0, equal = 0;
  };
  std::map<std::string, Topic> topics;
  // SHA-256 over intents, verdicts and execution reports (docs/canonical.md).
  std::string recorded_decisions, decided_decisions;

  std::string first_difference;  // for people; empty when all are equal
  std::optional<FactDifference> difference;
  std::string stopped;  // why what follows could not be decided again; empty: all was
  bool ok() const { return first_difference.empty() && stopped.empty(); }
};

struct ReplayHooks {
  // Before each start of the process that the journal covers is decided again.
  std::function<void(const journal::Record& resume, const journal::SegmentInfo& info)> on_start;
  // The part of a fact that can be compared; empty: all of it.
  std::function<std::string(std::string_view topic, std::string_view payload)> comparable;
};

// `shard` as the process had it; run and epoch are taken from the journal. An error:
// there is no journal, or services cannot be built.
absl::StatusOr<JournalComparison> ReplayJournal(base::Files& files, const std::string& dir,
                                                const runtime::ShardOptions& shard,
                                                const ServiceFactory& make_services,
                                                const ReplayHooks& hooks = {});

}  // namespace gannet::app
