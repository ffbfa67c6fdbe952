// What the gate knows: positions, open orders and their reservations, balances,
// prices, trading states, and the sums of all these by scope, kept up to date
// with every change so that a verdict only looks numbers up.
//
// Integers only. Rows are addressed by dense indices that exist in this process
// only; names appear in saved state. Two kinds of content:
//   durable   what recorded facts say; saved, loaded, hashed
//   derived   sums over the durable part at current prices; rebuilt on load
// Prices and book states are neither saved nor recovered: the market says them
// again after a start.
//
// Owned by RiskEngine; one thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/account_event.h"
#include "libs/market/instrument.h"
#include "libs/market/market_data.h"
#include "libs/market/order.h"
#include "libs/wire/canonical.h"
#include "services/risk/by_text.h"
#include "services/risk/exposure_rows.h"
#include "services/risk/limits.h"
#include "services/risk/order_table.h"
#include "services/risk/row_name.h"

namespace gannet::risk {

class ExposureBook {
 public:
  explicit ExposureBook(const LimitSet& limits);
  ExposureBook(const ExposureBook&) = delete;
  ExposureBook& operator=(const ExposureBook&) = delete;

  // Another set is in force from here on. Of it `wallets` and the valuation must be as
  // they were.
  void SetLimits(const LimitSet& limits);

  // --- names to rows; kNone when unknown ---
  Index FindInstrument(const market::InstrumentId& id) const;
  Index FindScope(market::ScopeKind kind, const std::string& name) const;
  Index FindLeaf(const market::AccountId& account, const market::StrategyId& strategy,
                 const market::InstrumentId& instrument) const;
  Index FindBalance(Index account, const std::string& venue, const market::AssetId& asset) const;
  bool knows_account(const std::string& name) const { return limits_.KnowsAccount(name); }

  // What the reference prices of an instrument did in the market window.
  const Moves& MovesAt(const InstrumentRow& row, base::Time now) const {
    if (now < row.moved.from || now >= row.moved.until) SumMoves(row, now);
    return row.moved;
  }

  const Windows& windows() const { return limits_.windows; }
  int64_t group_rho_ppm(uint32_t group) const { return group_rho_ppm_[group]; }

  const ScopeRow& scope(Index at) const { return scopes_[at]; }
  const InstrumentRow& instrument(Index at) const { return instruments_[at]; }
  const Leaf& leaf(Index at) const { return leaves_[at]; }
  const Cell& cell(Index at) const { return cells_[at]; }
  const BalanceRow& balance(Index at) const { return balances_[at]; }
  const std::deque<ScopeRow>& scopes() const { return scopes_; }
  const std::deque<InstrumentRow>& instruments() const { return instruments_; }
  const OpenOrder* FindOrder(const market::ClientOrderId& id) const { return orders_.Find(id); }
  // Of an intent with a parent.
  Carve CarveOf(const market::OrderIntent& child) const;
  size_t open_order_count() const { return orders_.size(); }
  std::map<market::ClientOrderId, const OpenOrder*> SortedOrders() const;
  // Of the oldest verdict that execution has not answered; Time::max(): none.
  base::Time oldest_unanswered() const { return orders_.oldest_unanswered(); }

  // --- facts ---
  void PutInstrument(const market::Instrument& definition);
  // The leaf of these names, its rows made where absent; kNone when a table is
  // full or the instrument unknown.
  Index Touch(const market::AccountId& account, const market::StrategyId& strategy,
              const market::InstrumentId& instrument);
  void CountCancel(Index leaf, base::Time at);
  // What the gate answered to an order, and what that reserves.
  struct Answer {
    base::Time decided;
    bool permitted = false;
    market::Money reserved;
  };
  void CountAnswer(Index leaf, const market::OrderIntent& intent, const Answer& answer);
  void UseSequence(Index leaf, uint64_t sequence);
  void Open(Index leaf, const market::OrderIntent& intent, const Answer& answer);
  // The order that an amendment is about, when it is one of this leaf and side; null otherwise.
  const OpenOrder* AmendedBy(const market::OrderIntent& intent) const;
  // What an amendment would reserve of the whole order beyond what that has reserved; a change
  // of which nothing more can come adds nothing.
  struct Addition {
    int64_t quantity = 0;
    market::Int128 value = 0;  // units of the quote asset
  };
  static bool OnlyReduces(const OpenOrder& order, const market::OrderIntent& amendment);
  static Addition AdditionOf(const OpenOrder& order, const market::OrderIntent& amendment,
                             const market::Money& reserved);
  // A parent has ended: what it still reserves is free.
  void EndParent(const market::ClientOrderId& id);
  void ApplyReport(const market::ExecReport& report, base::Time at);
  void SetTold(const market::PositionUpdate& update, base::Time at);
  void SeePerson(base::Time at) { person_seen_ = std::max(person_seen_, at); }
  // Of the newest command of a person; Time::min(): none.
  base::Time person_seen() const { return person_seen_; }
  void SetBalance(const market::BalanceUpdate& update);
  // What moved an account beside the trades of orders, whose reports tell of them. Funding,
  // fees, liquidations, settlements and adjustments belong to the result of what they name
  // (instrument, strategy, account, firm), transfers to nobody's; a position that people
  // signed is EXTERNAL's. Balances follow SetBalance alone: the venue states them.
  void ApplyBooking(const market::AccountEvent& event, base::Time at);
  void SetState(const market::RiskState& state);
  void SetMarks(const market::Scope& scope, const Marks& marks);
  // The day of all scopes, and of those to come.
  void BeginDay(int64_t day);
  int64_t day() const { return day_; }

