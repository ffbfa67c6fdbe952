// gRPC order submit to journaled: from the client's call to its answer that execution
// has the order on disk, over the local socket: on a node within this program that hosts
// strategy, risk and execution (paper) with a real journal; or, with --target, on a
// platform that runs (bench/submit_to_journaled.py). Beside it the floor, both parts of
// the same run: a bare unary echo of grpc++ with the same messages on the same kind of
// socket, and an fdatasync of what an order writes, into the same folder. The last line
// is the ratio and the verdict.
//
//   rpc_bench [--orders=200] [--goal-ms=2] [--target=unix:SOCKET --disk=FOLDER]
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gannet/market/v1/market_data_service.pb.h"
#include "gannet/order/v1/order_service.pb.h"
#include "libs/api/rpc_service.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/command/shard_commands.h"
#include "libs/net/no_network.h"
#include "libs/rpc/channel.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"
#include "services/execution/app.h"
#include "services/risk/app.h"
#include "services/strategy/app.h"

namespace gannet {
namespace {

using Steady = std::chrono::steady_clock;
constexpr char kBtc[] = "binance-spot:BTCUSDT";
constexpr char kSubmit[] = "gannet.order.v1.OrderService/SubmitOrder";

struct Latencies {
  std::vector<double> micros;
  double At(double quantile) {
    std::sort(micros.begin(), micros.end());
    return micros[std::min(micros.size() - 1,
                           static_cast<size_t>(quantile * static_cast<double>(micros.size())))];
  }
  void Print(const char* name) {
    std::printf("%-28s p50 %8.0f us   p99 %8.0f us   max %8.0f us   n %zu\n", name, At(0.5),
                At(0.99), At(1.0), micros.size());
  }
};

constexpr int kWarmUp = 20;
constexpr int kMostTries = 100;
// A platform that trades denies an order now and then, for example while a book is read anew.
constexpr int kMostDenied = 10;
// A venue takes 50 orders in 10 s; an echo does not care.
constexpr auto kOrderInterval = std::chrono::milliseconds(205);
constexpr auto kEchoInterval = std::chrono::milliseconds(2);
constexpr auto kDiskInterval = std::chrono::milliseconds(20);

// Buys a little at two percent below the market, so that nothing is ever bought.
order::v1::SubmitOrderRequest Order(int64_t price, int64_t quantity) {
  order::v1::SubmitOrderRequest request;
  request.set_account("main/paper");
  request.set_instrument(kBtc);
  request.set_side(common::v1::SIDE_BUY);
  request.set_type(order::v1::ORDER_TYPE_LIMIT);
  request.set_time_in_force(order::v1::TIME_IN_FORCE_IOC);
  request.set_price(price);
  request.set_quantity(quantity);
  return request;
}

// By what the platform at `target` says of the instrument and its book, once it has one.
order::v1::SubmitOrderRequest OrderFor(const std::string& target) {
  auto channel = rpc::Channel::Open({.target = target});
  market::v1::GetInstrumentRequest which;
  which.set_instrument(kBtc);
  market::v1::GetBookRequest of;
  of.set_instrument(kBtc);
  absl::Status status;
  for (int i = 0; i < kMostTries; ++i, std::this_thread::sleep_for(kOrderInterval)) {
    market::v1::GetInstrumentResponse defined;
    market::v1::GetBookResponse book;
    const auto ask = [&](const char* method, const auto& request, auto& response) {
      status = channel->Call(std::string("gannet.market.v1.MarketDataService/") + method, request,
                             response, std::chrono::seconds(5));
      return status.ok();
    };
    if (!ask("GetInstrument", which, defined) || !ask("GetBook", of, book)) continue;
    if (book.book().bids().empty()) continue;
    const market::v1::Instrument& btc = defined.instrument();
    const int64_t price = book.book().bids(0).price() / 50 * 49;
    return Order(price - price % std::max<int64_t>(btc.tick(), 1), 20 * btc.min_quantity());
  }
  std::fprintf(stderr, "no book of %s: %s\n", kBtc, status.ToString().c_str());
  std::exit(1);
}

// What a client has that does nothing but wait for its answers. Until one order was
// journaled the others may be denied: balances come a moment after the start.
Latencies Measure(const std::string& target, int calls, std::chrono::milliseconds interval,
                  order::v1::SubmitOrderRequest request) {
  auto channel = rpc::Channel::Open({.target = target});
  Latencies latencies;
  int journaled = 0, denied = 0;
  for (int i = 0; journaled < calls + kWarmUp; ++i) {
    request.set_request_id("bench-" + std::to_string(getpid()) + "-" + std::to_string(i));
    order::v1::SubmitOrderResponse response;
    const auto begin = Steady::now();
    const absl::Status status = channel->Call(kSubmit, request, response, std::chrono::seconds(5));
    const auto end = Steady::now();
    const bool done = status.ok() && response.progress() == order::v1::ORDER_PROGRESS_JOURNALED;
    if (!done && journaled > 0) ++denied;
    if (!done && (denied > kMostDenied || i == kMostTries)) {
      std::fprintf(stderr, "order %d: %s %s\n", i, status.ToString().c_str(),
                   response.ShortDebugString().c_str());
      std::exit(1);
    }
    if (done && ++journaled > kWarmUp)
      latencies.micros.push_back(std::chrono::duration<double, std::micro>(end - begin).count());
    std::this_thread::sleep_for(interval);
  }
  return latencies;
}

// Of what the journal of one process writes for an order.
Latencies MeasureDisk(const std::string& folder, int writes) {
  constexpr size_t kOrderBytes = 2'100;
  base::PosixFiles files;
  const std::string path = folder + "/rpc_bench.disk";
  Latencies latencies;
  {
    const auto file = files.OpenAppend(path).value();
    for (int i = 0; i < writes; ++i) {
      const auto begin = Steady::now();
      const absl::Status kept = file->Append(std::string(kOrderBytes, 'x'));
      if (!kept.ok() || !file->Sync().ok()) std::exit(1);
      latencies.micros.push_back(
          std::chrono::duration<double, std::micro>(Steady::now() - begin).count());
      std::this_thread::sleep_for(kDiskInterval);
    }
  }
  files.Remove(path).IgnoreError();
  return latencies;
}

// Answers every call with the same bytes.
class Echo : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    class Reactor : public grpc::ServerGenericBidiReactor {
     public:
      Reactor() {
        order::v1::SubmitOrderResponse response;
        response.set_progress(order::v1::ORDER_PROGRESS_JOURNALED);
        const grpc::Slice slice(response.SerializeAsString());
        answer_ = grpc::ByteBuffer(&slice, 1);
        StartRead(&request_);
      }
      void OnReadDone(bool) override {
        StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
      }
      void OnDone() override { delete this; }

