#include "services/ingest/ingest_engine.h"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/concat.h"
#include "services/ingest/engine_bench_for_test.h"

namespace gannet::ingest {
namespace {

using base::Concat;
using market::BookFault;
using market::BookState;
using market::FeedState;
using venue::binance::Product;
using Kind = wire::StreamEvent::Kind;
using namespace std::chrono_literals;

constexpr std::string_view kInfo =
    R"({"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[
    {"filterType":"PRICE_FILTER","tickSize":"0.01","maxPrice":"1000000"},{"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001"}]},
    {"symbol":"ETHUSDT","status":"TRADING","baseAsset":"ETH","quoteAsset":"USDT","filters":[
    {"filterType":"PRICE_FILTER","tickSize":"0.01","maxPrice":"1000000"},{"filterType":"LOT_SIZE","minQty":"0.0001","maxQty":"9000","stepSize":"0.0001"}]}]})";
constexpr std::string_view kLevels =
    R"("bids":[["100.00","1"],["99.00","2"]],"asks":[["101.00","3"],["102.00","4"]])";

// One venue at a time that the test moves.
class Bench : public EngineBenchForTest {
 public:
  explicit Bench(VenueOptions options = Spot()) : EngineBenchForTest(std::move(options)) {}

  static VenueOptions Spot() {
    VenueOptions options;
    options.symbols = {"BTCUSDT"};
    return options;
  }
  static VenueOptions Recording(Product product = Product::kSpot) {
    VenueOptions options;
    options.product = product;
    options.infer_definitions = true;
    return options;
  }

  void Define(std::string_view info = kInfo) { Answer("/api/v3/exchangeInfo", info); }
  void Diff(uint64_t first, uint64_t last, std::string bids = "", std::string asks = "",
            const std::string& connection = "c1") {
    Frame(Concat({R"({"e":"depthUpdate","E":)", Now(), R"(,"s":"BTCUSDT","U":)",
                  std::to_string(first), R"(,"u":)", std::to_string(last), R"(,"b":[)", bids,
                  R"(],"a":[)", asks, "]}"}),
          connection);
  }
  void Ticker(uint64_t id, const std::string& bid, const std::string& ask) {
    Frame(Concat({R"({"u":)", std::to_string(id), R"(,"s":"BTCUSDT","b":")", bid,
                  R"(","B":"1","a":")", ask, R"(","A":"3"})"}));
  }
  void Trade(uint64_t id, const std::string& price, const std::string& quantity = "1",
             const std::string& more = "") {
    Frame(Concat({R"({"e":"trade","E":)", Now(), R"(,"s":"BTCUSDT","t":)", std::to_string(id),
                  R"(,"p":")", price, R"(","q":")", quantity, R"(","T":)", Now(), R"(,"m":true)",
                  more, "}"}));
  }
  void Snapshot(uint64_t id, std::string_view levels = kLevels,
                const std::string& symbol = "BTCUSDT") {
    Answer(Concat({"/api/v3/depth?symbol=", symbol, "&limit=1000"}),
           Concat({R"({"lastUpdateId":)", std::to_string(id), ",", levels, "}"}));
  }
  // Defined, connected, VALID at update 100.
  void MakeValid() {
    Define();
    Open();
    Diff(99, 100);
    Snapshot(100);
    REQUIRE(feed().book().state() == BookState::kValid);
  }
};

}  // namespace