  // --- market data ---
  void SetQuote(const market::Quote& quote, base::Time at);
  void SetBook(const market::BookUpdate& update, base::Time at);
  void SetStatus(const market::MarketStatus& status);
  // At every timer, before Observe: ends the wait for quotes that have not come in kQuoteWait.
  void AwaitQuotes(base::Time now);
  // Values third-asset fees anew and follows the highest result of each scope.
  void Observe();
  // What the firm holds at the price of its last fill, since no quote came.
  std::vector<market::InstrumentId> Unquoted() const;
  // Of the firm's fees and bookings, those that no price turns into the valuation asset: its
  // result leaves them out.
  std::vector<market::AssetId> Unvalued() const;

  // --- values ---
  // Quote units of an instrument in the valuation asset; nothing without a rate
  // or on overflow.
  std::optional<Value> ValueOf(market::Int128 quote_units, const InstrumentRow& row,
                               market::Rounding rounding) const;
  // The margin that the larger side of a cell needs, settle units.
  market::Money MarginOf(const Cell& cell, market::Int128 units) const;
  // `units` of an instrument at the initial margin of an account (control 11).
  market::Money MarginAt(Index account, const InstrumentRow& row, market::Int128 units) const;
  // Of what the firm holds, at the mark, short below zero; 0 without a position.
  std::optional<Value> HeldValue(const InstrumentRow& row) const;
  std::optional<Value> ValueOfAsset(const market::AssetId& asset,
                                    const market::Money& amount) const;
  // The defined instrument whose price converts an asset; null where none does.
  const InstrumentRow* RateOf(const market::AssetId& asset) const;
  // Of an amount with kValueScale digits, of a flow.
  std::optional<Value> ValueOfFlow(Index asset, market::Int128 amount) const {
    const Asset& row = assets_[asset];
    return row.at_par ? std::optional(amount)
                      : ValueOfAsset(row.id, market::Money(amount, kValueScale));
  }
  const market::AssetId& asset(Index at) const { return assets_[at].id; }

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

  struct Stats {
    uint64_t unknown_market_data = 0;  // for instruments or versions not known
    uint64_t reports_unplaced = 0;     // fills that could not be booked; their instrument is shut
    uint64_t definitions_refused = 0;  // new scales that would round what is open
    uint64_t scopes_refused = 0;       // kMaxScopes reached
    uint64_t bookings_refused = 0;     // kMaxBookings reached, or an amount that none is
  };
  const Stats& stats() const { return stats_; }
  // Whether the sums of scopes are those of their cells, and what verdicts read of scopes is
  // what these and the limits say; for tests.
  bool SumsFit() const;

