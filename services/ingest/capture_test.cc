#include "services/ingest/capture.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/base/gzip_for_test.h"
#include "libs/base/posix_files.h"
#include "libs/base/sim_files.h"
#include "services/ingest/capture_line.h"

namespace gannet::ingest {
namespace {

using venue::binance::Product;
using Kind = wire::StreamEvent::Kind;

const std::string kDiff =
    R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}})";
const std::string kFuturesDiff =
    R"({"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[],"a":[]}})";
const std::string kSnapshot = R"({"lastUpdateId":2,"bids":[["1","1"]],"asks":[["2","1"]]})";

std::string At(int64_t offset, const std::string& message) {
  return std::to_string(1'723'161'254'000'000'000 + offset) + " " + message + "\n";
}

void Put(base::SimFiles& files, const std::string& path, const std::string& text) {
  REQUIRE(files.WriteAtomically(path, text).ok());
}

struct Run {
  std::vector<CaptureLine> lines;
  std::vector<FileReport> reports;
  absl::Status end;
};

Run ReadAll(base::Files& files, std::vector<CaptureFile> captures, CaptureOptions options = {}) {
  auto set = CaptureSet::Open(files, std::move(captures), std::move(options));
  INFO(set.status().ToString());
  REQUIRE(set.ok());
  Run run;
  for (;;) {
    auto line = set->Next();
    if (!line.ok()) run.end = line.status();
    if (!line.ok() || !*line) break;
    run.lines.push_back(**std::move(line));
  }
  run.reports = set->reports();
  return run;
}

const wire::StreamEvent& Stream(const CaptureLine& line) {
  return std::get<wire::StreamEvent>(line.input);
}
const wire::HttpExchange& Http(const CaptureLine& line) {
  return std::get<wire::HttpExchange>(line.input);
}

}  // namespace

