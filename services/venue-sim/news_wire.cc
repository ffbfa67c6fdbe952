#include "services/venue-sim/news_wire.h"

#include <array>

#include "services/venue-sim/news_phrases.h"
#include "services/venue-sim/symbols.h"

namespace gannet::venue_sim {
namespace {

std::string_view Pick(base::Rng& rng, std::span<const std::string_view> words) {
  return words[rng.Below(words.size())];
}

const PhraseBook& PickBook(base::Rng& rng) {
  uint64_t weights = 0;
  for (const PhraseBook& book : PhraseBooks()) weights += static_cast<uint64_t>(book.weight);
  uint64_t at = rng.Below(weights);
  for (const PhraseBook& book : PhraseBooks()) {
    if (at < static_cast<uint64_t>(book.weight)) return book;
    at -= static_cast<uint64_t>(book.weight);
  }
  return PhraseBooks().back();
}

// A phrase with its names filled in; a sentence starts with a capital.
std::string Fill(base::Rng& rng, std::string_view phrase, const CoinName& coin) {
  std::string text;
  while (!phrase.empty()) {
    const size_t open = phrase.find('{');
    text += phrase.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t close = phrase.find('}', open);
    const std::string_view name = phrase.substr(open + 1, close - open - 1);
    if (name == "coin") text += coin.name;
    if (name == "ticker") text += coin.ticker;
    if (name == "firm") text += Pick(rng, Firms());
    if (name == "body") text += Pick(rng, Authorities());
    if (name == "proto") text += Pick(rng, Protocols());
    if (name == "place") text += Pick(rng, Places());
    if (name == "n") text += std::to_string(rng.Between(2, 480));
    if (name == "pct") text += std::to_string(rng.Between(3, 45));
    phrase.remove_prefix(close + 1);
  }
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace

NewsWire::NewsWire(uint64_t seed, base::Duration mean_interval)
    : rng_(seed), mean_interval_(mean_interval) {}

Story NewsWire::Compose(base::Time now) {
  const PhraseBook& book = PickBook(rng_);
  const Phrase& phrase = book.phrases[rng_.Below(book.phrases.size())];
  const CoinName& coin = Coins()[rng_.Below(Coins().size())];
  Story story;
  story.number = ++last_number_;
  story.published = now;
  story.type = book.type;
  story.title = Fill(rng_, phrase.text, coin);
  story.summary = std::string(Pick(rng_, Details()));
  const double size = book.least + (book.most - book.least) * rng_.Uniform();
  story.shock.impact = phrase.direction * size;
  story.shock.symbol = book.whole_market ? -1 : FindSymbol(std::string(coin.ticker) + "USDT");
  stories_.push_back(story);
  if (stories_.size() > kStoriesKept) stories_.pop_front();
  return story;
}

std::optional<Story> NewsWire::Step(base::Time now, base::Duration elapsed) {
  if (mean_interval_.count() <= 0 || elapsed.count() <= 0) return std::nullopt;
  if (!rng_.Chance(static_cast<double>(elapsed.count()) /
                   static_cast<double>(mean_interval_.count())))
    return std::nullopt;
  return Compose(now);
}

void NewsWire::Save(wire::CanonicalWriter& writer) const {
  for (const uint64_t word : rng_.state()) writer.U64(word);
  writer.U64(last_number_);
  writer.U32(static_cast<uint32_t>(stories_.size()));
  for (const Story& story : stories_) {
    writer.U64(story.number);
    writer.Time(story.published);
    writer.U8(static_cast<uint8_t>(story.type));
    writer.Bytes(story.title);
    writer.Bytes(story.summary);
  }
}

void NewsWire::Load(wire::CanonicalReader& reader) {
  std::array<uint64_t, 4> state{};
  for (uint64_t& word : state) word = reader.U64();
  rng_.set_state(state);
  last_number_ = reader.U64();
  stories_.clear();
  for (uint32_t n = reader.U32(); n > 0 && reader.ok(); --n) {
    Story& story = stories_.emplace_back();  // its shock is with the agents already
    story.number = reader.U64();
    story.published = reader.Time();
    story.type = static_cast<market::NewsEventType>(reader.U8());
    story.title = reader.Bytes();
    story.summary = reader.Bytes();
  }
}

}  // namespace gannet::venue_sim
