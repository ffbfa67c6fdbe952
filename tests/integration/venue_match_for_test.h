// Execution over its live edges against the venue simulator's own wire protocol, on a
// network in memory with faults that a seed decides; whichever product of the venue.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "libs/journal/journal.h"
#include "services/execution/service_host_for_test.h"
#include "services/venue-sim/venue_for_test.h"

namespace gannet::execution {

// What the venue itself knows of account 0, and how execution is told of the venue.
class VenueTruth {
 public:
  struct Order {
    market::OrderState state = market::OrderState::kAccepted;
    int64_t executed = 0;  // scale 8
  };
  explicit VenueTruth(const venue_sim::Exchange& exchange) : exchange_(exchange) {}
  virtual ~VenueTruth() = default;

  virtual void Configure(const std::string& host, ExecutionConfig& config) const = 0;
  virtual void Define(market::Instrument& instrument) const = 0;
  virtual std::optional<Order> Find(const std::string& client_order_id) const = 0;
  virtual size_t open_orders() const = 0;
  virtual int64_t net() const = 0;  // of trades in BTC, scale 8
  virtual std::map<std::string, market::Money> balances() const = 0;
  virtual bool has_positions() const { return false; }
  virtual bool has_stops() const { return true; }
  // How the venue calls an order that was to be filled at once and was not.
  virtual market::OrderState unfilled() const { return market::OrderState::kExpired; }

