#include "apps/gannet/report_command.h"

#include <ostream>
#include <utility>

#include "apps/gannet/store_config.h"
#include "apps/gannet/trading_mode.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "services/reporting/open_store.h"
#include "services/reporting/report_files.h"
#include "services/reporting/report_model.h"

namespace gannet::app {
namespace {

constexpr base::Duration kDefaultPeriod = std::chrono::hours(24 * 30);

absl::Status Refuse(std::string_view option, std::string_view text, std::string_view expected) {
  return absl::InvalidArgumentError(base::Concat({option, ": '", text, "' is not ", expected}));
}

absl::StatusOr<base::Time> ParseTime(std::string_view option, const std::string& text) {
  const bool date = text.size() == 10;
  const auto time = base::ParseRfc3339(date ? text + "T00:00:00Z" : text);
  if (!time)
    return Refuse(option, text, "a date such as 2024-08-08 or a time such as 2024-08-08T23:54:13Z");
  return *time;
}

// A decimal with the digits that were written.
absl::StatusOr<market::Money> ParseAmount(std::string_view option, const std::string& text) {
  const size_t point = text.find('.');
  const int scale = point == std::string::npos
                        ? 0
                        : static_cast<int>(std::min<size_t>(text.size() - point - 1, 18));
  const auto units = market::ParseDecimal128(text, scale);
  if (!units) return Refuse(option, text, "an amount such as 100000 or 2500.50");
  return market::Money(*units, scale);
}

absl::StatusOr<int64_t> ParsePercentPpm(std::string_view option, const std::string& text) {
  const bool percent = text.ends_with('%');
  const auto units =
      percent ? market::ParseDecimal(text.substr(0, text.size() - 1), 4) : std::nullopt;
  if (!units || *units < 0 || *units > 1'000'000)
    return Refuse(option, text, "a rate from 0% to 100%, such as 4.25%");
  return *units;  // 1 % is 10,000 ppm
}

absl::StatusOr<reporting::Grid> ParseGrid(const std::string& text) {
  for (const auto grid :
       {reporting::Grid::kMinute, reporting::Grid::kHour, reporting::Grid::kDay}) {
    if (text == reporting::NameOf(grid)) return grid;
  }
  return Refuse("--returns", text, "one of day, hour, minute");
}

absl::StatusOr<std::vector<reporting::Format>> ParseFormats(const std::string& text) {
  using reporting::Format;
  if (text == "all")
    return std::vector<Format>(std::begin(reporting::kAllFormats),
                               std::end(reporting::kAllFormats));
  for (const auto& [name, format] :
       {std::pair("pdf", Format::kPdf), std::pair("xlsx", Format::kXlsx),
        std::pair("csv", Format::kCsv), std::pair("json", Format::kJson)}) {
    if (text == name) return std::vector<Format>{format};
  }
  return Refuse("--format", text, "one of pdf, xlsx, csv, json, all");
}

absl::Status ApplyFlags(const ReportOptions& options, reporting::ReportRequest& request) {
  GANNET_ASSIGN_OR_RETURN(request.risk_free_ppm, ParsePercentPpm("--risk-free", options.risk_free));
  if (!options.capital.empty()) {
    GANNET_ASSIGN_OR_RETURN(const market::Money capital, ParseAmount("--capital", options.capital));
    request.capital = capital;
  }
  request.days_per_year = options.days_per_year;
  return absl::OkStatus();
}

absl::StatusOr<reporting::ReportRequest> RequestOf(const ReportOptions& options, base::Time now) {
  reporting::ReportRequest request;
  request.account = market::AccountId(options.account);
  if (options.reports) {
    reporting::Apply(*options.reports, request);
  } else {
    GANNET_RETURN_IF_ERROR(ApplyFlags(options, request));
  }
  request.asset = market::AssetId(options.asset);
  request.to = now;
  if (!options.to.empty()) {
    GANNET_ASSIGN_OR_RETURN(request.to, ParseTime("--to", options.to));
  }
  request.from = request.to - kDefaultPeriod;
  if (!options.from.empty()) {
    GANNET_ASSIGN_OR_RETURN(request.from, ParseTime("--from", options.from));
  }
  GANNET_ASSIGN_OR_RETURN(request.grid, ParseGrid(options.returns));
  request.generated = now;
  request.build = options.build;
  return request;
}

absl::StatusOr<reporting::Report> ReportOf(const ReportOptions& options, base::Files& files,
                                           const base::Clock& clock) {
  GANNET_ASSIGN_OR_RETURN(auto request, RequestOf(options, clock.Now()));
  reporting::StoreConfig kept;
  if (options.store) kept = *options.store;
  if (!options.store_file.empty()) {
    GANNET_ASSIGN_OR_RETURN(kept, StoreOfConfig(options.store_file, files));
  }
  const std::string path = options.data_dir + "/reports.db";
  if (!kept.postgres && !files.Exists(path)) {
    return absl::NotFoundError(base::Concat(
        {path,
         " is not there: nothing has been recorded in this folder; name another with --data, "
         "or let `gannet run` trade first"}));
  }
  GANNET_ASSIGN_OR_RETURN(request.trading,
                          TradingModeIn(files, options.data_dir, request.from, request.to));
  GANNET_ASSIGN_OR_RETURN(
      const auto store,
      reporting::OpenStore(files, clock, kept, options.data_dir, reporting::StoreUse::kRead));
  return reporting::BuildReport(*store, request);
}

}  // namespace

absl::Status WriteAccountReport(const ReportOptions& options, base::Files& files,
                                const base::Clock& clock, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const auto formats, ParseFormats(options.format));
  GANNET_ASSIGN_OR_RETURN(const reporting::Report report, ReportOf(options, files, clock));
  GANNET_ASSIGN_OR_RETURN(const auto written,
                          reporting::WriteReport(report, formats, files, options.out_folder));
  for (const std::string& note : report.notes) out << "note: " << note << "\n";
  for (const std::string& name : written) out << name << "\n";
  return absl::OkStatus();
}

absl::StatusOr<std::string> AccountReportBytes(const ReportOptions& options, base::Files& files,
                                               const base::Clock& clock) {
  GANNET_ASSIGN_OR_RETURN(const reporting::Report report, ReportOf(options, files, clock));
  if (options.format == "pdf") return reporting::PdfBytes(report);
  if (options.format == "xlsx")
    return reporting::XlsxBytes(report, files, options.data_dir + "/reports-made");
  if (options.format == "json") return reporting::JsonBytes(report);
  return Refuse("format", options.format, "one of pdf, xlsx, json");
}

}  // namespace gannet::app
