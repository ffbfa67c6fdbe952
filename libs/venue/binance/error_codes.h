// What each error code of Binance spot proves about the request that it answers.
// One row a documented code; a code that has no row proves nothing.
#pragma once

#include <span>
#include <string_view>

#include "libs/venue/order_venue.h"

namespace gannet::venue::binance {

// What an answer proves. Placing: kRefused means the order was not taken.
// Cancelling: the order was not cancelled by this request. Querying: the query
// was refused and says nothing about the order.
enum class Proof : uint8_t {
  kUnknown = 1,
  kRefused,
  kNotFound,  // refused because the venue knows no such order
};

struct ErrorRow {
  int code;
  std::string_view name;  // as documented
  Proof place, cancel, query;
};

// All rows, by descending code (-1000, -1001, …).
std::span<const ErrorRow> ErrorTable();
// Null for a code without a row.
const ErrorRow* FindError(int code);

// Of an answer with HTTP status `status` and an error body. The status overrules
// the code where it says that the fate is open (408, 409, 418, 429, 5xx), and a
// few texts overrule their code. `kind` decides the column.
Proof ProofOf(RequestKind kind, int status, int code, std::string_view message);

// True for a status whose answer proves nothing whatever its body says.
bool StatusProvesNothing(int status);

}  // namespace gannet::venue::binance