 protected:
  static market::OrderState StateOf(venue_sim::OrderStatus status) {
    switch (status) {
      case venue_sim::OrderStatus::kFilled:
        return market::OrderState::kFilled;
      case venue_sim::OrderStatus::kCanceled:
        return market::OrderState::kCanceled;
      case venue_sim::OrderStatus::kNew:
      case venue_sim::OrderStatus::kPartiallyFilled:
        return market::OrderState::kAccepted;
      case venue_sim::OrderStatus::kRejected:
        return market::OrderState::kRejected;
      default:
        return market::OrderState::kExpired;
    }
  }
  const venue_sim::Exchange& exchange_;
};

class SpotTruth : public VenueTruth {
 public:
  using VenueTruth::VenueTruth;
  void Configure(const std::string& host, ExecutionConfig& config) const override {
    config.venue = VenueKind::kBinanceSpot;
    config.live = DefaultsOf(config.venue);
    config.rate = DefaultRateOf(config.venue);
    config.live.rest_url = "http://" + host;
    config.live.stream_url = config.live.order_url = "ws://" + host + "/ws-api/v3";
  }
  void Define(market::Instrument&) const override {}  // as the host has it
  std::optional<Order> Find(const std::string& id) const override {
    const auto found = exchange_.core().FindOrder(0, {0, 0, id});
    const auto* order = std::get_if<venue_sim::VenueOrder>(&found);
    if (order == nullptr) return std::nullopt;
    return Order{StateOf(order->status), order->executed};
  }
  size_t open_orders() const override {
    return exchange_.core().OpenOrders(0, std::nullopt).size();
  }
  int64_t net() const override {
    int64_t net = 0;
    for (const venue_sim::AccountTrade& trade : exchange_.core().account_trades(0))
      net += trade.is_buyer ? trade.fill.quantity : -trade.fill.quantity;
    return net;
  }
  std::map<std::string, market::Money> balances() const override {
    std::map<std::string, market::Money> held;
    for (const char* asset : {"BTC", "USDT"}) {
      const venue_sim::Balance there = exchange_.core().ledger().balance(0, asset);
      held[asset] = market::Money(there.free + there.locked, 8);
    }
    return held;
  }
};

// The spot market through Bybit's door.
class BybitTruth : public SpotTruth {
 public:
  using SpotTruth::SpotTruth;
  void Configure(const std::string& host, ExecutionConfig& config) const override {
    config.venue = VenueKind::kBybitSpot;
    config.live = DefaultsOf(config.venue);
    config.rate = DefaultRateOf(config.venue);
    config.live.rest_url = "http://" + host;
    config.live.stream_url = "ws://" + host + "/v5/private";
    config.live.order_url = "ws://" + host + "/v5/trade";
  }
  void Define(market::Instrument& instrument) const override {
    instrument.id = market::InstrumentId("bybit-spot:BTCUSDT");
  }
  std::optional<Order> Find(const std::string& id) const override {
    std::optional<Order> order = SpotTruth::Find(id);
    // This venue calls cancelled what could not rest.
    if (order && order->state == market::OrderState::kExpired)
      order->state = market::OrderState::kCanceled;
    return order;
  }
  market::OrderState unfilled() const override { return market::OrderState::kCanceled; }
  // One account with the perpetuals.
  std::map<std::string, market::Money> balances() const override {
    std::map<std::string, market::Money> held = SpotTruth::balances();
    held["USDT"] += market::Money(exchange_.usdm().wallet(0), 8);
    return held;
  }
};

class UsdmTruth : public VenueTruth {
 public:
  using VenueTruth::VenueTruth;
  void Configure(const std::string& host, ExecutionConfig& config) const override {
    config.venue = VenueKind::kBinanceUsdm;
    config.live = DefaultsOf(config.venue);
    config.rate = DefaultRateOf(config.venue);
    config.live.rest_url = "http://" + host;
    config.live.stream_url = "ws://" + host + "/private";
    config.live.order_url = "ws://" + host + "/ws-fapi/v1";
  }
  void Define(market::Instrument& instrument) const override {
    instrument.id = market::InstrumentId("binance-usdm:BTCUSDT");
    instrument.kind = market::InstrumentKind::kPerpetual;
  }
  std::optional<Order> Find(const std::string& id) const override {
    const venue_sim::UsdmMarket& usdm = exchange_.usdm();
    const venue_sim::UsdmOrder* order = usdm.Find(0, 0, 0, id);
    if (const venue_sim::UsdmAlgo* algo = usdm.FindAlgo(0, 0, id)) {
      if (algo->actual_order == 0) {
        switch (algo->status) {
          case venue_sim::AlgoStatus::kCanceled:
            return Order{market::OrderState::kCanceled, 0};
          case venue_sim::AlgoStatus::kRejected:
            return Order{market::OrderState::kExpired, 0};
          default:
            return Order{};
        }
      }
      order = usdm.Find(0, 0, algo->actual_order, "");
    }
    if (order == nullptr) return std::nullopt;
    return Order{StateOf(order->status), order->executed};
  }
  size_t open_orders() const override {
    return exchange_.usdm().OpenOrders(0, std::nullopt).size() +
           exchange_.usdm().OpenAlgos(0, std::nullopt).size();
  }
  int64_t net() const override {
    int64_t net = 0;
    for (const venue_sim::UsdmTrade& trade : exchange_.usdm().trades(0))
      net += market::Sign(trade.side) * trade.quantity;
    return net;
  }
  std::map<std::string, market::Money> balances() const override {
    return {{"USDT", market::Money(exchange_.usdm().wallet(0), 8)}};
  }
  bool has_positions() const override { return true; }
};

// The perpetuals through Bybit's door.
class BybitLinearTruth : public UsdmTruth {
 public:
  using UsdmTruth::UsdmTruth;
  void Configure(const std::string& host, ExecutionConfig& config) const override {
    config.venue = VenueKind::kBybitLinear;
    config.live = DefaultsOf(config.venue);
    config.rate = DefaultRateOf(config.venue);
    config.live.rest_url = "http://" + host;
    config.live.stream_url = "ws://" + host + "/v5/private";
    config.live.order_url = "ws://" + host + "/v5/trade";
  }
  void Define(market::Instrument& instrument) const override {
    UsdmTruth::Define(instrument);
    instrument.id = market::InstrumentId("bybit-linear:BTCUSDT");
  }
  std::optional<Order> Find(const std::string& id) const override {
    std::optional<Order> order = UsdmTruth::Find(id);
    if (order && order->state == market::OrderState::kExpired)
      order->state = market::OrderState::kCanceled;
    return order;
  }
  market::OrderState unfilled() const override { return market::OrderState::kCanceled; }
  // One account with the spot market.
  std::map<std::string, market::Money> balances() const override {
    const venue_sim::Balance spot = exchange_.core().ledger().balance(0, "USDT");
    return {{"USDT", market::Money(exchange_.usdm().wallet(0) + spot.free + spot.locked, 8)}};
  }
};

inline void WriteKeys(base::Files& files, ExecutionConfig& config) {
  REQUIRE(files.MakeDirs("keys").ok());
  REQUIRE(files.WriteAtomically("keys/key", venue_sim::kTestKey, 0600).ok());
  REQUIRE(files.WriteAtomically("keys/secret", venue_sim::kTestSecret, 0600).ok());
  config.live.key_file = "keys/key";
  config.live.secret_file = "keys/secret";
}

// What a test has done to the account beside execution.
struct Beside {
  bool foreign = false;  // orders that nobody here asked for
  bool twins = false;    // a request that the venue took twice
};

// Both must say the same of every order, trade, balance and position.
inline void CheckAgreement(const ExecutionEngine& engine, const VenueTruth& truth,
                           const market::InstrumentId& instrument, const Beside& beside = {}) {
  using market::OrderState;
  const ExecutionState& state = engine.state();
  const ExecutionEngine::Stats& stats = engine.stats();
  CHECK(stats.illegal_events <= stats.twin_orders);
  CHECK(stats.lost_own_orders == 0);
  CHECK((stats.foreign_orders > 0) == beside.foreign);
  CHECK((stats.twin_orders > 0) == beside.twins);
  CHECK(stats.bad_frames == 0);
  CHECK(stats.unreadable_numbers == 0);
  CHECK(engine.ready());
  CHECK(state.open().empty());
  CHECK(truth.open_orders() == 0);
  int64_t booked = 0;
  for (const auto& [id, order] : state.orders()) {
    CAPTURE(id.text(), market::Name(order.life.state()));
    booked += market::Sign(order.intent.side) * order.cumulative.mantissa;
    if (order.external) continue;
    const std::optional<VenueTruth::Order> known = truth.Find(id.text());
    // A refusal leaves nothing there, unless it came after an acknowledgement.
    if (!known && order.life.state() == OrderState::kRejected) continue;
    const bool nowhere =
        order.life.state() == OrderState::kDenied || order.life.state() == OrderState::kAbsent;
    CHECK(!known.has_value() == nowhere);
    if (!known) continue;
    CHECK(known->executed == order.cumulative.mantissa * 1000);  // scale 5 to 8
    CHECK(order.life.state() == known->state);
  }
  CHECK(booked * 1000 == truth.net());
  for (const auto& [asset, held] : truth.balances()) {
    CAPTURE(asset);
    const auto known = state.balances().find(market::AssetId(asset));
    REQUIRE(known != state.balances().end());
    CHECK(known->second.free + known->second.locked == held);
    CHECK(state.Explained(market::AssetId(asset)) == held);  // to the last unit
  }
  CHECK(state.differences().empty());
  CHECK(state.position_differences().empty());
  if (truth.has_positions()) CHECK(state.HeldPosition(instrument) == market::Money(truth.net(), 8));
}

struct Run {
  uint64_t seed;
  net::SimFaults faults;
  bool restarts = false;  // of our process, in the middle of everything
  bool stops = false;     // stop orders too
  base::Duration dead_man{0};
  bool by_socket = false;  // orders over a WebSocket
};

template <class Truth>
class Match {
 public:
  explicit Match(const Run& run) : run_(run), rng_(run.seed), venue_(run.seed) {
    venue_.Start();
    truth_ = std::make_unique<Truth>(venue_.server->exchange());
    truth_->Configure("127.0.0.1:" + std::to_string(venue_.port), config_);
    config_.reconcile_every = std::chrono::seconds(20);
    config_.rate.orders_per_10s = 50;
    config_.live.dead_man = run.dead_man;
    config_.live.orders_by_socket = run.by_socket;
    WriteKeys(venue_.files, config_);
    StartProcess();
    venue_.Run(std::chrono::seconds(2));
  }

