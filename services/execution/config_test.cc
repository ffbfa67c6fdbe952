#include "services/execution/config.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/config/config.h"

namespace gannet::execution {
namespace {

absl::StatusOr<ExecutionConfig> Load(const std::string& yaml) {
  return config::LoadText<ExecutionConfig>(
      yaml, "test.yaml", [](config::Section& in, ExecutionConfig& out) { Read(in, out); });
}

TEST_CASE("Execution's settings have defaults that trade on paper") {
  const auto config = Load("{}");
  REQUIRE(config.ok());
  CHECK(config->venue == VenueKind::kPaper);
  CHECK(config->paper.deposits.at("USDT").ToString() == "100000");
}

TEST_CASE("Execution's settings are read strictly") {
  const auto config = Load(R"(
account: main/live
venue: binance-spot
foreign_orders: halt
rate: {orders_per_10s: 20, reserve_for_cancels: 30%}
binance:
  rest_url: http://127.0.0.1:8080
  stream_url: ws://127.0.0.1:8080/ws-api/v3
  key_file: k
  secret_file: s
  placement_window: 500ms
)");
  REQUIRE(config.ok());
  CHECK(config->account == "main/live");
  CHECK(config->foreign_orders == ForeignPolicy::kHalt);
  CHECK(config->rate.orders_per_10s == 20);
  CHECK(config->rate.reserve_ppm == 300'000);
  CHECK(config->live.placement_window == std::chrono::milliseconds(500));
}

TEST_CASE("Execution's settings of USD-M begin with that venue's addresses and limits") {
  const auto config = Load(R"(
venue: binance-usdm
environment: main-net
account: main/live
confirm: trade real money of main/live on binance-usdm
rate: {orders_per_minute: 600}
binance: {key_file: k, secret_file: s, dead_man: 60s}
)");
  REQUIRE(config.ok());
  CHECK(config->live.venue == "binance-usdm");
  CHECK(config->live.rest_url == "https://fapi.binance.com");
  CHECK(config->live.rights_url == "https://api.binance.com");
  CHECK(config->check_key);
  CHECK(config->live.dead_man == std::chrono::seconds(60));
  CHECK(config->rate.weight_per_minute == 2400);
  CHECK(config->rate.orders_per_minute == 600);
  CHECK(IsMainNet("fstream.binance.com"));
  CHECK_FALSE(IsMainNet("demo-fapi.binance.com"));
  CHECK_FALSE(IsMainNet("testnet.binancefuture.com"));
  CHECK(IsMainNet("api.bybit.com"));
  CHECK(IsMainNet("stream.bybit.eu"));
  CHECK_FALSE(IsMainNet("api-testnet.bybit.com"));
  CHECK_FALSE(IsMainNet("notbinance.com"));
}

TEST_CASE("Execution's settings refuse what would be unsafe or meaningless, and name it") {
  const auto message = [](const std::string& yaml) {
    return std::string(Load(yaml).status().message());
  };
  CHECK(message("venue: binance-spot").find("binance") != std::string::npos);
  CHECK(message("venue: kraken").find("paper") != std::string::npos);
  CHECK(message("account: nobody").find("tenant/account") != std::string::npos);
  CHECK(message("surprise: 1").find("surprise") != std::string::npos);
  const std::string keys = "key_file: k, secret_file: s";
  const std::string two = ", rest_url: 'http://127.0.0.1:1', stream_url: 'ws://127.0.0.1:1'";
  const std::string loopback = two + ", order_url: 'ws://127.0.0.1:2'";
  CHECK(message("venue: binance-spot\nbinance: {" + keys +
                ", rest_url: 'http://testnet.binance.vision'}")
            .find("https://") != std::string::npos);
  CHECK(message("venue: binance-spot\nbinance: {" + keys +
                ", stream_url: 'ws://ws-api.testnet.binance.vision/x'}")
            .find("wss://") != std::string::npos);
  CHECK(message("venue: binance-spot\nbinance: {" + keys + ", placement_window: 3s}")
            .find("placement_window") != std::string::npos);
  CHECK(message("venue: binance-spot\nbinance: {" + keys + two + ", order_url: 'ws://a.vision'}")
            .find("order_url: must begin with wss://") != std::string::npos);
  // Real money is traded with only when the settings say so, and nothing else then.
  for (const auto& [venue, section] : {std::pair("binance-spot", "binance"),
                                       {"binance-usdm", "binance"},
                                       {"bybit-spot", "bybit"},
                                       {"bybit-linear", "bybit"}}) {
    const std::string start = "venue: " + std::string(venue) + "\n", live = std::string(section);
    CHECK(message(start + live + ": {" + keys + "}").find("environment: main-net") !=
          std::string::npos);
    const std::string real = start + "environment: main-net\nconfirm: trade real money of ";
    const std::string typed = real + "main/paper on " + venue + "\n";
    CHECK(Load(typed + live + ": {" + keys + "}").ok());
    CHECK(message(start + "environment: main-net\n" + live + ": {" + keys + "}")
              .find("confirm: trade real money of main/paper on " + std::string(venue)) !=
          std::string::npos);
    CHECK(message(real + "main/other on " + venue + "\n" + live + ": {" + keys + "}")
              .find("confirm") != std::string::npos);
    CHECK(message(typed + "check_key: false\n" + live + ": {" + keys + "}").find("check_key") !=
          std::string::npos);
    CHECK(message(typed + live + ": {" + keys + loopback + "}").find("environment: test-net") !=
          std::string::npos);
    CHECK(Load(start + live + ": {" + keys + loopback + "}").ok());
  }
  CHECK(message("venue: binance-spot\nbinance: {" + keys + loopback + ", dead_man: 60s}")
            .find("dead_man") != std::string::npos);
  CHECK(message("venue: binance-usdm\nbinance: {" + keys + loopback + ", dead_man: 5s}")
            .find("at least 10s") != std::string::npos);
  CHECK(message("paper: {deposits: {USDT: -1}}").find("negative") != std::string::npos);
  // How the account is set up: of accounts with positions only.
  const std::string setup = ", position_mode: hedge, margin_mode: cross, leverage: {BTCUSDT: 5}}";
  const auto linear = Load("venue: bybit-linear\nbybit: {" + keys + loopback + setup);
  REQUIRE(linear.ok());
  CHECK(linear->live.setup.hedge);
  CHECK(linear->live.setup.margin == venue::MarginMode::kCross);
  CHECK(linear->live.setup.leverage.at("BTCUSDT") == 5);
  CHECK(message("venue: bybit-spot\nbybit: {" + keys + loopback + setup).find("position_mode") !=
        std::string::npos);
  CHECK(
      message("venue: binance-usdm\nbinance: {" + keys + loopback + ", leverage: {BTCUSDT: 2000}}")
          .find("between 1 and 1000") != std::string::npos);
}

TEST_CASE("Orders go over the order socket where nothing else is said, beside the stream") {
  const auto live = [](const std::string& venue, const std::string& more) {
    const std::string section = venue.starts_with("bybit") ? "bybit" : "binance";
    return Load("venue: " + venue + "\n" + section +
                ": {key_file: k, secret_file: s, rest_url: 'http://127.0.0.1:1'" + more + "}");
  };
  const auto spot = live("binance-spot", ", stream_url: 'ws://127.0.0.1:2/ws-api/v3'");
  REQUIRE(spot.ok());
  CHECK(spot->live.orders_by_socket);
  CHECK(spot->live.order_url == "ws://127.0.0.1:2/ws-api/v3");
  for (const char* venue : {"bybit-spot", "bybit-linear"}) {
    const auto bybit = live(venue, ", stream_url: 'wss://stream-testnet.bybit.com/v5/private'");
    REQUIRE(bybit.ok());
    CHECK(bybit->live.order_url == "wss://stream-testnet.bybit.com/v5/trade");
  }
  // Not to be known from the others: of the main net unless stated, which a test net is not.
  const std::string stream = ", stream_url: 'ws://127.0.0.1:2/private'";
  const std::string problem(live("binance-usdm", stream).status().message());
  CHECK(problem.find("order_url: ws-fapi.binance.com trades with real money") != std::string::npos);
  CHECK(problem.find("address of the test net") != std::string::npos);
  CHECK(live("binance-usdm", stream + ", order_url: 'ws://127.0.0.1:3'")->live.order_url ==
        "ws://127.0.0.1:3");
  CHECK_FALSE(live("binance-usdm", stream + ", order_entry: rest")->live.orders_by_socket);
}

TEST_CASE("Execution reads further venues, each with settings of its own") {
  const std::string live =
      "{key_file: k, secret_file: s, rest_url: 'http://127.0.0.1:1', stream_url: "
      "'ws://127.0.0.1:1', order_url: 'ws://127.0.0.1:1'";
  const std::string first =
      "account: main/live\nvenue: binance-spot\nreconcile_every: 5s\nbinance: " + live +
      "}\nmore_venues:\n";
  const auto item = [&](const std::string& venue, const std::string& more = "",
                        const std::string& name = "") {
    return "  - {venue: " + venue + ", " + (venue.starts_with("bybit") ? "bybit: " : "binance: ") +
           live + (name.empty() ? "" : ", venue: " + name) + "}" + more + "}\n";
  };
  const auto config = Load(first + item("bybit-spot", ", reconcile_every: 9s") +
                           item("binance-usdm", ", account: main/futures"));
  REQUIRE(config.ok());
  REQUIRE(config->more.size() == 2);
  const ExecutionConfig &spot = config->more[0], &usdm = config->more[1];
  CHECK(spot.live.venue == "bybit-spot");
  CHECK(spot.account == "main/live");
  CHECK(spot.reconcile_every == std::chrono::seconds(9));
  CHECK(spot.rate.orders_per_10s == DefaultRateOf(VenueKind::kBybitSpot).orders_per_10s);
  CHECK(usdm.account == "main/futures");
  CHECK(usdm.reconcile_every == std::chrono::seconds(5));
  CHECK(usdm.more.empty());

  const auto message = [](const std::string& yaml) {
    return std::string(Load(yaml).status().message());
  };
  CHECK(message(first + item("binance-spot")).find("stands there twice") != std::string::npos);
  CHECK(Load(first + item("binance-spot", "", "other-spot")).ok());
  CHECK(message(first + item("bybit-spot") + item("bybit-linear")).find("one wallet") !=
        std::string::npos);
  CHECK(Load(first + item("bybit-spot") + item("bybit-linear", ", account: main/linear")).ok());
  CHECK(message(first + "  - {venue: paper}\n").find("paper stands alone") != std::string::npos);
  CHECK(message("more_venues:\n" + item("bybit-spot")).find("leave it out") != std::string::npos);
  // Real money is confirmed venue by venue.
  const std::string keys = "{key_file: k, secret_file: s}";
  const std::string real =
      "environment: main-net\nvenue: binance-spot\nbinance: " + keys +
      "\nconfirm: trade real money of main/paper on binance-spot\nmore_venues:\n  - {venue: "
      "bybit-spot, bybit: " +
      keys;
  CHECK(message(real + "}\n").find("trade real money of main/paper on bybit-spot") !=
        std::string::npos);
  CHECK(Load(real + ", confirm: trade real money of main/paper on bybit-spot}\n").ok());
}

}  // namespace
}  // namespace gannet::execution
