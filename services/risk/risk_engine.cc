#include "services/risk/risk_engine.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"
#include "libs/wire/saved.h"
#include "services/risk/verdict.h"

namespace gannet::risk {
namespace {

using market::CommandKind;
using market::IntentKind;
using market::RejectReason;
using market::ScopeKind;
using market::TradingState;

constexpr uint8_t kStateVersion = 2;  // 1: before limits could be proposed
// Rows are never given back, and who only asks may not fill their tables.
constexpr uint32_t kMaxCheckedRows = 1'000;
constexpr char kInstrumentNote[] = "instrument";
constexpr char kMarksNote[] = "marks-by-day";
constexpr char kOldMarksNote[] = "marks";  // with one day for all scopes

int64_t DayOf(base::Time at) {
  return std::chrono::floor<std::chrono::days>(at).time_since_epoch().count();
}

bool ValidScale(int scale) { return scale >= 0 && scale <= market::kMaxScale; }

// In the reasons of the states that control 13 decides, by which a resume knows them.
constexpr char kLostToday[] = " today, max_daily_loss ";
constexpr char kBelowBest[] = " below the best result, max_drawdown ";

// Whether a scope may not open anything for what it lost. While its result is not known, only
// its state says so.
bool StoppedForLoss(const ScopeRow& row) {
  if (row.known() && row.lost) return true;
  return row.state == TradingState::kReducing &&
         (absl::StrContains(row.reason, kLostToday) || absl::StrContains(row.reason, kBelowBest));
}

wire::EngineNote Note(const char* kind, wire::CanonicalWriter& body) {
  return {.engine = std::string(kEngineName), .kind = kind, .body = body.Take()};
}

}  // namespace

RiskEngine::RiskEngine(RiskSettings settings, const LimitSet& limits, std::string text)
    : settings_(settings),
      configured_settings_(settings),
      configured_(limits),
      limits_(limits),
      limits_text_(std::move(text)),
      book_(limits),
      watch_(settings.heartbeats, settings.watch) {}

// --- verdicts ------------------------------------------------------------------

market::RiskDecision RiskEngine::Decide(const market::OrderIntent& intent, base::Time now) const {
  const Index leaf = book_.FindLeaf(intent.account, intent.strategy, intent.instrument);
  const std::optional<Permit> quick = PermitAtOnce(leaf, intent, book_, settings_.gate, now);
  market::RiskDecision decision;
  decision.limit_version = limits_.version;
  decision.epoch = settings_.epoch;
  decision.decided = now;
  decision.expires = now + settings_.verdict_lifetime;
  decision.intent = intent;
  const auto permit = [&decision](const Permit& given) {
    decision.permitted = true;
    decision.reserved = given.reserved;
    decision.reference_price = given.reference;
  };
  if (quick && !watch_.Refuses(intent, now)) {
    permit(*quick);
    return decision;
  }
  // Words are for refusals, which can wait.
  const OrderContext context = MakeContext(intent, book_, settings_.gate, now, &watch_);
  const Verdict verdict = JudgeByControls(context);
  if (verdict.failing.empty()) {
    permit(verdict.permit);
    return decision;
  }
  decision.reference_price = verdict.permit.reference;
  for (const Control& control : Controls()) {
    if (!verdict.failing.Has(control.reason)) continue;
    if (decision.failing.empty()) {
      Finding finding;
      control.fails(context, &finding);
      decision.detail = std::move(finding.detail);
    }
    decision.failing.push_back(control.reason);
  }
  decision.reason = decision.failing.front();
  return decision;
}

std::vector<RiskEngine::Refusal> RiskEngine::Check(market::OrderIntent intent, base::Time now) {
  Index leaf = book_.FindLeaf(intent.account, intent.strategy, intent.instrument);
  if (leaf == kNone && checked_rows_ < kMaxCheckedRows) {
    leaf = LeafOf(intent);
    if (leaf != kNone) ++checked_rows_;
  }
  if (intent.sequence == 0)
    intent.sequence = leaf == kNone ? 1 : book_.leaf(leaf).last_sequence + 1;
  intent.attempt = std::max(intent.attempt, 1u);
  if (intent.client_order_id.empty()) intent.client_order_id = market::ClientOrderId("check");
  intent.hash = wire::IntentHash(intent);
  const OrderContext context = MakeContext(intent, book_, settings_.gate, now, &watch_);
  std::vector<Refusal> refusals;
  for (const Control& control : Controls()) {
    Finding finding;
    if (control.fails(context, &finding)) refusals.push_back({&control, std::move(finding)});
  }
  return refusals;
}

// The leaf that an intent or verdict speaks of; names that the gate does not know
// get no rows.
Index RiskEngine::LeafOf(const market::OrderIntent& intent) {
  const Index known = book_.FindLeaf(intent.account, intent.strategy, intent.instrument);
  const bool account = known != kNone ? book_.leaf(known).limits.known_account
                                      : book_.knows_account(intent.account.text());
  if (!account || intent.strategy.empty()) return kNone;
  return book_.Touch(intent.account, intent.strategy, intent.instrument);
}

void RiskEngine::Apply(const market::Event<market::OrderIntent>& event) {
  const market::OrderIntent& intent = event.value;
  const Index leaf = LeafOf(intent);
  if (intent.kind == IntentKind::kCancel) {  // never refused, always counted
    ++stats_.cancels;
    if (leaf != kNone) book_.CountCancel(leaf, intent.created);
    return;
  }
  if (pending_count_ == pending_.size()) pending_.emplace_back();
  pending_[pending_count_].intent = intent;
  pending_[pending_count_].header = event.header;
  ++pending_count_;
}

void RiskEngine::Apply(const market::Event<market::RiskDecision>& event) {
  const market::RiskDecision& decision = event.value;
  const market::OrderIntent& intent = decision.intent;
  const auto end = pending_.begin() + static_cast<ptrdiff_t>(pending_count_);
  const auto answered = std::find_if(pending_.begin(), end, [&](const PendingIntent& pending) {
    return pending.intent.client_order_id == intent.client_order_id &&
           pending.intent.hash == intent.hash;
  });
  if (answered != end) {
    std::rotate(answered, answered + 1, end);
    --pending_count_;
  }
  const Index leaf = LeafOf(intent);
  if (leaf != kNone) {
    const ExposureBook::Answer answer{decision.decided, decision.permitted, decision.reserved};
    book_.CountAnswer(leaf, intent, answer);
    if (decision.permitted) book_.Open(leaf, intent, answer);
    if (decision.reason != RejectReason::kMalformed) book_.UseSequence(leaf, intent.sequence);
  }
  if (decision.permitted) {
    ++stats_.permitted;
  } else {
    ++stats_.rejected;
    ++stats_.by_reason[decision.reason];
  }
}

void RiskEngine::Apply(const market::Event<market::ParentOrder>& event) {
  if (market::IsTerminal(event.value.state)) book_.EndParent(event.value.id());
}

void RiskEngine::Apply(const market::Event<market::ExecReport>& event) {
  book_.ApplyReport(event.value, event.header.receive_time);
}

void RiskEngine::Apply(const market::Event<market::PositionUpdate>& event) {
  book_.SetTold(event.value, event.header.receive_time);
}

void RiskEngine::Apply(const market::Event<market::AccountEvent>& event) {
  ++stats_.account_events[event.value.kind];
  book_.ApplyBooking(event.value, event.header.receive_time);
}

void RiskEngine::Apply(const market::Event<market::Command>& event) {
  if (!event.value.person.empty()) book_.SeePerson(event.header.receive_time);
}

void RiskEngine::Apply(const market::Event<market::BalanceUpdate>& event) {
  book_.SetBalance(event.value);
}

// --- instruments ---------------------------------------------------------------

absl::StatusOr<RiskEngine::Facts> RiskEngine::DecideInstrument(
    const market::Instrument& instrument) const {
  if (market::VenueOf(instrument.id).empty() || market::SymbolOf(instrument.id).empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "instrument '", instrument.id.text(), "' is not written venue:symbol; correct its source"));
  }
  if (!ValidScale(instrument.price_scale) || !ValidScale(instrument.quantity_scale) ||
      !ValidScale(instrument.quote_scale) || !ValidScale(instrument.base_scale) ||
      instrument.multiplier <= 0 || instrument.version == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("instrument ", instrument.id.text(),
                     " has a scale outside 0 to 18, or no multiplier or version; "
                     "correct its source"));
  }
  Facts facts;
  const Index at = book_.FindInstrument(instrument.id);
  if (at != kNone && book_.instrument(at).scales.back().version >= instrument.version) return facts;
  wire::CanonicalWriter body;
  wire::SaveInstrument(body, instrument);
  facts.notes.push_back(Note(kInstrumentNote, body));
  return facts;
}

