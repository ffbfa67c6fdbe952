#include "services/gateway/redis_sessions.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"

namespace gannet::gateway {
namespace {

// Each script runs as one step. KEYS: the sorted set. ARGV[1]: the prefix of sessions,
// ARGV[2]: how long one may be unused, milliseconds; then its own.
constexpr char kBegin[] = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local used = time[1] * 1000000 + time[2]
local index, prefix, idle = KEYS[1], ARGV[1], tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', index, '-inf', used - idle * 1000 - 1)
local function close(id)
  redis.call('DEL', prefix .. id)
  redis.call('ZREM', index, id)
end
local function answer(text)
  return {text, redis.call('ZCARD', index)}
end
)lua";

// ARGV: hash, user, longest life in milliseconds, most sessions, most of a user, generation.
constexpr char kOpen[] = R"lua(
local id, owner, life = ARGV[3], ARGV[4], tonumber(ARGV[5])
local of_owner, oldest_of_owner = 0, nil
for _, other in ipairs(redis.call('ZRANGE', index, 0, -1)) do
  local user = redis.call('HGET', prefix .. other, 'user')
  if not user then
    close(other)
  elseif user == owner then
    of_owner = of_owner + 1
    oldest_of_owner = oldest_of_owner or other
  end
end
if of_owner >= tonumber(ARGV[7]) then
  close(oldest_of_owner)
elseif redis.call('ZCARD', index) >= tonumber(ARGV[6]) then
  close(redis.call('ZRANGE', index, 0, 0)[1])
end
redis.call('HSET', prefix .. id, 'user', owner, 'generation', ARGV[8],
  'ends', string.format('%d', now + life))
redis.call('PEXPIRE', prefix .. id, string.format('%d', math.min(idle, life)))
redis.call('ZADD', index, string.format('%d', used), id)
redis.call('PEXPIRE', index, string.format('%d', life))
return answer('')
)lua";

// ARGV: hash, 1 where it is used and not only looked at.
constexpr char kFind[] = R"lua(
local id = ARGV[3]
local kept = redis.call('HMGET', prefix .. id, 'user', 'ends', 'generation')
if not kept[1] then return answer('') end
local left = tonumber(kept[2]) - now
if left <= 0 then
  close(id)
  return answer('')
end
if ARGV[4] == '1' then
  redis.call('PEXPIRE', prefix .. id, string.format('%d', math.min(idle, left)))
  redis.call('ZADD', index, string.format('%d', used), id)
end
return answer((kept[3] or '0') .. ' ' .. kept[1])
)lua";

// ARGV: hash.
constexpr char kClose[] = R"lua(
close(ARGV[3])
return answer('')
)lua";

// ARGV: user.
constexpr char kCloseAll[] = R"lua(
for _, id in ipairs(redis.call('ZRANGE', index, 0, -1)) do
  if redis.call('HGET', prefix .. id, 'user') == ARGV[3] then close(id) end
end
return answer('')
)lua";

// KEYS: the bucket. ARGV: burst, tokens a second.
constexpr char kAllow[] = R"lua(
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local burst, per_second = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = burst
if kept[1] then
  tokens = math.min(burst, kept[1] + math.max(0, now - kept[2]) * per_second)
end
local allowed = tokens >= 1 and 1 or 0
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens - allowed),
  'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], string.format('%d', math.ceil(burst / per_second) * 1000))
return allowed
)lua";

std::string HashOf(std::string_view text) { return base::Hex(base::Sha256(text)); }

