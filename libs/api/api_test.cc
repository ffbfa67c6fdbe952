// The APIs over a real socket: what the bus brought is listed and streamed, commands
// go through, every method answers whatever it is sent.
#include <grpcpp/grpcpp.h>

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gannet/market/v1/market_data_service.pb.h"
#include "gannet/ml/v1/inference_service.pb.h"
#include "gannet/news/v1/signal_service.pb.h"
#include "gannet/ops/v1/admin_service.pb.h"
#include "gannet/order/v1/order_service.pb.h"
#include "gannet/report/v1/report_service.pb.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "libs/api/rpc_service.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/command/unheard.h"
#include "libs/net/no_network.h"
#include "libs/rpc/channel.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::api {
namespace {

using namespace std::chrono_literals;
using command::CommandResult;
using command::Progress;

constexpr base::Duration kPatience = 60s;  // of a call: it ends what hangs, not what is slow

class FakeCommands : public command::Commands {
 public:
  explicit FakeCommands(base::Executor& executor) : executor_(executor) {}
  void Submit(market::Command command, command::SubmitOptions, Done done) override {
    given.push_back(std::move(command));
    executor_.Post([this, done = std::move(done)] { done(answer); });
  }
  std::vector<market::Command> given;
  absl::StatusOr<CommandResult> answer = CommandResult{};

 private:
  base::Executor& executor_;
};

struct Rig {
  explicit Rig(std::function<market::Standing()> standing = nullptr) : bus(executor, {}) {
    AdminParts admin{.build_id = "build", .shard = shard};
    admin.executor = admin.background = &executor;
    admin.bus = &bus;
    admin.log = &log;
    admin.health = [] {
      return std::vector<std::pair<std::string, runtime::Health>>{
          {"risk", {runtime::HealthState::kDegraded, {"why"}}}};
    };
    admin.drain = [this](const std::string& reason) { drained = reason; };
    auto built = RpcService::Build({}, deps, {"gateway"}, &commands, "ann", std::move(admin));
    REQUIRE(built.ok());
    service = *std::move(built);
    service->BeginWith(std::move(standing));
    const absl::Status started = service->Start();
    INFO(started.ToString());
    REQUIRE(started.ok());
    auto opened = rpc::Channel::Open({.target = "unix:" + folder.path() + "/" + kSocketName});
    REQUIRE(opened.ok());
    channel = *std::move(opened);
  }
  template <class T>
  void Publish(const bus::Topic<T>& topic, T value) {
    auto event = std::make_shared<market::Event<T>>();
    event->header.id = {7, ++events};
    event->header.event_time = base::FromUnixMillis(static_cast<int64_t>(events));
    event->value = std::move(value);
    REQUIRE(bus.Publish(topic, std::shared_ptr<const market::Event<T>>(std::move(event))).ok());
  }
  // What is published has arrived: each round runs what the one before has posted, however
  // late this thread gets its turn.
  void Settle() {
    for (int round = 0; round < 100; ++round) {
      executor.Post([this] { executor.Stop(); });
      executor.Run();
    }
  }
  // Any thread; `then` runs on the executor's.
  void OnceOpened(uint64_t streams, std::function<void()> then) {
    executor.Post([this, streams, then = std::move(then)] {
      if (service->server().stats().streams >= streams) return then();
      OnceOpened(streams, then);
    });
  }
  void Run(const std::function<void()>& client) {
    std::thread thread([&] {
      client();
      executor.Stop();
    });
    executor.Run();
    thread.join();
  }
  template <class Response>
  absl::StatusOr<Response> Call(const char* method, const google::protobuf::Message& request) {
    Response response;
    const absl::Status status = channel->Call(method, request, response, kPatience);
    if (!status.ok()) return status;
    return response;
  }

