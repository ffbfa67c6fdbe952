// Enumerations as people and files read them: lower or upper case as the field
// writes them, "?" for a value that is none of the enumeration's.
#pragma once

#include <string>

#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/market_data.h"
#include "libs/market/news.h"
#include "libs/market/order.h"
#include "libs/market/order_state.h"  // Name(OrderState)
#include "libs/market/prediction.h"
#include "libs/market/price.h"

namespace gannet::market {

const char* Name(Side side);              // "buy"
const char* Name(OrderType type);         // "LIMIT"
const char* Name(TimeInForce tif);        // "GTC"
const char* Name(IntentKind kind);        // "NEW"
const char* Name(ExecKind kind);          // "ACCEPTED"
const char* Name(Liquidity liquidity);    // "maker"; empty for none
const char* Name(RejectReason reason);    // "MAX_NOTIONAL"
const char* Name(TradingState state);     // "ACTIVE"
const char* Name(ScopeKind kind);         // "strategy"
const char* Name(BookState state);        // "VALID"
const char* Name(BookFault fault);        // "gap"
const char* Name(FeedState state);        // "connected"
const char* Name(NewsEventType type);     // "HACK"
const char* Name(NewsRelation relation);  // "repeat"
const char* Name(DriftState state);       // "ok"
const char* Name(InstrumentKind kind);    // "spot"
const char* Name(CommandKind kind);       // "SUBMIT_ORDER"

// Stream and sequence: "00c0ffee00c0ffee-42".
std::string FormatEventId(const EventId& id);

}  // namespace gannet::market
