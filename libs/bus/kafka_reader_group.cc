// Of a reader that commits: its group, and what is committed for it.
#include "absl/strings/str_cat.h"
#include "libs/bus/kafka_reader.h"

namespace gannet::bus {

using std::chrono::milliseconds;

// --- commits ---------------------------------------------------------------------------

void KafkaReader::Commit(bool all) {
  if (!commits() || readings_.empty() || !readings_.front()->reading()) return;
  const std::vector<Position> positions = readings_.front()->inbox()->Acknowledged(all);
  if (positions.empty()) return;
  const auto list = KafkaList(readings_.front()->topic_name(), positions);
  committing_ = rd_kafka_commit_queue(client_.get(), list.get(), commit_queue_.get(), nullptr,
                                      nullptr) == RD_KAFKA_RESP_ERR_NO_ERROR;
  std::lock_guard lock(mutex_);
  ++stats_.commits;
  stats_.commit_failures += !committing_;
}

// Waits for the answer of the commit under way. False: there was none within `limit`.
bool KafkaReader::CollectCommit(base::Duration limit) {
  if (!committing_) return true;
  const KafkaOwned<rd_kafka_event_t> event(
      rd_kafka_queue_poll(commit_queue_.get(), static_cast<int>(limit / milliseconds(1))));
  if (event == nullptr) return false;
  committing_ = false;
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  {
    std::lock_guard lock(mutex_);
    ++stats_.commit_failures;
  }
  Tell(KafkaNotice::Severity::kWarning, "commit_failed", KafkaErrorText(error));
  return true;
}

// --- rebalances ------------------------------------------------------------------------

void KafkaReader::OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                              rd_kafka_topic_partition_list_t* list, void* self) {
  KafkaReader& reader = Of(self);
  std::vector<uint32_t> partitions;
  for (int i = 0; i < list->cnt; ++i) {
    partitions.push_back(static_cast<uint32_t>(list->elems[i].partition));
  }
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !reader.Stopping()) {
    reader.OnGiven(partitions);
  } else {
    reader.OnRevoked(partitions);
  }
}

void KafkaReader::OnGiven(const std::vector<uint32_t>& partitions) {
  KafkaReading& reading = *readings_.front();
  absl::Status status;
  while (!Stopping()) {
    status = reading.Given(client_.get(), partitions);
    if (status.ok()) break;
    SetConnection(status);
    Rest(kRetryPause);
  }
  if (Stopping()) {
    rd_kafka_assign(client_.get(), nullptr);
    return;
  }
  AssignAll();
  std::string places;
  for (const Position& start : reading.Starts()) {
    absl::StrAppend(&places, " ", start.partition, "@", start.offset);
  }
  Tell(KafkaNotice::Severity::kInfo, "rebalanced",
       absl::StrCat(reading.topic_name(), " for group ", options_.group, ":",
                    places.empty() ? " no partition" : places));
  std::lock_guard lock(mutex_);
  ++stats_.rebalances;
}

void KafkaReader::OnRevoked(const std::vector<uint32_t>& partitions) {
  KafkaReading& reading = *readings_.front();
  const bool lost = rd_kafka_assignment_lost(client_.get()) != 0;
  if (!lost) {
    if (!reading.inbox()->WaitUntilSettled(partitions, options_.drain_limit)) {
      Tell(KafkaNotice::Severity::kWarning, "revoked_in_flight",
           absl::StrCat(reading.topic_name(),
                        ": partitions went to another member with events in "
                        "flight; they come again there"));
    }
    CollectCommit(kCommitLimit);
    Commit(/*all=*/false);
    CollectCommit(kCommitLimit);
  }
  reading.Revoke(partitions);
  ResumeAll();
  rd_kafka_assign(client_.get(), nullptr);
}

}  // namespace gannet::bus
