// `gannet replay` from capture to report: a capture made here, whose every update is
// known, and the recorded ones where they are present.
#include "apps/gannet/replay.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "libs/base/posix_files.h"
#include "libs/base/rng.h"

namespace gannet::app {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kStart = 1'723'161'254'000'000'000;

class Folder {
 public:
  explicit Folder(const char* name)
      : path_((fs::temp_directory_path() / absl::StrFormat("gannet-%s-%d", name, getpid()))
                  .string()) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Two minutes of a market of one level a side that wanders, with trades on both sides
// and the venue's own ticker after each update. Written as Binance's spot streams are
// recorded.
void WriteCapture(const std::string& path, uint64_t seed) {
  base::Rng rng(seed);
  std::ofstream out(path);
  int64_t bid = 6'000'000, update = 100;
  const auto price = [](int64_t cents) {
    return absl::StrFormat("%d.%02d", cents / 100, cents % 100);
  };
  out << kStart
      << R"( {"lastUpdateId":100,"bids":[["60000.00","5.00010"],["50000.01","1.00011"]],"asks":[["60012.00","5.00010"]]})"
      << "\n";
  for (int64_t tick = 1; tick <= 1200; ++tick) {
    const int64_t at = kStart + tick * 100'000'000;
    const int64_t next = bid + 100 * (static_cast<int64_t>(rng.Below(9)) - 4);
    const std::string old_bid = price(bid), old_ask = price(bid + 1200);
    const std::string new_bid = price(next), new_ask = price(next + 1200);
    const std::string gone = next == bid ? "" : R"(,[")" + old_bid + R"(","0"])";
    const std::string gone_ask = next == bid ? "" : R"(,[")" + old_ask + R"(","0"])";
    ++update;
    out << absl::StrFormat(
        R"(%d {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":%d,"s":"BTCUSDT","U":%d,"u":%d,"b":[["%s","5.00010"]%s],"a":[["%s","5.00010"]%s]}})",
        at, at / 1'000'000, update, update, new_bid, gone, new_ask, gone_ask);
    out << absl::StrFormat(
        "\n%d "
        "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":%d,\"s\":\"BTCUSDT\",\"b\":\"%s\","
        "\"B\":\"5.00010\",\"a\":\"%s\",\"A\":\"5.00010\"}}\n",
        at + 1000, update, new_bid, new_ask);
    const bool maker_buys = rng.Below(2) == 0;
    out << absl::StrFormat(
        R"(%d {"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"s":"BTCUSDT","t":%d,"p":"%s","q":"3","T":%d,"m":%s,"M":true}})",
        at + 2000, at / 1'000'000, tick, maker_buys ? new_bid : new_ask, at / 1'000'000,
        maker_buys ? "true" : "false");
    out << "\n";
    bid = next;
  }
}

struct Run {
  ReplaySummary summary;
  std::string out, diagnostics;
};

Run Replayed(ReplayOptions options) {
  base::PosixFiles files;
  options.model_registry.clear();
  std::ostringstream out, diagnostics;
  const auto summary = Replay(options, files, out, diagnostics);
  INFO(summary.status().ToString());
  INFO(diagnostics.str());
  REQUIRE(summary.ok());
  return {*summary, out.str(), diagnostics.str()};
}

