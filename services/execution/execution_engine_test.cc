#include "services/execution/execution_engine.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <string>

#include "libs/market/strategy_process.h"
#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using market::RejectReason;
using venue::VenueOrderStatus;
using namespace std::chrono_literals;

// --- first reports -------------------------------------------------------------------

TEST_CASE("An answer is read with the time of its request, placements and cancels too") {
  EngineFixture f;
  f.Place("a");
  const base::Time placed = f.now;
  f.now += 1s;
  f.Answer("place a", EngineFixture::Confirmed(f.Update("a", "10a", VenueOrderStatus::kNew, "0")));
  CHECK(f.venue.asked.asked_at == placed);
  f.CancelIntent("x", "a");
  const base::Time cancelled = f.now;
  f.now += 1s;
  f.Lose("cancel a");
  CHECK(f.venue.asked.asked_at == cancelled);
}

TEST_CASE("A permitted verdict is journaled, its bytes are written down, then sent") {
  EngineFixture f;
  f.Place("g1a");
  REQUIRE(f.reports.size() == 1);
  CHECK(f.reports[0].kind == ExecKind::kJournaled);
  CHECK(f.reports[0].previous == OrderState::kInitialized);
  CHECK(f.reports[0].state == OrderState::kSubmitted);
  CHECK(f.reports[0].evidence == "journal:request 1");
  REQUIRE(f.TakeSent("place g1a"));
  // The note holds what is sent, byte for byte, and comes after the report.
  const auto& note = std::get<market::Event<wire::EngineNote>>(f.facts.back()).value;
  const auto request = ReadRequestNote(note.body);
  REQUIRE(request.ok());
  CHECK(request->id == f.taken.id);
  CHECK(request->target_path == f.taken.wire.target);
  CHECK(request->method == f.taken.wire.method);
  CHECK(request->timestamp == f.taken.wire.timestamp);
  CHECK(request->order.text() == "g1a");
  CHECK(f.taken.needs_verdict);
}

TEST_CASE("The report of an order carries the chain that led to it") {
  EngineFixture f;
  const market::RiskDecision decision = f.Permitted(f.Intent("g1a"));
  market::Header header = f.Cause();
  header.correlation = {9, 99};  // the headline
  const market::Event<market::RiskDecision> event{header, decision};
  f.engine.Apply(event);
  f.engine.OnVerdict(event, f.now);
  f.StreamFill("g1a", "7", "t1", "0.4", "0.4");
  for (const EngineFixture::Fact& fact : f.facts) {
    if (const auto* report = std::get_if<market::Event<market::ExecReport>>(&fact)) {
      CHECK(report->header.correlation == market::EventId{9, 99});
    }
  }
}

struct Refusal {
  const char* name;
  RejectReason reason;
};

TEST_CASE("Every verdict that must not leave is answered once, with the reason") {
  EngineFixture f;
  const auto refused = [&](const std::string& id, RejectReason reason) {
    CAPTURE(id);
    REQUIRE(f.Count(ExecKind::kNotSent, id) == 1);
    CHECK(f.Last(id).local_reason == reason);
    CHECK(f.Last(id).state == OrderState::kDenied);
    CHECK(f.Last(id).previous == OrderState::kInitialized);
    CHECK_FALSE(f.TakeSent("place " + id));
    CHECK(f.engine.state().unanswered_verdicts().empty());
  };

  market::OrderIntent intent = f.Intent("hash");
  intent.price.mantissa += 1;  // changed after it was hashed
  f.Decide(intent);
  refused("hash", RejectReason::kMalformed);

  intent = f.Intent("zero", 0);
  f.Decide(intent);
  refused("zero", RejectReason::kMalformed);

  intent = f.Intent("account");
  intent.account = market::AccountId("main/other");
  EngineFixture::Rehash(intent);
  f.Decide(intent);
  refused("account", RejectReason::kUnknownAccount);

  intent = f.Intent("venue");
  intent.instrument = market::InstrumentId("elsewhere:BTCUSDT");
  EngineFixture::Rehash(intent);
  f.Decide(intent);
  refused("venue", RejectReason::kUnknownInstrument);

  intent = f.Intent("undefined");
  intent.instrument = market::InstrumentId("test:NEWUSDT");
  EngineFixture::Rehash(intent);
  f.Decide(intent);
  refused("undefined", RejectReason::kUnknownInstrument);

  intent = f.Intent("version");
  intent.instrument_version = 2;
  EngineFixture::Rehash(intent);
  f.Decide(intent);
  refused("version", RejectReason::kInstrumentVersion);

  f.Decide(f.Intent("expired"), 1, -1s);
  refused("expired", RejectReason::kGateClosed);

  intent = f.Intent("unsupported");
  intent.type = market::OrderType::kTrailingStop;
  EngineFixture::Rehash(intent);
  f.Decide(intent);
  refused("unsupported", RejectReason::kNotPermitted);

  f.Decide(f.Intent("new-epoch"), 7);
  CHECK(f.Count(ExecKind::kJournaled, "new-epoch") == 1);
  f.Decide(f.Intent("old-epoch"), 6);
  refused("old-epoch", RejectReason::kGateClosed);

  f.RiskState({market::ScopeKind::kStrategy, "maker"}, market::TradingState::kHalted);
  f.Decide(f.Intent("halted"), 7);
  refused("halted", RejectReason::kTradingState);

  f.RiskState({market::ScopeKind::kFirm, ""}, market::TradingState::kActive, /*killed=*/true);
  f.Decide(f.Intent("killed"), 7);
  refused("killed", RejectReason::kKillSwitch);
}

TEST_CASE("A denial of risk is no order of execution's") {
  EngineFixture f;
  market::RiskDecision decision;
  decision.intent = f.Intent("g1a");
  decision.permitted = false;
  decision.reason = RejectReason::kMaxNotional;
  f.Decision(decision);
  CHECK(f.reports.empty());
  CHECK(f.engine.state().Find(market::ClientOrderId("g1a")) == nullptr);
}

