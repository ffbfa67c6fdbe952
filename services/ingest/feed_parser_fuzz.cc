// libFuzzer: any bytes as a feed, as JSON lines, and as HTML. Build with clang:
// `cmake --preset clang && ninja -C build/clang gannet_feed_parser_fuzz`.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/check.h"
#include "services/ingest/feed_html.h"
#include "services/ingest/feed_parser.h"
#include "services/ingest/feed_text.h"
#include "services/ingest/feed_url.h"
#include "services/ingest/news_items.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gannet::ingest;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const FeedLimits limits{.max_bytes = 1u << 20, .max_entries = 100};
  const absl::StatusOr<Feed> feed = ParseFeed(bytes, {.url = "https://news.example/rss"}, limits);
  if (feed.ok()) {
    GANNET_CHECK(feed->entries.size() <= limits.max_entries, "more entries than the limit");
    for (const FeedEntry& entry : feed->entries) {
      GANNET_CHECK(IsValidUtf8(entry.title) && entry.title.size() <= limits.max_title_bytes,
                   "a title out of bounds");
      GANNET_CHECK(entry.url == CanonicalUrl(entry.url), "a canonical address is a fixed point");
    }
  }
  const NewsLines lines = ParseNewsLines(bytes, "fuzz", {}, limits);
  for (const NewsLine& line : lines.lines)
    GANNET_CHECK(!line.item.title.empty(), "an item without a title");
  GANNET_CHECK(IsValidUtf8(HtmlToText(bytes, 256)), "text that is no UTF-8");
  return 0;
}
