// Execution over the paper venue, through the shard.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <memory>
#include <string>

#include "libs/command/all_ended.h"
#include "libs/journal/journal.h"
#include "services/execution/service_host_for_test.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using market::Side;
using namespace std::chrono_literals;

ExecutionConfig Config() {
  ExecutionConfig config;
  config.paper.order_latency = config.paper.cancel_latency = 5ms;
  return config;
}

TEST_CASE("A paper order is accepted, queues, fills by trades and moves position and balances") {
  Outside outside;
  ServiceHost host(outside, Config());
  host.Start();
  host.RunFor(100ms);
  CHECK(host.service->engine().ready());
  REQUIRE_FALSE(host.balances.empty());
  CHECK(host.balances[0].free.ToString() == "100000");
  host.Book("50000", "50001");
  host.Decide(host.Intent("g1a", Side::kBuy, "0.5", "50000"));
  CHECK(host.State("g1a") == OrderState::kSubmitted);
  host.RunFor(10ms);
  CHECK(host.State("g1a") == OrderState::kAccepted);
  CHECK(host.balances.back().locked.ToString() == "25000");
  host.Trade("50000", "0.4", Side::kSell);  // what stood ahead
  CHECK(host.State("g1a") == OrderState::kAccepted);
  host.Trade("50000", "0.9", Side::kSell);  // the rest of it, and ours
  CHECK(host.Last("g1a").kind == ExecKind::kFill);
  host.Trade("49999", "5", Side::kSell);  // through our price
  CHECK(host.State("g1a") == OrderState::kFilled);
  REQUIRE_FALSE(host.positions.empty());
  CHECK(host.positions.back().net == *host.btc.ParseQuantity("0.5"));
  // 0.5 bought at 50,000, 0.1 % fee in the quote asset.
  const auto& held = host.service->engine().state().balances();
  CHECK(held.at(market::AssetId("USDT")).free.ToString() == "74975");
  CHECK(held.at(market::AssetId("USDT")).locked.zero());
  CHECK(held.at(market::AssetId("BTC")).free.ToString() == "0.5");
  CHECK(host.service->engine().stats().illegal_events == 0);
}

TEST_CASE("Paper orders of every kind end as their kind does") {
  Outside outside;
  ServiceHost host(outside, Config());
  host.Start();
  host.RunFor(100ms);
  host.Book("50000", "50001", "0.3");
  host.Decide(host.Intent("market", Side::kBuy, "0.2", ""));
  auto intent = host.Intent("ioc", Side::kBuy, "1", "50001");
  intent.time_in_force = market::TimeInForce::kIoc;
  host.Decide(intent);
  intent = host.Intent("fok", Side::kSell, "5", "50000");
  intent.time_in_force = market::TimeInForce::kFok;
  host.Decide(intent);
  intent = host.Intent("post", Side::kBuy, "0.1", "50001");
  intent.time_in_force = market::TimeInForce::kPostOnly;
  host.Decide(intent);
  intent = host.Intent("stop", Side::kSell, "0.1", "");
  intent.type = market::OrderType::kStop;
  intent.stop_price = *host.btc.ParsePrice("49000");
  host.Decide(intent);
  host.RunFor(20ms);
  CHECK(host.State("market") == OrderState::kFilled);
  CHECK(host.State("ioc") == OrderState::kExpired);
  CHECK(host.Last("ioc").cumulative == *host.btc.ParseQuantity("0.1"));
  CHECK(host.State("fok") == OrderState::kExpired);
  CHECK(host.Last("fok").cumulative.mantissa == 0);
  CHECK(host.State("post") == OrderState::kRejected);
  CHECK(host.State("stop") == OrderState::kAccepted);
  host.Trade("48990", "1", Side::kSell);
  CHECK(host.State("stop") != OrderState::kAccepted);
  bool triggered = false;
  for (const market::ExecReport& report : host.reports)
    triggered = triggered || report.kind == ExecKind::kTriggered;
  CHECK(triggered);
  CHECK(host.service->engine().stats().illegal_events == 0);
}

