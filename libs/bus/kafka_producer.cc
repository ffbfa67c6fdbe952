#include "libs/bus/kafka_producer.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/digest.h"
#include "libs/bus/kafka_client.h"
#include "libs/bus/kafka_conflator.h"

namespace gannet::bus {
namespace {

using std::chrono::milliseconds;

constexpr int kPollMs = 100;
constexpr int kMetadataTimeoutMs = 1'000;
constexpr base::Duration kVerifyPause = milliseconds(250);
constexpr base::Duration kRebuildFirst = milliseconds(50), kRebuildMost = std::chrono::seconds(5);
// A client that lived this long failed for a new reason.
constexpr base::Duration kSettled = std::chrono::seconds(30);
// Older than this without acknowledgement, an operator hears of it.
constexpr base::Duration kOverdue = std::chrono::seconds(5);
// Brokers forget an idle producer after a day (producer.id.expiration.ms).
constexpr base::Duration kForgotten = std::chrono::hours(1);
// Room within a message for what librdkafka and the protocol add.
constexpr size_t kOverheadBytes = 1'024;

}  // namespace

class KafkaProducer::Core {
 public:
  Core(const base::Clock& clock, KafkaProducerOptions options)
      : clock_(clock),
        options_(std::move(options)),
        lossy_(options_.role == KafkaRole::kTickProducer),
        // Client ids are unique in the cluster, and differ at each start.
        producer_(base::Sha256First64(options_.client_id)),
        conflator_(options_.max_conflated_keys),
        thread_([this] { Run(); }) {}

  ~Core() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
      Wake();
    }
    stopping_.notify_all();
    thread_.join();
  }

  absl::Status Publish(KafkaRecord record, std::function<void()> kept);
  void WhenKept(std::function<void()> done);
  bool Flush(base::Duration limit);
  KafkaProducerStats Stats() const;
  uint64_t KeptEnd(const std::string& topic, uint32_t partition) const;
  absl::Status Health() const;
  void FailForTest();

 private:
  struct Entry {
    KafkaRecord record;
    std::function<void()> kept;
    base::Duration accepted{0};
    uint64_t gap = 0;
  };
  struct Topic {
    KafkaOwned<rd_kafka_topic_t> handle;  // null: not yet seen with the right partitions
  };
  // What the brokers know of this client in one partition. A broker that knows nothing
  // of a producer takes its first message whatever its sequence number; were two under
  // way and the first refused for a moment (a leader that is being elected), the second
  // would be written, and the first, sent again, taken for a duplicate: lost, and
  // reported as delivered. So the first one travels alone.
  struct Lane {
    bool known = false;
    uint32_t in_flight = 0;
    base::Duration last_kept{0};
    uint64_t kept_end = 0;
  };

  void Run();
  bool Build();
  void Rebuild();
  void Verify();
  void Accept(KafkaRecord record, std::function<void()> kept);
  void SendUnsent();
  bool Unverified() const;
  bool Send(uint64_t sequence, const Entry& entry);
  void Unconflate();
  bool Full(size_t more) const;
  void Forget(std::map<uint64_t, Entry>::iterator entry, std::vector<std::function<void()>>& calls);
  void Delivered(const rd_kafka_message_t& message);
  void Failed(rd_kafka_resp_err_t error, std::string_view what);
  void Wake();
  void Tell(KafkaNotice::Severity severity, std::string event, std::string text) const;

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);
  static void OnError(rd_kafka_t* client, int error, const char* reason, void* self);
  static int OnStatistics(rd_kafka_t* client, char* json, size_t size, void* self);
  static void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text);

  const base::Clock& clock_;
  const KafkaProducerOptions options_;
  const bool lossy_;
  const uint64_t producer_;

  mutable std::mutex mutex_;  // of everything below
  std::condition_variable drained_, stopping_;
  bool stop_ = false;
  bool failed_ = false;            // the client must be replaced
  bool ready_ = false;             // client_ may be used
  KafkaOwned<rd_kafka_t> client_;  // made and destroyed on the thread
  KafkaOwned<rd_kafka_queue_t> queue_;
  std::map<std::string, Topic, std::less<>> topics_;
  std::map<std::pair<std::string, uint32_t>, Lane> lanes_;
  std::map<uint64_t, Entry> outstanding_;  // by sequence: accepted, not acknowledged
  std::deque<uint64_t> unsent_;            // those of them not handed to the client
  std::deque<std::pair<uint64_t, std::function<void()>>> waiters_;
  size_t outstanding_bytes_ = 0;
  KafkaConflator conflator_;
  std::map<std::pair<std::string, uint32_t>, uint64_t> numbers_;  // of ticks, by partition
  KafkaProducerStats stats_;
  absl::Status trouble_;
  base::Duration verify_at_{0};
  uint64_t clients_ = 0;
  base::Duration built_{0};
  base::Duration rebuild_pause_ = kRebuildFirst;

  std::thread thread_;  // last: it uses the rest
};

