#include "services/strategy/strategy_engine.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"
#include "libs/market/manual.h"
#include "libs/wire/saved.h"
#include "services/strategy/schedule.h"

namespace gannet::strategy {
namespace {

using market::IntentKind;

// 1: without the manual desk; 2: without parents; 3: without the version that numbers mean the
// same since; 4: without the scales of earlier ones; 5: without the bounds of market orders
constexpr uint8_t kStateVersion = 6;
constexpr char kInstrumentNote[] = "instrument";

bool ValidScale(int scale) { return scale >= 0 && scale <= market::kMaxScale; }

bool HasStake(const Slot& slot) { return !slot.orders.empty() || slot.position.net.mantissa != 0; }

}  // namespace

StrategyEngine::StrategyEngine(EngineSettings settings,
                               std::vector<std::unique_ptr<Strategy>> strategies)
    : settings_(std::move(settings)),
      strategies_(std::move(strategies)),
      market_(settings_.volatility),
      portfolio_(settings_.account),
      parents_(settings_.taker_fees_ppm) {}

const Strategy* StrategyEngine::Hosted(const market::StrategyId& id) const {
  for (const auto& strategy : strategies_) {
    if (strategy->id() == id) return strategy.get();
  }
  return nullptr;
}

bool StrategyEngine::Stopped(const market::StrategyId& strategy) const {
  return stopped_ || stopped_strategies_.contains(strategy.text());
}

size_t StrategyEngine::Budget(IntentKind kind) const {
  const size_t all = settings_.message_count;
  return kind == IntentKind::kCancel ? all : all - all / 5;
}

View StrategyEngine::ViewAt(base::Time now, const market::StrategyId& strategy) const {
  return {now, settings_.stale_after, market_, portfolio_, restrictions_, Stopped(strategy)};
}

const std::vector<const Strategy*>& StrategyEngine::TradersOf(Index instrument) const {
  static const std::vector<const Strategy*> kNobody;
  return instrument < traders_.size() ? traders_[instrument] : kNobody;
}

// --- instruments ---------------------------------------------------------------

std::optional<wire::EngineNote> StrategyEngine::DecideInstrument(
    const market::Instrument& instrument) const {
  if (!ValidScale(instrument.price_scale) || !ValidScale(instrument.quantity_scale) ||
      !ValidScale(instrument.quote_scale) || instrument.multiplier <= 0) {
    return std::nullopt;
  }
  // What was recorded for an order by hand is followed too: quotes speak of the newest version.
  const Index at = market_.Find(instrument.id);
  const bool traded =
      (at != kNone && market_.row(at).definition) ||
      std::any_of(strategies_.begin(), strategies_.end(),
                  [&](const auto& strategy) { return strategy->Trades(instrument); });
  if (!traded) return std::nullopt;
  return InstrumentNote(instrument);
}

std::optional<wire::EngineNote> StrategyEngine::InstrumentNote(
    const market::Instrument& instrument) const {
  const Index at = market_.Find(instrument.id);
  if (at != kNone && market_.row(at).definition &&
      market_.row(at).definition->version >= instrument.version)
    return std::nullopt;
  wire::CanonicalWriter body;
  wire::SaveInstrument(body, instrument);
  return wire::EngineNote{
      .engine = std::string(kEngineName), .kind = kInstrumentNote, .body = body.Take()};
}

void StrategyEngine::Define(const market::Instrument& instrument, std::vector<Numbers> numbers) {
  market_.Define(instrument, std::move(numbers));
  const Index at = market_.Find(instrument.id);
  if (at == kNone) return;
  if (traders_.size() <= at) traders_.resize(at + 1);
  traders_[at].clear();
  for (const auto& strategy : strategies_) {
    if (strategy->Trades(instrument)) traders_[at].push_back(strategy.get());
  }
}

void StrategyEngine::Apply(const market::Event<wire::EngineNote>& event) {
  if (event.value.engine != kEngineName || event.value.kind != kInstrumentNote) return;
  wire::CanonicalReader in(event.value.body);
  const market::Instrument instrument = wire::LoadInstrument(in);
  if (in.ok()) Define(instrument);
}

void StrategyEngine::Apply(const market::Event<market::OrderIntent>& event) {
  portfolio_.Apply(event.value);
  desk_.Apply(event);
  parents_.Apply(event.value);
}

void StrategyEngine::Apply(const market::Event<market::ParentOrder>& event) {
  portfolio_.Apply(event.value);
  desk_.Apply(event);
  parents_.Apply(event);
}

void StrategyEngine::Apply(const market::Event<market::RiskDecision>& event) {
  portfolio_.Apply(event.value);
  parents_.Apply(event.value);
}

void StrategyEngine::Apply(const market::Event<market::ExecReport>& event) {
  const Index at = market_.Find(event.value.instrument);
  portfolio_.Apply(event.value, event.header.receive_time,
                   at == kNone ? nullptr : &market_.row(at));
  parents_.Apply(event.value, event.header.receive_time, market_);
}

// --- live data -----------------------------------------------------------------

void StrategyEngine::OnNews(const market::Event<market::NewsItem>& item) {
  if (!published_.try_emplace(item.header.id, item.value.published).second) return;
  news_.push_back(item.header.id);
  if (news_.size() > kMaxRememberedNews) {
    published_.erase(news_.front());
    news_.pop_front();
  }
}

void StrategyEngine::OnCommand(const market::Command& command) {
  const bool stop = command.kind == market::CommandKind::kDrain;
  if (!stop && command.kind != market::CommandKind::kResume) return;
  const bool all = command.scope.kind == market::ScopeKind::kFirm ||
                   (command.scope.kind == market::ScopeKind::kAccount &&
                    command.scope.name == settings_.account.text());
  if (all) {
    stopped_ = stop;
  } else if (command.scope.kind == market::ScopeKind::kStrategy && stop) {
    if (Hosted(market::StrategyId(command.scope.name)) != nullptr)
      stopped_strategies_.insert(command.scope.name);
  } else if (command.scope.kind == market::ScopeKind::kStrategy) {
    stopped_strategies_.erase(command.scope.name);
  }
}

// --- decisions -----------------------------------------------------------------

void StrategyEngine::DecideSignal(const market::Event<market::NewsSignal>& event, base::Time now,
                                  std::vector<Draft>& out) const {
  market::Event<market::NewsSignal> dated = event;
  if (const auto published = published_.find(event.value.item); published != published_.end()) {
    dated.header.event_time = published->second;
  }
  for (const auto& strategy : strategies_)
    strategy->OnSignal(dated, ViewAt(now, strategy->id()), out);
}

void StrategyEngine::DecidePrediction(const market::Event<market::Prediction>& event,
                                      base::Time now, std::vector<Draft>& out) const {
  const Index at = market_.Find(event.value.instrument);
  for (const Strategy* strategy : TradersOf(at))
    strategy->OnPrediction(event, at, ViewAt(now, strategy->id()), out);
}

void StrategyEngine::DecideMarket(Index instrument, base::Time now, std::vector<Draft>& out) const {
  for (const Strategy* strategy : TradersOf(instrument))
    strategy->OnMarket(instrument, ViewAt(now, strategy->id()), out);
}

void StrategyEngine::DecideOrder(const market::StrategyId& id,
                                 const market::InstrumentId& instrument, base::Time now,
                                 std::vector<Draft>& out) const {
  const Index at = market_.Find(instrument);
  for (const Strategy* strategy : TradersOf(at)) {
    if (strategy->id() == id) strategy->OnMarket(at, ViewAt(now, strategy->id()), out);
  }
}

void StrategyEngine::DecideTimer(base::Time now, std::vector<Draft>& out) const {
  for (const Index at : market_.by_name()) DecideMarket(at, now, out);
  if (settings_.cancel_on_drain && (stopped_ || !stopped_strategies_.empty()))
    DecideCancels(now, out);
}

void StrategyEngine::DecideCancels(base::Time now, std::vector<Draft>& out) const {
  for (const auto& [id, row] : portfolio_.strategies()) {
    if (!Stopped(id)) continue;
    for (const auto& [instrument, slot] : row.slots) {
      for (const WorkingOrder& order : slot.orders) {
        // Parents stay for the next start; what works of them their desk withdraws.
        if (order.is_parent || !order.parent.empty()) continue;
        const bool drafted = std::any_of(
            out.begin(), out.end(), [&](const Draft& draft) { return draft.target == order.id; });
        if (!drafted) CancelOne(id, instrument, order, "draining", now, out);
      }
    }
  }
}

void StrategyEngine::DecideOrphans(base::Time now, std::vector<Draft>& out) const {
  for (const auto& [id, row] : portfolio_.strategies()) {
    if (market::IsManual(id)) continue;  // people look after theirs
    const Strategy* strategy = Hosted(id);
    for (const auto& [instrument, slot] : row.slots) {
      const Index at = market_.Find(instrument);
      const bool kept = strategy != nullptr && at != kNone && market_.row(at).definition &&
                        strategy->Trades(*market_.row(at).definition);
      if (!kept) CancelAll(id, instrument, slot, "strategy no longer configured", now, out);
    }
  }
}

std::vector<std::string> StrategyEngine::orphans() const {
  std::vector<std::string> names;
  for (const auto& [id, row] : portfolio_.strategies()) {
    if (Hosted(id) != nullptr || market::IsManual(id)) continue;
    const bool stake = std::any_of(row.slots.begin(), row.slots.end(),
                                   [](const auto& slot) { return HasStake(slot.second); });
    if (stake) names.push_back(id.text());
  }
  return names;
}

std::optional<market::OrderIntent> StrategyEngine::MakeIntent(const Draft& draft, base::Time now) {
  const bool cancel = draft.kind == IntentKind::kCancel;
  if (!cancel && Stopped(draft.strategy)) {
    ++stats_.stopped;
    return std::nullopt;
  }
  // The budget is for what a strategy does of itself. What ends it goes out at once, one
  // cancel an order: a drain has less time than the window.
  const bool ending = cancel && Stopped(draft.strategy);
  if (!ending && portfolio_.MessagesSince(draft.strategy, now - settings_.message_window) >=
                     Budget(draft.kind)) {
    ++stats_.over_budget;
    return std::nullopt;
  }
  market::OrderIntent intent;
  intent.kind = draft.kind;
  intent.account = settings_.account;
  intent.strategy = draft.strategy;
  intent.sequence = portfolio_.NextSequence(draft.strategy);
  intent.client_order_id =
      wire::MakeClientOrderId(intent.account, settings_.run, settings_.epoch, intent.strategy,
                              intent.sequence, intent.attempt);
  intent.target = draft.target;
  intent.parent = draft.parent;
  intent.instrument = draft.instrument;
  const Index at = market_.Find(draft.instrument);
  if (draft.instrument_version != 0) {
    intent.instrument_version = draft.instrument_version;
  } else if (at != kNone && market_.row(at).definition) {
    intent.instrument_version = market_.row(at).definition->version;
  }
  intent.side = draft.side;
  intent.type = draft.type;
  intent.time_in_force = draft.time_in_force;
  intent.price = draft.price;
  intent.stop_price = draft.stop_price;
  intent.expires = draft.expires;
  intent.quantity = draft.quantity;
  intent.reduce_only = draft.reduce_only;
  intent.trailing_bps = draft.trailing_bps;
  intent.created = now;
  intent.reason = draft.reason;
  intent.model_version = draft.model_version;
  intent.signal = draft.signal;
  intent.hash = wire::IntentHash(intent);
  return intent;
}

// --- parent orders ---------------------------------------------------------------

std::optional<market::ParentOrder> StrategyEngine::MakeParent(const Draft& draft, base::Time now,
                                                              std::string* why) {
  std::string ignored;
  std::string& said = why == nullptr ? ignored : *why;
  const Index at = market_.Find(draft.instrument);
  if (at == kNone || !market_.row(at).definition) {
    said = "the instrument is not known";
    return std::nullopt;
  }
  const MarketRow& row = market_.row(at);
  market::ParentOrder parent;
  parent.plan = *draft.plan;
  parent.intent.side = draft.side;
  parent.intent.type = draft.type;
  parent.intent.price = draft.price;
  parent.intent.quantity = draft.quantity;
  parent.intent.expires = draft.expires;
  if (const absl::Status sense = CheckParent(parent, *row.definition, now); !sense.ok()) {
    said = std::string(sense.message());
    return std::nullopt;
  }
  if (parents_.full()) {
    said = absl::StrCat(kMaxParents, " parent orders work already; cancel one");
    return std::nullopt;
  }
  std::optional<market::OrderIntent> intent = MakeIntent(draft, now);
  if (!intent) return std::nullopt;
  parent.intent = *std::move(intent);
  if (row.quoted()) parent.arrival = row.mid();
  return parent;
}

void StrategyEngine::DecideParents(base::Time now, ParentSteps& out) const {
  for (const auto& [id, parent] : parents_.parents())
    parents_.Decide(parent, ViewAt(now, parent.order.intent.strategy), out);
}

void StrategyEngine::DecideParents(Index instrument, base::Time now, ParentSteps& out) const {
  if (parents_.parents().empty()) return;
  for (const auto& [id, parent] : parents_.parents()) {
    if (parent.order.intent.instrument == market_.row(instrument).id)
      parents_.Decide(parent, ViewAt(now, parent.order.intent.strategy), out);
  }
}

void StrategyEngine::DecideTouchedParents(base::Time now, ParentSteps& out) {
  for (const market::ClientOrderId& id : parents_.TakeTouched()) {
    if (const Parent* parent = parents_.Find(id))
      parents_.Decide(*parent, ViewAt(now, parent->order.intent.strategy), out);
  }
}

std::vector<market::OrderIntent> StrategyEngine::UnaskedParents() const {
  std::vector<market::OrderIntent> unasked;
  for (const auto& [id, parent] : parents_.parents()) {
    if (!parent.asked) unasked.push_back(parent.order.intent);
  }
  std::sort(unasked.begin(), unasked.end(), [](const auto& a, const auto& b) {
    return std::tie(a.strategy, a.sequence) < std::tie(b.strategy, b.sequence);
  });
  return unasked;
}

// --- orders of people ------------------------------------------------------------

std::optional<wire::EngineNote> StrategyEngine::DecideManualInstrument(
    const market::Command& command) const {
  if (command.kind != market::CommandKind::kSubmitOrder || !command.order) return std::nullopt;
  return DecideManualInstrument(command.order->instrument);
}

std::optional<wire::EngineNote> StrategyEngine::DecideManualInstrument(
    const market::InstrumentId& id) const {
  const market::Instrument* definition = desk_.Definition(id);
  if (definition == nullptr || !ValidScale(definition->price_scale) ||
      !ValidScale(definition->quantity_scale) || !ValidScale(definition->quote_scale) ||
      definition->multiplier <= 0) {
    return std::nullopt;
  }
  return InstrumentNote(*definition);
}

StrategyEngine::Manual StrategyEngine::DecideManual(const market::Event<market::Command>& event,
                                                    base::Time now) {
  const market::Command& command = event.value;
  Manual manual;
  market::CommandAnswer& answer = manual.answer;
  if (const market::CommandAnswer* before = desk_.Answered(command)) {
    answer = *before;
    answer.command = event.header.id;
    return manual;
  }
  answer = {.command = event.header.id,
            .request_id = command.request_id,
            .person = command.person,
            .engine = std::string(kEngineName)};
  const auto refuse = [&answer](std::string_view why) {
    answer.outcome = market::CommandOutcome::kRefused;
    answer.detail = why;
  };
  const absl::StatusOr<Draft> draft = desk_.MakeDraft(event, portfolio_, now);
  if (!draft.ok()) {
    refuse(std::string(draft.status().message()));
    return manual;
  }
  std::string why;
  if (draft->plan) {
    manual.parent = MakeParent(*draft, now, &why);
    if (manual.parent) manual.intent = manual.parent->intent;
  } else {
    manual.intent = MakeIntent(*draft, now);
  }
  if (!why.empty()) {
    refuse(why);
  } else if (manual.intent) {
    answer.client_order_id = manual.intent->client_order_id;
    answer.detail = "the intent is made; risk decides";
  } else if (Stopped(draft->strategy)) {
    refuse("strategy is draining and takes no new orders; cancel is still possible");
  } else {
    refuse(absl::StrCat("more than ", Budget(draft->kind), " messages in ",
                        base::FormatDuration(settings_.message_window),
                        ", children of parent orders among them; wait, or raise `messages` of the "
                        "strategies file"));
  }
  return manual;
}

// --- saved state ---------------------------------------------------------------

namespace {

void SaveNumbers(wire::CanonicalWriter& out, const Numbers& numbers) {
  out.U32(numbers.since);
  out.U8(static_cast<uint8_t>(numbers.price_scale));
  out.U8(static_cast<uint8_t>(numbers.quantity_scale));
  out.I64(numbers.multiplier);
}

Numbers LoadNumbers(wire::CanonicalReader& in) {
  Numbers numbers;
  numbers.since = in.U32();
  numbers.price_scale = in.U8();
  numbers.quantity_scale = in.U8();
  numbers.multiplier = in.I64();
  return numbers;
}

}  // namespace

void StrategyEngine::Save(wire::CanonicalWriter& out) const {
  out.U8(kStateVersion);
  std::vector<const MarketRow*> rows;
  for (const Index at : market_.by_name()) {
    if (market_.row(at).definition) rows.push_back(&market_.row(at));
  }
  out.U32(static_cast<uint32_t>(rows.size()));
  for (const MarketRow* row : rows) {
    wire::SaveInstrument(out, *row->definition);
    out.U32(static_cast<uint32_t>(row->numbers.size()));
    for (const Numbers& numbers : row->numbers) SaveNumbers(out, numbers);
  }
  out.U32(static_cast<uint32_t>(restrictions_.all().size()));
  for (const auto& [scope, state] : restrictions_.all()) {
    out.U8(static_cast<uint8_t>(scope.kind));
    out.Bytes(scope.name);
    out.U8(static_cast<uint8_t>(state.state));
    out.Bool(state.killed);
  }
  portfolio_.Save(out);
  desk_.Save(out);
  parents_.Save(out);
}

absl::Status StrategyEngine::Load(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && (version == 0 || version > kStateVersion)) {
    return absl::FailedPreconditionError(absl::StrCat("strategy state of format ", version,
                                                      ", this build reads ", kStateVersion,
                                                      "; use the build that wrote it"));
  }
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    const market::Instrument definition = wire::LoadInstrument(in);
    std::vector<Numbers> numbers;
    if (version == 4) numbers = {Numbers::Of(definition, in.U32())};
    for (uint32_t j = 0, known = version > 4 ? in.U32() : 0; j < known && in.ok(); ++j)
      numbers.push_back(LoadNumbers(in));
    if (in.ok()) Define(definition, std::move(numbers));
  }
  for (uint32_t i = 0, count = in.U32(); i < count && in.ok(); ++i) {
    market::RiskState state;
    state.scope.kind = static_cast<market::ScopeKind>(in.U8());
    state.scope.name = in.Bytes();
    state.state = static_cast<market::TradingState>(in.U8());
    state.killed = in.Bool();
    if (in.ok()) restrictions_.Apply(state);
  }
  GANNET_RETURN_IF_ERROR(in.status());
  GANNET_RETURN_IF_ERROR(portfolio_.Load(in));
  if (version > 1) GANNET_RETURN_IF_ERROR(desk_.Load(in));
  return version > 2 ? parents_.Load(in) : absl::OkStatus();
}

}  // namespace gannet::strategy
