#include "services/ingest/feed_dates.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "services/ingest/feed_text.h"

namespace gannet::ingest {
namespace {

constexpr size_t kMaxDateLength = 200;

struct Fields {
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int64_t nanosecond = 0;
  int offset_minutes = 0;  // local = UTC + offset
};

std::optional<base::Time> ToTime(const Fields& f) {
  using namespace std::chrono;
  const year_month_day date{year(f.year), month(static_cast<unsigned>(f.month)),
                            day(static_cast<unsigned>(f.day))};
  if (!date.ok() || f.year < 1700 || f.year > 2199) return std::nullopt;
  const bool midnight = f.hour == 24 && f.minute == 0 && f.second == 0;
  if ((f.hour > 23 && !midnight) || f.minute > 59 || f.second > 60) return std::nullopt;
  return base::Time(sys_days(date)) + hours(f.hour) + minutes(f.minute) + seconds(f.second) +
         nanoseconds(f.nanosecond) - minutes(f.offset_minutes);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A cursor over text that either reads what is asked for or moves nothing.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Take(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits.
  bool Digits(size_t count, int& value) {
    if (rest_.size() < count) return false;
    int read = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!IsDigit(rest_[i])) return false;
      read = read * 10 + (rest_[i] - '0');
    }
    value = read;
    rest_.remove_prefix(count);
    return true;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// Z, +hh:mm, +hhmm, +hh. `strict` is cleared for the forms RFC 3339 has not.
bool TakeOffset(Cursor& in, int& minutes, bool& strict) {
  if (in.Take('Z')) return true;
  if (in.Take('z')) {
    strict = false;
    return true;
  }
  const int sign = in.peek() == '-' ? -1 : 1;
  if (!in.Take('+') && !in.Take('-')) return false;
  int hours = 0, rest = 0;
  if (!in.Digits(2, hours)) return false;
  if (in.Take(':')) {
    if (!in.Digits(2, rest)) return false;
  } else {
    strict = false;
    if (!in.done() && !in.Digits(2, rest)) return false;
  }
  if (hours > 23 || rest > 59) return false;
  minutes = sign * (hours * 60 + rest);
  return true;
}

void TakeFraction(Cursor& in, int64_t& nanosecond) {
  int64_t unit = 100'000'000;
  for (int digit = 0; in.Digits(1, digit); unit /= 10) nanosecond += digit * unit;
}

// hh:mm[:ss[.f]] or the basic hhmmss.
bool TakeClock(Cursor& in, Fields& f, bool& strict) {
  if (!in.Digits(2, f.hour)) return false;
  const bool colon = in.Take(':');
  if (!colon) strict = false;
  if (!in.Digits(2, f.minute)) return false;
  if (colon ? in.Take(':') : IsDigit(in.peek())) {
    if (!in.Digits(2, f.second)) return false;
    if (in.Take('.') || in.Take(',')) TakeFraction(in, f.nanosecond);
  } else {
    strict = false;
  }
  return true;
}

// Year alone, year-month and year-month-day, with or without a time; the basic
// form without hyphens.
std::optional<FeedDate> ParseW3c(std::string_view text) {
  Cursor in(text);
  Fields f;
  bool strict = true;
  if (!in.Digits(4, f.year)) return std::nullopt;
  bool full = false;
  if (in.Take('-')) {
    if (!in.Digits(2, f.month)) return std::nullopt;
    if (in.Take('-')) {
      if (!in.Digits(2, f.day)) return std::nullopt;
      full = true;
    }
  } else if (IsDigit(in.peek())) {
    strict = false;
    if (!in.Digits(2, f.month) || !in.Digits(2, f.day)) return std::nullopt;
    full = true;
  }
  bool clock = false;
  if (full && !in.done()) {
    bool separated = false;
    while (in.Take(' ')) separated = true, strict = false;
    if (in.Take('T')) {
      separated = true;
    } else if (in.Take('t')) {
      separated = true, strict = false;
    }
    while (in.Take(' ')) strict = false;
    if (!separated || !TakeClock(in, f, strict)) return std::nullopt;
    clock = true;
  }
  if (clock) {
    while (in.Take(' ')) strict = false;
    if (in.rest() == "UTC" || in.rest() == "GMT") {
      in = Cursor("");
      strict = false;
    } else if (in.done()) {
      strict = false;
    } else if (!TakeOffset(in, f.offset_minutes, strict)) {
      return std::nullopt;
    }
  }
  if (!in.done()) return std::nullopt;
  const std::optional<base::Time> time = ToTime(f);
  if (!time) return std::nullopt;
  return FeedDate{*time, DateForm::kRfc3339, strict && clock};
}

// --- RFC 822 ----------------------------------------------------------------

// Comments in parentheses (nested, with escapes) read as a space.
std::string WithoutComments(std::string_view text, bool& found) {
  std::string out;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && depth > 0) {
      ++i;
    } else if (c == '(') {
      ++depth;
      found = true;
      out.push_back(' ');
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (depth == 0) {
      out.push_back(c);
    }
  }
  return out;
}

// Words and numbers; "," ends a word and is kept apart, "-" between day, month
// and year separates, a sign before digits starts a zone.
std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) words.push_back(LowerAscii(word));
    word.clear();
  };
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      flush();
    } else if (c == ',') {
      flush();
      words.push_back(",");
    } else {
      word.push_back(c);
    }
  }
  flush();
  return words;
}

