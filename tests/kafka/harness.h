// A KafkaBus under test on a cluster that other tests share: a prefix of its own, so
// that no topic or group is anybody else's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/bus/conformance_suite.h"
#include "libs/bus/kafka_admin.h"
#include "libs/bus/kafka_bus.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"
#include "tests/kafka/cluster.h"

namespace gannet::bus {

class KafkaHarness : public BusHarness {
 public:
  static constexpr uint32_t kPartitions = 4;
  static constexpr size_t kBacklog = 200;

  // With the topics of `topics` and their dead letters.
  KafkaHarness(KafkaClusterForTest& cluster, const std::vector<const TopicInfo*>& topics);
  ~KafkaHarness() override;

  Bus& bus() override { return *bus_; }
  KafkaBus& kafka() { return *bus_; }
  // Until everything accepted is with the brokers, every group's partitions are given
  // out, and every subscription has had what it may have.
  void Settle() override;
  uint32_t partitions() const override { return kPartitions; }
  size_t backlog_limit() const override { return kBacklog; }
  void Congest(bool on) override { cluster_.Freeze(on); }
  absl::Status Resolve(const TopicInfo& topic, Position position, Resolution resolution) override;
  std::vector<DeadLetter> DeadLetters(const TopicInfo& topic) override;

  KafkaAdmin& admin() { return *admin_; }
  runtime::AsioExecutor& executor() { return executor_; }
  const base::Clock& clock() const { return clock_; }
  const KafkaBusOptions& options() const { return options_; }
  std::string TopicName(const TopicInfo& topic) const;
  // Another process: a second bus on the same topics.
  std::unique_ptr<KafkaBus> MakeBus();
  // Runs the executor until `done`, or fails the test after five minutes.
  void RunUntil(const std::function<bool()>& done);
  // Puts a record past the bus into a topic.
  void Inject(const TopicInfo& topic, uint32_t partition, std::string payload,
              KafkaHeaders headers = {});
  void Also(const KafkaBus* bus, bool watch);

 private:
  bool Settled();
  std::string Describe() const;  // where every subscription stands
  bool SettledView(const KafkaBus::View& view);
  uint64_t KeptEnd(const std::string& topic, uint32_t partition) const;

  KafkaClusterForTest& cluster_;
  runtime::SystemClock clock_;
  runtime::AsioExecutor executor_{clock_};
  KafkaBusOptions options_;
  std::unique_ptr<KafkaAdmin> admin_;
  std::unique_ptr<KafkaBus> bus_;
  std::vector<const KafkaBus*> others_;
  uint64_t buses_ = 0;
};

}  // namespace gannet::bus
