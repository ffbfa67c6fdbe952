// Sessions and rates in a real Redis (tools/redis-dev).
#include "services/gateway/redis_sessions.h"

#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "libs/base/posix_files.h"
#include "libs/net/redis_server_for_test.h"
#include "libs/runtime/system_clock.h"
#include "services/gateway/redis_link.h"
#include "services/gateway/session_suite.h"

namespace gannet::gateway {
namespace {

using namespace std::chrono_literals;

// Makes everything kept in the server older.
constexpr char kAge[] = R"lua(
local by = tonumber(ARGV[1])
local function shorten(key)
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, string.format('%d', left - by)) end
end
for _, key in ipairs(redis.call('KEYS', '*session:*')) do
  redis.call('HINCRBY', key, 'ends', string.format('%d', -by))
  shorten(key)
end
for _, key in ipairs(redis.call('KEYS', '*sessions')) do
  for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    redis.call('ZINCRBY', key, string.format('%d', -by * 1000), id)
  end
  shorten(key)
end
for _, key in ipairs(redis.call('KEYS', '*rate:*')) do
  redis.call('HINCRBYFLOAT', key, 'at', string.format('%.3f', -by / 1000))
  shorten(key)
end
return 1
)lua";

class ShiftedClock : public base::Clock {
 public:
  base::Time Now() const override { return real_.Now() + shift; }
  base::Duration Monotonic() const override { return real_.Monotonic() + shift; }
  base::Duration shift{0};

 private:
  const runtime::SystemClock real_;
};

class RedisHarness : public SessionHarness {
 public:
  RedisHarness() : server_(net::RedisServerForTest::Start()) {
    if (server_ == nullptr) SKIP("SKIPPED: redis-server is not installed; run tools/setup test");
    redis_ = Connect();
  }

  // As one more gateway has it.
  std::unique_ptr<net::RedisClient> Connect() {
    auto redis = std::make_unique<net::RedisClient>(io_, clock_, base::Rng(1), server_->Options());
    REQUIRE(RunUntil([&] { return redis->health().ok(); }));
    return redis;
  }
  std::unique_ptr<Sessions> MakeSessions(SessionLimits limits) override {
    return std::make_unique<RedisSessions>(*redis_, limits, "t:");
  }
  std::unique_ptr<RateLimiter> MakeLimiter(const std::string& kind, Rate rate) override {
    return std::make_unique<RedisRateLimiter>(*redis_, "t:", kind, rate, clock_);
  }
  bool RunUntil(const std::function<bool()>& done) override {
    for (int i = 0; i < 12'000; ++i) {  // a minute of nothing at most
      if (done()) return true;
      io_.restart();
      io_.run_one_for(5ms);
    }
    return false;
  }
  void Age(base::Duration by) override {
    clock_.shift += by;
    bool aged = false;
    redis_->Call({"EVAL", kAge, "0", std::to_string(std::chrono::milliseconds(by / 1ms).count())},
                 [&](const absl::StatusOr<net::RedisReply>& reply) {
                   INFO(reply.status());
                   REQUIRE(reply.ok());
                   aged = true;
                 });
    REQUIRE(RunUntil([&] { return aged; }));
  }
  net::RedisServerForTest& server() { return *server_; }
  net::RedisClient& redis() { return *redis_; }
  const base::Clock& clock() const { return clock_; }
  boost::asio::io_context& io() { return io_; }

 private:
  ShiftedClock clock_;
  boost::asio::io_context io_;
  const std::unique_ptr<net::RedisServerForTest> server_;
  std::unique_ptr<net::RedisClient> redis_;
};

constexpr SessionLimits kLimits{.idle = 1h, .absolute = 3h};

