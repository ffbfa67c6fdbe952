#include "libs/bus/kafka_bus.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/check.h"
#include "libs/base/status.h"
#include "libs/bus/kafka_admin.h"
#include "libs/bus/kafka_dead_letter.h"

namespace gannet::bus {
namespace {

KafkaProducerOptions ProducerOptions(const KafkaBusOptions& options, KafkaRole role,
                                     const std::string& client_id) {
  const bool ticks = role == KafkaRole::kTickProducer;
  return {.role = role,
          .cluster = options.cluster,
          .client_id = client_id,
          .max_messages = ticks ? options.max_ticks : options.max_events,
          .max_bytes = ticks ? options.max_tick_bytes : options.max_event_bytes,
          .max_conflated_keys = options.max_conflated_keys,
          .delivery_limit = ticks ? options.tick_limit : std::nullopt,
          .notice = options.notice,
          .statistics = options.statistics};
}

}  // namespace

class KafkaBus::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(base::Executor& executor, const base::Clock& clock, KafkaBusOptions options)
      : executor_(executor),
        clock_(clock),
        options_(std::move(options)),
        ticks_(clock, ProducerOptions(options_, KafkaRole::kTickProducer, ClientId("ticks"))),
        events_(clock, ProducerOptions(options_, KafkaRole::kEventProducer, ClientId("events"))) {}

  absl::Status Publish(const TopicInfo& topic, const void* event);
  std::shared_ptr<KafkaConsumer> Subscribe(const TopicInfo& topic, SubscribeOptions options,
                                           RawHandler handler);
  void WhenKept(std::function<void()> done);
  void ResolveHalted(const TopicInfo& topic, Position position, ResolutionOrder order,
                     base::Executor& background, std::function<void(const absl::Status&)> done);
  void Flush();
  absl::StatusOr<std::optional<KafkaFact>> NewestFact(uint64_t stream) const {
    return NewestKafkaFact(options_.cluster, ClientId("newest"), options_.prefix, stream);
  }
  void HoldFacts(bool hold) { hold_facts_ = hold; }
  void Close();
  KafkaBusStats Stats() const;
  absl::Status Health() const;
  std::map<std::string, uint64_t> Counters() const;
  std::vector<View> Views() const;
  KafkaProducer& events() { return events_; }
  const KafkaProducer& ticks() const { return ticks_; }

 private:
  // Unique in the cluster: the process, the use, and the bits of this start.
  std::string ClientId(std::string_view use) const {
    return absl::StrFormat("%s-%s-%08x", options_.client, std::string(use),
                           static_cast<uint32_t>(options_.random ^ options_.random >> 32));
  }
  uint32_t PartitionsOf(const TopicInfo& topic) const {
    return options_.partitions.value_or(topic.partitions);
  }
  std::shared_ptr<KafkaReader> ReaderFor(const TopicInfo& topic, const std::string& group);
  absl::Status LeaveOut(const TopicInfo& topic, const void* event, const absl::Status& why);
  absl::Status PutAsideNow(const TopicInfo& topic, const DeadLetter& letter,
                           std::function<void()> kept);
  template <class Function>
  void ForEachConsumer(Function function) const {
    for (const std::weak_ptr<KafkaConsumer>& weak : consumers_) {
      if (const auto consumer = weak.lock()) function(*consumer);
    }
  }

  base::Executor& executor_;
  const base::Clock& clock_;
  const KafkaBusOptions options_;
  std::vector<std::weak_ptr<KafkaConsumer>> consumers_;
  std::vector<std::weak_ptr<KafkaReader>> readers_;
  uint64_t subscribed_ = 0, readers_made_ = 0;
  uint64_t left_out_ = 0;
  bool hold_facts_ = false;
  absl::Status missed_fact_;
  KafkaProducer ticks_;
  KafkaProducer events_;  // last: its thread uses the other one
};

