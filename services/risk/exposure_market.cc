// Market data of the exposure book: quotes, books, feeds.
#include <algorithm>
#include <tuple>

#include "services/risk/exposure_book.h"

namespace gannet::risk {

void ExposureBook::SetQuote(const market::Quote& quote, base::Time at) {
  const Index which = FindInstrument(quote.instrument);
  if (which == kNone || instruments_[which].definition.version != quote.instrument_version) {
    ++stats_.unknown_market_data;
    return;
  }
  InstrumentRow& row = instruments_[which];
  row.data_time = std::max(row.data_time, at);
  row.bid = quote.bid.quantity.mantissa > 0 ? quote.bid.price : market::Price{};
  row.ask = quote.ask.quantity.mantissa > 0 ? quote.ask.price : market::Price{};
  row.bid_size = quote.bid.quantity.mantissa;
  row.ask_size = quote.ask.quantity.mantissa;
  const bool both = row.bid.mantissa > 0 && row.ask.mantissa > 0;
  row.crossed = both && row.bid >= row.ask;
  const market::Price before = row.mark();
  const bool quoted = row.mid.mantissa > 0;
  row.mid.mantissa = both ? row.bid.mantissa + (row.ask.mantissa - row.bid.mantissa) / 2 : 0;
  if (row.mid.mantissa > 0) {
    row.awaited = false;
  } else if (quoted) {
    row.AwaitQuote();
  }
  if (market_limits_ && row.mid.mantissa > 0) {
    const uint64_t begun = row.moves.begun();
    if (MarketSlice* slice = row.moves.At(at)) {
      const int64_t mid = row.mid.mantissa;
      slice->low = slice->low == 0 ? mid : std::min(slice->low, mid);
      slice->high = std::max(slice->high, mid);
      slice->last = mid;
      FollowMoves(row, at, begun);
    }
  }
  if (row.mark() != before || (row.mid.mantissa > 0) != quoted) RevalueInstrument(which);
}

namespace {

market::Int128 SquareOfChange(int64_t before, int64_t last) {
  if (before <= 0) return 0;
  // Cut where it is beyond every limit, so that the sum of squares fits.
  constexpr market::Int128 kMost = 1'000'000'000'000'000;
  const market::Int128 change = static_cast<market::Int128>(last - before) * 1'000'000 / before;
  const market::Int128 cut = std::min(change, kMost);
  return cut * cut;
}

}  // namespace

void ExposureBook::SumMoves(const InstrumentRow& row, base::Time now) {
  Moves& moved = row.moved;
  moved = {};
  std::tie(moved.from, moved.until) = row.moves.Alike(now);
  int64_t last = 0;
  for (const auto& slice : row.moves.Sorted(now)) {
    if (slice.value == nullptr) break;
    moved.before = last;
    last = slice.value->last;
    moved.variance_before = moved.variance;
    moved.variance += SquareOfChange(moved.before, last);
    moved.newest = slice.index == row.moves.IndexOf(now);
    if (slice.value->low <= 0) continue;
    moved.low = moved.low == 0 ? slice.value->low : std::min(moved.low, slice.value->low);
    moved.high = std::max(moved.high, slice.value->high);
  }
}

// The newest slice has got another price: what the moves come to with it.
void ExposureBook::FollowMoves(InstrumentRow& row, base::Time at, uint64_t begun) const {
  Moves& moved = row.moved;
  if (moved.newest && row.moves.begun() == begun && at >= moved.from && at < moved.until) {
    const int64_t mid = row.mid.mantissa;
    moved.low = moved.low == 0 ? mid : std::min(moved.low, mid);
    moved.high = std::max(moved.high, mid);
    moved.variance = moved.variance_before + SquareOfChange(moved.before, mid);
  } else {
    moved.until = moved.from = base::Time();
  }
}

void ExposureBook::SetBook(const market::BookUpdate& update, base::Time at) {
  const Index which = FindInstrument(update.instrument);
  if (which == kNone || instruments_[which].definition.version != update.instrument_version) {
    ++stats_.unknown_market_data;
    return;
  }
  InstrumentRow& row = instruments_[which];
  row.book = update.state;
  row.book_fault = update.fault;
  // Word that the book is lost is no fresh data.
  if (update.state == market::BookState::kValid) row.data_time = std::max(row.data_time, at);
}

void ExposureBook::SetStatus(const market::MarketStatus& status) {
  const bool down = status.feed_state == market::FeedState::kDisconnected;
  if (status.instrument.empty()) {
    for (InstrumentRow& row : instruments_) {
      if (row.venue == status.feed) row.feed_down = down;
    }
    return;
  }
  const Index which = FindInstrument(status.instrument);
  if (which == kNone) {
    ++stats_.unknown_market_data;
    return;
  }
  instruments_[which].book = status.book_state;
  instruments_[which].book_fault = status.fault;
}

// While a feed is down its quotes may come yet; what nobody quotes any more must not keep the
// result of a firm from being known for good.
void ExposureBook::AwaitQuotes(base::Time now) {
  for (Index at = 0; at < instruments_.size(); ++at) {
    InstrumentRow& row = instruments_[at];
    if (!row.awaited) continue;
    if (row.feed_down || row.awaited_since == base::Time()) row.awaited_since = now;
    if (now - row.awaited_since < kQuoteWait) continue;
    row.awaited = false;
    RevalueInstrument(at);
  }
}

std::vector<market::InstrumentId> ExposureBook::Unquoted() const {
  std::vector<market::InstrumentId> unquoted;
  for (const InstrumentRow& row : instruments_) {
    if (row.mid.mantissa > 0 || row.awaited) continue;
    const bool held = std::any_of(row.cells.begin(), row.cells.end(),
                                  [this](Index cell) { return cells_[cell].position != 0; });
    if (held) unquoted.push_back(row.definition.id);
  }
  return unquoted;
}

std::vector<market::AssetId> ExposureBook::Unvalued() const {
  std::vector<market::AssetId> unvalued;
  for (const auto& [asset, amount] : scopes_.front().other_fees) {
    const InstrumentRow* rate = RateOf(asset);
    const bool awaited = rate != nullptr && rate->awaited;
    if (!amount.zero() && !awaited && !ValueOfAsset(asset, amount)) unvalued.push_back(asset);
  }
  return unvalued;
}

void ExposureBook::Observe() {
  for (ScopeRow& row : scopes_) {
    Value fees = 0;
    row.fees_unmarked = false;
    for (const auto& [asset, amount] : row.other_fees) {
      fees += ValueOfAsset(asset, amount).value_or(0);
      const InstrumentRow* rate = RateOf(asset);
      row.fees_unmarked = row.fees_unmarked || (rate != nullptr && rate->awaited);
    }
    row.fees = fees;
    if (row.known()) row.high = std::max(row.high, row.result());
    TakeRoom(row);
  }
}

}  // namespace gannet::risk
