// A real Apache Kafka of a test's own: tools/kafka-dev in a temporary folder on free
// ports. It ends with this object, and with the process however that ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "libs/base/temp_dir_for_test.h"
#include "libs/bus/kafka_settings.h"

namespace gannet::bus {

class KafkaClusterForTest {
 public:
  // The cluster of this process, started at the first call and shared by its tests.
  // SKIPs the test when there is neither Java nor a way to get Kafka.
  static KafkaClusterForTest& Shared(uint32_t brokers);

  explicit KafkaClusterForTest(uint32_t brokers);
  ~KafkaClusterForTest();
  KafkaClusterForTest(const KafkaClusterForTest&) = delete;
  KafkaClusterForTest& operator=(const KafkaClusterForTest&) = delete;

  bool available() const { return available_; }
  uint32_t brokers() const { return brokers_; }
  const KafkaCluster& cluster() const { return cluster_; }
  // Where the brokers keep what they have.
  const std::string& dir() const { return dir_.path(); }
  // Of one broker, from 1: SIGKILL and its return, SIGSTOP and SIGCONT.
  void Kill(uint32_t node) { Run("kill " + std::to_string(node)); }
  void Revive(uint32_t node) { Run("revive " + std::to_string(node)); }
  void Freeze(bool frozen);

 private:
  void Run(const std::string& command);

  const uint32_t brokers_;
  base::TempDirForTest dir_;
  bool available_ = false;
  KafkaCluster cluster_;
  int input_ = -1;  // closing it ends the cluster
  int child_ = -1;
};

}  // namespace gannet::bus
