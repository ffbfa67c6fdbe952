#include "services/reporting/reporting_service.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/bus/account_topic.h"
#include "libs/journal/read_mark.h"
#include "libs/runtime/fact_spans.h"
#include "libs/runtime/turn.h"
#include "libs/telemetry/trace_names.h"

namespace gannet::reporting {
namespace {

constexpr char kGroup[] = "reporting";
// Of each part of a key of the store, whose indexes take some 2,700 bytes in all: a
// longer one would be refused with its whole batch, again and again.
constexpr size_t kMaxNameBytes = 512;

template <class T>
absl::Status CheckNames(const bus::Topic<T>& topic, const market::Event<T>& event) {
  size_t longest = topic.info.key(&event).size();
  const auto also = [&longest](const std::string& name) {
    longest = std::max(longest, name.size());
  };
  if constexpr (std::is_same_v<T, market::Prediction>)
    also(event.value.model + "@" + event.value.version);
  if constexpr (std::is_same_v<T, market::ExecReport>) {
    also(event.value.client_order_id.text());
    also(event.value.strategy.text());
    if (event.value.fill) also(event.value.fill->trade_id);
  }
  if constexpr (std::is_same_v<T, market::AccountEvent>) also(event.value.strategy.text());
  if constexpr (std::is_same_v<T, market::RiskDecision>) {
    also(event.value.intent.client_order_id.text());
    also(event.value.intent.strategy.text());
  }
  if (longest <= kMaxNameBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a name of ", longest, " bytes does not fit the store's keys, which take ", kMaxNameBytes));
}
// How often the end of the journal becomes the mark although no fact came.
constexpr base::Duration kAskHowFarEvery = std::chrono::minutes(1);
// Within the limit of a service's drain (runtime/run.h).
constexpr base::Duration kCatchUpLimit = std::chrono::seconds(4);
constexpr base::Duration kCatchUpPause = std::chrono::milliseconds(50);

}  // namespace

ReportingService::ReportingService(ReportingConfig config, runtime::Deps& deps,
                                   std::unique_ptr<store::Store> store, ReportWriter writer)
    : config_(std::move(config)),
      shard_(deps.shard),
      executor_(deps.executor),
      background_(deps.background),
      clock_(deps.clock),
      bus_(deps.bus),
      folded_mark_({deps.files, deps.executor, deps.background},
                   journal::ReadMarkPath(deps.data_dir + "/journal"), ""),
      log_(deps.log),
      store_(std::move(store)),
      scheduler_(
          config_, deps, *store_, std::move(writer),
          [this](store::ReportRunRow run) { engine_.OnReportRun(std::move(run)); },
          [this](base::Time time) { return stored_until_ >= time; }),
      spans_(deps.spans) {
  if (deps.metrics != nullptr) {
    metrics_ = deps.metrics->Collect([this](telemetry::Metrics& into) {
      namespace metric = telemetry::metric;
      into.GaugeOf(metric::kStoreFailing).Set(write_status_.ok() ? 0 : 1);
      into.GaugeOf(metric::kReportOverdue).Set(static_cast<double>(scheduler_.problems().size()));
      into.CounterOf(metric::kStoredReports).SetTotal(engine_.stats().reports);
    });
  }
  // Definitions and prices may come before Start: the shard recovers first.
  const bus::SubscribeOptions from_start{.group = kGroup, .start = bus::Start::kEarliest};
  instruments_ = bus_.Subscribe<market::Instrument>(
      bus::kInstruments, from_start, [this](const auto& event, bus::Position position) {
        engine_.OnInstrument(event.value);
        instruments_->Ack(position);
      });
}

ReportingService::~ReportingService() {
  *alive_ = false;
  executor_.Cancel(timer_);
}

absl::Status ReportingService::Restore() {
  ReportingEngine::Stored stored;
  GANNET_ASSIGN_OR_RETURN(stored.fills, store_->Fills({}));
  GANNET_ASSIGN_OR_RETURN(stored.orders, store_->Orders({}));
  GANNET_ASSIGN_OR_RETURN(stored.instruments, store_->Instruments());
  GANNET_ASSIGN_OR_RETURN(stored.high_water, store_->HighWater());
  engine_.Restore(stored);
  return absl::OkStatus();
}

absl::Status ReportingService::CatchUp(journal::Reader& reader, bool alone) {
  GANNET_RETURN_IF_ERROR(Restore());
  bool pruned = false;
  if (alone) {
    journal_run_ = reader.info().run;
    folded_turn_ = engine_.high_water(*journal_run_);
    const absl::Status sought = reader.SeekAfter(folded_turn_);
    if (!sought.ok() && !absl::IsDataLoss(sought)) return sought;
    pruned = !sought.ok();  // up to behind it: from the first record there is
  }
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const auto record, reader.Next());
    if (!record) return absl::OkStatus();
    if (std::exchange(pruned, false)) TellLost(*record);
    if (alone) newest_turn_ = record->sequence + 1;
    if (record->type == journal::RecordType::kFact) GANNET_RETURN_IF_ERROR(ApplyFact(*record));
  }
}

