// One process of strategy where there are several, as the name of a scope `service`:
// "strategy/SHARD". What it asked for is known by the stream of its events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/market/account.h"

namespace gannet::market {

std::string StrategyProcess(std::string_view shard);
// The shard; nothing for any other scope.
std::optional<std::string_view> StrategyShard(const Scope& scope);

// The stream of a shard of this name (EventId): the first 64 bits of the name's SHA-256.
uint64_t StreamNumber(std::string_view name);

}  // namespace gannet::market
