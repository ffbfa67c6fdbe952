#include "services/news-signal/story_window.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <set>

namespace gannet::news_signal {
namespace {

constexpr uint64_t kBandSeed = 0x9E3779B97F4A7C15ULL;

void SortUnique(std::vector<uint32_t>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

size_t CountShared(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  size_t shared = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      ++shared, ++i, ++j;
    } else {
      a[i] < b[j] ? ++i : ++j;
    }
  }
  return shared;
}

// Each says something that the other does not.
bool Differ(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  const size_t shared = CountShared(a, b);
  return shared < a.size() && shared < b.size();
}

// Both say something, and nothing of it is the same.
bool Apart(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  return !a.empty() && !b.empty() && CountShared(a, b) == 0;
}

bool OneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

char UnitOf(std::string_view word) {
  if (OneOf(word, {"k", "thousand"})) return 'k';
  if (OneOf(word, {"m", "mn", "mln", "million"})) return 'm';
  if (OneOf(word, {"b", "bn", "bln", "billion"})) return 'b';
  if (OneOf(word, {"t", "tn", "trillion"})) return 't';
  return '\0';
}

// "$5M", "5 million" and "USD 5mn" as one value; moves past a unit of its own.
std::string ValueAt(const std::vector<Token>& tokens, size_t& at) {
  const std::string& folded = tokens[at].folded;
  const size_t digits = std::min(folded.find_first_not_of("0123456789.,"), folded.size());
  std::string value;
  for (const char c : folded.substr(0, digits)) {
    if (c != ',') value.push_back(c);
  }
  char unit = UnitOf(std::string_view(folded).substr(digits));
  const bool bare =
      digits == folded.size() && at + 1 < tokens.size() && tokens[at + 1].kind == TokenKind::kWord;
  if (bare && UnitOf(tokens[at + 1].folded) != '\0') unit = UnitOf(tokens[++at].folded);
  return value + (unit != '\0' ? std::string(1, unit) : folded.substr(digits));
}

uint32_t Hash32(std::string_view text) { return static_cast<uint32_t>(Mix(HashBytes(text)) >> 32); }

void WriteList(wire::CanonicalWriter& out, const std::vector<uint32_t>& values) {
  out.U16(static_cast<uint16_t>(values.size()));
  for (const uint32_t value : values) out.U32(value);
}

std::vector<uint32_t> ReadList(wire::CanonicalReader& in) {
  std::vector<uint32_t> values(in.U16());
  for (uint32_t& value : values) value = in.U32();
  return values;
}

}  // namespace

Fingerprint MakeFingerprint(const std::vector<Token>& tokens,
                            const std::vector<std::string>& entity_ids) {
  Fingerprint print;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (token.kind == TokenKind::kEnd) continue;
    if (token.kind != TokenKind::kWord) {
      print.numbers.push_back(Hash32(ValueAt(tokens, i)));
    } else if (!IsStopWord(token.folded)) {
      print.words.push_back(Hash32(Stem(token.folded)));
    }
  }
  for (const std::string& id : entity_ids) print.subjects.push_back(Hash32(id));
  SortUnique(print.words);
  SortUnique(print.numbers);
  SortUnique(print.subjects);
  return print;
}

uint32_t SimilarityPpm(const Fingerprint& a, const Fingerprint& b) {
  // A shared subject or number says more than a shared word.
  const auto weigh = [](size_t words, size_t numbers, size_t subjects) {
    return 2 * words + 3 * numbers + 3 * subjects;
  };
  const uint64_t shared = weigh(CountShared(a.words, b.words), CountShared(a.numbers, b.numbers),
                                CountShared(a.subjects, b.subjects));
  const uint64_t sum = weigh(a.words.size() + b.words.size(), a.numbers.size() + b.numbers.size(),
                             a.subjects.size() + b.subjects.size());
  const uint64_t all = sum - shared;
  return all == 0 ? 0 : static_cast<uint32_t>(shared * 1'000'000 / all);
}

const Story* StoryWindow::Find(uint64_t source_id) const {
  const auto found = by_source_id_.find(source_id);
  return found == by_source_id_.end() ? nullptr : &At(found->second);
}

