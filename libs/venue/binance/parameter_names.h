// Words that Binance's spot and futures requests share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libs/venue/order_call.h"

namespace gannet::venue::binance {

inline std::string_view SideText(market::Side side) {
  return side == market::Side::kBuy ? "BUY" : "SELL";
}

// selfTradePreventionMode; empty: the venue's default.
std::string_view SelfTradeText(SelfTrade mode);
std::optional<SelfTrade> ParseSelfTrade(std::string_view text);

// By the venue's id where the key has it.
OrderRef RefOf(const OrderKey& order);

// orderId or origClientOrderId.
void AddOrderRef(Parameters& out, const OrderRef& order);
// fromId, startTime, endTime, limit, as far as set. `from` is the name of the first.
void AddPage(Parameters& out, const Page& page, std::string_view from = "fromId");
// symbols=["A","B"]
void AddSymbols(Parameters& out, std::span<const std::string> symbols);

Call MakeCall(RequestKind kind, std::string_view method, std::string_view path,
              std::string_view operation, uint32_t weight, Security security = Security::kSigned);

}  // namespace gannet::venue::binance
