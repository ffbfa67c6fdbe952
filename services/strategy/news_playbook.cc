#include "services/strategy/news_playbook.h"

#include <algorithm>
#include <optional>

namespace gannet::strategy {
namespace {

std::optional<market::Side> SideOf(const PlaybookSettings& settings, int64_t sentiment_ppm) {
  switch (settings.direction) {
    case Direction::kLong:
      return market::Side::kBuy;
    case Direction::kShort:
      return market::Side::kSell;
    case Direction::kSentiment:
      if (sentiment_ppm >= settings.min_sentiment_ppm) return market::Side::kBuy;
      if (sentiment_ppm <= -settings.min_sentiment_ppm) return market::Side::kSell;
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

bool NewsPlaybook::Trades(const market::Instrument& instrument) const {
  return MatchesAny(settings_.instruments, instrument.id);
}

bool NewsPlaybook::Believes(const market::Event<market::NewsSignal>& event, base::Time now) const {
  const market::NewsSignal& signal = event.value;
  return signal.type == settings_.event && signal.relation == market::NewsRelation::kOriginal &&
         signal.confidence_ppm >= settings_.min_confidence_ppm &&
         signal.novelty_ppm >= settings_.min_novelty_ppm &&
         now - event.header.event_time <= settings_.max_age;
}

void NewsPlaybook::OnSignal(const market::Event<market::NewsSignal>& event, const View& view,
                            std::vector<Draft>& out) const {
  if (!Believes(event, view.now)) return;
  const auto side = SideOf(settings_, event.value.sentiment_ppm);
  if (!side || (*side == market::Side::kSell && !settings_.allow_short)) return;
  if (settings_.linked_only) {
    for (const market::InstrumentId& id : event.value.instruments) {
      if (const Index at = view.market.Find(id); at != kNone)
        Consider(at, *side, event.header.id, view, out);
    }
  } else {
    for (const Index at : view.market.by_name()) Consider(at, *side, event.header.id, view, out);
  }
}

void NewsPlaybook::Consider(Index instrument, market::Side side, const market::EventId& signal,
                            const View& view, std::vector<Draft>& out) const {
  const MarketRow& row = view.market.row(instrument);
  if (!row.definition || !Trades(*row.definition)) return;
  const Slot* slot = view.portfolio.Find(id(), row.id);
  if (!MayEnter(id(), slot, row, side, settings_.cooldown, view)) return;
  const auto drafted = static_cast<size_t>(std::count_if(
      out.begin(), out.end(), [this](const Draft& draft) { return draft.strategy == id(); }));
  if (OpenPositions(id(), view) + drafted >= settings_.max_positions) return;
  const auto sigma = view.market.Sigma(instrument);
  if (!sigma) return;  // still warming up
  const market::Price price = side == market::Side::kBuy ? row.ask.price : row.bid.price;
  const auto quantity =
      TargetQuantity(*row.definition, price, *sigma, settings_.exits.horizon, settings_.sizing);
  if (!quantity) return;
  Draft draft = Enter(id(), row, side, *quantity, settings_.exits.max_slippage_ppm);
  EnterOver(settings_.entry, row, view.now, draft);
  draft.reason = "news";
  draft.signal = signal;
  out.push_back(std::move(draft));
}

void NewsPlaybook::OnMarket(Index instrument, const View& view, std::vector<Draft>& out) const {
  LeaveWhenDue(id(), instrument, settings_.exits, view, out);
}

}  // namespace gannet::strategy
