#include "apps/gannet/journal_replay.h"

#include <deque>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apps/gannet/decisions_hash.h"
#include "apps/gannet/virtual_host.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/journal/layout.h"
#include "libs/runtime/bus_link.h"
#include "libs/runtime/heartbeats.h"
#include "libs/runtime/stated.h"

namespace gannet::app {
namespace {

using journal::Record;
using journal::RecordType;

// One start of the process: services that decide again.
struct Run {
  VirtualHost host;
  runtime::Heartbeats heartbeats;  // takes what services said of themselves
  ReplayedServices services;
  std::unique_ptr<runtime::BusLink> link;    // takes what came in from the bus
  std::deque<FactDifference::Side> decided;  // not yet compared

  Run(base::Files& files, const runtime::ShardOptions& options, base::Time start)
      : host(
            files, [](std::string_view) {}, options, start),
        heartbeats(host.shard(), start) {
    host.shard().ObserveFacts([this](const bus::TopicInfo& topic, const void* event) {
      decided.push_back({std::string(topic.name), topic.encode(event)});
    });
  }
};

bool IsResume(const Record& record) {
  return record.type == RecordType::kInput && record.channel == runtime::Shard::kResumeChannel;
}

// After which records a state is needed later: starts begin from it.
absl::StatusOr<std::set<uint64_t>> SnapshotsUsed(base::Files& files, const std::string& dir) {
  std::set<uint64_t> used;
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<journal::Reader> reader,
                          journal::Reader::Open(files, dir));
  for (;;) {
    const absl::StatusOr<std::optional<Record>> record = reader->Next();
    if (!record.ok() || !*record) return used;  // damage is met again by who compares
    if (!IsResume(**record)) continue;
    if (const auto point = runtime::ResumePoint::Parse((*record)->payload))
      used.insert(point->snapshot);
  }
}

// The record of the newest snapshot, wherever the segments end; 0: there is none.
absl::StatusOr<uint64_t> ProvenRecord(base::Files& files, const std::string& dir,
                                      const journal::SegmentInfo& info) {
  GANNET_ASSIGN_OR_RETURN(const journal::Layout layout, journal::ListJournal(files, dir));
  for (auto file = layout.snapshots.rbegin(); file != layout.snapshots.rend(); ++file) {
    const absl::StatusOr<journal::Snapshot> snapshot = LoadSnapshot(files, *file, info.run);
    if (snapshot.ok()) return snapshot->sequence;
  }
  return 0;
}

// The states of the parts in what Shard::SaveState wrote.
std::map<std::string, std::string> PartsOf(std::string_view state) {
  wire::CanonicalReader in(state);
  in.U8();
  in.U64();
  in.Time();
  std::map<std::string, std::string> parts;
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    std::string name = in.Bytes();
    parts[std::move(name)] = in.Bytes();
  }
  return parts;
}

std::string NamesOfDifferent(std::string_view one, std::string_view other) {
  const auto left = PartsOf(one), right = PartsOf(other);
  std::set<std::string> names;
  for (const auto& [name, part] : left) {
    if (!right.contains(name) || right.at(name) != part) names.insert(name);
  }
  for (const auto& [name, part] : right) {
    if (!left.contains(name)) names.insert(name);
  }
  return names.empty() ? "sequence or time" : absl::StrJoin(names, ", ");
}

class Comparer {
 public:
  Comparer(base::Files& files, const std::string& dir, const runtime::ShardOptions& shard,
           const ServiceFactory& factory, const ReplayHooks& hooks,
           std::set<uint64_t> snapshots_used, std::optional<journal::Snapshot> newest)
      : files_(files),
        dir_(dir),
        options_(shard),
        factory_(factory),
        hooks_(hooks),
        snapshots_used_(std::move(snapshots_used)),
        newest_(std::move(newest)) {}

  // False: what follows cannot be decided again, `stopped` says why.
  absl::StatusOr<bool> Take(const Record& record, const journal::SegmentInfo& info) {
    switch (record.type) {
      case RecordType::kFact:
        Compare(record);
        break;
      case RecordType::kInput: {
        GANNET_ASSIGN_OR_RETURN(const bool going_on, Input(record, info));
        if (!going_on) return false;
        break;
      }
      case RecordType::kGap:
        // What was decided on from here on is not in the record.
        ++result_.gaps;
        EndRun();
        after_gap_ = true;
        break;
      case RecordType::kVersions:
        break;
    }
    if (applied_ != nullptr) applied_->host.shard().ApplyRecorded(record);
    AfterRecord(record.sequence);
    return true;
  }

  bool Stop(std::string why) {
    result_.stopped = std::move(why);
    return false;
  }

