#include "services/ingest/feed_html.h"

#include <algorithm>
#include <iterator>

#include "libs/base/utf8.h"
#include "services/ingest/feed_text.h"
#include "services/ingest/html_entities.h"

namespace gannet::ingest {
namespace {

constexpr size_t kMaxReferenceLength = 12;
// Each costs a look at the whole rest: after so many the page is not worth it.
constexpr size_t kMaxUnclosed = 16;

bool IsSpace(uint32_t c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v' || c == 0xA0 ||
         c == 0x2028 || c == 0x2029 || c == 0x200B || c == 0xFEFF;
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Collapses white space, and drops what has no place in a line of text: control
// characters, noncharacters, and the direction overrides that make text read as what
// it is not.
class Line {
 public:
  explicit Line(size_t limit) : limit_(limit) {}
  void Put(uint32_t c) {
    if (IsSpace(c)) {
      space_ = !text_.empty();
      return;
    }
    const bool direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    if (c < 0x20 || c == 0x7F || direction || base::IsNoncharacter(c)) return;
    if (space_) text_.push_back(' ');
    space_ = false;
    AppendUtf8(text_, c);
  }
  void Put(std::string_view utf8) {
    for (size_t at = 0; at < utf8.size();) Put(FromWindows1252(NextUtf8(utf8, at)));
  }
  void Space() { space_ = !text_.empty(); }
  bool full() const { return text_.size() >= limit_; }
  std::string Take() {
    text_.resize(CutUtf8(text_, limit_).size());
    while (!text_.empty() && text_.back() == ' ') text_.pop_back();
    return std::move(text_);
  }

 private:
  const size_t limit_;
  std::string text_;
  bool space_ = false;
};

template <size_t N>
bool OneOf(std::string_view name, const std::string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Their content is code, style or a fallback, not text.
constexpr std::string_view kUnread[] = {"script",   "style", "applet", "object", "noscript",
                                        "template", "math",  "svg",    "select", "textarea"};
constexpr std::string_view kInline[] = {
    "a",      "abbr",   "acronym", "b",     "bdi",  "bdo",   "big",      "cite",  "code",
    "del",    "dfn",    "em",      "embed", "font", "frame", "frameset", "i",     "ins",
    "kbd",    "link",   "mark",    "meta",  "q",    "s",     "samp",     "small", "span",
    "strike", "strong", "sub",     "sup",   "tt",   "u",     "var",      "wbr",   "blink"};

class Reader {
 public:
  Reader(std::string_view html, Line& line) : html_(html), line_(line) {}

  void Run() {
    while (at_ < html_.size() && !line_.full()) {
      if (html_[at_] == '<') {
        Markup();
      } else if (html_[at_] == '&') {
        Reference();
      } else {
        line_.Put(FromWindows1252(NextUtf8(html_, at_)));
      }
    }
  }

 private:
  void SkipPast(std::string_view end) {
    const size_t found = html_.find(end, at_);
    at_ = found == std::string_view::npos ? html_.size() : found + end.size();
  }

  void Markup() {
    const std::string_view rest = html_.substr(at_);
    const char next = rest.size() > 1 ? rest[1] : '\0';
    if (rest.substr(0, 4) == "<!--") {
      at_ += 4;
      SkipPast("-->");
    } else if (rest.substr(0, 9) == "<![CDATA[") {
      const size_t end = std::min(rest.find("]]>"), rest.size());
      line_.Put(rest.substr(9, end - std::min<size_t>(end, 9)));
      at_ += std::min(end + 3, rest.size());
    } else if (next == '!' || next == '?') {
      SkipPast(">");
    } else if (IsLetter(next) || (next == '/' && rest.size() > 2 && IsLetter(rest[2]))) {
      Tag();
    } else {
      line_.Put('<');
      ++at_;
    }
  }

  void Tag() {
    const bool closing = html_[at_ + 1] == '/';
    at_ += closing ? 2 : 1;
    std::string name;
    while (at_ < html_.size() &&
           (IsLetter(html_[at_]) || (html_[at_] >= '0' && html_[at_] <= '9') || html_[at_] == ':' ||
            html_[at_] == '-')) {
      name.push_back(html_[at_++]);
    }
    name = LowerAscii(name);
    if (const size_t colon = name.find(':'); colon != std::string::npos) name.erase(0, colon + 1);
    const bool empty = SkipAttributes();
    const bool unread = OneOf(name, kUnread);
    if (!unread && !OneOf(name, kInline)) line_.Space();
    if (!closing && !empty && unread) SkipElement(name);
  }

  // To the end of the tag, quoted values passed over. True for "/>".
  bool SkipAttributes() {
    char quote = '\0';
    for (; at_ < html_.size(); ++at_) {
      const char c = html_[at_];
      if (quote != '\0') {
        if (c == quote) quote = '\0';
      } else if ((c == '"' || c == '\'') && html_[at_ - 1] == '=') {
        quote = c;
      } else if (c == '>') {
        return html_[at_++ - 1] == '/';
      } else if (c == '<') {
        return false;  // the tag was never closed: a new one starts
      }
    }
    return false;
  }

  // To the end tag of the same name. Without one, script and style run to the
  // end; anything else was empty.
  void SkipElement(std::string_view name) {
    for (size_t from = at_; unclosed_ < kMaxUnclosed;) {
      const size_t found = html_.find("</", from);
      if (found == std::string_view::npos) break;
      const std::string_view candidate = html_.substr(found + 2, name.size());
      if (LowerAscii(candidate) == name) {
        at_ = found;
        SkipPast(">");
        return;
      }
      from = found + 2;
    }
    ++unclosed_;
    if (name == "script" || name == "style") at_ = html_.size();
  }

  void Reference() {
    const size_t end = html_.find_first_of(";& <\n", at_ + 1);
    const bool closed = end != std::string_view::npos && html_[end] == ';';
    const size_t length = (end == std::string_view::npos ? html_.size() : end) - at_ - 1;
    if (length > 0 && length <= kMaxReferenceLength) {
      const std::string_view name = html_.substr(at_ + 1, length);
      // Without the semicolon only numbers are believed ("AT&T", "?a=1&copy=2").
      const std::optional<uint32_t> c =
          closed || name.front() == '#' ? CharacterReference(name) : std::nullopt;
      if (c) {
        line_.Put(*c);
        at_ += 1 + length + (closed ? 1 : 0);
        return;
      }
    }
    line_.Put('&');
    ++at_;
  }

  const std::string_view html_;
  Line& line_;
  size_t at_ = 0;
  size_t unclosed_ = 0;  // searches for an end tag that found none
};

}  // namespace

std::optional<uint32_t> CharacterReference(std::string_view name) {
  if (name.size() > 1 && name.front() == '#') {
    const bool hex = name[1] == 'x' || name[1] == 'X';
    name.remove_prefix(hex ? 2 : 1);
    uint32_t value = 0;
    if (name.empty()) return std::nullopt;
    for (const char c : name) {
      const uint32_t digit = c >= '0' && c <= '9'          ? static_cast<uint32_t>(c - '0')
                             : hex && c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a' + 10)
                             : hex && c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A' + 10)
                                                           : 99;
      if (digit == 99 || value > 0x10FFFF) return std::nullopt;
      value = value * (hex ? 16 : 10) + digit;
    }
    if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return std::nullopt;
    return FromWindows1252(value);
  }
  const auto* found = std::lower_bound(
      std::begin(kNamedCharacters), std::end(kNamedCharacters), name,
      [](const NamedCharacter& entry, std::string_view wanted) { return entry.name < wanted; });
  if (found == std::end(kNamedCharacters) || found->name != name) return std::nullopt;
  return found->code_point;
}

std::string HtmlToText(std::string_view html, size_t limit) {
  Line line(limit);
  Reader(html.substr(0, limit * 64), line).Run();
  return line.Take();
}

std::string PlainText(std::string_view text, size_t limit) {
  Line line(limit);
  for (size_t at = 0; at < text.size() && !line.full();)
    line.Put(FromWindows1252(NextUtf8(text, at)));
  return line.Take();
}

}  // namespace gannet::ingest
