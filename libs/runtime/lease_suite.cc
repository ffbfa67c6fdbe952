#include "libs/runtime/lease_suite.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "libs/base/rng.h"

namespace gannet::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A holder may send until length minus margin after its last renewal.
void RunsOut(const LeaseUnderTest& s) {
  const auto lease = s.make("runs-out", "a", {});
  CHECK(!lease->MayStillSend());
  CHECK(lease->epoch() == 0);
  CHECK(absl::IsAborted(lease->Renew()));
  CHECK(lease->Release().ok());
  REQUIRE(lease->TryAcquire().ok());
  CHECK(lease->epoch() == 1);
  s.clock.RunFor(milliseconds(7999));
  CHECK(lease->MayStillSend());
  s.clock.RunFor(milliseconds(1));
  CHECK(!lease->MayStillSend());
  REQUIRE(lease->Renew().ok());  // nobody else has it: it goes on
  CHECK(lease->MayStillSend());
  CHECK(lease->epoch() == 1);
  CHECK(lease->TryAcquire().ok());
}

// Of two contenders one holds, the other waits for the first to be silent.
void TakesOver(const LeaseUnderTest& s) {
  const auto a = s.make("takes-over", "a", {}), b = s.make("takes-over", "b", {});
  REQUIRE(a->TryAcquire().ok());
  for (int i = 0; i < 100; ++i) {
    CHECK(absl::IsUnavailable(b->TryAcquire()));
    CHECK(!b->MayStillSend());
    s.clock.RunFor(seconds(2));
    REQUIRE(a->Renew().ok());
  }
  // `a` falls silent. Length 10 + margin 2 + receive window 5 after b sees the last beat.
  const absl::Status waiting = b->TryAcquire();
  CHECK(absl::IsUnavailable(waiting));
  CHECK(waiting.message().find("held by a (epoch 1)") != absl::string_view::npos);
  s.clock.RunFor(milliseconds(16'999));
  CHECK(!a->MayStillSend());
  CHECK(absl::IsUnavailable(b->TryAcquire()));
  s.clock.RunFor(milliseconds(1));
  REQUIRE(b->TryAcquire().ok());
  CHECK(b->epoch() == 2);
  CHECK(b->MayStillSend());
  CHECK(absl::IsAborted(a->Renew()));
  CHECK(!a->MayStillSend());
  CHECK(absl::IsAborted(a->Renew()));
  CHECK(absl::IsAborted(a->TryAcquire()));
  CHECK(a->Release().ok());  // of what it no longer has: nothing
  REQUIRE(b->Renew().ok());
}

// Two that call themselves the same are two.
void SameName(const LeaseUnderTest& s) {
  const auto a = s.make("same-name", "a", {});
  REQUIRE(a->TryAcquire().ok());
  const auto b = s.make("same-name", "a", {});
  CHECK(absl::IsUnavailable(b->TryAcquire()));
  CHECK(absl::IsAborted(b->Renew()));
  CHECK(a->Renew().ok());
}

// Never do two hold at once, whatever the order of steps.
void NeverTwo(const LeaseUnderTest& s) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const std::string shard = "never-two-" + std::to_string(seed);
    base::Rng rng(seed);
    const LeaseOptions options{
        .length = seconds(3), .margin = seconds(1), .receive_window = seconds(1)};
    std::vector<std::unique_ptr<ShardLease>> contenders;
    uint64_t highest = 0;
    for (int i = 0; i < 3; ++i) contenders.push_back(s.make(shard, std::to_string(i), options));
    for (int step = 0; step < 200; ++step) {
      auto& one = contenders[rng.Below(contenders.size())];
      const uint64_t action = rng.Below(10);
      if (action < 5) {
        (void)one->Renew();
      } else if (action < 9) {
        if (one->TryAcquire().ok()) highest = std::max(highest, one->epoch());
      } else {
        one.reset();  // releases
        one = s.make(shard, std::to_string(step), options);
      }
      s.clock.RunFor(milliseconds(rng.Between(0, 1500)));
      int may_send = 0;
      for (const auto& lease : contenders) {
        if (!lease->MayStillSend()) continue;
        ++may_send;
        CHECK(lease->epoch() == highest);
      }
      REQUIRE(may_send <= 1);
    }
    CHECK(highest > 3);
  }
}

// A released row is free at once, with the next epoch.
void IsReleased(const LeaseUnderTest& s) {
  auto a = s.make("released", "a", {});
  REQUIRE(a->TryAcquire().ok());
  a.reset();
  const auto b = s.make("released", "b", {});
  REQUIRE(b->TryAcquire().ok());
  CHECK(b->epoch() == 2);
  REQUIRE(b->Release().ok());
  CHECK(!b->MayStillSend());
}

// Who has proof that earlier holders are gone does not wait; epochs never fall.
void NeedNotWait(const LeaseUnderTest& s) {
  const auto a = s.make("need-not-wait", "a", {});
  REQUIRE(a->TryAcquire().ok());
  LeaseOptions options;
  options.earlier_holders_are_gone = true;
  options.lowest_epoch = 1000;
  const auto b = s.make("need-not-wait", "b", options);
  REQUIRE(b->TryAcquire().ok());
  CHECK(b->epoch() == 1000);
  s.lose("need-not-wait");
  const auto c = s.make("need-not-wait", "c", options);
  REQUIRE(c->TryAcquire().ok());
  CHECK(c->epoch() == 1000);
  CHECK(absl::IsAborted(b->Renew()));
}

// A successor waits by the length that the holder was promised, not by its own.
void LengthIsTheHolders(const LeaseUnderTest& s) {
  const auto a = s.make("length", "a", {.length = seconds(30)});
  const auto b = s.make("length", "b", {.length = seconds(3), .margin = seconds(1)});
  REQUIRE(a->TryAcquire().ok());
  CHECK(absl::IsUnavailable(b->TryAcquire()));
  s.clock.RunFor(seconds(35));
  CHECK(absl::IsUnavailable(b->TryAcquire()));
  s.clock.RunFor(seconds(1));
  CHECK(b->TryAcquire().ok());
}

}  // namespace

void RunLeaseSuite(const LeaseUnderTest& subject) {
  RunsOut(subject);
  TakesOver(subject);
  SameName(subject);
  NeverTwo(subject);
  IsReleased(subject);
  NeedNotWait(subject);
  LengthIsTheHolders(subject);
}

}  // namespace gannet::runtime
