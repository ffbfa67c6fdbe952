// The recorder as a part of a program.
#pragma once

#include <memory>
#include <string>

#include "libs/bus/kafka_settings.h"
#include "libs/runtime/service.h"
#include "services/recorder/config.h"
#include "services/recorder/recorder_service.h"

namespace gannet::recorder {

// A tap on all topics of the table in a Kafka cluster.
MakeTap KafkaTapOf(runtime::Deps& deps, bus::KafkaCluster cluster, std::string prefix);

// Into `journal` below the data folder. `info`: what is stated of the program.
std::unique_ptr<RecorderService> BuildRecorder(const RecorderConfig& config, runtime::Deps& deps,
                                               journal::SegmentInfo info, MakeTap make_tap);

}  // namespace gannet::recorder
