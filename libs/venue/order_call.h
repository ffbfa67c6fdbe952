// What venues are asked, before it is anybody's bytes: the order as a venue-neutral
// value (OrderSpec), and a request as verb, path and parameters (Call). Each venue's
// *_requests.h turns the one into the other; its transport (binance/transport.h,
// bybit/transport.h) signs a Call and renders it for REST or for the WebSocket API.
//
// Values only. Decimals are exact; the caller has brought them to the steps and bounds of
// the venue (market::Instrument).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/instrument.h"
#include "libs/market/order.h"
#include "libs/venue/order_venue.h"
#include "libs/venue/parameters.h"

namespace gannet::venue {

enum class SelfTrade : uint8_t {  // what happens when our orders would meet
  kVenueDefault = 0,
  kAllow,
  kExpireMaker,
  kExpireTaker,
  kExpireBoth,
  kDecrement,
};
enum class PositionSide : uint8_t { kOneWay = 0, kLong, kShort };  // hedge mode: long or short
enum class TriggerSource : uint8_t { kVenueDefault = 0, kLast, kMark, kIndex };
enum class TriggerDirection : uint8_t { kUnset = 0, kRises, kFalls };

// A take-profit or stop-loss that the venue attaches to an order or a position.
struct AttachedExit {
  Decimal trigger;
  std::optional<Decimal> limit;  // none: at market
  bool operator==(const AttachedExit&) const = default;
};

struct OrderSpec {
  std::string symbol;  // the venue's own
  market::Side side = market::Side::kBuy;
  market::OrderType type = market::OrderType::kLimit;
  std::optional<market::TimeInForce> time_in_force;  // unset: the venue's own default
  base::Time expires{};                              // kGtd
  std::string client_order_id;
  std::optional<Decimal> quantity;        // in the base asset
  std::optional<Decimal> quote_quantity;  // market orders: what to spend or to receive
  std::optional<Decimal> price, stop_price;
  std::optional<Decimal> iceberg_quantity;  // the part that the book shows
  std::optional<Decimal> trailing_percent;  // 1 is one per cent
  std::optional<Decimal> activation_price;  // of a trailing stop
  bool trailing_takes_profit = false;       // spot: activated above the market (buy: below)
  bool reduce_only = false, close_position = false;
  bool funds_reserved = false;  // Bybit spot: a waiting stop already holds its funds
  PositionSide position_side = PositionSide::kOneWay;
  SelfTrade self_trade = SelfTrade::kVenueDefault;
  TriggerSource trigger_source = TriggerSource::kVenueDefault;
  TriggerDirection trigger_direction = TriggerDirection::kUnset;
  std::optional<AttachedExit> take_profit, stop_loss;
  bool operator==(const OrderSpec&) const = default;
};
// The spec of an intent, all of `quantity`, at the instrument's scales.
OrderSpec SpecOf(const market::OrderIntent& intent, market::Quantity quantity,
                 const market::Instrument& instrument);

// An order by the venue's id or by ours; the venue's is used when both are set.
struct OrderRef {
  std::string venue_id, client_id;
  bool operator==(const OrderRef&) const = default;
};

// Which rows of a history. Unset: the venue's default.
struct Page {
  std::optional<base::Time> since, until;
  std::string from_id;  // inclusive
  std::string cursor;   // of the page before
  int limit = 0;
};

enum class Security : uint8_t {
  kPublic = 1,
  kKey,     // the key's header, no signature
  kSigned,  // both
};

struct Call {
  RequestKind kind = RequestKind::kPlace;
  std::string_view method, path;  // REST
  std::string_view operation;     // the WebSocket API's name for it; empty: REST only
  Parameters parameters;
  Security security = Security::kSigned;
  uint32_t weight = 1;           // of the venue's request limit
  bool counts_as_order = false;  // of the venue's order limit
};

}  // namespace gannet::venue
