// UNKNOWN orders: what they wait for, what ends the waiting, and what proves that
// an order was never taken.
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

void LosePlacement(EngineFixture& f, const std::string& id) {
  f.Place(id);
  f.Lose("place " + id);
  REQUIRE(f.State(id) == OrderState::kUnknown);
}

// Answers every query about the order with "not found" until `until`.
void NeverFound(EngineFixture& f, base::Duration span) {
  const base::Time until = f.now + span;
  while (f.now < until) {
    f.Advance(500ms);
    while (f.TakeSent("query ")) f.Answer(f.taken, EngineFixture::NotFound(), 400);
  }
}

void ServerTime(EngineFixture& f) {
  venue::Answer answer = EngineFixture::Confirmed();
  answer.server_time = f.now;
  f.Answer("time", answer);
}

TEST_CASE("An outcome that is not known keeps the order UNKNOWN and is told once") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  CHECK(f.Last("g1a").kind == ExecKind::kUnknown);
  CHECK(f.Last("g1a").detail == "transport timeout");
  CHECK(f.Count(ExecKind::kUnknown) == 1);
  CHECK_FALSE(f.TakeSent("query"));  // the stream is given time first
  f.Advance(600ms);
  CHECK(f.TakeSent("query g1a"));
}

TEST_CASE("The stream ends an UNKNOWN without any query") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kNew, "0"));
  CHECK(f.State("g1a") == OrderState::kAccepted);
  f.Advance(10s);
  CHECK_FALSE(f.TakeSent("query"));
  CHECK(f.engine.stats().illegal_events == 0);
}

TEST_CASE("A query ends an UNKNOWN with what it finds") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  f.Advance(600ms);
  SECTION("working") {
    f.Answer("query g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
    CHECK(f.State("g1a") == OrderState::kAccepted);
  }
  SECTION("filled: the trades are fetched, nothing is inferred") {
    f.Answer("query g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kFilled, "1")));
    CHECK(f.Count(ExecKind::kFill) == 0);
    CHECK(f.engine.state().NetPosition(kBtc).units() == 0);
    CHECK(f.Order("g1a").open());
    while (f.State("g1a") == OrderState::kUnknown || f.State("g1a") == OrderState::kAccepted) {
      f.Advance(500ms);
      if (f.TakeSent("trades-of 7"))
        f.Answer(f.taken,
                 EngineFixture::Trades({f.Trade("7", "t1", "0.4"), f.Trade("7", "t2", "0.6")}));
      if (f.TakeSent("query g1a"))
        f.Answer(f.taken,
                 EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kFilled, "1")));
      REQUIRE(f.now < base::FromUnixMillis(1'700'000'060'000));
    }
    CHECK(f.State("g1a") == OrderState::kFilled);
    CHECK(f.Count(ExecKind::kFill) == 2);
  }
  SECTION("expired unfilled") {
    f.Answer("query g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kExpired, "0")));
    CHECK(f.State("g1a") == OrderState::kExpired);
  }
  SECTION("rejected") {
    f.Answer("query g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kRejected, "0")));
    CHECK(f.State("g1a") == OrderState::kRejected);
  }
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE(
    "Absence is proven by venue time, a cancel that knows no such order, and two empty looks") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  NeverFound(f, 11s);  // within timestamp + window (2 s) + engine timeout (10 s)
  CHECK(f.State("g1a") == OrderState::kUnknown);
  CHECK(f.Count(ExecKind::kAbsent) == 0);
  CHECK_FALSE(f.TakeSent("cancel"));  // too early to mean anything
  while (!f.TakeSent("time")) {
    f.Advance(500ms);
    while (f.TakeSent("query ")) f.Answer(f.taken, EngineFixture::NotFound(), 400);
    REQUIRE(f.now < base::FromUnixMillis(1'700'000'060'000));
  }
  f.sent.push_front(f.taken);
  ServerTime(f);                                          // (a)
  f.Answer("query g1a", EngineFixture::NotFound(), 400);  // (c) first
  f.Answer("trades-since", EngineFixture::Trades({}));
  const base::Time first = f.now;
  CHECK(f.State("g1a") == OrderState::kUnknown);
  f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);  // (b)
  CHECK(f.State("g1a") == OrderState::kUnknown);
  CHECK_FALSE(f.TakeSent("query"));
  f.Advance(4s);
  CHECK_FALSE(f.TakeSent("query"));  // not twice in a breath
  f.Advance(1s);
  f.Answer("query g1a", EngineFixture::NotFound(), 400);  // (c) second
  CHECK(f.State("g1a") == OrderState::kUnknown);
  f.Answer("trades-since", EngineFixture::Trades({}));
  CHECK(f.State("g1a") == OrderState::kAbsent);
  CHECK(f.now - first >= f.venue.rules.empty_apart);
  const std::string& evidence = f.Last("g1a").evidence;
  CHECK(std::count(evidence.begin(), evidence.end(), ';') ==
        5);  // time, query, trades, cancel, query, trades
  CHECK(f.engine.stats().absences_proven == 1);
  CHECK(f.SavedState() == f.RecoveredState());
}

