#include "services/strategy/prediction_follower.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace gannet::strategy {
namespace {

// Mean of |x| for a standard normal x: sqrt(2 / pi).
constexpr int64_t kMeanMovePpm = 797'885;
constexpr int64_t kPpm = 1'000'000;

std::optional<market::Side> SideOf(const market::Prediction& prediction,
                                   int64_t min_probability_ppm) {
  if (prediction.up_ppm >= min_probability_ppm && prediction.up_ppm > prediction.down_ppm)
    return market::Side::kBuy;
  if (prediction.down_ppm >= min_probability_ppm && prediction.down_ppm > prediction.up_ppm)
    return market::Side::kSell;
  return std::nullopt;
}

// Over some time, by a parent order.
bool Enters(const Slot& slot, market::Side side) {
  return std::any_of(slot.orders.begin(), slot.orders.end(), [side](const WorkingOrder& order) {
    return order.is_parent && order.side == side;
  });
}

}  // namespace

bool PredictionFollower::Trades(const market::Instrument& instrument) const {
  return MatchesAny(settings_.instruments, instrument.id);
}

int64_t PredictionFollower::EdgePpm(const market::Prediction& prediction, int64_t sigma_ppb,
                                    int64_t spread_ppm, int64_t fee_ppm) {
  const int64_t move_ppb = SigmaOver(sigma_ppb, prediction.horizon);
  const int64_t lean =
      std::abs(static_cast<int64_t>(prediction.up_ppm) - static_cast<int64_t>(prediction.down_ppm));
  const auto mean =
      market::MulDiv(move_ppb, kMeanMovePpm, kPpm * 1'000, market::Rounding::kDown);  // ppm
  const auto expected = market::MulDiv(mean.value_or(0), lean, kPpm, market::Rounding::kDown);
  return static_cast<int64_t>(expected.value_or(0)) - spread_ppm - 2 * fee_ppm;
}

void PredictionFollower::OnPrediction(const market::Event<market::Prediction>& event,
                                      Index instrument, const View& view,
                                      std::vector<Draft>& out) const {
  const market::Prediction& prediction = event.value;
  if (!settings_.model.empty() && prediction.model != settings_.model) return;
  if (view.now - event.header.receive_time > std::min(settings_.max_age, prediction.horizon))
    return;
  const auto side = SideOf(prediction, settings_.min_probability_ppm);
  if (!side) return;
  const MarketRow& row = view.market.row(instrument);
  const Slot* slot = view.portfolio.Find(id(), row.id);
  if (slot != nullptr && Enters(*slot, market::Opposite(*side))) {
    EndEntries(id(), row.id, *slot, "prediction turned", view.now, out);
    return;
  }
  if (slot != nullptr && row.tradable(view.now, view.stale_after)) {
    const market::Quantity held = Held(row, slot->position, settings_.exits.max_slippage_ppm);
    if (held.mantissa != 0) {
      const bool against = (held.mantissa > 0) != (*side == market::Side::kBuy);
      if (against)
        Leave(id(), *slot, held, row, settings_.exits.max_slippage_ppm, "prediction turned", view,
              out);
      return;
    }
  }
  if (prediction.drift == market::DriftState::kDrifted && !settings_.allow_drifted) return;
  if (*side == market::Side::kSell && !settings_.allow_short) return;
  if (!MayEnter(id(), slot, row, *side, settings_.cooldown, settings_.exits, view)) return;
  if (OpenPositions(id(), settings_.exits, view) >= settings_.max_positions) return;
  const auto sigma = view.market.Sigma(instrument);
  if (!sigma || EdgePpm(prediction, *sigma, row.spread_ppm(), settings_.taker_fee_ppm) <=
                    settings_.min_edge_ppm)
    return;
  const market::Price price = *side == market::Side::kBuy ? row.ask.price : row.bid.price;
  const auto quantity =
      TargetQuantity(*row.definition, price, *sigma, settings_.exits.horizon, settings_.sizing);
  if (!quantity) return;
  Draft draft = Enter(id(), row, *side, *quantity, settings_.exits.max_slippage_ppm);
  EnterOver(settings_.entry, row, view.now, draft);
  draft.reason = "prediction";
  draft.signal = event.header.id;
  draft.model_version = prediction.model + "@" + prediction.version;
  out.push_back(std::move(draft));
}

void PredictionFollower::OnMarket(Index instrument, const View& view,
                                  std::vector<Draft>& out) const {
  LeaveWhenDue(id(), instrument, settings_.exits, view, out);
}

}  // namespace gannet::strategy
