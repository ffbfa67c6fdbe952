// The quick way against the table of controls, over limits in every scope, books,
// positions and orders drawn at random.
#include "services/risk/verdict.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "services/risk/risk_test_kit.h"

namespace gannet::risk {
namespace {

using market::RejectReason;
using market::Side;
using namespace std::chrono_literals;

// Limits around what the orders below do, so that each is met and missed.
Limits RandomLimits(base::Rng& rng, market::ScopeKind kind) {
  Limits limits;
  const double often = rng.Chance(0.5) ? 0.01 : 0.1;
  const auto maybe = [&](auto& limit, auto value) {
    if (rng.Chance(often)) limit = value;
  };
  const auto amount = [&](uint64_t most) {
    return static_cast<Value>(rng.Below(most)) * 100'000'000;
  };
  maybe(limits.max_order_notional, amount(60'000));
  maybe(limits.price_collar_ppm, static_cast<int64_t>(1 + rng.Below(60'000)));
  maybe(limits.stale_after, base::Duration(1s * (1 + rng.Below(20))));
  maybe(limits.message_rate, RateLimit{static_cast<uint32_t>(1 + rng.Below(30)), 5s});
  maybe(limits.max_open_orders, static_cast<uint32_t>(rng.Below(40)));
  maybe(limits.max_open_notional, amount(200'000));
  maybe(limits.max_long, amount(100'000));
  maybe(limits.max_short, amount(100'000));
  maybe(limits.max_gross, amount(200'000));
  maybe(limits.max_net, amount(200'000));
  maybe(limits.max_daily_loss, amount(500));
  maybe(limits.max_drawdown, amount(500));
  maybe(limits.initial_margin_ppm, static_cast<int64_t>(1 + rng.Below(1'000'000)));
  maybe(limits.duplicates, RateLimit{static_cast<uint32_t>(1 + rng.Below(4)), 30s});
  maybe(limits.repeated_executions, RateLimit{static_cast<uint32_t>(2 + rng.Below(8)), 60s});
  maybe(limits.clip_notional, amount(400'000));
  maybe(limits.clip_fills, static_cast<uint32_t>(1 + rng.Below(30)));
  maybe(limits.restricted, rng.Chance(0.1));
  maybe(limits.permitted_types, OrderTypes{static_cast<uint32_t>(rng.Below(256)) | 4});
  maybe(limits.permitted_instruments, InstrumentNames{{"binance-spot:*", test::kPerp}});
  maybe(limits.news_orders, rng.Chance(0.5));
  maybe(limits.model_orders, rng.Chance(0.5));
  maybe(limits.manual_orders, rng.Chance(0.5));
  maybe(limits.margin_allowed, rng.Chance(0.5));
  maybe(limits.self_trade_by_venue, rng.Chance(0.8));
  maybe(limits.max_move_ppm, static_cast<int64_t>(rng.Below(60'000)));
  maybe(limits.max_volatility_ppm, static_cast<int64_t>(rng.Below(60'000)));
  maybe(limits.dead_man, base::Duration(1s * (1 + rng.Below(200))));
  maybe(limits.max_orders_per_fill, static_cast<uint32_t>(rng.Below(20)));
  maybe(limits.max_cancel_ratio_ppm, static_cast<int64_t>(rng.Below(1'000'000)));
  maybe(limits.breaker, RateLimit{static_cast<uint32_t>(2 + rng.Below(8)), 60s});
  maybe(limits.require_reason, rng.Chance(0.5));
  maybe(limits.require_model, rng.Chance(0.2));
  maybe(limits.canary_notional, amount(60'000));
  if (rng.Chance(often)) limits.stage = static_cast<Stage>(rng.Below(4));
  if (kind == market::ScopeKind::kInstrument) {
    maybe(limits.max_order_quantity, amount(400));
    maybe(limits.clip_quantity, amount(3'000));
  }
  if (kind <= market::ScopeKind::kStrategy) {
    if (rng.Chance(0.1))
      limits.max_concentration_ppm = static_cast<int64_t>(400'000 + rng.Below(600'000));
    maybe(limits.concentration_above, amount(50'000));
    maybe(limits.max_correlated, amount(100'000));
    maybe(limits.max_instruments, static_cast<uint32_t>(1 + rng.Below(3)));
    maybe(limits.max_venues, static_cast<uint32_t>(1 + rng.Below(2)));
  }
  if (kind == market::ScopeKind::kFirm && rng.Chance(0.2)) limits.capital = amount(100'000);
  return limits;
}

class Firm {
 public:
  explicit Firm(uint64_t seed) : rng_(seed), gate_(RandomSet(), {.gate = {.verify_hash = false}}) {
    auto coarse = test::MakeInstrument(kIds[1], "ETH", "BTC");
    coarse.price_scale = 5;  // another divisor
    coarse.tick = {1};
    gate_.Define(coarse);
    auto perpetual = test::MakeInstrument(test::kPerp, "BTC", "USDT");
    perpetual.kind = market::InstrumentKind::kPerpetual;
    perpetual.multiplier = rng_.Chance(0.5) ? 1 : 10;
    gate_.Define(perpetual);
    // In no group and valued at par: open orders are counted the short way.
    gate_.Define(Bounded(test::MakeInstrument(kIds[3], "SOL", "USDT")));
    gate_.Fund("SOL", "2000");
    gate_.Fund("ETH", "300");
    gate_.Fund("BTC", "500");
    gate_.Fund("USDT", "30000", "binance-usdm");
    if (rng_.Chance(0.5)) Person();
  }

  void Step() {
    REQUIRE(gate_.engine.book().SumsFit());
    gate_.now += std::chrono::milliseconds(rng_.Below(1'000));
    const uint64_t what = rng_.Below(12);
    if (what < 6) return Order();
    if (what < 8) return Report();
    if (what < 11) return Market();
    gate_.Timer();
    Person();
  }
  std::set<RejectReason> reasons;
  uint64_t quick = 0, permitted = 0, orders = 0;

 private:
  static constexpr const char* kIds[] = {test::kBtc, test::kEth, test::kPerp,
                                         "binance-spot:SOLUSDT"};

  // With bounds of market orders, and of values, that the orders below meet and miss.
  market::Instrument Bounded(market::Instrument instrument) {
    const auto some = [this](uint64_t most) { return static_cast<int64_t>(rng_.Below(most)); };
    if (rng_.Chance(0.2)) instrument.market_lot = {200'000'000};
    if (rng_.Chance(0.2)) instrument.min_market_quantity = {some(400'000'000)};
    if (rng_.Chance(0.2)) instrument.max_market_quantity = {some(30'000'000'000)};
    if (rng_.Chance(0.3)) instrument.max_notional = market::Money(some(3'000'000'000'001), 8);
    if (rng_.Chance(0.3)) instrument.buy_band = {some(50'000), some(50'000)};
    if (rng_.Chance(0.3)) instrument.sell_band = {some(50'000), some(50'000)};
    instrument.min_notional_limit_only = rng_.Chance(0.2);
    instrument.max_notional_limit_only = rng_.Chance(0.5);
    return instrument;
  }
  LimitSet RandomSet() {
    LimitSet set = test::WideLimits();
    const Limits mandatory = set.firm;
    set.firm = RandomLimits(rng_, market::ScopeKind::kFirm);
    ForEachLimit([&](const char*, auto member) {
      if (!(set.firm.*member)) set.firm.*member = mandatory.*member;
    });
    if (rng_.Chance(0.1)) set.firm.max_net.reset();
    set.accounts[test::kAccount] = RandomLimits(rng_, market::ScopeKind::kAccount);
    set.strategies["*"] = RandomLimits(rng_, market::ScopeKind::kStrategy);
    set.strategies["maker"] = RandomLimits(rng_, market::ScopeKind::kStrategy);
    set.venues["binance-spot"] = RandomLimits(rng_, market::ScopeKind::kVenue);
    set.instruments[test::kBtc] = RandomLimits(rng_, market::ScopeKind::kInstrument);
    set.instruments["*"] = RandomLimits(rng_, market::ScopeKind::kInstrument);
    if (rng_.Chance(0.3)) set.paper_accounts.insert(test::kAccount);
    set.correlation["majors"] = {.rho_ppm = 700'000, .assets = {market::AssetId("BTC")}};
    set.windows = {.flow = 32s, .market = 16s, .ratio_minimum = 2};
    return set;
  }
  void Person() {
    gate_.engine.Apply(
        gate_.Event(market::Command{.kind = market::CommandKind::kResume, .person = "ann"}));
    if (rng_.Chance(0.7)) {
      (void)gate_.Command(market::CommandKind::kResume, {});
    } else {
      (void)gate_.Command(market::CommandKind::kSetTradingState,
                          {market::ScopeKind::kStrategy, "maker"}, "ann", "a look",
                          static_cast<market::TradingState>(1 + rng_.Below(4)));
    }
  }
  void Order() {
    const char* id = kIds[rng_.Below(4)];
    const bool eth = id == kIds[1];
    auto intent = gate_.Intent(rng_.Chance(0.5) ? Side::kBuy : Side::kSell, "100", "1", id);
    const int64_t cents = static_cast<int64_t>(9'700 + rng_.Below(600));
    intent.price.mantissa = eth ? cents : cents * 1'000'000;
    intent.quantity.mantissa = static_cast<int64_t>(rng_.Below(300'000)) * 100'000;
    if (rng_.Chance(0.05)) intent.quantity.mantissa += 1;
    if (rng_.Chance(0.05)) intent.price.mantissa += 1;
    if (rng_.Chance(0.7)) intent.quantity.mantissa = 200'000'000;
    if (rng_.Chance(0.2)) {
      intent.type = market::OrderType::kMarket;
      intent.price.mantissa = 0;
    } else if (rng_.Chance(0.1)) {
      intent.type = market::OrderType::kStopLimit;
      intent.stop_price = intent.price;
    } else if (rng_.Chance(0.1)) {
      intent.type = market::OrderType::kTrailingStop;
      if (rng_.Chance(0.5)) intent.stop_price = intent.price;
      intent.price.mantissa = 0;
      intent.trailing_bps = static_cast<uint32_t>(rng_.Below(2'100));
    }
    if (rng_.Chance(0.05)) intent.reduce_only = true;
    if (rng_.Chance(0.5)) intent.reason = "spread";
    if (rng_.Chance(0.3)) intent.signal = {1, 2};
    if (rng_.Chance(0.2)) intent.model_version = "v1";
    if (rng_.Chance(0.02)) intent.instrument_version = 2;
    static constexpr const char* kStrategies[] = {"maker", "taker", "manual/ann", "manual/"};
    const uint64_t strategy = rng_.Below(20);
    intent.strategy = market::StrategyId(kStrategies[strategy > 3 ? strategy % 2 : strategy]);
    gate_.engine.Prepare(intent);
    const Index leaf =
        gate_.engine.book().FindLeaf(intent.account, intent.strategy, intent.instrument);
    ++orders;
    quick +=
        PermitAtOnce(leaf, intent, gate_.engine.book(), gate_.engine.settings().gate, gate_.now)
            ? 1
            : 0;
    const auto decision = gate_.Ask(intent);  // compares the two ways
    reasons.insert(decision.failing.begin(), decision.failing.end());
    if (!decision.permitted) return;
    ++permitted;
    open_.push_back(decision.intent);
  }
  void Report() {
    if (open_.empty()) return;
    const size_t at = rng_.Below(open_.size());
    auto intent = open_[at];
    if (rng_.Chance(0.5)) {
      intent.kind = market::IntentKind::kCancel;
      intent.created = gate_.now;
      return gate_.engine.Apply(gate_.Event(intent));
    }
    if (rng_.Chance(0.1))
      return gate_.Report(intent, market::ExecKind::kUnknown, market::OrderState::kUnknown);
    if (rng_.Chance(0.6)) {
      // What is left counts on after a part; fees in a third asset are valued by the timer.
      const bool last = rng_.Chance(0.7);
      gate_.Fill(intent, "100", "1", last, "0.01", rng_.Chance(0.8) ? "USDT" : "BTC");
      if (!last) return;
    } else {
      gate_.Report(intent, market::ExecKind::kRejected, market::OrderState::kRejected);
    }
    open_.erase(open_.begin() + static_cast<ptrdiff_t>(at));
  }
  void Market() {
    const char* id = kIds[rng_.Below(4)];
    const auto cents = 9'700 + rng_.Below(600);
    const bool crossed = rng_.Chance(0.02);
    const auto price = [&](uint64_t value) {
      return id == kIds[1] ? "0." + std::string(value < 10'000 ? "0" : "") + std::to_string(value)
                           : market::FormatDecimal(static_cast<int64_t>(value), 2);
    };
    market::Quote quote;
    quote.instrument = market::InstrumentId(id);
    const int scale = id == kIds[1] ? 5 : 8;
    quote.bid = {{market::ParseDecimal(price(cents), scale).value()}, {1}};
    quote.ask = {{market::ParseDecimal(price(crossed ? cents : cents + 2), scale).value()}, {1}};
    if (rng_.Chance(0.01)) quote.ask.quantity = {0};
    gate_.engine.OnQuote(quote, gate_.now);
    gate_.Book(id, rng_.Chance(0.01) ? market::BookState::kInvalid : market::BookState::kValid);
  }

  base::Rng rng_;
  test::Gate gate_;
  std::vector<market::OrderIntent> open_;
};

TEST_CASE(
    "The quick way permits what the controls permit, which meet nearly all of their reasons") {
  std::set<RejectReason> reasons;
  uint64_t quick = 0, permitted = 0, orders = 0;
  for (uint64_t seed = 1; seed <= 1'000; ++seed) {
    Firm firm(seed);
    for (int i = 0; i < 150; ++i) firm.Step();
    reasons.insert(firm.reasons.begin(), firm.reasons.end());
    quick += firm.quick;
    permitted += firm.permitted;
    orders += firm.orders;
  }
  CHECK(permitted > orders / 50);
  // All but spot sales where margin is allowed and contracts of ten, which only the table knows.
  CHECK(quick > permitted * 7 / 10);
  CHECK(quick <= permitted);
  // Seen elsewhere: names and forms that have no row, the firm's kill switch, silence of
  // execution for this long, and a position that execution tells otherwise.
  const std::set<RejectReason> elsewhere = {
      RejectReason::kMalformed,  RejectReason::kUnknownAccount, RejectReason::kUnknownInstrument,
      RejectReason::kKillSwitch, RejectReason::kVenueStatus,    RejectReason::kPositionMismatch};
  for (int reason = 1; reason <= static_cast<int>(market::kLastRejectReason); ++reason) {
    const auto which = static_cast<RejectReason>(reason);
    CAPTURE(reason);
    CHECK((elsewhere.contains(which) || reasons.contains(which)));
  }
}

// Rooms are 64-bit numbers that are worked out anew on the way; what is beyond them is not lost.
TEST_CASE("Sums of a scope beyond 64 bits are exact, and its limits hold there") {
  const Value most = test::V("1000000000000");
  LimitSet limits = test::WideLimits();
  limits.firm.max_order_notional = limits.firm.max_open_notional = limits.firm.max_long = most;
  limits.firm.max_net = most;
  limits.firm.max_gross = test::V("120000000000");  // thirty of the orders below
  test::Gate gate(limits);
  gate.Fund("USDT", "1000000000000");
  std::vector<market::OrderIntent> open;
  const auto buy = [&gate](int i) {
    const std::string coin = "COIN" + std::to_string(i), id = "binance-spot:" + coin + "USDT";
    auto instrument = test::MakeInstrument(id.c_str(), coin.c_str(), "USDT");
    instrument.max_quantity = {};
    gate.Define(instrument);
    gate.Quote(id.c_str(), "99.99", "100.01");
    return gate.Ask(Side::kBuy, "100", "40000000", id.c_str());
  };
  const Value each = test::V("4000000000");
  for (int i = 0; i < 30; ++i) {
    const auto decision = buy(i);
    CAPTURE(decision.detail);
    REQUIRE(decision.permitted);
    open.push_back(decision.intent);
    CHECK(gate.Firm().open_value() == each * (i + 1));
    CHECK(gate.Firm().gross() == each * (i + 1));
  }
  CHECK(gate.Firm().gross() > INT64_MAX);
  CHECK(buy(30).reason == RejectReason::kGrossExposure);
  test::Gate restarted(limits);
  restarted.TakeUp(gate);
  for (const market::OrderIntent& intent : open)
    restarted.Quote(intent.instrument.text().c_str(), "99.99", "100.01");
  CHECK(restarted.Firm().open_value() == each * 30);
  CHECK(restarted.engine.book().SumsFit());
  while (!open.empty()) {
    gate.Report(open.back(), market::ExecKind::kCanceled, market::OrderState::kCanceled);
    open.pop_back();
    CHECK(gate.Firm().open_value() == each * static_cast<int64_t>(open.size()));
    CHECK(gate.Firm().long_side() == each * static_cast<int64_t>(open.size()));
    CHECK(gate.engine.book().SumsFit());
  }
}

}  // namespace
}  // namespace gannet::risk
