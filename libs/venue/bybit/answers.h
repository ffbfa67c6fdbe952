// What an exchange with Bybit means: one of the four classes, with the orders, trades
// and balances that the answer states. Success of placing, amending and cancelling is
// an acknowledgement (create-order page: the answer says that the request is accepted,
// the fate comes by stream); of a query it is a confirmation. Only status 200 can carry
// proof; retCode decides by the table (outcomes.h).
//
// Pure; the reader's buffers are reused. Never fails: what cannot be understood is
// unknown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/venue/bybit/codec.h"
#include "libs/venue/bybit/requests.h"
#include "libs/venue/keyed_venue.h"
#include "libs/venue/order_venue.h"

namespace gannet::venue::bybit {

// Whose answers they are.
struct Account {
  std::string_view venue;  // the first part of instrument ids
  Category category = Category::kSpot;
  const AccountSetup& setup;
  base::Duration dead_man{0};
};
Answer DecodeAnswer(Reader& reader, const Account& account, const RequestContext& request,
                    const wire::HttpExchange& exchange);

// INVALID_ARGUMENT names a word that is not documented. Of an order for a value the quantity
// stays empty.
absl::StatusOr<OrderUpdate> Convert(const Order& order, std::string_view venue, Category category);
// Nothing for what is no trade of ours: funding, settlement.
std::optional<TradeUpdate> Convert(const Execution& execution, std::string_view venue,
                                   Category category);
// What a row of the log changed beside the fee, which the fill states; of what other products
// of the account did, all of it, as a transfer. Nothing: it changed nothing, or is a trade of
// the spot market that fills explain.
absl::StatusOr<std::vector<BalanceChange>> Convert(const LogRow& row, const Account& account);

// What the wallet holds of a coin; nothing when that is no amount.
std::optional<BalanceEntry> BalanceOf(const Coin& coin);

// X-Bapi-Limit of an answer: how many requests this endpoint takes a second, how many
// of them are left, and when the count begins anew.
struct EndpointLimit {
  std::optional<uint32_t> limit, left;
  std::optional<base::Time> reset;
};
EndpointLimit LimitOf(const wire::HttpExchange& exchange);

}  // namespace gannet::venue::bybit
