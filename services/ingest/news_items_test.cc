#include "services/ingest/news_items.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace gannet::ingest {
namespace {

const base::Time kNow = *base::ParseRfc3339("2024-05-01T12:00:00Z");

std::string Problem(const std::string& line) {
  const absl::StatusOr<NewsLine> parsed = ParseNewsLine(line, "file:x", kNow, {});
  REQUIRE_FALSE(parsed.ok());
  return std::string(parsed.status().message());
}

}  // namespace

TEST_CASE("ParseNewsLine reads an object with its aliases") {
  const absl::StatusOr<NewsLine> line = ParseNewsLine(
      R"({"headline":"Vault &amp; bridge","link":"https://N.example/a?utm_source=q","guid":"7","text":"<b>s</b>",)"
      R"("date":"2024-05-01T11:00:00+01:00","language":"en","more":[1,{"x":2}]})",
      "file:x", kNow, {});
  REQUIRE(line.ok());
  CHECK(line->item.title == "Vault & bridge");
  CHECK(line->item.url == "https://n.example/a");
  CHECK(line->item.source_id == "7");
  CHECK(line->item.summary == "s");
  CHECK(line->item.source == "file:x");
  CHECK(line->item.published_stated);
  CHECK(base::FormatTime(line->item.published).substr(0, 16) == "2024-05-01T10:00");
  CHECK(line->item.received == kNow);
}

TEST_CASE("ParseNewsLine refuses what it cannot believe") {
  CHECK(Problem("[1]") == "not a JSON object");
  CHECK(Problem("{\"title\":") == "not JSON");
  CHECK(Problem("{\"title\":\"\xFF\"}") == "not JSON");
  CHECK(Problem("{\"title\":7}") == "\"title\" must be text");
  CHECK(Problem("{\"summary\":\"s\"}") == "no title");
  CHECK(Problem("{\"title\":\"t\",\"published\":\"soon\"}") ==
        "\"published\" must be a date (RFC 3339)");
  CHECK(Problem("{\"title\":\"t\",\"published_ns\":1.5}") ==
        "\"published_ns\" must be an integer of nanoseconds");
  CHECK(Problem("{\"title\":\"t\",\"published_ns\":18446744073709551615}") ==
        "\"published_ns\" must be an integer of nanoseconds");
  CHECK(Problem("{\"title\":" + std::string(50, '[') + std::string(50, ']') + "}") ==
        "nested deeper than 16");
  CHECK(Problem("{\"title\":\"" + std::string(kMaxNewsLineBytes, 'x') + "\"}").substr(0, 11) ==
        "longer than");
}

TEST_CASE("ParseNewsLine takes no JSON Feed for a headline of its own title") {
  const auto line = ParseNewsLine(
      R"({"version":"https://jsonfeed.org/version/1.1","title":"Wire","items":[{"title":"t"}]})",
      "s", base::FromUnixMillis(1'700'000'000'000), {});
  CHECK(line.status().message().find("JSON Feed") != std::string::npos);
}

TEST_CASE("A published time after receipt is not believed") {
  const absl::StatusOr<NewsLine> line =
      ParseNewsLine(R"({"title":"t","published":"2030-01-01T00:00:00Z"})", "s", kNow, {});
  REQUIRE(line.ok());
  CHECK_FALSE(line->item.published_stated);
  CHECK(line->item.published == kNow);
}

TEST_CASE("FormatNewsLine gives what ParseNewsLine reads back") {
  market::NewsItem item;
  item.source = "rss:a";
  item.source_id = "id & <1>";
  item.url = "https://a.example/1?x=2";
  item.title = "a < b & \"c\" &amp; d – é";
  item.summary = "</p> &lt;i&gt;";
  item.language = "en-US";
  item.received = kNow;
  item.published = kNow - std::chrono::seconds(5);
  item.published_stated = true;
  const absl::StatusOr<NewsLine> read =
      ParseNewsLine(FormatNewsLine(item), "other", kNow + std::chrono::hours(1), {});
  REQUIRE(read.ok());
  CHECK(read->item == item);
}

TEST_CASE("ParseNewsLines counts bad lines and names the first") {
  const NewsLines lines =
      ParseNewsLines("{\"title\":\"a\"}\n\nnonsense\r\n{\"title\":\"b\"}\n{}", "s", kNow, {});
  CHECK(lines.lines.size() == 2);
  CHECK(lines.rejected == 2);
  CHECK(lines.first_problem == "line 3: not JSON");
}

}  // namespace gannet::ingest