void RiskEngine::Apply(const market::Event<wire::EngineNote>& event) {
  const wire::EngineNote& note = event.value;
  if (note.engine != kEngineName) return;
  if (note.kind == kInstrumentNote) {
    wire::CanonicalReader in(note.body);
    const market::Instrument instrument = wire::LoadInstrument(in);
    if (in.ok()) book_.PutInstrument(instrument);
  } else if (note.kind == kMarksNote) {
    ApplyMarks(note.body, true);
  } else if (note.kind == kOldMarksNote) {
    ApplyMarks(note.body, false);
  }
}

// --- trading states ------------------------------------------------------------

market::RiskState RiskEngine::StateOf(const ScopeRow& row) const {
  return {.scope = row.scope,
          .state = row.state,
          .killed = row.killed,
          .reason = row.reason,
          .limit_version = limits_.version,
          .epoch = settings_.epoch};
}

absl::StatusOr<RiskEngine::Facts> RiskEngine::DecideCommand(const market::Command& command,
                                                            base::Time now) const {
  const auto refuse = [&](const char* why) {
    return absl::FailedPreconditionError(absl::StrCat(
        "command ", command.request_id, " for ", FormatScope(command.scope), " refused: ", why));
  };
  if (command.scope.kind < ScopeKind::kFirm || command.scope.kind > ScopeKind::kService) {
    return absl::FailedPreconditionError(
        "command refused: name a scope: firm, account, strategy, venue, instrument, model or "
        "service");
  }
  if (!market::HasOrders(command.scope.kind)) {
    GANNET_ASSIGN_OR_RETURN(std::optional<market::RiskState> state,
                            watch_.DecideCommand(command, now));
    Facts facts;
    if (state) facts.states.push_back(Stated(*std::move(state)));
    return facts;
  }
  if ((command.scope.kind == ScopeKind::kFirm) != command.scope.name.empty()) {
    return refuse("name the scope, or leave the name of the firm empty");
  }
  const Index at = book_.FindScope(command.scope.kind, command.scope.name);
  ScopeRow current;
  current.scope = command.scope;
  market::RiskState next = StateOf(at == kNone ? current : book_.scope(at));
  const market::RiskState before = next;
  const bool latched = at != kNone && (book_.scope(at).throttled || book_.scope(at).breaker_open);
  switch (command.kind) {
    case CommandKind::kKill:
      next.killed = true;
      next.state = TradingState::kHalted;
      break;
    case CommandKind::kResume:
      next.killed = false;
      next.state = TradingState::kActive;
      break;
    case CommandKind::kSetTradingState:
      if (command.state < TradingState::kActive || command.state > TradingState::kHalted) {
        return refuse("no such trading state");
      }
      if (next.killed) return refuse("the kill switch is on; lift it with a resume command");
      next.state = command.state;
      break;
    case CommandKind::kCancelAll:
    case CommandKind::kDrain:
      return Facts{};  // for execution and strategy
    default:
      return refuse("no such command");
  }
  const bool releases = latched && next.state == TradingState::kActive;
  const bool loosens = next.state < before.state || (before.killed && !next.killed) || releases;
  if (loosens && (command.person.empty() || command.reason.empty())) {
    return refuse("lifting a restriction takes a person and a reason; give both");
  }
  next.reason = command.reason;
  next.person = command.person;
  Facts facts;
  // A kill of what is killed already is told too: it has another's reason then.
  if (next.state != before.state || next.killed != before.killed || releases ||
      (command.kind == CommandKind::kKill && next.reason != before.reason))
    facts.states.push_back(next);
  // A person who lets a scope trade again after a loss starts a new count of it. Who lifts
  // another restriction forgives none.
  if (next.state == TradingState::kActive && loosens && at != kNone &&
      StoppedForLoss(book_.scope(at))) {
    const ScopeRow& row = book_.scope(at);
    const Marks anew = row.known() ? Marks{row.result(), row.result(), DayOf(now)}
                                   : Marks{row.day_baseline, row.high, kNewCount};
    facts.notes.push_back(MarksNote(now, {{command.scope, anew}}));
  }
  return facts;
}

