#include "services/reporting/config.h"

#include <algorithm>
#include <set>

#include "libs/config/config.h"
#include "libs/runtime/postgres_config.h"

namespace gannet::reporting {
namespace {

constexpr config::Name<Every> kEvery[] = {
    {"hour", Every::kHour}, {"day", Every::kDay}, {"week", Every::kWeek}, {"month", Every::kMonth}};
constexpr config::Name<Grid> kGrids[] = {
    {"minute", Grid::kMinute}, {"hour", Grid::kHour}, {"day", Grid::kDay}};
constexpr size_t kMaxSchedules = 32;

// A name of a folder that needs no thought.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
}

std::optional<Format> FormatOf(const std::string& text) {
  if (text == "pdf") return Format::kPdf;
  if (text == "xlsx") return Format::kXlsx;
  if (text == "csv") return Format::kCsv;
  if (text == "json") return Format::kJson;
  return std::nullopt;
}

void ReadSchedule(config::Section& in, Schedule& out) {
  in.Required("name", out.name);
  if (!IsPlainName(out.name))
    in.Problem("name", "must be 1 to 64 of a-z, 0-9, - and _: it names a folder");
  in.Required("every", out.every, kEvery);
  in.Optional("delay", out.delay,
              config::Between(std::chrono::seconds(10), std::chrono::hours(12)));
  // An hour's report that came more than an hour late would meet the next one.
  if (out.every == Every::kHour && out.delay > std::chrono::minutes(50))
    in.Problem("delay", "must be at most 50m for a report of every hour");
  in.Required("account", out.account);
  in.Optional("returns", out.returns, kGrids);
  std::vector<std::string> formats = {"pdf", "xlsx", "csv", "json"};
  in.List("formats", formats, {.min = 0, .max = 4});
  for (const std::string& text : formats) {
    if (const auto format = FormatOf(text)) {
      out.formats.push_back(*format);
    } else {
      in.Problem("formats", "must be some of pdf, xlsx, csv, json");
    }
  }
}

void ReadReports(config::Section& in, ReportsConfig& out) {
  in.Optional("folder", out.folder);
  in.Map("capital", out.capital);
  for (const auto& [account, amount] : out.capital) {
    if (amount.units() <= 0) in.Problem("capital", "must be above zero for " + account);
  }
  config::Ppm risk_free{out.risk_free_ppm};
  in.Optional("risk_free", risk_free, config::Between(config::Ppm{0}, config::Ppm{1'000'000}));
  out.risk_free_ppm = risk_free.value;
  in.Optional("days_per_year", out.days_per_year, config::Between(1, 366));
  in.Items("schedules", out.schedules, ReadSchedule, {.min = 0, .max = kMaxSchedules});
  std::set<std::string> names;
  for (const Schedule& schedule : out.schedules) {
    if (!names.insert(schedule.name).second)
      in.Problem("schedules", "name " + schedule.name + " twice");
  }
}

void ReadStore(config::Section& in, StoreConfig& out) {
  in.OptionalSection("postgres", [&out](config::Section& postgres) {
    runtime::Read(postgres, out.postgres.emplace());
    out.postgres->program = "gannet-reporting";
  });
  in.Optional("writer", out.writer);
  if (out.writer.empty() || out.writer.size() > 100)
    in.Problem("writer", "name it in 1 to 100 characters");
  in.Optional("patience", out.patience,
              config::Between(std::chrono::seconds(0), std::chrono::hours(1)));
}

}  // namespace

void Apply(const ReportsConfig& config, ReportRequest& request) {
  request.risk_free_ppm = config.risk_free_ppm;
  request.days_per_year = config.days_per_year;
  const auto capital = config.capital.find(request.account.text());
  if (capital != config.capital.end()) request.capital = capital->second;
}

void Read(config::Section& in, ReportingConfig& out) {
  in.Optional("flush_every", out.flush_every,
              config::Between(std::chrono::milliseconds(10), std::chrono::minutes(1)));
  in.Optional("equity_every", out.equity_every,
              config::Between(std::chrono::seconds(1), std::chrono::hours(24)));
  in.OptionalSection("reports", out.reports, ReadReports);
  in.OptionalSection("store", out.store, ReadStore);
  in.OptionalSection("notify", out.notify, [](config::Section& s, auto& c) { notify::Read(s, c); });
}

}  // namespace gannet::reporting
