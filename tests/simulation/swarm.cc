#include "tests/simulation/swarm.h"

#include <chrono>
#include <utility>

#include "tests/simulation/focus.h"

namespace gannet::simulation {
namespace {

using std::chrono::milliseconds;
using venue_sim::FaultKind;
using venue_sim::FaultRule;

class Drawer {
 public:
  explicit Drawer(base::Rng& rng) : rng_(rng) {}

  double Some(double most) { return rng_.Chance(0.5) ? rng_.Uniform() * most : 0.0; }
  milliseconds Between(int64_t least, int64_t most) {
    return milliseconds(rng_.Between(least, most));
  }

  // A kind that strikes on this share of its occasions, at most.
  FaultRule* Often(FaultKind kind, double most) {
    constexpr double kPpm = 1'000'000;
    const double share = Some(most);
    if (share == 0) return nullptr;
    FaultRule& rule = Add(kind);
    rule.chance.value = static_cast<int64_t>(share * kPpm);
    rule.of = venue_sim::RequestClass::kAny;
    return &rule;
  }
  // One that happens now and then.
  FaultRule* NowAndThen(FaultKind kind, double seeds) {
    if (!rng_.Chance(seeds)) return nullptr;
    FaultRule& rule = Add(kind);
    rule.from = Between(2'000, 20'000);
    rule.every = Between(4'000, 20'000);
    return &rule;
  }
  venue_sim::FaultScript Take() {
    script_.seed = rng_.Next();
    return std::move(script_);
  }

 private:
  FaultRule& Add(FaultKind kind) {
    script_.rules.push_back({});
    script_.rules.back().kind = kind;
    return script_.rules.back();
  }

  base::Rng& rng_;
  venue_sim::FaultScript script_;
};

venue_sim::FaultScript DrawVenue(base::Rng& rng) {
  Drawer draw(rng);
  draw.Often(FaultKind::kRefusedError, 0.05);
  draw.Often(FaultKind::kHandledError, 0.05);
  if (FaultRule* rule = draw.Often(FaultKind::kLateAnswer, 0.05))
    rule->delay = draw.Between(500, 12'000);
  if (FaultRule* rule = draw.Often(FaultKind::kToldToWait, 0.02)) {
    rule->wait = draw.Between(1'000, 4'000);
    if (rng.Chance(0.3)) rule->ban = draw.Between(1'000, 5'000);
  }
  draw.Often(FaultKind::kLostFrame, 0.30);
  if (FaultRule* rule = draw.Often(FaultKind::kLostFrame, 0.005))
    rule->frame = venue_sim::FrameClass::kMarket;
  if (FaultRule* rule = draw.Often(FaultKind::kLateFrame, 0.10))
    rule->delay = draw.Between(50, 3'000);
  draw.Often(FaultKind::kDoubledFrame, 0.10);
  draw.Often(FaultKind::kSwappedFrames, 0.10);
  if (FaultRule* rule = draw.Often(FaultKind::kFillBeforeAck, 0.10))
    rule->delay = draw.Between(200, 1'500);
  if (FaultRule* rule = rng.Chance(0.3) ? draw.Often(FaultKind::kLookupLag, 1) : nullptr) {
    rule->chance.value = 1'000'000;
    rule->delay = draw.Between(100, 2'500);
  }
  if (FaultRule* rule = draw.Often(FaultKind::kShortOpenOrders, 0.20))
    rule->keep = static_cast<uint64_t>(rng.Between(0, 2));
  draw.Often(FaultKind::kZeroBalances, 0.20);
  draw.Often(FaultKind::kPartialThenCancel, 0.30);
  if (FaultRule* rule = draw.Often(FaultKind::kAckThenExpire, 0.05))
    rule->delay = draw.Between(10, 3'000);
  for (const char* side : {"BUY", "SELL"}) {
    if (FaultRule* rule = draw.NowAndThen(FaultKind::kHandOrder, 0.15)) rule->side = side;
  }
  if (FaultRule* rule = draw.NowAndThen(FaultKind::kTransfer, 0.2))
    rule->amount = rng.Chance(0.5) ? "12.5" : "-7.25";
  draw.NowAndThen(FaultKind::kDisconnect, 0.2);
  if (FaultRule* rule = draw.NowAndThen(FaultKind::kSilence, 0.2))
    rule->delay = draw.Between(1'000, 8'000);
  if (FaultRule* rule = draw.NowAndThen(FaultKind::kClockSkew, 0.2)) {
    rule->every.reset();
    rule->delay = draw.Between(50, 4'000);
    rule->until = rule->from + draw.Between(2'000, 15'000);
  }
  return draw.Take();
}

Swarm SomeOfEverything(base::Rng& rng) {
  Drawer draw(rng);
  Swarm swarm;
  swarm.network.connect_refused = draw.Some(0.05);
  swarm.network.request_lost = draw.Some(0.15);
  swarm.network.response_lost = draw.Some(0.25);
  swarm.network.duplicate = draw.Some(0.15);
  swarm.network.reset = draw.Some(0.10);
  swarm.network.socket_reset = draw.Some(0.002);
  swarm.network.delay_min = std::chrono::microseconds(rng.Between(50, 2'000));
  swarm.network.delay_max =
      swarm.network.delay_min + milliseconds(rng.Chance(0.3) ? rng.Between(100, 1'500) : 1);
  swarm.platform_crash = draw.Some(0.05);
  swarm.power_cut = draw.Some(0.05);
  swarm.bad_sync = draw.Some(0.02);
  swarm.venue_crash = draw.Some(0.03);
  swarm.partition = draw.Some(0.04);
  swarm.venue = DrawVenue(rng);
  return swarm;
}

}  // namespace

Swarm Swarm::Of(const Focus* focus, base::Rng& rng) {
  if (focus == nullptr) return SomeOfEverything(rng);
  Swarm swarm;
  swarm.venue.seed = rng.Next();
  focus->draw(rng, swarm);
  return swarm;
}

}  // namespace gannet::simulation
