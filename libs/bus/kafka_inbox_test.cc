// What lies between Kafka's thread and ours, without a Kafka: the test is the reader.
#include "libs/bus/kafka_inbox.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"

namespace gannet::bus {
namespace {

using market::Event;
using namespace std::chrono_literals;

// An inbox of two partitions with a listener that acknowledges, unless told otherwise.
class Desk {
 public:
  explicit Desk(const TopicInfo& topic = kNewsRaw.info, SubscribeOptions options = {}) {
    options.on_health = [this](const absl::Status& status) { health.push_back(status); };
    inbox = std::make_shared<KafkaInbox>(
        executor,
        KafkaInbox::Options{
            .topic = &topic,
            .partitions = 2,
            .subscribe = std::move(options),
            .handler = [this](const std::shared_ptr<const void>&, Position at) { OnEvent(at); },
            .put_aside = [this](const DeadLetter& letter,
                                std::function<void()> kept) -> absl::Status {
              if (letters_full) return absl::ResourceExhaustedError("later");
              letters.push_back(letter);
              if (letters_kept) kept();
              return absl::OkStatus();
            },
            .wake = [this] { ++woken; }});
    inbox->Assign({{.next = {.partition = 0}}, {.next = {.partition = 1}}});
    inbox->SetConnection(absl::OkStatus());
  }
  void OnEvent(Position at) {
    heard.push_back(at);
    if (reject.ok()) {
      if (ack) inbox->Ack(at);
    } else {
      inbox->Reject(at, reject);
    }
  }
  // An event of that stream and sequence at the next offset of the partition.
  void Push(uint32_t partition, uint64_t sequence, uint64_t stream = 1, size_t bytes = 100) {
    auto event = std::make_shared<Event<market::NewsItem>>();
    event->header.id = {.stream = stream, .sequence = sequence};
    inbox->Push({.position = {.partition = partition, .offset = next[partition]++},
                 .event = event,
                 .bytes = bytes});
  }
  void PushBroken(uint32_t partition) {
    inbox->Push({.position = {.partition = partition, .offset = next[partition]++},
                 .error = absl::InvalidArgumentError("no such message"),
                 .key = "k",
                 .payload = "p",
                 .bytes = 1});
  }
  void Run(base::Duration span = 1ms) { executor.RunFor(span); }
  std::vector<uint64_t> Offsets(uint32_t partition) const {
    std::vector<uint64_t> offsets;
    for (const Position& at : heard) {
      if (at.partition == partition) offsets.push_back(at.offset);
    }
    return offsets;
  }
  uint64_t Committed(uint32_t partition) {
    for (const Position& at : inbox->Acknowledged(/*all=*/true)) {
      if (at.partition == partition) return at.offset;
    }
    return 0;
  }

