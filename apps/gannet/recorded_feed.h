// A recording (docs/journal.md) as the input of a shard: the events of market.*,
// news.raw and ref.instruments, merged over all partitions in the order in which they
// were published, and handed in as the bus would bring them (runtime/bus_link.h).
//
// The order is by the engine time of who published (Header::publish_time), then by the
// sequence of the event id, which is the order of one process, then by stream, topic,
// partition and offset. An event that lies there twice comes once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/gannet/event_sorter.h"
#include "apps/gannet/replay_feed.h"
#include "libs/base/files.h"
#include "libs/bus/topics.h"
#include "libs/journal/recording.h"
#include "libs/market/book.h"
#include "libs/runtime/book_gate.h"
#include "libs/runtime/bus_link.h"

namespace gannet::app {

struct RecordedFeedOptions {
  std::string folder;              // of the recording, or a data folder that has it as "journal"
  std::optional<base::Time> from;  // the first; definitions from before it come at it
  std::optional<base::Time> to;    // not included
  std::string scratch;             // for what does not fit into memory
  size_t max_memory = EventSorter::kDefaultMemory;
};

class RecordedFeed : public ReplayFeed {
 public:
  // Reads the whole recording. INVALID_ARGUMENT: nothing of that time is in it.
  static absl::StatusOr<std::unique_ptr<RecordedFeed>> Open(const RecordedFeedOptions& options,
                                                            base::Files& files);

  base::Time first_time() const override { return first_time_; }
  std::optional<base::Time> next_time() const override;
  void Attach(VirtualHost& host) override;
  absl::Status Step() override;
  void Finish() override {}
  uint64_t inputs() const override { return inputs_; }
  void Report(std::ostream& out) const override;

 private:
  RecordedFeed(const RecordedFeedOptions& options, base::Files& files)
      : options_(options), sorter_(files, options.scratch, options.max_memory) {}
  absl::Status Read(base::Files& files);
  absl::Status Take(size_t topic, const journal::RecordedMessage& message, bool repeat);
  void TakeGap(const journal::RecordedGap& gap);
  absl::Status Advance();
  void Follow(const market::BookUpdate& update);
  void Compare(const market::Quote& quote);

  const RecordedFeedOptions options_;
  EventSorter sorter_;
  std::optional<SortedEvent> next_;
  EventKey before_;  // of the event before `next_`
  base::Time first_time_{};
  uint64_t inputs_ = 0;
  runtime::Shard* shard_ = nullptr;
  std::unique_ptr<runtime::BusLink> link_;
  std::vector<std::optional<runtime::InputPort>> ports_;  // by topic; nothing: nobody listens
  runtime::BookGate gate_;
  uint64_t gaps_in_books_ = 0;

  // Of reference data, by key, what came before the first event.
  std::map<std::string, std::map<EventKey, std::string>> definitions_;
  std::deque<SortedEvent> first_;                      // of each the newest: come first
  std::set<std::pair<uint32_t, uint64_t>> book_gaps_;  // partition, offset behind the gap

  struct BookCheck {
    market::Book book;
    market::BookState state = market::BookState::kInvalid;
    uint64_t last_update_id = 0;
    uint64_t updates = 0, crossed = 0, quotes = 0, differ = 0;
  };
  std::map<market::InstrumentId, BookCheck> books_;
  std::map<journal::RecordedGapReason, uint64_t> gaps_;
  uint64_t read_ = 0, undecodable_ = 0, twice_ = 0, missing_ = 0;
};

}  // namespace gannet::app