std::string Milliseconds(base::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace

void RedisSessions::Run(const std::string& script, std::vector<std::string> arguments,
                        std::function<void(absl::StatusOr<std::string>)> done) {
  std::vector<std::string> command = {"EVAL",
                                      absl::StrCat(kBegin, script),
                                      "1",
                                      prefix_ + "sessions",
                                      prefix_ + "session:",
                                      Milliseconds(limits_.idle)};
  for (std::string& argument : arguments) command.push_back(std::move(argument));
  redis_.Call(std::move(command), [this, alive = std::weak_ptr(alive_),
                                   done = std::move(done)](absl::StatusOr<net::RedisReply> reply) {
    if (alive.expired()) return;
    const bool read = reply.ok() && reply->type == net::RedisReply::Type::kList &&
                      reply->items.size() == 2 &&
                      reply->items[0].type == net::RedisReply::Type::kText;
    // That it is away, it says itself.
    refused_ = absl::OkStatus();
    if (reply.ok() && !read) refused_ = absl::DataLossError("it gives an answer of another form");
    if (absl::IsFailedPrecondition(reply.status())) refused_ = reply.status();
    if (!read)
      return done(absl::UnavailableError((reply.ok() ? refused_ : reply.status()).message()));
    size_ = static_cast<size_t>(reply->items[1].number);
    done(std::move(reply->items[0].text));
  });
}

void RedisSessions::Open(const SessionOwner& owner,
                         std::function<void(absl::StatusOr<std::string>)> done) {
  const std::string token = MakeSessionToken();
  Run(kOpen,
      {HashOf(token), owner.user, Milliseconds(limits_.absolute), std::to_string(kMaxSessions),
       std::to_string(kMaxPerUser), std::to_string(owner.generation)},
      [token, done = std::move(done)](absl::StatusOr<std::string> opened) {
        done(opened.ok() ? absl::StatusOr<std::string>(token) : std::move(opened));
      });
}

void RedisSessions::Find(std::string_view token, Found done) {
  Ask(token, /*used=*/true, std::move(done));
}

void RedisSessions::Look(std::string_view token, Found done) {
  Ask(token, /*used=*/false, std::move(done));
}

void RedisSessions::Ask(std::string_view token, bool used, Found done) {
  Run(kFind, {HashOf(token), used ? "1" : "0"},
      [done = std::move(done)](const absl::StatusOr<std::string>& found) {
        if (!found.ok()) return done(found.status());
        SessionOwner owner;
        const char* const end = found->data() + found->size();
        const auto [rest, error] = std::from_chars(found->data(), end, owner.generation);
        if (error == std::errc() && rest != end) owner.user.assign(rest + 1, end);
        done(std::move(owner));
      });
}

void RedisSessions::Close(std::string_view token, Done done) {
  Run(kClose, {HashOf(token)}, [done = std::move(done)](const absl::StatusOr<std::string>& closed) {
    done(closed.status());
  });
}

void RedisSessions::CloseAllOf(const std::string& user, Done done) {
  Run(kCloseAll, {user}, [done = std::move(done)](const absl::StatusOr<std::string>& closed) {
    done(closed.status());
  });
}

absl::Status RedisSessions::health() const {
  const absl::Status& why = redis_.health().ok() ? refused_ : redis_.health();
  if (why.ok()) return why;
  return absl::UnavailableError(absl::StrCat(
      "nobody can sign in or act on the page, since Redis does not keep its sessions: ",
      std::string(why.message())));
}

RedisRateLimiter::RedisRateLimiter(net::Redis& redis, const std::string& prefix,
                                   const std::string& kind, Rate rate, const base::Clock& clock)
    : redis_(redis),
      prefix_(absl::StrCat(prefix, "rate:", kind, ":")),
      rate_(rate),
      here_(rate, clock) {}

void RedisRateLimiter::Allow(const std::string& name, std::function<void(bool)> done) {
  if (!here_.AllowNow(name)) return done(false);
  if (!redis_.health().ok()) return done(true);
  // Names are hashed: what was typed as a name may have been a password.
  redis_.Call({"EVAL", kAllow, "1", prefix_ + HashOf(name), absl::StrCat(rate_.burst),
               absl::StrCat(rate_.per_second)},
              [alive = std::weak_ptr(alive_),
               done = std::move(done)](const absl::StatusOr<net::RedisReply>& reply) {
                if (!alive.expired()) done(!reply.ok() || reply->number != 0);
              });
}

}  // namespace gannet::gateway
