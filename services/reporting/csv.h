// Fields and lines of CSV files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gannet::reporting {

// RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe in
// front; numbers are left alone.
std::string CsvField(std::string_view text);
// With the line's end (CR LF).
std::string CsvLine(const std::vector<std::string>& fields);

}  // namespace gannet::reporting
