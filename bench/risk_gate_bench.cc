// The gate on its hot path: intent in, verdict out, reservation made, and the
// report that releases it. Prints p50 and p99 of each step in nanoseconds, and
// how many times the floor of the same run that is: the floor is copying the
// verdict that has to be made, plus the SHA-256 that proves the intent's meaning.
//
// Figures with a warm cache and 20 instruments held by 3 strategies; those named
// Wide with 10,000 instruments, 100 strategies and a limit for every control, pairs
// drawn at random. "allocations" are of one verdict with its reservation. Beside it in the
// same run: one unary gRPC call.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <new>
#include <vector>

#include "bench/grpc_hop.h"
#include "libs/base/rng.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"
#include "services/risk/risk_engine.h"
#include "services/risk/risk_test_kit.h"
#include "services/risk/verdict.h"

namespace {
thread_local uint64_t allocations = 0;
}

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
// Not inlined: the compiler would take free for a mismatch of new.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace gannet::risk {
namespace {

using market::Side;
using Clock = std::chrono::steady_clock;

constexpr size_t kOrders = 20'000;

class Samples {
 public:
  explicit Samples(benchmark::State& state, std::string about = "")
      : state_(state), about_(std::move(about)) {
    all_.reserve(1 << 20);
  }
  ~Samples() {
    std::sort(all_.begin(), all_.end());
    if (all_.empty()) return;
    state_.counters[about_ + "p50_ns"] = static_cast<double>(all_[all_.size() / 2]);
    state_.counters[about_ + "p99_ns"] = static_cast<double>(all_[all_.size() * 99 / 100]);
    state_.counters[about_ + "p99.9_ns"] = static_cast<double>(all_[all_.size() * 999 / 1000]);
  }
  void Add(Clock::duration sample) {
    Note(sample);
    state_.SetIterationTime(std::chrono::duration<double>(sample).count());
  }
  // One beside the time of the iteration.
  void Note(Clock::duration sample) {
    if (all_.size() < all_.capacity()) all_.push_back(std::chrono::nanoseconds(sample).count());
  }

 private:
  benchmark::State& state_;
  std::string about_;
  std::vector<int64_t> all_;
};

// A gate with positions and open orders in 20 instruments.
struct Busy {
  test::Gate gate{Limits()};
  std::vector<market::OrderIntent> intents;
  size_t next = 0;

  static LimitSet Limits() {
    LimitSet limits = test::WideLimits();
    limits.firm.message_rate = RateLimit{kMaxRateCount, std::chrono::nanoseconds(1)};
    limits.firm.max_open_orders = 1'000;
    limits.strategies["*"].max_gross = test::V("1000000");
    limits.accounts[test::kAccount].max_open_orders = 1'000;
    return limits;
  }

  Busy() {
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) {
      ids.push_back("binance-spot:COIN" + std::to_string(i) + "USDT");
      const std::string coin = "COIN" + std::to_string(i);
      gate.Define(test::MakeInstrument(ids.back().c_str(), coin.c_str(), "USDT"));
      gate.Fund(coin.c_str(), "1000000");
      gate.Quote(ids.back().c_str(), "99.99", "100.01");
      for (const char* strategy : {"maker", "news-playbook", "prediction-follower"}) {
        auto intent = gate.Intent(Side::kBuy, "100", "1", ids.back().c_str());
        intent.strategy = market::StrategyId(strategy);
        gate.Fill(intent, "100", "1", true);
        auto open = gate.Intent(Side::kSell, "101", "0.5", ids.back().c_str());
        open.strategy = market::StrategyId(strategy);
        const auto decision = gate.Ask(open);
        gate.Report(decision.intent, market::ExecKind::kAccepted, market::OrderState::kAccepted);
      }
    }
    for (size_t i = 0; i < kOrders; ++i) Refill(ids[i % ids.size()]);
  }
  void Refill(const std::string& id) {
    auto intent =
        gate.Intent(gate.sequence % 2 == 0 ? Side::kBuy : Side::kSell, "100", "0.25", id.c_str());
    intent.strategy = market::StrategyId("maker");
    intent.client_order_id = wire::MakeClientOrderId(intent.account, 1, 1, intent.strategy,
                                                     intent.sequence, intent.attempt);
    intent.reason = "quote refresh";
    intent.hash = wire::IntentHash(intent);
    intents.push_back(std::move(intent));
  }
  market::OrderIntent& Next() {
    market::OrderIntent& intent = intents[next++ % intents.size()];
    intent.sequence = ++gate.sequence;  // never the same order twice
    intent.hash = wire::IntentHash(intent);
    return intent;
  }
};

