#include "services/strategy/parent_desk.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/market/names.h"
#include "libs/wire/codec.h"
#include "services/strategy/routing.h"
#include "services/strategy/schedule.h"

namespace gannet::strategy {
namespace {

using market::Algo;
using market::ClientOrderId;
using market::ExecKind;
using market::Int128;
using market::IntentKind;
using market::ParentState;
using market::Quantity;

// 1: without the most of an exit; 2: one back-off for all venues; 3: without versions of children
constexpr uint8_t kVersion = 4;
constexpr base::Duration kFirstBackoff = std::chrono::seconds(1);
constexpr uint32_t kMaxDoublings = 6;  // 64 s
constexpr Int128 kMostValue = static_cast<Int128>(1) << 120;

}  // namespace

const Parent* ParentDesk::Find(const ClientOrderId& id) const {
  const auto found = parents_.find(id);
  return found == parents_.end() ? nullptr : &found->second;
}

Parent* ParentDesk::ParentOf(const ClientOrderId& child) {
  const auto id = parent_of_.find(child);
  if (id == parent_of_.end()) return nullptr;
  const auto parent = parents_.find(id->second);
  return parent == parents_.end() ? nullptr : &parent->second;
}

// --- facts ---------------------------------------------------------------------

void ParentDesk::Apply(const market::Event<market::ParentOrder>& event) {
  const market::ParentOrder& told = event.value;
  const ClientOrderId& id = told.id();
  const auto [at, added] = parents_.try_emplace(id);
  if (added) touched_.insert(id);
  Parent& parent = at->second;
  if (market::IsTerminal(told.state)) {
    for (const auto& [child, order] : parent.ended) parent_of_.erase(child);
    parents_.erase(at);
    return;
  }
  parent.order = told;
  parent.seen_volume = told.market_volume;
  parent.seen_value = told.market_value;
  parent.told = told.filled + told.exited;
  parent.told_at = event.header.receive_time;
}

void ParentDesk::Apply(const market::OrderIntent& intent) {
  if (intent.kind == IntentKind::kParent) {
    if (const auto own = parents_.find(intent.client_order_id); own != parents_.end())
      own->second.asked = true;
    return;
  }
  if (intent.parent.empty()) return;
  const auto found = parents_.find(intent.parent);
  if (found == parents_.end()) return;
  Parent& parent = found->second;
  if (market::CancelsParent(intent)) {
    parent.cancel_asked = true;
    touched_.insert(intent.parent);
  } else if (intent.kind == IntentKind::kCancel) {
    if (const auto child = parent.open.find(intent.target); child != parent.open.end())
      child->second.order.cancel_asked = intent.created;
  } else {
    parent.open.emplace(intent.client_order_id, Child{intent.instrument, intent.instrument_version,
                                                      WorkingOrderOf(intent)});
    parent_of_.emplace(intent.client_order_id, intent.parent);
    ++parent.order.children;
    parent.last_child = intent.created;
    parent.exiting = parent.exiting || intent.side != parent.order.intent.side;
  }
}

void ParentDesk::Apply(const market::RiskDecision& decision) {
  const market::OrderIntent& intent = decision.intent;
  const auto why = [&decision] {
    return absl::StrCat(market::Name(decision.reason), ": ", decision.detail);
  };
  if (intent.kind == IntentKind::kParent) {
    const auto own = parents_.find(intent.client_order_id);
    if (own == parents_.end()) return;
    own->second.permitted = decision.permitted;
    if (!decision.permitted) own->second.denied = why();
    touched_.insert(intent.client_order_id);
    return;
  }
  Parent* parent = ParentOf(intent.client_order_id);
  if (parent == nullptr) return;
  const auto child = parent->open.find(intent.client_order_id);
  if (child == parent->open.end()) return;
  if (decision.permitted) {
    child->second.order.permitted = true;
    return;
  }
  const bool exits =
      parent->order.plan.algo == Algo::kOco || intent.side != parent->order.intent.side;
  if (exits && (decision.reason == market::RejectReason::kMaxNotional ||
                decision.reason == market::RejectReason::kMaxQuantity)) {
    TooLarge(*parent, intent, why(), decision.decided);
  } else {
    Refused(*parent, intent.instrument, why(), decision.decided);
  }
  Close(*parent, intent.client_order_id);
}

void ParentDesk::Apply(const market::ExecReport& report, base::Time at, const MarketView& market) {
  if (report.kind == ExecKind::kIllegal) return;
  Parent* parent = ParentOf(report.client_order_id);
  if (parent == nullptr) return;
  auto found = parent->open.find(report.client_order_id);
  const bool was_open = found != parent->open.end();
  if (!was_open) found = parent->ended.find(report.client_order_id);
  if (found == parent->ended.end()) return;
  Child& child = found->second;
  WorkingOrder& order = child.order;
  touched_.insert(parent->order.id());
  if (report.fill && report.kind == ExecKind::kFill) {
    Book(*parent, child, report, market);
    order.cumulative = std::min(order.cumulative + report.fill->quantity, order.quantity);
  }
  if (!was_open) return;  // a fill after its end: only its figure counts
  order.permitted = true;
  order.state = report.state;
  if (report.kind == ExecKind::kCancelRejected) ++order.cancels_refused;
  if (report.kind == ExecKind::kAccepted || report.kind == ExecKind::kFill) {
    parent->backoff.erase(child.instrument);
    parent->refusal.clear();
  }
  if (report.kind == ExecKind::kNotSent || report.kind == ExecKind::kRejected ||
      report.kind == ExecKind::kAbsent) {
    Refused(*parent, child.instrument,
            absl::StrCat(market::Name(report.kind), ": ", report.venue_code,
                         report.venue_code.empty() ? "" : " ", report.detail),
            at);
  }
  if (market::IsTerminal(report.state)) Close(*parent, report.client_order_id);
}

// In the scales of the parent; a venue whose numbers cannot be said there is not routed to.
void ParentDesk::Book(Parent& parent, const Child& child, const market::ExecReport& report,
                      const MarketView& market) {
  int64_t price = report.fill->price.mantissa, quantity = report.fill->quantity.mantissa;
  const Index own = market.Find(parent.order.intent.instrument),
              there = market.Find(child.instrument);
  if (own != there && own != kNone && there != kNone && market.row(own).definition &&
      market.row(there).definition) {
    const market::Instrument &to = *market.row(own).definition,
                             &from = *market.row(there).definition;
    const market::Fill fill =
        market.row(there).InOurs(*report.fill, report.instrument_version).value_or(*report.fill);
    const auto rescaled = market::Rescale(fill.quantity.mantissa, from.quantity_scale,
                                          to.quantity_scale, market::Rounding::kHalfEven);
    const auto paid = market::Rescale(fill.price.mantissa, from.price_scale, to.price_scale,
                                      market::Rounding::kHalfEven);
    quantity = static_cast<int64_t>(rescaled.value_or(0));
    price = static_cast<int64_t>(paid.value_or(0));
  }
  if (price <= 0 || quantity <= 0) return;
  const bool entry = child.order.side == parent.order.intent.side;
  (entry ? parent.order.filled : parent.order.exited).mantissa += quantity;
  Int128& value = entry ? parent.order.filled_value : parent.order.exited_value;
  value = std::min(value + static_cast<Int128>(price) * quantity, kMostValue);
  if (entry && own != kNone && market.row(own).definition &&
      market.row(own).definition->kind == market::InstrumentKind::kSpot &&
      report.fill->fee_asset == market.row(own).definition->base &&
      child.order.side == market::Side::kBuy) {
    parent.base_fees += report.fill->fee;
  }
}

void ParentDesk::Refused(Parent& parent, const market::InstrumentId& where, std::string why,
                         base::Time at) {
  Backoff& backoff = parent.backoff[where];
  backoff.until = at + kFirstBackoff * (1 << std::min(backoff.refusals, kMaxDoublings));
  ++backoff.refusals;
  parent.refusal = std::move(why);
}

// The next asks for half, and need not wait longer each time.
void ParentDesk::TooLarge(Parent& parent, const market::OrderIntent& refused, std::string why,
                          base::Time at) {
  parent.most = {std::max<int64_t>(refused.quantity.mantissa / 2, 1)};
  parent.backoff[refused.instrument].until = at + kFirstBackoff;
  parent.refusal = std::move(why);
}

void ParentDesk::Close(Parent& parent, const ClientOrderId& child) {
  auto node = parent.open.extract(child);
  if (!node.empty()) parent.ended.insert(std::move(node));
  touched_.insert(parent.order.id());
}

// --- live data -----------------------------------------------------------------

void ParentDesk::OnTrade(const market::Trade& trade, const MarketView& market) {
  const Index at = market.Find(trade.instrument);
  if (at == kNone || !market.row(at).Means(trade.instrument_version) ||
      trade.quantity.mantissa <= 0 || trade.price.mantissa <= 0) {
    return;
  }
  for (auto& [id, parent] : parents_) {
    if (parent.order.intent.instrument != trade.instrument ||
        !market.row(at).Means(parent.order.intent.instrument_version)) {
      continue;
    }
    if (parent.seen_volume.mantissa >
        std::numeric_limits<int64_t>::max() - trade.quantity.mantissa) {
      continue;
    }
    parent.seen_volume += trade.quantity;
    parent.seen_value = std::min(
        parent.seen_value + static_cast<Int128>(trade.price.mantissa) * trade.quantity.mantissa,
        kMostValue);
  }
}

// --- saved state ---------------------------------------------------------------

namespace {

void SaveChild(wire::CanonicalWriter& out, const Child& child) {
  out.Text(child.instrument);
  out.U32(child.instrument_version);
  SaveOrder(out, child.order);
}

Child LoadChild(wire::CanonicalReader& in, uint8_t version) {
  Child child;
  child.instrument = in.Text<market::InstrumentId>();
  if (version > 3) child.instrument_version = in.U32();
  child.order = LoadOrder(in);
  return child;
}

}  // namespace

void ParentDesk::Save(wire::CanonicalWriter& out) const {
  out.U8(kVersion);
  out.U32(static_cast<uint32_t>(parents_.size()));
  for (const auto& [id, parent] : parents_) {
    market::Event<market::ParentOrder> event;
    event.value = parent.order;
    out.Bytes(wire::Encode(event));
    out.Bool(parent.asked);
    out.Bool(parent.permitted);
    out.Bytes(parent.denied);
    out.Bool(parent.cancel_asked);
    out.Bool(parent.exiting);
    out.Money(parent.base_fees);
    out.U32(static_cast<uint32_t>(parent.backoff.size()));
    for (const auto& [instrument, backoff] : parent.backoff) {
      out.Text(instrument);
      out.U32(backoff.refusals);
      out.Time(backoff.until);
    }
    out.Bytes(parent.refusal);
    out.I64(parent.most.mantissa);
    out.Time(parent.last_child);
    out.Time(parent.told_at);
    out.I64(parent.told.mantissa);
    for (const auto* children : {&parent.open, &parent.ended}) {
      out.U32(static_cast<uint32_t>(children->size()));
      for (const auto& [child_id, child] : *children) SaveChild(out, child);
    }
  }
}

absl::Status ParentDesk::Load(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && (version == 0 || version > kVersion)) {
    return absl::FailedPreconditionError(absl::StrCat("parent orders of format ", version,
                                                      ", this build reads ", kVersion,
                                                      "; use the build that wrote it"));
  }
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    GANNET_ASSIGN_OR_RETURN(auto event, wire::Decode<market::ParentOrder>(in.Bytes()));
    Parent parent;
    parent.order = std::move(event.value);
    parent.seen_volume = parent.order.market_volume;
    parent.seen_value = parent.order.market_value;
    parent.asked = in.Bool();
    parent.permitted = in.Bool();
    parent.denied = in.Bytes();
    parent.cancel_asked = in.Bool();
    parent.exiting = in.Bool();
    parent.base_fees = in.Money();
    for (uint32_t each = version > 2 ? in.U32() : 1; each > 0 && in.ok(); --each) {
      const auto where =
          version > 2 ? in.Text<market::InstrumentId>() : parent.order.intent.instrument;
      const Backoff backoff{.refusals = in.U32(), .until = in.Time()};
      if (backoff.until != base::Time()) parent.backoff.emplace(where, backoff);
    }
    parent.refusal = in.Bytes();
    if (version > 1) parent.most = {in.I64()};
    parent.last_child = in.Time();
    parent.told_at = in.Time();
    parent.told = {in.I64()};
    for (auto* children : {&parent.open, &parent.ended}) {
      for (uint32_t each = in.U32(); each > 0 && in.ok(); --each) {
        Child child = LoadChild(in, version);
        const ClientOrderId id = child.order.id;
        parent_of_.emplace(id, parent.order.id());
        children->emplace(id, std::move(child));
      }
    }
    const ClientOrderId id = parent.order.id();
    parents_.emplace(id, std::move(parent));
  }
  return in.status();
}

}  // namespace gannet::strategy
