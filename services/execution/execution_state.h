// Everything that execution remembers, changed by applying facts and by nothing
// else: live, after a restart and in a replay the same facts give the same bytes.
//
// Pure; one thread. Applying never decides; what a fact leaves undone (a verdict
// without a first report, a cancel without an answer) can be read from here.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/node_room.h"
#include "libs/market/account.h"
#include "libs/market/account_event.h"
#include "libs/market/instrument.h"
#include "libs/market/order.h"
#include "libs/market/position.h"
#include "libs/market/scope.h"
#include "libs/wire/canonical.h"
#include "services/execution/notes.h"
#include "services/execution/tracked_order.h"

namespace gannet::execution {

// Closed orders remembered for late fills and repeated messages; beyond it the
// oldest are forgotten (and counted).
inline constexpr size_t kMaxClosedOrders = 2'000;
inline constexpr size_t kMaxTransfers = 1'000;
inline constexpr size_t kMaxAdjustments = 200;  // the oldest are forgotten, decided or not

struct OpenVerdict {  // permitted, not answered yet
  market::RiskDecision decision;
  market::EventId correlation;
  uint64_t origin = 0;                     // stream of the intent; 0: not known
  std::optional<market::Scope> emergency;  // as of TrackedOrder
  bool operator==(const OpenVerdict&) const = default;
};
struct OpenCancel {  // cancel intent, not answered yet
  market::OrderIntent intent;
  market::EventId correlation;
  bool operator==(const OpenCancel&) const = default;
};

// Why an order may not leave.
struct Block {
  market::RejectReason reason = market::RejectReason::kGateClosed;
  std::string text;
};

// Which venues an execution answers for, where several stand in one shard: its own, or all
// that are nobody else's. Facts of the others are not its.
struct Domain {
  std::string engine = kEngineName;  // in notes and answers
  std::string venue;                 // empty: every one that is not `elsewhere`
  std::set<std::string, std::less<>> elsewhere;
  bool Has(std::string_view other) const {
    return venue.empty() ? !elsewhere.contains(other) : venue == other;
  }
  bool Has(const market::InstrumentId& instrument) const {
    return Has(market::VenueOf(instrument));
  }
  bool Meets(const market::Scope& scope) const;  // whether the scope can hold anything of it
};

class ExecutionState {
 public:
  explicit ExecutionState(market::AccountId account, Domain domain = {})
      : account_(std::move(account)), domain_(std::move(domain)) {}

  // --- facts, ours and those we read ------------------------------------------
  void Apply(const market::Event<market::RiskDecision>& event);
  void Apply(const market::Event<market::OrderIntent>& event);
  void Apply(const market::Event<market::RiskState>& event);
  void Apply(const market::Event<market::ExecReport>& event);
  void Apply(const market::Event<market::BalanceUpdate>& event);
  void Apply(const market::Event<market::AccountEvent>& event);
  void Apply(const market::Event<market::PositionUpdate>&) {}  // follows from the reports
  void Apply(const market::Event<wire::EngineNote>& event);    // those of other engines are skipped

  // --- orders -------------------------------------------------------------------
  const market::AccountId& account() const { return account_; }
  const Domain& domain() const { return domain_; }
  const TrackedOrder* Find(const market::ClientOrderId& id) const;
  const TrackedOrder* FindVenueOrder(const market::InstrumentId& instrument,
                                     const market::VenueOrderId& id) const;
  using Orders = std::pmr::map<market::ClientOrderId, TrackedOrder>;
  const Orders& orders() const { return orders_; }
  const std::set<market::ClientOrderId>& open() const { return open_; }
  // The open orders of a scope; valid until the next fact.
  std::vector<const TrackedOrder*> OpenIn(const market::Scope& scope) const;
  const std::map<market::ClientOrderId, OpenVerdict>& unanswered_verdicts() const {
    return verdicts_;
  }
  const std::map<market::ClientOrderId, OpenCancel>& unanswered_cancels() const { return cancels_; }
  uint64_t next_request_id() const { return next_request_id_; }
  uint64_t epoch() const { return epoch_; }

