// The port between the execution engine and a venue: what is asked, as exact
// bytes that can be written down before they are sent, and what an answer or a
// stream frame means. Implementations: binance/spot_order_venue.h,
// binance/usdm_order_venue.h, bybit/order_venue.h, and the paper adapter of
// services/execution.
//
// An implementation is pure: bytes and time in, bytes and values out. It opens no
// socket, reads no clock and keeps no state that an answer depends on. It holds
// the credentials it signs with. One thread.
//
// Numbers of the venue stay decimal text here: whoever knows the instrument
// version of the order parses them at its scales, and refuses what does not fit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/ids.h"
#include "libs/market/instrument.h"
#include "libs/market/money.h"
#include "libs/market/order.h"
#include "libs/wire/codec.h"

namespace gannet::venue {

enum class RequestKind : uint8_t {
  kPlace = 1,
  kCancel,
  kCancelReplace,  // both legs in one request, the second only if the first took effect
  kQueryOrder,
  kTrades,      // own trades of one instrument
  kOpenOrders,  // of the whole account
  kAccount,     // balances
  kServerTime,
  kSubscribe,  // own updates on the stream
  kAmend,      // price and quantity of a working order, in place
  // What the execution engine does not ask (yet), among others. Recorded values: append only.
  kCancelAll,
  kPlaceBatch,
  kAmendBatch,
  kCancelBatch,
  kOrderHistory,  // closed orders too
  kPositions,
  kAccountMode,     // leverage, margin and position mode, fees, limits
  kSetAccountMode,  // the same, changed
  kStreamKey,       // opens, keeps or closes a user stream
  kDeadMan,         // the venue cancels all unless told in time not to
  kMarketData,
  kBalanceChanges,  // funding, transfers and the like
  kKeyRights,       // what the key may do
};
const char* Name(RequestKind kind);

// A request as it goes out. `method` empty: `body` is a frame for the stream.
struct WireRequest {
  RequestKind kind = RequestKind::kPlace;
  std::string method;
  std::string target;  // path and query, signature included
  std::string body;
  // Beside the key's and those of the transport.
  std::vector<std::pair<std::string, std::string>> headers;
  bool with_key = false;  // the transport adds the key's header; it is not part of the record
  // Where the key stands in `body`; it is left out of the record too.
  struct KeyInBody {
    size_t at = 0, bytes = 0;
    bool operator==(const KeyInBody&) const = default;
  } key_in_body;
  base::Time timestamp{};           // on the venue's clock, as signed; the epoch when unsigned
  base::Duration receive_window{};  // the venue refuses the request this long after `timestamp`
  uint32_t weight = 1;              // of the venue's request limit
  bool counts_as_order = false;     // of the venue's order limits
  uint32_t orders = 1;              // then, or as cancels, as so many; of the limit by the minute
  uint32_t orders_of_minute = 1;    // as so many
  bool operator==(const WireRequest&) const = default;
};

// One order by the names that are known of it. A request goes by the venue's id where
// that is set, otherwise by ours.
struct OrderKey {
  market::InstrumentId instrument;
  market::ClientOrderId client_order_id;
  market::VenueOrderId venue_order_id;
  market::OrderType type = market::OrderType::kLimit;  // some venues keep types apart
  // Where it is asked about, of OrderVenue::Places.
  size_t place = 0;
  bool triggered = false;  // a stop order that works by now, as far as known
};

// Another price and quantity of a working limit order, and those that it has.
struct Change {
  OrderKey order;
  market::Side side = market::Side::kBuy;
  market::Price price, price_now;
  market::Quantity quantity, quantity_now;  // total, what is filled already included
};

// An order to be placed with others.
struct Placement {
  const market::OrderIntent* intent = nullptr;
  market::Quantity quantity;
  const market::Instrument* instrument = nullptr;
};

// What an answer needs to be understood: the request that it answers.
struct RequestContext {
  RequestKind kind = RequestKind::kPlace;
  uint64_t request_id = 0;
  market::InstrumentId instrument;  // empty: of the account
  market::ClientOrderId
      client_order_id;  // kPlace, kQueryOrder, kAmend: the order; kCancelReplace: the new leg
  market::ClientOrderId target;  // kCancel, kCancelReplace: the order to be cancelled
  // kPlaceBatch, kCancelBatch: the orders placed or to be cancelled; kOrderHistory: those
  // looked for.
  std::vector<market::ClientOrderId> targets;
  // kCancel, kQueryOrder: asked by the venue's id. Non-empty: the answer must speak
  // of this order, and the client ids above are the asker's own names.
  market::VenueOrderId venue_order_id;
  market::OrderType type = market::OrderType::kLimit;  // of the order asked about
  size_t place = 0;                                    // where, of OrderVenue::Places
  size_t list = 0;                                     // kOpenOrders: which of the lists
  size_t part = 0;                                     // of what is asked in several requests
  bool setup = false;  // kAccount: ask also how the account is set up
  base::Time since{};  // kTrades, kBalanceChanges: from when on
  // kTrades, what follows a cut answer: of those before it.
  base::Time newest{};
  bool unexplained = false;
  base::Time asked_at{};  // on the venue's clock
};

// How much an answer proves. When in doubt: unknown.
enum class OutcomeClass : uint8_t {
  kConfirmed = 1,  // took effect, the answer says how
  kAcknowledged,   // the venue has the request; what became of it comes by stream or query
  kRefused,        // a structured code whose documented meaning is "not accepted"
  kUnknown,
  // Placing, amending: the copy that is answered was not taken, for a reason that lay in its moment
  // (funds, prices, time). Of another copy of the same request, should something on the
  // way have made one, it says nothing.
  kTurnedAway,
};
const char* Name(OutcomeClass outcome);

enum class VenueOrderStatus : uint8_t {
  kNew = 1,
  kPendingNew,
  kPartiallyFilled,
  kFilled,
  kCanceled,
  kPendingCancel,
  kRejected,
  kExpired,
};
const char* Name(VenueOrderStatus status);

// Why a trade happened. Not every venue says.
enum class TradeKind : uint8_t { kOrder = 1, kLiquidation, kAdl, kSettlement };

// One own trade, as the venue states it.
struct TradeUpdate {
  market::InstrumentId instrument;
  market::VenueOrderId venue_order_id;
  market::ClientOrderId client_order_id;  // of its order, where the venue states it
  std::string trade_id;
  market::Side side = market::Side::kBuy;
  bool side_known = false;  // some answers leave it to the order
  std::string price, quantity;
  std::string fee;  // > 0: paid
  market::AssetId fee_asset;
  market::Liquidity liquidity = market::Liquidity::kNone;
  // Derivatives: what closing a position with it added to the balance of the settlement
  // asset; empty: nothing, or not stated.
  std::string realized;
  std::string order_quantity;  // what its order asked for in all; empty: not stated
  base::Time time{};           // at the venue; the epoch when not stated
  TradeKind kind = TradeKind::kOrder;
  bool operator==(const TradeUpdate&) const = default;
};

// The state of one order at the venue.
struct OrderUpdate {
  market::InstrumentId instrument;
  market::ClientOrderId client_order_id;  // of the order itself, also when a cancel renamed it
  market::VenueOrderId venue_order_id;
  market::Side side = market::Side::kBuy;
  market::OrderType type = market::OrderType::kLimit;
  market::TimeInForce time_in_force = market::TimeInForce::kGtc;
  VenueOrderStatus status = VenueOrderStatus::kNew;
  std::string price, stop_price, quantity;
  std::string cumulative;            // filled so far; empty: the answer does not say
  std::optional<TradeUpdate> trade;  // the fill that this update reports
  std::optional<bool> triggered;     // stop orders: whether the order works by now
  // The order goes on under `venue_order_id`, and this source does not say what became of
  // it there: ask by that id.
  bool elsewhere = false;
  base::Time time{};        // of this state, at the venue
  std::string reject_code;  // why kRejected or kExpired
  bool operator==(const OrderUpdate&) const = default;
};

struct BalanceEntry {
  market::AssetId asset;
  market::Money free, locked;
  bool operator==(const BalanceEntry&) const = default;
};

// A derivatives position as the venue states it.
struct PositionEntry {
  market::InstrumentId instrument;
  std::string quantity;  // short: negative
  // Hedge mode, both sides held: how much of each. Zero: `quantity` is all.
  market::Money longs, shorts;
  bool operator==(const PositionEntry&) const = default;
};

// What a venue's own book shows at its best; empty: that side of it is.
struct BestPrices {
  std::string bid, ask;
  bool operator==(const BestPrices&) const = default;
};

// What changed a balance beside fills, once and for ever named by `id`.
enum class ChangeKind : uint8_t {
  kTransfer = 1,  // deposit, withdrawal, between accounts
  kFunding,
  kLiquidation,  // fee of one, insurance
  kSettlement,   // delivery, delisting
  kAdjustment,   // rebates, bonuses, and whatever else the venue books
  kRealized,     // what trades have realised, or a session's settlement of them
};
const char* Name(ChangeKind kind);
struct BalanceChange {
  ChangeKind kind = ChangeKind::kTransfer;
  market::AssetId asset;
  market::Money amount;             // came in; went out: negative
  std::string id;                   // unique at the venue
  market::InstrumentId instrument;  // empty: of no particular one
  base::Time time{};
  bool operator==(const BalanceChange&) const = default;
};

// What a refusal for want of room says is full; nothing else needs to wait.
enum class Full : uint8_t {
  kNothing = 0,  // it is no such refusal
  kAll,          // whatever the address may ask
  kOrders,       // the count of orders: what counts_as_order
  kKind,         // requests like the one that was answered
};

// What the venue says about its limits with an answer.
struct RateReport {
  std::optional<uint32_t> used_weight;  // of the running minute
  std::optional<uint32_t> orders_10s, orders_1m, orders_1d;
  Full full = Full::kNothing;
  std::optional<base::Duration> retry_after;  // for how long it is full
  std::optional<base::Duration> window;       // kOrders: of what length the count is that is full
  bool banned = false;                        // worse than a warning: kAll
  bool operator==(const RateReport&) const = default;
};

// What the venue says of the key that we sign with. What it does not say counts against it.
struct KeyRights {
  bool may_trade = false;     // in this product
  bool may_withdraw = true;   // to anywhere beyond the venue
  bool from_anywhere = true;  // not tied to addresses
  bool operator==(const KeyRights&) const = default;
};

// One leg of kCancelReplace.
struct LegOutcome {
  OutcomeClass outcome = OutcomeClass::kUnknown;
  bool attempted = true;  // false: the venue says it did not try
  std::string code, message;
  std::optional<OrderUpdate> order;
  bool operator==(const LegOutcome&) const = default;
};

struct Answer {
  OutcomeClass outcome = OutcomeClass::kUnknown;
  std::string evidence;       // "http:POST /api/v3/order 200 #17"
  std::string code, message;  // the venue's own, or the transport's
  // kQueryOrder, kCancel: the venue says it knows no such order. Proof of
  // nothing by itself.
  bool not_found = false;
  std::vector<OrderUpdate> orders;
  std::vector<TradeUpdate> trades;
  // kTrades: the answer was cut; see OrderVenue::MoreTrades. What there is of it may be none of
  // ours.
  bool more_trades = false;
  std::string cursor;  // of the next page, where the venue gives one
  std::vector<BalanceEntry> balances;
  base::Time balances_time{};  // kAccount: when they last changed, if stated
  // kAccount of derivatives: every position that is not flat. Nothing: not stated.
  std::optional<std::vector<PositionEntry>> positions;
  // kAccount: why this account cannot be traded with as it is set up; kDeadMan: why the timer
  // does not run as it was set.
  std::string unfit;
  std::vector<BalanceChange> changes;  // kBalanceChanges
  base::Time changes_until{};  // of its newest row, be that a change or not; the epoch: it has none
  bool more_changes = false;   // the answer was cut; see OrderVenue::BalanceChanges
  std::optional<base::Time> server_time;  // kServerTime; kAccount: when it answered, if stated
  std::optional<KeyRights> rights;        // kKeyRights
  std::optional<BestPrices> best;         // kMarketData
  std::optional<LegOutcome> cancel_leg, new_leg;  // kCancelReplace
  // kPlaceBatch, kCancelBatch: of each target, in their order. None: `outcome` is that of each.
  std::vector<LegOutcome> legs;
  RateReport rate;
};

enum class StreamKind : uint8_t {
  kIgnored = 1,    // valid, of no interest here
  kAuthenticated,  // Topics() may be asked for
  kSubscribed,
  kSubscribeFailed,
  kOrder,
  kOrders,         // `orders` and `trades`, several at once
  kBalances,       // new balances of the assets named
  kBalanceChange,  // a deposit, withdrawal or transfer: `balance_delta`
  kChangesBooked,  // new balances, beside fills: what they rest on is to be asked for
  kEnding,         // the venue will end this stream: reconnect
  kBadFrame,       // not understood; `detail` says why
};

struct StreamUpdate {
  StreamKind kind = StreamKind::kIgnored;
  std::string evidence;  // "stream:executionReport:BTCUSDT:4293153:NEW:1499405658657"
  std::string detail;    // for people
  std::optional<OrderUpdate> order;
  std::vector<OrderUpdate> orders;
  std::vector<TradeUpdate> trades;
  std::vector<BalanceEntry> balances;
  std::optional<std::pair<market::AssetId, market::Money>> balance_delta;
  base::Time time{};  // at the venue
};

// Bybit: "every 20 seconds".
inline constexpr base::Duration kHeartbeatEvery = std::chrono::seconds(20);
// Half of what the shortest-lived stream key lasts (Binance: 60 minutes).
inline constexpr base::Duration kStreamKeyEvery = std::chrono::minutes(30);

// What proves that a request never took effect (docs/orders.md, "Unknown").
struct AbsenceRules {
  // (a) no request can still take effect this long after timestamp + receive window
  base::Duration engine_timeout = std::chrono::seconds(10);
  // (b) a cancel by client id is answered by the matching engine itself
  bool cancel_by_client_id = true;
  // (c) order query and trades empty twice, this far apart
  base::Duration empty_apart = std::chrono::seconds(5);
  // What is older the venue does not list any more, so that an empty answer proves nothing of it.
  base::Duration lists_back = base::Duration::max();
};

// Whether a stream of own updates must be asked for with a key first.
enum class StreamAccess : uint8_t {
  kSubscription = 1,  // Subscribe() on the open connection
  kKey,               // StreamKey() names the connection, which delivers from its opening on
};

class OrderVenue {
 public:
  virtual ~OrderVenue() = default;

