#include "services/news-signal/features.h"

#include <algorithm>

#include "absl/status/status.h"
#include "libs/base/status.h"

namespace gannet::news_signal {
namespace {

constexpr size_t kNegationReach = 3;  // words after a negator or undoer that it turns

// The title with names, amounts and clause ends as marks.
struct Masked {
  std::vector<std::string> words;
  std::vector<bool> plain;  // an ordinary word: character n-grams are made of it
};

Masked Mask(const std::vector<Token>& tokens, const std::vector<Mention>& mentions) {
  Masked masked;
  const auto add = [&](std::string word, bool plain) {
    masked.words.push_back(std::move(word));
    masked.plain.push_back(plain);
  };
  auto mention = mentions.begin();
  for (size_t i = 0; i < tokens.size();) {
    if (mention != mentions.end() && mention->first_token == i) {
      add("<" + mention->entry->role + ">", false);
      i += mention->token_count;
      ++mention;
      continue;
    }
    switch (tokens[i].kind) {
      case TokenKind::kMoney:
        add("<money>", false);
        break;
      case TokenKind::kPercent:
        add("<percent>", false);
        break;
      case TokenKind::kNumber:
        add("<number>", false);
        break;
      case TokenKind::kYear:
        add("<year>", false);
        break;
      case TokenKind::kEnd:
        add(tokens[i].folded, false);
        break;
      case TokenKind::kWord:
        add(tokens[i].tagged ? "<tag>" : tokens[i].folded, !tokens[i].tagged);
        break;
    }
    ++i;
  }
  return masked;
}

class Collector {
 public:
  void Add(std::string_view kind, std::string_view a, std::string_view b = {},
           std::string_view c = {}) {
    uint64_t hash = HashBytes(kind);
    for (const std::string_view part : {a, b, c}) hash = HashBytes(part, HashBytes("\x1f", hash));
    buckets_.push_back(static_cast<uint32_t>(Mix(hash) & (kBuckets - 1)));
  }
  std::vector<uint32_t> Take() {
    std::sort(buckets_.begin(), buckets_.end());
    buckets_.erase(std::unique(buckets_.begin(), buckets_.end()), buckets_.end());
    return std::move(buckets_);
  }

 private:
  std::vector<uint32_t> buckets_;
};

void AddWordGrams(const Masked& masked, Collector& out) {
  const std::vector<std::string>& w = masked.words;
  for (size_t i = 0; i < w.size(); ++i) {
    out.Add("1", masked.plain[i] ? Stem(w[i]) : w[i]);
    if (i + 1 < w.size()) out.Add("2", w[i], w[i + 1]);
    if (i + 2 < w.size()) out.Add("3", w[i], w[i + 1], w[i + 2]);
  }
  if (!w.empty()) out.Add("first", w.front());
}

void AddCharacterGrams(const Masked& masked, Collector& out) {
  for (size_t i = 0; i < masked.words.size(); ++i) {
    if (!masked.plain[i] || masked.words[i].size() > 40) continue;
    const std::string word = "^" + masked.words[i] + "$";
    for (size_t length = 2; length <= 5; ++length) {
      for (size_t at = 0; at + length <= word.size(); ++at)
        out.Add("c", std::string_view(word).substr(at, length));
    }
  }
}

// Word classes, alone, in pairs, and beside the roles of names: what a rule
// would be written with ("a regulator" and "enforce").
void AddClasses(const std::vector<Token>& tokens, const std::vector<Mention>& mentions,
                const Lexicon& lexicon, Collector& out) {
  std::set<std::string> classes, roles;
  size_t negated_until = 0, positive = 0, negative = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool named = std::any_of(mentions.begin(), mentions.end(), [&](const Mention& m) {
      return i >= m.first_token && i < m.first_token + m.token_count;
    });
    if (named) continue;
    if (tokens[i].kind == TokenKind::kEnd) negated_until = 0;
    const bool negated = i < negated_until;
    for (const std::string_view name : lexicon.ClassesAt(tokens, i)) {
      // "Not approved" and "ends ban": what follows is meant the other way round.
      if (name == "negator" || name == "undo") negated_until = i + 1 + kNegationReach;
      if (name == "negator") continue;
      if (name == "pos" || name == "neg") {
        const bool good = (name == "pos") != negated;
        out.Add("s", good ? "good" : "bad", negated ? "turned" : "");
        ++(good ? positive : negative);
      } else {
        classes.insert(std::string(name));
      }
    }
  }
  for (const Mention& mention : mentions) roles.insert(mention.entry->role);
  out.Add("balance", positive > negative   ? "good"
                     : negative > positive ? "bad"
                     : positive > 0        ? "both"
                                           : "none");
  for (auto a = classes.begin(); a != classes.end(); ++a) {
    out.Add("l", *a);
    for (auto b = std::next(a); b != classes.end(); ++b) out.Add("ll", *a, *b);
    for (const std::string& role : roles) out.Add("lr", *a, role);
  }
  for (auto a = roles.begin(); a != roles.end(); ++a) {
    out.Add("r", *a);
    for (auto b = std::next(a); b != roles.end(); ++b) out.Add("rr", *a, *b);
  }
}

}  // namespace

absl::StatusOr<Lexicon> Lexicon::Parse(std::string_view text) {
  Lexicon lexicon;
  size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.front() == '#' || line.substr(0, 8) == "version\t") continue;
    const size_t tab = line.find('\t');
    if (tab == std::string_view::npos || tab == 0) {
      return absl::InvalidArgumentError("lexicon line " + std::to_string(number) +
                                        ": wanted a class, a tab, and words separated by |");
    }
    for (const std::string_view phrase : Split(line.substr(tab + 1), '|')) {
      std::string key;
      size_t words = 0;
      for (const Token& token : Tokenize(phrase)) {
        key += (key.empty() ? "" : " ") + Stem(token.folded);
        ++words;
      }
      if (words == 0 || words > kMaxPhrase) {
        return absl::InvalidArgumentError("lexicon line " + std::to_string(number) + ": \"" +
                                          std::string(phrase) + "\" is no phrase of one to " +
                                          std::to_string(kMaxPhrase) + " words");
      }
      lexicon.phrases_[key].insert(std::string(line.substr(0, tab)));
    }
  }
  if (lexicon.phrases_.empty()) return absl::InvalidArgumentError("the lexicon is empty");
  return lexicon;
}

std::vector<std::string_view> Lexicon::ClassesAt(const std::vector<Token>& tokens,
                                                 size_t at) const {
  std::vector<std::string_view> classes;
  std::string key;
  for (size_t length = 1; length <= kMaxPhrase && at + length <= tokens.size(); ++length) {
    if (tokens[at + length - 1].kind == TokenKind::kEnd) break;
    key += (key.empty() ? "" : " ") + Stem(tokens[at + length - 1].folded);
    const auto found = phrases_.find(key);
    if (found == phrases_.end()) continue;
    for (const std::string& name : found->second) classes.push_back(name);
  }
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  return classes;
}

std::vector<uint32_t> MakeFeatures(const std::vector<Token>& tokens,
                                   const std::vector<Mention>& mentions, const Lexicon& lexicon) {
  Collector out;
  const Masked masked = Mask(tokens, mentions);
  AddWordGrams(masked, out);
  AddCharacterGrams(masked, out);
  AddClasses(tokens, mentions, lexicon, out);
  return out.Take();
}

}  // namespace gannet::news_signal
