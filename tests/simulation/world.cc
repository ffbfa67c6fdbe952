#include "tests/simulation/world.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/gannet/journal_replay.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/market/decimal.h"
#include "libs/wire/canonical.h"
#include "services/ingest/app.h"
#include "tests/simulation/amender.h"
#include "tests/simulation/dealer.h"
#include "tests/simulation/flattener.h"
#include "tests/simulation/focus.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/parents.h"
#include "tests/simulation/platform_node.h"
#include "tests/simulation/product.h"
#include "tests/simulation/restatements.h"
#include "tests/simulation/sent_orders.h"
#include "tests/simulation/swarm.h"
#include "tests/simulation/venue_node.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kStep = 100ms;  // between looks at the invariants
constexpr int kStepsToAFullLook = 10;    // at all that the venue has; the others are at what is new
// After the last fault at least: reconciliation has come round, and what was under way ended.
constexpr base::Duration kLeastCalm = 12s;
constexpr size_t kMaxViolations = 20;
constexpr uint64_t kMaxOperationsToCut = 12;  // of the disk, from the decision to the power cut
constexpr uint64_t kSilenceSeeds = 1'000'000;
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
const base::Time kStart = base::FromUnixMillis(1'750'000'000'000);

// In ids of instruments; it listens one port further than the first.
constexpr char kSecondVenue[] = "second-spot";

// A venue of the world, and what is known of how far it was looked at.
struct Place {
  Place(std::string name, uint16_t port, uint64_t seed, base::VirtualExecutor& executor,
        net::SimNetwork& network, bool hedged)
      : venue(std::move(name), port, seed, executor, network, hedged) {}
  VenueNode venue;
  Marks marks;
};

// Orders of two seeds of seven go over a WebSocket of their own, as where nothing else is said;
// those of the others by REST, where more can strike them: errors, and a request handed over twice.
bool OrdersBySocket(const SimulationOptions& options) { return options.seed % 7 < 2; }

// A focused seed has its subject alone.
bool DrawsRestatements(const SimulationOptions& options) {
  const bool focus = options.focused && FocusOf(options.seed) != nullptr;
  return options.faults && !options.script && !focus && Restates(options.seed);
}

// Some seeds of Binance spot have people who change orders, or give parent orders. The people of
// other products are there always (dealer.h).
SimulationOptions WithPeople(SimulationOptions options) {
  const bool plain = options.faults && !options.script &&
                     options.product == Product::kBinanceSpot &&
                     !(options.focused && FocusOf(options.seed));
  options.amendments =
      options.amendments || (plain && (options.seed % 4 == 2 || options.seed % 8 == 7));
  options.parents = options.parents || (plain && options.venues == 1 && options.seed % 8 == 3);
  return options;
}

class World {
 public:
  World(const SimulationOptions& options, PlatformOptions platform)
      : options_(WithPeople(options)),
        rng_(options.seed),
        silence_rng_(options.seed + kSilenceSeeds),
        amender_(options.seed),
        dealer_(options.product, options.seed),
        flattener_(NameOf(options.product), options.seed),
        executor_(kStart),
        network_(executor_, executor_, rng_.Fork()),
        watch_(network_, executor_,
               options.trace ? Tracer([this](std::string_view text) { Trace(text); }) : Tracer()),
        platform_(std::move(platform), executor_, network_, watch_) {
    const auto doubled = [this](const net::HttpRequest& request) { NoteDoubled(request); };
    network_.ObserveDuplicates(doubled);
    for (int i = 0; i < options.venues; ++i) {
      constexpr uint64_t kNextMarket = 1'000'000;
      const uint64_t seed = options.seed + static_cast<uint64_t>(i) * kNextMarket;
      VenueNode& venue = places_
                             .emplace_back(std::make_unique<Place>(
                                 i == 0 ? NameOf(options.product) : kSecondVenue,
                                 static_cast<uint16_t>(VenueNode::kPort + i), seed, executor_,
                                 network_, TradesHedged(options.product, options.seed)))
                             ->venue;
      venue.gate().ObserveDoubled(doubled);
      venue.gate().Observe([this](std::string_view fault) { Trace("** " + std::string(fault)); });
    }
  }