// Runs the protocol to its end with one of its parts answered differently.
struct Deviation {
  const char* name;
  bool time = true, query = true, trades = true, cancel = true;
  base::Duration lists_back = base::Duration::max();
};

TEST_CASE("With any part of the proof missing an order stays UNKNOWN") {
  const Deviation deviations[] = {
      {.name = "venue time never answers", .time = false},
      {.name = "queries fail", .query = false},
      {.name = "trades fail", .trades = false},
      {.name = "cancels fail", .cancel = false},
      {.name = "the venue lists no trades from so far back", .lists_back = 10s},
  };
  for (const Deviation& deviation : deviations) {
    CAPTURE(deviation.name);
    EngineFixture f;
    f.venue.rules.lists_back = deviation.lists_back;
    LosePlacement(f, "g1a");
    for (int i = 0; i < 400; ++i) {
      f.Advance(1s);
      while (!f.sent.empty()) {
        const OutgoingRequest request = f.sent.front();
        f.sent.pop_front();
        venue::Answer answer;  // unknown: a failed request
        switch (request.wire.kind) {
          case venue::RequestKind::kServerTime:
            if (deviation.time) {
              answer = EngineFixture::Confirmed();
              answer.server_time = f.now;
            }
            break;
          case venue::RequestKind::kQueryOrder:
            if (deviation.query) answer = EngineFixture::NotFound();
            break;
          case venue::RequestKind::kTrades:
            if (deviation.trades) answer = EngineFixture::Trades({});
            break;
          case venue::RequestKind::kCancel:
            if (deviation.cancel)
              answer = EngineFixture::Refused("-2011", "Unknown order sent.", true);
            break;
          default:
            answer = EngineFixture::Confirmed();
        }
        f.Answer(request, answer, 500);
      }
    }
    CHECK(f.State("g1a") == OrderState::kUnknown);
    CHECK(f.Count(ExecKind::kAbsent) == 0);
    CHECK(f.Count(ExecKind::kUnknown) == 1);
  }
}

TEST_CASE("The cancel that asks may find the order: then it is cancelled, with the venue's word") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  for (int i = 0; i < 60 && f.State("g1a") == OrderState::kUnknown; ++i) {
    f.Advance(1s);
    while (f.TakeSent("query "))
      f.Answer(f.taken, EngineFixture::NotFound(), 400);  // a lagging back end
    if (f.TakeSent("trades-since")) f.Answer(f.taken, EngineFixture::Trades({}));
    while (f.TakeSent("time")) {
      f.sent.push_front(f.taken);
      ServerTime(f);
    }
    while (f.TakeSent("query ")) f.Answer(f.taken, EngineFixture::NotFound(), 400);
    if (f.TakeSent("trades-since")) f.Answer(f.taken, EngineFixture::Trades({}));
    if (f.TakeSent("cancel g1a")) {
      f.Answer(f.taken,
               EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
    }
  }
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.Count(ExecKind::kAbsent) == 0);
}

