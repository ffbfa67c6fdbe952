// The bus conformance suite on a real Apache Kafka: one broker, and three with three
// copies of everything.
#include <catch2/catch_test_macros.hpp>
#include <memory>

#include "libs/bus/conformance_suite.h"
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

}  // namespace
}  // namespace gannet::bus
