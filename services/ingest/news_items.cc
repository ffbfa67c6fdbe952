#include "services/ingest/news_items.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "libs/base/digest.h"
#include "libs/base/utf8.h"
#include "services/ingest/feed_dates.h"
#include "services/ingest/feed_html.h"
#include "services/ingest/feed_text.h"
#include "services/ingest/feed_url.h"

namespace gannet::ingest {
namespace {

using nlohmann::json;

constexpr int kMaxJsonDepth = 16;

absl::Status Bad(const std::string& what) { return absl::InvalidArgumentError(what); }

// A name for an item whose source gave it none: same title and time, same name.
std::string MadeId(const market::NewsItem& item) {
  const std::string basis =
      item.title + "\n" + (item.published_stated ? base::FormatTime(item.published) : "");
  return "sha256:" + base::Hex(base::Sha256(basis)).substr(0, 32);
}

void SetPublished(market::NewsItem& item, std::optional<base::Time> stated) {
  item.published_stated = stated.has_value() && *stated <= item.received;
  item.published = item.published_stated ? *stated : item.received;
}

// Cheap refusal of nesting before the parser builds a tree of it.
bool TooDeep(std::string_view line) {
  int depth = 0;
  bool text = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (text) {
      if (c == '\\') ++i;
      if (c == '"') text = false;
    } else if (c == '"') {
      text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

class LineReader {
 public:
  explicit LineReader(const json& object) : object_(object) {}

  std::string Text(std::initializer_list<const char*> names) {
    for (const char* name : names) {
      const auto found = object_.find(name);
      if (found == object_.end() || found->is_null()) continue;
      if (!found->is_string()) {
        Fail(name, "text");
        return {};
      }
      return found->get<std::string>();
    }
    return {};
  }

  std::optional<base::Time> Moment(const char* nanoseconds,
                                   std::initializer_list<const char*> names) {
    if (const auto found = object_.find(nanoseconds); found != object_.end() && !found->is_null()) {
      const bool fits = found->is_number_integer() &&
                        (!found->is_number_unsigned() ||
                         found->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX));
      if (!fits) {
        Fail(nanoseconds, "an integer of nanoseconds");
        return std::nullopt;
      }
      return base::FromUnixNanos(found->get<int64_t>());
    }
    const std::string text = Text(names);
    if (text.empty()) return std::nullopt;
    const std::optional<FeedDate> date = ParseFeedDate(text);
    if (!date) {
      Fail(*names.begin(), "a date (RFC 3339)");
      return std::nullopt;
    }
    return date->time;
  }

  const absl::Status& status() const { return status_; }

 private:
  void Fail(const char* name, const char* wanted) {
    if (status_.ok()) status_ = Bad(std::string("\"") + name + "\" must be " + wanted);
  }
  const json& object_;
  absl::Status status_;
};

}  // namespace

market::NewsItem ToNewsItem(const FeedEntry& entry, std::string_view source, base::Time received) {
  market::NewsItem item;
  item.source = std::string(source);
  item.url = entry.url;
  item.title = entry.title;
  item.summary = entry.summary;
  if (item.title.empty()) item.title = std::string(CutUtf8(entry.summary, 200));
  item.language = entry.language;
  item.received = received;
  SetPublished(item, entry.published ? entry.published : entry.updated);
  item.source_id = entry.id.empty() ? MadeId(item) : entry.id;
  return item;
}

absl::StatusOr<NewsLine> ParseNewsLine(std::string_view line, std::string_view source,
                                       base::Time received, const FeedLimits& limits) {
  line = base::WithoutByteOrderMark(StripAscii(line));
  if (line.size() > kMaxNewsLineBytes)
    return Bad("longer than " + std::to_string(kMaxNewsLineBytes) + " bytes");
  if (TooDeep(line)) return Bad("nested deeper than " + std::to_string(kMaxJsonDepth));
  const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded()) return Bad("not JSON");
  if (!object.is_object()) return Bad("not a JSON object");

  if (const auto items = object.find("items"); items != object.end() && items->is_array())
    return Bad("a JSON Feed document, which is not read; use the source's RSS or Atom");

  LineReader reader(object);
  NewsLine result;
  market::NewsItem& item = result.item;
  item.title = HtmlToText(reader.Text({"title", "headline"}), limits.max_title_bytes);
  item.summary =
      HtmlToText(reader.Text({"summary", "description", "text"}), limits.max_summary_bytes);
  item.source = PlainText(reader.Text({"source"}), 100);
  if (item.source.empty()) item.source = std::string(source);
  item.source_id = PlainText(reader.Text({"id", "guid", "source_id"}), limits.max_id_bytes);
  item.url = CanonicalUrl(reader.Text({"url", "link"}));
  item.language = std::string(CutUtf8(reader.Text({"language"}), 35));
  const std::optional<base::Time> stated_received =
      reader.Moment("received_ns", {"received", "received_at"});
  const std::optional<base::Time> published =
      reader.Moment("published_ns", {"published", "published_at", "pubDate", "date"});
  if (!reader.status().ok()) return reader.status();
  if (item.title.empty()) return Bad("no title");
  item.received = stated_received.value_or(received);
  result.received_stated = stated_received.has_value();
  SetPublished(item, published);
  if (item.source_id.empty()) item.source_id = item.url.empty() ? MadeId(item) : item.url;
  return result;
}

std::string FormatNewsLine(const market::NewsItem& item) {
  nlohmann::ordered_json object;
  object["source"] = item.source;
  object["id"] = item.source_id;
  object["url"] = item.url;
  // ParseNewsLine reads text as HTML: what is plain here must stay so.
  const auto escaped = [](const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (c == '&') {
        out += "&amp;";
      } else if (c == '<') {
        out += "&lt;";
      } else {
        out.push_back(c);
      }
    }
    return out;
  };
  object["title"] = escaped(item.title);
  object["summary"] = escaped(item.summary);
  object["language"] = item.language;
  if (item.published_stated) object["published_ns"] = base::UnixNanos(item.published);
  object["received_ns"] = base::UnixNanos(item.received);
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

NewsLines ParseNewsLines(std::string_view text, std::string_view source, base::Time received,
                         const FeedLimits& limits) {
  NewsLines result;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (StripAscii(line).empty()) continue;
    absl::StatusOr<NewsLine> parsed = ParseNewsLine(line, source, received, limits);
    if (parsed.ok()) {
      result.lines.push_back(*std::move(parsed));
      continue;
    }
    if (result.rejected++ == 0) {
      result.first_problem =
          "line " + std::to_string(number) + ": " + std::string(parsed.status().message());
    }
  }
  return result;
}

}  // namespace gannet::ingest