TEST_CASE("IngestEngine defines, splices and publishes a spot book") {
  Bench bench;
  bench.Define();
  REQUIRE(bench.output.instruments.size() == 1);  // ETHUSDT was not asked for
  CHECK(bench.output.instruments[0].value.id.text() == "binance-spot:BTCUSDT");
  CHECK(bench.output.instruments[0].header.source == "binance-spot");
  bench.Open();
  CHECK(bench.output.snapshots_wanted.empty());
  bench.Diff(99, 100);
  CHECK(bench.output.snapshots_wanted == std::vector<std::string>{"BTCUSDT"});
  bench.Diff(101, 103, R"(["100.50","5"])");
  CHECK(bench.output.snapshots_wanted.size() == 1);  // one request at a time
  CHECK(bench.output.books.empty());
  bench.Snapshot(100);
  REQUIRE(bench.output.books.size() == 2);
  CHECK(bench.output.books[0].value.snapshot);
  CHECK(bench.output.books[0].value.state == BookState::kValid);
  CHECK(bench.output.books[1].value.last_update_id == 103);
  CHECK(bench.output.books[1].header.event_time == base::FromUnixMillis(1'700'000'000'000));
  CHECK(bench.output.books[1].header.source_sequence == 103);
  REQUIRE(bench.output.quotes.size() == 2);
  CHECK(bench.output.quotes[1].value.bid.price.mantissa == 10'050'000'000);
  CHECK(bench.output.quotes[1].value.update_id == 103);
  CHECK(bench.output.statuses.back().value.book_state == BookState::kValid);
  bench.Diff(104, 104, R"(["90","1"])");  // best unchanged: no quote
  CHECK(bench.output.quotes.size() == 2);
  CHECK(bench.engine.counters().undecodable == 0);
}

TEST_CASE("IngestEngine makes a book INVALID on a gap and asks for a snapshot at once") {
  Bench bench;
  bench.MakeValid();
  bench.Diff(101, 101);
  bench.now += 100ms;
  bench.Diff(103, 104);
  CHECK(bench.output.books.back().value.state == BookState::kInvalid);
  CHECK(bench.output.books.back().value.fault == BookFault::kGap);
  CHECK(bench.output.statuses.back().value.fault == BookFault::kGap);
  CHECK(bench.output.snapshots_wanted.size() == 2);
  bench.Ticker(200, "100.00", "101.00");
  CHECK(bench.output.quotes.size() == 1);  // no quote while INVALID
  bench.Snapshot(103);
  CHECK(bench.feed().book().state() == BookState::kValid);
  CHECK(bench.output.quotes.size() == 2);
}

TEST_CASE("IngestEngine makes a book INVALID when it crosses, and on a diff it cannot read") {
  Bench crossed;
  crossed.MakeValid();
  crossed.Diff(101, 101, R"(["101.00","1"])");
  CHECK(crossed.feed().book().fault() == BookFault::kCrossed);
  CHECK(crossed.output.snapshots_wanted.size() == 2);

  Bench digits;
  digits.MakeValid();
  digits.Diff(101, 101, R"(["100.000000001","1"])");
  CHECK(digits.feed().book().fault() == BookFault::kBadData);
  CHECK(digits.feed().counters().refused == 1);
  CHECK(digits.feed().counters().last_refusal.find("field b") == 0);
  digits.Diff(102, 102);
  CHECK(digits.output.snapshots_wanted.size() == 2);

  Bench torn;  // the message is not JSON at all: the next one shows the gap
  torn.MakeValid();
  torn.Frame(R"({"e":"depthUpdate","E":1,"s":"BTCUSDT","U":101,"u":101,"b":[)");
  CHECK(torn.engine.counters().undecodable == 1);
  torn.Diff(102, 102);
  CHECK(torn.feed().book().fault() == BookFault::kGap);
}

TEST_CASE(
    "IngestEngine makes books INVALID when the connection is lost, not while another carries "
    "them") {
  Bench bench;
  bench.MakeValid();
  bench.Open("c2");
  bench.Diff(101, 101, "", "", "c1");
  bench.Diff(101, 101, "", "", "c2");  // the same message over both
  CHECK(bench.feed().book().counters().repeated == 1);
  bench.Close("c1");
  CHECK(bench.feed().book().state() == BookState::kValid);
  bench.Diff(102, 102, "", "", "c2");
  CHECK(bench.feed().book().state() == BookState::kValid);
  bench.Close("c2");
  CHECK(bench.feed().book().fault() == BookFault::kDisconnected);
  CHECK_FALSE(bench.engine.connected());
  CHECK(bench.output.statuses.back().value.feed_state == FeedState::kDisconnected);
  CHECK(bench.output.statuses.back().value.instrument.empty());
  bench.Snapshot(102);  // late answer: of no use without a stream
  CHECK(bench.feed().book().state() == BookState::kInvalid);
  bench.now += 2s;
  bench.Open("c3");
  bench.Diff(200, 201, "", "", "c3");
  CHECK(bench.output.snapshots_wanted.size() == 2);
  bench.Snapshot(201);
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("IngestEngine makes books stale by timer and resumes where diffs continue") {
  Bench bench;
  bench.MakeValid();
  bench.After(29s);
  CHECK(bench.feed().book().state() == BookState::kValid);
  bench.After(2s);
  CHECK(bench.feed().book().fault() == BookFault::kStale);
  REQUIRE(bench.output.reconnects.size() == 1);
  CHECK(bench.output.reconnects[0].first == "c1");
  bench.After(60s);
  CHECK(bench.output.reconnects.size() == 1);  // said once
  CHECK(bench.output.snapshots_wanted.size() == 1);
  bench.Diff(101, 102);
  CHECK(bench.feed().book().state() == BookState::kValid);
  CHECK(bench.output.books.back().value.snapshot);
  CHECK(bench.output.books.back().value.bids.size() == 2);
}

TEST_CASE(
    "IngestEngine notices diffs that stay behind the ticker, and a silent book when told to") {
  Bench bench;
  bench.MakeValid();
  bench.Ticker(150, "100.00", "100.50");
  bench.After(4s);
  CHECK(bench.feed().book().state() == BookState::kValid);
  bench.Trade(1, "100.2");  // other messages keep coming
  bench.After(2s);
  CHECK(bench.feed().book().fault() == BookFault::kStale);
  CHECK(bench.output.reconnects.size() == 1);

  VenueOptions options = Bench::Spot();
  options.book_silence = 10s;
  Bench silent(options);
  silent.MakeValid();
  silent.After(11s);
  CHECK(silent.feed().book().fault() == BookFault::kStale);
}

TEST_CASE("IngestEngine publishes VALID books whole again where others read them from a bus") {
  VenueOptions options = Bench::Spot();
  options.book_refresh = 5s;
  Bench bench(options);
  bench.MakeValid();
  bench.After(6s);
  const size_t before = bench.output.books.size();
  bench.Diff(101, 101, R"(["100.50","7"])");
  bench.After(5s);
  REQUIRE(bench.output.books.size() == before + 2);
  const market::BookUpdate& whole = bench.output.books.back().value;
  CHECK(whole.snapshot);
  CHECK(whole.last_update_id == 101);
  CHECK(whole.bids.size() == 3);
  CHECK(whole.bids.front().price == bench.output.books[before].value.bids.front().price);
  CHECK(whole.asks.size() == 2);
  bench.Diff(200, 201);  // a gap: nothing to publish whole
  const size_t invalid = bench.output.books.size();
  bench.After(5s);
  CHECK(bench.output.books.size() == invalid);
}

TEST_CASE("IngestEngine asks again for snapshots with back-off, and not while the venue says 429") {
  Bench bench;
  bench.Define();
  bench.Open();
  bench.Diff(99, 100);
  bench.Answer("/api/v3/depth?symbol=BTCUSDT&limit=1000", "", 500);
  bench.Diff(101, 101);
  CHECK(bench.output.snapshots_wanted.size() == 1);
  bench.After(1s);
  CHECK(bench.output.snapshots_wanted.size() == 2);
  bench.Answer("/api/v3/depth?symbol=BTCUSDT&limit=1000", "not json");
  bench.After(1s);
  CHECK(bench.output.snapshots_wanted.size() == 2);  // two seconds now
  bench.After(1s);
  CHECK(bench.output.snapshots_wanted.size() == 3);
  bench.Answer("/api/v3/depth?symbol=BTCUSDT&limit=1000", "", 429, "30");
  bench.After(29s);
  CHECK(bench.output.snapshots_wanted.size() == 3);
  bench.After(1s);
  CHECK(bench.output.snapshots_wanted.size() == 4);
  bench.After(15s);  // no answer at all
  CHECK(bench.output.snapshots_wanted.size() == 4);
  bench.After(15s);
  CHECK(bench.output.snapshots_wanted.size() == 5);
  CHECK(bench.engine.counters().snapshot_failures == 4);
  bench.Snapshot(90);  // too old: the first diff is 99 to 100
  CHECK(bench.feed().book().counters().snapshots_too_old == 1);
  CHECK(bench.feed().book().state() == BookState::kInvalid);
  bench.Snapshot(100);
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("IngestEngine asks for the snapshot of a silent book a while after connecting") {
  Bench bench;
  bench.Define();
  bench.Open();
  bench.After(1s);
  CHECK(bench.output.snapshots_wanted.empty());
  bench.After(1s);
  CHECK(bench.output.snapshots_wanted.size() == 1);
  bench.Snapshot(100);
  CHECK(bench.feed().book().state() == BookState::kValid);
}

TEST_CASE("IngestEngine refuses snapshots of another symbol, without quantity, or crossed") {
  Bench bench;
  bench.Define();
  bench.Open();
  bench.Diff(99, 100);
  bench.Answer("/api/v3/depth?symbol=BTCUSDT",
               Concat({R"({"lastUpdateId":100,"symbol":"ETHUSDT",)", kLevels, "}"}));
  CHECK(bench.engine.counters().last_undecodable.find("another symbol") != std::string::npos);
  bench.Snapshot(100, R"("bids":[["100","0"]],"asks":[])");
  CHECK(bench.feed().counters().refused == 1);
  bench.Snapshot(100, R"("bids":[["102","1"]],"asks":[["101","1"]])");
  CHECK(bench.feed().book().fault() == BookFault::kCrossed);
  bench.Answer("/api/v3/depth?limit=5", "{}");
  bench.Answer("/api/v3/time", "{}");
  CHECK(bench.engine.counters().unknown_answers == 1);
}

TEST_CASE("IngestEngine publishes trades once, in order, and counts what is missing or odd") {
  Bench bench;
  bench.MakeValid();
  bench.Trade(10, "100.50", "0.5");
  REQUIRE(bench.output.trades.size() == 1);
  CHECK(bench.output.trades[0].value.trade_id == 10);
  CHECK(bench.output.trades[0].value.aggressor == market::Side::kSell);
  CHECK(bench.output.trades[0].value.quantity.mantissa == 50'000'000);
  bench.Trade(10, "100.50");
  bench.Trade(14, "100.60");
  CHECK(bench.output.trades.size() == 2);
  CHECK(bench.feed().counters().trades_repeated == 1);
  CHECK(bench.feed().counters().trades_missed == 3);
  bench.Trade(15, "0");
  bench.Trade(16, "-1");
  bench.Trade(17, "100", "0");
  bench.Trade(18, "100.123456789");
  bench.Trade(19, "1000");  // ten times the book
  CHECK(bench.feed().counters().refused == 5);
  bench.Trade(20, "100", "1", R"(,"X":"INSURANCE_FUND")");
  CHECK(bench.feed().counters().trades_not_market == 1);
  bench.Frame(
      R"({"e":"aggTrade","E":1,"s":"BTCUSDT","a":1,"p":"100","q":"1","f":21,"l":21,"T":1,"m":true})");
  CHECK(bench.feed().counters().trades_other_stream == 1);
  CHECK(bench.output.trades.size() == 2);
  bench.Trade(21, "100");
  CHECK(bench.output.trades.size() == 3);
  CHECK(bench.feed().counters().trades_missed == 3);
}

TEST_CASE(
    "IngestEngine takes aggregates by the id of their last part, and a venue that was reset") {
  Bench bench;
  bench.MakeValid();
  bench.Frame(Concat({R"({"e":"aggTrade","E":)", bench.Now(),
                      R"(,"s":"BTCUSDT","a":5,"p":"100","q":"1","f":40,"l":44,"T":)", bench.Now(),
                      R"(,"m":false})"}));
  REQUIRE(bench.output.trades.size() == 1);
  CHECK(bench.output.trades[0].value.trade_id == 44);
  CHECK(bench.output.trades[0].value.aggressor == market::Side::kBuy);
  bench.Close();
  bench.Open("c2");
  bench.Frame(Concat({R"({"e":"aggTrade","E":)", bench.Now(),
                      R"(,"s":"BTCUSDT","a":1,"p":"100","q":"1","f":1,"l":1,"T":)", bench.Now(),
                      R"(,"m":false})"}),
              "c2");
  CHECK(bench.output.trades.size() == 2);
  CHECK(bench.feed().counters().trades_missed == 0);
}

TEST_CASE("IngestEngine refuses messages whose time is far from ours") {
  Bench bench;
  bench.MakeValid();
  bench.Frame(R"({"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"100","q":"1","T":1,"m":true})");
  CHECK(bench.output.trades.empty());
  CHECK(bench.feed().counters().last_refusal.find("clock") != std::string::npos);
  bench.Frame(
      R"({"e":"depthUpdate","E":9000000000000,"s":"BTCUSDT","U":101,"u":101,"b":[],"a":[]})");
  CHECK(bench.feed().book().fault() == BookFault::kBadData);
}

TEST_CASE("IngestEngine quotes from the newer of book and ticker, ids never going back") {
  Bench bench;
  bench.MakeValid();
  REQUIRE(bench.output.quotes.size() == 1);
  bench.Ticker(105, "100.20", "101.00");
  bench.Ticker(104, "100.10", "101.00");  // older
  bench.Ticker(106, "100.20", "101.00");  // same
  CHECK(bench.output.quotes.size() == 2);
  bench.Diff(101, 103, R"(["100.10","1"])");  // older than the quote
  CHECK(bench.output.quotes.size() == 2);
  bench.Diff(104, 110, R"(["100.30","1"])");
  CHECK(bench.output.quotes.size() == 3);
  bench.Ticker(111, "100.50", "100.40");  // crossed in itself
  bench.Ticker(112, "1", "2");            // nowhere near the book
  bench.Frame(R"({"u":113,"s":"BTCUSDT","b":"x","B":"1","a":"2","A":"1"})");
  CHECK(bench.feed().counters().refused == 3);
  bench.Frame(R"({"u":114,"s":"BTCUSDT","b":"0","B":"0","a":"101.00","A":"3"})");  // no bids
  REQUIRE(bench.output.quotes.size() == 4);
  CHECK(bench.output.quotes.back().value.bid == market::Level{});
  CHECK(bench.feed().counters().tickers_repeated == 1);
}

TEST_CASE(
    "IngestEngine does not let a ticker replace the quote of a newer book that says the same") {
  Bench bench;
  bench.MakeValid();
  bench.Diff(101, 110, R"(["98.00","5"])");  // best prices as before
  bench.Ticker(105, "100.10", "101.00");     // older
  REQUIRE(bench.output.quotes.size() == 1);
  CHECK(bench.output.quotes.back().value.bid.price ==
        bench.feed().book().book().best(market::Side::kBuy)->price);
  bench.Ticker(111, "100.10", "101.00");
  CHECK(bench.output.quotes.size() == 2);
}

TEST_CASE("IngestEngine compares each diff with the ticker of its id, however late it comes") {
  Bench bench;
  bench.MakeValid();
  bench.Ticker(101, "100.00", "101.00");
  bench.Diff(101, 105, R"(["100.20","1"])");
  CHECK(bench.feed().agreement().compared() == 0);  // a ticker up to 105 may still come
  bench.Ticker(104, "100.20", "101.00");
  bench.Ticker(107, "100.20", "100.90");
  CHECK(bench.feed().agreement().compared() == 1);
  CHECK(bench.feed().agreement().agreed() == 1);
  bench.Diff(106, 110, "", R"(["101.00","9"],["100.90","2"])");
  bench.engine.Finish();
  CHECK(bench.feed().agreement().compared() == 2);
  REQUIRE(bench.feed().agreement().disagreements().size() == 1);
  const Disagreement& row = bench.feed().agreement().disagreements()[0];
  CHECK(row.book.update_id == 110);
  CHECK(row.ticker.update_id == 107);
  CHECK(row.book.ask.quantity.mantissa == 200'000'000);
  CHECK(row.book.diffs_since_snapshot == 2);
}

TEST_CASE("IngestEngine gives bars from trades, or the venue's klines once it has seen one") {
  Bench bench;
  bench.MakeValid();  // 1700000000 s is 20 s into a minute
  bench.Trade(1, "100");
  bench.now += 60s;
  bench.Trade(2, "100.5");
  bench.After(60s);
  REQUIRE(bench.output.bars.size() == 1);
  CHECK(bench.output.bars[0].value.open.mantissa == 10'050'000'000);
  CHECK(bench.output.bars[0].value.closed);
  const std::string open = std::to_string(base::UnixMillis(bench.now) / 60'000 * 60'000);
  const auto kline = [&](const std::string& high, const std::string& interval) {
    bench.Frame(Concat({R"({"e":"kline","E":)", bench.Now(), R"(,"s":"BTCUSDT","k":{"t":)", open,
                        R"(,"T":)", open, R"(,"i":")", interval, R"(","o":"100","c":"100","h":")",
                        high, R"(","l":"99","v":"5","n":3,"x":false}})"}));
  };
  kline("101", "1m");
  REQUIRE(bench.output.bars.size() == 2);
  CHECK_FALSE(bench.output.bars[1].value.closed);
  CHECK(bench.output.bars[1].value.trades == 3);
  kline("98", "1m");
  kline("101", "5m");
  CHECK(bench.feed().counters().refused == 2);
  bench.Trade(3, "100");
  bench.After(180s);
  CHECK(bench.output.bars.size() == 2);
}

TEST_CASE("IngestEngine infers definitions of recordings only, and says so") {
  Bench bench(Bench::Recording());
  bench.Open();
  bench.Diff(99, 100);
  REQUIRE(bench.output.instruments.size() == 1);
  CHECK(bench.output.instruments[0].value.tick.mantissa == 0);
  CHECK(bench.output.instruments[0].value.base.text() == "BTC");
  CHECK(bench.output.instruments[0].value.quote.text() == "USDT");
  bench.Snapshot(100, R"("bids":[["100.05","1.25"]],"asks":[["101.10","3.50"]])");
  REQUIRE(bench.output.instruments.size() == 2);
  const market::Instrument& inferred = bench.output.instruments[1].value;
  CHECK(inferred.version == 2);
  CHECK(inferred.Format(inferred.tick) == "0.15");  // what divides the few levels seen
  CHECK(inferred.Format(inferred.lot) == "0.25");
  CHECK(bench.output.books[0].value.instrument_version == 2);
  bool said = false;
  for (const auto& status : bench.output.statuses)
    said |= status.value.detail.find("inferred") != std::string::npos;
  CHECK(said);
  bench.Define();  // the venue's word replaces it
  CHECK(bench.feed().definition().version == 3);
  CHECK(bench.feed().definition().Format(bench.feed().definition().tick) == "0.01");
  CHECK_FALSE(bench.feed().inferred());
  CHECK(bench.feed().book().state() == BookState::kValid);  // same scales

  Bench live;
  live.Open();
  live.Diff(99, 100);
  CHECK(live.engine.counters().undefined_symbol == 1);
  CHECK(live.engine.feeds().empty());
  Bench futures(Bench::Recording(Product::kCoinm));
  futures.Open();
  futures.Frame(
      R"({"e":"bookTicker","u":1,"s":"BTCUSD_210924","b":"1","B":"1","a":"2","A":"1","T":1700000000000,"E":1700000000000})");
  const market::Instrument& dated = futures.feed("BTCUSD_210924").definition();
  CHECK(dated.kind == market::InstrumentKind::kFuture);
  CHECK(dated.quote.text() == "USD");
  CHECK(dated.settle.text() == "BTC");
}

TEST_CASE(
    "IngestEngine gives a changed definition a new version; other scales begin the book anew") {
  Bench bench;
  bench.MakeValid();
  bench.Define();
  CHECK(bench.feed().definition().version == 1);
  std::string changed(kInfo);
  changed.replace(changed.find("0.01"), 4, "0.02");
  bench.Define(changed);
  CHECK(bench.feed().definition().version == 2);
  CHECK(bench.feed().book().state() == BookState::kValid);
  changed.replace(changed.find("\"9000\""), 6, "\"46116860414\"");
  changed.replace(changed.find("0.00001\"}"), 7, "1.00000");
  bench.Define(changed);
  CHECK(bench.feed().definition().quantity_scale == 7);
  CHECK(bench.feed().book().state() == BookState::kInvalid);
  CHECK(bench.feed().book().fault() == BookFault::kNoSnapshot);
}

TEST_CASE("IngestEngine says which configured symbols the venue does not list") {
  VenueOptions options = Bench::Spot();
  options.symbols = {"BTCUSDT", "NOSUCH"};
  Bench bench(options);
  bench.Define();
  CHECK(bench.engine.missing_symbols() == std::set<std::string>{"NOSUCH"});
  CHECK(bench.output.statuses.back().value.detail.find("NOSUCH") != std::string::npos);
  bench.Define("{}");
  CHECK(bench.engine.counters().undecodable == 1);
  CHECK(bench.engine.missing_symbols().size() == 1);
}

TEST_CASE("IngestEngine passes on subscription answers and shutdown notices") {
  Bench bench;
  bench.MakeValid();
  bench.Frame(R"({"result":null,"id":1})");
  bench.Frame(R"({"error":{"code":2,"msg":"no"},"id":2})");
  CHECK(bench.output.answers ==
        std::vector<std::pair<std::string, bool>>{{"c1", true}, {"c1", false}});
  CHECK(bench.engine.counters().refused_subscriptions == 1);
  bench.Frame(R"({"e":"serverShutdown","E":1})");
  CHECK(bench.output.reconnects.size() == 1);
  bench.Frame(R"({"e":"24hrTicker","s":"BTCUSDT"})");
  CHECK(bench.engine.counters().unread == 1);
  bench.Frame(R"({"u":1,"s":"OTHER","b":"1","B":"1","a":"2","A":"1"})");
  CHECK(bench.engine.counters().unknown_symbol == 1);
}

TEST_CASE("IngestEngine keeps instrument versions over a restart") {
  Bench first;
  first.MakeValid();
  std::string changed(kInfo);
  changed.replace(changed.find("0.01"), 4, "0.02");
  first.Define(changed);
  for (const auto& event : first.output.instruments) first.engine.Apply(event.value);
  wire::CanonicalWriter out;
  first.engine.Save(out);

  Bench same;
  wire::CanonicalReader in(out.bytes());
  REQUIRE(same.engine.Load(in).ok());
  CHECK(in.done());
  same.Define(changed);
  CHECK(same.feed().definition().version == 2);
  Bench different;
  wire::CanonicalReader again(out.bytes());
  REQUIRE(different.engine.Load(again).ok());
  different.Define();
  CHECK(different.feed().definition().version == 3);
  for (const char version : {2, 3}) {  // before there was a pause in it
    const std::string earlier = version + out.bytes().substr(1, out.bytes().size() - 9);
    wire::CanonicalReader without(earlier);
    Bench third;
    REQUIRE(third.engine.Load(without).ok());
    CHECK(without.done());
    CHECK(third.engine.requests_held_until() == base::Time{});
    third.Define(changed);
    CHECK(third.feed().definition().version == 2);
  }
  wire::CanonicalReader cut(std::string_view(out.bytes()).substr(0, 20));
  CHECK_FALSE(different.engine.Load(cut).ok());
  wire::CanonicalReader newer("\x07");
  CHECK(different.engine.Load(newer).code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE(
    "IngestEngine: property: damaged, lost, repeated and reordered messages never give a wrong "
    "VALID book") {
  rc::check("VALID means right", [] {
    Bench bench(Bench::Recording());
    bench.Open();
    std::vector<std::string> frames;
    std::map<uint64_t, market::Book> truth;  // after each update id
    market::Book book;
    const auto set = [&](market::Side side, int64_t price, int64_t quantity) {
      book.Set(side, market::Price{price * 100'000'000}, market::Quantity{quantity * 100'000'000});
    };
    set(market::Side::kBuy, 100, 1);
    set(market::Side::kSell, 110, 1);
    truth[100] = book;
    const auto count = *rc::gen::inRange<uint64_t>(1, 40);
    for (uint64_t i = 1; i <= count; ++i) {
      const bool buy = *rc::gen::arbitrary<bool>();
      const auto price =
          buy ? *rc::gen::inRange<int64_t>(90, 104) : *rc::gen::inRange<int64_t>(106, 120);
      const auto quantity = *rc::gen::inRange<int64_t>(0, 5);
      set(buy ? market::Side::kBuy : market::Side::kSell, price, quantity);
      truth[100 + i] = book;
      const std::string level =
          Concat({R"([")", std::to_string(price), R"(",")", std::to_string(quantity), R"("])"});
      frames.push_back(
          Concat({R"({"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT","U":)",
                  std::to_string(100 + i), R"(,"u":)", std::to_string(100 + i), R"(,"b":[)",
                  buy ? level : "", R"(],"a":[)", buy ? "" : level, "]}"}));
    }
    bench.Snapshot(100, R"("bids":[["100","1"]],"asks":[["110","1"]])");
    size_t next = 0;
    while (next < frames.size()) {
      const auto fate = *rc::gen::inRange(0, 10);
      if (fate == 0) {
        ++next;  // lost
      } else if (fate == 1) {
        const auto at = *rc::gen::inRange<size_t>(0, frames[next].size());
        std::string damaged = frames[next].substr(0, at);
        bench.Frame(damaged);
        ++next;
      } else if (fate == 2 && next > 0) {
        bench.Frame(frames[*rc::gen::inRange<size_t>(0, next)]);  // repeated
      } else if (fate == 3 && next + 1 < frames.size()) {
        bench.Frame(frames[next + 1]);
        bench.Frame(frames[next]);
        next += 2;
      } else {
        bench.Frame(frames[next++]);
      }
      if (*rc::gen::inRange(0, 8) == 0) {  // a snapshot of some moment, right for that moment
        const auto moment = *rc::gen::inRange<uint64_t>(100, 101 + next);
        std::string bids, asks;
        for (const market::Side side : {market::Side::kBuy, market::Side::kSell}) {
          std::string& out = side == market::Side::kBuy ? bids : asks;
          for (size_t i = 0; i < truth[moment].depth(side); ++i) {
            const market::Level level = truth[moment].level(side, i);
            out += Concat({out.empty() ? "" : ",", R"([")",
                           std::to_string(level.price.mantissa / 100'000'000), R"(",")",
                           std::to_string(level.quantity.mantissa / 100'000'000), R"("])"});
          }
        }
        bench.Snapshot(moment, Concat({R"("bids":[)", bids, R"(],"asks":[)", asks, "]"}));
      }
      const BookBuilder& built = bench.feed().book();
      if (built.state() != BookState::kValid) continue;
      const market::Book& right = truth.at(built.last_update_id());
      for (const market::Side side : {market::Side::kBuy, market::Side::kSell}) {
        RC_ASSERT(built.book().depth(side) == right.depth(side));
        for (size_t i = 0; i < right.depth(side); ++i)
          RC_ASSERT(built.book().level(side, i) == right.level(side, i));
      }
    }
  });
}

TEST_CASE("IngestEngine survives bytes of any kind") {
  rc::check("no crash", [](const std::string& body) {
    Bench bench(Bench::Recording());
    bench.Open();
    bench.Frame(body);
    bench.Answer("/api/v3/depth?symbol=BTCUSDT", body);
    bench.Answer("/api/v3/exchangeInfo", body);
    bench.Answer(body, body);
    RC_ASSERT(bench.output.trades.empty());
  });
}

}  // namespace gannet::ingest
