// Controls over how exposure is spread, and how far a strategy has been let.
#include <algorithm>

#include "services/risk/control_families.h"

namespace gannet::risk::controls {
namespace {

using market::Int128;

constexpr size_t kOwnCells = 3;  // firm, account, strategy: scopes with cells of their own

// rho S^2 + (1 - rho) Q, in millionths of squared hundredths: below 2^127 as
// kMaxHundredths and kMaxInstruments are.
Int128 Weighted(int64_t rho_ppm, Int128 sum, Int128 squares) {
  return rho_ppm * sum * sum + (kPpm - rho_ppm) * squares;
}
static_assert(kMaxInstruments <= 10'000 && kMaxHundredths <= 1'000'000'000'000);

}  // namespace

// --- 14 ------------------------------------------------------------------------

bool Concentration(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  for (size_t i = 0; i < kOwnCells; ++i) {
    const ScopeRow& scope = *context.scopes[i];
    const SideChange& change = context.changes[i];
    const auto& limit = scope.limits.max_concentration_ppm;
    if (!limit || change.opened <= 0 || change.more <= 0) continue;
    const Value all =
        std::max(scope.gross() + change.more, scope.limits.concentration_above.value_or(0));
    const Value own = context.cells[i]->gross + change.more;
    const bool over = own * kPpm > *limit * all;
    if (out != nullptr) {  // for people the share is rounded upwards to a millionth
      const auto share = all > 0 ? static_cast<int64_t>((own * kPpm + all - 1) / all) : kPpm;
      Over(out, scope, "max_concentration", share, *limit);
    }
    if (over) {
      return Fail(out, FormatScope(scope.scope), " would have ", FormatValue(own), " of ",
                  FormatValue(all), " in the instrument, max_concentration ", FormatLimit(*limit));
    }
  }
  return false;
}

bool Correlated(const ScopeRow& scope, const SideChange& change, uint32_t group, bool buy,
                int64_t rho_ppm, Value limit) {
  const size_t side = buy ? 0 : 1;
  const Int128 before = Hundredths(change.before), after = Hundredths(change.after);
  const GroupSums& sums = scope.groups[group];
  const Int128 now = Weighted(rho_ppm, sums.sum[side], sums.squares[side]);
  const Int128 then = Weighted(rho_ppm, sums.sum[side] - before + after,
                               sums.squares[side] - before * before + after * after);
  const Int128 most = std::min<Int128>(limit / kPpm, kMaxHundredths * kMaxInstruments);
  const bool beyond = change.after > static_cast<Value>(kMaxHundredths) * kPpm;
  return beyond || (then > most * most * kPpm && then > now);
}

bool Correlation(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  const uint32_t group = context.instrument->group;
  if (group == kNone) return false;
  const int64_t rho = context.book.group_rho_ppm(group);
  for (size_t i = 0; i < kOwnCells; ++i) {
    const ScopeRow& scope = *context.scopes[i];
    const SideChange& change = context.changes[i];
    const auto& limit = scope.limits.max_correlated;
    if (!limit || change.opened <= 0) continue;
    if (Correlated(scope, change, group, context.buy(), rho, *limit)) {
      return Fail(out, FormatScope(scope.scope),
                  " would be exposed to assets that move together by more than max_correlated ",
                  FormatValue(*limit));
    }
  }
  return false;
}

// --- 15 ------------------------------------------------------------------------

bool InstrumentCount(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  for (size_t i = 0; i < kOwnCells; ++i) {
    const ScopeRow& scope = *context.scopes[i];
    const auto& limit = scope.limits.max_instruments;
    if (limit && !context.cells[i]->used &&
        Over(out, scope, "max_instruments", scope.instruments_used + 1, *limit)) {
      return true;
    }
  }
  return false;
}

uint32_t VenuesWith(const ScopeRow& scope, Index venue) {
  uint32_t venues = 0;
  bool there = false;
  for (const auto& [other, used] : scope.venues_used) {
    venues += used > 0 ? 1 : 0;
    there = there || (used > 0 && other == venue);
  }
  return there ? 0 : venues + 1;
}

bool VenueCount(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  for (size_t i = 0; i < kOwnCells; ++i) {
    const ScopeRow& scope = *context.scopes[i];
    const auto& limit = scope.limits.max_venues;
    if (!limit || context.cells[i]->used) continue;
    const uint32_t venues = VenuesWith(scope, context.instrument->venue_scope);
    if (venues > 0 && Over(out, scope, "max_venues", venues, *limit)) return true;
  }
  return false;
}

// --- 30 ------------------------------------------------------------------------

bool ReleaseStage(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    if (scope->limits.stage == context.stage)
      Compared(out, *scope, "stage", context.stage, FormatLimit(context.stage));
  }
  if (context.stage == Stage::kShadow) return Fail(out, "the stage is shadow: decided, never sent");
  return context.stage == Stage::kPaper && !context.scopes[1]->paper_account &&
         Fail(out, "the stage is paper, and ", FormatScope(context.scopes[1]->scope),
              " is not under paper_accounts in the limits file");
}

bool CanaryNotional(const Context& context, Finding* out) {
  if (context.leaf == nullptr || context.stage != Stage::kCanary) return false;
  bool stated = false;
  for (size_t i = 0; i < context.scopes.size(); ++i) {
    const ScopeRow& scope = *context.scopes[i];
    const auto& limit = scope.limits.canary_notional;
    if (!limit) continue;
    stated = true;
    const SideChange& change = context.changes[Context::CellOf(i)];
    if (!context.worst_value || change.opened <= 0) continue;
    const Value most = std::max(*context.worst_value, scope.gross() + change.more);
    if (Over(out, scope, "canary_notional", most, *limit)) return true;
  }
  return !stated && Fail(out, "the stage is canary, and no scope states canary_notional");
}

}  // namespace gannet::risk::controls
