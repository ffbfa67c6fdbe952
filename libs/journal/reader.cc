#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/journal/journal.h"
#include "libs/journal/scan.h"

namespace gannet::journal {
namespace {

class ReaderImpl final : public Reader {
 public:
  ReaderImpl(base::Files& files, std::string dir)
      : files_(files), dir_(std::move(dir)), scan_(files_, dir_) {}

  absl::Status Start(uint64_t sequence) {
    GANNET_RETURN_IF_ERROR(scan_.Start(sequence));
    next_in_batch_ = 0;
    after_ = sequence > 0 ? sequence - 1 : 0;
    if (scan_.segment().header_ok()) info_ = scan_.segment().header().info;
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Record>> Next() override;
  uint64_t first_sequence() const override { return scan_.first_sequence(); }
  const SegmentInfo& info() const override { return info_; }
  absl::StatusOr<std::optional<Snapshot>> NewestSnapshot() override;
  absl::Status SeekAfter(uint64_t sequence) override;
  Verification Verify() override;

 private:
  absl::StatusOr<bool> PrefixReaches(uint64_t sequence);
  void VerifySegments(JournalScan& scan, Verification& found);
  void VerifySnapshots(const JournalScan& scan, Verification& found);

  base::Files& files_;
  const std::string dir_;
  JournalScan scan_;
  size_t next_in_batch_ = 0;
  uint64_t after_ = 0;  // records up to it are passed over
  SegmentInfo info_;
};

absl::StatusOr<std::optional<Record>> ReaderImpl::Next() {
  for (;;) {
    const SegmentScan& segment = scan_.segment();
    while (next_in_batch_ < segment.records()) {
      const size_t index = next_in_batch_++;
      if (segment.record_sequence(index) > after_) return segment.record(index);
    }
    GANNET_ASSIGN_OR_RETURN(const JournalScan::Step step, scan_.Next());
    next_in_batch_ = 0;
    if (step == JournalScan::Step::kDamage && !scan_.damage().tail_only)
      return scan_.damage().ToStatus();
    if (step != JournalScan::Step::kBatch) return std::nullopt;
    info_ = scan_.segment().header().info;
  }
}

absl::StatusOr<bool> ReaderImpl::PrefixReaches(uint64_t sequence) {
  JournalScan scan(files_, dir_);
  const absl::Status started = scan.Start(std::max<uint64_t>(sequence, 1));
  if (!started.ok() && !absl::IsOutOfRange(started)) return started;
  // The first segment may begin right behind the snapshot.
  if (absl::IsOutOfRange(started)) return sequence + 1 == scan.first_sequence();
  while (scan.segment().header_ok() && scan.segment().next_sequence() <= sequence) {
    GANNET_ASSIGN_OR_RETURN(const JournalScan::Step step, scan.Next());
    if (step != JournalScan::Step::kBatch) break;
  }
  return scan.segment().header_ok() && scan.segment().next_sequence() > sequence;
}

absl::StatusOr<std::optional<Snapshot>> ReaderImpl::NewestSnapshot() {
  GANNET_ASSIGN_OR_RETURN(const Layout layout, ListJournal(files_, dir_));
  GANNET_ASSIGN_OR_RETURN(const std::optional<uint64_t> run, StatedRun(files_, layout));
  if (!run) return std::nullopt;
  for (auto file = layout.snapshots.rbegin(); file != layout.snapshots.rend(); ++file) {
    absl::StatusOr<Snapshot> snapshot = LoadSnapshot(files_, *file, *run);
    if (absl::IsDataLoss(snapshot.status())) continue;
    GANNET_RETURN_IF_ERROR(snapshot.status());
    GANNET_ASSIGN_OR_RETURN(const bool reached, PrefixReaches(snapshot->sequence));
    if (reached) return *std::move(snapshot);
  }
  return std::nullopt;
}

absl::Status ReaderImpl::SeekAfter(uint64_t sequence) {
  const absl::Status status = Start(sequence + 1);
  if (!absl::IsOutOfRange(status)) return status;
  return absl::DataLossError(std::string(status.message()));
}

void ReaderImpl::VerifySegments(JournalScan& scan, Verification& found) {
  const auto damaged = [&](const Damage& damage) {
    found.bad_file = damage.file;
    found.bad_offset = damage.offset;
    found.bad_reason = damage.reason;
    found.tail_only = damage.tail_only;
  };
  if (const absl::Status started = scan.Start(0); !started.ok()) {
    return damaged(Damage{dir_, 0, std::string(started.message())});
  }
  found.first_sequence = scan.first_sequence();
  found.valid_prefix = found.first_sequence - 1;
  if (scan.segment().header_ok()) found.chain = base::Hex(scan.segment().chain());
  std::string counted;
  for (;;) {
    const absl::StatusOr<JournalScan::Step> step = scan.Next();
    const SegmentScan& segment = scan.segment();
    if (segment.header_ok() && segment.file().path != counted) {
      counted = segment.file().path;
      ++found.segments;
      found.bytes += files_.Size(counted).value_or(0);
    }
    if (!step.ok())
      return damaged(
          Damage{segment.file().path, segment.valid_bytes(), std::string(step.status().message())});
    if (*step == JournalScan::Step::kEnd) return;
    if (*step == JournalScan::Step::kDamage) return damaged(scan.damage());
    found.valid_prefix = segment.next_sequence() - 1;
    found.chain = base::Hex(segment.chain());
    found.records += segment.records();
    found.dropped += segment.dropped();
  }
}

void ReaderImpl::VerifySnapshots(const JournalScan& scan, Verification& found) {
  const auto damaged = [&](const std::string& file, std::string reason) {
    if (found.bad_file && !found.tail_only) return;
    found.bad_file = file;
    found.bad_offset = 0;
    found.bad_reason = std::move(reason);
    found.tail_only = false;
  };
  const absl::StatusOr<std::optional<uint64_t>> run = StatedRun(files_, scan.layout());
  if (!run.ok() || !*run) return damaged(dir_, "no segment header can be read");
  uint64_t newest = 0;
  for (const NumberedFile& file : scan.layout().snapshots) {
    const absl::StatusOr<Snapshot> snapshot = LoadSnapshot(files_, file, **run);
    if (!snapshot.ok()) {
      damaged(file.path, std::string(snapshot.status().message()));
      continue;
    }
    ++found.snapshots;
    newest = snapshot->sequence;
    if (snapshot->sequence > found.valid_prefix) {
      damaged(file.path,
              absl::StrCat("the snapshot is of record ", snapshot->sequence,
                           ", but the journal is valid only up to record ", found.valid_prefix));
    }
  }
  if (found.first_sequence > newest + 1) {
    damaged(scan.layout().segments.front().path,
            absl::StrCat("records up to ", found.first_sequence - 1,
                         " are missing and no verified snapshot covers them"));
  }
}

Verification ReaderImpl::Verify() {
  Verification found;
  JournalScan scan(files_, dir_);
  VerifySegments(scan, found);
  if (!scan.layout().segments.empty()) VerifySnapshots(scan, found);
  return found;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Reader>> Reader::Open(base::Files& files, std::string dir) {
  auto reader = std::make_unique<ReaderImpl>(files, std::move(dir));
  GANNET_RETURN_IF_ERROR(reader->Start(0));
  return reader;
}

}  // namespace gannet::journal
