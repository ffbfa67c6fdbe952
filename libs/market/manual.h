// Strategies that are people: what a person asks for takes the path of any intent, under
// "manual/<person>".
#pragma once

#include <string_view>

#include "libs/market/ids.h"

namespace gannet::market {

inline constexpr std::string_view kManualPrefix = "manual/";
inline bool IsManual(std::string_view strategy) { return strategy.starts_with(kManualPrefix); }
inline bool IsManual(const StrategyId& strategy) { return IsManual(strategy.text()); }

}  // namespace gannet::market
