#include "tests/simulation/focus.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using venue_sim::FaultKind;
using venue_sim::FaultRule;
using venue_sim::FrameClass;
using venue_sim::RequestClass;

constexpr base::Duration kNever = 600s;  // longer than a run

milliseconds Between(base::Rng& rng, int64_t least, int64_t most) {
  return milliseconds(rng.Between(least, most));
}

FaultRule& Add(Swarm& swarm, FaultKind kind, RequestClass of = RequestClass::kAny,
               double share = 1) {
  constexpr double kPpm = 1'000'000;
  FaultRule& rule = swarm.venue.rules.emplace_back();
  rule.kind = kind;
  rule.of = of;
  rule.chance.value = static_cast<int64_t>(share * kPpm);
  return rule;
}

FaultRule& Every(base::Rng& rng, Swarm& swarm, FaultKind kind, int64_t least, int64_t most) {
  FaultRule& rule = Add(swarm, kind);
  rule.from = Between(rng, 1'000, 6'000);
  rule.every = Between(rng, least, most);
  return rule;
}

void HandOrders(base::Rng& rng, Swarm& swarm) {
  for (const char* side : {"BUY", "SELL"})
    Every(rng, swarm, FaultKind::kHandOrder, 3'000, 9'000).side = side;
  FaultRule& resting = Every(rng, swarm, FaultKind::kHandOrder, 3'000, 9'000);
  resting.price = "40000";  // far below the market
}

