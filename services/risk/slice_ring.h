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
#include "services/risk/fetch_lines.h"

namespace gannet::risk {

template <class T>
class SliceRing {
 public:
  static constexpr int64_t kSlices = 16;

  SliceRing() { indices_.fill(kEmpty); }

  // Another window begins anew; the same one changes nothing.
  void SetWindow(base::Duration window) {
    const int64_t length = std::max<int64_t>(1, std::chrono::nanoseconds(window).count() / kSlices);
    if (length == length_) return;
    length_ = length;
    Clear();
  }
  void Clear() {
    indices_.fill(kEmpty);
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
    if (at >= newest_from_ && at < newest_until_) return &values_[newest_];
    const int64_t index = IndexOf(at);
    T* slice = AtIndex(index);
    if (slice != nullptr && indices_[newest_] <= index) {
      std::tie(newest_from_, newest_until_) = Alike(at);
      newest_ = PlaceOf(index);
    }
    return slice;
  }
  T* AtIndex(int64_t index) {
    if (index < 0) return nullptr;
    const size_t place = PlaceOf(index);
    if (indices_[place] > index) return nullptr;
    if (indices_[place] < index) {
      indices_[place] = index;
      values_[place] = T{};
      newest_until_ = newest_from_;  // it may be another one now
      ++begun_;
    }
    return &values_[place];
  }

  // `visit(index, const T&)` of every slice from `oldest` on, in no order.
  template <class Visit>
  void ForEachFrom(int64_t oldest, const Visit& visit) const {
    for (size_t place = 0; place < indices_.size(); ++place) {
      if (indices_[place] >= oldest && indices_[place] != kEmpty)
        visit(indices_[place], values_[place]);
    }
  }
  // Of every one that is kept.
  template <class Visit>
  void ForEach(const Visit& visit) const {
    ForEachFrom(kEmpty, visit);
  }
  // `visit(const T&)` of every slice that counts at `now`.
  template <class Visit>
  void ForEach(base::Time now, const Visit& visit) const {
    ForEachFrom(IndexOf(now) - kSlices, [&visit](int64_t, const T& value) { visit(value); });
  }
  // Those that count at `now`, oldest first; the rest are null at the end.
  struct Slice {
    int64_t index = kEmpty;
    const T* value = nullptr;
  };
  std::array<Slice, kSlices + 1> Sorted(base::Time now) const {
    std::array<Slice, kSlices + 1> sorted{};
    size_t count = 0;
    ForEachFrom(IndexOf(now) - kSlices, [&](int64_t index, const T& value) {
      sorted[count++] = {index, &value};
    });
    std::sort(sorted.begin(), sorted.begin() + count,
              [](const Slice& a, const Slice& b) { return a.index < b.index; });
    return sorted;
  }
  bool empty() const {
    return std::all_of(indices_.begin(), indices_.end(),
                       [](int64_t index) { return index == kEmpty; });
  }
  // Which slices there are, and the one that was asked for last, nearly always the newest, with
  // the next, on their way into the cache.
  void Fetch() const { FetchLines(this, &values_); }
  void FetchNewest() const {
    FetchLines(&values_[newest_], &values_[std::min(newest_ + 1, values_.size() - 1)] + 1);
  }

 private:
  static constexpr int64_t kEmpty = -1;

  static size_t PlaceOf(int64_t index) { return static_cast<size_t>(index % (kSlices + 1)); }

  int64_t length_ = 1;
  uint64_t begun_ = 0;
  // The slice of these times, found without a division: nearly always the one meant.
  base::Time newest_from_, newest_until_;
  size_t newest_ = 0;
  std::array<int64_t, kSlices + 1> indices_;  // apart, as few of them count in most rings
  std::array<T, kSlices + 1> values_{};
};

}  // namespace gannet::risk
