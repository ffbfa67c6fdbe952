// What is sent to a venue, and what became of it. The contract is docs/orders.md:
// every permitted verdict gets exactly one first report, no byte leaves before its
// record is durable, and an order's fate is what the venue has proven, or UNKNOWN.
//
// Pure: inputs and engine time come in by the On… calls, facts and requests leave
// through ExecutionOutput. One thread. What it must remember over a restart is in
// ExecutionState and changes only by Apply; everything else here (requests under
// way, inquiries, the session) is begun again by Resume.
//
// Sources: execution_engine.cc decides on verdicts, cancels and commands;
// execution_answers.cc books what the venue says; execution_inquiry.cc finds out
// the fate of orders; execution_reconcile.cc compares with the venue;
// execution_derivatives.cc does what only accounts with positions need;
// execution_inspect.cc lays both sides out for people; execution_adjust.cc takes what they
// sign of differences and of ends; execution_stop.cc follows a kill switch to its verified end
// and a cancel-all to that of its orders; execution_flatten.cc closes what a kill switch finds
// held; execution_standing.cc says what is held.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/account_event.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/order.h"
#include "libs/market/standing.h"
#include "libs/venue/order_venue.h"
#include "services/execution/comparison.h"
#include "services/execution/execution_state.h"
#include "services/execution/rate_budget.h"

namespace gannet::execution {

// What to do about orders that nobody here asked for.
enum class ForeignPolicy : uint8_t {
  kTolerate = 1,
  kHalt,
  kCancel
};  // kHalt: no new orders in that instrument

struct ExecutionOptions {
  market::AccountId account;
  Domain domain;
  base::Duration stream_wait =
      std::chrono::milliseconds(500);  // after an unknown outcome, before the first query
  base::Duration inquiry_first = std::chrono::seconds(1);  // back-off of queries
  base::Duration inquiry_limit = std::chrono::seconds(30);
  base::Duration reconcile_every = std::chrono::seconds(60);
  base::Duration time_sync_every = std::chrono::seconds(60);
  base::Duration recheck_after =
      std::chrono::seconds(5);  // balances that do not add up are looked at again
  base::Duration sweep_every = std::chrono::seconds(1);  // of what a kill switch covers
  bool block_on_unknown = false;  // no new orders in an instrument that has an UNKNOWN one
  bool compare_balances = true;
  // The venue cancels what is open this long after it last heard of us; zero: it does not.
  base::Duration dead_man{0};
  ForeignPolicy foreign = ForeignPolicy::kTolerate;
  // An order that closes a position under a kill switch takes no price further than this from
  // the middle of the venue's own bid and ask.
  int64_t flatten_collar_ppm = 10'000;
  bool four_eyes = true;  // who approves an adjustment is not who proposed it
  // Orders leave only with a key that may trade and not withdraw, by the venue's own word.
  bool check_key = false;
  bool key_addresses = true;  // and that works from certain addresses only
  RateLimits rate;
};

// Under way at once, at most; beyond it queries wait. Placements and cancels are
// bounded by the venue's limits.
inline constexpr size_t kMaxQueriesUnderWay = 64;
// Requests that one question may take, pages and parts; longer answers are no answer.
inline constexpr size_t kMaxParts = 200;
// What a key may do is asked again so often; sooner while it does not fit.
inline constexpr base::Duration kCheckKeyEvery = std::chrono::minutes(10);

// In the ids of requests that are not journaled; below it they are numbered.
inline constexpr uint64_t kQueryBit = uint64_t{1} << 63;

// A request to be sent once everything decided so far is durable.
struct OutgoingRequest {
  uint64_t id = 0;
  venue::WireRequest wire;
  market::ClientOrderId order;                // placed or amended; empty for what needs no verdict
  market::ClientOrderId about;                // placed, amended or cancelled
  std::vector<market::ClientOrderId> others;  // placed or cancelled with it
  // Placement, amendment: the gate is asked again at the moment of sending, of each order.
  bool needs_verdict = false;
};

// A difference, or the end of an order that the venue does not find, named by a person; or a
// decision about what another has named.
inline constexpr char kAsTransfer[] = "transfer", kAsResult[] = "result";
struct AdjustRequest {
  AdjustmentNote::Step step = AdjustmentNote::Step::kProposed;
  std::string person, reason;
  std::string subject;    // kProposed: asset or instrument
  std::string price;      // of an instrument: decimal
  uint64_t proposal = 0;  // otherwise
  // kProposed, in place of a subject: an order; where its end can be seen; what was filled of it,
  // decimal (empty: what is booked).
  market::ClientOrderId order;
  std::string evidence, filled;
  std::string book_as;  // kProposed, of an asset: kAsTransfer or kAsResult
  bool operator==(const AdjustRequest&) const = default;
};
struct AdjustAnswer {
  uint64_t proposal = 0;
  std::string detail;  // for people
};

class ExecutionOutput {
 public:
  virtual ~ExecutionOutput() = default;
  // Facts: recorded, and applied to the engine before the call returns.
  virtual void Emit(market::ExecReport report, const market::Header& cause) = 0;
  virtual void Emit(market::BalanceUpdate balance, const market::Header& cause) = 0;
  virtual void Emit(market::PositionUpdate position, const market::Header& cause) = 0;
  virtual void Emit(market::AccountEvent event, const market::Header& cause) = 0;
  virtual void Emit(wire::EngineNote note, const market::Header& cause) = 0;
  virtual void Emit(market::CommandAnswer answer, const market::Header& cause) = 0;
  // Effects.
  virtual void Send(OutgoingRequest request) = 0;
  virtual void RestartStream() = 0;  // close it and connect again
  // What Inspect was asked for. `tickets` are over with it.
  virtual void Inspected(const std::vector<uint64_t>& tickets, const Comparison& comparison) = 0;
  // What Adjust has decided; told to people once its facts are durable.
  virtual void Adjusted(uint64_t ticket, const absl::StatusOr<AdjustAnswer>& answer) = 0;
};

// What a transport error begins with when no byte of the request left. Then
// follow the number of a RejectReason, ": " and words.
inline constexpr std::string_view kNotSentPrefix = "not sent: ";
std::string NotSentError(const Block& block);

// The same where it may be written down anew, each order by itself: of a batch of which an order
// may not leave, and of a frame whose connection is gone, which may go by REST.
inline constexpr std::string_view kAnewPrefix = "divided: ";
std::string AnewError(const Block& block);

class ExecutionEngine {
 public:
  ExecutionEngine(ExecutionOptions options, venue::OrderVenue& venue, ExecutionOutput& out);

