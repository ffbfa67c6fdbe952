// The engine over Bybit's protocol, where the stream itself brings the book.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/concat.h"
#include "libs/base/posix_files.h"
#include "services/ingest/engine_bench_for_test.h"

namespace gannet::ingest {
namespace {

using base::Concat;
using market::BookFault;
using market::BookState;
using venue::bybit::Category;
using Kind = wire::StreamEvent::Kind;
using namespace std::chrono_literals;

constexpr std::string_view kPath = "/v5/market/instruments-info?category=spot&limit=1000";

std::string Page(const std::string& symbol, const std::string& next = "") {
  return Concat(
      {R"({"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"symbol":")", symbol,
       R"(","baseCoin":"BTC","quoteCoin":"USDT","status":"Trading","lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001","minOrderQty":"0.00001","maxLimitOrderQty":"83","minOrderAmt":"5"},"priceFilter":{"tickSize":"0.1"}}],"nextPageCursor":")",
       next, R"("}})"});
}

class Bench : public EngineBenchForTest {
 public:
  explicit Bench(VenueOptions options = Spot()) : EngineBenchForTest(std::move(options)) {}
  static VenueOptions Spot() {
    VenueOptions options;
    options.venue = "bybit-spot";
    options.product = Category::kSpot;
    options.symbols = {"BTCUSDT"};
    return options;
  }

  void Answer(std::string_view body, int status = 200) {
    EngineBenchForTest::Answer(std::string(kPath), body, status);
  }
  void Book(const std::string& type, uint64_t u, const std::string& bids, const std::string& asks,
            const std::string& connection = "c1") {
    Frame(Concat({R"({"topic":"orderbook.50.BTCUSDT","type":")", type, R"(","ts":)", Now(),
                  R"(,"data":{"s":"BTCUSDT","b":[)", bids, R"(],"a":[)", asks, R"(],"u":)",
                  std::to_string(u), R"(,"seq":7},"cts":)", Now(), "}"}),
          connection);
  }
  void Whole(uint64_t u, const std::string& connection = "c1") {
    Book("snapshot", u, R"(["100.0","1"],["99.0","2"])", R"(["101.0","3"])", connection);
  }
  void Delta(uint64_t u, const std::string& bids = "", const std::string& connection = "c1") {
    Book("delta", u, bids, "", connection);
  }
  void Trade(const std::string& id, const std::string& price, bool block = false,
             const std::string& connection = "c1") {
    Frame(Concat({R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":)", Now(),
                  R"(,"data":[{"T":)", Now(), R"(,"s":"BTCUSDT","S":"Buy","v":"0.5","p":")", price,
                  R"(","i":")", id, R"(","BT":)", block ? "true" : "false", "}]}"}),
          connection);
  }
  void MakeValid() {
    Answer(Page("BTCUSDT"));
    Open();
    Whole(100);
    REQUIRE(feed().book().state() == BookState::kValid);
  }
  const market::BookUpdate& last() const { return output.books.back().value; }
};

// The only file of a zip archive that does not compress it.
std::string Stored(const std::string& archive) {
  const auto number = [&archive](size_t at, size_t bytes) {
    size_t value = 0;
    for (size_t i = bytes; i > 0; --i)
      value = value << 8 | static_cast<uint8_t>(archive.at(at + i - 1));
    return value;
  };
  REQUIRE(archive.substr(0, 4) == "PK\x03\x04");
  REQUIRE(number(8, 2) == 0);  // the method
  return archive.substr(30 + number(26, 2) + number(28, 2), number(18, 4));
}

}  // namespace

TEST_CASE("IngestEngine takes Bybit's book from its stream and asks for nothing") {
  Bench bench;
  bench.MakeValid();
  REQUIRE(bench.output.instruments.size() == 1);
  CHECK(bench.output.instruments[0].value.id.text() == "bybit-spot:BTCUSDT");
  CHECK(bench.last().snapshot);
  CHECK(bench.last().last_update_id == 100);
  CHECK(bench.output.books.back().header.event_time == bench.now);
  bench.Delta(101, R"(["100.5","4"])");
  CHECK_FALSE(bench.last().snapshot);
  CHECK(bench.last().first_update_id == 101);
  REQUIRE(bench.output.quotes.size() == 2);
  CHECK(bench.output.quotes[1].value.bid.price == *bench.feed().definition().ParsePrice("100.5"));
  CHECK(bench.output.snapshots_wanted.empty());
  bench.After(60s);
  CHECK(bench.output.snapshots_wanted.empty());
}

