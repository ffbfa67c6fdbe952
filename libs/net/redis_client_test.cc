// On a real Redis (tools/redis-dev).
#include "libs/net/redis_client.h"

#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <optional>

#include "libs/base/temp_dir_for_test.h"
#include "libs/net/redis_server_for_test.h"
#include "libs/net/test_certificate.h"
#include "libs/runtime/system_clock.h"

namespace gannet::net {
namespace {

using Reply = absl::StatusOr<RedisReply>;
using std::chrono::milliseconds;

std::unique_ptr<RedisServerForTest> StartServer(std::vector<std::string> arguments = {}) {
  auto server = RedisServerForTest::Start(std::move(arguments));
  if (server == nullptr) SKIP("SKIPPED: redis-server is not installed; run tools/setup test");
  return server;
}

// A client and the loop that it runs on.
struct Fixture {
  explicit Fixture(RedisOptions options)
      : client(std::make_unique<RedisClient>(io, clock, base::Rng(1), std::move(options))) {}

  bool RunUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 12'000; ++i) {  // a minute of nothing at most
      if (done()) return true;
      io.restart();
      io.run_one_for(milliseconds(5));
    }
    return false;
  }
  bool Connect() {
    return RunUntil([this] { return client->health().ok(); });
  }
  Reply Ask(std::vector<std::string> command) {
    std::optional<Reply> reply;
    client->Call(std::move(command), [&reply](Reply r) { reply = std::move(r); });
    REQUIRE_FALSE(reply.has_value());  // never inside the call
    REQUIRE(RunUntil([&] { return reply.has_value(); }));
    return *std::move(reply);
  }

  runtime::SystemClock clock;
  boost::asio::io_context io;
  std::unique_ptr<RedisClient> client;
};

TEST_CASE("Redis answers, in the clear on loopback and over TLS") {
  for (const bool tls : {false, true}) {
    const auto server =
        StartServer(tls ? std::vector<std::string>{"--tls"} : std::vector<std::string>{});
    Fixture f(server->Options());
    CHECK(absl::IsUnavailable(f.Ask({"PING"}).status()));  // not connected yet
    INFO(f.client->health());
    REQUIRE(f.Connect());
    const std::string odd("a\r\n\0b", 5);
    CHECK(f.Ask({"SET", "k", odd}).value().text == "OK");
    CHECK(f.Ask({"GET", "k"}).value().text == odd);
    CHECK(f.Ask({"GET", "none"}).value().type == RedisReply::Type::kNothing);
    CHECK(f.Ask({"EVAL", "return {1, ARGV[1]}", "0", "x"}).value().items.at(1).text == "x");
    const Reply refused = f.Ask({"HGET", "k", "field"});
    CHECK(absl::IsFailedPrecondition(refused.status()));
    CHECK(refused.status().message().find("WRONGTYPE") == 0);
    CHECK(f.client->health().ok());
    CHECK(f.client->stats().answered == 4);
    CHECK(f.client->stats().failed == 2);
  }
}

TEST_CASE("Many calls at once are answered in their order") {
  const auto server = StartServer();
  Fixture f(server->Options());
  REQUIRE(f.Connect());
  constexpr size_t kCalls = 2'000;
  std::vector<std::string> answers;
  for (size_t i = 0; i < kCalls; ++i) {
    f.client->Call({"ECHO", std::to_string(i)},
                   [&](Reply reply) { answers.push_back(reply.value().text); });
  }
  REQUIRE(f.RunUntil([&] { return answers.size() == kCalls; }));
  for (size_t i = 0; i < kCalls; ++i) CHECK(answers[i] == std::to_string(i));
  size_t refused = 0, taken = 0;
  for (size_t i = 0; i < RedisClient::kMaxWaiting + 100; ++i) {
    f.client->Call({"PING"}, [&](const Reply& reply) {
      ++(absl::IsResourceExhausted(reply.status()) ? refused : taken);
    });
  }
  REQUIRE(f.RunUntil([&] { return refused + taken == RedisClient::kMaxWaiting + 100; }));
  CHECK(refused >= 100);
}

