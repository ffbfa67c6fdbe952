// What the venue says, field by field as Binance documents it (REST API,
// WebSocket streams and user data stream of its spot documentation). Each
// function appends one JSON value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/venue-sim/json_text.h"
#include "services/venue-sim/orders.h"
#include "services/venue-sim/rate_limits.h"
#include "services/venue-sim/tape.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::venue_sim {

std::string_view Name(market::Side side);
std::string_view Name(OrderKind kind);
std::string_view Name(TimeInForce time_in_force);
std::string_view Name(OrderStatus status);
std::string_view Name(ExecutionType type);
std::string_view Name(matching::SelfTrade mode);
std::optional<market::Side> ParseSide(std::string_view text);
std::optional<OrderKind> ParseOrderKind(std::string_view text);
std::optional<TimeInForce> ParseTimeInForce(std::string_view text);
std::optional<matching::SelfTrade> ParseSelfTrade(std::string_view text);

enum class Detail : uint8_t { kAck, kResult, kFull };  // newOrderRespType

// REST and WebSocket API results.
void WriteExchangeInfo(JsonText& json, const VenueCore& core,
                       const std::vector<SymbolIndex>& symbols, RateLimits& limits, base::Time now);
void WriteSymbolFilters(JsonText& json, const Symbol& symbol);
void WriteDepth(JsonText& json, const VenueCore& core, SymbolIndex symbol, size_t limit);
// What the products say alike: `bids` and `asks`; the best of both as a bookTicker has it.
void WriteLevels(JsonText& json, const VenueCore& core, SymbolIndex symbol, size_t limit);
void WriteBest(JsonText& json, const VenueCore& core, SymbolIndex symbol);
void WriteTrade(JsonText& json, const TradePrint& trade);
void WriteAggregate(JsonText& json, const AggregateTrade& trade);
void WriteKline(JsonText& json, Interval interval, const Candle& candle);
void WriteDayTicker(JsonText& json, const VenueCore& core, SymbolIndex symbol, bool mini);
void WriteBookTicker(JsonText& json, const VenueCore& core, SymbolIndex symbol);
void WritePlaced(JsonText& json, const Placed& placed, Detail detail);
void WriteCanceled(JsonText& json, const Canceled& canceled);
void WriteAmended(JsonText& json, const Amended& amended);
void WriteOrder(JsonText& json, const VenueOrder& order);  // as order queries answer
void WriteAccountTrade(JsonText& json, const AccountTrade& trade);
void WriteAccount(JsonText& json, const VenueCore& core, AccountIndex account, bool omit_zero,
                  base::Time now);
void WriteCommission(JsonText& json, const VenueCore& core, SymbolIndex symbol);
// Objects of the error: {"code":…,"msg":…} with data when there is any.
void WriteError(JsonText& json, const ApiError& error, std::string_view data = {});

// Streams.
std::string TradeEvent(SymbolIndex symbol, const TradePrint& trade, base::Time now);
std::string AggregateEvent(SymbolIndex symbol, const AggregateTrade& trade, base::Time now);
std::string BookTickerEvent(const VenueCore& core, SymbolIndex symbol);
std::string KlineEvent(SymbolIndex symbol, Interval interval, const Candle& candle, bool closed,
                       base::Time now);
std::string DayTickerEvent(const VenueCore& core, SymbolIndex symbol, bool mini);
std::string AveragePriceEvent(const VenueCore& core, SymbolIndex symbol);
std::string PartialDepth(const VenueCore& core, SymbolIndex symbol, size_t levels);

// User data stream, inside the subscription's envelope.
std::string ExecutionEvent(const Execution& execution);
std::string AccountPositionEvent(const VenueCore& core, AccountIndex account,
                                 const std::vector<std::string>& assets, base::Time now);
std::string BalanceUpdateEvent(std::string_view asset, Amount change, base::Time now);

}  // namespace gannet::venue_sim
