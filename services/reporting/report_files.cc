#include "services/reporting/report_files.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::reporting {

absl::StatusOr<std::vector<std::string>> WriteReport(const Report& report,
                                                     const std::vector<Format>& formats,
                                                     base::Files& files,
                                                     const std::string& folder) {
  GANNET_RETURN_IF_ERROR(files.MakeDirs(folder));
  std::vector<std::string> written;
  absl::Status failed;
  const auto write = [&](const std::string& name, const absl::StatusOr<std::string>& bytes) {
    const std::string path = folder + "/" + name;
    const absl::Status status = bytes.ok() ? files.WriteAtomically(path, *bytes) : bytes.status();
    if (status.ok()) written.push_back(path);
    failed.Update(status);
  };
  const auto wants = [&](Format format) {
    return std::find(formats.begin(), formats.end(), format) != formats.end();
  };
  if (wants(Format::kPdf)) write("report.pdf", PdfBytes(report));
  if (wants(Format::kXlsx)) write("report.xlsx", XlsxBytes(report, files, folder));
  if (wants(Format::kJson)) write("report.json", JsonBytes(report));
  if (wants(Format::kCsv)) {
    failed.Update(files.MakeDirs(folder + "/csv"));
    for (const auto& [name, bytes] : CsvFiles(report)) write("csv/" + name, bytes);
  }
  if (failed.ok()) return written;
  if (written.empty()) return failed;
  return absl::Status(failed.code(),
                      absl::StrCat(failed.message(), "; the other formats are in ", folder));
}

ReportWriter WriterOf(base::Files& files) {
  return
      [&files](const Report& report, const std::vector<Format>& formats,
               const std::string& folder) { return WriteReport(report, formats, files, folder); };
}

}  // namespace gannet::reporting
