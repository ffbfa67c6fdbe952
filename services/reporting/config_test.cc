#include "services/reporting/config.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/config/config.h"

namespace gannet::reporting {
namespace {

using namespace std::chrono_literals;

absl::StatusOr<ReportingConfig> Load(std::string_view text) {
  return config::LoadText<ReportingConfig>(
      text, "r.yaml", [](config::Section& in, ReportingConfig& out) { Read(in, out); });
}

TEST_CASE("Reporting's settings: schedules of reports with every key") {
  const auto config = Load(R"(
equity_every: 5s
reports:
  folder: /srv/reports
  capital: {main/paper: 100000.50}
  risk_free: 4.25%
  days_per_year: 252
  schedules:
    - {name: daily, every: day, account: main/paper}
    - {name: hourly, every: hour, delay: 30s, account: main/paper, returns: minute, formats: [pdf, json]}
)");
  REQUIRE(config.ok());
  CHECK(config->reports.folder == "/srv/reports");
  CHECK(config->reports.capital.at("main/paper") == market::Money(10'000'050, 2));
  CHECK(config->reports.risk_free_ppm == 42'500);
  CHECK(config->reports.days_per_year == 252);
  REQUIRE(config->reports.schedules.size() == 2);
  const Schedule& daily = config->reports.schedules[0];
  CHECK(daily.every == Every::kDay);
  CHECK(daily.delay == 5min);
  CHECK(daily.formats ==
        std::vector<Format>{Format::kPdf, Format::kXlsx, Format::kCsv, Format::kJson});
  const Schedule& hourly = config->reports.schedules[1];
  CHECK(hourly.returns == Grid::kMinute);
  CHECK(hourly.formats == std::vector<Format>{Format::kPdf, Format::kJson});
}

TEST_CASE("Reporting's settings that make no sense are refused, all together") {
  const auto config = Load(R"(
reports:
  capital: {main/paper: -1}
  schedules:
    - {name: ../escape, every: day, account: main/paper}
    - {name: hourly, every: hour, delay: 55m, account: main/paper, formats: [doc]}
    - {name: hourly, every: fortnight, account: main/paper}
    - {name: x, every: day}
)");
  REQUIRE_FALSE(config.ok());
  const std::string message(config.status().message());
  for (const char* part : {"capital", "names a folder", "at most 50m", "pdf, xlsx, csv, json",
                           "hourly twice", "every", "account"}) {
    INFO(part);
    CHECK(message.find(part) != std::string::npos);
  }
}

}  // namespace
}  // namespace gannet::reporting