TEST_CASE("ParseEpochSeconds is exact to the nanosecond") {
  CHECK(base::UnixNanos(*ParseEpochSeconds("1633998512.0633569")) == 1'633'998'512'063'356'900);
  CHECK(base::UnixNanos(*ParseEpochSeconds("1633998512")) == 1'633'998'512'000'000'000);
  CHECK(base::UnixNanos(*ParseEpochSeconds("1.000000001")) == 1'000'000'001);
  for (const char* bad :
       {"", ".", "1.", ".5", "1.0000000001", "-1", "1e9", "99999999999", "7258118400", "1.5x"}) {
    INFO(bad);
    CHECK_FALSE(ParseEpochSeconds(bad));
  }
}

TEST_CASE("CaptureSet reads nanosecond lines: opening, frames, snapshot of the only symbol") {
  base::SimFiles files;
  Put(files, "/a.gz", base::Gzip(At(1, kDiff) + At(2, kSnapshot) + "\n" + At(3, kDiff)));
  const Run run = ReadAll(files, {{.path = "/a.gz"}});
  CHECK(run.end.ok());
  REQUIRE(run.lines.size() == 4);
  CHECK(Stream(run.lines[0]).kind == Kind::kOpened);
  CHECK(Stream(run.lines[0]).connection == "capture/0");
  CHECK(run.lines[0].venue == "binance-spot");
  CHECK(run.lines[0].receive_time == run.lines[1].receive_time);
  CHECK(Stream(run.lines[1]).body == kDiff);
  CHECK(base::UnixNanos(run.lines[1].receive_time) == 1'723'161'254'000'000'001);
  CHECK(Http(run.lines[2]).body == kSnapshot);
  CHECK(Http(run.lines[2]).status == 200);
  CHECK(Http(run.lines[2]).headers == std::vector<std::pair<std::string, std::string>>{
                                          {":path", "/api/v3/depth?symbol=BTCUSDT&limit=1000"}});
  CHECK(run.lines[3].line == 4);
  REQUIRE(run.reports.size() == 1);
  CHECK(run.reports[0].frames == 2);
  CHECK(run.reports[0].answers == 1);
  CHECK(run.reports[0].blank == 1);
  CHECK(run.reports[0].bad == 0);
}

TEST_CASE("CaptureSet reads URL lines: opened, sent, answers, frames, notes") {
  base::SimFiles files;
  Put(files, "/ws.txt",
      "wss://fstream.binance.com/stream?streams=btcusdt@depth@100ms <-> 1626992740.179554\n"
      "wss://fstream.binance.com/stream <- 1626992740.2: {\"method\":\"SUBSCRIBE\"}\n"
      "1626992741.06217: " +
          kFuturesDiff + "\n");
  Put(files, "/http.txt",
      "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000 -> 1626992740.5: " +
          kSnapshot + "\nconfiguration: {\"ticker\":[]}\n\n");
  const Run run = ReadAll(files, {{.path = "/ws.txt"}, {.path = "/http.txt"}});
  CHECK(run.end.ok());
  REQUIRE(run.lines.size() == 3);
  CHECK(Stream(run.lines[0]).kind == Kind::kOpened);
  CHECK(run.lines[0].product == Product::kUsdm);
  CHECK(Http(run.lines[1]).headers[0].second == "/fapi/v1/depth?symbol=BTCUSDT&limit=1000");
  CHECK(run.lines[1].file == 1);
  CHECK(Stream(run.lines[2]).kind == Kind::kFrame);
  CHECK(run.reports[0].sent == 1);
  CHECK(run.reports[0].opened == 1);
  CHECK(run.reports[1].notes == 1);
  CHECK(run.reports[1].blank == 1);
}

TEST_CASE("CaptureSet merges by receive time, then by order of the files, then by line") {
  base::SimFiles files;
  Put(files, "/a", At(5, kDiff) + At(5, kDiff) + At(20, kDiff));
  Put(files, "/b", At(1, kFuturesDiff) + At(5, kFuturesDiff) + At(10, kFuturesDiff));
  const Run run = ReadAll(files, {{.path = "/a"}, {.path = "/b"}});
  std::vector<std::pair<size_t, uint64_t>> order;
  for (const CaptureLine& line : run.lines) {
    if (Stream(line).kind == Kind::kFrame) order.emplace_back(line.file, line.line);
  }
  CHECK(order ==
        std::vector<std::pair<size_t, uint64_t>>{{1, 1}, {0, 1}, {0, 2}, {1, 2}, {1, 3}, {0, 3}});
  CHECK(run.lines[0].venue == "binance-usdm");
}

TEST_CASE("CaptureSet tells the product by content and takes an override") {
  const std::string coinm =
      R"({"u":1,"e":"bookTicker","s":"BCHUSD_PERP","ps":"BCHUSD","b":"1","B":"2","a":"3","A":"4","T":1,"E":1})";
  const std::string quarterly =
      R"({"u":1,"e":"bookTicker","s":"BTCUSDT_240628","b":"1","B":"2","a":"3","A":"4","T":1,"E":1})";
  const std::string spot = R"({"u":1,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"})";
  base::SimFiles files;
  const auto product_of = [&](const std::string& message,
                              std::optional<Product> given = std::nullopt) {
    Put(files, "/x", At(1, message));
    return ReadAll(files, {{.path = "/x", .product = given}}).reports[0].product;
  };
  CHECK(product_of(coinm) == Product::kCoinm);
  CHECK(product_of(quarterly) == Product::kUsdm);
  CHECK(product_of(spot) == Product::kSpot);
  CHECK(product_of(kFuturesDiff) == Product::kUsdm);
  CHECK(product_of(spot, Product::kUsdm) == Product::kUsdm);
  Put(files, "/x", At(1, kSnapshot));
  const auto unknown = CaptureSet::Open(files, {{.path = "/x"}}, {});
  CHECK(unknown.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(unknown.status().message()).find("which Binance product") != std::string::npos);
  Put(files, "/y", "wss://other.example/ws <-> 1626992740.1\n");
  CHECK_FALSE(CaptureSet::Open(files, {{.path = "/y"}}, {}).ok());
}

