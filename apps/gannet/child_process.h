// A program that this one starts beside itself: the exchange simulator of
// `gannet run`. It ends when this process ends, however that happens.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace gannet::app {

class ChildProcess {
 public:
  // Starts `arguments` (program first); its standard error goes to `log_path`.
  // Returns once it has written a line that starts with `ready`, which `ready_line`
  // then holds. UNAVAILABLE with the end of its log when it ends before, DEADLINE_
  // EXCEEDED when it takes longer than `patience`, CANCELLED (and the child ended) once
  // `give_up` says so.
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& arguments,
                                            const std::string& log_path, const std::string& ready,
                                            base::Duration patience,
                                            const std::function<bool()>& give_up);
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
  ChildProcess(pid_t pid, int output) : pid_(pid), output_(output) {}

  pid_t pid_;
  int output_;  // read end of its standard output
  std::string ready_line_;
};

}  // namespace gannet::app
