// The spot market in the words of Bybit v5: names, payloads and ids, as its public docs
// have them. Ids are made of the venue's own: an order's names its symbol too, and those
// of trades have no order among them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/venue-sim/exchange.h"
#include "services/venue-sim/json_text.h"

namespace gannet::venue_sim::bybit {

// Of every category.
std::string_view SideName(market::Side side);
std::string Millis(base::Time time);
// A frame of the private stream around its rows: {"id":…,"topic":…,"creationTime":…,"data":[…]}
void OpenFrame(JsonText& json, std::string_view topic, base::Time now);
std::string CloseFrame(JsonText& json);

std::string OrderId(SymbolIndex symbol, uint64_t order);
std::optional<std::pair<SymbolIndex, uint64_t>> ParseOrderId(std::string_view text);
std::string TradeId(SymbolIndex symbol, uint64_t trade);

void WriteSpotInstrument(JsonText& json, const Symbol& symbol);
void WriteOrder(JsonText& json, const VenueOrder& order);
// `order` may be null: forgotten.
void WriteExecution(JsonText& json, const AccountTrade& trade, const VenueOrder* order);
// The assets that wallet-balance names: those of which anything is held.
std::vector<std::string> HeldAssets(const Exchange& exchange, AccountIndex account);
// Of the unified account: the ledger, and the perpetuals' wallet.
void WriteWallet(JsonText& json, const Exchange& exchange, AccountIndex account,
                 const std::vector<std::string>& assets);
// A conditional order before its trigger.
bool Waits(const VenueOrder& order);

// Frames of the private stream.
std::string OrderFrame(const Execution& execution);
std::string ExecutionFrame(const Execution& execution);
std::string WalletFrame(const Exchange& exchange, AccountIndex account,
                        const std::vector<std::string>& assets, base::Time now);

}  // namespace gannet::venue_sim::bybit
