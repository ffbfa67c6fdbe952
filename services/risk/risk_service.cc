#include "services/risk/risk_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/bus/account_topic.h"
#include "libs/bus/heartbeat_topic.h"
#include "libs/command/unheard.h"
#include "libs/market/names.h"

namespace gannet::risk {
namespace {

// Whether the limits name it, this process hosts it, or it has been seen in instruments and orders.
// That a command has named it is nothing.
bool HeardOf(const RiskEngine& engine, const std::vector<std::string>& hosted,
             const market::Scope& scope) {
  const ExposureBook& book = engine.book();
  const LimitSet& limits = engine.limits();
  const auto traded = [&] {
    const Index at = book.FindScope(scope.kind, scope.name);
    if (at == kNone) return false;
    const ScopeRow* const row = &book.scope(at);
    for (const InstrumentRow& instrument : book.instruments()) {
      for (const Index cell : instrument.cells) {
        if (book.cell(cell).scopes[0] == row) return true;
      }
    }
    return false;
  };
  switch (scope.kind) {
    case market::ScopeKind::kAccount:
      return limits.accounts.contains(scope.name) || traded();
    case market::ScopeKind::kStrategy:
      return limits.strategies.contains(scope.name) ||
             std::find(hosted.begin(), hosted.end(), scope.name) != hosted.end() || traded();
    case market::ScopeKind::kVenue:
      return limits.venues.contains(scope.name) ||
             std::any_of(book.instruments().begin(), book.instruments().end(),
                         [&](const InstrumentRow& row) { return row.venue == scope.name; });
    case market::ScopeKind::kInstrument:
      return limits.instruments.contains(scope.name) ||
             book.FindInstrument(market::InstrumentId(scope.name)) != kNone;
    case market::ScopeKind::kFirm:
    case market::ScopeKind::kModel:
    case market::ScopeKind::kService:  // the last two are refused when nobody knows them
      break;
  }
  return true;
}

RiskSettings SettingsOf(const RiskConfig& config, const runtime::Deps& deps) {
  RiskSettings settings;
  settings.heartbeats = deps.heartbeats;
  settings.watch = config.watch;
  settings.gate.unanswered_alarm = config.unanswered_alarm;
  settings.gate.position_alarm = config.position_alarm;
  settings.verdict_lifetime = config.verdict_lifetime;
  settings.epoch = deps.shard.options().start_epoch;
  settings.four_eyes = config.four_eyes;
  return settings;
}

}  // namespace

RiskService::RiskService(const RiskConfig& config, runtime::Deps& deps)
    : shard_(deps.shard),
      bus_(deps.bus),
      log_(deps.log),
      probe_(deps.metrics, deps.clock),
      executor_(deps.executor),
      background_(deps.background),
      clock_(deps.clock),
      engine_(SettingsOf(config, deps), config.limits, config.text),
      portfolio_(engine_),
      figures_port_(deps.shard.AddInput(
          "risk.portfolio",
          [this](std::string_view bytes, const market::Header& cause) { OnFigures(bytes, cause); },
          [this](std::string_view bytes) {
            if (auto figures = DecodePortfolioFigures(bytes); figures.ok())
              portfolio_.Apply(*std::move(figures));
          })),
      strategies_(config.strategies),
      decisions_(deps.shard, bus::kRiskDecisions,
                 [this](const auto& event) { engine_.Apply(event); }),
      states_(deps.shard, bus::kRiskState, [this](const auto& event) { engine_.Apply(event); }),
      limits_(deps.shard, bus::kRiskLimits, [this](const auto& event) { engine_.Apply(event); }),
      answers_(deps.shard, bus::kAnswers, nullptr, /*essential=*/true),
      notes_(deps.shard, bus::kJournals,
             [this](const auto& event) {
               engine_.Apply(event);
               portfolio_.Apply(event.value);
             }),
      metrics_(MeasureRisk(deps.metrics, engine_, portfolio_, deps.shard)) {
  ConsumeFacts();
  ConsumeMarket();
  shard_.AddState({.name = "risk",
                   .save = [this](wire::CanonicalWriter& out) { engine_.Save(out); },
                   .load = [this](wire::CanonicalReader& in) { return engine_.Load(in); },
                   .resume = [this](const market::Header& cause) { Resume(cause); }});
  shard_.AddState({.name = "risk.portfolio",
                   .save = [this](wire::CanonicalWriter& out) { portfolio_.Save(out); },
                   .load = [this](wire::CanonicalReader& in) { return portfolio_.Load(in); },
                   .since_later = true});
  if (!deps.heartbeats) return;
  shard_.Consume<market::Heartbeat>(bus::kHeartbeats, nullptr, [this](const auto& event) {
    engine_.OnHeartbeat(event.value, shard_.now());
    Emit(engine_.DecideHeartbeat(shard_.now()), event.header);
  });
  shard_.AddState({.name = "risk.watch",
                   .save = [this](wire::CanonicalWriter& out) { engine_.SaveWatch(out); },
                   .load = [this](wire::CanonicalReader& in) { return engine_.LoadWatch(in); },
                   .since_later = true});
}

void RiskService::Decide(const market::OrderIntent& intent, const market::Header& cause) {
  const base::Duration began = probe_.Begin();
  market::RiskDecision decision = engine_.Decide(intent, shard_.now());
  probe_.End(began, engine_, intent, shard_.now());
  decisions_.Emit(std::move(decision), cause);
}

void RiskService::ConsumeFacts() {
  shard_.Consume<market::OrderIntent>(
      bus::kOrderIntents, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) {
        if (event.value.kind == market::IntentKind::kCancel) return;
        Decide(event.value, event.header);
      });
  shard_.Consume<market::ParentOrder>(bus::kOrderParents,
                                      [this](const auto& event) { engine_.Apply(event); });
  shard_.Consume<market::ExecReport>(bus::kExecReports,
                                     [this](const auto& event) { engine_.Apply(event); });
  shard_.Consume<market::BalanceUpdate>(bus::kBalances,
                                        [this](const auto& event) { engine_.Apply(event); });
  shard_.Consume<market::AccountEvent>(
      bus::kAccountEvents, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) { Alarm(event.value); });
  shard_.Consume<market::PositionUpdate>(bus::kPositions,
                                         [this](const auto& event) { engine_.Apply(event); });
}

