// Fills folded again, first in first out, with what each lot rested on: which fill
// opened it, because of which kind of news or which model. Exact, and equal to what
// reporting_engine keeps: the sum over `parts` is the realised result of the
// positions. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/market/instrument.h"
#include "libs/market/position.h"
#include "libs/store/rows.h"

namespace gannet::reporting {

// What is told of a fill beside its row.
struct LedgerFill {
  std::string event_type;   // CauseOf
  market::Money realized;   // before fees, quote asset
  market::Money quote_fee;  // paid in the quote asset
  bool booked = false;      // false: no definition, or numbers that no market makes
};

// What one fill closed of the lot that another one had opened.
struct ClosedPart {
  size_t opened_by = 0, closed_by = 0;  // indexes of fills
  market::Money quantity;               // ≥ 0, base units
  bool was_long = true;
  market::Money gross;  // realised before fees
  market::Money fees;   // in the quote asset: this part's share of both fills'
};

struct Ledger {
  std::vector<LedgerFill> fills;  // of the same indexes as the rows
  std::vector<ClosedPart> parts;  // in the order of closing
  std::map<market::PositionKey, market::Position> positions;
};

// `rows` in the order of time.
Ledger FoldLedger(const std::vector<store::FillRow>& rows,
                  const std::map<market::InstrumentId, market::Instrument>& definitions,
                  const std::map<market::EventId, store::SignalRow>& signals);

// What a fill's order rested on: the kind of news ("HACK"), kPredictionCause for a
// model's prediction, kNoCause for an order that rested on neither (quotes),
// kUnknownCause for a signal that is not in the store.
inline constexpr std::string_view kPredictionCause = "PREDICTION";
inline constexpr std::string_view kNoCause = "NO SIGNAL";
inline constexpr std::string_view kUnknownCause = "SIGNAL NOT KEPT";
std::string CauseOf(const store::FillRow& row,
                    const std::map<market::EventId, store::SignalRow>& signals);

// All that one order closed is one trade, whatever number of fills it took; what people
// signed, which no order closed, is one trade an event.
struct ClosedTrade {
  market::ClientOrderId order;  // that closed; or empty
  base::Time opened, closed;    // of the first lot; of the last fill
  market::AccountId account;
  market::StrategyId strategy;
  market::InstrumentId instrument;
  bool was_long = true;
  market::Money quantity, gross, fees;
  std::string event_type, model_version;  // of the fill that opened the first lot
  market::EventId signal;                 // of the same fill; may be empty
  market::Money net() const { return gross - fees; }
};
// Of parts whose closing fill's index is in `of`; in the order of the first closing.
std::vector<ClosedTrade> TradesOf(const Ledger& ledger, const std::vector<store::FillRow>& rows,
                                  const std::set<size_t>& of);

}  // namespace gannet::reporting