absl::Status KafkaProducer::Core::Publish(KafkaRecord record, std::function<void()> kept) {
  const size_t bytes = record.bytes();
  if (bytes + kOverheadBytes > size_t{kMaxKafkaMessageBytes}) {
    return absl::InvalidArgumentError(
        absl::StrCat(record.topic, ": a message of ", bytes, " bytes is above the limit of ",
                     kMaxKafkaMessageBytes, "; publish less in one event"));
  }
  std::lock_guard lock(mutex_);
  if (lossy_) {
    // Now: what is left out from here on leaves a hole, and nothing overtakes in a partition.
    record.headers.emplace_back(
        header::kNumber,
        market::FormatEventId({producer_, ++numbers_[{record.topic, record.partition}]}));
  }
  if (lossy_ && (!conflator_.empty() || Full(bytes))) {
    conflator_.Put(std::move(record));
    return absl::OkStatus();
  }
  if (Full(bytes)) {
    ++stats_.refused;
    return absl::ResourceExhaustedError(absl::StrCat(
        record.topic, ": Kafka has not yet taken ", outstanding_.size(), " messages (",
        outstanding_bytes_, " bytes), the limit; publish again later, and look at the brokers"));
  }
  Accept(std::move(record), std::move(kept));
  return absl::OkStatus();
}

bool KafkaProducer::Core::Full(size_t more) const {
  return outstanding_.size() >= options_.max_messages ||
         (!outstanding_.empty() && outstanding_bytes_ + more > options_.max_bytes);
}

void KafkaProducer::Core::Accept(KafkaRecord record, std::function<void()> kept) {
  const uint64_t sequence = ++stats_.accepted;
  outstanding_bytes_ += record.bytes();
  Entry& entry = outstanding_[sequence];
  entry.record = std::move(record);
  entry.kept = std::move(kept);
  entry.accepted = clock_.Monotonic();
  if (lossy_) entry.gap = conflator_.TakeGap(entry.record.topic, entry.record.partition);
  if (unsent_.empty() && Send(sequence, entry)) return;
  unsent_.push_back(sequence);
  Wake();
}

// Hands one message to the client. False: it cannot take it now.
bool KafkaProducer::Core::Send(uint64_t sequence, const Entry& entry) {
  if (!ready_ || failed_) return false;
  const auto topic = topics_.find(entry.record.topic);
  if (topic == topics_.end() || topic->second.handle == nullptr) return false;
  Lane& lane = lanes_[{entry.record.topic, entry.record.partition}];
  if (lane.in_flight == 0 && clock_.Monotonic() - lane.last_kept > kForgotten) lane.known = false;
  if (!lossy_ && !lane.known && lane.in_flight > 0) return false;
  std::string why;
  const rd_kafka_resp_err_t error =
      KafkaProduce(client_.get(), topic->second.handle.get(), entry.record, entry.gap,
                   reinterpret_cast<void*>(sequence), why);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++lane.in_flight;
    return true;
  }
  if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) Failed(error, why);
  return false;
}

void KafkaProducer::Core::SendUnsent() {
  // A partition that waits does not hold up the others; within it nothing overtakes.
  std::deque<uint64_t> left;
  std::set<std::pair<std::string_view, uint32_t>> stuck;
  for (const uint64_t sequence : unsent_) {
    const auto entry = outstanding_.find(sequence);
    if (entry == outstanding_.end()) continue;
    const KafkaRecord& record = entry->second.record;
    if (stuck.contains({record.topic, record.partition}) || !Send(sequence, entry->second)) {
      stuck.insert({record.topic, record.partition});
      left.push_back(sequence);
    }
  }
  unsent_ = std::move(left);
}

