// The tap of the recorder on a real Apache Kafka.
#include <librdkafka/rdkafka.h>

#include <catch2/catch_test_macros.hpp>

#include "libs/bus/kafka_client.h"
#include "libs/bus/kafka_tap.h"
#include "libs/bus/topics.h"
#include "tests/kafka/harness.h"

namespace gannet::bus {
namespace {

const std::string kTopic(kNewsRaw.info.name);
constexpr uint32_t kPartition = 1;

struct Reader {
  KafkaHarness& harness;
  std::vector<TapMessage> messages;
  std::vector<TapMove> moves;
  std::string cluster;
  size_t bytes = 0;
  bool settle = true;  // what comes is dealt with at once
  std::unique_ptr<Tap> tap;

  void Open(uint64_t next, size_t max_in_flight = 8u << 20) {
    const KafkaBusOptions& bus = harness.options();
    tap = MakeKafkaTap(harness.executor(), harness.clock(),
                       {.cluster = bus.cluster,
                        .prefix = bus.prefix,
                        .client_id = "tap-test",
                        .max_batch_bytes = 1'000,
                        .max_in_flight_bytes = max_in_flight},
                       {{kTopic, KafkaHarness::kPartitions}}, {{kTopic, kPartition, next}},
                       [this](TapBatch batch) {
                         if (!batch.cluster.empty()) cluster = batch.cluster;
                         for (TapMove& move : batch.moves) moves.push_back(std::move(move));
                         for (TapMessage& one : batch.messages) messages.push_back(std::move(one));
                         bytes += batch.bytes;
                         if (settle) tap->Done(batch.bytes);
                       });
  }
};

void DeleteBefore(const KafkaHarness& harness, int64_t offset) {
  const auto conf =
      MakeKafkaConf(KafkaRole::kEventProducer, harness.options().cluster, "tap-test-admin");
  REQUIRE(conf.ok());
  const KafkaOwned<rd_kafka_t> client(
      rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_dup(conf->get()), nullptr, 0));
  const auto list = KafkaList(harness.options().prefix + kTopic,
                              {{.partition = kPartition, .offset = static_cast<uint64_t>(offset)}});
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list.get());
  const KafkaOwned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_DeleteRecords(client.get(), &request, 1, nullptr, queue.get());
  const KafkaOwned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), 30'000));
  rd_kafka_DeleteRecords_destroy(request);
  REQUIRE(event != nullptr);
  REQUIRE(rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

TEST_CASE("A tap gives every record as it lies on Kafka, and goes on where it is told") {
  KafkaHarness harness(KafkaClusterForTest::Shared(1), {&kNewsRaw.info});
  for (int i = 0; i < 20; ++i)
    harness.Inject(kNewsRaw.info, kPartition, "no protobuf " + std::to_string(i), {{"a", "b"}});
  Reader reader{harness};
  reader.Open(0);
  harness.RunUntil([&] { return reader.messages.size() == 20; });
  CHECK_FALSE(reader.cluster.empty());
  CHECK(reader.moves.empty());
  for (uint64_t i = 0; i < 20; ++i) {
    const TapMessage& message = reader.messages[i];
    CHECK(message.topic == kTopic);
    CHECK(message.partition == kPartition);
    CHECK(message.offset == i);
    CHECK(message.payload == "no protobuf " + std::to_string(i));
    CHECK(message.timestamp_ms > 0);
    REQUIRE(message.headers.size() == 1);
    CHECK(message.headers[0] == std::pair<std::string, std::optional<std::string>>("a", "b"));
  }
  CHECK(reader.tap->health().ok());

  // What Kafka has forgotten meanwhile is said, and so is a topic that begins anew.
  DeleteBefore(harness, 15);
  Reader later{harness};
  later.Open(10);
  harness.RunUntil([&] { return later.messages.size() == 5; });
  REQUIRE(later.moves.size() == 1);
  CHECK(later.moves[0].from == 10);
  CHECK(later.moves[0].to == 15);
  CHECK(later.messages.front().offset == 15);
  Reader anew{harness};
  anew.Open(1'000);
  harness.RunUntil([&] { return anew.messages.size() == 5; });
  REQUIRE(anew.moves.size() == 1);
  CHECK(anew.moves[0].from == 1'000);
  CHECK(anew.moves[0].to == 15);
}

TEST_CASE("A tap hands over no more than is dealt with") {
  KafkaHarness harness(KafkaClusterForTest::Shared(1), {&kNewsRaw.info});
  for (int i = 0; i < 50; ++i) harness.Inject(kNewsRaw.info, kPartition, std::string(1'000, 'x'));
  Reader reader{harness};
  reader.settle = false;
  reader.Open(0, 5'000);
  harness.RunUntil([&] { return reader.messages.size() >= 3; });
  const base::Duration until = harness.clock().Monotonic() + std::chrono::seconds(1);
  harness.RunUntil([&] { return harness.clock().Monotonic() > until; });
  CHECK(reader.bytes <= 5'000);
  CHECK(reader.messages.size() < 50);
  reader.settle = true;
  reader.tap->Done(reader.bytes);
  harness.RunUntil([&] { return reader.messages.size() == 50; });
}

}  // namespace
}  // namespace gannet::bus
