#include "libs/bus/conformance_suite.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/digest.h"
#include "libs/base/rng.h"
#include "libs/bus/topics.h"
#include "libs/wire/random_events.h"

namespace gannet::bus {
namespace {

using market::Event;
using market::NewsItem;
using market::OrderIntent;
using market::Quote;

std::shared_ptr<const Event<NewsItem>> News(const std::string& key, uint64_t number) {
  auto event = std::make_shared<Event<NewsItem>>();
  event->header.id = {.stream = 1, .sequence = number + 1};
  event->header.source_sequence = number;
  event->value.source = "conformance";
  event->value.source_id = key;
  return event;
}

std::shared_ptr<const Event<Quote>> QuoteOf(uint64_t number) {
  auto event = std::make_shared<Event<Quote>>();
  event->value.instrument = market::InstrumentId("venue:A");
  event->value.update_id = number;
  return event;
}

std::shared_ptr<const Event<OrderIntent>> Intent(const std::string& tenant, uint64_t number) {
  auto event = std::make_shared<Event<OrderIntent>>();
  event->header.id = {.stream = base::Crc32c(tenant), .sequence = number + 1};
  event->header.tenant = tenant;
  event->header.source_sequence = number;
  event->value.account = market::AccountId(tenant + "/" + std::to_string(number % 3));
  event->value.instrument = market::InstrumentId("venue:" + std::to_string(number % 7));
  return event;
}

// A subscription that writes down what it hears.
struct Heard {
  uint64_t number;
  std::string key;
  Position position;
};
struct Listener {
  std::vector<Heard> heard;
  bool ack = true;
  std::unique_ptr<Subscription> subscription;

