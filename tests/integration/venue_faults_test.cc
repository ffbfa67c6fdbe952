// Every fault that a script of venue-sim can name, against the session of execution with
// each venue that has it: whatever happens, each order ends in the venue's own truth.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <string>
#include <vector>

#include "tests/integration/venue_session_for_test.h"

namespace gannet::execution {
namespace {

using market::Side;
using venue_sim::FaultKind;
using namespace std::chrono_literals;

constexpr unsigned kSpot = 1, kUsdm = 2, kBybit = 4, kLinear = 8;
constexpr unsigned kAll = kSpot | kUsdm | kBybit | kLinear;

struct FaultCase {
  std::string name;    // as the issue of faults has it
  FaultKind kind;      // must have struck
  unsigned products;   // that have it
  std::string script;  // the rules
  Beside beside;
  bool quick = false;  // over real sockets too
};

std::string Rule(const std::string& text) { return "rules:\n  - {" + text + "}\n"; }

const std::vector<FaultCase>& Cases() {
  static const std::vector<FaultCase> kCases = {
      {"placed, but timed out",
       FaultKind::kLostAnswer,
       kAll,
       Rule("fault: lost_answer, times: 2"),
       {}},
      {"timed out, not placed",
       FaultKind::kLostRequest,
       kAll,
       Rule("fault: lost_request, times: 2"),
       {}},
      {"503 and not placed",
       FaultKind::kRefusedError,
       kAll,
       Rule("fault: refused_error, answer: \"503\", times: 2"),
       {}},
      {"503 and placed",
       FaultKind::kHandledError,
       kAll,
       Rule("fault: handled_error, answer: \"503\", times: 2"),
       {},
       true},
      {"-1006 and placed",
       FaultKind::kHandledError,
       kAll,
       Rule("fault: handled_error, answer: \"1006\", times: 2"),
       {}},
      {"-1007 and not placed",
       FaultKind::kRefusedError,
       kAll,
       Rule("fault: refused_error, answer: \"1007\", times: 2"),
       {}},
      {"-1007 to a cancel that took effect",
       FaultKind::kHandledError,
       kAll,
       Rule("fault: handled_error, answer: \"1007\", of: cancel, times: 1"),
       {}},
      {"a cancel that is lost",
       FaultKind::kLostRequest,
       kAll,
       Rule("fault: lost_request, of: cancel, times: 1"),
       {}},
      {"queries that fail",
       FaultKind::kRefusedError,
       kAll,
       Rule("fault: refused_error, of: query, chance: 30%"),
       {}},
      {"late answers",
       FaultKind::kLateAnswer,
       kAll,
       Rule("fault: late_answer, delay: 3s, of: any, chance: 50%"),
       {},
       true},
      {"answers after the caller's patience",
       FaultKind::kLateAnswer,
       kAll,
       Rule("fault: late_answer, delay: 12s, times: 2"),
       {}},
      {"lost acks", FaultKind::kLostFrame, kAll, Rule("fault: lost_frame, frame: ack"), {}},
      {"late acks",
       FaultKind::kLateFrame,
       kAll,
       Rule("fault: late_frame, frame: ack, delay: 1500ms"),
       {}},
      {"doubled acks",
       FaultKind::kDoubledFrame,
       kAll,
       Rule("fault: doubled_frame, frame: ack"),
       {}},
      {"dropped fill frames on a healthy stream",
       FaultKind::kLostFrame,
       kAll,
       Rule("fault: lost_frame, frame: fill"),
       {},
       true},
      {"late fills",
       FaultKind::kLateFrame,
       kAll,
       Rule("fault: late_frame, frame: fill, delay: 1500ms"),
       {}},
      {"doubled fills",
       FaultKind::kDoubledFrame,
       kAll,
       Rule("fault: doubled_frame, frame: fill"),
       {}},
      {"reordered acks and fills",
       FaultKind::kSwappedFrames,
       kAll,
       Rule("fault: swapped_frames, chance: 50%"),
       {},
       true},
      {"a fill before the ack",
       FaultKind::kFillBeforeAck,
       kAll,
       Rule("fault: fill_before_ack, delay: 1s"),
       {},
       true},
      {"partial, then cancelled",
       FaultKind::kPartialThenCancel,
       kAll,
       Rule("fault: partial_then_cancel"),
       {}},
      {"acknowledged, then ended by the venue",
       FaultKind::kAckThenExpire,
       kAll,
       Rule("fault: ack_then_expire, delay: 200ms"),
       {}},
      {"acknowledged, then rejected",
       FaultKind::kAckThenReject,
       kBybit | kLinear,
       Rule("fault: ack_then_reject, chance: 50%"),
       {}},
      {"cancel-replace half done",
       FaultKind::kHalfReplace,
       kSpot,
       Rule("fault: half_replace"),
       {},
       true},
      {"funding out of the blue",
       FaultKind::kFunding,
       kUsdm | kLinear,
       Rule("fault: funding, from: 3s, every: 2s, times: 3, amount: \"-1.25\""),
       {},
       true},
      {"a transfer out of the blue",
       FaultKind::kTransfer,
       kSpot,
       Rule("fault: transfer, from: 3s, every: 2s, times: 3, amount: \"12.5\""),
       {},
       true},
      {"liquidation out of the blue",
       FaultKind::kLiquidation,
       kUsdm | kLinear,
       Rule("fault: liquidation, from: 4s, side: SELL, quantity: \"0.002\""),
       {.foreign = true},
       true},
      {"an order by hand out of the blue",
       FaultKind::kHandOrder,
       kAll,
       Rule("fault: hand_order, from: 4s, side: BUY, quantity: \"0.003\""),
       {.foreign = true},
       true},
      {"an open order changed by hand",
       FaultKind::kHandAmend,
       kAll,
       Rule("fault: hand_amend, from: 2500ms, every: 700ms, quantity: \"0.0002\""),
       {}},
      {"the stream ends (24 h)",
       FaultKind::kDisconnect,
       kAll,
       Rule("fault: disconnect, from: 2500ms, every: 3s, times: 2"),
       {},
       true},
      {"a stream that answers nothing (missed pongs)",
       FaultKind::kSilence,
       kAll,
       Rule("fault: silence, from: 2500ms, delay: 4s"),
       {}},
      {"429, then 418 for who asks on",
       FaultKind::kToldToWait,
       kSpot | kUsdm,
       Rule("fault: told_to_wait, of: any, skip: 12, times: 1, wait: 3s, ban: 5s"),
       {}},
      {"the id accepted again after the fill",
       FaultKind::kDoubledRequest,
       kSpot,
       Rule("fault: doubled_request, delay: 1s, skip: 1, times: 1"),
       {.twins = true},
       true},
      {"a list of open orders cut short",
       FaultKind::kShortOpenOrders,
       kAll,
       Rule("fault: short_open_orders, keep: 0"),
       {}},
      {"order lookup that lags placement",
       FaultKind::kLookupLag,
       kAll,
       "rules:\n  - {fault: lookup_lag, delay: 3s}\n  - {fault: lost_answer, times: 2}\n",
       {}},
      {"zero balances for a while",
       FaultKind::kZeroBalances,
       kSpot | kBybit | kLinear,
       Rule("fault: zero_balances, from: 2s"),
       {}},
      {"the venue's clock ahead",
       FaultKind::kClockSkew,
       kAll,
       Rule("fault: clock_skew, from: 3s, until: 9s, delay: 4s"),
       {}},
  };
  return kCases;
}

venue_sim::Door DoorOf(Product product) {
  return product == Product::kSpot   ? venue_sim::Door::kSpot
         : product == Product::kUsdm ? venue_sim::Door::kUsdm
                                     : venue_sim::Door::kBybit;
}

// On real sockets the seconds of a script pass by the clock: there it is run this many times
// faster.
constexpr int kFaster = 8;

void RunFaster(venue_sim::FaultRule& rule) {
  rule.from /= kFaster;
  rule.delay /= kFaster;
  if (rule.until) *rule.until /= kFaster;
  if (rule.every) *rule.every /= kFaster;
}

venue_sim::FaultScript Script(const std::string& text, Wire wire, Product product) {
  const auto script = config::LoadText<venue_sim::FaultScript>(
      text, "case", [](config::Section& in, venue_sim::FaultScript& out) { ReadFaults(in, out); });
  REQUIRE(script.status().ToString() == "OK");
  venue_sim::FaultScript at_its_door = *script;
  for (venue_sim::FaultRule& rule : at_its_door.rules) {
    rule.door = DoorOf(product);
    if (wire == Wire::kSockets) RunFaster(rule);
    // By hand it is done where perpetuals are at home.
    if ((rule.kind == FaultKind::kHandOrder || rule.kind == FaultKind::kHandAmend ||
         rule.kind == FaultKind::kLostOrder) &&
        product == Product::kBybitLinear)
      rule.door = venue_sim::Door::kUsdm;
  }
  return at_its_door;
}

// A venue in memory gets all of `span`, so that faults by the clock strike in the midst of
// trading. On real sockets what comes next follows the venue's answer, however slow the
// machine is; answers that a fault keeps back are not waited for.
void Pause(Wire wire, Session& session, const std::string& id, base::Duration span) {
  if (wire == Wire::kMemory) return session.Run(span);
  session.Until(
      [&] {
        const TrackedOrder* order = session.engine().state().Find(market::ClientOrderId(id));
        return order != nullptr &&
               (!order->open() || order->life.state() == market::OrderState::kAccepted ||
                order->life.state() == market::OrderState::kPartiallyFilled);
      },
      2s);
}

void Trade(Wire wire, Session& session) {
  ServiceHost& host = session.host();
  host.Decide(session.Limit("g1rests", Side::kBuy, -500'000), 10s);
  Pause(wire, session, "g1rests", 500ms);
  host.Decide(session.Limit("g1buy", Side::kBuy, 20'000, "0.002"), 10s);
  Pause(wire, session, "g1buy", 500ms);
  host.Decide(session.Limit("g1part", Side::kBuy, 0, "0.9"), 10s);
  Pause(wire, session, "g1part", 2s);
  market::OrderIntent other = session.Limit("g1other", Side::kBuy, -400'000);
  other.kind = market::IntentKind::kReplace;
  other.target = market::ClientOrderId("g1rests");
  host.Decide(other, 10s);
  Pause(wire, session, "g1other", 2s);
  host.CancelOrder("g1end", "g1part");
  Pause(wire, session, "g1part", 1s);
  host.Decide(session.Limit("g1late", Side::kSell, 20'000, "0.001"), 10s);
  Pause(wire, session, "g1late", 1s);
}

// The same, as many as may be in one turn.
void TradeTogether(Wire wire, Session& session) {
  ServiceHost& host = session.host();
  host.DecideAll({session.Limit("g1rests", Side::kBuy, -500'000),
                  session.Limit("g1buy", Side::kBuy, 20'000, "0.002"),
                  session.Limit("g1part", Side::kBuy, 0, "0.9")},
                 10s);
  Pause(wire, session, "g1part", 2s);
  host.DecideAll({session.Limit("g1sell", Side::kSell, 20'000, "0.001"),
                  session.Limit("g1other", Side::kBuy, -400'000),
                  session.Limit("g1tiny", Side::kBuy, -400'000, "0.00001")},
                 10s);
  Pause(wire, session, "g1other", 2s);
  host.CancelOrder("g1end", "g1part");
  Pause(wire, session, "g1part", 2s);
  CHECK(session.engine().stats().place_batches > 0);
}

// What is still open is cancelled until it has ended.
void EndAll(Session& session) {
  int round = 0;
  const auto all_ended = [&] { return session.engine().state().open().empty(); };
  for (; round < 6 && !all_ended(); ++round) {
    const auto open = session.engine().state().open();
    for (const market::ClientOrderId& id : open) {
      if (!session.engine().state().Find(id)->external)
        session.host().CancelOrder("g1c" + std::to_string(round) + id.text(), id.text());
    }
    session.Until(all_ended, 20s);
  }
  CHECK(all_ended());
}

void Check(Wire wire, Product product, const FaultCase& fault,
           void (*trade)(Wire, Session&) = Trade) {
  CAPTURE(fault.name, static_cast<int>(wire), static_cast<int>(product));
  Session session(wire, product);
  REQUIRE(session.Ready());
  session.ground().gate().Begin(Script(fault.script, wire, product));
  trade(wire, session);
  const auto& strikes = session.ground().gate().strikes();
  CHECK(session.Until([&] { return strikes.contains(Name(fault.kind)); }));
  session.Run(wire == Wire::kMemory ? 10s : 1s);
  if (fault.kind == FaultKind::kHandAmend) CHECK(session.engine().stats().changed_orders > 0);
  CHECK_FALSE(strikes.contains("banned"));  // nobody asked on while told to wait
  session.ground().gate().Begin({});
  EndAll(session);
  session.Agree(fault.beside);
}

unsigned Bit(Product product) {
  return product == Product::kSpot    ? kSpot
         : product == Product::kUsdm  ? kUsdm
         : product == Product::kBybit ? kBybit
                                      : kLinear;
}

TEST_CASE("Orders end in the venue's truth whatever it does wrong") {
  const Product product =
      GENERATE(Product::kSpot, Product::kUsdm, Product::kBybit, Product::kBybitLinear);
  const size_t number = GENERATE(range(size_t{0}, Cases().size()));
  const FaultCase& fault = Cases()[number];
  if ((fault.products & Bit(product)) != 0) Check(Wire::kMemory, product, fault);
}

// --- an order that the venue lost ---------------------------------------------------------

// What people sign, carried out: what was said to it.
std::string Signed(Session& session, const AdjustRequest& request) {
  std::optional<absl::StatusOr<AdjustAnswer>> answer;
  REQUIRE(session.host().service->Adjust(
      request, [&](const absl::StatusOr<AdjustAnswer>& said) { answer = said; }));
  REQUIRE(session.Until([&] { return answer.has_value(); }));
  return answer->ok() ? "" : std::string(answer->status().message());
}

TEST_CASE("An order that the venue lost is open until two people sign its end") {
  const Product product =
      GENERATE(Product::kSpot, Product::kUsdm, Product::kBybit, Product::kBybitLinear);
  CAPTURE(static_cast<int>(product));
  Session session(Wire::kMemory, product);
  REQUIRE(session.Ready());
  const market::ClientOrderId id("g1lost");
  session.host().Decide(session.Limit(id.text(), Side::kBuy, -500'000), 10s);
  REQUIRE(session.Reaches(id.text(), market::OrderState::kAccepted));
  venue_sim::FaultScript script =
      Script(Rule("fault: lost_order, from: 1s"), Wire::kMemory, product);
  session.ground().gate().Begin(script);
  REQUIRE(session.Until([&] { return session.truth().open_orders() == 0; }));
  const ExecutionEngine& engine = session.engine();
  REQUIRE(session.Until([&] { return !engine.Halts().empty(); }));
  session.Run(60s);
  CHECK(engine.state().Find(id)->life.state() == market::OrderState::kAccepted);

  AdjustRequest request;
  request.person = "ann";
  request.reason = "purged";
  request.order = id;
  request.evidence = "https://tickets/12";
  CHECK(Signed(session, request).empty());
  request.step = AdjustmentNote::Step::kApproved;
  request.proposal = 1;
  CHECK(Signed(session, request).find("another person") != std::string::npos);
  request.person = "ben";
  CHECK(Signed(session, request).empty());
  CHECK(engine.state().Find(id)->life.state() == market::OrderState::kCanceled);
  CHECK(engine.Halts().empty());
  session.host().Decide(session.Limit("g1next", Side::kBuy, 20'000, "0.002"), 10s);
  CHECK(session.Reaches("g1next", market::OrderState::kFilled));
}

// Of requests that place, of their answers, and of what they place.
bool StrikesPlacements(const FaultCase& fault) {
  switch (fault.kind) {
    case FaultKind::kLostRequest:
    case FaultKind::kLostAnswer:
    case FaultKind::kRefusedError:
    case FaultKind::kHandledError:
    case FaultKind::kLateAnswer:
    case FaultKind::kLookupLag:
    case FaultKind::kFillBeforeAck:
    case FaultKind::kAckThenExpire:
      return true;
    default:
      return false;
  }
}

TEST_CASE("Orders of one request end in the venue's truth whatever it does wrong") {
  const Product product = GENERATE(Product::kUsdm, Product::kBybit, Product::kBybitLinear);
  const size_t number = GENERATE(range(size_t{0}, Cases().size()));
  const FaultCase& fault = Cases()[number];
  if ((fault.products & Bit(product)) != 0 && StrikesPlacements(fault))
    Check(Wire::kMemory, product, fault, TradeTogether);
}

TEST_CASE("Orders end in the venue's truth over real sockets too", "[sockets]") {
  size_t number = 0;
  for (const FaultCase& fault : Cases()) {
    if (!fault.quick) continue;
    // In turn, of those that have it: what the venues share is the same code.
    constexpr std::array kProducts = {Product::kSpot, Product::kUsdm, Product::kBybit,
                                      Product::kBybitLinear};
    while ((fault.products & Bit(kProducts[number % kProducts.size()])) == 0) ++number;
    Check(Wire::kSockets, kProducts[number++ % kProducts.size()], fault);
  }
}

}  // namespace
}  // namespace gannet::execution
