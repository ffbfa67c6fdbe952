// What happened in a sliding window, in sixteen slices of it: bounded whatever the
// rate, never less than the window and at most one slice more (docs/risk-controls.md).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "libs/base/time.h"

namespace gannet::risk {

template <class T>
class SliceRing {
 public:
  static constexpr int64_t kSlices = 16;

  struct Slice {
    int64_t index = kEmpty;
    T value{};
  };

  // Another window begins anew; the same one changes nothing.
  void SetWindow(base::Duration window) {
    const int64_t length = std::max<int64_t>(1, std::chrono::nanoseconds(window).count() / kSlices);
    if (length == length_) return;
    length_ = length;
    Clear();
  }
  void Clear() {
    slices_ = {};
    newest_from_ = newest_until_ = base::Time();
    newest_ = 0;
    ++begun_;
  }
  base::Duration length() const { return base::Duration(length_); }  // of a slice
  // Grows with every slice that begins.
  uint64_t begun() const { return begun_; }
  // The times at which the same slices count as at `now`, the end not included.
  std::pair<base::Time, base::Time> Alike(base::Time now) const {
    const std::chrono::nanoseconds from(IndexOf(now) * length_);
    return {base::Time(from), base::Time(from + std::chrono::nanoseconds(length_))};
  }

  int64_t IndexOf(base::Time at) const {
    return std::chrono::nanoseconds(at.time_since_epoch()).count() / length_;
  }
  // The slice of `at`; null when it is older than what is kept.
  T* At(base::Time at) {
    if (at >= newest_from_ && at < newest_until_) return &slices_[newest_].value;
    const int64_t index = IndexOf(at);
    T* slice = AtIndex(index);
    if (slice != nullptr && slices_[newest_].index <= index) {
      std::tie(newest_from_, newest_until_) = Alike(at);
      newest_ = static_cast<size_t>(index % (kSlices + 1));
    }
    return slice;
  }
  T* AtIndex(int64_t index) {
    if (index < 0) return nullptr;
    Slice& slice = slices_[static_cast<size_t>(index % (kSlices + 1))];
    if (slice.index > index) return nullptr;
    if (slice.index < index) {
      slice = {index, T{}};
      newest_until_ = newest_from_;  // it may be another one now
      ++begun_;
    }
    return &slice.value;
  }

  // `visit(const T&)` of every slice that counts at `now`, in no order.
  template <class Visit>
  void ForEach(base::Time now, const Visit& visit) const {
    const int64_t oldest = IndexOf(now) - kSlices;
    for (const Slice& slice : slices_) {
      if (slice.index >= oldest && slice.index != kEmpty) visit(slice.value);
    }
  }
  // Those that count at `now`, oldest first; the rest are null at the end.
  std::array<const Slice*, kSlices + 1> Sorted(base::Time now) const {
    std::array<const Slice*, kSlices + 1> sorted{};
    size_t count = 0;
    const int64_t oldest = IndexOf(now) - kSlices;
    for (const Slice& slice : slices_) {
      if (slice.index >= oldest && slice.index != kEmpty) sorted[count++] = &slice;
    }
    std::sort(sorted.begin(), sorted.begin() + count,
              [](const Slice* a, const Slice* b) { return a->index < b->index; });
    return sorted;
  }
  const std::array<Slice, kSlices + 1>& slices() const { return slices_; }
  // The slice that was asked for last, nearly always.
  const Slice& newest() const { return slices_[newest_]; }

 private:
  static constexpr int64_t kEmpty = -1;

  int64_t length_ = 1;
  uint64_t begun_ = 0;
  // The slice of these times, found without a division: nearly always the one meant.
  base::Time newest_from_, newest_until_;
  size_t newest_ = 0;
  std::array<Slice, kSlices + 1> slices_{};
};

}  // namespace gannet::risk
