// A report as files: PDF to read, XLSX to go on calculating, CSV and JSON for
// programs. The same values in each: exact decimals in CSV and JSON, numbers with
// fifteen digits in XLSX (what a spreadsheet keeps), rounded to two digits in PDF.
//
// Each writer is a pure function of the report; equal reports give equal bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "services/reporting/report_model.h"
#include "services/reporting/report_scheduler.h"

namespace gannet::reporting {

inline constexpr Format kAllFormats[] = {Format::kPdf, Format::kXlsx, Format::kCsv, Format::kJson};

// Writes into `folder`, which is made: report.pdf, report.xlsx, report.json, and
// csv/ with a file a table beside figures.csv and notes.csv. Gives the paths
// written, in that order. Each file appears whole or not at all; where one cannot be
// written, the others are, and the first failure is given.
absl::StatusOr<std::vector<std::string>> WriteReport(const Report& report,
                                                     const std::vector<Format>& formats,
                                                     base::Files& files, const std::string& folder);

// WriteReport for a scheduler. `files` outlives it.
ReportWriter WriterOf(base::Files& files);

std::string JsonBytes(const Report& report);
// Name and content of each file.
std::vector<std::pair<std::string, std::string>> CsvFiles(const Report& report);
// `scratch`: a folder of the real file system for the library's temporary files.
absl::StatusOr<std::string> XlsxBytes(const Report& report, base::Files& files,
                                      const std::string& scratch);
absl::StatusOr<std::string> PdfBytes(const Report& report);

// Rows of one table in the PDF; the rest is said to be in the other files.
inline constexpr size_t kMaxPdfRows = 20'000;
// Rows of a worksheet that Excel can open, less its head and foot.
inline constexpr size_t kMaxXlsxRows = 1'048'000;

}  // namespace gannet::reporting
