#include "services/reporting/ledger.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>

#include "libs/market/names.h"
#include "services/reporting/definitions.h"

namespace gannet::reporting {
namespace {

using market::Money;

int64_t Magnitude(int64_t value) { return value < 0 ? -value : value; }

// Takes `part` of `whole` out of `amount`, to the last unit.
Money Share(Money& amount, int64_t part, int64_t whole) {
  if (whole <= 0 || part >= whole) return std::exchange(amount, Money(0, amount.scale()));
  const auto units = market::MulDiv(amount.units(), part, whole, market::Rounding::kFloor);
  const Money taken(units.value_or(0), amount.scale());
  amount -= taken;
  return taken;
}

// Beside a lot of market::Position: who opened it, and its fee not yet given to a
// part.
struct Tag {
  size_t opened_by = 0;
  int64_t quantity = 0;
  Money fee;
};

class Folder {
 public:
  Folder(const std::vector<store::FillRow>& rows,
         const std::map<market::InstrumentId, market::Instrument>& definitions, Ledger& out)
      : rows_(rows), definitions_(definitions), out_(out) {}

  void Book(size_t index) {
    const store::FillRow& row = rows_[index];
    LedgerFill& fill = out_.fills[index];
    const auto definition = definitions_.find(row.instrument);
    if (definition == definitions_.end()) return;
    const auto traded = FillOf(row, definition->second);
    if (!traded) return;
    const market::PositionKey key{row.account, row.strategy, row.instrument};
    market::Position& position = out_.positions[key];
    const int64_t before = position.net.mantissa;
    const size_t lots_before = position.lots.size();
    std::vector<market::ClosedLot> closed;
    if (!market::ApplyFill(position, definition->second, row.side, *traded, &closed).ok()) return;
    fill.booked = true;
    if (row.fee_asset == definition->second.quote) fill.quote_fee = row.fee;
    Money fee = fill.quote_fee;
    int64_t left = Magnitude(position.net.mantissa - before);
    size_t whole = 0;
    for (const market::ClosedLot& lot : closed) {
      fill.realized += lot.opened + lot.closed;
      Close(tags_[key], index, lot, definition->second, fee, left);
      whole += lot.whole ? 1 : 0;
    }
    if (left == 0) return;
    if (position.lots.size() + whole > lots_before) {
      tags_[key].push_back({index, left, fee});
    } else {  // merged into the newest lot (kMaxLots)
      tags_[key].back().quantity += left;
      tags_[key].back().fee += fee;
    }
  }

 private:
  // `fee` and `left`: of the closing fill, what is not given away yet.
  void Close(std::deque<Tag>& tags, size_t index, const market::ClosedLot& lot,
             const market::Instrument& definition, Money& fee, int64_t& left) {
    ClosedPart part;
    part.closed_by = index;
    part.opened_by = index;
    part.gross = lot.opened + lot.closed;
    const int64_t quantity = Magnitude(lot.quantity.mantissa);
    if (quantity == 0) {  // a fee ate the whole fill: it closed nothing but itself
      part.fees = std::exchange(fee, Money());
      out_.parts.push_back(std::move(part));
      return;
    }
    Tag& tag = tags.front();
    part.opened_by = tag.opened_by;
    part.was_long = lot.quantity.mantissa > 0;
    part.quantity = Money(quantity, definition.quantity_scale);
    part.fees = Share(tag.fee, quantity, tag.quantity) + Share(fee, quantity, left);
    tag.quantity -= quantity;
    left -= quantity;
    if (lot.whole) tags.pop_front();
    out_.parts.push_back(std::move(part));
  }

  const std::vector<store::FillRow>& rows_;
  const std::map<market::InstrumentId, market::Instrument>& definitions_;
  Ledger& out_;
  std::map<market::PositionKey, std::deque<Tag>> tags_;
};

}  // namespace

std::string CauseOf(const store::FillRow& row,
                    const std::map<market::EventId, store::SignalRow>& signals) {
  if (const auto found = signals.find(row.signal); found != signals.end())
    return market::Name(found->second.type);
  if (!row.model_version.empty()) return std::string(kPredictionCause);
  return std::string(row.signal.empty() ? kNoCause : kUnknownCause);
}

Ledger FoldLedger(const std::vector<store::FillRow>& rows,
                  const std::map<market::InstrumentId, market::Instrument>& definitions,
                  const std::map<market::EventId, store::SignalRow>& signals) {
  Ledger ledger;
  ledger.fills.resize(rows.size());
  Folder folder(rows, definitions, ledger);
  for (size_t i = 0; i < rows.size(); ++i) {
    ledger.fills[i].event_type = CauseOf(rows[i], signals);
    folder.Book(i);
  }
  return ledger;
}

std::vector<ClosedTrade> TradesOf(const Ledger& ledger, const std::vector<store::FillRow>& rows,
                                  const std::set<size_t>& of) {
  std::vector<ClosedTrade> trades;
  // What no order closed is told apart by the event that closed it.
  std::map<std::tuple<market::PositionKey, market::ClientOrderId, market::EventId>, size_t>
      by_order;
  for (const ClosedPart& part : ledger.parts) {
    if (!of.contains(part.closed_by)) continue;
    const store::FillRow& closing = rows[part.closed_by];
    const store::FillRow& opening = rows[part.opened_by];
    const auto [at, is_new] =
        by_order.try_emplace({{closing.account, closing.strategy, closing.instrument},
                              closing.client_order_id,
                              closing.client_order_id.empty() ? closing.id : market::EventId()},
                             trades.size());
    if (is_new) {
      ClosedTrade trade;
      trade.order = closing.client_order_id;
      trade.opened = opening.time;
      trade.account = closing.account;
      trade.strategy = closing.strategy;
      trade.instrument = closing.instrument;
      trade.was_long = part.was_long;
      trade.event_type = ledger.fills[part.opened_by].event_type;
      trade.model_version = opening.model_version;
      trade.signal = opening.signal;
      trades.push_back(std::move(trade));
    }
    ClosedTrade& trade = trades[at->second];
    trade.opened = std::min(trade.opened, opening.time);
    trade.closed = std::max(trade.closed, closing.time);
    trade.quantity += part.quantity;
    trade.gross += part.gross;
    trade.fees += part.fees;
  }
  return trades;
}

}  // namespace gannet::reporting