  void Trade(base::Duration span) {
    venue_.network.set_faults(run_.faults);
    const base::Time until = venue_.executor.Now() + span;
    while (venue_.executor.Now() < until) {
      venue_.Run(std::chrono::milliseconds(rng_.Between(20, 200)));
      Act();
      if (run_.restarts && rng_.Chance(0.01)) Restart();
    }
    venue_.network.set_faults({});
  }
  void CancelAll() {
    for (int round = 0; round < 3; ++round) {
      const auto open = engine().state().open();
      for (const market::ClientOrderId& id : open) host_->CancelOrder(NextId("x"), id.text());
      venue_.Run(std::chrono::seconds(60));
    }
  }
  void Compare() { CheckAgreement(engine(), *truth_, host_->btc.id); }
  // As kill -9 does it: what is not on disk is gone, what is on the way stays so.
  void Restart() {
    Stop();
    ++restarts;
    StartProcess();
  }
  void Stop() {
    if (host_ != nullptr) sent_before_ += host_->service->sent_by_socket();
    host_.reset();
    writer_.reset();
  }
  std::string NextId(const std::string& kind) { return "g1" + kind + std::to_string(++ids_); }
  // In quote units of two digits.
  int64_t BestCents(market::Side side) const {
    return venue_.server->exchange().core().Best(0, side)->price.mantissa / 1'000'000;
  }

