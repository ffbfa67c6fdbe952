// Of a reader that assigns partitions itself: which topics it reads, from where, and which
// of them stand still.
#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/bus/kafka_reader.h"

namespace gannet::bus {
namespace {

using std::chrono::milliseconds;

// Between questions about one subscription that may find a broker hanging: what else the
// reader has waits while it asks.
constexpr base::Duration kAskAlonePause = std::chrono::seconds(1);
// So long they are asked one after the other in a row: once the first of them is read, each
// question waits behind a fetch.
constexpr base::Duration kAskInARow = milliseconds(500);
// A leader that was just elected is asked again so soon, so often.
constexpr base::Duration kLeaderPause = milliseconds(25);
constexpr int kLeaderAttempts = 40;
// So long a full subscription holds up the others of its topic.
constexpr base::Duration kPatience = milliseconds(500);

}  // namespace

// Who came and who left since the last look, and who waits for its topic.
void KafkaReader::Admit() {
  bool assign = false;
  {
    std::lock_guard lock(mutex_);
    if (changed_) {
      changed_ = false;
      begin_at_ = base::Duration(0);
      assign = std::any_of(readings_.begin(), readings_.end(), [&](const auto& reading) {
        return reading->reading() &&
               std::find(members_.begin(), members_.end(), reading) == members_.end();
      });
      readings_ = members_;
    }
  }
  const base::Duration now = clock_.Monotonic();
  if (now >= begin_at_) {
    do {
      assign |= BeginAll();
    } while (ask_alone_ > 0 && clock_.Monotonic() < now + kAskInARow);
  }
  if (assign) AssignAll();
}

// All that wait begin together: a reader asks its brokers three things, however many
// subscriptions it has. What keeps one of them from its topic keeps no other: when the
// brokers do not answer for all together, and not for a new leader's sake, they are asked once
// for each by itself.
bool KafkaReader::BeginAll() {
  Readings waiting;
  for (const auto& reading : readings_) {
    if (!reading->reading()) waiting.push_back(reading);
  }
  begin_at_ = base::Duration::max();
  if (!waiting.empty()) {
    const auto topics = KafkaTopicsOf(client_.get(), options_.cluster.brokers);
    std::erase_if(waiting, [&](const auto& reading) {
      const absl::Status status = topics.ok() ? reading->CheckLeaders(*topics) : topics.status();
      if (!status.ok()) Wait(*reading, status, kRetryPause);
      return !status.ok();
    });
  }
  const size_t count = waiting.size();
  if (count == 0) {
    ask_alone_ = 0;
    return false;
  }
  const bool alone = ask_alone_ > 0;
  if (alone) waiting = {waiting[--ask_alone_ % count]};
  std::vector<KafkaPlace> wanted;
  for (const auto& reading : waiting) {
    const std::vector<KafkaPlace> places = reading->Wanted();
    wanted.insert(wanted.end(), places.begin(), places.end());
  }
  KafkaRefusals refused;
  const absl::StatusOr<KafkaExtents> extents = KafkaExtentsOfSome(client_.get(), wanted, refused);
  const bool soon = std::any_of(refused.begin(), refused.end(),
                                [](const auto& one) { return KafkaLeaderIsNew(one.second); }) &&
                    ++leader_attempts_ <= kLeaderAttempts;
  const base::Duration pause = soon ? kLeaderPause : alone ? kAskAlonePause : kRetryPause;
  bool begun = false;
  for (const auto& reading : waiting) {
    const absl::Status status = extents.ok() ? reading->CheckRefused(refused) : extents.status();
    if (!status.ok()) {
      Wait(*reading, status, pause);
    } else {
      reading->Begin(*extents);
      begun = true;
      leader_attempts_ = 0;
    }
  }
  if (!alone && !begun && !soon && count > 1) ask_alone_ = count;
  if (alone && begun && count > 1) begin_at_ = base::Duration(0);
  return begun;
}

void KafkaReader::Wait(KafkaReading& reading, const absl::Status& why, base::Duration pause) {
  begin_at_ = std::min(begin_at_, clock_.Monotonic() + pause);
  reading.inbox()->SetConnection(why);
  Tell(KafkaNotice::Severity::kWarning, "consumer_waits", std::string(why.message()));
}

// A topic is read once, however many read it: from where the first of them stands. Each
// passes over what it has had.
void KafkaReader::AssignAll() {
  std::map<KafkaPlace, uint64_t> starts;
  for (const auto& reading : readings_) {
    if (!reading->awake()) continue;
    for (const Position& start : reading->Starts()) {
      const auto [place, first] =
          starts.try_emplace({reading->topic_name(), start.partition}, start.offset);
      if (!first) place->second = std::min(place->second, start.offset);
    }
  }
  const KafkaOwned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(starts.size())));
  for (const auto& [place, offset] : starts) {
    rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(),
                                      static_cast<int32_t>(place.second))
        ->offset = static_cast<int64_t>(offset);
  }
  // librdkafka keeps what is paused paused through an assignment: nobody would wake it.
  ResumeAll();
  const rd_kafka_resp_err_t error = rd_kafka_assign(client_.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    SetConnection(absl::UnavailableError(absl::StrCat("assign: ", KafkaErrorText(error))));
    broken_ = true;
    return;
  }
  // The group moves to where its only member begins.
  if (commits() && !in_group() && CollectCommit(kCommitLimit)) Commit(/*all=*/true);
  for (const auto& reading : readings_) {
    if (reading->reading()) reading->inbox()->SetConnection(absl::OkStatus());
  }
  Throttle();
}

