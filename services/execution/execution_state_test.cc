#include "services/execution/execution_state.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "services/execution/engine_fixture_for_test.h"

namespace gannet::execution {
namespace {

using venue::VenueOrderStatus;
using namespace std::chrono_literals;

std::string Saved(const ExecutionState& state) {
  wire::CanonicalWriter out;
  state.Save(out);
  return out.Take();
}

PauseNote Paused(const EngineFixture& f) {
  return {.until = f.now - 1s, .banned = true, .orders = f.now, .cancels = f.now + 1s};
}

// A state with something in every member.
void Populate(EngineFixture& f) {
  f.balances = {{market::AssetId("USDT"), market::Money(100'000, 0), market::Money(5, 1)}};
  f.Start();
  f.Working("g1a", "7");
  f.StreamFill("g1a", "7", "5001", "0.4", "0.4");
  f.Working("g1b", "8");
  f.CancelIntent("c1", "g1b");
  f.Place("g1c");
  f.Lose("place g1c");
  f.StreamFill("web_1", "9", "5002", "0.1", "0.1");
  f.Frame({.kind = venue::StreamKind::kBalanceChange,
           .evidence = "deposit",
           .balance_delta = std::pair(market::AssetId("BNB"), market::Money(1, 0))});
  f.Working("g1d", "10");
  f.RiskState({market::ScopeKind::kInstrument, kBtc.text()}, market::TradingState::kReducing);
  const wire::EngineNote pause = ToNote(Paused(f));
  f.engine.Apply(market::Event<wire::EngineNote>{f.Cause(), pause});
  f.facts.emplace_back(market::Event<wire::EngineNote>{{}, pause});
  f.Command(market::CommandKind::kKill, {market::ScopeKind::kStrategy, "other"});
  market::RiskDecision decision;
  decision.intent = f.Intent("g1e");
  decision.permitted = true;
  decision.expires = f.now + 1h;
  f.engine.Apply(market::Event<market::RiskDecision>{f.Cause(), decision});
  f.facts.emplace_back(market::Event<market::RiskDecision>{{}, decision});
}

TEST_CASE("A snapshot of execution restores every member") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  Populate(f);
  const std::string bytes = f.SavedState();
  ExecutionState restored(kAccount);
  wire::CanonicalReader in(bytes);
  REQUIRE(restored.Load(in).ok());
  CHECK(in.done());
  CHECK(Saved(restored) == bytes);
  CHECK(restored.orders() == f.engine.state().orders());
  CHECK(restored.open() == f.engine.state().open());
  CHECK(restored.unanswered_verdicts() == f.engine.state().unanswered_verdicts());
  CHECK(restored.positions().all() == f.engine.state().positions().all());
  CHECK(restored.stats() == f.engine.state().stats());
  CHECK(restored.pause() == Paused(f));
  CHECK(restored.FindVenueOrder(kBtc, market::VenueOrderId("7"))->id().text() == "g1a");
}

TEST_CASE("A snapshot from before pauses were kept knows of none") {
  EngineFixture f;  // without orders, which a later version writes otherwise
  std::string bytes = f.SavedState();
  constexpr size_t kPauseBytes = 9 + 4 * 8;
  bytes.resize(bytes.size() - kPauseBytes);
  bytes[0] = 4;
  ExecutionState restored(kAccount);
  wire::CanonicalReader in(bytes);
  REQUIRE(restored.Load(in).ok());
  CHECK(in.done());
  CHECK(restored.pause() == PauseNote{});
  CHECK(restored.baseline() == f.engine.state().baseline());
}

TEST_CASE("A snapshot from before pauses of parts were kept knows of the whole one") {
  EngineFixture f;
  const PauseNote pause{f.now + 1h, true};
  f.engine.Apply(market::Event<wire::EngineNote>{f.Cause(), ToNote(pause)});
  std::string bytes = f.SavedState();
  constexpr size_t kPartBytes = 4 * 8;
  bytes.resize(bytes.size() - kPartBytes);
  bytes[0] = 9;
  ExecutionState restored(kAccount);
  wire::CanonicalReader in(bytes);
  REQUIRE(restored.Load(in).ok());
  CHECK(in.done());
  CHECK(restored.pause() == pause);
}

TEST_CASE("A note about a difference is the bytes that it was before notes named orders") {
  const AdjustmentNote note{.proposal = 3, .asset = market::AssetId("USDT"), .person = "ann"};
  wire::CanonicalWriter before;
  before.U8(1);
  Write(before, note);
  const wire::EngineNote written = ToNote(note);
  CHECK(written.body == before.Take());
  CHECK(*ReadAdjustmentNote(written.body) == note);
  AdjustmentNote of_an_order{.person = "ann", .order = market::ClientOrderId("g1a")};
  of_an_order.evidence = "ticket 12";
  CHECK(*ReadAdjustmentNote(ToNote(of_an_order).body) == of_an_order);
  const AdjustmentNote transfer{.asset = market::AssetId("USDT"), .transfer = true};
  CHECK(*ReadAdjustmentNote(ToNote(transfer).body) == transfer);
}

TEST_CASE("A snapshot that is cut or of another account is refused") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  Populate(f);
  const std::string bytes = f.SavedState();
  for (size_t length = 0; length < bytes.size(); length += 7) {
    ExecutionState state(kAccount);
    wire::CanonicalReader in(std::string_view(bytes).substr(0, length));
    CHECK_FALSE(state.Load(in).ok());
  }
  ExecutionState other(market::AccountId("main/other"));
  wire::CanonicalReader in(bytes);
  const absl::Status status = other.Load(in);
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("A snapshot plus the facts after it equals all facts from the beginning") {
  EngineFixture f(EngineFixture::Options(), /*start=*/false);
  Populate(f);
  const std::string whole = f.RecoveredState();
  for (size_t cut = 0; cut <= f.facts.size(); cut += 3) {
    ExecutionState early(kAccount);
    const auto apply = [](ExecutionState& state, const EngineFixture::Fact& fact) {
      std::visit(
          [&](const auto& event) {
            if constexpr (requires { state.Apply(event); }) state.Apply(event);
          },
          fact);
    };
    for (size_t i = 0; i < cut; ++i) apply(early, f.facts[i]);
    ExecutionState late(kAccount);
    const std::string snapshot = Saved(early);
    wire::CanonicalReader in(snapshot);
    REQUIRE(late.Load(in).ok());
    for (size_t i = cut; i < f.facts.size(); ++i) apply(late, f.facts[i]);
    REQUIRE(Saved(late) == whole);
  }
}

TEST_CASE("Closed orders are forgotten oldest first, and their trades are not booked again") {
  ExecutionState state(kAccount);
  const auto close = [&](size_t i) {
    market::Event<market::ExecReport> event;
    market::ExecReport& report = event.value;
    report.account = kAccount;
    report.instrument = kBtc;
    report.client_order_id = market::ClientOrderId("g1" + std::to_string(i));
    report.venue_order_id = market::VenueOrderId(std::to_string(i));
    report.quantity = report.cumulative = {1000};
    report.kind = market::ExecKind::kFill;
    report.fill = market::Fill{std::to_string(1'000'000 + i), {100}, {1000}, {}, {},
                               market::Liquidity::kMaker};
    report.previous = market::OrderState::kAccepted;
    report.state = market::OrderState::kFilled;
    state.Apply(event);
  };
  for (size_t i = 0; i < kMaxClosedOrders + 10; ++i) close(i);
  CHECK(state.orders().size() == kMaxClosedOrders);
  CHECK(state.stats().forgotten_orders == 10);
  CHECK(state.Find(market::ClientOrderId("g19")) == nullptr);
  CHECK(state.FindVenueOrder(kBtc, market::VenueOrderId("9")) == nullptr);
  CHECK(state.Forgotten(kBtc, 1'000'009));
  CHECK_FALSE(state.Forgotten(kBtc, 1'000'010));
}

TEST_CASE("Notes of other engines are none of ours; unreadable ones are counted") {
  ExecutionState state(kAccount);
  state.Apply(market::Event<wire::EngineNote>{{}, {"strategy", "request", "x"}});
  CHECK(state.stats().unreadable_notes == 0);
  state.Apply(market::Event<wire::EngineNote>{{}, {kEngineName, std::string(kRequestNote), "x"}});
  state.Apply(market::Event<wire::EngineNote>{{}, {kEngineName, "from the future", ""}});
  CHECK(state.stats().unreadable_notes == 2);
}

TEST_CASE("Of several venues each takes up what is its own") {
  const Domain first{.elsewhere = {"bybit-spot"}};
  const Domain other{.engine = "execution:bybit-spot", .venue = "bybit-spot"};
  CHECK(first.Has(kBtc));
  CHECK(first.Has("nobody's"));
  CHECK_FALSE(other.Has(kBtc));
  CHECK(first.Meets({market::ScopeKind::kFirm, ""}));
  CHECK_FALSE(first.Meets({market::ScopeKind::kVenue, "bybit-spot"}));
  CHECK(other.Meets({market::ScopeKind::kInstrument, "bybit-spot:BTCUSDT"}));

  const market::InstrumentId there("bybit-spot:BTCUSDT");
  ExecutionState here_state(kAccount, first), there_state(kAccount, other);
  const auto both = [&](const auto& event) {
    here_state.Apply(event);
    there_state.Apply(event);
  };
  market::Event<market::RiskDecision> verdict;
  verdict.value.permitted = true;
  verdict.value.intent.account = kAccount;
  verdict.value.intent.instrument = there;
  verdict.value.intent.client_order_id = market::ClientOrderId("g1t");
  both(verdict);
  market::Event<market::OrderIntent> cancel;
  cancel.value.kind = market::IntentKind::kCancel;
  cancel.value.instrument = there;
  cancel.value.client_order_id = market::ClientOrderId("g1c");
  both(cancel);
  CHECK(here_state.unanswered_verdicts().empty());
  CHECK(here_state.unanswered_cancels().empty());
  CHECK(there_state.unanswered_verdicts().size() == 1);
  CHECK(there_state.unanswered_cancels().size() == 1);

  market::Event<market::ExecReport> report;
  report.value.account = kAccount;
  report.value.instrument = there;
  report.value.client_order_id = market::ClientOrderId("g1t");
  report.value.kind = market::ExecKind::kJournaled;
  report.value.state = market::OrderState::kSubmitted;
  both(report);
  CHECK(here_state.orders().empty());
  CHECK(there_state.open().size() == 1);

  market::Event<market::BalanceUpdate> balance;
  balance.value.account = kAccount;
  balance.value.venue = "bybit-spot";
  balance.value.asset = market::AssetId("USDT");
  balance.value.free = market::Money(5, 0);
  both(balance);
  CHECK(here_state.balances().empty());
  CHECK(there_state.balances().size() == 1);

  wire::EngineNote note = ToNote(GateNote{{market::ScopeKind::kFirm, ""}, true, "", ""});
  note.engine = other.engine;
  both(market::Event<wire::EngineNote>{{}, note});
  CHECK_FALSE(here_state.OwnGateShut({market::ScopeKind::kFirm, ""}));
  CHECK(there_state.OwnGateShut({market::ScopeKind::kFirm, ""}));
}

TEST_CASE("Notes survive their own bytes") {
  const RequestNote request{7,
                            venue::RequestKind::kCancelReplace,
                            market::ClientOrderId("a"),
                            market::ClientOrderId("b"),
                            {},
                            {5},
                            base::FromUnixMillis(9),
                            2s,
                            "POST",
                            "/x?y",
                            "body"};
  CHECK(*ReadRequestNote(ToNote(request).body) == request);
  venue::WireRequest wire;  // its text is noted as it goes, but for the key
  wire.method = request.method;
  wire.target = request.target_path;
  wire.body = request.body;
  CHECK(ToNote(RequestNote{.id = 7}, wire) == ToNote(RequestNote{.id = 7,
                                                                 .method = request.method,
                                                                 .target_path = request.target_path,
                                                                 .body = request.body}));
  wire.body = "bokeydy";
  wire.key_in_body = {2, 3};
  CHECK(*ReadRequestNote(ToNote(request, wire).body) == request);
  RequestNote batch = request;
  batch.kind = venue::RequestKind::kCancelBatch;
  batch.others = {market::ClientOrderId("c"), market::ClientOrderId("d")};
  CHECK(*ReadRequestNote(ToNote(batch).body) == batch);
  batch.kind = venue::RequestKind::kPlaceBatch;
  CHECK(*ReadRequestNote(ToNote(batch).body) == batch);
  const CancelNote cancel{market::ClientOrderId("c"), market::ClientOrderId("o")};
  CHECK(*ReadCancelNote(ToNote(cancel).body) == cancel);
  const GateNote gate{{market::ScopeKind::kVenue, "v"}, true, "why", "who"};
  CHECK(*ReadGateNote(ToNote(gate).body) == gate);
  const BalanceNote balance{BalanceNote::Kind::kDifference, market::AssetId("BTC"),
                            market::Money(-5, 3), "e"};
  CHECK(*ReadBalanceNote(ToNote(balance).body) == balance);
  const PauseNote pause{base::FromUnixMillis(9), true};
  CHECK(*ReadPauseNote(ToNote(pause).body) == pause);
  CHECK(ToNote(pause).body.size() == 10);  // as a build reads it that knows no more
  const PauseNote parts{.orders = base::FromUnixMillis(10), .queries = base::FromUnixMillis(11)};
  CHECK(*ReadPauseNote(ToNote(parts).body) == parts);
  for (const std::string& body : {ToNote(request).body, ToNote(gate).body}) {
    CHECK_FALSE(ReadRequestNote(body.substr(0, body.size() - 1)).ok());
    CHECK_FALSE(ReadGateNote(body + "x").ok());
  }
}

TEST_CASE("The strictest trading state that covers an order counts") {
  ExecutionState state(kAccount);
  const auto set = [&](market::Scope scope, market::TradingState trading) {
    market::RiskState value;
    value.scope = std::move(scope);
    value.state = trading;
    state.Apply(market::Event<market::RiskState>{{}, value});
  };
  market::OrderIntent intent;
  intent.account = kAccount;
  intent.strategy = market::StrategyId("maker");
  intent.instrument = kBtc;
  CHECK_FALSE(state.Blocked(intent, market::Money(1, 0)));
  set({market::ScopeKind::kFirm, ""}, market::TradingState::kActive);
  CHECK_FALSE(state.Blocked(intent, market::Money(1, 0)));
  set({market::ScopeKind::kStrategy, "other"}, market::TradingState::kHalted);
  CHECK_FALSE(state.Blocked(intent, market::Money(1, 0)));
  set({market::ScopeKind::kInstrument, kBtc.text()}, market::TradingState::kCancelOnly);
  set({market::ScopeKind::kVenue, "test"}, market::TradingState::kReducing);
  CHECK(state.Blocked(intent, market::Money(1, 0))->text ==
        "trading state is CANCEL_ONLY for test:BTCUSDT");
}

}  // namespace
}  // namespace gannet::execution