  // --- instruments, positions, balances ------------------------------------------
  // As noted when it was first needed; null when it never was.
  const market::Instrument* FindInstrument(const market::InstrumentId& id, uint32_t version) const;
  const market::Instrument* NewestInstrument(const market::InstrumentId& id) const;
  const market::Positions& positions() const { return positions_; }
  // Over all strategies of the account, each at the scale of its latest fill.
  market::Money NetPosition(const market::InstrumentId& instrument) const;
  const std::map<market::AssetId, market::BalanceUpdate>& balances() const { return balances_; }
  // Up to when (venue's clock) fills are in the balances that were taken over at
  // the first look; nothing before it.
  std::optional<base::Time> baseline() const { return baseline_; }
  // All that the venue has told of, or should hold.
  std::set<market::AssetId> Assets() const;
  // What the venue should hold of an asset, and by how much rounding may move it.
  market::Money Explained(const market::AssetId& asset) const;
  market::Money RoundingSlack(const market::AssetId& asset) const;
  const std::map<market::AssetId, market::Money>& differences() const { return differences_; }
  // Derivatives: what the venue should hold, over all strategies; every instrument with such
  // a position; what is not explained.
  market::Money HeldPosition(const market::InstrumentId& instrument) const;
  std::set<market::InstrumentId> HeldInstruments() const;
  const std::map<market::InstrumentId, market::Money>& position_differences() const {
    return position_differences_;
  }
  // Up to when (venue's clock) changes of balances beside fills were looked at.
  base::Time changes_checked() const { return changes_checked_; }
  // True for a booking that is applied already, by its BookingKey (of those of orders and of
  // others the latest kMaxTransfers each).
  bool KnowsTransfer(const std::string& key) const { return known_transfers_.contains(key); }
  // What people say of differences, by number.
  struct Adjustment {
    AdjustmentNote proposed;
    std::optional<AdjustmentNote> decided;
    bool operator==(const Adjustment&) const = default;
  };
  const std::map<uint64_t, Adjustment>& adjustments() const { return adjustments_; }
  uint64_t next_adjustment() const { return next_adjustment_; }
  // The difference as it is now, or what is filled of the order; nothing when there is none, or
  // when the order is over.
  std::optional<market::Money> DifferenceOf(const AdjustmentNote& note) const;
  // Whether people signed the end of this order, as far as is remembered.
  bool EndSigned(const market::ClientOrderId& id) const;
  // Instruments that take no new orders until a person says so.
  const std::map<market::InstrumentId, HaltNote>& halts() const { return halts_; }
  // The latest that the venue asked for; it may be over.
  const PauseNote& pause() const { return pause_; }
  // Up to which trade all were looked at; nothing when never.
  std::optional<uint64_t> CheckedTrade(const market::InstrumentId& instrument) const;
  // Instruments that orders or fills of this account were in.
  std::set<market::InstrumentId> Traded() const;
  // True for a trade at or before those of forgotten orders.
  bool Forgotten(const market::InstrumentId& instrument, uint64_t trade_id) const;

  // --- gate -----------------------------------------------------------------------
  // Kill switch and trading states that apply to an order of this meaning, or to an amendment
  // of which nothing more can come than of the order as it is.
  std::optional<Block> Blocked(const market::OrderIntent& intent, const market::Money& quantity,
                               bool only_reduces = false) const;
  // Execution's own kill switch for exactly this scope.
  bool OwnGateShut(const market::Scope& scope) const {
    const auto gate = own_gates_.find(scope);
    return gate != own_gates_.end() && gate->second.killed;
  }
  // Execution's own kill switches, by scope; those that were lifted too.
  const std::map<market::Scope, GateNote>& own_gates() const { return own_gates_; }
  // The kill switch in whose name this order closes a position; null: it is none of these.
  const market::Scope* EmergencyOf(const market::ClientOrderId& id) const;
  // True when a kill switch covers it: whatever is open of it is to be cancelled.
  bool Killed(const market::OrderIntent& intent) const;
  // Why nobody looks after an order of this meaning, so that it is to be cancelled: it is of a
  // program, opens something, and risk does not hear strategy, or not the process of strategy
  // that asked for it. Null: somebody does.
  const market::RiskState* Unattended(const market::OrderIntent& intent) const;

