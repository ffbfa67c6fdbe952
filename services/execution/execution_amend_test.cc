// Amendments: another price and quantity for a working order, in place.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using market::RejectReason;
using venue::VenueOrderStatus;
using namespace std::chrono_literals;

market::OrderIntent Amendment(EngineFixture& f, const std::string& id, const std::string& target,
                              int64_t quantity, int64_t price = 50'000'00) {
  market::OrderIntent intent = f.Intent(id, quantity, price);
  intent.kind = market::IntentKind::kAmend;
  intent.target = market::ClientOrderId(target);
  EngineFixture::Rehash(intent);
  return intent;
}

venue::OrderUpdate At(EngineFixture& f, const std::string& price, const std::string& quantity,
                      const std::string& cumulative = "0",
                      VenueOrderStatus status = VenueOrderStatus::kNew) {
  venue::OrderUpdate update = f.Update("g1a", "7", status, cumulative, quantity);
  update.price = price;
  return update;
}

// Until the amendment of g1a is settled: the venue is asked and answers with `update`.
template <class Update>
void Ask(EngineFixture& f, const Update& update) {
  const base::Time limit = f.now + 2min;
  while (f.Order("g1a").amendment && f.Order("g1a").open()) {
    REQUIRE(f.now < limit);
    f.Advance(500ms);
    while (f.TakeSent("query g1a")) f.Answer(f.taken, EngineFixture::Confirmed(update()));
  }
}

TEST_CASE(
    "An amendment is journaled and written down, then sent, and the answer changes the order") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Amendment(f, "m1", "g1a", 800, 50'001'00));
  CHECK(f.Last("g1a").kind == ExecKind::kPendingUpdate);
  CHECK(f.Last("g1a").target.text() == "m1");
  CHECK(f.Last("g1a").quantity.mantissa == 1000);  // not yet
  CHECK(f.State("g1a") == OrderState::kPendingUpdate);
  REQUIRE(f.TakeSent("amend g1a to 50001 x 0.8"));
  const auto& note = std::get<market::Event<wire::EngineNote>>(f.facts.back()).value;
  const auto request = ReadRequestNote(note.body);
  REQUIRE(request.ok());
  CHECK(request->id == f.taken.id);
  CHECK(request->target_path == f.taken.wire.target);
  CHECK(f.taken.needs_verdict);
  CHECK_FALSE(f.engine.SendBlock(f.taken, f.now));
  f.Answer(f.taken, EngineFixture::Confirmed(At(f, "50001", "0.8")));
  CHECK(f.Last("g1a").kind == ExecKind::kReplaced);
  CHECK(f.Last("g1a").target.text() == "m1");
  CHECK(f.Last("g1a").quantity.mantissa == 800);
  CHECK(f.Last("g1a").price.mantissa == 50'001'00);
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.StreamFill("g1a", "7", "t1", "0.8", "0.8", VenueOrderStatus::kFilled);
  CHECK(f.State("g1a") == OrderState::kFilled);  // of the smaller order
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE(
    "Every amendment that must not leave is answered once, and the order stands as it stood") {
  EngineFixture f;
  f.Working("g1a", "7");
  const auto refused = [&](const market::OrderIntent& intent, RejectReason reason) {
    CAPTURE(intent.client_order_id.text());
    const size_t before = f.reports.size();
    f.Decide(intent);
    REQUIRE(f.reports.size() == before + 1);
    const market::ExecReport& report = f.reports.back();
    CHECK(report.kind == ExecKind::kReplaceRejected);
    CHECK(report.target == intent.client_order_id);
    CHECK(report.client_order_id == intent.target);
    CHECK(report.local_reason == reason);
    CHECK(report.state == report.previous);
    CHECK_FALSE(f.TakeSent("amend"));
    CHECK(f.engine.state().unanswered_verdicts().empty());
  };
  refused(Amendment(f, "nobody", "g1x", 800), RejectReason::kMalformed);
  market::OrderIntent intent = Amendment(f, "side", "g1a", 800);
  intent.side = market::Side::kSell;
  EngineFixture::Rehash(intent);
  refused(intent, RejectReason::kMalformed);
  intent = Amendment(f, "force", "g1a", 800);
  intent.time_in_force = market::TimeInForce::kPostOnly;
  EngineFixture::Rehash(intent);
  refused(intent, RejectReason::kMalformed);
  f.venue.amends = false;
  refused(Amendment(f, "venue", "g1a", 800), RejectReason::kNotPermitted);
  CHECK(f.Last("g1a").detail.find("replace it") != std::string::npos);
  f.venue.amends = true;
  f.StreamFill("g1a", "7", "t1", "0.4", "0.4");
  refused(Amendment(f, "filled", "g1a", 400), RejectReason::kMalformed);
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);

  f.Decide(Amendment(f, "m1", "g1a", 800));
  CHECK(f.State("g1a") == OrderState::kPendingUpdate);
  REQUIRE(f.TakeSent("amend g1a"));
  refused(Amendment(f, "m2", "g1a", 700), RejectReason::kGateClosed);  // one at a time
  CHECK(f.Order("g1a").amendment->id.text() == "m1");
  CHECK(f.State("g1a") == OrderState::kPendingUpdate);
  f.sent.clear();
  f.CancelIntent("c1", "g1a");
  refused(Amendment(f, "m3", "g1a", 700), RejectReason::kGateClosed);
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  f.Answer("cancel g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.4")));
  refused(Amendment(f, "gone", "g1a", 700), RejectReason::kMalformed);
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("While only what reduces may leave, an order may become smaller and nothing else") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.RiskState({market::ScopeKind::kFirm, ""}, market::TradingState::kReducing);
  f.Decide(Amendment(f, "dearer", "g1a", 1000, 50'001'00));
  CHECK(f.Last("g1a").local_reason == RejectReason::kTradingState);
  f.Decide(Amendment(f, "larger", "g1a", 1200));
  CHECK(f.Last("g1a").local_reason == RejectReason::kTradingState);
  f.Decide(Amendment(f, "smaller", "g1a", 800));
  REQUIRE(f.TakeSent("amend g1a to 50000 x 0.8"));
  CHECK_FALSE(f.engine.SendBlock(f.taken, f.now));
  // Asked again when the bytes are about to leave.
  f.RiskState({market::ScopeKind::kFirm, ""}, market::TradingState::kCancelOnly);
  const auto block = f.engine.SendBlock(f.taken, f.now);
  REQUIRE(block);
  f.Answer(f.taken, [&] {
    venue::Answer unsent;
    unsent.outcome = venue::OutcomeClass::kUnknown;
    return unsent;
  }());
  CHECK(f.State("g1a") == OrderState::kPendingUpdate);
}