  JournalComparison Finish() {
    EndRun();
    result_.recorded_decisions = recorded_hash_.Hex();
    result_.decided_decisions = decided_hash_.Hex();
    return std::move(result_);
  }

 private:
  // The last turn of a run may have been cut by the crash that ended it.
  void EndRun() {
    if (live_ != nullptr) result_.unfinished += live_->decided.size();
    live_.reset();
  }

  absl::StatusOr<std::unique_ptr<Run>> Make(const journal::SegmentInfo& info,
                                            const runtime::ResumePoint& point, base::Time time) {
    runtime::ShardOptions options = options_;
    if (const auto name = info.versions.find(runtime::stated::kShard); name != info.versions.end())
      options.name = name->second;
    options.run = info.run;
    options.start_epoch = point.epoch;
    options.run_effects = false;  // what came of them is in the record
    auto run = std::make_unique<Run>(files_, options, time);
    run->host.deps().heartbeats = info.versions.contains(runtime::stated::kHeartbeats);
    GANNET_ASSIGN_OR_RETURN(run->services, factory_(info, run->host.deps()));
    if (info.versions.contains(runtime::stated::kBus))
      run->link =
          std::make_unique<runtime::BusLink>(run->host.shard(), std::set<const bus::TopicInfo*>{});
    return run;
  }

  absl::StatusOr<bool> Input(const Record& record, const journal::SegmentInfo& info) {
    ++result_.inputs;
    if (IsResume(record)) {
      GANNET_ASSIGN_OR_RETURN(const bool started, StartAgain(record, info));
      if (!started) return false;
    } else if (after_gap_) {
      return true;
    } else if (live_ == nullptr) {
      return Stop(absl::StrCat("the journal begins at record ", record.sequence,
                               " in the middle of a run; its older segments were pruned"));
    } else {
      NoteExtra(record.sequence);
    }
    const absl::Status replayed = live_->host.shard().Replay(record);
    if (!replayed.ok()) return Stop(std::string(replayed.message()));
    return true;
  }

  // What the process did: the snapshot it found, then the facts after it.
  absl::StatusOr<bool> StartAgain(const Record& resume, const journal::SegmentInfo& info) {
    EndRun();
    after_gap_ = false;
    ++result_.runs;
    if (hooks_.on_start) hooks_.on_start(resume, info);
    const std::optional<runtime::ResumePoint> point = runtime::ResumePoint::Parse(resume.payload);
    if (!point)
      return Stop(absl::StrCat("record ", resume.sequence,
                               " does not state where the process started from"));
    if (applied_ == nullptr) {
      if (resume.sequence != 1)
        return Stop(absl::StrCat("the journal begins at record ", resume.sequence,
                                 "; what was before has been pruned"));
      GANNET_ASSIGN_OR_RETURN(applied_, Make(info, *point, resume.time));
    }
    result_.recovered[point->epoch] = applied_->host.shard().HashStates();
    GANNET_ASSIGN_OR_RETURN(live_, Make(info, *point, resume.time));
    const auto state = states_.find(point->snapshot);
    const bool unknown = point->snapshot != 0 && state == states_.end();  // behind a gap
    if (point->snapshot != 0) {
      GANNET_RETURN_IF_ERROR(
          base::Annotate(live_->host.shard().LoadState(unknown ? applied_->host.shard().SaveState()
                                                               : state->second),
                         absl::StrCat("the start at record ", resume.sequence)));
    }
    if (!unknown) GANNET_RETURN_IF_ERROR(ApplyFacts(point->snapshot, resume.sequence));
    return true;
  }