// Everything that the server was ever told to keep.
std::string KeptBy(const net::RedisServerForTest& server) {
  std::string all;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(server.folder() + "/appendonlydir")) {
    std::ifstream file(entry.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

TEST_CASE("Sessions and rates in Redis") {
  RunSessionConformance([] { return std::make_unique<RedisHarness>(); });
}

TEST_CASE("Several gateways share sessions and rates, and a restart of one loses none") {
  RedisHarness harness;
  std::string token;
  {
    const auto before = harness.MakeSessions(kLimits);
    token = harness.Open(*before, "ann").value();
  }
  const auto second = harness.Connect();
  RedisSessions sessions(*second, kLimits, "t:");
  CHECK(harness.Find(sessions, token).value() == "ann");
  RedisSessions of_another_platform(*second, kLimits, "u:");
  CHECK(harness.Find(of_another_platform, token).value().empty());

  const Rate rate{.burst = 4, .per_second = 1.0 / 3600};
  const auto here = harness.MakeLimiter("requests", rate);
  RedisRateLimiter there(*second, "t:", "requests", rate, harness.clock());
  for (int i = 0; i < 2; ++i) {
    CHECK(harness.Allow(*here, "a"));
    CHECK(harness.Allow(there, "a"));
  }
  CHECK_FALSE(harness.Allow(*here, "a"));
  CHECK_FALSE(harness.Allow(there, "a"));
}

TEST_CASE("A session that an earlier build has opened is of the first generation") {
  RedisHarness harness;
  const auto sessions = harness.MakeSessions(kLimits);
  const std::string token = harness.Open(*sessions, "ann", 3).value();
  CHECK(harness.FindOwner(*sessions, token).value() == SessionOwner{"ann", 3});
  bool forgotten = false;
  harness.redis().Call(
      {"HDEL", "t:session:" + base::Hex(base::Sha256(token)), "generation"},
      [&](const absl::StatusOr<net::RedisReply>& reply) { forgotten = reply->number == 1; });
  REQUIRE(harness.RunUntil([&] { return forgotten; }));
  CHECK(harness.FindOwner(*sessions, token).value() == SessionOwner{"ann", 0});
}

TEST_CASE("Nothing that Redis keeps lets anybody in, or says what was typed") {
  RedisHarness harness;
  const auto sessions = harness.MakeSessions(kLimits);
  const std::string token = harness.Open(*sessions, "ann").value();
  REQUIRE(harness.Find(*sessions, token).value() == "ann");
  const auto limiter = harness.MakeLimiter("users", {.burst = 5, .per_second = 1});
  REQUIRE(harness.Allow(*limiter, "typed-into-the-wrong-field"));
  const std::string kept = KeptBy(harness.server());
  REQUIRE(kept.find(base::Hex(base::Sha256(token))) != std::string::npos);
  CHECK(kept.find(token) == std::string::npos);
  CHECK(kept.find(CsrfOf(token)) == std::string::npos);
  CHECK(kept.find("typed-into") == std::string::npos);
}

TEST_CASE("Everything that Redis keeps goes by itself") {
  RedisHarness harness;
  const auto sessions = harness.MakeSessions(kLimits);
  REQUIRE(harness.Open(*sessions, "ann").ok());
  const auto limiter = harness.MakeLimiter("users", {.burst = 5, .per_second = 1});
  REQUIRE(harness.Allow(*limiter, "ann"));
  CHECK(harness.server().Cli({"DBSIZE"}) == "3");
  harness.Age(3h + 1s);
  CHECK(harness.server().Cli({"DBSIZE"}) == "0");
}

TEST_CASE("Without its Redis nobody is let in or signed out, and rates are of this process") {
  RedisHarness harness;
  const auto sessions = harness.MakeSessions(kLimits);
  const Rate rate{.burst = 3, .per_second = 1.0 / 3600};
  const auto limiter = harness.MakeLimiter("requests", rate);
  const std::string token = harness.Open(*sessions, "ann").value();
  CHECK(harness.Allow(*limiter, "a"));
  harness.server().Stop();
  REQUIRE(harness.RunUntil([&] { return !harness.redis().health().ok(); }));
  CHECK(absl::IsUnavailable(harness.Find(*sessions, token).status()));
  CHECK(absl::IsUnavailable(harness.Open(*sessions, "ann").status()));
  CHECK(absl::IsUnavailable(harness.Close(*sessions, token)));
  CHECK(absl::IsUnavailable(harness.CloseAllOf(*sessions, "ann")));
  CHECK(absl::IsUnavailable(sessions->health()));
  CHECK(sessions->health().message().find("nobody can sign in") != std::string::npos);
  CHECK(harness.Allow(*limiter, "a"));
  CHECK(harness.Allow(*limiter, "a"));
  CHECK_FALSE(harness.Allow(*limiter, "a"));

  harness.server().StartAgain();
  REQUIRE(harness.RunUntil([&] { return harness.redis().health().ok(); }));
  CHECK(sessions->health().ok());
  CHECK(harness.Find(*sessions, token).value() == "ann");
}

TEST_CASE("What the server refuses is said until it takes it again") {
  RedisHarness harness;
  const auto sessions = harness.MakeSessions(kLimits);
  const std::string token = harness.Open(*sessions, "ann").value();
  harness.server().Cli({"CONFIG", "SET", "min-replicas-to-write", "1"});
  CHECK(absl::IsUnavailable(harness.Open(*sessions, "bob").status()));
  CHECK(sessions->health().message().find("NOREPLICAS") != std::string::npos);
  CHECK(harness.redis().health().ok());
  harness.server().Cli({"CONFIG", "SET", "min-replicas-to-write", "0"});
  CHECK(harness.Find(*sessions, token).value() == "ann");
  CHECK(sessions->health().ok());
}

TEST_CASE("What is late for sessions that have gone is dropped") {
  RedisHarness harness;
  auto sessions = harness.MakeSessions(kLimits);
  bool called = false;
  sessions->Find("x", [&](const absl::StatusOr<SessionOwner>&) { called = true; });
  sessions.reset();
  bool answered = false;
  harness.redis().Call({"PING"}, [&](const auto&) { answered = true; });
  REQUIRE(harness.RunUntil([&] { return answered; }));
  CHECK_FALSE(called);
}

TEST_CASE("A user of the access list that may touch these keys only is enough") {
  RedisHarness harness;
  base::PosixFiles files;
  const std::string file = harness.server().folder() + "/gateway";
  REQUIRE(files.WriteAtomically(file, "a-long-password-of-it\n", 0600).ok());
  // As docs/containers.md writes it.
  harness.server().Cli({"ACL", "SETUSER", "gateway", "on", ">a-long-password-of-it", "~gannet:*",
                        "+@hash", "+@sortedset", "+@keyspace", "+@scripting", "+time", "+ping",
                        "-@dangerous"});
  RedisConfig config;
  config.host = "127.0.0.1";
  config.port = harness.server().Options().port;
  config.user = "gateway";
  config.password_file = file;
  config.timeout = 20s;
  auto redis = OpenRedis(config, harness.io(), files, harness.clock());
  REQUIRE(redis.ok());
  INFO((*redis)->health());
  REQUIRE(harness.RunUntil([&] { return (*redis)->health().ok(); }));
  RedisSessions sessions(**redis, kLimits, config.prefix);
  const auto token = harness.Open(sessions, "ann");
  INFO(token.status());
  REQUIRE(token.ok());
  CHECK(harness.Find(sessions, *token).value() == "ann");
  CHECK(harness.CloseAllOf(sessions, "ann").ok());
  CHECK(harness.Find(sessions, *token).value().empty());
  RedisRateLimiter limiter(**redis, config.prefix, "users", {.burst = 1, .per_second = 0.001},
                           harness.clock());
  CHECK(harness.Allow(limiter, "a"));
  CHECK((*redis)->stats().failed == 0);
}

}  // namespace
}  // namespace gannet::gateway
