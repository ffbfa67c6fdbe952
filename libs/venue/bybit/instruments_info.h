// instruments-info to instruments; the part of market_codec that knows trading rules.
// Included by codec sources only: it pulls in simdjson.
#pragma once

#include <simdjson.h>

#include <string_view>

#include "absl/status/statusor.h"
#include "libs/venue/bybit/market_codec.h"

namespace gannet::venue::bybit {

absl::StatusOr<ExchangeInfo> ReadInstrumentsInfo(const simdjson::dom::object& root,
                                                 Category category, std::string_view venue);

}  // namespace gannet::venue::bybit
