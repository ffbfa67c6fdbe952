// What needs no broker; the rest runs on a real one in tests/kafka.
#include "apps/gannet/topics_command.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "libs/base/virtual_executor.h"
#include "libs/bus/kafka_admin.h"
#include "libs/bus/topics.h"

namespace gannet::app {
namespace {

using Catch::Matchers::ContainsSubstring;

TEST_CASE("docs/topics.md shows the table of topics as it is") {
  std::ifstream file("docs/topics.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  std::ostringstream table;
  PrintTopicTable(table);
  INFO("replace the table in docs/topics.md by the output of `gannet topics table`");
  CHECK_THAT(document, ContainsSubstring(table.str()));
}

TEST_CASE("Topics of orders have equal partitions, and every topic has dead letters") {
  const auto table = bus::KafkaTopicTable("p.", 3);
  CHECK(table.size() == 2 * bus::AllTopics().size());
  for (size_t i = 0; i < table.size(); i += 2) {
    const bus::TopicInfo& topic = *bus::AllTopics()[i / 2];
    CAPTURE(topic.name);
    CHECK(table[i].name == "p." + std::string(topic.name));
    CHECK(table[i + 1].name == table[i].name + ".dlq");
    CHECK(table[i + 1].partitions == table[i].partitions);
    CHECK(table[i].replication == 3);
    CHECK(table[i].config.at("min.insync.replicas") == "2");
    CHECK(table[i].config.at("cleanup.policy") == (topic.compacted ? "compact" : "delete"));
    CHECK(table[i + 1].config.at("cleanup.policy") == "delete");
    if (topic.order_shard) CHECK(topic.partitions == bus::kShards);
  }
  CHECK(bus::KafkaTopicTable("", 1)[0].config.at("min.insync.replicas") == "1");
}

TEST_CASE("Drift of a topic is told setting by setting") {
  const bus::KafkaTopicSpec wanted = bus::KafkaTopicTable("", 1)[0];
  bus::KafkaTopicSpec found = wanted;
  found.config["segment.bytes"] = "1";  // not ours to say
  CHECK(bus::KafkaTopicDrift(wanted, found).empty());
  found.partitions = 7;
  found.replication = 2;
  found.config["cleanup.policy"] = "delete";
  found.config.erase("max.message.bytes");
  const std::vector<std::string> drift = bus::KafkaTopicDrift(wanted, found);
  CHECK(drift == std::vector<std::string>{
                     "ref.instruments.v1: partitions is 7, must be 4",
                     "ref.instruments.v1: replication is 2, must be 1",
                     "ref.instruments.v1: cleanup.policy is delete, must be compact",
                     "ref.instruments.v1: max.message.bytes is unknown, must be 4194304"});
}

TEST_CASE("gannet topics resolve refuses what makes no sense before it asks a broker") {
  const base::VirtualExecutor clock(base::FromUnixMillis(0));
  std::ostringstream out;
  const TopicsOptions options{.cluster = {.brokers = "127.0.0.1:1"}};
  CHECK(ResolveTopic(options, {.topic = "orders"}, clock, out).code() ==
        absl::StatusCode::kNotFound);
  CHECK(ResolveTopic(options, {.topic = "news.raw.v1"}, clock, out).code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(ResolveTopic(options, {.topic = "order.intents.v1", .position = {.partition = 99}}, clock,
                     out)
            .code() == absl::StatusCode::kInvalidArgument);
  CHECK(PlanTopics({.cluster = {.brokers = "kafka.example:9092"}}, out).code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(out.str().empty());
}

}  // namespace
}  // namespace gannet::app
