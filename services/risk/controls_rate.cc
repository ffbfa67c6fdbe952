// Controls over how much happens in how long: messages, repetitions, clips, ratios.
#include <string_view>

#include "services/risk/control_families.h"

namespace gannet::risk::controls {
namespace {

// The sums of a scope's flow window.
Flow SumOf(const Context& context, const ScopeRow& scope) {
  Flow sum;
  scope.flow.slices().ForEach(context.now, [&sum](const Flow& slice) {
    sum.quantity += slice.quantity;
    sum.messages += slice.messages;
    sum.orders += slice.orders;
    sum.cancels += slice.cancels;
    sum.fills += slice.fills;
  });
  return sum;
}

// Reserved in the window in all quote assets, valued now; nothing without a rate.
std::optional<Value> NotionalOf(const Context& context, const ScopeRow& scope) {
  std::map<Index, market::Int128> sums;
  scope.flow.slices().ForEach(context.now, [&sums](const Flow& slice) {
    slice.ForEachNotional([&sums](Index asset, market::Int128 amount) { sums[asset] += amount; });
  });
  Value total = 0;
  for (const auto& [number, amount] : sums) {
    const auto value =
        context.book.ValueOfAsset(context.book.asset(number), market::Money(amount, kValueScale));
    if (!value) return std::nullopt;
    total += *value;
  }
  return total;
}

}  // namespace

// --- 4, 5 ----------------------------------------------------------------------

bool Duplicate(const Context& context, Finding* out) {
  // Children are alike by design; what bounds them is their parent.
  if (context.leaf == nullptr || context.intent.kind != market::IntentKind::kNew ||
      !context.intent.parent.empty()) {
    return false;
  }
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.duplicates;
    if (!limit) continue;
    const size_t count =
        context.leaf->answered.Count(OrderShape::Of(context.intent), context.now - limit->window);
    if (Over(out, *scope, "duplicates", static_cast<uint32_t>(count + 1), limit->count))
      return true;
  }
  return false;
}

bool Throttled(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    if (scope->limits.repeated_executions) {
      Compared(out, *scope, "repeated_executions", *scope->limits.repeated_executions,
               scope->throttled ? "reached" : "not reached");
    }
    if (!scope->throttled) continue;
    return Fail(out, FormatScope(scope->scope), " had its number of executions",
                scope->limits.repeated_executions
                    ? absl::StrCat(" (", FormatLimit(*scope->limits.repeated_executions), ")")
                    : "",
                "; a person resumes it");
  }
  return false;
}

// --- 6 -------------------------------------------------------------------------

bool MessageRate(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    if (out != nullptr && scope->limits.message_rate) {
      const auto& rate = *scope->limits.message_rate;
      Over(out, *scope, "message_rate", scope->messages.CountSince(context.now - rate.window) + 1,
           rate.count);
    }
    if (scope->messages.Full(context.now)) return true;
  }
  return false;
}

// --- 7 -------------------------------------------------------------------------

bool ClipQuantity(const Context& context, Finding* out) {
  if (context.leaf == nullptr || context.is_parent() ||
      (context.amended != nullptr && context.adds == 0)) {
    return false;
  }
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.clip_quantity;
    if (!limit) continue;
    const Value own = market::Rescale(context.adds, context.instrument->definition.quantity_scale,
                                      kValueScale, market::Rounding::kUp)
                          .value_or(INT64_MAX);
    if (Over(out, *scope, "clip_quantity", SumOf(context, *scope).quantity + own, *limit))
      return true;
  }
  return false;
}

bool ClipNotional(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.adds_value || context.is_parent() ||
      context.adds_nothing()) {
    return false;
  }
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.clip_notional;
    if (!limit) continue;
    const std::optional<Value> before = NotionalOf(context, *scope);
    if (!before)
      return Fail(out, "what ", FormatScope(scope->scope),
                  " ordered in the window has no value now");
    if (Over(out, *scope, "clip_notional", *before + *context.adds_value, *limit)) return true;
  }
  return false;
}

bool ClipFills(const Context& context, Finding* out) {
  if (context.leaf == nullptr || context.is_parent()) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.clip_fills;
    if (!limit) continue;
    if (Over(out, *scope, "clip_fills", static_cast<uint32_t>(SumOf(context, *scope).fills + 1),
             *limit)) {
      return true;
    }
  }
  return false;
}

// --- 25 ------------------------------------------------------------------------

bool OrderToTrade(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_orders_per_fill;
    if (!limit) continue;
    const Flow sum = SumOf(context, *scope);
    const uint64_t messages = sum.messages + 1;
    if (out != nullptr) {
      Compared(out, *scope, "max_orders_per_fill", *limit,
               absl::StrCat(messages, " for ", sum.fills, " fills"));
    }
    if (messages > context.book.windows().ratio_minimum && messages > *limit * sum.fills) {
      return Fail(out, FormatScope(scope->scope), " sent ", messages, " messages for ", sum.fills,
                  " fills, max_orders_per_fill ", *limit);
    }
  }
  return false;
}

bool CancelRatio(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_cancel_ratio_ppm;
    if (!limit) continue;
    const Flow sum = SumOf(context, *scope);
    if (out != nullptr) {
      Compared(out, *scope, "max_cancel_ratio", *limit,
               absl::StrCat(sum.cancels, " of ", sum.orders));
    }
    if (sum.cancels > context.book.windows().ratio_minimum &&
        static_cast<market::Int128>(sum.cancels) * kPpm >
            static_cast<market::Int128>(*limit) * sum.orders) {
      return Fail(out, FormatScope(scope->scope), " cancelled ", sum.cancels, " of ", sum.orders,
                  " orders, max_cancel_ratio ", FormatLimit(*limit));
    }
  }
  return false;
}

// --- 26 ------------------------------------------------------------------------

bool BreakerOpen(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  if (context.watch != nullptr && !context.reducing && !context.carved() &&
      context.watch->LacksModel(context.intent, context.now,
                                out == nullptr ? nullptr : &out->detail)) {
    return true;
  }
  for (const ScopeRow* scope : context.scopes) {
    if (scope->limits.breaker) {
      Compared(out, *scope, "breaker", *scope->limits.breaker,
               scope->breaker_open ? "reached" : "not reached");
    }
    if (!scope->breaker_open) continue;
    return Fail(
        out, FormatScope(scope->scope), " had its number of failures",
        scope->limits.breaker ? absl::StrCat(" (", FormatLimit(*scope->limits.breaker), ")") : "",
        "; a person resumes it");
  }
  return false;
}

}  // namespace gannet::risk::controls
