#include "libs/runtime/asio_executor.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>

namespace gannet::runtime {
namespace {

constexpr base::Duration kLongest =
    std::chrono::hours(24 * 365);  // so that deadlines never overflow

}  // namespace

// Timers are kept here rather than as Asio timers: those due together must run in
// the order (deadline, creation).
struct AsioExecutor::State {
  using Key = std::pair<base::Duration, uint64_t>;  // deadline, creation

  explicit State(const base::Clock& c) : clock(c), work(io.get_executor()), alarm(io) {}

  void Arm() {
    if (timers.empty()) {
      alarm.cancel();
      armed = base::Duration::max();
      return;
    }
    const base::Duration deadline = timers.begin()->first.first;
    if (deadline == armed) return;
    armed = deadline;
    alarm.expires_after(std::max(deadline - clock.Monotonic(), base::Duration(0)));
    alarm.async_wait([this](const boost::system::error_code& error) {
      if (!error) Fire();
    });
  }

  // What is due now, but not what that creates: I/O gets its turn in between.
  void Fire() {
    armed = base::Duration::max();
    const base::Duration now = clock.Monotonic();
    const uint64_t newest = created;
    while (!timers.empty()) {
      const Key first = timers.begin()->first;
      if (first.first > now || first.second > newest) break;
      auto node = timers.extract(timers.begin());
      deadlines.erase(first.second);
      node.mapped()();
    }
    Arm();
  }

  const base::Clock& clock;
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  boost::asio::steady_timer alarm;
  base::Duration armed = base::Duration::max();
  uint64_t created = 0;
  std::map<Key, std::function<void()>> timers;
  std::map<uint64_t, base::Duration> deadlines;
};

AsioExecutor::AsioExecutor(const base::Clock& clock) : state_(std::make_unique<State>(clock)) {}
AsioExecutor::~AsioExecutor() = default;

boost::asio::io_context& AsioExecutor::io() { return state_->io; }

void AsioExecutor::Post(std::function<void()> task) {
  boost::asio::post(state_->io, std::move(task));
}

base::TimerId AsioExecutor::After(base::Duration delay, std::function<void()> task) {
  const base::Duration deadline =
      state_->clock.Monotonic() + std::clamp(delay, base::Duration(0), kLongest);
  const uint64_t id = ++state_->created;
  state_->timers.emplace(State::Key{deadline, id}, std::move(task));
  state_->deadlines.emplace(id, deadline);
  state_->Arm();
  return base::TimerId(id);
}

void AsioExecutor::Cancel(base::TimerId id) {
  const auto found = state_->deadlines.find(static_cast<uint64_t>(id));
  if (found == state_->deadlines.end()) return;
  // Kept until this returns: a task may own what cancels it.
  const auto node = state_->timers.extract(State::Key{found->second, found->first});
  state_->deadlines.erase(found);
  state_->Arm();
}

void AsioExecutor::Run() {
  state_->io.restart();
  state_->io.run();
}

void AsioExecutor::RunFor(base::Duration span) {
  state_->io.restart();
  state_->io.run_for(span);
}

void AsioExecutor::Stop() { state_->io.stop(); }

// Not Run(), which begins anew: the end may come before the thread has begun.
WorkerThread::WorkerThread(const base::Clock& clock)
    : executor_(clock), thread_([this] { executor_.io().run(); }) {}

WorkerThread::~WorkerThread() { Join(); }

void WorkerThread::Join() {
  executor_.Stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace gannet::runtime