  // --- facts --------------------------------------------------------------------
  template <class T>
  void Apply(const market::Event<T>& event) {
    state_.Apply(event);
  }

  // --- inputs; each follows the Apply of what it speaks of ------------------------
  // Where the venue takes batches the verdict may wait for those that come with it: until
  // DecideGathered, which is due at the end of the turn, or the next other input.
  void OnVerdict(const market::Event<market::RiskDecision>& event, base::Time now);
  bool gathers() const { return !gathered_.empty(); }
  void DecideGathered();
  // A cancel-all, followed until the orders that were open then have ended; not over a restart.
  struct CancelRun {
    market::EventId command;
    std::string request_id, person;
    size_t orders = 0;
    std::vector<market::ClientOrderId> open;  // of these; some may have ended
  };
  bool follows_cancels() const { return !cancel_runs_.empty(); }
  // Those that are over, each once.
  std::vector<CancelRun> TakeEnded();
  void OnIntent(const market::Event<market::OrderIntent>& event, base::Time now);
  void OnRiskState(const market::Event<market::RiskState>& event, base::Time now);
  void OnCommand(const market::Event<market::Command>& event, base::Time now);
  void OnInstrument(const market::Event<market::Instrument>& event, base::Time now);
  void OnHttp(const wire::HttpExchange& exchange, const market::Header& cause, base::Time now);
  void OnStream(const wire::StreamEvent& event, const market::Header& cause, base::Time now);
  void OnWake(const market::Header& cause, base::Time now);
  // Asks the venue for what it holds and answers by ExecutionOutput::Inspected. Without
  // `dry_run` a reconciliation goes before.
  void Inspect(uint64_t ticket, bool dry_run, const market::Header& cause, base::Time now);
  // What a person wants of a difference, or of the end of an order that the venue does not find;
  // answered by ExecutionOutput::Adjusted.
  // FAILED_PRECONDITION: why it is not done.
  void Adjust(uint64_t ticket, const AdjustRequest& request, const market::Header& cause,
              base::Time now);
  // After recovery, or at a fresh start.
  void Resume(const market::Header& cause, base::Time now);
  // No new orders from here on.
  void StopIntake() { draining_ = true; }

  // When OnWake is due; Time::max(): not at all.
  base::Time next_wake() const {
    return schedule_.empty() ? base::Time::max() : schedule_.begin()->first;
  }

  // Asked immediately before the bytes leave: why they may not. `wall` is the
  // present, which may be later than engine time.
  std::optional<Block> SendBlock(const OutgoingRequest& request, base::Time wall) const;

