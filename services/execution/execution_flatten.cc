// Closing what a kill switch finds held (docs/orders.md, "Flatten"). In rounds, once every order
// of the scope has ended: the venue's account says what is held, its best prices what an order may
// cost, and each strategy's own position is closed by an order under an emergency verdict, no
// larger than the venue proves. It ends when a round finds nothing more to close.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/command/all_ended.h"
#include "libs/market/decimal.h"
#include "libs/market/scope.h"
#include "libs/venue/answer_parts.h"
#include "libs/wire/canonical.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

using market::Money;
using market::Price;
using market::Quantity;
using market::Rounding;
using market::Side;

constexpr base::Duration kVerdictLife = std::chrono::seconds(5);
constexpr base::Duration kLongestPause = std::chrono::seconds(30);
constexpr int64_t kMillion = 1'000'000;

std::string NameOf(const market::StrategyId& strategy, const market::InstrumentId& instrument) {
  return absl::StrCat(strategy.text(), " in ", instrument.text());
}

// As much of it as the venue trades at once; 0: less than that.
Quantity Tradable(const market::Instrument& instrument, const Money& amount) {
  const market::OrderBounds bounds = instrument.BoundsOf(/*at_market=*/false);
  const auto units =
      market::Rescale(amount.units(), amount.scale(), instrument.quantity_scale, Rounding::kDown);
  if (!units || *units > INT64_MAX) return bounds.max_quantity;
  Quantity quantity{static_cast<int64_t>(*units)};
  if (bounds.max_quantity.mantissa > 0) quantity = std::min(quantity, bounds.max_quantity);
  quantity = instrument.RoundDownToLot(quantity);
  return quantity < bounds.min_quantity ? Quantity{} : quantity;
}

// The worst price that an order of this side may take; 0: there is none.
Price Collar(const market::Instrument& instrument, Side side, Price bid, Price ask, int64_t ppm) {
  const auto twice_middle = static_cast<market::Int128>(bid.mantissa) + ask.mantissa;
  const int64_t part = side == Side::kSell ? kMillion - ppm : kMillion + ppm;
  const market::Int128 limit = twice_middle * part / (2 * kMillion);
  if (limit > INT64_MAX) return {};
  return instrument.RoundToTick({static_cast<int64_t>(limit)},
                                side == Side::kSell ? Rounding::kUp : Rounding::kDown);
}

std::map<market::PositionKey, Money> BookedIn(const ExecutionState& state,
                                              const market::Scope& scope) {
  std::map<market::PositionKey, Money> booked;
  for (const auto& [key, position] : state.positions().all()) {
    if (const Money net = NetOf(position); !net.zero() && market::Covers(scope, key))
      booked[key] = net;
  }
  return booked;
}

}  // namespace

std::string FlatWords(const StopRun& run) {
  std::string text = absl::StrCat(run.closing_orders, std::string(command::kSentToClose));
  const auto add = [&text](std::string_view what, const std::vector<std::string>& rows) {
    if (!rows.empty()) absl::StrAppend(&text, "; ", std::string(what), absl::StrJoin(rows, "; "));
  };
  if (run.left.empty() && run.waits.empty() && run.step == StopRun::Step::kVerified)
    absl::StrAppend(&text, "; flat by the venue's account");
  add("NOT CLOSED: ", run.left);
  add("tried again: ", run.waits);
  add("too small to trade: ", run.dust);
  return text;
}

void ExecutionEngine::StepFlatten(StopRun& run) {
  if (run.prices_asked > 0) return;
  if (now_ < run.next_round) return Schedule(run.next_round, {TaskKind::kStop, {}});
  run.under_way =
      SendQuery(Purpose::kStopAccount, venue_.Account(VenueNow()),
                {.kind = venue::RequestKind::kAccount}, {}, RateBudget::Use::kCancel, run.number);
  if (!run.under_way) NextRound(run, options_.sweep_every);
}

void ExecutionEngine::NextRound(StopRun& run, base::Duration wait) {
  run.next_round = now_ + wait;
  Schedule(run.next_round, {TaskKind::kStop, {}});
}

