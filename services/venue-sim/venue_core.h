// The exchange itself: symbols with their books and tapes, accounts with their
// orders and trades, agents and newspaper. A pure engine: one thread, time passed
// in, no I/O; what happens is told to one observer before the call returns.
//
// The state is a function of the calls that change it (marked "command"), with
// their times: the server records those and replays them after a crash.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/matching/matching_engine.h"
#include "services/venue-sim/agents.h"
#include "services/venue-sim/ledger.h"
#include "services/venue-sim/news_wire.h"
#include "services/venue-sim/orders.h"
#include "services/venue-sim/symbols.h"
#include "services/venue-sim/tape.h"

namespace gannet::venue_sim {

struct CoreOptions {
  uint64_t seed = 1;
  double speed = 1;  // multiplies what the agents do in a second
  base::Duration news_interval = std::chrono::seconds(7);  // mean; 0: no news
  int64_t maker_fee_ppm = 1000, taker_fee_ppm = 1000;
  size_t accounts = 1;
  std::map<std::string, int64_t>
      deposits;  // of every account at the first start, scale 8; empty: DefaultDeposits()
  size_t max_closed_orders =
      50'000;  // kept for queries, all accounts together; the oldest are forgotten
  size_t max_account_trades = 50'000;
  base::Duration warm_up = std::chrono::seconds(60);  // of trading before the first start
  bool operator==(const CoreOptions&) const = default;
};
void SaveOptions(wire::CanonicalWriter& writer, const CoreOptions& options);
CoreOptions LoadOptions(wire::CanonicalReader& reader);
void SaveRestatement(wire::CanonicalWriter& writer, const Restatement& restatement);
Restatement LoadRestatement(wire::CanonicalReader& reader);
std::map<std::string, int64_t> DefaultDeposits();

// Must not call back into the core's commands.
class VenueEvents {
 public:
  virtual ~VenueEvents() = default;
  virtual void OnLevel(SymbolIndex symbol, market::Side side, int64_t price, int64_t quantity,
                       uint64_t update_id) = 0;
  // Best bid or ask differs from when this was last told.
  virtual void OnBest(SymbolIndex symbol) = 0;
  virtual void OnTrade(SymbolIndex symbol, const TradePrint& trade) = 0;
  virtual void OnAggregate(SymbolIndex symbol, const AggregateTrade& trade) = 0;
  virtual void OnExecution(const Execution& execution) = 0;
  virtual void OnBalances(AccountIndex account, const std::vector<std::string>& assets,
                          base::Time now) = 0;
  virtual void OnDeposit(AccountIndex account, const std::string& asset, Amount change,
                         base::Time now) = 0;
  virtual void OnStory(const Story& story) = 0;
};

class VenueCore : public AgentMarket {
 public:
  explicit VenueCore(VenueEvents* events);  // nullptr: nobody is told
  ~VenueCore() override;

  // Commands. `now` must not go back; an earlier one counts as the last.
  void Open(const CoreOptions& options,
            base::Time now);  // first start: history, deposits, a minute of trading
  // Other options from now on: speed, news, fees, limits, more accounts (fewer
  // are ignored). The seed has done its work.
  void Configure(const CoreOptions& options, base::Time now);
  void Tick(base::Time now);  // the agents' turn
  Answer<Placed> Place(AccountIndex account, const PlaceRequest& request, base::Time now);
  Answer<Canceled> Cancel(AccountIndex account, const OrderRef& order,
                          const std::string& cancel_client_order_id, base::Time now);
  // The venue itself ends an order that it had taken: EXPIRED.
  Answer<Canceled> Expire(AccountIndex account, const OrderRef& order, base::Time now);
  // The venue loses an open order: it is out of the book and of every list, and nobody is told.
  // Its trades and what it moved stay.
  std::optional<ApiError> Lose(AccountIndex account, const OrderRef& order, base::Time now);
  std::vector<Canceled> CancelAll(AccountIndex account, SymbolIndex symbol, base::Time now);
  CancelReplaced CancelReplace(AccountIndex account, const OrderRef& order,
                               const std::string& cancel_client_order_id, bool stop_on_failure,
                               const PlaceRequest& request, base::Time now);
  Answer<Amended> Amend(AccountIndex account, const OrderRef& order, int64_t quantity,
                        const std::string& new_client_order_id, base::Time now);
  // From outside the venue; negative takes out. False, and nothing moved, when
  // less is free or the asset is not listed.
  bool Deposit(AccountIndex account, const std::string& asset, Amount change, base::Time now);
  // States a symbol's rules anew, or halts it; the default: as it is listed. What is open stays
  // as it was placed. False, and nothing changed, when amounts would not be exact any more.
  bool Restate(SymbolIndex symbol, const Restatement& restatement, base::Time now);
  void InjectShock(const Shock& shock) {
    agents_.OnShock(shock);
  }  // a headline's effect without the headline

  // What Place would refuse; nothing when it would be accepted.
  std::optional<ApiError> Check(AccountIndex account, const PlaceRequest& request) const;

