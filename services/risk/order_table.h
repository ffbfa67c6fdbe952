// The open orders of the gate by their ids, and which of them execution has not answered
// yet, in the order in which they were opened. Slots and the ids in them are used again, so
// that the steady state allocates nothing; an order stays where it is while it is open.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/market/order.h"

namespace gannet::risk {

// A permitted order that is not terminal, or a parent order (libs/market/parent.h). What
// every order has stands first.
struct OpenOrder {
  uint32_t leaf = UINT32_MAX;
  uint32_t slot = 0;  // of OrderTable
  market::Side side = market::Side::kBuy;
  market::OrderState state = market::OrderState::kInitialized;
  bool answered = false;  // execution has reported on the latest verdict about it
  bool is_parent = false;
  market::Quantity quantity, cumulative;
  int64_t meets = 0;  // MeetingPrice
  base::Time decided;
  market::Money reserved;  // worst-case notional of the whole order, quote asset
  // What is still reserved; derived, but of a parent, where it is what no child has.
  int64_t rest = 0;               // quantity
  market::Int128 rest_value = 0;  // its share of `reserved`
  market::Money rest_asset;       // spot: of the balance it would spend
  // An amendment whose fate is open: what the order becomes with it. Empty: none.
  market::ClientOrderId amendment;
  market::Quantity amended_quantity;
  market::Money amended_reserved;
  int64_t amended_meets = 0;
  // Of a child: what it took out of its parent's reservation, in the parent's scales.
  market::ClientOrderId parent;
  int64_t taken = 0;
  market::Int128 taken_value = 0;
};

// The slots of open orders by a hash of their ids: open addresses with each next to its home,
// so that one that is looked for is found, or missed, within a line or two.
class IdIndex {
 public:
  static constexpr uint32_t kNoSlot = UINT32_MAX;

  static uint32_t HashOf(std::string_view id) {
    uint64_t hash = id.size();
    if (id.size() < sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word, id.data(), id.size());
      return static_cast<uint32_t>(Fold(hash ^ word));
    }
    const char* const last = id.data() + id.size() - sizeof(uint64_t);
    for (const char* at = id.data(); at < last; at += sizeof(uint64_t))
      hash = Fold(hash ^ Word(at));
    return static_cast<uint32_t>(Fold(hash ^ Word(last)));  // some of it again, mostly
  }

  size_t size() const { return size_; }
  // The slot of this hash of which `is(slot)` is true; kNoSlot: none.
  template <class Is>
  uint32_t Find(uint32_t hash, const Is& is) const {
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Place& place = places_[at];
      if (place.slot == kNoSlot || (place.hash == hash && is(place.slot))) return place.slot;
    }
  }
  // One that Find does not know.
  void Add(uint32_t hash, uint32_t slot) {
    if (2 * ++size_ > places_.size()) Grow();
    Put({hash, slot});
  }
  void Erase(uint32_t hash, uint32_t slot) {
    size_t hole = hash & mask_;
    while (places_[hole].slot != slot) hole = (hole + 1) & mask_;
    // Those behind it that the hole would cut off from their home move up.
    for (size_t at = (hole + 1) & mask_; places_[at].slot != kNoSlot; at = (at + 1) & mask_) {
      const size_t home = places_[at].hash & mask_;
      if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
      places_[hole] = places_[at];
      hole = at;
    }
    places_[hole] = {};
    --size_;
  }
  template <class Visit>
  void ForEach(const Visit& visit) const {
    for (const Place& place : places_) {
      if (place.slot != kNoSlot) visit(place.slot);
    }
  }

 private:
  static constexpr size_t kFirstSize = 1'024;  // a power of two, as every size

  struct Place {
    uint32_t hash = 0, slot = kNoSlot;
  };
  static uint64_t Word(const char* at) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    return word;
  }
  static uint64_t Fold(uint64_t word) {
    const auto product = static_cast<unsigned __int128>(word) * 0x9E3779B97F4A7C15;
    return static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product);
  }
  void Put(Place place) {
    size_t at = place.hash & mask_;
    while (places_[at].slot != kNoSlot) at = (at + 1) & mask_;
    places_[at] = place;
  }
  void Grow() {
    const std::vector<Place> before =
        std::exchange(places_, std::vector<Place>(2 * places_.size()));
    mask_ = places_.size() - 1;
    for (const Place& place : before) {
      if (place.slot != kNoSlot) Put(place);
    }
  }

  std::vector<Place> places_ = std::vector<Place>(kFirstSize);
  size_t mask_ = kFirstSize - 1;
  size_t size_ = 0;
};

