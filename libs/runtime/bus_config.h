// The bus that joins the processes of one platform, as a file names it (--bus FILE;
// config/bus.yaml is the example), and as a process is given it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/bus/kafka_settings.h"
#include "libs/runtime/process.h"

namespace gannet::runtime {

struct BusConfig {
  bus::KafkaCluster kafka;
  std::string prefix;  // before every topic and group: several platforms in one cluster
};

// Strict: INVALID_ARGUMENT with every error of the file, or what reading it (or the
// password's file) says.
absl::StatusOr<BusConfig> LoadBusConfig(base::Files& files, const std::string& path);

// The same, if a file is named, and the certificates that it names, as a start would read them.
absl::Status CheckBus(base::Files& files, const std::string& path);

// For ProcessOptions: a Kafka bus of the cluster that `file` names.
ProcessOptions::MakeBus KafkaFrom(std::string file, std::string client);

}  // namespace gannet::runtime
