#include "services/ingest/news_engine.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "services/ingest/feed_text.h"

namespace gannet::ingest {
namespace {

constexpr uint8_t kCursorVersion = 1;
constexpr size_t kMaxCursorText =
    1'024;  // an entity tag or date longer than this is not worth keeping

SeenItem Known(const market::NewsItem& item) {
  return {base::Sha256First64(item.source + "\n" + item.source_id),
          base::Sha256First64(item.title + "\n" + item.summary)};
}

std::string_view HeaderOf(const wire::HttpExchange& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return {};
}

std::string Bounded(std::string_view text) {
  return std::string(text.size() <= kMaxCursorText ? text : std::string_view());
}

// What a line says of its source never passes for another source of ours.
void Attribute(const std::string& name, base::Time now, market::NewsItem& item) {
  if (item.source != name) item.source = name + "/" + item.source;
  item.received = now;
}

// JSON lines announce themselves, or show it by their first character.
bool IsJsonLines(std::string_view content_type, std::string_view body) {
  const std::string type = LowerAscii(content_type);
  if (type.find("json") != std::string::npos) return true;
  if (type.find("xml") != std::string::npos) return false;
  const std::string_view start = StripAscii(body.substr(0, 64));
  return !start.empty() && start.front() == '{';
}

void WriteCursor(wire::CanonicalWriter& out, const NewsCursor& cursor) {
  out.Bytes(cursor.source);
  out.Bytes(cursor.etag);
  out.Bytes(cursor.last_modified);
  out.U64(cursor.offset);
  out.U32(static_cast<uint32_t>(cursor.seen.size()));
  for (const SeenItem& item : cursor.seen) {
    out.U64(item.id);
    out.U64(item.content);
  }
}

NewsCursor ReadCursor(wire::CanonicalReader& in) {
  NewsCursor cursor;
  cursor.source = in.Bytes();
  cursor.etag = in.Bytes();
  cursor.last_modified = in.Bytes();
  cursor.offset = in.U64();
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    SeenItem item;
    item.id = in.U64();
    item.content = in.U64();
    cursor.seen.push_back(item);
  }
  return cursor;
}

}  // namespace

std::string EncodeCursor(const NewsCursor& cursor) {
  wire::CanonicalWriter out;
  out.U8(kCursorVersion);
  WriteCursor(out, cursor);
  return out.Take();
}

absl::StatusOr<NewsCursor> DecodeCursor(std::string_view bytes) {
  wire::CanonicalReader in(bytes);
  const uint8_t version = in.U8();
  if (in.ok() && version != kCursorVersion) {
    return absl::FailedPreconditionError("a news cursor of format " + std::to_string(version) +
                                         "; use the build that wrote it");
  }
  NewsCursor cursor = ReadCursor(in);
  GANNET_RETURN_IF_ERROR(in.status());
  return cursor;
}

const NewsEngine::Source& NewsEngine::Find(const std::string& source) const {
  static const Source kNone;
  const auto found = sources_.find(source);
  return found == sources_.end() ? kNone : found->second;
}

const NewsCursor& NewsEngine::cursor(const std::string& source) const {
  return Find(source).cursor;
}

void NewsEngine::Keep(const Source& source, std::vector<market::NewsItem> items, base::Time now,
                      NewsOutcome& outcome) const {
  std::set<uint64_t> in_this_answer;
  for (market::NewsItem& item : items) {
    if (item.title.empty()) {
      ++outcome.counts.rejected;
      continue;
    }
    const SeenItem known = Known(item);
    const auto before = source.contents.find(known.id);
    if ((before != source.contents.end() && before->second == known.content) ||
        !in_this_answer.insert(known.id).second) {
      ++outcome.counts.seen_before;
      continue;
    }
    outcome.cursor.seen.push_back(known);
    if (options_.max_age > base::Duration(0) && item.published < now - options_.max_age) {
      ++outcome.counts.too_old;
      continue;
    }
    outcome.items.push_back(std::move(item));
  }
  std::stable_sort(outcome.items.begin(), outcome.items.end(),
                   [](const market::NewsItem& a, const market::NewsItem& b) {
                     return a.published < b.published;
                   });
  outcome.counts.items = outcome.items.size();
}

