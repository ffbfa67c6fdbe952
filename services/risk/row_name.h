// Account, strategy and instrument as one text, by which a row is found: short ones, which
// are nearly all, without a word of memory of their own.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "libs/market/ids.h"

namespace gannet::risk {

class RowName {
 public:
  RowName() = default;
  RowName(const market::AccountId& account, const market::StrategyId& strategy,
          const market::InstrumentId& instrument) {
    const std::string_view parts[] = {account.text(), strategy.text(), instrument.text()};
    // Two lengths in front tell where a name ends.
    const std::array<uint32_t, 2> lengths = {static_cast<uint32_t>(parts[0].size()),
                                             static_cast<uint32_t>(parts[1].size())};
    const size_t size = sizeof(lengths) + parts[0].size() + parts[1].size() + parts[2].size();
    char* to = short_.data();
    if (size > short_.size()) {
      long_.resize(size);
      to = long_.data();
    } else {
      size_ = static_cast<uint8_t>(size);
    }
    std::memcpy(to, lengths.data(), sizeof(lengths));
    to += sizeof(lengths);
    for (const std::string_view part : parts) {
      std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
  }
  std::string_view text() const {
    return size_ > 0 ? std::string_view(short_.data(), size_) : std::string_view(long_);
  }

 private:
  std::array<char, 87> short_{};  // nothing behind `size_`
  uint8_t size_ = 0;              // 0: a long one
  std::string long_;
};

}  // namespace gannet::risk
