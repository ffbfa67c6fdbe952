#include "services/gateway/sessions.h"

#include <algorithm>

namespace gannet::gateway {
namespace {

constexpr size_t kTokenBytes = 32;

}  // namespace

std::string Sessions::Open(const std::string& user, base::Duration now) {
  size_t of_user = 0;
  auto oldest = sessions_.end(), oldest_of_user = sessions_.end();
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    if (Expired(it->second, now)) {
      it = sessions_.erase(it);
      continue;
    }
    if (oldest == sessions_.end() || it->second.used < oldest->second.used) oldest = it;
    if (it->second.user == user) {
      ++of_user;
      if (oldest_of_user == sessions_.end() || it->second.used < oldest_of_user->second.used)
        oldest_of_user = it;
    }
    ++it;
  }
  if (of_user >= kMaxPerUser) {
    sessions_.erase(oldest_of_user);
  } else if (sessions_.size() >= kMaxSessions) {
    sessions_.erase(oldest);
  }
  const std::string token = base::Base64Url(base::RandomBytes(kTokenBytes));
  sessions_[base::Sha256(token)] = {user, base::Base64Url(base::RandomBytes(kTokenBytes)), now,
                                    now};
  return token;
}

const Sessions::Session* Sessions::Find(std::string_view token, base::Duration now) {
  const auto found = sessions_.find(base::Sha256(token));
  if (found == sessions_.end()) return nullptr;
  if (Expired(found->second, now)) {
    sessions_.erase(found);
    return nullptr;
  }
  found->second.used = now;
  return &found->second;
}

void Sessions::Close(std::string_view token) { sessions_.erase(base::Sha256(token)); }

void Sessions::CloseAllOf(std::string_view user) {
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.user == user; });
}

bool RateLimiter::Allow(const std::string& name, base::Duration now) {
  if (!buckets_.contains(name) && buckets_.size() >= kMaxNames) {
    // Full ones say nothing and go; then a new name has to wait.
    std::erase_if(buckets_, [&](const auto& entry) {
      const double gained =
          std::chrono::duration<double>(now - entry.second.at).count() * per_second_;
      return entry.second.tokens + gained >= burst_;
    });
    if (buckets_.size() >= kMaxNames) return false;
  }
  const auto [found, fresh] = buckets_.try_emplace(name, Bucket{burst_, now});
  Bucket& bucket = found->second;
  bucket.tokens = std::min(
      burst_, bucket.tokens + std::chrono::duration<double>(now - bucket.at).count() * per_second_);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace gannet::gateway
