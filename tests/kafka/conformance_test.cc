// The bus conformance suite on a real Apache Kafka: one broker, and three with three
// copies of everything.
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "libs/bus/conformance_suite.h"
#include "libs/bus/kafka_settings.h"
#include "libs/bus/topics.h"
#include "tests/kafka/harness.h"

namespace gannet::bus {
namespace {

TEST_CASE("KafkaBus does what every bus must do") {
  KafkaClusterForTest& cluster = KafkaClusterForTest::Shared(GANNET_KAFKA_BROKERS);
  CheckConformance([&]() -> std::unique_ptr<BusHarness> {
    return std::make_unique<KafkaHarness>(
        cluster, std::vector<const TopicInfo*>{&kNewsRaw.info, &kOrderIntents.info, &kQuotes.info});
  });
}

TEST_CASE("KafkaBus leaves out what can never be published, says so, and goes on") {
  KafkaHarness harness(KafkaClusterForTest::Shared(GANNET_KAFKA_BROKERS),
                       std::vector<const TopicInfo*>{&kNewsRaw.info, &kOrderIntents.info});
  const std::unique_ptr<KafkaBus> bus = harness.MakeBus();
  const std::string large(static_cast<size_t>(kMaxKafkaMessageBytes) + 1, 'x');
  const auto publish = [&bus](const auto& topic, const auto& event) {
    return bus->Publish(topic, std::make_shared<const std::decay_t<decltype(event)>>(event));
  };
  market::Event<market::OrderIntent> intent;
  intent.header.id = {.stream = 2, .sequence = 7};
  intent.header.tenant = "main";
  intent.value.reason = large;
  CHECK(publish(kOrderIntents, intent).ok());
  CHECK(bus->counters().at("bus_write_left_out") == 1);
  market::Event<market::NewsItem> item;
  item.header.id = {.stream = 1, .sequence = 2};
  item.value.source = "test";
  item.value.title = "small";
  CHECK(publish(kNewsRaw, item).ok());
  bus->Flush();
  CHECK(bus->stats().events.outstanding == 0);
  const absl::Status health = bus->health();
  CHECK(absl::IsFailedPrecondition(health));
  CHECK(std::string(health.message()).find("event 7 of order.intents.v1") != std::string::npos);
}

}  // namespace
}  // namespace gannet::bus
