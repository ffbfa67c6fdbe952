#include "services/gateway/gateway_service.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>

#include "libs/net/beast_network.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"
#include "services/gateway/action_desk.h"
#include "services/gateway/gateway_for_test.h"

namespace gannet::gateway {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr char kBtc[] = "binance-spot:BTCUSDT";

market::Instrument Definition() {
  market::Instrument d;
  d.id = market::InstrumentId(kBtc);
  d.base = market::AssetId("BTC");
  d.quote = market::AssetId("USDT");
  d.price_scale = 2;
  d.quantity_scale = 3;
  d.tick.mantissa = 10;
  d.lot.mantissa = 1;
  return d;
}

market::Trade TradeAt(int64_t price, int64_t quantity) {
  market::Trade trade;
  trade.instrument = market::InstrumentId(kBtc);
  trade.price.mantissa = price;
  trade.quantity.mantissa = quantity;
  return trade;
}

market::ExecReport Report(const char* id, market::ExecKind kind, market::OrderState state) {
  market::ExecReport report;
  report.client_order_id = market::ClientOrderId(id);
  report.account = market::AccountId("main/paper");
  report.strategy = market::StrategyId("maker");
  report.instrument = market::InstrumentId(kBtc);
  report.kind = kind;
  report.state = state;
  report.price.mantissa = 10'000;
  report.quantity.mantissa = 5;
  return report;
}

TEST_CASE("A report under way keeps nobody from signing in") {
  GatewayFixture f;
  base::VirtualExecutor reports(f.executor.Now());  // a thread that has not come to it yet
  f.reports = &reports;
  f.Build();
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kRisk);
  CHECK(f.Call("GET", "/api/v1/report?format=pdf&account=main/paper").status != 200);
  CHECK(f.report_asks.empty());
  CHECK(f.SignIn("some-risk", "correct horse").status == 200);
  reports.RunFor(std::chrono::seconds(1));
  CHECK(f.report_asks.size() == 1);
}

TEST_CASE("Gateway shows what the bus brought, before and after it began to listen") {
  GatewayFixture f;
  market::NewsSignal signal;
  signal.title = "Exchange halts withdrawals";
  REQUIRE(f.Publish(bus::kNewsSignals, signal));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  const net::HttpResponse response = f.Call("GET", "/api/v1/state");
  CHECK(response.status == 200);
  const auto state = json::parse(response.body);
  CHECK(state.at("signals").at(0).at("title") == "Exchange halts withdrawals");
  CHECK(state.at("as_of").get<std::string>().ends_with("Z"));
  for (const char* part : {"markets", "signals", "orders", "fills", "positions"}) {
    const net::HttpResponse one = f.Call("GET", std::string("/api/v1/") + part);
    CHECK(one.status == 200);
    CHECK(json::parse(one.body) == state.at(part));
  }
}

TEST_CASE("Gateway tells liveness from readiness, and the reasons to those signed in") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  CHECK(f.Call("GET", "/healthz").status == 200);
  CHECK(f.Call("GET", "/health/ready").status == 200);
  f.health = {runtime::HealthState::kNotServing, {"the journal's disk is full: free some space"}};
  CHECK(f.Call("GET", "/health/live").status == 200);
  const net::HttpResponse outside = f.Call("GET", "/health/ready");
  CHECK(outside.status == 503);
  CHECK_FALSE(json::parse(outside.body).contains("reasons"));
  f.SignInAs(Role::kViewer);
  CHECK(json::parse(f.Call("GET", "/health/ready").body).at("reasons").at(0) ==
        f.health.reasons[0]);
}

TEST_CASE("Gateway folds trades into candles of any interval") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  REQUIRE(f.service->Start().ok());
  for (const int64_t price : {10'000, 10'200, 9'900, 10'100}) {
    REQUIRE(f.Publish(bus::kTrades, TradeAt(price, 5)));
    f.executor.RunFor(400ms);
  }
  f.SignInAs(Role::kViewer);
  const std::string path = "/api/v1/candles?instrument=binance-spot%3ABTCUSDT&interval=";
  const auto minute = json::parse(f.Call("GET", path + "60").body).at("bars");
  REQUIRE(minute.size() == 1);
  CHECK(minute.at(0).at(1) == "100");
  CHECK(minute.at(0).at(2) == "102");
  CHECK(minute.at(0).at(3) == "99");
  CHECK(minute.at(0).at(4) == "101");
  CHECK(minute.at(0).at(5) == "0.02");
  CHECK(json::parse(f.Call("GET", path + "1").body).at("bars").size() == 2);
  CHECK(f.Call("GET", path + "7").status == 400);
  CHECK(f.Call("GET", "/api/v1/candles?instrument=none:SUCH").status == 404);
}

