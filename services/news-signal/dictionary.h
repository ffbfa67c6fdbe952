// Names to entities: coins, companies, institutions, people. The list is a file
// (dictionary.tsv, format in docs/news.md); its hash is its version, and every
// signal carries it.
//
// Immutable after loading; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/news-signal/headline.h"

namespace gannet::news_signal {

// The columns of a line, empty ones too.
std::vector<std::string_view> Split(std::string_view line, char mark);

inline constexpr size_t kMaxNameTokens = 6;
inline constexpr size_t kMaxDictionaryEntries = 20'000;

struct DictionaryEntry {
  std::string id;    // "coin:BTC"
  std::string role;  // what the entity is to a headline: "coin", "exchange", "regulator",
                     // "central-banker", …
  std::string name;  // for people
};

// Where a title speaks of an entity.
struct Mention {
  const DictionaryEntry* entry = nullptr;
  size_t first_token = 0, token_count = 0;
};

class Dictionary {
 public:
  // INVALID_ARGUMENT naming the line: wrong number of columns, an id twice, an
  // alias without letters or longer than kMaxNameTokens words, no entries.
  static absl::StatusOr<Dictionary> Parse(std::string_view text);

  // Longest names first, left to right, none overlapping. A doubtful name (NEAR,
  // LINK, Sandbox) counts only beside another entity or a context word.
  std::vector<Mention> Find(const std::vector<Token>& tokens) const;

  const std::vector<DictionaryEntry>& entries() const { return entries_; }
  // "<date stated in the file>-<first 12 hex digits of its SHA-256>".
  const std::string& version() const { return version_; }

 private:
  struct Alias {
    size_t entry = 0;
    std::string exact;      // must be written so; empty: any case
    bool doubtful = false;  // needs context
  };

  absl::Status AddLine(std::string_view line);
  absl::Status AddAlias(std::string_view alias, size_t entry);
  const Alias* Match(const std::vector<Token>& tokens, size_t first, size_t count,
                     bool allow_doubtful) const;
  bool HasContext(const std::vector<Token>& tokens, const Mention& mention,
                  const std::vector<Mention>& certain) const;

  std::vector<DictionaryEntry> entries_;
  std::map<std::string, std::vector<Alias>, std::less<>>
      aliases_;                                 // by folded words joined with a space
  std::set<std::string, std::less<>> context_;  // folded words that make a doubtful name certain
  std::map<size_t, std::vector<std::string>>
      vetoes_;  // entry → phrases that speak of something else
  std::string version_;
};

}  // namespace gannet::news_signal