std::string Text(const std::string& path) {
  std::ifstream in(path);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

size_t Lines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("replay trades a capture, agrees with its ticker and decides the same every time") {
  const Folder folder("replay");
  WriteCapture(folder / "btcusdt.txt", 1);
  ReplayOptions options;
  options.captures = {folder / "btcusdt.txt"};
  options.out_folder = folder / "out";
  const Run first = Replayed(options);
  CHECK(first.summary.inputs == 3602);  // the definition read off the snapshot is one
  CHECK(Has(first.diagnostics, "agree 1200 of 1200 (100.00 %)"));
  CHECK(first.summary.permitted > 10);
  CHECK(first.summary.fills > 5);
  CHECK(first.out == "decisions sha256=" + first.summary.decisions + "\n");
  // What was written is what happened.
  CHECK(Lines(Text(folder / "out/fills.csv")) == first.summary.fills + 1);
  CHECK(Has(Text(folder / "out/positions.csv"), "binance-spot:BTCUSDT"));
  const std::string run = Text(folder / "out/backtest.json");
  CHECK(Has(run, first.summary.decisions));
  CHECK(Has(run, "\"fills\": " + std::to_string(first.summary.fills)));
  CHECK(Has(run, "\"equity_curve\""));
  CHECK(Has(run, "\"strategies_file\""));

  CHECK(Replayed(options).summary.decisions == first.summary.decisions);
  options.wire_mode = true;
  CHECK(Replayed(options).summary.decisions == first.summary.decisions);

  // The hash tells a different market from this one.
  WriteCapture(folder / "btcusdt.txt", 2);
  CHECK(Replayed(options).summary.decisions != first.summary.decisions);
}

TEST_CASE("replay says what a damaged capture costs") {
  const Folder folder("replay-damaged");
  WriteCapture(folder / "whole.txt", 1);
  const std::string whole = Text(folder / "whole.txt");
  // One depth update is missing: the book is not proven from there on.
  std::istringstream lines(whole);
  std::ofstream gap(folder / "gap.txt");
  int number = 0;
  for (std::string line; std::getline(lines, line); ++number) {
    if (number != 1 + 3 * 600) gap << line << "\n";
  }
  gap.close();
  ReplayOptions options;
  options.captures = {folder / "gap.txt"};
  const Run run = Replayed(options);
  CHECK(Has(run.diagnostics, "book INVALID"));
  CHECK_FALSE(Has(run.diagnostics, "agree 1200 of 1200"));
  CHECK(run.summary.fills > 0);  // before the gap
  CHECK(Has(run.diagnostics, "INVALID for gap, 1 gaps, 599 diffs not applied"));

  // What is not there is not said of what is.
  std::istringstream again(whole);
  std::ofstream tickers(folder / "tickers.txt"), set_back(folder / "set-back.txt");
  number = 0;
  for (std::string line; std::getline(again, line); ++number) {
    if (Has(line, "@bookTicker")) tickers << line << "\n";
    if (number == 900) line.replace(0, 10, std::to_string(kStart / 1'000'000'000 + 86'400));
    set_back << line << "\n";
  }
  tickers.close();
  set_back.close();
  options.captures = {folder / "tickers.txt"};
  const std::string without_book = Replayed(options).diagnostics;
  CHECK(Has(without_book,
            "agree 0 of 0: no depth diff continued a snapshot, INVALID for no snapshot"));
  CHECK(Has(without_book, "tick and lot not known: no snapshot to infer them from"));
  options.captures = {folder / "set-back.txt"};
  CHECK(Has(Replayed(options).diagnostics, "line 902 goes back from 2024-08-09T23:54:"));
}

TEST_CASE("replay of the recorded USD-M and spot captures agrees with their tickers") {
  const std::string shared = "../shared/data/l2-binance-2024-08/";
  if (!fs::exists(shared)) SKIP("SKIPPED: ../shared/data/l2-binance-2024-08 not present");
  ReplayOptions options;
  for (const fs::directory_entry& entry : fs::directory_iterator(shared)) {
    if (entry.path().extension() == ".gz") options.captures.push_back(entry.path().string());
  }
  REQUIRE_FALSE(options.captures.empty());
  std::sort(options.captures.begin(), options.captures.end());
  const Run run = Replayed(options);
  INFO(run.diagnostics);
  CHECK_FALSE(Has(run.diagnostics, "INVALID"));
  CHECK_FALSE(Has(run.diagnostics, "differs"));
  CHECK(run.summary.permitted > 0);
  CHECK(run.summary.fills > 0);
  // The order in which files are named does not matter: time decides.
  std::reverse(options.captures.begin(), options.captures.end());
  options.wire_mode = true;
  CHECK(Replayed(options).summary.decisions == run.summary.decisions);
}

}  // namespace
}  // namespace gannet::app
