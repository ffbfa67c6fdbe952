// The session with the venue: stream, clock, and the comparison of what we hold
// with what the venue says, at start, after each reconnect and on a timer.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

using market::Money;
using venue::OutcomeClass;
using venue::RequestKind;
using venue::StreamKind;

// After a refused subscription, and how long its answer may take, before another
// connection is tried. Never twice on one: the venue may have heard the first.
constexpr base::Duration kResubscribe = std::chrono::seconds(5);
constexpr base::Duration kSubscribeAnswer = std::chrono::seconds(10);
// A clock sample with a longer round trip than this is too vague to sign with.
constexpr base::Duration kMaxRoundTrip = std::chrono::seconds(2);
// A first look that is not believed is made again, at most so often.
constexpr int kMaxDoubtfulLooks = 2;

Money Total(const venue::BalanceEntry& entry) { return entry.free + entry.locked; }

// Venues leave out what is zero (Bybit): of what a whole answer does not name nothing is held.
std::vector<venue::BalanceEntry> WithZeros(std::vector<venue::BalanceEntry> stated,
                                           std::set<market::AssetId> assets) {
  for (const venue::BalanceEntry& entry : stated) assets.erase(entry.asset);
  for (const market::AssetId& asset : assets) stated.push_back({asset, Money(), Money()});
  return stated;
}

// Orders of one instrument from which on a look at the history costs no more than a question
// for each (Binance spot: 20 and 4).
constexpr size_t kWorthAHistory = 5;

}  // namespace

// --- stream --------------------------------------------------------------------------

void ExecutionEngine::OnStream(const wire::StreamEvent& event, const market::Header& cause,
                               base::Time now) {
  Enter(cause, now);
  switch (event.kind) {
    case wire::StreamEvent::Kind::kOpened:
      stream_open_ = true;
      setup_checked_ = false;
      subscribe_due_.reset();
      if (venue_.Heartbeat()) Schedule(now_ + venue::kHeartbeatEvery, {TaskKind::kHeartbeat, {}});
      return BeginSession();
    case wire::StreamEvent::Kind::kClosed: {
      // What happened meanwhile is unknown until the next reconciliation.
      if (stream_open_) ++stats_.stream_ends;
      stream_open_ = subscribed_ = ready_ = false;
      reconciliation_.reset();
      if (venue_.stream_access() != venue::StreamAccess::kKey) return;
      // At once after a session that was sound, then ever more slowly.
      const bool sound = session_pause_ == base::Duration(0);
      const base::Duration pause = NextSessionPause();
      return Schedule(sound ? now_ : now_ + pause, {TaskKind::kStreamKey, {}});
    }
    case wire::StreamEvent::Kind::kFrame:
      OnStreamUpdate(venue_.DecodeFrame(event.body));
      return StepStops();
  }
}

