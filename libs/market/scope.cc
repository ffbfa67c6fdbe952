#include "libs/market/scope.h"

namespace gannet::market {

bool Covers(const Scope& scope, const AccountId& account, const StrategyId& strategy,
            const InstrumentId& instrument) {
  switch (scope.kind) {
    case ScopeKind::kFirm:
      return true;
    case ScopeKind::kAccount:
      return scope.name == account.text();
    case ScopeKind::kStrategy:
      return scope.name == strategy.text();
    case ScopeKind::kVenue:
      return scope.name == VenueOf(instrument);
    case ScopeKind::kInstrument:
      return scope.name == instrument.text();
    case ScopeKind::kModel:
    case ScopeKind::kService:
      return false;
  }
  return false;
}

}  // namespace gannet::market