TEST_CASE("IngestEngine: a gap in Bybit's u makes the book INVALID until a snapshot comes") {
  Bench bench;
  bench.MakeValid();
  bench.Delta(101);
  bench.Delta(103, R"(["100.5","4"])");
  CHECK(bench.last().state == BookState::kInvalid);
  CHECK(bench.last().fault == BookFault::kGap);
  CHECK(bench.output.snapshots_wanted == std::vector<std::string>{"BTCUSDT"});
  bench.Delta(104);
  CHECK(bench.output.snapshots_wanted.size() == 1);  // under way
  bench.Whole(105);
  CHECK(bench.feed().book().state() == BookState::kValid);
  CHECK(bench.last().snapshot);
  bench.Delta(106);
  CHECK(bench.last().last_update_id == 106);
  // One that does not come is asked for again.
  bench.Delta(110);
  REQUIRE(bench.output.snapshots_wanted.size() == 2);
  bench.After(20s);
  CHECK(bench.output.snapshots_wanted.size() == 3);
}

TEST_CASE("IngestEngine begins anew with Bybit's snapshots whenever they come, u = 1 too") {
  Bench bench;
  bench.MakeValid();
  bench.Delta(101, R"(["100.5","4"])");
  bench.Whole(1);
  CHECK(bench.feed().book().state() == BookState::kValid);
  CHECK(bench.feed().book().last_update_id() == 1);
  CHECK(bench.feed().book().book().depth(market::Side::kBuy) == 2);
  CHECK(bench.output.quotes.back().value.update_id == 1);
  bench.Delta(2, R"(["100.1","1"])");
  CHECK(bench.output.quotes.back().value.update_id == 2);
  // A snapshot that cannot be read is no book, and another is fetched.
  bench.Book("snapshot", 3, R"(["100.0","0"])", "");
  CHECK(bench.last().fault == BookFault::kBadData);
  bench.After(2s);
  CHECK(bench.output.snapshots_wanted.size() == 1);
}

