// Rows of the store as the text PostgreSQL takes and gives: lines of COPY, array
// literals, fields of a result. Pure.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/text_id.h"
#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/market/money.h"
#include "libs/store/columns.h"

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

template <class T>
inline constexpr bool kIsTextId = false;
template <class Tag>
inline constexpr bool kIsTextId<base::TextId<Tag>> = true;

// Gives the columns of one field to `sink`: Text, Int, Numeric and Bool.
template <class Sink, class Value>
void GiveColumns(Sink& sink, const Value& value) {
  if constexpr (std::is_same_v<Value, std::string>) {
    sink.Text(value);
  } else if constexpr (kIsTextId<Value>) {
    sink.Text(value.text());
  } else if constexpr (std::is_same_v<Value, base::Time>) {
    sink.Int(base::UnixNanos(value));
  } else if constexpr (std::is_same_v<Value, base::Duration>) {
    sink.Int(value.count());
  } else if constexpr (std::is_same_v<Value, market::Money>) {
    sink.Numeric(value.units());
    sink.Int(value.scale());
  } else if constexpr (std::is_same_v<Value, market::EventId>) {
    sink.Int(static_cast<int64_t>(value.stream));
    sink.Int(static_cast<int64_t>(value.sequence));
  } else if constexpr (std::is_same_v<Value, bool>) {
    sink.Bool(value);
  } else {
    static_assert(std::is_integral_v<Value> || std::is_enum_v<Value>);
    sink.Int(static_cast<int64_t>(value));
  }
}
template <class Sink, class Row>
void GiveRow(Sink& sink, const Row& row) {
  Table<Row>::Fields(row, [&sink](const char*, const auto& value) { GiveColumns(sink, value); });
}

// Lines of COPY in text format.
class CopyLines {
 public:
  explicit CopyLines(std::string& out) : out_(out) {}
  void Text(std::string_view text);
  void Int(int64_t value) { AppendInt(Next(), value); }
  void Numeric(market::Int128 value) { AppendInt128(Next(), value); }
  void Bool(bool value) { Next() += value ? 't' : 'f'; }
  void EndRow() {
    out_ += '\n';
    first_ = true;
  }

 private:
  std::string& Next() {
    if (!std::exchange(first_, false)) out_ += '\t';
    return out_;
  }

  std::string& out_;
  bool first_ = true;
};

// The columns of several rows as array literals, for INSERT … SELECT FROM unnest(…):
// one round trip whatever the number of rows.
class ArrayColumns {
 public:
  void Text(std::string_view text);
  void Int(int64_t value) { AppendInt(Next(), value); }
  void Numeric(market::Int128 value) { AppendInt128(Next(), value); }
  void Bool(bool value) { Next() += value ? 't' : 'f'; }
  void EndRow() { column_ = 0; }
  // Complete literals, "{…}", one a column; none when there was no row.
  std::vector<std::string> Take();

 private:
  std::string& Next();

  std::vector<std::string> columns_;
  size_t column_ = 0;
};

// The PostgreSQL type of each column, as these literals are cast.
class ColumnTypes {
 public:
  void Text(std::string_view) { types.emplace_back("text"); }
  void Int(int64_t) { types.emplace_back("bigint"); }
  void Numeric(market::Int128) { types.emplace_back("numeric"); }
  void Bool(bool) { types.emplace_back("boolean"); }
  std::vector<std::string> types;
};

// The fields of one row of a result, read in the order of the columns. `next` gives
// the text of the next column. A field that is none leaves its value alone and an
// error in status().
template <class Next>
class RowReader {
 public:
  explicit RowReader(Next next) : next_(std::move(next)) {}
  const absl::Status& status() const { return status_; }

  void Read(std::string& value) { value = DecodeText(next_()); }
  template <class Tag>
  void Read(base::TextId<Tag>& id) {
    id = base::TextId<Tag>(DecodeText(next_()));
  }
  void Read(base::Time& time) { time = base::FromUnixNanos(Int()); }
  void Read(base::Duration& duration) { duration = base::Duration(Int()); }
  void Read(market::Money& amount) {
    const market::Int128 units = Numeric();
    const int64_t scale = Int();
    if (scale < 0 || scale > market::kMaxScale) {
      status_ = absl::DataLossError("a scale in the database is not one");
    } else {
      amount = market::Money(units, static_cast<int>(scale));
    }
  }
  void Read(market::EventId& id) {
    Read(id.stream);
    Read(id.sequence);
  }
  void Read(bool& value) { value = next_() == "t"; }
  template <std::integral Integer>
  void Read(Integer& value) {
    value = static_cast<Integer>(Int());
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void Read(Enum& value) {
    value = static_cast<Enum>(Int());
  }
  template <class Row>
  void ReadRow(Row& row) {
    Table<Row>::Fields(row, [this](const char*, auto& value) { this->Read(value); });
  }
  market::Int128 Numeric() { return Keep(ParseInt128(next_())); }

 private:
  int64_t Int() { return Keep(ParseInt64(next_())); }
  template <class T>
  T Keep(const absl::StatusOr<T>& value) {
    if (value.ok()) return *value;
    status_ = value.status();
    return T{0};
  }

  Next next_;
  absl::Status status_;
};

}  // namespace gannet::store