TEST_CASE("An amendment whose bytes the gate stopped had no effect") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Amendment(f, "m1", "g1a", 800));
  REQUIRE(f.TakeSent("amend g1a"));
  CHECK(f.engine.SendBlock(f.taken, f.now + 6s)->text.find("expired") != std::string::npos);
  wire::HttpExchange exchange;
  exchange.request_id = f.taken.id;
  exchange.transport_error = NotSentError(*f.engine.SendBlock(f.taken, f.now + 6s));
  f.engine.OnHttp(exchange, f.Cause(), f.now);
  CHECK(f.Last("g1a").kind == ExecKind::kReplaceRejected);
  CHECK(f.Last("g1a").target.text() == "m1");
  CHECK(f.Last("g1a").local_reason == RejectReason::kGateClosed);
  CHECK(f.State("g1a") == OrderState::kAccepted);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A lost answer to an amendment is found out by price and quantity of the order") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Amendment(f, "m1", "g1a", 1200, 50'001'00));
  f.Lose("amend g1a");
  CHECK(f.State("g1a") == OrderState::kPendingUpdate);
  SECTION("the stream says it") {
    f.StreamOrder(At(f, "50001", "1.2"));
    CHECK(f.State("g1a") == OrderState::kAccepted);
    CHECK(f.Order("g1a").quantity.mantissa == 1200);
  }
  SECTION("a question says it") {
    Ask(f, [&] { return At(f, "50001", "1.2"); });
    CHECK(f.Last("g1a").kind == ExecKind::kReplaced);
  }
  SECTION("it never arrived: nothing is concluded before it no longer can") {
    const base::Time sent = f.now;
    Ask(f, [&] { return At(f, "50000", "1"); });
    CHECK(f.now > sent + 2s + 10s);
    CHECK(f.Last("g1a").kind == ExecKind::kReplaceRejected);
    CHECK(f.Order("g1a").quantity.mantissa == 1000);
    CHECK(f.Order("g1a").price.mantissa == 50'000'00);
    CHECK(f.State("g1a") == OrderState::kAccepted);
  }
  SECTION("half of it is none of it") {
    f.StreamOrder(At(f, "50001", "1"));
    CHECK(f.State("g1a") == OrderState::kPendingUpdate);
  }
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("What is older than the last amendment does not show that the next took effect") {
  EngineFixture f;
  f.Working("g1a", "7");
  const venue::OrderUpdate first = At(f, "50000", "1");
  f.Advance(1s);
  f.Decide(Amendment(f, "m1", "g1a", 1000, 50'001'00));
  f.Answer("amend g1a", EngineFixture::Confirmed(At(f, "50001", "1")));
  f.Advance(1s);
  f.Decide(Amendment(f, "m2", "g1a", 1000, 50'000'00));  // back again
  f.Lose("amend g1a");
  f.StreamOrder(first);  // late
  CHECK(f.State("g1a") == OrderState::kPendingUpdate);
  Ask(f, [&] { return At(f, "50001", "1"); });
  CHECK(f.Last("g1a").kind == ExecKind::kReplaceRejected);
  CHECK(f.Order("g1a").price.mantissa == 50'001'00);
}

