// What moves an account beside the trades of orders.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "services/risk/exposure_book.h"

namespace gannet::risk {

void ExposureBook::ApplyBooking(const market::AccountEvent& event, base::Time at) {
  // The reports of its trades have been counted.
  if (!event.client_order_id.empty() || event.kind == market::AccountEventKind::kFill) return;
  const Index leaf =
      event.instrument.empty() ? kNone : Touch(event.account, event.strategy, event.instrument);
  for (const market::AssetChange& change : event.changes) {
    if (event.kind == market::AccountEventKind::kTransfer) break;
    const std::pair key{event.account.text(), change.asset};
    if (!Sane(change.amount.units())) {
      ++stats_.bookings_refused;
    } else if (leaf != kNone) {
      Pay(leaves_[leaf], change.asset, -change.amount);
    } else if (bookings_.contains(key) || bookings_.size() < kMaxBookings) {
      bookings_[key] -= change.amount;
      CountBooking(key.first, key.second, -change.amount);
    } else {
      ++stats_.bookings_refused;
    }
  }
  if (event.quantity.mantissa == 0) return;
  market::ExecReport report;
  report.kind = market::ExecKind::kFill;
  report.account = event.account;
  report.strategy = event.strategy;
  report.instrument = event.instrument;
  report.instrument_version = event.instrument_version;
  report.side = event.quantity.mantissa > 0 ? market::Side::kBuy : market::Side::kSell;
  market::Fill& fill = report.fill.emplace();
  fill.trade_id = event.id;
  fill.price = event.price;
  fill.quantity = {std::abs(std::max(event.quantity.mantissa, -INT64_MAX))};
  if (ApplyFill(report, /*spends=*/false) && leaf != kNone) Compare(leaves_[leaf], at);
}

void ExposureBook::Pay(Leaf& leaf, const market::AssetId& asset, const market::Money& paid) {
  const market::Instrument& definition = instruments_[leaf.instrument].definition;
  if (asset != definition.quote) {
    leaf.other_fees[asset] += paid;
    for (const Index scope : leaf.scopes) scopes_[scope].other_fees[asset] += paid;
    return;
  }
  const auto units = market::Rescale(paid.units(), paid.scale(), definition.quote_scale,
                                     market::Rounding::kCeiling);
  if (units && Sane(*units)) ChangePosition(leaf, 0, -*units);
}

// Like a fee in a third asset, of the account and of the firm.
void ExposureBook::CountBooking(const std::string& account, const market::AssetId& asset,
                                const market::Money& paid) {
  for (const Index scope :
       {MakeScope(market::ScopeKind::kFirm, ""), MakeScope(market::ScopeKind::kAccount, account)}) {
    if (scope != kNone) scopes_[scope].other_fees[asset] += paid;
  }
}

}  // namespace gannet::risk
