#include "tests/kafka/harness.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <iostream>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/bus/kafka_dead_letter.h"

namespace gannet::bus {
namespace {

constexpr base::Duration kTurn = std::chrono::milliseconds(2);
constexpr int kPatientTurns = 150'000;  // five minutes: it ends what hangs, not what is slow

// Unique among the harnesses of this process; each process has a cluster of its own.
std::string FreshPrefix() {
  static int made = 0;
  return "t" + std::to_string(++made) + ".";
}

void Say(const KafkaNotice& notice) {
  if (std::getenv("GANNET_KAFKA_VERBOSE") == nullptr) return;
  std::cerr << notice.client + " " + notice.event + ": " + notice.text + "\n";
}

}  // namespace

KafkaHarness::KafkaHarness(KafkaClusterForTest& cluster,
                           const std::vector<const TopicInfo*>& topics)
    : cluster_(cluster) {
  options_.cluster = cluster.cluster();
  options_.client = "test";
  options_.prefix = FreshPrefix();
  options_.partitions = kPartitions;
  options_.max_events = kBacklog;
  options_.tick_limit = std::chrono::minutes(1);  // a busy machine loses none
  options_.notice = &Say;
  auto admin = KafkaAdmin::Connect(options_.cluster, "test-admin-" + options_.prefix);
  REQUIRE(admin.ok());
  admin_ = *std::move(admin);
  std::vector<KafkaTopicSpec> wanted;
  for (KafkaTopicSpec& spec : KafkaTopicTable(options_.prefix, std::min(cluster.brokers(), 3u))) {
    const bool used = std::any_of(topics.begin(), topics.end(), [&](const TopicInfo* topic) {
      const std::string name = TopicName(*topic);
      return spec.name == name || spec.name == name + std::string(kDeadLetterSuffix);
    });
    spec.partitions = kPartitions;
    if (used) wanted.push_back(std::move(spec));
  }
  const absl::Status made = admin_->Create(wanted);
  INFO(made.message());
  REQUIRE(made.ok());
  bus_ = MakeBus();
}

KafkaHarness::~KafkaHarness() = default;

std::unique_ptr<KafkaBus> KafkaHarness::MakeBus() {
  KafkaBusOptions options = options_;
  options.random = ++buses_;
  options.client = options.prefix + "bus";
  return std::make_unique<KafkaBus>(executor_, clock_, std::move(options));
}

std::string KafkaHarness::TopicName(const TopicInfo& topic) const {
  return options_.prefix + std::string(topic.name);
}

void KafkaHarness::Also(const KafkaBus* bus, bool watch) {
  std::erase(others_, bus);
  if (watch) others_.push_back(bus);
}

void KafkaHarness::RunUntil(const std::function<bool()>& done) {
  for (int turn = 0; turn < kPatientTurns; ++turn) {
    executor_.RunFor(kTurn);
    if (done()) return;
  }
  FAIL("nothing of the kind happened within five minutes:" << Describe());
}

std::string KafkaHarness::Describe() const {
  std::string text;
  for (const KafkaBus::View& view : bus_->views()) {
    absl::StrAppend(&text, "\n", view.topic, " group '", view.group, "'",
                    view.inbox.holding ? " holds one" : "", view.inbox.at_limit ? " at limit" : "",
                    ", unacknowledged ", view.inbox.unacknowledged, ", halted ",
                    view.inbox.halted.size(), "; next of end:");
    for (const Position& next : view.inbox.next) {
      const auto end = admin_->End(view.topic, next.partition);
      absl::StrAppend(&text, " ", next.partition, ":", next.offset, " of ",
                      end.ok() ? absl::StrCat(*end) : std::string(end.status().message()));
    }
  }
  return text;
}

void KafkaHarness::Settle() {
  int quiet = 0;
  uint64_t delivered = 0;
  RunUntil([&] {
    uint64_t now = 0;
    for (const KafkaBus::View& view : bus_->views()) {
      for (const Position& next : view.inbox.next) now += next.offset;
    }
    quiet = now == delivered ? quiet + 1 : 0;
    delivered = now;
    // Asking Kafka costs more than waiting for a message.
    return quiet >= 5 && Settled();
  });
  executor_.RunFor(kTurn);
}

bool KafkaHarness::Settled() {
  bus_->Flush();
  std::vector<KafkaBus::View> views = bus_->views();
  for (const KafkaBus* other : others_) {
    for (KafkaBus::View& view : other->views()) views.push_back(std::move(view));
  }
  std::map<std::pair<std::string, std::string>, std::set<uint32_t>> shared;
  for (const KafkaBus::View& view : views) {
    if (!SettledView(view)) return false;
    for (const uint32_t p : view.inbox.assigned) shared[{view.topic, view.group}].insert(p);
  }
  for (const KafkaBus::View& view : views) {
    const bool whole = shared[{view.topic, view.group}].size() == kPartitions;
    if (!view.group.empty() && view.in_group && !whole) return false;
  }
  return true;
}

bool KafkaHarness::SettledView(const KafkaBus::View& view) {
  if (view.inbox.assigned.empty() || view.inbox.holding) return false;
  if (view.inbox.at_limit) return true;
  for (const Position& next : view.inbox.next) {
    const auto halted =
        std::find(view.inbox.halted.begin(), view.inbox.halted.end(), next.partition);
    if (halted != view.inbox.halted.end()) continue;
    const auto end = admin_->End(view.topic, next.partition);
    if (!end.ok() || next.offset < std::max(*end, KeptEnd(view.topic, next.partition)))
      return false;
  }
  return true;
}

// The end that all brokers have reached is behind what one of them has acknowledged.
uint64_t KafkaHarness::KeptEnd(const std::string& topic, uint32_t partition) const {
  uint64_t end = bus_->KeptEnd(topic, partition);
  for (const KafkaBus* other : others_) end = std::max(end, other->KeptEnd(topic, partition));
  return end;
}

absl::Status KafkaHarness::Resolve(const TopicInfo& topic, Position position,
                                   Resolution resolution) {
  const auto followed = [this] {
    uint64_t sum = 0;
    for (const KafkaBus::View& view : bus_->views()) sum += view.inbox.resolutions;
    return sum;
  };
  bus_->Flush();  // the halted letter
  const uint64_t before = followed();
  // As `gannet topics resolve` does.
  const absl::Status status = ResolveHalt(
      *admin_, options_.prefix, topic, position,
      {.resolution = resolution, .person = "tester", .reason = "a test", .at = clock_.Now()});
  if (status.ok()) RunUntil([&] { return followed() > before; });
  return status;
}

std::vector<DeadLetter> KafkaHarness::DeadLetters(const TopicInfo& topic) {
  bus_->Flush();
  std::vector<DeadLetter> letters;
  for (uint32_t p = 0; p < kPartitions; ++p) {
    const auto entries =
        admin_->ReadDeadLetters(TopicName(topic) + std::string(kDeadLetterSuffix), p, 1'000);
    INFO(entries.status().message());
    REQUIRE(entries.ok());
    for (const DeadLetterEntry& entry : *entries) {
      if (entry.letter) letters.push_back(*entry.letter);
    }
  }
  return letters;
}

void KafkaHarness::Inject(const TopicInfo& topic, uint32_t partition, std::string payload,
                          KafkaHeaders headers) {
  const absl::Status status = admin_->Append({.topic = TopicName(topic),
                                              .partition = partition,
                                              .key = "k",
                                              .payload = std::move(payload),
                                              .headers = std::move(headers)});
  REQUIRE(status.ok());
}

}  // namespace gannet::bus