TEST_CASE("An acknowledged amendment waits for the stream") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Amendment(f, "m1", "g1a", 800));
  venue::Answer answer;
  answer.outcome = venue::OutcomeClass::kAcknowledged;
  f.Answer("amend g1a", answer);
  CHECK(f.State("g1a") == OrderState::kPendingUpdate);
  f.StreamOrder(At(f, "50000", "0.8"));
  CHECK(f.State("g1a") == OrderState::kAccepted);
  CHECK(f.Order("g1a").quantity.mantissa == 800);
}

TEST_CASE("A refusal of an amendment that may be a second copy's waits for the venue's word") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Amendment(f, "m1", "g1a", 800));
  f.Answer("amend g1a", EngineFixture::TurnedAway("-5027", "No need to modify the order."), 400);
  CHECK(f.State("g1a") == OrderState::kPendingUpdate);
  SECTION("the first copy took effect") {
    Ask(f, [&] { return At(f, "50000", "0.8"); });
    CHECK(f.Last("g1a").kind == ExecKind::kReplaced);
  }
  SECTION("none did") {
    Ask(f, [&] { return At(f, "50000", "1"); });
    CHECK(f.Last("g1a").kind == ExecKind::kReplaceRejected);
    CHECK(f.Last("g1a").venue_code == "-5027");
  }
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A refusal of all there is gives the order back at once, and asks what it became") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Amendment(f, "m1", "g1a", 800));
  f.Answer("amend g1a", EngineFixture::Refused("-2013", "Order does not exist.", true), 400);
  CHECK(f.Last("g1a").kind == ExecKind::kReplaceRejected);
  CHECK(f.Last("g1a").venue_code == "-2013");
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.Advance(1s);
  REQUIRE(f.TakeSent("query g1a"));  // "no such order" says nothing of fills
  f.Answer(f.taken,
           EngineFixture::Confirmed(At(f, "50000", "1", "0", VenueOrderStatus::kCanceled)));
  CHECK(f.State("g1a") == OrderState::kCanceled);
}

