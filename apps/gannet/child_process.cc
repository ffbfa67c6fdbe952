#include "apps/gannet/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::app {
namespace {

constexpr int kPollSliceMs = 20;

int Millis(base::Duration d) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

// Of a line of a structured log that tells of an error: what it says, without the
// name of its kind.
std::optional<std::string> ErrorOf(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("level", nlohmann::json()) != "error") return std::nullopt;
  const auto error = json.find("error");
  if (error == json.end() || !error->is_string()) return std::nullopt;
  std::string text = error->get<std::string>();
  const size_t kind = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
  if (kind != std::string::npos && kind > 0 && text.compare(kind, 2, ": ") == 0)
    text.erase(0, kind + 2);
  return text;
}

// The last error that the log tells of behind byte `from`; without one its end as it is.
std::string LastWords(const std::string& path, uint64_t from) {
  constexpr size_t kMost = 2'000;
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(from));
  std::string all, line;
  std::optional<std::string> error;
  while (std::getline(file, line)) {
    if (auto found = ErrorOf(line)) error = std::move(found);
    all += line + "\n";
    if (all.size() > 2 * kMost) all.erase(0, all.size() - kMost);
  }
  if (error) return *std::move(error);
  return all.size() > kMost ? all.substr(all.size() - kMost) : all;
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

absl::StatusOr<ChildProcess> ChildProcess::Launch(const std::vector<std::string>& arguments,
                                                  const std::string& log_path,
                                                  const std::string& ready) {
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0)
    return absl::PermissionDeniedError(
        absl::StrCat(log_path, ": ", std::strerror(errno), "; make the data folder writable"));
  struct stat before_child {};
  const uint64_t log_from =
      fstat(log, &before_child) == 0 ? static_cast<uint64_t>(before_child.st_size) : 0;
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
  ChildProcess child(pid, pipe_ends[0], arguments[0], log_path, ready);
  child.log_from_ = log_from;
  return child;
}

absl::StatusOr<bool> ChildProcess::PollReady(int wait_ms) {
  if (!ready_line_.empty()) return true;
  for (;; wait_ms = 0) {
    pollfd wait{output_, POLLIN, 0};
    if (poll(&wait, 1, wait_ms) <= 0) return false;
    char buffer[512];
    const ssize_t got = read(output_, buffer, sizeof buffer);
    if (got < 0) return false;
    if (got == 0) {
      return absl::UnavailableError(
          absl::StrCat(name_, " ended before it was ready: ", LastWords(log_path_, log_from_),
                       "; its log is ", log_path_));
    }
    text_.append(buffer, static_cast<size_t>(got));
    const size_t later = text_.rfind("\n" + ready_);
    const size_t at = later != std::string::npos ? later + 1 : text_.rfind(ready_, 0);
    const size_t end = at == std::string::npos ? std::string::npos : text_.find('\n', at);
    if (end == std::string::npos) continue;
    ready_line_ = text_.substr(at, end - at);
    text_.clear();
    return true;
  }
}

absl::Status ChildProcess::WaitUntilReady(base::Duration patience,
                                          const std::function<bool()>& give_up) {
  for (int waited = 0; waited <= Millis(patience); waited += kPollSliceMs) {
    if (give_up())
      return absl::CancelledError(absl::StrCat("stopped while ", name_, " was starting"));
    GANNET_ASSIGN_OR_RETURN(const bool ready, PollReady(kPollSliceMs));
    if (ready) return absl::OkStatus();
  }
  return absl::DeadlineExceededError(absl::StrCat(
      name_, " was not ready within ", base::FormatDuration(patience), "; see ", log_path_));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      name_(std::move(other.name_)),
      log_path_(std::move(other.log_path_)),
      log_from_(other.log_from_),
      ready_(std::move(other.ready_)),
      text_(std::move(other.text_)),
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
