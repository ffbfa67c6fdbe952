// A topic that is deleted and made anew under who reads it, on a real Apache Kafka.
#include <librdkafka/rdkafka.h>

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "libs/bus/kafka_client.h"
#include "libs/bus/topics.h"
#include "tests/kafka/harness.h"

namespace gannet::bus {
namespace {

void Delete(const KafkaHarness& harness, const TopicInfo& topic) {
  const auto conf =
      MakeKafkaConf(KafkaRole::kEventProducer, harness.options().cluster, "anew-test-admin");
  REQUIRE(conf.ok());
  const KafkaOwned<rd_kafka_t> client(
      rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_dup(conf->get()), nullptr, 0));
  rd_kafka_DeleteTopic_t* request = rd_kafka_DeleteTopic_new(harness.TopicName(topic).c_str());
  const KafkaOwned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_DeleteTopics(client.get(), &request, 1, nullptr, queue.get());
  const KafkaOwned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), 30'000));
  rd_kafka_DeleteTopic_destroy(request);
  REQUIRE(event != nullptr);
  REQUIRE(rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

void Fill(market::NewsItem& item) {
  item.source = "desk";
  item.source_id = "one";
}
void Fill(market::OrderIntent& intent) {
  intent.account = market::AccountId("main/paper");
  intent.instrument = market::InstrumentId("venue:A");
}

template <class T>
struct Topics {
  explicit Topics(const Topic<T>& wanted)
      : topic(wanted), harness(KafkaClusterForTest::Shared(1), {&wanted.info}) {}

  void Publish(uint64_t first, uint64_t last) {
    for (uint64_t sequence = first; sequence <= last; ++sequence) {
      market::Event<T> event;
      event.header.id = {7, sequence};
      event.header.tenant = "main";
      Fill(event.value);
      REQUIRE(harness.kafka().Publish(topic, std::make_shared<const market::Event<T>>(event)).ok());
    }
    harness.kafka().Flush();
  }
  void Subscribe() {
    subscription = harness.kafka().template Subscribe<T>(
        topic, {.start = Start::kEarliest},
        [this](const market::Event<T>& event, Position position) {
          heard.insert(event.header.id.sequence);
          subscription->Ack(position);
        });
  }
  void MakeAnew() {
    Delete(harness, topic.info);
    for (KafkaTopicSpec& spec : KafkaTopicTable(harness.options().prefix, 1)) {
      if (spec.name != harness.TopicName(topic.info)) continue;
      spec.partitions = KafkaHarness::kPartitions;
      // The name is free a little later.
      harness.RunUntil([&] { return harness.admin().Create({spec}).ok(); });
    }
    // And the broker lets go of the old one later still.
    harness.RunUntil([&] {
      for (uint32_t p = 0; p < KafkaHarness::kPartitions; ++p) {
        const auto end = harness.admin().End(harness.TopicName(topic.info), p);
        if (!end.ok() || *end > 0) return false;
      }
      return true;
    });
  }

  const Topic<T>& topic;
  KafkaHarness harness;
  std::set<uint64_t> heard;
  std::unique_ptr<Subscription> subscription;
};

}  // namespace

TEST_CASE("A topic made anew under its reader is read from its beginning, and it is counted") {
  Topics<market::NewsItem> topics(kNewsRaw);
  topics.Subscribe();
  topics.Publish(1, 10);
  topics.harness.RunUntil([&] { return topics.heard.size() == 10; });
  topics.MakeAnew();
  topics.Publish(11, 13);
  topics.harness.RunUntil([&] { return topics.heard.size() == 13; });
  CHECK(topics.subscription->stats().skipped > 0);
  topics.Publish(14, 14);
  topics.harness.RunUntil([&] { return topics.heard.size() == 14; });
}

TEST_CASE("A topic of orders made anew halts, and goes on at its beginning when a person says so") {
  Topics<market::OrderIntent> topics(kOrderIntents);
  topics.Subscribe();
  topics.Publish(1, 10);
  topics.harness.RunUntil([&] { return topics.heard.size() == 10; });
  topics.MakeAnew();
  topics.Publish(11, 13);
  const auto halted = [&] {
    for (const KafkaBus::View& view : topics.harness.kafka().views()) {
      for (const uint32_t partition : view.inbox.halted) return std::optional(partition);
    }
    return std::optional<uint32_t>();
  };
  topics.harness.RunUntil([&] { return halted().has_value(); });
  const Position at{.partition = *halted(), .offset = 10};
  CHECK(topics.subscription->health().message().find("not the one") != std::string::npos);
  topics.harness.RunUntil(
      [&] { return topics.harness.Resolve(kOrderIntents.info, at, Resolution::kSkip).ok(); });
  topics.harness.RunUntil([&] { return topics.heard.size() == 13; });
}

}  // namespace gannet::bus
