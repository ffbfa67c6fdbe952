#include "libs/bus/kafka_tap.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/bus/kafka_client.h"

namespace gannet::bus {
namespace {

using std::chrono::milliseconds;

constexpr base::Duration kRetryPause = milliseconds(500);
constexpr base::Duration kLagPause = std::chrono::seconds(1);

std::optional<std::string> BytesOf(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

void CopyHeaders(const rd_kafka_message_t& message, TapMessage& out) {
  rd_kafka_headers_t* raw = nullptr;
  if (rd_kafka_message_headers(&message, &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(raw, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    out.headers.emplace_back(name, BytesOf(value, size));
}

class KafkaTap final : public Tap {
 public:
  KafkaTap(base::Executor& executor, const base::Clock& clock, KafkaTapOptions options,
           std::vector<TapTopic> topics, const std::vector<TapPlace>& places, OnBatch on_batch)
      : executor_(executor),
        clock_(clock),
        options_(std::move(options)),
        topics_(std::move(topics)),
        on_batch_(std::make_shared<OnBatch>(std::move(on_batch))) {
    for (const TapTopic& topic : topics_) {
      for (uint32_t partition = 0; partition < topic.partitions; ++partition)
        next_[{topic.name, partition}] = 0;
    }
    for (const TapPlace& place : places) next_[{place.topic, place.partition}] = place.next;
    thread_ = std::thread([this] { Run(); });
  }

  ~KafkaTap() override {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Done(size_t bytes) override {
    {
      std::lock_guard lock(mutex_);
      in_flight_ -= std::min(in_flight_, bytes);
    }
    changed_.notify_all();
  }
  absl::Status health() const override {
    std::lock_guard lock(mutex_);
    return health_;
  }
  uint64_t lag() const override { return lag_; }

 private:
  using Place = std::pair<std::string, uint32_t>;  // topic, partition

  std::string NameOnKafka(const std::string& topic) const { return options_.prefix + topic; }
  bool Stopping() const {
    std::lock_guard lock(mutex_);
    return stop_;
  }
  void SetHealth(absl::Status status) {
    std::lock_guard lock(mutex_);
    health_ = std::move(status);
  }

  void Run() {
    while (!Stopping()) {
      if (const absl::Status status = Open(); status.ok()) {
        SetHealth(absl::OkStatus());
        Serve();
      } else {
        SetHealth(status);
      }
      client_.reset();
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kRetryPause, [this] { return stop_; });
    }
  }

  absl::Status Open() {
    const std::string id = absl::StrCat(options_.client_id, "-", ++clients_);
    GANNET_ASSIGN_OR_RETURN(
        KafkaOwned<rd_kafka_conf_t> conf,
        MakeKafkaConf(KafkaRole::kArchiveConsumer, options_.cluster, id, /*group=*/id));
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_error_cb(conf.get(), &OnError);
    rd_kafka_conf_set_log_cb(conf.get(), &OnLog);
    GANNET_ASSIGN_OR_RETURN(client_, MakeKafkaConsumer(std::move(conf)));
    GANNET_ASSIGN_OR_RETURN(const KafkaTopics there,
                            KafkaTopicsOf(client_.get(), options_.cluster.brokers));
    for (const TapTopic& topic : topics_) {
      GANNET_RETURN_IF_ERROR(CheckKafkaTopic(there, NameOnKafka(topic.name), topic.partitions,
                                             options_.cluster.brokers));
    }
    char* cluster = rd_kafka_clusterid(client_.get(), kKafkaCallMs);
    if (cluster == nullptr)
      return absl::UnavailableError("Kafka does not say which cluster it is; it is asked again");
    batch_ = {.cluster = cluster};
    rd_kafka_mem_free(client_.get(), cluster);
    GANNET_RETURN_IF_ERROR(Assign());
    broken_ = false;
    HandOver();
    return absl::OkStatus();
  }

  absl::Status Assign() {
    const KafkaOwned<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(next_.size())));
    std::vector<KafkaPlace> wanted;
    for (const auto& [place, next] : next_)
      wanted.emplace_back(NameOnKafka(place.first), place.second);
    GANNET_ASSIGN_OR_RETURN(const KafkaExtents extents, KafkaExtentsOf(client_.get(), wanted));
    std::map<Place, uint64_t> from;
    for (const auto& [place, next] : next_) {
      const std::string name = NameOnKafka(place.first);
      const KafkaExtent& extent = extents.at({name, place.second});
      const bool there = next >= extent.begin && next <= extent.end;
      // Beyond the end the offsets began anew: all that is there now was never read.
      const uint64_t start = there ? next : extent.begin;
      if (!there) batch_.moves.push_back({place.first, place.second, next, start});
      from[place] = start;
      rd_kafka_topic_partition_list_add(list.get(), name.c_str(),
                                        static_cast<int32_t>(place.second))
          ->offset = static_cast<int64_t>(start);
    }
    const rd_kafka_resp_err_t error = rd_kafka_assign(client_.get(), list.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return absl::UnavailableError(absl::StrCat("assign: ", KafkaErrorText(error)));
    next_ = std::move(from);
    return absl::OkStatus();
  }

  void Serve() {
    while (!broken_ && !Stopping()) {
      const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(
          client_.get(), static_cast<int>(options_.max_wait / milliseconds(1))));
      const base::Duration now = clock_.Monotonic();
      if (message != nullptr) {
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
          Take(*message, now);
        } else {
          HandleError(*message);
        }
      }
      const bool ripe = message == nullptr || now - batch_began_ >= options_.max_wait ||
                        batch_.bytes >= options_.max_batch_bytes;
      if (ripe && !batch_.messages.empty()) HandOver();
      if (now >= lag_at_) Measure(now);
    }
    if (!batch_.messages.empty()) HandOver();
  }

  void Take(const rd_kafka_message_t& message, base::Duration now) {
    TapMessage taken;
    taken.topic = std::string(rd_kafka_topic_name(message.rkt)).substr(options_.prefix.size());
    taken.partition = static_cast<uint32_t>(message.partition);
    taken.offset = static_cast<uint64_t>(message.offset);
    rd_kafka_timestamp_type_t type{};
    taken.timestamp_ms = rd_kafka_message_timestamp(&message, &type);
    if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) taken.timestamp_ms = -1;
    taken.key = BytesOf(message.key, message.key_len);
    taken.payload = BytesOf(message.payload, message.len);
    CopyHeaders(message, taken);
    next_[{taken.topic, taken.partition}] = taken.offset + 1;
    if (batch_.messages.empty()) batch_began_ = now;
    batch_.bytes += taken.bytes();
    batch_.messages.push_back(std::move(taken));
  }

  void HandleError(const rd_kafka_message_t& message) {
    const std::string text =
        absl::StrCat(KafkaErrorText(message.err), ": ", rd_kafka_message_errstr(&message));
    Tell(KafkaNotice::Severity::kWarning, "tap_error", text);
    switch (message.err) {
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:  // Kafka has forgotten what comes next
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      case RD_KAFKA_RESP_ERR__BAD_MSG:  // a checksum: the client would go on behind the batch
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR__FATAL:
        SetHealth(absl::UnavailableError(text));
        broken_ = true;  // everything is looked at anew
        break;
      default:
        break;
    }
  }

  // Waits while as much as may be is not dealt with yet.
  void HandOver() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
      return stop_ || in_flight_ == 0 || in_flight_ + batch_.bytes <= options_.max_in_flight_bytes;
    });
    if (stop_) return;
    in_flight_ += batch_.bytes;
    lock.unlock();
    executor_.Post([batch = std::exchange(batch_, {}),
                    on_batch = std::weak_ptr<OnBatch>(on_batch_)]() mutable {
      if (const auto handler = on_batch.lock()) (*handler)(std::move(batch));
    });
  }

  void Measure(base::Duration now) {
    lag_at_ = now + kLagPause;
    uint64_t lag = 0;
    for (const auto& [place, next] : next_) {
      int64_t begin = 0, end = 0;
      if (rd_kafka_get_watermark_offsets(client_.get(), NameOnKafka(place.first).c_str(),
                                         static_cast<int32_t>(place.second), &begin,
                                         &end) != RD_KAFKA_RESP_ERR_NO_ERROR)
        continue;
      const uint64_t there = end < 0 ? 0 : static_cast<uint64_t>(end);
      if (there > next) lag += there - next;
    }
    lag_ = lag;
    if (unreachable_ && KafkaTopicsOf(client_.get(), options_.cluster.brokers).ok()) {
      unreachable_ = false;
      SetHealth(absl::OkStatus());
    }
  }

  void Tell(KafkaNotice::Severity severity, std::string event, std::string text) const {
    if (!options_.notice) return;
    options_.notice({.severity = severity,
                     .client = options_.client_id,
                     .event = std::move(event),
                     .text = std::move(text)});
  }

  // Served by polling, on this tap's thread.
  static void OnError(rd_kafka_t*, int error, const char* reason, void* self) {
    auto& tap = *static_cast<KafkaTap*>(self);
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
    tap.unreachable_ = true;
    tap.SetHealth(absl::UnavailableError(
        absl::StrCat("no Kafka broker of ", tap.options_.cluster.brokers, " answers: ", reason,
                     "; reading goes on when one does")));
  }
  static void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text) {
    constexpr int kSyslogError = 3;
    if (level > kSyslogError) return;
    static_cast<const KafkaTap*>(rd_kafka_opaque(client))
        ->Tell(KafkaNotice::Severity::kWarning, "kafka_log", absl::StrCat(facility, ": ", text));
  }

  base::Executor& executor_;
  const base::Clock& clock_;
  const KafkaTapOptions options_;
  const std::vector<TapTopic> topics_;
  const std::shared_ptr<OnBatch> on_batch_;  // tasks that are queued hold it weakly

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;                                                           // under mutex_
  size_t in_flight_ = 0;                                                        // under mutex_
  absl::Status health_ = absl::UnavailableError("not connected to Kafka yet");  // under mutex_
  std::atomic<uint64_t> lag_{0};

  // Of the thread alone:
  KafkaReaderClient client_;
  std::map<Place, uint64_t> next_;
  TapBatch batch_;
  base::Duration batch_began_{0}, lag_at_{0};
  uint64_t clients_ = 0;
  bool broken_ = false, unreachable_ = false;

  std::thread thread_;  // last: it uses the rest
};

}  // namespace

std::unique_ptr<Tap> MakeKafkaTap(base::Executor& executor, const base::Clock& clock,
                                  KafkaTapOptions options, std::vector<TapTopic> topics,
                                  std::vector<TapPlace> places, Tap::OnBatch on_batch) {
  return std::make_unique<KafkaTap>(executor, clock, std::move(options), std::move(topics), places,
                                    std::move(on_batch));
}

}  // namespace gannet::bus
