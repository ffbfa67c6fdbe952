#include "services/ingest/news_table.h"

#include <catch2/catch_test_macros.hpp>

#include "services/ingest/news_items.h"

namespace gannet::ingest {
namespace {

const base::Time kReceived = base::FromUnixMillis(1'900'000'000'000);

NewsLine Item(const NewsTable& table, size_t row) {
  REQUIRE(table.rows.size() > row);
  const auto line = ParseNewsLine(table.rows[row].line, "table", kReceived, {});
  REQUIRE(line.ok());
  return *line;
}

TEST_CASE("A table of headlines is one whose columns name a title") {
  CHECK(IsNewsTable("date;sentiment;source;subject;text;title;url"));
  CHECK(IsNewsTable("\xEF\xBB\xBFid,date,news,label"));
  CHECK_FALSE(IsNewsTable("title"));
  CHECK_FALSE(IsNewsTable("time,price,quantity"));
  CHECK_FALSE(IsNewsTable("some words, and others"));
}

TEST_CASE("Rows of a table are headlines, quotes, ragged rows and empty titles told apart") {
  const NewsTable table = ReadNewsTable(
      "date;text;title;url\n"
      "2022-07-05T04:24:00Z;A summary;\"Bitcoin; and \"\"more\"\"\nof it\";https://e.org/a\n"
      "2022-07-05T04:25:00Z;short\n"
      "\n"
      ";No title;;https://e.org/b\n");
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rejected == 1);
  CHECK(table.first_problem == "row 3 has 2 cells, the header has 4");
  const NewsLine first = Item(table, 0);
  CHECK(first.item.title == "Bitcoin; and \"more\" of it");
  CHECK(first.item.summary == "A summary");
  CHECK(first.item.url == "https://e.org/a");
  CHECK(base::FormatTime(first.item.published).starts_with("2022-07-05T04:24:00"));
  CHECK(table.rows[1].number == 5);
  CHECK_FALSE(ParseNewsLine(table.rows[1].line, "table", kReceived, {}).ok());
}

TEST_CASE("Whether day or month comes first the table tells, or the date is not stated") {
  const auto published = [](const std::string& dates) {
    const NewsTable table = ReadNewsTable("news,date\n" + dates);
    const NewsLine line = Item(table, 0);
    return line.item.published_stated ? base::FormatTime(line.item.published).substr(0, 16)
                                      : "none";
  };
  CHECK(published("a,5-7-2022 04:24\nb,13-7-2022 00:00\n") == "2022-07-05T04:24");
  CHECK(published("a,5/7/2022 04:24:59\nb,7/13/2022 00:00\n") == "2022-05-07T04:24");
  CHECK(published("a,5.7.2022\n") == "2022-07-05T00:00");
  CHECK(published("a,5-7-2022 04:24\n") == "none");
  CHECK(published("a,5-7-2022\nb,13-7-2022\nc,7-13-2022\n") == "none");
  CHECK(published("a,2021-10-30\n") == "2021-10-30T00:00");
}

}  // namespace
}  // namespace gannet::ingest