absl::Status KafkaBus::Core::Publish(const TopicInfo& topic, const void* event) {
  if (hold_facts_ && topic.fact)
    return absl::ResourceExhaustedError("facts are held until Kafka says which ones it has");
  KafkaRecord record{.topic = options_.prefix + std::string(topic.name),
                     .partitions = PartitionsOf(topic),
                     .key = topic.key(event),
                     .payload = topic.encode(event),
                     .headers = HeadersOf(topic.header(event), 0)};
  record.partition = PartitionOf(topic, event, record.partitions);
  if (topic.delivery == Delivery::kConflate) return ticks_.Publish(std::move(record));
  // What does not come back, or not from where it lies, would be poison to every reader.
  const auto decoded = topic.decode(record.payload);
  absl::Status status = decoded.status();
  if (status.ok()) {
    record.key = topic.key(decoded->get());  // text that is not UTF-8 comes back as other text
    record.partition = PartitionOf(topic, decoded->get(), record.partitions);
    status = CheckRecord(topic, decoded->get(), {record.partition, record.partitions, record.key});
  }
  if (status.ok()) status = events_.Publish(std::move(record));
  return absl::IsInvalidArgument(status) ? LeaveOut(topic, event, status) : status;
}

// What can never be published must not hold up what comes after it. It is counted and
// told, and of a fact, which others now miss, health speaks until the process ends.
absl::Status KafkaBus::Core::LeaveOut(const TopicInfo& topic, const void* event,
                                      const absl::Status& why) {
  ++left_out_;
  const std::string text = absl::StrCat(
      "event ", topic.header(event).id.sequence, " of ", std::string(topic.name),
      " cannot be published: ", std::string(why.message()), "; its readers will not see it",
      topic.fact ? "; it is in the journal: report it, and restart" : "");
  if (options_.notice) {
    options_.notice({.severity = KafkaNotice::Severity::kError,
                     .client = options_.client,
                     .event = "event_left_out",
                     .text = text});
  }
  if (topic.fact) missed_fact_ = absl::FailedPreconditionError(text);
  return absl::OkStatus();
}

std::shared_ptr<KafkaConsumer> KafkaBus::Core::Subscribe(const TopicInfo& topic,
                                                         SubscribeOptions options,
                                                         RawHandler handler) {
  GANNET_CHECK(!options.group.empty() || options.start != Start::kGroup,
               "a subscription without a group says where it starts");
  GANNET_CHECK(options.partitions.empty() || options.start != Start::kGroup,
               "who names its partitions says where it starts");
  const uint32_t partitions = PartitionsOf(topic);
  for (const uint32_t partition : options.partitions) {
    GANNET_CHECK(partition < partitions, "a subscription names partitions of its topic");
  }
  for (const Position& position : options.at) {
    GANNET_CHECK(position.partition < partitions, "a position names a partition of its topic");
  }
  std::erase_if(consumers_, [](const auto& weak) { return weak.expired(); });
  const std::shared_ptr<KafkaReader> reader = ReaderFor(topic, options.group);
  KafkaInbox::Options inbox{
      .topic = &topic,
      .partitions = partitions,
      .subscribe = std::move(options),
      .handler = std::move(handler),
      .put_aside = [weak = weak_from_this(), &topic](const DeadLetter& letter,
                                                     std::function<void()> kept) -> absl::Status {
        const std::shared_ptr<Core> core = weak.lock();
        if (core == nullptr) return absl::CancelledError("the bus has ended");
        return core->PutAsideNow(topic, letter, std::move(kept));
      },
      .wake =
          [weak = std::weak_ptr(reader)] {
            if (const auto alive = weak.lock()) alive->Wake();
          }};
  KafkaReading::Options reading{.cluster = options_.cluster,
                                .topic_name = options_.prefix + std::string(topic.name),
                                .client_id = ClientId(absl::StrCat("read-", ++subscribed_)),
                                .tell = [raw = reader.get()](KafkaNotice::Severity severity,
                                                             std::string event, std::string text) {
                                  raw->Tell(severity, std::move(event), std::move(text));
                                }};
  auto made = std::make_shared<KafkaConsumer>(
      reader, std::make_shared<KafkaReading>(executor_, std::move(reading), std::move(inbox)));
  consumers_.push_back(made);
  return made;
}

// Subscriptions without a group share a reader, market data one and everything else
// another.
std::shared_ptr<KafkaReader> KafkaBus::Core::ReaderFor(const TopicInfo& topic,
                                                       const std::string& group) {
  const KafkaRole role =
      topic.delivery == Delivery::kConflate ? KafkaRole::kTickConsumer : KafkaRole::kEventConsumer;
  std::erase_if(readers_, [](const auto& weak) { return weak.expired(); });
  if (group.empty()) {
    for (const std::weak_ptr<KafkaReader>& weak : readers_) {
      const std::shared_ptr<KafkaReader> reader = weak.lock();
      if (reader != nullptr && reader->Takes(role)) return reader;
    }
  }
  auto made = std::make_shared<KafkaReader>(
      clock_, KafkaReaderOptions{.cluster = options_.cluster,
                                 .role = role,
                                 .group = group.empty() ? "" : options_.prefix + group,
                                 .client_id = ClientId(absl::StrCat("reader-", ++readers_made_)),
                                 .drain_limit = options_.drain_limit,
                                 .close_limit = options_.close_limit,
                                 .notice = options_.notice,
                                 .statistics = options_.statistics});
  readers_.push_back(made);
  return made;
}

