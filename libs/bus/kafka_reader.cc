#include "libs/bus/kafka_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::bus {
namespace {

using std::chrono::milliseconds;

constexpr int kPollMs = 100;
constexpr base::Duration kHousekeepingPause = milliseconds(20);
constexpr base::Duration kEndsPause = milliseconds(100);
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
struct KafkaReader::Opaque {
  KafkaReader* reader;
  LogTarget log;
};

KafkaReader& KafkaReader::Of(void* opaque) { return *static_cast<Opaque*>(opaque)->reader; }

KafkaReader::KafkaReader(const base::Clock& clock, KafkaReaderOptions options)
    : clock_(clock), options_(std::move(options)) {
  NewOpaque();
}

KafkaReader::~KafkaReader() { Stop(); }

void KafkaReader::NewOpaque() {
  opaque_ = std::make_unique<Opaque>();
  opaque_->reader = this;
  opaque_->log.sink = options_.notice;
  opaque_->log.client = options_.client_id;
}

void KafkaReader::Tell(KafkaNotice::Severity severity, std::string event, std::string text) const {
  opaque_->log.Tell(severity, std::move(event), std::move(text));
}

// --- the outside -------------------------------------------------------------------------

void KafkaReader::Add(std::shared_ptr<KafkaReading> reading) {
  {
    std::lock_guard lock(mutex_);
    members_.push_back(std::move(reading));
    changed_ = true;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  Wake();
}

void KafkaReader::Leave(const std::shared_ptr<KafkaReading>& reading) {
  bool last = false;
  {
    std::lock_guard lock(mutex_);
    last = members_.size() == 1 && members_.front() == reading;
    if (!last) std::erase(members_, reading);  // the last one's offsets are committed first
    changed_ = true;
  }
  if (last) Stop();
}

bool KafkaReader::Takes(KafkaRole role) const {
  std::lock_guard lock(mutex_);
  return !stop_ && !commits() && role == options_.role;
}

void KafkaReader::Stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  Wake();
  if (thread_.joinable()) thread_.join();
}

void KafkaReader::Wake() {
  std::lock_guard lock(mutex_);
  if (queue_ != nullptr) rd_kafka_queue_yield(queue_.get());
}

KafkaConsumerStats KafkaReader::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

bool KafkaReader::Stopping() const {
  std::lock_guard lock(mutex_);
  return stop_;
}

void KafkaReader::Rest(base::Duration span) {
  std::unique_lock lock(mutex_);
  stopping_.wait_for(lock, span, [this] { return stop_; });
}

// --- the thread --------------------------------------------------------------------------

void KafkaReader::Run() {
  while (!Stopping()) {
    const absl::Status status = Open();
    if (status.ok()) {
      Serve();
    } else if (!Stopping()) {
      SetConnection(status);
      Tell(KafkaNotice::Severity::kWarning, "consumer_waits", std::string(status.message()));
    }
    Shut();
    if (!Stopping()) Rest(kRetryPause);
  }
}

void KafkaReader::SetConnection(const absl::Status& status) {
  for (const auto& reading : readings_) reading->inbox()->SetConnection(status);
}

absl::Status KafkaReader::Open() {
  const std::string id = absl::StrCat(options_.client_id, "-", ++clients_);
  GANNET_ASSIGN_OR_RETURN(
      KafkaOwned<rd_kafka_conf_t> conf,
      MakeKafkaConf(options_.role, options_.cluster, id, commits() ? options_.group : id));
  rd_kafka_conf_set_opaque(conf.get(), opaque_.get());
  rd_kafka_conf_set_rebalance_cb(conf.get(), &OnRebalance);
  rd_kafka_conf_set_error_cb(conf.get(), &OnError);
  rd_kafka_conf_set_stats_cb(conf.get(), &OnStatistics);
  rd_kafka_conf_set_log_cb(conf.get(), &OnLog);
  GANNET_ASSIGN_OR_RETURN(client_, MakeKafkaConsumer(std::move(conf)));
  commit_queue_.reset(rd_kafka_queue_new(client_.get()));
  committing_ = broken_ = unreachable_ = false;
  ask_alone_ = 0;
  paused_.clear();
  begin_at_ = base::Duration(0);
  {
    std::lock_guard lock(mutex_);
    queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
    readings_ = members_;
    changed_ = true;
  }
  for (const auto& reading : readings_) reading->Lost();
  return in_group() ? Join(*readings_.front()) : absl::OkStatus();
}

absl::Status KafkaReader::Join(KafkaReading& reading) {
  GANNET_ASSIGN_OR_RETURN(const KafkaTopics topics,
                          KafkaTopicsOf(client_.get(), options_.cluster.brokers));
  GANNET_RETURN_IF_ERROR(reading.CheckTopic(topics));
  const auto list = KafkaList(reading.topic_name(), {{.partition = 0}});
  list->elems[0].partition = RD_KAFKA_PARTITION_UA;
  const rd_kafka_resp_err_t error = rd_kafka_subscribe(client_.get(), list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("subscribe to ", reading.topic_name(), ": ", KafkaErrorText(error)));
}

// No longer than until a topic is asked about again.
int KafkaReader::PollMs() const {
  if (in_group()) return kPollMs;
  const base::Duration left = begin_at_ - clock_.Monotonic();
  return static_cast<int>(std::clamp<int64_t>(left / milliseconds(1), 0, kPollMs));
}

void KafkaReader::Serve() {
  while (!Stopping() && !broken_) {
    if (!in_group()) Admit();
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(client_.get(), PollMs()));
    if (message != nullptr) Handle(*message);
    const base::Duration now = clock_.Monotonic();
    if (message == nullptr || now >= housekeep_at_) {
      housekeep_at_ = now + kHousekeepingPause;
      Housekeep();
    }
  }
}

