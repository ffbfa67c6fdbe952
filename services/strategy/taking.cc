#include "services/strategy/taking.h"

#include <algorithm>

#include "services/strategy/schedule.h"

namespace gannet::strategy {
namespace {

constexpr int64_t kPpm = 1'000'000;
// Between two tries to leave: an order that found nothing within its limit ends at
// once, and the next would too.
constexpr base::Duration kLeaveInterval = std::chrono::seconds(1);

market::Price LimitOf(const MarketRow& row, market::Side side, int64_t max_slippage_ppm) {
  return LimitBeyond(*row.definition, side == market::Side::kBuy ? row.ask.price : row.bid.price,
                     max_slippage_ppm, side);
}

}  // namespace

const char* ExitReason(const Slot& slot, market::Quantity position, const MarketRow& row,
                       const ExitRules& rules, bool retracted, base::Time now) {
  if (retracted) return "news retracted";
  if (now >= slot.entered + rules.horizon) return "horizon reached";
  const market::Price average = market::AveragePrice(slot.position, *row.definition);
  if (average.mantissa <= 0) return nullptr;
  const bool is_long = position.mantissa > 0;
  const market::Price now_at = is_long ? row.bid.price : row.ask.price;
  const auto change = market::MulDiv(now_at.mantissa - average.mantissa, kPpm, average.mantissa,
                                     market::Rounding::kDown);
  if (!change) return nullptr;
  const market::Int128 gain = is_long ? *change : -*change;
  if (rules.take_profit_ppm > 0 && gain >= rules.take_profit_ppm) return "take profit";
  if (rules.stop_loss_ppm > 0 && gain <= -rules.stop_loss_ppm) return "stop loss";
  return nullptr;
}

bool EndEntries(const market::StrategyId& strategy, const market::InstrumentId& instrument,
                const Slot& slot, const char* reason, base::Time now, std::vector<Draft>& out) {
  bool found = false;
  for (const WorkingOrder& order : slot.orders) {
    if (!order.is_parent) continue;
    found = true;
    CancelOne(strategy, instrument, order, reason, now, out);
  }
  return found;
}

market::Quantity Held(const MarketRow& row, const market::Position& position,
                      int64_t max_slippage_ppm) {
  const market::Side exit = position.net.mantissa > 0 ? market::Side::kSell : market::Side::kBuy;
  return Closable(*row.definition, LimitOf(row, exit, max_slippage_ppm), position);
}

void Leave(const market::StrategyId& strategy, const Slot& slot, market::Quantity position,
           const MarketRow& row, int64_t max_slippage_ppm, const char* reason, const View& view,
           std::vector<Draft>& out) {
  const market::Side side = position.mantissa > 0 ? market::Side::kSell : market::Side::kBuy;
  if (!slot.orders.empty()) {
    EndEntries(strategy, row.id, slot, reason, view.now, out);
    return;
  }
  if (slot.waiting(side, view.now)) return;
  if (view.now - slot.placed[Slot::SideIndex(side)] < kLeaveInterval) return;
  if (view.restrictions.For(view.portfolio.account(), strategy, row) == Permission::kNothing)
    return;
  Draft draft =
      Enter(strategy, row, side, position.mantissa > 0 ? position : -position, max_slippage_ppm);
  draft.reduce_only = true;
  draft.reason = reason;
  draft.signal = slot.signal;
  draft.model_version = slot.model_version;
  out.push_back(std::move(draft));
}

void LeaveWhenDue(const market::StrategyId& strategy, Index instrument, const ExitRules& rules,
                  const View& view, std::vector<Draft>& out) {
  const MarketRow& row = view.market.row(instrument);
  const Slot* slot = view.portfolio.Find(strategy, row.id);
  if (slot == nullptr) return;
  const bool retracted = view.portfolio.Retracted(*slot);
  if (retracted && EndEntries(strategy, row.id, *slot, "news retracted", view.now, out)) return;
  if (!row.tradable(view.now, view.stale_after)) return;
  const market::Quantity position = Held(row, slot->position, rules.max_slippage_ppm);
  if (position.mantissa == 0) return;
  const char* reason = ExitReason(*slot, position, row, rules, retracted, view.now);
  if (reason != nullptr)
    Leave(strategy, *slot, position, row, rules.max_slippage_ppm, reason, view, out);
}

bool MayEnter(const market::StrategyId& strategy, const Slot* slot, const MarketRow& row,
              market::Side side, base::Duration cooldown, const ExitRules& exits,
              const View& view) {
  if (view.draining || !row.tradable(view.now, view.stale_after)) return false;
  if (view.restrictions.For(view.portfolio.account(), strategy, row) != Permission::kAll)
    return false;
  if (slot == nullptr) return true;
  if (!slot->orders.empty() || slot->waiting(side, view.now)) return false;
  if (slot->entered != base::Time() && view.now - slot->entered < cooldown) return false;
  return Held(row, slot->position, exits.max_slippage_ppm).mantissa == 0;
}

Draft Enter(const market::StrategyId& strategy, const MarketRow& row, market::Side side,
            market::Quantity quantity, int64_t max_slippage_ppm) {
  Draft draft;
  draft.strategy = strategy;
  draft.instrument = row.id;
  draft.side = side;
  draft.time_in_force = market::TimeInForce::kIoc;
  draft.price = LimitOf(row, side, max_slippage_ppm);
  draft.quantity = InOneOrder(*row.definition, draft.price, quantity);
  return draft;
}

void EnterOver(const EntryRules& rules, const MarketRow& row, base::Time now, Draft& draft) {
  if (rules.over <= base::Duration::zero()) return;
  const int64_t least = LeastQuantity(*row.definition, draft.price).mantissa;
  const int64_t most = draft.quantity.mantissa / std::max<int64_t>(least, 1);
  draft.kind = market::IntentKind::kParent;
  draft.time_in_force = market::TimeInForce::kGtc;
  draft.expires = now + rules.over;
  market::AlgoPlan& plan = draft.plan.emplace();
  plan.slices = static_cast<uint32_t>(std::clamp<int64_t>(most, 1, rules.slices));
}

size_t OpenPositions(const market::StrategyId& strategy, const ExitRules& exits, const View& view) {
  const StrategyRow* row = view.portfolio.Find(strategy);
  if (row == nullptr) return 0;
  size_t count = 0;
  for (const auto& [instrument, slot] : row->slots) {
    const Index at = view.market.Find(instrument);
    const bool holds =
        at == kNone || !view.market.row(at).definition || !view.market.row(at).quoted()
            ? slot.position.net.mantissa != 0
            : Held(view.market.row(at), slot.position, exits.max_slippage_ppm).mantissa != 0;
    if (holds || !slot.orders.empty()) ++count;
  }
  return count;
}

}  // namespace gannet::strategy
