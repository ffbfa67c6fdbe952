// A program that this one starts beside itself: the exchange simulator of
// `gannet run`. It ends when this process ends, however that happens.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace gannet::app {

class ChildProcess {
 public:
  // Starts `arguments` (program first); its standard error goes to `log_path`.
  // `ready` is what the line begins with by which it says that it is ready.
  static absl::StatusOr<ChildProcess> Launch(const std::vector<std::string>& arguments,
                                             const std::string& log_path, const std::string& ready);
  // True once it has said so: `ready_line` then holds the line. UNAVAILABLE with the last
  // error of its log when it ended before. Waits for up to `wait_ms`.
  absl::StatusOr<bool> PollReady(int wait_ms = 0);
  // DEADLINE_EXCEEDED when it takes longer than `patience`, CANCELLED once `give_up`
  // says so.
  absl::Status WaitUntilReady(base::Duration patience, const std::function<bool()>& give_up);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  // Ends it as Stop does, with five seconds of patience.
  ~ChildProcess();

  const std::string& ready_line() const { return ready_line_; }
  pid_t pid() const { return pid_; }
  // False once it has ended by itself.
  bool running();
  // SIGTERM, then SIGKILL when it has not ended within `patience`. The exit code;
  // ABORTED when it had to be killed.
  absl::StatusOr<int> Stop(base::Duration patience);

 private:
  ChildProcess(pid_t pid, int output, std::string name, std::string log_path, std::string ready)
      : pid_(pid),
        output_(output),
        name_(std::move(name)),
        log_path_(std::move(log_path)),
        ready_(std::move(ready)) {}

  pid_t pid_;
  int output_;  // read end of its standard output
  std::string name_, log_path_;
  uint64_t log_from_ = 0;  // where its own lines begin
  std::string ready_;
  std::string text_;  // of its output, until it is ready
  std::string ready_line_;
};

}  // namespace gannet::app
