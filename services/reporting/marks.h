// The price at which each instrument is valued: the mid of its last two-sided
// quote, and whether its book has been VALID since. Pure; one thread.
#pragma once

#include <map>
#include <set>

#include "libs/base/time.h"
#include "libs/market/ids.h"
#include "libs/market/market_data.h"
#include "libs/store/rows.h"

namespace gannet::reporting {

struct Mark {
  market::Price mid;  // rounded down to the price scale
  base::Time time;    // when the quote was received
  store::MarkState state = store::MarkState::kUnpriced;
};

class Marks {
 public:
  void OnQuote(const market::Quote& quote, base::Time received);
  void OnStatus(const market::MarketStatus& status);
  // Its prices are written at another scale from here on: unpriced until the next quote.
  void Forget(const market::InstrumentId& instrument) { marks_.erase(instrument); }
  // kUnpriced without a quote.
  Mark Of(const market::InstrumentId& instrument) const;

 private:
  std::map<market::InstrumentId, Mark> marks_;
  std::set<market::InstrumentId> invalid_;  // whose book is not VALID
};

}  // namespace gannet::reporting