  // --- for those who look -----------------------------------------------------------
  const ExecutionState& state() const { return state_; }
  ExecutionState& mutable_state() { return state_; }  // snapshots
  bool ready() const { return ready_; }
  bool stream_up() const { return subscribed_; }
  size_t requests_under_way() const { return in_flight_.size(); }
  bool placements_under_way() const;
  // Open orders, positions and balances as they are at `now`.
  void AddTo(market::Standing& standing, base::Time now) const;
  // Kill switches since the start, oldest first: the latest kMaxStops.
  const std::deque<StopRun>& stops() const { return stops_; }
  // Open orders that the venue did not find when it was asked last.
  const std::set<market::ClientOrderId>& vanished() const { return vanished_; }
  // Why instruments take no new orders, one a line.
  std::vector<std::string> Halts() const;
  // What is wrong now, each with what helps.
  std::vector<std::string> Problems(base::Time now) const;

  struct Stats {
    uint64_t verdicts = 0, journaled = 0, not_sent = 0, cancels = 0, cancels_joined = 0,
             cancels_repeated = 0;
    uint64_t cancel_batches = 0;                                   // requests that cancel several
    uint64_t place_batches = 0, batched_placements = 0;            // that place several; how many
    uint64_t divided_batches = 0;                                  // stopped for one of them
    uint64_t amendments = 0, amended = 0, amendments_refused = 0;  // sent, took effect, did not
    uint64_t fills = 0, duplicate_fills = 0, fill_conflicts = 0, missing_fills = 0,
             illegal_events = 0;
    uint64_t stale_updates = 0, bad_frames = 0, unexpected_answers = 0, unreadable_numbers = 0;
    uint64_t unknown_outcomes = 0, absences_proven = 0, inquiries = 0;
    uint64_t foreign_orders = 0, lost_own_orders = 0;  // found at the venue, unknown here
    uint64_t changed_orders = 0;                       // at the venue by another hand, each time
    uint64_t twin_orders = 0;          // taken by the venue from a request that another came of too
    uint64_t turned_away = 0;          // placements, for a reason that another copy may not share
    uint64_t refused_copies = 0;       // of a request that the venue has taken
    uint64_t contradicted_ends = 0;    // orders that had ended untaken here and work at the venue
    uint64_t unknown_instruments = 0;  // updates that could not be read for want of a definition
    uint64_t reconciliations = 0, failed_reconciliations = 0, vanished_orders = 0;
    uint64_t histories = 0;  // looks at closed orders in place of a question for each
    uint64_t differences = 0, stale_balances = 0;
    uint64_t balance_changes = 0;  // booked: funding, transfers, results of closing
    uint64_t stream_ends = 0;
    uint64_t stops_verified = 0;  // kill switches whose end the venue has confirmed
    uint64_t closing_orders = 0;  // sent in the name of a kill switch
    uint64_t inspections = 0;
    uint64_t dead_man_renewals = 0, dead_man_failures = 0;
    uint64_t names_awaited = 0;  // updates held until it was known whose they are
  };
  const Stats& stats() const { return stats_; }
  const RateBudget& budget() const { return budget_; }

 private:
  enum class Purpose : uint8_t {
    kPlace,
    kPlaceBatch,
    kCancel,
    kCancelBatch,
    kReplace,
    kAmend,  // journaled
    kInquiryOrder,
    kInquiryTrades,
    kInquirySince,
    kInquiryCancel,
    kInquiryTime,  // about one order
    kIdentify,
    kOpenOrders,
    kOrderHistory,
    kAccount,
    kTradesSince,
    kTimeSync,
    kSubscribe,
    kStreamKey,
    kDeadMan,
    kBalanceChanges,
    kKeyRights,
    kInspectOrders,
    kInspectAccount,
    kInspectTrades,
    kStopCheck,
    kStopAccount,
    kStopPrice,
  };
  struct InFlight {
    Purpose purpose = Purpose::kPlace;
    venue::RequestContext context;
    market::VenueOrderId venue_order;  // kIdentify
    base::Time sent_at{};
    uint64_t session = 0;  // reconciliation, inspection or stop that asked
    // What answers to earlier parts of the same question said (OrderVenue::NextPart).
    std::shared_ptr<venue::Answer> gathered;
    size_t parts = 1;
    bool Cancels(const market::ClientOrderId& order) const;
  };

  struct Figures {
    market::Price price;
    market::Quantity quantity;
    bool operator==(const Figures&) const = default;
  };
  struct ReportExtra {
    std::string code, detail, evidence;
    market::RejectReason local_reason = market::RejectReason::kNone;
    std::optional<market::Fill> fill;
    market::VenueOrderId venue_order_id;
    base::Time event_time{};
    market::ClientOrderId target;    // kPendingUpdate: the amendment
    std::optional<Figures> figures;  // kReplaced by another hand: of the order as it is
  };

  // A verdict with what it came from, that waits for others of its turn.
  struct Gathered {
    OpenVerdict verdict;
    market::Header cause;
  };

