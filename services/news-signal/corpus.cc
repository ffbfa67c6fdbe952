#include "services/news-signal/corpus.h"

#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "libs/base/status.h"
#include "libs/base/table_text.h"
#include "libs/base/utf8.h"
#include "libs/market/names.h"

namespace gannet::news_signal {
namespace {

using market::NewsEventType;

constexpr size_t kQuotedBytes = 60;  // of a cell, in an error
constexpr int kLastType = static_cast<int>(NewsEventType::kTechnical);

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

std::optional<int> ParseSentiment(std::string_view text) {
  if (text == "-1" || text == "negative") return -1;
  if (text == "0" || text == "neutral") return 0;
  if (text == "1" || text == "positive") return 1;
  return std::nullopt;
}

// Not in the dictionary: amounts and made names.
constexpr std::array<std::string_view, 6> kAmounts = {"money", "percent", "number",
                                                      "year",  "price",   "name"};

std::string MadeWord(base::Rng& rng) {
  constexpr std::array<std::string_view, 16> kSyllables = {"vel", "tor", "nex", "lum", "dra", "kin",
                                                           "ora", "zen", "pha", "rix", "mon", "sil",
                                                           "eta", "qua", "bri", "dex"};
  std::string word;
  for (int i = 0; i < 2 + static_cast<int>(rng.Below(2)); ++i)
    word += kSyllables[rng.Below(kSyllables.size())];
  word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

std::string Amount(std::string_view kind, base::Rng& rng) {
  const std::string n = std::to_string(1 + rng.Below(990));
  if (kind == "money") {
    constexpr std::array<std::string_view, 5> kUnits = {"M", " million", " billion", "B", "K"};
    return "$" + n + std::string(kUnits[rng.Below(kUnits.size())]);
  }
  if (kind == "price") return "$" + std::to_string(1 + rng.Below(90)) + ",000";
  if (kind == "percent") return std::to_string(1 + rng.Below(60)) + "%";
  if (kind == "year") return std::to_string(2017 + rng.Below(13));
  if (kind == "name") return MadeWord(rng);
  return n;
}

std::optional<size_t> Column(const std::vector<std::string>& header,
                             std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = std::find(header.begin(), header.end(), name);
    if (found != header.end()) return static_cast<size_t>(found - header.begin());
  }
  return std::nullopt;
}

}  // namespace

std::optional<NewsEventType> ParseEventType(std::string_view name) {
  for (int i = 1; i <= kLastType; ++i) {
    if (name == market::Name(static_cast<NewsEventType>(i))) return static_cast<NewsEventType>(i);
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<LabelledHeadline>> ParseCorpus(std::string_view text) {
  std::vector<LabelledHeadline> headlines;
  size_t number = 0;
  for (const std::string_view line : Lines(text)) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const size_t first = line.find('\t'), second = line.find('\t', first + 1);
    const auto bad = [&](const std::string& what) {
      return absl::InvalidArgumentError("corpus line " + std::to_string(number) + ": " + what);
    };
    if (first == std::string_view::npos || second == std::string_view::npos) {
      return bad("wanted event type, sentiment and headline, separated by tabs");
    }
    LabelledHeadline headline;
    headline.type = ParseEventType(line.substr(0, first));
    headline.sentiment = ParseSentiment(line.substr(first + 1, second - first - 1));
    headline.text = std::string(line.substr(second + 1));
    if (!headline.type) return bad("no event type \"" + std::string(line.substr(0, first)) + "\"");
    if (!headline.sentiment) return bad("the sentiment must be -1, 0 or 1");
    if (headline.text.empty()) return bad("no headline");
    headlines.push_back(std::move(headline));
  }
  return headlines;
}

absl::StatusOr<std::vector<LabelledHeadline>> ParseLabelledTable(std::string_view text,
                                                                 TableLabels labels) {
  text = base::WithoutByteOrderMark(text);
  const char separator = base::SeparatorOf(text.substr(0, text.find('\n')));
  size_t at = 0;
  const std::vector<std::string> header = base::TableRow(text, separator, at);
  const std::optional<size_t> title = Column(header, {"news", "title", "headline"});
  const std::optional<size_t> date = Column(header, {"date", "published"});
  std::optional<size_t> sentiment, type;
  if (labels == TableLabels::kRequired) {
    sentiment = Column(header, {"final_manual_labelling", "sentiment", "label"});
    type = Column(header, {"type", "event_type"});
  }
  if (!title || (labels == TableLabels::kRequired && !sentiment && !type)) {
    return absl::InvalidArgumentError(
        "the table needs a header with a headline column (news, title, headline) and a label "
        "column "
        "(final_manual_labelling, sentiment, label, or type)");
  }
  std::vector<LabelledHeadline> headlines;
  for (size_t row = 2; at < text.size(); ++row) {
    const std::vector<std::string> cells = base::TableRow(text, separator, at);
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (cells.size() != header.size()) {
      return absl::InvalidArgumentError("row " + std::to_string(row) + " has " +
                                        std::to_string(cells.size()) + " cells, the header has " +
                                        std::to_string(header.size()));
    }
    LabelledHeadline headline;
    headline.row = row;
    headline.text = cells[*title];
    if (date) headline.date = cells[*date];
    if (sentiment) headline.sentiment = ParseSentiment(cells[*sentiment]);
    if (type) headline.type = ParseEventType(cells[*type]);
    if (sentiment && !headline.sentiment) {
      return absl::InvalidArgumentError("row " + std::to_string(row) + ": \"" +
                                        cells[*sentiment].substr(0, kQuotedBytes) +
                                        "\" is no sentiment; wanted -1, 0, 1 or negative, "
                                        "neutral, positive");
    }
    if (type && !headline.type) {
      return absl::InvalidArgumentError("row " + std::to_string(row) + ": \"" +
                                        cells[*type].substr(0, kQuotedBytes) +
                                        "\" is no event type; docs/news.md lists them");
    }
    headlines.push_back(std::move(headline));
  }
  return headlines;
}

std::string FillPlaceholders(std::string_view headline, const Dictionary& dictionary,
                             base::Rng& rng) {
  std::string out;
  for (size_t at = 0; at < headline.size();) {
    const size_t open = std::min(headline.find('{', at), headline.size());
    out.append(headline.substr(at, open - at));
    const size_t close = headline.find('}', open);
    if (close == std::string_view::npos) {
      out.append(headline.substr(open));
      break;
    }
    const std::string_view role = headline.substr(open + 1, close - open - 1);
    at = close + 1;
    if (std::find(kAmounts.begin(), kAmounts.end(), role) != kAmounts.end()) {
      out += Amount(role, rng);
      continue;
    }
    std::vector<const DictionaryEntry*> entries;
    for (const DictionaryEntry& entry : dictionary.entries()) {
      if (entry.role == role) entries.push_back(&entry);
    }
    // Common coins stand for half of what is written about coins.
    const size_t known =
        role == "coin" && rng.Chance(0.5) ? std::min<size_t>(entries.size(), 8) : entries.size();
    const bool made = known == 0 || (role != "country" && rng.Chance(0.25));
    out += made ? MadeWord(rng) : entries[rng.Below(known)]->name;
  }
  return out;
}

}  // namespace gannet::news_signal
