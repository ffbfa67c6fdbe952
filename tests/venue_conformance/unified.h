// What a unified call of the recorded client means, as a call of our adapters. The
// client's own habits (default limits, windows, rounding) are reproduced here, in
// the caller's place; the encoders know nothing of them.
#pragma once

#include "absl/status/statusor.h"
#include "libs/venue/order_call.h"
#include "tests/venue_conformance/rows.h"

namespace gannet::venue::conformance {

// What the client knew when it made the call.
struct Context {
  const Markets& markets;
  base::Time now;
};

// A symbol's market: from the file, or made of its name ("BTC/USDT:USDT" is the
// perpetual BTCUSDT) without steps. UNIMPLEMENTED: of a kind that we do not trade.
absl::StatusOr<Market> MarketOf(const Context& context, const std::string& symbol);

struct UnifiedOrder {
  Market market;
  OrderSpec spec;
  bool test = false;
};
// createOrder's (symbol, type, side, amount, price, options), rounded as the client
// rounds: quantities cut, prices to the nearest step, costs cut.
// `rounded_cost`: amount and price are rounded before they are multiplied.
absl::StatusOr<UnifiedOrder> OrderOf(const Context& context, Arguments& args,
                                     bool rounded_cost = false);

// Each UNIMPLEMENTED with the reason when the adapter has no such call.
absl::StatusOr<Call> BinanceCall(const Context& context, const Row& row);
absl::StatusOr<Call> BybitCall(const Context& context, const Row& row);

// (symbol, since, limit, options{until}) at these places of the arguments.
Page PageOf(Arguments& args, size_t since, size_t limit);
// An order by id, or by the client id in the options.
OrderRef RefOf(Arguments& args, size_t index);
bool TakeTrigger(Arguments& args);
absl::Status Unsupported(std::string_view why);

}  // namespace gannet::venue::conformance
