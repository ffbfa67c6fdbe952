// Properties of the gate over random lives of orders, prices and commands.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/property_suite.h"
#include "libs/base/rng.h"
#include "services/risk/risk_engine.h"
#include "services/risk/risk_test_kit.h"
#include "services/risk/verdict.h"

namespace gannet::risk {
namespace {

using market::ExecKind;
using market::OrderState;
using market::Side;
using test::Gate;
using test::V;

using Fact = std::variant<market::Event<market::OrderIntent>, market::Event<market::RiskDecision>,
                          market::Event<market::ExecReport>, market::Event<market::BalanceUpdate>,
                          market::Event<market::RiskState>, market::Event<wire::EngineNote>>;

// A gate fed at random; keeps every fact in the order in which it was recorded.
class Life {
 public:
  explicit Life(uint64_t seed) : rng_(seed), engine_({}, Limits()) {
    Take(engine_.DecideStart());
    Define("binance-spot:BTCUSDT", "BTC", "USDT", market::InstrumentKind::kSpot);
    Define("binance-spot:ETHBTC", "ETH", "BTC", market::InstrumentKind::kSpot);
    Define("binance-usdm:BTCUSDT", "BTC", "USDT", market::InstrumentKind::kPerpetual);
    Define("binance-spot:SOLUSDT", "SOL", "USDT", market::InstrumentKind::kSpot);
    Quotes();
    for (int i = 0; i < 40; ++i) Fund();
  }

  static LimitSet Limits() {
    LimitSet limits = test::WideLimits();
    limits.accounts["main/second"];
    limits.strategies["a"].max_open_orders = 5;
    limits.firm.max_daily_loss = V("4000");
    limits.firm.max_drawdown = V("6000");
    limits.firm.message_rate = RateLimit{12, std::chrono::seconds(1)};
    limits.firm.duplicates = RateLimit{50, std::chrono::seconds(10)};
    limits.firm.clip_notional = V("3000000");
    limits.firm.max_correlated = V("900000");
    limits.correlation["majors"] = {.rho_ppm = 800'000,
                                    .assets = {market::AssetId("BTC"), market::AssetId("ETH")}};
    limits.strategies["b"].repeated_executions = RateLimit{8, std::chrono::seconds(2)};
    limits.accounts["main/second"].breaker = RateLimit{3, std::chrono::seconds(2)};
    limits.windows.ratio_minimum = 10;
    limits.firm.max_orders_per_fill = 20;
    return limits;
  }

