// Execution over its live edges against the venue simulator's own wire protocol,
// on a network in memory with faults that a seed decides. In the end both must say
// the same of every order, trade and balance.
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/journal/journal.h"
#include "services/execution/service_host_for_test.h"
#include "services/venue-sim/venue_for_test.h"

namespace gannet::execution {
namespace {

using market::OrderState;
using market::Side;
using namespace std::chrono_literals;

struct Run {
  uint64_t seed;
  net::SimFaults faults;
  bool restarts = false;  // of our process, in the middle of everything
};

class Match {
 public:
  explicit Match(const Run& run) : run_(run), rng_(run.seed), venue_(run.seed) {
    venue_.Start();
    REQUIRE(venue_.files.MakeDirs("keys").ok());
    REQUIRE(venue_.files.WriteAtomically("keys/key", venue_sim::kTestKey, 0600).ok());
    REQUIRE(venue_.files.WriteAtomically("keys/secret", venue_sim::kTestSecret, 0600).ok());
    config_.venue = VenueKind::kBinanceSpot;
    config_.reconcile_every = 20s;
    config_.rate.orders_per_10s = 50;
    config_.binance.rest_url = "http://127.0.0.1:" + std::to_string(venue_.port);
    config_.binance.stream_url = "ws://127.0.0.1:" + std::to_string(venue_.port) + "/ws-api/v3";
    config_.binance.key_file = "keys/key";
    config_.binance.secret_file = "keys/secret";
    StartProcess();
    venue_.Run(2s);
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
      const auto open = host_->service->engine().state().open();
      for (const market::ClientOrderId& id : open) host_->CancelOrder(NextId("x"), id.text());
      venue_.Run(60s);
    }
  }

  void Compare() {
    const venue_sim::VenueCore& core = venue_.server->exchange().core();
    const ExecutionState& state = host_->service->engine().state();
    const ExecutionEngine::Stats& stats = host_->service->engine().stats();
    CHECK(stats.illegal_events == 0);
    CHECK(stats.lost_own_orders == 0);
    CHECK(stats.bad_frames == 0);
    CHECK(host_->service->engine().ready());
    CHECK(state.open().empty());
    CHECK(core.OpenOrders(0, std::nullopt).empty());
    int64_t net = 0;
    for (const venue_sim::AccountTrade& trade : core.account_trades(0)) {
      net += trade.is_buyer ? trade.fill.quantity : -trade.fill.quantity;
    }
    int64_t booked = 0;
    for (const auto& [id, order] : state.orders()) {
      CAPTURE(id.text(), market::Name(order.life.state()));
      booked += market::Sign(order.intent.side) * order.cumulative.mantissa;
      const auto found = core.FindOrder(0, {0, 0, id.text()});
      const auto* known = std::get_if<venue_sim::VenueOrder>(&found);
      const bool nowhere = order.life.state() == OrderState::kDenied ||
                           order.life.state() == OrderState::kRejected ||
                           order.life.state() == OrderState::kAbsent;
      CHECK((known == nullptr) == nowhere);
      if (known == nullptr) continue;
      CHECK(known->executed == order.cumulative.mantissa * 1000);  // scale 5 to 8
      const auto expected = known->status == venue_sim::OrderStatus::kFilled ? OrderState::kFilled
                            : known->status == venue_sim::OrderStatus::kCanceled
                                ? OrderState::kCanceled
                                : OrderState::kExpired;
      CHECK(order.life.state() == expected);
    }
    CHECK(booked * 1000 == net);
    for (const char* asset : {"BTC", "USDT"}) {
      CAPTURE(asset);
      const venue_sim::Balance there = core.ledger().balance(0, asset);
      const market::Money held(there.free + there.locked, 8);
      const auto known = state.balances().find(market::AssetId(asset));
      REQUIRE(known != state.balances().end());
      CHECK(known->second.free + known->second.locked == held);
      CHECK(state.Explained(market::AssetId(asset)) == held);  // fills and fees explain every unit
    }
    CHECK(state.differences().empty());
  }

  uint64_t placed = 0, restarts = 0;
  const ExecutionEngine::Stats& stats() const { return host_->service->engine().stats(); }
  ServiceHost& host() { return *host_; }

