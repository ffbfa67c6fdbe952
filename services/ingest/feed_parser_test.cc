#include "services/ingest/feed_parser.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/property_suite.h"
#include "services/ingest/feed_dates.h"
#include "services/ingest/feed_html.h"
#include "services/ingest/feed_text.h"
#include "services/ingest/feed_url.h"

namespace gannet::ingest {
namespace {

using namespace std::string_literals;

Feed MustParse(const std::string& bytes, FeedContext context = {}) {
  absl::StatusOr<Feed> feed = ParseFeed(bytes, context, {});
  INFO(feed.status());
  REQUIRE(feed.ok());
  return *std::move(feed);
}

std::string Refusal(const std::string& bytes, const FeedLimits& limits = {}) {
  const absl::StatusOr<Feed> feed = ParseFeed(bytes, {}, limits);
  REQUIRE_FALSE(feed.ok());
  return std::string(feed.status().message());
}

std::string Time(const std::optional<base::Time>& time) {
  return time ? base::FormatTime(*time).substr(0, 19) : "none";
}

std::string Rss(const std::string& item) {
  return "<?xml version='1.0'?><rss version='2.0'><channel><title>Wire</title>"
         "<link>https://news.example/</link>" +
         item + "</channel></rss>";
}

// ASCII as UTF-16 or UTF-32.
std::string Wide(const std::string& text, size_t width, bool big_endian) {
  std::string out;
  for (const char c : text) {
    std::string unit(width, '\0');
    unit[big_endian ? width - 1 : 0] = c;
    out += unit;
  }
  return out;
}

}  // namespace

TEST_CASE("ParseFeed reads an RSS 2.0 item") {
  const Feed feed = MustParse(
      Rss("<item><title>Bridge &amp;amp; vault</title><link>/a?utm_source=x&amp;id=7#top</link>"
          "<guid isPermaLink='false'>n-1</guid><pubDate>Fri, 05 Jan 2024 10:00:00 -0500</pubDate>"
          "<description>&lt;p&gt;Funds "
          "&lt;b&gt;moved&lt;/b&gt;.&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;</description></"
          "item>"),
      {.url = "https://news.example/rss.xml"});
  CHECK(feed.version == "rss20");
  CHECK(feed.title == "Wire");
  CHECK_FALSE(feed.repaired);
  REQUIRE(feed.entries.size() == 1);
  const FeedEntry& entry = feed.entries[0];
  CHECK(entry.title == "Bridge & vault");
  CHECK(entry.link == "https://news.example/a?utm_source=x&id=7#top");
  CHECK(entry.url == "https://news.example/a?id=7");
  CHECK(entry.id == "n-1");
  CHECK(entry.summary == "Funds moved.");
  CHECK(Time(entry.published) == "2024-01-05T15:00:00");
}

TEST_CASE("ParseFeed reads Atom with xhtml content and inherited base and language") {
  const Feed feed = MustParse(
      "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en' xml:base='https://a.example/x/'>"
      "<title type='html'>A &lt;i&gt;b&lt;/i&gt;</title><updated>2024-02-01T00:00:00Z</updated>"
      "<entry><id>tag:a,1</id><title>AT&amp;T &lt; 5</title><link rel='self' href='s'/><link "
      "href='p'/>"
      "<published>2024-02-01T01:02:03.5+01:00</published><updated>2024-02-02T00:00:00Z</updated>"
      "<content type='xhtml'><div "
      "xmlns='http://www.w3.org/1999/xhtml'><p>one</p><p>two</p></div></content></entry></feed>");
  CHECK(feed.version == "atom10");
  CHECK(feed.title == "A b");
  REQUIRE(feed.entries.size() == 1);
  const FeedEntry& entry = feed.entries[0];
  CHECK(entry.title == "AT&T < 5");
  CHECK(entry.link == "https://a.example/x/p");
  CHECK(entry.summary == "one two");
  CHECK(entry.language == "en");
  CHECK(Time(entry.published) == "2024-02-01T00:02:03");
  CHECK(Time(entry.updated) == "2024-02-02T00:00:00");
}

TEST_CASE("ParseFeed reads RDF items beside the channel") {
  const Feed feed = MustParse(
      "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "
      "xmlns='http://purl.org/rss/1.0/' "
      "xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><title>R</title></channel>"
      "<item rdf:about='https://r.example/1'><title>t</title><link>https://r.example/1</link>"
      "<dc:date>2024-03-04T05:06Z</dc:date></item></rdf:RDF>");
  CHECK(feed.version == "rss10");
  REQUIRE(feed.entries.size() == 1);
  CHECK(feed.entries[0].id == "https://r.example/1");
  CHECK(Time(feed.entries[0].updated) == "2024-03-04T05:06:00");
}

TEST_CASE("ParseFeed decodes by mark, header, declaration and shape") {
  const std::string item = Rss("<item><title>plain</title></item>");
  CHECK(MustParse("\xEF\xBB\xBF" + item).entries[0].title == "plain");
  CHECK(MustParse("\xFF\xFE"s + Wide(item, 2, false)).encoding == "utf-16le");
  CHECK(MustParse(Wide(item, 2, true)).entries[0].title == "plain");
  CHECK(MustParse("\x00\x00\xFE\xFF"s + Wide(item, 4, true)).encoding == "utf-32be");
  const std::string latin =
      "<?xml version='1.0' encoding='iso-8859-1'?><rss version='2.0'><channel><item><title>caf\xE9 "
      "\x93q\x94"
      "</title></item></channel></rss>";
  CHECK(MustParse(latin).entries[0].title == "café “q”");
  // The header is believed before the declaration.
  CHECK(MustParse(latin, {.content_type = "text/xml; charset=\"Windows-1252\""}).encoding ==
        "windows-1252");
  // Bytes that are not the UTF-8 they claim to be.
  const Feed wrong = MustParse(Rss("<item><title>caf\xE9</title></item>"));
  CHECK(wrong.entries[0].title == "café");
  CHECK(wrong.repaired);
  // Windows-1252 characters that came through Latin-1 as controls.
  CHECK(MustParse(Rss("<item><title>it\xC2\x92s &#150; ok</title></item>")).entries[0].title ==
        "it’s – ok");
}

TEST_CASE("ParseFeed names a charset that it does not know") {
  const std::string bytes =
      "<?xml version='1.0' "
      "encoding='shift_jis'?><rss><channel><item><title>\x83\x65</title></item></channel></rss>";
  CHECK(Refusal(bytes).find("charset \"shift_jis\" is not supported") != std::string::npos);
}

TEST_CASE("ParseFeed refuses what entities can be abused for") {
  const auto with = [](const std::string& subset) {
    return "<!DOCTYPE rss [" + subset +
           "]><rss version='2.0'><channel><item><title>&a;</title></item></channel></rss>";
  };
  CHECK(Refusal(with("<!ENTITY b 'x'><!ENTITY a '&b;&b;'>")).find("made of entities") !=
        std::string::npos);
  CHECK(Refusal(with("<!ENTITY a SYSTEM 'file:///etc/passwd'>")).find("external entity") !=
        std::string::npos);
  CHECK(Refusal(with("<!ENTITY % a 'x'>")).find("parameter entity") != std::string::npos);
  CHECK(Refusal(with("<!ENTITY a '" + std::string(1000, 'x') + "'>")).find("too long") !=
        std::string::npos);
  std::string many =
      "<!DOCTYPE rss [<!ENTITY a '" + std::string(250, 'x') + "'>]><rss version='2.0'><channel>";
  for (int i = 0; i < 3000; ++i) many += "&a;";
  CHECK(Refusal(many + "</channel></rss>").find("grow") != std::string::npos);
  CHECK(MustParse(with("<!ENTITY a 'plain'>")).entries[0].title == "plain");
}

TEST_CASE("ParseFeed repairs what leaves no doubt and says so") {
  const Feed open = MustParse(
      "<rss version='2.0'><channel><item><title>A & B "
      "&nbsp;C</title><description>x<br>y</description></channel>");
  CHECK(open.repaired);
  REQUIRE(open.entries.size() == 1);
  CHECK(open.entries[0].title == "A & B C");
  CHECK(open.entries[0].summary == "x y");
  const Feed crossed = MustParse(
      "<rss><channel><item><title>one</b></title><link>https://x.example/1</link></item>"
      "<item><title>two < three</title></channel></rss>");
  REQUIRE(crossed.entries.size() == 2);
  CHECK(crossed.entries[0].title == "one");
  CHECK(crossed.entries[1].title == "two < three");
}

TEST_CASE("ParseFeed leaves out the item in which a document ends") {
  const std::string whole =
      Rss("<item><title>SEC sues for 15 million</title><pubDate>Fri, 05 Jan 2024 10:00:00 "
          "GMT</pubDate></item>"
          "<item><title>Bank pays 25 million</title><description>The &lt;b&gt;bank</description>"
          "<pubDate>Fri, 05 Jan 2024 11:00:00 GMT</pubDate></item>");
  const size_t second = whole.rfind("<item>"), end = whole.rfind("</item>");
  CHECK(MustParse(whole).entries_cut == 0);
  for (size_t size = second + 6; size < end; ++size) {
    INFO(whole.substr(0, size));
    const Feed feed = MustParse(whole.substr(0, size));
    REQUIRE(feed.entries.size() == 1);
    CHECK(feed.entries[0].title == "SEC sues for 15 million");
    CHECK(feed.entries_cut == 1);
    CHECK(feed.repaired);
  }
  // Behind an item nothing of it is lost.
  const Feed closed = MustParse(whole.substr(0, end + 7));
  CHECK(closed.entries.size() == 2);
  CHECK(closed.entries_cut == 0);
  CHECK(MustParse("<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>whole</title></entry>"
                  "<entry><title>ha")
            .entries.size() == 1);
}

TEST_CASE("ParseFeed keeps its limits") {
  CHECK(Refusal(std::string(100, 'x'), {.max_bytes = 50}).find("more than the limit of 50") !=
        std::string::npos);
  CHECK(Refusal("").find("empty") != std::string::npos);
  CHECK(Refusal("<html><body>hello</body></html>").find("not a feed") != std::string::npos);
  CHECK(Refusal("just words").find("beyond repair") != std::string::npos);
  std::string deep = "<rss version='2.0'><channel>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  CHECK(Refusal(deep).find("nested deeper than") != std::string::npos);
  std::string many = "<rss version='2.0'><channel>";
  for (int i = 0; i < 12; ++i) many += "<item><title>t</title></item>";
  const absl::StatusOr<Feed> feed = ParseFeed(many + "</channel></rss>", {}, {.max_entries = 10});
  REQUIRE(feed.ok());
  CHECK(feed->entries.size() == 10);
  CHECK(feed->entries_dropped == 2);
  const Feed lengthy = MustParse(Rss("<item><guid>" + std::string(5000, 'g') + "</guid><title>" +
                                     std::string(5000, 't') + "</title></item>"));
  CHECK(lengthy.entries[0].title.size() == 1024);
  CHECK(lengthy.entries[0].id.substr(0, 7) == "sha256:");
}

TEST_CASE("HtmlToText drops what is not read and keeps what is") {
  CHECK(HtmlToText("a<script>evil()</script>b", 100) == "ab");
  CHECK(HtmlToText("<p>a</p><p>b</p>", 100) == "a b");
  CHECK(HtmlToText("a<b>b</b>c", 100) == "abc");
  CHECK(HtmlToText("1 < 2 && 3 > 2", 100) == "1 < 2 && 3 > 2");
  CHECK(HtmlToText("x <!-- no --> y", 100) == "x y");
  CHECK(HtmlToText("<a title='a > b'>t</a>", 100) == "t");
  CHECK(HtmlToText("&eacute;&#233;&#xE9;&bogus; &copy", 100) == "ééé&bogus; &copy");
  CHECK(HtmlToText("<style>p{}</style", 100).empty());
  CHECK(HtmlToText("left\xE2\x80\xAEright", 100) == "leftright");
  CHECK(HtmlToText("a\uFDD0b\uFDEFc\U0001FFFE&#xFDD0;&#x10FFFF;d", 100) == "abcd");
  CHECK(HtmlToText("caf\xC3\xA9", 4) == "caf");
}

TEST_CASE("ParseFeedDate reads what leaves no doubt and refuses the rest") {
  const auto read = [](const char* text) {
    const std::optional<FeedDate> date = ParseFeedDate(text);
    return date ? base::FormatTime(date->time).substr(0, 19) +
                      (date->strict ? " strict" : " lenient")
                : "none"s;
  };
  CHECK(read("Sat, 07 Sep 2002 00:00:01 GMT") == "2002-09-07T00:00:01 strict");
  CHECK(read("2003-12-13T18:30:02.25Z") == "2003-12-13T18:30:02 strict");
  CHECK(read("31 Dec 99 23:59:59 +0000") == "1999-12-31T23:59:59 lenient");
  CHECK(read("5 Jan 24 10:00 PST") == "2024-01-05T18:00:00 lenient");
  CHECK(read("Thu, 04 Jan 2024") == "2024-01-04T00:00:00 lenient");
  CHECK(read("2024-01") == "2024-01-01T00:00:00 lenient");
  CHECK(read("Thu Jan  4 10:11:12 2024") == "2024-01-04T10:11:12 lenient");
  CHECK(read("January 4, 2024 3:05 pm") == "2024-01-04T15:05:00 lenient");
  CHECK(read("04-Jan-2024 10:11 UTC") == "2024-01-04T10:11:00 lenient");
  for (const char* bad : {"", "yesterday", "31 Jun 2006 10:00 GMT", "2024-13-01",
                          "2024-01-01T25:00:00Z", "12/13/2024", "Thu, 04 Jan",
                          "04 Jan 2024 10:61 GMT", "04 Jan 2024 10:00 XYZT", "99999-01-01"}) {
    INFO(bad);
    CHECK(read(bad) == "none");
  }
}

TEST_CASE("CanonicalUrl brings an address to one form") {
  CHECK(CanonicalUrl("HTTPS://User:pw@News.Example:443/a/../b?utm_medium=rss&q=1&fbclid=z#frag") ==
        "https://news.example/b?q=1");
  CHECK(CanonicalUrl("http://news.example") == "http://news.example/");
  CHECK(CanonicalUrl("https://news.example/caf\xC3\xA9 x") == "https://news.example/caf%C3%A9%20x");
  for (const char* bad : {"javascript:alert(1)", "data:text/html,x", "/relative", "https://",
                          "https://a b/", "ftp://x/", "https://caf\xC3\xA9.example/"}) {
    INFO(bad);
    CHECK(CanonicalUrl(bad).empty());
  }
  CHECK(ResolveUrl("../c?x=1", "https://a.example/x/y/z?q") == "https://a.example/x/c?x=1");
  CHECK(ResolveUrl("//b.example/p", "https://a.example/") == "https://b.example/p");
  CHECK(ResolveUrl("mailto:a@b", "https://a.example/") == "mailto:a@b");
}

TEST_CASE("Feed functions take any bytes") {
  CHECK(base::Holds("ParseFeed takes any bytes", [](const std::string& bytes) {
    const absl::StatusOr<Feed> feed = ParseFeed("<rss><channel><item><title>" + bytes, {}, {});
    RC_ASSERT(!feed.ok() || feed->entries.size() <= 1);
  }));
  CHECK(base::Holds("HtmlToText gives valid UTF-8 within its limit", [](const std::string& bytes) {
    const std::string text = HtmlToText("<p " + bytes + "&#" + bytes, 64);
    RC_ASSERT(IsValidUtf8(text));
    RC_ASSERT(text.size() <= 64u);
  }));
  CHECK(base::Holds("CanonicalUrl is a fixed point", [](const std::string& bytes) {
    for (const char* start : {"https://h.example/", "http://"}) {
      const std::string url = CanonicalUrl(start + bytes);
      RC_ASSERT(CanonicalUrl(url) == url);
    }
  }));
  CHECK(base::Holds("ParseFeedDate takes any bytes", [](const std::string& bytes) {
    const std::optional<FeedDate> date = ParseFeedDate("Thu, 0" + bytes);
    RC_ASSERT(!date || date->time.time_since_epoch().count() != 0 || bytes.size() > 1);
  }));
}

}  // namespace gannet::ingest
