// Subscriptions that share a reader, on librdkafka's own mock cluster: no broker is started.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "libs/bus/kafka_bus.h"
#include "libs/bus/topics.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::bus {
namespace {

using namespace std::chrono_literals;

constexpr int kPatientTurns = 60'000;  // two minutes: it ends what hangs, not what is slow

struct MockCluster {
  struct Delete {
    void operator()(rd_kafka_mock_cluster_t* cluster) const {
      rd_kafka_mock_cluster_destroy(cluster);
    }
  };
  KafkaOwned<rd_kafka_t> owner;
  std::unique_ptr<rd_kafka_mock_cluster_t, Delete> cluster;
  runtime::SystemClock clock;
  runtime::AsioExecutor executor{clock};
  std::set<std::string> readers;  // ids of the clients that read
  int asked_where = 0;            // requests for the ends of topics, as the client last counted

  explicit MockCluster(std::initializer_list<const TopicInfo*> topics) {
    std::array<char, 256> why{};
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, nullptr);
    owner.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size()));
    REQUIRE(owner != nullptr);
    cluster.reset(rd_kafka_mock_cluster_new(owner.get(), 1));
    for (const TopicInfo* topic : topics) {
      const std::string name(topic->name);
      REQUIRE(rd_kafka_mock_topic_create(cluster.get(), name.c_str(), kPartitions, 1) == 0);
    }
  }
  void SetLeader(const TopicInfo& topic, int32_t partition, int32_t broker) {
    const std::string name(topic.name);
    REQUIRE(rd_kafka_mock_partition_set_leader(cluster.get(), name.c_str(), partition, broker) ==
            0);
  }
  void SetDown(bool down) {
    REQUIRE((down ? rd_kafka_mock_broker_set_down(cluster.get(), 1)
                  : rd_kafka_mock_broker_set_up(cluster.get(), 1)) == 0);
  }
  std::unique_ptr<KafkaBus> MakeBus(std::optional<base::Duration> tick_limit = std::nullopt) {
    KafkaBusOptions options;
    options.tick_limit = tick_limit;
    options.cluster.brokers = rd_kafka_mock_cluster_bootstraps(cluster.get());
    options.partitions = kPartitions;
    options.statistics = [this](std::string_view client, std::string_view json) {
      if (client.find("-reader-") == client.npos) return;
      readers.emplace(client);
      constexpr std::string_view kAsked = "\"ListOffsets\":";
      int asked = 0;  // the client has some brokers: where it began, and those it heard of
      for (size_t at = 0; (at = json.find(kAsked, at)) != json.npos;)
        asked += std::atoi(json.substr(at += kAsked.size(), 9).data());
      asked_where = asked;
    };
    return std::make_unique<KafkaBus>(executor, clock, std::move(options));
  }
  bool RunUntil(const std::function<bool()>& done) {
    for (int turn = 0; turn < kPatientTurns && !done(); ++turn) executor.RunFor(2ms);
    return done();
  }

  static constexpr int kPartitions = 2;
};

// What one subscription heard; acknowledges while `acks`.
struct Listener {
  std::vector<uint64_t> heard;
  std::vector<Position> unacknowledged;
  bool acks = true;
  std::unique_ptr<Subscription> subscription;

  void Subscribe(Bus& bus, const Topic<market::NewsSignal>& topic, SubscribeOptions options) {
    subscription = bus.Subscribe<market::NewsSignal>(topic, std::move(options),
                                                     [this](const auto& event, Position position) {
                                                       heard.push_back(event.header.id.sequence);
                                                       unacknowledged.push_back(position);
                                                       if (acks) AckAll();
                                                     });
  }
  void AckAll() {
    for (const Position& position : unacknowledged) subscription->Ack(position);
    unacknowledged.clear();
  }
};

void Say(KafkaBus& bus, uint64_t from, uint64_t to) {
  for (uint64_t sequence = from; sequence <= to; ++sequence) {
    market::Event<market::NewsSignal> event;
    event.header.id = {.stream = 9, .sequence = sequence};
    event.value.source = "test";
    REQUIRE(bus.Publish(kNewsSignals, std::make_shared<const decltype(event)>(event)).ok());
  }
}

