// The life of an order as one table: which state follows from which event, and
// which pairs cannot happen. docs/orders.md draws it.
//
//   OrderLife life;                          // INITIALIZED
//   life.Apply(OrderEvent::kJournaled);      // SUBMITTED
//   life.Apply(OrderEvent::kPartialFill);    // a fill may come before the ack
//   life.Apply(OrderEvent::kJournaled);      // false: the table does not allow it
//
// Pure values, no ownership, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "libs/market/order.h"

namespace gannet::market {

// What can happen to an order. Close to ExecKind, but a fill that completes the
// order is an event of its own, because the state after it is.
enum class OrderEvent : uint8_t {
  kJournaled = 1,  // verdict taken up: written down, about to be sent
  kNotSent,        // refused here, no byte left
  kAccepted,       // the venue works it
  kRejected,       // refused by the venue, with proof
  kPartialFill,
  kFullFill,
  kCanceled,
  kExpired,
  kTriggered,        // a stop order became a working one
  kUnknown,          // the outcome of placing it is not known
  kAbsent,           // proven never taken
  kPendingCancel,    // a cancel is journaled, about to be sent
  kCancelRejected,   // that cancel had no effect
  kPendingUpdate,    // an amendment in place is journaled
  kReplaced,         // that amendment took effect
  kReplaceRejected,  // it had no effect, or was not sent
};
inline constexpr size_t kOrderStates = 14;
inline constexpr size_t kOrderEvents = 16;

const char* Name(OrderState state);
const char* Name(OrderEvent event);

// The state after `event`; nothing when the table does not allow the event.
// `working` is the state beneath PENDING_CANCEL and PENDING_UPDATE, to which a
// refused cancel or amendment leads back; it is not looked at elsewhere.
std::optional<OrderState> NextOrderState(OrderState state, OrderState working, OrderEvent event);

// The event that a report speaks of; nothing for kIllegal, which is none.
std::optional<OrderEvent> EventOf(const ExecReport& report);

// The state of one order, with the one beneath a pending request.
class OrderLife {
 public:
  OrderLife() = default;
  OrderLife(OrderState state, OrderState working) : state_(state), working_(working) {}

  OrderState state() const { return state_; }
  OrderState working() const { return working_; }
  std::optional<OrderState> Next(OrderEvent event) const {
    return NextOrderState(state_, working_, event);
  }
  // False, and nothing changed, when the table does not allow the event.
  bool Apply(OrderEvent event);

  bool operator==(const OrderLife&) const = default;

 private:
  OrderState state_ = OrderState::kInitialized;
  OrderState working_ = OrderState::kInitialized;
};

}  // namespace gannet::market
