// Several placements or cancels in one request: each order has its own result, and its own
// fate.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <utility>
#include <vector>

#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using venue::OutcomeClass;
using venue::VenueOrderStatus;
using namespace std::chrono_literals;

const market::Scope kFirm{market::ScopeKind::kFirm, ""};

// Five working orders at a venue that takes three in a batch.
struct Batches : EngineFixture {
  explicit Batches(ExecutionOptions options = Options()) : EngineFixture(std::move(options)) {
    venue.batch = 3;
    for (const char* id : {"a", "b", "c", "d", "e"}) Working(id, std::string("10") + id);
  }
  void CancelAll() { Command(market::CommandKind::kCancelAll, kFirm); }
  venue::LegOutcome Canceled(const std::string& id) const {
    return {.outcome = OutcomeClass::kConfirmed,
            .order = Update(id, "10" + id, VenueOrderStatus::kCanceled, "0")};
  }
  static venue::LegOutcome Refusal(std::string code, std::string message) {
    return {
        .outcome = OutcomeClass::kRefused, .code = std::move(code), .message = std::move(message)};
  }
};

TEST_CASE(
    "Orders are cancelled in as few requests as the venue takes, each "
    "with its own result") {
  Batches f;
  f.CancelAll();
  CHECK(f.engine.stats().cancel_batches == 2);
  CHECK(f.engine.stats().cancels == 5);
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    CHECK(f.State(id) == OrderState::kPendingCancel);
    CHECK(f.Order(id).cancel.id != 0);
  }
  CHECK(f.Order("a").cancel == f.Order("c").cancel);
  CHECK_FALSE(f.Order("a").cancel == f.Order("d").cancel);
  CHECK(f.SavedState() == f.RecoveredState());
  // What is asked for twice is sent once.
  f.CancelAll();
  CHECK(f.engine.stats().cancels == 5);

  venue::Answer answer = EngineFixture::Confirmed();
  answer.legs = {f.Canceled("a"),
                 Batches::Refusal("-2011", "Unknown order sent."),
                 {.outcome = OutcomeClass::kAcknowledged}};
  REQUIRE(f.TakeSent("cancel-batch a b c"));
  CHECK(f.taken.about.text() == "a");
  CHECK(f.taken.others.size() == 2);
  CHECK_FALSE(f.taken.needs_verdict);
  f.Answer(f.taken, answer);
  CHECK(f.State("a") == OrderState::kCanceled);
  CHECK(f.Last("b").kind == ExecKind::kCancelRejected);
  CHECK(f.State("b") == OrderState::kAccepted);
  CHECK(f.State("c") == OrderState::kPendingCancel);
  f.Answer("query b", EngineFixture::Confirmed(f.Update("b", "10b", VenueOrderStatus::kFilled, "1"),
                                               {f.Trade("10b", "901", "1")}));
  CHECK(f.State("b") == OrderState::kFilled);
  f.StreamOrder(f.Update("c", "10c", VenueOrderStatus::kCanceled, "0"));
  CHECK(f.State("c") == OrderState::kCanceled);

  answer.legs = {f.Canceled("d"), f.Canceled("e")};
  f.Answer("cancel-batch d e", answer);
  CHECK(f.engine.state().open().empty());
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A batch without an answer leaves each of its orders to be found out") {
  Batches f;
  f.CancelAll();
  f.Lose("cancel-batch a b c");
  f.Lose("cancel-batch d e");
  f.Advance(1s);
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    CAPTURE(id);
    CHECK(f.State(id) == OrderState::kPendingCancel);
    CHECK(f.TakeSent(std::string("query ") + id));
  }
}

TEST_CASE("A batch of which no byte left is as if nobody had asked") {
  Batches f;
  f.CancelAll();
  f.Lose("cancel-batch a b c", NotSentError({market::RejectReason::kGateClosed, "no connection"}));
  for (const char* id : {"a", "b", "c"}) {
    CHECK(f.Last(id).kind == ExecKind::kCancelRejected);
    CHECK(f.State(id) == OrderState::kAccepted);
  }
  CHECK(f.State("d") == OrderState::kPendingCancel);
}