TEST_CASE("Gateway puts limits beside what is used of them") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  market::Quote quote;
  quote.instrument = market::InstrumentId(kBtc);
  quote.bid = {{9'900}, {1}};
  quote.ask = {{10'100}, {1}};
  REQUIRE(f.Publish(bus::kQuotes, quote));
  market::PositionUpdate position;
  position.account = market::AccountId("main/paper");
  position.strategy = market::StrategyId("maker");
  position.instrument = market::InstrumentId(kBtc);
  position.net.mantissa = -2'000;  // two short at 100
  REQUIRE(f.Publish(bus::kPositions, position));
  REQUIRE(f.Publish(bus::kExecReports,
                    Report("o1", market::ExecKind::kAccepted, market::OrderState::kAccepted)));
  market::LimitRow gross{.scope = {market::ScopeKind::kFirm, ""},
                         .name = "max_gross",
                         .value = market::Money(500, 0),
                         .asset = market::AssetId("USDT")};
  market::LimitRow open = gross;
  open.name = "max_open_orders";
  open.asset = {};
  market::LimitRow each = gross;
  each.scope = {market::ScopeKind::kStrategy, "*"};
  each.name = "max_short";
  REQUIRE(
      f.Publish(bus::kRiskLimits, market::LimitEvent{.version = 1, .rows = {gross, open, each}}));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  const auto rows = json::parse(f.Call("GET", "/api/v1/limits").body);
  REQUIRE(rows.size() == 3);
  CHECK(rows.at(0).at("used") == "200");
  CHECK(rows.at(1).at("used") == "1");
  CHECK(rows.at(2).at("name") == "maker");
  CHECK(rows.at(2).at("used") == "200");
}

TEST_CASE("What is used of limits has open orders in it, in the asset of the limits") {
  GatewayFixture f;
  market::Instrument ether = Definition();  // quoted in BTC
  ether.id = market::InstrumentId("binance-spot:ETHBTC");
  ether.base = market::AssetId("ETH");
  ether.quote = market::AssetId("BTC");
  market::Instrument coin = Definition();  // quoted in what nothing converts
  coin.id = market::InstrumentId("binance-spot:BTCTRY");
  coin.quote = market::AssetId("TRY");
  const auto quote = [&](const market::Instrument& of, int64_t bid, int64_t ask) {
    REQUIRE(f.Publish(bus::kInstruments, of));
    market::Quote said;
    said.instrument = of.id;
    said.bid = {{bid}, {1}};
    said.ask = {{ask}, {1}};
    REQUIRE(f.Publish(bus::kQuotes, said));
  };
  quote(Definition(), 9'900, 10'100);  // 100
  quote(ether, 4, 6);                  // 0.05 BTC: 5
  quote(coin, 9'900, 10'100);
  const auto hold = [&](const market::Instrument& in, int64_t net) {
    market::PositionUpdate position;
    position.account = market::AccountId("main/paper");
    position.strategy = market::StrategyId("maker");
    position.instrument = in.id;
    position.net.mantissa = net;
    REQUIRE(f.Publish(bus::kPositions, position));
  };
  hold(Definition(), 1'000);
  hold(ether, -20'000);  // twenty short
  hold(coin, 1'000);
  const auto order = [&](const char* id, market::Side side, int64_t price, int64_t quantity) {
    market::ExecReport report =
        Report(id, market::ExecKind::kAccepted, market::OrderState::kAccepted);
    report.side = side;
    report.price.mantissa = price;
    report.quantity.mantissa = quantity;
    report.cumulative.mantissa = quantity / 2;
    REQUIRE(f.Publish(bus::kExecReports, report));
  };
  order("o1", market::Side::kBuy, 9'000, 4'000);    // two left, at 90
  order("o2", market::Side::kSell, 9'000, 10'000);  // five left, at 100 by now
  order("o3", market::Side::kBuy, 0, 2'000);        // one left, at the market
  std::vector<market::LimitRow> limits;
  for (const char* name :
       {"max_gross", "max_net", "max_long", "max_short", "max_open_notional", "max_open_orders"})
    limits.push_back({.scope = {market::ScopeKind::kFirm, ""},
                      .name = name,
                      .value = market::Money(500, 0),
                      .asset = market::AssetId("USDT")});
  REQUIRE(f.Publish(
      bus::kRiskLimits,
      market::LimitEvent{
          .version = 1,
          .text = "version: 1\nvaluation:\n  asset: USDT\n  by:\n    BTC: binance-spot:BTCUSDT\n"
                  "firm: {max_gross: \"500\"}\n",
          .rows = limits}));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  std::map<std::string, std::pair<std::string, int>> used;
  for (const auto& row : json::parse(f.Call("GET", "/api/v1/limits").body))
    used[row.at("limit")] = {row.at("used"), row.at("unpriced")};
  // BTCUSDT: long 100 + 300, short 500 - 100. ETHBTC: long -100, short 100.
  CHECK(used ==
        std::map<std::string, std::pair<std::string, int>>{{"max_gross", {"500", 1}},
                                                           {"max_net", {"500", 1}},
                                                           {"max_long", {"400", 1}},
                                                           {"max_short", {"400", 1}},
                                                           {"max_open_notional", {"680", 1}},
                                                           {"max_open_orders", {"3", 0}}});

  // A newer definition, whose quote is there first, changes none of it.
  market::Instrument finer = Definition();
  finer.version = 2;
  finer.price_scale = 3;
  REQUIRE(f.Publish(bus::kInstruments, finer));
  market::Quote again;
  again.instrument = finer.id;
  again.instrument_version = 2;
  again.bid = {{99'000}, {1}};
  again.ask = {{101'000}, {1}};
  REQUIRE(f.Publish(bus::kQuotes, again));
  f.executor.RunFor(1s);
  for (const auto& row : json::parse(f.Call("GET", "/api/v1/limits").body)) {
    INFO(row.dump());
    CHECK(used.at(row.at("limit")) ==
          std::pair(row.at("used").get<std::string>(), row.at("unpriced").get<int>()));
  }
}

TEST_CASE("Proposals of limits are shown, made and decided by people of risk") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kRiskLimits, market::LimitEvent{.version = 3, .text = "version: 3\n"}));
  REQUIRE(
      f.Publish(bus::kRiskLimits,
                market::LimitEvent{
                    .step = market::LimitStep::kProposed,
                    .proposal = 1,
                    .base_version = 3,
                    .version = 4,
                    .person = "ann",
                    .reason = "why",
                    .changes = {{{market::ScopeKind::kVenue, "v"}, "max_gross", "", "2 USDT"}}}));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kTrader);
  const auto rows = json::parse(f.Call("GET", "/api/v1/limits/proposals").body);
  REQUIRE(rows.size() == 1);
  CHECK(rows.at(0).at("state") == "open");
  CHECK(rows.at(0).at("changes").at(0).at("after") == "2 USDT");
  CHECK(json::parse(f.Call("GET", "/api/v1/limits/file").body).at("file") == "version: 3\n");
  CHECK(f.Call("POST", "/api/v1/limits/approve", R"({"proposal":1,"reason":"x"})").status == 403);
  f.SignInAs(Role::kRisk);
  f.commands.outcome =
      CommandResult{.reached = Progress::kApplied, .proposal = 1, .detail = "version 4"};
  const auto approved = f.Call("POST", "/api/v1/limits/approve", R"({"proposal":1,"reason":"x"})");
  CHECK(approved.status == 200);
  CHECK(json::parse(approved.body).at("detail") == "version 4");
  CHECK(f.commands.asked.back().kind == market::CommandKind::kApproveLimits);
  CHECK(f.commands.asked.back().person == "some-risk");
  CHECK(f.commands.asked.back().proposal == 1);
  CHECK(f.Call("POST", "/api/v1/limits/propose", R"({"file":"version: 4","reason":"x"})").status ==
        200);
  CHECK(f.commands.asked.back().text == "version: 4");
  CHECK(f.Call("POST", "/api/v1/limits/approve", R"({"proposal":-1,"reason":"x"})").status == 400);
  f.commands.outcome = CommandResult{.reached = Progress::kRefused, .detail = "your own"};
  const auto own = f.Call("POST", "/api/v1/limits/reject", R"({"proposal":1,"reason":"x"})");
  CHECK(own.status == 409);
  CHECK(own.body.find("your own") != std::string::npos);
  REQUIRE(f.Publish(bus::kRiskLimits, market::LimitEvent{.step = market::LimitStep::kApproved,
                                                         .proposal = 1,
                                                         .version = 4,
                                                         .person = "some-risk"}));
  f.executor.RunFor(std::chrono::seconds(1));
  const auto after = json::parse(f.Call("GET", "/api/v1/limits/proposals").body);
  CHECK(after.at(0).at("state") == "approved");
  CHECK(after.at(0).at("decider") == "some-risk");
}

TEST_CASE("Gateway leads from an order to what it rests on, and back") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  market::NewsSignal signal;
  signal.title = "Hack";
  REQUIRE(f.Publish(bus::kNewsSignals, signal));
  const market::EventId cause{7, f.published};
  market::ExecReport fill =
      Report("o1", market::ExecKind::kFill, market::OrderState::kPartiallyFilled);
  fill.signal = cause;
  fill.fill = market::Fill{
      "t1", {10'000}, {2}, market::Money(1, 2), market::AssetId("USDT"), market::Liquidity::kTaker};
  REQUIRE(f.Publish(bus::kExecReports, fill));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  for (const std::string& id : {std::string("o1"), "7-" + std::to_string(cause.sequence)}) {
    const auto trail = json::parse(f.Call("GET", "/api/v1/trail?id=" + id).body);
    CHECK(trail.at("signal").at("title") == "Hack");
    CHECK(trail.at("orders").at(0).at("client_order_id") == "o1");
    CHECK(trail.at("fills").at(0).at("trade_id") == "t1");
  }
  CHECK(f.Call("GET", "/api/v1/trail?id=nothing").status == 404);
}

TEST_CASE("A report is one file with a harmless name, or says why there is none") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  const std::string path = "/api/v1/report?account=main/paper&from=2026-11-01&format=";
  const net::HttpResponse made = f.Call("GET", path + "pdf");
  CHECK(made.status == 200);
  CHECK(made.body == "%PDF");
  CHECK(net::FindHeader(made.headers, "content-type") == "application/pdf");
  CHECK(net::FindHeader(made.headers, "content-disposition") ==
        "attachment; filename=\"gannet-main-paper.pdf\"");
  REQUIRE(f.report_asks.size() == 1);
  CHECK(f.report_asks[0].account == "main/paper");
  CHECK(f.report_asks[0].from == "2026-11-01");
  CHECK(f.report_asks[0].to.empty());
  f.report = absl::NotFoundError("no such account");
  const net::HttpResponse missing = f.Call("GET", path + "json");
  CHECK(missing.status == 404);
  CHECK(missing.body.find("no such account") != std::string::npos);
  f.report = absl::InvalidArgumentError("from is no date");
  CHECK(f.Call("GET", path + "xlsx").status == 400);
  CHECK(f.Call("GET", path + "docx").status == 400);
  CHECK(f.Call("GET", "/api/v1/report?format=pdf").status == 400);
  CHECK(f.report_asks.size() == 3);
}

TEST_CASE("An order by hand is verified once risk has permitted it, and not before") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  REQUIRE(f.Publish(bus::kExecReports,
                    Report("o1", market::ExecKind::kAccepted, market::OrderState::kAccepted)));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kTrader);
  REQUIRE(f.Call("POST", "/api/v1/consent", R"({"version":1})").status == 200);
  const json order{{"account", "main/paper"}, {"instrument", kBtc}, {"side", "buy"},
                   {"type", "LIMIT"},         {"price", "100"},     {"quantity", "1"}};
  const json change{{"client_order_id", "o1"}, {"price", "100.1"}};
  for (const auto& [reached, verified] :
       {std::pair(Progress::kRecorded, false), std::pair(Progress::kAcceptedForRisk, false),
        std::pair(Progress::kDenied, false), std::pair(Progress::kPermitted, true),
        std::pair(Progress::kJournaled, true)}) {
    INFO(command::Name(reached));
    f.commands.outcome = CommandResult{.reached = reached};
    for (const auto& [path, body] :
         {std::pair("/api/v1/orders", order), std::pair("/api/v1/orders/amend", change)}) {
      const net::HttpResponse response = f.Call("POST", path, body.dump());
      INFO(path << " " << response.body);
      REQUIRE(response.status == 200);
      CHECK(json::parse(response.body).at("verified") == verified);
      CHECK(json::parse(response.body).at("reached") == command::Name(reached));
    }
  }
}

TEST_CASE("A gateway that still reads what happened before it says so") {
  GatewayFixture f;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(f.Publish(bus::kExecReports,
                      Report(("o" + std::to_string(i)).c_str(), market::ExecKind::kAccepted,
                             market::OrderState::kAccepted)));
  }
  REQUIRE(f.service->Start().ok());
  const runtime::Health reading = f.service->health();
  CHECK(reading.state == runtime::HealthState::kDegraded);
  REQUIRE(reading.reasons.size() == 1);
  CHECK(reading.reasons[0].find("100 events") != std::string::npos);
  f.executor.RunFor(1s);
  CHECK(f.service->view().open_orders().size() == 100);
  CHECK(f.service->health().state == runtime::HealthState::kServing);
  REQUIRE(f.Publish(bus::kExecReports,
                    Report("later", market::ExecKind::kAccepted, market::OrderState::kAccepted)));
  CHECK(f.service->health().state == runtime::HealthState::kServing);  // it keeps up
}

TEST_CASE("Nothing is verified by a view that has not heard all") {
  GatewayFixture f;
  View view;
  market::Event<market::RiskState> killed;
  killed.value.scope = {market::ScopeKind::kFirm, ""};
  killed.value.state = market::TradingState::kHalted;
  killed.value.killed = true;
  view.On(killed);
  Users users(f.files, Users::PathIn("data"));
  bool caught_up = false;
  ActionDesk desk(view, &f.commands, users, f.executor, f.executor, f.log,
                  [&caught_up] { return caught_up; });
  std::string allowed;
  Admitted kill;
  kill.route = FindRoute("POST", "/api/v1/risk/kill", allowed);
  kill.user = "ann";
  kill.parameters = {{"scope", "firm"}, {"reason", "x"}};
  const auto verified = [&]() -> std::optional<bool> {
    std::optional<bool> out;
    desk.Act(kill, [&out](const net::HttpResponse& response) {
      out = json::parse(response.body).at("verified").get<bool>();
    });
    f.executor.RunFor(10s);
    return out;
  };
  CHECK(verified() == false);
  caught_up = true;
  CHECK(verified() == true);
}

TEST_CASE("A kill is answered with the state that was seen afterwards") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  REQUIRE(f.Publish(bus::kExecReports,
                    Report("o1", market::ExecKind::kAccepted, market::OrderState::kAccepted)));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kTrader);
  const std::string body = R"({"scope":"firm","reason":"test","request_id":"r1"})";

  SECTION("the venue takes the order back and risk halts: verified") {
    f.executor.After(300ms, [&] {
      f.Publish(bus::kExecReports,
                Report("o1", market::ExecKind::kCanceled, market::OrderState::kCanceled));
      market::RiskState state;
      state.killed = true;
      state.state = market::TradingState::kHalted;
      f.Publish(bus::kRiskState, state);
    });
    net::HttpResult result;
    net::HttpRequest request{"POST",
                             "/api/v1/risk/kill",
                             {{"Cookie", "gannet_session=" + f.cookie},
                              {"X-CSRF-Token", f.csrf},
                              {"Content-Type", "application/json"}},
                             body};
    f.network.Http(net::Url::Parse("http://127.0.0.1:" + std::to_string(f.service->port())).value(),
                   request, {}, [&](net::HttpResult r) { result = std::move(r); });
    f.executor.RunFor(1s);
    REQUIRE(result.response.status == 200);
    const auto answer = json::parse(result.response.body);
    CHECK(answer.at("verified") == true);
    CHECK(answer.at("orders_before") == 1);
    CHECK(answer.at("still_open") == 0);
    CHECK(answer.at("risk").at("killed") == true);
    REQUIRE(f.commands.asked.size() == 1);
    CHECK(f.commands.asked[0].kind == market::CommandKind::kKill);
    CHECK(f.commands.asked[0].person == "some-trader");
    CHECK(f.commands.asked[0].request_id == "r1");
  }
  SECTION("an order that was on its way then is waited for, too") {
    f.executor.After(100ms, [&] {
      f.Publish(bus::kExecReports,
                Report("o2", market::ExecKind::kAccepted, market::OrderState::kAccepted));
      f.Publish(bus::kExecReports,
                Report("o1", market::ExecKind::kCanceled, market::OrderState::kCanceled));
      market::RiskState state;
      state.killed = true;
      state.state = market::TradingState::kHalted;
      f.Publish(bus::kRiskState, state);
    });
    net::HttpResult result;
    net::HttpRequest request{"POST",
                             "/api/v1/risk/kill",
                             {{"Cookie", "gannet_session=" + f.cookie},
                              {"X-CSRF-Token", f.csrf},
                              {"Content-Type", "application/json"}},
                             body};
    f.network.Http(net::Url::Parse("http://127.0.0.1:" + std::to_string(f.service->port())).value(),
                   request, {.timeout = 30s}, [&](net::HttpResult r) { result = std::move(r); });
    f.executor.RunFor(10s);
    const auto answer = json::parse(result.response.body);
    CHECK(answer.at("verified") == false);
    CHECK(answer.at("still_open") == 1);
  }
  SECTION("nothing is heard: not verified, and it says so") {
    net::HttpResult result;
    net::HttpRequest request{"POST",
                             "/api/v1/risk/kill",
                             {{"Cookie", "gannet_session=" + f.cookie},
                              {"X-CSRF-Token", f.csrf},
                              {"Content-Type", "application/json"}},
                             body};
    f.network.Http(net::Url::Parse("http://127.0.0.1:" + std::to_string(f.service->port())).value(),
                   request, {.timeout = 30s}, [&](net::HttpResult r) { result = std::move(r); });
    f.executor.RunFor(10s);
    const auto answer = json::parse(result.response.body);
    CHECK(answer.at("verified") == false);
    CHECK(answer.at("still_open") == 1);
  }
  SECTION("an engine refuses: 409 with its words") {
    f.commands.outcome = CommandResult{.reached = Progress::kRefused, .detail = "no such scope"};
    const net::HttpResponse response = f.Call("POST", "/api/v1/risk/kill", body);
    CHECK(response.status == 409);
    CHECK(json::parse(response.body).at("error") == "no such scope");
  }
}

TEST_CASE("What was held before the start is shown, and what is heard of it is newer") {
  GatewayFixture f;
  market::Standing::Order order;
  order.intent.value.created = base::FromUnixMillis(500'000);
  order.intent.value.reason = "quote refresh";
  order.report.value = Report("o1", market::ExecKind::kAccepted, market::OrderState::kAccepted);
  order.report.value.evidence = "local:recovered";
  order.intent.value.client_order_id = order.report.value.client_order_id;
  f.standing.orders = {order};
  market::PositionUpdate position;
  position.account = market::AccountId("main/paper");
  position.strategy = market::StrategyId("maker");
  position.instrument = market::InstrumentId(kBtc);
  position.net.mantissa = 7;
  f.standing.positions = {{{{}, position}, 3}};
  position.strategy = market::StrategyId("news");
  f.standing.positions.push_back({{{}, position}, 1});
  position.net.mantissa = 9;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  REQUIRE(f.Publish(bus::kPositions, position));
  f.executor.RunFor(1ms);
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kTrader);
  const auto get = [&](const char* path) { return json::parse(f.Call("GET", path).body); };
  const json orders = get("/api/v1/orders");
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].at("client_order_id") == "o1");
  CHECK(orders[0].at("reason") == "quote refresh");
  CHECK(orders[0].at("created") == base::FormatTime(order.intent.value.created));
  CHECK(orders[0].at("venue_state") == nullptr);  // it has said nothing since the start
  const json positions = get("/api/v1/positions");
  REQUIRE(positions.size() == 2);
  CHECK(positions[0].at("net") == "0.007");
  CHECK(positions[1].at("net") == "0.009");
  CHECK(f.service->view().counters().orders == 0);
  REQUIRE(f.Publish(bus::kExecReports,
                    Report("o1", market::ExecKind::kCanceled, market::OrderState::kCanceled)));
  f.executor.RunFor(1ms);
  CHECK(f.service->view().open_orders().empty());
}

