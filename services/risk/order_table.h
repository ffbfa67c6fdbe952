// The open orders of the gate by their ids, and which of them execution has not answered
// yet, in the order in which they were opened. Slots and the ids in them are used again, so
// that the steady state allocates nothing; an order stays where it is while it is open.
#pragma once

#include <algorithm>
#include <deque>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "libs/base/time.h"
#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/market/order.h"
#include "services/risk/by_text.h"

namespace gannet::risk {

// A permitted order that is not terminal, or a parent order (libs/market/parent.h).
struct OpenOrder {
  uint32_t leaf = UINT32_MAX;
  market::Side side = market::Side::kBuy;
  market::Quantity quantity, cumulative;
  market::Money reserved;  // worst-case notional of the whole order, quote asset
  int64_t meets = 0;       // MeetingPrice
  base::Time decided;
  bool answered = false;  // execution has reported on the latest verdict about it
  market::OrderState state = market::OrderState::kInitialized;
  bool is_parent = false;
  // An amendment whose fate is open: what the order becomes with it. Empty: none.
  market::ClientOrderId amendment;
  market::Quantity amended_quantity;
  market::Money amended_reserved;
  int64_t amended_meets = 0;
  // Of a child: what it took out of its parent's reservation, in the parent's scales.
  market::ClientOrderId parent;
  int64_t taken = 0;
  market::Int128 taken_value = 0;
  // What is still reserved; derived, but of a parent, where it is what no child has.
  int64_t rest = 0;               // quantity
  market::Int128 rest_value = 0;  // its share of `reserved`
  market::Money rest_asset;       // spot: of the balance it would spend
  uint32_t slot = 0;              // of OrderTable
};

class OrderTable {
 public:
  OrderTable() : by_id_(kFirstSize, ById{&slots_}, ById{&slots_}) {}
  OrderTable(const OrderTable&) = delete;
  OrderTable& operator=(const OrderTable&) = delete;

  size_t size() const { return by_id_.size(); }
  const OpenOrder* Find(const market::ClientOrderId& id) const {
    const auto found = by_id_.find(std::string_view(id.text()));
    return found == by_id_.end() ? nullptr : &slots_[*found].order;
  }
  OpenOrder* Find(const market::ClientOrderId& id) {
    return const_cast<OpenOrder*>(std::as_const(*this).Find(id));
  }
  // A new one; null when the id is open already.
  OpenOrder* Add(const market::ClientOrderId& id) {
    OpenOrder* added = nullptr;
    by_id_.lazy_emplace(std::string_view(id.text()), [&](const auto& construct) {
      uint32_t slot = free_.empty() ? static_cast<uint32_t>(slots_.size()) : free_.back();
      if (free_.empty()) {
        slots_.emplace_back();
      } else {
        free_.pop_back();
      }
      added = &slots_[slot].order;
      slots_[slot].id = id;
      added->slot = slot;
      construct(slot);
    });
    return added;
  }
  // As it was saved, in place of one with this id.
  void Put(const market::ClientOrderId& id, OpenOrder order) {
    OpenOrder* there = Add(id);
    if (there == nullptr) there = Find(id);
    order.slot = there->slot;
    *there = std::move(order);
  }
  void Erase(OpenOrder& order) {
    Answer(order);
    const uint32_t slot = order.slot;
    by_id_.erase(std::string_view(slots_[slot].id.text()));
    order = OpenOrder();
    free_.push_back(slot);
  }

  // `order` waits for its first answer behind those that wait already; Answer ends that.
  void Await(OpenOrder& order) {
    Slot& slot = slots_[order.slot];
    slot.waits = true;
    slot.before = last_;
    slot.behind = kNoSlot;
    (last_ == kNoSlot ? first_ : slots_[last_].behind) = order.slot;
    last_ = order.slot;
  }
  void Answer(OpenOrder& order) {
    Slot& slot = slots_[order.slot];
    if (!slot.waits) return;
    slot.waits = false;
    (slot.before == kNoSlot ? first_ : slots_[slot.before].behind) = slot.behind;
    (slot.behind == kNoSlot ? last_ : slots_[slot.behind].before) = slot.before;
  }
  // Of the first that waits; Time::max(): none does.
  base::Time oldest_unanswered() const {
    return first_ == kNoSlot ? base::Time::max() : slots_[first_].order.decided;
  }
  // Puts those without an answer in the order of time and id.
  void SortUnanswered() {
    std::vector<std::tuple<base::Time, std::string_view, OpenOrder*>> waiting;
    ForEach([&](const market::ClientOrderId& id, OpenOrder& order) {
      Answer(order);
      if (!order.is_parent && !order.answered)
        waiting.emplace_back(order.decided, id.text(), &order);
    });
    std::sort(waiting.begin(), waiting.end());
    for (const auto& [decided, id, order] : waiting) Await(*order);
  }

  // `visit(id, order)` of each, in no order: for what is sorted afterwards, or sums.
  template <class Visit>
  void ForEach(const Visit& visit) {
    for (const uint32_t slot : by_id_)  // order-free: callers sort what they take, or add up
      visit(slots_[slot].id, slots_[slot].order);
  }
  template <class Visit>
  void ForEach(const Visit& visit) const {
    for (const uint32_t slot : by_id_)  // order-free: callers sort what they take, or add up
      visit(slots_[slot].id, slots_[slot].order);
  }

 private:
  static constexpr uint32_t kNoSlot = UINT32_MAX;
  static constexpr size_t kFirstSize = 1'024;

  struct Slot {
    OpenOrder order;
    market::ClientOrderId id;
    bool waits = false;
    uint32_t before = kNoSlot, behind = kNoSlot;  // of those that wait
  };
  using ById = ByText<Slot, &Slot::id>;

  std::deque<Slot> slots_;
  std::vector<uint32_t> free_;
  absl::flat_hash_set<uint32_t, ById, ById> by_id_;
  uint32_t first_ = kNoSlot, last_ = kNoSlot;
};

}  // namespace gannet::risk
