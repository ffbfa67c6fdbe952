// Account events: what moved an account beside what the rows of fills tell.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "services/reporting/reporting_engine.h"

namespace gannet::reporting {
namespace {

// A trade's notional and fee are in its row of fills; of a derivative's the result that
// the venue realised is not.
bool ToldByFill(const market::AccountEvent& event) {
  using market::AccountEventKind;
  if (event.client_order_id.empty()) return false;
  const bool plain = event.kind == AccountEventKind::kFill && event.changes.size() != 1;
  return plain || event.kind == AccountEventKind::kFee;
}

}  // namespace

void ReportingEngine::OnAccountEvent(const market::Event<market::AccountEvent>& event) {
  if (!IsNew(bus::kAccountEvents, Fold::kBookings, event) || ToldByFill(event.value)) return;
  if (event.value.quantity.mantissa == 0 ||
      ScalesOf(event.value.instrument, event.value.instrument_version) != nullptr)
    return Apply(event);
  Hold(bus::kAccountEvents, Fold::kBookings, event, held_bookings_);
}

void ReportingEngine::Apply(const market::Event<market::AccountEvent>& event) {
  const market::AccountEvent& said = event.value;
  const Scales::Entry* scales = ScalesOf(said.instrument, said.instrument_version);
  store::BookingRow row;
  row.id = event.header.id;
  row.time = said.time == base::Time() ? event.header.event_time : said.time;
  row.told = event.header.publish_time;
  row.account = said.account;
  row.venue = said.venue;
  row.kind = said.kind;
  row.booking = said.id;
  row.strategy = said.strategy;
  row.instrument = said.instrument;
  row.client_order_id = said.client_order_id;
  row.person = said.person;
  if (!said.person.empty()) row.detail = said.evidence;
  if (scales != nullptr && said.quantity.mantissa != 0) {
    row.quantity = market::Money(said.quantity.mantissa, scales->quantity);
    row.price = market::Money(said.price.mantissa, scales->price);
  }
  for (size_t i = 0; i < std::max<size_t>(said.changes.size(), 1); ++i) {
    row.part = static_cast<uint32_t>(i);
    if (i < said.changes.size()) {
      row.asset = said.changes[i].asset;
      row.amount = said.changes[i].amount;
    }
    added_.bookings.push_back(row);
    row.quantity = row.price = market::Money();  // said once
  }
  // What no order did, and moved the position all the same: what people signed.
  if (scales == nullptr || said.quantity.mantissa == 0 || !said.client_order_id.empty() ||
      stored_fills_.contains(event.header.id))
    return;
  store::FillRow fill_row;
  fill_row.id = event.header.id;
  fill_row.time = row.time;
  fill_row.account = said.account;
  fill_row.strategy = said.strategy;
  fill_row.instrument = said.instrument;
  fill_row.side = said.quantity.mantissa > 0 ? market::Side::kBuy : market::Side::kSell;
  market::Fill fill;
  fill.trade_id = said.id;
  fill.price = said.price;
  fill.quantity = {std::abs(std::max(said.quantity.mantissa, -INT64_MAX))};
  Book(std::move(fill_row), fill, *scales);
}

}  // namespace gannet::reporting
