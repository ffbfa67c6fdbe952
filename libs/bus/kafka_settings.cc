#include "libs/bus/kafka_settings.h"

#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/check.h"
#include "libs/base/loopback.h"
#include "libs/base/status.h"

namespace gannet::bus {
namespace {

// librdkafka's own statistics, and the pace at which topics are looked at again.
constexpr std::chrono::milliseconds kStatisticsInterval{5'000};
constexpr std::chrono::milliseconds kMetadataRefresh{10'000};
// A fetch names every partition, whether or not it has something: readers that take ticks
// as they come, or every 10 ms, were most of what a broker did, and orders waited behind them.
constexpr std::chrono::milliseconds kTickFetchWait{50};
constexpr int kTickFetchBytes = 64 << 10, kArchiveFetchBytes = 256 << 10;
// Reconnecting after a broker's death: quick at first, never a storm.
constexpr std::chrono::milliseconds kReconnectFirst{50}, kReconnectMost{1'000};

bool IsProducer(KafkaRole role) {
  return role == KafkaRole::kTickProducer || role == KafkaRole::kEventProducer;
}

class Properties {
 public:
  explicit Properties(rd_kafka_conf_t* conf) : conf_(conf) {}
  void Set(const char* name, const std::string& value) {
    if (!status_.ok()) return;
    std::array<char, 512> why{};
    if (rd_kafka_conf_set(conf_, name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat("Kafka property ", name, ": ", why.data(),
                       "; correct the kafka section of the configuration"));
    }
  }
  void Set(const char* name, int value) { Set(name, std::to_string(value)); }
  void Set(const char* name, bool value) { Set(name, std::string(value ? "true" : "false")); }
  void Set(const char* name, std::chrono::milliseconds value) {
    Set(name, std::to_string(value.count()));
  }
  const absl::Status& status() const { return status_; }

 private:
  rd_kafka_conf_t* conf_;
  absl::Status status_;
};

void SetCluster(Properties& out, const KafkaCluster& cluster) {
  out.Set("bootstrap.servers", cluster.brokers);
  const bool tls = !cluster.ca_file.empty(), sasl = !cluster.user.empty();
  out.Set("security.protocol",
          std::string(tls ? (sasl ? "sasl_ssl" : "ssl") : (sasl ? "sasl_plaintext" : "plaintext")));
  if (tls) out.Set("ssl.ca.location", cluster.ca_file);
  if (!cluster.certificate_file.empty()) {
    out.Set("ssl.certificate.location", cluster.certificate_file);
    out.Set("ssl.key.location", cluster.key_file);
  }
  if (sasl) {
    out.Set("sasl.mechanisms", std::string("SCRAM-SHA-512"));
    out.Set("sasl.username", cluster.user);
    out.Set("sasl.password", cluster.password);
  }
}

void SetProducer(Properties& out, const ProducerSettings& settings) {
  out.Set("enable.idempotence", settings.idempotent);
  out.Set("enable.gapless.guarantee", settings.gapless);
  out.Set("acks", settings.acks);
  out.Set("linger.ms", settings.linger);
  out.Set("max.in.flight.requests.per.connection", settings.max_in_flight);
  out.Set("retries", settings.retries);
  out.Set("message.timeout.ms", settings.delivery_timeout);
  out.Set("queue.buffering.max.messages", settings.queue_messages);
  out.Set("queue.buffering.max.kbytes", settings.queue_kilobytes);
  out.Set("compression.codec", settings.compression);
}

void SetConsumer(Properties& out, const ConsumerSettings& settings, std::string_view group) {
  out.Set("group.id", std::string(group));
  out.Set("enable.auto.commit", false);
  out.Set("enable.auto.offset.store", false);
  out.Set("enable.partition.eof", false);
  out.Set("allow.auto.create.topics", false);
  out.Set("auto.offset.reset", settings.offset_reset);
  out.Set("isolation.level", settings.isolation);
  out.Set("check.crcs", true);  // off by default; Java's client has it on
  out.Set("fetch.wait.max.ms", settings.fetch_wait);
  out.Set("fetch.min.bytes", settings.fetch_min_bytes);
  out.Set("fetch.error.backoff.ms", settings.fetch_error_backoff);
  out.Set("session.timeout.ms", settings.session_timeout);
  out.Set("heartbeat.interval.ms", settings.heartbeat);
  out.Set("max.poll.interval.ms", settings.max_poll_interval);
  out.Set("partition.assignment.strategy", std::string("range"));
  // The consumer empties librdkafka's queue at once and pauses partitions itself: 2.0.2
  // would wait a whole second after its own queue was full.
  out.Set("queued.min.messages", 100'000);
  out.Set("queued.max.messages.kbytes", settings.queued_kilobytes);
  out.Set("fetch.message.max.bytes", kMaxKafkaMessageBytes);
}

}  // namespace

absl::Status CheckCluster(const KafkaCluster& cluster) {
  size_t named = 0;
  const std::vector<std::string> brokers = absl::StrSplit(cluster.brokers, ',');
  for (const std::string& broker : brokers) {
    const size_t colon = broker.rfind(':');
    const std::string host = broker.substr(0, colon);
    if (host.empty()) continue;
    ++named;
    if (!base::IsLoopbackHost(host) && cluster.ca_file.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Kafka broker ", broker, " is beyond this machine and TLS is off; set kafka.ca_file"));
    }
  }
  if (named == 0) {
    return absl::InvalidArgumentError("no Kafka broker is named; set kafka.brokers, or --brokers");
  }
  return absl::OkStatus();
}

ProducerSettings ProducerSettingsOf(KafkaRole role) {
  GANNET_CHECK(IsProducer(role), "producer settings are of a producer's role");
  ProducerSettings settings;
  if (role == KafkaRole::kTickProducer) {
    settings.idempotent = false;
    settings.gapless = false;
    settings.acks = "1";
    settings.max_in_flight = 1;  // the order survives a retry
    settings.retries = 2;
    settings.delivery_timeout = std::chrono::seconds(1);
    settings.queue_messages = 50'000;
    settings.compression = "lz4";
  }
  return settings;
}

ConsumerSettings ConsumerSettingsOf(KafkaRole role) {
  GANNET_CHECK(!IsProducer(role), "consumer settings are of a consumer's role");
  ConsumerSettings settings;
  if (role == KafkaRole::kTickConsumer) {
    settings.isolation = "read_uncommitted";
    settings.fetch_wait = kTickFetchWait;
    settings.fetch_min_bytes = kTickFetchBytes;
  } else if (role == KafkaRole::kArchiveConsumer) {
    settings.fetch_min_bytes = kArchiveFetchBytes;
  }
  return settings;
}

absl::StatusOr<KafkaOwned<rd_kafka_conf_t>> MakeKafkaConf(KafkaRole role,
                                                          const KafkaCluster& cluster,
                                                          std::string_view client_id,
                                                          std::string_view group) {
  GANNET_RETURN_IF_ERROR(CheckCluster(cluster));
  KafkaOwned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);  // not to standard error
  Properties out(conf.get());
  SetCluster(out, cluster);
  out.Set("client.id", std::string(client_id));
  out.Set("socket.nagle.disable", true);
  out.Set("message.max.bytes", kMaxKafkaMessageBytes);
  out.Set("statistics.interval.ms", kStatisticsInterval);
  out.Set("topic.metadata.refresh.interval.ms", kMetadataRefresh);
  out.Set("reconnect.backoff.ms", kReconnectFirst);
  out.Set("reconnect.backoff.max.ms", kReconnectMost);
  out.Set("log.connection.close", false);
  if (IsProducer(role)) {
    SetProducer(out, ProducerSettingsOf(role));
  } else {
    SetConsumer(out, ConsumerSettingsOf(role), group);
  }
  GANNET_RETURN_IF_ERROR(out.status());
  return conf;
}

std::map<std::string, std::string> DumpKafkaConf(rd_kafka_conf_t* conf) {
  std::map<std::string, std::string> properties;
  const auto take = [&](const char** dump, size_t count) {
    for (size_t i = 0; i + 1 < count; i += 2) {
      const std::string_view name = dump[i];
      const bool secret = name.find("password") != name.npos || name.ends_with(".pem");
      properties[dump[i]] = secret ? "[redacted]" : dump[i + 1];
    }
    rd_kafka_conf_dump_free(dump, count);
  };
  size_t count = 0;
  // acks, message.timeout.ms and the like live in the default topic's configuration,
  // which names some properties of the client again.
  if (rd_kafka_topic_conf_t* topic = rd_kafka_conf_get_default_topic_conf(conf)) {
    const char** dump = rd_kafka_topic_conf_dump(topic, &count);
    take(dump, count);
  }
  const char** dump = rd_kafka_conf_dump(conf, &count);
  take(dump, count);
  return properties;
}

}  // namespace gannet::bus