void KafkaBus::Core::ResolveHalted(const TopicInfo& topic, Position position, ResolutionOrder order,
                                   base::Executor& background,
                                   std::function<void(const absl::Status&)> done) {
  if (!topic.order_shard || position.partition >= PartitionsOf(topic)) {
    return done(absl::NotFoundError(absl::StrCat(std::string(topic.name), " partition ",
                                                 position.partition, " never stands still")));
  }
  ResolutionRecord record{.group = std::move(order.group),
                          .resolution = order.resolution,
                          .person = std::move(order.person),
                          .reason = std::move(order.reason),
                          .at = clock_.Now()};
  background.Post([cluster = options_.cluster, client = ClientId("resolve"),
                   prefix = options_.prefix, &topic, position, record = std::move(record),
                   &executor = executor_, done = std::move(done)] {
    absl::Status status;
    if (auto admin = KafkaAdmin::Connect(cluster, client); admin.ok()) {
      status = ResolveHalt(**admin, prefix, topic, position, record);
    } else {
      status = admin.status();
    }
    executor.Post([done, status] { done(status); });
  });
}

absl::Status KafkaBus::Core::PutAsideNow(const TopicInfo& topic, const DeadLetter& letter,
                                         std::function<void()> kept) {
  if (options_.notice) {
    options_.notice({.severity = KafkaNotice::Severity::kError,
                     .client = options_.client,
                     .event = letter.halted ? "partition_halted" : "dead_letter",
                     .text = absl::StrCat(letter.topic, " partition ", letter.position.partition,
                                          " offset ", letter.position.offset, " after ",
                                          letter.attempts, " attempts: ", letter.error)});
  }
  return events_.Publish(RecordOfLetter(letter,
                                        absl::StrCat(options_.prefix, std::string(topic.name),
                                                     std::string(kDeadLetterSuffix)),
                                        PartitionsOf(topic)),
                         std::move(kept));
}

void KafkaBus::Core::WhenKept(std::function<void()> done) {
  // Each calls back on its own thread, which ends before this does.
  events_.WhenKept(
      [this, done = std::move(done)] { ticks_.WhenKept([this, done] { executor_.Post(done); }); });
}

void KafkaBus::Core::Flush() {
  if (!events_.Flush(options_.flush_limit) && options_.notice) {
    options_.notice({.severity = KafkaNotice::Severity::kError,
                     .client = options_.client,
                     .event = "flush_cut_short",
                     .text = std::string(events_.health().message())});
  }
  ticks_.Flush(options_.flush_limit);
}

void KafkaBus::Core::Close() {
  Flush();
  ForEachConsumer([](KafkaConsumer& consumer) { consumer.End(); });
}

KafkaBusStats KafkaBus::Core::Stats() const {
  KafkaBusStats stats{.events = events_.stats(), .ticks = ticks_.stats()};
  ForEachConsumer([&](const KafkaConsumer& consumer) {
    const KafkaConsumerStats one = consumer.consumer_stats();
    stats.consumers.commits += one.commits;
    stats.consumers.commit_failures += one.commit_failures;
    stats.consumers.rebalances += one.rebalances;
    stats.consumers.malformed_headers += one.malformed_headers;
    stats.consumers.abandoned += one.abandoned;
    ++stats.subscriptions;
  });
  return stats;
}

absl::Status KafkaBus::Core::Health() const {
  GANNET_RETURN_IF_ERROR(events_.health());
  GANNET_RETURN_IF_ERROR(ticks_.health());
  absl::Status status = missed_fact_;
  ForEachConsumer([&status](const KafkaConsumer& consumer) { status.Update(consumer.health()); });
  return status;
}

