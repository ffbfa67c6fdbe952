#include "services/gateway/live_stream.h"

#include <catch2/catch_test_macros.hpp>
#include <map>

#include "services/gateway/gateway_for_test.h"

namespace gannet::gateway {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// What a page does: keeps rows by key, notices gaps.
class Viewer {
 public:
  Viewer(GatewayFixture& f, const std::string& query, net::Headers headers = {}) {
    if (headers.empty()) headers = {{"Cookie", "gannet_session=" + f.cookie}};
    net::WebSocketOptions options;
    options.headers = std::move(headers);
    const std::string url =
        "ws://127.0.0.1:" + std::to_string(f.service->port()) + "/api/v1/stream" + query;
    socket_ = f.network.Connect(net::Url::Parse(url).value(), options,
                                {.on_open = [this] { open = true; },
                                 .on_message = [this](std::string_view text) { Take(text); },
                                 .on_close = [this](const absl::Status&) { closed = true; }});
  }
  void Say(std::string text) { socket_->Send(std::move(text)); }
  void Drop() { socket_.reset(); }

  bool open = false, closed = false;
  int snapshots = 0, frames = 0, beats = 0, gaps = 0, charts = 0;
  uint64_t sequence = 0;
  std::string epoch;
  json last_chart;
  std::map<std::string, std::map<std::string, json>> rows;
  std::map<std::string, int> sent;  // of each position

 private:
  void Take(std::string_view text) {
    const auto message = json::parse(text);
    const std::string type = message.at("type");
    if (type == "chart") {
      ++charts;
      last_chart = message;
      return;
    }
    if (type == "snapshot") {
      ++snapshots;
      rows.clear();
      epoch = message.at("epoch");
    } else if (type == "frame") {
      ++frames;
      if (started_ && message.at("seq").get<uint64_t>() != sequence + 1) ++gaps;
    } else if (type == "beat") {
      ++beats;
    }
    started_ = true;
    sequence = message.at("seq");
    if (!message.contains("rows")) return;
    for (const auto& [table, changed] : message.at("rows").items()) {
      for (const auto& [key, row] : changed.items()) {
        rows[table][key] = row;
        if (table == "positions") ++sent[key];
      }
    }
  }

  bool started_ = false;
  std::unique_ptr<net::WebSocket> socket_;
};

market::Instrument Definition() {
  market::Instrument d;
  d.id = market::InstrumentId("v:BTC");
  d.price_scale = 2;
  d.quantity_scale = 2;
  return d;
}

market::Quote QuoteAt(int64_t bid) {
  market::Quote quote;
  quote.instrument = market::InstrumentId("v:BTC");
  quote.bid = {{bid}, {1}};
  quote.ask = {{bid + 1}, {1}};
  return quote;
}

market::NewsSignal SignalOf(int number) {
  market::NewsSignal signal;
  signal.title = "headline " + std::to_string(number);
  return signal;
}

TEST_CASE("The stream begins with everything and goes on with what changed, ten times a second") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  Viewer viewer(f, "");
  f.executor.RunFor(300ms);
  CHECK(viewer.snapshots == 1);
  CHECK(viewer.rows.at("markets").at("v:BTC").at("bid").is_null());
  const int frames = viewer.frames;
  for (int i = 0; i < 500; ++i) {  // five seconds of a hundred quotes a second
    REQUIRE(f.Publish(bus::kQuotes, QuoteAt(100 + i)));
    f.executor.RunFor(10ms);
  }
  f.executor.RunFor(300ms);
  CHECK(viewer.frames - frames <= 53);
  CHECK(viewer.frames - frames >= 45);
  CHECK(viewer.gaps == 0);
  CHECK(viewer.rows.at("markets").at("v:BTC").at("bid") == "5.99");  // the newest
}

