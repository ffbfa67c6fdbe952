#include "services/reporting/report_files.h"

#include <algorithm>

#include "libs/base/status.h"

namespace gannet::reporting {

absl::StatusOr<std::vector<std::string>> WriteReport(const Report& report,
                                                     const std::vector<Format>& formats,
                                                     base::Files& files,
                                                     const std::string& folder) {
  GANNET_RETURN_IF_ERROR(files.MakeDirs(folder));
  std::vector<std::string> written;
  const auto write = [&](const std::string& name, const std::string& bytes) {
    written.push_back(folder + "/" + name);
    return files.WriteAtomically(written.back(), bytes);
  };
  const auto wants = [&](Format format) {
    return std::find(formats.begin(), formats.end(), format) != formats.end();
  };
  if (wants(Format::kPdf)) {
    GANNET_ASSIGN_OR_RETURN(const std::string bytes, PdfBytes(report));
    GANNET_RETURN_IF_ERROR(write("report.pdf", bytes));
  }
  if (wants(Format::kXlsx)) {
    GANNET_ASSIGN_OR_RETURN(const std::string bytes, XlsxBytes(report, files, folder));
    GANNET_RETURN_IF_ERROR(write("report.xlsx", bytes));
  }
  if (wants(Format::kJson)) GANNET_RETURN_IF_ERROR(write("report.json", JsonBytes(report)));
  if (wants(Format::kCsv)) {
    GANNET_RETURN_IF_ERROR(files.MakeDirs(folder + "/csv"));
    for (const auto& [name, bytes] : CsvFiles(report))
      GANNET_RETURN_IF_ERROR(write("csv/" + name, bytes));
  }
  return written;
}

ReportWriter WriterOf(base::Files& files) {
  return
      [&files](const Report& report, const std::vector<Format>& formats,
               const std::string& folder) { return WriteReport(report, formats, files, folder); };
}

}  // namespace gannet::reporting
