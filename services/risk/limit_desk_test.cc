#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/risk/risk_test_kit.h"

namespace gannet::risk {
namespace {

using Catch::Matchers::ContainsSubstring;
using market::CommandKind;
using market::LimitStep;
using market::RejectReason;
using market::Side;
using namespace std::chrono_literals;

// The file that WideLimits are read from.
std::string File(uint64_t version, std::string_view max_order_notional = "100000",
                 std::string_view more = "") {
  return absl::StrCat("version: ", version, R"(
valuation:
  asset: USDT
  by: {BTC: "binance-spot:BTCUSDT", BNB: "binance-spot:BNBUSDT"}
gate: {verdict_lifetime: 2s}
firm:
  max_order_notional: )",
                      std::string(max_order_notional), R"(
  price_collar: 5%
  stale_after: 5s
  message_rate: {count: 1000, window: 1s}
  max_open_orders: 100
  max_open_notional: 1000000
  max_long: 1000000
  max_short: 1000000
  max_gross: 2000000
  max_net: 2000000
  max_daily_loss: 10000
  max_drawdown: 10000
  stage: full
accounts:
  main/paper: {}
)",
                      std::string(more));
}

class Desk : public test::Gate {
 public:
  explicit Desk(RiskSettings settings = {})
      : Gate(ParseRiskConfig(File(7), "limits.yaml").value().limits, settings, File(7)) {}

  std::string Do(CommandKind kind, const std::string& person, uint64_t proposal,
                 const std::string& text = "", bool new_names = false) {
    const auto answer = engine.DecideLimits({.kind = kind,
                                             .reason = "for a test",
                                             .person = person,
                                             .text = text,
                                             .new_names = new_names,
                                             .proposal = proposal});
    if (!answer.ok()) return "refused: " + std::string(answer.status().message());
    facts = answer->facts.limits.size();
    Take(answer->facts);
    Take(engine.DecideStart());
    return answer->detail;
  }
  std::string Propose(const std::string& person, const std::string& text, bool new_names = false) {
    return Do(CommandKind::kProposeLimits, person, 0, text, new_names);
  }
  std::string Approve(const std::string& person, uint64_t proposal) {
    return Do(CommandKind::kApproveLimits, person, proposal);
  }
  std::string Reject(const std::string& person, uint64_t proposal) {
    return Do(CommandKind::kRejectLimits, person, proposal);
  }
  size_t facts = 0;
};

TEST_CASE("Limits change when a second person approves them, at once and for later verdicts") {
  Desk desk;
  CHECK(desk.Ask(Side::kBuy, "100", "10").limit_version == 7);
  CHECK_THAT(desk.Propose("ann", File(8, "500")), ContainsSubstring("proposal 1 of version 8"));
  CHECK(desk.Ask(Side::kBuy, "100", "10").permitted);
  CHECK(desk.Approve("ben", 1) == "limits version 8 is in force");
  const auto decision = desk.Ask(Side::kBuy, "100", "10");
  CHECK(decision.limit_version == 8);
  CHECK(decision.reason == RejectReason::kMaxNotional);
  CHECK(desk.engine.limits_file() == File(8, "500"));
  const auto& proposal = *desk.engine.limit_record().Find(1);
  CHECK(proposal.proposed.value.person == "ann");
  CHECK(proposal.decided->value.person == "ben");
  CHECK(proposal.decided->value.reason == "for a test");
  REQUIRE(proposal.proposed.value.changes.size() == 1);
  CHECK(proposal.proposed.value.changes[0] ==
        market::LimitChange{
            {market::ScopeKind::kFirm, ""}, "max_order_notional", "100000 USDT", "500 USDT"});
}

TEST_CASE("Nobody approves limits of their own unless one person is enough") {
  Desk two;
  two.Propose("ann", File(8, "500"));
  CHECK_THAT(two.Approve("ann", 1), ContainsSubstring("another person with the role risk"));
  CHECK(two.engine.limits().version == 7);
  CHECK(two.Reject("ann", 1) == "proposal 1 is rejected");
  CHECK_THAT(two.Approve("ben", 1), ContainsSubstring("was rejected by ann already"));

  RiskSettings settings;
  settings.four_eyes = false;
  RiskSettings one_person = settings;
  Desk one(one_person);
  const std::string gate_off = absl::StrReplaceAll(
      File(8, "500"), {{"verdict_lifetime: 2s", "verdict_lifetime: 2s, four_eyes: false"}});
  one.Propose("ann", gate_off);
  CHECK(one.Approve("ann", 1) == "limits version 8 is in force");
}

