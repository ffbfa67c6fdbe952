// Start, reconnect and the timer: orders, trades and balances against the venue.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using market::AssetId;
using market::ExecKind;
using market::Money;
using market::OrderState;
using venue::VenueOrderStatus;
using namespace std::chrono_literals;

venue::Answer OpenOrders(std::vector<venue::OrderUpdate> orders) {
  venue::Answer answer = EngineFixture::Confirmed();
  answer.orders = std::move(orders);
  return answer;
}

venue::BalanceEntry Balance(const std::string& asset, int64_t free, int64_t locked = 0) {
  return {AssetId(asset), Money(free, 0), Money(locked, 0)};
}

void Reconnect(EngineFixture& f) {
  f.CloseStream();
  f.Open();
}

TEST_CASE("The session syncs the clock, subscribes, then reconciles before it opens the gate") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.venue_ahead = 3s;
  f.engine.Resume(f.Cause(), f.now);
  CHECK(f.sent.empty());
  f.engine.OnStream({"own", wire::StreamEvent::Kind::kOpened, ""}, f.Cause(), f.now);
  CHECK_FALSE(f.TakeSent("subscribe"));
  f.AnswerTime();
  REQUIRE(f.TakeSent("subscribe"));
  CHECK(f.taken.wire.timestamp == f.now + 3s);  // on the venue's clock
  f.Frame({.kind = venue::StreamKind::kSubscribed});
  CHECK_FALSE(f.engine.ready());
  f.Reconcile();
  CHECK(f.engine.ready());
  f.Place("g1a");
  REQUIRE(f.TakeSent("place g1a"));
  CHECK(f.taken.wire.timestamp == f.now + 3s);
}

TEST_CASE(
    "A failed query is not an empty answer: the gate stays shut and the part is asked again") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.Open();
  f.Answer("account", f.Account());
  f.Lose("open-orders");
  CHECK_FALSE(f.engine.ready());
  f.Advance(3s);
  CHECK_FALSE(f.TakeSent("account"));  // that part is done
  f.Answer("open-orders", OpenOrders({}));
  CHECK(f.engine.ready());
  CHECK(f.engine.stats().failed_reconciliations == 1);
}

TEST_CASE("Orders that filled or ended while we were away are brought to the venue's state") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Working("g1b", "8");
  f.Working("g1c", "9");
  Reconnect(f);
  f.Answer("open-orders",
           OpenOrders({f.Update("g1a", "7", VenueOrderStatus::kPartiallyFilled, "0.5")}));
  f.Answer("query g1b",
           EngineFixture::Confirmed(f.Update("g1b", "8", VenueOrderStatus::kCanceled, "0")));
  f.Answer("query g1c",
           EngineFixture::Confirmed(f.Update("g1c", "9", VenueOrderStatus::kFilled, "1")));
  CHECK_FALSE(f.engine.ready());
  f.Answer("account", f.Account());
  f.Answer("trades-since",
           EngineFixture::Trades({f.Trade("7", "101", "0.5"), f.Trade("9", "102", "1")}));
  f.Advance(1ms);
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  CHECK(f.State("g1b") == OrderState::kCanceled);
  CHECK(f.State("g1c") == OrderState::kFilled);
  CHECK(f.engine.ready());
  CHECK(f.Count(ExecKind::kFill) == 2);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Many orders that ended while we were away are found by one look at the history") {
  EngineFixture f;
  f.venue.history = true;
  for (int i = 0; i < 6; ++i)
    f.Working("g1h" + std::to_string(i), std::to_string(8 + i));  // 8 to 13
  Reconnect(f);
  f.Answer("open-orders", OpenOrders({}));
  f.Answer("account", f.Account());
  f.Answer("trades-since", EngineFixture::Trades({f.Trade("9", "101", "1")}));
  CHECK(f.engine.stats().histories == 1);
  CHECK_FALSE(f.TakeSent("query"));
  CHECK_FALSE(f.engine.ready());
  SECTION("what it has is as good as an answer about the order, what it lacks is asked for") {
    // g1h5 is not in it (it was cut, or lags), and others are nothing that was looked for.
    venue::OrderUpdate foreign = f.Update("web_1", "99", VenueOrderStatus::kCanceled, "0");
    f.Answer(
        "history 8",
        OpenOrders({f.Update("g1h0", "8", VenueOrderStatus::kCanceled, "0"),
                    f.Update("g1h1", "9", VenueOrderStatus::kFilled, "1"),
                    f.Update("g1h2", "10", VenueOrderStatus::kExpired, "0"),
                    f.Update("g1h3", "11", VenueOrderStatus::kNew, "0"),
                    f.Update("g1h4", "12", VenueOrderStatus::kPartiallyFilled, "0.5"), foreign}));
    CHECK(f.State("g1h0") == OrderState::kCanceled);
    CHECK(f.State("g1h1") == OrderState::kFilled);
    CHECK(f.State("g1h2") == OrderState::kExpired);
    CHECK(f.State("g1h3") == OrderState::kAccepted);
    CHECK(f.engine.stats().foreign_orders == 0);
    CHECK_FALSE(f.engine.ready());
    f.Advance(1s);
    f.Answer("trades-of 12", EngineFixture::Trades({f.Trade("12", "102", "0.5")}));
    CHECK(f.State("g1h4") == OrderState::kPartiallyFilled);
    f.Answer("query g1h5",
             EngineFixture::Confirmed(f.Update("g1h5", "13", VenueOrderStatus::kCanceled, "0")));
    CHECK(f.State("g1h5") == OrderState::kCanceled);
  }
  SECTION("without an answer each is asked for") {
    f.Lose("history 8");
    for (const int i : {0, 2, 3, 4, 5}) {  // the trades have told of the other
      const std::string id = "g1h" + std::to_string(i), venue_id = std::to_string(8 + i);
      f.Answer("query " + id,
               EngineFixture::Confirmed(f.Update(id, venue_id, VenueOrderStatus::kCanceled, "0")));
    }
    CHECK(f.engine.state().open().empty());
  }
  f.Advance(1ms);
  CHECK(f.engine.ready());
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A few orders, or a venue without a history, are asked for one by one") {
  EngineFixture f;
  f.venue.history = GENERATE(true, false);
  const int count = f.venue.history ? 4 : 6;
  for (int i = 0; i < count; ++i) f.Working("g1h" + std::to_string(i), std::to_string(8 + i));
  Reconnect(f);
  f.Answer("open-orders", OpenOrders({}));
  CHECK(f.engine.stats().histories == 0);
  for (int i = 0; i < count; ++i) CHECK(f.TakeSent("query g1h" + std::to_string(i)));
}

