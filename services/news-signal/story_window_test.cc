#include "services/news-signal/story_window.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/property_suite.h"

namespace gannet::news_signal {
namespace {

using namespace std::chrono_literals;
using base::FromUnixMillis;

Fingerprint Print(std::string_view title, const std::vector<std::string>& ids = {}) {
  return MakeFingerprint(Tokenize(title), ids);
}

Story Of(std::string_view title, uint64_t number, base::Time time = FromUnixMillis(1'000),
         uint64_t source = 1) {
  return {{9, number}, source, number, HashBytes(title), time, 0, Print(title)};
}

}  // namespace

TEST_CASE("SimilarityPpm is high for one story and low for two") {
  CHECK(SimilarityPpm(Print("Exchange halts withdrawals after hack"),
                      Print("Exchange halted withdrawal after a hack")) == 1'000'000);
  CHECK(SimilarityPpm(Print("Exchange halts withdrawals after hack"),
                      Print("Central bank raises rates")) == 0);
  CHECK(SimilarityPpm({}, {}) == 0);
}

TEST_CASE("StoryWindow finds the most alike story and sees contradictions") {
  StoryWindow window({});
  window.Add(Of("Lender Velora halts withdrawals after $40M vault exploit", 1));
  window.Add(Of("Central bank raises rates by 25 basis points", 2));
  const Likeness repeat =
      window.MostAlike(Print("Velora halts withdrawals after $40 million exploit of vault"), 0);
  CHECK(repeat.item == market::EventId{9, 1});
  CHECK(repeat.similarity_ppm > 700'000);
  CHECK_FALSE(repeat.contradicts);
  const Likeness other = window.MostAlike(Print("Central bank raises rates by 50 basis points"), 0);
  CHECK(other.item == market::EventId{9, 2});
  CHECK(other.contradicts);
  CHECK(window.MostAlike(Print("Museum opens"), 0).similarity_ppm == 0);
  CHECK(window.MostAlike(Print("Velora halts withdrawals after vault exploit"), 0, uint64_t{2})
            .item.empty());
  window.Add(Of("Price report 1/24 of many coins", 3));
  CHECK(window.MostAlike(Print("Price report 1/26 of many coins"), 0).contradicts);
  Story good = Of("Altcoins and majors after a week of talks", 4);
  good.tone = 1;
  window.Add(good);
  CHECK_FALSE(window.MostAlike(Print("Altcoins and majors after a week of talks"), 0).contradicts);
  CHECK(window.MostAlike(Print("Altcoins and majors after a week of talks"), -1).contradicts);
}

TEST_CASE("StoryWindow forgets by event time and by count") {
  StoryWindow window({.span = 1h, .max_stories = 3});
  window.Add(Of("alpha beta gamma", 1, FromUnixMillis(0)));
  window.Add(Of("delta epsilon zeta", 2, FromUnixMillis(0) + 30min));
  CHECK(window.Find(1) != nullptr);
  window.Add(Of("eta theta iota", 3, FromUnixMillis(0) + 61min));
  CHECK(window.Find(1) == nullptr);
  CHECK(window.MostAlike(Print("alpha beta gamma"), 0).similarity_ppm == 0);
  CHECK(window.size() == 2);
  for (uint64_t i = 4; i < 8; ++i)
    window.Add(Of("story number " + std::to_string(i), i, FromUnixMillis(0) + 61min));
  CHECK(window.size() == 3);
  CHECK(window.evicted_by_count() == 3);
  CHECK(window.Find(7) != nullptr);
}

TEST_CASE("StoryWindow is the same after Save and Load") {
  CHECK(base::Holds("StoryWindow survives save and load", [](const std::vector<uint16_t>& numbers) {
    StoryWindow window({.max_stories = 20});
    for (const uint16_t n : numbers) {
      window.Add(Of("story " + std::to_string(n % 7) + " of word" + std::to_string(n), n,
                    FromUnixMillis(n)));
    }
    wire::CanonicalWriter out;
    window.Save(out);
    StoryWindow copy({.max_stories = 20});
    wire::CanonicalReader in(out.bytes());
    RC_ASSERT(copy.Load(in).ok());
    wire::CanonicalWriter again;
    copy.Save(again);
    RC_ASSERT(again.bytes() == out.bytes());
    const Fingerprint probe = Print("story 3 of word9");
    RC_ASSERT(copy.MostAlike(probe, 0).item == window.MostAlike(probe, 0).item);
  }));
}

TEST_CASE("StoryWindow refuses a cut state") {
  StoryWindow window({});
  window.Add(Of("a b c d", 1));
  wire::CanonicalWriter out;
  window.Save(out);
  const std::string cut = out.bytes().substr(0, out.bytes().size() - 3);
  wire::CanonicalReader in(cut);
  StoryWindow copy({});
  CHECK_FALSE(copy.Load(in).ok());
}

}  // namespace gannet::news_signal
