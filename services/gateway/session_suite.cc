#include "services/gateway/session_suite.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <vector>

namespace gannet::gateway {
namespace {

using namespace std::chrono_literals;

constexpr SessionLimits kLimits{.idle = 1h, .absolute = 3h};

void TestLife(SessionHarness& harness) {
  const auto sessions = harness.MakeSessions(kLimits);
  const std::string ann = harness.Open(*sessions, "ann").value();
  const std::string bob = harness.Open(*sessions, "bob").value();
  CHECK(ann != bob);
  CHECK(ann.size() >= 40);
  CHECK(CsrfOf(ann) != CsrfOf(bob));
  CHECK(sessions->size() == 2);
  CHECK(harness.Find(*sessions, ann).value() == "ann");
  CHECK(harness.Find(*sessions, bob).value() == "bob");
  CHECK(harness.Find(*sessions, ann + "x").value().empty());
  CHECK(harness.Find(*sessions, "").value().empty());
  CHECK(harness.Close(*sessions, ann).ok());
  CHECK(harness.Close(*sessions, ann).ok());  // nothing is left to close
  CHECK(harness.Find(*sessions, ann).value().empty());
  CHECK(harness.Find(*sessions, bob).value() == "bob");
  CHECK(sessions->size() == 1);
  CHECK(sessions->health().ok());
  const std::string later = harness.Open(*sessions, "cid", 7).value();
  CHECK(harness.FindOwner(*sessions, later).value() == SessionOwner{"cid", 7});
  CHECK(harness.FindOwner(*sessions, bob).value() == SessionOwner{"bob", 0});
}

void TestAge(SessionHarness& harness) {
  const auto sessions = harness.MakeSessions(kLimits);
  const std::string used = harness.Open(*sessions, "ann").value();
  const std::string unused = harness.Open(*sessions, "ann").value();
  for (int i = 0; i < 4; ++i) {  // two hours and forty minutes, never unused for an hour
    harness.Age(40min);
    CHECK(harness.Find(*sessions, used).value() == "ann");
    // Whoever only watches keeps no session alive.
    CHECK(harness.Look(*sessions, unused).value() == (i == 0 ? "ann" : ""));
  }
  CHECK(harness.Find(*sessions, unused).value().empty());
  harness.Age(25min);  // three hours in all, however busy
  CHECK(harness.Find(*sessions, used).value().empty());
}

void TestMostOfAUser(SessionHarness& harness) {
  const auto sessions = harness.MakeSessions(kLimits);
  const std::string bob = harness.Open(*sessions, "bob").value();
  std::vector<std::string> tokens;
  for (size_t i = 0; i < Sessions::kMaxPerUser; ++i) {
    harness.Age(1s);
    tokens.push_back(harness.Open(*sessions, "ann").value());
  }
  harness.Age(1s);
  CHECK(harness.Find(*sessions, tokens[0]).value() == "ann");  // used now: not the one that goes
  harness.Age(1s);
  tokens.push_back(harness.Open(*sessions, "ann").value());
  for (size_t i = 0; i < tokens.size(); ++i) {
    INFO(i);
    CHECK(harness.Find(*sessions, tokens[i]).value() == (i == 1 ? "" : "ann"));
  }
  CHECK(harness.Find(*sessions, bob).value() == "bob");
  CHECK(harness.CloseAllOf(*sessions, "ann").ok());
  for (const std::string& token : tokens) CHECK(harness.Find(*sessions, token).value().empty());
  CHECK(harness.Find(*sessions, bob).value() == "bob");
  CHECK(sessions->size() == 1);
}

void TestMost(SessionHarness& harness) {
  const auto sessions = harness.MakeSessions(kLimits);
  const std::string first = harness.Open(*sessions, "first").value();
  harness.Age(1s);
  std::string last;
  for (size_t i = 0; i < Sessions::kMaxSessions; ++i)
    last = harness.Open(*sessions, "user-" + std::to_string(i / Sessions::kMaxPerUser)).value();
  CHECK(sessions->size() == Sessions::kMaxSessions);
  CHECK(harness.Find(*sessions, first).value().empty());
  CHECK_FALSE(harness.Find(*sessions, last).value().empty());
}

void TestRates(SessionHarness& harness) {
  // A token takes an hour: a machine that is busy gives none by itself.
  const Rate rate{.burst = 3, .per_second = 1.0 / 3600};
  const auto limiter = harness.MakeLimiter("requests", rate);
  for (int i = 0; i < 3; ++i) CHECK(harness.Allow(*limiter, "a"));
  CHECK_FALSE(harness.Allow(*limiter, "a"));
  CHECK_FALSE(harness.Allow(*limiter, "a"));
  CHECK(harness.Allow(*limiter, "b"));  // of others nothing was taken
  const auto other = harness.MakeLimiter("users", rate);
  CHECK(harness.Allow(*other, "a"));
  harness.Age(90min);
  CHECK(harness.Allow(*limiter, "a"));
  CHECK_FALSE(harness.Allow(*limiter, "a"));
  harness.Age(240h);  // never more than a burst
  for (int i = 0; i < 3; ++i) CHECK(harness.Allow(*limiter, "a"));
  CHECK_FALSE(harness.Allow(*limiter, "a"));
}

// Runs `call` until it has answered.
template <class T, class Call>
T Await(SessionHarness& harness, Call call) {
  std::optional<T> answer;
  call([&answer](T value) {
    REQUIRE_FALSE(answer.has_value());
    answer.emplace(std::move(value));
  });
  REQUIRE(harness.RunUntil([&] { return answer.has_value(); }));
  return *std::move(answer);
}

}  // namespace

absl::StatusOr<std::string> SessionHarness::Open(Sessions& sessions, const std::string& user,
                                                 uint32_t generation) {
  return Await<absl::StatusOr<std::string>>(*this, [&](auto done) {
    sessions.Open({user, generation}, done);
  });
}

absl::StatusOr<SessionOwner> SessionHarness::FindOwner(Sessions& sessions, std::string_view token) {
  return Await<absl::StatusOr<SessionOwner>>(*this, [&](auto done) { sessions.Find(token, done); });
}

absl::StatusOr<std::string> SessionHarness::Find(Sessions& sessions, std::string_view token) {
  const auto owner = FindOwner(sessions, token);
  if (!owner.ok()) return owner.status();
  return owner->user;
}

absl::StatusOr<std::string> SessionHarness::Look(Sessions& sessions, std::string_view token) {
  const auto owner =
      Await<absl::StatusOr<SessionOwner>>(*this, [&](auto done) { sessions.Look(token, done); });
  if (!owner.ok()) return owner.status();
  return owner->user;
}

absl::Status SessionHarness::Close(Sessions& sessions, std::string_view token) {
  return Await<absl::Status>(*this, [&](auto done) { sessions.Close(token, done); });
}

absl::Status SessionHarness::CloseAllOf(Sessions& sessions, const std::string& user) {
  return Await<absl::Status>(*this, [&](auto done) { sessions.CloseAllOf(user, done); });
}

bool SessionHarness::Allow(RateLimiter& limiter, const std::string& name) {
  return Await<bool>(*this, [&](auto done) { limiter.Allow(name, done); });
}

void RunSessionConformance(const std::function<std::unique_ptr<SessionHarness>()>& make) {
  const auto harness = make();
  SECTION("a session is opened, found and closed") { TestLife(*harness); }
  SECTION("a session ends unused, and by its age") { TestAge(*harness); }
  SECTION("a user has a number of sessions: the one unused for longest goes") {
    TestMostOfAUser(*harness);
  }
  SECTION("there is a number of sessions: the one unused for longest goes") { TestMost(*harness); }
  SECTION("a rate gives back what time brings, for each name") { TestRates(*harness); }
}

}  // namespace gannet::gateway
