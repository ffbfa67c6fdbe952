// Open orders and what they reserve, and the reports that end them.
#include <algorithm>

#include "libs/base/check.h"
#include "services/risk/exposure_book.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::Money;
using market::Rounding;
using market::Side;

}  // namespace

void ExposureBook::UseSequence(Index leaf, uint64_t sequence) {
  leaves_[leaf].last_sequence = std::max(leaves_[leaf].last_sequence, sequence);
}

void ExposureBook::Open(Index leaf, const market::OrderIntent& intent, const Answer& answer) {
  OpenOrder* opened = orders_.Add(intent.client_order_id);
  if (opened == nullptr) return;  // a repeated fact
  OpenOrder& order = *opened;
  order.leaf = leaf;
  order.side = intent.side;
  order.quantity = intent.quantity;
  order.reserved = answer.reserved;
  order.meets = MeetingPrice(intent);
  order.decided = answer.decided;
  order.is_parent = intent.kind == market::IntentKind::kParent;
  if (!intent.parent.empty()) Take(order, intent);
  if (order.is_parent) {
    order.answered = true;  // execution never hears of it
  } else {
    for (ScopeRow* scope : leaves_[leaf].scope_rows) ++scope->open_orders;
    PutPrice(order, true);
    orders_.Await(order);
  }
  Reserve(order, order.quantity.mantissa, order.reserved.units());
}

void ExposureBook::Reserve(OpenOrder& order, int64_t rest) {
  const auto part =
      market::MulDiv(order.reserved.units(), rest, order.quantity.mantissa, Rounding::kUp);
  GANNET_CHECK(part.has_value(), "a part of a reservation fits where the whole did");
  Reserve(order, rest, *part);
}

void ExposureBook::Reserve(OpenOrder& order, int64_t rest, Int128 value) {
  Leaf& leaf = leaves_[order.leaf];
  const InstrumentRow& row = *leaf.instrument_row;
  const bool buy = order.side == Side::kBuy;
  const int64_t quantity = rest - order.rest;
  (buy ? leaf.open_buy : leaf.open_sell) += quantity;
  order.rest = rest;

  const Int128 change = value - order.rest_value;
  order.rest_value = value;
  for (Cell* cell : leaf.cell_rows) {
    (buy ? cell->open_buy : cell->open_sell) += quantity;
    (buy ? cell->buys : cell->sells) += change;
    Revalue(*cell);
  }
  if (row.derivative()) return;
  const Money asset = buy ? Money(value, order.reserved.scale())
                          : row.definition.BaseAmount(market::Quantity{rest});
  (buy ? leaf.quote_row : leaf.base_row)->reserved += asset - order.rest_asset;
  order.rest_asset = asset;
}

void ExposureBook::ApplyReport(const market::ExecReport& report, base::Time at) {
  using market::ExecKind;
  if (report.kind == ExecKind::kIllegal) return;
  std::optional<int64_t> filled;
  if (report.fill) {
    filled = ApplyFill(report);
    const Index leaf = FindLeaf(report.account, report.strategy, report.instrument);
    if (filled && leaf != kNone) {
      CountFill(leaf, at);
      Compare(leaves_[leaf], at);
    }
  }
  OpenOrder* found = orders_.Find(report.client_order_id);
  if (found == nullptr) return;

  OpenOrder& order = *found;
  order.answered = true;
  orders_.Answer(order);
  // What comes of an unknown fate was counted when it became unknown.
  const bool in_doubt = order.state == market::OrderState::kUnknown;
  order.state = report.state;
  if (!in_doubt && (report.kind == ExecKind::kRejected || report.kind == ExecKind::kUnknown ||
                    report.kind == ExecKind::kAbsent)) {
    CountFailure(order, at);
  }
  if (filled) {
    if (order.cumulative.mantissa == 0) CountExecution(order, at);
    order.cumulative.mantissa =
        std::min(order.cumulative.mantissa + *filled, order.quantity.mantissa);
    Reserve(order, order.quantity.mantissa - order.cumulative.mantissa);
  }
  if (market::IsTerminal(report.state)) {
    GiveBack(order);
    Reserve(order, 0);
    PutPrice(order, false);
    for (ScopeRow* scope : leaves_[order.leaf].scope_rows) --scope->open_orders;
    orders_.Erase(order);
  }
}

}  // namespace gannet::risk
