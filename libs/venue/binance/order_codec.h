// Answers about orders on Binance spot, as values. Source of the formats: Binance's
// public REST API documentation (rest-api.md, enums.md, errors.md of its spot API
// docs).
//
// Decimals stay text, exactly as written. Pure; one thread an instance.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/venue/order_venue.h"
#include "libs/venue/record.h"

namespace gannet::venue::binance {

struct SpotFill {
  std::string price, quantity, commission, commission_asset;
  int64_t trade_id = -1;  // -1: an allocation, see allocation_id
  std::optional<int64_t> allocation_id;
  OtherFields other;
};

// Answer to placing, querying or cancelling an order; member of open orders.
struct SpotOrder {
  std::string symbol;
  int64_t order_id = 0;
  std::string client_order_id;
  std::optional<std::string> original_client_order_id;  // cancel: the order's own
  std::optional<std::string> price, original_quantity, executed_quantity, quote_filled, stop_price;
  std::optional<std::string> status, time_in_force, type, side;
  std::optional<int64_t> transact_time, update_time, working_time;  // milliseconds
  std::optional<bool> is_working;
  std::optional<std::vector<SpotFill>> fills;
  OtherFields other;
};

struct SpotTrade {  // member of myTrades
  std::string symbol, price, quantity, commission, commission_asset;
  int64_t trade_id = 0, order_id = 0, time = 0;
  bool is_buyer = false, is_maker = false;
  OtherFields other;
};

struct SpotBalance {
  std::string asset, free, locked;
  OtherFields other;
};

struct SpotAccount {
  std::vector<SpotBalance> balances;
  std::optional<int64_t> update_time;
  std::optional<bool> can_trade, can_withdraw;
  OtherFields other;
};

// Of an API key, of whichever product (apiRestrictions).
struct KeyRestrictions {
  std::optional<bool> ip_restricted, may_withdraw, spot, futures;
  OtherFields other;
};

struct SpotError {
  int code = 0;
  std::string message;
  OtherFields other;
};

// A leg of cancelReplace: an order, an error, or nothing (not attempted).
struct SpotLeg {
  std::string result;  // SUCCESS, FAILURE, NOT_ATTEMPTED
  std::optional<SpotOrder> order;
  std::optional<SpotError> error;
};
struct SpotCancelReplace {
  std::optional<SpotError> error;  // -2021, -2022: at least one leg failed
  SpotLeg cancel, placed;
};

// Reads answers. INVALID_ARGUMENT names the field that is missing, has the wrong
// type, or where the JSON breaks off. Keeps its buffers from call to call.
class AnswerReader {
 public:
  explicit AnswerReader(bool keep_other = false);
  ~AnswerReader();

  absl::StatusOr<SpotOrder> Order(std::string_view body);
  // Answer to order/amend/keepPriority: the order as it became.
  absl::StatusOr<SpotOrder> Amended(std::string_view body);
  absl::StatusOr<std::vector<SpotOrder>> Orders(std::string_view body);
  absl::StatusOr<std::vector<SpotTrade>> Trades(std::string_view body);
  absl::StatusOr<SpotAccount> Account(std::string_view body);
  absl::StatusOr<SpotCancelReplace> CancelReplace(std::string_view body);  // answer or error
  absl::StatusOr<KeyRestrictions> Restrictions(std::string_view body);
  absl::StatusOr<SpotError> Error(std::string_view body);
  absl::StatusOr<int64_t> ServerTime(std::string_view body);     // milliseconds
  absl::StatusOr<BestPrices> BookTicker(std::string_view body);  // of whichever product

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gannet::venue::binance
