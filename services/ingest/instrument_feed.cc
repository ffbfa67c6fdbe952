#include "services/ingest/instrument_feed.h"

#include <utility>

#include "libs/base/concat.h"
#include "services/ingest/definitions.h"

namespace gannet::ingest {

using base::Concat;
using market::BookFault;
using market::BookState;
using market::Header;
using market::Level;

namespace {

constexpr base::Time kNever{};

std::string_view FaultText(BookFault fault) {
  switch (fault) {
    case BookFault::kNone:
      return "valid";
    case BookFault::kNoSnapshot:
      return "no snapshot yet";
    case BookFault::kGap:
      return "diffs are missing";
    case BookFault::kCrossed:
      return "best bid at or above best ask";
    case BookFault::kStale:
      return "no diffs although the market moves";
    case BookFault::kDisconnected:
      return "connection lost";
    case BookFault::kBadData:
      return "a diff could not be read";
  }
  return "";
}

}  // namespace

InstrumentFeed::InstrumentFeed(std::string venue, const venue::MarketProtocol& protocol,
                               market::Instrument definition, bool inferred, QualityRules rules,
                               MarketOutput& output)
    : venue_(std::move(venue)),
      protocol_(protocol),
      rules_(rules),
      output_(output),
      definition_(std::move(definition)),
      inferred_(inferred),
      book_(protocol.chains_diffs()) {}

Header InstrumentFeed::HeaderOf(const Header& cause, std::optional<base::Time> event_time,
                                uint64_t sequence) const {
  Header header = cause;
  if (event_time && *event_time != kNever) header.event_time = *event_time;
  header.source = venue_;
  header.source_sequence = sequence;
  return header;
}

void InstrumentFeed::Refuse(std::string_view why) {
  ++counters_.refused;
  counters_.last_refusal = Concat({why});
}

// --- definition ----------------------------------------------------------------

void InstrumentFeed::Announce(const Header& cause) {
  output_.Publish(definition_, HeaderOf(cause, std::nullopt, definition_.version));
}

void InstrumentFeed::Define(market::Instrument definition, const Header& cause) {
  if (SameRules(definition, definition_) && !inferred_) return;
  const bool rescaled = definition.price_scale != definition_.price_scale ||
                        definition.quantity_scale != definition_.quantity_scale;
  definition.version = definition_.version + 1;
  definition_ = std::move(definition);
  inferred_ = false;
  Announce(cause);
  if (!rescaled) return;
  Invalidate(BookFault::kNoSnapshot, cause);
  agreement_.Restart();
  bars_.Restart();
  quoted_.reset();
  ahead_.reset();
}

void InstrumentFeed::InferFrom(std::span<const Level> bids, std::span<const Level> asks,
                               const Header& cause) {
  if (!inferred_ || definition_.tick.mantissa != 0) return;
  if (!InferSteps(protocol_, bids, asks, definition_)) return;
  ++definition_.version;
  Announce(cause);
  GiveStatus(
      cause,
      Concat({"definition inferred, not the venue's: tick ", definition_.Format(definition_.tick),
              ", lot ", definition_.Format(definition_.lot),
              " divide all prices and sizes of a snapshot of ",
              std::to_string(bids.size() + asks.size()), " levels; base '", definition_.base.text(),
              "', quote '", definition_.quote.text(), "' from the symbol"}));
}

// --- book ------------------------------------------------------------------------

void InstrumentFeed::GiveStatus(const Header& cause, std::string detail) {
  market::MarketStatus status;
  status.feed = venue_;
  status.instrument = definition_.id;
  status.feed_state = book_.fault() == BookFault::kDisconnected ? market::FeedState::kDisconnected
                      : book_.fault() == BookFault::kStale      ? market::FeedState::kStale
                                                                : market::FeedState::kConnected;
  status.book_state = book_.state();
  status.fault = book_.fault();
  status.detail = std::move(detail);
  output_.Publish(std::move(status), HeaderOf(cause, std::nullopt, book_.last_update_id()));
}

void InstrumentFeed::GiveQuote(const TopOfBook& top, const Header& header) {
  if (quoted_ && top.update_id < quoted_->update_id) return;
  const bool same = quoted_ && top.bid == quoted_->bid && top.ask == quoted_->ask;
  quoted_ = top;  // the id also when it says the same: what is older must not replace it
  if (same) return;
  ++counters_.quotes;
  market::Quote quote;
  quote.instrument = definition_.id;
  quote.instrument_version = definition_.version;
  quote.bid = top.bid;
  quote.ask = top.ask;
  quote.update_id = top.update_id;
  output_.Publish(std::move(quote), header);
}

void InstrumentFeed::Give(std::vector<BookBuilder::Change> changes, const Header& cause) {
  for (BookBuilder::Change& change : changes) {
    const bool was_quoted = quoted_.has_value();
    market::BookUpdate update;
    update.instrument = definition_.id;
    update.instrument_version = definition_.version;
    update.state = change.invalid ? BookState::kInvalid : BookState::kValid;
    update.fault = change.fault;
    update.snapshot = change.snapshot;
    update.first_update_id = change.first_id;
    update.last_update_id = change.last_id;
    update.bids = std::move(change.bids);
    update.asks = std::move(change.asks);
    const Header header = HeaderOf(cause, change.event_time, change.last_id);
    output_.Publish(std::move(update), header);
    if (change.invalid) {
      quoted_.reset();
      GiveStatus(cause, std::string(FaultText(change.fault)));
      continue;
    }
    TopOfBook top;
    top.update_id = change.last_id;
    top.bid = change.best_bid.value_or(Level{});
    top.ask = change.best_ask.value_or(Level{});
    top.receive_time = change.receive_time == kNever ? cause.receive_time : change.receive_time;
    top.diffs_since_snapshot = change.diffs_since_snapshot;
    if (change.receive_time != kNever) agreement_.OnBook(top);  // a diff, not the snapshot
    if (ahead_ && change.last_id >= ahead_->update_id) ahead_.reset();
    // Ids begin anew with a venue that does.
    if (change.snapshot && quoted_ && change.last_id < quoted_->update_id) quoted_.reset();
    if (change.snapshot && !was_quoted) GiveStatus(cause, "valid");
    GiveQuote(top, header);
  }
}

bool InstrumentFeed::TimeIsPlausible(base::Time event_time, const Header& cause) {
  const base::Duration skew = event_time > cause.receive_time ? event_time - cause.receive_time
                                                              : cause.receive_time - event_time;
  if (skew <= rules_.max_clock_skew) return true;
  Refuse(Concat({"its time ", base::FormatTime(event_time), " is far from its receive time ",
                 base::FormatTime(cause.receive_time),
                 "; check the clock of this machine or of the recording"}));
  return false;
}

// A diff that cannot be used breaks the chain: the book must not go on without it.
void InstrumentFeed::OnDepth(const venue::DepthDiff& text, const Header& cause) {
  last_depth_ = cause.receive_time;
  BookDiff diff;
  diff.first_id = text.first_id;
  diff.last_id = text.last_id;
  diff.previous_id = text.previous_id;
  diff.event_time = text.event_time;
  diff.receive_time = cause.receive_time;
  absl::Status status = venue::LevelsOf(definition_, "b", text.bids, diff.bids);
  if (status.ok()) status = venue::LevelsOf(definition_, "a", text.asks, diff.asks);
  if (!status.ok()) Refuse(std::string(status.message()));
  if (!status.ok() || !TimeIsPlausible(text.event_time, cause)) {
    return Give(book_.Invalidate(BookFault::kBadData), cause);
  }
  if (!text.snapshot) return Give(book_.OnDiff(std::move(diff)), cause);
  BookSnapshot whole{diff.last_id, std::move(diff.bids), std::move(diff.asks), diff.event_time};
  if (!HasQuantities(whole)) return Give(book_.Invalidate(BookFault::kBadData), cause);
  InferFrom(whole.bids, whole.asks, cause);
  Give(book_.OnReset(whole), cause);
}

bool InstrumentFeed::HasQuantities(const BookSnapshot& snapshot) {
  for (const std::vector<Level>* side : {&snapshot.bids, &snapshot.asks}) {
    for (const Level& level : *side) {
      if (level.quantity.mantissa > 0) continue;
      Refuse("a level of a snapshot has no quantity");
      return false;
    }
  }
  return true;
}

bool InstrumentFeed::OnSnapshot(const venue::DepthSnapshot& text, const Header& cause) {
  BookSnapshot snapshot;
  snapshot.last_update_id = text.last_update_id;
  absl::Status status = venue::LevelsOf(definition_, "bids", text.bids, snapshot.bids);
  if (status.ok()) status = venue::LevelsOf(definition_, "asks", text.asks, snapshot.asks);
  if (!status.ok()) {
    Refuse(std::string(status.message()));
    return false;
  }
  if (!HasQuantities(snapshot)) return false;
  InferFrom(snapshot.bids, snapshot.asks, cause);
  Give(book_.OnSnapshot(snapshot), cause);
  return !needs_snapshot();
}

void InstrumentFeed::Invalidate(BookFault fault, const Header& cause) {
  Give(book_.Invalidate(fault), cause);
  ahead_.reset();
}

std::optional<base::Time> InstrumentFeed::behind_since() const {
  if (!ahead_ || book_.state() != BookState::kValid) return std::nullopt;
  return ahead_->receive_time;
}

// --- ticker ----------------------------------------------------------------------

std::optional<Level> InstrumentFeed::LevelOf(std::string_view price,
                                             std::string_view quantity) const {
  const auto p = definition_.ParsePrice(price);
  const auto q = definition_.ParseQuantity(quantity);
  if (!p || !q || p->mantissa < 0 || q->mantissa < 0) return std::nullopt;
  if (q->mantissa == 0) return Level{};  // the venue's way to say: nothing on this side
  if (p->mantissa == 0) return std::nullopt;
  return Level{*p, *q};
}

bool InstrumentFeed::PriceIsPlausible(market::Price price) const {
  if (book_.state() != BookState::kValid) return true;
  const auto bid = book_.book().best(market::Side::kBuy),
             ask = book_.book().best(market::Side::kSell);
  if (!bid || !ask) return true;
  const market::Int128 twice_middle =
      static_cast<market::Int128>(bid->price.mantissa) + ask->price.mantissa;
  const market::Int128 away = static_cast<market::Int128>(price.mantissa) * 2 - twice_middle;
  constexpr market::Int128 kMillion = 1'000'000;
  return (away < 0 ? -away : away) * kMillion <= twice_middle * rules_.max_deviation_ppm;
}

void InstrumentFeed::OnTicker(const venue::BookTicker& ticker, const Header& cause) {
  ++counters_.tickers;
  const auto bid = LevelOf(ticker.bid_price, ticker.bid_quantity);
  const auto ask = LevelOf(ticker.ask_price, ticker.ask_quantity);
  if (!bid || !ask)
    return Refuse("a bookTicker's price or size does not fit the instrument's scale");
  const bool two_sided = bid->quantity.mantissa > 0 && ask->quantity.mantissa > 0;
  if (two_sided && bid->price >= ask->price) return Refuse("a bookTicker is crossed");
  if (ticker.event_time && !TimeIsPlausible(*ticker.event_time, cause)) return;
  if (two_sided && !PriceIsPlausible(bid->price) && !PriceIsPlausible(ask->price)) {
    return Refuse("a bookTicker is far from the book");
  }
  if (last_ticker_ && ticker.update_id <= *last_ticker_) {
    ++counters_.tickers_repeated;
    return;
  }
  last_ticker_ = ticker.update_id;
  const TopOfBook top{ticker.update_id, *bid, *ask, cause.receive_time, 0};
  agreement_.OnTicker(top);
  if (book_.state() != BookState::kValid) return;
  if (!ahead_ && ticker.update_id > book_.last_update_id()) ahead_ = top;
  GiveQuote(top, HeaderOf(cause, ticker.event_time, ticker.update_id));
}

// --- trades and bars ---------------------------------------------------------------

void InstrumentFeed::GiveBars(std::vector<market::Bar> bars, const Header& cause) {
  if (klines_seen_) return;  // the venue's own are given out
  for (market::Bar& bar : bars) {
    ++counters_.bars;
    bar.instrument = definition_.id;
    bar.instrument_version = definition_.version;
    const Header header = HeaderOf(cause, bar.open_time + bar.interval, last_trade_.value_or(0));
    output_.Publish(std::move(bar), header);
  }
}

bool InstrumentFeed::IsNewTrade(const venue::TradeReport& report) {
  if (!report.numbered) {
    if (!recent_trades_.insert(report.id).second) {
      ++counters_.trades_repeated;
      return false;
    }
    recent_order_.push_back(report.id);
    if (recent_order_.size() > kRecentTrades) {
      recent_trades_.erase(recent_order_.front());
      recent_order_.pop_front();
    }
    return true;
  }
  // A venue that was reset counts from the start again; over one connection it does not.
  if (std::exchange(reconnected_, false) && last_trade_ && report.last_trade <= *last_trade_)
    last_trade_.reset();
  if (last_trade_ && report.last_trade <= *last_trade_) {
    ++counters_.trades_repeated;
    return false;
  }
  if (last_trade_ && report.first_trade > *last_trade_ + 1) {
    counters_.trades_missed += report.first_trade - *last_trade_ - 1;
    bars_.OnGap();
  }
  last_trade_ = report.last_trade;
  return true;
}

void InstrumentFeed::OnTrade(const venue::TradeReport& report, const Header& cause) {
  if (!aggregate_trades_) aggregate_trades_ = report.aggregate;
  if (*aggregate_trades_ != report.aggregate) {
    ++counters_.trades_other_stream;
    return;
  }
  if (!TimeIsPlausible(report.trade_time, cause) || !IsNewTrade(report)) return;
  if (!report.execution_type.empty() && report.execution_type != "MARKET") {
    ++counters_.trades_not_market;
    return;
  }
  const auto price = definition_.ParsePrice(report.price);
  const auto quantity = definition_.ParseQuantity(report.quantity);
  const bool positive = price && quantity && price->mantissa > 0 && quantity->mantissa > 0;
  if (!positive || !PriceIsPlausible(*price)) {
    bars_.OnGap();
    return Refuse(positive ? "a trade is far from the book"
                           : "a trade's price or size is not positive at the instrument's scale");
  }
  ++counters_.trades;
  GiveBars(bars_.OnTrade(report.trade_time, *price, *quantity,
                         report.last_trade - report.first_trade + 1),
           cause);
  market::Trade trade;
  trade.instrument = definition_.id;
  trade.instrument_version = definition_.version;
  trade.trade_id = report.last_trade;
  trade.price = *price;
  trade.quantity = *quantity;
  trade.aggressor = report.buyer_is_maker ? market::Side::kSell : market::Side::kBuy;
  output_.Publish(std::move(trade), HeaderOf(cause, report.trade_time, report.last_trade));
}

void InstrumentFeed::OnKline(const venue::Kline& kline, const Header& cause) {
  if (kline.interval != "1m") return Refuse("a kline is not of one minute");
  if (!TimeIsPlausible(kline.event_time, cause) || !TimeIsPlausible(kline.open_time, cause)) return;
  market::Bar bar;
  const auto open = definition_.ParsePrice(kline.open), high = definition_.ParsePrice(kline.high);
  const auto low = definition_.ParsePrice(kline.low), close = definition_.ParsePrice(kline.close);
  const auto volume = definition_.ParseQuantity(kline.volume);
  if (!open || !high || !low || !close || !volume || low->mantissa <= 0 || volume->mantissa < 0) {
    return Refuse("a kline's number does not fit the instrument's scale");
  }
  if (*low > *open || *low > *close || *high < *open || *high < *close)
    return Refuse("a kline's high or low is not one");
  ++counters_.klines;
  klines_seen_ = true;
  bar.instrument = definition_.id;
  bar.instrument_version = definition_.version;
  bar.open_time = kline.open_time;
  bar.interval = kBarInterval;
  bar.open = *open;
  bar.high = *high;
  bar.low = *low;
  bar.close = *close;
  bar.volume = *volume;
  bar.trades = kline.trades;
  bar.closed = kline.closed;
  if (bar.closed) ++counters_.bars;
  output_.Publish(std::move(bar), HeaderOf(cause, kline.event_time, 0));
}

void InstrumentFeed::OnFeedGap() {
  bars_.OnGap();
  agreement_.Restart();
  last_ticker_.reset();
  reconnected_ = true;
}

void InstrumentFeed::OnTime(base::Time now, const Header& cause) {
  GiveBars(bars_.OnTime(now), cause);
}

void InstrumentFeed::Refresh(const Header& cause) {
  if (book_.state() != BookState::kValid) return;
  market::BookUpdate update;
  update.instrument = definition_.id;
  update.instrument_version = definition_.version;
  update.state = BookState::kValid;
  update.snapshot = true;
  update.first_update_id = update.last_update_id = book_.last_update_id();
  const market::Book& book = book_.book();
  for (size_t i = 0; i < book.depth(market::Side::kBuy); ++i)
    update.bids.push_back(book.level(market::Side::kBuy, i));
  for (size_t i = 0; i < book.depth(market::Side::kSell); ++i)
    update.asks.push_back(book.level(market::Side::kSell, i));
  output_.Publish(std::move(update), HeaderOf(cause, std::nullopt, book_.last_update_id()));
}

}  // namespace gannet::ingest