// A message goes to all that read its topic, decoded once.
void KafkaReader::Handle(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return HandleError(message);
  const char* topic = rd_kafka_topic_name(message.rkt);
  std::optional<KafkaInbox::Incoming> incoming;
  bool full = false;
  for (const auto& reading : readings_) {
    if (!reading->awake() || reading->topic_name() != topic) continue;
    if (!incoming) incoming = reading->Read(message);
    reading->inbox()->Push(*incoming);
    full |= reading->inbox()->Full();
  }
  if (full && !paused_.contains(topic)) Throttle();
}

void KafkaReader::HandleError(const rd_kafka_message_t& message) {
  const std::string text =
      absl::StrCat(KafkaErrorText(message.err), ": ", rd_kafka_message_errstr(&message));
  const std::string topic = message.rkt != nullptr ? rd_kafka_topic_name(message.rkt) : "";
  Readings concerned;
  for (const auto& reading : readings_) {
    if (reading->topic_name() == topic) concerned.push_back(reading);
  }
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      if (concerned.empty()) break;
      return PlaceAgain(concerned, static_cast<uint32_t>(message.partition));
    case RD_KAFKA_RESP_ERR__FATAL:
      broken_ = true;
      break;
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      broken_ = true;
      SetConnection(absl::UnavailableError(text));
      break;
    case RD_KAFKA_RESP_ERR__BAD_MSG:  // a checksum: the client would go on behind the batch
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      if (concerned.empty()) break;
      // Looked at anew, with its topic, after a pause; the other topics go on.
      for (const auto& reading : concerned) {
        reading->inbox()->SetConnection(absl::UnavailableError(text));
        if (!in_group()) reading->Lost();
      }
      if (in_group()) {
        broken_ = true;
      } else {
        begin_at_ = clock_.Monotonic() + kRetryPause;
        AssignAll();
      }
      break;
    default:
      break;
  }
  Tell(KafkaNotice::Severity::kWarning, "consumer_error", text);
}

void KafkaReader::Housekeep() {
  const base::Duration now = clock_.Monotonic();
  const bool ends = now >= ends_at_;
  if (ends) ends_at_ = now + kEndsPause;
  Throttle();
  for (const auto& reading : readings_) {
    if (ends) reading->LookAtEnds(client_.get());
  }
  CollectCommit(base::Duration(0));
  if (now >= commit_at_ && !committing_) {
    commit_at_ = now + kCommitPause;
    Commit(/*all=*/false);
  }
  if (unreachable_ && now >= probe_at_) Probe();
  for (const auto& reading : readings_) {
    if (const absl::Status status = reading->ServeHalts(); !status.ok()) {
      Tell(KafkaNotice::Severity::kError, "halt_not_recorded", std::string(status.message()));
      Rest(kRetryPause);
    }
  }
}

// After "all brokers are down": says when one answers again.
void KafkaReader::Probe() {
  probe_at_ = clock_.Monotonic() + kProbePause;
  if (!KafkaTopicsOf(client_.get(), options_.cluster.brokers).ok()) return;
  unreachable_ = false;
  for (const auto& reading : readings_) {
    if (reading->reading()) reading->inbox()->SetConnection(absl::OkStatus());
  }
}

// --- the end of a client -----------------------------------------------------------------

void KafkaReader::Shut() {
  if (client_ == nullptr) return;
  CollectCommit(kCommitLimit);
  Commit(/*all=*/false);
  const bool answered = CollectCommit(kCommitLimit);
  const bool closed = !in_group() || (answered && !unreachable_ && CloseGroup());
  if (in_group() && readings_.front()->reading()) {
    std::vector<uint32_t> partitions;
    for (const Position& start : readings_.front()->Starts()) partitions.push_back(start.partition);
    readings_.front()->Revoke(partitions);
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
void KafkaReader::Abandon() {
  Tell(KafkaNotice::Severity::kWarning, "consumer_abandoned",
       absl::StrCat(readings_.front()->topic_name(),
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
bool KafkaReader::CloseGroup() {
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

void KafkaReader::OnError(rd_kafka_t*, int error, const char* reason, void* self) {
  KafkaReader& reader = Of(self);
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  const std::string text = absl::StrCat(rd_kafka_err2name(code), ": ", reason);
  if (code == RD_KAFKA_RESP_ERR__FATAL) reader.broken_ = true;
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    reader.unreachable_ = true;
    reader.SetConnection(absl::UnavailableError(absl::StrCat(
        "no Kafka broker of ", reader.options_.cluster.brokers, " answers (", text, ")")));
  }
  reader.Tell(KafkaNotice::Severity::kWarning, "consumer_error", text);
}

int KafkaReader::OnStatistics(rd_kafka_t* client, char* json, size_t size, void* self) {
  const KafkaReaderOptions& options = Of(self).options_;
  if (options.statistics) options.statistics(rd_kafka_name(client), {json, size});
  return 0;
}

void KafkaReader::OnLog(const rd_kafka_t* client, int level, const char* facility,
                        const char* text) {
  constexpr int kError = 3, kWarning = 4;  // syslog's
  if (level > kWarning || std::string_view(facility) == "CONFWARN") return;
  static_cast<Opaque*>(rd_kafka_opaque(client))
      ->log.Tell(level <= kError ? KafkaNotice::Severity::kError : KafkaNotice::Severity::kWarning,
                 "consumer_log", absl::StrCat(facility, ": ", text));
}

}  // namespace gannet::bus