void RiskEngine::Apply(const market::Event<market::RiskState>& event) {
  if (!market::HasOrders(event.value.scope.kind)) return watch_.Apply(event.value);
  book_.SetState(event.value);
  if (event.value.scope.kind == ScopeKind::kFirm) {
    stated_epoch_ = event.value.epoch;
    stated_limits_ = event.value.limit_version;
  }
}

RiskEngine::Facts RiskEngine::DecideStart() const {
  Facts facts;
  if (!approved_problem_.empty()) {
    market::RiskState halted = StateOf(book_.scope(0));
    halted.state = TradingState::kHalted;
    halted.reason = approved_problem_;
    facts.states.push_back(std::move(halted));
    return facts;
  }
  std::vector<market::LimitRow> rows = RowsOf(limits_);
  const auto& told = record_.in_force();
  if (!told || told->value.version != limits_.version || told->value.rows != rows) {
    facts.limits.push_back(
        {.step = market::LimitStep::kInForce,
         .base_version = record_.version(),
         .version = limits_.version,
         .text = limits_text_.size() <= market::kMaxLimitsFile ? limits_text_ : "",
         .rows = std::move(rows)});
  }
  if (stated_epoch_ != settings_.epoch || stated_limits_ != limits_.version) {
    facts.states.push_back(StateOf(book_.scope(0)));
  }
  // Who watches a bus in memory has not heard of restrictions that were decided before this start.
  if (stated_epoch_ != settings_.epoch) {
    for (const ScopeRow* row : SortedScopes()) {
      const bool restricted = row->killed || row->state != TradingState::kActive;
      if (restricted && row->scope.kind != ScopeKind::kFirm) facts.states.push_back(StateOf(*row));
    }
    for (const auto& [name, model] : watch_.models()) {
      if (model.state != TradingState::kActive)
        facts.states.push_back(Stated(
            {.scope = {ScopeKind::kModel, name}, .state = model.state, .reason = model.reason}));
    }
  }
  return facts;
}

