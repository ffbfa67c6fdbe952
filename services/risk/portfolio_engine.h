// Watches what the firm's portfolio could lose and whether the market is still the one
// that prices come from, and restricts trading when a limit or an alarm says so.
//
// Keeps a price and a depth of each instrument every `interval` (recorded as notes, so
// that a restart does not begin without a past), hands out what figures are worked out
// from, and takes the figures back. Pure; decides on whole numbers. Decide… members are
// const; Apply members run in recovery too. Owned by RiskService, one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"
#include "services/risk/portfolio_figures.h"
#include "services/risk/risk_engine.h"

namespace gannet::risk {

class PortfolioEngine {
 public:
  // `risk` outlives it: its book, and the limits in force. Without a section `portfolio` in
  // these nothing is kept and nothing decided.
  explicit PortfolioEngine(const RiskEngine& risk) : risk_(risk) {}

  bool on() const { return risk_.limits().portfolio.has_value(); }

  // Every kTimerInterval: looks at what rests at the best prices.
  void OnTimer(base::Time now);
  // The prices to record, when an interval has ended.
  std::optional<wire::EngineNote> DecideSample(base::Time now) const;
  void Apply(const wire::EngineNote& note);  // others than its own are ignored

  PortfolioInputs Inputs(base::Time now) const;
  // What follows from figures: a limit that was not broken before, or an alarm that was
  // silent. A person who lets the firm trade again while one lasts is not overruled.
  // Nothing when the firm is restricted so far already. Before Apply of the same figures.
  std::optional<market::RiskState> Decide(const PortfolioFigures& figures) const;
  void Apply(PortfolioFigures figures);

  const std::optional<PortfolioFigures>& figures() const { return figures_; }
  // Each limit and alarm that these figures break, with its figure, for people.
  std::vector<std::string> Broken(const PortfolioFigures& figures) const;
  // Prices kept, and instruments left out for want of room.
  size_t observations() const { return history_.size(); }
  uint32_t left_out() const { return left_out_; }

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

 private:
  // One decimal number as it was recorded: mantissa times ten to the exponent; 0: none.
  struct Price {
    int64_t mantissa = 0;
    int8_t exponent = 0;
    double value() const;
  };
  struct Cell {
    Price price;
    int64_t depth = 0;  // hundredths of the valuation asset
  };
  struct Observation {
    base::Time at;
    std::vector<Cell> cells;  // by `names_`; those named later are missing
  };
  struct Breach {
    uint32_t bit;
    market::TradingState state;
    std::string text;
  };
  struct Depth {
    market::Int128 sum = 0;  // hundredths
    int64_t count = 0;
  };

  const PortfolioSettings& settings() const { return *risk_.limits().portfolio; }
  std::optional<Price> PriceOf(const InstrumentRow& row, base::Time now) const;
  int64_t MeanDepth(const std::string& name) const;
  std::vector<Breach> BreachesOf(const PortfolioFigures& figures) const;
  void Add(base::Time at, const std::map<std::string, Cell>& cells);
  size_t PlaceOf(const std::string& name);
  bool Held(const InstrumentRow& row) const;
  std::vector<std::string> IdleNames() const;
  void Replace(const std::string& before, const std::string& name);

  const RiskEngine& risk_;
  // durable
  std::vector<std::string> names_;  // by place, mostly in the order first seen
  std::deque<Observation> history_;
  std::optional<PortfolioFigures> figures_;
  uint32_t raised_ = 0;                   // breaches of the newest figures, by bit
  std::map<std::string, size_t> places_;  // of names in `names_`
  uint32_t left_out_ = 0;                 // by the newest observation
  // since the newest observation, by `names_`
  std::vector<Depth> depths_;
};

}  // namespace gannet::risk