void ExecutionEngine::OnStreamUpdate(const venue::StreamUpdate& update) {
  switch (update.kind) {
    case StreamKind::kIgnored:
      return;
    case StreamKind::kAuthenticated:
      if (auto topics = venue_.Topics()) {
        SendQuery(Purpose::kSubscribe, *std::move(topics), {.kind = RequestKind::kSubscribe});
      }
      return;
    case StreamKind::kSubscribed:
      subscribed_ = true;
      session_problem_.clear();
      return BeginReconciliation();
    case StreamKind::kSubscribeFailed:
      session_problem_ = absl::StrCat("the venue refuses the user stream: ", update.detail,
                                      "; check the keys and their permissions");
      clock_synced_ = false;  // it may have been our clock
      subscribe_due_ = now_ + kResubscribe;
      return Schedule(*subscribe_due_, {TaskKind::kSubscribe, {}});
    case StreamKind::kOrder:
      OnOrderUpdate(*update.order, {}, update.evidence);
      return;
    case StreamKind::kOrders: {
      for (const venue::OrderUpdate& order : update.orders)
        OnOrderUpdate(order, {}, update.evidence);
      bool unexplained = false;
      OnTrades(update.trades, update.evidence, &unexplained, /*listed=*/false);
      return;
    }
    case StreamKind::kBalances:
      for (const venue::BalanceEntry& entry : update.balances) SetBalance(entry, update.time);
      return;
    case StreamKind::kBalanceChange:
      // What came before the first look is in its balances.
      if (!state_.baseline() || (update.time != base::Time() && update.time <= *state_.baseline()))
        return;
      return BookChange(venue::ChangeKind::kTransfer,
                        {.asset = update.balance_delta->first,
                         .amount = update.balance_delta->second,
                         .id = update.evidence,
                         .time = update.time},
                        update.evidence);
    case StreamKind::kChangesBooked:
      for (const venue::BalanceEntry& entry : update.balances) SetBalance(entry, update.time);
      return Schedule(now_ + options_.stream_wait, {TaskKind::kBalanceChanges, {}});
    case StreamKind::kEnding:
      subscribed_ = ready_ = false;
      return out_.RestartStream();
    case StreamKind::kBadFrame:
      ++stats_.bad_frames;
      // What it said is lost: ask for everything.
      if (subscribed_ && !reconciliation_) BeginReconciliation();
      return;
  }
}

void ExecutionEngine::BeginSession() {
  if (clock_synced_) return Subscribe();
  SyncTime();
}

void ExecutionEngine::Subscribe() {
  if (!stream_open_ || subscribed_ || subscribe_due_) return;
  if (venue_.stream_access() == venue::StreamAccess::kKey) {  // it delivers already
    subscribed_ = true;
    session_problem_.clear();
    return BeginReconciliation();
  }
  SendQuery(Purpose::kSubscribe, venue_.Subscribe(VenueNow()), {.kind = RequestKind::kSubscribe});
  subscribe_due_ = now_ + kSubscribeAnswer;
  Schedule(*subscribe_due_, {TaskKind::kSubscribe, {}});
}

void ExecutionEngine::CheckSubscription() {
  if (!stream_open_ || subscribed_ || !subscribe_due_) return;
  if (now_ < *subscribe_due_) return Schedule(*subscribe_due_, {TaskKind::kSubscribe, {}});
  subscribe_due_ = now_ + kSubscribeAnswer;  // should closing it take long
  Schedule(*subscribe_due_, {TaskKind::kSubscribe, {}});
  out_.RestartStream();
}

void ExecutionEngine::Beat() {
  if (!stream_open_) return;
  SendQuery(Purpose::kSubscribe, *venue_.Heartbeat(), {.kind = RequestKind::kSubscribe});
  Schedule(now_ + venue::kHeartbeatEvery, {TaskKind::kHeartbeat, {}});
}

// The answer opens the connection by itself: the key does not come here.
void ExecutionEngine::AskStreamKey() {
  if (!SendQuery(Purpose::kStreamKey, venue_.StreamKey(/*keep=*/stream_open_),
                 {.kind = RequestKind::kStreamKey})) {
    Schedule(now_ + NextSessionPause(), {TaskKind::kStreamKey, {}});
  }
}

void ExecutionEngine::OnStreamKey(const venue::Answer& answer) {
  if (answer.outcome == OutcomeClass::kConfirmed) {
    Schedule(now_ + venue::kStreamKeyEvery, {TaskKind::kStreamKey, {}});
  } else if (stream_open_) {
    out_.RestartStream();  // it would run out unnoticed
  } else {
    session_problem_ = absl::StrCat("the venue gives no key for the user stream: ", answer.code,
                                    " ", answer.message, "; check the keys and their permissions");
    Schedule(now_ + NextSessionPause(), {TaskKind::kStreamKey, {}});
  }
}

// --- clock ---------------------------------------------------------------------------

void ExecutionEngine::SyncTime() {
  if (!SendQuery(Purpose::kTimeSync, venue_.ServerTime(), {.kind = RequestKind::kServerTime})) {
    Schedule(now_ + NextSessionPause(), {TaskKind::kTimeSync, {}});
  }
}

