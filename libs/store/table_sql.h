// The columns of each table (columns.h) as SQL names them, for every store that
// speaks SQL.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "libs/store/columns.h"

namespace gannet::store {

// The columns of one field, in order.
template <class Value>
void AppendColumns(const std::string& name, std::vector<std::string>& out) {
  if constexpr (std::is_same_v<Value, market::EventId>) {
    const std::string prefix = name.empty() ? "" : name + "_";
    out.push_back(prefix + "stream");
    out.push_back(prefix + "sequence");
  } else if constexpr (std::is_same_v<Value, base::Time> || std::is_same_v<Value, base::Duration>) {
    out.push_back(name + "_ns");
  } else {
    out.push_back(name);
    if constexpr (std::is_same_v<Value, market::Money>) out.push_back(name + "_scale");
  }
}

// Quoted, since "end" is a word of SQL.
struct ColumnNames {
  std::vector<std::string> key, rest, all;
};
template <class Row>
ColumnNames ColumnsOf() {
  ColumnNames names;
  size_t index = 0;
  const Row row{};
  Table<Row>::Fields(row, [&](const char* name, const auto& value) {
    std::vector<std::string> columns;
    AppendColumns<std::decay_t<decltype(value)>>(name, columns);
    for (std::string& column : columns) {
      column = "\"" + column + "\"";
      (index < Table<Row>::kKeyFields ? names.key : names.rest).push_back(column);
      names.all.push_back(std::move(column));
    }
    ++index;
  });
  return names;
}

}  // namespace gannet::store
