#include "services/strategy/parent_desk.h"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <vector>

#include "libs/base/property_suite.h"
#include "libs/market/names.h"
#include "services/strategy/news_playbook.h"
#include "services/strategy/strategy_test_kit.h"

namespace gannet::strategy::test {
namespace {

using Catch::Matchers::ContainsSubstring;
using market::Algo;
using market::ExecKind;
using market::OrderIntent;
using market::OrderState;
using market::ParentState;
using market::Price;
using market::Quantity;
using market::Side;
using namespace std::chrono_literals;

// A person's desk: no strategy of its own.
class Desk : public Floor {
 public:
  explicit Desk(EngineSettings settings = Settings()) : Floor({}, std::move(settings)) {
    AddVenue(kBtc);
    Quote(kBtc, "99.99", "100.01");
  }
  static EngineSettings Settings() {
    EngineSettings settings;
    settings.message_count = 1'000;
    settings.taker_fees_ppm["bybit-spot"] = 500;
    return settings;
  }
  void AddVenue(const char* id) {
    engine.OnInstrument(MakeInstrument(id, "BTC"));
    engine.Apply(Event(*engine.DecideManualInstrument(market::InstrumentId(id))));
    Book(id, market::BookState::kValid);
  }
  // The venue states the instrument anew; quotes and books speak of that from now on.
  void Restate(void (*change)(market::Instrument&)) {
    market::Instrument next = *engine.desk().Definition(market::InstrumentId(kBtc));
    change(next);
    version = ++next.version;
    engine.OnInstrument(next);
    Define(next);
    Tick("99.99", "100.01");
  }
  void SetState(market::ScopeKind kind, const char* name, market::TradingState to) {
    market::RiskState state;
    state.scope = {kind, name};
    state.state = to;
    engine.Apply(Event(state));
  }
  void Tick(std::string_view bid, std::string_view ask) { Quote(kBtc, bid, ask); }
  void Seconds(int count) {
    for (int i = 0; i < count; ++i) {
      Tick("99.99", "100.01");
      Second();
    }
  }
  // The parent that a person gives; its draft before anything is changed.
  Draft Give(Algo algo, Side side, const char* limit, const char* quantity, base::Duration life) {
    Draft draft;
    draft.kind = market::IntentKind::kParent;
    draft.strategy = ManualStrategy("ann");
    draft.instrument = market::InstrumentId(kBtc);
    draft.side = side;
    draft.price = P(limit);
    draft.quantity = Q(quantity);
    draft.expires = now + life;
    draft.plan.emplace().algo = algo;
    return draft;
  }
  void Start(const Draft& draft) {
    Emit({draft});
    REQUIRE(refused.empty());
    parent = told.back().intent;
    Drive();
  }
  const Parent* Now() const { return engine.parents().Find(parent.client_order_id); }
  const market::ParentOrder& End() const {
    REQUIRE_FALSE(told.empty());
    REQUIRE(market::IsTerminal(told.back().state));
    return told.back();
  }
  std::vector<OrderIntent> Children() const {
    std::vector<OrderIntent> children;
    for (const OrderIntent& intent : intents) {
      if (intent.kind == market::IntentKind::kNew && intent.parent == parent.client_order_id)
        children.push_back(intent);
    }
    return children;
  }
  void Cancel() {
    Draft draft;
    draft.kind = market::IntentKind::kCancel;
    draft.strategy = parent.strategy;
    draft.instrument = parent.instrument;
    draft.target = draft.parent = parent.client_order_id;
    const bool answers = answer_cancels;
    answer_cancels = false;  // there is no venue behind a parent
    Emit({draft});
    answer_cancels = answers;
    Drive();
  }
  void Ended(const OrderIntent& child) {
    Report(child.client_order_id, ExecKind::kExpired, OrderState::kExpired);
  }
  void Traded(std::string_view price, std::string_view quantity) {
    market::Trade trade;
    trade.instrument = market::InstrumentId(kBtc);
    trade.instrument_version = version;
    trade.price = P(price);
    trade.quantity = Q(quantity);
    engine.OnTrade(trade);
  }

