// Trades headlines of one kind: enters in the direction of the news, leaves at a
// profit, a loss, the end of the horizon, or when the news is taken back. One
// playbook is one strategy.
#pragma once

#include <string>
#include <vector>

#include "services/strategy/taking.h"

namespace gannet::strategy {

enum class Direction : uint8_t { kSentiment, kLong, kShort };

struct PlaybookSettings {
  market::StrategyId name;
  market::NewsEventType event = market::NewsEventType::kHack;
  std::vector<std::string> instruments;  // patterns: what it may ever trade
  // Only those of them that the signal names; otherwise all of them, for news
  // that moves everything.
  bool linked_only = true;
  // kSentiment: with linked_only by the tone of the clauses that name the instrument's coin.
  Direction direction = Direction::kSentiment;
  bool allow_short = true;
  int64_t min_confidence_ppm = 600'000;
  int64_t min_novelty_ppm = 500'000;
  int64_t min_sentiment_ppm = 200'000;               // size of it, with kSentiment
  base::Duration max_age{std::chrono::seconds(60)};  // of the news when the signal comes
  SizingSettings sizing;
  EntryRules entry;
  ExitRules exits;
  base::Duration cooldown{std::chrono::minutes(10)};  // in one instrument, from entry to entry
  size_t max_positions = 3;
};

class NewsPlaybook : public Strategy {
 public:
  explicit NewsPlaybook(PlaybookSettings settings) : settings_(std::move(settings)) {}

  const market::StrategyId& id() const override { return settings_.name; }
  bool Trades(const market::Instrument& instrument) const override;
  // The signal's header says when the news was published (event_time).
  void OnSignal(const market::Event<market::NewsSignal>& signal, const View& view,
                std::vector<Draft>& out) const override;
  void OnMarket(Index instrument, const View& view, std::vector<Draft>& out) const override;

 private:
  bool Believes(const market::Event<market::NewsSignal>& signal, base::Time now) const;
  void Consider(Index instrument, const market::Event<market::NewsSignal>& signal, const View& view,
                std::vector<Draft>& out) const;

  const PlaybookSettings settings_;
};

}  // namespace gannet::strategy