  absl::StatusOr<SimulationResult> Run() {
    for (const auto& place : places_) GANNET_RETURN_IF_ERROR(place->venue.Start());
    GANNET_RETURN_IF_ERROR(platform_.Start());
    const Focus* focus = options_.focused ? FocusOf(options_.seed) : nullptr;
    Swarm swarm = options_.faults ? Swarm::Of(focus, rng_) : Swarm{};
    if (options_.script) swarm = Swarm{.venue = *options_.script};
    if (options_.amendments && options_.faults && !options_.script) StrikeAmendments(swarm.venue);
    const bool compares = focus == nullptr || focus->reconcile_every < options_.safety;
    StrikeProduct(options_.product, options_.seed, compares, swarm.venue);
    if (DrawsRestatements(options_)) StrikeRules(options_.seed, swarm.venue);
    network_.set_faults(swarm.network);
    script_ = swarm.venue;
    if (options_.faults && !options_.script && focus != nullptr)
      ++result_.probes[absl::StrCat("focus: ", std::string(focus->name))];
    for (const auto& place : places_) place->venue.gate().Begin(swarm.venue);
    watch_.DieAt(options_.death.message,
                 [this] { platform_.files().CutPowerAt(platform_.files().operations() + 1); });
    if (options_.death.operation > 0) platform_.files().CutPowerAt(options_.death.operation);
    const auto strike = [&] {
      if (options_.silence) FallSilent();
      return Strike(swarm);
    };
    GANNET_RETURN_IF_ERROR(Advance(options_.count_from, strike));
    result_.messages_before = watch_.messages();
    result_.operations_before = platform_.files().operations();
    GANNET_RETURN_IF_ERROR(Advance(options_.safety - options_.count_from, strike));
    result_.messages = watch_.messages();
    result_.operations = platform_.files().operations();
    network_.set_faults({});
    for (const auto& place : places_) place->venue.gate().Begin({});
    platform_.Speak();
    platform_.files().set_faults({});
    platform_.files().CutPowerAt(kNever);
    GANNET_RETURN_IF_ERROR(StartVenues());
    GANNET_RETURN_IF_ERROR(RestartIfFailed());
    Trace("faults stop");
    GANNET_RETURN_IF_ERROR(Advance(kLeastCalm, nullptr));
    AdvanceUntil(options_.liveness * 3 / 4 - kLeastCalm, [this] { return Calm(); });
    Trace("strategies drain");
    Drain("strategy");  // no new orders: what is there must come to rest
    // A difference is looked at twice before it counts: two looks apart by reconcile_every
    // and the time to the second.
    AdvanceUntil(options_.liveness / 3, [this] { return AtRest(); });
    CheckEnd();
    Drain("");
    GANNET_RETURN_IF_ERROR(VerifyJournal());
    return Finish();
  }

 private:
  absl::Status Advance(base::Duration length, const std::function<absl::Status()>& strike) {
    const base::Time end = executor_.Now() + length;
    while (executor_.Now() < end && result_.violations.size() < kMaxViolations) {
      Step();
      if (strike) GANNET_RETURN_IF_ERROR(strike());
    }
    return absl::OkStatus();
  }