// The venue does not take our timestamps: its clock or ours has jumped.
void ExecutionEngine::DoubtClock() {
  clock_synced_ = false;
  const bool asked = std::any_of(in_flight_.begin(), in_flight_.end(), [](const auto& entry) {
    return entry.second.purpose == Purpose::kTimeSync;
  });
  if (!asked) SyncTime();
}

void ExecutionEngine::OnTime(const InFlight& request, const venue::Answer& answer) {
  const bool own = request.purpose == Purpose::kTimeSync;
  const base::Duration round_trip = now_ - request.sent_at;
  if (answer.server_time && round_trip <= kMaxRoundTrip) {
    clock_offset_ = *answer.server_time - (request.sent_at + round_trip / 2);
    budget_.SetVenueClock(clock_offset_);
    const bool first = !clock_synced_;
    clock_synced_ = true;
    if (first) AskKeyRights();
    if (own) Schedule(now_ + options_.time_sync_every, {TaskKind::kTimeSync, {}});
  } else if (own) {
    Schedule(now_ + NextSessionPause(), {TaskKind::kTimeSync, {}});
  }
  if (clock_synced_ && stream_open_ && !subscribed_ && own) Subscribe();
}

// --- reconciliation --------------------------------------------------------------------

void ExecutionEngine::BeginReconciliation() {
  if (!subscribed_) return;
  reconciliation_ = Reconciliation{};
  reconciliation_->number = ++reconciliations_;
  for (const market::InstrumentId& instrument : state_.Traded()) {
    reconciliation_->trades[instrument] = Reconciliation::Part::kToAsk;
  }
  ContinueReconciliation();
}

void ExecutionEngine::ContinueReconciliation() {
  using Part = Reconciliation::Part;
  if (!reconciliation_) return;
  Reconciliation& run = *reconciliation_;
  bool room = true;
  const auto ask = [&](Part& part, Purpose purpose, auto&& encode, venue::RequestContext context) {
    if (part != Part::kToAsk || !room) return;
    room = SendQuery(purpose, encode(), std::move(context));
    if (room) part = Part::kAsked;
  };
  ask(run.account, Purpose::kAccount, [&] { return venue_.Account(VenueNow()); },
      {.kind = RequestKind::kAccount, .setup = !setup_checked_});
  // The very first time the balances come first: what was filled before is in them.
  // Want of room is no failure of the session: asked again as soon as there may be some.
  const auto wait = [this] { Schedule(budget_.NextTry(now_), {TaskKind::kReconcile, {}}); };
  if (!state_.baseline()) return room ? void() : wait();
  if (run.changes == Part::kToAsk && room) {
    room = AskBalanceChanges();
    if (room && run.changes == Part::kToAsk) run.changes = Part::kAsked;
  }
  ask(run.orders, Purpose::kOpenOrders, [&] { return venue_.OpenOrders(run.list, VenueNow()); },
      {.kind = RequestKind::kOpenOrders, .list = run.list});
  for (auto& [instrument, part] : run.trades) {
    if (part != Part::kToAsk || !room) continue;
    room = AskUncheckedTrades(instrument);
    if (room) part = Part::kAsked;
  }
  if (!room) return wait();
  const bool asked = run.orders == Part::kDone && run.account == Part::kDone &&
                     run.changes == Part::kDone && run.verifying.empty() &&
                     std::all_of(run.trades.begin(), run.trades.end(),
                                 [](const auto& entry) { return entry.second == Part::kDone; });
  if (asked) FinishReconciliation();
}

bool ExecutionEngine::AskUncheckedTrades(const market::InstrumentId& instrument) {
  const auto checked = state_.CheckedTrade(instrument);
  base::Time since = *state_.baseline();
  if (checked && !venue_.OrderedTradeIds())
    since = std::max(since, base::FromUnixMillis(static_cast<int64_t>(*checked)));
  venue::WireRequest wire =
      checked && venue_.OrderedTradeIds()
          ? venue_.TradesFrom(instrument, absl::StrCat(*checked + 1), VenueNow())
          : venue_.TradesSince(instrument, since, VenueNow());
  return SendQuery(Purpose::kTradesSince, std::move(wire),
                   {.kind = RequestKind::kTrades, .instrument = instrument, .since = since});
}

