// Settings of the recorder. Example: config/recorder.yaml.
#pragma once

#include "libs/base/time.h"
#include "libs/config/config.h"

namespace gannet::recorder {

struct RecorderConfig {
  base::Duration keep = std::chrono::hours(24 * 30);  // segments older than this go,
  config::ByteSize max_bytes{uint64_t{50} << 30};     // and the oldest beyond so many bytes
  // Recording stops, and goes on by itself, so that the rest of the machine keeps this
  // much of the disk.
  config::ByteSize min_free{uint64_t{1} << 30};
  config::ByteSize segment_bytes{uint64_t{64} << 20};
  base::Duration group_commit = std::chrono::milliseconds(50);  // a batch waits so long for company
  base::Duration snapshot_every = std::chrono::minutes(1);
};

void Read(config::Section& in, RecorderConfig& out);

}  // namespace gannet::recorder
