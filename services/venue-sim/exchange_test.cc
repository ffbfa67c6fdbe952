#include "services/venue-sim/exchange.h"

#include <catch2/catch_test_macros.hpp>

#include "services/venue-sim/venue_for_test.h"

namespace gannet::venue_sim {
namespace {

using namespace std::chrono_literals;

std::string StateHash(const VenueCore& core) {
  wire::CanonicalWriter writer;
  core.Save(writer);
  return base::Hex(base::Sha256(writer.bytes()));
}

TEST_CASE("Commands survive their bytes, and damage does not pass") {
  Command command{.kind = CommandKind::kCancelReplace, .account = 1};
  command.place.client_order_id = "new";
  command.place.quantity = 5;
  command.place.trailing_delta = 150;
  command.order = {3, 77, "old"};
  command.client_order_id = "cancel";
  command.stop_on_failure = true;
  const std::string bytes = EncodeCommand(command);
  const auto decoded = DecodeCommand(bytes);
  REQUIRE(decoded.ok());
  CHECK(EncodeCommand(*decoded) == bytes);
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(DecodeCommand(bytes.substr(0, length)).ok());
  CHECK_FALSE(DecodeCommand(bytes + "x").ok());
  // As builds without trailing stops wrote it.
  Command place{.kind = CommandKind::kPlace};
  place.place = command.place;
  place.place.trailing_delta = 0;
  std::string older = EncodeCommand(place);
  constexpr size_t kRejectedLater = 1, kTrailingDelta = sizeof(uint32_t);
  older.resize(older.size() - kRejectedLater - kTrailingDelta);
  older[0] = 1;
  const auto read = DecodeCommand(older);
  REQUIRE(read.ok());
  CHECK(EncodeCommand(*read) == EncodeCommand(place));
  Command restate{.kind = CommandKind::kRestate};
  restate.order.symbol = 4;
  restate.restatement = {.tick = 1, .lot = 2, .max_price = 3, .max_quantity = 4, .min_notional = 5};
  restate.restatement.halted = true;
  const auto restated = DecodeCommand(EncodeCommand(restate));
  REQUIRE(restated.ok());
  CHECK(restated->order.symbol == 4);
  CHECK(restated->restatement == restate.restatement);
  command.place.symbol = 999;
  CHECK_FALSE(DecodeCommand(EncodeCommand(command)).ok());
}

TEST_CASE("Exchange loses nothing that was acknowledged when the power fails at any moment") {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    VenueHarness venue(seed);
    venue.Start();
    base::Rng rng(seed);
    std::map<std::string, std::string> acknowledged;  // client order id to status
    Json balances;
    for (int round = 0; round < 4; ++round) {
      const int orders = static_cast<int>(rng.Below(6));
      for (int i = 0; i < orders; ++i) {
        const std::string id = std::to_string(round) + "-" + std::to_string(i);
        Fields order = venue.Limit(
            "BUY", rng.Chance(0.5) ? "40000" : venue.best(market::Side::kSell), "0.001");
        order.emplace_back("newClientOrderId", id);
        const HttpAnswer answer = venue.Place(order);
        REQUIRE(answer.status == 200);
        acknowledged[id] = answer.json["status"];
        if (rng.Chance(0.3) && answer.json["status"] == "NEW") {
          const HttpAnswer cancel = venue.Signed(
              "DELETE", "/api/v3/order", {{"symbol", "BTCUSDT"}, {"origClientOrderId", id}});
          REQUIRE(cancel.status == 200);
          acknowledged[id] = "CANCELED";
        }
        venue.Run(std::chrono::milliseconds(rng.Below(200)));
      }
      venue.Crash();
      venue.Start();
      for (const auto& [id, status] : acknowledged) {
        const HttpAnswer answer = venue.Signed("GET", "/api/v3/order",
                                               {{"symbol", "BTCUSDT"}, {"origClientOrderId", id}});
        REQUIRE(answer.status == 200);
        // A resting order may have been met since; what was final stays.
        if (status != "NEW") CHECK(answer.json["status"] == status);
        if (status == "NEW")
          CHECK((answer.json["status"] == "NEW" || answer.json["status"] == "FILLED" ||
                 answer.json["status"] == "PARTIALLY_FILLED"));
      }
      for (const std::string& asset : ListedAssets()) {
        const Ledger& ledger = venue.server->exchange().core().ledger();
        CHECK(ledger.Total(asset) == ledger.Deposited(asset));
      }
    }
  }
}

TEST_CASE("Exchange comes back from a clean stop in the very state it left") {
  VenueHarness venue;
  venue.Start();
  REQUIRE(venue.Place(venue.Limit("BUY", "40000", "0.01")).status == 200);
  venue.Run(3s);
  std::optional<absl::Status> stopped;
  venue.server->Stop([&](absl::Status status) { stopped = std::move(status); });
  venue.Run(1s);
  REQUIRE(stopped);
  CHECK(stopped->ok());
  const std::string before = StateHash(venue.server->exchange().core());
  venue.Crash();
  venue.Start();
  CHECK(StateHash(venue.server->exchange().core()) == before);
  CHECK(venue.server->exchange().recovery().find("0 commands replayed") != std::string::npos);
}

TEST_CASE("Exchange replays under the options in force then, and goes on under the new ones") {
  VenueHarness venue;
  venue.options().exchange.snapshot_interval = 1h;
  venue.Start();
  venue.Run(2s);
  const HttpAnswer bought = venue.Place(
      {{"symbol", "BTCUSDT"}, {"side", "BUY"}, {"type", "MARKET"}, {"quantity", "0.1"}});
  REQUIRE(bought.json["status"] == "FILLED");
  venue.Crash();
  venue.options().exchange.core.speed = 4;
  venue.options().exchange.core.taker_fee_ppm = 500;
  venue.Start();
  const HttpAnswer trades = venue.Signed("GET", "/api/v3/myTrades", {{"symbol", "BTCUSDT"}});
  REQUIRE(trades.json.size() == bought.json["fills"].size());
  for (size_t i = 0; i < trades.json.size(); ++i) {
    CHECK(trades.json[i]["price"] == bought.json["fills"][i]["price"]);
    CHECK(trades.json[i]["commission"] == bought.json["fills"][i]["commission"]);
    CHECK(trades.json[i]["id"] == bought.json["fills"][i]["tradeId"]);
  }
  CHECK(venue.server->exchange().core().options().speed == 4);
  const std::string again =
      venue.Place({{"symbol", "BTCUSDT"}, {"side", "BUY"}, {"type", "MARKET"}, {"quantity", "0.1"}})
          .json["fills"][0]["commission"];
  venue.Crash();
  venue.Start();
  CHECK(venue.Signed("GET", "/api/v3/myTrades", {{"symbol", "BTCUSDT"}})
            .json[trades.json.size()]["commission"] == again);
}

TEST_CASE("Exchange takes snapshots, prunes, and starts quickly from the newest") {
  VenueHarness venue;
  venue.options().exchange.snapshot_interval = 5s;
  venue.options().exchange.journal_bytes = 1 << 20;
  venue.Start();
  venue.Run(60s);
  uint64_t bytes = 0;
  for (const auto& [path, content] : venue.files.Contents()) bytes += content.size();
  CHECK(bytes < (64u << 20));
  venue.Crash();
  venue.Start();
  const std::string recovery = venue.server->exchange().recovery();
  const size_t at = recovery.find("; ");
  REQUIRE(at != std::string::npos);
  CHECK(std::stoi(recovery.substr(at + 2)) <= 110);  // five seconds of ticks
}

TEST_CASE("Exchange stops answering once it cannot record") {
  VenueHarness venue;
  venue.Start();
  venue.Run(1s);
  venue.files.set_faults({.sync_failure = 1});
  const HttpAnswer lost = venue.Place(venue.Limit("BUY", "40000", "0.01"));
  CHECK(lost.status != 200);  // never acknowledged
  venue.Run(1s);
  CHECK_FALSE(venue.failure.ok());
  CHECK(venue.Get("/api/v3/time").status == 503);
}

TEST_CASE("Exchange refuses the journal of something else") {
  base::SimFiles files;
  base::VirtualExecutor executor(TestStart());
  auto writer =
      journal::Writer::Open(files, executor, "/j", {}, {.reserve_bytes = 0, .own_thread = false});
  REQUIRE(writer.ok());
  (*writer)->Append(journal::RecordType::kInput, TestStart(), "other", "x");
  REQUIRE((*writer)->Close().ok());
  writer->reset();
  RecordingEvents events;
  ExchangeOptions options;
  options.dir = "/j";
  options.own_thread = false;
  const auto opened =
      Exchange::Open(files, executor, executor, options, events, [](const absl::Status&) {});
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.status().message().find("not a command of the venue") != std::string_view::npos);
}

}  // namespace
}  // namespace gannet::venue_sim
