// A kill switch, followed until the venue has confirmed that nothing of its scope is left; a
// cancel-all, until the orders that were open then have ended.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

std::string Words(const std::map<std::string, uint32_t>& ends) {
  std::string text;
  for (const auto& [state, count] : ends)
    absl::StrAppend(&text, text.empty() ? "" : ", ", count, " ", state);
  return text.empty() ? "no order was open" : text;
}

}  // namespace

void ExecutionEngine::BeginStop(const market::Event<market::Command>& event) {
  const market::Command& command = event.value;
  const bool known = std::any_of(stops_.begin(), stops_.end(), [&](const StopRun& run) {
    return run.command == event.header.id ||
           (run.person == command.person && run.request_id == command.request_id);
  });
  if (known) return;
  StopRun run;
  run.number = ++stop_checks_;
  run.command = event.header.id;
  run.request_id = command.request_id;
  run.person = command.person;
  run.scope = command.scope;
  run.began = event.header.receive_time;
  run.flatten = command.flatten;
  run.reason = command.reason;
  run.next_name = static_cast<uint64_t>(base::UnixNanos(now_));
  for (const TrackedOrder* order : state_.OpenIn(run.scope)) run.ids.push_back(order->id());
  run.orders = static_cast<uint32_t>(run.ids.size());
  stops_.push_back(std::move(run));
  if (stops_.size() > kMaxStops) stops_.pop_front();
}

void ExecutionEngine::FollowCancels(const market::Event<market::Command>& event) {
  CancelRun run{event.header.id, event.value.request_id, event.value.person, 0, {}};
  for (const TrackedOrder* order : state_.OpenIn(event.value.scope))
    run.open.push_back(order->id());
  run.orders = run.open.size();
  cancel_runs_.push_back(std::move(run));
  if (cancel_runs_.size() > kMaxStops) cancel_runs_.pop_front();
}

std::vector<ExecutionEngine::CancelRun> ExecutionEngine::TakeEnded() {
  std::vector<CancelRun> over;
  std::erase_if(cancel_runs_, [&](CancelRun& run) {
    const auto ended = [this](const market::ClientOrderId& id) {
      const TrackedOrder* order = state_.Find(id);
      return order == nullptr || !order->open();
    };
    while (!run.open.empty() && ended(run.open.back())) run.open.pop_back();
    if (!run.open.empty()) return false;
    over.push_back(std::move(run));
    return true;
  });
  return over;
}

// Nothing is asked while an order of the scope is open here: its end comes first.
void ExecutionEngine::StepStops() {
  for (StopRun& run : stops_) {
    if (run.step == StopRun::Step::kVerified || run.under_way || run.over) continue;
    if (!state_.OwnGateShut(run.scope)) {
      run.over = true;  // lifted before its end
      continue;
    }
    if (const auto open = state_.OpenIn(run.scope); !open.empty()) {
      const bool others = std::any_of(open.begin(), open.end(),
                                      [](const TrackedOrder* order) { return !order->emergency; });
      if (run.step == StopRun::Step::kClosing && !others) continue;
      run.step = StopRun::Step::kWithdrawing;
      run.list = 0;
      continue;
    }
    if (run.step == StopRun::Step::kClosing) {
      StepFlatten(run);
      continue;
    }
    const bool again = run.asked != base::Time() && run.step == StopRun::Step::kWithdrawing;
    if (again && now_ < run.asked + options_.sweep_every) {
      Schedule(run.asked + options_.sweep_every, {TaskKind::kStop, {}});
      continue;
    }
    AskStop(run);
  }
}

void ExecutionEngine::AskStop(StopRun& run) {
  const bool sent = SendQuery(Purpose::kStopCheck, venue_.OpenOrders(run.list, VenueNow()),
                              {.kind = venue::RequestKind::kOpenOrders, .list = run.list}, {},
                              RateBudget::Use::kCancel, run.number);
  run.asked = now_;
  run.under_way = sent;
  run.step = sent ? StopRun::Step::kAsking : StopRun::Step::kWithdrawing;
  if (!sent) Schedule(now_ + options_.sweep_every, {TaskKind::kStop, {}});
}