int NameIndex(std::string_view word, std::string_view names, bool& abbreviated) {
  // `names`: "jan,january;feb,february;…"
  int index = 0;
  for (size_t at = 0; at < names.size(); ++index) {
    const size_t end = std::min(names.find(';', at), names.size());
    const std::string_view pair = names.substr(at, end - at);
    const size_t comma = pair.find(',');
    const bool dot = !word.empty() && word.back() == '.';
    const std::string_view bare = dot ? word.substr(0, word.size() - 1) : word;
    if (bare == pair.substr(0, comma)) {
      abbreviated = !dot;
      return index;
    }
    if (bare == pair.substr(comma + 1) || (bare == "sept" && index == 8) ||
        (bare.size() >= 4 && pair.substr(comma + 1).substr(0, bare.size()) == bare)) {
      abbreviated = false;
      return index;
    }
    at = end + 1;
  }
  return -1;
}

constexpr std::string_view kMonths =
    "jan,january;feb,february;mar,march;apr,april;may,may;jun,june;jul,july;aug,august;"
    "sep,september;oct,october;nov,november;dec,december";
constexpr std::string_view kWeekdays =
    "sun,sunday;mon,monday;tue,tuesday;wed,wednesday;thu,thursday;fri,friday;sat,saturday";

// A positive number of at most `digits` digits; -1 otherwise.
int SmallNumber(std::string_view word, size_t digits) {
  if (word.empty() || word.size() > digits) return -1;
  int value = 0;
  for (const char c : word) {
    if (!IsDigit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

struct NamedZone {
  std::string_view name;
  int minutes;
  bool strict;  // in RFC 822 and meaning one thing
};
constexpr std::array<NamedZone, 33> kZones = {{
    {"ut", 0, true},       {"gmt", 0, true},      {"utc", 0, false},    {"z", 0, true},
    {"est", -300, true},   {"edt", -240, true},   {"cst", -360, true},  {"cdt", -300, true},
    {"mst", -420, true},   {"mdt", -360, true},   {"pst", -480, true},  {"pdt", -420, true},
    {"akst", -540, false}, {"akdt", -480, false}, {"hst", -600, false}, {"ast", -240, false},
    {"adt", -180, false},  {"wet", 0, false},     {"west", 60, false},  {"bst", 60, false},
    {"cet", 60, false},    {"cest", 120, false},  {"met", 60, false},   {"mest", 120, false},
    {"eet", 120, false},   {"eest", 180, false},  {"msk", 180, false},  {"jst", 540, false},
    {"kst", 540, false},   {"hkt", 480, false},   {"sgt", 480, false},  {"aest", 600, false},
    {"aedt", 660, false},
}};

// RFC 822 gives the military letters these meanings (A is UTC-1, N is UTC+1);
// RFC 2822 calls them unreliable, so they are never strict.
std::optional<int> MilitaryHours(char letter) {
  if (letter >= 'a' && letter <= 'i') return -(letter - 'a' + 1);
  if (letter >= 'k' && letter <= 'm') return -(letter - 'k' + 10);
  if (letter >= 'n' && letter <= 'y') return letter - 'n' + 1;
  return std::nullopt;
}

bool ReadZone(std::string_view word, int& minutes, bool& strict) {
  if (word.size() > 3 && (word.substr(0, 3) == "gmt" || word.substr(0, 3) == "utc")) {
    strict = false;
    word.remove_prefix(3);
  }
  for (const NamedZone& zone : kZones) {
    if (word != zone.name) continue;
    minutes = zone.minutes;
    strict &= zone.strict;
    return true;
  }
  if (word.size() == 1) {
    const std::optional<int> hours = MilitaryHours(word.front());
    if (!hours) return false;
    minutes = *hours * 60;
    strict = false;
    return true;
  }
  if (word.size() < 2 || (word.front() != '+' && word.front() != '-')) return false;
  const int sign = word.front() == '-' ? -1 : 1;
  word.remove_prefix(1);
  std::string digits;
  for (const char c : word) {
    if (c == ':') {
      strict = false;
    } else {
      digits.push_back(c);
    }
  }
  if (digits.size() <= 2) {
    strict = false;
    digits = (digits.size() == 1 ? "0" : "") + digits + "00";
  }
  const int value = SmallNumber(digits, 4);
  if (value < 0 || digits.size() != 4 || value % 100 > 59 || value / 100 > 23) return false;
  // No zone in use has such minutes: more likely a mistake than a place.
  if (value % 100 % 15 != 0) strict = false;
  minutes = sign * (value / 100 * 60 + value % 100);
  return true;
}

bool ReadYear(std::string_view word, int& year, bool& strict) {
  const int value = SmallNumber(word, 4);
  if (value < 0) return false;
  year = value;
  if (word.size() <= 2) year += value < 50 ? 2000 : 1900;  // RFC 2822 section 4.3
  if (word.size() == 3) year += 1900;
  strict &= word.size() == 4;
  return true;
}

// "hh:mm[:ss[.f]]", digits of either length; the fraction and am/pm are lenient.
bool ReadClock(std::string_view word, Fields& f, bool& strict) {
  std::array<int, 3> part = {0, 0, 0};
  size_t count = 0;
  while (count < 3) {
    size_t length = 0;
    while (length < word.size() && IsDigit(word[length])) ++length;
    if (length == 0 || length > 2) return false;
    if (length == 1) strict = false;
    part[count++] = SmallNumber(word.substr(0, length), 2);
    word.remove_prefix(length);
    if (word.empty() || word.front() != ':') break;
    word.remove_prefix(1);
  }
  if (count < 2) return false;
  if (!word.empty() && (word.front() == '.' || word.front() == ',')) {
    Cursor in(word.substr(1));
    TakeFraction(in, f.nanosecond);
    word = in.rest();
    strict = false;
  }
  if (word == "pm" || word == "am") {
    if (part[0] > 12 || part[0] == 0) return false;
    part[0] = part[0] % 12 + (word == "pm" ? 12 : 0);
    strict = false;
    word = {};
  }
  f.hour = part[0], f.minute = part[1], f.second = part[2];
  return word.empty();
}

// "31-dec-2002" and "31/dec/2002" become three words.
void SplitDate(std::vector<std::string>& words, bool& strict) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i];
    const size_t first = word.find_first_of("-/");
    if (first == 0 || first == std::string::npos || !IsDigit(word.front())) continue;
    const size_t second = word.find_first_of("-/", first + 1);
    if (second == std::string::npos || word.find(':') != std::string::npos) continue;
    words.erase(words.begin() + static_cast<ptrdiff_t>(i));
    words.insert(words.begin() + static_cast<ptrdiff_t>(i),
                 {word.substr(0, first), word.substr(first + 1, second - first - 1),
                  word.substr(second + 1)});
    strict = false;
    return;
  }
}

