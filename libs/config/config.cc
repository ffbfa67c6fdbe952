#include "libs/config/config.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status.h"
#include "libs/config/document.h"

namespace gannet::config {

using internal::Document;
using internal::Node;

namespace {

constexpr size_t kMaxValueShown = 80;
constexpr size_t kMaxTypo = 2;  // edits between a key and the one it may stand for

std::string Quoted(std::string_view value) {
  std::string text = "'";
  text.append(value.substr(0, kMaxValueShown));
  return text.append(value.size() > kMaxValueShown ? "…'" : "'");
}

// Levenshtein distance (insertions, deletions, substitutions).
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::string UnknownKey(std::string_view key, const std::vector<std::string>& known) {
  if (known.empty()) return "is not known; nothing can be set here";
  const auto closest = std::min_element(
      known.begin(), known.end(),
      [&](const auto& a, const auto& b) { return Distance(key, a) < Distance(key, b); });
  std::string what = "is not known";
  if (Distance(key, *closest) <= kMaxTypo) absl::StrAppend(&what, "; did you mean ", *closest, "?");
  return absl::StrCat(what, what.back() == '?' ? " " : "; ",
                      "allowed here: ", absl::StrJoin(known, ", "));
}

}  // namespace

std::string Section::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : absl::StrCat(path_, ".", std::string(key));
}

bool Section::Has(std::string_view key) const { return node_->Find(key) != nullptr; }

std::vector<std::string> Section::Keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, node] : node_->entries) keys.push_back(key);
  return keys;
}

void Section::Problem(std::string_view key, std::string what) {
  const Node* node = node_->Find(key);
  document_.Add(node != nullptr ? node->line : node_->line, PathOf(key), std::move(what));
}

const Node* Section::Take(std::string_view key, bool required) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const Node* node = node_->Find(key);
  if (node == nullptr && required)
    document_.Add(node_->line, PathOf(key), "is missing; it must be set");
  return node;
}

const Node* Section::TakeList(std::string_view key, Count count) {
  const Node* node = Take(key, count.min > 0);
  if (node == nullptr) return nullptr;
  if (node->kind != Node::Kind::kList) {
    document_.Add(node->line, PathOf(key), "is not a list; write [a, b] or one \"- item\" a line");
    return nullptr;
  }
  if (node->items.size() < count.min || node->items.size() > count.max) {
    document_.Add(node->line, PathOf(key),
                  absl::StrCat("has ", node->items.size(), " entries; allowed are ", count.min,
                               " to ", count.max));
    return nullptr;
  }
  return node;
}

void Section::Enter(const std::string& path, const Node& node,
                    const std::function<void(Section&)>& read) {
  if (node.kind != Node::Kind::kMap && node.kind != Node::Kind::kNull) {
    return document_.Add(node.line, path, "is not a section; write one \"key: value\" a line");
  }
  Section section(document_, path, &node);
  read(section);
  section.Finish();
}

void Section::Inner(std::string_view key, bool required,
                    const std::function<void(Section&)>& read) {
  if (const Node* node = Take(key, required)) Enter(PathOf(key), *node, read);
}

void Section::Entries(std::string_view key, const std::function<void(Section&)>& read,
                      Count count) {
  const Node* node = Take(key, count.min > 0);
  if (node == nullptr) return;
  if (node->entries.size() < count.min || node->entries.size() > count.max) {
    return document_.Add(node->line, PathOf(key),
                         absl::StrCat("has ", node->entries.size(), " entries; allowed are ",
                                      count.min, " to ", count.max));
  }
  Enter(PathOf(key), *node, read);
}

void Section::ForEach(const Node& list,
                      const std::function<void(const std::string&, const Node&)>& each) const {
  const std::string& key = known_.back();  // the list was taken just before
  for (size_t i = 0; i < list.items.size(); ++i) {
    each(absl::StrCat(PathOf(key), "[", i, "]"), list.items[i]);
  }
}

const std::string* Section::ScalarText(const std::string& path, const Node& node,
                                       std::string_view form) {
  if (node.kind == Node::Kind::kScalar) return &node.text;
  document_.Add(
      node.line, path,
      absl::StrCat(node.kind == Node::Kind::kNull ? "has no value" : "is a list or section",
                   "; expected is ", std::string(form)));
  return nullptr;
}

std::optional<size_t> Section::FindName(const std::string& path, const Node& node,
                                        const std::vector<std::string_view>& names) {
  std::string allowed;
  for (const std::string_view name : names)
    allowed.append(allowed.empty() ? "" : ", ").append(name);
  const std::string* text = ScalarText(path, node, "one of " + allowed);
  if (text == nullptr) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  document_.Add(node.line, path, absl::StrCat(Quoted(*text), " is not one of ", allowed));
  return std::nullopt;
}

void Section::ReadPath(std::string_view key, bool required, std::string& out) {
  ReadScalar(key, required, out, Limits<std::string>{});  // leaves a default alone
  const size_t slash = document_.name.rfind('/');
  if (out.empty() || out.front() == '/' || slash == std::string::npos) return;
  out.insert(0, document_.name, 0, slash + 1);
}

void Section::Refuse(const std::string& path, const Node& node, std::string_view form,
                     const std::string& limits) {
  document_.Add(node.line, path,
                absl::StrCat(Quoted(node.text), " is not ", std::string(form), limits));
}

void Section::Finish() {
  for (const auto& [key, node] : node_->entries) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
      document_.Add(node.line, PathOf(key), UnknownKey(key, known_));
    }
  }
}

absl::Status LoadText(std::string_view text, std::string_view name,
                      const std::function<void(Section&)>& read) {
  Document document;
  document.name = name;
  document.root.line = 1;
  internal::ParseYaml(text, document);
  if (document.root.kind == Node::Kind::kScalar || document.root.kind == Node::Kind::kList) {
    document.Add(document.root.line, "", "a configuration is made of \"key: value\" lines");
  }
  // Values of a file that did not parse would only repeat what is wrong.
  if (!document.ok()) return document.status();
  Section top = Document::Top(document);
  read(top);
  Document::Finish(top);
  return document.status();
}

absl::Status LoadFile(base::Files& files, const std::string& path,
                      const std::function<void(Section&)>& read) {
  absl::StatusOr<std::string> text = files.Read(path);
  if (!text.ok()) return base::Annotate(text.status(), "configuration");
  return LoadText(*text, path, read);
}

CheckResult Check(std::string_view path, const absl::Status& loaded) {
  CheckResult result;
  if (loaded.ok()) {
    result.text.append(path).append(": OK\n");
  } else {
    result.exit_code = 2;
    result.text = std::string(loaded.message()) + "\n";
  }
  return result;
}

}  // namespace gannet::config