  // The search for what became of one order.
  struct Final {  // terminal at the venue; reported once all its fills are booked
    market::ExecKind kind = market::ExecKind::kCanceled;
    market::Quantity cumulative;
    std::string code, detail, evidence;
    market::VenueOrderId venue_order_id;
  };
  struct Inquiry {
    bool asking = false;       // a request of it is under way
    bool by_venue_id = false;  // its client id leads to its twin
    base::Time next{};         // not before
    base::Time scheduled = base::Time::max();
    base::Duration backoff{0};
    bool want_state = false;    // ask for the order
    bool want_trades = false;   // ask for its trades
    bool asked_trades = false;  // for them the latest time, not for the order
    bool cancel_open = false;   // the outcome of its cancel is unknown
    std::optional<Final> final;
    // Of the copy of the placement that was answered: what the order ends with once it is
    // proven that no other was taken. Not kept over a restart; it ends ABSENT then.
    std::optional<ReportExtra> refusal;
    // Of the copy of its amendment that was answered: what that ends with unless the venue
    // shows that another took effect. Not kept over a restart either.
    std::optional<ReportExtra> amend_refusal;
    // Proof of absence: (a), (b), (c) of docs/orders.md.
    bool time_proven = false, cancel_unknown = false;
    bool query_empty = false, trades_empty = false;  // of the running round
    size_t place = 0;                                // asked about now: in those before it was not
    int empty_rounds = 0;
    base::Time first_empty{};
    std::string evidence;
  };

  enum class TaskKind : uint8_t {
    kInquiry,
    kReconcile,
    kBalances,
    kTimeSync,
    kCancels,
    kSweep,
    kSubscribe,
    kStreamKey,
    kDeadMan,
    kBalanceChanges,
    kKeyRights,
    kHeartbeat,
    kInspect,
    kStop,
  };
  struct Task {
    TaskKind kind = TaskKind::kInquiry;
    market::ClientOrderId order;  // kInquiry
  };

  struct Reconciliation {
    uint64_t number = 0;
    enum class Part : uint8_t { kToAsk, kAsked, kDone };
    Part orders = Part::kToAsk, account = Part::kToAsk, changes = Part::kToAsk;
    size_t list = 0;                         // of open orders: which is asked for
    std::set<market::ClientOrderId> listed;  // in those before
    std::map<market::InstrumentId, Part> trades;
    std::set<market::ClientOrderId> verifying;
  };

  // The venue's side, as it was asked for people.
  struct Inspection {
    using Part = Reconciliation::Part;
    uint64_t number = 0;
    std::vector<uint64_t> tickets;
    uint32_t round = 1;
    int failures = 0;
    size_t list = 0;
    Part orders = Part::kToAsk, account = Part::kToAsk;
    base::Time since{};  // of trades
    struct Trades {
      Part part = Part::kToAsk;
      size_t pages = 0;
      bool whole = true;
      std::vector<venue::TradeUpdate> rows;
    };
    std::map<market::InstrumentId, Trades> trades;
    std::vector<venue::OrderUpdate> open;
    std::vector<venue::BalanceEntry> balances;
    std::optional<std::vector<venue::PositionEntry>> positions;
    std::optional<std::set<std::string>> differed;  // in every round before
  };

