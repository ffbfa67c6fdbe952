#include "apps/gannet/report_command.h"

#include <catch2/catch_test_macros.hpp>
#include <sstream>
#include <string_view>

#include "apps/gannet/trading_mode.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/base/virtual_executor.h"
#include "libs/store/sqlite_store.h"
#include "services/reporting/report_for_test.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;

struct Folder {
  Folder() {
    options.data_dir = dir.path();
    options.out_folder = dir.path() + "/out";
    options.from = "2023-11-15";
    options.to = "2023-11-18T00:00:00Z";
    options.format = "csv";
    options.build = "gannet test";
  }
  void Record(const store::Batch& batch) {
    const auto store =
        store::OpenSqliteStore(files, dir.path() + "/reports.db", dir.path() + "/reports.key");
    REQUIRE(store.ok());
    REQUIRE((*store)->Write(batch).ok());
  }
  absl::Status Run() {
    out.str("");
    return WriteAccountReport(options, files, clock, out);
  }
  std::string Refusal() { return std::string(Run().message()); }
  std::string Read(const std::string& name) {
    const auto bytes = files.Read(options.out_folder + "/" + name);
    REQUIRE(bytes.ok());
    std::string text = *bytes;
    std::erase(text, '\r');  // CSV ends its lines with both
    return text;
  }

  base::TempDirForTest dir;
  base::PosixFiles files;
  base::VirtualExecutor clock{reporting::kTestDay + 73h};
  ReportOptions options;
  std::ostringstream out;
};

bool Holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST_CASE("gannet report writes what the store of a run holds") {
  Folder folder;
  folder.Record(reporting::TestHistory());
  REQUIRE(folder.Run().ok());
  CHECK(Holds(folder.out.str(), "note: Equity is the capital of 1,000.00 USDT"));
  CHECK(Holds(folder.out.str(), folder.options.out_folder + "/csv/figures.csv\n"));
  CHECK(folder.Read("csv/bridge.csv") ==
        "line,amount\n"
        "Opening equity,1000\n"
        "Realised result before fees,50\n"
        "Fees paid in USDT,-4\n"
        "Funding,0\n"
        "Other bookings beside trades,0\n"
        "Change of unrealised result,20\n"
        "Closing equity,1066\n");
  CHECK(folder.Read("csv/returns.csv") ==
        "start,equity,result,return,drawdown,samples\n"
        "2023-11-15T00:00:00.000000000Z,1098,98,0.098,0,2\n"
        "2023-11-16T00:00:00.000000000Z,1046,-52,-0.04735883,0.04735883,2\n"
        "2023-11-17T00:00:00.000000000Z,1066,20,0.01912046,0.0291439,1\n");
  CHECK(Holds(folder.Read("csv/trades.csv"), ",HACK,Exchange drained,,100,2,98,b\n"));
  CHECK(Holds(folder.Read("csv/unknown_orders.csv"), "no answer within 5s,f\n"));
  CHECK_FALSE(folder.files.Exists(folder.options.out_folder + "/report.pdf"));
}

TEST_CASE("gannet report writes each format, and all of them by name") {
  Folder folder;
  folder.Record(reporting::TestHistory());
  const std::pair<const char*, const char*> kBegins[] = {
      {"pdf", "%PDF-"}, {"xlsx", "PK\x03\x04"}, {"json", "{\n"}};
  for (const auto& [format, begin] : kBegins) {
    INFO(format);
    folder.options.format = format;
    folder.options.out_folder = folder.dir.path() + "/" + format;
    REQUIRE(folder.Run().ok());
    CHECK(folder.Read(std::string("report.") + format).starts_with(begin));
    CHECK_FALSE(folder.files.Exists(folder.options.out_folder + "/csv"));
  }
  folder.options.format = "all";
  folder.options.out_folder = folder.dir.path() + "/all";
  REQUIRE(folder.Run().ok());
  for (const char* name : {"report.pdf", "report.xlsx", "report.json", "csv/fills.csv"})
    CHECK(folder.files.Exists(folder.options.out_folder + "/" + name));
  CHECK(folder.Read("report.json") == [&] {
    Folder again;
    again.Record(reporting::TestHistory());
    again.options.format = "json";
    REQUIRE(again.Run().ok());
    return again.Read("report.json");
  }());
}

TEST_CASE("gannet report draws a headline with characters that Unicode assigns to nobody") {
  Folder folder;
  store::Batch batch = reporting::TestHistory();
  batch.signals[0].title = "Exchange\uFDD0 drained\uFFFE\U0010FFFF";
  folder.Record(batch);
  folder.options.format = "all";
  REQUIRE(folder.Run().ok());
  CHECK(folder.Read("report.pdf").starts_with("%PDF-"));
  CHECK(Holds(folder.Read("csv/trades.csv"), ",HACK,Exchange\uFDD0 drained\uFFFE\U0010FFFF,"));
}

