// Saving, loading and rebuilding the exposure book: names instead of indices,
// everything in the order of its name.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/wire/saved.h"
#include "services/risk/exposure_book.h"

namespace gannet::risk {
namespace {

using market::Side;

// 1: without the windows of controls 4 to 30; 2: without parent orders; 3: without bookings
// beside trades; 4: without amendments; 5: without trailing stops; 6: all scopes of one day;
// 7: flow windows without the length of their slices; 8: without the bounds of market orders;
// 9: each version of an instrument by itself
constexpr uint8_t kBookVersion = 10;

void WriteFees(wire::CanonicalWriter& out, const std::map<market::AssetId, market::Money>& fees) {
  out.U32(static_cast<uint32_t>(fees.size()));
  for (const auto& [asset, amount] : fees) {
    out.Text(asset);
    out.Money(amount);
  }
}

std::map<market::AssetId, market::Money> ReadFees(wire::CanonicalReader& in) {
  std::map<market::AssetId, market::Money> fees;
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const auto asset = in.Text<market::AssetId>();
    fees[asset] = in.Money();
  }
  return fees;
}

bool HasContent(const Leaf& leaf) {
  return leaf.position != 0 || leaf.cash != 0 || !leaf.base_fee_rest.zero() ||
         !leaf.other_fees.empty() || leaf.last_sequence != 0 || !leaf.answered.empty() || leaf.told;
}

bool HasContent(const ScopeRow& row) {
  return row.stated || row.day_baseline != 0 || row.peak != 0 || !row.messages.times().empty() ||
         !row.executions.times().empty() || !row.failures.times().empty() || row.throttled ||
         row.breaker_open || !row.flow.slices().empty();
}

void WriteTimes(wire::CanonicalWriter& out, const RateWindow& window) {
  const std::vector<base::Time> times = window.times();
  out.U32(static_cast<uint32_t>(times.size()));
  for (const base::Time at : times) out.Time(at);
}

void ReadTimes(wire::CanonicalReader& in, RateWindow& window) {
  window.Clear();
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) window.Add(in.Time());
}

// `asset_of(number)` and below `number_of(asset)` tell assets from their numbers.
template <class AssetOf>
void WriteFlow(wire::CanonicalWriter& out, const SliceRing<Flow>& flow, const AssetOf& asset_of) {
  std::map<int64_t, const Flow*> slices;
  flow.ForEach([&slices](int64_t index, const Flow& slice) { slices.emplace(index, &slice); });
  out.Duration(flow.length());
  out.U32(static_cast<uint32_t>(slices.size()));
  for (const auto& [index, value] : slices) {
    out.I64(index);
    out.I128(value->quantity);
    out.U64(value->messages);
    out.U64(value->orders);
    out.U64(value->cancels);
    out.U64(value->fills);
    uint32_t assets = 0;
    value->ForEachNotional([&assets](Index, market::Int128) { ++assets; });
    out.U32(assets);
    value->ForEachNotional([&](Index asset, market::Int128 amount) {
      out.Text(asset_of(asset));
      out.I128(amount);
    });
  }
}

// Numbers of slices of another length, or of none that is known, are of other times: as where
// the window changes while the gate runs, it begins anew.
template <class NumberOf>
void ReadFlow(wire::CanonicalReader& in, SliceRing<Flow>& flow, uint8_t version,
              const NumberOf& number_of) {
  const bool alike = version >= 8 && in.Duration() == flow.length();
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const int64_t index = in.I64();
    Flow value;
    value.quantity = in.I128();
    value.messages = in.U64();
    value.orders = in.U64();
    value.cancels = in.U64();
    value.fills = in.U64();
    for (uint32_t j = 0, assets = in.U32(); j < assets && in.ok(); ++j) {
      const auto asset = in.Text<market::AssetId>();
      value.AddNotional(number_of(asset), in.I128());
    }
    if (!alike) continue;
    if (Flow* slice = flow.AtIndex(index)) *slice = std::move(value);
  }
}

// Trailing stops alone have a distance.
bool Trails(const OrderShape& shape) {
  return shape.type == static_cast<uint8_t>(market::OrderType::kTrailingStop);
}

void WriteAnswered(wire::CanonicalWriter& out, const OrderMemory& answered) {
  const std::vector<OrderMemory::Entry> entries = answered.entries();
  out.U32(static_cast<uint32_t>(entries.size()));
  for (const auto& [at, shape] : entries) {
    out.Time(at);
    out.U32(shape.version);
    out.U8(shape.side);
    out.U8(shape.type);
    out.U8(shape.time_in_force);
    out.Bool(shape.reduce_only);
    out.I64(shape.price);
    out.I64(shape.stop_price);
    out.I64(shape.quantity);
    if (Trails(shape)) out.U32(shape.trailing_bps);
  }
}

