#include "services/news-signal/headline.h"

#include <algorithm>
#include <array>

namespace gannet::news_signal {
namespace {

// Letters of Latin-1 and Latin Extended-A by their base letter; typographic
// marks by their ASCII form. Zero: not folded.
char FoldCodePoint(uint32_t c) {
  switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x02BC:
    case 0x2032:
      return '\'';
    case 0x201C:
    case 0x201D:
    case 0x00AB:
    case 0x00BB:
      return '"';
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2015:
    case 0x2212:
      return '-';
    case 0x00A0:
    case 0x2009:
    case 0x202F:
    case 0x2002:
    case 0x2003:
      return ' ';
    default:
      break;
  }
  if (c >= 0xC0 && c <= 0xFF) {
    constexpr std::string_view kBase =
        "aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo/ouuuuyty";
    return kBase[c - 0xC0];
  }
  if (c >= 0x100 && c <= 0x17F) {
    constexpr std::string_view kBase =
        "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllll"
        "nnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
    return c - 0x100 < kBase.size() ? kBase[c - 0x100] : '\0';
  }
  return '\0';
}

struct Character {
  char folded = '\0';      // ASCII lower case; '\0' when there is none
  bool letter = false;     // of a script that is not folded
  std::string_view bytes;  // as written
};

// Punctuation, currency signs, arrows, pictures: no part of a word.
bool IsSymbol(uint32_t c) {
  return (c >= 0xA0 && c <= 0xBF) || (c >= 0x2000 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x303F) ||
         (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFF00 && c <= 0xFF0F) || c == 0xFFFD ||
         c >= 0x1F000;
}

Character Read(std::string_view title, size_t at) {
  const auto lead = static_cast<unsigned char>(title[at]);
  if (lead < 0x80) {
    const char c = title[at];
    return {c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c, false,
            title.substr(at, 1)};
  }
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  const std::string_view bytes = title.substr(at, length);
  uint32_t c = lead & (0x3Fu >> (length - 1));
  for (size_t i = 1; i < bytes.size(); ++i)
    c = c << 6 | (static_cast<unsigned char>(bytes[i]) & 0x3Fu);
  const char folded = FoldCodePoint(c);
  return {folded, folded == '\0' && !IsSymbol(c), bytes};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }
// Letters of other scripts count as letters of a word.
bool IsWordCharacter(const Character& c) {
  return IsLetter(c.folded) || IsDigit(c.folded) || c.letter || c.folded == '_';
}

TokenKind KindOf(std::string_view folded, bool currency, bool percent) {
  if (folded.empty() || !IsDigit(folded.front())) return TokenKind::kWord;
  if (currency) return TokenKind::kMoney;
  if (percent) return TokenKind::kPercent;
  const size_t digits = std::min(folded.find_first_not_of("0123456789.,"), folded.size());
  const std::string_view unit = folded.substr(digits);
  if (unit == "bps" || unit == "bp" || unit == "pct") return TokenKind::kPercent;
  const bool year = digits == 4 && unit.empty() &&
                    (folded.substr(0, 2) == "19" || folded.substr(0, 2) == "20") &&
                    folded.find_first_of(".,") == std::string_view::npos;
  if (year) return TokenKind::kYear;
  const bool number = unit.empty() || unit == "k" || unit == "m" || unit == "mn" || unit == "b" ||
                      unit == "bn" || unit == "t" || unit == "tn" || unit == "x" || unit == "st" ||
                      unit == "nd" || unit == "rd" || unit == "th" || unit == "mln" ||
                      unit == "bln" || unit == "million" || unit == "billion";
  return number ? TokenKind::kNumber : TokenKind::kWord;  // "0x", "3ac", "1inch"
}

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view title) : title_(title) {}

  std::vector<Token> Run() {
    while (at_ < title_.size() && tokens_.size() < kMaxTokens) {
      const Character c = Read(title_, at_);
      if (IsWordCharacter(c)) {
        Word();
      } else {
        Mark(c);
        at_ += c.bytes.size();
      }
    }
    return std::move(tokens_);
  }

 private:
  void Mark(const Character& c) {
    const bool pound_or_euro = c.bytes == "£" || c.bytes == "€" || c.bytes == "¥";
    currency_ = c.folded == '$' || pound_or_euro;
    tag_ = c.folded == '$' || c.folded == '#';
    const bool ends = c.folded == ',' || c.folded == ';' || c.folded == ':' || c.folded == '|' ||
                      c.folded == '!' || c.folded == '?' || EndsSentence(c) ||
                      (c.folded == '-' && at_ > 0 && title_[at_ - 1] == ' ');
    if (c.folded == '?')
      End("?");
    else if (ends)
      End("|");
  }

  // Not the dot of "Mt. Gox", "St. Louis" or "fetch.ai".
  bool EndsSentence(const Character& c) const {
    const bool short_word = !tokens_.empty() && tokens_.back().folded.size() <= 2;
    return c.folded == '.' && FoldedAt(at_ + 1) == ' ' && at_ + 1 < title_.size() && !short_word;
  }

  void End(const char* mark) {
    if (tokens_.empty() || tokens_.back().kind == TokenKind::kEnd) return;
    tokens_.push_back({mark, {}, static_cast<uint32_t>(at_), TokenKind::kEnd, false});
  }

  char FoldedAt(size_t at) const { return at < title_.size() ? Read(title_, at).folded : ' '; }

  // "." inside "u.s." or "10.5", "," inside "1,000", "&" inside "at&t".
  bool Joins(char mark, size_t next, const std::string& folded) const {
    const char after = FoldedAt(next);
    if (folded.empty()) return false;
    const char before = folded.back();
    if (mark == '.' || mark == ',') {
      if (IsDigit(before) && IsDigit(after)) return true;
      return mark == '.' && acronym_ && IsLetter(after);
    }
    return mark == '&' && IsLetter(before) && IsLetter(after);
  }

  void Word() {
    const size_t start = at_;
    std::string folded;
    acronym_ = false;
    size_t run = 0;  // letters since the last dot
    size_t end = at_;
    while (at_ < title_.size()) {
      const Character c = Read(title_, at_);
      if (IsWordCharacter(c)) {
        if (c.folded != '\0')
          folded.push_back(c.folded);
        else
          folded.append(c.bytes);
        ++run;
        at_ += c.bytes.size();
        end = at_;
        continue;
      }
      // One letter before the dot, and only letters and dots so far.
      if (c.folded == '.' && run == 1 && IsLetter(folded.back()))
        acronym_ = true;
      else if (c.folded == '.')
        acronym_ = false;
      if (Joins(c.folded, at_ + c.bytes.size(), folded)) {
        if (!(c.folded == '.' && acronym_)) folded.push_back(c.folded);
        run = 0;
        at_ += c.bytes.size();
        continue;
      }
      // "don't" is one word without the mark.
      if (c.folded == '\'' && !Possessive(c) && WordAt(at_ + c.bytes.size())) {
        at_ += c.bytes.size();
        continue;
      }
      break;
    }
    const bool percent = FoldedAt(at_) == '%';
    Token token{std::move(folded), title_.substr(start, end - start), static_cast<uint32_t>(start),
                TokenKind::kWord, false};
    token.kind = KindOf(token.folded, currency_, percent);
    token.tagged = tag_ && token.kind == TokenKind::kWord;
    if (token.kind == TokenKind::kNumber && FollowedByCurrency()) token.kind = TokenKind::kMoney;
    tokens_.push_back(std::move(token));
    currency_ = tag_ = false;
    // "U.S." ends with a dot that ends no sentence.
    if (acronym_ && FoldedAt(at_) == '.') ++at_;
  }

  bool WordAt(size_t at) const { return at < title_.size() && IsWordCharacter(Read(title_, at)); }

  // Steps over "'s" at the end of a word.
  bool Possessive(const Character& mark) {
    const size_t next = at_ + mark.bytes.size();
    if (FoldedAt(next) != 's' || WordAt(next + 1)) return false;
    at_ = next + 1;
    return true;
  }

  bool FollowedByCurrency() const {
    const std::string_view rest = title_.substr(at_, 5);
    for (const std::string_view unit : {" USD", " EUR", " GBP"}) {
      if (rest.substr(0, 4) == unit) return true;
    }
    return false;
  }

  const std::string_view title_;
  size_t at_ = 0;
  bool currency_ = false, tag_ = false, acronym_ = false;
  std::vector<Token> tokens_;
};