  absl::Status ApplyFacts(uint64_t after, uint64_t before) {
    GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<journal::Reader> reader,
                            journal::Reader::Open(files_, dir_));
    if (after > 0) GANNET_RETURN_IF_ERROR(reader->SeekAfter(after));
    for (;;) {
      GANNET_ASSIGN_OR_RETURN(const std::optional<Record> record, reader->Next());
      if (!record || record->sequence >= before) return absl::OkStatus();
      live_->host.shard().ApplyRecorded(*record);
    }
  }

  void AfterRecord(uint64_t sequence) {
    const bool newest = newest_ && newest_->sequence == sequence;
    if (live_ == nullptr || (!newest && !snapshots_used_.contains(sequence))) return;
    std::string state = live_->host.shard().SaveState();
    if (newest) {
      ++result_.snapshots;
      if (state != newest_->state) {
        Difference(absl::StrCat(
            "the state after record ", sequence,
            " is not that of the snapshot; different: ", NamesOfDifferent(state, newest_->state)));
      }
    }
    if (snapshots_used_.contains(sequence)) states_[sequence] = std::move(state);
  }

  // Facts decided by the turn before this record that the journal does not have.
  void NoteExtra(uint64_t sequence) {
    for (FactDifference::Side& fact : live_->decided) {
      ++result_.extra;
      Difference(absl::StrCat("before record ", sequence, ": decided a fact on ", fact.topic,
                              " that is not recorded"),
                 FactDifference{sequence, {}, std::move(fact)});
    }
    live_->decided.clear();
  }

  void Compare(const Record& record) {
    if (after_gap_) {
      ++result_.undecided;
      return;
    }
    ++result_.facts;
    JournalComparison::Topic& topic = result_.topics[record.channel];
    ++topic.recorded;
    Observe(recorded_hash_, record.channel, record.payload);
    if (live_ == nullptr || live_->decided.empty()) {
      ++result_.missing;
      return Difference(absl::StrCat("record ", record.sequence, ": a fact on ", record.channel,
                                     " was not decided again"),
                        FactDifference{record.sequence, {record.channel, record.payload}, {}});
    }
    FactDifference::Side fact = std::move(live_->decided.front());
    live_->decided.pop_front();
    Observe(decided_hash_, fact.topic, fact.payload);
    if (Equal(fact, record)) {
      ++result_.equal;
      ++topic.equal;
      return;
    }
    Difference(absl::StrCat("record ", record.sequence, " on ", record.channel, ": decided ",
                            fact.topic, " ", base::Hex(base::Sha256(fact.payload)).substr(0, 16),
                            ", recorded ", base::Hex(base::Sha256(record.payload)).substr(0, 16)),
               FactDifference{record.sequence, {record.channel, record.payload}, std::move(fact)});
  }

  bool Equal(const FactDifference::Side& decided, const Record& recorded) const {
    if (decided.topic != recorded.channel) return false;
    if (decided.payload == recorded.payload) return true;
    return hooks_.comparable && hooks_.comparable(decided.topic, decided.payload) ==
                                    hooks_.comparable(recorded.channel, recorded.payload);
  }

  static void Observe(DecisionsHash& hash, std::string_view name, std::string_view payload) {
    const bus::TopicInfo* topic = bus::FindTopic(name);
    if (topic == nullptr || !topic->order_shard) return;
    if (const auto event = topic->decode(payload); event.ok()) hash.Observe(*topic, event->get());
  }

  void Difference(std::string text, std::optional<FactDifference> fact = std::nullopt) {
    if (!result_.first_difference.empty()) return;
    result_.first_difference = std::move(text);
    result_.difference = std::move(fact);
  }

  base::Files& files_;
  const std::string& dir_;
  const runtime::ShardOptions options_;
  const ServiceFactory& factory_;
  const ReplayHooks& hooks_;
  const std::set<uint64_t> snapshots_used_;
  const std::optional<journal::Snapshot> newest_;
  std::map<uint64_t, std::string> states_;
  bool after_gap_ = false;
  // What decides again; what a restart would know from the facts alone.
  std::unique_ptr<Run> live_, applied_;
  DecisionsHash recorded_hash_, decided_hash_;
  JournalComparison result_;
};

}  // namespace

absl::StatusOr<JournalComparison> ReplayJournal(base::Files& files, const std::string& dir,
                                                const runtime::ShardOptions& shard,
                                                const ServiceFactory& make_services,
                                                const ReplayHooks& hooks) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<journal::Reader> reader,
                          journal::Reader::Open(files, dir));
  GANNET_ASSIGN_OR_RETURN(std::set<uint64_t> used, SnapshotsUsed(files, dir));
  absl::StatusOr<std::optional<journal::Snapshot>> newest = reader->NewestSnapshot();
  Comparer comparer(files, dir, shard, make_services, hooks, std::move(used),
                    newest.ok() ? *std::move(newest) : std::nullopt);
  // Asked first: a process that writes meanwhile makes newer ones.
  std::optional<uint64_t> proven;
  for (uint64_t last = reader->first_sequence() - 1;;) {
    const absl::StatusOr<std::optional<Record>> record = reader->Next();
    if (!record.ok()) {
      comparer.Stop(std::string(record.status().message()));
      break;
    }
    if (!*record) {
      if (last < proven.value_or(0)) {
        comparer.Stop(absl::StrCat("the journal ends at record ", last,
                                   ", but the snapshot of record ", *proven,
                                   " proves that more was stored; restore the "
                                   "journal-*.gnj files from a copy"));
      }
      break;
    }
    if (!proven) {
      GANNET_ASSIGN_OR_RETURN(proven, ProvenRecord(files, dir, reader->info()));
    }
    last = (*record)->sequence;
    GANNET_ASSIGN_OR_RETURN(const bool going_on, comparer.Take(**record, reader->info()));
    if (!going_on) break;
  }
  return comparer.Finish();
}

}  // namespace gannet::app
