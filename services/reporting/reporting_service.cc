#include "services/reporting/reporting_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::reporting {
namespace {

constexpr char kGroup[] = "reporting";

}  // namespace

ReportingService::ReportingService(ReportingConfig config, runtime::Deps& deps,
                                   std::unique_ptr<store::Store> store)
    : config_(config),
      executor_(deps.executor),
      background_(deps.background),
      clock_(deps.clock),
      bus_(deps.bus),
      log_(deps.log),
      store_(std::move(store)) {
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

absl::Status ReportingService::CatchUp(journal::Reader& reader) {
  GANNET_ASSIGN_OR_RETURN(const auto fills, store_->Fills({}));
  GANNET_ASSIGN_OR_RETURN(const auto orders, store_->Orders({}));
  GANNET_ASSIGN_OR_RETURN(const auto marks, store_->HighWater());
  GANNET_RETURN_IF_ERROR(engine_.Restore(fills, orders, marks));
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const auto record, reader.Next());
    if (!record) return absl::OkStatus();
    if (record->type != journal::RecordType::kFact ||
        record->channel != bus::kExecReports.info.name)
      continue;
    GANNET_ASSIGN_OR_RETURN(const auto event, wire::Decode<market::ExecReport>(record->payload));
    engine_.OnReport(event);
  }
}

absl::Status ReportingService::Start() {
  const bus::SubscribeOptions latest{.group = "", .start = bus::Start::kLatest};
  quotes_ = bus_.Subscribe<market::Quote>(bus::kQuotes, latest,
                                          [this](const auto& event, bus::Position position) {
                                            engine_.OnQuote(event.value);
                                            quotes_->Ack(position);
                                          });
  const bus::SubscribeOptions group{.group = kGroup, .start = bus::Start::kGroup};
  reports_ = bus_.Subscribe<market::ExecReport>(bus::kExecReports, group,
                                                [this](const auto& event, bus::Position position) {
                                                  engine_.OnReport(event);
                                                  last_report_ = position;
                                                  any_report_ = true;
                                                });
  next_equity_ = clock_.Now();
  Arm();
  return absl::OkStatus();
}

void ReportingService::Arm() {
  timer_ = executor_.After(config_.flush_every, [this] {
    const bool equity = clock_.Now() >= next_equity_;
    if (equity) next_equity_ = clock_.Now() + config_.equity_every;
    Flush(equity ? Equity::kWith : Equity::kWithout);
    Arm();
  });
}

void ReportingService::Flush(Equity equity) {
  if (writing_) return;
  const base::Time now = clock_.Now();
  auto batch = std::make_shared<const store::Batch>(
      equity == Equity::kWith ? engine_.TakeChangesWithEquity(now) : engine_.TakeChanges(now));
  if (batch->empty()) {
    if (drained_) std::exchange(drained_, nullptr)();
    return;
  }
  writing_ = true;
  // The store is touched by the background thread only while `writing_` is set,
  // and this object outlives the write: Drain waits for it.
  background_.Post([this, alive = alive_, batch, position = last_report_] {
    if (!*alive) return;  // in simulation a crash may come before the write
    const absl::Status status = store_->Write(*batch);
    executor_.Post([this, alive, batch, position, status] {
      if (*alive) OnWritten(status, *batch, position);
    });
  });
}

void ReportingService::OnWritten(absl::Status status, const store::Batch& batch,
                                 bus::Position position) {
  writing_ = false;
  if (!status.ok()) {
    log_.Error("report_store_failed", {{"error", std::string(status.message())}});
    engine_.GiveBack(batch);
  } else if (any_report_ && reports_ != nullptr) {
    reports_->Ack(position);
  }
  write_status_ = std::move(status);
  if (!drained_) return;
  if (write_status_.ok()) return Flush(Equity::kWithout);  // what came meanwhile
  std::exchange(drained_, nullptr)();                      // the journal still has it
}

void ReportingService::Drain(std::function<void()> done) {
  executor_.Cancel(timer_);
  drained_ = std::move(done);
  Flush(Equity::kWith);
}

runtime::Health ReportingService::health() const {
  runtime::Health health{runtime::HealthState::kServing, {}};
  if (!write_status_.ok()) {
    health.state = runtime::HealthState::kDegraded;
    health.reasons.emplace_back(write_status_.message());
  }
  if (engine_.stats().unbooked_fills > 0) {
    health.state = runtime::HealthState::kDegraded;
    health.reasons.push_back(absl::StrCat(engine_.stats().unbooked_fills,
                                          " fills are stored but not in P&L: their instrument is "
                                          "not defined; check ref.instruments"));
  }
  return health;
}

}  // namespace gannet::reporting