  void Subscribe(BusHarness& harness, SubscribeOptions options) {
    subscription = harness.bus().Subscribe<NewsItem>(
        kNewsRaw, std::move(options), [this](const Event<NewsItem>& event, Position position) {
          heard.push_back({event.header.source_sequence, event.value.source_id, position});
          if (ack) subscription->Ack(position);
        });
  }
  std::vector<uint64_t> numbers() const {
    std::vector<uint64_t> all;
    for (const Heard& one : heard) all.push_back(one.number);
    return all;
  }
  std::set<uint64_t> distinct() const {
    const std::vector<uint64_t> all = numbers();
    return {all.begin(), all.end()};
  }
};

void PublishNews(BusHarness& harness, const std::string& key, uint64_t from, uint64_t to) {
  for (uint64_t i = from; i < to; ++i) REQUIRE(harness.bus().Publish(kNewsRaw, News(key, i)).ok());
}

std::vector<uint64_t> Numbers(uint64_t from, uint64_t to) {
  std::vector<uint64_t> numbers;
  for (uint64_t i = from; i < to; ++i) numbers.push_back(i);
  return numbers;
}

void EventsOfOneKeyArriveInOrder(BusHarness& harness) {
  Listener listener;
  listener.Subscribe(harness, {.group = "g"});
  for (uint64_t i = 0; i < 300; ++i) {
    REQUIRE(harness.bus().Publish(kNewsRaw, News("k" + std::to_string(i % 10), i)).ok());
    if (i % 50 == 0) harness.Settle();
  }
  harness.Settle();
  REQUIRE(listener.heard.size() == 300);
  std::map<std::string, uint64_t> last;
  for (const Heard& one : listener.heard) {
    const auto [entry, first] = last.try_emplace(one.key, one.number);
    CHECK((first || one.number == entry->second + 10));
    entry->second = one.number;
  }
}

void AKeyStaysInItsPartition(BusHarness& harness) {
  Listener listener;
  listener.Subscribe(harness, {.group = "g"});
  for (uint64_t i = 0; i < 200; ++i) {
    REQUIRE(harness.bus().Publish(kNewsRaw, News("k" + std::to_string(i % 20), i)).ok());
  }
  harness.Settle();
  REQUIRE(listener.heard.size() == 200);
  std::set<uint32_t> used;
  std::map<uint32_t, uint64_t> next_offset;
  for (const Heard& one : listener.heard) {
    const auto event = News(one.key, 0);
    CHECK(one.position.partition == PartitionOf(kNewsRaw.info, event.get(), harness.partitions()));
    CHECK(one.position.offset == next_offset[one.position.partition]++);
    used.insert(one.position.partition);
  }
  CHECK(used.size() > 1);
}

void OrderEventsOfATenantShareAPartition(BusHarness& harness) {
  std::map<std::string, std::set<uint32_t>> partitions;
  std::map<std::string, std::vector<uint64_t>> numbers;
  std::unique_ptr<Subscription> subscription = harness.bus().Subscribe<OrderIntent>(
      kOrderIntents, {.group = "g"}, [&](const Event<OrderIntent>& event, Position position) {
        partitions[event.header.tenant].insert(position.partition);
        numbers[event.header.tenant].push_back(event.header.source_sequence);
        subscription->Ack(position);
      });
  for (uint64_t i = 0; i < 60; ++i) {
    REQUIRE(harness.bus().Publish(kOrderIntents, Intent(i % 2 == 0 ? "main" : "other", i)).ok());
  }
  harness.Settle();
  for (const auto& [tenant, all] : numbers) {
    CHECK(all.size() == 30);
    CHECK(std::is_sorted(all.begin(), all.end()));
    CHECK(partitions[tenant].size() == 1);
  }
  CHECK(numbers.size() == 2);
}

void WhatIsNotAcknowledgedComesAgain(BusHarness& harness) {
  Listener first;
  first.ack = false;
  first.Subscribe(harness, {.group = "g"});
  PublishNews(harness, "k", 0, 10);
  harness.Settle();
  REQUIRE(first.numbers() == Numbers(0, 10));
  first.subscription->Ack(first.heard[3].position);
  first.subscription.reset();
  PublishNews(harness, "k", 10, 12);

  Listener second;
  second.Subscribe(harness, {.group = "g"});
  harness.Settle();
  CHECK(second.numbers() == Numbers(4, 12));
  second.subscription.reset();

  Listener third;
  third.Subscribe(harness, {.group = "g"});
  harness.Settle();
  CHECK(third.heard.empty());
}

void AcknowledgementsOutOfOrderKeepTheHighest(BusHarness& harness) {
  Listener first;
  first.ack = false;
  first.Subscribe(harness, {.group = "g"});
  PublishNews(harness, "k", 0, 6);
  harness.Settle();
  REQUIRE(first.heard.size() == 6);
  first.subscription->Ack(first.heard[4].position);
  first.subscription->Ack(first.heard[1].position);
  first.subscription.reset();
  Listener second;
  second.Subscribe(harness, {.group = "g"});
  harness.Settle();
  CHECK(second.numbers() == Numbers(5, 6));
}

void EveryGroupHearsEverything(BusHarness& harness) {
  Listener a, b;
  a.Subscribe(harness, {.group = "a"});
  PublishNews(harness, "k", 0, 20);
  harness.Settle();
  b.Subscribe(harness, {.group = "b"});  // new: from the earliest kept
  PublishNews(harness, "k", 20, 30);
  harness.Settle();
  CHECK(a.numbers() == Numbers(0, 30));
  CHECK(b.numbers() == Numbers(0, 30));
}

void MembersOfAGroupShareItsPartitions(BusHarness& harness) {
  Listener a, b;
  a.Subscribe(harness, {.group = "g"});
  b.Subscribe(harness, {.group = "g"});
  harness.Settle();
  for (uint64_t i = 0; i < 200; ++i) {
    REQUIRE(harness.bus().Publish(kNewsRaw, News("k" + std::to_string(i), i)).ok());
  }
  harness.Settle();
  std::set<uint64_t> all = a.distinct();
  CHECK_FALSE(a.heard.empty());
  CHECK_FALSE(b.heard.empty());
  all.merge(b.distinct());
  CHECK(all.size() == 200);

  // What the first leaves behind goes to the other.
  a.subscription.reset();
  harness.Settle();
  const size_t before = b.heard.size();
  for (uint64_t i = 200; i < 300; ++i) {
    REQUIRE(harness.bus().Publish(kNewsRaw, News("k" + std::to_string(i), i)).ok());
  }
  harness.Settle();
  CHECK(b.heard.size() >= before + 100);
  all.merge(b.distinct());
  CHECK(all.size() == 300);
}

void SubscriptionsStartWhereTheyAreTold(BusHarness& harness) {
  Listener seen;
  seen.Subscribe(harness, {.group = "seen"});
  PublishNews(harness, "k", 0, 10);
  harness.Settle();
  CAPTURE(seen.numbers());
  REQUIRE(seen.heard.size() == 10);
  const Position fifth = seen.heard[5].position;

  Listener earliest, latest, at, group_at;
  earliest.Subscribe(harness, {.start = Start::kEarliest});
  latest.Subscribe(harness, {.start = Start::kLatest});
  at.Subscribe(harness, {.start = Start::kAt, .at = {fifth}});
  group_at.Subscribe(harness, {.group = "moved", .start = Start::kAt, .at = {fifth}});
  harness.Settle();
  PublishNews(harness, "k", 10, 13);
  harness.Settle();
  CHECK(earliest.numbers() == Numbers(0, 13));
  CHECK(latest.numbers() == Numbers(10, 13));
  CHECK(at.numbers() == Numbers(5, 13));
  CHECK(group_at.numbers() == Numbers(5, 13));

  // The group remembers; a subscription without one does not.
  group_at.subscription.reset();
  Listener moved;
  moved.Subscribe(harness, {.group = "moved"});
  harness.Settle();
  CHECK(moved.heard.empty());
}

void AtMostTheLimitIsUnacknowledged(BusHarness& harness) {
  Listener listener;
  listener.ack = false;
  listener.Subscribe(harness, {.group = "g", .limit = 3});
  PublishNews(harness, "k", 0, 10);
  harness.Settle();
  CHECK(listener.numbers() == Numbers(0, 3));
  CHECK(listener.subscription->stats().lag == 7);
  listener.subscription->Ack(listener.heard[1].position);
  harness.Settle();
  CHECK(listener.numbers() == Numbers(0, 5));
  listener.ack = true;
  listener.subscription->Ack(listener.heard[4].position);
  harness.Settle();
  CHECK(listener.numbers() == Numbers(0, 10));
  CHECK(listener.subscription->stats().delivered == 10);
  CHECK(listener.subscription->stats().lag == 0);
}

void AFullTopicRefusesAndLosesNothing(BusHarness& harness) {
  Listener listener;
  listener.ack = false;
  listener.Subscribe(harness, {.group = "g", .limit = 5});
  harness.Settle();
  harness.Congest(true);
  const size_t limit = harness.backlog_limit();
  uint64_t accepted = 0;
  absl::Status status;
  while (accepted <= limit) {
    status = harness.bus().Publish(kNewsRaw, News("k", accepted));
    if (!status.ok()) break;
    ++accepted;
  }
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK(accepted <= limit);
  harness.Congest(false);
  harness.Settle();
  // Room is made by acknowledging, and what was refused can be published again.
  listener.ack = true;
  REQUIRE_FALSE(listener.heard.empty());
  listener.subscription->Ack(listener.heard.back().position);
  harness.Settle();
  PublishNews(harness, "k", accepted, accepted + 5);
  harness.Settle();
  CHECK(listener.numbers() == Numbers(0, accepted + 5));
}

void MarketDataSkipsTheSlowAndCounts(BusHarness& harness) {
  std::vector<uint64_t> slow_heard, fast_heard;
  std::vector<Position> unacknowledged;
  std::unique_ptr<Subscription> slow = harness.bus().Subscribe<Quote>(
      kQuotes, {.group = "slow", .limit = 2}, [&](const Event<Quote>& event, Position position) {
        slow_heard.push_back(event.value.update_id);
        unacknowledged.push_back(position);
      });
  std::unique_ptr<Subscription> fast = harness.bus().Subscribe<Quote>(
      kQuotes, {.group = "fast"}, [&](const Event<Quote>& event, Position position) {
        fast_heard.push_back(event.value.update_id);
        fast->Ack(position);
      });
  const uint64_t count = harness.backlog_limit() + 50;
  for (uint64_t i = 0; i < count; ++i) {
    REQUIRE(harness.bus().Publish(kQuotes, QuoteOf(i)).ok());
    if (i % 10 == 0) harness.Settle();
  }
  harness.Settle();
  CHECK(fast_heard == Numbers(0, count));
  CHECK(slow_heard.size() == 2);
  for (int round = 0; round < 5; ++round) {
    slow->Ack(unacknowledged.back());
    harness.Settle();
  }
  CHECK(std::is_sorted(slow_heard.begin(), slow_heard.end()));
  CHECK(slow_heard.back() == count - 1);
  const SubscriptionStats stats = slow->stats();
  CHECK(stats.skipped > 0);
  CHECK(stats.delivered + stats.skipped + stats.lag == count);
  CHECK(stats.delivered == slow_heard.size());
  CHECK(fast->stats().skipped == 0);
}

void NoHandlerRunsAfterTheEndOfItsSubscription(BusHarness& harness) {
  Listener listener;
  listener.Subscribe(harness, {.group = "g"});
  PublishNews(harness, "k", 0, 5);
  listener.subscription.reset();  // published, perhaps under way, not to be heard
  const size_t heard = listener.heard.size();
  harness.Settle();
  PublishNews(harness, "k", 5, 10);
  harness.Settle();
  CHECK(listener.heard.size() == heard);
}

void AHandlerMayEndSubscriptions(BusHarness& harness) {
  size_t own = 0;
  std::unique_ptr<Subscription> ends_itself = harness.bus().Subscribe<NewsItem>(
      kNewsRaw, {.group = "own"}, [&](const Event<NewsItem>&, Position) {
        ++own;
        ends_itself.reset();
      });
  Listener victim;
  size_t killer_heard = 0, victim_heard = 0;
  std::unique_ptr<Subscription> killer = harness.bus().Subscribe<NewsItem>(
      kNewsRaw, {.group = "killer"}, [&](const Event<NewsItem>&, Position position) {
        ++killer_heard;
        victim.subscription.reset();
        if (killer_heard == 1) victim_heard = victim.heard.size();
        killer->Ack(position);
      });
  victim.Subscribe(harness, {.group = "victim"});
  PublishNews(harness, "k", 0, 4);
  harness.Settle();
  CHECK(own == 1);
  CHECK(killer_heard == 4);
  CHECK(victim.heard.size() == victim_heard);
}

void PublishingFromAHandlerDoesNotRecurse(BusHarness& harness) {
  int depth = 0, deepest = 0;
  std::vector<uint64_t> heard;
  std::unique_ptr<Subscription> subscription = harness.bus().Subscribe<NewsItem>(
      kNewsRaw, {.group = "g"}, [&](const Event<NewsItem>& event, Position position) {
        deepest = std::max(deepest, ++depth);
        heard.push_back(event.header.source_sequence);
        if (heard.size() < 1000) {
          CHECK(harness.bus().Publish(kNewsRaw, News("k", heard.back() + 1)).ok());
        }
        subscription->Ack(position);
        --depth;
      });
  PublishNews(harness, "k", 0, 1);
  harness.Settle();
  CHECK(heard == Numbers(0, 1000));
  CHECK(deepest == 1);
}

void AnEventArrivesAsItWas(BusHarness& harness) {
  base::Rng rng(5);
  std::vector<Event<OrderIntent>> sent, heard;
  std::unique_ptr<Subscription> subscription = harness.bus().Subscribe<OrderIntent>(
      kOrderIntents, {.group = "g"}, [&](const Event<OrderIntent>& event, Position position) {
        heard.push_back(event);
        subscription->Ack(position);
      });
  for (uint64_t i = 0; i < 20; ++i) {
    sent.push_back(wire::RandomEvent<OrderIntent>(rng));
    sent.back().header.tenant = "main";
    sent.back().header.id = {.stream = 1, .sequence = i + 1};  // facts have one
    REQUIRE(harness.bus()
                .Publish(kOrderIntents, std::make_shared<const Event<OrderIntent>>(sent.back()))
                .ok());
  }
  harness.bus().Flush();
  harness.Settle();
  CHECK(heard == sent);
}

// A subscription to orders that answers as it is told.
struct OrderDesk {
  std::vector<uint64_t> heard;
  std::vector<absl::Status> health;
  std::map<uint64_t, absl::Status> refuse;  // by number: rejected each time
  std::map<uint64_t, int> attempts;
  std::map<uint64_t, Position> positions;
  std::unique_ptr<Subscription> subscription;

