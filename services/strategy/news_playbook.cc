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

// What the headline says of a coin: the mean over where it is named, the tone of the whole when
// it is not.
int64_t ToneOf(const market::NewsSignal& signal, const market::AssetId& coin) {
  const std::string id = "coin:" + coin.text();
  int64_t sum = 0, named = 0;
  for (const market::Entity& entity : signal.entities) {
    if (entity.id != id) continue;
    sum += entity.sentiment_ppm;
    ++named;
  }
  return named == 0 ? signal.sentiment_ppm : sum / named;
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
  if (settings_.linked_only) {
    for (const market::InstrumentId& id : event.value.instruments) {
      if (const Index at = view.market.Find(id); at != kNone) Consider(at, event, view, out);
    }
  } else {
    for (const Index at : view.market.by_name()) Consider(at, event, view, out);
  }
}

void NewsPlaybook::Consider(Index instrument, const market::Event<market::NewsSignal>& event,
                            const View& view, std::vector<Draft>& out) const {
  const MarketRow& row = view.market.row(instrument);
  if (!row.definition || !Trades(*row.definition)) return;
  const market::NewsSignal& signal = event.value;
  const auto decided =
      SideOf(settings_,
             settings_.linked_only ? ToneOf(signal, row.definition->base) : signal.sentiment_ppm);
  if (!decided || (*decided == market::Side::kSell && !settings_.allow_short)) return;
  const market::Side side = *decided;
  const Slot* slot = view.portfolio.Find(id(), row.id);
  if (!MayEnter(id(), slot, row, side, settings_.cooldown, settings_.exits, view)) return;
  const auto drafted = static_cast<size_t>(std::count_if(
      out.begin(), out.end(), [this](const Draft& draft) { return draft.strategy == id(); }));
  if (OpenPositions(id(), settings_.exits, view) + drafted >= settings_.max_positions) return;
  const auto sigma = view.market.Sigma(instrument);
  if (!sigma) return;  // still warming up
  const market::Price price = side == market::Side::kBuy ? row.ask.price : row.bid.price;
  const auto quantity =
      TargetQuantity(*row.definition, price, *sigma, settings_.exits.horizon, settings_.sizing);
  if (!quantity) return;
  Draft draft = Enter(id(), row, side, *quantity, settings_.exits.max_slippage_ppm);
  EnterOver(settings_.entry, row, view.now, draft);
  draft.reason = "news";
  draft.signal = event.header.id;
  out.push_back(std::move(draft));
}

void NewsPlaybook::OnMarket(Index instrument, const View& view, std::vector<Draft>& out) const {
  LeaveWhenDue(id(), instrument, settings_.exits, view, out);
}

}  // namespace gannet::strategy