bool KafkaProducer::Core::Unverified() const {
  return std::any_of(unsent_.begin(), unsent_.end(), [this](uint64_t sequence) {
    const auto entry = outstanding_.find(sequence);
    if (entry == outstanding_.end()) return false;
    const auto topic = topics_.find(entry->second.record.topic);
    return topic == topics_.end() || topic->second.handle == nullptr;
  });
}

void KafkaProducer::Core::Unconflate() {
  while (!conflator_.empty() && outstanding_.size() < options_.max_messages / 2 + 1) {
    Accept(*conflator_.Take(), nullptr);
  }
}

void KafkaProducer::Core::WhenKept(std::function<void()> done) {
  {
    std::lock_guard lock(mutex_);
    if (!outstanding_.empty()) {
      waiters_.emplace_back(stats_.accepted, std::move(done));
      return;
    }
  }
  done();
}

bool KafkaProducer::Core::Flush(base::Duration limit) {
  std::unique_lock lock(mutex_);
  return drained_.wait_for(lock, limit,
                           [this] { return outstanding_.empty() && conflator_.empty(); });
}

uint64_t KafkaProducer::Core::KeptEnd(const std::string& topic, uint32_t partition) const {
  std::lock_guard lock(mutex_);
  const auto lane = lanes_.find({topic, partition});
  return lane == lanes_.end() ? 0 : lane->second.kept_end;
}

KafkaProducerStats KafkaProducer::Core::Stats() const {
  std::lock_guard lock(mutex_);
  KafkaProducerStats stats = stats_;
  stats.outstanding = outstanding_.size();
  stats.conflating = conflator_.size();
  stats.conflated = conflator_.left_out();
  if (!outstanding_.empty()) {
    stats.oldest = clock_.Monotonic() - outstanding_.begin()->second.accepted;
  }
  return stats;
}

absl::Status KafkaProducer::Core::Health() const {
  std::lock_guard lock(mutex_);
  if (!trouble_.ok() || outstanding_.empty()) return trouble_;
  const base::Duration oldest = clock_.Monotonic() - outstanding_.begin()->second.accepted;
  if (oldest < kOverdue) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(options_.client_id, ": the brokers have not acknowledged ", outstanding_.size(),
                   " messages, the oldest for ", oldest / milliseconds(1), " ms; look at ",
                   options_.cluster.brokers));
}

void KafkaProducer::Core::FailForTest() {
  std::lock_guard lock(mutex_);
  GANNET_CHECK(ready_, "a client that runs can fail");
  rd_kafka_test_fatal_error(client_.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test");
}

// --- the thread ---------------------------------------------------------------------

void KafkaProducer::Core::Run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (stop_) break;
    if (!ready_ && !Build()) {
      stopping_.wait_for(lock, kRebuildMost, [this] { return stop_; });
      continue;
    }
    rd_kafka_t* const client = client_.get();
    lock.unlock();
    rd_kafka_poll(client, kPollMs);
    lock.lock();
    if (failed_) {
      lock.unlock();
      Rebuild();
      continue;
    }
    if (lossy_) Unconflate();
    if (unsent_.empty()) continue;
    const base::Duration now = clock_.Monotonic();
    if (now >= verify_at_ && Unverified()) {
      lock.unlock();
      Verify();
      lock.lock();
      verify_at_ = clock_.Monotonic() + kVerifyPause;
    }
    SendUnsent();
  }
  // Served here one last time, so that nothing calls back later.
  std::unique_lock lock(mutex_);
  ready_ = false;
  topics_.clear();
  queue_.reset();
  const KafkaOwned<rd_kafka_t> last = std::move(client_);
  lock.unlock();
  if (last == nullptr) return;
  rd_kafka_purge(last.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(last.get(), kMetadataTimeoutMs);
}