  // execution_engine.cc
  void Enter(const market::Header& cause, base::Time now);
  void Decide(const market::RiskDecision& verdict, const market::EventId& correlation);
  size_t MostInPlaceBatch() const;
  size_t MostInCancelBatch() const;
  void PlaceTogether(std::vector<Gathered> placements);
  // False: not in one request; nothing was done.
  bool JournalBatch(const std::vector<Gathered>& placements);
  // Of a batch of which no byte left: each anew, by itself.
  void PlaceSingly(const std::vector<market::ClientOrderId>& ids);
  std::optional<Block> OrderBlock(const market::ClientOrderId& id, const OutgoingRequest& request,
                                  base::Time wall) const;
  std::optional<Block> CheckVerdict(const market::RiskDecision& verdict) const;
  std::optional<Block> Gate(const market::OrderIntent& intent, market::Quantity quantity,
                            bool only_reduces = false) const;
  std::optional<Block> CheckReplace(const market::OrderIntent& intent) const;
  void NotSent(const market::OrderIntent& intent, const market::EventId& correlation,
               const Block& block);
  void Journal(const market::OrderIntent& intent, const market::EventId& correlation);
  void SendPlacement(const market::ClientOrderId& id, market::Quantity quantity);
  // The order as a venue that nets takes it: without a reduce-only that it would refuse.
  // Nothing: as it is. `beside` leave with it.
  std::optional<market::OrderIntent> Netted(const market::OrderIntent& intent,
                                            market::Quantity quantity,
                                            const market::Instrument& instrument,
                                            std::span<const market::OrderIntent> beside = {}) const;
  std::optional<Block> CheckAmend(const market::OrderIntent& intent) const;
  void SendAmendment(const market::RiskDecision& verdict, const market::EventId& correlation);
  // The first answer to the verdict on an amendment that is not sent.
  void AmendNotSent(const market::OrderIntent& intent, const market::EventId& correlation,
                    const Block& block);
  void ReleaseHeld(const market::ClientOrderId& target);
  void WithdrawHeld(const market::ClientOrderId& id, std::string why, market::RejectReason reason);
  void AnswerCancel(const market::OrderIntent& intent, const market::EventId& correlation);
  // False: the venue's limits do not allow a request now; try again later.
  bool SendCancel(const market::ClientOrderId& id, std::string_view why);
  // In batches where the venue has them. False: the request limit left no room for all.
  bool SendCancels(const std::vector<market::ClientOrderId>& ids, std::string_view why);
  bool SendCancelBatch(const std::vector<market::ClientOrderId>& ids, std::string_view why);
  void RetryCancels();
  void Sweep();
  void CancelScope(const market::Scope& scope);
  // Of to_cancel_, as many as the request limit leaves room for now; the others are tried again.
  void CancelChosen();
  void SetGate(const market::Event<market::Command>& event, bool killed);
  bool EnsureInstrument(const market::InstrumentId& id, uint32_t version);
  // True: nothing was known of it here until now, and its definition has come.
  bool Learn(const market::InstrumentId& id);

  // Sending. Journaled requests get a note; queries do not.
  void SendJournaled(Purpose purpose, venue::WireRequest wire, venue::RequestContext context,
                     market::Quantity quantity);
  bool SendQuery(Purpose purpose, venue::WireRequest wire, venue::RequestContext context,
                 market::VenueOrderId venue_order = {},
                 RateBudget::Use use = RateBudget::Use::kNormal, uint64_t session = 0);
  void Schedule(base::Time at, Task task);
  base::Time VenueNow() const { return now_ + clock_offset_; }
  base::Time LatestEffect(const JournaledRequest& request) const;
  bool MayArrive(const JournaledRequest& request) const {
    return request.id != 0 && VenueNow() <= LatestEffect(request);
  }
  bool CancelUnderWay(const market::ClientOrderId& id) const;
  // Its client id does not lead to it: requests go by the venue's.
  bool ByVenueId(const TrackedOrder& order) const;
  venue::OrderKey KeyOf(const TrackedOrder& order) const;
  // Has an identity that is no order yet.
  bool Waits(const TrackedOrder& order) const;

