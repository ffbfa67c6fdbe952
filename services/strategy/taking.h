// What strategies that take liquidity share: entering and leaving with limit
// orders that fill at once or not at all (IOC), never beyond a stated slippage.
#pragma once

#include <optional>
#include <vector>

#include "services/strategy/sizing.h"
#include "services/strategy/strategy.h"

namespace gannet::strategy {

struct ExitRules {
  base::Duration horizon{std::chrono::minutes(5)};  // after the newest entry
  int64_t take_profit_ppm = 0;                      // of the average entry price; 0: none
  int64_t stop_loss_ppm = 0;                        // the same
  int64_t max_slippage_ppm = 2'000;                 // limit of every order, from the best price
};

// How a position is entered: at once, or by a TWAP parent order over some time.
struct EntryRules {
  base::Duration over{0};  // 0: at once
  uint32_t slices = 6;
};

// Makes a parent order of an entry, where the rules say so.
void EnterOver(const EntryRules& rules, const MarketRow& row, base::Time now, Draft& draft);

// Why a position should be left now; null: it should not.
const char* ExitReason(const Slot& slot, market::Quantity position, const MarketRow& row,
                       const ExitRules& rules, bool retracted, base::Time now);

// Ends the entries that parent orders still work; an exit would wait for them. False: there are
// none.
bool EndEntries(const market::StrategyId& strategy, const market::InstrumentId& instrument,
                const Slot& slot, const char* reason, base::Time now, std::vector<Draft>& out);

// What of its position a strategy can leave with one order, see Closable.
market::Quantity Held(const MarketRow& row, const market::Position& position,
                      int64_t max_slippage_ppm);

// Drafts the exit of the whole position unless one is on its way or refused just
// now. `reason` is for people.
void Leave(const market::StrategyId& strategy, const Slot& slot, market::Quantity position,
           const MarketRow& row, int64_t max_slippage_ppm, const char* reason, const View& view,
           std::vector<Draft>& out);

// Leaves the position in an instrument when one of the rules, or a retraction of the news
// that it rests on, says so; after a retraction it is not entered any further either.
void LeaveWhenDue(const market::StrategyId& strategy, Index instrument, const ExitRules& rules,
                  const View& view, std::vector<Draft>& out);

// True when nothing of this strategy is open or on its way here and nothing keeps
// it from entering.
bool MayEnter(const market::StrategyId& strategy, const Slot* slot, const MarketRow& row,
              market::Side side, base::Duration cooldown, const ExitRules& exits, const View& view);

// An entry order at the best price and the slippage beyond.
Draft Enter(const market::StrategyId& strategy, const MarketRow& row, market::Side side,
            market::Quantity quantity, int64_t max_slippage_ppm);

// Positions that a strategy holds, dust aside, and entries on their way.
size_t OpenPositions(const market::StrategyId& strategy, const ExitRules& exits, const View& view);

}  // namespace gannet::strategy