bool WeekdayIs(const Fields& f, int weekday) {
  using namespace std::chrono;
  const year_month_day date{year(f.year), month(static_cast<unsigned>(f.month)),
                            day(static_cast<unsigned>(f.day))};
  return date.ok() &&
         std::chrono::weekday(sys_days(date)).c_encoding() == static_cast<unsigned>(weekday);
}

// What precedes the time: "10 dec 2002", "dec 10 2002", or "dec 10" of asctime.
bool ReadDay(const std::vector<std::string>& words, size_t& at, Fields& f, bool& strict,
             bool& has_year) {
  bool abbreviated = true;
  const auto word = [&](size_t i) {
    return i < words.size() ? std::string_view(words[i]) : std::string_view();
  };
  int month = NameIndex(word(at), kMonths, abbreviated);
  if (month >= 0) {
    strict = false;
    f.day = SmallNumber(word(at + 1), 2);
    at += 2;
    if (word(at) == ",") ++at;
  } else {
    f.day = SmallNumber(word(at), 2);
    month = NameIndex(word(at + 1), kMonths, abbreviated);
    at += 2;
  }
  strict &= abbreviated;
  if (f.day < 1 || month < 0) return false;
  f.month = month + 1;
  has_year = word(at).find(':') == std::string_view::npos && ReadYear(word(at), f.year, strict);
  if (has_year) ++at;
  if (word(at) == "," || word(at) == "at") ++at, strict = false;
  return true;
}

