#include "services/venue-sim/rate_limits.h"

#include <algorithm>

namespace gannet::venue_sim {
namespace {

int64_t Index(base::Time now, int64_t seconds) { return base::UnixMillis(now) / (seconds * 1000); }

int SecondsUntilNext(base::Time now, int64_t seconds) {
  const int64_t rest = (Index(now, seconds) + 1) * seconds * 1000 - base::UnixMillis(now);
  return static_cast<int>((rest + 999) / 1000);
}

void WriteLimit(JsonText& json, std::string_view type, std::string_view interval, int64_t number,
                int64_t limit, std::optional<int64_t> count) {
  json.Object()
      .Text("rateLimitType", type)
      .Text("interval", interval)
      .Int("intervalNum", number)
      .Int("limit", limit);
  if (count) json.Int("count", *count);
  json.EndObject();
}

}  // namespace

RateLimits::Address& RateLimits::Find(std::string_view address) {
  const auto found = addresses_.find(address);
  if (found != addresses_.end()) return found->second;
  if (addresses_.size() >= kMaxAddresses) {
    const auto oldest = std::min_element(
        addresses_.begin(), addresses_.end(),
        [](const auto& a, const auto& b) { return a.second.weight.index < b.second.weight.index; });
    addresses_.erase(oldest);
  }
  return addresses_[std::string(address)];
}

std::optional<ApiError> RateLimits::Use(std::string_view address, int64_t weight, base::Time now) {
  Address& who = Find(address);
  const auto banned = [&]() {
    const int64_t until = base::UnixMillis(who.banned_until);
    ApiError error{-1003,
                   "Way too much request weight used; IP banned until " + std::to_string(until) +
                       ". Please use WebSocket Streams for live updates to avoid bans.",
                   418};
    error.retry_after_s = static_cast<int>((until - base::UnixMillis(now) + 999) / 1000);
    return error;
  };
  if (now < who.banned_until) return banned();
  int64_t& used = who.weight.At(Index(now, 60));
  int64_t& raw = who.raw.At(Index(now, 300));
  used += weight;
  ++raw;
  if (used <= options_.weight_per_minute && raw <= options_.raw_requests_per_5_minutes)
    return std::nullopt;
  if (++who.violations.At(Index(now, 60)) > options_.violations_before_ban) {
    base::Duration ban = options_.first_ban;
    for (int i = 0; i < who.bans && ban < options_.longest_ban; ++i) ban *= 2;
    who.banned_until = now + std::min(ban, options_.longest_ban);
    ++who.bans;
    return banned();
  }
  const bool by_weight = used > options_.weight_per_minute;
  ApiError error{-1003, {}, 429};
  error.message = by_weight ? "Too much request weight used; current limit is " +
                                  std::to_string(options_.weight_per_minute) +
                                  " request weight per 1 MINUTE. Please use WebSocket Streams for "
                                  "live updates to avoid polling the API."
                            : "Too many requests; current limit is " +
                                  std::to_string(options_.raw_requests_per_5_minutes) +
                                  " requests per 5 MINUTE.";
  error.retry_after_s = SecondsUntilNext(now, by_weight ? 60 : 300);
  return error;
}

std::optional<ApiError> RateLimits::UseOrder(AccountIndex account, base::Time now, int64_t count) {
  Orders& orders = orders_[account];
  int64_t& ten = orders.ten_seconds.At(Index(now, 10));
  int64_t& day = orders.day.At(Index(now, 86'400));
  const bool by_day = day + count > options_.orders_per_day;
  if (ten + count > options_.orders_per_10_seconds || by_day) {
    ApiError error{-1015, {}, 429};  // without Retry-After: nothing but orders must wait
    error.message = by_day ? "Too many new orders; current limit is " +
                                 std::to_string(options_.orders_per_day) + " orders per 1 DAY."
                           : "Too many new orders; current limit is " +
                                 std::to_string(options_.orders_per_10_seconds) +
                                 " orders per 10 SECOND.";
    return error;
  }
  ten += count;
  day += count;
  return std::nullopt;
}

int64_t RateLimits::used_weight(std::string_view address, base::Time now) {
  return Find(address).weight.At(Index(now, 60));
}
int64_t RateLimits::orders_in_10_seconds(AccountIndex account, base::Time now) {
  return orders_[account].ten_seconds.At(Index(now, 10));
}
int64_t RateLimits::orders_in_day(AccountIndex account, base::Time now) {
  return orders_[account].day.At(Index(now, 86'400));
}

void RateLimits::WriteWeight(JsonText& json, std::optional<std::string_view> address,
                             base::Time now) {
  std::optional<int64_t> count;
  if (address) count = used_weight(*address, now);
  WriteLimit(json, "REQUEST_WEIGHT", "MINUTE", 1, options_.weight_per_minute, count);
}

void RateLimits::WriteOrders(JsonText& json, std::optional<AccountIndex> account, base::Time now) {
  std::optional<int64_t> ten, day;
  if (account) {
    ten = orders_in_10_seconds(*account, now);
    day = orders_in_day(*account, now);
  }
  WriteLimit(json, "ORDERS", "SECOND", 10, options_.orders_per_10_seconds, ten);
  WriteLimit(json, "ORDERS", "DAY", 1, options_.orders_per_day, day);
}

void RateLimits::WriteRawRequests(JsonText& json) {
  WriteLimit(json, "RAW_REQUESTS", "MINUTE", 5, options_.raw_requests_per_5_minutes, std::nullopt);
}

}  // namespace gannet::venue_sim
