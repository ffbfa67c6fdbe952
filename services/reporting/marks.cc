#include "services/reporting/marks.h"

namespace gannet::reporting {

void Marks::OnQuote(const market::Quote& quote, base::Time received) {
  if (quote.bid.quantity.mantissa <= 0 || quote.ask.quantity.mantissa <= 0) return;
  // Midway: both mantissas are far below half of int64.
  const market::Price mid{quote.bid.price.mantissa +
                          (quote.ask.price.mantissa - quote.bid.price.mantissa) / 2};
  marks_[quote.instrument] = {mid, received, store::MarkState::kValid};
}

void Marks::OnStatus(const market::MarketStatus& status) {
  if (status.instrument.empty()) return;  // of a feed: its instruments follow one by one
  if (status.book_state == market::BookState::kValid) {
    invalid_.erase(status.instrument);
  } else {
    invalid_.insert(status.instrument);
  }
}

Mark Marks::Of(const market::InstrumentId& instrument) const {
  const auto found = marks_.find(instrument);
  if (found == marks_.end()) return {};
  Mark mark = found->second;
  if (invalid_.contains(instrument)) mark.state = store::MarkState::kInvalid;
  return mark;
}

}  // namespace gannet::reporting