TEST_CASE("Fills go on while an amendment is on its way") {
  EngineFixture f;
  f.Working("g1a", "7");
  SECTION("to a larger order: the old quantity is no end while it may have become more") {
    f.Decide(Amendment(f, "m1", "g1a", 1500));
    f.Lose("amend g1a");
    venue::OrderUpdate update = At(f, "50000", "", "", VenueOrderStatus::kPartiallyFilled);
    update.trade = f.Trade("7", "t1", "1");  // it does not say of how much
    f.StreamOrder(update);
    CHECK(f.State("g1a") == OrderState::kPendingUpdate);
    SECTION("it had: more is filled") {
      f.StreamOrder([&] {
        venue::OrderUpdate more = At(f, "50000", "1.5", "1.2", VenueOrderStatus::kPartiallyFilled);
        more.trade = f.Trade("7", "t2", "0.2");
        return more;
      }());
      CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
      CHECK(f.Order("g1a").quantity.mantissa == 1500);
      CHECK(f.Order("g1a").cumulative.mantissa == 1200);
    }
    SECTION("it had not: it was filled") {
      f.StreamOrder(At(f, "50000", "1", "1", VenueOrderStatus::kFilled));
      CHECK(f.State("g1a") == OrderState::kFilled);
      CHECK(f.Order("g1a").quantity.mantissa == 1000);
    }
  }
  SECTION("to a smaller order that its fills complete") {
    f.Decide(Amendment(f, "m1", "g1a", 600));
    f.Lose("amend g1a");
    venue::OrderUpdate fill = At(f, "50000", "", "", VenueOrderStatus::kPartiallyFilled);
    fill.trade = f.Trade("7", "t1", "0.6");
    f.StreamOrder(fill);
    CHECK(f.State("g1a") == OrderState::kPendingUpdate);
    f.StreamOrder(At(f, "50000", "0.6", "0.6", VenueOrderStatus::kFilled));
    CHECK(f.State("g1a") == OrderState::kFilled);
    CHECK(f.Count(ExecKind::kReplaced, "g1a") == 1);
  }
  SECTION("to less than was filled: the venue ends the order") {
    f.Decide(Amendment(f, "m1", "g1a", 600));
    f.Lose("amend g1a");
    f.StreamFill("g1a", "7", "t1", "0.7", "0.7");
    f.StreamOrder(At(f, "50000", "1", "0.7", VenueOrderStatus::kCanceled));
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK(f.Order("g1a").cumulative.mantissa == 700);
    CHECK_FALSE(f.Order("g1a").amendment);
  }
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A cancel crosses an amendment") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Amendment(f, "m1", "g1a", 800));
  f.CancelIntent("c1", "g1a");
  CHECK(f.State("g1a") == OrderState::kPendingCancel);
  SECTION("both take effect") {
    f.Answer("amend g1a", EngineFixture::Confirmed(At(f, "50000", "0.8")));
    CHECK(f.State("g1a") == OrderState::kPendingCancel);
    CHECK(f.Order("g1a").quantity.mantissa == 800);
    f.Answer("cancel g1a",
             EngineFixture::Confirmed(At(f, "50000", "0.8", "0", VenueOrderStatus::kCanceled)));
    CHECK(f.State("g1a") == OrderState::kCanceled);
  }
  SECTION("the cancel was faster") {
    f.Answer("cancel g1a",
             EngineFixture::Confirmed(At(f, "50000", "1", "0", VenueOrderStatus::kCanceled)));
    CHECK(f.State("g1a") == OrderState::kCanceled);
    f.Answer("amend g1a", EngineFixture::Refused("-2013", "Order does not exist.", true), 400);
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK_FALSE(f.Order("g1a").amendment);
  }
  SECTION("the cancel is refused, the amendment not answered yet") {
    f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent."), 400);
    CHECK(f.Order("g1a").amendment);
    f.Answer("amend g1a", EngineFixture::Confirmed(At(f, "50000", "0.8")));
    CHECK(f.State("g1a") == OrderState::kAccepted);
    CHECK(f.Order("g1a").quantity.mantissa == 800);
  }
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A verdict on an amendment that comes again is not taken up again") {
  EngineFixture f;
  f.Working("g1a", "7");
  const market::RiskDecision decision = f.Permitted(Amendment(f, "m1", "g1a", 800));
  f.Decision(decision);
  f.Answer("amend g1a", EngineFixture::Confirmed(At(f, "50000", "0.8")));
  f.Decision(decision);
  CHECK(f.Count(ExecKind::kPendingUpdate) == 1);
  CHECK(f.Count(ExecKind::kReplaceRejected) == 0);
  CHECK_FALSE(f.TakeSent("amend"));
}

