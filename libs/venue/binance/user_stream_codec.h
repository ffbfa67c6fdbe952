// Own orders and balances on Binance spot's WebSocket API: the events that follow
// a subscription. Source: web-socket-api.md and
// user-data-stream.md of Binance's public spot API docs.
//
// Decimals stay text, exactly as written. Pure; one thread an instance.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/venue/binance/order_codec.h"

namespace gannet::venue::binance {

struct ExecutionReport {
  int64_t event_time = 0, transaction_time = 0;  // E, T: milliseconds
  std::string symbol;                            // s
  std::string client_order_id;                   // c: of this change; a cancel's own on CANCELED
  std::string original_client_order_id;          // C: the order's own when `c` is another
  std::string side, type, time_in_force;         // S, o, f
  std::string quantity, price, stop_price;       // q, p, P
  std::string execution_type, status;            // x, X
  std::string reject_reason;                     // r
  int64_t order_id = 0;                          // i
  std::string last_quantity, cumulative, last_price;  // l, z, L
  std::string commission;                             // n
  std::optional<std::string> commission_asset;        // N
  int64_t trade_id = -1;                              // t
  std::optional<int64_t> allocation_id;               // a
  bool on_book = false, is_maker = false;             // w, m
  std::optional<int64_t> working_time;                // W
  OtherFields other;
};

struct AccountPosition {  // outboundAccountPosition: assets whose balance may have changed
  int64_t event_time = 0, update_time = 0;
  std::vector<SpotBalance> balances;
  OtherFields other;
};

struct BalanceDelta {  // balanceUpdate: deposit, withdrawal, transfer
  int64_t event_time = 0, clear_time = 0;
  std::string asset, delta;
  OtherFields other;
};

struct StreamTerminated {  // eventStreamTerminated, serverShutdown
  std::string event;
  int64_t event_time = 0;
  OtherFields other;
};

struct ApiResponse {  // to one of our requests
  std::string id;
  int64_t status = 0;
  std::optional<int64_t> subscription_id;
  std::optional<SpotError> error;
  OtherFields other;
};

struct OtherEvent {  // understood as an event, of no use here: listStatus, externalLockUpdate, …
  std::string event;
  std::string json;  // kept on request
};

struct UserFrame {
  std::variant<ExecutionReport, AccountPosition, BalanceDelta, StreamTerminated, ApiResponse,
               OtherEvent>
      content;
  std::optional<int64_t> subscription_id;  // of the wrapper around an event
};

// Reads frames. INVALID_ARGUMENT names the field that is missing or wrong, or
// where the JSON breaks off.
class UserStreamReader {
 public:
  explicit UserStreamReader(bool keep_other = false);
  ~UserStreamReader();
  absl::StatusOr<UserFrame> Read(std::string_view frame);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gannet::venue::binance
