// Closing what a kill switch finds held, by execution's own verdict.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "libs/venue/answer_parts.h"
#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using market::AssetId;
using market::CommandKind;
using market::ExecKind;
using market::Money;
using market::OrderState;
using market::Scope;
using market::ScopeKind;
using venue::VenueOrderStatus;
using namespace std::chrono_literals;

const Scope kFirm{ScopeKind::kFirm, ""};

struct Fixture : EngineFixture {
  explicit Fixture(bool perpetual = true, bool start = true) : EngineFixture(Options(), false) {
    venue.derivatives = perpetual;
    if (perpetual) btc.kind = market::InstrumentKind::kPerpetual;
    btc.version = 2;
    btc.min_quantity = {10};
    engine.OnInstrument({Cause(), btc}, now);
    if (start) Start();
  }
  // A strategy's order of one instrument, filled.
  void Fill(const std::string& id, const std::string& strategy, market::Side side,
            const std::string& quantity) {
    market::OrderIntent intent = Intent(id, btc.ParseQuantity(quantity)->mantissa);
    intent.strategy = market::StrategyId(strategy);
    intent.instrument_version = 2;
    intent.side = side;
    Rehash(intent);
    Decide(intent);
    const std::string number = std::to_string(++venue_orders);
    venue::OrderUpdate update = Update(id, number, VenueOrderStatus::kFilled, quantity);
    update.side = side;
    update.trade = Trade(number, number, quantity);
    update.trade->side = side;
    Answer("place " + id, Confirmed(update, {*update.trade}));
    REQUIRE(State(id) == OrderState::kFilled);
  }
  // What the venue says is held.
  venue::Answer Holds(const std::string& quantity) const {
    venue::Answer answer = Confirmed();
    answer.evidence = "http:account";
    answer.balances_time = now - 1ms;
    if (btc.kind == market::InstrumentKind::kSpot) {
      answer.balances = {{AssetId("BTC"), Amount(quantity), Money()}};
    } else {
      answer.positions.emplace();
      if (quantity != "0") answer.positions->push_back({kBtc, quantity});
    }
    return answer;
  }
  static Money Amount(const std::string& text) { return {*market::ParseDecimal128(text, 8), 8}; }
  static venue::Answer Best(std::string bid, std::string ask) {
    venue::Answer answer = Confirmed();
    answer.best = venue::BestPrices{std::move(bid), std::move(ask)};
    return answer;
  }
  void Kill(const Scope& scope, bool flatten = true, const std::string& request = "kill-1") {
    market::Command command;
    command.kind = CommandKind::kKill;
    command.scope = scope;
    command.person = "ann";
    command.reason = "out of this";
    command.request_id = request;
    command.flatten = flatten;
    engine.OnCommand({Cause(), command}, now);
  }
  // The lists show nothing of the scope.
  void Withdrawn() { Answer("open-orders", Confirmed()); }
  // One round: the account, and prices. The order that closes, if one was sent.
  std::string Round(const std::string& held, const std::string& bid = "49990",
                    const std::string& ask = "50010") {
    Answer("account", Holds(held));
    if (!TakeSent("best test:BTCUSDT")) return "";
    Answer(taken, Best(bid, ask));
    if (!TakeSent("place ")) return "";
    return taken.wire.target.substr(std::string("place ").size());
  }
  // The id in words as Round gives them.
  static std::string IdIn(const std::string& words) { return words.substr(0, words.find(' ')); }
  void Closed(const std::string& words, const std::string& quantity,
              VenueOrderStatus status = VenueOrderStatus::kFilled) {
    const std::string id = IdIn(words), number = std::to_string(++venue_orders);
    venue::OrderUpdate update = Update(id, number, status, quantity);
    update.side = Order(id).intent.side;
    std::vector<venue::TradeUpdate> trades;
    if (quantity != "0") {
      update.trade = Trade(number, number, quantity);
      update.trade->side = update.side;
      trades = {*update.trade};
    }
    Answer(taken, Confirmed(update, trades));
  }
  Money Position(const std::string& strategy) const {
    const market::Position* position =
        engine.state().positions().Find({kAccount, market::StrategyId(strategy), kBtc});
    return position == nullptr ? Money() : Money(position->net.mantissa, 3);
  }
  const StopRun& Run() const { return engine.stops().back(); }
  int venue_orders = 100;
};

