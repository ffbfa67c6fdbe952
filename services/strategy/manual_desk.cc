#include "services/strategy/manual_desk.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/wire/codec.h"

namespace gannet::strategy {
namespace {

using market::CommandKind;

struct Found {
  const market::StrategyId* strategy;
  const market::InstrumentId* instrument;
  const WorkingOrder* order;
};

// Whoever's it is: a person may cancel the order of a strategy.
absl::StatusOr<Found> FindWorking(const Portfolio& portfolio, const market::ClientOrderId& id) {
  for (const auto& [strategy, row] : portfolio.strategies()) {
    for (const auto& [instrument, slot] : row.slots) {
      for (const WorkingOrder& order : slot.orders) {
        if (order.id == id) return Found{&strategy, &instrument, &order};
      }
    }
  }
  return absl::NotFoundError(
      absl::StrCat("no order ", id.text(), " is working; list the orders to see how it ended"));
}

bool Priced(market::OrderType type) {
  return type == market::OrderType::kLimit || type == market::OrderType::kStopLimit ||
         type == market::OrderType::kTakeProfitLimit;
}

}  // namespace

market::StrategyId ManualStrategy(std::string_view person) {
  return market::StrategyId(std::string(market::kManualPrefix).append(person));
}

// --- facts ---------------------------------------------------------------------

void ManualDesk::Apply(const market::Event<market::Command>& event) {
  if (!market::IsAboutOrder(event.value.kind)) return;
  if (pending_.size() >= kMaxPendingCommands) {
    ++overflows_;
    return;
  }
  pending_.try_emplace(event.header.id, Pending{event, {}});
}

void ManualDesk::Apply(const market::Event<market::OrderIntent>& event) {
  const auto pending = pending_.find(event.header.causation);
  if (pending != pending_.end()) pending->second.intent = event.value.client_order_id;
}

void ManualDesk::Apply(const market::Event<market::ParentOrder>& event) {
  const auto pending = pending_.find(event.header.causation);
  if (pending != pending_.end()) pending->second.intent = event.value.id();
}

void ManualDesk::Apply(const market::Event<market::CommandAnswer>& event) {
  if (pending_.erase(event.value.command) > 0) Remember(event.value);
}

void ManualDesk::Remember(const market::CommandAnswer& answer) {
  Request request{answer.person, answer.request_id};
  if (!answers_.try_emplace(request, answer).second) return;  // the first answer stays
  answers_in_order_.push_back(std::move(request));
  if (answers_in_order_.size() <= kKeptRequests) return;
  answers_.erase(answers_in_order_.front());
  answers_in_order_.pop_front();
}

// --- live data -----------------------------------------------------------------

void ManualDesk::OnInstrument(const market::Instrument& instrument) {
  const auto found = instruments_.find(instrument.id);
  if (found == instruments_.end()) {
    if (instruments_.size() < kMaxInstruments) instruments_.emplace(instrument.id, instrument);
  } else if (found->second.version <= instrument.version) {
    found->second = instrument;
  }
}

const market::Instrument* ManualDesk::Definition(const market::InstrumentId& id) const {
  const auto found = instruments_.find(id);
  return found == instruments_.end() ? nullptr : &found->second;
}

// --- decisions -----------------------------------------------------------------

std::vector<ManualDesk::Pending> ManualDesk::pending() const {
  std::vector<Pending> all;
  for (const auto& [id, pending] : pending_) all.push_back(pending);
  std::stable_sort(all.begin(), all.end(), [](const Pending& a, const Pending& b) {
    return a.command.header.receive_time < b.command.header.receive_time;
  });
  return all;
}

const market::CommandAnswer* ManualDesk::Answered(const market::Command& command) const {
  const auto found = answers_.find({command.person, command.request_id});
  return found == answers_.end() ? nullptr : &found->second;
}

absl::StatusOr<Draft> ManualDesk::MakeDraft(const market::Event<market::Command>& event,
                                            const Portfolio& portfolio, base::Time now) const {
  const market::Command& command = event.value;
  if (command.person.empty() || command.person.size() > kMaxPersonBytes ||
      command.request_id.empty() || !command.order) {
    return absl::InvalidArgumentError(
        "a command about an order names a person, a request id and the order");
  }
  if (now - event.header.receive_time > kMaxCommandAge) {
    return absl::FailedPreconditionError(
        absl::StrCat("the command was given at ", base::FormatTime(event.header.receive_time),
                     " and is too old to act on; look at the market and give it again"));
  }
  if (command.order->account != portfolio.account()) {
    return absl::InvalidArgumentError(absl::StrCat("account ", command.order->account.text(),
                                                   " is not traded here; name ",
                                                   portfolio.account().text()));
  }
  GANNET_ASSIGN_OR_RETURN(Draft draft, command.kind == CommandKind::kSubmitOrder
                                           ? Placement(command)
                                           : Change(command, portfolio));
  draft.strategy = ManualStrategy(command.person);
  draft.reason = command.reason.empty() ? "by hand" : command.reason;
  return draft;
}

absl::StatusOr<Draft> ManualDesk::Placement(const market::Command& command) const {
  const market::OrderRequest& order = *command.order;
  const market::Instrument* definition = Definition(order.instrument);
  if (definition == nullptr) {
    return absl::NotFoundError(absl::StrCat("instrument ", order.instrument.text(),
                                            " is not known; write it as venue:symbol, of a venue "
                                            "that is connected"));
  }
  if (order.instrument_version != 0 && order.instrument_version != definition->version) {
    return absl::FailedPreconditionError(
        absl::StrCat(order.instrument.text(), " has version ", definition->version, " now, not ",
                     order.instrument_version, "; read its definition again"));
  }
  if (Priced(order.type) != (order.price.mantissa != 0)) {
    return absl::InvalidArgumentError(
        Priced(order.type) ? "the order has no price; a limit order needs one"
                           : "the order has a price, which its type does not take; leave it out");
  }
  if ((order.type == market::OrderType::kTrailingStop) != (order.trailing_bps != 0)) {
    return absl::InvalidArgumentError(
        order.trailing_bps == 0
            ? "the trailing stop has no distance; give one (--trail 1.5%, trailing_bps: 150)"
            : "the order has a trailing distance, which its type does not take; leave it out");
  }
  Draft draft;
  draft.instrument = order.instrument;
  draft.instrument_version = definition->version;
  draft.side = order.side;
  draft.type = order.type;
  draft.time_in_force = order.time_in_force;
  draft.price = order.price;
  draft.stop_price = order.stop_price;
  draft.quantity = order.quantity;
  draft.reduce_only = order.reduce_only;
  draft.trailing_bps = order.trailing_bps;
  draft.expires = order.expires;
  if (!order.plan) return draft;
  draft.kind = market::IntentKind::kParent;
  draft.plan = order.plan;
  // It leaves what is held. Spot has no positions to hold it to: there it sells the balance.
  if (order.plan->algo == market::Algo::kOco && definition->kind != market::InstrumentKind::kSpot)
    draft.reduce_only = true;
  if (draft.plan->max_children == 0) draft.plan->max_children = market::kDefaultMaxChildren;
  for (const market::InstrumentId& venue : order.plan->venues) {
    const market::Instrument* there = Definition(venue);
    if (there == nullptr || there->base != definition->base || there->quote != definition->quote ||
        there->kind != definition->kind) {
      return absl::InvalidArgumentError(absl::StrCat(
          venue.text(), " is not known, or not the same thing as ", order.instrument.text()));
    }
  }
  return draft;
}

absl::StatusOr<Draft> ManualDesk::Change(const market::Command& command,
                                         const Portfolio& portfolio) const {
  const market::OrderRequest& order = *command.order;
  GANNET_ASSIGN_OR_RETURN(const Found found, FindWorking(portfolio, order.target));
  Draft draft;
  draft.target = order.target;
  draft.parent = found.order->is_parent ? found.order->id : found.order->parent;
  draft.instrument = *found.instrument;
  draft.side = found.order->side;
  draft.time_in_force = found.order->time_in_force;
  if (command.kind == CommandKind::kCancelOrder) {
    draft.kind = market::IntentKind::kCancel;
    return draft;
  }
  // Position and result of an order are its strategy's: nobody else's takes its place.
  if (*found.strategy != ManualStrategy(command.person)) {
    return absl::FailedPreconditionError(absl::StrCat("order ", order.target.text(), " is of ",
                                                      found.strategy->text(),
                                                      "; cancel it and submit your own"));
  }
  if (!draft.parent.empty()) {
    return absl::FailedPreconditionError(
        "a parent order and its children are neither replaced nor amended; cancel it and submit "
        "another");
  }
  if (command.kind == CommandKind::kAmendOrder) {
    draft.kind = market::IntentKind::kAmend;
    draft.price = order.price.mantissa == 0 ? found.order->price : order.price;
    draft.quantity = order.quantity.mantissa == 0 ? found.order->quantity : order.quantity;
    draft.reduce_only = found.order->reduce_only;
    if (draft.price == found.order->price && draft.quantity == found.order->quantity) {
      return absl::InvalidArgumentError(
          "the order has this price and quantity already; give another price or quantity");
    }
    return draft;
  }
  if (order.price.mantissa == 0)
    return absl::InvalidArgumentError("the order that takes its place needs a price; give one");
  draft.kind = market::IntentKind::kReplace;
  draft.price = order.price;
  draft.quantity = order.quantity;
  draft.reduce_only = found.order->reduce_only;
  return draft;
}

// --- saved state ---------------------------------------------------------------

void ManualDesk::Save(wire::CanonicalWriter& out) const {
  out.U32(static_cast<uint32_t>(pending_.size()));
  for (const auto& [id, pending] : pending_) {
    out.Bytes(wire::Encode(pending.command));
    out.Text(pending.intent);
  }
  out.U32(static_cast<uint32_t>(answers_in_order_.size()));
  for (const Request& request : answers_in_order_) {
    market::Event<market::CommandAnswer> event;
    event.value = answers_.at(request);
    out.Bytes(wire::Encode(event));
  }
}

absl::Status ManualDesk::Load(wire::CanonicalReader& in) {
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    GANNET_ASSIGN_OR_RETURN(auto command, wire::Decode<market::Command>(in.Bytes()));
    Pending pending{std::move(command), in.Text<market::ClientOrderId>()};
    const market::EventId id = pending.command.header.id;
    pending_.emplace(id, std::move(pending));
  }
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    GANNET_ASSIGN_OR_RETURN(const auto answer, wire::Decode<market::CommandAnswer>(in.Bytes()));
    Remember(answer.value);
  }
  return in.status();
}

}  // namespace gannet::strategy
