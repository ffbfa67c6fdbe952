#include "libs/venue/binance/error_codes.h"

#include "libs/venue/binance/outcomes.h"

namespace gannet::venue::binance {
namespace {

// Texts that say more than their code. Source: errors.md, "Messages for -1010
// ERROR_MSG_RECEIVED, -2010 NEW_ORDER_REJECTED, and -2011 CANCEL_REJECTED"; of USD-M
// the second only.
constexpr std::string_view kDuplicate = "Duplicate order sent.";
constexpr std::string_view kUnknownOrder = "Unknown order sent.";

}  // namespace

OutcomeClass ClassOf(Proof proof) {
  switch (proof) {
    case Proof::kRefused:
    case Proof::kNotFound:
      return OutcomeClass::kRefused;
    case Proof::kTurnedAway:
      return OutcomeClass::kTurnedAway;
    case Proof::kUnknown:
      break;
  }
  return OutcomeClass::kUnknown;
}

bool StatusProvesNothing(int status) { return status != 400 && status != 401; }

Proof ProofOf(RequestKind kind, int status, int code, std::string_view message, Product product) {
  if (StatusProvesNothing(status)) return Proof::kUnknown;
  const auto table = product == Product::kSpot ? SpotOutcomes() : UsdmOutcomes();
  if (Find(table, code) == nullptr) return Proof::kUnknown;
  // The id is in use: the order that has it may be this very one, sent before.
  if (kind == RequestKind::kPlace && code == -2010 && message == kDuplicate) return Proof::kUnknown;
  if (kind == RequestKind::kCancel && code == -2011 && message == kUnknownOrder)
    return Proof::kNotFound;
  const CodeProof proof = ProofOfCode(table, kind, code);
  if (proof.outcome == OutcomeClass::kTurnedAway) return Proof::kTurnedAway;
  if (proof.outcome != OutcomeClass::kRefused) return Proof::kUnknown;
  return proof.not_found ? Proof::kNotFound : Proof::kRefused;
}

}  // namespace gannet::venue::binance
