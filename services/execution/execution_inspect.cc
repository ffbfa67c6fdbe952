// Both sides laid out for people: what the venue holds, asked now, and what is held here.
// Nothing is booked. What differs once may be in motion (a fill whose report is on its
// way); what differs in kRounds rounds, alike, is a difference.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/market/decimal.h"
#include "libs/venue/answer_parts.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

using market::Money;
using venue::OutcomeClass;
using venue::RequestKind;

constexpr uint32_t kRounds = 3;
constexpr base::Duration kBetweenRounds = std::chrono::seconds(1);
constexpr int kMaxFailures = 3;   // then the venue counts as not to be asked
constexpr size_t kMaxPages = 10;  // of own trades of one instrument
constexpr base::Duration kFillsBack = std::chrono::hours(24);

// What the difference is about and what it is: the same in two rounds means it stays.
std::string RowKey(const OrderCompared& row) {
  std::string key = absl::StrCat("order|", row.instrument.text(), "|", row.client_order_id.text(),
                                 "|", row.venue_order_id.text());
  for (const auto* side : {&row.venue, &row.local})
    absl::StrAppend(&key, "|", *side ? (*side)->filled + "/" + (*side)->quantity : "");
  return key;
}
std::string RowKey(const FillCompared& row) {
  return absl::StrCat("fill|", row.instrument.text(), "|", row.trade_id, "|",
                      row.venue_order_id.text());
}
std::string RowKey(const AmountCompared& row) {
  return absl::StrCat("amount|", row.name, "|", row.difference);
}

// `visit(row)` of each row, whatever it compares, whose sides are not equal.
template <class Visit>
void EachDifference(Comparison& comparison, const Visit& visit) {
  const auto visit_in = [&visit](auto& rows) {
    for (auto& row : rows) {
      if (!row.equal) visit(row);
    }
  };
  visit_in(comparison.orders);
  visit_in(comparison.fills);
  visit_in(comparison.balances);
  visit_in(comparison.positions);
}

bool SameNumber(const market::Instrument* instrument, const std::string& text,
                market::Quantity quantity) {
  const auto parsed = instrument == nullptr ? std::nullopt : instrument->ParseQuantity(text);
  return parsed && *parsed == quantity;
}

}  // namespace

void ExecutionEngine::Inspect(uint64_t ticket, bool dry_run, const market::Header& cause,
                              base::Time now) {
  Enter(cause, now);
  if (!dry_run && subscribed_) {
    reconciling_.push_back(ticket);
    return BeginReconciliation();
  }
  if (!dry_run) {
    Comparison nothing;
    nothing.problem =
        "the user stream is not connected, so nothing can be booked; ask with --dry-run";
    return out_.Inspected({ticket}, nothing);
  }
  tickets_.push_back(ticket);
  BeginInspection();
}

void ExecutionEngine::BeginInspection() {
  if (inspection_ || tickets_.empty()) return;
  Inspection run;
  run.number = ++inspections_;
  run.tickets = std::exchange(tickets_, {});
  ++stats_.inspections;
  inspection_ = std::move(run);
  if (!state_.baseline() || !clock_synced_) {
    Comparison nothing;
    nothing.problem =
        "execution has not looked at the account yet: it is not connected to the venue; see "
        "`gannet status`";
    return EndInspection(std::move(nothing));
  }
  inspection_->since = std::max(*state_.baseline(), VenueNow() - kFillsBack);
  for (const market::InstrumentId& instrument : state_.Traded()) inspection_->trades[instrument];
  ContinueInspection();
}

void ExecutionEngine::ContinueInspection() {
  if (!inspection_) return BeginInspection();
  using Part = Reconciliation::Part;
  Inspection& run = *inspection_;
  bool room = true;
  const auto ask = [&](Part& part, Purpose purpose, auto&& encode, venue::RequestContext context) {
    if (part != Part::kToAsk || !room) return;
    room =
        SendQuery(purpose, encode(), std::move(context), {}, RateBudget::Use::kNormal, run.number);
    if (room) part = Part::kAsked;
  };
  ask(run.orders, Purpose::kInspectOrders, [&] { return venue_.OpenOrders(run.list, VenueNow()); },
      {.kind = RequestKind::kOpenOrders, .list = run.list});
  ask(run.account, Purpose::kInspectAccount, [&] { return venue_.Account(VenueNow()); },
      {.kind = RequestKind::kAccount});
  for (auto& [instrument, trades] : run.trades) {
    ask(trades.part, Purpose::kInspectTrades,
        [&, id = instrument] { return venue_.TradesSince(id, run.since, VenueNow()); },
        {.kind = RequestKind::kTrades, .instrument = instrument, .since = run.since});
  }
  if (!room) return Schedule(now_ + kBetweenRounds, {TaskKind::kInspect, {}});
  const bool whole = run.orders == Part::kDone && run.account == Part::kDone &&
                     std::all_of(run.trades.begin(), run.trades.end(), [](const auto& entry) {
                       return entry.second.part == Part::kDone;
                     });
  if (whole) FinishRound();
}