TEST_CASE("IngestEngine keeps Bybit's book by the connection whose snapshot came last") {
  Bench bench;
  bench.MakeValid();
  bench.Open("c2");
  bench.Whole(90, "c2");  // ids of another server, or later: they are that connection's
  CHECK(bench.feed().book().state() == BookState::kValid);
  bench.Delta(101, R"(["99.9","9"])");
  CHECK(bench.engine.counters().other_connection == 1);
  bench.Delta(91, R"(["99.8","8"])", "c2");
  CHECK(bench.feed().book().last_update_id() == 91);
  bench.Close("c1");
  CHECK(bench.feed().book().state() == BookState::kValid);
  bench.Close("c2");
  CHECK(bench.last().fault == BookFault::kDisconnected);
  bench.Open("c3");
  bench.Delta(92, "", "c3");
  CHECK(bench.feed().book().state() == BookState::kInvalid);
  bench.Whole(500, "c3");
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("IngestEngine goes on with the connection that is left when Bybit's newer one is lost") {
  Bench bench;
  bench.MakeValid();
  bench.Open("c2");
  bench.Whole(100, "c2");
  bench.Close("c2");
  CHECK(bench.last().fault == BookFault::kDisconnected);
  bench.After(3s);
  bench.Delta(101);  // of c1, which has no book: a subscription brings it
  CHECK(bench.output.snapshots_wanted.size() == 1);
  bench.Whole(102);
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("IngestEngine publishes Bybit's trades once, without those made outside the book") {
  Bench bench;
  bench.MakeValid();
  bench.Open("c2");
  bench.Trade("20f43950-d8dd-5b31-9112-a178eb6023af", "100.5");
  bench.Trade("20f43950-d8dd-5b31-9112-a178eb6023af", "100.5", false, "c2");
  bench.Trade("10000000-d8dd-5b31-9112-a178eb6023af", "100.6");  // ids have no order
  bench.Trade("30000000-d8dd-5b31-9112-a178eb6023af", "100.6", true);
  REQUIRE(bench.output.trades.size() == 2);
  CHECK(bench.output.trades[0].value.trade_id == 0x20f43950d8dd5b31);
  CHECK(bench.output.trades[0].value.aggressor == market::Side::kBuy);
  CHECK(bench.feed().counters().trades_repeated == 1);
  CHECK(bench.feed().counters().trades_not_market == 1);
  CHECK(bench.feed().counters().trades_missed == 0);
}

TEST_CASE("IngestEngine gives out no bar of Bybit's trades that a lost connection leaves open") {
  for (const bool lost : {false, true}) {
    Bench bench;
    bench.now = base::FromUnixMillis(1'700'000'040'000);  // a minute begins
    bench.MakeValid();
    bench.Open("trades");
    for (int minute = 0; minute < 3; ++minute) {
      bench.Trade(std::to_string(minute + 1), "100.5", false, "trades");
      if (lost && minute == 1) bench.Close("trades");
      bench.After(60s);
      if (lost && minute == 1) bench.Open("trades");
    }
    bench.After(10s);
    // The minute we came in; with the loss also that of the end and that of the return.
    CHECK(bench.feed().bars().incomplete() == (lost ? 3 : 1));
    CHECK(bench.output.bars.size() == (lost ? 0 : 2));
  }
}

TEST_CASE("IngestEngine waits for the last page of Bybit's instruments") {
  VenueOptions options = Bench::Spot();
  options.symbols = {"BTCUSDT", "ETHUSDT", "XUSDT"};
  Bench bench(options);
  bench.Answer(Page("BTCUSDT", "p2"));
  CHECK(bench.engine.next_definitions() == "p2");
  CHECK_FALSE(bench.engine.definitions_whole());
  CHECK(bench.engine.missing_symbols().empty());
  bench.Answer(Page("ETHUSDT"));
  CHECK(bench.engine.definitions_whole());
  CHECK(bench.engine.missing_symbols() == std::set<std::string>{"XUSDT"});
  bench.Answer(R"({"retCode":10006,"retMsg":"Too many visits.","result":{}})");
  CHECK_FALSE(bench.engine.definitions_whole());
  CHECK(bench.engine.counters().undecodable == 1);
}

TEST_CASE("Bybit's recorded book of 500 levels continues from its snapshot to its end") {
  base::PosixFiles files;
  const std::string path = "../shared/data/nautilus-market-samples/xrpusdt-ob500.data.zip";
  if (!files.Exists(path)) SKIP("SKIPPED: " + path + " not present");
  const auto archive = files.Read(path);
  REQUIRE(archive.ok());
  VenueOptions options;
  options.venue = "bybit-linear";
  options.product = Category::kLinear;
  options.infer_definitions = true;
  Bench bench(options);
  bench.now = base::FromUnixMillis(1'733'011'200'691);
  bench.Open();
  const std::string text = Stored(*archive);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) bench.Frame(text.substr(begin, end - begin));
    begin = end + 1;
  }
  const InstrumentFeed& feed = *bench.engine.feeds().at("XRPUSDT");
  CHECK(feed.book().state() == BookState::kValid);
  CHECK(feed.book().counters().applied == 49);
  CHECK(feed.book().counters().gaps == 0);
  CHECK(bench.engine.counters().undecodable == 0);
  const market::Book& book = feed.book().book();
  CHECK(book.best(market::Side::kBuy)->price == feed.definition().ParsePrice("1.9537"));
  CHECK(book.best(market::Side::kSell)->price == feed.definition().ParsePrice("1.9538"));
  CHECK(book.depth(market::Side::kBuy) == 500);
  CHECK(book.depth(market::Side::kSell) == 500);
}

}  // namespace gannet::ingest