TEST_CASE("A verdict that comes twice is answered once") {
  EngineFixture f;
  const market::RiskDecision decision = f.Permitted(f.Intent("g1a"));
  f.Decision(decision);
  f.Decision(decision);
  CHECK(f.Count(ExecKind::kJournaled) == 1);
  CHECK(f.Count(ExecKind::kNotSent) == 0);
  CHECK(f.engine.state().stats().duplicate_verdicts == 1);
  REQUIRE(f.TakeSent("place g1a"));
  CHECK_FALSE(f.TakeSent("place g1a"));
}

TEST_CASE("Before the first reconciliation nothing new leaves, cancels do") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.Place("g1a");
  CHECK(f.Last("g1a").local_reason == RejectReason::kGateClosed);
  f.Open();
  f.Place("g1b");
  CHECK(f.Last("g1b").local_reason == RejectReason::kGateClosed);
  f.Reconcile();
  CHECK(f.engine.ready());
  f.Working("g1c", "1");
  f.CloseStream();
  CHECK_FALSE(f.engine.ready());
  f.Place("g1d");
  CHECK(f.Last("g1d").local_reason == RejectReason::kGateClosed);
  f.CancelIntent("c1", "g1c");
  CHECK(f.TakeSent("cancel g1c"));
}

TEST_CASE("Without room in the venue's limits a verdict is not sent, and says so") {
  ExecutionOptions options = EngineFixture::Options();
  options.rate.orders_per_10s = 2;
  EngineFixture f(options);
  f.Place("g1a");
  f.Place("g1b");
  f.Place("g1c");
  CHECK(f.Last("g1c").kind == ExecKind::kNotSent);
  CHECK(f.Last("g1c").local_reason == RejectReason::kMessageRate);
}

TEST_CASE("In state REDUCING only what reduces leaves, and never beyond flat") {
  EngineFixture f;
  f.Working("g1a", "1");
  f.StreamFill("g1a", "1", "t1", "1", "1", VenueOrderStatus::kFilled);
  REQUIRE(f.engine.state().NetPosition(kBtc).units() == 1000);
  f.RiskState({market::ScopeKind::kAccount, kAccount.text()}, market::TradingState::kReducing);
  f.Place("more", 1);
  CHECK(f.Last("more").local_reason == RejectReason::kTradingState);
  market::OrderIntent sell = f.Intent("flip", 1001);
  sell.side = market::Side::kSell;
  EngineFixture::Rehash(sell);
  f.Decide(sell);
  CHECK(f.Last("flip").local_reason == RejectReason::kTradingState);
  sell = f.Intent("reduce", 1000);
  sell.side = market::Side::kSell;
  EngineFixture::Rehash(sell);
  f.Decide(sell);
  CHECK(f.Last("reduce").kind == ExecKind::kJournaled);
}

TEST_CASE("In state REDUCING a position of before a new scale is what it was") {
  EngineFixture f;
  f.Working("g1a", "1");
  f.StreamFill("g1a", "1", "t1", "1", "1", VenueOrderStatus::kFilled);
  f.btc.version = 2;
  f.btc.quantity_scale = 2;
  f.engine.OnInstrument({f.Cause(), f.btc}, f.now);
  f.RiskState({market::ScopeKind::kAccount, kAccount.text()}, market::TradingState::kReducing);
  const auto sell = [&f](const char* id, int64_t hundredths) {
    market::OrderIntent intent = f.Intent(id, hundredths);
    intent.side = market::Side::kSell;
    intent.instrument_version = 2;
    EngineFixture::Rehash(intent);
    f.Decide(intent);
    return f.Last(id);
  };
  CHECK(sell("flip", 101).local_reason == RejectReason::kTradingState);
  CHECK(sell("reduce", 100).kind == ExecKind::kJournaled);
}

// --- the moment of sending -----------------------------------------------------------

TEST_CASE("A verdict already journaled does not leave after a kill, and ends DENIED") {
  EngineFixture f;
  f.Place("g1a");
  REQUIRE(f.TakeSent("place g1a"));
  const OutgoingRequest waiting = f.taken;
  CHECK_FALSE(f.engine.SendBlock(waiting, f.now));
  f.Command(market::CommandKind::kKill, {market::ScopeKind::kInstrument, kBtc.text()});
  const auto block = f.engine.SendBlock(waiting, f.now);
  REQUIRE(block);
  CHECK(block->reason == RejectReason::kKillSwitch);
  wire::HttpExchange exchange;
  exchange.request_id = waiting.id;
  exchange.transport_error = NotSentError(*block);
  f.engine.OnHttp(exchange, f.Cause(), f.now);
  CHECK(f.State("g1a") == OrderState::kDenied);
  CHECK(f.Last("g1a").kind == ExecKind::kNotSent);
  CHECK(f.Last("g1a").local_reason == RejectReason::kKillSwitch);
}