  // execution_answers.cc
  void NotePause();
  // True: the answer is not whole yet, and the rest has been asked for.
  bool AskNextPart(const InFlight& request, venue::Answer& answer);
  void OnAnswer(const InFlight& request, const venue::Answer& answer);
  void OnNotSent(const InFlight& request, const Block& block);
  void SendAnew(const InFlight& request, std::string_view why);
  // One leg: placing an order, or cancelling one.
  void OnPlaced(const market::ClientOrderId& id, const venue::LegOutcome& leg,
                const std::vector<venue::TradeUpdate>& trades, const std::string& evidence);
  void OnCanceled(const market::ClientOrderId& id, const venue::LegOutcome& leg,
                  const std::string& evidence);
  void OnAmended(const InFlight& request, const venue::LegOutcome& leg,
                 const std::string& evidence);
  // The venue's price and quantity of an order tell whether its amendment took effect.
  bool ShowsAmendment(const TrackedOrder& order, const venue::OrderUpdate& update);
  void AmendRejected(const market::ClientOrderId& id, ReportExtra extra);
  // Price and quantity that the venue states of it; nothing when it states none, or none that
  // such an order could have.
  std::optional<Figures> FiguresOf(const TrackedOrder& order, const venue::OrderUpdate& update);
  // What another hand has changed at the venue is so, whoever permitted it.
  void NoticeChange(const market::ClientOrderId& id, const venue::OrderUpdate& update,
                    const std::string& evidence);
  // In answer to a question asked at `asked_at`: an amendment that can no longer arrive has
  // taken effect by now, or never will.
  void SettleAmendment(const market::ClientOrderId& id, const venue::OrderUpdate& said,
                       base::Time asked_at, const std::string& evidence);
  void CancelRefused(const market::ClientOrderId& id, const std::string& code,
                     const std::string& message, const std::string& evidence);
  // Whose update it was; empty when no order here took it.
  market::ClientOrderId OnOrderUpdate(const venue::OrderUpdate& update,
                                      const std::vector<venue::TradeUpdate>& trades,
                                      const std::string& evidence);
  const TrackedOrder* FindNamed(const market::ClientOrderId& id,
                                const market::InstrumentId& instrument) const;
  const TrackedOrder* OrderOf(const venue::OrderUpdate& update, const std::string& evidence);
  // True: it may be what one of our waiting orders has become; they are asked first.
  bool AwaitName(const venue::OrderUpdate& update);
  // In answer to `request` the venue has said what `id` is.
  void NameKnown(const market::ClientOrderId& id, uint64_t request);
  void OnStatus(const market::ClientOrderId& id, const venue::OrderUpdate& update,
                const std::string& evidence);
  void OnFinal(const market::ClientOrderId& id, Final final);
  void Finish(const market::ClientOrderId& id);
  void Closed(const market::ClientOrderId& id);
  // Books a trade if it is new; `claimed` is the venue's cumulative figure with it. Without one
  // it is of a list, and `spoken` is when its order last spoke at the venue. False: it waits for
  // the order's own word.
  bool BookTrade(const market::ClientOrderId& id, const venue::TradeUpdate& trade,
                 std::optional<market::Quantity> claimed, const std::string& evidence,
                 base::Time spoken = {});
  // A list of trades need not say how much an order asks for by now: another hand may have made
  // it larger. True: what would fill it to `after`, and so end it, or goes beyond what is known of
  // it, waits for what the order itself says.
  bool AwaitsItsOrder(const TrackedOrder& order, const venue::TradeUpdate& trade,
                      market::Quantity after, base::Time spoken) const;
  // Another hand has made its order larger.
  void NoticeGrowth(const market::ClientOrderId& id, const venue::TradeUpdate& trade,
                    const std::string& evidence);
  // Until its order has spoken. False: no room.
  bool Keep(const venue::TradeUpdate& trade);
  // The account events of a trade, ahead of its report.
  void BookEvents(const TrackedOrder& order, const venue::TradeUpdate& trade,
                  const market::Fill& fill, const std::string& evidence);
  void OnTrades(const std::vector<venue::TradeUpdate>& trades, const std::string& evidence,
                bool* unexplained, bool listed = true);
  bool LookedAt(const venue::TradeUpdate& trade, bool listed) const;
  // Works at the venue after an end here that the venue itself never told: untaken, or signed.
  bool ContradictsEnd(const TrackedOrder& order, const venue::OrderUpdate& update) const;
  // An order that this journal does not know, or (`first`) a second one of the same
  // client id, or one that has ended here. Null: it can change nothing here.
  const TrackedOrder* Adopt(const venue::OrderUpdate& update, const TrackedOrder* first,
                            const std::string& evidence);
  // Reports a step of an order; an event that the table does not allow becomes a
  // kIllegal report. True when the step was legal.
  bool Step(const market::ClientOrderId& id, market::ExecKind kind, ReportExtra extra);
  void Illegal(const TrackedOrder& order, std::string_view what, const ReportExtra& extra);
  market::ExecReport ReportOf(const TrackedOrder& order, market::ExecKind kind,
                              const ReportExtra& extra) const;
  // For a fact about an order: the cause of now, in the chain that led to the order.
  market::Header Chain(const market::EventId& correlation, base::Time event_time) const;
  void EmitPosition(const market::PositionKey& key, const market::Instrument* instrument,
                    const market::Header& cause);
  // Nothing: there is no such position, or its instrument is not known.
  std::optional<market::PositionUpdate> PositionOf(const market::PositionKey& key,
                                                   const market::Instrument* instrument) const;
  std::optional<market::Quantity> QuantityOf(const TrackedOrder& order, std::string_view text);
  std::optional<market::Fill> FillOf(const TrackedOrder& order, const venue::TradeUpdate& trade);

  // execution_inquiry.cc
  Inquiry& Inquire(const market::ClientOrderId& id, base::Duration wait);
  // From the moment an order becomes UNKNOWN.
  Inquiry& BeginSearch(const market::ClientOrderId& id);
  void StepInquiry(const market::ClientOrderId& id);
  void StepAbsence(const TrackedOrder& order, Inquiry& inquiry);
  void Ask(const TrackedOrder& order, Inquiry& inquiry, Purpose purpose, venue::WireRequest wire,
           const venue::OrderKey& key = {}, base::Time since = {}, bool unexplained = false);
  void OnInquiryAnswer(const InFlight& request, const venue::Answer& answer);
  bool BookInquiryAnswer(const InFlight& request, const venue::Answer& answer, bool& unexplained);
  bool LookedEverywhere(const InFlight& request, Inquiry& inquiry);
  void OrderAnswered(const InFlight& request, const venue::Answer& answer,
                     const TrackedOrder& order, Inquiry& inquiry);
  void SinceAnswered(const InFlight& request, const venue::Answer& answer, bool unexplained,
                     const TrackedOrder& order, Inquiry& inquiry);
  void TimeAnswered(const venue::Answer& answer, const TrackedOrder& order, Inquiry& inquiry);
  void NothingNew(Inquiry& inquiry);
  void RepeatCancel(const market::ClientOrderId& id);
  void ProveAbsent(const market::ClientOrderId& id, const Inquiry& inquiry);
  // A trade that nobody could name has been named: it stood against proofs of absence there.
  void SearchOn(const market::InstrumentId& instrument);