TEST_CASE("A refusal of a whole batch is one of each of its cancels") {
  Batches f;
  f.CancelAll();
  f.Answer("cancel-batch a b c", EngineFixture::Refused("-1130", "not valid"), 400);
  for (const char* id : {"a", "b", "c"}) {
    CHECK(f.Last(id).kind == ExecKind::kCancelRejected);
    CHECK(f.Last(id).venue_code == "-1130");
    CHECK(f.TakeSent(std::string("query ") + id));
  }
}

TEST_CASE(
    "A kill switch withdraws by batches what its scope covers, and an "
    "order alone alone") {
  Batches f;
  f.Working("f", "10f");
  f.Working("g", "10g");
  f.Command(market::CommandKind::kKill, kFirm);
  CHECK(f.TakeSent("cancel-batch a b c"));
  CHECK(f.TakeSent("cancel-batch d e f"));
  CHECK(f.TakeSent("cancel g"));
  CHECK(f.engine.stats().cancel_batches == 2);
  f.Advance(3s);
  CHECK_FALSE(f.TakeSent("cancel-batch"));  // under way
}

// A venue that places three orders in one request.
struct Placements : EngineFixture {
  explicit Placements(ExecutionOptions options = Options())
      : EngineFixture(std::move(options), false) {
    venue.place_batch = 3;
    Start();
  }
  void PlaceAll(const std::vector<std::string>& ids, base::Duration lives = 5s) {
    Turn([&] {
      for (const std::string& id : ids) Decide(Intent(id), 1, lives);
    });
  }
  venue::LegOutcome Taken(const std::string& id) const {
    return {.outcome = OutcomeClass::kConfirmed,
            .order = Update(id, "10" + id, VenueOrderStatus::kNew, "0")};
  }
  // As the service does when the gate stops a request at the socket.
  void Stopped(const OutgoingRequest& request, const Block& block) {
    wire::HttpExchange exchange;
    exchange.request_id = request.id;
    exchange.transport_error = request.wire.kind == venue::RequestKind::kPlaceBatch
                                   ? AnewError(block)
                                   : NotSentError(block);
    engine.OnHttp(exchange, Cause(), now);
  }
  std::vector<RequestNote> Notes() const {
    std::vector<RequestNote> notes;
    for (const Fact& fact : facts) {
      const auto* note = std::get_if<market::Event<wire::EngineNote>>(&fact);
      if (note != nullptr && note->value.kind == kRequestNote)
        notes.push_back(*ReadRequestNote(note->value.body));
    }
    return notes;
  }
};

TEST_CASE("What one turn decides is placed in as few requests as the venue takes") {
  Placements f;
  f.PlaceAll({"a", "b", "c", "d", "e", "f", "g"});
  for (const char* id : {"a", "b", "c", "d", "e", "f", "g"}) {
    CHECK(f.State(id) == OrderState::kSubmitted);
    CHECK(f.Count(ExecKind::kJournaled, id) == 1);
    CHECK(f.Last(id).evidence == "journal:request " + std::to_string(f.Order(id).place.id));
  }
  CHECK(f.Order("a").place == f.Order("c").place);
  CHECK(f.Order("a").place.id != f.Order("d").place.id);
  CHECK(f.engine.stats().place_batches == 2);
  CHECK(f.engine.stats().batched_placements == 6);
  CHECK(f.engine.placements_under_way());
  // The bytes that leave are in the journal, with the names of all that they place.
  const std::vector<RequestNote> notes = f.Notes();
  REQUIRE(notes.size() == 3);
  REQUIRE(f.TakeSent("place-batch a b c"));
  CHECK(f.taken.id == notes[0].id);
  CHECK(f.taken.wire.target == notes[0].target_path);
  CHECK(f.taken.needs_verdict);
  CHECK(f.taken.order.text() == "a");
  CHECK(f.taken.others == notes[0].others);
  CHECK(notes[0].order.text() == "a");
  REQUIRE(notes[0].others.size() == 2);
  CHECK(notes[0].others[1].text() == "c");
  CHECK(f.TakeSent("place-batch d e f"));
  CHECK(f.TakeSent("place g"));  // alone it goes alone
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Verdicts of different turns, and those at a venue without batches, wait for nobody") {
  Placements f;
  f.Place("a");
  f.Place("b");
  CHECK(f.TakeSent("place a"));
  CHECK(f.TakeSent("place b"));
  f.venue.place_batch = 0;
  f.Turn([&] {
    f.Place("c");
    CHECK(f.TakeSent("place c"));
    f.Place("d");
    CHECK(f.TakeSent("place d"));
  });
  CHECK(f.engine.stats().place_batches == 0);
}

