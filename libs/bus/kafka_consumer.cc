#include "libs/bus/kafka_consumer.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/bus/kafka_client.h"
#include "libs/bus/kafka_halts.h"

namespace gannet::bus {
namespace {

using std::chrono::milliseconds;

constexpr int kPollMs = 100;
constexpr base::Duration kHousekeepingPause = milliseconds(20);
constexpr base::Duration kRetryPause = milliseconds(250);
constexpr base::Duration kCommitLimit = std::chrono::seconds(2);
constexpr base::Duration kProbePause = milliseconds(500);

// What librdkafka's threads call back into at any time. It stays when a client is
// abandoned; then it says nothing more.
struct LogTarget {
  std::mutex mutex;
  KafkaNoticeSink sink;
  std::string client;

  void Tell(KafkaNotice::Severity severity, std::string event, std::string text) {
    std::lock_guard lock(mutex);
    if (!sink) return;
    sink({.severity = severity,
          .client = client,
          .event = std::move(event),
          .text = std::move(text)});
  }
};

}  // namespace

// What librdkafka hands to every callback: those that only polling serves need the
// reader, the log does not.
struct KafkaConsumer::Opaque {
  Reader* reader;
  LogTarget log;
};

class KafkaConsumer::Reader {
 public:
  Reader(const base::Clock& clock, KafkaConsumerOptions options, const KafkaInbox::Options& inbox,
         std::shared_ptr<KafkaInbox>& made, base::Executor& executor);
  ~Reader() { End(); }

  void End();
  KafkaConsumerStats Stats() const {
    std::lock_guard lock(mutex_);
    return stats_;
  }
  const KafkaConsumerOptions& options() const { return options_; }
  bool in_group() const { return start_.start == Start::kGroup; }

 private:
  void NewOpaque();
  void Run();
  absl::Status Open();
  absl::Status AssignAll();
  void Serve();
  void Shut();
  bool CloseGroup();
  void Abandon();
  void Handle(const rd_kafka_message_t& message);
  void Take(const rd_kafka_message_t& message);
  void HandleError(const rd_kafka_message_t& message);
  void Housekeep();
  void PauseOrResume();
  void Probe();
  void Commit(bool all);
  bool CollectCommit(base::Duration limit);
  void OnAssigned(const std::vector<uint32_t>& partitions);
  void OnRevoked(const std::vector<uint32_t>& partitions);
  std::optional<std::vector<Position>> PlaceAll(const std::vector<uint32_t>& partitions,
                                                const std::vector<std::optional<uint64_t>>& wanted);
  uint64_t Place(uint32_t partition, std::optional<uint64_t> wanted, const KafkaExtent& extent,
                 std::vector<KafkaInbox::Place>& places, std::vector<DeadLetter>& gone);
  void PlaceAgain(uint32_t partition);
  template <class T>
  std::optional<T> Persist(const std::function<absl::StatusOr<T>()>& call);
  bool Stopping() const {
    std::lock_guard lock(mutex_);
    return stop_;
  }
  void Pause(base::Duration span) {
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, span, [this] { return stop_; });
  }
  void Wake();
  void Tell(KafkaNotice::Severity severity, std::string event, std::string text) const {
    opaque_->log.Tell(severity, std::move(event), std::move(text));
  }
  bool commits() const { return !options_.group.empty(); }

  static Reader& Of(void* opaque) { return *static_cast<Opaque*>(opaque)->reader; }
  static void OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                          rd_kafka_topic_partition_list_t* list, void* self);
  static void OnError(rd_kafka_t* client, int error, const char* reason, void* self);
  static int OnStatistics(rd_kafka_t* client, char* json, size_t size, void* self);
  static void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text);

  const base::Clock& clock_;
  const KafkaConsumerOptions options_;
  const TopicInfo& topic_;
  const SubscribeOptions start_;
  const uint32_t partitions_;
  std::shared_ptr<KafkaInbox> inbox_;

  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;                   // under mutex_
  KafkaOwned<rd_kafka_queue_t> queue_;  // under mutex_: of the client, to cut its wait short
  KafkaConsumerStats stats_;            // under mutex_

  // Of the thread alone:
  std::unique_ptr<Opaque> opaque_;
  KafkaReaderClient client_;
  KafkaOwned<rd_kafka_queue_t> commit_queue_;
  bool committing_ = false;  // one at a time
  bool broken_ = false;      // the client must be replaced
  bool paused_ = false, unreachable_ = false;
  std::vector<uint32_t> assigned_;
  base::Duration housekeep_at_{0}, commit_at_{0}, probe_at_{0};
  uint64_t clients_ = 0;
  KafkaHalts halts_;

  std::thread thread_;  // last: it uses the rest
};