OrderMemory ReadAnswered(wire::CanonicalReader& in, uint8_t version) {
  OrderMemory answered;
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const base::Time at = in.Time();
    OrderShape shape;
    shape.version = in.U32();
    shape.side = in.U8();
    shape.type = in.U8();
    shape.time_in_force = in.U8();
    shape.reduce_only = in.Bool();
    shape.price = in.I64();
    shape.stop_price = in.I64();
    shape.quantity = in.I64();
    if (version >= 6 && Trails(shape)) shape.trailing_bps = in.U32();
    answered.Add(at, shape);
  }
  return answered;
}

}  // namespace

void ExposureBook::SaveLeaf(wire::CanonicalWriter& out, const Leaf& leaf) const {
  out.Bytes(scopes_[leaf.account].scope.name);
  out.Bytes(scopes_[leaf.strategy].scope.name);
  out.Text(instruments_[leaf.instrument].definition.id);
}

void ExposureBook::Save(wire::CanonicalWriter& out) const {
  out.U8(kBookVersion);
  std::map<market::InstrumentId, const InstrumentRow*> instruments;
  for (const InstrumentRow& row : instruments_) instruments.emplace(row.definition.id, &row);
  out.U32(static_cast<uint32_t>(instruments.size()));
  for (const auto& [id, row] : instruments) {
    wire::SaveInstrument(out, row->definition);
    out.U32(static_cast<uint32_t>(row->scales.size()));
    for (const ScaleVersion& scale : row->scales) {
      out.U32(scale.since);
      out.U32(scale.version);
      out.U8(static_cast<uint8_t>(scale.price_scale));
      out.U8(static_cast<uint8_t>(scale.quantity_scale));
    }
    out.I64(row->last_fill.mantissa);
    out.Bytes(row->broken);
  }

  std::map<market::Scope, const ScopeRow*> scopes;
  for (const ScopeRow& row : scopes_) {
    if (HasContent(row) || row.day != day_) scopes.emplace(row.scope, &row);
  }
  out.U32(static_cast<uint32_t>(scopes.size()));
  for (const auto& [scope, row] : scopes) SaveScope(out, *row);

  std::map<std::tuple<std::string, std::string, market::InstrumentId>, const Leaf*> leaves;
  for (const Leaf& leaf : leaves_) {
    if (!HasContent(leaf)) continue;
    leaves.emplace(std::tuple(scopes_[leaf.account].scope.name, scopes_[leaf.strategy].scope.name,
                              instruments_[leaf.instrument].definition.id),
                   &leaf);
  }
  out.U32(static_cast<uint32_t>(leaves.size()));
  for (const auto& [name, leaf] : leaves) {
    SaveLeaf(out, *leaf);
    out.I64(leaf->position);
    out.I128(leaf->cash);
    out.Money(leaf->base_fee_rest);
    WriteFees(out, leaf->other_fees);
    out.U64(leaf->last_sequence);
    WriteAnswered(out, leaf->answered);
    out.Bool(leaf->told);
    out.I64(leaf->told_position);
    out.Time(leaf->differs_since);
  }

  std::map<std::tuple<std::string, std::string, market::AssetId>, const BalanceRow*> balances;
  for (const BalanceRow& row : balances_) {
    if (row.known)
      balances.emplace(std::tuple(scopes_[row.account].scope.name, row.venue, row.asset), &row);
  }
  out.U32(static_cast<uint32_t>(balances.size()));
  for (const auto& [name, row] : balances) {
    out.Bytes(std::get<0>(name));
    out.Bytes(row->venue);
    out.Text(row->asset);
    out.Money(row->total);
  }

  out.U32(static_cast<uint32_t>(orders_.size()));
  for (const auto& [id, order] : SortedOrders()) {
    out.Text(id);
    SaveLeaf(out, leaves_[order->leaf]);
    out.U8(static_cast<uint8_t>(order->side));
    out.I64(order->quantity.mantissa);
    out.I64(order->cumulative.mantissa);
    out.Money(order->reserved);
    out.Time(order->decided);
    out.Bool(order->answered);
    out.U8(static_cast<uint8_t>(order->state));
    out.I64(order->meets);
    out.Bool(order->is_parent);
    if (order->is_parent) {
      out.I64(order->rest);
      out.I128(order->rest_value);
    }
    out.Text(order->parent);
    out.I64(order->taken);
    out.I128(order->taken_value);
    out.Text(order->amendment);
    out.I64(order->amended_quantity.mantissa);
    out.Money(order->amended_reserved);
    out.I64(order->amended_meets);
  }
  out.Time(person_seen_);
  out.U32(static_cast<uint32_t>(bookings_.size()));
  for (const auto& [key, paid] : bookings_) {
    out.Bytes(key.first);
    out.Text(key.second);
    out.Money(paid);
  }
}