bool ExecutionEngine::AskMoreTrades(const InFlight& request, const venue::Answer& answer,
                                    base::Time newest, bool unexplained) {
  return SendQuery(Purpose::kTradesSince, venue_.MoreTrades(request.context, answer, VenueNow()),
                   {.kind = RequestKind::kTrades,
                    .instrument = request.context.instrument,
                    .since = request.context.since,
                    .newest = newest,
                    .unexplained = unexplained});
}

void ExecutionEngine::RetryReconciliation() {
  const auto scheduled = scheduled_.find(TaskKind::kReconcile);
  const bool soon =
      scheduled != scheduled_.end() && scheduled->second <= now_ + options_.inquiry_limit;
  if (!soon) Schedule(now_ + NextSessionPause(), {TaskKind::kReconcile, {}});
}

base::Duration ExecutionEngine::NextSessionPause() {
  const base::Duration pause = std::max(session_pause_, options_.inquiry_first);
  session_pause_ = std::min(pause * 2, options_.inquiry_limit);
  return pause;
}

void ExecutionEngine::FinishReconciliation() {
  reconciliation_.reset();
  ++stats_.reconciliations;
  session_pause_ = {};
  session_problem_.clear();
  ready_ = true;
  Schedule(now_ + options_.reconcile_every, {TaskKind::kReconcile, {}});
  if (!state_.unanswered_cancels().empty()) RetryCancels();
  for (const uint64_t ticket : std::exchange(reconciling_, {})) tickets_.push_back(ticket);
  BeginInspection();
}

void ExecutionEngine::OnOpenOrders(const InFlight& request, const venue::Answer& answer) {
  const bool current = reconciliation_ && reconciliation_->number == request.session;
  // A failed query is not an empty answer.
  if (answer.outcome != OutcomeClass::kConfirmed) {
    ++stats_.failed_reconciliations;
    if (!current) return;
    reconciliation_->orders = Reconciliation::Part::kToAsk;
    return RetryReconciliation();
  }
  std::set<market::ClientOrderId> listed;
  for (const venue::OrderUpdate& update : answer.orders) {
    listed.insert(OnOrderUpdate(update, {}, answer.evidence));
  }
  if (!reconciliation_ || reconciliation_->number != request.session) return;
  if (reconciliation_->list + 1 < venue_.OpenOrderLists()) {
    reconciliation_->listed.merge(listed);
    ++reconciliation_->list;
    reconciliation_->orders = Reconciliation::Part::kToAsk;
    return ContinueReconciliation();
  }
  reconciliation_->orders = Reconciliation::Part::kDone;
  listed.merge(reconciliation_->listed);
  // The list may be cut or late: what is missing in it is asked for.
  std::map<market::InstrumentId, std::vector<market::ClientOrderId>> missing;
  const std::set<market::ClientOrderId> open = state_.open();
  for (const market::ClientOrderId& id : open) {
    const TrackedOrder* order = state_.Find(id);
    if (order == nullptr || !order->open() || listed.contains(id)) continue;
    const bool acknowledged = order->life.working() != market::OrderState::kSubmitted &&
                              order->life.state() != market::OrderState::kUnknown;
    if (!acknowledged || order->place.timestamp > request.sent_at + clock_offset_) continue;
    reconciliation_->verifying.insert(id);
    if (Waits(*order) || order->venue_order_id.empty()) {
      Inquire(id, base::Duration(0)).want_state = true;
      StepInquiry(id);
      if (!reconciliation_) return;
    } else {
      missing[order->intent.instrument].push_back(id);
    }
  }
  for (const auto& [instrument, ids] : missing) {
    if (ids.size() >= kWorthAHistory && AskHistory(instrument, ids)) continue;
    AskEach(ids);
    if (!reconciliation_) return;
  }
  ContinueReconciliation();
}