// What a process finds in its journal that ended at any step of an amendment.
TEST_CASE("A restart finds an amendment out, at every step of it") {
  EngineFixture f;
  f.Working("g1a", "7");
  const size_t before = f.facts.size();
  f.Decide(Amendment(f, "m1", "g1a", 800));
  REQUIRE(f.TakeSent("amend g1a"));
  for (size_t kept = before; kept <= f.facts.size(); ++kept) {
    CAPTURE(kept - before);
    EngineFixture next;
    next.now = f.now + 1min;
    next.sent.clear();
    for (size_t i = 0; i < kept; ++i) {
      std::visit(
          [&](const auto& event) {
            if constexpr (requires { next.engine.Apply(event); }) next.engine.Apply(event);
            next.facts.emplace_back(event);
          },
          f.facts[i]);
    }
    next.engine.Resume(next.Cause(), next.now);
    const bool written = kept == f.facts.size();
    const bool journaled = kept >= before + 2;  // the verdict, the report, the request
    if (!written) {
      CHECK_FALSE(next.Order("g1a").amendment);
      CHECK(next.Count(ExecKind::kReplaceRejected, "g1a") == (kept > before ? 1 : 0));
      CHECK(next.State("g1a") == OrderState::kAccepted);
      continue;
    }
    CHECK(journaled);
    CHECK(next.State("g1a") == OrderState::kPendingUpdate);
    next.Advance(1s);
    REQUIRE(next.TakeSent("query g1a"));
    next.Answer(next.taken, EngineFixture::Confirmed(At(next, "50000", "0.8")));
    CHECK(next.Last("g1a").kind == ExecKind::kReplaced);
    CHECK(next.State("g1a") == OrderState::kAccepted);
  }
}

// --- by another hand -------------------------------------------------------------------

TEST_CASE("What another hand changed at the venue is what the order is, told once") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Advance(1s);
  const venue::OrderUpdate before = At(f, "50000", "1");
  f.Advance(1s);
  const venue::OrderUpdate changed = At(f, "49000.5", "1.5");
  SECTION("by the stream") { f.StreamOrder(changed); }
  SECTION("by the open orders") {
    f.Advance(f.Options().reconcile_every);
    REQUIRE(f.TakeSent("open-orders"));
    f.Answer(f.taken, EngineFixture::Confirmed(changed));
  }
  SECTION("by the stream, under another client id") {
    venue::OrderUpdate renamed = changed;
    renamed.client_order_id = market::ClientOrderId("x-another");
    f.StreamOrder(renamed);
  }
  const market::ExecReport report = f.Last("g1a");
  CHECK(report.kind == ExecKind::kReplaced);
  CHECK(report.target.empty());
  CHECK(report.quantity.mantissa == 1500);
  CHECK(report.price.mantissa == 49'000'50);
  CHECK(report.state == OrderState::kAccepted);
  CHECK(report.detail.find("1 at 50000 became 1.5 at 49000.5") != std::string::npos);
  CHECK(f.Order("g1a").quantity.mantissa == 1500);
  CHECK(f.Order("g1a").changed);
  // Again, and an older word: nothing.
  f.StreamOrder(changed);
  f.StreamOrder(before);
  CHECK(f.Count(ExecKind::kReplaced) == 1);
  CHECK(f.engine.stats().changed_orders == 1);
  CHECK(f.engine.stats().amended == 0);
  // From here on by the venue's id, whatever the venue calls it now.
  f.CancelIntent("c1", "g1a");
  CHECK(f.TakeSent("cancel-venue 7"));
  f.StreamFill("g1a", "7", "t1", "1.5", "1.5", VenueOrderStatus::kFilled);
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A change by another hand is seen in the first word of an order too") {
  EngineFixture f;
  f.Place("g1a");
  f.Lose("place g1a");
  CHECK(f.State("g1a") == OrderState::kUnknown);
  f.StreamOrder(At(f, "50000", "0.4", "0.4", VenueOrderStatus::kFilled));
  CHECK(f.Order("g1a").quantity.mantissa == 400);
  f.Answer("trades-of 7", EngineFixture::Trades({f.Trade("7", "t1", "0.4")}));
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.engine.stats().illegal_events == 0);
}