  OrderIntent parent;
};

TEST_CASE("A TWAP sends equal slices in equal intervals and ends once, with its figures") {
  Desk desk;
  Draft draft = desk.Give(Algo::kTwap, Side::kBuy, "100.50", "1", 100s);
  draft.plan->slices = 10;
  desk.Start(draft);
  for (int slice = 1; slice <= 10; ++slice) {
    const auto children = desk.Children();
    REQUIRE(children.size() == static_cast<size_t>(slice));
    CHECK(children.back().quantity == Q("0.1"));
    CHECK(children.back().price == P("100.01"));
    CHECK(children.back().time_in_force == market::TimeInForce::kIoc);
    CHECK(children.back().strategy == desk.parent.strategy);
    desk.FillAll(children.back());
    if (slice < 10) desk.Seconds(10);
  }
  const market::ParentOrder& end = desk.End();
  CHECK(end.state == ParentState::kCompleted);
  CHECK(end.filled == Q("1"));
  CHECK(end.children == 10);
  const market::ParentFigures figures = FiguresOf(end);
  CHECK(figures.average == P("100.01"));
  CHECK(end.arrival == P("100"));
  CHECK(figures.arrival_slippage_ppm == 100);
  CHECK(desk.Now() == nullptr);
  CHECK(desk.Working("manual/ann", kBtc) == 0);
  const size_t told = desk.told.size();
  desk.Seconds(20);
  CHECK(desk.told.size() == told);
}

TEST_CASE("No child beyond the limit; what was missed is caught up within it") {
  Desk desk;
  Draft draft = desk.Give(Algo::kTwap, Side::kBuy, "100", "1", 100s);
  draft.plan->slices = 10;
  desk.Start(draft);
  desk.Seconds(30);
  CHECK(desk.Children().empty());  // the offer is at 100.01
  desk.Tick("99.90", "99.95");
  REQUIRE(desk.Children().size() == 1);
  CHECK(desk.Children()[0].quantity == Q("0.4"));
  CHECK(desk.Children()[0].price == P("99.95"));
}

TEST_CASE("A parent pauses on an invalid book and on a trading state, and goes on after it") {
  Desk desk;
  Draft draft = desk.Give(Algo::kIceberg, Side::kBuy, "99", "1", 1h);
  draft.plan->visible = Q("0.1");
  desk.Start(draft);
  REQUIRE(desk.Children().size() == 1);
  desk.Seconds(2);
  desk.Book(kBtc, market::BookState::kInvalid);
  desk.Second();
  CHECK(desk.Now()->order.state == ParentState::kPaused);
  CHECK(desk.Now()->order.detail == "no proven, fresh book");
  CHECK(desk.Now()->open.empty());  // withdrawn
  desk.Seconds(5);
  CHECK(desk.Children().size() == 1);
  desk.Book(kBtc, market::BookState::kValid);
  desk.Seconds(2);
  CHECK(desk.Now()->order.state == ParentState::kWorking);
  CHECK(desk.Children().size() == 2);
  desk.SetState(market::ScopeKind::kVenue, "binance-spot", market::TradingState::kHalted);
  desk.Seconds(2);
  CHECK(desk.Now()->order.state == ParentState::kPaused);
  CHECK(desk.Now()->open.empty());
}

TEST_CASE("Cancelling a parent withdraws its child first, then ends it with what was filled") {
  Desk desk;
  Draft draft = desk.Give(Algo::kIceberg, Side::kBuy, "99", "1", 1h);
  draft.plan->visible = Q("0.2");
  desk.Start(draft);
  const OrderIntent child = desk.Children().at(0);
  desk.Fill(child.client_order_id, P("99"), Q("0.05"), false);
  desk.answer_cancels = false;
  desk.Cancel();
  CHECK(desk.intents.back().kind == market::IntentKind::kCancel);
  CHECK(desk.Now() != nullptr);
  desk.Fill(child.client_order_id, P("99"), Q("0.01"), false);  // on its way meanwhile
  desk.Report(child.client_order_id, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(desk.End().state == ParentState::kCanceled);
  CHECK(desk.End().filled == Q("0.06"));
  CHECK(desk.Children().size() == 1);
}

TEST_CASE("A parent ends at its time limit, not before the fate of its child is known") {
  Desk desk;
  Draft draft = desk.Give(Algo::kTwap, Side::kBuy, "100.50", "1", 10s);
  draft.plan->slices = 2;
  desk.Start(draft);
  const OrderIntent child = desk.Children().at(0);
  desk.Report(child.client_order_id, ExecKind::kUnknown, OrderState::kUnknown);
  desk.Seconds(30);
  CHECK(desk.Now() != nullptr);
  CHECK(desk.Children().size() == 1);
  desk.Report(child.client_order_id, ExecKind::kAbsent, OrderState::kAbsent);
  CHECK(desk.End().state == ParentState::kExpired);
  CHECK(desk.End().filled.mantissa == 0);
}

TEST_CASE("A parent that the gate refuses ends with why") {
  Desk desk;
  desk.refuse = true;
  Draft draft = desk.Give(Algo::kTwap, Side::kBuy, "100.50", "1", 10s);
  draft.plan->slices = 2;
  desk.Emit({draft});
  desk.Drive();
  CHECK(desk.End().state == ParentState::kDenied);
  CHECK_THAT(desk.End().detail, ContainsSubstring("MAX_NOTIONAL"));
  CHECK(desk.Working("manual/ann", kBtc) == 0);
}

TEST_CASE("Refused children wait longer each time; the cap on children ends the parent") {
  Desk desk;
  Draft draft = desk.Give(Algo::kTwap, Side::kBuy, "100.50", "1", 1h);
  draft.plan->slices = 1;
  draft.plan->max_children = 4;
  desk.Start(draft);
  desk.Report(desk.Children().back().client_order_id, ExecKind::kRejected, OrderState::kRejected);
  desk.Seconds(1);
  REQUIRE(desk.Children().size() == 2);
  desk.Report(desk.Children().back().client_order_id, ExecKind::kRejected, OrderState::kRejected);
  desk.Seconds(1);
  CHECK(desk.Children().size() == 2);
  CHECK_THAT(desk.Now()->refusal, ContainsSubstring("REJECTED"));
  desk.Seconds(2);
  CHECK(desk.Children().size() == 3);
  desk.Ended(desk.Children().back());
  desk.Seconds(10);
  REQUIRE(desk.Children().size() == 4);
  desk.Ended(desk.Children().back());
  CHECK(desk.End().state == ParentState::kFailed);
  CHECK(desk.End().detail == "max-children was reached");
}

TEST_CASE("A POV takes its share of what trades and never more") {
  Desk desk;
  Draft draft = desk.Give(Algo::kPov, Side::kBuy, "100.50", "2", 1h);
  draft.plan->participation_ppm = 100'000;
  desk.Start(draft);
  desk.Seconds(2);
  CHECK(desk.Children().empty());
  Quantity volume{}, own{};
  for (int i = 0; i < 100 && desk.Now() != nullptr; ++i) {
    desk.Traded("100", i % 3 == 0 ? "0.7" : "0.2");
    volume += Q(i % 3 == 0 ? "0.7" : "0.2");
    const size_t before = desk.Children().size();
    desk.Seconds(1);
    if (desk.Children().size() == before) continue;
    const OrderIntent child = desk.Children().back();
    own += child.quantity;
    CHECK(own.mantissa * 10 <= volume.mantissa);
    desk.Traded("100.01", desk.engine.desk().Definition(child.instrument)->Format(child.quantity));
    volume += child.quantity;
    desk.FillAll(child);
  }
  CHECK(desk.End().state == ParentState::kCompleted);
  CHECK(desk.End().filled == Q("2"));
  const market::ParentFigures figures = FiguresOf(desk.End());
  CHECK(figures.market_vwap > P("100"));
  CHECK(figures.market_vwap < P("100.01"));
  CHECK(figures.vwap_slippage_ppm > 0);
}

TEST_CASE("An iceberg shows one part at a time at its limit") {
  Desk desk;
  Draft draft = desk.Give(Algo::kIceberg, Side::kSell, "101", "0.55", 1h);
  draft.plan->visible = Q("0.2");
  desk.Start(draft);
  std::vector<Quantity> shown;
  while (desk.Now() != nullptr && shown.size() < 10) {
    const OrderIntent child = desk.Children().back();
    CHECK(child.price == P("101"));
    CHECK(child.time_in_force == market::TimeInForce::kGtc);
    shown.push_back(child.quantity);
    desk.FillAll(child);
  }
  CHECK(shown == std::vector<Quantity>{Q("0.2"), Q("0.2"), Q("0.15")});
  CHECK(desk.End().state == ParentState::kCompleted);
}

Draft Bracket(Desk& desk) {
  Draft draft = desk.Give(Algo::kBracket, Side::kBuy, "99", "1", 1h);
  draft.plan->take_profit = P("105");
  draft.plan->stop = P("95");
  draft.plan->stop_limit = P("94");
  return draft;
}

TEST_CASE("A bracket enters, then leaves at its take-profit") {
  Desk desk;
  desk.Start(Bracket(desk));
  const OrderIntent entry = desk.Children().at(0);
  CHECK(entry.price == P("99"));
  desk.Fill(entry.client_order_id, P("99"), Q("0.6"), false);
  desk.now += 2s;
  desk.answer_cancels = false;
  desk.Tick("105.00", "105.02");
  // The rest of the entry goes first, then the exit of what was bought.
  CHECK(desk.intents.back().target == entry.client_order_id);
  REQUIRE(desk.Children().size() == 1);
  desk.Report(entry.client_order_id, ExecKind::kCanceled, OrderState::kCanceled);
  REQUIRE(desk.Children().size() == 2);
  const OrderIntent exit = desk.Children().at(1);
  CHECK(exit.side == Side::kSell);
  CHECK(exit.price == P("105"));
  CHECK(exit.quantity == Q("0.6"));
  CHECK(exit.reduce_only);
  desk.FillAll(exit);
  CHECK(desk.End().state == ParentState::kCompleted);
  CHECK(desk.End().filled == Q("0.6"));
  CHECK(desk.End().exited == Q("0.6"));
  CHECK(FiguresOf(desk.End()).exit_average == P("105"));
  CHECK(desk.Net("manual/ann", kBtc) == 0);
}

TEST_CASE("A bracket's stop sells down to its stop-limit, and tries again what is left") {
  Desk desk;
  desk.Start(Bracket(desk));
  desk.FillAll(desk.Children().at(0));
  desk.now += 2s;
  desk.Tick("93.99", "94.01");
  CHECK(desk.Children().size() == 1);  // below the stop-limit: not at any price
  desk.Tick("94.50", "94.52");
  REQUIRE(desk.Children().size() == 2);
  const OrderIntent first = desk.Children().at(1);
  CHECK(first.price == P("94"));
  desk.Fill(first.client_order_id, P("94.40"), Q("0.7"), false);
  desk.Ended(first);
  desk.now += 2s;
  desk.Tick("94.60", "94.62");
  REQUIRE(desk.Children().size() == 3);
  CHECK(desk.Children().at(2).quantity == Q("0.3"));
  desk.FillAll(desk.Children().at(2));
  CHECK(desk.End().state == ParentState::kCompleted);
}

TEST_CASE("An exit reaches a little beyond the market, however far its limit lies") {
  Desk desk;
  SECTION("a stop with a wide stop-limit") {
    Draft draft = Bracket(desk);
    draft.plan->stop_limit = P("80");
    desk.Start(draft);
    desk.FillAll(desk.Children().at(0));
    desk.now += 2s;
    desk.Tick("94.50", "94.52");
    CHECK(desk.Children().at(1).price == P("93.55"));
  }
  SECTION("a take-profit that the market has gapped beyond") {
    desk.Start(Bracket(desk));
    desk.FillAll(desk.Children().at(0));
    desk.now += 2s;
    desk.Tick("120", "120.02");
    CHECK(desk.Children().at(1).price == P("118.80"));
  }
  SECTION("of what was sold") {
    Draft draft = desk.Give(Algo::kBracket, Side::kSell, "101", "1", 1h);
    draft.plan->take_profit = P("90");
    draft.plan->stop = P("110");
    draft.plan->stop_limit = P("140");
    desk.Start(draft);
    desk.FillAll(desk.Children().at(0));
    desk.now += 2s;
    desk.Tick("110.98", "111");
    CHECK(desk.Children().at(1).side == Side::kBuy);
    CHECK(desk.Children().at(1).price == P("112.11"));
  }
}

Draft Oco(Desk& desk) {
  Draft draft = desk.Give(Algo::kOco, Side::kSell, "94", "1", 1h);
  draft.plan->take_profit = P("105");
  draft.plan->stop = P("95");
  draft.plan->stop_limit = P("94");
  return draft;
}

TEST_CASE("An exit that the gate finds too large is followed by half of it, until it passes") {
  Desk desk;
  desk.Start(Oco(desk));
  desk.refuse = true;  // MAX_NOTIONAL
  for (const char* quantity : {"1", "0.5"}) {
    desk.now += 1s;
    desk.Tick("94.90", "94.92");
    CHECK(desk.Children().back().quantity == Q(quantity));
  }
  desk.refuse = false;
  Quantity sold{};
  while (desk.Now() != nullptr && desk.Children().size() < 9) {
    desk.now += 1s;
    desk.Tick("94.90", "94.92");
    CHECK(desk.Children().back().quantity == Q("0.25"));
    sold += desk.Children().back().quantity;
    desk.FillAll(desk.Children().back());
  }
  CHECK(sold == Q("1"));
  CHECK(desk.End().state == ParentState::kCompleted);
}

TEST_CASE("Entries and visible parts ask for no more than the venue takes in one order") {
  Desk desk;
  desk.Restate([](auto& btc) { btc.max_quantity = Q("0.6"); });
  SECTION("bracket") { desk.Start(Bracket(desk)); }
  SECTION("iceberg") {
    Draft draft = desk.Give(Algo::kIceberg, Side::kBuy, "99", "1", 1h);
    draft.plan->visible = Q("0.7");
    desk.Start(draft);
  }
  for (const char* quantity : {"0.6", "0.4"}) {
    CHECK(desk.Children().back().quantity == Q(quantity));
    desk.FillAll(desk.Children().back());
    desk.Seconds(1);
  }
  CHECK(desk.told.back().filled == Q("1"));
}

TEST_CASE("An exit asks for no more than the venue takes in one order") {
  Desk desk;
  constexpr char kSmall[] = "bybit-spot:BTCUSDT";
  market::Instrument small = MakeInstrument(kSmall, "BTC");
  small.max_quantity = Q("0.6");
  desk.engine.OnInstrument(small);
  desk.engine.Apply(desk.Event(*desk.engine.DecideManualInstrument(market::InstrumentId(kSmall))));
  desk.Book(kSmall, market::BookState::kValid);
  Draft draft = Oco(desk);
  draft.instrument = market::InstrumentId(kSmall);
  desk.Start(draft);
  for (const char* quantity : {"0.6", "0.4"}) {
    desk.now += 1s;
    desk.Quote(kSmall, "94.90", "94.92");
    REQUIRE_FALSE(desk.Children().empty());
    CHECK(desk.Children().back().quantity == Q(quantity));
    desk.FillAll(desk.Children().back());
  }
  CHECK(desk.End().state == ParentState::kCompleted);
}

TEST_CASE("Parents are kept over a restart, those of the formats before too") {
  Desk desk;
  desk.Start(Oco(desk));
  desk.refuse = true;
  desk.now += 1s;
  desk.Tick("94.90", "94.92");
  const auto saved = [](const ParentDesk& parents) {
    wire::CanonicalWriter out;
    parents.Save(out);
    return out.Take();
  };
  const std::string bytes = saved(desk.engine.parents());
  ParentDesk same({});
  wire::CanonicalReader in(bytes);
  REQUIRE(same.Load(in).ok());
  CHECK(saved(same) == bytes);
  CHECK(same.parents().begin()->second.most == Q("0.5"));

  Desk fresh;
  fresh.Start(Oco(fresh));
  const std::string now = saved(fresh.engine.parents());
  std::string before = now;
  const auto as_written = [&](char version) {
    CAPTURE(int{version});
    before[0] = version;
    ParentDesk old({});
    wire::CanonicalReader older(before);
    REQUIRE(old.Load(older).ok());
    CHECK(saved(old) == now);
  };
  // One back-off, a number and a time, where now is how many there are. Behind it: the length of a
  // refusal, the most of an exit, two times, a quantity and two empty lists.
  before.insert(before.size() - 44, 8, '\0');
  as_written(2);
  before.erase(before.size() - 40, 8);
  as_written(1);
}

TEST_CASE("A halt at the venue pauses a bracket, and its stop holds afterwards") {
  Desk desk;
  desk.Start(Bracket(desk));
  desk.FillAll(desk.Children().at(0));
  desk.Restate([](auto& btc) { btc.status = market::InstrumentStatus::kHalted; });
  desk.Seconds(2);
  REQUIRE(desk.Now() != nullptr);
  CHECK(desk.Now()->order.state == ParentState::kPaused);
  CHECK(desk.Now()->order.detail == "the venue does not trade the instrument now");
  desk.Restate([](auto& btc) { btc.status = market::InstrumentStatus::kTrading; });
  desk.Seconds(2);
  CHECK(desk.Now()->order.state == ParentState::kWorking);
  desk.Tick("94.90", "94.92");
  REQUIRE(desk.Children().size() == 2);
  CHECK(desk.Children()[1].instrument_version == 3);
  desk.FillAll(desk.Children()[1]);
  CHECK(desk.End().state == ParentState::kCompleted);
}

TEST_CASE("A parent goes on under restated rules, and what is still open of it counts") {
  Desk desk;
  SECTION("another least: an entry that was sent before fills behind the change") {
    desk.Start(Bracket(desk));
    desk.Restate([](auto& btc) { btc.min_notional = Amount("6"); });
    desk.FillAll(desk.Children().at(0));
    CHECK(desk.engine.portfolio().fills_unbooked() == 0);
    CHECK(desk.Net("manual/ann", kBtc) == Q("1").mantissa);
    desk.now += 2s;
    desk.Tick("94.90", "94.92");
    REQUIRE(desk.Children().size() == 2);
    CHECK(desk.Children()[1].quantity == Q("1"));
  }
  SECTION("a coarser tick: an exit within its limit") {
    Draft draft = Bracket(desk);
    draft.plan->stop_limit = P("94.01");
    desk.Start(draft);
    desk.FillAll(desk.Children().at(0));
    desk.Restate([](auto& btc) { btc.tick = P("0.05"); });
    desk.now += 2s;
    desk.Tick("94.50", "94.55");
    REQUIRE(desk.Children().size() == 2);
    CHECK(desk.Children()[1].price == P("94.05"));
  }
  SECTION("coarser tick and lot: whole lots, and what is below one is left") {
    Draft draft = desk.Give(Algo::kIceberg, Side::kBuy, "99.03", "1.002", 1h);
    draft.plan->visible = Q("0.505");
    desk.Start(draft);
    desk.FillAll(desk.Children().at(0));
    desk.Restate([](auto& btc) {
      btc.tick = P("0.05");
      btc.lot = Q("0.1");
    });
    desk.Report(desk.Children().at(1).client_order_id, ExecKind::kCanceled, OrderState::kCanceled);
    REQUIRE(desk.Children().size() == 3);
    CHECK(desk.Children()[2].quantity == Q("0.4"));
    CHECK(desk.Children()[2].price == P("99"));
    desk.FillAll(desk.Children()[2]);
    CHECK(desk.End().state == ParentState::kFailed);
    CHECK_THAT(desk.End().detail, ContainsSubstring("0.097, is below the venue's least"));
  }
  SECTION("a POV counts what trades under both") {
    Draft draft = desk.Give(Algo::kPov, Side::kBuy, "100.50", "2", 1h);
    draft.plan->participation_ppm = 100'000;
    desk.Start(draft);
    desk.Traded("100", "2");
    desk.Restate([](auto& btc) { btc.min_notional = Amount("6"); });
    REQUIRE(desk.Children().size() == 1);
    desk.FillAll(desk.Children()[0]);
    desk.Traded("100", "2");
    desk.Seconds(1);
    REQUIRE(desk.Children().size() == 2);
    CHECK(desk.Children()[1].quantity == Q("0.2"));
  }
  SECTION("over a restart") {
    desk.Start(Bracket(desk));
    desk.Restate([](auto& btc) { btc.min_notional = Amount("6"); });
    const std::string saved = desk.Saved();
    StrategyEngine again(Desk::Settings(), {});
    wire::CanonicalReader in(saved);
    REQUIRE(again.Load(in).ok());
    ParentSteps steps;
    again.DecideParents(desk.now + 10s, steps);
    REQUIRE(steps.told.size() == 1);
    CHECK(steps.told[0].state == ParentState::kPaused);
  }
}

TEST_CASE("A parent fails when its numbers lose their meaning, or its visible part its use") {
  Desk desk;
  Draft draft = desk.Give(Algo::kIceberg, Side::kBuy, "99", "1", 1h);
  draft.plan->visible = Q("0.1");
  desk.Start(draft);
  SECTION("other scales") {
    desk.Restate([](auto& btc) { btc.quantity_scale = 6; });
    CHECK(desk.End().detail == "the scales of the instrument's numbers changed");
  }
  SECTION("a least above the visible part") {
    desk.Restate([](auto& btc) { btc.min_notional = Amount("20"); });
    CHECK(desk.End().detail == "the visible part is below the venue's least now");
  }
  CHECK(desk.End().state == ParentState::kFailed);
}

TEST_CASE("An exit asks for no more than its strategy still holds, its other orders aside") {
  Desk desk;
  desk.Start(Bracket(desk));
  desk.FillAll(desk.Children().at(0));
  Draft by_hand;
  by_hand.strategy = desk.parent.strategy;
  by_hand.instrument = desk.parent.instrument;
  by_hand.side = Side::kSell;
  by_hand.price = P("99");
  by_hand.quantity = Q("0.3");
  desk.Emit({by_hand});
  desk.FillAll(desk.intents.back());
  by_hand.price = P("110");
  by_hand.quantity = Q("0.2");
  desk.Emit({by_hand});  // rests
  const auto stopped = [&desk] {
    desk.now += 2s;
    desk.Tick("94.90", "94.92");
    return desk.Children().back();
  };
  const OrderIntent exit = stopped();
  CHECK(exit.quantity == Q("0.5"));
  desk.FillAll(exit);
  desk.refuse = true;  // the gate says why no more can go
  CHECK(stopped().quantity == Q("0.5"));
  CHECK(desk.Children().size() == 3);
  stopped();
  CHECK(desk.Now()->order.state == ParentState::kWorking);
  CHECK_THAT(desk.Now()->order.detail, ContainsSubstring("MAX_NOTIONAL"));
}

TEST_CASE("A bracket cancelled in its position says that it is left unprotected") {
  Desk desk;
  desk.Start(Bracket(desk));
  desk.FillAll(desk.Children().at(0));
  desk.Cancel();
  CHECK(desk.End().state == ParentState::kCanceled);
  CHECK_THAT(desk.End().detail, ContainsSubstring("a position of 1 is left"));
}

TEST_CASE("A bracket does not sell the fee that was taken out of what it bought") {
  Desk desk;
  desk.Start(Bracket(desk));
  const OrderIntent entry = desk.Children().at(0);
  market::ExecReport report =
      desk.ReportOf(entry.client_order_id, ExecKind::kFill, OrderState::kFilled);
  report.fill = market::Fill{.trade_id = "t",
                             .price = P("99"),
                             .quantity = Q("1"),
                             .fee = Amount("0.001"),
                             .fee_asset = market::AssetId("BTC")};
  desk.engine.Apply(desk.Event(report));
  desk.now += 2s;
  desk.Tick("105", "105.02");
  CHECK(desk.Children().back().quantity == Q("0.999"));
}

TEST_CASE("Of an OCO one leg trades and both are done") {
  Desk desk;
  desk.Start(Oco(desk));
  desk.Seconds(5);
  CHECK(desk.Children().empty());
  desk.Tick("94.90", "94.92");
  REQUIRE(desk.Children().size() == 1);
  CHECK(desk.Children()[0].price == P("94"));
  desk.Tick("105", "105.02");
  CHECK(desk.Children().size() == 1);
  desk.FillAll(desk.Children()[0]);
  CHECK(desk.End().state == ParentState::kCompleted);
}

TEST_CASE("A routed order takes the best venues at once, one child each") {
  Desk desk;
  constexpr char kBybit[] = "bybit-spot:BTCUSDT";
  desk.AddVenue(kBybit);
  desk.Quote(kBybit, "99.90", "99.95");
  Draft draft = desk.Give(Algo::kRoute, Side::kBuy, "100.50", "1.5", 1min);
  draft.plan->venues = {market::InstrumentId(kBybit)};
  desk.Start(draft);
  REQUIRE(desk.Children().size() == 2);
  CHECK(desk.Children()[0].instrument == market::InstrumentId(kBybit));
  CHECK(desk.Children()[0].quantity == Q("1"));
  CHECK(desk.Children()[1].quantity == Q("0.5"));
  desk.FillAll(desk.Children()[0]);
  desk.Ended(desk.Children()[1]);
  desk.Quote(kBybit, "99.90", "99.95");
  desk.Book(kBybit, market::BookState::kInvalid);
  desk.Seconds(1);
  REQUIRE(desk.Children().size() == 3);
  CHECK(desk.Children()[2].instrument == market::InstrumentId(kBtc));
  desk.FillAll(desk.Children()[2]);
  CHECK(desk.End().state == ParentState::kCompleted);
  CHECK(desk.End().filled == Q("1.5"));
}

TEST_CASE("A routed child counts as much when its venue restates scales while it is open") {
  Desk desk;
  constexpr char kBybit[] = "bybit-spot:BTCUSDT";
  desk.AddVenue(kBybit);
  desk.Quote(kBybit, "99.90", "99.95");
  Draft draft = desk.Give(Algo::kRoute, Side::kBuy, "100.50", "1.5", 1min);
  draft.plan->venues = {market::InstrumentId(kBybit)};
  desk.Start(draft);
  REQUIRE(desk.Children().size() == 2);
  const OrderIntent there = desk.Children()[0], here = desk.Children()[1];
  REQUIRE(there.instrument == market::InstrumentId(kBybit));
  market::Instrument next = *desk.engine.desk().Definition(there.instrument);
  ++next.version;
  next.price_scale = 4;
  next.quantity_scale = 10;
  next.tick = {100};
  next.lot = {10'000'000};
  desk.engine.OnInstrument(next);
  desk.Define(next);
  // One of 1 is open there, 0.5 was not filled here: so much is asked for again.
  desk.Ended(here);
  desk.Seconds(2);
  REQUIRE(desk.Children().size() == 3);
  CHECK(desk.Children()[2].quantity == Q("0.5"));
  desk.Fill(there.client_order_id, there.price, Q("0.4"), false);
  CHECK(desk.Now()->order.filled == Q("0.4"));
  CHECK(desk.Now()->order.filled_value ==
        static_cast<market::Int128>(P("99.95").mantissa) * Q("0.4").mantissa);
}

TEST_CASE("A venue that refuses a routed order is waited for alone") {
  Desk desk;
  constexpr char kBybit[] = "bybit-spot:BTCUSDT";
  desk.AddVenue(kBybit);
  Draft draft = desk.Give(Algo::kRoute, Side::kBuy, "100.50", "1", 1min);
  draft.plan->venues = {market::InstrumentId(kBybit)};
  const auto newest_at = [&desk](const char* venue) {
    return desk.Children().back().instrument == market::InstrumentId(venue);
  };
  const auto second = [&] {
    desk.Quote(kBybit, "99.80", "99.85");  // the cheaper
    desk.Seconds(1);
  };
  desk.Quote(kBybit, "99.80", "99.85");
  desk.Start(draft);
  while (newest_at(kBybit) && desk.Children().size() < 4) {
    desk.Report(desk.Children().back().client_order_id, ExecKind::kRejected, OrderState::kRejected);
    for (size_t before = desk.Children().size(), i = 0; desk.Children().size() == before && i < 9;
         ++i)
      second();
  }
  CHECK(desk.Children().size() == 3);
  CHECK(newest_at(kBtc));
  CHECK(desk.now - desk.parent.created <= 2s);
  desk.Ended(desk.Children().back());
  second();
  CHECK(newest_at(kBybit));  // its own time has come
}

TEST_CASE("Where only reducing is allowed, an OCO and a reduce-only route go on") {
  Desk desk;
  desk.SetState(market::ScopeKind::kInstrument, kBtc, market::TradingState::kReducing);
  SECTION("an OCO, which on spot is not reduce-only") {
    desk.Start(Oco(desk));
    desk.now += 2s;
    desk.Tick("94.90", "94.92");
    CHECK(desk.Children().size() == 1);
    CHECK(desk.Now()->order.state == ParentState::kWorking);
  }
  SECTION("a reduce-only route") {
    Draft draft = desk.Give(Algo::kRoute, Side::kSell, "99", "1", 1min);
    draft.reduce_only = true;
    desk.Start(draft);
    CHECK(desk.Children().size() == 1);
  }
  SECTION("another route waits") {
    desk.Start(desk.Give(Algo::kRoute, Side::kSell, "99", "1", 1min));
    CHECK(desk.Children().empty());
    CHECK(desk.Now()->order.state == ParentState::kPaused);
  }
}

TEST_CASE("A route makes no more children at once than it may") {
  Desk desk;
  constexpr char kBybit[] = "bybit-spot:BTCUSDT";
  desk.AddVenue(kBybit);
  desk.Quote(kBybit, "99.80", "99.85");
  Draft draft = desk.Give(Algo::kRoute, Side::kBuy, "100.50", "2", 1min);
  draft.plan->venues = {market::InstrumentId(kBybit)};
  draft.plan->max_children = 1;
  desk.Start(draft);
  REQUIRE(desk.Children().size() == 1);
  CHECK(desk.Children()[0].instrument == market::InstrumentId(kBybit));
}

TEST_CASE("Draining withdraws children and keeps the parent for the next start") {
  Desk desk;
  Draft draft = desk.Give(Algo::kIceberg, Side::kBuy, "99", "1", 1h);
  draft.plan->visible = Q("0.2");
  desk.Start(draft);
  desk.engine.StopAll();
  desk.Second();
  CHECK(desk.Now()->open.empty());
  CHECK(desk.engine.portfolio().working_orders() == 0);
  desk.Seconds(3);
  CHECK(desk.Children().size() == 1);
}

TEST_CASE("A strategy's entry may be a parent, which its exit ends first") {
  PlaybookSettings settings;
  settings.name = market::StrategyId("hack");
  settings.instruments = {"binance-spot:*"};
  settings.linked_only = false;
  settings.min_novelty_ppm = 0;
  settings.entry.over = 60s;
  settings.sizing.risk = Amount("1000");
  settings.exits.stop_loss_ppm = 5'000;
  EngineSettings engine_settings;
  engine_settings.message_count = 100;
  Floor floor(One<NewsPlaybook>(settings), engine_settings);
  floor.Open(kBtc, "BTC");
  market::NewsSignal signal;
  signal.type = market::NewsEventType::kHack;
  signal.sentiment_ppm = 900'000;
  signal.confidence_ppm = signal.novelty_ppm = 1'000'000;
  floor.Signal(signal);
  REQUIRE(floor.told.size() >= 1);
  const OrderIntent parent = floor.told[0].intent;
  CHECK(parent.strategy == settings.name);
  CHECK(floor.told[0].plan.algo == Algo::kTwap);
  floor.Second();
  const OrderIntent slice = floor.intents.back();
  REQUIRE(slice.parent == parent.client_order_id);
  floor.FillAll(slice);
  floor.answer_cancels = false;  // there is no venue behind a parent
  floor.Quote(kBtc, "99.00", "99.02");
  floor.Drive();
  const bool canceled =
      std::any_of(floor.intents.begin(), floor.intents.end(), market::CancelsParent);
  CHECK(canceled);
  CHECK(floor.told.back().state == ParentState::kCanceled);
}

// Whatever the venue does: what is filled and what works never sum to more than the
// parent, no child is beyond the limit or sent on an invalid book, and it ends once.
TEST_CASE("Parents hold their bounds under any answers, and through restarts") {
  CHECK(base::Holds("parents", [] {
    Desk desk;
    const bool buy = *rc::gen::arbitrary<bool>();
    Draft draft =
        desk.Give(Algo::kTwap, buy ? Side::kBuy : Side::kSell, buy ? "100.20" : "99.80", "1", 120s);
    draft.quantity = {*rc::gen::inRange<int64_t>(200, 5'000) * Q("0.001").mantissa};
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        draft.plan->slices = *rc::gen::inRange<uint32_t>(1, 4);
        break;
      case 1:
        draft.plan->algo = Algo::kVwap;
        draft.plan->weights = {3, 0, 1, 7};
        break;
      case 2:
        draft.plan->algo = Algo::kPov;
        draft.plan->participation_ppm = 300'000;
        break;
      default:
        draft.plan->algo = Algo::kIceberg;
        draft.plan->visible = {*rc::gen::inRange<int64_t>(60, 200) * Q("0.001").mantissa};
    }
    desk.answer_cancels = false;
    desk.Start(draft);
    struct Live {
      OrderIntent intent;
      int64_t filled = 0;
    };
    std::vector<Live> live;
    int64_t filled = 0;
    size_t seen = 0;
    bool valid = true, canceled = false;
    for (int step = 0; step < 150 && desk.Now() != nullptr; ++step) {
      const bool was_valid = valid;
      const int64_t mid = 10'000 + *rc::gen::inRange<int64_t>(-40, 41);
      desk.QuoteAt(kBtc, {(mid - 1) * 1'000'000}, {(mid + 1) * 1'000'000});
      const int what = *rc::gen::inRange(0, 10);
      if (what == 0) {
        valid = !valid;
        desk.Book(kBtc, valid ? market::BookState::kValid : market::BookState::kInvalid);
      } else if (what == 1) {
        desk.Traded("100", "0.9");
      } else if (what == 2 && !canceled && *rc::gen::inRange(0, 20) == 0) {
        desk.Cancel();
        canceled = true;
      } else if (!live.empty()) {
        Live& child = live.back();
        const int64_t left = child.intent.quantity.mantissa - child.filled;
        if (what < 6) {
          const int64_t part = *rc::gen::inRange<int64_t>(1, left + 1);
          desk.Fill(child.intent.client_order_id, child.intent.price, {part}, part == left);
          child.filled += part;
          filled += part;
          if (part == left) live.pop_back();
        } else if (what == 6) {
          desk.Report(child.intent.client_order_id, ExecKind::kUnknown, OrderState::kUnknown);
        } else {
          const OrderIntent gone = child.intent;
          live.pop_back();
          desk.Report(gone.client_order_id, what == 7 ? ExecKind::kRejected : ExecKind::kExpired,
                      what == 7 ? OrderState::kRejected : OrderState::kExpired);
        }
      }
      desk.Second();
      const auto children = desk.Children();
      for (; seen < children.size(); ++seen) {
        const OrderIntent& child = children[seen];
        RC_ASSERT(valid || was_valid);
        RC_ASSERT((buy ? child.price <= draft.price : child.price >= draft.price));
        live.push_back({child});
      }
      int64_t working = 0;
      for (const Live& child : live) working += child.intent.quantity.mantissa - child.filled;
      RC_ASSERT(filled + working <= draft.quantity.mantissa);
      // A restart knows the same as one that never stopped.
      if (step % 25 == 7) {
        const std::string saved = desk.Saved();
        Desk again;
        wire::CanonicalReader in(saved);
        StrategyEngine restarted(Desk::Settings(), {});
        RC_ASSERT(restarted.Load(in).ok());
        wire::CanonicalWriter out;
        restarted.Save(out);
        RC_ASSERT(out.bytes() == saved);
      }
    }
    while (!live.empty()) {  // the venue settles what is open
      const OrderIntent gone = live.back().intent;
      live.pop_back();
      desk.Report(gone.client_order_id, ExecKind::kExpired, OrderState::kExpired);
    }
    if (desk.Now() != nullptr) {
      desk.now += 1h;
      desk.Second();
      for (const OrderIntent& child : desk.Children()) {
        if (desk.Now() != nullptr && desk.Now()->open.contains(child.client_order_id))
          desk.Ended(child);
      }
      desk.Second();
    }
    RC_ASSERT(desk.Now() == nullptr);
    const auto ends = std::count_if(desk.told.begin(), desk.told.end(), [](const auto& parent) {
      return market::IsTerminal(parent.state);
    });
    RC_ASSERT(ends == 1);
    RC_ASSERT(desk.told.back().filled.mantissa == filled);
  }));
}

}  // namespace
}  // namespace gannet::strategy::test
