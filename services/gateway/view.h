// What can be seen of the platform at this moment, folded from the bus: prices,
// books, feeds, news, predictions, orders, fills, positions, balances, risk.
// Read by the gateway's HTTP answers and by the terminal view.
//
// Pure; one thread. Bounded: old orders, fills and signals fall out (kKept…), and
// what fell out is counted. Their rows are made at the start, so that lists do not grow.
#pragma once

#include <boost/circular_buffer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/limits.h"
#include "libs/market/market_data.h"
#include "libs/market/news.h"
#include "libs/market/order.h"
#include "libs/market/prediction.h"
#include "libs/market/standing.h"

namespace gannet::gateway {

class View {
 public:
  static constexpr size_t kKeptSignals = 200;
  static constexpr size_t kKeptFills = 500;
  static constexpr size_t kKeptClosedOrders = 500;
  static constexpr size_t kKeptInstruments = 5'000;  // and as many older versions
  static constexpr size_t kKeptOpenOrders = 10'000;
  static constexpr size_t kKeptPredictions = 1'000;
  static constexpr size_t kKeptDenials = 300;
  static constexpr size_t kKeptRows = 10'000;  // each of positions, balances, feeds, risk states

  struct Market {
    std::optional<market::Instrument> definition;  // newest version
    std::optional<market::Quote> quote;
    base::Time quote_time;  // received
    market::BookState book = market::BookState::kInvalid;
    market::BookFault fault = market::BookFault::kNoSnapshot;
    std::optional<market::Trade> last_trade;
    std::optional<market::Prediction> prediction;
    base::Time prediction_time;
  };
  struct Feed {
    market::FeedState state = market::FeedState::kDisconnected;
    std::string detail;
    base::Time since;
  };
  struct Signal {
    market::NewsSignal value;
    base::Time time;
    market::EventId id;
  };
  struct PredictionSeen {
    market::Prediction value;
    base::Time time;
    market::EventId id;
  };
  // An intent that the gate refused.
  struct Denial {
    market::RiskDecision decision;
    base::Time time;
    market::EventId id;
  };
  // What an intent says of its order that no report repeats.
  struct Terms {
    market::OrderType type = market::OrderType::kLimit;
    market::Price stop_price;
    uint32_t trailing_bps = 0;
    uint32_t instrument_version = 1;  // whose scale stop_price has
  };
  struct Order {
    market::ExecReport report;  // the newest
    base::Time created, updated;
    std::string reason;          // of the intent: why it was made
    std::optional<Terms> terms;  // nothing: the intent was not heard
    // What the venue itself said last, and when; nothing before its first word.
    std::optional<market::OrderState> venue_state;
    base::Time venue_time;
    std::string venue_evidence;
  };
  struct FillSeen {
    market::ExecReport report;
    base::Time time;
    market::EventId id;
  };
  template <class T>
  using NewestFirst = boost::circular_buffer<T>;
  struct Position {
    market::PositionUpdate value;
    base::Time updated;
  };
  struct Counters {
    uint64_t trades = 0, quotes = 0, signals = 0, predictions = 0;
    uint64_t intents = 0, permitted = 0, denied = 0;
    uint64_t orders = 0, fills = 0, unknown_now = 0, rejected_by_venue = 0, illegal = 0;
    uint64_t forgotten = 0;  // what fell out of the view, or found no room in it
    std::map<market::RejectReason, uint64_t> denials;
  };

  void On(const market::Event<market::Instrument>& event);
  void On(const market::Event<market::Quote>& event);
  void On(const market::Event<market::Trade>& event);
  void On(const market::Event<market::MarketStatus>& event);
  void On(const market::Event<market::NewsSignal>& event);
  void On(const market::Event<market::Prediction>& event);
  void On(const market::Event<market::OrderIntent>& event);
  void On(const market::Event<market::RiskDecision>& event);
  void On(const market::Event<market::ExecReport>& event);
  void On(const market::Event<market::PositionUpdate>& event);
  void On(const market::Event<market::BalanceUpdate>& event);
  void On(const market::Event<market::RiskState>& event);
  void On(const market::Event<market::LimitEvent>& event) { limits_.Apply(event); }
  // What was held before the bus told of it; counts nothing. What was heard since is newer and
  // stays.
  void Take(const market::Standing& standing);

