#include "services/reporting/outcomes.h"

#include <algorithm>
#include <utility>

namespace gannet::reporting {
namespace {

using store::MarkState;

constexpr int64_t kPpm = 1'000'000;

}  // namespace

void OutcomeTracker::OnSignal(const market::EventId& id, const market::NewsSignal& signal,
                              base::Time time) {
  for (const market::InstrumentId& instrument : signal.instruments) {
    const Mark mark = marks_.Of(instrument);
    const market::Instrument* definition = instruments_.Find(instrument);
    if (mark.state != MarkState::kValid || definition == nullptr) {
      ++stats_.unobserved;
      continue;
    }
    for (const base::Duration horizon : kOutcomeHorizons) {
      if (pending_outcomes_ >= kMaxPendingOutcomes) {
        ++stats_.pending_full;
        continue;
      }
      store::OutcomeRow pending;
      pending.signal = id;
      pending.instrument = instrument;
      pending.horizon = horizon;
      pending.time = time;
      pending.start = market::Money(mark.mid.mantissa, definition->price_scale);
      pending_[instrument].outcomes.emplace(time + horizon, std::move(pending));
      ++pending_outcomes_;
    }
  }
}

void OutcomeTracker::OnPrediction(const market::Prediction& prediction, base::Time time) {
  const std::string version = prediction.model + "@" + prediction.version;
  const Mark mark = marks_.Of(prediction.instrument);
  const market::Instrument* definition = instruments_.Find(prediction.instrument);
  if (mark.state != MarkState::kValid || mark.mid.mantissa <= 0 || definition == nullptr) {
    ++stats_.unobserved;
    ++ScoreOf(version, prediction.instrument, time, prediction.horizon).unresolved;
    return;
  }
  if (pending_predictions_ >= kMaxPendingPredictions) {
    ++stats_.pending_full;
    ++ScoreOf(version, prediction.instrument, time, prediction.horizon).unresolved;
    return;
  }
  pending_[prediction.instrument].predictions.emplace(
      time + prediction.horizon,
      PendingPrediction{time, prediction.horizon, version,
                        static_cast<int64_t>(prediction.up_ppm) - prediction.down_ppm, mark.mid,
                        definition->price_scale});
  ++pending_predictions_;
}

void OutcomeTracker::BeforeQuote(const market::InstrumentId& instrument, base::Time received) {
  const auto found = pending_.find(instrument);
  if (found == pending_.end()) return;
  SettleUntil(instrument, found->second, received - base::Duration(1));
}

void OutcomeTracker::OnTime(base::Time now) {
  for (auto at = pending_.begin(); at != pending_.end();) {
    SettleUntil(at->first, at->second, now - kQuoteLag);
    const bool done = at->second.outcomes.empty() && at->second.predictions.empty();
    at = done ? pending_.erase(at) : std::next(at);
  }
}

void OutcomeTracker::SettleUntil(const market::InstrumentId& instrument, Pending& pending,
                                 base::Time end) {
  const Mark mark = marks_.Of(instrument);
  const market::Instrument* definition = instruments_.Find(instrument);
  const int scale = definition != nullptr ? definition->price_scale : -1;
  while (!pending.outcomes.empty() && pending.outcomes.begin()->first <= end) {
    Settle(pending.outcomes.begin()->second, mark, scale);
    pending.outcomes.erase(pending.outcomes.begin());
    --pending_outcomes_;
  }
  while (!pending.predictions.empty() && pending.predictions.begin()->first <= end) {
    Settle(instrument, pending.predictions.begin()->second, mark, scale);
    pending.predictions.erase(pending.predictions.begin());
    --pending_predictions_;
  }
}

// Two mids of one instrument compare only at one price scale.
void OutcomeTracker::Settle(const store::OutcomeRow& pending, const Mark& mark, int price_scale) {
  if (mark.state != MarkState::kValid || price_scale != pending.start.scale()) {
    ++stats_.unobserved;
    return;
  }
  store::OutcomeRow row = pending;
  row.end = market::Money(mark.mid.mantissa, row.start.scale());
  row.ended = mark.time;
  outcomes_.push_back(std::move(row));
}

void OutcomeTracker::Settle(const market::InstrumentId& instrument,
                            const PendingPrediction& pending, const Mark& mark, int price_scale) {
  store::ScoreRow& row = ScoreOf(pending.model_version, instrument, pending.time, pending.horizon);
  const auto change = mark.state == MarkState::kValid && price_scale == pending.price_scale
                          ? market::MulDiv(mark.mid.mantissa - pending.start.mantissa, kPpm,
                                           pending.start.mantissa, market::Rounding::kHalfEven)
                          : std::nullopt;
  if (!change) {
    ++stats_.unobserved;
    ++row.unresolved;
    return;
  }
  const auto move = static_cast<int64_t>(std::clamp<market::Int128>(
      *change, -store::ScoreRow::kMaxMovePpm, store::ScoreRow::kMaxMovePpm));
  const int64_t score = pending.score;
  ++row.predictions;
  if (score != 0 && move != 0) {
    ++row.decided;
    if ((score > 0) == (move > 0)) ++row.hits;
    if (move > 0) ++row.ups;
  }
  row.sum_score += score;
  row.sum_move += move;
  row.sum_score_squared += score * score;
  row.sum_move_squared += move * move;
  row.sum_product += score * move;
}

store::ScoreRow& OutcomeTracker::ScoreOf(const std::string& model_version,
                                         const market::InstrumentId& instrument, base::Time time,
                                         base::Duration horizon) {
  const base::Time hour = std::chrono::floor<std::chrono::hours>(time);
  store::ScoreRow& row = scores_[{hour, model_version, instrument, horizon}];
  row.time = hour;
  row.model_version = model_version;
  row.instrument = instrument;
  row.horizon = horizon;
  return row;
}

std::vector<store::OutcomeRow> OutcomeTracker::TakeOutcomes() {
  return std::exchange(outcomes_, {});
}

std::vector<store::ScoreRow> OutcomeTracker::TakeScores() {
  std::vector<store::ScoreRow> rows;
  for (auto& [key, row] : scores_) rows.push_back(std::move(row));
  scores_.clear();
  return rows;
}

}  // namespace gannet::reporting