  virtual std::string_view name() const = 0;  // "binance-spot"
  virtual bool Serves(const market::InstrumentId& instrument) const = 0;
  virtual const AbsenceRules& absence() const = 0;
  // False: a cancel-replace whose cancel leg takes effect only on an order
  // without a fill is not offered, and a replacement is sent in two steps.
  virtual bool CancelReplaceUnfilled() const = 0;
  // Where an order of this type may be, one after the other (OrderKey::place): an order
  // is not there when it is in none of them.
  virtual size_t Places(market::OrderType type) const { return TwoIdentities(type) ? 2 : 1; }
  // True: orders of this type wait under an id of their own (place 0), and become an order
  // with another id when they trigger (place 1).
  virtual bool TwoIdentities(market::OrderType) const { return false; }
  // True: `next` may be the second identity of an order known as `known`.
  virtual bool Continues(const market::VenueOrderId& /*known*/,
                         const market::VenueOrderId& /*next*/) const {
    return false;
  }
  // True: a reduce-only order is refused unless it reduces what the account holds over all
  // strategies. False: there is no such word, or it says which side of a position is meant.
  virtual bool ReducesNet() const { return false; }
  // True: whoever has the account may make an order larger in place.
  virtual bool OrdersGrow() const { return false; }
  virtual size_t OpenOrderLists() const { return 1; }
  // False: what was looked at of own trades is remembered by time.
  virtual bool OrderedTradeIds() const { return true; }
  virtual StreamAccess stream_access() const { return StreamAccess::kSubscription; }
  // True: the code of a request whose timestamp the venue does not take.
  virtual bool RefusesClock(std::string_view /*code*/) const { return false; }

