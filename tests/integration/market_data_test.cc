// Ingest's session with Bybit's public streams against the venue simulator, in memory and
// over real sockets: its book is the simulator's own, and is INVALID whenever it cannot be
// relied on.
#include <algorithm>

#include "libs/bus/topics.h"
#include "services/ingest/venue_session.h"
#include "tests/integration/venue_session_for_test.h"

namespace gannet::ingest {
namespace {

using execution::Ground;
using execution::GroundOptions;
using execution::Wire;
using market::BookFault;
using market::BookState;
using venue::bybit::Category;
using namespace std::chrono_literals;

class Watch {
 public:
  Watch(Wire wire, Category category, venue::TradeStream trades = venue::TradeStream::kEach) {
    if (wire == Wire::kMemory) {
      ground_ = std::make_unique<execution::MemoryGround>(GroundOptions{});
    } else {
      ground_ = std::make_unique<execution::SocketGround>(GroundOptions{});
    }
    execution::World world = ground_->world();
    shard_ = std::make_unique<runtime::Shard>(runtime::ShardOptions{}, world.executor, world.clock,
                                              nullptr, nullptr);
    shard_->Consume<market::MarketStatus>(bus::kMarketStatus,
                                          [this](const market::Event<market::MarketStatus>& event) {
                                            if (!event.value.instrument.empty())
                                              faults.push_back(event.value.fault);
                                          });
    shard_->Consume<market::Trade>(bus::kTrades, [this](const market::Event<market::Trade>& event) {
      traded.push_back(event.value);
    });
    bus_ = std::make_unique<bus::MemoryBus>(world.executor, bus::MemoryBusOptions{});
    log_ = std::make_unique<telemetry::Log>("ingest", telemetry::Level::kError, world.clock,
                                            [](std::string_view) {});
    deps_ = std::make_unique<runtime::Deps>(runtime::Deps{*shard_, *bus_, world.executor,
                                                          world.executor, world.clock, world.files,
                                                          world.network, *log_, base::Rng(3), ""});
    VenueConfig config;
    config.name = "bybit";
    config.kind = category;
    config.snapshot_depth = 50;
    config.trades = trades;
    // More topics than one request may name.
    config.instruments = {"BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT",
                          "XRPUSDT", "ADAUSDT", "NOSUCH"};
    const std::string at = "127.0.0.1:" + std::to_string(ground_->port());
    config.ws_url = "ws://" + at;
    config.rest_url = "http://" + at;
    session_ = std::make_unique<VenueSession>(config, *deps_);
    REQUIRE(session_->Start().ok());
  }

  // In the session's own time; a real machine may be slow.
  bool Until(const std::function<bool()>& reached, base::Duration limit = 60s) {
    constexpr base::Duration kStep = 5ms;
    for (base::Duration spent{0}; spent < limit && !reached(); spent += kStep) ground_->Run(kStep);
    return reached();
  }
  bool Known() const { return session_->market().engine().feeds().contains("BTCUSDT"); }
  const InstrumentFeed& feed() const { return *session_->market().engine().feeds().at("BTCUSDT"); }
  bool Valid() const { return Known() && feed().book().state() == BookState::kValid; }
  // What the simulator has, as far down as we look.
  bool AsTheVenue() const {
    if (!Valid()) return false;
    const matching::MatchingEngine& venue = ground_->server().exchange().core().engine(0);
    const market::Instrument& ours = feed().definition();
    for (const market::Side side : {market::Side::kBuy, market::Side::kSell}) {
      const size_t depth = std::min<size_t>(50, venue.depth(side));
      if (feed().book().book().depth(side) != depth) return false;
      for (size_t i = 0; i < depth; ++i) {
        const market::Level level = feed().book().book().level(side, i);
        const market::Level theirs = venue.level(side, i);
        if (ours.Format(level.price) != market::FormatDecimal(theirs.price.mantissa, 8) ||
            ours.Format(level.quantity) != market::FormatDecimal(theirs.quantity.mantissa, 8))
          return false;
      }
    }
    return true;
  }
  bool Said(BookFault fault) const { return std::ranges::find(faults, fault) != faults.end(); }
  void Happen(venue_sim::FaultRule rule) {
    rule.door = venue_sim::Door::kBybit;
    ground_->gate().Begin({.seed = 1, .rules = {std::move(rule)}});
  }
  const VenueSession& session() const { return *session_; }

  std::vector<BookFault> faults;  // in the order of their being told
  std::vector<market::Trade> traded;

 private:
  std::unique_ptr<Ground> ground_;
  std::unique_ptr<runtime::Shard> shard_;
  std::unique_ptr<bus::MemoryBus> bus_;
  std::unique_ptr<telemetry::Log> log_;
  std::unique_ptr<runtime::Deps> deps_;
  std::unique_ptr<VenueSession> session_;
};

}  // namespace

TEST_CASE("Bybit's book is the venue's own, and comes back after the connection is lost") {
  for (const Wire wire : {Wire::kMemory, Wire::kSockets}) {
    for (const Category category : {Category::kSpot, Category::kLinear}) {
      Watch watch(wire, category);
      REQUIRE(watch.Until([&] { return watch.AsTheVenue(); }));
      CHECK(watch.session().market().engine().missing_symbols() == std::set<std::string>{"NOSUCH"});
      CHECK(watch.feed().definition().kind == (category == Category::kSpot
                                                   ? market::InstrumentKind::kSpot
                                                   : market::InstrumentKind::kPerpetual));
      CHECK(watch.Until([&] { return !watch.traded.empty(); }));
      watch.faults.clear();
      watch.Happen({.kind = venue_sim::FaultKind::kDisconnect});
      CHECK(watch.Until([&] { return watch.Said(BookFault::kDisconnected); }));
      CHECK(watch.Until([&] { return watch.AsTheVenue(); }));
      CHECK(watch.feed().book().counters().gaps == 0);
      CHECK(watch.session().market().engine().counters().undecodable == 0);
    }
  }
}

TEST_CASE("Bybit's book is INVALID after a delta that was lost, until it is subscribed anew") {
  for (const Wire wire : {Wire::kMemory, Wire::kSockets}) {
    Watch watch(wire, Category::kSpot, venue::TradeStream::kNone);
    REQUIRE(watch.Until([&] { return watch.AsTheVenue(); }));
    watch.faults.clear();
    watch.Happen({.kind = venue_sim::FaultKind::kLostFrame,
                  .frame = venue_sim::FrameClass::kMarket,
                  .times = 3});
    CHECK(watch.Until([&] { return watch.Said(BookFault::kGap); }));
    CHECK(watch.Until([&] { return watch.AsTheVenue(); }));
    CHECK(watch.session().market().engine().counters().opened == 1);  // no other connection
    CHECK(watch.session().market().engine().counters().refused_subscriptions == 0);
  }
}

TEST_CASE("Bybit's book is replaced with its connection when that falls silent, pings or not") {
  Watch watch(Wire::kMemory, Category::kLinear);
  REQUIRE(watch.Until([&] { return watch.AsTheVenue(); }));
  // Longer than a ping's interval: pongs keep a quiet connection, for there is no other sign.
  CHECK_FALSE(watch.Until([&] { return !watch.Valid(); }, 90s));
  watch.faults.clear();
  watch.Happen({.kind = venue_sim::FaultKind::kSilence, .delay = 10min});
  CHECK(watch.Until([&] { return watch.Said(BookFault::kStale); }, 5min));
  CHECK(watch.Until([&] { return watch.AsTheVenue(); }));
  CHECK(watch.session().market().engine().counters().opened == 2);
}

}  // namespace gannet::ingest
