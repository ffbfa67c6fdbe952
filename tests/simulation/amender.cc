#include "tests/simulation/amender.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;
using execution::TrackedOrder;
using market::CommandKind;

constexpr char kPerson[] = "bea";
constexpr double kActs = 0.15;  // of the steps
constexpr size_t kOrders = 4;   // at once
constexpr const char* kInstruments[] = {"binance-spot:SOLUSDT", "binance-spot:ETHUSDT"};

std::vector<const TrackedOrder*> Hers(PlatformNode& platform) {
  std::vector<const TrackedOrder*> hers;
  for (const execution::ExecutionEngine* engine : platform.executions()) {
    for (const market::ClientOrderId& id : engine->state().open()) {
      const TrackedOrder* order = engine->state().Find(id);
      if (order->intent.strategy.text() == absl::StrCat("manual/", kPerson)) hers.push_back(order);
    }
  }
  return hers;
}

}  // namespace

void Amender::Give(PlatformNode& platform, CommandKind kind, market::OrderRequest order) {
  market::Command command;
  command.kind = kind;
  command.scope = {market::ScopeKind::kAccount, order.account.text()};
  command.reason = "simulation";
  command.person = kPerson;
  command.request_id = absl::StrCat("change-", ++given_);
  command.order = std::move(order);
  platform.commands().Submit(command,
                             {.wait_for = command::Progress::kAcceptedForRisk, .patience = 5s},
                             [](const absl::StatusOr<command::CommandResult>&) {});
}

void Amender::Place(PlatformNode& platform) {
  const risk::ExposureBook& book = platform.risk().book();
  const risk::Index at =
      book.FindInstrument(market::InstrumentId(kInstruments[rng_.Below(std::size(kInstruments))]));
  const bool buy = rng_.Chance(0.5);
  const int64_t away_ppm = rng_.Between(300, 6'000);
  const int64_t lots = rng_.Between(4, 40);
  if (at == risk::kNone || book.instrument(at).mid.mantissa == 0) return;
  const risk::InstrumentRow& row = book.instrument(at);
  market::OrderRequest order;
  order.account = market::AccountId("main/paper");
  order.instrument = row.definition.id;
  order.side = buy ? market::Side::kBuy : market::Side::kSell;
  const int64_t moved = row.mid.mantissa / 1'000'000 * (1'000'000 + (buy ? -away_ppm : away_ppm));
  order.price = row.definition.RoundToTick({moved}, market::Rounding::kHalfEven);
  // A fortieth of some hundreds of the quote asset each.
  const market::Money part(10, 0);
  const auto units =
      market::Rescale(part.units(), 0, row.definition.quote_scale, market::Rounding::kDown);
  const int digits =
      row.definition.price_scale + row.definition.quantity_scale - row.definition.quote_scale;
  const auto quantity = market::MulDiv(*units * lots, market::PowerOfTen(digits),
                                       order.price.mantissa, market::Rounding::kDown);
  order.quantity = row.definition.RoundDownToLot({static_cast<int64_t>(*quantity)});
  Give(platform, CommandKind::kSubmitOrder, std::move(order));
}

void Amender::Change(PlatformNode& platform, const TrackedOrder& order) {
  const risk::ExposureBook& book = platform.risk().book();
  const risk::Index at = book.FindInstrument(order.intent.instrument);
  const double what = rng_.Uniform();
  const int64_t part = rng_.Between(30, 99);
  if (at == risk::kNone) return;
  const market::Instrument& definition = book.instrument(at).definition;
  market::OrderRequest request;
  request.account = order.intent.account;
  request.target = order.id();
  if (what < 0.1) return Give(platform, CommandKind::kCancelOrder, std::move(request));
  if (what < 0.2) {
    request.price = {order.price.mantissa + definition.tick.mantissa};  // not in place, on spot
  } else if (what < 0.25) {
    request.quantity = {order.quantity.mantissa + definition.lot.mantissa};
  } else {
    request.quantity = definition.RoundDownToLot({order.quantity.mantissa / 100 * part});
    if (request.quantity.mantissa <= 0 || request.quantity == order.quantity) return;
  }
  Give(platform, CommandKind::kAmendOrder, std::move(request));
}

void Amender::Step(PlatformNode& platform) {
  if (!rng_.Chance(kActs)) return;
  const std::vector<const TrackedOrder*> hers = Hers(platform);
  const bool places = rng_.Chance(0.3);
  const size_t chosen = rng_.Below(kOrders);
  if (hers.empty() || (places && hers.size() < kOrders)) {
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
