// One hop over Kafka, publish to handler, acks=all: an execution report through KafkaBus
// (encoding, headers, de-duplication, acknowledgement) beside bare librdkafka with the
// same settings and the same bytes, in alternating blocks of one run. Latency at 200
// events a second, then how many a second go through when nobody waits. Each pair ends
// with the ratio: bare divided by bus for latency, bus divided by bare for throughput.
//
//   kafka_bench BROKERS [EVENTS A BLOCK [BLOCKS]]     tools/kafka-dev start prints BROKERS
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libs/bus/kafka_admin.h"
#include "libs/bus/kafka_bus.h"
#include "libs/bus/kafka_client.h"
#include "libs/bus/topics.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::bus {
namespace {

using Steady = std::chrono::steady_clock;
using market::Event;
using market::ExecReport;
using namespace std::chrono_literals;

constexpr auto kInterval = 5ms;
constexpr auto kPatience = 60s;
constexpr double kGoalMs = 10, kGoalRatio = 0.95;

[[noreturn]] void Fail(const std::string& text) {
  std::fprintf(stderr, "kafka_bench: %s\n", text.c_str());
  std::exit(1);
}
template <class T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) Fail(value.status().ToString());
  return *std::move(value);
}

struct Latencies {
  std::vector<double> micros;
  double At(double quantile) {
    std::sort(micros.begin(), micros.end());
    const auto rank = static_cast<size_t>(quantile * static_cast<double>(micros.size()));
    return micros[std::min(micros.size() - 1, rank)];
  }
  void Print(const char* name) {
    std::printf("%-18s p50 %7.0f us   p99 %7.0f us   max %7.0f us   n %zu\n", name, At(0.5),
                At(0.99), At(1.0), micros.size());
  }
};

std::shared_ptr<const Event<ExecReport>> Report(uint64_t sequence) {
  auto event = std::make_shared<Event<ExecReport>>();
  event->header.id = {.stream = 7, .sequence = sequence};
  event->header.source = "execution";
  event->header.tenant = "main";
  event->value.client_order_id = market::ClientOrderId("g1bench");
  event->value.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  return event;
}

// What both sides offer.
class Hop {
 public:
  virtual ~Hop() = default;
  virtual void Send() = 0;
  // Until `count` events in all have arrived.
  virtual void Await(uint64_t count) = 0;

  void Measure(int events, Latencies& out) {
    for (int i = 0; i < events; ++i) {
      const auto begin = Steady::now();
      Send();
      Await(++sent_);
      out.micros.push_back(
          std::chrono::duration<double, std::micro>(Steady::now() - begin).count());
      std::this_thread::sleep_until(begin + kInterval);
    }
  }
  double Throughput(int events) {
    const auto begin = Steady::now();
    for (int i = 0; i < events; ++i) Send();
    Await(sent_ += static_cast<uint64_t>(events));
    return events / std::chrono::duration<double>(Steady::now() - begin).count();
  }

 private:
  uint64_t sent_ = 0;
};

class BusHop : public Hop {
 public:
  BusHop(const KafkaCluster& cluster, const std::string& prefix) {
    KafkaBusOptions options;
    options.cluster = cluster;
    options.client = "bench-bus";
    options.prefix = prefix;
    options.partitions = 1;
    bus_ = std::make_unique<KafkaBus>(executor_, clock_, std::move(options));
    subscription_ =
        bus_->Subscribe<ExecReport>(kExecReports, {.start = Start::kEarliest},
                                    [this](const Event<ExecReport>&, Position position) {
                                      ++arrived_;
                                      subscription_->Ack(position);
                                    });
  }
  void Send() override {
    const auto event = Report(++sequence_);
    while (!bus_->Publish(kExecReports, event).ok()) executor_.RunFor(100us);  // at its limit
  }
  void Await(uint64_t count) override {
    const auto end = Steady::now() + kPatience;
    while (arrived_ < count) {
      executor_.RunFor(200us);
      if (Steady::now() > end)
        Fail("the bus lost events: " + std::string(bus_->health().message()));
    }
  }

 private:
  runtime::SystemClock clock_;
  runtime::AsioExecutor executor_{clock_};
  std::unique_ptr<KafkaBus> bus_;
  std::unique_ptr<Subscription> subscription_;
  uint64_t sequence_ = 0, arrived_ = 0;
};