  // Queries.
  base::Time now() const { return now_; }
  bool open() const { return open_; }
  const CoreOptions& options() const { return options_; }
  const matching::MatchingEngine& engine(SymbolIndex symbol) const;
  uint64_t update_id(SymbolIndex symbol) const;
  const Tape& tape(SymbolIndex symbol) const;
  const Ledger& ledger() const { return ledger_; }
  const NewsWire& news() const { return news_; }
  const Agents& agents() const { return agents_; }
  Answer<VenueOrder> FindOrder(AccountIndex account, const OrderRef& order) const;
  std::vector<const VenueOrder*> OpenOrders(
      AccountIndex account, std::optional<SymbolIndex> symbol) const;  // by symbol, number
  // In order of number; visits all that are kept until `visit` returns false.
  void ForOrders(AccountIndex account, SymbolIndex symbol, uint64_t from_order,
                 const std::function<bool(const VenueOrder&)>& visit) const;
  const std::deque<AccountTrade>& account_trades(AccountIndex account) const {
    return trades_[account];
  }

  void Save(wire::CanonicalWriter& writer) const;
  absl::Status Load(wire::CanonicalReader& reader);

  // AgentMarket.
  const Symbol& symbol(SymbolIndex symbol) const override { return symbols_[symbol]; }
  std::optional<market::Level> Best(SymbolIndex symbol, market::Side side) const override;
  const matching::Order* FindOrder(SymbolIndex symbol, matching::OrderNumber id) const override;
  matching::OrderNumber SubmitAgentOrder(SymbolIndex symbol,
                                         const matching::NewOrder& order) override;
  void CancelAgentOrder(SymbolIndex symbol, matching::OrderNumber id) override;

 private:
  class SymbolBook;
  using OrderKey = std::pair<SymbolIndex, uint64_t>;
  using ClientKey = std::tuple<AccountIndex, SymbolIndex, std::string>;

  base::Time Step(base::Time now);
  Answer<Placed> PlaceNow(AccountIndex account, const PlaceRequest& request);
  Answer<Canceled> CancelIfOpen(AccountIndex account, const OrderRef& order,
                                const std::string& cancel_client_order_id);
  Canceled CancelNow(VenueOrder& order, const std::string& cancel_client_order_id);
  const VenueOrder* Resolve(AccountIndex account, const OrderRef& order) const;
  std::pair<size_t, size_t> CountOpen(AccountIndex account,
                                      SymbolIndex symbol) const;  // all, stop orders
  std::optional<ApiError> CheckFilters(AccountIndex account, const PlaceRequest& request) const;
  // What has to be free, of the quote when buying, of the base when selling.
  Amount Needed(const PlaceRequest& request) const;
  // What a taker would pay or sell on the visible book.
  Amount VisibleCost(const PlaceRequest& request) const;
  Amount LockFor(VenueOrder& order);
  std::string MakeClientOrderId();

  // From the books, for orders of accounts.
  void OnOrderAccepted(SymbolIndex symbol, const matching::Order& order);
  void OnOrderTriggered(SymbolIndex symbol, const matching::Order& order);
  void OnOrderMatch(SymbolIndex symbol, const matching::Order& taker, const matching::Order& maker,
                    int64_t price, int64_t quantity);
  void OnOrderPrevented(SymbolIndex symbol, const matching::Order& taker,
                        const matching::Order& maker);
  void OnOrderDone(SymbolIndex symbol, const matching::Order& order, matching::Done reason);
  void Settle(SymbolIndex symbol, const matching::Order& side, bool is_maker,
              const TradePrint& trade, bool against_agent);
  void Unlock(VenueOrder& order);
  void Close(VenueOrder& order, OrderStatus status);
  void Tell(Execution execution);
  void TellBalances(AccountIndex account, std::vector<std::string> assets);
  VenueOrder* OfEngine(SymbolIndex symbol, const matching::Order& order);

  void AddAccounts(size_t count);

  CoreOptions options_;
  VenueEvents* const events_;
  base::Time now_{}, last_tick_{};
  bool open_ = false;
  Ledger ledger_;
  Agents agents_{0, 1};
  NewsWire news_{0, {}};
  base::Rng id_rng_{0};
  std::vector<std::unique_ptr<SymbolBook>> books_;
  std::vector<Symbol> symbols_;                      // under the rules in force
  std::map<SymbolIndex, Restatement> restatements_;  // of those that are not as they are listed
  std::map<OrderKey, VenueOrder> orders_;
  std::map<ClientKey, uint64_t> by_client_id_;  // the latest order under that id
  std::set<OrderKey> open_orders_;
  std::deque<OrderKey> closed_;  // oldest first
  std::vector<std::deque<AccountTrade>> trades_;
  uint64_t last_execution_ = 0;
  int64_t last_prevented_ = -1;
  bool opening_ = false;
  // Of the command being carried out:
  bool expiring_ = false;
  std::vector<FillReport> taker_fills_;
  std::vector<PreventedMatch> prevented_;
};

}  // namespace gannet::venue_sim