std::vector<uint64_t> Numbers(uint64_t from, uint64_t to) {
  std::vector<uint64_t> numbers;
  for (uint64_t i = from; i <= to; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

TEST_CASE("KafkaBus tells of a lost tick with the next one that comes, whenever that was taken") {
  MockCluster mock{&kQuotes.info};
  const std::unique_ptr<KafkaBus> bus = mock.MakeBus(/*tick_limit=*/2s);
  uint64_t said = 0, last = 0, lost = 0, behind_lost = 0, left_out = 0;
  std::unique_ptr<Subscription> subscription = bus->Subscribe<market::Quote>(
      kQuotes, {.group = "", .start = Start::kEarliest}, [&](const auto& event, Position position) {
        const uint64_t sequence = event.header.id.sequence;
        if (sequence > last + 1) behind_lost = sequence;
        lost += sequence - last - 1;
        last = sequence;
        CHECK(subscription->stats().skipped == lost);
        subscription->Ack(position);
      });
  const auto say = [&] {
    market::Event<market::Quote> event;
    event.header.id = {.stream = 9, .sequence = ++said};
    event.value.instrument = market::InstrumentId("venue:A");
    REQUIRE(bus->Publish(kQuotes, std::make_shared<const decltype(event)>(event)).ok());
  };
  const auto heard_all = [&] {
    const uint64_t now = bus->stats().ticks.conflated;
    if (std::exchange(left_out, now) != now) say();  // the newest may be among them
    return last == said;
  };
  say();
  REQUIRE(mock.RunUntil(heard_all));
  // The first of them goes while others wait; on a slow machine they all may.
  bool told = false;
  for (int round = 0; round < 20 && !told; ++round) {
    mock.SetDown(true);
    while (bus->stats().ticks.conflated == left_out) {
      say();
      mock.executor.RunFor(20ms);
    }
    const uint64_t waited = said;
    mock.SetDown(false);
    behind_lost = 0;
    REQUIRE(mock.RunUntil(heard_all));
    told = behind_lost > 0 && behind_lost <= waited;
  }
  CHECK(told);
}

TEST_CASE("KafkaBus reads a topic once for all who subscribe to it, each from where it starts") {
  MockCluster mock{&kNewsSignals.info};
  const std::unique_ptr<KafkaBus> bus = mock.MakeBus();
  Listener first, later, latest;
  first.Subscribe(*bus, kNewsSignals, {.group = "", .start = Start::kEarliest});
  Say(*bus, 1, 100);
  REQUIRE(mock.RunUntil([&] { return first.heard.size() == 100; }));
  later.Subscribe(*bus, kNewsSignals, {.group = "", .start = Start::kEarliest});
  latest.Subscribe(*bus, kNewsSignals, {.group = "", .start = Start::kLatest});
  REQUIRE(mock.RunUntil(
      [&] { return later.heard.size() == 100 && latest.subscription->health().ok(); }));
  Say(*bus, 101, 200);
  REQUIRE(mock.RunUntil([&] { return first.heard.size() >= 200 && later.heard.size() >= 200; }));
  REQUIRE(mock.RunUntil([&] { return latest.heard.size() >= 100; }));
  mock.executor.RunFor(50ms);
  // One key, so one partition and one order.
  CHECK(first.heard == Numbers(1, 200));
  CHECK(later.heard == Numbers(1, 200));
  CHECK(latest.heard == Numbers(101, 200));
  CHECK(first.subscription->stats().duplicates == 0);
  CHECK(bus->stats().subscriptions == 3);
  REQUIRE(mock.RunUntil([&] { return !mock.readers.empty(); }));
  CHECK(mock.readers.size() == 1);
}

TEST_CASE("KafkaBus leaves behind who takes nothing, and reads for it again once it does") {
  MockCluster mock{&kNewsSignals.info};
  const std::unique_ptr<KafkaBus> bus = mock.MakeBus();
  Listener stuck, quick;
  stuck.acks = false;
  stuck.Subscribe(*bus, kNewsSignals, {.group = "", .start = Start::kEarliest, .limit = 1});
  quick.Subscribe(*bus, kNewsSignals, {.group = "", .start = Start::kEarliest, .limit = 1});
  Say(*bus, 1, 2'000);  // far more than an inbox of that limit holds
  REQUIRE(mock.RunUntil([&] { return quick.heard.size() >= 2'000; }));
  CHECK(stuck.heard == Numbers(1, 1));
  stuck.acks = true;
  stuck.AckAll();
  REQUIRE(mock.RunUntil([&] { return stuck.heard.size() >= 2'000; }));
  mock.executor.RunFor(50ms);
  CHECK(stuck.heard == Numbers(1, 2'000));
  CHECK(quick.heard == Numbers(1, 2'000));
}

TEST_CASE("KafkaBus goes on with a topic that stood still when another subscription came") {
  MockCluster mock{&kNewsSignals.info, &kNewsRaw.info};
  const std::unique_ptr<KafkaBus> bus = mock.MakeBus();
  Listener slow;
  slow.acks = false;
  slow.Subscribe(*bus, kNewsSignals, {.group = "", .start = Start::kEarliest, .limit = 300});
  Say(*bus, 1, 2'000);
  REQUIRE(mock.RunUntil([&] { return slow.heard.size() == 300; }));
  mock.executor.RunFor(300ms);  // 300 more wait: the topic stands still
  // Neither full any more, nor with room enough to be read for again.
  for (int i = 0; i < 100; ++i)
    slow.subscription->Ack(slow.unacknowledged.at(static_cast<size_t>(i)));
  REQUIRE(mock.RunUntil([&] { return slow.heard.size() == 400; }));
  const std::unique_ptr<Subscription> other = bus->Subscribe<market::NewsItem>(
      kNewsRaw, {.group = "", .start = Start::kEarliest}, [](const auto&, Position) {});
  REQUIRE(mock.RunUntil([&] { return other->health().ok(); }));
  slow.acks = true;
  slow.AckAll();
  CHECK(mock.RunUntil([&] { return slow.heard.size() >= 2'000; }));
  CHECK(slow.heard == Numbers(1, 2'000));
}

TEST_CASE("KafkaBus lets a topic without a leader fail alone") {
  MockCluster mock{&kNewsSignals.info, &kNewsRaw.info};
  const std::unique_ptr<KafkaBus> bus = mock.MakeBus();
  mock.SetLeader(kNewsRaw.info, 1, -1);
  const std::unique_ptr<Subscription> raw = bus->Subscribe<market::NewsItem>(
      kNewsRaw, {.group = "", .start = Start::kEarliest}, [](const auto&, Position) {});
  Listener signals;
  signals.Subscribe(*bus, kNewsSignals, {.group = "", .start = Start::kEarliest});
  Say(*bus, 1, 10);
  REQUIRE(mock.RunUntil([&] { return signals.heard.size() == 10; }));
  CHECK(signals.subscription->health().ok());
  REQUIRE(mock.RunUntil([&] { return absl::StrContains(raw->health().message(), "leader"); }));
  CHECK(absl::StrContains(raw->health().message(), "news.raw.v1 partition 1"));
  mock.SetLeader(kNewsRaw.info, 1, 1);
  CHECK(mock.RunUntil([&] { return raw->health().ok(); }));
}

TEST_CASE("KafkaBus asks for all topics together again when a leader is new") {
  constexpr int kMany = 20, kListOffsets = 2;
  MockCluster mock{&kNewsSignals.info};
  constexpr auto kNew = RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
  rd_kafka_mock_push_request_errors(mock.cluster.get(), kListOffsets, 3, kNew, kNew, kNew);
  const std::unique_ptr<KafkaBus> bus = mock.MakeBus();
  std::array<Listener, kMany> listeners;
  for (Listener& one : listeners)
    one.Subscribe(*bus, kNewsSignals, {.group = "", .start = Start::kEarliest});
  const auto reads = [](const Listener& one) { return one.subscription->health().ok(); };
  REQUIRE(mock.RunUntil([&] { return std::all_of(listeners.begin(), listeners.end(), reads); }));
  REQUIRE(mock.RunUntil([&] { return mock.asked_where > 0; }));
  // Twice a question, for begins and ends; each of them by itself would be 40 and more.
  CHECK(mock.asked_where < kMany);
}

}  // namespace gannet::bus
