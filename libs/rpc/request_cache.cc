#include "libs/rpc/request_cache.h"

#include <utility>

namespace gannet::rpc {

RequestCache::Found RequestCache::Begin(const Key& key, std::string_view request, Waiter waiter) {
  const base::Sha256Digest digest = base::Sha256(request);
  const auto [entry, added] = entries_.try_emplace(key);
  if (added) {
    entry->second.request = digest;
    return Found::kNew;
  }
  if (entry->second.request != digest) return Found::kAnother;
  if (entry->second.answered) {
    waiter(entry->second.answer);
  } else {
    entry->second.waiters.push_back(std::move(waiter));
  }
  return Found::kJoined;
}

void RequestCache::Answered(const Key& key, const absl::StatusOr<std::string>& answer) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || entry->second.answered) return;
  const std::vector<Waiter> waiters = std::exchange(entry->second.waiters, {});
  if (!answer.ok() || answer->size() > kMaxAnswerBytes) {
    entries_.erase(entry);
  } else {
    entry->second.answered = true;
    entry->second.answer = *answer;
    answered_.push_back(key);
    if (answered_.size() > kKept) {
      entries_.erase(answered_.front());
      answered_.pop_front();
    }
  }
  for (const Waiter& waiter : waiters) waiter(answer);
}

}  // namespace gannet::rpc
