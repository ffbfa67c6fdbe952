#include "tests/simulation/dealer.h"

#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;
using execution::TrackedOrder;
using market::CommandKind;
using market::OrderType;

constexpr char kPerson[] = "dora";
constexpr double kActs = 0.15;  // of the steps
constexpr size_t kOrders = 5;   // at once
constexpr const char* kSymbols[] = {"SOLUSDT", "ETHUSDT", "BTCUSDT"};
constexpr OrderType kTypes[] = {OrderType::kLimit, OrderType::kStop, OrderType::kStopLimit,
                                OrderType::kTakeProfit, OrderType::kTrailingStop};

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

// What so much of the quote asset buys.
market::Quantity Worth(const market::Instrument& definition, int64_t quote, market::Price price) {
  const auto units = market::Rescale(market::Money(quote, 0).units(), 0, definition.quote_scale,
                                     market::Rounding::kDown);
  const int digits = definition.price_scale + definition.quantity_scale - definition.quote_scale;
  const auto quantity =
      market::MulDiv(*units, market::PowerOfTen(digits), price.mantissa, market::Rounding::kDown);
  return definition.RoundDownToLot({static_cast<int64_t>(*quantity)});
}

}  // namespace

void Dealer::Give(PlatformNode& platform, CommandKind kind, market::OrderRequest order) {
  market::Command command;
  command.kind = kind;
  command.scope = {market::ScopeKind::kAccount, order.account.text()};
  command.reason = "simulation";
  command.person = kPerson;
  command.request_id = absl::StrCat("deal-", ++given_);
  command.order = std::move(order);
  platform.commands().Submit(command,
                             {.wait_for = command::Progress::kAcceptedForRisk, .patience = 5s},
                             [](const absl::StatusOr<command::CommandResult>&) {});
}

void Dealer::Place(PlatformNode& platform) {
  const risk::ExposureBook& book = platform.risk().book();
  const market::InstrumentId id(
      absl::StrCat(name_, ":", kSymbols[rng_.Below(std::size(kSymbols))]));
  OrderType type = kTypes[rng_.Below(std::size(kTypes))];
  const bool buy = rng_.Chance(0.5), reduces = rng_.Chance(0.3);
  const int64_t away_ppm = rng_.Between(50, 2'000), beyond_ppm = rng_.Between(-100, 400);
  const int64_t quote = rng_.Between(100, 400);
  const risk::Index at = book.FindInstrument(id);
  if (at == risk::kNone || book.instrument(at).mid.mantissa == 0) return;
  if (type == OrderType::kTrailingStop && product_ != Product::kBinanceUsdm)
    type = OrderType::kStop;  // Bybit has none as an order
  const risk::InstrumentRow& row = book.instrument(at);
  const auto moved = [&row, buy](int64_t ppm) {
    const int64_t price = row.mid.mantissa / 1'000'000 * (1'000'000 + (buy ? ppm : -ppm));
    return row.definition.RoundToTick({price}, market::Rounding::kHalfEven);
  };
  market::OrderRequest order;
  order.account = market::AccountId("main/paper");
  order.instrument = row.definition.id;
  order.side = buy ? market::Side::kBuy : market::Side::kSell;
  order.type = type;
  order.reduce_only = reduces && execution::HasPositions(product_);
  switch (type) {
    case OrderType::kLimit:
      order.price = moved(-away_ppm);
      break;
    case OrderType::kStopLimit:
      order.stop_price = moved(away_ppm);
      order.price = moved(away_ppm + beyond_ppm);
      break;
    case OrderType::kTrailingStop:
      order.trailing_bps = 10;
      break;
    default:
      order.stop_price = moved(type == OrderType::kTakeProfit ? -away_ppm : away_ppm);
      break;
  }
  order.quantity = Worth(row.definition, quote, row.mid);
  Give(platform, CommandKind::kSubmitOrder, std::move(order));
}

// Spot makes orders smaller in place and nothing else.
void Dealer::Change(PlatformNode& platform, const TrackedOrder& order) {
  const risk::ExposureBook& book = platform.risk().book();
  const risk::Index at = book.FindInstrument(order.intent.instrument);
  const double what = rng_.Uniform();
  const int64_t part = rng_.Between(30, 150), ticks = rng_.Between(-40, 40);
  if (at == risk::kNone) return;
  const market::Instrument& definition = book.instrument(at).definition;
  market::OrderRequest request;
  request.account = order.intent.account;
  request.target = order.id();
  if (what < 0.3 || order.intent.type != OrderType::kLimit)
    return what < 0.3 ? Give(platform, CommandKind::kCancelOrder, std::move(request)) : void();
  if (what < 0.6) {
    request.price = {order.price.mantissa + ticks * definition.tick.mantissa};
  } else {
    request.quantity = definition.RoundDownToLot({order.quantity.mantissa / 100 * part});
    if (request.quantity.mantissa <= 0) return;
  }
  Give(platform, CommandKind::kAmendOrder, std::move(request));
}

void Dealer::Step(PlatformNode& platform) {
  if (!rng_.Chance(kActs)) return;
  const std::vector<const TrackedOrder*> hers = Hers(platform);
  const bool places = rng_.Chance(0.6);
  const size_t chosen = rng_.Below(kOrders);
  if (hers.empty() || (places && hers.size() < kOrders)) {
    Place(platform);
  } else {
    Change(platform, *hers[chosen % hers.size()]);
  }
}

}  // namespace gannet::simulation
