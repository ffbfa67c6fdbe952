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
  uint64_t& last = leaves_[leaf].last_sequence;
  last = std::max(last, sequence);
}

namespace {

// The part of a reservation for `whole` that `rest` takes, away from zero.
Int128 PartOf(const Money& reserved, int64_t rest, int64_t whole) {
  const auto part = market::MulDiv(reserved.units(), rest, whole, Rounding::kUp);
  GANNET_CHECK(part.has_value(), "a part of a reservation fits where the whole did");
  return *part;
}

// What `sum` holds becomes another amount.
void Move(Money& sum, const Money& before, const Money& after) {
  Int128 units = 0;
  if (sum.scale() == after.scale() && (before.zero() || before.scale() == after.scale()) &&
      !__builtin_add_overflow(sum.units(), after.units() - before.units(), &units)) {
    sum = Money(units, sum.scale());  // nearly always
  } else {
    sum += after - before;
  }
}

}  // namespace

const OpenOrder* ExposureBook::AmendedBy(const market::OrderIntent& intent) const {
  if (intent.kind != market::IntentKind::kAmend) return nullptr;
  const OpenOrder* order = orders_.Find(intent.target);
  if (order == nullptr || order->is_parent || order->side != intent.side ||
      order->leaf != FindLeaf(intent.account, intent.strategy, intent.instrument)) {
    return nullptr;
  }
  return order;
}

bool ExposureBook::OnlyReduces(const OpenOrder& order, const market::OrderIntent& amendment) {
  return amendment.quantity <= order.quantity && MeetingPrice(amendment) == order.meets;
}

ExposureBook::Addition ExposureBook::AdditionOf(const OpenOrder& order,
                                                const market::OrderIntent& amendment,
                                                const market::Money& reserved) {
  if (OnlyReduces(order, amendment) || amendment.quantity.mantissa <= 0) return {};
  const int64_t rest =
      std::max<int64_t>(amendment.quantity.mantissa - order.cumulative.mantissa, 0);
  const Int128 value = PartOf(reserved, rest, amendment.quantity.mantissa);
  return {std::max<int64_t>(rest - order.rest, 0), std::max<Int128>(value - order.rest_value, 0)};
}

// Until its fate is known the reservation covers the worse of old and new.
void ExposureBook::Amend(const market::OrderIntent& intent, const Answer& answer) {
  if (AmendedBy(intent) == nullptr) return;
  OpenOrder& order = *orders_.Find(intent.target);
  if (!order.amendment.empty()) return;  // a repeated fact
  order.amendment = intent.client_order_id;
  order.amended_quantity = intent.quantity;
  order.amended_reserved = answer.reserved;
  order.amended_meets = MeetingPrice(intent);
  order.decided = answer.decided;
  order.answered = false;
  orders_.Answer(order);  // where it waited still, it waits for both now
  orders_.Await(order);
  PutPrice(order, order.amended_meets, true);
  ReserveRest(order);
}

// What execution says of it. Of others, of which nothing is known here, nothing follows. What
// another hand has changed at the venue names none: nobody was asked, and what the order has
// become can be filled. The reservation grows with the price and never falls with it, since
// what it was made at may be the market's.
void ExposureBook::SettleAmendment(OpenOrder& order, const market::ExecReport& report) {
  if (report.kind == market::ExecKind::kReplaced && report.target.empty()) {
    InstrumentRow& row = *leaves_[order.leaf].instrument_row;
    const bool priced = order.meets > 0 && order.meets < kAnyBuy && report.price.mantissa > 0;
    const market::Quantity quantity = std::max(report.quantity, order.cumulative);
    auto reserved = market::MulDiv(order.reserved.units(), quantity.mantissa,
                                   order.quantity.mantissa, Rounding::kUp);
    if (reserved && priced && report.price.mantissa > order.meets)
      reserved = market::MulDiv(*reserved, report.price.mantissa, order.meets, Rounding::kUp);
    if (!reserved || quantity.mantissa <= 0 || row.definition.version != report.instrument_version)
      return Break(row, "what an order has become at the venue cannot be valued");
    order.reserved = Money(*reserved, order.reserved.scale());
    order.quantity = quantity;
    PutPrice(order, order.meets, false);
    if (priced) order.meets = report.price.mantissa;
    PutPrice(order, order.meets, true);
    return ReserveRest(order);
  }
  if (order.amendment.empty() || report.target != order.amendment) return;
  const bool took_effect = report.kind == market::ExecKind::kReplaced;
  if (!took_effect && report.kind != market::ExecKind::kReplaceRejected) return;
  PutPrice(order, took_effect ? order.meets : order.amended_meets, false);
  if (took_effect) {
    order.quantity = order.amended_quantity;
    order.reserved = order.amended_reserved;
    order.meets = order.amended_meets;
  }
  order.amendment = {};
  order.amended_quantity = {};
  order.amended_reserved = {};
  order.amended_meets = 0;
  ReserveRest(order);
}

