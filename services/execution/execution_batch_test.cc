// Several cancels in one request: each order has its own result, and its own
// fate.
#include <catch2/catch_test_macros.hpp>
#include <string>

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
  Batches() {
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

}  // namespace
}  // namespace gannet::execution