void ExecutionEngine::AskEach(const std::vector<market::ClientOrderId>& ids) {
  for (const market::ClientOrderId& id : ids) {
    const TrackedOrder* order = state_.Find(id);
    if (order == nullptr || !order->open()) continue;
    Inquire(id, base::Duration(0)).want_state = true;
    StepInquiry(id);
  }
}

// Many orders that ended while nobody listened, found by one look in place of many.
bool ExecutionEngine::AskHistory(const market::InstrumentId& instrument,
                                 const std::vector<market::ClientOrderId>& missing) {
  const auto before = [](const market::VenueOrderId& a, const market::VenueOrderId& b) {
    return std::pair(a.text().size(), a) < std::pair(b.text().size(), b);  // as numbers
  };
  market::VenueOrderId oldest = state_.Find(missing.front())->venue_order_id;
  for (const market::ClientOrderId& id : missing)
    oldest = std::min(oldest, state_.Find(id)->venue_order_id, before);
  std::optional<venue::WireRequest> wire = venue_.OrderHistory(instrument, oldest, VenueNow());
  if (!wire) return false;
  const bool asked =
      SendQuery(Purpose::kOrderHistory, *std::move(wire),
                {.kind = RequestKind::kOrderHistory, .instrument = instrument, .targets = missing});
  if (asked) ++stats_.histories;
  return asked;
}

// What it says of an order is what a question for that order would have brought. Of what it
// does not have (it may be cut, or late) nothing is concluded: that is asked for by itself.
void ExecutionEngine::OnOrderHistory(const InFlight& request, const venue::Answer& answer) {
  std::vector<market::ClientOrderId> left = request.context.targets;
  if (answer.outcome == OutcomeClass::kConfirmed) {
    for (const venue::OrderUpdate& update : answer.orders) {
      const TrackedOrder* order = state_.FindVenueOrder(update.instrument, update.venue_order_id);
      if (order == nullptr) continue;
      const market::ClientOrderId id = order->id();
      const auto looked_for = std::find(left.begin(), left.end(), id);
      if (looked_for == left.end()) continue;
      left.erase(looked_for);
      OnOrderUpdate(update, {}, answer.evidence);
      vanished_.erase(id);
      Verified(id);
    }
  }
  AskEach(left);
}

void ExecutionEngine::Verified(const market::ClientOrderId& id) {
  if (!reconciliation_ || reconciliation_->verifying.erase(id) == 0) return;
  if (reconciliation_->verifying.empty()) Schedule(now_, {TaskKind::kReconcile, {}});
}

void ExecutionEngine::OnTradesSince(const InFlight& request, const venue::Answer& answer) {
  const market::InstrumentId& instrument = request.context.instrument;
  const bool current = reconciliation_ && reconciliation_->number == request.session;
  if (answer.outcome != OutcomeClass::kConfirmed) {
    ++stats_.failed_reconciliations;
    if (!current) return;
    reconciliation_->trades[instrument] = Reconciliation::Part::kToAsk;
    return RetryReconciliation();
  }
  bool unexplained = request.context.unexplained;
  OnTrades(answer.trades, answer.evidence, &unexplained);
  std::optional<uint64_t> checked;
  base::Time newest = request.context.newest;
  for (const venue::TradeUpdate& trade : answer.trades) {
    checked = std::max(checked, TradeNumber(trade.trade_id));
    newest = std::max(newest, trade.time);
  }
  if (!venue_.OrderedTradeIds()) {
    // The newest come first: nothing is done before the last page.
    checked.reset();
    if (!answer.more_trades && newest > base::Time())
      checked = static_cast<uint64_t>(base::UnixMillis(newest));
  }
  if (!unexplained && checked > state_.CheckedTrade(instrument))
    EmitNote(ToNote(TradesNote{instrument, *checked}));
  if (!reconciliation_ || reconciliation_->number != request.session) return;
  reconciliation_->trades[instrument] = Reconciliation::Part::kDone;
  if (answer.more_trades) {
    const bool sent = AskMoreTrades(request, answer, newest, unexplained);
    reconciliation_->trades[instrument] =
        sent ? Reconciliation::Part::kAsked : Reconciliation::Part::kToAsk;
  }
  ContinueReconciliation();
}

