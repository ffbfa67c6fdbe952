#include "libs/notify/notifier.h"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>

#include "libs/notify/events.h"

namespace gannet::notify {
namespace {

using namespace std::chrono_literals;

const base::Time kStart = base::FromUnixMillis(1'700'000'000'000);

Channel Desk(std::string name = "desk", uint32_t per_minute = 60) {
  Channel channel;
  channel.name = std::move(name);
  channel.per_minute = per_minute;
  return channel;
}

Notifier Make(std::vector<Channel> channels, NotifierOptions options = {}) {
  return Notifier(std::move(channels), options, base::Rng(1), "run");
}

Message Of(Severity severity, std::string key, Kind kind = Kind::kFill) {
  Message message;
  message.severity = severity;
  message.kind = kind;
  message.key = std::move(key);
  message.title = message.key;
  message.time = kStart;
  return message;
}

Outcome Sent() { return {.fate = Fate::kSent, .wait = {}, .why = ""}; }
Outcome Later(std::optional<base::Duration> wait = {}) {
  return {.fate = Fate::kLater, .wait = wait, .why = "answered 503"};
}

TEST_CASE("A repetition is dropped, the end of it and a new beginning are not") {
  Notifier notifier = Make({Desk()});
  Message message = Of(Severity::kPage, "a");
  notifier.Take(message, kStart);
  notifier.Take(message, kStart + 1min);
  CHECK(notifier.waiting() == 1);
  message.resolved = true;
  notifier.Take(message, kStart + 2min);
  message.resolved = false;
  notifier.Take(message, kStart + 3min);
  CHECK(notifier.waiting() == 3);
  notifier.Take(message, kStart + 8min);  // after the time of a repetition
  CHECK(notifier.waiting() == 4);
  CHECK(notifier.stats().repeated == 1);
}

TEST_CASE("A halt soon after the end of another is told, and so is a stricter one") {
  TradingEvents events;
  Notifier notifier = Make({Desk()});
  base::Time now = kStart;
  const auto state = [&](market::TradingState to, bool killed = false) {
    market::Event<market::RiskState> event;
    event.value.scope = {market::ScopeKind::kFirm, ""};
    event.value.state = to;
    event.value.killed = killed;
    now += 10s;
    for (const Message& message : events.OnState(event)) notifier.Take(message, now);
    return notifier.waiting();
  };
  using market::TradingState;
  CHECK(state(TradingState::kReducing) == 1);
  CHECK(state(TradingState::kHalted) == 2);
  CHECK(state(TradingState::kHalted) == 2);
  CHECK(state(TradingState::kActive) == 3);
  CHECK(state(TradingState::kHalted) == 4);
  CHECK(state(TradingState::kHalted, /*killed=*/true) == 5);
  CHECK(state(TradingState::kActive) == 7);  // the end of either
  CHECK(state(TradingState::kHalted) == 8);
}

TEST_CASE("One message a channel is under way; pages go first") {
  Notifier notifier = Make({Desk("a"), Desk("b")});
  notifier.Take(Of(Severity::kInfo, "info"), kStart);
  notifier.Take(Of(Severity::kTicket, "ticket"), kStart);
  notifier.Take(Of(Severity::kPage, "page"), kStart);
  auto due = notifier.Due(kStart);
  REQUIRE(due.size() == 2);
  CHECK(due[0].message.key == "page");
  CHECK(due[0].delivery != due[1].delivery);
  CHECK(notifier.Due(kStart).empty());
  notifier.Done(0, Sent(), kStart);
  due = notifier.Due(kStart);
  REQUIRE(due.size() == 1);
  CHECK(due[0].message.key == "ticket");
}

TEST_CASE("A channel's rate holds, and what waits is put together") {
  Notifier notifier = Make({Desk("slow", 2)}, {.digest_above = 3});
  base::Time now = kStart;
  for (int i = 0; i < 40; ++i) notifier.Take(Of(Severity::kInfo, "f" + std::to_string(i)), now);
  notifier.Take(Of(Severity::kInfo, "r", Kind::kReject), now);
  auto due = notifier.Due(now);
  REQUIRE(due.size() == 1);
  CHECK(due[0].message.title == "40 messages of kind fill");
  CHECK(due[0].message.text.ends_with("f19\nand 20 more"));
  CHECK(notifier.stats().put_together == 39);
  notifier.Done(0, Sent(), now);
  due = notifier.Due(now);
  REQUIRE(due.size() == 1);
  CHECK(due[0].message.key == "r");
  notifier.Done(0, Sent(), now);
  notifier.Take(Of(Severity::kPage, "p", Kind::kKill), now);
  CHECK(notifier.Due(now).empty());  // two a minute have gone
  const auto next = notifier.NextDue(now);
  REQUIRE(next);
  CHECK(*next - now >= 29s);
  CHECK(*next - now <= 31s);
  CHECK(notifier.Due(*next).size() == 1);
}

TEST_CASE("What failed is tried again with growing pauses, and given up after a while") {
  Notifier notifier = Make({Desk("desk", 600)}, {.give_up = 10min});
  notifier.Take(Of(Severity::kPage, "a"), kStart);
  base::Time now = kStart;
  std::string delivery;
  base::Duration last{0};
  int attempts = 0;
  while (notifier.waiting() > 0 && attempts < 100) {
    const auto due = notifier.Due(now);
    REQUIRE(due.size() == 1);
    if (delivery.empty()) delivery = due[0].delivery;
    CHECK(due[0].delivery == delivery);
    ++attempts;
    notifier.Done(0, Later(), now);
    if (notifier.waiting() == 0) break;
    const base::Time next = *notifier.NextDue(now);
    CHECK(next - now <= 5min);
    if (attempts < 8) CHECK(next - now >= last / 2);
    last = next - now;
    now = next;
  }
  CHECK(attempts > 6);
  CHECK(now - kStart >= 10min);
  CHECK(notifier.stats().gave_up == 1);
  CHECK(notifier.trouble(0) == "answered 503");
  notifier.Take(Of(Severity::kPage, "b"), now);
  REQUIRE(notifier.Due(now + 5min).size() == 1);
  notifier.Done(0, Sent(), now);
  CHECK(notifier.trouble(0).empty());
}

TEST_CASE("A service that asks for time gets it; one that refuses is not asked again") {
  Notifier notifier = Make({Desk()});
  notifier.Take(Of(Severity::kPage, "a"), kStart);
  REQUIRE(notifier.Due(kStart).size() == 1);
  notifier.Done(0, Later(2min), kStart);
  CHECK(notifier.Due(kStart + 119s).empty());
  REQUIRE(notifier.Due(kStart + 2min).size() == 1);
  notifier.Done(0, {.fate = Fate::kRefused, .wait = {}, .why = "answered 404"}, kStart + 2min);
  CHECK(notifier.waiting() == 0);
  CHECK(notifier.stats().refused == 1);
}

TEST_CASE("A full queue drops its least urgent, and says so") {
  Notifier notifier = Make({Desk()}, {.max_waiting = 3});
  notifier.Take(Of(Severity::kInfo, "i1"), kStart);
  notifier.Take(Of(Severity::kInfo, "i2"), kStart);
  notifier.Take(Of(Severity::kTicket, "t"), kStart);
  notifier.Take(Of(Severity::kPage, "p1"), kStart);
  notifier.Take(Of(Severity::kPage, "p2"), kStart);
  notifier.Take(Of(Severity::kInfo, "i3"), kStart);
  CHECK(notifier.waiting() == 3);
  CHECK(notifier.stats().dropped == 3);
  std::string order;
  for (base::Time now = kStart; notifier.waiting() > 0; now += 1s) {
    for (const auto& send : notifier.Due(now)) order += send.message.key + " ";
    notifier.Done(0, Sent(), now);
  }
  CHECK(order == "p1 p2 t ");
}

TEST_CASE("Every message that a channel takes is accounted for") {
  rc::check("accounted", [] {
    Notifier notifier = Make({Desk("a", 30)}, {.give_up = 30s, .max_waiting = 8});
    base::Time now = kStart;
    bool under_way = false;
    uint64_t taken = 0;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10));
    for (const int step : steps) {
      if (step < 5) {
        notifier.Take(Of(static_cast<Severity>(1 + step % 3), std::to_string(taken)), now);
        ++taken;
      } else if (step < 8) {
        under_way = under_way || !notifier.Due(now).empty();
      } else if (under_way) {
        under_way = false;
        const Outcome outcome = step == 8 ? Sent() : Later();
        notifier.Done(0, outcome, now);
      }
      now += std::chrono::seconds(step);
    }
    const Notifier::Stats& stats = notifier.stats();
    RC_ASSERT(taken == stats.sent + stats.refused + stats.gave_up + stats.dropped +
                           stats.put_together + notifier.waiting());
    RC_ASSERT(notifier.waiting() <= 9u);
  });
}

}  // namespace
}  // namespace gannet::notify