  void Subscribe(BusHarness& harness, SubscribeOptions options) {
    options.retry = {.attempts = 3, .first_pause = std::chrono::milliseconds(1)};
    options.on_health = [this](const absl::Status& status) { health.push_back(status); };
    subscription = harness.bus().Subscribe<OrderIntent>(
        kOrderIntents, std::move(options),
        [this](const Event<OrderIntent>& event, Position position) {
          const uint64_t number = event.header.source_sequence;
          heard.push_back(number);
          positions[number] = position;
          ++attempts[number];
          const auto refused = refuse.find(number);
          if (refused == refuse.end()) return subscription->Ack(position);
          subscription->Reject(position, refused->second);
        });
  }
};

// Two tenants whose orders are in different partitions.
std::pair<std::string, std::string> TwoTenants(uint32_t partitions) {
  const auto partition = [&](const std::string& tenant) {
    return PartitionOf(kOrderIntents.info, Intent(tenant, 0).get(), partitions);
  };
  for (int i = 0;; ++i) {
    const std::string other = "tenant" + std::to_string(i);
    if (partition(other) != partition("main")) return {"main", other};
  }
}

// A fact of a stream: what is published again has the same id.
std::shared_ptr<const Event<OrderIntent>> Fact(const std::string& tenant, uint64_t number) {
  auto event = std::make_shared<Event<OrderIntent>>(*Intent(tenant, number));
  event->header.id = {.stream = 9, .sequence = number + 1};
  return event;
}

void WhatIsPublishedTwiceIsHeardOnce(BusHarness& harness) {
  OrderDesk desk;
  desk.Subscribe(harness, {.group = "g"});
  for (uint64_t i = 0; i < 10; ++i) {
    REQUIRE(harness.bus().Publish(kOrderIntents, Fact("main", i)).ok());
  }
  for (uint64_t i = 4; i < 13; ++i) {  // a producer that starts again resends what it must
    REQUIRE(harness.bus().Publish(kOrderIntents, Fact("main", i)).ok());
  }
  harness.Settle();
  CHECK(desk.heard == Numbers(0, 13));
  CHECK(desk.subscription->stats().duplicates == 6);
  REQUIRE(harness.bus().Publish(kOrderIntents, Fact("main", 12)).ok());
  harness.Settle();
  desk.subscription.reset();
  // Duplicates are acknowledged with the rest: the next one hears none of them.
  OrderDesk next;
  next.Subscribe(harness, {.group = "g"});
  harness.Settle();
  CHECK(next.heard.empty());
}

void OnlyThePartitionsAskedForAreHeard(BusHarness& harness) {
  const auto [mine, other] = TwoTenants(harness.partitions());
  const uint32_t partition =
      PartitionOf(kOrderIntents.info, Intent(mine, 0).get(), harness.partitions());
  OrderDesk shard;
  shard.Subscribe(harness,
                  {.group = "shard", .start = Start::kEarliest, .partitions = {partition}});
  for (uint64_t i = 0; i < 20; ++i) {
    REQUIRE(harness.bus().Publish(kOrderIntents, Intent(i % 2 == 0 ? mine : other, i)).ok());
  }
  harness.Settle();
  CHECK(shard.heard.size() == 10);
  for (const auto& [number, position] : shard.positions) {
    CHECK(number % 2 == 0);
    CHECK(position.partition == partition);
  }
  CHECK(shard.subscription->stats().lag == 0);
  const Position fifth = shard.positions[8];
  shard.subscription.reset();
  // Where it stood is for its snapshot to say.
  OrderDesk again;
  again.Subscribe(
      harness, {.group = "shard", .start = Start::kAt, .at = {fifth}, .partitions = {partition}});
  harness.Settle();
  CHECK(again.heard == std::vector<uint64_t>{8, 10, 12, 14, 16, 18});
}

void WhatIsRejectedComesAgain(BusHarness& harness) {
  OrderDesk desk;
  desk.refuse[2] = absl::UnavailableError("the ledger is locked");
  desk.Subscribe(harness, {.group = "g"});
  for (uint64_t i = 0; i < 2; ++i) {
    REQUIRE(harness.bus().Publish(kOrderIntents, Fact("main", i)).ok());
  }
  harness.Settle();
  // The first delivery fails, the second works.
  std::vector<uint64_t> heard;
  int failures = 1;
  std::unique_ptr<Subscription> flaky = harness.bus().Subscribe<OrderIntent>(
      kOrderIntents,
      {.group = "flaky", .retry = {.attempts = 3, .first_pause = std::chrono::milliseconds(1)}},
      [&](const Event<OrderIntent>& event, Position position) {
        heard.push_back(event.header.source_sequence);
        if (heard.back() == 1 && failures-- > 0) {
          flaky->Reject(position, absl::UnavailableError("the ledger is locked"));
        } else {
          flaky->Ack(position);
        }
      });
  for (uint64_t i = 2; i < 5; ++i) {
    REQUIRE(harness.bus().Publish(kOrderIntents, Fact("other", i)).ok());
  }
  harness.Settle();
  std::vector<uint64_t> main_only;
  for (const uint64_t number : heard) {
    if (number < 2) main_only.push_back(number);
  }
  CHECK(main_only == std::vector<uint64_t>{0, 1, 1});
  CHECK(heard.size() == 6);
  CHECK(flaky->health().ok());
  CHECK(flaky->stats().lag == 0);
  // The one that fails each time is tried as often as allowed.
  CHECK(desk.attempts[2] == 3);
}

void PoisonIsPutAside(BusHarness& harness) {
  std::vector<uint64_t> heard;
  std::unique_ptr<Subscription> reader = harness.bus().Subscribe<NewsItem>(
      kNewsRaw,
      {.group = "g", .retry = {.attempts = 2, .first_pause = std::chrono::milliseconds(1)}},
      [&](const Event<NewsItem>& event, Position position) {
        const uint64_t number = event.header.source_sequence;
        heard.push_back(number);
        if (number == 1) return reader->Reject(position, absl::InvalidArgumentError("no title"));
        if (number == 3) return reader->Reject(position, absl::UnavailableError("busy"));
        reader->Ack(position);
      });
  Event<NewsItem> first = *News("k", 1);
  first.header.trace = {.trace_id = {1, 2, 3}, .span_id = {4, 5}, .flags = 1};
  const auto traced = std::make_shared<const Event<NewsItem>>(first);
  PublishNews(harness, "k", 0, 1);
  REQUIRE(harness.bus().Publish(kNewsRaw, traced).ok());
  PublishNews(harness, "k", 2, 6);
  harness.Settle();
  CHECK(heard == std::vector<uint64_t>{0, 1, 2, 3, 3, 4, 5});
  CHECK(reader->stats().dead_letters == 2);
  CHECK(reader->stats().lag == 0);
  CHECK(reader->health().ok());
  const std::vector<DeadLetter> letters = harness.DeadLetters(kNewsRaw.info);
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].topic == kNewsRaw.info.name);
  CHECK(letters[0].position.offset == 1);
  CHECK(letters[0].group == "g");
  CHECK(letters[0].error == "no title");
  CHECK(letters[0].attempts == 1);
  CHECK_FALSE(letters[0].halted);
  CHECK(letters[0].trace == traced->header.trace);
  CHECK(letters[0].payload == kNewsRaw.info.encode(traced.get()));
  CHECK(letters[1].position.offset == 3);
  CHECK(letters[1].attempts == 2);
  // It is settled: the next one of the group hears nothing of it.
  reader.reset();
  Listener next;
  next.Subscribe(harness, {.group = "g"});
  harness.Settle();
  CHECK(next.heard.empty());
}