// Kafka no longer has what was to be read next of that partition.
void KafkaReader::PlaceAgain(const Readings& concerned, uint32_t partition) {
  const bool placed = std::all_of(concerned.begin(), concerned.end(), [&](const auto& reading) {
    return !reading->reading() || reading->PlaceAgain(client_.get(), partition).ok();
  });
  if (placed) return AssignAll();
  broken_ = true;  // looked at anew, with a new client
}

// A topic stands still from when one of those who read it is full until all have room. Who
// has none for long (its partition is halted, say) while others have is left behind, and is
// read for again, from where it stands, once it has room.
void KafkaReader::Throttle() {
  bool woken = false;
  std::map<std::string_view, Readings> crowds;
  for (const auto& reading : readings_) {
    if (reading->reading() && !reading->awake() && reading->inbox()->Roomy()) {
      reading->SetAsleep(false);
      woken = true;
    }
    if (reading->awake()) crowds[reading->topic_name()].push_back(reading);
  }
  if (woken) return AssignAll();
  for (const auto& [topic, crowd] : crowds) Throttle(std::string(topic), crowd);
}

void KafkaReader::Throttle(const std::string& topic, const Readings& crowd) {
  const auto is_full = [](const auto& reading) { return reading->inbox()->Full(); };
  const auto has_room = [](const auto& reading) { return reading->inbox()->Roomy(); };
  const auto paused = paused_.find(topic);
  if (paused == paused_.end()) {
    if (std::any_of(crowd.begin(), crowd.end(), is_full)) Pause(topic, crowd);
    return;
  }
  if (std::all_of(crowd.begin(), crowd.end(), has_room)) {
    rd_kafka_resume_partitions(client_.get(), KafkaList(topic, paused->second.places).get());
    paused_.erase(paused);
    return;
  }
  if (clock_.Monotonic() - paused->second.since < kPatience ||
      std::none_of(crowd.begin(), crowd.end(), has_room))
    return;
  for (const auto& reading : crowd) {
    if (!has_room(reading)) reading->SetAsleep(true);
  }
}

void KafkaReader::Pause(const std::string& topic, const Readings& crowd) {
  std::vector<Position> places;
  for (const auto& reading : crowd) {
    for (const uint32_t partition : reading->partitions())
      places.push_back({.partition = partition});
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  rd_kafka_pause_partitions(client_.get(), KafkaList(topic, places).get());
  paused_[topic] = {clock_.Monotonic(), std::move(places)};
}

void KafkaReader::ResumeAll() {
  for (const auto& [topic, paused] : std::exchange(paused_, {}))
    rd_kafka_resume_partitions(client_.get(), KafkaList(topic, paused.places).get());
}

}  // namespace gannet::bus