// --- balances ----------------------------------------------------------------------------

void ExecutionEngine::OnAccount(const InFlight& request, const venue::Answer& answer) {
  const bool current = reconciliation_ && reconciliation_->number == request.session &&
                       reconciliation_->account == Reconciliation::Part::kAsked;
  if (answer.outcome != OutcomeClass::kConfirmed) {
    ++stats_.failed_reconciliations;
    if (current) {
      reconciliation_->account = Reconciliation::Part::kToAsk;
      RetryReconciliation();
    } else {
      Schedule(now_ + options_.recheck_after, {TaskKind::kBalances, {}});
    }
    return;
  }
  if (!answer.unfit.empty()) {
    ++stats_.failed_reconciliations;
    session_problem_ = answer.unfit;
    ready_ = false;  // nothing new leaves before it fits
    if (!current) return Schedule(now_ + NextSessionPause(), {TaskKind::kReconcile, {}});
    reconciliation_->account = Reconciliation::Part::kToAsk;
    return RetryReconciliation();
  }
  setup_checked_ |= request.context.setup;
  const bool first_look = !state_.baseline();
  // Where the venue does not say (Bybit), it may be from before all that was told since it was
  // asked.
  const base::Time as_of =
      answer.balances_time != base::Time() ? answer.balances_time : request.sent_at + clock_offset_;
  if (first_look && Doubtful(answer, as_of)) {
    ++stats_.stale_balances;
    if (!current) return;
    reconciliation_->account = Reconciliation::Part::kToAsk;
    return RetryReconciliation();
  }
  if (first_look && OlderThanStream(as_of)) {
    // Believed all the same: then all of it is as of its own time, and what the stream has told
    // of since is booked on top.
    balance_times_.clear();
    Schedule(now_ + options_.recheck_after, {TaskKind::kBalances, {}});
  }
  const std::vector<venue::BalanceEntry> balances = WithZeros(answer.balances, state_.Assets());
  for (const venue::BalanceEntry& entry : balances) SetBalance(entry, answer.balances_time, as_of);
  if (answer.positions) {
    first_look ? TakeOverPositions(*answer.positions, answer.evidence)
               : ComparePositions(*answer.positions, answer.evidence);
  }
  if (first_look) {
    const base::Time stated = answer.balances_time;
    EmitNote(
        ToNote(BalanceNote{BalanceNote::Kind::kBaseline,
                           {},
                           {},
                           answer.evidence,
                           stated != base::Time() ? stated : answer.server_time.value_or(as_of)}));
  } else if (options_.compare_balances) {
    CompareBalances(balances);
  }
  if (!current) return;
  reconciliation_->account = Reconciliation::Part::kDone;
  ContinueReconciliation();
}

// A back end that lags: nothing at all is held, or less was known than the stream has told.
// The former is never believed: who holds nothing cannot trade, so that waiting costs nothing,
// and all that comes later would be money from nowhere.
bool ExecutionEngine::Doubtful(const venue::Answer& answer, base::Time as_of) {
  const bool nothing =
      std::all_of(answer.balances.begin(), answer.balances.end(),
                  [](const venue::BalanceEntry& entry) { return Total(entry).zero(); });
  // Positions are asked for after the balances: of what came in between nothing says whether it
  // is in them.
  const bool doubted = OlderThanStream(as_of) &&
                       (answer.positions.has_value() || ++doubtful_looks_ <= kMaxDoubtfulLooks);
  if (nothing) {
    session_problem_ =
        "the venue says that the account holds nothing; no order leaves before it holds something";
  }
  return nothing || doubted;
}

