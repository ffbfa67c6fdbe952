#include "services/recorder/recorder_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::recorder {
namespace {

using runtime::HealthState;

constexpr base::Duration kDiskPause = std::chrono::seconds(1);
constexpr base::Duration kFirstRetry = std::chrono::seconds(1);
constexpr base::Duration kLastRetry = std::chrono::seconds(30);
constexpr base::Duration kStatsPause = std::chrono::minutes(1);
constexpr base::Duration kLongestRepeat = std::chrono::hours(24);
constexpr size_t kMaxBuffered = 32u << 20;

// What a later moment may mend; the rest needs a person.
bool Passes(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status);
}

}  // namespace

RecorderService::RecorderService(const RecorderConfig& config, runtime::Deps& deps, std::string dir,
                                 journal::SegmentInfo info, MakeTap make_tap, bool own_thread)
    : config_(config),
      deps_(deps),
      dir_(std::move(dir)),
      info_([&] {
        info.versions[std::string(journal::kRecordingVersion)] = journal::kRecordingFormat;
        return std::move(info);
      }()),
      make_tap_(std::move(make_tap)),
      own_thread_(own_thread),
      stopped_(absl::UnavailableError("not started yet")),
      retry_pause_(kFirstRetry) {}

RecorderService::~RecorderService() {
  *alive_ = false;
  tap_.reset();
}

absl::Status RecorderService::Start() {
  if (const absl::Status opened = Open(); !opened.ok()) {
    if (!Passes(opened)) return opened;
    Stop(opened);
  }
  CheckDisk();
  Keep();
  TellStats();
  return absl::OkStatus();
}

// --- the journal ---------------------------------------------------------------

absl::Status RecorderService::Open() {
  GANNET_RETURN_IF_ERROR(deps_.files.MakeDirs(dir_));
  GANNET_ASSIGN_OR_RETURN(const uint64_t free, deps_.files.FreeBytes(dir_));
  if (free <= config_.min_free.value) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the disk of ", dir_, " has ", free, " bytes free, and min_free keeps ",
                     config_.min_free.value, " for others; recording goes on when there is room"));
  }
  // No reserve: what a full disk does not take, the bus still has.
  const journal::WriterOptions options{.segment_bytes = config_.segment_bytes.value,
                                       .reserve_bytes = 0,
                                       .max_buffered_bytes = kMaxBuffered,
                                       .max_wait = config_.group_commit,
                                       .own_thread = own_thread_};
  GANNET_ASSIGN_OR_RETURN(writer_,
                          journal::Writer::Open(deps_.files, deps_.executor, dir_, info_, options));
  if (const absl::Status recovered = Recover(); !recovered.ok()) {
    writer_.reset();
    return recovered;
  }
  writer_->OnFailure([this](const absl::Status& status) {
    // Not within the writer's own callback, which Stop ends.
    deps_.executor.Post([this, alive = std::weak_ptr<bool>(alive_), status] {
      if (!alive.expired() && writer_ != nullptr && !writer_->failure().ok()) Stop(status);
    });
  });
  deps_.log.Info("recording", {{"folder", dir_},
                               {"after", writer_->last_sequence()},
                               {"recovered", writer_->recovered().ToString()}});
  stopped_ = absl::OkStatus();
  tap_ = make_tap_(engine_.Places(), [this, alive = std::weak_ptr<bool>(alive_)](auto batch) {
    if (!alive.expired()) OnBatch(std::move(batch));
  });
  Repeat();
  return absl::OkStatus();
}

// How far the recording goes, from itself.
absl::Status RecorderService::Recover() {
  engine_.Reset();
  GANNET_ASSIGN_OR_RETURN(const auto reader, journal::Reader::Open(deps_.files, dir_));
  GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Snapshot> snapshot,
                          reader->NewestSnapshot());
  if (snapshot) {
    GANNET_RETURN_IF_ERROR(engine_.Load(snapshot->state));
    GANNET_RETURN_IF_ERROR(reader->SeekAfter(snapshot->sequence));
    snapshot_at_ = snapshot->sequence;
  }
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Record> record, reader->Next());
    if (!record) return absl::OkStatus();
    if (!journal::IsRecording(reader->info())) {
      return absl::FailedPreconditionError(absl::StrCat(
          dir_, " holds a journal that is no recording; name another folder with --data"));
    }
    GANNET_RETURN_IF_ERROR(engine_.Apply(record->channel, record->payload));
  }
}

void RecorderService::Stop(absl::Status why) {
  ++stats_.stops;
  tap_.reset();
  writer_.reset();
  for_good_ = !Passes(why);
  deps_.log.Error("recording_stopped", {{"reason", why.ToString()}, {"for_good", for_good_}});
  stopped_ = std::move(why);
  if (for_good_ || ended_) return;
  deps_.executor.After(retry_pause_, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) TryOpen();
  });
  retry_pause_ = std::min(retry_pause_ * 2, kLastRetry);
}

void RecorderService::TryOpen() {
  if (ended_ || writer_ != nullptr) return;
  if (const absl::Status opened = Open(); !opened.ok()) Stop(opened);
}

// --- messages ------------------------------------------------------------------