void ExecutionEngine::InspectAgain(const InFlight& request, const venue::Answer& answer) {
  Inspection& run = *inspection_;
  if (++run.failures >= kMaxFailures) {
    Comparison nothing;
    nothing.problem = absl::StrCat("the venue did not answer (", venue::Name(request.context.kind),
                                   "): ", answer.code, " ", answer.message);
    return EndInspection(std::move(nothing));
  }
  if (request.purpose == Purpose::kInspectOrders) run.orders = Reconciliation::Part::kToAsk;
  if (request.purpose == Purpose::kInspectAccount) run.account = Reconciliation::Part::kToAsk;
  if (request.purpose == Purpose::kInspectTrades)
    run.trades[request.context.instrument] = Inspection::Trades{};
  Schedule(now_ + kBetweenRounds, {TaskKind::kInspect, {}});
}

void ExecutionEngine::OnInspected(const InFlight& request, const venue::Answer& answer) {
  if (!inspection_ || inspection_->number != request.session) return;
  using Part = Reconciliation::Part;
  Inspection& run = *inspection_;
  if (answer.outcome != OutcomeClass::kConfirmed) return InspectAgain(request, answer);
  if (request.purpose == Purpose::kInspectOrders) {
    run.open.insert(run.open.end(), answer.orders.begin(), answer.orders.end());
    run.orders = ++run.list < venue_.OpenOrderLists() ? Part::kToAsk : Part::kDone;
  } else if (request.purpose == Purpose::kInspectAccount) {
    run.balances = answer.balances;
    run.positions = answer.positions;
    run.account = Part::kDone;
  } else {
    Inspection::Trades& trades = run.trades[request.context.instrument];
    trades.rows.insert(trades.rows.end(), answer.trades.begin(), answer.trades.end());
    trades.part = Part::kDone;
    if (answer.more_trades) {
      if (++trades.pages >= kMaxPages) {
        trades.whole = false;
      } else {
        const bool sent = SendQuery(Purpose::kInspectTrades,
                                    venue_.MoreTrades(request.context, answer, VenueNow()),
                                    {.kind = RequestKind::kTrades,
                                     .instrument = request.context.instrument,
                                     .since = request.context.since},
                                    {}, RateBudget::Use::kNormal, run.number);
        trades.whole = sent;
        if (sent) trades.part = Part::kAsked;
      }
    }
  }
  ContinueInspection();
}

void ExecutionEngine::FinishRound() {
  Comparison found = Compare(*inspection_);
  std::set<std::string> differ;
  EachDifference(found, [&](const auto& row) { differ.insert(RowKey(row)); });
  if (inspection_->differed) {
    std::set<std::string> both;
    std::set_intersection(differ.begin(), differ.end(), inspection_->differed->begin(),
                          inspection_->differed->end(), std::inserter(both, both.end()));
    differ = std::move(both);
  }
  if (!differ.empty() && inspection_->round < kRounds) {
    Inspection again;
    again.number = inspection_->number;
    again.tickets = inspection_->tickets;
    again.round = inspection_->round + 1;
    again.since = inspection_->since;
    again.differed = std::move(differ);
    for (const market::InstrumentId& instrument : state_.Traded()) again.trades[instrument];
    inspection_ = std::move(again);
    return Schedule(now_ + kBetweenRounds, {TaskKind::kInspect, {}});
  }
  EachDifference(found, [&](auto& row) {
    if (differ.contains(RowKey(row))) {
      found.equal = false;
      return;
    }
    row.equal = true;
    row.note = "in motion while it was asked";
  });
  std::erase_if(found.fills, [&](const FillCompared& row) {
    found.equal_fills += row.equal ? 1 : 0;
    return row.equal;
  });
  if (found.fills.size() > kMaxFillsShown) {
    found.fills[kMaxFillsShown - 1].note =
        absl::StrCat("and ", found.fills.size() - kMaxFillsShown, " more");
    found.fills.resize(kMaxFillsShown);
  }
  EndInspection(std::move(found));
}

