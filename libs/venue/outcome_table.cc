#include "libs/venue/outcome_table.h"

#include <algorithm>

#include "libs/base/check.h"

namespace gannet::venue {
namespace {

constexpr OutcomeClass kR = OutcomeClass::kRefused, kU = OutcomeClass::kUnknown,
                       kA = OutcomeClass::kAcknowledged, kT = OutcomeClass::kTurnedAway;

constexpr MeaningRow kMeanings[] = {
    {Meaning::kMalformed, "malformed", kR, kR, kR, false,
     "a parameter is missing, unknown, malformed or does not go with another, or the signature is "
     "not that of the request: every copy of it is turned away before anything is done"},
    {Meaning::kNotAuthorised, "not authorised", kT, kR, kR, false,
     "key, address, permission or the request's time is not accepted: turned away before anything "
     "was done; a copy that came earlier, or another way, may have been accepted"},
    {Meaning::kRejected, "rejected", kT, kR, kU, false,
     "the matching engine turned the new order, or the change, away"},
    {Meaning::kOrderRule, "order rule", kT, kU, kU, false,
     "the order breaks a rule of its symbol, type or side (price, size, value, trigger, time in "
     "force): it is not taken"},
    {Meaning::kFunds, "funds", kT, kU, kU, false,
     "balance, margin or position does not cover the order: it is not taken"},
    {Meaning::kLimit, "limit", kT, kU, kU, false,
     "a limit of orders, position or risk leaves no room for the order: it is not taken"},
    {Meaning::kNotTrading, "not trading", kT, kU, kU, false,
     "symbol or account may not trade, or not in this way, now: the order is not taken"},
    {Meaning::kChangeRejected, "change rejected", kU, kR, kU, false,
     "the cancel or amendment was turned away: the order stands as it stood"},
    {Meaning::kUnknownOrder, "unknown order", kU, kR, kR, true,
     "no such order is known: nothing to change; whether it was filled before is another question"},
    {Meaning::kUnknownToQuery, "unknown to the query", kU, kU, kR, true,
     "the query finds no such order; it may lag behind the matching engine"},
    {Meaning::kOrderEnded, "order ended", kU, kR, kU, false,
     "the order is filled or cancelled already: nothing to change"},
    {Meaning::kProcessing, "processing", kA, kA, kU, false,
     "the request is taken and not yet done: stream or query decide"},
    {Meaning::kDuplicateId, "duplicate id", kU, kU, kU, false,
     "the id is in use: the order that has it may be this very one, sent before"},
    {Meaning::kTooMany, "too many requests", kU, kU, kU, false,
     "a rate limit or overload protection: held to prove nothing until a query has spoken"},
    {Meaning::kFateOpen, "fate open", kU, kU, kU, false,
     "a fault, a timeout or a failure within the venue: what became of the request is not said"},
    {Meaning::kAccountSetting, "account setting", kU, kU, kU, false,
     "speaks of leverage, margin or position mode, not of an order"},
    {Meaning::kNotOurs, "not ours", kU, kU, kU, false,
     "belongs to a part of the venue that no request of ours goes to"},
};

constexpr TransportRow kTransport[] = {
    {"not sent: the connection was never made, by the transport's own word", kR,
     "no byte left; the order ends DENIED"},
    {"time ran out before an answer", kU, "the request may have been taken"},
    {"connection closed or reset after the first byte", kU, "the request may have been taken"},
    {"answer cut short, or larger than any real one", kU, "what it would have said is not known"},
    {"body that cannot be read, or a field of an unknown value", kU,
     "what cannot be understood proves nothing"},
    {"answer that speaks of another order", kU, "it is no answer to this request"},
    {"HTTP 1xx, 3xx", kU, "not from the venue's order entry"},
    {"HTTP 403, 404, 408, 409", kU,
     "firewall, route, time or one of two legs: the body's code proves nothing (the legs of a "
     "cancel-replace speak for themselves)"},
    {"HTTP 418, 429", kU, "banned or limited: unknown until a query has spoken"},
    {"HTTP 5xx", kU, "the venue's own fault; the documentation leaves the fate open"},
    {"request cancelled here, or the program ended", kU, "the bytes may have left"},
    {"code without a row", kU, "nothing is known about it"},
};

constexpr AbsenceWords kAbsence[] = {
    {"Binance spot",
     "server time past timestamp + receive window (at most 2 s) + 10 s, the time after which the "
     "venue itself gives a request up",
     "a cancel by client id is answered by the matching engine: -2011, unknown order",
     "the order query (-2013) and the own trades since the intent are empty twice, 5 s apart: the "
     "query reads memory, then a database"},
    {"Binance USD-M", "the same, by the futures server time",
     "a cancel by client id: -2011, unknown order; of a stop order, by client algo id, and then of "
     "the order that it became",
     "order query (of a stop order: algo query, then the actual order) and own trades are empty "
     "twice, 5 s apart"},
    {"Bybit v5",
     "server time past timestamp + receive window + 10 s; the venue states no time of its own, so "
     "Binance's is taken",
     "a cancel by orderLinkId: 110001 (linear), 170213 (spot), unknown order; an acknowledged "
     "cancel is no proof either way",
     "working and ended orders (realtime, then history) and executions are empty twice, 5 s apart: "
     "both trail the matching engine"},
};

}  // namespace

std::span<const MeaningRow> Meanings() { return kMeanings; }

const MeaningRow& RowOf(Meaning meaning) {
  const size_t index = static_cast<size_t>(meaning) - 1;
  GANNET_CHECK(index < std::size(kMeanings) && kMeanings[index].meaning == meaning,
               "each meaning has its row, in order");
  return kMeanings[index];
}

const OutcomeRow* Find(std::span<const OutcomeRow> table, int64_t code) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [code](const OutcomeRow& row) { return row.code == code; });
  return found == table.end() ? nullptr : &*found;
}

CodeProof ProofOfCode(std::span<const OutcomeRow> table, RequestKind kind, int64_t code) {
  const OutcomeRow* row = Find(table, code);
  if (row == nullptr) return {};
  const MeaningRow& meaning = RowOf(row->meaning);
  switch (kind) {
    case RequestKind::kPlace:
    case RequestKind::kPlaceBatch:
    case RequestKind::kCancelReplace:
      return {meaning.place, false};
    case RequestKind::kCancel:
    case RequestKind::kCancelAll:
    case RequestKind::kCancelBatch:
      return {meaning.change, meaning.not_found && meaning.change == OutcomeClass::kRefused};
    case RequestKind::kAmend:
    case RequestKind::kAmendBatch:
      // It is judged like an order, and refused like a cancel: of the copy that is answered.
      // Another may have taken effect, and be why this one "changes nothing".
      if (meaning.place == OutcomeClass::kTurnedAway || meaning.change == OutcomeClass::kRefused)
        return {OutcomeClass::kTurnedAway, false};
      return {meaning.change, false};
    default:
      return {meaning.query, meaning.not_found && meaning.query == OutcomeClass::kRefused};
  }
}

std::span<const TransportRow> TransportEvents() { return kTransport; }
std::span<const AbsenceWords> AbsenceOfVenues() { return kAbsence; }

}  // namespace gannet::venue
