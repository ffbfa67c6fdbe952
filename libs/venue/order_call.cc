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
  const bool stopped = intent.type != OrderType::kMarket && intent.type != OrderType::kLimit;
  if (limited) spec.price = Decimal{intent.price.mantissa, instrument.price_scale};
  if (stopped) spec.stop_price = Decimal{intent.stop_price.mantissa, instrument.price_scale};
  spec.reduce_only = intent.reduce_only;
  return spec;
}

}  // namespace gannet::venue