// What the venue, or people, did to a position or a balance without an order of ours.
void RiskService::Alarm(const market::AccountEvent& event) {
  if (std::find(kAlarmingEvents.begin(), kAlarmingEvents.end(), event.kind) ==
      kAlarmingEvents.end())
    return;
  std::string changes;
  for (const market::AssetChange& change : event.changes)
    absl::StrAppend(&changes, change.amount.ToString(), " ", change.asset.text(), " ");
  log_.Warning("account_event", {{"kind", market::Name(event.kind)},
                                 {"account", event.account.text()},
                                 {"instrument", event.instrument.text()},
                                 {"quantity", event.quantity.mantissa},
                                 {"changes", changes},
                                 {"booking", event.id},
                                 {"person", event.person}});
}

// Live only: what is not recorded is not recovered either.
void RiskService::ConsumeMarket() {
  shard_.Consume<market::Instrument>(bus::kInstruments, nullptr, [this](const auto& event) {
    Act(engine_.DecideInstrument(event.value), event.header);
  });
  shard_.Consume<market::Quote>(bus::kQuotes, nullptr, [this](const auto& event) {
    engine_.OnQuote(event.value, event.header.receive_time);
  });
  shard_.Consume<market::BookUpdate>(bus::kBooks, nullptr, [this](const auto& event) {
    engine_.OnBook(event.value, event.header.receive_time);
  });
  shard_.Consume<market::MarketStatus>(bus::kMarketStatus, nullptr, [this](const auto& event) {
    engine_.OnMarketStatus(event.value);
  });
  shard_.Consume<market::Command>(
      bus::kCommands, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) { OnCommand(event); });
}

