// Labelled headlines: those that the project wrote itself (corpus/*.tsv) and
// those that a user brings.
//
// A corpus line is: event type, tab, sentiment (-1, 0, 1), tab, headline. The
// headline names no one: "{exchange}", "{politician}", "{money}" and the like are
// filled from the dictionary when it is read, so that a model learns what kind of
// name stands where, and never what is said of whom.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/rng.h"
#include "libs/market/news.h"
#include "services/news-signal/dictionary.h"

namespace gannet::news_signal {

struct LabelledHeadline {
  std::optional<market::NewsEventType> type;  // absent: only the sentiment is known
  std::optional<int> sentiment;               // -1, 0, 1
  std::string text;
  std::string date;  // "2021-10-30" where the source says so
  size_t row = 0;    // in its table, whose header is row 1
};

// INVALID_ARGUMENT naming the line: an unknown type or placeholder, a sentiment
// other than -1, 0, 1, no text.
absl::StatusOr<std::vector<LabelledHeadline>> ParseCorpus(std::string_view text);

enum class TableLabels : uint8_t { kRequired = 1, kIgnored };

// A table with a header line, separated by the comma, semicolon or tab that the
// header uses most, with RFC 4180 quotes; columns are found by name: the headline
// in `news`, `title` or `headline`; the sentiment in `final_manual_labelling`,
// `sentiment` or `label` (-1/0/1 or negative/neutral/positive); optionally `type`
// and `date`.
absl::StatusOr<std::vector<LabelledHeadline>> ParseLabelledTable(std::string_view text,
                                                                 TableLabels labels);

// "{coin} falls {percent}" with names of the dictionary and made amounts. One
// time in four a name is replaced by a made word, as of a company that the
// dictionary does not know.
std::string FillPlaceholders(std::string_view headline, const Dictionary& dictionary,
                             base::Rng& rng);

// The reverse of market::Name; nothing for another word.
std::optional<market::NewsEventType> ParseEventType(std::string_view name);

}  // namespace gannet::news_signal