std::optional<FeedDate> ParseRfc822(std::string_view text) {
  bool strict = true, comments = false, abbreviated = true;
  std::vector<std::string> words = Words(WithoutComments(text, comments));
  SplitDate(words, strict);
  if (comments) strict = false;
  // "Sat,29 Jul": the standard wants the space.
  if (const size_t comma = text.find(',');
      comma != std::string_view::npos && comma + 1 < text.size() && IsDigit(text[comma + 1])) {
    strict = false;
  }
  size_t at = 0;
  int weekday = -1;
  if (!words.empty()) weekday = NameIndex(words[0], kWeekdays, abbreviated);
  if (weekday >= 0) {
    ++at;
    strict &= abbreviated;
    if (at < words.size() && words[at] == ",") {
      ++at;
    } else {
      strict = false;
    }
  }
  Fields f;
  bool has_year = false;
  if (!ReadDay(words, at, f, strict, has_year)) return std::nullopt;
  if (at < words.size() && words[at].find(':') != std::string::npos) {
    std::string clock = words[at++];
    if (at < words.size() && (words[at] == "am" || words[at] == "pm")) clock += words[at++];
    if (!ReadClock(clock, f, strict)) return std::nullopt;
  } else {
    strict = false;
  }
  bool has_zone = at < words.size() && ReadZone(words[at], f.offset_minutes, strict);
  if (has_zone) ++at;
  if (!has_year) {  // asctime: the year comes last
    strict = false;
    if (at >= words.size() || !ReadYear(words[at++], f.year, strict)) return std::nullopt;
    if (!has_zone && at < words.size()) {
      has_zone = ReadZone(words[at], f.offset_minutes, strict);
      at += has_zone ? 1 : 0;
    }
  }
  strict &= has_zone && at == words.size();
  if (at < words.size() && !has_zone) return std::nullopt;
  const std::optional<base::Time> time = ToTime(f);
  if (!time) return std::nullopt;
  if (weekday >= 0 && !WeekdayIs(f, weekday)) strict = false;
  return FeedDate{*time, DateForm::kRfc822, strict};
}

}  // namespace

std::optional<FeedDate> ParseFeedDate(std::string_view text) {
  if (text.size() > kMaxDateLength) return std::nullopt;
  const std::string_view trimmed = StripAscii(text);
  if (trimmed.empty()) return std::nullopt;
  std::optional<FeedDate> date = ParseW3c(trimmed);
  return date ? date : ParseRfc822(trimmed);
}

}  // namespace gannet::ingest