bool ExecutionEngine::OlderThanStream(base::Time as_of) const {
  return std::any_of(balance_times_.begin(), balance_times_.end(),
                     [&](const auto& of) { return of.second > as_of; });
}

void ExecutionEngine::SetBalance(const venue::BalanceEntry& entry, base::Time time,
                                 std::optional<base::Time> as_of) {
  const auto& known = state_.balances();
  const auto before = known.find(entry.asset);
  const Money held = before == known.end() ? Money() : before->second.free + before->second.locked;
  base::Time& latest = balance_times_[entry.asset];
  if (const base::Time at = as_of.value_or(time); at != base::Time() && at < latest) {
    ++stats_.stale_balances;  // a back end that lags
    return;
  }
  if (as_of && Total(entry).zero() && !held.zero() && doubtful_zero_.insert(entry.asset).second) {
    // From nothing seen to nothing held: believed only when it is said twice.
    ++stats_.stale_balances;
    return Schedule(now_ + options_.recheck_after, {TaskKind::kBalances, {}});
  }
  doubtful_zero_.erase(entry.asset);
  latest = std::max(latest, time);
  if (before == known.end() && Total(entry).zero()) return;
  if (before != known.end() && before->second.free == entry.free &&
      before->second.locked == entry.locked)
    return;
  market::BalanceUpdate update;
  update.account = options_.account;
  update.venue.assign(venue_.name());
  update.asset = entry.asset;
  update.free = entry.free;
  update.locked = entry.locked;
  market::Header cause = cause_;
  if (time > base::Time()) cause.event_time = time;
  out_.Emit(std::move(update), cause);
}

// A difference counts when it is seen twice, alike: fills and balances do not
// arrive in the same instant.
void ExecutionEngine::CompareBalances(const std::vector<venue::BalanceEntry>& entries) {
  std::set<market::AssetId> unexplained;
  bool again = false;
  for (const venue::BalanceEntry& entry : entries) {
    const Money surplus = Total(entry) - state_.Explained(entry.asset);
    const bool known = state_.differences().contains(entry.asset);
    if (surplus.Abs() <= state_.RoundingSlack(entry.asset)) {
      suspects_.erase(entry.asset);
      if (known)
        EmitNote(
            ToNote(BalanceNote{BalanceNote::Kind::kResolved, entry.asset, surplus, "account"}));
      continue;
    }
    unexplained.insert(entry.asset);
    if (known && state_.differences().at(entry.asset) == surplus) continue;
    const auto suspect = suspects_.find(entry.asset);
    if (suspect != suspects_.end() && suspect->second == surplus) {
      ++stats_.differences;
      suspects_.erase(suspect);
      EmitNote(
          ToNote(BalanceNote{BalanceNote::Kind::kDifference, entry.asset, surplus, "account"}));
    } else {
      suspects_[entry.asset] = surplus;
      again = true;
    }
  }
  // Perhaps a fill that never came, of an order by hand where nothing of ours was traded yet,
  // or whose definition came later than the difference: look for it, then at the balances
  // once more.
  for (const auto& [id, instrument] : directory_.all()) {
    if (unexplained.contains(instrument.base) && venue_.Serves(id)) again |= Learn(id);
  }
  if (!again) return;
  for (const market::InstrumentId& instrument : state_.Traded()) {
    AskUncheckedTrades(instrument);
  }
  AskBalanceChanges();
  Schedule(now_ + options_.recheck_after, {TaskKind::kBalances, {}});
}

// --- health --------------------------------------------------------------------------------