  void Step() {
    now_ += std::chrono::milliseconds(rng_.Below(rng_.Chance(0.2) ? 2'000 : 100));
    switch (rng_.Below(10)) {
      case 0:
        return Quotes();
      case 1:
      case 2:
      case 3:
        return Intents();
      case 4:
      case 5:
      case 6:
      case 7:
        return ReportOne();
      case 8:
        return Fund();
      default:
        if (rng_.Chance(0.1)) Command();
        engine_.OnTimer(now_);
        Take(engine_.DecideTimer(now_));
    }
  }

  void EndAll() {
    while (!open_.empty()) {
      const market::OrderIntent intent = open_.begin()->second.intent;
      Report(intent, ExecKind::kExpired, OrderState::kExpired, std::nullopt);
    }
  }

  const RiskEngine& engine() const { return engine_; }
  const std::vector<Fact>& facts() const { return facts_; }

 private:
  struct Open {
    market::OrderIntent intent;
    int64_t rest = 0;
  };

  template <class T>
  market::Event<T> Event(T value) {
    market::Event<T> event;
    event.header.id = {1, facts_.size() + 1};
    event.header.receive_time = now_;
    event.value = std::move(value);
    return event;
  }
  template <class T>
  void Record(T value) {
    const market::Event<T> event = Event(std::move(value));
    facts_.push_back(event);
    engine_.Apply(event);
  }
  void Take(const RiskEngine::Facts& facts) {
    for (const auto& state : facts.states) Record(state);
    for (const auto& note : facts.notes) Record(note);
  }
  void Define(const char* id, const char* base, const char* quote, market::InstrumentKind kind) {
    auto instrument = test::MakeInstrument(id, base, quote);
    instrument.kind = kind;
    instrument.min_notional = market::Money();
    ids_.push_back(instrument.id);
    Take(engine_.DecideInstrument(instrument).value());
  }
  void Quotes() {
    for (const auto& id : ids_) {
      market::Quote quote;
      quote.instrument = id;
      const int64_t bid = rng_.Between(9'000, 11'000) * 1'000'000;
      quote.bid = {{bid}, {1}};
      quote.ask = {{bid + rng_.Between(1, 100) * 1'000'000}, {1}};
      engine_.OnQuote(quote, now_);
      market::BookUpdate book;
      book.instrument = id;
      book.state = rng_.Chance(0.97) ? market::BookState::kValid : market::BookState::kInvalid;
      engine_.OnBook(book, now_);
    }
  }
  market::OrderIntent RandomIntent() {
    market::OrderIntent intent;
    intent.account = market::AccountId(rng_.Chance(0.8) ? "main/paper" : "main/second");
    intent.strategy = market::StrategyId(rng_.Chance(0.5) ? "a" : "b");
    intent.sequence = ++sequence_;
    intent.client_order_id = market::ClientOrderId("g1x" + std::to_string(sequence_));
    intent.instrument = ids_[rng_.Below(ids_.size())];
    intent.side = rng_.Chance(0.5) ? Side::kBuy : Side::kSell;
    intent.quantity = {rng_.Between(1, 5'000) * 100'000};
    intent.created = now_;
    if (rng_.Chance(0.2)) {
      intent.type = market::OrderType::kMarket;
      intent.time_in_force = market::TimeInForce::kIoc;
    } else {
      // Seldom against orders of one's own.
      const bool buy = intent.side == Side::kBuy;
      intent.price = {rng_.Between(buy ? 9'300 : 9'950, buy ? 10'050 : 10'700) * 1'000'000};
    }
    if (!open_.empty() && rng_.Chance(0.1)) {
      intent.kind = market::IntentKind::kReplace;
      intent.target = open_.begin()->second.intent.client_order_id;
    } else if (rng_.Chance(0.1)) {
      intent.kind = market::IntentKind::kCancel;
    }
    intent.hash = wire::IntentHash(intent);
    return intent;
  }
  // Some turns bring several intents at once. They are recorded before the first
  // verdict, while the gate sees each of them only when it decides about it.
  void Intents() {
    const uint64_t count = 1 + rng_.Below(3);
    std::vector<market::Event<market::OrderIntent>> intents;
    for (uint64_t i = 0; i < count; ++i) {
      intents.push_back(Event(RandomIntent()));
      facts_.push_back(intents.back());
    }
    for (const auto& intent : intents) {
      engine_.Apply(intent);
      if (intent.value.kind == market::IntentKind::kCancel) continue;
      RC_ASSERT(BothWaysAgree(intent.value, engine_.book(), engine_.settings().gate, now_));
      const market::RiskDecision decision = engine_.Decide(intent.value, now_);
      Record(decision);
      if (decision.permitted) {
        open_[decision.intent.client_order_id] = {decision.intent,
                                                  decision.intent.quantity.mantissa};
      }
    }
    RC_ASSERT(engine_.pending().empty());
  }
  void ReportOne() {
    if (open_.empty()) return;
    auto at = open_.begin();
    std::advance(at, static_cast<ptrdiff_t>(rng_.Below(open_.size())));
    const market::OrderIntent intent = at->second.intent;
    switch (rng_.Below(8)) {
      case 0:
        return Report(intent, ExecKind::kJournaled, OrderState::kSubmitted, std::nullopt);
      case 1:
        return Report(intent, ExecKind::kUnknown, OrderState::kUnknown, std::nullopt);
      case 2:
        return Report(intent, ExecKind::kAccepted, OrderState::kAccepted, std::nullopt);
      case 3:
        return Report(intent, ExecKind::kCanceled, OrderState::kCanceled, std::nullopt);
      case 4:
        return Report(intent, ExecKind::kRejected, OrderState::kRejected, std::nullopt);
      default: {
        market::Fill fill;
        const int64_t quantity = rng_.Between(1, at->second.rest);
        at->second.rest -= quantity;
        fill.trade_id = std::to_string(facts_.size());
        fill.price = intent.price.mantissa > 0 ? intent.price : market::Price{10'000'000'000};
        fill.quantity = {quantity};
        fill.fee = market::Money(rng_.Between(0, 1'000), 8);
        fill.fee_asset = market::AssetId(rng_.Chance(0.3)   ? "BTC"
                                         : rng_.Chance(0.5) ? "USDT"
                                                            : "BNB");
        return Report(intent, ExecKind::kFill,
                      at->second.rest == 0 ? OrderState::kFilled : OrderState::kPartiallyFilled,
                      fill);
      }
    }
  }
  void Report(const market::OrderIntent& intent, ExecKind kind, OrderState state,
              std::optional<market::Fill> fill) {
    market::ExecReport report = market::ReportOf(intent, kind, state);
    report.fill = std::move(fill);
    if (market::IsTerminal(state)) open_.erase(intent.client_order_id);
    Record(report);
  }
  void Fund() {
    market::BalanceUpdate update;
    update.account = market::AccountId(rng_.Chance(0.8) ? "main/paper" : "main/second");
    update.venue = rng_.Chance(0.5) ? "binance-spot" : "binance-usdm";
    static constexpr const char* kAssets[] = {"USDT", "USDT", "USDT", "BTC", "ETH", "SOL"};
    update.asset = market::AssetId(kAssets[rng_.Below(std::size(kAssets))]);
    update.free = market::Money(rng_.Between(0, 1'000'000) * 100'000'000, 8);
    Record(update);
  }
  void Command() {
    const auto facts = engine_.DecideCommand(
        {.kind = rng_.Chance(0.2)   ? market::CommandKind::kKill
                 : rng_.Chance(0.6) ? market::CommandKind::kResume
                                    : market::CommandKind::kSetTradingState,
         .scope =
             rng_.Chance(0.5) ? market::Scope{} : market::Scope{market::ScopeKind::kStrategy, "a"},
         .state = static_cast<market::TradingState>(1 + rng_.Below(4)),
         .reason = "drill",
         .person = "ann"},
        now_);
    if (facts.ok()) Take(*facts);
  }

  base::Rng rng_;
  base::Time now_ = base::FromUnixMillis(1'700'000'000'000);
  RiskEngine engine_;
  std::vector<market::InstrumentId> ids_;
  std::map<market::ClientOrderId, Open> open_;
  std::vector<Fact> facts_;
  uint64_t sequence_ = 0;
};

std::string Saved(const RiskEngine& engine) {
  wire::CanonicalWriter out;
  engine.Save(out);
  return out.Take();
}

// A side is worth its quantity at the mark, away from zero, however it was worked out.
void CheckSides(const Cell& cell) {
  const InstrumentRow& row = *cell.instrument_row;
  if (!cell.valued || row.mark().mantissa <= 0) return;
  for (const bool buy : {true, false}) {
    const int64_t quantity = cell.side_quantity(buy);
    const auto size = row.definition.Notional(row.mark(), market::Quantity{std::abs(quantity)},
                                              market::Rounding::kUp);
    RC_ASSERT((buy ? cell.long_units : cell.short_units) ==
              (quantity < 0 ? -size->units() : size->units()));
    if (row.plain)
      RC_ASSERT((buy ? cell.long_side : cell.short_side) ==
                (buy ? cell.long_units : cell.short_units));
  }
}

// What holds after every step: no reservation is negative, sums by scope equal
// the sums over the open orders, and every scope's sums equal those of the firm's
// parts.
void CheckSums(const ExposureBook& book) {
  std::map<std::pair<Index, bool>, int64_t> quantities;  // leaf, side
  std::map<Index, uint32_t> counts;                      // scope
  for (const auto& [id, order] : book.SortedOrders()) {
    RC_ASSERT(order->rest >= 0);
    RC_ASSERT(order->rest == order->quantity.mantissa - order->cumulative.mantissa);
    RC_ASSERT(order->rest_value >= 0);
    RC_ASSERT(order->rest_value <= order->reserved.units());
    quantities[{order->leaf, order->side == Side::kBuy}] += order->rest;
    for (const Index scope : book.leaf(order->leaf).scopes) ++counts[scope];
  }
  RC_ASSERT(book.SumsFit());
  Value accounts = 0, strategies = 0, gross_of_instruments = 0;
  for (Index at = 0; at < book.scopes().size(); ++at) {
    const ScopeRow& row = book.scope(at);
    RC_ASSERT(row.open_value() >= 0);
    RC_ASSERT(row.gross() >= 0);
    RC_ASSERT(row.open_orders == counts[at]);
    if (row.scope.kind == market::ScopeKind::kAccount) accounts += row.open_value();
    if (row.scope.kind == market::ScopeKind::kStrategy) strategies += row.open_value();
    if (row.scope.kind == market::ScopeKind::kInstrument) gross_of_instruments += row.gross();
  }
  // Each cell rounds its own value up by at most one unit.
  RC_ASSERT(accounts - book.scope(0).open_value() < 10);
  RC_ASSERT(book.scope(0).open_value() - accounts < 10);
  RC_ASSERT(strategies - book.scope(0).open_value() < 10);
  RC_ASSERT(book.scope(0).open_value() - strategies < 10);
  RC_ASSERT(gross_of_instruments == book.scope(0).gross());
  for (const auto& [key, quantity] : quantities) {
    const Leaf& leaf = book.leaf(key.first);
    RC_ASSERT((key.second ? leaf.open_buy : leaf.open_sell) == quantity);
    for (const Cell* cell : leaf.cell_rows) CheckSides(*cell);
  }
}

TEST_CASE("The random lives below meet most of the gate") {
  uint64_t permitted = 0;
  std::map<market::RejectReason, uint64_t> reasons;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Life life(seed);
    for (int i = 0; i < 150; ++i) life.Step();
    permitted += life.engine().stats().permitted;
    for (const auto& [reason, count] : life.engine().stats().by_reason) reasons[reason] += count;
  }
  CHECK(permitted > 500);
  CHECK(reasons.size() >= 10);
}

TEST_CASE("Reservations are never negative and come back to zero") {
  CHECK(base::Holds("reservations", [](uint64_t seed) {
    Life life(seed);
    for (int i = 0; i < 150; ++i) {
      life.Step();
      CheckSums(life.engine().book());
    }
    life.EndAll();
    const ExposureBook& book = life.engine().book();
    CheckSums(book);
    RC_ASSERT(book.open_order_count() == 0u);
    for (const ScopeRow& row : book.scopes()) {
      RC_ASSERT(row.open_value() == 0);
      RC_ASSERT(row.open_orders == 0u);
      RC_ASSERT(row.long_side() == -row.short_side());
    }
    for (Index account = 0; account < book.scopes().size(); ++account) {
      for (const char* asset : {"USDT", "BTC", "ETH", "SOL"}) {
        const Index balance = book.FindBalance(account, "binance-spot", market::AssetId(asset));
        if (balance != kNone) RC_ASSERT(book.balance(balance).reserved.zero());
      }
    }
    RC_ASSERT(book.oldest_unanswered() == base::Time::max());
  }));
}

TEST_CASE("Applying the recorded facts gives the state that deciding gave") {
  CHECK(base::Holds("apply-only recovery", [](uint64_t seed) {
    Life life(seed);
    for (int i = 0; i < 150; ++i) life.Step();
    RiskEngine recovered({}, Life::Limits());
    for (const Fact& fact : life.facts()) {
      std::visit([&](const auto& event) { recovered.Apply(event); }, fact);
    }
    RC_ASSERT(Saved(recovered) == Saved(life.engine()));
  }));
}

TEST_CASE("Saving and loading loses nothing, at any point of a life") {
  CHECK(base::Holds("save and load", [](uint64_t seed) {
    Life life(seed);
    const size_t cut = seed % 100;
    for (size_t i = 0; i < cut; ++i) life.Step();
    const std::string saved = Saved(life.engine());
    RiskEngine loaded({}, Life::Limits());
    wire::CanonicalReader in(saved);
    RC_ASSERT(loaded.Load(in).ok());
    RC_ASSERT(in.done());
    RC_ASSERT(Saved(loaded) == saved);
    CheckSums(loaded.book());
    // And it goes on from there as if nothing had been.
    const size_t before = life.facts().size();
    for (int i = 0; i < 50; ++i) life.Step();
    for (size_t i = before; i < life.facts().size(); ++i) {
      std::visit([&](const auto& event) { loaded.Apply(event); }, life.facts()[i]);
    }
    RC_ASSERT(Saved(loaded) == Saved(life.engine()));
  }));
}

}  // namespace
}  // namespace gannet::risk
