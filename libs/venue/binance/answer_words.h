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
// -1015 comes as 429, without Retry-After, or as a leg's refusal: the account has placed as many
// orders as it may in some window, and may do anything else ("Unfilled Order Count" of LIMITS).
void NoteFullOrders(Answer& answer);

}  // namespace gannet::venue::binance