TEST_CASE("Each order of a batch has its own outcome") {
  Placements f;
  f.PlaceAll({"a", "b", "c"});
  venue::Answer answer = EngineFixture::Confirmed();
  answer.legs = {{.outcome = OutcomeClass::kTurnedAway, .code = "-2019", .message = "no margin"},
                 f.Taken("b"),
                 {.outcome = OutcomeClass::kRefused, .code = "-1102", .message = "malformed"}};
  f.Answer("place-batch a b c", answer);
  CHECK(f.State("a") == OrderState::kUnknown);  // another copy of the batch may have been taken
  CHECK(f.Last("a").venue_code == "-2019");
  CHECK(f.State("b") == OrderState::kAccepted);
  CHECK(f.State("c") == OrderState::kRejected);
  CHECK(f.Last("c").venue_code == "-1102");
  f.ProveAbsence("a");
  CHECK(f.State("a") == OrderState::kRejected);
  CHECK(f.Last("a").venue_code == "-2019");

  f.PlaceAll({"d", "e", "f"});
  answer.legs = {
      {.outcome = OutcomeClass::kUnknown}, {.outcome = OutcomeClass::kAcknowledged}, f.Taken("f")};
  answer.legs[2].order->status = VenueOrderStatus::kFilled;
  answer.legs[2].order->cumulative = "1";
  answer.trades = {f.Trade("10f", "77", "1")};
  f.Answer("place-batch d e f", answer);
  CHECK(f.State("d") == OrderState::kUnknown);
  CHECK(f.State("e") == OrderState::kSubmitted);
  CHECK(f.State("f") == OrderState::kFilled);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("An answer that says nothing of single orders says the same of each") {
  Placements f;
  f.PlaceAll({"a", "b", "c"});
  f.Lose("place-batch a b c");
  f.PlaceAll({"d", "e"});
  f.Answer("place-batch d e", venue::Answer{.code = "unparsable"});
  for (const char* id : {"a", "b", "c", "d", "e"}) CHECK(f.State(id) == OrderState::kUnknown);
  CHECK(f.engine.stats().unknown_outcomes == 5);
  // Each is found out by itself.
  f.Advance(600ms);
  f.Answer("query b", EngineFixture::Confirmed(f.Update("b", "10b", VenueOrderStatus::kNew, "0")));
  CHECK(f.State("b") == OrderState::kAccepted);
  f.ProveAbsence("a");
  CHECK(f.State("a") == OrderState::kAbsent);

  f.PlaceAll({"h", "i"});
  f.Answer("place-batch h i", EngineFixture::Refused("-4082", "wrong size"), 400);
  CHECK(f.State("h") == OrderState::kRejected);
  CHECK(f.State("i") == OrderState::kRejected);
  f.PlaceAll({"j", "k"});
  f.Answer("place-batch j k", EngineFixture::TurnedAway("-1021", "too late"), 400);
  CHECK(f.State("j") == OrderState::kUnknown);
  CHECK(f.State("k") == OrderState::kUnknown);
  f.PlaceAll({"l", "m"});
  f.Lose("place-batch l m", NotSentError({market::RejectReason::kGateClosed, "no connection"}));
  CHECK(f.State("l") == OrderState::kDenied);
  CHECK(f.State("m") == OrderState::kDenied);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("An order that the gate stops at the socket takes nothing of its batch with it") {
  Placements f;
  f.Turn([&] {
    f.Decide(f.Intent("a"));
    f.Decide(f.Intent("b"), 1, 1s);
    f.Decide(f.Intent("c"));
    f.Decide(f.Intent("d"));
  });
  REQUIRE(f.TakeSent("place-batch a b c"));
  const OutgoingRequest batch = f.taken;
  CHECK_FALSE(f.engine.SendBlock(batch, f.now).has_value());
  f.CancelIntent("x", "c");  // while the batch waits for the disk
  REQUIRE(f.TakeSent("cancel c"));
  f.now += 2s;
  const std::optional<Block> block = f.engine.SendBlock(batch, f.now);
  REQUIRE(block.has_value());
  f.Stopped(batch, *block);
  CHECK(f.engine.stats().divided_batches == 1);
  CHECK(f.State("b") == OrderState::kDenied);
  CHECK(f.State("c") == OrderState::kDenied);  // its cancel would come first
  // What left is journaled by itself, once.
  REQUIRE(f.TakeSent("place a"));
  CHECK(f.Order("a").place.id == f.taken.id);
  CHECK(f.Notes().back().order.text() == "a");
  CHECK(f.Notes().back().others.empty());
  CHECK_FALSE(f.engine.SendBlock(f.taken, f.now).has_value());
  CHECK_FALSE(f.TakeSent("place b"));
  CHECK_FALSE(f.TakeSent("place c"));
  f.Answer(f.taken, EngineFixture::Confirmed(f.Update("a", "10a", VenueOrderStatus::kNew, "0")));
  CHECK(f.State("a") == OrderState::kAccepted);
  CHECK(f.Count(ExecKind::kJournaled, "a") == 1);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A kill switch or a newer epoch stops each order of a batch that it covers") {
  Placements f;
  f.Turn([&] {
    f.Decide(f.Intent("a"));
    market::OrderIntent other = f.Intent("b");
    other.strategy = market::StrategyId("other");
    EngineFixture::Rehash(other);
    f.Decide(other);
  });
  REQUIRE(f.TakeSent("place-batch a b"));
  const OutgoingRequest batch = f.taken;
  f.RiskState({market::ScopeKind::kStrategy, "other"}, market::TradingState::kHalted);
  const std::optional<Block> block = f.engine.SendBlock(batch, f.now);
  REQUIRE(block.has_value());
  CHECK(block->reason == market::RejectReason::kTradingState);
  f.Stopped(batch, *block);
  CHECK(f.State("b") == OrderState::kDenied);
  CHECK(f.TakeSent("place a"));
  CHECK_FALSE(f.TakeSent("place b"));

  f.PlaceAll({"c", "d"});
  REQUIRE(f.TakeSent("place-batch c d"));
  f.Decide(f.Intent("e"), 2);  // risk has begun anew
  REQUIRE(f.engine.SendBlock(f.taken, f.now).has_value());
  f.Stopped(f.taken, *f.engine.SendBlock(f.taken, f.now));
  CHECK(f.State("c") == OrderState::kDenied);
  CHECK(f.State("d") == OrderState::kDenied);
}

TEST_CASE("A batch whose answer died with the process is found out order by order") {
  Placements f;
  f.PlaceAll({"a", "b", "c"});
  EngineFixture next(EngineFixture::Options(), false);
  next.now = f.now + 3s;
  for (const EngineFixture::Fact& fact : f.facts)
    std::visit([&](const auto& event) { next.engine.Apply(event); }, fact);
  next.engine.Resume(next.Cause(), next.now);
  for (const char* id : {"a", "b", "c"}) {
    CHECK(next.State(id) == OrderState::kUnknown);
    CHECK(next.Order(id).place == f.Order(id).place);
    CHECK_FALSE(next.TakeSent(std::string("place ") + id));
  }
  CHECK_FALSE(next.TakeSent("place-batch"));
}

TEST_CASE("What a turn brings beside placements keeps its order") {
  Placements f;
  f.Working("w", "10w");
  f.Turn([&] {
    f.Place("a");
    f.Place("b");
    f.CancelIntent("x", "a");  // of an order that is not sent yet: that one goes first
    f.Place("c");
    market::OrderIntent stop = f.Intent("s");
    stop.type = market::OrderType::kStop;
    stop.stop_price = {60'000'00};
    EngineFixture::Rehash(stop);
    f.Decide(stop);
    market::OrderIntent bad = f.Intent("bad");
    bad.hash = {};
    f.Place("d");
    f.Decide(bad);
    f.Place("e");
  });
  std::vector<std::string> words;
  for (const OutgoingRequest& request : f.sent) words.push_back(request.wire.target.substr(0, 15));
  REQUIRE(words.size() == 5);
  CHECK(words[0] == "place-batch a b");
  CHECK(words[1] == "cancel a");
  CHECK(words[2].starts_with("place c"));
  CHECK(words[3].starts_with("place s"));  // the venue keeps it apart
  CHECK(words[4] == "place-batch d e");
  CHECK(f.Last("bad").kind == ExecKind::kNotSent);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A verdict that comes twice in one turn is answered once") {
  Placements f;
  const market::RiskDecision decision = f.Permitted(f.Intent("a"));
  f.Turn([&] {
    f.Decision(decision);
    f.Decision(decision);
    f.Place("b");
  });
  CHECK(f.TakeSent("place-batch a b "));
  CHECK(f.Count(ExecKind::kJournaled, "a") == 1);
}

TEST_CASE("Orders go one by one where a batch would take more of a limit than is spare") {
  ExecutionOptions options = EngineFixture::Options();
  options.rate.orders_per_10s = 8;  // a batch counts as three
  Placements f(options);
  f.PlaceAll({"a", "b"});
  CHECK(f.TakeSent("place-batch a b"));
  f.PlaceAll({"c", "d"});
  CHECK(f.TakeSent("place c"));
  CHECK(f.TakeSent("place d"));
  f.PlaceAll({"e", "f", "g", "h"});  // seven of eight are taken after these two
  CHECK(f.TakeSent("place e"));
  CHECK(f.Last("h").kind == ExecKind::kNotSent);
  CHECK(f.Last("h").local_reason == market::RejectReason::kMessageRate);
}

TEST_CASE("A batch is no larger than what the venue takes in a second") {
  ExecutionOptions options = EngineFixture::Options();
  options.rate.orders_per_second = 2;
  Placements f(options);
  f.venue.members_count = true;
  f.PlaceAll({"a", "b", "c"});
  CHECK(f.TakeSent("place-batch a b of"));
  CHECK(f.Last("c").local_reason == market::RejectReason::kMessageRate);
  f.Advance(1s);
  f.PlaceAll({"d"});
  CHECK(f.TakeSent("place d"));
  f.PlaceAll({"e", "f"});  // of which one has room
  CHECK(f.TakeSent("place e"));
  CHECK(f.Last("f").kind == ExecKind::kNotSent);
}

TEST_CASE("Cancels beyond what the venue takes in a second go in the next") {
  ExecutionOptions options = EngineFixture::Options();
  options.rate.cancels_per_second = 2;
  Batches f(options);
  const bool kill = GENERATE(true, false);
  f.Command(kill ? market::CommandKind::kKill : market::CommandKind::kCancelAll, kFirm);
  CHECK(f.TakeSent("cancel-batch a b"));
  CHECK_FALSE(f.TakeSent("cancel"));
  f.Advance(1s);
  CHECK(f.TakeSent("cancel-batch c d"));
  CHECK_FALSE(f.TakeSent("cancel"));
  f.Advance(1s);
  CHECK(f.TakeSent("cancel e"));
  f.Advance(5s);
  CHECK_FALSE(f.TakeSent("cancel"));
  CHECK(f.engine.stats().cancels == 5);
}

TEST_CASE("The dead-man timer of every instrument in a batch is set") {
  ExecutionOptions options = EngineFixture::Options();
  options.dead_man = 10s;
  Placements f(options);
  f.venue.derivatives = true;
  market::Instrument eth = f.btc;
  eth.id = market::InstrumentId("test:ETHUSDT");
  f.engine.OnInstrument({f.Cause(), eth}, f.now);
  f.Turn([&] {
    f.Place("a");
    market::OrderIntent other = f.Intent("b");
    other.instrument = eth.id;
    EngineFixture::Rehash(other);
    f.Decide(other);
  });
  CHECK(f.TakeSent("place-batch a b"));
  CHECK(f.TakeSent("dead-man"));
  CHECK(f.TakeSent("dead-man"));
  CHECK_FALSE(f.TakeSent("dead-man"));
}

}  // namespace
}  // namespace gannet::execution
