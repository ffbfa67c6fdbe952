#include "services/ingest/book_builder.h"

#include <utility>

namespace gannet::ingest {

using market::BookFault;
using market::Level;
using market::Side;

BookBuilder::Fit BookBuilder::FitOf(const BookDiff& diff) {
  if (!linked_) {  // last_id_ is that of the snapshot
    if (chained_) {
      if (diff.last_id < last_id_) return Fit::kOld;
      const bool spans = diff.first_id <= last_id_ && last_id_ <= diff.last_id;
      return spans || diff.previous_id == last_id_ ? Fit::kNext : Fit::kGap;
    }
    if (diff.last_id <= last_id_) return Fit::kOld;
    return diff.first_id <= last_id_ + 1 ? Fit::kNext : Fit::kGap;
  }
  if (diff.last_id <= last_id_) return Fit::kOld;
  if (chained_) return diff.previous_id == last_id_ ? Fit::kNext : Fit::kGap;
  if (diff.first_id <= last_id_) ++counters_.overlapping;
  return diff.first_id <= last_id_ + 1 ? Fit::kNext : Fit::kGap;
}

void BookBuilder::Buffer(BookDiff diff) {
  const size_t levels = diff.bids.size() + diff.asks.size();
  while (!buffer_.empty() &&
         (buffer_.size() >= kMaxBufferedDiffs || buffered_levels_ + levels > kMaxBufferedLevels)) {
    buffered_levels_ -= buffer_.front().bids.size() + buffer_.front().asks.size();
    buffer_.pop_front();
    ++counters_.buffer_dropped;
  }
  ++counters_.buffered;
  buffered_levels_ += levels;
  buffer_.push_back(std::move(diff));
}

void BookBuilder::DropBuffer() {
  buffer_.clear();
  buffered_levels_ = 0;
}

void BookBuilder::Trim(Side side, std::vector<Level>& levels) {
  while (book_.depth(side) > kMaxBookLevels) {
    const market::Price worst = book_.level(side, book_.depth(side) - 1).price;
    book_.Set(side, worst, market::Quantity{0});
    levels.push_back({worst, market::Quantity{0}});
    ++counters_.trimmed_levels;
  }
}

BookBuilder::Change BookBuilder::Whole() const {
  Change change;
  change.snapshot = true;
  change.first_id = change.last_id = last_id_;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    std::vector<Level>& levels = side == Side::kBuy ? change.bids : change.asks;
    levels.reserve(book_.depth(side));
    for (size_t i = 0; i < book_.depth(side); ++i) levels.push_back(book_.level(side, i));
  }
  change.best_bid = book_.best(Side::kBuy);
  change.best_ask = book_.best(Side::kSell);
  return change;
}

void BookBuilder::Fail(BookFault fault, std::vector<Change>& out) {
  if (fault == BookFault::kGap) ++counters_.gaps;
  if (fault == BookFault::kCrossed) ++counters_.crossed;
  book_.Clear();
  set_aside_ = false;
  linked_ = false;
  const bool news = valid_ || fault_ != fault;
  valid_ = false;
  fault_ = fault;
  if (!news) return;
  Change change;
  change.invalid = true;
  change.fault = fault;
  out.push_back(std::move(change));
}

void BookBuilder::Apply(BookDiff diff, std::vector<Change>& out) {
  for (const Level& level : diff.bids) book_.Set(Side::kBuy, level.price, level.quantity);
  for (const Level& level : diff.asks) book_.Set(Side::kSell, level.price, level.quantity);
  last_id_ = diff.last_id;
  linked_ = true;
  ++counters_.applied;
  if (book_.crossed()) return Fail(BookFault::kCrossed, out);
  Trim(Side::kBuy, diff.bids);
  Trim(Side::kSell, diff.asks);
  Change change;
  if (set_aside_) {
    set_aside_ = false;
    valid_ = true;
    change = Whole();
  } else {
    change.bids = std::move(diff.bids);
    change.asks = std::move(diff.asks);
    change.best_bid = book_.best(Side::kBuy);
    change.best_ask = book_.best(Side::kSell);
  }
  change.first_id = diff.first_id;
  change.last_id = diff.last_id;
  change.event_time = diff.event_time;
  change.receive_time = diff.receive_time;
  change.diffs_since_snapshot = ++diffs_since_snapshot_;
  out.push_back(std::move(change));
}

std::vector<BookBuilder::Change> BookBuilder::OnDiff(BookDiff diff) {
  std::vector<Change> out;
  ++counters_.diffs;
  if (!valid_ && !set_aside_) {
    Buffer(std::move(diff));
    return out;
  }
  switch (FitOf(diff)) {
    case Fit::kOld:
      ++(linked_ ? counters_.repeated : counters_.older);
      break;
    case Fit::kNext:
      Apply(std::move(diff), out);
      break;
    case Fit::kGap:
      Fail(BookFault::kGap, out);
      Buffer(std::move(diff));
      break;
  }
  return out;
}

std::vector<BookBuilder::Change> BookBuilder::OnSnapshot(const BookSnapshot& snapshot) {
  std::vector<Change> out;
  if (valid_ || set_aside_) {
    ++counters_.snapshots_unneeded;
    return out;
  }
  book_.Clear();
  set_aside_ = false;
  linked_ = false;
  last_id_ = snapshot.last_update_id;
  diffs_since_snapshot_ = 0;
  for (const Level& level : snapshot.bids) book_.Set(Side::kBuy, level.price, level.quantity);
  for (const Level& level : snapshot.asks) book_.Set(Side::kSell, level.price, level.quantity);
  if (book_.crossed()) {
    ++counters_.snapshots_refused;
    Fail(BookFault::kCrossed, out);
    return out;
  }
  // Diffs older than the snapshot go; the first that remains must link to it.
  while (!buffer_.empty() && FitOf(buffer_.front()) == Fit::kOld) {
    buffered_levels_ -= buffer_.front().bids.size() + buffer_.front().asks.size();
    buffer_.pop_front();
    ++counters_.older;
  }
  if (!buffer_.empty() && FitOf(buffer_.front()) == Fit::kGap) {
    ++counters_.snapshots_too_old;
    book_.Clear();
    return out;  // INVALID as before; the buffer waits for a newer snapshot
  }
  ++counters_.snapshots_used;
  valid_ = true;
  fault_ = BookFault::kNone;
  std::vector<Level> trimmed;
  Trim(Side::kBuy, trimmed);
  Trim(Side::kSell, trimmed);
  out.push_back(Whole());
  out.back().event_time = snapshot.event_time;
  std::deque<BookDiff> waiting = std::exchange(buffer_, {});
  buffered_levels_ = 0;
  counters_.diffs -= waiting.size();  // counted again below
  for (BookDiff& diff : waiting) {
    for (Change& change : OnDiff(std::move(diff))) out.push_back(std::move(change));
  }
  return out;
}

std::vector<BookBuilder::Change> BookBuilder::OnReset(const BookSnapshot& snapshot) {
  counters_.resets += valid_;
  DropBuffer();
  valid_ = set_aside_ = false;
  return OnSnapshot(snapshot);
}

std::vector<BookBuilder::Change> BookBuilder::Invalidate(BookFault fault) {
  std::vector<Change> out;
  if (fault == BookFault::kStale) {
    if (!valid_) return out;
    valid_ = false;
    set_aside_ = true;
    fault_ = fault;
    Change change;
    change.invalid = true;
    change.fault = fault;
    out.push_back(std::move(change));
    return out;
  }
  DropBuffer();
  Fail(fault, out);
  return out;
}

}  // namespace gannet::ingest
