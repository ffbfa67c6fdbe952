#include "services/strategy/strategy_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace gannet::strategy {
namespace {

EngineSettings SettingsOf(const StrategyConfig& config, const runtime::Shard& shard) {
  EngineSettings settings = config.engine;
  settings.run = shard.options().run;
  settings.epoch = shard.options().start_epoch;
  return settings;
}

}  // namespace

StrategyService::StrategyService(const StrategyConfig& config, runtime::Deps& deps)
    : shard_(deps.shard),
      executor_(deps.executor),
      log_(deps.log),
      engine_(SettingsOf(config, deps.shard), MakeStrategies(config)),
      intents_(deps.shard, bus::kOrderIntents, [this](const auto& event) { engine_.Apply(event); }),
      parents_(deps.shard, bus::kOrderParents, [this](const auto& event) { engine_.Apply(event); }),
      answers_(
          deps.shard, bus::kAnswers, [this](const auto& event) { engine_.Apply(event); },
          /*essential=*/true),
      notes_(deps.shard, bus::kJournals, [this](const auto& event) { engine_.Apply(event); }),
      drain_port_(deps.shard.AddInput(
          "strategy.drain",
          [this](std::string_view, const market::Header& cause) { OnDrain(cause); })) {
  ConsumeFacts();
  ConsumeMarket();
  shard_.AddState({.name = "strategy",
                   .save = [this](wire::CanonicalWriter& out) { engine_.Save(out); },
                   .load = [this](wire::CanonicalReader& in) { return engine_.Load(in); },
                   .resume = [this](const market::Header& cause) { Resume(cause); }});
}

void StrategyService::ConsumeFacts() {
  shard_.Consume<market::NewsSignal>(
      bus::kNewsSignals, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) {
        engine_.DecideSignal(event, shard_.now(), drafts_);
        Emit(event.header);
      });
  shard_.Consume<market::Prediction>(bus::kPredictions, nullptr, [this](const auto& event) {
    engine_.DecidePrediction(event, shard_.now(), drafts_);
    Emit(event.header);
  });
  shard_.Consume<market::RiskDecision>(
      bus::kRiskDecisions, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) {
        const market::OrderIntent& intent = event.value.intent;
        if (!event.value.permitted)
          engine_.DecideOrder(intent.strategy, intent.instrument, shard_.now(), drafts_);
        Emit(event.header);
      });
  shard_.Consume<market::ExecReport>(
      bus::kExecReports, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) {
        // That an order is about to be sent says nothing that its verdict has not said: there is
        // nothing new to decide on, and the order has not left yet.
        if (event.value.kind != market::ExecKind::kJournaled)
          engine_.DecideOrder(event.value.strategy, event.value.instrument, shard_.now(), drafts_);
        Emit(event.header);
        FinishDrain();
      });
  shard_.Consume<market::RiskState>(
      bus::kRiskState, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) { LookAtAll(event.header); });
  shard_.Consume<market::Command>(
      bus::kCommands, [this](const auto& event) { engine_.Apply(event); },
      [this](const auto& event) {
        engine_.OnCommand(event.value);
        Answer(event);
        if (!market::IsAboutOrder(event.value.kind)) LookAtAll(event.header);
      });
}

// Live only: what is not recorded is not recovered either.
void StrategyService::ConsumeMarket() {
  shard_.Consume<market::Instrument>(bus::kInstruments, nullptr, [this](const auto& event) {
    engine_.OnInstrument(event.value);
    if (auto note = engine_.DecideInstrument(event.value))
      notes_.Emit(*std::move(note), event.header);
  });
  shard_.Consume<market::Quote>(bus::kQuotes, nullptr, [this](const auto& event) {
    Look(engine_.OnQuote(event.value, event.header.receive_time), event.header);
  });
  shard_.Consume<market::BookUpdate>(bus::kBooks, nullptr, [this](const auto& event) {
    Look(engine_.OnBook(event.value, event.header.receive_time), event.header);
  });
  shard_.Consume<market::Trade>(bus::kTrades, nullptr,
                                [this](const auto& event) { engine_.OnTrade(event.value); });
  shard_.Consume<market::MarketStatus>(bus::kMarketStatus, nullptr, [this](const auto& event) {
    if (engine_.OnStatus(event.value)) LookAtAll(event.header);
  });
  shard_.Consume<market::NewsItem>(bus::kNewsRaw, nullptr,
                                   [this](const auto& event) { engine_.OnNews(event); });
}

void StrategyService::Answer(const market::Event<market::Command>& event) {
  if (market::IsAboutOrder(event.value.kind)) {
    if (auto note = engine_.DecideManualInstrument(event.value))
      notes_.Emit(*std::move(note), event.header);
    if (event.value.order && event.value.order->plan) {
      for (const market::InstrumentId& venue : event.value.order->plan->venues) {
        if (auto note = engine_.DecideManualInstrument(venue))
          notes_.Emit(*std::move(note), event.header);
      }
    }
    StrategyEngine::Manual manual = engine_.DecideManual(event, shard_.now());
    // Parent before intent before answer: what a crash leaves is a parent whose
    // reservation, or an intent whose answer is missing.
    if (manual.parent) parents_.Emit(*std::move(manual.parent), event.header);
    if (manual.intent) intents_.Emit(*std::move(manual.intent), event.header);
    answers_.Emit(std::move(manual.answer), event.header);
    Emit(event.header);
  } else if (event.value.kind == market::CommandKind::kDrain) {
    answers_.Emit({.command = event.header.id,
                   .request_id = event.value.request_id,
                   .person = event.value.person,
                   .engine = std::string(kEngineName),
                   .detail = "no new intents; working orders are cancelled"},
                  event.header);
  }
}

