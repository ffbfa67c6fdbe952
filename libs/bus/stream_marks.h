// Which events of one partition a subscription has had: the highest sequence of each
// stream (market/header.h). A producer that resends what it does not know to be kept
// (a restart, a rebuilt connection) thereby has no effect twice. Bounded: beyond
// kMaxStreams the stream that was silent longest is forgotten and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "libs/market/header.h"

namespace gannet::bus {

class StreamMarks {
 public:
  static constexpr size_t kMaxStreams = 4'096;

  // False: had before. Events without an id are always new.
  bool Take(const market::EventId& id) {
    if (id.empty()) return true;
    const auto [entry, fresh] = marks_.try_emplace(id.stream);
    Mark& mark = entry->second;
    if (!fresh && id.sequence <= mark.sequence) return false;
    mark = {.sequence = id.sequence, .used = ++clock_};
    if (marks_.size() > kMaxStreams) ForgetOldest();
    return true;
  }
  // Of a stream without holes: how many are missing before `id`. Nothing: the first of it.
  std::optional<uint64_t> Missing(const market::EventId& id) const {
    const auto found = marks_.find(id.stream);
    if (found == marks_.end()) return std::nullopt;
    return id.sequence > found->second.sequence ? id.sequence - found->second.sequence - 1 : 0;
  }
  void Clear() { marks_.clear(); }
  uint64_t forgotten() const { return forgotten_; }

 private:
  struct Mark {
    uint64_t sequence = 0;
    uint64_t used = 0;
  };
  void ForgetOldest() {
    auto oldest = marks_.begin();
    for (auto i = marks_.begin(); i != marks_.end(); ++i) {
      if (i->second.used < oldest->second.used) oldest = i;
    }
    marks_.erase(oldest);
    ++forgotten_;
  }

  std::map<uint64_t, Mark> marks_;
  uint64_t clock_ = 0;
  uint64_t forgotten_ = 0;
};

}  // namespace gannet::bus