  uint64_t placed = 0, restarts = 0, stops = 0;
  // By every process.
  uint64_t sent_by_socket() const { return sent_before_ + host_->service->sent_by_socket(); }
  const ExecutionEngine& engine() const { return host_->service->engine(); }
  const ExecutionEngine::Stats& stats() const { return engine().stats(); }
  ServiceHost& host() { return *host_; }
  venue_sim::VenueHarness& venue() { return venue_; }
  const Truth& truth() const { return *truth_; }

 private:
  void StartProcess() {
    journal::WriterOptions options;
    options.own_thread = false;
    auto writer = journal::Writer::Open(venue_.files, venue_.executor, "journal", {}, options);
    REQUIRE(writer.ok());
    writer_ = *std::move(writer);
    HostOptions host_options;
    host_options.start_epoch = restarts + 1;
    host_ = std::make_unique<ServiceHost>(World(venue_.executor, venue_.files, venue_.network),
                                          config_, writer_.get(), host_options);
    truth_->Define(host_->btc);
    auto reader = journal::Reader::Open(venue_.files, "journal");
    REQUIRE(reader.ok());
    REQUIRE(host_->shard().Recover(**reader).ok());
    host_->Start();
  }
  void Act() {
    using market::Side;
    if (rng_.Chance(0.5)) {
      std::vector<market::OrderIntent> together;
      for (int64_t more = rng_.Chance(0.3) ? rng_.Between(1, 5) : 0; more >= 0; --more)
        together.push_back(Propose());
      placed += together.size();
      host_->DecideAll(std::move(together), std::chrono::seconds(10));
    }
    if (rng_.Chance(0.3)) {
      if (const std::string target = SomeOpen(rng_.Chance(0.5) ? Side::kBuy : Side::kSell);
          !target.empty()) {
        host_->CancelOrder(NextId("c"), target);
      }
    }
  }
  market::OrderIntent Propose() {
    using market::Side;
    const Side side = rng_.Chance(0.5) ? Side::kBuy : Side::kSell;
    const int64_t best = BestCents(market::Opposite(side));
    const int64_t ticks =
        rng_.Between(-2000, 400) * market::Sign(side);  // sometimes through the book
    market::OrderIntent intent =
        host_->Intent(NextId("o"), side, "0.001", market::FormatDecimal(best + ticks, 2));
    intent.quantity.mantissa = rng_.Between(20, 400);
    intent.time_in_force = rng_.Chance(0.2) ? market::TimeInForce::kIoc : market::TimeInForce::kGtc;
    const std::string target = SomeOpen(side);
    if (run_.stops && rng_.Chance(0.3)) {
      intent.time_in_force = market::TimeInForce::kGtc;
      intent.type = rng_.Chance(0.5) ? market::OrderType::kStop : market::OrderType::kStopLimit;
      intent.stop_price.mantissa = best + rng_.Between(100, 3000) * market::Sign(side);
      intent.price.mantissa =
          intent.type == market::OrderType::kStop
              ? 0
              : intent.stop_price.mantissa + rng_.Between(-300, 900) * market::Sign(side);
      // Bybit has none as an order.
      if constexpr (std::is_same_v<Truth, SpotTruth> || std::is_same_v<Truth, UsdmTruth>) {
        if (rng_.Chance(0.3)) {
          intent.type = market::OrderType::kTrailingStop;
          intent.price = intent.stop_price = {};
          intent.trailing_bps = 10;
        }
      }
      ++stops;
    } else if (!target.empty() && rng_.Chance(0.25)) {
      intent.kind = market::IntentKind::kReplace;
      intent.target = market::ClientOrderId(target);
    }
    return intent;
  }
  std::string SomeOpen(market::Side side) {
    std::vector<std::string> open;
    for (const market::ClientOrderId& id : engine().state().open()) {
      if (engine().state().Find(id)->intent.side == side) open.push_back(id.text());
    }
    return open.empty() ? "" : open[rng_.Below(open.size())];
  }

  const Run run_;
  base::Rng rng_;
  venue_sim::VenueHarness venue_;
  std::unique_ptr<Truth> truth_;
  ExecutionConfig config_;
  std::unique_ptr<journal::Writer> writer_;
  std::unique_ptr<ServiceHost> host_;
  uint64_t ids_ = 0, sent_before_ = 0;
};

inline net::SimFaults Faults(double rate) {
  net::SimFaults faults;
  faults.connect_refused = rate / 4;
  faults.request_lost = rate;
  faults.response_lost = rate;
  faults.reset = rate;
  faults.socket_reset = rate / 20;
  faults.delay_max = std::chrono::milliseconds(300);
  return faults;
}

}  // namespace gannet::execution
