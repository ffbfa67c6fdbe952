// What an error code of a venue proves about the request that it answers: tables of
// (code, meaning), and what each meaning says. A code without a row proves nothing,
// and so does every transport event but one. The tables: binance/outcomes.h,
// bybit/outcomes.h; printed in docs/venue-codes.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "libs/venue/order_venue.h"

namespace gannet::venue {

enum class Meaning : uint8_t {
  kMalformed = 1,
  kNotAuthorised,
  kRejected,
  kOrderRule,
  kFunds,
  kLimit,
  kNotTrading,
  kChangeRejected,
  kUnknownOrder,
  kUnknownToQuery,
  kOrderEnded,
  kProcessing,
  kDuplicateId,
  kTooMany,
  kFateOpen,
  kAccountSetting,
  kNotOurs,
};

struct MeaningRow {
  Meaning meaning;
  std::string_view name;
  // change: cancel, amend. kRefused of a query: not answered; of a placement: whatever lies
  // in the request's own bytes, so that every copy of it is refused alike.
  OutcomeClass place, change, query;
  bool not_found;         // a refused change or query says: no such order
  std::string_view says;  // what the documentation says, in our words
};
std::span<const MeaningRow> Meanings();
const MeaningRow& RowOf(Meaning meaning);

struct OutcomeRow {
  int64_t code;
  Meaning meaning;
  std::string_view name = {};  // as documented, where codes have names
};

// Null for a code without a row. `table` is small: a linear look.
const OutcomeRow* Find(std::span<const OutcomeRow> table, int64_t code);

struct CodeProof {
  OutcomeClass outcome = OutcomeClass::kUnknown;
  bool not_found = false;
};
// Of a code in an answer that can carry proof at all; `kind` decides the column.
// kUnknown for a code without a row.
CodeProof ProofOfCode(std::span<const OutcomeRow> table, RequestKind kind, int64_t code);

// What became of a request without an understood answer.
struct TransportRow {
  std::string_view event;
  OutcomeClass outcome;
  std::string_view says;
};
std::span<const TransportRow> TransportEvents();

// How a venue proves that a request never took effect: the parts (a) to (c) of
// docs/orders.md, "Unknown", in words; the figures are the adapter's AbsenceRules.
struct AbsenceWords {
  std::string_view venue, a, b, c;
};
std::span<const AbsenceWords> AbsenceOfVenues();

}  // namespace gannet::venue
