// The verdict on an order, in two ways: `PermitAtOnce` reads the flat row of (account, strategy,
// instrument), its tightest limits and the sums of its scopes, and permits what is in order
// without an allocation; what it does not permit the table of controls decides, one by one, as
// `gannet risk explain` does, and says why. The table is the truth: what the quick way permits
// it permits too, with the same reservation.
#pragma once

#include <cstdint>
#include <optional>

#include "libs/market/money.h"
#include "libs/market/order.h"
#include "services/risk/controls.h"
#include "services/risk/exposure_book.h"

namespace gannet::risk {

// Controls by the bit of their reason.
class ReasonSet {
 public:
  static_assert(static_cast<int>(market::kLastRejectReason) < 64);
  void Add(market::RejectReason reason, bool fails = true) {
    bits_ |= static_cast<uint64_t>(fails) << static_cast<int>(reason);
  }
  bool Has(market::RejectReason reason) const {
    return (bits_ >> static_cast<int>(reason) & 1) != 0;
  }
  bool empty() const { return bits_ == 0; }
  bool operator==(const ReasonSet&) const = default;

 private:
  uint64_t bits_ = 0;
};

struct Permit {
  market::Money reserved;   // worst-case notional, quote asset
  market::Price reference;  // 0: none
};

struct Verdict {
  ReasonSet failing;
  Permit permit;  // `reserved` of a permitted order only
};

// Of an order whose row is `leaf` (ExposureBook::FindLeaf; kNone: it has none). Nothing where
// the table has to decide: what a control refuses, names without a row, parents and their
// children, amendments, sales on margin, amounts beyond kMostNarrow.
std::optional<Permit> PermitAtOnce(Index leaf, const market::OrderIntent& intent,
                                   const ExposureBook& book, const GateSettings& settings,
                                   base::Time now);
Verdict JudgeByControls(const OrderContext& context);
// What tests ask of every order: that the table permits what the quick way does, alike.
bool BothWaysAgree(const market::OrderIntent& intent, const ExposureBook& book,
                   const GateSettings& settings, base::Time now);

}  // namespace gannet::risk