 private:
  Index MakeScope(market::ScopeKind kind, const std::string& name);
  void TakeLimits(ScopeRow& row) const;
  void TakeSharedLimits();
  void Tighten(Leaf& leaf) const;
  void TakeRules(InstrumentRow& row) const;
  void FindGroup(InstrumentRow& row) const;
  template <class Add>
  static void CountMessage(const Leaf& leaf, base::Time at, const Add& add);
  void CountFill(Index leaf, base::Time at);
  void CountExecution(const OpenOrder& order, base::Time at);
  void CountFailure(const OpenOrder& order, base::Time at);
  void Compare(Leaf& leaf, base::Time at);
  void PutPrice(const OpenOrder& order, int64_t meets, bool there);
  Index NumberOf(const market::AssetId& asset);
  Index MakeCell(Index scope, Index instrument, std::array<Index, 2> others = {kNone, kNone});
  Index MakeBalance(Index account, const std::string& venue, const market::AssetId& asset);
  void LinkConversion(Index at);
  void ChangePosition(Leaf& leaf, int64_t quantity, market::Int128 cash);
  // Brings an order's reservation to what `rest` of its quantity needs.
  void Amend(const market::OrderIntent& intent, const Answer& answer);
  void SettleAmendment(OpenOrder& order, const market::ExecReport& report);
  void ReserveRest(OpenOrder& order);
  void Reserve(OpenOrder& order, int64_t rest, market::Int128 value);
  void Take(OpenOrder& child, const market::OrderIntent& intent);
  void GiveBack(const OpenOrder& child);
  bool ValueCell(Cell& cell, const InstrumentRow& row) const;
  void Revalue(Cell& cell);
  template <bool buy>
  void RevalueSides(const Leaf& leaf, int64_t reserved);
  void RevalueInstrument(Index at);
  void CountChange(const Cell& cell, const CellSums& before, const market::Money& margin);
  bool Rescale(InstrumentRow& row, const market::Instrument& definition);
  static std::optional<int64_t> InCurrentScale(const InstrumentRow& row, uint32_t version,
                                               market::Quantity quantity);
  std::optional<market::Fill> InCurrentScales(InstrumentRow& row, const market::ExecReport& report);
  static void SumMoves(const InstrumentRow& row, base::Time now);
  void FollowMoves(InstrumentRow& row, base::Time at, uint64_t begun) const;
  // The quantity booked; nothing when it could not be.
  // `spends`: it moved balances, as a trade does.
  std::optional<int64_t> ApplyFill(const market::ExecReport& report, bool spends = true);
  void BookFee(InstrumentRow& row, Leaf& leaf, const market::Fill& fill);
  // Takes what was paid (received: negative) off the leaf's result.
  void Pay(Leaf& leaf, const market::AssetId& asset, const market::Money& paid);
  void CountBooking(const std::string& account, const market::AssetId& asset,
                    const market::Money& paid);
  void Break(InstrumentRow& row, std::string why);
  void Rebuild();
  void CountGroup(const Cell& cell, const CellSums& sums, int sign);
  static void CountOpen(const Leaf& leaf, int sign);
  static void CountUse(Cell& cell);
  static void TakeRoom(ScopeRow& scope);
  void SaveLeaf(wire::CanonicalWriter& out, const Leaf& leaf) const;
  void SaveScope(wire::CanonicalWriter& out, const ScopeRow& row) const;
  void LoadScope(wire::CanonicalReader& in, ScopeRow& row, uint8_t version);
  Index FindLeaf(const RowName& name) const;
  // The rows of a leaf on their way into the cache, all at once.
  void Fetch(const Leaf& leaf) const;

  // Quote assets by number.
  struct Asset {
    market::AssetId id;
    bool at_par = false;
  };

  LimitSet limits_;
  std::vector<Asset> assets_;
  std::deque<ScopeRow> scopes_;
  std::deque<InstrumentRow> instruments_;
  std::deque<Leaf> leaves_;
  std::deque<Cell> cells_;
  std::deque<BalanceRow> balances_;
  OrderTable orders_;

  std::array<absl::flat_hash_map<std::string, Index>, 6> scope_index_;  // by ScopeKind
  absl::flat_hash_map<std::string, Index> instrument_index_;
  using ByName = ByText<Leaf, &Leaf::name>;
  absl::flat_hash_set<Index, ByName, ByName> leaf_index_;
  absl::flat_hash_map<std::pair<Index, Index>, Index> cell_index_;
  std::map<std::tuple<Index, std::string, market::AssetId>, Index> balance_index_;
  // Intent, verdict and first report speak of the same leaf one after the other.
  Index last_leaf_ = kNone;
  base::Time person_seen_ = base::Time::min();
  // Paid (received: negative) by account and asset, beside trades and instruments.
  std::map<std::pair<std::string, market::AssetId>, market::Money> bookings_;
  std::vector<int64_t> group_rho_ppm_;
  int64_t day_ = kNoDay;
  bool market_limits_ = false;  // some scope states max_move or max_volatility
  Stats stats_;
};

}  // namespace gannet::risk