constexpr std::array<std::string_view, 64> kStopWords = {
    "a",    "about", "after", "all",   "amid",  "an",    "and",  "are",   "as",   "at",  "be",
    "been", "being", "but",   "by",    "can",   "could", "does", "for",   "from", "had", "has",
    "have", "he",    "her",   "his",   "how",   "if",    "in",   "into",  "is",   "it",  "its",
    "may",  "more",  "new",   "of",    "on",    "one",   "or",   "our",   "over", "s",   "says",
    "she",  "so",    "than",  "that",  "the",   "their", "them", "they",  "this", "to",  "was",
    "were", "what",  "when",  "which", "while", "will",  "with", "would", "you"};

}  // namespace

std::vector<Token> Tokenize(std::string_view title) { return Tokenizer(title).Run(); }

bool IsStopWord(std::string_view folded) {
  return std::binary_search(kStopWords.begin(), kStopWords.end(), folded);
}

std::string Stem(std::string_view word) {
  const auto ends = [&](std::string_view suffix) {
    return word.size() >= suffix.size() + 3 && word.substr(word.size() - suffix.size()) == suffix;
  };
  if (ends("ies")) return std::string(word.substr(0, word.size() - 3)) + "y";
  if (ends("sses")) return std::string(word.substr(0, word.size() - 2));
  if (ends("ing")) return std::string(word.substr(0, word.size() - 3));
  if (ends("ed")) return std::string(word.substr(0, word.size() - 2));
  if (ends("es")) return std::string(word.substr(0, word.size() - 2));
  if (ends("s") && !ends("ss")) return std::string(word.substr(0, word.size() - 1));
  if (ends("e")) return std::string(word.substr(0, word.size() - 1));
  return std::string(word);
}

}  // namespace gannet::news_signal
