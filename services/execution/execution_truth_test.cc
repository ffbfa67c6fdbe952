// What people see and sign of both sides, and a kill switch to its verified end.
#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include "libs/base/property_suite.h"
#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using namespace std::chrono_literals;
using market::AssetId;
using market::CommandKind;
using market::ExecKind;
using Step = AdjustmentNote::Step;
using market::Money;
using market::OrderState;
using venue::VenueOrderStatus;

venue::BalanceEntry Balance(const char* asset, int64_t free) {
  return {AssetId(asset), Money(free, 0), Money()};
}

class Fixture : public EngineFixture {
 public:
  explicit Fixture(ExecutionOptions options = Options())
      : EngineFixture(std::move(options), /*start=*/false) {
    balances = {Balance("BTC", 2), Balance("USDT", 100'000)};
    Start();
  }
  // Asks, and answers what the venue is asked by what the test says it holds.
  const Comparison& Inspect(bool dry_run = true) {
    engine.Inspect(++ticket, dry_run, Cause(), now);
    for (int i = 0; i < 100 && inspected.empty(); ++i) {
      AnswerAll();
      Advance(100ms);
    }
    REQUIRE(inspected.size() == 1);
    REQUIRE(inspected.front().first == std::vector<uint64_t>{ticket});
    last = inspected.front().second;
    inspected.clear();
    return last;
  }
  void AnswerAll() {
    for (bool again = true; again;) {
      again = false;
      while (TakeSent("open-orders")) {
        venue::Answer answer = silent ? venue::Answer() : Confirmed();
        answer.orders = listed;
        Answer(taken, std::move(answer));
        again = true;
      }
      while (TakeSent("account")) {
        venue::Answer answer = Confirmed();
        answer.balances = balances;
        answer.balances_time = now;
        Answer(taken, std::move(answer));
        again = true;
      }
      while (TakeSent("trades-since") || TakeSent("trades-from")) {
        Answer(taken, Trades(trades));
        again = true;
      }
    }
  }
  // The venue and this side agree on a filled order of one coin.
  void Filled() {
    Working("g1a", "7");
    venue::OrderUpdate fill = Update("g1a", "7", VenueOrderStatus::kFilled, "1");
    fill.trade = Trade("7", "5001", "1", "50");
    StreamOrder(fill);
    trades = {*fill.trade};
    balances = {Balance("BTC", 3), Balance("USDT", 49'950)};
  }
  void Differ() {  // seven from nowhere, believed
    balances = {Balance("BTC", 2), Balance("USDT", 100'007)};
    for (int i = 0; i < 2; ++i) {
      Advance(61s);
      AnswerAll();
    }
    REQUIRE(engine.state().differences().contains(AssetId("USDT")));
  }
  market::Event<market::Command> KillCommand(market::Scope scope) {
    market::Command command;
    command.kind = CommandKind::kKill;
    command.scope = std::move(scope);
    command.person = "ann";
    command.reason = "runaway";
    command.request_id = "kill-1";
    return {Cause(), command};
  }

  std::vector<venue::OrderUpdate> listed;
  std::vector<venue::TradeUpdate> trades;
  bool silent = false;  // the list of orders is not to be had
  uint64_t ticket = 0;
  Comparison last;
};

// --- both sides -----------------------------------------------------------------------------

TEST_CASE("Both sides are laid out, equal, without booking anything") {
  Fixture f;
  f.Filled();
  f.Working("g1b", "8");
  f.listed = {f.Update("g1b", "8", VenueOrderStatus::kNew, "0")};
  const size_t facts = f.facts.size();
  const Comparison& found = f.Inspect();
  CHECK(found.problem.empty());
  CHECK(found.equal);
  CHECK(found.rounds == 1);
  REQUIRE(found.orders.size() == 1);
  CHECK(found.orders[0].venue->quantity == "1");
  CHECK(found.orders[0].local->state == "ACCEPTED");
  CHECK(found.equal_fills == 1);
  CHECK(found.fills.empty());
  REQUIRE(found.balances.size() == 2);
  CHECK(found.balances[0].difference == "0");
  CHECK(f.facts.size() == facts);
}

TEST_CASE("Every kind of difference is named, and nothing is booked by looking") {
  Fixture f;
  f.Filled();
  f.Working("g1b", "8");
  f.Working("g1c", "9");
  // The venue: g1b half filled by a trade that never came, g1c not there, a stranger's order,
  // and less money than is explained.
  f.listed = {f.Update("g1b", "8", VenueOrderStatus::kPartiallyFilled, "0.5"),
              f.Update("web_1", "500", VenueOrderStatus::kNew, "0")};
  f.trades.push_back(f.Trade("8", "5002", "0.5"));
  f.balances[1] = Balance("USDT", 40'000);
  const size_t facts = f.facts.size();
  const Comparison& found = f.Inspect();
  CHECK_FALSE(found.equal);
  CHECK(found.rounds == 3);
  const auto differing = [&](const auto& rows) {
    return std::count_if(rows.begin(), rows.end(), [](const auto& row) { return !row.equal; });
  };
  CHECK(differing(found.orders) == 3);
  REQUIRE(found.fills.size() == 1);
  CHECK(found.fills[0].trade_id == "5002");
  CHECK(found.fills[0].at_venue);
  CHECK_FALSE(found.fills[0].booked);
  CHECK(found.equal_fills == 1);
  CHECK(differing(found.balances) == 1);
  CHECK(f.facts.size() == facts);
  CHECK(f.engine.state().FindVenueOrder(kBtc, market::VenueOrderId("500")) == nullptr);
}

TEST_CASE("What differs only once is in motion") {
  Fixture f;
  f.Working("g1b", "8");
  f.engine.Inspect(1, true, f.Cause(), f.now);
  f.AnswerAll();  // the venue's list does not have it yet
  CHECK(f.inspected.empty());
  f.listed = {f.Update("g1b", "8", VenueOrderStatus::kNew, "0")};
  f.Advance(2s);
  f.AnswerAll();
  REQUIRE(f.inspected.size() == 1);
  CHECK(f.inspected[0].second.equal);
}

TEST_CASE("Without --dry-run what the venue says is booked first") {
  Fixture f;
  f.listed = {f.Update("web_1", "500", VenueOrderStatus::kNew, "0")};
  const Comparison& found = f.Inspect(/*dry_run=*/false);
  CHECK(found.equal);
  CHECK(f.State("web_1") == OrderState::kAccepted);
  CHECK(f.Order("web_1").intent.strategy.text() == kExternalStrategy);
}

TEST_CASE("A venue that does not answer is no venue that agrees") {
  Fixture f;
  f.silent = true;
  const Comparison& found = f.Inspect();
  CHECK_FALSE(found.problem.empty());
  CHECK_FALSE(found.equal);
}

TEST_CASE("Before the first look there is nothing to compare") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  f.engine.Inspect(1, true, f.Cause(), f.now);
  REQUIRE(f.inspected.size() == 1);
  CHECK_FALSE(f.inspected[0].second.problem.empty());
}

TEST_CASE("A difference of any size and sign of a balance is the figure that is shown") {
  CHECK(base::Holds("venue less local", [](int32_t off) {
    Fixture f;
    f.balances[1] = {AssetId("USDT"), Money(100'000, 0) + Money(off, 4), Money()};
    const Comparison& found = f.Inspect();
    RC_ASSERT(found.equal == (off == 0));
    RC_ASSERT(found.balances[1].difference == Money(off, 4).ToString());
  }));
}

// --- adjustments -------------------------------------------------------------------------

TEST_CASE("A difference is booked when two people sign it, and never otherwise") {
  Fixture f;
  CHECK_FALSE(f.Propose("ann", "USDT").ok());  // nothing differs
  f.Differ();
  CHECK_FALSE(f.Propose("ann", "BTC").ok());
  const auto proposed = f.Propose("ann", "USDT");
  REQUIRE(proposed.ok());
  REQUIRE(proposed->proposal == 1);
  CHECK(f.Propose("ann", "USDT")->proposal == 1);  // the same
  CHECK(f.bookings.empty());

  const auto own = f.Adjust(Step::kApproved, "ann", "", 1);
  REQUIRE_FALSE(own.ok());
  CHECK(own.status().message().find("another person") != std::string::npos);
  CHECK_FALSE(f.Adjust(Step::kApproved, "ben", "", 2).ok());

  SECTION("another approves") {
    REQUIRE(f.Adjust(Step::kApproved, "ben", "", 1).ok());
    REQUIRE(f.bookings.size() == 1);
    CHECK(f.bookings[0].id == "signed:1");
    CHECK(f.bookings[0].person == "ben");
    CHECK(f.bookings[0].kind == market::AccountEventKind::kAdjustment);
    CHECK(f.engine.state().Explained(AssetId("USDT")) == Money(100'007, 0));
    CHECK(f.engine.Halts().empty());
    // Given again it is not booked again.
    CHECK(f.Adjust(Step::kApproved, "ben", "", 1).ok());
    CHECK_FALSE(f.Adjust(Step::kRejected, "cyd", "", 1).ok());
    CHECK(f.bookings.size() == 1);
  }
  SECTION("it is another difference by then") {
    f.balances[1] = Balance("USDT", 100'009);
    for (int i = 0; i < 2; ++i) {
      f.Advance(61s);
      f.AnswerAll();
    }
    const auto late = f.Adjust(Step::kApproved, "ben", "", 1);
    REQUIRE_FALSE(late.ok());
    CHECK(late.status().message().find("anew") != std::string::npos);
    CHECK(f.bookings.empty());
  }
  SECTION("its proposer withdraws it") {
    CHECK(f.Adjust(Step::kRejected, "ann", "", 1).ok());
    CHECK_FALSE(f.Adjust(Step::kApproved, "ben", "", 1).ok());
  }
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("Money that came or went is signed as a transfer, and nobody forgets to say so") {
  Fixture f;
  f.Differ();
  for (const char* unclear : {"", "deposit"}) {
    const auto refused = f.Propose("ann", "USDT", unclear);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.status().message().find("--as transfer or --as result") != std::string::npos);
  }
  REQUIRE(f.Propose("ann", "USDT", kAsResult)->proposal == 1);
  const auto transfer = f.Propose("ben", "USDT", kAsTransfer);
  REQUIRE(transfer.ok());
  CHECK(transfer->detail.find("7 USDT as a transfer") != std::string::npos);
  CHECK(f.SavedState() == f.RecoveredState());
  REQUIRE(f.Adjust(Step::kApproved, "ann", "", transfer->proposal).ok());
  REQUIRE(f.bookings.size() == 1);
  CHECK(f.bookings[0].kind == market::AccountEventKind::kTransfer);
  CHECK(f.engine.state().Explained(AssetId("USDT")) == Money(100'007, 0));
  CHECK(f.engine.Halts().empty());
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("One person may do both where that is switched on") {
  ExecutionOptions options = EngineFixture::Options();
  options.four_eyes = false;
  Fixture f(options);
  f.Differ();
  REQUIRE(f.Propose("ann", "USDT").ok());
  CHECK(f.Adjust(Step::kApproved, "ann", "", 1).ok());
}

TEST_CASE("A snapshot from before proposals about orders keeps what was proposed") {
  Fixture f;
  f.Differ();
  REQUIRE(f.Propose("ann", "USDT").ok());
  std::string bytes = f.SavedState();
  wire::CanonicalWriter of_an_order;
  WriteOrderOf(of_an_order, AdjustmentNote());
  constexpr std::string_view kReason = "looked into";
  constexpr size_t kTimeBytes = 8;
  const size_t at = bytes.find(kReason) + kReason.size() + kTimeBytes;
  constexpr size_t kTransferBytes = 1;
  bytes.erase(at, of_an_order.Take().size() + kTransferBytes);
  wire::CanonicalWriter of_pauses;
  WritePartsOf(of_pauses, PauseNote());
  bytes.resize(bytes.size() - of_pauses.Take().size());
  bytes[0] = 7;
  ExecutionState restored(kAccount);
  wire::CanonicalReader in(bytes);
  REQUIRE(restored.Load(in).ok());
  CHECK(in.done());
  CHECK(restored.adjustments() == f.engine.state().adjustments());
  CHECK(restored.pause() == f.engine.state().pause());
}

// An order that the venue has had, filled by `filled`, and does not find.
struct Lost : EngineFixture {
  explicit Lost(bool part_filled = true) {
    Working("g1a", "7");
    if (part_filled)
      StreamFill("g1a", "7", "101", "0.4", "0.4", VenueOrderStatus::kPartiallyFilled);
    CloseStream();
    Open();
    Reconcile();
    Answer("query g1a", NotFound(), 400);
    Advance(1ms);
    Place("g1shut");
    CHECK(Last("g1shut").kind == ExecKind::kNotSent);
  }
  void Sign() {
    const auto proposed = ProposeEnd("ann", "g1a");
    REQUIRE(proposed.ok());
    REQUIRE(Adjust(Step::kApproved, "ben", "", proposed->proposal).ok());
  }
};

TEST_CASE("The end of an order that the venue does not find is signed by two people") {
  Lost f;
  CHECK_FALSE(f.ProposeEnd("ann", "g1a", "", /*evidence=*/"").ok());
  CHECK_FALSE(f.ProposeEnd("ann", "g1none").ok());
  CHECK_FALSE(f.ProposeEnd("ann", "g1a", "0.5").ok());  // figures are not turned into fills
  const auto proposed = f.ProposeEnd("ann", "g1a", "0.40");
  REQUIRE(proposed.ok());
  CHECK(f.ProposeEnd("ann", "g1a")->proposal == proposed->proposal);  // the same
  CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  CHECK_FALSE(f.Adjust(Step::kApproved, "ann", "", proposed->proposal).ok());
  // Whoever is stopped by it is told what ends it.
  const std::string what_to_do = "`gannet adjust propose --order g1a`";
  CHECK(f.Last("g1shut").detail.find(what_to_do) != std::string::npos);
  REQUIRE(f.engine.Halts().size() == 1);
  CHECK(f.engine.Halts().front().find(what_to_do) != std::string::npos);

  SECTION("another approves") {
    const auto approved = f.Adjust(Step::kApproved, "ben", "", proposed->proposal);
    REQUIRE(approved.ok());
    const market::ExecReport& end = f.Last("g1a");
    CHECK(end.kind == ExecKind::kCanceled);
    CHECK(end.state == OrderState::kCanceled);
    CHECK(end.cumulative.mantissa == 400);
    CHECK(end.evidence == "signed:1 https://tickets/12");
    CHECK(end.detail ==
          "its end was signed: proposed by ann: purged; approved by ben: looked into");
    CHECK(f.engine.state().EndSigned(market::ClientOrderId("g1a")));
    CHECK(f.engine.Halts().empty());
    f.Place("g1b");
    CHECK(f.Last("g1b").kind == ExecKind::kJournaled);
    // Given again nothing ends again.
    CHECK(f.Adjust(Step::kApproved, "ben", "", proposed->proposal).ok());
    CHECK(f.Count(ExecKind::kCanceled, "g1a") == 1);
    CHECK_FALSE(f.ProposeEnd("ann", "g1a").ok());
  }
  SECTION("a fill has come by then") {
    f.StreamFill("g1a", "7", "102", "0.1", "0.5", VenueOrderStatus::kPartiallyFilled);
    const auto late = f.Adjust(Step::kApproved, "ben", "", proposed->proposal);
    REQUIRE_FALSE(late.ok());
    CHECK(late.status().message().find("anew") != std::string::npos);
  }
  SECTION("the venue lists it again") {
    f.Advance(60s);
    venue::Answer listed = f.Confirmed();
    listed.orders = {f.Update("g1a", "7", VenueOrderStatus::kPartiallyFilled, "0.4")};
    f.Answer("open-orders", listed);
    CHECK_FALSE(f.Adjust(Step::kApproved, "ben", "", proposed->proposal).ok());
    CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  }
  SECTION("its proposer withdraws it") {
    CHECK(f.Adjust(Step::kRejected, "ann", "", proposed->proposal).ok());
    CHECK_FALSE(f.Adjust(Step::kApproved, "ben", "", proposed->proposal).ok());
    CHECK(f.State("g1a") == OrderState::kPartiallyFilled);
  }
  CHECK(f.SavedState() == f.RecoveredState());
  ExecutionState loaded(kAccount);
  const std::string saved = f.SavedState();
  wire::CanonicalReader in(saved);
  REQUIRE(loaded.Load(in).ok());
  CHECK(loaded.adjustments() == f.engine.state().adjustments());
}

TEST_CASE("The end of an order that the venue may have cannot be signed") {
  EngineFixture f;
  f.Working("g1a", "7");
  CHECK_FALSE(f.ProposeEnd("ann", "g1a").ok());  // listed
  f.Place("g1b");
  f.Lose("place g1b");
  REQUIRE(f.State("g1b") == OrderState::kUnknown);
  CHECK_FALSE(f.ProposeEnd("ann", "g1b").ok());  // proof of absence is to be had
  f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0"));
  CHECK_FALSE(f.ProposeEnd("ann", "g1a").ok());  // over
}

TEST_CASE("What comes of an order after its signed end is late, and booked") {
  Lost f;
  f.Sign();
  SECTION("a fill") {
    f.StreamFill("g1a", "7", "102", "0.6", "1", VenueOrderStatus::kFilled);
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK(f.Order("g1a").cumulative.mantissa == 1000);
    CHECK(f.engine.stats().illegal_events == 0);
  }
  SECTION("another end than people could know") {
    f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kExpired, "0.4"));
    CHECK(f.State("g1a") == OrderState::kCanceled);
    CHECK(f.engine.stats().illegal_events == 0);
  }
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("What has ended by signature is not missing while a trade of it is looked for") {
  Lost f;
  const auto never_found = [&] {
    for (int i = 0; i < 120; ++i) {
      f.Advance(1s);
      while (f.TakeSent("trades-of 7")) f.Answer(f.taken, EngineFixture::Trades({}));
      while (f.TakeSent("query g1a")) f.Answer(f.taken, EngineFixture::NotFound(), 400);
    }
  };
  f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kPartiallyFilled, "0.9"));  // a fill is lost
  CHECK(f.engine.Halts().empty());                                                 // there it is
  never_found();
  REQUIRE(f.engine.Halts().size() == 1);
  f.Sign();
  never_found();
  CHECK(f.engine.Halts().empty());
}

TEST_CASE("An order that works at the venue after its signed end is withdrawn, and counted once") {
  Lost f;
  f.Sign();
  f.StreamOrder(f.Update("g1a", "7", VenueOrderStatus::kPartiallyFilled, "0.4"));
  CHECK(f.State("g1a") == OrderState::kCanceled);
  CHECK(f.engine.stats().contradicted_ends == 1);
  CHECK(f.engine.stats().illegal_events == 1);
  REQUIRE(f.State("twin:BTCUSDT:7") == OrderState::kPendingCancel);
  CHECK(f.Order("twin:BTCUSDT:7").cumulative.mantissa == 400);
  f.StreamFill("g1a", "7", "101", "0.4", "0.4", VenueOrderStatus::kPartiallyFilled);  // again
  f.StreamFill("g1a", "7", "102", "0.1", "0.5", VenueOrderStatus::kPartiallyFilled);
  CHECK(f.engine.state().NetPosition(kBtc).units() == 500);
  CHECK(f.Order("twin:BTCUSDT:7").cumulative.mantissa == 500);
  f.Answer("cancel-venue 7", f.Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0.5")));
  CHECK(f.State("twin:BTCUSDT:7") == OrderState::kCanceled);
  CHECK(f.engine.stats().illegal_events == 1);
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A halt for foreign orders outlives the process and ends with a person") {
  ExecutionOptions options = EngineFixture::Options();
  options.foreign = ForeignPolicy::kHalt;
  Fixture f(options);
  f.StreamOrder(f.Update("web_1", "500", VenueOrderStatus::kNew, "0"));
  REQUIRE(f.engine.Halts().size() == 1);
  const std::string saved = f.SavedState();
  ExecutionState state(kAccount);
  wire::CanonicalReader in(saved);
  REQUIRE(state.Load(in).ok());
  CHECK(state.halts().contains(kBtc));
  f.Command(CommandKind::kResume, {market::ScopeKind::kAccount, kAccount.text()});
  CHECK(f.engine.Halts().empty());
  CHECK(f.SavedState() == f.RecoveredState());
}

// --- account events ------------------------------------------------------------------------

TEST_CASE("A fill is booked once, with its fee, ahead of its report") {
  Fixture f;
  f.Filled();
  f.StreamFill("g1a", "7", "5001", "1", "1", VenueOrderStatus::kFilled);  // again
  REQUIRE(f.bookings.size() == 2);
  CHECK(f.bookings[0].kind == market::AccountEventKind::kFee);
  CHECK(f.bookings[0].changes ==
        std::vector<market::AssetChange>{{AssetId("USDT"), Money(-50, 0)}});
  CHECK(f.bookings[1].kind == market::AccountEventKind::kFill);
  CHECK(f.bookings[1].id == "5001");
  CHECK(f.bookings[1].quantity.mantissa == 1000);
  CHECK(f.bookings[1].changes ==
        std::vector<market::AssetChange>{{AssetId("BTC"), Money(1, 0)},
                                         {AssetId("USDT"), Money(-50'000, 0)}});
  CHECK(f.engine.state().Explained(AssetId("USDT")) == Money(49'950, 0));
  CHECK(f.SavedState() == f.RecoveredState());
}

TEST_CASE("A crash between a fill's events and its report books neither twice") {
  Fixture f;
  f.Filled();
  ExecutionState state(kAccount);
  for (const Fixture::Fact& fact : f.facts) {
    const auto* report = std::get_if<market::Event<market::ExecReport>>(&fact);
    if (report != nullptr && report->value.fill) break;  // cut here
    std::visit(
        [&](const auto& event) {
          if constexpr (requires { state.Apply(event); }) state.Apply(event);
        },
        fact);
  }
  CHECK(state.Explained(AssetId("USDT")) == Money(49'950, 0));
  // The fill comes again, without events: they are known.
  for (const market::AccountEvent& event : f.bookings)
    CHECK(state.KnowsTransfer(BookingKey(event)));
  for (const Fixture::Fact& fact : f.facts) {
    const auto* report = std::get_if<market::Event<market::ExecReport>>(&fact);
    if (report != nullptr && report->value.fill) state.Apply(*report);
  }
  CHECK(state.Explained(AssetId("USDT")) == Money(49'950, 0));
  CHECK(state.NetPosition(kBtc).units() == 1000);
}

// --- kill switch -----------------------------------------------------------------------------

TEST_CASE("A kill switch answers when the venue has confirmed every end and lists nothing") {
  Fixture f;
  f.Working("g1a", "7");
  f.Working("g1b", "8");
  f.engine.OnCommand(f.KillCommand({market::ScopeKind::kFirm, ""}), f.now);
  REQUIRE(f.engine.stops().size() == 1);
  const StopRun& run = f.engine.stops().front();
  CHECK(run.orders == 2);
  CHECK(f.answers.empty());
  f.Place("g1late");
  CHECK(f.Last("g1late").local_reason == market::RejectReason::kKillSwitch);
  f.Answer("cancel g1a", f.Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  CHECK_FALSE(f.TakeSent("open-orders"));  // one is open
  f.Lose("cancel g1b");                    // its fate is not known
  f.Advance(600ms);
  CHECK(f.answers.empty());
  CHECK(run.step == StopRun::Step::kWithdrawing);
  f.Answer("query g1b", f.Confirmed(f.Update("g1b", "8", VenueOrderStatus::kCanceled, "0")));
  // The first list still has one: a list that lags proves nothing.
  venue::Answer lagging = f.Confirmed();
  lagging.orders = {f.Update("g1b", "8", VenueOrderStatus::kNew, "0")};
  f.Answer("open-orders", lagging);
  CHECK(f.answers.empty());
  f.Advance(1100ms);
  f.Answer("open-orders", f.Confirmed());
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].request_id == "kill-1");
  CHECK(f.answers[0].engine == "execution");
  CHECK(run.step == StopRun::Step::kVerified);
  CHECK(run.ends.at("CANCELED") == 2);
  CHECK(f.engine.stats().stops_verified == 1);
}

TEST_CASE("A foreign order in the scope of a kill switch is found in the lists and withdrawn") {
  Fixture f;
  f.engine.OnCommand(f.KillCommand({market::ScopeKind::kFirm, ""}), f.now);
  venue::Answer listed = f.Confirmed();
  listed.orders = {f.Update("web_1", "500", VenueOrderStatus::kNew, "0")};
  f.Answer("open-orders", listed);
  CHECK(f.answers.empty());
  f.Answer("cancel web_1", f.Confirmed(f.Update("web_1", "500", VenueOrderStatus::kCanceled, "0")));
  f.Advance(1100ms);
  f.Answer("open-orders", f.Confirmed());
  CHECK(f.answers.size() == 1);
}

TEST_CASE("A kill switch of one strategy is over without what others have open") {
  Fixture f;
  f.Working("g1a", "7");
  f.engine.OnCommand(f.KillCommand({market::ScopeKind::kStrategy, "taker"}), f.now);
  venue::Answer listed = f.Confirmed();
  listed.orders = {f.Update("g1a", "7", VenueOrderStatus::kNew, "0")};
  f.Answer("open-orders", listed);
  CHECK(f.answers.size() == 1);
  CHECK(f.State("g1a") == OrderState::kAccepted);
}

TEST_CASE("A kill switch that is lifted before its end is not told as verified") {
  Fixture f;
  f.Working("g1a", "7");
  f.engine.OnCommand(f.KillCommand({market::ScopeKind::kFirm, ""}), f.now);
  f.Command(CommandKind::kResume, {market::ScopeKind::kFirm, ""});
  f.Answer("cancel g1a", f.Confirmed(f.Update("g1a", "7", VenueOrderStatus::kCanceled, "0")));
  f.Advance(5s);
  CHECK(f.engine.stops().front().over);
  CHECK(f.answers.empty());
}

}  // namespace
}  // namespace gannet::execution
