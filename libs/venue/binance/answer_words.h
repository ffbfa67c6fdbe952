// What the answers of Binance's spot and futures share: words of orders, and what the
// headers say about limits.
#pragma once

#include <optional>
#include <string_view>

#include "libs/market/order.h"
#include "libs/venue/order_venue.h"

namespace gannet::venue::binance {

std::optional<VenueOrderStatus> StatusOf(std::string_view text);
std::optional<market::Side> SideOf(std::string_view text);
RateReport RateOf(const wire::HttpExchange& exchange);

}  // namespace gannet::venue::binance
