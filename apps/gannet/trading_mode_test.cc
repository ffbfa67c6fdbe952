#include "apps/gannet/trading_mode.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;

const base::Time kStart = base::FromUnixMillis(1'700'000'000'000);

TEST_CASE("Trading mode of a period is what was in force in it") {
  base::TempDirForTest dir;
  base::PosixFiles files;
  const auto in = [&](base::Duration from, base::Duration to) {
    return TradingModeIn(files, dir.path(), kStart + from, kStart + to).value();
  };
  CHECK(in(0s, 1h).empty());
  REQUIRE(RecordTradingMode(files, dir.path(), kStart, "paper on venue-sim").ok());
  REQUIRE(RecordTradingMode(files, dir.path(), kStart + 1h, "paper on venue-sim").ok());
  REQUIRE(RecordTradingMode(files, dir.path(), kStart + 2h, "LIVE on binance-spot").ok());
  REQUIRE(RecordTradingMode(files, dir.path(), kStart + 4h, "paper on venue-sim").ok());
  CHECK(in(-2h, -1h).empty());
  CHECK(in(-2h, 1s) == "paper on venue-sim");
  CHECK(in(1h, 2h) == "paper on venue-sim");
  CHECK(in(1h, 2h + 1s) == "paper on venue-sim, LIVE on binance-spot");
  CHECK(in(2h, 4h) == "LIVE on binance-spot");
  CHECK(in(3h, 9h) == "LIVE on binance-spot, paper on venue-sim");
  CHECK(in(8h, 9h) == "paper on venue-sim");
  // Three changes: the start that changed nothing left no line.
  const std::string text = files.Read(dir / "trading-mode").value();
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
}

TEST_CASE("Trading mode passes over lines that say nothing") {
  base::TempDirForTest dir;
  base::PosixFiles files;
  REQUIRE(files
              .WriteAtomically(dir / "trading-mode",
                               "\nyesterday paper\n2023-11-14T22:13:20Z\n"
                               "2023-11-14T22:13:20Z paper on venue-sim")
              .ok());
  CHECK(TradingModeIn(files, dir.path(), kStart, kStart + 1h).value() == "paper on venue-sim");
}

TEST_CASE("Trading mode keeps the newest changes") {
  base::TempDirForTest dir;
  base::PosixFiles files;
  std::string text;
  for (size_t i = 0; i < kMaxModeChanges; ++i)
    text += base::FormatTime(kStart + std::chrono::seconds(i)) + (i % 2 == 0 ? " a\n" : " b\n");
  REQUIRE(files.WriteAtomically(dir / "trading-mode", text).ok());
  REQUIRE(RecordTradingMode(files, dir.path(), kStart + 1h, "c").ok());
  const std::string kept = files.Read(dir / "trading-mode").value();
  CHECK(static_cast<size_t>(std::count(kept.begin(), kept.end(), '\n')) == kMaxModeChanges);
  CHECK(kept.ends_with(" c\n"));
}

}  // namespace
}  // namespace gannet::app
