// Feeds the engine from the outer bus (durable facts only) and writes its changes
// to the store on the background executor, acknowledging after the write.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/runtime/mark_file.h"
#include "libs/runtime/service.h"
#include "libs/store/store.h"
#include "services/reporting/config.h"
#include "services/reporting/report_scheduler.h"
#include "services/reporting/reporting_engine.h"

namespace gannet::reporting {

class ReportingService : public runtime::Service {
 public:
  ReportingService(ReportingConfig config, runtime::Deps& deps, std::unique_ptr<store::Store> store,
                   ReportWriter writer);
  ~ReportingService() override;

  // What the store has. Once, before Start.
  absl::Status Restore();
  // The same, and the facts of the journal that the store has not seen (the process
  // died between the journal and the store). `alone`: no other journal's facts are on
  // the bus; then the store keeps how far this one is folded, and the next start reads
  // on from there, and pruning leaves what comes after (libs/journal/read_mark.h). What the journal
  // had been pruned of before it was stored is told in health and in every report.
  absl::Status CatchUp(journal::Reader& reader, bool alone);

  std::string_view name() const override { return "reporting"; }
  absl::Status Start() override;
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  // For exports, after Drain; before that for the background executor only.
  store::Store& store() { return *store_; }

 private:
  using Offsets = std::vector<std::map<uint32_t, uint64_t>>;  // for each followed topic
  // A topic whose events are acknowledged once their effect is in the store.
  struct Followed {
    const bus::TopicInfo* topic;
    std::unique_ptr<bus::Subscription> subscription;
    std::map<uint32_t, uint64_t> newest;  // partition → offset handed to the engine
  };
  template <class T, class Apply>
  void Follow(const bus::Topic<T>& topic, Apply apply);
  template <class T, class Apply>
  void Watch(const bus::Topic<T>& topic, Apply apply);
  absl::Status ApplyFact(const journal::Record& fact);
  void Arm();
  void TellLost(const journal::Record& first);
  void KeepFolded();
  void AskHowFar();
  void TellFolded();
  bool Behind() const;
  // A batch and what may be acknowledged once it is stored.
  struct Unwritten {
    std::shared_ptr<const store::Batch> batch;
    Offsets newest;
    base::Time stored_until;  // what happened before is in it, or was stored before
  };
  void Flush(ReportingEngine::Sample sample);
  void Write(Unwritten unwritten);
  void AskWhetherReady();
  Offsets Acknowledgeable() const;
  void Acknowledge(const Offsets& newest);
  void WhenCaughtUp(std::function<void()> then, base::Duration left);
  void OnWritten(absl::Status status, Unwritten unwritten);
  // A fill's span begins where it is heard of and ends where it is stored.
  void TraceFill(const market::Event<market::ExecReport>& event);
  void EndSpans();

  const ReportingConfig config_;
  runtime::Shard& shard_;
  base::Executor& executor_;
  base::Executor& background_;
  const base::Clock& clock_;
  bus::Bus& bus_;
  runtime::MarkFile folded_mark_;
  telemetry::Log& log_;
  std::unique_ptr<store::Store> store_;
  ReportingEngine engine_;
  ReportScheduler scheduler_;
  bool writing_ = false;  // one transaction, or one question, at a time
  // Written or not: the store does not know yet and must be given it again first.
  std::optional<Unwritten> unsure_;
  base::Time next_equity_{};
  base::TimerId timer_ = base::TimerId::kNone;
  base::Time stored_until_ = base::Time::min();
  absl::Status write_status_;
  std::function<void()> drained_;
  ReportingEngine::Sample closing_ = ReportingEngine::Sample::kNone;  // what a drain still owes
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  telemetry::Metrics::Collector metrics_;
  static constexpr size_t kMaxOpenSpans = 10'000;
  telemetry::SpanSink* const spans_;
  std::vector<telemetry::Span> unstored_, being_stored_;
  std::optional<uint64_t> journal_run_;  // of the only journal on the bus
  uint64_t newest_turn_ = 0;             // all before it has come, or is on its way
  uint64_t told_turn_ = 0;               // of them, to the engine
  uint64_t folded_turn_ = 0;             // before it all are stored
  base::Time next_question_{};
  std::string lost_;  // what the journal had been pruned of
  // Last members: no handler runs once they are gone.
  std::unique_ptr<bus::Subscription> instruments_;
  std::deque<Followed> followed_;
  std::deque<std::unique_ptr<bus::Subscription>> watched_;
};

}  // namespace gannet::reporting