void PoisonHaltsAnOrderPartitionUntilItIsResolved(BusHarness& harness) {
  const auto [poisoned, healthy] = TwoTenants(harness.partitions());
  OrderDesk desk;
  desk.refuse[2] = absl::InvalidArgumentError("unknown instrument version");
  desk.Subscribe(harness, {.group = "g"});
  for (uint64_t i = 0; i < 6; ++i) {
    REQUIRE(harness.bus().Publish(kOrderIntents, Intent(poisoned, i)).ok());
  }
  harness.Settle();
  for (uint64_t i = 10; i < 13; ++i) {
    REQUIRE(harness.bus().Publish(kOrderIntents, Intent(healthy, i)).ok());
  }
  harness.Settle();
  CHECK(desk.heard == std::vector<uint64_t>{0, 1, 2, 10, 11, 12});
  CHECK(desk.subscription->stats().lag == 3);
  const absl::Status halted = desk.subscription->health();
  CHECK(halted.code() == absl::StatusCode::kFailedPrecondition);
  const std::string text(halted.message());
  CHECK(text.find("unknown instrument version") != std::string::npos);
  CHECK(text.find("gannet topics resolve") != std::string::npos);
  REQUIRE_FALSE(desk.health.empty());
  CHECK(desk.health.back() == halted);
  REQUIRE(harness.DeadLetters(kOrderIntents.info).size() == 1);
  CHECK(harness.DeadLetters(kOrderIntents.info)[0].halted);

  // Only what halts can be resolved.
  const Position position = desk.positions[2];
  CHECK(harness
            .Resolve(kOrderIntents.info,
                     {.partition = position.partition, .offset = position.offset + 1},
                     Resolution::kSkip)
            .code() == absl::StatusCode::kNotFound);
  // Tried again, it fails again and halts again.
  REQUIRE(harness.Resolve(kOrderIntents.info, position, Resolution::kRetry).ok());
  harness.Settle();
  CHECK(desk.attempts[2] == 2);
  CHECK(desk.subscription->health() == halted);
  // A consumer that starts anew stands still at the same place.
  desk.subscription.reset();
  OrderDesk next;
  next.refuse = desk.refuse;
  next.Subscribe(harness, {.group = "g"});
  harness.Settle();
  CHECK(next.heard == std::vector<uint64_t>{2});
  CHECK_FALSE(next.subscription->health().ok());
  REQUIRE(harness.Resolve(kOrderIntents.info, position, Resolution::kSkip).ok());
  harness.Settle();
  CHECK(next.heard == std::vector<uint64_t>{2, 3, 4, 5});
  CHECK(next.subscription->health().ok());
  CHECK(next.health.back().ok());
  CHECK(next.subscription->stats().lag == 0);
}

