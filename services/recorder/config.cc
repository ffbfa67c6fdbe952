#include "services/recorder/config.h"

namespace gannet::recorder {

using config::AtLeast;
using config::Between;
using config::ByteSize;

void Read(config::Section& in, RecorderConfig& out) {
  in.Optional("keep", out.keep, AtLeast(std::chrono::minutes(10)));
  in.Optional("max_bytes", out.max_bytes, AtLeast(ByteSize{16u << 20}));
  in.Optional("min_free", out.min_free);
  in.Optional("segment_bytes", out.segment_bytes,
              Between(ByteSize{1u << 20}, ByteSize{uint64_t{4} << 30}));
  in.Optional("group_commit", out.group_commit,
              Between(base::Duration(0), std::chrono::seconds(5)));
  in.Optional("snapshot_every", out.snapshot_every,
              Between(std::chrono::seconds(1), std::chrono::hours(1)));
  if (out.segment_bytes.value * 4 > out.max_bytes.value)
    in.Problem("segment_bytes", "must be at most a quarter of max_bytes: whole segments go");
}

}  // namespace gannet::recorder
