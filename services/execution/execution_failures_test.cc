// Failures on record in other systems (docs/orders.md, "Failures that must not
// happen here"), each by its name.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using venue::VenueOrderStatus;
using namespace std::chrono_literals;

// What a process knows that starts from these facts.
void Restart(EngineFixture& from, EngineFixture& to) {
  to.now = from.now;
  to.sequence = from.sequence;
  to.facts = from.facts;
  for (const EngineFixture::Fact& fact : from.facts) {
    std::visit([&](const auto& event) { to.engine.Apply(event); }, fact);
  }
  REQUIRE(to.SavedState() == from.RecoveredState());
  to.engine.Resume(to.Cause(), to.now);
}

TEST_CASE("Failure: timeout but placed") {
  EngineFixture f;
  f.Place("g1a");
  f.Lose("place g1a", "timeout");
  CHECK(f.State("g1a") == OrderState::kUnknown);  // neither failed nor sent again
  f.Advance(600ms);
  f.Answer("query g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  CHECK(f.State("g1a") == OrderState::kAccepted);
  CHECK_FALSE(f.TakeSent("place"));
}

TEST_CASE("Failure: status 'does not exist' race") {
  EngineFixture f;
  f.Place("g1a");
  f.Lose("place g1a");
  f.Advance(600ms);
  f.Answer("query g1a", EngineFixture::NotFound(), 400);  // placed a moment later
  CHECK(f.State("g1a") == OrderState::kUnknown);
  f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kNew, "0"));
  CHECK(f.State("g1a") == OrderState::kAccepted);
}

TEST_CASE("Failure: network error counted as a lost order") {
  for (const char* error : {"connection reset", "broken pipe after 120 bytes", "TLS alert",
                            "host not found after reuse"}) {
    EngineFixture f;
    f.Place("g1a");
    f.Lose("place g1a", error);
    CHECK(f.State("g1a") == OrderState::kUnknown);
    CHECK(f.Order("g1a").open());
  }
}

TEST_CASE("Failure: retry loop up to the order cap, then a ban while cancelling") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Place("g1b");
  venue::Answer limited;
  limited.rate = {.full = venue::Full::kAll, .retry_after = 10s};
  f.Answer("place g1b", limited, 429);
  CHECK(f.State("g1b") == OrderState::kUnknown);  // until a query says otherwise
  // During the pause: no placement, no query, no cancel, not even of what was decided before
  // and has not left yet.
  for (const bool needs_verdict : {true, false}) {
    const OutgoingRequest decided{.order = market::ClientOrderId("g1a"),
                                  .needs_verdict = needs_verdict};
    CHECK(f.engine.SendBlock(decided, f.now)->reason == market::RejectReason::kMessageRate);
    const auto later = f.engine.SendBlock(decided, f.now + 10s);
    CHECK((!later || later->reason != market::RejectReason::kMessageRate));
  }
  f.Place("g1c");
  CHECK(f.Last("g1c").kind == ExecKind::kNotSent);
  f.CancelIntent("c1", "g1a");
  f.Advance(9s);
  CHECK(f.sent.empty());
  f.Advance(2s);
  CHECK(f.TakeSent("cancel g1a"));
  CHECK_FALSE(f.TakeSent("place"));
}

TEST_CASE("Failure: a full count of orders stops the kill switch") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Place("g1b");
  const size_t sent = f.sent.size();
  venue::Answer full;
  full.rate = {.full = venue::Full::kOrders, .window = 24h};
  f.Answer("place g1b", full, 429);
  CHECK(f.State("g1b") == OrderState::kUnknown);
  REQUIRE(sent > 0);
  f.Place("g1c");
  CHECK(f.Last("g1c").kind == ExecKind::kNotSent);
  const OutgoingRequest decided{.wire = {.counts_as_order = true}};
  CHECK(f.engine.SendBlock(decided, f.now)->reason == market::RejectReason::kMessageRate);
  CHECK_FALSE(f.engine.Problems(f.now).empty());
  f.Advance(600ms);
  CHECK(f.TakeSent("query g1b"));
  f.Command(market::CommandKind::kKill, {});
  CHECK(f.TakeSent("cancel g1a"));

  // The day is over for the next process no sooner.
  EngineFixture next(EngineFixture::Options(), /*start=*/false);
  Restart(f, next);
  CHECK(next.engine.budget().pauses(next.now) == f.engine.budget().pauses(f.now));
  CHECK(next.engine.budget().paused_until() <= next.now);
}

