#include "services/ingest/venue_session.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "libs/base/concat.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/sim_network.h"
#include "services/ingest/app.h"

namespace gannet::ingest {
namespace {

using base::Concat;
using market::BookState;
using namespace std::chrono_literals;

// As much of the venue as a session meets: exchangeInfo, depth, streams with
// SUBSCRIBE. The book is always [100, 101]; ids count up by one a diff.
class VenueForTest : public net::ServerHandler {
 public:
  explicit VenueForTest(base::VirtualExecutor& executor) : executor_(executor) {}

  void OnRequest(net::HttpRequest request, std::string_view, Respond respond) override {
    paths.push_back(request.target);
    net::HttpResponse response;
    if (!statuses.empty()) {
      response.status = statuses.front();
      statuses.pop_front();
      response.headers = {{"Retry-After", "10"}};
      return respond(response);
    }
    response.status = 200;
    response.headers = {{"X-MBX-USED-WEIGHT-1M", std::to_string(used_weight)}};
    if (request.target.find("exchangeInfo") != std::string::npos) {
      response.body = info;
    } else {
      response.body = Concat({R"({"lastUpdateId":)", std::to_string(update_id),
                              R"(,"bids":[["100","1"]],"asks":[["101","1"]]})"});
    }
    respond(response);
  }

  net::WebSocket::Handler OnWebSocket(const net::HttpRequest& request, std::string_view,
                                      std::shared_ptr<net::WebSocket> socket) override {
    sockets_target = request.target;
    const int id = ++opened;
    sockets[id] = std::move(socket);
    net::WebSocket::Handler handler;
    handler.on_open = [] {};
    handler.on_message = [this, id](std::string_view text) {
      requests.emplace_back(text);
      if (silent_subscribe) return;
      sockets[id]->Send(refuse ? R"({"error":{"code":2,"msg":"Invalid request"},"id":1})"
                               : R"({"result":null,"id":1})");
    };
    handler.on_close = [this, id](absl::Status) { sockets.erase(id); };
    return handler;
  }

  // One diff to everyone connected.
  void Diff(bool lost = false) {
    ++update_id;
    if (lost) return;
    const std::string now = std::to_string(base::UnixMillis(executor_.Now()));
    for (auto& [id, socket] : sockets) {
      socket->Send(Concat({R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":)", now,
                           R"(,"s":"BTCUSDT","U":)", std::to_string(update_id), R"(,"u":)",
                           std::to_string(update_id), R"(,"b":[["99","1"]],"a":[]}})"}));
    }
  }
  // A diff every 100 ms.
  void Flow() {
    Diff();
    executor_.After(100ms, [this] { Flow(); });
  }
  void CloseAll() {
    for (auto& [id, socket] : std::map(sockets)) socket->Close();
  }
  size_t Count(std::string_view what) const {
    return static_cast<size_t>(std::count_if(
        paths.begin(), paths.end(),
        [&](const std::string& path) { return path.find(what) != std::string::npos; }));
  }

  std::string info =
      R"({"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}],"symbols":[
      {"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[
      {"filterType":"PRICE_FILTER","tickSize":"0.01","maxPrice":"1000000"},{"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001"}]}]})";
  std::deque<int> statuses;  // of the next answers, in place of 200
  bool refuse = false, silent_subscribe = false;
  uint64_t update_id = 1000, used_weight = 1;
  int opened = 0;
  std::string sockets_target;
  std::map<int, std::shared_ptr<net::WebSocket>> sockets;
  std::vector<std::string> paths, requests;

 private:
  base::VirtualExecutor& executor_;
};

struct Bench {
  explicit Bench(VenueConfig config = Config())
      : network(executor, executor, base::Rng(7)),
        venue(executor),
        bus(executor, {}),
        shard({}, executor, executor, nullptr, &bus),
        log("ingest", telemetry::Level::kDebug, executor,
            [this](std::string_view line) { lines.emplace_back(line); }),
        deps{shard, bus, executor, executor, executor, files, network, log, base::Rng(1), ""} {
    auto listening = network.Listen({}, venue);
    REQUIRE(listening.ok());
    listener = *std::move(listening);
    const std::string at = Concat({"127.0.0.1:", std::to_string(listener->port())});
    config.ws_url = "ws://" + at;
    config.rest_url = "http://" + at;
    session = std::make_unique<VenueSession>(config, deps);
  }
  static VenueConfig Config() {
    VenueConfig config;
    config.instruments = {"BTCUSDT"};
    return config;
  }
  void Start() {
    REQUIRE(session->Start().ok());
    venue.Flow();
    executor.RunFor(5s);
  }
  const InstrumentFeed& feed() const { return *session->market().engine().feeds().at("BTCUSDT"); }
  bool Logged(std::string_view what) const {
    for (const std::string& line : lines) {
      if (line.find(what) != std::string::npos) return true;
    }
    return false;
  }