TEST_CASE("A kill switch that flattens closes what a strategy holds, and answers once it is flat") {
  Fixture f;
  const bool is_long = GENERATE(true, false);
  f.Fill("g1a", "maker", is_long ? market::Side::kBuy : market::Side::kSell, "2");
  f.Kill(kFirm);
  CHECK_FALSE(f.TakeSent("account"));  // the lists come first
  f.Withdrawn();
  const std::string words = f.Round(is_long ? "2" : "-2");
  const std::string id = f.IdIn(words);
  CHECK(words == id + " 2 reduce-only");
  const market::OrderIntent& intent = f.Order(id).intent;
  CHECK(intent.strategy.text() == "maker");
  CHECK(intent.side == (is_long ? market::Side::kSell : market::Side::kBuy));
  CHECK(intent.time_in_force == market::TimeInForce::kIoc);
  CHECK(intent.price.mantissa == (is_long ? 49'500'00 : 50'500'00));  // one in a hundred of 50 000
  CHECK(intent.reason == "flatten by ann: out of this");
  CHECK(f.Last(id).detail == intent.reason);
  CHECK(f.taken.needs_verdict);
  CHECK_FALSE(f.engine.SendBlock(f.taken, f.now).has_value());
  // The sweep of the kill switch leaves it alone.
  f.Advance(3s);
  CHECK_FALSE(f.TakeSent("cancel"));
  CHECK(f.answers.empty());
  f.Closed(words, "2");
  f.Advance(1s);
  CHECK(f.Round("0").empty());
  REQUIRE(f.answers.size() == 1);
  CHECK(f.Run().step == StopRun::Step::kVerified);
  CHECK(f.Run().left.empty());
  CHECK(f.answers[0].detail.ends_with(
      "1 orders sent to close positions; flat by the venue's account"));
  CHECK(f.Position("maker").zero());
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("No more is closed than the venue proves, and the rest is named") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "2");
  f.Kill(kFirm);
  f.Withdrawn();
  SECTION("of less") {
    const std::string words = f.Round("0.5");
    CHECK(words.ends_with(" 0.5 reduce-only"));
    f.Closed(words, "0.5");
    f.Advance(1s);
  }
  SECTION("of nothing, or of the other side") { CHECK(f.Round(GENERATE("0", "-2")).empty()); }
  for (int looks = 0; f.answers.empty() && looks < 3; ++looks) {
    f.Advance(5s);
    if (f.TakeSent("account")) f.Answer(f.taken, f.Holds("0"));
  }
  REQUIRE(f.answers.size() == 1);
  REQUIRE(f.Run().left.size() == 1);
  CHECK(f.Run().left[0].starts_with("maker in test:BTCUSDT: "));
  CHECK(f.Run().left[0].ends_with(" by the books, 0 proven by the venue"));
}

TEST_CASE("Strategies that offset each other are flat where the venue holds nothing") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "3");
  f.Fill("g1b", "taker", market::Side::kSell, "2");
  SECTION("of the firm") {
    f.Kill(kFirm);
    f.Withdrawn();
    const std::string words = f.Round("1");
    CHECK(words.ends_with(" 1 reduce-only"));
    f.Closed(words, "1");
    f.Advance(1s);
    CHECK(f.Round("0").empty());
    REQUIRE(f.answers.size() == 1);
    CHECK(f.Run().left.empty());
  }
  SECTION("not of one of them") {
    f.Kill({ScopeKind::kStrategy, "taker"});
    f.Withdrawn();
    CHECK(f.Round("1").empty());
    f.Advance(5s);
    CHECK(f.Round("1").empty());
    REQUIRE(f.answers.size() == 1);
    CHECK(f.Run().left == std::vector<std::string>{
                              "taker in test:BTCUSDT: -2 by the books, 0 proven by the venue"});
  }
}