void RecorderService::OnBatch(bus::TapBatch batch) {
  if (writer_ == nullptr || tap_ == nullptr) return;
  RecorderEngine::Entries entries;
  if (!batch.cluster.empty()) {
    if (absl::Status status = engine_.TakeCluster(batch.cluster, entries); !status.ok())
      return Stop(std::move(status));
  }
  for (const bus::TapMove& move : batch.moves) {
    engine_.TakeMove(move, entries);
    deps_.log.Warning("recording_gap", {{"topic", move.topic},
                                        {"partition", move.partition},
                                        {"from", move.from},
                                        {"to", move.to}});
  }
  const size_t count = batch.messages.size();
  for (bus::TapMessage& message : batch.messages) engine_.TakeMessage(std::move(message), entries);
  Append(entries);
  writer_->WhenDurable(writer_->last_sequence(),
                       [this, alive = std::weak_ptr<bool>(alive_), bytes = batch.bytes, count] {
                         if (alive.expired()) return;
                         stats_.durable_messages += count;
                         retry_pause_ = kFirstRetry;
                         if (tap_ != nullptr) tap_->Done(bytes);
                       });
}

void RecorderService::Append(const RecorderEngine::Entries& entries) {
  const base::Time now = deps_.clock.Now();
  for (const RecorderEngine::Entry& entry : entries) {
    writer_->Append(journal::RecordType::kInput, now, entry.channel, entry.payload);
    bytes_since_repeat_ += entry.payload.size();
  }
  writer_->Commit();
}

// --- periodic work ---------------------------------------------------------------

void RecorderService::CheckDisk() {
  deps_.executor.After(kDiskPause, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired() || ended_) return;
    CheckDisk();
    if (writer_ == nullptr) return;
    const absl::StatusOr<uint64_t> free = deps_.files.FreeBytes(dir_);
    if (!free.ok() || *free > config_.min_free.value) return;
    Stop(absl::ResourceExhaustedError(
        absl::StrCat("the disk of ", dir_, " has only ", *free, " bytes free, and min_free keeps ",
                     config_.min_free.value, " for others; recording goes on when there is room")));
  });
}

// Snapshots, which shorten a start and let old segments go.
void RecorderService::Keep() {
  deps_.executor.After(config_.snapshot_every, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired() || ended_) return;
    Keep();
    if (writer_ == nullptr) return;
    Repeat();
    const uint64_t sequence = writer_->last_sequence();
    if (sequence != snapshot_at_) {
      const absl::Status written = writer_->WriteSnapshot(engine_.Save());
      if (written.ok()) snapshot_at_ = sequence;
      if (!written.ok() && !absl::IsUnavailable(written))
        deps_.log.Warning("snapshot_failed", {{"error", written.ToString()}});
    }
    const auto pruned = writer_->Prune(deps_.clock.Now(), {config_.keep, config_.max_bytes.value});
    if (!pruned.ok()) {
      deps_.log.Warning("recording_not_pruned", {{"error", pruned.status().ToString()}});
    } else if (pruned->segments > 0) {
      stats_.pruned += pruned->segments;
      deps_.log.Info("recording_pruned", {{"segments", pruned->segments}});
    }
  });
}

// Reference data comes seldom: without repeats, the segments that hold it would be gone
// before the market data that needs it.
void RecorderService::Repeat() {
  const base::Time now = deps_.clock.Now();
  const bool due = now - repeated_ >= std::min(config_.keep / 4, kLongestRepeat) ||
                   bytes_since_repeat_ >= config_.max_bytes.value / 4;
  if (!due || !engine_.HasReference()) return;
  repeated_ = now;
  bytes_since_repeat_ = 0;
  RecorderEngine::Entries entries;
  engine_.TakeRepeats(entries);
  Append(entries);
}

void RecorderService::TellStats() {
  deps_.executor.After(kStatsPause, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired() || ended_) return;
    TellStats();
    const Stats now = stats();
    using Reason = journal::RecordedGapReason;
    const auto gaps = [&now](Reason reason) {
      return now.engine.gaps[static_cast<size_t>(reason)];
    };
    deps_.log.Info("recorded", {{"messages", now.durable_messages},
                                {"lag", tap_ != nullptr ? tap_->lag() : uint64_t{0}},
                                {"forgotten", gaps(Reason::kForgotten)},
                                {"compacted", gaps(Reason::kCompacted)},
                                {"began_anew", gaps(Reason::kBeganAnew)},
                                {"producer", gaps(Reason::kProducer)},
                                {"conflated", gaps(Reason::kConflated)},
                                {"missing", now.engine.missing},
                                {"stops", now.stops}});
  });
}

RecorderService::Stats RecorderService::stats() const {
  Stats stats = stats_;
  stats.engine = engine_.stats();
  return stats;
}

// --- the outside -------------------------------------------------------------------

void RecorderService::Drain(std::function<void()> done) {
  ended_ = true;
  tap_.reset();
  if (writer_ == nullptr) return done();
  writer_->Commit();
  writer_->WhenDurable(writer_->last_sequence(), [this, alive = std::weak_ptr<bool>(alive_),
                                                  done = std::move(done)] {
    if (alive.expired()) return done();
    // Not within the writer's own callback.
    deps_.executor.Post([this, alive, done] {
      if (!alive.expired() && writer_ != nullptr) {
        const absl::Status written = writer_->WriteSnapshot(engine_.Save());
        const absl::Status closed = writer_->Close();
        for (const absl::Status& status : {written, closed}) {
          if (!status.ok())
            deps_.log.Warning("recording_not_closed", {{"error", status.ToString()}});
        }
        writer_.reset();
        stopped_ = absl::UnavailableError("ended");
      }
      done();
    });
  });
}

runtime::Health RecorderService::health() const {
  if (writer_ == nullptr) {
    return {for_good_ ? HealthState::kNotServing : HealthState::kDegraded,
            {std::string(stopped_.message())}};
  }
  const absl::Status tap = tap_ != nullptr ? tap_->health() : absl::OkStatus();
  if (tap.ok()) return {HealthState::kServing, {}};
  return {HealthState::kDegraded, {std::string(tap.message())}};
}

}  // namespace gannet::recorder
