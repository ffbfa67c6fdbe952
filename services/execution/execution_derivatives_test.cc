// What accounts with positions need, and orders that go on under a second id.
#include <catch2/catch_test_macros.hpp>

#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using venue::VenueOrderStatus;
using namespace std::chrono_literals;

struct Fixture : EngineFixture {
  explicit Fixture(ExecutionOptions options = Options(), bool start = true)
      : EngineFixture(std::move(options), false) {
    venue.two_identities = true;
    venue.derivatives = true;
    btc.kind = market::InstrumentKind::kPerpetual;
    btc.version = 2;
    engine.OnInstrument({Cause(), btc}, now);
    if (start) Start();
  }
  market::OrderIntent Stop(const std::string& id) {
    market::OrderIntent intent = Intent(id);
    intent.instrument_version = 2;
    intent.type = market::OrderType::kStop;
    intent.price = {};
    intent.stop_price = {51'000'00};
    Rehash(intent);
    return intent;
  }
  // A stop order that waits as algo:9.
  void Waiting(const std::string& id) {
    Decide(Stop(id));
    Answer("place " + id, Confirmed(Algo(id)));
    REQUIRE(State(id) == OrderState::kAccepted);
  }
  venue::OrderUpdate Algo(const std::string& id) const {
    venue::OrderUpdate update = Update(id, "algo:9", VenueOrderStatus::kNew, "0");
    update.type = market::OrderType::kStop;
    update.triggered = false;
    return update;
  }
  venue::OrderUpdate Moved(const std::string& id, const std::string& order) const {
    venue::OrderUpdate update = Algo(id);
    update.venue_order_id = market::VenueOrderId(order);
    update.cumulative.clear();
    update.triggered = update.elsewhere = true;
    return update;
  }
  venue::Answer Account(const std::string& position, const std::string& wallet = "1000") {
    venue::Answer answer = Confirmed();
    answer.balances = {{market::AssetId("USDT"), *Amount(wallet), market::Money()}};
    answer.balances_time = now - 1ms;
    answer.positions.emplace();
    if (position != "0") answer.positions->push_back({kBtc, position});
    return answer;
  }
  static std::optional<market::Money> Amount(const std::string& text) {
    const auto units = market::ParseDecimal128(text, 8);
    return units ? std::optional(market::Money(*units, 8)) : std::nullopt;
  }
  // Runs the time on and answers what is asked by the first words that fit.
  using Reply = std::pair<std::string, std::function<venue::Answer()>>;
  void Answering(base::Duration span, const std::vector<Reply>& replies) {
    for (base::Duration spent{0}; spent < span; spent += 100ms) {
      Advance(100ms);
      for (bool again = true; again;) {
        again = false;
        for (const auto& [words, reply] : replies) {
          while (TakeSent(words)) {
            asked.push_back(taken.wire.target);
            Answer(taken, reply());
            again = true;
          }
        }
      }
    }
  }
  size_t Asked(const std::string& words) const {
    return static_cast<size_t>(std::count(asked.begin(), asked.end(), words));
  }
  std::vector<std::string> asked;
};

