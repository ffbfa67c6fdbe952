// What became of what was said: the price of an instrument at fixed times after a
// news signal about it, and the move over a prediction's horizon. Prices are mids
// in force (Marks) of books that are VALID; where there is none the outcome is not
// observed, and no number is made up for it.
//
// Pure; one thread. What is pending is lost when the process ends: such outcomes
// are not observed either.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/news.h"
#include "libs/market/prediction.h"
#include "libs/store/rows.h"
#include "services/reporting/marks.h"

namespace gannet::reporting {

inline constexpr std::array<base::Duration, 4> kOutcomeHorizons = {
    std::chrono::minutes(1), std::chrono::minutes(5), std::chrono::minutes(15),
    std::chrono::hours(1)};
inline constexpr size_t kMaxPendingOutcomes = 50'000;
inline constexpr size_t kMaxPendingPredictions = 200'000;
// A quote may reach this process so much later than it was received.
inline constexpr base::Duration kQuoteLag = std::chrono::seconds(5);

class OutcomeTracker {
 public:
  struct Stats {
    uint64_t pending_full = 0;  // signals or predictions not followed: too many are pending
    uint64_t unobserved = 0;    // no valid price at the start or at the end
  };

  OutcomeTracker(const Marks& marks, const market::Instruments& instruments)
      : marks_(marks), instruments_(instruments) {}

  void OnSignal(const market::EventId& id, const market::NewsSignal& signal, base::Time time);
  void OnPrediction(const market::Prediction& prediction, base::Time time);
  // Before Marks takes the quote: what ended before it is settled at the mid that
  // was in force.
  void BeforeQuote(const market::InstrumentId& instrument, base::Time received);
  // Settles what ended at least kQuoteLag ago, of instruments without quotes.
  void OnTime(base::Time now);

  std::vector<store::OutcomeRow> TakeOutcomes();
  std::vector<store::ScoreRow> TakeScores();
  bool empty() const { return outcomes_.empty() && scores_.empty(); }
  const Stats& stats() const { return stats_; }

 private:
  struct PendingPrediction {
    base::Time time;
    base::Duration horizon{0};
    std::string model_version;
    int64_t score = 0;
    market::Price start;
    int price_scale = 0;
  };
  // Of one instrument, by the end of the horizon.
  struct Pending {
    std::multimap<base::Time, store::OutcomeRow> outcomes;
    std::multimap<base::Time, PendingPrediction> predictions;
  };
  using ScoreKey = std::tuple<base::Time, std::string, market::InstrumentId, base::Duration>;

  void SettleUntil(const market::InstrumentId& instrument, Pending& pending, base::Time end);
  void Settle(const store::OutcomeRow& pending, const Mark& mark, int price_scale);
  void Settle(const market::InstrumentId& instrument, const PendingPrediction& pending,
              const Mark& mark, int price_scale);
  store::ScoreRow& ScoreOf(const std::string& model_version, const market::InstrumentId& instrument,
                           base::Time time, base::Duration horizon);

  const Marks& marks_;
  const market::Instruments& instruments_;
  std::map<market::InstrumentId, Pending> pending_;
  size_t pending_outcomes_ = 0, pending_predictions_ = 0;
  std::vector<store::OutcomeRow> outcomes_;
  std::map<ScoreKey, store::ScoreRow> scores_;
  Stats stats_;
};

}  // namespace gannet::reporting