TEST_CASE("A trade that nobody can explain keeps an order UNKNOWN until it is named") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  bool told = false;
  for (int i = 0; i < 60 && f.State("g1a") == OrderState::kUnknown; ++i) {
    f.Advance(1s);
    while (!f.sent.empty()) {
      const OutgoingRequest request = f.sent.front();
      f.sent.pop_front();
      const std::string& words = request.wire.target;
      if (words.starts_with("identify 7")) {
        f.Answer(request,
                 EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kFilled, "1")));
        told = true;
      } else if (words.starts_with("trades-since")) {
        f.Answer(request, EngineFixture::Trades({f.Trade("7", "5001", "1")}));
      } else if (words == "time") {
        f.sent.push_front(request);
        ServerTime(f);
      } else if (words.starts_with("query") || words.starts_with("cancel")) {
        f.Answer(request, EngineFixture::NotFound(), 400);
      } else {
        f.Answer(request, EngineFixture::Confirmed());
      }
    }
  }
  CHECK(told);
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 1000);
  CHECK(f.Count(ExecKind::kAbsent) == 0);
}

TEST_CASE("Missed trades of an order are asked for page by page") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CancelIntent("c1", "g1a");
  f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);
  f.Answer("query g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kFilled, "1")));
  venue::Answer newest = EngineFixture::Trades({f.Trade("7", "5002", "0.4")});
  newest.more_trades = true;
  f.Answer("trades-of 7", newest);
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  f.Answer("trades-from test:BTCUSDT 5002", EngineFixture::Trades({f.Trade("7", "5001", "0.6")}));
  CHECK(f.State("g1a") == OrderState::kFilled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 1000);
}

TEST_CASE("A trade that nobody can explain stands against the proof on whichever page it is") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  const venue::TradeUpdate strange = f.Trade("99", "5001", "1"), ours = f.Trade("7", "5002", "1");
  const size_t page = GENERATE(0, 1);
  const auto page_of = [&](size_t which) {
    venue::Answer answer = EngineFixture::Trades({which == page ? strange : ours});
    answer.more_trades = which == 0;
    return answer;
  };
  f.Working("known", "7");
  f.StreamFill("known", "7", "5002", "1", "1", VenueOrderStatus::kFilled);
  for (int i = 0; i < 60; ++i) {
    f.Advance(1s);
    while (!f.sent.empty()) {
      const OutgoingRequest request = f.sent.front();
      f.sent.pop_front();
      const std::string& words = request.wire.target;
      if (words.starts_with("identify")) {
        f.Answer(request, venue::Answer{}, 500);
      } else if (words.starts_with("trades-since")) {
        f.Answer(request, page_of(0));
      } else if (words.starts_with("trades-from")) {
        f.Answer(request, page_of(1));
      } else if (words == "time") {
        f.sent.push_front(request);
        ServerTime(f);
      } else if (words.starts_with("query") || words.starts_with("cancel")) {
        f.Answer(request, EngineFixture::NotFound(), 400);
      } else {
        f.Answer(request, EngineFixture::Confirmed());
      }
    }
  }
  CHECK(f.State("g1a") == OrderState::kUnknown);
}

TEST_CASE("The proof of absence goes on as soon as the trade that stood against it is named") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  const venue::TradeUpdate foreign = f.Trade("99", "5001", "1");
  std::vector<OutgoingRequest> naming;
  const auto answer_all = [&] {
    while (!f.sent.empty()) {
      const OutgoingRequest request = f.sent.front();
      f.sent.pop_front();
      const std::string& words = request.wire.target;
      if (words.starts_with("identify 99")) {
        naming.push_back(request);
      } else if (words.starts_with("trades-since")) {
        f.Answer(request, EngineFixture::Trades({foreign}));
      } else if (words == "time") {
        f.sent.push_front(request);
        ServerTime(f);
      } else if (words.starts_with("query") || words.starts_with("cancel")) {
        f.Answer(request, EngineFixture::NotFound(), 400);
      } else {
        f.Answer(request, EngineFixture::Confirmed());
      }
    }
  };
  for (int i = 0; i < 60; ++i) {
    f.Advance(1s);
    answer_all();
  }
  // Asked seldom by now.
  f.Advance(1ms);
  CHECK_FALSE(f.TakeSent("query g1a"));
  REQUIRE(naming.size() == 1);
  f.Answer(naming.front(),
           EngineFixture::Confirmed(f.Update("web-1", "99", VenueOrderStatus::kFilled, "1")));
  CHECK(f.State("web-1") == OrderState::kFilled);
  f.Advance(1ms);
  CHECK(f.TakeSent("query g1a"));
}