  using PositionKey = std::tuple<market::AccountId, market::StrategyId, market::InstrumentId>;
  // One account may have wallets at several venues.
  using BalanceKey = std::tuple<market::AccountId, std::string, market::AssetId>;
  const std::map<market::InstrumentId, Market>& markets() const { return markets_; }
  const std::map<std::string, Feed>& feeds() const { return feeds_; }
  const NewestFirst<Signal>& signals() const { return signals_; }
  const std::map<market::ClientOrderId, Order>& open_orders() const { return open_; }
  const NewestFirst<Order>& closed_orders() const { return closed_; }
  const NewestFirst<FillSeen>& fills() const { return fills_; }
  const NewestFirst<PredictionSeen>& predictions() const { return predictions_; }
  const NewestFirst<Denial>& denials() const { return denials_; }
  const std::map<PositionKey, Position>& positions() const { return positions_; }
  const std::map<BalanceKey, market::BalanceUpdate>& balances() const { return balances_; }
  const std::map<market::Scope, market::RiskState>& risk_states() const { return risk_; }
  const market::LimitRecord& limits() const { return limits_; }
  const Counters& counters() const { return counters_; }
  // Open or kept; null: neither.
  const Order* FindOrder(const market::ClientOrderId& id) const;

  // Null while not known. The newest version, or a certain one: numbers are read
  // at the scales of the version that they came with, never of another.
  const market::Instrument* Definition(const market::InstrumentId& id) const;
  const market::Instrument* Definition(const market::InstrumentId& id, uint32_t version) const;
  // Exact text; "?" while that version is not known.
  template <class Number>  // Price or Quantity
  std::string Format(const market::InstrumentId& id, uint32_t version, Number number) const {
    const market::Instrument* definition = Definition(id, version);
    return definition != nullptr ? definition->Format(number) : "?";
  }

  // Profit of the open position at the mid; nothing without a quote of both sides
  // at the position's version.
  std::optional<market::Money> Unrealized(const market::PositionUpdate& position) const;
  struct Profit {
    market::Money realized, unrealized, fees;
    uint64_t unvalued = 0;  // open positions that `unrealized` leaves out: no price
  };
  // By the asset it is counted in: the quote asset, "?" while that is not known.
  std::map<std::string, Profit> ProfitByAsset() const;

 private:
  struct Asked {
    std::string reason;
    Terms terms;
  };
  Market* FindMarket(const market::InstrumentId& id);
  // None yet, and the memory for `limit`.
  template <class T>
  static NewestFirst<T> RowsFor(size_t limit) {
    NewestFirst<T> rows(limit, T());
    rows.clear();
    return rows;
  }
  template <class T>
  void Keep(NewestFirst<T>& rows, T row);
  // Puts a row under its key unless it is new and there is no room.
  template <class Map, class Value>
  void Put(Map& map, const typename Map::key_type& key, Value value);
  static void Explain(Order& order, Asked asked);
  void RememberReason(const market::OrderIntent& intent);
  Order* FindClosed(const market::ClientOrderId& id);

  std::map<market::InstrumentId, Market> markets_;
  std::map<std::pair<market::InstrumentId, uint32_t>, market::Instrument>
      older_;  // versions before the newest
  std::map<std::string, Feed> feeds_;
  NewestFirst<Signal> signals_ = RowsFor<Signal>(kKeptSignals);
  std::map<market::ClientOrderId, Order> open_;
  NewestFirst<Order> closed_ = RowsFor<Order>(kKeptClosedOrders);
  NewestFirst<FillSeen> fills_ = RowsFor<FillSeen>(kKeptFills);
  NewestFirst<PredictionSeen> predictions_ = RowsFor<PredictionSeen>(kKeptPredictions);
  NewestFirst<Denial> denials_ = RowsFor<Denial>(kKeptDenials);
  std::map<PositionKey, Position> positions_;
  std::map<BalanceKey, market::BalanceUpdate> balances_;
  std::map<market::Scope, market::RiskState> risk_;
  market::LimitRecord limits_;
  std::map<market::ClientOrderId, Asked> reasons_;      // of intents not yet answered
  std::deque<market::ClientOrderId> reasons_in_order_;  // oldest first; may name some that are gone
  Counters counters_;
};

}  // namespace gannet::gateway
