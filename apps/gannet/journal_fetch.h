// `gannet journal fetch`: the journal of a scalable service, put together again from
// ops.journals.v1 (runtime/journal_copy.h), as Kafka or a recording has it. What comes out
// is the folder of a journal: verify, dump and replay take it.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "libs/base/files.h"

namespace gannet::app {

struct JournalFetchOptions {
  std::string program;          // "news-signal"
  std::string recorded;         // a recording, or
  std::string bus_file;         // what names the Kafka cluster
  std::string out_folder;       // absent or empty
  std::optional<uint64_t> run;  // the journal wanted; nothing: the newest
};

// Gives the messages of ops.journals.v1, in the order of each partition; may be asked twice.
using JournalSource =
    std::function<absl::Status(const std::function<absl::Status(std::string_view event)>&)>;

// NOT_FOUND: no piece of that program's journal. DATA_LOSS: its beginning, or a part of it,
// is no longer there.
absl::Status AssembleJournal(base::Files& files, const JournalFetchOptions& options,
                             const JournalSource& source, std::ostream& out);
absl::Status FetchJournal(base::Files& files, const JournalFetchOptions& options,
                          std::ostream& out);

}  // namespace gannet::app
