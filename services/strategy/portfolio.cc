#include "services/strategy/portfolio.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/wire/saved.h"

namespace gannet::strategy {
namespace {

using market::ExecKind;
using market::IntentKind;
using market::OrderState;

constexpr uint8_t kVersion = 2;  // 1: without parent orders
constexpr base::Duration kFirstBackoff = std::chrono::seconds(1);
constexpr uint32_t kMaxDoublings = 6;  // 64 s

std::vector<WorkingOrder>::iterator FindOrder(Slot& slot, const market::ClientOrderId& id) {
  return std::find_if(slot.orders.begin(), slot.orders.end(),
                      [&](const WorkingOrder& order) { return order.id == id; });
}

}  // namespace

WorkingOrder WorkingOrderOf(const market::OrderIntent& intent) {
  return {.id = intent.client_order_id,
          .side = intent.side,
          .time_in_force = intent.time_in_force,
          .price = intent.price,
          .quantity = intent.quantity,
          .reduce_only = intent.reduce_only,
          .created = intent.created,
          .is_parent = intent.kind == IntentKind::kParent,
          .parent = intent.parent};
}

const WorkingOrder* Slot::Order(market::Side side) const {
  for (const WorkingOrder& order : orders) {
    if (order.side == side && order.parent.empty()) return &order;
  }
  return nullptr;
}

const StrategyRow* Portfolio::Find(const market::StrategyId& strategy) const {
  const auto found = strategies_.find(strategy);
  return found == strategies_.end() ? nullptr : &found->second;
}

const Slot* Portfolio::Find(const market::StrategyId& strategy,
                            const market::InstrumentId& instrument) const {
  const StrategyRow* row = Find(strategy);
  if (row == nullptr) return nullptr;
  const auto found = row->slots.find(instrument);
  return found == row->slots.end() ? nullptr : &found->second;
}

Slot* Portfolio::FindSlot(const market::StrategyId& strategy,
                          const market::InstrumentId& instrument) {
  return const_cast<Slot*>(std::as_const(*this).Find(strategy, instrument));
}

uint64_t Portfolio::NextSequence(const market::StrategyId& strategy) const {
  const StrategyRow* row = Find(strategy);
  return row == nullptr ? 1 : row->sequence + 1;
}

size_t Portfolio::MessagesSince(const market::StrategyId& strategy, base::Time from) const {
  const StrategyRow* row = Find(strategy);
  if (row == nullptr) return 0;
  const auto first = std::upper_bound(row->messages.begin(), row->messages.end(), from);
  return static_cast<size_t>(row->messages.end() - first);
}

bool Portfolio::Retracted(const Slot& slot) const {
  return !slot.signal.empty() &&
         std::find(retracted_.begin(), retracted_.end(), slot.signal) != retracted_.end();
}

size_t Portfolio::working_orders() const {
  size_t count = 0;
  for (const auto& [id, row] : strategies_) {
    for (const auto& [instrument, slot] : row.slots) {
      count += static_cast<size_t>(
          std::count_if(slot.orders.begin(), slot.orders.end(),
                        [](const WorkingOrder& order) { return !order.is_parent; }));
    }
  }
  return count;
}

void Portfolio::Apply(const market::OrderIntent& intent) {
  if (intent.account != account_) return;
  StrategyRow& row = strategies_[intent.strategy];
  row.sequence = std::max(row.sequence, intent.sequence);
  row.messages.push_back(intent.created);
  if (row.messages.size() > kMaxRememberedMessages) row.messages.pop_front();
  Slot& slot = row.slots[intent.instrument];
  if (intent.kind == IntentKind::kCancel) {
    if (const auto order = FindOrder(slot, intent.target); order != slot.orders.end())
      order->cancel_asked = intent.created;
    return;
  }
  if (intent.kind == IntentKind::kAmend) return;  // what comes of it is reported of the order
  slot.orders.push_back(WorkingOrderOf(intent));
  slot.placed[Slot::SideIndex(intent.side)] = intent.created;
  if (intent.reduce_only) return;
  slot.entered = intent.created;
  slot.signal = intent.signal;
  slot.model_version = intent.model_version;
}

void Portfolio::Refused(Slot& slot, market::Side side, base::Time at) {
  Backoff& backoff = slot.backoff[Slot::SideIndex(side)];
  backoff.until = at + kFirstBackoff * (1 << std::min(backoff.refusals, kMaxDoublings));
  ++backoff.refusals;
}

void Portfolio::Apply(const market::RiskDecision& decision) {
  const market::OrderIntent& intent = decision.intent;
  if (intent.account != account_) return;
  Slot* slot = FindSlot(intent.strategy, intent.instrument);
  if (slot == nullptr) return;
  if (intent.kind == IntentKind::kAmend && !decision.permitted)
    return Refused(*slot, intent.side, decision.decided);
  const auto order = FindOrder(*slot, intent.client_order_id);
  if (order == slot->orders.end()) return;
  if (decision.permitted) {
    order->permitted = true;
  } else {
    Refused(*slot, order->side, decision.decided);
    slot->orders.erase(order);
  }
}

void Portfolio::Apply(const market::ParentOrder& parent) {
  Slot* slot = FindSlot(parent.intent.strategy, parent.intent.instrument);
  if (slot == nullptr) return;
  const auto order = FindOrder(*slot, parent.id());
  if (order == slot->orders.end()) return;
  order->cumulative = std::min(parent.filled, order->quantity);
  if (market::IsTerminal(parent.state)) slot->orders.erase(order);
}

void Portfolio::Apply(const market::ExecReport& report, base::Time at, const MarketRow* row) {
  if (report.account != account_) return;
  Slot* slot = FindSlot(report.strategy, report.instrument);
  if (slot == nullptr) return;  // another process's strategy, or EXTERNAL
  if (report.fill && report.kind == ExecKind::kFill) {
    slot->filled = at;
    const auto fill =
        row == nullptr ? std::nullopt : row->InOurs(*report.fill, report.instrument_version);
    const bool booked =
        fill && market::ApplyFill(slot->position, *row->definition, report.side, *fill).ok();
    if (!booked) ++fills_unbooked_;
  }
  const auto order = FindOrder(*slot, report.client_order_id);
  if (order == slot->orders.end()) return;
  if (report.kind == ExecKind::kIllegal) return;
  order->permitted = true;
  order->state = report.state;
  if (report.fill)
    order->cumulative = std::min(order->cumulative + report.fill->quantity, order->quantity);
  if (report.kind == ExecKind::kReplaced) {
    order->price = report.price;
    order->quantity = report.quantity;
    order->cumulative = report.cumulative;
  }
  if (report.kind == ExecKind::kCancelRejected) ++order->cancels_refused;
  if (report.kind == ExecKind::kAccepted || report.kind == ExecKind::kFill ||
      report.kind == ExecKind::kReplaced) {
    slot->backoff[Slot::SideIndex(order->side)] = Backoff{};
  }
  if (report.kind == ExecKind::kNotSent || report.kind == ExecKind::kRejected ||
      report.kind == ExecKind::kAbsent || report.kind == ExecKind::kReplaceRejected) {
    Refused(*slot, order->side, at);
  }
  if (market::IsTerminal(report.state)) slot->orders.erase(order);
}

void Portfolio::Apply(const market::Event<market::NewsSignal>& event) {
  if (event.value.relation == market::NewsRelation::kRetraction) {
    if (event.value.original.empty()) return;
    for (const auto& [item, signal] : signals_) {
      if (item == event.value.original) retracted_.push_back(signal);
    }
    while (retracted_.size() > kMaxRememberedSignals) retracted_.pop_front();
    return;
  }
  signals_.emplace_back(event.value.item, event.header.id);
  if (signals_.size() > kMaxRememberedSignals) signals_.pop_front();
}

// --- saved state ---------------------------------------------------------------

void SaveOrder(wire::CanonicalWriter& out, const WorkingOrder& order) {
  out.Text(order.id);
  out.U8(static_cast<uint8_t>(order.side));
  out.U8(static_cast<uint8_t>(order.time_in_force));
  out.I64(order.price.mantissa);
  out.I64(order.quantity.mantissa);
  out.I64(order.cumulative.mantissa);
  out.Bool(order.reduce_only);
  out.Time(order.created);
  out.Bool(order.permitted);
  out.U8(static_cast<uint8_t>(order.state));
  out.Time(order.cancel_asked);
  out.U32(order.cancels_refused);
  out.Bool(order.is_parent);
  out.Text(order.parent);
}

WorkingOrder LoadOrder(wire::CanonicalReader& in, bool with_parents) {
  WorkingOrder order;
  order.id = in.Text<market::ClientOrderId>();
  order.side = in.U8() == static_cast<uint8_t>(market::Side::kSell) ? market::Side::kSell
                                                                    : market::Side::kBuy;
  order.time_in_force = static_cast<market::TimeInForce>(in.U8());
  order.price = {in.I64()};
  order.quantity = {in.I64()};
  order.cumulative = {in.I64()};
  order.reduce_only = in.Bool();
  order.created = in.Time();
  order.permitted = in.Bool();
  order.state = static_cast<OrderState>(in.U8());
  order.cancel_asked = in.Time();
  order.cancels_refused = in.U32();
  if (with_parents) {
    order.is_parent = in.Bool();
    order.parent = in.Text<market::ClientOrderId>();
  }
  return order;
}

namespace {

void SaveSlot(wire::CanonicalWriter& out, const Slot& slot) {
  wire::SavePosition(out, slot.position);
  out.U32(static_cast<uint32_t>(slot.orders.size()));
  for (const WorkingOrder& order : slot.orders) SaveOrder(out, order);
  for (const Backoff& backoff : slot.backoff) {
    out.U32(backoff.refusals);
    out.Time(backoff.until);
  }
  out.Time(slot.entered);
  for (const base::Time placed : slot.placed) out.Time(placed);
  out.Time(slot.filled);
  out.EventId(slot.signal);
  out.Bytes(slot.model_version);
}

Slot LoadSlot(wire::CanonicalReader& in, bool with_parents) {
  Slot slot;
  slot.position = wire::LoadPosition(in);
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i)
    slot.orders.push_back(LoadOrder(in, with_parents));
  for (Backoff& backoff : slot.backoff) {
    backoff.refusals = in.U32();
    backoff.until = in.Time();
  }
  slot.entered = in.Time();
  for (base::Time& placed : slot.placed) placed = in.Time();
  slot.filled = in.Time();
  slot.signal = in.EventId();
  slot.model_version = in.Bytes();
  return slot;
}

}  // namespace

