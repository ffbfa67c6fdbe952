// A holder that is stopped at the worst moment, a successor, and the first one going
// on: real processes, against a venue that refuses requests older than its receive
// window.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/runtime/system_clock.h"
#include "libs/store/postgres_fixture_for_test.h"

namespace gannet::runtime {
namespace {

constexpr base::Duration kReceiveWindow = std::chrono::milliseconds(500);
constexpr int kOrders = 5;

// Takes every order that is in time, the same one twice as well, and remembers.
class Venue {
 public:
  Venue() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    GANNET_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::listen(listener_, 16) == 0,
                 "a venue listens");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] {
      while (Readable(listener_))
        sessions_.emplace_back(
            [this, client = ::accept(listener_, nullptr, nullptr)] { Serve(client); });
    });
  }
  ~Venue() {
    ending_ = true;
    acceptor_.join();
    for (std::thread& session : sessions_) session.join();
    ::close(listener_);
  }
  uint16_t port() const { return port_; }
  // Order → how often it was taken.
  std::map<int, int> taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  int late() const { return late_; }

 private:
  bool Readable(int fd) {
    while (!ending_) {
      pollfd ready{fd, POLLIN, 0};
      if (::poll(&ready, 1, 20) > 0) return true;
    }
    return false;
  }
  void Serve(int client) {
    std::string line;
    for (char c = 0; Readable(client) && ::read(client, &c, 1) == 1;) {
      if (c != '\n') {
        line += c;
        continue;
      }
      const std::string answer = Answer(std::exchange(line, {})) + "\n";
      // The client may be gone.
      (void)::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    ::close(client);
  }
  std::string Answer(const std::string& line) {
    const std::lock_guard lock(mutex_);
    std::istringstream words(line);
    std::string verb;
    int id = 0;
    int64_t sent_ns = 0;
    words >> verb >> id >> sent_ns;
    if (verb == "LIST") {
      std::string all;
      for (const auto& [order, count] : taken_) all += std::to_string(order) + " ";
      return all;
    }
    if (clock_.Now() - base::FromUnixNanos(sent_ns) > kReceiveWindow) {
      ++late_;
      return "LATE";
    }
    ++taken_[id];
    return "ACCEPTED";
  }

  const SystemClock clock_;
  const int listener_;
  uint16_t port_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<int> late_ = 0;
  std::mutex mutex_;
  std::map<int, int> taken_;
  std::thread acceptor_;
  std::vector<std::thread> sessions_;
};

class Probe {
 public:
  Probe(std::vector<std::string> arguments) {
    std::array<int, 2> out;
    GANNET_CHECK(::pipe2(out.data(), O_CLOEXEC) == 0, "a pipe");
    const std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "gannet_lease_probe";
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::execv(program.c_str(), argv.data());
      ::_exit(127);
    }
    ::close(out[1]);
    output_ = out[0];
  }
  ~Probe() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_);
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  void Signal(int signal) { ::kill(pid_, signal); }
  // Until it has printed `text`; false when it ends or is silent for long.
  bool WaitFor(const std::string& text) {
    while (text_.find(text) == std::string::npos) {
      pollfd ready{output_, POLLIN, 0};
      std::array<char, 4096> bytes;
      if (::poll(&ready, 1, 60'000) <= 0) return false;
      const ssize_t got = ::read(output_, bytes.data(), bytes.size());
      if (got <= 0) return false;
      text_.append(bytes.data(), static_cast<size_t>(got));
    }
    return true;
  }
  // Until it has stopped itself.
  bool WaitUntilStopped() {
    int status = 0;
    return ::waitpid(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status);
  }
  // What it has printed until its end.
  const std::string& Rest() {
    (void)WaitFor("\n the end of the output");
    return text_;
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string text_;
};

// Where leases are kept, as arguments of the probe.
using Place = std::vector<std::string>;

Place InPostgres() {
  const store::PostgresOptions options = Migrated(store::SharedCluster());
  return {"postgres", store::PlaceOf(options) + "," + options.password_file};
}

// Each order exactly once.
std::map<int, int> Once() {
  std::map<int, int> once;
  for (int id = 1; id <= kOrders; ++id) once[id] = 1;
  return once;
}

std::vector<std::string> Arguments(const Place& place, const char* holder, const Venue& venue,
                                   std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = place;
  arguments.insert(arguments.end(),
                   {holder, std::to_string(venue.port()), std::to_string(kOrders)});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

void StopHolder(const Place& place, const std::string& where) {
  INFO(place[0] << ", stopped " << where << " its check");
  Venue venue;
  Probe first(Arguments(place, "first", venue, {"3", where}));
  REQUIRE(first.WaitFor("stopping"));
  REQUIRE(first.WaitUntilStopped());
  CHECK(venue.taken() == std::map<int, int>{{1, 1}, {2, 1}});
  Probe second(Arguments(place, "second", venue));
  REQUIRE(second.WaitFor("waiting"));
  REQUIRE(second.WaitFor("done"));
  CHECK(second.Rest().find("acquired 2") != std::string::npos);
  CHECK(venue.taken() == Once());
  const int late_before = venue.late();  // and sent again
  first.Signal(SIGCONT);
  const std::string& said = first.Rest();
  CHECK(said.ends_with("lost\n"));
  // What was past its check leaves the process and is refused by its age; nothing
  // follows it. What was not does not leave at all.
  CHECK(venue.late() - late_before == (where == "between" ? 1 : 0));
  CHECK((said.find("order 3 LATE") != std::string::npos) == (where == "between"));
  CHECK(said.find("order 4") == std::string::npos);
  CHECK(venue.taken() == Once());
}

void KillHolder(const Place& place) {
  INFO(place[0]);
  Venue venue;
  Probe first(Arguments(place, "first", venue, {"4", "before"}));
  REQUIRE(first.WaitFor("stopping"));
  first.Signal(SIGKILL);
  Probe second(Arguments(place, "second", venue)), third(Arguments(place, "third", venue));
  // One of the two takes over; the other finds nothing left to do after it, or takes over
  // in turn from one that this machine lets stand for long.
  for (Probe* next : {&second, &third}) {
    const std::string& said = next->Rest();
    INFO(said);
    CHECK((said.ends_with("done\n") || said.ends_with("lost\n")));
  }
  CHECK(venue.taken() == Once());
}

TEST_CASE("A holder stopped between check and write sends nothing that counts: FileLease") {
  for (const char* where : {"between", "before"}) {
    base::TempDirForTest folder;
    StopHolder({"file", folder / "lease"}, where);
  }
}

TEST_CASE("A holder stopped between check and write sends nothing that counts: PostgresLease") {
  for (const char* where : {"between", "before"}) StopHolder(InPostgres(), where);
}

TEST_CASE("A holder that is killed is followed by one at a time") {
  base::TempDirForTest folder;
  KillHolder({"file", folder / "lease"});
  KillHolder(InPostgres());
}

}  // namespace
}  // namespace gannet::runtime
