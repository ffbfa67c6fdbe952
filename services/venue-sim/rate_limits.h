// Request weights by address, order counts by account, and the ban that follows
// when a client goes on after 429. Windows are those of the clock: a minute ends
// with the minute.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "services/venue-sim/json_text.h"
#include "services/venue-sim/orders.h"

namespace gannet::venue_sim {

struct RateLimitOptions {
  int64_t weight_per_minute = 6000;
  int64_t raw_requests_per_5_minutes = 61'000;
  int64_t orders_per_10_seconds = 100;
  int64_t orders_per_day = 200'000;
  int64_t violations_before_ban = 20;  // answers of 429 in one minute
  base::Duration first_ban = std::chrono::minutes(2);
  base::Duration longest_ban = std::chrono::hours(72);
};

class RateLimits {
 public:
  static constexpr size_t kMaxAddresses =
      10'000;  // remembered; then the oldest windows are dropped

  explicit RateLimits(RateLimitOptions options) : options_(options) {}

  // Counts a request of this weight; the error when it is over the limit (429)
  // or the address is banned (418).
  std::optional<ApiError> Use(std::string_view address, int64_t weight, base::Time now);
  // Counts new orders; -1015 when they are too many.
  std::optional<ApiError> UseOrder(AccountIndex account, base::Time now, int64_t count = 1);

  int64_t used_weight(std::string_view address, base::Time now);
  int64_t orders_in_10_seconds(AccountIndex account, base::Time now);
  int64_t orders_in_day(AccountIndex account, base::Time now);
  const RateLimitOptions& options() const { return options_; }

  // The rateLimits entries, with counts when an address or account is given.
  void WriteWeight(JsonText& json, std::optional<std::string_view> address, base::Time now);
  void WriteOrders(JsonText& json, std::optional<AccountIndex> account, base::Time now);
  void WriteRawRequests(JsonText& json);

 private:
  struct Window {
    int64_t index = -1, count = 0;
    int64_t& At(int64_t now_index) {
      if (index != now_index) {
        index = now_index;
        count = 0;
      }
      return count;
    }
  };
  struct Address {
    Window weight, raw, violations;
    int bans = 0;
    base::Time banned_until{};
  };
  struct Orders {
    Window ten_seconds, day;
  };
  Address& Find(std::string_view address);

  const RateLimitOptions options_;
  std::map<std::string, Address, std::less<>> addresses_;
  std::map<AccountIndex, Orders> orders_;
};

}  // namespace gannet::venue_sim
