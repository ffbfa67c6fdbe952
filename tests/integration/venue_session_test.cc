// What the session with any venue must do, asked of each of them alike: over real
// sockets on loopback, and in memory on virtual time. The venue is venue-sim's server.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "libs/net/beast_network.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"
#include "tests/integration/venue_match_for_test.h"

namespace gannet::execution {
namespace {

using market::OrderState;
using market::Side;
using namespace std::chrono_literals;

enum class Wire { kMemory, kSockets };
enum class Product { kSpot, kUsdm, kBybit };

// The server and whatever it stands on.
class Ground {
 public:
  virtual ~Ground() = default;
  virtual World world() = 0;
  virtual void Run(base::Duration span) = 0;
  virtual const venue_sim::VenueSimServer& server() const = 0;
  virtual uint16_t port() const = 0;
};

class MemoryGround : public Ground {
 public:
  explicit MemoryGround(base::Duration lifetime) {
    venue_.options().connection_lifetime = lifetime;
    venue_.Start();
  }
  World world() override { return World(venue_.executor, venue_.files, venue_.network); }
  void Run(base::Duration span) override { venue_.Run(span); }
  const venue_sim::VenueSimServer& server() const override { return *venue_.server; }
  uint16_t port() const override { return venue_.port; }

 private:
  venue_sim::VenueHarness venue_;
};

class SocketGround : public Ground {
 public:
  explicit SocketGround(base::Duration lifetime) {
    auto network = net::BeastNetwork::Create(executor_.io(), {});
    REQUIRE(network.ok());
    network_ = *std::move(network);
    venue_sim::ServerOptions options;
    options.exchange.core = venue_sim::QuickOptions(3);
    options.exchange.core.warm_up = 2s;
    options.exchange.dir = "/venue/journal";
    options.exchange.own_thread = false;
    options.keys = {{venue_sim::kTestKey, venue_sim::kTestSecret, 0}};
    options.connection_lifetime = lifetime;
    auto server = venue_sim::VenueSimServer::Open({executor_, clock_, files_}, options,
                                                  [](const absl::Status&) {});
    REQUIRE(server.ok());
    server_ = *std::move(server);
    auto listener = network_->Listen({}, *server_);
    REQUIRE(listener.ok());
    listener_ = *std::move(listener);
    server_->Start();
  }
  World world() override {
    return World(executor_, clock_, files_, *network_,
                 [this](base::Duration span) { executor_.RunFor(span); });
  }
  void Run(base::Duration span) override { executor_.RunFor(span); }
  const venue_sim::VenueSimServer& server() const override { return *server_; }
  uint16_t port() const override { return listener_->port(); }

 private:
  runtime::SystemClock clock_;
  runtime::AsioExecutor executor_{clock_};
  base::SimFiles files_{5};
  std::unique_ptr<net::BeastNetwork> network_;
  std::unique_ptr<venue_sim::VenueSimServer> server_;
  std::unique_ptr<net::Listener> listener_;  // before the server it serves
};

class Session {
 public:
  Session(Wire wire, Product product, base::Duration lifetime = 24h) {
    if (wire == Wire::kMemory) {
      ground_ = std::make_unique<MemoryGround>(lifetime);
    } else {
      ground_ = std::make_unique<SocketGround>(lifetime);
    }
    if (product == Product::kSpot) {
      truth_ = std::make_unique<SpotTruth>(ground_->server().exchange());
    } else if (product == Product::kBybit) {
      truth_ = std::make_unique<BybitTruth>(ground_->server().exchange());
    } else {
      truth_ = std::make_unique<UsdmTruth>(ground_->server().exchange());
    }
    ExecutionConfig config;
    truth_->Configure("127.0.0.1:" + std::to_string(ground_->port()), config);
    config.reconcile_every = 1s;
    WriteKeys(ground_->world().files, config);
    host_ = std::make_unique<ServiceHost>(ground_->world(), config);
    truth_->Define(host_->btc);
    host_->Start();
  }

  // In the session's own time; a real machine may be slow.
  bool Until(const std::function<bool()>& reached, base::Duration limit = 30s) {
    for (base::Duration spent{0}; spent < limit && !reached(); spent += 20ms) ground_->Run(20ms);
    return reached();
  }
  bool Ready() {
    return Until([this] { return engine().ready(); });
  }
  bool Reaches(const std::string& id, OrderState state) {
    return Until([&] {
      const TrackedOrder* order = engine().state().Find(market::ClientOrderId(id));
      return order != nullptr && order->life.state() == state;
    });
  }
  market::OrderIntent Limit(const std::string& id, Side side, int64_t from_best,
                            std::string_view quantity = "0.001") {
    return host_->Intent(id, side, quantity, market::FormatDecimal(BestCents(side) + from_best, 2));
  }
  int64_t BestCents(Side side) const {
    const auto best = ground_->server().exchange().core().Best(0, market::Opposite(side));
    return best->price.mantissa / 1'000'000;
  }
  void Agree() {
    // Balances settle a moment after the orders.
    CHECK(Until([&] {
      for (const auto& [asset, held] : truth_->balances()) {
        const auto known = engine().state().balances().find(market::AssetId(asset));
        if (known == engine().state().balances().end() ||
            known->second.free + known->second.locked != held)
          return false;
      }
      return engine().ready();
    }));
    CheckAgreement(engine(), *truth_, host_->btc.id);
  }
  ServiceHost& host() { return *host_; }
  const ExecutionEngine& engine() const { return host_->service->engine(); }
  const VenueTruth& truth() const { return *truth_; }
  void Run(base::Duration span) { ground_->Run(span); }

