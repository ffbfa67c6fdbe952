// What becomes of writes while the server is away, comes back, or another takes over:
// nothing acknowledged is lost, nothing is applied twice.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <string_view>
#include <thread>

#include "libs/base/check.h"
#include "libs/store/postgres_fixture_for_test.h"
#include "libs/store/postgres_session.h"

namespace gannet::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Stands between a client and the server (both on loopback, without TLS) and breaks
// one connection at COMMIT.
class Proxy {
 public:
  enum class Fault {
    kNone,
    kLoseCommit,  // the server never hears of it
    kLoseAnswer,  // committed, and the client does not hear of it
    kLateCommit,  // the client is cut off; the server is told to commit a while later
    kSilence,     // nothing gets through any more in either direction
  };

  explicit Proxy(uint16_t server_port) : server_port_(server_port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = Loopback(0);
    GANNET_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     ::listen(listener_, 16) == 0,
                 "a proxy listens");
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~Proxy() {
    ending_ = true;
    acceptor_.join();
    for (std::thread& session : sessions_) session.join();
    ::close(listener_);
  }
  uint16_t port() const { return port_; }
  // Strikes once, at the next COMMIT.
  void Arm(Fault fault) { fault_ = fault; }
  void RefuseNew(bool refuse) { refuse_ = refuse; }

