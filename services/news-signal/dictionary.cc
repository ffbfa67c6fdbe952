#include "services/news-signal/dictionary.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"

namespace gannet::news_signal {
namespace {

std::string Joined(const std::vector<Token>& tokens, size_t first, size_t count) {
  std::string key;
  for (size_t i = first; i < first + count; ++i) {
    if (i > first) key.push_back(' ');
    key += tokens[i].folded;
  }
  return key;
}

// The words as written, with single spaces.
std::string Written(const std::vector<Token>& tokens, size_t first, size_t count) {
  std::string text;
  for (size_t i = first; i < first + count; ++i) {
    if (i > first) text.push_back(' ');
    text.append(tokens[i].text);
  }
  return text;
}

std::string Folded(std::string_view phrase) {
  const std::vector<Token> tokens = Tokenize(phrase);
  return Joined(tokens, 0, tokens.size());
}

}  // namespace

std::vector<std::string_view> Split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(mark, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

absl::Status Dictionary::AddAlias(std::string_view alias, size_t entry) {
  if (alias.empty()) return absl::OkStatus();
  if (alias.front() == '!') {
    vetoes_[entry].push_back(" " + Folded(alias.substr(1)) + " ");
    return absl::OkStatus();
  }
  Alias added{entry, "", false};
  const bool exact = alias.front() == '=' || alias.front() == '?';
  added.doubtful = alias.front() == '?';
  if (exact) alias.remove_prefix(1);
  const std::vector<Token> tokens = Tokenize(alias);
  const bool words = std::none_of(tokens.begin(), tokens.end(),
                                  [](const Token& t) { return t.kind == TokenKind::kEnd; });
  if (tokens.empty() || tokens.size() > kMaxNameTokens || !words) {
    return absl::InvalidArgumentError("the alias \"" + std::string(alias) +
                                      "\" is no name of one to " + std::to_string(kMaxNameTokens) +
                                      " words");
  }
  if (exact) added.exact = Written(tokens, 0, tokens.size());
  aliases_[Joined(tokens, 0, tokens.size())].push_back(std::move(added));
  return absl::OkStatus();
}

absl::Status Dictionary::AddLine(std::string_view line) {
  const std::vector<std::string_view> columns = Split(line, '\t');
  if (columns.size() != 4) {
    return absl::InvalidArgumentError(
        "it has " + std::to_string(columns.size()) +
        " columns; wanted: id, role, name, aliases, separated by tabs");
  }
  if (columns[0].find(':') == std::string_view::npos || columns[1].empty() || columns[2].empty()) {
    return absl::InvalidArgumentError("id (\"kind:name\"), role and name must not be empty");
  }
  const bool twice = std::any_of(entries_.begin(), entries_.end(),
                                 [&](const DictionaryEntry& e) { return e.id == columns[0]; });
  if (twice)
    return absl::InvalidArgumentError("the id \"" + std::string(columns[0]) + "\" stands twice");
  if (entries_.size() >= kMaxDictionaryEntries)
    return absl::InvalidArgumentError("more entries than the limit");
  const size_t entry = entries_.size();
  entries_.push_back({std::string(columns[0]), std::string(columns[1]), std::string(columns[2])});
  for (const std::string_view alias : Split(columns[3], '|'))
    GANNET_RETURN_IF_ERROR(AddAlias(alias, entry));
  return absl::OkStatus();
}

absl::StatusOr<Dictionary> Dictionary::Parse(std::string_view text) {
  Dictionary dictionary;
  std::string stated;
  size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    absl::Status status;
    if (line.substr(0, 8) == "version\t") {
      stated = std::string(line.substr(8));
    } else if (line.substr(0, 8) == "context\t") {
      for (const Token& token : Tokenize(line.substr(8))) dictionary.context_.insert(token.folded);
    } else {
      status = dictionary.AddLine(line);
    }
    if (!status.ok()) return base::Annotate(status, "dictionary line " + std::to_string(number));
  }
  if (dictionary.entries_.empty())
    return absl::InvalidArgumentError("the dictionary has no entries");
  dictionary.version_ =
      (stated.empty() ? "" : stated + "-") + base::Hex(base::Sha256(text)).substr(0, 12);
  return dictionary;
}

const Dictionary::Alias* Dictionary::Match(const std::vector<Token>& tokens, size_t first,
                                           size_t count, bool allow_doubtful) const {
  const auto found = aliases_.find(Joined(tokens, first, count));
  if (found == aliases_.end()) return nullptr;
  for (const Alias& alias : found->second) {
    if (!alias.exact.empty() && !tokens[first].tagged &&
        Written(tokens, first, count) != alias.exact)
      continue;
    // A cashtag says itself what it is.
    if (alias.doubtful && !allow_doubtful && !tokens[first].tagged) continue;
    return &alias;
  }
  return nullptr;
}

bool Dictionary::HasContext(const std::vector<Token>& tokens, const Mention& mention,
                            const std::vector<Mention>& certain) const {
  const bool beside = std::any_of(certain.begin(), certain.end(), [&](const Mention& other) {
    return other.entry->role == "coin" || other.entry->role == "protocol" ||
           other.entry->role == "exchange";
  });
  if (beside) return true;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool inside = i >= mention.first_token && i < mention.first_token + mention.token_count;
    if (!inside && context_.contains(tokens[i].folded)) return true;
  }
  return false;
}

std::vector<Mention> Dictionary::Find(const std::vector<Token>& tokens) const {
  std::vector<Mention> certain, doubtful;
  for (size_t at = 0; at < tokens.size();) {
    size_t step = 1;
    for (size_t count = std::min(kMaxNameTokens, tokens.size() - at); count > 0; --count) {
      const Alias* alias = Match(tokens, at, count, /*allow_doubtful=*/true);
      if (alias == nullptr) continue;
      const bool sure = !alias->doubtful || tokens[at].tagged;
      (sure ? certain : doubtful).push_back({&entries_[alias->entry], at, count});
      step = count;
      break;
    }
    at += step;
  }
  for (const Mention& mention : doubtful) {
    if (HasContext(tokens, mention, certain)) certain.push_back(mention);
  }
  std::sort(certain.begin(), certain.end(),
            [](const Mention& a, const Mention& b) { return a.first_token < b.first_token; });
  const std::string all = " " + Joined(tokens, 0, tokens.size()) + " ";
  std::erase_if(certain, [&](const Mention& mention) {
    const auto vetoes = vetoes_.find(static_cast<size_t>(mention.entry - entries_.data()));
    if (vetoes == vetoes_.end()) return false;
    return std::any_of(
        vetoes->second.begin(), vetoes->second.end(),
        [&](const std::string& phrase) { return all.find(phrase) != std::string::npos; });
  });
  return certain;
}

}  // namespace gannet::news_signal