 private:
  std::unique_ptr<Ground> ground_;
  std::unique_ptr<VenueTruth> truth_;
  std::unique_ptr<ServiceHost> host_;
};

Wire AnyWire() { return GENERATE(Wire::kMemory, Wire::kSockets); }
Product AnyProduct() { return GENERATE(Product::kSpot, Product::kUsdm, Product::kBybit); }
Product WithStops() { return GENERATE(Product::kSpot, Product::kUsdm); }

TEST_CASE("A session places, queries and cancels") {
  Session session(AnyWire(), AnyProduct());
  REQUIRE(session.Ready());
  session.host().Decide(session.Limit("g1rests", Side::kBuy, -500'000), 10s);
  REQUIRE(session.Reaches("g1rests", OrderState::kAccepted));
  CHECK(session.truth().open_orders() == 1);
  session.host().CancelOrder("g1c", "g1rests");
  REQUIRE(session.Reaches("g1rests", OrderState::kCanceled));
  session.Agree();
}

TEST_CASE("A session books fills, fees and what they leave behind") {
  Session session(AnyWire(), AnyProduct());
  REQUIRE(session.Ready());
  session.host().Decide(session.Limit("g1buy", Side::kBuy, 20'000, "0.002"), 10s);
  REQUIRE(session.Reaches("g1buy", OrderState::kFilled));
  market::OrderIntent out = session.host().Intent("g1sell", Side::kSell, "0.001", "");
  session.host().Decide(out, 10s);
  REQUIRE(session.Reaches("g1sell", OrderState::kFilled));
  CHECK(session.engine().stats().fills >= 2);
  CHECK_FALSE(session.host().positions.empty());
  session.Agree();
}

TEST_CASE("A session ends what cannot be filled, and reports refusals with their code") {
  Session session(AnyWire(), AnyProduct());
  REQUIRE(session.Ready());
  market::OrderIntent at_once = session.Limit("g1ioc", Side::kBuy, -500'000);
  at_once.time_in_force = market::TimeInForce::kIoc;
  session.host().Decide(at_once, 10s);
  REQUIRE(session.Reaches("g1ioc", session.truth().unfilled()));
  session.host().Decide(session.Limit("g1tiny", Side::kBuy, -500'000, "0.00001"), 10s);
  REQUIRE(session.Reaches("g1tiny", OrderState::kRejected));
  CHECK_FALSE(session.host().Last("g1tiny").venue_code.empty());
  session.Agree();
}

TEST_CASE("A session holds stop orders, and cancels them before they trigger") {
  Session session(AnyWire(), WithStops());
  REQUIRE(session.Ready());
  market::OrderIntent stop = session.Limit("g1stop", Side::kBuy, 600'000);
  stop.type = market::OrderType::kStopLimit;
  stop.stop_price.mantissa = stop.price.mantissa - 10'000;
  session.host().Decide(stop, 10s);
  REQUIRE(session.Reaches("g1stop", OrderState::kAccepted));
  CHECK(session.truth().open_orders() == 1);
  session.host().CancelOrder("g1c", "g1stop");
  REQUIRE(session.Reaches("g1stop", OrderState::kCanceled));
  session.Agree();
}

TEST_CASE("A session follows a stop order that triggers to its fills") {
  Session session(AnyWire(), WithStops());
  REQUIRE(session.Ready());
  // Close by, on both sides: the market will touch one of them.
  for (const auto& [id, side] : {std::pair("g1up", Side::kBuy), {"g1down", Side::kSell}}) {
    market::OrderIntent stop = session.Limit(id, side, 0);
    stop.type = market::OrderType::kStop;
    stop.price = {};
    stop.stop_price.mantissa = session.BestCents(side) + 500 * market::Sign(side);
    session.host().Decide(stop, 10s);
  }
  const auto filled = [&](const char* id) {
    const TrackedOrder* order = session.engine().state().Find(market::ClientOrderId(id));
    return order != nullptr && order->life.state() == OrderState::kFilled;
  };
  REQUIRE(session.Until([&] { return filled("g1up") || filled("g1down"); }, 60s));
  for (const char* id : {"g1up", "g1down"}) {
    const TrackedOrder* order = session.engine().state().Find(market::ClientOrderId(id));
    if (order != nullptr && order->open()) session.host().CancelOrder(std::string("g1c") + id, id);
  }
  REQUIRE(session.Until([&] { return session.engine().state().open().empty(); }));
  session.Agree();
}

TEST_CASE("A session comes back when the venue ends its stream") {
  Session session(AnyWire(), AnyProduct(), /*lifetime=*/3s);
  REQUIRE(session.Ready());
  session.host().Decide(session.Limit("g1rests", Side::kBuy, -500'000), 10s);
  REQUIRE(session.Reaches("g1rests", OrderState::kAccepted));
  REQUIRE(session.Until([&] { return session.engine().stats().stream_ends >= 1; }));
  REQUIRE(session.Ready());
  CHECK(session.truth().open_orders() == 1);
  session.host().CancelOrder("g1c", "g1rests");
  REQUIRE(session.Reaches("g1rests", OrderState::kCanceled));
  REQUIRE(session.Ready());
  session.Agree();
}

}  // namespace
}  // namespace gannet::execution