void ReportingService::TellLost(const journal::Record& first) {
  const std::string time = base::FormatTime(first.time);
  lost_ = absl::StrCat("records ", folded_turn_ + 1, " to ", first.sequence - 1,
                       " of the journal were pruned before they were stored: reports are not whole "
                       "before ",
                       time,
                       " and say so; restore a backup of the rows, or compare positions and fees "
                       "with the venue's (told until the next start)");
  log_.Error("report_store_not_whole",
             {{"from", folded_turn_ + 1}, {"to", first.sequence - 1}, {"whole_from", time}});
  engine_.OnLost(first.time);
}

// Predictions are left out: the prices that followed them are not in the journal.
absl::Status ReportingService::ApplyFact(const journal::Record& fact) {
  const auto apply = [&]<class T>(const bus::Topic<T>& topic, auto handler) -> absl::Status {
    if (fact.channel != topic.info.name) return absl::OkStatus();
    GANNET_ASSIGN_OR_RETURN(const auto event, wire::Decode<T>(fact.payload));
    (engine_.*handler)(event);
    return absl::OkStatus();
  };
  GANNET_RETURN_IF_ERROR(apply(bus::kExecReports, &ReportingEngine::OnReport));
  GANNET_RETURN_IF_ERROR(apply(bus::kNewsSignals, &ReportingEngine::OnSignal));
  GANNET_RETURN_IF_ERROR(apply(bus::kRiskDecisions, &ReportingEngine::OnDecision));
  GANNET_RETURN_IF_ERROR(apply(bus::kRiskState, &ReportingEngine::OnRiskState));
  GANNET_RETURN_IF_ERROR(apply(bus::kRiskLimits, &ReportingEngine::OnLimits));
  GANNET_RETURN_IF_ERROR(apply(bus::kAccountEvents, &ReportingEngine::OnAccountEvent));
  return apply(bus::kBalances, &ReportingEngine::OnBalance);
}

template <class T, class Apply>
void ReportingService::Follow(const bus::Topic<T>& topic, Apply apply) {
  Followed& followed = followed_.emplace_back(Followed{&topic.info, nullptr, {}});
  followed.subscription = bus_.Subscribe<T>(
      topic, {.group = kGroup, .start = bus::Start::kGroup},
      [this, &topic, apply, &followed](const market::Event<T>& event, bus::Position position) {
        if (const absl::Status names = CheckNames(topic, event); !names.ok())
          return followed.subscription->Reject(position, names);
        (engine_.*apply)(event);
        if constexpr (std::is_same_v<T, market::ExecReport>) TraceFill(event);
        newest_turn_ = std::max(newest_turn_, runtime::TurnOf(event.header.id));
        followed.newest[position.partition] = position.offset;
      });
}

template <class T, class Apply>
void ReportingService::Watch(const bus::Topic<T>& topic, Apply apply) {
  auto& subscription = watched_.emplace_back();
  subscription = bus_.Subscribe<T>(
      topic, {.group = "", .start = bus::Start::kLatest},
      [&topic, apply, &subscription](const market::Event<T>& event, bus::Position position) {
        if (const absl::Status names = CheckNames(topic, event); !names.ok())
          return subscription->Reject(position, names);
        apply(event);
        subscription->Ack(position);
      });
}

absl::Status ReportingService::Start() {
  GANNET_RETURN_IF_ERROR(scheduler_.Start());
  Watch(bus::kQuotes, [this](const auto& event) { engine_.OnQuote(event); });
  Watch(bus::kMarketStatus, [this](const auto& event) { engine_.OnStatus(event.value); });
  Watch(bus::kPredictions, [this](const auto& event) { engine_.OnPrediction(event); });
  Follow(bus::kExecReports, &ReportingEngine::OnReport);
  Follow(bus::kNewsSignals, &ReportingEngine::OnSignal);
  Follow(bus::kRiskDecisions, &ReportingEngine::OnDecision);
  Follow(bus::kRiskState, &ReportingEngine::OnRiskState);
  Follow(bus::kRiskLimits, &ReportingEngine::OnLimits);
  Follow(bus::kBalances, &ReportingEngine::OnBalance);
  Follow(bus::kAccountEvents, &ReportingEngine::OnAccountEvent);
  next_equity_ = clock_.Now();
  KeepFolded();
  Arm();
  return absl::OkStatus();
}

