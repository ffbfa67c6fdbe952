// What the perpetuals' side says, field by field as Binance's USD-M documentation has it.
// Each function appends one JSON value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/venue-sim/json_text.h"
#include "services/venue-sim/rate_limits.h"
#include "services/venue-sim/usdm_market.h"

namespace gannet::venue_sim {

std::optional<UsdmType> ParseUsdmType(std::string_view text);
std::optional<UsdmTime> ParseUsdmTime(std::string_view text);
std::string_view Name(UsdmLeg leg);
std::optional<UsdmLeg> ParseUsdmLeg(std::string_view text);

void WriteUsdmOrder(JsonText& json, const UsdmOrder& order);
void WriteUsdmAlgo(JsonText& json, const UsdmAlgo& algo);
void WriteUsdmTrade(JsonText& json, const UsdmTrade& trade);
void WriteUsdmIncome(JsonText& json, const UsdmIncome& income);
void WriteUsdmAccount(JsonText& json, const UsdmMarket& market, AccountIndex account);

// Market data: what is listed, a book, the best of one as it changes.
void WriteUsdmExchangeInfo(JsonText& json, const VenueCore& core, RateLimits& limits,
                           base::Time now);
void WriteUsdmDepth(JsonText& json, const VenueCore& core, SymbolIndex symbol, size_t limit,
                    base::Time now);
std::string UsdmBookTickerEvent(const VenueCore& core, SymbolIndex symbol);

std::string UsdmOrderEvent(const UsdmExecution& execution);
std::string UsdmAlgoEvent(const UsdmAlgo& algo, base::Time now);
std::string UsdmAccountEvent(const UsdmMarket& market, AccountIndex account,
                             const std::string& reason, Amount change,
                             std::optional<SymbolIndex> symbol, base::Time now);

}  // namespace gannet::venue_sim