     private:
      grpc::ByteBuffer request_, answer_;
    };
    return new Reactor;
  }
};

// The low-latency node.
class Node {
 public:
  explicit Node(const std::string& folder) : folder_(folder) {
    journal_ =
        journal::Writer::Open(files_, executor_, folder + "/journal", {.run = 5}, {}).value();
    shard_ = std::make_unique<runtime::Shard>(runtime::ShardOptions{.name = "bench"}, executor_,
                                              clock_, journal_.get(), &bus_);
    deps_.reset(new runtime::Deps{*shard_, bus_, executor_, executor_, clock_, files_, network_,
                                  log_, base::Rng(1), folder});
    commands_ = std::make_unique<command::ShardCommands>(*deps_);
    risk::RiskConfig risk = risk::LoadRiskConfig(files_, "config/limits.yaml").value();
    risk.limits.wallets["main/paper"] = "paper";
    strategy::StrategyConfig strategy;
    strategy.engine.message_count = 1'000;
    strategy.engine.message_window = std::chrono::seconds(1);
    services_.push_back(std::move(execution::BuildExecution({}, *deps_).value().front()));
    services_.push_back(risk::BuildRisk(risk, *deps_));
    services_.push_back(strategy::BuildStrategy(strategy, *deps_));
    api::AdminParts admin{.shard = *shard_};
    admin.health = [] { return std::vector<std::pair<std::string, runtime::Health>>(); };
    admin.drain = [](const std::string&) {};
    services_.push_back(
        api::RpcService::Build({}, *deps_, {"gateway"}, commands_.get(), "bench", std::move(admin))
            .value());
    market_ = shard_->AddInput(
        "market", [this](std::string_view, const market::Header& cause) { Market(cause); });
    shard_->Resume(clock_.Now());
    for (const auto& service : services_) {
      if (const absl::Status started = service->Start(); !started.ok()) {
        std::fprintf(stderr, "%s\n", started.ToString().c_str());
        std::exit(1);
      }
    }
    Tick();
  }
  ~Node() {
    while (!services_.empty()) services_.pop_back();
  }
  runtime::AsioExecutor& executor() { return executor_; }