TEST_CASE("An order proven absent that shows up after all is an alarm") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  for (int i = 0; i < 60 && f.State("g1a") == OrderState::kUnknown; ++i) {
    f.Advance(1s);
    while (!f.sent.empty()) {
      const OutgoingRequest request = f.sent.front();
      f.sent.pop_front();
      if (request.wire.target == "time") {
        f.sent.push_front(request);
        ServerTime(f);
      } else if (request.wire.kind == venue::RequestKind::kQueryOrder ||
                 request.wire.kind == venue::RequestKind::kCancel) {
        f.Answer(request, EngineFixture::NotFound(), 400);
      } else {
        f.Answer(request, EngineFixture::Confirmed());
      }
    }
  }
  REQUIRE(f.State("g1a") == OrderState::kAbsent);
  f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kNew, "0"));
  CHECK(f.State("g1a") == OrderState::kAbsent);
  CHECK(f.Count(ExecKind::kIllegal) == 1);
  CHECK_FALSE(f.engine.Problems(f.now).empty());
}

TEST_CASE("UNKNOWN blocks new orders in its instrument where that is configured") {
  ExecutionOptions options = EngineFixture::Options();
  options.block_on_unknown = true;
  EngineFixture f(options);
  LosePlacement(f, "g1a");
  f.Place("g1b");
  CHECK(f.Last("g1b").kind == ExecKind::kNotSent);
  f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kNew, "0"));
  f.Place("g1c");
  CHECK(f.Last("g1c").kind == ExecKind::kJournaled);
}

TEST_CASE("One cancel is told as rejected once, however often it was sent") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CancelIntent("c1", "g1a");
  f.Lose("cancel g1a");
  f.Advance(600ms);
  const auto works = [&] {
    return EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0"));
  };
  f.Answer("query g1a", works());
  SECTION("the second request is refused") {
    f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);
  }
  SECTION("the second request does not leave") {
    f.Lose("cancel g1a", NotSentError({market::RejectReason::kMessageRate, "a pause"}));
  }
  REQUIRE(f.Count(ExecKind::kCancelRejected, "g1a") == 1);
  for (int i = 0; i < 60; ++i) {
    f.Advance(1s);
    while (f.TakeSent("query g1a")) f.Answer(f.taken, works());
  }
  CHECK(f.Count(ExecKind::kCancelRejected, "g1a") == 1);
  CHECK(f.State("g1a") == OrderState::kAccepted);
}

TEST_CASE("Nothing below the intent layer places an order again") {
  EngineFixture f;
  f.Place("g1a");
  REQUIRE(f.TakeSent("place g1a"));
  f.sent.push_front(f.taken);
  f.Lose("place g1a");
  for (int i = 0; i < 120; ++i) {
    f.Advance(1s);
    while (!f.sent.empty()) {
      const OutgoingRequest request = f.sent.front();
      f.sent.pop_front();
      CHECK_FALSE(request.wire.target.starts_with("place"));
      CHECK_FALSE(request.needs_verdict);
      f.Answer(request, venue::Answer{}, 500);
    }
  }
}

TEST_CASE("What was not found before its own answer was due is not missing, nor asked for late") {
  EngineFixture f;
  f.Place("g1a");
  REQUIRE(f.TakeSent("place g1a"));
  const OutgoingRequest placement = f.taken;
  f.CancelIntent("c1", "g1a");
  f.Answer("cancel g1a", EngineFixture::Refused("-2011", "Unknown order sent.", true), 400);
  NeverFound(f, 19s);  // by now the pauses are long
  CHECK(f.engine.stats().vanished_orders == 0);
  wire::HttpExchange lost;
  lost.request_id = placement.id;
  lost.transport_error = "timeout";
  f.engine.OnHttp(lost, f.Cause(), f.now);
  REQUIRE(f.State("g1a") == OrderState::kUnknown);
  f.Advance(1500ms);
  CHECK(f.TakeSent("time"));
}