TEST_CASE("CaptureSet counts and quotes lines that it cannot read") {
  base::SimFiles files;
  Put(files, "/a",
      At(9, kDiff) +
          "nonsense\n12345 {}\n1723161254000000009 notjson\n99999999999999999999 {}\nftp://x <-> "
          "1\n" +
          "https://a/b ?? 1: {}\n\x01\x02\n" + At(3, kDiff));
  const Run run = ReadAll(files, {{.path = "/a"}});
  CHECK(run.end.ok());
  CHECK(run.reports[0].bad == 7);
  CHECK(run.reports[0].quoted.size() == kMaxQuotedLines);
  CHECK(run.reports[0].quoted[0] == "line 2: no receive time: nonsense");
  CHECK(run.reports[0].times_went_back == 1);
  CHECK(run.reports[0].went_back_line == 9);
  CHECK(run.reports[0].went_back_from - run.reports[0].went_back_to == base::Duration(6));
  CHECK(run.reports[0].frames == 2);
}

TEST_CASE("CaptureSet does not believe times that no clock said") {
  base::SimFiles files;
  Put(files, "/a",
      "\xEF\xBB\xBF" + At(1, kDiff) + "9223372036854775807 " + kDiff + "\n0000000000000000000 " +
          kDiff + "\n7258118400000000000 " + kDiff + "\n" + At(2, kDiff));
  const Run run = ReadAll(files, {{.path = "/a"}});
  CHECK(run.end.ok());
  CHECK(run.reports[0].frames == 2);
  CHECK(run.reports[0].bad == 3);
  CHECK(run.reports[0].times_went_back == 0);
  CHECK(run.lines.back().receive_time == base::FromUnixNanos(1'723'161'254'000'000'002));
}

