// The bars of one chart and interval, oldest first, those of a while ago packed: what a bar
// differs by from the one before takes some 16 bytes, where the bar takes 56.
//
// Pure; one thread. Bounded: `kept` bars, and up to kBlock more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "libs/market/price.h"

namespace gannet::gateway {

struct Bar {
  int64_t start_s = 0;  // Unix time
  market::Price open, high, low, close;
  int64_t volume = 0;  // quantity mantissa
  uint64_t trades = 0;
  bool operator==(const Bar&) const = default;
};

class BarLog {
 public:
  static constexpr size_t kBlock = 60;

  explicit BarLog(size_t kept) : kept_(kept) {}

  // Behind all others.
  void Add(const Bar& bar);
  // Not packed yet: all, or at least the newest kBlock of them.
  const std::deque<Bar>& recent() const { return recent_; }
  // Of what is there: the newest, which may still change.
  Bar& newest() { return recent_.back(); }
  void ForEach(const std::function<void(const Bar&)>& take) const;

 private:
  size_t kept_;
  std::deque<std::string> packed_;  // kBlock bars each
  std::deque<Bar> recent_;
};

}  // namespace gannet::gateway
