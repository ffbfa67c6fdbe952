// How the platform's Kafka clients are set up: one set of typed settings a role,
// turned into librdkafka's properties in one place. docs/topics.md has the reasons;
// kafka_settings_test.cc reads every property back from the client configuration.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/bus/kafka_handle.h"

namespace gannet::bus {

// The largest event that travels: a limit of clients and topics alike.
inline constexpr int kMaxKafkaMessageBytes = 4 << 20;

enum class KafkaRole : uint8_t {
  kTickProducer,   // market data: late is worthless, a loss is counted
  kEventProducer,  // everything else: never lost, never out of order
  kTickConsumer,
  kEventConsumer,
  kArchiveConsumer,  // everything, in no hurry
};

// Which brokers, and how one proves who one is.
struct KafkaCluster {
  std::string brokers;           // "host:port,…"
  std::string ca_file;           // set: TLS
  std::string certificate_file;  // with key_file: this client's own
  std::string key_file;
  std::string user;  // with password: SASL SCRAM-SHA-512
  std::string password;
};

// INVALID_ARGUMENT: no broker named, or one beyond loopback without TLS.
absl::Status CheckCluster(const KafkaCluster& cluster);

struct ProducerSettings {
  bool idempotent = true;
  bool gapless = true;  // an error that would leave a gap is fatal: the supervisor resends in order
  std::string acks = "all";
  std::chrono::milliseconds linger{0};
  int max_in_flight = 5;
  int retries = 2147483647;
  std::chrono::milliseconds delivery_timeout{0};  // 0: until it is delivered
  int queue_messages = 10'000;
  int queue_kilobytes = 64 << 10;
  std::string compression = "none";
};

struct ConsumerSettings {
  std::string offset_reset = "error";  // never guess: offsets are always explicit
  std::string isolation = "read_committed";
  // A broker answers at once when there is something; when not, each reader asks this often,
  // and the platform has some hundred readers.
  std::chrono::milliseconds fetch_wait{500};
  int fetch_min_bytes = 1;
  std::chrono::milliseconds fetch_error_backoff{10};
  std::chrono::milliseconds session_timeout{10'000};
  std::chrono::milliseconds heartbeat{1'000};
  std::chrono::milliseconds max_poll_interval{30'000};
  int queued_kilobytes = 16 << 10;
};

ProducerSettings ProducerSettingsOf(KafkaRole role);
ConsumerSettings ConsumerSettingsOf(KafkaRole role);

// The configuration of one client. `client_id` is unique among all clients of the
// cluster; `group` is for consumers. INVALID_ARGUMENT names the property.
absl::StatusOr<KafkaOwned<rd_kafka_conf_t>> MakeKafkaConf(KafkaRole role,
                                                          const KafkaCluster& cluster,
                                                          std::string_view client_id,
                                                          std::string_view group = "");
// Every property as librdkafka holds it, but for secrets. Of an alias only the first
// name is there ("metadata.broker.list").
std::map<std::string, std::string> DumpKafkaConf(rd_kafka_conf_t* conf);

}  // namespace gannet::bus
