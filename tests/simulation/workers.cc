#include "tests/simulation/workers.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace gannet::simulation {
namespace {

// A child works on the seeds it is sent, one at a time, until its pipe ends.
struct Child {
  pid_t pid = -1;
  int to = -1, from = -1;
  std::optional<uint64_t> seed;  // it works on
};

bool ReadAll(int from, void* into, size_t size) {
  auto* at = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t got = read(from, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

bool WriteAll(int to, const void* bytes, size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t put = write(to, at, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += put;
    size -= static_cast<size_t>(put);
  }
  return true;
}

[[noreturn]] void WorkOn(int from, int to, const std::function<std::string(uint64_t)>& work) {
  // What the parent does at its own death is not the child's to do.
  for (const int fatal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(fatal, SIG_DFL);
  uint64_t seed = 0;
  while (ReadAll(from, &seed, sizeof(seed))) {
    const std::string made = work(seed);
    const uint64_t size = made.size();
    if (!WriteAll(to, &size, sizeof(size)) || !WriteAll(to, made.data(), made.size())) break;
  }
  _exit(0);  // destructors and buffers are the parent's
}

Child Fork(const std::vector<Child>& others, const std::function<std::string(uint64_t)>& work) {
  std::array<int, 2> to{}, from{};
  GANNET_CHECK(pipe(to.data()) == 0 && pipe(from.data()) == 0, "no pipe for a worker");
  std::fflush(nullptr);
  const pid_t pid = fork();
  GANNET_CHECK(pid >= 0, "no process for a worker");
  if (pid == 0) {
    for (const Child& other : others) {
      if (other.pid > 0) close(other.to), close(other.from);
    }
    close(to[1]);
    close(from[0]);
    WorkOn(to[0], from[1], work);
  }
  close(to[0]);
  close(from[1]);
  return {pid, to[1], from[0], std::nullopt};
}

// How its process ended.
std::string End(Child& child) {
  close(child.to);
  close(child.from);
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  child.pid = -1;
  if (WIFSIGNALED(status)) return absl::StrCat("its process died of ", strsignal(WTERMSIG(status)));
  return absl::StrCat("its process ended with ", WEXITSTATUS(status));
}

}  // namespace

uint64_t ForEachSeed(const WorkerOptions& options,
                     const std::function<std::string(uint64_t seed)>& work,
                     const std::function<void(uint64_t seed, absl::StatusOr<std::string>)>& take) {
  std::vector<Child> children(static_cast<size_t>(options.jobs));
  uint64_t next = options.first;
  bool more = true;
  // Gives the child another seed; false: there is none.
  const auto feed = [&](Child& child) {
    more = more && next <= options.last && options.go_on();
    if (!more) return false;
    if (child.pid < 0) child = Fork(children, work);
    const uint64_t seed = next++;
    GANNET_CHECK(WriteAll(child.to, &seed, sizeof(seed)), "a worker is gone");
    child.seed = seed;
    return true;
  };
  size_t busy = 0;
  for (Child& child : children) busy += feed(child) ? 1 : 0;
  while (busy > 0) {
    std::vector<pollfd> waits;
    for (const Child& child : children) waits.push_back({child.seed ? child.from : -1, POLLIN, 0});
    if (poll(waits.data(), waits.size(), -1) < 0) continue;
    for (size_t i = 0; i < children.size(); ++i) {
      if (waits[i].revents == 0) continue;
      Child& child = children[i];
      const uint64_t seed = *std::exchange(child.seed, std::nullopt);
      uint64_t size = 0;
      std::string made;
      bool whole = ReadAll(child.from, &size, sizeof(size));
      if (whole) {
        made.resize(size);
        whole = ReadAll(child.from, made.data(), size);
      }
      if (whole) {
        take(seed, std::move(made));
      } else {
        take(seed, absl::InternalError(End(child)));
      }
      if (!feed(child)) --busy;
    }
  }
  for (Child& child : children) {
    if (child.pid > 0) End(child);
  }
  return next;
}

}  // namespace gannet::simulation