void ExposureBook::Open(Index leaf, const market::OrderIntent& intent, const Answer& answer) {
  if (intent.kind == market::IntentKind::kAmend) return Amend(intent, answer);
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
    CountOpen(leaves_[leaf], 1);
    PutPrice(order, order.meets, true);
    orders_.Await(order);
  }
  Reserve(order, order.quantity.mantissa, order.reserved.units());
}

void ExposureBook::ReserveRest(OpenOrder& order) {
  const int64_t filled = order.cumulative.mantissa;
  int64_t rest = std::max<int64_t>(order.quantity.mantissa - filled, 0);
  Int128 value = PartOf(order.reserved, rest, order.quantity.mantissa);
  if (!order.amendment.empty()) {
    const int64_t amended = std::max<int64_t>(order.amended_quantity.mantissa - filled, 0);
    rest = std::max(rest, amended);
    value =
        std::max(value, PartOf(order.amended_reserved, amended, order.amended_quantity.mantissa));
  }
  Reserve(order, rest, value);
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
  bool simple = change <= kMostNarrow && change >= -kMostNarrow;
  for (Cell* cell : leaf.cell_rows) {
    (buy ? cell->open_buy : cell->open_sell) += quantity;
    (buy ? cell->buys : cell->sells) += change;
    simple &= cell->simple;
  }
  const auto reserved = static_cast<int64_t>(change);
  if (!simple) {
    for (Cell* cell : leaf.cell_rows) Revalue(*cell);
  } else if (buy) {
    RevalueSides<true>(leaf, reserved);
  } else {
    RevalueSides<false>(leaf, reserved);
  }
  if (!row.rules.spot) return;
  const Money asset =
      buy ? Money(value, order.reserved.scale()) : Money(rest, row.rules.quantity_scale);
  Move((buy ? leaf.quote_row : leaf.base_row)->reserved, order.rest_asset, asset);
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
  // Of the verdict on an amendment only what names it is the answer.
  if (order.amendment.empty() || report.target == order.amendment) {
    order.answered = true;
    orders_.Answer(order);
  }
  // What comes of an unknown fate was counted when it became unknown.
  const bool in_doubt = order.state == market::OrderState::kUnknown;
  order.state = report.state;
  if (!in_doubt && (report.kind == ExecKind::kRejected || report.kind == ExecKind::kUnknown ||
                    report.kind == ExecKind::kAbsent)) {
    CountFailure(order, at);
  }
  if (filled) {
    if (order.cumulative.mantissa == 0) CountExecution(order, at);
    const int64_t most = std::max(order.quantity, order.amended_quantity).mantissa;
    order.cumulative.mantissa = std::min(order.cumulative.mantissa + *filled, most);
    ReserveRest(order);
  }
  SettleAmendment(order, report);
  if (market::IsTerminal(report.state)) {
    GiveBack(order);
    Reserve(order, 0, 0);
    PutPrice(order, order.meets, false);
    if (!order.amendment.empty()) PutPrice(order, order.amended_meets, false);
    CountOpen(leaves_[order.leaf], -1);
    orders_.Erase(order);
  }
}

}  // namespace gannet::risk
