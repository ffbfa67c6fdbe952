// What is held here, for those who show it.
#include <algorithm>
#include <tuple>

#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;

// The step that leads to a state, as far as one can be named without what came with it.
ExecKind StepTo(OrderState state) {
  switch (state) {
    case OrderState::kInitialized:
    case OrderState::kSubmitted:
      return ExecKind::kJournaled;
    case OrderState::kUnknown:
      return ExecKind::kUnknown;
    case OrderState::kTriggered:
      return ExecKind::kTriggered;
    case OrderState::kPendingUpdate:
      return ExecKind::kPendingUpdate;
    case OrderState::kPendingCancel:
      return ExecKind::kPendingCancel;
    default:  // it works
      return ExecKind::kAccepted;
  }
}

template <class T>
market::Event<T> Said(T value, base::Time time, const market::EventId& correlation = {}) {
  market::Event<T> event;
  event.header.event_time = event.header.receive_time = event.header.publish_time = time;
  event.header.correlation = correlation;
  event.value = std::move(value);
  return event;
}

}  // namespace

void ExecutionEngine::AddTo(market::Standing& standing, base::Time now) const {
  std::vector<const TrackedOrder*> open;
  for (const market::ClientOrderId& id : state_.open()) open.push_back(state_.Find(id));
  std::sort(open.begin(), open.end(), [](const TrackedOrder* a, const TrackedOrder* b) {
    return std::tuple(a->intent.created, a->id()) < std::tuple(b->intent.created, b->id());
  });
  for (const TrackedOrder* order : open) {
    ReportExtra extra{.evidence = "local:recovered"};
    if (order->amendment) extra.target = order->amendment->id;
    standing.orders.push_back(
        {Said(order->intent, order->intent.created, order->correlation),
         Said(ReportOf(*order, StepTo(order->life.state()), extra), now, order->correlation)});
  }
  for (const auto& [key, position] : state_.positions().all()) {
    const auto update = PositionOf(key, state_.NewestInstrument(key.instrument));
    if (update) standing.positions.push_back({Said(*update, now), position.fills});
  }
  for (const auto& [asset, balance] : state_.balances())
    standing.balances.push_back(Said(balance, now));
}

}  // namespace gannet::execution
