#include "libs/venue/binance/usdm_codec.h"

#include "libs/base/status.h"
#include "libs/venue/json_record.h"

namespace gannet::venue::binance::usdm {
namespace {

constexpr Field<Order> kOrder[] = {
    {"orderId", &Order::order_id},
    {"symbol", &Order::symbol},
    {"clientOrderId", &Order::client_order_id},
    {"status", &Order::status},
    {"side", &Order::side},
    {"positionSide", &Order::position_side},
    {"type", &Order::type},
    {"origType", &Order::original_type},
    {"timeInForce", &Order::time_in_force},
    {"price", &Order::price},
    {"avgPrice", &Order::average_price},
    {"origQty", &Order::original_quantity},
    {"executedQty", &Order::executed_quantity},
    {"cumQty", &Order::cumulative_quantity},
    {"cumQuote", &Order::cumulative_quote},
    {"stopPrice", &Order::stop_price},
    {"activatePrice", &Order::activation_price},
    {"priceRate", &Order::callback_rate},
    {"workingType", &Order::working_type},
    {"priceMatch", &Order::price_match},
    {"selfTradePreventionMode", &Order::self_trade_prevention},
    {"reduceOnly", &Order::reduce_only},
    {"closePosition", &Order::close_position},
    {"priceProtect", &Order::price_protect},
    {"goodTillDate", &Order::good_till_date},
    {"updateTime", &Order::update_time},
    {"time", &Order::time},
    {"code", &Order::code},
    {"msg", &Order::message},
};
constexpr Field<AlgoOrder> kAlgoOrder[] = {
    {"algoId", &AlgoOrder::algo_id, true},
    {"clientAlgoId", &AlgoOrder::client_algo_id},
    {"algoType", &AlgoOrder::algo_type},
    {"orderType", &AlgoOrder::order_type},
    {"symbol", &AlgoOrder::symbol},
    {"side", &AlgoOrder::side},
    {"positionSide", &AlgoOrder::position_side},
    {"timeInForce", &AlgoOrder::time_in_force},
    {"algoStatus", &AlgoOrder::status},
    {"quantity", &AlgoOrder::quantity},
    {"price", &AlgoOrder::price},
    {"triggerPrice", &AlgoOrder::trigger_price},
    {"actualOrderId", &AlgoOrder::actual_order_id},
    {"actualPrice", &AlgoOrder::actual_price},
    {"actualQty", &AlgoOrder::actual_quantity},
    {"actualType", &AlgoOrder::actual_type},
    {"activatePrice", &AlgoOrder::activation_price},
    {"callbackRate", &AlgoOrder::callback_rate},
    {"workingType", &AlgoOrder::working_type},
    {"selfTradePreventionMode", &AlgoOrder::self_trade_prevention},
    {"code", &AlgoOrder::code},
    {"msg", &AlgoOrder::message},
    {"closePosition", &AlgoOrder::close_position},
    {"priceProtect", &AlgoOrder::price_protect},
    {"reduceOnly", &AlgoOrder::reduce_only},
    {"createTime", &AlgoOrder::create_time},
    {"updateTime", &AlgoOrder::update_time},
    {"triggerTime", &AlgoOrder::trigger_time},
    {"goodTillDate", &AlgoOrder::good_till_date},
};
constexpr Field<Trade> kTrade[] = {
    {"id", &Trade::trade_id, true},
    {"orderId", &Trade::order_id, true},
    {"symbol", &Trade::symbol, true},
    {"side", &Trade::side},
    {"positionSide", &Trade::position_side},
    {"price", &Trade::price, true},
    {"qty", &Trade::quantity, true},
    {"quoteQty", &Trade::quote_quantity},
    {"commission", &Trade::commission},
    {"commissionAsset", &Trade::commission_asset},
    {"realizedPnl", &Trade::realized_pnl},
    {"buyer", &Trade::is_buyer},
    {"maker", &Trade::is_maker},
    {"time", &Trade::time},
};
constexpr Field<Balance> kBalance[] = {
    {"asset", &Balance::asset, true},
    {"balance", &Balance::balance},
    {"walletBalance", &Balance::wallet_balance},
    {"availableBalance", &Balance::available},
    {"crossWalletBalance", &Balance::cross_wallet_balance},
    {"crossUnPnl", &Balance::cross_unrealized},
    {"maxWithdrawAmount", &Balance::max_withdraw},
    {"updateTime", &Balance::update_time},
};
constexpr Field<Position> kPosition[] = {
    {"symbol", &Position::symbol, true},
    {"positionSide", &Position::side},
    {"positionAmt", &Position::amount},
    {"entryPrice", &Position::entry_price},
    {"breakEvenPrice", &Position::break_even_price},
    {"markPrice", &Position::mark_price},
    {"unRealizedProfit", &Position::unrealized_profit},
    {"unrealizedProfit", &Position::unrealized_profit_account},
    {"liquidationPrice", &Position::liquidation_price},
    {"isolatedMargin", &Position::isolated_margin},
    {"marginAsset", &Position::margin_asset},
    {"notional", &Position::notional},
    {"updateTime", &Position::update_time},
};
constexpr Field<IncomeRow> kIncome[] = {
    {"symbol", &IncomeRow::symbol},
    {"incomeType", &IncomeRow::type, true},
    {"income", &IncomeRow::amount, true},
    {"asset", &IncomeRow::asset, true},
    {"tradeId", &IncomeRow::trade_id},
    {"time", &IncomeRow::time, true},
    {"tranId", &IncomeRow::transaction_id, true},
};
constexpr Field<Settings> kSettings[] = {
    {"symbol", &Settings::symbol},
    {"leverage", &Settings::leverage},
    {"marginType", &Settings::margin_type},
    {"maxNotionalValue", &Settings::max_notional},
    {"dualSidePosition", &Settings::dual_side_position},
    {"multiAssetsMargin", &Settings::multi_assets_margin},
    {"isAutoAddMargin", &Settings::is_auto_add_margin},
    {"canTrade", &Settings::can_trade},
    {"canWithdraw", &Settings::can_withdraw},
};
constexpr Field<Acknowledgement> kAcknowledgement[] = {
    {"code", &Acknowledgement::code, true},
    {"msg", &Acknowledgement::message},
};
constexpr Field<OrderEvent> kOrderEvent[] = {
    {"s", &OrderEvent::symbol, true},
    {"c", &OrderEvent::client_order_id, true},
    {"S", &OrderEvent::side, true},
    {"o", &OrderEvent::type},
    {"f", &OrderEvent::time_in_force},
    {"q", &OrderEvent::quantity, true},
    {"p", &OrderEvent::price},
    {"ap", &OrderEvent::average_price},
    {"sp", &OrderEvent::stop_price},
    {"x", &OrderEvent::execution_type, true},
    {"X", &OrderEvent::status, true},
    {"i", &OrderEvent::order_id, true},
    {"l", &OrderEvent::last_quantity},
    {"z", &OrderEvent::cumulative, true},
    {"L", &OrderEvent::last_price},
    {"N", &OrderEvent::commission_asset},
    {"n", &OrderEvent::commission},
    {"T", &OrderEvent::trade_time},
    {"t", &OrderEvent::trade_id},
    {"m", &OrderEvent::is_maker},
    {"R", &OrderEvent::reduce_only},
    {"wt", &OrderEvent::working_type},
    {"ot", &OrderEvent::original_type},
    {"ps", &OrderEvent::position_side},
    {"cp", &OrderEvent::close_position},
    {"AP", &OrderEvent::activation_price},
    {"cr", &OrderEvent::callback_rate},
    {"rp", &OrderEvent::realized_profit},
    {"V", &OrderEvent::self_trade_prevention},
    {"gtd", &OrderEvent::good_till_date},
};
constexpr Field<AlgoEvent> kAlgoEvent[] = {
    {"aid", &AlgoEvent::algo_id, true},
    {"caid", &AlgoEvent::client_algo_id},
    {"at", &AlgoEvent::algo_type},
    {"o", &AlgoEvent::order_type},
    {"s", &AlgoEvent::symbol, true},
    {"S", &AlgoEvent::side},
    {"ps", &AlgoEvent::position_side},
    {"f", &AlgoEvent::time_in_force},
    {"q", &AlgoEvent::quantity},
    {"X", &AlgoEvent::status, true},
    {"ai", &AlgoEvent::actual_order_id},
    {"ap", &AlgoEvent::actual_price},
    {"aq", &AlgoEvent::executed_quantity},
    {"tp", &AlgoEvent::trigger_price},
    {"p", &AlgoEvent::price},
    {"rm", &AlgoEvent::reject_reason},
    {"R", &AlgoEvent::reduce_only},
    {"cp", &AlgoEvent::close_position},
};
constexpr Field<BalanceChange> kBalanceChange[] = {
    {"a", &BalanceChange::asset, true},
    {"wb", &BalanceChange::wallet_balance, true},
    {"cw", &BalanceChange::cross_wallet_balance},
    {"bc", &BalanceChange::change},
};
constexpr Field<PositionChange> kPositionChange[] = {
    {"s", &PositionChange::symbol, true}, {"pa", &PositionChange::amount, true},
    {"ep", &PositionChange::entry_price}, {"cr", &PositionChange::realized},
    {"up", &PositionChange::unrealized},  {"mt", &PositionChange::margin_type},
    {"ps", &PositionChange::side},
};
// Its "E" is text in the venue's own sample, where every other event has a number.
constexpr Field<KeyExpired> kKeyExpired[] = {{"listenKey", &KeyExpired::listen_key}};

// An answer without an order id is an order only when it is an error of a batch.
absl::Status CheckOrder(const Order& order) {
  if (order.code && *order.code < 0) return absl::OkStatus();
  if (!order.order_id) return FieldError("an order", "orderId", "is missing");
  if (!order.symbol) return FieldError("an order", "symbol", "is missing");
  if (!order.client_order_id) return FieldError("an order", "clientOrderId", "is missing");
  return absl::OkStatus();
}

Integer NumberIn(const dom::object& object, std::string_view name) {
  int64_t value = 0;
  if (object[name].get(value)) return std::nullopt;
  return value;
}

absl::StatusOr<AccountEvent> ReadAccountEvent(const dom::object& object, bool keep) {
  AccountEvent event;
  event.event_time = NumberIn(object, "E");
  event.transaction_time = NumberIn(object, "T");
  dom::object update;
  if (object["a"].get(update)) return FieldError("ACCOUNT_UPDATE", "a", "is missing");
  std::string_view reason;
  if (update["m"].get(reason)) return FieldError("ACCOUNT_UPDATE", "a.m", "is missing");
  event.reason.assign(reason);
  dom::element list;
  if (!update["B"].get(list)) {
    GANNET_ASSIGN_OR_RETURN(event.balances,
                            ReadRecords<BalanceChange>(list, kBalanceChange, "a.B", keep));
  }
  if (!update["P"].get(list)) {
    GANNET_ASSIGN_OR_RETURN(event.positions,
                            ReadRecords<PositionChange>(list, kPositionChange, "a.P", keep));
  }
  return event;
}

// The record in "o", with the times around it.
template <class T>
absl::StatusOr<T> ReadWrapped(const dom::object& object, std::span<const Field<T>> fields,
                              std::string_view what, bool keep) {
  dom::element inner;
  if (object["o"].get(inner)) return FieldError(what, "o", "is missing");
  GANNET_ASSIGN_OR_RETURN(T event, ReadRecord<T>(inner, fields, what, keep));
  event.event_time = NumberIn(object, "E");
  event.transaction_time = NumberIn(object, "T");
  return event;
}

}  // namespace

struct Reader::Impl {
  JsonDocument document;
  bool keep;

