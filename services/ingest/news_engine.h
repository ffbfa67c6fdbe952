// The deciding half of the news sources: what of an answer or of a few lines is
// new, and where to go on asking. Bytes come in, items and a cursor come out.
//
// Decide changes nothing; Apply takes a cursor over, live and in recovery, so that
// a restart neither asks for everything again nor publishes twice what it knows.
//
// Pure: no clock, no sockets. Single-threaded.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/news.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"
#include "services/ingest/feed_parser.h"
#include "services/ingest/news_items.h"

namespace gannet::ingest {

inline constexpr size_t kMaxRemembered =
    16'384;  // items of a source, newest kept; above any max_feed_items
inline constexpr std::string_view kFinalUrlHeader = ":url";  // who answered, behind all redirects
inline constexpr std::string_view kUnchangedHeader =
    ":unchanged";  // same bytes as the answer before

// What an item is known by: its id, and what it said.
struct SeenItem {
  uint64_t id = 0, content = 0;
  bool operator==(const SeenItem&) const = default;
};

// A step forward in a source. Recorded as a fact (EngineNote) and applied.
struct NewsCursor {
  std::string source;
  std::string etag, last_modified;  // for the next conditional request
  uint64_t offset = 0;              // files: bytes done
  std::vector<SeenItem> seen;       // added to what is remembered
  bool operator==(const NewsCursor&) const = default;
};
std::string EncodeCursor(const NewsCursor& cursor);
absl::StatusOr<NewsCursor> DecodeCursor(std::string_view bytes);

struct NewsCounts {
  uint64_t answers = 0, not_modified = 0, failures = 0, failures_in_a_row = 0;
  uint64_t items = 0;        // published
  uint64_t seen_before = 0;  // known already
  uint64_t too_old = 0;
  uint64_t rejected = 0;   // lines that were no item, entries without text or cut off
  uint64_t dropped = 0;    // beyond max_entries
  uint64_t repaired = 0;   // answers that were not well formed
  uint64_t truncated = 0;  // files that became shorter
};

struct NewsOutcome {
  absl::Status status;                  // why nothing could be read; OK otherwise
  std::vector<market::NewsItem> items;  // new ones, by published time
  bool advances = false;                // `cursor` is to be recorded and applied
  NewsCursor cursor;
  NewsCounts counts;  // what this answer adds
};

struct NewsEngineOptions {
  base::Duration max_age = std::chrono::hours(48);
  FeedLimits limits;
};

class NewsEngine {
 public:
  explicit NewsEngine(NewsEngineOptions options) : options_(options) {}

  void AddSource(std::string name, std::string url) {
    sources_[std::move(name)].url = std::move(url);
  }

  // An answer of the feed `source`, of whatever outcome.
  NewsOutcome DecideAnswer(const std::string& source, const wire::HttpExchange& answer,
                           base::Time now) const;
  // Complete JSON lines. `from_file`: they stand at the file's cursor.
  NewsOutcome DecideLines(const std::string& source, std::string_view lines, bool from_file,
                          base::Time now) const;
  // The file `source` became shorter: it starts anew.
  NewsOutcome DecideTruncated(const std::string& source) const;

  void Apply(const NewsCursor& cursor);

  // Of the last applied cursor; empty for a source never heard of.
  const NewsCursor& cursor(const std::string& source) const;

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

 private:
  struct Source {
    std::string url;
    NewsCursor cursor;                      // `seen` unused
    std::map<uint64_t, uint64_t> contents;  // id → content
    std::deque<uint64_t> order;             // ids, oldest first
  };
  const Source& Find(const std::string& source) const;
  void Keep(const Source& source, std::vector<market::NewsItem> items, base::Time now,
            NewsOutcome& outcome) const;

  const NewsEngineOptions options_;
  std::map<std::string, Source> sources_;
};

}  // namespace gannet::ingest
