#include "libs/journal/skip.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/journal/layout.h"
#include "libs/journal/recovery.h"
#include "libs/journal/scan.h"
#include "libs/journal/segment_writer.h"

namespace gannet::journal {
namespace {

// Half of what the id of an event has room for (runtime/turn.h): the journal goes on behind it.
constexpr uint64_t kMaxSequence = uint64_t{1} << 47;

// Of the program that wrote last.
absl::StatusOr<SegmentInfo> NewestInfo(base::Files& files, const std::string& dir) {
  GANNET_ASSIGN_OR_RETURN(const Layout layout, ListJournal(files, dir));
  if (layout.segments.empty()) return absl::NotFoundError("there is no journal in " + dir);
  GANNET_ASSIGN_OR_RETURN(const auto newest, SegmentScan::Open(files, layout.segments.back()));
  if (!newest->header_ok()) return newest->damage().ToStatus();
  return newest->header().info;
}

}  // namespace

absl::StatusOr<uint64_t> SkipTo(base::Files& files, const std::string& dir, uint64_t sequence,
                                base::Time now) {
  if (sequence >= kMaxSequence) {
    return absl::InvalidArgumentError(
        absl::StrCat("no journal gets to record ", sequence,
                     "; take the number that the start that was refused names"));
  }
  GANNET_RETURN_IF_ERROR(NewestInfo(files, dir).status());  // before anything is made there
  GANNET_ASSIGN_OR_RETURN(const auto lock, files.LockDir(dir));
  GANNET_ASSIGN_OR_RETURN(SegmentInfo info, NewestInfo(files, dir));
  GANNET_ASSIGN_OR_RETURN(const JournalEnd end, Recover(files, dir, info.run));
  const uint64_t last = end.recovery.last_sequence;
  if (sequence <= last) {
    return absl::FailedPreconditionError(
        absl::StrCat(dir, " ends at record ", last, ": nothing is lost up to ", sequence));
  }
  GANNET_ASSIGN_OR_RETURN(
      const std::unique_ptr<SegmentWriter> writer,
      SegmentWriter::Open(files, dir, std::move(info), {.reserve_bytes = 0}, end));
  Batch gap;
  gap.first_sequence = last + 1;
  gap.last_sequence = sequence;
  gap.last_time = std::max(now, end.last_time);
  gap.records = 1;
  AppendRecord(gap.frames, sequence, RecordType::kGap, gap.last_time, "",
               std::to_string(sequence - last));
  GANNET_RETURN_IF_ERROR(writer->Write(gap));
  GANNET_RETURN_IF_ERROR(writer->Close());
  return last;
}

}  // namespace gannet::journal
