#include "services/execution/rate_budget.h"

namespace gannet::execution {
namespace {

using venue::RequestKind;

constexpr base::Duration kSecond = std::chrono::seconds(1);
// By how much we may be wrong about the venue's clock where it says that a window is full: the
// window after it must not be taken for that one.
constexpr base::Duration kClockError = std::chrono::seconds(1);

base::Time Pauses::*PauseOf(RequestKind kind) {
  switch (kind) {
    case RequestKind::kPlace:
    case RequestKind::kPlaceBatch:
    case RequestKind::kCancelReplace:
      return &Pauses::orders;
    case RequestKind::kAmend:
    case RequestKind::kAmendBatch:
      return &Pauses::amendments;
    case RequestKind::kCancel:
    case RequestKind::kCancelBatch:
    case RequestKind::kCancelAll:
      return &Pauses::cancels;
    default:
      return &Pauses::queries;
  }
}

}  // namespace

int64_t RateBudget::NumberOf(size_t which, base::Time time) const {
  return base::UnixNanos(time + venue_ahead_) / kLengths[which].count();
}

base::Time RateBudget::EndOf(base::Duration length, base::Time time) const {
  const int64_t number = base::UnixNanos(time + venue_ahead_) / length.count();
  return base::FromUnixNanos((number + 1) * length.count()) - venue_ahead_;
}

RateBudget::Window& RateBudget::Current(size_t which, base::Time now) {
  Window& window = windows_[which];
  const int64_t number = NumberOf(which, now);
  // A clock that was set back does not reopen a window.
  if (number > window.number) window = Window{number, 0};
  return window;
}

RateBudget::LastSecond& RateBudget::Running(size_t which, base::Time now) {
  LastSecond& second = seconds_[which];
  while (!second.taken.empty() && second.taken.front().first + kSecond <= now) {
    second.used -= second.taken.front().second;
    second.taken.pop_front();
  }
  return second;
}

base::Time RateBudget::PausedUntil(const venue::WireRequest& request) const {
  const base::Time of_orders = request.counts_as_order ? pauses_.orders : base::Time();
  return std::max({pauses_.until, of_orders, pauses_.*PauseOf(request.kind)});
}

Pauses RateBudget::pauses(base::Time now) const {
  Pauses pauses = pauses_;
  pauses.banned = banned(now);
  return pauses;
}

bool RateBudget::Take(const venue::WireRequest& request, Use use, base::Time now) {
  Window& weights = Current(kWeight, now);
  Window& orders_10s = Current(kOrders10s, now);
  Window& orders_day = Current(kOrdersDay, now);
  Window& orders_minute = Current(kOrdersMinute, now);
  LastSecond* second = nullptr;
  uint64_t most_in_second = limits_.orders_per_second;
  if (request.kind == RequestKind::kCancel || request.kind == RequestKind::kCancelBatch) {
    second = &Running(kCancelsSecond, now);
    most_in_second = limits_.cancels_per_second;
  } else if (request.kind == RequestKind::kAmend) {
    second = &Running(kAmendmentsSecond, now);
  } else if (request.counts_as_order) {
    second = &Running(kOrdersSecond, now);
  }
  const bool by_second = second != nullptr && most_in_second > 0;
  const uint64_t reserve = use == Use::kNormal ? static_cast<uint64_t>(limits_.weight_per_minute) *
                                                     limits_.reserve_ppm / 1'000'000
                                               : 0;
  const auto room = [&](const Window& window, uint64_t more, uint64_t limit) {
    return window.used + more <= (use == Use::kSpare ? limit / 2 : limit);
  };
  const bool fits = now >= PausedUntil(request) &&
                    (!by_second || second->used + request.orders <= most_in_second) &&
                    room(weights, request.weight + reserve, limits_.weight_per_minute) &&
                    (!request.counts_as_order ||
                     (room(orders_10s, request.orders, limits_.orders_per_10s) &&
                      room(orders_day, request.orders, limits_.orders_per_day) &&
                      (limits_.orders_per_minute == 0 ||
                       room(orders_minute, request.orders_of_minute, limits_.orders_per_minute))));
  if (!fits) {
    // What goes another way instead is asked for again.
    if (use != Use::kSpare) ++stats_.refused_here;
    return false;
  }
  weights.used += request.weight;
  if (by_second) {
    second->taken.emplace_back(now, request.orders);
    second->used += request.orders;
  }
  if (request.counts_as_order) {
    orders_10s.used += request.orders;
    orders_day.used += request.orders;
    orders_minute.used += request.orders_of_minute;
  }
  return true;
}

base::Time RateBudget::NextTry(base::Time now) const {
  if (now < pauses_.until) return pauses_.until;
  // The shortest window that can be full; a longer one that is full says no again.
  if (limits_.orders_per_second == 0 && limits_.cancels_per_second == 0)
    return EndOf(kLengths[kOrders10s], now);
  base::Time next = now + kSecond;
  for (const LastSecond& second : seconds_) {
    for (const auto& [at, orders] : second.taken) {
      if (at + kSecond > now) next = std::min(next, at + kSecond);
    }
  }
  return next;
}

void RateBudget::Report(const venue::RateReport& report, RequestKind kind, base::Time asked,
                        base::Time now) {
  const auto raise = [&](size_t which, const std::optional<uint32_t>& used) {
    // Asked in a window that is over, by the venue's clock as well as we know it, it may count what
    // was used in that one.
    if (!used || NumberOf(which, asked - kClockError) != NumberOf(which, now)) return;
    Window& window = Current(which, now);
    window.used = std::max<uint64_t>(window.used, *used);
  };
  raise(kWeight, report.used_weight);
  raise(kOrders10s, report.orders_10s);
  raise(kOrdersDay, report.orders_1d);
  raise(kOrdersMinute, report.orders_1m);
  if (report.full == venue::Full::kNothing && !report.banned) return;
  ++stats_.refused_there;
  if (report.banned) ++stats_.bans;
  base::Time end = now + report.retry_after.value_or(limits_.pause_without_header);
  base::Time Pauses::*pause = &Pauses::until;
  if (report.banned || report.full == venue::Full::kAll) {
    // A milder answer to what was asked before does not lift a ban.
    pauses_.banned = report.banned || banned(now);
  } else if (report.full == venue::Full::kOrders) {
    pause = &Pauses::orders;
    if (report.window && !report.retry_after)
      end = EndOf(*report.window, asked - kClockError) + kClockError;
  } else {
    pause = PauseOf(kind);
  }
  pauses_.*pause = std::max(pauses_.*pause, end);
}

}  // namespace gannet::execution
