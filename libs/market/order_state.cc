#include "libs/market/order_state.h"

#include <array>

namespace gannet::market {
namespace {

// A cell of the table: a state, `kNo` (cannot happen), or `kBack` (to the state
// beneath the pending request).
enum Cell : uint8_t {
  kNo = 0,
  kIni = static_cast<uint8_t>(OrderState::kInitialized),
  kDen = static_cast<uint8_t>(OrderState::kDenied),
  kSub = static_cast<uint8_t>(OrderState::kSubmitted),
  kUnk = static_cast<uint8_t>(OrderState::kUnknown),
  kAcc = static_cast<uint8_t>(OrderState::kAccepted),
  kTri = static_cast<uint8_t>(OrderState::kTriggered),
  kUpd = static_cast<uint8_t>(OrderState::kPendingUpdate),
  kPen = static_cast<uint8_t>(OrderState::kPendingCancel),
  kPar = static_cast<uint8_t>(OrderState::kPartiallyFilled),
  kFil = static_cast<uint8_t>(OrderState::kFilled),
  kCan = static_cast<uint8_t>(OrderState::kCanceled),
  kExp = static_cast<uint8_t>(OrderState::kExpired),
  kRej = static_cast<uint8_t>(OrderState::kRejected),
  kAbs = static_cast<uint8_t>(OrderState::kAbsent),
  kBack = 255,
};
using Row = std::array<Cell, kOrderEvents>;

// Rows by OrderState, columns by OrderEvent. Three rules stand behind it: a
// terminal state is never left; a fill counts in every state in which the venue
// may have had the order, after CANCELED and EXPIRED too; and what a pending
// cancel hides goes on beneath it.
constexpr std::array<Row, kOrderStates> kTable = {{
    // Jour  NotS  Acc   Rej   Part  Full  Canc  Exp   Trig  Unkn  Abs   PCan  CRej   PUpd  Repl
    // RRej
    {kSub, kDen, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kIni, kNo, kNo,
     kIni},  // INITIALIZED
    {kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kDen, kNo, kNo, kDen},  // DENIED
    {kNo, kDen, kAcc, kRej, kPar, kFil, kCan, kExp, kTri, kUnk, kNo, kPen, kSub, kNo, kNo,
     kSub},  // SUBMITTED
    {kNo, kNo, kAcc, kRej, kPar, kFil, kCan, kExp, kTri, kUnk, kAbs, kUnk, kUnk, kNo, kUnk,
     kUnk},  // UNKNOWN
    {kNo, kNo, kAcc, kNo, kPar, kFil, kCan, kExp, kTri, kNo, kNo, kPen, kAcc, kUpd, kAcc,
     kAcc},  // ACCEPTED
    {kNo, kNo, kTri, kNo, kPar, kFil, kCan, kExp, kTri, kNo, kNo, kPen, kTri, kUpd, kTri,
     kTri},  // TRIGGERED
    {kNo, kNo, kUpd, kNo, kUpd, kFil, kCan, kExp, kUpd, kNo, kNo, kPen, kUpd, kUpd, kBack,
     kBack},  // PENDING_UPDATE
    {kNo, kDen, kPen, kRej, kPen, kFil, kCan, kExp, kPen, kUnk, kNo, kPen, kBack, kNo, kPen,
     kPen},  // PENDING_CANCEL
    {kNo, kNo, kPar, kNo, kPar, kFil, kCan, kExp, kPar, kNo, kNo, kPen, kPar, kUpd, kPar,
     kPar},  // PARTIALLY_FILLED
    {kNo, kNo, kFil, kNo, kNo, kNo, kNo, kNo, kFil, kNo, kNo, kNo, kFil, kNo, kNo, kFil},  // FILLED
    {kNo, kNo, kCan, kNo, kCan, kCan, kCan, kNo, kCan, kNo, kNo, kNo, kCan, kNo, kNo,
     kCan},  // CANCELED
    {kNo, kNo, kExp, kNo, kExp, kExp, kNo, kExp, kExp, kNo, kNo, kNo, kExp, kNo, kNo,
     kExp},  // EXPIRED
    {kNo, kNo, kNo, kRej, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kRej, kNo, kNo,
     kRej},  // REJECTED
    {kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kAbs, kNo, kAbs, kNo, kNo, kAbs},  // ABSENT
}};

constexpr size_t Index(OrderState state) { return static_cast<size_t>(state) - 1; }
constexpr size_t Index(OrderEvent event) { return static_cast<size_t>(event) - 1; }
static_assert(Index(OrderState::kAbsent) + 1 == kOrderStates);
static_assert(Index(OrderEvent::kReplaceRejected) + 1 == kOrderEvents);

constexpr bool Pending(OrderState state) {
  return state == OrderState::kPendingCancel || state == OrderState::kPendingUpdate;
}

// Of the request that is pending, not of the order beneath it.
constexpr bool OfTheRequest(OrderEvent event) { return event >= OrderEvent::kPendingCancel; }

}  // namespace

std::optional<OrderState> NextOrderState(OrderState state, OrderState working, OrderEvent event) {
  if (Index(state) >= kOrderStates || Index(event) >= kOrderEvents) return std::nullopt;
  const Cell cell = kTable[Index(state)][Index(event)];
  if (cell == kNo) return std::nullopt;
  if (cell == kBack) return working;
  if (Pending(state) && !OfTheRequest(event) && !Pending(working) &&
      !NextOrderState(working, working, event)) {
    return std::nullopt;  // what cannot happen beneath the request cannot happen to it
  }
  return static_cast<OrderState>(cell);
}

bool OrderLife::Apply(OrderEvent event) {
  const std::optional<OrderState> next = Next(event);
  if (!next) return false;
  if (Pending(*next) && Pending(state_)) {
    // The order goes on living beneath its pending request.
    if (!OfTheRequest(event))
      working_ = NextOrderState(working_, working_, event).value_or(working_);
  } else if (!Pending(*next)) {
    working_ = *next;
  }
  state_ = *next;
  return true;
}

std::optional<OrderEvent> EventOf(const ExecReport& report) {
  switch (report.kind) {
    case ExecKind::kJournaled:
      return OrderEvent::kJournaled;
    case ExecKind::kNotSent:
      return OrderEvent::kNotSent;
    case ExecKind::kAccepted:
      return OrderEvent::kAccepted;
    case ExecKind::kRejected:
      return OrderEvent::kRejected;
    case ExecKind::kFill:
      return report.cumulative >= report.quantity ? OrderEvent::kFullFill
                                                  : OrderEvent::kPartialFill;
    case ExecKind::kCanceled:
      return OrderEvent::kCanceled;
    case ExecKind::kExpired:
      return OrderEvent::kExpired;
    case ExecKind::kTriggered:
      return OrderEvent::kTriggered;
    case ExecKind::kUnknown:
      return OrderEvent::kUnknown;
    case ExecKind::kAbsent:
      return OrderEvent::kAbsent;
    case ExecKind::kCancelRejected:
      return OrderEvent::kCancelRejected;
    case ExecKind::kReplaced:
      return OrderEvent::kReplaced;
    case ExecKind::kReplaceRejected:
      return OrderEvent::kReplaceRejected;
    case ExecKind::kPendingCancel:
      return OrderEvent::kPendingCancel;
    case ExecKind::kPendingUpdate:
      return OrderEvent::kPendingUpdate;
    case ExecKind::kIllegal:
      return std::nullopt;
  }
  return std::nullopt;
}

const char* Name(OrderState state) {
  switch (state) {
    case OrderState::kInitialized:
      return "INITIALIZED";
    case OrderState::kDenied:
      return "DENIED";
    case OrderState::kSubmitted:
      return "SUBMITTED";
    case OrderState::kUnknown:
      return "UNKNOWN";
    case OrderState::kAccepted:
      return "ACCEPTED";
    case OrderState::kTriggered:
      return "TRIGGERED";
    case OrderState::kPendingUpdate:
      return "PENDING_UPDATE";
    case OrderState::kPendingCancel:
      return "PENDING_CANCEL";
    case OrderState::kPartiallyFilled:
      return "PARTIALLY_FILLED";
    case OrderState::kFilled:
      return "FILLED";
    case OrderState::kCanceled:
      return "CANCELED";
    case OrderState::kExpired:
      return "EXPIRED";
    case OrderState::kRejected:
      return "REJECTED";
    case OrderState::kAbsent:
      return "ABSENT";
  }
  return "?";
}

const char* Name(OrderEvent event) {
  switch (event) {
    case OrderEvent::kJournaled:
      return "JOURNALED";
    case OrderEvent::kNotSent:
      return "NOT_SENT";
    case OrderEvent::kAccepted:
      return "ACCEPTED";
    case OrderEvent::kRejected:
      return "REJECTED";
    case OrderEvent::kPartialFill:
      return "PARTIAL_FILL";
    case OrderEvent::kFullFill:
      return "FULL_FILL";
    case OrderEvent::kCanceled:
      return "CANCELED";
    case OrderEvent::kExpired:
      return "EXPIRED";
    case OrderEvent::kTriggered:
      return "TRIGGERED";
    case OrderEvent::kUnknown:
      return "UNKNOWN";
    case OrderEvent::kAbsent:
      return "ABSENT";
    case OrderEvent::kPendingCancel:
      return "PENDING_CANCEL";
    case OrderEvent::kCancelRejected:
      return "CANCEL_REJECTED";
    case OrderEvent::kPendingUpdate:
      return "PENDING_UPDATE";
    case OrderEvent::kReplaced:
      return "REPLACED";
    case OrderEvent::kReplaceRejected:
      return "REPLACE_REJECTED";
  }
  return "?";
}

}  // namespace gannet::market