void ExecutionEngine::EndInspection(Comparison comparison) {
  comparison.rounds = inspection_->round;
  comparison.asked = now_;
  comparison.fills_since = inspection_->since;
  if (!comparison.problem.empty()) comparison.equal = false;
  const std::vector<uint64_t> tickets = std::move(inspection_->tickets);
  inspection_.reset();
  out_.Inspected(tickets, comparison);
  if (!tickets_.empty()) Schedule(now_, {TaskKind::kInspect, {}});
}

Comparison ExecutionEngine::Compare(const Inspection& run) const {
  Comparison out;
  CompareOrders(run, out);
  CompareFills(run, out);
  CompareAmounts(run, out);
  return out;
}

void ExecutionEngine::CompareOrders(const Inspection& run, Comparison& out) const {
  std::set<market::ClientOrderId> listed;
  for (const venue::OrderUpdate& update : run.open) {
    OrderCompared row;
    row.instrument = update.instrument;
    row.client_order_id = update.client_order_id;
    row.venue_order_id = update.venue_order_id;
    row.strategy = market::StrategyId(kExternalStrategy);
    row.venue =
        OrderStated{venue::Name(update.status), update.quantity, update.cumulative, update.price};
    const TrackedOrder* order = state_.FindVenueOrder(update.instrument, update.venue_order_id);
    if (order == nullptr) {
      order = state_.Find(update.client_order_id);
      // A second order of the same client id is another one.
      if (order != nullptr && !order->venue_order_id.empty() &&
          !venue_.Continues(order->venue_order_id, update.venue_order_id) &&
          !venue_.Continues(update.venue_order_id, order->venue_order_id))
        order = nullptr;
    }
    if (order == nullptr) {
      row.equal = false;
      row.note = "not known here";
      out.orders.push_back(std::move(row));
      continue;
    }
    listed.insert(order->id());
    const market::Instrument* instrument =
        state_.FindInstrument(order->intent.instrument, order->intent.instrument_version);
    row.client_order_id = order->id();
    row.strategy = order->intent.strategy;
    row.local = Stated(*order);
    const bool figures =
        (update.quantity.empty() || SameNumber(instrument, update.quantity, order->quantity)) &&
        (update.cumulative.empty() ||
         SameNumber(instrument, update.cumulative, order->cumulative)) &&
        (order->price.mantissa == 0 || update.price.empty() || instrument == nullptr ||
         instrument->ParsePrice(update.price) == order->price);
    const bool open = order->open() && order->life.state() != market::OrderState::kUnknown;
    row.equal = figures && open;
    if (!open) row.note = order->open() ? "UNKNOWN here" : "over here, open at the venue";
    if (open && !figures) row.note = "the figures differ";
    if (row.equal && order->changed) row.note = "changed at the venue, not from here";
    out.orders.push_back(std::move(row));
  }
  for (const market::ClientOrderId& id : state_.open()) {
    const TrackedOrder* order = state_.Find(id);
    if (order == nullptr || listed.contains(id)) continue;
    OrderCompared row;
    row.instrument = order->intent.instrument;
    row.client_order_id = id;
    row.venue_order_id = order->venue_order_id;
    row.strategy = order->intent.strategy;
    row.local = Stated(*order);
    row.equal = false;
    row.note =
        vanished_.contains(id) ? "not found at the venue" : "not among the venue's open orders";
    out.orders.push_back(std::move(row));
  }
}

OrderStated ExecutionEngine::Stated(const TrackedOrder& order) const {
  const market::Instrument* instrument =
      state_.FindInstrument(order.intent.instrument, order.intent.instrument_version);
  OrderStated stated;
  stated.state = Name(order.life.state());
  if (instrument == nullptr) return stated;
  stated.quantity = instrument->Format(order.quantity);
  stated.filled = instrument->Format(order.cumulative);
  stated.price = instrument->Format(order.price);
  return stated;
}