// Under the lock.
bool KafkaProducer::Core::Build() {
  const std::string id = absl::StrCat(options_.client_id, "-", ++clients_);
  auto conf = MakeKafkaConf(options_.role, options_.cluster, id);
  if (!conf.ok()) {
    trouble_ = conf.status();
    return false;
  }
  if (options_.delivery_limit) {
    const std::string limit =
        std::to_string(*options_.delivery_limit / std::chrono::milliseconds(1));
    GANNET_CHECK(rd_kafka_conf_set(conf->get(), "message.timeout.ms", limit.c_str(), nullptr, 0) ==
                     RD_KAFKA_CONF_OK,
                 "librdkafka knows message.timeout.ms");
  }
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf->get(), &OnDelivery);
  rd_kafka_conf_set_error_cb(conf->get(), &OnError);
  rd_kafka_conf_set_stats_cb(conf->get(), &OnStatistics);
  rd_kafka_conf_set_log_cb(conf->get(), &OnLog);
  std::array<char, 512> why{};
  client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf->get(), why.data(), why.size()));
  if (client_ == nullptr) {
    trouble_ = absl::UnavailableError(absl::StrCat(id, ": ", why.data()));
    return false;
  }
  conf->release();  // the client's now
  queue_.reset(rd_kafka_queue_get_main(client_.get()));
  ready_ = true;
  failed_ = false;
  trouble_ = absl::OkStatus();
  built_ = clock_.Monotonic();
  verify_at_ = {};
  lanes_.clear();
  unsent_.clear();
  for (const auto& [sequence, entry] : outstanding_) unsent_.push_back(sequence);
  return true;
}

void KafkaProducer::Core::Rebuild() {
  std::unique_lock lock(mutex_);
  ready_ = false;
  topics_.clear();
  queue_.reset();
  KafkaOwned<rd_kafka_t> old = std::move(client_);
  const base::Duration lived = clock_.Monotonic() - built_;
  rebuild_pause_ = lived > kSettled ? kRebuildFirst : std::min(2 * rebuild_pause_, kRebuildMost);
  lock.unlock();
  // What the brokers have acknowledged by now need not be sent again.
  rd_kafka_purge(old.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(old.get(), kMetadataTimeoutMs);
  old.reset();
  lock.lock();
  stopping_.wait_for(lock, rebuild_pause_, [this] { return stop_; });
  if (stop_) return;
  ++stats_.rebuilds;
  stats_.resent += outstanding_.size();
  const size_t resent = outstanding_.size();
  lock.unlock();
  Tell(KafkaNotice::Severity::kWarning, "producer_rebuilt",
       absl::StrCat("a new client takes over ", resent, " messages"));
}

// Looks whether the topics that wait exist, with the partitions they must have: a
// message in the wrong partition is lost to its shard.
void KafkaProducer::Core::Verify() {
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(client_.get(), 1, nullptr, &found, kMetadataTimeoutMs);
  const KafkaOwned<const rd_kafka_metadata_t> metadata(found);
  std::lock_guard lock(mutex_);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    trouble_ = absl::UnavailableError(absl::StrCat(options_.client_id, ": no broker of ",
                                                   options_.cluster.brokers,
                                                   " answers: ", KafkaErrorText(error)));
    return;
  }
  trouble_ = absl::OkStatus();
  for (const uint64_t sequence : unsent_) {
    const auto waiting = outstanding_.find(sequence);
    if (waiting == outstanding_.end()) continue;
    const KafkaRecord& record = waiting->second.record;
    Topic& topic = topics_[record.topic];
    if (topic.handle != nullptr) continue;
    uint32_t partitions = 0;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const rd_kafka_metadata_topic_t& one = metadata->topics[i];
      if (record.topic == one.topic) partitions = static_cast<uint32_t>(one.partition_cnt);
    }
    if (partitions == record.partitions) {
      topic.handle.reset(rd_kafka_topic_new(client_.get(), record.topic.c_str(), nullptr));
      continue;
    }
    trouble_ = absl::FailedPreconditionError(absl::StrCat(
        "Kafka topic ", record.topic,
        partitions == 0
            ? " does not exist"
            : absl::StrCat(" has ", partitions, " partitions instead of ", record.partitions),
        "; run gannet topics plan --brokers ", options_.cluster.brokers));
  }
}

void KafkaProducer::Core::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  static_cast<Core*>(self)->Delivered(*message);
}

void KafkaProducer::Core::Delivered(const rd_kafka_message_t& message) {
  std::vector<std::function<void()>> calls;
  {
    std::lock_guard lock(mutex_);
    const auto entry = outstanding_.find(reinterpret_cast<uint64_t>(message._private));
    if (entry == outstanding_.end()) return;
    Lane& lane = lanes_[{entry->second.record.topic, entry->second.record.partition}];
    if (lane.in_flight > 0) --lane.in_flight;
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      lane.known = true;
      lane.last_kept = clock_.Monotonic();
      if (message.offset >= 0)
        lane.kept_end = std::max(lane.kept_end, static_cast<uint64_t>(message.offset) + 1);
      ++stats_.kept;
      Forget(entry, calls);
    } else if (lossy_ && ready_) {
      const KafkaRecord& record = entry->second.record;
      conflator_.AddGap(record.topic, record.partition, entry->second.gap + 1);
      Forget(entry, calls);
    } else if (ready_) {
      Failed(message.err, rd_kafka_err2str(message.err));
    }
  }
  for (const std::function<void()>& call : calls) call();
}