  // execution_reconcile.cc
  void OnStreamUpdate(const venue::StreamUpdate& update);
  void BeginSession();
  void Subscribe();
  void CheckSubscription();
  void Beat();  // keeps the stream
  void AskStreamKey();
  void OnStreamKey(const venue::Answer& answer);
  void SyncTime();
  void DoubtClock();
  void BeginReconciliation();
  void ContinueReconciliation();
  void FinishReconciliation();
  void RetryReconciliation();
  // Asks for own trades that were not looked at yet, or for what follows an answer.
  bool AskUncheckedTrades(const market::InstrumentId& instrument);
  bool AskMoreTrades(const InFlight& request, const venue::Answer& answer, base::Time newest,
                     bool unexplained);
  base::Duration NextSessionPause();  // grows while parts of the session fail
  void OnOpenOrders(const InFlight& request, const venue::Answer& answer);
  bool AskHistory(const market::InstrumentId& instrument,
                  const std::vector<market::ClientOrderId>& missing);
  void AskEach(const std::vector<market::ClientOrderId>& ids);
  void OnOrderHistory(const InFlight& request, const venue::Answer& answer);
  void OnTradesSince(const InFlight& request, const venue::Answer& answer);
  void OnAccount(const InFlight& request, const venue::Answer& answer);
  void OnTime(const InFlight& request, const venue::Answer& answer);
  void OnIdentified(const InFlight& request, const venue::Answer& answer);
  bool IdentifyElsewhere(const InFlight& request);  // false: there is no other place, or no room
  void Verified(const market::ClientOrderId& id);
  bool Doubtful(const venue::Answer& account, base::Time as_of);
  bool OlderThanStream(base::Time as_of) const;
  // `as_of`: of an answer, which may be older than what the stream has told.
  void SetBalance(const venue::BalanceEntry& entry, base::Time time,
                  std::optional<base::Time> as_of = std::nullopt);
  void CompareBalances(const std::vector<venue::BalanceEntry>& entries);

  // execution_key.cc
  void AskKeyRights();
  void OnKeyRights(const venue::Answer& answer);

  // execution_derivatives.cc
  bool AskBalanceChanges();  // false: no room now
  bool AskBalanceChanges(venue::RequestContext context);
  void OnBalanceChanges(const InFlight& request, const venue::Answer& answer);
  void TakeOverPositions(const std::vector<venue::PositionEntry>& positions,
                         const std::string& evidence);
  void ComparePositions(const std::vector<venue::PositionEntry>& positions,
                        const std::string& evidence);
  void BookChange(venue::ChangeKind kind, const venue::BalanceChange& change,
                  const std::string& evidence);
  void LookAtDifferences();
  void ArmDeadMan(const market::InstrumentId& instrument);
  void RenewDeadMan();
  void OnDeadMan(const InFlight& request, const venue::Answer& answer);

  // execution_inspect.cc
  void BeginInspection();
  void ContinueInspection();
  void OnInspected(const InFlight& request, const venue::Answer& answer);
  void InspectAgain(const InFlight& request, const venue::Answer& answer);
  void FinishRound();
  void EndInspection(Comparison comparison);
  Comparison Compare(const Inspection& run) const;
  void CompareOrders(const Inspection& run, Comparison& out) const;
  void CompareFills(const Inspection& run, Comparison& out) const;
  void CompareAmounts(const Inspection& run, Comparison& out) const;
  OrderStated Stated(const TrackedOrder& order) const;
  bool Accounted(const venue::TradeUpdate& trade) const;

  // execution_adjust.cc
  absl::StatusOr<AdjustAnswer> Decide(const AdjustRequest& request);
  absl::StatusOr<AdjustAnswer> Propose(const AdjustRequest& request);
  absl::StatusOr<AdjustmentNote> Subject(const AdjustRequest& request);
  absl::StatusOr<AdjustmentNote> OrderSubject(const AdjustRequest& request) const;
  absl::Status CheckVanished(const market::ClientOrderId& id) const;
  absl::StatusOr<std::string> Book(const AdjustmentNote& note, const AdjustRequest& request);
  // The order has ended by the word of two people: what the venue says of it later is late.
  absl::StatusOr<std::string> EndOrder(const AdjustmentNote& note, const AdjustRequest& request);
  void SetHalt(const market::InstrumentId& instrument, bool halted, std::string reason,
               std::string person);