TEST_CASE("Paper cancels and replacements") {
  Outside outside;
  ServiceHost host(outside, Config());
  host.Start();
  host.RunFor(100ms);
  host.Book("50000", "50001");
  host.Decide(host.Intent("g1a", Side::kBuy, "0.5", "49000"));
  host.RunFor(10ms);
  host.CancelOrder("c1", "g1a");
  CHECK(host.State("g1a") == OrderState::kPendingCancel);
  host.RunFor(10ms);
  CHECK(host.State("g1a") == OrderState::kCanceled);
  CHECK(host.service->engine().state().balances().at(market::AssetId("USDT")).locked.zero());

  host.Decide(host.Intent("g1b", Side::kBuy, "0.5", "49000"));
  host.RunFor(10ms);
  auto replace = host.Intent("g1c", Side::kBuy, "0.4", "49500");
  replace.kind = market::IntentKind::kReplace;
  replace.target = market::ClientOrderId("g1b");
  host.Decide(replace);
  host.RunFor(20ms);
  CHECK(host.State("g1b") == OrderState::kCanceled);
  CHECK(host.State("g1c") == OrderState::kAccepted);
}

TEST_CASE("A cancel-all is answered again when the last of its orders has ended") {
  Outside outside;
  ServiceHost host(outside, Config());
  std::vector<std::string> answers;
  host.shard().ObserveFacts([&](const bus::TopicInfo& topic, const void* event) {
    if (&topic == &bus::kAnswers.info)
      answers.push_back(
          static_cast<const market::Event<market::CommandAnswer>*>(event)->value.detail);
  });
  host.Start();
  host.RunFor(100ms);
  host.Book("50000", "50001");
  host.Decide(host.Intent("g1a", Side::kBuy, "0.5", "49000"));
  host.Decide(host.Intent("g1b", Side::kBuy, "0.5", "48000"));
  host.RunFor(50ms);
  host.Command(market::CommandKind::kCancelAll, {market::ScopeKind::kFirm, ""});
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].starts_with("cancelling 2 orders"));
  host.Decide(host.Intent("g1c", Side::kBuy, "0.5", "47000"));  // none of its orders
  host.RunFor(50ms);
  CHECK(host.State("g1b") == OrderState::kCanceled);
  CHECK(host.State("g1c") == OrderState::kAccepted);
  REQUIRE(answers.size() == 2);
  CHECK(command::SaysAllEnded(answers[1]));
  // Nothing to cancel: both at once, in this order.
  host.Command(market::CommandKind::kCancelAll, {market::ScopeKind::kStrategy, "other"});
  REQUIRE(answers.size() == 4);
  CHECK(answers[2].starts_with("cancelling 0 orders"));
  CHECK(command::SaysAllEnded(answers[3]));
}

