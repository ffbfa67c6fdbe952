#include "tests/simulation/invariants.h"

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/market/order_state.h"

namespace gannet::simulation {
namespace {

using execution::TrackedOrder;
using market::Money;
using market::OrderState;
using venue_sim::OrderStatus;
using venue_sim::VenueOrder;

constexpr int kVenueScale = 8;  // of every number in the venue's books
constexpr venue_sim::AccountIndex kAccount = 0;

bool IsOurs(const VenueOrder& order) {
  return order.request.client_order_id.starts_with(execution::kOwnPrefix);
}

template <class Visit>
void ForAllOrders(const venue_sim::VenueCore& venue, Visit visit) {
  for (venue_sim::SymbolIndex symbol = 0; symbol < venue_sim::ListedSymbols().size(); ++symbol) {
    venue.ForOrders(kAccount, symbol, 0, [&](const VenueOrder& order) {
      visit(symbol, order);
      return true;
    });
  }
}

market::InstrumentId InstrumentOf(venue_sim::SymbolIndex symbol) {
  return market::InstrumentId("binance-spot:" + venue_sim::ListedSymbols()[symbol].name);
}

// The intent behind a client order id: all attempts share what precedes the attempt.
std::string IntentOf(const std::string& client_order_id) {
  constexpr size_t kHashedCharacters = 22;  // "g1" and 120 bits in base64url
  return client_order_id.substr(0, kHashedCharacters);
}

OrderState StateOf(OrderStatus status, int64_t executed) {
  switch (status) {
    case OrderStatus::kNew:
      return OrderState::kAccepted;
    case OrderStatus::kPartiallyFilled:
      return OrderState::kPartiallyFilled;
    case OrderStatus::kFilled:
      return OrderState::kFilled;
    case OrderStatus::kCanceled:
      return OrderState::kCanceled;
    case OrderStatus::kExpired:
    case OrderStatus::kExpiredInMatch:
      break;
  }
  (void)executed;
  return OrderState::kExpired;
}

using Trades = std::map<market::InstrumentId, std::set<std::string>>;

// Names each trade that one side has and the other has not.
void Compare(const char* where, const Trades& ours, const Trades& theirs,
             std::vector<std::string>& violations) {
  const auto lacks = [&](const Trades& all, const Trades& some, const char* text) {
    for (const auto& [instrument, trades] : all) {
      const auto other = some.find(instrument);
      for (const std::string& trade : trades) {
        if (other != some.end() && other->second.contains(trade)) continue;
        violations.push_back(
            absl::StrCat("I6: trade ", trade, " of ", instrument.text(), " is ", text, where));
      }
    }
  };
  lacks(theirs, ours, "missing ");
  lacks(ours, theirs, "not the venue's but ");
}

}  // namespace

std::vector<std::string> CheckAlways(const execution::ExecutionEngine& execution,
                                     const venue_sim::VenueCore& venue) {
  std::vector<std::string> violations;
  std::map<std::string, int> placed, live;
  ForAllOrders(venue, [&](venue_sim::SymbolIndex, const VenueOrder& order) {
    if (!IsOurs(order)) return;
    const std::string& id = order.request.client_order_id;
    if (++placed[id] == 2) violations.push_back(absl::StrCat("I1: ", id, " was placed twice"));
    if (IsOpen(order.status) && ++live[IntentOf(id)] == 2)
      violations.push_back(absl::StrCat("I1: two live orders of intent ", IntentOf(id)));
    const TrackedOrder* known = execution.state().Find(market::ClientOrderId(id));
    if (known == nullptr) {
      violations.push_back(
          absl::StrCat("I2: the venue has ", id, ", of which execution knows nothing"));
    } else if (IsOpen(order.status) && !known->open()) {
      violations.push_back(absl::StrCat("I4: ", id, " is ", market::Name(known->life.state()),
                                        " here and works at the venue"));
    }
  });
  return violations;
}

std::vector<std::string> CheckSettled(const execution::ExecutionEngine& execution,
                                      const venue_sim::VenueCore& venue,
                                      store::MemoryStore& reports) {
  std::vector<std::string> violations = CheckAlways(execution, venue);
  std::set<std::string> at_venue;
  ForAllOrders(venue, [&](venue_sim::SymbolIndex, const VenueOrder& order) {
    if (!IsOurs(order)) return;
    const std::string& id = order.request.client_order_id;
    at_venue.insert(id);
    const TrackedOrder* known = execution.state().Find(market::ClientOrderId(id));
    if (known == nullptr) return;  // told by CheckAlways
    const market::Instrument* definition =
        execution.state().NewestInstrument(known->intent.instrument);
    if (definition == nullptr) return;
    const Money ours(known->cumulative.mantissa, definition->quantity_scale),
        theirs(order.executed, kVenueScale);
    if (ours != theirs)
      violations.push_back(absl::StrCat("I3: ", id, " filled ", ours.ToString(), " here, ",
                                        theirs.ToString(), " at the venue"));
    const OrderState expected = StateOf(order.status, order.executed);
    if (known->life.state() != expected &&
        !(known->life.state() == OrderState::kTriggered && expected == OrderState::kAccepted)) {
      violations.push_back(absl::StrCat("settle: ", id, " is ", market::Name(known->life.state()),
                                        " here, ", market::Name(expected), " at the venue"));
    }
  });
  for (const auto& [id, order] : execution.state().orders()) {
    const OrderState state = order.life.state();
    if (order.external || at_venue.contains(id.text())) continue;
    // Not at the venue: only those that never got there may be closed, and none may be in doubt.
    if (state != OrderState::kRejected && state != OrderState::kAbsent &&
        state != OrderState::kDenied) {
      violations.push_back(absl::StrCat("I4: ", id.text(), " is ", market::Name(state),
                                        " here and was never at the venue"));
    }
  }
  if (!execution.state().unanswered_verdicts().empty())
    violations.push_back("settle: verdicts without a first report");

  // I3: the account's trades, base fees taken off, against the sum of positions.
  std::map<market::InstrumentId, Money> net;
  Trades trades;
  for (const venue_sim::AccountTrade& trade : venue.account_trades(kAccount)) {
    const venue_sim::Symbol& symbol = venue_sim::ListedSymbols()[trade.symbol];
    Money change(trade.is_buyer ? trade.fill.quantity : -trade.fill.quantity, kVenueScale);
    if (trade.fill.commission_asset == symbol.base)
      change -= Money(trade.fill.commission, kVenueScale);
    net[InstrumentOf(trade.symbol)] += change;
    trades[InstrumentOf(trade.symbol)].insert(absl::StrCat(trade.fill.trade_id));
  }
  for (const auto& [instrument, expected] : net) {
    const market::Instrument* definition = execution.state().NewestInstrument(instrument);
    const Money ours =
        definition != nullptr
            ? Money(execution.state().NetPosition(instrument).mantissa, definition->quantity_scale)
            : Money();
    // Base fees smaller than one unit of quantity are kept beside the position.
    const Money difference = (ours - expected).Abs();
    if (definition == nullptr || difference > Money(1, definition->quantity_scale)) {
      violations.push_back(absl::StrCat("I3: position in ", instrument.text(), " is ",
                                        ours.ToString(), " here, ", expected.ToString(),
                                        " at the venue"));
    }
  }

  // I6: each trade reached reporting once.
  Trades reported;
  const auto fills = reports.Fills({});
  for (const store::FillRow& fill : *fills) {
    if (!reported[fill.instrument].insert(fill.trade_id).second) {
      violations.push_back(absl::StrCat("I6: trade ", fill.trade_id, " of ", fill.instrument.text(),
                                        " was reported twice"));
    }
  }
  Compare("in reporting", reported, trades, violations);
  return violations;
}

}  // namespace gannet::simulation