  base::TempDirForTest folder;
  runtime::SystemClock clock;
  runtime::AsioExecutor executor{clock};
  base::PosixFiles files;
  net::NoNetwork network;
  bus::MemoryBus bus;
  runtime::Shard shard{{.start_epoch = 3}, executor, clock, nullptr, &bus};
  telemetry::Log log{"test", telemetry::Level::kError, clock, [](std::string_view) {}};
  runtime::Deps deps{shard, bus,     executor, executor,     clock,
                     files, network, log,      base::Rng(1), folder.path()};
  FakeCommands commands{executor};
  uint64_t events = 0;
  std::string drained;
  std::unique_ptr<RpcService> service;
  std::optional<rpc::Channel> channel;
};

market::NewsSignal Signal(const std::string& title, uint32_t confidence_ppm = 0) {
  market::NewsSignal signal;
  signal.title = title;
  signal.confidence_ppm = confidence_ppm;
  return signal;
}

market::ExecReport Report(const char* id, market::ExecKind kind, market::OrderState state) {
  market::ExecReport report;
  report.account = market::AccountId("main/paper");
  report.strategy = market::StrategyId("maker");
  report.instrument = market::InstrumentId("v:BTC");
  report.client_order_id = market::ClientOrderId(id);
  report.kind = kind;
  report.state = state;
  report.quantity = {10};
  return report;
}

TEST_CASE("Signals are listed newest first, by pages and filters") {
  Rig rig;
  for (int i = 1; i <= 5; ++i)
    rig.Publish(bus::kNewsSignals, Signal(std::to_string(i), static_cast<uint32_t>(i) * 100));
  rig.Settle();
  rig.Run([&] {
    news::v1::ListSignalsRequest request;
    request.set_page_size(2);
    std::string seen;
    int pages = 0;
    do {
      const auto page = rig.Call<news::v1::ListSignalsResponse>(
          "gannet.news.v1.SignalService/ListSignals", request);
      REQUIRE(page.ok());
      for (const auto& signal : page->signals()) seen += signal.value().title();
      request.set_page_token(page->next_page_token());
      ++pages;
    } while (!request.page_token().empty());
    CHECK(seen == "54321");
    CHECK(pages == 3);
    request.Clear();
    request.mutable_filter()->set_confidence_ppm_min(400);
    CHECK(
        rig.Call<news::v1::ListSignalsResponse>("gannet.news.v1.SignalService/ListSignals", request)
            ->signals_size() == 2);
    request.set_page_token("x");
    CHECK(
        rig.Call<news::v1::ListSignalsResponse>("gannet.news.v1.SignalService/ListSignals", request)
            .status()
            .code() == absl::StatusCode::kInvalidArgument);
    news::v1::GetSignalRequest get;
    get.mutable_id()->set_stream(7);
    get.mutable_id()->set_sequence(3);
    CHECK(rig.Call<news::v1::GetSignalResponse>("gannet.news.v1.SignalService/GetSignal", get)
              ->signal()
              .title() == "3");
  });
}

TEST_CASE("Streams resume after the last token and say when they cannot") {
  Rig rig;
  rig.Run([&] {
    constexpr char kStream[] = "gannet.news.v1.SignalService/StreamSignals";
    news::v1::StreamSignalsRequest request;
    news::v1::StreamSignalsResponse message;
    std::vector<std::string> seen;
    const auto listen = [&](uint64_t nth, size_t count) {
      // What is published before a stream is open is not of it.
      rig.OnceOpened(nth, [&] {
        for (int i = 0; i < 2; ++i)
          rig.Publish(bus::kNewsSignals, Signal(std::to_string(rig.events + 1)));
      });
      return rig.channel->Stream(kStream, request, message, kPatience, [&] {
        seen.push_back(message.signal().title() + "#" +
                       std::to_string(message.position().sequence()));
        return seen.size() < count;
      });
    };
    CHECK(listen(1, 1).ok());  // hears the first of two
    request.set_resume_token(message.position().resume_token());
    CHECK(listen(2, 4).ok());
    CHECK(seen == std::vector<std::string>{"1#1", "2#2", "3#3", "4#4"});
    request.set_resume_token("1.1.1");  // of another run
    CHECK(rig.channel->Stream(kStream, request, message, kPatience, [] { return true; }).code() ==
          absl::StatusCode::kOutOfRange);
    request.set_resume_token("nonsense");
    CHECK(rig.channel->Stream(kStream, request, message, kPatience, [] { return true; }).code() ==
          absl::StatusCode::kInvalidArgument);
  });
}

TEST_CASE("A book is put together, and a stream of it begins with the whole") {
  Rig rig;
  market::BookUpdate book;
  book.instrument = market::InstrumentId("v:BTC");
  book.state = market::BookState::kValid;
  book.snapshot = true;
  book.last_update_id = 10;
  book.bids = {{{100}, {1}}, {{99}, {2}}};
  book.asks = {{{101}, {3}}};
  rig.Publish(bus::kBooks, book);
  book.snapshot = false;
  book.first_update_id = book.last_update_id = 11;
  book.bids = {{{100}, {0}}};
  book.asks = {{{102}, {4}}};
  rig.Publish(bus::kBooks, book);
  rig.Settle();
  rig.Run([&] {
    market::v1::GetBookRequest get;
    get.set_instrument("v:BTC");
    const auto whole =
        rig.Call<market::v1::GetBookResponse>("gannet.market.v1.MarketDataService/GetBook", get);
    REQUIRE(whole.ok());
    REQUIRE(whole->book().bids_size() == 1);
    CHECK(whole->book().bids(0).price() == 99);
    CHECK(whole->book().asks_size() == 2);
    market::v1::StreamMarketDataRequest stream;
    stream.add_instruments("v:BTC");
    stream.add_channels(market::v1::MARKET_DATA_CHANNEL_BOOKS);
    market::v1::StreamMarketDataResponse message;
    REQUIRE(rig.channel
                ->Stream("gannet.market.v1.MarketDataService/StreamMarketData", stream, message,
                         kPatience, [] { return false; })
                .ok());
    CHECK(message.book().snapshot());
    CHECK(message.book().asks_size() == 2);
    get.set_instrument("v:NONE");
    CHECK(rig.Call<market::v1::GetBookResponse>("gannet.market.v1.MarketDataService/GetBook", get)
              .status()
              .code() == absl::StatusCode::kNotFound);
  });
}

TEST_CASE("No instrument is unknown before the first is known") {
  Rig rig;
  const auto code = [&rig](const char* name) {
    market::v1::GetInstrumentRequest request;
    request.set_instrument(name);
    return rig
        .Call<market::v1::GetInstrumentResponse>("gannet.market.v1.MarketDataService/GetInstrument",
                                                 request)
        .status()
        .code();
  };
  rig.Run([&] { CHECK(code("v:BTC") == absl::StatusCode::kFailedPrecondition); });
  market::Instrument instrument;
  instrument.id = market::InstrumentId("v:BTC");
  instrument.version = 1;
  rig.Publish(bus::kInstruments, instrument);
  rig.Settle();
  rig.Run([&] {
    CHECK(code("v:BTC") == absl::StatusCode::kOk);
    CHECK(code("v:NONE") == absl::StatusCode::kNotFound);
  });
}

TEST_CASE("Orders are folded from what the bus says of them") {
  Rig rig;
  market::OrderIntent intent;
  intent.client_order_id = market::ClientOrderId("a");
  intent.strategy = market::StrategyId("maker");
  rig.Publish(bus::kOrderIntents, intent);
  rig.Publish(bus::kExecReports,
              Report("a", market::ExecKind::kJournaled, market::OrderState::kSubmitted));
  for (const auto& [price, quantity] : {std::pair(100, 3), std::pair(101, 1)}) {
    market::ExecReport fill =
        Report("a", market::ExecKind::kFill, market::OrderState::kPartiallyFilled);
    fill.fill.emplace();
    fill.fill->price = {price};
    fill.fill->quantity = {quantity};
    fill.cumulative = {4};
    rig.Publish(bus::kExecReports, fill);
  }
  rig.Publish(bus::kExecReports,
              Report("b", market::ExecKind::kRejected, market::OrderState::kRejected));
  rig.Settle();
  rig.Run([&] {
    order::v1::GetOrderRequest get;
    get.set_client_order_id("a");
    const auto order =
        rig.Call<order::v1::GetOrderResponse>("gannet.order.v1.OrderService/GetOrder", get);
    REQUIRE(order.ok());
    CHECK(order->order().state() == order::v1::ORDER_STATE_PARTIALLY_FILLED);
    CHECK(order->order().average_fill_price() == 100);  // 401 / 4, half to even
    order::v1::ListOrdersRequest list;
    CHECK(rig.Call<order::v1::ListOrdersResponse>("gannet.order.v1.OrderService/ListOrders", list)
              ->orders_size() == 2);
    list.mutable_filter()->set_open_only(true);
    CHECK(rig.Call<order::v1::ListOrdersResponse>("gannet.order.v1.OrderService/ListOrders", list)
              ->orders_size() == 1);
    report::v1::ListFillsRequest fills;
    CHECK(rig.Call<report::v1::ListFillsResponse>("gannet.report.v1.ReportService/ListFills", fills)
              ->fills_size() == 2);
  });
}

TEST_CASE("Orders that ended are kept as long as there is room, and learn what comes late") {
  Rig rig;
  const auto id = [](int i) { return "o" + std::to_string(i); };
  constexpr int kOrders = 5'000;
  for (int i = 0; i < kOrders; ++i) {
    rig.Publish(bus::kExecReports, Report(id(i).c_str(), market::ExecKind::kJournaled,
                                          market::OrderState::kSubmitted));
    if (i == 0) continue;  // stays open
    rig.Publish(bus::kExecReports,
                Report(id(i).c_str(), market::ExecKind::kCanceled, market::OrderState::kCanceled));
    if (i % 100 == 0) rig.Settle();
  }
  market::ExecReport late =
      Report(id(kOrders - 10).c_str(), market::ExecKind::kFill, market::OrderState::kFilled);
  late.fill = market::Fill{.trade_id = "t1", .price = {7}, .quantity = {10}};
  late.cumulative = {10};
  rig.Publish(bus::kExecReports, late);
  rig.Settle();
  rig.Run([&] {
    order::v1::GetOrderRequest get;
    constexpr char kGet[] = "gannet.order.v1.OrderService/GetOrder";
    get.set_client_order_id(id(0));
    CHECK(rig.Call<order::v1::GetOrderResponse>(kGet, get)->order().state() ==
          order::v1::ORDER_STATE_SUBMITTED);
    get.set_client_order_id(id(1));
    CHECK(rig.Call<order::v1::GetOrderResponse>(kGet, get).status().code() ==
          absl::StatusCode::kNotFound);
    get.set_client_order_id(id(kOrders - 10));
    const auto filled = rig.Call<order::v1::GetOrderResponse>(kGet, get);
    REQUIRE(filled.ok());
    CHECK(filled->order().state() == order::v1::ORDER_STATE_FILLED);
    CHECK(filled->order().average_fill_price() == 7);
    order::v1::ListOrdersRequest list;
    list.set_page_size(300);
    std::vector<std::string> listed;
    do {
      const auto page =
          rig.Call<order::v1::ListOrdersResponse>("gannet.order.v1.OrderService/ListOrders", list);
      REQUIRE(page.ok());
      for (const auto& order : page->orders()) listed.push_back(order.intent().client_order_id());
      list.set_page_token(page->next_page_token());
    } while (!list.page_token().empty());
    REQUIRE(listed.size() == 2'000);  // the open one too; one of the others is there twice
    for (int i = 0; i < 1'999; ++i) CHECK(listed[static_cast<size_t>(i)] == id(kOrders - 1 - i));
    CHECK(listed.back() == id(0));
  });
}

TEST_CASE("Fills and results are counted for whom they are asked for") {
  Rig rig;
  market::Instrument instrument;
  instrument.id = market::InstrumentId("v:BTCUSDT");
  instrument.settle = market::AssetId("USDT");
  rig.Publish(bus::kInstruments, instrument);
  int trades = 0;
  for (const char* strategy : {"maker", "maker", "news"}) {
    market::ExecReport fill;
    fill.account = market::AccountId("main");
    fill.strategy = market::StrategyId(strategy);
    fill.instrument = instrument.id;
    fill.kind = market::ExecKind::kFill;
    fill.fill = market::Fill{.trade_id = std::to_string(++trades)};
    rig.Publish(bus::kExecReports, fill);
    market::PositionUpdate position;
    position.account = fill.account;
    position.strategy = fill.strategy;
    position.instrument = instrument.id;
    position.realized_pnl = market::Money(trades, 0);
    rig.Publish(bus::kPositions, position);
  }
  rig.Settle();
  rig.Run([&] {
    report::v1::GetProfitAndLossRequest request;
    request.mutable_filter()->add_strategies("maker");
    const auto result = rig.Call<report::v1::GetProfitAndLossResponse>(
        "gannet.report.v1.ReportService/GetProfitAndLoss", request);
    REQUIRE(result.ok());
    REQUIRE(result->results_size() == 1);
    CHECK(result->results(0).quote_asset() == "USDT");
    CHECK(result->results(0).fills() == 2);
    CHECK(result->results(0).realized().units_low() == 2);
  });
}

TEST_CASE("What was held before the start is listed, and what the bus tells of it is newer") {
  Rig rig([] {
    market::Standing standing;
    market::Standing::Order order;
    market::OrderIntent& intent = order.intent.value;
    order.report.value =
        Report("a", market::ExecKind::kAccepted, market::OrderState::kPartiallyFilled);
    order.report.value.cumulative = {4};
    intent.client_order_id = order.report.value.client_order_id;
    intent.account = order.report.value.account;
    intent.type = market::OrderType::kStopLimit;
    intent.created = base::FromUnixMillis(5);
    standing.orders = {order};
    market::Event<market::ParentOrder> parent;
    parent.value.intent.client_order_id = market::ClientOrderId("p");
    parent.value.state = market::ParentState::kWorking;
    standing.parents = {parent};
    market::PositionUpdate position;
    position.account = market::AccountId("main/paper");
    position.instrument = market::InstrumentId("v:BTC");
    for (const char* strategy : {"maker", "news"}) {
      position.strategy = market::StrategyId(strategy);
      position.realized_pnl = market::Money(5, 0);
      standing.positions.push_back({{{}, position}, 2});
    }
    market::BalanceUpdate balance;
    balance.account = position.account;
    balance.asset = market::AssetId("USDT");
    standing.balances = {{{}, balance}};
    return standing;
  });
  market::PositionUpdate position;
  position.account = market::AccountId("main/paper");
  position.strategy = market::StrategyId("news");
  position.instrument = market::InstrumentId("v:BTC");
  position.realized_pnl = market::Money(6, 0);
  rig.Publish(bus::kPositions, position);
  market::ExecReport fill =
      Report("a", market::ExecKind::kFill, market::OrderState::kPartiallyFilled);
  fill.strategy = position.strategy;
  fill.fill = market::Fill{.trade_id = "9", .price = {100}, .quantity = {1}};
  fill.cumulative = {5};
  rig.Publish(bus::kExecReports, fill);
  rig.Settle();
  rig.Run([&] {
    order::v1::ListOrdersRequest list;
    list.mutable_filter()->set_open_only(true);
    const auto orders =
        rig.Call<order::v1::ListOrdersResponse>("gannet.order.v1.OrderService/ListOrders", list);
    REQUIRE(orders.ok());
    REQUIRE(orders->orders_size() == 2);
    const order::v1::Order& order = orders->orders(0);
    CHECK(order.intent().client_order_id() == "a");
    CHECK(order.intent().type() == order::v1::ORDER_TYPE_STOP_LIMIT);
    CHECK(order.cumulative_quantity() == 5);
    CHECK(order.average_fill_price() == 0);  // of four of them nobody here knows the price
    CHECK(orders->orders(1).has_parent_order());
    const auto positions = rig.Call<report::v1::ListPositionsResponse>(
        "gannet.report.v1.ReportService/ListPositions", report::v1::ListPositionsRequest());
    REQUIRE(positions.ok());
    CHECK(positions->positions_size() == 2);
    const auto balances = rig.Call<report::v1::ListBalancesResponse>(
        "gannet.report.v1.ReportService/ListBalances", report::v1::ListBalancesRequest());
    REQUIRE(balances.ok());
    CHECK(balances->balances_size() == 1);
    const auto result = rig.Call<report::v1::GetProfitAndLossResponse>(
        "gannet.report.v1.ReportService/GetProfitAndLoss", report::v1::GetProfitAndLossRequest());
    REQUIRE(result.ok());
    REQUIRE(result->results_size() == 1);
    CHECK(result->results(0).realized().units_low() == 11);
    CHECK(result->results(0).fills() == 5);
  });
}

TEST_CASE("A fill is traced back to its headline, whatever order the topics came in") {
  Rig rig;
  market::NewsItem item;
  item.source = "rss:x";
  item.title = "Exchange drained";
  rig.Publish(bus::kNewsRaw, item);  // {7, 1}
  market::NewsSignal signal = Signal("Exchange drained");
  signal.item = {7, 1};
  rig.Publish(bus::kNewsSignals, signal);  // {7, 2}
  market::ExecReport fill = Report("a", market::ExecKind::kFill, market::OrderState::kFilled);
  fill.fill.emplace();
  fill.fill->trade_id = "t1";
  rig.Publish(bus::kExecReports, fill);  // {7, 3}, before what led to it
  rig.Publish(bus::kExecReports,
              Report("a", market::ExecKind::kJournaled, market::OrderState::kSubmitted));
  market::RiskDecision decision;
  decision.intent.client_order_id = market::ClientOrderId("a");
  decision.permitted = true;
  rig.Publish(bus::kRiskDecisions, decision);
  market::OrderIntent intent;
  intent.client_order_id = market::ClientOrderId("a");
  intent.signal = {7, 2};
  rig.Publish(bus::kOrderIntents, intent);
  rig.Settle();
  rig.Run([&] {
    const char* method = "gannet.report.v1.ReportService/TraceFill";
    report::v1::TraceFillRequest request;
    request.set_account("main/paper");
    request.set_instrument("v:BTC");
    request.set_trade_id("t1");
    const auto trace = rig.Call<report::v1::TraceFillResponse>(method, request);
    REQUIRE(trace.ok());
    std::vector<std::string> topics;
    for (const auto& step : trace->steps()) topics.push_back(step.topic());
    CHECK(topics == std::vector<std::string>{"news.raw.v1", "news.signals.v1", "order.intents.v1",
                                             "risk.decisions.v1", "exec.reports.v1",
                                             "exec.reports.v1"});
    CHECK(trace->steps(0).summary() == "headline from rss:x: Exchange drained");
    CHECK(trace->steps(5).header().id().sequence() == 3);
    request.set_trade_id("t2");
    CHECK(rig.Call<report::v1::TraceFillResponse>(method, request).status().code() ==
          absl::StatusCode::kNotFound);
    request.clear_trade_id();
    CHECK(rig.Call<report::v1::TraceFillResponse>(method, request).status().code() ==
          absl::StatusCode::kInvalidArgument);
  });
}

TEST_CASE("However much comes, the newest is kept, and fills are not pushed out by other reports") {
  Rig rig;
  const auto trade = [&](const char* id) {
    market::ExecReport report =
        Report("o1", market::ExecKind::kFill, market::OrderState::kPartiallyFilled);
    report.fill = market::Fill{.trade_id = id, .quantity = {1}};
    rig.Publish(bus::kExecReports, report);
  };
  trade("first");
  for (int i = 0; i < 6'000; ++i) {
    rig.Publish(bus::kExecReports,
                Report("o1", market::ExecKind::kJournaled, market::OrderState::kSubmitted));
    rig.Publish(bus::kNewsSignals, Signal(std::string(300, 'x')));
    if (i % 100 == 0) rig.Settle();
  }
  trade("last");
  rig.Settle();
  rig.Run([&] {
    const report::v1::ListFillsRequest fills;
    CHECK(rig.Call<report::v1::ListFillsResponse>("gannet.report.v1.ReportService/ListFills", fills)
              ->fills_size() == 2);
    report::v1::TraceFillRequest trace;
    trace.set_account("main/paper");
    trace.set_instrument("v:BTC");
    trace.set_trade_id("first");
    constexpr char kTrace[] = "gannet.report.v1.ReportService/TraceFill";
    CHECK(rig.Call<report::v1::TraceFillResponse>(kTrace, trace).status().code() ==
          absl::StatusCode::kNotFound);
    trace.set_trade_id("last");
    CHECK(rig.Call<report::v1::TraceFillResponse>(kTrace, trace)->steps_size() == 2);
    news::v1::ListSignalsRequest list;
    list.set_page_size(1'000);
    int listed = 0;
    do {
      const auto page =
          rig.Call<news::v1::ListSignalsResponse>("gannet.news.v1.SignalService/ListSignals", list);
      REQUIRE(page.ok());
      listed += page->signals_size();
      list.set_page_token(page->next_page_token());
    } while (!list.page_token().empty());
    CHECK(listed > 1'000);  // as many as the bytes of the feed hold
    CHECK(listed < 5'000);
  });
}

TEST_CASE("An order is a command of the caller, and its answer says how far it came") {
  Rig rig;
  rig.commands.answer =
      CommandResult{.reached = Progress::kJournaled, .order = market::ClientOrderId("g1")};
  constexpr char kSubmit[] = "gannet.order.v1.OrderService/SubmitOrder";
  rig.Run([&] {
    order::v1::SubmitOrderRequest request;
    request.set_request_id("r1");
    request.set_account("main/paper");
    request.set_instrument("v:BTC");
    request.set_side(common::v1::SIDE_SELL);
    request.set_type(order::v1::ORDER_TYPE_LIMIT);
    request.set_price(100);
    request.set_quantity(5);
    auto answer = rig.Call<order::v1::SubmitOrderResponse>(kSubmit, request);
    INFO(answer.status().ToString());
    REQUIRE(answer.ok());
    CHECK(answer->progress() == order::v1::ORDER_PROGRESS_JOURNALED);
    CHECK(answer->order().intent().client_order_id() == "g1");
    REQUIRE(rig.commands.given.size() == 1);
    CHECK(rig.commands.given[0].person == "ann");
    CHECK(rig.commands.given[0].order->side == market::Side::kSell);
    CHECK(rig.commands.given[0].order->quantity == market::Quantity{5});

    rig.commands.answer = CommandResult{.reached = Progress::kDenied,
                                        .order = market::ClientOrderId("g2"),
                                        .reason = market::RejectReason::kMaxNotional,
                                        .detail = "too large"};
    request.set_request_id("r2");
    answer = rig.Call<order::v1::SubmitOrderResponse>(kSubmit, request);
    REQUIRE(answer.ok());
    CHECK(answer->progress() == order::v1::ORDER_PROGRESS_DENIED);
    CHECK(answer->order().reject_reason() == order::v1::REJECT_REASON_MAX_NOTIONAL);
    CHECK(answer->order().detail() == "too large");

    rig.commands.answer = CommandResult{.reached = Progress::kRefused, .detail = "draining"};
    request.set_request_id("r3");
    CHECK(rig.Call<order::v1::SubmitOrderResponse>(kSubmit, request).status().code() ==
          absl::StatusCode::kFailedPrecondition);
    request.set_request_id("r4");
    request.set_type(order::v1::ORDER_TYPE_UNSPECIFIED);
    CHECK(rig.Call<order::v1::SubmitOrderResponse>(kSubmit, request).status().code() ==
          absl::StatusCode::kInvalidArgument);
  });
}

TEST_CASE("An amendment is a command about an order, which shows what came of it") {
  Rig rig;
  market::OrderIntent intent;
  intent.client_order_id = market::ClientOrderId("a");
  intent.price = {100};
  intent.quantity = {10};
  rig.Publish(bus::kOrderIntents, intent);
  rig.Publish(bus::kExecReports,
              Report("a", market::ExecKind::kAccepted, market::OrderState::kAccepted));
  market::RiskDecision verdict;
  verdict.intent = intent;
  verdict.intent.kind = market::IntentKind::kAmend;
  verdict.intent.client_order_id = market::ClientOrderId("m");
  verdict.intent.target = intent.client_order_id;
  rig.Publish(bus::kOrderIntents, verdict.intent);
  verdict.permitted = true;
  rig.Publish(bus::kRiskDecisions, verdict);
  auto replaced = Report("a", market::ExecKind::kReplaced, market::OrderState::kAccepted);
  replaced.target = market::ClientOrderId("m");
  replaced.price = {101};
  replaced.quantity = {8};
  rig.Publish(bus::kExecReports, replaced);
  rig.Settle();
  rig.commands.answer = CommandResult{.reached = Progress::kDenied,
                                      .order = market::ClientOrderId("m2"),
                                      .reason = market::RejectReason::kNotPermitted,
                                      .detail = "replace it"};
  rig.Run([&] {
    order::v1::ListOrdersRequest list;
    const auto orders =
        rig.Call<order::v1::ListOrdersResponse>("gannet.order.v1.OrderService/ListOrders", list);
    REQUIRE(orders->orders_size() == 1);  // the amendment is no order
    CHECK(orders->orders(0).intent().price() == 101);
    CHECK(orders->orders(0).intent().quantity() == 8);
    order::v1::AmendOrderRequest request;
    request.set_request_id("r1");
    request.set_account("main/paper");
    request.set_client_order_id("a");
    request.set_quantity(5);
    const auto answer =
        rig.Call<order::v1::AmendOrderResponse>("gannet.order.v1.OrderService/AmendOrder", request);
    INFO(answer.status().ToString());
    REQUIRE(answer.ok());
    CHECK(answer->progress() == order::v1::ORDER_PROGRESS_DENIED);
    CHECK(answer->order().intent().client_order_id() == "a");
    CHECK(answer->order().state() == order::v1::ORDER_STATE_ACCEPTED);
    CHECK(answer->order().detail() == "replace it");
    REQUIRE(rig.commands.given.size() == 1);
    CHECK(rig.commands.given[0].kind == market::CommandKind::kAmendOrder);
    CHECK(rig.commands.given[0].order->quantity == market::Quantity{5});
    CHECK(rig.commands.given[0].order->price == market::Price{});
  });
}

TEST_CASE("Kill, release and states are commands; states are listed and streamed") {
  Rig rig;
  rig.Publish(bus::kRiskState, market::RiskState{.state = market::TradingState::kReducing});
  rig.Settle();
  rig.commands.answer = CommandResult{.reached = Progress::kApplied};
  rig.Run([&] {
    risk::v1::ActivateKillSwitchRequest kill;
    kill.set_request_id("k1");
    kill.mutable_scope()->set_kind(common::v1::SCOPE_KIND_STRATEGY);
    kill.mutable_scope()->set_name("maker");
    kill.set_reason("drill");
    const auto killed = rig.Call<risk::v1::ActivateKillSwitchResponse>(
        "gannet.risk.v1.RiskService/ActivateKillSwitch", kill);
    REQUIRE(killed.ok());
    CHECK(killed->state().killed());
    CHECK_FALSE(killed->unheard());
    REQUIRE(rig.commands.given.size() == 1);
    CHECK(rig.commands.given[0].kind == market::CommandKind::kKill);
    CHECK(rig.commands.given[0].scope == market::Scope{market::ScopeKind::kStrategy, "maker"});
    CHECK(rig.commands.given[0].person == "ann");
    risk::v1::GetRiskStateRequest get;
    *get.mutable_scope() = kill.scope();
    const auto state =
        rig.Call<risk::v1::GetRiskStateResponse>("gannet.risk.v1.RiskService/GetRiskState", get);
    REQUIRE(state.ok());
    CHECK(state->state().state() == risk::v1::TRADING_STATE_ACTIVE);
    CHECK(state->effective() == risk::v1::TRADING_STATE_REDUCING);
    REQUIRE(state->restricted_size() == 1);  // of the firm, whichever scope was asked for
    CHECK(state->restricted(0).scope().kind() == common::v1::SCOPE_KIND_FIRM);
    rig.commands.answer->detail = "halted; " + std::string(command::kUnheard);
    kill.set_request_id("k2");
    const auto nobody = rig.Call<risk::v1::ActivateKillSwitchResponse>(
        "gannet.risk.v1.RiskService/ActivateKillSwitch", kill);
    REQUIRE(nobody.ok());
    CHECK(nobody->unheard());
    get.clear_scope();
    CHECK(rig.Call<risk::v1::GetRiskStateResponse>("gannet.risk.v1.RiskService/GetRiskState", get)
              .status()
              .code() == absl::StatusCode::kInvalidArgument);
  });
}

TEST_CASE("Limits are proposed and decided by the caller; proposals are listed") {
  Rig rig;
  rig.Publish(bus::kRiskLimits,
              market::LimitEvent{.step = market::LimitStep::kInForce, .version = 3});
  rig.Publish(bus::kRiskLimits,
              market::LimitEvent{
                  .step = market::LimitStep::kProposed,
                  .proposal = 1,
                  .base_version = 3,
                  .version = 4,
                  .person = "ben",
                  .reason = "why",
                  .changes = {{{market::ScopeKind::kFirm, ""}, "max_gross", "1 USDT", "2 USDT"}}});
  rig.Settle();
  rig.commands.answer =
      CommandResult{.reached = Progress::kApplied, .proposal = 1, .detail = "in force"};
  rig.Run([&] {
    risk::v1::ProposeLimitsRequest propose;
    propose.set_request_id("l1");
    propose.set_file("version: 4");
    propose.set_reason("why");
    propose.set_new_names(true);
    for (int i = 0; i < 2; ++i) {  // the second is the first again
      const auto proposed = rig.Call<risk::v1::ProposeLimitsResponse>(
          "gannet.risk.v1.RiskService/ProposeLimits", propose);
      REQUIRE(proposed.ok());
      CHECK(proposed->proposal() == 1);
    }
    CHECK(rig.commands.given[0].kind == market::CommandKind::kProposeLimits);
    CHECK(rig.commands.given[0].person == "ann");
    CHECK(rig.commands.given[0].text == "version: 4");
    CHECK(rig.commands.given[0].new_names);
    const auto listed = rig.Call<risk::v1::ListLimitProposalsResponse>(
        "gannet.risk.v1.RiskService/ListLimitProposals", risk::v1::ListLimitProposalsRequest());
    REQUIRE(listed.ok());
    CHECK(listed->limit_version() == 3);
    REQUIRE(listed->proposals_size() == 1);
    CHECK(listed->proposals(0).proposer() == "ben");
    CHECK(listed->proposals(0).changes(0).after() == "2 USDT");
    CHECK(listed->proposals(0).state() == risk::v1::LIMIT_STEP_PROPOSED);
    risk::v1::ApproveLimitsRequest approve;
    approve.set_request_id("l2");
    approve.set_proposal(1);
    approve.set_reason("fine");
    const auto approved = rig.Call<risk::v1::ApproveLimitsResponse>(
        "gannet.risk.v1.RiskService/ApproveLimits", approve);
    REQUIRE(approved.ok());
    CHECK(approved->detail() == "in force");
    CHECK(rig.commands.given.back().proposal == 1);
    rig.commands.answer = CommandResult{.reached = Progress::kRefused, .detail = "your own"};
    risk::v1::RejectLimitsRequest reject;
    reject.set_request_id("l3");
    reject.set_proposal(1);
    CHECK(
        rig.Call<risk::v1::RejectLimitsResponse>("gannet.risk.v1.RiskService/RejectLimits", reject)
            .status()
            .code() == absl::StatusCode::kFailedPrecondition);
  });
}

TEST_CASE("The process says how it does and drains when it is asked") {
  Rig rig;
  rig.Run([&] {
    const auto status = rig.Call<ops::v1::GetStatusResponse>("gannet.ops.v1.AdminService/GetStatus",
                                                             ops::v1::GetStatusRequest());
    REQUIRE(status.ok());
    CHECK(status->build_id() == "build");
    CHECK(status->epoch() == 3);
    REQUIRE(status->services_size() == 1);
    CHECK(status->services(0).state() == ops::v1::HEALTH_STATE_DEGRADED);
    ops::v1::DrainRequest drain;
    drain.set_request_id("d");
    drain.set_reason("maintenance");
    CHECK(rig.Call<ops::v1::DrainResponse>("gannet.ops.v1.AdminService/Drain", drain).ok());
  });
  CHECK(rig.drained == "ann asked for it: maintenance");
}

TEST_CASE("The level of the log changes while the process runs") {
  Rig rig;
  rig.Run([&] {
    ops::v1::SetLogLevelRequest request;
    request.set_request_id("v1");
    CHECK(rig.Call<ops::v1::SetLogLevelResponse>("gannet.ops.v1.AdminService/SetLogLevel", request)
              .status()
              .code() == absl::StatusCode::kInvalidArgument);
    request.set_request_id("v2");
    request.set_level(ops::v1::LOG_LEVEL_DEBUG);
    REQUIRE(
        rig.Call<ops::v1::SetLogLevelResponse>("gannet.ops.v1.AdminService/SetLogLevel", request)
            .ok());
    request.set_request_id("v3");
    request.set_level(ops::v1::LOG_LEVEL_ERROR);
    const auto set =
        rig.Call<ops::v1::SetLogLevelResponse>("gannet.ops.v1.AdminService/SetLogLevel", request);
    REQUIRE(set.ok());
    CHECK(set->previous() == ops::v1::LOG_LEVEL_DEBUG);
  });
  CHECK(rig.log.level() == telemetry::Level::kError);
}

TEST_CASE("A record that a reader stands still at is skipped by a person") {
  Rig rig;
  std::vector<std::string> heard;
  std::unique_ptr<bus::Subscription> reader;
  reader = rig.bus.Subscribe<market::OrderIntent>(
      bus::kOrderIntents, {.group = "risk", .start = bus::Start::kEarliest},
      [&](const market::Event<market::OrderIntent>& event, bus::Position position) {
        heard.push_back(event.value.strategy.text());
        if (heard.size() == 1) return reader->Reject(position, absl::DataLossError("poison"));
        reader->Ack(position);
      });
  for (const char* name : {"first", "second"}) {
    market::OrderIntent intent;
    intent.account = market::AccountId("main/paper");
    intent.strategy = market::StrategyId(name);
    rig.Publish(bus::kOrderIntents, intent);
  }
  rig.Settle();
  REQUIRE(heard == std::vector<std::string>{"first"});
  const uint32_t partition = rig.bus.dead_letters(bus::kOrderIntents.info).at(0).position.partition;
  constexpr char kMethod[] = "gannet.ops.v1.AdminService/ResolveRecord";
  rig.Run([&] {
    ops::v1::ResolveRecordRequest request;
    const auto ask = [&](const char* id) {
      request.set_request_id(id);
      return rig.Call<ops::v1::ResolveRecordResponse>(kMethod, request).status();
    };
    request.set_topic("market.trades.v1");
    CHECK(absl::IsInvalidArgument(ask("a")));
    request.set_topic("order.intents.v1");
    request.set_partition(partition);
    request.set_resolution(ops::v1::RECORD_RESOLUTION_SKIP);
    CHECK(absl::IsInvalidArgument(ask("b")));  // no reason
    request.set_reason("looked at it");
    request.set_offset(7);
    CHECK(absl::IsNotFound(ask("c")));
    request.set_offset(0);
    CHECK(ask("d").ok());
    CHECK(ask("d").ok());  // the same again: the first answer
    CHECK(absl::IsNotFound(ask("e")));
  });
  rig.Settle();
  CHECK(heard == std::vector<std::string>{"first", "second"});
}

TEST_CASE("Every method of the table answers an empty and a strange request") {
  Rig rig;
  rig.commands.answer = absl::FailedPreconditionError("no");
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  int served = 0;
  rig.Run([&] {
    for (const rpc::AccessRow& row : rpc::AccessTable()) {
      CAPTURE(std::string(row.method));
      if (row.method.starts_with("grpc.")) continue;
      std::string name(row.method);
      std::replace(name.begin(), name.end(), '/', '.');
      const auto* method = pool->FindMethodByName(name);
      if (method == nullptr) continue;  // its contract is not linked into this test
      const std::unique_ptr<google::protobuf::Message> request(
          factory->GetPrototype(method->input_type())->New());
      const std::unique_ptr<google::protobuf::Message> response(
          factory->GetPrototype(method->output_type())->New());
      for (int round = 0; round < 2; ++round) {
        absl::Status status;
        if (method->server_streaming()) {
          status =
              rig.channel->Stream(row.method, *request, *response, 100ms, [] { return false; });
        } else {
          status = rig.channel->Call(row.method, *request, *response, kPatience);
        }
        CHECK(status.code() != absl::StatusCode::kUnknown);
        CHECK(status.code() != absl::StatusCode::kInternal);
        if (status.code() != absl::StatusCode::kUnimplemented) ++served;
        for (int i = 0; i < method->input_type()->field_count(); ++i) {
          const auto* field = method->input_type()->field(i);
          if (field->is_repeated() || field->cpp_type() != field->CPPTYPE_STRING) continue;
          request->GetReflection()->SetString(request.get(), field, "x/../\xc3\xa9");
        }
      }
    }
  });
  CHECK(served >= 50);
}

}  // namespace
}  // namespace gannet::api