void ExecutionEngine::OnStopAccount(const InFlight& request, const venue::Answer& answer) {
  StopRun* run = StopOf(request);
  if (run == nullptr) return;
  run->under_way = false;
  if (run->step != StopRun::Step::kClosing) return;
  if (answer.outcome != venue::OutcomeClass::kConfirmed || !ready_) {
    run->waits = {ready_ ? "the venue does not tell what is held"
                         : "orders and balances are not reconciled with the venue yet"};
    return NextRound(*run, options_.recheck_after);
  }
  const bool filled = std::any_of(run->closings.begin(), run->closings.end(),
                                  [this](const market::ClientOrderId& id) {
                                    const TrackedOrder* order = state_.Find(id);
                                    return order != nullptr && order->cumulative.mantissa > 0;
                                  });
  if (filled) run->pause = {};
  run->closings.clear();
  run->left.clear();
  run->waits.clear();
  run->dust.clear();
  run->proof = answer.evidence;
  run->booked = BookedIn(state_, run->scope);
  FindHoldings(*run, answer);
  for (const auto& [instrument, holdings] : run->holdings) {
    const bool asked =
        SendQuery(Purpose::kStopPrice, venue_.Best(instrument),
                  {.kind = venue::RequestKind::kMarketData, .instrument = instrument}, {},
                  RateBudget::Use::kCancel, run->number);
    if (asked) {
      ++run->prices_asked;
    } else {
      run->waits.push_back(absl::StrCat(instrument.text(), ": no room to ask for its price"));
    }
  }
  if (run->prices_asked == 0) EndRound(*run);
}

// What the books give to a strategy and the venue proves to be held. The venue knows no
// strategies: what it holds is handed out to those on its side, by name. Strategies that offset
// each other are flat where it holds nothing.
void ExecutionEngine::FindHoldings(StopRun& run, const venue::Answer& account) const {
  run.holdings.clear();
  std::map<market::AssetId, Money> free;
  for (const venue::BalanceEntry& entry : account.balances) free[entry.asset] += entry.free;
  struct Held {
    Money longs, shorts;  // of the venue's figure, and
    Money own_rest;       // of the books', what this round does not close
    std::vector<std::string> words;
  };
  std::map<market::InstrumentId, Held> held;
  for (const venue::PositionEntry& entry :
       account.positions.value_or(std::vector<venue::PositionEntry>())) {
    const Money net = venue::AmountOf(entry.quantity).value_or(Money());
    const bool both = !entry.longs.zero() || !entry.shorts.zero();
    held[entry.instrument].longs = both ? entry.longs : std::max(net, Money());
    held[entry.instrument].shorts = both ? entry.shorts : std::max(-net, Money());
  }
  for (const auto& [key, position] : state_.positions().all()) {
    const Money own = NetOf(position);
    if (own.zero() || !market::Covers(run.scope, key)) continue;
    const market::Instrument* instrument = directory_.Find(key.instrument);
    const std::string name = NameOf(key.strategy, key.instrument);
    if (instrument == nullptr) {
      run.waits.push_back(absl::StrCat(name, ": no definition of the instrument has come"));
      continue;
    }
    const bool spot = instrument->kind == market::InstrumentKind::kSpot;
    if (spot && Tradable(*instrument, own.Abs()).mantissa == 0) {
      run.dust.push_back(absl::StrCat(name, ": ", own.ToString()));
      continue;
    }
    if (spot && own < Money()) {
      run.left.push_back(
          absl::StrCat(name, ": ", own.ToString(), ", sold from what the account had before"));
      continue;
    }
    const bool is_long = own > Money();
    Held& of = held[key.instrument];
    Money& proven = spot ? free[instrument->base] : is_long ? of.longs : of.shorts;
    const Money most = std::min(own.Abs(), std::max(proven, Money()));
    const Money close = is_long ? most : -most;
    if (own != close) {
      std::string words =
          absl::StrCat(name, ": ", own.ToString(), " by the books, ",
                       (is_long ? proven : -proven).ToString(), " proven by the venue");
      (spot ? run.left : of.words).push_back(std::move(words));
    }
    if (!spot) of.own_rest += own - close;
    if (most.zero()) continue;
    run.holdings[key.instrument].push_back({key.strategy, close, is_long ? proven : -proven});
    proven -= most;
  }
  for (const auto& [instrument, row] : held) {
    const Money rest = row.longs - row.shorts;
    const bool offset = row.own_rest == rest && (row.longs.zero() || row.shorts.zero());
    if (!offset) run.left.insert(run.left.end(), row.words.begin(), row.words.end());
    // Whose it is nobody here knows: people sign it, or close it at the venue.
    const bool whole =
        run.scope.kind != market::ScopeKind::kStrategy &&
        market::Covers(run.scope, options_.account, market::StrategyId(), instrument);
    if (whole && !offset && row.words.empty()) {
      run.left.push_back(absl::StrCat(instrument.text(), ": ", rest.ToString(),
                                      " at the venue that no strategy accounts for"));
    }
  }
}

void ExecutionEngine::OnStopPrice(const InFlight& request, const venue::Answer& answer) {
  StopRun* run = StopOf(request);
  if (run == nullptr) return;
  --run->prices_asked;
  if (run->step != StopRun::Step::kClosing) return;  // something of the scope is open again
  const market::InstrumentId& id = request.context.instrument;
  const market::Instrument* instrument = directory_.Find(id);
  if (answer.best && instrument != nullptr) {
    for (const StopRun::Holding& holding : run->holdings[id])
      CloseHolding(*run, *instrument, holding, *answer.best);
  } else {
    run->waits.push_back(absl::StrCat(id.text(), ": the venue does not tell its price"));
  }
  if (run->prices_asked == 0) EndRound(*run);
}