TEST_CASE("The open result of a position follows its market, once a second") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  REQUIRE(f.Publish(bus::kQuotes, QuoteAt(99)));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  Viewer viewer(f, "");
  market::PositionUpdate position;
  position.account = market::AccountId("main/paper");
  position.strategy = market::StrategyId("maker");
  position.instrument = market::InstrumentId("v:BTC");
  position.net.mantissa = 1'000;  // ten at 1
  position.average_price.mantissa = 100;
  REQUIRE(f.Publish(bus::kPositions, position));
  position.strategy = market::StrategyId("flat");
  position.net.mantissa = 0;
  REQUIRE(f.Publish(bus::kPositions, position));
  f.executor.RunFor(2s);
  const auto open = [&](const char* strategy) {
    return viewer.rows.at("positions")
        .at(std::string("main/paper|") + strategy + "|v:BTC")
        .at("unrealized_pnl");
  };
  CHECK(open("maker") == "-0.1");
  REQUIRE(f.Publish(bus::kQuotes, QuoteAt(150)));  // and no fill
  f.executor.RunFor(1100ms);
  CHECK(open("maker") == "5");
  // As the REST answer of the same moment has it.
  CHECK(json::parse(f.Call("GET", "/api/v1/positions").body).at(1).at("unrealized_pnl") == "5");

  const auto sent = [&](const std::string& key) { return viewer.sent[key]; };
  const int before = sent("main/paper|maker|v:BTC"), flat = sent("main/paper|flat|v:BTC");
  for (int i = 0; i < 50; ++i) {  // five seconds
    REQUIRE(f.Publish(bus::kQuotes, QuoteAt(200 + i)));
    f.executor.RunFor(100ms);
  }
  f.executor.RunFor(1100ms);
  CHECK(open("maker") == "14.9");
  CHECK(sent("main/paper|maker|v:BTC") - before <= 7);
  CHECK(sent("main/paper|flat|v:BTC") == flat);
  CHECK(viewer.gaps == 0);
}

TEST_CASE("A quiet stream is heard each second, so that silence means loss") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  Viewer viewer(f, "");
  f.executor.RunFor(10s);
  CHECK(viewer.beats >= 9);
}

TEST_CASE("A viewer that comes back gets what it missed, once, and no more") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  Viewer steady(f, "");
  auto lost = std::make_unique<Viewer>(f, "");
  REQUIRE(f.Publish(bus::kNewsSignals, SignalOf(1)));
  f.executor.RunFor(300ms);
  const auto had = lost->rows;
  const uint64_t at = lost->sequence;
  const std::string epoch = lost->epoch;
  lost.reset();
  for (int i = 2; i < 40; ++i) {
    REQUIRE(f.Publish(bus::kNewsSignals, SignalOf(i)));
    f.executor.RunFor(100ms);
  }
  Viewer back(f, "?epoch=" + epoch + "&after=" + std::to_string(at));
  back.rows = had;
  back.sequence = at;
  f.executor.RunFor(500ms);
  CHECK(back.snapshots == 0);
  CHECK(back.gaps == 0);
  CHECK(back.sequence == steady.sequence);
  CHECK(back.rows.at("signals") == steady.rows.at("signals"));
  CHECK(back.rows.at("signals").size() == 39);

  // Of another start, or from the future: the whole again.
  Viewer other(f, "?epoch=1&after=" + std::to_string(at));
  Viewer future(f, "?epoch=" + epoch + "&after=99999999");
  Viewer strange(f, "?epoch=x&after=99999999999999999999999999");
  f.executor.RunFor(500ms);
  CHECK(other.snapshots == 1);
  CHECK(future.snapshots == 1);
  CHECK(strange.snapshots == 1);
}

TEST_CASE("A viewer that was away for longer than frames are kept begins anew") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  Viewer steady(f, "");
  f.executor.RunFor(300ms);
  const uint64_t at = steady.sequence;
  for (size_t i = 0; i < LiveStream::kKeptFrames + 20; ++i) {
    REQUIRE(f.Publish(bus::kQuotes, QuoteAt(100 + static_cast<int64_t>(i))));
    f.executor.RunFor(100ms);
  }
  Viewer back(f, "?epoch=" + steady.epoch + "&after=" + std::to_string(at));
  f.executor.RunFor(500ms);
  CHECK(back.snapshots == 1);
  CHECK(back.rows == steady.rows);
}

