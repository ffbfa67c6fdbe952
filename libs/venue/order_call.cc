#include "libs/venue/order_call.h"

namespace gannet::venue {

OrderSpec SpecOf(const market::OrderIntent& intent, market::Quantity quantity,
                 const market::Instrument& instrument) {
  using market::OrderType;
  OrderSpec spec;
  spec.symbol = std::string(market::SymbolOf(intent.instrument));
  spec.side = intent.side;
  spec.type = intent.type;
  spec.time_in_force = intent.time_in_force;
  spec.expires = intent.expires;
  spec.client_order_id = std::string(intent.client_order_id.text());
  spec.quantity = Decimal{quantity.mantissa, instrument.quantity_scale};
  const bool limited = intent.type == OrderType::kLimit || intent.type == OrderType::kStopLimit ||
                       intent.type == OrderType::kTakeProfitLimit;
  const bool trails = intent.type == OrderType::kTrailingStop;
  const bool stopped =
      !trails && intent.type != OrderType::kMarket && intent.type != OrderType::kLimit;
  if (limited) spec.price = Decimal{intent.price.mantissa, instrument.price_scale};
  if (stopped) spec.stop_price = Decimal{intent.stop_price.mantissa, instrument.price_scale};
  if (trails) {
    spec.trailing_percent = Decimal{intent.trailing_bps, 2};
    if (intent.stop_price.mantissa != 0) {
      spec.activation_price = Decimal{intent.stop_price.mantissa, instrument.price_scale};
      // Activated by a price better than the market's, on every venue: spot calls that a profit.
      spec.trailing_takes_profit = true;
    }
  }
  spec.reduce_only = intent.reduce_only;
  return spec;
}

}  // namespace gannet::venue