TEST_CASE("A request whose connection was gone before its bytes could leave goes another way") {
  EngineFixture f;
  const std::string gone = AnewError({RejectReason::kGateClosed, "the order socket is not open"});
  f.Place("g1a");
  f.Lose("place g1a", gone);
  CHECK(f.State("g1a") == OrderState::kSubmitted);
  REQUIRE(f.TakeSent("place g1a"));  // under a number of its own, and it is the one of the order
  CHECK(f.taken.id == f.Order("g1a").place.id);
  CHECK(f.taken.needs_verdict);
  f.Answer(f.taken, EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.CancelIntent("c1", "g1a");
  f.Lose("cancel g1a", gone);
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  f.Answer("cancel g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.Count(ExecKind::kCancelRejected) == 0);
  // What may not leave any more does not leave another way either.
  f.Place("g1b");
  f.Command(market::CommandKind::kKill, {market::ScopeKind::kFirm, ""});
  f.Lose("place g1b", gone);
  CHECK(f.State("g1b") == OrderState::kDenied);
  CHECK_FALSE(f.TakeSent("place g1b"));
  CHECK(f.engine.stats().unknown_outcomes == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("At the moment of sending expiry, epoch and trading state are asked again") {
  EngineFixture f;
  f.Place("g1a");
  REQUIRE(f.TakeSent("place g1a"));
  CHECK_FALSE(f.engine.SendBlock(f.taken, f.now + 5s));
  CHECK(f.engine.SendBlock(f.taken, f.now + 5s + 1ns));
  f.Decide(f.Intent("g1b"), 2);
  CHECK(f.engine.SendBlock(f.taken, f.now)->text == "verdict of an older epoch");
  REQUIRE(f.TakeSent("place g1b"));
  CHECK_FALSE(f.engine.SendBlock(f.taken, f.now));
  f.RiskState({market::ScopeKind::kVenue, "test"}, market::TradingState::kCancelOnly);
  CHECK(f.engine.SendBlock(f.taken, f.now)->reason == RejectReason::kTradingState);
}

TEST_CASE("Queries and cancels need no verdict at the moment of sending") {
  EngineFixture f;
  f.Working("g1a", "1");
  f.RiskState({}, market::TradingState::kHalted, true);
  f.CancelIntent("c1", "g1a");
  REQUIRE(f.TakeSent("cancel g1a"));
  CHECK_FALSE(f.engine.SendBlock(f.taken, f.now + 1h));
}

// --- life ------------------------------------------------------------------------------

TEST_CASE("An order is accepted, filled in parts and done; the position follows") {
  EngineFixture f;
  f.Working("g1a", "77");
  CHECK(f.State("g1a") == OrderState::kAccepted);
  CHECK(f.Order("g1a").venue_order_id.text() == "77");
  f.StreamFill("g1a", "77", "5001", "0.4", "0.4");
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  f.StreamFill("g1a", "77", "5002", "0.6", "1", VenueOrderStatus::kFilled);
  CHECK(f.State("g1a") == OrderState::kFilled);
  REQUIRE(f.positions.size() == 2);
  CHECK(f.positions[0].net.mantissa == 400);
  CHECK(f.positions[1].net.mantissa == 1000);
  CHECK(f.positions[1].average_price.mantissa == 50'000'00);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("The answer to placing and the stream tell the same fills; they are booked once") {
  for (const bool stream_first : {true, false}) {
    CAPTURE(stream_first);
    EngineFixture f;
    f.Place("g1a");
    const auto stream = [&] {
      f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kNew, "0"));
      f.StreamFill("g1a", "7", "t1", "0.3", "0.3");
      f.StreamFill("g1a", "7", "t2", "0.7", "1", VenueOrderStatus::kFilled);
    };
    const auto answer = [&] {
      f.Answer("place g1a",
               EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kFilled, "1"),
                                        {f.Trade("7", "t1", "0.3"), f.Trade("7", "t2", "0.7")}));
    };
    stream_first ? stream() : answer();
    stream_first ? answer() : stream();
    CHECK(f.State("g1a") == OrderState::kFilled);
    CHECK(f.Count(ExecKind::kFill) == 2);
    CHECK(f.engine.state().NetPosition(kBtc).units() == 1000);
    CHECK(f.engine.stats().duplicate_fills == 2);
    CHECK(f.engine.stats().illegal_events == 0);
  }
}

TEST_CASE("A fill before the acknowledgement is a fill; the late acknowledgement changes nothing") {
  EngineFixture f;
  f.Place("g1a");
  f.StreamFill("g1a", "7", "t1", "0.3", "0.3");
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  f.Answer("place g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  CHECK(f.Count(ExecKind::kAccepted) == 0);
  CHECK(f.engine.stats().illegal_events == 0);
}

TEST_CASE("Updates that arrive in the wrong order end in the same state") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamFill("g1a", "7", "t2", "0.2", "0.5");  // 0.5 in all: 0.3 is missing
  CHECK(f.engine.stats().missing_fills == 1);
  f.StreamFill("g1a", "7", "t1", "0.3", "0.3");
  CHECK(f.Order("g1a").cumulative.mantissa == 500);
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  f.Advance(
      1s);  // the question about missing trades has answered itself or is asked: nothing changes
  while (f.TakeSent("trades-of 7")) {
    f.Answer(f.taken,
             EngineFixture::Trades({f.Trade("7", "t1", "0.3"), f.Trade("7", "t2", "0.2")}));
  }
  CHECK(f.Order("g1a").cumulative.mantissa == 500);
  CHECK(f.engine.stats().illegal_events == 0);
}

TEST_CASE("A refusal with proof is REJECTED with the venue's code") {
  EngineFixture f;
  f.Place("g1a");
  f.Answer("place g1a", EngineFixture::Refused("-1102", "Mandatory parameter"), 400);
  CHECK(f.State("g1a") == OrderState::kRejected);
  CHECK(f.Last("g1a").venue_code == "-1102");
  CHECK(f.Last("g1a").evidence.starts_with("http:place"));
}

TEST_CASE("An order turned away for a reason of its moment is REJECTED once no copy was taken") {
  EngineFixture f;
  f.Place("g1a");
  f.Answer("place g1a", EngineFixture::TurnedAway("-2010", "insufficient balance"), 400);
  CHECK(f.State("g1a") == OrderState::kUnknown);
  CHECK(f.Last("g1a").venue_code == "-2010");
  CHECK(f.engine.stats().turned_away == 1);
  CHECK(f.engine.stats().unknown_outcomes == 0);
  f.ProveAbsence("g1a");
  CHECK(f.State("g1a") == OrderState::kRejected);
  CHECK(f.Last("g1a").kind == ExecKind::kRejected);
  CHECK(f.Last("g1a").venue_code == "-2010");
  CHECK(f.Last("g1a").detail == "insufficient balance");
  CHECK(f.Last("g1a").evidence.find("; ") != std::string::npos);  // the refusal, and the proof
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.engine.Problems(f.now).empty());
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A refusal that was of a second copy leaves the order as the first copy made it") {
  EngineFixture f;
  f.Place("g1a");
  f.Answer("place g1a", EngineFixture::TurnedAway("-1021", "outside of the recvWindow"), 400);
  REQUIRE(f.State("g1a") == OrderState::kUnknown);
  SECTION("told by the stream") {
    f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kNew, "0"));
    CHECK(f.State("g1a") == OrderState::kAccepted);
  }
  SECTION("told by its fill") {
    f.StreamFill("g1a", "7", "t1", "1", "1", VenueOrderStatus::kFilled);
    CHECK(f.State("g1a") == OrderState::kFilled);
  }
  SECTION("told by a query") {
    f.Advance(600ms);
    f.Answer("query g1a", f.Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
    CHECK(f.State("g1a") == OrderState::kAccepted);
  }
  CHECK(f.engine.stats().refused_copies == 1);
  CHECK(f.engine.stats().illegal_events == 0);
  REQUIRE(f.engine.Problems(f.now).size() == 1);
  CHECK(f.engine.Problems(f.now)[0].find("second copies") != std::string::npos);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("An order that works at the venue after its end here is EXTERNAL's, and cancelled") {
  EngineFixture f;
  f.Place("g1a");
  f.Answer("place g1a", EngineFixture::Refused("-1102", "Mandatory parameter"), 400);
  REQUIRE(f.State("g1a") == OrderState::kRejected);
  SECTION("the stream shows it") {
    f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kNew, "0"));
  }
  SECTION("the list of open orders shows it") {
    venue::Answer listed = f.Confirmed();
    listed.orders = {f.Update("g1a", "7", VenueOrderStatus::kNew, "0")};
    f.Advance(f.Options().reconcile_every);
    f.Answer("open-orders", listed);
  }
  CHECK(f.State("g1a") == OrderState::kRejected);  // its end was told, and stays
  CHECK(f.Last("g1a").kind == ExecKind::kIllegal);
  CHECK(f.engine.stats().contradicted_ends == 1);
  CHECK(f.engine.stats().twin_orders == 0);
  REQUIRE(f.TakeSent("cancel"));
  CHECK(f.taken.about.text() == "twin:BTCUSDT:7");
  f.StreamFill("g1a", "7", "t1", "0.1", "0.1", VenueOrderStatus::kCanceled);
  CHECK(f.State("twin:BTCUSDT:7") == OrderState::kCanceled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 100);
  const auto problems = f.engine.Problems(f.now);
  CHECK(std::any_of(problems.begin(), problems.end(), [](const std::string& problem) {
    return problem.find("had ended here work at the venue") != std::string::npos;
  }));
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE(
    "An acknowledgement is no acceptance: the order stays SUBMITTED until the venue says more") {
  EngineFixture f;
  f.Place("g1a");
  venue::Answer answer;
  answer.outcome = venue::OutcomeClass::kAcknowledged;
  f.Answer("place g1a", answer);
  CHECK(f.State("g1a") == OrderState::kSubmitted);
  f.Advance(600ms);
  f.Answer("query g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  CHECK(f.State("g1a") == OrderState::kAccepted);
}

TEST_CASE("A stop order is triggered once, by the venue's word") {
  EngineFixture f;
  f.Working("g1a", "7");
  venue::OrderUpdate update = f.Update("g1a", "7", VenueOrderStatus::kNew, "0");
  update.type = market::OrderType::kStopLimit;
  update.triggered = false;
  f.StreamOrder(update);
  CHECK(f.State("g1a") == OrderState::kAccepted);
  update.triggered = true;
  f.StreamOrder(update);
  f.StreamOrder(update);
  CHECK(f.State("g1a") == OrderState::kTriggered);
  CHECK(f.Count(ExecKind::kTriggered) == 1);
}

TEST_CASE("An immediate order that expires with a part filled keeps the part") {
  EngineFixture f;
  f.Place("g1a");
  f.Answer("place g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kExpired, "0.25"),
                                    {f.Trade("7", "t1", "0.25")}));
  CHECK(f.State("g1a") == OrderState::kExpired);
  CHECK(f.Order("g1a").cumulative.mantissa == 250);
}