TEST_CASE("Failure: a process started again within a ban asks on and lengthens it") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CancelIntent("c1", "g1a");
  venue::Answer banned;
  banned.rate = {.retry_after = 120s, .banned = true};
  f.Answer("cancel g1a", banned, 418);
  f.Advance(20s);

  EngineFixture again(EngineFixture::Options(), /*start=*/false);
  Restart(f, again);
  const base::Time end = again.engine.budget().paused_until();
  CHECK(end == f.engine.budget().paused_until());
  CHECK(again.engine.budget().banned(again.now));
  // Neither what a start asks by itself nor a cancel.
  again.Open();
  again.CancelIntent("c2", "g1a");
  again.Advance(end - again.now - 1s);
  CHECK(again.sent.empty());
  again.Advance(60s);
  CHECK(again.TakeSent("time"));
  CHECK(again.TakeSent("open-orders"));
  CHECK(again.TakeSent("query g1a"));
}

TEST_CASE("Failure: filled order seen as cancelled, repeated, filled twice") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CancelIntent("c1", "g1a");
  f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);
  CHECK(f.State("g1a") != OrderState::kCanceled);
  f.Answer("query g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kFilled, "1")));
  f.Answer("trades-of 7", EngineFixture::Trades({f.Trade("7", "5001", "1")}));
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.Count(ExecKind::kCanceled) == 0);
  f.StreamFill("g1a", "7", "5001", "1", "1", VenueOrderStatus::kFilled);  // the stream, late
  CHECK(f.engine.state().NetPosition(kBtc).units() == 1000);
}

TEST_CASE("Failure: fresh order not found (read after write lags)") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CloseStream();
  f.Open();
  f.Reconcile();
  f.Answer("query g1a", EngineFixture::NotFound(), 400);
  CHECK(f.State("g1a") == OrderState::kAccepted);
}

TEST_CASE("Failure: a fresh id on every retry") {
  EngineFixture f;
  f.Place("g1a");
  f.Lose("place g1a");
  for (int i = 0; i < 100; ++i) {
    f.Advance(1s);
    while (!f.sent.empty()) {
      const OutgoingRequest request = f.sent.front();
      f.sent.pop_front();
      CHECK_FALSE(request.wire.counts_as_order);
      f.Answer(request, venue::Answer{}, 503);
    }
  }
  CHECK(f.engine.state().orders().size() == 1);
}

TEST_CASE("Failure: inferred fill plus the real fill") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CloseStream();
  f.Open();
  venue::Answer list = EngineFixture::Confirmed();
  list.orders = {f.Update("g1a", "7", VenueOrderStatus::kPartiallyFilled, "0.6")};
  f.Answer("open-orders", list);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 0);  // a figure is no fill
  f.Answer("trades-since", EngineFixture::Trades({f.Trade("7", "5001", "0.6")}));
  f.StreamFill("g1a", "7", "5001", "0.6", "0.6");
  f.Advance(1s);
  if (f.TakeSent("trades-of 7"))
    f.Answer(f.taken, EngineFixture::Trades({f.Trade("7", "5001", "0.6")}));
  CHECK(f.engine.state().NetPosition(kBtc).units() == 600);
  CHECK(f.Count(ExecKind::kFill) == 1);
}

TEST_CASE("Failure: duplicate orders at each restart") {
  EngineFixture first;
  first.Place("g1a");
  first.Working("g1b", "8");
  for (int restart = 0; restart < 3; ++restart) {
    EngineFixture second(EngineFixture::Options(), /*start=*/false);
    Restart(first, second);
    CHECK(second.State("g1a") == OrderState::kUnknown);  // written, so it may have left
    CHECK(second.State("g1b") == OrderState::kAccepted);
    second.Open();
    second.Reconcile();
    second.Advance(1s);
    CHECK_FALSE(second.TakeSent("place"));
    CHECK(second.TakeSent("query g1a"));
    first.facts = second.facts;
  }
}

TEST_CASE("Failure: in-flight timeout becomes rejected while the order lives") {
  EngineFixture f;
  f.Place("g1a");
  f.Lose("place g1a");
  for (int i = 0; i < 3600; ++i) {  // an hour without the venue
    f.Advance(1s);
    while (!f.sent.empty()) {
      const OutgoingRequest request = f.sent.front();
      f.sent.pop_front();
      wire::HttpExchange lost;
      lost.request_id = request.id;
      lost.transport_error = "timeout";
      f.engine.OnHttp(lost, f.Cause(), f.now);
    }
  }
  CHECK(f.State("g1a") == OrderState::kUnknown);
  f.StreamFill("g1a", "7", "5001", "1", "1", VenueOrderStatus::kFilled);
  CHECK(f.State("g1a") == OrderState::kFilled);
}

