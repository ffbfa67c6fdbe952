// The statements of PostgresStore, made from columns.h. Columns are always named, so
// that a newer schema may add some.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/store/postgres_connection.h"
#include "libs/store/postgres_rows.h"
#include "libs/store/table_sql.h"

namespace gannet::store {

template <class Row>
std::string QualifiedName() {
  return absl::StrCat("gannet.", Table<Row>::kName);
}

// "unnest($1::bigint[], $2::text[] …)"
template <class Row>
std::string UnnestText() {
  ColumnTypes types;
  GiveRow(types, Row{});
  std::vector<std::string> parameters;
  for (const std::string& type : types.types)
    parameters.push_back(absl::StrCat("$", parameters.size() + 1, "::", type, "[]"));
  return absl::StrCat("unnest(", absl::StrJoin(parameters, ", "), ")");
}

// Inserts the rows of array columns; what becomes of those that are there: kOnRepeat.
template <class Row>
const PreparedStatement& InsertOf() {
  static const PreparedStatement statement = [] {
    const ColumnNames names = ColumnsOf<Row>();
    std::vector<std::string> changes;
    for (const std::string& name : names.rest) {
      changes.push_back(Table<Row>::kOnRepeat == OnRepeat::kAdd
                            ? absl::StrCat(name, " = t.", name, " + excluded.", name)
                            : absl::StrCat(name, " = excluded.", name));
    }
    return PreparedStatement{
        absl::StrCat("insert_", Table<Row>::kName),
        absl::StrCat("INSERT INTO ", QualifiedName<Row>(), " AS t (",
                     absl::StrJoin(names.all, ", "), ") SELECT * FROM ", UnnestText<Row>(),
                     " ON CONFLICT (", absl::StrJoin(names.key, ", "), ") DO ",
                     Table<Row>::kOnRepeat == OnRepeat::kKeep
                         ? "NOTHING"
                         : absl::StrCat("UPDATE SET ", absl::StrJoin(changes, ", ")))};
  }();
  return statement;
}

template <class Row>
std::string SelectText() {
  return absl::StrCat("SELECT ", absl::StrJoin(ColumnsOf<Row>().all, ", "), " FROM ",
                      QualifiedName<Row>());
}

// Fills that may be there already, in whatever month.
inline const PreparedStatement& InsertMissingFills() {
  static const PreparedStatement statement = [] {
    const std::string columns = absl::StrJoin(ColumnsOf<FillRow>().all, ", ");
    return PreparedStatement{
        "insert_missing_fills",
        absl::StrCat("INSERT INTO gannet.fills (", columns, ") SELECT * FROM ",
                     UnnestText<FillRow>(), " AS r (", columns,
                     ") WHERE NOT EXISTS (SELECT FROM gannet.fills f "
                     "WHERE f.stream = r.stream AND f.sequence = r.sequence)")};
  }();
  return statement;
}

template <class Row>
const std::string& CopyText() {
  static const std::string text =
      absl::StrCat("COPY ", QualifiedName<Row>(), " (", absl::StrJoin(ColumnsOf<Row>().all, ", "),
                   ") FROM STDIN");
  return text;
}

// A new writer takes its name over, and waits here for a transaction of the one
// before it that the server has not finished.
inline const PreparedStatement kClaimWriter = {
    "claim_writer",
    "INSERT INTO gannet.writers (name, writer, batch, written_at) VALUES ($1, $2, 0, now()) "
    "ON CONFLICT (name) DO UPDATE SET writer = excluded.writer, batch = 0, "
    "written_at = excluded.written_at"};
// Changed first in each transaction: a second attempt waits here for a first one
// that the server has not finished, and then sees what became of it.
inline const PreparedStatement kMarkWriter = {
    "mark_writer",
    "UPDATE gannet.writers SET batch = $3, written_at = now() "
    "WHERE name = $1 AND writer = $2 AND batch < $3"};
inline const PreparedStatement kReadWriter = {
    "read_writer", "SELECT writer = $2 FROM gannet.writers WHERE name = $1"};

inline const PreparedStatement kRaiseStream = {
    "raise_stream",
    "INSERT INTO gannet.fill_streams AS s (stream, sequence, previous) VALUES ($1, $2, -1) "
    "ON CONFLICT (stream) DO UPDATE SET previous = s.sequence, "
    "sequence = GREATEST(s.sequence, excluded.sequence) RETURNING previous"};

inline const PreparedStatement kRaiseHighWater = {
    "raise_high_water",
    "INSERT INTO gannet.high_water AS h (stream, sequence) "
    "SELECT * FROM unnest($1::numeric[], $2::numeric[]) "
    "ON CONFLICT (stream) DO UPDATE SET sequence = GREATEST(h.sequence, excluded.sequence)"};

}  // namespace gannet::store
