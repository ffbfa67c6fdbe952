#include "services/news-signal/news_signal_service.h"

#include "libs/telemetry/metric_names.h"

namespace gannet::news_signal {

using market::NewsRelation;

NewsSignalService::NewsSignalService(const NewsSignalConfig& config, runtime::Deps& deps,
                                     std::shared_ptr<const Classifier> classifier)
    : shard_(deps.shard),
      engine_(config, std::move(classifier)),
      signals_(deps.shard, bus::kNewsSignals,
               [this](const market::Event<market::NewsSignal>& signal) { engine_.Apply(signal); }) {
  shard_.Consume<market::Instrument>(bus::kInstruments,
                                     [this](const market::Event<market::Instrument>& event) {
                                       engine_.ApplyInstrument(event.value);
                                     });
  // Raw items are no facts: only their signals are remembered.
  shard_.Consume<market::NewsItem>(
      bus::kNewsRaw, nullptr,
      [this](const market::Event<market::NewsItem>& item) { OnItem(item); });
  shard_.AddState({.name = "news-signal",
                   .save = [this](wire::CanonicalWriter& out) { engine_.Save(out); },
                   .load = [this](wire::CanonicalReader& in) { return engine_.Load(in); },
                   .resume = nullptr});
  if (deps.metrics != nullptr) {
    metrics_ = deps.metrics->Collect([this](telemetry::Metrics& into) {
      into.CounterOf(telemetry::metric::kStoriesEvicted)
          .SetTotal(engine_.window().evicted_by_count());
    });
  }
}

void NewsSignalService::OnItem(const market::Event<market::NewsItem>& item) {
  ++stats_.items;
  Decision decision = engine_.Decide(item, shard_.now());
  switch (decision.verdict) {
    case Verdict::kSeenBefore:
      ++stats_.seen_before;
      return;
    case Verdict::kMinorEdit:
      ++stats_.minor_edits;
      return;
    case Verdict::kEmpty:
      ++stats_.empty;
      return;
    case Verdict::kSignal:
      break;
  }
  ++stats_.signals;
  stats_.repeats += decision.signal.relation == NewsRelation::kRepeat ? 1 : 0;
  stats_.corrections += decision.signal.relation == NewsRelation::kCorrection ? 1 : 0;
  stats_.retractions += decision.signal.relation == NewsRelation::kRetraction ? 1 : 0;
  signals_.Emit(std::move(decision.signal), item.header);
}

absl::Status NewsSignalService::Start() {
  serving_ = true;
  return absl::OkStatus();
}

void NewsSignalService::Drain(std::function<void()> done) {
  serving_ = false;
  done();
}

runtime::Health NewsSignalService::health() const {
  if (!serving_) return {runtime::HealthState::kNotServing, {"not started, or draining"}};
  return {runtime::HealthState::kServing, {}};
}

}  // namespace gannet::news_signal