  base::VirtualExecutor executor{base::FromUnixMillis(1'700'000'000'000)};
  base::SimFiles files;
  net::SimNetwork network;
  VenueForTest venue;
  bus::MemoryBus bus;
  runtime::Shard shard;
  std::vector<std::string> lines;
  telemetry::Log log;
  runtime::Deps deps;
  std::unique_ptr<net::Listener> listener;
  std::unique_ptr<VenueSession> session;
};

}  // namespace

TEST_CASE("VenueSession fetches definitions, subscribes and brings the book up") {
  Bench bench;
  CHECK(bench.session->health().state == runtime::HealthState::kNotServing);
  bench.Start();
  CHECK(bench.venue.paths.at(0) == "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%5D");
  CHECK(bench.venue.sockets_target == "/stream");
  REQUIRE(bench.venue.requests.size() == 1);
  CHECK(
      bench.venue.requests[0] ==
      R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","btcusdt@depth@100ms","btcusdt@trade"],"id":1})");
  CHECK(bench.venue.Count("/api/v3/depth?symbol=BTCUSDT&limit=1000") == 1);
  CHECK(bench.feed().book().state() == BookState::kValid);
  CHECK(bench.session->health().state == runtime::HealthState::kServing);
  CHECK(bench.session->market().engine().request_weight_limit() == 6000);
}

TEST_CASE("VenueSession fetches a new snapshot after a gap") {
  Bench bench;
  bench.Start();
  bench.venue.Diff(/*lost=*/true);
  bench.executor.RunFor(101ms);
  bench.executor.RunFor(2s);
  CHECK(bench.feed().book().counters().gaps == 1);
  CHECK(bench.feed().book().state() == BookState::kValid);
  CHECK(bench.venue.Count("/depth") == 2);
}

TEST_CASE("VenueSession connects again after a lost connection, with back-off") {
  Bench bench;
  bench.Start();
  bench.network.ResetConnections();
  bench.executor.RunFor(50ms);
  CHECK(bench.feed().book().fault() == market::BookFault::kDisconnected);
  CHECK(bench.session->health().state == runtime::HealthState::kDegraded);
  bench.executor.RunFor(5s);
  CHECK(bench.venue.opened == 2);
  CHECK(bench.feed().book().state() == BookState::kValid);
  CHECK(bench.session->health().state == runtime::HealthState::kServing);
  net::SimFaults faults;
  faults.connect_refused = 1;
  bench.network.set_faults(faults);
  bench.venue.CloseAll();
  bench.executor.RunFor(120s);
  CHECK(bench.feed().book().state() == BookState::kInvalid);
  bench.network.set_faults({});
  bench.executor.RunFor(60s);
  CHECK(bench.feed().book().state() == BookState::kValid);
  CHECK(bench.Logged("market_connect_again"));
}

TEST_CASE("VenueSession replaces an old connection without losing a message") {
  VenueConfig config = Bench::Config();
  config.rotate_after = 60s;
  Bench bench(config);
  bench.Start();
  const uint64_t snapshots = bench.venue.Count("/depth");
  bench.executor.RunFor(56s);
  CHECK(bench.venue.sockets.size() == 2);  // both for a moment
  bench.executor.RunFor(10s);
  CHECK(bench.venue.opened == 2);
  CHECK(bench.venue.sockets.size() == 1);
  CHECK(bench.feed().book().state() == BookState::kValid);
  CHECK(bench.feed().book().counters().gaps == 0);
  CHECK(bench.feed().book().counters().repeated > 0);
  CHECK(bench.venue.Count("/depth") == snapshots);
  bench.executor.RunFor(120s);
  CHECK(bench.venue.opened >= 3);
  CHECK(bench.feed().book().counters().gaps == 0);
}