TEST_CASE("A cancel-all is verified by execution's word, not by what happens to be known here") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kTrader);
  const market::EventId id{7, 4711};
  f.commands.outcome = CommandResult{.reached = Progress::kApplied, .command = id};
  const auto say = [&](const char* engine, std::string detail) {
    market::CommandAnswer answer;
    answer.command = id;
    answer.engine = engine;
    answer.detail = std::move(detail);
    REQUIRE(f.Publish(bus::kAnswers, answer));
  };
  const auto verified = [&] {
    net::HttpResult result;
    net::HttpRequest request{"POST",
                             "/api/v1/orders/cancel-all",
                             {{"Cookie", "gannet_session=" + f.cookie},
                              {"X-CSRF-Token", f.csrf},
                              {"Content-Type", "application/json"}},
                             R"({"scope":"firm","reason":"test","request_id":"r1"})"};
    f.network.Http(net::Url::Parse("http://127.0.0.1:" + std::to_string(f.service->port())).value(),
                   request, {.timeout = 30s}, [&](net::HttpResult r) { result = std::move(r); });
    f.executor.RunFor(10s);
    REQUIRE(result.response.status == 200);
    return json::parse(result.response.body).at("verified") == true;
  };
  SECTION("no engine has answered") { CHECK_FALSE(verified()); }
  SECTION("its orders have not ended") {
    say("execution", "cancelling 1 orders at v; each is over when its report says so");
    CHECK_FALSE(verified());
  }
  SECTION("those of one venue have not") {
    say("execution", "cancelling 0 orders at v; each is over when its report says so");
    say("execution:w", "cancelling 1 orders at w; each is over when its report says so");
    say("execution", "all ended: 0 orders at v");
    CHECK_FALSE(verified());
  }
  SECTION("all have") {
    say("execution", "cancelling 1 orders at v; each is over when its report says so");
    f.executor.After(300ms, [&] { say("execution", "all ended: 1 orders at v"); });
    CHECK(verified());
  }
  SECTION("all have, and one is not seen to have here") {
    REQUIRE(f.Publish(bus::kExecReports,
                      Report("o1", market::ExecKind::kAccepted, market::OrderState::kAccepted)));
    f.executor.RunFor(1ms);
    say("execution", "all ended: 1 orders at v");
    CHECK_FALSE(verified());
  }
}