KafkaConsumer::Reader::Reader(const base::Clock& clock, KafkaConsumerOptions options,
                              const KafkaInbox::Options& inbox, std::shared_ptr<KafkaInbox>& made,
                              base::Executor& executor)
    : clock_(clock),
      options_(std::move(options)),
      topic_(*inbox.topic),
      start_(inbox.subscribe),
      partitions_(inbox.partitions),
      halts_(options_.cluster, absl::StrCat(options_.topic_name, std::string(kDeadLetterSuffix)),
             options_.client_id, inbox.subscribe.group, inbox.put_aside) {
  NewOpaque();
  KafkaInbox::Options with_wake = inbox;
  with_wake.wake = [this] { Wake(); };
  inbox_ = made = std::make_shared<KafkaInbox>(executor, std::move(with_wake));
  thread_ = std::thread([this] { Run(); });
}

void KafkaConsumer::Reader::NewOpaque() {
  opaque_ = std::make_unique<Opaque>();
  opaque_->reader = this;
  opaque_->log.sink = options_.notice;
  opaque_->log.client = options_.client_id;
}

void KafkaConsumer::Reader::End() {
  inbox_->Close();
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  Wake();
  if (thread_.joinable()) thread_.join();
}

void KafkaConsumer::Reader::Wake() {
  std::lock_guard lock(mutex_);
  if (queue_ != nullptr) rd_kafka_queue_yield(queue_.get());
}

void KafkaConsumer::Reader::Run() {
  while (!Stopping()) {
    const absl::Status status = Open();
    if (status.ok()) {
      Serve();
    } else if (!Stopping()) {
      inbox_->SetConnection(status);
      Tell(KafkaNotice::Severity::kWarning, "consumer_waits", std::string(status.message()));
    }
    Shut();
    if (!Stopping()) Pause(kRetryPause);
  }
}

absl::Status KafkaConsumer::Reader::Open() {
  const std::string id = absl::StrCat(options_.client_id, "-", ++clients_);
  const bool ticks = topic_.delivery == Delivery::kConflate;
  GANNET_ASSIGN_OR_RETURN(
      KafkaOwned<rd_kafka_conf_t> conf,
      MakeKafkaConf(ticks ? KafkaRole::kTickConsumer : KafkaRole::kEventConsumer, options_.cluster,
                    id, commits() ? options_.group : id));
  rd_kafka_conf_set_opaque(conf.get(), opaque_.get());
  rd_kafka_conf_set_rebalance_cb(conf.get(), &OnRebalance);
  rd_kafka_conf_set_error_cb(conf.get(), &OnError);
  rd_kafka_conf_set_stats_cb(conf.get(), &OnStatistics);
  rd_kafka_conf_set_log_cb(conf.get(), &OnLog);
  GANNET_ASSIGN_OR_RETURN(client_, MakeKafkaConsumer(std::move(conf)));
  commit_queue_.reset(rd_kafka_queue_new(client_.get()));
  committing_ = broken_ = paused_ = unreachable_ = false;
  {
    std::lock_guard lock(mutex_);
    queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  }
  GANNET_RETURN_IF_ERROR(
      CheckKafkaTopic(client_.get(), options_.topic_name, partitions_, options_.cluster.brokers));
  if (!in_group()) return AssignAll();
  const auto list = KafkaList(options_.topic_name, {{.partition = 0}});
  list->elems[0].partition = RD_KAFKA_PARTITION_UA;
  const rd_kafka_resp_err_t error = rd_kafka_subscribe(client_.get(), list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("subscribe to ", options_.topic_name, ": ", KafkaErrorText(error)));
}

// Repeats a call that waits for brokers until it answers; nothing when it is time to end.
template <class T>
std::optional<T> KafkaConsumer::Reader::Persist(const std::function<absl::StatusOr<T>()>& call) {
  while (!Stopping()) {
    absl::StatusOr<T> answer = call();
    if (answer.ok()) return *std::move(answer);
    inbox_->SetConnection(answer.status());
    Pause(kRetryPause);
  }
  return std::nullopt;
}