class OrderTable {
 public:
  OrderTable() = default;
  OrderTable(const OrderTable&) = delete;
  OrderTable& operator=(const OrderTable&) = delete;

  size_t size() const { return index_.size(); }
  const OpenOrder* Find(const market::ClientOrderId& id) const {
    const uint32_t slot = SlotOf(id, IdIndex::HashOf(id.text()));
    return slot == kNoSlot ? nullptr : &slots_[slot];
  }
  OpenOrder* Find(const market::ClientOrderId& id) {
    return const_cast<OpenOrder*>(std::as_const(*this).Find(id));
  }
  // A new one; null when the id is open already.
  OpenOrder* Add(const market::ClientOrderId& id) {
    const uint32_t hash = IdIndex::HashOf(id.text());
    if (SlotOf(id, hash) != kNoSlot) return nullptr;
    uint32_t free = 0;
    if (free_.empty()) {
      free = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      free = free_.back();
      free_.pop_back();
    }
    Slot& slot = slots_[free];
    slot.id = id;
    slot.hash = hash;
    slot.slot = free;
    index_.Add(hash, free);
    return &slot;
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
    index_.Erase(SlotOf(order).hash, slot);
    order = OpenOrder();
    free_.push_back(slot);
  }

  // `order` waits for its first answer behind those that wait already; Answer ends that.
  void Await(OpenOrder& order) {
    Slot& slot = SlotOf(order);
    slot.waits = true;
    slot.before = last_;
    slot.behind = nullptr;
    if (last_ == nullptr) {
      first_ = &slot;
      oldest_ = order.decided;
    } else {
      last_->behind = &slot;
    }
    last_ = &slot;
  }
  void Answer(OpenOrder& order) {
    Slot& slot = SlotOf(order);
    if (!slot.waits) return;
    slot.waits = false;
    (slot.behind == nullptr ? last_ : slot.behind->before) = slot.before;
    if (slot.before != nullptr) {
      slot.before->behind = slot.behind;
    } else {
      first_ = slot.behind;
      oldest_ = first_ == nullptr ? base::Time::max() : first_->decided;
    }
  }
  // Of the first that waits; Time::max(): none does.
  base::Time oldest_unanswered() const { return oldest_; }
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
    index_.ForEach([&](uint32_t slot) { visit(slots_[slot].id, slots_[slot]); });
  }
  template <class Visit>
  void ForEach(const Visit& visit) const {
    index_.ForEach([&](uint32_t slot) { visit(slots_[slot].id, slots_[slot]); });
  }

 private:
  static constexpr uint32_t kNoSlot = IdIndex::kNoSlot;

  struct Slot : OpenOrder {
    market::ClientOrderId id;
    uint32_t hash = 0;  // of the id
    bool waits = false;
    Slot *before = nullptr, *behind = nullptr;  // of those that wait
  };
  static Slot& SlotOf(OpenOrder& order) { return static_cast<Slot&>(order); }
  uint32_t SlotOf(const market::ClientOrderId& id, uint32_t hash) const {
    return index_.Find(hash, [&](uint32_t slot) { return slots_[slot].id == id; });
  }

  std::deque<Slot> slots_;
  std::vector<uint32_t> free_;
  IdIndex index_;
  Slot *first_ = nullptr, *last_ = nullptr;
  base::Time oldest_ = base::Time::max();  // when the first was decided
};

}  // namespace gannet::risk
