#include "libs/market/limits.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::market {
namespace {

Event<LimitEvent> At(int second, LimitEvent value) {
  Event<LimitEvent> event;
  event.header.id = {1, static_cast<uint64_t>(second)};
  event.header.event_time = base::Time() + std::chrono::seconds(second);
  event.value = std::move(value);
  return event;
}

LimitEvent InForce(uint64_t version) {
  return {.step = LimitStep::kInForce, .version = version, .rows = {{.name = "max_gross"}}};
}
LimitEvent Proposed(uint64_t number, uint64_t base) {
  return {.step = LimitStep::kProposed,
          .proposal = number,
          .base_version = base,
          .version = base + 1,
          .text = "file"};
}
LimitEvent Decided(LimitStep step, uint64_t number, uint64_t version) {
  return {.step = step,
          .proposal = number,
          .version = version,
          .text = "file",
          .rows = {{.name = "max_gross"}, {.name = "max_net"}}};
}

TEST_CASE("LimitRecord knows what is in force and what became of each proposal") {
  LimitRecord record;
  record.Apply(At(1, InForce(3)));
  record.Apply(At(2, Proposed(1, 3)));
  record.Apply(At(3, Proposed(2, 3)));
  CHECK(record.version() == 3);
  CHECK_FALSE(record.Stale(*record.Find(2)));
  record.Apply(At(4, Decided(LimitStep::kApproved, 1, 4)));
  CHECK(record.version() == 4);
  CHECK(record.in_force()->value.rows.size() == 2);
  CHECK(record.Stale(*record.Find(2)));
  REQUIRE(record.Find(1)->decided);
  CHECK(record.Find(1)->decided->value.rows.empty());
  record.Apply(At(5, Decided(LimitStep::kRejected, 2, 4)));
  CHECK_FALSE(record.Stale(*record.Find(2)));
  CHECK(record.version() == 4);
  CHECK(record.Find(3) == nullptr);
}

TEST_CASE("LimitRecord is the same when it hears everything again, and from its own events") {
  const std::vector<Event<LimitEvent>> events = {
      At(1, InForce(3)),
      At(2, Proposed(1, 3)),
      At(3, Proposed(2, 3)),
      At(4, Decided(LimitStep::kApproved, 1, 4)),
      At(5, Proposed(3, 4)),
      At(6, Decided(LimitStep::kRejected, 2, 4)),
      At(7, Decided(LimitStep::kApproved, 9, 5)) /* of one that is not kept */};
  LimitRecord record;
  for (const auto& event : events) record.Apply(event);
  const auto kept = record.Events();
  CHECK(record.version() == 5);
  for (const auto& event : events) record.Apply(event);
  LimitRecord copy;
  for (const auto& event : kept) copy.Apply(event);
  CHECK(record.Events().size() == kept.size());
  CHECK(copy.Events() == kept);
  CHECK(copy.version() == 5);
  CHECK(copy.in_force()->value.text == "file");
}

TEST_CASE("LimitRecord forgets the oldest proposals") {
  LimitRecord record;
  for (uint64_t i = 1; i <= LimitRecord::kKept + 5; ++i)
    record.Apply(At(static_cast<int>(i), Proposed(i, 1)));
  CHECK(record.proposals().size() == LimitRecord::kKept);
  CHECK(record.Find(5) == nullptr);
  CHECK(record.Find(6) != nullptr);
}

}  // namespace
}  // namespace gannet::market
