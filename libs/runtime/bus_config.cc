#include "libs/runtime/bus_config.h"

#include <cstring>
#include <utility>

#include "libs/base/digest.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/bus/kafka_bus.h"
#include "libs/config/config.h"
#include "libs/config/secret.h"
#include "libs/net/certificate.h"
#include "libs/runtime/system_clock.h"

namespace gannet::runtime {
namespace {

struct FileConfig {
  BusConfig bus;
  std::string password_file;
};

void ReadFile(config::Section& in, FileConfig& out) {
  in.RequiredSection("kafka", [&out](config::Section& kafka) {
    kafka.Required("brokers", out.bus.kafka.brokers);
    kafka.OptionalPath("ca_file", out.bus.kafka.ca_file);
    kafka.OptionalPath("certificate_file", out.bus.kafka.certificate_file);
    kafka.OptionalPath("key_file", out.bus.kafka.key_file);
    kafka.Optional("user", out.bus.kafka.user);
    kafka.OptionalPath("password_file", out.password_file);
    kafka.Optional("prefix", out.bus.prefix);
    if (out.bus.kafka.user.empty() != out.password_file.empty())
      kafka.Problem("password_file", "goes together with user: name both or neither");
  });
}

void Tell(telemetry::Log& log, const bus::KafkaNotice& notice) {
  using Severity = bus::KafkaNotice::Severity;
  const auto say = notice.severity == Severity::kInfo      ? &telemetry::Log::Info
                   : notice.severity == Severity::kWarning ? &telemetry::Log::Warning
                                                           : &telemetry::Log::Error;
  (log.*say)(notice.event, {{"client", notice.client}, {"detail", notice.text}});
}

}  // namespace

absl::StatusOr<BusConfig> LoadBusConfig(base::Files& files, const std::string& path) {
  GANNET_ASSIGN_OR_RETURN(FileConfig read, config::LoadFile<FileConfig>(files, path, ReadFile));
  if (!read.password_file.empty()) {
    GANNET_ASSIGN_OR_RETURN(read.bus.kafka.password,
                            config::ReadSecret(files, read.password_file, "kafka.password_file"));
  }
  GANNET_RETURN_IF_ERROR(base::Annotate(bus::CheckCluster(read.bus.kafka), path));
  if (const std::string& key = read.bus.kafka.key_file; !key.empty()) {
    GANNET_ASSIGN_OR_RETURN(const int mode, files.Mode(key));
    if ((mode & 077) != 0)
      return absl::PermissionDeniedError("others may read " + key +
                                         " (kafka.key_file); run chmod 600 " + key);
  }
  return std::move(read.bus);
}

absl::Status CheckBus(base::Files& files, const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(const BusConfig config, LoadBusConfig(files, path));
  return net::CheckClientFiles(
      {config.kafka.certificate_file, config.kafka.key_file, config.kafka.ca_file});
}

ProcessOptions::MakeBus KafkaFrom(std::string file, std::string client) {
  return [file = std::move(file), client = std::move(client)](
             base::Executor& executor, const base::Clock& clock,
             telemetry::Log& log) -> absl::StatusOr<std::unique_ptr<bus::Bus>> {
    base::PosixFiles files;
    GANNET_ASSIGN_OR_RETURN(BusConfig config, LoadBusConfig(files, file));
    bus::KafkaBusOptions options;
    options.cluster = std::move(config.kafka);
    options.prefix = std::move(config.prefix);
    options.client = client;
    const std::string random = base::RandomBytes(sizeof options.random);
    std::memcpy(&options.random, random.data(), sizeof options.random);
    options.notice = [&log, &executor](const bus::KafkaNotice& notice) {
      executor.Post([&log, notice] { Tell(log, notice); });
    };
    return std::make_unique<bus::KafkaBus>(executor, clock, std::move(options));
  };
}

}  // namespace gannet::runtime
