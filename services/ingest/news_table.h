// Headlines in a table (libs/base/table_text.h) as JSON lines (news_items.h): a column is the key
// of its name, `news` a title. Which of day and month comes first in dates as 5-7-2022 the table
// tells where one of them is above 12, or writes dots; a date that stays in doubt is left out.
// Such a date is in UTC.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gannet::ingest {

// Whether a table with titles begins with this line.
bool IsNewsTable(std::string_view header);

struct NewsTableRow {
  size_t number;     // the header is row 1
  std::string line;  // for ParseNewsLine
};

struct NewsTable {
  std::vector<NewsTableRow> rows;
  uint64_t rejected = 0;      // with more or fewer cells than the header
  std::string first_problem;  // "row 3 has 2 cells, the header has 7"
};
NewsTable ReadNewsTable(std::string_view text);

}  // namespace gannet::ingest
