#include "tests/simulation/invariants.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/concat.h"
#include "libs/market/order_state.h"
#include "services/venue-sim/bybit_linear_payloads.h"
#include "services/venue-sim/bybit_payloads.h"

namespace gannet::simulation {
namespace {

using execution::ExecutionState;
using execution::TrackedOrder;
using market::InstrumentId;
using market::Money;
using market::OrderState;
using venue_sim::OrderStatus;
using Violations = std::vector<std::string>;
using Trades = std::map<InstrumentId, std::set<std::string>>;

constexpr int kVenueScale = 8;  // of every number in the venue's records
constexpr venue_sim::AccountIndex kAccount = 0;

InstrumentId InstrumentOf(std::string_view venue, venue_sim::SymbolIndex symbol) {
  return InstrumentId(base::Concat({venue, ":", venue_sim::ListedSymbols()[symbol].name}));
}

bool IsOurs(const VenueRecord::Order& order) {
  return order.order.request.client_order_id.starts_with(execution::kOwnPrefix);
}

// The intent behind a client order id: all attempts share what precedes the attempt.
std::string IntentOf(const std::string& client_order_id) {
  constexpr size_t kHashedCharacters = 22;  // "g1" and 120 bits in base64url
  return client_order_id.substr(0, kHashedCharacters);
}

OrderState StateOf(OrderStatus status) {
  switch (status) {
    case OrderStatus::kNew:
      return OrderState::kAccepted;
    case OrderStatus::kPartiallyFilled:
      return OrderState::kPartiallyFilled;
    case OrderStatus::kFilled:
      return OrderState::kFilled;
    case OrderStatus::kCanceled:
      return OrderState::kCanceled;
    case OrderStatus::kRejected:
      return OrderState::kRejected;
    case OrderStatus::kExpired:
    case OrderStatus::kExpiredInMatch:
      break;
  }
  return OrderState::kExpired;
}

// As execution knows it: by the venue's id, or by ours while that has not come.
const TrackedOrder* Known(const ExecutionState& state, const VenueRecord::Order& at_venue) {
  for (const std::string& id : {at_venue.id, at_venue.waited_as}) {
    if (id.empty()) continue;
    if (const TrackedOrder* order =
            state.FindVenueOrder(at_venue.instrument, market::VenueOrderId(id)))
      return order;
  }
  const TrackedOrder* named =
      state.Find(market::ClientOrderId(at_venue.order.request.client_order_id));
  return named != nullptr && named->venue_order_id.empty() ? named : nullptr;
}

// Names each trade that one side has and the other has not.
void CompareTrades(const Trades& ours, const Trades& theirs, Violations& violations) {
  const auto lacks = [&](const Trades& all, const Trades& some, const char* text) {
    for (const auto& [instrument, trades] : all) {
      const auto other = some.find(instrument);
      for (const std::string& trade : trades) {
        if (other != some.end() && other->second.contains(trade)) continue;
        violations.push_back(
            absl::StrCat("I6: trade ", trade, " of ", instrument.text(), " is ", text));
      }
    }
  };
  lacks(theirs, ours, "missing in reporting");
  lacks(ours, theirs, "in reporting and not the venue's");
}

void CheckOrders(const ExecutionState& state, const VenueRecord& venue, const Doubled& doubled,
                 Violations& violations) {
  std::set<const TrackedOrder*> at_venue;
  for (const VenueRecord::Order& theirs : venue.orders) {
    const std::string& id = theirs.order.request.client_order_id;
    if (!IsOurs(theirs)) {  // by hand; what has filled is judged by its trades
      const TrackedOrder* known = Known(state, theirs);
      if (IsOpen(theirs.order.status) && (known == nullptr || !known->open()))
        violations.push_back(absl::StrCat("settle: ", id, " was placed by hand, works at the venue",
                                          " and is not open here"));
      continue;
    }
    const TrackedOrder* known = Known(state, theirs);
    if (known == nullptr) {
      // A second order of a doubled request that ended without a fill changes nothing.
      if (!doubled.contains(id) || IsOpen(theirs.order.status) || theirs.order.executed > 0)
        violations.push_back(
            absl::StrCat("settle: ", id, " (", theirs.id, " at the venue) is not known here"));
      continue;
    }
    at_venue.insert(known);
    const market::Instrument* definition =
        state.FindInstrument(known->intent.instrument, known->intent.instrument_version);
    if (definition == nullptr) continue;
    const Money ours(known->cumulative.mantissa, definition->quantity_scale),
        filled(theirs.order.executed, kVenueScale);
    if (ours != filled) {
      violations.push_back(absl::StrCat("I3: ", id, " filled ", ours.ToString(), " here, ",
                                        filled.ToString(), " at the venue"));
    }
    const Money size(known->quantity.mantissa, definition->quantity_scale),
        asked(theirs.order.request.quantity, kVenueScale);
    if (known->open() && !known->external && size != asked) {
      violations.push_back(absl::StrCat("settle: ", id, " is of ", size.ToString(), " here, ",
                                        asked.ToString(), " at the venue"));
    }
    const OrderState expected = StateOf(theirs.order.status), is = known->life.state();
    if (is != expected && !(is == OrderState::kTriggered && expected == OrderState::kAccepted)) {
      violations.push_back(absl::StrCat("settle: ", id, " is ", market::Name(is), " here, ",
                                        market::Name(expected), " at the venue"));
    }
  }
  for (const auto& [id, order] : state.orders()) {
    const OrderState is = order.life.state();
    if (order.external || at_venue.contains(&order)) continue;
    // Not at the venue: only those that never got there may be closed, and none may be in doubt.
    if (is != OrderState::kRejected && is != OrderState::kAbsent && is != OrderState::kDenied) {
      violations.push_back(absl::StrCat("I4: ", id.text(), " is ", market::Name(is),
                                        " here and was never at the venue"));
    }
  }
  if (!state.unanswered_verdicts().empty())
    violations.emplace_back("settle: verdicts without a first report");
  if (!state.unanswered_cancels().empty())
    violations.emplace_back("settle: cancels without an answer");
}

// Of an order by hand, before execution took over what was held: in its first balances.
bool BeforeUs(const ExecutionState& state, const VenueRecord::Trade& at) {
  return state.baseline() && base::FromUnixMillis(at.trade.time_ms) <= *state.baseline();
}

// The account's trades, base fees taken off, against the sum of positions.
void CheckPositions(const ExecutionState& state, const VenueRecord& venue, Violations& violations) {
  std::map<InstrumentId, Money> net;
  for (const VenueRecord::Trade& at : venue.trades) {
    if (BeforeUs(state, at)) continue;
    const int64_t quantity = at.trade.fill.quantity;
    Money& sum = net[at.instrument];
    sum += Money(at.trade.is_buyer ? quantity : -quantity, kVenueScale);
    if (at.trade.fill.commission_asset == at.base_asset)
      sum -= Money(at.trade.fill.commission, kVenueScale);
  }
  // Once people have signed it.
  for (const auto& [instrument, held] : HeldBefore(state, venue)) {
    if (!held.zero() && !state.position_differences().contains(instrument)) net[instrument] += held;
  }
  for (const auto& [instrument, expected] : net) {
    Money ours = state.NetPosition(instrument);
    // Base fees smaller than one unit of quantity are kept beside the position.
    for (const auto& [key, position] : state.positions().all()) {
      if (key.instrument == instrument) ours -= position.base_fee_rest;
    }
    if (ours != expected) {
      violations.push_back(absl::StrCat("I3: position in ", instrument.text(), " is ",
                                        ours.ToString(), " here, ", expected.ToString(),
                                        " at the venue"));
    }
  }
  for (const auto& [instrument, theirs] : venue.positions) {
    const Money ours = state.HeldPosition(instrument);
    if (ours != theirs) {
      violations.push_back(absl::StrCat("I3: held of ", instrument.text(), " is ", ours.ToString(),
                                        " here, ", theirs.ToString(), " at the venue"));
    }
  }
}

// A transfer that was missed on the stream, of which execution speaks.
bool IsShownTransfer(const ExecutionState& state, const VenueRecord& venue,
                     const market::AssetId& asset, const Money& surplus) {
  const auto found = venue.transfers.find(asset);
  if (found == venue.transfers.end() || !state.differences().contains(asset)) return false;
  Money sum;
  for (uint64_t times = 0; times < found->second.times; ++times) {
    sum += found->second.step;
    if ((surplus - sum).Abs() <= state.RoundingSlack(asset)) return true;
  }
  return false;
}

void CheckMoney(const ExecutionState& state, const VenueRecord& venue, Violations& violations) {
  for (const auto& [asset, balance] : state.balances()) {
    const auto found = venue.balances.find(asset);
    const Money theirs = found != venue.balances.end() ? found->second : Money(),
                ours = balance.free + balance.locked, explained = state.Explained(asset);
    if (ours != theirs) {
      violations.push_back(absl::StrCat("I5: ", asset.text(), " is ", ours.ToString(), " here, ",
                                        theirs.ToString(), " at the venue"));
    }
    if ((explained - theirs).Abs() > state.RoundingSlack(asset) &&
        !IsShownTransfer(state, venue, asset, theirs - explained)) {
      violations.push_back(absl::StrCat("I5: fills and transfers explain ", explained.ToString(),
                                        " ", asset.text(), ", the venue holds ",
                                        theirs.ToString()));
    }
  }
}

void CheckReports(const ExecutionState& state, const VenueRecord& venue, store::Store& reports,
                  Violations& violations) {
  Trades reported, traded;
  for (const VenueRecord::Trade& at : venue.trades) {
    if (BeforeUs(state, at)) continue;
    traded[at.instrument].insert(at.id);
  }
  const auto fills = reports.Fills({});
  for (const store::FillRow& fill : *fills) {
    const bool by_people = fill.client_order_id.empty();
    if (by_people || !state.domain().Has(fill.instrument)) continue;
    if (!reported[fill.instrument].insert(fill.trade_id).second) {
      violations.push_back(absl::StrCat("I6: trade ", fill.trade_id, " of ", fill.instrument.text(),
                                        " was reported twice"));
    }
  }
  CompareTrades(reported, traded, violations);
  std::map<InstrumentId, Money> net;
  const auto rows = reports.AllPositions();
  for (const store::PositionRow& row : *rows) net[row.instrument] += row.net;
  for (const auto& [instrument, ours] : net) {
    if (!state.domain().Has(instrument)) continue;
    const Money expected = state.NetPosition(instrument);
    if (ours != expected) {
      violations.push_back(absl::StrCat("I6: position in ", instrument.text(), " is ",
                                        ours.ToString(), " in reporting, ", expected.ToString(),
                                        " in execution"));
    }
  }
}

// What ended by itself is cancelled there.
OrderStatus InBybitsWords(OrderStatus status) {
  return status == OrderStatus::kExpired || status == OrderStatus::kExpiredInMatch
             ? OrderStatus::kCanceled
             : status;
}

venue_sim::AccountTrade AsSpot(const venue_sim::UsdmTrade& trade) {
  venue_sim::AccountTrade as;
  as.symbol = trade.symbol;
  as.order_id = trade.order_id;
  as.fill.trade_id = trade.id;
  as.fill.price = trade.price;
  as.fill.quantity = trade.quantity;
  as.fill.commission = trade.commission;
  as.fill.commission_asset = "USDT";
  as.time_ms = trade.time_ms;
  as.is_buyer = trade.side == market::Side::kBuy;
  return as;
}

VenueRecord::Order AsSpot(std::string_view name, const venue_sim::UsdmPlace& request, bool bybit,
                          OrderStatus status) {
  VenueRecord::Order of;
  of.instrument = InstrumentOf(name, request.symbol);
  of.order.request.symbol = request.symbol;
  of.order.request.client_order_id = request.client_id;
  of.order.request.side = request.side;
  of.order.request.price = request.price;
  of.order.request.quantity = request.quantity;
  of.order.status = bybit ? InBybitsWords(status) : status;
  return of;
}

OrderStatus StatusOf(venue_sim::AlgoStatus status) {
  switch (status) {
    case venue_sim::AlgoStatus::kCanceled:
      return OrderStatus::kCanceled;
    case venue_sim::AlgoStatus::kRejected:
    case venue_sim::AlgoStatus::kFinished:
      return OrderStatus::kExpired;
    case venue_sim::AlgoStatus::kNew:
    case venue_sim::AlgoStatus::kTriggered:
      break;
  }
  return OrderStatus::kNew;
}

// A stop order that has triggered is one order, as the one that it became.
void ReadPerpetuals(std::string_view name, bool bybit, const venue_sim::UsdmMarket& venue,
                    Marks& marks, VenueRecord& record) {
  bool all_ended = true;
  for (auto at = venue.algos().lower_bound(marks[1]); at != venue.algos().end(); ++at) {
    const venue_sim::UsdmAlgo& algo = at->second;
    if (algo.account == kAccount && algo.actual_order == 0) {
      VenueRecord::Order& of =
          record.orders.emplace_back(AsSpot(name, algo.request, bybit, StatusOf(algo.status)));
      of.id = bybit ? venue_sim::bybit::LinearOrderId(algo) : absl::StrCat("algo:", algo.id);
      of.order.order_id = algo.id;
      all_ended = all_ended && !IsOpen(of.order.status);
    }
    if (all_ended) marks[1] = at->first + 1;
  }
  all_ended = true;
  for (auto at = venue.orders().lower_bound(marks[0]); at != venue.orders().end(); ++at) {
    const venue_sim::UsdmOrder& order = at->second;
    if (order.account == kAccount) {
      VenueRecord::Order& of =
          record.orders.emplace_back(AsSpot(name, order.request, bybit, order.status));
      of.id = bybit ? venue_sim::bybit::LinearOrderId(order) : absl::StrCat(order.id);
      of.order.order_id = order.id;
      of.order.executed = order.executed;
      const venue_sim::UsdmAlgo* algo =
          order.algo_id == 0 ? nullptr : venue.FindAlgo(kAccount, order.algo_id, "");
      if (algo != nullptr) {
        of.order.request.client_order_id = algo->request.client_id;
        of.waited_as = absl::StrCat("algo:", algo->id);
      }
      all_ended = all_ended && !IsOpen(order.status);
    }
    if (all_ended) marks[0] = at->first + 1;
  }
}

}  // namespace

VenueRecord ReadVenue(std::string_view name, Product product, const venue_sim::Exchange& venue) {
  Marks all;
  VenueRecord record = ReadNewOrders(name, product, venue, all);
  const bool bybit = execution::IsBybit(product);
  const auto& symbols = venue_sim::ListedSymbols();
  const venue_sim::Ledger& ledger = venue.core().ledger();
  if (!execution::HasPositions(product)) {
    for (const venue_sim::AccountTrade& trade : venue.core().account_trades(kAccount)) {
      record.trades.push_back({InstrumentOf(name, trade.symbol), symbols[trade.symbol].base, trade,
                               bybit ? venue_sim::bybit::TradeId(trade.symbol, trade.fill.trade_id)
                                     : absl::StrCat(trade.fill.trade_id)});
    }
  } else {
    record.perpetuals = true;
    for (const venue_sim::UsdmTrade& trade : venue.usdm().trades(kAccount)) {
      record.trades.push_back(
          {InstrumentOf(name, trade.symbol), symbols[trade.symbol].base, AsSpot(trade),
           bybit ? venue_sim::bybit::LinearTradeId(trade.id) : absl::StrCat(trade.id)});
    }
    for (const auto& [key, position] : venue.usdm().positions(kAccount))
      record.positions[InstrumentOf(name, key.first)] += Money(position.quantity, kVenueScale);
  }
  // Bybit's account is one for both markets.
  if (product != Product::kBinanceUsdm) {
    for (const auto& [asset, balance] : ledger.balances(kAccount))
      record.balances[market::AssetId(asset)] = Money(balance.free + balance.locked, kVenueScale);
  }
  if (product != Product::kBinanceSpot)
    record.balances[market::AssetId("USDT")] += Money(venue.usdm().wallet(kAccount), kVenueScale);
  return record;
}

VenueRecord ReadNewOrders(std::string_view name, Product product, const venue_sim::Exchange& venue,
                          Marks& marks) {
  VenueRecord record;
  if (execution::HasPositions(product)) {
    marks.resize(2);
    ReadPerpetuals(name, execution::IsBybit(product), venue.usdm(), marks, record);
    return record;
  }
  marks.resize(venue_sim::ListedSymbols().size());
  for (venue_sim::SymbolIndex symbol = 0; symbol < marks.size(); ++symbol) {
    uint64_t next = marks[symbol];
    bool all_ended = true;
    venue.core().ForOrders(
        kAccount, symbol, marks[symbol], [&](const venue_sim::VenueOrder& order) {
          VenueRecord::Order& of =
              record.orders.emplace_back(VenueRecord::Order{InstrumentOf(name, symbol), order});
          of.id = absl::StrCat(order.order_id);
          if (execution::IsBybit(product)) {
            of.id = venue_sim::bybit::OrderId(symbol, order.order_id);
            of.order.status = InBybitsWords(order.status);
          }
          all_ended = all_ended && !IsOpen(order.status);
          if (all_ended) next = order.order_id + 1;
          return true;
        });
    marks[symbol] = next;
  }
  return record;
}

std::vector<std::string> CheckAlways(const execution::ExecutionEngine& execution,
                                     const VenueRecord& venue, const Doubled& doubled) {
  Violations violations;
  for (const market::ClientOrderId& id : execution.state().open()) {
    if (!execution.state().Find(id)->open())
      violations.push_back(absl::StrCat("always: ", id.text(), " has ended and counts as open"));
  }
  std::map<std::string, int> placed, live;
  for (const VenueRecord::Order& theirs : venue.orders) {
    if (!IsOurs(theirs)) continue;
    const std::string& id = theirs.order.request.client_order_id;
    const auto twice = doubled.find(id);
    const int allowed = 1 + (twice != doubled.end() ? twice->second : 0);
    if (++placed[id] == allowed + 1) {
      violations.push_back(
          absl::StrCat("I1: ", id, " was placed ", placed[id], " times, sent ", allowed));
    }
    const bool open = IsOpen(theirs.order.status);
    if (open && ++live[IntentOf(id)] == 2)
      violations.push_back(absl::StrCat("I1: two live orders of intent ", IntentOf(id)));
    if (execution.state().Find(market::ClientOrderId(id)) == nullptr) {
      violations.push_back(
          absl::StrCat("I2: the venue has ", id, ", of which execution knows nothing"));
      continue;
    }
    const TrackedOrder* known = Known(execution.state(), theirs);
    if (open && known != nullptr && !known->open()) {
      violations.push_back(absl::StrCat("I4: ", id, " is ", market::Name(known->life.state()),
                                        " here and works at the venue"));
    }
  }
  return violations;
}

std::map<InstrumentId, Money> HeldBefore(const ExecutionState& state, const VenueRecord& venue) {
  std::map<InstrumentId, Money> held;
  for (const VenueRecord::Trade& at : venue.trades) {
    if (!venue.perpetuals || !BeforeUs(state, at)) continue;
    const int64_t quantity = at.trade.fill.quantity;
    held[at.instrument] += Money(at.trade.is_buyer ? quantity : -quantity, kVenueScale);
  }
  return held;
}

std::vector<std::string> CheckSettled(const execution::ExecutionEngine& execution,
                                      const VenueRecord& venue, store::Store& reports,
                                      const Doubled& doubled) {
  Violations violations = CheckAlways(execution, venue, doubled);
  CheckOrders(execution.state(), venue, doubled, violations);
  CheckPositions(execution.state(), venue, violations);
  CheckMoney(execution.state(), venue, violations);
  CheckReports(execution.state(), venue, reports, violations);
  return violations;
}

}  // namespace gannet::simulation