TEST_CASE("An open order missing from a list that was cut is asked for, not written off") {
  EngineFixture f;
  f.Working("g1a", "7");
  Reconnect(f);
  f.Answer("open-orders", OpenOrders({}));
  f.Answer("account", f.Account());
  f.Answer("trades-since", EngineFixture::Trades({}));
  CHECK_FALSE(f.engine.ready());
  f.Answer("query g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  f.Advance(1ms);
  CHECK(f.engine.ready());
  CHECK(f.State("g1a") == OrderState::kAccepted);
}

TEST_CASE(
    "An open order that the venue does not find shuts its instrument, visibly, and stays open") {
  EngineFixture f;
  f.Working("g1a", "7");
  Reconnect(f);
  f.Reconcile();
  f.Answer("query g1a", EngineFixture::NotFound(), 400);
  f.Advance(1ms);
  CHECK(f.engine.ready());
  CHECK(f.State("g1a") == OrderState::kAccepted);
  CHECK(f.engine.stats().vanished_orders == 1);
  CHECK_FALSE(f.engine.Problems(f.now).empty());
  f.Place("g1b");
  CHECK(f.Last("g1b").kind == ExecKind::kNotSent);
  f.Advance(2s);
  f.Answer("query g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kNew, "0")));
  f.Place("g1c");
  CHECK(f.Last("g1c").kind == ExecKind::kJournaled);
}

TEST_CASE(
    "An order under a cancel that the venue does not find holds up neither session nor cancels") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.CancelIntent("c1", "g1a");
  f.Lose("cancel g1a");
  Reconnect(f);
  f.Reconcile();
  f.Answer("query g1a", EngineFixture::NotFound(), 400);
  f.Advance(1ms);
  CHECK(f.engine.ready());
  CHECK(f.State("g1a") == OrderState::kPendingCancel);  // nothing is proven
  CHECK(f.engine.stats().vanished_orders == 1);
  CHECK_FALSE(f.engine.Problems(f.now).empty());
  f.CancelIntent("c2", "g1a");
  CHECK_FALSE(f.TakeSent("cancel g1a"));  // the first may arrive yet
  while (f.now <= f.Order("g1a").cancel.timestamp + 2s + f.venue.rules.engine_timeout) {
    f.Advance(1s);
    while (f.TakeSent("query g1a")) f.Answer(f.taken, EngineFixture::NotFound(), 400);
  }
  SECTION("another cancel is sent") { f.CancelIntent("c3", "g1a"); }
  SECTION("by a kill switch too") { f.Command(market::CommandKind::kKill, {}); }
  f.Answer("cancel g1a",
           EngineFixture::Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Foreign orders and fills are booked to EXTERNAL and counted") {
  EngineFixture f;
  f.StreamOrder(f.Update("web_1", "500", VenueOrderStatus::kNew, "0"));
  REQUIRE(f.Count(ExecKind::kAccepted, "web_1") == 1);
  CHECK(f.Last("web_1").strategy.text() == "EXTERNAL");
  CHECK(f.engine.stats().foreign_orders == 1);
  f.StreamFill("web_1", "500", "900", "0.25", "0.25");
  CHECK(f.State("web_1") == OrderState::kPartiallyFilled);
  REQUIRE(f.positions.size() == 1);
  CHECK(f.positions[0].strategy.text() == "EXTERNAL");
  CHECK(f.positions[0].net.mantissa == 250);
  f.StreamOrder(f.Update("web_1", "500", VenueOrderStatus::kCanceled, "0.25"));
  CHECK(f.State("web_1") == OrderState::kCanceled);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE(
    "What a foreign order had filled before the first look is part of the balances, not a fill") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.Open();
  CHECK_FALSE(f.TakeSent("open-orders"));
  const venue::TradeUpdate early = f.Trade("500", "899", "0.5");
  venue::Answer account = f.Account();
  account.balances_time = f.now;
  f.Answer("account", account);
  f.Answer("open-orders",
           OpenOrders({f.Update("web_1", "500", VenueOrderStatus::kPartiallyFilled, "0.5")}));
  f.Advance(1s);
  f.Answer("trades-of 500", EngineFixture::Trades({early}));
  CHECK(f.Order("web_1").cumulative.mantissa == 500);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 0);
  f.StreamFill("web_1", "500", "900", "0.5", "1", VenueOrderStatus::kFilled);
  CHECK(f.State("web_1") == OrderState::kFilled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 500);
}

TEST_CASE("A foreign order for a value is as large as what is filled of it when it ends") {
  EngineFixture f;
  venue::OrderUpdate update = f.Update("web_1", "500", VenueOrderStatus::kPartiallyFilled, "0.25");
  update.quantity.clear();
  f.StreamOrder(update);
  CHECK(f.engine.state().Find(market::ClientOrderId("web_1")) == nullptr);
  const venue::TradeUpdate first = f.Trade("500", "901", "0.25"),
                           second = f.Trade("500", "902", "0.5");
  f.Frame({.kind = venue::StreamKind::kOrders, .evidence = "stream:execution", .trades = {first}});
  f.Frame({.kind = venue::StreamKind::kOrders, .evidence = "stream:execution", .trades = {second}});
  update.status = VenueOrderStatus::kFilled;
  update.cumulative = "0.75";
  update.time = f.now + 1ms;
  f.StreamOrder(update);
  CHECK(f.Order("web_1").quantity.mantissa == 750);
  CHECK(f.State("web_1") == OrderState::kFilled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 750);
  CHECK(f.engine.stats().illegal_events == 0);
  CHECK(f.engine.stats().unreadable_numbers == 0);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Fills of a foreign order that we missed are fetched and booked") {
  EngineFixture f;
  f.StreamFill("web_1", "500", "902", "0.25", "0.75");  // half a coin was filled unseen
  CHECK(f.engine.state().NetPosition(kBtc).units() == 250);
  f.Advance(1s);
  f.Answer("trades-of 500",
           EngineFixture::Trades({f.Trade("500", "901", "0.5"), f.Trade("500", "902", "0.25")}));
  CHECK(f.engine.state().NetPosition(kBtc).units() == 750);
}

TEST_CASE("A trade that was looked at is known however many orders have ended since") {
  EngineFixture f;
  f.venue.ordered_trade_ids = false;
  f.Advance(10s);
  f.Working("g1a", "7");
  f.StreamFill("g1a", "7", "e-1", "1", "1", VenueOrderStatus::kFilled);
  const venue::TradeUpdate looked_at = f.Trade("7", "e-1", "1");
  f.Advance(f.Options().reconcile_every);
  f.Answer("trades-since", EngineFixture::Trades({looked_at}));
  f.Reconcile();
  for (size_t i = 0; i <= kMaxClosedOrders; ++i) {
    const std::string id = "g1c" + std::to_string(i), venue_id = std::to_string(1000 + i);
    if (i % 40 == 0) f.Advance(10s);  // the venue's limit of orders
    f.Working(id, venue_id);
    f.StreamOrder(f.Update(id, venue_id, VenueOrderStatus::kCanceled, "0"));
  }
  REQUIRE(f.engine.state().Find(market::ClientOrderId("g1a")) == nullptr);
  const auto look = [&](std::vector<venue::TradeUpdate> trades) {
    f.sent.clear();
    f.CloseStream();
    f.Open();
    f.Answer("trades-since", EngineFixture::Trades(std::move(trades)));
  };
  look({looked_at});
  CHECK_FALSE(f.TakeSent("identify"));
  const venue::TradeUpdate later = f.Trade("500", "e-3", "1");
  SECTION("what is newer is not, and stands against the mark until it is named") {
    look({later, looked_at});
    f.Answer("identify 500",
             EngineFixture::Confirmed(f.Update("web_1", "500", VenueOrderStatus::kFilled, "1")));
    CHECK(f.State("web_1") == OrderState::kFilled);
  }
  SECTION("nor what the stream is the first to tell of") {
    venue::TradeUpdate late = f.Trade("501", "e-0", "1");
    late.time = looked_at.time - 1s;
    f.Frame({.kind = venue::StreamKind::kOrders, .trades = {late}});
    CHECK(f.TakeSent("identify 501"));
  }
  CHECK(f.engine.stats().lost_own_orders == 0);
}

TEST_CASE("Of the millisecond up to which all was looked at more may be listed a moment later") {
  EngineFixture f;
  f.venue.ordered_trade_ids = false;
  f.Working("g1a", "7", 2000);
  f.Advance(f.Options().reconcile_every);
  const venue::TradeUpdate first = f.Trade("7", "e-1", "1"), second = f.Trade("500", "e-2", "1");
  f.Answer("trades-since", EngineFixture::Trades({first}));
  f.Reconcile();
  REQUIRE(f.engine.state().CheckedTrade(kBtc).has_value());
  f.CloseStream();
  f.Open();
  f.Answer("trades-since", EngineFixture::Trades({second, first}));
  f.Answer("identify 500",
           EngineFixture::Confirmed(f.Update("web_1", "500", VenueOrderStatus::kFilled, "1")));
  CHECK(f.State("web_1") == OrderState::kFilled);
}

TEST_CASE("The order of a foreign trade is looked for in every place where it may be") {
  EngineFixture f;
  f.venue.places = 2;
  f.Working("g1a", "7");
  f.Advance(f.Options().reconcile_every);
  f.Answer("trades-since", EngineFixture::Trades({f.Trade("500", "5001", "1")}));
  f.Answer("identify 500", EngineFixture::NotFound(), 400);
  f.Answer("past-identify 500",
           EngineFixture::Confirmed(f.Update("web_1", "500", VenueOrderStatus::kFilled, "1")));
  CHECK(f.State("web_1") == OrderState::kFilled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 1000);
}

TEST_CASE("An order with our prefix that this journal does not know is reported as such") {
  EngineFixture f;
  f.StreamOrder(f.Update("g1lost", "500", VenueOrderStatus::kNew, "0"));
  CHECK(f.engine.stats().lost_own_orders == 1);
  CHECK(f.Last("g1lost").strategy.text() == "EXTERNAL");
  CHECK_FALSE(f.engine.Problems(f.now).empty());
}

TEST_CASE("A verdict under a name that another order has is answered, and nothing is sent") {
  EngineFixture f;
  const auto refused = [&f](const std::string& id, const std::string& holder) {
    const market::ExecReport report = f.Last(id);
    CHECK(report.kind == ExecKind::kNotSent);
    CHECK(report.state == OrderState::kDenied);
    CHECK(report.local_reason == market::RejectReason::kMalformed);
    CHECK(report.strategy.text() == "maker");
    CHECK(report.detail.find("taken by another order, of strategy " + holder) != std::string::npos);
    CHECK(f.engine.state().unanswered_verdicts().empty());
    CHECK_FALSE(f.TakeSent("place " + id + " 1.000"));
  };
  // Of a journal that was lost: the venue has it, and we know it as EXTERNAL's.
  f.StreamOrder(f.Update("g1lost", "500", VenueOrderStatus::kNew, "0"));
  f.Place("g1lost");
  refused("g1lost", "EXTERNAL");
  CHECK(f.State("g1lost") == OrderState::kAccepted);
  CHECK(f.engine.state().Find(market::ClientOrderId("g1lost"))->external);
  f.StreamFill("g1lost", "500", "902", "0.25", "0.25");
  CHECK(f.Last("g1lost").strategy.text() == "EXTERNAL");
  CHECK(f.State("g1lost") == OrderState::kPartiallyFilled);
  CHECK(f.SavedState() == f.RecoveredState());

  // Of ours, with another meaning.
  f.Working("g1mine", "501");
  market::OrderIntent other = f.Intent("g1mine");
  other.quantity.mantissa += 1;
  other.hash = wire::IntentHash(other);
  f.Decide(other, 1);
  refused("g1mine", "maker");
  CHECK(f.State("g1mine") == OrderState::kAccepted);
}

TEST_CASE("Foreign orders are tolerated, halt the instrument or are cancelled, as configured") {
  ExecutionOptions options = EngineFixture::Options();
  SECTION("halt") {
    options.foreign = ForeignPolicy::kHalt;
    EngineFixture f(options);
    f.StreamOrder(f.Update("web_1", "500", VenueOrderStatus::kNew, "0"));
    f.Place("g1a");
    CHECK(f.Last("g1a").kind == ExecKind::kNotSent);
  }
  SECTION("cancel") {
    options.foreign = ForeignPolicy::kCancel;
    EngineFixture f(options);
    f.StreamOrder(f.Update("web_1", "500", VenueOrderStatus::kNew, "0"));
    CHECK(f.TakeSent("cancel web_1"));
  }
  SECTION("tolerate") {
    EngineFixture f(options);
    f.StreamOrder(f.Update("web_1", "500", VenueOrderStatus::kNew, "0"));
    CHECK_FALSE(f.TakeSent("cancel web_1"));
    f.Place("g1a");
    CHECK(f.Last("g1a").kind == ExecKind::kJournaled);
  }
}

TEST_CASE("Updates of instruments without a definition are counted and shown") {
  EngineFixture f;
  venue::OrderUpdate update = f.Update("web_1", "500", VenueOrderStatus::kNew, "0");
  update.instrument = market::InstrumentId("test:DOGEUSDT");
  f.StreamOrder(update);
  CHECK(f.engine.stats().unknown_instruments == 1);
  CHECK_FALSE(f.engine.Problems(f.now).empty());
  SECTION("until the definition comes; then its trades are asked for") {
    market::Instrument doge = f.btc;
    doge.id = update.instrument;
    f.sent.clear();
    f.engine.OnInstrument({f.Cause(), doge}, f.now);
    f.Reconcile();
    CHECK(f.engine.Problems(f.now).empty());
    CHECK(f.engine.state().Traded().contains(doge.id));
  }
}

TEST_CASE("An order by hand where nothing of ours was traded is found by the balances") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.balances = {Balance("BTC", 2), Balance("USDT", 100'000)};
  f.Start();
  f.balances = {Balance("BTC", 1), Balance("USDT", 100'000)};
  f.sent.clear();
  f.Advance(f.Options().reconcile_every);
  CHECK_FALSE(f.TakeSent("trades-since"));
  f.Reconcile();  // asks for the trades of what has that asset
  CHECK_FALSE(f.engine.state().Traded().empty());
}

TEST_CASE("An order by hand is found however late its instrument is defined") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.balances = {Balance("DOGE", 9), Balance("USDT", 100'000)};
  f.Start();
  f.balances = {Balance("DOGE", 8), Balance("USDT", 100'000)};
  for (int look = 0; look < 2; ++look) {
    f.Advance(f.Options().reconcile_every);
    f.Reconcile();
  }
  REQUIRE(f.engine.state().differences().size() == 1);
  market::Instrument doge = f.btc;
  doge.id = market::InstrumentId("test:DOGEUSDT");
  doge.base = market::AssetId("DOGE");
  f.engine.OnInstrument({f.Cause(), doge}, f.now);
  CHECK(f.engine.state().Traded().empty());
  f.Advance(f.Options().reconcile_every);
  f.Reconcile();
  CHECK(f.engine.state().Traded().contains(doge.id));
}

TEST_CASE("A trade that the venue lists counts, however old the word is that names its order") {
  EngineFixture f;
  f.Working("g1a", "7");
  f.Advance(f.Options().reconcile_every);
  f.Answer("trades-since", EngineFixture::Trades({f.Trade("500", "5001", "1")}));
  REQUIRE(f.TakeSent("identify 500"));
  f.StreamOrder(f.Update("web_1", "500", venue::VenueOrderStatus::kNew, "0"));  // late
  CHECK(f.Order("web_1").cumulative.mantissa == 1000);
  CHECK(f.engine.stats().fill_conflicts == 0);
  f.Answer(f.taken, EngineFixture::Confirmed(
                        f.Update("web_1", "500", venue::VenueOrderStatus::kFilled, "1")));
  CHECK(f.State("web_1") == market::OrderState::kFilled);
  CHECK(f.engine.stats().illegal_events == 0);
}

TEST_CASE("A venue that does not take our timestamps is asked for its clock at once") {
  EngineFixture f;
  f.sent.clear();
  f.Place("g1a");
  f.Place("g1c");
  f.Answer("place g1a", EngineFixture::TurnedAway("-1021", "ahead of the server's time"));
  f.Answer("place g1c", EngineFixture::TurnedAway("-1021", "ahead of the server's time"));
  f.venue_ahead = -3s;
  f.AnswerTime();
  CHECK_FALSE(f.TakeSent("time"));  // once
  f.Place("g1b");
  REQUIRE(f.TakeSent("place g1b"));
  CHECK(f.taken.wire.timestamp == f.now - 3s);
}

// --- balances ------------------------------------------------------------------------

TEST_CASE("What the stream tells before the first look is part of it") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  const auto held = [&](int64_t btc, int64_t usdt) {
    f.Frame({.kind = venue::StreamKind::kBalances,
             .balances = {Balance("BTC", btc), Balance("USDT", usdt)},
             .time = f.now});
    f.Advance(1s);
  };
  const auto deposit = [&](base::Time at) {
    f.Frame({.kind = venue::StreamKind::kBalanceChange,
             .evidence = "deposit " + std::to_string(base::UnixMillis(at)),
             .balance_delta = std::pair(AssetId("USDT"), Money(50, 0)),
             .time = at});
  };
  held(2, 100'000);
  held(3, 90'000);  // an order by hand
  deposit(f.now);
  f.balances = {Balance("BTC", 3), Balance("USDT", 90'050)};
  f.Open();
  f.Reconcile();
  REQUIRE(f.engine.state().baseline().has_value());
  deposit(*f.engine.state().baseline());  // told late
  CHECK(f.engine.state().Explained(AssetId("BTC")) == Money(3, 0));
  CHECK(f.engine.state().Explained(AssetId("USDT")) == Money(90'050, 0));
  deposit(f.now + 1s);
  CHECK(f.engine.state().Explained(AssetId("USDT")) == Money(90'100, 0));
}

TEST_CASE("A first look that knows less than the stream has told is made again") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.Frame({.kind = venue::StreamKind::kBalances,
           .balances = {Balance("BTC", 3)},
           .time = f.now + 500ms});
  f.balances = {Balance("BTC", 2), Balance("USDT", 100'000)};
  f.Open();
  f.Reconcile();  // as of a millisecond ago
  CHECK_FALSE(f.engine.ready());
  f.balances = {Balance("BTC", 3), Balance("USDT", 90'000)};
  f.Advance(2s);
  f.Reconcile();
  CHECK(f.engine.ready());
  CHECK(f.engine.state().Explained(AssetId("BTC")) == Money(3, 0));
}

TEST_CASE("A first look that is believed although it is older holds as of its own time") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.Frame({.kind = venue::StreamKind::kBalances,
           .balances = {Balance("BTC", 3)},
           .time = f.now + 3600s});
  f.balances = {Balance("BTC", 2), Balance("USDT", 100'000)};
  f.Open();
  for (int look = 0; look < 3; ++look) {
    CHECK_FALSE(f.engine.ready());
    f.Advance(30s);
    f.Reconcile();
  }
  CHECK(f.engine.ready());
  // What made three of two comes as a trade after the look, and is counted then.
  CHECK(f.engine.state().Explained(AssetId("BTC")) == Money(2, 0));
}

TEST_CASE("An account without anything is not believed at a first look, however often it is said") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.balances = {Balance("BTC", 0), Balance("USDT", 0)};
  f.Start();
  CHECK_FALSE(f.engine.ready());
  for (int look = 0; look < 10; ++look) {
    f.Advance(std::chrono::seconds(31));
    f.Reconcile();
    CHECK_FALSE(f.engine.ready());
  }
  CHECK_FALSE(f.engine.state().baseline().has_value());
  CHECK(f.engine.Problems(f.now).front().find("holds nothing") != std::string::npos);
  f.balances = {Balance("BTC", 2), Balance("USDT", 100'000)};
  f.Advance(std::chrono::seconds(31));
  f.Reconcile();
  CHECK(f.engine.ready());
  CHECK(f.engine.state().Explained(AssetId("USDT")) == Money(100'000, 0));
}

TEST_CASE("An account of which nothing is named is not believed at a first look either") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.Open();
  for (int look = 0; look < 3; ++look) {
    f.Answer("account", EngineFixture::Confirmed());
    CHECK_FALSE(f.engine.state().baseline().has_value());
    CHECK(f.engine.Problems(f.now).front().find("holds nothing") != std::string::npos);
    f.Advance(31s);
  }
  f.balances = {Balance("USDT", 100'000)};
  f.Reconcile();
  CHECK(f.engine.ready());
}

TEST_CASE("Balances come from the account at start and from the stream afterwards") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.balances = {Balance("BTC", 2), Balance("USDT", 100'000), Balance("DOGE", 0)};
  f.Start();
  const auto& held = f.engine.state().balances();
  CHECK(held.at(AssetId("BTC")).free == Money(2, 0));
  CHECK_FALSE(held.contains(AssetId("DOGE")));
  f.Frame({.kind = venue::StreamKind::kBalances,
           .evidence = "s",
           .balances = {Balance("BTC", 1, 1)},
           .time = f.now});
  CHECK(held.at(AssetId("BTC")).locked == Money(1, 0));
  const size_t facts = f.facts.size();
  f.Frame({.kind = venue::StreamKind::kBalances,
           .evidence = "s",
           .balances = {Balance("BTC", 1, 1)},
           .time = f.now});
  CHECK(f.facts.size() == facts);  // nothing new
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE(
    "Fills, fees and transfers explain the balances; what they do not explain is shown, twice "
    "seen") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.balances = {Balance("BTC", 2), Balance("USDT", 100'000)};
  f.Start();
  f.Working("g1a", "7");
  venue::OrderUpdate fill = f.Update("g1a", "7", VenueOrderStatus::kFilled, "1");
  fill.trade = f.Trade("7", "5001", "1", "50");
  f.StreamOrder(fill);
  const Money left(49'950, 0);
  CHECK(f.engine.state().Explained(AssetId("USDT")) == left);
  CHECK(f.engine.state().Explained(AssetId("BTC")) == Money(3, 0));
  f.Frame({.kind = venue::StreamKind::kBalanceChange,
           .evidence = "deposit-1",
           .balance_delta = std::pair(AssetId("USDT"), Money(50, 0))});
  f.Frame({.kind = venue::StreamKind::kBalanceChange,
           .evidence = "deposit-1",
           .balance_delta = std::pair(AssetId("USDT"), Money(50, 0))});
  CHECK(f.engine.state().Explained(AssetId("USDT")) == Money(50'000, 0));

  f.balances = {Balance("BTC", 3), Balance("USDT", 50'000)};
  f.Advance(61s);
  f.Reconcile();
  CHECK(f.engine.state().differences().empty());

  f.balances = {Balance("BTC", 3), Balance("USDT", 50'007)};  // seven from nowhere
  f.Advance(61s);
  f.Reconcile();
  CHECK(f.engine.state().differences().empty());  // once seen
  f.Advance(6s);
  f.Reconcile();
  REQUIRE(f.engine.state().differences().contains(AssetId("USDT")));
  CHECK(f.engine.state().differences().at(AssetId("USDT")) == Money(7, 0));
  CHECK(f.engine.stats().differences == 1);
  CHECK_FALSE(f.engine.Problems(f.now).empty());
  CHECK(f.SavedState() == f.RecoveredState());

  SECTION("it goes away by itself when the venue catches up") {
    f.balances = {Balance("BTC", 3), Balance("USDT", 50'000)};
    f.Advance(61s);
    f.Reconcile();
    CHECK(f.engine.state().differences().empty());
  }
  SECTION("what is booked while it stands has it looked at again soon, not a round later") {
    f.Frame({.kind = venue::StreamKind::kBalanceChange,
             .evidence = "deposit-2",
             .balance_delta = std::pair(AssetId("USDT"), Money(7, 0))});
    f.Advance(EngineFixture::Options().recheck_after);
    f.Reconcile();
    CHECK(f.engine.state().differences().empty());
  }
  SECTION("only people sign it off, by its name") {
    f.Command(market::CommandKind::kResume, {market::ScopeKind::kAccount, kAccount.text()}, "ann");
    CHECK_FALSE(f.engine.state().differences().empty());
    const auto proposed = f.Propose("ann", "USDT");
    REQUIRE(proposed.ok());
    REQUIRE(f.Adjust(AdjustmentNote::Step::kApproved, "ben", "", 1).ok());
    CHECK(f.engine.state().differences().empty());
    REQUIRE(f.bookings.back().kind == market::AccountEventKind::kAdjustment);
    CHECK(f.bookings.back().changes ==
          std::vector<market::AssetChange>{{AssetId("USDT"), Money(7, 0)}});
    f.Advance(61s);
    f.Reconcile();
    f.Advance(6s);
    f.Reconcile();
    CHECK(f.engine.state().differences().empty());
  }
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A difference in the traded asset halts the instruments of that asset") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.balances = {Balance("BTC", 2), Balance("USDT", 100'000)};
  f.Start();
  f.balances[0] = Balance("BTC", 5);
  for (int i = 0; i < 3; ++i) {
    f.Advance(61s);
    f.Reconcile();
  }
  REQUIRE(f.engine.state().differences().contains(AssetId("BTC")));
  f.Place("g1a");
  CHECK(f.Last("g1a").local_reason == market::RejectReason::kGateClosed);
}

TEST_CASE("An asset that the answer leaves out is held no more, once that is said twice") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.balances = {Balance("BTC", 2), Balance("USDT", 100'000)};
  f.Start();
  const auto& held = f.engine.state().balances();
  f.balances = {Balance("USDT", 100'000)};
  f.Advance(61s);
  f.Reconcile();
  CHECK(held.at(AssetId("BTC")).free == Money(2, 0));
  CHECK(f.engine.state().differences().empty());
  SECTION("it was left out by mistake") {
    f.balances.push_back(Balance("BTC", 2));
    f.Advance(6s);
    f.Reconcile();
    f.Advance(61s);
    f.Reconcile();
    CHECK(held.at(AssetId("BTC")).free == Money(2, 0));
    CHECK(f.engine.state().differences().empty());
  }
  SECTION("it is gone") {
    f.Advance(6s);
    f.Reconcile();
    CHECK(held.at(AssetId("BTC")).free.zero());
    REQUIRE(f.engine.state().differences().contains(AssetId("BTC")));
    CHECK(f.engine.state().differences().at(AssetId("BTC")) == Money(-2, 0));
    market::OrderIntent sale = f.Intent("g1a");
    sale.side = market::Side::kSell;
    EngineFixture::Rehash(sale);
    f.Decide(sale);
    CHECK(f.Last("g1a").local_reason == market::RejectReason::kGateClosed);
  }
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A balance that is older than the stream's is not taken over") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.balances = {Balance("USDT", 100)};
  f.Start();
  f.Frame({.kind = venue::StreamKind::kBalances,
           .evidence = "s",
           .balances = {Balance("USDT", 90)},
           .time = f.now});
  f.Advance(61s);
  venue::Answer lagging = EngineFixture::Confirmed();
  lagging.balances = {Balance("USDT", 100)};
  lagging.balances_time = f.now - 90s;
  f.Answer("account", lagging);
  CHECK(f.engine.state().balances().at(AssetId("USDT")).free == Money(90, 0));
  CHECK(f.engine.stats().stale_balances == 1);
}

TEST_CASE("An answer that does not say as of when it is undoes nothing told since it was asked") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.balances = {Balance("USDT", 100)};
  f.Start();
  const auto free = [&f] { return f.engine.state().balances().at(AssetId("USDT")).free; };
  const auto told = [&f](int64_t usdt, base::Time at) {
    f.Frame({.kind = venue::StreamKind::kBalances,
             .evidence = "s",
             .balances = {Balance("USDT", usdt)},
             .time = at});
  };
  venue::Answer undated = EngineFixture::Confirmed();
  undated.balances = {Balance("USDT", 100)};
  f.Advance(61s);
  REQUIRE(f.TakeSent("account"));
  const OutgoingRequest asked = f.taken;
  f.Advance(10ms);
  told(90, f.now);
  f.Advance(10ms);
  undated.server_time = f.now;
  f.Answer(asked, undated);
  CHECK(free() == Money(90, 0));
  CHECK(f.engine.stats().stale_balances == 1);
  f.balances = {Balance("USDT", 90)};
  f.Reconcile();
  f.Advance(61s);
  undated.balances = {Balance("USDT", 80)};
  undated.server_time = f.now;
  f.Answer("account", undated);
  CHECK(free() == Money(80, 0));
  // The answer was of a back end that lags: what was told before it and comes now is news.
  told(70, f.now - 10ms);
  CHECK(free() == Money(70, 0));
}

// --- stream ----------------------------------------------------------------------------

TEST_CASE("A stream that the venue ends is connected again and everything is compared") {
  EngineFixture f;
  f.Frame({.kind = venue::StreamKind::kEnding, .detail = "serverShutdown"});
  CHECK(f.stream_restarts == 1);
  CHECK_FALSE(f.engine.ready());
  f.CloseStream();
  f.Open();
  f.Reconcile();
  CHECK(f.engine.ready());
}

TEST_CASE("A refused subscription is shown and tried again on another connection") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.engine.OnStream({"own", wire::StreamEvent::Kind::kOpened, ""}, f.Cause(), f.now);
  f.AnswerTime();
  REQUIRE(f.TakeSent("subscribe"));
  f.Frame({.kind = venue::StreamKind::kSubscribeFailed, .detail = "-2015 Invalid API-key"});
  CHECK(f.engine.Problems(f.now).front().find("-2015") != std::string::npos);
  f.Advance(6s);
  CHECK_FALSE(f.TakeSent("subscribe"));
  CHECK(f.stream_restarts == 1);
  f.CloseStream();
  f.engine.OnStream({"own", wire::StreamEvent::Kind::kOpened, ""}, f.Cause(), f.now);
  CHECK_FALSE(f.TakeSent("subscribe"));
  f.AnswerTime();  // it may have been our clock
  CHECK(f.TakeSent("subscribe"));
}

TEST_CASE("A subscription without an answer is tried again on another connection") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Resume(f.Cause(), f.now);
  f.engine.OnStream({"own", wire::StreamEvent::Kind::kOpened, ""}, f.Cause(), f.now);
  f.AnswerTime();
  REQUIRE(f.TakeSent("subscribe"));
  f.Advance(9s);
  CHECK(f.stream_restarts == 0);
  f.Advance(1s);
  CHECK(f.stream_restarts == 1);
  f.CloseStream();
  f.Open();
  f.Reconcile();
  CHECK(f.engine.ready());
  f.Advance(30s);
  CHECK(f.stream_restarts == 1);
}

TEST_CASE("A frame that cannot be read starts a reconciliation: what it said is lost") {
  EngineFixture f;
  f.Frame({.kind = venue::StreamKind::kBadFrame, .detail = "not JSON"});
  CHECK(f.engine.stats().bad_frames == 1);
  CHECK(f.TakeSent("open-orders"));
  CHECK(f.engine.ready());  // the gate stays open meanwhile
}

TEST_CASE("Answers to requests that nobody made are counted and ignored") {
  EngineFixture f;
  wire::HttpExchange exchange;
  exchange.request_id = 424242;
  exchange.status = 200;
  f.engine.OnHttp(exchange, f.Cause(), f.now);
  CHECK(f.engine.stats().unexpected_answers == 1);
}

}  // namespace
}  // namespace gannet::execution
