#include "services/ingest/feed_xml.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "services/ingest/feed_html.h"
#include "services/ingest/feed_text.h"

namespace gannet::ingest {
namespace {

constexpr size_t kMaxEntities = 64;
constexpr size_t kMaxEntityLength = 256;
constexpr size_t kMaxNameLength = 64;
constexpr size_t kMaxGrowth = 256u << 10;  // bytes that entities may add to a document
constexpr size_t kMaxOpenElements = 256;

using Entities = std::map<std::string, std::string, std::less<>>;

bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<uint8_t>(c) >= 0x80;
}
bool IsNameChar(char c) { return IsNameStart(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

size_t PastOrEnd(std::string_view text, std::string_view mark, size_t from) {
  const size_t found = text.find(mark, from);
  return found == std::string_view::npos ? text.size() : found + mark.size();
}

absl::Status Refused(const std::string& what) {
  return absl::InvalidArgumentError("document type refused: " + what +
                                    "; feeds have no need of it, ask the source for a plain one");
}

bool IsPredefined(std::string_view name) {
  return name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos";
}

// One "<!ENTITY …>" without its brackets.
absl::Status ReadEntity(std::string_view declaration, Entities& entities) {
  declaration = StripAscii(declaration);
  if (StartsWith(declaration, "%")) return Refused("a parameter entity");
  size_t length = 0;
  while (length < declaration.size() && IsNameChar(declaration[length])) ++length;
  const std::string name(declaration.substr(0, length));
  const std::string_view rest = StripAscii(declaration.substr(length));
  if (name.empty() || name.size() > kMaxNameLength || rest.size() < 2)
    return Refused("a malformed entity");
  if (rest.front() != '"' && rest.front() != '\'')
    return Refused("an external entity (" + name + ")");
  const size_t end = rest.find(rest.front(), 1);
  if (end == std::string_view::npos) return Refused("a malformed entity");
  const std::string_view value = rest.substr(1, end - 1);
  if (value.size() > kMaxEntityLength || entities.size() >= kMaxEntities)
    return Refused("too many or too long entities");
  if (value.find_first_of("%<") != std::string_view::npos)
    return Refused("an entity that holds markup (" + name + ")");
  // Character references inside are resolved now; names would nest.
  std::string resolved;
  for (size_t at = 0; at < value.size();) {
    if (value[at] != '&') {
      resolved.push_back(value[at++]);
      continue;
    }
    const size_t semicolon = value.find(';', at);
    if (semicolon == std::string_view::npos) return Refused("a malformed entity");
    const std::string_view reference = value.substr(at + 1, semicolon - at - 1);
    if (!StartsWith(reference, "#") && !IsPredefined(reference))
      return Refused("an entity made of entities (" + name + ")");
    const std::optional<uint32_t> c = CharacterReference(reference);
    if (!c) return Refused("a malformed entity");
    AppendUtf8(resolved, *c);
    at = semicolon + 1;
  }
  entities.emplace(name, resolved);
  return absl::OkStatus();
}

// Reads "<!DOCTYPE …>" at `at` and moves past it.
absl::Status ReadDoctype(std::string_view text, size_t& at, Entities& entities) {
  at += 9;
  bool subset = false;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '>' && !subset) {
      ++at;
      return absl::OkStatus();
    }
    if (c == '[') {
      subset = true;
      ++at;
    } else if (c == ']') {
      subset = false;
      ++at;
    } else if (StartsWith(text.substr(at), "<!--")) {
      at = PastOrEnd(text, "-->", at + 4);
    } else if (c == '"' || c == '\'') {
      at = PastOrEnd(text, std::string_view(&text[at], 1), at + 1);
    } else if (subset && StartsWith(text.substr(at), "<!ENTITY")) {
      size_t end = at + 8;
      for (char quote = '\0'; end < text.size() && (quote != '\0' || text[end] != '>'); ++end) {
        if (text[end] == quote) {
          quote = '\0';
        } else if (quote == '\0' && (text[end] == '"' || text[end] == '\'')) {
          quote = text[end];
        }
      }
      if (absl::Status status = ReadEntity(text.substr(at + 8, end - at - 8), entities);
          !status.ok())
        return status;
      at = std::min(end + 1, text.size());
    } else if (subset && c == '%') {
      return Refused("a parameter entity");
    } else {
      ++at;
    }
  }
  return Refused("it has no end");
}

void AppendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out.push_back(c);
    }
  }
}

// Resolves the reference at `at` ("&…"), moves past it, says whether it was one.
bool AppendReference(std::string_view text, size_t& at, const Entities& entities,
                     std::string& out) {
  const size_t end = text.substr(0, at + kMaxNameLength + 2).find(';', at);
  if (end != std::string_view::npos && end > at + 1) {
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (const auto declared = entities.find(name); declared != entities.end()) {
      AppendEscaped(out, declared->second);
      at = end + 1;
      return true;
    }
    if (const std::optional<uint32_t> c = CharacterReference(name)) {
      std::string utf8;
      AppendUtf8(utf8, *c);
      AppendEscaped(out, utf8);
      at = end + 1;
      return true;
    }
  }
  out += "&amp;";
  ++at;
  return false;
}

// Writes elements and remembers which are open.
class Balancer {
 public:
  explicit Balancer(std::string_view text) : text_(text) { out_.reserve(text.size() + 256); }

  BalancedXml Run() {
    while (at_ < text_.size()) Step();
    const bool item_cut = DropUnfinishedItem();
    while (!open_.empty()) CloseTop();
    return {std::move(out_), item_cut};
  }

 private:
  struct OpenElement {
    std::string_view name;
    size_t start;  // of its tag in out_
  };

