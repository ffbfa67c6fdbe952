#include "services/ingest/capture_line.h"

#include <algorithm>
#include <cstdint>

#include "libs/base/utf8.h"

namespace gannet::ingest {
namespace {

using venue::binance::Product;

constexpr size_t kNanosecondDigits = 19;  // any time from 2001 on
// 2200-01-01: what a damaged line says of later times no clock said, and what runs up to
// the end of the integers has no room left for a timer.
constexpr int64_t kLatestSecond = 7'258'118'400;
constexpr int64_t kPerSecond = 1'000'000'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

std::optional<int64_t> Number(std::string_view digits) {
  if (!AllDigits(digits) || digits.size() > kNanosecondDigits) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<uint64_t>(c - '0');
  if (value > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  return static_cast<int64_t>(value);
}

bool Contains(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

// A message without a stream name may be an answer that the recorder kept among
// the frames.
LineKind KindOfMessage(std::string_view body) {
  constexpr std::string_view kEnvelope = "{\"stream\"", kEvent = "{\"e\"";
  if (body.substr(0, kEnvelope.size()) == kEnvelope || body.substr(0, kEvent.size()) == kEvent)
    return LineKind::kFrame;
  if (Contains(body, "\"stream\"") || Contains(body, "\"e\"")) return LineKind::kFrame;
  if (Contains(body, "\"lastUpdateId\"")) return LineKind::kSnapshot;
  if (Contains(body, "\"symbols\"") && Contains(body, "\"filters\"")) return LineKind::kInstruments;
  return LineKind::kFrame;
}

ParsedLine Bad(std::string_view why) { return {LineKind::kBad, {}, {}, {}, why}; }

ParsedLine Message(std::optional<base::Time> time, std::string_view body) {
  if (!time) return Bad("the receive time cannot be read");
  if (body.empty() || (body[0] != '{' && body[0] != '['))
    return Bad("no JSON after the receive time");
  return {KindOfMessage(body), *time, {}, body, {}};
}

// What follows a URL: "<-> time", "<- time: body" or "-> time: body".
ParsedLine AfterUrl(std::string_view url, std::string_view rest) {
  const size_t space = rest.find(' ');
  if (space == std::string_view::npos) return Bad("nothing after the URL");
  const std::string_view arrow = rest.substr(0, space);
  rest.remove_prefix(space + 1);
  if (arrow == "<->") {
    const auto time = ParseEpochSeconds(rest);
    return time ? ParsedLine{LineKind::kOpened, *time, url, {}, {}}
                : Bad("the time of opening cannot be read");
  }
  const size_t colon = rest.find(": ");
  const auto time = ParseEpochSeconds(rest.substr(0, colon));
  if (colon == std::string_view::npos || !time) return Bad("the receive time cannot be read");
  const std::string_view body = rest.substr(colon + 2);
  if (arrow == "<-") return {LineKind::kSent, *time, url, body, {}};
  if (arrow == "->") return {LineKind::kAnswer, *time, url, body, {}};
  return Bad("none of <->, <- and -> after the URL");
}

bool IsUrl(std::string_view text) {
  const size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view name = text.substr(0, scheme);
  return name == "http" || name == "https" || name == "ws" || name == "wss";
}

// A word, a colon and more: "configuration: {…".
bool IsNote(std::string_view line) {
  const size_t colon = line.find(": ");
  if (colon == 0 || colon == std::string_view::npos) return false;
  return std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

}  // namespace

std::optional<base::Time> ParseEpochSeconds(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view fraction = point == std::string_view::npos ? "0" : text.substr(point + 1);
  const auto seconds = Number(text.substr(0, point));
  auto nanos = Number(fraction);
  if (!seconds || !nanos || fraction.size() > 9 || *seconds >= kLatestSecond) return std::nullopt;
  for (size_t i = fraction.size(); i < 9; ++i) *nanos *= 10;
  return base::FromUnixNanos(*seconds * kPerSecond + *nanos);
}

ParsedLine ParseCaptureLine(std::string_view line) {
  line = base::WithoutByteOrderMark(line);
  while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
  if (line.empty()) return {LineKind::kBlank, {}, {}, {}, {}};
  if (IsDigit(line[0])) {
    const size_t end = line.find_first_not_of("0123456789.");
    const std::string_view number = line.substr(0, end);
    const std::string_view rest =
        end == std::string_view::npos ? std::string_view() : line.substr(end);
    if (rest.substr(0, 2) == ": ") return Message(ParseEpochSeconds(number), rest.substr(2));
    if (rest.substr(0, 1) == " " && number.size() == kNanosecondDigits) {
      const auto ns = Number(number);
      const bool plausible = ns && number[0] != '0' && *ns / kPerSecond < kLatestSecond;
      return Message(plausible ? std::optional(base::FromUnixNanos(*ns)) : std::nullopt,
                     rest.substr(1));
    }
    return Bad("starts with a number that is no receive time in nanoseconds or seconds");
  }
  const size_t space = line.find(' ');
  if (space != std::string_view::npos && IsUrl(line.substr(0, space))) {
    return AfterUrl(line.substr(0, space), line.substr(space + 1));
  }
  if (IsNote(line)) return {LineKind::kNote, {}, {}, {}, {}};
  return Bad("no receive time");
}

std::string_view PathOfUrl(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const size_t slash = url.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view() : url.substr(slash);
}

std::optional<Product> ProductOfUrl(std::string_view url) {
  if (const auto product = venue::binance::ProductOfPath(PathOfUrl(url))) return product;
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const std::string_view host =
      url.substr(scheme + 3, url.find_first_of(":/", scheme + 3) - scheme - 3);
  const auto starts = [host](std::string_view prefix) {
    return host.substr(0, prefix.size()) == prefix;
  };
  if (!Contains(host, "binance")) return std::nullopt;
  if (starts("fstream.")) return Product::kUsdm;
  if (starts("dstream.")) return Product::kCoinm;
  if (starts("stream.") || starts("data-stream.")) return Product::kSpot;
  return std::nullopt;
}

}  // namespace gannet::ingest