TEST_CASE("VenueSession replaces a connection that the venue will close, or that fell silent") {
  Bench bench;
  bench.Start();
  bench.venue.sockets.begin()->second->Send(R"({"e":"serverShutdown","E":1700000000000})");
  bench.executor.RunFor(10s);
  CHECK(bench.venue.opened == 2);
  CHECK(bench.venue.sockets.size() == 1);
  CHECK(bench.feed().book().counters().gaps == 0);
  // Nothing but a partition: messages are held, the session opens another connection.
  bench.network.AddPartition(bench.executor.Now(), 45s);
  bench.executor.RunFor(40s);
  CHECK(bench.feed().book().fault() == market::BookFault::kStale);
  bench.executor.RunFor(60s);
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("VenueSession tries again when the venue refuses or does not answer a subscription") {
  Bench bench;
  bench.venue.refuse = true;
  bench.Start();
  CHECK(bench.venue.opened > 1);
  CHECK(bench.session->health().reasons.at(0).find("refused to subscribe: Invalid request") !=
        std::string::npos);
  bench.venue.refuse = false;
  bench.venue.silent_subscribe = true;
  bench.executor.RunFor(60s);
  CHECK(bench.Logged("did not answer a subscription"));
  bench.venue.silent_subscribe = false;
  bench.executor.RunFor(60s);
  CHECK(bench.session->health().state == runtime::HealthState::kServing);
}

TEST_CASE("VenueSession waits for definitions before it connects, and says why it cannot") {
  Bench bench;
  bench.venue.statuses = {500, 503};
  REQUIRE(bench.session->Start().ok());
  bench.executor.RunFor(200ms);
  CHECK(bench.venue.opened == 0);
  CHECK(bench.session->health().state == runtime::HealthState::kNotServing);
  CHECK(bench.session->health().reasons.at(0).find("HTTP status 50") != std::string::npos);
  bench.venue.Flow();
  bench.executor.RunFor(10s);
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("VenueSession does not wait long for definitions whose answer is lost") {
  Bench bench;
  net::SimFaults faults;
  faults.response_lost = 1;
  bench.network.set_faults(faults);
  REQUIRE(bench.session->Start().ok());
  bench.venue.Flow();
  bench.executor.RunFor(6s);
  CHECK(bench.venue.Count("exchangeInfo") == 2);
  bench.executor.RunFor(60s);
  // Longer each time: the largest answer over a slow line must have its time.
  CHECK(bench.venue.Count("exchangeInfo") <= 6);
  bench.network.set_faults({});
  bench.executor.RunFor(60s);
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("VenueSession asks again for a snapshot whose answer is lost") {
  Bench bench;
  bench.Start();
  net::SimFaults faults;
  faults.response_lost = 1;
  bench.network.set_faults(faults);
  bench.venue.Diff(/*lost=*/true);
  bench.executor.RunFor(1s);
  bench.network.set_faults({});
  bench.executor.RunFor(8s);
  CHECK(bench.feed().book().state() == BookState::kInvalid);
  bench.executor.RunFor(4s);
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("VenueSession stops asking while the venue says 429 and when the weight is used up") {
  Bench bench;
  bench.Start();
  bench.venue.statuses = {429};
  bench.venue.Diff(/*lost=*/true);
  bench.executor.RunFor(8s);
  CHECK(bench.venue.Count("/depth") == 2);
  CHECK(bench.feed().book().state() == BookState::kInvalid);
  bench.executor.RunFor(8s);
  CHECK(bench.venue.Count("/depth") == 3);
  CHECK(bench.feed().book().state() == BookState::kValid);
  bench.venue.used_weight = 5'990;
  bench.venue.Diff(/*lost=*/true);
  bench.executor.RunFor(1s);
  CHECK(bench.feed().book().state() == BookState::kValid);
  bench.venue.used_weight = 1;
  const size_t fetched = bench.venue.Count("/depth");
  bench.venue.Diff(/*lost=*/true);
  bench.executor.RunFor(1s);
  CHECK(bench.venue.Count("/depth") == fetched);  // until the minute is over
  bench.executor.RunFor(60s);
  CHECK(bench.venue.Count("/depth") == fetched + 1);
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("VenueSession asks nothing in a pause that the venue asked for before it was started") {
  Bench first, second;
  first.venue.statuses = {418};
  first.Start();
  CHECK(first.venue.paths.size() == 1);
  REQUIRE(second.shard.LoadState(first.shard.SaveState()).ok());
  second.Start();
  CHECK(second.venue.paths.empty());
  CHECK(second.session->health().state == runtime::HealthState::kNotServing);
  CHECK(second.session->health().reasons.at(0).find("asked for a pause") != std::string::npos);
  second.executor.RunFor(10s);
  CHECK(second.feed().book().state() == BookState::kValid);
  CHECK(second.session->health().state == runtime::HealthState::kServing);
}

TEST_CASE("VenueSession reads definitions again and reports symbols that are not listed") {
  VenueConfig config = Bench::Config();
  config.instruments = {"BTCUSDT", "NOSUCH"};
  config.definitions_every = 60s;
  Bench bench(config);
  bench.Start();
  CHECK(bench.session->health().state == runtime::HealthState::kDegraded);
  bench.executor.RunFor(130s);
  CHECK(bench.venue.Count("exchangeInfo") == 3);
  CHECK(bench.Logged("NOSUCH"));
  // What is not listed is not subscribed to, until it is.
  REQUIRE(bench.venue.requests.size() == 1);
  CHECK(bench.venue.requests[0].find("nosuch") == std::string::npos);
  const std::string other = "BTCUSDT", listed = "NOSUCH";
  const size_t row = bench.venue.info.find("{\"symbol\"");
  std::string second = bench.venue.info.substr(row, bench.venue.info.find("]}]}") + 2 - row);
  second.replace(second.find(other), other.size(), listed);
  bench.venue.info.insert(bench.venue.info.size() - 2, "," + second);
  bench.executor.RunFor(60s);
  REQUIRE(bench.venue.requests.size() == 2);
  CHECK(bench.venue.requests[1].find("nosuch@depth") != std::string::npos);
  CHECK(bench.session->market().engine().missing_symbols().empty());
}

TEST_CASE("VenueSession is quiet after Drain, whatever is under way") {
  for (const base::Duration when : {0ms, 1ms, 300ms, 3000ms}) {
    Bench bench;
    REQUIRE(bench.session->Start().ok());
    bench.executor.RunFor(when);
    bench.session->Drain([] {});
    const size_t paths = bench.venue.paths.size();
    bench.venue.Diff();
    bench.executor.RunFor(120s);
    CHECK(bench.venue.paths.size() <= paths + 1);
    CHECK(bench.venue.sockets.empty());
  }
}

TEST_CASE("VenueSession splits many streams over connections and requests") {
  VenueConfig config = Bench::Config();
  config.instruments.clear();
  for (int i = 0; i < 100; ++i) config.instruments.push_back("S" + std::to_string(i));
  config.instruments.push_back("BTCUSDT");
  Bench bench(config);
  std::string listed;
  for (const std::string& symbol : config.instruments) {
    listed += Concat(
        {listed.empty() ? "" : ",", R"({"symbol":")", symbol,
         R"(","status":"TRADING","baseAsset":"B","quoteAsset":"USDT","filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01","maxPrice":"1000000"},{"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001"}]})"});
  }
  bench.venue.info = Concat({R"({"symbols":[)", listed, "]}"});
  bench.Start();
  CHECK(bench.venue.opened == 2);           // 303 streams, 200 a connection
  CHECK(bench.venue.requests.size() == 4);  // 100 a request
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("VenueSession keeps trades on their own address when one is given") {
  VenueConfig config = Bench::Config();
  Bench bench;
  const std::string at = Concat({"ws://127.0.0.1:", std::to_string(bench.listener->port())});
  config.ws_url = at + "/public";
  config.ws_trades_url = at + "/market";
  config.rest_url =
      Concat({"http://127.0.0.1:", std::to_string(bench.listener->port()), "/prefix"});
  config.name = "other";
  VenueSession session(config, bench.deps);
  REQUIRE(session.Start().ok());
  bench.executor.RunFor(1s);
  CHECK(bench.venue.opened == 2);
  CHECK(bench.venue.sockets_target == "/market/stream");
  CHECK(bench.venue.paths.at(0).find("/prefix/api/v3/exchangeInfo") == 0);
  config.ws_url = "not a url";
  config.name = "third";
  VenueSession bad(config, bench.deps);
  CHECK_FALSE(bad.Start().ok());
}

TEST_CASE("BuildIngest serves every configured venue") {
  Bench bench;
  IngestConfig config;
  config.venues.push_back(Bench::Config());
  config.venues[0].name = "spot-2";
  config.venues[0].ws_url = Concat({"ws://127.0.0.1:", std::to_string(bench.listener->port())});
  config.venues[0].rest_url = Concat({"http://127.0.0.1:", std::to_string(bench.listener->port())});
  const auto service = BuildIngest(config, bench.deps);
  REQUIRE(service->Start().ok());
  bench.venue.Flow();
  bench.executor.RunFor(5s);
  CHECK(service->health().state == runtime::HealthState::kServing);
  bool done = false;
  service->Drain([&] { done = true; });
  CHECK(done);
}

}  // namespace gannet::ingest
