// Rows of the store as the text PostgreSQL takes and gives: lines of COPY, array
// literals, numbers. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/market/money.h"
#include "libs/store/store.h"

namespace gannet::store {

// PostgreSQL's text is UTF-8 without NUL; ours may hold what a venue sent. What it
// cannot keep as it is becomes \xHH (and a backslash \\), reversibly.
std::string EncodeText(std::string_view text);
std::string DecodeText(std::string_view text);

void AppendInt(std::string& out, int64_t value);
void AppendInt128(std::string& out, market::Int128 value);
absl::StatusOr<int64_t> ParseInt64(std::string_view text);
// At most 38 digits.
absl::StatusOr<market::Int128> ParseInt128(std::string_view text);

// The line of one row in the order of the columns of gannet.fills, for COPY in text
// format.
void AppendCopyLine(std::string& out, const FillRow& row);

// Columns of several rows as array literals, for INSERT … SELECT FROM unnest(…):
// one round trip whatever the number of rows. Call the Add functions column by
// column for each row, in the same order.
class ArrayColumns {
 public:
  void BeginRow() { column_ = 0; }
  void Add(int64_t value);
  void Add(std::string_view text);
  void Add(const market::Money& amount);  // two columns
  void AddUnsigned(uint64_t value);       // as numeric, in its order
  // Complete literals, "{…}", one a column.
  std::vector<std::string> Take();

 private:
  std::string& Next();

  std::vector<std::string> columns_;
  size_t column_ = 0;
};

}  // namespace gannet::store
