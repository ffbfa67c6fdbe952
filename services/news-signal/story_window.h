// The headlines of the last days, and whether a new one tells the same story.
//
// Similarity is the weighted Jaccard index of the stems of two titles; candidates
// are found by MinHash bands (Broder 1997), so a look-up does not read the whole
// window. Two titles with different numbers, different names or opposite tones tell
// different stories, however alike their words are.
//
// Bounded by event time and by count; the oldest go first. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/wire/canonical.h"
#include "services/news-signal/headline.h"

namespace gannet::news_signal {

struct StoryWindowOptions {
  base::Duration span = std::chrono::hours(48);  // of event time
  size_t max_stories = 10'000;
  size_t max_candidates = 400;        // compared for one headline; newest first
  uint32_t same_story_ppm = 550'000;  // similarity from which on it is the same story
};

inline constexpr size_t kMinHashes = 24;
inline constexpr size_t kBands = 12;  // of two hashes each

// What is compared. All hashes, sorted, without repeats.
struct Fingerprint {
  std::vector<uint32_t> words;     // stems that carry a topic
  std::vector<uint32_t> numbers;   // values, so that $50,000 is not $60,000 but $5M is $5 million
  std::vector<uint32_t> subjects;  // dictionary ids of coins, companies, people, …
  bool operator==(const Fingerprint&) const = default;
};
Fingerprint MakeFingerprint(const std::vector<Token>& tokens,
                            const std::vector<std::string>& entity_ids);
// 0 to 1,000,000.
uint32_t SimilarityPpm(const Fingerprint& a, const Fingerprint& b);

struct Story {
  market::EventId item;
  uint64_t source = 0;     // hash of the source's name
  uint64_t source_id = 0;  // hash of (source, source id)
  uint64_t title = 0;      // hash of the title as written
  base::Time event_time;
  int8_t tone = 0;  // -1, 0, 1: clearly bad, neither, clearly good
  Fingerprint print;
  bool operator==(const Story&) const = default;
};

struct Likeness {
  market::EventId item;  // of the most alike story; empty when there is none
  uint32_t similarity_ppm = 0;
  bool contradicts = false;  // alike, but with other numbers, names or the opposite tone
};

class StoryWindow {
 public:
  explicit StoryWindow(StoryWindowOptions options) : options_(options) {}

  // The newest story of that (source, source id); null when there is none.
  const Story* Find(uint64_t source_id) const;
  // The most alike story. `source`: only of that source.
  Likeness MostAlike(const Fingerprint& print, int8_t tone,
                     std::optional<uint64_t> source = std::nullopt) const;

  void Add(Story story);
  size_t size() const { return stories_.size(); }
  uint64_t evicted_by_count() const { return evicted_by_count_; }
  const StoryWindowOptions& options() const { return options_; }

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

 private:
  using Keys = std::array<uint64_t, kBands>;
  static Keys BandKeys(const Fingerprint& print);
  void Evict();
  void RemoveOldest();
  const Story& At(uint64_t number) const { return stories_[number - first_]; }

  const StoryWindowOptions options_;
  std::deque<Story> stories_;  // in order of arrival; the oldest has number first_
  uint64_t first_ = 0;
  base::Time newest_{};                              // event time
  std::map<uint64_t, std::vector<uint64_t>> bands_;  // key → story numbers, ascending
  std::map<uint64_t, uint64_t> by_source_id_;
  uint64_t evicted_by_count_ = 0;
};

}  // namespace gannet::news_signal