NewsOutcome NewsEngine::DecideAnswer(const std::string& name, const wire::HttpExchange& answer,
                                     base::Time now) const {
  const Source& source = Find(name);
  NewsOutcome outcome;
  outcome.cursor = source.cursor;
  outcome.cursor.source = name;
  outcome.cursor.seen.clear();
  outcome.counts.answers = 1;
  if (!answer.transport_error.empty()) {
    outcome.status = absl::UnavailableError(answer.transport_error);
  } else if (answer.status == 304) {
    outcome.counts.not_modified = 1;
    return outcome;
  } else if (answer.status != 200) {
    outcome.status = absl::UnavailableError("HTTP status " + std::to_string(answer.status) +
                                            "; check the address of the feed");
  }
  if (!outcome.status.ok()) return outcome;

  std::vector<market::NewsItem> items;
  if (IsJsonLines(HeaderOf(answer, "content-type"), answer.body)) {
    NewsLines lines = ParseNewsLines(answer.body, name, now, options_.limits);
    outcome.counts.rejected = lines.rejected;
    for (NewsLine& line : lines.lines) {
      Attribute(name, now, line.item);
      items.push_back(std::move(line.item));
    }
  } else {
    const std::string_view final_url = HeaderOf(answer, kFinalUrlHeader);
    const FeedContext context{final_url.empty() ? source.url : std::string(final_url),
                              std::string(HeaderOf(answer, "content-type")),
                              std::string(HeaderOf(answer, "content-location")),
                              std::string(HeaderOf(answer, "content-language"))};
    absl::StatusOr<Feed> feed = ParseFeed(answer.body, context, options_.limits);
    if (!feed.ok()) {
      outcome.status = feed.status();
      return outcome;
    }
    outcome.counts.rejected = feed->entries_empty + feed->entries_cut;
    outcome.counts.dropped = feed->entries_dropped;
    outcome.counts.repaired = feed->repaired ? 1 : 0;
    for (const FeedEntry& entry : feed->entries) {
      if (!entry.title.empty() || !entry.summary.empty())
        items.push_back(ToNewsItem(entry, name, now));
    }
  }
  Keep(source, std::move(items), now, outcome);
  outcome.cursor.etag = Bounded(HeaderOf(answer, "etag"));
  outcome.cursor.last_modified = Bounded(HeaderOf(answer, "last-modified"));
  outcome.advances = !outcome.cursor.seen.empty() || outcome.cursor.etag != source.cursor.etag ||
                     outcome.cursor.last_modified != source.cursor.last_modified;
  return outcome;
}

NewsOutcome NewsEngine::DecideLines(const std::string& name, std::string_view text, bool from_file,
                                    base::Time now) const {
  const Source& source = Find(name);
  NewsOutcome outcome;
  outcome.cursor = source.cursor;
  outcome.cursor.source = name;
  outcome.cursor.seen.clear();
  outcome.counts.answers = 1;
  NewsLines lines = ParseNewsLines(text, name, now, options_.limits);
  outcome.counts.rejected = lines.rejected;
  std::vector<market::NewsItem> items;
  for (NewsLine& line : lines.lines) {
    Attribute(name, now, line.item);
    items.push_back(std::move(line.item));
  }
  Keep(source, std::move(items), now, outcome);
  if (from_file) outcome.cursor.offset += text.size();
  outcome.advances = from_file || !outcome.cursor.seen.empty();
  if (lines.rejected > 0 && lines.lines.empty())
    outcome.status = absl::InvalidArgumentError(lines.first_problem);
  return outcome;
}

NewsOutcome NewsEngine::DecideTruncated(const std::string& name) const {
  NewsOutcome outcome;
  outcome.cursor = Find(name).cursor;
  outcome.cursor.source = name;
  outcome.cursor.seen.clear();
  outcome.cursor.offset = 0;
  outcome.advances = true;
  outcome.counts.truncated = 1;
  return outcome;
}

void NewsEngine::Apply(const NewsCursor& cursor) {
  Source& source = sources_[cursor.source];
  for (const SeenItem& item : cursor.seen) {
    const auto [at, added] = source.contents.insert_or_assign(item.id, item.content);
    if (added) source.order.push_back(item.id);
  }
  while (source.order.size() > kMaxRemembered) {
    source.contents.erase(source.order.front());
    source.order.pop_front();
  }
  source.cursor = cursor;
  source.cursor.seen.clear();
}

void NewsEngine::Save(wire::CanonicalWriter& out) const {
  // A source that never answered has nothing to keep: sources come and go with
  // the configuration.
  std::vector<const Source*> used;
  for (const auto& [name, source] : sources_) {
    if (!source.cursor.source.empty()) used.push_back(&source);
  }
  out.U32(static_cast<uint32_t>(used.size()));
  for (const Source* source : used) {
    NewsCursor whole = source->cursor;
    for (const uint64_t id : source->order) whole.seen.push_back({id, source->contents.at(id)});
    WriteCursor(out, whole);
  }
}

absl::Status NewsEngine::Load(wire::CanonicalReader& in) {
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const NewsCursor cursor = ReadCursor(in);
    if (in.ok()) Apply(cursor);
  }
  return in.status();
}

}  // namespace gannet::ingest