// The network, or a proxy, hands placements over twice: at once, or when the first has
// filled and the venue takes its client id again.
void DoubledPlacements(base::Rng& rng, Swarm& swarm) {
  swarm.network.duplicate = 0.4;
  swarm.network.delay_max = Between(rng, 1, 4'000);
  swarm.network.response_lost = 0.05;
  Add(swarm, FaultKind::kDoubledRequest, RequestClass::kPlace, 0.4).delay = Between(rng, 20, 3'000);
}

// Handled, answered by an error, and not to be found for seconds after.
void OverloadedBackEnd(base::Rng& rng, Swarm& swarm) {
  Add(swarm, FaultKind::kHandledError, RequestClass::kPlace, 0.2).answer = "503";
  Add(swarm, FaultKind::kHandledError, RequestClass::kPlace, 0.1).answer = "2010";
  Add(swarm, FaultKind::kRefusedError, RequestClass::kQuery, 0.6).answer = "503";
  Add(swarm, FaultKind::kLookupLag).delay = Between(rng, 4'000, 8'000);
}

// A sound stream that leaves most of it out; only a comparison finds what was by hand.
void LostFrames(base::Rng& rng, Swarm& swarm) {
  Add(swarm, FaultKind::kLostFrame, RequestClass::kAny, 0.5 + rng.Uniform() / 2);
  HandOrders(rng, swarm);
}

void LostFills(base::Rng& rng, Swarm& swarm) {
  Add(swarm, FaultKind::kLostFrame, RequestClass::kAny, 0.7).frame = FrameClass::kFill;
  Add(swarm, FaultKind::kRefusedError, RequestClass::kQuery, 0.4);
  Add(swarm, FaultKind::kLateAnswer, RequestClass::kAny, 0.05).delay = Between(rng, 500, 5'000);
}

void LostCancels(base::Rng&, Swarm& swarm) {
  Add(swarm, FaultKind::kLostRequest, RequestClass::kCancel, 0.5);
  Add(swarm, FaultKind::kLostAnswer, RequestClass::kCancel, 0.2);
}

void LostPlacements(base::Rng& rng, Swarm& swarm) {
  Add(swarm, FaultKind::kLostRequest, RequestClass::kPlace, 0.2);
  Add(swarm, FaultKind::kLostAnswer, RequestClass::kPlace, 0.2);
  Add(swarm, FaultKind::kRefusedError, RequestClass::kPlace, 0.2);
  Add(swarm, FaultKind::kLookupLag).delay = Between(rng, 100, 2'500);
}

void Crashes(base::Rng&, Swarm& swarm) {
  swarm.platform_crash = 0.4;
  swarm.power_cut = 0.2;
}

void BadDisk(base::Rng&, Swarm& swarm) {
  swarm.bad_sync = 0.1;
  swarm.power_cut = 0.3;
}

void ToldToWait(base::Rng& rng, Swarm& swarm) {
  FaultRule& rule = Add(swarm, FaultKind::kToldToWait, RequestClass::kAny, 0.05);
  rule.wait = Between(rng, 1'000, 6'000);
  if (rng.Chance(0.5)) rule.ban = Between(rng, 1'000, 5'000);
}

void BrokenStreams(base::Rng& rng, Swarm& swarm) {
  swarm.network.socket_reset = 0.005;
  Every(rng, swarm, FaultKind::kDisconnect, 2'000, 9'000);
  Every(rng, swarm, FaultKind::kSilence, 9'000, 20'000).delay = Between(rng, 1'000, 8'000);
  Add(swarm, FaultKind::kLateFrame, RequestClass::kAny, 0.3).delay = Between(rng, 50, 3'000);
  Add(swarm, FaultKind::kSwappedFrames, RequestClass::kAny, 0.2);
  Add(swarm, FaultKind::kDoubledFrame, RequestClass::kAny, 0.3);
}

void EndedByVenue(base::Rng& rng, Swarm& swarm) {
  Add(swarm, FaultKind::kPartialThenCancel, RequestClass::kAny, 0.8);
  Add(swarm, FaultKind::kAckThenExpire, RequestClass::kAny, 0.2).delay = Between(rng, 10, 3'000);
}

void FillsFirst(base::Rng& rng, Swarm& swarm) {
  Add(swarm, FaultKind::kFillBeforeAck, RequestClass::kPlace, 0.7).delay = Between(rng, 200, 1'500);
  Add(swarm, FaultKind::kLateAnswer, RequestClass::kAny, 0.2).delay = Between(rng, 500, 12'000);
}

void JumpingClock(base::Rng& rng, Swarm& swarm) {
  for (base::Duration from = 4s; from < 36s; from += 9s) {
    FaultRule& rule = Add(swarm, FaultKind::kClockSkew);
    rule.from = from;
    rule.until = from + Between(rng, 1'000, 8'000);
    rule.delay = Between(rng, 50, 4'000);
  }
}

void MoneyByHand(base::Rng& rng, Swarm& swarm) {
  HandOrders(rng, swarm);
  Every(rng, swarm, FaultKind::kTransfer, 3'000, 9'000).amount = rng.Chance(0.5) ? "12.5" : "-7.25";
  Add(swarm, FaultKind::kZeroBalances, RequestClass::kAny, 0.4);
  Add(swarm, FaultKind::kShortOpenOrders, RequestClass::kAny, 0.4).keep = 0;
}

// Nothing strikes: the gate refuses, by a limit that some orders keep and some do not.
void TightLimit(base::Rng&, Swarm&) {}

}  // namespace

const std::vector<Focus>& Focuses() {
  static const std::vector<Focus> kFocuses = {
      {"doubled placements", DoubledPlacements},
      {"overloaded back end", OverloadedBackEnd},
      {"lost frames", LostFrames},
      {"lost fills", LostFills, kNever},
      {"lost cancels", LostCancels, kNever},
      {"lost placements", LostPlacements},
      {"crashes", Crashes},
      {"bad disk", BadDisk},
      {"told to wait", ToldToWait},
      {"broken streams", BrokenStreams},
      {"ended by the venue", EndedByVenue},
      {"fills first", FillsFirst},
      {"jumping clock", JumpingClock},
      {"money by hand", MoneyByHand},
      {"tight limit", TightLimit, 10s, "99.6"},
  };
  return kFocuses;
}

const Focus* FocusOf(uint64_t seed) {
  return seed % 2 == 0 ? &Focuses()[seed / 2 % Focuses().size()] : nullptr;
}

}  // namespace gannet::simulation