TEST_CASE("Hedge mode: both sides are closed") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "3");
  f.Fill("g1b", "taker", market::Side::kSell, "2");
  f.Kill(kFirm);
  f.Withdrawn();
  venue::Answer account = f.Holds("0");
  venue::AddPosition(*account.positions, kBtc, "3");
  venue::AddPosition(*account.positions, kBtc, "2", /*is_short=*/true);
  f.Answer("account", account);
  f.Answer("best ", f.Best("49990", "50010"));
  REQUIRE(f.TakeSent("place "));
  f.Closed(f.taken.wire.target.substr(6), "3");
  REQUIRE(f.TakeSent("place "));
  f.Closed(f.taken.wire.target.substr(6), "2");
  f.Advance(1s);
  CHECK(f.Round("0").empty());
  CHECK(f.answers.size() == 1);
  CHECK(f.Position("maker").zero());
  CHECK(f.Position("taker").zero());
}

TEST_CASE("Spot: a strategy's coins are sold as far as the balance goes") {
  Fixture f(/*perpetual=*/false);
  f.btc.min_notional = Money(100, 0);
  f.btc.version = 3;
  f.engine.OnInstrument({f.Cause(), f.btc}, f.now);
  market::OrderIntent bought = f.Intent("g1a", 2'001);
  bought.instrument_version = 3;
  f.Rehash(bought);
  f.Decide(bought);
  venue::OrderUpdate filled = f.Update("g1a", "7", VenueOrderStatus::kFilled, "2.001");
  f.Answer("place g1a", f.Confirmed(filled, {f.Trade("7", "7", "2.001")}));
  f.Kill({ScopeKind::kStrategy, "maker"});
  f.Withdrawn();
  SECTION("all but what is too small") {
    const std::string words = f.Round("9");
    CHECK(words.ends_with(" 2.001 reduce-only"));
    f.Closed(words, "2", VenueOrderStatus::kExpired);
    f.Advance(1s);
    CHECK(f.Round("7").empty());
    REQUIRE(f.answers.size() == 1);
    CHECK(f.Run().left.empty());
    CHECK(f.Run().dust == std::vector<std::string>{"maker in test:BTCUSDT: 0.001"});
  }
  SECTION("and what another hand took away is not sold") {
    CHECK(f.Round("1").ends_with(" 1 reduce-only"));
  }
}

TEST_CASE("What is filled by hand while a round waits for prices is closed by another one") {
  Fixture f(/*perpetual=*/false);
  f.btc.min_notional = Money(1'000, 0);
  f.btc.version = 3;
  f.engine.OnInstrument({f.Cause(), f.btc}, f.now);
  market::OrderIntent bought = f.Intent("g1a", 11);
  bought.instrument_version = 3;
  f.Rehash(bought);
  f.Decide(bought);
  f.Answer("place g1a", f.Confirmed(f.Update("g1a", "7", VenueOrderStatus::kFilled, "0.011"),
                                    {f.Trade("7", "7", "0.011")}));
  f.Kill(kFirm);
  f.Withdrawn();
  f.Answer("account", f.Holds("0.011"));
  REQUIRE(f.TakeSent("best test:BTCUSDT"));
  f.StreamFill("web_1", "500", "8", "2", "2", VenueOrderStatus::kFilled);
  REQUIRE(f.Position("EXTERNAL") == f.Amount("2"));
  f.Answer(f.taken, f.Best("49990", "50010"));  // 0.011 are worth too little
  CHECK(f.answers.empty());
  f.Advance(1s);
  const std::string words = f.Round("2.011");
  CHECK(words.ends_with(" 2 reduce-only"));
  f.Closed(words, "2");
  f.Advance(1s);
  CHECK(f.Round("0.011").empty());
  REQUIRE(f.answers.size() == 1);
  CHECK(f.Run().dust == std::vector<std::string>{"maker in test:BTCUSDT: 0.011"});
}

TEST_CASE("An order that somebody places while a round waits for prices is withdrawn first") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "2");
  f.Kill(kFirm);
  f.Withdrawn();
  f.Answer("account", f.Holds("2"));
  REQUIRE(f.TakeSent("best test:BTCUSDT"));
  const auto best = f.taken;
  f.StreamOrder(f.Update("web_1", "500", VenueOrderStatus::kNew, "0"));
  f.Advance(1s);
  f.Answer(best, f.Best("49990", "50010"));
  CHECK(f.answers.empty());  // not at its end
  CHECK_FALSE(f.TakeSent("place "));
  f.StreamOrder(f.Update("web_1", "500", VenueOrderStatus::kCanceled, "0"));
  f.Advance(1s);
  while (f.TakeSent("open-orders")) f.Answer(f.taken, f.Confirmed());
  f.Advance(1s);
  while (f.TakeSent("open-orders")) f.Answer(f.taken, f.Confirmed());
  CHECK(f.Round("2").ends_with(" 2 reduce-only"));
}

