// The perpetuals in the words of Bybit v5, category linear: payloads and ids as its public
// docs have them. A conditional order keeps its id when it triggers, so that an algo order
// and what became of it are one here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/venue-sim/json_text.h"
#include "services/venue-sim/usdm_market.h"

namespace gannet::venue_sim::bybit {

// "l-5000001" of an order, "c-1000001" of one that waits, or waited, for its trigger.
std::string LinearOrderId(const UsdmOrder& order);
std::string LinearOrderId(const UsdmAlgo& algo);
struct LinearRef {
  bool conditional = false;
  uint64_t number = 0;
};
std::optional<LinearRef> ParseLinearOrderId(std::string_view text);
std::string LinearTradeId(uint64_t trade);

void WriteLinearOrder(JsonText& json, const UsdmMarket& market, const UsdmOrder& order);
void WriteLinearOrder(JsonText& json, const UsdmAlgo& algo);  // without an order of its own
// `streamed`: as the topic has it, with the category in each row.
void WriteLinearExecution(JsonText& json, const UsdmMarket& market, AccountIndex account,
                          const UsdmTrade& trade, bool streamed);
void WriteLinearPosition(JsonText& json, const UsdmMarket& market, AccountIndex account,
                         SymbolIndex symbol, UsdmLeg leg);
void WriteLinearInstrument(JsonText& json, const Symbol& symbol);
// Of a trade, or of what else changed the wallet (funding, transfers).
void WriteLogRow(JsonText& json, const UsdmMarket& market, AccountIndex account,
                 const UsdmTrade& trade);
void WriteLogRow(JsonText& json, const UsdmIncome& income);

// Frames of the private stream. `triggered`: the moment between waiting and working.
std::string LinearOrderFrame(const UsdmMarket& market, const UsdmExecution& execution,
                             bool triggered = false);
std::string LinearOrderFrame(const UsdmAlgo& algo, base::Time now);
std::string LinearExecutionFrame(const UsdmMarket& market, const UsdmExecution& execution);
std::string LinearPositionFrame(const UsdmMarket& market, AccountIndex account, SymbolIndex symbol,
                                base::Time now);

}  // namespace gannet::venue_sim::bybit