// Where to read from, and what the inbox is to know of it: it goes on where it stood
// when the client was replaced.
absl::Status KafkaConsumer::Reader::AssignAll() {
  std::vector<uint32_t> wanted = start_.partitions;
  if (wanted.empty()) {
    for (uint32_t p = 0; p < partitions_; ++p) wanted.push_back(p);
  }
  const bool first = assigned_.empty();
  std::vector<std::optional<uint64_t>> offsets(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    for (const Position& at : start_.at) {
      if (start_.start == Start::kAt && at.partition == wanted[i]) offsets[i] = at.offset;
    }
  }
  if (!first) {
    for (const KafkaInbox::Place& place : inbox_->Places()) {
      const auto found = std::find(wanted.begin(), wanted.end(), place.next.partition);
      if (found != wanted.end())
        offsets[static_cast<size_t>(found - wanted.begin())] = place.next.offset;
    }
  }
  const auto starts = PlaceAll(wanted, offsets);
  if (!starts) return absl::CancelledError("ended");
  assigned_ = wanted;
  const auto list = KafkaList(options_.topic_name, *starts);
  const rd_kafka_resp_err_t error = rd_kafka_assign(client_.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::UnavailableError(
        absl::StrCat("assign ", options_.topic_name, ": ", KafkaErrorText(error)));
  }
  // The group moves to where its only member begins.
  if (first && commits()) {
    Commit(/*all=*/true);
    CollectCommit(kCommitLimit);
  }
  inbox_->SetConnection(absl::OkStatus());
  return absl::OkStatus();
}

std::optional<std::vector<Position>> KafkaConsumer::Reader::PlaceAll(
    const std::vector<uint32_t>& partitions, const std::vector<std::optional<uint64_t>>& wanted) {
  std::vector<Position> starts;
  std::vector<KafkaInbox::Place> places;
  std::vector<DeadLetter> gone;
  for (size_t i = 0; i < partitions.size(); ++i) {
    const auto extent = Persist<KafkaExtent>(
        [&] { return KafkaExtentOf(client_.get(), options_.topic_name, partitions[i]); });
    if (!extent) return std::nullopt;
    std::optional<uint64_t> offset = wanted[i];
    if (!offset && start_.start == Start::kLatest) offset = extent->end;
    starts.push_back({.partition = partitions[i],
                      .offset = Place(partitions[i], offset, *extent, places, gone)});
  }
  const bool again = !in_group() && !assigned_.empty();
  if (!again) inbox_->Assign(places);
  for (const DeadLetter& letter : gone) {
    inbox_->Halt(letter.position, absl::OutOfRangeError(letter.error));
  }
  return starts;
}

// The offset to read from. Nothing wanted: the earliest kept. What is wanted and not
// kept is skipped and counted, but on a topic of orders halts the partition: whether an
// order may be missed is for a person to say.
uint64_t KafkaConsumer::Reader::Place(uint32_t partition, std::optional<uint64_t> wanted,
                                      const KafkaExtent& extent,
                                      std::vector<KafkaInbox::Place>& places,
                                      std::vector<DeadLetter>& gone) {
  const uint64_t next = wanted.value_or(extent.begin);
  if (next >= extent.begin && next <= extent.end) {
    places.push_back({.next = {.partition = partition, .offset = next}, .end = extent.end});
    return next;
  }
  const uint64_t from = next < extent.begin ? extent.begin : extent.end;
  const std::string text =
      absl::StrCat(options_.topic_name, " partition ", partition, ": offset ", next,
                   " was asked for and Kafka keeps ", extent.begin, " to ", extent.end,
                   next < extent.begin ? "; the events between are in the recorder's archive"
                                       : "; the topic is not the one that was read before");
  Tell(KafkaNotice::Severity::kError, "offset_not_kept", text);
  if (topic_.order_shard) {
    places.push_back({.next = {.partition = partition, .offset = next}, .end = extent.end});
    gone.push_back({.position = {.partition = partition, .offset = next}, .error = text});
  } else {
    if (next < from) inbox_->CountSkipped(from - next);
    places.push_back({.next = {.partition = partition, .offset = from}, .end = extent.end});
  }
  return from;
}

