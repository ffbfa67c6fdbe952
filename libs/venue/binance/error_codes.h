// What an error answer of Binance proves about the request that it answers: the row
// of its code (outcomes.h), unless status or text overrule it.
#pragma once

#include <cstdint>
#include <string_view>

#include "libs/venue/binance/product.h"
#include "libs/venue/order_venue.h"

namespace gannet::venue::binance {

// What an answer proves. Placing: kRefused means the order was not taken, kTurnedAway that
// the copy of it that was answered was not.
// Cancelling: the order was not cancelled by this request. Querying: the query
// was refused and says nothing about the order.
enum class Proof : uint8_t {
  kUnknown = 1,
  kRefused,
  kNotFound,  // refused because the venue knows no such order
  kTurnedAway,
};
OutcomeClass ClassOf(Proof proof);

// Of an answer with HTTP status `status` and an error body. The status overrules
// the code where it says that the fate is open (408, 409, 418, 429, 5xx), and a
// few texts overrule their code. `kind` decides the column.
Proof ProofOf(RequestKind kind, int status, int code, std::string_view message,
              Product product = Product::kSpot);

// True for a status whose answer proves nothing whatever its body says.
bool StatusProvesNothing(int status);

}  // namespace gannet::venue::binance
