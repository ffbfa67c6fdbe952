// RSS 0.9x, 1.0 and 2.0, and Atom 0.3 and 1.0, from bytes to entries of plain
// text, canonical address and moment. What is written wrongly but can be read is
// read, and the feed says so; what cannot be read is refused with the reason.
//
//   absl::StatusOr<Feed> feed = ParseFeed(body, {.url = "https://example.com/rss"}, {});
//
// Pure; any thread. Hostile input costs at most the limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace gannet::ingest {

struct FeedLimits {
  size_t max_bytes = 8u << 20;  // of the document as received
  size_t max_entries = 1'000;   // further ones are counted, not read
  size_t max_depth = 64;        // of elements
  size_t max_elements = 200'000;
  size_t max_title_bytes = 1'024;  // longer text is cut
  size_t max_summary_bytes = 8'192;
  size_t max_id_bytes = 1'024;  // a longer id is replaced by its hash
};

// What the transport knows about the document.
struct FeedContext {
  std::string url;               // it was asked for here
  std::string content_type;      // HTTP header, may be empty
  std::string content_location;  // HTTP header, may be empty
  std::string content_language;  // HTTP header, may be empty
};

struct FeedEntry {
  std::string id;  // as the feed states it: guid, Atom id, rdf:about; else the link
  bool id_stated = false;
  std::string link;      // absolute where a base was known
  std::string url;       // canonical form of `link`; empty when it has none
  std::string title;     // plain text
  std::string summary;   // plain text of summary or description, else of the content
  std::string content;   // plain text of the full content, when there is one
  std::string language;  // of the title, by its nearest statement
  std::optional<base::Time> published;
  std::optional<base::Time> updated;
};

enum class FeedFormat : uint8_t { kRss = 1, kRdf, kAtom };

struct Feed {
  FeedFormat format = FeedFormat::kRss;
  std::string version;   // "rss20", "rss091", "rss10", "rss090", "atom03", "atom10"; "rss", "atom"
                         // when not stated
  std::string encoding;  // of the bytes
  std::string id, link, title, description, language;
  std::optional<base::Time> updated;
  std::vector<FeedEntry> entries;

  bool repaired = false;         // not well formed, or not in the encoding it declares
  uint64_t entries_dropped = 0;  // beyond max_entries
  uint64_t entries_empty = 0;    // neither title nor summary
  uint64_t entries_cut = 0;      // the document ends within it: not read
  uint64_t dates_unreadable = 0;
};

// INVALID_ARGUMENT: too large or deep, no feed, an unsupported charset, entity
// tricks, or XML beyond repair. The message says which and what helps.
absl::StatusOr<Feed> ParseFeed(std::string_view bytes, const FeedContext& context,
                               const FeedLimits& limits);

}  // namespace gannet::ingest