void AcknowledgementsDoNotPassARejectedEvent(BusHarness& harness) {
  std::vector<uint64_t> heard;
  std::map<uint64_t, Position> positions;
  std::unique_ptr<Subscription> first = harness.bus().Subscribe<OrderIntent>(
      kOrderIntents, {.group = "g"}, [&](const Event<OrderIntent>& event, Position position) {
        heard.push_back(event.header.source_sequence);
        positions[heard.back()] = position;
      });
  for (uint64_t i = 0; i < 6; ++i) {
    REQUIRE(harness.bus().Publish(kOrderIntents, Intent("main", i)).ok());
  }
  harness.Settle();
  REQUIRE(heard == Numbers(0, 6));
  first->Reject(positions[2], absl::InvalidArgumentError("no such account"));
  first->Ack(positions[5]);  // it was under way
  harness.Settle();
  first.reset();
  OrderDesk second;
  second.Subscribe(harness, {.group = "g"});
  harness.Settle();
  CHECK(second.heard == Numbers(2, 6));
}

void WhatIsKeptIsSaidToBe(BusHarness& harness) {
  Listener listener;
  int kept = 0;
  PublishNews(harness, "k", 0, 50);
  harness.bus().WhenKept([&] { ++kept; });
  CHECK(kept == 0);  // never from within
  harness.Settle();
  CHECK(kept == 1);
  harness.bus().WhenKept([&] { ++kept; });  // with nothing under way
  harness.Settle();
  CHECK(kept == 2);
  listener.Subscribe(harness, {.start = Start::kEarliest});
  harness.Settle();
  CHECK(listener.numbers() == Numbers(0, 50));
}

}  // namespace