void KafkaConsumer::Reader::Serve() {
  while (!Stopping() && !broken_) {
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(client_.get(), kPollMs));
    if (message != nullptr) Handle(*message);
    const base::Duration now = clock_.Monotonic();
    if (message == nullptr || now >= housekeep_at_) {
      housekeep_at_ = now + kHousekeepingPause;
      Housekeep();
    }
  }
}

void KafkaConsumer::Reader::Handle(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    Take(message);
  } else {
    HandleError(message);
  }
}

void KafkaConsumer::Reader::Take(const rd_kafka_message_t& message) {
  const KafkaHeaders headers = KafkaHeadersOf(message);
  const ReadHeaders read = ReadKafkaHeaders(headers);
  rd_kafka_headers_t* raw = nullptr;
  const bool left_out =
      headers.empty() && rd_kafka_message_headers(&message, &raw) == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (read.malformed > 0 || left_out) {
    std::lock_guard lock(mutex_);
    stats_.malformed_headers += read.malformed + (left_out ? 1 : 0);
  }
  const std::string_view payload(static_cast<const char*>(message.payload), message.len);
  KafkaInbox::Incoming incoming{.position = {.partition = static_cast<uint32_t>(message.partition),
                                             .offset = static_cast<uint64_t>(message.offset)},
                                .bytes = message.len,
                                .gap = read.gap};
  const std::string_view key(static_cast<const char*>(message.key), message.key_len);
  absl::StatusOr<std::shared_ptr<const void>> event = topic_.decode(payload);
  absl::Status status = event.status();
  if (status.ok()) {
    status = CheckRecord(topic_, event->get(),
                         {.partition = static_cast<uint32_t>(message.partition),
                          .partitions = partitions_,
                          .key = key});
  }
  if (status.ok()) {
    incoming.event = *std::move(event);
  } else {
    incoming.error = std::move(status);
    incoming.trace = read.trace.value_or(market::TraceContext());
    incoming.key = key;
    incoming.payload = payload;
  }
  inbox_->Push(std::move(incoming));
  if (!paused_ && inbox_->Full()) PauseOrResume();
}

void KafkaConsumer::Reader::HandleError(const rd_kafka_message_t& message) {
  const std::string text =
      absl::StrCat(KafkaErrorText(message.err), ": ", rd_kafka_message_errstr(&message));
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      PlaceAgain(static_cast<uint32_t>(message.partition));
      return;
    case RD_KAFKA_RESP_ERR__FATAL:
      broken_ = true;
      break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      broken_ = true;  // looked at anew, with its topic, after a pause
      inbox_->SetConnection(absl::UnavailableError(text));
      break;
    default:
      break;
  }
  Tell(KafkaNotice::Severity::kWarning, "consumer_error", text);
}

// Kafka no longer has what was to be read next of that partition (retention, or the
// topic was made anew): everything is assigned again, that partition where it may go on.
void KafkaConsumer::Reader::PlaceAgain(uint32_t partition) {
  std::vector<Position> starts;
  std::vector<DeadLetter> gone;
  for (const KafkaInbox::Place& place : inbox_->Places()) {
    starts.push_back(place.next);
    if (place.next.partition != partition) continue;
    const auto extent = Persist<KafkaExtent>(
        [&] { return KafkaExtentOf(client_.get(), options_.topic_name, partition); });
    if (!extent) return;
    std::vector<KafkaInbox::Place> unused;
    starts.back().offset = Place(partition, place.next.offset, *extent, unused, gone);
  }
  const auto list = KafkaList(options_.topic_name, starts);
  rd_kafka_assign(client_.get(), list.get());
  paused_ = false;
  for (const DeadLetter& letter : gone) {
    inbox_->Halt(letter.position, absl::OutOfRangeError(letter.error));
  }
  PauseOrResume();
}

void KafkaConsumer::Reader::Housekeep() {
  PauseOrResume();
  for (const uint32_t partition : assigned_) {
    int64_t begin = 0, end = 0;
    if (rd_kafka_get_watermark_offsets(client_.get(), options_.topic_name.c_str(),
                                       static_cast<int32_t>(partition), &begin,
                                       &end) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        end > 0) {
      inbox_->SetEnd(partition, static_cast<uint64_t>(end));
    }
  }
  CollectCommit(base::Duration(0));
  const base::Duration now = clock_.Monotonic();
  if (now >= commit_at_ && !committing_) {
    commit_at_ = now + kCommitPause;
    Commit(/*all=*/false);
  }
  if (unreachable_ && now >= probe_at_) Probe();
  if (topic_.order_shard) {
    if (const absl::Status status = halts_.Serve(*inbox_); !status.ok()) {
      Tell(KafkaNotice::Severity::kError, "halt_not_recorded", std::string(status.message()));
      Pause(kRetryPause);
    }
  }
}