void ExecutionEngine::CloseHolding(StopRun& run, const market::Instrument& instrument,
                                   const StopRun::Holding& holding, const venue::BestPrices& best) {
  const Side side = holding.quantity > Money() ? Side::kSell : Side::kBuy;
  const std::string name = NameOf(holding.strategy, instrument.id);
  const auto in_the_way = [&](const market::ClientOrderId& id) {
    const TrackedOrder& order = *state_.Find(id);
    return order.emergency && order.intent.strategy == holding.strategy &&
           order.intent.instrument == instrument.id;
  };
  if (std::any_of(state_.open().begin(), state_.open().end(), in_the_way)) {
    run.waits.push_back(absl::StrCat(name, ": another order is closing it"));
    return;
  }
  const Price bid = instrument.ParsePrice(best.bid).value_or(Price{});
  const Price ask = instrument.ParsePrice(best.ask).value_or(Price{});
  if (bid.mantissa <= 0 || ask < bid) {
    run.waits.push_back(absl::StrCat(name, ": the venue shows no bid and ask"));
    return;
  }
  const Price limit = Collar(instrument, side, bid, ask, options_.flatten_collar_ppm);
  const bool within = side == Side::kSell ? bid >= limit : ask <= limit;
  if (limit.mantissa <= 0 || !within) {
    run.waits.push_back(absl::StrCat(name, ": bid ", best.bid, " and ask ", best.ask,
                                     " are too far apart for a fair price"));
    return;
  }
  // Its fills since the account was asked for are booked.
  const market::Position* booked =
      state_.positions().Find({options_.account, holding.strategy, instrument.id});
  const Money own = booked == nullptr ? Money() : NetOf(*booked);
  const bool still = side == Side::kSell ? own > Money() : own < Money();
  const Money amount = still ? std::min(own.Abs(), holding.quantity.Abs()) : Money();
  if (amount.zero()) return;
  const Quantity quantity = Tradable(instrument, amount);
  const auto worth = instrument.Notional(limit, quantity, Rounding::kDown);
  // A venue of positions takes any size that only reduces.
  const bool too_little = instrument.kind == market::InstrumentKind::kSpot && worth &&
                          *worth < instrument.BoundsOf(/*at_market=*/false).min_notional;
  if (quantity.mantissa <= 0 || too_little) {
    run.dust.push_back(absl::StrCat(name, ": ", own.ToString()));
    return;
  }
  market::OrderIntent intent;
  intent.account = options_.account;
  intent.strategy = holding.strategy;
  intent.sequence = ++run.next_name;
  intent.client_order_id =
      wire::MakeClientOrderId(options_.account, run.command.stream, state_.epoch(),
                              holding.strategy, intent.sequence, intent.attempt);
  intent.instrument = instrument.id;
  intent.instrument_version = instrument.version;
  intent.side = side;
  intent.time_in_force = market::TimeInForce::kIoc;
  intent.price = limit;
  intent.quantity = quantity;
  intent.reduce_only = true;
  intent.created = now_;
  intent.reason = absl::StrCat("flatten by ", run.person, ": ", run.reason);
  intent.hash = wire::IntentHash(intent);
  EmergencyNote note{.scope = run.scope,
                     .command = run.command,
                     .person = run.person,
                     .proven = holding.proven,
                     .evidence = run.proof,
                     .verdict = {}};
  note.verdict.intent = intent;
  note.verdict.permitted = true;
  note.verdict.epoch = state_.epoch();
  note.verdict.decided = now_;
  note.verdict.expires = now_ + kVerdictLife;
  note.verdict.reference_price = side == Side::kSell ? bid : ask;
  run.closings.insert(intent.client_order_id);
  ++run.closing_orders;
  ++stats_.closing_orders;
  EnsureInstrument(instrument.id, instrument.version);  // in whose scales the verdict is written
  EmitNote(ToNote(note));
  Decide(note.verdict, run.command);
}

void ExecutionEngine::EndRound(StopRun& run) {
  if (!run.closings.empty() || !run.waits.empty()) {
    // Prices come back, and what was refused may be taken later: not all at once.
    run.pause = std::clamp(run.pause * 2, options_.sweep_every, kLongestPause);
    return NextRound(run, run.pause);
  }
  // Somebody trades by hand meanwhile: what that came to was not looked at.
  if (BookedIn(state_, run.scope) != run.booked) return NextRound(run, options_.sweep_every);
  // An account may lag: what is left is so when it is so twice.
  if (!run.left.empty() && run.left != run.left_before) {
    run.left_before = run.left;
    return NextRound(run, options_.recheck_after);
  }
  VerifyStop(run);
}

}  // namespace gannet::execution
