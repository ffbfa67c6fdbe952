// Linear perpetuals beside the spot market: the order side of a futures account in one
// asset (USDT), one-way or hedge mode. A pure engine like VenueCore, whose
// journal it shares: one thread, time passed in, no I/O.
//
// Perpetuals have no book of their own. Their price is that of the spot market of the
// same name: an order takes what stands there without taking it away, and rests until
// the market comes to it. Margin modes are kept and change nothing. Not here: liquidation,
// good-till-date, funding by the clock (see UsdmVerb::kIncome).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "services/venue-sim/usdm_orders.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::venue_sim {

// Told before the call that caused it returns. Must not call back.
class UsdmEvents {
 public:
  virtual ~UsdmEvents() = default;
  virtual void OnUsdmOrder(const UsdmExecution& execution) = 0;
  virtual void OnUsdmAlgo(const UsdmAlgo& algo) = 0;
  // ACCOUNT_UPDATE: the wallet, and the position in `symbol` if any.
  virtual void OnUsdmAccount(AccountIndex account, const std::string& reason, Amount change,
                             std::optional<SymbolIndex> symbol, base::Time now) = 0;
};

class UsdmMarket {
 public:
  static constexpr int64_t kMakerFeePpm = 200, kTakerFeePpm = 500;
  static constexpr uint32_t kLeverage = 20, kMaxLeverage = 125;  // unless set, and at most
  static constexpr size_t kMaxClosed = 20'000, kMaxTrades = 50'000, kMaxIncome = 50'000;
  static constexpr size_t kMaxOpenOrders = 200, kMaxOpenAlgos = 100;  // of an account and symbol

  // Symbols that there are perpetuals of.
  static bool Lists(SymbolIndex symbol);

  // `events` may be null. Accounts beyond those there are begin with 100,000 USDT.
  void set_events(UsdmEvents* events) { events_ = events; }
  void SetAccounts(size_t count);

  // Commands. `core` says what the market is.
  UsdmReply Execute(const UsdmCommand& command, const VenueCore& core, base::Time now);
  void Step(const VenueCore& core, base::Time now);  // after the spot market's turn

  // Queries. Null: not known. By number when above 0, else by client id.
  const UsdmOrder* Find(AccountIndex account, SymbolIndex symbol, uint64_t id,
                        const std::string& client_id) const;
  const UsdmAlgo* FindAlgo(AccountIndex account, uint64_t id, const std::string& client_id) const;
  std::vector<const UsdmOrder*> OpenOrders(AccountIndex account,
                                           std::optional<SymbolIndex> symbol) const;
  // All that are remembered, of every account, by number.
  const std::map<uint64_t, UsdmOrder>& orders() const { return orders_; }
  const std::map<uint64_t, UsdmAlgo>& algos() const { return algos_; }
  // Also what has ended, as far as it is remembered; by number.
  std::vector<const UsdmOrder*> AllOrders(AccountIndex account, SymbolIndex symbol) const;
  std::vector<const UsdmAlgo*> OpenAlgos(AccountIndex account,
                                         std::optional<SymbolIndex> symbol) const;
  const std::deque<UsdmTrade>& trades(AccountIndex account) const {
    return accounts_[account].trades;
  }
  const std::deque<UsdmIncome>& income(AccountIndex account) const {
    return accounts_[account].income;
  }
  Amount wallet(AccountIndex account) const { return accounts_[account].wallet; }
  base::Time wallet_time(AccountIndex account) const { return accounts_[account].updated; }
  using PositionKey = std::pair<SymbolIndex, UsdmLeg>;
  UsdmPosition position(AccountIndex account, PositionKey key) const;
  const std::map<PositionKey, UsdmPosition>& positions(AccountIndex account) const {
    return accounts_[account].positions;
  }
  const UsdmSetup& setup(AccountIndex account) const { return accounts_[account].setup; }
  // Of each symbol: the only position, or two of them (hedge mode).
  std::span<const UsdmLeg> legs(AccountIndex account) const;
  uint32_t leverage(AccountIndex account, SymbolIndex symbol) const;
  size_t accounts() const { return accounts_.size(); }

  void Save(wire::CanonicalWriter& writer) const;
  absl::Status Load(wire::CanonicalReader& reader);

 private:
  struct Account {
    Amount wallet = 0;
    base::Time updated{};
    std::map<PositionKey, UsdmPosition> positions;
    UsdmSetup setup;
    std::map<SymbolIndex, base::Time> countdowns;
    std::deque<UsdmTrade> trades;
    std::deque<UsdmIncome> income;
  };

  std::optional<ApiError> Check(AccountIndex account, const UsdmPlace& request,
                                const VenueCore& core) const;
  UsdmReply Place(AccountIndex account, const UsdmPlace& request, const VenueCore& core);
  UsdmReply PlaceAlgo(AccountIndex account, const UsdmPlace& request, const VenueCore& core);
  // A checked order: told as new, then matched.
  UsdmOrder& Enter(AccountIndex account, const UsdmPlace& request, UsdmType original,
                   uint64_t algo_id, const VenueCore& core);
  UsdmReply End(const UsdmCommand& command, OrderStatus status, ExecutionType type);
  UsdmReply Lose(const UsdmCommand& command);
  UsdmReply CancelAlgo(const UsdmCommand& command);
  UsdmReply Amend(const UsdmCommand& command, const VenueCore& core);
  UsdmReply SetUp(const UsdmCommand& command);
  void CancelAll(AccountIndex account, SymbolIndex symbol);
  UsdmReply Book(const UsdmCommand& command);
  void Take(UsdmOrder& order, const VenueCore& core);
  // What of it the market would fill now, at most what is left.
  int64_t Fillable(const UsdmOrder& order, const VenueCore& core) const;
  void Fill(UsdmOrder& order, int64_t price, int64_t quantity, bool is_maker);
  void Close(UsdmOrder& order, OrderStatus status, ExecutionType type);
  void EndAlgo(UsdmAlgo& algo, AlgoStatus status);
  void Trigger(UsdmAlgo& algo, const VenueCore& core);
  void Tell(ExecutionType type, const UsdmOrder& order, const UsdmTrade& trade = {});
  void TellAccount(AccountIndex account, const std::string& reason, Amount change,
                   std::optional<SymbolIndex> symbol);
  Amount MarginInUse(AccountIndex account, const VenueCore& core) const;
  void Forget();

  UsdmEvents* events_ = nullptr;
  base::Time now_{};
  std::vector<Account> accounts_;
  std::map<uint64_t, UsdmOrder> orders_;
  std::map<uint64_t, UsdmAlgo> algos_;
  std::set<uint64_t> open_orders_, open_algos_;
  std::deque<uint64_t> closed_orders_, closed_algos_;  // oldest first
  uint64_t last_order_ = 5'000'000, last_algo_ = 1'000'000, last_trade_ = 0, last_income_ = 0;
};

}  // namespace gannet::venue_sim