TEST_CASE("Orders by hand need consent and exact numbers, and carry the person who asks") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kTrader);
  json order{{"account", "main/paper"}, {"instrument", kBtc}, {"side", "buy"},
             {"type", "LIMIT"},         {"price", "100.10"},  {"quantity", "0.005"}};
  const auto send = [&] { return f.Call("POST", "/api/v1/orders", order.dump()); };
  CHECK(send().status == 409);  // no consent yet
  CHECK(f.commands.asked.empty());
  REQUIRE(f.Call("POST", "/api/v1/consent", R"({"version":1})").status == 200);
  f.commands.outcome = CommandResult{
      .reached = Progress::kJournaled, .order = market::ClientOrderId("g1"), .detail = ""};
  const net::HttpResponse sent = send();
  CHECK(sent.status == 200);
  CHECK(json::parse(sent.body).at("client_order_id") == "g1");
  REQUIRE(f.commands.asked.size() == 1);
  const market::Command& command = f.commands.asked[0];
  CHECK(command.person == "some-trader");
  REQUIRE(command.order.has_value());
  CHECK(command.order->price.mantissa == 10'010);
  CHECK(command.order->quantity.mantissa == 5);
  for (const char* bad : {"0", "-1", "1e5", "0.0001", "NaN", "99999999999999999999"}) {
    order["quantity"] = bad;
    CHECK(send().status == 400);
  }
  order["quantity"] = "0.005";
  order["instrument"] = "none:SUCH";
  CHECK(send().status == 404);
  order["instrument"] = kBtc;
  order["time_in_force"] = "GTD";
  CHECK(send().status == 400);
  for (const char* bad : {"tomorrow", "2026-11-24", "2026-11-24T05:00"}) {
    order["good_till"] = bad;
    CHECK(send().status == 400);
  }
  order["good_till"] = "2026-11-24T05:00:00.000Z";
  CHECK(send().status == 200);
  CHECK(f.commands.asked.back().order->time_in_force == market::TimeInForce::kGtd);
  CHECK(f.commands.asked.back().order->expires == *base::ParseRfc3339("2026-11-24T05:00:00Z"));
  order["time_in_force"] = "GTC";
  CHECK(send().status == 400);
  order.erase("time_in_force");
  order.erase("good_till");
  order["type"] = "MARKET";
  CHECK(send().status == 400);  // with a price
  order.erase("price");
  CHECK(send().status == 200);
  order["trailing_bps"] = 150;
  CHECK(send().status == 400);  // of a trailing stop only
  order["type"] = "TRAILING_STOP";
  CHECK(send().status == 200);
  const market::OrderRequest& trailing = f.commands.asked.back().order.value();
  CHECK(trailing.type == market::OrderType::kTrailingStop);
  CHECK(trailing.trailing_bps == 150);
  CHECK(trailing.time_in_force == market::TimeInForce::kGtc);
  CHECK(trailing.stop_price.mantissa == 0);
  order["stop_price"] = "101.5";
  CHECK(send().status == 200);
  CHECK(f.commands.asked.back().order->stop_price.mantissa == 10'150);
  for (const char* bad : {"0", "1e2", "101.555"}) {
    order["stop_price"] = bad;
    CHECK(send().status == 400);
  }
  order.erase("stop_price");
  for (const int bad : {0, -1, 10'001}) {
    order["trailing_bps"] = bad;
    CHECK(send().status == 400);
  }
  order["price"] = "100";
  order["trailing_bps"] = 150;
  CHECK(send().status == 400);
  CHECK(f.Call("POST", "/api/v1/orders/cancel", R"({"client_order_id":"none"})").status == 404);
  CHECK(f.Call("POST", "/api/v1/orders/amend", R"({"client_order_id":"none","quantity":"1"})")
            .status == 404);
  CHECK(f.commands.asked.size() == 5);
}

TEST_CASE("Gateway over real sockets") {
  runtime::SystemClock clock;
  runtime::AsioExecutor executor(clock);
  const auto network = *net::BeastNetwork::Create(executor.io(), {});
  base::SimFiles files;
  bus::MemoryBus bus(executor);
  runtime::Shard shard({}, executor, clock, nullptr, &bus);
  telemetry::Log log("test", telemetry::Level::kError, clock, [](std::string_view) {});
  runtime::Deps deps{shard, bus,      executor, executor,     clock,
                     files, *network, log,      base::Rng(1), "data"};
  GatewayConfig config;
  config.password_cost = kCheap;
  const auto service = BuildGateway(config, deps, {.platform_health = [] {
                                      return runtime::Health{runtime::HealthState::kServing, {}};
                                    }});
  REQUIRE(service->Start().ok());
  const net::Url url =
      net::Url::Parse("http://127.0.0.1:" + std::to_string(service->port())).value();
  const auto get = [&](net::HttpRequest request) {
    net::HttpResult result;
    network->Http(url, std::move(request), {}, [&](net::HttpResult r) {
      result = std::move(r);
      executor.Stop();
    });
    executor.RunFor(10s);
    REQUIRE(result.status.ok());
    return result.response;
  };
  const std::string token = files.Read("data/gateway-token").value();
  const net::Headers script{{"Authorization", "Bearer " + token.substr(0, token.size() - 1)}};
  const net::HttpResponse state = get({"GET", "/api/v1/state", script, ""});
  CHECK(state.status == 200);
  CHECK(json::parse(state.body).at("orders").empty());
  CHECK(get({"GET", "/api/v1/state", {}, ""}).status == 401);
  CHECK(get({"GET", "/nothing", script, ""}).status == 404);
  CHECK(get({"PUT", "/api/v1/state", script, "{}"}).status == 405);
  CHECK(get({"POST", "/api/v1/session", {}, std::string(2u << 20, 'x')}).status == 413);
  CHECK(get({"GET", "/healthz", {}, ""}).status == 200);
}

}  // namespace
}  // namespace gannet::gateway