  // Requests. `now` is the venue's clock as far as we know it. INVALID_ARGUMENT:
  // the venue has no such order; the message says what it does not offer.
  virtual absl::StatusOr<WireRequest> Place(const market::OrderIntent& intent,
                                            market::Quantity quantity,
                                            const market::Instrument& instrument,
                                            base::Time now) = 0;
  // Places these orders, of any instruments, at most MostInPlaceBatch(), each of which
  // FitsPlaceBatch, in one request: each has a result of its own. INVALID_ARGUMENT: of one of
  // them; Place says of which.
  virtual size_t MostInPlaceBatch() const { return 0; }  // no batches
  virtual bool FitsPlaceBatch(const market::OrderIntent& /*intent*/) const { return false; }
  virtual absl::StatusOr<WireRequest> PlaceBatch(const std::vector<Placement>& /*orders*/,
                                                 base::Time /*now*/) {
    return absl::InvalidArgumentError("this venue places orders one by one");
  }
  virtual WireRequest Cancel(const OrderKey& order, base::Time now) = 0;
  // Changes an order in place: it keeps its ids. INVALID_ARGUMENT: the venue cannot do this
  // to an order; the message says what it can.
  virtual absl::StatusOr<WireRequest> Amend(const Change& /*change*/,
                                            const market::Instrument& /*instrument*/,
                                            base::Time /*now*/) {
    return absl::InvalidArgumentError("this venue changes no order in place; replace it");
  }
  // Cancels these orders of one instrument, at most MostInBatch(), each of which
  // FitsBatch, in one request: each has a result of its own.
  virtual size_t MostInBatch() const { return 0; }  // no batches
  virtual bool FitsBatch(const OrderKey& /*order*/) const { return false; }
  virtual WireRequest CancelBatch(const std::vector<OrderKey>& /*orders*/, base::Time /*now*/) {
    return {};
  }
  // Cancels `replacement.target` only if nothing of it is filled, then places
  // `replacement` if that took effect.
  virtual absl::StatusOr<WireRequest> CancelReplace(const market::OrderIntent& replacement,
                                                    market::Quantity quantity,
                                                    const market::Instrument& instrument,
                                                    base::Time now) = 0;
  virtual WireRequest QueryOrder(const OrderKey& order, base::Time now) = 0;
  // Own trades, oldest first: of one order, from a time on, or from a trade on
  // (both inclusive).
  virtual WireRequest TradesOfOrder(const market::InstrumentId& instrument,
                                    const market::VenueOrderId& order, base::Time now) = 0;
  virtual WireRequest TradesSince(const market::InstrumentId& instrument, base::Time since,
                                  base::Time now) = 0;
  virtual WireRequest TradesFrom(const market::InstrumentId& instrument, std::string_view trade_id,
                                 base::Time now) = 0;
  // What follows an answer that was cut, of the trades asked for with `context`.
  virtual WireRequest MoreTrades(const RequestContext& context, const Answer& answer,
                                 base::Time now) {
    return TradesFrom(context.instrument, answer.trades.back().trade_id, now);
  }
  // What must be asked still before `answer` is whole: its next page, or the next of several
  // questions. `context` is that of the request it answers; `part` is what goes into the next
  // one's. Nothing: it is whole.
  struct Part {
    WireRequest request;
    size_t part = 0;
  };
  virtual std::optional<Part> NextPart(const RequestContext& /*context*/, const Answer& /*answer*/,
                                       base::Time /*now*/) {
    return std::nullopt;
  }
  // One of OpenOrderLists(), to be asked in this order: an order that moves between
  // two lists is then in at least one of the answers.
  virtual WireRequest OpenOrders(size_t list, base::Time now) = 0;
  // Own orders of an instrument, also those that have ended: from the venue's id `oldest` on
  // where its ids count up, otherwise the newest, as many as one answer holds. Nothing: not
  // offered.
  virtual std::optional<WireRequest> OrderHistory(const market::InstrumentId& /*instrument*/,
                                                  const market::VenueOrderId& /*oldest*/,
                                                  base::Time /*now*/) {
    return std::nullopt;
  }
  virtual WireRequest Account(base::Time now) = 0;
  // What changed balances beside fills, from `since` on; after so many full answers that
  // began there too, what follows them. Nothing: the stream says it all.
  virtual std::optional<WireRequest> BalanceChanges(base::Time /*since*/, size_t /*answers*/,
                                                    base::Time /*now*/) {
    return std::nullopt;
  }
  virtual WireRequest ServerTime() = 0;
  // Best bid and ask, for who must price an order without any other service (kMarketData).
  virtual WireRequest Best(const market::InstrumentId& instrument) = 0;
  // What the key may do (kKeyRights). Nothing: the venue does not tell.
  virtual std::optional<WireRequest> RightsOfKey(base::Time /*now*/) { return std::nullopt; }
  virtual WireRequest Subscribe(base::Time now) = 0;  // kSubscription
  // What is to be asked for on the stream once kAuthenticated has come.
  virtual std::optional<WireRequest> Topics() { return std::nullopt; }
  // Keeps the stream, every kHeartbeatEvery. Nothing: it needs none.
  virtual std::optional<WireRequest> Heartbeat() { return std::nullopt; }
  // kKey: asks for the key, or keeps it alive. How often: kStreamKeyEvery.
  virtual WireRequest StreamKey(bool /*keep*/) { return {}; }
  // The venue cancels everything open in this instrument `timeout` from now, unless it
  // is told again before. Nothing: it has no such timer.
  virtual std::optional<WireRequest> DeadMan(const market::InstrumentId& /*instrument*/,
                                             base::Duration /*timeout*/, base::Time /*now*/) {
    return std::nullopt;
  }

  // Meaning of what came back. Never fails: what cannot be understood is unknown.
  virtual Answer DecodeAnswer(const RequestContext& request,
                              const wire::HttpExchange& exchange) = 0;
  virtual StreamUpdate DecodeFrame(std::string_view frame) = 0;
};

}  // namespace gannet::venue
