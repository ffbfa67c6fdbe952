// The paper front: own orders against a live or recorded market. The market is
// only looked at, never changed: what we would have taken or queued behind is
// remembered beside it.
//
// How fills are decided (docs in README.md, "Paper fills"):
//   taking    walks the visible book level by level, less what earlier orders of
//             ours took from the same level and the market has not renewed
//   resting   the whole visible level stands ahead at acceptance; trades at the
//             price reduce it first, cancellations reduce it in proportion, both
//             rounded against us; we fill from what a trade has left over
//   through   a trade beyond our price, or a book whose other side crosses it,
//             fills us at our price, at most by the quantity seen there
//   stops     trigger on trades only
//   a trade   has taken what is better than its price, until a book shows it
//
// A pure engine: one thread, time passed in, no I/O. One PaperVenue is one
// account. Orders take `order_latency` to arrive; call Advance() no later than
// next_deadline(). Calls must not go back in time (earlier times count as the
// latest seen). Instances are equal after equal calls.
//
//   PaperVenue venue({.taker_fee_ppm = 1000});
//   venue.OnInstrument(btcusdt);
//   venue.OnBook(update, now);
//   venue.Submit(order, now);
//   for (const PaperEvent& event : venue.Take()) …
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/book.h"
#include "libs/market/ids.h"
#include "libs/market/instrument.h"
#include "libs/market/market_data.h"
#include "libs/market/money.h"
#include "libs/market/order.h"
#include "libs/market/price.h"
#include "libs/matching/self_trade.h"
#include "libs/wire/canonical.h"

namespace gannet::matching {

// How cancellations at our price change what stands ahead of us.
enum class QueueModel : uint8_t {
  kProportional = 1,   // by the share of the level that is ahead
  kCancelsBehind = 2,  // never, until the level is smaller than what was ahead
};

// In which asset a fee is paid.
enum class FeeAsset : uint8_t {
  kQuote = 1,
  kReceived = 2
};  // kReceived: base when buying, as spot venues do

struct PaperOptions {
  base::Duration order_latency{0};   // Submit → the book
  base::Duration cancel_latency{0};  // Cancel → the book
  int64_t maker_fee_ppm = 0;         // of the notional; negative: a rebate
  int64_t taker_fee_ppm = 0;
  FeeAsset fee_asset = FeeAsset::kQuote;
  QueueModel queue_model = QueueModel::kProportional;
  SelfTrade self_trade = SelfTrade::kExpireMaker;
  // A market order takes nothing further than this from the best price it found
  // on arrival; the rest expires. 0: no limit.
  int64_t market_protection_ppm = 0;
  size_t max_open_orders = 10'000;     // beyond it orders are rejected (kTooManyOrders)
  size_t max_closed_orders = 100'000;  // kept for Find(); the oldest are forgotten
};

struct PaperOrder {
  market::ClientOrderId client_order_id;
  market::InstrumentId instrument;
  market::Side side = market::Side::kBuy;
  market::OrderType type = market::OrderType::kLimit;
  market::TimeInForce time_in_force = market::TimeInForce::kGtc;
  market::Price price;       // limit types
  market::Price stop_price;  // stop and take-profit types
  market::Quantity quantity;
  base::Time expires;        // kGtd
  bool reduce_only = false;  // not held to the minimum notional of derivatives, nothing more
  bool operator==(const PaperOrder&) const = default;
};

enum class PaperReject : uint8_t {
  kNone = 0,
  kUnknownInstrument,
  kUnsupportedType,
  kBadPrice,  // zero, negative or off tick
  kBadStopPrice,
  kBadQuantity,   // zero, negative, off lot or out of range
  kBelowMinimum,  // minimum notional
  kDuplicate,     // that client order id is open
  kTooManyOrders,
  kNoMarket,      // no valid book to execute against
  kWouldTake,     // post-only that would match
  kWouldTrigger,  // stop that the last trade has already reached
  kUnknownOrder,  // cancel or amendment of an order that is not open
};
const char* Name(PaperReject reason);

enum class PaperEventKind : uint8_t {
  kAccepted = 1,
  kRejected,
  kFill,
  kCanceled,
  kExpired,
  kTriggered,
  kCancelRejected,
  kAmended,
  kAmendRejected,
};

struct PaperEvent {
  PaperEventKind kind = PaperEventKind::kAccepted;
  market::ClientOrderId client_order_id;
  market::VenueOrderId venue_order_id;  // empty: kRejected, kCancelRejected, kAmendRejected
  market::InstrumentId instrument;
  market::Side side = market::Side::kBuy;
  base::Time time;  // at the venue
  PaperReject reason = PaperReject::kNone;
  std::string trade_id;         // kFill; unique in this PaperVenue
  market::Price price;          // kFill: of the fill; otherwise the order's
  market::Quantity quantity;    // kFill: of the fill; otherwise the order's
  market::Quantity cumulative;  // filled so far, this fill included
  market::Money fee;            // > 0: paid
  market::AssetId fee_asset;
  market::Liquidity liquidity = market::Liquidity::kNone;
  bool operator==(const PaperEvent&) const = default;
};

// An order as the paper venue knows it.
struct PaperOrderStatus {
  PaperOrder order;
  market::VenueOrderId venue_order_id;
  market::OrderState state = market::OrderState::kAccepted;
  market::Quantity filled;
  market::Money fees;  // all of one asset
  base::Time accepted, updated;
  market::Quantity ahead;  // standing before us at our price; 0 unless resting
  market::Quantity remaining() const { return order.quantity - filled; }
};

class PaperVenue {
 public:
  explicit PaperVenue(PaperOptions options);

