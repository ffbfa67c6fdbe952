#include "tests/venue_conformance/unified.h"

#include <algorithm>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "tests/venue_conformance/steps.h"

namespace gannet::venue::conformance {
namespace {

using market::OrderType;
using market::TimeInForce;

std::string Upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

absl::StatusOr<std::optional<TimeInForce>> TimeInForceOf(Arguments& args) {
  const std::string text = Upper(args.TakeText({"timeInForce"}));
  if (args.TakeFlag({"postOnly"}) || text == "PO" || text == "GTX" || text == "POSTONLY")
    return TimeInForce::kPostOnly;
  if (text.empty()) return std::optional<TimeInForce>();
  if (text == "GTC") return TimeInForce::kGtc;
  if (text == "IOC") return TimeInForce::kIoc;
  if (text == "FOK") return TimeInForce::kFok;
  if (text == "GTD") return TimeInForce::kGtd;
  return Unsupported("time in force " + text);
}

absl::StatusOr<SelfTrade> SelfTradeOf(Arguments& args) {
  std::string text =
      Upper(args.TakeText({"selfTradePrevention", "selfTradePreventionMode", "smpType"}));
  if (text.starts_with("CANCEL")) text = "EXPIRE_" + text.substr(6);
  if (text.empty()) return SelfTrade::kVenueDefault;
  if (text == "NONE") return SelfTrade::kAllow;
  if (text == "EXPIRE_MAKER") return SelfTrade::kExpireMaker;
  if (text == "EXPIRE_TAKER") return SelfTrade::kExpireTaker;
  if (text == "EXPIRE_BOTH") return SelfTrade::kExpireBoth;
  if (text == "DECREMENT") return SelfTrade::kDecrement;
  return Unsupported("self-trade mode " + text);
}

absl::StatusOr<TriggerSource> SourceOf(Arguments& args) {
  const std::string text = Upper(args.TakeText({"workingType", "triggerBy"}));
  if (text.empty()) return TriggerSource::kVenueDefault;
  if (text == "CONTRACT_PRICE" || text == "LASTPRICE") return TriggerSource::kLast;
  if (text == "MARK_PRICE" || text == "MARKPRICE") return TriggerSource::kMark;
  if (text == "INDEXPRICE") return TriggerSource::kIndex;
  return Unsupported("trigger source " + text);
}

TriggerDirection DirectionOf(Arguments& args) {
  const std::string text = args.TakeText({"triggerDirection"});
  if (text.empty()) return TriggerDirection::kUnset;
  return text == "ascending" || text == "above" || text == "1" ? TriggerDirection::kRises
                                                               : TriggerDirection::kFalls;
}

// {"triggerPrice", "price"}, or the trigger alone.
absl::StatusOr<std::optional<AttachedExit>> ExitOf(const json& value, const Market& market) {
  if (value.is_null()) return std::optional<AttachedExit>();
  const auto number = [&](const json& from) -> std::optional<Decimal> {
    const auto text = NumberText(from);
    const auto parsed = text ? ParseDecimalText(*text) : std::nullopt;
    return parsed ? RoundToStep(*parsed, market.price_step) : std::nullopt;
  };
  AttachedExit exit;
  const json trigger =
      value.is_object() ? value.value("triggerPrice", value.value("stopPrice", json())) : value;
  const auto price = number(trigger);
  if (!price) return Unsupported("attached exit without a trigger price");
  exit.trigger = *price;
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      if (name != "triggerPrice" && name != "stopPrice" && name != "price")
        return Unsupported("attached exit with " + name);
    }
    exit.limit = number(value.value("price", json()));
  }
  return std::optional(exit);
}

struct Triggers {
  std::optional<Decimal> stop, stop_loss, take_profit, trailing, activation;
};

