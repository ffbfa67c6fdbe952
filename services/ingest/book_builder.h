// One instrument's book from a REST snapshot and a stream of diffs, by the venue's
// documented rule. Pure; the owner publishes what comes out.
//
// Spot (web-socket-streams.md, "How to manage a local order book correctly"):
//   a diff with u <= lastUpdateId is older than the snapshot; the first one applied
//   has U <= lastUpdateId + 1 <= u; each next one has U = last u + 1.
// Futures (USD-M and COIN-M, "How to manage a local order book correctly"):
//   a diff with u < lastUpdateId is older; the first one applied has
//   U <= lastUpdateId <= u, or pu = lastUpdateId (ids are shared by all symbols, so
//   the next diff of this one may begin above the snapshot); then pu = last u.
// Bybit (websocket/public/orderbook): the snapshot comes on the stream, at its beginning and
//   whenever the venue has reason to, and takes the place of the book; each diff has one id
//   u, one more than that of the message before.
//
// Repeated diffs (two connections overlap while one replaces the other) are dropped
// and counted. Anything that does not continue makes the book INVALID: what follows
// is kept, up to a limit, until a snapshot links to it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/book.h"
#include "libs/market/market_data.h"

namespace gannet::ingest {

inline constexpr size_t kMaxBufferedDiffs = 2'000;
inline constexpr size_t kMaxBufferedLevels = 400'000;  // 6.4 MB
inline constexpr size_t kMaxBookLevels = 10'000;       // a side; the worst are let go and counted

struct BookDiff {
  uint64_t first_id = 0, last_id = 0;
  std::optional<uint64_t> previous_id;  // futures
  base::Time event_time, receive_time;
  std::vector<market::Level> bids, asks;
};

struct BookSnapshot {
  uint64_t last_update_id = 0;
  std::vector<market::Level> bids, asks;
  base::Time event_time{};  // where it is known
};

struct BookCounters {
  uint64_t diffs = 0;  // received
  uint64_t applied = 0;
  uint64_t buffered = 0;
  uint64_t buffer_dropped = 0;  // let go because the buffer was full
  uint64_t older = 0;           // than the snapshot
  uint64_t repeated = 0;        // already applied
  uint64_t overlapping = 0;     // spot: begins before, ends after the last one; applied
  uint64_t gaps = 0;
  uint64_t crossed = 0;
  uint64_t snapshots_used = 0;
  uint64_t snapshots_too_old = 0;   // the buffered diffs begin after them
  uint64_t snapshots_unneeded = 0;  // the book was VALID, or only stale
  uint64_t snapshots_refused = 0;   // crossed in themselves
  uint64_t resets = 0;              // snapshots that took the place of a VALID book
  uint64_t trimmed_levels = 0;
};

class BookBuilder {
 public:
  // `chained`: diffs continue by pu (futures), not by U and u.
  explicit BookBuilder(bool chained) : chained_(chained) {}

  // What a call changed, in the order in which it must be published.
  struct Change {
    bool snapshot = false;  // `levels` of the whole book
    bool invalid = false;   // the book became INVALID: `fault`; nothing else is set
    market::BookFault fault = market::BookFault::kNone;
    uint64_t first_id = 0, last_id = 0;
    base::Time event_time{}, receive_time{};  // of the diff; a snapshot has no receive time
    std::vector<market::Level> bids, asks;
    std::optional<market::Level> best_bid, best_ask;  // after this change
    uint64_t diffs_since_snapshot = 0;
  };

  std::vector<Change> OnDiff(BookDiff diff);
  std::vector<Change> OnSnapshot(const BookSnapshot& snapshot);
  // The venue began the book anew on its stream: in place of all that was before.
  std::vector<Change> OnReset(const BookSnapshot& snapshot);
  // The stream is no longer to be relied on. kStale keeps the book aside: the next
  // diff that continues it makes it VALID again (snapshot = true in its change).
  std::vector<Change> Invalidate(market::BookFault fault);

  market::BookState state() const {
    return valid_ ? market::BookState::kValid : market::BookState::kInvalid;
  }
  market::BookFault fault() const { return valid_ ? market::BookFault::kNone : fault_; }
  const market::Book& book() const { return book_; }
  uint64_t last_update_id() const { return last_id_; }
  const BookCounters& counters() const { return counters_; }
  size_t buffered() const { return buffer_.size(); }

 private:
  enum class Fit { kOld, kNext, kGap };
  Fit FitOf(const BookDiff& diff);
  void Buffer(BookDiff diff);
  void DropBuffer();
  void Apply(BookDiff diff, std::vector<Change>& out);
  void Fail(market::BookFault fault, std::vector<Change>& out);
  void Trim(market::Side side, std::vector<market::Level>& levels);
  Change Whole() const;

  const bool chained_;
  market::Book book_;
  bool valid_ = false;
  bool set_aside_ = false;  // INVALID only because it is stale
  bool linked_ = false;     // a diff was applied since the snapshot
  market::BookFault fault_ = market::BookFault::kNoSnapshot;
  uint64_t last_id_ = 0;
  uint64_t diffs_since_snapshot_ = 0;
  std::deque<BookDiff> buffer_;
  size_t buffered_levels_ = 0;
  BookCounters counters_;
};

}  // namespace gannet::ingest
