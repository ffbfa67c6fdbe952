// A session of execution with the venue simulator's server, over real sockets on loopback
// or in memory on virtual time, with what a script says goes wrong between them.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/net/beast_network.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"
#include "libs/venue/binance/transport.h"
#include "libs/venue/binance/usdm_requests.h"
#include "services/venue-sim/fault_gate.h"
#include "tests/integration/venue_match_for_test.h"

namespace gannet::execution {

enum class Wire { kMemory, kSockets };
enum class Product { kSpot, kUsdm, kBybit, kBybitLinear };

struct GroundOptions {
  base::Duration lifetime = std::chrono::hours(24);  // of a connection
  venue_sim::FaultScript faults;                     // without rules: nothing goes wrong
  std::vector<venue::Call> before;  // asked of the perpetuals by another hand, before we begin
  std::function<void(ExecutionConfig&)> configure;
  double speed = 1;                   // of the market
  int64_t orders_per_10_seconds = 0;  // that an account may place; 0: as the venue has it
};

// The server behind its gate, and whatever it stands on.
class Ground {
 public:
  virtual ~Ground() = default;
  virtual World world() = 0;
  virtual void Run(base::Duration span) = 0;
  const venue_sim::VenueSimServer& server() const { return *server_; }
  venue_sim::FaultGate& gate() { return *gate_; }
  // By another hand, in the words of Binance.
  void Ask(const venue::Call& call) {
    const auto signer = venue::Signer::FromKeyText(venue_sim::kTestSecret);
    const venue::WireRequest wire =
        venue::binance::ToRest(call, *signer, gate_->clock().Now(), std::chrono::seconds(5));
    net::HttpRequest request{wire.method, wire.target, {}, wire.body};
    request.headers.emplace_back(venue::binance::kApiKeyHeader, venue_sim::kTestKey);
    int status = 0;
    server_->OnRequest(std::move(request), "127.0.0.98:1",
                       [&](const net::HttpResponse& response) { status = response.status; });
    for (int i = 0; i < 50 && status == 0; ++i) Run(std::chrono::milliseconds(20));
    REQUIRE(status == 200);
  }
  uint16_t port() const { return listener_->port(); }

 protected:
  void Open(base::Executor& executor, const base::Clock& clock, net::Network& network,
            const GroundOptions& how) {
    const venue_sim::ApiKey key{venue_sim::kTestKey, venue_sim::kTestSecret, 0};
    gate_ = std::make_unique<venue_sim::FaultGate>(executor, clock, key);
    venue_sim::ServerOptions options;
    options.exchange.core = venue_sim::QuickOptions(3);
    options.exchange.core.warm_up = std::chrono::seconds(2);
    options.exchange.core.speed = how.speed;
    options.exchange.dir = "/venue/journal";
    options.exchange.own_thread = false;
    if (how.orders_per_10_seconds > 0) {
      options.limits.orders_per_10_seconds = how.orders_per_10_seconds;
      options.usdm_limits.orders_per_10_seconds = how.orders_per_10_seconds;
    }
    options.keys = {key};
    options.connection_lifetime = how.lifetime;
    auto server = venue_sim::VenueSimServer::Open({executor, gate_->clock(), files_}, options,
                                                  [](const absl::Status&) {});
    REQUIRE(server.ok());
    server_ = *std::move(server);
    gate_->set_venue(server_.get());
    auto listener = network.Listen({}, *gate_);
    REQUIRE(listener.ok());
    listener_ = *std::move(listener);
    server_->Start();
    if (!how.faults.rules.empty()) gate_->Begin(how.faults);
  }
  void Close() {
    listener_.reset();
    gate_->set_venue(nullptr);
    server_.reset();
    gate_.reset();
  }
  base::SimFiles files_{5};

 private:
  std::unique_ptr<venue_sim::FaultGate> gate_;
  std::unique_ptr<venue_sim::VenueSimServer> server_;
  std::unique_ptr<net::Listener> listener_;
};

class MemoryGround : public Ground {
 public:
  explicit MemoryGround(const GroundOptions& how) { Open(executor_, executor_, network_, how); }
  ~MemoryGround() override { Close(); }
  World world() override { return World(executor_, files_, network_); }
  void Run(base::Duration span) override { executor_.RunFor(span); }

