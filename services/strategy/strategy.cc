#include "services/strategy/strategy.h"

#include <algorithm>

namespace gannet::strategy {

using market::ScopeKind;
using market::TradingState;

void Strategy::OnSignal(const market::Event<market::NewsSignal>&, const View&,
                        std::vector<Draft>&) const {}

void Strategy::OnPrediction(const market::Event<market::Prediction>&, Index, const View&,
                            std::vector<Draft>&) const {}

void Restrictions::Apply(const market::RiskState& state) {
  if (state.state == TradingState::kActive && !state.killed) {
    all_.erase(state.scope);
  } else {
    all_[state.scope] = state;
  }
}

Permission Restrictions::For(const market::AccountId& account, const market::StrategyId& strategy,
                             const MarketRow& row) const {
  Permission permission = Permission::kAll;
  for (const auto& [scope, state] : all_) {
    const bool applies = scope.kind == ScopeKind::kFirm ||
                         (scope.kind == ScopeKind::kAccount && scope.name == account.text()) ||
                         (scope.kind == ScopeKind::kStrategy && scope.name == strategy.text()) ||
                         (scope.kind == ScopeKind::kVenue && scope.name == row.venue) ||
                         (scope.kind == ScopeKind::kInstrument && scope.name == row.id.text());
    if (!applies) continue;
    const bool reducing = state.state == TradingState::kReducing && !state.killed;
    permission = std::max(permission, reducing ? Permission::kReduce : Permission::kNothing);
  }
  return permission;
}

bool MatchesPattern(std::string_view pattern, std::string_view text) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  const std::string_view head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  return text.size() >= head.size() + tail.size() && text.starts_with(head) && text.ends_with(tail);
}

bool MatchesAny(const std::vector<std::string>& patterns, const market::InstrumentId& id) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return MatchesPattern(pattern, id.text());
  });
}

void CancelOne(const market::StrategyId& strategy, const market::InstrumentId& instrument,
               const WorkingOrder& order, const char* reason, base::Time now,
               std::vector<Draft>& out) {
  // Without a verdict there is nothing at the venue; UNKNOWN is execution's to
  // resolve; IOC and FOK end by themselves.
  const bool ends_itself = order.time_in_force == market::TimeInForce::kIoc ||
                           order.time_in_force == market::TimeInForce::kFok;
  if (!order.permitted || order.unknown() || ends_itself) return;
  // After refusals the next try waits longer each time: the order may be ending by
  // itself, and the venue counts requests.
  const base::Duration patience =
      order.cancels_refused == 0
          ? kCancelPatience
          : base::Duration(std::chrono::seconds(1 << std::min(order.cancels_refused, 6u)));
  if (order.cancel_asked != base::Time() && now - order.cancel_asked < patience) return;
  Draft draft;
  draft.kind = market::IntentKind::kCancel;
  draft.strategy = strategy;
  draft.instrument = instrument;
  draft.target = order.id;
  draft.parent = order.is_parent ? order.id : order.parent;
  draft.side = order.side;
  draft.price = order.price;
  draft.quantity = order.quantity;
  draft.reason = reason;
  out.push_back(std::move(draft));
}

void AmendOne(const market::StrategyId& strategy, const market::InstrumentId& instrument,
              const WorkingOrder& order, market::Price price, market::Quantity quantity,
              const char* reason, std::vector<Draft>& out) {
  const bool works = order.state == market::OrderState::kAccepted ||
                     order.state == market::OrderState::kPartiallyFilled;
  if (!works || order.is_parent || !order.parent.empty() || order.price.mantissa == 0 ||
      quantity <= order.cumulative || (price == order.price && quantity == order.quantity)) {
    return;
  }
  Draft draft;
  draft.kind = market::IntentKind::kAmend;
  draft.strategy = strategy;
  draft.instrument = instrument;
  draft.target = order.id;
  draft.side = order.side;
  draft.time_in_force = order.time_in_force;
  draft.price = price;
  draft.quantity = quantity;
  draft.reduce_only = order.reduce_only;
  draft.reason = reason;
  out.push_back(std::move(draft));
}

void CancelAll(const market::StrategyId& strategy, const market::InstrumentId& instrument,
               const Slot& slot, const char* reason, base::Time now, std::vector<Draft>& out) {
  for (const WorkingOrder& order : slot.orders) {
    if (order.parent.empty()) CancelOne(strategy, instrument, order, reason, now, out);
  }
}

}  // namespace gannet::strategy
