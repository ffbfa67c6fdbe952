// How far a real Apache Kafka has the facts of a process.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "libs/bus/kafka_newest.h"
#include "libs/bus/topics.h"
#include "tests/kafka/harness.h"

namespace gannet::bus {
namespace {

constexpr uint64_t kOurs = 7, kTheirs = 8;

void Say(KafkaHarness& harness, const Topic<market::NewsItem>& topic, uint64_t stream,
         uint64_t sequence) {
  market::Event<market::NewsItem> event;
  event.header.id = {stream, sequence};
  event.header.correlation = event.header.id;
  event.header.tenant = "main";
  event.value.source = "desk";
  event.value.source_id = std::to_string(sequence);
  event.value.title = "headline";
  REQUIRE(harness.kafka()
              .Publish(topic, std::make_shared<const market::Event<market::NewsItem>>(event))
              .ok());
}

// Overwrites what the broker has of that topic on its disk.
void Overwrite(const std::string& topic, const std::string& before, const std::string& after) {
  size_t found = 0;
  const std::string dir = KafkaClusterForTest::Shared(1).dir();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    const bool segment = entry.path().extension() == ".log" &&
                         entry.path().parent_path().filename().string().starts_with(topic + "-");
    if (!segment) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    file.clear();
    for (size_t at = bytes.find(before); at != std::string::npos;
         at = bytes.find(before, at + 1), ++found) {
      file.seekp(static_cast<std::streamoff>(at));
      file.write(after.data(), static_cast<std::streamsize>(after.size()));
    }
  }
  REQUIRE(found > 0);
}

}  // namespace

TEST_CASE("A record that is not what was written is no record, and none behind it either") {
  KafkaHarness harness(KafkaClusterForTest::Shared(1), {&kNewsRaw.info});
  const std::string topic = harness.TopicName(kNewsRaw.info);
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) Say(harness, kNewsRaw, kOurs, sequence);
  harness.kafka().Flush();
  Overwrite(topic, "headline", "headlime");
  std::vector<std::string> heard;
  std::unique_ptr<Subscription> subscription = harness.kafka().Subscribe<market::NewsItem>(
      kNewsRaw, {.start = Start::kEarliest},
      [&](const market::Event<market::NewsItem>& event, Position position) {
        heard.push_back(event.value.title);
        subscription->Ack(position);
      });
  harness.RunUntil(
      [&] { return subscription->health().message().find("CRC") != std::string::npos; });
  CHECK(heard.empty());
  Overwrite(topic, "headlime", "headline");
  harness.RunUntil([&] { return heard.size() == 3; });
  CHECK(heard == std::vector<std::string>(3, "headline"));
  CHECK(subscription->health().ok());
}

TEST_CASE("Kafka says how far it has the facts of a stream") {
  KafkaHarness harness(KafkaClusterForTest::Shared(1), {&kNewsRaw.info, &kNewsSignals.info});
  const auto newest = [&](uint64_t stream) {
    harness.kafka().Flush();
    const auto found = harness.kafka().NewestFact(stream);
    INFO(found.status().message());
    REQUIRE(found.ok());
    return *found;
  };
  CHECK_FALSE(newest(kOurs));
  for (uint64_t sequence = 1; sequence <= 40; ++sequence) {
    Say(harness, kNewsRaw, kOurs, sequence);
    Say(harness, kNewsRaw, kTheirs, sequence + 1'000);
  }
  REQUIRE(newest(kOurs));
  CHECK(newest(kOurs)->id == market::EventId{kOurs, 40});
  CHECK(newest(kOurs)->topic == harness.TopicName(kNewsRaw.info));
  CHECK(newest(kTheirs)->id.sequence == 1'040);
  // One that was published again is not the newest for being last.
  Say(harness, kNewsRaw, kOurs, 3);
  CHECK(newest(kOurs)->id.sequence == 40);
  CHECK_FALSE(newest(9));

  harness.kafka().HoldFacts(true);
  market::Event<market::NewsItem> held;
  CHECK(absl::IsResourceExhausted(harness.kafka().Publish(
      kNewsRaw, std::make_shared<const market::Event<market::NewsItem>>(held))));
  harness.kafka().HoldFacts(false);
  Say(harness, kNewsRaw, kOurs, 41);
  CHECK(newest(kOurs)->id.sequence == 41);
}

TEST_CASE("Without a broker nobody says how far Kafka has the facts of a stream") {
  const auto found = NewestKafkaFact({.brokers = "127.0.0.1:9"}, "newest-test", "", kOurs);
  CHECK(absl::IsUnavailable(found.status()));
}

}  // namespace gannet::bus