// True when a trade of the venue is in what is held here.
bool ExecutionEngine::Accounted(const venue::TradeUpdate& trade) const {
  if (state_.baseline() && trade.time != base::Time() && trade.time <= *state_.baseline())
    return true;  // in what was taken over
  const TrackedOrder* order = state_.FindVenueOrder(trade.instrument, trade.venue_order_id);
  if (order == nullptr) order = state_.Find(trade.client_order_id);
  if (order != nullptr && order->Booked(trade.trade_id)) return true;
  if (order != nullptr) return false;
  // Of an order that is forgotten: what was looked at was booked.
  const auto checked = state_.CheckedTrade(trade.instrument);
  if (!venue_.OrderedTradeIds())
    return checked && trade.time <= base::FromUnixMillis(static_cast<int64_t>(*checked));
  const auto number = TradeNumber(trade.trade_id);
  return number &&
         ((checked && *number <= *checked) || state_.Forgotten(trade.instrument, *number));
}

void ExecutionEngine::CompareFills(const Inspection& run, Comparison& out) const {
  std::set<std::pair<market::InstrumentId, std::string>> at_venue;
  for (const auto& [instrument, trades] : run.trades) {
    for (const venue::TradeUpdate& trade : trades.rows) {
      if (!at_venue.emplace(instrument, trade.trade_id).second) continue;
      if (Accounted(trade)) {
        ++out.equal_fills;
        continue;
      }
      out.fills.push_back({.instrument = instrument,
                           .trade_id = trade.trade_id,
                           .venue_order_id = trade.venue_order_id,
                           .quantity = trade.quantity,
                           .price = trade.price,
                           .at_venue = true,
                           .note = "not booked here"});
    }
  }
  for (const auto& [id, order] : state_.orders()) {
    const auto trades = run.trades.find(order.intent.instrument);
    if (order.external || order.place.timestamp < run.since || trades == run.trades.end() ||
        !trades->second.whole)
      continue;
    for (const std::string& trade : order.trade_ids) {
      if (at_venue.contains({order.intent.instrument, trade})) continue;
      out.fills.push_back({.instrument = order.intent.instrument,
                           .trade_id = trade,
                           .venue_order_id = order.venue_order_id,
                           .booked = true,
                           .note = "the venue does not list it"});
    }
  }
}

void ExecutionEngine::CompareAmounts(const Inspection& run, Comparison& out) const {
  const auto row = [](std::string name, const Money& venue, const Money& local,
                      const Money& tolerance) {
    const Money difference = venue - local;
    return AmountCompared{.name = std::move(name),
                          .venue = venue.ToString(),
                          .local = local.ToString(),
                          .difference = difference.ToString(),
                          .tolerance = tolerance.zero() ? "" : tolerance.ToString(),
                          .equal = difference.Abs() <= tolerance};
  };
  std::set<market::AssetId> listed;
  for (const venue::BalanceEntry& entry : run.balances) {
    listed.insert(entry.asset);
    out.balances.push_back(row(entry.asset.text(), entry.free + entry.locked,
                               state_.Explained(entry.asset), state_.RoundingSlack(entry.asset)));
  }
  for (const auto& [asset, balance] : state_.balances()) {
    if (listed.contains(asset) || state_.Explained(asset).zero()) continue;
    // Venues leave out what is zero.
    out.balances.push_back(
        row(asset.text(), Money(), state_.Explained(asset), state_.RoundingSlack(asset)));
  }
  std::map<market::InstrumentId, Money> venue_holds;
  for (const market::InstrumentId& instrument : state_.HeldInstruments()) venue_holds[instrument];
  if (!run.positions) {
    // Spot: positions are the fills, and the balances above are what the venue says of them.
    for (const auto& [instrument, none] : venue_holds) {
      AmountCompared stated{.name = instrument.text(),
                            .local = state_.HeldPosition(instrument).ToString()};
      stated.note = "the venue states balances, not positions";
      out.positions.push_back(std::move(stated));
    }
    return;
  }
  for (const venue::PositionEntry& entry : *run.positions) {
    const auto quantity = venue::AmountOf(entry.quantity);
    if (quantity) venue_holds[entry.instrument] += *quantity;
  }
  for (const auto& [instrument, quantity] : venue_holds)
    out.positions.push_back(
        row(instrument.text(), quantity, state_.HeldPosition(instrument), Money()));
}

}  // namespace gannet::execution