  template <class T>
  absl::StatusOr<T> One(std::string_view body, std::span<const Field<T>> fields,
                        std::string_view what) {
    GANNET_ASSIGN_OR_RETURN(const dom::element root, document.Parse(body));
    return ReadRecord<T>(root, fields, what, keep);
  }
  template <class T>
  absl::StatusOr<std::vector<T>> Many(std::string_view body, std::span<const Field<T>> fields,
                                      std::string_view what) {
    GANNET_ASSIGN_OR_RETURN(const dom::element root, document.Parse(body));
    return ReadRecords<T>(root, fields, what, keep);
  }
  absl::StatusOr<dom::object> Object(std::string_view body, std::string_view what) {
    GANNET_ASSIGN_OR_RETURN(const dom::element root, document.Parse(body));
    dom::object object;
    if (root.get(object))
      return absl::InvalidArgumentError(base::Concat({what, " is not an object"}));
    return object;
  }
};

Reader::Reader(bool keep_other) : impl_(new Impl{{}, keep_other}) {}
Reader::~Reader() = default;

absl::StatusOr<Order> Reader::ReadOrder(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(Order order, impl_->One<Order>(body, kOrder, "an order"));
  GANNET_RETURN_IF_ERROR(CheckOrder(order));
  return order;
}
absl::StatusOr<std::vector<Order>> Reader::ReadOrders(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(std::vector<Order> orders, impl_->Many<Order>(body, kOrder, "orders"));
  for (const Order& order : orders) GANNET_RETURN_IF_ERROR(CheckOrder(order));
  return orders;
}
absl::StatusOr<AlgoOrder> Reader::ReadAlgoOrder(std::string_view body) {
  return impl_->One<AlgoOrder>(body, kAlgoOrder, "an algo order");
}
absl::StatusOr<std::vector<AlgoOrder>> Reader::ReadAlgoOrders(std::string_view body) {
  return impl_->Many<AlgoOrder>(body, kAlgoOrder, "algo orders");
}
absl::StatusOr<std::vector<Trade>> Reader::ReadTrades(std::string_view body) {
  return impl_->Many<Trade>(body, kTrade, "trades");
}
absl::StatusOr<std::vector<Balance>> Reader::ReadBalances(std::string_view body) {
  return impl_->Many<Balance>(body, kBalance, "balances");
}
absl::StatusOr<std::vector<Position>> Reader::ReadPositions(std::string_view body) {
  return impl_->Many<Position>(body, kPosition, "positions");
}
absl::StatusOr<Account> Reader::ReadAccount(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, impl_->Object(body, "an account"));
  Account account;
  dom::element assets, positions;
  if (object["assets"].get(assets)) return FieldError("an account", "assets", "is missing");
  GANNET_ASSIGN_OR_RETURN(account.assets,
                          ReadRecords<Balance>(assets, kBalance, "assets", impl_->keep));
  if (!object["positions"].get(positions)) {
    GANNET_ASSIGN_OR_RETURN(account.positions,
                            ReadRecords<Position>(positions, kPosition, "positions", impl_->keep));
  }
  return account;
}
absl::StatusOr<std::vector<IncomeRow>> Reader::ReadIncome(std::string_view body) {
  return impl_->Many<IncomeRow>(body, kIncome, "income");
}
absl::StatusOr<Settings> Reader::ReadSettings(std::string_view body) {
  return impl_->One<Settings>(body, kSettings, "settings");
}
absl::StatusOr<std::vector<Settings>> Reader::ReadSymbolSettings(std::string_view body) {
  return impl_->Many<Settings>(body, kSettings, "settings");
}
absl::StatusOr<Acknowledgement> Reader::ReadAcknowledgement(std::string_view body) {
  return impl_->One<Acknowledgement>(body, kAcknowledgement, "an acknowledgement");
}
absl::StatusOr<std::string> Reader::ReadListenKey(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, impl_->Object(body, "a stream key"));
  std::string_view key;
  if (object["listenKey"].get(key) || key.empty())
    return FieldError("a stream key", "listenKey", "is missing");
  return std::string(key);
}
absl::StatusOr<int64_t> Reader::ReadServerTime(std::string_view body) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, impl_->Object(body, "the time"));
  const Integer time = NumberIn(object, "serverTime");
  if (!time || *time <= 0) return FieldError("the time", "serverTime", "is missing");
  return *time;
}

