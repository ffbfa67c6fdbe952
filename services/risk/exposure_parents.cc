// Parent orders: one reservation for all that a parent may do, out of which its
// children take theirs. What is taken, filled and given back never sums to more than
// the gate permitted: quantities and values move, they are not computed anew.
#include <algorithm>
#include <limits>

#include "libs/base/check.h"
#include "services/risk/exposure_book.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::Rounding;

// Exactly the same number with another scale; nothing when digits would be lost.
std::optional<int64_t> Exact(int64_t value, int from, int to) {
  const auto there = market::Rescale(value, from, to, Rounding::kDown);
  if (!there || *there > std::numeric_limits<int64_t>::max() ||
      market::Rescale(*there, to, from, Rounding::kDown) != std::optional<Int128>(value)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(*there);
}

}  // namespace

Carve ExposureBook::CarveOf(const market::OrderIntent& child) const {
  const auto refuse = [](const char* why) { return Carve{.fault = why}; };
  if (child.kind != market::IntentKind::kNew) return refuse("a child is new, never a replacement");
  const OpenOrder* parent = FindOrder(child.parent);
  if (parent == nullptr || !parent->is_parent) return refuse("its parent is not open");
  const Leaf& leaf = leaves_[parent->leaf];
  if (scopes_[leaf.account].scope.name != child.account.text() ||
      scopes_[leaf.strategy].scope.name != child.strategy.text()) {
    return refuse("its parent is of another account or strategy");
  }
  const Index at = FindInstrument(child.instrument);
  if (at == kNone) return {};  // UNKNOWN_INSTRUMENT says so
  const market::Instrument &own = instruments_[at].definition,
                           &parents = instruments_[leaf.instrument].definition;
  if (own.base != parents.base || own.quote != parents.quote || own.kind != parents.kind)
    return refuse("it trades another thing than its parent");
  if (child.side != parent->side) {
    if (!child.reduce_only) return refuse("against its parent's side it may only reduce");
    return {};
  }
  const auto quantity = Exact(child.quantity.mantissa, own.quantity_scale, parents.quantity_scale);
  if (!quantity || *quantity <= 0 || *quantity > parent->rest)
    return refuse("its parent has less left than it wants");
  const auto limit = Exact(parent->meets, parents.price_scale, own.price_scale);
  const bool buy = child.side == market::Side::kBuy;
  if (!HasLimitPrice(child.type) || !limit ||
      (buy ? child.price.mantissa > *limit : child.price.mantissa < *limit)) {
    return refuse("its price is beyond its parent's limit");
  }
  const auto value = market::MulDiv(parent->rest_value, *quantity, parent->rest, Rounding::kUp);
  GANNET_CHECK(value.has_value(), "a part of a reservation fits where the whole did");
  return {.same = at == leaf.instrument, .quantity = *quantity, .value = *value};
}

void ExposureBook::Take(OpenOrder& child, const market::OrderIntent& intent) {
  child.parent = intent.parent;
  const Carve carve = CarveOf(intent);
  if (carve.fault != nullptr || carve.quantity == 0) return;
  OpenOrder& parent = *orders_.Find(intent.parent);
  child.taken = carve.quantity;
  child.taken_value = carve.value;
  Reserve(parent, parent.rest - carve.quantity, parent.rest_value - carve.value);
}

void ExposureBook::GiveBack(const OpenOrder& child) {
  if (child.taken == 0) return;
  OpenOrder* found = orders_.Find(child.parent);
  if (found == nullptr) return;  // it has ended
  const int64_t unfilled = child.quantity.mantissa - child.cumulative.mantissa;
  const auto quantity =
      market::MulDiv(child.taken, unfilled, child.quantity.mantissa, Rounding::kDown);
  const auto value =
      market::MulDiv(child.taken_value, quantity.value_or(0), child.taken, Rounding::kDown);
  if (!quantity || !value) return;
  OpenOrder& parent = *found;
  Reserve(parent, parent.rest + static_cast<int64_t>(*quantity), parent.rest_value + *value);
}

void ExposureBook::EndParent(const market::ClientOrderId& id) {
  OpenOrder* found = orders_.Find(id);
  if (found == nullptr || !found->is_parent) return;
  Reserve(*found, 0, 0);
  orders_.Erase(*found);
}

}  // namespace gannet::risk
