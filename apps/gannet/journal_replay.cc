#include "apps/gannet/journal_replay.h"

#include <deque>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apps/gannet/virtual_host.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"

namespace gannet::app {
namespace {

struct Fact {
  std::string topic;
  std::string payload;
};

// One start of the process: services that decide again.
struct Run {
  VirtualHost host;
  ReplayedServices services;
  std::deque<Fact> decided;  // not yet compared

  Run(base::Files& files, const runtime::ShardOptions& options, base::Time start)
      : host(
            files, [](std::string_view) {}, options, start) {
    host.shard().ObserveFacts([this](const bus::TopicInfo& topic, const void* event) {
      decided.push_back({std::string(topic.name), topic.encode(event)});
    });
  }
};

class Comparer {
 public:
  Comparer(base::Files& files, const runtime::ShardOptions& shard, const ServiceFactory& factory,
           std::optional<journal::Snapshot> snapshot)
      : files_(files), options_(shard), factory_(factory), snapshot_(std::move(snapshot)) {}

  absl::Status Take(const journal::Record& record, const journal::SegmentInfo& info) {
    if (record.type == journal::RecordType::kFact) {
      Compare(record);
    } else if (record.type == journal::RecordType::kInput) {
      GANNET_RETURN_IF_ERROR(Input(record, info));
    } else if (record.type == journal::RecordType::kGap) {
      ++result_.gaps;
      if (live_ != nullptr) result_.unfinished += live_->decided.size();
      live_.reset();  // what was decided on from here on is not in the record
      after_gap_ = true;
    }
    if (snapshot_ && record.sequence == snapshot_->sequence && live_ != nullptr)
      CompareSnapshot(live_->host.shard());
    // Recovery in parallel: what a restart at this point would know.
    if (applied_ != nullptr) applied_->host.shard().ApplyRecorded(record);
    return absl::OkStatus();
  }

  JournalComparison Finish() {
    if (live_ != nullptr) {
      // The last turn may have been cut by the crash that ended the journal.
      result_.unfinished += live_->decided.size();
    }
    return std::move(result_);
  }

 private:
  absl::StatusOr<std::unique_ptr<Run>> Make(const journal::SegmentInfo& info,
                                            const journal::Record& resume) {
    runtime::ShardOptions options = options_;
    options.run = info.run;
    options.run_effects = false;  // what came of them is in the record
    if (!absl::SimpleAtoi(resume.payload, &options.start_epoch)) {
      return absl::DataLossError(
          absl::StrCat("record ", resume.sequence, " does not state the epoch of the start"));
    }
    auto run = std::make_unique<Run>(files_, options, resume.time);
    GANNET_ASSIGN_OR_RETURN(run->services, factory_(info, run->host.deps()));
    return run;
  }

  absl::Status Input(const journal::Record& record, const journal::SegmentInfo& info) {
    ++result_.inputs;
    if (record.channel == runtime::Shard::kResumeChannel) {
      if (live_ != nullptr) result_.unfinished += live_->decided.size();
      ++result_.runs;
      if (applied_ == nullptr) {
        GANNET_ASSIGN_OR_RETURN(applied_, Make(info, record));
      }
      const std::string state = applied_->host.shard().SaveState();
      result_.recovered.push_back(applied_->host.shard().HashStates());
      after_gap_ = false;
      GANNET_ASSIGN_OR_RETURN(live_, Make(info, record));
      GANNET_RETURN_IF_ERROR(live_->host.shard().LoadState(state));
    } else if (after_gap_) {
      return absl::OkStatus();
    } else if (live_ == nullptr) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the journal begins at record ", record.sequence,
          " in the middle of a run; its older segments were pruned and cannot be decided again"));
    } else {
      NoteExtra(record.sequence);
    }
    return live_->host.shard().Replay(record);
  }

  // Facts decided by the turn before this record that the journal does not have.
  void NoteExtra(uint64_t sequence) {
    for (const Fact& fact : live_->decided) {
      ++result_.extra;
      Difference(absl::StrCat("before record ", sequence, ": decided a fact on ", fact.topic,
                              " that is not recorded"));
    }
    live_->decided.clear();
  }

  void Compare(const journal::Record& record) {
    if (after_gap_) {
      ++result_.undecided;
      return;
    }
    ++result_.facts;
    if (live_ == nullptr || live_->decided.empty()) {
      ++result_.missing;
      Difference(absl::StrCat("record ", record.sequence, ": a fact on ", record.channel,
                              " was not decided again"));
      return;
    }
    const Fact fact = std::move(live_->decided.front());
    live_->decided.pop_front();
    if (fact.topic == record.channel && fact.payload == record.payload) {
      ++result_.equal;
      return;
    }
    Difference(absl::StrCat("record ", record.sequence, " on ", record.channel, ": decided ",
                            fact.topic, " ", base::Hex(base::Sha256(fact.payload)).substr(0, 16),
                            ", recorded ", base::Hex(base::Sha256(record.payload)).substr(0, 16)));
  }

  void CompareSnapshot(const runtime::Shard& shard) {
    ++result_.snapshots;
    if (shard.SaveState() == snapshot_->state) return;
    Difference(absl::StrCat("the snapshot after record ", snapshot_->sequence,
                            " holds another state than was decided here"));
  }

  void Difference(std::string text) {
    if (result_.first_difference.empty()) result_.first_difference = std::move(text);
  }

  base::Files& files_;
  const runtime::ShardOptions options_;
  const ServiceFactory& factory_;
  const std::optional<journal::Snapshot> snapshot_;
  bool after_gap_ = false;
  std::unique_ptr<Run> live_, applied_;
  JournalComparison result_;
};

}  // namespace

absl::StatusOr<JournalComparison> ReplayJournal(base::Files& files, const std::string& dir,
                                                const runtime::ShardOptions& shard,
                                                const ServiceFactory& make_services) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<journal::Reader> reader,
                          journal::Reader::Open(files, dir));
  GANNET_ASSIGN_OR_RETURN(const auto snapshots, journal::Reader::Open(files, dir));
  GANNET_ASSIGN_OR_RETURN(std::optional<journal::Snapshot> snapshot, snapshots->NewestSnapshot());
  Comparer comparer(files, shard, make_services, std::move(snapshot));
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Record> record, reader->Next());
    if (!record) return comparer.Finish();
    GANNET_RETURN_IF_ERROR(comparer.Take(*record, reader->info()));
  }
}

}  // namespace gannet::app
