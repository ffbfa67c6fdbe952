// Does the book that was built agree with the venue's own best bid and ask? After
// each diff the best price and size of both sides are compared with the last
// bookTicker whose update id is not larger. That ticker may be received after the
// diff, so a comparison waits until a ticker beyond it has come (or the end).
//
// Pure. Bounded: what does not fit is counted and not compared.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/book.h"

namespace gannet::ingest {

inline constexpr size_t kMaxKeptTickers = 16'384;
inline constexpr size_t kMaxWaitingTops = 4'096;
inline constexpr size_t kMaxKeptDisagreements = 100;

struct TopOfBook {
  uint64_t update_id = 0;
  market::Level bid, ask;  // a missing side has quantity 0
  base::Time receive_time;
  uint64_t diffs_since_snapshot = 0;  // of a book
};

// A row that differs. Soon after a snapshot there is a known reason: a diff tells the
// levels that differ between the two ends of its window (100 ms), so a level that
// changed and changed back within one is not told; a snapshot taken in between shows
// what it was for that moment, and the book keeps it until the level changes again.
struct Disagreement {
  TopOfBook book, ticker;
};

class AgreementCheck {
 public:
  void OnTicker(const TopOfBook& ticker);
  void OnBook(const TopOfBook& top);
  // No more tickers will come: what waits is compared with the last one.
  void Finish();
  // As Finish, and what comes next is compared with new tickers only.
  void Restart();

  uint64_t compared() const { return compared_; }
  uint64_t agreed() const { return agreed_; }
  uint64_t not_compared() const { return not_compared_; }  // no ticker before it, or over a limit
  uint64_t tickers_out_of_order() const { return out_of_order_; }
  const std::vector<Disagreement>& disagreements() const {
    return disagreements_;
  }  // the first ones

 private:
  void Compare(const TopOfBook& top);

  std::deque<TopOfBook>
      tickers_;  // ascending ids; the first is the last one at or before what was compared
  std::deque<TopOfBook> waiting_;
  std::vector<Disagreement> disagreements_;
  uint64_t compared_ = 0, agreed_ = 0, not_compared_ = 0, out_of_order_ = 0;
};

}  // namespace gannet::ingest