void StrategyService::Resume(const market::Header& cause) {
  for (market::OrderIntent& intent : engine_.UnaskedParents())
    intents_.Emit(std::move(intent), cause);
  engine_.DecideOrphans(shard_.now(), drafts_);
  Emit(cause);
  ResumeCommands();
  LookAtParents(cause);
  const auto orphans = engine_.orphans();
  if (!orphans.empty()) {
    log_.Warning(
        "strategies_not_configured",
        {{"strategies", absl::StrJoin(orphans, ",")},
         {"help", "their orders are cancelled, their positions stay; close them by hand"}});
  }
  shard_.After(kTimerInterval, [this](const market::Header& next) { OnTimer(next); });
}

void StrategyService::AddTo(market::Standing& standing) const {
  for (const auto& [id, parent] : engine_.parents().parents()) {
    if (market::IsTerminal(parent.order.state)) continue;
    market::Event<market::ParentOrder> event;
    event.header.event_time = event.header.publish_time = shard_.now();
    event.value = parent.order;
    standing.parents.push_back(std::move(event));
  }
}

void StrategyService::ResumeCommands() {
  for (const ManualDesk::Pending& pending : engine_.desk().pending()) {
    const market::Command& command = pending.command.value;
    if (pending.intent.empty()) {
      Answer(pending.command);
    } else {
      answers_.Emit({.command = pending.command.header.id,
                     .request_id = command.request_id,
                     .person = command.person,
                     .engine = std::string(kEngineName),
                     .client_order_id = pending.intent,
                     .detail = "the intent was made before a restart"},
                    pending.command.header);
    }
  }
}

void StrategyService::OnTimer(const market::Header& cause) {
  engine_.OnTimer();
  LookAtAll(cause);
  shard_.After(kTimerInterval, [this](const market::Header& next) { OnTimer(next); });
}

void StrategyService::OnDrain(const market::Header& cause) {
  engine_.StopAll();
  LookAtAll(cause);
}

void StrategyService::Look(Index instrument, const market::Header& cause) {
  if (instrument == kNone) return;
  engine_.DecideMarket(instrument, shard_.now(), drafts_);
  Emit(cause);
  engine_.DecideParents(instrument, shard_.now(), steps_);
  Take(steps_, cause);
}

void StrategyService::LookAtAll(const market::Header& cause) {
  engine_.DecideTimer(shard_.now(), drafts_);
  Emit(cause);
  LookAtParents(cause);
}

void StrategyService::LookAtParents(const market::Header& cause) {
  engine_.DecideParents(shard_.now(), steps_);
  Take(steps_, cause);
}

void StrategyService::Emit(const market::Header& cause) {
  Number(drafts_, cause);
  drafts_.clear();
  engine_.DecideTouchedParents(shard_.now(), steps_);
  Take(steps_, cause);
}

void StrategyService::Number(const std::vector<Draft>& drafts, const market::Header& cause) {
  for (const Draft& draft : drafts) {
    if (draft.plan) {
      auto parent = engine_.MakeParent(draft, shard_.now(), nullptr);
      if (!parent) continue;
      market::OrderIntent intent = parent->intent;
      parents_.Emit(*std::move(parent), cause);
      intents_.Emit(std::move(intent), cause);
    } else if (auto intent = engine_.MakeIntent(draft, shard_.now())) {
      intents_.Emit(*std::move(intent), cause);
    }
  }
}

void StrategyService::Take(ParentSteps& steps, const market::Header& cause) {
  for (market::ParentOrder& told : steps.told) parents_.Emit(std::move(told), cause);
  Number(steps.drafts, cause);
  steps.told.clear();
  steps.drafts.clear();
}

void StrategyService::Drain(std::function<void()> done) {
  drained_ = std::move(done);
  shard_.Deliver(drain_port_, "", shard_.now());
  FinishDrain();
}

// Orders that stay by configuration, or that nobody can end, are no reason to wait:
// the caller caps the time.
void StrategyService::FinishDrain() {
  if (!drained_) return;
  if (engine_.settings().cancel_on_drain && engine_.portfolio().working_orders() > 0) return;
  executor_.Post(std::exchange(drained_, nullptr));  // outside of the turn that this may be
}

runtime::Health StrategyService::health() const {
  runtime::Health health{runtime::HealthState::kServing, {}};
  const auto degraded = [&health](std::string why) {
    health.state = runtime::HealthState::kDegraded;
    health.reasons.push_back(std::move(why));
  };
  if (const auto orphans = engine_.orphans(); !orphans.empty()) {
    degraded(absl::StrCat(
        "positions of strategies that are not configured: ", absl::StrJoin(orphans, ", "),
        "; configure them again or close them by hand"));
  }
  if (engine_.portfolio().fills_unbooked() > 0) {
    degraded(absl::StrCat(engine_.portfolio().fills_unbooked(),
                          " fills could not be booked to a position; compare with reporting"));
  }
  return health;
}

}  // namespace gannet::strategy
