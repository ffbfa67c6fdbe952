// The verdict on an order, in two ways that agree always: `Judge` reads the flat row of
// (account, strategy, instrument), its tightest limits and the sums of its scopes, and says
// in some hundred nanoseconds and without an allocation which controls fail;
// `JudgeByControls` asks the table of controls one by one, as `gannet risk explain` does.
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

struct Verdict {
  ReasonSet failing;
  market::Money reserved;   // of a permitted order: worst-case notional, quote asset
  market::Price reference;  // 0: none
};

// Nothing where only the table knows: names without a row, parents and their children,
// amendments, forms that make no sense, sales on margin, amounts beyond Sane().
std::optional<Verdict> Judge(const market::OrderIntent& intent, const ExposureBook& book,
                             const GateSettings& settings, base::Time now);
Verdict JudgeByControls(const OrderContext& context);
// What tests ask of every order.
bool BothWaysAgree(const market::OrderIntent& intent, const ExposureBook& book,
                   const GateSettings& settings, base::Time now);

}  // namespace gannet::risk
