#include "apps/gannet/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace gannet::app {
namespace {

constexpr int kPollSliceMs = 20;

int Millis(base::Duration d) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

std::string EndOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  constexpr size_t kMost = 2'000;
  if (text.size() > kMost) text.erase(0, text.size() - kMost);
  return text;
}

[[noreturn]] void RunChild(const std::vector<std::string>& arguments, int output, int log,
                           pid_t parent, const sigset_t& signals) {
  // Only async-signal-safe calls between fork and exec. Signals were blocked at the
  // fork: the parent's handlers would swallow what is meant to end this process.
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  sigprocmask(SIG_SETMASK, &signals, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);  // the parent ended before the line above
  dup2(output, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  setpgid(0, 0);  // Ctrl-C reaches the parent only, which stops the child in its own order
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::vector<std::string>& arguments,
                                                 const std::string& log_path,
                                                 const std::string& ready, base::Duration patience,
                                                 const std::function<bool()>& give_up) {
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0)
    return absl::PermissionDeniedError(
        absl::StrCat(log_path, ": ", std::strerror(errno), "; make the data folder writable"));
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    close(log);
    return absl::ResourceExhaustedError(absl::StrCat("pipe: ", std::strerror(errno)));
  }
  const pid_t parent = getpid();
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGINT);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const pid_t pid = fork();
  if (pid == 0) RunChild(arguments, pipe_ends[1], log, parent, before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(log);
  close(pipe_ends[1]);
  if (pid < 0) {
    close(pipe_ends[0]);
    return absl::ResourceExhaustedError(absl::StrCat("fork: ", std::strerror(errno)));
  }
  ChildProcess child(pid, pipe_ends[0]);
  std::string text;
  for (int waited = 0; waited <= Millis(patience); waited += kPollSliceMs) {
    if (give_up())
      return absl::CancelledError(absl::StrCat("stopped while ", arguments[0], " was starting"));
    pollfd wait{child.output_, POLLIN, 0};
    if (poll(&wait, 1, kPollSliceMs) <= 0) continue;
    char buffer[512];
    const ssize_t got = read(child.output_, buffer, sizeof buffer);
    if (got > 0) {
      text.append(buffer, static_cast<size_t>(got));
    } else if (got == 0) {
      return absl::UnavailableError(absl::StrCat(arguments[0],
                                                 " ended before it was ready; the end of ",
                                                 log_path, ":\n", EndOf(log_path)));
    }
    const size_t at = text.rfind("\n" + ready) != std::string::npos ? text.rfind("\n" + ready) + 1
                                                                    : text.rfind(ready, 0);
    const size_t end = at == std::string::npos ? std::string::npos : text.find('\n', at);
    if (end == std::string::npos) continue;
    child.ready_line_ = text.substr(at, end - at);
    return child;
  }
  return absl::DeadlineExceededError(absl::StrCat(
      arguments[0], " was not ready within ", base::FormatDuration(patience), "; see ", log_path));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      ready_line_(std::move(other.ready_line_)) {}

ChildProcess::~ChildProcess() {
  (void)Stop(std::chrono::seconds(5));
  if (output_ >= 0) close(output_);
}

bool ChildProcess::running() {
  if (pid_ < 0) return false;
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

absl::StatusOr<int> ChildProcess::Stop(base::Duration patience) {
  if (pid_ < 0) return 0;
  const pid_t pid = std::exchange(pid_, -1);
  kill(pid, SIGTERM);
  int status = 0;
  for (int waited = 0; waited <= Millis(patience); waited += kPollSliceMs) {
    if (waitpid(pid, &status, WNOHANG) == pid)
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    poll(nullptr, 0, kPollSliceMs);
  }
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return absl::AbortedError(absl::StrCat("process ", pid, " did not end within ",
                                         base::FormatDuration(patience), " and was killed"));
}

}  // namespace gannet::app
