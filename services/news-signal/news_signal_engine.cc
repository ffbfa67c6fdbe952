#include "services/news-signal/news_signal_engine.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace gannet::news_signal {
namespace {

using market::NewsRelation;

// A change of a published item that leaves this much alike, with the same
// numbers, is an editor's touch.
constexpr uint32_t kMinorEditPpm = 800'000;

// Tones this far apart are not of one story.
constexpr int32_t kClearTonePpm = 350'000;

int8_t ToneOf(int32_t sentiment_ppm) {
  return static_cast<int8_t>(sentiment_ppm > kClearTonePpm    ? 1
                             : sentiment_ppm < -kClearTonePpm ? -1
                                                              : 0);
}

uint64_t HashOf(std::string_view a, std::string_view b) {
  return Mix(HashBytes(b, HashBytes("\x1f", HashBytes(a))));
}

bool StartsWithAny(const std::vector<Token>& tokens,
                   std::initializer_list<std::string_view> words) {
  return !tokens.empty() &&
         std::find(words.begin(), words.end(), tokens.front().folded) != words.end();
}

bool HasPhrase(const std::vector<Token>& tokens, std::string_view phrase) {
  std::string all = " ";
  for (const Token& token : tokens) all += token.folded + " ";
  return all.find(" " + std::string(phrase) + " ") != std::string::npos;
}

// How editors mark such items: "CORRECTION:", "UPDATE 2-", "(Corrects …)".
bool IsCorrection(const std::vector<Token>& tokens) {
  return StartsWithAny(tokens, {"correction", "corrected", "corrects", "refile", "refiled",
                                "clarification", "clarified", "update", "updated"}) ||
         HasPhrase(tokens, "corrects headline") || HasPhrase(tokens, "corrects to");
}

bool IsRetraction(const std::vector<Token>& tokens) {
  return StartsWithAny(tokens, {"retraction", "retracted", "retracts", "withdrawn", "kill"}) ||
         HasPhrase(tokens, "story withdrawn") || HasPhrase(tokens, "story retracted") ||
         HasPhrase(tokens, "retracts story") || HasPhrase(tokens, "retracts report") ||
         HasPhrase(tokens, "report was false") || HasPhrase(tokens, "post was fake");
}

std::vector<std::string> SubjectIds(const std::vector<market::Entity>& entities) {
  std::vector<std::string> ids;
  for (const market::Entity& entity : entities) ids.push_back(entity.id);
  return ids;
}

}  // namespace

NewsSignalEngine::NewsSignalEngine(const NewsSignalConfig& config,
                                   std::shared_ptr<const Classifier> classifier)
    : config_(config),
      classifier_(std::move(classifier)),
      window_({.span = config.window,
               .max_stories = static_cast<size_t>(config.max_stories),
               .same_story_ppm = config.same_story_ppm}) {}

NewsSignalEngine::Relation NewsSignalEngine::Relate(const market::NewsItem& item,
                                                    const Reading& reading,
                                                    const Fingerprint& print,
                                                    const Story* same_id) const {
  Relation relation;
  const Likeness like = window_.MostAlike(print, ToneOf(reading.sentiment_ppm));
  relation.novelty_ppm =
      1'000'000 - (like.contradicts ? like.similarity_ppm / 2 : like.similarity_ppm);
  if (IsRetraction(reading.tokens) || IsCorrection(reading.tokens)) {
    const NewsRelation wanted =
        IsRetraction(reading.tokens) ? NewsRelation::kRetraction : NewsRelation::kCorrection;
    // A source corrects itself; only without such a story is another's meant.
    const Likeness own = window_.MostAlike(print, 0, Mix(HashBytes(item.source)));
    const Likeness& meant = own.similarity_ppm >= config_.related_story_ppm ? own : like;
    if (same_id != nullptr || meant.similarity_ppm >= config_.related_story_ppm) {
      relation.relation = wanted;
      relation.original = same_id != nullptr ? same_id->item : meant.item;
      return relation;
    }
    // What it takes back has left the window, or never came: still no news.
    if (wanted == NewsRelation::kRetraction) {
      relation.relation = wanted;
      return relation;
    }
  }
  if (same_id != nullptr) {
    relation.relation = NewsRelation::kCorrection;
    relation.original = same_id->item;
  } else if (like.similarity_ppm >= config_.same_story_ppm && !like.contradicts) {
    relation.relation = NewsRelation::kRepeat;
    relation.original = like.item;
  }
  return relation;
}