StoryWindow::Keys StoryWindow::BandKeys(const Fingerprint& print) {
  std::array<uint64_t, kMinHashes> minima;
  minima.fill(std::numeric_limits<uint64_t>::max());
  for (const auto* list : {&print.words, &print.subjects, &print.numbers}) {
    for (const uint32_t element : *list) {
      for (size_t i = 0; i < kMinHashes; ++i)
        minima[i] = std::min(minima[i], Mix(element + kBandSeed * (i + 1)));
    }
  }
  Keys keys;
  for (size_t band = 0; band < kBands; ++band) {
    keys[band] = Mix(minima[2 * band] ^ Mix(minima[2 * band + 1] + band));
  }
  return keys;
}

Likeness StoryWindow::MostAlike(const Fingerprint& print, int8_t tone,
                                std::optional<uint64_t> source) const {
  Likeness best;
  if (print.words.empty() && print.subjects.empty()) return best;
  std::set<uint64_t, std::greater<>> candidates;
  for (const uint64_t key : BandKeys(print)) {
    const auto band = bands_.find(key);
    if (band == bands_.end()) continue;
    size_t taken = 0;
    for (auto it = band->second.rbegin();
         it != band->second.rend() && taken < options_.max_candidates; ++it, ++taken) {
      candidates.insert(*it);
    }
  }
  size_t compared = 0;
  for (const uint64_t number : candidates) {
    if (++compared > options_.max_candidates) break;
    const Story& story = At(number);
    if (source && story.source != *source) continue;
    const uint32_t similarity = SimilarityPpm(print, story.print);
    if (similarity <= best.similarity_ppm) continue;
    const bool contradicts = Differ(print.numbers, story.print.numbers) ||
                             Apart(print.subjects, story.print.subjects) || tone * story.tone < 0;
    best = {story.item, similarity, contradicts};
  }
  return best;
}

void StoryWindow::Add(Story story) {
  newest_ = std::max(newest_, story.event_time);
  const uint64_t number = first_ + stories_.size();
  for (const uint64_t key : BandKeys(story.print)) {
    std::vector<uint64_t>& band = bands_[key];
    if (band.empty() || band.back() != number) band.push_back(number);
  }
  by_source_id_[story.source_id] = number;
  stories_.push_back(std::move(story));
  Evict();
}

void StoryWindow::Evict() {
  // Arrival order is not event order: an old headline that arrives late waits
  // behind newer ones, which delays its going but bounds all the same.
  while (!stories_.empty() && stories_.front().event_time + options_.span < newest_) RemoveOldest();
  while (stories_.size() > options_.max_stories) {
    RemoveOldest();
    ++evicted_by_count_;
  }
}

void StoryWindow::RemoveOldest() {
  const Story& oldest = stories_.front();
  for (const uint64_t key : BandKeys(oldest.print)) {
    const auto band = bands_.find(key);
    if (band == bands_.end()) continue;
    if (!band->second.empty() && band->second.front() == first_)
      band->second.erase(band->second.begin());
    if (band->second.empty()) bands_.erase(band);
  }
  const auto by_id = by_source_id_.find(oldest.source_id);
  if (by_id != by_source_id_.end() && by_id->second == first_) by_source_id_.erase(by_id);
  stories_.pop_front();
  ++first_;
}

void StoryWindow::Save(wire::CanonicalWriter& out) const {
  out.Time(newest_);
  out.U64(evicted_by_count_);
  out.U32(static_cast<uint32_t>(stories_.size()));
  for (const Story& story : stories_) {
    out.EventId(story.item);
    out.U64(story.source);
    out.U64(story.source_id);
    out.U64(story.title);
    out.Time(story.event_time);
    out.U8(static_cast<uint8_t>(story.tone));
    WriteList(out, story.print.words);
    WriteList(out, story.print.numbers);
    WriteList(out, story.print.subjects);
  }
}

absl::Status StoryWindow::Load(wire::CanonicalReader& in) {
  stories_.clear();
  bands_.clear();
  by_source_id_.clear();
  first_ = 0;
  newest_ = base::Time{};
  const base::Time newest = in.Time();
  const uint64_t evicted = in.U64();
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    Story story;
    story.item = in.EventId();
    story.source = in.U64();
    story.source_id = in.U64();
    story.title = in.U64();
    story.event_time = in.Time();
    story.tone = static_cast<int8_t>(in.U8());
    story.print.words = ReadList(in);
    story.print.numbers = ReadList(in);
    story.print.subjects = ReadList(in);
    if (in.ok()) Add(std::move(story));
  }
  newest_ = std::max(newest_, newest);
  evicted_by_count_ = evicted;
  return in.status();
}

}  // namespace gannet::news_signal