  void Step() {
    const std::string_view rest = text_.substr(at_);
    const char next = rest.size() > 1 ? rest[1] : '\0';
    if (rest.front() != '<') {
      const size_t end = std::min(text_.find('<', at_), text_.size());
      if (!open_.empty()) out_.append(text_.substr(at_, end - at_));
      at_ = end;
    } else if (StartsWith(rest, "<!--")) {
      at_ = PastOrEnd(text_, "-->", at_ + 4);
    } else if (StartsWith(rest, "<![CDATA[")) {
      const size_t end = std::min(text_.find("]]>", at_ + 9), text_.size());
      if (!open_.empty()) AppendEscaped(out_, text_.substr(at_ + 9, end - at_ - 9));
      at_ = std::min(end + 3, text_.size());
    } else if (next == '?' || next == '!') {
      at_ = PastOrEnd(text_, ">", at_);
    } else if (next == '/') {
      EndTag();
    } else if (IsNameStart(next)) {
      StartTag();
    } else {
      if (!open_.empty()) out_ += "&lt;";
      ++at_;
    }
  }

  std::string_view Name() {
    const size_t start = at_;
    while (at_ < text_.size() && IsNameChar(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  bool DropUnfinishedItem() {
    const auto item = std::find_if(open_.rbegin(), open_.rend(), [](const OpenElement& element) {
      const std::string_view local = element.name.substr(element.name.rfind(':') + 1);
      return local == "item" || local == "entry";
    });
    if (item == open_.rend()) return false;
    out_.resize(item->start);
    open_.erase(item.base() - 1, open_.end());
    return true;
  }

  void CloseTop() {
    out_ += "</";
    out_.append(open_.back().name);
    out_.push_back('>');
    open_.pop_back();
  }

  void EndTag() {
    at_ += 2;
    const std::string_view name = Name();
    at_ = PastOrEnd(text_, ">", at_);
    const auto found =
        std::find_if(open_.rbegin(), open_.rend(),
                     [name](const OpenElement& element) { return element.name == name; });
    if (found == open_.rend()) return;
    for (auto count = found - open_.rbegin() + 1; count > 0; --count) CloseTop();
  }

  void StartTag() {
    ++at_;
    const std::string_view name = Name();
    // A second root, or deeper than any feed goes: its tags are dropped.
    const bool keep = (!open_.empty() || !root_seen_) && open_.size() < kMaxOpenElements;
    std::string tag = "<" + std::string(name);
    const bool empty = Attributes(tag);
    if (!keep) return;
    root_seen_ = true;
    if (!empty) open_.push_back({name, out_.size()});
    out_ += tag;
    out_ += empty ? "/>" : ">";
  }

  // Appends name="value" pairs; true for an empty element.
  bool Attributes(std::string& tag) {
    std::vector<std::string_view> seen;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '>') {
        ++at_;
        return false;
      }
      if (c == '<') return false;
      if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '>') {
        at_ += 2;
        return true;
      }
      if (!IsNameStart(c)) {
        ++at_;
        continue;
      }
      const std::string_view name = Name();
      const std::string_view value = Value();
      if (seen.size() > 64 || std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
      seen.push_back(name);
      tag += " " + std::string(name) + "=\"";
      for (const char v : value) {
        if (v == '<') {
          tag += "&lt;";
        } else if (v == '"') {
          tag += "&quot;";
        } else {
          tag.push_back(v);
        }
      }
      tag.push_back('"');
    }
    return false;
  }

  std::string_view Value() {
    size_t at = at_;
    while (at < text_.size() && IsBlank(text_[at])) ++at;
    if (at >= text_.size() || text_[at] != '=') return {};
    ++at;
    while (at < text_.size() && IsBlank(text_[at])) ++at;
    if (at >= text_.size()) {
      at_ = at;
      return {};
    }
    if (text_[at] == '"' || text_[at] == '\'') {
      const size_t end = std::min(text_.find(text_[at], at + 1), text_.size());
      at_ = std::min(end + 1, text_.size());
      return text_.substr(at + 1, end - at - 1);
    }
    const size_t end = std::min(text_.find_first_of(" \t\r\n>", at), text_.size());
    at_ = end;
    return text_.substr(at, end - at);
  }

  const std::string_view text_;
  size_t at_ = 0;
  std::string out_;
  std::vector<OpenElement> open_;
  bool root_seen_ = false;
};

}  // namespace

absl::StatusOr<GuardedXml> GuardXml(std::string_view utf8) {
  GuardedXml result;
  Entities entities;
  std::string& out = result.text;
  out.reserve(utf8.size());
  for (size_t at = 0; at < utf8.size();) {
    const char c = utf8[at];
    if (c == '&') {
      if (!AppendReference(utf8, at, entities, out)) result.repaired = true;
    } else if (c != '<') {
      out.push_back(c);
      ++at;
    } else if (StartsWith(utf8.substr(at), "<!--")) {
      at = PastOrEnd(utf8, "-->", at + 4);
    } else if (StartsWith(utf8.substr(at), "<![CDATA[")) {
      const size_t end = PastOrEnd(utf8, "]]>", at + 9);
      out.append(utf8.substr(at, end - at));
      at = end;
    } else if (StartsWith(utf8.substr(at), "<!DOCTYPE") ||
               StartsWith(utf8.substr(at), "<!doctype")) {
      if (absl::Status status = ReadDoctype(utf8, at, entities); !status.ok()) return status;
    } else {
      out.push_back(c);
      ++at;
    }
    if (out.size() > utf8.size() * 2 + kMaxGrowth)
      return Refused("entities make the document grow without bound");
  }
  return result;
}

BalancedXml BalanceXml(std::string_view guarded) { return Balancer(guarded).Run(); }

}  // namespace gannet::ingest