  struct Stats {
    uint64_t duplicate_verdicts = 0, duplicate_cancels = 0;
    uint64_t forgotten_orders = 0;
    uint64_t unbooked_fills = 0;  // fills that the position could not take
    uint64_t unreadable_notes = 0;
    bool operator==(const Stats&) const = default;
  };
  const Stats& stats() const { return stats_; }

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

 private:
  uint64_t OriginOf(const market::OrderIntent& intent) const;
  void NoteProcess(const market::RiskState& state);
  TrackedOrder& FromReport(const market::Event<market::ExecReport>& event);
  void ApplyFill(TrackedOrder& order, const market::ExecReport& report);
  void Remember(std::deque<std::string>& latest, const std::string& key);
  void ApplySigned(const market::AccountEvent& event);
  void ApplyAdjustmentNote(const AdjustmentNote& note);
  void ApplyRequest(const RequestNote& note);
  void ApplyBalanceNote(const BalanceNote& note);
  void ApplyPositionNote(const PositionNote& note);
  void Close(const TrackedOrder& order);
  void ForgetOldest();

  const market::AccountId account_;
  const Domain domain_;
  base::NodeRoom room_ = base::NodeRoom::ForMapOf<Orders::value_type>(kMaxClosedOrders + 100);
  Orders orders_{&room_};
  std::set<market::ClientOrderId> open_;
  std::deque<market::ClientOrderId> closed_;  // oldest first
  std::map<std::pair<market::InstrumentId, market::VenueOrderId>, market::ClientOrderId>
      by_venue_id_;
  std::map<market::ClientOrderId, OpenVerdict> verdicts_;
  std::map<market::ClientOrderId, OpenCancel> cancels_;
  uint64_t next_request_id_ = 1;
  uint64_t epoch_ = 0;

  std::map<std::pair<market::InstrumentId, uint32_t>, market::Instrument> instruments_;
  market::Positions positions_;
  std::map<market::AssetId, market::BalanceUpdate> balances_;
  std::optional<base::Time> baseline_;
  std::map<market::AssetId, market::Money> explained_, rounding_slack_, differences_;
  std::deque<std::string> transfers_, trades_;  // keys of bookings, oldest first
  std::set<std::string> known_transfers_;
  base::Time changes_checked_{};
  std::map<market::InstrumentId, market::Money> position_baseline_, position_differences_;
  std::map<market::InstrumentId, uint64_t> checked_trade_, forgotten_trade_;

  std::map<market::Scope, market::RiskState> risk_states_;
  std::map<uint64_t, market::RiskState> lost_processes_;  // of strategy, by stream; of the above
  std::map<market::Scope, GateNote> own_gates_;
  std::map<uint64_t, Adjustment> adjustments_;
  uint64_t next_adjustment_ = 1;
  std::map<market::InstrumentId, HaltNote> halts_;
  PauseNote pause_;
  Stats stats_;
};

// How the key of what closing a position realised begins, of a build that noted it so.
inline constexpr const char* kRealizedPrefix = "realized:";

// At the scale of its latest fill; nothing before the first.
market::Money NetOf(const market::Position& position);

// Under what a booking is known: the venue's id; of a trade also its order (a self-match
// has one id on two).
std::string BookingKey(const market::AccountEvent& event);

// What a fill moves, without its fee; `slack` is by how much a venue that keeps fewer
// digits may round it (zero: not at all). Derivatives: nothing.
std::vector<market::AssetChange> ChangesOf(const market::Instrument& instrument, market::Side side,
                                           const market::Fill& fill, market::Money& slack);

// A trade id as a number; nothing when the venue does not number its trades.
std::optional<uint64_t> TradeNumber(const std::string& trade_id);

}  // namespace gannet::execution
