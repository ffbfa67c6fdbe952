// What happens when two orders of one owner would meet.
#pragma once

#include <cstdint>

namespace gannet::matching {

// kExpireMaker: the resting order goes and the taker goes on; kExpireTaker: the
// taker's rest goes; kExpireBoth: both; kNone: they trade.
enum class SelfTrade : uint8_t { kNone = 0, kExpireTaker = 1, kExpireMaker = 2, kExpireBoth = 3 };

}  // namespace gannet::matching