// Under the lock.
void KafkaProducer::Core::Forget(std::map<uint64_t, Entry>::iterator entry,
                                 std::vector<std::function<void()>>& calls) {
  outstanding_bytes_ -= entry->second.record.bytes();
  if (entry->second.kept) calls.push_back(std::move(entry->second.kept));
  outstanding_.erase(entry);
  const uint64_t first = outstanding_.empty() ? UINT64_MAX : outstanding_.begin()->first;
  while (!waiters_.empty() && waiters_.front().first < first) {
    calls.push_back(std::move(waiters_.front().second));
    waiters_.pop_front();
  }
  if (outstanding_.empty()) drained_.notify_all();
}

// Under the lock. Whatever went wrong with a message, the ones behind it must not
// overtake it: the client is replaced and all are sent again.
void KafkaProducer::Core::Failed(rd_kafka_resp_err_t error, std::string_view what) {
  if (failed_) return;
  failed_ = true;
  trouble_ =
      absl::UnavailableError(absl::StrCat(options_.client_id, ": ", rd_kafka_err2name(error), " (",
                                          std::string(what), "); the producer is being rebuilt"));
  Tell(KafkaNotice::Severity::kWarning, "producer_failed", std::string(trouble_.message()));
}

void KafkaProducer::Core::OnError(rd_kafka_t* client, int error, const char* reason, void* self) {
  Core& core = *static_cast<Core*>(self);
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    std::array<char, 512> why{};
    const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(client, why.data(), why.size());
    std::lock_guard lock(core.mutex_);
    if (core.ready_) core.Failed(cause, why.data());
    return;
  }
  core.Tell(KafkaNotice::Severity::kWarning, "producer_error",
            absl::StrCat(rd_kafka_err2name(code), ": ", reason));
}

int KafkaProducer::Core::OnStatistics(rd_kafka_t* client, char* json, size_t size, void* self) {
  const KafkaProducerOptions& options = static_cast<Core*>(self)->options_;
  if (options.statistics) options.statistics(rd_kafka_name(client), {json, size});
  return 0;
}

void KafkaProducer::Core::OnLog(const rd_kafka_t* client, int level, const char* facility,
                                const char* text) {
  constexpr int kError = 3, kWarning = 4;  // syslog's
  if (level > kWarning || std::string_view(facility) == "CONFWARN") return;
  const Core& core = *static_cast<const Core*>(rd_kafka_opaque(client));
  core.Tell(level <= kError ? KafkaNotice::Severity::kError : KafkaNotice::Severity::kWarning,
            "producer_log", absl::StrCat(facility, ": ", text));
}

void KafkaProducer::Core::Tell(KafkaNotice::Severity severity, std::string event,
                               std::string text) const {
  if (!options_.notice) return;
  options_.notice({.severity = severity,
                   .client = options_.client_id,
                   .event = std::move(event),
                   .text = std::move(text)});
}

// Under the lock.
void KafkaProducer::Core::Wake() {
  if (queue_ != nullptr) rd_kafka_queue_yield(queue_.get());
}

// --- the outside --------------------------------------------------------------------

KafkaProducer::KafkaProducer(const base::Clock& clock, KafkaProducerOptions options)
    : core_(std::make_unique<Core>(clock, std::move(options))) {}
KafkaProducer::~KafkaProducer() = default;

absl::Status KafkaProducer::Publish(KafkaRecord record, std::function<void()> kept) {
  return core_->Publish(std::move(record), std::move(kept));
}
void KafkaProducer::WhenKept(std::function<void()> done) { core_->WhenKept(std::move(done)); }
bool KafkaProducer::Flush(base::Duration limit) { return core_->Flush(limit); }
KafkaProducerStats KafkaProducer::stats() const { return core_->Stats(); }
uint64_t KafkaProducer::KeptEnd(const std::string& topic, uint32_t partition) const {
  return core_->KeptEnd(topic, partition);
}
absl::Status KafkaProducer::health() const { return core_->Health(); }
void KafkaProducer::FailForTest() { core_->FailForTest(); }

}  // namespace gannet::bus