std::map<std::string, uint64_t> KafkaBus::Core::Counters() const {
  const KafkaBusStats stats = Stats();
  SubscriptionStats read;
  ForEachConsumer([&read](const KafkaConsumer& consumer) {
    const SubscriptionStats one = consumer.stats();
    read.delivered += one.delivered;
    read.skipped += one.skipped;
    read.redelivered += one.redelivered;
    read.duplicates += one.duplicates;
    read.dead_letters += one.dead_letters;
    read.lag += one.lag;
  });
  return {{"bus_read", read.delivered},
          {"bus_read_lag", read.lag},
          {"bus_read_skipped", read.skipped},
          {"bus_read_again", read.redelivered},
          {"bus_read_duplicates", read.duplicates},
          {"bus_dead_letters", read.dead_letters},
          {"bus_malformed_headers", stats.consumers.malformed_headers},
          {"bus_commit_failures", stats.consumers.commit_failures},
          {"bus_rebalances", stats.consumers.rebalances},
          {"bus_clients_abandoned", stats.consumers.abandoned},
          {"bus_written", stats.events.accepted + stats.ticks.accepted},
          {"bus_write_refused", stats.events.refused + stats.ticks.refused},
          {"bus_write_waiting", stats.events.outstanding + stats.ticks.outstanding},
          {"bus_write_conflated", stats.ticks.conflated},
          {"bus_write_left_out", left_out_},
          {"bus_write_rebuilds", stats.events.rebuilds + stats.ticks.rebuilds}};
}

std::vector<KafkaBus::View> KafkaBus::Core::Views() const {
  std::vector<View> views;
  ForEachConsumer([&](const KafkaConsumer& consumer) {
    views.push_back({.topic = consumer.reading().topic_name(),
                     .group = consumer.group(),
                     .in_group = consumer.reading().in_group(),
                     .inbox = consumer.view()});
  });
  return views;
}

// A consumer's handler may end its own subscription: the consumer outlives that call.
class KafkaBus::KafkaSubscription : public Subscription {
 public:
  explicit KafkaSubscription(std::shared_ptr<KafkaConsumer> consumer)
      : consumer_(std::move(consumer)) {}
  ~KafkaSubscription() override { consumer_->End(); }
  void Ack(Position position) override { consumer_->Ack(position); }
  void Reject(Position position, const absl::Status& why) override {
    consumer_->Reject(position, why);
  }
  SubscriptionStats stats() const override { return consumer_->stats(); }
  absl::Status health() const override { return consumer_->health(); }

 private:
  const std::shared_ptr<KafkaConsumer> consumer_;
};

KafkaBus::KafkaBus(base::Executor& executor, const base::Clock& clock, KafkaBusOptions options)
    : core_(std::make_shared<Core>(executor, clock, std::move(options))) {}

KafkaBus::~KafkaBus() { core_->Close(); }

absl::Status KafkaBus::PublishRaw(const TopicInfo& topic, std::shared_ptr<const void> event) {
  return core_->Publish(topic, event.get());
}

std::unique_ptr<Subscription> KafkaBus::SubscribeRaw(const TopicInfo& topic,
                                                     SubscribeOptions options, RawHandler handler) {
  return std::make_unique<KafkaSubscription>(
      core_->Subscribe(topic, std::move(options), std::move(handler)));
}

void KafkaBus::WhenKept(std::function<void()> done) { core_->WhenKept(std::move(done)); }
void KafkaBus::ResolveHalted(const TopicInfo& topic, Position position, ResolutionOrder order,
                             base::Executor& background,
                             std::function<void(const absl::Status&)> done) {
  core_->ResolveHalted(topic, position, std::move(order), background, std::move(done));
}

void KafkaBus::Flush() { core_->Flush(); }
absl::StatusOr<std::optional<KafkaFact>> KafkaBus::NewestFact(uint64_t stream) const {
  return core_->NewestFact(stream);
}
void KafkaBus::HoldFacts(bool hold) { core_->HoldFacts(hold); }
KafkaBusStats KafkaBus::stats() const { return core_->Stats(); }
absl::Status KafkaBus::health() const { return core_->Health(); }
std::map<std::string, uint64_t> KafkaBus::counters() const { return core_->Counters(); }
std::vector<KafkaBus::View> KafkaBus::views() const { return core_->Views(); }
uint64_t KafkaBus::KeptEnd(const std::string& topic, uint32_t partition) const {
  return std::max(core_->events().KeptEnd(topic, partition),
                  core_->ticks().KeptEnd(topic, partition));
}
KafkaProducer& KafkaBus::events_for_test() { return core_->events(); }

}  // namespace gannet::bus
