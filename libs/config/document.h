// Private to libs/config: a parsed file and what was found wrong with it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/config/config.h"

namespace gannet::config::internal {

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap } kind = Kind::kNull;
  size_t line = 0;  // from 1
  std::string text;
  struct Entry;
  std::vector<Node> items;     // kList
  std::vector<Entry> entries;  // kMap, in the file's order, keys unique
  const Node* Find(std::string_view key) const;
};

struct Node::Entry {
  std::string key;
  Node node;
};

struct Document {
  std::string name;
  Node root;

  // `path` may be empty: the file as a whole.
  void Add(size_t line, std::string_view path, std::string what);
  bool ok() const { return problems_.empty(); }
  absl::Status status() const;

  static Section Top(Document& document) { return Section(document, "", &document.root); }
  static void Finish(Section& section) { section.Finish(); }

 private:
  struct Found {
    size_t line;
    std::string text;
  };
  std::vector<Found> problems_;
};

// Parses `text` into `document.root`, or adds what is wrong with it.
void ParseYaml(std::string_view text, Document& document);

}  // namespace gannet::config::internal