 private:
  // A quote and a book ten times a second, so that risk has a price.
  void Tick() {
    shard_->Deliver(market_, "", clock_.Now());
    executor_.After(std::chrono::milliseconds(100), [this] { Tick(); });
  }
  void Market(const market::Header& cause) {
    market::Instrument btc;
    btc.id = market::InstrumentId(kBtc);
    btc.base = market::AssetId("BTC");
    btc.quote = btc.settle = market::AssetId("USDT");
    btc.price_scale = 2;
    btc.quantity_scale = 5;
    btc.tick = {1};
    btc.lot = {1};
    btc.min_quantity = {1};
    btc.min_notional = market::Money(5, 0);
    if (!std::exchange(defined_, true)) shard_->Publish(bus::kInstruments, btc, cause);
    market::BookUpdate book;
    book.instrument = btc.id;
    book.state = market::BookState::kValid;
    book.snapshot = true;
    book.bids = {{{6'000'000}, {100'000}}};
    book.asks = {{{6'000'100}, {100'000}}};
    shard_->Publish(bus::kBooks, book, cause);
    market::Quote quote;
    quote.instrument = btc.id;
    quote.bid = book.bids[0];
    quote.ask = book.asks[0];
    shard_->Publish(bus::kQuotes, quote, cause);
  }

  const std::string folder_;
  runtime::SystemClock clock_;
  runtime::AsioExecutor executor_{clock_};
  base::PosixFiles files_;
  net::NoNetwork network_;
  bus::MemoryBus bus_{executor_, {}};
  telemetry::Log log_{"bench", telemetry::Level::kError, clock_, [](std::string_view) {}};
  std::unique_ptr<journal::Writer> journal_;
  std::unique_ptr<runtime::Shard> shard_;
  std::unique_ptr<runtime::Deps> deps_;
  std::unique_ptr<command::ShardCommands> commands_;
  std::vector<std::unique_ptr<runtime::Service>> services_;
  runtime::InputPort market_{};
  bool defined_ = false;
};

int Main(int argc, char** argv) {
  int orders = 200;
  double goal_ms = 2;
  std::string target, disk;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--orders=")) orders = std::atoi(argument.c_str() + 9);
    if (argument.starts_with("--goal-ms=")) goal_ms = std::atof(argument.c_str() + 10);
    if (argument.starts_with("--target=")) target = argument.substr(9);
    if (argument.starts_with("--disk=")) disk = argument.substr(7);
  }
  const base::TempDirForTest folder;
  Latencies echo, journaled;
  Latencies written = MeasureDisk(disk.empty() ? folder.path() : disk, orders);
  {
    Echo service;
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&service);
    const std::string address = "unix:" + folder.path() + "/echo.sock";
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    echo = Measure(address, orders, kEchoInterval, Order(1, 1));
    server->Shutdown();
  }
  if (!target.empty()) {
    journaled = Measure(target, orders, kOrderInterval, OrderFor(target));
  } else {
    Node node(folder.path());
    std::thread client([&] {
      journaled = Measure("unix:" + folder.path() + "/" + api::kSocketName, orders, kOrderInterval,
                          Order(5'900'000, 1'000));
      node.executor().Stop();
    });
    node.executor().Run();
    client.join();
  }
  echo.Print("bare grpc echo");
  written.Print("write and fdatasync");
  journaled.Print("order submit to journaled");
  const auto floor = [&](double quantile) { return echo.At(quantile) + written.At(quantile); };
  std::printf("order submit to journaled: p99 %.2f ms, %.1f x echo and fdatasync (p50 %.1f x); ",
              journaled.At(0.99) / 1e3, journaled.At(0.99) / floor(0.99),
              journaled.At(0.5) / floor(0.5));
  std::printf("goal %g ms: %s\n", goal_ms, journaled.At(0.99) <= 1e3 * goal_ms ? "met" : "MISSED");
  return 0;
}

}  // namespace
}  // namespace gannet

int main(int argc, char** argv) { return gannet::Main(argc, argv); }