void RiskService::OnCommand(const market::Event<market::Command>& event) {
  const market::Command& command = event.value;
  const bool limits = market::IsAboutLimits(command.kind);
  if (!limits && command.kind > market::CommandKind::kSetTradingState) return;  // for others
  market::CommandAnswer answer{.command = event.header.id,
                               .request_id = command.request_id,
                               .person = command.person,
                               .engine = std::string(kEngineName)};
  const absl::Status done = limits ? OnLimits(event, answer) : OnState(event, answer);
  if (!done.ok()) {
    answer.outcome = market::CommandOutcome::kRefused;
    answer.detail = std::string(done.message());
    log_.Warning("refused", {{"person", command.person}, {"why", answer.detail}});
  }
  answers_.Emit(std::move(answer), event.header);
}

absl::Status RiskService::OnState(const market::Event<market::Command>& event,
                                  market::CommandAnswer& answer) {
  const bool heard = HeardOf(engine_, strategies_, event.value.scope);
  GANNET_ASSIGN_OR_RETURN(const RiskEngine::Facts facts,
                          engine_.DecideCommand(event.value, shard_.now()));
  Emit(facts, event.header);
  if (facts.states.empty()) {
    answer.detail = absl::StrCat(FormatScope(event.value.scope), " is in that state already");
  } else {
    const market::RiskState& state = facts.states.back();
    answer.detail = absl::StrCat(FormatScope(state.scope), " is ", market::Name(state.state),
                                 state.killed ? ", kill switch on" : "");
  }
  if (!heard) {
    absl::StrAppend(&answer.detail, "; ", std::string(command::kUnheard),
                    ": check its spelling; this holds for what appears under it");
  }
  return absl::OkStatus();
}

absl::Status RiskService::OnLimits(const market::Event<market::Command>& event,
                                   market::CommandAnswer& answer) {
  GANNET_ASSIGN_OR_RETURN(const RiskEngine::LimitAnswer decided, engine_.DecideLimits(event.value));
  Emit(decided.facts, event.header);
  Emit(engine_.DecideStart(), event.header);  // the new version
  answer.proposal = decided.proposal;
  answer.detail = decided.detail;
  log_.Info("limits", {{"person", event.value.person},
                       {"proposal", decided.proposal},
                       {"version", engine_.limits().version},
                       {"reason", event.value.reason},
                       {"what", decided.detail}});
  return absl::OkStatus();
}

// Those who watch a bus in memory have not heard what was decided before this start;
// over Kafka these are duplicates, and dropped.
void RiskService::TellLimitsAgain() {
  for (auto& event : engine_.limit_record().Events()) {
    shard_.AfterDurable([this, event = std::make_shared<const market::Event<market::LimitEvent>>(
                                   std::move(event))] {
      if (const absl::Status told = bus_.Publish(bus::kRiskLimits, event); !told.ok())
        log_.Warning("limits_not_told", {{"error", std::string(told.message())}});
    });
  }
}

void RiskService::Resume(const market::Header& cause) {
  TellLimitsAgain();
  engine_.OnStart(shard_.now());
  Emit(engine_.DecideStart(), cause);
  for (const RiskEngine::PendingIntent& pending : engine_.pending()) {
    Decide(pending.intent, pending.header);
  }
  shard_.After(kTimerInterval, [this](const market::Header& next) { OnTimer(next); });
}

void RiskService::OnTimer(const market::Header& cause) {
  engine_.OnTimer(shard_.now());
  Emit(engine_.DecideTimer(shard_.now()), cause);
  Sample(cause);
  shard_.After(kTimerInterval, [this](const market::Header& next) { OnTimer(next); });
}

void RiskService::Sample(const market::Header& cause) {
  portfolio_.OnTimer(shard_.now());
  auto note = portfolio_.DecideSample(shard_.now());
  if (!note) return;
  notes_.Emit(*std::move(note), cause);
  shard_.AfterDurable([this] { WorkOut(); });
}

void RiskService::WorkOut() {
  if (working_out_) {
    ++figures_skipped_;
    return;
  }
  working_out_ = true;
  background_.Post(
      [this, alive = std::weak_ptr(alive_), &executor = executor_,
       inputs = std::make_shared<const PortfolioInputs>(portfolio_.Inputs(shard_.now())),
       target = engine_.limits().firm.target_volatility_ppm.value_or(0)] {
        executor.Post([this, alive, bytes = Encode(Evaluate(*inputs, target))] {
          if (alive.expired()) return;
          working_out_ = false;
          shard_.Deliver(figures_port_, bytes, clock_.Now());
        });
      });
}