class BareHop : public Hop {
 public:
  BareHop(const KafkaCluster& cluster, std::string topic)
      : topic_(std::move(topic)), payload_(kExecReports.info.encode(Report(1).get())) {
    char why[512];
    auto conf = Must(MakeKafkaConf(KafkaRole::kEventProducer, cluster, "bench-bare"));
    producer_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.release(), why, sizeof why));
    if (producer_ == nullptr) Fail(why);
    out_.reset(rd_kafka_topic_new(producer_.get(), topic_.c_str(), nullptr));
    consumer_ = Must(MakeKafkaConsumer(
        Must(MakeKafkaConf(KafkaRole::kEventConsumer, cluster, "bench-bare-read", "bench-bare"))));
    rd_kafka_assign(consumer_.get(), KafkaList(topic_, {{0, 0}}).get());
    reader_ = std::thread([this] {
      while (!ended_) {
        const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(consumer_.get(), 50));
        if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
          arrived_.fetch_add(1);
          arrived_.notify_one();
        }
      }
    });
  }
  ~BareHop() override {
    ended_ = true;
    reader_.join();
  }
  void Send() override {
    while (rd_kafka_produce(out_.get(), 0, RD_KAFKA_MSG_F_COPY, payload_.data(), payload_.size(),
                            nullptr, 0, nullptr) != 0) {
      const rd_kafka_resp_err_t error = rd_kafka_last_error();
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) Fail(KafkaErrorText(error));
      rd_kafka_poll(producer_.get(), 1);
    }
    rd_kafka_poll(producer_.get(), 0);
  }
  void Await(uint64_t count) override {
    for (uint64_t had = arrived_; had < count; had = arrived_) arrived_.wait(had);
  }

 private:
  const std::string topic_;
  std::string payload_;
  KafkaOwned<rd_kafka_t> producer_;
  KafkaOwned<rd_kafka_topic_t> out_;
  KafkaReaderClient consumer_;
  std::thread reader_;
  std::atomic<uint64_t> arrived_{0};
  std::atomic<bool> ended_{false};
};

// Two topics that nobody else has, of one partition, as the platform's table has them.
std::string MakeTopics(const KafkaCluster& cluster) {
  const std::string prefix =
      "bench-" + std::to_string(Steady::now().time_since_epoch().count()) + ".";
  const std::string name = prefix + std::string(kExecReports.info.name);
  std::vector<KafkaTopicSpec> wanted;
  for (KafkaTopicSpec& spec : KafkaTopicTable(prefix, 1)) {
    if (!spec.name.starts_with(name)) continue;
    spec.partitions = 1;
    wanted.push_back(spec);
    if (spec.name != name) continue;
    spec.name = prefix + "bare";
    wanted.push_back(spec);
  }
  const absl::Status made = Must(KafkaAdmin::Connect(cluster, "bench-admin"))->Create(wanted);
  if (!made.ok()) Fail(made.ToString());
  return prefix;
}

int Main(int argc, char** argv) {
  if (argc < 2) Fail("which brokers? usage: kafka_bench BROKERS [EVENTS A BLOCK [BLOCKS]]");
  const KafkaCluster cluster{.brokers = argv[1]};
  const int events = argc > 2 ? std::atoi(argv[2]) : 200,
            blocks = argc > 3 ? std::atoi(argv[3]) : 10;
  const std::string prefix = MakeTopics(cluster);
  BusHop bus(cluster, prefix);
  BareHop bare(cluster, prefix + "bare");
  Latencies warm, of_bus, of_bare;
  bus.Measure(50, warm);
  bare.Measure(50, warm);
  std::vector<double> bus_rates, bare_rates;
  for (int block = 0; block < blocks; ++block) {
    bus.Measure(events, of_bus);
    bare.Measure(events, of_bare);
  }
  for (int block = 0; block < blocks; ++block) {
    bus_rates.push_back(bus.Throughput(20 * events));
    bare_rates.push_back(bare.Throughput(20 * events));
  }
  std::sort(bus_rates.begin(), bus_rates.end());
  std::sort(bare_rates.begin(), bare_rates.end());
  of_bus.Print("KafkaBus");
  of_bare.Print("bare librdkafka");
  const double p99 = of_bus.At(0.99) / 1e3, ratio = of_bare.At(0.99) / of_bus.At(0.99);
  std::printf("Kafka hop: p99 %.1f ms, bare / bus %.2f (p50 %.2f); goal %g ms: %s, %g: %s\n", p99,
              ratio, of_bare.At(0.5) / of_bus.At(0.5), kGoalMs, p99 <= kGoalMs ? "met" : "MISSED",
              kGoalRatio, ratio >= kGoalRatio ? "met" : "MISSED");
  const double bus_rate = bus_rates[bus_rates.size() / 2],
               bare_rate = bare_rates[bare_rates.size() / 2];
  std::printf("events a second     KafkaBus %.0f   bare %.0f   ratio %.2f\n", bus_rate, bare_rate,
              bus_rate / bare_rate);
  return 0;
}

}  // namespace
}  // namespace gannet::bus

int main(int argc, char** argv) { return gannet::bus::Main(argc, argv); }
