// Hosts the strategies of a shard: shows them market, news, predictions and what
// became of their orders, and turns what they want into numbered intents.
//
// Pure. Apply members take recorded facts (live and in recovery) and decide
// nothing; On… members take live data; Decide members are const and give drafts,
// which MakeIntent numbers one by one: each intent must be applied before the next
// is made. Every intent of a strategy counts against its message budget, of which
// a fifth is kept for cancels.
//
// One thread. Nothing here fails on what comes from outside.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/market/account.h"
#include "libs/market/news.h"
#include "libs/market/prediction.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"
#include "services/strategy/manual_desk.h"
#include "services/strategy/market_view.h"
#include "services/strategy/parent_desk.h"
#include "services/strategy/portfolio.h"
#include "services/strategy/strategy.h"

namespace gannet::strategy {

inline constexpr std::string_view kEngineName = "strategy";
inline constexpr base::Duration kTimerInterval = std::chrono::seconds(1);
inline constexpr size_t kMaxRememberedNews = 4'096;

struct EngineSettings {
  market::AccountId account{"main/paper"};
  // Of the shard's journal and of this start: in every client order id.
  uint64_t run = 0, epoch = 0;
  base::Duration stale_after{std::chrono::seconds(5)};
  VolatilitySettings volatility;
  // Of each strategy: at most `count` intents in any `window`.
  uint32_t message_count = 20;
  base::Duration message_window{std::chrono::seconds(10)};
  bool cancel_on_drain = true;
  std::map<std::string, int64_t> taker_fees_ppm;  // by venue, for routing
};

class StrategyEngine {
 public:
  StrategyEngine(EngineSettings settings, std::vector<std::unique_ptr<Strategy>> strategies);

  // --- facts ---------------------------------------------------------------
  void Apply(const market::Event<market::OrderIntent>& event);
  void Apply(const market::Event<market::Command>& event) { desk_.Apply(event); }
  void Apply(const market::Event<market::CommandAnswer>& event) { desk_.Apply(event); }
  void Apply(const market::Event<market::ParentOrder>& event);
  void Apply(const market::Event<market::RiskDecision>& event);
  void Apply(const market::Event<market::ExecReport>& event);
  void Apply(const market::Event<market::RiskState>& event) { restrictions_.Apply(event.value); }
  void Apply(const market::Event<market::NewsSignal>& event) { portfolio_.Apply(event); }
  void Apply(const market::Event<wire::EngineNote>& event);  // of other engines: ignored

  // --- live data -----------------------------------------------------------
  // The row that strategies should look at again; kNone: none.
  Index OnQuote(const market::Quote& quote, base::Time received) {
    return market_.OnQuote(quote, received);
  }
  Index OnBook(const market::BookUpdate& update, base::Time received) {
    return market_.OnBook(update, received);
  }
  void OnTrade(const market::Trade& trade) { parents_.OnTrade(trade, market_); }
  bool OnStatus(const market::MarketStatus& status) { return market_.OnStatus(status); }
  // Remembers when a headline was published: old news opens nothing.
  void OnNews(const market::Event<market::NewsItem>& item);
  void OnTimer() { market_.Sample(); }
  // Stops (or, with a resume command, lets go on) the strategies of a scope.
  void OnCommand(const market::Command& command);
  void OnInstrument(const market::Instrument& instrument) { desk_.OnInstrument(instrument); }
  void StopAll() { stopped_ = true; }

  // --- decisions -----------------------------------------------------------
  // The definition to record when it is new, and a strategy trades it or one was recorded before.
  std::optional<wire::EngineNote> DecideInstrument(const market::Instrument& instrument) const;
  void DecideSignal(const market::Event<market::NewsSignal>& event, base::Time now,
                    std::vector<Draft>& out) const;
  void DecidePrediction(const market::Event<market::Prediction>& event, base::Time now,
                        std::vector<Draft>& out) const;
  void DecideMarket(Index instrument, base::Time now, std::vector<Draft>& out) const;
  // After a verdict or a report: the strategy that it belongs to looks again.
  void DecideOrder(const market::StrategyId& strategy, const market::InstrumentId& instrument,
                   base::Time now, std::vector<Draft>& out) const;
  void DecideTimer(base::Time now, std::vector<Draft>& out) const;
  // Cancels for everything that works (draining, or strategies that are gone).
  void DecideCancels(base::Time now, std::vector<Draft>& out) const;
  void DecideOrphans(base::Time now, std::vector<Draft>& out) const;
  // What parent orders do next: all of them, those in an instrument, those whose orders
  // facts have spoken of since the last call.
  void DecideParents(base::Time now, ParentSteps& out) const;
  void DecideParents(Index instrument, base::Time now, ParentSteps& out) const;
  void DecideTouchedParents(base::Time now, ParentSteps& out);
  // Reservations that a crash left unasked.
  std::vector<market::OrderIntent> UnaskedParents() const;

  // Nothing when the strategy has been stopped or its budget is used up.
  std::optional<market::OrderIntent> MakeIntent(const Draft& draft, base::Time now);
  // Of a draft with a plan, whose intent follows its fact. Nothing also when it makes no
  // sense, or when there are kMaxParents; `why` (may be null) says so.
  std::optional<market::ParentOrder> MakeParent(const Draft& draft, base::Time now,
                                                std::string* why);

  // Of a command about an order: the definition to record before anything else,
  // when this engine did not trade that instrument so far.
  std::optional<wire::EngineNote> DecideManualInstrument(const market::Command& command) const;
  std::optional<wire::EngineNote> DecideManualInstrument(const market::InstrumentId& id) const;
  // Then its intent, if there is to be one, and its answer: to be emitted in this order.
  struct Manual {
    std::optional<market::ParentOrder> parent;
    std::optional<market::OrderIntent> intent;
    market::CommandAnswer answer;
  };
  Manual DecideManual(const market::Event<market::Command>& command, base::Time now);

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

  struct Stats {
    uint64_t over_budget = 0;  // drafts that were not sent on
    uint64_t stopped = 0;
  };
  const Stats& stats() const { return stats_; }
  const Portfolio& portfolio() const { return portfolio_; }
  const ManualDesk& desk() const { return desk_; }
  const ParentDesk& parents() const { return parents_; }
  const MarketView& market() const { return market_; }
  const EngineSettings& settings() const { return settings_; }
  // Strategies that the record knows and the configuration does not, with orders
  // or positions.
  std::vector<std::string> orphans() const;

 private:
  View ViewAt(base::Time now, const market::StrategyId& strategy) const;
  bool Stopped(const market::StrategyId& strategy) const;
  // Messages of a strategy in any window; a fifth is kept for cancels.
  size_t Budget(market::IntentKind kind) const;
  const Strategy* Hosted(const market::StrategyId& id) const;
  const std::vector<const Strategy*>& TradersOf(Index instrument) const;
  void Define(const market::Instrument& instrument, std::vector<Numbers> numbers = {});
  std::optional<wire::EngineNote> InstrumentNote(const market::Instrument& instrument) const;

  const EngineSettings settings_;
  const std::vector<std::unique_ptr<Strategy>> strategies_;
  MarketView market_;
  Portfolio portfolio_;
  ManualDesk desk_;
  ParentDesk parents_;
  Restrictions restrictions_;
  std::vector<std::vector<const Strategy*>> traders_;  // by instrument row
  std::map<market::EventId, base::Time> published_;    // of news items
  std::deque<market::EventId> news_;                   // the same, oldest first
  std::set<std::string> stopped_strategies_;
  bool stopped_ = false;
  Stats stats_;
};

}  // namespace gannet::strategy