void ExecutionEngine::OnStopCheck(const InFlight& request, const venue::Answer& answer) {
  StopRun* run = StopOf(request);
  if (run == nullptr) return;
  run->under_way = false;
  bool none = answer.outcome == venue::OutcomeClass::kConfirmed;
  const market::Scope scope = run->scope;
  for (const venue::OrderUpdate& update : answer.orders) {
    const market::ClientOrderId id = OnOrderUpdate(update, {}, answer.evidence);
    const TrackedOrder* order = id.empty() ? nullptr : state_.Find(id);
    market::OrderIntent meant;
    meant.account = options_.account;
    meant.strategy = market::StrategyId(kExternalStrategy);
    meant.instrument = update.instrument;
    if (Covers(scope, order == nullptr ? meant : order->intent)) none = false;
  }
  run = StopOf(request);  // booking what was listed may have begun or ended others
  if (run == nullptr) return;
  if (!none) {
    run->step = StopRun::Step::kWithdrawing;
    run->list = 0;
    Schedule(now_ + options_.sweep_every, {TaskKind::kStop, {}});
    return Sweep();
  }
  absl::StrAppend(&run->evidence, run->evidence.empty() ? "" : ", ", answer.evidence);
  if (++run->list < venue_.OpenOrderLists()) return AskStop(*run);
  if (!state_.OpenIn(scope).empty()) {
    run->step = StopRun::Step::kWithdrawing;
    run->list = 0;
    return;
  }
  if (!run->flatten) return VerifyStop(*run);
  run->step = StopRun::Step::kClosing;
  StepFlatten(*run);
}

StopRun* ExecutionEngine::StopOf(const InFlight& request) {
  const auto run = std::find_if(stops_.begin(), stops_.end(),
                                [&](const StopRun& one) { return one.number == request.session; });
  return run == stops_.end() || run->over ? nullptr : &*run;
}

void ExecutionEngine::VerifyStop(StopRun& run) {
  run.step = StopRun::Step::kVerified;
  run.verified = now_;
  for (const market::ClientOrderId& id : run.ids) {
    const TrackedOrder* order = state_.Find(id);
    ++run.ends[order == nullptr ? "ended" : Name(order->life.state())];
  }
  ++stats_.stops_verified;
  std::string detail = absl::StrCat("verified at the venue: ", Words(run.ends),
                                    "; its lists show nothing of the scope (", run.evidence, ")");
  if (run.flatten) absl::StrAppend(&detail, "; ", FlatWords(run));
  out_.Emit(market::CommandAnswer{.command = run.command,
                                  .request_id = run.request_id,
                                  .person = run.person,
                                  .engine = options_.domain.engine,
                                  .detail = std::move(detail)},
            cause_);
  if (!run.flatten) return;
  GateNote gate = state_.own_gates().at(run.scope);
  gate.flatten.reset();  // a restart need not go on with it
  EmitNote(ToNote(gate));
}

// A kill switch that was to close positions goes on with that; others are at their end once
// their orders are withdrawn, which the sweep sees to.
void ExecutionEngine::ResumeStops() {
  for (const auto& [scope, gate] : state_.own_gates()) {
    if (!gate.killed || !gate.flatten || !options_.domain.Meets(scope)) continue;
    StopRun run;
    run.number = ++stop_checks_;
    run.command = gate.flatten->command;
    run.request_id = gate.flatten->request_id;
    run.person = gate.person;
    run.reason = gate.reason;
    run.scope = scope;
    run.began = now_;
    run.flatten = true;
    run.next_name = static_cast<uint64_t>(base::UnixNanos(now_));
    stops_.push_back(std::move(run));
  }
}

}  // namespace gannet::execution