TEST_CASE("gannet report writes the other formats where one cannot be written") {
  Folder folder;
  folder.Record(reporting::TestHistory());
  REQUIRE(folder.files.MakeDirs(folder.options.out_folder + "/report.pdf/in-the-way").ok());
  folder.options.format = "all";
  CHECK(Holds(folder.Refusal(), "report.pdf"));
  for (const char* name : {"report.xlsx", "report.json", "csv/fills.csv"})
    CHECK(folder.files.Exists(folder.options.out_folder + "/" + name));
}

TEST_CASE("gannet report takes the last 30 days without a period") {
  Folder folder;
  folder.Record(reporting::TestHistory());
  folder.options.from = folder.options.to = "";
  REQUIRE(folder.Run().ok());
  const std::string notes = folder.Read("csv/notes.csv");
  CHECK(Holds(notes, "\nfrom,2023-10-19T01:00:00.000000000Z\n"));
  CHECK(Holds(notes, "\nto,2023-11-18T01:00:00.000000000Z\n"));
}

TEST_CASE("gannet report says with what money was traded") {
  Folder folder;
  folder.Record(reporting::TestHistory());
  REQUIRE(folder.Run().ok());
  CHECK(Holds(folder.Read("csv/notes.csv"), "\ntrading,\n"));
  REQUIRE(RecordTradingMode(folder.files, folder.dir.path(), reporting::kTestDay - 1h,
                            "paper on venue-sim")
              .ok());
  REQUIRE(folder.Run().ok());
  CHECK(Holds(folder.Read("csv/notes.csv"), "\ntrading,paper on venue-sim\n"));
}

TEST_CASE("gannet report takes capital and risk-free rate as they are written") {
  Folder folder;
  folder.Record(reporting::TestHistory());
  folder.options.capital = "2000.50";
  folder.options.risk_free = "4.25%";
  REQUIRE(folder.Run().ok());
  CHECK(Holds(folder.Read("csv/figures.csv"), "opening_equity,Opening equity,2000.5,"));
  CHECK(Holds(folder.Read("csv/figures.csv"), "risk-free rate (4.25 % a year)"));
}

TEST_CASE("A report of the page takes capital, rate and days from the settings of the process") {
  Folder folder;
  folder.Record(reporting::TestHistory());
  folder.options.format = "json";
  reporting::ReportsConfig& reports = folder.options.reports.emplace();
  reports.capital = {{folder.options.account, market::Money(200'050, 2)}};
  reports.risk_free_ppm = 42'500;
  reports.days_per_year = 252;
  const auto bytes = AccountReportBytes(folder.options, folder.files, folder.clock);
  REQUIRE(bytes.ok());
  CHECK(Holds(*bytes, "capital of 2,000.50 USDT (as stated)"));
  CHECK(Holds(*bytes, "risk-free rate (4.25 % a year)"));
  CHECK(Holds(*bytes, "(n − 1), × √252."));
}

TEST_CASE("gannet report refuses what makes no sense and names the option") {
  Folder folder;
  CHECK(Holds(folder.Refusal(), "name another with --data"));
  folder.Record(reporting::TestHistory());
  const auto refusal = [&](auto change) {
    const ReportOptions before = folder.options;
    change(folder.options);
    const std::string message = folder.Refusal();
    folder.options = before;
    CHECK_FALSE(folder.files.Exists(folder.options.out_folder));
    return message;
  };
  CHECK(
      Holds(refusal([](auto& o) { o.from = "15.11.2023"; }), "--from: '15.11.2023' is not a date"));
  CHECK(Holds(refusal([](auto& o) { o.to = "2023-11-31"; }), "--to: '2023-11-31'"));
  CHECK(Holds(refusal([](auto& o) { o.to = o.from; }), "before it begins"));
  CHECK(Holds(refusal([](auto& o) { o.format = "docx"; }), "one of pdf, xlsx, csv, json, all"));
  CHECK(Holds(refusal([](auto& o) { o.returns = "week"; }), "one of day, hour, minute"));
  CHECK(Holds(refusal([](auto& o) { o.capital = "1e6"; }), "--capital: '1e6'"));
  CHECK(Holds(refusal([](auto& o) { o.capital = "0"; }), "above zero"));
  CHECK(Holds(refusal([](auto& o) { o.capital = std::string(38, '9'); }), "below 10^18"));
  CHECK(Holds(refusal([](auto& o) { o.risk_free = "0.04"; }), "such as 4.25%"));
  CHECK(Holds(refusal([](auto& o) { o.risk_free = "-1%"; }), "from 0% to 100%"));
  CHECK(Holds(refusal([](auto& o) { o.account = "main/papre"; }), "it knows main/paper"));
}

}  // namespace
}  // namespace gannet::app
