#include "tests/simulation/amender.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace gannet::simulation {
namespace {

using execution::TrackedOrder;
using market::CommandKind;

constexpr double kActs = 0.15;  // of the steps
constexpr size_t kOrders = 4;   // at once
constexpr const char* kInstruments[] = {"binance-spot:SOLUSDT", "binance-spot:ETHUSDT"};

}  // namespace

void Amender::Place(PlatformNode& platform) {
  base::Rng& rng = bea_.rng();
  const risk::ExposureBook& book = platform.risk().book();
  const risk::Index at =
      book.FindInstrument(market::InstrumentId(kInstruments[rng.Below(std::size(kInstruments))]));
  const bool buy = rng.Chance(0.5);
  const int64_t away_ppm = rng.Between(50, 2'000);
  const int64_t tens = rng.Between(4, 2'000);
  if (at == risk::kNone || book.instrument(at).mid.mantissa == 0) return;
  const risk::InstrumentRow& row = book.instrument(at);
  market::OrderRequest order;
  order.account = market::AccountId("main/paper");
  order.instrument = row.definition.id;
  order.side = buy ? market::Side::kBuy : market::Side::kSell;
  const int64_t moved = row.mid.mantissa / 1'000'000 * (1'000'000 + (buy ? -away_ppm : away_ppm));
  order.price = row.definition.RoundToTick({moved}, market::Rounding::kHalfEven);
  order.quantity = Worth(row.definition, 10 * tens, order.price);
  bea_.Give(platform, CommandKind::kSubmitOrder, std::move(order));
}

void Amender::Change(PlatformNode& platform, const TrackedOrder& order) {
  base::Rng& rng = bea_.rng();
  const risk::ExposureBook& book = platform.risk().book();
  const risk::Index at = book.FindInstrument(order.intent.instrument);
  const double what = rng.Uniform();
  const int64_t part = rng.Between(30, 99);
  if (at == risk::kNone) return;
  const market::Instrument& definition = book.instrument(at).definition;
  market::OrderRequest request;
  request.account = order.intent.account;
  request.target = order.id();
  if (what < 0.1) return bea_.Give(platform, CommandKind::kCancelOrder, std::move(request));
  // What is filled in part she follows with the rest.
  if (what > 0.7 || order.cumulative.mantissa > 0) return bea_.Replace(platform, order, definition);
  if (what < 0.2) {
    request.price = {order.price.mantissa + definition.tick.mantissa};  // not in place, on spot
  } else if (what < 0.25) {
    request.quantity = {order.quantity.mantissa + definition.lot.mantissa};
  } else {
    request.quantity = definition.RoundDownToLot({order.quantity.mantissa / 100 * part});
    if (request.quantity.mantissa <= 0 || request.quantity == order.quantity) return;
  }
  bea_.Give(platform, CommandKind::kAmendOrder, std::move(request));
}

void Amender::Step(PlatformNode& platform) {
  base::Rng& rng = bea_.rng();
  if (!rng.Chance(kActs)) return;
  const std::vector<const TrackedOrder*> hers = bea_.OpenOrders(platform);
  const bool places = rng.Chance(0.3);
  const size_t chosen = rng.Below(kOrders);
  const auto partly = std::ranges::find_if(
      hers, [](const TrackedOrder* order) { return order->cumulative.mantissa > 0; });
  if (partly != hers.end()) {
    Change(platform, **partly);
  } else if (hers.empty() || (places && hers.size() < kOrders)) {
    Place(platform);
  } else {
    Change(platform, *hers[chosen % hers.size()]);
  }
}

std::vector<std::string> CheckAmended(PlatformNode& platform) {
  std::vector<std::string> violations;
  for (const execution::ExecutionEngine* engine : platform.executions()) {
    for (const market::ClientOrderId& id : engine->state().open()) {
      const TrackedOrder& order = *engine->state().Find(id);
      if (order.amendment)
        violations.push_back(absl::StrCat("settle: the amendment of ", id.text(), " is open"));
      const risk::OpenOrder* reserved = platform.risk().book().FindOrder(id);
      if (order.external || reserved == nullptr) continue;
      if (reserved->quantity != order.quantity || !reserved->amendment.empty()) {
        violations.push_back(absl::StrCat("settle: the gate reserves for ",
                                          reserved->quantity.mantissa, " of ", id.text(),
                                          ", which is of ", order.quantity.mantissa));
      }
    }
  }
  return violations;
}

}  // namespace gannet::simulation
