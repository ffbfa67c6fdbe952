// The markets whose data ingest reads: a product of a venue, each spoken by a protocol.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "libs/venue/binance/product.h"
#include "libs/venue/bybit/category.h"
#include "libs/venue/market_protocol.h"

namespace gannet::ingest {

using MarketProduct = std::variant<venue::binance::Product, venue::bybit::Category>;

std::unique_ptr<venue::MarketProtocol> MakeProtocol(MarketProduct product);
// "binance-spot", "bybit-linear", …: the venue part of an instrument id unless configured
// otherwise, and back.
std::string_view DefaultVenueName(MarketProduct product);
std::optional<MarketProduct> ProductOfVenueName(std::string_view name);
// The addresses that the venue publishes for this product.
std::string_view DefaultWsUrl(MarketProduct product);
// Of trades and klines, where they are not served beside the book; empty: they are.
std::string_view DefaultWsTradesUrl(MarketProduct product);
std::string_view DefaultRestUrl(MarketProduct product);

}  // namespace gannet::ingest