void RiskService::OnFigures(std::string_view bytes, const market::Header& cause) {
  auto figures = DecodePortfolioFigures(bytes);
  if (!figures.ok()) {
    log_.Warning("portfolio_figures", {{"error", std::string(figures.status().message())}});
    return;
  }
  RiskEngine::Facts facts;
  if (auto state = portfolio_.Decide(*figures)) facts.states.push_back(*std::move(state));
  portfolio_.Apply(*std::move(figures));
  Emit(facts, cause);
}

void RiskService::Emit(const RiskEngine::Facts& facts, const market::Header& cause) {
  for (const market::LimitEvent& event : facts.limits) limits_.Emit(event, cause);
  for (const market::RiskState& state : facts.states) {
    if (state.state != market::TradingState::kActive) {
      log_.Warning("trading_state", {{"scope", FormatScope(state.scope)},
                                     {"state", static_cast<int>(state.state)},
                                     {"killed", state.killed},
                                     {"reason", state.reason},
                                     {"person", state.person}});
    }
    states_.Emit(state, cause);
  }
  for (const wire::EngineNote& note : facts.notes) notes_.Emit(note, cause);
}

void RiskService::Act(const absl::StatusOr<RiskEngine::Facts>& facts, const market::Header& cause) {
  if (facts.ok()) return Emit(*facts, cause);
  log_.Warning("refused", {{"why", std::string(facts.status().message())}});
}

runtime::Health RiskService::health() const {
  runtime::Health health{runtime::HealthState::kServing, {}};
  const auto degraded = [&health](std::string why) {
    health.state = runtime::HealthState::kDegraded;
    health.reasons.push_back(std::move(why));
  };
  const base::Time oldest = engine_.book().oldest_unanswered();
  if (oldest != base::Time::max() &&
      shard_.now() - oldest > engine_.settings().gate.unanswered_alarm) {
    degraded(absl::StrCat("execution has not answered a verdict since ", base::FormatTime(oldest),
                          "; the gate is closed until it does, check that execution runs"));
  }
  for (std::string& problem : engine_.watch().Problems(shard_.now())) degraded(std::move(problem));
  if (std::string ignored = engine_.LimitsFileIgnored(); !ignored.empty())
    degraded(std::move(ignored));
  const ExposureBook::Stats& stats = engine_.book().stats();
  if (const std::vector<market::InstrumentId> unquoted = engine_.book().Unquoted();
      !unquoted.empty()) {
    degraded(absl::StrCat("no quote has come for ", kQuoteWait / std::chrono::minutes(1),
                          " minutes of ", unquoted.size(), " instruments that are held, first ",
                          unquoted.front().text(),
                          ": losses count them at the price of their last fill; take them into "
                          "ingest, or close the positions"));
  }
  if (const std::vector<market::AssetId> unvalued = engine_.book().Unvalued(); !unvalued.empty()) {
    degraded(absl::StrCat("losses leave out fees and bookings in ", unvalued.size(),
                          " assets, first ", unvalued.front().text(),
                          ": no price turns it into the valuation asset; name an instrument for it "
                          "under valuation.by in the limits file, and take that into ingest"));
  }
  if (stats.reports_unplaced > 0) {
    degraded(absl::StrCat(
        stats.reports_unplaced,
        " fills could not be booked; their instruments take no orders, compare with the venue"));
  }
  if (stats.definitions_refused > 0) {
    degraded(absl::StrCat(stats.definitions_refused,
                          " instrument definitions could not be taken over; see ref.instruments"));
  }
  if (figures_skipped_ > 0) {
    degraded(absl::StrCat(
        figures_skipped_,
        " times portfolio risk was not worked out in its interval; raise portfolio.interval or "
        "lower portfolio.paths in the limits file"));
  }
  if (stats.scopes_refused > 0)
    degraded(absl::StrCat("more than ", kMaxScopes, " scopes; use fewer strategy names"));
  return health;
}

}  // namespace gannet::risk
