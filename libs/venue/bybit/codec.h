// Answers and private stream frames of Bybit v5 about orders and accounts, as values.
// Source: Bybit's public v5 API docs, pages order/*, position/*, account/*,
// websocket/private/*, websocket/trade/guideline and websocket/wss-authentication.
//
// Every REST answer is an envelope (retCode, retMsg, result, time); most results hold
// a list. Decimals and ids stay text, exactly as written. Pure; one thread an
// instance. INVALID_ARGUMENT names the field that is missing or wrong, or where the
// JSON breaks off.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/venue/order_venue.h"
#include "libs/venue/record.h"

namespace gannet::venue::bybit {

struct Order {  // order/realtime, order/history, the topic "order"
  Text order_id, order_link_id, category, symbol, side, order_type, order_status, time_in_force;
  Text market_unit;  // of a spot market order: what its quantity counts
  Text price, quantity, average_price, leaves_quantity, executed_quantity, executed_value,
      executed_fee, trigger_price, take_profit, stop_loss;
  Text cancel_type, reject_reason, stop_order_type, smp_type, created_time, updated_time;
  Integer position_index, trigger_direction;
  Flag reduce_only, close_on_trigger;
  OtherFields other;
};

struct Execution {  // execution/list, the topics "execution" and "execution.fast"
  Text exec_id, order_id, order_link_id, category, symbol, side, exec_type, order_type;
  Text price, quantity, order_quantity, value, fee, fee_rate, fee_currency, time, closed_size;
  Flag is_maker;
  Integer sequence;
  OtherFields other;
};

struct Position {  // position/list, the topic "position"
  Text category, symbol, side, size, average_price, entry_price, value, leverage, mark_price,
      liquidation_price, take_profit, stop_loss, trailing_stop, unrealised, cumulative_realised,
      status, updated_time;
  Integer index, trade_mode, auto_add_margin, sequence;
  OtherFields other;
};

struct LogRow {  // account/transaction-log
  Text id, category, symbol, type, currency, change, cash_flow, fee, funding, trade_id, time;
  OtherFields other;
};

struct Coin {  // of the wallet
  Text coin, equity, wallet_balance, locked, borrowed, usd_value, unrealised, available_to_withdraw;
  OtherFields other;
};
struct Wallet {  // account/wallet-balance, the topic "wallet"
  Text account_type, total_equity, total_available;
  std::vector<Coin> coins;
  OtherFields other;
};

struct OrderId {  // answer to placing, amending, cancelling; member of batches
  Text order_id, order_link_id, category, symbol, created_at;
  OtherFields other;
};
struct BatchCode {  // retExtInfo.list, one a member of the batch, in order
  Integer code;
  Text message;
  OtherFields other;
};

struct AccountInfo {
  Text margin_mode, updated_time, dcp_status;
  Integer unified_status, window, smp_group;
  OtherFields other;
};

struct Protection {  // account/query-dcp-info
  Text product, status, window;
  OtherFields other;
};

// What every REST answer says. `result` is JSON, read by the reader of its call.
struct Envelope {
  int64_t code = 0;
  std::string message;
  std::string result;              // JSON; empty: none
  std::vector<BatchCode> members;  // of a batch
  Integer time;                    // of the server, milliseconds
};

template <class T>
struct List {
  std::vector<T> rows;
  std::string category;  // of all rows, where the answer says it once
  std::string cursor;    // of the next page; empty: the last
};

// --- WebSocket ----------------------------------------------------------------

struct OperationAnswer {  // auth, subscribe, ping and pong of a private connection
  std::string operation, id, message;
  bool success = true;
};
struct TradeAnswer {  // on the trade WebSocket: the envelope of the same call over REST
  std::string id, operation;
  Envelope envelope;
};
struct OrderFrame {
  std::vector<Order> orders;
  Integer created;  // creationTime, milliseconds
};
struct ExecutionFrame {
  std::vector<Execution> executions;
  Integer created;
};
struct PositionFrame {
  std::vector<Position> positions;
  Integer created;
};
struct WalletFrame {
  std::vector<Wallet> wallets;
  Integer created;
};
struct OtherTopic {
  std::string topic;  // greeks, strategy, dcp, …
};
using PrivateFrame = std::variant<OperationAnswer, TradeAnswer, OrderFrame, ExecutionFrame,
                                  PositionFrame, WalletFrame, OtherTopic>;

// user/query-api. A permission is a word in one of its lists.
struct ApiKeyInfo {
  bool read_only = true;
  bool trades_spot = false, trades_contracts = false, may_withdraw = true;
  bool from_anywhere = true;  // not tied to addresses: "*", or none
};

class Reader {
 public:
  explicit Reader(bool keep_other = false);
  ~Reader();

  absl::StatusOr<Envelope> ReadEnvelope(std::string_view body);
  // Of an envelope's result.
  absl::StatusOr<OrderId> ReadOrderId(std::string_view result);
  absl::StatusOr<List<OrderId>> ReadOrderIds(std::string_view result);
  absl::StatusOr<List<Order>> ReadOrders(std::string_view result);
  absl::StatusOr<List<Execution>> ReadExecutions(std::string_view result);
  absl::StatusOr<List<Position>> ReadPositions(std::string_view result);
  absl::StatusOr<List<LogRow>> ReadLog(std::string_view result);
  absl::StatusOr<List<Wallet>> ReadWallets(std::string_view result);
  absl::StatusOr<AccountInfo> ReadAccountInfo(std::string_view result);
  absl::StatusOr<std::vector<Protection>> ReadProtections(std::string_view result);
  absl::StatusOr<ApiKeyInfo> ReadApiKey(std::string_view result);
  // Milliseconds of an answer to market/time: its result states nanoseconds as text.
  absl::StatusOr<int64_t> ReadServerTime(std::string_view result);
  absl::StatusOr<BestPrices> ReadBest(std::string_view result);  // of market/orderbook
  absl::StatusOr<PrivateFrame> ReadFrame(std::string_view frame);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The JSON that was read, with what `keep_other` kept.
std::string Write(const Order& value);
std::string Write(const Execution& value);
std::string Write(const Position& value);
std::string Write(const LogRow& value);
std::string Write(const Wallet& value);
std::string Write(const OrderId& value);
std::string Write(const AccountInfo& value);

}  // namespace gannet::venue::bybit