void KafkaConsumer::Reader::PauseOrResume() {
  const bool pause = paused_ ? !inbox_->Roomy() : inbox_->Full();
  if (pause == paused_ || assigned_.empty()) return;
  std::vector<Position> all;
  for (const uint32_t partition : assigned_) all.push_back({.partition = partition});
  const auto list = KafkaList(options_.topic_name, all);
  if (pause) {
    rd_kafka_pause_partitions(client_.get(), list.get());
  } else {
    rd_kafka_resume_partitions(client_.get(), list.get());
  }
  paused_ = pause;
}

// After "all brokers are down": says when one answers again.
void KafkaConsumer::Reader::Probe() {
  probe_at_ = clock_.Monotonic() + kProbePause;
  if (!CheckKafkaTopic(client_.get(), options_.topic_name, partitions_, options_.cluster.brokers)
           .ok()) {
    return;
  }
  unreachable_ = false;
  inbox_->SetConnection(absl::OkStatus());
}

// --- commits ---------------------------------------------------------------------------

void KafkaConsumer::Reader::Commit(bool all) {
  if (!commits() || assigned_.empty()) return;
  const std::vector<Position> positions = inbox_->Acknowledged(all);
  if (positions.empty()) return;
  const auto list = KafkaList(options_.topic_name, positions);
  committing_ = rd_kafka_commit_queue(client_.get(), list.get(), commit_queue_.get(), nullptr,
                                      nullptr) == RD_KAFKA_RESP_ERR_NO_ERROR;
  std::lock_guard lock(mutex_);
  ++stats_.commits;
  stats_.commit_failures += !committing_;
}

// Waits for the answer of the commit under way. False: there was none within `limit`.
bool KafkaConsumer::Reader::CollectCommit(base::Duration limit) {
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

void KafkaConsumer::Reader::OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                                        rd_kafka_topic_partition_list_t* list, void* self) {
  Reader& reader = Of(self);
  std::vector<uint32_t> partitions;
  for (int i = 0; i < list->cnt; ++i) {
    partitions.push_back(static_cast<uint32_t>(list->elems[i].partition));
  }
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !reader.Stopping()) {
    reader.OnAssigned(partitions);
  } else {
    reader.OnRevoked(partitions);
  }
}

void KafkaConsumer::Reader::OnAssigned(const std::vector<uint32_t>& partitions) {
  const auto committed = Persist<std::vector<std::optional<uint64_t>>>(
      [&] { return KafkaCommitted(client_.get(), options_.topic_name, partitions); });
  const auto starts = committed ? PlaceAll(partitions, *committed) : std::nullopt;
  if (!starts) {
    rd_kafka_assign(client_.get(), nullptr);
    return;
  }
  assigned_ = partitions;
  paused_ = false;
  const auto list = KafkaList(options_.topic_name, *starts);
  rd_kafka_assign(client_.get(), list.get());
  inbox_->SetConnection(absl::OkStatus());
  std::string places;
  for (const Position& start : *starts) {
    absl::StrAppend(&places, " ", start.partition, "@", start.offset);
  }
  Tell(KafkaNotice::Severity::kInfo, "rebalanced",
       absl::StrCat(options_.topic_name, " for group ", options_.group, ":",
                    places.empty() ? " no partition" : places));
  std::lock_guard lock(mutex_);
  ++stats_.rebalances;
}

void KafkaConsumer::Reader::OnRevoked(const std::vector<uint32_t>& partitions) {
  const bool lost = rd_kafka_assignment_lost(client_.get()) != 0;
  if (!lost) {
    if (!inbox_->WaitUntilSettled(partitions, options_.drain_limit)) {
      Tell(KafkaNotice::Severity::kWarning, "revoked_in_flight",
           absl::StrCat(options_.topic_name,
                        ": partitions went to another member with events in "
                        "flight; they come again there"));
    }
    CollectCommit(kCommitLimit);
    Commit(/*all=*/false);
    CollectCommit(kCommitLimit);
  }
  inbox_->Revoke(partitions);
  assigned_.clear();
  paused_ = false;
  rd_kafka_assign(client_.get(), nullptr);
}