void ReportingService::Arm() {
  timer_ = executor_.After(config_.flush_every, [this] {
    const bool equity = clock_.Now() >= next_equity_;
    if (equity) next_equity_ = clock_.Now() + config_.equity_every;
    AskHowFar();
    Flush(equity ? ReportingEngine::Sample::kEquity : ReportingEngine::Sample::kNone);
    Arm();
  });
}

// Pruning takes nothing that is not in the rows yet.
void ReportingService::KeepFolded() {
  if (journal_run_) folded_mark_.Keep(journal::ToText({*journal_run_, folded_turn_}));
}

// The journal grows without facts too: what is in it now is on the bus once it is durable.
void ReportingService::AskHowFar() {
  if (!journal_run_ || clock_.Now() < next_question_) return;
  next_question_ = clock_.Now() + kAskHowFarEvery;
  shard_.AfterDurable([this, alive = alive_, turn = shard_.sequence()] {
    if (*alive && shard_.outer_backlog() == 0) newest_turn_ = std::max(newest_turn_, turn + 1);
  });
}

bool ReportingService::Behind() const {
  return std::any_of(followed_.begin(), followed_.end(), [](const Followed& topic) {
    return topic.subscription->stats().lag > 0 || !topic.subscription->health().ok();
  });
}

// Facts come in the order of their turns, those of one turn on several topics: before the
// newest turn seen, all have been handed over.
void ReportingService::TellFolded() {
  if (!journal_run_ || newest_turn_ == told_turn_ || Behind()) return;
  told_turn_ = newest_turn_;
  engine_.OnFolded(*journal_run_, newest_turn_ - 1);
}

void ReportingService::Flush(ReportingEngine::Sample sample) {
  if (writing_) return;
  if (unsure_) return Write(*std::exchange(unsure_, std::nullopt));
  if (drained_) sample = std::exchange(closing_, ReportingEngine::Sample::kNone);
  TellFolded();
  Unwritten unwritten;
  unwritten.batch = std::make_shared<const store::Batch>(engine_.TakeChanges(clock_.Now(), sample));
  unwritten.newest = Acknowledgeable();
  unwritten.stored_until = engine_.caught_up() && !Behind() ? clock_.Now() : base::Time::min();
  std::move(unstored_.begin(), unstored_.end(), std::back_inserter(being_stored_));
  unstored_.clear();
  if (!unwritten.batch->empty()) return Write(std::move(unwritten));
  Acknowledge(unwritten.newest);
  stored_until_ = std::max(stored_until_, unwritten.stored_until);
  if (drained_) return std::exchange(drained_, nullptr)();
  if (sample == ReportingEngine::Sample::kEquity) AskWhetherReady();
}

// The store is touched by the background thread only while `writing_` is set, and
// this object outlives the write: Drain waits for it.
void ReportingService::Write(Unwritten unwritten) {
  writing_ = true;
  background_.Post([this, alive = alive_, unwritten = std::move(unwritten)]() mutable {
    if (!*alive) return;  // in simulation a crash may come before the write
    const absl::Status status = store_->Write(*unwritten.batch);
    executor_.Post([this, alive, unwritten = std::move(unwritten), status]() mutable {
      if (*alive) OnWritten(status, std::move(unwritten));
    });
  });
}

// With nothing to write, an outage would not be noticed before something is lost to
// view.
void ReportingService::AskWhetherReady() {
  writing_ = true;
  background_.Post([this, alive = alive_] {
    if (!*alive) return;
    const absl::Status status = store_->Ready();
    executor_.Post([this, alive, status] {
      if (!*alive) return;
      writing_ = false;
      write_status_ = status;
      if (drained_) Flush(ReportingEngine::Sample::kNone);
    });
  });
}

void ReportingService::TraceFill(const market::Event<market::ExecReport>& event) {
  if (spans_ == nullptr || !event.value.fill || unstored_.size() >= kMaxOpenSpans) return;
  telemetry::Span span = runtime::ReaderSpan(event.header, "reporting");
  span.name = "report";
  span.start = clock_.Now();
  span.attributes = {{telemetry::trace::kOrderId, event.value.client_order_id.text()},
                     {telemetry::trace::kTradeId, event.value.fill->trade_id}};
  unstored_.push_back(std::move(span));
}

void ReportingService::EndSpans() {
  for (telemetry::Span& span : being_stored_) {
    span.end = clock_.Now();
    spans_->Take(std::move(span));
  }
  being_stored_.clear();
}

