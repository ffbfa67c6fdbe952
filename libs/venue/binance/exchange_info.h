// exchangeInfo to instruments; the part of market_codec that knows trading rules.
// Included by codec sources only: it pulls in simdjson.
#pragma once

#include <simdjson.h>

#include <string_view>

#include "absl/status/statusor.h"
#include "libs/venue/binance/market_codec.h"

namespace gannet::venue::binance {

absl::StatusOr<ExchangeInfo> ReadExchangeInfo(const simdjson::dom::object& root, Product product,
                                              std::string_view venue);

}  // namespace gannet::venue::binance