// The client's words for a waiting order: triggerPrice and stopLossPrice are stops,
// takeProfitPrice the other kind, trailingPercent a trailing stop.
absl::Status SetType(const std::string& type, const Triggers& triggers, OrderSpec& spec) {
  const bool limited = type == "LIMIT" || type == "LIMIT_MAKER";
  if (!limited && type != "MARKET") return Unsupported("order type " + type);
  if (type == "LIMIT_MAKER") spec.time_in_force = TimeInForce::kPostOnly;
  if (triggers.trailing) {
    spec.type = OrderType::kTrailingStop;
    spec.trailing_percent = triggers.trailing;
    spec.activation_price = triggers.activation;
  } else if (triggers.stop || triggers.stop_loss) {
    spec.type = limited ? OrderType::kStopLimit : OrderType::kStop;
    spec.stop_price = triggers.stop_loss ? triggers.stop_loss : triggers.stop;
  } else if (triggers.take_profit) {
    spec.type = limited ? OrderType::kTakeProfitLimit : OrderType::kTakeProfit;
    spec.stop_price = triggers.take_profit;
  } else {
    spec.type = limited ? OrderType::kLimit : OrderType::kMarket;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Unsupported(std::string_view why) {
  return absl::UnimplementedError(std::string(why));
}

absl::StatusOr<Market> MarketOf(const Context& context, const std::string& symbol) {
  const auto found = context.markets.find(symbol);
  if (found != context.markets.end()) return found->second;
  const size_t slash = symbol.find('/'), colon = symbol.find(':');
  if (slash == std::string::npos) return Unsupported("no market " + symbol);
  Market market;
  market.spot = colon == std::string::npos;
  const std::string quote = symbol.substr(slash + 1, market.spot ? colon : colon - slash - 1);
  market.id = symbol.substr(0, slash) + quote;
  if (!market.spot && symbol.substr(colon + 1) != quote)
    return Unsupported(symbol + " is not settled in its quote asset");
  return market;
}

Page PageOf(Arguments& args, size_t since, size_t limit) {
  Page page;
  page.since = args.Time(since);
  page.limit = args.Count(limit);
  page.until = args.TakeTime({"until", "till", "endTime"});
  return page;
}

OrderRef RefOf(Arguments& args, size_t index) {
  OrderRef order;
  order.client_id =
      args.TakeText({"origClientOrderId", "clientOrderId", "clientAlgoId", "orderLinkId"});
  if (order.client_id.empty()) order.venue_id = args.Text(index);
  return order;
}

bool TakeTrigger(Arguments& args) { return args.TakeFlag({"stop", "trigger", "conditional"}); }

absl::StatusOr<UnifiedOrder> OrderOf(const Context& context, Arguments& args, bool rounded_cost) {
  UnifiedOrder order;
  GANNET_ASSIGN_OR_RETURN(order.market, MarketOf(context, args.Text(0)));
  OrderSpec& spec = order.spec;
  const Market& market = order.market;
  const auto rounded = [&](const std::optional<Decimal>& price) -> std::optional<Decimal> {
    return price ? RoundToStep(*price, market.price_step) : std::nullopt;
  };
  spec.symbol = market.id;
  spec.side = Upper(args.Text(2)) == "SELL" ? market::Side::kSell : market::Side::kBuy;
  spec.client_order_id =
      args.TakeText({"clientAlgoId", "newClientOrderId", "clientOrderId", "orderLinkId"});
  GANNET_ASSIGN_OR_RETURN(spec.time_in_force, TimeInForceOf(args));
  GANNET_ASSIGN_OR_RETURN(spec.self_trade, SelfTradeOf(args));
  GANNET_ASSIGN_OR_RETURN(spec.trigger_source, SourceOf(args));
  spec.trigger_direction = DirectionOf(args);
  if (const auto good_till = args.TakeTime({"goodTillDate"})) spec.expires = *good_till;

  Triggers triggers;
  triggers.stop = rounded(args.TakeNumber({"triggerPrice", "stopPrice"}));
  triggers.stop_loss = rounded(args.TakeNumber({"stopLossPrice"}));
  triggers.take_profit = rounded(args.TakeNumber({"takeProfitPrice"}));
  triggers.trailing = args.TakeNumber({"trailingPercent", "callbackRate"});
  triggers.activation = rounded(args.TakeNumber({"trailingTriggerPrice", "activationPrice"}));
  spec.trailing_takes_profit = args.TakeText({"stopLossOrTakeProfit"}) == "takeProfit";
  const std::string type = Upper(args.Text(1));
  GANNET_RETURN_IF_ERROR(SetType(type, triggers, spec));
  GANNET_ASSIGN_OR_RETURN(spec.take_profit, ExitOf(args.Take({"takeProfit"}), market));
  GANNET_ASSIGN_OR_RETURN(spec.stop_loss, ExitOf(args.Take({"stopLoss"}), market));

  const std::optional<Decimal> amount = args.Number(3), price = args.Number(4);
  if (amount) spec.quantity = FloorToStep(*amount, market.amount_step);
  std::optional<Decimal> cost = args.TakeNumber({"cost", "quoteOrderQty"});
  // A spot market order with a price states what it is worth.
  if (!cost && market.spot && spec.type == OrderType::kMarket && amount && price) {
    cost = rounded_cost ? Multiply(spec.quantity.value_or(*amount), rounded(price).value_or(*price))
                        : Multiply(*amount, *price);
  }
  if (cost && spec.type == OrderType::kMarket) {
    spec.quote_quantity = FloorToStep(*cost, market.price_step);
    spec.quantity.reset();
  }
  if (type != "MARKET") spec.price = rounded(price);
  if (const auto iceberg = args.TakeNumber({"icebergAmount", "icebergQty"}))
    spec.iceberg_quantity = FloorToStep(*iceberg, market.amount_step);

  spec.reduce_only = args.TakeFlag({"reduceOnly"});
  spec.close_position = args.TakeFlag({"closePosition"});
  if (spec.close_position) spec.quantity.reset();
  const std::string side = args.TakeText({"positionSide", "positionIdx"});
  if (side == "LONG" || side == "1") spec.position_side = PositionSide::kLong;
  if (side == "SHORT" || side == "2") spec.position_side = PositionSide::kShort;
  if (args.TakeFlag({"hedged"}) && !market.spot) {
    // In hedge mode a reducing buy closes the short position.
    const bool buys = spec.side == market::Side::kBuy;
    spec.position_side = buys != spec.reduce_only ? PositionSide::kLong : PositionSide::kShort;
    spec.reduce_only = false;
  }
  order.test = args.TakeFlag({"test"});
  args.Take({"newOrderRespType"});  // how much the answer tells is the adapter's choice
  return order;
}

}  // namespace gannet::venue::conformance
