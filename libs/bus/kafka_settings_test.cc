#include "libs/bus/kafka_settings.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

namespace gannet::bus {
namespace {

using Catch::Matchers::ContainsSubstring;

// What librdkafka holds once the client is made: making it resolves what idempotence
// fixes, and refuses what contradicts it.
std::map<std::string, std::string> Held(KafkaRole role, const KafkaCluster& cluster,
                                        std::string_view group = "") {
  auto conf = MakeKafkaConf(role, cluster, "test-1", group);
  REQUIRE(conf.ok());
  const bool producer = role == KafkaRole::kTickProducer || role == KafkaRole::kEventProducer;
  char why[256] = {};
  rd_kafka_t* client = rd_kafka_new(producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                    conf->release(), why, sizeof(why));
  CAPTURE(why);
  REQUIRE(client != nullptr);
  // A copy: the dump wants a configuration that may be written.
  const KafkaOwned<rd_kafka_conf_t> copy(rd_kafka_conf_dup(rd_kafka_conf(client)));
  auto properties = DumpKafkaConf(copy.get());
  rd_kafka_destroy(client);
  return properties;
}

void CheckHeld(const std::map<std::string, std::string>& held,
               const std::map<std::string, std::string>& wanted) {
  for (const auto& [name, value] : wanted) {
    CAPTURE(name);
    const auto found = held.find(name);
    REQUIRE(found != held.end());
    CHECK(found->second == value);
  }
}

const KafkaCluster kLoopback{.brokers = "127.0.0.1:1"};

const std::map<std::string, std::string> kEveryRole = {
    {"metadata.broker.list", "127.0.0.1:1"},
    {"security.protocol", "plaintext"},
    {"client.id", "test-1"},
    {"socket.nagle.disable", "true"},
    {"message.max.bytes", "4194304"},
    {"statistics.interval.ms", "5000"},
    {"topic.metadata.refresh.interval.ms", "10000"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"},
    {"log.connection.close", "false"},
};

const std::map<std::string, std::string> kEveryConsumer = {
    {"group.id", "g"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "false"},
    {"allow.auto.create.topics", "false"},
    {"check.crcs", "true"},
    {"auto.offset.reset", "error"},
    {"fetch.error.backoff.ms", "10"},
    {"session.timeout.ms", "10000"},
    {"heartbeat.interval.ms", "1000"},
    {"max.poll.interval.ms", "30000"},
    {"partition.assignment.strategy", "range"},
    {"queued.min.messages", "100000"},
    {"queued.max.messages.kbytes", "16384"},
    {"fetch.message.max.bytes", "4194304"},
};

TEST_CASE("Kafka's event producer is idempotent, gapless and never gives up") {
  const auto held = Held(KafkaRole::kEventProducer, kLoopback);
  CheckHeld(held, kEveryRole);
  CheckHeld(held, {{"enable.idempotence", "true"},
                   {"enable.gapless.guarantee", "true"},
                   {"request.required.acks", "-1"},
                   {"queue.buffering.max.ms", "0"},
                   {"max.in.flight.requests.per.connection", "5"},
                   {"message.send.max.retries", "2147483647"},
                   {"message.timeout.ms", "0"},
                   {"queue.buffering.max.messages", "10000"},
                   {"queue.buffering.max.kbytes", "65536"},
                   {"compression.codec", "none"}});
}

TEST_CASE("Kafka's tick producer drops what is late, in order") {
  const auto held = Held(KafkaRole::kTickProducer, kLoopback);
  CheckHeld(held, kEveryRole);
  CheckHeld(held, {{"enable.idempotence", "false"},
                   {"enable.gapless.guarantee", "false"},
                   {"request.required.acks", "1"},
                   {"queue.buffering.max.ms", "0"},
                   {"max.in.flight.requests.per.connection", "1"},
                   {"message.send.max.retries", "2"},
                   {"message.timeout.ms", "1000"},
                   {"queue.buffering.max.messages", "50000"},
                   {"compression.codec", "lz4"}});
}

TEST_CASE("Kafka's consumers never guess an offset and never commit by themselves") {
  const std::map<std::string, std::string> in_time = {{"fetch.wait.max.ms", "500"},
                                                      {"fetch.min.bytes", "1"},
                                                      {"isolation.level", "read_committed"}};
  const std::map<std::string, std::string> gathered = {{"fetch.wait.max.ms", "50"},
                                                       {"fetch.min.bytes", "65536"},
                                                       {"isolation.level", "read_uncommitted"}};
  const std::map<std::string, std::string> in_no_hurry = {{"fetch.wait.max.ms", "500"},
                                                          {"fetch.min.bytes", "262144"},
                                                          {"isolation.level", "read_committed"}};
  const std::map<KafkaRole, const std::map<std::string, std::string>*> roles = {
      {KafkaRole::kEventConsumer, &in_time},
      {KafkaRole::kTickConsumer, &gathered},
      {KafkaRole::kArchiveConsumer, &in_no_hurry}};
  for (const auto& [role, own] : roles) {
    const auto held = Held(role, kLoopback, "g");
    CheckHeld(held, kEveryRole);
    CheckHeld(held, kEveryConsumer);
    CheckHeld(held, *own);
  }
}

TEST_CASE("A Kafka broker beyond this machine needs TLS") {
  for (const char* brokers :
       {"kafka.example:9092", "127.0.0.1:9092,10.0.0.7:9092", "127x:1", "127.example:9092"}) {
    const absl::Status status = CheckCluster({.brokers = brokers});
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK_THAT(std::string(status.message()), ContainsSubstring("kafka.ca_file"));
  }
  CHECK(CheckCluster({.brokers = "localhost:1,[::1]:2,127.0.0.2:3"}).ok());
  CHECK(CheckCluster({.brokers = "kafka.example:9092", .ca_file = "ca.pem"}).ok());
  CHECK_THAT(std::string(CheckCluster({}).message()), ContainsSubstring("kafka.brokers"));
  CHECK_FALSE(CheckCluster({.brokers = " ,"}).ok());
}

TEST_CASE("Kafka's TLS and SASL settings reach the client's configuration") {
  const auto conf = MakeKafkaConf(KafkaRole::kEventProducer,
                                  {.brokers = "kafka.example:9093",
                                   .ca_file = "/ca.pem",
                                   .certificate_file = "/client.pem",
                                   .key_file = "/client.key",
                                   .user = "risk",
                                   .password = "secret"},
                                  "test-1");
  REQUIRE(conf.ok());
  CheckHeld(DumpKafkaConf(conf->get()), {{"security.protocol", "sasl_ssl"},
                                         {"ssl.ca.location", "/ca.pem"},
                                         {"ssl.certificate.location", "/client.pem"},
                                         {"ssl.key.location", "/client.key"},
                                         {"sasl.mechanisms", "SCRAM-SHA-512"},
                                         {"sasl.username", "risk"},
                                         {"sasl.password", "[redacted]"}});
}

}  // namespace
}  // namespace gannet::bus