TEST_CASE("A proposal about limits that are not in force any more is refused") {
  Desk desk;
  desk.Propose("ann", File(8, "500"));
  desk.Propose("cid", File(8, "600"));
  desk.Approve("ben", 1);
  CHECK_THAT(desk.Approve("ann", 2), ContainsSubstring("out of date"));
  CHECK_THAT(desk.Propose("ann", File(8, "700")), ContainsSubstring("write version: 9"));
  CHECK_THAT(desk.Propose("ann", File(10, "700")), ContainsSubstring("write version: 9"));
  CHECK_THAT(desk.Propose("ann", File(9, "500")), ContainsSubstring("changes nothing"));
  CHECK_THAT(desk.Propose("ann", File(9, "700")), ContainsSubstring("proposal 3 of version 9"));
  CHECK(desk.engine.limits().firm.max_order_notional == test::V("500"));
}

TEST_CASE("Asked again, limits are neither proposed nor decided twice") {
  Desk desk;
  desk.Propose("ann", File(8, "500"));
  CHECK(desk.facts == 1);
  CHECK_THAT(desk.Propose("ann", File(8, "500")), ContainsSubstring("says so already"));
  CHECK(desk.facts == 0);
  desk.Approve("ben", 1);
  CHECK_THAT(desk.Approve("ben", 1), ContainsSubstring("decided so already"));
  CHECK(desk.facts == 0);
  CHECK(desk.engine.limit_record().proposals().size() == 1);
}

TEST_CASE("A limits file that is wrong is refused with line, key and what is allowed") {
  Desk desk;
  CHECK_THAT(desk.Propose("ann", absl::StrReplaceAll(File(8), {{"5%", "500%"}})),
             ContainsSubstring("limits file:8: firm.price_collar"));
  CHECK_THAT(desk.Propose("ann", File(8, "500", "instruments: {\"x:Y\": {max_long: 5}}\n")),
             ContainsSubstring("limits file:22: instruments.x:Y: is no instrument"));
  CHECK_THAT(desk.Propose("ann", File(8, "500", "strategies: {makr: {max_long: 5}}\n")),
             ContainsSubstring("strategies.makr: is no strategy"));
  CHECK_THAT(desk.Propose("ann", File(8, "500", "  main/other: {max_long: 5}\n")),
             ContainsSubstring("with limits of their own: main/paper"));
  CHECK_THAT(desk.Propose("ann", File(8, "500", "venues: {nasdaq: {max_long: 5}}\n")),
             ContainsSubstring("venues.nasdaq: is no venue"));
  CHECK_THAT(desk.Propose("ann", absl::StrReplaceAll(File(8), {{"asset: USDT", "asset: EUR"}})),
             ContainsSubstring("valuation"));
  CHECK_THAT(desk.Propose("ann", File(8, "500", "wallets: {main/paper: elsewhere}\n")),
             ContainsSubstring("wallets.main/paper"));
  CHECK_THAT(desk.Propose("ann", File(8, "500", "heartbeats: {lost_after: 1m}\n")),
             ContainsSubstring("heartbeats and models"));
  CHECK_THAT(desk.Propose("ann", "nonsense"), ContainsSubstring("limits file"));
  CHECK_THAT(desk.Approve("ben", 4), ContainsSubstring("there is no proposal 4"));
  CHECK(desk.engine.limit_record().proposals().empty());

  desk.Ask(Side::kBuy, "100", "1");  // now the strategy has been heard of
  CHECK_THAT(desk.Propose("ann", File(8, "500", "strategies: {maker: {max_long: 5}}\n")),
             ContainsSubstring("proposal 1"));
  CHECK_THAT(desk.Propose("ann", File(8, "500", "strategies: {makr: {max_long: 5}}\n"), true),
             ContainsSubstring("proposal 2"));
}