// --- day, losses, peaks --------------------------------------------------------

// Rows stand in the order in which they were first needed, which a restart from a
// snapshot changes: facts name scopes in the order of their names.
std::vector<const ScopeRow*> RiskEngine::SortedScopes() const {
  std::vector<const ScopeRow*> sorted;
  for (const ScopeRow& row : book_.scopes()) sorted.push_back(&row);
  std::sort(sorted.begin(), sorted.end(),
            [](const ScopeRow* a, const ScopeRow* b) { return a->scope < b->scope; });
  return sorted;
}

void RiskEngine::AppendLossStates(const std::vector<const ScopeRow*>& scopes, int64_t today,
                                  Facts& facts) const {
  for (const ScopeRow* scope : scopes) {
    const ScopeRow& row = *scope;
    if (row.state != TradingState::kActive) continue;
    if (row.throttled || row.breaker_open) {
      market::RiskState state = StateOf(row);
      state.state = TradingState::kCancelOnly;
      state.reason = row.throttled ? "the number of executions in repeated_executions was reached"
                                   : "the number of failures in breaker was reached";
      facts.states.push_back(std::move(state));
      continue;
    }
    if (!row.known() || row.day != today) continue;
    const Value loss = row.day_baseline - row.result(), fall = row.high - row.result();
    const bool lost = row.limits.max_daily_loss && loss > *row.limits.max_daily_loss;
    const bool fell = row.limits.max_drawdown && fall > *row.limits.max_drawdown;
    if (!lost && !fell) continue;
    market::RiskState state = StateOf(row);
    state.state = TradingState::kReducing;
    state.reason =
        lost ? absl::StrCat("lost ", FormatValue(loss), kLostToday,
                            FormatValue(*row.limits.max_daily_loss))
             : absl::StrCat(FormatValue(fall), kBelowBest, FormatValue(*row.limits.max_drawdown));
    facts.states.push_back(std::move(state));
  }
}

market::RiskState RiskEngine::Stated(market::RiskState state) const {
  state.limit_version = limits_.version;
  state.epoch = settings_.epoch;
  return state;
}

RiskEngine::Facts RiskEngine::DecideHeartbeat(base::Time now) const {
  Facts facts;
  for (market::RiskState& state : watch_.Decide(now))
    facts.states.push_back(Stated(std::move(state)));
  return facts;
}

