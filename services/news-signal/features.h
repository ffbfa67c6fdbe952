// What the classifier sees of a headline: hashed word and character n-grams of
// the text with its names taken out, and word classes of the lexicon beside the
// roles of the names. Training and serving use this one function.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/news-signal/dictionary.h"
#include "services/news-signal/headline.h"

namespace gannet::news_signal {

// A change in how features are made is a new number; models of another number
// are refused.
inline constexpr uint32_t kFeatureVersion = 1;
inline constexpr int kBucketBits = 18;
inline constexpr uint32_t kBuckets = 1u << kBucketBits;

class Lexicon {
 public:
  // INVALID_ARGUMENT naming the line.
  static absl::StatusOr<Lexicon> Parse(std::string_view text);
  // Classes of the word or phrase at `tokens[at]`, sorted.
  std::vector<std::string_view> ClassesAt(const std::vector<Token>& tokens, size_t at) const;

 private:
  static constexpr size_t kMaxPhrase = 3;
  std::map<std::string, std::set<std::string>, std::less<>> phrases_;  // stems joined → classes
};

// Buckets, sorted, without repeats.
std::vector<uint32_t> MakeFeatures(const std::vector<Token>& tokens,
                                   const std::vector<Mention>& mentions, const Lexicon& lexicon);

}  // namespace gannet::news_signal
