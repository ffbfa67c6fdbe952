// What a parent does next: the decisions of ParentDesk, without state of their own.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/strategy/parent_desk.h"
#include "services/strategy/routing.h"
#include "services/strategy/schedule.h"
#include "services/strategy/sizing.h"

namespace gannet::strategy {
namespace {

using market::Algo;
using market::OrderIntent;
using market::ParentState;
using market::Price;
using market::Quantity;
using market::Side;

// How far beyond the touch an exit reaches at once: well within any price collar.
constexpr int64_t kExitReachPpm = 10'000;

// The prices that an order of `side` meets.
const market::Level& Touch(const MarketRow& row, Side side) {
  return side == Side::kBuy ? row.ask : row.bid;
}

bool Within(Side side, Price price, Price limit) {
  return side == Side::kBuy ? price <= limit : price >= limit;
}

// No child goes there after a refusal, for a while.
bool Waits(const Parent& parent, const market::InstrumentId& where, base::Time now) {
  const auto backoff = parent.backoff.find(where);
  return backoff != parent.backoff.end() && now < backoff->second.until;
}

// A child may be made, somewhere.
bool Due(const Parent& parent, base::Time now) {
  return now - parent.last_child >= kChildGap &&
         parent.order.children < parent.order.plan.max_children;
}

// The same of those that go nowhere else.
bool Ready(const Parent& parent, base::Time now) {
  return Due(parent, now) && !Waits(parent, parent.order.intent.instrument, now);
}

Quantity Working(const Parent& parent, Side side) {
  Quantity sum;
  for (const auto& [id, child] : parent.open) {
    if (child.order.side == side) sum += child.order.rest();
  }
  return sum;
}

// A child may go there now.
bool Open(const OrderIntent& intent, const MarketRow& row, const View& view) {
  const Permission permission = view.restrictions.For(intent.account, intent.strategy, row);
  return row.tradable(view.now, view.stale_after) &&
         (permission == Permission::kAll ||
          (permission == Permission::kReduce && intent.reduce_only));
}

// Of the parent in whole lots, which a restated instrument may have made coarser.
Quantity RestOf(const Parent& parent, const market::Instrument& instrument) {
  return instrument.RoundDownToLot(parent.order.rest());
}

// On a grid that may have become coarser since it was given, never beyond it.
Price OnTick(const market::Instrument& instrument, Side side, Price limit) {
  return instrument.RoundToTick(
      limit, side == Side::kBuy ? market::Rounding::kFloor : market::Rounding::kCeiling);
}

Draft ChildDraft(const Parent& parent, const market::Instrument& instrument, Side side,
                 market::TimeInForce time_in_force, Price price, Quantity quantity,
                 std::string reason) {
  const OrderIntent& intent = parent.order.intent;
  Draft draft;
  draft.parent = parent.order.id();
  draft.strategy = intent.strategy;
  draft.instrument = instrument.id;
  draft.instrument_version = instrument.version;
  draft.side = side;
  draft.time_in_force = time_in_force;
  draft.price = price;
  draft.quantity = quantity;
  draft.reduce_only = intent.reduce_only || side != intent.side;
  draft.reason = std::move(reason);
  draft.model_version = intent.model_version;
  draft.signal = intent.signal;
  return draft;
}

// Why an exit is due at this touch: its limit, and what to call it.
struct Trigger {
  Price limit;
  const char* name = nullptr;  // null: none
};
Trigger TriggerOf(const market::AlgoPlan& plan, Side exit, Price touch) {
  if (plan.take_profit.mantissa != 0 && Within(exit, touch, plan.take_profit))
    return {plan.take_profit, "take profit"};
  const bool stopped = plan.stop.mantissa != 0 && Within(market::Opposite(exit), touch, plan.stop);
  if (stopped && Within(exit, touch, plan.stop_limit)) return {plan.stop_limit, "stop"};
  return {};
}

// Within the leg's limit, and near the market: a limit far from it the gate refuses, and what
// does not fill there follows from the next touch.
Price ExitPrice(const market::Instrument& instrument, Side exit, Price limit, Price touch) {
  const Price reach = LimitBeyond(instrument, touch, kExitReachPpm, exit);
  const Price most = OnTick(instrument, exit, limit);
  return exit == Side::kSell ? std::max(most, reach) : std::min(most, reach);
}

// What an exit may still take off its strategy's position, as the gate counts: other orders on
// that side come first. `left` where that is nothing, so that the gate says why nothing goes.
Quantity Reducible(const Parent& parent, Side exit, Quantity left, const View& view) {
  const OrderIntent& intent = parent.order.intent;
  const Slot* slot = view.portfolio.Find(intent.strategy, intent.instrument);
  if (slot == nullptr) return left;
  Quantity free = exit == Side::kSell ? slot->position.net : -slot->position.net;
  for (const WorkingOrder& order : slot->orders) {
    if (order.side != exit || order.id == parent.order.id()) continue;
    // A parent's reservation holds what its children on the same side have taken out of it.
    const bool carved = std::any_of(slot->orders.begin(), slot->orders.end(), [&](const auto& of) {
      return of.is_parent && of.id == order.parent && of.side == exit;
    });
    if (!carved) free = free - order.rest();
  }
  return free.mantissa > 0 ? std::min(free, left) : left;
}

// What the next exit asks for of `left`: no more than `most` and the venue takes in one order, and
// less than what the gate found too large.
Quantity ExitPart(const Parent& parent, const market::Instrument& instrument, Price price,
                  Quantity left, Quantity most) {
  most = InOneOrder(instrument, price, most);
  if (parent.most.mantissa > 0) most = std::min(most, parent.most);
  const Quantity least = LeastQuantity(instrument, price);
  most = std::max(instrument.RoundDownToLot(most), least);
  return AvoidDust(most, left, least, most, instrument.lot);
}

std::string Text(const Parent& parent, const View& view, Quantity quantity) {
  const Index at = view.market.Find(parent.order.intent.instrument);
  if (at == kNone || !view.market.row(at).definition) return absl::StrCat(quantity.mantissa);
  return view.market.row(at).definition->Format(quantity);
}

}  // namespace

Quantity HeldBy(const Parent& parent, const market::Instrument& instrument) {
  const auto fees = market::Rescale(parent.base_fees.units(), parent.base_fees.scale(),
                                    instrument.quantity_scale, market::Rounding::kCeiling);
  const int64_t held = parent.order.filled.mantissa - parent.order.exited.mantissa -
                       static_cast<int64_t>(fees.value_or(0));
  return instrument.RoundDownToLot({std::max<int64_t>(held, 0)});
}

void ParentDesk::Tell(const Parent& parent, ParentState state, std::string detail,
                      ParentSteps& out) const {
  market::ParentOrder told = parent.order;
  told.state = state;
  told.detail = std::move(detail);
  told.market_volume = parent.seen_volume;
  told.market_value = parent.seen_value;
  out.told.push_back(std::move(told));
}

void ParentDesk::Withdraw(const Parent& parent, const char* why, const View& view,
                          ParentSteps& out) const {
  for (const auto& [id, child] : parent.open) {
    CancelOne(parent.order.intent.strategy, child.instrument, child.order, why, view.now,
              out.drafts);
  }
}

std::optional<ParentDesk::End> ParentDesk::Ending(const Parent& parent, const View& view) const {
  const market::ParentOrder& order = parent.order;
  const bool bracket = order.plan.algo == Algo::kBracket;
  const Index at = view.market.Find(order.intent.instrument);
  const market::Instrument* definition =
      at != kNone && view.market.row(at).definition ? &*view.market.row(at).definition : nullptr;
  // What it was given in can no longer be said: not even how much is left.
  if (definition != nullptr && !view.market.row(at).Means(order.intent.instrument_version)) {
    return End{ParentState::kFailed,
               absl::StrCat("the scales of the instrument's numbers changed",
                            bracket && order.filled > order.exited
                                ? "; what is left of its position is unprotected"
                                : "")};
  }
  const Quantity least =
      definition == nullptr ? Quantity{} : LeastQuantity(*definition, order.intent.price);
  const Quantity held = bracket && definition != nullptr ? HeldBy(parent, *definition) : Quantity{};
  const std::string left =
      bracket && held.mantissa > 0
          ? absl::StrCat("; a position of ", Text(parent, view, held), " is left, unprotected")
          : "";
  if (!bracket && order.rest().mantissa <= 0) return End{ParentState::kCompleted, ""};
  if (bracket && parent.exiting && order.exited.mantissa > 0 && held < least)
    return End{ParentState::kCompleted, ""};
  if (parent.cancel_asked) return End{ParentState::kCanceled, absl::StrCat("canceled", left)};
  if (view.now >= order.intent.expires)
    return End{ParentState::kExpired, absl::StrCat("the time limit was reached", left)};
  if (order.children >= order.plan.max_children && parent.open.empty())
    return End{ParentState::kFailed, absl::StrCat("max-children was reached", left)};
  if (!bracket && parent.open.empty() && order.rest() < least) {
    return End{ParentState::kFailed,
               absl::StrCat("what is left, ", Text(parent, view, order.rest()),
                            ", is below the venue's least")};
  }
  if (order.plan.algo == Algo::kIceberg && definition != nullptr && order.plan.visible < least)
    return End{ParentState::kFailed, "the visible part is below the venue's least now"};
  return std::nullopt;
}

std::string ParentDesk::PauseReason(const Parent& parent, const View& view) const {
  const OrderIntent& intent = parent.order.intent;
  const market::AlgoPlan& plan = parent.order.plan;
  const Index at = view.market.Find(intent.instrument);
  if (at == kNone || !view.market.row(at).definition) return "the instrument is not known";
  const MarketRow& row = view.market.row(at);
  if (plan.algo == Algo::kRoute) {
    const bool open = Open(intent, row, view) ||
                      std::any_of(plan.venues.begin(), plan.venues.end(), [&](const auto& venue) {
                        const Index there = view.market.Find(venue);
                        return there != kNone && Open(intent, view.market.row(there), view);
                      });
    return open ? "" : "no venue is proven, fresh and ACTIVE";
  }
  if (row.definition->status != market::InstrumentStatus::kTrading)
    return "the venue does not trade the instrument now";
  if (!row.tradable(view.now, view.stale_after)) return "no proven, fresh book";
  const Permission permission = view.restrictions.For(intent.account, intent.strategy, row);
  if (permission == Permission::kAll) return "";
  // What only reduces may go on: exits of a bracket that has entered, and of what is held already.
  // The gate looks at each.
  const bool reduces =
      intent.reduce_only || plan.algo == Algo::kOco ||
      (plan.algo == Algo::kBracket && HeldBy(parent, *row.definition).mantissa > 0);
  return permission == Permission::kReduce && reduces ? "" : "the trading state is not ACTIVE";
}

void ParentDesk::Decide(const Parent& parent, const View& view, ParentSteps& out) const {
  if (!parent.permitted) {
    if (!parent.denied.empty()) Tell(parent, ParentState::kDenied, parent.denied, out);
    return;
  }
  if (const std::optional<End> end = Ending(parent, view)) {
    if (parent.open.empty()) {
      Tell(parent, end->state, end->why, out);
    } else {
      Withdraw(parent, end->why.empty() ? "parent order filled" : "parent order ends", view, out);
    }
    return;
  }
  if (view.draining) return Withdraw(parent, "draining", view, out);
  const std::string pause = PauseReason(parent, view);
  const ParentState state = pause.empty() ? ParentState::kWorking : ParentState::kPaused;
  const std::string& detail = pause.empty() ? parent.refusal : pause;
  const bool progress = parent.told != parent.order.filled + parent.order.exited;
  const bool first = parent.order.state == ParentState::kSubmitted;
  if (first || ((state != parent.order.state || detail != parent.order.detail || progress) &&
                view.now - parent.told_at >= kChildGap)) {
    Tell(parent, state, detail, out);
  }
  if (!pause.empty()) return Withdraw(parent, "parent order paused", view, out);
  Work(parent, view.market.row(view.market.Find(parent.order.intent.instrument)), view, out);
}

void ParentDesk::Work(const Parent& parent, const MarketRow& row, const View& view,
                      ParentSteps& out) const {
  if (parent.order.plan.algo != Algo::kBracket &&
      parent.order.rest() < Working(parent, parent.order.intent.side)) {
    return Withdraw(parent, "more than the parent order", view, out);  // a fill after its end
  }
  switch (parent.order.plan.algo) {
    case Algo::kTwap:
    case Algo::kVwap:
    case Algo::kPov:
      return WorkSlices(parent, row, view, out);
    case Algo::kIceberg:
      if (!Waits(parent, parent.order.intent.instrument, view.now)) WorkIceberg(parent, row, out);
      return;
    case Algo::kRoute:
      return WorkRoute(parent, row, view, out);
    case Algo::kBracket:
      return WorkBracket(parent, row, view, out);
    case Algo::kOco:
      return WorkOco(parent, row, view, out);
  }
}

void ParentDesk::WorkSlices(const Parent& parent, const MarketRow& row, const View& view,
                            ParentSteps& out) const {
  if (!parent.open.empty() || !Ready(parent, view.now)) return;
  const OrderIntent& intent = parent.order.intent;
  const market::AlgoPlan& plan = parent.order.plan;
  const market::Instrument& instrument = *row.definition;
  const bool shares = plan.algo == Algo::kPov;
  const Quantity target =
      shares ? std::min(intent.quantity, ParticipationTarget(plan.participation_ppm,
                                                             parent.seen_volume, instrument.lot))
             : SliceTarget(plan, intent.quantity, instrument.lot,
                           SlicesBegun(plan, intent.created, intent.expires, view.now));
  const Quantity want = instrument.RoundDownToLot(target - parent.order.filled);
  const market::Level& touch = Touch(row, intent.side);
  if (want.mantissa <= 0 || !Within(intent.side, touch.price, intent.price)) return;
  Quantity most = InOneOrder(instrument, touch.price, instrument.RoundDownToLot(touch.quantity));
  if (shares) most = std::min(most, want);  // never beyond the share
  const Quantity quantity = AvoidDust(std::min(want, most), RestOf(parent, instrument),
                                      LeastQuantity(instrument, touch.price), most, instrument.lot);
  if (quantity.mantissa == 0) return;
  out.drafts.push_back(ChildDraft(parent, instrument, intent.side, market::TimeInForce::kIoc,
                                  touch.price, quantity,
                                  absl::StrCat(market::Name(plan.algo), " slice")));
}

void ParentDesk::WorkIceberg(const Parent& parent, const MarketRow& row, ParentSteps& out) const {
  if (!parent.open.empty() || parent.order.children >= parent.order.plan.max_children) return;
  const OrderIntent& intent = parent.order.intent;
  const market::Instrument& instrument = *row.definition;
  const Quantity rest = RestOf(parent, instrument);
  const Quantity visible = instrument.RoundDownToLot(parent.order.plan.visible);
  const Price price = OnTick(instrument, intent.side, intent.price);
  const Quantity most = InOneOrder(instrument, price, rest);
  const Quantity quantity = AvoidDust(std::min(visible, most), rest,
                                      LeastQuantity(instrument, price), most, instrument.lot);
  if (quantity.mantissa == 0) return;
  out.drafts.push_back(ChildDraft(parent, instrument, intent.side, market::TimeInForce::kGtc, price,
                                  quantity, "ICEBERG part"));
}

namespace {

// What is left of a child, in the numbers of its venue as they are by now.
std::optional<Quantity> RestThere(const Child& child, const MarketRow& there) {
  if (child.instrument_version == 0) return child.order.rest();
  const auto now =
      there.InOurs(market::Fill{.quantity = child.order.rest()}, child.instrument_version);
  return now ? std::optional(now->quantity) : std::nullopt;
}

}  // namespace

void ParentDesk::WorkRoute(const Parent& parent, const MarketRow& row, const View& view,
                           ParentSteps& out) const {
  if (!Due(parent, view.now)) return;
  const OrderIntent& intent = parent.order.intent;
  std::vector<market::InstrumentId> venues = parent.order.plan.venues;
  venues.push_back(intent.instrument);
  std::vector<VenueOffer> offers;
  int64_t left = parent.order.rest().mantissa;
  for (const market::InstrumentId& venue : venues) {
    const Index at = view.market.Find(venue);
    if (at == kNone || !view.market.row(at).definition) continue;
    const MarketRow& there = view.market.row(at);
    VenueOffer offer{.instrument = &*there.definition, .level = Touch(there, intent.side)};
    if (const auto fee = fees_ppm_.find(there.venue); fee != fees_ppm_.end())
      offer.fee_ppm = fee->second;
    offer.healthy = Open(intent, there, view) && !Waits(parent, venue, view.now);
    for (const auto& [id, child] : parent.open) {
      if (child.instrument != venue) continue;
      offer.healthy = false;  // one order a venue, and none beside one of unknown fate
      const auto rest = RestThere(child, there);
      const auto here = rest ? ExactRescale(rest->mantissa, offer.instrument->quantity_scale,
                                            row.definition->quantity_scale)
                             : std::nullopt;
      left -= here.value_or(left);
    }
    for (const auto& [id, child] : parent.ended) {
      const bool failed = child.instrument == venue && child.order.cumulative.mantissa == 0;
      offer.failures += failed ? 1 : 0;
    }
    offers.push_back(std::move(offer));
  }
  if (left <= 0) return;
  uint32_t children = parent.order.children;
  for (const Routed& part : Route(*row.definition, intent.side, intent.price, {left}, offers)) {
    if (children++ >= parent.order.plan.max_children) return;
    out.drafts.push_back(ChildDraft(parent, *part.instrument, intent.side,
                                    market::TimeInForce::kIoc, part.price, part.quantity,
                                    "routed"));
  }
}

void ParentDesk::WorkBracket(const Parent& parent, const MarketRow& row, const View& view,
                             ParentSteps& out) const {
  const OrderIntent& intent = parent.order.intent;
  const market::Instrument& instrument = *row.definition;
  const Side exit = market::Opposite(intent.side);
  const Quantity held = HeldBy(parent, instrument);
  const Price touch = Touch(row, exit).price;
  const Trigger trigger = TriggerOf(parent.order.plan, exit, touch);
  const Price price = ExitPrice(instrument, exit, trigger.limit, touch);
  const Quantity part = trigger.name == nullptr ? Quantity{}
                                                : ExitPart(parent, instrument, price, held,
                                                           Reducible(parent, exit, held, view));
  const bool exits = part.mantissa > 0;
  if (exits || parent.exiting) {
    // Its own entry must be gone first: the two would meet.
    if (Working(parent, intent.side).mantissa > 0)
      return Withdraw(parent, "the exit has begun", view, out);
    if (!exits || !parent.open.empty() || !Ready(parent, view.now)) return;
    out.drafts.push_back(
        ChildDraft(parent, instrument, exit, market::TimeInForce::kIoc, price, part, trigger.name));
    return;
  }
  if (view.restrictions.For(intent.account, intent.strategy, row) != Permission::kAll)
    return Withdraw(parent, "the trading state is not ACTIVE", view, out);
  const Quantity rest = RestOf(parent, instrument);
  const Price entry = OnTick(instrument, intent.side, intent.price);
  const Quantity most = InOneOrder(instrument, entry, rest);
  const Quantity quantity =
      AvoidDust(most, rest, LeastQuantity(instrument, entry), most, instrument.lot);
  if (!parent.open.empty() || !Ready(parent, view.now) || quantity.mantissa == 0) return;
  out.drafts.push_back(ChildDraft(parent, instrument, intent.side, market::TimeInForce::kGtc, entry,
                                  quantity, "entry"));
}

void ParentDesk::WorkOco(const Parent& parent, const MarketRow& row, const View& view,
                         ParentSteps& out) const {
  const OrderIntent& intent = parent.order.intent;
  const market::Instrument& instrument = *row.definition;
  const Price touch = Touch(row, intent.side).price;
  const Trigger trigger = TriggerOf(parent.order.plan, intent.side, touch);
  if (trigger.name == nullptr || !parent.open.empty() || !Ready(parent, view.now)) return;
  const Price price = ExitPrice(instrument, intent.side, trigger.limit, touch);
  const Quantity rest = RestOf(parent, instrument);
  const Quantity most = intent.reduce_only ? Reducible(parent, intent.side, rest, view) : rest;
  const Quantity part = ExitPart(parent, instrument, price, rest, most);
  if (part.mantissa == 0) return;
  out.drafts.push_back(ChildDraft(parent, instrument, intent.side, market::TimeInForce::kIoc, price,
                                  part, trigger.name));
}

}  // namespace gannet::strategy