  base::VirtualExecutor executor{base::FromUnixMillis(0)};
  std::shared_ptr<KafkaInbox> inbox;
  std::vector<Position> heard;
  std::vector<DeadLetter> letters;
  std::vector<absl::Status> health;
  uint64_t next[2] = {0, 0};
  int woken = 0;
  bool ack = true, letters_full = false, letters_kept = true;
  absl::Status reject;
};

TEST_CASE("KafkaInbox delivers each partition in order and commits what was acknowledged") {
  Desk desk;
  for (uint64_t i = 1; i <= 5; ++i) {
    desk.Push(0, i, 1);
    desk.Push(1, i, 2);
  }
  desk.Run();
  CHECK(desk.Offsets(0) == std::vector<uint64_t>{0, 1, 2, 3, 4});
  CHECK(desk.Offsets(1) == desk.Offsets(0));
  CHECK(desk.Committed(0) == 5);
  CHECK(desk.inbox->stats().lag == 0);
}

TEST_CASE("KafkaInbox hands on an event once, however often and in whatever order it comes") {
  Desk desk;
  for (const uint64_t sequence : {1, 2, 3, 2, 3, 1, 4, 4, 3}) desk.Push(0, sequence);
  desk.Push(0, 1, /*stream=*/7);  // another stream counts for itself
  desk.Run();
  CHECK(desk.Offsets(0) == std::vector<uint64_t>{0, 1, 2, 6, 9});
  CHECK(desk.inbox->stats().duplicates == 5);
  CHECK(desk.Committed(0) == 10);  // what was dropped is done with
}

TEST_CASE("KafkaInbox takes no offset twice, and none of a partition that is not its own") {
  Desk desk;
  desk.Push(0, 1);
  desk.next[0] = 0;
  desk.Push(0, 2);
  desk.inbox->Revoke({1});
  desk.Push(1, 1);
  desk.Run();
  CHECK(desk.heard.size() == 1);
  desk.inbox->Ack({.partition = 1, .offset = 0});  // late, of what went to somebody else
  CHECK(desk.Committed(1) == 0);
}

TEST_CASE("KafkaInbox is full by events and by bytes, and roomy again at half") {
  SubscribeOptions options;
  options.limit = 1'000;
  Desk desk(kNewsRaw.info, options);
  SECTION("events") {
    for (uint64_t i = 1; i < 1'000; ++i) desk.Push(0, i);
    CHECK_FALSE(desk.inbox->Full());
    desk.Push(0, 1'000);
    CHECK(desk.inbox->Full());
  }
  SECTION("bytes") {
    for (uint64_t i = 1; i <= 4; ++i) desk.Push(0, i, 1, 4u << 20);
    CHECK(desk.inbox->Full());
  }
  CHECK_FALSE(desk.inbox->Roomy());
  desk.Run();
  CHECK(desk.inbox->Roomy());
  CHECK(desk.woken > 0);
}

TEST_CASE("KafkaInbox never has more than the limit unacknowledged") {
  SubscribeOptions options;
  options.limit = 10;
  Desk desk(kNewsRaw.info, options);
  desk.ack = false;
  for (uint64_t i = 1; i <= 100; ++i) desk.Push(0, i);
  desk.Run();
  CHECK(desk.heard.size() == 10);
  CHECK(desk.inbox->view().at_limit);
  desk.inbox->Ack({.partition = 0, .offset = 3});
  desk.Run();
  CHECK(desk.heard.size() == 14);
  CHECK(desk.Committed(0) == 4);
  desk.inbox->Ack({.partition = 0, .offset = 1'000'000});  // nothing that was not delivered
  CHECK(desk.Committed(0) == 4);
}

TEST_CASE("KafkaInbox keeps the newest of market data and counts the rest") {
  SubscribeOptions options;
  options.limit = 10;
  Desk desk(kQuotes.info, options);
  for (uint64_t i = 1; i <= 100; ++i) {
    auto event = std::make_shared<Event<market::Quote>>();
    event->header.id = {.stream = 1, .sequence = i};
    desk.inbox->Push({.position = {.partition = 0, .offset = desk.next[0]++},
                      .event = event,
                      .bytes = 1,
                      .gap = i == 50 ? 7u : 0u});
  }
  CHECK_FALSE(desk.inbox->Full());  // the reader never waits for it
  desk.Run();
  CHECK(desk.Offsets(0).front() == 90);
  CHECK(desk.Offsets(0).size() == 10);
  CHECK(desk.inbox->stats().skipped == 90 + 7);
}

TEST_CASE("KafkaInbox finds what a producer left out by its numbers, whatever it says itself") {
  Desk desk(kQuotes.info);
  const auto skipped = [&](market::EventId number, uint64_t gap = 0) {
    const uint64_t before = desk.inbox->stats().skipped;
    desk.inbox->Push({.position = {.partition = 0, .offset = desk.next[0]++},
                      .event = std::make_shared<Event<market::Quote>>(),
                      .bytes = 1,
                      .gap = gap,
                      .number = number});
    desk.Run();
    return desk.inbox->stats().skipped - before;
  };
  constexpr uint64_t kOne = 7, kOther = 8;
  CHECK(skipped({kOne, 500}) == 0);  // it spoke before this subscription began
  CHECK(skipped({kOne, 501}) == 0);
  CHECK(skipped({kOne, 504}) == 2);
  CHECK(skipped({kOne, 505}, 2) == 0);  // told again, once it was known there
  CHECK(skipped({kOther, 3}, 2) == 2);
  CHECK(skipped({kOther, 4}) == 0);
  CHECK(skipped({kOne, 505}) == 0);  // written twice
  CHECK(skipped({kOne, 507}) == 1);
}

TEST_CASE("KafkaInbox counts what was skipped with the event behind it, not before") {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000)};
  std::vector<std::pair<uint64_t, uint64_t>> heard;  // offset, what was skipped by then
  SubscribeOptions options;
  options.limit = 3;
  std::shared_ptr<KafkaInbox> inbox;
  inbox = std::make_shared<KafkaInbox>(
      executor, KafkaInbox::Options{.topic = &kBooks.info,
                                    .partitions = 1,
                                    .subscribe = options,
                                    .handler =
                                        [&](const std::shared_ptr<const void>&, Position at) {
                                          heard.emplace_back(at.offset, inbox->stats().skipped);
                                          inbox->Ack(at);
                                        },
                                    .put_aside = nullptr,
                                    .wake = [] {}});
  inbox->Assign({{.next = {.partition = 0}}});
  const auto push = [&](uint64_t offset, uint64_t gap = 0) {
    inbox->Push({.position = {.partition = 0, .offset = offset},
                 .event = std::make_shared<Event<market::BookUpdate>>(),
                 .gap = gap});
  };
  using Heard = std::vector<std::pair<uint64_t, uint64_t>>;
  // The producer left five out behind the first.
  push(0);
  push(1, 5);
  executor.RunFor(1ms);
  CHECK(heard == Heard{{0, 0}, {1, 5}});
  // Two find no room here, and the producer left one out before the first of them.
  heard.clear();
  push(2, 1);
  for (uint64_t offset = 3; offset <= 6; ++offset) push(offset);
  executor.RunFor(1ms);
  CHECK(heard == Heard{{4, 8}, {5, 8}, {6, 8}});
}

TEST_CASE(
    "KafkaInbox tries a transient failure again, after pauses that grow, then puts it aside") {
  SubscribeOptions options;
  options.retry = {.attempts = 3, .first_pause = 100ms, .longest_pause = 150ms};
  Desk desk(kNewsRaw.info, options);
  desk.reject = absl::UnavailableError("not now");
  desk.Push(0, 1);
  desk.Push(0, 2);
  desk.Push(1, 1, 2);
  desk.Run();
  CHECK(desk.Offsets(0) == std::vector<uint64_t>{0});  // nothing overtakes it
  CHECK(desk.Offsets(1) == std::vector<uint64_t>{0});  // and it holds up nobody else
  desk.Run(100ms);
  CHECK(desk.Offsets(0).size() == 2);
  CHECK(desk.letters.empty());
  desk.Run(140ms);
  CHECK(desk.Offsets(0).size() == 2);
  desk.reject = absl::OkStatus();
  desk.Run(10ms);  // the third attempt succeeds
  CHECK(desk.Offsets(0) == std::vector<uint64_t>{0, 0, 0, 1});
  CHECK(desk.letters.empty());
  CHECK(desk.inbox->stats().redelivered >= 2);
}

TEST_CASE("KafkaInbox waits with what follows until the dead letter is kept") {
  Desk desk;
  desk.letters_full = true;
  desk.PushBroken(0);
  desk.Push(0, 1);
  desk.Run(1s);
  CHECK(desk.heard.empty());
  CHECK(desk.Committed(0) == 0);
  CHECK(desk.inbox->view().holding);
  desk.letters_full = false;
  desk.Run(1s);
  REQUIRE(desk.letters.size() == 1);
  CHECK(desk.letters[0].error == "no such message");
  CHECK(desk.letters[0].payload == "p");
  CHECK_FALSE(desk.letters[0].halted);
  CHECK(desk.Offsets(0) == std::vector<uint64_t>{1});
  CHECK(desk.Committed(0) == 2);
  CHECK(desk.inbox->stats().dead_letters == 1);
}

TEST_CASE("KafkaInbox halts a partition of orders until a person decides") {
  Desk desk(kOrderIntents.info);
  const auto push = [&](uint64_t sequence) {
    auto event = std::make_shared<Event<market::OrderIntent>>();
    event->header.id = {.stream = 1, .sequence = sequence};
    desk.inbox->Push(
        {.position = {.partition = 0, .offset = desk.next[0]++}, .event = event, .bytes = 1});
  };
  push(1);
  desk.PushBroken(0);
  push(2);
  desk.Run(10s);
  CHECK(desk.Offsets(0) == std::vector<uint64_t>{0});
  CHECK(desk.Committed(0) == 1);
  CHECK(desk.letters.empty());  // whoever reads Kafka writes it, with its resolution
  REQUIRE(desk.inbox->Halted().size() == 1);
  CHECK(desk.inbox->Halted()[0].halted);
  CHECK(absl::IsFailedPrecondition(desk.inbox->health()));
  REQUIRE(desk.health.size() == 2);  // connected, halted
  SECTION("a retry meets the same record") {
    desk.inbox->Resolve({.partition = 0, .offset = 1}, Resolution::kRetry);
    desk.Run();
    CHECK(desk.inbox->Halted().at(0).attempts == 2);
    CHECK(desk.Offsets(0).size() == 1);
  }
  SECTION("a skip goes on behind it") {
    desk.inbox->Resolve({.partition = 0, .offset = 0}, Resolution::kSkip);  // of another record
    desk.Run();
    CHECK(desk.Offsets(0).size() == 1);
    desk.inbox->Resolve({.partition = 0, .offset = 1}, Resolution::kSkip);
    desk.Run();
    CHECK(desk.Offsets(0) == std::vector<uint64_t>{0, 2});
    CHECK(desk.Committed(0) == 3);
    CHECK(desk.inbox->health().ok());
  }
}

TEST_CASE("KafkaInbox delivers nothing once it is closed, whatever still comes") {
  Desk desk;
  desk.Push(0, 1);
  desk.inbox->Close();
  desk.Push(0, 2);
  desk.Run(1s);
  CHECK(desk.heard.empty());
  CHECK(desk.inbox->WaitUntilSettled({0, 1}, 1h));  // at once
}

}  // namespace
}  // namespace gannet::bus