std::vector<std::string> ExecutionEngine::Problems(base::Time now) const {
  std::vector<std::string> problems;
  const auto add = [&](bool wrong, std::string text) {
    if (wrong) problems.push_back(std::move(text));
  };
  add(!session_problem_.empty(), session_problem_);
  add(!key_problem_.empty(), key_problem_);
  add(!subscribed_, "the user stream is not connected; check the network and execution.stream_url");
  add(subscribed_ && !ready_,
      "orders and balances are being reconciled with the venue; new orders wait");
  add(budget_.paused_until() > now,
      absl::StrCat("the venue asked for a pause of ",
                   (budget_.paused_until() - now).count() / 1'000'000'000, " s",
                   budget_.banned(now) ? " (a ban)" : "", "; lower the request rate"));
  const base::Time orders_until = budget_.pauses(now).orders;
  add(orders_until > now,
      absl::StrCat("the venue takes no more orders for ",
                   (orders_until - now).count() / 1'000'000'000,
                   " s, their count is full; cancels go on; place fewer orders"));
  for (const auto& [asset, amount] : state_.differences()) {
    problems.push_back(
        absl::StrCat("the venue holds ", amount.ToString(), " ", asset.text(),
                     " more than its account events explain; `gannet reconcile` lays "
                     "both sides out, `gannet adjust propose` signs it once its "
                     "cause is known"));
  }
  for (const auto& [instrument, quantity] : state_.position_differences()) {
    problems.push_back(
        absl::StrCat("the venue holds ", quantity.ToString(), " of ", instrument.text(),
                     " more than its account events explain; `gannet reconcile` lays "
                     "both sides out, `gannet adjust propose` signs it once its "
                     "cause is known"));
  }
  for (const auto& [instrument, halt] : state_.halts())
    problems.push_back(absl::StrCat(instrument.text(), ": ", halt.reason));
  for (const auto& [instrument, why] : dead_man_failed_) {
    problems.push_back(
        absl::StrCat("the venue's dead-man timer for ", instrument.text(),
                     dead_man_running_.contains(instrument)
                         ? " could not be set again; it will cancel what is open: "
                         : " does not run; nothing cancels what is open when execution is gone: ",
                     why));
  }
  add(!vanished_.empty(),
      absl::StrCat(vanished_.size(),
                   " open orders that the venue does not find; look at its own order list. "
                   "`gannet adjust list` names them, `gannet adjust propose --order ID` signs the "
                   "end of one"));
  add(stats_.lost_own_orders > 0,
      absl::StrCat(stats_.lost_own_orders,
                   " orders at the venue carry our prefix but are not in this journal; is another "
                   "instance running, or was the data folder replaced?"));
  add(stats_.twin_orders > 0,
      absl::StrCat(stats_.twin_orders,
                   " requests became two orders at the venue; the second ones are booked to "
                   "EXTERNAL and cancelled: find what sends requests twice on the way (a proxy?)"));
  add(stats_.refused_copies > 0,
      absl::StrCat(
          stats_.refused_copies,
          " refusals were of second copies of requests that the venue had taken; find what "
          "sends requests twice on the way (a proxy?)"));
  add(stats_.contradicted_ends > 0,
      absl::StrCat(stats_.contradicted_ends,
                   " orders that had ended here work at the venue; they are booked to EXTERNAL and "
                   "cancelled: see the ILLEGAL reports for the evidence of both"));
  add(stats_.illegal_events > 0,
      absl::StrCat(stats_.illegal_events,
                   " events contradict the state of their order; see the ILLEGAL reports"));
  add(stats_.unreadable_numbers > 0,
      absl::StrCat(
          stats_.unreadable_numbers,
          " numbers of the venue do not fit the instrument's scale; refresh the instruments"));
  add(!undefined_.empty(),
      absl::StrCat("updates of ", undefined_.size(),
                   " instruments without a definition; add them to the instruments of ingest"));
  add(state_.stats().unbooked_fills > 0,
      absl::StrCat(state_.stats().unbooked_fills, " fills could not be booked into a position"));
  size_t unknown = 0;
  for (const market::ClientOrderId& id : state_.open()) {
    if (state_.Find(id)->life.state() == market::OrderState::kUnknown) ++unknown;
  }
  add(unknown > 0, absl::StrCat(unknown, " orders are UNKNOWN and being asked for"));
  return problems;
}

}  // namespace gannet::execution