void CheckConformance(const std::function<std::unique_ptr<BusHarness>()>& make) {
  const std::pair<const char*, void (*)(BusHarness&)> checks[] = {
      {"events of one key arrive in order", EventsOfOneKeyArriveInOrder},
      {"a key stays in its partition", AKeyStaysInItsPartition},
      {"order events of a tenant share a partition", OrderEventsOfATenantShareAPartition},
      {"what is not acknowledged comes again", WhatIsNotAcknowledgedComesAgain},
      {"acknowledgements out of order keep the highest", AcknowledgementsOutOfOrderKeepTheHighest},
      {"every group hears everything", EveryGroupHearsEverything},
      {"members of a group share its partitions", MembersOfAGroupShareItsPartitions},
      {"subscriptions start where they are told", SubscriptionsStartWhereTheyAreTold},
      {"at most the limit is unacknowledged", AtMostTheLimitIsUnacknowledged},
      {"a full topic refuses and loses nothing", AFullTopicRefusesAndLosesNothing},
      {"market data skips the slow and counts", MarketDataSkipsTheSlowAndCounts},
      {"no handler runs after the end of its subscription",
       NoHandlerRunsAfterTheEndOfItsSubscription},
      {"a handler may end subscriptions", AHandlerMayEndSubscriptions},
      {"publishing from a handler does not recurse", PublishingFromAHandlerDoesNotRecurse},
      {"an event arrives as it was", AnEventArrivesAsItWas},
      {"what is published twice is heard once", WhatIsPublishedTwiceIsHeardOnce},
      {"only the partitions asked for are heard", OnlyThePartitionsAskedForAreHeard},
      {"what is rejected comes again", WhatIsRejectedComesAgain},
      {"poison is put aside", PoisonIsPutAside},
      {"poison halts an order partition until it is resolved",
       PoisonHaltsAnOrderPartitionUntilItIsResolved},
      {"acknowledgements do not pass a rejected event", AcknowledgementsDoNotPassARejectedEvent},
      {"what is kept is said to be", WhatIsKeptIsSaidToBe},
  };
  for (const auto& [name, check] : checks) {
    DYNAMIC_SECTION(name) {
      const std::unique_ptr<BusHarness> harness = make();
      check(*harness);
    }
  }
}

}  // namespace gannet::bus