TEST_CASE("Paper changes orders in place") {
  Outside outside;
  ServiceHost host(outside, Config());
  host.Start();
  host.RunFor(100ms);
  host.Book("50000", "50001");
  host.Decide(host.Intent("g1a", Side::kBuy, "0.5", "49000"));
  host.RunFor(10ms);
  REQUIRE(host.State("g1a") == OrderState::kAccepted);
  const auto amend = [&](const char* id, const char* quantity, const char* price) {
    auto change = host.Intent(id, Side::kBuy, quantity, price);
    change.kind = market::IntentKind::kAmend;
    change.target = market::ClientOrderId("g1a");
    host.Decide(change);
    host.RunFor(20ms);
  };
  amend("m1", "0.2", "49500");
  CHECK(host.Last("g1a").kind == ExecKind::kReplaced);
  CHECK(host.State("g1a") == OrderState::kAccepted);
  const auto locked = [&] {
    return host.service->engine().state().balances().at(market::AssetId("USDT")).locked;
  };
  CHECK(locked() == market::Money(9'900, 0));
  amend("m2", "0.1", "50001");  // through the book: filled at once
  CHECK(host.State("g1a") == OrderState::kFilled);
  CHECK(locked().zero());
  CHECK(host.service->engine().stats().illegal_events == 0);
}

TEST_CASE("A paper perpetual's wallet is the deposit, what closing realised and each fee once") {
  Outside outside;
  ExecutionConfig config = Config();
  config.reconcile_every = 1s;
  ServiceHost host(outside, config);
  host.btc.id = market::InstrumentId("binance-usdm:BTCUSDT");
  host.btc.kind = market::InstrumentKind::kPerpetual;
  host.Start();
  host.RunFor(100ms);
  host.Turn([&](const market::Header& cause) {
    const auto level = [&](std::string_view price, std::string_view quantity) {
      return market::Level{*host.btc.ParsePrice(price), *host.btc.ParseQuantity(quantity)};
    };
    market::BookUpdate book;
    book.instrument = host.btc.id;
    book.state = market::BookState::kValid;
    book.snapshot = true;
    book.first_update_id = book.last_update_id = 1;
    book.bids = {level("50000", "0.3"), level("49999", "1")};
    book.asks = {level("50001", "1")};
    host.shard().Publish(bus::kBooks, book, cause);
  });
  const auto trade = [&](const char* id, Side side, const char* quantity) {
    host.Decide(host.Intent(id, side, quantity, ""));
    host.RunFor(10ms);
    CHECK(host.State(id) == OrderState::kFilled);
    return host.service->engine().state().balances().at(market::AssetId("USDT")).free.ToString();
  };
  CHECK(trade("g1a", Side::kBuy, "0.5") == "99974.9995");  // a fee of 0.1 %
  // Its second fill is made before its first is booked: realised -0.7, fees 24.9998.
  CHECK(trade("g1b", Side::kSell, "0.5") == "99949.2997");
  host.RunFor(30s);
  const ExecutionState& state = host.service->engine().state();
  CHECK(state.differences().empty());
  CHECK(state.Explained(market::AssetId("USDT")).ToString() == "99949.2997");
}

TEST_CASE(
    "A kill switch closes a paper position, of coins and of a perpetual, at the book's prices") {
  Outside outside;
  ServiceHost host(outside, Config());
  const bool perpetual = GENERATE(true, false);
  if (perpetual) {
    host.btc.id = market::InstrumentId("binance-usdm:BTCUSDT");
    host.btc.kind = market::InstrumentKind::kPerpetual;
  }
  host.Start();
  host.RunFor(100ms);
  host.Book("50000", "50001");
  const Side side = perpetual ? GENERATE(Side::kBuy, Side::kSell) : Side::kBuy;
  host.Decide(host.Intent("g1a", side, "0.5", ""));
  host.RunFor(50ms);
  REQUIRE(host.State("g1a") == OrderState::kFilled);
  host.Command(market::CommandKind::kKill, {market::ScopeKind::kFirm, ""}, /*flatten=*/true);
  host.RunFor(5s);
  const ExecutionEngine& engine = host.service->engine();
  REQUIRE(engine.stops().size() == 1);
  CHECK(engine.stops()[0].step == StopRun::Step::kVerified);
  CHECK(engine.stops()[0].left.empty());
  CHECK(engine.stops()[0].closing_orders == 1);
  CHECK(engine.state().NetPosition(host.btc.id).zero());
  CHECK(engine.state().differences().empty());
  CHECK(engine.state().position_differences().empty());
}

// The same day twice.
base::Sha256Digest Day(bool wire_mode, std::string* state = nullptr) {
  Outside outside;
  HostOptions options;
  options.wire_mode = wire_mode;
  ServiceHost host(outside, Config(), nullptr, options);
  host.Start();
  host.RunFor(100ms);
  base::Rng rng(5);
  std::vector<std::string> ids;
  for (int i = 0; i < 400; ++i) {
    const int64_t mid = 50'000 + rng.Between(-20, 20);
    host.Book(std::to_string(mid), std::to_string(mid + 1));
    if (rng.Chance(0.5))
      host.Trade(std::to_string(mid), "0.3", rng.Chance(0.5) ? Side::kBuy : Side::kSell);
    if (rng.Chance(0.4)) {
      ids.push_back("g1" + std::to_string(i));
      host.Decide(host.Intent(ids.back(), rng.Chance(0.5) ? Side::kBuy : Side::kSell, "0.1",
                              std::to_string(mid + rng.Between(-3, 3))));
    }
    if (!ids.empty() && rng.Chance(0.2))
      host.CancelOrder("c" + std::to_string(i), ids[rng.Below(ids.size())]);
    host.RunFor(std::chrono::milliseconds(rng.Between(1, 30)));
  }
  if (state != nullptr) *state = host.SavedState();
  CHECK(host.service->engine().stats().illegal_events == 0);
  CHECK(host.service->engine().stats().fills > 30);
  return host.hash.Peek();
}

TEST_CASE("A paper run repeats bit for bit, in plain and in wire mode") {
  std::string first, second;
  const base::Sha256Digest hash = Day(false, &first);
  CHECK(hash == Day(false, &second));
  CHECK(first == second);
  CHECK(hash == Day(true));
}

TEST_CASE("After a restart the paper venue works the orders that execution knows to be working") {
  Outside outside;
  std::string before;
  {
    std::unique_ptr<journal::Writer> writer = outside.OpenJournal();
    ServiceHost host(outside, Config(), writer.get());
    host.Start();
    host.RunFor(200ms);
    host.Book("50000", "50001");
    host.Decide(host.Intent("g1a", Side::kBuy, "0.5", "50000"));
    host.RunFor(50ms);
    host.Trade("50000", "1.2", Side::kSell);
    host.RunFor(50ms);
    CHECK(host.State("g1a") == OrderState::kPartiallyFilled);
    host.Decide(host.Intent("g1b", Side::kBuy, "0.5", "49900"));  // its answer never comes
    host.RunFor(1ms);
    before = host.SavedState();
    REQUIRE(writer->Close().ok());
  }
  std::unique_ptr<journal::Writer> writer = outside.OpenJournal();
  HostOptions options;
  options.start_epoch = 2;
  ServiceHost host(outside, Config(), writer.get(), options);
  auto reader = journal::Reader::Open(outside.files, "journal");
  REQUIRE(reader.ok());
  REQUIRE(host.shard().Recover(**reader).ok());
  CHECK(host.SavedState() == before);
  CHECK(host.State("g1a") == OrderState::kPartiallyFilled);
  market::Standing standing;
  host.service->AddTo(standing);
  REQUIRE(standing.orders.size() == 2);
  CHECK(standing.orders[0].intent.value.client_order_id.text() == "g1a");
  CHECK(standing.orders[0].report.value.state == OrderState::kPartiallyFilled);
  CHECK(standing.orders[0].report.value.cumulative == *host.btc.ParseQuantity("0.2"));
  CHECK_FALSE(standing.orders[0].report.value.fill);
  REQUIRE(standing.positions.size() == 1);
  CHECK(standing.positions[0].update.value.net == *host.btc.ParseQuantity("0.2"));
  CHECK(standing.positions[0].fills == 1);
  CHECK(standing.balances.size() == 2);
  CHECK(host.SavedState() == before);  // looking changes nothing
  CHECK(host.reports.empty());
  host.Start();
  CHECK(host.State("g1b") == OrderState::kUnknown);
  host.RunFor(1s);
  CHECK(host.service->engine().ready());
  host.Book("50000", "50001", "0.5");
  host.RunFor(50ms);
  host.Trade("49990", "5", Side::kSell);
  CHECK(host.State("g1a") == OrderState::kFilled);
  CHECK(host.positions.back().net == *host.btc.ParseQuantity("0.5"));
  host.RunFor(30s);
  CHECK(host.State("g1b") == OrderState::kAbsent);  // it was on its way when the process ended
  CHECK(host.service->engine().stats().illegal_events == 0);
  REQUIRE(writer->Close().ok());
}

TEST_CASE(
    "Paper works what only reduces a perpetual however little it is worth, restarts included") {
  Outside outside;
  const auto perpetual = [](ServiceHost& host) {
    host.btc.id = market::InstrumentId("binance-usdm:BTCUSDT");
    host.btc.kind = market::InstrumentKind::kPerpetual;
    host.btc.min_notional = market::Money(100, 0);
  };
  {
    std::unique_ptr<journal::Writer> writer = outside.OpenJournal();
    ServiceHost host(outside, Config(), writer.get());
    perpetual(host);
    host.Start();
    host.RunFor(200ms);
    host.Book("50000", "50001");
    host.Decide(host.Intent("g1a", Side::kBuy, "0.002", ""));
    host.RunFor(50ms);
    CHECK(host.State("g1a") == OrderState::kFilled);
    auto exit = host.Intent("g1b", Side::kSell, "0.001", "50002");
    host.Decide(exit);
    host.RunFor(50ms);
    CHECK(host.State("g1b") == OrderState::kRejected);
    exit = host.Intent("g1c", Side::kSell, "0.001", "50000");
    exit.reduce_only = true;
    host.Decide(exit);
    host.RunFor(50ms);
    CHECK(host.State("g1c") == OrderState::kFilled);
    exit = host.Intent("g1d", Side::kSell, "0.001", "50002");
    exit.reduce_only = true;
    host.Decide(exit);
    host.RunFor(50ms);
    CHECK(host.State("g1d") == OrderState::kAccepted);
    REQUIRE(writer->Close().ok());
  }
  std::unique_ptr<journal::Writer> writer = outside.OpenJournal();
  HostOptions options;
  options.start_epoch = 2;
  ServiceHost host(outside, Config(), writer.get(), options);
  perpetual(host);
  auto reader = journal::Reader::Open(outside.files, "journal");
  REQUIRE(reader.ok());
  REQUIRE(host.shard().Recover(**reader).ok());
  host.Start();
  host.RunFor(1s);
  host.Book("50000", "50001");
  host.RunFor(50ms);
  host.Trade("50003", "5", Side::kBuy);
  CHECK(host.State("g1d") == OrderState::kFilled);
  CHECK(host.positions.back().net.mantissa == 0);
  REQUIRE(writer->Close().ok());
}

TEST_CASE(
    "A paper placement waits for its record, and does not arrive when the gate closes meanwhile") {
  Outside outside;
  const std::unique_ptr<journal::Writer> writer = outside.OpenJournal();
  ServiceHost host(outside, Config(), writer.get());
  host.Start();
  host.RunFor(200ms);
  host.Book("50000", "50001");
  host.RunFor(10ms);
  host.Decide(host.Intent("g1a", Side::kBuy, "0.5", "49000"));
  host.closed = Block{market::RejectReason::kKillSwitch, "a person pulled the switch"};
  host.RunFor(50ms);
  CHECK(host.State("g1a") == OrderState::kDenied);
  CHECK(host.Last("g1a").local_reason == market::RejectReason::kKillSwitch);
  CHECK(host.Last("g1a").detail == "a person pulled the switch");
  host.closed.reset();
  host.lease.held = false;
  host.Decide(host.Intent("g1b", Side::kBuy, "0.5", "49000"));
  host.RunFor(50ms);
  CHECK(host.State("g1b") == OrderState::kDenied);
  REQUIRE(writer->Close().ok());
}

TEST_CASE("Draining takes up nothing new and waits for what was placed") {
  Outside outside;
  ServiceHost host(outside, Config());
  host.Start();
  host.RunFor(100ms);
  host.Book("50000", "50001");
  host.Decide(host.Intent("g1a", Side::kBuy, "0.5", "49000"));
  bool drained = false;
  host.service->Drain([&] { drained = true; });
  CHECK_FALSE(drained);
  host.Decide(host.Intent("g1b", Side::kBuy, "0.5", "49000"));
  CHECK(host.State("g1b") == OrderState::kDenied);
  host.RunFor(100ms);
  CHECK(drained);
  CHECK(host.State("g1a") == OrderState::kAccepted);
  CHECK(host.service->health().state == runtime::HealthState::kNotServing);
}

TEST_CASE("A drain is in the record: one who decides again takes up nothing after it either") {
  Outside outside;
  ServiceHost host(outside, Config());
  host.Start();
  host.RunFor(100ms);
  journal::Record drain;
  drain.time = outside.executor.Now();
  drain.channel = "execution.drain";
  REQUIRE(host.shard().Replay(drain).ok());
  host.Decide(host.Intent("g1a", Side::kBuy, "0.5", "49000"));
  CHECK(host.State("g1a") == OrderState::kDenied);
}

TEST_CASE("Messages of the paper venue survive their own bytes, and nothing else passes for one") {
  venue::Answer answer;
  answer.outcome = venue::OutcomeClass::kConfirmed;
  answer.code = "x";
  venue::OrderUpdate order;
  order.instrument = market::InstrumentId("a:b");
  order.client_order_id = market::ClientOrderId("c");
  order.triggered = true;
  order.trade = venue::TradeUpdate{};
  order.trade->trade_id = "7";
  order.trade->side_known = true;
  order.trade->realized = "-0.7";
  answer.orders = {order};
  answer.balances = {{market::AssetId("BTC"), market::Money(5, 3), market::Money(-1, 0)}};
  answer.server_time = base::FromUnixMillis(5);
  const std::string bytes = EncodePaper(answer);
  const auto read = DecodePaperAnswer(bytes);
  REQUIRE(read.ok());
  CHECK(read->orders == answer.orders);
  CHECK(read->balances == answer.balances);
  CHECK(read->server_time == answer.server_time);
  // As written before trades said what they realised.
  std::string before = bytes;
  before.replace(before.find("-0.7") - 4, 8, "").front() = 1;
  order.trade->realized.clear();
  CHECK(DecodePaperAnswer(before).value().orders == std::vector{order});
  venue::Answer stated = answer;
  stated.positions = {{market::InstrumentId("a:b"), "-1.5", {}, {}}};
  stated.best = venue::BestPrices{"1", ""};
  CHECK(DecodePaperAnswer(EncodePaper(stated)).value().positions == stated.positions);
  CHECK(DecodePaperAnswer(EncodePaper(stated)).value().best == stated.best);
  PaperRequest request{
      .kind = venue::RequestKind::kTrades, .trade_id = "9", .since = base::FromUnixMillis(3)};
  request.order.quantity = {7};
  CHECK(*DecodePaperRequest(EncodePaper(request)) == request);
  request.order.reduce_only = true;
  CHECK(*DecodePaperRequest(EncodePaper(request)) == request);
  for (size_t length = 0; length < bytes.size(); ++length) {
    CHECK_FALSE(DecodePaperAnswer(bytes.substr(0, length)).ok());
  }
  CHECK_FALSE(DecodePaperAnswer(bytes + "x").ok());
  PaperAdapter adapter({});
  CHECK(adapter.DecodeFrame("nonsense").kind == venue::StreamKind::kBadFrame);
  wire::HttpExchange exchange;
  exchange.status = 200;
  exchange.body = "nonsense";
  CHECK(adapter.DecodeAnswer({}, exchange).outcome == venue::OutcomeClass::kUnknown);
}

}  // namespace
}  // namespace gannet::execution
