#include "services/ingest/news_replay.h"

#include <algorithm>
#include <optional>

#include "libs/base/line_reader.h"
#include "libs/base/status.h"
#include "libs/wire/codec.h"
#include "services/ingest/feed_text.h"
#include "services/ingest/news_items.h"

namespace gannet::ingest {
namespace {

// Not the time of anything: tells a stated time from a filled-in one.
constexpr base::Time kUnknown = base::Time::max() - std::chrono::hours(24 * 366 * 20);

void Add(NewsReplayFile& file, market::NewsItem item, const NewsReplayOptions& options) {
  item.received += options.shift;
  item.published += options.shift;
  NewsInput input;
  input.receive_time = item.received;
  input.bytes = wire::EncodeInput(
      wire::StreamEvent{"replay", wire::StreamEvent::Kind::kFrame, FormatNewsLine(item)});
  file.inputs.push_back(std::move(input));
}

void AddFeed(NewsReplayFile& file, const Feed& feed, const std::string& name,
             const NewsReplayOptions& options) {
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

void AddLine(NewsReplayFile& file, const base::Line& line, const std::string& name,
             const NewsReplayOptions& options) {
  if (StripAscii(line.text).empty()) return;
  absl::StatusOr<NewsLine> parsed = ParseNewsLine(line.text, name, kUnknown, options.limits);
  if (!parsed.ok()) {
    if (file.rejected++ == 0) {
      file.first_problem =
          "line " + std::to_string(line.number) + ": " + std::string(parsed.status().message());
    }
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
  bool first = true;
  std::string document;  // of a feed
  bool is_feed = false;
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<base::Line> line, lines->Next());
    if (!line) break;
    if (first && !StripAscii(line->text).empty()) {
      first = false;
      is_feed = line->text.find('<') < 8 || line->text.find('\0') != std::string_view::npos;
    }
    if (is_feed) {
      document.append(line->text);
      document.push_back('\n');
      if (document.size() > options.limits.max_bytes) break;
      continue;
    }
    AddLine(file, *line, BaseName(path), options);
    if (file.inputs.size() > kMaxReplayHeadlines) {
      return absl::InvalidArgumentError(path + " holds more than " +
                                        std::to_string(kMaxReplayHeadlines) +
                                        " headlines; split it");
    }
  }
  if (is_feed) {
    // The bytes themselves where they can be had: the encoding may be any.
    GANNET_ASSIGN_OR_RETURN(std::string bytes, files.Read(path));
    if (bytes.substr(0, 2) != "\x1f\x8b") document = std::move(bytes);
    absl::StatusOr<Feed> feed = ParseFeed(document, {}, options.limits);
    if (!feed.ok()) return base::Annotate(feed.status(), path);
    AddFeed(file, *feed, BaseName(path), options);
  }
  if (!is_feed && file.inputs.empty() && file.rejected > 0) {
    return absl::InvalidArgumentError(path + ": no headline in it (" + file.first_problem +
                                      "); wanted JSON lines, RSS or Atom");
  }
  std::stable_sort(
      file.inputs.begin(), file.inputs.end(),
      [](const NewsInput& a, const NewsInput& b) { return a.receive_time < b.receive_time; });
  return file;
}

}  // namespace gannet::ingest