TEST_CASE("A Redis that went is said to be gone, and used again when it is back") {
  const auto server = StartServer();
  Fixture f(server->Options());
  REQUIRE(f.Connect());
  REQUIRE(f.Ask({"SET", "k", "kept"}).ok());
  server->Stop();
  REQUIRE(f.RunUntil([&] { return !f.client->health().ok(); }));
  CHECK(absl::IsUnavailable(f.Ask({"GET", "k"}).status()));
  REQUIRE(f.RunUntil([&] { return f.client->stats().lost >= 3; }));  // it goes on trying
  server->StartAgain();
  REQUIRE(f.Connect());
  CHECK(f.Ask({"GET", "k"}).value().text == "kept");
  CHECK(f.client->stats().connections == 2);
}

TEST_CASE("A Redis that hangs is noticed, with and without a call") {
  const auto server = StartServer();
  RedisOptions options = server->Options();
  options.timeout = milliseconds(300);
  Fixture f(options);
  REQUIRE(f.Connect());
  REQUIRE(::kill(server->pid(), SIGSTOP) == 0);
  SECTION("a call ends at its limit") { CHECK(absl::IsDeadlineExceeded(f.Ask({"PING"}).status())); }
  SECTION("nobody calls") {}
  REQUIRE(f.RunUntil([&] { return !f.client->health().ok(); }));
  CHECK(f.client->health().message().find("does not answer") != std::string::npos);
  REQUIRE(::kill(server->pid(), SIGCONT) == 0);
  REQUIRE(f.Connect());
}

TEST_CASE("Whoever is not let in, or does not trust what answers, says why") {
  const auto server = StartServer({"--tls"});
  base::TempDirForTest folder;
  WriteTestCertificate(folder.path());
  RedisOptions options = server->Options();
  std::string said;
  SECTION("a wrong password") {
    options.password = [] { return absl::StatusOr<std::string>("not-the-password"); };
    said = "check user and password_file";
  }
  SECTION("no password") {
    options.password = nullptr;
    said = "NOAUTH";
  }
  SECTION("a password that cannot be read") {
    options.password = [] {
      return absl::StatusOr<std::string>(absl::NotFoundError("the file has gone"));
    };
    said = "the file has gone";
  }
  SECTION("an authority that did not sign") {
    options.root_certificate = folder.path() + "/certificate.pem";
    said = "certificate verify failed";
  }
  SECTION("another name") {
    options.host = "127.0.0.1";
    said = "certificate verify failed";
  }
  SECTION("a certificate that is not there") {
    options.root_certificate = folder.path() + "/nothing.pem";
    said = "nothing.pem";
  }
  SECTION("no TLS") {
    options.root_certificate.clear();
    said = "";
  }
  Fixture f(options);
  REQUIRE(f.RunUntil([&] { return f.client->stats().lost >= 2; }));
  INFO(f.client->health());
  CHECK(f.client->health().message().find(said) != std::string::npos);
  CHECK(f.client->health().message().find("not-the-password") == std::string::npos);
  CHECK_FALSE(f.client->health().ok());
}

TEST_CASE("A password that was changed is taken at the next connection") {
  const auto server = StartServer();
  std::string password = server->Options().password().value();
  RedisOptions options = server->Options();
  options.password = [&password] { return absl::StatusOr<std::string>(password); };
  Fixture f(options);
  REQUIRE(f.Connect());
  REQUIRE(f.Ask({"CONFIG", "SET", "requirepass", "another-password"}).ok());
  password = "another-password";
  f.client->Call({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"}, [](const Reply&) {});
  REQUIRE(f.RunUntil([&] { return f.client->stats().connections == 2; }));
  REQUIRE(f.Connect());
  CHECK(f.Ask({"PING"}).ok());
}

TEST_CASE("Nothing is called back once the client has gone") {
  const auto server = StartServer();
  Fixture f(server->Options());
  REQUIRE(f.Connect());
  bool called = false;
  f.client->Call({"PING"}, [&](const Reply&) { called = true; });
  f.client.reset();
  f.io.restart();
  f.io.run_for(milliseconds(100));
  CHECK_FALSE(called);
}

}  // namespace
}  // namespace gannet::net