TEST_CASE("Failure: start-up filter that drops working orders among 3,000 reports") {
  EngineFixture first;
  for (int i = 0; i < 3000; ++i) {
    const std::string id = "g1h" + std::to_string(i), venue_id = std::to_string(10'000 + i);
    first.now += 300ms;
    first.Working(id, venue_id);
    if (i % 214 == 0) continue;  // 15 stay open
    first.StreamFill(id, venue_id, std::to_string(50'000 + i), "1", "1", VenueOrderStatus::kFilled);
  }
  REQUIRE(first.engine.state().open().size() == 15);
  EngineFixture second(EngineFixture::Options(), /*start=*/false);
  Restart(first, second);
  second.Open();
  venue::Answer list = EngineFixture::Confirmed();
  for (const market::ClientOrderId& id : second.engine.state().open()) {
    list.orders.push_back(second.Update(id.text(), second.Order(id.text()).venue_order_id.text(),
                                        VenueOrderStatus::kNew, "0"));
  }
  second.Answer("open-orders", list);
  second.Reconcile();
  CHECK(second.engine.ready());
  CHECK(second.engine.state().open().size() == 15);
  CHECK(second.engine.stats().illegal_events == 0);
}

TEST_CASE("An order by hand is booked after a restart before its instrument is defined again") {
  EngineFixture first;
  market::Instrument eth = first.btc;
  eth.id = market::InstrumentId("test:ETHUSDT");
  first.engine.OnInstrument({first.Cause(), eth}, first.now);
  venue::OrderUpdate update = first.Update("web_1", "500", VenueOrderStatus::kNew, "0");
  update.instrument = eth.id;
  first.StreamOrder(update);
  EngineFixture second(EngineFixture::Options(), /*start=*/false);
  Restart(first, second);
  second.Open();
  second.Reconcile();
  update = second.Update("web_2", "501", VenueOrderStatus::kNew, "0");
  update.instrument = eth.id;
  second.StreamOrder(update);
  CHECK(second.engine.stats().unknown_instruments == 0);
  CHECK(second.State("web_2") == OrderState::kAccepted);
}

TEST_CASE("Failure: healthy stream that delivers 4 of 18 fill frames") {
  EngineFixture f;
  f.Working("g1a", "7", 18'000);
  std::vector<venue::TradeUpdate> all;
  for (int i = 1; i <= 18; ++i) all.push_back(f.Trade("7", std::to_string(5000 + i), "1"));
  for (int i = 1; i <= 4; ++i) {
    f.StreamFill("g1a", "7", std::to_string(5000 + i), "1", std::to_string(i));
  }
  CHECK(f.engine.state().NetPosition(kBtc).units() == 4000);
  // The stream lives on and says nothing; the timer looks at the venue's trades.
  f.Advance(61s);
  f.Answer("open-orders", EngineFixture::Confirmed());
  f.Answer("trades-since", EngineFixture::Trades(all));
  f.Answer("account", f.Account());
  CHECK(f.engine.state().NetPosition(kBtc).units() == 18'000);
  CHECK(f.State("g1a") == OrderState::kFilled);
  f.Advance(61s);
  CHECK(f.TakeSent("trades-from test:BTCUSDT 5019"));  // the rest is looked at
}

TEST_CASE("Failure: replace that carries the cumulative quantity") {
  EngineFixture f;
  f.Working("g1a", "7", 1000);
  f.StreamFill("g1a", "7", "5001", "0.75", "0.75");
  market::OrderIntent intent = f.Intent("g1b", 1000, 50'001'00);
  intent.kind = market::IntentKind::kReplace;
  intent.target = market::ClientOrderId("g1a");
  EngineFixture::Rehash(intent);
  f.Decide(intent);
  f.Answer("cancel g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.75")));
  f.Answer("place g1b 0.25",
           EngineFixture::Confirmed(f.Update("g1b", "8", VenueOrderStatus::kNew, "0", "0.25")));
  f.StreamFill("g1b", "8", "5002", "0.25", "0.25", VenueOrderStatus::kFilled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 1000);  // not 1.75
}

TEST_CASE("Failure: lost cancel-replace reply") {
  EngineFixture f;
  f.Working("g1a", "7");
  market::OrderIntent intent = f.Intent("g1b", 1000, 50'001'00);
  intent.kind = market::IntentKind::kReplace;
  intent.target = market::ClientOrderId("g1a");
  EngineFixture::Rehash(intent);
  f.Decide(intent);
  f.Lose("replace g1a");
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  CHECK(f.State("g1b") == OrderState::kUnknown);
  f.Advance(1s);
  f.Answer("query g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  f.Answer("query g1b",
           EngineFixture::Confirmed(f.Update("g1b", "8", VenueOrderStatus::kNew, "0")));
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.State("g1b") == OrderState::kAccepted);
  CHECK(f.engine.stats().illegal_events == 0);
}

TEST_CASE("Failure: one node of several on an old epoch") {
  EngineFixture f;
  f.Decide(f.Intent("g1new"), 8);
  CHECK(f.Last("g1new").kind == ExecKind::kJournaled);
  f.Decide(f.Intent("g1old"), 7);
  CHECK(f.Last("g1old").kind == ExecKind::kNotSent);
  f.Decide(f.Intent("g1new2"), 8);
  CHECK(f.Last("g1new2").kind == ExecKind::kJournaled);
}

TEST_CASE("Failure: a zero balance from a lagging venue back end") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  const market::AssetId usdt("USDT");
  f.balances = {{usdt, market::Money(100'000, 0), market::Money()}};
  f.Start();
  f.balances[0].free = market::Money();
  f.Advance(61s);
  f.Reconcile();
  CHECK(f.engine.state().balances().at(usdt).free ==
        market::Money(100'000, 0));  // stale data, not truth
  CHECK(f.engine.stats().stale_balances >= 1);
  f.balances[0].free = market::Money(100'000, 0);
  f.Advance(6s);
  f.Reconcile();
  CHECK(f.engine.state().balances().at(usdt).free == market::Money(100'000, 0));
  CHECK(f.engine.state().differences().empty());
}

TEST_CASE("A restart answers what was never answered and asks for what may have left") {
  EngineFixture first;
  first.Working("accepted", "7");
  first.Working("cancelling", "8");
  first.CancelIntent("c1", "cancelling");
  first.Place("submitted");
  first.Place("lost");
  first.Lose("place lost");
  // A verdict whose first report never became durable, and a cancel likewise.
  market::RiskDecision decision;
  decision.intent = first.Intent("unanswered");
  decision.permitted = true;
  decision.epoch = 1;
  decision.expires = first.now + 1h;
  const market::Event<market::RiskDecision> verdict{first.Cause(), decision};
  first.facts.emplace_back(verdict);
  first.engine.Apply(verdict);
  market::OrderIntent cancel = first.Intent("c2");
  cancel.kind = market::IntentKind::kCancel;
  cancel.target = market::ClientOrderId("accepted");
  const market::Event<market::OrderIntent> intent{first.Cause(), cancel};
  first.facts.emplace_back(intent);
  first.engine.Apply(intent);

  EngineFixture second(EngineFixture::Options(), /*start=*/false);
  Restart(first, second);
  CHECK(second.State("unanswered") == OrderState::kDenied);
  CHECK(second.Last("unanswered").kind == ExecKind::kNotSent);
  CHECK(second.State("submitted") == OrderState::kUnknown);
  CHECK(second.State("lost") == OrderState::kUnknown);
  CHECK(second.State("accepted") == OrderState::kAccepted);
  CHECK(second.State("cancelling") == OrderState::kPendingCancel);
  second.Open();
  second.Advance(1s);
  CHECK(second.TakeSent("query submitted"));
  CHECK(second.TakeSent("query lost"));
  CHECK(second.TakeSent("query cancelling"));
  CHECK(second.TakeSent("cancel accepted"));
  CHECK_FALSE(second.TakeSent("place"));
  CHECK(second.engine.state().unanswered_verdicts().empty());
  CHECK(second.engine.state().unanswered_cancels().empty());
  CHECK(second.SavedState() == second.RecoveredState());
}

TEST_CASE("A restart forgets no cancel of an order whose placement was not answered") {
  EngineFixture first;
  first.Place("g1a");
  if (GENERATE(true, false)) first.Lose("place g1a");
  first.CancelIntent("c1", "g1a");
  EngineFixture second(EngineFixture::Options(), /*start=*/false);
  Restart(first, second);
  REQUIRE(second.State("g1a") == OrderState::kUnknown);
  second.Open();
  second.Advance(1s);
  SECTION("it is cancelled once it is found") {
    second.Answer("query g1a",
                  EngineFixture::Confirmed(second.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
    CHECK(second.TakeSent("cancel g1a"));
  }
  SECTION("or it is told that the cancel had no effect") {
    second.Lose("query g1a");
    second.Advance(30s);
    second.StreamOrder(second.Update("g1a", "7", VenueOrderStatus::kNew, "0"));
    second.Advance(30s);
    second.Answer("query g1a",
                  EngineFixture::Confirmed(second.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
    CHECK(second.Last("g1a").kind == ExecKind::kCancelRejected);
    CHECK(second.State("g1a") == OrderState::kAccepted);
  }
  CHECK(second.engine.stats().illegal_events == 0);
  CHECK(second.SavedState() == second.RecoveredState());
}

TEST_CASE("A restart does not take the cancel that proves absence for one that was asked for") {
  EngineFixture first;
  first.Place("g1a");
  first.Lose("place g1a");
  const base::Time limit = first.now + 1min;
  while (!first.TakeSent("cancel g1a")) {
    REQUIRE(first.now < limit);
    first.Advance(500ms);
    while (first.TakeSent("query g1a")) first.Answer(first.taken, EngineFixture::NotFound(), 400);
    if (first.TakeSent("time")) {
      first.sent.push_front(first.taken);
      first.AnswerTime();
    }
    while (first.TakeSent("query g1a")) first.Answer(first.taken, EngineFixture::NotFound(), 400);
    while (first.TakeSent("trades-since")) first.Answer(first.taken, EngineFixture::Confirmed());
  }
  REQUIRE(first.Order("g1a").cancel.id != 0);
  EngineFixture second(EngineFixture::Options(), /*start=*/false);
  Restart(first, second);
  second.Open();
  second.Advance(1s);
  second.AnswerTime();
  second.Answer("query g1a",
                EngineFixture::Confirmed(second.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  CHECK(second.State("g1a") == OrderState::kAccepted);
  CHECK_FALSE(second.TakeSent("cancel"));
}

TEST_CASE("A verdict journaled without its request never left: a restart says so") {
  EngineFixture first;
  first.Place("g1a");
  first.facts.pop_back();  // the crash came between the report and the request's bytes
  EngineFixture second(EngineFixture::Options(), /*start=*/false);
  for (const EngineFixture::Fact& fact : first.facts) {
    std::visit([&](const auto& event) { second.engine.Apply(event); }, fact);
  }
  second.engine.Resume(second.Cause(), first.now);
  CHECK(second.State("g1a") == OrderState::kDenied);
  CHECK(second.Last("g1a").evidence == "journal:no request");
}

TEST_CASE("Failure: a crash forgets what a cancel of all had no room for yet") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Working("g1over", "8");
  f.StreamOrder(f.Update("web_1", "500", VenueOrderStatus::kNew, "0"));  // by hand
  f.Place("g1b");
  venue::Answer limited;
  limited.rate.full = venue::Full::kAll;
  limited.rate.retry_after = 3s;
  f.Answer("place g1b", limited, 429);
  REQUIRE(f.State("g1b") == OrderState::kUnknown);
  f.Command(market::CommandKind::kCancelAll, {});
  REQUIRE_FALSE(f.TakeSent("cancel"));
  f.StreamOrder(f.Update("g1over", "8", VenueOrderStatus::kCanceled, "0"));

  EngineFixture next(EngineFixture::Options(), false);
  Restart(f, next);
  next.Open();
  next.Advance(4s);
  next.AnswerTime();
  next.Advance(1s);
  for (const char* id : {"g1a", "web_1"}) CHECK(next.State(id) == OrderState::kPendingCancel);
  CHECK(next.TakeSent("cancel g1b"));  // whose fate is not known
  CHECK(next.State("g1over") == OrderState::kCanceled);
  CHECK(next.Count(ExecKind::kCancelRejected) == 0);
  next.Place("g1new");
  CHECK(next.Count(ExecKind::kPendingCancel, "g1new") == 0);
}

TEST_CASE("Failure: a cancel that was turned down is sent again by the next process") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Command(market::CommandKind::kCancelAll, {});
  f.Answer("cancel g1a", EngineFixture::Refused("-2011", "no", true), 400);
  REQUIRE(f.State("g1a") == OrderState::kAccepted);
  EngineFixture next(EngineFixture::Options(), false);
  Restart(f, next);
  next.Advance(5s);
  CHECK(next.State("g1a") == OrderState::kAccepted);  // turned down, and told
}

}  // namespace
}  // namespace gannet::execution