TEST_CASE("A stop order goes on under its second id, and is asked for and cancelled by it") {
  Fixture f;
  f.Waiting("g1s");
  f.CancelIntent("c0", "g1other");
  venue::OrderUpdate order = f.Update("g1s", "456", VenueOrderStatus::kNew, "0");
  order.type = market::OrderType::kStop;
  order.triggered = true;
  f.StreamOrder(order);
  CHECK(f.State("g1s") == OrderState::kTriggered);
  CHECK(f.Order("g1s").venue_order_id.text() == "456");
  CHECK(f.engine.stats().twin_orders == 0);
  // What the algo side says late changes nothing.
  f.StreamOrder(f.Algo("g1s"));
  CHECK(f.Order("g1s").venue_order_id.text() == "456");
  CHECK(f.engine.stats().foreign_orders == 0);

  f.StreamFill("g1s", "456", "7", "0.4", "0.4");
  f.CancelIntent("c1", "g1s");
  REQUIRE(f.TakeSent("cancel-venue 456"));
  f.Answer(f.taken, f.Confirmed(f.Update("g1s", "456", VenueOrderStatus::kCanceled, "0.4")));
  CHECK(f.State("g1s") == OrderState::kCanceled);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("An order without our name waits until the waiting orders have said what they are") {
  Fixture f;
  f.Waiting("g1s");
  venue::OrderUpdate nameless = f.Update("auto-1", "456", VenueOrderStatus::kNew, "0");
  SECTION("one of them has become it") {
    f.StreamOrder(nameless);
    CHECK(f.engine.stats().names_awaited == 1);
    CHECK(f.engine.state().Find(market::ClientOrderId("auto-1")) == nullptr);
    f.Answering(3s, {{"query algo g1s", [&] { return f.Confirmed(f.Moved("g1s", "456")); }},
                     {"identify 456", [&] { return f.Confirmed(nameless); }}});
    CHECK(f.State("g1s") == OrderState::kTriggered);
    CHECK(f.Order("g1s").venue_order_id.text() == "456");
    CHECK(f.engine.stats().foreign_orders == 0);
  }
  SECTION("none of them has") {
    f.StreamOrder(nameless);
    f.Answering(3s, {{"query algo g1s", [&] { return f.Confirmed(f.Algo("g1s")); }},
                     {"identify 456", [&] { return f.Confirmed(nameless); }}});
    CHECK(f.State("g1s") == OrderState::kAccepted);
    CHECK(f.engine.stats().foreign_orders == 1);
    CHECK(f.State("auto-1") == OrderState::kAccepted);
  }
  SECTION("what was asked before says nothing of it") {
    f.venue.frame = {};
    f.Frame({.kind = venue::StreamKind::kBadFrame});  // everything is looked at again
    f.Answering(200ms, {{"account", [&] { return f.Account("0"); }},
                        {"changes", [&] { return f.Confirmed(); }},
                        {"open-orders", [&] { return f.Confirmed(); }},
                        {"trades", [&] { return f.Confirmed(); }}});
    REQUIRE(f.TakeSent("query algo g1s"));  // it was in no list
    const OutgoingRequest early = f.taken;
    f.StreamOrder(nameless);
    f.Answer(early, f.Confirmed(f.Algo("g1s")));
    CHECK(f.engine.stats().foreign_orders == 0);
    f.Answering(3s, {{"query algo g1s", [&] { return f.Confirmed(f.Moved("g1s", "456")); }},
                     {"identify 456", [&] { return f.Confirmed(nameless); }}});
    CHECK(f.Order("g1s").venue_order_id.text() == "456");
    CHECK(f.engine.stats().foreign_orders == 0);
  }
}

TEST_CASE("A stop order is absent only when both of its identities are") {
  Fixture f;
  f.Decide(f.Stop("g1s"));
  f.Lose("place g1s");
  REQUIRE(f.State("g1s") == OrderState::kUnknown);
  const auto none = [&] { return f.NotFound(); };
  const auto time = [&] {
    venue::Answer answer = f.Confirmed();
    answer.server_time = f.now;
    return answer;
  };
  SECTION("both are") {
    f.Answering(60s, {{"query algo g1s", none},
                      {"query g1s", none},
                      {"cancel algo g1s", none},
                      {"cancel g1s", none},
                      {"time", time},
                      {"trades", [&] { return f.Confirmed(); }}});
    CHECK(f.State("g1s") == OrderState::kAbsent);
    CHECK(f.Asked("query g1s") == 2);
    CHECK(f.Asked("cancel algo g1s") == 1);
    CHECK(f.Asked("cancel g1s") == 1);
  }
  SECTION("both are, and an order without a name of ours, and its trade, are somebody else's") {
    const auto nameless = [&](VenueOrderStatus status, const std::string& cumulative) {
      return f.Update("auto-1", "456", status, cumulative);
    };
    f.StreamOrder(nameless(VenueOrderStatus::kNew, "0"));
    REQUIRE(f.engine.stats().names_awaited == 1);
    const auto trades = [&, trade = f.Trade("456", "7", "1")] {
      venue::Answer answer = f.Confirmed();
      answer.trades = {trade};
      return answer;
    };
    f.Answering(120s, {{"query algo g1s", none},
                       {"query g1s", none},
                       {"cancel algo g1s", none},
                       {"cancel g1s", none},
                       {"time", time},
                       {"identify 456",
                        [&] { return f.Confirmed(nameless(VenueOrderStatus::kFilled, "1")); }},
                       {"trades", trades}});
    CHECK(f.State("g1s") == OrderState::kAbsent);
    CHECK(f.State("auto-1") == OrderState::kFilled);
    CHECK(f.engine.stats().foreign_orders == 1);
  }
  SECTION("the second is there") {
    venue::OrderUpdate order = f.Update("g1s", "456", VenueOrderStatus::kNew, "0");
    order.type = market::OrderType::kStop;
    order.triggered = true;
    f.Answering(60s, {{"query algo g1s", none},
                      {"query g1s", [&] { return f.Confirmed(order); }},
                      {"time", time},
                      {"trades", [&] { return f.Confirmed(); }}});
    CHECK(f.State("g1s") == OrderState::kTriggered);
    CHECK(f.Order("g1s").venue_order_id.text() == "456");
  }
}

TEST_CASE("Positions are compared; what no fill explains halts the instrument until it is signed") {
  Fixture f;
  std::string position = "0.5", wallet = "1000";
  const std::vector<Fixture::Reply> replies = {
      {"account", [&] { return f.Account(position, wallet); }},
      {"changes", [&] { return f.Confirmed(); }},
      {"open-orders", [&] { return f.Confirmed(); }},
      {"trades", [&] { return f.Confirmed(); }}};
  f.Answering(70s, replies);  // the fixture began with an empty account
  REQUIRE(f.engine.state().position_differences().contains(kBtc));
  CHECK(f.engine.state().position_differences().at(kBtc) == market::Money(5, 1));
  CHECK(f.engine.state().Traded().contains(kBtc));  // its trades were asked for
  f.Decide([&] {
    market::OrderIntent intent = f.Intent("g1a");
    intent.instrument_version = 2;
    EngineFixture::Rehash(intent);
    return intent;
  }());
  CHECK(f.Last("g1a").local_reason == market::RejectReason::kGateClosed);
  const auto propose = AdjustmentNote::Step::kProposed;
  CHECK_FALSE(f.Adjust(propose, "ann", kBtc.text()).ok());  // at no price
  const auto proposed = f.Adjust(propose, "ann", kBtc.text(), 0, "50000");
  REQUIRE(proposed.ok());
  const auto approve = AdjustmentNote::Step::kApproved;
  CHECK_FALSE(f.Adjust(approve, "ann", "", proposed->proposal).ok());
  REQUIRE(f.Adjust(approve, "ben", "", proposed->proposal).ok());
  CHECK(f.engine.state().position_differences().empty());
  CHECK(f.bookings.back().quantity.mantissa == 500);
  CHECK(f.positions.back().strategy.text() == kExternalStrategy);
  CHECK(f.positions.back().net.mantissa == 500);
  CHECK(f.engine.state().HeldPosition(kBtc) == market::Money(5, 1));
  f.Answering(130s, replies);
  CHECK(f.engine.state().position_differences().empty());
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A position from before halts its instrument until it is signed or gone") {
  Fixture f(Fixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.Open();
  std::string position = "0.5";
  const std::vector<Fixture::Reply> replies = {{"account", [&] { return f.Account(position); }},
                                               {"changes", [&] { return f.Confirmed(); }},
                                               {"open-orders", [&] { return f.Confirmed(); }},
                                               {"trades", [&] { return f.Confirmed(); }}};
  f.Answering(200ms, replies);
  REQUIRE(f.engine.state().baseline());
  REQUIRE(f.engine.state().position_differences().contains(kBtc));
  CHECK(f.engine.state().HeldPosition(kBtc).zero());
  CHECK(f.engine.stats().differences == 1);
  f.Answering(130s, replies);
  CHECK(f.engine.state().position_differences().at(kBtc) == market::Money(5, 1));
  CHECK(f.engine.stats().differences == 1);
  SECTION("signed") {
    const auto proposed = f.Adjust(AdjustmentNote::Step::kProposed, "ann", kBtc.text(), 0, "50000");
    REQUIRE(proposed.ok());
    REQUIRE(f.Adjust(AdjustmentNote::Step::kApproved, "ben", "", proposed->proposal).ok());
    CHECK(f.bookings.back().quantity.mantissa == 500);
    CHECK(f.engine.state().HeldPosition(kBtc) == market::Money(5, 1));
  }
  SECTION("gone") { position = "0"; }
  f.Answering(130s, replies);
  CHECK(f.engine.state().position_differences().empty());
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Both sides of a position, each on a page of its own, are one position") {
  Fixture f(Fixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.Open();
  const auto first = [&] {
    venue::Answer answer = f.Account("2");
    answer.cursor = "two";
    return answer;
  };
  f.Answering(10s, {{"account", first},
                    {"page two", [&] { return f.Account("-0.5"); }},
                    {"changes", [&] { return f.Confirmed(); }},
                    {"open-orders", [&] { return f.Confirmed(); }},
                    {"trades", [&] { return f.Confirmed(); }}});
  REQUIRE(f.Asked("page two") > 0);
  REQUIRE(f.engine.state().baseline());
  CHECK(f.engine.state().position_differences().at(kBtc) == market::Money(15, 1));
  CHECK(std::count_if(f.facts.begin(), f.facts.end(), [](const EngineFixture::Fact& fact) {
          const auto* note = std::get_if<market::Event<wire::EngineNote>>(&fact);
          return note != nullptr && note->value.kind == kPositionNote;
        }) == 1);
}

TEST_CASE("What changed the balance is looked for behind answers full of trades") {
  Fixture f;
  const base::Time first = f.now + 1s;
  const auto page = [&](base::Time until) {
    venue::Answer answer = f.Confirmed();
    answer.changes_until = until;
    answer.more_changes = true;
    return answer;
  };
  const auto funding = [&] {
    venue::Answer answer = f.Confirmed();
    answer.changes = {{.kind = venue::ChangeKind::kFunding,
                       .asset = market::AssetId("USDT"),
                       .amount = *Fixture::Amount("-0.75"),
                       .id = "income:funding:1",
                       .time = first + 2s}};
    answer.changes_until = first + 3s;
    return answer;
  };
  f.Advance(10min);
  f.TakeSent("changes");
  f.Answer(f.taken, page(first));
  CHECK(f.engine.state().changes_checked() == first);
  REQUIRE(f.TakeSent("changes"));
  CHECK(f.taken.wire.target == "changes");
  CHECK(f.venue.changes_since == first);
  f.Answer(f.taken, page(first));  // full of rows of that one instant
  REQUIRE(f.TakeSent("changes after 1"));
  CHECK(f.venue.changes_since == first);
  f.Answer(f.taken, page(first + 1s));
  REQUIRE(f.TakeSent("changes"));
  CHECK(f.taken.wire.target == "changes");
  CHECK(f.venue.changes_since == first + 1s);
  f.Answer(f.taken, funding());
  CHECK_FALSE(f.TakeSent("changes"));
  REQUIRE(f.bookings.size() == 1);
  CHECK(f.bookings[0].kind == market::AccountEventKind::kFunding);
  CHECK(f.engine.state().changes_checked() == first + 3s);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("What closing realises is booked once with its fill") {
  Fixture f;
  const market::AssetId usdt("USDT");
  const market::Money before = f.engine.state().Explained(usdt);
  f.Decide([&] {
    market::OrderIntent intent = f.Intent("g1a");
    intent.instrument_version = 2;
    EngineFixture::Rehash(intent);
    return intent;
  }());
  f.Answer("place g1a", f.Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  for (int twice = 0; twice < 2; ++twice) {
    venue::OrderUpdate update = f.Update("g1a", "7", VenueOrderStatus::kPartiallyFilled, "0.4");
    update.trade = f.Trade("7", "70", "0.4", "0.25");
    update.trade->realized = "-3.5";
    f.StreamOrder(update);
  }
  CHECK(f.engine.stats().fills == 1);
  CHECK(f.engine.state().Explained(usdt) == before - *Fixture::Amount("3.75"));
  CHECK(f.engine.state().HeldPosition(kBtc) == market::Money(4, 1));
}

// A venue that judges reduce-only by what all strategies of the account hold together.
struct Netting : Fixture {
  Netting() { venue.reduces_net = true; }
  market::OrderIntent Of(const std::string& id, market::Side side, int64_t quantity) {
    market::OrderIntent intent = Intent(id, quantity);
    intent.instrument_version = 2;
    intent.side = side;
    Rehash(intent);
    return intent;
  }
  void Filled(const std::string& id, market::Side side, int64_t quantity) {
    Decide(Of(id, side, quantity));
    venue::OrderUpdate update =
        Update(id, "9" + id, VenueOrderStatus::kFilled, btc.Format(market::Quantity{quantity}));
    update.side = side;
    update.trade = Trade("9" + id, std::to_string(++trades), update.cumulative);
    StreamOrder(update);
    REQUIRE(State(id) == OrderState::kFilled);
  }
  market::OrderIntent Exit(const std::string& id, market::Side side, int64_t quantity) {
    market::OrderIntent intent = Of(id, side, quantity);
    intent.reduce_only = true;
    Rehash(intent);
    return intent;
  }
  // The words of the placement.
  std::string Sent(const std::string& id) {
    REQUIRE(TakeSent("place " + id));
    return taken.wire.target;
  }
  int trades = 0;
};

TEST_CASE("A venue that nets hears reduce-only of what reduces the account's position") {
  Netting f;
  f.Filled("g1long", market::Side::kBuy, 400);
  f.Filled("g1short", market::Side::kSell, 600);
  REQUIRE(f.engine.state().HeldPosition(kBtc) == market::Money(-2, 1));
  // One strategy leaves, while the account is on the other side.
  f.Decide(f.Exit("g1a", market::Side::kSell, 400));
  CHECK(f.Sent("g1a") == "place g1a 0.4");
  CHECK(f.Order("g1a").intent.reduce_only);
  f.Decide(f.Exit("g1b", market::Side::kBuy, 200));
  CHECK(f.Sent("g1b") == "place g1b 0.2 reduce-only");
  // That one has it all.
  f.Decide(f.Exit("g1c", market::Side::kBuy, 100));
  CHECK(f.Sent("g1c") == "place g1c 0.1");
  // Where the word says which side of a position is meant.
  f.venue.reduces_net = false;
  f.Decide(f.Exit("g1d", market::Side::kSell, 400));
  CHECK(f.Sent("g1d") == "place g1d 0.4 reduce-only");
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A venue that nets hears reduce-only of orders at an older scale and a new one") {
  Netting f;
  f.Filled("g1long", market::Side::kBuy, 1000);
  f.Decide(f.Exit("g1a", market::Side::kSell, 500));
  CHECK(f.Sent("g1a") == "place g1a 0.5 reduce-only");
  f.btc.version = 3;
  f.btc.quantity_scale = 2;
  f.engine.OnInstrument({f.Cause(), f.btc}, f.now);
  for (const auto& [id, words] :
       {std::pair("g1b", "place g1b 0.5 reduce-only"), {"g1c", "place g1c 0.5"}}) {
    market::OrderIntent exit = f.Exit(id, market::Side::kSell, 50);
    exit.instrument_version = 3;
    EngineFixture::Rehash(exit);
    f.Decide(exit);
    CHECK(f.Sent(id) == words);
  }
}

TEST_CASE(
    "Of orders in one request so many are reduce-only as the account's position has room for") {
  Netting f;
  f.venue.place_batch = 3;
  f.Filled("g1long", market::Side::kBuy, 1000);
  f.Turn([&] {
    for (const char* id : {"g1a", "g1b", "g1c"})
      f.Decide(f.Exit(id, market::Side::kSell, id[2] == 'c' ? 400 : 600));
  });
  REQUIRE(f.TakeSent("place-batch"));
  CHECK(f.taken.wire.target == "place-batch g1a g1b g1c of 0.6 reduce-only 0.6 0.4 reduce-only");
}

std::string DeadManTold(const Fixture& f) {
  for (const std::string& problem : f.engine.Problems(f.now)) {
    if (problem.find("dead-man") != std::string::npos) return problem;
  }
  return "";
}
bool Says(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

TEST_CASE("The dead-man timer is set with the first order, renewed, and its failure is seen") {
  ExecutionOptions options = EngineFixture::Options();
  options.dead_man = 30s;
  Fixture f(options);
  CHECK_FALSE(f.TakeSent("dead-man"));
  f.Waiting("g1s");
  f.Answer("dead-man", f.Confirmed());
  f.Advance(9s);
  CHECK_FALSE(f.TakeSent("dead-man"));
  f.Advance(2s);
  f.Lose("dead-man");
  CHECK(f.engine.stats().dead_man_failures == 1);
  f.Advance(2s);
  f.Answer("dead-man", f.Confirmed());
  CHECK(f.engine.stats().dead_man_renewals == 2);
  // The renewal that stood before the failure is none beside the one after it.
  f.Advance(8s);
  CHECK_FALSE(f.TakeSent("dead-man"));
  f.Advance(2s);
  f.Answer("dead-man", f.Confirmed());
  f.Advance(8s);
  CHECK_FALSE(f.TakeSent("dead-man"));
  f.Advance(2s);
  f.Answer("dead-man", f.Confirmed());
  // Nothing is open: it may run out, and that it could not be set again is nothing to tell of.
  f.Advance(10s);
  f.Lose("dead-man");
  REQUIRE(Says(DeadManTold(f), "it will cancel what is open"));
  f.StreamOrder([&] {
    venue::OrderUpdate update = f.Algo("g1s");
    update.status = VenueOrderStatus::kCanceled;
    return update;
  }());
  REQUIRE(f.State("g1s") == OrderState::kCanceled);
  f.Advance(60s);
  CHECK_FALSE(f.TakeSent("dead-man"));
  CHECK(DeadManTold(f).empty());
}

TEST_CASE("A dead-man timer that never ran, or does not run as it was set, protects nothing") {
  ExecutionOptions options = EngineFixture::Options();
  options.dead_man = 30s;
  Fixture f(options);
  f.Waiting("g1s");
  SECTION("it could not be set") {
    f.Lose("dead-man");
    CHECK(Says(DeadManTold(f), "nothing cancels what is open"));
    f.Advance(1s);
  }
  SECTION("it was set, and the account does not have it") {
    venue::Answer answer = f.Confirmed();
    answer.unfit = "not switched on";
    f.Answer("dead-man", answer);
    CHECK(Says(DeadManTold(f), "nothing cancels what is open"));
    CHECK(Says(DeadManTold(f), "not switched on"));
    CHECK(f.engine.stats().dead_man_renewals == 0);
    f.Advance(9s);
    CHECK_FALSE(f.TakeSent("dead-man"));  // it may take effect still
    f.Advance(1s);
  }
  f.Answer("dead-man", f.Confirmed());
  CHECK(DeadManTold(f).empty());
}

}  // namespace
}  // namespace gannet::execution