 private:
  static sockaddr_in Loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }

  void Accept() {
    while (!ending_) {
      pollfd ready{listener_, POLLIN, 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      if (refuse_) {
        ::close(client);
        continue;
      }
      sessions_.emplace_back([this, client] { Relay(client); });
    }
  }

  void Relay(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(server_port_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      Forward(client, server);
    ::close(client);
    ::close(server);
  }

  void Forward(int client, int server) {
    std::array<char, 65536> bytes;
    while (!ending_) {
      std::array<pollfd, 2> ready = {{{client, POLLIN, 0}, {server, POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), 20) <= 0) continue;
      if (ready[0].revents != 0) {
        const ssize_t got = ::read(client, bytes.data(), bytes.size());
        if (got <= 0) return;
        const std::string_view text(bytes.data(), static_cast<size_t>(got));
        // A simple query: 'Q', four bytes of length, the text.
        if (text.find("COMMIT") != std::string_view::npos) {
          const Fault fault = fault_.exchange(Fault::kNone);
          if (fault != Fault::kNone) return Strike(fault, client, server, text);
        }
        if (!Send(server, text)) return;
      }
      if (ready[1].revents != 0) {
        const ssize_t got = ::read(server, bytes.data(), bytes.size());
        if (got <= 0) return;
        if (!Send(client, std::string_view(bytes.data(), static_cast<size_t>(got)))) return;
      }
    }
  }

  void Strike(Fault fault, int client, int server, std::string_view commit) {
    if (fault == Fault::kLoseCommit) return;
    if (fault == Fault::kSilence) {
      while (!ending_) ::poll(nullptr, 0, 20);
      return;
    }
    if (fault == Fault::kLateCommit) {
      ::shutdown(client, SHUT_RDWR);
      ::poll(nullptr, 0, 700);
    }
    (void)Send(server, commit);
    std::array<char, 4096> answer;
    (void)!::read(server, answer.data(), answer.size());
  }

  static bool Send(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  const uint16_t server_port_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<Fault> fault_ = Fault::kNone;
  std::atomic<bool> refuse_ = false, ending_ = false;
  std::thread acceptor_;
  std::vector<std::thread> sessions_;  // of the acceptor, until it has ended
};

// A server on a TCP port, for all tests of this file.
PostgresClusterForTest& TcpCluster() {
  static const auto cluster = PostgresClusterForTest::Start({"--port", "0"});
  SkipWithout(cluster);
  return *cluster;
}

struct ThroughProxy {
  PostgresOptions direct = Migrated(TcpCluster());
  Proxy proxy{direct.hosts[0].port};
  std::unique_ptr<PostgresPool> pool;
  std::unique_ptr<PostgresStore> store;

  explicit ThroughProxy(const std::function<void(PostgresOptions&)>& change = {}) {
    PostgresOptions options = direct;
    options.hosts[0].port = proxy.port();
    if (change) change(options);
    pool = MakePool(options);
    store = OpenStore(*pool);
    // Makes the month's partitions, whose COMMIT is not the one to break.
    REQUIRE(store->Write(CountedBatch(1)).ok());
  }
};

TEST_CASE("A COMMIT that the server never heard of is written again, once") {
  ThroughProxy t;
  t.proxy.Arm(Proxy::Fault::kLoseCommit);
  REQUIRE(t.store->Write(CountedBatch(2)).ok());
  CHECK(t.pool->stats().in_doubt == 1);
  CHECK(t.store->stats().found_kept == 0);
  CheckCounted(*t.store, 2);
}

TEST_CASE("A COMMIT whose answer was lost is found to be kept, and not written again") {
  ThroughProxy t;
  t.proxy.Arm(Proxy::Fault::kLoseAnswer);
  REQUIRE(t.store->Write(CountedBatch(2)).ok());
  CHECK(t.pool->stats().in_doubt == 1);
  CHECK(t.store->stats().found_kept == 1);
  CheckCounted(*t.store, 2);
}

TEST_CASE("A COMMIT that the server carries out late is waited for, and not written again") {
  ThroughProxy t;
  t.proxy.Arm(Proxy::Fault::kLateCommit);
  REQUIRE(t.store->Write(CountedBatch(2)).ok());
  CHECK(t.store->stats().found_kept == 1);
  CheckCounted(*t.store, 2);
}

TEST_CASE("A new writer waits for the last transaction of the one before it") {
  ThroughProxy t([](PostgresOptions& options) { options.attempts = 1; });
  t.proxy.Arm(Proxy::Fault::kLateCommit);
  CHECK(absl::IsUnknown(t.store->Write(CountedBatch(2))));
  // The program restarts and asks what was kept: only once that is decided is it told.
  const auto pool = MakePool(t.direct);
  const auto successor = OpenStore(*pool);
  CHECK(successor->HighWater().value().at(1) == 2);
  REQUIRE(successor->Write(CountedBatch(3)).ok());
  CheckCounted(*successor, 3);
}

TEST_CASE("A batch whose fate stays unknown comes first, and is applied once in the end") {
  for (const Proxy::Fault fault : {Proxy::Fault::kLoseCommit, Proxy::Fault::kLoseAnswer}) {
    ThroughProxy t([](PostgresOptions& options) { options.attempts = 2; });
    const auto outage = [&](const Batch& batch) {
      const absl::Status status = t.store->Write(batch);
      INFO(status.ToString());
      CHECK(absl::IsUnknown(status));
    };
    t.proxy.Arm(fault);
    t.proxy.RefuseNew(true);
    outage(CountedBatch(2));
    outage(CountedBatch(2));
    Batch more = CountedBatch(2);
    more.fills.push_back(CountedBatch(3).fills[0]);
    CHECK(absl::IsFailedPrecondition(t.store->Write(more)));
    t.proxy.RefuseNew(false);
    REQUIRE(t.store->Write(CountedBatch(2)).ok());
    CHECK(t.store->stats().found_kept == (fault == Proxy::Fault::kLoseAnswer ? 1 : 0));
    REQUIRE(t.store->Write(CountedBatch(3)).ok());
    CheckCounted(*t.store, 3);
  }
}

TEST_CASE(
    "A server that has fallen silent is given up after its time, and the batch is kept once") {
  ThroughProxy t([](PostgresOptions& options) {
    options.statement_timeout = milliseconds(300);
    options.lock_timeout = milliseconds(200);
    options.attempts = 20;
  });
  t.proxy.Arm(Proxy::Fault::kSilence);
  REQUIRE(t.store->Write(CountedBatch(2)).ok());
  CHECK(t.pool->stats().cut_off == 1);
  CheckCounted(*t.store, 2);
}

TEST_CASE("A slow statement ends at the server's time limit, with the key to raise") {
  PostgresOptions options = Migrated(TcpCluster());
  options.statement_timeout = milliseconds(50);
  options.attempts = 2;
  const auto pool = MakePool(options);
  const absl::Status status =
      pool->Transact("sleeping", PostgresPool::Access::kRead, [](PostgresSession& session) {
        session.sql().exec("SELECT pg_sleep(5)");
        return absl::OkStatus();
      });
  INFO(status.ToString());
  CHECK(absl::IsUnavailable(status));
  CHECK(status.message().find("statement_timeout") != absl::string_view::npos);
  CHECK(pool->stats().connects == 1);  // the session outlives its statement
}

TEST_CASE("PostgreSQL stopped, killed and started again under writes: each batch once") {
  const auto cluster = PostgresClusterForTest::Start({"--port", "0"});
  SkipWithout(cluster);
  PostgresOptions options = Migrated(*cluster);
  options.attempts = 2;
  const auto pool = MakePool(options);
  const auto store = OpenStore(*pool);
  std::atomic<bool> ended = false;
  std::atomic<uint64_t> written = 0, refused = 0;
  std::string wrong;
  std::thread writer([&] {
    // As reporting does: the same batch until it is acknowledged.
    for (uint64_t n = 1; !ended;) {
      const absl::Status status = store->Write(CountedBatch(n));
      if (status.ok()) {
        written = n++;
      } else if (absl::IsUnavailable(status) || absl::IsUnknown(status)) {
        ++refused;
        ::poll(nullptr, 0, 20);
      } else {
        wrong = status.ToString();
        return;
      }
    }
  });
  const auto wait_for = [&](const std::atomic<uint64_t>& counter, uint64_t more) {
    const uint64_t until = counter + more;
    for (int i = 0; i < 3'000 && counter < until; ++i) ::poll(nullptr, 0, 10);
    return counter >= until;
  };
  for (const char* mode : {"fast", "immediate", "immediate"}) {
    CHECK(wait_for(written, 20));
    cluster->Stop(mode);
    CHECK(wait_for(refused, 1));
    cluster->StartAgain();
  }
  // One backend, in the middle of whatever it does, many times.
  for (int i = 0; i < 10; ++i) {
    CHECK(wait_for(written, 5));
    cluster->Psql(options.database,
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                  "'gannet'");
  }
  CHECK(wait_for(written, 20));
  ended = true;
  writer.join();
  CHECK(wrong == "");
  CheckCounted(*store, written);
}

TEST_CASE("A standby that takes over has everything that was acknowledged") {
  const auto primary = PostgresClusterForTest::Start({"--port", "0"});
  SkipWithout(primary);
  PostgresOptions options = Migrated(*primary);
  const auto standby = PostgresClusterForTest::StartStandby(*primary);
  primary->Psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
  primary->Psql("postgres", "SELECT pg_reload_conf()");
  options.hosts.push_back(standby->Options("").hosts[0]);
  options.attempts = 2;
  const auto pool = MakePool(options);
  const auto store = OpenStore(*pool);
  std::atomic<bool> ended = false;
  std::atomic<uint64_t> written = 0;
  std::string wrong;
  std::thread writer([&] {
    for (uint64_t n = 1; !ended;) {
      const absl::Status status = store->Write(CountedBatch(n));
      if (status.ok()) {
        written = n++;
      } else if (!absl::IsUnavailable(status) && !absl::IsUnknown(status)) {
        wrong = status.ToString();
        return;
      }
    }
  });
  const auto wait_for = [&](uint64_t more) {
    const uint64_t until = written + more;
    for (int i = 0; i < 3'000 && written < until; ++i) ::poll(nullptr, 0, 10);
    return written >= until;
  };
  CHECK(wait_for(30));
  primary->Stop("immediate");
  const uint64_t acknowledged = written;
  standby->Promote();
  CHECK(wait_for(30));
  ended = true;
  writer.join();
  CHECK(wrong == "");
  CHECK(written > acknowledged);
  CheckCounted(*store, written);
}

TEST_CASE("A PostgreSQL that is absent at the start is waited for, then reported") {
  PostgresOptions options;
  options.hosts = {{"127.0.0.1", 1}};
  options.attempts = 1;
  const auto store =
      OpenPostgresStore(RealFiles(), RealClock(), options, "test", milliseconds(600));
  INFO(store.status().ToString());
  CHECK(absl::IsUnavailable(store.status()));
  CHECK(store.status().message().find("127.0.0.1:1/gannet") != absl::string_view::npos);
  CHECK(store.status().message().find("start the server") != absl::string_view::npos);
}

}  // namespace
}  // namespace gannet::store