  // The market. Updates of unknown instruments are counted and ignored.
  void OnInstrument(const market::Instrument& instrument);
  void OnBook(const market::BookUpdate& update, base::Time now);
  void OnTrade(const market::Trade& trade, base::Time now);

  // Answers come as events: at once with zero latency, else from Advance.
  void Submit(const PaperOrder& order, base::Time now);
  void Cancel(const market::ClientOrderId& order, base::Time now);
  // Another price and quantity (total) for an open limit order. A smaller quantity at its price
  // keeps its place in the queue; anything else takes what it meets and goes to the end.
  void Amend(const market::ClientOrderId& order, market::Price price, market::Quantity quantity,
             base::Time now);
  // Carries out everything due by `now`.
  void Advance(base::Time now);
  // Earliest arrival or expiry still to come; Time::max() when there is none.
  base::Time next_deadline() const;
  // What happened since the last call, in order.
  std::vector<PaperEvent> Take();

  // Open or recently closed, the latest under that id; nullptr otherwise
  // (orders still on their way are not known to the venue yet).
  const PaperOrderStatus* Find(const market::ClientOrderId& order) const;
  // What a taker of the other side would meet first; nothing without a valid book.
  std::optional<market::Level> Best(const market::InstrumentId& instrument,
                                    market::Side side) const;
  std::vector<const PaperOrderStatus*> OpenOrders() const;  // by acceptance
  size_t in_flight() const { return arrivals_.size(); }

  struct Stats {
    uint64_t unknown_instrument = 0, version_mismatch = 0;
    uint64_t fills = 0, self_trades_prevented = 0, closed_forgotten = 0;
  };
  const Stats& stats() const { return stats_; }

  // All state but the options: orders, queues, books, requests on their way and
  // events not yet taken. Load replaces it; after an error the state is empty.
  void Save(wire::CanonicalWriter& writer) const;
  absl::Status Load(wire::CanonicalReader& reader);

 private:
  using OrderNumber = uint64_t;

  struct Working {
    PaperOrderStatus status;
    bool resting = false;  // in the queue at its price
    bool triggered = false;
    bool queue_unknown =
        false;  // beyond the visible book: the first level seen at its price counts as ahead
    market::Quantity credit;  // of `ahead` taken off by the last book update, see ReduceQueue
    market::Quantity remaining() const { return status.remaining(); }
  };
  struct LevelMemory {
    market::Quantity taken;   // by us, and not renewed by the market
    market::Quantity traded;  // printed there since the last book update
    market::Quantity gone;    // taken by others since the last book update, as trades tell
    market::Quantity credit;  // what the last book update took off, until a trade tells of it
  };
  using LevelKey = std::pair<market::Side, market::Price>;
  struct Market {
    market::Instrument instrument;
    market::Book book;
    bool valid = false;
    market::Price last_trade;  // 0: none yet
    std::map<LevelKey, LevelMemory> memory;
    std::set<OrderNumber> open;  // orders of this instrument, oldest first
  };
  struct Arrival {
    enum class Kind : uint8_t { kOrder, kCancel, kAmend };
    Kind kind = Kind::kOrder;
    PaperOrder order;  // kCancel: only the id; kAmend: id, price and quantity
  };
  using ArrivalKey = std::pair<base::Time, uint64_t>;  // deadline, creation

