// How good news signals and predictions were.
#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "libs/market/names.h"
#include "services/reporting/report_data.h"

namespace gannet::reporting {
namespace {

using market::Money;

constexpr double kBasisPoints = 10'000;

// "1m", "1h", "10s".
std::string SpanText(base::Duration span) { return base::FormatDuration(span); }

Value PpmCell(int64_t sum, int64_t count) {
  if (count == 0) return {};
  return Cell(static_cast<double>(sum) / static_cast<double>(count) / 1e6);
}

struct Kept {
  int64_t original = 0, others = 0, confidence = 0, novelty = 0, strength = 0;
  std::vector<base::Duration> latencies;
};

Value MedianMillis(std::vector<base::Duration> latencies) {
  if (latencies.empty()) return {};
  const auto middle = latencies.begin() + static_cast<std::ptrdiff_t>(latencies.size() / 2);
  std::nth_element(latencies.begin(), middle, latencies.end());
  return Cell(std::chrono::duration<double, std::milli>(*middle).count(), 3);
}

// Of the original signals about an instrument, with a sentiment.
struct Hits {
  int64_t observed = 0, moved = 0, hits = 0;
  double sum_move = 0;  // in the direction of the sentiment
};

void AddShares(std::vector<Value>& row, int64_t hits, int64_t decided) {
  const auto share =
      decided > 0 ? std::optional<double>(static_cast<double>(hits) / static_cast<double>(decided))
                  : std::nullopt;
  const auto interval = WilsonInterval(static_cast<uint64_t>(hits), static_cast<uint64_t>(decided));
  row.push_back(Cell(share));
  row.push_back(interval ? Cell(interval->low) : Value());
  row.push_back(interval ? Cell(interval->high) : Value());
}

}  // namespace

void AddSignals(const ReportData& data, Report& report) {
  std::map<market::NewsEventType, Kept> kinds;
  std::map<market::EventId, const store::SignalRow*> originals;
  for (const store::SignalRow& row : data.signals) {
    Kept& kept = kinds[row.type];
    if (row.relation != market::NewsRelation::kOriginal) {
      ++kept.others;
      continue;
    }
    ++kept.original;
    kept.confidence += row.confidence_ppm;
    kept.novelty += row.novelty_ppm;
    kept.strength += std::abs(static_cast<int64_t>(row.sentiment_ppm));
    kept.latencies.push_back(row.latency);
    originals.emplace(row.id, &row);
  }
  std::map<market::NewsEventType, std::set<market::EventId>> traded;
  for (size_t i = data.first_in_period; i < data.fills.size(); ++i) {
    const auto cause = data.causes.find(data.fills[i].signal);
    if (cause != data.causes.end()) traded[cause->second.type].insert(cause->first);
  }
  Table table;
  table.key = "signals";
  table.title = "News signals";
  table.empty = "No news signal in the period.";
  table.note =
      "Of all accounts. Means are of original items; traded: signals that at least one "
      "fill of this account in the period rests on.";
  table.columns = {{"event_type", "Event type", Kind::kText},
                   {"originals", "Originals", Kind::kCount, true},
                   {"others", "Repeats, corrections", Kind::kCount, true},
                   {"traded", "Traded", Kind::kCount, true},
                   {"confidence", "Mean confidence", Kind::kPercent},
                   {"novelty", "Mean novelty", Kind::kPercent},
                   {"sentiment", "Mean strength of sentiment", Kind::kPercent},
                   {"latency_ms", "Median latency, ms", Kind::kRatio}};
  for (const auto& [type, signals] : traded) kinds.try_emplace(type);
  for (const auto& [type, kept] : kinds) {
    table.rows.push_back({std::string(market::Name(type)), kept.original, kept.others,
                          static_cast<int64_t>(traded[type].size()),
                          PpmCell(kept.confidence, kept.original),
                          PpmCell(kept.novelty, kept.original),
                          PpmCell(kept.strength, kept.original), MedianMillis(kept.latencies)});
  }
  report.tables.push_back(std::move(table));

  std::map<std::pair<market::NewsEventType, base::Duration>, Hits> outcomes;
  for (const store::OutcomeRow& row : data.outcomes) {
    const auto signal = originals.find(row.signal);
    if (signal == originals.end() || signal->second->sentiment_ppm == 0 || row.start.zero())
      continue;
    Hits& hits = outcomes[{signal->second->type, row.horizon}];
    const int direction = signal->second->sentiment_ppm > 0 ? 1 : -1;
    const Money move = row.end - row.start;
    ++hits.observed;
    hits.sum_move += direction * move.ToDouble() / row.start.ToDouble();
    if (move.zero()) continue;
    ++hits.moved;
    if ((move.units() > 0) == (direction > 0)) ++hits.hits;
  }
  Table after;
  after.key = "signal_outcomes";
  after.title = "What followed the news signals";
  after.empty = "No outcome of a signal with a sentiment was observed in the period.";
  after.note =
      "One observation for each instrument that an original signal with a sentiment names, "
      "where a VALID price was known at both ends. Right: the mid moved with the "
      "sentiment. The interval is Wilson's at 95 %.";
  after.columns = {{"event_type", "Event type", Kind::kText},
                   {"horizon", "After", Kind::kText},
                   {"observed", "Observed", Kind::kCount},
                   {"moved", "Moved", Kind::kCount},
                   {"right", "Right", Kind::kCount},
                   {"hit_rate", "Right, of moved", Kind::kPercent},
                   {"low", "from", Kind::kPercent},
                   {"high", "to", Kind::kPercent},
                   {"move_bp", "Mean move with it, bp", Kind::kRatio}};
  for (const auto& [key, hits] : outcomes) {
    std::vector<Value> row = {std::string(market::Name(key.first)), SpanText(key.second),
                              hits.observed, hits.moved, hits.hits};
    AddShares(row, hits.hits, hits.moved);
    row.push_back(Cell(hits.sum_move / static_cast<double>(hits.observed) * kBasisPoints, 2));
    after.rows.push_back(std::move(row));
  }
  report.tables.push_back(std::move(after));
}

void AddModels(const ReportData& data, Report& report) {
  std::map<std::pair<std::string, base::Duration>, store::ScoreRow> sums;
  for (const store::ScoreRow& row : data.scores) {
    store::ScoreRow& sum = sums[{row.model_version, row.horizon}];
    sum.predictions += row.predictions;
    sum.unresolved += row.unresolved;
    sum.decided += row.decided;
    sum.hits += row.hits;
    sum.ups += row.ups;
  }
  // Sums of squares of all instruments together pass 64 bits: added up as doubles.
  struct Moments {
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  };
  std::map<std::pair<std::string, base::Duration>, Moments> moments;
  for (const store::ScoreRow& row : data.scores) {
    Moments& m = moments[{row.model_version, row.horizon}];
    m.x += static_cast<double>(row.sum_score);
    m.y += static_cast<double>(row.sum_move);
    m.xx += static_cast<double>(row.sum_score_squared);
    m.yy += static_cast<double>(row.sum_move_squared);
    m.xy += static_cast<double>(row.sum_product);
  }
  Table table;
  table.key = "models";
  table.title = "Predictions";
  table.empty = "No prediction was made in the period.";
  table.note =
      "Whole hours, all instruments, of all accounts. Decided: the score (probability of "
      "up less that of down) and the move of the mid over the horizon are other than "
      "zero. One direction: the hit rate of who always names the more frequent one.";
  table.columns = {{"model_version", "Model version", Kind::kText},
                   {"horizon", "Horizon", Kind::kText},
                   {"predictions", "Predictions", Kind::kCount},
                   {"unresolved", "Not resolved", Kind::kCount},
                   {"decided", "Decided", Kind::kCount},
                   {"hits", "Right", Kind::kCount},
                   {"hit_rate", "Right, of decided", Kind::kPercent},
                   {"low", "from", Kind::kPercent},
                   {"high", "to", Kind::kPercent},
                   {"baseline", "One direction", Kind::kPercent},
                   {"correlation", "Correlation", Kind::kRatio}};
  for (const auto& [key, sum] : sums) {
    std::vector<Value> row = {key.first,      SpanText(key.second), sum.predictions,
                              sum.unresolved, sum.decided,          sum.hits};
    AddShares(row, sum.hits, sum.decided);
    const int64_t more = std::max(sum.ups, sum.decided - sum.ups);
    row.push_back(sum.decided > 0
                      ? Cell(static_cast<double>(more) / static_cast<double>(sum.decided))
                      : Value());
    const Moments& m = moments[key];
    row.push_back(Cell(Correlation(sum.predictions, m.x, m.y, m.xx, m.yy, m.xy)));
    table.rows.push_back(std::move(row));
  }
  report.tables.push_back(std::move(table));
}

}  // namespace gannet::reporting