RiskEngine::Facts RiskEngine::DecideTimer(base::Time now) const {
  Facts facts = DecideHeartbeat(now);
  const int64_t today = DayOf(now);
  const bool begins = book_.day() != today;
  const bool due = now - marked_ >= settings_.peak_interval;
  const std::vector<const ScopeRow*> scopes = SortedScopes();
  std::vector<std::pair<market::Scope, Marks>> marks;
  for (const ScopeRow* scope : scopes) {
    const ScopeRow& row = *scope;
    Marks next{row.day_baseline, row.high, row.day};
    if (row.known() && row.day != today)
      next = {row.result(), row.day == kNewCount ? row.result() : row.high, today};
    const bool moved = next.day_baseline != row.day_baseline || next.peak != row.peak;
    if (next.day != (begins ? today : row.day) || ((begins || due) && moved))
      marks.push_back({row.scope, next});
  }
  if (begins || !marks.empty()) facts.notes.push_back(MarksNote(now, marks, begins));
  AppendLossStates(scopes, today, facts);
  return facts;
}

wire::EngineNote RiskEngine::MarksNote(base::Time now,
                                       const std::vector<std::pair<market::Scope, Marks>>& marks,
                                       bool begins) {
  wire::CanonicalWriter body;
  body.Time(now);
  body.Bool(begins);
  body.U32(static_cast<uint32_t>(marks.size()));
  for (const auto& [scope, values] : marks) {
    body.U8(static_cast<uint8_t>(scope.kind));
    body.Bytes(scope.name);
    body.I128(values.day_baseline);
    body.I128(values.peak);
    body.I64(values.day);
  }
  return Note(kMarksNote, body);
}

void RiskEngine::ApplyMarks(const std::string& bytes, bool with_days) {
  wire::CanonicalReader in(bytes);
  const base::Time at = in.Time();
  const int64_t day = DayOf(at);
  if (!with_days || in.Bool()) book_.BeginDay(day);
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const auto kind = static_cast<ScopeKind>(in.U8());
    const std::string name = in.Bytes();
    Marks marks{.day_baseline = in.I128(), .peak = in.I128(), .day = day};
    if (with_days) marks.day = in.I64();
    if (in.ok()) book_.SetMarks({kind, name}, marks);
  }
  if (in.ok()) marked_ = at;
}

// --- saved state ---------------------------------------------------------------

void RiskEngine::Save(wire::CanonicalWriter& out) const {
  out.U8(kStateVersion);
  out.I64(book_.day());
  out.Time(marked_);
  out.U64(stated_epoch_);
  out.U64(stated_limits_);
  SaveLimits(out);
  out.U32(static_cast<uint32_t>(pending_count_));
  for (size_t i = 0; i < pending_count_; ++i) {
    const market::Header& header = pending_[i].header;
    wire::SaveIntent(out, pending_[i].intent);
    out.EventId(header.id);
    out.EventId(header.correlation);
    out.EventId(header.causation);
    out.Time(header.event_time);
    out.Time(header.receive_time);
    out.Bytes(header.tenant);
  }
  book_.Save(out);
}

absl::Status RiskEngine::Load(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && version != kStateVersion && version != 1) {
    return absl::FailedPreconditionError(absl::StrCat("risk state of format ", version,
                                                      ", this build reads ", kStateVersion,
                                                      "; use the build that wrote it"));
  }
  book_.BeginDay(in.I64());
  marked_ = in.Time();
  stated_epoch_ = in.U64();
  stated_limits_ = in.U64();
  if (version > 1) GANNET_RETURN_IF_ERROR(LoadLimits(in));
  pending_.clear();
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    PendingIntent& pending = pending_.emplace_back();
    pending.intent = wire::LoadIntent(in);
    pending.header.id = in.EventId();
    pending.header.correlation = in.EventId();
    pending.header.causation = in.EventId();
    pending.header.event_time = in.Time();
    pending.header.receive_time = in.Time();
    pending.header.tenant = in.Bytes();
    pending.header.trace = market::TraceOf(pending.header.correlation, pending.header.id);
  }
  pending_count_ = pending_.size();
  GANNET_RETURN_IF_ERROR(in.status());
  GANNET_RETURN_IF_ERROR(book_.Load(in));
  for (const PendingIntent& pending : pending_) LeafOf(pending.intent);
  return absl::OkStatus();
}

}  // namespace gannet::risk
