#include "services/gateway/bar_log.h"

#include <type_traits>
#include <utility>

namespace gannet::gateway {
namespace {

// A difference modulo 2^64, small ones of either sign in few bytes, seven bits each.
void Put(uint64_t difference, std::string& out) {
  uint64_t bits = difference << 1 ^ (difference >> 63 != 0 ? UINT64_MAX : 0);
  for (; bits >= 0x80; bits >>= 7) out.push_back(static_cast<char>(bits | 0x80));
  out.push_back(static_cast<char>(bits));
}

uint64_t Take(const char*& at) {
  uint64_t bits = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(*at++);
    bits |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return bits >> 1 ^ ((bits & 1) != 0 ? UINT64_MAX : 0);
  }
}

// The numbers of a bar and what each is near to: prices to the close before.
template <class B, class Visit>
void ForEachNumber(B& bar, const Bar& before, Visit visit) {
  visit(bar.start_s, before.start_s);
  visit(bar.open.mantissa, before.close.mantissa);
  visit(bar.high.mantissa, bar.open.mantissa);
  visit(bar.low.mantissa, bar.open.mantissa);
  visit(bar.close.mantissa, bar.open.mantissa);
  visit(bar.volume, 0);
  visit(bar.trades, 0);
}

}  // namespace

void BarLog::Add(const Bar& bar) {
  recent_.push_back(bar);
  if (recent_.size() < 2 * kBlock) return;
  std::string block;
  Bar before;
  for (size_t i = 0; i < kBlock; ++i) {
    ForEachNumber(recent_[i], before, [&](auto number, auto near) {
      Put(static_cast<uint64_t>(number) - static_cast<uint64_t>(near), block);
    });
    before = recent_[i];
  }
  block.shrink_to_fit();
  packed_.push_back(std::move(block));
  recent_.erase(recent_.begin(), recent_.begin() + kBlock);
  if ((packed_.size() - 1) * kBlock + recent_.size() >= kept_) packed_.pop_front();
}

void BarLog::ForEach(const std::function<void(const Bar&)>& take) const {
  for (const std::string& block : packed_) {
    Bar before;
    for (const char* at = block.data(); at != block.data() + block.size();) {
      Bar bar;
      ForEachNumber(bar, before, [&](auto& number, auto near) {
        number = static_cast<std::remove_reference_t<decltype(number)>>(
            static_cast<uint64_t>(near) + Take(at));
      });
      take(bar);
      before = bar;
    }
  }
  for (const Bar& bar : recent_) take(bar);
}

}  // namespace gannet::gateway
