// What went through the gate in windows, which orders rest where, and what execution
// says of positions.
#include <algorithm>

#include "libs/market/manual.h"
#include "services/risk/exposure_book.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::Money;
using market::Rounding;
using market::Side;

}  // namespace

Int128 Hundredths(Value value) {
  constexpr int64_t kPart = 1'000'000;  // 10^-kValueScale to hundredths
  const Int128 up = value < 0 ? -((-value + kPart - 1) / kPart) : (value + kPart - 1) / kPart;
  return std::clamp<Int128>(up, -kMaxHundredths, kMaxHundredths);
}

void Flow::AddOther(Index asset, Int128 amount) {
  const auto same = std::find_if(others.begin(), others.end(),
                                 [&](const Notional& other) { return other.asset == asset; });
  if (same != others.end()) {
    same->amount += amount;
  } else {
    others.push_back({asset, amount});
  }
}

void FlowWindow::Sum(base::Time now) const {
  if (!counted_) counted_.emplace();
  CountedFlow& counted = *counted_;
  std::tie(counted.from, counted.until) = slices_.Alike(now);
  counted.oldest = slices_.IndexOf(now) - SliceRing<Flow>::kSlices;
  counted.begun = slices_.begun();
  Flow& sum = counted.flow;
  sum.quantity = 0;
  sum.messages = sum.orders = sum.cancels = sum.fills = 0;
  sum.notional = {};
  sum.others.clear();
  slices_.ForEach(now, [&sum](const Flow& slice) {
    sum.quantity += slice.quantity;
    sum.messages += slice.messages;
    sum.orders += slice.orders;
    sum.cancels += slice.cancels;
    sum.fills += slice.fills;
    slice.ForEachNotional([&sum](Index asset, Int128 amount) { sum.AddNotional(asset, amount); });
  });
}

// `add(flow)`: what it is to the flow of each scope.
template <class Add>
void ExposureBook::CountMessage(const Leaf& leaf, base::Time at, const Add& add) {
  for (ScopeRow* scope : leaf.scope_rows) {
    scope->messages.Add(at);
    if (scope->flow_limits.any) scope->flow.Count(at, add);
  }
}

void ExposureBook::CountCancel(Index leaf, base::Time at) {
  CountMessage(leaves_[leaf], at, [](Flow& flow) {
    ++flow.messages;
    ++flow.cancels;
  });
}

void ExposureBook::CountAnswer(Index at, const market::OrderIntent& intent, const Answer& answer) {
  Leaf& leaf = leaves_[at];
  if (leaf.limits.duplicates_within != base::Duration::min() &&
      intent.kind == market::IntentKind::kNew && intent.parent.empty())
    leaf.answered.Add(answer.decided, OrderShape::Of(intent));
  // Of a parent nothing is sent: its children count.
  if (!answer.permitted || intent.kind == market::IntentKind::kParent)
    return CountMessage(leaf, answer.decided, [](Flow& flow) { ++flow.messages; });
  // Of an amendment what it adds counts.
  const InstrumentRow& row = *leaf.instrument_row;
  Int128 quantity = intent.quantity.mantissa, reserved = answer.reserved.units();
  uint64_t orders = 1;
  if (intent.kind == market::IntentKind::kAmend) {
    orders = 0;
    if (const OpenOrder* amended = AmendedBy(intent)) {
      const Addition adds = AdditionOf(*amended, intent, answer.reserved);
      quantity = adds.quantity;
      reserved = adds.value;
    }
  }
  const auto scaled = [](Int128 units, int scale) {
    return scale == kValueScale
               ? units
               : market::Rescale(units, scale, kValueScale, Rounding::kUp).value_or(kMaxUnits);
  };
  quantity = scaled(quantity, row.rules.quantity_scale);
  reserved = scaled(reserved, answer.reserved.scale());
  CountMessage(leaf, answer.decided, [=, asset = row.quote_asset](Flow& flow) {
    ++flow.messages;
    flow.orders += orders;
    flow.quantity += quantity;
    flow.AddNotional(asset, reserved);
  });
}

void ExposureBook::CountFill(Index leaf, base::Time at) {
  for (ScopeRow* scope : leaves_[leaf].scope_rows) {
    if (scope->flow_limits.any) scope->flow.Count(at, [](Flow& flow) { ++flow.fills; });
  }
}

// A program's order has been executed: once, at its first fill.
void ExposureBook::CountExecution(const OpenOrder& order, base::Time at) {
  const Leaf& leaf = leaves_[order.leaf];
  if (market::IsManual(scopes_[leaf.strategy].scope.name)) return;
  for (const Index scope : leaf.scopes) {
    ScopeRow& row = scopes_[scope];
    row.executions.Add(at);
    row.throttled = row.throttled || row.executions.Full(at);
    TakeRoom(row);
  }
}

void ExposureBook::CountFailure(const OpenOrder& order, base::Time at) {
  for (const Index scope : leaves_[order.leaf].scopes) {
    ScopeRow& row = scopes_[scope];
    row.failures.Add(at);
    row.breaker_open = row.breaker_open || row.failures.Full(at);
    TakeRoom(row);
  }
}

// The prices of an account's open orders in an instrument, kept in order.
void ExposureBook::PutPrice(const OpenOrder& order, int64_t meets, bool there) {
  Cell& cell = *leaves_[order.leaf].cell_rows[1];
  auto& prices = order.side == Side::kBuy ? cell.buy_prices : cell.sell_prices;
  if (there && (prices.empty() || prices.back() <= meets)) {
    prices.push_back(meets);
  } else if (const auto at = std::lower_bound(prices.begin(), prices.end(), meets); there) {
    prices.insert(at, meets);
  } else if (at != prices.end() && *at == meets) {
    prices.erase(at);
  }
  cell.any_buy = !cell.buy_prices.empty();
  cell.any_sell = !cell.sell_prices.empty();
  if (cell.any_buy) cell.best_buy = cell.buy_prices.back();
  if (cell.any_sell) cell.best_sell = cell.sell_prices.front();
}

// Whether a position is what execution says, and since when it is not.
void ExposureBook::Compare(Leaf& leaf, base::Time at) {
  if (!leaf.told || leaf.told_position == leaf.position) {
    leaf.differs_since = base::Time::max();
  } else if (leaf.differs_since == base::Time::max()) {
    leaf.differs_since = at;
  }
}

void ExposureBook::SetTold(const market::PositionUpdate& update, base::Time at) {
  const Index which = Touch(update.account, update.strategy, update.instrument);
  if (which == kNone) return;
  Leaf& leaf = leaves_[which];
  const auto net =
      InCurrentScale(instruments_[leaf.instrument], update.instrument_version, update.net);
  if (!net) return;
  leaf.told = true;
  leaf.told_position = *net;
  Compare(leaf, at);
}

void ExposureBook::CountGroup(const Cell& cell, const CellSums& counted, int sign) {
  GroupSums& sums = cell.scopes[0]->groups[cell.instrument_row->group];
  const Value sides[2] = {counted.long_side, counted.short_side};
  for (size_t i = 0; i < 2; ++i) {
    const Int128 exposure = Hundredths(sides[i]);
    sums.sum[i] += sign * exposure;
    sums.squares[i] += sign * exposure * exposure;
  }
}

void ExposureBook::CountOpen(const Leaf& leaf, int sign) {
  for (ScopeRow* scope : leaf.scope_rows) {
    scope->open_orders += static_cast<uint32_t>(sign);  // wraps to minus one
    scope->room.orders -= sign;
  }
}

}  // namespace gannet::risk
