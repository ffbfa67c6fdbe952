// Writes a report of a made-up history in every format, for report_formats_test.py:
//   report_formats FOLDER [FILLS]
#include <cstdlib>
#include <iostream>

#include "libs/base/posix_files.h"
#include "services/reporting/report_files.h"
#include "services/reporting/report_for_test.h"

int main(int argc, char** argv) {
  using namespace gannet;
  using namespace std::chrono_literals;
  if (argc < 2) return 2;
  store::Batch batch = reporting::TestHistory();
  // Names that a careless writer would break on.
  batch.fills[3].strategy = market::StrategyId("=cmd|' /C calc'!A0, \"quoted\" <ümlaut>\n");
  for (int i = 0; i < 3; ++i) {
    store::BookingRow row;
    row.id = {8, static_cast<uint64_t>(i)};
    row.time = row.told = reporting::kTestDay + 30h + std::chrono::hours(i);
    row.account = reporting::kTestAccount;
    row.venue = "sim";
    row.kind = i == 2 ? market::AccountEventKind::kAdjustment : market::AccountEventKind::kFunding;
    row.booking = "=1+" + std::to_string(i);
    row.strategy = market::StrategyId("EXTERNAL");
    row.instrument = market::InstrumentId("sim:BTCUSDT");
    row.asset = reporting::kTestAsset;
    row.amount = market::Money(-12'345'678 * (i + 1), 8);
    if (i == 2) row.person = row.detail = "ann";
    batch.bookings.push_back(row);
  }
  for (int i = 6; argc > 2 && i < std::atoi(argv[2]); ++i) {
    const auto side = i % 2 == 0 ? market::Side::kBuy : market::Side::kSell;
    auto fill = reporting::TestFill(static_cast<uint64_t>(100 + i),
                                    reporting::kTestDay + 50h + std::chrono::milliseconds(i), side,
                                    100 + i % 7, 1, 1, ("o" + std::to_string(i)).c_str());
    fill.price = market::Money(10'000 + i * 37, 2);
    fill.notional = market::Money(10'000 + i * 37, 4);
    batch.fills.push_back(fill);
  }
  reporting::ReportRequest request = reporting::TestRequest();
  if (argc > 2) {  // two months, for what takes more than 30 days
    request.to += 24h * 60;
    for (int day = 3; day < 60; ++day)
      reporting::AddSample(batch, reporting::kTestDay + day * 24h + 8h, 4'600 + day * day * 7 % 900,
                           day * 37 % 500 - 250, 400, 22'000);
  }
  const auto store = reporting::StoreWith(batch);
  base::PosixFiles files;
  const auto report = reporting::BuildReport(*store, request);
  if (!report.ok()) {
    std::cerr << report.status().message() << "\n";
    return 1;
  }
  const auto written = reporting::WriteReport(
      *report, {std::begin(reporting::kAllFormats), std::end(reporting::kAllFormats)}, files,
      argv[1]);
  if (written.ok()) return 0;
  std::cerr << written.status().message() << "\n";
  return 1;
}
