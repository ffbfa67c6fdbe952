// What is written to Kafka beside events: market data that waits, dead letters; and where
// an event must lie.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

#include "libs/bus/kafka_conflator.h"
#include "libs/bus/kafka_dead_letter.h"
#include "libs/bus/kafka_settings.h"
#include "libs/bus/topics.h"

namespace gannet::bus {
namespace {

using Catch::Matchers::ContainsSubstring;

KafkaRecord Tick(const std::string& key, const std::string& payload, uint32_t partition = 0) {
  return {.topic = "ticks", .partition = partition, .key = key, .payload = payload};
}

TEST_CASE("KafkaConflator keeps the newest of each key in the order of arrival") {
  KafkaConflator waiting(10);
  waiting.Put(Tick("a", "1"));
  waiting.Put(Tick("b", "1"));
  waiting.Put(Tick("a", "2"));
  CHECK(waiting.size() == 2);
  CHECK(waiting.Take()->key == "b");
  CHECK(waiting.Take()->payload == "2");
  CHECK_FALSE(waiting.Take().has_value());
  CHECK(waiting.left_out() == 1);
}

TEST_CASE("KafkaConflator counts what it leaves out by partition, once") {
  KafkaConflator waiting(2);
  waiting.Put(Tick("a", "1", 0));
  waiting.Put(Tick("b", "1", 1));
  waiting.Put(Tick("c", "1", 1));  // no room: the oldest goes
  CHECK(waiting.size() == 2);
  CHECK(waiting.TakeGap("ticks", 0) == 1);
  CHECK(waiting.TakeGap("ticks", 0) == 0);
  waiting.Put(Tick("b", "2", 1));
  waiting.Put(Tick("b", "3", 1));
  waiting.AddGap("ticks", 1, 5);
  CHECK(waiting.TakeGap("ticks", 1) == 7);
  CHECK(waiting.TakeGap("others", 1) == 0);
  CHECK(waiting.left_out() == 8);
}

DeadLetter Letter(size_t key, size_t payload) {
  return {.topic = "news.raw.v1",
          .position = {.partition = 3, .offset = 7},
          .error = "no such message",
          .attempts = 1,
          .key = std::string(key, 'k'),
          .payload = std::string(payload, 'p')};
}

TEST_CASE("A dead letter is written whole where it fits, and always fits a message") {
  const KafkaRecord whole = RecordOfLetter(Letter(10, 1'000), "news.raw.v1.dlq", 4);
  CHECK(whole.partition == 3);
  CHECK(whole.payload.size() == 1'000);
  CHECK_FALSE(FindHeader(whole.headers, "gannet-dlq-cut").has_value());

  for (const auto& [key, payload] : {std::pair<size_t, size_t>{10, 4u << 20},
                                     {10, 64u << 20},
                                     {4u << 20, 10},
                                     {8u << 20, 8u << 20}}) {
    const KafkaRecord cut = RecordOfLetter(Letter(key, payload), "news.raw.v1.dlq", 4);
    CHECK(cut.bytes() < static_cast<size_t>(kMaxKafkaMessageBytes) - 64 * 1024);
    CHECK(FindHeader(cut.headers, "gannet-dlq-cut") == std::to_string(key + payload));
    const auto read = ParseDeadLetter(cut.headers, cut.key, cut.payload);
    REQUIRE(read.has_value());
    CHECK(read->position == Position{.partition = 3, .offset = 7});
  }
}

TEST_CASE("A record lies under its event's key, in its partition, and a fact has an id") {
  market::Event<market::OrderIntent> event;
  event.header.id = {.stream = 1, .sequence = 1};
  event.header.tenant = "main";
  event.value.account = market::AccountId("main/paper");
  event.value.instrument = market::InstrumentId("venue:A");
  const uint32_t home = PartitionOf(kOrderIntents.info, &event, 8);
  const auto check = [&event](RecordPlace place) {
    return std::string(CheckRecord(kOrderIntents.info, &event, place).message());
  };
  CHECK(check({home, 8, "main/paper|venue:A"}).empty());
  CHECK_THAT(check({home, 8, "main/paper|venue:B"}), ContainsSubstring("is not that of its event"));
  CHECK_THAT(check({home, 8, ""}), ContainsSubstring("key ''"));
  CHECK_THAT(check({home, 8, std::string("\0\xff\n", 3)}), ContainsSubstring("\\x00\\xff\\n"));
  CHECK(check({home, 8, std::string(1'000'000, 'k')}).size() < 400);
  CHECK_THAT(check({(home + 1) % 8, 8, "main/paper|venue:A"}), ContainsSubstring("belongs in"));
  event.header.id = {};
  CHECK_THAT(check({home, 8, "main/paper|venue:A"}), ContainsSubstring("has no id"));

  market::Event<wire::EngineNote> copy;  // of a journal: it names its own positions
  copy.value.engine = "journal";
  CHECK(CheckRecord(kJournals.info, &copy, {0, 1, "journal"}).ok());

  market::Event<market::Quote> quote;  // data, of which the newest counts, needs none
  quote.value.instrument = market::InstrumentId("venue:A");
  CHECK(CheckRecord(kQuotes.info, &quote, {0, 1, "venue:A"}).ok());
}

}  // namespace
}  // namespace gannet::bus
