// Everything that this program can ask of Binance spot about orders and accounts,
// as Calls. Sources: rest-api.md and web-socket-api.md of Binance's spot API docs
// (verbs, paths, parameters and weights), enums.md (order types, self-trade modes).
//
// Pure. INVALID_ARGUMENT: the venue has no such order; the message says what it
// does not offer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/venue/order_call.h"

namespace gannet::venue::binance::spot {

// The parameters of one order: symbol, side, type, sizes, prices, client id.
absl::Status AddOrder(const OrderSpec& spec, Parameters& out);

absl::StatusOr<Call> Place(const OrderSpec& spec);
absl::StatusOr<Call> TestOrder(const OrderSpec& spec);  // checked, not placed

enum class CancelRestriction : uint8_t { kNone = 0, kOnlyNew, kOnlyPartiallyFilled };
Call Cancel(std::string_view symbol, const OrderRef& order,
            CancelRestriction restriction = CancelRestriction::kNone);
Call CancelAll(std::string_view symbol);
// Cancels `target`, then places `spec`; the second only if the first took effect.
absl::StatusOr<Call> CancelReplace(const OrderSpec& spec, const OrderRef& target,
                                   CancelRestriction restriction = CancelRestriction::kNone);
// Smaller quantity, same place in the queue.
Call Amend(std::string_view symbol, const OrderRef& order, Decimal quantity,
           std::string_view client_order_id);
// One cancels the other: a limit-maker leg and a stop leg of the same side and size.
absl::StatusOr<Call> Oco(const OrderSpec& above, const OrderSpec& below, std::string_view list_id);

Call QueryOrder(std::string_view symbol, const OrderRef& order);
Call OpenOrders(std::string_view symbol);  // empty: of all symbols
Call AllOrders(std::string_view symbol, const Page& page);
Call Trades(std::string_view symbol, const OrderRef& order, const Page& page);
Call Account(bool omit_zero_balances);
Call ApiKeyRestrictions();  // of the key, of whichever product; not on the test net
Call Commission(std::string_view symbol);
Call OrderLimits();  // how much of the order limits is used
Call ServerTime();

// The WebSocket API only (ToFrame): own updates on this connection, by signature or,
// after a logon with an Ed25519 key, of the session.
Call Subscribe();
Call Logon();
Call SubscribeSession();
Call Unsubscribe(std::optional<int64_t> subscription);

// Public data: depth, trades, candles, tickers.
Call Depth(std::string_view symbol, int limit);
Call AggregateTrades(std::string_view symbol, const Page& page);
Call Klines(std::string_view symbol, std::string_view interval, const Page& page);
Call DayTicker(std::string_view symbol);  // empty: of all symbols
Call DayTickers(std::span<const std::string> symbols);
Call BookTicker(std::string_view symbol);
Call BookTickers(std::span<const std::string> symbols);
Call Price(std::string_view symbol);
Call Prices(std::span<const std::string> symbols);

}  // namespace gannet::venue::binance::spot