 private:
  base::VirtualExecutor executor_{venue_sim::TestStart()};
  net::SimNetwork network_{executor_, executor_, base::Rng(11)};
};

class SocketGround : public Ground {
 public:
  explicit SocketGround(const GroundOptions& how) {
    auto network = net::BeastNetwork::Create(executor_.io(), {});
    REQUIRE(network.ok());
    network_ = *std::move(network);
    Open(executor_, clock_, *network_, how);
  }
  ~SocketGround() override { Close(); }
  World world() override {
    return World(executor_, clock_, files_, *network_,
                 [this](base::Duration span) { executor_.RunFor(span); });
  }
  void Run(base::Duration span) override { executor_.RunFor(span); }

 private:
  runtime::SystemClock clock_;
  runtime::AsioExecutor executor_{clock_};
  std::unique_ptr<net::BeastNetwork> network_;
};

class Session {
 public:
  Session(Wire wire, Product product, const GroundOptions& how = {}) {
    if (wire == Wire::kMemory) {
      ground_ = std::make_unique<MemoryGround>(how);
    } else {
      ground_ = std::make_unique<SocketGround>(how);
    }
    if (product == Product::kSpot) {
      truth_ = std::make_unique<SpotTruth>(ground_->server().exchange());
    } else if (product == Product::kBybit) {
      truth_ = std::make_unique<BybitTruth>(ground_->server().exchange());
    } else if (product == Product::kBybitLinear) {
      truth_ = std::make_unique<BybitLinearTruth>(ground_->server().exchange());
    } else {
      truth_ = std::make_unique<UsdmTruth>(ground_->server().exchange());
    }
    ExecutionConfig config;
    truth_->Configure("127.0.0.1:" + std::to_string(ground_->port()), config);
    config.reconcile_every = std::chrono::seconds(1);
    config.live.orders_by_socket = false;  // who wants it says so
    if (how.configure) how.configure(config);
    for (const venue::Call& call : how.before) ground_->Ask(call);
    WriteKeys(ground_->world().files, config);
    host_ = std::make_unique<ServiceHost>(ground_->world(), config);
    truth_->Define(host_->btc);
    host_->Start();
  }

  // In the session's own time; a real machine may be slow.
  bool Until(const std::function<bool()>& reached,
             base::Duration limit = std::chrono::seconds(30)) {
    constexpr base::Duration kStep = std::chrono::milliseconds(20);
    for (base::Duration spent{0}; spent < limit && !reached(); spent += kStep) ground_->Run(kStep);
    return reached();
  }
  bool Ready() {
    return Until([this] { return engine().ready(); });
  }
  bool Reaches(const std::string& id, market::OrderState state,
               base::Duration limit = std::chrono::seconds(30)) {
    return Until(
        [&] {
          const TrackedOrder* order = engine().state().Find(market::ClientOrderId(id));
          return order != nullptr && order->life.state() == state;
        },
        limit);
  }
  market::OrderIntent Limit(const std::string& id, market::Side side, int64_t from_best,
                            std::string_view quantity = "0.001") {
    return host_->Intent(id, side, quantity, market::FormatDecimal(BestCents(side) + from_best, 2));
  }
  int64_t BestCents(market::Side side) const {
    const auto best = ground_->server().exchange().core().Best(0, market::Opposite(side));
    return best->price.mantissa / 1'000'000;
  }
  void Agree(const Beside& beside = {}) {
    // Balances settle a moment after the orders.
    CHECK(Until([&] {
      for (const auto& [asset, held] : truth_->balances()) {
        const auto known = engine().state().balances().find(market::AssetId(asset));
        if (known == engine().state().balances().end() ||
            known->second.free + known->second.locked != held ||
            engine().state().Explained(market::AssetId(asset)) != held)
          return false;
      }
      return engine().ready();
    }));
    CheckAgreement(engine(), *truth_, host_->btc.id, beside);
  }
  ServiceHost& host() { return *host_; }
  Ground& ground() { return *ground_; }
  const market::InstrumentId& instrument() const { return host_->btc.id; }
  const ExecutionEngine& engine() const { return host_->service->engine(); }
  const VenueTruth& truth() const { return *truth_; }
  void Run(base::Duration span) { ground_->Run(span); }

 private:
  std::unique_ptr<Ground> ground_;
  std::unique_ptr<VenueTruth> truth_;
  std::unique_ptr<ServiceHost> host_;
};

}  // namespace gannet::execution