void ExposureBook::SaveScope(wire::CanonicalWriter& out, const ScopeRow& row) const {
  out.U8(static_cast<uint8_t>(row.scope.kind));
  out.Bytes(row.scope.name);
  out.U8(static_cast<uint8_t>(row.state));
  out.Bool(row.killed);
  out.Bool(row.stated);
  out.Bytes(row.reason);
  out.I128(row.day_baseline);
  out.I128(row.peak);
  out.I64(row.day);
  WriteTimes(out, row.messages);
  WriteTimes(out, row.executions);
  WriteTimes(out, row.failures);
  out.Bool(row.throttled);
  out.Bool(row.breaker_open);
  WriteFlow(out, row.flow.slices(),
            [this](Index number) -> const market::AssetId& { return asset(number); });
}

// Behind kind and name.
void ExposureBook::LoadScope(wire::CanonicalReader& in, ScopeRow& row, uint8_t version) {
  row.state = static_cast<market::TradingState>(in.U8());
  row.killed = in.Bool();
  row.stated = in.Bool();
  row.reason = in.Bytes();
  row.day_baseline = in.I128();
  row.peak = row.high = in.I128();
  row.day = version >= 7 ? in.I64() : day_;
  ReadTimes(in, row.messages);
  if (version < 2) return;
  ReadTimes(in, row.executions);
  ReadTimes(in, row.failures);
  row.throttled = in.Bool();
  row.breaker_open = in.Bool();
  row.flow.Clear();
  ReadFlow(in, row.flow.slices(), version,
           [this](const market::AssetId& asset) { return NumberOf(asset); });
}

