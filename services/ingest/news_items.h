// Feed entries and JSON lines as items of news.raw.
//
// A JSON line is one object:
//   title      text, required (alias: headline)
//   id         the source's own id (aliases: guid, source_id); else the URL, else a hash of title
//   and time url        (alias: link) summary    (aliases: description, text) source     replaces
//   the name of the source that read the line language   RFC 5646 published  RFC 3339 or RFC 822
//   text (aliases: published_at, pubDate, date), or published_ns, an integer received   the same
//   forms; used by replay only
// Unknown keys pass. A value of the wrong type rejects the line.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/news.h"
#include "services/ingest/feed_parser.h"

namespace gannet::ingest {

inline constexpr size_t kMaxNewsLineBytes = 256u << 10;

// `published` is believed unless it lies after `received`.
market::NewsItem ToNewsItem(const FeedEntry& entry, std::string_view source, base::Time received);

struct NewsLine {
  market::NewsItem item;
  bool received_stated = false;  // item.received came from the line
};

// INVALID_ARGUMENT: no object, no title, a value of the wrong type, too long.
absl::StatusOr<NewsLine> ParseNewsLine(std::string_view line, std::string_view source,
                                       base::Time received, const FeedLimits& limits);

// A line that ParseNewsLine reads back as the same item.
std::string FormatNewsLine(const market::NewsItem& item);

struct NewsLines {
  std::vector<NewsLine> lines;
  uint64_t rejected = 0;
  std::string first_problem;  // "line 3: no title"
};
// One object a line; blank lines pass.
NewsLines ParseNewsLines(std::string_view text, std::string_view source, base::Time received,
                         const FeedLimits& limits);

}  // namespace gannet::ingest