TEST_CASE("While an amendment of ours is open, figures speak of it first") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Amendment(f, "m1", "g1a", 800));
  REQUIRE(f.TakeSent("amend g1a"));
  f.Answer(f.taken, venue::Answer{}, 503);
  f.Advance(1s);
  f.StreamOrder(At(f, "50000", "0.6"));  // neither what it was nor what it was to be
  CHECK(f.State("g1a") == OrderState::kPendingUpdate);
  CHECK(f.engine.stats().changed_orders == 0);
  Ask(f, [&] { return At(f, "50000", "0.6"); });
  CHECK(f.Count(ExecKind::kReplaceRejected) == 1);
  CHECK(f.Count(ExecKind::kReplaced) == 1);
  CHECK(f.Order("g1a").quantity.mantissa == 600);
  CHECK(f.engine.stats().changed_orders == 1);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("What fills at figures of another hand is filled, whatever of ours is on its way") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Decide(Amendment(f, "m1", "g1a", 800));
  f.Advance(1s);
  venue::OrderUpdate filled = At(f, "50000", "0.6", "0.6", VenueOrderStatus::kFilled);
  filled.trade = f.Trade("7", "t1", "0.6");
  f.StreamOrder(filled);
  CHECK(f.Count(ExecKind::kReplaceRejected) == 1);
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.Order("g1a").quantity.mantissa == 600);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Figures that no such order could have change nothing") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamFill("g1a", "7", "t1", "0.5", "0.5");
  f.Advance(1s);
  for (const char* quantity : {"0.5", "0.4", "0", "-1", "x", "99999999999999999999"})
    f.StreamOrder(At(f, "50000", quantity, "0.5", VenueOrderStatus::kPartiallyFilled));
  f.StreamOrder(At(f, "x", "2", "0.5", VenueOrderStatus::kPartiallyFilled));
  venue::OrderUpdate timeless = At(f, "50000", "2", "0.5", VenueOrderStatus::kPartiallyFilled);
  timeless.time = {};
  f.StreamOrder(timeless);
  CHECK(f.Order("g1a").quantity.mantissa == 1000);
  CHECK(f.engine.stats().changed_orders == 0);
  CHECK(f.engine.stats().illegal_events == 0);
}

// What a list of trades says: nothing of what became of their orders.
void List(EngineFixture& f, std::vector<venue::TradeUpdate> trades) {
  f.Frame({.kind = venue::StreamKind::kOrders, .evidence = "list", .trades = std::move(trades)});
}