TEST_CASE("Frames are made for who watches, or may still come back for them") {
  View view;
  ChartData charts;
  LiveStream stream(view, charts, "1", [] { return std::string("{}"); });
  base::Time now = base::FromUnixMillis(1'000'000'000);
  const auto run = [&](base::Duration span) {
    const uint64_t before = stream.stats().frames;
    for (const base::Time end = now + span; now < end; now += LiveStream::kPeriod) {
      stream.TouchRow("signals", "1");
      stream.Tick(now);
    }
    return stream.stats().frames - before;
  };
  CHECK(run(1min) == 0);  // nobody has come yet
  const uint64_t nobody = stream.sequence();
  struct Socket : net::WebSocket {
    bool Send(std::string) override { return true; }
    void Close() override {}
  };
  const auto viewer = stream.Join(std::make_shared<Socket>(), {"ann", ""});
  REQUIRE(viewer);
  stream.Open(*viewer, "1", nobody - 5, now);  // frames that were never made
  CHECK(stream.stats().snapshots == 1);
  CHECK(run(1min) == 600);
  const uint64_t had = stream.sequence();
  stream.Leave(*viewer);
  CHECK(run(1min) == 600);
  CHECK(run(2min) == 600);
  const auto back = stream.Join(std::make_shared<Socket>(), {"ann", ""});
  stream.Open(*back, "1", had, now);
  CHECK(stream.stats().snapshots == 2);
  CHECK(stream.stats().resumed == 0);
}

TEST_CASE("The chart of an instrument goes to who looks at it") {
  GatewayFixture f;
  REQUIRE(f.Publish(bus::kInstruments, Definition()));
  market::BookUpdate book;
  book.instrument = market::InstrumentId("v:BTC");
  book.state = market::BookState::kValid;
  book.snapshot = true;
  book.bids = {{{100}, {5}}, {{99}, {6}}};
  book.asks = {{{101}, {7}}};
  REQUIRE(f.Publish(bus::kBooks, book));
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  Viewer looks(f, ""), other(f, "");
  f.executor.RunFor(300ms);
  looks.Say(R"({"focus":"v:BTC"})");
  f.executor.RunFor(300ms);
  REQUIRE(looks.charts >= 1);
  CHECK(looks.last_chart.at("bids").at(0).at(0) == "1");
  CHECK(looks.last_chart.at("asks").at(0).at(1) == "0.07");
  market::Trade trade;
  trade.instrument = market::InstrumentId("v:BTC");
  trade.price.mantissa = 101;
  trade.quantity.mantissa = 1;
  REQUIRE(f.Publish(bus::kTrades, trade));
  f.executor.RunFor(300ms);
  CHECK(looks.last_chart.at("trades").size() == 1);
  CHECK(looks.last_chart.at("trades").at(0).at(0) == 1);
  CHECK(other.charts == 0);
}

TEST_CASE("Who may not watch does not, and who talks nonsense is cut off") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  Viewer stranger(f, "", {{"Cookie", "gannet_session=forged"}});
  f.SignInAs(Role::kViewer);
  Viewer elsewhere(f, "",
                   {{"Cookie", "gannet_session=" + f.cookie}, {"Origin", "http://evil.example"}});
  f.executor.RunFor(300ms);
  CHECK(stranger.snapshots == 0);
  CHECK(elsewhere.snapshots == 0);
  for (const char* text : {"", "{", "[]", "{\"focus\":1}", "{\"focus\":\"a\",\"more\":1}"}) {
    Viewer viewer(f, "");
    f.executor.RunFor(300ms);
    REQUIRE(viewer.snapshots == 1);
    viewer.Say(text);
    f.executor.RunFor(300ms);
    CHECK(viewer.closed);
  }
}

TEST_CASE("There are never more viewers than the limit") {
  GatewayFixture f;
  REQUIRE(f.service->Start().ok());
  f.SignInAs(Role::kViewer);
  std::vector<std::unique_ptr<Viewer>> viewers;
  for (size_t i = 0; i < LiveStream::kMaxViewers + 10; ++i) {
    viewers.push_back(std::make_unique<Viewer>(f, ""));
    f.executor.RunFor(20ms);
  }
  f.executor.RunFor(300ms);
  size_t served = 0;
  for (const auto& viewer : viewers) served += viewer->snapshots == 1 ? 1 : 0;
  CHECK(served == LiveStream::kMaxViewers);
  viewers.clear();
  f.executor.RunFor(300ms);
  Viewer after(f, "");
  f.executor.RunFor(300ms);
  CHECK(after.snapshots == 1);
}

}  // namespace
}  // namespace gannet::gateway