TEST_CASE("An end at the venue is reported only when all fills that it counts are booked") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.6"));
  CHECK(f.State("g1a") == OrderState::kAccepted);  // 0.6 filled, none of it seen
  f.Lose("trades-of 7");
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.Advance(2s);
  f.Answer("trades-of 7", EngineFixture::Trades({f.Trade("7", "t1", "0.5")}));  // not all yet
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  f.Advance(4s);
  f.Answer("trades-of 7",
           EngineFixture::Trades({f.Trade("7", "t1", "0.5"), f.Trade("7", "t2", "0.1")}));
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.Last("g1a").cumulative.mantissa == 600);
  CHECK(f.Count(ExecKind::kFill) == 2);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A late fill after CANCELED is booked, the state stays") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0"));
  REQUIRE(f.State("g1a") == OrderState::kCanceled);
  f.StreamFill("g1a", "7", "t1", "0.1", "0.1", VenueOrderStatus::kCanceled);
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 100);
  CHECK(f.engine.stats().illegal_events == 0);
}

TEST_CASE("An event that the table does not allow is kept, counted and alarmed") {
  EngineFixture f;
  f.Place("g1a");
  f.Answer("place g1a", EngineFixture::Refused("-1102", "no"), 400);
  // Its fill moved money all the same.
  f.StreamFill("g1a", "7", "t1", "0.1", "0.1", VenueOrderStatus::kExpired);
  CHECK(f.Count(ExecKind::kIllegal) >= 1);
  CHECK(f.engine.stats().illegal_events >= 1);
  CHECK_FALSE(f.engine.Problems(f.now).empty());
  CHECK(f.Count(ExecKind::kFill) == 1);
  CHECK(f.State("g1a") == OrderState::kRejected);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 100);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A fill that goes beyond the quantity is alarmed and booked") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamFill("g1a", "7", "t1", "1.5", "1.5", VenueOrderStatus::kFilled);
  CHECK(f.Count(ExecKind::kIllegal) == 1);
  CHECK(f.Count(ExecKind::kFill) == 1);
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 1500);
}