absl::StatusOr<StreamEvent> Reader::ReadEvent(std::string_view frame) {
  GANNET_ASSIGN_OR_RETURN(dom::element root, impl_->document.Parse(frame));
  dom::element data;  // combined streams wrap the event
  if (root.is_object() && !root["data"].get(data)) root = data;
  dom::object object;
  if (root.get(object)) return absl::InvalidArgumentError("an event is not an object");
  std::string_view name;
  if (object["e"].get(name)) return FieldError("an event", "e", "is missing");
  if (name == "ORDER_TRADE_UPDATE")
    return ReadWrapped<OrderEvent>(object, kOrderEvent, "ORDER_TRADE_UPDATE", impl_->keep);
  if (name == "ALGO_UPDATE")
    return ReadWrapped<AlgoEvent>(object, kAlgoEvent, "ALGO_UPDATE", impl_->keep);
  if (name == "ACCOUNT_UPDATE") return ReadAccountEvent(object, impl_->keep);
  if (name == "listenKeyExpired")
    return ReadRecord<KeyExpired>(root, kKeyExpired, "listenKeyExpired", impl_->keep);
  return OtherEvent{std::string(name)};
}

absl::StatusOr<ApiAnswer> Reader::ReadApiAnswer(std::string_view frame) {
  GANNET_ASSIGN_OR_RETURN(const dom::object object, impl_->Object(frame, "an answer"));
  ApiAnswer answer;
  const Integer status = NumberIn(object, "status");
  if (!status) return FieldError("an answer", "status", "is missing");
  answer.status = *status;
  dom::element id, part;
  std::string_view text;
  if (!object["id"].get(id)) answer.id = id.get(text) ? simdjson::minify(id) : std::string(text);
  if (!object["result"].get(part)) answer.result = simdjson::minify(part);
  if (!object["error"].get(part)) {
    GANNET_ASSIGN_OR_RETURN(
        answer.error, ReadRecord<Acknowledgement>(part, kAcknowledgement, "error", impl_->keep));
  }
  return answer;
}

std::string Write(const Order& value) { return WriteRecord<Order>(value, kOrder); }
std::string Write(const AlgoOrder& value) { return WriteRecord<AlgoOrder>(value, kAlgoOrder); }
std::string Write(const Trade& value) { return WriteRecord<Trade>(value, kTrade); }
std::string Write(const Balance& value) { return WriteRecord<Balance>(value, kBalance); }
std::string Write(const Position& value) { return WriteRecord<Position>(value, kPosition); }
std::string Write(const Settings& value) { return WriteRecord<Settings>(value, kSettings); }
std::string Write(const Acknowledgement& value) {
  return WriteRecord<Acknowledgement>(value, kAcknowledgement);
}

}  // namespace gannet::venue::binance::usdm
