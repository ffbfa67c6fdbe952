// Bybit's public streams and market data over the simulated network.
#include <catch2/catch_test_macros.hpp>
#include <map>

#include "services/venue-sim/venue_for_test.h"

namespace gannet::venue_sim {
namespace {

using namespace std::chrono_literals;

std::string Subscribe(const std::vector<std::string>& topics,
                      const std::string& operation = "subscribe") {
  return Json{{"op", operation}, {"req_id", "7"}, {"args", topics}}.dump();
}

// The book as a client keeps it, and whether each message continued it.
struct Kept {
  std::map<std::string, std::map<std::string, std::string>> sides;
  uint64_t u = 0, snapshots = 0, deltas = 0, gaps = 0;

  void Apply(const Json& message) {
    const Json& data = message["data"];
    const bool whole = message["type"] == "snapshot";
    if (whole) sides.clear();
    whole ? ++snapshots : ++deltas;
    gaps += !whole && data["u"] != u + 1;
    u = data["u"];
    for (const char* side : {"b", "a"}) {
      for (const Json& level : data[side]) {
        if (level[1] == "0.00000000") {
          sides[side].erase(level[0]);
        } else {
          sides[side][level[0]] = level[1];
        }
      }
    }
  }
};

std::vector<Json> Of(const TestSocket& socket, const std::string& topic) {
  std::vector<Json> out;
  for (const Json& message : socket.messages) {
    if (message.value("topic", "") == topic) out.push_back(message);
  }
  return out;
}

// Answers to operations, in order.
std::vector<Json> Answers(const TestSocket& socket) {
  std::vector<Json> out;
  for (const Json& message : socket.messages) {
    if (message.contains("op")) out.push_back(message);
  }
  return out;
}

Kept BookOf(const TestSocket& socket, const std::string& topic) {
  Kept kept;
  for (const Json& message : Of(socket, topic)) kept.Apply(message);
  return kept;
}

std::map<std::string, std::string> Levels(const Json& rows) {
  std::map<std::string, std::string> out;
  for (const Json& level : rows) out[level[0]] = level[1];
  return out;
}

TEST_CASE("Bybit's book streams continue from their snapshot and are the venue's book") {
  for (const std::string category : {"spot", "linear"}) {
    VenueHarness venue;
    venue.Start();
    TestSocket socket(venue, "/v5/public/" + category);
    REQUIRE(socket.open);
    socket.Send(Subscribe({"orderbook.50.BTCUSDT", "orderbook.1000.BTCUSDT"}));
    REQUIRE(socket.messages.size() == 3);
    CHECK(socket.messages[0]["success"] == true);
    CHECK(socket.messages[0]["req_id"] == "7");
    CHECK(socket.messages[1]["data"]["u"] == 1);
    venue.Run(10s);
    const Json answer =
        venue.Get("/v5/market/orderbook?category=" + category + "&symbol=BTCUSDT&limit=200").json;
    REQUIRE(answer["retCode"] == 0);
    const Json depth = venue.Get("/api/v3/depth?symbol=BTCUSDT&limit=200").json;
    CHECK(answer["result"]["b"] == depth["bids"]);
    CHECK(answer["result"]["a"] == depth["asks"]);
    // The REST answer told the deepest stream what had changed, and says its id.
    venue.Run(5ms);
    const Kept deep = BookOf(socket, "orderbook.1000.BTCUSDT");
    CHECK(deep.u == answer["result"]["u"]);
    CHECK(deep.sides.at("b") == Levels(depth["bids"]));
    CHECK(deep.sides.at("a") == Levels(depth["asks"]));
    const Kept fifty = BookOf(socket, "orderbook.50.BTCUSDT");
    CHECK(fifty.gaps == 0);
    CHECK(fifty.snapshots == 1);
    CHECK(fifty.deltas > 20);
    CHECK(fifty.sides.at("b").size() <= 50);
  }
}

TEST_CASE("Bybit's later subscribers begin where the others are; the top has snapshots only") {
  VenueHarness venue;
  venue.Start();
  TestSocket first(venue, "/v5/public/spot");
  first.Send(Subscribe({"orderbook.50.BTCUSDT", "orderbook.1.BTCUSDT"}));
  venue.Run(3s);
  TestSocket second(venue, "/v5/public/spot");
  second.Send(Subscribe({"orderbook.50.BTCUSDT"}));
  venue.Run(3s);
  const Kept one = BookOf(first, "orderbook.50.BTCUSDT"),
             two = BookOf(second, "orderbook.50.BTCUSDT");
  CHECK(one.u == two.u);
  CHECK(one.sides == two.sides);
  CHECK(one.gaps + two.gaps == 0);
  CHECK(one.snapshots == 1);
  CHECK(Of(second, "orderbook.50.BTCUSDT").front()["data"]["u"] > 1);
  const Kept top = BookOf(first, "orderbook.1.BTCUSDT");
  CHECK(top.deltas == 0);
  CHECK(top.sides.at("b").size() == 1);
  // Again after it was left.
  first.Send(Subscribe({"orderbook.50.BTCUSDT"}, "unsubscribe"));
  const size_t told = Of(first, "orderbook.50.BTCUSDT").size();
  venue.Run(1s);
  CHECK(Of(first, "orderbook.50.BTCUSDT").size() == told);
  first.Send(Subscribe({"orderbook.50.BTCUSDT"}));
  CHECK(Of(first, "orderbook.50.BTCUSDT").back()["type"] == "snapshot");
}

TEST_CASE("Bybit's public streams begin anew with u = 1 when the venue was restarted") {
  VenueHarness venue;
  venue.Start();
  {
    TestSocket socket(venue, "/v5/public/spot");
    socket.Send(Subscribe({"orderbook.50.BTCUSDT"}));
    venue.Run(3s);
    CHECK(BookOf(socket, "orderbook.50.BTCUSDT").u > 5);
  }
  venue.Crash();
  venue.Start();
  TestSocket socket(venue, "/v5/public/spot");
  socket.Send(Subscribe({"orderbook.50.BTCUSDT"}));
  CHECK(BookOf(socket, "orderbook.50.BTCUSDT").u == 1);
  venue.Run(1s);
  CHECK(BookOf(socket, "orderbook.50.BTCUSDT").gaps == 0);
}

TEST_CASE("Bybit's public trades are the venue's, with the taker's side") {
  VenueHarness venue;
  venue.Start();
  TestSocket socket(venue, "/v5/public/linear");
  socket.Send(Subscribe({"publicTrade.BTCUSDT"}));
  const Json before = venue.Get("/api/v3/trades?symbol=BTCUSDT&limit=1").json;
  venue.Run(20s);
  const std::vector<Json> told = Of(socket, "publicTrade.BTCUSDT");
  REQUIRE(told.size() > 5);
  std::vector<Json> rows;
  for (const Json& trade : venue.Get("/api/v3/trades?symbol=BTCUSDT&limit=1000").json) {
    if (trade["id"] > before.back()["id"]) rows.push_back(trade);
  }
  REQUIRE(rows.size() == told.size());
  std::set<std::string> ids;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Json& trade = told[i]["data"][0];
    CHECK(trade["p"] == rows[i]["price"]);
    CHECK(trade["v"] == rows[i]["qty"]);
    CHECK(trade["T"] == rows[i]["time"]);
    CHECK(trade["S"] == (rows[i]["isBuyerMaker"] == true ? "Sell" : "Buy"));
    CHECK(ids.insert(trade["i"]).second);
  }
}

TEST_CASE("Bybit's public streams answer pings and refuse what they do not have, all of it") {
  VenueHarness venue;
  venue.Start();
  TestSocket socket(venue, "/v5/public/spot");
  socket.Send(R"({"op":"ping","req_id":"3"})");
  REQUIRE(Answers(socket).size() == 1);
  CHECK(Answers(socket)[0]["ret_msg"] == "pong");
  CHECK(Answers(socket)[0]["op"] == "ping");
  const auto refused = [&](const std::string& text) {
    socket.Send(text);
    const Json last = Answers(socket).back();
    CHECK(last["success"] == false);
    return last["ret_msg"].get<std::string>();
  };
  CHECK(refused("no JSON") == "Params Error");
  CHECK(refused(R"({"op":"subscribe"})") == "Params Error");
  CHECK(refused(Subscribe({"orderbook.50.BTCUSDT", "orderbook.50.NOSUCH"})) ==
        "Request Failed. Invalid symbol :[orderbook.50.NOSUCH]");
  CHECK(refused(Subscribe({"orderbook.49.BTCUSDT"})).find("Invalid") != std::string::npos);
  CHECK(refused(Subscribe(std::vector<std::string>(11, "publicTrade.BTCUSDT"))) == "args size >10");
  venue.Run(2s);
  CHECK(Of(socket, "orderbook.50.BTCUSDT").empty());
  socket.Send(Subscribe({"publicTrade.BTCUSDT"}));
  CHECK(refused(Subscribe({"publicTrade.BTCUSDT"})).find("already subscribed") !=
        std::string::npos);
  TestSocket linear(venue, "/v5/public/linear");
  linear.Send(Subscribe({"orderbook.50.ETHBTC"}));  // no perpetual
  CHECK(Answers(linear).back()["success"] == false);
}

TEST_CASE("Bybit's instruments are the venue's symbols; contracts come page by page") {
  VenueHarness venue;
  venue.Start();
  const Json spot = venue.Get("/v5/market/instruments-info?category=spot&limit=1").json["result"];
  REQUIRE(spot["list"].size() == ListedSymbols().size());
  CHECK(spot["list"][0]["symbol"] == "BTCUSDT");
  CHECK(spot["list"][0]["lotSizeFilter"]["maxMarketOrderQty"] == "10.00000000");
  CHECK_FALSE(spot.contains("nextPageCursor"));
  std::set<std::string> seen;
  std::string cursor;
  do {
    const Json page =
        venue.Get("/v5/market/instruments-info?category=linear&limit=2&cursor=" + cursor)
            .json["result"];
    REQUIRE(page["list"].size() <= 2);
    for (const Json& row : page["list"]) {
      CHECK(seen.insert(row["symbol"]).second);
      CHECK(row["lotSizeFilter"].contains("maxMktOrderQty"));
    }
    cursor = page["nextPageCursor"];
  } while (!cursor.empty());
  CHECK(seen.contains("BTCUSDT"));
  // Cursors are to be sent back as they came.
  const std::string path = "/v5/market/instruments-info?category=linear&limit=2&cursor=";
  CHECK(venue.Get(path + "row%3A2").json["retCode"] == 0);
  for (const char* wrong : {"row%253A2", "2", "row%3A", "row%3A2x"})
    CHECK(venue.Get(path + wrong).json["retCode"] == 10001);
  CHECK(venue.Get("/v5/market/orderbook?category=spot&symbol=NOSUCH").json["retCode"] == 10001);
  CHECK(venue.Get("/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=201").json["retCode"] ==
        10001);
}

}  // namespace
}  // namespace gannet::venue_sim
