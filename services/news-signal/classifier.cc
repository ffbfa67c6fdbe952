#include "services/news-signal/classifier.h"

#include <algorithm>
#include <array>

namespace gannet::news_signal {
namespace {

// Fewer words than this say nothing by themselves.
constexpr size_t kMinClauseTokens = 4;

// What divides a headline into things said of different names.
bool DividesClauses(const Token& token) {
  constexpr std::array<std::string_view, 7> kWords = {"although", "as",    "but", "despite",
                                                      "whereas",  "while", "yet"};
  return token.kind == TokenKind::kEnd ||
         std::find(kWords.begin(), kWords.end(), token.folded) != kWords.end();
}

// Most of its words are in another script: the model has not learned to read it.
bool Unreadable(const std::vector<Token>& tokens) {
  size_t words = 0, foreign = 0;
  for (const Token& token : tokens) {
    if (token.kind != TokenKind::kWord) continue;
    ++words;
    foreign += std::any_of(token.folded.begin(), token.folded.end(),
                           [](char c) { return static_cast<unsigned char>(c) >= 0x80; })
                   ? 1
                   : 0;
  }
  return words == 0 || foreign * 2 > words;
}

}  // namespace

int32_t SentimentPpm(const Scores& scores) {
  return static_cast<int32_t>(scores.sentiment_ppm[2]) -
         static_cast<int32_t>(scores.sentiment_ppm[0]);
}

Reading Classifier::Read(std::string_view title) const {
  Reading reading;
  reading.tokens = Tokenize(title);
  reading.mentions = dictionary_.Find(reading.tokens);
  reading.mention_sentiment_ppm.assign(reading.mentions.size(), 0);
  if (Unreadable(reading.tokens)) return reading;

  const Scores scores =
      model_.Score(MakeFeatures(reading.tokens, reading.mentions, model_.lexicon()));
  const auto best = std::max_element(scores.type_ppm.begin(), scores.type_ppm.end());
  reading.type = TypeOf(static_cast<size_t>(best - scores.type_ppm.begin()));
  reading.type_probability_ppm = *best;
  reading.confidence_ppm = model_.Confidence(*best);
  reading.sentiment_ppm = SentimentPpm(scores);
  for (size_t i = 0; i < reading.mentions.size(); ++i) {
    reading.mention_sentiment_ppm[i] = ClauseSentiment(reading, i);
  }
  return reading;
}

int32_t Classifier::ClauseSentiment(const Reading& reading, size_t index) const {
  const Mention& mention = reading.mentions[index];
  size_t first = mention.first_token, last = mention.first_token + mention.token_count;
  while (first > 0 && !DividesClauses(reading.tokens[first - 1])) --first;
  while (last < reading.tokens.size() && !DividesClauses(reading.tokens[last])) ++last;
  const bool whole = first == 0 && last == reading.tokens.size();
  if (whole || last - first < kMinClauseTokens) return reading.sentiment_ppm;
  const std::vector<Token> clause(reading.tokens.begin() + static_cast<ptrdiff_t>(first),
                                  reading.tokens.begin() + static_cast<ptrdiff_t>(last));
  std::vector<Mention> inside;
  for (const Mention& other : reading.mentions) {
    if (other.first_token < first || other.first_token + other.token_count > last) continue;
    inside.push_back({other.entry, other.first_token - first, other.token_count});
  }
  return SentimentPpm(model_.Score(MakeFeatures(clause, inside, model_.lexicon())));
}

}  // namespace gannet::news_signal