  base::Time Step(base::Time now);
  Market* FindMarket(const market::InstrumentId& id, uint32_t version);

  void Arrive(const Arrival& arrival, base::Time at);
  void ArriveOrder(const PaperOrder& order, base::Time at);
  void ArriveCancel(const market::ClientOrderId& id, base::Time at);
  void ArriveAmendment(const PaperOrder& changed, base::Time at);
  // `changed`: of an open one, as it is to become.
  PaperReject Check(const PaperOrder& order, const Market& market, bool changed) const;

  // Executes a new or just triggered order: takes, then rests or expires. The
  // order may be closed, and gone, afterwards.
  void Execute(Market& market, OrderNumber number, base::Time at);
  void TakeVisible(Market& market, Working& working, market::Price limit,
                   market::Liquidity liquidity, base::Time at);
  bool PreventSelfTrade(Market& market, Working& taker, market::Price through, bool inclusive,
                        base::Time at);
  void Rest(Market& market, Working& working);

  // Resting orders of one side, best price first, then oldest.
  std::vector<OrderNumber> Resting(const Market& market, market::Side side) const;
  void ReduceQueues(Market& market, const std::map<LevelKey, market::Quantity>& before,
                    bool replaced);
  using Shown = std::vector<std::pair<LevelKey, market::Quantity>>;
  void FadeMemory(Market& market, const Shown& before);
  void TakeOff(Market& market, const market::Trade& trade);
  // What a taker finds of a level.
  market::Quantity Left(const Market& market, market::Side side, const market::Level& level) const;
  // The best level that trades since the last book update have left something of.
  std::optional<market::Level> BestLeft(const Market& market, market::Side side) const;
  void FillCrossed(Market& market, base::Time at);
  void FillFromTrade(Market& market, const market::Trade& trade, base::Time at);
  void TriggerStops(Market& market, base::Time at);
  void ExecuteTriggered(Market& market, base::Time at);

  void FillOrder(const Market& market, Working& working, market::Price price,
                 market::Quantity quantity, market::Liquidity liquidity, base::Time at);
  market::Money Fee(const market::Instrument& instrument, market::Side side, market::Price price,
                    market::Quantity quantity, market::Liquidity liquidity,
                    market::AssetId* asset) const;
  void CloseOrder(Market& market, OrderNumber number, market::OrderState state, base::Time at);
  void ForgetOldest();
  void Emit(PaperEventKind kind, const PaperOrderStatus& status, base::Time at);
  void EmitReject(PaperEventKind kind, const PaperOrder& order, PaperReject reason, base::Time at);

  void LoadBody(wire::CanonicalReader& reader, uint8_t version);
  bool Consistent();
  void Clear();
  void Swap(PaperVenue& other);

  const PaperOptions options_;
  base::Time now_{};
  std::map<market::InstrumentId, Market> markets_;
  std::map<ArrivalKey, Arrival> arrivals_;
  uint64_t requests_ = 0;
  OrderNumber last_order_ = 0;
  uint64_t last_trade_ = 0;
  std::map<OrderNumber, Working> orders_;  // open
  std::map<market::ClientOrderId, OrderNumber> open_by_id_;
  std::set<std::pair<base::Time, OrderNumber>> expiries_;
  // The latest closed order under each id, and the order in which they closed.
  std::map<market::ClientOrderId, std::pair<OrderNumber, PaperOrderStatus>> closed_;
  std::deque<std::pair<OrderNumber, market::ClientOrderId>> closed_queue_;
  std::vector<PaperEvent> events_;
  Stats stats_;
};

}  // namespace gannet::matching
