#include "services/risk/service_watch.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/market/names.h"
#include "libs/market/strategy_process.h"

namespace gannet::risk {
namespace {

using market::CommandKind;
using market::ScopeKind;
using market::ServiceState;
using market::TradingState;

// 1: without lost processes.
constexpr uint8_t kStateVersion = 2;

market::RiskState StateOf(ScopeKind kind, std::string name, TradingState state,
                          std::string reason) {
  return {.scope = {kind, std::move(name)}, .state = state, .reason = std::move(reason)};
}

}  // namespace

ServiceWatch::ServiceWatch(bool on, const WatchSettings& settings) : on_(on), settings_(settings) {
  const auto need = [this](const std::vector<std::string>& names, bool may_be_absent) {
    for (const std::string& name : names) {
      Service& service = services_[name];
      service.losses.SetLimit(settings_.breaker.value_or(RateLimit{}));
      service.may_be_absent = service.may_be_absent && may_be_absent;
    }
  };
  need(settings.all, false);
  need(settings.models, true);
  need(settings.news, true);
  for (const auto& [strategy, names] : settings.strategies) need(names, false);
  if (settings.cancel_on_loss) need({market::kStrategyService}, false);
  Look();
}

void ServiceWatch::Look() {
  all_open_ = AllOpen(settings_.all, nullptr);
  models_open_ = AllOpen(settings_.models, nullptr);
  news_open_ = AllOpen(settings_.news, nullptr);
}

// --- the gate ------------------------------------------------------------------

std::string ServiceWatch::WhyClosed(const std::string& name, const Service& service) const {
  if (service.state == TradingState::kActive)
    return absl::StrCat("waiting for the first heartbeat of ", name,
                        " since the start; check that it runs");
  return absl::StrCat("service ", name, ": ", service.reason);
}

bool ServiceWatch::AllOpen(const std::vector<std::string>& names, std::string* detail) const {
  for (const std::string& name : names) {
    const Service& service = services_.at(name);
    if (service.open()) continue;
    if (detail != nullptr) *detail = WhyClosed(name, service);
    return false;
  }
  return true;
}

bool ServiceWatch::Closed(std::string* detail) const {
  if (!on_ || all_open_) return false;
  return !AllOpen(settings_.all, detail);
}

bool ServiceWatch::LacksService(const market::OrderIntent& intent, std::string* detail) const {
  if (!on_) return false;
  if (!intent.model_version.empty()) {
    if (!models_open_) return !AllOpen(settings_.models, detail);
  } else if (!intent.signal.empty() && !news_open_) {
    return !AllOpen(settings_.news, detail);
  }
  if (settings_.strategies.empty()) return false;
  const auto own = settings_.strategies.find(intent.strategy.text());
  return own != settings_.strategies.end() && !AllOpen(own->second, detail);
}

bool ServiceWatch::LacksModel(const market::OrderIntent& intent, base::Time now,
                              std::string* detail) const {
  if (!on_ || intent.model_version.empty()) return false;
  const auto fail = [&](const auto&... parts) {
    if (detail != nullptr) *detail = absl::StrCat("model ", intent.model_version, parts...);
    return true;
  };
  const auto found = models_.find(intent.model_version);
  if (found != models_.end() && found->second.state != TradingState::kActive)
    return fail(": ", found->second.reason, "; a person resumes it");
  if (settings_.models.empty()) return false;  // nobody is asked about models
  if (found == models_.end() || now - found->second.listed > settings_.lost_after)
    return fail(" is not what a running service scores with");
  const Model& model = found->second;
  if (model.newest != base::Time() && now - model.newest > settings_.stale_after)
    return fail(" has not scored since ", base::FormatTime(model.newest));
  return model.drift == market::DriftState::kDrifted && !settings_.allow_drifted &&
         fail(" sees inputs far from those that it was trained on (drifted)");
}

// --- heard ---------------------------------------------------------------------

ServiceWatch::Model* ServiceWatch::FindModel(const std::string& name) {
  const auto found = models_.find(name);
  if (found != models_.end()) return &found->second;
  if (models_.size() >= kMaxWatched) {
    ++refused_;
    return nullptr;
  }
  Model& model = models_[name];
  model.failures.SetLimit(settings_.failures);
  return &model;
}

void ServiceWatch::CountModels(const Process& before, const Process& after, base::Time now) {
  for (const market::ModelHealth& said : after.models) {
    Model* model = FindModel(said.model);
    if (model == nullptr) continue;
    uint64_t counted = 0;  // of this process already
    if (before.started == after.started) {
      for (const market::ModelHealth& old : before.models) {
        if (old.model == said.model) counted = old.failed;
      }
    }
    const uint64_t more = said.failed > counted ? said.failed - counted : 0;
    model->failed += more;
    for (uint64_t i = std::min<uint64_t>(more, settings_.failures.count); i > 0; --i)
      model->failures.Add(now);
    model->newest = std::max(model->newest, said.newest);
    model->drift = said.drift;
    model->listed = now;
  }
}

void ServiceWatch::OnHeartbeat(const market::Heartbeat& beat, base::Time now) {
  const auto found = services_.find(beat.service);
  if (!on_ || found == services_.end()) return;
  Service& service = found->second;
  auto process = service.processes.find(beat.shard);
  if (process == service.processes.end()) {
    if (service.processes.size() >= kMaxWatched) {
      std::erase_if(service.processes, [&](const auto& entry) {
        return now - entry.second.seen > settings_.lost_after;
      });
    }
    if (service.processes.size() >= kMaxWatched) {
      ++refused_;
      return;
    }
    process = service.processes.try_emplace(beat.shard).first;
  }
  Process& known = process->second;
  // What comes twice or late says nothing of now; after a silence, in which a clock may
  // have been set back, everything counts.
  const bool late =
      std::pair(beat.started, beat.sequence) <= std::pair(known.started, known.sequence);
  if (late && now - known.seen <= settings_.lost_after) return;
  Process heard{.started = beat.started,
                .sequence = beat.sequence,
                .seen = now,
                .state = beat.state,
                .models = beat.models};
  CountModels(known, heard, now);
  known = std::move(heard);
  service.seen = now;
  if (Alive(service, now)) service.lost = false;
  Look();
}

bool ServiceWatch::Alive(const Service& service, base::Time now) const {
  return std::any_of(service.processes.begin(), service.processes.end(), [&](const auto& entry) {
    return entry.second.state != ServiceState::kStopping &&
           now - entry.second.seen <= settings_.lost_after;
  });
}

bool ServiceWatch::Stopped(const Service& service) {
  return std::all_of(service.processes.begin(), service.processes.end(), [](const auto& entry) {
    return entry.second.state == ServiceState::kStopping;
  });
}

void ServiceWatch::OnTimer(base::Time now) {
  if (!on_) return;
  for (auto& [name, service] : services_) {
    if (service.lost || !service.heard() || Alive(service, now)) continue;
    // One that said that it stops was not lost.
    if (Stopped(service)) continue;
    service.lost = true;
    service.losses.Add(now);
  }
}

// --- facts ---------------------------------------------------------------------

std::vector<market::RiskState> ServiceWatch::Decide(base::Time now) const {
  std::vector<market::RiskState> states;
  if (!on_) return states;
  const auto say = [&states](ScopeKind kind, const std::string& name, TradingState state,
                             std::string reason) {
    states.push_back(StateOf(kind, name, state, std::move(reason)));
  };
  DecideProcesses(now, states);
  for (const auto& [name, service] : services_) {
    if (service.state == TradingState::kHalted) continue;  // a person resumes it
    const bool alive = Alive(service, now);
    if (settings_.breaker && service.losses.Full(now)) {
      say(ScopeKind::kService, name, TradingState::kHalted,
          absl::StrCat("was lost ", FormatLimit(*settings_.breaker), "; a person resumes it"));
    } else if (alive && service.state != TradingState::kActive) {
      say(ScopeKind::kService, name, TradingState::kActive, "is heard again");
    } else if (!alive && service.state == TradingState::kActive) {
      const bool never = !service.heard();
      // A strategy that stops has left what is open as its cancel_on_drain says.
      if (!never && name == market::kStrategyService && Stopped(service)) continue;
      const base::Time since = never ? started_ : service.seen;
      const bool stopping = !never && now - since <= settings_.lost_after;
      if (never && (service.may_be_absent || now - since <= settings_.lost_after)) continue;
      say(ScopeKind::kService, name, TradingState::kCancelOnly,
          stopping ? std::string("is stopping; orders wait for the next that starts")
                   : absl::StrCat("no heartbeat since ", base::FormatTime(since),
                                  never ? ", the start" : "",
                                  "; check that it runs, orders go on when it is heard again"));
    }
  }
  for (const auto& [name, model] : models_) {
    if (model.state == TradingState::kActive && model.failures.Full(now))
      say(ScopeKind::kModel, name, TradingState::kReducing,
          absl::StrCat("failed to score ", FormatLimit(settings_.failures)));
  }
  return states;
}

void ServiceWatch::DecideProcesses(base::Time now, std::vector<market::RiskState>& states) const {
  const auto found = services_.find(market::kStrategyService);
  if (found == services_.end() || !settings_.cancel_on_loss) return;
  const Service& strategy = found->second;
  for (const auto& [name, state] : lost_) {
    if (strategy.processes.contains(std::string(*market::StrategyShard(state.scope))))
      states.push_back(StateOf(ScopeKind::kService, name, TradingState::kActive, "is heard again"));
  }
  // Otherwise all of the service is told of, and who is silent when it is heard again is seen at
  // the next look: after an outage of the bus one is heard before the other.
  if (strategy.state != TradingState::kActive || !Alive(strategy, now)) return;
  for (const auto& [shard, process] : strategy.processes) {
    if (process.state == ServiceState::kStopping || now - process.seen <= settings_.lost_after ||
        lost_.size() + states.size() >= kMaxWatched)
      continue;
    const std::string name = market::StrategyProcess(shard);
    states.push_back(StateOf(
        ScopeKind::kService, name, TradingState::kCancelOnly,
        absl::StrCat("no heartbeat since ", base::FormatTime(process.seen),
                     ", others of its service are heard; what it left open is cancelled. Start it "
                     "again, or `gannet resume service:",
                     name, " --reason …` if another took its place")));
  }
}

absl::StatusOr<std::optional<market::RiskState>> ServiceWatch::DecideCommand(
    const market::Command& command, base::Time now) const {
  const market::Scope& scope = command.scope;
  const auto refuse = [&](const char* why) {
    return absl::FailedPreconditionError(absl::StrCat("command ", command.request_id, " for ",
                                                      FormatScope(scope), " refused: ", why));
  };
  if (!on_) return refuse("this run has no heartbeats");
  if (scope.name.empty()) return refuse("name it");
  if (command.person.empty() || command.reason.empty())
    return refuse("it takes a person and a reason; give both");
  const bool resume =
      command.kind == CommandKind::kResume ||
      (command.kind == CommandKind::kSetTradingState && command.state == TradingState::kActive);
  market::RiskState next{.scope = scope,
                         .state = resume ? TradingState::kActive : command.state,
                         .reason = command.reason,
                         .person = command.person};
  if (!resume && command.kind != CommandKind::kSetTradingState)
    return refuse("it has no orders of its own; set its trading state, or name another scope");
  if (scope.kind == ScopeKind::kModel) {
    const auto model = models_.find(scope.name);
    if (model == models_.end() && (resume || models_.size() >= kMaxWatched))
      return refuse("no model of that name was heard of; write name@version");
    const TradingState before =
        model == models_.end() ? TradingState::kActive : model->second.state;
    if (before == next.state) return std::nullopt;
    return next;
  }
  if (!resume) return refuse("a service is stopped where it runs; set the state of another scope");
  if (lost_.contains(scope.name)) return next;
  const auto service = services_.find(scope.name);
  if (service == services_.end()) return refuse("no order needs a service of that name");
  if (service->second.state == TradingState::kActive) return std::nullopt;
  if (!Alive(service->second, now))
    return refuse("it is not heard; orders go on by themselves when it is");
  return next;
}

// One that is told lost counts for nothing until it is heard again.
void ServiceWatch::ApplyProcess(const market::RiskState& state, std::string_view shard) {
  if (state.state == TradingState::kActive) {
    lost_.erase(state.scope.name);
    return;
  }
  lost_.insert_or_assign(state.scope.name, state);
  if (const auto strategy = services_.find(market::kStrategyService); strategy != services_.end())
    strategy->second.processes.erase(std::string(shard));
}

void ServiceWatch::Apply(const market::RiskState& state) {
  if (const auto shard = market::StrategyShard(state.scope)) return ApplyProcess(state, *shard);
  if (state.scope.kind == ScopeKind::kModel) {
    Model* model = FindModel(state.scope.name);
    if (model == nullptr) return;
    model->state = state.state;
    model->reason = state.reason;
    if (state.state == TradingState::kActive) model->failures.Clear();
  } else if (const auto service = services_.find(state.scope.name); service != services_.end()) {
    service->second.state = state.state;
    service->second.reason = state.reason;
    // A person who lets it count again lets the count begin anew.
    if (!state.person.empty()) service->second.losses.Clear();
    Look();
  }
}

std::vector<std::string> ServiceWatch::Problems(base::Time now) const {
  std::vector<std::string> problems;
  if (!on_) return problems;
  for (const auto& [name, service] : services_) {
    if (service.missed()) {
      problems.push_back(WhyClosed(name, service));
      continue;
    }
    for (const auto& [shard, process] : service.processes) {
      const base::Duration silent = now - process.seen;
      const bool lost = process.state != ServiceState::kStopping && silent > settings_.lost_after &&
                        silent <= kLostNamedFor;
      if (!lost) continue;
      problems.push_back(absl::StrCat(
          "service ", name, ": its process '", shard, "' has said nothing since ",
          base::FormatTime(process.seen), ", another is heard and orders go on; check that it runs",
          name == market::kStrategyService
              ? ". What its strategies left open stays until it is back, or `gannet kill "
                "strategy:NAME --reason …` withdraws it"
              : ""));
    }
  }
  for (const auto& [name, state] : lost_)
    problems.push_back(absl::StrCat("service ", name, ": ", state.reason));
  for (const auto& [name, model] : models_) {
    if (model.listed == base::Time() && model.state == TradingState::kActive) continue;
    market::OrderIntent resting;
    resting.model_version = name;
    std::string why;
    // One that no service names any more was replaced.
    const bool replaced = now - model.listed > settings_.lost_after;
    if (!replaced && LacksModel(resting, now, &why))
      problems.push_back(absl::StrCat(why, "; its orders only reduce"));
  }
  return problems;
}

// --- saved state ---------------------------------------------------------------

void ServiceWatch::Save(wire::CanonicalWriter& out) const {
  out.U8(kStateVersion);
  const auto save = [&out](const auto& rows) {
    const auto stated = [](const auto& row) {
      return row.second.state != TradingState::kActive || !row.second.reason.empty();
    };
    out.U32(static_cast<uint32_t>(std::count_if(rows.begin(), rows.end(), stated)));
    for (const auto& row : rows) {
      if (!stated(row)) continue;
      out.Bytes(row.first);
      out.U8(static_cast<uint8_t>(row.second.state));
      out.Bytes(row.second.reason);
    }
  };
  save(services_);
  save(models_);
  save(lost_);
}

absl::Status ServiceWatch::Load(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && (version == 0 || version > kStateVersion)) {
    return absl::FailedPreconditionError(absl::StrCat("watch state of format ", version,
                                                      ", this build reads ", kStateVersion,
                                                      "; use the build that wrote it"));
  }
  std::vector<ScopeKind> kinds{ScopeKind::kService, ScopeKind::kModel};
  if (version >= 2) kinds.push_back(ScopeKind::kService);  // of lost processes
  for (const ScopeKind kind : kinds) {
    for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
      market::RiskState state;
      state.scope = {kind, in.Bytes()};
      state.state = static_cast<TradingState>(std::clamp<uint8_t>(in.U8(), 1, 4));
      state.reason = in.Bytes();
      if (in.ok()) Apply(state);
    }
  }
  return in.status();
}

}  // namespace gannet::risk
