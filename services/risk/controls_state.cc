// Controls over what state the gate is in: switches, limits, people.
#include "services/risk/control_families.h"

namespace gannet::risk::controls {

using market::TradingState;

// --- 23, 19, 26: may anything leave --------------------------------------------

bool Killed(const Context& context, Finding* out) {
  if (context.leaf == nullptr) {  // the scopes that exist whatever the names
    const ScopeRow& firm = context.book.scope(0);
    return firm.killed && Fail(out, "firm: ", firm.reason);
  }
  for (const ScopeRow* scope : context.scopes) {
    if (scope->killed) return Fail(out, FormatScope(scope->scope), ": ", scope->reason);
  }
  return false;
}

bool StateForbids(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    if (scope->state == TradingState::kHalted || scope->state == TradingState::kCancelOnly) {
      return Fail(out, FormatScope(scope->scope), " is ",
                  scope->state == TradingState::kHalted ? "HALTED" : "CANCEL_ONLY", ": ",
                  scope->reason);
    }
  }
  return false;
}

bool GateClosed(const Context& context, Finding* out) {
  const base::Time oldest = context.book.oldest_unanswered();
  if (oldest != base::Time::max() && context.now - oldest > context.settings.unanswered_alarm) {
    return Fail(out, "execution has not answered a verdict since ", base::FormatTime(oldest),
                "; check that it runs");
  }
  if (context.watch == nullptr) return false;
  std::string* const detail = out == nullptr ? nullptr : &out->detail;
  if (context.watch->Closed(detail)) return true;
  // What rests on a model or on news may still be closed without them.
  return !context.reducing && !context.carved() &&
         context.watch->LacksService(context.intent, detail);
}

bool MissingLimit(const Context& context, Finding* out) {
  if (context.leaf == nullptr) {
    return context.account_known && context.instrument != nullptr &&
           Fail(out, "there is no room for another strategy (", kMaxScopes, " scopes)");
  }
  uint32_t stated = 0;
  for (const ScopeRow* scope : context.scopes) stated |= scope->stated_limits;
  if (stated == kAllMandatory) return false;
  if (out == nullptr) return true;
  out->detail = "no scope of the order states";
  for (size_t i = 0; i < kMandatoryLimits.size(); ++i) {
    if ((stated >> i & 1) == 0)
      absl::StrAppend(&out->detail, " ", std::string(kMandatoryLimits[i]));
  }
  return true;
}

// --- 19 reducing ---------------------------------------------------------------

bool MustReduce(const Context& context, Finding* out) {
  if (context.leaf == nullptr || context.reducing) return false;
  if (context.intent.reduce_only)
    return Fail(out, "reduce_only, but it would open or flip a position");
  for (const ScopeRow* scope : context.scopes) {
    if (scope->state == TradingState::kReducing) {
      return Fail(out, FormatScope(scope->scope), " is REDUCING (", scope->reason,
                  "), and the order would open or flip a position");
    }
  }
  return false;
}

// --- 24, 28 --------------------------------------------------------------------

bool DeadMan(const Context& context, Finding* out) {
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.dead_man;
    if (!limit) continue;
    const base::Time seen = context.book.person_seen();
    if (seen == base::Time::min()) {
      return Fail(out, FormatScope(scope->scope),
                  " needs a sign of life from a person, and none has come");
    }
    const base::Duration silence = context.now - seen;
    if (Over(out, *scope, "dead_man", silence, *limit)) return true;
  }
  return false;
}

bool PositionMismatch(const Context& context, Finding* out) {
  if (context.leaf == nullptr || context.leaf->differs_since == base::Time::max()) return false;
  const market::Instrument& definition = context.instrument->definition;
  return context.now - context.leaf->differs_since > context.settings.position_alarm &&
         Fail(out, "execution says ",
              definition.Format(market::Quantity{context.leaf->told_position}), ", the gate ",
              definition.Format(market::Quantity{context.leaf->position}), " since ",
              base::FormatTime(context.leaf->differs_since));
}

}  // namespace gannet::risk::controls