TEST_CASE("The proof of absence is begun as soon as it can be had") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  const base::Time last = f.now + 2s + f.venue.rules.engine_timeout;  // receive window and engine
  while (f.now < last) {
    f.Advance(100ms);
    while (f.TakeSent("query ")) f.Answer(f.taken, EngineFixture::NotFound(), 400);
  }
  f.Advance(100ms);
  while (f.TakeSent("query ")) f.Answer(f.taken, EngineFixture::NotFound(), 400);
  REQUIRE(f.TakeSent("time"));
  // A clock that stands at that very moment is not past it; the next look is at once.
  venue::Answer early = EngineFixture::Confirmed();
  early.server_time = last;
  f.Answer(f.taken, early);
  f.Advance(1ms);
  CHECK(f.TakeSent("time"));
}

TEST_CASE("An order is missing only when it is in none of the places where it may be") {
  EngineFixture f;
  f.venue.places = 2;
  f.Working("g1a", "7");
  f.CloseStream();
  f.Open();
  f.Reconcile();
  f.Answer("query g1a", EngineFixture::NotFound(), 400);
  CHECK(f.engine.stats().vanished_orders == 0);
  CHECK_FALSE(f.engine.ready());
  SECTION("found in the second") {
    f.Answer("past-query g1a",
             EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK(f.engine.stats().vanished_orders == 0);
  }
  SECTION("in none") {
    f.Lose("past-query g1a");  // says nothing
    CHECK(f.engine.stats().vanished_orders == 0);
    f.Advance(2s);
    f.Answer("past-query g1a", EngineFixture::NotFound(), 400);
    CHECK(f.State("g1a") == OrderState::kAccepted);
    CHECK(f.engine.stats().vanished_orders == 1);
    f.Advance(4s);
    CHECK(f.TakeSent("query g1a"));  // from the first again
  }
  f.Advance(1ms);
  CHECK(f.engine.ready());
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("An order whose trade the venue does not list is asked for all the same") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.StreamOrder(
      f.Update("g1a", "7", VenueOrderStatus::kPartiallyFilled, "0.5"));  // its fill was lost
  f.Advance(1s);
  f.Answer("trades-of 7", EngineFixture::Trades({}));
  f.CloseStream();
  f.Open();
  f.Reconcile();
  const bool listed = GENERATE(true, false);
  size_t asked = 0;
  for (int i = 0; i < 60; ++i) {
    f.Advance(1s);
    while (f.TakeSent("trades-of 7")) {
      f.Answer(f.taken, EngineFixture::Trades({}));
      ++asked;
    }
    while (f.TakeSent("query g1a")) {
      f.Answer(f.taken, listed ? EngineFixture::Confirmed(f.Update(
                                     "g1a", "7", VenueOrderStatus::kPartiallyFilled, "0.5"))
                               : EngineFixture::NotFound());
      ++asked;
    }
  }
  CHECK(f.engine.ready());
  CHECK(f.engine.stats().vanished_orders == (listed ? 0 : 1));
  CHECK(asked < 20);  // ever more slowly
  f.Advance(60s);
  while (f.TakeSent("query g1a")) {
    f.Answer(f.taken, EngineFixture::NotFound());
    f.Advance(60s);
  }
  f.Answer("trades-of 7", EngineFixture::Trades({f.Trade("7", "101", "0.5")}));
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
}

TEST_CASE("Queries back off while the venue does not answer") {
  EngineFixture f;
  LosePlacement(f, "g1a");
  int asked = 0;
  for (int i = 0; i < 300; ++i) {
    f.Advance(1s);
    while (!f.sent.empty()) {
      const OutgoingRequest request = f.sent.front();
      f.sent.pop_front();
      ++asked;
      f.Answer(request, venue::Answer{}, 500);
    }
  }
  CHECK(asked >= 10);
  CHECK(asked <= 100);  // with the timers' reconciliations; 30 s apart in the end
}

}  // namespace
}  // namespace gannet::execution
