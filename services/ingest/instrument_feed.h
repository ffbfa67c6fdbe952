// All that ingest knows of one instrument: its book, its trades and bars, its quote,
// and what was wrong with what came in. Pure; owned by one IngestEngine.
//
// Quotes: while the book is VALID a quote is given out whenever best price or size
// changed, from the book after each diff or from a bookTicker, whichever has the
// newer update id; ids never go back. While it is INVALID there is no quote.
//
// Trades: of the streams "trade" and "aggTrade" the one seen first is used, so that
// no trade counts twice. An aggregate is one trade with the id of its last part. Where ids
// do not count up, the last kRecentTrades of them tell what comes twice; what is missing
// shows only by the connection that was lost.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/venue/market_protocol.h"
#include "services/ingest/agreement.h"
#include "services/ingest/bar_builder.h"
#include "services/ingest/book_builder.h"
#include "services/ingest/market_output.h"

namespace gannet::ingest {

inline constexpr size_t kRecentTrades = 10'000;

struct QualityRules {
  // A message whose own time is further than this from its receive time is refused.
  base::Duration max_clock_skew = std::chrono::hours(1);
  // A trade or ticker this far from the middle of a VALID book is refused.
  int64_t max_deviation_ppm = 500'000;
};

struct FeedCounters {
  uint64_t trades = 0, trades_repeated = 0, trades_missed = 0;  // missed: ids that never came
  uint64_t trades_other_stream = 0;  // the same trades once more, as aggregates or singly
  uint64_t trades_not_market =
      0;  // insurance fund, auto-deleveraging, block: not dealt in the book
  uint64_t tickers = 0, tickers_repeated = 0;
  uint64_t klines = 0, bars = 0;
  uint64_t quotes = 0;
  uint64_t refused = 0;  // values that break a quality rule or do not fit the scales
  std::string last_refusal;
};

class InstrumentFeed {
 public:
  // `protocol` must outlive it.
  InstrumentFeed(std::string venue, const venue::MarketProtocol& protocol,
                 market::Instrument definition, bool inferred, QualityRules rules,
                 MarketOutput& output);
  InstrumentFeed(const InstrumentFeed&) = delete;
  InstrumentFeed& operator=(const InstrumentFeed&) = delete;

  // Publishes the definition as it is now.
  void Announce(const market::Header& cause);
  // New rules from the venue; nothing when they are the same. Other scales begin the
  // book anew.
  void Define(market::Instrument definition, const market::Header& cause);

  // A diff, or the whole book where the stream brings it.
  void OnDepth(const venue::DepthDiff& diff, const market::Header& cause);
  void OnTrade(const venue::TradeReport& trade, const market::Header& cause);
  void OnTicker(const venue::BookTicker& ticker, const market::Header& cause);
  void OnKline(const venue::Kline& kline, const market::Header& cause);
  // False: refused or of no use, and another one is needed.
  bool OnSnapshot(const venue::DepthSnapshot& snapshot, const market::Header& cause);
  void Invalidate(market::BookFault fault, const market::Header& cause);
  // The connection that its trades came over is gone.
  void OnFeedGap();
  // Trades may have been missed that no id will tell of.
  void OnTradesLost() { bars_.OnGap(); }
  void OnTime(base::Time now, const market::Header& cause);
  // Publishes a VALID book whole once more.
  void Refresh(const market::Header& cause);
  void Finish() { agreement_.Finish(); }

  // A bookTicker ahead of the book has waited since then for its diff.
  std::optional<base::Time> behind_since() const;
  bool needs_snapshot() const {
    return book_.state() == market::BookState::kInvalid &&
           book_.fault() != market::BookFault::kStale;
  }

  const market::Instrument& definition() const { return definition_; }
  bool inferred() const { return inferred_; }
  const BookBuilder& book() const { return book_; }
  const AgreementCheck& agreement() const { return agreement_; }
  const BarBuilder& bars() const { return bars_; }
  const FeedCounters& counters() const { return counters_; }
  base::Time last_depth() const { return last_depth_; }

  std::set<std::string> depth_connections;  // open ones that its book comes over
  // Open ones that its trades come over, where ids do not tell that one is missing.
  std::set<std::string> trade_connections;

 private:
  market::Header HeaderOf(const market::Header& cause, std::optional<base::Time> event_time,
                          uint64_t sequence) const;
  void Refuse(std::string_view why);
  bool HasQuantities(const BookSnapshot& snapshot);
  bool TimeIsPlausible(base::Time event_time, const market::Header& cause);
  bool PriceIsPlausible(market::Price price) const;
  // Counts trades that came before and trades that never came.
  bool IsNewTrade(const venue::TradeReport& report);
  std::optional<market::Level> LevelOf(std::string_view price, std::string_view quantity) const;
  void Give(std::vector<BookBuilder::Change> changes, const market::Header& cause);
  void GiveStatus(const market::Header& cause, std::string detail);
  void GiveQuote(const TopOfBook& top, const market::Header& header);
  void GiveBars(std::vector<market::Bar> bars, const market::Header& cause);
  void InferFrom(std::span<const market::Level> bids, std::span<const market::Level> asks,
                 const market::Header& cause);

  const std::string venue_;
  const venue::MarketProtocol& protocol_;
  const QualityRules rules_;
  MarketOutput& output_;
  market::Instrument definition_;
  bool inferred_;

  BookBuilder book_;
  AgreementCheck agreement_;
  BarBuilder bars_;
  FeedCounters counters_;
  base::Time last_depth_{};

  std::optional<bool> aggregate_trades_;  // which stream is used
  std::optional<uint64_t> last_trade_;
  std::unordered_set<uint64_t> recent_trades_;  // ids that do not count up
  std::deque<uint64_t> recent_order_;           // of their coming
  std::optional<uint64_t> last_ticker_;
  std::optional<TopOfBook> quoted_;
  std::optional<TopOfBook> ahead_;  // the oldest ticker that the book has not reached
  bool klines_seen_ = false;
  bool reconnected_ = false;  // no trade has come since
};

}  // namespace gannet::ingest
