#include "services/execution/rate_budget.h"

#include <algorithm>

namespace gannet::execution {

int64_t RateBudget::NumberOf(size_t which, base::Time time) const {
  return base::UnixNanos(time + venue_ahead_) / kLengths[which].count();
}

RateBudget::Window& RateBudget::Current(size_t which, base::Time now) {
  Window& window = windows_[which];
  const int64_t number = NumberOf(which, now);
  // A clock that was set back does not reopen a window.
  if (number > window.number) window = Window{number, 0};
  return window;
}

namespace {
bool Cancels(const venue::WireRequest& request) {
  return request.kind == venue::RequestKind::kCancel ||
         request.kind == venue::RequestKind::kCancelBatch;
}
}  // namespace

bool RateBudget::Take(const venue::WireRequest& request, Use use, base::Time now) {
  Window& weights = Current(kWeight, now);
  Window& orders_10s = Current(kOrders10s, now);
  Window& orders_day = Current(kOrdersDay, now);
  Window& orders_minute = Current(kOrdersMinute, now);
  Window& orders_second = Current(kOrdersSecond, now);
  Window& cancels_second = Current(kCancelsSecond, now);
  const uint64_t reserve = use == Use::kNormal ? static_cast<uint64_t>(limits_.weight_per_minute) *
                                                     limits_.reserve_ppm / 1'000'000
                                               : 0;
  const auto room = [&](const Window& window, uint64_t more, uint64_t limit) {
    return window.used + more <= (use == Use::kSpare ? limit / 2 : limit);
  };
  const auto in_second = [&](const Window& window, uint64_t limit) {
    return limit == 0 || window.used + request.orders <= limit;
  };
  const bool fits = now >= paused_until_ &&
                    (!Cancels(request) || in_second(cancels_second, limits_.cancels_per_second)) &&
                    room(weights, request.weight + reserve, limits_.weight_per_minute) &&
                    (!request.counts_as_order ||
                     (in_second(orders_second, limits_.orders_per_second) &&
                      room(orders_10s, request.orders, limits_.orders_per_10s) &&
                      room(orders_day, request.orders, limits_.orders_per_day) &&
                      (limits_.orders_per_minute == 0 ||
                       room(orders_minute, request.orders_of_minute, limits_.orders_per_minute))));
  if (!fits) {
    // What goes another way instead is asked for again.
    if (use != Use::kSpare) ++stats_.refused_here;
    return false;
  }
  weights.used += request.weight;
  if (Cancels(request)) cancels_second.used += request.orders;
  if (request.counts_as_order) {
    orders_second.used += request.orders;
    orders_10s.used += request.orders;
    orders_day.used += request.orders;
    orders_minute.used += request.orders_of_minute;
  }
  return true;
}

base::Time RateBudget::NextTry(base::Time now) const {
  if (now < paused_until_) return paused_until_;
  // The shortest window that can be full; a longer one that is full says no again.
  const bool by_second = limits_.orders_per_second > 0 || limits_.cancels_per_second > 0;
  const auto length = kLengths[by_second ? kOrdersSecond : kOrders10s].count();
  return base::FromUnixNanos((base::UnixNanos(now + venue_ahead_) / length + 1) * length) -
         venue_ahead_;
}

void RateBudget::Report(const venue::RateReport& report, bool refused, base::Time asked,
                        base::Time now) {
  const auto raise = [&](size_t which, const std::optional<uint32_t>& used) {
    // Asked in a window that is over, it may count what was used in that one.
    if (!used || NumberOf(which, asked) != NumberOf(which, now)) return;
    Window& window = Current(which, now);
    window.used = std::max<uint64_t>(window.used, *used);
  };
  raise(kWeight, report.used_weight);
  raise(kOrders10s, report.orders_10s);
  raise(kOrdersDay, report.orders_1d);
  raise(kOrdersMinute, report.orders_1m);
  if (!refused && !report.banned) return;
  ++stats_.refused_there;
  if (report.banned) ++stats_.bans;
  // A milder answer to what was asked before does not lift a ban.
  banned_ = report.banned || banned(now);
  paused_until_ =
      std::max(paused_until_, now + report.retry_after.value_or(limits_.pause_without_header));
}

}  // namespace gannet::execution