TEST_CASE("Numbers that do not fit the instrument's scale are refused, not rounded") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamFill("g1a", "7", "t1", "0.0001", "0.0001");
  CHECK(f.Count(ExecKind::kFill) == 0);
  CHECK(f.engine.stats().unreadable_numbers >= 1);
  CHECK_FALSE(f.engine.Problems(f.now).empty());
}

TEST_CASE("A second venue order under one client id is an alarm, booked apart and cancelled") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamFill("g1a", "8", "t1", "0.5", "0.5");
  CHECK(f.Order("g1a").cumulative.mantissa == 0);
  CHECK(f.Count(ExecKind::kIllegal) == 1);
  CHECK(f.Order("twin:BTCUSDT:8").external);
  CHECK(f.Order("twin:BTCUSDT:8").cumulative.mantissa == 500);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 500);
  CHECK_FALSE(f.engine.Problems(f.now).empty());
  // Seen again it is known; it goes by the venue's own id, since its name is another's.
  f.StreamFill("g1a", "8", "t2", "0.1", "0.6");
  CHECK(f.Count(ExecKind::kIllegal) == 1);
  CHECK(f.Order("twin:BTCUSDT:8").cumulative.mantissa == 600);
  f.Answer("cancel-venue 8",
           EngineFixture::Confirmed(f.Update("g1a", "8", VenueOrderStatus::kCanceled, "0.6")));
  CHECK(f.State("twin:BTCUSDT:8") == OrderState::kCanceled);
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.StreamFill("g1a", "7", "t3", "1", "1", VenueOrderStatus::kFilled);
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 1600);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Venue orders of one number in two instruments are two orders") {
  EngineFixture f;
  market::Instrument eth = f.btc;
  eth.id = market::InstrumentId("test:ETHUSDT");
  eth.base = market::AssetId("ETH");
  f.engine.OnInstrument({f.Cause(), eth}, f.now);
  f.Working("g1a", "7");
  f.StreamOrder(f.Update("g1a", "8", VenueOrderStatus::kNew, "0"));  // a second one of its request
  venue::OrderUpdate by_hand = f.Update("g1a", "8", VenueOrderStatus::kPartiallyFilled, "0.2");
  by_hand.instrument = eth.id;  // under the same client id, too
  by_hand.trade = f.Trade("8", "t1", "0.2");
  by_hand.trade->instrument = eth.id;
  f.StreamOrder(by_hand);
  CHECK(f.State("twin:BTCUSDT:8") == OrderState::kPendingCancel);
  CHECK(f.Order("twin:BTCUSDT:8").cumulative.mantissa == 0);
  CHECK(f.Order("venue:ETHUSDT:8").cumulative.mantissa == 200);
  CHECK(f.Order("g1a").cumulative.mantissa == 0);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 0);
  CHECK(f.engine.state().NetPosition(eth.id).units() == 200);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("An order whose twin answers to its name is asked for by the venue's id") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamFill("g1a", "8", "t1", "0.5", "0.5");
  f.CancelIntent("c1", "g1a");
  f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);
  f.Answer("query g1a", EngineFixture::Confirmed(
                            f.Update("g1a", "8", VenueOrderStatus::kPartiallyFilled, "0.5")));
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.Answer("identify 7",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kExpired, "0")));
  CHECK(f.State("g1a") == OrderState::kExpired);
}

TEST_CASE("An order known from its cancel alone is not taken for its twin") {
  EngineFixture f;
  f.Place("g1a");
  f.CancelIntent("c1", "g1a");
  f.Answer("cancel g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.Order("g1a").venue_order_id.text() == "7");
  f.StreamFill("g1a", "8", "t1", "0.5", "0.5");  // the request that placed it came twice
  CHECK(f.Order("g1a").cumulative.mantissa == 0);
  CHECK(f.Order("twin:BTCUSDT:8").cumulative.mantissa == 500);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A refusal of an order that the venue has named is of a second copy of its request") {
  EngineFixture f;
  f.Place("g1a");
  f.StreamFill("g1a", "7", "t1", "0.5", "0.5");  // a first copy rests and has traded
  f.Answer("place g1a", EngineFixture::TurnedAway("-2010", "would immediately match"), 400);
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  CHECK(f.engine.stats().refused_copies == 1);
  CHECK(f.Count(ExecKind::kIllegal) == 1);
  CHECK(f.SavedState() == f.RecoveredState());
}

// --- cancels ---------------------------------------------------------------------------

TEST_CASE("A cancel needs no verdict: it is journaled, sent and confirmed") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CancelIntent("c1", "g1a");
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  CHECK(f.Last("g1a").target.text() == "g1a");
  CHECK(f.engine.state().unanswered_cancels().empty());
  f.Answer("cancel g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A cancel and a fill cross: the fill wins and nothing is illegal") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CancelIntent("c1", "g1a");
  f.StreamFill("g1a", "7", "t1", "1", "1", VenueOrderStatus::kFilled);
  CHECK(f.State("g1a") == OrderState::kFilled);
  f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.Count(ExecKind::kCancelRejected) == 1);
  CHECK(f.engine.stats().illegal_events == 0);
}

TEST_CASE("A cancel that answers unknown order proves nothing: the order is asked for") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CancelIntent("c1", "g1a");
  f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);
  CHECK(f.State("g1a") == OrderState::kAccepted);  // back to what was proven
  f.Answer("query g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kFilled, "1")));
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.Answer("trades-of 7", EngineFixture::Trades({f.Trade("7", "t1", "1")}));
  CHECK(f.State("g1a") == OrderState::kFilled);
}

