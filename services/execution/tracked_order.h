// One order as execution knows it: what was meant, what the venue has proven, and
// which requests about it were written down. Changed by applying facts only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/order.h"
#include "libs/market/order_state.h"

namespace gannet::execution {

// A request whose bytes are in the journal.
struct JournaledRequest {
  uint64_t id = 0;         // 0: none
  base::Time timestamp{};  // on the venue's clock, as signed
  base::Duration receive_window{};
  bool operator==(const JournaledRequest&) const = default;
};

// Names of EXTERNAL orders whose client id says nothing, or is another's; symbol, ":" and
// the venue's id follow.
inline constexpr const char* kVenueIdPrefix = "venue:";
inline constexpr const char* kTwinPrefix = "twin:";

// A change of price and quantity in place that the venue has not answered for yet.
struct Amendment {
  market::ClientOrderId id;  // of its intent; the venue never hears it
  market::Price price;
  market::Quantity quantity;  // total
  JournaledRequest request;   // id 0: not written yet
  base::Time verdict_expires{};
  uint64_t epoch = 0;
  bool operator==(const Amendment&) const = default;
};

struct TrackedOrder {
  market::OrderIntent intent;  // EXTERNAL orders: put together from the venue's words
  market::OrderLife life;
  // Asked of the venue, by the latest amendment that took effect; a second leg may be smaller
  // than its intent.
  market::Quantity quantity;
  market::Price price;
  market::Quantity cumulative;  // booked, of the trades below (and, EXTERNAL, before we knew it)
  std::vector<std::string> trade_ids;  // booked
  market::VenueOrderId venue_order_id;
  JournaledRequest place, cancel;  // latest of each
  std::optional<Amendment> amendment;
  base::Time amended_at{};      // venue's time of what showed the latest amendment
  uint64_t amend_sequence = 0;  // of the latest intent to amend it that was answered
  base::Time verdict_expires{};
  uint64_t epoch = 0;
  bool external = false;   // not from an intent of ours
  bool triggered = false;  // a stop order that became a working one
  // Price or quantity were changed at the venue, not from here. Its client id may lead nowhere
  // since: Binance spot gives an amended order another unless it is told which.
  bool changed = false;
  // It is to be cancelled, and that has not been turned down. `cancel` may be of the proof of
  // absence, which nobody asked for, or of nothing: there was no room yet.
  bool cancel_wanted = false;
  market::EventId correlation;  // first event of the chain that led here
  uint64_t origin = 0;          // stream of the process that asked for it; 0: not known
  // It closes a position in the name of this kill switch, by execution's own verdict.
  std::optional<market::Scope> emergency;

  const market::ClientOrderId& id() const { return intent.client_order_id; }
  bool open() const { return !market::IsTerminal(life.state()); }
  // Its client id is a name of ours that the venue does not know.
  bool by_venue_id() const { return twin() || id().text().starts_with(kVenueIdPrefix); }
  // A second order that the venue took from one request of ours.
  bool twin() const { return id().text().starts_with(kTwinPrefix); }
  // What may be filled of it: while an amendment is on its way, of the larger order.
  market::Quantity most() const {
    return amendment ? std::max(quantity, amendment->quantity) : quantity;
  }
  // Nothing more can come of it than before.
  bool OnlyReduces(market::Price new_price, market::Quantity new_quantity) const {
    return new_price == price && new_quantity <= quantity;
  }
  bool Booked(const std::string& trade_id) const {
    for (const std::string& known : trade_ids) {
      if (known == trade_id) return true;
    }
    return false;
  }
  bool operator==(const TrackedOrder&) const = default;
};

// Orders that nobody here asked for belong to this strategy.
inline constexpr const char* kExternalStrategy = "EXTERNAL";
// How client ids made by wire::MakeClientOrderId begin.
inline constexpr const char* kOwnPrefix = "g1";

}  // namespace gannet::execution
