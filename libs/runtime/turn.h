// How the id of an event that a shard makes tells the turn it was made in.
#pragma once

#include <cstdint>

#include "libs/market/header.h"

namespace gannet::runtime {

inline constexpr int kOutputBits = 16;  // of the sequence; the rest is the turn's position

// The position in the shard's journal of the input that the event's turn answered.
inline uint64_t TurnOf(const market::EventId& id) { return id.sequence >> kOutputBits; }

}  // namespace gannet::runtime