void IntentToVerdict(benchmark::State& state) {
  Busy busy;
  Samples samples(state);
  RiskEngine& engine = busy.gate.engine;
  market::Event<market::RiskDecision> decision;
  std::string refused;
  for (auto _ : state) {
    busy.gate.now += std::chrono::nanoseconds(1);  // past the window of the message rate
    auto intent = busy.gate.Event(busy.Next());
    const auto start = Clock::now();
    engine.Apply(intent);
    decision.value = engine.Decide(intent.value, busy.gate.now);
    engine.Apply(decision);
    samples.Add(Clock::now() - start);
    if (!decision.value.permitted) refused = decision.value.detail;
    busy.gate.Report(intent.value, market::ExecKind::kCanceled, market::OrderState::kCanceled);
  }
  if (!refused.empty()) state.SkipWithError(refused.c_str());
}
BENCHMARK(IntentToVerdict)->UseManualTime();

// The size that a firm would have, all controls at work.
struct Wide {
  static constexpr int kInstruments = 9'990, kStrategies = 100;
  // Intents are hashed when they are made, and not again by a gate in the same process.
  test::Gate gate{Limits(), {.gate = {.verify_hash = false}}};
  std::vector<market::OrderIntent> intents;
  size_t next = 0;

  static LimitSet Limits() {
    using namespace std::chrono_literals;
    LimitSet limits = test::WideLimits();
    StateAll(limits.firm);
    limits.firm.message_rate = RateLimit{kMaxRateCount, 1ns};
    limits.firm.max_open_orders = 100'000;
    limits.strategies["*"].max_instruments = 10'000;
    limits.instruments["*"].clip_quantity = test::V("1000000000");
    limits.correlation["all"] = {.rho_ppm = 500'000, .assets = {market::AssetId("COIN7")}};
    return limits;
  }
  static void StateAll(risk::Limits& firm) {
    using namespace std::chrono_literals;
    const Value much = test::V("10000000000");
    firm.max_open_notional = firm.max_long = firm.max_short = firm.max_gross = firm.max_net = much;
    firm.max_daily_loss = firm.max_drawdown = firm.capital = firm.clip_notional = much;
    firm.duplicates = RateLimit{200, 1ms};
    firm.repeated_executions = firm.breaker = RateLimit{1'000, 1s};
    firm.clip_fills = 1'000'000;
    firm.max_concentration_ppm = 1'000'000;
    firm.concentration_above = firm.max_correlated = much;
    firm.max_instruments = firm.max_venues = 20'000;
    firm.max_move_ppm = firm.max_volatility_ppm = 900'000;
    firm.dead_man = 24h;
    firm.max_orders_per_fill = firm.max_cancel_ratio_ppm = 1'000'000;
  }

  // Orders go to this many rows by turns.
  explicit Wide(int pairs = 20'000) {
    gate.engine.Apply(
        gate.Event(market::Command{.kind = market::CommandKind::kResume, .person = "ann"}));
    std::vector<std::string> ids;
    for (int i = 0; i < kInstruments; ++i) {
      const std::string coin = "COIN" + std::to_string(i);
      ids.push_back("binance-spot:" + coin + "USDT");
      gate.Define(test::MakeInstrument(ids.back().c_str(), coin.c_str(), "USDT"));
      gate.Fund(coin.c_str(), "1000000");
      gate.Quote(ids.back().c_str(), "99.99", "100.01");
    }
    gate.Trade(Side::kBuy, "100", "1", ids[0].c_str());  // control 25 counts messages for a fill
    base::Rng rng(1);
    for (int i = 0; i < pairs; ++i) {
      const std::string& id = ids[rng.Below(ids.size())];
      auto intent = gate.Intent(Side::kBuy, "100", "0.25", id.c_str());
      intent.strategy = market::StrategyId("strategy-" + std::to_string(rng.Below(kStrategies)));
      gate.engine.Prepare(intent);
      intents.push_back(std::move(intent));
    }
  }
  market::OrderIntent& Renumbered() {
    market::OrderIntent& intent = intents[next++ % intents.size()];
    intent.sequence = ++gate.sequence;
    intent.client_order_id = wire::MakeClientOrderId(intent.account, 1, 1, intent.strategy,
                                                     intent.sequence, intent.attempt);
    return intent;
  }
  market::OrderIntent& Next() {
    market::OrderIntent& intent = Renumbered();
    intent.hash = wire::IntentHash(intent);
    return intent;
  }
};

void WideIntentToVerdict(benchmark::State& state) {
  Wide wide;
  Samples samples(state);
  RiskEngine& engine = wide.gate.engine;
  market::Event<market::RiskDecision> decision;
  std::string refused;
  uint64_t counted = 0, rounds = 0;
  for (auto _ : state) {
    wide.gate.now += std::chrono::microseconds(10);
    auto intent = wide.gate.Event(wide.Next());
    const uint64_t before = allocations;
    const auto start = Clock::now();
    engine.Apply(intent);
    decision.value = engine.Decide(intent.value, wide.gate.now);
    engine.Apply(decision);
    samples.Add(Clock::now() - start);
    counted += allocations - before;
    ++rounds;
    if (!decision.value.permitted) refused = decision.value.detail;
    wide.gate.Report(intent.value, market::ExecKind::kCanceled, market::OrderState::kCanceled);
  }
  state.counters["allocations"] = static_cast<double>(counted) / static_cast<double>(rounds);
  if (!refused.empty()) state.SkipWithError(refused.c_str());
}
// Fewer than the seconds after which the quotes are stale.
BENCHMARK(WideIntentToVerdict)->UseManualTime()->Iterations(200'000);

// From an intent that was taken in, its row on the way into the cache, to a verdict that is
// counted and a reservation that is booked; false: not permitted, or not the quick way. A
// function of its own, so that a profiler can be told to count it alone.
[[gnu::noinline]] bool AskGate(ExposureBook& book, Index leaf, const market::OrderIntent& intent,
                               const GateSettings& settings, base::Time now) {
  const std::optional<Permit> permit = PermitAtOnce(leaf, intent, book, settings, now);
  if (!permit) return false;
  const ExposureBook::Answer answer{now, true, permit->reserved};
  book.CountAnswer(leaf, intent, answer);
  book.Open(leaf, intent, answer);
  book.UseSequence(leaf, intent.sequence);
  return true;
}

// The gate alone, without the facts that the engine makes of it, over as many rows as the
// argument says: 20 stay in the first caches. "intake" is finding the row of an intent and
// bringing it into the cache, which is done once and not counted.
void WideGate(benchmark::State& state) {
  Wide wide(static_cast<int>(state.range(0)));
  Samples samples(state), intake(state, "intake_");
  ExposureBook book(Wide::Limits());
  for (const InstrumentRow& row : wide.gate.engine.book().instruments()) {
    market::Quote quote;
    quote.instrument = row.definition.id;
    quote.bid = {row.bid, {1}};
    quote.ask = {row.ask, {1}};
    market::BookUpdate update;
    update.instrument = row.definition.id;
    update.state = market::BookState::kValid;
    book.PutInstrument(row.definition);
    book.SetQuote(quote, wide.gate.now);
    book.SetBook(update, wide.gate.now);
  }
  market::BalanceUpdate funds;
  funds.account = market::AccountId(test::kAccount);
  funds.venue = "binance-spot";
  funds.asset = market::AssetId("USDT");
  funds.free = test::Amount("10000000");
  book.SetBalance(funds);
  book.SeePerson(wide.gate.now);
  for (const market::OrderIntent& intent : wide.intents)
    book.Touch(intent.account, intent.strategy, intent.instrument);
  // Control 25 counts messages for a fill.
  market::ExecReport trade =
      market::ReportOf(wide.intents[0], market::ExecKind::kFill, market::OrderState::kFilled);
  trade.fill = market::Fill{.trade_id = "1", .price = test::P("100"), .quantity = test::Q("1")};
  book.ApplyReport(trade, wide.gate.now);

  const GateSettings settings{.verify_hash = false};
  uint64_t counted = 0, rounds = 0, refused = 0;
  for (auto _ : state) {
    wide.gate.now += std::chrono::microseconds(10);
    const base::Time now = wide.gate.now;
    market::OrderIntent& intent = wide.Renumbered();
    const auto begin = Clock::now();
    const Index leaf = book.Touch(intent.account, intent.strategy, intent.instrument);
    intake.Note(Clock::now() - begin);
    intent.hash = wire::IntentHash(intent);
    const uint64_t before = allocations;
    const auto start = Clock::now();
    const bool permitted = AskGate(book, leaf, intent, settings, now);
    samples.Add(Clock::now() - start);
    counted += allocations - before;
    ++rounds;
    refused += permitted ? 0 : 1;
    book.ApplyReport(
        market::ReportOf(intent, market::ExecKind::kCanceled, market::OrderState::kCanceled), now);
  }
  state.counters["allocations"] = static_cast<double>(counted) / static_cast<double>(rounds);
  if (refused > 0) state.SkipWithError("an order was refused, or not judged the quick way");
}
BENCHMARK(WideGate)->Arg(20)->Arg(20'000)->UseManualTime()->Iterations(200'000);

void VerdictOnly(benchmark::State& state) {
  Busy busy;
  Samples samples(state);
  const market::OrderIntent intent = busy.Next();
  busy.gate.engine.Apply(busy.gate.Event(intent));
  for (auto _ : state) {
    const auto start = Clock::now();
    auto decision = busy.gate.engine.Decide(intent, busy.gate.now);
    samples.Add(Clock::now() - start);
    benchmark::DoNotOptimize(decision);
  }
}
BENCHMARK(VerdictOnly)->UseManualTime();

void FillReleases(benchmark::State& state) {
  Busy busy;
  Samples samples(state);
  for (auto _ : state) {
    const auto intent = busy.Next();
    busy.gate.engine.Apply(busy.gate.Event(intent));
    busy.gate.engine.Apply(busy.gate.Event(busy.gate.engine.Decide(intent, busy.gate.now)));
    auto report = market::ReportOf(intent, market::ExecKind::kFill, market::OrderState::kFilled);
    report.fill = market::Fill{.trade_id = "1", .price = intent.price, .quantity = intent.quantity};
    const auto event = busy.gate.Event(report);
    const auto start = Clock::now();
    busy.gate.engine.Apply(event);
    samples.Add(Clock::now() - start);
  }
}
BENCHMARK(FillReleases)->UseManualTime();

void QuoteRevalues(benchmark::State& state) {
  Busy busy;
  Samples samples(state);
  market::Quote quote;
  quote.instrument = market::InstrumentId("binance-spot:COIN7USDT");
  quote.bid = {test::P("99.99"), {1}};
  quote.ask = {test::P("100.01"), {1}};
  for (auto _ : state) {
    quote.ask.price.mantissa ^= 2'000'000;
    const auto start = Clock::now();
    busy.gate.engine.OnQuote(quote, busy.gate.now);
    samples.Add(Clock::now() - start);
  }
}
BENCHMARK(QuoteRevalues)->UseManualTime();

void FloorCopyVerdict(benchmark::State& state) {
  Busy busy;
  Samples samples(state);
  market::RiskDecision decision;
  decision.intent = busy.Next();
  for (auto _ : state) {
    const auto start = Clock::now();
    auto copy = decision;
    samples.Add(Clock::now() - start);
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(FloorCopyVerdict)->UseManualTime();

void FloorIntentHash(benchmark::State& state) {
  Busy busy;
  Samples samples(state);
  const market::OrderIntent intent = busy.Next();
  for (auto _ : state) {
    const auto start = Clock::now();
    auto hash = wire::IntentHash(intent);
    samples.Add(Clock::now() - start);
    benchmark::DoNotOptimize(hash);
  }
}
BENCHMARK(FloorIntentHash)->UseManualTime();

// An intent over gRPC and back, where asking the gate would be a call.
void GrpcUnaryHop(benchmark::State& state) {
  Busy busy;
  Samples samples(state);
  bench::GrpcHop hop(wire::Encode(busy.gate.Event(busy.Next())));
  for (auto _ : state) {
    const auto start = Clock::now();
    hop.Call();
    samples.Add(Clock::now() - start);
  }
}
BENCHMARK(GrpcUnaryHop)->UseManualTime();

}  // namespace
}  // namespace gannet::risk

BENCHMARK_MAIN();