void Portfolio::Save(wire::CanonicalWriter& out) const {
  out.U8(kVersion);
  out.Text(account_);
  out.U32(static_cast<uint32_t>(strategies_.size()));
  for (const auto& [id, row] : strategies_) {
    out.Text(id);
    out.U64(row.sequence);
    out.U32(static_cast<uint32_t>(row.messages.size()));
    for (const base::Time at : row.messages) out.Time(at);
    out.U32(static_cast<uint32_t>(row.slots.size()));
    for (const auto& [instrument, slot] : row.slots) {
      out.Text(instrument);
      SaveSlot(out, slot);
    }
  }
  out.U32(static_cast<uint32_t>(signals_.size()));
  for (const auto& [item, signal] : signals_) {
    out.EventId(item);
    out.EventId(signal);
  }
  out.U32(static_cast<uint32_t>(retracted_.size()));
  for (const market::EventId& signal : retracted_) out.EventId(signal);
  out.U64(fills_unbooked_);
}

absl::Status Portfolio::Load(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && (version == 0 || version > kVersion)) {
    return absl::FailedPreconditionError(absl::StrCat("portfolio of format ", version,
                                                      ", this build reads ", kVersion,
                                                      "; use the build that wrote it"));
  }
  if (const auto account = in.Text<market::AccountId>(); in.ok() && account != account_) {
    return absl::FailedPreconditionError(
        absl::StrCat("the saved strategies trade for ", account.text(), ", the configuration says ",
                     account_.text(), "; set account back, or start with --fresh"));
  }
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    StrategyRow& row = strategies_[in.Text<market::StrategyId>()];
    row.sequence = in.U64();
    for (uint32_t j = 0, messages = in.U32(); j < messages && in.ok(); ++j)
      row.messages.push_back(in.Time());
    for (uint32_t j = 0, slots = in.U32(); j < slots && in.ok(); ++j) {
      const auto instrument = in.Text<market::InstrumentId>();
      row.slots[instrument] = LoadSlot(in, version > 1);
    }
  }
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const market::EventId item = in.EventId();
    signals_.emplace_back(item, in.EventId());
  }
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i)
    retracted_.push_back(in.EventId());
  fills_unbooked_ = in.U64();
  return in.status();
}

}  // namespace gannet::strategy
