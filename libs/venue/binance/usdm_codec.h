// Answers and user stream events of Binance USD-M futures about orders and accounts,
// as values. Sources: the USDⓈ-M futures documentation (trade, account and user data
// stream pages, their WebSocket API) and the answers of Binance's own connector.
//
// Decimals stay text, ids are exact. Pure; one thread an instance. INVALID_ARGUMENT
// names the field that is missing or wrong, or where the JSON breaks off.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/venue/record.h"

namespace gannet::venue::binance::usdm {

// Answer to placing, amending, cancelling, querying; member of lists of orders. In a
// batch a member may be an error instead: then `code` is set and nothing else needs be.
struct Order {
  Integer order_id, update_time, time, good_till_date, code;
  Text symbol, client_order_id, status, side, position_side, type, original_type, time_in_force;
  Text price, average_price, original_quantity, executed_quantity, cumulative_quantity,
      cumulative_quote, stop_price, activation_price, callback_rate;
  Text working_type, price_match, self_trade_prevention, message;
  Flag reduce_only, close_position, price_protect;
  OtherFields other;
};

// A conditional order at the algo endpoint. Once triggered, `actual_order_id` is the id
// of the order that it became: the second of its two identities.
struct AlgoOrder {
  Integer algo_id, create_time, update_time, trigger_time, good_till_date;
  Text client_algo_id, algo_type, order_type, symbol, side, position_side, time_in_force, status;
  Text quantity, price, trigger_price, actual_order_id, actual_price, actual_quantity, actual_type,
      activation_price, callback_rate, working_type, self_trade_prevention;
  Text code, message;  // of a cancel: "200"
  Flag close_position, price_protect, reduce_only;
  OtherFields other;
};

struct Trade {
  Integer trade_id, order_id, time;
  Text symbol, side, position_side, price, quantity, quote_quantity, commission, commission_asset,
      realized_pnl;
  Flag is_buyer, is_maker;
  OtherFields other;
};

struct Balance {  // of one asset; balance and account pages name the same figure differently
  Text asset, balance, wallet_balance, available, cross_wallet_balance, cross_unrealized,
      max_withdraw;
  Integer update_time;
  OtherFields other;
};

struct Position {
  Text symbol, side, amount, entry_price, break_even_price, mark_price, unrealized_profit,
      unrealized_profit_account, liquidation_price, isolated_margin, margin_asset, notional;
  Integer update_time;
  OtherFields other;
};

struct Account {
  std::vector<Balance> assets;
  std::vector<Position> positions;
};

struct IncomeRow {  // a change of a balance
  Text symbol, type, amount, asset, trade_id;
  Integer time, transaction_id;
  OtherFields other;
};

// leverage, margin type, position mode: of whichever the answer speaks.
struct Settings {
  Text symbol, margin_type, max_notional;
  Integer leverage;
  Flag dual_side_position, multi_assets_margin, is_auto_add_margin, can_trade, can_withdraw;
  OtherFields other;
};

struct Acknowledgement {  // {"code": 200, "msg": "success"}, errors have code < 0
  Integer code;
  Text message;
  OtherFields other;
};

// --- user stream --------------------------------------------------------------

struct OrderEvent {  // ORDER_TRADE_UPDATE: its "o", and the times around it
  Integer event_time, transaction_time;
  Integer order_id, trade_id, trade_time, good_till_date;
  Text symbol, client_order_id, side, type, original_type, time_in_force, quantity, price,
      average_price, stop_price, execution_type, status, last_quantity, cumulative, last_price,
      commission_asset, commission, working_type, position_side, activation_price, callback_rate,
      realized_profit, self_trade_prevention;
  Flag is_maker, reduce_only, close_position;
  OtherFields other;
};
struct AlgoEvent {  // ALGO_UPDATE: its "o"
  Integer event_time, transaction_time;
  Integer algo_id;
  Text client_algo_id, algo_type, order_type, symbol, side, position_side, time_in_force, quantity,
      status, actual_order_id, actual_price, executed_quantity, trigger_price, price, reject_reason;
  Flag reduce_only, close_position;
  OtherFields other;
};
struct BalanceChange {
  Text asset, wallet_balance, cross_wallet_balance, change;
  OtherFields other;
};
struct PositionChange {
  Text symbol, amount, entry_price, realized, unrealized, margin_type, side;
  OtherFields other;
};
struct AccountEvent {  // ACCOUNT_UPDATE
  Integer event_time, transaction_time;
  std::string reason;  // ORDER, FUNDING_FEE, DEPOSIT, ADJUSTMENT, INSURANCE_CLEAR, …
  std::vector<BalanceChange> balances;
  std::vector<PositionChange> positions;
};
struct KeyExpired {  // listenKeyExpired: start another stream
  Text listen_key;
  OtherFields other;
};
struct OtherEvent {  // well-formed, of no use here: MARGIN_CALL, TRADE_LITE, GRID_UPDATE, …
  std::string event;
};
using StreamEvent = std::variant<OrderEvent, AlgoEvent, AccountEvent, KeyExpired, OtherEvent>;

// Answer on the WebSocket API: `result` is read by the reader of its call.
struct ApiAnswer {
  std::string id;
  int64_t status = 0;
  std::string result;  // JSON; empty: none
  std::optional<Acknowledgement> error;
};

class Reader {
 public:
  explicit Reader(bool keep_other = false);
  ~Reader();

  absl::StatusOr<Order> ReadOrder(std::string_view body);
  absl::StatusOr<std::vector<Order>> ReadOrders(std::string_view body);
  absl::StatusOr<AlgoOrder> ReadAlgoOrder(std::string_view body);
  absl::StatusOr<std::vector<AlgoOrder>> ReadAlgoOrders(std::string_view body);
  absl::StatusOr<std::vector<Trade>> ReadTrades(std::string_view body);
  absl::StatusOr<std::vector<Balance>> ReadBalances(std::string_view body);
  absl::StatusOr<std::vector<Position>> ReadPositions(std::string_view body);
  absl::StatusOr<Account> ReadAccount(std::string_view body);
  absl::StatusOr<std::vector<IncomeRow>> ReadIncome(std::string_view body);
  absl::StatusOr<Settings> ReadSettings(std::string_view body);
  absl::StatusOr<std::vector<Settings>> ReadSymbolSettings(std::string_view body);
  absl::StatusOr<Acknowledgement> ReadAcknowledgement(std::string_view body);
  absl::StatusOr<std::string> ReadListenKey(std::string_view body);
  absl::StatusOr<int64_t> ReadServerTime(std::string_view body);  // milliseconds
  absl::StatusOr<StreamEvent> ReadEvent(std::string_view frame);
  absl::StatusOr<ApiAnswer> ReadApiAnswer(std::string_view frame);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The JSON that was read, with what `keep_other` kept.
std::string Write(const Order& value);
std::string Write(const AlgoOrder& value);
std::string Write(const Trade& value);
std::string Write(const Balance& value);
std::string Write(const Position& value);
std::string Write(const Settings& value);
std::string Write(const Acknowledgement& value);

}  // namespace gannet::venue::binance::usdm