// --- the end of a client -----------------------------------------------------------------

void KafkaConsumer::Reader::Shut() {
  if (client_ == nullptr) return;
  CollectCommit(kCommitLimit);
  Commit(/*all=*/false);
  const bool answered = CollectCommit(kCommitLimit);
  const bool closed = !in_group() || (answered && !unreachable_ && CloseGroup());
  if (in_group() && !assigned_.empty()) {
    inbox_->Revoke(assigned_);
    assigned_.clear();
  }
  if (!closed) return Abandon();
  {
    std::lock_guard lock(mutex_);
    queue_.reset();
  }
  commit_queue_.reset();
  client_.reset();
}

// Without a coordinator, closing may crash 2.0.2 or wait for ever. So the client ends
// with the process, and the broker gives its partitions away once its session is over.
void KafkaConsumer::Reader::Abandon() {
  Tell(KafkaNotice::Severity::kWarning, "consumer_abandoned",
       absl::StrCat(options_.topic_name,
                    ": the group's coordinator does not answer; the client "
                    "is left to end with the process"));
  std::lock_guard lock(mutex_);
  ++stats_.abandoned;
  queue_.release();
  commit_queue_.release();
  client_.release();
  {
    std::lock_guard silent(opaque_->log.mutex);
    opaque_->log.sink = nullptr;
  }
  opaque_.release();
  NewOpaque();
}

// False: the brokers did not answer in time.
bool KafkaConsumer::Reader::CloseGroup() {
  const KafkaOwned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_.get()));
  const KafkaOwned<rd_kafka_error_t> error(
      rd_kafka_consumer_close_queue(client_.get(), queue.get()));
  if (error != nullptr) return false;
  const base::Duration deadline = clock_.Monotonic() + options_.close_limit;
  while (rd_kafka_consumer_closed(client_.get()) == 0) {
    if (clock_.Monotonic() >= deadline) return false;
    // Serves the last revocation.
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consume_queue(queue.get(), 10));
  }
  return true;
}

// --- librdkafka's other callbacks --------------------------------------------------------

void KafkaConsumer::Reader::OnError(rd_kafka_t*, int error, const char* reason, void* self) {
  Reader& reader = Of(self);
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  const std::string text = absl::StrCat(rd_kafka_err2name(code), ": ", reason);
  if (code == RD_KAFKA_RESP_ERR__FATAL) reader.broken_ = true;
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    reader.unreachable_ = true;
    reader.inbox_->SetConnection(absl::UnavailableError(absl::StrCat(
        "no Kafka broker of ", reader.options_.cluster.brokers, " answers (", text, ")")));
  }
  reader.Tell(KafkaNotice::Severity::kWarning, "consumer_error", text);
}

int KafkaConsumer::Reader::OnStatistics(rd_kafka_t* client, char* json, size_t size, void* self) {
  const KafkaConsumerOptions& options = Of(self).options_;
  if (options.statistics) options.statistics(rd_kafka_name(client), {json, size});
  return 0;
}

void KafkaConsumer::Reader::OnLog(const rd_kafka_t* client, int level, const char* facility,
                                  const char* text) {
  constexpr int kError = 3, kWarning = 4;  // syslog's
  if (level > kWarning || std::string_view(facility) == "CONFWARN") return;
  static_cast<Opaque*>(rd_kafka_opaque(client))
      ->log.Tell(level <= kError ? KafkaNotice::Severity::kError : KafkaNotice::Severity::kWarning,
                 "consumer_log", absl::StrCat(facility, ": ", text));
}

// --- the outside -------------------------------------------------------------------------

KafkaConsumer::KafkaConsumer(base::Executor& executor, const base::Clock& clock,
                             KafkaConsumerOptions options, KafkaInbox::Options inbox)
    : reader_(std::make_unique<Reader>(clock, std::move(options), inbox, inbox_, executor)) {}

KafkaConsumer::~KafkaConsumer() = default;
void KafkaConsumer::End() { reader_->End(); }
KafkaConsumerStats KafkaConsumer::consumer_stats() const { return reader_->Stats(); }
const std::string& KafkaConsumer::topic_name() const { return reader_->options().topic_name; }
const std::string& KafkaConsumer::group() const { return reader_->options().group; }
bool KafkaConsumer::in_group() const { return reader_->in_group(); }

}  // namespace gannet::bus
