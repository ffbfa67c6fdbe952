#include "libs/runtime/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <utility>

#include "libs/base/check.h"
#include "libs/runtime/asio_executor.h"

namespace gannet::runtime {
namespace {

constexpr int kExitOnSecondInterrupt = 130;  // as a shell reports death by SIGINT
constexpr std::array<int, 2> kSignals{SIGTERM, SIGINT};
// A closed peer and a file at the limit of its size (ulimit -f) are failed writes.
constexpr std::array<int, 2> kIgnored{SIGPIPE, SIGXFSZ};

// All that a signal handler may touch.
std::atomic<int> pipe_write{-1};
std::atomic<int> interrupts{0};
std::atomic<int> held{0};  // the signal that came last, 0: none
static_assert(std::atomic<int>::is_always_lock_free);

void OnSignal(int signal) {
  if (signal == SIGINT && interrupts.fetch_add(1) > 0) ::_exit(kExitOnSecondInterrupt);
  const int saved = errno;
  held = signal;
  const auto byte = static_cast<char>(signal);
  // A full pipe holds enough of them.
  if (const int fd = pipe_write.load(); fd >= 0) [[maybe_unused]]
    const ssize_t written = ::write(fd, &byte, 1);
  errno = saved;
}

bool holding = false;  // set once, before any SignalWatch

}  // namespace

void HoldSignals() {
  holding = true;
  interrupts = 0;
  held = 0;
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

bool StopRequested() { return held != 0; }

struct SignalWatch::State : std::enable_shared_from_this<SignalWatch::State> {
  State(boost::asio::io_context& io, int read_end, std::function<void(int)> callback)
      : pipe(io, read_end), on_signal(std::move(callback)) {}

  void Read() {
    pipe.async_read_some(
        boost::asio::buffer(&byte, 1),
        [self = shared_from_this()](const boost::system::error_code& error, size_t) {
          if (error || !self->on_signal) return;
          self->on_signal(self->byte);
          if (self->on_signal) self->Read();
        });
  }

  boost::asio::posix::stream_descriptor pipe;
  std::function<void(int)> on_signal;
  char byte = 0;
  std::array<struct sigaction, kSignals.size()> before{};
  std::array<struct sigaction, kIgnored.size()> ignored_before{};
};

SignalWatch::SignalWatch(AsioExecutor& executor, std::function<void(int)> on_signal)
    : state_([&] {
        std::array<int, 2> ends{};
        GANNET_CHECK(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) == 0, "no pipe for signals");
        GANNET_CHECK(pipe_write.exchange(ends[1]) < 0, "one SignalWatch at a time");
        return std::make_shared<State>(executor.io(), ends[0], std::move(on_signal));
      }()) {
  if (!holding) {
    interrupts = 0;
    held = 0;
  }
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (size_t i = 0; i < kSignals.size(); ++i)
    ::sigaction(kSignals[i], &action, &state_->before[i]);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  for (size_t i = 0; i < kIgnored.size(); ++i)
    ::sigaction(kIgnored[i], &ignore, &state_->ignored_before[i]);
  // One that was held, again through the pipe: the callback runs on the loop.
  if (const auto byte = static_cast<char>(held.load()); byte != 0) [[maybe_unused]]
    const ssize_t written = ::write(pipe_write, &byte, 1);
  state_->Read();
}

SignalWatch::~SignalWatch() {
  for (size_t i = 0; i < kSignals.size(); ++i)
    ::sigaction(kSignals[i], &state_->before[i], nullptr);
  for (size_t i = 0; i < kIgnored.size(); ++i)
    ::sigaction(kIgnored[i], &state_->ignored_before[i], nullptr);
  ::close(pipe_write.exchange(-1));
  state_->on_signal = nullptr;
  state_->pipe.close();
}

}  // namespace gannet::runtime
