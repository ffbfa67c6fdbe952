// The holder of a lease that sends orders to a venue, for lease_process_test.cc: waits
// for the lease, asks the venue what it has, and sends what is missing, asking the
// lease immediately before each write. What a busy machine makes too old for the venue is
// made anew. Prints a line a step.
//
//   gannet_lease_probe file PATH|postgres URI,PASSWORD_FILE HOLDER VENUE_PORT ORDERS [STOP_AT
//   WHERE]
//
// STOP_AT, WHERE: it stops itself (SIGSTOP) at that order, `between` check and write
// or `before` the check.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "libs/base/check.h"
#include "libs/base/posix_files.h"
#include "libs/runtime/lease.h"
#include "libs/runtime/postgres_lease.h"
#include "libs/runtime/system_clock.h"

namespace gannet::runtime {
namespace {

constexpr LeaseOptions kOptions = {.length = std::chrono::milliseconds(1'000),
                                   .margin = std::chrono::milliseconds(250),
                                   .receive_window = std::chrono::milliseconds(500)};

// One line there, one line back.
class Venue {
 public:
  explicit Venue(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    GANNET_CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
                 "the venue listens");
  }
  void Write(const std::string& line) {
    GANNET_CHECK(::write(fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size()),
                 "the venue reads");
  }
  std::string Read() {
    std::string line;
    for (char c = 0; ::read(fd_, &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }

 private:
  const int fd_;
};

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

int Main(char** argv) {
  const SystemClock clock;
  base::PosixFiles files;
  const std::string place = argv[2], holder = argv[3];
  std::unique_ptr<store::PostgresPool> pool;
  std::unique_ptr<ShardLease> lease;
  if (std::string(argv[1]) == "file") {
    lease = std::make_unique<FileLease>(place, "main", holder, kOptions, clock);
  } else {
    const size_t comma = place.rfind(',');
    store::PostgresOptions options = store::ParsePostgresUri(place.substr(0, comma)).value();
    options.password_file = place.substr(comma + 1);
    pool = store::PostgresPool::Create(files, clock, options, store::kLeaseSchema).value();
    lease = std::make_unique<PostgresLease>(*pool, "main", holder, kOptions, clock);
  }
  Venue venue(static_cast<uint16_t>(std::stoi(argv[4])));
  const int orders = std::stoi(argv[5]);
  const int stop_at = argv[6] != nullptr ? std::stoi(argv[6]) : 0;
  const bool between = argv[6] != nullptr && std::string(argv[7]) == "between";

  for (absl::Status status; !(status = lease->TryAcquire()).ok();) {
    GANNET_CHECK(absl::IsUnavailable(status), "the lease is free or another's");
    Say("waiting");
    ::poll(nullptr, 0, 20);
  }
  Say("acquired " + std::to_string(lease->epoch()));
  venue.Write("LIST\n");
  std::istringstream list(venue.Read());
  std::set<int> known;
  for (int id = 0; list >> id;) known.insert(id);
  bool stopped = false;
  const auto stop = [&stopped] {
    stopped = true;
    Say("stopping");
    ::raise(SIGSTOP);
  };
  for (int id = 1; id <= orders;) {
    if (known.contains(id)) {
      ++id;
      continue;
    }
    // A renewal may take longer than it holds.
    absl::Status renewed;
    do {
      renewed = lease->Renew();
    } while (!absl::IsAborted(renewed) && !lease->MayStillSend());
    // Signed with the time it is made at, as venues want it.
    const std::string request =
        "ORDER " + std::to_string(id) + " " + std::to_string(base::UnixNanos(clock.Now())) + "\n";
    if (id == stop_at && !between) stop();
    if (!lease->MayStillSend()) {
      if (!stopped && !absl::IsAborted(renewed)) continue;
      Say("lost");
      return 0;
    }
    if (id == stop_at && between) stop();
    venue.Write(request);
    const std::string answer = venue.Read();
    Say("order " + std::to_string(id) + " " + answer);
    if (answer == "ACCEPTED" || stopped) ++id;
  }
  Say("done");
  return 0;
}

}  // namespace
}  // namespace gannet::runtime

int main(int, char** argv) { return gannet::runtime::Main(argv); }
