// A process in miniature on virtual time, without network, journal or threads:
// what replay, training and journal verification run their services in.
#pragma once

#include <string>

#include "libs/base/files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/no_network.h"
#include "libs/runtime/service.h"
#include "libs/telemetry/log.h"

namespace gannet::app {

class VirtualHost {
 public:
  // `files` serves models and configuration; `log` gets what services say.
  VirtualHost(base::Files& files, telemetry::Log::Sink log, runtime::ShardOptions options,
              base::Time start)
      : executor_(start),
        bus_(executor_, Bus(options)),
        shard_(std::move(options), executor_, executor_, nullptr, &bus_),
        log_("gannet", telemetry::Level::kWarning, executor_, std::move(log)),
        deps_{shard_, bus_,     executor_, executor_,    executor_,
              files,  network_, log_,      base::Rng(0), ""} {}
  VirtualHost(const VirtualHost&) = delete;
  VirtualHost& operator=(const VirtualHost&) = delete;

  runtime::Deps& deps() { return deps_; }
  runtime::Shard& shard() { return shard_; }
  base::VirtualExecutor& executor() { return executor_; }

  // Runs what is due by `time`. A longer silence is leapt over by executor and shard
  // together: timers of one that ran through it alone would wait for the other's answers.
  void RunUntil(base::Time time) {
    if (time - executor_.Now() > runtime::Shard::kMostCatchUp) {
      const base::Time lived_from = time - runtime::Shard::kMostCatchUp;
      executor_.LeapTo(lived_from);
      if (shard_.next_deadline() < lived_from) shard_.LeapTo(lived_from);
    }
    executor_.RunUntil(time);
  }

 private:
  static bus::MemoryBusOptions Bus(const runtime::ShardOptions& shard) {
    bus::MemoryBusOptions options;
    options.wire_mode = shard.wire_mode;
    return options;
  }

  base::VirtualExecutor executor_;
  net::NoNetwork network_;
  bus::MemoryBus bus_;
  runtime::Shard shard_;
  telemetry::Log log_;
  runtime::Deps deps_;
};

}  // namespace gannet::app