TEST_CASE("Without a fair price nothing is sold, and it is tried again") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "2");
  f.Kill(kFirm);
  f.Withdrawn();
  // A book that nobody quotes: 40 000 is no price for what the others want 50 000 for.
  CHECK(f.Round("2", "40000", "50000").empty());
  REQUIRE(f.Run().waits.size() == 1);
  CHECK(f.Run().waits[0].ends_with("bid 40000 and ask 50000 are too far apart for a fair price"));
  f.Advance(1s);
  CHECK(f.Round("2", "", "50000").empty());
  CHECK(f.Run().waits[0].ends_with("the venue shows no bid and ask"));
  f.Advance(2s);
  f.Answer("account", f.Holds("2"));
  f.Lose("best ");
  CHECK(f.Run().waits[0].ends_with("the venue does not tell its price"));
  CHECK(f.answers.empty());
  f.Advance(4s);
  CHECK(f.Round("2").ends_with(" 2 reduce-only"));
}

TEST_CASE("What is refused or does not fill is tried again, at growing distances") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "2");
  f.Kill(kFirm);
  f.Withdrawn();
  std::set<std::string> names;
  for (const base::Duration pause : {1s, 2s, 4s}) {
    const std::string words = f.Round("2");
    REQUIRE(words.ends_with(" 2 reduce-only"));
    names.insert(f.IdIn(words));
    f.Closed(words, "0", VenueOrderStatus::kExpired);
    f.Advance(pause - 1ms);
    CHECK_FALSE(f.TakeSent("account"));
    f.Advance(1ms);
  }
  CHECK(names.size() == 3);
  // Something fills: the next look comes soon.
  f.Closed(f.Round("2"), "1.5", VenueOrderStatus::kExpired);
  f.Advance(8s);
  CHECK(f.Round("0.5").ends_with(" 0.5 reduce-only"));
  CHECK(f.Run().pause == 1s);
  CHECK(f.Position("maker") == Money(500, 3));
}

TEST_CASE("An order that closes and whose fate is unknown is waited for") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "2");
  f.Kill(kFirm);
  f.Withdrawn();
  const std::string words = f.Round("2"), id = f.IdIn(words);
  f.sent.push_front(f.taken);
  f.Lose("place " + id);
  CHECK(f.State(id) == OrderState::kUnknown);
  f.Advance(900ms);
  CHECK_FALSE(f.TakeSent("account"));
  venue::OrderUpdate filled = f.Update(id, "77", VenueOrderStatus::kFilled, "2");
  filled.side = market::Side::kSell;
  filled.trade = f.Trade("77", "77", "2");
  filled.trade->side = market::Side::kSell;
  f.StreamOrder(filled);
  CHECK(f.State(id) == OrderState::kFilled);
  f.Advance(2s);
  CHECK(f.Round("0").empty());
  CHECK(f.answers.size() == 1);
}

TEST_CASE("Nothing is closed once the switch is lifted, nor by a verdict that is too old") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "2");
  f.Kill(kFirm);
  f.Withdrawn();
  SECTION("before the prices came") {
    f.Answer("account", f.Holds("2"));
    f.Command(CommandKind::kResume, kFirm);
    f.Answer("best ", f.Best("49990", "50010"));
    CHECK_FALSE(f.TakeSent("place "));
  }
  SECTION("before its bytes left") {
    REQUIRE_FALSE(f.Round("2").empty());
    const OutgoingRequest request = f.taken;
    const auto late = f.engine.SendBlock(request, f.now + 6s);
    REQUIRE(late.has_value());
    CHECK(late->text == "the verdict expired before its bytes could leave");
    f.Command(CommandKind::kResume, kFirm);
    const auto lifted = f.engine.SendBlock(request, f.now);
    REQUIRE(lifted.has_value());
    CHECK(lifted->text == "the kill switch in whose name it closes a position is lifted");
  }
  f.Advance(30s);
  CHECK(f.answers.empty());
  CHECK(f.Run().over);
}

