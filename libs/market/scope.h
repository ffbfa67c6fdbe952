// Which orders and positions a scope is about.
#pragma once

#include "libs/market/account.h"

namespace gannet::market {

bool Covers(const Scope& scope, const AccountId& account, const StrategyId& strategy,
            const InstrumentId& instrument);

// An intent, a report, a position: what has these three.
template <class Row>
bool Covers(const Scope& scope, const Row& row) {
  return Covers(scope, row.account, row.strategy, row.instrument);
}

}  // namespace gannet::market