Decision NewsSignalEngine::Decide(const market::Event<market::NewsItem>& event,
                                  base::Time now) const {
  const market::NewsItem& item = event.value;
  if (item.title.empty()) return {Verdict::kEmpty, {}};
  const Story* same_id = window_.Find(HashOf(item.source, item.source_id));
  if (same_id != nullptr && same_id->title == HashBytes(item.title))
    return {Verdict::kSeenBefore, {}};

  const Reading reading = classifier_->Read(item.title);
  market::NewsSignal signal;
  for (size_t i = 0; i < reading.mentions.size() && i < kMaxSignalEntities; ++i) {
    const Mention& mention = reading.mentions[i];
    const Token& first = reading.tokens[mention.first_token];
    const Token& last = reading.tokens[mention.first_token + mention.token_count - 1];
    const size_t end = last.offset + last.text.size();
    signal.entities.push_back({mention.entry->id,
                               item.title.substr(first.offset, end - first.offset), first.offset,
                               reading.mention_sentiment_ppm[i]});
  }
  const Fingerprint print = MakeFingerprint(reading.tokens, SubjectIds(signal.entities));
  if (same_id != nullptr && !IsRetraction(reading.tokens) &&
      print.numbers == same_id->print.numbers &&
      SimilarityPpm(print, same_id->print) >= kMinorEditPpm) {
    return {Verdict::kMinorEdit, {}};
  }
  const Relation relation = Relate(item, reading, print, same_id);
  signal.item = event.header.id;
  signal.title = item.title;
  signal.source = item.source;
  signal.source_id = item.source_id;
  signal.type = reading.type;
  signal.type_probability_ppm = reading.type_probability_ppm;
  signal.sentiment_ppm = reading.sentiment_ppm;
  signal.novelty_ppm = relation.novelty_ppm;
  signal.confidence_ppm = reading.confidence_ppm;
  signal.relation = relation.relation;
  signal.original = relation.original;
  signal.instruments = InstrumentsOf(signal.entities);
  signal.classifier_version = classifier_->model().version();
  signal.dictionary_version = classifier_->dictionary().version();
  signal.latency = std::max(now - item.received, base::Duration(0));
  return {Verdict::kSignal, std::move(signal)};
}

void NewsSignalEngine::Apply(const market::Event<market::NewsSignal>& event) {
  const market::NewsSignal& signal = event.value;
  Story story;
  // A correction or a repeat tells the story of the item before it: who acted on that is meant
  // when it is taken back.
  const bool same_story =
      signal.relation == NewsRelation::kCorrection || signal.relation == NewsRelation::kRepeat;
  story.item = same_story ? signal.original : signal.item;
  story.source = Mix(HashBytes(signal.source));
  story.source_id = HashOf(signal.source, signal.source_id);
  story.title = HashBytes(signal.title);
  story.event_time = std::min(event.header.event_time, event.header.receive_time);
  story.tone = ToneOf(signal.sentiment_ppm);
  story.print = MakeFingerprint(Tokenize(signal.title), SubjectIds(signal.entities));
  window_.Add(std::move(story));
}

void NewsSignalEngine::ApplyInstrument(const market::Instrument& instrument) {
  std::set<market::InstrumentId>& of_base = instruments_[instrument.base.text()];
  if (instrument.status == market::InstrumentStatus::kTrading) {
    of_base.insert(instrument.id);
  } else {
    of_base.erase(instrument.id);
  }
}

std::vector<market::InstrumentId> NewsSignalEngine::InstrumentsOf(
    const std::vector<market::Entity>& entities) const {
  constexpr std::string_view kCoin = "coin:";
  std::set<market::InstrumentId> found;
  for (const market::Entity& entity : entities) {
    if (entity.id.compare(0, kCoin.size(), kCoin) != 0) continue;
    const auto of_base = instruments_.find(entity.id.substr(kCoin.size()));
    if (of_base == instruments_.end()) continue;
    found.insert(of_base->second.begin(), of_base->second.end());
  }
  std::vector<market::InstrumentId> instruments(found.begin(), found.end());
  if (instruments.size() > kMaxSignalInstruments) instruments.resize(kMaxSignalInstruments);
  return instruments;
}

}  // namespace gannet::news_signal