  // Beside what the seed draws: nothing that it draws speaks of amendments.
  static void StrikeAmendments(venue_sim::FaultScript& script) {
    using venue_sim::FaultKind;
    for (const FaultKind kind : {FaultKind::kLostRequest, FaultKind::kLostAnswer,
                                 FaultKind::kLateAnswer, FaultKind::kDoubledRequest}) {
      venue_sim::FaultRule rule;
      rule.kind = kind;
      rule.of = venue_sim::RequestClass::kAmend;
      rule.chance = config::Ppm{60'000};
      rule.delay = std::chrono::milliseconds(700);
      script.rules.push_back(std::move(rule));
    }
    for (const auto& [symbol, quantity] : {std::pair("SOLUSDT", "0.05"), {"ETHUSDT", "0.004"}}) {
      venue_sim::FaultRule& rule = script.rules.emplace_back();
      rule.kind = FaultKind::kHandAmend;
      rule.symbol = symbol;
      rule.quantity = quantity;
      rule.from = std::chrono::seconds(7);
      rule.every = std::chrono::seconds(5);
    }
  }

  // Ends as soon as `reached`, at most `length` later.
  void AdvanceUntil(base::Duration length, const std::function<bool()>& reached) {
    const base::Time end = executor_.Now() + length;
    while (executor_.Now() < end && !reached() && result_.violations.size() < kMaxViolations)
      Step();
  }

  using Engine = execution::ExecutionEngine;

  // Nothing is in doubt any more, although orders come and go.
  bool Calm() const {
    if (!platform_.knows_market()) return false;
    if (options_.parents && !giver_.AllEnded(platform_.risk())) return false;
    return EachVenue([this](const Engine& execution, const Place& place) {
      const auto& open = execution.state().open();
      return execution.ready() &&
             (Transfers(place) > 0 || execution.Problems(executor_.Now()).empty()) &&
             std::none_of(open.begin(), open.end(), [&](const market::ClientOrderId& id) {
               return execution.state().Find(id)->life.state() == market::OrderState::kUnknown;
             });
    });
  }
  bool AtRest() {
    return CheckAmended(platform_).empty() &&
           EachVenue([this](const Engine& execution, const Place& place) {
             return execution.requests_under_way() == 0 &&
                    CheckSettled(execution, LookAt(place), platform_.store(), doubled_).empty();
           });
  }

  // Whether `holds` does of each venue and the engine that serves it.
  template <class Holds>
  bool EachVenue(Holds holds) const {
    for (size_t i = 0; i < places_.size(); ++i) {
      if (!holds(*platform_.executions()[i], *places_[i])) return false;
    }
    return true;
  }
  template <class Do>
  void ForEachVenue(Do act) {
    for (size_t i = 0; i < places_.size(); ++i) act(*platform_.executions()[i], *places_[i]);
  }
  absl::Status StartVenues() {
    for (const auto& place : places_) {
      if (!place->venue.running()) GANNET_RETURN_IF_ERROR(place->venue.Start());
    }
    return absl::OkStatus();
  }

  void Step() {
    const base::Time end = executor_.Now() + kStep;
    // Nothing that a machine does after its power has failed is real.
    while (alive() && executor_.next_deadline() <= end) executor_.RunOne();
    if (!alive()) return;
    executor_.RunUntil(end);
    const bool all_run = std::all_of(places_.begin(), places_.end(),
                                     [](const auto& place) { return place->venue.running(); });
    if (all_run && platform_.running()) {
      ForEachVenue([this](const Engine& execution, Place& place) {
        Report(CheckAlways(execution, LookInPassing(place), doubled_));
        Report(flattener_.Judge(execution));
        Report(CheckReplaced(execution.state()));
        Sign(execution, place);
      });
      if (options_.amendments && executor_.Now() - kStart < options_.safety)
        amender_.Step(platform_);
      if (options_.product != Product::kBinanceSpot && executor_.Now() - kStart < options_.safety)
        dealer_.Step(platform_);
      if (Flattens()) flattener_.Step(platform_, executor_.Now() - kStart);
      if (options_.parents) {
        giver_.Step(platform_, kStart);
        Report(giver_.CheckReservations(platform_.risk()));
      }
      ++result_.checks;
    }
    Report(watch_.TakeViolations());
    Report(platform_.TakeViolations());
    NoteProbes();
  }

  // A focused seed has its subject alone.
  bool Flattens() const {
    return options_.faults && !options_.script && !(options_.focused && FocusOf(options_.seed));
  }

  // What is missing is not signed a second time because it is as much as was held before.
  static market::Money Signed(const execution::ExecutionState& state,
                              const market::InstrumentId& instrument) {
    market::Money signed_for;
    for (const auto& [_, adjustment] : state.adjustments()) {
      if (adjustment.decided && adjustment.proposed.instrument == instrument)
        signed_for += adjustment.proposed.amount;
    }
    return signed_for;
  }

  // What the account held before execution first looked, and nothing else: one person at the
  // price that the gate knows, and another.
  void Sign(const Engine& execution, const Place& place) {
    using execution::AdjustmentNote;
    const execution::ExecutionState& state = execution.state();
    if (state.position_differences().empty() || executor_.Now() < next_signature_) return;
    next_signature_ = executor_.Now() + 1s;
    const auto before = HeldBefore(state, LookAt(place));
    const risk::ExposureBook& book = platform_.risk().book();
    // A copy: what is signed is booked at once.
    for (const auto& [instrument, amount] : std::map(state.position_differences())) {
      const auto held = before.find(instrument);
      const risk::Index known = book.FindInstrument(instrument);
      if (held == before.end() || known == risk::kNone ||
          held->second - Signed(state, instrument) != amount)
        continue;
      const risk::InstrumentRow& row = book.instrument(known);
      execution::AdjustRequest request{.step = AdjustmentNote::Step::kProposed,
                                       .person = "cleo",
                                       .reason = "held before",
                                       .subject = instrument.text(),
                                       .price = row.definition.Format(row.mid)};
      for (const auto& [number, adjustment] : state.adjustments()) {
        const AdjustmentNote& proposed = adjustment.proposed;
        if (adjustment.decided || proposed.instrument != instrument || proposed.amount != amount)
          continue;
        request = {.step = AdjustmentNote::Step::kApproved,
                   .person = "dan",
                   .reason = "as the venue says",
                   .proposal = number};
      }
      platform_.Adjust(execution, request);
      ++result_.probes["position from before signed"];
    }
  }

  bool alive() { return platform_.files().powered() && !watch_.dead(); }

  VenueRecord LookAt(const Place& place) const {
    VenueRecord record = ReadVenue(place.venue.name(), options_.product, place.venue.exchange());
    for (const venue_sim::FaultRule& rule : script_.rules) {
      if (rule.kind != venue_sim::FaultKind::kTransfer) continue;
      const int64_t step = market::ParseDecimal(rule.amount, venue_sim::kScale).value_or(0);
      record.transfers[market::AssetId(rule.asset)] = {market::Money(step, venue_sim::kScale),
                                                       Transfers(place)};
    }
    if (options_.doctor) options_.doctor(record);
    return record;
  }

  // Those that the platform may not have been told of: Bybit tells of none on spot, and those of
  // perpetuals can be asked for.
  uint64_t Transfers(const Place& place) const {
    if (execution::HasPositions(options_.product)) return 0;
    if (options_.product == Product::kBinanceSpot &&
        Strikes(place, venue_sim::FaultKind::kLostFrame) == 0 && platform_.starts() < 2 &&
        !result_.probes.contains("stream ended"))
      return 0;
    return Strikes(place, venue_sim::FaultKind::kTransfer);
  }

  static uint64_t Strikes(const Place& place, venue_sim::FaultKind kind) {
    const auto& strikes = place.venue.gate().strikes();
    const auto found = strikes.find(std::string(Name(kind)));
    return found == strikes.end() ? 0 : found->second;
  }

  VenueRecord LookInPassing(Place& place) {
    if (options_.doctor || result_.checks % kStepsToAFullLook == 0) return LookAt(place);
    return ReadNewOrders(place.venue.name(), options_.product, place.venue.exchange(), place.marks);
  }

  void Trace(std::string_view text) const {
    if (options_.trace) options_.trace(executor_.Now(), text);
  }
  void Struck(const std::string& fault) {
    ++result_.faults[fault];
    Trace("** " + fault);
  }

  // --- faults ------------------------------------------------------------------------

  absl::Status Strike(const Swarm& swarm) {
    const double step = std::chrono::duration<double>(kStep).count();
    if (std::any_of(places_.begin(), places_.end(),
                    [](const auto& place) { return !place->venue.running(); }))
      return StartVenues();
    if (watch_.dead()) {
      Struck("died at a message");
      return Restart();
    }
    if (!platform_.files().powered()) {
      Struck("power lost in a write");
      return Restart();
    }
    GANNET_RETURN_IF_ERROR(RestartIfFailed());
    if (rng_.Chance(swarm.platform_crash * step)) {
      Struck("platform killed");
      return Restart();
    }
    base::SimFiles& disk = platform_.files();
    if (rng_.Chance(swarm.power_cut * step))
      disk.CutPowerAt(disk.operations() +
                      static_cast<uint64_t>(rng_.Between(1, kMaxOperationsToCut)));
    if (rng_.Chance(swarm.bad_sync * step)) disk.set_faults({.sync_failure = 1});
    if (rng_.Chance(swarm.venue_crash * step)) {
      Struck("venue killed");
      const size_t last = places_.size() - 1;
      places_[last == 0 ? 0 : static_cast<size_t>(rng_.Between(0, static_cast<int64_t>(last)))]
          ->venue.Crash(rng_);
      network_.ResetConnections();
    }
    if (rng_.Chance(swarm.partition * step)) {
      Struck("partition");
      network_.AddPartition(executor_.Now(), std::chrono::milliseconds(rng_.Between(200, 8'000)));
    }
    return absl::OkStatus();
  }

  // Draws of its own: what else strikes a seed stays the same.
  void FallSilent() {
    constexpr double kFall = 0.08, kSpeak = 0.05;  // a second
    const double step = std::chrono::duration<double>(kStep).count();
    if (!platform_.running()) return;
    if (silence_rng_.Chance(kFall * step)) {
      static constexpr std::array kServices = {"execution", "ingest", "news-signal", "strategy",
                                               "reporting"};
      const std::string service = kServices[silence_rng_.Below(kServices.size())];
      Struck(service + " silent");
      platform_.Silence(service);
    }
    if (silence_rng_.Chance(kSpeak * step)) platform_.Speak();
  }

  // A journal that could not be synced is fatal for its writer: someone restarts it.
  absl::Status RestartIfFailed() {
    if (platform_.files().powered() && platform_.journal().failure().ok()) return absl::OkStatus();
    if (platform_.files().powered()) Struck("sync failed");
    return Restart();
  }

  absl::Status Restart() {
    platform_.files().set_faults({});
    platform_.Crash(rng_);
    for (const auto& place : places_) place->marks.clear();
    executor_.RunFor(std::chrono::milliseconds(rng_.Between(0, 3'000)));
    if (const uint64_t again = std::exchange(again_, 0); again > 0)
      platform_.files().CutPowerAt(platform_.files().operations() + again);
    const absl::Status started = platform_.Start();
    if (!started.ok() && !platform_.files().powered()) {
      Struck("power lost in recovery");
      return Restart();
    }
    Trace("** started again");
    // Recovery must succeed from whatever the crash left: I5.
    return base::Annotate(started, absl::StrCat("seed ", options_.seed, ": I5: no recovery"));
  }

  void NoteDoubled(const net::HttpRequest& request) {
    const std::vector<SentOrder> placed = Placements(request);
    for (const SentOrder& sent : placed) ++doubled_[sent.id];
    if (!placed.empty()) Struck("placement doubled");
  }

  void NoteProbes() {
    NoteRestatements();
    if (flattener_.ended() > 0) ++result_.probes["kill switch flattened"];
    ForEachVenue([this](const Engine& execution, const Place&) { NoteProbes(execution); });
  }

  void NoteRestatements() {
    const auto seen = [this](const char* name, bool is) {
      if (is) ++result_.probes[name];
    };
    const risk::ExposureBook& book = platform_.risk().book();
    const auto note = [&](const market::InstrumentId& id) {
      const risk::Index at = book.FindInstrument(id);
      if (at == risk::kNone) return;
      const risk::InstrumentRow& row = book.instrument(at);
      seen("instrument restated", row.definition.version > 1);
      seen("instrument halted", !row.rules.trading);
      const risk::ScaleVersion &first = row.scales.front(), &last = row.scales.back();
      seen("prices at a new scale", first.price_scale != last.price_scale);
      seen("quantities at a new scale", first.quantity_scale != last.quantity_scale);
    };
    for (const auto& place : places_) {
      for (const venue_sim::Symbol& symbol : venue_sim::ListedSymbols())
        note(market::InstrumentId(absl::StrCat(place->venue.name(), ":", symbol.name)));
    }
    ForEachVenue([&](const Engine& execution, const Place&) {
      for (const market::ClientOrderId& id : execution.state().open()) {
        const market::OrderIntent& intent = execution.state().Find(id)->intent;
        const risk::Index at = book.FindInstrument(intent.instrument);
        seen("order older than its rules",
             at != risk::kNone &&
                 book.instrument(at).definition.version > intent.instrument_version);
      }
    });
  }

  void NoteProbes(const Engine& execution) {
    const Engine::Stats& stats = execution.stats();
    const auto seen = [this](const char* name, uint64_t count) {
      if (count > 0) ++result_.probes[name];
    };
    seen("outcome unknown", stats.unknown_outcomes);
    seen("absence proven", stats.absences_proven);
    seen("inquiry", stats.inquiries);
    seen("fill booked", stats.fills);
    seen("position closed by a kill switch", stats.closing_orders);
    seen("fill told twice", stats.duplicate_fills);
    seen("reconciled", stats.reconciliations);
    seen("stream ended", stats.stream_ends);
    seen("restarted", platform_.starts() > 1 ? 1 : 0);
    seen("snapshot", platform_.snapshots());
    seen("fill missing", stats.missing_fills);
    seen("second order", stats.twin_orders);
    seen("second copy refused", stats.refused_copies);
    seen("placement turned away", stats.turned_away);
    seen("cancel repeated", stats.cancels_repeated);
    seen("order amended", stats.amended);
    seen("amendment refused", stats.amendments_refused);
    seen("order by hand", stats.foreign_orders);
    seen("order changed by hand", stats.changed_orders);
    const auto& refused = platform_.risk().stats().by_reason;
    if (const auto closed = refused.find(market::RejectReason::kGateClosed);
        closed != refused.end())
      result_.gate_closed = std::max(result_.gate_closed, closed->second);
    seen("balance doubted", stats.stale_balances);
    seen("placed in a batch", stats.place_batches);
    seen("account changed beside trades", stats.balance_changes);
    seen("dead-man timer renewed", stats.dead_man_renewals);
    seen("dead-man timer failed", stats.dead_man_failures);
    // Whatever is lost or late, the venue counts no less than it has told of.
    if (stats.fill_conflicts > 0 && doubled_.empty())
      Report({"always: a fill was held for more than the venue counts"});
    for (const market::ClientOrderId& id : execution.state().open()) {
      const execution::TrackedOrder& order = *execution.state().Find(id);
      const bool stop = order.intent.stop_price.mantissa > 0 || order.intent.trailing_bps > 0;
      seen("order UNKNOWN", order.life.state() == market::OrderState::kUnknown);
      seen("stop order worked", stop && order.life.state() == market::OrderState::kAccepted);
      seen("stop order triggered", order.life.state() == market::OrderState::kTriggered);
      seen("trailing stop worked", order.intent.trailing_bps > 0);
      seen("reduce-only order worked", order.intent.reduce_only);
      seen("replacement worked", order.intent.kind == market::IntentKind::kReplace &&
                                     order.life.state() == market::OrderState::kAccepted);
    }
  }

  // --- the end -----------------------------------------------------------------------

  void Drain(std::string_view last) {
    for (const std::string& service : platform_.Drain(last, [this] { Step(); }))
      result_.violations.push_back(absl::StrCat("settle: the drain of ", service, " did not end"));
  }

  void CheckEnd() {
    for (const auto& [name, service] : platform_.risk().watch().services()) {
      if (!service.open())
        result_.violations.push_back(
            absl::StrCat("settle: the gate still waits for ", name, ": ", service.reason));
    }
    Report(CheckAmended(platform_));
    ForEachVenue(
        [this](const Engine& execution, const Place& place) { CheckEnd(execution, place); });
  }

  void CheckEnd(const Engine& execution, const Place& place) {
    Report(CheckSettled(execution, LookAt(place), platform_.store(), doubled_));
    const auto& stats = execution.stats();
    for (const std::string& problem : execution.Problems(executor_.Now())) {
      // A placement that the network doubled is told of until a person has looked.
      const uint64_t copies = stats.twin_orders + stats.refused_copies + stats.contradicted_ends;
      const bool transfer = Transfers(place) > 0 &&
                            problem.find("than its account events explain") != std::string::npos;
      if (transfer) continue;  // CheckSettled has judged the sums
      const bool told = copies > 0 && stats.illegal_events <= copies && !doubled_.empty() &&
                        (problem.find("sends requests twice") != std::string::npos ||
                         problem.find("had ended here work") != std::string::npos ||
                         problem.find("contradict the state") != std::string::npos);
      if (!told) result_.violations.push_back("settle: execution still says: " + problem);
    }
  }

  // I5: the journal, decided again, gives every recorded fact byte for byte, each start
  // knew what the facts before it say, and the last snapshot holds the state that was
  // decided.
  absl::Status VerifyJournal() {
    if (const absl::Status stopped = platform_.Stop(); !stopped.ok()) {
      result_.violations.push_back(
          absl::StrCat("I5: the journal was not closed: ", stopped.ToString()));
    }
    if (options_.parents) {
      Report(CheckParents(platform_.files(), "data/journal", LookAt(*places_.front()), doubled_,
                          result_.parents));
      if (giver_.answered() != 3) result_.violations.push_back("parents: not all were answered");
      if (result_.parents != giver_.taken())
        result_.violations.push_back("parents: what was taken did not end");
    }
    if (!options_.verify_replay) return absl::OkStatus();
    app::PipelineConfig config = platform_.options().pipeline;
    if (options_.replay_with) options_.replay_with(config);
    const app::ServiceFactory factory =
        [&](const journal::SegmentInfo&,
            runtime::Deps& deps) -> absl::StatusOr<app::ReplayedServices> {
      app::PipelineParts parts;
      parts.services = {"execution", "risk", "strategy", "ml-inference", "news-signal"};
      auto pipeline = std::make_shared<app::Pipeline>();
      GANNET_ASSIGN_OR_RETURN(*pipeline, app::BuildPipeline(config, deps, std::move(parts)));
      pipeline->services.push_back(ingest::BuildIngest(platform_.options().ingest, deps));
      return pipeline;
    };
    runtime::ShardOptions shard;
    shard.wire_mode = options_.wire_mode;
    const absl::StatusOr<app::JournalComparison> comparison =
        app::ReplayJournal(platform_.files(), "data/journal", shard, factory);
    if (!comparison.ok()) {
      result_.violations.push_back("I5: the journal cannot be decided again: " +
                                   comparison.status().ToString());
      return absl::OkStatus();
    }
    Compare(*comparison);
    return absl::OkStatus();
  }

  void Compare(const app::JournalComparison& comparison) {
    const auto wrong = [this](std::string text) {
      result_.violations.push_back("I5: " + std::move(text));
    };
    result_.replayed_facts = comparison.equal;
    if (!comparison.first_difference.empty())
      wrong("replay decides differently: " + comparison.first_difference);
    if (!comparison.stopped.empty()) wrong("replay cannot go on: " + comparison.stopped);
    if (comparison.facts == 0) wrong("the journal holds no fact");
    if (comparison.snapshots == 0) wrong("no snapshot was compared");
    // A start that died before its first record was durable is not in the journal.
    for (const auto& [epoch, hashes] : comparison.recovered) {
      const runtime::Shard::StateHashes& knew = platform_.recovered().at(epoch);
      for (const auto& [name, hash] : hashes) {
        if (knew.at(name) == hash) continue;
        wrong(absl::StrCat("start ", epoch, " recovered another state of ", name,
                           " than its facts give"));
      }
    }
  }

  SimulationResult Finish() {
    const net::SimStats& network = network_.stats();
    result_.faults["request lost"] = network.requests_lost;
    result_.faults["response lost"] = network.responses_lost;
    result_.faults["request doubled"] = network.duplicates;
    result_.faults["request timed out"] = network.timed_out;
    result_.faults["connection refused"] = network.connects_refused;
    result_.faults["connection reset"] = network.resets + network.socket_resets;
    result_.faults["message held"] = network.messages_held;
    for (const auto& place : places_) {
      for (const auto& [kind, count] : place->venue.gate().strikes()) result_.faults[kind] += count;
    }
    result_.faults["sectors lost"] = platform_.files().counters().sectors_lost;
    result_.decisions = platform_.decisions();
    result_.journal = platform_.journal_hash();
    result_.starts = platform_.starts();
    result_.orders = platform_.orders();
    result_.fills = platform_.fills();
    result_.simulated = executor_.Now() - kStart;
    return std::move(result_);
  }

  void Report(std::vector<std::string> violations) {
    for (std::string& violation : violations) {
      if (std::find(result_.violations.begin(), result_.violations.end(), violation) !=
          result_.violations.end())
        continue;
      result_.violations.push_back(std::move(violation));
    }
  }

  const SimulationOptions options_;
  base::Rng rng_, silence_rng_;
  Amender amender_;
  Dealer dealer_;
  Flattener flattener_;
  base::VirtualExecutor executor_;
  net::SimNetwork network_;
  std::vector<std::unique_ptr<Place>> places_;  // as the platform's executions
  RequestWatch watch_;
  PlatformNode platform_;
  venue_sim::FaultScript script_;  // of this run
  Doubled doubled_;
  base::Time next_signature_{};
  uint64_t again_ = options_.death.in_recovery;  // the power fails once more in a recovery
  ParentGiver giver_;
  SimulationResult result_;
};

// The shipped strategies, hastier: a run is a minute, and each restart warms up anew.
void MakeBusy(strategy::StrategyConfig& config) {
  config.engine.volatility.warm_up = 2;
  config.engine.message_count = 100;
  for (strategy::MakerSettings& maker : config.makers) {
    maker.min_life = 1s;
    maker.pause_after_fill = 200ms;
    maker.instruments.push_back("binance-spot:BNBUSDT");
  }
  for (strategy::PlaybookSettings& playbook : config.playbooks) playbook.cooldown = 5s;
}

// The makers quote there what they quote at the first.
void AddSecondVenue(PlatformOptions& platform) {
  const std::string host = absl::StrCat("venue.sim:", VenueNode::kPort + 1);
  ingest::VenueConfig market = platform.ingest.venues.front();
  market.name = kSecondVenue;
  market.rest_url = "http://" + host;
  market.ws_url = "ws://" + host;
  execution::ExecutionConfig orders = platform.pipeline.execution;
  orders.live.venue = market.name;
  orders.live.rest_url = market.rest_url;
  orders.live.stream_url = "ws://" + host + "/ws-api/v3";
  orders.live.order_url = orders.live.stream_url;
  platform.ingest.venues.push_back(std::move(market));
  platform.pipeline.execution.more.push_back(std::move(orders));
  for (strategy::MakerSettings& maker : platform.pipeline.strategy.makers) {
    const std::vector<std::string> first = maker.instruments;
    for (const std::string& instrument : first)
      maker.instruments.push_back(kSecondVenue + instrument.substr(instrument.find(':')));
  }
}

absl::StatusOr<PlatformOptions> Configure(const SimulationOptions& options) {
  base::PosixFiles files;
  PlatformOptions platform;
  platform.seed = options.seed;
  platform.wire_mode = options.wire_mode;
  GANNET_ASSIGN_OR_RETURN(platform.pipeline.risk,
                          risk::LoadRiskConfig(files, options.config_dir + "/limits.yaml"));
  GANNET_ASSIGN_OR_RETURN(
      platform.pipeline.strategy,
      strategy::LoadStrategyConfig(files, options.config_dir + "/strategies.yaml"));
  MakeBusy(platform.pipeline.strategy);
  platform.pipeline.ml_inference.model
      .clear();  // models live on a real disk; strategies that want one rest
  platform.api_key = VenueNode::kApiKey;
  platform.api_secret = VenueNode::kApiSecret;
  const std::string host = "venue.sim:" + std::to_string(VenueNode::kPort);
  ingest::VenueConfig venue;
  venue.rest_url = "http://" + host;
  venue.ws_url = "ws://" + host;
  venue.instruments = {"SOLUSDT", "BTCUSDT", "ETHUSDT", "BNBUSDT"};  // in no order
  if (DrawsRestatements(options) || (options.script && Restates(*options.script)))
    venue.definitions_every = kDefinitionsEvery;
  platform.ingest.venues = {venue};
  platform.ingest.news.feeds.push_back({"venue", "http://" + host + "/news/rss", 2s});
  execution::ExecutionConfig& execution = platform.pipeline.execution;
  execution.venue = execution::VenueKind::kBinanceSpot;
  const Focus* focus =
      options.focused && options.faults && !options.script ? FocusOf(options.seed) : nullptr;
  execution.reconcile_every = focus != nullptr ? focus->reconcile_every : 10s;
  if (focus != nullptr && !focus->max_order_notional.empty()) {
    platform.pipeline.risk.limits.firm.max_order_notional =
        market::ParseDecimal128(focus->max_order_notional, risk::kValueScale);
  }
  execution.live.rest_url = venue.rest_url;
  execution.live.stream_url = "ws://" + host + "/ws-api/v3";
  execution.live.order_url = execution.live.stream_url;
  execution.live.orders_by_socket = OrdersBySocket(options);
  execution.live.key_file = "data/api.key";
  execution.live.secret_file = "data/api.secret";
  TradeAt(host, options.product, options.seed, platform);
  if (options.venues > 1) AddSecondVenue(platform);
  return platform;
}

}  // namespace

std::vector<std::string> RareProbes(Product product) {
  std::vector<std::string> probes = {"outcome unknown",
                                     "order UNKNOWN",
                                     "absence proven",
                                     "inquiry",
                                     "fill booked",
                                     "fill told twice",
                                     "reconciled",
                                     "stream ended",
                                     "restarted",
                                     "snapshot",
                                     "instrument restated",
                                     "instrument halted",
                                     "order older than its rules",
                                     "order amended",
                                     "replacement worked",
                                     "quantities at a new scale"};
  const auto add = [&probes](std::initializer_list<const char*> more) {
    probes.insert(probes.end(), more.begin(), more.end());
  };
  if (product == Product::kBinanceSpot)
    add({"kill switch flattened", "position closed by a kill switch"});
  // What states no largest price has prices of eight digits whatever else it states.
  if (product != Product::kBybitSpot) add({"prices at a new scale"});
  if (product != Product::kBinanceSpot)
    add({"placed in a batch", "stop order worked", "dead-man timer renewed"});
  if (product == Product::kBinanceUsdm) add({"trailing stop worked", "stop order triggered"});
  if (execution::HasPositions(product))
    add({"account changed beside trades", "reduce-only order worked", "order changed by hand"});
  return probes;
}

std::string Encode(const SimulationResult& result) {
  wire::CanonicalWriter out;
  out.U32(static_cast<uint32_t>(result.violations.size()));
  for (const std::string& violation : result.violations) out.Bytes(violation);
  out.Bytes(result.decisions);
  out.Bytes(result.journal);
  out.Duration(result.simulated);
  for (const uint64_t count :
       {result.orders, result.fills, result.checks, result.replayed_facts, result.starts})
    out.U64(count);
  for (const auto* counts : {&result.faults, &result.probes}) {
    out.U32(static_cast<uint32_t>(counts->size()));
    for (const auto& [name, count] : *counts) out.Bytes(name), out.U64(count);
  }
  return out.Take();
}

absl::StatusOr<SimulationResult> DecodeResult(std::string_view bytes) {
  wire::CanonicalReader in(bytes);
  SimulationResult result;
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left)
    result.violations.push_back(in.Bytes());
  result.decisions = in.Bytes();
  result.journal = in.Bytes();
  result.simulated = in.Duration();
  for (uint64_t* count :
       {&result.orders, &result.fills, &result.checks, &result.replayed_facts, &result.starts})
    *count = in.U64();
  for (auto* counts : {&result.faults, &result.probes}) {
    for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
      std::string name = in.Bytes();
      (*counts)[std::move(name)] = in.U64();
    }
  }
  if (!in.ok()) return in.status();
  return result;
}

absl::StatusOr<SimulationResult> Simulate(const SimulationOptions& options) {
  GANNET_ASSIGN_OR_RETURN(PlatformOptions platform, Configure(options));
  World world(options, std::move(platform));
  return world.Run();
}

}  // namespace gannet::simulation