TEST_CASE("CaptureSet refuses spot and futures in one file where they meet") {
  base::SimFiles files;
  Put(files, "/a", At(1, kDiff) + At(2, kDiff) + At(3, kFuturesDiff));
  const Run run = ReadAll(files, {{.path = "/a"}});
  CHECK(run.lines.size() == 3);  // the opening and two frames
  CHECK(run.end.message() ==
        "/a: line 3: a depth diff of futures in a file of binance-spot; split it into one file for "
        "each product");
  Put(files, "/b", At(1, kFuturesDiff) + At(2, kDiff));
  CHECK(ReadAll(files, {{.path = "/b"}}).end.code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("CaptureSet never guesses which symbol a bare snapshot is of") {
  std::string other = kDiff;
  other.replace(other.find("BTCUSDT"), 7, "ETHUSDT");
  base::SimFiles files;
  Put(files, "/a", At(1, kDiff) + At(2, other) + At(3, kSnapshot));
  const Run run = ReadAll(files, {{.path = "/a"}});
  CHECK(run.reports[0].unattributed == 1);
  for (const CaptureLine& line : run.lines)
    CHECK(std::holds_alternative<wire::StreamEvent>(line.input));
}

TEST_CASE(
    "CaptureSet reports damage after the lines before it, or accepts a cut file when told to") {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += At(i * 1'000'003LL % 977, kDiff);
  const std::string packed = base::Gzip(text);
  base::SimFiles files;
  Put(files, "/cut.gz", packed.substr(0, packed.size() * 2 / 3));
  const Run strict = ReadAll(files, {{.path = "/cut.gz"}});
  CHECK(strict.end.code() == absl::StatusCode::kDataLoss);
  CHECK(strict.lines.size() > 100);
  CHECK(strict.reports[0].truncated);
  const Run lenient = ReadAll(files, {{.path = "/cut.gz"}}, {.accept_truncated = true});
  CHECK(lenient.end.ok());
  CHECK(lenient.lines.size() == strict.lines.size());
  CHECK(lenient.reports[0].truncated);
}

TEST_CASE("CaptureSet refuses missing files, empty lists and unknown layouts") {
  base::SimFiles files;
  CHECK(CaptureSet::Open(files, {}, {}).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(CaptureSet::Open(files, {{.path = "/none"}}, {}).status().code() ==
        absl::StatusCode::kNotFound);
  Put(files, "/csv", "time,price\n1,2\n");
  const auto csv = CaptureSet::Open(files, {{.path = "/csv"}}, {});
  CHECK(std::string(csv.status().message()).find("no line is in a capture layout") !=
        std::string::npos);
  Put(files, "/empty", "");
  CHECK_FALSE(CaptureSet::Open(files, {{.path = "/empty"}}, {}).ok());
}

TEST_CASE("CaptureSet delivers instrument files before the first line") {
  const std::string info =
      "{\n \"symbols\": "
      "[{\"symbol\":\"BTCUSDT\",\"status\":\"TRADING\",\"baseAsset\":\"BTC\",\"quoteAsset\":"
      "\"USDT\",\n"
      "\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"0.01\",\"maxPrice\":\"100\"}]}]"
      "}\n";
  base::SimFiles files;
  Put(files, "/a", At(7, kDiff));
  Put(files, "/info.json", info);
  Put(files, "/info.gz",
      base::Gzip("https://api.binance.com/api/v3/exchangeInfo -> 1633998511.1: "
                 "{\"symbols\":[{\"symbol\":\"X\",\"status\":"
                 "\"TRADING\",\"baseAsset\":\"BTC\",\"quoteAsset\":\"USDT\",\"filters\":[]}]}"
                 "\nconfiguration: {}\n"));
  const Run run = ReadAll(files, {{.path = "/a"}},
                          {.instrument_files = {{.path = "/info.json"}, {.path = "/info.gz"}}});
  REQUIRE(run.lines.size() == 4);
  CHECK(Http(run.lines[0]).headers[0].second == "/api/v3/exchangeInfo");
  CHECK(Http(run.lines[0]).body == info);
  CHECK(run.lines[0].receive_time == run.lines[3].receive_time);
  CHECK(run.lines[0].file == 1);
  CHECK(run.lines[1].file == 2);
  CHECK(run.reports.size() == 3);
  Put(files, "/bad.json", "{\"symbols\":3}");
  CHECK_FALSE(
      CaptureSet::Open(files, {{.path = "/a"}}, {.instrument_files = {{.path = "/bad.json"}}})
          .ok());
  Put(files, "/none.json", "{\"symbols\":[]}");
  CHECK_FALSE(
      CaptureSet::Open(files, {{.path = "/a"}}, {.instrument_files = {{.path = "/none.json"}}})
          .ok());
}

TEST_CASE("CaptureSet reads the shared recordings whole") {
  base::PosixFiles files;
  const std::string l2 = "../shared/data/l2-binance-2024-08/",
                    ws = "../shared/data/ws-captures-multi-venue/";
  if (!files.Exists(l2) || !files.Exists(ws)) SKIP("SKIPPED: " + l2 + " or " + ws + " not present");
  const Run spot = ReadAll(files, {{.path = l2 + "spot-btcusdt_20240808.gz"}});
  CHECK(spot.end.ok());
  CHECK(spot.reports[0].lines == 41'249);
  CHECK(spot.reports[0].frames == 41'248);
  CHECK(spot.reports[0].answers == 1);
  CHECK(spot.reports[0].bad + spot.reports[0].times_went_back + spot.reports[0].unattributed == 0);
  CHECK(spot.reports[0].product == Product::kSpot);
  const struct {
    const char* name;
    Product product;
    uint64_t frames, answers;
  } kVenues[] = {{"BINANCE", Product::kSpot, 265, 5},
                 {"BINANCE_FUTURES", Product::kUsdm, 1'535, 5},
                 {"BINANCE_DELIVERY", Product::kCoinm, 4'371, 11}};
  for (const auto& venue : kVenues) {
    INFO(venue.name);
    const Run run = ReadAll(files, {{.path = ws + venue.name + ".0.txt.gz"},
                                    {.path = ws + venue.name + ".http.0.0.txt.gz"},
                                    {.path = ws + venue.name + ".ws.1.0.txt.gz"}});
    CHECK(run.end.ok());
    uint64_t frames = 0, answers = 0, bad = 0;
    for (const FileReport& report : run.reports) {
      CHECK(report.product == venue.product);
      frames += report.frames;
      answers += report.answers;
      bad += report.bad + report.unattributed;
    }
    CHECK(frames == venue.frames);
    CHECK(answers == venue.answers);
    CHECK(bad == 0);
  }
  CHECK_FALSE(CaptureSet::Open(files, {{.path = ws + "COINBASE.ws.28.0.txt.gz"}}, {}).ok());
}

}  // namespace gannet::ingest