  // execution_stop.cc
  void BeginStop(const market::Event<market::Command>& event);
  void FollowCancels(const market::Event<market::Command>& event);
  void StepStops();
  void AskStop(StopRun& run);
  void OnStopCheck(const InFlight& request, const venue::Answer& answer);
  StopRun* StopOf(const InFlight& request);  // null: it is over
  void VerifyStop(StopRun& run);
  void ResumeStops();

  // execution_flatten.cc
  void StepFlatten(StopRun& run);
  void OnStopAccount(const InFlight& request, const venue::Answer& answer);
  void FindHoldings(StopRun& run, const venue::Answer& account) const;
  void OnStopPrice(const InFlight& request, const venue::Answer& answer);
  void CloseHolding(StopRun& run, const market::Instrument& instrument,
                    const StopRun::Holding& holding, const venue::BestPrices& best);
  void EndRound(StopRun& run);
  void NextRound(StopRun& run, base::Duration wait);

  void EmitNote(wire::EngineNote note) {
    note.engine = options_.domain.engine;
    out_.Emit(std::move(note), cause_);
  }

  const ExecutionOptions options_;
  venue::OrderVenue& venue_;
  ExecutionOutput& out_;
  ExecutionState state_;
  market::Instruments directory_;  // newest definitions, from the reference topic
  RateBudget budget_;

  market::Header cause_;  // of the input being handled
  base::Time now_{};
  std::vector<Gathered> gathered_;  // in this turn

  std::map<uint64_t, InFlight> in_flight_;
  uint64_t queries_ = 0;
  std::map<market::ClientOrderId, Inquiry> inquiries_;
  std::multimap<base::Time, Task> schedule_;
  std::map<TaskKind, base::Time> scheduled_;  // tasks without an order: the earliest under way
  // Trades of venue orders that we could not name yet, or that wait for their order's own word,
  // by instrument and order.
  std::map<std::pair<market::InstrumentId, market::VenueOrderId>, std::vector<venue::TradeUpdate>>
      unnamed_trades_;
  std::set<market::ClientOrderId> held_;       // second legs that wait for their first
  std::set<market::ClientOrderId> to_cancel_;  // by "cancel all", not sent yet
  std::map<market::ClientOrderId, market::Quantity>
      claimed_;  // highest cumulative figure the venue stated

  bool draining_ = false;
  bool stream_open_ = false, subscribed_ = false, ready_ = false;
  std::optional<base::Time> subscribe_due_;  // asked on this connection; when to try another
  bool setup_checked_ = false;               // of the account, since the stream opened
  bool clock_synced_ = false;
  base::Duration clock_offset_{0};
  std::optional<Reconciliation> reconciliation_;
  uint64_t reconciliations_ = 0;
  base::Duration session_pause_{0};
  std::set<market::ClientOrderId> vanished_;
  std::map<market::AssetId, base::Time> balance_times_;
  std::map<market::AssetId, market::Money> suspects_;  // differences seen once
  std::set<market::AssetId> doubtful_zero_;            // zero balances seen once
  int doubtful_looks_ = 0;                             // first looks that were not believed
  std::set<market::InstrumentId> undefined_;           // updates of them could not be read
  // A venue order that nobody has named, and ours that may have become it.
  struct Unclaimed {
    std::set<market::ClientOrderId> candidates;
    uint64_t asked_before = 0;  // answers to queries up to this number say nothing of it
  };
  std::map<std::pair<market::InstrumentId, market::VenueOrderId>, Unclaimed> unclaimed_;
  std::set<std::pair<market::InstrumentId, market::VenueOrderId>> foreign_names_;  // none of ours
  std::set<market::InstrumentId> armed_;  // whose dead-man timer runs
  // With orders open: why it could not be set, and where it was before.
  std::map<market::InstrumentId, std::string> dead_man_failed_;
  std::set<market::InstrumentId> dead_man_running_;
  std::map<market::InstrumentId, market::Money> position_suspects_;
  std::string key_problem_;  // why no order may leave with this key; empty: it fits
  std::string session_problem_;
  std::vector<uint64_t> tickets_;      // of inspections that have not begun
  std::vector<uint64_t> reconciling_;  // tickets that wait for a reconciliation
  std::optional<Inspection> inspection_;
  uint64_t inspections_ = 0;
  std::deque<StopRun> stops_;
  std::deque<CancelRun> cancel_runs_;
  uint64_t stop_checks_ = 0;
  Stats stats_;
};

}  // namespace gannet::execution
