#include "services/gateway/sessions.h"

#include "absl/strings/str_cat.h"

namespace gannet::gateway {
namespace {

constexpr size_t kTokenBytes = 32;

}  // namespace

std::string MakeSessionToken() { return base::Base64Url(base::RandomBytes(kTokenBytes)); }

std::string CsrfOf(std::string_view token) {
  const base::Sha256Digest digest = base::Sha256(absl::StrCat("csrf ", std::string(token)));
  return base::Base64Url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

void MemorySessions::Open(const SessionOwner& owner,
                          std::function<void(absl::StatusOr<std::string>)> done) {
  const base::Duration now = clock_.Monotonic();
  size_t of_user = 0;
  auto oldest = sessions_.end(), oldest_of_user = sessions_.end();
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    if (Expired(it->second, now)) {
      it = sessions_.erase(it);
      continue;
    }
    if (oldest == sessions_.end() || it->second.used < oldest->second.used) oldest = it;
    if (it->second.owner.user == owner.user) {
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
  std::string token = MakeSessionToken();
  sessions_[base::Sha256(token)] = {owner, now, now};
  done(std::move(token));
}

MemorySessions::Session* MemorySessions::Living(std::string_view token) {
  const auto found = sessions_.find(base::Sha256(token));
  if (found == sessions_.end()) return nullptr;
  if (!Expired(found->second, clock_.Monotonic())) return &found->second;
  sessions_.erase(found);
  return nullptr;
}

void MemorySessions::Find(std::string_view token, Found done) {
  Session* session = Living(token);
  if (session == nullptr) return done(SessionOwner());
  session->used = clock_.Monotonic();
  done(session->owner);
}

void MemorySessions::Look(std::string_view token, Found done) {
  const Session* session = Living(token);
  done(session == nullptr ? SessionOwner() : session->owner);
}

void MemorySessions::Close(std::string_view token, Done done) {
  sessions_.erase(base::Sha256(token));
  done(absl::OkStatus());
}

void MemorySessions::CloseAllOf(const std::string& user, Done done) {
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.owner.user == user; });
  done(absl::OkStatus());
}

}  // namespace gannet::gateway