TEST_CASE("A trade beyond what is known of its order waits for what the order says") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Advance(1s);
  const base::Time traded = f.now;
  List(f, {f.Trade("7", "t1", "0.9"), f.Trade("7", "t2", "0.3")});
  CHECK(f.Count(ExecKind::kFill) == 1);
  CHECK(f.Count(ExecKind::kIllegal) == 0);
  SECTION("another hand has made it larger, and it filled") {
    f.Advance(1s);
    f.Answer("query g1a",
             EngineFixture::Confirmed(At(f, "50000", "1.2", "1.2", VenueOrderStatus::kFilled)));
    CHECK(f.Count(ExecKind::kReplaced) == 1);
    CHECK(f.Order("g1a").quantity.mantissa == 1200);
    CHECK(f.Order("g1a").cumulative.mantissa == 1200);
    CHECK(f.State("g1a") == OrderState::kFilled);
    CHECK(f.engine.stats().changed_orders == 1);
    CHECK(f.engine.stats().illegal_events == 0);
  }
  SECTION("it was made larger and withdrawn since") {
    f.Advance(1s);
    f.StreamOrder(At(f, "50000", "2", "1.2", VenueOrderStatus::kCanceled));
    CHECK(f.Order("g1a").quantity.mantissa == 2000);
    CHECK(f.Order("g1a").cumulative.mantissa == 1200);
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK(f.engine.stats().changed_orders == 1);
    CHECK(f.engine.stats().illegal_events == 0);
  }
  SECTION("a word that is older than the trade says nothing of it") {
    venue::OrderUpdate older = At(f, "50000", "1", "0.9", VenueOrderStatus::kPartiallyFilled);
    older.time = traded - 1ms;
    f.Advance(1s);
    f.Answer("query g1a", EngineFixture::Confirmed(older));
    CHECK(f.Count(ExecKind::kFill) == 1);
    CHECK(f.Count(ExecKind::kIllegal) == 0);
    f.Advance(1s);
    f.Answer("query g1a", EngineFixture::Confirmed(
                              At(f, "50000", "1.5", "1.2", VenueOrderStatus::kPartiallyFilled)));
    CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
    CHECK(f.Order("g1a").cumulative.mantissa == 1200);
    CHECK(f.engine.stats().illegal_events == 0);
  }
  SECTION("the venue contradicts itself: booked, and told") {
    f.Advance(1s);
    f.Answer("query g1a", EngineFixture::Confirmed(
                              At(f, "50000", "1", "0.9", VenueOrderStatus::kPartiallyFilled)));
    CHECK(f.Count(ExecKind::kIllegal) == 1);
    CHECK(f.Order("g1a").cumulative.mantissa == 1200);
    CHECK(f.State("g1a") == OrderState::kFilled);
  }
  SECTION("the stream is late, and tells it again") {
    f.StreamOrder(At(f, "50000", "1.5", "0", VenueOrderStatus::kNew));  // the change
    f.StreamFill("g1a", "7", "t2", "0.3", "1.2");
    CHECK(f.Count(ExecKind::kFill) == 2);
    CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
    CHECK(f.engine.stats().illegal_events == 0);
  }
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Where orders may grow, a list of trades alone does not end one") {
  EngineFixture f;
  f.venue.orders_grow = true;
  f.Working("g1a", "7");
  f.Advance(1s);
  SECTION("it had become larger, and works on") {
    List(f, {f.Trade("7", "t1", "1")});
    CHECK(f.Count(ExecKind::kFill) == 0);
    f.Advance(1s);
    f.Answer("query g1a", EngineFixture::Confirmed(
                              At(f, "50000", "1.5", "1", VenueOrderStatus::kPartiallyFilled)));
    CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
    CHECK(f.Order("g1a").cumulative.mantissa == 1000);
    f.StreamFill("g1a", "7", "t2", "0.5", "1.5", VenueOrderStatus::kFilled);
  }
  SECTION("it had not") {
    List(f, {f.Trade("7", "t1", "1")});
    f.Advance(1s);
    f.Answer("query g1a",
             EngineFixture::Confirmed(At(f, "50000", "1", "1", VenueOrderStatus::kFilled)));
    CHECK(f.Count(ExecKind::kReplaced) == 0);
    CHECK(f.engine.stats().changed_orders == 0);
  }
  SECTION("the trade says how large it is: nothing is asked") {
    venue::TradeUpdate first = f.Trade("7", "t1", "1"), second = f.Trade("7", "t2", "0.5");
    first.order_quantity = second.order_quantity = "1.5";
    List(f, {first});
    CHECK(f.Last("g1a").quantity.mantissa == 1500);
    CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
    CHECK(f.engine.stats().changed_orders == 1);
    List(f, {second});
    CHECK_FALSE(f.TakeSent("query g1a"));
  }
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Orders changed by another hand are treated as those that another hand gave") {
  ExecutionOptions options = EngineFixture::Options();
  SECTION("halt") {
    options.foreign = ForeignPolicy::kHalt;
    EngineFixture f(options);
    f.Working("g1a", "7");
    f.StreamOrder(At(f, "50000", "1.5"));
    f.Place("g1b");
    CHECK(f.Last("g1b").kind == ExecKind::kNotSent);
    CHECK(f.Last("g1b").detail.find("changed by another hand") != std::string::npos);
  }
  SECTION("cancel") {
    options.foreign = ForeignPolicy::kCancel;
    EngineFixture f(options);
    f.Working("g1a", "7");
    f.StreamOrder(At(f, "50000", "1.5"));
    CHECK(f.TakeSent("cancel-venue 7"));
  }
}

}  // namespace
}  // namespace gannet::execution
