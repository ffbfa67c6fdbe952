#include "services/ingest/config.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::ingest {

using venue::TradeStream;
using venue::binance::Product;
using namespace std::chrono_literals;

TEST_CASE("IngestConfig reads venues with the defaults of their kind") {
  const auto config = ParseIngestConfig(R"(
venues:
  - name: binance-spot
    kind: spot
    ws_url: ws://127.0.0.1:9443
    rest_url: http://127.0.0.1:8080
    instruments: [BTCUSDT, ETHUSDT]
    depth_speed: 1s
    snapshot_depth: 500
    klines: true
    rotate_after: 12h
  - name: binance-usdm
    kind: usdm
    instruments: [BTCUSDT]
  - name: bybit-linear
    kind: bybit-linear
    instruments: [BTCUSDT]
)",
                                        "test.yaml");
  INFO(config.status().ToString());
  REQUIRE(config.ok());
  REQUIRE(config->venues.size() == 3);
  const VenueConfig& spot = config->venues[0];
  CHECK(spot.kind == MarketProduct(Product::kSpot));
  CHECK(spot.instruments == std::vector<std::string>{"BTCUSDT", "ETHUSDT"});
  CHECK(spot.trades == TradeStream::kEach);
  CHECK(spot.snapshot_depth == 500);
  CHECK(spot.klines);
  CHECK(spot.rotate_after == 12h);
  CHECK(config->venues[1].trades == TradeStream::kAggregate);
  CHECK(config->venues[1].ws_url.empty());
  CHECK(config->venues[2].kind == MarketProduct(venue::bybit::Category::kLinear));
  CHECK(config->venues[2].snapshot_depth == 50);
}

TEST_CASE("IngestConfig refuses what cannot work and names the key") {
  const auto problem = [](const std::string& venue) {
    const auto config = ParseIngestConfig(
        "venues:\n  - {name: v, kind: spot, instruments: [BTCUSDT]" + venue + "}\n", "t.yaml");
    return config.ok() ? std::string() : std::string(config.status().message());
  };
  CHECK(problem("").empty());
  CHECK(problem(", ws_url: \"http://x\"").find("ws_url") != std::string::npos);
  CHECK(problem(", rest_url: \"http://x/\"").find("must not end with /") != std::string::npos);
  CHECK(problem(", ws_url: \"ws://venue.example\"").find("begin with wss://") != std::string::npos);
  CHECK(problem(", ws_url: \"ws://127.0.0.1:1\", rest_url: \"http://localhost:2\"").empty());
  // The address that Binance retired says nothing and gives no trades.
  const auto usdm = [](const std::string& urls) {
    return ParseIngestConfig("venues: [{name: u, kind: usdm, instruments: [BTCUSDT]" + urls + "}]",
                             "t.yaml")
        .ok();
  };
  CHECK_FALSE(usdm(", ws_url: \"wss://fstream.binance.com\""));
  CHECK_FALSE(usdm(", ws_url: \"wss://fstream.binance.com/public\""));
  CHECK(
      usdm(", ws_url: \"wss://fstream.binance.com/public\", ws_trades_url: "
           "\"wss://fstream.binance.com/market\""));
  CHECK(problem(", depth_speed: 250ms").find("depth_speed") != std::string::npos);
  CHECK(problem(", snapshot_depth: 6000").find("snapshot_depth") != std::string::npos);
  CHECK(problem(", rotate_after: 25h").find("rotate_after") != std::string::npos);
  CHECK(problem(", colour: red").find("colour") != std::string::npos);
  const auto of = [](const std::string& yaml) {
    return std::string(ParseIngestConfig(yaml, "t.yaml").status().message());
  };
  CHECK(of("venues: [{name: 'a b', kind: spot, instruments: [X]}]").find("name") !=
        std::string::npos);
  CHECK(of("venues: [{name: a, kind: spot, instruments: []}]").find("instruments") !=
        std::string::npos);
  CHECK(of("venues: [{name: a, kind: spot, instruments: [X, X]}]").find("appears twice") !=
        std::string::npos);
  CHECK(of("venues: [{name: a, kind: spot, instruments: ['a:b']}]").find("not a symbol") !=
        std::string::npos);
  const auto bybit = [&of](const std::string& more) {
    return of("venues: [{name: a, kind: bybit-spot, instruments: [X]" + more + "}]");
  };
  CHECK(bybit("").empty());
  CHECK(bybit(", snapshot_depth: 200, trades: none").empty());
  CHECK(bybit(", snapshot_depth: 500").find("1, 50, 200 or 1000") != std::string::npos);
  CHECK(bybit(", depth_speed: 100ms").find("follows from snapshot_depth") != std::string::npos);
  CHECK(bybit(", klines: true").find("bars are made of its trades") != std::string::npos);
  CHECK(bybit(", trades: aggregate").find("each or none") != std::string::npos);
  CHECK(of("venues: [{name: a, kind: margin, instruments: [X]}]").find("kind") !=
        std::string::npos);
  CHECK(of("venues: [{name: a, kind: usdm, instruments: [X], snapshot_depth: 5000}]")
            .find("at most 1000") != std::string::npos);
  CHECK(of("venues: [{name: a, kind: spot, instruments: [X]}, {name: a, kind: spot, instruments: "
           "[X]}]")
            .find("two venues") != std::string::npos);
}

}  // namespace gannet::ingest
