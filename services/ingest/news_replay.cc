#include "services/ingest/news_replay.h"

#include <algorithm>
#include <optional>

#include "libs/base/line_reader.h"
#include "libs/base/status.h"
#include "libs/base/utf8.h"
#include "libs/wire/codec.h"
#include "services/ingest/feed_text.h"
#include "services/ingest/news_items.h"
#include "services/ingest/news_table.h"

namespace gannet::ingest {
namespace {

constexpr size_t kMaxTableBytes = 256u << 20;

// Not the time of anything: tells a stated time from a filled-in one.
constexpr base::Time kUnknown = base::Time::max() - std::chrono::hours(24 * 366 * 20);

// Stays at the end of time where it would pass it.
base::Time Shifted(base::Time time, base::Duration shift) {
  if (shift > base::Duration(0) && time > base::Time::max() - shift) return base::Time::max();
  if (shift < base::Duration(0) && time < base::Time::min() - shift) return base::Time::min();
  return time + shift;
}

void Add(NewsReplayFile& file, market::NewsItem item, const NewsReplayOptions& options) {
  item.received = Shifted(item.received, options.shift);
  item.published = Shifted(item.published, options.shift);
  NewsInput input;
  input.receive_time = item.received;
  input.bytes = wire::EncodeInput(
      wire::StreamEvent{"replay", wire::StreamEvent::Kind::kFrame, FormatNewsLine(item)});
  file.inputs.push_back(std::move(input));
}

void AddFeed(NewsReplayFile& file, const Feed& feed, const std::string& name,
             const NewsReplayOptions& options) {
  file.rejected = feed.entries_dropped + feed.entries_cut;
  if (feed.entries_dropped > 0) {
    file.first_problem = std::to_string(feed.entries_dropped) + " beyond the first " +
                         std::to_string(options.limits.max_entries) + "; split the file";
  } else if (feed.entries_cut > 0) {
    file.first_problem = "the document ends within its last item; copy it again";
  }
  for (const FeedEntry& entry : feed.entries) {
    std::optional<base::Time> time = entry.published ? entry.published : entry.updated;
    if (!time) time = options.undated_as;
    if (entry.title.empty() && entry.summary.empty()) {
      ++file.rejected;
    } else if (!time) {
      ++file.undated;
    } else {
      Add(file, ToNewsItem(entry, name, *time), options);
    }
  }
}

// `place`: "line 3", for people.
void AddLine(NewsReplayFile& file, std::string_view line, const std::string& place,
             const std::string& name, const NewsReplayOptions& options) {
  if (StripAscii(line).empty()) return;
  absl::StatusOr<NewsLine> parsed = ParseNewsLine(line, name, kUnknown, options.limits);
  if (!parsed.ok()) {
    if (file.rejected++ == 0)
      file.first_problem = place + ": " + std::string(parsed.status().message());
    return;
  }
  market::NewsItem& item = parsed->item;
  if (!parsed->received_stated) item.received = item.published_stated ? item.published : kUnknown;
  if (item.received == kUnknown) {
    if (!options.undated_as) {
      ++file.undated;
      return;
    }
    item.received = *options.undated_as;
  }
  if (!item.published_stated) item.published = item.received;
  Add(file, std::move(item), options);
}

// By the first line that is not blank: a document of any encoding, or JSON.
bool IsFeed(std::string_view line) {
  line = base::WithoutByteOrderMark(line);
  if (line.find('\0') != std::string_view::npos) return true;
  return StripAscii(line).substr(0, 1) != "{" && line.find('<') < 8;
}

void AddTable(NewsReplayFile& file, const std::string& text, const std::string& name,
              const NewsReplayOptions& options) {
  NewsTable table = ReadNewsTable(text);
  file.rejected = table.rejected;
  file.first_problem = std::move(table.first_problem);
  for (const NewsTableRow& row : table.rows)
    AddLine(file, row.line, "row " + std::to_string(row.number), name, options);
}

// The bytes of a document, whose lines may be as long as it is; beyond `most` they end.
absl::StatusOr<std::string> ReadDocument(base::Files& files, const std::string& path, size_t most) {
  GANNET_ASSIGN_OR_RETURN(std::string bytes, files.Read(path));
  if (bytes.substr(0, 2) != "\x1f\x8b") return bytes;
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<base::LineReader> lines,
                          base::LineReader::Open(files, path, most));
  std::string document;
  while (document.size() <= most) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<base::Line> line, lines->Next());
    if (!line) return document;
    if (line->too_long) {
      return absl::InvalidArgumentError(path + " holds more than the " + std::to_string(most) +
                                        " bytes that it may have; split it");
    }
    document.append(line->text);
    document.push_back('\n');
  }
  return document;
}

std::string BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return "replay:" + path.substr(slash == std::string::npos ? 0 : slash + 1);
}

}  // namespace

absl::StatusOr<NewsReplayFile> ReadNewsReplay(base::Files& files, const std::string& path,
                                              const NewsReplayOptions& options) {
  NewsReplayFile file;
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<base::LineReader> lines,
                          base::LineReader::Open(files, path, kMaxNewsLineBytes));
  bool first = true, is_feed = false, is_table = false;
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<base::Line> line, lines->Next());
    if (!line) break;
    if (first && !StripAscii(line->text).empty()) {
      first = false;
      is_feed = IsFeed(line->text);
      is_table = !is_feed && StripAscii(line->text).front() != '{' && IsNewsTable(line->text);
      if (is_feed || is_table) break;
    }
    AddLine(file, line->text, "line " + std::to_string(line->number), BaseName(path), options);
    if (file.inputs.size() > kMaxReplayHeadlines) {
      return absl::InvalidArgumentError(path + " holds more than " +
                                        std::to_string(kMaxReplayHeadlines) +
                                        " headlines; split it");
    }
  }
  if (is_feed) {
    GANNET_ASSIGN_OR_RETURN(const std::string document,
                            ReadDocument(files, path, options.limits.max_bytes));
    absl::StatusOr<Feed> feed = ParseFeed(document, {}, options.limits);
    if (!feed.ok()) return base::Annotate(feed.status(), path);
    AddFeed(file, *feed, BaseName(path), options);
  }
  if (is_table) {
    GANNET_ASSIGN_OR_RETURN(const std::string text, ReadDocument(files, path, kMaxTableBytes));
    AddTable(file, text, BaseName(path), options);
  }
  if (!is_feed && file.inputs.empty() && file.rejected > 0) {
    return absl::InvalidArgumentError(
        path + ": no headline in it (" + file.first_problem +
        "); wanted JSON lines, a table with a column of titles, RSS or Atom");
  }
  std::stable_sort(
      file.inputs.begin(), file.inputs.end(),
      [](const NewsInput& a, const NewsInput& b) { return a.receive_time < b.receive_time; });
  return file;
}

}  // namespace gannet::ingest