// What has its effect in the batch that was taken just now, or in one before.
ReportingService::Offsets ReportingService::Acknowledgeable() const {
  Offsets newest;
  for (const Followed& followed : followed_) {
    const bool waits = followed.topic == &bus::kBalances.info && !engine_.balances_taken();
    newest.push_back(waits ? std::map<uint32_t, uint64_t>() : followed.newest);
  }
  return newest;
}

void ReportingService::Acknowledge(const Offsets& newest) {
  if (!engine_.caught_up()) return;  // what waits has had no effect yet
  for (size_t i = 0; i < newest.size(); ++i) {
    for (const auto& [partition, offset] : newest[i])
      followed_[i].subscription->Ack({partition, offset});
  }
}

void ReportingService::OnWritten(absl::Status status, Unwritten unwritten) {
  writing_ = false;
  if (status.ok()) {
    EndSpans();
    Acknowledge(unwritten.newest);
    stored_until_ = std::max(stored_until_, unwritten.stored_until);
    if (journal_run_) {
      const auto& marks = unwritten.batch->high_water;
      if (const auto folded = marks.find(*journal_run_); folded != marks.end())
        folded_turn_ = std::max(folded_turn_, folded->second);
      KeepFolded();
    }
  } else {
    log_.Error("report_store_failed", {{"error", std::string(status.message())}});
    if (absl::IsUnknown(status)) {
      unsure_ = std::move(unwritten);
    } else {
      engine_.GiveBack(*unwritten.batch);
      told_turn_ = 0;  // the mark of the journal may have been in it
    }
  }
  write_status_ = std::move(status);
  if (!drained_) return;
  if (write_status_.ok()) return Flush(ReportingEngine::Sample::kNone);  // what came meanwhile
  std::exchange(drained_, nullptr)();                                    // the journal still has it
}

void ReportingService::Drain(std::function<void()> done) {
  executor_.Cancel(timer_);
  scheduler_.Drain([this, done = std::move(done)] {
    // A fill of just now reaches the bus once it is durable: a slow disk must not leave
    // it out of the last write. Behind a journal that failed nothing would come.
    const std::function<void()> close = [this, done] {
      drained_ = done;
      closing_ = ReportingEngine::Sample::kClosing;
      Flush(ReportingEngine::Sample::kNone);
    };
    if (!shard_.health().ok()) return close();
    next_question_ = {};
    AskHowFar();
    shard_.AfterDurable([this, alive = alive_, close] {
      bus_.Flush();
      executor_.Post([this, alive, close] {
        if (*alive) WhenCaughtUp(close, kCatchUpLimit);
      });
    });
  });
}

// What the other processes said before they ended lies on the bus: it is stored before
// this one ends, but for a bus that does not answer.
void ReportingService::WhenCaughtUp(std::function<void()> then, base::Duration left) {
  if (!Behind() || left <= base::Duration(0)) return then();
  executor_.After(kCatchUpPause, [this, alive = alive_, then = std::move(then), left]() mutable {
    if (*alive) WhenCaughtUp(std::move(then), left - kCatchUpPause);
  });
}

runtime::Health ReportingService::health() const {
  runtime::Health health{runtime::HealthState::kServing, {}};
  if (!write_status_.ok()) {
    // Another schema or another writer: waiting does not help.
    const bool for_good =
        absl::IsFailedPrecondition(write_status_) || absl::IsAborted(write_status_);
    health.state = for_good ? runtime::HealthState::kNotServing : runtime::HealthState::kDegraded;
    health.reasons.emplace_back(write_status_.message());
  }
  const auto degrade = [&health](std::string why) {
    health.state = std::max(health.state, runtime::HealthState::kDegraded);
    health.reasons.push_back(std::move(why));
  };
  if (!lost_.empty()) degrade(lost_);
  for (std::string& problem : scheduler_.problems()) degrade(std::move(problem));
  if (engine_.stats().unbooked_fills > 0) {
    degrade(absl::StrCat(engine_.stats().unbooked_fills,
                         " fills are stored but not in P&L: an amount is beyond what a position "
                         "can hold; check the venue's record of them"));
  }
  if (engine_.held_reports() > 0) {
    degrade(absl::StrCat(
        engine_.held_reports(),
        " execution reports and account events wait for the definition of their instrument; check "
        "ref.instruments"));
  }
  if (engine_.stats().refused_held > 0) {
    degrade(absl::StrCat(engine_.stats().refused_held,
                         " execution reports and account events had no room to wait for their "
                         "instrument; start reporting again once ref.instruments has it"));
  }
  return health;
}

}  // namespace gannet::reporting
