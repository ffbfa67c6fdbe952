#include "tests/simulation/dealer.h"

#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace gannet::simulation {
namespace {

using execution::TrackedOrder;
using market::CommandKind;
using market::OrderType;

constexpr double kActs = 0.15;  // of the steps
constexpr size_t kOrders = 5;   // at once
constexpr const char* kSymbols[] = {"SOLUSDT", "ETHUSDT", "BTCUSDT"};
constexpr OrderType kTypes[] = {OrderType::kLimit, OrderType::kStop, OrderType::kStopLimit,
                                OrderType::kTakeProfit, OrderType::kTrailingStop};

}  // namespace

void Dealer::Place(PlatformNode& platform) {
  base::Rng& rng = dora_.rng();
  const risk::ExposureBook& book = platform.risk().book();
  const market::InstrumentId id(absl::StrCat(name_, ":", kSymbols[rng.Below(std::size(kSymbols))]));
  OrderType type = kTypes[rng.Below(std::size(kTypes))];
  const bool buy = rng.Chance(0.5), reduces = rng.Chance(0.3);
  const int64_t away_ppm = rng.Between(50, 2'000), beyond_ppm = rng.Between(-100, 400);
  const int64_t quote = rng.Between(100, 400);
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
  dora_.Give(platform, CommandKind::kSubmitOrder, std::move(order));
}

// Spot makes orders smaller in place and nothing else.
void Dealer::Change(PlatformNode& platform, const TrackedOrder& order) {
  base::Rng& rng = dora_.rng();
  const risk::ExposureBook& book = platform.risk().book();
  const risk::Index at = book.FindInstrument(order.intent.instrument);
  const double what = rng.Uniform();
  const int64_t part = rng.Between(30, 150), ticks = rng.Between(-40, 40);
  if (at == risk::kNone) return;
  const market::Instrument& definition = book.instrument(at).definition;
  market::OrderRequest request;
  request.account = order.intent.account;
  request.target = order.id();
  if (what < 0.3 || order.intent.type != OrderType::kLimit)
    return what < 0.3 ? dora_.Give(platform, CommandKind::kCancelOrder, std::move(request))
                      : void();
  if (what > 0.85) return dora_.Replace(platform, order, definition);
  if (what < 0.6) {
    request.price = {order.price.mantissa + ticks * definition.tick.mantissa};
  } else {
    request.quantity = definition.RoundDownToLot({order.quantity.mantissa / 100 * part});
    if (request.quantity.mantissa <= 0) return;
  }
  dora_.Give(platform, CommandKind::kAmendOrder, std::move(request));
}

void Dealer::Step(PlatformNode& platform) {
  base::Rng& rng = dora_.rng();
  if (!rng.Chance(kActs)) return;
  const std::vector<const TrackedOrder*> hers = dora_.OpenOrders(platform);
  const bool places = rng.Chance(0.6);
  const size_t chosen = rng.Below(kOrders);
  if (hers.empty() || (places && hers.size() < kOrders)) {
    Place(platform);
  } else {
    Change(platform, *hers[chosen % hers.size()]);
  }
}

}  // namespace gannet::simulation
