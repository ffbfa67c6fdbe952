#include "apps/gannet/venue_process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <sstream>
#include <string>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;

// A program in place of venue-sim: notes its arguments and process, says that it is
// ready, and waits.
struct Host {
  base::TempDirForTest dir;
  base::PosixFiles files;
  runtime::SystemClock clock;
  runtime::AsioExecutor executor{clock};
  std::string lines;
  telemetry::Log log{"test", telemetry::Level::kInfo, clock,
                     [this](std::string_view line) { lines += std::string(line) + "\n"; }};

  VenueProcessOptions Options(const std::string& script) {
    VenueProcessOptions options;
    options.program = dir / "venue";
    options.data_dir = dir / "data";
    options.log_path = dir / "log";
    options.arguments = {"--seed", "4"};
    options.look_every = 5ms;
    options.first_wait = 5ms;
    options.longest_wait = 20ms;
    REQUIRE(files.WriteAtomically(options.program, "#!/bin/sh\n" + script).ok());
    REQUIRE(chmod(options.program.c_str(), 0700) == 0);
    return options;
  }
  bool Until(const std::function<bool()>& condition) {
    for (int i = 0; i < 2'000 && !condition(); ++i) executor.RunFor(5ms);
    return condition();
  }
  std::string Read(const char* name) { return files.Read(dir / name).value_or(""); }
};

constexpr char kGood[] =
    "echo \"$@\" >> $2/../arguments; echo $$ > $2/../pid\n"
    "echo ready http=http://127.0.0.1:$4 ws=ws://127.0.0.1:$4\n"
    "while :; do sleep 0.02; done\n";
constexpr auto kNever = [] { return false; };

// What follows "--port" in the arguments of a start.
std::string PortOf(const std::string& arguments) {
  std::istringstream words(arguments);
  std::string word;
  while (words >> word && word != "--port") continue;
  words >> word;
  return word;
}

// Whether a server can listen there now.
bool CanListen(uint16_t port, bool reuse) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = reuse ? 1 : 0, server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
  const bool listens = ::bind(server, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0 &&
                       ::listen(server, 1) == 0;
  ::close(server);
  return listens;
}

TEST_CASE("VenueProcess that ends is started again on its data and its port") {
  Host host;
  VenueProcess venue(host.Options(kGood));
  REQUIRE(venue.Start(host.files, kNever).ok());
  const std::string port = PortOf(host.Read("arguments"));
  CHECK(venue.ready_line().starts_with("ready http=http://127.0.0.1:" + port + " "));
  venue.Watch(host.executor, host.log);
  CHECK(venue.health().state == runtime::HealthState::kServing);
  for (uint64_t times = 1; times <= 2; ++times) {
    REQUIRE(::kill(std::stoi(host.Read("pid")), SIGKILL) == 0);
    REQUIRE(host.Until([&] { return venue.health().state == runtime::HealthState::kDegraded; }));
    REQUIRE(host.Until([&] { return venue.health().state == runtime::HealthState::kServing; }));
    CHECK(venue.restarts() == times);
  }
  const std::string line = "--data " + (host.dir / "data") + " --port " + port + " --seed 4\n";
  CHECK(host.Read("arguments") == line + line + line);
  CHECK(host.lines.find("\"event\":\"venue_sim_ended\",\"exit_code\":137") != std::string::npos);
  CHECK(host.lines.find("venue_sim_started_again") != std::string::npos);
}

TEST_CASE("VenueProcess keeps the port of a venue that is away from all who do not name it") {
  Host host;
  VenueProcess venue(host.Options(kGood));  // says that it is ready, and listens nowhere
  REQUIRE(venue.Start(host.files, kNever).ok());
  const auto port = static_cast<uint16_t>(std::stoi(PortOf(host.Read("arguments"))));
  CHECK_FALSE(CanListen(port, /*reuse=*/false));
  CHECK(CanListen(port, /*reuse=*/true));
  CHECK(CanListen(port, /*reuse=*/true));  // once more, as a venue that comes back
}

TEST_CASE("VenueProcess tries again when a start fails, and says why meanwhile") {
  Host host;
  VenueProcess venue(
      host.Options("test -e $2/../broken && { echo broken >&2; exit 1; }\n" + std::string(kGood)));
  REQUIRE(venue.Start(host.files, kNever).ok());
  venue.Watch(host.executor, host.log);
  REQUIRE(host.files.WriteAtomically(host.dir / "broken", "").ok());
  REQUIRE(::kill(std::stoi(host.Read("pid")), SIGKILL) == 0);
  REQUIRE(host.Until([&] { return venue.restarts() >= 3; }));
  const runtime::Health health = venue.health();
  CHECK(health.state == runtime::HealthState::kDegraded);
  REQUIRE(host.files.Remove(host.dir / "broken").ok());
  REQUIRE(host.Until([&] { return venue.health().state == runtime::HealthState::kServing; }));
  CHECK(host.lines.find("venue_sim_not_started") != std::string::npos);
}

TEST_CASE("VenueProcess waits until an earlier one has let go of the data") {
  Host host;
  VenueProcess venue(host.Options(kGood));
  REQUIRE(host.files.MakeDirs(host.dir / "data").ok());
  auto lock = host.files.LockDir(host.dir / "data");
  REQUIRE(lock.ok());
  int asked = 0;
  REQUIRE(venue
              .Start(host.files,
                     [&] {
                       if (++asked == 2) lock->reset();
                       return false;
                     })
              .ok());
  CHECK(asked >= 2);
}

TEST_CASE("VenueProcess that is no longer wanted does not wait for the data") {
  Host host;
  VenueProcess venue(host.Options(kGood));
  REQUIRE(host.files.MakeDirs(host.dir / "data").ok());
  const auto lock = host.files.LockDir(host.dir / "data");
  CHECK(absl::IsCancelled(venue.Start(host.files, [] { return true; })));
}

}  // namespace
}  // namespace gannet::app