 private:
  World Outside() { return {venue_.executor, venue_.files, venue_.network}; }
  void StartProcess() {
    journal::WriterOptions options;
    options.own_thread = false;
    auto writer = journal::Writer::Open(venue_.files, venue_.executor, "journal", {}, options);
    REQUIRE(writer.ok());
    writer_ = *std::move(writer);
    HostOptions host_options;
    host_options.start_epoch = restarts + 1;
    host_ = std::make_unique<ServiceHost>(Outside(), config_, writer_.get(), host_options);
    auto reader = journal::Reader::Open(venue_.files, "journal");
    REQUIRE(reader.ok());
    REQUIRE(host_->shard().Recover(**reader).ok());
    host_->Start();
  }
  // As kill -9 does it: what is not on disk is gone, what is on the way stays so.
  void Restart() {
    host_.reset();
    writer_.reset();
    ++restarts;
    StartProcess();
  }
  std::string NextId(const std::string& kind) { return "g1" + kind + std::to_string(++ids_); }
  void Act() {
    if (rng_.Chance(0.5)) {
      const Side side = rng_.Chance(0.5) ? Side::kBuy : Side::kSell;
      const auto best = venue_.server->exchange().core().Best(0, market::Opposite(side));
      if (!best) return;
      const int64_t ticks =
          rng_.Between(-2000, 400) * market::Sign(side);  // sometimes through the book
      const int64_t price = best->price.mantissa / 1'000'000 + ticks;
      market::OrderIntent intent =
          host_->Intent(NextId("o"), side, "0.001", market::FormatDecimal(price, 2));
      intent.quantity.mantissa = rng_.Between(20, 400);
      intent.time_in_force =
          rng_.Chance(0.2) ? market::TimeInForce::kIoc : market::TimeInForce::kGtc;
      const std::string target = SomeOpen(side);
      if (!target.empty() && rng_.Chance(0.25)) {
        intent.kind = market::IntentKind::kReplace;
        intent.target = market::ClientOrderId(target);
      }
      host_->Decide(intent, 10s);
      ++placed;
    }
    if (rng_.Chance(0.3)) {
      if (const std::string target = SomeOpen(rng_.Chance(0.5) ? Side::kBuy : Side::kSell);
          !target.empty()) {
        host_->CancelOrder(NextId("c"), target);
      }
    }
  }
  std::string SomeOpen(Side side) {
    std::vector<std::string> open;
    for (const market::ClientOrderId& id : host_->service->engine().state().open()) {
      if (host_->service->engine().state().Find(id)->intent.side == side) open.push_back(id.text());
    }
    return open.empty() ? "" : open[rng_.Below(open.size())];
  }

  const Run run_;
  base::Rng rng_;
  venue_sim::VenueHarness venue_;
  ExecutionConfig config_;
  std::unique_ptr<journal::Writer> writer_;
  std::unique_ptr<ServiceHost> host_;
  uint64_t ids_ = 0;
};

net::SimFaults Faults(double rate) {
  net::SimFaults faults;
  faults.connect_refused = rate / 4;
  faults.request_lost = rate;
  faults.response_lost = rate;
  faults.reset = rate;
  faults.socket_reset = rate / 20;
  faults.delay_max = 300ms;
  return faults;
}

TEST_CASE("Execution and the venue simulator agree after a day without faults") {
  Match match({.seed = 1, .faults = {}});
  match.Trade(60s);
  match.CancelAll();
  match.Compare();
  CHECK(match.placed > 200);
  CHECK(match.stats().fills > 20);
  CHECK(match.stats().unknown_outcomes == 0);
}

TEST_CASE("Execution and the venue simulator agree whatever the network loses") {
  uint64_t unknown = 0;
  for (uint64_t seed = 2; seed <= 5; ++seed) {
    CAPTURE(seed);
    Match match({.seed = seed, .faults = Faults(0.04)});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    unknown += match.stats().unknown_outcomes;
  }
  CHECK(unknown > 10);
}

TEST_CASE("Execution and the venue simulator agree although our process dies again and again") {
  uint64_t restarts = 0;
  for (uint64_t seed = 6; seed <= 11; ++seed) {
    CAPTURE(seed);
    Match match({.seed = seed, .faults = Faults(0.02), .restarts = true});
    match.Trade(40s);
    match.CancelAll();
    match.Compare();
    restarts += match.restarts;
  }
  CHECK(restarts > 8);
}

}  // namespace
}  // namespace gannet::execution