absl::Status ExposureBook::Load(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && (version == 0 || version > kBookVersion)) {
    return absl::FailedPreconditionError(absl::StrCat("exposure book of format ", version,
                                                      ", this build reads ", kBookVersion,
                                                      "; use the build that wrote it"));
  }
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const market::Instrument definition = wire::LoadInstrument(in);
    if (!in.ok()) break;
    PutInstrument(definition);
    const Index at = FindInstrument(definition.id);
    InstrumentRow kept;
    for (uint32_t left = std::min<uint32_t>(in.U32(), 1'000); left > 0; --left) {
      ScaleVersion scale;
      scale.since = scale.version = in.U32();
      if (version >= 10) scale.version = in.U32();
      scale.price_scale = in.U8();
      scale.quantity_scale = in.U8();
      kept.AddScales(scale);
    }
    const market::Price last_fill{in.I64()};
    std::string broken = in.Bytes();
    if (at == kNone) continue;
    instruments_[at].scales = std::move(kept.scales);
    instruments_[at].last_fill = last_fill;
    instruments_[at].broken = std::move(broken);
    TakeRules(instruments_[at]);
  }
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const auto kind = static_cast<market::ScopeKind>(std::clamp<uint8_t>(in.U8(), 1, 5));
    const std::string name = in.Bytes();
    const Index at = MakeScope(kind, name);
    ScopeRow ignored;
    ScopeRow& row = at == kNone ? ignored : scopes_[at];
    LoadScope(in, row, version);
  }
  const auto read_leaf = [&] {
    const market::AccountId account(in.Bytes());
    const market::StrategyId strategy(in.Bytes());
    const auto instrument = in.Text<market::InstrumentId>();
    return in.ok() ? Touch(account, strategy, instrument) : kNone;
  };
  const auto lost = [] {
    return absl::DataLossError(
        "the saved exposure names an instrument that it "
        "does not define; start with --fresh");
  };
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const Index at = read_leaf();
    if (at == kNone) return in.ok() ? lost() : in.status();
    Leaf& leaf = leaves_[at];
    leaf.position = in.I64();
    leaf.cash = in.I128();
    leaf.base_fee_rest = in.Money();
    leaf.other_fees = ReadFees(in);
    leaf.last_sequence = in.U64();
    if (version < 2) continue;
    leaf.answered = ReadAnswered(in, version);
    leaf.told = in.Bool();
    leaf.told_position = in.I64();
    leaf.differs_since = in.Time();
  }
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const Index account = MakeScope(market::ScopeKind::kAccount, in.Bytes());
    const std::string venue = in.Bytes();
    const auto asset = in.Text<market::AssetId>();
    const market::Money total = in.Money();
    if (account == kNone || !in.ok()) continue;
    BalanceRow& row = balances_[MakeBalance(account, venue, asset)];
    row.known = true;
    row.total = total;
  }
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const auto id = in.Text<market::ClientOrderId>();
    OpenOrder order;
    order.leaf = read_leaf();
    if (order.leaf == kNone) return in.ok() ? lost() : in.status();
    order.side = in.U8() == static_cast<uint8_t>(Side::kSell) ? Side::kSell : Side::kBuy;
    order.quantity = {in.I64()};
    order.cumulative = {in.I64()};
    order.reserved = in.Money();
    order.decided = in.Time();
    order.answered = in.Bool();
    order.state = static_cast<market::OrderState>(in.U8());
    order.meets = version >= 2 ? in.I64() : order.side == Side::kBuy ? kAnyBuy : kAnySell;
    if (version >= 3) {
      order.is_parent = in.Bool();
      if (order.is_parent) {
        order.rest = in.I64();
        order.rest_value = in.I128();
      }
      order.parent = in.Text<market::ClientOrderId>();
      order.taken = in.I64();
      order.taken_value = in.I128();
    }
    if (version >= 5) {
      order.amendment = in.Text<market::ClientOrderId>();
      order.amended_quantity = {in.I64()};
      order.amended_reserved = in.Money();
      order.amended_meets = in.I64();
    }
    if (order.quantity.mantissa <= 0 ||
        (!order.amendment.empty() && order.amended_quantity.mantissa <= 0))
      return absl::DataLossError("a saved order has no quantity; start with --fresh");
    orders_.Put(id, std::move(order));
  }
  if (version >= 2) person_seen_ = in.Time();
  bookings_.clear();
  for (uint32_t left = version >= 4 ? in.U32() : 0; left > 0 && in.ok(); --left) {
    std::string account = in.Bytes();
    auto asset = in.Text<market::AssetId>();
    bookings_[{std::move(account), std::move(asset)}] = in.Money();
  }
  GANNET_RETURN_IF_ERROR(in.status());
  Rebuild();
  return absl::OkStatus();
}

// Derived sums from the durable part.
void ExposureBook::Rebuild() {
  for (ScopeRow& row : scopes_) {
    row.open_orders = row.unvalued = row.unmarked = 0;
    row.pnl = 0;
    row.room = {};
    row.whole = {};
    row.other_fees.clear();
    row.instruments_used = 0;
    for (auto& [venue, used] : row.venues_used) used = 0;
    row.groups.assign(limits_.correlation.size(), GroupSums());
  }
  for (BalanceRow& row : balances_) {
    row.reserved = market::Money();
    row.margin = market::Money();
  }
  for (Cell& cell : cells_) {
    Cell blank;
    blank.instrument = cell.instrument;
    blank.instrument_row = cell.instrument_row;
    blank.scopes = cell.scopes;
    blank.balance = cell.balance;
    blank.venue_use = cell.venue_use;
    cell = std::move(blank);
  }
  for (Leaf& leaf : leaves_) {
    leaf.open_buy = leaf.open_sell = 0;
    for (const Index at : leaf.cells) {
      cells_[at].position += leaf.position;
      cells_[at].cash += leaf.cash;
    }
    for (const auto& [asset, amount] : leaf.other_fees) {
      for (const Index scope : leaf.scopes) scopes_[scope].other_fees[asset] += amount;
    }
  }
  for (const auto& [key, paid] : bookings_) CountBooking(key.first, key.second, paid);
  for (Cell& cell : cells_) Revalue(cell);

  orders_.ForEach([this](const auto&, OpenOrder& order) {
    const int64_t left = order.rest;
    const market::Int128 left_value = order.rest_value;
    order.rest = 0;
    order.rest_value = 0;
    order.rest_asset = market::Money();
    if (order.is_parent) return Reserve(order, left, left_value);
    ReserveRest(order);
    PutPrice(order, order.meets, true);
    if (!order.amendment.empty()) PutPrice(order, order.amended_meets, true);
    CountOpen(leaves_[order.leaf], 1);
  });
  orders_.SortUnanswered();
  Observe();
}

}  // namespace gannet::risk
