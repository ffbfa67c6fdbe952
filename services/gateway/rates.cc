#include "services/gateway/rates.h"

#include <algorithm>

namespace gannet::gateway {

bool MemoryRateLimiter::AllowNow(const std::string& name) {
  const base::Duration now = clock_.Monotonic();
  const auto gained = [&](const Bucket& bucket) {
    return std::chrono::duration<double>(now - bucket.at).count() * rate_.per_second;
  };
  if (!buckets_.contains(name) && buckets_.size() >= kMaxNames) {
    // Full ones say nothing and go; then a new name has to wait.
    std::erase_if(buckets_, [&](const auto& entry) {
      return entry.second.tokens + gained(entry.second) >= rate_.burst;
    });
    if (buckets_.size() >= kMaxNames) return false;
  }
  Bucket& bucket = buckets_.try_emplace(name, Bucket{rate_.burst, now}).first->second;
  bucket.tokens = std::min(rate_.burst, bucket.tokens + gained(bucket));
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace gannet::gateway
