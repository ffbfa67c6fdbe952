#include "libs/config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/utf8.h"

namespace gannet::config::internal {
namespace {

// Builds the tree from yaml-cpp's events. What is refused is reported and left out.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Document& document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Put(MakeNode(Node::Kind::kNull, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    document_.Add(Line(mark), Path(), "is an alias; write the value out");
    Put(MakeNode(Node::Kind::kNull, mark));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    Node node = MakeNode(Node::Kind::kScalar, mark);
    node.text = value;
    Put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Node::Kind::kList);
  }
  void OnSequenceEnd() override { CloseTop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { CloseTop(); }

 private:
  struct Level {
    Node node;
    std::string key;  // kMap: of the value that comes next
    size_t key_line = 0;
    bool key_known = false;
    bool keep_value = true;
  };

  static size_t Line(const YAML::Mark& mark) {
    return static_cast<size_t>(std::max(0, mark.line)) + 1;
  }
  static Node MakeNode(Node::Kind kind, const YAML::Mark& mark) {
    Node node;
    node.kind = kind;
    node.line = Line(mark);
    return node;
  }

  std::string Path() const {
    std::string path;
    for (const Level& level : open_) {
      if (level.node.kind == Node::Kind::kMap && level.key_known) {
        absl::StrAppend(&path, path.empty() ? "" : ".", level.key);
      } else if (level.node.kind == Node::Kind::kList) {
        absl::StrAppend(&path, "[", level.node.items.size(), "]");
      }
    }
    return path;
  }

  void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) document_.Add(Line(mark), Path(), "has an anchor (&name); write values out");
  }
  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    // "?": plain, "!": quoted; yaml-cpp gives them to values without a tag.
    if (!tag.empty() && tag != "?" && tag != "!") {
      document_.Add(Line(mark), Path(),
                    absl::StrCat("has the tag ", tag, "; tags are not used here"));
    }
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Node::Kind kind) {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    if (open_.size() == kMaxDepth) {
      document_.Add(Line(mark), Path(),
                    absl::StrCat("is nested deeper than ", kMaxDepth, " levels"));
    }
    open_.push_back({MakeNode(kind, mark)});
  }

  void CloseTop() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    Put(std::move(node));
  }

  void Put(Node node) {
    if (++nodes_ > kMaxNodes) {
      if (nodes_ == kMaxNodes + 1) {
        document_.Add(node.line, "", absl::StrCat("more than ", kMaxNodes, " values"));
      }
      return;
    }
    if (open_.empty()) {
      document_.root = std::move(node);
      return;
    }
    Level& parent = open_.back();
    if (parent.node.kind == Node::Kind::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key_known) {
      PutKey(parent, std::move(node));
    } else {
      parent.key_known = false;
      // yaml-cpp places a value that is not there at whatever comes next.
      if (node.kind == Node::Kind::kNull) node.line = parent.key_line;
      if (parent.keep_value)
        parent.node.entries.push_back({std::move(parent.key), std::move(node)});
    }
  }

  void PutKey(Level& parent, Node node) {
    parent.keep_value = node.kind == Node::Kind::kScalar;
    if (!parent.keep_value) document_.Add(node.line, Path(), "a key is a word, not a list or map");
    if (const Node* first = parent.node.Find(node.text); parent.keep_value && first != nullptr) {
      parent.keep_value = false;
      std::string path = Path();
      document_.Add(node.line, absl::StrCat(path, path.empty() ? "" : ".", node.text),
                    absl::StrCat("is here a second time; the first is at line ", first->line));
    }
    parent.key = std::move(node.text);
    parent.key_line = node.line;
    parent.key_known = true;
  }

  Document& document_;
  std::vector<Level> open_;
  size_t nodes_ = 0;
};

}  // namespace

const Node* Node::Find(std::string_view key) const {
  for (const auto& [name, node] : entries) {
    if (name == key) return &node;
  }
  return nullptr;
}

void Document::Add(size_t line, std::string_view path, std::string what) {
  std::string text = absl::StrCat(name, ":", line, ": ");
  if (!path.empty()) text.append(path).append(": ");
  problems_.push_back({line, text.append(what)});
}

absl::Status Document::status() const {
  if (problems_.empty()) return absl::OkStatus();
  std::vector<Found> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Found& a, const Found& b) { return a.line < b.line; });
  std::string message;
  for (size_t i = 0; i < sorted.size() && i < kMaxProblemsShown; ++i) {
    absl::StrAppend(&message, i == 0 ? "" : "\n", sorted[i].text);
  }
  if (sorted.size() > kMaxProblemsShown) {
    absl::StrAppend(&message, "\n… and ", sorted.size() - kMaxProblemsShown, " more");
  }
  return absl::InvalidArgumentError(message);
}

void ParseYaml(std::string_view text, Document& document) {
  if (text.size() > kMaxFileBytes) {
    return document.Add(
        1, "", absl::StrCat("the file has ", text.size(), " bytes; the limit is ", kMaxFileBytes));
  }
  if (!base::IsUtf8(text)) return document.Add(1, "", "the file is not UTF-8; save it as UTF-8");
  // yaml-cpp reports through exceptions: they end here.
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(document);
    parser.HandleNextDocument(builder);
    Document further;
    TreeBuilder ignored(further);
    if (parser.HandleNextDocument(ignored)) {
      document.Add(document.root.line, "", "the file holds a second document (---); keep one");
    }
  } catch (const YAML::Exception& error) {
    document.Add(static_cast<size_t>(std::max(0, error.mark.line)) + 1, "",
                 absl::StrCat("not YAML: ", error.msg));
  } catch (const std::exception& error) {
    document.Add(1, "", absl::StrCat("not YAML: ", error.what()));
  }
}

}  // namespace gannet::config::internal