TEST_CASE("A kill switch without it leaves positions as they are, and a second one closes them") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "2");
  f.Kill(kFirm, /*flatten=*/false);
  f.Withdrawn();
  CHECK(f.answers.size() == 1);
  CHECK_FALSE(f.TakeSent("account"));
  f.Kill(kFirm, /*flatten=*/true, "kill-2");
  f.Withdrawn();
  CHECK(f.Round("2").ends_with(" 2 reduce-only"));
  // A third one while that is under way: one order at a time closes a position.
  const OutgoingRequest placed = f.taken;
  f.Kill({ScopeKind::kStrategy, "maker"}, /*flatten=*/true, "kill-3");
  CHECK_FALSE(f.TakeSent("place "));
  f.taken = placed;
  f.Closed(placed.wire.target.substr(6), "2");
  f.Advance(10s);
  for (int looks = 0; f.answers.size() < 3 && looks < 10; ++looks) {
    while (f.TakeSent("open-orders")) f.Answer(f.taken, f.Confirmed());
    while (f.TakeSent("account")) f.Answer(f.taken, f.Holds("0"));
    f.Advance(5s);
  }
  CHECK_FALSE(f.TakeSent("place "));
  CHECK(f.answers.size() == 3);
  CHECK(f.engine.stats().closing_orders == 1);
}

TEST_CASE("A restart goes on with closing, and with what had been sent for it") {
  Fixture f;
  f.Fill("g1a", "maker", market::Side::kBuy, "2");
  f.Kill(kFirm);
  f.Withdrawn();
  const bool was_sent = GENERATE(true, false);
  std::string id;
  if (was_sent) id = f.IdIn(f.Round("2"));

  Fixture after(/*perpetual=*/true, /*start=*/false);
  after.now = f.now + 10s;
  const std::string saved = f.SavedState();
  wire::CanonicalReader in(saved);
  REQUIRE(after.engine.mutable_state().Load(in).ok());
  REQUIRE(in.done());
  CHECK(after.SavedState() == saved);
  after.engine.Resume(after.Cause(), after.now);
  REQUIRE(after.engine.stops().size() == 1);
  CHECK(after.Run().flatten);
  CHECK(after.Run().request_id == "kill-1");
  after.Open();
  if (was_sent) {
    CHECK(after.State(id) == OrderState::kUnknown);
    venue::OrderUpdate filled = after.Update(id, "77", VenueOrderStatus::kFilled, "2");
    filled.side = market::Side::kSell;
    filled.trade = after.Trade("77", "77", "2");
    filled.trade->side = market::Side::kSell;
    after.StreamOrder(filled);
    CHECK(after.Position("maker").zero());
  }
  const std::string held = was_sent ? "0" : "2";
  std::string words;
  for (int looks = 0; after.answers.empty() && words.empty() && looks < 20; ++looks) {
    for (bool again = true; again;) {
      again = false;
      for (const char* asked : {"open-orders", "changes", "trades-", "query "}) {
        while (after.TakeSent(asked)) {
          after.Answer(after.taken, after.Confirmed());
          again = true;
        }
      }
      while (after.TakeSent("account")) {
        after.Answer(after.taken, after.Holds(held));
        again = true;
      }
      while (after.TakeSent("best ")) {
        after.Answer(after.taken, after.Best("49990", "50010"));
        again = true;
      }
      if (after.TakeSent("place ")) words = after.taken.wire.target.substr(6);
    }
    after.Advance(1s);
  }
  if (was_sent) {
    CHECK(words.empty());
    CHECK(after.answers.size() == 1);
    // It is at its end: the next start has nothing to go on with.
    CHECK_FALSE(after.engine.state().own_gates().at(kFirm).flatten.has_value());
  } else {
    CHECK(words.ends_with(" 2 reduce-only"));
  }
}

}  // namespace
}  // namespace gannet::execution