TEST_CASE("Proposals wait in bounded number") {
  Desk desk;
  std::string last;
  for (int i = 0; i < 21; ++i) last = desk.Propose("ann", File(8, std::to_string(500 + i)));
  CHECK_THAT(last, ContainsSubstring("20 proposals wait"));
  desk.Reject("ben", 3);
  CHECK_THAT(desk.Propose("ann", File(8, "1")), ContainsSubstring("proposal 21"));
}

TEST_CASE("A rate limit that changes goes on from the messages counted before") {
  Desk desk;
  for (int i = 0; i < 3; ++i) desk.Ask(Side::kBuy, "100", "1");
  desk.Propose("ann", absl::StrReplaceAll(File(8), {{"count: 1000", "count: 3"}}));
  desk.Approve("ben", 1);
  CHECK(desk.Ask(Side::kBuy, "100", "1").reason == RejectReason::kMessageRate);
  desk.now += 2s;
  desk.Quote(test::kBtc, "100", "100.02");
  CHECK(desk.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("Approved limits outlive a restart, whatever the program's own file says") {
  Desk before;
  before.Propose("ann", File(8, "500"));
  before.Approve("ben", 1);
  before.Propose("ann", File(9, "600"));
  wire::CanonicalWriter saved;
  before.engine.Save(saved);

  Desk after;
  wire::CanonicalReader in(saved.bytes());
  REQUIRE(after.engine.Load(in).ok());
  CHECK(after.engine.limits().version == 8);
  CHECK(after.engine.limits_file() == File(8, "500"));
  CHECK(after.Hash() == before.Hash());
  CHECK(after.engine.DecideStart().limits.empty());
  CHECK(after.engine.LimitsFileIgnored().empty());
  CHECK(after.Approve("ben", 2) == "limits version 9 is in force");
  CHECK(after.engine.limits().firm.max_order_notional == test::V("600"));

  // A file of a later version does not slip past the second person.
  LimitSet edited = before.engine.limits();
  edited.version = 20;
  test::Gate slipped(edited, {}, File(20));
  wire::CanonicalReader again(saved.bytes());
  REQUIRE(slipped.engine.Load(again).ok());
  CHECK(slipped.engine.limits().version == 8);
  CHECK_THAT(slipped.engine.LimitsFileIgnored(), ContainsSubstring("gannet limits propose"));
}

TEST_CASE("Approved limits that this build cannot read halt the firm and say why") {
  Desk desk;
  market::LimitEvent approved{.step = LimitStep::kApproved,
                              .proposal = 1,
                              .base_version = 7,
                              .version = 8,
                              .person = "ben",
                              .text = "version: 8\nfuture_key: 1\n"};
  desk.engine.Apply(desk.Event(approved));
  const auto facts = desk.engine.DecideStart();
  REQUIRE(facts.states.size() == 1);
  CHECK(facts.states[0].state == market::TradingState::kHalted);
  CHECK_THAT(facts.states[0].reason, ContainsSubstring("propose them anew"));
  CHECK_THAT(desk.engine.LimitsFileIgnored(), ContainsSubstring("future_key"));
  CHECK(desk.engine.limits().version == 7);
  CHECK_THAT(desk.Propose("ann", File(9, "500")), ContainsSubstring("proposal 2"));
  CHECK(desk.Approve("ben", 2) == "limits version 9 is in force");
  CHECK(desk.engine.LimitsFileIgnored().empty());
}

TEST_CASE("Changed margins are what open orders need from then on") {
  const std::string usdm = "venues: {binance-usdm: {initial_margin: 10%}}\n";
  Desk desk;
  auto perp = test::MakeInstrument(test::kPerp, "BTC", "USDT");
  perp.kind = market::InstrumentKind::kPerpetual;
  desk.Define(perp);
  desk.Quote(test::kPerp, "100", "100.02");
  desk.Fund("USDT", "1000", "binance-usdm");
  REQUIRE(desk.Ask(Side::kBuy, "100", "9", test::kPerp).permitted);
  CHECK_FALSE(desk.Ask(Side::kBuy, "100", "9", test::kPerp).permitted);
  desk.Propose("ann", File(8, "100000", usdm));
  desk.Approve("ben", 1);
  CHECK(desk.Ask(Side::kBuy, "100", "50", test::kPerp).permitted);
}

}  // namespace
}  // namespace gannet::risk
