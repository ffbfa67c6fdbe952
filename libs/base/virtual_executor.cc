#include "libs/base/virtual_executor.h"

#include <algorithm>

namespace gannet::base {

Time VirtualExecutor::Later(Duration delay) const {
  if (delay <= Duration(0)) return now_;
  return delay < Time::max() - now_ ? now_ + delay : Time::max();
}

TimerId VirtualExecutor::After(Duration delay, std::function<void()> task) {
  const Time deadline = Later(delay);
  const uint64_t id = ++created_;
  tasks_.emplace(Key{deadline, id}, std::move(task));
  deadlines_.emplace(id, deadline);
  return TimerId(id);
}

void VirtualExecutor::Cancel(TimerId id) {
  const auto found = deadlines_.find(static_cast<uint64_t>(id));
  if (found == deadlines_.end()) return;
  tasks_.erase(Key{found->second, found->first});
  deadlines_.erase(found);
}

bool VirtualExecutor::RunOne() {
  if (tasks_.empty()) return false;
  auto node = tasks_.extract(tasks_.begin());
  deadlines_.erase(node.key().second);
  now_ = std::max(now_, node.key().first);
  node.mapped()();
  return true;
}

void VirtualExecutor::RunFor(Duration span) { RunUntil(Later(span)); }

void VirtualExecutor::RunUntil(Time deadline) {
  while (!tasks_.empty() && tasks_.begin()->first.first <= deadline) RunOne();
  now_ = std::max(now_, deadline);
}

void VirtualExecutor::LeapTo(Time time) {
  while (!tasks_.empty() && tasks_.begin()->first.first < time) {
    auto node = tasks_.extract(tasks_.begin());
    node.key().first = deadlines_.at(node.key().second) = time;
    tasks_.insert(std::move(node));
  }
  now_ = std::max(now_, time);
}

Time VirtualExecutor::next_deadline() const {
  return tasks_.empty() ? Time::max() : tasks_.begin()->first.first;
}

}  // namespace gannet::base
