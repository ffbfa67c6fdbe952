// The invariants of docs/orders.md, checked on the platform's state and against the
// venue's own records. Each violation is one line that names the invariant.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/store/store.h"
#include "services/execution/execution_engine.h"
#include "services/venue-sim/exchange.h"
#include "tests/simulation/product.h"

namespace gannet::simulation {

// What the venue has on record of the platform's account.
struct VenueRecord {
  struct Order {
    market::InstrumentId instrument;
    venue_sim::VenueOrder order;  // of perpetuals too, as far as they have these figures
    std::string id;               // as the product's door names it
    std::string waited_as;        // that it was triggered from; empty: from none
  };
  struct Trade {
    market::InstrumentId instrument;
    std::string base_asset;
    venue_sim::AccountTrade trade;
    std::string id;  // as the product's door names it
  };
  std::vector<Order> orders;  // of all kinds, in order of symbol and number
  std::vector<Trade> trades;  // in order of time
  std::map<market::AssetId, market::Money> balances;
  bool perpetuals = false;
  // Of perpetuals: what is held, over both sides.
  std::map<market::InstrumentId, market::Money> positions;
  // Money that came or went in steps of this size, at most so often: the venue tells of it
  // once, on the stream, and a look cannot name what was missed. Then it must be shown.
  struct Transfers {
    market::Money step;
    uint64_t times = 0;
  };
  std::map<market::AssetId, Transfers> transfers;
};
// `name`: in the ids of its instruments.
VenueRecord ReadVenue(std::string_view name, Product product, const venue_sim::Exchange& venue);

// A number of an order of each symbol (of perpetuals: of all, and of those that wait): all
// before it have ended and were looked at.
using Marks = std::vector<uint64_t>;
// Orders from `marks` on and nothing else, for looks that are many: what has ended at
// the venue changes no more. Moves `marks` to the first order that is still open.
VenueRecord ReadNewOrders(std::string_view name, Product product, const venue_sim::Exchange& venue,
                          Marks& marks);

// How often the network itself handed the request that places this client id to the
// venue a second time. A venue takes such an order twice once the first has filled,
// which nothing that sends can prevent.
using Doubled = std::map<std::string, int>;

// At any moment: I1 one live venue order an intent, and no request sent twice; I2 no
// venue order without an intent that execution knows; I4 nothing terminal that the
// venue still works.
std::vector<std::string> CheckAlways(const execution::ExecutionEngine& execution,
                                     const VenueRecord& venue, const Doubled& doubled);

// Of each perpetual: what orders by hand had added up to when execution took over.
std::map<market::InstrumentId, market::Money> HeldBefore(const execution::ExecutionState& state,
                                                         const VenueRecord& venue);

// After everything has settled: nothing UNKNOWN, every order in the venue's state,
// I3 positions equal the venue's trades, I5 money adds up to the last unit, I6
// reporting has each trade of this venue once.
std::vector<std::string> CheckSettled(const execution::ExecutionEngine& execution,
                                      const VenueRecord& venue, store::Store& reports,
                                      const Doubled& doubled);

}  // namespace gannet::simulation