TEST_CASE("A cancel whose outcome is unknown is found out by query, never assumed") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CancelIntent("c1", "g1a");
  f.Lose("cancel g1a");
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  f.Advance(1s);
  f.Answer("query g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  CHECK(f.State("g1a") == OrderState::kPendingCancel);  // the cancel may still arrive
  SECTION("it is sent again, and ends the order") {
    f.Answer("cancel g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK(f.engine.stats().cancels_repeated == 1);
  }
  SECTION("the first one had arrived after all") {
    f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);
    f.Answer("query g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
    CHECK(f.State("g1a") == OrderState::kCanceled);
  }
  SECTION("none arrives: after the last one could have, the order works on") {
    f.Lose("cancel g1a");
    f.Advance(20s);
    f.Answer("query g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
    CHECK(f.State("g1a") == OrderState::kAccepted);
    CHECK(f.Count(ExecKind::kCancelRejected) == 1);
  }
  CHECK(f.engine.stats().illegal_events == 0);
}

TEST_CASE("Cancels of unknown, closed and already cancelled orders are answered here") {
  EngineFixture f;
  f.CancelIntent("c1", "nobody");
  CHECK(f.Last("nobody").kind == ExecKind::kCancelRejected);
  CHECK(f.engine.state().Find(market::ClientOrderId("nobody")) == nullptr);
  f.Working("g1a", "7");
  f.CancelIntent("c2", "g1a");
  f.CancelIntent("c3", "g1a");
  CHECK(f.engine.stats().cancels_joined == 1);
  f.Answer("cancel g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  CHECK_FALSE(f.TakeSent("cancel g1a"));
  f.CancelIntent("c4", "g1a");
  CHECK(f.Last("g1a").kind == ExecKind::kCancelRejected);
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.engine.state().unanswered_cancels().empty());
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A cancel waits out a pause of the venue and then goes") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Place("g1b");
  venue::Answer banned;
  banned.rate.retry_after = 30s;
  banned.rate.banned = true;
  f.Answer("place g1b", banned, 418);
  CHECK(f.State("g1b") == OrderState::kUnknown);
  f.CancelIntent("c1", "g1a");
  CHECK_FALSE(f.TakeSent("cancel g1a"));
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.Advance(29s);
  CHECK(f.sent.empty());  // nothing at all is sent during a ban
  f.Advance(2s);
  CHECK(f.TakeSent("cancel g1a"));
}

// --- replace ---------------------------------------------------------------------------

market::OrderIntent Replacement(EngineFixture& f, const std::string& id, const std::string& target,
                                int64_t quantity) {
  market::OrderIntent intent = f.Intent(id, quantity, 50'001'00);
  intent.kind = market::IntentKind::kReplace;
  intent.target = market::ClientOrderId(target);
  EngineFixture::Rehash(intent);
  return intent;
}

TEST_CASE("An unfilled order is replaced in one request of two independent legs") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Replacement(f, "g1b", "g1a", 800));
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  CHECK(f.State("g1b") == OrderState::kSubmitted);
  CHECK(f.Last("g1b").target.text() == "g1a");
  venue::Answer answer = EngineFixture::Confirmed();
  SECTION("both take effect") {
    answer.cancel_leg = venue::LegOutcome{venue::OutcomeClass::kConfirmed, true, "", "",
                                          f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")};
    answer.new_leg = venue::LegOutcome{venue::OutcomeClass::kConfirmed, true, "", "",
                                       f.Update("g1b", "8", VenueOrderStatus::kNew, "0", "0.8")};
    f.Answer("replace g1a by g1b 0.8", answer);
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK(f.State("g1b") == OrderState::kAccepted);
    CHECK(f.Order("g1b").quantity.mantissa == 800);
  }
  SECTION("the cancel fails, the new leg is not attempted") {
    answer.cancel_leg =
        venue::LegOutcome{venue::OutcomeClass::kRefused, true, "-2011", "restrictions", {}};
    answer.new_leg = venue::LegOutcome{venue::OutcomeClass::kTurnedAway, false, "", "", {}};
    f.Answer("replace g1a", answer, 400);
    CHECK(f.State("g1a") == OrderState::kAccepted);
    CHECK(f.State("g1b") == OrderState::kUnknown);  // another copy may have replaced it
    CHECK(f.TakeSent("query g1a"));
  }
  SECTION("cancelled, but the new leg is refused") {
    answer.cancel_leg = venue::LegOutcome{venue::OutcomeClass::kConfirmed, true, "", "",
                                          f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")};
    answer.new_leg =
        venue::LegOutcome{venue::OutcomeClass::kTurnedAway, true, "-2010", "would take", {}};
    f.Answer("replace g1a", answer, 409);
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK(f.State("g1b") == OrderState::kUnknown);
    CHECK(f.Last("g1b").venue_code == "-2010");
  }
  SECTION("one leg known, the other not") {
    answer.cancel_leg = venue::LegOutcome{venue::OutcomeClass::kConfirmed, true, "", "",
                                          f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")};
    answer.new_leg = venue::LegOutcome{venue::OutcomeClass::kUnknown, true, "-1007", "timeout", {}};
    answer.outcome = venue::OutcomeClass::kUnknown;
    f.Answer("replace g1a", answer, 409);
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK(f.State("g1b") == OrderState::kUnknown);
  }
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE(
    "A partly filled order is cancelled first, and the second leg is sized by the final figure") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamFill("g1a", "7", "t1", "0.3", "0.3");
  f.Decide(Replacement(f, "g1b", "g1a", 1000), 1, 30s);
  CHECK(f.State("g1b") == OrderState::kSubmitted);
  CHECK_FALSE(f.TakeSent("place g1b"));
  SECTION("more of it fills before the cancel arrives") {
    f.StreamFill("g1a", "7", "t2", "0.2", "0.5");
    f.Answer("cancel g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.5")));
    REQUIRE(f.TakeSent("place g1b 0.5"));
    f.Answer(f.taken,
             EngineFixture::Confirmed(f.Update("g1b", "8", VenueOrderStatus::kNew, "0", "0.5")));
    CHECK(f.Order("g1b").quantity.mantissa == 500);
    f.StreamFill("g1b", "8", "t3", "0.5", "0.5", VenueOrderStatus::kFilled);
    CHECK(f.State("g1b") == OrderState::kFilled);
    CHECK(f.engine.state().NetPosition(kBtc).units() == 1000);
  }
  SECTION("the cancel's answer counts a fill that the stream has not told") {
    f.Answer("cancel g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.9")));
    CHECK_FALSE(f.TakeSent("place g1b"));
    f.Answer("trades-of 7",
             EngineFixture::Trades({f.Trade("7", "t1", "0.3"), f.Trade("7", "t2", "0.6")}));
    CHECK(f.TakeSent("place g1b 0.1"));
  }
  SECTION("it fills altogether") {
    f.StreamFill("g1a", "7", "t2", "0.7", "1", VenueOrderStatus::kFilled);
    f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);
    CHECK(f.State("g1b") == OrderState::kDenied);
    CHECK(f.Count(ExecKind::kJournaled, "g1b") == 1);
    CHECK_FALSE(f.TakeSent("place g1b"));
  }
  SECTION("the cancel is refused") {
    f.Answer("cancel g1a", EngineFixture::Refused("-2011", "no", false), 400);
    CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
    CHECK(f.State("g1b") == OrderState::kDenied);
  }
  SECTION("the kill switch falls in between") {
    f.Command(market::CommandKind::kKill, {});
    CHECK(f.State("g1b") == OrderState::kDenied);
    f.Answer("cancel g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.3")));
    CHECK_FALSE(f.TakeSent("place g1b"));
  }
  SECTION("so does a cancel of all") {
    f.Command(market::CommandKind::kCancelAll, {});
    CHECK(f.State("g1b") == OrderState::kDenied);
    CHECK(f.Last("g1b").detail == "cancel all");
    f.Answer("cancel g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.3")));
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK_FALSE(f.TakeSent("place g1b"));
  }
  SECTION("the verdict expires while the first leg is cancelled") {
    f.Advance(31s);
    f.Answer("cancel g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.3")));
    CHECK(f.State("g1b") == OrderState::kDenied);
  }
  SECTION("the waiting leg is cancelled itself") {
    f.CancelIntent("c1", "g1b");
    CHECK(f.State("g1b") == OrderState::kDenied);
    f.Answer("cancel g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.3")));
    CHECK_FALSE(f.TakeSent("place g1b"));
  }
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("What cannot be replaced is not sent") {
  EngineFixture f;
  const auto reason = [&](market::OrderIntent intent) {
    const std::string id = intent.client_order_id.text();
    f.Decide(std::move(intent));
    REQUIRE(f.Last(id).kind == ExecKind::kNotSent);
    return f.Last(id).local_reason;
  };
  CHECK(reason(Replacement(f, "r1", "nobody", 1)) == RejectReason::kMalformed);
  f.Place("g1a");
  CHECK(reason(Replacement(f, "r2", "g1a", 1)) == RejectReason::kGateClosed);  // not acknowledged
  f.Answer("place g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  market::OrderIntent other_side = Replacement(f, "r3", "g1a", 1);
  other_side.side = market::Side::kSell;
  EngineFixture::Rehash(other_side);
  CHECK(reason(other_side) == RejectReason::kMalformed);
  f.CancelIntent("c1", "g1a");
  CHECK(reason(Replacement(f, "r4", "g1a", 1)) == RejectReason::kGateClosed);
  f.Answer("cancel g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  CHECK(reason(Replacement(f, "r5", "g1a", 1)) == RejectReason::kMalformed);
}

// --- kill switch ------------------------------------------------------------------------

TEST_CASE(
    "The kill switch cancels everything in its scope until the venue has confirmed each order") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Working("g1b", "8");
  f.Command(market::CommandKind::kKill, {market::ScopeKind::kStrategy, "maker"});
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  CHECK(f.State("g1b") == OrderState::kPendingCancel);
  f.Answer("cancel g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  // A refusal is not an end: the order is asked for and cancelled again.
  f.Answer("cancel g1b", EngineFixture::Refused("-1021", "Timestamp outside of the recvWindow"),
           400);
  f.Answer("query g1b",
           EngineFixture::Confirmed(f.Update("g1b", "8", VenueOrderStatus::kNew, "0")));
  f.Advance(2s);
  f.Answer("cancel g1b",
           EngineFixture::Confirmed(f.Update("g1b", "8", VenueOrderStatus::kCanceled, "0")));
  CHECK(f.engine.state().open().empty());
  f.Place("g1c");
  CHECK(f.Last("g1c").local_reason == RejectReason::kKillSwitch);
  // A strategy cannot lift it, a person can.
  f.Command(market::CommandKind::kResume, {market::ScopeKind::kStrategy, "maker"}, "");
  f.Place("g1d");
  CHECK(f.Last("g1d").kind == ExecKind::kNotSent);
  f.Command(market::CommandKind::kResume, {market::ScopeKind::kStrategy, "maker"}, "ann");
  f.Place("g1e");
  CHECK(f.Last("g1e").kind == ExecKind::kJournaled);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("The kill switch leaves alone what its scope does not cover") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Command(market::CommandKind::kKill, {market::ScopeKind::kStrategy, "somebody else"});
  f.Command(market::CommandKind::kKill, {market::ScopeKind::kInstrument, "test:ETHUSDT"});
  f.Command(market::CommandKind::kKill, {market::ScopeKind::kVenue, "other"});
  f.Command(market::CommandKind::kKill, {market::ScopeKind::kAccount, "main/other"});
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.Command(market::CommandKind::kKill, {market::ScopeKind::kVenue, "test"});
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
}

TEST_CASE("Of several processes of strategy what the lost one has open is cancelled") {
  EngineFixture f;
  const market::Scope one{market::ScopeKind::kService, "strategy/one"};
  const auto working = [&f](const std::string& id, const std::string& strategy, const char* shard,
                            bool reduces = false) {
    market::OrderIntent intent = f.Intent(id);
    intent.strategy = market::StrategyId(strategy);
    intent.reduce_only = reduces;
    EngineFixture::Rehash(intent);
    f.origin = market::StreamNumber(shard);
    f.Decide(intent);
    if (f.Last(id).kind != ExecKind::kJournaled) return;
    f.Answer("place " + id,
             EngineFixture::Confirmed(f.Update(id, id, VenueOrderStatus::kNew, "0")));
  };
  working("g1opens", "maker", "one");
  working("g1reduces", "maker", "one", true);
  working("g1person", "manual/ann", "one");
  working("g1other", "taker", "two");
  CHECK(f.SavedState() == f.RecoveredState());
  f.RiskState(one, market::TradingState::kCancelOnly);
  CHECK(f.State("g1opens") == OrderState::kPendingCancel);
  CHECK(f.State("g1reduces") == OrderState::kAccepted);
  CHECK(f.State("g1person") == OrderState::kAccepted);
  CHECK(f.State("g1other") == OrderState::kAccepted);
  CHECK(f.SavedState() == f.RecoveredState());
  // What it asked for before does not leave; what another asks for does.
  working("g1late", "maker", "one");
  CHECK(f.Last("g1late").local_reason == RejectReason::kGateClosed);
  CHECK(f.Last("g1late").detail.starts_with("strategy: "));
  working("g1more", "taker", "two");
  CHECK(f.State("g1more") == OrderState::kAccepted);
  f.RiskState(one, market::TradingState::kActive);
  working("g1again", "maker", "one");
  CHECK(f.State("g1again") == OrderState::kAccepted);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("What programs have open is cancelled when strategy is lost, but for what only reduces") {
  EngineFixture f;
  const market::Scope lost{market::ScopeKind::kService, "strategy"};
  const auto working = [&f](const std::string& id, const std::string& strategy, bool reduces,
                            const std::string& parent = "") {
    market::OrderIntent intent = f.Intent(id);
    intent.strategy = market::StrategyId(strategy);
    intent.reduce_only = reduces;
    intent.parent = market::ClientOrderId(parent);
    EngineFixture::Rehash(intent);
    f.Decide(intent);
    f.Answer("place " + id,
             EngineFixture::Confirmed(f.Update(id, id, VenueOrderStatus::kNew, "0")));
  };
  working("g1opens", "maker", false);
  working("g1reduces", "maker", true);
  working("g1person", "manual/ann", false);
  working("g1child", "manual/ann", false, "g1parent");
  f.RiskState({market::ScopeKind::kService, "ingest"}, market::TradingState::kCancelOnly);
  CHECK(f.State("g1opens") == OrderState::kAccepted);
  f.RiskState(lost, market::TradingState::kCancelOnly);
  CHECK(f.State("g1opens") == OrderState::kPendingCancel);
  CHECK(f.State("g1child") == OrderState::kPendingCancel);
  CHECK(f.State("g1reduces") == OrderState::kAccepted);
  CHECK(f.State("g1person") == OrderState::kAccepted);
  // A refusal is not an end.
  f.Answer("cancel g1opens", EngineFixture::Refused("-1021", "Timestamp outside"), 400);
  f.Answer("query g1opens",
           EngineFixture::Confirmed(f.Update("g1opens", "g1opens", VenueOrderStatus::kNew, "0")));
  f.Advance(2s);
  f.Answer("cancel g1opens", EngineFixture::Confirmed(
                                 f.Update("g1opens", "g1opens", VenueOrderStatus::kCanceled, "0")));
  CHECK(f.State("g1opens") == OrderState::kCanceled);
  // What was permitted before does not leave; a person's does.
  f.Place("g1late");
  CHECK(f.Last("g1late").local_reason == RejectReason::kGateClosed);
  working("g1later", "manual/ann", false);
  f.RiskState(lost, market::TradingState::kActive);
  f.Place("g1again");
  CHECK(f.Last("g1again").kind == ExecKind::kJournaled);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Cancel all cancels once and closes no gate") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Command(market::CommandKind::kCancelAll, {});
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  f.Place("g1b");
  CHECK(f.Last("g1b").kind == ExecKind::kJournaled);
}

TEST_CASE("What cancel all may not send at once goes as soon as the venue's limits allow") {
  EngineFixture f;
  f.venue.batch = GENERATE(0, 2);
  for (const std::string id : {"7", "8", "9"}) f.Working("g1" + id, id);
  f.Working("over", "10");
  f.Place("g1b");
  venue::Answer limited;
  limited.rate.full = venue::Full::kAll;
  limited.rate.retry_after = 3s;
  f.Answer("place g1b", limited, 429);
  f.Command(market::CommandKind::kCancelAll, {});
  CHECK_FALSE(f.TakeSent("cancel"));
  f.StreamOrder(f.Update("over", "10", VenueOrderStatus::kCanceled, "0"));
  f.Advance(4s);
  for (const std::string id : {"g17", "g18", "g19"})
    CHECK(f.State(id) == OrderState::kPendingCancel);
  CHECK(f.Count(ExecKind::kPendingCancel) == 4);  // and of the one that is UNKNOWN
  CHECK(f.State("over") == OrderState::kCanceled);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A killed state that risk declares cancels too, and holds after a restart") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.RiskState({}, market::TradingState::kHalted, true);
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("The kill switch uses the reserve that placements may not touch") {
  ExecutionOptions options = EngineFixture::Options();
  options.rate.weight_per_minute = 10;
  options.rate.reserve_ppm = 300'000;
  EngineFixture f(options);
  std::vector<std::string> working;
  for (int i = 0; i < 7; ++i) {
    const std::string id = "g1" + std::to_string(i);
    f.Place(id);
    if (f.Last(id).kind != ExecKind::kJournaled) continue;
    f.Answer("place " + id, EngineFixture::Confirmed(
                                f.Update(id, std::to_string(i + 1), VenueOrderStatus::kNew, "0")));
    working.push_back(id);
  }
  CHECK(working.size() < 7);  // the rest of the minute belongs to cancels
  f.Command(market::CommandKind::kKill, {});
  size_t cancelled = 0;
  for (const std::string& id : working) cancelled += f.TakeSent("cancel " + id) ? 1 : 0;
  CHECK(cancelled >= 3);
}

TEST_CASE("While stopping nothing new is taken up") {
  EngineFixture f;
  f.engine.StopIntake();
  f.Place("g1a");
  CHECK(f.Last("g1a").local_reason == RejectReason::kGateClosed);
}

}  // namespace
}  // namespace gannet::execution
