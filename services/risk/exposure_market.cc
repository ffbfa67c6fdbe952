// Market data of the exposure book: quotes, books, feeds.
#include <algorithm>

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
  if (market_limits_ && row.mid.mantissa > 0) {
    if (MarketSlice* slice = row.moves.At(at)) {
      const int64_t mid = row.mid.mantissa;
      slice->low = slice->low == 0 ? mid : std::min(slice->low, mid);
      slice->high = std::max(slice->high, mid);
      slice->last = mid;
    }
  }
  if (row.mark() != before || (row.mid.mantissa > 0) != quoted) RevalueInstrument(which);
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

void ExposureBook::Observe() {
  stats_.fees_unvalued = 0;
  for (ScopeRow& row : scopes_) {
    Value fees = 0;
    for (const auto& [asset, amount] : row.other_fees) {
      if (const auto value = ValueOfAsset(asset, amount)) {
        fees += *value;
      } else {
        ++stats_.fees_unvalued;
      }
    }
    row.fees = fees;
    if (row.unvalued == 0 && row.unmarked == 0) row.high = std::max(row.high, row.result());
  }
}

}  // namespace gannet::risk
